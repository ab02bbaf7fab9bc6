"""Language models: a transformer written on the tape, what counting letters would say, and writing on.

    x     = embedding(letters) + positions
    x     = x + attention(norm(x));  x = x + MLP(norm(x))      for each block
    logits = head(norm(x))

Nodes of block b are called `block1.norm1 .q .k .v .attention .heads .mix .middle .norm2 .keys .neurons .values .out`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lab.tape import Node, Program, Tape
from lab.training.makers import HELD_OUT, Arrays, Made, Spelled, generator
from lab.training.objectives import Stage

BORROWED = 5.0  # letters of the shorter context that are added to the counts of a longer one


@dataclass(frozen=True)
class Shape:
    """What a transformer is made of."""

    letters: int
    context: int
    width: int
    blocks: int
    heads: int
    tied: bool = True
    hidden: int = 4  # neurons of a block, as a multiple of the width
    dropout: float = 0.0


def transformer(tape: Tape, x: Node, shape: Shape) -> tuple[Node, tuple[Stage, ...]]:
    """Write a transformer that reads letters x (context,); returns logits (context, letters) and the layers with weights.

    Pre-norm blocks as in GPT-2 (Radford et al. 2019): layer norm before attention and before the MLP, and one at the end. A
    head that is tied to the embedding begins with embeddings of deviation 0.1; all other weights begin small.
    """
    T, d, H = shape.context, shape.width, shape.heads
    table = tape.parameter("letters.weight", (shape.letters, d), init="tied" if shape.tied else "small")
    h = tape.embedding(x, weight=table, name="letters")
    h = tape.add(h, tape.parameter("positions.weight", (T, d), init="small"), name="stream")
    stages = [Stage("letters", "letters.weight", "letters")]
    for b in range(1, shape.blocks + 1):
        name = f"block{b}"
        normed = tape.layer_norm(h, name=f"{name}.norm1")
        three = tape.affine(normed, 3 * d, init="small", name=f"{name}.qkv")
        split = tape.transpose(tape.reshape(three, (T, 3, H, d // H)), (1, 2, 0, 3), name=f"{name}.split")
        q, k, v = (tape.select(split, i, name=f"{name}.{letter}") for i, letter in enumerate("qkv"))
        mix = tape.affine(tape.attention(q, k, v, causal=True, name=name), d, init="small", name=f"{name}.mix")
        h = tape.add(h, mix, name=f"{name}.middle")
        h = feed_forward(tape, h, shape.hidden * d, name)
        stages += [
            Stage(f"{name}.{part}", f"{name}.{part}.weight", f"{name}.{at}")
            for part, at in (("qkv", "qkv"), ("mix", "mix"), ("keys", "neurons"), ("values", "values"))
        ]
    last = tape.layer_norm(h, name="final")
    if shape.tied:
        return tape.affine(last, weight=table, bias=False, transposed=True, name="logits"), tuple(stages)
    logits = tape.affine(last, shape.letters, init="small", name="logits")
    return logits, (*stages, Stage("logits", "logits.weight", "logits"))


def feed_forward(tape: Tape, h: Node, neurons: int, name: str, init: str = "small") -> Node:
    """Write the MLP of a block, added to the stream h."""
    keys = tape.affine(tape.layer_norm(h, name=f"{name}.norm2"), neurons, init=init, name=f"{name}.keys")
    values = tape.affine(tape.gelu(keys, name=f"{name}.neurons"), h.shape[-1], init=init, name=f"{name}.values")
    return tape.add(h, values, name=f"{name}.out")


@dataclass(frozen=True, eq=False)
class Counts:
    """Letters counted in a training text: what one, two or three letters in a row foretell.

    A longer context borrows `BORROWED` letters from the next shorter one (Dirichlet smoothing), so that nothing has the
    probability zero.
    """

    tokens: np.ndarray  # of the training part
    letters: int

    @cached_property
    def one(self) -> np.ndarray:
        """(V,) probabilities of letters."""
        found = np.bincount(self.tokens, minlength=self.letters) + 1.0
        return found / found.sum()

    @cached_property
    def two(self) -> np.ndarray:
        """(V, V) probabilities after one letter."""
        V, a = self.letters, self.tokens
        found = np.bincount(a[:-1] * V + a[1:], minlength=V * V).reshape(V, V) + BORROWED * self.one
        return found / found.sum(axis=1, keepdims=True)

    @cached_property
    def _triples(self) -> tuple[np.ndarray, np.ndarray]:
        # Of a large alphabet most triples never occur: only those that do are kept.
        V, a = self.letters, self.tokens.astype(np.int64)
        return np.unique((a[:-2] * V + a[1:-1]) * V + a[2:], return_counts=True)

    def three(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """(n, V) probabilities after two letters."""
        V = self.letters
        keys, counts = self._triples
        pair = (np.asarray(first, np.int64) * V + second) * V
        found = BORROWED * self.two[np.asarray(second)]
        low, high = np.searchsorted(keys, pair), np.searchsorted(keys, pair + V)
        for row, (a, b) in enumerate(zip(low, high, strict=True)):
            found[row, keys[a:b] - pair[row]] += counts[a:b]
        return found / found.sum(axis=1, keepdims=True)

    def losses(self, tokens: np.ndarray) -> tuple[float, float, float, float]:
        """Nats per letter on a text: by chance, by single letters, after one letter, after two."""
        a = np.asarray(tokens)
        keys, counts = self._triples
        V = self.letters
        pair = (a[:-2].astype(np.int64) * V + a[1:-1]) * V
        low, high = np.searchsorted(keys, pair), np.searchsorted(keys, pair + V)
        running = np.concatenate([[0], np.cumsum(counts)])
        at = np.searchsorted(keys, pair + a[2:])
        same = (at < len(keys)) & (keys[np.minimum(at, len(keys) - 1)] == pair + a[2:])
        hits = np.where(same, counts[np.minimum(at, len(keys) - 1)], 0)
        three = (hits + BORROWED * self.two[a[1:-1], a[2:]]) / (running[high] - running[low] + BORROWED)
        return (
            float(np.log(V)),
            float(-np.log(self.one[a]).mean()),
            float(-np.log(self.two[a[:-1], a[1:]]).mean()),
            float(-np.log(three).mean()),
        )


def chances(logits: np.ndarray, temperature: float, most: int) -> np.ndarray:
    """(..., V) probabilities of the `most` likeliest letters (0: of all) at a temperature; at 0 the likeliest alone."""
    z = np.asarray(logits, float)
    if most and most < z.shape[-1]:
        least = np.partition(z, -most, axis=-1)[..., -most, None]
        z = np.where(z >= least, z, -np.inf)
    if temperature <= 0.0:
        hit = z == z.max(axis=-1, keepdims=True)
        return hit / hit.sum(axis=-1, keepdims=True)
    z = (z - z.max(axis=-1, keepdims=True)) / temperature
    p = np.exp(z)
    return p / p.sum(axis=-1, keepdims=True)


def padded(tokens: np.ndarray, context: int) -> tuple[np.ndarray, int]:
    """((1, context) the last letters, filled up behind with letter 0; the place of the last one). What stands behind changes nothing."""
    last = np.asarray(tokens[-context:], np.int64)
    row = np.zeros((1, context), np.int64)
    row[0, : len(last)] = last
    return row, len(last) - 1


def write_on(
    program: Program, state: dict[str, np.ndarray], tokens: np.ndarray, count: int, context: int, *,
    temperature: float, most: int, seed: tuple[int, ...], replace: dict[str, Any] | None = None, node: str = "logits", letters: int | None = None,
) -> np.ndarray:  # fmt: skip
    """`count` letters after `tokens` (at least one), each drawn from what the network says next (at this node) of the first `letters` tokens."""
    random = np.random.default_rng([abs(int(s)) for s in seed])
    text = list(tokens)
    for _ in range(count):
        row, at = padded(np.array(text[-context:]), context)
        p = chances(program.forward(state, node, replace=replace, x=row)[0, at, :letters], temperature, most)
        text.append(int(np.searchsorted(np.cumsum(p), random.random() * p.sum(), side="right").clip(0, len(p) - 1)))
    return np.array(text[len(tokens) :], np.int64)


@dataclass(frozen=True)
class Repeats(Spelled, Made):
    """Letters drawn at random and repeated with a period that is drawn anew for each sequence: the task that needs an induction head.

    A fixed period would be solved by looking a fixed way back, which a single block can; here the model must find where the
    present letter stood before, and read what came after it.
    """

    context: int = 32
    letters: int = 8
    periods: tuple[int, int] = (5, 11)

    @property
    def alphabet(self) -> str:
        """The letters."""
        return "abcdefghijklmnopqrstuvwxyz"[: self.letters]

    @property
    def known_from(self) -> int:
        """From this place on every next letter was seen one period ago, whatever the period."""
        return self.periods[1]

    def draw(self, random: np.random.Generator, count: int) -> Arrays:
        """x (count, context) and t, the same one letter further."""
        T = self.context + 1
        period = random.integers(self.periods[0], self.periods[1] + 1, count)
        first = random.integers(0, self.letters, (count, self.periods[1]))
        rows = first[np.arange(count)[:, None], np.arange(T)[None] % period[:, None]]
        return {"x": rows[:, :-1], "t": rows[:, 1:]}

    def periods_of(self, seed: int, count: int) -> np.ndarray:
        """(count,) the periods of the sequences held out."""
        return generator(seed, HELD_OUT).integers(self.periods[0], self.periods[1] + 1, count)

    @property
    def each(self) -> float:
        """Characters of a token, on average."""
        return 1.0
