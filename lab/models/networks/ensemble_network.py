"""Ensembles of neurons wired on the canvas: values go in, wires carry functions, outputs are decoded."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from lab.errors import LabError, ModelError
from lab.graph.document import Graph
from lab.graph.kinds.ensembles import channel, integrator, network, oscillator, product
from lab.model import COUNT, Bound, Clock, Figure, Layer, Model, Out, Picture, Preset, Stage, State, Stream, Strips, action, arrays, param
from lab.spiking.coding.network import (
    Built,
    Moving,
    advance,
    build,
    carried_over,
    exactly,
    kernel_part,
    key_of,
    outputs,
    sent,
    smooth,
    squares,
)
from lab.spiking.coding.parts import Ensemble, Output, components
from lab.spiking.coding.populations import REFRACTORY, TAU
from lab.spiking.coding.wiring import Net, Part
from lab.units import number as printed

CHANNEL = channel().to_json()
CURVES = 60  # tuning curves that are drawn
TOLD = 4  # outputs whose error is a figure


@lru_cache(32)
def _network(text: str) -> Net:
    graph = Graph.from_json(text)
    if graph.family != "ensembles":
        raise ModelError(f"The graph holds {graph.kinds.title.lower()}: this model takes ensembles.")
    for problem in graph.problems():
        if problem.fatal:
            raise ModelError(problem.sentence)
    return network(graph)


class EnsembleNetwork(Model):
    r"""Neurons compute what one draws: ensembles hold values, and a wire between two of them carries any function of what the first one holds.

    Draw the network on the canvas. A *value* is a number with a slider, a wave, a pulse, a curve drawn by hand or a recording. An *ensemble*
    is a population of spiking neurons that holds a value of one or more dimensions. An *output* shows what is decoded. On a wire from an
    ensemble stands a function: empty for the value itself, or `x y`, `x^2`, `sin(3 x)`, several with commas for several dimensions.
    Decoders for exactly this function are found by least squares; the neurons of the source know nothing of it.

    **The product of two values:** two values, one ensemble with 2 dimensions, an output. Drag from each value to the ensemble: the first
    becomes its x, the second its y. Drag from the ensemble to the output, and type `x y` on that wire.

    **Memory:** a wire from an ensemble to itself through a slow synapse tau brings back tau f(x) + x, and then the value obeys
    dx/dt = f(x) + u. With f = 0 it is an integrator: it stays where it was pushed. With a rotation it swings.

    The canvas shows in each node what it holds now. Beside each output the dashed line is what exact functions in place of the neurons
    would give; where a wire leads in a circle there is no such line. Everything can be changed while it runs: ensembles that stay keep
    their voltages. Silence a share of the neurons, and see who needed them.

    **A step.** Values are smoothed and added up, all neurons answer, what is decoded from their spikes is smoothed; an ensemble hears
    another one step later. A wire's weights are never multiplied out: they are decoders times encoders.
    """

    name = "ensemble-network"
    title = "Compute with populations"
    group = "Coding"
    icon = "mdi6.account-group"
    order = 40
    also = "Nengo; NEF; neural engineering framework; ensemble; ensembles; multiply two values; product of two values; integrator; oscillator; communication channel; working memory; SPAUN; population canvas"
    takes = ({"what": "graph", "family": "ensembles"},)
    equations = (
        r"a_i = G\left(\alpha_i\, e_i \cdot x + \beta_i\right),\qquad x = \sum_{wires} h * f(x_{source})",
        r"f(x) \approx \sum_i d_i^f\, a_i(x),\qquad d^f = (H^T H + P \sigma^2 I)^{-1} H^T f(x)",
        r"h(t) = \frac{1}{\tau} e^{-t/\tau},\qquad W = \alpha\, E\, D^f",
    )
    symbols = r"a_i: firing rate of neuron i; G: firing rate over current of one neuron; \alpha_i: gain; e_i: encoder; \beta_i: bias current; d_i^f: decoder for the function f; h: filter of a synapse; t: time; \tau: its time constant; H: firing rates at the sample points, one row each; P: number of sample points; I: identity matrix; \sigma: noise of the rates; W: weights from neuron to neuron; E: encoders as a matrix; D^f: decoders as a matrix"
    source = (
        "Eliasmith and Anderson 2003, Neural Engineering; Eliasmith et al. 2012, Science 338:1202; Gosmann 2015 (encoders for products)"
    )
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "A value held by neurons": Preset({}, shows="error of Output < 0.1", after=4.0),
        "Product of two values": Preset({"graph": product().to_json()}, shows="error of Product < 0.1", after=6.0),
        "Integrator": Preset({"graph": integrator().to_json()}, shows="last(outputs Held) > 0.3 and last(outputs Held) < 0.7", after=3.0),
        "Oscillator": Preset({"graph": oscillator().to_json()}, shows="max(outputs Out · x) > 0.5 and min(outputs Out · x) < -0.5", after=6.0),
    }  # fmt: skip

    graph: str = param(
        CHANNEL, kind="graph", builds=True, doc="Values, ensembles, outputs and wires (JSON text of the canvas).", group="Network"
    )
    shown: int = param(
        1,
        lo=1,
        hi=1000,
        group="Pictures",
        label="Ensemble shown",
        doc="Which ensemble the pictures of neurons are about, in the order in which they were drawn.",
    )
    recorded: int = param(
        40,
        lo=0,
        hi=2000,
        live=False,
        log=False,
        group="Pictures",
        label="Spikes of each",
        doc="Neurons of each ensemble whose spikes are shown.",
    )
    dt: float = param(1.0, "ms", lo=0.1, hi=2, live=False, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Step of time.")

    def check(self) -> None:
        try:
            _network(self.graph).led  # noqa: B018  (raises where a wire cannot be)
        except LabError as error:
            raise self.refuse("graph", str(error).rstrip(".")) from None

    @property
    def net(self) -> Net:
        """The network as a value."""
        return _network(self.graph)

    # -- declarations --

    @property
    def clock(self) -> Clock:
        return Clock(self.dt * 1e-3, "s")

    @property
    def speed(self) -> float:
        return 1.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(6.0)

    def memory(self) -> int:
        widest = max((p.kind.neurons * max(2500, 2 * p.kind.neurons) for p in self.net.ensembles), default=0)
        return 24 * widest + 8 * sum((p.kind.dimensions + 4) * p.kind.neurons for p in self.net.ensembles)

    @property
    def _focus(self) -> tuple[int, Part[Ensemble]] | None:
        """The ensemble that pictures of neurons are about."""
        found = self.net.ensembles
        at = min(self.shown, len(found)) - 1
        return (at, found[at]) if found else None

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(name for p in self.net.parts for name in self.net.names_of(p.id))

    @property
    def _exact(self) -> tuple[Part[Output], ...]:
        """Outputs for which exact functions can say what they should be."""
        return tuple(p for p in self.net.outputs if p.id in self.net.order and self.net.ensembles)

    @property
    def streams(self) -> tuple[Stream, ...]:
        net, names = self.net, self._names
        found = [
            Stream(
                "nodes",
                "trace",
                "",
                "What each node holds; of ensembles decoded and smoothed over 20 ms.",
                (len(names),),
                names,
                every=5,
                canvas="values",
            ),
            Stream("wires", "table", "", "Each wire with its function, its synapse, and how well its decoders do."),
        ]
        if net.outputs:
            said = tuple(n for p in net.outputs for n in net.names_of(p.id))
            exact = tuple(f"{n} exactly" for p in self._exact for n in net.names_of(p.id))
            found.append(
                Stream(
                    "outputs",
                    "trace",
                    "",
                    "What is decoded at each output, and what exact functions would give.",
                    (len(said + exact),),
                    said + exact,
                    every=5,
                )
            )
        if net.ensembles:
            found.append(Stream("spikes", "raster", "", "Spikes of some neurons of each ensemble.", every=1))
        if self._focus:
            # Of one shape whichever is shown: another choice must not begin a new run.
            found.append(
                Stream("held", "trace", "", "What the shown ensemble holds, up to three dimensions.", (3,), ("x", "y", "z"), every=5)
            )
            found.append(
                Stream(
                    "tuning",
                    "curve",
                    "Hz",
                    "Rates of neurons along the first dimension.",
                    channels=tuple(f"neuron {k + 1}" for k in range(CURVES)),
                )
            )
            found.append(Stream("here", "curve", "Hz", "What it holds now.", channels=("now",)))
        return tuple(found)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        net, known, found = self.net, [s.name for s in self.streams], []
        if "outputs" in known:
            said = sum(net.dimensions[p.id] for p in net.outputs)
            layers = [Layer("outputs", channel=k, series=(k,)) for k in range(said)]
            at, before = said, 0
            for p in net.outputs:
                if p in self._exact:
                    layers += [Layer("outputs", channel=at + j, theory=True, series=(before + j,)) for j in range(net.dimensions[p.id])]
                    at += net.dimensions[p.id]
                before += net.dimensions[p.id]
            figures = tuple(f"error of {p.title}" for p in self._exact[:1])
            found.append(Picture("outputs", "Outputs", tuple(layers), y="decoded", window=4.0, figures=figures, weight=1.5, front=True))
        found.append(Picture("nodes", "Everything that is held", (Layer("nodes"),), y="value", window=4.0, front="outputs" not in known))
        if "spikes" in known:
            found.append(Picture("spikes", f"Spikes: {self._shown_said}", (Layer("spikes"),), y="neuron", window=2.0, front=True))
        if self._focus:
            part = self._focus[1]
            r = part.kind.radius
            found.append(
                Picture(
                    "tuning",
                    f"Tuning curves of {part.title}",
                    (Layer("tuning", style="pale", label="each neuron"), Layer("here", style="dotted", series=(1,))),
                    x="x",
                    y="rate (Hz)",
                    x_range=(-r, r),
                )
            )
            d = part.kind.dimensions
            if d > 1:
                across, up = components(d)[0], components(d)[min(d, 3) - 1]
                found.append(Picture("phase", f"{part.title}: {up} over {across}", (Layer("held", x="held", channel=min(d, 3) - 1),), x=across, y=up,
                                     x_range=(-r, r), y_range=(-r, r), equal=True, window=4.0, front=True))  # fmt: skip
        found.append(Picture("wires", "Wires", (Layer("wires"),)))
        return tuple(found)

    @property
    def _shown_said(self) -> str:
        said = [
            f"{printed(min(self.recorded, p.kind.neurons))} of {printed(p.kind.neurons)} {p.title}"
            for p in self.net.ensembles
            if p.kind.neurons_are == "LIF"
        ]
        return ", ".join(said[:4]) + (" ..." if len(said) > 4 else "")

    @property
    def stage(self) -> Stage:
        known = [p.name for p in self.pictures]
        rows = tuple(n for n in ("outputs" if "outputs" in known else "nodes", "spikes") if n in known)
        main = Strips("time", "Over time", rows) if len(rows) > 1 else rows[0]
        beside = tuple(n for n in ("phase",) if n in known) or tuple(n for n in ("tuning",) if n in known)
        rest = tuple(n for n in ("nodes", "tuning") if n in known and n not in (*rows, *beside))
        return Stage(main, companions=beside, drawers=(("Wires", ("wires",)), *((("More", rest),) if rest else ())))

    # -- behaviour --

    def build(self, seed: int) -> Built:
        return build(self.net, seed, self.clock.dt, self.recorded)

    def start(self, constants: Built, seed: int) -> State:
        neurons, columns = constants.laid.sizes
        v = np.empty(neurons)
        for part in self.net.ensembles:
            where = constants.laid.neurons[part.id]
            v[where] = np.random.default_rng([seed, key_of(part), 1]).uniform(size=where.stop - where.start)
        return {
            "v": v, "rest": np.zeros(neurons), "alive": np.ones(neurons), "smoothed": np.zeros(columns), "ideal": np.zeros(columns),
            "steps": np.zeros(1, np.int64), "error": np.zeros(1 + sum(self.net.dimensions[p.id] for p in self._exact)),
        }  # fmt: skip

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        return {"steps": COUNT, "error": Bound(0.0), "alive": Bound(0.0, 1.0)}

    def changed_live(self, before: Model, constants: Built, state: State) -> None:
        assert isinstance(before, EnsembleNetwork)
        if before.graph == self.graph:
            return
        fresh = self.start(constants, 0)
        carried_over(before.net, self.net, state, fresh)
        fresh["steps"][:] = state["steps"]
        state.update(fresh)

    def advance(self, constants: Built, state: State, n: int, out: Out) -> int:
        first = int(state["steps"][0])
        given, values = sent(constants, (np.arange(first, first + n) + 1) * self.clock.dt)
        rows = np.empty((n, len(constants.columns)))
        events = out.events["spikes"].columns if "spikes" in out.events else None
        if events is None:
            heard = state["smoothed"]
            for _, where in constants.wires:
                for j in range(where.start, where.stop):
                    smooth(np.ascontiguousarray(given[:, j]), constants.keep[j], heard[j], rows[:, j])
            if n:
                heard[:] = rows[-1]
            done = n
        else:
            done = int(advance(arrays(Moving, state), kernel_part(constants), given, self.clock.dt, TAU, REFRACTORY, rows, events))
        if not done:
            return 0
        rows, values = rows[:done], {id: x[:done] for id, x in values.items()}
        said = outputs(constants, rows)
        wanted = exactly(constants, values, state["ideal"], done)
        exact = [(said[p.id], wanted[p.id]) for p in self._exact]
        if exact:
            squares(np.hstack([b for _, b in exact]), np.hstack([a for a, _ in exact]), state["error"][1:])
            state["error"][0] += done
        if "outputs" in out.samples and out.wanted("outputs"):
            out["outputs"][:done] = np.hstack([*said.values(), *(b for _, b in exact)])
        if out.wanted("nodes"):
            held = {p.id: rows[:, constants.laid.held[p.id]] for p in self.net.ensembles}
            shown = {**{id: x[:, None] for id, x in values.items()}, **held, **said}
            out["nodes"][:done] = np.hstack([shown[p.id] for p in self.net.parts])
        if "held" in out.samples and out.wanted("held") and self._focus:
            where = constants.laid.held[self._focus[1].id]
            few = rows[:, where][:, :3]
            out["held"][:done] = 0.0
            out["held"][:done, : few.shape[1]] = few
        state["steps"][0] += done
        return done

    def observe(self, constants: Built, state: State, stream: str) -> Any:
        if stream == "wires":
            return self._table(constants)
        if stream in ("tuning", "here") and self._focus:
            at, part = self._focus
            kind, laid = part.kind, constants.laid
            now = state["smoothed"][laid.held[part.id]]
            if stream == "here":
                return np.array([[now[0], now[0]], [0.0, kind.highest]])
            side = np.linspace(-kind.radius, kind.radius, 121)
            line = np.repeat(now[None], len(side), axis=0)
            line[:, 0] = side
            rates = np.full((CURVES, len(side)), np.nan)
            few = min(CURVES, kind.neurons)
            rates[:few] = (constants.populations[at].rates(line) * state["alive"][laid.neurons[part.id]])[:, :few].T
            return np.vstack([side, rates])
        return super().observe(constants, state, stream)

    def _table(self, constants: Built) -> list[dict[str, Any]]:
        rows = []
        for led, _ in constants.wires:
            link, net = led.link, self.net
            target = net.by_id[link.target]
            room = components(net.dimensions[link.target])
            row: dict[str, Any] = {
                "from": net.by_id[link.source].title,
                "carries": link.carries.function.strip() or "the value",
                "to": target.title,
            }
            row["into"] = ", ".join(room[led.into : led.into + led.size])
            row["synapse (ms)"] = link.carries.synapse
            row["decoders' error"] = round(constants.errors[link.id], 4) if link.id in constants.errors else ""
            row["solver"] = getattr(link.carries, "solver", "")
            rows.append(row)
        return rows

    def labels(self, constants: Built, stream: str) -> tuple[str, ...]:
        if stream != "spikes":
            return ()
        return tuple(f"{p.title} {k + 1}" for p, many in zip(self.net.ensembles, constants.shown, strict=True) for k in range(many))

    def summary(self, constants: Built, state: State) -> dict[str, Any]:
        found: dict[str, Any] = {"neurons": len(state["v"]), "alive": int(state["alive"].sum())}
        steps, at = state["error"][0], 1
        for p in self._exact:
            d = self.net.dimensions[p.id]
            if at <= TOLD:
                found[f"error of {p.title}"] = math.sqrt(state["error"][at : at + d].sum() / steps) if steps else math.nan
            at += d
        return found

    @action("Silence neurons", share=(float, param(20.0, "%", lo=0, hi=100, doc="Share of those of the shown ensemble that live.")))
    def silence(self, constants: Built, state: State, share: float) -> None:
        """Silence a share of the neurons of the shown ensemble; its decoders stay as they were."""
        if self._focus is None:
            raise ModelError("There is no ensemble whose neurons could be silenced: drag one onto the canvas.")
        alive = state["alive"][constants.laid.neurons[self._focus[1].id]]
        living = np.flatnonzero(alive > 0.0)
        order = np.random.default_rng(len(living)).permutation(living)
        alive[order[: math.ceil(len(living) * share / 100.0)]] = 0.0
        state["error"][:] = 0.0

    @action("Revive all")
    def revive(self, constants: Built, state: State) -> None:
        """All neurons live again."""
        state["alive"][:] = 1.0
        state["error"][:] = 0.0

    @action("Measure the error anew", shortcut="0")
    def measure_anew(self, constants: Built, state: State) -> None:
        """Forget the errors so far: those of the beginning, when nothing had arrived yet, weigh on all later ones."""
        state["error"][:] = 0.0

    @classmethod
    def figures(cls):
        def error(title):
            def measure(run):
                graph = {"Product": product, "Output": channel}[title]().to_json()
                found = [run(cls(graph=graph), steps=6000, seed=seed, record={}).summary[f"error of {title}"] for seed in range(3)]
                return float(np.median(found))

            return measure

        def fitted(run):
            built = [cls(graph=product().to_json()).build(seed) for seed in range(5)]
            return float(np.median([max(b.errors.values()) for b in built]))

        def held(run):
            drift = []
            for seed in range(5):
                x = run(cls(graph=integrator().to_json()), steps=3000, seed=seed, record={"outputs": 1})["outputs"][:, 0]
                drift.append(abs(x[-200:].mean() - x[900:1100].mean()))
            return float(np.median(drift))

        def turns(run):
            found = []
            for seed in range(3):
                x = run(cls(graph=oscillator().to_json()), steps=9000, seed=seed, record={"outputs": 1})["outputs"]
                angle = np.unwrap(np.arctan2(x[1000:, 1], x[1000:, 0]))
                found.append((angle[-1] - angle[0]) / (2.0 * np.pi * 7.999))
            return float(np.median(found))

        yield Figure(
            "decoders of x y over the square, 200 neurons",
            0.035,
            fitted,
            bound="at_most",
            source="Eliasmith and Anderson 2003; median of five seeds",
        )
        yield Figure(
            "product of two waves, spikes over 20 ms, rms",
            0.06,
            error("Product"),
            bound="at_most",
            source="exact functions through the same synapses; median of three",
        )
        yield Figure(
            "one wave held by 100 neurons, rms",
            0.03,
            error("Output"),
            bound="at_most",
            source="exact functions through the same synapses; median of three",
        )
        yield Figure(
            "integrator of 200 neurons, drift over 1.8 s", 0.05, held, bound="at_most", source="median of five seeds; exact would be 0"
        )
        yield Figure("oscillator asked for one turn a second", 1.0, turns, relative=0.02, unit="Hz", source="median of three seeds")
