"""Texts as sentences of whole numbers: sources, tokeniser, phrases, vocabulary.

Every source ends in a `Corpus`: the vocabulary by falling count and one long array of token numbers with the places where
sentences begin. Words below the minimum count are left out before windows are formed.
"""

from __future__ import annotations

import ast
import re
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from lab.data import door
from lab.data.progress import report
from lab.embedding.grammar import GrammarText, generate
from lab.errors import FileError, LabError

LONGEST_SENTENCE = 1000  # tokens; longer ones are cut, as the reference program does
MOST_BYTES = 1 << 30
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_END = re.compile(r"(?<=[.!?])\s+|\n\s*\n")
_TELL = 1 << 18  # characters between two reports
_TEXT_SUFFIXES = {".txt", ".md", ".rst", ".text", ".csv", ".tsv", ".html", ".htm", ".xml", ".json", ".log", ".tex", ".py", ""}

Progress = Callable[[int, int], bool]  # bytes done, bytes in all -> whether to go on


@dataclass(frozen=True)
class Corpus:
    """A text ready for learning.

    words       (V,) the vocabulary, most frequent first
    counts      (V,) int64, occurrences of each
    tokens      (T,) int32, the text as word numbers
    starts      (S + 1,) int64, where sentence i is tokens[starts[i]:starts[i + 1]]
    questions   analogy questions that are known to hold (grammar), by relation
    categories  category of a word, where known
    left_out    tokens below the minimum count
    """

    words: tuple[str, ...]
    counts: np.ndarray
    tokens: np.ndarray
    starts: np.ndarray
    title: str = ""
    questions: dict[str, list[tuple[str, str, str, str]]] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    left_out: int = 0

    @property
    def sentences(self) -> int:
        """Number of sentences."""
        return len(self.starts) - 1

    def text(self, sentence: int) -> list[str]:
        """The words of a sentence."""
        return [self.words[t] for t in self.tokens[self.starts[sentence] : self.starts[sentence + 1]]]


def tokenise(text: str, *, lower: bool = True, tell: Callable[[int], None] | None = None) -> Iterator[list[str]]:
    """Sentences as lists of words: runs of letters (with inner apostrophes), split after . ! ? and at blank lines.

    tell  called now and then with the characters done
    """
    begin = told = 0
    for stop in chain(_END.finditer(text), (None,)):
        sentence = text[begin : stop.start() if stop else len(text)]
        words = _WORD.findall(sentence.lower() if lower else sentence)
        if words:
            yield words
        begin = stop.end() if stop else len(text)
        if tell is not None and begin - told > _TELL:
            told = begin
            tell(begin)


def phrase_scores(
    sentences: Iterable[list[str]], *, minimum: int = 5, score: str = "reference", connectors: frozenset[str] = frozenset()
) -> dict[tuple[str, str], float]:
    """Scores of neighbouring words as phrases.

    (count(a b) - minimum) / (count(a) count(b)) times the number of words of the text ("reference", usual threshold 100;
    Mikolov et al. 2013b equation 6 as the published program computes it) or times the size of the vocabulary
    ("vocabulary", usual threshold 10). Pairs with a connector or with a word rarer than `minimum` have no score.
    """
    if score not in ("reference", "vocabulary"):
        raise LabError(f"phrases.score must be reference or vocabulary (got {score!r}).")
    single: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for s in sentences:
        single.update(s)
        pairs.update(pairwise(s))
    scale = sum(single.values()) if score == "reference" else len(single)
    return {
        (a, b): (n - minimum) / (single[a] * single[b]) * scale
        for (a, b), n in pairs.items()
        if n >= minimum and single[a] >= minimum and single[b] >= minimum and not connectors & {a, b}
    }


def join_phrases(sentences: Iterable[list[str]], scores: dict[tuple[str, str], float], threshold: float) -> list[list[str]]:
    """Sentences in which pairs above the threshold are one token `a_b`, taken from the left and without overlap."""
    chosen = {pair for pair, value in scores.items() if value > threshold}
    out = []
    for s in sentences:
        joined, i = [], 0
        while i < len(s):
            if i + 1 < len(s) and (s[i], s[i + 1]) in chosen:
                joined.append(f"{s[i]}_{s[i + 1]}")
                i += 2
            else:
                joined.append(s[i])
                i += 1
        out.append(joined)
    return out


def make_corpus(
    sentences: Iterable[list[str]],
    *,
    title: str = "",
    minimum: int = 1,
    most_words: int = 0,
    questions: dict[str, list[tuple[str, str, str, str]]] | None = None,
    categories: dict[str, str] | None = None,
) -> Corpus:
    """Vocabulary and token numbers of sentences; words rarer than `minimum` (or beyond the `most_words` commonest) are left out."""
    report("Counting words", 0.0)
    sentences = [s[i : i + LONGEST_SENTENCE] for s in sentences for i in range(0, len(s), LONGEST_SENTENCE)]
    counted = Counter(w for s in sentences for w in s)
    report("Counting words", 0.5)
    total = counted.total()
    kept = sorted((w for w, n in counted.items() if n >= minimum), key=lambda w: (-counted[w], w))
    if most_words:
        kept = kept[:most_words]
    number = {w: i for i, w in enumerate(kept)}
    coded = [[number[w] for w in s if w in number] for s in sentences]
    coded = [s for s in coded if s]
    if len(kept) < 2:
        raise LabError(
            f"The text {title!r} has {len(kept)} words that occur at least {minimum} times: lower the minimum count or give more text."
        )
    starts = np.concatenate([[0], np.cumsum([len(s) for s in coded])]).astype(np.int64)
    tokens = np.fromiter((t for s in coded for t in s), np.int32, int(starts[-1]))
    counts = np.bincount(tokens, minlength=len(kept)).astype(np.int64)
    known = {r: [q for q in qs if all(w in number for w in q)] for r, qs in (questions or {}).items()}
    return Corpus(tuple(kept), counts, tokens, starts, title, known, dict(categories or {}), total - int(starts[-1]))


@cache
def grammar_corpus(text: GrammarText | None = None) -> Corpus:
    """The generated text with its questions and categories."""
    sample = generate(text)
    return make_corpus(sample.sentences, title="grammar", questions=sample.questions, categories=sample.categories)


@cache
def library_sentences() -> tuple[list[str], ...]:
    """Sentences of the standard library's own documentation: the language topics of pydoc and all docstrings."""
    from pydoc_data.topics import topics

    texts = [topics[name] for name in sorted(topics)]
    folder = Path(sysconfig.get_paths()["stdlib"])
    files = [p for name in sorted(sys.stdlib_module_names) for p in (folder / f"{name}.py", folder / name / "__init__.py") if p.is_file()]
    for path in files:
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError, OSError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                texts.append(ast.get_docstring(node) or "")
    return tuple(s for text in texts for s in tokenise(text))


def decode(data: bytes, owner: str) -> str:
    """Text of bytes: by their byte order mark, else UTF-8, else Windows-1252; refuses what is not text."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise FileError(f"{owner} begins like {encoding} text but is damaged: save it again as UTF-8 text.") from None
    if b"\0" in data[: 1 << 16]:
        raise FileError(f"{owner} is not a text (it holds zero bytes): give a plain text file.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def text_files(path: str | Path) -> list[Path]:
    """The text file, or all text files in the folder and below, in the order of their names."""
    place = Path(path)
    if not str(path) or not place.exists():
        raise FileError(f"There is no text file or folder '{path}': give the path of an existing one.")
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file() and p.suffix.lower() in _TEXT_SUFFIXES)
    if not files:
        raise FileError(f"The folder {place} holds no text files ({', '.join(sorted(s for s in _TEXT_SUFFIXES if s))}): put texts into it.")
    return files


@lru_cache(16)
def text_bytes(path: str) -> int:
    """Size of a text file or folder, 0 where there is none."""
    try:
        return sum(p.stat().st_size for p in text_files(path))
    except (FileError, OSError):
        return 0


def read_sentences(path: str | Path, *, progress: Progress | None = None, most_bytes: int = MOST_BYTES) -> list[list[str]]:
    """Sentences of a text file, or of all text files in a folder and below, in the order of their names."""
    place, files = Path(path), text_files(path)
    total = sum(p.stat().st_size for p in files)
    if total > most_bytes:
        raise FileError(
            f"{place} holds {total / 1e6:.0f} MB of text, above the limit of {most_bytes / 1e6:.0f} MB: give fewer or smaller files."
        )
    sentences: list[list[str]] = []
    done = 0

    def told(now: float) -> None:
        if progress is None:
            report(f"Reading {place.name}, {total / 1e6:.1f} MB", now / max(1, total))
        elif not progress(int(now), total):
            raise FileError(f"Reading {place} was cancelled after {now / 1e6:.1f} of {total / 1e6:.1f} MB.")

    def tell(before: int, share: float) -> Callable[[int], None]:
        return lambda at: told(before + at * share)

    told(0)
    read = 0
    for p in files:
        data = door.read_bytes(p, limit=most_bytes - read, what="a text", packed=True)
        read += len(data)
        size = p.stat().st_size  # of what is packed less than was read
        text = decode(data, str(p))
        sentences += tokenise(text, tell=tell(done, size / max(1, len(text))))
        done += size
        told(done)
    if not sentences:
        raise FileError(f"{place} holds no words: give a file with text in it.")
    return sentences
