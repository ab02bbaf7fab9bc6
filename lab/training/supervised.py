"""Supervised learning: a learner of one objective on examples of a data set, a part of which is held out for testing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from lab.errors import ModelError
from lab.model import INFINITE, Advice, Bound, Clock, Out, Picture, State, Stream, index, param
from lab.tape import Data, Node, Program, Tape
from lab.training import baseline, canvas, diagnosis, drawing, pictures, readings, verdicts, walk
from lab.training.actions import ByHand
from lab.training.checking import EXAMPLES, jittered
from lab.training.diagnosis import Signs, diagnose, examine
from lab.training.drawing import Column
from lab.training.learner import (
    BEST_LOSS,
    BEST_SCORE,
    BEST_STEP,
    EPOCH,
    EVALUATIONS,
    FIRST_LOSS,
    GRADIENT_NORM,
    POSITION,
    SINCE_BEST,
    STEP,
    TEST_LOSS,
    TEST_SCORE,
    TRAIN_LOSS,
    TRAIN_SCORE,
    Constants,
)
from lab.training.material import Outline, outline, prepare
from lab.training.objectives import Phase, Stage, minimise
from lab.training.stage import stage_of
from lab.training.steps import Stretch, judge, silent_share, train

NORM, WEIGHT, UPDATE, DEAD = range(4)  # columns of the health of a layer
PROBE = 256  # training examples that an evaluation looks at, at most
DELTAS = 64  # examples from which it is told what comes back to each layer
HISTORY = 64  # smoothed losses that are remembered, to see whether they still fall
RATIO, MISSED, SHARE, EQUAL = range(4)  # columns of the signs of an evaluation


@dataclass(frozen=True)
class Probe:
    """The examples of an evaluation: `seen` training examples, then the test part.

    aim (n, values) is what should come out (labels: one value); spread the variance of the aim of both parts, None for labels.
    """

    data: Data
    aim: np.ndarray
    seen: int
    spread: tuple[float, float] | None


class Supervised(ByHand):
    """Trains a network on a data set by one loss.

    A subclass gives `network` (the layers) and `stage_names` (their names, before anything is built); `goal` is the loss.
    Beside what every learner's state holds, this one keeps what is drawn on the canvas and the points a person added.
    """

    warmup: float = param(0.0, "epochs", lo=0.0, hi=1e3, group="Training", doc="The learning rate rises linearly for so long.")
    slow: bool = param(False, group="Training", label="Phase by phase",
                       doc="A single step advances one phase of one example (forward, loss, backward, update; layer by layer) instead of one minibatch.")  # fmt: skip
    evaluate: float = param(
        1.0, "epochs", lo=0.0, hi=1e4, group="Evaluation", doc="How often the test part is looked at, at most (0: never)."
    )
    stop_at: float = param(0.0, lo=0.0, hi=1.0, group="Evaluation", doc="Stop when the test accuracy reaches this (0: do not).")
    patience: int = param(
        0, "evaluations", lo=0, hi=10_000, group="Evaluation", doc="Stop after so many evaluations without a lower test loss (0: do not)."
    )
    dropout: float = param(
        0.0, lo=0.0, hi=0.95, builds=True, group="Training", doc="Part of the hidden units silenced at random in each step."
    )
    minibatch: int = param(0, "examples", lo=0, hi=4096, builds=True, group="Training", label="Minibatch from now on",
                           doc="Another size while it runs (0: as at the start); weights stay, and epochs go on being counted in examples.")  # fmt: skip
    epochs: int = param(30, "epochs", lo=1, hi=100_000, log=True, group="Training", doc="How long to train.")

    @property
    def seconds(self) -> float | None:
        """A training is watched for half a minute; flat out is one key away."""
        return 30.0

    @property
    def longer(self) -> str:
        """More epochs."""
        return "epochs"

    # -- what a subclass gives --

    def network(self, tape: Tape, x: Node, outputs: int) -> tuple[Node, tuple[Stage, ...]]:
        """Write the layers from the input to the output (logits, or predicted values); returns the output and the layers."""
        raise ModelError(f"{self._owner()} does not implement network().")

    def stage_names(self) -> tuple[str, ...]:
        """Names of the layers with weights, first to last."""
        raise ModelError(f"{self._owner()} does not implement stage_names().")

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each hidden layer, of a network that has layers of single units."""
        return ()

    def goal(self, tape: Tape, x: Node, output: Node, outputs: int) -> Node:
        """The loss of each sample: cross-entropy from logits, or the mean squared error."""
        if self.task == "classification":
            t = tape.labels("t", outputs)
            tape.record("accuracy", tape.accuracy(output, t))
            return tape.cross_entropy(output, t, name="loss")
        return tape.mse(output, x if self.task == "reconstruction" else tape.input("t", (outputs,)), name="loss")

    def paper(self, tape: Tape) -> Any:
        """What the network is written on: the tape, or one that has its own way of writing layers."""
        return tape

    def beside(self, tape: Tape, x: Node, outputs: int) -> None:
        """Write further networks that learn on the same minibatches, each with an objective of its own."""

    def drawn_layers(self, shape: Outline) -> tuple[Column, ...]:
        """The columns of the drawing of the network, inputs first; none where it is not a network of plain layers."""
        return ()

    def drawn_example(self, constants: Constants, state: State) -> np.ndarray:
        """The example that is answered in the drawing: the picture at hand, or the first one."""
        return readings.seen(self, constants, state) if constants.outline.picture else constants.material.x[:1]

    def depth_shown(self, state: State) -> float:
        """How many layers deep the shown activity has come; all the way unless a model shows it travelling."""
        return math.inf

    def sent_as(self, constants: Constants, weight: str) -> Any:
        """What a stored weight is multiplied with on its way, by the unit it leaves: signs that lie in the activation."""
        return 1.0

    first_weights_are_pictures: ClassVar[bool] = True
    drawing: ClassVar[bool] = False  # whether what is drawn by hand belongs in front

    def given(self, x: np.ndarray, t: np.ndarray) -> dict[str, np.ndarray]:
        """Examples as the program takes them."""
        return {"x": x} if self.task == "reconstruction" else {"x": x, "t": t}

    # -- declarations --

    @property
    def clock(self) -> Clock:
        """One step is one minibatch."""
        return Clock(1.0 / self.steps_per_epoch, "epoch", physical=False, name="minibatch")

    @property
    def steps_per_epoch(self) -> int:
        """Minibatches that go once through the training examples."""
        return -(-outline(self).rows // self.batch)

    @property
    def length(self) -> int:
        """All epochs."""
        return self.epochs * self.steps_per_epoch

    @property
    def unit_steps(self) -> int:
        """Evaluations and warm-up are given in epochs."""
        return self.steps_per_epoch

    @property
    def lasting(self) -> float:
        """All epochs."""
        return self.epochs

    @property
    def smoothed_steps(self) -> int:
        """About half an epoch counts."""
        return self.steps_per_epoch

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What is recorded in each step, at each evaluation, and what can be looked at."""
        return pictures.streams(self, outline(self))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Loss and scores first, then what the data allow."""
        return pictures.pictures(self, outline(self))

    @property
    def stage(self) -> Any:
        """What the network says large, the curves beside it, its insides in drawers."""
        own = [picture.name for picture in self.own_pictures(outline(self)) if picture.front]
        return stage_of(self, [picture.name for picture in self.pictures], own)

    @property
    def score_name(self) -> str:
        """What tells how good it is: accuracy, or the share of the variance that is explained."""
        return "accuracy" if self.task == "classification" else "R2"

    # -- behaviour --

    def compile(self, shape: Any = None, dtype: str = "float32") -> tuple[Program, tuple[Stage, ...], str]:
        """The program for data of this outline, its layers, and the name of the output node."""
        tape = Tape()
        x = tape.input("x", (shape.inputs,))
        seen = x
        if shape.picture and (self.shift or self.flip):
            moved = tape.augment(tape.reshape(seen, shape.picture), self.shift, 0.5 if self.flip else 0.0, name="augmented")
            seen = tape.reshape(moved, (shape.inputs,))
        if self.input_noise:
            seen = tape.noise(seen, self.input_noise, name="noisy")
        output, stages = self.network(self.paper(tape), seen, shape.outputs)
        self.goal(tape, x, output, shape.outputs)
        self.beside(tape, seen, shape.outputs)
        minimise(tape, self.objectives)
        # Room for more examples than a minibatch: evaluations then run in few pieces.
        return tape.compile(max(self.batch, self.minibatch, 256), dtype), stages, output.name

    def build(self, seed: int) -> Constants:
        """Load the data and write the program."""
        material = prepare(self, seed)
        found = material.data
        shape = Outline(
            found.task, found.inputs, found.outputs, found.classes, found.picture, len(material.x), features=found.features[:8], target=found.target,
            unit=found.unit,
        )  # fmt: skip
        program, stages, output = self.compile(shape)
        return Constants(program, material, stages, output, shape)

    def state_bounds(self, constants: Constants, state: State, step: int) -> dict[str, Bound]:
        """The examples that wait, and those that were added by hand, too."""
        outputs, rows = constants.outline.outputs, len(constants.material.x) + len(state["added"])
        most = math.inf if self.task != "classification" else max(0, outputs - 1)
        return super().state_bounds(constants, state, step) | {
            "owed": Bound(0, rows), "order": Bound(0, rows - 1, (rows,)), "drawn_on": Bound(0, 1), "point_class": index(1001),
            "added": Bound((-math.inf, -math.inf, 0), (math.inf, math.inf, most), ((0, 10_000), 3)), "health": INFINITE, "history": INFINITE,
        }  # fmt: skip

    def start(self, constants: Constants, seed: int) -> State:
        """First weights, drawn or from a file; nothing seen."""
        state = super().start(constants, seed)
        del state["measured"]
        return state | {
            "owed": np.zeros(1, np.int64),  # examples that wait for a larger minibatch to fill
            "health": np.zeros((len(constants.stages), 4)),
            "signs": np.array([0.0, -1.0, 0.0, -1.0]),
            "history": np.zeros((HISTORY, 2)),  # epochs and smoothed loss
            "canvas": self._first_canvas(constants),
            "drawn_on": np.zeros(1, np.int64),
            "added": np.zeros((0, 3)),
            "point_class": np.zeros(1, np.int64),
        }

    def _first_canvas(self, constants: Constants) -> np.ndarray:
        paper, shape = canvas.blank(constants.outline.picture), constants.outline.picture
        return paper if shape is None else canvas.enlarged(constants.material.test_x[0].reshape(shape).astype(float), paper.shape)

    def columns(self) -> tuple[list[str], list[str], list[str]]:
        """The accuracy has its column even where there are no classes."""
        return ["loss"], ["gradient"], ["accuracy"]

    def rows(self, constants: Constants) -> int:
        """Training examples."""
        return len(constants.material.x)

    def samples_of(self, constants: Constants, state: State) -> dict[str, np.ndarray]:
        """The training examples, those that were added by hand included."""
        return self.given(*self.examples(constants, state))

    def training_data(self, constants: Constants, state: State) -> Data:
        """The training examples, those that were added by hand included, packed for the tape."""
        key, kept = state["added"].tobytes(), constants.instruments.packed
        if key not in kept:
            kept.clear()
            x, t = self.examples(constants, state)
            kept[key] = constants.program.data(**self.given(x, t))
        return kept[key]

    def probe(self, constants: Constants) -> Probe:
        """What an evaluation looks at."""
        if constants.instruments.probe is None:
            m = constants.material
            seen = min(len(m.x), len(m.test_x), PROBE)
            x, t = np.concatenate([m.x[:seen], m.test_x]), np.concatenate([m.t[:seen], m.test_t])
            aim = (x if self.task == "reconstruction" else t).reshape(len(x), -1).astype(np.float32)
            spread = tuple(float(((part - part.mean(0)) ** 2).mean(dtype=float)) for part in (aim[:seen], aim[seen:]))
            labels = self.task == "classification"
            constants.instruments.probe = Probe(
                constants.program.data(**self.given(x, t)), aim, seen, None if labels else (spread[0], spread[1])
            )
        return constants.instruments.probe

    def baseline(self, constants: Constants) -> baseline.Baseline:
        """What is reached without learning."""
        known, m = constants.instruments, constants.material
        if known.baseline is None:
            found = baseline.baseline(self.task, m.x, m.t, m.test_x, m.test_t, constants.outline.outputs)
            known.baseline = found if type(self).goal is Supervised.goal else replace(found, chance=math.nan)
        return known.baseline

    def looked_at(self, constants: Constants) -> int:
        """The examples of the probe."""
        return self.probe(constants).data.count

    def learn(self, constants: Constants, state: State, tape: State, steps: int, watch: bool) -> Stretch:
        """Train so many steps, in minibatches of the size chosen from now on."""
        return train(self, constants, state, tape, self.training_data(constants, state), steps, watch)

    def check_samples(self, constants: Constants, state: State) -> dict[str, np.ndarray]:
        """The first training examples, moved off the places where equal values have a kink."""
        m = constants.material
        return {name: np.asarray(value, float) for name, value in self.given(jittered(m.x[:EXAMPLES]), m.t[:EXAMPLES]).items()}

    slow_motion: ClassVar[bool] = True
    draws: ClassVar[bool] = False  # whether a forward pass draws random numbers: slow motion then shows those of the update
    judged: ClassVar[str] = "loss"  # the node by which evaluations judge

    def phases(self, constants: Constants) -> tuple[Phase, ...]:
        """Forward, loss, backward and update, layer by layer."""
        return walk.layered(constants.stages, tuple(o.name for o in self.objectives))

    def slow_samples(self, constants: Constants, state: State) -> dict[str, np.ndarray]:
        """One example: the next in the order of the epoch."""
        return self.given(*walk.example(self, constants, state))

    def pass_on(self, constants: Constants, state: State) -> None:
        """The example that follows."""
        counters = state["counters"]
        counters[POSITION] += 1
        if counters[POSITION] >= len(state["order"]):
            counters[POSITION] = 0
            counters[EPOCH] += 1

    def examples(self, constants: Constants, state: State) -> tuple[np.ndarray, np.ndarray]:
        """Training examples and targets, those that were added by hand included."""
        x, t, added = constants.material.x, constants.material.t, state["added"]
        if not len(added):
            return x, t
        return np.concatenate([x, constants.material.scaled(added[:, :2])]), np.concatenate([t, added[:, 2].astype(t.dtype)])

    def advice(self, constants: Constants, state: State) -> Advice | None:
        """The diagnosis, where a button can mend what it finds."""
        if not state["figures"][EVALUATIONS]:
            return None
        finding, sentence = examine(self.signs(constants, state))
        return Advice(finding, sentence, diagnosis.remedies(finding, self)) if finding else None

    def _look(
        self, constants: Constants, state: State, tape: State, out: Out, step: int, watch: dict[str, tuple[float, float, float]] | None
    ) -> None:
        """Evaluate: scores of both parts, health of the layers, best weights; written to the event streams."""
        figures, health = state["figures"], state["health"]
        probe, count = self.probe(constants), len(constants.stages)
        losses, output, *values = constants.program.sweep(
            tape, probe.data, [self.judged, constants.output, *(s.value for s in constants.stages)]
        )
        for part, (loss, score) in enumerate(((TRAIN_LOSS, TRAIN_SCORE), (TEST_LOSS, TEST_SCORE))):
            first, last = (0, probe.seen) if part == 0 else (probe.seen, len(losses))
            figures[loss], figures[score] = judge(
                losses, output.reshape(len(output), -1), probe.aim, first, last, probe.spread is None, probe.spread[part] if probe.spread else 1.0
            )  # fmt: skip
        if watch is not None:  # else no minibatch ended in this step
            health[:, :DEAD] = readings.health(constants, watch)
        for k in range(count):
            health[k, DEAD] = silent_share(
                values[k].reshape(-1, values[k].shape[-1]), probe.seen * values[k][0].size // values[k].shape[-1]
            )
        self._look_closer(constants, state, tape, probe, output)
        self.keep_best(state, float(figures[TEST_LOSS]), float(figures[TEST_SCORE]))
        figures[EVALUATIONS] += 1
        events = out.events
        for channel, value in enumerate(figures[[TRAIN_LOSS, TEST_LOSS]]):
            events["evaluated loss"].append(step, channel, value)
        for channel, value in enumerate(figures[[TRAIN_SCORE, TEST_SCORE]]):
            events["score"].append(step, channel, value)
        for channel, row in enumerate(state["health"]):
            events["gradient norms"].append(step, channel, row[NORM])
            events["update ratios"].append(step, channel, row[UPDATE])
            events["dead units"].append(step, channel, row[DEAD])

    def worth_keeping(self, state: State, loss: float) -> bool:
        """Not where learning has made it worse than it began: from there no smaller rate leads back."""
        return not loss > 2.0 * state["figures"][FIRST_LOSS] > 0

    def _look_closer(self, constants: Constants, state: State, tape: State, probe: Probe, output: np.ndarray) -> None:
        """What only the diagnosis asks for: what comes back to the layers, classes that are never found, weights that are all the same."""
        m, signs, hidden = constants.material, state["signs"], constants.stages[:-1]
        signs[:] = 0.0, -1.0, 0.0, -1.0
        if len(hidden) > 1:
            samples = self.given(m.x[:DELTAS], m.t[:DELTAS])
            with np.errstate(over="ignore", invalid="ignore"):
                found = baseline.deltas(constants.program, tape, [hidden[0].value, hidden[-1].value], self.judged, samples)
            signs[RATIO] = found[0] / found[1] if found[1] > 0 and np.isfinite(found).all() else 0.0
        if self.task == "classification":
            test = output.reshape(len(output), -1)[probe.seen :]
            signs[MISSED], signs[SHARE] = baseline.missed(test, probe.aim[probe.seen :], self.baseline(constants).shares)
        arrays = constants.program.parameters(tape)
        signs[EQUAL] = next((k for k, s in enumerate(hidden) if arrays[s.weight].size > 1 and not np.ptp(arrays[s.weight])), -1)
        history, epochs = state["history"], float(state["counters"][STEP]) / self.steps_per_epoch
        known = int((history[:, 0] > 0).sum())
        if known == HISTORY:  # every other one will do
            history[: HISTORY // 2], history[HISTORY // 2 :] = history[1::2].copy(), 0.0
            known = HISTORY // 2
        history[known] = epochs, float(state["smooth"][0] / max(state["smooth"][1], 1e-300))

    def finished(self, constants: Constants, state: State) -> str | None:
        """A stop condition is met."""
        figures = state["figures"]
        if not figures[EVALUATIONS]:
            return None
        if self.stop_at and figures[TEST_SCORE] >= self.stop_at:
            return f"the test {self.score_name} reached {self.stop_at:g}"
        if self.patience and figures[SINCE_BEST] >= self.patience:
            return f"no lower test loss in {self.patience} evaluations"
        return None

    def observe(self, constants: Constants, state: State, stream: str) -> Any:
        """What a stream shows now: see `lab.training.readings`."""
        with np.errstate(over="ignore", invalid="ignore"):
            if stream == verdicts.STREAM:
                pieces = readings.pieces(self, constants, self.tape_state(constants, state))
                return verdicts.rows(self.signs(constants, state), bool(state["figures"][EVALUATIONS]), pieces)
            if stream == drawing.STREAM:
                return drawing.observe(self, constants, state, self.tape_state(constants, state))
            return readings.observe(self, constants, state, self.tape_state(constants, state), stream)

    def summary(self, constants: Constants, state: State) -> dict[str, Any]:
        """Loss, scores, speed, memory and a diagnosis."""
        figures, counters, score = state["figures"], state["counters"], self.score_name
        out: dict[str, Any] = {}  # what a run is judged by first: lists of runs and the line below show the first figures
        if figures[EVALUATIONS]:
            out |= {
                f"test {score}": float(figures[TEST_SCORE]),
                f"train {score}": float(figures[TRAIN_SCORE]),
                "test loss": float(figures[TEST_LOSS]),
            }
        if state["smooth"][1]:
            out["loss"] = float(state["smooth"][0] / state["smooth"][1])
        out["epochs done"] = round(float(counters[STEP]) / self.steps_per_epoch, 3)
        if figures[EVALUATIONS]:
            out |= {"best test loss": float(figures[BEST_LOSS]), f"{score} at best": float(figures[BEST_SCORE])}
            if self.task == "regression":
                out[pictures.error_name(constants.outline)] = self._error(constants, float(figures[TEST_SCORE]))
            out["best after (epochs)"] = round(float(figures[BEST_STEP]) / self.steps_per_epoch, 3)
            out["diagnosis"] = diagnose(self.signs(constants, state))
        if state["switched"][0] >= 0:
            out["optimiser"] = (
                f"{self.optimiser} since epoch {float(state['switched'][0]) / self.steps_per_epoch:.4g}, its memory began at zero"
            )
        out["phase"] = walk.label(self, constants, state)
        return out | self.common_summary(constants, state)

    def _error(self, constants: Constants, score: float) -> float:
        """How far predictions of the test part are off, typically (root of the mean square), in the person's units."""
        spread = self.probe(constants).spread
        assert spread is not None
        return float(np.sqrt(max(0.0, (1.0 - score) * spread[1]))) * constants.material.spread

    def account(self, constants: Constants) -> str:
        """What was made of the person's file."""
        return constants.material.data.said

    def signs(self, constants: Constants, state: State) -> Signs:
        """The figures that a diagnosis rests on."""
        figures, health, signs, known = state["figures"], state["health"], state["signs"], self.baseline(constants)
        hidden, epochs, history = health[:-1], float(state["counters"][STEP]) / self.steps_per_epoch, state["history"]
        earlier = history[(history[:, 0] > 0) & (history[:, 0] <= epochs / 1.5) & (history[:, 0] >= epochs / 3.0)]
        return Signs(
            ratio=float(signs[RATIO]), layers=len(health), gradient=float(figures[GRADIENT_NORM]), dead=float(hidden[:, DEAD].mean()) if len(hidden) else 0.0,
            seen=self.probe(constants).seen, update=float(np.median(health[:, UPDATE])), first=float(figures[FIRST_LOSS]),
            smooth=float(state["smooth"][0] / max(state["smooth"][1], 1e-300)), before=float(earlier[-1, 1]) if len(earlier) else 0.0,
            chance=known.chance, guess=known.guess, near=known.near, test=float(figures[TEST_LOSS]), best=float(figures[BEST_LOSS]),
            scores=(float(figures[TRAIN_SCORE]), float(figures[TEST_SCORE])), at_best=float(figures[BEST_SCORE]), tested=len(constants.material.test_x),
            missed=constants.outline.classes[int(signs[MISSED])] if signs[MISSED] >= 0 else "", share=float(signs[SHARE]),
            equal=constants.stages[int(signs[EQUAL])].name if signs[EQUAL] >= 0 else "", classification=self.task == "classification", epochs=epochs,
            relu=self.rectifies, clipped=self.clip > 0,
        )  # fmt: skip

    @property
    def rectifies(self) -> bool:
        """Whether a hidden unit can die: be silent for every input."""
        return True

    def predict(self, constants: Constants, state: State, x: np.ndarray) -> np.ndarray:
        """Class probabilities, or predicted values, of examples scaled as the training examples are."""
        return readings.predict(self, constants, self.tape_state(constants, state), x)
