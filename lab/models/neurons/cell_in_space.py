"""A cell in space: dendrite, soma and axon as a chain of compartments."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lab.cells.squid import gates_after, gating
from lab.errors import ParameterError
from lab.kernels import kernel
from lab.model import COUNT, Bound, Clock, Figure, Handle, Layer, Model, Picture, Preset, Stage, State, Stream, Strips, action, param

FILM = 240  # rows of the picture of space and time, and the most columns
MOST = 4000  # compartments
LEVEL = 0.0  # mV: an upward crossing is a spike that passes
PULSES = 8  # pulses given by hand that may go on at once
SIDE = 31  # rows of the picture of the cell
REST = -65.0  # mV, where a passive membrane rests


class Geometry(NamedTuple):
    """Compartments from left to right: what of the cell never changes while it runs."""

    x: np.ndarray  # (n,) mm, the middles
    area: np.ndarray  # (n,) cm2 of membrane
    diameter: np.ndarray  # (n,) um
    coupling: np.ndarray  # (n - 1,) mS between neighbours
    channels: np.ndarray  # (n,) density of channels as a multiple of the squid axon's; 0 where the membrane is passive
    sheath: np.ndarray  # (n,) by how much myelin divides capacitance and leak (1: bare)


class Membrane(NamedTuple):
    """What a step needs of each compartment, with blocks and temperatures of the moment."""

    C: np.ndarray  # (n,) uF
    g: np.ndarray  # (3, n) mS: Na, K, leak
    E: np.ndarray  # (2,) mV: Na, K
    rest: np.ndarray  # (n,) mV: where the leak reverses
    phi: np.ndarray  # (n,) speed of the gates
    coupling: np.ndarray  # (n - 1,) mS


class Moving(NamedTuple):
    """What moves: voltages (n,), gates (3, n), when a spike last passed (n,) ms, and pulses given by hand (PULSES, 3)."""

    V: np.ndarray
    gates: np.ndarray
    passed: np.ndarray
    pulses: np.ndarray  # compartment, steps that are left, uA


class Eyes(NamedTuple):
    """What is written down: voltage at the electrodes, spikes that pass there, and every so many steps a row of the film."""

    electrodes: np.ndarray  # (2,) compartments
    counts: np.ndarray  # (3,) steps done, spikes at A, spikes at B
    film: np.ndarray  # (FILM, columns) mV
    columns: np.ndarray  # (columns,) compartments
    every: int
    V: np.ndarray  # (steps, 2), or (0, 2)


@kernel
def _solve(V, sums, right, coupling, scratch):
    """Solve the symmetric tridiagonal system sums[i] V[i] - coupling (V[i-1] + V[i+1]) = right[i] into V (Thomas' elimination)."""
    n = len(V)
    below = sums[0]
    V[0] = right[0] / below
    for i in range(1, n):
        scratch[i] = -coupling[i - 1] / below
        below = sums[i] + coupling[i - 1] * scratch[i]
        V[i] = (right[i] + coupling[i - 1] * V[i - 1]) / below
    for i in range(n - 2, -1, -1):
        V[i] -= scratch[i + 1] * V[i + 1]


@kernel
def _step_gates(gates, V, phi, dt):
    m, h, n = gates[0], gates[1], gates[2]
    for i in range(len(V)):
        m[i], h[i], n[i] = gates_after(m[i], h[i], n[i], V[i], phi[i] * dt)


@kernel
def _advance(moving, membrane, eyes, drive, dt, e_step, e_index, e_value, e_count):
    """As many steps as `drive` (steps, 2: uA at each site, sites in drive's last row) has rows; returns the steps done.

    Gates stand half a step before the voltages and are advanced by the trapezoid rule; voltages by half a step backwards
    and half a step forwards (Crank and Nicolson), all compartments at once. Both are of second order (Hines 1984).
    """
    V, gates, passed, pulses = moving
    C, g, E, rest, phi, coupling = membrane
    electrodes, counts, film, columns, every, out_V = eyes
    n = len(V)
    sums, right, scratch, before = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    E_Na, E_K = E[0], E[1]
    steps = len(drive) - 1
    sites = (int(drive[steps, 0]), int(drive[steps, 1]))
    for k in range(steps):
        if e_count[0] + 2 > len(e_step):
            return k
        _step_gates(gates, V, phi, dt)
        for i in range(n):
            m, h, a = gates[0, i], gates[1, i], gates[2, i]
            a2 = a * a
            open_Na, open_K, leak = g[0, i] * m * m * m * h, g[1, i] * a2 * a2, g[2, i]
            held = 2.0 * C[i] / dt
            sums[i] = held + open_Na + open_K + leak
            right[i] = held * V[i] + open_Na * E_Na + open_K * E_K + leak * rest[i]
            before[i] = V[i]
        for i in range(n - 1):
            sums[i] += coupling[i]
            sums[i + 1] += coupling[i]
        right[sites[0]] += drive[k, 0]
        right[sites[1]] += drive[k, 1]
        for p in range(len(pulses)):
            if pulses[p, 1] > 0.0:
                right[int(pulses[p, 0])] += pulses[p, 2]
                pulses[p, 1] -= 1.0
        _solve(V, sums, right, coupling, scratch)
        now = (counts[0] + 1) * dt
        for i in range(n):
            V[i] = 2.0 * V[i] - before[i]
            if before[i] < LEVEL and V[i] >= LEVEL:
                passed[i] = now - dt * (V[i] - LEVEL) / (V[i] - before[i])
        for j in range(2):
            i = electrodes[j]
            if before[i] < LEVEL and V[i] >= LEVEL:
                e_step[e_count[0]], e_index[e_count[0]] = k, j
                e_value[e_count[0]] = (LEVEL - before[i]) / (V[i] - before[i])
                e_count[0] += 1
                counts[1 + j] += 1
            if len(out_V) > 0:
                out_V[k, j] = V[i]
        counts[0] += 1
        if counts[0] % every == 0:
            row = (counts[0] // every - 1) % len(film)
            for j in range(len(columns)):
                film[row, j] = V[columns[j]]
    return steps


class CellInSpace(Model):
    r"""Where an action potential begins, and how it travels.

    A cell is not a point. Its membrane lies along a dendrite, a soma and an axon, and current flows inside from each stretch
    to the next through the resistance of the cell's own salt water. So a voltage fades along a dendrite within its *length
    constant*, and an axon with channels carries a spike without loss: each stretch that fires excites the next. The axon is
    that of the squid (Hodgkin and Huxley 1952), cut into compartments with sealed ends.

    **Try:** click anywhere on the voltage along the cell to stimulate there: from the middle two spikes leave in opposite
    directions. Stimulate both ends: the spikes meet and die, for each leaves behind it a stretch that cannot fire again yet.
    Block the sodium channels of a stretch and see how long it must be before the spike fails to jump it. Cool a stretch: there the
    spike slows down, and the line of arrival times bends. Make the axon four times as thick: it conducts twice as fast.
    Wrap it in myelin: the spike leaps from node to node.

    **Numerics.** Voltages of all compartments are advanced together, half a step backwards and half a step forwards, the gates
    staggered by half a step: second order in time, and second order in the length of a compartment. The passive cable is
    drawn beside its closed form.
    """

    name = "cell-in-space"
    title = "The cell in space"
    group = "Single cells"
    icon = "mdi6.source-branch"
    order = 55
    also = "cable; cable equation; cable theory; axon; dendrite; compartments; multi-compartment; propagation; conduction velocity; myelin; node of Ranvier; saltatory conduction; Rall; length constant; space constant; morphology; travelling wave; SWC"
    equations = (
        r"c\,\frac{\partial V}{\partial t} = \frac{a}{2R_i}\,\frac{\partial^2 V}{\partial x^2} - I_{ion}(V, m, h, n)",
        r"\lambda = \sqrt{\frac{a}{2 R_i\, g_L}},\qquad V(x) = V_0\,\frac{\cosh\left((L - x)/\lambda\right)}{\cosh(L/\lambda)}",
        r"\mathrm{speed} \propto \sqrt{a}",
    )
    symbols = r"c: capacitance of the membrane per area; a: radius; I_{ion}: current through channels per area; x: place along the cable; t: time; \lambda: length constant; L: length of the cable; V_0: voltage at its beginning"
    source = (
        "Hodgkin and Huxley 1952, J Physiol 117:500, equation 30 (propagated action potential); Rall 1962, Biophys J 2:145 (cables); "
        "Hines 1984, Int J Biomed Comput 15:69 (integration)"
    )
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "Squid axon: a spike travels": Preset(shows="passed A = 2 and passed B = 2 and speed > 15"),
        "Two spikes meet and die": Preset({"second": True}, shows="passed A = 2 and passed B = 2 and second = 1"),
        "From the middle, both ways": Preset({"site": 50.0}, shows="passed A = 2 and passed B = 2"),
        "A blocked stretch stops it": Preset({"block": 100.0, "block_from": 45.0, "block_to": 65.0}, shows="passed A = 2 and passed B = 0"),
        "A short block is jumped": Preset({"block": 100.0, "block_from": 50.0, "block_to": 54.0}, shows="passed A = 2 and passed B = 2 and block = 100"),
        "A cold stretch slows it": Preset({"cold_from": 40.0, "cold_to": 70.0, "cold": 5.0}, shows="passed B = 2 and speed < 16"),
        "Myelin: from node to node": Preset({
            "sheath": 150.0, "axon": 30.0, "diameter": 10.0, "R_i": 70.0, "amplitude": 5.0, "compartment": 0.1, "dt": 0.002, "film_time": 4.0,
        }, shows="passed B = 2 and speed > 20"),
        "The same axon without myelin": Preset({
            "axon": 30.0, "diameter": 10.0, "R_i": 70.0, "amplitude": 30.0, "compartment": 0.05, "film_time": 20.0,
        }, shows="passed B = 2 and speed < 3"),
        "Dendrite, soma and axon": Preset({
            "dendrite": 0.8, "dendrite_diameter": 6.0, "soma": 25.0, "soma_channels": 70.0, "axon": 5.0, "diameter": 4.0, "R_i": 100.0,
            "site": 5.0, "amplitude": 5.0, "width": 5.0, "compartment": 0.04, "film_time": 20.0,
        }, shows="passed A = 2 and passed B = 2"),
        "Passive cable: it fades": Preset({
            "membrane": "passive", "axon": 40.0, "amplitude": 4000.0, "width": 400.0, "period": 0.0, "site": 0.0, "film_time": 40.0,
        }, shows="passed B = 0 and of the closed form > 99"),
    }  # fmt: skip

    site: float = param(2.0, "%", lo=0, hi=100, main=True, group="Stimulus", doc="Where current is injected, from left to right.")
    amplitude: float = param(12_000.0, "nA", lo=-1e6, hi=1e6, main=True, group="Stimulus", doc="Height of the pulses of current.")
    width: float = param(0.5, "ms", lo=0.0, hi=1000.0, group="Stimulus", doc="Length of a pulse.")
    onset: float = param(1.0, "ms", lo=0.0, hi=1000.0, group="Stimulus", doc="When the first pulse begins.")
    period: float = param(20.0, "ms", lo=0.0, hi=1000.0, group="Stimulus", doc="Time from pulse to pulse; 0: one pulse only.")
    second: bool = param(False, group="Stimulus", label="At a second place too", doc="The same pulses at a second place.")
    second_site: float = param(
        98.0, "%", lo=0, hi=100, group="Stimulus", when=("second", True), label="Second site", doc="Where else current is injected."
    )
    block: float = param(0.0, "%", lo=0, hi=100, main=True, group="A stretch", label="Block of Na", doc="Sodium channels blocked there.")
    block_from: float = param(45.0, "%", lo=0, hi=100, group="A stretch", label="Blocked from", doc="Where the blocked stretch begins.")
    block_to: float = param(60.0, "%", lo=0, hi=100, group="A stretch", label="Blocked to", doc="Where it ends.")
    cold: float = param(18.5, "°C", lo=-2, hi=45, group="A stretch", label="Temperature there", doc="Temperature of the other stretch.")
    cold_from: float = param(0.0, "%", lo=0, hi=100, group="A stretch", label="That stretch from", doc="Where it begins.")
    cold_to: float = param(
        0.0, "%", lo=0, hi=100, group="A stretch", label="That stretch to", doc="Where it ends; not after its beginning: none."
    )
    electrode_A: float = param(30.0, "%", lo=0, hi=100, group="Electrodes", label="Electrode A", doc="Where V is recorded.")
    electrode_B: float = param(80.0, "%", lo=0, hi=100, group="Electrodes", label="Electrode B", doc="Where V is recorded, too.")
    temperature: float = param(18.5, "°C", lo=-2, hi=45, group="Membrane", doc="Speeds up the gates threefold for ten degrees (Q10 = 3).")
    membrane: str = param(
        "Hodgkin-Huxley", choices=("Hodgkin-Huxley", "passive"), group="Membrane", doc="With channels that open, or leak only."
    )
    C: float = param(
        1.0, "uF/cm2", lo=0.05, hi=20, log=True, group="Membrane", symbol="C", label="Capacitance", doc="Membrane capacitance."
    )
    g_Na: float = param(
        120.0,
        "mS/cm2",
        lo=0,
        hi=1000,
        group="Membrane",
        symbol="g_{Na}",
        label="Na channels",
        doc="Largest sodium conductance of the axon.",
    )
    g_K: float = param(
        36.0, "mS/cm2", lo=0, hi=1000, group="Membrane", symbol="g_K", label="K channels", doc="Largest potassium conductance of the axon."
    )
    g_L: float = param(0.3, "mS/cm2", lo=0.001, hi=100, log=True, group="Membrane", symbol="g_L", label="Leak", doc="Leak conductance.")
    V_Na: float = param(
        50.0, "mV", lo=-200, hi=200, group="Membrane", symbol="V_{Na}", label="Na reversal", doc="Sodium reversal potential."
    )
    V_K: float = param(
        -77.0, "mV", lo=-200, hi=200, group="Membrane", symbol="V_K", label="K reversal", doc="Potassium reversal potential."
    )
    V_L: float = param(
        -54.387,
        "mV",
        lo=-200,
        hi=200,
        group="Membrane",
        symbol="V_L",
        label="Leak reversal",
        doc="Leak reversal potential where there are channels.",
    )
    R_i: float = param(
        35.4,
        "Ohm cm",
        lo=1,
        hi=1000,
        log=True,
        live=False,
        group="Shape",
        symbol="R_i",
        label="Resistivity inside",
        doc="Resistivity of the inside.",
    )
    axon: float = param(
        100.0, "mm", lo=0.5, hi=500, log=True, live=False, group="Shape", label="Length of the axon", doc="Length of the axon."
    )
    diameter: float = param(
        476.0,
        "um",
        lo=0.5,
        hi=2000,
        log=True,
        live=False,
        group="Shape",
        label="Diameter of the axon",
        doc="Diameter of the axon; the squid's has 476 um.",
    )
    dendrite: float = param(
        0.0, "mm", lo=0, hi=50, live=False, group="Shape", label="Length of the dendrite", doc="A passive dendrite to the left; 0: none."
    )
    dendrite_diameter: float = param(
        5.0, "um", lo=0.2, hi=500, log=True, live=False, group="Shape", label="Diameter of the dendrite", doc="Diameter of the dendrite."
    )
    soma: float = param(
        0.0, "um", lo=0, hi=500, live=False, group="Shape", label="Diameter of the soma", doc="A round soma between them; 0: none."
    )
    soma_channels: float = param(
        100.0, "%", lo=0, hi=100, live=False, group="Shape", label="Channels of the soma", doc="Their density, of the axon's."
    )
    sheath: float = param(
        0.0, lo=0, hi=1000, live=False, group="Myelin", label="Myelin", doc="By how much it divides capacitance and leak; 0: none."
    )
    internode: float = param(1.0, "mm", lo=0.1, hi=10, live=False, group="Myelin", doc="Distance from node to node.")
    node: float = param(3.0, "um", lo=0.5, hi=100, live=False, group="Myelin", doc="Length of a node, which is bare.")
    node_channels: float = param(
        10.0, lo=0.1, hi=100, live=False, group="Myelin", label="Channels of a node", doc="Their density, of the squid axon's."
    )
    compartment: float = param(0.25, "mm", lo=0.005, hi=5, log=True, live=False, group="Numerics", doc="Longest compartment.")
    dt: float = param(
        0.005, "ms", lo=0.0005, hi=0.05, live=False, log=True, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Step of time."
    )
    film_time: float = param(
        15.0,
        "ms",
        lo=1,
        hi=500,
        live=False,
        group="Numerics",
        label="Time in the picture",
        doc="How much time the picture of space and time shows.",
    )

    def check(self) -> None:
        if self.compartments > MOST:
            raise self.refuse(
                "compartment",
                f"makes {self.compartments} compartments and at most {MOST} can be; take longer compartments or a shorter cell",
            )

    @property
    def _pieces(self) -> list[tuple[float, float, float, float]]:
        """Stretches from left to right: (length mm, diameter um, density of channels, sheath), each cut into compartments of its own."""
        found = []
        if self.dendrite > 0.0:
            found.append((self.dendrite, self.dendrite_diameter, 0.0, 1.0))
        if self.soma > 0.0:
            found.append((1e-3 * self.soma, self.soma, self.soma_channels / 100.0, 1.0))
        if self.sheath <= 1.0:
            found.append((self.axon, self.diameter, 1.0, 1.0))
            return found
        bare = 1e-3 * self.node
        for _ in range(max(1, round(self.axon / self.internode))):
            found.append((bare, self.diameter, self.node_channels, 1.0))
            found.append((max(self.internode - bare, bare), self.diameter, 0.0, self.sheath))
        found.append((bare, self.diameter, self.node_channels, 1.0))
        return found

    @property
    def compartments(self) -> int:
        """How many compartments the cell is cut into."""
        return sum(max(1, math.ceil(piece[0] / self.compartment - 1e-9)) for piece in self._pieces)

    @cached_property
    def geometry(self) -> Geometry:
        """The compartments."""
        lengths, diameters, channels, sheaths = [], [], [], []
        for length, diameter, density, sheath in self._pieces:
            many = max(1, math.ceil(length / self.compartment - 1e-9))
            lengths += [length / many] * many
            diameters += [diameter] * many
            channels += [density] * many
            sheaths += [sheath] * many
        long = np.array(lengths)
        d = np.array(diameters)
        # Half of a compartment's resistance, in Ohm: R_i (L/2) / (pi a^2), lengths in cm.
        half = self.R_i * 0.05 * long / (np.pi * (0.5e-4 * d) ** 2)
        return Geometry(
            np.cumsum(long) - 0.5 * long, np.pi * d * 1e-4 * long * 0.1, d, 1e3 / (half[1:] + half[:-1]), np.array(channels), np.array(sheaths)
        )  # fmt: skip

    @property
    def span(self) -> float:
        """Length of the whole cell (mm)."""
        return sum(piece[0] for piece in self._pieces)

    def at(self, percent: float) -> int:
        """The compartment at this part of the length."""
        return int(np.argmin(np.abs(self.geometry.x - percent / 100.0 * self.span)))

    def stretch(self, first: float, last: float) -> np.ndarray:
        """Which compartments lie between two parts of the length (none where the end does not lie beyond the beginning)."""
        x = self.geometry.x / self.span * 100.0
        return (x >= first) & (x <= last) if last > first else np.zeros(len(x), bool)

    @cached_property
    def now(self) -> Membrane:
        """The membrane with the blocks and temperatures of this value."""
        shape = self.geometry
        active = shape.channels * (self.membrane == "Hodgkin-Huxley")
        g = np.stack([self.g_Na * active, self.g_K * active, self.g_L / shape.sheath]) * shape.area
        g[0, self.stretch(self.block_from, self.block_to)] *= 1.0 - self.block / 100.0
        celsius = np.where(self.stretch(self.cold_from, self.cold_to), self.cold, self.temperature)
        rest = np.where(active > 0.0, self.V_L, REST)
        return Membrane(
            self.C * shape.area / shape.sheath, g, np.array([self.V_Na, self.V_K]), rest, 3.0 ** ((celsius - 6.3) / 10.0), shape.coupling
        )  # fmt: skip

    @property
    def length_constant(self) -> float:
        """Length constant of the bare axon's leak (mm): the root of a / (2 R_i g_L)."""
        return 10.0 * math.sqrt(0.5e-4 * self.diameter / (2.0 * self.R_i * 1e-3 * self.g_L))

    # -- declarations --

    @property
    def clock(self) -> Clock:
        return Clock(self.dt, "ms")

    @property
    def speed(self) -> float:
        return 2.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(40.0)

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("V", "trace", "mV", "Voltage at the electrodes.", (2,), ("A", "B"), every=max(1, round(0.02 / self.dt))),
            Stream("spikes", "raster", "", "Spikes that pass electrodes A (0) and B (1).", every=1),
            Stream("I", "trace", "nA", "Current injected at the first site, and by pulses anywhere.", every=max(1, round(0.02 / self.dt))),
            Stream("profile", "curve", "mV", "Voltage along the cell.", channels=("V",), x_unit="mm"),
            Stream(
                "electrodes", "curve", "mV", "Where the electrodes and the stimulus are.", channels=("electrodes", "stimulus"), x_unit="mm"
            ),
            Stream(
                "steady", "curve", "mV", "The passive cable's closed form under a constant current.", channels=("closed form",), x_unit="mm"
            ),
            Stream("film", "image", "mV", "Voltage along the cell (across) and time (down, the present at the bottom)."),
            Stream("gates", "curve", "", "Gates along the cell.", channels=("m", "h", "n"), x_unit="mm"),
            Stream("arrival", "curve", "ms", "How long ago the last spike passed each place.", channels=("passed",), x_unit="mm"),
            Stream(
                "differences",
                "curve",
                "%",
                "Free sodium channels and speed of the gates, along the cell.",
                channels=("free Na", "gates"),
                x_unit="mm",
            ),
            Stream("shape", "image", "mV", "The cell from the side, coloured by its voltage; widths are roots of diameters."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        x, ends = "along the cell (mm)", (0.0, self.span)
        passive = self.membrane == "passive"
        closed = (Layer("steady", theory=True, label="closed form"),) if passive else ()
        return (
            Picture(
                "profile", "Voltage along the cell", (Layer("profile", label="V"), Layer("electrodes", style="points"), *closed), x=x, y="V (mV)",
                x_range=ends, y_range=None if passive else (-90.0, 50.0), click="stimulate", figures=("speed (m/s)",), weight=1.6, front=True,
                doc="Click to stimulate there.",
            ),
            Picture(
                "film", "Space and time", (Layer("film"),), x=x, y="time (ms)", x_range=ends, y_range=(-self.film_time, 0.0),
                levels=(-90.0, 50.0), click="stimulate", weight=1.4, front=True, doc="The slope of a stripe is the speed; click to stimulate there.",
            ),
            Picture("V", "At the electrodes", (Layer("V"),), y="V (mV)", window=self.film_time, y_range=None if passive else (-90.0, 50.0), weight=1.6),
            Picture(
                "I", "Injected current", (Layer("I", style="fill"),), y="I (nA)", window=self.film_time,
                handles=(Handle("amplitude"), Handle("onset", "x"), Handle("width", "x", base="onset")),
                doc="Drag the height of the pulses, and the edges of the first.",
            ),
            Picture("arrival", "When the spike passed", (Layer("arrival"),), x=x, y="ms ago", x_range=ends, doc="A straight line: constant speed."),
            Picture("gates", "Gates along the cell", (Layer("gates"),), x=x, y="open fraction", x_range=ends, y_range=(0.0, 1.0)),
            Picture("shape", "The cell", (Layer("shape"),), x=x, x_range=ends, levels=(-90.0, 50.0), click="stimulate", weight=0.5, doc="Click to stimulate there."),
            Picture("differences", "What differs along the cell", (Layer("differences", style="steps"),), x=x, y="share (%)", x_range=ends, weight=0.6),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The cell lies over its voltage; beside them space and time, and the electrodes with the stimulus, which is edited there."""
        return Stage(
            "profile",
            companions=("film", Strips("rig", "At the electrodes", ("V", "I"), window=max(self.film_time, self.period))),
            above=("shape",),
            drawers=(("Along the cell", ("arrival", "gates", "differences")),),
        )

    # -- behaviour --

    def start(self, constants: Any, seed: int) -> dict[str, np.ndarray]:
        n = self.compartments
        steady = gating(np.array([REST]))[:3]
        return {
            "V": np.full(n, REST),
            "gates": np.repeat(steady, n, axis=1),
            "passed": np.full(n, -1.0),
            "pulses": np.zeros((PULSES, 3)),
            "counts": np.zeros(3, np.int64),
            "film": np.full((FILM, min(n, FILM)), REST),
        }

    def drive(self, first: int, n: int) -> np.ndarray:
        """Current in uA at both sites in steps first + 1 ... first + n; the last row holds the sites' compartments."""
        t = (np.arange(first, first + n) + 0.5) * self.dt - self.onset
        if self.period > 0.0:
            t = np.where(t >= 0.0, t % self.period, t)
        on = ((t >= 0.0) & (t < self.width)) * (1e-3 * self.amplitude)
        rows = np.zeros((n + 1, 2))
        rows[:n, 0] = on
        rows[:n, 1] = on * self.second
        rows[n] = self.at(self.site), self.at(self.second_site)
        return rows

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        sites = Bound((0, -math.inf, -math.inf), (self.compartments - 1, math.inf, math.inf))
        return {"counts": COUNT, "pulses": sites}

    def advance(self, constants: Any, state: dict[str, np.ndarray], n: int, out: Any) -> int:
        film = state["film"]
        columns = np.linspace(0, self.compartments - 1, film.shape[1]).round().astype(np.int64)
        eyes = Eyes(
            np.array([self.at(self.electrode_A), self.at(self.electrode_B)]), state["counts"], film, columns,
            max(1, round(self.film_time / self.dt / FILM)), out["V"],
        )  # fmt: skip
        moving = Moving(state["V"], state["gates"], state["passed"], state["pulses"])
        drive = self.drive(int(state["counts"][0]), n)
        if out.wanted("I"):
            out["I"][:n] = 1e3 * drive[:n, 0]
            for _, left, height in state["pulses"]:
                out["I"][: min(n, max(0, int(left)))] += 1e3 * height
        return int(_advance(moving, self.now, eyes, drive, self.dt, *out.events["spikes"].columns))

    def observe(self, constants: Any, state: dict[str, np.ndarray], stream: str) -> Any:
        x, V = self.geometry.x, state["V"]
        if stream == "profile":
            return np.stack([x, V])
        if stream == "electrodes":
            at = [self.at(self.electrode_A), self.at(self.electrode_B), self.at(self.site)] + [self.at(self.second_site)] * self.second
            rows = np.full((3, len(at)), np.nan)
            rows[0] = x[at]
            rows[1, :2], rows[2, 2:] = V[at[:2]], V[at[2:]]
            return rows
        if stream == "steady":
            return np.stack([x, self.steady(x)])
        if stream == "film":
            every = max(1, round(self.film_time / self.dt / FILM))
            return np.roll(state["film"], -(int(state["counts"][0]) // every % FILM), axis=0)
        if stream == "gates":
            return np.vstack([x, np.where(self.geometry.channels > 0.0, state["gates"], np.nan)])
        if stream == "arrival":
            ago = state["counts"][0] * self.dt - state["passed"]
            return np.stack([x, np.where(state["passed"] >= 0.0, ago, np.nan)])
        if stream == "differences":
            whole = self.g_Na * self.geometry.channels * self.geometry.area * (self.membrane == "Hodgkin-Huxley")
            free = np.divide(100.0 * self.now.g[0], whole, out=np.zeros(len(x)), where=whole > 0.0)
            return np.stack([x, free, 100.0 * self.now.phi / 3.0 ** ((self.temperature - 6.3) / 10.0)])
        if stream == "shape":
            columns = np.linspace(0.0, self.span, 240)
            here = np.argmin(np.abs(x[:, None] - columns), axis=0)
            width = np.sqrt(self.geometry.diameter)[here]
            width = np.maximum(2.0, 0.45 * SIDE * width / width.max())  # the root, because an axon beside a soma would be a hair
            inside = np.abs(np.arange(SIDE)[:, None] - 0.5 * (SIDE - 1)) <= width
            return np.where(inside, V[here], np.nan)
        return super().observe(constants, state, stream)

    def steady(self, x: np.ndarray) -> np.ndarray:
        """(len(x),) mV: the bare passive axon under its constant current at the site, ends sealed (Rall 1962).

        I R_inf cosh(l/lambda) cosh((L - r)/lambda) / sinh(L/lambda) with l the lesser and r the greater of x and the site.
        """
        at, whole, here = self.geometry.x[self.at(self.site)], self.span / self.length_constant, x / self.length_constant
        there = at / self.length_constant
        near, far = np.minimum(here, there), np.maximum(here, there)
        # Resistance of a length constant of the inside, in MOhm: with nA it gives mV.
        resistance = self.R_i * 0.1 * self.length_constant / (np.pi * (0.5e-4 * self.diameter) ** 2) * 1e-6
        spread = (
            np.exp(near + whole - far - whole) * (1 + np.exp(-2 * near)) * (1 + np.exp(-2 * (whole - far))) / (2 * -np.expm1(-2 * whole))
        )
        return REST + self.amplitude * resistance * spread

    def conduction_speed(self, state: dict[str, np.ndarray]) -> float:
        """Speed (m/s, to the right positive) at which the last spike ran over the stretch that ends at electrode B; NaN where none did."""
        last, first = self.at(self.electrode_B), self.at(self.electrode_A)
        passed, x = state["passed"], self.geometry.x
        if last == first or min(passed[first], passed[last]) < 0.0:
            return math.nan
        for end, way in ((last, -1), (last, 1)):
            edge = end
            limit = first if (first < last) == (way < 0) else (0 if way < 0 else len(x) - 1)
            while edge != limit and 0.0 <= passed[edge + way] < passed[edge]:
                edge += way
            if abs(edge - end) >= max(2, abs(limit - end) // 2):
                return float((x[end] - x[edge]) / (passed[end] - passed[edge]))
        return math.nan

    def summary(self, constants: Any, state: dict[str, np.ndarray]) -> dict[str, Any]:
        found: dict[str, Any] = {"passed A": int(state["counts"][1]), "passed B": int(state["counts"][2])}
        speed = self.conduction_speed(state)
        if math.isfinite(speed):
            found["speed (m/s)"] = speed
        found["length constant (mm)"] = self.length_constant
        if self.membrane == "passive" and self.dendrite == self.soma == 0.0 and self.sheath <= 1.0:
            rise = state["V"] - REST
            k = int(np.argmax(np.abs(rise)))
            expected = self.steady(self.geometry.x)[k] - REST
            if expected:
                found["of the closed form (%)"] = 100.0 * float(rise[k] / expected)
        return found

    @action(
        "Stimulate here",
        x=(float, param(0.0, "mm", lo=0, hi=600, doc="Where.")),
        y=(float, param(0.0, lo=-1e9, hi=1e9, doc="Height of the click; it does not matter.")),
    )
    def stimulate(self, constants: Any, state: dict[str, np.ndarray], x: float, y: float = 0.0) -> None:
        """Inject one pulse of the stimulus' height and width at a place."""
        free = np.flatnonzero(state["pulses"][:, 1] <= 0.0)
        if not len(free):
            raise ParameterError(f"{PULSES} pulses are going on already: wait until one ends.", owner=self.name, names=("x",))
        state["pulses"][free[0]] = int(np.argmin(np.abs(self.geometry.x - x))), max(1.0, round(self.width / self.dt)), 1e-3 * self.amplitude

    @action("Back to rest")
    def to_rest(self, constants: Any, state: dict[str, np.ndarray]) -> None:
        """Put every compartment back to rest."""
        fresh = self.start(constants, 0)
        for name in ("V", "gates", "pulses", "passed"):
            state[name][...] = fresh[name]

    def remedy(self, stream: str) -> str:
        return "use a smaller step, or values nearer to the defaults"

    @classmethod
    def figures(cls):
        def speed(**values):
            return lambda run: run(cls(**values), steps=cls(**values).steps_for(12.0), record={}).summary["speed (m/s)"]

        def fades(run):
            model = cls(**cls.presets["Passive cable: it fades"] | {"onset": 0.0, "width": 1000.0, "compartment": 0.1, "dt": 0.05})
            state = run(model, steps=model.steps_for(80.0), record={}).state
            x = model.geometry.x
            share = (state["V"] - REST) / (model.steady(x) - REST)
            return float(np.abs(share - 1.0).max())

        def root(run):
            slow, fast = (
                speed(diameter=d, axon=40.0, amplitude=a, compartment=0.0005**0.5 * d**0.5 * 0.5)(run)
                for d, a in ((119.0, 3000.0), (476.0, 20000.0))
            )
            return fast / slow

        def converges(run):
            coarse, middle, fine = (speed(axon=40.0, compartment=c, dt=0.002)(run) for c in (0.5, 0.25, 0.125))
            return (coarse - middle) / (middle - fine)

        def die(run):
            model = cls(second=True, period=0.0)
            return run(model, steps=model.steps_for(12.0), record={}).summary["passed B"]

        yield Figure(
            "speed of the squid axon at 18.5 C",
            18.72,
            speed(period=0.0),
            relative=0.01,
            unit="m/s",
            source="Hodgkin and Huxley 1952; NEURON",
        )
        yield Figure("speed at 6.3 C", 12.30, speed(period=0.0, temperature=6.3, cold=6.3), relative=0.01, unit="m/s", source="NEURON")
        yield Figure("passive cable against its closed form, worst", 1e-3, fades, bound="at_most", source="Rall 1962")
        yield Figure(
            "speed of four times the diameter over speed", 2.0, root, relative=0.02, source="cable equation: speed grows as the root"
        )
        yield Figure("error of halved compartments (order 2)", 4.0, converges, tolerance=1.5, source="second order")
        yield Figure("spikes past B when two meet", 1.0, die, source="the refractory stretch behind each")
