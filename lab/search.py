"""What people look for, found by its name, by what else it is called, and by the words of its parameters and its help.

    word of the query       found in                        counts
    hodgkin                 a name                          10
    lif                     what else it is called           9.5
    block sodium            parameters and actions           4
    myelin                  words of the help                2

A word counts less where it is only the start of one, has another ending, or is one slip of the keyboard away. All words of a
query must be found, or nearly all of a long one; who is called just as the query says comes first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

NAME, ALSO, DETAILS, HELP = 10.0, 9.5, 4.0, 2.0
FILLER = frozenset(
    "a an the of in on to for and or is are as at by from be can do does how what why when which with i my me it its this that want see show".split()
)
_WORD = re.compile(r"[^\W_]+")


@lru_cache(4096)
def words(text: str) -> tuple[str, ...]:
    """The words of a text in small letters without accents; letters and digits that stand together are one."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("λ", "lambda").replace("β", "beta").replace("τ", "tau"))
    return tuple(_WORD.findall("".join(c for c in plain if not unicodedata.combining(c))))


@dataclass(frozen=True)
class Subject:
    """Something that can be found: its name, what else people call it, its parameters and actions, its help; `weight` scales all."""

    name: str
    also: tuple[str, ...] = ()
    details: str = ""
    help: str = ""
    weight: float = 1.0

    @cached_property
    def _phrases(self) -> list[tuple[float, tuple[str, ...], str]]:
        called = [(NAME, self.name), *((ALSO, other) for other in self.also)]
        return [(weight, words(text), "".join(words(text))) for weight, text in called]

    @cached_property
    def _fields(self) -> list[tuple[float, frozenset[str]]]:
        own = [(weight, frozenset(found)) for weight, found, _ in self._phrases]
        return [*own, (DETAILS, frozenset(words(self.details))), (HELP, frozenset(words(self.help)))]

    def score(self, query: tuple[str, ...]) -> float:
        """How well this is what a query of these words means; 0: not at all."""
        joined = "".join(query)
        found = [max(weight * max((alike(word, own) for own in field), default=0.0) for weight, field in self._fields) for word in query]
        matched = sum(f > 0 for f in found)
        whole = max(self._whole(query, joined, *phrase) for phrase in self._phrases)
        if len(joined) > 1 and "".join(one[0] for one in words(self.name)).startswith(joined):
            whole, found, matched = max(whole, 5.0), found if matched else [1.0] * len(query), len(query)  # its initials
        if not whole and (not matched or matched < len(query) * (1.0 if len(query) < 3 else 0.7)):
            return 0.0
        return self.weight * (sum(found) / len(query) * (matched / len(query)) ** 2 + whole)

    @staticmethod
    def _whole(query: tuple[str, ...], joined: str, weight: float, own: tuple[str, ...], squashed: str) -> float:
        """More for a phrase that the query is, begins, or is a part of: t-sne, tsne, 't sne'."""
        if joined == squashed:
            return weight + 4.0
        covered = sum(any(alike(word, one) >= 0.7 for word in query) for one in own) / len(own) if own else 0.0
        inside = all(any(alike(word, one) >= 0.7 for one in own) for word in query)
        start = 1.0 if len(joined) > 2 and squashed.startswith(joined) else 0.0
        return (weight * 0.2 * covered if inside else 0.0) + start


@lru_cache(65536)
def alike(word: str, other: str) -> float:
    """How much a word of a query is the word of a text, from 0 to 1."""
    if word == other:
        return 1.0
    if other.startswith(word):
        return 0.9 if len(word) > 2 else 0.6
    shared = next((k for k, (a, b) in enumerate(zip(word, other)) if a != b), min(len(word), len(other)))
    rest = max(len(word), len(other)) - shared
    if shared >= 4 and shared >= 0.57 * len(word) and rest <= 4:
        return 0.7  # another ending: inhibit and inhibition, spikes and spiking
    if len(word) > 3 and word in other:
        return 0.5
    return 0.5 if min(len(word), len(other)) > 4 and _one_slip(word, other) else 0.0


def _one_slip(word: str, other: str) -> bool:
    """Whether one letter is wrong, missing, too many, or two are exchanged."""
    if abs(len(word) - len(other)) > 1 or word[0] != other[0]:
        return False
    at = next((k for k, (a, b) in enumerate(zip(word, other)) if a != b), min(len(word), len(other)))
    a, b = word[at:], other[at:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def rank(query: str, subjects: Sequence[Subject], most: int = 60) -> list[int]:
    """Places of the subjects that a query means, best first, in their own order where they are equally good; all without a query."""
    asked = words(query)
    asked = tuple(w for w in asked if w not in FILLER) or asked
    if not asked:
        return list(range(min(most, len(subjects)))) if not query.strip() else []
    rated = [(-score, k) for k, subject in enumerate(subjects) if (score := subject.score(asked)) > 0]
    return [k for _, k in sorted(rated)[:most]]
