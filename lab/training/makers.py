"""What is learned from, behind one protocol: examples, sequences, points, text, episodes.

A maker is a frozen value: the same one makes the same samples from the same seed. Its samples are dicts of arrays by the name of the
program's input, the first axis being the sample. A maker that is `fresh` makes every epoch anew, so that nothing is seen
twice; the others make one set and hold a part of it out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np

from lab.errors import FileError, ModelError, near
from lab.tape import Data, Program
from lab.tape.data import windows

Arrays = dict[str, np.ndarray]
HELD_OUT = -1  # the epoch that nobody trains on


def generator(seed: int, epoch: int) -> np.random.Generator:
    """The numbers of one epoch of one run; those of the part held out are of no epoch."""
    return np.random.default_rng([abs(int(seed)), epoch + 1, 0x6D616B])


class Maker(Protocol):
    """The protocol: what a learner asks of what it learns from."""

    @property
    def rows(self) -> int:
        """Samples of an epoch."""

    @property
    def fresh(self) -> bool:
        """Whether every epoch is made anew."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each input per sample."""

    def training(self, seed: int, epoch: int) -> Arrays:
        """The samples of an epoch."""

    def held_out(self, seed: int, count: int) -> Arrays:
        """Up to `count` samples that are never trained on."""

    def pack(self, program: Program, seed: int, epoch: int) -> Data:
        """The samples of an epoch as the tape takes them."""


@dataclass(frozen=True)
class Made:
    """Base of the makers: samples drawn by `draw(random, count)`, anew for each epoch."""

    rows: int = 6400
    fresh: ClassVar[bool] = True

    def draw(self, random: np.random.Generator, count: int) -> Arrays:
        """`count` samples."""
        raise ModelError(f"{type(self).__name__} does not implement draw().")

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each input per sample."""
        return {name: array.shape[1:] for name, array in self.draw(np.random.default_rng(0), 1).items()}

    def training(self, seed: int, epoch: int) -> Arrays:
        """The samples of an epoch."""
        return self.draw(generator(seed, epoch), self.rows)

    def held_out(self, seed: int, count: int) -> Arrays:
        """Samples of no epoch."""
        return self.draw(generator(seed, HELD_OUT), count)

    def pack(self, program: Program, seed: int, epoch: int) -> Data:
        """The samples of an epoch as the tape takes them."""
        return program.data(**self.training(seed, epoch))


@dataclass(frozen=True, eq=False)
class Examples:
    """Rows that exist: the same ones in every epoch, in another order; a part of them is held out."""

    inputs: tuple[tuple[str, np.ndarray, np.ndarray], ...]  # name, training rows, rows held out
    fresh: ClassVar[bool] = False

    @property
    def rows(self) -> int:
        """Training examples."""
        return len(self.inputs[0][1])

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each input per sample."""
        return {name: rows.shape[1:] for name, rows, _ in self.inputs}

    def training(self, seed: int, epoch: int) -> Arrays:
        """All training examples."""
        return {name: rows for name, rows, _ in self.inputs}

    def held_out(self, seed: int, count: int) -> Arrays:
        """The first of those held out."""
        return {name: held[:count] for name, _, held in self.inputs}

    def pack(self, program: Program, seed: int, epoch: int) -> Data:
        """All training examples as the tape takes them."""
        return program.data(**self.training(seed, epoch))


# -- points --


@dataclass(frozen=True)
class Points(Made):
    """Points of a distribution in the plane or on the line, given to input `x`.

    `kind` is one of POINTS, "painted" (points drawn by hand, each spread by `noise`) or "density" (a curve over the line, drawn by hand).
    """

    kind: str = "ring"
    noise: float = 0.05
    radius: float = 1.0
    centres: int = 8
    painted: tuple[tuple[float, float, float], ...] = ()
    drawn: tuple[tuple[float, float], ...] = ()

    def draw(self, random: np.random.Generator, count: int) -> Arrays:
        """Points, (count, 2) or (count, 1)."""
        if self.kind == "density":
            return {"x": _from_density(self.drawn, random, count)}
        modes = self.modes()
        if modes is not None:
            if not len(modes):
                raise ModelError("Paint at least one point: click in the plot.")
            points = modes[random.integers(0, len(modes), count)] + self.noise * random.standard_normal((count, modes.shape[1]))
        elif self.kind in POINTS:
            points = POINTS[self.kind](self, random, count)
        else:
            raise ModelError(f"There is no distribution of points '{self.kind}': {near(self.kind, [*POINTS, 'painted', 'density'])}")
        return {"x": points.astype(np.float32)}

    def modes(self) -> np.ndarray | None:
        """Centres (m, 2) of the clouds that the points come from; None where they come from a line, or from a density."""
        if self.kind == "ring":
            angles = 2 * math.pi * np.arange(self.centres) / self.centres
            return self.radius * np.stack([np.cos(angles), np.sin(angles)], 1)
        if self.kind == "grid":
            side = max(1, round(math.sqrt(self.centres)))
            line = self.radius * (np.linspace(-1, 1, side) if side > 1 else np.zeros(1))
            return np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
        if self.kind == "painted":
            return np.array([p[:2] for p in self.painted], float).reshape(-1, 2)
        return None


def _moons(maker: Points, random: np.random.Generator, count: int) -> np.ndarray:
    angle, second = math.pi * random.random(count), random.random(count) < 0.5
    x = np.where(second[:, None], np.c_[1 - np.cos(angle), 0.5 - np.sin(angle)], np.c_[np.cos(angle), np.sin(angle)])
    return maker.radius * (x - np.array([0.5, 0.25])) + maker.noise * random.standard_normal((count, 2))


def _line(maker: Points, random: np.random.Generator, count: int) -> np.ndarray:
    return maker.radius + maker.noise * random.standard_normal((count, 1))


# A one-dimensional Gaussian has its mean at `radius`.
POINTS: dict[str, Callable[[Points, np.random.Generator, int], np.ndarray]] = {
    "ring": lambda m, r, n: np.empty((0, 2)),  # by its centres
    "grid": lambda m, r, n: np.empty((0, 2)),
    "moons": _moons,
    "Gaussian": _line,
}


def density(drawn: tuple[tuple[float, float], ...], x: np.ndarray) -> np.ndarray:
    """The density that a curve drawn by hand stands for: its height above zero, with area 1."""
    if len(drawn) < 2:
        raise ModelError("A density drawn by hand needs at least two points: draw it first.")
    points = np.array(sorted((float(a), float(b)) for a, b in drawn))
    fine = np.linspace(points[0, 0], points[-1, 0], 2001)
    height = np.maximum(np.interp(fine, points[:, 0], points[:, 1]), 0.0)
    area = float(np.trapezoid(height, fine))
    if area <= 0:
        raise ModelError("A density drawn by hand must lie above zero somewhere: draw it higher.")
    return np.interp(x, fine, height / area, left=0.0, right=0.0)


def _from_density(drawn: tuple[tuple[float, float], ...], random: np.random.Generator, count: int) -> np.ndarray:
    low, high = min(p[0] for p in drawn), max(p[0] for p in drawn)
    x = np.linspace(low, high, 2001)
    area = np.concatenate([[0.0], np.cumsum((density(drawn, x)[1:] + density(drawn, x)[:-1]) / 2 * np.diff(x))])
    return np.interp(random.random(count) * area[-1], area, x)[:, None].astype(np.float32)


# -- sequences --


@dataclass(frozen=True)
class Sequences(Made):
    """Sequences of `length` steps: input `x` (length, values) and target `t`, of one task out of SEQUENCES.

    adding  two rows: numbers from 0 to 1, and two marks; the target (1,) is the sum of the marked numbers
            (Hochreiter and Schmidhuber 1997, with the marks in either half)
    echo    bits; the target (length, 1) is the bit of `delay` steps before, 0 at first
    sine    a sine whose period is `period` plus or minus 20 %, at a phase of chance; the target (length, 1) is its next value
    XOR     bits; the target (length, 1) is the exclusive or of this bit and that of `delay` steps before
    Dyck    words of two kinds of brackets, closed in order: a step has its kind (1 round, -1 square), and 1 where it opens, -1 where
            it closes; the target (length, 1) is the kind of the bracket that has to be closed next, 0 where none is open
    """

    kind: str = "adding"
    length: int = 50
    delay: int = 5
    period: float = 20.0

    def draw(self, random: np.random.Generator, count: int) -> Arrays:
        """(count, length, values) and targets."""
        if self.kind not in SEQUENCES:
            raise ModelError(f"There is no task of sequences '{self.kind}': {near(self.kind, SEQUENCES)}")
        x, t = SEQUENCES[self.kind](self, random, count)
        return {"x": x.astype(np.float32), "t": t.astype(np.float32)}


def _adding(maker: Sequences, random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    values, marks, half = random.random((count, maker.length)), np.zeros((count, maker.length)), maker.length // 2
    marks[np.arange(count), random.integers(0, max(1, half), count)] = 1
    marks[np.arange(count), random.integers(half, maker.length, count)] = 1
    return np.stack([values, marks], -1), (values * marks).sum(1, keepdims=True)


def _bits(maker: Sequences, random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    bits = random.integers(0, 2, (count, maker.length))
    before = np.zeros_like(bits)
    before[:, maker.delay :] = bits[:, : maker.length - maker.delay] if maker.delay else bits
    return bits, before


def _echo(maker: Sequences, random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    bits, before = _bits(maker, random, count)
    return bits[..., None], before[..., None]


def _sine(maker: Sequences, random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    period = maker.period * (0.8 + 0.4 * random.random((count, 1)))
    wave = np.sin(2 * math.pi * (np.arange(maker.length + 1) / period + random.random((count, 1))))
    return wave[:, :-1, None], wave[:, 1:, None]


def _exclusive(maker: Sequences, random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    bits, before = _bits(maker, random, count)
    return bits[..., None], (bits ^ before)[..., None]


def _dyck(maker: Sequences, random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    T, each = maker.length, np.arange(count)
    whole = T + T % 2  # a word of an odd length is cut off before its last bracket
    depth, stack = np.zeros(count, np.int64), np.zeros((count, whole // 2 + 1))
    x, t = np.zeros((count, T, 2)), np.zeros((count, T, 1))
    for k in range(T):
        opens = (depth == 0) | ((depth < whole - k) & (random.random(count) < 0.5))
        kind = np.where(opens, 2.0 * random.integers(0, 2, count) - 1.0, stack[each, depth - 1])
        stack[each[opens], depth[opens]] = kind[opens]
        depth += np.where(opens, 1, -1)
        x[:, k] = np.stack([kind, np.where(opens, 1.0, -1.0)], -1)
        t[:, k, 0] = np.where(depth > 0, stack[each, depth - 1], 0.0)
    return x, t


def open_for(x: np.ndarray) -> np.ndarray:
    """(count, length) how many steps ago the bracket that has to be closed next was opened; -1 where none is open. x as `Dyck` makes it."""
    found = np.full(x.shape[:2], -1)
    for row, word in zip(found, x[..., 1], strict=True):
        opened: list[int] = []
        for k, opens in enumerate(word > 0):
            opened.append(k) if opens else opened.pop()
            row[k] = k - opened[-1] if opened else -1
    return found


SEQUENCES: dict[str, Callable[[Sequences, np.random.Generator, int], tuple[np.ndarray, np.ndarray]]] = {
    "adding": _adding,
    "echo": _echo,
    "sine": _sine,
    "XOR": _exclusive,
    "Dyck": _dyck,
}


# -- text --


def numbered(text: str, alphabet: str) -> np.ndarray:
    """The numbers of characters in an alphabet."""
    known = {letter: k for k, letter in enumerate(alphabet)}
    unknown = next((letter for letter in text if letter not in known), None)
    if unknown is not None:
        raise ModelError(f"The letter {unknown!r} does not occur in what is learned: use {alphabet.strip()[:30]}.")
    return np.array([known[letter] for letter in text], np.int64)


def known_of(text: str, alphabet: str) -> np.ndarray:
    """The numbers of those characters that are in an alphabet."""
    return np.array([k for letter in text for k in [alphabet.find(letter)] if k >= 0], np.int64)


class Spelled:
    """What reads and writes texts letter by letter, by its place in an `alphabet`."""

    alphabet: Any  # a text; a property or a field of the maker

    def tokens(self, text: str) -> np.ndarray:
        """Numbers of letters, in the order of the alphabet."""
        return numbered(text, self.alphabet)

    def known(self, text: str) -> np.ndarray:
        """Numbers of those letters of a text that are in the alphabet."""
        return known_of(text, self.alphabet)

    def written(self, tokens: np.ndarray) -> str:
        """The text of numbers."""
        return "".join(self.alphabet[k] for k in tokens)

    @property
    def lengths(self) -> np.ndarray:
        """(V,) characters of each token."""
        return np.ones(len(self.alphabet))


@dataclass(frozen=True)
class Text(Spelled):
    """Windows of one long text, `context` characters each: input `x`, and `t` the same window one character further.

    Training windows and those held out (the last `held` part) never overlap. alphabet holds every character that occurs.
    """

    text: str
    context: int = 32
    held: float = 0.1
    fresh: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if min(self.cut, len(self.text) - self.cut) <= self.context + 1:
            raise FileError(
                f"The text has {len(self.text)} characters: windows of {self.context} need more than {self.context + 1} in the part that is "
                f"trained on and in the {self.held:.0%} held out; take a longer text or a shorter context."
            )

    @property
    def cut(self) -> int:
        """Where the part held out begins."""
        return round(len(self.text) * (1 - self.held))

    @cached_property
    def alphabet(self) -> str:
        """Every character that occurs, in the order of the code."""
        return "".join(sorted(set(self.text)))

    @property
    def rows(self) -> int:
        """Training windows."""
        return self.cut - self.context

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each input per sample."""
        return {"x": (self.context,), "t": (self.context,)}

    @property
    def each(self) -> float:
        """Characters of a token, on average."""
        return 1.0

    def _windows(self, tokens: np.ndarray, starts: np.ndarray) -> Arrays:
        at = starts[:, None] + np.arange(self.context)
        return {"x": tokens[at], "t": tokens[at + 1]}

    def training(self, seed: int, epoch: int) -> Arrays:
        """Every training window."""
        return self._windows(self.tokens(self.text[: self.cut]), np.arange(self.rows))

    def held_out(self, seed: int, count: int) -> Arrays:
        """Windows of the part held out that do not overlap, spread over it."""
        tokens = self.tokens(self.text[self.cut :])
        starts = np.arange(0, len(tokens) - self.context, self.context)
        chosen = np.linspace(0, len(starts) - 1, min(count, len(starts))).round().astype(int)
        return self._windows(tokens, starts[chosen])

    def pack(self, program: Program, seed: int, epoch: int) -> Data:
        """Training windows without a copy of each."""
        return windows(program.tape, program.dtype, self.tokens(self.text[: self.cut]), {"x": 0, "t": 1})


# -- episodes --


class Episodes(Protocol):
    """Samples that depend on who acts: made from the state of a run, not before it.

    A learner of episodes overrides `Learner.learn`: it rolls episodes out, then takes steps of the program on what came of them.
    """

    def roll(self, constants: Any, state: dict[str, np.ndarray], count: int) -> Arrays:
        """`count` episodes of the present policy; random numbers come from the state."""
