"""What is learned from: the data set that the parameters name, prepared; and what is known of it before it is loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import sets
from lab.data.sets import Dataset
from lab.errors import LabError

# Examples per class (diabetes: in all), so that epochs can be counted before scikit-learn is imported.
_COUNTS: dict[str, tuple[int, ...]] = {
    "digits": (178, 182, 177, 183, 181, 182, 181, 179, 174, 180),
    "iris": (50, 50, 50),
    "wine": (59, 71, 48),
    "breast cancer": (212, 357),
    "diabetes": (442,),
}
_INPUTS = {"digits": 64, "iris": 4, "wine": 13, "breast cancer": 30, "diabetes": 10}
_CLASSES = {
    "digits": tuple("0123456789"),
    "iris": ("setosa", "versicolor", "virginica"),
    "wine": ("class_0", "class_1", "class_2"),
    "breast cancer": ("malignant", "benign"),
}


@dataclass(frozen=True)
class Wanted:
    """Which data set: the arguments of `lab.data.sets.load`, and when the file was last written."""

    name: str
    n: int
    noise: float
    drawn: tuple[tuple[float, float], ...]
    points: tuple[tuple[float, float, float], ...]
    file: str
    target: str
    types: str
    written: int = 0

    @classmethod
    def of(cls, model: Any) -> Wanted:
        """What the parameters of a training model ask for; a file that has changed is another data set."""
        written = 0
        if model.data == "file" and model.file:
            try:
                written = Path(model.file).stat().st_mtime_ns
            except OSError:
                pass
        return cls(model.data, model.n, model.noise, model.drawn, model.points, model.file, model.target, model.types, written)


@lru_cache(maxsize=12)
def _loaded(wanted: Wanted, seed: int) -> Dataset:
    return sets.load(
        wanted.name, n=wanted.n, noise=wanted.noise, seed=seed, drawn=wanted.drawn, points=wanted.points, file=wanted.file,
        target=wanted.target, types=wanted.types,
    )  # fmt: skip


@dataclass(frozen=True)
class Outline:
    """What is known of a data set before it is loaded: enough to declare streams, pictures and the clock.

    rows is the number of training examples; low and high bound the two features of points in a plane.
    """

    task: str
    inputs: int
    outputs: int
    classes: tuple[str, ...]
    picture: tuple[int, int] | None
    rows: int
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @property
    def plane(self) -> bool:
        """Two features: decision surfaces can be drawn."""
        return self.inputs == 2 and self.picture is None


def outline(model: Any) -> Outline:
    """The outline of a model's data set; a file that cannot be read is outlined as an empty table (building says why)."""
    return _outlined(Wanted.of(model), model.test_fraction, model.samples)


@lru_cache(maxsize=64)
def _outlined(wanted: Wanted, fraction: float, samples: int) -> Outline:
    name = wanted.name
    if name in _COUNTS:
        task = "regression" if name == "diabetes" else "classification"
        classes = _CLASSES.get(name, ())
        counts = np.array(_COUNTS[name])
        picture, low, high, inputs, outputs = (8, 8) if name == "digits" else None, (), (), _INPUTS[name], len(classes) or 1
    else:
        try:
            found = _loaded(wanted, 0)
        except LabError:
            return Outline("classification", 1, 2, ("A", "B"), None, 1)
        task, classes, picture, inputs, outputs = found.task, found.classes, found.picture, found.inputs, found.outputs
        counts = np.bincount(found.t, minlength=len(classes)) if task == "classification" else np.array([len(found.x)])
        pad = 0.15 * np.ptp(found.x, axis=0) + 1e-3
        low, high = tuple(np.floor(10 * (found.x.min(0) - pad)) / 10), tuple(np.ceil(10 * (found.x.max(0) + pad)) / 10)
        low, high = (low, high) if inputs <= 2 else ((), ())
    total = int(counts.sum())
    held = sum(round(fraction * int(c)) for c in counts)
    rows = total - min(max(held, 1), total - 1)
    return Outline(task, inputs, outputs, classes, picture, max(1, min(rows, samples or rows)), low, high)


@dataclass(frozen=True)
class Material:
    """A data set ready for training: arrays of both parts, and how features were scaled."""

    data: Dataset
    x: np.ndarray
    t: np.ndarray
    test_x: np.ndarray
    test_t: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray


def prepare(model: Any, seed: int) -> Material:
    """Load, split, scale and spoil the data set of a model; all random choices follow from `seed`.

    Tables get columns of mean 0 and deviation 1, measured on the training part; pictures and points in a plane stay as they are.
    """
    raw = _loaded(Wanted.of(model), seed if model.data in sets.PLANES or model.data in sets.FUNCTIONS or model.data == "drawn" else 0)
    data = raw.split(model.test_fraction, seed)
    if model.samples:
        data = data.limited(model.samples)
    mean, deviation = np.zeros(raw.inputs, np.float32), np.ones(raw.inputs, np.float32)
    if model.standardise and raw.picture is None and raw.inputs > 2:
        rows = raw.x[data.train]
        mean, deviation = rows.mean(0), np.where(rows.std(0) > 0, rows.std(0), 1)
        data = replace(data, x=((raw.x - mean) / deviation).astype(np.float32))
    data = data.with_label_noise(model.label_noise, seed)
    x, t = data.part("train")
    test_x, test_t = data.part("test")
    return Material(data, x, t, test_x, test_t, mean, deviation)
