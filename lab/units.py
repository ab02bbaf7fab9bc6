"""Numbers, units, plurals, signs and powers as books print them: one place for the window, the summary of a run and exported pictures.

Files that machines read keep plain numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from numbers import Integral
from typing import Any

MINUS, THIN, NOTHING = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}", "\N{EM DASH}"
ZERO = 1e-12  # below it a figure is what rounding left of nothing

_MICRO = re.compile(r"(?<![A-Za-z])u(?=[AVSFmsMNW](?![a-z]))")
_POWER = re.compile(r"((?<![A-Za-z])[cmµn]?m)\^?(-?[23])(?![0-9A-Za-z])")
_PER = re.compile(r"(?<![0-9A-Za-z./])1/([a-zA-Zµ]{1,3})(?![A-Za-z0-9²³])")
_OHM = re.compile(r"(?<![A-Za-z])([kMG]?)[Oo]hm(?![a-z])")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = {ord(raised): plain for plain, raised in zip("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")}
_TEN = re.compile(r"\s*[×·*]\s*10\^?(-?\d)")
_WORDS = re.compile(r"[a-z]+( [a-z]+)*(?<=[a-z]{4})")  # a unit that is no symbol
_SPACES = re.compile(r"(?<=\d)[\u202f\u00a0\u2009 ](?=\d{3})")
_ABOVE, _BELOW = str.maketrans("0123456789n", "⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ"), str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_UP, _DOWN = re.compile(r"\^([0-9n]+)(?![A-Za-z])"), re.compile(r"_([0-9]+)(?![A-Za-z])")
_SIGN = re.compile(r"(?<![\w.)\]])-(?=\.?\d|[a-z]/)")
_LETTERS = {
    "tau": "τ", "alpha": "α", "beta": "β", "sigma": "σ", "theta": "θ", "lambda": "λ", "mu": "μ", "eta": "η", "phi": "φ", "delta": "δ",
}  # fmt: skip
_ROOT = re.compile(r"(?<![\w])root of (\w)(?!\w)")
_NUMBERED = re.compile(r"(?<![A-Za-z])(d?[A-Za-z]|[" + "".join(_LETTERS.values()) + r"])(\d)(?![A-Za-z0-9_])")
_SLOPE = re.compile(r"(?<!\w)d([A-Za-z])/d([A-Za-z])")
_NUMBERS = re.compile(r"\s*[-+]?[\d.]+(\s+[-+]?[\d.]+)*\s*")
_SQUARE = re.compile(r"(?<![\w(])R2(?!\w)")
_GREEK = re.compile(r"(?<![A-Za-z])(" + "|".join(_LETTERS) + r")(?![A-Za-z])")


@lru_cache(1024)
def typeset(text: str) -> str:
    """Units and symbols as the field prints them: uA/cm2 becomes µA/cm², MOhm MΩ, 1/s s⁻¹, x_inf x∞, tau τ."""
    text = _ROOT.sub(r"√\1", _SQUARE.sub("R²", _MICRO.sub("µ", text)))
    text = _POWER.sub(lambda m: m.group(1) + m.group(2).translate(_RAISED), text)
    text = _OHM.sub(r"\1Ω", _PER.sub(r"\1⁻¹", text))
    return _GREEK.sub(lambda m: _LETTERS[m.group()], text.replace("_inf", "∞"))


def number(value: Any, digits: int = 4, nothing: float = ZERO) -> str:
    """A value as a person reads it: 1000 and not 1e+03, 2.1 × 10⁻⁵ where it must be, a true minus sign; below `nothing` it is 0."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return NOTHING
    if isinstance(value, Integral):
        return grouped(str(int(value)))
    try:
        x = float(value)
    except (TypeError, ValueError):
        return str(value)
    if isinstance(value, str):
        return value
    if math.isnan(x):
        return NOTHING
    if math.isinf(x):
        return f"{MINUS if x < 0 else ''}∞"
    if not x or abs(x) < nothing:
        return "0"
    size = math.floor(math.log10(abs(x)))
    if -5 < size < max(6, digits):
        text = f"{x:.{max(0, digits - 1 - size)}f}"
        return grouped(text.rstrip("0").rstrip(".") if "." in text else text)
    mantissa, _, power = f"{x:.{max(0, (digits if digits > 4 or not nothing else min(digits, 3)) - 1)}e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{grouped(mantissa)} × 10{str(int(power)).translate(_RAISED)}"


def grouped(text: str) -> str:
    """Digits of five and more in threes, with a true minus sign: -12345.6 as −12 345.6."""
    sign, text = (MINUS, text[1:]) if text.startswith("-") else ("", text)
    whole, point, rest = text.partition(".")
    if sign and not (whole + rest).strip("0"):
        sign = ""
    return sign + (f"{int(whole):,}".replace(",", THIN) if len(whole) > 4 else whole) + point + rest


def power(exponent: float) -> str:
    """A place on a logarithmic axis: 10³, 10⁻², and 2 × 10³ between them."""
    whole = math.floor(exponent + 1e-9)
    times = round(10 ** (exponent - whole))
    return f"{'' if times == 1 else f'{times} × '}10{str(whole).translate(_RAISED)}"


def ticks(values: Sequence[float], spacing: float) -> list[str]:
    """Numbers along an axis, all with the digits that their spacing needs; very large and very small ones as powers of ten."""
    largest = max((abs(v) for v in values), default=0.0)
    places = max(0, math.ceil(-math.log10(spacing) - 1e-9)) if spacing > 0 else 0
    if largest >= 1e6 or places > 4:
        # Far from zero and close together, such as the last digits of a membrane at rest, they need more digits to differ.
        digits = max(4, math.ceil(math.log10(max(largest, spacing) / spacing) - 1e-9) + 1) if spacing > 0 else 4
        return [number(float(f"{v:.{max(6, digits)}g}") if abs(v) > spacing * 1e-6 else 0.0, digits, nothing=0.0) for v in values]
    return [grouped(f"{v:.{places}f}") for v in values]


def log_ticks(exponents: Sequence[float]) -> list[str]:
    """Places along a logarithmic axis: 0.001 to 50 000 as they are, and all as powers of ten where any lies further out."""
    if all(-3 <= e < 5 for e in exponents):
        return [number(10.0**e, 3) for e in exponents]
    return [power(e) for e in exponents]


def plain(text: str) -> str:
    """A number that a person copied from where it was printed, as programs write it: −1.5 × 10⁻⁵ as -1.5e-5."""
    text = text.strip().replace(MINUS, "-").translate(_LOWERED)
    text = _TEN.sub(r"e\1", text)
    return _SPACES.sub("", text)


def signed(text: str) -> str:
    """A sentence with a true minus sign before its numbers."""
    return _SIGN.sub(MINUS, text)


def formula(text: str) -> str:
    """An equation of plain letters as books print it, as far as there are letters for it: `t^n e^(-t/tau)` as tⁿ e^(−t/τ), `W_1 . x` as W₁ · x,
    `dE/dW2 = h1^T delta2` as ∂E/∂W₂ = h₁ᵀ δ₂.
    """
    text = _SLOPE.sub(r"∂\1/∂\2", text.replace("^T", "ᵀ").replace("^t", "ᵗ").replace("'", "′"))
    text = _UP.sub(lambda m: m.group(1).translate(_ABOVE), text)
    text = _DOWN.sub(lambda m: m.group(1).translate(_BELOW), text)
    text = typeset(text.replace(" . ", " · ").replace(" - ", f" {MINUS} "))
    text = _NUMBERED.sub(lambda m: m.group(1) + m.group(2).translate(_BELOW), text)
    return signed(re.sub(r"^-(?=\w)", MINUS, text))


def cell(text: str) -> str:
    """What stands in a table: numbers with a true minus sign, anything else as it is."""
    return text.replace("-", MINUS) if _NUMBERS.fullmatch(text) else text


def singular(name: str) -> str:
    """What one of several is called: 'spikes of the ears' is 'spike of the ears', 'neuron updates' 'neuron update'."""
    words = name.split(" ")
    at = 0 if "of" in words[1:2] or "in" in words[1:2] else len(words) - 1
    word = words[at]
    words[at] = (
        word[:-3] + "y" if word.endswith("ies") else word[:-2] if word.endswith(("sses", "xes")) else word[:-1] if _several(word) else word
    )
    return " ".join(words)


def _several(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))


def unit_for(amount: float, unit: str) -> str:
    """The unit of an amount: words take its number ('1 pixel', '3 pixels', '12.8 epochs'), symbols such as ms stay as they are."""
    if not _WORDS.fullmatch(unit):
        return unit
    one = singular(unit)
    return one if amount == 1 else unit if unit != one else f"{one}es" if one.endswith(("tch", "sh", "ss", "x")) else f"{one}s"


def counted(count: int, name: str) -> str:
    """'1 spike', '684 spikes'; what names no number of things keeps its place before the value: 'pattern 3'."""
    one = singular(name)
    if one == name:
        return f"{name} {number(count)}"
    return f"{number(count)} {one if count == 1 else name}"


def figure(key: str, value: Any) -> str:
    """A figure of a run in words: `rate (Hz)` and 68.3 as `rate 68.3 Hz`."""
    name, unit = split(key)
    if isinstance(value, int) and not isinstance(value, bool) and not unit:
        return counted(value, name)
    space = "" if unit in ("°", "%") and unit == "°" else " "
    return f"{name} {number(value)}{space + unit if unit and value is not None else ''}"


def split(key: str) -> tuple[str, str]:
    """Name and unit of a figure or an axis, as they are printed: `I (uA/cm2)` as I and µA/cm²."""
    if key.endswith(")") and " (" in key:
        name, _, unit = key[:-1].rpartition(" (")
        return typeset(name), typeset(unit)
    return typeset(key), ""


def lines(summary: Mapping[str, Any], digits: int = 6) -> list[str]:
    """A summary as lines of a terminal: 'rate (Hz): 68.32'."""
    return [f"{typeset(key)}: {number(value, digits)}" for key, value in summary.items()]
