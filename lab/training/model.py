"""The machinery of every model that trains a tape program on a data set; `lab.training.actions` adds what a person may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, ClassVar

import numpy as np

from lab.data import sets
from lab.errors import DivergenceError, ModelError
from lab.model import Advice, Clock, Model, Out, Picture, Remedy, State, Stream, param
from lab.tape import Data, Node, Optimiser, Program, Tape
from lab.tape.files import load_weights
from lab.tape.optimisers import SCHEDULES, scheduled_rates
from lab.training import canvas, checking, diagnosis, pictures, readings, walk
from lab.training.diagnosis import Signs, diagnose, examine
from lab.training.material import Material, Outline, outline, prepare
from lab.training.pace import spaced, works
from lab.training.steps import ACCURACY, GRADIENT, LOSS, STEP, UPDATES, judge, silent_share, smoothing, train

OPTIMISERS = {"SGD": "descent", "momentum": "momentum", "Nesterov": "nesterov", "Adam": "adam", "AdamW": "adamw"}
TRAIN_LOSS, TEST_LOSS, TRAIN_SCORE, TEST_SCORE, BEST_LOSS, BEST_SCORE, BEST_STEP, SINCE_BEST, EVALUATIONS, FIRST_LOSS, GRADIENT_NORM = (
    range(11)
)
NORM, WEIGHT, UPDATE, DEAD = range(4)  # columns of the health of a layer
PROBE = 256  # training examples that an evaluation looks at, at most
EXAMPLE_POINTS = tuple((float(x), float(y), float(int(x > 0) ^ int(y > 0))) for x in (-0.7, -0.5, 0.5, 0.7) for y in (-0.6, -0.4, 0.4, 0.6))


@dataclass(frozen=True)
class Stage:
    """A layer with weights: its name, its weight parameter, and the node of its values after the activation."""

    name: str
    weight: str
    value: str


@dataclass(frozen=True)
class Probe:
    """The examples of an evaluation: `seen` training examples, then the test part.

    aim (n, values) is what should come out (labels: one value); spread the variance of the aim of both parts, None for labels.
    """

    data: Data
    aim: np.ndarray
    seen: int
    spread: tuple[float, float] | None


@dataclass
class Instruments:
    """Seconds and steps of the training itself, beside the run: no result depends on them. Also packed data, by its points."""

    seconds: float = 0.0
    steps: int = 0
    looking: float = 0.0  # seconds of evaluations
    packed: dict[bytes, Data] = field(default_factory=dict)
    probe: Probe | None = None
    works: tuple[float, float] | None = None  # of a step and of an evaluation


@dataclass(frozen=True)
class Constants:
    """The compiled program, the prepared data and the layers."""

    program: Program
    material: Material
    stages: tuple[Stage, ...]
    output: str
    outline: Outline
    extra: dict[str, Any] = field(default_factory=dict)  # what a single model needs besides
    instruments: Instruments = field(default_factory=Instruments)


class Learning(Model):
    """Trains a tape program on a data set; one step is one minibatch.

    A subclass gives `network` (the layers) and `stage_names` (their names, before anything is built); `goal` is the loss.
    The state holds the tape's arrays (`parameters statistics moments random counters order`), the smoothed loss, the
    figures of the last evaluation, the best weights so far, what is drawn on the canvas and the points a person added.
    """

    data: str = param("digits", choices=sets.NAMES, live=False, main=True, group="Data", doc="What is learned.")
    n: int = param(1000, "examples", lo=4, hi=100_000, log=True, live=False, group="Data",
                   when=("data", (*sets.PLANES, *sets.FUNCTIONS, "drawn")), doc="How many examples are generated.")  # fmt: skip
    noise: float = param(0.2, lo=0.0, hi=2.0, builds=True, group="Data", when=("data", (*sets.PLANES, *sets.FUNCTIONS, "drawn")),
                         doc="Standard deviation of the noise in generated examples.")  # fmt: skip
    drawn: tuple[tuple[float, float], ...] = param(((0.0, 0.0), (0.5, 1.0), (1.0, 0.0)), kind="drawn", live=False, group="Data",
                                                   when=("data", "drawn"), doc="A function drawn by hand.")  # fmt: skip
    points: tuple[tuple[float, float, float], ...] = param(EXAMPLE_POINTS, kind="points", live=False, group="Data", when=("data", "painted"),
                                                           doc="Points painted by hand with their class.")  # fmt: skip
    file: str = param(
        "",
        kind="file",
        live=False,
        group="Data",
        when=("data", "file"),
        doc="A CSV file, an IDX file of pictures, or a folder of pictures.",
    )
    target: str = param("", live=False, group="Data", when=("data", "file"), doc="Column of the table to predict (empty: the last).")
    types: str = param(
        "", live=False, group="Data", when=("data", "file"), doc="Corrections of guessed column types: age=number, id=ignore."
    )
    standardise: bool = param(True, live=False, group="Data", doc="Give every column of a table mean 0 and deviation 1.")
    test_fraction: float = param(0.2, lo=0.01, hi=0.9, live=False, group="Data", doc="Part of the examples held out for testing.")
    samples: int = param(0, "examples", lo=0, hi=1_000_000, live=False, group="Data", doc="Train on only so many examples (0: all).")
    label_noise: float = param(
        0.0, lo=0.0, hi=1.0, builds=True, group="Data", doc="Part of the training labels that are replaced at random."
    )
    shift: int = param(
        0, "pixels", lo=0, hi=8, builds=True, group="Augmentation", doc="Move each training picture at random by up to so many pixels."
    )
    flip: bool = param(False, builds=True, group="Augmentation", doc="Mirror each training picture with probability 1/2.")
    input_noise: float = param(
        0.0, lo=0.0, hi=2.0, builds=True, group="Augmentation", doc="Deviation of Gaussian noise on training inputs, new at each step."
    )

    optimiser: str = param("Adam", choices=tuple(OPTIMISERS), builds=True, main=True, group="Training",
                           doc="How weights follow the gradient. Another one keeps the weights; its memory (the moments) begins at zero.")  # fmt: skip
    rate: float = param(3e-3, lo=1e-7, hi=1e3, log=True, main=True, group="Training", label="Learning rate", doc="Learning rate.")
    momentum: float = param(0.9, lo=0.0, hi=0.999, group="Training", doc="Momentum; for Adam the memory of the mean gradient.",
                            when=("optimiser", ("momentum", "Nesterov", "Adam", "AdamW")))  # fmt: skip
    decay: float = param(
        0.0, lo=0.0, hi=10.0, group="Training", label="Weight decay", doc="Weight decay lambda: the loss gets lambda/2 |w|^2."
    )
    clip: float = param(0.0, lo=0.0, hi=1e3, group="Training", label="Clipping", doc="Largest norm of the gradient (0: not clipped).")
    schedule: str = param(
        "constant", choices=tuple(SCHEDULES), builds=True, group="Training", doc="How the learning rate falls with the epochs."
    )
    warmup: float = param(0.0, "epochs", lo=0.0, hi=1e3, group="Training", doc="The learning rate rises linearly for so long.")
    final: float = param(0.1, lo=0.0, hi=1.0, group="Training", label="Final rate", when=("schedule", ("step", "exponential", "cosine", "linear")),
                         doc="Part of the learning rate that is left at the end (step: after each third of the epochs).")  # fmt: skip
    dropout: float = param(
        0.0, lo=0.0, hi=0.95, builds=True, group="Training", doc="Part of the hidden units silenced at random in each step."
    )
    batch: int = param(
        32,
        "examples",
        lo=1,
        hi=4096,
        log=True,
        live=False,
        group="Training",
        doc="Examples in a minibatch at the start; one step of the run is one of these.",
    )
    minibatch: int = param(0, "examples", lo=0, hi=4096, builds=True, group="Training", label="Minibatch from now on",
                           doc="Another size while it runs (0: as at the start); weights stay, and epochs go on being counted in examples.")  # fmt: skip
    epochs: int = param(30, "epochs", lo=1, hi=100_000, log=True, group="Training", doc="How long to train.")
    evaluate: float = param(
        1.0, "epochs", lo=0.0, hi=1e4, group="Training", doc="How often the test part is looked at, at most (0: never)."
    )
    looking: float = param(0.06, lo=1e-3, hi=10.0, log=True, group="Training", label="Share of looking",
                           doc="Work of evaluations over that of training, at most: they are spaced out to that. 10: as often as asked for.")  # fmt: skip
    start_from: str = param("", kind="file", live=False, group="Training", label="Start from weights",
                            doc="A .safetensors or .npz file with the first weights of this network (empty: drawn at random).")  # fmt: skip
    slow: bool = param(False, group="Training", label="Phase by phase",
                       doc="A single step advances one phase of one example (forward, loss, backward, update; layer by layer) instead of one minibatch.")  # fmt: skip
    stop_at: float = param(0.0, lo=0.0, hi=1.0, group="Training", doc="Stop when the test accuracy reaches this (0: do not).")
    patience: int = param(
        0, "evaluations", lo=0, hi=10_000, group="Training", doc="Stop after so many evaluations without a lower test loss (0: do not)."
    )

    # -- what a subclass gives --

    def network(self, tape: Tape, x: Node, outputs: int) -> tuple[Node, tuple[Stage, ...]]:
        """Write the layers from the input to the output (logits, or predicted values); returns the output and the layers."""
        raise ModelError(f"{self._owner()} does not implement network().")

    def stage_names(self) -> tuple[str, ...]:
        """Names of the layers with weights, first to last."""
        raise ModelError(f"{self._owner()} does not implement stage_names().")

    @property
    def task(self) -> str:
        """classification, regression or reconstruction."""
        return outline(self).task

    def goal(self, tape: Tape, x: Node, output: Node, outputs: int) -> Node:
        """The loss of each sample: cross-entropy from logits, or the mean squared error."""
        if self.task == "classification":
            t = tape.labels("t", outputs)
            tape.record("accuracy", tape.accuracy(output, t))
            return tape.cross_entropy(output, t, name="loss")
        return tape.mse(output, x if self.task == "reconstruction" else tape.input("t", (outputs,)), name="loss")

    first_weights_are_pictures: ClassVar[bool] = True
    drawing: ClassVar[bool] = False  # whether what is drawn by hand belongs in front

    def own_streams(self, shape: Outline) -> tuple[Stream, ...]:
        """Streams that only this model has; `look` gives their values."""
        return ()

    def own_pictures(self, shape: Outline) -> tuple[Picture, ...]:
        """Pictures that only this model has."""
        return ()

    def look(self, constants: Constants, state: State, tape: State, stream: str) -> Any:
        """What one of the model's own streams shows now."""
        raise ModelError(f"{self._owner()} has no per-block stream '{stream}'.")

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
    def speed(self) -> float | None:
        """As fast as it goes, but two minibatches a second where one looks at every phase."""
        return 2.0 * self.clock.dt if self.slow else None

    @property
    def length(self) -> int:
        """All epochs."""
        return self.epochs * self.steps_per_epoch

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What is recorded in each step, at each evaluation, and what can be looked at."""
        return pictures.streams(self, outline(self))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Loss and scores first, then what the data allow."""
        return pictures.pictures(self, outline(self))

    @property
    def score_name(self) -> str:
        """What tells how good it is: accuracy, or the share of the variance that is explained."""
        return "accuracy" if self.task == "classification" else "R2"

    # -- behaviour --

    def changed_live(self, before: Model, constants: Constants, state: State) -> None:
        """Another optimiser begins with an empty memory."""
        if self.optimiser != getattr(before, "optimiser", self.optimiser):
            constants.program.forget(state)
            state["switched"][0] = state["counters"][STEP]

    def rule(self) -> Optimiser:
        """The optimiser with its present numbers."""
        span = max(1.0, (self.epochs - self.warmup) * self.steps_per_epoch / (3 if self.schedule == "step" else 1))
        return Optimiser(
            OPTIMISERS[self.optimiser], self.rate, self.momentum, decay=self.decay, clip=self.clip, schedule=self.schedule,
            warmup=self.warmup * self.steps_per_epoch, span=span, final=self.final,
        )  # fmt: skip

    def compile(self, shape: Outline, dtype: str = "float32") -> tuple[Program, tuple[Stage, ...], str]:
        """The program for data of this outline, its layers, and the name of the output node."""
        tape = Tape()
        x = tape.input("x", (shape.inputs,))
        seen = x
        if shape.picture and (self.shift or self.flip):
            moved = tape.augment(tape.reshape(seen, shape.picture), self.shift, 0.5 if self.flip else 0.0, name="augmented")
            seen = tape.reshape(moved, (shape.inputs,))
        if self.input_noise:
            seen = tape.noise(seen, self.input_noise, name="noisy")
        output, stages = self.network(tape, seen, shape.outputs)
        tape.minimise(self.goal(tape, x, output, shape.outputs), self.rule())
        # Room for more examples than a minibatch: evaluations then run in few pieces.
        return tape.compile(max(self.batch, self.minibatch, 256), dtype), stages, output.name

    def build(self, seed: int) -> Constants:
        """Load the data and write the program."""
        material = prepare(self, seed)
        found = material.data
        shape = Outline(found.task, found.inputs, found.outputs, found.classes, found.picture, len(material.x))
        program, stages, output = self.compile(shape)
        return Constants(program, material, stages, output, shape)

    def start(self, constants: Constants, seed: int) -> State:
        """First weights, drawn or from a file; nothing seen."""
        tape = constants.program.start(seed, len(constants.material.x))
        if self.start_from:
            load_weights(self.start_from, constants.program, tape)
        del tape["hyper"]  # the live numbers are the parameters of this model
        return tape | {
            "last": np.zeros(3),  # loss, gradient norm and accuracy of the last minibatch
            "owed": np.zeros(1, np.int64),  # examples that wait for a larger minibatch to fill
            "smooth": np.zeros(4),  # of the loss, then of the accuracy
            "figures": np.zeros(11),
            "health": np.zeros((len(constants.stages), 4)),
            "best_parameters": tape["parameters"].copy(),
            "best_statistics": tape["statistics"].copy(),
            "canvas": self._first_canvas(constants),
            "drawn_on": np.zeros(1, np.int64),
            "phase": np.zeros(1, np.int64),
            "switched": np.full(1, -1, np.int64),  # step at which the optimiser was changed last
            "added": np.zeros((0, 3)),
            "checked": np.zeros((0, 4)),  # what the last gradient check found
            "point_class": np.zeros(1, np.int64),
        }

    def _first_canvas(self, constants: Constants) -> np.ndarray:
        paper, shape = canvas.blank(constants.outline.picture), constants.outline.picture
        return paper if shape is None else canvas.enlarged(constants.material.test_x[0].reshape(shape).astype(float), paper.shape)

    def tape_state(self, constants: Constants, state: State) -> State:
        """The state as the tape takes it: with the live numbers of this model."""
        tape = constants.program.tape
        hyper = np.array([h.value for h in tape.hypers])
        at = tape.objectives[0].floats
        numbers = [value for value, _, _ in self.rule().floats().values()]
        hyper[at : at + len(numbers)] = numbers
        kept = ("parameters", "statistics", "moments", "random", "counters", "order")
        return {name: state[name] for name in kept} | {"hyper": hyper}

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

    def examples(self, constants: Constants, state: State) -> tuple[np.ndarray, np.ndarray]:
        """Training examples and targets, those that were added by hand included."""
        x, t, added = constants.material.x, constants.material.t, state["added"]
        if not len(added):
            return x, t
        return np.concatenate([x, added[:, :2].astype(np.float32)]), np.concatenate([t, added[:, 2].astype(t.dtype)])

    def advance(self, constants: Constants, state: State, n: int, out: Out) -> int:
        """Train up to n minibatches, looking at the test part where that is due."""
        program, tape, data = constants.program, self.tape_state(constants, state), self.training_data(constants, state)
        looks, scored, keep = self.interval(constants)[1] > 0, "accuracy" in program.recorded, 1.0 - min(1.0, 2.0 / self.steps_per_epoch)
        done = 0
        while done < n and not self.finished(constants, state):
            if any(len(e.steps) - e.count[0] <= len(constants.stages) + 2 for e in out.events.values()):
                break
            before = state["counters"].copy()
            ahead = self.next_look(constants, int(before[STEP])) - int(before[STEP]) if looks else n
            k = min(n - done, ahead)
            due = looks and k == ahead
            found = train(self, constants, state, tape, data, k, due)
            values = np.ascontiguousarray(found.values.T)
            count = values.shape[1]
            smooth = np.empty((2, count))
            smoothing(values[LOSS], state["smooth"][:2], keep, smooth[0])
            if scored:
                smoothing(values[ACCURACY], state["smooth"][2:], keep, smooth[1])
            if count:
                state["figures"][GRADIENT_NORM] = values[GRADIENT, -1]
                if before[STEP] == 0:
                    state["figures"][FIRST_LOSS] = values[LOSS, 0]
            for name, row in (
                ("loss", values[LOSS]),
                ("gradient", values[GRADIENT]),
                ("smoothed", smooth[0]),
                ("smoothed accuracy", smooth[1]),
            ):
                if name in out.samples and out.wanted(name):
                    out[name][done : done + count] = row
            if out.wanted("rate"):
                at, kind = program.tape.objectives[0].floats, SCHEDULES[self.schedule]
                scheduled_rates(tape["hyper"], at, kind, int(before[UPDATES]) + 1, out["rate"][done : done + count])
            if constants.instruments.steps or before[STEP]:  # the first call of a process contains compilation
                constants.instruments.seconds += found.seconds
            constants.instruments.steps += count if constants.instruments.seconds else 0
            if found.fault:
                self._diverge(constants, found.fault, int(state["counters"][STEP]) + 1)
            done += k
            if due:
                began = perf_counter()
                self._look(constants, state, tape, out, done - 1, found.watch)
                constants.instruments.looking += perf_counter() - began if state["figures"][EVALUATIONS] > 1 else 0.0
        return done

    def interval(self, constants: Constants) -> tuple[int, int]:
        """Steps before the first evaluation, and between two of them (0: never); the last step of all is evaluated, too."""
        if not self.evaluate:
            return 0, 0
        wanted, known = max(1, round(self.evaluate * self.steps_per_epoch)), constants.instruments
        if known.works is None:
            known.works = works(constants.program, self.batch, self.probe(constants).data.count)
        # A run that shall stop by itself is looked at as often as asked for: it is what decides.
        return wanted, wanted if self.patience or self.stop_at else spaced(wanted, known.works, self.looking, self.length or 0)

    def next_look(self, constants: Constants, step: int) -> int:
        """The first step after `step` at which an evaluation is due."""
        first, every = self.interval(constants)
        ahead = [at for at in (first, every * (step // every + 1), self.length or 0) if at > step]
        return min(ahead)

    def _diverge(self, constants: Constants, node: str, step: int) -> None:
        remedy, clock = self.remedy(node), self.clock
        layer = next((stage.name for stage in constants.stages if node == stage.name or node.startswith(f"{stage.name}.")), "")
        where = f"layer {layer}: '{node}'" if layer else f"'{node}' {self._largest(constants)}"
        raise DivergenceError(
            f"{self._owner()}: {where} became infinite or not a number at step {step} ({step * clock.dt:.4g} epochs), "
            f"most likely because {self._likely_cause(step)}: {remedy}.",
            model=self._owner(), stream=node, step=step, remedy=remedy,
        )  # fmt: skip

    @staticmethod
    def _largest(constants: Constants) -> str:
        """Which layer had grown most in the minibatch that failed."""
        with np.errstate(over="ignore", invalid="ignore"):
            sizes = [float(np.abs(constants.program.last(stage.value)).max()) for stage in constants.stages]
        k = int(np.argmax(sizes))
        return f"(layer {constants.stages[k].name} had grown to {sizes[k]:.2g})"

    def _likely_cause(self, step: int) -> str:
        """Why values are no longer finite, in words."""
        if step <= 2:
            return "the first weights or the data are too large"
        return f"the learning rate {self.rate:g} is too large" + ("" if self.clip else " and nothing clips the gradient")

    def remedy(self, stream: str) -> str:
        """What to try when training diverged."""
        clipped = "" if self.clip else " or clip the gradient at 1"
        return f"lower the learning rate to {self.rate / 10:g}{clipped}"

    def remedies(self, stream: str) -> tuple[Remedy, ...]:
        """A lower rate or a clipped gradient, from the best weights on."""
        return diagnosis.remedies("diverged", self)

    def advice(self, constants: Constants, state: State) -> Advice | None:
        """The diagnosis, where a button can mend what it finds."""
        if not state["figures"][EVALUATIONS]:
            return None
        finding, sentence = examine(self._signs(state))
        return Advice(finding, sentence, diagnosis.remedies(finding, self)) if finding else None

    def _look(
        self, constants: Constants, state: State, tape: State, out: Out, step: int, watch: dict[str, tuple[float, float, float]] | None
    ) -> None:
        """Evaluate: scores of both parts, health of the layers, best weights; written to the event streams."""
        figures, health = state["figures"], state["health"]
        probe, count = self.probe(constants), len(constants.stages)
        losses, output, *values = constants.program.sweep(
            tape, probe.data, ["loss", constants.output, *(s.value for s in constants.stages)]
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
        if figures[EVALUATIONS] == 0 or figures[TEST_LOSS] < figures[BEST_LOSS]:
            figures[[BEST_LOSS, BEST_SCORE, BEST_STEP, SINCE_BEST]] = figures[TEST_LOSS], figures[TEST_SCORE], state["counters"][STEP], 0
            state["best_parameters"][:], state["best_statistics"][:] = state["parameters"], state["statistics"]
        else:
            figures[SINCE_BEST] += 1
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
            return readings.observe(self, constants, state, self.tape_state(constants, state), stream)

    def summary(self, constants: Constants, state: State) -> dict[str, Any]:
        """Loss, scores, speed, memory and a diagnosis."""
        figures, counters, score = state["figures"], state["counters"], self.score_name
        out: dict[str, Any] = {"epochs done": round(float(counters[STEP]) / self.steps_per_epoch, 3)}
        if state["smooth"][1]:
            out["loss"] = float(state["smooth"][0] / state["smooth"][1])
        if figures[EVALUATIONS]:
            out |= {
                "test loss": float(figures[TEST_LOSS]),
                f"test {score}": float(figures[TEST_SCORE]),
                f"train {score}": float(figures[TRAIN_SCORE]),
            }
            out |= {"best test loss": float(figures[BEST_LOSS]), f"{score} at best": float(figures[BEST_SCORE])}
            out["best after (epochs)"] = round(float(figures[BEST_STEP]) / self.steps_per_epoch, 3)
            out["diagnosis"] = diagnose(self._signs(state))
        if state["switched"][0] >= 0:
            out["optimiser"] = (
                f"{self.optimiser} since epoch {float(state['switched'][0]) / self.steps_per_epoch:.4g}, its memory began at zero"
            )
        out["phase"] = walk.label(self, constants, state)
        if len(state["checked"]):
            out["gradient check"] = checking.sentence(state["checked"])
        layout = constants.program.layout
        out["parameters"] = layout.parameters
        out["memory (MB)"] = round((4 * layout.length + sum(a.nbytes for a in state.values()) + constants.material.data.x.nbytes) / 1e6, 3)
        if constants.instruments.seconds:
            spent = constants.instruments
            out["steps per second"] = round(spent.steps / spent.seconds)
            out["evaluating (% of time)"] = round(100 * spent.looking / (spent.looking + spent.seconds), 1)
        return out

    def _signs(self, state: State) -> Signs:
        figures, health = state["figures"], state["health"]
        hidden = health[:-1] if len(health) > 1 else health
        first, last = float(hidden[0, NORM]), float(hidden[-1, NORM])
        return Signs(
            ratio=first / last if last > 0 else 0.0, layers=len(health), gradient=float(figures[GRADIENT_NORM]), dead=float(hidden[:, DEAD].mean()),
            update=float(np.median(health[:, UPDATE])), first=float(figures[FIRST_LOSS]), smooth=float(state["smooth"][0] / max(state["smooth"][1], 1e-300)),
            test=float(figures[TEST_LOSS]), best=float(figures[BEST_LOSS]), scores=(float(figures[TRAIN_SCORE]), float(figures[TEST_SCORE])),
            classification=self.task == "classification", epochs=float(state["counters"][STEP]) / self.steps_per_epoch, relu=self.rectifies,
        )  # fmt: skip

    @property
    def rectifies(self) -> bool:
        """Whether a hidden unit can die: be silent for every input."""
        return True

    def predict(self, constants: Constants, state: State, x: np.ndarray) -> np.ndarray:
        """Class probabilities, or predicted values, of examples scaled as the training examples are."""
        return readings.predict(self, constants, self.tape_state(constants, state), x)
