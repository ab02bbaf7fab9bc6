"""Arithmetic that a person types: read by a whitelist over the syntax tree, worked out on numbers and arrays, never executed.

    formula = parse("2 x^2 + sin(y)", ["x", "y"])
    formula(x=np.linspace(0, 1, 50), y=0.5)

    parse("rate (Hz) > 50 and block_Na = 0", ["rate (Hz)", "block_Na"])(**{"rate (Hz)": 68.0, "block_Na": 0.0})

The caller gives the names, and a name may be any text ("rate (Hz)", "mean interval"): where it stands in the formula it is
read whole, the longest first. What books print is understood: `^` is a power, `2 x` and `3 (x + 1)` are products, `=` and
`≤` compare, `−`, `·`, `π` are what they look like. Everything else (attributes, indexing, strings of code, calls of anything
that is not in the list) is refused with the place marked. Nothing here can take long: a text has at most 1000 characters, and
numbers are floating-point numbers, which overflow to infinity instead of growing.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from lab.errors import LabError, near

LONGEST = 1000  # characters of a formula
DEEPEST = 60  # parentheses and operations within each other

Value = Any  # a NumPy number, truth value, array or text


class FormulaError(LabError):
    """A formula cannot be read: one sentence, with the text and the place (first character, one past the last) in it."""

    def __init__(self, sentence: str, text: str, first: int = 0, last: int | None = None):
        last = len(text) if last is None else max(last, first)
        self.text, self.first, self.last = text, first, last
        self.sentence = sentence
        shown = f"{text[:first]}»{text[first:last]}«{text[last:]}"
        super().__init__(f"{sentence} In: {shown}" if text.strip() else sentence)


def _reduced(work: Callable[[np.ndarray], Value]) -> Callable[[Value], Value]:
    """Of a series as a whole; NaN where it is empty."""

    def of(values: Value) -> Value:
        values = np.asarray(values, float).ravel()
        return work(values) if len(values) else np.float64(math.nan)

    return of


def _extreme(pairwise: np.ufunc) -> Callable[..., Value]:
    """Of one series as a whole, of several values one by one."""

    def of(*values: Value) -> Value:
        if len(values) == 1:
            return _reduced(pairwise.reduce)(values[0])
        found = values[0]
        for value in values[1:]:
            found = pairwise(found, value)
        return found

    return of


def _sigmoid(x: Value) -> Value:
    # Of the smaller exponential, so that nothing overflows.
    e = np.exp(-np.abs(x))
    return np.where(np.asarray(x) >= 0, 1.0 / (1.0 + e), e / (1.0 + e))[()]


def _where(condition: Value, one: Value, other: Value) -> Value:
    return np.asarray(np.where(condition, one, other))[()]


@dataclass(frozen=True)
class Function:
    """What may be called: how it is worked out, and how many arguments it takes."""

    work: Callable[..., Value]
    least: int = 1
    most: int = 1


ELEMENTWISE: dict[str, Function] = {
    **{name: Function(getattr(np, name)) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "sqrt", "floor", "ceil", "sign")},
    **{short: Function(getattr(np, long)) for short, long in (("asin", "arcsin"), ("acos", "arccos"), ("atan", "arctan"))},
    "abs": Function(np.abs),
    "ln": Function(np.log),
    "log": Function(np.log),
    "log10": Function(np.log10),
    "log2": Function(np.log2),
    "round": Function(np.round),
    "sigmoid": Function(_sigmoid),
    "relu": Function(lambda x: np.maximum(x, 0.0)),
    "step": Function(lambda x: np.heaviside(x, 1.0)),
    "where": Function(_where, 3, 3),
    "min": Function(_extreme(np.minimum), 2, 20),
    "max": Function(_extreme(np.maximum), 2, 20),
}

OF_SERIES: dict[str, Function] = ELEMENTWISE | {
    "min": Function(_extreme(np.minimum), 1, 20),
    "max": Function(_extreme(np.maximum), 1, 20),
    "mean": Function(_reduced(np.mean)),
    "std": Function(_reduced(np.std)),
    "median": Function(_reduced(np.median)),
    "sum": Function(lambda x: np.sum(np.asarray(x, float))),
    "first": Function(_reduced(lambda x: x[0])),
    "last": Function(_reduced(lambda x: x[-1])),
    "count": Function(lambda x: np.float64(np.size(x))),
    "any": Function(lambda x: np.any(x)),
    "all": Function(lambda x: np.all(x)),
    "intervals": Function(lambda x: np.diff(np.asarray(x, float).ravel())),
}

CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e, "inf": math.inf}

_BINARY: dict[type, Callable[[Value, Value], Value]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power, ast.Mod: np.mod,
}  # fmt: skip
_COMPARE: dict[type, Callable[[Value, Value], Value]] = {
    ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal, ast.Eq: np.equal, ast.NotEq: np.not_equal,
}  # fmt: skip
_PRINTED = {
    "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{MULTIPLICATION SIGN}": "*", "\N{MIDDLE DOT}": "*", "\N{DOT OPERATOR}": "*", "^": "**",
    "\N{LESS-THAN OR EQUAL TO}": "<=", "\N{GREATER-THAN OR EQUAL TO}": ">=", "\N{NOT EQUAL TO}": "!=", "\N{SUPERSCRIPT TWO}": "**2",
    "\N{SUPERSCRIPT THREE}": "**3", "\N{GREEK SMALL LETTER PI}": "pi", "\N{DIVISION SIGN}": "/", "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ", "\N{INFINITY}": "inf",
}  # fmt: skip


_TOKEN = re.compile(r"""(?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)|'[^']*'|"[^"]*"|\S""")


@dataclass(frozen=True)
class Formula:
    """A formula that has been read: call it with a value for each of `names`."""

    text: str
    names: tuple[str, ...]
    _tree: ast.expr = field(repr=False, compare=False)
    _meaning: Mapping[str, str] = field(repr=False, compare=False)  # placeholder -> name
    _functions: Mapping[str, Function] = field(repr=False, compare=False)

    def __call__(self, **values: Value) -> Value:
        """Its value: a NumPy number, a truth value, or an array where an array was given."""
        missing = [name for name in self.names if name not in values]
        if missing:
            raise FormulaError(f"'{missing[0]}' has no value here.", self.text)
        known = {name: value if isinstance(value, str) else np.asarray(value)[()] for name, value in values.items()}
        try:
            with np.errstate(all="ignore"):
                return self._value(self._tree, known)
        except (TypeError, ValueError) as error:
            raise FormulaError(f"This cannot be worked out ({error}).", self.text) from None

    def _value(self, node: ast.expr, known: Mapping[str, Value]) -> Value:
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, (str, bool)) else np.float64(node.value)  # type: ignore[arg-type]  # a number: checked
        if isinstance(node, ast.Name):
            name = self._meaning.get(node.id, node.id)
            value = known[name] if name in known else np.float64(CONSTANTS[name])
            # Whole numbers would wrap around where floating-point numbers overflow to infinity.
            return value if isinstance(value, str) or np.asarray(value).dtype.kind not in "iu" else np.asarray(value, float)[()]
        if isinstance(node, ast.BinOp):
            return _BINARY[type(node.op)](self._value(node.left, known), self._value(node.right, known))
        if isinstance(node, ast.UnaryOp):
            inner = self._value(node.operand, known)
            return np.logical_not(inner) if isinstance(node.op, ast.Not) else np.negative(inner) if isinstance(node.op, ast.USub) else inner
        if isinstance(node, ast.BoolOp):
            join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
            found = self._value(node.values[0], known)
            for part in node.values[1:]:
                found = join(found, self._value(part, known))
            return found
        if isinstance(node, ast.Compare):
            found, left = np.bool_(True), self._value(node.left, known)
            for op, side in zip(node.ops, node.comparators, strict=True):
                right = self._value(side, known)
                found = np.logical_and(found, _compare(op, left, right))
                left = right
            return found
        if isinstance(node, ast.IfExp):
            return _where(*(self._value(part, known) for part in (node.test, node.body, node.orelse)))
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        return self._functions[node.func.id].work(*(self._value(part, known) for part in node.args))


def _compare(op: ast.cmpop, left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        if not isinstance(op, (ast.Eq, ast.NotEq)):
            raise TypeError("words can only be equal or not")
        return np.bool_((left == right) == isinstance(op, ast.Eq))
    return _COMPARE[type(op)](left, right)


def parse(text: str, names: Collection[str], functions: Mapping[str, Function] = ELEMENTWISE) -> Formula:
    """The formula in `text`, which may use `names`, the `functions` and pi, e, inf.

    Raises FormulaError, which says what is wrong and where.
    """
    if not text.strip():
        raise FormulaError("Write a formula, such as 2 x + 1.", text)
    if len(text) > LONGEST:
        raise FormulaError(f"A formula has at most {LONGEST} characters (this one has {len(text)}).", text[:40], 0, 40)
    reader = _Reader(text, names, functions)
    return Formula(text, tuple(dict.fromkeys(reader.used)), reader.tree, reader.meaning, functions)


def parse_each(text: str, names: Collection[str], functions: Mapping[str, Function] = ELEMENTWISE) -> tuple[Formula, ...]:
    """The formulas in `text`, separated by commas or semicolons that stand in no parentheses: `y, -x`.

    Raises FormulaError with the place in the whole text.
    """
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character in ",;" and depth == 0:
            parts.append((start, text[start:at]))
            start = at + 1
    found = []
    for begin, part in (*parts, (start, text[start:])):
        try:
            found.append(parse(part, names, functions))
        except FormulaError as error:
            if not part.strip():
                raise FormulaError("A formula is missing beside the comma.", text, begin, min(begin + 1, len(text))) from None
            raise FormulaError(error.sentence, text, begin + error.first, begin + error.last) from None
    return tuple(found)


class _Reader:
    """Turns what a person wrote into a checked syntax tree, remembering where each character came from."""

    def __init__(self, text: str, names: Collection[str], functions: Mapping[str, Function]):
        self.text, self.names, self.functions = text, names, functions
        self.meaning: dict[str, str] = {}
        self.used: list[str] = []
        self.code = ""
        self.origin: list[int] = []  # of each character of the code, where in the text it stood
        self._translate()
        self._multiply()
        depth = 0
        for at, character in enumerate(self.code):
            depth += (character == "(") - (character == ")")
            if depth > DEEPEST:
                raise self._error("Too many parentheses within each other.", at, at + 1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # remarks on odd code, such as `1or 2`
                self.tree = ast.parse(self.code, mode="eval").body
        except SyntaxError as error:
            at = max(0, (error.offset or 1) - 1)
            raise self._error("This cannot be read as a formula.", at, max(at + 1, (error.end_offset or at + 2) - 1)) from None
        except (ValueError, RecursionError, MemoryError):
            raise FormulaError("This cannot be read as a formula.", text) from None
        self._depth = 0
        self._check(self.tree)

    def _error(self, sentence: str, first: int, last: int) -> FormulaError:
        end = len(self.text)
        where = [*self.origin, end]
        begin = where[min(first, len(self.origin))]
        stop = where[min(last, len(self.origin)) - 1] + 1 if last > first and self.origin else begin
        return FormulaError(sentence, self.text, min(begin, end), min(max(stop, begin), end))

    def _put(self, code: str, at: int, width: int = 1) -> None:
        """Append code that stands for `width` characters from `at` on."""
        for k in range(len(code)):
            self.origin.append(at + min(k, width - 1) if k < len(code) - 1 else at + width - 1)
        self.code += code

    def _translate(self) -> None:
        """Names of any text become placeholders, printed signs become typed ones."""
        odd = (n for n in self.names if n and (not n.isidentifier() or not n.isascii() or keyword.iskeyword(n)))
        phrases = sorted(odd, key=len, reverse=True)
        at, text = 0, self.text
        quoted = ""
        while at < len(text):
            character = text[at]
            if quoted or character in "'\"":
                quoted = "" if character == quoted else quoted or character
                self._put(character, at)
                at += 1
                continue
            phrase = next((p for p in phrases if text.startswith(p, at) and self._whole(at, p)), None)
            if phrase is not None:
                placeholder = next((k for k, v in self.meaning.items() if v == phrase), f"name_{len(self.meaning)}_")
                self.meaning[placeholder] = phrase
                self._put(placeholder, at, len(phrase))
                at += len(phrase)
                continue
            if character == "=" and text[at + 1 : at + 2] != "=" and text[max(0, at - 1) : at] not in ("=", "<", ">", "!"):
                self._put("==", at)
            elif character in "\n\r\t":
                self._put(" ", at)
            else:
                self._put(_PRINTED.get(character, character), at)
            at += 1
        lead = len(self.code) - len(self.code.lstrip())
        self.code, self.origin = self.code[lead:], self.origin[lead:]

    def _whole(self, at: int, phrase: str) -> bool:
        """Whether a name found at a place is not the part of a longer word."""
        before, after = self.text[at - 1 : at], self.text[at + len(phrase) : at + len(phrase) + 1]
        return not (_letter(before) and _letter(phrase[0])) and not (_letter(after) and _letter(phrase[-1]))

    def _multiply(self) -> None:
        """Put the times sign that books leave out: 2 x, 3 (x + 1), (x) (y), 2 sin(x)."""
        gaps, words = [], ("and", "or", "not", "if", "else", "in", "is")
        for one, two in pairwise(_TOKEN.finditer(self.code)):
            ends = one["number"] or one[0] == ")" or (one["name"] and one[0] not in words)
            starts = two["number"] or two[0] == "(" or (two["name"] and two[0] not in words)
            called = one["name"] and two[0] == "(" and (one[0] in self.functions or one.end() == two.start())
            if ends and starts and not called and not (one["number"] and two["number"]):
                gaps.append(one.end())
        for gap in reversed(gaps):
            self.code = self.code[:gap] + "*" + self.code[gap:]
            self.origin.insert(gap, self.origin[gap - 1])

    def _check(self, node: ast.AST) -> None:
        """Refuse everything that is not in the list, from the outside in."""
        first, last = self._place(node)
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error("Too much is nested here: write it shorter.", first, last)
        self._check_kind(node, first, last)
        self._depth -= 1

    def _check_kind(self, node: ast.AST, first: int, last: int) -> None:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, (int, float)):
                try:
                    finite = math.isfinite(float(node.value))
                except OverflowError:
                    finite = False
                if not finite:
                    raise self._error("This number is too large.", first, last)
            elif not isinstance(node.value, str):
                raise self._error("Only numbers can stand here.", first, last)
        elif isinstance(node, ast.Name):
            name = self.meaning.get(node.id, node.id)
            if name in self.names:
                self.used.append(name)
            elif name not in CONSTANTS:
                raise self._error(f"There is no name '{name}': {near(name, [*self.names, *CONSTANTS])}", first, last)
        elif isinstance(node, (ast.BinOp, ast.UnaryOp)):
            if (isinstance(node, ast.BinOp) and type(node.op) not in _BINARY) or isinstance(node.op, ast.Invert):
                raise self._error("This operation is not known here; there are + - * / ^ and %.", first, last)
            for inner in (node.left, node.right) if isinstance(node, ast.BinOp) else (node.operand,):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    raise self._error("One cannot calculate with words.", *self._place(inner))
                self._check(inner)
        elif isinstance(node, ast.BoolOp):
            for inner in node.values:
                self._check(inner)
        elif isinstance(node, ast.Compare):
            if any(type(op) not in _COMPARE for op in node.ops):
                raise self._error("Compare with < <= = != >= or >.", first, last)
            for inner in (node.left, *node.comparators):
                self._check(inner)
        elif isinstance(node, ast.IfExp):
            for inner in (node.test, node.body, node.orelse):
                self._check(inner)
        elif isinstance(node, ast.Call):
            self._check_call(node)
        else:
            raise self._error("Only numbers, names, operations and functions can stand here.", first, last)

    def _check_call(self, node: ast.Call) -> None:
        first, last = self._place(node)
        if not isinstance(node.func, ast.Name):
            raise self._error("Only a function of the list can be called.", *self._place(node.func))
        name = node.func.id
        if name not in self.functions:
            shown = self.meaning.get(name, name)
            if shown in self.names or shown in CONSTANTS:
                raise self._error(
                    f"'{shown}' is a number and not a function; write {shown} * (...) for a product.", *self._place(node.func)
                )
            raise self._error(f"There is no function '{shown}': {near(shown, self.functions)}", *self._place(node.func))
        function = self.functions[name]
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args) or not function.least <= len(node.args) <= function.most:
            wanted = str(function.least) if function.least == function.most else f"{function.least} or more"
            raise self._error(f"{name} takes {wanted} value{'s' if wanted != '1' else ''}.", first, last)
        for inner in node.args:
            self._check(inner)

    def _place(self, node: ast.AST) -> tuple[int, int]:
        """First character and one past the last, in the code (the tree counts bytes)."""
        octets = self.code.encode()
        first, last = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", len(octets))
        return len(octets[:first].decode(errors="ignore")), len(octets[:last].decode(errors="ignore"))


def _letter(character: str) -> bool:
    return bool(re.match(r"\w", character))
