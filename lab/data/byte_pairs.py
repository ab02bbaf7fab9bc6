"""Byte-pair tokens: text as numbers of pieces that occur often, as GPT-2 cuts it (Sennrich et al. 2016; Radford et al. 2019).

A text is cut into words (a word takes the space before it), each word is its UTF-8 bytes, and neighbouring pieces are joined in the order in which
the pairs were learnt, until none is left that was. Every byte is a piece, so every text can be written and read back exactly.

    vocab.json    piece -> number        merges.txt    a line "left right" for each join, first learnt first

In both files a byte is written as a visible character: those that are visible stand for themselves, the others are counted from U+0100 on.
"""

from __future__ import annotations

import heapq
import itertools
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

from lab.data import door
from lab.errors import FileError, ModelError

LIMIT = 256 << 20  # bytes of a vocabulary or a list of merges
MOST_TOKENS = 2_000_000
KEPT_WORDS = 20_000  # whose pieces are remembered
_VISIBLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
_HIDDEN = [b for b in range(256) if b not in set(_VISIBLE)]
BYTE_LETTERS = {b: chr(b) for b in _VISIBLE} | {b: chr(256 + k) for k, b in enumerate(_HIDDEN)}
_BYTES = {letter: b for b, letter in BYTE_LETTERS.items()}

# Words, over a text in which every letter became L, every digit 0, every other space a newline, and every other character a dot; the apostrophe and
# the letters of English endings stay themselves.
_WORD = re.compile(r"'(?:[stmd]|re|ve|ll)| ?[La-z]+| ?0+| ?[.']+|[ \n]+(?![^ \n])|[ \n]+")
_KEPT = frozenset("'stmdrevl ")
# White space as Unicode has it (Python counts four separators of old files in, U+001C to U+001F).
_SPACES = frozenset(map(chr, [*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]))


@lru_cache(8192)
def _sort(letter: str) -> str:
    if letter in _KEPT:
        return letter
    if letter in _SPACES:
        return "\n"
    return {"L": "L", "N": "0"}.get(unicodedata.category(letter)[0], ".")


def words(text: str) -> list[str]:
    """A text cut into words, numbers, signs and spaces; joined they are the text."""
    sorts = "".join(map(_sort, text))
    return [text[found.start() : found.end()] for found in _WORD.finditer(sorts)]


class BytePairs:
    """A vocabulary of pieces of bytes and the order in which pairs are joined.

    pieces   (V,) bytes of each token, by its number
    joins    ((left, right, joined), ...) numbers of tokens, first learnt first
    """

    def __init__(self, pieces: Sequence[bytes], joins: Iterable[tuple[int, int, int]]):
        self.pieces = tuple(pieces)
        self.joins = tuple(joins)
        self._ranks = {(a, b): (rank, c) for rank, (a, b, c) in reversed(list(enumerate(self.joins)))}
        single = {piece: k for k, piece in enumerate(self.pieces) if len(piece) == 1}
        lacking = [b for b in range(256) if bytes([b]) not in single]
        if lacking:
            raise FileError(f"The vocabulary has no token for the byte {lacking[0]} ('{BYTE_LETTERS[lacking[0]]}'): one for each of the 256 bytes is needed.")  # fmt: skip
        self._single = [single[bytes([b])] for b in range(256)]
        self._known: dict[str, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self.pieces)

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """Each token as a person reads it: spaces and line ends as signs, bytes that are no text by number."""
        return tuple(map(shown, self.pieces))

    @property
    def end(self) -> int | None:
        """The token that stands between texts, if there is one."""
        return next((k for k in range(len(self.pieces) - 1, -1, -1) if self.pieces[k] == b"<|endoftext|>"), None)

    def encode(self, text: str) -> list[int]:
        """Numbers of the tokens of a text; what looks like a special token in it is text like any other."""
        found: list[int] = []
        for word in words(text):
            pieces = self._known.get(word)
            if pieces is None:
                pieces = tuple(self._joined([self._single[b] for b in word.encode("utf-8", "replace")]))
                if len(word) < 40 and len(self._known) < KEPT_WORDS:
                    self._known[word] = pieces
            found.extend(pieces)
        return found

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens; bytes that are no whole character become the replacement character."""
        return b"".join(self.pieces[k] for k in tokens).decode("utf-8", "replace")

    def _joined(self, parts: list[int]) -> list[int]:
        """Join pairs, the first learnt first and from the left; a heap, so that a word of a million letters takes no longer than its length."""
        n = len(parts)
        after = [*range(1, n), -1]
        before = list(range(-1, n - 1))
        ranks = self._ranks
        heap = [
            (rank, k, joined, *pair) for k, pair in enumerate(itertools.pairwise(parts)) if pair in ranks for rank, joined in [ranks[pair]]
        ]
        heapq.heapify(heap)
        while heap:
            _, k, joined, left, right = heapq.heappop(heap)
            other = after[k]
            if other < 0 or parts[k] != left or parts[other] != right:
                continue  # one of the two has been joined to something else meanwhile
            parts[k], parts[other] = joined, -1
            after[k] = after[other]
            if after[k] >= 0:
                before[after[k]] = k
            for at in (before[k], k):
                if at >= 0 and after[at] >= 0 and (pair := (parts[at], parts[after[at]])) in ranks:
                    rank, new = ranks[pair]
                    heapq.heappush(heap, (rank, at, new, *pair))
        return [part for part in parts if part >= 0]

    def write(self, folder: str | Path) -> None:
        """Write vocab.json and merges.txt into a folder."""
        letters = ["".join(BYTE_LETTERS[b] for b in piece) for piece in self.pieces]
        lines = ["#version: 0.2", *(f"{letters[a]} {letters[b]}" for a, b, _ in self.joins)]
        Path(folder, "vocab.json").write_text(json.dumps({name: k for k, name in enumerate(letters)}, ensure_ascii=False), "utf-8")
        Path(folder, "merges.txt").write_text("\n".join(lines) + "\n", "utf-8")


def shown(piece: bytes | str) -> str:
    """A token as it is written in tables."""
    text = piece if isinstance(piece, str) else piece.decode("utf-8", "backslashreplace")
    for letter, sign in ((" ", "␣"), ("\n", "⏎"), ("\t", "⇥"), ("\r", "␍")):
        text = text.replace(letter, sign)
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def learn(text: str, size: int) -> BytePairs:
    """The vocabulary of `size` tokens of a text: all bytes, then the pair that occurs most often joined, again and again.

    Of pairs that are as frequent the one of smaller numbers is joined. Ends early where no pair occurs twice.
    """
    if size < 256:
        raise ModelError(f"A vocabulary of byte pairs has at least 256 tokens, the bytes (got {size}).")
    pieces = [bytes([b]) for b in range(256)]
    counted = Counter(words(text))
    rows = [list(word.encode("utf-8", "replace")) for word in counted]
    often = list(counted.values())
    pairs: Counter[tuple[int, int]] = Counter()
    where: dict[tuple[int, int], set[int]] = {}
    for k, row in enumerate(rows):
        for pair in itertools.pairwise(row):
            pairs[pair] += often[k]
            where.setdefault(pair, set()).add(k)
    joins = []
    while len(pieces) < size and pairs:
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < 2:
            break
        new = len(pieces)
        pieces.append(pieces[best[0]] + pieces[best[1]])
        joins.append((*best, new))
        for k in where.pop(best):
            row, merged, at = rows[k], [], 0
            for pair in itertools.pairwise(row):
                pairs[pair] -= often[k]
            while at < len(row):
                if at + 1 < len(row) and (row[at], row[at + 1]) == best:
                    merged.append(new)
                    at += 2
                else:
                    merged.append(row[at])
                    at += 1
            rows[k] = merged
            for pair in itertools.pairwise(merged):
                pairs[pair] += often[k]
                where.setdefault(pair, set()).add(k)
        pairs = +pairs
    return BytePairs(pieces, joins)


def read(vocabulary: str | Path, merges: str | Path) -> BytePairs:
    """The tokens of vocab.json and merges.txt."""
    place = door.place_of(vocabulary, "a vocabulary (vocab.json)")
    try:
        table = json.loads(door.read_text(place, limit=LIMIT, what="a vocabulary (vocab.json)"))
    except (ValueError, RecursionError):
        raise FileError(f"{place} is not JSON: a vocabulary is a table of tokens and their numbers.") from None
    if not isinstance(table, dict) or not table or not all(type(k) is int for k in table.values()):
        raise FileError(f"{place} is no vocabulary: a table of tokens and their numbers is wanted.")
    if len(table) > MOST_TOKENS or sorted(table.values()) != list(range(len(table))):
        raise FileError(f"{place} numbers its {len(table)} tokens with gaps or twice: from 0 on, each once, is wanted.")
    pieces: list[bytes] = [b""] * len(table)
    for name, k in table.items():
        pieces[k] = (
            bytes(_BYTES[letter] for letter in name) if all(letter in _BYTES for letter in name) else name.encode("utf-8", "replace")
        )
    where = door.place_of(merges, "a list of merges (merges.txt)")
    joins, seen = [], set()
    for number, line in enumerate(door.read_text(where, limit=LIMIT, what="a list of merges (merges.txt)").split("\n"), 1):
        line = line.rstrip("\r")
        if not line or (number == 1 and line.startswith("#version")):
            continue
        parts = line.split(" ")
        if len(parts) != 2 or not all(part in table for part in parts) or "".join(parts) not in table:
            raise FileError(f"{where}, line {number}: {line[:60]!r} does not join two tokens of {place.name} to a third.")
        pair = (table[parts[0]], table[parts[1]])
        if pair not in seen:
            seen.add(pair)
            joins.append((*pair, table["".join(parts)]))
    return BytePairs(pieces, joins)
