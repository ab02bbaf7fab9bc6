"""The engine: one generator that advances a model, driven alike by the window, the command line and Python.

    simulation = Simulation(model, seed)
    for block in simulate(simulation, steps=1000, record={"V": 1}):
        ...

A block is a stretch of steps with what was produced in it. Changes and actions take effect between blocks only and are
logged with their step; because models promise the same result for every way of cutting time into blocks, replaying the
log gives the same bytes in the window, on the command line and in Python (on one kind of processor: `provenance`).
"""

from __future__ import annotations

import copy
import functools
import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import numpy as np

from lab.engine import faults, kinds
from lab.errors import DivergenceError, LabError, ModelError, StateError, near
from lab.model import Events, Happened, Model, Out, Recorded, State, Stream
from lab.params import bounds

BLOCK_BYTES = 32 << 20  # most memory that the samples of one block may take
FIRST_EVENTS = 1 << 14


@dataclass
class Block:
    """Steps `start+1 .. start+steps` and what they produced.

    samples[name] (steps, *shape): the value after each step. events[name]: (step, index, value) with absolute steps: an event
    in the first step of a run has step 0, and its time is (step + value) dt. snapshots[name]: what a per-block stream shows at the end of the block.
    """

    start: int
    steps: int
    samples: dict[str, np.ndarray]
    events: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
    snapshots: dict[str, Any] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """The step that the model stands at after this block."""
        return self.start + self.steps


@dataclass(frozen=True)
class Order:
    """What the consumer sends back to `simulate`: how large the next block may be, and which streams a view wants.

    Changes and actions are done on the simulation itself while the generator waits between two blocks.
    """

    block: int | None = None
    wanted: frozenset[str] | None = None


@dataclass(frozen=True)
class Checkpoint:
    """All that is needed to go on from a step: the parameters at that time and a copy of the state.

    done    entries of the run's log that have happened in it already: of two things done at one step the checkpoint
            between them holds the first only, and a replay must do the second.
    run     whose it is, where it comes from a file
    """

    step: int
    parameters: dict[str, Any]
    state: State
    done: int = 0
    run: str = ""


_Method = TypeVar("_Method", bound=Callable[..., Any])


def _on_one_thread(method: _Method) -> _Method:
    """Whatever a model computes, its products are summed in one order: a figure does not depend on the number of cores."""

    @functools.wraps(method)
    def alone(*given: Any, **named: Any) -> Any:
        from lab.kernels.threads import one_thread  # here: Numba is not loaded before a model runs

        with one_thread:
            return method(*given, **named)

    return cast(_Method, alone)


class Simulation:
    """A model in motion: value, constants, state, step and the log of what was done to it."""

    @_on_one_thread
    def __init__(self, model: Model, seed: int = 0):
        _check_memory(model)
        self.model = model
        self.seed = int(seed)
        self.step = 0
        self.log: list[Happened] = []
        self.over: str | None = None  # why the model ended before its length
        self._buffers: dict[str, Events] = {}
        self._declared: tuple[Model, Sequence[Stream]] = (model, model.streams)
        for stream in self._declared[1]:
            kinds.of(model._owner(), stream)
        self.constants = self._build(model)
        self.state = self._start(model, self.constants)
        self._shaped = model, bounds.shapes(self.state)

    # What a model raises without meaning it is told in a sentence; the tests want it as it is (`faults`).

    def _build(self, model: Model) -> Any:
        try:
            return model.build(self.seed)
        except Exception as problem:
            faults.told(model._owner(), "is built", problem)

    def _start(self, model: Model, constants: Any) -> State:
        try:
            return model.start(constants, self.seed)
        except Exception as problem:
            faults.told(model._owner(), "is started", problem)

    def _move(self, n: int, out: Out) -> int:
        try:
            return int(self.model.advance(self.constants, self.state, n, out))
        except Exception as problem:
            faults.told(self.model._owner(), f"advances from step {self.step}", problem)

    def _finished(self) -> str | None:
        try:
            return self.model.finished(self.constants, self.state)
        except Exception as problem:
            faults.told(self.model._owner(), f"is asked at step {self.step} whether it is finished", problem)

    @_on_one_thread
    def advance(self, n: int, wanted: Iterable[str] = ()) -> Block:
        """Advance up to n steps; `wanted` names the sampled streams to write (events are always written)."""
        wanted = frozenset(wanted)
        declared = self._streams()
        samples = {s.name: np.empty((n if s.name in wanted else 0, *s.shape), s.dtype) for s in declared if s.form == "samples"}
        # Kept from call to call: making them anew costs more than a short block of a small model.
        buffers = {s.name: self._buffers.get(s.name) or Events(FIRST_EVENTS) for s in declared if s.form == "events"}
        parts: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {name: [] for name in buffers}
        for buffer in buffers.values():
            buffer.count[0] = 0  # a call that raised may have left events behind
        done = 0
        self.over = None
        while done < n:
            view = {name: array[done:] for name, array in samples.items()}
            moved = self._move(n - done, Out(view, buffers))
            held = 0
            for name, buffer in buffers.items():
                k = int(buffer.count[0])
                held += k
                if k:
                    parts[name].append((buffer.steps[:k] + (self.step + done), buffer.index[:k].copy(), buffer.value[:k].copy()))
                    buffer.count[0] = 0
            done += moved
            if done < n:
                self.over = self._finished()
                if self.over:
                    break
                if moved == 0 and held == 0:
                    # Not even one step's events fitted: give more room, unless the model simply does not move.
                    if not buffers or len(next(iter(buffers.values())).steps) > 1 << 28:
                        raise ModelError(f"{self.model._owner()}.advance did no step at step {self.step + done} and gave no reason.")
                    buffers = {name: Events(4 * len(b.steps)) for name, b in buffers.items()}
        self._buffers = buffers
        events = {
            name: tuple(np.concatenate(column) for column in zip(*chunks, strict=True)) if chunks else (np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0))
            for name, chunks in parts.items()
        }  # fmt: skip
        block = Block(self.step, done, {k: v[:done] for k, v in samples.items() if k in wanted}, events)  # type: ignore[arg-type]
        self.step += done
        self._check_finite(block)
        return block

    def _streams(self) -> Sequence[Stream]:
        """The model's streams; kept, because a model may make them anew whenever they are asked for."""
        if self._declared[0] is not self.model:
            self._declared = self.model, self.model.streams
        return self._declared[1]

    def sampled(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the named streams that have a value at every step."""
        return frozenset(names) & {s.name for s in self._streams() if s.form == "samples"}

    def _check_finite(self, block: Block) -> None:
        """Raise a DivergenceError naming the first stream and step that are NaN or infinite."""
        with np.errstate(over="ignore", invalid="ignore"):
            for name, array in block.samples.items():
                # A sum is finite unless something in it is not (or it overflows, which the exact look then clears).
                if array.dtype.kind == "f" and not np.isfinite(array.sum()):
                    bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
                    if bad.any():
                        self._diverged(name, block.start + 1 + int(bad.argmax()))
            for name, array in self.state.items():
                if array.dtype.kind == "f" and np.isnan(array.sum()) and np.isnan(array).any():
                    self._diverged(name, block.end)

    def _diverged(self, stream: str, step: int) -> None:
        clock = self.model.clock
        remedy = self.model.remedy(stream)
        raise DivergenceError(
            f"{self.model._owner()}: {stream} became infinite or not a number at step {step} ({clock.said(step)}): {remedy}.",
            model=self.model._owner(),
            stream=stream,
            step=step,
            remedy=remedy,
        )

    def change(self, **values: Any) -> None:
        """Change live parameters now; logged. A parameter that is not live needs a new run and is refused."""
        self._apply(values)
        self.log.append(Happened(self.step, "change", "", dict(values)))

    @_on_one_thread
    def _apply(self, values: Mapping[str, Any]) -> None:
        before = self.model
        after = before.replace(**values)
        specs = type(before).specs()
        rebuild = False
        for name in values:
            if getattr(before, name) == getattr(after, name):
                continue
            if not specs[name].live:
                raise ModelError(f"{before._owner()}.{name} cannot change while it runs: start a new run with {name} = {values[name]!r}.")
            rebuild |= specs[name].builds
        if rebuild:
            self.constants = self._build(after)
        self.model = after
        try:
            after.changed_live(before, self.constants, self.state)
        except Exception as problem:
            faults.told(after._owner(), "takes over a change", problem)

    @_on_one_thread
    def act(self, action: str, **arguments: Any) -> None:
        """Do an action now; logged."""
        known = type(self.model).actions()
        if action not in known:
            raise ModelError(f"{self.model._owner()} has no action '{action}': {near(action, known)}")
        declared = known[action].arguments(**arguments)
        try:
            changes = known[action].call(self.model, self.constants, self.state, **declared.values())
        except Exception as problem:
            faults.told(self.model._owner(), f"does '{action}'", problem)
        if changes:
            self._apply(changes)  # part of the action: replaying it makes the same changes again
        self.log.append(Happened(self.step, "act", action, declared.values()))

    def happen(self, what: Happened) -> None:
        """Do a logged change or action now (its step is replaced by the present one)."""
        if what.kind == "change":
            self.change(**what.values)
        elif (known := type(self.model).actions().get(what.name)) is not None and known.outside:
            self.log.append(Happened(self.step, "act", what.name, dict(what.values)))  # it changed a file, not the run: not done again
        else:
            self.act(what.name, **what.values)

    def foresee(self, stream: str, action: str, **arguments: Any) -> Any:
        """What a per-block stream would show after an action: done to a copy of the state, so the run stays as it is and nothing is logged."""
        known = type(self.model).actions().get(action)
        if known is None or known.outside:
            raise ModelError(f"{self.model._owner()} has no action '{action}' that can be foreseen: it is unknown or writes a file.")
        other = copy.copy(self)
        other.state, other.log = {name: array.copy() for name, array in self.state.items()}, []
        other.act(action, **arguments)
        return other.observe(stream)

    @_on_one_thread
    def observe(self, stream: str) -> Any:
        """What a per-block stream shows now; a ModelError that names the stream where it cannot be drawn."""
        try:
            shown = self.model.observe(self.constants, self.state, stream)
        except Exception as problem:
            faults.told(self.model._owner(), f"shows '{stream}'", problem)
        return kinds.checked(self.model._owner(), self.model.stream(stream), shown)

    @_on_one_thread
    def summary(self) -> dict[str, Any]:
        """The run's figures so far."""
        try:
            told = self.model.account(self.constants)
            found = self.model.summary(self.constants, self.state)
        except Exception as problem:
            faults.told(self.model._owner(), "sums up", problem)
        return {**found, "data": told} if told else found

    def checkpoint(self) -> Checkpoint:
        """A copy to go on from."""
        return Checkpoint(self.step, self.model.values(), {k: v.copy() for k, v in self.state.items()}, len(self.log))

    @_on_one_thread
    def restore(self, point: Checkpoint) -> None:
        """Go back (or forward) to a checkpoint of the same model and seed.

        Raises StateError where it holds what no run of the model can hold; the simulation is then as it was.
        """
        before, kind = self.model, type(self.model)
        model, constants = kind(**kind.of_before(point.parameters)), self.constants
        owner = f"The checkpoint at step {point.step} {'of ' + point.run if point.run else 'of ' + before._owner()} is damaged"
        if not 0 <= point.step <= bounds.MOST_STEPS:
            raise StateError(f"{owner}: a run has from 0 to {bounds.MOST_STEPS} steps; use an earlier one, or run it again.")
        if _differ(before, model):
            _check_memory(model)
            constants = self._build(model)
        shaped, start = self._shaped, None
        if _differ(shaped[0], model):
            start = self._start(model, constants)
            shaped = model, bounds.shapes(start)
        fresh = {k: np.array(v) for k, v in point.state.items()}
        if set(fresh) < set(shaped[1]):
            # Made by an earlier version, which did not keep all that this one keeps: that begins as in a new run.
            fresh = (start or self._start(model, constants)) | fresh
        if set(fresh) != set(shaped[1]):
            raise ModelError(f"The checkpoint at step {point.step} does not belong to this version of {before._owner()}.")
        bounds.check_kinds(owner, fresh, shaped[1])
        try:
            limits = model.state_bounds(constants, fresh, point.step)
        except Exception as problem:
            faults.told(model._owner(), "says what its state may hold", problem)
        bounds.check(owner, fresh, shaped[1], limits)
        self.model, self.constants, self.state, self._shaped = model, constants, fresh, shaped
        self.step = point.step
        self.log = self.log[: point.done]


def _differ(one: Model, other: Model) -> bool:
    """Whether two values of a model have other constants, or other arrays."""
    return any(getattr(one, n) != getattr(other, n) for n, s in type(one).specs().items() if s.builds or not s.live)


def _check_memory(model: Model) -> None:
    """Refuse a model that does not fit into memory."""
    needed, free = model.memory(), available_memory()
    if free and needed > 0.8 * free:
        raise ModelError(
            f"{model._owner()} needs about {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free: choose fewer cells, connections or points."
        )


def available_memory() -> int:
    """Bytes of memory that can still be taken, 0 where the system does not say."""
    try:
        with open("/proc/meminfo") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0


def step_bytes(model: Model, wanted: Iterable[str]) -> int:
    """Bytes that one step of the wanted sampled streams takes."""
    wanted = set(wanted)
    return sum(
        int(np.prod(s.shape, dtype=np.int64)) * np.dtype(s.dtype).itemsize
        for s in model.streams
        if s.name in wanted and s.form == "samples"
    )


def default_record(model: Model) -> dict[str, int]:
    """What is recorded when nobody says: every stream that declares `every`, and all events."""
    return {s.name: s.every or 1 for s in model.streams if s.every or s.form == "events"}


def check_record(model: Model, record: Mapping[str, int]) -> dict[str, int]:
    """Stream names and intervals of a recording, validated; interval 0 means not recorded."""
    out = {}
    for name, every in record.items():
        stream = model.stream(name)
        if isinstance(every, bool) or not isinstance(every, int) or every < 0:
            raise ModelError(f"record {name}: the interval must be a whole number of steps from 0 (got {every!r}).")
        if every:
            out[name] = 1 if stream.form == "events" else every
    return out


def simulate(
    simulation: Simulation,
    steps: int | None = None,
    *,
    record: Mapping[str, int] | None = None,
    schedule: Sequence[Happened] = (),
    wanted: Iterable[str] = (),
    block: int = 0,
    block_seconds: float = 0.05,
) -> Generator[Block, Order | None, str]:
    """Yield blocks until `steps` (counted from the start of the run) or the model's own end; returns why it ended.

    record      interval of each stream to record: samples wanted are those recorded plus `wanted` (for viewing)
    schedule    changes and actions at given steps
    block       steps per block; 0: adapts so that a block takes about `block_seconds`
    """
    record = check_record(simulation.model, default_record(simulation.model) if record is None else record)
    fixed = block > 0
    size = block or 1
    want = frozenset(wanted)
    pending = sorted((h for h in schedule if h.step >= simulation.step), key=lambda h: h.step)
    planned: tuple[Model, frozenset[str]] | None = None
    while True:
        while pending and pending[0].step <= simulation.step:
            simulation.happen(pending.pop(0))
        model = simulation.model
        if planned is None or planned[0] is not model or planned[1] != want:  # streams are declared anew each time they are asked for
            planned = model, want
            form = {s.name: s.form for s in model.streams}
            sampled = {name for name in (*record, *want) if form[name] == "samples"}
            snapshots = {name: every for name, every in record.items() if form[name] == "snapshots"}
            most = max(1, BLOCK_BYTES // max(1, step_bytes(model, sampled)))
        end = min((e for e in (steps, model.length) if e is not None), default=None)
        if end is not None and simulation.step >= end:
            return "finished"
        n = min(size, most)
        if end is not None:
            n = min(n, end - simulation.step)
        if pending:
            n = min(n, pending[0].step - simulation.step)
        for every in snapshots.values():
            n = min(n, every - simulation.step % every)
        began = time.perf_counter()
        produced = simulation.advance(n, sampled)
        took = time.perf_counter() - began
        for name, every in snapshots.items():
            if simulation.step % every == 0 or simulation.over:
                produced.snapshots[name] = simulation.observe(name)
        order = yield produced
        if simulation.over:
            return simulation.over
        if not fixed and produced.steps == n:
            # Aim at the asked time per block; never grow more than fourfold, as the first block contains compilation.
            ideal = n * block_seconds / max(took, 1e-7)
            size = int(max(1, min(ideal, 4 * max(size, 1), 1 << 24)))
        if order is not None:
            if order.block:
                size, fixed = order.block, True
            if order.wanted is not None:
                want = order.wanted


def recorded_rows(block: Block, name: str, every: int) -> tuple[int, np.ndarray]:
    """First absolute step and rows of a block's samples that fall on multiples of `every`."""
    first = -(block.start + 1) % every
    return block.start + 1 + first, block.samples[name][first::every]


class Collector:
    """Keeps what a run records in memory."""

    def __init__(self, model: Model, record: Mapping[str, int]):
        self.model = model
        self.record = dict(record)
        self._rows: dict[str, list] = {name: [] for name in self.record}

    def take(self, block: Block) -> None:
        """Keep a block's recorded parts."""
        for name, every in self.record.items():
            if name in block.samples:
                first, rows = recorded_rows(block, name, every)
                if len(rows):
                    self._rows[name].append((first + every * np.arange(len(rows)), rows.copy()))
            elif name in block.events:
                if len(block.events[name][0]):
                    self._rows[name].append(block.events[name])
            elif name in block.snapshots:
                self._rows[name].append((block.end, block.snapshots[name]))

    def parts(self, name: str) -> list:
        """The pieces of one stream as they came: (steps, rows), (steps, index, value) or (step, snapshot)."""
        return self._rows[name]

    def recorded(self, name: str) -> Recorded:
        """All of one stream."""
        stream, rows, dt = self.model.stream(name), self._rows[name], self.model.clock.dt
        if stream.form == "samples":
            if not rows:
                return Recorded(np.empty(0), np.empty((0, *stream.shape), stream.dtype))
            return Recorded(np.concatenate([r[0] for r in rows]) * dt, np.concatenate([r[1] for r in rows]))
        if stream.form == "events":
            columns: list[Any] = (
                [np.concatenate(c) for c in zip(*rows, strict=True)]
                if rows
                else [np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0)]
            )
            if stream.kind == "raster":
                return Recorded((columns[0] + columns[2]) * dt, columns[2], columns[1])
            return Recorded((columns[0] + 1) * dt, columns[2], columns[1])
        return Recorded(np.array([r[0] for r in rows], float) * dt, [r[1] for r in rows])


@dataclass
class Result:
    """A finished run in memory: streams by name, the final state, the summary and the log of what was done."""

    simulation: Simulation
    collector: Collector
    reason: str

    @property
    def model(self) -> Model:
        """The model as it was at the end."""
        return self.simulation.model

    @property
    def state(self) -> State:
        """The final state."""
        return self.simulation.state

    @property
    def summary(self) -> dict[str, Any]:
        """The run's figures."""
        return self.simulation.summary()

    @property
    def streams(self) -> list[str]:
        """Names of what was recorded."""
        return list(self.collector.record)

    def recorded(self, name: str) -> Recorded:
        """Time, values and (for events) index of a recorded stream."""
        if name not in self.collector.record:
            self.model.stream(name)
            raise LabError(f"{name} was not recorded in this run: record it with record={{'{name}': 1}} or --record {name}=1.")
        return self.collector.recorded(name)

    def __getitem__(self, name: str) -> Any:
        """Values of a recorded stream; for a raster, the event times in the clock's unit."""
        found = self.recorded(name)
        return found.time if self.model.stream(name).kind == "raster" else found.values

    def observe(self, stream: str) -> Any:
        """What a per-block stream shows at the end."""
        return self.simulation.observe(stream)


def run(
    model: Model,
    steps: int | None = None,
    *,
    seed: int = 0,
    record: Mapping[str, int] | Iterable[str] | None = None,
    schedule: Sequence[Happened] = (),
    block: int = 0,
    progress: Callable[[Simulation], None] | None = None,
) -> Result:
    """Run a model from its start and keep what it records in memory."""
    simulation = Simulation(model, seed)
    if record is not None and not isinstance(record, Mapping):
        record = dict.fromkeys(record, 1)
    keep = check_record(model, default_record(model) if record is None else record)
    collector = Collector(model, keep)
    generator = simulate(simulation, model.default_steps if steps is None else steps, record=keep, schedule=schedule, block=block)
    reason = "finished"
    while True:
        try:
            produced = next(generator)
        except StopIteration as stop:
            reason = stop.value
            break
        collector.take(produced)
        if progress:
            progress(simulation)
    return Result(simulation, collector, reason)
