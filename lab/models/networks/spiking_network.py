"""Spiking networks built of populations and projections on the canvas, with mean-field theory beside the measured rates."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from lab.errors import LabError, ModelError
from lab.graph.document import Graph
from lab.graph.kinds.populations import brunel, competition, network, ring_attractor, vogels_abbott, winner_take_all
from lab.model import Bound, Clock, Figure, Handle, Layer, Model, Picture, PopulationTerms, Preset, State, Stream, action, param
from lab.spiking import portable, program, theory
from lab.spiking.cells import LIF
from lab.spiking.network import Built, Link, Network, Scales
from lab.spiking.projections import Drive
from lab.spiking.stability import borders
from lab.spiking.statistics import intervals, population_statistics, spectrum
from lab.units import number as printed

BRUNEL = brunel().to_json()
VOGELS = vogels_abbott().to_json()
CONTOURS = (5.0, 20.0, 60.0, 200.0)


@lru_cache(maxsize=32)  # more than there are presets, all of which are looked at in turn
def _network(text: str, part: float, smoothing: float) -> Network:
    """The network of a document, scaled to a part: variance kept where theory can make the mean good, else the mean."""
    graph = Graph.from_json(text)
    for problem in graph.problems():
        if problem.fatal:
            raise ModelError(problem.sentence)
    made = network(graph)
    made = made.scaled(part, 0.5 if theory.known(made) else 1.0)
    return Network(made.populations, made.links, made.inputs, smoothing)


class SpikingNetwork(Model):
    """Populations of spiking neurons joined by random synapses: build the network on the canvas, run it, change it while it runs.

    Inhibition g multiplies every inhibitory weight, excitation every excitatory one, and drive the rate of all Poisson
    drives. In Brunel's network these are the two axes of his diagram: with g below 4 excitation wins and all cells fire
    near their limit; above 4 inhibition dominates, cells fire irregularly (their intervals have a CV of 0.4 at g = 5, eta = 2
    and of 0.8 at g = 6, eta = 4), and strong drive makes the whole network oscillate faster than any of its cells fires. The diagram shows where you are. Its curves are mean-field theory: rates,
    the drive that just reaches the threshold, the balance, and the borders at which steady firing becomes unstable, computed
    from the linear response of the cells.

    The network of Vogels and Abbott needs no drive at all: its own irregular activity keeps it going, until you silence
    one of its populations. Click on the raster to make a group of cells fire at once; drag over its rows to paint: every
    group you pass is driven for a moment. The ring attractor is silent until you do; then a bump of activity stays there.

    In the equations, tau is the membrane's time constant, D the delay of a synapse, theta the threshold and V_r the reset; mu
    and sigma are mean and standard deviation of the input to a cell over its time constant, in mV, and nu is its rate.

    Scale makes the same network smaller. In-degrees shrink with it; weights grow by the square root, which keeps the
    variance of every cell's input, and a constant input from theory makes its mean good, so rate and regularity stay.
    What is lost: cells share more of their input, so they are more correlated and the population's rate fluctuates more.
    Where there is no theory (conductances), weights grow in proportion, which keeps the mean and not the variance. The
    raster shows some cells of each population only; counts and rates are those of all.
    """

    name = "spiking-network"
    title = "Spiking network"
    group = "Spiking networks"
    icon = "mdi6.graph-outline"
    order = 2
    also = "SNN; spiking neural network; Brunel; Vogels-Abbott; balanced network; asynchronous irregular; raster plot; winner take all; ring attractor; COBA; CUBA; cortical network; NEST; Brian; populations of neurons; excitatory and inhibitory populations; build a network; empty canvas"
    takes = ({"what": "graph", "family": "populations"},)
    equations = (
        r"\tau \dot V_i = V_{\mathrm{rest}} - V_i + \tau \sum_j J_{ij} \sum_k \delta(t - t_j^k - D)",
        r"\frac{1}{\nu} = \tau_{\mathrm{ref}} + \tau\sqrt{\pi} \int_{(V_r-\mu)/\sigma}^{(\theta-\mu)/\sigma} e^{u^2} (1 + \mathrm{erf}\,u)\, du",
    )
    symbols = r"\tau: time constant of the membrane; t_j^k: time of spike k of cell j; J_{ij}: jump of the potential by a spike; \delta: unit impulse; \nu: firing rate; \mu: mean of the input; \sigma: its standard deviation; \theta: threshold; u: variable of the integral"
    source = (
        "Brunel (2000), J Comput Neurosci 8, 183; Vogels and Abbott (2005), J Neurosci 25, 10786; Brette et al. (2007), J Comput Neurosci 23, 349; "
        "Rotter and Diesmann (1999), Biol Cybern 81, 381; Siegert (1951), Phys Rev 81, 617; Fourcaud and Brunel (2002), Neural Comput 14, 2057"
    )
    presets = {
        "Balanced network that keeps itself going (Vogels-Abbott)": Preset({}, shows="abs(E (Hz) - 5.5) < 1 and E CV > 0.4"),
        "The same with conductances": Preset(
            {"graph": vogels_abbott("conductance").to_json()}, shows="E (Hz) > 12 and E (Hz) < 25", slow=True
        ),
        "The same with Hodgkin-Huxley cells": Preset(
            {"graph": vogels_abbott("Hodgkin-Huxley").to_json()}, shows="E (Hz) > 25 and E (Hz) < 45", slow=True
        ),
        "Brunel: asynchronous irregular (CV 0.4)": Preset(
            {"graph": BRUNEL, "inhibition": 5.0, "drive": 2.0},
            shows="abs(E (Hz) - 37.7) < 2 and abs(E CV - 0.4) < 0.05",
            after=500.0,
            slow=True,
        ),
        "Brunel: synchronous regular": Preset(
            {"graph": BRUNEL, "inhibition": 3.0, "drive": 2.0}, shows="E (Hz) > 250 and E CV < 0.1", after=300.0, slow=True
        ),
        "Brunel: fast oscillation": Preset(
            {"graph": BRUNEL, "inhibition": 6.0, "drive": 4.0}, shows="abs(rhythm - 185) < 20 and abs(E (Hz) - 59) < 5", slow=True
        ),
        "Brunel: slow oscillation": Preset(
            {"graph": BRUNEL, "inhibition": 4.5, "drive": 0.9}, shows="abs(E (Hz) - 5.6) < 1.5 and rhythm < 60", slow=True
        ),
        "Brunel, a fifth of the cells": Preset(
            {"graph": BRUNEL, "inhibition": 5.0, "drive": 2.0, "scale": 0.2},
            shows="abs(E (Hz) - 37.5) < 2 and abs(E CV - 0.4) < 0.05",
            after=500.0,
        ),
        "Winner takes all": Preset(
            {"graph": winner_take_all().to_json()}, shows="max(last(rates A), last(rates B)) > 20 and min(last(rates A), last(rates B)) < 5"
        ),
        "Ring attractor: paint on its raster, the bump stays": Preset(
            {"graph": ring_attractor().to_json()},
            shows="min(last(rates Ring), 100) > 5",
            do=((200.0, "drive_group", {"y": 60.0, "rows": 40, "duration": 100.0}),),
        ),
        "Plastic synapses (STDP): in 5 s they part into weak and strong": Preset(
            {"graph": competition().to_json()},
            shows="sum(where(weights x < 0.4, weights Inputs to Cells, 0)) > 0.25 sum(weights Inputs to Cells) and sum(where(weights x > 1.6, weights Inputs to Cells, 0)) > 0.15 sum(weights Inputs to Cells)",
            after=5000.0,
        ),
    }

    graph: str = param(
        VOGELS, kind="graph", builds=True, doc="Populations, projections and drives (JSON text of the canvas).", group="Network"
    )
    inhibition: float = param(1.0, lo=0.0, hi=20.0, main=True, doc="Factor g of all inhibitory weights.")
    excitation: float = param(1.0, lo=0.0, hi=10.0, doc="Factor of all excitatory weights.")
    drive: float = param(1.0, lo=0.0, hi=10.0, main=True, doc="Factor eta of the rates of all Poisson drives.")
    scale: float = param(
        1.0,
        lo=0.01,
        hi=1.0,
        live=False,
        log=True,
        group="Network",
        doc="Part of the cells to simulate; weights and a constant input make up for the rest.",
    )
    smoothing: float = param(
        5.0, "ms", lo=0.1, hi=1000.0, live=False, log=True, group="Measurement", doc="Time constant of the shown population rates."
    )
    step: float = param(0.1, "ms", lo=0.01, hi=1.0, live=False, log=True, group="Numerics", doc="Time step.")

    def check(self) -> None:
        try:
            net = _network(self.graph, self.scale, self.smoothing)
        except LabError as error:
            raise self.refuse("graph", str(error).rstrip(".")) from None
        if net.neurons > 1_000_000:
            raise self.refuse(
                "graph", f"holds {printed(net.neurons)} neurons and may hold 1,000,000: make populations smaller or lower scale"
            )

    @property
    def net(self) -> Network:
        """The network as a value, scaled."""
        return _network(self.graph, self.scale, self.smoothing)

    @property
    def _whole(self) -> Network:
        return _network(self.graph, 1.0, self.smoothing)

    @property
    def clock(self) -> Clock:
        return Clock(self.step, "ms")

    @property
    def speed(self) -> float:
        return 200.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(1000.0)

    def memory(self) -> int:
        return self.net.memory(self.step)

    # -- what it shows --

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.net.populations)

    def _shown(self) -> str:
        return ", ".join(f"{printed(min(p.record, p.size))} of {printed(p.size)} {name}" for name, p in self.net.populations)

    def _diagram(self) -> tuple[Network, LIF, Drive] | None:
        """The parts of Brunel's network, if this is one: identical LIF cells with delta synapses, E and I, one kind of drive."""
        net = self._whole
        if len(net.populations) != 2 or len(net.inputs) != 2 or len(net.links) != 4:
            return None
        (_, e), (_, i) = net.populations
        first = net.inputs[0].source
        if not (
            isinstance(e, LIF)
            and isinstance(i, LIF)
            and e.synapses == "delta"
            and e.replace(size=1, record=0) == i.replace(size=1, record=0)
        ):
            return None
        weights = {link.projection.weight for link in net.links}
        if not (isinstance(first, Drive) and all(given.source == first for given in net.inputs) and weights == {first.weight}):
            return None
        signs = [{k.projection.sign for k in net.links if k.source == name} for name in self._names]
        return (net, e, first) if signs == [{"excitatory"}, {"inhibitory"}] else None

    @property
    def streams(self) -> tuple[Stream, ...]:
        names, net = self._names, self.net
        every = max(1, round(1.0 / self.step))
        found = [
            Stream("spikes", "raster", "", f"Spikes of {self._shown()} cells.", canvas="spikes"),
            Stream(
                "rates",
                "trace",
                "Hz",
                "Rate of each population, smoothed.",
                shape=(len(names),),
                channels=names,
                every=every,
                canvas="rates",
            ),
            Stream(
                "membrane",
                "trace",
                "mV",
                "Membrane potential of a few cells.",
                shape=(len(self._traced()),),
                channels=self._traced(),
                every=max(1, every // 5),
            ),
            Stream(
                "statistics",
                "table",
                "",
                "Rate, regularity and synchrony of each population since the statistics began, beside the theory.",
            ),
            Stream(
                "spectrum",
                "curve",
                "",
                "Power of each population's activity at each frequency, over the last two seconds.",
                channels=names,
                x_unit="Hz",
            ),
            Stream(
                "intervals",
                "curve",
                "",
                "Cells by the coefficient of variation of their interspike intervals, in steps of 0.1.",
                channels=names,
            ),
        ]
        plastic = self._plastic()
        if plastic:
            found.append(
                Stream(
                    "weights",
                    "curve",
                    "",
                    "Plastic synapses by their weight, as part of the projection's weight.",
                    channels=tuple(k.title for k in plastic),
                )
            )
        if theory.known(net) and theory.driven(net, Scales()).any():
            found.append(
                Stream(
                    "prediction",
                    "trace",
                    "Hz",
                    "Mean-field rate of each population (Siegert).",
                    shape=(len(names),),
                    channels=names,
                    every=every,
                )
            )
        if self._diagram():
            found.append(
                Stream(
                    "contours",
                    "curve",
                    "",
                    "Drive at which theory gives 5, 20, 60 and 200 Hz.",
                    channels=tuple(f"{c:g} Hz" for c in CONTOURS),
                )
            )
            found.append(Stream("balance", "curve", "", "Where inhibition balances excitation.", channels=("balance",)))
            found.append(Stream("threshold", "curve", "", "Drive whose mean just reaches the threshold.", channels=("threshold",)))
            found.append(Stream("borders", "curve", "", "Borders of steady firing: below the first it oscillates slowly, above the second fast (linear stability; for excitation 1).",
                                channels=("slow below", "fast above")))  # fmt: skip
            found.append(Stream("here", "curve", "", "The present inhibition and drive.", channels=("you are here",)))
        return tuple(found)

    def _plastic(self) -> tuple[Link, ...]:
        return tuple(link for link in self.net.links if link.projection.plastic)

    def _traced(self) -> tuple[str, ...]:
        # The same cells as the network traces: in turn from each population that has a membrane.
        net = self.net
        cells: list[tuple[int, int, str]] = []
        real = [(g, name, p) for g, (name, p) in enumerate(net.populations) if p.ports]
        for turn in range(net.traced):
            for g, name, p in real:
                if len(cells) < net.traced and turn < p.size:
                    cells.append((g, turn, f"{name} {turn + 1}"))
        return tuple(label for _, _, label in sorted(cells))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        known = [s.name for s in self.streams]
        own = tuple(range(6))  # what is foretold of a population has its colour
        rates: tuple[Layer, ...] = (Layer("rates", series=own),)
        if "prediction" in known:
            rates += (Layer("prediction", theory=True, label="theory", series=own),)
        found = [
            Picture(
                "raster", "Spikes", (Layer("spikes"),), y="cell", window=200.0, click="stimulate", drag="drive_group", front=True, weight=2.0,
                doc=f"{self._shown()}. Click to make a group of cells fire; drag over rows to drive them for a moment.",
            ),
            Picture("rates", "Population rates", rates, y="rate (Hz)", window=200.0, figures=tuple(f"{n} (Hz)" for n in self._names)[:2], front=True),
            Picture("membrane", "Membrane potentials", (Layer("membrane"),), y="V (mV)", window=100.0),
            Picture("statistics", "Rate, regularity, synchrony", (Layer("statistics"),), weight=1.3, doc="Rates in Hz since the statistics began, beside mean-field theory (Siegert) where there is one."),
            Picture("spectrum", "Rhythm", (Layer("spectrum"),), x="frequency (Hz)", y="power", x_range=(0.0, 400.0), figures=("rhythm (Hz)",)),
            Picture("intervals", "Regularity of single cells", (Layer("intervals", style="steps"),), x="CV of intervals", y="cells"),
        ]  # fmt: skip
        if "weights" in known:
            found.insert(
                1,
                Picture(
                    "weights",
                    "Plastic weights",
                    (Layer("weights", style="steps"),),
                    x="weight / weight of the projection",
                    y="synapses",
                    front=True,
                ),
            )
        if "here" in known:
            layers = (
                Layer("contours", style="dashed"),
                Layer("balance", style="dotted"),
                Layer("threshold", style="dotted"),
                Layer("borders"),
                Layer("here", style="points"),
            )
            found.insert(2, Picture(
                "diagram", "Brunel's diagram: you are here", layers, x="inhibition g", y="drive eta", x_range=(0.0, 8.0), y_range=(0.0, 5.0), handles=(Handle("inhibition", "x"), Handle("drive", "y")),
                doc="Dashed: mean-field rate. Left of the balance excitation wins; below the threshold the drive alone does not make a cell fire. "
                    "Between the solid borders firing is steady and irregular.",
            ))  # fmt: skip
        return tuple(found)

    # -- behaviour --

    def build(self, seed: int) -> Built:
        return self.net.build(self.step, seed)

    def start(self, constants: Built, seed: int):
        state = self.net.start(constants, seed)
        # Worked out before the first picture: a second spent looking would hold back all looks that follow.
        for stream in ("contours", "borders") if self._diagram() else ():
            self.observe(constants, state, stream)
        return state

    def portable(self, constants: Built, state: State) -> PopulationTerms:
        """Every synapse of the network, and where each cell stands."""
        if self.scale != 1.0:
            raise ModelError("A network that is scaled down gets a constant input instead: tell it at scale 1.")
        return portable.terms(self.net, constants, state, self.excitation, self.inhibition)

    def _scales(self) -> Scales:
        return Scales(self.excitation, self.inhibition, self.drive)

    def _running(self, state) -> Scales:
        """The factors, with the constant input that replaces what scaling down took away."""
        scales = self._scales()
        if self.scale == 1:
            return scales
        return replace(
            scales,
            bias=theory.compensation(self._whole, self.net, scales, tuple(map(float, state["scale"])), tuple(map(int, state["silent"]))),
        )

    def state_bounds(self, constants: Built, state: State, step: int) -> dict[str, Bound]:
        return self.net.state_bounds(constants)

    def advance(self, constants: Built, state, n: int, out) -> int:
        rates = out["rates"] if out.wanted("rates") else None
        membranes = out["membrane"] if out.wanted("membrane") else None
        done = self._advance(constants, state, n, rates, membranes, out.events["spikes"])
        if "prediction" in out.samples and out.wanted("prediction"):
            predicted = self._predicted(state)
            out["prediction"][:done] = 0.0 if predicted is None else predicted
        return done

    def _advance(self, constants: Built, state, n: int, rates, membranes, events) -> int:
        """Steps of the network; groups that are driven gain potential once in each millisecond."""
        scales, done, beat = self._running(state), 0, max(1, round(1.0 / self.step))
        while done < n:
            clock = int(state["clock"][0])
            driven = state["driven until"] > clock
            if not driven.any():
                beat_end = n
            else:
                if clock % beat == 0:
                    state["x"][0, driven] += state["driven by"][driven]
                beat_end = min(n, done + beat - clock % beat)
            wanted = beat_end - done
            moved = self.net.advance(
                constants, state, wanted, scales, None if rates is None else rates[done:beat_end], None if membranes is None else membranes[done:beat_end], events
            )  # fmt: skip
            done += moved
            if moved < wanted:
                break
        return done

    def _predicted(self, state) -> tuple[float, ...] | None:
        return theory.predicted(self._whole, self._scales(), tuple(map(float, state["scale"])), tuple(map(int, state["silent"])))

    def changed_live(self, before: Model, constants: Built, state) -> None:
        assert isinstance(before, SpikingNetwork)
        if before.graph == self.graph:
            return
        fresh = self.net.start(constants, 0)
        if any(fresh[key].shape != state[key].shape for key in fresh) or [p.row_names for _, p in before.net.populations] != [
            p.row_names for _, p in self.net.populations
        ]:
            # Another structure: it starts from rest, but time goes on.
            fresh["clock"][:] = state["clock"]
            state.update(fresh)

    def observe(self, constants: Built, state, stream: str):
        net, names = self.net, self._names
        if stream == "statistics":
            return self._table(constants, state)
        if stream == "spectrum":
            return spectrum(constants, state)
        if stream == "intervals":
            edges = np.linspace(0.0, 2.0, 21)
            cells = intervals(constants, state)[1]
            rows = [edges[:-1] + 0.05]
            for first, (_, p) in zip(constants.wiring.pop[:, 1], net.populations, strict=True):
                own = cells[first : first + p.size]
                rows.append(np.histogram(own[np.isfinite(own)], edges)[0].astype(float))
            return np.array(rows)
        if stream == "weights":
            return self._weights(constants, state)
        parts = self._diagram()
        if parts and stream == "here":
            factors = [float(f) for f, link in zip(state["scale"], net.links, strict=True) if link.projection.sign == "inhibitory"]
            return np.array([[self.inhibition * factors[0]], [self.drive]])
        if parts and stream == "balance":
            excites, inhibits = self._degrees(parts[0])
            return np.array([[self.excitation * excites / max(inhibits, 1e-9)] * 2, [0.0, 10.0]])
        if parts and stream == "threshold":
            _, cell, drive = parts
            full = cell.tau * drive.weight * drive.sources * drive.rate / 1000
            return np.array([[0.0, 8.0], [(cell.threshold - cell.rest - cell.bias) / max(full, 1e-9)] * 2])
        if parts and stream == "borders":
            delays = {link.projection.delay for link in parts[0].links}
            if self.excitation != 1 or len(delays) != 1:
                return np.array([[0.0, 8.0], [np.nan] * 2, [np.nan] * 2])
            return borders(parts[1], parts[2].weight, 1.0, (*self._degrees(parts[0]), float(parts[2].sources)), delays.pop(), parts[2].rate)
        if parts and stream == "contours":
            return _contours(parts[1], parts[2], self.excitation, *self._degrees(parts[0]))
        raise ModelError(f"{self._owner()} has no per-block stream '{stream}' ({', '.join(names)}).")

    def _weights(self, constants: Built, state) -> np.ndarray:
        """Rows: the middles of 40 bins up to the largest weight, then the synapses of each plastic projection in them."""
        plastic = self._plastic()
        edges = np.linspace(0.0, max(link.projection.largest for link in plastic) or 1.0, 41)
        rows = [(edges[:-1] + edges[1:]) / 2]
        for q, link in enumerate(self.net.links):
            if link.projection.plastic:
                first = int(constants.wiring.proj[q, program.WEIGHTS])
                a = constants.wiring.proj[q, program.STARTS]
                count = int(constants.wiring.starts[a + constants.wiring.proj[q, program.SOURCES]] - constants.wiring.starts[a])
                rows.append(np.histogram(np.minimum(state["learned"][first : first + count], edges[-1]), edges)[0].astype(float))
        return np.array(rows)

    @staticmethod
    def _degrees(net: Network) -> tuple[float, float]:
        """Excitatory and inhibitory synapses of one neuron of the first population."""
        first = net.populations[0][0]
        counts = {"excitatory": 0.0, "inhibitory": 0.0}
        for link in net.links:
            if link.target == first:
                p = link.projection
                counts[p.sign] += (
                    p.expected(net.population(link.source).size, net.population(first).size, link.source == first)
                    / net.population(first).size
                )
        return counts["excitatory"], counts["inhibitory"]

    def _table(self, constants: Built, state) -> list[dict]:
        predicted = self._predicted(state)
        rows = []
        for g, (name, found) in enumerate(zip(self._names, population_statistics(constants, state), strict=True)):
            row = {"population": name, "rate (Hz)": round(found["rate"], 2)}
            if predicted is not None:
                row |= {"theory": round(predicted[g], 2), "differs": round(found["rate"] - predicted[g], 2)}
            row |= {"CV": round(found["cv"], 3), "synchrony": round(found["synchrony"], 3)}
            rows.append(row | ({"silenced": bool(state["silent"][g])} if state["silent"].any() else {}))
        return rows

    def summary(self, constants: Built, state) -> dict:
        found = population_statistics(constants, state)
        out: dict = {}
        for name, s in zip(self._names, found, strict=True):
            out[f"{name} (Hz)"] = s["rate"]
            out[f"{name} CV"] = s["cv"]
        power = spectrum(constants, state)
        total = np.nan_to_num(power[1:].sum(axis=0))
        high = power[0] > 8
        out["rhythm (Hz)"] = float(power[0][high][total[high].argmax()]) if total[high].any() else 0.0
        return out | {"neurons": constants.neurons, "synapses": constants.synapses, "synaptic events": int(state["delivered"][0])}

    def labels(self, constants: Built, stream: str) -> tuple[str, ...]:
        if stream != "spikes":
            return ()
        firsts, names = constants.wiring.pop[:, 1], self._names
        groups = np.searchsorted(firsts, constants.recorded, side="right") - 1
        return tuple(f"{names[g]} {i - firsts[g] + 1}" for g, i in zip(groups, constants.recorded, strict=True))

    def remedy(self, stream: str) -> str:
        return "use a smaller step, or weights and inputs nearer to those of the templates"

    # -- actions --

    @action(
        "Stimulate a group", shortcut="S",
        x=(float, param(0.0, "ms", lo=-1e12, hi=1e12, doc="Where in time the picture was clicked (it acts now).")),
        y=(float, param(0.0, lo=-1e9, hi=1e9, doc="Row of the raster in the middle of the group.")),
        rows=(int, param(20, "rows", lo=1, hi=5000, doc="Rows of the raster that belong to the group.")),
        kick=(float, param(30.0, "mV", lo=-200.0, hi=200.0, doc="What is added to the membrane potential.")),
    )  # fmt: skip
    def stimulate(self, constants: Built, state, x, y, rows, kick):
        """Move the membrane of a group of neighbouring cells at once; also of those between two recorded ones."""
        a, b = self._group(constants, y, rows)
        state["x"][0, a:b] += kick

    @action(
        "Drive a group",
        x=(float, param(0.0, "ms", lo=-1e12, hi=1e12, doc="Where in time the picture was touched (it acts now).")),
        y=(float, param(0.0, lo=-1e9, hi=1e9, doc="Row of the raster in the middle of the group.")),
        rows=(int, param(20, "rows", lo=1, hi=5000, doc="Rows of the raster that belong to the group.")),
        strength=(float, param(3.0, "mV/ms", lo=-100.0, hi=100.0, doc="What the membrane potential gains in each millisecond.")),
        duration=(float, param(30.0, "ms", lo=1.0, hi=10_000.0, doc="How long.")),
    )  # fmt: skip
    def drive_group(self, constants: Built, state, x, y, rows, strength, duration):
        """Drive a group of neighbouring cells for a moment: what dragging over the raster paints."""
        a, b = self._group(constants, y, rows)
        state["driven until"][a:b] = int(state["clock"][0]) + self.steps_for(duration)
        state["driven by"][a:b] = strength

    def _group(self, constants: Built, y: float, rows: int) -> tuple[int, int]:
        """First cell and one past the last of a group around a row of the raster, within one population."""
        recorded = constants.recorded
        if not len(recorded):
            raise ModelError("No cells are recorded, so none can be chosen on the raster: set record of a population above 0.")
        middle = int(min(max(round(y), 0), len(recorded) - 1))
        low, high = max(0, middle - rows // 2), min(len(recorded) - 1, middle + (rows - 1) // 2)
        g = int(np.searchsorted(constants.wiring.pop[:, 1], recorded[middle], side="right")) - 1
        first, size = int(constants.wiring.pop[g, 1]), int(constants.wiring.pop[g, 2])
        return max(int(recorded[low]), first), min(int(recorded[high]) + 1, first + size)

    @action(
        "Silence a population",
        population=(str, param("", doc="Name of the population; empty: the first.")),
        silent=(bool, param(True, doc="Silence it, or let it go on.")),
    )
    def silence(self, constants: Built, state, population, silent):
        """Keep all cells of a population from firing, or let them fire again."""
        g = self.net.index(population) if population else 0
        state["silent"][g] = int(silent)

    @action(
        "Scale a projection",
        projection=(str, param("", doc="Its name, such as 'E to I'; empty: the first.")),
        factor=(float, param(1.0, lo=0.0, hi=100.0, doc="Factor of its weights.")),
    )
    def scale_projection(self, constants: Built, state, projection, factor):
        """Multiply the weights of one projection while it runs; 1 restores them."""
        titles = [link.title for link in self.net.links]
        if projection and projection not in titles:
            raise ModelError(f"There is no projection '{projection}': choose one of {', '.join(titles)}.")
        if titles:
            for q, title in enumerate(titles):
                if title == (projection or titles[0]):
                    state["scale"][q] = factor

    @action("Restart the statistics", shortcut="0")
    def restart_statistics(self, constants: Built, state):
        """Forget the spikes counted so far, so that rates and regularity are those from now on."""
        for key in ("spikes", "interval", "interval2", "activity"):
            state[key][:] = 0
        state["last"][:] = -1
        state["since"][:] = state["clock"]

    # -- acceptance --

    @classmethod
    def figures(cls):
        def run_of(run, duration, seed=1, warm=300.0, **values):
            from lab.model import Happened

            model = cls(**values)
            restart = Happened(model.steps_for(warm), "act", "restart_statistics", {})
            return run(model, steps=model.steps_for(warm + duration), seed=seed, record={"spikes": 0}, schedule=(restart,))

        def of(key, duration=1000.0, **values):
            return lambda run: float(run_of(run, duration, **values).summary[key])

        small = {"graph": BRUNEL, "scale": 0.2}
        source, benchmark = "Brunel (2000), section 5", "Brette et al. (2007), benchmarks 1 to 3"
        return (
            Figure("Vogels-Abbott, current synapses: rate", 5.5, of("E (Hz)", 2000.0), tolerance=1.0, unit="Hz", source=benchmark),
            Figure("Vogels-Abbott, current synapses: CV", 0.5, of("E CV", 2000.0), tolerance=0.15, source=benchmark),
            Figure("Vogels-Abbott, conductance synapses: rate while alive", 19.0, of("E (Hz)", 1000.0, graph=vogels_abbott("conductance").to_json()), tolerance=2.0, unit="Hz", source=benchmark),
            Figure("Brunel, a fifth, weights scaled: rate", 37.5, of("E (Hz)", 500.0, inhibition=5.0, drive=2.0, **small), relative=0.05, unit="Hz", source=source),
            Figure("Brunel, a fifth, weights scaled: CV", 0.4, of("E CV", 500.0, inhibition=5.0, drive=2.0, **small), tolerance=0.05, source=source),
            Figure("Vogels-Abbott, Hodgkin-Huxley cells: rate", 36.5, of("E (Hz)", 2000.0, graph=vogels_abbott("Hodgkin-Huxley").to_json()), tolerance=2.0, unit="Hz", source=benchmark, slow=True),
            Figure("Brunel g 3, eta 2: rate near 1/refractory", 250.0, of("E (Hz)", 500.0, graph=BRUNEL, inhibition=3.0, drive=2.0), bound="at_least", unit="Hz", source=source, slow=True),
            Figure("Brunel g 6, eta 4: rate", 58.0, of("E (Hz)", 500.0, graph=BRUNEL, inhibition=6.0, drive=4.0), relative=0.06, unit="Hz", source=source, slow=True),
            Figure("Brunel g 6, eta 4: rhythm of the network", 185.0, of("rhythm (Hz)", 1000.0, graph=BRUNEL, inhibition=6.0, drive=4.0), tolerance=15.0, unit="Hz", source=source, slow=True),
            Figure("Brunel g 5, eta 2: rate", 37.5, of("E (Hz)", 500.0, graph=BRUNEL, inhibition=5.0, drive=2.0), relative=0.03, unit="Hz", source=source, slow=True),
            Figure("Brunel g 5, eta 2: CV", 0.4, of("E CV", 500.0, graph=BRUNEL, inhibition=5.0, drive=2.0), tolerance=0.05, source=source, slow=True),
            Figure("Brunel g 4.5, eta 0.9: rate", 5.5, of("E (Hz)", 1000.0, graph=BRUNEL, inhibition=4.5, drive=0.9), tolerance=1.2, unit="Hz", source=source, slow=True),
        )  # fmt: skip


@lru_cache(maxsize=16)
def _contours(cell: LIF, drive: Drive, excitation: float, excites: float, inhibits: float) -> np.ndarray:
    """Rows g, then the drive factor at which mean-field theory gives each rate of CONTOURS."""
    g = np.linspace(0.05, 8.0, 80)
    rows = [
        theory.outside_rate(rate, g, cell, drive.weight, excitation, (excites, inhibits, drive.sources)) / max(drive.rate, 1e-9)
        for rate in CONTOURS
    ]
    return np.vstack([g, *rows])
