"""Binary files of vectors: word2vec binary, NPZ, safetensors."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import numpy as np

from lab.embedding.bounds import check_size, header_numbers, unique_words
from lab.embedding.vectors import Vectors
from lab.errors import FileError

LONGEST_WORD = 2000  # bytes
LONGEST_HEADER = 256 << 20
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


def load_word2vec_binary(place: Path) -> Vectors:
    """word2vec binary, with or without a newline behind each vector."""
    with place.open("rb") as file:
        count, size = header_numbers(place, file.readline(100).decode("latin-1").strip())
        check_size(place, count, size, least_bytes=count * (4 * size + 2))
        matrix, words = np.empty((count, size), np.float32), []
        width = 4 * size
        # The newline behind a vector, where there is one, is read as the start of the next word and dropped there.
        buffer, at = b"", 0
        for row in range(count):
            while (space := buffer.find(b" ", at)) < 0 or len(buffer) < space + 1 + width:
                if space < 0 and len(buffer) - at > LONGEST_WORD:
                    raise FileError(f"{place}: word {row + 1} is over {LONGEST_WORD} bytes long: the file is damaged or of another format.")
                more = file.read(max(1 << 20, width))
                if not more:
                    raise FileError(f"{place} ends within word {row + 1} of {count}: the file was cut short.")
                buffer, at = buffer[at:] + more, 0
            try:
                words.append(buffer[at:space].lstrip(b"\n").decode("utf-8"))
            except UnicodeDecodeError:
                raise FileError(f"{place}: word {row + 1} is not UTF-8 text: the file is damaged or of another format.") from None
            matrix[row] = np.frombuffer(buffer, "<f4", size, space + 1)
            at = space + 1 + width
        if (buffer[at:] + file.read(2)).strip(b"\n"):
            raise FileError(f"{place} goes on behind its last word: the file is damaged or of another format.")
    return _finite(Vectors(unique_words(words, place), matrix, title=place.name), place)


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


def _finite(vectors: Vectors, place: Path) -> Vectors:
    bad = ~np.isfinite(vectors.matrix).all(axis=1)
    if bad.any():
        raise FileError(f"{place}: the vector of {vectors.words[int(bad.argmax())]!r} is infinite or not a number: mend or leave it out.")
    return vectors


def load_npz(place: Path) -> Vectors:
    """NPZ with `vectors` (V, d) and, where there are names, `words` (V,) of text; further texts of V entries are metadata."""
    total = place.stat().st_size
    try:
        with zipfile.ZipFile(place) as archive:
            claimed = sum(info.file_size for info in archive.infolist())
            # Vectors hardly compress; a file that claims to unpack to a thousand times its size is a trap.
            if claimed > max(1000 * total, 1 << 20) or claimed > 1 << 35:
                raise FileError(f"{place} claims to unpack to {claimed / 1e9:.1f} GB: it is damaged or a trap.")
        with np.load(place, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, KeyError, MemoryError) as error:
        if "pickle" in str(error).lower() or "object array" in str(error).lower():
            raise FileError(
                f"{place} holds pickled Python objects, which are refused: save numbers and texts only (dtype float32 and str)."
            ) from None
        raise FileError(f"{place} is not a whole NPZ file: {str(error)[:100]}.") from None
    tables = [name for name, a in arrays.items() if a.ndim == 2 and a.dtype.kind in "fiu"]
    name = "vectors" if "vectors" in tables else tables[0] if len(tables) == 1 else ""
    if not name:
        raise FileError(f"{place} needs one table named vectors (got {', '.join(sorted(arrays)[:8]) or 'nothing'}).")
    matrix = arrays[name] if arrays[name].dtype.kind == "f" else arrays[name].astype(np.float32)
    texts = {n: tuple(str(t) for t in a) for n, a in arrays.items() if a.ndim == 1 and a.dtype.kind == "U" and len(a) == len(matrix)}
    words = texts.pop("words", tuple(str(i) for i in range(len(matrix))))
    counts = arrays.get("counts")
    known = counts.astype(np.int64) if counts is not None and counts.shape == (len(matrix),) and counts.dtype.kind in "iu" else None
    return _finite(Vectors(unique_words(list(words), place), matrix, known, texts, place.name), place)


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


def load_safetensors(place: Path) -> Vectors:
    """safetensors: the tensor `vectors` (or the only table), its words and metadata as JSON in the header."""
    total = place.stat().st_size
    with place.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(total - 8, LONGEST_HEADER):
            raise FileError(f"{place} is not a whole safetensors file (header of {length} bytes in a file of {total}).")
        try:
            header = json.loads(file.read(length))
            noted = header.pop("__metadata__", {})
            tables = {n: t for n, t in header.items() if len(t["shape"]) == 2 and t["dtype"] in _DTYPES}
            name = "vectors" if "vectors" in tables else next(iter(tables)) if len(tables) == 1 else ""
            if not name:
                raise FileError(
                    f"{place} needs one table named vectors of F16, F32 or F64 (got {', '.join(sorted(header)[:8]) or 'nothing'})."
                )
            words_said, size = (int(s) for s in tables[name]["shape"])
            begin, end = (int(o) for o in tables[name]["data_offsets"])
            dtype = np.dtype(_DTYPES[tables[name]["dtype"]])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise FileError(f"{place} has a damaged safetensors header ({type(error).__name__}).") from None
        if not 0 <= begin <= end <= total - 8 - length or end - begin != words_said * size * dtype.itemsize:
            raise FileError(f"{place}: the table {name} lies outside of the file: it was cut short or is damaged.")
        check_size(place, words_said, size, least_bytes=end - begin)
        file.seek(8 + length + begin)
        matrix = np.frombuffer(file.read(end - begin), dtype).reshape(words_said, size)
    matrix = matrix.astype(np.float32) if dtype.itemsize == 2 else matrix.copy()
    try:
        texts = {key: tuple(map(str, json.loads(text))) for key, text in noted.items() if isinstance(text, str) and text.startswith("[")}
    except (ValueError, RecursionError):
        texts = {}
    texts = {key: column for key, column in texts.items() if len(column) == words_said}
    counts = texts.pop("counts", None)
    words = texts.pop("words", tuple(str(i) for i in range(words_said)))
    known = np.array([int(c) for c in counts]) if counts and all(c.isdigit() for c in counts) else None
    return _finite(Vectors(unique_words(list(words), place), matrix, known, texts, place.name), place)


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
