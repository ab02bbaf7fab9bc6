"""What goes in and comes out of a network of words: one-hot vectors, words near by as counted and as said, and distances.

A word goes in as a vector with one 1 among as many places as there are words; what comes out is a chance for every word to stand near
it. One-hot vectors are all at the same distance, the square root of two; embeddings are not.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

SHOWN = 12  # rows of a table


def one_hot(word: int, words: int) -> np.ndarray:
    """(words,) one 1 among zeros."""
    vector = np.zeros(words)
    vector[word] = 1.0
    return vector


def folded(vector: np.ndarray) -> np.ndarray:
    """A long vector in lines of a block about twice as wide as high, row by row; NaN where it has ended."""
    wide = max(1, math.ceil(math.sqrt(2 * len(vector))))
    high = math.ceil(len(vector) / wide)
    block = np.full(high * wide, np.nan)
    block[: len(vector)] = vector
    return block.reshape(high, wide)


def chances(vector: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """(words,) what the network says of each word to stand near one: softmax of its vector with the outer vectors."""
    logits = outer.astype(float) @ vector.astype(float)
    e = np.exp(logits - logits.max())
    return e / e.sum()


def counted(counts: np.ndarray, word: int) -> np.ndarray:
    """(words,) share of each word among those that stand near one in the text."""
    return counts[word].astype(float) / max(1.0, float(counts[word].sum(dtype=float)))


def near_rows(words: tuple[str, ...], said: np.ndarray | None, share: np.ndarray) -> list[dict[str, Any]]:
    """The likeliest words near by: as the network says, and as the text has it."""
    first = share if said is None else said
    rows = []
    for k in np.argsort(-first, kind="stable")[:SHOWN]:
        row: dict[str, Any] = {"near by": words[k], "": "█" * round(160 * float(first[k]))}
        if said is not None:
            row["network says %"] = round(100 * float(said[k]), 2)
        rows.append(row | {"in the text %": round(100 * float(share[k]), 2)})
    return rows


def together_rows(words: tuple[str, ...], counts: np.ndarray, word: int) -> list[dict[str, Any]]:
    """Words that stand with one more often than by chance, by how many times; with the counts."""
    row, all_ = counts[word].astype(float), counts.sum(0, dtype=float)
    expected = row.sum() * all_ / max(1.0, all_.sum())
    times = np.divide(row, expected, out=np.zeros_like(row), where=expected > 0)
    order = [k for k in np.argsort(-times, kind="stable") if row[k] > 0][:SHOWN]
    return [
        {"with": words[k], "counted": int(row[k]), "by chance": round(float(expected[k]), 2), "times as often": round(float(times[k]), 1)}
        for k in order
    ]


def commonest(counts: np.ndarray, most: int = 120) -> np.ndarray:
    """Logarithm of one more than the counts of the commonest words among one another."""
    return np.log10(1.0 + counts[:most, :most].astype(float))


def distance_rows(words: tuple[str, ...], unit: np.ndarray, word: int) -> list[dict[str, Any]]:
    """Distances of words from one: between one-hot vectors, and between their embeddings, both of length one."""
    to = np.sqrt(np.maximum(0.0, 2.0 - 2.0 * (unit.astype(float) @ unit[word].astype(float))))
    order = [int(k) for k in np.argsort(to, kind="stable") if k != word]
    spread = [order[round(k)] for k in np.linspace(SHOWN // 2, len(order) - 1, SHOWN // 2)] if len(order) > SHOWN else order[SHOWN // 2 :]
    chosen = list(dict.fromkeys([*order[: SHOWN // 2], *spread]))
    here = one_hot(word, len(words))
    return [
        {
            "word": words[k],
            "one-hot": round(float(np.linalg.norm(here - one_hot(k, len(words)))), 4),
            "embedding": round(float(to[k]), 4),
            "": "█" * round(16 * float(to[k])),
        }
        for k in chosen
    ]
