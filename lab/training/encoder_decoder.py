"""An encoder and a decoder: one sequence is read, another is written, and cross-attention is the only way between them.

    memory  = encoder(embedding(source) + places)          every place sees every other
    x       = embedding(written so far) + places           the first place is a start sign
    x       = x + self-attention(norm(x))                  a place sees itself and what came before
    x       = x + cross-attention(norm(x), memory)         queries of the decoder, keys and values of the memory
    x       = x + MLP(norm(x));  logits = norm(x) W

Layers are called `encoder1`, `decoder1`, `cross1`, ...; each attention has the nodes `.q .k .v .scores .attention .heads .mix`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.errors import ModelError, near
from lab.tape import Node, Program, Tape
from lab.training.language import feed_forward
from lab.training.makers import Arrays, Made, known_of, numbered
from lab.training.objectives import Stage

LETTERS = "abcdefghijklmnopqrstuvwxyz"
TASKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "reversal": lambda x: x[:, ::-1],
    "copy": lambda x: x,
    "sorting": lambda x: np.sort(x, axis=1),
}


@dataclass(frozen=True)
class Pairs(Made):
    """A source of random letters, and what has to be written of it: the same backwards, as it is, or in order.

    x (count, span) is the source, t (count, span) what is wanted, y what the decoder reads: t one place later, behind a start sign.
    """

    kind: str = "reversal"
    span: int = 10
    letters: int = 10

    @property
    def alphabet(self) -> str:
        """The letters; the start sign is none of them."""
        return LETTERS[: self.letters]

    @property
    def start(self) -> int:
        """The number of the start sign."""
        return self.letters

    def wanted(self, x: np.ndarray) -> np.ndarray:
        """What has to be written of sources (count, span)."""
        if self.kind not in TASKS:
            raise ModelError(f"There is no such task of pairs '{self.kind}': {near(self.kind, TASKS)}")
        return TASKS[self.kind](x)

    def pairs(self, x: np.ndarray) -> Arrays:
        """Sources with what the decoder reads and what is wanted."""
        t = self.wanted(x)
        y = np.concatenate([np.full((len(x), 1), self.start, t.dtype), t[:, :-1]], axis=1)
        return {"x": x, "y": y, "t": np.ascontiguousarray(t)}

    def draw(self, random: np.random.Generator, count: int) -> Arrays:
        """Sources drawn letter by letter."""
        return self.pairs(random.integers(0, self.letters, (count, self.span)))

    def places(self, x: np.ndarray) -> np.ndarray:
        """(count, span) where in the source the letter of each written place stands; -1 where several places could have given it."""
        if self.kind != "sorting":
            return np.broadcast_to(self.wanted(np.arange(self.span)[None]), x.shape)
        order = np.argsort(x, axis=1, kind="stable")
        t = np.take_along_axis(x, order, 1)
        several = np.zeros(x.shape, bool)
        several[:, 1:] |= t[:, 1:] == t[:, :-1]
        several[:, :-1] |= t[:, 1:] == t[:, :-1]
        return np.where(several, -1, order)

    def tokens(self, text: str) -> np.ndarray:
        """Numbers of letters."""
        return numbered(text, self.alphabet)

    def known(self, text: str) -> np.ndarray:
        """Numbers of those letters that are its own."""
        return known_of(text, self.alphabet)


@dataclass(frozen=True)
class Plan:
    """What an encoder with a decoder is made of; `reads` is what the decoder may look at: every place, the last one, or nothing."""

    letters: int
    span: int
    width: int = 32
    blocks: int = 1
    heads: int = 2
    reads: str = "every place"

    @property
    def attentions(self) -> tuple[str, ...]:
        """Names of the layers of attention: those of the encoder, then of the decoder, then between both."""
        kinds = ("encoder", "decoder") if self.reads == "nothing" else ("encoder", "decoder", "cross")
        return tuple(f"{kind}{b + 1}" for kind in kinds for b in range(self.blocks))

    @property
    def memory(self) -> int:
        """Places of the source that the decoder may look at."""
        return 1 if self.reads == "the last place" else self.span


def translator(tape: Tape, x: Node, y: Node, plan: Plan) -> tuple[Node, tuple[Stage, ...]]:
    """Write encoder and decoder for a source x and what was written before y; returns logits (span, letters) and the layers with weights."""
    d, T = plan.width, plan.span
    stages: list[Stage] = []

    def begin(tokens: Node, name: str) -> Node:
        letters = tape.embedding(tokens, d, init="tied", name=name)
        stages.append(Stage(name, f"{name}.weight", name))
        return tape.add(letters, tape.parameter(f"{name}.places", (T, d), init="tied"), name=f"{name}.stream")

    def look(h: Node, memory: Node | None, name: str, causal: bool = False) -> Node:
        normed = tape.layer_norm(h, name=f"{name}.norm")
        asked = memory if memory is not None else normed
        # (places, features) as (heads, places, features of one)
        q, k, v = (
            tape.transpose(
                tape.reshape(tape.affine(read, d, name=f"{name}.{part}s"), (read.shape[0], plan.heads, d // plan.heads)),
                (1, 0, 2),
                name=f"{name}.{part}",
            )
            for part, read in (("q", normed), ("k", asked), ("v", asked))
        )
        mix = tape.affine(tape.attention(q, k, v, causal=causal, name=name), d, name=f"{name}.mix")
        stages.extend(Stage(f"{name}.{part}", f"{name}.{part}.weight", f"{name}.{part}") for part in ("qs", "ks", "vs", "mix"))
        return tape.add(h, mix, name=f"{name}.out")

    def think(h: Node, name: str) -> Node:
        out = feed_forward(tape, h, 4 * d, name, init="xavier")
        stages.extend(
            Stage(f"{name}.{part}", f"{name}.{part}.weight", f"{name}.{at}") for part, at in (("keys", "neurons"), ("values", "values"))
        )
        return out

    h = begin(x, "source")
    for b in range(1, plan.blocks + 1):
        h = think(look(h, None, f"encoder{b}"), f"reading{b}")
    memory = tape.layer_norm(h, name="memory")
    if plan.reads == "the last place":
        memory = tape.slice(memory, T - 1, T, axis=0, name="memory.last")
    h = begin(y, "written")
    for b in range(1, plan.blocks + 1):
        h = look(h, None, f"decoder{b}", causal=True)
        if plan.reads != "nothing":
            h = look(h, memory, f"cross{b}")
        h = think(h, f"writing{b}")
    logits = tape.affine(tape.layer_norm(h, name="final"), plan.letters, init="small", name="logits")
    return logits, (*stages, Stage("logits", "logits.weight", "logits"))


def decoded(program: Program, state: Any, x: np.ndarray, start: int, replace: dict[str, Any] | None = None) -> np.ndarray:
    """(count, span) the likeliest letters, each written after those before it, of sources x (count, span)."""
    span = x.shape[1]
    y = np.full((len(x), span + 1), start, np.int64)
    for at in range(span):
        logits = program.forward(state, "logits", replace=replace, x=x, y=y[:, :-1])
        y[:, at + 1] = logits[:, at].argmax(-1)
    return y[:, 1:]
