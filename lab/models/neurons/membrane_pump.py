"""Where the membrane potential comes from: ions, leaks and the sodium-potassium pump between two compartments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.kernels import expm1_quotient, kernel
from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stream, action, param

FARADAY = 96485.33212  # C/mol
GAS = 8.31446261815324  # J/(mol K)
VALENCE = np.array([1.0, 1.0, -1.0])  # Na, K, Cl
IONS = ("Na", "K", "Cl")
PROTONS, ELECTRONS = np.array([11, 19, 17]), np.array([10, 18, 18])  # of each ion; their difference is its charge


def thermal(celsius: float) -> float:
    """RT/F in mV."""
    return 1000.0 * GAS * (celsius + 273.15) / FARADAY


def nernst(z: float, outside: float, inside: float, celsius: float) -> float:
    """Nernst potential (RT/zF) ln([out]/[in]) in mV, concentrations in mM."""
    return thermal(celsius) / z * float(np.log(outside / inside))


def ghk(permeability: np.ndarray, inside: np.ndarray, outside: np.ndarray, celsius: float) -> float:
    """Goldman-Hodgkin-Katz potential in mV of Na, K, Cl: the anion enters with inside and outside exchanged."""
    cation = VALENCE > 0
    above = (permeability[cation] * outside[cation]).sum() + (permeability[~cation] * inside[~cation]).sum()
    below = (permeability[cation] * inside[cation]).sum() + (permeability[~cation] * outside[~cation]).sum()
    return thermal(celsius) * float(np.log(above / below))


@kernel
def _currents(V, inside, outside, permeability, pump, RT, into):
    """Outward current of each ion in uA/cm2 at V (mV), GHK flux plus the pump's share; returns their sum."""
    total = 0.0
    for k in range(3):
        z = 1.0 if k < 2 else -1.0
        u = z * V / RT
        # z F P u (in - out e^-u) / (1 - e^-u), written so that it is finite at u = 0; P in nm/s, mM: 1e-7 cm/s x 1e-6 mol/cm3 x 1e6.
        into[k] = z * 96485.33212e-7 * permeability[k] * (inside[k] * expm1_quotient(-u) - outside[k] * expm1_quotient(u))
    into[0] += 3.0 * pump
    into[1] -= 2.0 * pump
    for k in range(3):
        total += into[k]
    return total


@kernel
def _solve(V, slope, inside, outside, permeability, pump, RT, into):
    """The V (mV) at which slope (V_new - V) + I(V_new) = 0: I grows with V, so bisection always finds it."""
    lo, hi = -1000.0, 1000.0
    for _ in range(64):
        middle = 0.5 * (lo + hi)
        if slope * (middle - V) + _currents(middle, inside, outside, permeability, pump, RT, into) > 0:
            hi = middle
        else:
            lo = middle
    middle = 0.5 * (lo + hi)
    _currents(middle, inside, outside, permeability, pump, RT, into)
    return middle


@kernel
def _pump(most, sodium, potassium, inside, outside):
    """Net pump current in uA/cm2: three inner Na and two outer K binding sites, each saturating."""
    a = inside[0] / (inside[0] + sodium)
    b = outside[1] / (outside[1] + potassium)
    return most * a * a * a * b * b


class Ions(NamedTuple):
    """Voltage, and concentrations on both sides: what moves."""

    V: np.ndarray
    inside: np.ndarray
    outside: np.ndarray


class Pump(NamedTuple):
    """Strength of the pump and its half-saturations."""

    most: float
    sodium: float
    potassium: float


class Rows(NamedTuple):
    """What is recorded, step by step."""

    rows_V: np.ndarray
    rows_in: np.ndarray
    rows_E: np.ndarray
    rows_I: np.ndarray


@kernel
def _advance(ions, permeability, pumped, RT, capacitance, per_current, ratio, dt, into, rows):
    V, inside, outside = ions
    most, sodium, potassium = pumped
    rows_V, rows_in, rows_E, rows_I = rows
    for k in range(len(rows_V)):
        pump = _pump(most, sodium, potassium, inside, outside)
        # V follows within milliseconds while ions take minutes, so V is implicit and carries the same charge as the ions.
        V[0] = _solve(V[0], capacitance * 1e-3 / dt, inside, outside, permeability, pump, RT, into)
        for ion in range(3):
            z = 1.0 if ion < 2 else -1.0
            moved = dt * into[ion] / z * per_current
            # Never more than is there: a compartment cannot be emptied in a step.
            moved = min(moved, 0.999 * inside[ion])
            moved = max(moved, -0.999 * outside[ion] * ratio)
            inside[ion] -= moved
            outside[ion] += moved / ratio
        rows_V[k] = V[0]
        for ion in range(3):
            z = 1.0 if ion < 2 else -1.0
            rows_in[k, ion] = inside[ion]
            rows_E[k, ion] = RT / z * np.log(outside[ion] / inside[ion])
            rows_I[k, ion] = into[ion]
        rows_I[k, 3] = pump


class MembranePump(Model):
    """A cell's battery: gradients made by a pump, voltages made by leaks.

    Two compartments hold sodium, potassium and chloride. Each ion leaks through its channels and is pulled towards its
    own Nernst potential; without a pump they settle at the Goldman-Hodgkin-Katz potential. The pump carries three sodium
    ions out for two potassium ions in and so keeps the gradients; being a current itself it holds the membrane a few mV
    below that potential, where in the steady state the equation of Mullins and Noda puts it. An hour passes in half a minute:
    switch the pump off and watch the cell run down (this one is small, a larger one takes days); open the channels of one
    ion only and see the voltage go to that ion's potential. The squid axon is a cylinder of 238 um radius, which has the
    surface per volume of a sphere of 357 um.
    """

    name = "membrane-pump"
    title = "Membrane potential and the pump"
    group = "Single cells"
    icon = "mdi6.battery-charging-60"
    order = 60
    also = "resting potential; Nernst; Nernst potential; reversal potential; Goldman; GHK; Goldman-Hodgkin-Katz; sodium-potassium pump; Na/K-ATPase; ATPase; equilibrium potential; concentration gradients; membrane potential"
    equations = (
        r"E_X = \frac{RT}{zF}\,\ln\frac{[X]_{out}}{[X]_{in}}",
        r"V = \frac{RT}{F}\,\ln\frac{P_K[K]_o + P_{Na}[Na]_o + P_{Cl}[Cl]_i}{P_K[K]_i + P_{Na}[Na]_i + P_{Cl}[Cl]_o}",
        r"V_{steady} = \frac{RT}{F}\,\ln\frac{r P_K[K]_o + P_{Na}[Na]_o}{r P_K[K]_i + P_{Na}[Na]_i},\quad r = \tfrac{3}{2}\quad \mathrm{(Cl\ at\ rest)}",
        r"I_{pump} = I_{max} \left(\frac{[Na]_i}{[Na]_i + K_{Na}}\right)^3 \left(\frac{[K]_o}{[K]_o + K_K}\right)^2",
    )
    symbols = r"V: membrane potential; X: an ion, [X] its concentration; [Na]: concentration of sodium; [K]: concentration of potassium; [Cl]: concentration of chloride; R: gas constant; T: absolute temperature; F: Faraday's constant; P: permeability for an ion; r: sodium ions out for each potassium ion in; I_{pump}: current of the pump"
    source = "Hille, Ion Channels of Excitable Membranes (2001), chapters 1, 11 and 14; Goldman, J. Gen. Physiol. 27:37 (1943); Hodgkin and Katz, J. Physiol. 108:37 (1949); Mullins and Noda, J. Gen. Physiol. 47:117 (1963)"
    presets = {
        "Resting cell": Preset({}, shows="abs(V (mV) - Mullins-Noda (mV)) < 0.2 and V (mV) < GHK (mV) - 4 and E K (mV) < -90"),
        "Pump off: run-down": Preset({"pump": 0.0}, shows="V (mV) > -50 and first(stream V) < -70 and E Na (mV) < 10"),
        "Only potassium channels": Preset({"P_Na": 0.0, "P_Cl": 0.0, "pump": 0.0}, shows="abs(V (mV) - E K (mV)) < 0.01", after=600.0),
        "Only sodium channels": Preset(
            {"P_K": 0.0, "P_Cl": 0.0, "P_Na": 10.0, "pump": 0.0}, shows="abs(V (mV) - E Na (mV)) < 0.01", after=600.0
        ),
        "Squid axon at 6.3 °C": Preset(
            {
                "celsius": 6.3, "radius": 357.0, "ratio": 1e6,
                "Na_in": 50.0, "K_in": 400.0, "Cl_in": 51.5, "Na_out": 440.0, "K_out": 20.0, "Cl_out": 560.0,
            },
            shows="abs(E Na (mV) - 52.4) < 1 and abs(E K (mV) + 72.1) < 0.5 and abs(V (mV) + 65) < 0.5",
        ),
    }  # fmt: skip

    pump: float = param(
        0.5, "uA/cm2", lo=0.0, hi=20.0, soft=(0, 1), main=True, doc="Largest net current of the sodium-potassium pump; 0 switches it off."
    )
    P_Na: float = param(
        0.03, "nm/s", lo=0.0, hi=100.0, soft=(0, 1), main=True, group="Channels", symbol="P_{Na}", label="Na permeability",
        doc="Permeability of the membrane to sodium.",
    )  # fmt: skip
    P_K: float = param(
        1.0,
        "nm/s",
        lo=0.0,
        hi=100.0,
        soft=(0, 2),
        main=True,
        group="Channels",
        symbol="P_K",
        label="K permeability",
        doc="Permeability to potassium.",
    )
    P_Cl: float = param(
        0.2,
        "nm/s",
        lo=0.0,
        hi=100.0,
        soft=(0, 1),
        group="Channels",
        symbol="P_{Cl}",
        label="Cl permeability",
        doc="Permeability to chloride.",
    )
    celsius: float = param(37.0, "°C", lo=0.0, hi=45.0, group="Cell", label="Temperature", doc="Temperature.")
    radius: float = param(
        1.0, "um", lo=0.5, hi=500.0, log=True, group="Cell", doc="Radius of the (spherical) cell: small cells run down fast."
    )
    ratio: float = param(
        50.0, lo=0.1, hi=1e6, log=True, group="Cell", label="Outside / inside", doc="Volume outside as a multiple of the volume inside."
    )
    capacitance: float = param(1.0, "uF/cm2", lo=0.1, hi=10.0, group="Cell", doc="Capacitance of the membrane.")
    K_Na: float = param(
        10.0,
        "mM",
        lo=0.1,
        hi=100.0,
        group="Pump",
        symbol="K_{Na}",
        label="Na at half pump",
        doc="Inner sodium at which a pump site is half occupied.",
    )
    K_K: float = param(
        1.5,
        "mM",
        lo=0.1,
        hi=100.0,
        group="Pump",
        symbol="K_K",
        label="K at half pump",
        doc="Outer potassium at which a pump site is half occupied.",
    )
    Na_in: float = param(
        12.0, "mM", lo=0.01, hi=1000.0, live=False, group="Concentrations at the start", label="Na inside",
        doc="Sodium inside at the start.",
    )  # fmt: skip
    K_in: float = param(
        140.0, "mM", lo=0.01, hi=1000.0, live=False, group="Concentrations at the start", label="K inside",
        doc="Potassium inside at the start.",
    )  # fmt: skip
    Cl_in: float = param(
        8.0, "mM", lo=0.01, hi=1000.0, live=False, group="Concentrations at the start", label="Cl inside",
        doc="Chloride inside at the start.",
    )  # fmt: skip
    Na_out: float = param(
        145.0, "mM", lo=0.01, hi=1000.0, live=False, group="Concentrations at the start", label="Na outside",
        doc="Sodium outside at the start.",
    )  # fmt: skip
    K_out: float = param(
        4.0, "mM", lo=0.01, hi=1000.0, live=False, group="Concentrations at the start", label="K outside",
        doc="Potassium outside at the start.",
    )  # fmt: skip
    Cl_out: float = param(
        110.0, "mM", lo=0.01, hi=1000.0, live=False, group="Concentrations at the start", label="Cl outside",
        doc="Chloride outside at the start.",
    )  # fmt: skip
    dt: float = param(
        0.05, "s", lo=0.001, hi=0.2, live=False, log=True, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Step of time."
    )

    @property
    def clock(self) -> Clock:
        return Clock(self.dt, "s")

    @property
    def speed(self) -> float:
        return 120.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(3600.0)

    def _coarse(self) -> int:
        """Recording interval: a second, in which concentrations hardly move."""
        return max(1, round(1.0 / self.dt))

    @property
    def streams(self) -> tuple[Stream, ...]:
        every = self._coarse()
        return (
            Stream("V", "trace", "mV", "Membrane potential.", every=every),
            Stream("concentrations", "trace", "mM", "Concentrations inside.", shape=(3,), channels=IONS, every=every),
            Stream(
                "nernst",
                "trace",
                "mV",
                "Nernst potentials of the three ions.",
                shape=(3,),
                channels=tuple(f"E {x}" for x in IONS),
                every=every,
            ),
            Stream(
                "currents",
                "trace",
                "uA/cm2",
                "Outward current of each ion (pump included) and of the pump.",
                shape=(4,),
                channels=(*IONS, "pump"),
                every=every,
            ),
            Stream(
                "goldman",
                "curve",
                "mV",
                "Goldman-Hodgkin-Katz potential over the outer potassium, all else as it is now.",
                channels=("GHK",),
                x_unit="mM",
            ),
            Stream("charges", "table", "", "What each ion is made of: its charge z is protons less electrons."),
            Stream("here", "curve", "mV", "The present state in that picture.", channels=("now",), x_unit="mM"),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        reversals = tuple(Layer("nernst", channel=k, style="dashed", label=f"E_{ion}", series=(k,)) for k, ion in enumerate(IONS))
        return (
            Picture("potential", "Membrane potential", (*reversals, Layer("V", label="V", series=(3,))), y="V (mV)", figures=("V (mV)", "GHK (mV)"), weight=2, front=True),
            Picture("concentrations", "Concentrations inside", (Layer("concentrations"),), y="inside (mM)", front=True),
            Picture("currents", "Currents", (Layer("currents"),), y="I (uA/cm2)", figures=("pump (uA/cm2)",)),
            Picture("charges", "The ions and their charge", (Layer("charges"),), doc="z = protons − electrons; it says which way a voltage pulls an ion, and divides its Nernst potential."),
            Picture("goldman", "GHK potential", (Layer("goldman", theory=True), Layer("here", style="points")), x="K outside (mM)", y="V (mV)", x_log=True),
        )  # fmt: skip

    def start(self, constants, seed):
        inside = np.array([self.Na_in, self.K_in, self.Cl_in])
        outside = np.array([self.Na_out, self.K_out, self.Cl_out])
        pump = _pump(self.pump, self.K_Na, self.K_K, inside, outside)
        V = (
            _solve(0.0, 0.0, inside, outside, self.permeability, pump, thermal(self.celsius), np.zeros(3))
            if self.permeability.any()
            else 0.0
        )
        return {
            "V": np.array([V]),
            "inside": inside,
            "outside": outside,
            "first": np.array([V, *inside, *outside]),
            "steps": np.zeros(1, np.int64),
        }

    @property
    def permeability(self) -> np.ndarray:
        """(3,) of Na, K, Cl in nm/s."""
        return np.array([self.P_Na, self.P_K, self.P_Cl])

    @property
    def per_current(self) -> float:
        """Change of the inner concentration in mM/s for an outward current of 1 uA/cm2: surface / (volume F)."""
        return 3.0 / (self.radius * 1e-4) / FARADAY

    def state_bounds(self, constants, state, step):
        return {"steps": COUNT}

    def advance(self, constants, state, n, out):
        rows = [
            out[name] if out.wanted(name) else np.empty((n, *shape))
            for name, shape in (("V", ()), ("concentrations", (3,)), ("nernst", (3,)), ("currents", (4,)))
        ]
        _advance(
            Ions(state["V"], state["inside"], state["outside"]),
            self.permeability,
            Pump(self.pump, self.K_Na, self.K_K),
            thermal(self.celsius),
            self.capacitance,
            self.per_current,
            self.ratio,
            self.dt,
            np.zeros(3),
            Rows(*(r[:n] for r in rows)),
        )
        state["steps"][0] += n
        return n

    def _ghk(self, state) -> float:
        if not self.permeability.any():
            return float("nan")
        return ghk(self.permeability, state["inside"], state["outside"], self.celsius)

    def _mullins_noda(self, state) -> float:
        """Where a pump that just makes up for the leaks holds the membrane, chloride being at rest: 3 Na for 2 K."""
        leaks = np.array([self.P_Na, 1.5 * self.P_K, 0.0])
        return ghk(leaks, state["inside"], state["outside"], self.celsius)

    def observe(self, constants, state, stream):
        if stream == "goldman":
            potassium = np.geomspace(0.5, 500.0, 120)
            outside = np.repeat(state["outside"][None], len(potassium), 0)
            outside[:, 1] = potassium
            if not self.permeability.any():
                return np.array([potassium, np.full(len(potassium), np.nan)])
            return np.array([potassium, [ghk(self.permeability, state["inside"], o, self.celsius) for o in outside]])
        if stream == "charges":
            return [
                {
                    "ion": f"{ion}{'⁺' if PROTONS[k] > ELECTRONS[k] else '⁻'}",
                    "protons": int(PROTONS[k]),
                    "electrons": int(ELECTRONS[k]),
                    "charge z": int(PROTONS[k] - ELECTRONS[k]),
                    "inside (mM)": round(float(state["inside"][k]), 2),
                    "outside (mM)": round(float(state["outside"][k]), 2),
                    "E (mV)": round(nernst(float(VALENCE[k]), state["outside"][k], state["inside"][k], self.celsius), 2),
                }
                for k, ion in enumerate(IONS)
            ]
        if stream == "here":
            return np.array([[state["outside"][1]], [state["V"][0]]])
        return super().observe(constants, state, stream)

    def imbalance(self, state) -> float:
        """Charge that the ions carried minus charge on the membrane since the start, in nC/cm2 (0 when charge is conserved)."""
        moved = ((state["inside"] - state["first"][1:4]) * VALENCE).sum() / self.per_current  # uC/cm2
        return 1000.0 * float(moved) - self.capacitance * float(state["V"][0] - state["first"][0])

    def summary(self, constants, state):
        pump = _pump(self.pump, self.K_Na, self.K_K, state["inside"], state["outside"])
        out = {"V (mV)": float(state["V"][0])}
        if self.permeability.any():
            out["GHK (mV)"] = self._ghk(state)
        if self.pump and self.P_Na and self.P_K:
            out["Mullins-Noda (mV)"] = self._mullins_noda(state)
        for k, ion in enumerate(IONS):
            out[f"E {ion} (mV)"] = nernst(float(VALENCE[k]), state["outside"][k], state["inside"][k], self.celsius)
        return out | {"pump (uA/cm2)": float(pump)}

    @action("Refill the compartments")
    def refill(self, constants, state):
        """Set all concentrations and the potential back to the start."""
        state["V"][0] = state["first"][0]
        state["inside"][:], state["outside"][:] = state["first"][1:4], state["first"][4:7]

    @classmethod
    def figures(cls):
        def squid(ion):
            model = cls(**cls.presets["Squid axon at 6.3 °C"])
            state = model.start(None, 0)
            k = IONS.index(ion)
            return lambda run: nernst(VALENCE[k], state["outside"][k], state["inside"][k], 6.3)

        def goldman(run):
            rng, worst = np.random.default_rng(1), 0.0
            for _ in range(50):
                p, inside, outside = rng.uniform(0.1, 10, 3), rng.uniform(1, 400, 3), rng.uniform(1, 400, 3)
                V = _solve(0.0, 0.0, inside, outside, p, 0.0, thermal(20.0), np.zeros(3))
                worst = max(worst, abs(V - ghk(p, inside, outside, 20.0)))
            return worst

        def one_channel(ion):
            def measure(run):
                k = IONS.index(ion)
                only = {f"P_{x}": 0.0 for x in IONS} | {f"P_{ion}": 10.0}
                state = run(cls(pump=0.0, **only), steps=4000, record={}).state
                return abs(float(state["V"][0]) - nernst(VALENCE[k], state["outside"][k], state["inside"][k], 37.0))

            return measure

        def charge(run):
            model = cls(pump=0.0)
            return abs(model.imbalance(run(model, steps=20_000, record={}).state))

        def run_down(run):
            return float(run(cls(pump=0.0), steps=60_000, record={}).state["V"][0] - run(cls(), steps=60_000, record={}).state["V"][0])

        def steady(run):
            found = run(cls(ratio=1e4), steps=cls().steps_for(7200.0), record={}).summary
            return abs(found["V (mV)"] - found["Mullins-Noda (mV)"])

        yield Figure(
            "V against Mullins and Noda after two hours", 0.05, steady, bound="at_most", unit="mV", source="Mullins and Noda (1963)"
        )
        yield Figure(
            "protons less electrons of Na, K and Cl against the charges in the equations, worst",
            0.0,
            lambda run: float(np.abs(PROTONS - ELECTRONS - VALENCE).max()),
            source="atomic numbers 11, 19 and 17; one electron given away, or one taken",
        )
        for ion, expected in (("K", -72.14), ("Na", 52.37), ("Cl", -57.47)):
            yield Figure(
                f"Nernst potential of {ion} in the squid axon",
                expected,
                squid(ion),
                tolerance=0.005,
                unit="mV",
                source="Nernst equation at 6.3 °C",
            )
        yield Figure(
            "V of 50 random membranes against GHK, worst", 1e-9, goldman, bound="at_most", unit="mV", source="Goldman-Hodgkin-Katz equation"
        )
        for ion in IONS:
            yield Figure(
                f"V against E {ion} with only its channels open",
                1e-9,
                one_channel(ion),
                bound="at_most",
                unit="mV",
                source="Nernst equation",
            )
        yield Figure(
            "charge out of balance after 1000 s of run-down", 1e-6, charge, bound="at_most", unit="nC/cm2", source="conservation of charge"
        )
        yield Figure(
            "depolarisation after 3000 s without the pump", 20.0, run_down, bound="at_least", unit="mV", source="the gradients run down"
        )
