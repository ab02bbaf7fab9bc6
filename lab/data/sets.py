"""Data sets that things learn from: bundled ones, generated ones, and the user's own files.

Nothing is downloaded. Every set comes as a `Dataset`: float32 features, labels or targets, and a seeded split into train
and test. The user's files (CSV, IDX, a folder of pictures) are bounded before anything is allocated, and a wrong one is
explained with row and column.
"""

from __future__ import annotations

import csv
import gzip
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lab.errors import FileError, ModelError, near

Task = Literal["classification", "regression"]
MAX_ROWS = 2_000_000
MAX_BYTES = 2 << 30
FEW = 20  # different values that a column of classes may have
MOSTLY = 0.9  # a column with so many numbers is one of numbers, and what is none is a slip
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".webp")


@dataclass(frozen=True)
class Dataset:
    """Examples to learn from.

    x         (n, features) float32
    t         classification: (n,) int64 class numbers; regression: (n, outputs) float32
    classes   names of the classes, in the order of their numbers
    features  names of the columns of x
    picture   (rows, columns) where a row of x is a picture
    train, test  row numbers of the two parts
    """

    name: str
    x: np.ndarray
    t: np.ndarray
    task: Task
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    picture: tuple[int, int] | None = None
    train: np.ndarray | None = None
    test: np.ndarray | None = None
    about: str = ""

    @property
    def inputs(self) -> int:
        """Number of features."""
        return self.x.shape[1]

    @property
    def outputs(self) -> int:
        """Number of classes, or of regression targets."""
        return len(self.classes) if self.task == "classification" else self.t.shape[1]

    def part(self, which: Literal["train", "test"]) -> tuple[np.ndarray, np.ndarray]:
        """(x, t) of one part of the split."""
        rows = self.train if which == "train" else self.test
        assert rows is not None, "split() comes first"
        return self.x[rows], self.t[rows]

    def split(self, test: float = 0.2, seed: int = 0) -> Dataset:
        """Hold out a fraction for testing: stratified by class, shuffled by `seed`; at least one example on each side."""
        n = len(self.x)
        if n < 2:
            raise ModelError(f"{self.name}: a split into train and test needs at least 2 examples (got {n}).")
        order = np.random.default_rng(seed).permutation(n)
        if self.task == "classification":
            held = []
            for label in range(len(self.classes)):
                members = order[self.t[order] == label]
                held.append(members[: round(test * len(members))])
            rows = np.concatenate(held)
        else:
            rows = order[: round(test * n)]
        rows = order[:1] if len(rows) == 0 else rows[: n - 1]
        mask = np.zeros(n, bool)
        mask[rows] = True
        return replace(self, train=order[~mask[order]], test=order[mask[order]])

    def standardised(self) -> Dataset:
        """Features with mean 0 and standard deviation 1, measured on the training part only (no peeking)."""
        rows = slice(None) if self.train is None else self.train
        mean, deviation = self.x[rows].mean(0), self.x[rows].std(0)
        return replace(self, x=((self.x - mean) / np.where(deviation > 0, deviation, 1)).astype(np.float32))

    def with_label_noise(self, fraction: float, seed: int = 0) -> Dataset:
        """Training labels replaced at random (any class, the right one included) for this fraction of the training part."""
        if self.task != "classification" or fraction == 0:
            return self
        rng = np.random.default_rng(seed)
        rows = np.arange(len(self.x)) if self.train is None else self.train
        chosen = rng.choice(rows, round(fraction * len(rows)), replace=False)
        t = self.t.copy()
        t[chosen] = rng.integers(0, len(self.classes), len(chosen))
        return replace(self, t=t)

    def limited(self, n: int) -> Dataset:
        """Only the first n training examples (the split is shuffled, so they are a sample)."""
        assert self.train is not None, "split() comes first"
        return replace(self, train=self.train[:n])


# -- what is built in --


def _sklearn(name: str) -> Dataset:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    x = bunch.data.astype(np.float32)
    features = tuple(str(f) for f in bunch.feature_names)
    if name == "diabetes":
        t = bunch.target.astype(np.float32)[:, None]
        return Dataset(
            "diabetes",
            x,
            (t - t.mean()) / t.std(),
            "regression",
            features=features,
            about="442 patients, disease progression (standardised)",
        )
    classes = tuple(str(c) for c in bunch.target_names)
    if name == "digits":
        return Dataset(
            "digits",
            x / 16,
            bunch.target.astype(np.int64),
            "classification",
            classes,
            features,
            (8, 8),
            about="1797 handwritten digits, 8 x 8 pixels",
        )
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
    target: str = "",
    types: str = "",
) -> Dataset:
    """A data set by name (one of `NAMES`), not yet split.

    n, noise, seed   for generated sets
    drawn, points    what a person drew or painted
    file             a CSV file, an IDX file of pictures (its labels beside it), or a folder of pictures in one folder per class
    target, types    for CSV files: see `from_csv`
    """
    if name in BUNDLED:
        return _sklearn(name.replace(" ", "_"))
    if name in PLANES:
        return PLANES[name](n, noise, seed)
    if name in FUNCTIONS or name == "drawn":
        return function(name, n, noise, seed, drawn)
    if name == "painted":
        return painted(points)
    if name == "file":
        return from_file(file, target, types)
    raise ModelError(f"There is no data set '{name}': {near(name, NAMES)}")


# -- the user's own files --


def from_file(path: str | Path, target: str = "", types: str = "") -> Dataset:
    """A CSV or IDX file, or a folder of pictures."""
    if not str(path):
        raise FileError("No file is chosen: choose a CSV file, an IDX file or a folder of pictures.")
    path = Path(path)
    if path.is_dir():
        return from_pictures(path)
    if not path.is_file():
        raise FileError(f"There is no file {path}.")
    if "idx" in path.name.lower() and path.suffix.lower() != ".csv":
        return from_idx(path)
    return from_csv(path, target, types)


@dataclass(frozen=True)
class Column:
    """A column of a CSV file: `number`, `class` (text with few values) or `ignore` (identifiers, free text)."""

    name: str
    kind: Literal["number", "class", "ignore"]
    values: int  # different values seen
    missing: int


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """(heading, rows) of a CSV file: separator found out, UTF-8 or Latin-1, every row as long as the heading."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES // 4:
            raise FileError(
                f"{path} has {size / 1e6:.0f} MB; a table of at most {MAX_BYTES // 4 / 1e6:.0f} MB can be read: cut it down first."
            )
        raw = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}.") from None
    if b"\0" in raw[:4096]:
        raise FileError(f"{path} is not a text file; a table is wanted as comma-separated values.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    lines = text.splitlines()
    if len(lines) < 2:
        raise FileError(f"{path} needs a heading and at least one row of values.")
    separator = max(",;\t", key=lambda c: lines[0].count(c))
    try:
        rows = [row for row in csv.reader(lines, delimiter=separator) if row]
    except csv.Error as error:
        raise FileError(f"{path} is not a table of comma-separated values: {error}.") from None
    if len(rows) > MAX_ROWS:
        raise FileError(f"{path} has {len(rows):,} rows; at most {MAX_ROWS:,} can be read: cut it down first.")
    first = rows[0]
    headed = not all(_is_number(cell) for cell in first)
    heading = (
        [cell.strip() or f"column {k + 1}" for k, cell in enumerate(first)] if headed else [f"column {k + 1}" for k in range(len(first))]
    )
    body = rows[1:] if headed else rows
    for number, row in enumerate(body, start=2 if headed else 1):
        if len(row) != len(heading):
            raise FileError(f"{path}, row {number}: {len(row)} values where the heading has {len(heading)}.")
    if not body:
        raise FileError(f"{path} has a heading and no rows.")
    return heading, body


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def guess_columns(path: Path, types: str = "") -> list[Column]:
    """What each column of a CSV file seems to be; `types` corrects it: "age=number, id=ignore, kind=class"."""
    heading, body = read_table(path)
    asked: dict[str, Any] = {}
    for part in filter(None, (p.strip() for p in types.split(","))):
        name, equals, kind = (w.strip() for w in part.partition("="))
        if name not in heading:
            raise FileError(f"{path} has no column '{name}': {near(name, heading)}")
        if not equals or kind not in ("number", "class", "ignore"):
            raise FileError(f"{path}, column '{name}': its type must be number, class or ignore (got '{kind}').")
        asked[name] = kind
    out = []
    guess: Literal["number", "class", "ignore"]
    for k, name in enumerate(heading):
        cells = [row[k].strip() for row in body]
        present = [c for c in cells if c and c.lower() not in ("na", "nan", "?")]
        values = len(set(present))
        numbers = sum(_is_number(c) for c in present)
        # A slip among many numbers is to be told with its row and column, not to turn them all into words.
        if present and (numbers == len(present) or (values > FEW and numbers >= MOSTLY * len(present))):
            guess = "number"
        else:
            guess = "class" if values <= max(FEW, len(present) // 20) else "ignore"
        out.append(Column(name, asked.get(name, guess), values, len(cells) - len(present)))
    return out


def from_csv(path: str | Path, target: str = "", types: str = "") -> Dataset:
    """A table: numbers as they are (missing ones filled with the column's mean), classes as one column per value.

    target   the column to predict (default: the last one that is not ignored); a number with at most 20 whole values counts
             as a class unless `types` says number
    types    corrections such as "age=number, id=ignore"
    """
    path = Path(path)
    heading, body = read_table(path)
    columns, first = guess_columns(path, types), _first_row(heading)
    used = [k for k, c in enumerate(columns) if c.kind != "ignore"]
    if target and target not in heading:
        raise FileError(f"{path} has no column '{target}' to predict: {near(target, heading)}")
    goal = heading.index(target) if target else (used[-1] if used else -1)
    if goal < 0 or len([k for k in used if k != goal]) == 0:
        raise FileError(f"{path} needs at least one column of numbers or classes besides the one to predict.")
    blocks, names = [], []
    for k in used:
        if k == goal:
            continue
        if columns[k].kind == "number":
            blocks.append(_numbers(path, body, k, heading[k], first)[:, None])
            names.append(heading[k])
        else:
            values = sorted({row[k].strip() for row in body})
            blocks.append(np.array([[row[k].strip() == v for v in values] for row in body], np.float32))
            names += [f"{heading[k]}={v}" for v in values]
    x = np.concatenate(blocks, axis=1).astype(np.float32)
    cells = [row[goal].strip() for row in body]
    explicit = f"{heading[goal]}=number" in types.replace(" ", "")
    few = columns[goal].kind == "number" and columns[goal].values <= 20 and all(_is_number(c) and float(c) == int(float(c)) for c in cells)
    if columns[goal].kind == "class" or (few and not explicit):
        classes = sorted(set(cells), key=lambda c: (0, float(c), c) if _is_number(c) else (1, 0.0, c))
        number = {c: i for i, c in enumerate(classes)}
        return Dataset(
            path.stem,
            x,
            np.array([number[c] for c in cells]),
            "classification",
            tuple(classes),
            tuple(names),
            about=f"{len(x)} rows of {path.name}",
        )
    t = _numbers(path, body, goal, heading[goal], first)[:, None]
    return Dataset(path.stem, x, t.astype(np.float32), "regression", features=tuple(names), about=f"{len(x)} rows of {path.name}")


def encode(data: Dataset, heading: list[str], body: list[list[str]], where: str = "the table") -> np.ndarray:
    """Rows of a table as features of `data`, unscaled: columns found by their names, else taken in order if their number fits.

    A feature "colour=red" is 1 where the column "colour" says red. The error names row and column of what is no number.
    """
    wanted = data.features or tuple(str(k) for k in range(data.inputs))
    cells = [[cell.strip() for cell in row] for row in body]
    place: list[tuple[int, str | None]] = []
    for name in wanted:
        column, equals, value = name.partition("=")
        if name in heading:
            place.append((heading.index(name), None))
        elif equals and column in heading:
            place.append((heading.index(column), value))
    if len(place) < len(wanted):
        if len(heading) != len(wanted) or any("=" in name for name in wanted):
            missing = next(name for name in wanted if name not in heading and name.partition("=")[0] not in heading)
            raise FileError(
                f"{where} has no column '{missing.partition('=')[0]}', which the network was trained on: give all of its {len(wanted)} features."
            )
        place = [(k, None) for k in range(len(wanted))]
    out = np.empty((len(cells), len(wanted)), np.float32)
    for i, row in enumerate(cells):
        for j, (k, wanted_value) in enumerate(place):
            if wanted_value is not None:
                out[i, j] = row[k] == wanted_value
            elif _is_number(row[k]):
                out[i, j] = float(row[k])
            else:
                raise FileError(f"{where}, row {i + _first_row(heading)}, column '{heading[k]}': '{row[k][:40]}' is not a number.")
    return out


def _first_row(heading: list[str]) -> int:
    """Number of the first row of values in the file; columns without a heading were named by their numbers."""
    return 1 if all(name == f"column {k + 1}" for k, name in enumerate(heading)) else 2


def _numbers(path: Path, body: list[list[str]], k: int, name: str, first: int) -> np.ndarray:
    out = np.full(len(body), np.nan)
    for i, row in enumerate(body):
        cell = row[k].strip()
        if cell and cell.lower() not in ("na", "nan", "?"):
            if not _is_number(cell):
                raise FileError(
                    f"{path}, row {i + first}, column '{name}': '{cell[:40]}' is not a number; correct it, or give the column another type, such as {name}=ignore."
                )
            out[i] = float(cell)
    if np.isnan(out).all():
        raise FileError(f"{path}, column '{name}' is empty: ignore it with types '{name}=ignore'.")
    return np.where(np.isnan(out), np.nanmean(out), out)


def from_idx(path: str | Path) -> Dataset:
    """Pictures in the IDX format of MNIST, plain or gzipped, with the labels file beside them (images -> labels, idx3 -> idx1)."""
    path = Path(path)
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if beside == path or not beside.is_file():
        raise FileError(
            f"{path} wants its labels beside it in a file called {beside.name if beside != path else 'like it with labels-idx1 in its name'}."
        )
    x, t = read_idx(path, 3), read_idx(beside, 1)
    if len(x) != len(t):
        raise FileError(f"{path} holds {len(x)} pictures and {beside.name} {len(t)} labels: they do not belong together.")
    rows, columns = x.shape[1:]
    classes = tuple(str(c) for c in range(int(t.max()) + 1))
    return Dataset(
        path.stem,
        x.reshape(len(x), -1).astype(np.float32) / 255,
        t.astype(np.int64),
        "classification",
        classes,
        (),
        (rows, columns),
        about=f"{len(x)} pictures",
    )


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Unsigned bytes of an IDX file with so many dimensions; sizes are checked before anything is allocated."""
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            head = file.read(4 + 4 * dimensions)
            if len(head) < 4 + 4 * dimensions or head[:4] != bytes((0, 0, 8, dimensions)):
                raise FileError(f"{path} is not an IDX file of bytes with {dimensions} dimensions.")
            shape = struct.unpack(f">{dimensions}I", head[4:])
            total = math.prod(shape)
            if not 0 < total <= MAX_BYTES // 4:
                raise FileError(f"{path} says it holds {' x '.join(map(str, shape))} values; at most {MAX_BYTES // 4:,} can be read.")
            data = file.read(total + 1)
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        raise FileError(f"{path} cannot be read: {error}.") from None
    if len(data) != total:
        raise FileError(
            f"{path} is damaged: it should hold {total:,} values after its heading and holds {'more' if len(data) > total else f'{len(data):,}'}."
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def from_pictures(folder: str | Path, side: int = 28) -> Dataset:
    """Pictures in one folder per class, made grey and scaled to `side` x `side` pixels of 0..1."""
    from PIL import Image, UnidentifiedImageError

    folder = Path(folder)
    classes = sorted(p.name for p in folder.iterdir() if p.is_dir() and any(q.suffix.lower() in PICTURES for q in p.iterdir()))
    if not classes:
        raise FileError(f"{folder} holds no folders of pictures: make one folder per class with {', '.join(PICTURES[:3])} files inside.")
    files = [(q, k) for k, c in enumerate(classes) for q in sorted((folder / c).iterdir()) if q.suffix.lower() in PICTURES]
    if len(files) > 100_000:
        raise FileError(f"{folder} holds {len(files):,} pictures; at most 100,000 can be read.")
    x = np.empty((len(files), side * side), np.float32)
    for i, (path, _) in enumerate(files):
        try:
            with Image.open(path) as picture:
                if picture.width * picture.height > 100_000_000:
                    raise FileError(f"{path} has {picture.width} x {picture.height} pixels; at most 100 million can be read.")
                x[i] = np.asarray(picture.convert("L").resize((side, side)), np.float32).ravel() / 255
        except (OSError, UnidentifiedImageError, ValueError, SyntaxError) as error:
            raise FileError(f"{path} is not a readable picture: {error}.") from None
    return Dataset(
        folder.name,
        x,
        np.array([k for _, k in files]),
        "classification",
        tuple(classes),
        (),
        (side, side),
        about=f"{len(x)} pictures of {folder}",
    )


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
