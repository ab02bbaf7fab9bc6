"""Files of vectors: open and save what other programs read and write.

    word2vec text      a line "words size", then a word and its numbers a line; fastText's .vec is the same
    word2vec binary    the same line, then word, space, float32 numbers; the reference program ends each with a newline, gensim does not
    GloVe              as word2vec text without the first line; words may hold spaces
    projector          numbers by tabs, and a second file of metadata, which has a header only if it has two or more columns
    csv                a header "word,0,1,..", or none
    npz, safetensors   `lab.embedding.binary_files`

Sizes are checked against the length of the file before anything is allocated. Pickled files are refused: opening one runs
whatever program its maker put inside.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from lab.embedding.binary_files import load_npz, load_safetensors, load_word2vec_binary, save_npz, save_safetensors, save_word2vec_binary
from lab.embedding.bounds import check_size, header_numbers, unique_words
from lab.embedding.vectors import Vectors
from lab.errors import FileError

DESCRIBED = {  # format -> what a person calls it, and the usual ending of its files
    "word2vec": ("word2vec text", "txt"),
    "word2vec-binary": ("word2vec binary", "bin"),
    "glove": ("GloVe", "glove.txt"),
    "fasttext": ("fastText", "vec"),
    "projector": ("Projector with metadata", "tsv"),
    "csv": ("CSV", "csv"),
    "npz": ("NumPy with metadata", "npz"),
    "safetensors": ("safetensors with metadata", "safetensors"),
}
FORMATS = tuple(DESCRIBED)
_SUFFIXES = {
    ".bin": "word2vec-binary",
    ".vec": "fasttext",
    ".tsv": "projector",
    ".csv": "csv",
    ".npz": "npz",
    ".safetensors": "safetensors",
}
_PICKLED = {".pkl", ".pickle", ".model", ".kv", ".pt", ".pth", ".joblib"}


def detect_format(path: str | Path) -> str:
    """The format of a file by its name and first bytes; refuses pickles and packed files with what to do."""
    place = Path(path)
    if not place.is_file():
        raise FileError(f"There is no file '{path}': give the path of a file of vectors.")
    with place.open("rb") as file:
        start = file.read(4096)
    if not start:
        raise FileError(f"{place} is empty: give a file of vectors.")
    if (
        (start[:1] == b"\x80" and start[1:2] in (b"\2", b"\3", b"\4", b"\5"))
        or place.suffix.lower() in _PICKLED
        or start[:6] == b"\x93NUMPY"
    ):
        raise FileError(
            f"{place} is a pickle or other Python file, which could run a program when opened, and is refused: save it in the program that made it "
            "in word2vec format (save_word2vec_format), or as .npz, .safetensors or .csv."
        )
    if start[:2] == b"\x1f\x8b" or (start[:4] == b"PK\3\4" and place.suffix.lower() != ".npz"):
        raise FileError(f"{place} is packed: unpack it first (gunzip or unzip) and open what was inside.")
    if place.suffix.lower() in _SUFFIXES:
        return _SUFFIXES[place.suffix.lower()]
    first, _, rest = start.partition(b"\n")
    parts = first.split()
    if len(parts) == 2 and all(p.isdigit() for p in parts):
        line = rest.partition(b"\n")[0]
        return "word2vec" if len(line.split()) == int(parts[1]) + 1 or (b"\0" not in rest and _is_text(rest)) else "word2vec-binary"
    if b"\0" in start:
        raise FileError(f"{place} is none of the formats {', '.join(FORMATS)}: name one if you know which it is.")
    return "projector" if b"\t" in first else "csv" if first.count(b",") > 1 and b" " not in first else "glove"


def _is_text(data: bytes) -> bool:
    try:
        data[:-4].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(data) - 8
    return True


def load_vectors(path: str | Path, *, kind: str = "", metadata: str | Path | None = None) -> Vectors:
    """Vectors of a file; `kind` names its format where name and content do not say it, `metadata` a projector's second file."""
    place = Path(path)
    found = detect_format(place)
    kind = kind or found
    loaders: dict[str, Callable[[Path], Vectors]] = {
        "word2vec": _load_headed, "fasttext": _load_headed, "word2vec-binary": load_word2vec_binary, "glove": _load_glove, "csv": _load_csv,
        "npz": load_npz, "safetensors": load_safetensors,
    }  # fmt: skip
    if kind == "projector":
        return _load_projector(place, metadata)
    if kind not in loaders:
        raise FileError(f"There is no format '{kind}' of vectors: there are {', '.join(FORMATS)}.")
    return loaders[kind](place)


def save_vectors(vectors: Vectors, path: str | Path, *, kind: str = "") -> list[Path]:
    """Write vectors; the format is `kind` or follows from the name. Returns the files written (a projector has two)."""
    place = Path(path)
    kind = kind or _SUFFIXES.get(place.suffix.lower(), "word2vec")
    savers: dict[str, Callable[[Vectors, Path], list[Path] | None]] = {
        "word2vec": _save_headed, "fasttext": _save_headed, "word2vec-binary": save_word2vec_binary, "glove": _save_glove, "csv": _save_csv,
        "npz": save_npz, "safetensors": save_safetensors, "projector": _save_projector,
    }  # fmt: skip
    if kind not in savers:
        raise FileError(f"There is no format '{kind}' of vectors: there are {', '.join(FORMATS)}.")
    try:
        return savers[kind](vectors, place) or [place]
    except OSError as error:
        raise FileError(f"{place} cannot be written: {error.strerror or error}.") from None


def _text_lines(place: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines without their ends; only a newline ends a line, because words may hold any other space."""
    with place.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if len(raw) > 1 << 24:
                raise FileError(f"{place}, line {number} is over 16 MB long: this is not a file of vectors.")
            try:
                yield number, raw.rstrip(b"\r\n").decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise FileError(
                    f"{place}, line {number} is not UTF-8 text: if the file is binary word2vec, name that format or end its name in .bin."
                ) from None


def _numbers(place: Path, number: int, parts: list[str], size: int) -> list[float]:
    if len(parts) != size:
        raise FileError(f"{place}, line {number}: {size} numbers are needed (got {len(parts)}): the file is damaged or of another format.")
    try:
        values = [float(p) for p in parts]
    except ValueError:
        bad = next(p for p in parts if not _is_number(p))
        raise FileError(f"{place}, line {number}: {bad[:40]!r} is not a number: the file is damaged or of another format.") from None
    if not all(v - v == 0 for v in values):
        raise FileError(f"{place}, line {number}: a number is infinite or not a number: mend or leave out that line.")
    return values


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _load_headed(place: Path) -> Vectors:
    lines = _text_lines(place)
    words_said, size = header_numbers(place, next(lines)[1])
    # A number and the space before it take two bytes at least, a word one.
    check_size(place, words_said, size, least_bytes=words_said * (2 * size + 1))
    words: list[str] = []
    matrix = np.empty((words_said, size), np.float32)
    matrix = np.empty((words_said, size), np.float32)
    for number, line in lines:
        if not line.strip() and len(words) == words_said:
            continue
        if len(words) == words_said:
            raise FileError(f"{place}, line {number}: its first line says {words_said} words, and there are more: the file is damaged.")
        parts = line.rstrip(" ").split(" ")
        word = " ".join(parts[:-size])
        matrix[len(words)] = _numbers(place, number, parts[-size:] if len(parts) > size else parts[1:], size)
        words.append(word)
    if len(words) < words_said:
        raise FileError(f"{place} ends after {len(words)} of {words_said} words: the file was cut short.")
    return Vectors(unique_words(words, place), matrix, title=place.name)


def _load_glove(place: Path) -> Vectors:
    words, rows, size = [], [], 0
    for number, line in _text_lines(place):
        if not line.strip():
            continue
        parts = line.rstrip(" ").split(" ")
        if not size:
            size = sum(1 for _ in _trailing_numbers(parts))
            if size == 0 or size == len(parts):
                raise FileError(f"{place}, line 1 is not a word followed by numbers: give a file of vectors ({', '.join(FORMATS)}).")
            check_size(place, 1, size, least_bytes=0)
        words.append(" ".join(parts[:-size]) or parts[0])
        rows.append(np.array(_numbers(place, number, parts[-size:] if len(parts) > size else parts[1:], size), np.float32))
    return Vectors(unique_words(words, place), np.array(rows, np.float32), title=place.name)


def _trailing_numbers(parts: list[str]) -> Iterator[str]:
    for part in reversed(parts[1:]):
        if not _is_number(part):
            return
        yield part


def _load_csv(place: Path) -> Vectors:
    words: list[str] = []
    rows: list[np.ndarray] = []
    size = 0

    def text() -> Iterator[str]:
        return (line + "\n" for _, line in _text_lines(place))

    try:
        for number, parts in enumerate(csv.reader(text()), 1):
            if not parts or (number == 1 and not all(_is_number(p) for p in parts[1:])) or (number == 1 and parts[:1] == ["word"]):
                continue
            size = size or len(parts) - 1
            if size < 1:
                raise FileError(f"{place}, line {number}: a word and at least one number are needed, divided by commas.")
            rows.append(np.array(_numbers(place, number, parts[1:], size), np.float32))
            words.append(parts[0])
    except csv.Error as error:
        raise FileError(f"{place} is not a table of commas: {error}.") from None
    if not rows:
        raise FileError(f"{place} holds no vectors: write a word and its numbers a line, divided by commas.")
    return Vectors(unique_words(words, place), np.array(rows, np.float32), title=place.name)


def _metadata_place(place: Path) -> Path:
    return place.with_name(f"{place.stem.removesuffix('_vectors')}_metadata.tsv")


def _load_projector(place: Path, metadata: str | Path | None) -> Vectors:
    rows, size = [], 0
    for number, line in _text_lines(place):
        if line.strip():
            parts = line.split("\t")
            size = size or len(parts)
            rows.append(np.array(_numbers(place, number, parts, size), np.float32))
    if not rows:
        raise FileError(f"{place} holds no vectors: write the numbers of one vector a line, divided by tabs.")
    candidates = [Path(metadata)] if metadata else [_metadata_place(place), place.with_name("metadata.tsv")]
    beside = next((c for c in candidates if c.is_file() and c != place), None)
    if metadata and beside is None:
        raise FileError(f"There is no metadata file '{metadata}': give the path of an existing one.")
    if beside is None:
        return Vectors(tuple(str(i) for i in range(len(rows))), np.array(rows), title=place.name)
    table = [line.split("\t") for _, line in _text_lines(beside)]
    while table and table[-1] == [""]:
        table.pop()
    # The projector's own rule: one column has no header, two or more have one.
    columns = len(table[0]) if table else 0
    names = table[0] if columns > 1 else ["word"]
    body = table[1:] if columns > 1 else table
    if len(body) != len(rows):
        raise FileError(
            f"{beside} describes {len(body)} points and {place.name} holds {len(rows)}: a header belongs there only with two or more columns."
        )
    if any(len(r) != columns for r in body):
        raise FileError(f"{beside} has lines of different length: each needs {columns} columns divided by tabs.")
    texts = list(zip(*body, strict=True))
    return Vectors(unique_words(list(texts[0]), place), np.array(rows), None, dict(zip(names[1:], texts[1:], strict=True)), place.name)


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
    beside = _metadata_place(place)
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        if len(texts) > 1:
            file.write("\t".join(texts) + "\n")
        file.writelines("\t".join(row) + "\n" for row in zip(*texts.values(), strict=True))
    return [place, beside]
