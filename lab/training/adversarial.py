"""Two networks against each other: a generator G and a discriminator D, whatever they forge."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, ClassVar

import numpy as np

from lab.model import Out, Picture, State, Stream, action, param
from lab.params import redeclared
from lab.tape import Node, Tape
from lab.training import walk
from lab.training.learner import Constants
from lab.training.objectives import Objective, Phase, Stage
from lab.training.perceptron import ACTIVATIONS, first_weights
from lab.training.readings import violins
from lab.training.stepwise import Stepwise
from lab.units import unit_for

PARTS = ("z", "G", "forged", "real", "D", "loss of D", "loss of G")
PLACES = np.array([(0, 1.0), (1.6, 1.0), (3.2, 1.0), (3.2, 0), (4.8, 0.5), (6.4, 1.0), (6.4, 0)], float)
WIRES = np.array([(0, 1, 1), (1, 2, 1), (2, 4, 1), (3, 4, 1), (4, 5, 1), (4, 6, 1)], float)
BACK = {4: (4,), 5: (5, 2, 1)}  # wires along which the slope comes back, by the number of the phase
ROWS = 10  # samples of a minibatch that slow motion shows


def widths(text: str) -> tuple[int, ...]:
    """Units of each layer of a list such as 64-64."""
    return tuple(int(w) for w in text.replace(",", "-").split("-") if w.strip())


class Adversarial(Stepwise):
    """D learns to tell samples of the maker from those that G makes of noise; G learns from the slope of D alone.

    A subclass says how many numbers a sample has (`dimensions`), what is real (`maker`) and how the game is judged. Each step is one of D, then one
    of G with fresh noise, in that order (alternating, not simultaneous updates).
    """

    noise: int = param(2, "numbers", lo=1, hi=128, live=False, group="Networks", doc="Numbers of noise that G begins with.")
    generator: str = param("64-64", live=False, kind="layers", group="Networks", doc="Units of the hidden layers of G, first to last.")
    discriminator: str = param("64-64", live=False, kind="layers", group="Networks", doc="Units of the hidden layers of D, first to last.")
    activation: str = param("ReLU", choices=tuple(ACTIVATIONS), live=False, group="Networks", doc="Activation of the hidden units of both.")
    rate: float = redeclared(Stepwise, "rate", 1e-3, label="Rate of D", doc="Learning rate of D.", soft=(1e-5, 0.1), symbol=r"\eta_D")
    rate_g: float = param(1e-3, lo=1e-7, hi=1e3, log=True, main=True, group="Training", label="Rate of G", doc="Learning rate of G.",
                          soft=(1e-5, 0.1), symbol=r"\eta_G")  # fmt: skip
    momentum: float = redeclared(Stepwise, "momentum", 0.5)
    batch: int = redeclared(Stepwise, "batch", 128)
    k: int = param(
        1,
        lo=1,
        hi=20,
        main=True,
        group="Training",
        label="D steps per G step",
        doc="Steps of D for each one of G.",
        soft=(1, 10),
        symbol="k",
    )
    objective: str = param("non-saturating", choices=("non-saturating", "minimax"), main=True, group="Training", label="Loss of G",
                           doc="-ln D(G(z)), or ln(1 - D(G(z))), which is flat where D is sure.")  # fmt: skip
    d_learns: bool = param(True, group="Training", label="D learns", doc="Off: D pauses; its loss is still measured.")
    g_learns: bool = param(True, group="Training", label="G learns", doc="Off: G pauses; its loss is still measured.")
    slow_motion: ClassVar[bool] = True
    loss_unit: ClassVar[str] = "nats"

    def check(self) -> None:
        """Refuse what is no list of layer sizes."""
        for name in ("generator", "discriminator"):
            parts = [w.strip() for w in getattr(self, name).replace(",", "-").split("-")]
            if not all(w.isdigit() and 1 <= int(w) <= 2048 for w in parts) or len(parts) > 8:
                raise self.refuse(name, "must be one to eight numbers of units from 1 to 2048 joined by '-', such as 64-64")

    # -- the game --

    @property
    def dimensions(self) -> int:
        """Numbers of a sample."""
        return 2

    bounded: ClassVar[bool] = False  # whether the numbers of a sample lie between 0 and 1

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """D, then G: each moves its own weights."""
        return (
            Objective("D", "loss of D", self.rule(self.rate), ("D.",), active=self.d_learns),
            Objective("G", "loss of G", self.rule(self.rate_g), ("G.",), every=self.k, active=self.g_learns),
        )

    def write(self, tape: Tape) -> tuple[Stage, ...]:
        """Noise, G, D on what is real and on what is forged, both losses."""
        x = tape.input("x", (self.dimensions,))
        forged, own = self._generator(tape, tape.gaussian((self.noise,), name="z"))
        real, seen = self._discriminator(tape, x, "real")
        fake, _ = self._discriminator(tape, forged, "fake")
        # -ln D = softplus(-logit) and -ln(1 - D) = softplus(logit): finite, however sure D is.
        caught, believed = tape.softplus(fake), tape.softplus(tape.scale(fake, -1.0))
        tape.sum(tape.softplus(tape.scale(real, -1.0)) + caught, name="loss of D")
        tape.sum(tape.scale(believed, 1.0, name="non-saturating") + tape.scale(caught, 0.0, name="minimax"), name="loss of G")
        return (*own, *seen)

    def _generator(self, tape: Tape, z: Node) -> tuple[Node, list[Stage]]:
        kind, init, stages, h = ACTIVATIONS[self.activation], first_weights("automatic", self.activation), [], z
        for k, units in enumerate(widths(self.generator)):
            h = tape.activation(tape.affine(h, units, init=init, name=f"G.{k + 1}"), kind, name=f"G.{k + 1}.out")
            stages.append(Stage(f"G.{k + 1}", f"G.{k + 1}.weight", h.name))
        out = tape.affine(h, self.dimensions, init="xavier", name="G.output")
        stages.append(Stage("G.output", "G.output.weight", "G.output"))
        return tape.activation(out, "logistic" if self.bounded else "identity", name="forged"), stages

    def _discriminator(self, tape: Tape, h: Node, role: str) -> tuple[Node, list[Stage]]:
        """D reads what is real, then what is forged, with the same weights; its last value is a logit."""
        kind, init, stages = ACTIVATIONS[self.activation], first_weights("automatic", self.activation), []
        for k, units in enumerate(widths(self.discriminator)):
            layer, name = f"D.{k + 1}", f"D.{k + 1}" if role == "real" else f"D.{k + 1}.fake"
            h = tape.activation(self._reading(tape, h, units, init, layer, name), kind, name=f"{name}.out")
            stages.append(Stage(layer, f"{layer}.weight", h.name))
        stages.append(Stage("D.output", "D.output.weight", "real"))
        return self._reading(tape, h, 1, "xavier", "D.output", role), stages

    @staticmethod
    def _reading(tape: Tape, h: Node, units: int, init: str, layer: str, name: str) -> Node:
        known = any(node.name == f"{layer}.weight" for node in tape.nodes)
        weight = tape.find(f"{layer}.weight") if known else tape.parameter(f"{layer}.weight", (h.shape[-1], units), init)
        bias = tape.find(f"{layer}.bias") if known else tape.parameter(f"{layer}.bias", (units,), "zeros", decay=False)
        return tape.affine(h, weight=weight, bias=bias, name=name)

    def numbers(self) -> dict[str, float]:
        """Which loss G descends."""
        minimax = self.objective == "minimax"
        return {"non-saturating.factor": float(not minimax), "minimax.factor": -float(minimax)}

    def forge(self, constants: Constants, state: State, z: np.ndarray) -> np.ndarray:
        """Forged samples of noise (n, numbers)."""
        tape = self.tape_state(constants, state)
        return constants.program.forward(tape, "forged", replace={"z": np.asarray(z, np.float32)}).astype(float)

    def believe(self, constants: Constants, state: State, x: np.ndarray) -> np.ndarray:
        """How sure D is that samples are real, from 0 to 1."""
        logit = constants.program.forward(self.tape_state(constants, state), "real", x=np.asarray(x, np.float32))
        return 1 / (1 + np.exp(-logit[:, 0].astype(float)))

    def slope(self, constants: Constants, state: State, x: np.ndarray) -> np.ndarray:
        """Which way, and how strongly, G is told to move samples: minus the slope of its loss at each of them."""
        x = np.asarray(x, np.float32)
        tape = self.tape_state(constants, state)
        (gradient,) = constants.program.gradients(tape, "real", ["x"], mean=False, x=x)
        sure = self.believe(constants, state, x)
        # d(-ln D)/d logit = D - 1, d ln(1 - D)/d logit = -D
        return gradient * (sure if self.objective == "minimax" else 1 - sure)[:, None]

    def advance(self, constants: Constants, state: State, n: int, out: Out) -> int:
        """The losses of guessing stand beside those of the game."""
        done = super().advance(constants, state, n, out)
        if out.wanted("guessing"):
            out["guessing"][:done] = math.log(4), math.log(2) if self.objective == "non-saturating" else -math.log(2)
        return done

    # -- what every game shows --

    def common_streams(self) -> tuple[Stream, ...]:
        """The losses of guessing, the parts of the game, weights and values of the layers."""
        return (
            *super().common_streams(),
            Stream("guessing", "trace", "nats", "Losses when D can only guess: ln 4 for D, and ln 2 (minimax: -ln 2) for G.", (2,), ("D", "G"), every=1),
            Stream("scheme", "graph", "", "The parts of the game; those at work in this phase of slow motion are lit.", meanings=("parts", "ways")),
            Stream("weights", "curve", "", "Distribution of the weights of each layer, as a violin around the layer's number."),
        )  # fmt: skip

    def common_pictures(self) -> tuple[tuple[Picture, ...], tuple[Picture, ...]]:
        """The scheme and both losses in front; D is blue and G orange everywhere."""
        from lab.model import Layer

        front, back = super().common_pictures()
        names = [stage[0] for stage in self._layer_names()]
        loss = Picture(
            "loss", "Both losses",
            (Layer("smoothed", channel=0, label="D", series=(0,)), Layer("smoothed", channel=1, label="G", series=(1,)), Layer("loss", channel=0, style="pale", label="each step of D", series=(0,)),
             Layer("loss", channel=1, style="pale", label="each step of G", series=(1,)), Layer("guessing", channel=0, theory=True, label="ln 4", series=(0,)),
             Layer("guessing", channel=1, theory=True, label="ln 2" if self.objective == "non-saturating" else "−ln 2", series=(1,))),
            y="loss (nats)", figures=("loss of D", "loss of G"), front=True, weight=1.6, doc="At the dashed lines D can only guess.",
        )  # fmt: skip
        scheme = Picture("scheme", "One step in slow motion", (Layer("scheme", style="boxes"),), figures=("phase",), front=self.slow)
        weights = Picture("weights", "Weights", (Layer("weights"),), x="layer", y="weight", labels=("", *names))
        return (scheme, loss, *(p for p in front if p.name != "loss")), (weights, *back)

    def _layer_names(self) -> list[tuple[str, str]]:
        own = [f"G.{k + 1}" for k in range(len(widths(self.generator)))] + ["G.output"]
        seen = [f"D.{k + 1}" for k in range(len(widths(self.discriminator)))] + ["D.output"]
        return [(name, f"{name}.weight") for name in (*own, *seen)]

    def look(self, constants: Constants, state: State, tape: State, stream: str) -> Any:
        """The scheme and the weights."""
        if stream == "scheme":
            phase = int(state["phase"][0])
            lit = self.phases(constants)[phase].lit
            nodes = np.column_stack([PLACES, [float(part in lit) for part in PARTS]])
            wires = WIRES.copy()
            back = list(BACK.get(phase, ()))
            wires[back] = wires[back][:, [1, 0, 2]]  # the slope comes back the other way
            return {"nodes": nodes, "edges": wires}
        if stream == "weights":
            arrays = constants.program.parameters(tape)
            return violins([arrays[weight] for _, weight in self._layer_names()])
        return super().look(constants, state, tape, stream)

    def labels(self, constants: Constants, stream: str) -> tuple[str, ...]:
        """Names of the parts, each with its size."""
        if stream != "scheme":
            return super().labels(constants, stream)
        numbers = f"{self.noise} {unit_for(self.noise, 'numbers')}"
        sizes = {
            "z": numbers,
            "G": "-".join(map(str, (self.noise, *widths(self.generator), self.dimensions))),
            "D": "-".join(map(str, (self.dimensions, *widths(self.discriminator), 1))),
            "forged": f"{self.batch} samples", "real": f"{self.batch} samples",
        }  # fmt: skip
        return tuple(f"{part}\n{sizes[part]}" if part in sizes else part for part in PARTS)

    # -- slow motion --

    def phases(self, constants: Constants) -> tuple[Phase, ...]:
        """Draw noise, forge, read both, score, D learns, G learns."""
        return tuple(
            Phase(name, lit, partial(_matrices, phase=number), learns, about)
            for number, (name, lit, learns, about) in enumerate((
                ("draw noise", ("z",), (), "Numbers without meaning, new each time."),
                ("G forges", ("z", "G", "forged"), (), "G makes a sample of each row of noise; it has never seen the data."),
                ("D reads both", ("forged", "real", "D"), (), "D says of each sample how sure it is that it is real."),
                ("score D", ("D", "loss of D"), (), "−ln D for what is real, −ln(1 − D) for what is forged."),
                ("D learns", ("D", "loss of D"), ("D",), "The slope of its loss goes back through D, and only D moves."),
                ("G learns", ("G", "forged", "D", "loss of G"), ("G",), "The slope goes back through D to the forged samples and on: only G moves."),
            ))
        )  # fmt: skip

    @action("Step D only")
    def step_d(self, constants: Constants, state: State) -> None:
        """One update of D on the next samples; G waits. It is no step of the game."""
        self.learn_once(constants, state, ("D",))
        self.pass_on(constants, state)

    @action("Step G only")
    def step_g(self, constants: Constants, state: State) -> None:
        """One update of G with fresh noise; D waits. It is no step of the game."""
        self.learn_once(constants, state, ("G",))
        self.pass_on(constants, state)


def _matrices(model: Any, c: Constants, state: State, tape: State, *, phase: int) -> list[dict[str, Any]]:
    """What one phase computes for the first samples of the minibatch, read off the very update that follows, on a copy."""
    who = "G" if phase == 5 else "D"
    copy = {name: array.copy() for name, array in model.tape_state(c, state, (who,)).items()}
    samples: dict[str, Any] = model.slow_samples(c, state)
    c.program.step(copy, **samples)
    program = c.program

    def last(name: str) -> np.ndarray:
        return program.last(name)[:ROWS].astype(float).reshape(ROWS if len(program.last(name)) >= ROWS else -1, -1)

    def sure(logit: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-logit))

    about = model.phases(c)[phase].about
    found: list[dict[str, Any]] = [{"name": "", "values": None, "note": f"{walk.label(model, c, state)}.  {about}"}]
    x = np.asarray(samples["x"][:ROWS], float)
    if phase == 5:
        gradient = program.last_gradient("forged")[:ROWS].astype(float)
        before, after = program.parameters(tape), program.parameters(copy)
        found += [
            {"name": "z", "at": (0, 0), "values": last("z"), "note": "fresh noise"},
            {"name": "forged", "at": (0, 1), "values": last("forged"), "note": "G(z)"},
            {"name": "D(forged)", "at": (0, 2), "values": sure(last("fake")), "note": "how sure D is that they are real"},
            {
                "name": "−slope",
                "at": (0, 3),
                "values": -gradient * len(program.last("forged")),
                "lit": True,
                "note": "which way each forged sample shall move",
            },
        ]
        return found + _moved("G.output.weight", program, before, after, 1)
    known = [
        {"name": "z", "at": (0, 0), "values": last("z"), "lit": phase == 0, "note": "noise, one row for each sample"},
        {"name": "forged", "at": (0, 1), "values": last("forged"), "lit": phase == 1, "note": "G(z)"},
        {"name": "real", "at": (1, 1), "values": x, "lit": phase == 2, "note": "samples of the data"},
        {"name": "D(forged)", "at": (0, 2), "values": sure(last("fake")), "lit": phase == 2, "note": "how sure D is that they are real"},
        {"name": "D(real)", "at": (1, 2), "values": sure(last("real")), "lit": phase == 2, "note": "how sure D is that they are real"},
        {
            "name": "−ln(1 − D)",
            "at": (0, 3),
            "values": np.logaddexp(0, last("fake")),
            "lit": phase == 3,
            "note": "what each forged sample costs D",
        },
        {
            "name": "−ln D",
            "at": (1, 3),
            "values": np.logaddexp(0, -last("real")),
            "lit": phase == 3,
            "note": "what each real sample costs D",
        },
    ]
    found += known[: (1, 2, 5, 7, 7)[phase]]
    return found + _moved("D.output.weight", program, program.parameters(tape), program.parameters(copy), 2) if phase == 4 else found


def _moved(name: str, program: Any, before: dict[str, np.ndarray], after: dict[str, np.ndarray], row: int) -> list[dict[str, Any]]:
    """The last layer's weights, their gradient and what they become."""
    first = program.layout.offsets[program.tape.find(name).index]
    arrays = (
        ("W", before[name], "weights of its last layer"),
        ("slope", program.last_gradient(name), "of the loss"),
        ("new W", after[name], "after the update"),
    )
    return [
        {"name": f"{label} ({name[0]})", "at": (row, k), "values": np.asarray(array[: walk.LARGEST], float), "lit": k > 0, "note": note, "first": first}
        for k, (label, array, note) in enumerate(arrays)
    ]  # fmt: skip
