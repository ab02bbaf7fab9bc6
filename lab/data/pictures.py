"""Pictures that people bring: IDX files and folders of pictures, bounded before anything is allocated."""

from __future__ import annotations

import io
import math
import struct
import warnings
from pathlib import Path

import numpy as np

from lab.data import door
from lab.data.dataset import Dataset
from lab.data.words import listed
from lab.errors import FileError
from lab.units import number

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".webp")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "WEBP")  # what else a decoder knows is no picture of a data set
MAX_PICTURE = 64 << 20  # bytes of a single picture
MAX_PIXELS = 40_000_000
MAX_PICTURES = 100_000
MAX_VALUES = 200_000_000  # bytes of an IDX file


def grey(path: Path) -> np.ndarray:
    """A picture as grey values 0..1 (rows, columns)."""
    from PIL import Image

    with _opened(path) as picture:
        try:
            return np.asarray(picture.convert("L"), np.float32) / 255
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise _damaged(path, error) from None


def small(path: Path, side: int) -> np.ndarray:
    """A picture made grey and scaled to side x side values 0..1."""
    from PIL import Image

    with _opened(path) as picture:
        try:
            return np.asarray(picture.convert("L").resize((side, side)), np.float32) / 255
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise _damaged(path, error) from None


def _opened(path: Path):
    """A picture whose size was looked at, not yet decoded."""
    from PIL import Image

    raw = door.read_bytes(path, limit=MAX_PICTURE, what="a picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(raw), formats=FORMATS)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _damaged(path, error) from None
    if picture.width * picture.height > MAX_PIXELS:
        picture.close()
        raise FileError(
            f"{path} has {picture.width} x {picture.height} pixels; at most {MAX_PIXELS // 1_000_000} million can be read: make it smaller."
        )
    return picture


def _damaged(path: Path, error: Exception) -> FileError:
    return FileError(
        f"{path} is not a readable picture ({str(error)[:80] or type(error).__name__}): give {', '.join(FORMATS[:3])} or the like."
    )


def from_folder(folder: Path, side: int = 28) -> Dataset:
    """Pictures in one folder per class, made grey and scaled to `side` x `side` pixels of 0..1."""
    found: dict[str, list[Path]] = {}
    others = 0
    try:
        for inside in sorted(folder.iterdir()):
            if inside.is_dir() and not inside.name.startswith("."):
                files = sorted(inside.iterdir())
                pictures = [p for p in files if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
                others += len(files) - len(pictures)
                if pictures:
                    found[inside.name] = pictures
    except OSError as error:
        raise FileError(f"{folder} cannot be read ({error.strerror}): give a folder that you may read.") from None
    if not found:
        raise FileError(f"{folder} holds no folders of pictures: make one folder per class with {', '.join(SUFFIXES[:3])} files inside.")
    total = sum(map(len, found.values()))
    if total > MAX_PICTURES:
        raise FileError(f"{folder} holds {number(total)} pictures; at most {number(MAX_PICTURES)} can be read.")
    classes = tuple(found)
    x = np.empty((total, side * side), np.float32)
    for i, path in enumerate(path for files in found.values() for path in files):
        x[i] = small(path, side).ravel()
    t = np.repeat(np.arange(len(classes)), [len(files) for files in found.values()])
    return _pictures(
        folder.name,
        x,
        t,
        classes,
        (side, side),
        f"{number(total)} pictures of {folder.name}, made grey and scaled to {side} x {side} pixels"
        + (f" ({number(others)} other files passed over)" if others else ""),
    )


def is_idx(path: Path) -> bool:
    """Whether a file is one of the IDX format, by its name and first bytes."""
    if not path.is_file():
        return False
    start = door.read_start(path, 4)
    if start.startswith(door.GZIP):
        return "idx" in path.name.lower()
    return start[:3] == b"\0\0\x08" or ("idx" in path.name.lower() and path.suffix.lower() not in (".csv", ".tsv", ".txt"))


def from_idx(path: Path) -> Dataset:
    """Pictures in the IDX format of MNIST, plain or gzipped, with the labels file beside them (images -> labels, idx3 -> idx1)."""
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
    said = f"{number(len(x))} pictures of {rows} x {columns} pixels of {path.name}, their classes of {beside.name}"
    return _pictures(path.stem, x.reshape(len(x), -1).astype(np.float32) / 255, t.astype(np.int64), classes, (rows, columns), said)


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Unsigned bytes of an IDX file with so many dimensions; sizes are checked before anything is allocated."""
    raw = door.read_bytes(path, limit=MAX_VALUES, what="an IDX file", packed=True)
    head = 4 + 4 * dimensions
    if len(raw) < head or raw[:4] != bytes((0, 0, 8, dimensions)):
        raise FileError(f"{path} is not an IDX file of bytes with {dimensions} dimensions.")
    shape = struct.unpack(f">{dimensions}I", raw[4:head])
    total = math.prod(shape)
    if not 0 < total <= MAX_VALUES:
        raise FileError(f"{path} says it holds {' x '.join(map(str, shape))} values; at most {number(MAX_VALUES)} can be read.")
    if len(raw) - head != total:
        raise FileError(
            f"{path} is damaged: it should hold {number(total)} values after its heading and holds {'more' if len(raw) - head > total else f'{number(len(raw) - head)}'}."
        )
    return np.frombuffer(raw, np.uint8, total, head).reshape(shape)


def _pictures(name: str, x: np.ndarray, t: np.ndarray, classes: tuple[str, ...], shape: tuple[int, int], said: str) -> Dataset:
    counts = np.bincount(t, minlength=len(classes))
    shares = listed([f"{c} {number(n)} ({number(100 * n / len(t), 3)} %)" for c, n in zip(classes, counts.tolist(), strict=True)], 12)
    return Dataset(
        name, x, t.astype(np.int64), "classification", classes, (), shape, about=f"{len(x)} pictures",
        said=f"{said}. To predict: {len(classes)} classes: {shares}. Inputs: {number(shape[0] * shape[1])} pixels. Nothing is missing.",
    )  # fmt: skip
