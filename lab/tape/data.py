"""Training samples packed into one flat array, so that a kernel can gather minibatches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.errors import ModelError


@dataclass(frozen=True)
class Data:
    """Samples in a flat array: sample i starts at i * stride.

    fields (inputs, 3): place in the sample, size, and a column the program fills; classes: of each input, 0 where it holds no
    labels. Where samples overlap (windows of one long sequence) the stride is smaller than a sample.
    """

    flat: np.ndarray
    stride: int
    count: int
    names: tuple[str, ...]
    fields: np.ndarray
    classes: tuple[int, ...]

    def __len__(self) -> int:
        return self.count


def pack(tape, dtype: str, arrays: dict[str, np.ndarray], batch: int) -> Data:
    """Samples from one array per input, first axis the sample; whole-number inputs must lie among their classes.

    A program without inputs (it draws its samples, or has parameters only) gets `batch` empty samples.
    """
    if not arrays:
        return Data(np.zeros(0, dtype), 0, batch, (), np.zeros((0, 3), np.int64), ())
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) > 1:
        sizes = ", ".join(f"{name} {n}" for name, n in counts.items())
        raise ModelError(f"tape: the inputs differ in their number of samples ({sizes}); give as many of each.")
    count = next(iter(counts.values()))
    if count < 1:
        raise ModelError(f"tape: the input '{next(iter(counts))}' holds no samples; give at least one.")
    columns, fields, classes, place = [], [], [], 0
    for name, array in arrays.items():
        node = tape.find(name)
        value = np.asarray(array, dtype)
        if node.kind != "input" or value.shape[1:] != node.shape:
            raise ModelError(
                f"tape: '{name}' is a {node.kind} of shape {node.shape} per sample, but an array of shape {value.shape} was given."
            )
        check_values(node, value)
        columns.append(value.reshape(count, node.size))
        fields.append((place, node.size, 0))
        classes.append(node.classes)
        place += node.size
    flat = np.ascontiguousarray(np.concatenate(columns, axis=1)).ravel()
    return Data(flat, place, count, tuple(arrays), np.array(fields, np.int64), tuple(classes))


def windows(tape, dtype: str, sequence: np.ndarray, fields: dict[str, int]) -> Data:
    """Overlapping samples of one long sequence: input name -> shift of its first element against the window's start.

    `windows(tape, "float32", tokens, {"x": 0, "t": 1})` gives each window and the same one moved on by one: the task of
    predicting the next token, without a copy of the text per window.
    """
    flat = np.ascontiguousarray(sequence, dtype)
    nodes = [tape.find(name) for name in fields]
    span = max(shift + node.size for node, shift in zip(nodes, fields.values(), strict=True))
    if flat.ndim != 1 or flat.size < span:
        raise ModelError(f"tape: a sequence of shape {flat.shape} is shorter than one window of {span}; give a longer one.")
    for node in nodes:
        check_values(node, flat)
    table = np.array([(shift, node.size, 0) for node, shift in zip(nodes, fields.values(), strict=True)], np.int64)
    return Data(flat, 1, flat.size - span + 1, tuple(fields), table, tuple(node.classes for node in nodes))


def check_values(node, value: np.ndarray) -> None:
    """Refuse labels outside of 0 to classes - 1 and inputs that are not finite."""
    if not np.isfinite(value).all():
        raise ModelError(f"tape: the input '{node.name}' holds a value that is not finite; clean the data first.")
    if node.classes and ((value < 0) | (value >= node.classes) | (value != np.floor(value))).any():
        wrong = value[(value < 0) | (value >= node.classes) | (value != np.floor(value))].flat[0]
        raise ModelError(f"tape: the labels '{node.name}' hold {wrong:g}; they must be whole numbers from 0 to {node.classes - 1}.")
