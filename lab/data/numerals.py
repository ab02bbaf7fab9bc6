"""Numbers as people write them: decimal comma, thousands, percent, currency, units behind them, and what stands for no value."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

# Whatever the column holds, these cells have no value.
MISSING = frozenset(("", "na", "n/a", "#n/a", "n.a.", "#na", "nan", "-nan", "null", "(null)", "#null!", "\\n", "?", "#value!", "#div/0!", "<na>", "nat", "missing"))  # fmt: skip
# These have none among numbers; among words they may well be one (a test that is + or -).
MISSING_NUMBER = frozenset(("-", "--", "---", "–", "—", ".", "..", "none", "nil", "k.a.", "k. a.", "*", "unknown"))
MARKS = {"point": ".", "comma": ",", "space": " ", "apostrophe": "'", "none": ""}
_SPACES = str.maketrans({"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2007": " ", "\u2212": "-", "\u2019": "'"})
_CURRENCY = "€$£¥₹₽"
_MONEY = frozenset(
    (*_CURRENCY, "eur", "euro", "euros", "usd", "chf", "gbp", "sek", "nok", "dkk", "pln", "czk", "brl", "try", "fr", "kr", "zł", "kč", "tl")
)
_UNIT = re.compile(r"^(.*?[0-9.,])\s*(%|‰|°?[A-Za-zµμΩ°²³/·^0-9*]{0,11}[A-Za-zµμΩ°²³])$")
_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d{1,3}(?:'\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d{1,3}(?: \d{3})+|\d{1,3}(?:'\d{3})+|\d+)?(?:,\d*)?(?:[eE][+-]?\d+)?")
# A comma (or point) that can only divide the whole from its parts, and one that can divide thousands as well.
_SURE = {mark: re.compile(rf"[+-]?(?:\d*{m}(?:\d{{1,2}}|\d{{4,}})|0{m}\d+|{m}\d+|\d{{4,}}{m}\d+|\d+{m}\d+[eE][+-]?\d+|[\d{o}' ]+{o}\d{{3}}{m}\d+)") for mark, m, o in ((".", r"\.", ","), (",", ",", r"\."))}  # fmt: skip
_OPEN = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}{m}\d{{3}}") for mark, m in ((".", r"\."), (",", ","))}
_GROUPS = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{m}\d{{3}}){{2,}}") for mark, m in ((".", r"\."), (",", ","))}


def tidy(cell: str) -> str:
    """A cell without spaces around it, with plain spaces and minus signs."""
    return cell.translate(_SPACES).strip()


def bare(cell: str) -> tuple[str, str]:
    """(number, unit): a tidied cell without currency, percent sign or the unit behind it; ("", "") where that leaves no number."""
    text = cell
    if text[:1] == "(" and text[-1:] == ")" and text[1:2].isdigit():
        text = "-" + text[1:-1]  # as accountants write what is below zero
    unit = ""
    for sign in ("", "-", "+"):
        rest = text.removeprefix(sign)
        if rest[:1] and rest[0] in _CURRENCY:
            unit, text = rest[0], sign + rest[1:].lstrip()
            break
    if text[-1:] and text[-1] in _CURRENCY:
        unit, text = text[-1], text[:-1].rstrip()
    if text and text[-1] not in "0123456789.,":  # the ² of m² counts as a digit elsewhere
        found = _UNIT.match(text)
        if found is None:
            return "", ""
        text, unit = found.group(1).rstrip(), found.group(2)
        if unit in "eE":
            return "", ""
    return text, unit


def number(cell: str, decimal: str = ".", thousands: str | None = None) -> float | None:
    """The number that a tidied cell without unit stands for; None where it is none.

    thousands   the mark between groups: None for any that is not the decimal mark, "" for no marks at all
    """
    pattern = _POINT if decimal == "." else _COMMA
    if not cell or cell[-1] in "+-" or not pattern.fullmatch(cell) or not any(c.isdigit() for c in cell):
        return None
    other = "," if decimal == "." else "."
    groups = [mark for mark in (other, " ", "'") if mark in cell]
    if groups and thousands is not None and groups[0] != thousands:
        return None
    for mark in groups:
        cell = cell.replace(mark, "")
    try:
        value = float(cell.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether a cell is a number as it stands or with its unit taken away."""
    text = tidy(cell)
    return number(text, decimal) is not None or number(bare(text)[0], decimal) is not None


def decimal_of(cells: Iterable[str], separator: str = ",") -> tuple[str, str, bool]:
    """(decimal mark of some cells, an example that leaves it open or "", whether that contradicts others): what can only be read one way decides.

    Where all could be thousands, a file divided by semicolons is taken for one of a country that writes decimal commas. Nobody
    writes money with three decimals, but for the price of fuel: 150.000 € has thousands, 1.759 € may not.
    """
    sure, groups = {".": 0, ",": 0}, {".": 0, ",": 0}
    example, money = {".": "", ",": ""}, {".": "", ",": ""}
    for cell in cells:
        text = tidy(cell)
        if not text or not any(c.isdigit() for c in text):
            continue
        plain, unit = bare(text)
        text = plain or text
        for mark in ".,":
            if mark in text:
                if unit.lower() in _MONEY and _OPEN[mark].fullmatch(text) and (text.lstrip("+-").find(mark) > 1 or text.endswith("00")):
                    money[mark] = money[mark] or text
                sure[mark] += _SURE[mark].fullmatch(text) is not None
                groups[mark] += _GROUPS[mark].fullmatch(text) is not None
                if not example[mark] and _OPEN[mark].fullmatch(text):
                    example[mark] = text
    votes = {".": sure["."] + groups[","], ",": sure[","] + groups["."]}
    if votes["."] or votes[","]:
        mark = "," if votes[","] > votes["."] else "."
        return mark, money[mark], bool(money[mark])
    if bool(money["."]) != bool(money[","]):
        return ("," if money["."] else "."), "", False
    if example[","] and not example["."]:
        return ("," if separator != "," else "."), example[","], False
    return ".", example["."], False
