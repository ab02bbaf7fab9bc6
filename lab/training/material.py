"""What is learned from: the data set that the parameters name, prepared; and what is known of it before it is loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import sets
from lab.data.dataset import Dataset, balanced_count
from lab.data.tables import Choices
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
    choices: Choices
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
        return cls(model.data, model.n, model.noise, model.drawn, model.points, model.file, Choices.of(model), written)


@lru_cache(maxsize=12)
def _loaded(wanted: Wanted, seed: int) -> Dataset:
    return sets.load(
        wanted.name, n=wanted.n, noise=wanted.noise, seed=seed, drawn=wanted.drawn, points=wanted.points, file=wanted.file,
        choices=wanted.choices,
    )  # fmt: skip


@dataclass(frozen=True)
class Outline:
    """What is known of a data set before it is loaded: enough to declare streams, pictures and the clock.

    rows is the number of training examples; low and high bound the two features of points in a plane. A regression predicts
    `target`, in `unit`.
    """

    task: str
    inputs: int
    outputs: int
    classes: tuple[str, ...]
    picture: tuple[int, int] | None
    rows: int
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    features: tuple[str, ...] = ()
    target: str = ""
    unit: str = ""

    @property
    def plane(self) -> bool:
        """Two features: decision surfaces can be drawn."""
        return self.inputs == 2 and self.picture is None


def outline(model: Any) -> Outline:
    """The outline of a model's data set; a file that cannot be read is outlined as an empty table (building says why)."""
    return _outlined(Wanted.of(model), model.test_fraction, model.samples, model.balance)


@lru_cache(maxsize=64)
def _outlined(wanted: Wanted, fraction: float, samples: int, balance: bool) -> Outline:
    name = wanted.name
    features: tuple[str, ...] = ()
    target = unit = ""
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
        features, target, unit = found.features[:8], found.target, found.unit
    target = "disease progression" if name == "diabetes" else target
    rows = _training_rows(counts, fraction, balance and task == "classification")
    return Outline(task, inputs, outputs, classes, picture, max(1, min(rows, samples or rows)), low, high, features, target, unit)


def _training_rows(counts: np.ndarray, fraction: float, balance: bool) -> int:
    """Examples that `Dataset.split`, and `balanced`, leave in the training part."""
    total = int(counts.sum())
    held = [round(fraction * int(c)) for c in counts]
    if not balance or not sum(held):  # a part that would be empty is given one example, of whatever class
        return total - min(max(sum(held), 1), total - 1)
    kept = counts - np.array(held)
    return int(balanced_count(kept)) * int((kept > 0).sum())


@dataclass(frozen=True)
class Material:
    """A data set ready for training: arrays of both parts, and how features and targets were scaled.

    mean, deviation   of each feature, taken away from x; centre, spread  of the target, taken away from t: what is shown to a
    person goes back through `natural` (features) and `units` (targets)
    """

    data: Dataset
    x: np.ndarray
    t: np.ndarray
    test_x: np.ndarray
    test_t: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    centre: float = 0.0
    spread: float = 1.0

    def natural(self, x: np.ndarray) -> np.ndarray:
        """Features in the units of their file."""
        return x * self.deviation + self.mean

    def scaled(self, x: np.ndarray) -> np.ndarray:
        """Features as the network sees them."""
        return ((x - self.mean) / self.deviation).astype(np.float32)

    def units(self, t: np.ndarray) -> np.ndarray:
        """Targets, or predictions of them, in the person's units."""
        return t if self.data.task == "classification" else np.asarray(t, float) * self.spread + self.centre


def prepare(model: Any, seed: int) -> Material:
    """Load, split, scale and spoil the data set of a model; all random choices follow from `seed`.

    Tables get columns of mean 0 and deviation 1, measured on the training part; pictures, and points in a plane whose numbers
    are of order one, stay as they are. A number to predict is standardised by the training part, too.
    """
    raw = _loaded(Wanted.of(model), seed if model.data in sets.PLANES or model.data in sets.FUNCTIONS or model.data == "drawn" else 0)
    data = raw.split(model.test_fraction, seed).filled()
    if model.balance:
        data = data.balanced(seed)
    if model.samples:
        data = data.limited(model.samples)
    mean, deviation = np.zeros(raw.inputs, np.float32), np.ones(raw.inputs, np.float32)
    if model.standardise and raw.picture is None and (raw.inputs > 2 or _far_from_one(data)):
        rows = data.x[data.train]
        mean, deviation = rows.mean(0), np.where(rows.std(0) > 0, rows.std(0), 1)
        data = replace(data, x=((data.x - mean) / deviation).astype(np.float32))
    centre, spread = 0.0, 1.0
    if data.task == "regression" and data.scale != (0.0, 1.0):
        centre, spread = data.scale or _scale(data)
        data = replace(data, t=((data.t - np.float32(centre)) / np.float32(spread)).astype(np.float32))
    data = data.with_label_noise(model.label_noise, seed)
    x, t = data.part("train")
    test_x, test_t = data.part("test")
    return Material(data, x, t, test_x, test_t, mean, deviation, centre, spread)


def _scale(data: Dataset) -> tuple[float, float]:
    """(mean, deviation) of the target on the training part."""
    t = data.t[data.train].astype(np.float64)
    return float(t.mean()), float(t.std()) or 1.0


def _far_from_one(data: Dataset) -> bool:
    """Whether one or two features of a person's table lie so far from zero, or are so large or small, that they cannot be learned from as they are."""
    if not data.columns:
        return False
    rows = data.x[data.train]
    mean, deviation = np.abs(rows.mean(0)), rows.std(0)
    return bool((mean > 1.5 * deviation).any() or (deviation > 5).any() or (deviation < 0.1).any())
