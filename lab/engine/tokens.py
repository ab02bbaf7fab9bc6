"""The payload of a stream of tokens: one row of text, or two rows joined by links; checked once, for pictures and exports alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.errors import ModelError

SHOWN = {"\n": "⏎", "\t": "⇥", " ": "␣"}  # what a character without ink is drawn as


@dataclass(frozen=True)
class Row:
    """Words or characters, with values (n, k) where there are numbers (k may be 0), and what the row is called."""

    texts: tuple[str, ...]
    values: np.ndarray
    name: str = ""

    @property
    def letters(self) -> bool:
        """Whether all are single characters: set without gaps, as text."""
        return all(len(text) <= 1 for text in self.texts)


@dataclass(frozen=True)
class Tokens:
    """What is drawn: rows, links (m, 3) between the first two, and the places that are shown as chosen."""

    rows: tuple[Row, ...]
    links: np.ndarray
    lit: frozenset[int]

    def first(self, row: int) -> int:
        """The place at which a row begins, counted through all rows."""
        return sum(len(r.texts) for r in self.rows[:row])


def read(value: Any, stream: str, owner: str) -> Tokens:
    """The tokens of a snapshot; raises ModelError with what is wrong in it."""
    where = f"{owner}: the tokens '{stream}'"
    if not isinstance(value, Mapping) or not isinstance(value.get("rows"), Sequence) or not 1 <= len(value["rows"]) <= 2:
        raise ModelError(f"{where} must be a dict with one or two rows.")
    rows = tuple(_row(row, where) for row in value["rows"])
    links = np.asarray(value.get("links", ()), float)
    links = links.reshape(0, 3) if links.size == 0 else links
    if links.ndim != 2 or links.shape[1] != 3 or (len(links) and len(rows) < 2):
        raise ModelError(f"{where}: links must have shape (m, 3) between two rows (got {links.shape} and {len(rows)} rows).")
    if len(links):
        ends = links[:, :2]
        lengths = np.array([len(row.texts) for row in rows])
        if not np.isfinite(links).all() or (ends < 0).any() or (ends >= lengths).any():
            raise ModelError(f"{where}: a link leads to a place that no row has; places count from 0 in each row.")
    lit = frozenset(int(k) for k in value.get("lit", ()))
    return Tokens(rows, links, lit)


def _row(row: Any, where: str) -> Row:
    if not isinstance(row, Mapping) or "texts" not in row:
        raise ModelError(f"{where}: a row must be a dict with texts.")
    texts = tuple(str(text) for text in row["texts"])
    values = row.get("values")
    table = np.empty((len(texts), 0)) if values is None else np.asarray(values, float)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or len(table) != len(texts):
        raise ModelError(f"{where}: {len(texts)} texts need as many values (got shape {table.shape}).")
    return Row(texts, table, str(row.get("name", "")))


def columns(tokens: Tokens, channels: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """The tokens as columns of equal length: row, place, text and the values; a row with fewer values has none there."""
    most = max(row.values.shape[1] for row in tokens.rows)
    names = [channels[k] if k < len(channels) else "value" if most == 1 else f"value[{k}]" for k in range(most)]
    out: dict[str, list[Any]] = {"row": [], "place": [], "text": [], **{name: [] for name in names}}
    for number, row in enumerate(tokens.rows):
        for place, text in enumerate(row.texts):
            out["row"].append(row.name or number)
            out["place"].append(place)
            out["text"].append(text)
            for k, name in enumerate(names):
                out[name].append(row.values[place, k] if k < row.values.shape[1] else np.nan)
    return {name: np.array(column) for name, column in out.items()}
