"""What networks of ensembles are made of, as described values: signals, ensembles, outputs, and wires that carry functions."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from lab.params import Described, param
from lab.params.arithmetic import Formula, FormulaError, parse_each
from lab.spiking.coding import SOLVERS

MOST_DIMENSIONS = 16
LETTERS = ("x", "y", "z")
SIGNALS = ("constant", "sine", "pulse", "drawn", "file")


class Value(Described):
    """A value from outside: a number, a wave, a pulse, a curve drawn by hand or a recording."""

    owner: ClassVar[str] = "value"
    signal: str = param("constant", choices=SIGNALS, main=True, doc="Where the value comes from.")
    value: float = param(
        0.5, lo=-1000, hi=1000, soft=(-1, 1), main=True, when=("signal", "constant"), doc="The number; move it while the network runs."
    )
    amplitude: float = param(
        1.0, lo=-1000, hi=1000, soft=(-2, 2), when=("signal", ("sine", "pulse")), doc="Height of the wave or of the pulse."
    )
    frequency: float = param(0.5, "Hz", lo=0.001, hi=100, log=True, when=("signal", "sine"), doc="How often the wave swings.")
    phase: float = param(0.0, lo=0, hi=1, when=("signal", "sine"), doc="Part of a period by which the wave is ahead.")
    begin: float = param(0.2, "s", lo=0, hi=1000, soft=(0, 5), when=("signal", "pulse"), doc="When the pulse begins.")
    end: float = param(0.7, "s", lo=0, hi=1000, soft=(0, 5), when=("signal", "pulse"), doc="When it ends.")
    drawn: tuple[tuple[float, ...], ...] = param(
        ((0.0, -1.0), (1.0, 1.0), (2.0, 0.0), (3.0, 0.0)),
        kind="drawn",
        when=("signal", "drawn"),
        doc="(s, value) pairs joined by lines, drawn by hand; it repeats.",
    )
    file: str = param("", kind="file", when=("signal", "file"), doc="A table as text, an array (NPY) or a sound (WAV, FLAC); it repeats.")
    scale: float = param(1.0, lo=-1e6, hi=1e6, when=("signal", "file"), doc="What numbers of the file are multiplied by.")
    sample_rate: float = param(
        0.0, "Hz", lo=0, hi=1e7, when=("signal", "file"), doc="Samples per second (0: the sound's own, or time in the first column)."
    )
    column: int = param(
        1, lo=0, hi=1000, when=("signal", "file"), doc="Column of values in a table, counted from 0; channel of a sound from 1."
    )

    def check(self) -> None:
        check_curve(self, self.drawn)

    def recorded(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Times (s) and values of a curve or recording; None for a formula."""
        if self.signal == "drawn":
            return curve(self.drawn)
        if self.signal == "file":
            return recording(self.file, self.sample_rate, self.column, self.scale)
        return None

    def given(self, t: np.ndarray, recorded: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
        """The value at times t (s); `recorded` as `recorded()` gives it."""
        if self.signal == "sine":
            return self.amplitude * np.sin(2.0 * np.pi * (self.frequency * t + self.phase))
        if self.signal == "pulse":
            return np.where((t > self.begin) & (t <= self.end), self.amplitude, 0.0)
        if recorded is not None:
            return repeated(t, *recorded)
        return np.full(len(t), self.value)


def check_curve(of: Described, drawn: tuple[tuple[float, ...], ...]) -> None:
    """Refuse what is no curve."""
    if len(drawn) < 2 or any(len(p) != 2 for p in drawn):
        raise of.refuse("drawn", "must hold at least two (time, value) pairs")


def curve(points: tuple[tuple[float, ...], ...]) -> tuple[np.ndarray, np.ndarray]:
    """Times from 0 and values of a curve drawn by hand, in order of time."""
    table = np.array(points, float).reshape(-1, 2)
    times, values = table[np.argsort(table[:, 0], kind="stable")].T
    return times - times[0], values


def recording(file: str, sample_rate: float = 0.0, column: int = 1, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Times from 0 (s) and values of a recording in a file; raises FileError with a sentence."""
    try:
        written = Path(file).stat().st_mtime_ns
    except (OSError, ValueError):
        written = 0  # the reader says what is wrong
    times, values = _read(file, written, sample_rate, column)
    return times, values * scale


@lru_cache(8)
def _read(file: str, written: int, sample_rate: float, column: int) -> tuple[np.ndarray, np.ndarray]:
    """Read once, however often a network around it is changed."""
    from lab.data import signals  # it loads every reader of files, which a canvas that only draws does not need

    read = signals.read(file, sample_rate, column)
    times = (read.times - read.times[0] if len(read.times) else np.arange(len(read.values)) * read.interval) * 1e-3
    return times, np.asarray(read.values, float)


def repeated(t: np.ndarray, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A sampled curve at times t, joined by lines, begun again at its end."""
    return np.interp(t % times[-1] if times[-1] > 0.0 else 0.0 * t, times, values)


class Ensemble(Described):
    """Neurons that hold a value together."""

    owner: ClassVar[str] = "ensemble"
    neurons: int = param(200, lo=1, hi=5000, live=False, log=True, main=True, doc="How many neurons hold the value.")
    dimensions: int = param(
        1, lo=1, hi=MOST_DIMENSIONS, live=False, main=True, doc="How many numbers the value has: x, y, z, or x1, x2 and so on."
    )
    radius: float = param(1.0, lo=0.001, hi=1000, live=False, log=True, main=True, doc="Values from minus this to this are held well.")
    neurons_are: str = param(
        "LIF",
        choices=("LIF", "LIF, as rates", "sigmoid"),
        live=False,
        group="Neurons",
        label="Neurons are",
        doc="Spiking cells, the same as rates, or logistic curves.",
    )
    region: str = param("each dimension", choices=("each dimension", "a ball"), live=False, group="Neurons", label="Radius of",
                        doc="Whether each dimension may reach the radius by itself, or the length of the whole value.")  # fmt: skip
    encoders: str = param(
        "all directions",
        choices=("all directions", "along the diagonals"),
        live=False,
        group="Neurons",
        doc="Which values the neurons prefer; a product wants the diagonals.",
    )
    lowest: float = param(
        200.0, "Hz", lo=5, hi=490, live=False, group="Neurons", label="Highest rates from", doc="Least of the neurons' highest rates."
    )
    highest: float = param(
        400.0, "Hz", lo=5, hi=490, live=False, group="Neurons", label="Highest rates to", doc="Greatest of the neurons' highest rates."
    )
    first: float = param(
        -1.0, lo=-2, hi=0.99, live=False, group="Neurons", label="Begin to fire from", doc="Least intercept, as part of the radius."
    )
    last: float = param(
        0.9, lo=-2, hi=0.99, live=False, group="Neurons", label="Begin to fire to", doc="Greatest intercept, as part of the radius."
    )
    draw: int = param(
        0,
        lo=0,
        hi=1_000_000,
        live=False,
        group="Neurons",
        label="Draw",
        doc="Another number draws other neurons with the same seed of the run.",
    )

    def check(self) -> None:
        check_tuning(self, self.neurons_are, self.lowest)


def check_tuning(of: Described, kind: str, lowest: float) -> None:
    """Refuse ranges of highest rates and intercepts that are none, and rates that logistic neurons cannot have."""
    values, specs = of.values(), type(of).specs()
    for low, high in (("lowest", "highest"), ("first", "last")):
        if low in values and values[low] > values[high]:
            raise of.refuse(low, f"must not be above {specs[high].label.lower()} ({values[high]:g})")
    if kind == "sigmoid" and lowest < 65.0:
        raise of.refuse("lowest", "must be at least 65 Hz for logistic neurons, which fire at 60 Hz where they begin")


class Output(Described):
    """What is looked at."""

    owner: ClassVar[str] = "output"


class Feed(Described):
    """The wire of a value: a function of it, and a synapse."""

    owner: ClassVar[str] = "wire"
    function: str = param("", main=True, doc="What the wire carries: x y, x^2, or several with commas (y, -x); empty: the value as it is.")
    synapse: float = param(
        5.0, "ms", lo=0, hi=2000, soft=(0, 200), main=True, doc="Time constant with which it is smoothed (0: not at all)."
    )
    into: int = param(
        0,
        lo=0,
        hi=MOST_DIMENSIONS,
        label="Into dimension",
        doc="The first dimension of the target that it reaches; 0: the first that no other wire fills.",
    )

    def check(self) -> None:
        if self.function.strip():
            try:
                apply(parse_each(self.function, names(MOST_DIMENSIONS)), np.zeros((1, MOST_DIMENSIONS)))
            except FormulaError as error:
                raise self.refuse("function", str(error)) from None
            except (TypeError, ValueError):
                raise self.refuse("function", "must give numbers") from None

    def formulas(self, dimensions: int) -> tuple[Formula, ...]:
        """What it carries of a value with so many dimensions; none where it carries the value itself."""
        return _formulas(self.function, dimensions) if self.function.strip() else ()


@lru_cache(1024)
def _formulas(text: str, dimensions: int) -> tuple[Formula, ...]:
    return parse_each(text, names(dimensions))


class Decoded(Feed):
    """The wire of an ensemble: decoders for a function of what it holds, and a synapse."""

    solver: str = param("regularised", choices=SOLVERS, group="Decoders", doc="How the decoders are found.")
    regularisation: float = param(
        0.1,
        lo=0,
        hi=1,
        soft=(0.0, 0.4),
        group="Decoders",
        when=("solver", "regularised"),
        doc="Noise, as a share of the highest rate, for which the decoders are made.",
    )


def components(dimensions: int) -> tuple[str, ...]:
    """What the numbers of a value are called: nothing, x y z, or x1 x2 ..."""
    return ("",) if dimensions == 1 else LETTERS[:dimensions] if dimensions <= 3 else tuple(f"x{k + 1}" for k in range(dimensions))


def names(dimensions: int) -> tuple[str, ...]:
    """Names that a function may use of a value: x, y, z, and x1, x2 ..."""
    return (*LETTERS[:dimensions], *(f"x{k + 1}" for k in range(dimensions)))


def apply(formulas: tuple[Formula, ...], x: np.ndarray) -> np.ndarray:
    """(points, outputs) of formulas at values x (points, dimensions); without formulas the values."""
    if not formulas:
        return x
    known = dict(zip(names(x.shape[1]), (*x.T[:3], *x.T), strict=True))
    with np.errstate(all="ignore"):
        found = [np.broadcast_to(np.asarray(f(**{n: known[n] for n in f.names}), float), (len(x),)) for f in formulas]
    return np.stack(found, axis=1)
