"""A network of ensembles as a value: who is wired to whom with which function, and into which dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

from lab.errors import LabError
from lab.params.arithmetic import Formula, FormulaError
from lab.spiking.coding.parts import MOST_DIMENSIONS, Decoded, Ensemble, Feed, Output, Value, components, names
from lab.units import number as printed

MOST_NEURONS = 50_000
BETWEEN = " · "  # stands between a node's name and its dimension


class WiringError(LabError):
    """A wire or node that cannot be: the sentence, and its identity."""

    def __init__(self, sentence: str, id: str):
        super().__init__(sentence)
        self.id = id


Kind = TypeVar("Kind", bound="Value | Ensemble | Output", covariant=True)


class Part(NamedTuple, Generic[Kind]):
    """A node: its identity, name, and what it is."""

    id: str
    title: str
    kind: Kind


AnyPart = Part[Value | Ensemble | Output]


class Link(NamedTuple):
    """A wire between two nodes."""

    id: str
    source: str
    target: str
    carries: Feed


class Led(NamedTuple):
    """A wire as it is laid: what it carries, how many numbers, and the first dimension of the target that it reaches."""

    link: Link
    formulas: tuple[Formula, ...]
    size: int
    into: int


@dataclass(frozen=True)
class Net:
    """Nodes and wires, each by identity."""

    parts: tuple[AnyPart, ...]
    links: tuple[Link, ...]

    @cached_property
    def by_id(self) -> dict[str, AnyPart]:
        """Nodes by identity."""
        return {p.id: p for p in self.parts}

    @cached_property
    def ensembles(self) -> tuple[Part[Ensemble], ...]:
        """Those that hold values."""
        return tuple(Part(p.id, p.title, p.kind) for p in self.parts if isinstance(p.kind, Ensemble))

    @cached_property
    def outputs(self) -> tuple[Part[Output], ...]:
        """Those that are looked at."""
        return tuple(Part(p.id, p.title, p.kind) for p in self.parts if isinstance(p.kind, Output))

    @property
    def neurons(self) -> int:
        """How many neurons there are."""
        return sum(p.kind.neurons for p in self.parts if isinstance(p.kind, Ensemble))

    @cached_property
    def dimensions(self) -> dict[str, int]:
        """How many numbers each node has; an output as many as its wires bring."""
        known = {p.id: p.kind.dimensions if isinstance(p.kind, Ensemble) else 1 for p in self.parts}
        for led in self.led:
            if isinstance(self.by_id[led.link.target].kind, Output):
                known[led.link.target] = max(known[led.link.target], led.into + led.size)
        return known

    @cached_property
    def led(self) -> tuple[Led, ...]:
        """The wires as they are laid, in their order; WiringError where one cannot be."""
        problem = next(self.problems(), None)
        if problem is not None:
            raise problem
        return tuple(led for led in self._laid() if isinstance(led, Led))

    def problems(self) -> Iterator[WiringError]:
        """What cannot be."""
        for part in self.parts:
            if BETWEEN in part.title:
                yield WiringError(
                    f"{part.title}: a name must not hold '{BETWEEN.strip()}' between spaces, which parts it from its dimensions: rename it.",
                    part.id,
                )
        if self.neurons > MOST_NEURONS:
            largest = max(self.ensembles, key=lambda p: p.kind.neurons)
            yield WiringError(
                f"The network holds {printed(self.neurons)} neurons and may hold {printed(MOST_NEURONS)}: make {largest.title} or others smaller.",
                largest.id,
            )
        yield from (laid for laid in self._laid() if isinstance(laid, WiringError))

    def _laid(self) -> Iterator[Led | WiringError]:
        filled: dict[str, set[int]] = {}
        for link in self.links:
            source, target = self.by_id[link.source], self.by_id[link.target]
            name = f"{source.title} to {target.title}"
            has = source.kind.dimensions if isinstance(source.kind, Ensemble) else 1
            try:
                formulas = link.carries.formulas(has)
            except FormulaError as error:
                yield WiringError(f"{name}: {_missing(error, source, has) or error}", link.id)
                continue
            size = len(formulas) or has
            room = target.kind.dimensions if isinstance(target.kind, Ensemble) else None
            taken = filled.setdefault(link.target, set())
            into = link.carries.into - 1
            if into < 0:
                free = [k for k in range((room or 0) - size + 1) if not taken & set(range(k, k + size))]
                into = free[0] if free and size < (room or 0) else 0
                if room is None:  # an output takes what comes, one below the other
                    into = max(taken, default=-1) + 1
            if room is not None and into + size > room:
                if size > room:
                    remedy = f"type a function with {room} value{'s' * (room > 1)} on the wire ({'x y' if has > 1 else 'x'}), or give {target.title} {size} dimensions"
                else:
                    remedy = f"let it begin at dimension {room - size + 1} or lower"
                holds = f"{target.title} holds {room}"
                yield WiringError(
                    f"{name}: the wire brings {size} value{'s' * (size > 1)} from dimension {into + 1} on, and {holds}: {remedy}.", link.id
                )
                continue
            taken |= set(range(into, into + size))
            yield Led(link, formulas, size, into)

    def unfilled(self) -> dict[str, list[str]]:
        """Dimensions of ensembles that no wire reaches, by identity, of ensembles that some wire reaches."""
        found = {}
        for part in self.ensembles:
            reached = {k for led in self.led if led.link.target == part.id for k in range(led.into, led.into + led.size)}
            has = part.kind.dimensions
            if reached and len(reached) < has:
                found[part.id] = [components(has)[k] for k in range(has) if k not in reached]
        return found

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Nodes that no circle leads to, so that each stands after those it reads."""
        waiting = {p.id: {w.source for w in self.links if w.target == p.id} for p in self.parts}
        found: list[str] = []
        while True:
            ready = [id for id, sources in waiting.items() if id not in found and sources <= set(found)]
            if not ready:
                return tuple(found)
            found += ready

    def names_of(self, id: str) -> tuple[str, ...]:
        """What the numbers of a node are called in pictures."""
        title = self.by_id[id].title
        return tuple(f"{title}{BETWEEN}{c}" if c else title for c in components(self.dimensions[id]))


def decoders_of(led: Led) -> tuple[str, str, float]:
    """What decides the decoders of a wire: function, solver, regularisation."""
    carries = led.link.carries
    assert isinstance(carries, Decoded)
    return carries.function.strip(), carries.solver, carries.regularisation


def _missing(error: FormulaError, source: AnyPart, has: int) -> str:
    """What to say of a name of a dimension that the source does not have; nothing of any other error."""
    wanted = error.text[error.first : error.last]
    known = dict(zip(names(MOST_DIMENSIONS), (0, 1, 2, *range(MOST_DIMENSIONS)), strict=True))
    if wanted not in known:
        return ""
    shown = f"{error.text[: error.first]}»{wanted}«{error.text[error.last :]}"
    holds = "one value, x" if has == 1 else f"{has} values, {', '.join(components(has)[:-1])} and {components(has)[-1]}"
    more = f"give it {known[wanted] + 1} dimensions, or " if isinstance(source.kind, Ensemble) else ""
    return f"{source.title} holds {holds}, and there is no '{wanted}' in {shown}: {more}write the function with what it holds."
