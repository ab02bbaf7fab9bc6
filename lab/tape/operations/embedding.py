"""Embedding look-up and one-hot vectors of whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.kernels import kernel
from lab.tape.elementary import move
from lab.tape.listing import Listing, Node
from lab.tape.registry import DOUT, DY, INTS, OUT, SIZE, X, Y, case, opcode, operation


@kernel
def embedding_forward(a, r, f, n, train, random):
    width = r[INTS]
    for s in range(n * r[SIZE] // width):
        row = r[Y] + int(a[r[X] + s]) * width
        move(a, r[OUT] + s * width, row, width)


@kernel
def embedding_backward(a, r, f, n, train, random):
    width = r[INTS]
    if r[DY] >= 0:
        for s in range(n * r[SIZE] // width):
            row = r[DY] + int(a[r[X] + s]) * width
            dw, dy = a[row : row + width], a[r[DOUT] + s * width : r[DOUT] + (s + 1) * width]
            for i in range(width):
                dw[i] += dy[i]


@kernel
def one_hot_forward(a, r, f, n, train, random):
    a[r[OUT] : r[OUT] + n * r[SIZE]] = 0
    for s in range(n * r[SIZE] // r[INTS]):
        a[r[OUT] + s * r[INTS] + int(a[r[X] + s])] = 1


opcode("embedding", embedding_forward, embedding_backward, shared=(1,))
opcode("one_hot", one_hot_forward)


@operation
def embedding(
    tape: Listing, tokens: Node, width: int | None = None, *, weight: Node | None = None, init: Any = "small", name: str | None = None
) -> Node:
    """Rows of a table chosen by whole numbers: (...) becomes (..., width).

    tokens: a node made by `labels`. weight: a parameter of shape (classes, width) to use again, else `<name>.weight` is made.
    """
    name = tape.free_name(name, "embedding")
    if not tokens.classes:
        raise ModelError(
            f"tape: embedding '{name}' needs whole numbers, but '{tokens.name}' is not made by labels; use labels(name, classes)."
        )
    if weight is None:
        if width is None:
            raise ModelError(f"tape: embedding '{name}' needs a width or a weight; give one of them.")
        weight = tape.parameter(f"{name}.weight", (tokens.classes, width), init=init)
    if len(weight.shape) != 2 or weight.shape[0] != tokens.classes:
        raise ModelError(
            f"tape: embedding '{name}' looks up {tokens.classes} classes of '{tokens.name}' in '{weight.name}' of shape {weight.shape}; "
            f"its first axis must be {tokens.classes}."
        )
    return tape.emit("embedding", [tokens, weight], (*tokens.shape, weight.shape[1]), name=name, ints=(weight.shape[1],))


@operation
def one_hot(tape: Listing, tokens: Node, *, name: str | None = None) -> Node:
    """1 at the place of a whole number and 0 elsewhere: (...) becomes (..., classes)."""
    name = tape.free_name(name, "one_hot")
    if not tokens.classes:
        raise ModelError(
            f"tape: one_hot '{name}' needs whole numbers, but '{tokens.name}' is not made by labels; use labels(name, classes)."
        )
    return tape.emit("one_hot", [tokens], (*tokens.shape, tokens.classes), name=name, ints=(tokens.classes,))


_TOKENS = np.array([[0, 3, 3], [2, 1, 0], [3, 0, 1]])
case("embedding", {"labels": _TOKENS}, lambda t, labels: t.embedding(labels, 5, name="table"),
     lambda labels, table_weight: table_weight[labels.astype(int)])  # fmt: skip
case("one-hot", {"labels": _TOKENS}, lambda t, labels: t.one_hot(labels), lambda labels: np.eye(4)[labels.astype(int)], smooth=False)
