"""The stimulus of a cell as parameters: which waveform, how strong, when, and what a person may inject."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from lab.cells import stimulus as waves
from lab.model import Model, State, action, param

OSCILLATING = ("sine", "chirp")
SHAPED = ("step", "pulses", "ramp", "sine", "chirp", "noise")


class Driven(Model):
    """Base of models with one cell's stimulus: its parameters, its waveform step by step, and when it begins."""

    stimulus: str = param("step", choices=waves.KINDS, builds=True, main=True, group="Stimulus", doc="Waveform of the current.")
    current: float = param(
        10.0, "uA/cm2", lo=-500, hi=500, soft=(-5, 20), symbol="I", when=("stimulus", SHAPED), main=True, group="Stimulus",
        doc="Height of a step, pulse or ramp, amplitude of an oscillation, mean of noise.",
    )  # fmt: skip
    offset: float = param(
        0.0, "uA/cm2", lo=-500, hi=500, soft=(-10, 20), symbol="I_0", group="Stimulus", doc="Constant current added to every stimulus."
    )
    onset: float = param(0.0, "ms", lo=0, hi=1e6, soft=(0, 100), group="Stimulus", doc="When the stimulus begins.")
    width: float = param(
        0.0, "ms", lo=0, hi=1e6, soft=(0, 100), when=("stimulus", ("step", "pulses")), group="Stimulus",
        doc="How long a step or pulse lasts (0: a step stays on, a pulse lasts half of its period).",
    )  # fmt: skip
    period: float = param(
        20.0, "ms", lo=0.1, hi=1e5, soft=(1, 200), when=("stimulus", "pulses"), group="Stimulus", doc="Time from one pulse to the next."
    )
    rise: float = param(
        500.0, "ms", lo=0.1, hi=1e6, soft=(1, 2000), when=("stimulus", "ramp"), group="Stimulus",
        doc="Time in which a ramp reaches its height.",
    )  # fmt: skip
    fall: float = param(
        0.0, "ms", lo=0, hi=1e6, soft=(0, 2000), when=("stimulus", "ramp"), group="Stimulus",
        doc="Time in which a ramp returns to zero (0: it stays up).",
    )  # fmt: skip
    frequency: float = param(
        50.0, "Hz", lo=0.1, hi=5000, log=True, when=("stimulus", OSCILLATING), group="Stimulus",
        doc="Frequency of a sine, or a chirp's first.",
    )  # fmt: skip
    last_frequency: float = param(
        200.0, "Hz", lo=0.1, hi=5000, log=True, when=("stimulus", "chirp"), group="Stimulus",
        doc="Frequency at which a chirp ends and begins again.",
    )  # fmt: skip
    sweep_time: float = param(
        2000.0, "ms", lo=1, hi=1e6, soft=(100, 10_000), when=("stimulus", "chirp"), group="Stimulus", doc="How long one chirp lasts."
    )
    sigma: float = param(
        3.0, "uA/cm2", lo=0, hi=500, soft=(0, 10), symbol=r"\sigma", when=("stimulus", "noise"), group="Stimulus",
        label="Noise", doc="Standard deviation of Ornstein-Uhlenbeck noise.",
    )  # fmt: skip
    noise_time: float = param(
        2.0, "ms", lo=0.01, hi=1e4, log=True, when=("stimulus", "noise"), group="Stimulus", doc="Correlation time of the noise."
    )
    same_noise: bool = param(False, when=("stimulus", "noise"), group="Stimulus", doc="All cells receive the same noise (frozen noise).")
    drawn: tuple[tuple[float, ...], ...] = param(
        ((0.0, 0.0), (50.0, 10.0), (100.0, 0.0)), kind="drawn", builds=True, when=("stimulus", "drawn"), group="Stimulus",
        doc="Hand-drawn waveform: (ms, current) pairs joined by lines.",
    )  # fmt: skip
    file: str = param(
        "", kind="file", builds=True, when=("stimulus", "file"), group="Stimulus",
        doc="Recording that drives the cell: a table as text, an array (NPY) or a sound (WAV, FLAC).",
    )  # fmt: skip
    scale: float = param(
        10.0, "uA/cm2", lo=-1e6, hi=1e6, when=("stimulus", "file"), group="Stimulus",
        doc="Current per unit of the file (WAV: full scale is 1).",
    )  # fmt: skip
    sample_rate: float = param(
        0.0, "Hz", lo=0, hi=1e7, builds=True, when=("stimulus", "file"), group="Stimulus",
        doc="Samples per second (0: the WAV's own, or time in the first column of a table).",
    )  # fmt: skip
    column: int = param(
        1, lo=0, hi=1000, builds=True, when=("stimulus", "file"), group="Stimulus",
        doc="Column of values in a table, counted from 0; channel of a WAV from 1.",
    )  # fmt: skip
    time_unit: str = param(
        "automatic", choices=waves.UNITS, builds=True, when=("stimulus", "file"), group="Stimulus",
        doc="Unit of a table's time column; automatic: as its heading says, else ms.",
    )  # fmt: skip
    repeat: bool = param(False, when=("stimulus", ("drawn", "file")), group="Stimulus", doc="Begin again at the end of the waveform.")

    def check(self) -> None:
        if self.stimulus == "pulses" and self.width > self.period:
            raise self.refuse("width", f"must be at most the period ({self.period:g} ms) for pulses")
        points = self.drawn
        if len(points) < 2 or any(len(p) != 2 for p in points):
            raise self.refuse("drawn", "must hold at least two (time, current) pairs")
        if max(p[0] for p in points) <= min(p[0] for p in points):
            raise self.refuse("drawn", "must reach over some time")

    @property
    def lasting(self) -> float:
        """How long (ms) a step or pulse lasts; 0: a step that stays on."""
        return self.width or (self.period / 2 if self.stimulus == "pulses" else 0.0)

    @property
    def amplitude(self) -> float:
        """What the stimulus waveform is multiplied by."""
        return self.current

    @property
    def base(self) -> float:
        """What is added to the waveform."""
        return self.offset

    @property
    def drive_unit(self) -> str:
        """Unit of the stimulus."""
        return type(self).specs()["current"].unit

    stimuli: ClassVar[tuple[str, ...]] = ("pulse",)  # actions that are stimuli

    def onsets(self, begin: float, end: float) -> np.ndarray:
        """Times (ms) from `begin` to before `end` at which the stimulus, or a pulse of it, begins."""
        if self.stimulus != "pulses":
            return np.array([self.onset] if begin <= self.onset < end else [], float)
        first = max(0, math.ceil((begin - self.onset) / self.period - 1e-9))
        count = max(0, math.ceil((end - self.onset) / self.period - 1e-9) - first)
        return self.onset + self.period * (first + np.arange(count))

    def drive_ends(self, recording: waves.Recording) -> float:
        """Time (ms) from which the stimulus is over for good; infinite where it stays or comes again."""
        if self.stimulus == "step" and self.width > 0.0:
            return self.onset + self.width
        if self.stimulus == "ramp" and self.fall > 0.0:
            return self.onset + self.rise + self.fall
        if self.stimulus in ("drawn", "file") and not self.repeat:
            return self.onset + recording.ends
        return math.inf

    def sampled_waveform(self) -> waves.Recording:
        """The sampled waveform that drives the cell: drawn, read from a file, or nothing."""
        if self.stimulus == "drawn":
            return waves.drawn(self.drawn)
        if self.stimulus == "file":
            return waves.read(self.file, self.sample_rate, self.column, self.time_unit)
        return waves.SILENCE

    def account(self, constants: Any) -> str:
        """The recording that drives the cell."""
        return constants.recording.said if self.stimulus == "file" else ""

    def stimulate(self, recording: waves.Recording, state: State, n: int, dt: float, shared: bool) -> np.ndarray:
        """The stimulus (n,) of the next n steps; it moves what the stimulus remembers. `shared`: its noise is that of all cells."""
        drive = np.empty(n)
        decay = math.exp(-dt / self.noise_time) if shared else -1.0
        p = np.array(
            [
                self.amplitude, self.base, self.onset, self.lasting, self.period, self.rise, self.fall, self.frequency, self.last_frequency,
                self.sweep_time, decay, self.sigma, self.scale if self.stimulus == "file" else 1.0, float(self.repeat),
            ]
        )  # fmt: skip
        r = recording
        waves.waveform(
            waves.KINDS.index(self.stimulus), p, r.times, r.values, r.start, r.interval, state["step"][0], dt,
            state["phase"], state["shared_noise"], state["noise_rng"], state["pulse"], drive,
        )  # fmt: skip
        return drive

    @action("Inject a pulse", shortcut="P", height=(float, param(20.0, lo=-10000, hi=10000, doc="Current added to the stimulus, in its unit.")),
            length=(float, param(1.0, "ms", lo=0.01, hi=1000, doc="How long it lasts.")))  # fmt: skip
    def pulse(self, constants: Any, state: State, height: float, length: float) -> None:
        """Add a pulse of current to the stimulus of all cells, now."""
        state["pulse"][:] = height, length
