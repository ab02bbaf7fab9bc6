"""Attention of several heads: softmax of queries times keys, then the values weighted by it."""

from __future__ import annotations

import math

import numpy as np

from lab.errors import ModelError
from lab.tape.listing import Listing, Node
from lab.tape.operations.affine import matmul
from lab.tape.operations.arithmetic import scale
from lab.tape.operations.shapes import reshape, transpose
from lab.tape.operations.softmax import softmax
from lab.tape.registry import case, operation


@operation
def attention(tape: Listing, q: Node, k: Node, v: Node, *, causal: bool = False, name: str | None = None) -> Node:
    """What all heads read, side by side (T, heads * size): queries q (heads, T, size), keys k and values v (heads, S, size).

    Nodes: `<name>.scores` q.k / root of size, `<name>.attention` its softmax, `<name>.heads` the weighted values (heads, T, size).
    causal=True lets place i see the places 0 to i only.
    """
    name = tape.free_name(name, "attention")
    tape.expect_axes(name, q, 3, 3)
    heads, T, size = q.shape
    for node in (k, v):
        if len(node.shape) != 3 or node.shape[0] != heads or node.shape[1] != k.shape[1] or (node is k and node.shape[2] != size):
            raise ModelError(
                f"tape: attention '{name}' of queries '{q.name}' of shape {q.shape} takes keys (heads, places, size) and as many values, but "
                f"'{k.name}' has the shape {k.shape} and '{v.name}' {v.shape}."
            )
    scores = scale(tape, matmul(tape, q, k, transposed=True), size**-0.5, name=f"{name}.scores")
    shares = softmax(tape, scores, causal=causal, name=f"{name}.attention")
    found = matmul(tape, shares, v, name=f"{name}.heads")
    return reshape(tape, transpose(tape, found, (1, 0, 2)), (T, heads * v.shape[2]))


def _attended(x, y, z, mask=0.0):
    scores = x @ np.swapaxes(y, -1, -2) / math.sqrt(x.shape[-1]) + mask
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    found = shares / shares.sum(-1, keepdims=True) @ z
    return found.transpose(0, 2, 1, 3).reshape(len(x), x.shape[2], -1)


case("attention", {"x": (2, 3, 4), "y": (2, 5, 4), "z": (2, 5, 4)}, lambda t, x, y, z: t.attention(x, y, z), _attended)
case("attention, causal", {"x": (2, 4, 3), "y": (2, 4, 3), "z": (2, 4, 2)}, lambda t, x, y, z: t.attention(x, y, z, causal=True),
     lambda x, y, z: _attended(x, y, z, np.where(np.tril(np.ones((4, 4))) > 0, 0.0, -np.inf)))  # fmt: skip
