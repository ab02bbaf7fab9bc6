"""Binary files of vectors: word2vec binary, NPY, NPZ, safetensors; written here, read by `lab.data.vectors`."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from lab.embedding.vectors import Vectors
from lab.errors import FileError

_DTYPES = {"F64": "<f8", "F32": "<f4"}


def save_word2vec_binary(vectors: Vectors, place: Path, *, newline: bool = True) -> None:
    """word2vec binary; `newline` ends each vector as the reference program does, without it as gensim does."""
    for word in vectors.words:
        if not word or any(c.isspace() for c in word):
            raise FileError(
                f"The word {word!r} holds a space or is empty, which word2vec binary cannot write: save as csv, projector, npz or safetensors."
            )
    end = b"\n" if newline else b""
    with place.open("wb") as file:
        file.write(f"{len(vectors)} {vectors.size}\n".encode())
        for word, row in zip(vectors.words, vectors.matrix.astype("<f4"), strict=True):
            file.write(word.encode() + b" " + row.tobytes() + end)


def save_npy(vectors: Vectors, place: Path) -> list[Path]:
    """The numbers as .npy, and the names a line each in a text file beside it."""
    with place.open("wb") as file:
        np.save(file, vectors.matrix, allow_pickle=False)
    beside = place.with_name(f"{place.stem}_words.txt")
    with beside.open("w", encoding="utf-8", newline="\n") as text:
        text.writelines(word.replace("\n", " ") + "\n" for word in vectors.words)
    return [place, beside]


def save_npz(vectors: Vectors, place: Path) -> None:
    """NPZ of `vectors`, `words`, `counts` where known, and the metadata by name."""
    taken = {"vectors", "words", "counts"}
    arrays: dict[str, np.ndarray] = {"vectors": vectors.matrix, "words": np.array(vectors.words)}
    if vectors.counts is not None:
        arrays["counts"] = np.asarray(vectors.counts, np.int64)
    for name, column in vectors.metadata.items():
        arrays[name if name not in taken else f"{name}_text"] = np.array(column)
    with place.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def save_safetensors(vectors: Vectors, place: Path) -> None:
    """safetensors with one tensor `vectors` (F32 or F64); words, counts and metadata are JSON texts in the header."""
    matrix = vectors.matrix if vectors.matrix.dtype in (np.float32, np.float64) else vectors.matrix.astype(np.float32)
    noted = {"words": json.dumps(vectors.words, ensure_ascii=False)}
    if vectors.counts is not None:
        noted["counts"] = json.dumps([str(int(c)) for c in vectors.counts])
    noted |= {n: json.dumps(c, ensure_ascii=False) for n, c in vectors.metadata.items() if n not in noted}
    kind = "F64" if matrix.dtype == np.float64 else "F32"
    header = {"__metadata__": noted, "vectors": {"dtype": kind, "shape": list(matrix.shape), "data_offsets": [0, matrix.nbytes]}}
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with place.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.write(matrix.astype(_DTYPES[kind]).tobytes())
