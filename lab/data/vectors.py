"""Files of vectors: words, or other names, each with a row of numbers; in every format that programs write.

    word2vec text      a line "words size", then a word and its numbers a line; fastText's .vec is the same
    word2vec binary    the same line, then word, space, float32 numbers; a newline behind each vector, or none
    GloVe              as word2vec text without the first line; words may hold spaces
    tables             a column of words and columns of numbers, by commas, tabs or semicolons, with a heading or without
    lists              a column of words and one of lists: king,"[0.1, 0.2]"
    projector          numbers by tabs, and a second file of names, which has a heading only if it has two or more columns
    npy, npz, safetensors

Text formats and word2vec binary may be packed by gzip. Sizes are checked against the length of the file before anything is
allocated. A word that cannot be decoded is kept, marked and told of. Pickled files are refused: opening one runs whatever
program its maker put inside.
"""

from __future__ import annotations

import json
import math
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from lab.data import arrays, door, foreign
from lab.data.columns import Rule, is_identifier
from lab.data.dialect import Dialect
from lab.data.encoding import decode
from lab.data.numerals import tidy
from lab.data.rows import bounded, layout, values
from lab.data.tables import AS_FOUND, Choices, dialect_of, kinds_of, rule_of
from lab.data.word_lines import LONGEST_WORD, UNKNOWN, WordLines, undecoded
from lab.data.words import count, listed
from lab.errors import FileError
from lab.units import number as printed

MOSTLY = 0.9  # share of numbers among the cells of a column that makes it one of numbers
FORMATS = ("word2vec", "word2vec-binary", "glove", "fasttext", "projector", "csv", "npy", "npz", "safetensors")
SUFFIXES = {".bin": "word2vec-binary", ".vec": "fasttext", ".tsv": "projector", ".csv": "csv", ".npy": "npy", ".npz": "npz", ".safetensors": "safetensors"}  # fmt: skip
MOST_NUMBERS = 4_000_000_000
MOST_SIZE = 100_000  # numbers in a vector
MOST_TABLE = 256 << 20  # bytes of a table that is looked at as a whole
MOST_ROWS = 2_000_000  # of such a table: each is kept with its texts
FEWEST = 5  # parts of a stack of tables that are worth a map
BLOCK = 10_000  # lines that are put together at a time
LONGEST_HEADER = 256 << 20
_PICKLED = {".pkl", ".pickle", ".model", ".kv", ".pt", ".pth", ".joblib"}
_WORD = re.compile(r"(?i)|word|words|token|name|label|text|term")  # a first column of words, some of which may be numbers
_COUNTS = ("count", "counts", "freq", "frequency", "occurrences")
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


@dataclass(frozen=True)
class Named:
    """What a file of vectors holds: (V,) names each once, (V, d) numbers, and where known counts and texts about each name.

    notes   what was passed over, marked or made unique; said  one paragraph
    """

    words: tuple[str, ...]
    matrix: np.ndarray
    counts: np.ndarray | None = None
    metadata: dict[str, tuple[str, ...]] = field(default_factory=dict)
    title: str = ""
    form: str = ""
    notes: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """One paragraph: how many vectors of how many numbers, in which format, and what was done to them."""
        about = f" Of each is known: {', '.join(self.metadata)}." if self.metadata else ""
        notes = "".join(f" {note}" for note in self.notes)
        return f"{self.title}: {count(len(self.words), 'vector')} of {count(self.matrix.shape[1], 'number')} ({self.form}).{about}{notes}"


def detect(path: str | Path) -> str:
    """The format of a file by its first bytes and its name; refuses pickles and packed folders with what to do."""
    place = door.regular(path, limit=1 << 62, what="a file of vectors")
    start, name = _start(place)
    suffix = name.suffix.lower()
    if not start:
        raise FileError(f"{place} is empty: give a file of vectors.")
    if (start[:1] == b"\x80" and start[1:2] in (b"\2", b"\3", b"\4", b"\5")) or suffix in _PICKLED:
        raise FileError(
            f"{place} is a pickle or other Python file, which could run a program when opened, and is refused: save it in the program that made it "
            "in word2vec format (save_word2vec_format), or as .npy, .npz, .safetensors or .csv."
        )
    if start.startswith(arrays.MAGIC):
        return "npy"
    if start[:4] == b"PK\3\4":
        if suffix == ".npz":
            return "npz"
        raise FileError(f"{place} is packed: unpack it first (unzip) and open what was inside.")
    if suffix in (".npz", ".safetensors", ".npy"):
        return SUFFIXES[suffix]
    first, _, rest = start.partition(b"\n")
    parts = first.split()
    if len(parts) == 2 and all(p.isdigit() for p in parts) and not any(mark in first for mark in b",;\t"):
        line = rest.partition(b"\n")[0]
        whole = len(line.split()) == int(parts[1]) + 1 and b"\0" not in line
        text = whole if suffix == ".bin" else whole or (b"\0" not in rest and _is_text(rest))
        return "word2vec" if text else "word2vec-binary"
    if suffix == ".bin":
        return "word2vec-binary"
    if b"\0" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")) and start[1:2] != b"\0" and start[:1] != b"\0":
        raise FileError(f"{place} is none of the formats {', '.join(FORMATS)}: name one if you know which it is.")
    head = start.decode("utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    if foreign.form_of(head):
        return "csv"  # ARFF and JSON, which the reader of tables takes as one
    lines = [line for line in head.split("\n")[:-1] or [head] if line.strip()]
    counts = {mark: min((line.count(mark) for line in lines[:20]), default=0) for mark in "\t,;|"}
    if all(_is_number(cell) for line in lines[:5] for cell in line.split("\t")) and (counts["\t"] or suffix == ".tsv"):
        return "projector"
    if max(counts.values()) or suffix in (".tsv", ".csv"):
        return "csv"
    return "csv" if _spaced_table(lines) else "glove"


def _spaced_table(lines: Sequence[str]) -> bool:
    """Whether lines that only spaces divide are rows of a table and no words with numbers behind them.

    Every row, but for a heading, then begins with a number, and these are no names: fractions, numbers that come again, or words behind them.
    """
    rows = [line.split() for line in lines if line.lstrip()[:1] not in ("#", "%")][:20]
    body = rows[1:] if rows and not any(map(_is_number, rows[0])) else rows
    if len(body) < 2 or len(body[0]) < 2 or len({len(row) for row in body}) > 1 or not all(_is_number(row[0]) for row in body):
        return False
    first = [row[0] for row in body]
    named = len(set(first)) == len(first) and all(word.isdigit() for word in first)
    return not named or not all(_is_number(cell) for row in body for cell in row)


def _start(place: Path) -> tuple[bytes, Path]:
    """The first bytes, unpacked where they are packed, and the name without .gz."""
    start = door.read_start(place, 1 << 16)
    if not start.startswith(door.GZIP):
        return start, place
    try:
        start = zlib.decompressobj(31).decompress(start, 1 << 16)
    except zlib.error:
        raise FileError(f"{place} is packed by gzip and damaged: fetch it again.") from None
    return start, place.with_suffix("") if place.suffix.lower() == ".gz" else place


def unpacked_start(place: Path) -> bytes:
    """The first bytes of what gzip packed."""
    return _start(place)[0]


def _is_text(data: bytes) -> bool:
    try:
        data[:-4].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(data) - 8
    return True


def load(path: str | Path, *, kind: str = "", metadata: str | Path | None = None, choices: Choices = AS_FOUND) -> Named:
    """Vectors of a file; `kind` names its format where name and content do not say it, `metadata` a projector's second file.

    choices   what a person says of a table; its target and filling count for nothing here
    """
    place = door.place_of(path, "a file of vectors")
    found = detect(place)
    kind = kind or found
    said = replace(choices, target="", fill=AS_FOUND.fill) != AS_FOUND
    if kind == "csv" or (said and kind in ("glove", "projector")):
        return _load_table(place, choices)
    loaders = {
        "word2vec": _load_headed, "fasttext": _load_headed, "word2vec-binary": _load_binary, "glove": _load_glove,
        "npy": _load_npy, "npz": _load_npz, "safetensors": _load_safetensors,
    }  # fmt: skip
    if kind == "projector":
        return _load_projector(place, metadata)
    if kind not in loaders:
        raise FileError(f"There is no format '{kind}' of vectors: there are {', '.join(FORMATS)}.")
    return loaders[kind](place)


# -- what is read line by line --


def _numbers(place: Path, number: int, parts: list[str], size: int) -> np.ndarray:
    if len(parts) != size:
        raise FileError(f"{place}, line {number}: {size} numbers are needed (got {len(parts)}): the file is damaged or of another format.")
    try:
        row = np.array(parts, dtype=np.float64)
    except ValueError:
        bad = next(p for p in parts if not _is_number(p))
        raise FileError(f"{place}, line {number}: {bad[:40]!r} is not a number: the file is damaged or of another format.") from None
    return _single(row, place, f"line {number}")


def _single(row: np.ndarray, place: Path, where: str) -> np.ndarray:
    """A row in single precision; what is no finite number there is refused."""
    with np.errstate(over="ignore", invalid="ignore"):
        single = row.astype(np.float32)
    if not np.isfinite(single).all():
        raise FileError(f"{place}, {where}: a number is infinite or not a number: mend or leave out that line.")
    return single


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _split(line: str, size: int) -> tuple[str, list[str]]:
    """(word, numbers): the last `size` things of a line are the numbers, and all before them is the word, which may hold spaces or be empty."""
    mark = "\t" if line.count("\t") >= size and line.count(" ") < size else " "
    line = line.rstrip(" \t")
    parts = line.rsplit(mark, size)
    if len(parts) == size + 1 and "" not in parts[1:]:
        return parts[0], parts[1:]
    loose = re.split(r"[ \t]+", line)  # columns that were aligned by runs of spaces
    if len(loose) >= size + 1:
        return " ".join(loose[:-size]), loose[-size:]
    return "", loose


def _load_headed(place: Path) -> Named:
    with WordLines(place) as source:
        lines = source.lines()
        said, size = header_numbers(place, next(lines, (1, ""))[1])
        # A number and the space before it take two bytes at least, a word one.
        check_size(place, said, size, least_bytes=said * 2 * size, actual=source.room())
        words: list[str] = []
        matrix = np.empty((said, size), np.float32)
        for number, line in lines:
            if len(words) == said:
                if not line.strip():
                    continue
                raise FileError(f"{place}, line {number}: its first line says {said} words, and there are more: the file is damaged.")
            word, parts = _split(line, size)
            source.hold(number, word, size)
            matrix[len(words)] = _numbers(place, number, parts, size)
            words.append(word)
        if len(words) < said:
            raise FileError(f"{place} ends after {len(words)} of {said} words: the file was cut short.")
        return _made(words, matrix, place, "word2vec text", source.notes(len(words)))


def _load_glove(place: Path) -> Named:
    with WordLines(place) as source:
        lines = source.lines()
        start = [(n, line) for n, line in islice(lines, 100) if line.strip()]
        # A word may end in numbers ("1 2"), so the fewest numbers at the end of a line are those of the vector.
        sizes = [_trailing(line) for _, line in start]
        size = min((s for s in sizes if s), default=0)
        if not size or sizes.count(size) + sum(s > size for s in sizes) < len(sizes):
            bad = next((n for (n, _), s in zip(start, sizes, strict=True) if not s), 1)
            raise FileError(f"{place}, line {bad} is not a word followed by numbers: give a file of vectors ({', '.join(FORMATS)}).")
        check_size(place, 1, size, least_bytes=0, actual=source.room())
        words: list[str] = []
        rows: list[np.ndarray] = []
        blocks: list[np.ndarray] = []  # an array for each short line would take many times its numbers
        for number, line in (*start, *lines) if len(start) < 100 else _both(start, lines):
            if not line.strip():
                continue
            word, parts = _split(line, size)
            source.hold(number, word, size)
            words.append(word)
            rows.append(_numbers(place, number, parts, size))
            if len(rows) == BLOCK:
                blocks.append(np.array(rows, np.float32))
                rows.clear()
        matrix = np.concatenate([*blocks, np.array(rows, np.float32).reshape(-1, size)])
        return _made(words, matrix, place, "a word and its numbers a line", source.notes(len(words)))


def _both(start: list, rest: Iterator) -> Iterator:
    yield from start
    yield from rest


def _trailing(line: str) -> int:
    """Numbers at the end of a line, its first thing never counted."""
    parts = re.split(r"[ \t]+", line.rstrip(" \t"))
    found = 0
    for part in reversed(parts[1:]):
        if not _is_number(part):
            break
        found += 1
    return found


# -- tables --


def _load_table(place: Path, choices: Choices) -> Named:
    """A table whose columns are read by what they hold: numbers are the vector, the first words that come once each are its name."""
    raw = door.read_bytes(place, limit=MOST_TABLE, what="a table of vectors", packed=True)
    text, notes = _table_text(raw, place, choices.encoding)
    del raw
    if foreign.form_of(text):
        text, _ = foreign.as_csv(text, place)
        dialect, found = Dialect(), layout(text, Dialect(), place, "names")
    else:
        dialect = dialect_of(text, place, choices)
        found = layout(text, dialect, place, choices.header)
    rule = rule_of(place, choices, dialect.decimal)
    said = {found.names.index(name): kind for name, kind in kinds_of(place, choices.types, found.names).items()}
    rows = bounded(values(text, dialect, found), place, MOST_ROWS)
    start = list(islice(rows, 200))
    width = found.width
    whole = [r for _, r in start if len(r) == width]
    numeric = [
        k
        for k in range(width)
        if said.get(k, "number") == "number"
        and (
            k in said
            or _mostly_numbers([r[k] for r in whole], rule, MOSTLY if k or (found.named and not _WORD.fullmatch(found.names[0])) else 1.0)
        )
    ]
    listed = next((k for k in range(width) if k not in numeric and whole and all(_is_list(r[k]) for r in whole)), None)
    texts = [k for k in range(width) if k not in numeric and k != listed and said.get(k) != "ignore"]
    counted = [k for k in numeric if found.named and found.names[k].lower() in _COUNTS]
    aside = [
        k for k in numeric if found.named and k not in counted and k not in said and is_identifier(found.names[k]) and len(numeric) > 1
    ]
    used = [k for k in numeric if k not in counted and k not in aside]
    if listed is None and not used:
        raise FileError(f"{place} holds no vectors: write a word and its numbers a line, divided by commas or tabs.")
    columns: dict[int, list[str]] = {k: [] for k in texts}
    counts: list[float] = []
    matrix: list[np.ndarray] = []
    missing: list[tuple[int, int]] = []  # (row, number) of the cells without a value
    size = 0
    for number, row in _both(start, rows):
        if len(row) != width:
            raise FileError(f"{place}, row {number}: {len(row)} values where others have {width}: mend the row.")
        if listed is not None:
            one = _list(row[listed], place, number)
        else:
            cells = [_value(row[k], rule) for k in used]
            gaps = [i for i, cell in enumerate(cells) if cell is None]
            for i in gaps:
                text = tidy(row[used[i]])
                if not rule.no_number(text) and rule.read(text)[0] not in rule.values:
                    raise FileError(
                        f"{place}, row {number}, column '{found.names[used[i]]}': {row[used[i]][:40]!r} is not a number: mend or leave out that row."
                    )
            missing += [(len(matrix), i) for i in gaps]
            one = _single(np.array([0.0 if cell is None else cell for cell in cells], np.float64), place, f"row {number}")
        size = size or len(one)
        if len(one) != size:
            raise FileError(f"{place}, row {number}: {len(one)} numbers where others have {size}: mend the row.")
        if (len(matrix) + 1) * size > MOST_NUMBERS // 16:
            raise FileError(f"{place} holds more than {printed(MOST_NUMBERS // 16)} numbers: save it as .npy or word2vec binary.")
        matrix.append(one)
        counts += [float(_value(row[k], rule) or 0.0) for k in counted[:1]]
        for k, column in columns.items():
            column.append(row[k])
    if not matrix:
        raise FileError(f"{place} holds no vectors: write a word and its numbers a line, divided by commas or tabs.")
    if missing:
        notes += (_fill(matrix, missing, [found.names[k] for k in used]),)
    if out := [found.names[k] for k in said if said[k] == "ignore"]:
        notes += (f"Left out: {', '.join(out)} (as you said).",)
    if aside:
        notes += (f"Left out: {', '.join(found.names[k] for k in aside)} (numbers of the rows).",)
    return _from_columns(place, found.names, columns, matrix, counts, notes, found.named)


def _mostly_numbers(cells: list[str], rule: Rule, share: float) -> bool:
    """Whether a column holds numbers: such a share of its cells that hold anything, and at least half of all."""
    numbers = sum(_value(cell, rule) is not None for cell in cells)
    held = numbers + sum(_value(cell, rule) is None and not rule.no_number(tidy(cell)) for cell in cells)
    return bool(cells) and 2 * numbers >= len(cells) and numbers >= share * held


def _fill(matrix: list[np.ndarray], missing: list[tuple[int, int]], names: list[str]) -> str:
    """Put the mean of its column into each cell without a value, and say where."""
    parts = []
    for k in sorted({k for _, k in missing}):
        rows = [row for row, at in missing if at == k]
        total = sum(float(one[k]) for one in matrix)  # a gap is held as 0
        for row in rows:
            matrix[row][k] = total / max(1, len(matrix) - len(rows))
        parts.append(f"{names[k]} {printed(len(rows))}")
    return f"Missing and filled by the column's mean: {listed(parts)}."


def _from_columns(
    place: Path,
    names: tuple[str, ...],
    columns: dict[int, list[str]],
    matrix: list[np.ndarray],
    counts: list[float],
    notes: tuple[str, ...],
    named: bool,
) -> Named:
    n = len(matrix)
    # A column whose words come again and again is a class, not a name.
    key = next((k for k, column in columns.items() if len(set(column)) > 0.9 * n or (k == 0 and len(set(column)) > 0.5 * n)), None)
    words = columns.pop(key) if key is not None else [str(i + 1) for i in range(n)]
    metadata = {names[k]: tuple(column) for k, column in columns.items() if any(column)}
    known = np.array(counts).astype(np.int64) if counts else None
    made = _made(words, np.array(matrix, np.float32), place, "a table" + ("" if named else " without a heading"), notes)
    return replace(made, counts=known, metadata=metadata)


def _table_text(raw: bytes, place: Path, encoding: str) -> tuple[str, tuple[str, ...]]:
    """(text, what is to be said): where more letters are UTF-8 than are not, those that are not are marked; else the encoding is an old one."""
    shown = raw.decode("utf-8", "replace")
    marks = shown.count(UNKNOWN)
    if not encoding and 0 < marks < sum(c > "\x7f" for c in shown) - marks:
        return shown.removeprefix("\ufeff"), (f"{printed(marks)} letters are no UTF-8 and are shown with the mark {UNKNOWN}.",)
    found = decode(raw, place, encoding)
    return found.text, (f"The letters were read as {found.name}.",) if found.guessed else ()


def _value(cell: str, rule: Rule) -> float | None:
    if rule.missing and tidy(cell).lower() in rule.missing:
        return None  # "-999", where a person says so
    try:
        value = float(cell) if rule.decimal == "." and "_" not in cell else None
    except ValueError:
        value = None
    if value is None:
        value = rule.read(tidy(cell))[0]
    return value if value is not None and np.isfinite(value) and value not in rule.values else None


def _is_list(cell: str) -> bool:
    cell = cell.strip()
    return cell[:1] in "[(" and cell[-1:] in "])" and len(cell) > 2


def _list(cell: str, place: Path, number: int) -> np.ndarray:
    parts = [p for p in re.split(r"[\s,;]+", cell.strip()[1:-1]) if p]
    if any(p == "..." for p in parts):
        raise FileError(
            f"{place}, row {number}: the list of numbers was cut short by the program that wrote it ('...'): save the vectors whole, as .npy."
        )
    return _numbers(place, number, parts, len(parts))


# -- the projector --


def metadata_place(place: Path) -> Path:
    """Where a projector's second file lies."""
    return place.with_name(f"{place.stem.removesuffix('_vectors')}_metadata.tsv")


def _load_projector(place: Path, metadata: str | Path | None) -> Named:
    rows, size = [], 0
    with WordLines(place) as source:
        for number, line in source.lines():
            if line.strip():
                parts = line.split("\t")
                size = size or len(parts)
                rows.append(_numbers(place, number, parts, size))
    if not rows:
        raise FileError(f"{place} holds no vectors: write the numbers of one vector a line, divided by tabs.")
    matrix = np.array(rows, np.float32)
    candidates = [Path(metadata)] if metadata else [metadata_place(place), place.with_name("metadata.tsv")]
    beside = next((c for c in candidates if c.is_file() and c != place), None)
    if metadata and beside is None:
        raise FileError(f"There is no metadata file '{metadata}': give the path of an existing one.")
    if beside is None:
        return Named(tuple(str(i) for i in range(len(rows))), matrix, None, {}, place.name, "numbers by tabs, without names")
    with WordLines(beside) as source:
        table = [line.split("\t") for _, line in source.lines()]
        notes = source.notes(len(rows))
    while table and table[-1] == [""]:
        table.pop()
    # The projector's own rule: one column has no heading, two or more have one.
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
    made = _made(list(texts[0]), matrix, place, f"numbers by tabs, names of {beside.name}", notes)
    return replace(made, metadata=dict(zip(names[1:], texts[1:], strict=True)))


# -- binary --


def _load_binary(place: Path) -> Named:
    """word2vec binary, with or without a newline behind each vector."""
    with WordLines(place) as source:
        file = source.file
        try:
            count, size = header_numbers(place, file.readline(100).decode("latin-1").strip())
            check_size(place, count, size, least_bytes=count * (4 * size + 1), actual=source.room())
            matrix, words, undecodable = np.empty((count, size), np.float32), [], 0
            width = 4 * size
            # The newline behind a vector, where there is one, is read as the start of the next word and dropped there.
            buffer, at = b"", 0
            for row in range(count):
                while (space := buffer.find(b" ", at)) < 0 or len(buffer) < space + 1 + width:
                    if space < 0 and len(buffer) - at > LONGEST_WORD:
                        raise FileError(
                            f"{place}: word {row + 1} is over {LONGEST_WORD} bytes long: the file is damaged or of another format."
                        )
                    more = file.read(max(1 << 20, width))
                    if not more:
                        raise FileError(f"{place} ends within word {row + 1} of {count}: the file was cut short.")
                    buffer, at = buffer[at:] + more, 0
                word = buffer[at:space].lstrip(b"\n")
                try:
                    words.append(word.decode("utf-8"))
                except UnicodeDecodeError:
                    undecodable += 1
                    words.append(word.decode("utf-8", "replace"))
                matrix[row] = np.frombuffer(buffer, "<f4", size, space + 1)
                at = space + 1 + width
            if (buffer[at:] + file.read(2)).strip(b"\n"):
                raise FileError(f"{place} goes on behind its last word: the file is damaged or of another format.")
        except (OSError, EOFError, zlib.error) as error:
            raise FileError(f"{place} cannot be read to its end ({error}): it was cut short or is damaged.") from None
    if undecodable > max(3, 0.3 * count):
        raise FileError(f"{place}: {undecodable} of its {count} words are no UTF-8 text: the file is damaged or of another format.")
    return finite(_made(words, matrix, place, "word2vec binary", undecoded(undecodable, count)), place)


def _load_npy(place: Path) -> Named:
    """A .npy table of numbers, or a stack of such tables; names lie beside it in a text file of as many lines, if there is one."""
    matrix, notes = arrays.read_npy(place), tuple[str, ...]()
    shape = " x ".join(map(str, matrix.shape))
    if matrix.ndim < 2:
        raise FileError(f"{place} holds {f'one row of {shape} numbers' if shape else 'one number'}; vectors need a table, one a row.")
    if matrix.ndim > 2:
        parts, size = len(matrix), math.prod(matrix.shape[1:])
        if parts < FEWEST:
            raise FileError(
                f"{place} holds an array of shape {shape}: {count(parts, 'part')} along its first axis, too few for a map. "
                "Save it so that what is to be one point is a row, or for a cell one column alone."
            )
        notes = (f"Each of the {printed(parts)} parts along the first axis of the array ({shape}) is one vector.",)
        matrix = matrix.reshape(parts, size)
    check_size(place, *matrix.shape, least_bytes=0, actual=place.stat().st_size)
    matrix = matrix if matrix.dtype in (np.float32, np.float64) else matrix.astype(np.float32)
    for beside in (
        place.with_suffix(".txt"),
        place.with_suffix(".vocab"),
        place.with_name(place.stem + "_words.txt"),
        place.with_name("words.txt"),
    ):
        if beside.is_file() and beside.stat().st_size < MOST_TABLE:
            lines = door.read_bytes(beside).decode("utf-8", "replace").split("\n")
            words = [line.rstrip("\r").split("\t")[0] for line in (lines[:-1] if not lines[-1] else lines)]
            if len(words) == len(matrix):
                return finite(_made(words, matrix, place, f"an array of NumPy, names of {beside.name}", notes), place)
    return finite(_made([str(i) for i in range(len(matrix))], matrix, place, "an array of NumPy, without names", notes), place)


def _load_npz(place: Path) -> Named:
    """NPZ with `vectors` (V, d) and, where there are names, `words` (V,) of text; further texts of V entries are metadata."""
    found = arrays.read_npz(place)
    tables = [name for name, a in found.items() if a.ndim == 2 and a.dtype.kind in "fiu"]
    name = "vectors" if "vectors" in tables else tables[0] if len(tables) == 1 else ""
    if not name:
        raise FileError(f"{place} needs one table named vectors (got {', '.join(sorted(found)[:8]) or 'nothing'}).")
    matrix = found[name] if found[name].dtype.kind == "f" else found[name].astype(np.float32)
    texts = {n: tuple(str(t) for t in a) for n, a in found.items() if a.ndim == 1 and a.dtype.kind == "U" and len(a) == len(matrix)}
    words = texts.pop("words", tuple(str(i) for i in range(len(matrix))))
    counts = found.get("counts")
    known = counts.astype(np.int64) if counts is not None and counts.shape == (len(matrix),) and counts.dtype.kind in "iu" else None
    # Whole numbers, one of each vector, are its class: `y` beside `X`.
    classes = {
        n: a for n, a in found.items() if a.shape == (len(matrix),) and a.dtype.kind in "biu" and not (n == "counts" and known is not None)
    }
    texts |= {n: tuple(str(v) for v in a.tolist()) for n, a in classes.items()}
    used = {name, "words", *texts, *(["counts"] if known is not None else [])}
    over = [n for n in found if n not in used]
    notes = (f"Arrays that were passed over: {listed(over)}.",) if over else ()
    return finite(replace(_made(list(words), matrix, place, "NPZ", notes), counts=known, metadata=texts), place)


def _load_safetensors(place: Path) -> Named:
    """safetensors: the tensor `vectors` (or the only table), its words and metadata as JSON in the header."""
    total = place.stat().st_size
    with door.open_binary(place, limit=1 << 62, what="a file of vectors") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(total - 8, LONGEST_HEADER):
            raise FileError(f"{place} is not a whole safetensors file (header of {length} bytes in a file of {total}).")
        try:
            header = json.loads(file.read(length))
            noted = header.pop("__metadata__", None) or {}
            tables = {n: t for n, t in header.items() if len(t["shape"]) == 2 and t["dtype"] in _DTYPES}
            name = "vectors" if "vectors" in tables else next(iter(tables)) if len(tables) == 1 else ""
            if not name:
                raise FileError(
                    f"{place} needs one table named vectors of F16, F32 or F64 (got {', '.join(sorted(header)[:8]) or 'nothing'})."
                )
            words_said, size = (int(s) for s in tables[name]["shape"])
            begin, end = (int(o) for o in tables[name]["data_offsets"])
            dtype = np.dtype(_DTYPES[tables[name]["dtype"]])
            noted = {key: text for key, text in noted.items() if isinstance(text, str)}
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise FileError(f"{place} has a damaged safetensors header ({type(error).__name__}).") from None
        if not 0 <= begin <= end <= total - 8 - length or end - begin != words_said * size * dtype.itemsize:
            raise FileError(f"{place}: the table {name} lies outside of the file: it was cut short or is damaged.")
        check_size(place, words_said, size, least_bytes=end - begin, actual=total)
        file.seek(8 + length + begin)
        matrix = np.frombuffer(file.read(end - begin), dtype).reshape(words_said, size)
    matrix = matrix.astype(np.float32) if dtype.itemsize == 2 else matrix.copy()
    texts: dict[str, tuple[str, ...]] = {}
    for key, text in noted.items():
        try:
            column = json.loads(text) if text.startswith("[") else None
        except (ValueError, RecursionError):
            column = None
        if isinstance(column, list) and len(column) == words_said:
            texts[key] = tuple(map(str, column))
    counts = texts.pop("counts", None)
    words = texts.pop("words", tuple(str(i) for i in range(words_said)))
    known = np.array([int(c) for c in counts]) if counts and all(c.isascii() and c.isdigit() and len(c) < 18 for c in counts) else None
    return finite(replace(_made(list(words), matrix, place, "safetensors"), counts=known, metadata=texts), place)


# -- what is checked --


def check_size(place: Path, words: int, size: int, *, least_bytes: int, actual: int | None = None) -> None:
    """Refuse a file that claims more words and numbers than it can hold, or than the lab takes."""
    actual = place.stat().st_size if actual is None else actual
    if words < 1 or size < 1:
        raise FileError(f"{place} says that it holds {words} vectors of {size} numbers: the file is damaged or of another format.")
    if size > MOST_SIZE or words * size > MOST_NUMBERS:
        raise FileError(
            f"{place} says that it holds {words} vectors of {size} numbers, above the limit of {MOST_SIZE} a vector and {printed(MOST_NUMBERS)} in all."
        )
    if least_bytes > actual:
        raise FileError(
            f"{place} says that it holds {words} vectors of {size} numbers, for which its {actual} bytes are too few: it was cut short or is damaged."
        )


def header_numbers(place: Path, line: str) -> tuple[int, int]:
    """Words and size of a first line "words size"."""
    parts = line.split()
    if len(parts) != 2 or not all(p.isascii() and p.isdigit() and len(p) < 13 for p in parts):
        raise FileError(
            f"{place} does not begin with the number of words and of numbers in a vector (got {line[:40]!r}): the file is of another format."
        )
    return int(parts[0]), int(parts[1])


def finite(found: Named, place: Path) -> Named:
    """Refuse numbers that are none."""
    bad = ~np.isfinite(found.matrix).all(axis=1)
    if bad.any():
        raise FileError(f"{place}: the vector of {found.words[int(bad.argmax())]!r} is infinite or not a number: mend or leave it out.")
    return found


def _made(words: list[str], matrix: np.ndarray, place: Path, form: str, notes: tuple[str, ...] = ()) -> Named:
    unique = unique_words(words)
    again = len(words) - len(set(words))
    if again:
        more = (
            "1 name comes again and got its number behind it"
            if again == 1
            else f"{printed(again)} names come again and got their number behind them"
        )
        notes = (*notes, f"{more}.")
    empty = sum(not word for word in words)
    if empty:
        notes = (*notes, f"{'1 name is' if empty == 1 else f'{printed(empty)} names are'} empty.")
    packed = ", packed by gzip" if place.suffix.lower() == ".gz" else ""
    return Named(unique, matrix, None, {}, place.name, form + packed, notes)


def unique_words(words: list[str]) -> tuple[str, ...]:
    """The names as a tuple; a name that comes again gets its occurrence behind it, so that every row can be asked for."""
    if len(set(words)) == len(words):
        return tuple(words)
    seen: dict[str, int] = {}
    taken = set(words)
    out = []
    for word in words:
        seen[word] = seen.get(word, 0) + 1
        name = word
        if seen[word] > 1:
            count = seen[word]
            while (name := f"{word}#{count}") in taken:
                count += 1
            taken.add(name)
        out.append(name)
    return tuple(out)
