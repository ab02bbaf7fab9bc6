"""Embeddings from the table of co-occurrences: a softmax network that predicts it, and PPMI with a truncated SVD.

Both start from C[i, j], how often word j stands within the window of word i. The softmax network is the oldest reading of
"embedding": one-hot word in, hidden layer x_i W, softmax over the vocabulary out, trained to give row i of C divided by its
sum. PPMI-SVD factorises max(0, log(C_ij N / (C_i C_j))) and is the baseline that needs no learning (Levy et al. 2015).
"""

from __future__ import annotations

import numpy as np

from lab.embedding.corpus import Corpus
from lab.errors import LabError
from lab.kernels import kernel

MOST_WORDS = 8000


@kernel
def _count(tokens, starts, window, table):
    for sentence in range(len(starts) - 1):
        begin, end = starts[sentence], starts[sentence + 1]
        for c in range(begin, end):
            for o in range(max(begin, c - window), min(end, c + window + 1)):
                if o != c:
                    table[tokens[c], tokens[o]] += 1


def cooccurrences(corpus: Corpus, window: int) -> np.ndarray:
    """Counts (V, V) of words within `window` places of each other in a sentence."""
    n = len(corpus.words)
    if n > MOST_WORDS:
        raise LabError(
            f"The co-occurrence table of {n} words is above the limit of {MOST_WORDS}: raise the minimum count or lower the vocabulary."
        )
    table = np.zeros((n, n), np.float32)
    _count(corpus.tokens, corpus.starts, window, table)
    return table


def ppmi(table: np.ndarray, smoothing: float = 1.0) -> np.ndarray:
    """Positive pointwise mutual information of a table of counts; contexts are counted to the power `smoothing`."""
    table = np.asarray(table, float)
    rows, columns = table.sum(1), table.sum(0) ** smoothing
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(table * columns.sum() / np.outer(rows, columns))
    return np.where(np.isfinite(value) & (value > 0), value, 0.0).astype(np.float32)


def distributions(table: np.ndarray) -> np.ndarray:
    """Rows of a table divided by their sums: the distribution of the neighbours of each word."""
    return table / np.maximum(table.sum(1, keepdims=True), 1)


def softmax_loss_and_gradients(inner: np.ndarray, outer: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Mean cross-entropy of the rows of `target` under softmax(inner outer^T), and its gradients.

    inner, outer (V, d); target (V, V) rows that sum to 1. The gradients are those of the sum over words.
    """
    logits = inner @ outer.T
    logits -= logits.max(1, keepdims=True)
    np.exp(logits, out=logits)
    sums = logits.sum(1, keepdims=True)
    logits /= sums
    loss = -float(np.einsum("ij,ij->", target, np.log(np.maximum(logits, 1e-30)), dtype=np.float64)) / len(inner)
    logits -= target
    return loss, logits @ outer, logits.T @ inner


def adam_step(parameter: np.ndarray, gradient: np.ndarray, first: np.ndarray, second: np.ndarray, step: int, rate: float) -> None:
    """One step of Adam in place (Kingma and Ba 2015, algorithm 1), beta 0.9 and 0.999."""
    first += np.float32(0.1) * (gradient - first)
    second += np.float32(0.001) * (gradient * gradient - second)
    scale = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    parameter -= np.float32(scale) * first / (np.sqrt(second) + np.float32(1e-8))


def subspace_step(matrix: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """One step of orthogonal iteration of a symmetric matrix; the basis (V, d) turns towards the largest eigenvalues."""
    return np.linalg.qr(matrix @ basis)[0]


def svd_vectors(matrix: np.ndarray, basis: np.ndarray, power: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Word vectors U S^power and singular values S that the matrix has within the span of the basis (Rayleigh-Ritz)."""
    values, turn = np.linalg.eigh(basis.T @ (matrix @ basis))
    order = np.argsort(-np.abs(values), kind="stable")
    values, turn = np.abs(values[order]), turn[:, order]
    return (basis @ turn) * values**power, values
