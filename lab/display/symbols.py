r"""Symbols as books print them: `g_{Na}`, `\tau_m`, `m_\infty` become letters, some of them italic, raised or lowered.

A small part of LaTeX that needs no typesetter, so that a form, a label beside a curve and an export write the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape

LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ", "kappa": "κ", "lambda": "λ",
    "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Delta": "Δ", "Gamma": "Γ", "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Omega": "Ω", "infty": "∞", "pm": "±", "cdot": "·", "times": "×",
    "Theta": "Θ", "Pi": "Π", "Psi": "Ψ", "varepsilon": "ε", "varphi": "φ", "partial": "∂", "ell": "ℓ", "to": "→", "prime": "′", "circ": "°", "ln": "ln", "max": "max", "min": "min",
}  # fmt: skip
TOKEN = re.compile(r"\\([A-Za-z]+)\s*|([_^{}])|(\s+)|(.)", re.DOTALL)
ACCENTS = {"dot": "\u0307", "bar": "\u0304", "hat": "\u0302", "tilde": "\u0303", "vec": "\u20d7"}
NUMBERED, BELOW = re.compile(r"(?<![\w.])([a-z])(\d\d?)(?![\w.])"), str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
UPRIGHT = ("mathrm", "text", "rm")
ELEMENTS = ("K",)  # of one letter: below a symbol potassium stands as upright as Na and Cl


@dataclass(frozen=True)
class Run:
    """Letters that are set alike; level is 1 for raised ones and -1 for lowered ones."""

    text: str
    italic: bool = False
    level: int = 0


@cache
def runs(symbol: str) -> tuple[Run, ...]:
    """The runs of a symbol. Single letters are italic, words, digits and the ion K upright, as variables and names are in books."""
    found: list[Run] = []
    tokens = [m.groups() for m in TOKEN.finditer(symbol)]

    def put(text: str, italic: bool, level: int) -> None:
        if found and (found[-1].italic, found[-1].level) == (italic, level):
            found[-1] = Run(found[-1].text + text, italic, level)
        else:
            found.append(Run(text, italic, level))

    def group(at: int, level: int, upright: bool) -> int:
        """One token or {group} from `at`; returns where it ends."""
        if at >= len(tokens):
            return at
        command, sign, space, letter = tokens[at]
        if sign == "{":
            end, deep = at + 1, 1
            while end < len(tokens) and deep:
                deep += {"{": 1, "}": -1}.get(tokens[end][1] or "", 0)
                end += 1
            word = "".join(t[3] or "" for t in tokens[at + 1 : end - 1])
            letters = all(t[3] and t[3].isalpha() for t in tokens[at + 1 : end - 1])
            inside(at + 1, end - 1, level, upright or (letters and len(word) > 1))
            return end
        if command in UPRIGHT:
            return group(at + 1, level, True)
        if command in ACCENTS:
            end = group(at + 1, level, upright)
            put(ACCENTS[command], found[-1].italic if found else False, level)
            return end
        text = LETTERS.get(command, command) if command else (letter or "").replace("-", "−")
        if text:
            put(text, not upright and len(text) == 1 and text.isalpha() and not (level < 0 and text in ELEMENTS), level)
        elif space and level == 0 and found:
            put(" ", found[-1].italic, 0)
        return at + 1

    def inside(at: int, end: int, level: int, upright: bool) -> None:
        while at < end:
            sign = tokens[at][1]
            if sign in ("_", "^"):
                at = group(at + 1, level or (-1 if sign == "_" else 1), False)
            elif sign == "}":
                at += 1
            else:
                at = group(at, level, upright)

    inside(0, len(tokens), 0, False)
    return tuple(found)


def plain(symbol: str) -> str:
    """The letters alone, for a screen reader or a tool tip."""
    return "".join(run.text for run in runs(symbol))


def markup(symbol: str) -> str:
    """The symbol as rich text of a label."""
    made = ""
    for run in runs(symbol):
        text = escape(run.text)
        text = f"<i>{text}</i>" if run.italic else text
        made += {0: text, 1: f"<sup>{text}</sup>", -1: f"<sub>{text}</sub>"}[run.level]
    return made


def numbered(text: str) -> str:
    """Words in which x1 is printed as x₁; a symbol that stands alone is left to those who set it."""
    return text if NUMBERED.fullmatch(text) else NUMBERED.sub(lambda m: m[1] + m[2].translate(BELOW), text)


@cache
def legend(text: str) -> tuple[tuple[str, str], ...]:
    """What the letters of equations stand for, from "symbol: words; symbol: words"."""
    parts = (part.partition(":") for part in text.split(";") if part.strip())
    return tuple((symbol.strip(), words.strip()) for symbol, _, words in parts)
