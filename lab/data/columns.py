"""What each column of a table holds: numbers, classes, dates, identifiers, nothing; decided from all of its cells.

Cells come in chunks of rows and are kept as numbers (in the smallest type that holds them) or as numbers of words, so that a
table takes a fraction of what its text does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from lab.data.dialect import is_date
from lab.data.numerals import MISSING, MISSING_NUMBER, bare, number, tidy
from lab.units import number as printed

Kind = Literal["number", "class", "ignore"]
FEW = 20  # different values that a column of classes may always have
MANY = 200  # and that it never has more than
MOSTLY = 0.8  # a column with so many numbers is one of numbers, and what is none is a slip
WORDS = 100_000  # different words that are kept of a column
SLIPS = 100
_ID = re.compile(r"(?:^|[\s_.\-])(?:id|ids|nr|no|num|idx|index|key|uuid|guid|row|rownames|row names|unnamed: ?0|#)\.?$", re.I)
_ID_INSIDE = re.compile(r"[a-z](?:Id|ID|Nr|No)$")


@dataclass(frozen=True)
class Rule:
    """How cells are read: the decimal mark, the mark of thousands (None: any other), and what stands for no value.

    usual   the usual markers count, too; values  numbers among the markers, however they are written
    """

    decimal: str = "."
    thousands: str | None = None
    missing: frozenset[str] = frozenset()
    usual: bool = True
    values: tuple[float, ...] = ()
    scored: bool = True  # whether a cell may hold an underscore, which Python reads as nothing between digits

    def no_value(self, cell: str) -> bool:
        """Whether a tidied cell stands for no value, whatever its column holds."""
        lower = cell.lower()
        return not cell or lower in self.missing or (self.usual and lower in MISSING and cell != "nA")

    def no_number(self, cell: str) -> bool:
        """Whether a tidied cell of a column of numbers stands for none."""
        return self.no_value(cell) or (self.usual and cell.lower() in MISSING_NUMBER)

    def read(self, cell: str) -> tuple[float | None, str]:
        """(number, unit) of a tidied cell; (None, "") where it is none."""
        value = number(cell, self.decimal, self.thousands)
        if value is not None:
            return value, ""
        text, unit = bare(cell)
        if not text or text == cell:
            return None, ""
        value = number(text, self.decimal, self.thousands)
        return value, unit if value is not None else ""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    kind      number, class (words with few values) or ignore, and then `why`
    missing   (rows,) bool: the cells that hold no value
    numbers   (rows,) of a column of numbers, NaN where there is none; else None
    codes     (rows,) numbers of `words`, -1 where there is none; else None
    values    different values
    slips     (row, text) of the first cells of a column of numbers that are none; `slipped` counts them all
    """

    name: str
    kind: Kind
    missing: np.ndarray
    values: int
    why: str = ""
    unit: str = ""
    numbers: np.ndarray | None = None
    codes: np.ndarray | None = None
    words: tuple[str, ...] = ()
    slips: tuple[tuple[int, str], ...] = ()
    slipped: int = 0

    @property
    def label(self) -> str:
        """What it holds, in a word or two, for people."""
        if self.kind == "ignore":
            return "left out"
        if self.kind == "number":
            return "number"
        return "yes or no" if self.values == 2 and {w.lower() for w in self.words} <= YES_NO else "category"

    def texts(self) -> list[str]:
        """The cells as texts, "" where there is no value."""
        if self.numbers is not None:
            return ["" if m else f"{v:.12g}" for v, m in zip(self.numbers.tolist(), self.missing.tolist(), strict=True)]
        assert self.codes is not None
        return ["" if c < 0 else self.words[c] if c < len(self.words) else "…" for c in self.codes.tolist()]

    def whole(self) -> bool:
        """Whether all its numbers are whole."""
        if self.numbers is None:
            return False
        present = self.numbers[~self.missing]
        return bool(len(present)) and bool((present == np.floor(present)).all())


YES_NO = frozenset("yes no y n true false ja nein oui non si sí t f j wahr falsch on off".split())


@dataclass
class Store:
    """The cells of one column while the table is read."""

    name: str
    wanted: Kind | None = None
    as_words: bool = False
    parts: list[np.ndarray] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    units: set[str] = field(default_factory=set)
    slips: list[tuple[int, str]] = field(default_factory=list)
    slipped: int = 0

    def take(self, cells: Sequence[str], rule: Rule) -> None:
        """The next rows."""
        if not self.rows and not self.as_words:
            self.as_words = self.wanted == "class" or not _numeric(cells, rule, self.wanted == "number")
        if self.as_words:
            self._take_words(cells, rule)
        else:
            self._take_numbers(cells, rule)
        self.rows += len(cells)

    def _take_words(self, cells: Sequence[str], rule: Rule) -> None:
        index = self.index
        codes = np.empty(len(cells), np.int32)
        for i, raw in enumerate(cells):
            cell = raw.strip()  # words keep their own letters
            if rule.no_value(tidy(raw)):
                codes[i] = -1
            elif cell in index:
                codes[i] = index[cell]
            elif len(index) < WORDS:
                codes[i] = index[cell] = len(index)
            else:
                codes[i] = WORDS
        self.parts.append(codes)

    def _take_numbers(self, cells: Sequence[str], rule: Rule) -> None:
        values = _quick(cells, rule)
        if values is None:
            values = np.full(len(cells), np.nan)
            for i, raw in enumerate(cells):
                cell = tidy(raw)
                if rule.no_number(cell):
                    continue
                value, unit = rule.read(cell)
                if value is None:
                    self.slipped += 1
                    if len(self.slips) < SLIPS:
                        self.slips.append((self.rows + i, cell))
                else:
                    values[i] = value
                    self.units.add(unit)
        if rule.values:
            values[np.isin(values, rule.values)] = np.nan
        self.parts.append(_small(values))

    def column(self, heading_unit: str = "") -> Column:
        """What the column holds, from all of its cells."""
        if self.as_words:
            return self._words_column()
        values = np.concatenate([p.astype(np.float64) for p in self.parts]) if self.parts else np.empty(0)
        self.parts = []
        missing = np.isnan(values)
        present = values[~missing]
        distinct = len(np.unique(present))
        units = self.units - {""}
        unit = heading_unit or (units.pop() if len(units) == 1 else "")
        known = dict(
            name=self.name, missing=missing, values=distinct, unit=unit, numbers=values, slips=tuple(self.slips), slipped=self.slipped
        )
        kind, why = _judge(self.name, values, present, distinct, self.slipped)
        if self.wanted:
            kind, why = self.wanted, "as said" if self.wanted == "ignore" else ""
        return Column(kind=kind, why=why, **known)  # type: ignore[arg-type]

    def _words_column(self) -> Column:
        codes = np.concatenate(self.parts) if self.parts else np.empty(0, np.int32)
        self.parts = []
        missing = codes < 0
        present, distinct = int((~missing).sum()), len(self.index)
        kind: Kind = "class"
        why = ""
        if not distinct:
            kind, why = "ignore", "empty"
        elif distinct >= WORDS:
            kind, why = "ignore", f"more than {printed(WORDS)} different texts"
        elif sum(map(is_date, self.index)) > 0.9 * distinct:
            kind, why = "ignore", "dates"
        elif distinct == 1 and present == len(codes):  # with gaps it is a box that is ticked or not
            kind, why = "ignore", f"constant, always {_short(next(iter(self.index)))}"
        elif distinct == present and present >= 5:
            kind, why = "ignore", "another text in every row"
        elif distinct > min(MANY, max(FEW, present // 20)):
            kind, why = "ignore", f"{printed(distinct)} different texts"
        if self.wanted:
            kind, why = self.wanted, "as said" if self.wanted == "ignore" else ""
        if kind == "class" and distinct >= WORDS:
            kind, why = "ignore", f"more than {printed(WORDS)} different texts"
        return Column(self.name, kind, missing, distinct, why, codes=codes, words=tuple(self.index))


def _short(text: str) -> str:
    return text if len(text) <= 20 else text[:19] + "…"


def _judge(name: str, values: np.ndarray, present: np.ndarray, distinct: int, slipped: int) -> tuple[Kind, str]:
    """Whether a column of numbers says anything."""
    if not distinct and not slipped:
        return "ignore", "empty"
    if distinct == 1 and not slipped:
        return "ignore", f"constant, always {printed(present[0], 6)}"
    if distinct == len(values) and len(values) >= 3 and (present == np.floor(present)).all() and is_identifier(name):
        return "ignore", "an identifier"
    return "number", ""


def is_identifier(name: str) -> bool:
    """Whether a heading says that its column numbers or names the rows."""
    return bool(_ID.search(name.strip()) or _ID_INSIDE.search(name.strip()))


def _quick(cells: Sequence[str], rule: Rule) -> np.ndarray | None:
    """The numbers of cells that Python reads as they stand; None where one needs looking at."""
    if rule.scored and any("_" in c for c in cells):
        return None
    try:
        if rule.decimal == ",":
            if any("." in c for c in cells):
                return None
            values = np.fromiter((float(c.replace(",", ".")) for c in cells), float, len(cells))
        else:
            values = np.fromiter(map(float, cells), float, len(cells))
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _small(values: np.ndarray) -> np.ndarray:
    """The same numbers in a smaller type, where they all fit."""
    with np.errstate(invalid="ignore", over="ignore"):
        for kind in (np.int16, np.float32):
            small = values.astype(kind)
            if np.array_equal(small.astype(np.float64), values, equal_nan=kind is np.float32):
                return small
    return values


def _padded(cells: Sequence[str]) -> bool:
    """Whether digits are a code and no number: as many in each cell, with zeros in front of some (01067, 007)."""
    present = [cell for raw in cells if (cell := raw.strip())]
    return (
        bool(present)
        and len({len(cell) for cell in present}) == 1
        and all(cell.isdigit() for cell in present)
        and any(cell[0] == "0" for cell in present)
        and len(present[0]) > 1
    )


def _numeric(cells: Sequence[str], rule: Rule, wanted: bool) -> bool:
    """Whether the first rows of a column are numbers; some may be slips of the pen, if there are enough others."""
    if wanted:
        return True
    if _padded(cells):
        return False
    if _quick(cells, rule) is not None:
        return True
    found: set[float] = set()
    units: set[str] = set()
    present = numbers = 0
    for raw in cells:
        cell = tidy(raw)
        if rule.no_number(cell):
            continue
        present += 1
        value, unit = rule.read(cell)
        if value is not None:
            numbers += 1
            found.add(value)
            units.add(unit)
    if len(units - {""}) > 1 or not numbers:
        return not present  # an empty column is one of no numbers
    return numbers == present or (numbers >= MOSTLY * present and (len(found) > 10 or 2 * len(found) > present))
