"""Skip-gram and continuous bag of words with negative sampling, over slices of a text.

For a word w and a word c of its window, skip-gram raises log s(u_c . v_w) + sum_k log s(-u_nk . v_w) with s the logistic
function and nk drawn with probability proportional to count^0.75; CBOW does the same with the mean of the window's vectors
in place of v_w (Mikolov et al. 2013b, equations 4 and 5). Before windows are formed a word of frequency f stays with
probability (sqrt(f/s) + 1) s/f; the window is shrunk to a uniform size from 1 to `window`; the rate falls linearly.

The reference program and its followers look the logistic function up in a table that ends at +-6: beyond, the reference
program saturates the gradient and gensim skips the update. Here the function is computed, so neither end exists.

Vectors are rows of float32 padded with zeros to a multiple of 16 numbers: loops over whole rows then need no remainder,
and padding stays zero because every update is a multiple of another row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.embedding.corpus import Corpus
from lab.kernels import kernel, next_bits, seed_state, sigmoid32, uniform
from lab.kernels.ahead import ask_for_row

LANES = 16
MOST_NEGATIVES = 30
_LOW = np.uint64(0xFFFFFFFF)
_HIGH = np.uint64(32)


def padded(size: int) -> int:
    """Row length for vectors of `size` numbers."""
    return -(-size // LANES) * LANES


def aligned_zeros(rows: int, columns: int) -> np.ndarray:
    """Zeros (rows, columns) of float32 that begin at a cache line, so that no row of a padded matrix straddles one more than it must."""
    raw = np.zeros(rows * columns * 4 + 64, np.uint8)
    offset = -raw.ctypes.data % 64
    return raw[offset : offset + rows * columns * 4].view(np.float32).reshape(rows, columns)


def alias_table(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Threshold (uint32) and alias (int32) of each entry, to draw in constant time in proportion to the weights (Walker 1977, Vose 1991)."""
    weights = np.asarray(weights, float)
    n = len(weights)
    scaled = weights * (n / weights.sum())
    threshold = np.ones(n)
    alias = np.arange(n, dtype=np.int32)
    small = [i for i in range(n) if scaled[i] < 1]
    large = [i for i in range(n) if scaled[i] >= 1]
    while small and large:
        a, b = small.pop(), large[-1]
        threshold[a], alias[a] = scaled[a], b
        scaled[b] -= 1 - scaled[a]
        if scaled[b] < 1:
            small.append(large.pop())
    return np.minimum(threshold * 2.0**32, 2.0**32 - 1).astype(np.uint32), alias


def keep_thresholds(counts: np.ndarray, sample: float) -> np.ndarray:
    """For each word the probability (sqrt(f/s) + 1) s/f of staying in the text, at most 1; sample 0 keeps all."""
    if sample <= 0:
        return np.ones(len(counts))
    f = counts / counts.sum()
    return np.minimum(1.0, (np.sqrt(f / sample) + 1) * sample / f)


def start_vectors(words: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Input vectors uniform in +-1/size, output vectors zero.

    So gensim begins. The reference program begins half as wide, which costs CBOW six of a hundred analogies on the grammar's text.
    """
    inner, outer = aligned_zeros(words, padded(size)), aligned_zeros(words, padded(size))
    inner[:, :size] = (2 * np.random.default_rng([seed, 1]).random((words, size), np.float32) - 1) / size
    return inner, outer


@kernel(inline=True)
def _draw(s, threshold, alias):
    bits = next_bits(s)
    i = np.int64(((bits >> _HIGH) * np.uint64(len(threshold))) >> _HIGH)
    return i if np.uint32(bits & _LOW) <= threshold[i] else np.int64(alias[i])


@kernel(inline=True)
def _ask_ahead(outer, drawn, target):
    """Have the output rows of a pair brought near while the pair before is learnt: of a large vocabulary none is in a cache."""
    ask_for_row(outer, target)
    for n in drawn:
        ask_for_row(outer, n)


@kernel
def _pair(inner, outer, w, error, target, drawn, rate, chosen, score):
    """One positive and the negative targets `drawn` for the input row w: outer rows are updated, the row's step is left in `error`.

    Returns the product of the probabilities given to the right answers: minus its logarithm is the loss.
    """
    size = inner.shape[1]
    x = inner[w]
    k = 1
    chosen[0] = target
    for n in drawn:
        # A negative that is the target itself is left out, as everywhere in this family of programs.
        chosen[k] = n
        k += n != target
    for j in range(k):
        u = outer[chosen[j]]
        total = np.float32(0)
        for i in range(size):
            total += x[i] * u[i]
        score[j] = total if j == 0 else -total
    for j in range(len(score)):
        score[j] = sigmoid32(score[j])
    for i in range(size):
        error[i] = np.float32(0)
    product = 1.0
    for j in range(k):
        u = outer[chosen[j]]
        p = score[j]
        product *= np.float64(p)
        g = (np.float32(1) - p) * rate
        g = g if j == 0 else -g
        for i in range(size):
            old = u[i]
            error[i] += g * old
            u[i] = old + g * x[i]
    return product


@kernel(inline=True)
def _reach(s, window, fixed_window):
    """How far a window reaches to either side: fixed, or uniform from 1 on."""
    return window if fixed_window else 1 + np.int64(((next_bits(s) >> _HIGH) * np.uint64(window)) >> _HIGH)


class Text(NamedTuple):
    """What is read: tokens, where sentences begin, and how each word is kept and drawn as a negative."""

    tokens: np.ndarray
    starts: np.ndarray
    keep: np.ndarray
    threshold: np.ndarray
    alias: np.ndarray


class Rates(NamedTuple):
    """The learning rate over a training of so many tokens."""

    total: int
    rate_start: float
    rate_end: float


@kernel
def learn(skip_gram, text, inner, outer, s, position, tally, slice_tokens, rates, window, negatives, fixed_window):
    """Learn from sentences until at least `slice_tokens` tokens of text were read.

    position  int64 (2,): next sentence, tokens read since the start
    tally     float64 (3,): loss summed, pairs (targets predicted), words kept; added to
    total     tokens of the whole training, over which the rate falls from rate_start to rate_end
    """
    tokens, starts, keep, threshold, alias = text
    total, rate_start, rate_end = rates
    size = inner.shape[1]
    kept = np.empty(1024, np.int64)
    error = np.empty(size, np.float32)
    mean = np.empty((1, size), np.float32)
    # Negatives are drawn one window ahead of what is learnt from them, in the order in which they would be drawn just before.
    drawn = np.zeros((2 * window if skip_gram else len(kept), negatives), np.int64)
    reaches = np.zeros(len(kept), np.int64)
    chosen = np.zeros(negatives + 2, np.int64)
    score = np.zeros(-(-(negatives + 2) // 8) * 8, np.float32)
    last = len(starts) - 1
    read = 0
    loss = 0.0
    pairs = 0
    words = 0
    product = 1.0
    while read < slice_tokens:
        sentence = position[0]
        begin, end = starts[sentence], starts[sentence + 1]
        done = min(1.0, position[1] / total)
        rate = np.float32(rate_start + (rate_end - rate_start) * done)
        n = 0
        for t in range(begin, end):
            w = tokens[t]
            if keep[w] >= 1.0 or uniform(s) < keep[w]:
                kept[n] = w
                n += 1
        for c in range(0 if skip_gram else n):
            reaches[c] = _reach(s, window, fixed_window)
            for k in range(negatives if n > 1 else 0):
                drawn[c, k] = _draw(s, threshold, alias)
        for c in range(n):
            reach = _reach(s, window, fixed_window) if skip_gram else reaches[c]
            lo, hi = max(0, c - reach), min(n, c + reach + 1)
            if skip_gram:
                for q in range(hi - lo - 1):
                    for k in range(negatives):
                        drawn[q, k] = _draw(s, threshold, alias)
                    if q == 0:
                        _ask_ahead(outer, drawn[0], kept[c])
                for q in range(hi - lo - 1):
                    o = lo + q if lo + q < c else lo + q + 1
                    if q + 2 < hi - lo:
                        _ask_ahead(outer, drawn[q + 1], kept[c])
                        ask_for_row(inner, kept[o + 1 if o + 1 != c else o + 2])
                    w = kept[o]
                    p = _pair(inner, outer, w, error, kept[c], drawn[q], rate, chosen, score)
                    v = inner[w]
                    for i in range(size):
                        v[i] += error[i]
                    pairs += 1
                    # One logarithm for many pairs: exact, and hundreds of times rarer than one each.
                    product *= np.float64(p)
                    if product < 1e-60:
                        loss -= np.log(max(product, 1e-307))
                        product = 1.0
            elif hi - lo > 1:
                if c + 1 < n:
                    _ask_ahead(outer, drawn[c + 1], kept[c + 1])
                    ask_for_row(inner, kept[min(n - 1, c + 1 + window)])
                m = mean[0]
                for i in range(size):
                    m[i] = np.float32(0)
                for o in range(lo, hi):
                    if o != c:
                        v = inner[kept[o]]
                        for i in range(size):
                            m[i] += v[i]
                share = np.float32(1.0 / (hi - lo - 1))
                for i in range(size):
                    m[i] *= share
                p = _pair(mean, outer, 0, error, kept[c], drawn[c], rate, chosen, score)
                for o in range(lo, hi):
                    if o != c:
                        v = inner[kept[o]]
                        for i in range(size):
                            v[i] += error[i]
                pairs += 1
                product *= np.float64(p)
                if product < 1e-60:
                    loss -= np.log(max(product, 1e-307))
                    product = 1.0
        words += n
        read += end - begin
        position[1] += end - begin
        position[0] = sentence + 1 if sentence + 1 < last else 0
    loss -= np.log(product)
    tally[0] += loss
    tally[1] += pairs
    tally[2] += words


def random_state(seed: int, thread: int = 0) -> np.ndarray:
    """State of the generator that draws sub-sampling, windows and negatives; each of several threads has its own."""
    return seed_state(seed, 2 + 1000 * thread)


def train(
    corpus: Corpus,
    *,
    skip_gram: bool = True,
    size: int = 50,
    epochs: int = 20,
    seed: int = 0,
    rate: float = 0.05,
    sample: float = 1e-3,
    window: int = 5,
    negatives: int = 5,
) -> np.ndarray:
    """Word vectors (V, size) of a text, learnt from start to end at once."""
    inner, outer = start_vectors(len(corpus.words), size, seed)
    threshold, alias = alias_table(corpus.counts**0.75)
    keep, s, position, tally = keep_thresholds(corpus.counts, sample), random_state(seed), np.zeros(2, np.int64), np.zeros(3)
    total = epochs * len(corpus.tokens)
    while position[1] < total:
        learn(
            skip_gram,
            Text(corpus.tokens, corpus.starts, keep, threshold, alias),
            inner,
            outer,
            s,
            position,
            tally,
            10_000,
            Rates(total, rate, 1e-4),
            window,
            negatives,
            False,
        )
    return inner[:, :size]
