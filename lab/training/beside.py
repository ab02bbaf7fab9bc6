"""Networks beside each other: they learn from the same minibatches, each by an objective and in a colour of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from lab.model import Layer, Out, Picture, State
from lab.tape import Program
from lab.training.learner import TEST_SCORE, Constants
from lab.training.material import outline
from lab.training.objectives import Objective, columns
from lab.training.perceptron import Perceptron
from lab.training.steps import judge

OTHERS_FRONT = ("loss", "matrices")  # of the pictures that every training has, those that may stay in front


class Beside(Perceptron):
    """A network, and others beside it on the same tape.

    A subclass names itself and its `rivals` with the prefix of their nodes, and writes them (`beside`). The state holds their last scores in
    `beside`, the stream `accuracies` all of them, where it is declared.
    """

    own_name: ClassVar[str]
    rivals: ClassVar[tuple[tuple[str, str], ...]]

    @property
    def compared(self) -> bool:
        """Whether the others learn beside this one."""
        return True

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """This network, and those beside it: each moves its own weights."""
        named = ((self.own_name, ""), *(self.rivals if self.compared else ()))
        told = self.task == "classification"
        return tuple(Objective(name, f"{prefix}loss", self.rule(), scores=(f"{prefix}accuracy",) if told else ()) for name, prefix in named)

    def columns(self) -> tuple[list[str], list[str], list[str]]:
        """A loss for each network."""
        return columns(self.objectives) if self.compared else super().columns()

    def start(self, constants: Constants, seed: int) -> State:
        """What the others scored last, too."""
        return super().start(constants, seed) | {"beside": np.zeros(len(self.rivals))}

    def score_others(self, constants: Constants, tape: State) -> list[float]:
        """Score of each of the others on the test part."""
        probe, found = self.probe(constants), []
        spread = probe.spread[1] if probe.spread else 1.0
        for _, prefix in self.rivals:
            losses, output = constants.program.sweep(tape, probe.data, [f"{prefix}loss", f"{prefix}output"])
            said = output.reshape(len(output), -1)
            found.append(judge(losses, said, probe.aim, probe.seen, len(losses), probe.spread is None, spread)[1])
        return found

    def _look(self, constants: Constants, state: State, tape: State, out: Out, step: int, watch: Any) -> None:
        super()._look(constants, state, tape, out, step, watch)
        if self.compared:
            state["beside"][:] = self.score_others(constants, tape)
        if (written := out.events.get("accuracies")) is not None:
            for k, score in enumerate((state["figures"][TEST_SCORE], *(state["beside"] if self.compared else ()))):
                written.append(step, k, float(score))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Its own first; the losses of both networks in their colours."""
        found = super().pictures
        if self.compared:
            names = (self.own_name, self.rivals[0][0])
            losses = tuple(Layer("smoothed", channel=k, label=name, series=(k,)) for k, name in enumerate(names))
            pale = tuple(Layer("loss", channel=k, style="pale", label="minibatch", series=(k,)) for k in range(len(names)))
            found = tuple(replace(p, layers=(*losses, *pale)) if p.name == "loss" else p for p in found)
        own = {p.name for p in self.own_pictures(outline(self))}
        rest = (replace(p, front=p.name in OTHERS_FRONT and p.front) for p in found if p.name not in own)
        return (*(p for p in found if p.name in own), *rest)


def numbers(program: Program, prefix: str = "") -> int:
    """Numbers that are learned, of all arrays whose names begin with `prefix`."""
    return sum(int(np.prod(node.shape)) for node in program.tape.nodes if node.kind == "parameter" and node.name.startswith(prefix))
