"""Tables that are no lines of cells: ARFF of Weka, and JSON records, one after the other or in a list; as CSV for the one reader of tables.

Nothing in them is run: ARFF is read line by line, JSON by the parser of the standard library.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lab.data.columns import Kind
from lab.errors import FileError
from lab.units import number as printed

MAX_ROWS = 1_000_000
MAX_COLUMNS = 20_000
_ATTRIBUTE = re.compile(r"""@attribute\s+(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\S+))\s+(.+)$""", re.I)


def form_of(text: str) -> str:
    """`ARFF`, `JSON`, or "" for what is none of them."""
    start = text.lstrip("\ufeff \t\r\n")[:20_000]
    if re.match(r"(?i)(\s*%[^\n]*\n|\s*\n)*\s*@relation\b", start):
        return "ARFF"
    if re.match(r"\[\s*\{", start) or _by_columns(start) or (re.match(r"\{[^\n]*\}\s*(\n|$)", start) and _one_record(start)):
        return "JSON"
    return ""


def _by_columns(start: str) -> bool:
    """Whether JSON names columns, each with its values in a list or by the numbers of the rows, as `DataFrame.to_json` writes it."""
    first = re.match(r'\{\s*"((?:[^"\\]|\\.)*)"\s*:\s*(?:\[\s*(?!\s|[\[{\]])|\{\s*"0"\s*:\s*(?!\s|[\[{]))', start)
    return first is not None and not re.search(r'"(nodes|links|edges)"\s*:', start)


def _one_record(start: str) -> bool:
    """Whether the first line is a record of its own, not a document."""
    try:
        found = json.loads(start.splitlines()[0])
    except (ValueError, RecursionError):
        return False
    lines = [line for line in start.splitlines() if line.strip()]
    return (
        isinstance(found, dict)
        and len(lines) > 1
        and lines[1].lstrip().startswith("{")
        and not any(isinstance(v, (dict, list)) for v in found.values())
    )


def as_csv(text: str, place: Path) -> tuple[str, dict[str, Kind]]:
    """(the table with commas and a heading, the kind of each column that the file says one of)."""
    if form_of(text) == "ARFF":
        return _arff(text, place)
    return _json(text, place), {}


def _written(names: list[str], rows: Iterable[list[str]], place: Path) -> str:
    if len(names) > MAX_COLUMNS:
        raise FileError(f"{place} has {printed(len(names))} columns; at most {printed(MAX_COLUMNS)} can be read: cut it down first.")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for k, row in enumerate(rows):
        if k >= MAX_ROWS:
            raise FileError(f"{place} has more than {printed(MAX_ROWS)} rows: cut it down first.")
        writer.writerow(row)
    return out.getvalue()


def _arff(text: str, place: Path) -> tuple[str, dict[str, Kind]]:
    names: list[str] = []
    kinds: dict[str, Kind] = {}
    firsts: list[str] = []  # what a sparse row leaves out
    lines = iter(text.removeprefix("\ufeff").splitlines())
    for line in lines:
        line = line.strip()
        if not line or line.startswith("%") or line.lower().startswith("@relation"):
            continue
        if line.lower().startswith("@data"):
            break
        found = _ATTRIBUTE.match(line)
        if found is None:
            raise FileError(
                f"{place}: '{line[:40]}' is no line of an ARFF file: before @data there are @relation and @attribute NAME TYPE."
            )
        name = next(g for g in found.groups()[:3] if g is not None).replace("\\'", "'")
        kind = found.group(4).strip()
        names.append(name)
        nominal = kind.startswith("{")
        firsts.append(next(_cells(kind.strip("{} ")), ["0"])[0].strip() if nominal else "0")
        if nominal:
            kinds[name] = "class"
        elif kind.lower().split()[0] in ("numeric", "real", "integer"):
            kinds[name] = "number"
    if not names:
        raise FileError(f"{place} has no @attribute: an ARFF file names its columns before @data.")

    def rows() -> Iterable[list[str]]:
        for line in lines:
            line = line.strip()
            if not line or line.startswith("%"):
                continue
            if not line.startswith("{"):
                yield next(_cells(line), [])
                continue
            row = list(firsts)
            for pair in next(_cells(line.strip("{} ")), []):
                where, _, value = pair.strip().partition(" ")
                if not where:
                    continue
                if not where.isdigit() or int(where) >= len(row):
                    raise FileError(
                        f"{place}: '{pair[:30]}' names no column; a sparse row holds a number from 0 to {len(row) - 1} and a value."
                    )
                row[int(where)] = value.strip().strip("'\"")
            yield row

    return _written(names, rows(), place), kinds


def _cells(line: str) -> Any:
    quote = "'" if line.count("'") >= line.count('"') else '"'
    return csv.reader([line], quotechar=quote, skipinitialspace=True, escapechar="\\")


def _json(text: str, place: Path) -> str:
    text = text.removeprefix("\ufeff").strip()
    try:
        whole = text.startswith("[") or _by_columns(text[:20_000])
        found = json.loads(text) if whole else [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise FileError(f"{place} is no JSON that can be read ({str(error)[:80]}): give a list of records, or one record a line.") from None
    if isinstance(found, dict):
        found = _records(found, place)
    names: dict[str, None] = {}
    for record in found:
        if not isinstance(record, Mapping):
            raise FileError(
                f'{place}: a table as JSON is made of records such as {{"length": 1.5, "kind": "north"}} (got {str(record)[:30]}).'
            )
        names.update(dict.fromkeys(map(str, record)))
    return _written(list(names), ([_cell(record.get(name)) for name in names] for record in found), place)


def _records(columns: dict[str, Any], place: Path) -> list[dict[str, Any]]:
    """Rows of a table whose columns stand one after the other."""
    if set(columns) >= {"columns", "data"} and all(isinstance(columns[n], list) for n in ("columns", "data")):
        names = [str(name) for name in columns["columns"]]
        if any(not isinstance(row, list) or len(row) != len(names) for row in columns["data"]):
            raise FileError(f"{place}: each row of its 'data' must be a list of {len(names)} values, one for each of its 'columns'.")
        return [dict(zip(names, row, strict=True)) for row in columns["data"]]
    kinds = {type(values) for values in columns.values()}
    if kinds == {dict}:
        rows = list(dict.fromkeys(row for values in columns.values() for row in values))
        return [{name: values.get(row) for name, values in columns.items()} for row in rows]
    lengths = {name: len(values) for name, values in columns.items() if isinstance(values, list)}
    if kinds != {list} or len(set(lengths.values())) > 1:
        raise FileError(
            f"{place} names columns that are not lists of one length ({', '.join(f'{n}: {k}' for n, k in list(lengths.items())[:4])}): "
            "give each column as many values, or a list of records."
        )
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)
