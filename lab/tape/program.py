"""A compiled program: offsets in one arena, instructions as rows of integers, and the calls that run them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  the BLAS that kernels multiply with: loaded before it is held to one thread

from lab.errors import DivergenceError, ModelError, ParameterError, near
from lab.kernels import seed_state
from lab.kernels.threads import one_thread
from lab.params.bounds import MOST_ROWS, MOST_STEPS, Bound
from lab.tape import interpreter
from lab.tape.data import Data, check_values, pack
from lab.tape.halves import NOTHING, Halves, Helper, duration, halved
from lab.tape.initialisers import initial
from lab.tape.layout import Layout
from lab.tape.listing import Listing, Node
from lab.tape.optimisers import KINDS, SCHEDULES
from lab.tape.registry import END, ENTER, OPCODE, OUT

State = dict[str, np.ndarray]


@dataclass(frozen=True)
class Report:
    """What a call of `Program.train` did.

    values (steps, names): batch mean of every recorded node, then the gradient norm of each objective (NaN where an objective
    had no turn, or paused); `done` steps were applied. If done is less than asked, `fault` says in one sentence which node was not finite first, and at which step.
    watch (if asked for): parameter -> (gradient norm, norm of the weights, norm of the last update).
    """

    names: tuple[str, ...]
    values: np.ndarray
    done: int
    seconds: float
    fault: str = ""
    fault_node: str = ""
    fault_step: int = -1
    watch: dict[str, tuple[float, float, float]] | None = None

    def __getitem__(self, name: str) -> np.ndarray:
        """The series of one recorded value."""
        if name not in self.names:
            raise ModelError(f"tape: '{name}' is not recorded; {near(name, self.names)}")
        return self.values[:, self.names.index(name)]

    def check(self) -> Report:
        """The report itself, or a DivergenceError where training met NaN or infinity."""
        if self.fault:
            raise DivergenceError(
                self.fault,
                model="tape",
                stream=self.fault_node,
                step=self.fault_step,
                remedy="lower the learning rate or clip the gradient",
            )
        return self


class Program:
    """An immutable compiled program; everything that moves is in the state, a dict of plain arrays.

    state: parameters, statistics (running values), moments (2, P), hyper (live numbers), random (uint64[4]), counters (step,
    epoch, position in the epoch, updates per objective, and of these how many had been made when its memory was empty) and order (the shuffled rows of this epoch). Copying these arrays is
    a checkpoint; training resumed from it gives the same bytes, however the steps are divided among calls.
    """

    def __init__(self, tape: Listing, batch: int, dtype: str):
        if batch < 1:
            raise ParameterError(f"tape: a program needs a batch of at least 1 (got {batch}).", owner="tape", names=("batch",))
        if dtype not in ("float32", "float64"):
            raise ParameterError(f"tape: a program works in float32 or float64 (got {dtype}).", owner="tape", names=("dtype",))
        self.tape = tape
        self.batch = int(batch)
        self.dtype = dtype
        self.layout = Layout(tape, self.batch)
        self._plans: dict[Any, tuple[np.ndarray, int, np.ndarray]] = {}
        self._workspaces = threading.local()
        self._objectives, self._segments, self._scalars, self._rows, self.recorded = self._training_plan()
        trained = [node for node in tape.nodes if node.kind == "parameter"]
        self._watched = [node.name for node in trained]
        places = [(self.layout.offsets[node.index], self.layout.gradients[node.index], node.size) for node in trained]
        self._places = np.array(places, np.int64).reshape(-1, 3)
        self._codes = np.unique(self._rows[:, 0])
        self._needed: dict[Any, set[str]] = {}  # inputs behind each set of targets
        self._durations: dict[tuple[int, int], float] = {}  # by the place of a plan's rows and the samples, as are the halves
        self._halves: dict[tuple[int, int], Halves | None] = {}

    # State -------------------------------------------------------------------------------------------------------------

    def start(self, seed: int = 0, rows: int = 0) -> State:
        """A fresh state: initialised parameters, empty moments, generators seeded; `rows` is the number of training samples."""
        draw = seed_state(seed, 1)
        parameters, statistics = np.zeros(self.layout.parameters, self.dtype), np.zeros(self.layout.statistics, self.dtype)
        for node in self.tape.nodes:
            at = self.layout.offsets[node.index]
            if node.kind == "parameter":
                value = initial(node.shape, node.init, draw)
                if node.signs >= 0:
                    signs = self.tape.constants[node.signs][:, None]
                    value = np.where(signs != 0, np.abs(value) * signs + 0.0, value)  # + 0.0: no negative zeros
                parameters[at : at + node.size] = value.ravel()
            elif node.kind == "statistic":
                at -= self.layout.parameters
                statistics[at : at + node.size] = initial(node.shape, node.init, draw).ravel()
        return {
            "parameters": parameters,
            "statistics": statistics,
            "moments": np.zeros((2, self.layout.parameters), self.dtype),
            "hyper": np.array([h.value for h in self.tape.hypers], float),
            "random": seed_state(seed, 2),
            "counters": np.zeros(interpreter.UPDATES + 2 * len(self.tape.objectives), np.int64),
            "order": np.arange(rows, dtype=np.int64),
        }

    def parameters(self, state: State) -> dict[str, np.ndarray]:
        """Every trained array by name, as views that may be written to."""
        found = {}
        for node in self.tape.nodes:
            if node.kind == "parameter":
                at = self.layout.offsets[node.index]
                found[node.name] = state["parameters"][at : at + node.size].reshape(node.shape)
        return found

    def statistics(self, state: State) -> dict[str, np.ndarray]:
        """Every running value by name, as views that may be written to."""
        found = {}
        for node in self.tape.nodes:
            if node.kind == "statistic":
                at = self.layout.offsets[node.index] - self.layout.parameters
                found[node.name] = state["statistics"][at : at + node.size].reshape(node.shape)
        return found

    def state_bounds(self, state: State) -> dict[str, Bound]:
        """How far the arrays of a state of this program may go: its order of samples may be of any length that fits their number."""
        rows = max(1, len(state["order"]))
        most = np.full(interpreter.UPDATES + 2 * len(self.tape.objectives), MOST_STEPS)
        most[interpreter.POSITION] = rows - 1
        hyper = Bound([h.lo for h in self.tape.hypers], [h.hi for h in self.tape.hypers])
        return {"counters": Bound(0, most), "order": Bound(0, rows - 1, ((0, MOST_ROWS),)), "hyper": hyper}

    def forget(self, state: State) -> None:
        """Empty the optimisers' memory: moments 0, and their bias is corrected as at the start; weights and schedules stay."""
        count = len(self.tape.objectives)
        state["moments"][:] = 0
        state["counters"][interpreter.UPDATES + count :] = state["counters"][interpreter.UPDATES : interpreter.UPDATES + count]

    def load(self, state: State, arrays: dict[str, np.ndarray], *, partial: bool = False) -> None:
        """Set parameters and running values by name; shapes must agree, and nothing changes if one does not."""
        known = self.parameters(state) | self.statistics(state)
        for name, array in arrays.items():
            if name not in known:
                raise ModelError(f"tape: there is no parameter '{name}' to load; {near(name, known)}")
            if known[name].shape != np.shape(array):
                raise ModelError(
                    f"tape: '{name}' has the shape {known[name].shape}, but {np.shape(array)} was given; load weights of this network."
                )
        missing = sorted(set(known) - set(arrays))
        if missing and not partial:
            raise ModelError(f"tape: the weights lack '{missing[0]}' ({len(missing)} missing); load weights of this network.")
        for name, array in arrays.items():
            known[name][...] = array

    def hypers(self, state: State) -> dict[str, float]:
        """Live numbers by name: learning rates, decay, dropout rates and so on."""
        return {h.name: float(value) for h, value in zip(self.tape.hypers, state["hyper"], strict=True)}

    def set(self, state: State, name: str, value: float) -> None:
        """Change a live number; it acts from the next call on."""
        names = [h.name for h in self.tape.hypers]
        if name not in names:
            raise ParameterError(f"tape: there is no live number '{name}'; {near(name, names)}", owner="tape", names=(name,))
        hyper = self.tape.hypers[names.index(name)]
        if not hyper.lo <= value <= hyper.hi:
            raise ParameterError(f"{name}: must lie between {hyper.lo:g} and {hyper.hi:g} (got {value:g}).", owner="tape", names=(name,))
        state["hyper"][names.index(name)] = value

    # Data --------------------------------------------------------------------------------------------------------------

    def data(self, **arrays: np.ndarray) -> Data:
        """Samples for training, packed once: one array per input, first axis the sample."""
        return pack(self.tape, self.dtype, arrays, self.batch)

    # Running -----------------------------------------------------------------------------------------------------------

    def train(self, state: State, data: Data, steps: int, *, batch: int | None = None, shuffle: bool = True, watch: bool = False) -> Report:
        """Run `steps` minibatches of training in place of `state`; returns what was recorded.

        Every epoch goes once through the samples, in an order shuffled by the state's generator (or as they stand). The last
        minibatch of an epoch holds what is left. Stops before the first update that is not finite; see `Report`.
        """
        if not self.tape.objectives:
            raise ModelError("tape: nothing is to be minimised; call minimise(loss, optimiser) before compile.")
        if state["order"].size != data.count:
            state["order"] = np.arange(data.count, dtype=np.int64)
            state["counters"][interpreter.POSITION] = 0
        return self._learn(state, data, state["order"], state["counters"], steps, batch or self.batch, shuffle, watch)

    def step(self, state: State, *, watch: bool = False, **arrays: np.ndarray) -> Report:
        """One training step on the samples given, outside of any epoch."""
        data = self.data(**arrays)
        counters = state["counters"].copy()
        counters[interpreter.POSITION] = 0
        report = self._learn(state, data, np.arange(data.count, dtype=np.int64), counters, 1, data.count, False, watch)
        keep = state["counters"][[interpreter.EPOCH, interpreter.POSITION]].copy()
        state["counters"][:] = counters
        state["counters"][[interpreter.EPOCH, interpreter.POSITION]] = keep
        return report

    def _learn(self, state, data, order, counters, steps, batch, shuffle, watch) -> Report:
        if not 1 <= batch <= self.batch:
            raise ParameterError(
                f"tape: a minibatch of {batch} does not fit a program compiled for {self.batch}; compile with batch={batch}.",
                names=("batch",),
            )
        if counters.size != interpreter.UPDATES + 2 * len(self.tape.objectives):
            raise ModelError("tape: the counters of this state are those of another program or version; start it with this program.")
        # What comes from a file may say anything; a kernel believes it.
        if order.size and (order.min() < 0 or order.max() >= data.count or not 0 <= counters[interpreter.POSITION] < data.count):
            raise ModelError(f"tape: the order of the samples in this state leaves the {data.count} samples given; start it anew.")
        a = self._load(state)
        layout, total = self.layout, self.layout.parameters + self.layout.statistics
        fields = self._fields(data)
        self._expect_inputs(data.names, [objective.loss for objective in self.tape.objectives])
        records = np.zeros((steps, len(self.recorded)))
        before = np.zeros(layout.parameters if watch else 0, self.dtype)
        began = perf_counter()
        with one_thread:
            entries = interpreter.table(self.dtype, self._codes)
            halves = self._shared(self._rows, self._objectives[:, :4].tolist(), state, batch, steps)
            with self._helper(halves, entries, a, state, 1) as desk:
                shared = (
                    (halves.rows, halves.phases, halves.spans, halves.whole) if halves is not None else (self._rows, self._rows, NOTHING, 0)
                )
                lesson = interpreter.Lesson(
                    entries, self._rows, self._objectives, self._segments, self._scalars, data.flat, data.stride, fields, order, int(batch), bool(shuffle),
                    shared[0], shared[1], shared[2], shared[3], desk,
                )  # fmt: skip
                done, status, samples = interpreter.learn(
                    lesson, a, state["hyper"], state["moments"], counters, state["random"], int(steps), records, before
                )
        seconds = perf_counter() - began
        state["parameters"][:] = a[: layout.parameters]
        state["statistics"][:] = a[layout.parameters : total]
        self._workspaces.samples = samples
        fault, node, at = "", "", -1
        if status != interpreter.FINE:
            at = int(counters[interpreter.STEP])
            node = self._first_bad(a, samples, status == interpreter.BAD_GRADIENT)
            what = "gradient" if status == interpreter.BAD_GRADIENT else "value"
            fault = f"tape: the {what} of '{node}' is not finite at step {at}; lower the learning rate or clip the gradient."
        seen = None
        if watch and steps:
            found = np.zeros((len(self._watched), 3))
            interpreter.norms(a, before, self._places, found)
            seen = {name: (float(g), float(w), float(u)) for name, (g, w, u) in zip(self._watched, found, strict=True)}
        return Report(self.recorded, records[:done], int(done), seconds, fault, node, at, seen)

    def forward(
        self,
        state: State,
        outputs: Sequence[str | Node] | str | Node,
        *,
        train: bool = False,
        seed: int = 0,
        replace: Mapping[str, Any] | None = None,
        **arrays: np.ndarray,
    ) -> Any:
        """Values of one node, or a list of values of several, for any number of samples.

        Runs in evaluation mode unless train=True (dropout on, batch statistics); the state is not changed, random numbers
        come from `seed`.

        replace changes nodes in this pass alone, so that the same call without it gives the clean values beside the patched
        ones: name -> array (one per sample, or one for all), or a function of the node's value (samples, *shape) that returns
        another. Whatever reads the node reads the replaced value; nodes that share its memory (`reshape`) change with it.
        What only a replaced array would have needed need not be given: a decoder runs from codes alone.
        """
        single = isinstance(outputs, str | Node)
        nodes = [self._find(outputs)] if isinstance(outputs, str | Node) else [self._find(name) for name in outputs]
        fixed, moved = self._replacements(replace or {})
        key = ("forward", *(node.index for node in nodes))
        cut: frozenset[int] = frozenset()
        if fixed:
            known = {node.base for node, _ in fixed} | {self.tape.find(name).index for name in arrays}
            bare = {i for i in self.tape.ancestors(nodes) if self.tape.nodes[i].kind == "input"} <= known
            # What lies before an array runs too where it can: random numbers then fall as in the clean pass.
            cut = frozenset() if bare else frozenset(node.base for node, _ in fixed)
            key = (*key, "without", bare, *(node.base for node, _ in fixed))
        plan = self._plan(key, nodes, (), None, frozenset(node.base for node, _ in fixed), cut)
        found = self._run(state, plan, nodes, arrays, train, seed, cut=cut, fixed=fixed, moved=moved)[0]
        return found[0] if single else found

    def _replacements(self, replace: Mapping[str, Any]) -> tuple[list[tuple[Node, np.ndarray]], list[tuple[Node, Callable]]]:
        """Nodes that an array takes the place of, and nodes that a function changes."""
        fixed, moved = [], []
        for name, value in replace.items():
            node = self.tape.find(name)
            if node.kind in ("scratch", "statistic"):
                raise ModelError(f"tape: '{name}' is a {node.kind}, which nothing reads by name; replace a value, an input or a parameter.")
            if callable(value):
                moved.append((node, value))
                continue
            array = np.asarray(value, self.dtype)
            if array.shape not in ((), node.shape) and not (node.batched and array.shape[1:] == node.shape):
                raise ModelError(
                    f"tape: '{name}' has the shape {node.shape}{' per sample' if node.batched else ''}, but an array of shape {array.shape} is to replace it."
                )
            if node.classes:
                check_values(node, array)
            fixed.append((node, array))
        return fixed, moved

    def sweep(self, state: State, data: Data, outputs: Sequence[str], *, seed: int = 0) -> list[np.ndarray]:
        """As `forward` in evaluation mode, to the byte, for samples packed by `data`: what evaluations use, because little of it is Python."""
        nodes = [self._find(name) for name in outputs]
        rows, _, codes = self._plan(("forward", *(node.index for node in nodes)), nodes, (), None)
        self._expect_inputs(data.names, nodes)
        a, count, place, watched = self._load(state), data.count, 0, np.empty((len(nodes), 3), np.int64)
        for k, node in enumerate(nodes):
            watched[k] = self.layout.offset(node), node.size, place
            place += count * node.size
        out = np.empty(place, self.dtype)
        with one_thread:
            interpreter.sweep(
                interpreter.table(self.dtype, codes), rows, a, state["hyper"], data.flat, data.stride, self._fields(data), np.arange(count, dtype=np.int64),
                self.batch, seed_state(seed, 3), watched, out,
            )  # fmt: skip
        self._workspaces.samples = count - (count - 1) // self.batch * self.batch
        return [
            out[at : at + count * size].reshape(count, *node.shape) for node, (_, size, at) in zip(nodes, watched.tolist(), strict=True)
        ]

    def _fields(self, data: Data) -> np.ndarray:
        """Where the inputs lie in a sample and in the arena."""
        fields = data.fields.copy()
        for row, name in enumerate(data.names):
            node = self.tape.find(name)
            if node.kind != "input" or node.size != fields[row, 1] or node.classes != data.classes[row]:
                raise ModelError(f"tape: these samples were packed for another program, whose '{name}' differs; pack them with this one.")
            fields[row, 2] = self.layout.offsets[node.index]
        return fields

    def gradients(
        self,
        state: State,
        of: str | Node,
        wrt: Sequence[str | Node],
        *,
        weights: np.ndarray | None = None,
        mean: bool = True,
        train: bool = False,
        seed: int = 0,
        **arrays: np.ndarray,
    ) -> list[np.ndarray]:
        """Gradients of a node with respect to inputs, parameters or any node on the way, one array for each of `wrt`.

        What is differentiated is the mean over samples of the node's values (mean=False: their sum, so that the gradient with
        respect to an input is each sample's own), or their sum weighted by `weights` of the node's shape. More samples than
        the compiled batch are done in blocks (with train=True each block has its own batch statistics).
        """
        root, nodes = self._find(of), [self._find(name) for name in wrt]
        key = ("gradients", root.index, *(node.index for node in nodes))
        plan = self._plan(key, [root], nodes, root)
        count = self._count(arrays) if root.batched else 1
        if weights is None:
            weights = np.full((count, root.size), 1.0 / (count * root.size) if mean else 1.0)
        if np.size(weights) != count * root.size:
            raise ModelError(
                f"tape: gradient weights of shape {np.shape(weights)} do not fit '{root.name}' of shape {(count, *root.shape)}."
            )
        weights = np.asarray(weights, self.dtype).reshape(count, root.size)
        return self._run(state, plan, [root], arrays, train, seed, root=root, weights=weights, wrt=nodes)[1]

    def last(self, name: str | Node) -> np.ndarray:
        """Value of a node in the minibatch that this thread ran last (slow motion, watching)."""
        return self._read(self._find(name), self.layout.offsets)

    def last_gradient(self, name: str | Node) -> np.ndarray:
        """Gradient of the loss with respect to a node in the minibatch that this thread trained last."""
        return self._read(self._find(name), self.layout.gradients)

    def summary(self) -> list[dict[str, Any]]:
        """One row per layer: shape in and out, parameters, multiply-adds, bytes, neurons and synapses; see `layout.summary`."""
        return self.layout.summary(np.dtype(self.dtype).itemsize)

    # Inside ------------------------------------------------------------------------------------------------------------

    def _find(self, name: str | Node) -> Node:
        return name if isinstance(name, Node) else self.tape.find(name)

    def _plan(self, key, targets, wrt, root, without=frozenset(), cut=frozenset()) -> tuple[np.ndarray, int, np.ndarray]:
        if key not in self._plans:
            forward = self.layout.forward_rows(targets, without, cut)
            backward = self.layout.backward_rows(root, {node.index for node in wrt}) if root is not None else []
            rows = self.layout.table(forward + backward)
            self._plans[key] = rows, len(forward), np.unique(rows[:, 0])
        return self._plans[key]

    def _shared(self, rows: np.ndarray, parts: Sequence[Sequence[int]], state: State, samples: int, times: int) -> Halves | None:
        """Instructions for two threads if the call, which runs them so often for so many samples, gets them.

        parts: where (forward, its end, backward, its end) stand. A model may train with fewer samples than its program is compiled for.
        """
        key = id(rows), samples  # a plan lives as long as the program
        if key not in self._durations:
            self._durations[key] = duration(rows, samples, state["hyper"])
        if not Helper.may_come(times * self._durations[key]):
            return None
        if key not in self._halves:
            cut = [(list(rows[first:end]), list(rows[start:stop])) for first, end, start, stop in parts]
            self._halves[key] = halved(self.layout, self.dtype, state["hyper"], cut, samples)
        return self._halves[key]

    @staticmethod
    def _helper(halves: Halves | None, entries, a: np.ndarray, state: State, train: int) -> Helper:
        def help(desk: np.ndarray) -> bool:
            assert halves is not None
            return interpreter.assist(entries, halves.rows, halves.phases, a, state["hyper"], train, state["random"], desk)

        return Helper(halves, help)

    def _training_plan(self):
        layout = self.layout
        rows: list[np.ndarray] = []
        objectives: list[Any] = []
        segments: list[Any] = []
        scalars, names = [], []
        reached = [self.tape.ancestors([objective.loss]) for objective in self.tape.objectives]
        extra_of: list[list[Node]] = [[] for _ in self.tape.objectives]
        for name, node in self.tape.records if self.tape.objectives else []:
            needs = {i for i in self.tape.ancestors([node]) if self.tape.nodes[i].kind == "value"}
            k = next((k for k, known in enumerate(reached) if node.index in known), None)
            k = k if k is not None else max(range(len(reached)), key=lambda k: len(needs & reached[k]))
            extra_of[k].append(node)
            scalars.append((layout.offset(node), node.size, node.batched, k))
            names.append(name)
        for k, objective in enumerate(self.tape.objectives):
            forward = layout.forward_rows([objective.loss, *extra_of[k]])
            backward = layout.backward_rows(objective.loss, set(objective.parameters))
            start = len(rows)
            rows += forward + backward
            first = len(segments)
            segments += layout.segments(objective.parameters)
            objectives.append(
                (start, start + len(forward), start + len(forward), len(rows), layout.gradient(objective.loss), objective.loss.batched,
                 first, len(segments), KINDS[objective.optimiser.kind], SCHEDULES[objective.optimiser.schedule], objective.floats, objective.turn)
            )  # fmt: skip
            scalars.append((layout.offset(objective.loss), 1, objective.loss.batched, k))
            names.append(objective.record)
        names += ["gradient" if len(objectives) == 1 else f"{objective.name}.gradient" for objective in self.tape.objectives]
        return (
            np.array(objectives, np.int64).reshape(-1, 12),
            np.array(segments, np.int64).reshape(-1, 8),
            np.array(scalars, np.int64).reshape(-1, 4),
            layout.table(rows),
            tuple(names),
        )

    def _arena(self) -> np.ndarray:
        """This thread's memory; programs are shared between threads, workspaces are not."""
        if not hasattr(self._workspaces, "arena"):
            a = np.zeros(self.layout.length, self.dtype)
            for index, value in self.tape.constants.items():
                a[self.layout.offsets[index] : self.layout.offsets[index] + value.size] = value.ravel()
            self._workspaces.arena = a
        return self._workspaces.arena

    def _load(self, state: State) -> np.ndarray:
        a, end = self._arena(), self.layout.parameters
        if state["parameters"].size != end or state["parameters"].dtype != self.dtype:
            raise ModelError(
                f"tape: a state of {state['parameters'].size} {state['parameters'].dtype} parameters does not fit a program of {end} "
                f"{self.dtype} ones; start it with this program."
            )
        for name, size in (("statistics", self.layout.statistics), ("moments", 2 * end), ("hyper", len(self.tape.hypers))):
            if name in state and state[name].size != size:
                raise ModelError(f"tape: the state holds {state[name].size} {name}, the program {size}; start it with this program.")
        a[:end] = state["parameters"]
        a[end : end + self.layout.statistics] = state["statistics"]
        return a

    def _expect_inputs(self, names, targets: list[Node], cut: frozenset[int] = frozenset()) -> None:
        key = (cut, *(node.index for node in targets))
        if key not in self._needed:
            self._needed[key] = {self.tape.nodes[i].name for i in self.tape.ancestors(targets, cut) if self.tape.nodes[i].kind == "input"}
        missing = sorted(self._needed[key] - set(names))
        if missing:
            raise ModelError(f"tape: '{targets[0].name}' needs the input '{missing[0]}', which was not given; pass {missing[0]}=array.")

    def _count(self, arrays, fixed=()) -> int:
        given = arrays | {node.name: array for node, array in fixed if node.batched and array.ndim > len(node.shape)}
        counts = {len(array) for array in given.values()}
        if len(counts) > 1:
            sizes = ", ".join(f"{name} {len(array)}" for name, array in given.items())
            raise ModelError(f"tape: the inputs differ in their number of samples ({sizes}); give as many of each.")
        return counts.pop() if counts else self.batch

    def _run(self, state, plan, outputs, arrays, train, seed, *, root=None, weights=None, wrt=(), cut=frozenset(), fixed=(), moved=()):
        """Values of the outputs, and gradients of the root weighted by (samples, size) with respect to `wrt`, block by block."""
        rows, split, codes = plan
        replaced = {self.tape.nodes[node.base].name for node, _ in fixed}
        self._expect_inputs({*arrays, *replaced}, outputs, cut)
        count = self._count(arrays, fixed)
        prepared = [(node, value) for node, value in self._prepare(arrays) if node.name not in replaced]
        prepared += [(node, np.broadcast_to(array, (count, *node.shape) if node.batched else node.shape)) for node, array in fixed]
        stops = sorted(((self._written(rows[:split], node), node, function) for node, function in moved), key=lambda stop: stop[0])
        a = self._load(state)
        random = seed_state(seed, 3)
        found = [np.empty((count, *node.shape) if node.batched else node.shape, self.dtype) for node in outputs]
        slopes = [np.zeros((count, *node.shape) if node.batched else node.shape, self.dtype) for node in wrt]
        entries = interpreter.table(self.dtype, codes)
        with one_thread:
            blocks = 0 if stops else count // self.batch
            halves = self._shared(rows, [(0, split, split, len(rows))], state, self.batch, blocks)
            with self._helper(halves, entries, a, state, int(train)) as desk:
                for start in range(0, max(count, 1), self.batch):
                    n = min(self.batch, count - start)

                    def run(part: int, first: int, last: int, n: int = n, two: bool = halves is not None and n == self.batch) -> None:
                        if two:
                            assert halves is not None
                            at = halves.spans[part : part + 2]
                            interpreter.together(
                                entries, halves.rows, halves.phases, at[0], at[1], a, state["hyper"], int(train), random, desk
                            )
                        else:
                            interpreter.execute(entries, rows, first, last, a, state["hyper"], n, int(train), random)

                    self._workspaces.samples = n
                    for node, value in prepared:
                        self._write(node, value[start : start + n] if node.batched else value)
                    place = 0
                    for at, node, function in stops:
                        run(0, place, at)
                        place = at
                        self._write(node, self._changed(node, function))
                    run(0, place, split)
                    if root is not None:
                        here = weights[start : start + n] if root.batched else weights
                        at = self.layout.gradient(root)
                        a[at : at + here.size] = here.ravel()
                        run(1, split, len(rows))
                    for node, out in zip(outputs, found, strict=True):
                        out[slice(start, start + n) if node.batched else ...] = self._read(node, self.layout.offsets)
                    for node, out in zip(wrt, slopes, strict=True):
                        out[slice(start, start + n) if node.batched else ...] += self._read(node, self.layout.gradients)
                    if root is not None and not root.batched:  # it is the same in every block
                        break
        for node in [node for node, _ in (*fixed, *moved) if node.kind == "constant"]:
            self._write(node, self.tape.constants[node.index])
        return found, slopes

    def _written(self, rows: np.ndarray, node: Node) -> int:
        """Place after the last instruction that writes a node."""
        writers = np.flatnonzero((rows[:, OUT] == self.layout.offset(node)) & (rows[:, OPCODE] >= 0))
        steer = np.flatnonzero(np.isin(rows[:, OPCODE], (ENTER, END))).reshape(-1, 2)
        if any(((first < writers) & (writers < last)).any() for first, last in steer):
            raise ModelError(
                f"tape: '{node.name}' is computed in each step of an inner loop; replace it by an array, or what comes after the loop."
            )
        return int(writers[-1]) + 1 if writers.size else 0

    def _write(self, node: Node, value: np.ndarray) -> None:
        at = self.layout.offset(node)
        self._arena()[at : at + value.size] = value.ravel()

    def _changed(self, node: Node, function: Callable) -> np.ndarray:
        """What a function makes of the present value of a node."""
        value = self._read(node, self.layout.offsets)
        shape = value.shape
        changed = np.asarray(function(value), self.dtype)
        if changed.shape not in (shape, node.shape, ()):
            raise ModelError(
                f"tape: the function for '{node.name}' was given an array of shape {shape} and returned {changed.shape}; return its shape."
            )
        changed = np.broadcast_to(changed, shape)
        if node.classes:
            check_values(node, changed)
        return changed

    def _prepare(self, arrays):
        for name, array in arrays.items():
            node = self.tape.find(name)
            if node.kind != "input":
                raise ModelError(f"tape: '{name}' is a {node.kind}, not an input; pass inputs only.")
            value = np.asarray(array, self.dtype)
            if value.shape[1:] != node.shape:
                raise ModelError(
                    f"tape: input '{name}' takes samples of shape {node.shape}, but an array of shape {value.shape} was given."
                )
            if node.classes:  # kernels pick entries by these numbers
                check_values(node, value)
            yield node, value

    def _read(self, node: Node, offsets: list[int]) -> np.ndarray:
        a, at = self._arena(), offsets[node.base]
        shape = (getattr(self._workspaces, "samples", 1), *node.shape) if node.batched else node.shape
        return a[at : at + math.prod(shape)].reshape(shape).copy()

    def _first_bad(self, a, samples, gradient: bool) -> str:
        """Name of the first node in the order of the pass whose value (or gradient) is not finite."""
        nodes = [node for node in self.tape.nodes if node.kind in ("input", "parameter", "value") and node.base == node.index]
        nodes.sort(key=lambda node: node.kind == "value")
        offsets = self.layout.gradients if gradient else self.layout.offsets
        if gradient:
            nodes = [node for node in reversed(nodes) if node.kind != "input"]
        for node in nodes:
            at = offsets[node.index]
            if not np.isfinite(a[at : at + node.size * (samples if node.batched else 1)]).all():
                return node.name
        return "loss"
