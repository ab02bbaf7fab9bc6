"""Data sets that things learn from: bundled ones, generated ones, and people's own files.

Nothing is downloaded. Every set comes as a `Dataset`: float32 features, labels or targets, and a seeded split into train
and test. People's tables are read by `lab.data.tables`, their pictures by `lab.data.pictures`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from lab.data import door
from lab.data.columns import Kind
from lab.data.dataset import Dataset, Task
from lab.data.digits import SIDE, digits
from lab.data.tables import AS_FOUND, Choices, Table
from lab.errors import FileError, ModelError, near

__all__ = [
    "BUNDLED",
    "FUNCTIONS",
    "NAMES",
    "PLANES",
    "Choices",
    "Dataset",
    "Task",
    "encode",
    "from_file",
    "function",
    "load",
    "painted",
    "shifted",
]


# -- what is built in --


def _digits() -> Dataset:
    pixels, labels = digits()
    classes, names = tuple("0123456789"), tuple(f"pixel_{i // SIDE}_{i % SIDE}" for i in range(SIDE * SIDE))
    about = "1797 handwritten digits, 8 x 8 pixels"
    return Dataset("digits", pixels.astype(np.float32) / 16, labels.copy(), "classification", classes, names, (SIDE, SIDE), about=about)


def _sklearn(name: str) -> Dataset:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    x = bunch.data.astype(np.float32)
    features = tuple(str(f) for f in bunch.feature_names)
    if name == "diabetes":
        t = bunch.target.astype(np.float32)[:, None]
        return Dataset(
            "diabetes", x, t, "regression", features=features, about="442 patients, disease progression after a year",
            target="disease progression", scale=(float(t.mean()), float(t.std())),
        )  # fmt: skip
    classes = tuple(str(c) for c in bunch.target_names)
    return Dataset(
        name.replace("_", " "),
        x,
        bunch.target.astype(np.int64),
        "classification",
        classes,
        features,
        about=f"{len(x)} examples, {x.shape[1]} measurements",
    )


def moons(n: int, noise: float, seed: int) -> Dataset:
    """Two interleaved half circles."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) % 2
    angle = math.pi * rng.random(n)
    x = np.where(t[:, None] == 0, np.c_[np.cos(angle), np.sin(angle)], np.c_[1 - np.cos(angle), 0.5 - np.sin(angle)])
    return _plane("moons", x + noise * rng.standard_normal((n, 2)), t, 2)


def circles(n: int, noise: float, seed: int) -> Dataset:
    """A circle inside another (radii 0.5 and 1)."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) % 2
    angle = 2 * math.pi * rng.random(n)
    x = np.where(t == 0, 1.0, 0.5)[:, None] * np.c_[np.cos(angle), np.sin(angle)]
    return _plane("circles", x + noise * rng.standard_normal((n, 2)), t, 2)


def spirals(n: int, noise: float, seed: int) -> Dataset:
    """Two spirals of one and a half turns."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) % 2
    radius = np.sqrt(rng.random(n))
    angle = 3 * math.pi * radius + math.pi * t
    return _plane("spirals", np.c_[radius * np.cos(angle), radius * np.sin(angle)] + 0.1 * noise * rng.standard_normal((n, 2)), t, 2)


def xor(n: int, noise: float, seed: int) -> Dataset:
    """Four clouds at the corners of a square, opposite ones of one class; without noise the four points themselves."""
    rng = np.random.default_rng(seed)
    corner = np.arange(n) % 4
    x = np.c_[corner // 2, corner % 2].astype(float)
    return _plane("XOR", x + noise * rng.standard_normal((n, 2)), (corner // 2) ^ (corner % 2), 2)


def gaussians(n: int, noise: float, seed: int) -> Dataset:
    """Three clouds around the corners of a triangle."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) % 3
    x = np.c_[np.cos(2 * math.pi * t / 3), np.sin(2 * math.pi * t / 3)]
    return _plane("Gaussians", x + max(noise, 1e-6) * rng.standard_normal((n, 2)), t, 3)


def _plane(name: str, x: np.ndarray, t: np.ndarray, classes: int) -> Dataset:
    names = tuple("ABCDEFGH"[:classes])
    return Dataset(
        name, x.astype(np.float32), t.astype(np.int64), "classification", names, ("x", "y"), about=f"{len(x)} points in the plane"
    )


FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sine": lambda x: np.sin(2 * math.pi * x),
    "step": lambda x: (x > 0.5).astype(float),
    "absolute value": lambda x: np.abs(2 * x - 1),
    "parabola": lambda x: (2 * x - 1) ** 2,
    "chirp": lambda x: np.sin(2 * math.pi * (x + 3 * x**2)),
    "bump": lambda x: np.exp(-((x - 0.5) ** 2) / 0.005),
}


def function(name: str, n: int, noise: float, seed: int, drawn: Sequence[tuple[float, float]] = ()) -> Dataset:
    """Samples of a function on [0, 1]: one of `FUNCTIONS`, or `drawn` by hand as (x, y) points joined by lines."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.random(n))
    if name == "drawn":
        if len(drawn) < 2:
            raise ModelError("A function drawn by hand needs at least two points: draw it first.")
        points = np.array(sorted((float(a), float(b)) for a, b in drawn))
        y = np.interp(x, points[:, 0], points[:, 1])
    elif name in FUNCTIONS:
        y = FUNCTIONS[name](x)
    else:
        raise ModelError(f"There is no function '{name}': {near(name, [*FUNCTIONS, 'drawn'])}")
    y = y + noise * rng.standard_normal(n)
    return Dataset(
        name,
        x[:, None].astype(np.float32),
        y[:, None].astype(np.float32),
        "regression",
        features=("x",),
        about=f"{n} samples of a function",
    )


def painted(points: Sequence[tuple[float, float, float]]) -> Dataset:
    """Points painted by hand: (x, y, class number)."""
    if len(points) < 2:
        raise ModelError("Paint at least two points: click in the plot.")
    array = np.array([[float(v) for v in p[:3]] for p in points])
    labels, t = np.unique(array[:, 2].astype(np.int64), return_inverse=True)
    x = array[:, :2].astype(np.float32)
    return Dataset(
        "painted points", x, t.astype(np.int64), "classification", tuple(str(c) for c in labels), ("x", "y"), about=f"{len(x)} points"
    )


BUNDLED = ("digits", "iris", "wine", "breast cancer", "diabetes")
PLANES: dict[str, Callable[[int, float, int], Dataset]] = {
    "moons": moons,
    "circles": circles,
    "spirals": spirals,
    "XOR": xor,
    "Gaussians": gaussians,
}
NAMES = (*BUNDLED, *PLANES, *FUNCTIONS, "drawn", "painted", "file")


def load(
    name: str,
    *,
    n: int = 1000,
    noise: float = 0.2,
    seed: int = 0,
    drawn: Sequence[tuple[float, float]] = (),
    points: Sequence[tuple[float, float, float]] = (),
    file: str = "",
    choices: Choices = AS_FOUND,
) -> Dataset:
    """A data set by name (one of `NAMES`), not yet split.

    n, noise, seed   for generated sets
    drawn, points    what a person drew or painted
    file             a table as text, an IDX file of pictures (its labels beside it), or a folder of pictures in one folder per class
    choices          what a person says of a table: see `lab.data.tables`
    """
    if name == "digits":
        return _digits()
    if name in BUNDLED:
        return _sklearn(name.replace(" ", "_"))
    if name in PLANES:
        return PLANES[name](n, noise, seed)
    if name in FUNCTIONS or name == "drawn":
        return function(name, n, noise, seed, drawn)
    if name == "painted":
        return painted(points)
    if name == "file":
        return from_file(file, choices)
    raise ModelError(f"There is no data set '{name}': {near(name, NAMES)}")


# -- people's own files --


def from_file(path: str | Path, choices: Choices = AS_FOUND) -> Dataset:
    """A table as text, an IDX file, or a folder of pictures."""
    if not str(path):
        raise FileError("No file is chosen: choose a table as text (CSV), an IDX file or a folder of pictures.")
    from lab.data import learned, pictures, tables

    place = door.place_of(path, "a table, an IDX file or a folder of pictures")
    if place.is_dir():
        return pictures.from_folder(place)
    if pictures.is_idx(place):
        return pictures.from_idx(place)
    return learned.dataset(learned.plan(tables.read(place, choices), choices))


def kinds(data: Dataset) -> dict[str, Kind]:
    """What columns have to hold for their rows to be features of `data`."""
    if not any("=" in name for name in data.features):
        return {"": "number"}
    return dict.fromkeys(data.features, "number")


def encode(data: Dataset, table: Table) -> np.ndarray:
    """Rows of a table as features of `data`, unscaled: columns found by their names, else taken in order if their number fits.

    A feature "colour=red" is 1 where the column "colour" says red. What is missing is filled as in the training.
    """
    wanted = data.features or tuple(str(k) for k in range(data.inputs))
    names = [column.name for column in table.columns]
    place: list[tuple[int, str | None]] = []
    for name in wanted:
        parts = name.split("=")
        levels = [("=".join(parts[:k]), "=".join(parts[k:])) for k in range(1, len(parts))]
        found = next(((names.index(column), level) for column, level in levels if column in names), None)
        if name in names:
            place.append((names.index(name), None))
        elif found:
            place.append(found)
        elif len(names) != len(wanted) or any("=" in other for other in wanted):
            raise FileError(
                f"{table.place} has no column '{parts[0]}', which the network was trained on: give all of its {len(wanted)} features."
            )
    if len(place) < len(wanted):
        place = [(k, None) for k in range(len(wanted))]
    out = np.empty((table.rows, len(wanted)), np.float32)
    for j, (k, level) in enumerate(place):
        column = table.columns[k]
        if level is not None:
            texts = column.texts()
            out[:, j] = [text == level or (text == "" and level == "missing") for text in texts]
            continue
        if column.numbers is None or column.slipped:
            row, text = column.slips[0] if column.slips else next((i, t) for i, t in enumerate(column.texts()) if t)
            raise FileError(f"{table.place}, row {table.records[row]}, column '{column.name}': '{text[:40]}' is not a number.")
        out[:, j] = np.where(column.missing, data.usual[j] if data.usual is not None else np.nan, column.numbers)
        if data.usual is None and column.missing.any():
            raise FileError(
                f"{table.place}, row {table.records[int(column.missing.argmax())]}, column '{column.name}' is empty: give a number."
            )
    return out / data.full if data.full != 1.0 else out


# -- augmentation of pictures, done where minibatches are made --


def shifted(x: np.ndarray, picture: tuple[int, int], rows: int, columns: int) -> np.ndarray:
    """Pictures (n, rows*columns) moved by whole pixels; what comes in from outside is 0."""
    images = x.reshape(-1, *picture)
    out = np.zeros_like(images)
    h, w = picture
    out[:, max(0, rows) : h + min(0, rows), max(0, columns) : w + min(0, columns)] = images[
        :, max(0, -rows) : h + min(0, -rows), max(0, -columns) : w + min(0, -columns)
    ]
    return out.reshape(x.shape)
