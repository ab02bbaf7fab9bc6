"""No letter of an equation is left to be guessed: the legend of the help page, a parameter or the text says what it stands for."""

from __future__ import annotations

import re

from lab import catalog
from lab.display.symbols import LETTERS, legend

GREEK = {name: sign for name, sign in LETTERS.items() if len(sign) == 1 and sign.isalpha() and name != "ell"}
KNOWN = frozenset("ijeπ")  # indices, and the two numbers


def letters(latex: str) -> set[str]:
    """The letters that stand for something, without subscripts, words, differentials and transposition."""
    plain = re.sub(r"\\(?:mathrm|text|mathcal|mathbb)\s*\{[^{}]*\}|\\mathbb\s*[A-Z]|\\[,;! ]|\\q?quad", " ", latex)
    plain = re.sub(r"_(?:\{[^{}]*\}|\\[A-Za-z]+|.)", " ", plain).replace("^T", " ")
    plain = re.sub(r"(\\frac\s*\{)d\b|(?<![A-Za-z\\])d(?=\\?[A-Za-z])", r"\1 ", plain)  # d/dt, dx
    found: set[str] = set()
    for command, word in re.findall(r"\\([A-Za-z]+)|([A-Za-z]+)", plain):
        found |= set(word) if word else {GREEK[command]} if command in GREEK else set()
    return found - KNOWN


def told(kind, streams: bool = False) -> set[str]:
    """The letters that a help page explains, and the names of streams, if it takes them."""
    found = {letter for symbol, _ in legend(kind.symbols) for letter in letters(symbol)}
    found |= {letter for spec in kind.specs().values() if spec.symbol for letter in letters(spec.symbol)}
    said = [kind.help(), *(f"{s.label}; {s.doc}" for s in kind.specs().values())]
    if streams:
        said += [f"{s.doc}; {'; '.join(map(str, s.channels or ()))}" for s in kind().streams]
    text = " ".join(said)
    found |= {m for m in re.findall(r"(?<![^\W_])([^\W\d_])(?![^\W\d_])", text) if m != "a"}
    return found | ({"a"} if re.search(r"`[^`\n]*\ba\b[^`\n]*`", text) else set())


def wanted(kind) -> set[str]:
    return set().union(*(letters(line) for line in kind.equations))


def test_every_letter_of_the_equations_of_each_model_is_explained():
    missing = {}
    for entry in catalog.entries():
        kind = catalog.load(entry.name)
        if (left := wanted(kind) - told(kind)) and (left := left - told(kind, streams=True)):
            missing[entry.name] = sorted(left)
    assert missing == {}


def test_a_legend_explains_letters_of_the_equations_and_each_once():
    for entry in catalog.entries():
        kind = catalog.load(entry.name)
        parts = legend(kind.symbols)
        signs = [symbol for symbol, words in parts if words]
        assert len(signs) == len(set(signs)) == len(parts), entry.name
        assert [s for s in signs if not letters(s) <= wanted(kind)] == [], entry.name


def test_letters_are_told_from_words_indices_and_differentials():
    assert letters(r"\tau_m \frac{dv_i}{dt} = s_i - \mathrm{leak}") == {"τ", "v", "t", "s"}
    assert letters(r"W x^T \ln \pi + ITD") == {"W", "x", "I", "T", "D"}
    assert legend(r"\tau_m: time; w: weight, of one") == (("\\tau_m", "time"), ("w", "weight, of one"))
