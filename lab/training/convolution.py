"""Convolutions with pooling, then one affine layer: how a network reads pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.tape import Node
from lab.training.objectives import Stage
from lab.training.perceptron import ACTIVATIONS, first_weights


def convolutions(
    tape: Any,
    x: Node,
    picture: tuple[int, int],
    outputs: int,
    counts: Sequence[int],
    size: int = 3,
    activation: str = "ReLU",
    pooling: str = "max",
    normalise: bool = False,
    dropout: float = 0.0,
) -> tuple[Node, tuple[Stage, ...]]:
    """Write one convolution for each of `counts`, each with its activation and pooling, then the output; returns it and the layers."""
    h, stages = tape.reshape(x, (*picture, 1), name="picture"), []
    for k, count in enumerate(counts):
        name = f"conv{k + 1}"
        h = tape.conv2d(h, count, size=size, init=first_weights("automatic", activation), name=name)
        if normalise:
            h = tape.batch_norm(h, name=f"{name}.norm")
        h = tape.activation(h, ACTIVATIONS[activation], name=f"{name}.out")
        stages.append(Stage(name, f"{name}.weight", h.name))
        if pooling != "none" and min(h.shape[:2]) >= 2:
            h = (tape.max_pool if pooling == "max" else tape.average_pool)(h, 2, name=f"{name}.pool")
    h = tape.flatten(h, name="flat")
    if dropout:
        h = tape.dropout(h, dropout, name="flat.dropout")
    output = tape.affine(h, outputs, init="small", name="output")
    return output, (*stages, Stage("output", "output.weight", "output"))
