"""What is found inside a transformer, as rows and matrices that a person reads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lab.data.byte_pairs import shown

NEXT = 12  # tokens of the bars
NEURONS = 12  # rows of the table of neurons
CONTEXT = 6  # tokens of a context that is shown
NUMBERS = 12  # of a query, a key, a value that are shown


def bar(share: float, tick: float | None = None, long: int = 24) -> str:
    """A bar of up to `long` blocks for a share, with a tick in it."""
    blocks = list("█" * round(long * share) + " " * (long - round(long * share)))
    if tick is not None:
        blocks[min(long - 1, round(long * tick))] = "│"
    return "".join(blocks)


def next_rows(
    names: Sequence[str], now: np.ndarray, clean: np.ndarray | None, counted: np.ndarray | None = None, word: str = "letter"
) -> list[dict[str, Any]]:
    """The likeliest next tokens; `counted` stands as a tick in the bar; `clean` is what they are with nothing silent, where something is.

    The longest bar, or the tick that lies farthest, fills its column: of dozens of letters the likeliest often has few per cent.
    """
    rows = []
    chosen = np.argsort(-(now if clean is None else np.maximum(now, clean)), kind="stable")[:NEXT]
    top = max(float(now[chosen].max()), 0.0 if counted is None else float(np.max(counted[chosen])), 1e-9)
    for k in chosen:
        tick = None if counted is None else float(counted[k])
        row: dict[str, Any] = {
            word: shown(names[k]),
            "": bar(float(now[k]) / top, None if tick is None else tick / top),
            "%": round(100 * float(now[k]), 1),
        }
        if tick is not None:
            row["trigram"] = round(100 * tick, 1)
        if clean is not None:
            row["nothing silent %"] = round(100 * float(clean[k]), 1)
        rows.append(row)
    return rows


def lens_rows(names: Sequence[str], said: Iterable[tuple[str, np.ndarray]]) -> list[dict[str, Any]]:
    """What a model would say if it stopped after each part, the last part first; (where, probabilities) from the first on."""
    rows = []
    for where, p in said:
        k = int(np.argmax(p))
        rows.append({"after": where, "says": shown(names[k]), "": bar(float(p[k])), "%": round(100 * float(p[k]), 1)})
    return rows[::-1]


def parts(blocks: int, word: str = "letter") -> list[str]:
    """Short names of the places of the stream: the embedding with its place, then after heads and MLP of each block, by its number."""
    return [word, *(f"{b + 1}\u00a0{half}" for b in range(blocks) for half in ("heads", "MLP"))]


def moves(names: Sequence[str], now: np.ndarray, without: np.ndarray) -> str:
    """What becomes of the likeliest next token when something is silent: both chances in percent, and the token that is likeliest then, if another is."""
    k, other = int(np.argmax(now)), int(np.argmax(without))
    text = f"{shown(names[k])} {100 * float(now[k]):.0f} → {100 * float(without[k]):.0f}"
    return text if other == k else f"{text}, {shown(names[other])}"


def neuron_row(
    names: Sequence[str], block: int, number: int, silent: bool, contexts: Sequence[str], push: np.ndarray, now: float, without: str = ""
) -> dict[str, Any]:
    """One neuron as key and value; the last token of a context, at which it answers, stands in « »; `without` says what silence does."""
    up, down = np.argsort(-push)[:4], np.argsort(push)[:3]
    return {
        "neuron": f"b{block + 1}·n{number}{' (silent)' if silent else ''}", "contexts that excite it": "   ".join(contexts),
        "pushes up": " ".join(shown(names[k]) for k in up), "down": " ".join(shown(names[k]) for k in down), "now": round(now, 2),
    } | ({"without it %": without} if without else {})  # fmt: skip


def neuron_of(row: dict[str, Any]) -> tuple[int, int]:
    """Block and number of the neuron of a row."""
    block, number = row["neuron"].removesuffix(" (silent)").split("·n")
    return int(block[1:]) - 1, int(number)


def contexts_of(names: Sequence[str], windows: np.ndarray, answers: np.ndarray) -> list[str]:
    """The three contexts in which a neuron answers most; windows and answers (w, t)."""
    found: list[str] = []
    for place in np.argsort(-answers, axis=None)[:60]:
        w, t = divmod(int(place), windows.shape[1])
        *before, last = (shown(names[k]) for k in windows[w, max(0, t - CONTEXT + 1) : t + 1])
        text = f"{''.join(before)}«{last}»"
        if text not in found:
            found.append(text)
        if len(found) == 3:
            break
    return found


def looked_at(texts: Sequence[str], look: np.ndarray) -> str:
    """Where a head looks most, in words: look (n,) its shares of the places so far, the last of which asks."""
    at, back = int(np.argmax(look)), len(look) - 1 - int(np.argmax(look))
    where = "itself" if back == 0 else f"'{shown(texts[at])}', {back} back"
    return f"most at {where} ({100 * float(look[at]):.0f} %)"


def head_matrices(
    texts: Sequence[str],
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    look: np.ndarray,
    word: str = "letter",
    asks: str = "",
    most: int = NUMBERS,
) -> list[dict[str, Any]]:
    """One head that looks at these places: q (size,), k and v (n, size), look (n,) its shares; the last `most` places are shown.

    `asks` says who looks, where nothing is masked; without it, it is the last of the places.
    """
    n = len(texts)
    first = max(0, n - most)
    scores = (k[first:] @ q / math.sqrt(len(q)))[None]
    names = "".join(map(shown, texts[first:]))
    some = f"the first {NUMBERS} numbers"
    quoted = f"'{shown(texts[-1])}'"
    over = f"over all {word}s so far; the last {most} are shown" if not asks else f"over all {word}s: none is masked"
    return [
        {"name": f"q of {asks or quoted}", "values": q[None, :NUMBERS], "at": (0, 0), "note": some},
        {"name": f"k of {names}", "values": k[first:, :NUMBERS], "at": (1, 0), "note": f"one row for each {word}; {some}"},
        {"name": "q.k / root of d", "values": scores, "at": (0, 1), "lit": True},
        {"name": "softmax" if asks else f"softmax, later {word}s masked", "values": look[first:][None], "at": (1, 1), "lit": True, "note": over},
        {"name": "v", "values": v[first:, :NUMBERS], "at": (0, 2), "note": f"one row for each {word}"},
        {"name": "sum of v, weighted", "values": (look @ v)[None, :NUMBERS], "at": (1, 2), "lit": True},
    ]  # fmt: skip
