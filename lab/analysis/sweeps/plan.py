"""What is varied, and the points that come of it."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.engine.experiment import Experiment, plain
from lab.engine.telling import as_command, typed
from lab.errors import LabError, ModelError, near
from lab.model import Model
from lab.params import Spec
from lab.units import number as printed

MOST = 1_000_000  # points
MOST_VALUES = 100_000  # of one axis
ABREAST = 256  # points that one worker advances together, at most
LARGEST_SEED = (1 << 63) - 1


@dataclass(frozen=True)
class Axis:
    """One parameter and its values; `span` is (lowest, highest, logarithmic) where values may also be drawn between."""

    name: str
    values: tuple[Any, ...]
    span: tuple[float, float, bool] | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a sweep: its number, the values that are varied, and its seed."""

    number: int
    values: Mapping[str, Any]
    seed: int


def _range(spec: Spec, text: str, parts: list[str]) -> Axis:
    """low:high:count, with `log` behind for equal ratios."""
    where = f"--vary {spec.name}={text}"
    log = len(parts) == 4 and parts[3].strip() == "log"
    try:
        low, high, count = float(parts[0]), float(parts[1]), int(parts[2])
    except ValueError:
        raise ModelError(f"{where}: write a range as low:high:count, such as 0:20:41, or values with commas.") from None
    if len(parts) > 3 and not log:
        raise ModelError(f"{where}: behind the count there may only be 'log', for equal ratios.")
    if not (math.isfinite(low) and math.isfinite(high)) or not 1 <= count <= MOST_VALUES:
        raise ModelError(f"{where}: a range has finite ends and from 1 to {printed(MOST_VALUES)} values.")
    if log and (low <= 0 or high <= 0):
        raise ModelError(f"{where}: equal ratios need ends above 0.")
    found = np.geomspace(low, high, count) if log else np.linspace(low, high, count)
    values: list[Any] = [float(v) for v in found]
    if spec.kind == "int":
        if any(abs(v - round(v)) > 1e-9 * max(1.0, abs(v)) for v in values):
            raise ModelError(f"{where}: {spec.name} takes whole numbers, and this range has others; choose another count.")
        values = [round(v) for v in values]
    elif spec.kind != "float":
        raise ModelError(f"{where}: {spec.name} is no number; write its values with commas.")
    return Axis(spec.name, tuple(values), (low, high, log or (spec.log and low > 0 and high > 0)))


def _text(kind: type[Model], made: Axis) -> str:
    """What a person types for the values of an axis."""
    if made.span is not None:
        low, high, _ = made.span
        for end in ("", ":log"):
            text = f"{low!r}:{high!r}:{len(made.values)}{end}"
            try:
                if axis(kind, f"{made.name}={text}").values == made.values:
                    return text
            except ModelError:
                continue
    texts = [typed(kind, made.name, value) for value in made.values]
    if any(text is None or "," in text for text in texts):
        raise ModelError(f"A command has no words for the values of {made.name}: use lab.sweep of Python.")
    return ",".join(text for text in texts if text is not None)


def axis(kind: type[Model], text: str) -> Axis:
    """The axis of a text such as `current=0:20:41`, `rate=0.001:1:7:log`, `g_Na=100,120,140`; raises ModelError naming what is wrong."""
    name, equals, values = text.partition("=")
    name = name.strip().replace("-", "_")
    specs = kind.specs()
    if not equals or not values.strip():
        raise ModelError(f"--vary {text}: write it as parameter=low:high:count, or parameter=value,value,value.")
    if name not in specs:
        raise ModelError(f"--vary {text}: {kind._owner()} has no parameter '{name}': {near(name, list(specs))}")
    spec, parts = specs[name], values.split(":")
    if len(parts) in (3, 4) and spec.kind in ("int", "float"):
        made = _range(spec, values, parts)
    else:
        made = Axis(name, tuple(kind.from_text(name, each.strip()) for each in values.split(",")))
    return checked(kind, made)


def checked(kind: type[Model], made: Axis) -> Axis:
    """The axis, if each of its values alone is within the bounds of its parameter."""
    spec = kind.specs()[made.name]
    for value in made.values:
        outside = (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and not ((spec.lo is None or value >= spec.lo) and (spec.hi is None or value <= spec.hi))
        )
        if outside or (spec.choices and value not in spec.choices):
            limits = f"one of {', '.join(spec.choices)}" if spec.choices else f"from {spec.lo} to {spec.hi} {spec.unit}".rstrip()
            raise ModelError(f"{kind._owner()}.{made.name}: must be {limits} (the sweep asks for {value!r}).")
    if not made.values:
        raise ModelError(f"{kind._owner()}.{made.name}: a sweep needs at least one value of it.")
    if len({json.dumps(plain(v)) for v in made.values}) < len(made.values):
        raise ModelError(f"{kind._owner()}.{made.name}: the sweep names a value twice.")
    return made


@dataclass(frozen=True)
class Plan:
    """An experiment, the axes along which it is varied, and the seeds.

    drawn  0: every combination of all values, the last axis fastest, then seeds; else so many points are drawn at random between
           the ends of each range (from its values where it is none), by the experiment's seed, each point with all seeds
    """

    experiment: Experiment
    axes: tuple[Axis, ...]
    seeds: tuple[int, ...] = (0,)
    drawn: int = 0

    def __post_init__(self) -> None:
        names = [a.name for a in self.axes]
        if len(set(names)) < len(names):
            raise ModelError(f"A sweep varies each parameter once (got {', '.join(names)}).")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds) or not all(0 <= s <= LARGEST_SEED for s in self.seeds):
            raise ModelError("A sweep needs seeds that differ, whole numbers from 0.")
        if self.drawn < 0 or not 1 <= len(self) <= MOST:
            raise ModelError(
                f"This sweep has {printed(len(self))} points, and from 1 to {printed(MOST)} can be made: choose fewer values or seeds."
            )

    def __len__(self) -> int:
        return (self.drawn or math.prod(len(a.values) for a in self.axes)) * len(self.seeds)

    def points(self) -> Iterator[Point]:
        """All points in order."""
        return self._drawn() if self.drawn else self._within([range(len(a.values)) for a in self.axes])

    def _within(self, chosen: Sequence[Iterable[int]]) -> Iterator[Point]:
        """The points at these places of each axis, with all seeds."""
        for where in itertools.product(*chosen):
            number = 0
            for a, k in zip(self.axes, where, strict=True):
                number = number * len(a.values) + k
            yield from self._seeded(number, {a.name: a.values[k] for a, k in zip(self.axes, where, strict=True)})

    def _drawn(self) -> Iterator[Point]:
        random = np.random.default_rng([self.experiment.seed, 0x5357])
        specs = type(self.experiment.build()).specs()
        for number in range(self.drawn):
            place: dict[str, Any] = {}
            for a in self.axes:
                if a.span is None:
                    place[a.name] = a.values[int(random.integers(len(a.values)))]
                    continue
                low, high, log = a.span
                value = math.exp(random.uniform(math.log(low), math.log(high))) if log else float(random.uniform(low, high))
                place[a.name] = round(value) if specs[a.name].kind == "int" else value
            yield from self._seeded(number, place)

    def _seeded(self, number: int, place: dict[str, Any]) -> Iterator[Point]:
        for k, seed in enumerate(self.seeds):
            yield Point(number * len(self.seeds) + k, place, seed)

    def groups(self) -> Iterator[list[Point]]:
        """The points in parts that one worker does at once: alone, or up to `ABREAST` that differ in what a model advances together.

        The parts follow from the plan alone, so that what comes of a point depends neither on who does it nor on what is done already.
        """
        inner = frozenset[str]() if self.experiment.schedule else self.experiment.build().may_differ()
        if not inner or (self.drawn and not inner.issuperset(a.name for a in self.axes)):
            yield from ([point] for point in self.points())
            return
        for part in [self.points()] if self.drawn else self._along(inner):
            while held := list(itertools.islice(part, ABREAST)):
                yield held

    def _along(self, inner: Set[str]) -> Iterator[Iterator[Point]]:
        """The points with equal values of all axes but the inner ones, for each combination of the others."""
        for fixed in itertools.product(
            *(([k] for k in range(len(a.values))) if a.name not in inner else [range(len(a.values))] for a in self.axes)
        ):
            yield self._within(fixed)

    def task(self, points: Sequence[Point]) -> str:
        """Points as JSON, all that a worker needs."""
        told = [{"number": p.number, "values": plain(p.values), "seed": p.seed} for p in points]
        return json.dumps({"experiment": self.experiment.to_dict(), "points": told})

    def experiment_of(self, point: Point) -> Experiment:
        """The experiment of one point, to be run by itself."""
        return self.experiment.with_parameters(**point.values).replace(seed=point.seed)

    def as_command(self) -> str:
        """The sweep as a line for a shell; raises ModelError where a value has no words there."""
        kind = type(self.experiment.build())
        more = [word for a in self.axes for word in ("--vary", f"{a.name}={_text(kind, a)}")]
        if self.seeds != tuple(range(self.experiment.seed, self.experiment.seed + len(self.seeds))):
            raise ModelError("A command sweeps seeds that follow each other, and these do not: use lab.sweep of Python.")
        more += ["--seeds", str(len(self.seeds))] if len(self.seeds) > 1 else []
        more += ["--random", str(self.drawn)] if self.drawn else []
        return as_command(self.experiment.replace(record=None), "sweep", more)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, inverse of `from_dict`."""
        axes = [{"name": a.name, "values": plain(a.values), **({"span": list(a.span)} if a.span else {})} for a in self.axes]
        return {"experiment": self.experiment.to_dict(), "axes": axes, "seeds": list(self.seeds), "drawn": self.drawn}

    @classmethod
    def from_dict(cls, data: Any, where: str) -> Plan:
        """Read plain data of a session; raises ModelError naming `where`."""
        try:
            experiment = Experiment.from_dict(data["experiment"], where)
            specs = type(experiment.build()).specs()
            axes = []
            for entry in data["axes"]:
                name, values, span = entry["name"], entry["values"], entry.get("span")
                if name not in specs or not isinstance(values, list) or len(values) > MOST_VALUES:
                    raise ModelError(f"{where}: its plan varies '{str(name)[:40]}', which is no parameter with values.")
                held = None if span is None else (float(span[0]), float(span[1]), bool(span[2]))
                if held is not None and not all(map(math.isfinite, held[:2])):
                    raise ModelError(f"{where}: the range of {name} in its plan is not finite.")
                axes.append(Axis(name, tuple(tuple(v) if isinstance(v, list) else v for v in values), held))
            return cls(experiment, tuple(axes), tuple(int(s) for s in data["seeds"]), int(data["drawn"]))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as problem:
            raise ModelError(f"{where}: its plan cannot be read ({type(problem).__name__}): make the sweep anew.") from None
        except LabError as problem:
            raise ModelError(f"{where}: {problem}" if where not in str(problem) else str(problem)) from None
