"""Rules by which heads of attention look, as far as a simple one says it: which place each rule points to, and how much of a head goes there.

A rule points from a place t to one place before it, or to none. A head is named by the rule to whose places most of its attention goes,
where that is a third of it and more than twice what an even look would give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

SHARE, TIMES = 1 / 3, 2.0  # of a head's attention, and of an even look, that make a name
LEAST = 8  # places to which a rule must point before it is asked


def _itself(tokens: np.ndarray, letters: Sequence[str]) -> np.ndarray:
    return np.broadcast_to(np.arange(tokens.shape[1]), tokens.shape)


def _before(tokens: np.ndarray, letters: Sequence[str]) -> np.ndarray:
    return _itself(tokens, letters) - 1


def _first(tokens: np.ndarray, letters: Sequence[str]) -> np.ndarray:
    at = _itself(tokens, letters)
    return np.where(at > 2, 0, -1)  # before, the first place is near by anyway


def _same(tokens: np.ndarray, letters: Sequence[str]) -> np.ndarray:
    """Where the same token stood last, two places back or more."""
    T = tokens.shape[1]
    alike = (tokens[:, :, None] == tokens[:, None, :]) & (np.arange(T)[:, None] > np.arange(T)[None] + 1)
    return np.where(alike.any(-1), T - 1 - alike[..., ::-1].argmax(-1), -1)


def _followed(tokens: np.ndarray, letters: Sequence[str]) -> np.ndarray:
    """What followed the same token when it stood there last: how a text that repeats itself is continued."""
    last = _same(tokens, letters)
    return np.where((last >= 0) & (last + 2 < _itself(tokens, letters)), last + 1, -1)


def _signs(letters: Sequence[str]) -> np.ndarray:
    """(V,) whether a token holds neither letter nor figure."""
    return np.array([not any(c.isalnum() for c in letter) for letter in letters])


def _last_sign(tokens: np.ndarray, letters: Sequence[str]) -> np.ndarray:
    """The last space or sign, two places back or more."""
    at = _itself(tokens, letters)
    signs = np.maximum.accumulate(np.where(_signs(letters)[tokens], at, -1), 1)
    return np.where(signs < at - 1, signs, -1)


def _word(tokens: np.ndarray, letters: Sequence[str]) -> np.ndarray:
    """Where the word that goes on began, two places back or more: behind a space or sign, or at a token that begins with one."""
    at, sign = _itself(tokens, letters), _signs(letters)[tokens]
    opens = np.array([not letter[:1].isalnum() for letter in letters])[tokens] & ~sign
    opens[:, 1:] |= sign[:, :-1] & ~sign[:, 1:]
    begun = np.maximum.accumulate(np.where(opens | sign, at, -1), 1)
    return np.where((begun < at - 1) & ~sign, begun, -1)


RULES: dict[str, Callable[[np.ndarray, Sequence[str]], np.ndarray]] = {
    "itself": _itself,
    "the one before": _before,
    "the first place": _first,
    "the same one, last time": _same,
    "what followed the same one": _followed,
    "the last space or sign": _last_sign,
    "the start of the word": _word,
}


BRIEF = {
    "the one before": "one before", "the first place": "first place", "the same one, last time": "same one", "what followed the same one": "after the same",
    "the last space or sign": "last space", "the start of the word": "start of word",
}  # fmt: skip


def caption(head: str, rule: str) -> str:
    """A head and its rule, as briefly as it stands under a small picture."""
    return f"{head} {BRIEF.get(rule, rule)}".rstrip()


def shares(looks: np.ndarray, tokens: np.ndarray, letters: Sequence[str]) -> dict[str, tuple[np.ndarray, float]]:
    """By rule: (heads,) the mean share of attention that goes where it points, and what an even look would give; looks (w, heads, T, T)."""
    found = {}
    for name, rule in RULES.items():
        target = rule(tokens, letters)
        w, t = np.nonzero(target >= 0)
        if len(w) >= LEAST:
            found[name] = (looks[w, :, t, target[w, t]].mean(0), float((1.0 / (t + 1)).mean()))
    return found


def named(looks: np.ndarray, tokens: np.ndarray, letters: Sequence[str]) -> list[tuple[str, float, float]]:
    """For each head: the rule that says best where it looks ("" where none does), its share, and what an even look would give."""
    known = shares(looks, tokens, letters)
    out = []
    for head in range(looks.shape[1]):
        best = max(known, key=lambda name: known[name][0][head] if _says(known[name], head) else -1.0, default="")
        said = bool(best) and _says(known[best], head)
        out.append((best, float(known[best][0][head]), known[best][1]) if said else ("", 0.0, 0.0))
    return out


def _says(found: tuple[np.ndarray, float], head: int) -> bool:
    return bool(found[0][head] > max(SHARE, TIMES * found[1]))
