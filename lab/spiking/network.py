"""A spiking network as a value, and the arrays it is compiled to.

net = Network((("E", LIF(size=800)), ("I", LIF(size=200))), (Link("E", "I", Projection(...)), ...), (Input("E", Drive(...)),))
built = net.build(dt=0.1, seed=1)      # tables and connectivity: never changes
state = net.start(built, seed=1)       # everything that moves
net.advance(built, state, steps)       # in place
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np

from lab.errors import ModelError
from lab.kernels import seed_state
from lab.model import COUNT, COUNT_OR_NONE, Bound, Events, State, arrays, index
from lab.spiking import connect, program
from lab.spiking.cells import LIF, Population
from lab.spiking.projections import Drive, Noise, Projection

KEPT = 20_000_000  # the last connectivity is kept up to this many synapses
_drawn: dict[tuple, dict[str, np.ndarray]] = {}


@dataclass(frozen=True)
class Link:
    """A projection between two populations, by name."""

    source: str
    target: str
    projection: Projection
    name: str = ""

    @property
    def title(self) -> str:
        """How messages and tables call it."""
        return self.name or f"{self.source} to {self.target}"


@dataclass(frozen=True)
class Input:
    """Drive or noise of a population, by name."""

    target: str
    source: Drive | Noise


@dataclass(frozen=True)
class Scales:
    """Factors that may change while a network runs.

    excitation, inhibition   of the weights of all excitatory and inhibitory projections
    drive                    of the rates of all drives
    projections              of the weights of each projection, in order
    bias                     constant input (mV) added to each population of LIF cells, in order
    """

    excitation: float = 1.0
    inhibition: float = 1.0
    drive: float = 1.0
    projections: tuple[float, ...] = ()
    bias: tuple[float, ...] = ()


@dataclass(frozen=True)
class Built:
    """A network for one step size, as its kernels take it and besides; nothing in it ever changes."""

    dt: float
    wiring: program.Wiring
    learned: np.ndarray  # relative weights at the start of plastic projections
    recorded: np.ndarray  # neurons of the raster, row by row
    ring: int
    depth: int
    rows: int
    bin_steps: int

    @property
    def neurons(self) -> int:
        """Neurons of all populations."""
        return int(self.wiring.pop[:, program.SIZE].sum())

    @property
    def synapses(self) -> int:
        """Synapses of all projections."""
        return len(self.wiring.targets)

    def row(self, projection: int, source: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Targets, relative weights and delays (steps) of one source neuron in one projection."""
        net = self.wiring
        q = net.proj[projection]
        a, b = net.starts[q[program.STARTS] + source], net.starts[q[program.STARTS] + source + 1]
        targets = net.targets[q[program.TARGETS] + a : q[program.TARGETS] + b]
        held = self.learned if q[program.PLASTIC] >= 0 else net.weights
        weights = held[q[program.WEIGHTS] + a : q[program.WEIGHTS] + b] if q[program.WEIGHTS] >= 0 else None
        delays = net.delays[q[program.SPREAD] + a : q[program.SPREAD] + b] if q[program.SPREAD] >= 0 else None
        return targets, weights, delays


@dataclass(frozen=True)
class Network:
    """Populations, projections and inputs."""

    populations: tuple[tuple[str, Population], ...]
    links: tuple[Link, ...] = ()
    inputs: tuple[Input, ...] = ()
    smoothing: float = 5.0  # ms, of the rates
    traced: int = 4  # cells whose membrane is shown
    _cache: dict = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self):
        names = self._places
        for link in self.links:
            for end in (link.source, link.target):
                if end not in names:
                    raise ModelError(f"{link.title}: there is no population '{end}': choose one of {', '.join(names)}.")
            source, target = self.population(link.source), self.population(link.target)
            if not target.ports:
                raise ModelError(f"{link.title}: {link.target} is a {target.owner}, which receives nothing: end the projection elsewhere.")
            if link.projection.rule == "matrix":
                shape = (len(link.projection.matrix), len(link.projection.matrix[0]))
                if shape != (source.size, target.size):
                    raise ModelError(
                        f"{link.title}: the matrix is {shape[0]} x {shape[1]}, but {link.source} has {source.size} and {link.target} {target.size} neurons: "
                        "give a row for each source and a column for each target."
                    )
            most = source.size - (link.source == link.target and not link.projection.to_itself)
            if link.projection.rule == "fixed in-degree" and not link.projection.repeats and link.projection.in_degree > most:
                raise ModelError(
                    f"{link.title}: in_degree {link.projection.in_degree} is more than the {most} possible sources in {link.source}: "
                    "lower it, enlarge the source or allow repeats."
                )
        for given in self.inputs:
            if given.target not in names:
                raise ModelError(f"Input: there is no population '{given.target}': choose one of {', '.join(names)}.")
            if not (target := self.population(given.target)).ports:
                raise ModelError(f"Input: {given.target} is a {target.owner}, which receives nothing: drive another population.")

    # -- reading --

    @cached_property
    def _places(self) -> dict[str, tuple[int, Population]]:
        return {name: (g, p) for g, (name, p) in enumerate(self.populations)}

    def population(self, name: str) -> Population:
        """The population called `name`."""
        return self._places[name][1]

    def index(self, name: str) -> int:
        """Place of a population."""
        if name in self._places:
            return self._places[name][0]
        raise ModelError(f"There is no population '{name}': choose one of {', '.join(n for n, _ in self.populations)}.")

    @property
    def neurons(self) -> int:
        """Neurons of all populations."""
        return sum(p.size for _, p in self.populations)

    def expected_synapses(self) -> float:
        """Mean number of synapses over all seeds."""
        return sum(link.projection.expected(*self._ends(link)) for link in self.links)

    def _ends(self, link: Link) -> tuple[int, int, bool]:
        return self.population(link.source).size, self.population(link.target).size, link.source == link.target

    def memory(self, dt: float = 0.1) -> int:
        """Bytes that build and start will take."""
        total = 0.0
        for link in self.links:
            sources, size, same = self._ends(link)
            each: int = (
                4
                + (4 if link.projection.varied else 0)
                + (2 if link.projection.delay_spread > 0 else 0)
                + (16 if link.projection.plastic else 0)
            )
            total += link.projection.room(sources, size, same) * each + 8 * (sources + 1)
        rows = max((len(p.row_names) for _, p in self.populations), default=0)
        ring, depth = self._rings(dt)
        total += self.neurons * (8 * rows + 5 * 8 + 12 + 4 * ring + 16 * depth)
        return int(total)

    def _rings(self, dt: float) -> tuple[int, int]:
        fixed = [self._delay(link, dt) for link in self.links if link.projection.delay_spread == 0]
        spread = [
            round((link.projection.delay + link.projection.delay_spread) / dt) for link in self.links if link.projection.delay_spread > 0
        ]
        return max(fixed, default=0) + 1, max(spread) + 2 if spread else 0

    def _delay(self, link: Link, dt: float) -> int:
        """Delay in steps; synapses that move V at once act one step after the spike at the earliest."""
        steps = round(link.projection.delay / dt)
        return max(1, steps) if self._early(link) else steps

    def _early(self, link: Link) -> bool:
        rows = self.population(link.target).ports_rows()
        return rows[0] == rows[1]

    def scaled(self, part: float, power: float = 0.5) -> Network:
        """A network of `part` of the neurons; where in-degrees K shrink, weights J grow by 1 / part^power.

        power 1/2 keeps K J^2, the variance of every input; its mean K J then shrinks by sqrt(part) and must be made good by
        a constant input (`lab.spiking.theory.compensation`; van Albada, Helias and Diesmann 2015). power 1 keeps the mean
        instead and lets the variance grow. Lost in any case: neurons share more of their input, so correlations and the
        fluctuations of the rates grow.
        """
        if part == 1:
            return self
        populations = tuple((name, p.replace(size=max(1, round(p.size * part)))) for name, p in self.populations)
        links = []
        for link in self.links:
            p = link.projection
            if p.rule in ("fixed probability", "all to all", "distance"):
                links.append(replace(link, projection=p.replace(weight=p.weight / part**power)))
            elif p.rule == "fixed in-degree":
                degree = max(1, round(p.in_degree * part))
                links.append(replace(link, projection=p.replace(in_degree=degree, weight=p.weight * (p.in_degree / degree) ** power)))
            elif p.rule == "one to one":
                links.append(link)
            else:
                raise ModelError(f"{link.title}: a projection by an explicit matrix cannot be scaled down: set scale to 1.")
        inputs = []
        for given in self.inputs:
            if isinstance(given.source, Drive):
                count = max(1, round(given.source.sources * part))
                inputs.append(
                    replace(
                        given,
                        source=given.source.replace(sources=count, weight=given.source.weight * (given.source.sources / count) ** power),
                    )
                )
            else:
                inputs.append(given)
        return replace(self, populations=populations, links=tuple(links), inputs=tuple(inputs), _cache={})

    # -- building --

    def build(self, dt: float, seed: int) -> Built:
        """Tables and connectivity."""
        pop = np.zeros((len(self.populations), 8), np.int64)
        first = 0
        ring, depth = self._rings(dt)
        receives = {link.target for link in self.links if link.projection.delay_spread > 0}
        for g, (name, p) in enumerate(self.populations):
            pop[g] = (self._kind(p), first, p.size, len(p.row_names), p.refractory_steps(dt), *p.ports_rows(), name in receives)
            first += p.size
        shown, recorded = self._shown(pop)
        traced = self._traced(pop)
        parts = self._connected(dt, seed, pop)
        drives = [
            (
                g,
                self.populations[g][1].ports_rows()[d.sign == "inhibitory"],
                len(set(self.populations[g][1].ports_rows())) == 1,
                round(d.until / dt) or 1 << 60,
            )
            for g, d in self._drives()
        ]
        learned, drawn = parts["learned"], {name: parts[name] for name in parts if name != "learned"}
        wiring = program.Wiring(pop=pop, drives=np.array(drives, np.int64).reshape(-1, 4), shown=shown, traced=traced, **drawn)
        return Built(
            dt=dt, wiring=wiring, learned=learned, recorded=recorded, ring=ring, depth=depth,
            rows=max(len(p.row_names) for _, p in self.populations), bin_steps=max(1, round(0.5 / dt)),
        )  # fmt: skip

    @cached_property
    def _own(self) -> tuple:
        """Kernels that populations bring along."""
        return tuple(dict.fromkeys(type(p).update for _, p in self.populations if p.step_kind() < 0))

    def _kind(self, p: Population) -> int:
        """Number by which the loop finds the update of a population."""
        kind = p.step_kind()
        return kind if kind >= 0 else program.OWN + self._own.index(type(p).update)

    def _shown(self, pop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shown = np.full(self.neurons, -1, np.int32)
        rows = []
        for g, (_, p) in enumerate(self.populations):
            count = min(p.record, p.size)
            rows.append(pop[g, program.FIRST] + (np.arange(count) * p.size) // max(1, count))
        recorded = np.concatenate(rows).astype(np.int64)
        shown[recorded] = np.arange(len(recorded))
        return shown, recorded

    def _traced(self, pop: np.ndarray) -> np.ndarray:
        """Cells whose membrane is shown: taken in turn from the populations that have one."""
        cells: list[int] = []
        real = [g for g, (_, p) in enumerate(self.populations) if p.ports]
        for turn in range(self.traced):
            for g in real:
                if len(cells) < self.traced and turn < self.populations[g][1].size:
                    cells.append(int(pop[g, program.FIRST]) + turn)
        return np.array(sorted(cells), np.int64)

    def _drives(self) -> list[tuple[int, Drive]]:
        return [(self.index(i.target), i.source) for i in self.inputs if isinstance(i.source, Drive)]

    def _connected(self, dt: float, seed: int, pop: np.ndarray) -> dict[str, np.ndarray]:
        """The connectivity, drawn again only if something it depends on has changed: a live change of a weight costs nothing."""
        fixed = tuple(
            (k.source, k.target, *((n, v) for n, v in k.projection.values().items() if not type(k.projection).specs()[n].live))
            for k in self.links
        )
        key = (dt, seed, fixed, tuple((name, p.size, p.row_names) for name, p in self.populations))
        if key not in _drawn:
            _drawn.clear()
            made = self._connect(dt, seed, pop)
            if len(made["targets"]) > KEPT:
                return made
            _drawn[key] = made
        return _drawn[key]

    def _connect(self, dt: float, seed: int, pop: np.ndarray) -> dict[str, np.ndarray]:
        ends = [self._ends(link) for link in self.links]
        rooms = [link.projection.room(*e) for link, e in zip(self.links, ends, strict=True)]
        # Memory that is never touched is never taken, so generous room costs nothing.
        targets = np.empty(sum(rooms), np.uint32)
        starts = np.zeros(sum(e[0] + 1 for e in ends), np.int64)
        proj = np.zeros((len(self.links), 12), np.int64)
        weights: list[np.ndarray] = []
        learned: list[np.ndarray] = []
        delays: list[np.ndarray] = []
        plastic: list[tuple[int, int, int, int]] = []
        heads: list[np.ndarray] = []
        origin: list[np.ndarray] = []
        place: list[np.ndarray] = []
        at, used, traces = 0, 0, 0
        for q, link in enumerate(self.links):
            sources, size, same = ends[q]
            p = link.projection
            begin = starts[at : at + sources + 1]
            s = seed_state(seed, 1000 + q)
            # The signed view lets the same kernels fill it; numbers of neurons are far below 2^31.
            count, own = _rule(p, s, begin, targets[used : used + rooms[q]].view(np.int32), sources, size, same)
            mine = targets[used : used + count].view(np.int32)
            port = int(p.sign == "inhibitory")
            proj[q, [program.SOURCE, program.TARGET]] = self.index(link.source), self.index(link.target)
            proj[q, [program.ROW, program.EARLY]] = self.population(link.target).ports_rows()[port], self._early(link)
            proj[q, [program.DELAY, program.STARTS, program.TARGETS]] = self._delay(link, dt), at, used
            proj[q, [program.WEIGHTS, program.SPREAD, program.PORT, program.PLASTIC, program.SOURCES]] = -1, -1, port, -1, sources
            if p.varied:
                relative = np.ones(count, np.float32) if own is None else own
                if p.profile:
                    connect.profile_weights(begin, mine, relative, sources, size, p.width, p.ring)
                if p.weight_spread > 0:
                    connect.draw_weights(s, relative, p.weight_spread)
                into = learned if p.plastic else weights
                proj[q, program.WEIGHTS] = sum(len(w) for w in into)
                into.append(relative)
            if p.delay_spread > 0:
                low, high = round((p.delay - p.delay_spread) / dt), round((p.delay + p.delay_spread) / dt)
                own_delays = np.empty(count, np.uint16)
                connect.draw_delays(s, own_delays, max(low, 1 if self._early(link) else 0), max(high, 1))
                proj[q, program.SPREAD] = sum(len(d) for d in delays)
                delays.append(own_delays)
            if p.plastic:
                proj[q, program.PLASTIC] = len(plastic)
                head, from_, where = np.zeros(size + 1, np.int64), np.empty(count, np.int32), np.empty(count, np.int64)
                connect.incoming(begin, mine, sources, head, from_, where)
                plastic.append((sum(len(h) for h in heads), sum(len(o) for o in origin), traces, traces + sources))
                traces += sources + size
                heads.append(head)
                origin.append(from_)
                place.append(where)
            at += sources + 1
            # The next projection begins where this one ended.
            used += count
        return dict(
            proj=proj, starts=starts, targets=targets[:used], weights=_joined(weights, np.float32), delays=_joined(delays, np.uint16),
            plastic=np.array(plastic, np.int64).reshape(-1, 4), heads=_joined(heads, np.int64), origin=_joined(origin, np.int32),
            place=_joined(place, np.int64), learned=_joined(learned, np.float32),
        )  # fmt: skip

    # -- running --

    def start(self, built: Built, seed: int) -> State:
        """State before the first step."""
        n, groups = built.neurons, len(built.wiring.pop)
        x = np.zeros((built.rows, n))
        for g, (_, p) in enumerate(self.populations):
            draws = np.empty(2 * p.size)
            connect.fill_uniform(seed_state(seed, 100 + g), draws)
            first = built.wiring.pop[g, program.FIRST]
            p.begin(x[: len(p.row_names), first : first + p.size], draws.reshape(2, -1))
        streams = len(built.wiring.drives) + groups
        traces = (
            int(built.wiring.plastic[-1, program.TRACE_TARGET] + self.population(self.links[_last_plastic(built)].target).size)
            if len(built.wiring.plastic)
            else 0
        )
        return {
            "clock": np.zeros(1, np.int64),
            "x": x,
            "until": np.zeros(n, np.int64),
            "fired": np.zeros((built.ring, n), np.int32),
            "counts": np.zeros((built.ring, groups), np.int64),
            "pending": np.zeros((max(1, built.depth), 2, n if built.depth else 1)),
            "random": np.array([seed_state(seed, 10_000 + i) for i in range(streams)], np.uint64).reshape(-1, 4),
            "driven until": np.zeros(n, np.int64),
            "driven by": np.zeros(n, np.float32),
            "silent": np.zeros(groups, np.int64),
            "scale": np.ones(len(self.links)),
            "learned": built.learned.copy(),
            "trace": np.zeros(traces),
            "at": np.zeros(traces, np.int64),
            "last": np.full(n, -1, np.int64),
            "spikes": np.zeros(n, np.int64),
            "interval": np.zeros(n),
            "interval2": np.zeros(n),
            "since": np.zeros(1, np.int64),
            "smooth": np.zeros(groups),
            "activity": np.zeros((groups, program.BINS), np.int64),
            "delivered": np.zeros(1, np.int64),
        }

    def state_bounds(self, built: Built) -> dict[str, Bound]:
        """How far the arrays of the state may go: a spike in the ring names a cell of its population."""
        sizes = built.wiring.pop[:, program.SIZE]
        counts = dict.fromkeys(("clock", "until", "driven until", "at", "spikes", "since", "activity", "delivered"), COUNT)
        return counts | {"fired": index(np.repeat(sizes, sizes)), "counts": Bound(0, sizes), "silent": Bound(0, 1), "last": COUNT_OR_NONE}

    def advance(
        self, built: Built, state: State, steps: int, scales: Scales | None = None, rates: np.ndarray | None = None, membranes: np.ndarray | None = None,
        events: Events | None = None,
    ) -> int:  # fmt: skip
        """Up to `steps` steps in place; rates (steps, populations) in Hz and membranes (steps, traced) are written if given."""
        scales = scales or Scales()
        numbers = self._numbers(built, scales)
        numbers = numbers._replace(gains=numbers.gains * state["scale"])
        room = events if events is not None else Events(len(built.recorded) + (1 << 14))
        none = np.empty((0, 1))
        kernels = self._kernels(built)
        moving = arrays(program.Moving, state)
        tally = arrays(program.Tally, state)
        learning = program.Learning(
            built.wiring.starts,
            built.wiring.targets,
            built.wiring.heads,
            built.wiring.origin,
            built.wiring.place,
            state["learned"],
            state["trace"],
            state["at"],
        )
        done = 0
        while done < steps:
            out_rates = none if rates is None else rates[done:]
            out_membranes = none if membranes is None else membranes[done:]
            out = program.Outlet(out_rates, out_membranes, *room.columns)
            limits = program.Limits(steps - done, len(built.recorded), built.bin_steps)
            moved = program.advance(*kernels, limits, built.wiring, numbers, moving, learning, tally, out)
            done += moved
            if events is not None:
                break
            room.count[0] = 0
        return done

    def _kernels(self, built: Built) -> tuple:
        """The parts of a step that this network needs; what few networks need is there for all of it or none, so that fewer variants are compiled."""
        simple = program.SIMPLE.issuperset(kind for kind in built.wiring.pop[:, program.KIND].tolist() if kind < program.OWN)
        driven = len(built.wiring.drives) > 0 or built.depth > 0
        rare = built.depth > 0 or len(built.wiring.plastic) > 0 or any(isinstance(given.source, Noise) for given in self.inputs)
        return (
            program.update_with(self._own, simple) if self._own else program.update_simple if simple else program.update_any,
            program.from_outside if driven else program.no_outside,
            *(
                (program.scatter_spikes, program.learn_by_pairs, program.shake_membranes)
                if rare
                else (program.no_scatter, program.no_learning, program.no_shake)
            ),
        )

    def _numbers(self, built: Built, scales: Scales) -> program.Numbers:
        """Constants of one step, kept from call to call while nothing changes."""
        key = (built.dt, scales)
        if key not in self._cache:
            dt = built.dt
            self._cache.clear()
            groups = len(self.populations)
            constants = np.array([p.constants(dt) for _, p in self.populations])
            for g, extra in enumerate(scales.bias):
                if isinstance(self.populations[g][1], LIF):
                    constants[g, 1] += (1 - constants[g, 0]) * extra
            gains = np.zeros(len(self.links))
            for q, link in enumerate(self.links):
                own = scales.projections[q] if q < len(scales.projections) else 1.0
                gains[q] = own * self._gain(link.target, link.projection.sign, link.projection.weight, scales)
            drives = self._drives()
            values = np.zeros((len(drives), 2))
            chance, other = np.ones((len(drives), program.TABLE)), np.zeros((len(drives), program.TABLE), np.int64)
            for d, (g, drive) in enumerate(drives):
                mean = drive.rate * drive.sources * scales.drive * dt / 1000
                values[d] = mean, self._gain(self.populations[g][0], drive.sign, drive.weight, Scales())
                chance[d], other[d] = _poisson_table(mean)
            noise = np.zeros(groups)
            for given in self.inputs:
                if isinstance(given.source, Noise):
                    g = self.index(given.target)
                    noise[g] = math.hypot(noise[g], given.source.strength * math.sqrt(dt))
            rules = np.array(
                [
                    (p.potentiation, p.depression, 1 / (p.tau_plus / dt), 1 / (p.tau_minus / dt), p.largest)
                    for p in (link.projection for link in self.links)
                    if p.plastic
                ]
            ).reshape(-1, 5)
            decay = math.exp(-dt / self.smoothing)
            sizes = built.wiring.pop[:, program.SIZE]
            keep = np.concatenate([[decay], (1 - decay) * 1000 / (sizes * dt)])
            self._cache[key] = program.Numbers(constants, gains, values, chance, other, noise, rules, keep)
        return self._cache[key]

    def _gain(self, target: str, sign: str, weight: float, scales: Scales) -> float:
        p = self.population(target)
        inhibits = sign == "inhibitory"
        scale = scales.inhibition if inhibits else scales.excitation
        signed = -weight if inhibits and not p.by_conductance else weight
        return signed * scale * p.arrival_gain(int(inhibits))


def _last_plastic(built: Built) -> int:
    return int(np.flatnonzero(built.wiring.proj[:, program.PLASTIC] >= 0)[-1])


def _joined(parts: list[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(parts).astype(dtype, copy=False) if parts else np.empty(0, dtype)


@lru_cache(maxsize=256)
def _poisson_table(mean: float) -> tuple[np.ndarray, np.ndarray]:
    """Alias table of the Poisson law of this mean; the part beyond the table (below 1e-30) is given to its last entry."""
    k = np.arange(program.TABLE)
    logs = np.concatenate([[0.0], np.cumsum(np.log(k[1:]))])
    probabilities = np.exp(k * math.log(mean) - mean - logs) if 0 < mean < 100 else (k == 0).astype(float)
    probabilities /= probabilities.sum()
    chance, other = np.empty(program.TABLE), np.empty(program.TABLE, np.int64)
    program.alias_table(probabilities, chance, other)
    return chance, other


def _rule(p: Projection, s, starts, targets, sources: int, size: int, same: bool) -> tuple[int, np.ndarray | None]:
    """Fill one projection's rows; returns the synapses and, for a matrix, their weights."""
    itself = p.to_itself or not same
    if p.rule in ("fixed probability", "all to all"):
        chance = p.probability if p.rule == "fixed probability" else 1.0
        count = connect.connect_probability(s, starts, targets, sources, size, chance, itself)
    elif p.rule == "fixed in-degree":
        count = connect.connect_in_degree(s, starts, targets, sources, size, p.in_degree, itself, p.repeats)
    elif p.rule == "one to one":
        count = min(sources, size)
        starts[:] = np.minimum(np.arange(sources + 1), count)
        targets[:count] = np.arange(count)
    elif p.rule == "distance":
        count = connect.connect_distance(s, starts, targets, sources, size, p.probability, p.width, p.ring, 6 * p.width, itself)
    else:
        matrix = np.array(p.matrix)
        starts[1:] = np.cumsum((matrix != 0).sum(axis=1))
        count = int(starts[-1])
        targets[:count] = np.nonzero(matrix)[1]
        return count, matrix[matrix != 0].astype(np.float32)
    if count < 0:
        raise ModelError("A projection drew more synapses than eight standard deviations above its mean: choose another seed.")
    return count, None
