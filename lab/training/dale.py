"""Dale's law: every neuron excites or inhibits, but not both; by a switch on any network of layers.

Two forms that are the same to the byte. *Signed columns*: the weights that leave a unit have its sign, and what a step moves across zero
is put back to zero. *Positive weights*: no weight is negative, and what an inhibitory unit sends on counts as minus.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lab.model import State, param
from lab.tape import Node, Program, Tape
from lab.training.learner import Constants
from lab.training.supervised import Supervised

FORMS = ("off", "signed columns", "positive weights")
ON = FORMS[1:]
OWN = ("parameter", "constant", "find")  # calls whose first argument is a name of the network's own


def signs(units: int, share: float) -> np.ndarray:
    """+1 or -1 of each of so many units: a `share` inhibits, spread evenly among the others."""
    place = np.arange(units + 1) * share + 1e-9
    return np.where(np.floor(place[1:]) > np.floor(place[:-1]), -1.0, 1.0)


class Beneath:
    """A tape on which a network is written under a prefix, its layers under Dale's law if a form is named; all else goes through."""

    def __init__(self, tape: Tape, prefix: str = "", form: str = "off", share: float = 0.2):
        self.tape, self.prefix, self.form, self.share = tape, prefix, form, share

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.tape, name)
        return self._prefixed(found, name in OWN) if callable(found) else found

    def _prefixed(self, function: Callable[..., Any], named: bool) -> Callable[..., Any]:
        def call(*given: Any, **more: Any) -> Any:
            if named and given and isinstance(given[0], str):
                given = (self.prefix + given[0], *given[1:])
            if isinstance(more.get("name"), str):
                more["name"] = self.prefix + more["name"]
            return function(*given, **more)

        return call

    def affine(
        self, x: Node, units: int | None = None, *, weight: Node | None = None, init: Any = "xavier", name: str, **more: Any
    ) -> Node:
        """An affine layer that knows the signs of the units it reads."""
        name = self.prefix + name
        if weight is not None or self.form == "off":
            return self.tape.affine(x, units, weight=weight, init=init, name=name, **more)
        own = signs(x.shape[-1], self.share)
        if self.form == "signed columns":
            return self.tape.affine(x, units, init=init, signs=own, name=name, **more)
        weight = self.tape.parameter(f"{name}.weight", (x.shape[-1], int(units or 1)), init, constraint="nonnegative")
        return self.tape.affine(self.tape.multiply(x, self.tape.constant(f"{name}.signs", own)), weight=weight, name=name, **more)


def held(program: Program, share: float) -> dict[str, np.ndarray]:
    """Signs of the units that each weight under Dale's law reads from, by the name of the weight, in either form."""
    nodes = program.tape.nodes
    kept = [node for node in nodes if node.kind == "parameter" and (node.signs >= 0 or node.constraint == "nonnegative")]
    return {node.name: signs(node.shape[0], share) for node in kept if len(node.shape) == 2}


def wrong(program: Program, state: State, share: float) -> int:
    """Weights that break the law: w s < 0, or w < 0 where the sign is in the activation. -0.0 breaks nothing."""
    arrays, count = program.parameters(state), 0
    for name, own in held(program, share).items():
        sign = own[:, None] if program.tape.find(name).signs >= 0 else 1.0
        count += int(np.count_nonzero(~(arrays[name] * sign >= 0)))
    return count


def begin(program: Program, state: State, share: float, balanced: bool) -> None:
    """First weights: sizes only where the form wants them; balanced, excitation and inhibition of a unit cancel in the mean.

    With n_E and n_I units of either sign, excitatory weights are multiplied by sqrt(n_I / n_E) and inhibitory ones by its inverse:
    both sums are then equally large, and the sum of the squares is what the initialiser meant it to be.
    """
    arrays = program.parameters(state)
    for name, own in held(program, share).items():
        if program.tape.find(name).constraint == "nonnegative":
            arrays[name][...] = np.abs(arrays[name])
        excitatory, inhibitory = int((own > 0).sum()), int((own < 0).sum())
        if balanced and excitatory and inhibitory:
            factor = math.sqrt(inhibitory / excitatory)
            arrays[name][...] *= np.where(own > 0, factor, 1 / factor)[:, None].astype(arrays[name].dtype)


class SignedLayers(Supervised):
    """Supervised learning whose layers obey Dale's law if one wants."""

    dale: str = param("off", choices=FORMS, live=False, group="Dale's law", label="Dale's law",
                      doc="Whether each unit excites or inhibits all that it reaches; two forms that learn the same.")  # fmt: skip
    inhibitory: float = param(0.2, lo=0.0, hi=1.0, live=False, group="Dale's law", label="Inhibitory share", when=("dale", ON),
                              doc="Share of the units (and inputs) that inhibit.")  # fmt: skip
    balanced: bool = param(True, live=False, group="Dale's law", when=("dale", ON),
                           doc="Begin with excitation and inhibition equally strong, though their units are not equally many.")  # fmt: skip

    def paper(self, tape: Tape) -> Any:
        """The tape, under Dale's law if it is on."""
        return tape if self.dale == "off" else Beneath(tape, "", self.dale, self.inhibitory)

    def start(self, constants: Constants, seed: int) -> State:
        """First weights of the right sign, balanced if wanted; weights of a file stay as they are."""
        state = super().start(constants, seed)
        if self.dale != "off" and not self.start_from:
            begin(constants.program, state, self.inhibitory, self.balanced)
            state["best_parameters"][:] = state["parameters"]
        return state

    def sent_as(self, constants: Constants, weight: str) -> Any:
        """With positive weights the sign lies in the activation."""
        own = held(constants.program, self.inhibitory).get(weight)
        return own[:, None] if own is not None and constants.program.tape.find(weight).constraint == "nonnegative" else 1.0

    def allowed(self, constants: Constants, name: str, source: int, value: float) -> float:
        """Under Dale's law no weight crosses zero."""
        own = held(constants.program, self.inhibitory).get(name)
        if own is None:
            return value
        sign = own[source] if constants.program.tape.find(name).signs >= 0 else 1.0
        return value if value * sign >= 0 else 0.0

    def summary(self, constants: Constants, state: State) -> dict[str, Any]:
        """Weights of the wrong sign: there are none."""
        found = super().summary(constants, state)
        return found if self.dale == "off" else found | {"weights of the wrong sign": wrong(constants.program, state, self.inhibitory)}
