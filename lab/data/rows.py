"""Where the rows of a table lie in its text: comments, titles, the heading, units below it, and then the values.

Records are numbered as a spreadsheet numbers them: every line counts, those inside of quotes do not. One reader serves tables,
recordings, vectors and edge lists.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lab.data.dialect import Dialect, is_date, parse, said_separator
from lab.data.numerals import MISSING, is_number, tidy
from lab.errors import FileError
from lab.units import number as printed

MAX_COLUMNS = 20_000
LOOKED_AT = 2000  # records from which the layout is found
TITLES = 40  # rows that are looked at for a heading below titles as wide as the table
CELLS = 60_000  # that are looked at to tell a heading from values
_COMMENT = ("#", "%", "//")
_UNIT = re.compile(r"^(.*\S)\s*[(\[]\s*([^()\[\]]{1,16})\s*[)\]]$")
_SCORED = re.compile(r"^(?:t|time|zeit|v|i|u|current|voltage|strom|spannung)_(s|sec|ms|us|min|[numkp]?[AV])$", re.I)  # time_s, I_nA

Row = tuple[int, list[str]]  # number of the record, its cells


@dataclass(frozen=True)
class Layout:
    """How the rows lie.

    width   cells of a row of values; first  record of the first one
    names   of the columns, each once; units  of the columns, "" where none is said
    named   whether the file names them
    titles, comments, below   records above the table, comments, rows of units below the heading
    """

    width: int
    first: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    named: bool
    titles: int = 0
    comments: int = 0
    below: int = 0


def without_comments(text: str) -> str:
    """The text that a dialect is found from: no sep= line, no lines of comment, unless there is nothing else."""
    if said_separator(text):
        text = text.partition("\n")[2]
    start, rest = text[: 1 << 20], text[1 << 20 :]
    if not any(mark in start for mark in _COMMENT):
        return text
    lines = "\n".join(line for line in start.split("\n") if not line.lstrip().startswith(_COMMENT))
    return lines + rest if lines.strip() else text


def layout(text: str, dialect: Dialect, place: Path, header: str = "") -> Layout:
    """Find heading and values; `header` says names or values where the person knows what the first row holds."""
    if header.strip().lower() not in ("", "names", "values"):
        raise FileError(f"{place}: header must be names or values (got '{header[:20]}').")
    try:
        rows = list(islice(_records(text, dialect), LOOKED_AT))
    except csv.Error as error:
        raise FileError(f"{place} is not a table of values with separators: {error}.") from None
    rows = [(n, row) for n, row in rows if any(cell.strip() for cell in row)]
    spaced = dialect.separator == " "
    width = _width(rows, spaced)
    if width > MAX_COLUMNS:
        raise FileError(f"{place} has {printed(width)} columns; at most {printed(MAX_COLUMNS)} can be read: cut it down first.")
    comments = titles = 0
    comment: list[str] = []
    above: list[str] = []
    at = 0  # of the first row that is neither
    for _, row in rows:
        if _is_comment(row, width, spaced):
            comment, comments = row, comments + 1
        elif (len(row) == width and not _is_title(row, dialect.decimal)) or (len(row) == width + 1 and not row[-1].strip()):
            break
        else:
            above, titles = row, titles + 1
        at += 1
    table = [(n, _cut(row, width)) for n, row in rows[at:] if not _is_comment(row, width, spaced)]
    table = [(n, row) for n, row in table if len(row) == width]
    if not table:
        raise FileError(f"{place} has no rows of values: give a table with a heading and at least one row of values.")
    if not header.strip() and (wide := _wide_titles([row for _, row in table[: TITLES + max(30, CELLS // width)]], dialect.decimal)):
        table, titles, above = table[wide:], titles + wide, []
    return _named(table, width, dialect.decimal, header.strip().lower(), comment, above, titles, comments)


def values(text: str, dialect: Dialect, found: Layout) -> Iterator[Row]:
    """The rows of values; those of another length come as they are."""
    for number, row in _records(text, dialect):
        if number < found.first or not row or not any(row):
            continue
        if len(row) != found.width:
            if not any(cell.strip() for cell in row) or _is_comment(row, found.width, dialect.separator == " "):
                continue
            row = _cut(row, found.width)
        yield number, row


def bounded(rows: Iterator[Row], place: Path, most: int) -> Iterator[Row]:
    """Rows, refused as soon as there are more than can be held: some kilobytes of gzip unpack to millions of short lines."""
    for count, row in enumerate(rows):
        if count == most:
            raise FileError(f"{place} has more than {printed(most)} rows, the most that can be read: cut it down first.")
        yield row


def _records(text: str, dialect: Dialect) -> Iterator[Row]:
    said = bool(said_separator(text))
    for number, row in enumerate(parse(text, dialect.separator, dialect.quote), 1):
        if not (said and number == 1):
            yield number, row


def _width(rows: list[Row], spaced: bool) -> int:
    """Cells of most rows, the first ones, which may be titles, left aside."""
    later = rows[min(len(rows) // 3, 20) :] or rows
    counts = Counter(len(row) for _, row in later if not _is_comment(row, 0, spaced))
    if not counts:
        return 1
    width = max(counts, key=lambda n: (counts[n], n))
    # Values that end in a separator behind a heading that does not.
    return width


def _is_title(row: list[str], decimal: str) -> bool:
    """Whether a row holds a single text and is filled up with separators."""
    return len(row) > 2 and sum(bool(cell.strip()) for cell in row) == 1 and not is_number(row[0], decimal)


def _wide_titles(rows: list[list[str]], decimal: str) -> int:
    """How many rows above the heading are titles as wide as the table: "Account;1234;Owner;A. Person", "ATF 1.0", "Signals= ...".

    They are if the first row is no heading (it has a number, a gap or a word twice), a later one is, and below that numbers and
    dates begin.
    """
    heads = [at for at, row in enumerate(rows[: TITLES + 1]) if _could_head(row, decimal)]
    if len(rows) < 6 or not heads or heads[0] == 0 or heads[0] > len(rows) - 5:
        return 0
    at = heads[0]
    below = [[tidy(cell) for cell in row] for row in rows[max(at + 1, len(rows) // 3) :]]
    numeric = [k for k in range(len(rows[0])) if sum(_is_value(row[k], decimal) for row in below) > 0.9 * len(below)]
    after = [[tidy(cell) for cell in row] for row in rows[at + 1 : at + 12]]
    right = sum(all(_is_value(row[k], decimal) or row[k].lower() in MISSING for k in numeric) for row in after)
    return at if numeric and right >= len(after) - 1 else 0


def _is_value(cell: str, decimal: str) -> bool:
    return is_number(cell, decimal) or is_date(cell)


def _could_head(row: list[str], decimal: str) -> bool:
    """Whether a row could name columns: a word in each, none twice; the first, of row names, may be without."""
    cells = [tidy(cell).lower() for cell in row]
    words = cells[1:] if not cells[0] else cells
    return bool(words) and not any(c in MISSING or c[-1] in "=:" or _is_value(c, decimal) for c in words) and len(set(words)) == len(words)


def _cut(row: list[str], width: int) -> list[str]:
    """A row without the empty cells that stand behind its last one."""
    while len(row) > width and not row[-1].strip():
        row = row[:-1]
    return row


def _is_comment(row: list[str], width: int, spaced: bool) -> bool:
    """Whether a row is a comment; between separators that can be seen a first column may be called "#"."""
    return row[0].lstrip().startswith(_COMMENT) and not (len(row) == width > 1 and row[0].strip() == "#" and not spaced)


def _named(
    table: list[Row], width: int, decimal: str, header: str, comment: list[str], above: list[str], titles: int, comments: int
) -> Layout:
    """Names and units of the columns, from the first row, from a comment or a shorter line right above it."""
    first, below, units = 0, 0, [""] * width
    body = [row for _, row in table[: max(30, CELLS // width)]]  # of wide tables fewer rows say the same
    names: list[str] = []
    if header == "names" or (not header and is_heading(body[0], body[1:], decimal)):
        names, first = body[0], 1
    elif not header:
        names = _from_comment(comment, width)
        if not names and len(above) >= 2 and not any(is_number(cell, decimal) for cell in above):
            if len(above) == width - 1:  # row names have no heading, or values end in a separator
                ends = all(not row[-1].strip() for row in body)
                names = [*above, ""] if ends else ["", *above]
            elif width / 2 < len(above) < width:
                names = [*above, *[""] * (width - len(above))]
            titles -= bool(names)
    if first and len(body) > 2 and not header and _are_units(body[1], body[2:], decimal):
        units, below, first = [tidy(cell) for cell in body[1]], 1, 2
    if first >= len(table):
        number = table[-1][0] + 1  # a heading and nothing below
    else:
        number = table[first][0]
    named = bool(names)
    for k, name in enumerate(names):
        inside, scored = _UNIT.match(tidy(name)), _SCORED.match(tidy(name))
        units[k] = (units[k].strip("()[] ") or (inside.group(2) if inside else scored.group(1) if scored else ""))[:16]
    return Layout(width, number, _unique(names or [""] * width, named), tuple(units), named, titles, comments, below)


def _unique(names: list[str], named: bool) -> tuple[str, ...]:
    out: dict[str, None] = {}
    counts: dict[str, int] = {}  # the next number for a name that is taken: trying all of them again takes minutes for 20,000 alike
    for k, raw in enumerate(names):
        name = " ".join(tidy(raw).split()) or ("row names" if named and k == 0 and len(names) > 1 else f"column {k + 1}")
        taken = name
        while name in out:
            counts[taken] = counts.get(taken, 1) + 1
            name = f"{taken} ({counts[taken]})"
        out[name] = None
    return tuple(out)


def _from_comment(comment: list[str], width: int) -> list[str]:
    """Names in a comment such as "# time current", if there are as many as columns."""
    if not comment:
        return []
    text = re.sub(r"^\s*(#+|%+|//+)\s*", "", "\x1f".join(comment)).strip("\x1f \t")
    for mark in ("\x1f", ";", ",", "\t", "|", None):
        parts = [part.strip() for part in text.split(mark)]
        if len(parts) == width > 1 and all(parts) and not any(is_number(p) or len(p) > 60 for p in parts):
            return parts
    return []


def is_heading(row: list[str], body: list[list[str]], decimal: str) -> bool:
    """Whether the first row names the columns: words stand above numbers or dates, or names that recur nowhere below."""
    cells = [tidy(cell) for cell in row]
    words = [k for k, cell in enumerate(cells) if cell and cell.lower() not in MISSING and not is_number(cell, decimal)]
    if not body:
        counted = [cell for cell in cells if is_number(cell, decimal)]
        return bool(words) and (not counted or counted == [str(k) for k in range(len(counted))])
    columns = [[cell for r in body if (cell := tidy(r[k])) and cell.lower() not in MISSING] for k in range(len(cells))]
    for k in words:
        present = columns[k]
        if sum(is_number(cell, decimal) for cell in present) > 0.7 * len(present) > 0:
            return True
        if sum(map(is_date, present)) > 0.7 * len(present) > 0 and not is_date(cells[k]):
            return True
    numbers = [cell for cell in cells if is_number(cell, decimal)]
    if numbers:
        # Names that count, as programs give them that know no others: ",0,1,2", or "0,1,2" above numbers with decimals.
        if len(numbers) < max(2, len(cells) - 1) or numbers != [str(int(numbers[0] == "1") + k) for k in range(len(numbers))]:
            return False
        return len(numbers) < len(cells) or (numbers[0] == "0" and len(numbers) > 2 and any(decimal in cell for cell in body[0]))
    named = [cells[k] for k in words]
    return len(set(named)) == len(named) >= len(cells) - 1 > 0 and not any(cells[k] in columns[k] for k in words)


def _are_units(row: list[str], body: list[list[str]], decimal: str) -> bool:
    """Whether a row below the heading holds units: short words, or nothing, above every column of numbers."""
    cells = [tidy(cell) for cell in row]
    numeric = [k for k in range(len(cells)) if sum(is_number(tidy(r[k]), decimal) for r in body) > 0.7 * len(body)]
    if not numeric or any(len(cell) > 16 or is_number(cell, decimal) for cell in cells):
        return False
    # "nA" is a unit, and not what is said where nothing is known.
    units = [k for k in numeric if cells[k] and (cells[k] == "nA" or cells[k].lower() not in MISSING)]
    return bool(units) and all(k in units or not cells[k] for k in numeric)
