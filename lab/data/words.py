"""Words that all paragraphs about files share: counts, lists, and how a file is written."""

from __future__ import annotations

from lab.data.tables import Table
from lab.units import number

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces", ":": "colons", "": "one column"}


def brief(text: str, most: int = 40) -> str:
    """A text of a file in one short line."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def count(n: int, one: str, many: str = "") -> str:
    """3 rows, 1 row, 12 000 rows."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def listed(names: list[str], most: int = 8) -> str:
    """Names with commas and "and"; of many the first, and how many more."""
    if len(names) > most:
        return ", ".join(names[: most - 2]) + f" and {number(len(names) - most + 2)} more"
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + (names[-1] if names else "")


def found_as(table: Table) -> str:
    """How the file is written, in words."""
    if table.form:
        return f"{table.form}, {table.text.name}"
    kind = SEPARATORS.get(table.dialect.separator, f"'{table.dialect.separator}'")
    parts = [
        kind if table.dialect.separator == "" else f"separated by {kind}",
        f"decimal {'comma' if table.dialect.decimal == ',' else 'point'}",
        table.text.name,
    ]
    if table.layout.titles:
        parts.append(f"{count(table.layout.titles, 'title row')} passed over")
    if table.layout.comments:
        parts.append(f"{count(table.layout.comments, 'comment')} passed over")
    if not table.layout.named:
        parts.append("no heading")
    if table.layout.below:
        parts.append("a row of units below the heading")
    return ", ".join(parts)
