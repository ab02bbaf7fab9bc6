"""Kinds of populations: their parameters, their rows of state, and the constants of one step.

Every population occupies a stretch of the columns of one array `x` (rows, neurons). Row 0 is the membrane potential; the
other rows depend on the kind. `excitatory` and `inhibitory` name the rows that arriving spikes add to.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from lab.params import Described, param

DELTA, EXPONENTIAL, ALPHA, CONDUCTANCE, IZHIKEVICH, ADEX, HODGKIN_HUXLEY, POISSON = range(8)
PARAMETERS = 24  # room for the constants of one population


def step_weight(x: float) -> float:
    """(exp(x) - 1) / x, which is 1 at 0."""
    return math.expm1(x) / x if x else 1.0


def ramp_weight(x: float) -> float:
    """(exp(x) (x - 1) + 1) / x^2, which is 1/2 at 0: the integral of u exp(x u) over u in 0..1."""
    if abs(x) > 1:
        return (math.exp(x) * (x - 1) + 1) / (x * x)
    return sum(x**k / (math.factorial(k) * (k + 2)) for k in range(24))


class Population(Described):
    """Neurons of one kind; the base of all populations.

    The kinds of this file are numbers that the compiled loop knows. Any other brings its `update`: a kernel
    (x, first, n, until, step, hold, c, s, fired) that advances columns first..first + n of the state `x` (rows, neurons) by one
    step with the `constants` c and the generator s, holds cell i while until[i] > step, writes the numbers of those that fire
    (from 0) into `fired` and returns how many they are.
    """

    kind: ClassVar[int] = -1
    update: ClassVar[Any] = None
    rows: ClassVar[tuple[str, ...]] = ()
    ports: ClassVar[tuple[str, ...]] = ("excitatory", "inhibitory")
    owner: ClassVar[str] = "population"
    push: ClassVar[float] = 0.0  # weight of a drive as it comes from the palette that makes these cells fire at 10 to 30 Hz
    kick: ClassVar[float] = 0.0  # weight of synapses from ten such cells to each that makes them fire so, too

    size: int = param(100, "cells", lo=1, hi=1_000_000, live=False, log=True, doc="Number of neurons.", main=True)
    record: int = param(
        100, "cells", lo=0, hi=5000, live=False, doc="Neurons whose spikes are recorded, spread evenly over the population."
    )

    @property
    def row_names(self) -> tuple[str, ...]:
        """Names of the rows of state."""
        return type(self).rows

    def step_kind(self) -> int:
        """Which update advances this population."""
        return type(self).kind

    def ports_rows(self) -> tuple[int, int]:
        """Rows that excitatory and inhibitory spikes are added to."""
        names = self.row_names
        return (names.index("excitatory"), names.index("inhibitory")) if type(self).ports else (0, 0)

    def arrival_gain(self, port: int) -> float:
        """What a spike of weight 1 adds to the row of its port."""
        return 1.0

    @property
    def weight_unit(self) -> str:
        """Unit of the weights of synapses onto this population."""
        return "mV"

    @property
    def by_conductance(self) -> bool:
        """Whether synapses open conductances (weights are then positive for either sign)."""
        return False

    def refractory_steps(self, dt: float) -> int:
        """Steps during which the membrane is held after a spike."""
        return round(self.values().get("refractory", 0.0) / dt)

    def constants(self, dt: float) -> np.ndarray:
        """Numbers (PARAMETERS,) that the update of one step uses."""
        return np.zeros(PARAMETERS)

    def begin(self, rows: np.ndarray, draws: np.ndarray) -> None:
        """Set the initial state: `rows` (rows, neurons) is zero, `draws` (2, neurons) uniform in [0, 1)."""


def _fill(*values: float) -> np.ndarray:
    out = np.zeros(PARAMETERS)
    out[: len(values)] = values
    return out


class LIF(Population):
    """Leaky integrate-and-fire neurons with current synapses, integrated exactly.

    tau dV/dt = rest - V + bias + g_e + g_i; at V >= threshold a spike, then V = reset for the refractory time.
    Synapses: `delta` (a spike moves V by its weight at once), `exponential` (PSC with n = 0: g jumps by the weight and
    decays) or `alpha` (n = 1: g = w (t / tau_s) exp(1 - t / tau_s), whose peak is the weight). Within a step the
    equations are linear, so each step multiplies by the exact propagator (Rotter and Diesmann 1999).
    """

    owner: ClassVar[str] = "LIF population"
    push: ClassVar[float] = 0.42
    kick: ClassVar[float] = 20.0

    tau: float = param(20.0, "ms", lo=0.1, hi=1000, log=True, doc="Membrane time constant.")
    rest: float = param(0.0, "mV", lo=-200, hi=100, doc="Resting potential.")
    threshold: float = param(20.0, "mV", lo=-200, hi=200, doc="Potential at which a spike is fired.")
    reset: float = param(10.0, "mV", lo=-200, hi=200, doc="Potential after a spike.")
    refractory: float = param(2.0, "ms", lo=0, hi=100, doc="Time during which V stays at reset.")
    bias: float = param(0.0, "mV", lo=-100, hi=200, doc="Constant input, as the depolarisation that it would cause.")
    synapses: str = param("exponential", choices=("delta", "exponential", "alpha"), live=False, doc="Shape of the postsynaptic current.")
    tau_excitatory: float = param(5.0, "ms", lo=0.05, hi=500, log=True, doc="Time constant of excitatory synapses.")
    tau_inhibitory: float = param(10.0, "ms", lo=0.05, hi=500, log=True, doc="Time constant of inhibitory synapses.")
    start_low: float = param(0.0, "mV", lo=-200, hi=200, live=False, doc="Lowest initial potential.")
    start_high: float = param(10.0, "mV", lo=-200, hi=200, live=False, doc="Highest initial potential.")

    def check(self) -> None:
        if self.reset >= self.threshold:
            raise self.refuse("reset", f"must be below threshold ({self.threshold:g} mV)")
        if self.start_high < self.start_low:
            raise self.refuse("start_high", f"must be at least start_low ({self.start_low:g} mV)")

    @property
    def row_names(self) -> tuple[str, ...]:
        return {
            "delta": ("V", "input"),
            "exponential": ("V", "excitatory", "inhibitory"),
            "alpha": ("V", "current_e", "excitatory", "current_i", "inhibitory"),
        }[self.synapses]

    def step_kind(self) -> int:
        return {"delta": DELTA, "exponential": EXPONENTIAL, "alpha": ALPHA}[self.synapses]

    def ports_rows(self) -> tuple[int, int]:
        return (1, 1) if self.synapses == "delta" else super().ports_rows()

    def arrival_gain(self, port: int) -> float:
        return math.e / (self.tau_inhibitory if port else self.tau_excitatory) if self.synapses == "alpha" else 1.0

    def constants(self, dt: float) -> np.ndarray:
        leak = math.exp(-dt / self.tau)
        drift = -math.expm1(-dt / self.tau) * (self.rest + self.bias)
        out = [leak, drift, self.threshold, self.reset]
        for tau_s in (self.tau_excitatory, self.tau_inhibitory):
            x = dt * (1 / self.tau - 1 / tau_s)
            from_current = dt / self.tau * leak * step_weight(x)
            from_rise = dt * dt / self.tau * leak * ramp_weight(x)
            decay = math.exp(-dt / tau_s)
            out += [from_current, decay, from_rise, dt * decay]
        return _fill(*out)

    def begin(self, rows: np.ndarray, draws: np.ndarray) -> None:
        rows[0] = self.start_low + (self.start_high - self.start_low) * draws[0]


class _Membrane(Population):
    """What cells with a capacitance and conductance or current synapses share."""

    capacitance: float = param(200.0, "pF", lo=1, hi=10000, log=True, doc="Membrane capacitance.")
    leak: float = param(10.0, "nS", lo=0.01, hi=1000, log=True, doc="Leak conductance.")
    rest: float = param(-60.0, "mV", lo=-200, hi=50, doc="Reversal potential of the leak.")
    bias: float = param(0.0, "pA", lo=-10000, hi=10000, doc="Constant input current.")
    tau_excitatory: float = param(5.0, "ms", lo=0.05, hi=500, log=True, doc="Time constant of excitatory synapses.")
    tau_inhibitory: float = param(10.0, "ms", lo=0.05, hi=500, log=True, doc="Time constant of inhibitory synapses.")
    reversal_excitatory: float = param(0.0, "mV", lo=-200, hi=200, doc="Reversal potential of excitatory synapses.")
    reversal_inhibitory: float = param(-80.0, "mV", lo=-200, hi=200, doc="Reversal potential of inhibitory synapses.")
    start_low: float = param(-60.0, "mV", lo=-200, hi=200, live=False, doc="Lowest initial potential.")
    start_high: float = param(-50.0, "mV", lo=-200, hi=200, live=False, doc="Highest initial potential.")
    start_excitatory: float = param(0.0, "nS", lo=0, hi=1000, live=False, doc="Largest initial excitatory conductance (uniform from 0).")
    start_inhibitory: float = param(0.0, "nS", lo=0, hi=1000, live=False, doc="Largest initial inhibitory conductance (uniform from 0).")

    @property
    def weight_unit(self) -> str:
        return "nS"

    @property
    def by_conductance(self) -> bool:
        return True

    def _shared(self, dt: float) -> tuple[float, ...]:
        return (
            dt, self.capacitance, self.leak, self.rest, self.bias, math.exp(-dt / self.tau_excitatory), math.exp(-dt / self.tau_inhibitory),
            self.reversal_excitatory, self.reversal_inhibitory,
        )  # fmt: skip

    def begin(self, rows: np.ndarray, draws: np.ndarray) -> None:
        names = self.row_names
        rows[0] = self.start_low + (self.start_high - self.start_low) * draws[0]
        rows[names.index("excitatory")] = self.start_excitatory * draws[1]
        rows[names.index("inhibitory")] = self.start_inhibitory * (1 - draws[1])


class ConductanceLIF(_Membrane):
    """Leaky integrate-and-fire neurons with exponentially decaying synaptic conductances.

    C dV/dt = g_L (rest - V) + g_e (E_e - V) + g_i (E_i - V) + bias, advanced with the conductances held during the step
    (exponential Euler); the conductances themselves decay exactly.
    """

    owner: ClassVar[str] = "conductance LIF population"
    push: ClassVar[float] = 0.042
    kick: ClassVar[float] = 2.5
    kind: ClassVar[int] = CONDUCTANCE
    rows: ClassVar[tuple[str, ...]] = ("V", "excitatory", "inhibitory")

    threshold: float = param(-50.0, "mV", lo=-200, hi=200, doc="Potential at which a spike is fired.")
    reset: float = param(-60.0, "mV", lo=-200, hi=200, doc="Potential after a spike.")
    refractory: float = param(5.0, "ms", lo=0, hi=100, doc="Time during which V stays at reset.")

    def check(self) -> None:
        if self.reset >= self.threshold:
            raise self.refuse("reset", f"must be below threshold ({self.threshold:g} mV)")

    def constants(self, dt: float) -> np.ndarray:
        return _fill(*self._shared(dt), self.threshold, self.reset)


class AdEx(_Membrane):
    """Adaptive exponential integrate-and-fire neurons with synaptic conductances (Brette and Gerstner 2005).

    C dV/dt = g_L (rest - V) + g_L D exp((V - V_T) / D) - w + g_e (E_e - V) + g_i (E_i - V) + bias;
    tau_w dw/dt = a (V - rest) - w; at the peak V = reset and w = w + b. Forward Euler.
    """

    owner: ClassVar[str] = "AdEx population"
    push: ClassVar[float] = 0.3
    kick: ClassVar[float] = 12.0
    kind: ClassVar[int] = ADEX
    rows: ClassVar[tuple[str, ...]] = ("V", "w", "excitatory", "inhibitory")

    capacitance: float = param(281.0, "pF", lo=1, hi=10000, log=True, doc="Membrane capacitance.")
    leak: float = param(30.0, "nS", lo=0.01, hi=1000, log=True, doc="Leak conductance.")
    rest: float = param(-70.6, "mV", lo=-200, hi=50, doc="Reversal potential of the leak.")
    soft_threshold: float = param(-50.4, "mV", lo=-200, hi=100, doc="Potential V_T at which the spike takes off.")
    sharpness: float = param(2.0, "mV", lo=0.1, hi=20, log=True, doc="Slope factor D of the spike's take-off.")
    peak: float = param(0.0, "mV", lo=-100, hi=100, doc="Potential at which the spike is cut.")
    reset: float = param(-70.6, "mV", lo=-200, hi=100, doc="Potential after a spike.")
    tau_w: float = param(144.0, "ms", lo=1, hi=5000, log=True, doc="Time constant of adaptation.")
    a: float = param(4.0, "nS", lo=-100, hi=200, doc="Adaptation below threshold.")
    b: float = param(80.5, "pA", lo=0, hi=1000, doc="Adaptation added by each spike.")
    refractory: float = param(0.0, "ms", lo=0, hi=100, doc="Time during which V stays at reset.")
    start_low: float = param(-70.6, "mV", lo=-200, hi=200, live=False, doc="Lowest initial potential.")
    start_high: float = param(-55.0, "mV", lo=-200, hi=200, live=False, doc="Highest initial potential.")

    def check(self) -> None:
        if self.reset >= self.peak:
            raise self.refuse("reset", f"must be below peak ({self.peak:g} mV)")

    def constants(self, dt: float) -> np.ndarray:
        return _fill(*self._shared(dt), self.peak, self.reset, self.soft_threshold, self.sharpness, dt / self.tau_w, self.a, self.b)


class Izhikevich(Population):
    """Izhikevich neurons (2003) with exponentially decaying synaptic currents, forward Euler.

    dv/dt = 0.04 v^2 + 5 v + 140 - u + g_e + g_i + bias, du/dt = a (b v - u); at v >= 30 mV: v = c, u = u + d.
    """

    owner: ClassVar[str] = "Izhikevich population"
    push: ClassVar[float] = 0.12
    kick: ClassVar[float] = 4.0
    kind: ClassVar[int] = IZHIKEVICH
    rows: ClassVar[tuple[str, ...]] = ("V", "u", "excitatory", "inhibitory")

    a: float = param(0.02, "1/ms", lo=0.001, hi=1, log=True, doc="Rate of recovery.")
    b: float = param(0.2, "1/ms", lo=-2, hi=2, doc="Coupling of recovery to v.")
    c: float = param(-65.0, "mV", lo=-90, hi=0, doc="Potential after a spike.")
    d: float = param(8.0, "mV/ms", lo=-20, hi=50, doc="Recovery added by each spike.")
    bias: float = param(0.0, "mV/ms", lo=-100, hi=100, doc="Constant input.")
    tau_excitatory: float = param(5.0, "ms", lo=0.05, hi=500, log=True, doc="Time constant of excitatory synapses.")
    tau_inhibitory: float = param(10.0, "ms", lo=0.05, hi=500, log=True, doc="Time constant of inhibitory synapses.")

    @property
    def weight_unit(self) -> str:
        return "mV/ms"

    def constants(self, dt: float) -> np.ndarray:
        decay_e, decay_i = math.exp(-dt / self.tau_excitatory), math.exp(-dt / self.tau_inhibitory)
        return _fill(dt, self.a, self.b, self.c, self.d, self.bias, decay_e, decay_i)

    def begin(self, rows: np.ndarray, draws: np.ndarray) -> None:
        rows[0] = -65 + 10 * draws[0]
        rows[1] = self.b * rows[0]


class HodgkinHuxley(_Membrane):
    """Hodgkin-Huxley neurons of Traub and Miles with synaptic conductances, as in the benchmark of Brette et al. (2007).

    C dV/dt = g_L (E_L - V) + g_Na m^3 h (E_Na - V) + g_K n^4 (E_K - V) + synapses + bias. A spike is counted when V
    passes -20 mV. `exponential Euler` advances V and the gates from the values before the step; `second order` holds
    the gates half a step ahead of V, so that each sees the other in the middle of its step.
    """

    owner: ClassVar[str] = "Hodgkin-Huxley population"
    push: ClassVar[float] = 0.02
    kick: ClassVar[float] = 2.0
    kind: ClassVar[int] = HODGKIN_HUXLEY
    rows: ClassVar[tuple[str, ...]] = ("V", "m", "h", "n", "excitatory", "inhibitory")

    sodium: float = param(20000.0, "nS", lo=0, hi=1e6, doc="Largest sodium conductance.")
    potassium: float = param(6000.0, "nS", lo=0, hi=1e6, doc="Largest potassium conductance.")
    reversal_sodium: float = param(50.0, "mV", lo=-100, hi=200, doc="Reversal potential of sodium.")
    reversal_potassium: float = param(-90.0, "mV", lo=-200, hi=100, doc="Reversal potential of potassium.")
    shift: float = param(-63.0, "mV", lo=-100, hi=0, doc="Potential V_T that shifts all rates.")
    refractory: float = param(3.0, "ms", lo=0, hi=100, doc="Time during which no second spike is counted.")
    method: str = param("exponential Euler", choices=("exponential Euler", "second order"), doc="How a step is made.")
    start_low: float = param(-72.0, "mV", lo=-200, hi=200, live=False, doc="Lowest initial potential.")
    start_high: float = param(-58.0, "mV", lo=-200, hi=200, live=False, doc="Highest initial potential.")

    def constants(self, dt: float) -> np.ndarray:
        second = 1.0 if self.method == "second order" else 0.0
        return _fill(*self._shared(dt), self.sodium, self.potassium, self.reversal_sodium, self.reversal_potassium, self.shift, second)


class PoissonPopulation(Population):
    """Independent Poisson spike trains that project through synapses like neurons do; at most one spike per step."""

    owner: ClassVar[str] = "Poisson population"
    kind: ClassVar[int] = POISSON
    rows: ClassVar[tuple[str, ...]] = ("V",)
    ports: ClassVar[tuple[str, ...]] = ()

    rate: float = param(10.0, "Hz", lo=0, hi=2000, doc="Rate of each train.", main=True)

    def constants(self, dt: float) -> np.ndarray:
        # Spikes per step are those of a Poisson process thinned to one per bin: p = 1 - exp(-rate dt).
        probability = -math.expm1(-self.rate * dt / 1000)
        return _fill(math.log1p(-probability) if probability < 1 else -1e300, probability)
