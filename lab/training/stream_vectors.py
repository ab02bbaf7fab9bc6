"""What lives in the stream of a transformer, as named vectors of one space: letters, places, keys and values of neurons.

A letter and a place are added to the stream; a value is added as far as its neuron answers; a key is what the stream, normed, is compared
with. All have as many numbers as the stream, so they can be asked and mapped together (`lab.embedding.streams`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lab.data.byte_pairs import shown
from lab.embedding.pca import principal_components
from lab.embedding.streams import NAME, NAMES, VECTORS
from lab.model import Layer, Picture, Stream

MAP = "map"
MOST = 4000  # vectors: of larger models the first neurons of each block
KINDS = ("letter", "place", "key", "value")


def kept(letters: int, context: int, blocks: int, neurons: int) -> int:
    """Neurons of each block that are among the vectors."""
    return max(0, min(neurons, (MOST - letters - context) // (2 * blocks)))


def streams() -> tuple[Stream, ...]:
    """The vectors, their names, and a map of them."""
    return (
        Stream(VECTORS, "image", "", "Letters, places, keys and values of neurons: vectors of the stream, one a row.", dtype="f4"),
        Stream(NAMES, "table", "", "What each vector is: its name, kind and block."),
        Stream(MAP, "cloud", "", "Letters, places, keys and values: their principal components.", channels=("x", "y", "class")),
    )


def picture() -> Picture:
    """The map, which the window shows as an explorer."""
    doc = "Letters, places, keys and values of neurons in one space: ask which letters a value is like, colour by kind or block, choose by a line such as kind = value."
    return Picture("map", "The stream as a space", (Layer(MAP),), equal=True, weight=1.4, doc=doc)


def names(letters: Sequence[str], context: int, blocks: int, neurons: int) -> list[dict[str, Any]]:
    """The stream `names`."""
    few = kept(len(letters), context, blocks, neurons)
    found = [{NAME: shown(letter), "kind": "letter", "block": "", "sort": _sort(letter)} for letter in letters]
    found += [{NAME: f"place {k + 1}", "kind": "place", "block": "", "sort": ""} for k in range(context)]
    for kind in KINDS[2:]:
        found += [{NAME: f"b{b + 1} {kind} {n}", "kind": kind, "block": str(b + 1), "sort": ""} for b in range(blocks) for n in range(few)]
    return found


def _sort(letter: str) -> str:
    text = letter.strip()
    return "capital" if text.isupper() else "small" if text.islower() else "figure" if text.isdigit() else "sign"


def matrix(arrays: dict[str, np.ndarray], blocks: int) -> np.ndarray:
    """The stream `vectors`, from the weights of `lab.training.language.transformer`."""
    table, places = arrays["letters.weight"], arrays["positions.weight"]
    few = kept(len(table), len(places), blocks, arrays["block1.values.weight"].shape[0])
    keys = [arrays[f"block{b + 1}.keys.weight"].T[:few] for b in range(blocks)]
    values = [arrays[f"block{b + 1}.values.weight"][:few] for b in range(blocks)]
    return np.ascontiguousarray(np.concatenate([table, places, *keys, *values]), np.float32)


def observe(stream: str, arrays: dict[str, np.ndarray], letters: Sequence[str], blocks: int) -> Any:
    """One of the streams; None for another."""
    context, neurons = len(arrays["positions.weight"]), arrays["block1.values.weight"].shape[0]
    if stream == NAMES:
        return names(letters, context, blocks, neurons)
    if stream == VECTORS:
        return matrix(arrays, blocks)
    if stream == MAP:
        few = kept(len(letters), context, blocks, neurons)
        kinds = np.repeat(np.arange(4.0), [len(letters), context, blocks * few, blocks * few])
        return np.column_stack([principal_components(matrix(arrays, blocks))[0], kinds]).astype(np.float32)
    return None
