"""Checkpoints of the GPT-2 family: the published names, opened and checked as a stranger's, and written.

model.safetensors   wte, wpe, h.0.ln_1 .attn.c_attn .attn.c_proj .ln_2 .mlp.c_fc .mlp.c_proj, ..., ln_f, perhaps lm_head; with `transformer.`
                    before each name or without; matrices lie as (in, out); without lm_head the head is the embedding
config.json         heads, epsilon, activation; where it is missing a head has 64 numbers, as in the whole published family
vocab.json, merges.txt    tokens (`lab.data.byte_pairs`)
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lab.data import byte_pairs, door, tensors
from lab.errors import FileError
from lab.units import number as printed

FILE = "model.safetensors"
HEAD = 64  # numbers of a head where no config.json says it
TANH_GELU = ("gelu_new", "gelu_pytorch_tanh", "gelu_fast")
MOST_LAYERS = 1000
WANTED = f"a GPT-2 checkpoint (a folder with {FILE}, vocab.json and merges.txt, or that file)"


class Block(NamedTuple):
    """Weights of one block; matrices (in, out)."""

    norm1_gain: np.ndarray
    norm1_bias: np.ndarray
    qkv: np.ndarray
    qkv_bias: np.ndarray
    mix: np.ndarray
    mix_bias: np.ndarray
    norm2_gain: np.ndarray
    norm2_bias: np.ndarray
    keys: np.ndarray
    keys_bias: np.ndarray
    values: np.ndarray
    values_bias: np.ndarray


NAMES = (
    "ln_1.weight",
    "ln_1.bias",
    "attn.c_attn.weight",
    "attn.c_attn.bias",
    "attn.c_proj.weight",
    "attn.c_proj.bias",
    "ln_2.weight",
    "ln_2.bias",
    "mlp.c_fc.weight",
    "mlp.c_fc.bias",
    "mlp.c_proj.weight",
    "mlp.c_proj.bias",
)  # fmt: skip  (of the fields of a Block)
OUR_NAMES = (
    "norm1.gain",
    "norm1.bias",
    "qkv.weight",
    "qkv.bias",
    "mix.weight",
    "mix.bias",
    "norm2.gain",
    "norm2.bias",
    "keys.weight",
    "keys.bias",
    "values.weight",
    "values.bias",
)  # fmt: skip  (of the same on the tape)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A transformer of the GPT-2 family, in single precision.

    embedding (V, d), positions (n, d), blocks, gain and bias of the last norm, head (V, d), heads of a block, epsilon of the norms.
    """

    embedding: np.ndarray
    positions: np.ndarray
    blocks: tuple[Block, ...]
    gain: np.ndarray
    bias: np.ndarray
    head: np.ndarray
    heads: int
    tokens: byte_pairs.BytePairs
    epsilon: float = 1e-5
    title: str = ""

    @property
    def width(self) -> int:
        """Numbers of the stream."""
        return self.embedding.shape[1]

    @property
    def context(self) -> int:
        """Most tokens that it sees at once."""
        return len(self.positions)

    @property
    def neurons(self) -> int:
        """Neurons of a block."""
        return self.blocks[0].keys.shape[1]

    @cached_property
    def parameters(self) -> int:
        """Numbers that were learnt; a tied head counts once."""
        own = [self.embedding, self.positions, self.gain, self.bias, *(array for block in self.blocks for array in block)]
        return sum(a.size for a in own) + (self.head.size if self.head is not self.embedding else 0)

    @cached_property
    def value_sizes(self) -> np.ndarray:
        """(blocks, neurons) lengths of the values, by which answers are weighed."""
        return np.stack([np.sqrt(np.einsum("nd,nd->n", block.values, block.values)) for block in self.blocks])

    @property
    def said(self) -> str:
        """One sentence about it."""
        tied = "head tied to the embedding" if self.head is self.embedding else "head of its own"
        return (
            f"{self.title}: {printed(self.parameters)} weights, {len(self.blocks)} blocks of {self.heads} heads and {printed(self.neurons)} neurons, width {self.width}, "
            f"context {printed(self.context)}, {printed(len(self.tokens))} tokens, {tied}."
        )


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Open a checkpoint without reading more than its header and its vocabulary; F32 numbers stay on disk until they are needed."""
    place = door.place_of(path, WANTED)
    if place.is_dir():
        place = place / FILE
    folder = place.parent
    if not place.is_file():
        raise FileError(f"There is no {FILE} at {str(path)[:200]!r}: give the path of {WANTED}.")
    if place.suffix != ".safetensors":
        raise FileError(f"'{place.name}' is no safetensors file, and others are not opened: give the path of {WANTED}.")
    file = tensors.Tensors(place, WANTED)
    config = _config(folder / "config.json")
    lead = "transformer." if "transformer.wte.weight" in file else ""
    if f"{lead}wte.weight" not in file:
        raise file.refuse(f"'wte.weight' is missing, so it holds no GPT-2 (it has {', '.join(list(file)[:4]) or 'nothing'})")

    def take(name: str, *shape: int | None) -> np.ndarray:
        if name not in file:
            raise file.refuse(f"'{name}' is missing")
        found = file[name].shape
        if len(found) != len(shape) or any(want is not None and want != has for want, has in zip(shape, found, strict=True)):
            wanted = " x ".join("n" if n is None else str(n) for n in shape)
            raise file.refuse(f"'{name}' has the shape {' x '.join(map(str, found)) or '()'}, and {wanted} is wanted")
        if not math.prod(found):
            raise file.refuse(f"'{name}' is empty")
        return file.weights(name)

    embedding = take(f"{lead}wte.weight", None, None)
    d = embedding.shape[1]
    positions = take(f"{lead}wpe.weight", None, d)
    layers = 0
    while f"{lead}h.{layers}.ln_1.weight" in file:
        layers += 1
    said = _whole(config, "n_layer", folder)
    if not 1 <= layers <= MOST_LAYERS or (said is not None and said != layers):
        raise file.refuse(f"it has {layers} blocks" + ("" if said is None else f", and its config.json says {said}"))
    inner = file.get(f"{lead}h.0.mlp.c_fc.weight")
    m = inner.shape[1] if inner is not None and len(inner.shape) == 2 else None
    shapes: tuple[tuple[int | None, ...], ...] = ((d,), (d,), (d, 3 * d), (3 * d,), (d, d), (d,), (d,), (d,), (d, m), (m,), (m, d), (d,))
    blocks = tuple(Block(*(take(f"{lead}h.{b}.{name}", *shape) for name, shape in zip(NAMES, shapes, strict=True))) for b in range(layers))
    heads = _whole(config, "n_head", folder)
    if heads is None:
        heads = d // HEAD
    if heads < 1 or d % heads:
        raise FileError(
            f"{place}: a width of {d} is not {heads or 'a number of'} heads of {HEAD if not _whole(config, 'n_head', folder) else 'equal'} numbers: "
            "put the model's config.json, with its n_head, beside the file."
        )
    head = next((take(name, len(embedding), d) for name in ("lm_head.weight", f"{lead}lm_head.weight") if name in file), embedding)
    words = _tokens(folder, len(embedding))
    return Checkpoint(
        embedding, positions, blocks, take(f"{lead}ln_f.weight", d), take(f"{lead}ln_f.bias", d), head, heads, words, _epsilon(config, folder),
        folder.resolve().name or place.name,
    )  # fmt: skip


def _config(place: Path) -> dict[str, Any]:
    """What config.json says; {} where there is none. What it asks for and is not done here is refused."""
    if not place.exists():
        return {}
    try:
        found = json.loads(door.read_text(place, limit=1 << 20, what="the description of a model (config.json)"))
    except (ValueError, RecursionError):
        raise FileError(f"{place} is not JSON: fetch it again.") from None
    if not isinstance(found, dict):
        raise FileError(f"{place} is no table of settings: fetch it again.")
    kind = found.get("model_type", "gpt2")
    if kind != "gpt2":
        raise FileError(f"{place} is of the model type {str(kind)[:40]!r}: the GPT-2 family (gpt2) is opened here.")
    gate = found.get("activation_function", "gelu_new")
    if gate not in TANH_GELU:
        raise FileError(
            f"{place} asks for the activation {str(gate)[:40]!r}: of the GPT-2 family those with {TANH_GELU[0]} are opened here."
        )
    for name, plain in (("scale_attn_weights", True), ("scale_attn_by_inverse_layer_idx", False), ("add_cross_attention", False)):
        if found.get(name, plain) != plain:
            raise FileError(f"{place} has {name} = {str(found[name])[:20]}: models with {name} = {plain} are opened here, as GPT-2 is.")
    return found


def _whole(config: dict[str, Any], name: str, folder: Path) -> int | None:
    value = config.get(name)
    if value is not None and (type(value) is not int or not 1 <= value <= 1 << 20):
        raise FileError(f"{folder / 'config.json'}: {name} must be a whole number from 1 on (got {str(value)[:40]}).")
    return value


def _epsilon(config: dict[str, Any], folder: Path) -> float:
    value = config.get("layer_norm_epsilon", 1e-5)
    if type(value) not in (int, float) or not 0 < value < 1:
        raise FileError(f"{folder / 'config.json'}: layer_norm_epsilon must lie between 0 and 1 (got {str(value)[:40]}).")
    return float(value)


def _tokens(folder: Path, count: int) -> byte_pairs.BytePairs:
    for name in ("vocab.json", "merges.txt"):
        if not (folder / name).exists():
            raise FileError(f"{name} is missing in {folder}: put the model's vocab.json and merges.txt beside its weights.")
    found = byte_pairs.read(folder / "vocab.json", folder / "merges.txt")
    if len(found) > count:
        raise FileError(f"{folder / 'vocab.json'} has {len(found)} tokens and the embedding {count} rows: they belong to different models.")
    return found


def write_checkpoint(folder: str | Path, model: Checkpoint, kind: str = "F32") -> None:
    """Write a model as other programs read it: model.safetensors, config.json, vocab.json, merges.txt; `kind` is F32, F16 or BF16."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {"transformer.wte.weight": model.embedding, "transformer.wpe.weight": model.positions}
        for b, block in enumerate(model.blocks):
            arrays |= {f"transformer.h.{b}.{name}": array for name, array in zip(NAMES, block, strict=True)}
        arrays |= {"transformer.ln_f.weight": model.gain, "transformer.ln_f.bias": model.bias}
        if model.head is not model.embedding:
            arrays["lm_head.weight"] = model.head
        tensors.write(folder / FILE, _as(arrays, kind), dict.fromkeys(arrays, kind), {"format": "pt"})
        config = {
            "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": len(model.embedding), "n_positions": model.context, "n_ctx": model.context,
            "n_embd": model.width, "n_layer": len(model.blocks), "n_head": model.heads, "n_inner": model.neurons, "activation_function": "gelu_new",
            "layer_norm_epsilon": model.epsilon, "tie_word_embeddings": model.head is model.embedding, "bos_token_id": model.tokens.end, "eos_token_id": model.tokens.end,
        }  # fmt: skip
        (folder / "config.json").write_text(json.dumps(config, indent=1), "utf-8")
        model.tokens.write(folder)
    except OSError as error:
        raise FileError(f"The checkpoint could not be written to '{folder}': {error.strerror or error}; choose another place.") from None


def _as(arrays: dict[str, np.ndarray], kind: str) -> dict[str, np.ndarray]:
    turn: Callable[[np.ndarray], np.ndarray] = (
        (lambda a: a.astype(np.float16)) if kind == "F16" else (lambda a: a.astype(np.float32, copy=False))
    )
    return {name: turn(array) for name, array in arrays.items()}


def drawn(
    seed: int, words: byte_pairs.BytePairs, width: int = 64, blocks: int = 2, heads: int = 4, context: int = 128, size: float = 0.02
) -> Checkpoint:
    """A checkpoint of this shape as it is before it learns anything: weights drawn, norms at one."""
    random, d = np.random.default_rng(seed), width

    def some(*shape: int) -> np.ndarray:
        return (size * random.standard_normal(shape, np.float32)).astype(np.float32)

    one, none = np.ones(d, np.float32), np.zeros(d, np.float32)

    def block() -> Block:
        return Block(
            one, none, some(d, 3 * d), np.zeros(3 * d, np.float32), some(d, d), none,
            one, none, some(d, 4 * d), np.zeros(4 * d, np.float32), some(4 * d, d), none,
        )  # fmt: skip

    embedding = some(len(words), d)
    return Checkpoint(
        embedding, some(context, d), tuple(block() for _ in range(blocks)), one, none, embedding, heads, words, title="drawn at random"
    )


def learned(arrays: dict[str, np.ndarray], blocks: int, heads: int, words: byte_pairs.BytePairs) -> Checkpoint:
    """A checkpoint of the parameters of a program that `lab.training.language.transformer` wrote, with its head tied."""

    def block(b: int) -> Block:
        return Block(*(np.array(arrays[f"block{b}.{part}"], np.float32) for part in OUR_NAMES))

    embedding = np.array(arrays["letters.weight"], np.float32)
    return Checkpoint(
        embedding, np.array(arrays["positions.weight"], np.float32), tuple(block(b) for b in range(1, blocks + 1)),
        np.array(arrays["final.gain"], np.float32), np.array(arrays["final.bias"], np.float32), embedding, heads, words,
    )  # fmt: skip
