"""The learner: what every model shares that trains a program of the tape, whatever it learns from and however many objectives it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, ClassVar

import numpy as np

from lab.errors import DivergenceError, ModelError
from lab.model import COUNT_OR_NONE, INFINITE, Bound, Clock, Layer, Model, Out, Picture, Remedy, State, Stream, action, index, param
from lab.tape import Data, Optimiser, Program, Tape
from lab.tape.files import load_weights, save_weights
from lab.tape.interpreter import EPOCH, POSITION, STEP, UPDATES
from lab.tape.optimisers import SCHEDULES, scheduled_rates
from lab.training import checking, diagnosis, readings, walk
from lab.training.makers import Maker
from lab.training.objectives import Measure, Objective, Phase, Stage, columns, minimise
from lab.training.pace import spaced, works
from lab.training.steps import Stretch, held, smoothing, values_of

OPTIMISERS = {"SGD": "descent", "momentum": "momentum", "Nesterov": "nesterov", "Adam": "adam", "AdamW": "adamw"}
TRAIN_LOSS, TEST_LOSS, TRAIN_SCORE, TEST_SCORE, BEST_LOSS, BEST_SCORE, BEST_STEP, SINCE_BEST, EVALUATIONS, FIRST_LOSS, GRADIENT_NORM = (
    range(11)
)
NEVER = 1e9  # the turn of an objective that has none
LOOKED_AT = 1000  # samples of an evaluation, where a learner does not say
SMOOTHED = 100  # steps that a smoothed loss looks back on, where there are no epochs


@dataclass
class Instruments:
    """Seconds and steps of the training itself, beside the run: no result depends on them. Also packed data, by what they are made of."""

    seconds: float = 0.0
    steps: int = 0
    looking: float = 0.0  # seconds of evaluations
    packed: dict[Any, Data] = field(default_factory=dict)
    probe: Any = None
    baseline: Any = None  # what is reached without learning
    works: tuple[float, float] | None = None  # of a step and of an evaluation


@dataclass(frozen=True)
class Constants:
    """The compiled program, what is learned from, and the layers."""

    program: Program
    material: Any = None  # of a supervised learner: its data set, split and scaled
    stages: tuple[Stage, ...] = ()
    output: str = ""
    outline: Any = None  # what is known of the data before they are loaded
    extra: dict[str, Any] = field(default_factory=dict)  # what a single model needs besides
    instruments: Instruments = field(default_factory=Instruments)
    maker: Any = None
    seed: int = 0


class Learner(Model):
    """Trains a program of the tape by one objective or by several that take turns; one step is one minibatch.

    A subclass says

        objectives     who wants what: names, losses, parameters, optimisers, turns (live)
        write(tape)    inputs, network and losses; returns the layers with weights
        maker          what is learned from
        length         steps of a whole run
        measures, measure(...)     figures of an evaluation
        phases(constants)          of slow motion
        own_streams, own_pictures, look(...)    what can be looked at

    and gets the run, evaluations, best weights, divergence with remedies, the gradient check, weight files and replay.
    The state holds the tape's arrays (`parameters statistics moments random counters order`), the last and the smoothed losses,
    the figures of the last evaluation, the best weights so far and the phase of slow motion.
    """

    optimiser: str = param("Adam", choices=tuple(OPTIMISERS), builds=True, main=True, group="Training",
                           doc="How weights follow the gradient. Another one keeps the weights; its memory (the moments) begins at zero.")  # fmt: skip
    rate: float = param(
        3e-3, lo=1e-7, hi=1e3, log=True, soft=(1e-5, 1.0), main=True, group="Training", label="Learning rate", doc="Learning rate."
    )
    momentum: float = param(0.9, lo=0.0, hi=0.999, group="Training", doc="Momentum; for Adam the memory of the mean gradient.",
                            when=("optimiser", ("momentum", "Nesterov", "Adam", "AdamW")))  # fmt: skip
    decay: float = param(
        0.0, lo=0.0, hi=10.0, group="Training", label="Weight decay", doc="Weight decay lambda: the loss gets lambda/2 |w|^2."
    )
    clip: float = param(0.0, lo=0.0, hi=1e3, group="Training", label="Clipping", doc="Largest norm of the gradient (0: not clipped).")
    schedule: str = param("constant", choices=tuple(SCHEDULES), builds=True, group="Training", doc="How the learning rate falls with time.")
    warmup: float = param(0.0, "steps", lo=0.0, hi=1e6, group="Training", doc="The learning rate rises linearly for so long.")
    final: float = param(0.1, lo=0.0, hi=1.0, group="Training", label="Final rate", when=("schedule", ("step", "exponential", "cosine", "linear")),
                         doc="Part of the learning rate that is left at the end (step: after each third of the run).")  # fmt: skip
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
    start_from: str = param("", kind="file", live=False, group="Training", label="Start from weights",
                            doc="A .safetensors or .npz file with the first weights of this network (empty: drawn at random).")  # fmt: skip
    slow: bool = param(False, group="Training", label="Phase by phase",
                       doc="A single step advances one phase of slow motion instead of one minibatch.")  # fmt: skip
    evaluate: float = param(
        100.0, "steps", lo=0.0, hi=1e6, group="Evaluation", doc="How often it is seen how good the network is, at most (0: never)."
    )
    looking: float = param(0.06, lo=1e-3, hi=10.0, log=True, group="Evaluation", label="Share of looking",
                           doc="Work of evaluations over that of training, at most: they are spaced out to that. 10: as often as asked for.")  # fmt: skip
    stop_at: float = param(0.0, lo=0.0, hi=1.0, group="Evaluation", doc="Stop when the score reaches this (0: do not).")
    patience: int = param(0, "evaluations", lo=0, hi=10_000, group="Evaluation",
                          doc="Stop after so many evaluations that were not better than the best (0: do not).")  # fmt: skip

    measures: ClassVar[tuple[Measure, ...]] = ()
    loss_unit: ClassVar[str] = ""
    room: ClassVar[int] = 256  # samples of one pass of an evaluation

    # -- what a subclass gives --

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Who wants what, with the present numbers; names, losses, parameters and scores may not depend on live ones."""
        return (Objective("loss", "loss", self.rule()),)

    def write(self, tape: Tape) -> tuple[Stage, ...]:
        """Write inputs, network and losses; returns the layers with weights that are worth looking at."""
        raise ModelError(f"{self._owner()} does not implement write().")

    @property
    def maker(self) -> Maker:
        """What is learned from."""
        raise ModelError(f"{self._owner()} does not say what it learns from.")

    def numbers(self) -> dict[str, float]:
        """Live numbers of the tape besides those of the optimisers, by name: {"beta.factor": self.beta}."""
        return {}

    def measure(self, constants: Constants, state: State, tape: State) -> dict[str, float]:
        """The figures of an evaluation, by the names of `measures`."""
        return {}

    def phases(self, constants: Constants) -> tuple[Phase, ...]:
        """Slow motion, phase by phase; the last one ends the step."""
        return ()

    def slow_samples(self, constants: Constants, state: State) -> dict[str, np.ndarray]:
        """The samples that slow motion looks at: the next minibatch."""
        rows = self.samples_of(constants, state)
        at = int(state["counters"][POSITION])
        order = state["order"][at : at + self.batch]
        return {name: array[order] for name, array in rows.items()}

    def check_samples(self, constants: Constants, state: State) -> dict[str, np.ndarray]:
        """The samples on which gradients are checked, in double precision."""
        rows = self.samples_of(constants, state)
        labels = {node.name for node in constants.program.tape.nodes if node.classes}
        first = {name: np.asarray(array[: checking.EXAMPLES], float) for name, array in rows.items()}
        return {name: array if name in labels else checking.jittered(array) for name, array in first.items()}

    def own_streams(self, shape: Any) -> tuple[Stream, ...]:
        """Streams that only this model has; `look` gives their values. `shape` is what is known of the data."""
        return ()

    def own_pictures(self, shape: Any) -> tuple[Picture, ...]:
        """Pictures that only this model has."""
        return ()

    def look(self, constants: Constants, state: State, tape: State, stream: str) -> Any:
        """What one of the model's own streams shows now."""
        raise ModelError(f"{self._owner()} has no per-block stream '{stream}'.")

    # -- declarations --

    @property
    def clock(self) -> Clock:
        """One step is one minibatch."""
        return Clock(1.0, "step", physical=False, name="minibatch")

    @property
    def speed(self) -> float | None:
        """So that a whole training can be watched, and two minibatches a second where one looks at every phase."""
        return 2.0 * self.clock.dt if self.slow else super().speed

    @property
    def unit_steps(self) -> int:
        """Steps in one unit of the clock, in which `evaluate` and `warmup` are given."""
        return 1

    @property
    def lasting(self) -> float:
        """The whole run in units of the clock, over which the schedule runs."""
        return float(self.length or 1000)

    @property
    def smoothed_steps(self) -> int:
        """Steps that the smoothed losses look back on, twice their time constant."""
        return SMOOTHED

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Losses, gradients and rates of each step, measures of each evaluation, and what can be looked at."""
        return (*self.common_streams(), *self.own_streams(None))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The losses, then the model's own, then the insides."""
        front, back = self.common_pictures()
        return (*front, *self.own_pictures(None), *back)

    def common_streams(self) -> tuple[Stream, ...]:
        """What every learner shows; with several objectives each trace has one channel for each."""
        objectives = self.objectives
        several = tuple(o.name for o in objectives) if len(objectives) > 1 else ()
        shape = (len(several),) if several else ()
        found = [
            Stream("loss", "trace", self.loss_unit, "Loss of each minibatch, before the update.", shape, several, every=1),
            Stream("smoothed", "trace", self.loss_unit, "Loss of the minibatches, averaged.", shape, several, every=1),
            Stream("rate", "trace", "", "Learning rate.", shape, several, every=1),
            Stream("gradient", "trace", "", "Norm of the gradient, before clipping.", shape, several, every=1),
            *(Stream(score, "trace", "", f"{score.capitalize()} on each minibatch, before the update.", every=1) for score in columns(objectives)[2]),
            Stream("layers", "table", "", "Shapes, neurons, synapses, parameters and work of each layer; memory for a full batch."),
            Stream("gradient check", "table", "", "Back-propagation against central differences, array by array."),
        ]  # fmt: skip
        if self.measures:
            names = tuple(m.name for m in self.measures)
            found.append(Stream("measures", "trace", "", "Figures of each evaluation.", (len(names),), names, events=True))
        if self.slow_motion:
            found.append(Stream("matrices", "matrices", "", "What one phase of slow motion computes."))
            found.append(Stream("phases", "table", "", "The phases of slow motion, the present one marked."))
        return tuple(found)

    slow_motion: ClassVar[bool] = False  # whether the learner declares phases

    def common_pictures(self) -> tuple[tuple[Picture, ...], tuple[Picture, ...]]:
        """(what stands in front, what stands behind the model's own)."""
        loss = Picture("loss", "Loss", (Layer("smoothed", label="smoothed"), Layer("loss", label="minibatch")), y="loss", front=True)
        back = [
            Picture("rate", "Learning rate", (Layer("rate"),), y="rate", y_log=True),
            Picture("gradient", "Gradient norm", (Layer("gradient"),), y="norm", y_log=True),
            Picture("check gradients", "Gradient check", (Layer("gradient check"),), figures=("gradient check",),
                    doc="'Check gradients' moves weights and inputs a little both ways and compares, in double precision."),
            Picture("layers", "Layers", (Layer("layers"),), figures=("steps per second", "evaluating (% of time)", "memory (MB)")),
        ]  # fmt: skip
        if self.slow_motion:
            slow = Picture("matrices", "Slow motion", (Layer("matrices"),), pick="check_parameter", front=self.slow, weight=3.0 if self.slow else 1.0,
                           doc="'Next phase' walks one step through its phases; click a weight to check its gradient.")  # fmt: skip
            return ((slow, loss), tuple(back)) if self.slow else ((loss,), (slow, *back))
        return (loss,), tuple(back)

    # -- behaviour --

    def changed_live(self, before: Model, constants: Constants, state: State) -> None:
        """Another optimiser begins with an empty memory."""
        if isinstance(before, Learner) and self.optimiser != before.optimiser:
            constants.program.forget(state)
            state["switched"][0] = state["counters"][STEP]

    def rule(self, rate: float | None = None, momentum: float | None = None) -> Optimiser:
        """The optimiser with its present numbers, at the rate given or the learner's own."""
        span = max(1.0, (self.lasting - self.warmup) * self.unit_steps / (3 if self.schedule == "step" else 1))
        return Optimiser(
            OPTIMISERS[self.optimiser], self.rate if rate is None else rate, self.momentum if momentum is None else momentum, decay=self.decay, clip=self.clip,
            schedule=self.schedule, warmup=self.warmup * self.unit_steps, span=span, final=self.final,
        )  # fmt: skip

    def compile(self, shape: Any = None, dtype: str = "float32") -> tuple[Program, tuple[Stage, ...], str]:
        """The program, its layers, and the name of the output node ("" where there is no single one)."""
        tape = Tape()
        stages = self.write(tape)
        minimise(tape, self.objectives)
        # Room for more samples than a minibatch: evaluations then run in few pieces.
        return tape.compile(max(self.batch, self.room), dtype), stages, stages[-1].value if stages else ""

    def build(self, seed: int) -> Constants:
        """Write the program; samples are made when the run needs them."""
        program, stages, output = self.compile()
        return Constants(program, stages=stages, output=output, maker=self.maker, seed=seed)

    def state_bounds(self, constants: Constants, state: State, step: int) -> dict[str, Bound]:
        """What of a training is an index or a count; losses and what is made of them may be infinite."""
        found = {name: bound for name, bound in constants.program.state_bounds(state).items() if name in state}
        found |= {"phase": index(len(self.phases(constants))), "switched": COUNT_OR_NONE, "checked": Bound(shape=((0, 10_000), (4, 5)))}
        return found | {name: INFINITE for name in ("last", "smooth", "figures", "measured") if name in state}

    def start(self, constants: Constants, seed: int) -> State:
        """First weights, drawn or from a file; nothing seen."""
        tape = constants.program.start(seed, self.rows(constants))
        if self.start_from:
            load_weights(self.start_from, constants.program, tape)
        del tape["hyper"]  # the live numbers are the parameters of this model
        losses, gradients, scores = self.columns()
        return tape | {
            "last": np.zeros(len(losses) + len(gradients) + len(scores)),  # of the last minibatch: losses, gradient norms, scores
            "smooth": np.zeros(2 * (len(losses) + len(scores))),  # weighted sum and sum of weights of each loss, then of each score
            "figures": np.zeros(11),
            "measured": np.zeros(len(self.measures)),
            "best_parameters": tape["parameters"].copy(),
            "best_statistics": tape["statistics"].copy(),
            "phase": np.zeros(1, np.int64),
            "switched": np.full(1, -1, np.int64),  # step at which the optimiser was changed last
            "checked": np.zeros((0, 4)),  # what the last gradient check found
        }

    def columns(self) -> tuple[list[str], list[str], list[str]]:
        """Names under which the tape reports losses, gradient norms and scores: the columns of what is known of a step."""
        return columns(self.objectives)

    def tape_state(self, constants: Constants, state: State, only: tuple[str, ...] = ()) -> State:
        """The state as the tape takes it: with the live numbers of this model. `only` these objectives learn, if any are named."""
        tape = constants.program.tape
        hyper = np.array([h.value for h in tape.hypers])
        for written, objective in zip(tape.objectives, self.objectives, strict=True):
            numbers = [value for value, _, _ in objective.rule.floats().values()]
            hyper[written.floats : written.floats + len(numbers)] = numbers
            if written.turn >= 0:
                chosen = objective.name in only
                hyper[written.turn] = (1 if chosen else NEVER) if only else objective.every
                hyper[written.turn + 1] = chosen if only else objective.active
        places = {h.name: k for k, h in enumerate(tape.hypers)}
        for name, value in self.numbers().items():
            hyper[places[name]] = value
        kept = ("parameters", "statistics", "moments", "random", "counters", "order")
        return {name: state[name] for name in kept} | {"hyper": hyper}

    def rows(self, constants: Constants) -> int:
        """Samples of an epoch."""
        return self.maker_now(constants).rows

    def maker_now(self, constants: Constants) -> Maker:
        """What is learned from now; a learner whose data change while it runs gives its present maker."""
        return constants.maker

    def samples_of(self, constants: Constants, state: State) -> dict[str, np.ndarray]:
        """The samples of the present epoch, by input."""
        return self.maker_now(constants).training(constants.seed, self._epoch(constants, state))

    def _epoch(self, constants: Constants, state: State) -> int:
        return int(state["counters"][EPOCH]) if self.maker_now(constants).fresh else 0

    def training_data(self, constants: Constants, state: State) -> Data:
        """The samples of the present epoch, packed for the tape."""
        maker, epoch, kept = self.maker_now(constants), self._epoch(constants, state), constants.instruments.packed
        if (maker, epoch) not in kept:
            kept.clear()
            kept[maker, epoch] = maker.pack(constants.program, constants.seed, epoch)
        return kept[maker, epoch]

    def learn(self, constants: Constants, state: State, tape: State, steps: int, watch: bool) -> Stretch:
        """Train up to so many steps in place, fewer where the samples of an epoch end; `watch` the last one."""
        data = self.training_data(constants, state)
        fresh = self.maker_now(constants).fresh
        if fresh:
            left = -(-(data.count - int(state["counters"][POSITION])) // self.batch)
            watch, steps = watch and left >= steps, min(steps, left)
        report = constants.program.train(tape, data, steps, batch=self.batch, shuffle=not fresh, watch=watch)
        if state["order"].size != tape["order"].size:
            state["order"] = tape["order"]
        values = held(values_of(report, self.columns()), state["last"])
        return Stretch(values, report.seconds, report.fault_node if report.fault else "", report.watch)

    def advance(self, constants: Constants, state: State, n: int, out: Out) -> int:
        """Train up to n minibatches, looking at how good it is where that is due."""
        program, tape = constants.program, self.tape_state(constants, state)
        losses, _, scores = self.columns()
        looks, keep = self.interval(constants)[1] > 0, 1.0 - min(1.0, 2.0 / self.smoothed_steps)
        done = 0
        while done < n and not self.finished(constants, state):
            if any(len(e.steps) - e.count[0] <= len(constants.stages) + len(self.measures) + 2 for e in out.events.values()):
                break
            before = state["counters"].copy()
            ahead = self.next_look(constants, int(before[STEP])) - int(before[STEP]) if looks else n
            k = min(n - done, ahead)
            found = self.learn(constants, state, tape, k, looks and k == ahead)
            values = np.ascontiguousarray(found.values.T)
            count = values.shape[1]
            smooth = np.zeros((len(losses) + len(scores), count))
            for row in range(len(losses)):
                smoothing(values[row], state["smooth"][2 * row : 2 * row + 2], keep, smooth[row])
            for at, score in enumerate(scores, len(losses)):
                if score in program.recorded:
                    smoothing(values[at + len(losses)], state["smooth"][2 * at : 2 * at + 2], keep, smooth[at])
            if count:
                state["last"][:] = values[:, -1]
                state["figures"][GRADIENT_NORM] = values[len(losses), -1]
                if before[STEP] == 0:
                    state["figures"][FIRST_LOSS] = values[0, 0]
            self._write_steps(out, done, count, values, smooth)
            if out.wanted("rate"):
                rates = out["rate"][done : done + count].reshape(count, len(program.tape.objectives))
                for place, objective in enumerate(program.tape.objectives):
                    every = int(tape["hyper"][objective.turn]) if objective.turn >= 0 else 1
                    first, series = int(before[STEP]), np.empty(count)
                    scheduled_rates(tape["hyper"], objective.floats, SCHEDULES[self.schedule], int(before[UPDATES + place]) + 1, series)
                    # Between two turns stands the rate of the next one.
                    rates[:, place] = series[(first + np.arange(count)) // every - first // every]
            if constants.instruments.steps or before[STEP]:  # the first call of a process contains compilation
                constants.instruments.seconds += found.seconds
            constants.instruments.steps += count if constants.instruments.seconds else 0
            if found.fault:
                self._diverge(constants, found.fault, int(state["counters"][STEP]) + 1)
            done += count
            if looks and count == ahead:
                began = perf_counter()
                self._look(constants, state, tape, out, done - 1, found.watch)
                constants.instruments.looking += perf_counter() - began if state["figures"][EVALUATIONS] > 1 else 0.0
        return done

    def _write_steps(self, out: Out, done: int, count: int, values: np.ndarray, smooth: np.ndarray) -> None:
        """Write what is known of some steps to the traces that are wanted."""
        losses, _, scores = self.columns()
        k = len(losses)
        rows = {"loss": values[:k], "gradient": values[k : 2 * k], "smoothed": smooth[:k]}
        rows |= {score: values[2 * k + j : 2 * k + j + 1] for j, score in enumerate(scores)}
        rows |= {f"smoothed {score}": smooth[k + j : k + j + 1] for j, score in enumerate(scores)}
        for name, array in rows.items():
            if name in out.samples and out.wanted(name):
                out[name][done : done + count] = array.T.reshape(count, *out[name].shape[1:])

    def looked_at(self, constants: Constants) -> int:
        """Samples that an evaluation looks at."""
        return LOOKED_AT

    def interval(self, constants: Constants) -> tuple[int, int]:
        """Steps before the first evaluation, and between two of them (0: never); the last step of all is evaluated, too."""
        if not self.evaluate:
            return 0, 0
        wanted, known = max(1, round(self.evaluate * self.unit_steps)), constants.instruments
        if known.works is None:
            known.works = works(constants.program, self.batch, self.looked_at(constants))
        # A run that shall stop by itself is looked at as often as asked for: it is what decides.
        return wanted, wanted if self.patience or self.stop_at else spaced(wanted, known.works, self.looking, self.length or 0)

    def next_look(self, constants: Constants, step: int) -> int:
        """The first step after `step` at which an evaluation is due."""
        first, every = self.interval(constants)
        ahead = [at for at in (first, every * (step // every + 1), self.length or 0) if at > step]
        return min(ahead)

    def _look(self, constants: Constants, state: State, tape: State, out: Out, step: int, watch: Any) -> None:
        """Evaluate: figures by name, best weights; written to the events."""
        found = self.measure(constants, state, tape)
        state["measured"][:] = [found[m.name] for m in self.measures]
        judged = next((k for k, m in enumerate(self.measures) if m.better), -1)
        if judged >= 0:
            value = float(state["measured"][judged])
            self.keep_best(state, value if self.measures[judged].better == "lower" else -value, value)
        state["figures"][EVALUATIONS] += 1
        for channel, value in enumerate(state["measured"]):
            out.events["measures"].append(step, channel, float(value))

    def keep_best(self, state: State, loss: float, score: float) -> None:
        """Keep the weights if their loss is the lowest so far."""
        figures = state["figures"]
        if figures[EVALUATIONS] == 0 or loss < figures[BEST_LOSS]:
            figures[[BEST_LOSS, BEST_SCORE, BEST_STEP, SINCE_BEST]] = loss, score, state["counters"][STEP], 0
            if self.worth_keeping(state, loss):
                state["best_parameters"][:], state["best_statistics"][:] = state["parameters"], state["statistics"]
        else:
            figures[SINCE_BEST] += 1

    def worth_keeping(self, state: State, loss: float) -> bool:
        """Whether weights of this loss are better to go back to than the first ones."""
        return True

    def finished(self, constants: Constants, state: State) -> str | None:
        """A stop condition is met."""
        figures = state["figures"]
        judged = next((m for m in self.measures if m.better), None)
        if judged is None or not figures[EVALUATIONS]:
            return None
        value = float(state["measured"][self.measures.index(judged)])
        if self.stop_at and (value >= self.stop_at if judged.better == "higher" else value <= self.stop_at):
            return f"the {judged.name} reached {self.stop_at:g}"
        if self.patience and figures[SINCE_BEST] >= self.patience:
            return f"no better {judged.name} in {self.patience} evaluations"
        return None

    # -- divergence --

    def _diverge(self, constants: Constants, node: str, step: int) -> None:
        remedy, clock = self.remedy(node), self.clock
        layer = next((stage.name for stage in constants.stages if node == stage.name or node.startswith(f"{stage.name}.")), "")
        where = f"layer {layer}: '{node}'" if layer else f"'{node}' {self._largest(constants)}".rstrip()
        raise DivergenceError(
            f"{self._owner()}: {where} became infinite or not a number at step {step} ({clock.said(step)}), "
            f"most likely because {self._likely_cause(step)}: {remedy}.",
            model=self._owner(), stream=node, step=step, remedy=remedy,
        )  # fmt: skip

    @staticmethod
    def _largest(constants: Constants) -> str:
        """Which layer had grown most in the minibatch that failed."""
        if not constants.stages:
            return ""
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

    # -- what can be looked at --

    def observe(self, constants: Constants, state: State, stream: str) -> Any:
        """What a stream shows now."""
        with np.errstate(over="ignore", invalid="ignore"):
            tape = self.tape_state(constants, state)
            found = readings.common(self, constants, state, tape, stream)
            return self.look(constants, state, tape, stream) if found is None else found

    def summary(self, constants: Constants, state: State) -> dict[str, Any]:
        """Losses, measures, speed and memory."""
        losses, _, scores = self.columns()
        out: dict[str, Any] = {}
        names = ["loss"] if len(losses) == 1 else [f"loss of {o.name}" for o in self.objectives]
        for k, name in enumerate([*names, *scores]):
            if state["smooth"][2 * k + 1]:
                out[name] = float(state["smooth"][2 * k] / state["smooth"][2 * k + 1])
        if state["figures"][EVALUATIONS]:
            out |= {m.name: float(value) for m, value in zip(self.measures, state["measured"], strict=True)}
        if state["switched"][0] >= 0:
            out["optimiser"] = f"{self.optimiser} since step {int(state['switched'][0])}, its memory began at zero"
        if self.slow_motion:
            out["phase"] = walk.label(self, constants, state)
        return out | self.common_summary(constants, state)

    def common_summary(self, constants: Constants, state: State) -> dict[str, Any]:
        """The gradient check, size and speed."""
        out: dict[str, Any] = {}
        if len(state["checked"]):
            out["gradient check"] = checking.sentence(state["checked"])
        layout, spent = constants.program.layout, constants.instruments
        data = constants.material.data.x.nbytes if constants.material is not None else sum(d.flat.nbytes for d in spent.packed.values())
        out["parameters"] = layout.parameters
        out["memory (MB)"] = round((4 * layout.length + sum(a.nbytes for a in state.values()) + data) / 1e6, 3)
        if spent.seconds:
            out["steps per second"] = round(spent.steps / spent.seconds)
            out["evaluating (% of time)"] = round(100 * spent.looking / (spent.looking + spent.seconds), 1)
        return out

    # -- what a person may do --

    @action("Next phase", shortcut="N")
    def next_phase(self, constants: Constants, state: State) -> None:
        """Slow motion: one phase further; weights move when a phase in which they learn is left."""
        phases = self.phases(constants)
        if not phases:
            raise ModelError(f"{self._owner()} has no slow motion: use a single step.")
        at = int(state["phase"][0])
        if phases[at].learns:
            self.learn_once(constants, state, phases[at].learns)
        if at == len(phases) - 1:
            self.pass_on(constants, state)
        state["phase"][0] = (at + 1) % len(phases)

    @property
    def single_step(self) -> str:
        """Phase by phase, a single step is one phase."""
        return "next_phase" if self.slow else ""

    def learn_once(self, constants: Constants, state: State, objectives: tuple[str, ...]) -> None:
        """One update of the named objectives on the samples of slow motion; it is no step of the run."""
        tape, counters = self.tape_state(constants, state, objectives), state["counters"]
        step = counters[STEP]
        samples: dict[str, Any] = self.slow_samples(constants, state)
        report = constants.program.step(tape, **samples)
        counters[STEP] = step
        if report.fault:
            self._diverge(constants, report.fault_node, int(step) + 1)

    def pass_on(self, constants: Constants, state: State) -> None:
        """Slow motion has done with its samples: the next ones."""
        counters = state["counters"]
        counters[POSITION] += min(self.batch, len(state["order"]) - counters[POSITION])
        if counters[POSITION] >= len(state["order"]):
            counters[POSITION] = 0
            counters[EPOCH] += 1

    @action("Back to the best weights")
    def restore_best(self, constants: Constants, state: State) -> None:
        """The weights that were best so far (the first ones if none was evaluated); the optimiser's memory begins anew."""
        state["parameters"][:], state["statistics"][:] = state["best_parameters"], state["best_statistics"]
        constants.program.forget(state)
        state["smooth"][:] = 0  # an average of losses that these weights never had

    @action("Check gradients")
    def check_gradients(self, constants: Constants, state: State) -> None:
        """Compare back-propagation with central differences for every weight array, as the network stands, in double precision."""
        state["checked"] = checking.check(self, constants, state, self.tape_state(constants, state))

    @action("Check one weight", hidden=True, index=(int, param(0, lo=0, hi=2**31 - 1, doc="Its place among all weights.")))
    def check_parameter(self, constants: Constants, state: State, index: int) -> None:
        """Compare back-propagation with a central difference for a single weight, as the network stands, in double precision."""
        if index >= constants.program.layout.parameters:
            raise ModelError(f"{self._owner()}.check_parameter.index: must be below the number of weights, {constants.program.layout.parameters} (got {index}).")  # fmt: skip
        state["checked"] = checking.check_one(self, constants, state, self.tape_state(constants, state), index)

    @action("Load weights", file=(str, param("", kind="file", doc="A .safetensors or .npz file of this network.")))
    def load(self, constants: Constants, state: State, file: str) -> None:
        """Replace the weights by those of a file; the optimiser's memory is cleared."""
        load_weights(file, constants.program, state)
        constants.program.forget(state)

    @action("Save weights", outside=True, file=(str, param("", kind="file", doc="File to write, .safetensors or .npz.")))
    def save(self, constants: Constants, state: State, file: str) -> None:
        """Write the weights as they are now."""
        save_weights(file, constants.program, state)
