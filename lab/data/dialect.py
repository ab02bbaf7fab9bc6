"""How a table is written: separator, quotes and decimal mark, found by trying which of them makes it a table."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, replace

from lab.data.numerals import MISSING, MISSING_NUMBER, decimal_of, is_number, tidy

SEPARATORS = (",", ";", "\t", "|", " ", ":", "~", "^")
NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " ", "colon": ":", "none": ""}
SAMPLE_ROWS = 200
SAMPLE_CHARACTERS = 1 << 18
_SAID = re.compile(r'"?sep=(.)"?\s*$', re.I)
_DATE = re.compile(
    r"\d{1,4}([-./])\d{1,2}\1\d{1,4}([ T]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp]\.?[Mm]\.?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?"
    r"|\d{1,2}[-. ]?(\d{1,2}|[A-Za-zäéû]{3,9})\.?[-, ]{1,2}\d{2,4}( \d{1,2}:\d{2}(:\d{2})?)?|[A-Za-zäéû]{3,9}\.? \d{1,2},? \d{4}"
    r"|\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?"
)


@dataclass(frozen=True)
class Dialect:
    """Separator ("" in a table of one column; " " stands for any run of spaces and tabs), quote character, decimal mark.

    said     the file says its separator in a first line sep=;
    open     a number that could be read with the other decimal mark, too ("": none); mixed: it should, and others of the file forbid it
    """

    separator: str = ","
    quote: str = '"'
    decimal: str = "."
    said: bool = False
    open: str = ""
    mixed: bool = False


def is_date(cell: str) -> bool:
    """Whether a cell is a date or a time of day as people write them."""
    return len(cell) >= 4 and cell[0].isalnum() and _DATE.fullmatch(cell) is not None


def parse(text: str, separator: str, quote: str = '"'):
    """The records of a text, one by one; quoted cells may hold separators and line ends."""
    file = io.StringIO(text, newline=None)
    if separator == " ":
        lines = (re.sub(r"[ \t]+", " ", line.strip()) for line in file)
        return csv.reader(lines, delimiter=" ", quotechar=quote, skipinitialspace=True)
    if not separator:
        return csv.reader(file, delimiter="\x1f", quotechar=quote)
    return csv.reader(file, delimiter=separator, quotechar=quote, skipinitialspace=True)


def said_separator(text: str) -> str:
    """The separator of a first line such as sep=; which spreadsheets write and read."""
    found = _SAID.match(text.partition("\n")[0].rstrip("\r"))
    return found.group(1) if found else ""


def sniff(text: str, separator: str | None = None, decimal: str = "") -> Dialect:
    """The dialect of a text (without comments and sep= line); what is given is kept and the rest found for it."""
    sample = _sample(text)
    quote = _quote(sample)
    best, most = Dialect(",", quote), -1.0
    for candidate in SEPARATORS if separator is None else (separator,):
        rows = _rows(sample, candidate, quote)
        if not rows:
            continue
        score = _score(rows, candidate) * (0.8 if candidate == " " and "\t" in sample else 1.0)
        if score > most:
            best, most = replace(best, separator=candidate), score
    if separator is None:
        alone = [[line.strip()] for line in sample.split("\n") if line.strip()]
        if most <= 0 or _score(alone, "") >= most or (best.separator == "," and _decimals(alone)):
            best = replace(best, separator="")
    cells = [cell for row in _rows(sample, best.separator, quote) for cell in row]
    mark, open_, mixed = decimal_of(cells, best.separator)
    if decimal or (not mixed and best.separator == "," and "." in open_):  # commas between columns and in numbers go ill together
        open_, mixed = "", False
    return replace(best, decimal=decimal or mark, open=open_, mixed=mixed)


def _sample(text: str) -> str:
    """Some lines from the start, as many again from the middle: titles must not outvote the table."""
    if len(text) <= SAMPLE_CHARACTERS:
        return text
    start = text[: SAMPLE_CHARACTERS // 2]
    middle = text[len(text) // 2 : len(text) // 2 + SAMPLE_CHARACTERS // 2]
    return start[: start.rfind("\n") + 1] + middle[middle.find("\n") + 1 : middle.rfind("\n") + 1] or text[:SAMPLE_CHARACTERS]


def _quote(sample: str) -> str:
    """The character that cells are quoted with: the single quote where it stands at both ends of cells and the double one does not."""
    ends = {q: len(re.findall(rf"(?:^|[,;\t|])\s*{q}[^{q}\n]*{q}\s*(?=$|[,;\t|])", sample, re.M)) for q in "\"'"}
    return "'" if ends["'"] > ends['"'] else '"'


def _rows(sample: str, separator: str, quote: str) -> list[list[str]]:
    rows = []
    try:
        for row in parse(sample, separator, quote):
            if any(cell.strip() for cell in row):
                rows.append(row)
            if len(rows) >= 4 * SAMPLE_ROWS:
                break
    except csv.Error:
        return rows[:-1]
    return rows if len(rows) <= SAMPLE_ROWS else rows[: SAMPLE_ROWS // 2] + rows[-SAMPLE_ROWS // 2 :]


def _score(rows: list[list[str]], separator: str) -> float:
    """How much a reading looks like a table: rows of one length, whose cells are numbers, dates or words without separators in them."""
    lengths = Counter(len(row) - (len(row) > 1 and not row[-1].strip()) for row in rows[len(rows) // 5 :])
    columns = max(lengths, key=lambda n: (lengths[n], n))
    even = lengths[columns] / sum(lengths.values())
    cells = [cell for row in rows[:60] + rows[-20:] if len(row) >= columns for cell in row[:columns]]
    if not cells or (separator and columns < 2):
        return 0.0
    return even**1.5 * sum(_plain(tidy(cell), separator) for cell in cells) / len(cells) * (1 - 0.45 / columns)


def _decimals(lines: list[list[str]]) -> bool:
    """Whether each line is one number with a decimal comma rather than two whole ones: as many digits behind all commas, zeros in front of some."""
    tails = [found.group(1) for (line,) in lines[1:] if (found := re.fullmatch(r"[+-]?\d+,(\d+)", line))]
    return len(tails) == len(lines) - 1 > 2 and len({len(t) for t in tails}) == 1 and len(tails[0]) > 1 and any(t[0] == "0" for t in tails)


def _plain(cell: str, separator: str) -> float:
    """How much a cell looks like one value."""
    lower = cell.lower()
    if lower in MISSING or lower in MISSING_NUMBER:
        return 0.7
    if separator == " " and cell[-1:] in (",", ";"):
        return 0.3  # a list in a cell, or a sentence
    if is_number(cell, ".") or is_number(cell, ","):
        # Without a separator a row of whole numbers divided by commas is a number of thousands, too.
        return 1.0
    if is_date(cell):
        return 1.0
    inside = sum(cell.count(c) for c in ";\t|") + cell.count(",") - cell.count(", ") + (cell.count(":") if separator == ":" else 0)
    if inside or cell[:1] in "\"'":
        return 0.1
    return 0.9 if len(cell) <= 40 and " " not in cell else 0.75 if separator != " " else 0.1
