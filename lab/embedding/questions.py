"""Questions to a space of vectors: neighbours, analogies, formulas, odd one out, concept axes, question files.

Similarity is the cosine. An analogy a : b :: c : ? is answered by the word nearest to b - a + c among those that are not
part of the question (3CosAdd with unit vectors; Mikolov et al. 2013c); without that exclusion the answer would mostly be
one of the words put in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.data import door
from lab.data.columns import Rule
from lab.data.dialect import sniff
from lab.data.encoding import decode
from lab.data.numerals import is_number, tidy
from lab.data.rows import layout, values, without_comments
from lab.embedding.vectors import Vectors
from lab.errors import FileError, LabError

Question = tuple[str, str, str, str]
_MOST_QUESTION_BYTES = 64 << 20


def nearest(vectors: Vectors, direction: np.ndarray, count: int = 10, *, without: Iterable[int] = ()) -> list[tuple[str, float]]:
    """The `count` words of greatest cosine with a direction (d,), rows `without` left out."""
    direction = np.asarray(direction, np.float32)
    length = float(np.linalg.norm(direction))
    if length > 0:
        direction = direction / np.float32(length)
    cosine = vectors.unit @ direction
    left_out = list(without)
    cosine[left_out] = -np.inf
    count = max(0, min(count, len(cosine) - len(set(left_out))))
    if count == 0:
        return []
    top = np.argpartition(-cosine, count - 1)[:count]
    top = top[np.argsort(-cosine[top], kind="stable")]
    return [(vectors.words[i], float(cosine[i])) for i in top]


def neighbours(vectors: Vectors, word: str, count: int = 10) -> list[tuple[str, float]]:
    """The words most similar to a word, with their cosines."""
    row = vectors.row(word)
    return nearest(vectors, vectors.unit[row], count, without=(row,))


def analogy(vectors: Vectors, a: str, b: str, c: str, count: int = 10) -> list[tuple[str, float]]:
    """Answers to "a is to b as c is to ?"."""
    rows = [vectors.row(w) for w in (a, b, c)]
    unit = vectors.unit
    return nearest(vectors, unit[rows[1]] - unit[rows[0]] + unit[rows[2]], count, without=rows)


_TERM = re.compile(r"\s*([+-])?\s*(?:(\d+(?:\.\d+)?)\s*\*\s*)?([^\s+*()-][^\s+*()]*(?:-[^\s+*()-]+)*|\d+(?:\.\d+)?)\s*")


def parse_formula(text: str) -> list[tuple[float, str]]:
    """Weights and words of a formula such as `king - man + woman` or `2*paris - 0.5*france`."""
    terms: list[tuple[float, str]] = []
    place = 0
    text = text.strip()
    if not text:
        raise LabError("The formula is empty: write words joined by + and -, such as king - man + woman.")
    while place < len(text):
        found = _TERM.match(text, place)
        if not found or (terms and not found.group(1)):
            raise LabError(
                f"The formula {text!r} is not understood at {text[place : place + 12]!r}: write words joined by + and -, such as king - man + woman."
            )
        sign, weight, word = found.groups()
        terms.append(((-1.0 if sign == "-" else 1.0) * float(weight or 1), word))
        place = found.end()
    return terms


def formula_vector(vectors: Vectors, text: str) -> tuple[np.ndarray, list[int]]:
    """The vector (d,) of a formula over unit vectors, and the rows of its words."""
    terms = parse_formula(text)
    rows = [vectors.row(word) for _, word in terms]
    return np.sum([weight * vectors.unit[r] for (weight, _), r in zip(terms, rows, strict=True)], axis=0), rows


def solve(vectors: Vectors, formula: str, count: int = 10) -> list[tuple[str, float]]:
    """Words nearest to a formula, its own words excluded."""
    direction, rows = formula_vector(vectors, formula)
    return nearest(vectors, direction, count, without=rows)


def trail(vectors: Vectors, formula: str) -> np.ndarray:
    """Points (terms + 1, d) that the formula walks through from the origin: term by term, in unit vectors."""
    terms = parse_formula(formula)
    steps = np.array([weight * vectors.unit[vectors.row(word)] for weight, word in terms])
    return np.concatenate([np.zeros((1, vectors.size)), np.cumsum(steps, 0)])


def odd_one_out(vectors: Vectors, words: Sequence[str]) -> str:
    """The word least similar to the mean of all the words."""
    if len(words) < 3:
        raise LabError(f"Odd one out needs at least 3 words (got {len(words)}).")
    unit = vectors.unit[[vectors.row(w) for w in words]]
    return words[int(np.argmin(unit @ unit.mean(0)))]


def axis(vectors: Vectors, text: str) -> np.ndarray:
    """Unit direction (d,) of a concept axis written as a formula (`she - he`; several pairs add up to a steadier one)."""
    direction, _ = formula_vector(vectors, text)
    length = float(np.linalg.norm(direction))
    if length < 1e-6:
        raise LabError(f"The axis {text!r} has no direction (its words cancel): name two different words.")
    return direction / length


def project(vectors: Vectors, axes: Sequence[str], words: Sequence[str] | None = None) -> np.ndarray:
    """Cosines (words, axes) of words with concept axes; None projects every word."""
    rows = slice(None) if words is None else [vectors.row(w) for w in words]
    return vectors.unit[rows] @ np.stack([axis(vectors, a) for a in axes], 1)


@dataclass(frozen=True)
class Score:
    """How many questions of a section were answered, and how many rightly."""

    section: str
    right: int
    asked: int
    skipped: int = 0

    @property
    def share(self) -> float:
        """Part answered rightly, NaN when none was asked."""
        return self.right / self.asked if self.asked else float("nan")


def question_rows(words: Mapping[str, int], questions: Iterable[Question]) -> np.ndarray:
    """Rows (Q, 4) of the questions whose words are all known."""
    rows = [[words[w] for w in q] for q in questions if all(w in words for w in q)]
    return np.array(rows, np.int64).reshape(-1, 4)


def answers(unit: np.ndarray, rows: np.ndarray, block: int = 512) -> np.ndarray:
    """The answered row (Q,) of each analogy (Q, 4), inputs excluded; `unit` (V, d) has rows of length 1."""
    out = np.empty(len(rows), np.int64)
    for begin in range(0, len(rows), block):
        q = rows[begin : begin + block]
        cosine = (unit[q[:, 1]] - unit[q[:, 0]] + unit[q[:, 2]]) @ unit.T
        cosine[np.arange(len(q))[:, None], q[:, :3]] = -np.inf
        out[begin : begin + block] = cosine.argmax(1)
    return out


def ask(vectors: Vectors, sections: Mapping[str, Iterable[Question]]) -> list[Score]:
    """Answer question sections; questions with unknown words are counted as skipped, not as wrong."""
    out = []
    lower = {w.lower(): i for i, w in reversed(list(enumerate(vectors.words)))} | vectors.index
    for name, questions in sections.items():
        questions = list(questions)
        rows = question_rows(lower, questions)
        right = int((answers(vectors.unit, rows) == rows[:, 3]).sum()) if len(rows) else 0
        out.append(Score(name, right, len(rows), len(questions) - len(rows)))
    return out


def total(scores: Iterable[Score]) -> Score:
    """All sections together."""
    scores = list(scores)
    return Score("all", sum(s.right for s in scores), sum(s.asked for s in scores), sum(s.skipped for s in scores))


def _text(path: str | Path, kind: str) -> str:
    place = door.place_of(path, f"a {kind} file")
    return decode(door.read_bytes(place, limit=_MOST_QUESTION_BYTES, what=f"a {kind} file", packed=True), place).text


def _lines(path: str | Path, kind: str) -> list[str]:
    return _text(path, kind).splitlines()


def read_questions(path: str | Path) -> dict[str, list[Question]]:
    """Analogy questions in the `questions-words` format: `: section` lines, then four words a line."""
    out: dict[str, list[Question]] = {}
    section = "questions"
    for number, line in enumerate(_lines(path, "question"), 1):
        if line.startswith(":"):
            section = line[1:].strip() or "questions"
            out.setdefault(section, [])
            continue
        words = line.lower().split()
        if not words or line.startswith("#"):
            continue
        if len(words) != 4:
            raise FileError(f"{path}, line {number}: a question has four words, a b c d (got {len(words)}).")
        out.setdefault(section, []).append((words[0], words[1], words[2], words[3]))
    if not any(out.values()):
        raise FileError(f"{path} holds no questions: write four words a line, under lines that begin with a colon.")
    return out


def read_similarities(path: str | Path) -> list[tuple[str, str, float]]:
    """Pairs of words with a person's judgement of their similarity: two words and a number a line, by tabs, commas, semicolons or spaces.

    A heading is passed over; between the words and the judgement there may be more words (the part of speech).
    """
    text, place = _text(path, "similarity"), Path(path)
    if not text.strip():
        raise FileError(f"{path} is empty: write two words and a number a line.")
    dialect = sniff(without_comments(text))
    found = layout(text, dialect, place)
    rule = Rule(dialect.decimal)
    out: list[tuple[str, str, float]] = []
    for number, row in values(text, dialect, found):
        cells = [tidy(cell) for cell in row]
        judged = next((value for cell in cells[2:] if (value := rule.read(cell)[0]) is not None), None)
        if judged is None or not all(cells[:2]):
            raise FileError(f"{path}, row {number}: a pair has two words and a number (got {' '.join(cells)[:60]!r}).")
        out.append((cells[0].lower(), cells[1].lower(), judged))
    if not out:
        raise FileError(f"{path} holds no pairs: a pair has two words and a number, a line for each.")
    return out


def asks_analogies(path: str | Path) -> bool:
    """Whether a file holds analogy questions (`read_questions`) rather than judged pairs (`read_similarities`), by its first lines."""
    lines = [line for line in _lines(path, "question")[:50] if line.strip() and not line.startswith("#")]
    if not lines:
        raise FileError(f"{path} is empty: write four words a line (analogies), or two words and a number (similarities).")
    four = sum(len(words := line.split()) == 4 and not any(is_number(w) for w in words) for line in lines)
    return any(line.startswith(":") for line in lines) or 2 * four > len(lines)


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties sharing their mean."""
    values = np.asarray(values, float)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[inverse]


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation, ties by mean rank."""
    x, y = ranks(a), ranks(b)
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum() / scale) if scale > 0 else float("nan")


@dataclass(frozen=True)
class Similarities:
    """How well cosines agree with people's judgements.

    spearman  rank correlation, NaN below two pairs;  skipped: pairs with unknown words
    pairs     (word, word, judgement, cosine, difference of ranks as a share of the number of pairs), worst agreement first
    """

    spearman: float
    skipped: int
    pairs: tuple[tuple[str, str, float, float, float], ...]


def similarities(vectors: Vectors, pairs: Iterable[tuple[str, str, float]]) -> Similarities:
    """Compare the cosines of pairs of words with judgements of their similarity."""
    pairs = list(pairs)
    lower = {w.lower(): i for i, w in reversed(list(enumerate(vectors.words)))} | vectors.index
    known = [(lower[a], lower[b], v) for a, b, v in pairs if a in lower and b in lower]
    if not known:
        return Similarities(float("nan"), len(pairs), ())
    rows, judged = np.array([(a, b) for a, b, _ in known]), np.array([v for _, _, v in known])
    cosine = np.einsum("ij,ij->i", vectors.unit[rows[:, 0]], vectors.unit[rows[:, 1]])
    apart = (ranks(cosine) - ranks(judged)) / len(known)
    order = np.argsort(-np.abs(apart), kind="stable").tolist()
    listed = tuple(
        (vectors.words[rows[k, 0]], vectors.words[rows[k, 1]], float(judged[k]), float(cosine[k]), float(apart[k])) for k in order
    )
    return Similarities(spearman(cosine, judged) if len(known) > 1 else float("nan"), len(pairs) - len(known), listed)
