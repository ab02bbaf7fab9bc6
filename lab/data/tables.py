"""Tables that people bring: read in the open, every column used, filled or left out by name, and told in one paragraph.

    read(path, choices) -> Table      what stands in the file
    lab.data.learned                  what a network learns of it, and the paragraph that says so

Choices are what a person says instead of what was found; an experiment holds them, so that a run reads its file again as it did.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import door, foreign
from lab.data.columns import Column, Kind, Rule, Store
from lab.data.dialect import NAMES, Dialect, said_separator, sniff
from lab.data.encoding import Text, decode
from lab.data.numerals import MARKS, number
from lab.data.rows import Layout, layout, values, without_comments
from lab.errors import FileError, near
from lab.units import number as printed

MAX_BYTES = 256 << 20
LONGEST_LINE = 8 << 20  # bytes: each cell of a line takes many times what it is written with
MAX_ROWS = 2_000_000
MAX_CELLS = 60_000_000
CHUNK = 20_000  # rows that are read at a time, fewer of wide tables
SHOWN = 200  # rows that are kept as text, for people to look at
UNEVEN = 0.05  # share of rows with another number of values that may be left out
FILLS = ("mean", "median", "leave rows out")


@dataclass(frozen=True)
class Choices:
    """What a person says of a table; empty: as found.

    target      the column to predict
    types       "age=number, id=ignore, grade=class"
    separator   comma, semicolon, tab, bar, space, colon, none, or the character itself
    decimal     point or comma
    thousands   comma, point, space, apostrophe or none: the mark between groups of digits
    missing     further words for no value, divided by commas ("-999, n.d."); with `only` first, no others count
    header      names or values: what the first row holds
    encoding    utf-8, latin-1, ...
    fill        how numbers that are missing are filled: one of FILLS
    """

    target: str = ""
    types: str = ""
    separator: str = ""
    decimal: str = ""
    thousands: str = ""
    missing: str = ""
    header: str = ""
    encoding: str = ""
    fill: str = "mean"

    @classmethod
    def of(cls, owner: Any) -> Choices:
        """The choices that a model's parameters hold."""
        return cls(**{f.name: getattr(owner, f.name) for f in fields(cls) if hasattr(owner, f.name)})


@dataclass(frozen=True)
class Table:
    """A table as it was read.

    records   number of each row in the file, as a spreadsheet counts
    uneven    records that were left out because they have another number of values
    preview   the first rows as they stand in the file
    """

    place: Path
    choices: Choices
    text: Text
    dialect: Dialect
    layout: Layout
    columns: tuple[Column, ...]
    records: np.ndarray
    uneven: tuple[int, ...]
    preview: tuple[tuple[str, ...], ...]
    rule: Rule
    size: int
    form: str = ""  # ARFF or JSON, where it is no table of lines

    @property
    def rows(self) -> int:
        """Rows of values."""
        return len(self.records)

    def find(self, name: str) -> int:
        """The column of this name, in any case, with or without its unit."""
        wanted = name.strip()
        for plain in (str, str.lower, lambda n: n.lower().partition(" (")[0].partition(" [")[0]):
            for k, column in enumerate(self.columns):
                if plain(column.name) == plain(wanted):
                    return k
        raise FileError(f"{self.place} has no column '{name}': {near(name, [c.name for c in self.columns])}")


AS_FOUND = Choices()


def read(path: str | Path, choices: Choices = AS_FOUND, kinds: Mapping[str, Kind] | None = None) -> Table:
    """The table in a text file; a wrong one is refused with row and column. Plain or packed by gzip.

    kinds   what columns are to hold whatever is found; the key "" stands for all that are not named
    """
    place = door.regular(path, limit=MAX_BYTES, what="a table as text")
    found = place.stat()
    wanted = tuple(sorted((kinds or {}).items()))
    return _read(place.absolute(), replace(choices, target="", fill="mean"), wanted, found.st_mtime_ns, found.st_size)


@lru_cache(4)
def _read(place: Path, choices: Choices, wanted: tuple[tuple[str, Kind], ...], written: int, size: int) -> Table:
    raw = door.read_bytes(place, limit=MAX_BYTES, what="a table as text", packed=True)
    refuse_binary(raw, place)
    one = raw[:64].lstrip()[:1] in (b"[", b"{")  # JSON may stand in one line
    places = range(0, len(raw) - LONGEST_LINE + 1, LONGEST_LINE)
    if not one and any(all(raw.find(end, at, at + LONGEST_LINE) < 0 for end in (b"\n", b"\r")) for at in places):
        raise FileError(f"{place} has lines of more than {door.size_text(LONGEST_LINE)}: this is no table.")
    text = decode(raw, place, choices.encoding)
    del raw
    form = foreign.form_of(text.text)
    said: dict[str, Kind] = {}
    if form:
        inside, said = foreign.as_csv(text.text, place)
        text = replace(text, text=inside)
        dialect, found = Dialect(), layout(inside, Dialect(), place, "names")
    else:
        dialect = dialect_of(text.text, place, choices)
        found = layout(text.text, dialect, place, choices.header)
    rule = replace(rule_of(place, choices, dialect.decimal), scored="_" in text.text)
    asked = {**said, **dict(wanted), **kinds_of(place, choices.types, found.names)}
    stores = [Store(name, asked.get(name, asked.get(""))) for name in found.names]
    records, uneven, preview = _take(text.text, dialect, found, stores, rule, place)
    units = found.units
    columns = tuple(store.column(unit) for store, unit in zip(stores, units, strict=True))
    return Table(place, choices, replace(text, text=""), dialect, found, columns, records, uneven, preview, rule, size, form)


def _take(
    text: str, dialect: Dialect, found: Layout, stores: list[Store], rule: Rule, place: Path
) -> tuple[np.ndarray, tuple[int, ...], tuple[tuple[str, ...], ...]]:
    """Fill the stores with all rows, some thousands at a time: (records, uneven ones, the first rows)."""
    width, step = found.width, max(200, min(CHUNK, 4_000_000 // found.width))
    records: list[np.ndarray] = []
    numbers: list[int] = []
    rows: list[list[str]] = []
    uneven: list[tuple[int, int]] = []
    preview: tuple[tuple[str, ...], ...] = ()
    total = 0

    def store() -> None:
        nonlocal preview
        preview = preview or tuple(map(tuple, rows[:SHOWN]))
        for each, cells in zip(stores, zip(*rows, strict=True), strict=True):
            each.take(cells, rule)
        records.append(np.array(numbers, np.int64))
        numbers.clear()
        rows.clear()

    try:
        for number, row in values(text, dialect, found):
            if len(row) != width:
                uneven.append((number, len(row)))
                if len(uneven) > UNEVEN * MAX_ROWS:
                    break  # too many, however many rows are right
                continue
            rows.append(row)
            numbers.append(number)
            if len(rows) == step:
                total += step
                if total > MAX_ROWS or total * width > MAX_CELLS:
                    raise FileError(f"{place} has more than {printed(total - step)} rows of {width} values; at most {printed(MAX_ROWS)} rows and {printed(MAX_CELLS)} values can be read: cut it down first.")  # fmt: skip
                store()
    except csv.Error as error:
        raise FileError(f"{place} is not a table of values with separators: {error}.") from None
    if rows:
        total += len(rows)
        store()
    if uneven and len(uneven) > UNEVEN * min(total, MAX_ROWS):
        number, length = uneven[0]
        at_least = "at least " if len(uneven) > UNEVEN * MAX_ROWS else ""
        more = f", and {at_least}{printed(len(uneven) - 1)} more rows like it" if len(uneven) > 1 else ""
        raise FileError(
            f"{place}, row {number}: {length} value{'s' if length > 1 else ''} where {'the heading has' if found.named else 'others have'} {width}{more}: "
            "mend the row, or say another separator."
        )
    if not total:
        raise FileError(f"{place} has a heading and no rows: give at least one row of values.")
    return np.concatenate(records), tuple(number for number, _ in uneven), preview


def dialect_of(text: str, place: Path, choices: Choices) -> Dialect:
    """How a text is written, as found and as a person says."""
    said = said_separator(text)
    separator = _separator(choices.separator, place)
    marks = {"": "", "point": ".", ".": ".", "comma": ",", ",": ","}
    decimal = choices.decimal.strip().lower()
    if decimal not in marks:
        raise FileError(f"{place}: decimal must be point or comma (got '{decimal[:20]}').")
    found = sniff(without_comments(text), separator if separator is not None else said or None, marks[decimal])
    return replace(found, said=bool(said) and separator is None)


def _separator(said: str, place: Path) -> str | None:
    word = said.strip().lower()
    if word in NAMES:
        return NAMES[word]
    if said in ("\t", "\\t"):
        return "\t"
    if said == " " or (len(word) == 1 and not word.isalnum() and word not in "\"'"):
        return said if said == " " else word
    if not word:
        return None
    raise FileError(f"{place}: separator must be {', '.join(NAMES)} or one character (got '{said[:20]}').")


def rule_of(place: Path, choices: Choices, decimal: str) -> Rule:
    """How its cells are read: thousands and what stands for no value."""
    said = choices.thousands.strip().lower() or choices.thousands
    thousands = MARKS.get(said, said or None)
    if thousands not in (None, "", ",", ".", "'", " "):
        raise FileError(f"{place}: thousands must be {', '.join(MARKS)} (got '{said[:20]}').")
    if thousands == decimal:
        raise FileError(f"{place}: numbers cannot have '{decimal}' both before decimals and between thousands: say decimal, too.")
    words = [word.strip().lower() for word in choices.missing.split(",")]
    only = words[0] == "only" or words[0].startswith("only ")
    words[0] = words[0].removeprefix("only").strip() if only else words[0]
    words = [word for word in words if word and word != "empty"]
    numbers = [value for word in words if (value := number(word, decimal)) is not None]
    return Rule(decimal, thousands, frozenset(words), not only, tuple(numbers))


def kinds_of(place: Path, types: str, names: tuple[str, ...]) -> dict[str, Kind]:
    """What `types` says: "age=number, id=ignore"."""
    out: dict[str, Kind] = {}
    for part in filter(None, (p.strip() for p in next(csv.reader([types], skipinitialspace=True), []))):
        name, equals, kind = (w.strip() for w in part.rpartition("="))
        if not equals or kind not in ("number", "class", "ignore"):
            raise FileError(f"{place}, column '{name or kind}': its type must be number, class or ignore (got '{kind}').")
        if name not in names:
            raise FileError(f"{place} has no column '{name}': {near(name, names)}")
        out[name] = kind  # type: ignore[assignment]
    return out


_BINARY = (
    (b"PK\x03\x04", "a packed or spreadsheet file", "save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet file", "save the sheet as CSV"),
    (b"%PDF", "a PDF", "save the table in it as CSV"),
    (b"PAR1", "a Parquet file", "save it as CSV"),
    (b"\x89HDF", "an HDF5 file", "save the table as CSV"),
    (b"SQLite format 3\0", "a database", "save the table as CSV"),
    (b"\x93NUMPY", "an array of NumPy", "it is read as vectors or as a recording; save a table as CSV"),
    (b"\x89PNG", "a picture", "give a table as text"),
    (b"ID3", "an MP3 sound", "save it as WAV or FLAC"),
    (b"\xff\xfb", "an MP3 sound", "save it as WAV or FLAC"),
)


def refuse_binary(raw: bytes, place: Path) -> None:
    """Say what a file is that is no text."""
    for start, what, remedy in _BINARY:
        if raw.startswith(start):
            raise FileError(f"{place} is {what}, not a text file: {remedy}.")
    if not raw.strip():
        raise FileError(f"{place} is empty: give a table with a heading and rows of values.")
