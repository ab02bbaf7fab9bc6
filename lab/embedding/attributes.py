"""What is known of the points of a map, as columns; and the line that says which of them are meant.

class = 3                       a column, a comparison (= != < <= > >=), a value
frequency > 100 and word ~ ing  ~: contains; joined by `and`, `or`, begun with `not`; and before or
king                            a text that stands somewhere in the words of a row; in quotes if it looks like something else
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lab.errors import LabError
from lab.units import number

ALIASES = {"frequency": "count", "count": "frequency", "word": "name", "name": "word", "label": "name"}
_COMPARED = re.compile(r'^\s*("?)(.+?)\1\s*(<=|>=|!=|==|≤|≥|≠|=|<|>|~)\s*(.*)$')
_SIGNS = {"≤": "<=", "≥": ">=", "≠": "!=", "==": "="}
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True)
class Attributes:
    """Columns of points by name: numbers (n,) with NaN where there is none, or texts."""

    columns: dict[str, np.ndarray | tuple[str, ...]]
    _small: dict[str, list[str]] = field(default_factory=dict, compare=False, repr=False)  # texts in small letters, made when asked for

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.columns)

    def joined(self, more: dict[str, np.ndarray | tuple[str, ...]]) -> Attributes:
        """With further columns."""
        return Attributes({**self.columns, **more}, self._small)

    def numbers(self, name: str) -> np.ndarray | None:
        """A column of numbers, None for one of texts."""
        found = self.columns[name]
        return found if isinstance(found, np.ndarray) else None

    def text(self, name: str, row: int) -> str:
        """A cell as a person reads it."""
        value = self.columns[name][row]
        return value if isinstance(value, str) else number(float(value), 6) if np.isfinite(value) else ""

    def order(self, name: str, falling: bool = False) -> np.ndarray:
        """Rows by a column, those without a value last; equal ones stay in their order."""
        numbers = self.numbers(name)
        if numbers is None:
            small = self.small(name)
            found = sorted((k for k in range(len(small)) if small[k]), key=small.__getitem__, reverse=falling)
            return np.array([*found, *(k for k in range(len(small)) if not small[k])], np.int64)
        return np.argsort(-numbers if falling else numbers, kind="stable")

    def small(self, name: str) -> list[str]:
        """The texts of a column in small letters."""
        if name not in self._small:
            self._small[name] = [str(t).lower() for t in self.columns[name]]
        return self._small[name]

    def column(self, name: str) -> str:
        """The column that is meant by a name. Raises LabError with the columns that there are."""
        low = name.strip().lower()
        for wanted in (low, ALIASES.get(low, low)):
            for known in self.columns:
                if known.lower() == wanted:
                    return known
        raise LabError(f"There is no column '{name.strip()}': there are {', '.join(self.columns)}.")

    def meant(self, line: str) -> np.ndarray:
        """Which rows (n,) bool a line means; all for an empty one. Raises LabError with a sentence where it is not understood."""
        kept: list[str] = []

        def hide(found: re.Match[str]) -> str:
            kept.append(found.group(0))
            return f'"{len(kept) - 1}"'

        hidden = _QUOTED.sub(hide, line)
        if not hidden.strip():
            return np.ones(len(self), bool)
        some = np.zeros(len(self), bool)
        for either in _parts(r"\bor\b|\|", hidden):
            every = np.ones(len(self), bool)
            for term in _parts(r"\band\b|&", either):
                every &= self._term(_QUOTED.sub(lambda found: kept[int(found.group(0)[1:-1])], term))
            some |= every
        return some

    def _term(self, term: str) -> np.ndarray:
        turned = re.match(r"(?i)^not\b\s*(.*)$", term)
        if turned:
            return ~self._term(turned.group(1))
        compared = None if _QUOTED.fullmatch(term) else _COMPARED.match(term)
        if compared is None:
            return self._holding(term.strip('"').lower())
        name, sign = self.column(compared.group(2)), _SIGNS.get(compared.group(3), compared.group(3))
        value = compared.group(4).strip().strip('"')
        if not value and sign not in ("=", "!="):
            raise LabError(f"'{term}' is not finished: a value is missing after {compared.group(3)}.")
        numbers = self.numbers(name)
        if numbers is None:
            return self._texts(name, sign, value.lower())
        if not value:
            return np.isnan(numbers) == (sign == "=")
        if sign == "~":
            return np.array([value in self.text(name, k) for k in range(len(self))], bool)
        try:
            other = float(value.replace("−", "-"))
        except ValueError:
            raise LabError(f"'{name}' holds numbers, and '{value}' is none: write something like {name} {sign} 3.") from None
        if sign == "!=":
            return numbers != other
        return {"=": np.equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[sign](numbers, other)

    def _texts(self, name: str, sign: str, value: str) -> np.ndarray:
        small = self.small(name)
        if sign == "~":
            return np.array([value in t for t in small], bool)
        if sign not in ("=", "!="):
            raise LabError(f"'{name}' holds words: ask for them with =, != or ~ (contains).")
        return np.array([(t == value) == (sign == "=") for t in small], bool)

    def _holding(self, text: str) -> np.ndarray:
        found = np.zeros(len(self), bool)
        for name in self.columns:
            if self.numbers(name) is None:
                found |= np.array([text in t for t in self.small(name)], bool)
        return found


def _parts(between: str, line: str) -> list[str]:
    parts = [p.strip() for p in re.split(f"(?i){between}", line)]
    if not all(parts):
        raise LabError(f"'{line.strip()}' is not finished: something is missing beside 'and' or 'or'.")
    return parts


def column_of(texts: Sequence[str]) -> np.ndarray | tuple[str, ...]:
    """A column of numbers where all of its texts are some, or nothing; else as it is."""
    known = [t for t in texts if t]
    try:
        numbers = np.array([float(t) if t else np.nan for t in texts])
    except ValueError:
        return tuple(texts)
    return numbers if known else tuple(texts)
