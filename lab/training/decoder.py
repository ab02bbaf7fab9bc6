"""A transformer of the GPT-2 family run forward, token by token or many at once, with its keys and values kept.

    x = embedding + position;  x += mix(heads(norm(x)));  x += values(gelu(keys(norm(x))));  logits = head . norm(x)

Every row is computed in the same order of sums however many go through at once, so what a token gives does not depend, to the last bit, on
whether the tokens before it were kept or are computed again: a run can be taken up at any checkpoint.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from lab.kernels import exp32, kernel, tanh32
from lab.training.checkpoint import Block, Checkpoint

TILE = 1024  # columns of a product that are summed together
GROW = 64  # places by which what is kept grows
WIDE = 512  # from this width on products are shared by two threads
ROWS = 16  # rows whose logits are held at once


@kernel
def normalise(x, gain, bias, epsilon, y):
    """y = layer norm of each row of x."""
    n = x.shape[1]
    for t in range(x.shape[0]):
        mean, square = np.float32(0.0), np.float32(0.0)
        for i in range(n):
            mean += x[t, i]
        mean /= np.float32(n)
        for i in range(n):
            square += (x[t, i] - mean) * (x[t, i] - mean)
        scale = np.float32(1.0) / np.sqrt(square / np.float32(n) + epsilon)
        for i in range(n):
            y[t, i] = (x[t, i] - mean) * scale * gain[i] + bias[i]


@kernel
def product(x, w, bias, add, y, first, last):
    """Columns first to last of y = x w + bias, or added to y; eight rows of w at a time, in one order for every row of x."""
    n, T = w.shape[0], x.shape[0]
    start = first
    while start < last:
        end = min(last, start + TILE)
        for t in range(T):
            for j in range(start, end):
                y[t, j] = y[t, j] + bias[j] if add else bias[j]
        i = 0
        while i + 8 <= n:
            for t in range(T):
                a0, a1, a2, a3 = x[t, i], x[t, i + 1], x[t, i + 2], x[t, i + 3]
                a4, a5, a6, a7 = x[t, i + 4], x[t, i + 5], x[t, i + 6], x[t, i + 7]
                for j in range(start, end):
                    four = a0 * w[i, j] + a1 * w[i + 1, j] + a2 * w[i + 2, j] + a3 * w[i + 3, j]
                    y[t, j] += four + (a4 * w[i + 4, j] + a5 * w[i + 5, j] + a6 * w[i + 6, j] + a7 * w[i + 7, j])
            i += 8
        while i < n:
            for t in range(T):
                for j in range(start, end):
                    y[t, j] += x[t, i] * w[i, j]
            i += 1
        start = end


@kernel
def attend(qkv, keys, values, place, on, y):
    """Rows of all heads for tokens whose first stands at `place`: keys and values of all places so far are kept; `on` is 0 where a head is silent."""
    d, heads = y.shape[1], len(on)
    size = d // heads
    scores = np.empty(keys.shape[0], np.float32)
    scale = np.float32(1.0) / np.sqrt(np.float32(size))
    for t in range(qkv.shape[0]):
        now = place + t + 1
        for h in range(heads):
            at = h * size
            most = np.float32(-np.inf)
            for j in range(now):
                s = np.float32(0.0)
                for i in range(size):
                    s += qkv[t, at + i] * keys[j, at + i]
                scores[j] = s * scale
                most = max(most, scores[j])
            total = np.float32(0.0)
            for j in range(now):
                scores[j] = exp32(scores[j] - most)
            for j in range(now):
                total += scores[j]
            for i in range(size):
                y[t, at + i] = np.float32(0.0)
            for j in range(now):
                share = scores[j] / total * on[h]
                for i in range(size):
                    y[t, at + i] += share * values[j, at + i]


@kernel
def answer(x, on):
    """x = gelu(x), by tanh, times what is `on`, in place."""
    for t in range(x.shape[0]):
        for i in range(x.shape[1]):
            a = x[t, i]
            inner = np.float32(0.7978845608028654) * (a + np.float32(0.044715) * a * a * a)
            x[t, i] = np.float32(0.5) * a * (np.float32(1.0) + tanh32(inner)) * on[i]


@kernel
def read_out(x, head, y, first, last):
    """Rows first to last of the head: y[t, k] = head[k] . x[t]."""
    for k in range(first, last):
        for t in range(x.shape[0]):
            s = np.float32(0.0)
            for i in range(x.shape[1]):
                s += head[k, i] * x[t, i]
            y[t, k] = s


def _shared(call: Callable[[int, int], Any], columns: int, work: int) -> None:
    """`call(first, last)` over all columns; where there is much work two threads take half of them each, which changes no sum."""
    half = columns // 2 // TILE * TILE or columns // 2 // 64 * 64
    if work < 1 << 20 or not half:
        call(0, columns)
        return
    other = threading.Thread(target=call, args=(half, columns))
    other.start()
    call(0, half)
    other.join()


def times(x: np.ndarray, w: np.ndarray, bias: np.ndarray, y: np.ndarray, add: bool = False) -> np.ndarray:
    """y = x w + bias (or added to y), for rows x."""
    _shared(lambda first, last: product(x, w, bias, add, y, first, last), w.shape[1], w.size)
    return y


def logits_of(model: Checkpoint, x: np.ndarray) -> np.ndarray:
    """(T, V) what rows of the stream would say if it ended there: the last norm, then the head."""
    x = np.ascontiguousarray(x, np.float32)
    normed, found = np.empty_like(x), np.empty((len(x), len(model.head)), np.float32)
    normalise(x, model.gain, model.bias, np.float32(model.epsilon), normed)
    _shared(lambda first, last: read_out(normed, model.head, found, first, last), len(model.head), model.head.size)
    return found


def pushes(model: Checkpoint, vectors: np.ndarray) -> np.ndarray:
    """(n, V) how vectors added to the stream move the tokens, up to the last norm's division by the stream's length."""
    turned = np.ascontiguousarray((vectors - vectors.mean(1, keepdims=True)) * model.gain, np.float32)
    found = np.empty((len(turned), len(model.head)), np.float32)
    _shared(lambda first, last: read_out(turned, model.head, found, first, last), len(model.head), model.head.size)
    return found


class Masks:
    """What is silent: (blocks, heads), (blocks, neurons), (blocks,), 1 where it speaks."""

    def __init__(self, heads: np.ndarray, neurons: np.ndarray, blocks: np.ndarray):
        self.heads, self.neurons, self.blocks = (np.asarray(a, np.float32) for a in (heads, neurons, blocks))
        self.key = b"".join(np.packbits(a != 0).tobytes() for a in (self.heads, self.neurons, self.blocks))

    @classmethod
    def none(cls, model: Checkpoint) -> Masks:
        """Nothing is silent."""
        layers = len(model.blocks)
        return cls(np.ones((layers, model.heads)), np.ones((layers, model.neurons)), np.ones(layers))


class Pass:
    """A text going through a transformer: keys and values of all places so far, and the stream after each half of each block.

    queries, keys, values (blocks, n, d); stream (2 blocks + 1, n, d): the embedding, then after heads and MLP of each block;
    surprise (n,) nats of each token (0 of the first)
    """

    def __init__(self, model: Checkpoint, masks: Masks | None = None):
        self.model, self.masks = model, masks or Masks.none(model)
        self.tokens: list[int] = []
        layers, d = len(model.blocks), model.width
        self.queries, self.keys, self.values = (np.empty((layers, 0, d), np.float32) for _ in range(3))
        self.stream = np.empty((2 * layers + 1, 0, d), np.float32)
        self.surprise = np.empty(0)
        self._last: tuple[int, np.ndarray] | None = None

    def read(self, tokens: list[int] | np.ndarray) -> Pass:
        """Make these the tokens that have gone through: what they begin with in common with those before is kept."""
        wanted = [int(k) for k in tokens][: self.model.context]
        same = 0
        while same < min(len(wanted), len(self.tokens)) and wanted[same] == self.tokens[same]:
            same += 1
        if same < len(self.tokens):
            del self.tokens[same:]
        if same < len(wanted):
            self._forward(wanted[same:])
        return self

    def _forward(self, tokens: list[int]) -> None:
        model, masks, place, T = self.model, self.masks, len(self.tokens), len(tokens)
        self._grow(place + T)
        d, epsilon = model.width, np.float32(model.epsilon)
        x = model.embedding[tokens] + model.positions[place : place + T]
        normed, three, joined = np.empty_like(x), np.empty((T, 3 * d), np.float32), np.empty_like(x)
        hidden = np.empty((T, model.neurons), np.float32)
        here = slice(place, place + T)
        self.stream[0, here] = x
        for b, block in enumerate(model.blocks):
            silent = not masks.blocks[b]
            normalise(x, block.norm1_gain, block.norm1_bias, epsilon, normed)
            times(normed, block.qkv, block.qkv_bias, three)
            self.queries[b, here], self.keys[b, here], self.values[b, here] = three[:, :d], three[:, d : 2 * d], three[:, 2 * d :]
            if not silent:
                attend(three, self.keys[b], self.values[b], place, masks.heads[b], joined)
                times(joined, block.mix, block.mix_bias, x, add=True)
            self.stream[2 * b + 1, here] = x
            if not silent:
                self._answers(x, block, normed, hidden)
                answer(hidden, masks.neurons[b])
                times(hidden, block.values, block.values_bias, x, add=True)
            self.stream[2 * b + 2, here] = x
        self.tokens += tokens
        # What each token said of the next one, which is known for all but the last.
        first = max(0, place - 1)
        for start in range(first, place + T - 1, ROWS):
            stop = min(start + ROWS, place + T - 1)
            logits = logits_of(model, self.stream[-1, start:stop]).astype(float)
            most = logits.max(1)
            total = np.log(np.exp(logits - most[:, None]).sum(1)) + most
            self.surprise[start + 1 : stop + 1] = total - logits[np.arange(stop - start), self.tokens[start + 1 : stop + 1]]

    def _answers(self, x: np.ndarray, block: Block, normed: np.ndarray, hidden: np.ndarray) -> None:
        normalise(x, block.norm2_gain, block.norm2_bias, np.float32(self.model.epsilon), normed)
        times(normed, block.keys, block.keys_bias, hidden)

    def _grow(self, count: int) -> None:
        room = self.stream.shape[1]
        if count <= room:
            return
        size = min(self.model.context, max(2 * room, -(-count // GROW) * GROW))
        for name in ("queries", "keys", "values", "stream"):
            old = getattr(self, name)
            new = np.zeros((old.shape[0], size, old.shape[2]), np.float32)
            new[:, :room] = old
            setattr(self, name, new)
        self.surprise = np.concatenate([self.surprise, np.zeros(size - room)])

    def logits(self, place: int = -1) -> np.ndarray:
        """(V,) what is said of the token after this place."""
        at = place % len(self.tokens)
        return logits_of(self.model, self.stream[-1, at : at + 1])[0]

    def answers(self, places: slice | list[int]) -> np.ndarray:
        """(blocks, places, neurons) how the neurons answer there; silent ones are 0."""
        found = []
        for b, block in enumerate(self.model.blocks):
            x = np.ascontiguousarray(self.stream[2 * b + 1, : len(self.tokens)][places])
            hidden = np.empty((len(x), self.model.neurons), np.float32)
            self._answers(x, block, np.empty_like(x), hidden)
            answer(hidden, self.masks.neurons[b] * self.masks.blocks[b])
            found.append(hidden)
        return np.stack(found)

    def answers_of(self, neurons: list[tuple[int, int]], places: slice) -> np.ndarray:
        """(neurons, places) how these neurons (block, number) answer there, silent ones as if they spoke."""
        found = []
        for b, n in neurons:
            block, x = self.model.blocks[b], np.ascontiguousarray(self.stream[2 * b + 1, : len(self.tokens)][places])
            normed = np.empty_like(x)
            normalise(x, block.norm2_gain, block.norm2_bias, np.float32(self.model.epsilon), normed)
            keys = (normed @ block.keys[:, n] + block.keys_bias[n])[:, None]
            answer(keys, np.ones(1, np.float32))
            found.append(keys[:, 0])
        return np.stack(found)

    def attention(self, block: int, first: int = 0, last: int | None = None) -> np.ndarray:
        """(heads, places, places up to last) where the heads of a block look from the places first to last."""
        model = self.model
        last = len(self.tokens) if last is None else last
        size = model.width // model.heads
        q = self.queries[block, first:last].reshape(-1, model.heads, size).transpose(1, 0, 2).astype(float)
        k = self.keys[block, :last].reshape(-1, model.heads, size).transpose(1, 2, 0)
        scores = q @ k / math.sqrt(size)
        scores[:, np.arange(last)[None] > np.arange(first, last)[:, None]] = -np.inf
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        return shares / shares.sum(-1, keepdims=True)
