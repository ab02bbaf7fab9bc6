"""Formulas that people type: what is read, what is refused, and where the mark stands."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab.errors import LabError
from lab.params.arithmetic import OF_SERIES, FormulaError, parse


def value(text: str, **names):
    return parse(text, list(names), OF_SERIES)(**names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("-2^2", -4.0),
        ("2 x", 6.0),
        ("2x + 1", 7.0),
        ("2 (x + 1)", 8.0),
        ("(x + 1)(x - 1)", 8.0),
        ("x y", 12.0),
        ("x²", 9.0),
        ("2 · x \N{MINUS SIGN} 1", 5.0),
        ("π", math.pi),
        ("1e3", 1000.0),
        ("2e", 2 * math.e),
        ("7 % 4", 3.0),
        ("x if x > 2 else y", 3.0),
        ("x < y", True),
        ("1 < x <= 3", True),
        ("x = 3 and not y = 3", True),
        ("x \N{GREATER-THAN OR EQUAL TO} 3", True),
        ("x != 3 or y == 4", True),
    ],
)
def test_formulas_as_books_print_them(text, expected):

    assert parse(text, ["x", "y"], OF_SERIES)(x=3, y=4) == expected


def test_arrays_are_worked_out_whole():
    x = np.linspace(-3, 3, 101)
    assert np.array_equal(parse("2 x^2 + sin(x)", ["x"])(x=x), 2 * x**2 + np.sin(x))
    assert np.array_equal(parse("x if x > 0 else -x", ["x"])(x=x), np.abs(x))
    assert np.array_equal(parse("max(x, 0)", ["x"])(x=x), np.maximum(x, 0))
    assert np.allclose(parse("sigmoid(1000 x)", ["x"])(x=np.array([-1.0, 0.0, 1.0])), [0.0, 0.5, 1.0])
    assert parse("x > 0", ["x"])(x=x).dtype == bool


def test_names_are_any_text_and_the_longest_is_taken():
    figures = {"rate (Hz)": 68.0, "rate": 3.0, "mean interval": 14.6, "mean interval (ms)": 14.7, "τ": 2.0, "lambda": 5.0}
    assert value("rate (Hz) > 50 and rate < 5", **figures)
    assert value("mean interval (ms) - mean interval", **figures) == pytest.approx(0.1)
    assert value("2 τ + lambda", **figures) == 9.0
    formula = parse("rate (Hz) > 50", list(figures))
    assert formula.names == ("rate (Hz)",)


def test_words_compare_and_nothing_else():
    assert value("mode = 'voltage clamp' and hold < 0", mode="voltage clamp", hold=-65.0)
    assert not value('mode != "a = b"', mode="a = b")
    with pytest.raises(FormulaError, match="words can only be equal"):
        value("mode < 'b'", mode="a")


def test_of_series():
    spikes = np.array([1.0, 3.0, 7.0])
    assert value("count(spikes) = 3 and last(spikes) = 7 and max(intervals(spikes)) = 4", spikes=spikes)
    assert value("mean(spikes)", spikes=spikes) == pytest.approx(11 / 3)
    assert math.isnan(value("max(spikes)", spikes=np.empty(0)))
    assert not value("max(spikes) > 0", spikes=np.empty(0))


@pytest.mark.parametrize(
    ("text", "marked", "says"),
    [
        ("rate > 5O", "O", "no name 'O'"),
        ("rat > 50", "rat", "did you mean 'rate'"),
        ("sine(rate)", "sine", "did you mean 'sin'"),
        ("rate >", "", "cannot be read"),
        ("(rate", "(", "cannot be read"),
        ("rate.real", "rate.real", "Only numbers"),
        ("rate[0]", "rate[0]", "Only numbers"),
        ("rate(3)", "rate", "is a number and not a function"),
        ("__import__('os')", "__import__", "no function"),
        ("(lambda: 0)()", "lambda: 0", "Only numbers"),
        ("sin(rate, 2)", "sin(rate, 2)", "takes 1 value."),
        ("rate in rate", "rate in rate", "Compare with"),
        ("rate // 2", "rate // 2", "not known here"),
        ("~rate", "~rate", "not known here"),
        ("1j", "j", "no name 'j'"),
        ("1e999", "1e999", "too large"),
        ("'a' + 1", "'a'", "calculate with words"),
        ("[rate]", "[rate]", "Only numbers"),
        ("rate := 3", None, ""),
        ("f'{rate}'", None, ""),
        ("print(rate)", "print", "no function 'print'"),
        ("   ", None, "Write a formula"),
        ("\N{SNOWMAN} + 1", "\N{SNOWMAN}", "cannot be read"),
        ("2 · ratio", "ratio", "did you mean 'rate'"),
    ],
)
def test_what_cannot_be_read_is_marked(text, marked, says):
    with pytest.raises(FormulaError) as caught:
        parse(text, ["rate"])
    error = caught.value
    assert isinstance(error, LabError) and says in str(error)
    if marked:
        assert error.text[error.first : error.last] == marked, str(error)
        assert f"»{marked}«" in str(error)


@pytest.mark.parametrize(
    "text",
    ["(" * 500 + ")" * 500, "-" * 900 + "x", "x" + "**x" * 300, "9**9**9**9**9", "not " * 240 + "x", "sin(" * 200, "x" * 1001, "1" * 999, "\0", "x \\"]
)  # fmt: skip
def test_nothing_hangs_or_grows(text):
    try:
        found = parse(text, ["x"])(x=1)
    except FormulaError:
        return
    assert np.isinf(found) or found in (1.0, -1.0)


def test_whole_numbers_overflow_to_infinity():
    assert np.isinf(value("n ^ 400", n=np.int64(10)))
    assert np.isinf(value("1 / 0"))
    assert value("n ^ (0 - 1)", n=2) == 0.5


def test_a_name_without_a_value_is_said():
    with pytest.raises(FormulaError, match="'x' has no value"):
        parse("x + 1", ["x"])()
