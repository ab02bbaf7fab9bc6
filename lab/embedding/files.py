"""Files of vectors: open and save what other programs read and write. `lab.data.vectors` reads them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from lab.data import vectors as reading
from lab.data.tables import AS_FOUND, Choices
from lab.data.vectors import SUFFIXES, metadata_place
from lab.data.vectors import detect as detect_format
from lab.embedding.binary_files import save_npy, save_npz, save_safetensors, save_word2vec_binary
from lab.embedding.vectors import Vectors
from lab.errors import FileError

__all__ = ["DESCRIBED", "ENDINGS", "FORMATS", "detect_format", "load_vectors", "save_vectors"]

DESCRIBED = {  # format -> what a person calls it, and the usual ending of its files
    "word2vec": ("word2vec text", "txt"),
    "word2vec-binary": ("word2vec binary", "bin"),
    "glove": ("GloVe", "glove.txt"),
    "fasttext": ("fastText", "vec"),
    "projector": ("Projector with metadata", "tsv"),
    "csv": ("CSV", "csv"),
    "npy": ("NumPy with a file of names", "npy"),
    "npz": ("NumPy with metadata", "npz"),
    "safetensors": ("safetensors with metadata", "safetensors"),
}
FORMATS = tuple(DESCRIBED)
ENDINGS = {
    "word2vec": (".txt", ".vec"), "word2vec-binary": (".bin",), "glove": (".txt", ".vec"), "fasttext": (".vec", ".txt"), "projector": (".tsv",), "csv": (".csv",),
    "npy": (".npy",), "npz": (".npz",), "safetensors": (".safetensors",),
}  # fmt: skip


def load_vectors(path: str | Path, *, kind: str = "", metadata: str | Path | None = None, choices: Choices = AS_FOUND) -> Vectors:
    """Vectors of a file; `kind` names its format where name and content do not say it, `metadata` a projector's second file, `choices` says how a table is read."""
    found = reading.load(path, kind=kind, metadata=metadata, choices=choices)
    return Vectors(found.words, found.matrix, found.counts, found.metadata, found.title, found.said)


def save_vectors(vectors: Vectors, path: str | Path, *, kind: str = "") -> list[Path]:
    """Write vectors; the ending of the name decides the format, or is refused where `kind` is another. Returns the files written.

    A projector has two files; names without an ending are written as `kind`, or as word2vec text.
    """
    place = Path(path)
    kind = format_for(place, kind)
    savers: dict[str, Callable[[Vectors, Path], list[Path] | None]] = {
        "word2vec": _save_headed, "fasttext": _save_headed, "word2vec-binary": save_word2vec_binary, "glove": _save_glove, "csv": _save_csv,
        "npy": save_npy, "npz": save_npz, "safetensors": save_safetensors, "projector": _save_projector,
    }  # fmt: skip
    if kind not in savers:
        raise FileError(f"There is no format '{kind}' of vectors: there are {', '.join(FORMATS)}.")
    try:
        return savers[kind](vectors, place) or [place]
    except OSError as error:
        raise FileError(f"{place} cannot be written: {error.strerror or error}.") from None


def format_for(place: Path, kind: str = "") -> str:
    """The format in which a file of this name is written: that of its ending; what could not be read back under it is refused."""
    suffix = place.suffix.lower()
    if kind and kind not in FORMATS:
        raise FileError(f"There is no format '{kind}' of vectors: there are {', '.join(FORMATS)}.")
    fits = [name for name, endings in ENDINGS.items() if suffix in endings]
    if not suffix:
        return kind or "word2vec"
    if not fits:
        endings = sorted({ending for found in ENDINGS.values() for ending in found})
        raise FileError(f"{place.name}: vectors are written to files that end in {', '.join(endings)} (got '{suffix}').")
    usual = SUFFIXES.get(suffix, "word2vec")
    if kind and kind not in fits:
        raise FileError(
            f"{place.name}: a {kind} file ends in {ENDINGS[kind][0]}, and this ending is read as {usual}: choose another name or format."
        )
    return kind or usual


def _written(row: np.ndarray) -> Iterable[str]:
    """Shortest digits that give back the same float32."""
    return map(str, row)


def _plain(vectors: Vectors, kind: str) -> np.ndarray:
    for word in vectors.words:
        if not word or any(c.isspace() for c in word):
            raise FileError(
                f"The word {word!r} holds a space or is empty, which {kind} cannot write: save as csv, projector, npz or safetensors."
            )
    return vectors.matrix.astype(np.float32)


def _save_headed(vectors: Vectors, place: Path) -> None:
    matrix = _plain(vectors, "word2vec text")
    with place.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{len(vectors)} {vectors.size}\n")
        file.writelines(f"{word} {' '.join(_written(row))}\n" for word, row in zip(vectors.words, matrix, strict=True))


def _save_glove(vectors: Vectors, place: Path) -> None:
    matrix = _plain(vectors, "GloVe")
    with place.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{word} {' '.join(_written(row))}\n" for word, row in zip(vectors.words, matrix, strict=True))


def _save_csv(vectors: Vectors, place: Path) -> None:
    with place.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["word", *range(vectors.size)])
        for word, row in zip(vectors.words, vectors.matrix.astype(np.float32), strict=True):
            writer.writerow([word, *_written(row)])


def _save_projector(vectors: Vectors, place: Path) -> list[Path]:
    texts = {"word": vectors.words, **vectors.metadata}
    if vectors.counts is not None and "count" not in texts:
        texts["count"] = tuple(str(int(c)) for c in vectors.counts)
    for column in texts.values():
        for text in column:
            if "\t" in text or "\n" in text or "\r" in text:
                raise FileError(
                    f"The metadata {text[:40]!r} holds a tab or line end, which a projector file cannot write: save as npz or csv."
                )
    with place.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines("\t".join(_written(row)) + "\n" for row in vectors.matrix.astype(np.float32))
    beside = metadata_place(place)
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        if len(texts) > 1:
            file.write("\t".join(texts) + "\n")
        file.writelines("\t".join(row) + "\n" for row in zip(*texts.values(), strict=True))
    return [place, beside]
