"""What can be looked at inside a transformer: where it attends, what each part says, which neurons answer, and what becomes of it in silence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.data.byte_pairs import shown
from lab.errors import ModelError
from lab.model import Layer, Picture, State, Stream
from lab.training import told
from lab.training.language import chances, padded
from lab.training.learner import Constants
from lab.training.silencing import Silencing
from lab.training.stepwise import Stepwise

SEARCHED = 48  # windows in which a neuron's contexts are looked for


class Inside(Silencing, Stepwise):
    """A learner whose program is a transformer (`lab.training.language.transformer`), with one text that is looked at.

    Its state holds `prompt` (what is looked at), `chosen` (a place in it), `head`, `neuron`, and what is silent: `heads on`,
    `neurons on`, `blocks on`.
    """

    if TYPE_CHECKING:  # parameters of the model
        text: str
        width: int
        blocks: int
        heads: int
        context: int
        tied: bool

    @property
    def alphabet(self) -> str | tuple[str, ...]:
        """Its letters, or its tokens as text."""
        raise ModelError(f"{self._owner()} does not say its letters.")

    def counted(self, before: np.ndarray) -> np.ndarray:
        """(V,) what counting says of the letter after these: all as likely, where nothing was counted."""
        return np.full(len(self.alphabet), 1.0 / len(self.alphabet))

    def silenced(self, state: State) -> dict[str, Any]:
        """What is replaced in a pass: nodes of heads, neurons and blocks that are silent."""
        found: dict[str, Any] = {}
        for b in range(self.blocks):
            heads, neurons, on = state["heads on"][b], state["neurons on"][b], state["blocks on"][b]
            if not heads.all() or not on:
                found[f"block{b + 1}.heads"] = _times((heads * on)[:, None, None])
            if not neurons.all() or not on:
                found[f"block{b + 1}.neurons"] = _times(neurons * on)
            if not on:  # biases of both halves, too
                found[f"block{b + 1}.mix"] = _times(np.zeros(1))
                found[f"block{b + 1}.values"] = _times(np.zeros(1))
        return found

    def pass_over(self, constants: Constants, state: State, tape: State, nodes: list[str], clean: bool = False) -> list[np.ndarray]:
        """Values of nodes for the text that is looked at, without the batch axis; `clean`: nothing is silent."""
        row, _ = padded(state["prompt"], self.context)
        found = constants.program.forward(tape, nodes, replace=None if clean else self.silenced(state) or None, x=row)
        return [value[0] for value in found]

    def _at(self, state: State) -> int:
        return int(min(state["chosen"][0], len(state["prompt"]) - 1, self.context - 1))

    def own_streams(self, shape: Any) -> tuple[Stream, ...]:
        """Text, next letters, attention, stream, neurons."""
        heads = tuple(f"block {b + 1} head {h + 1}" for b in range(self.blocks) for h in range(self.heads))
        found = [
            Stream("counting", "trace", "nats", "What counting letters of the same text says.", (4,), ("chance", "unigram", "bigram", "trigram"), every=1),
            Stream("text", "tokens", "nats", "The text that is looked at; darker where the letter was a surprise. Click one.", channels=("surprise",)),
            Stream("next", "table", "", "Likeliest next letters at the chosen place, the tick where the last two letters alone would put them; beside them what they are with nothing silent."),
            Stream("attention", "image", "", "Where each head looks: from the letter of the row to that of the column."),
            Stream("lines", "tokens", "", "Where the chosen head looks from each letter; lines of the chosen one."),
            Stream("lens", "table", "", "What the model would say if it stopped after each part."),
            Stream("key-value neurons", "table", "", "Neurons that answer most at the chosen place: contexts that excite them, letters that they push."),
            Stream("writing", "table", "", "What it wrote while it learned."),
            Stream("written", "tokens", "", "What it wrote on request."),
            Stream("step by step", "matrices", "", "The chosen head at the chosen place: q.k, mask, softmax, weighted values."),
            Stream("letters", "cloud", "", "Embeddings of the letters, in their principal plane.", channels=("x", "y", "class")),
            Stream("neurons", "cloud", "", "Values of all neurons as directions in the plane of the letters.", channels=("x", "y", "class")),
            Stream("induction", "trace", "", "Induction score of each head.", (len(heads),), heads, events=True),
        ]  # fmt: skip
        return tuple(found)

    def own_pictures(self, shape: Any) -> tuple[Picture, ...]:
        """The text in front."""
        tiles = tuple(f"{b + 1}.{h + 1}" for b in range(self.blocks) for h in range(self.heads))
        repeats = self.text == "repeats"
        return (
            Picture("text", "Text", (Layer("text"),), pick="choose", front=True, weight=0.8, doc="Click a letter: everything is then about that place."),
            Picture("next", "Next letter", (Layer("next"),), front=True, weight=1.2, doc="The tick in a bar is what the last two letters alone would say (trigram)."),
            Picture("attention", "Attention", (Layer("attention"),), levels=(0.0, 1.0), labels=tiles, pick="choose_head", front=True, weight=1.4, doc="block.head; click one to unfold it."),
            Picture("lines", "The chosen head", (Layer("lines"),), pick="choose", weight=1.0),
            Picture("lens", "If it stopped here", (Layer("lens"),), weight=1.0),
            Picture("key-value neurons", "Key-value neurons", (Layer("key-value neurons"),), pick="choose_neuron", weight=1.6, doc="Click a row, then 'Silence the neuron'."),
            Picture("writing", "What it writes, as it learns", (Layer("writing"),), weight=1.2),
            Picture("written", "Written on", (Layer("written"),), weight=1.0),
            Picture("step by step", "One head, step by step", (Layer("step by step"),), weight=1.2),
            Picture("letters", "Map of the letters", (Layer("letters"),), equal=True),
            Picture("neurons", "Map of the neurons", (Layer("neurons"),), equal=True, doc="Where a neuron lies, it pushes the letters of that side."),
            *((Picture("induction", "Induction heads", (Layer("induction"),), y="share of attention", y_range=(0.0, 1.0), front=True),) if repeats else ()),
        )  # fmt: skip

    def look(self, constants: Constants, state: State, tape: State, stream: str) -> Any:
        """What is shown of the chosen place."""
        at, prompt = self._at(state), state["prompt"]
        letters = [self.alphabet[k] for k in prompt]
        if stream == "text":
            logits = self.pass_over(constants, state, tape, ["logits"])[0]
            p = chances(logits, 1.0, 0)
            surprise = np.concatenate([[0.0], -np.log(np.maximum(p[np.arange(len(prompt) - 1), prompt[1:]], 1e-12))])
            return {"rows": [{"texts": letters, "values": surprise}], "lit": (at,)}
        if stream == "next":
            return self._next(constants, state, tape)
        if stream == "attention":
            names = [f"block{b + 1}.attention" for b in range(self.blocks)]
            looks = np.concatenate(self.pass_over(constants, state, tape, names))
            n = max(2, len(prompt))
            return looks[:, :n, :n]
        if stream == "lines":
            b, h = state["head"]
            look = self.pass_over(constants, state, tape, [f"block{b + 1}.attention"])[0][h]
            links = [(j, at, look[at, j]) for j in range(at + 1)]
            return {
                "rows": [
                    {"texts": letters, "name": "looks at"},
                    {"texts": letters, "name": f"block {b + 1} head {h + 1} looks {told.looked_at(letters, look[at, : at + 1])}"},
                ],
                "links": links,
                "lit": (len(letters) + at,),
            }
        if stream == "lens":
            return self._lens(constants, state, tape, at)
        if stream == "key-value neurons":
            return self._neurons(constants, state, tape, at)
        if stream == "writing":
            return [
                {"step": int(step), "loss": round(float(loss), 2), "it writes": constants.maker.written(line).replace("\n", "⏎")}
                for line, (step, loss) in zip(state["samples"], state["sampled"], strict=True)
            ] or [{"step": 0, "loss": math.nan, "it writes": "nothing yet"}]
        if stream == "written":
            texts = [*letters, *(self.alphabet[k] for k in state["written"])]
            return {"rows": [{"texts": texts}], "lit": tuple(range(len(letters)))}
        if stream == "step by step":
            return self._head(constants, state, tape, at)
        if stream in ("letters", "neurons"):
            return self._map(constants, tape)[stream]
        return super().look(constants, state, tape, stream)

    def labels(self, constants: Constants, stream: str) -> tuple[str, ...]:
        """Letters by name, neurons by block and number."""
        if stream == "letters":
            return tuple(shown(letter) for letter in self.alphabet)
        if stream == "neurons":
            return tuple(f"{b + 1}·{n}" for b in range(self.blocks) for n in range(4 * self.width))
        return super().labels(constants, stream)

    def layers_of(self, constants: Constants) -> tuple[int, int, int]:
        """(blocks, heads of each, neurons of each)."""
        return self.blocks, self.heads, 4 * self.width

    def neuron_of_row(self, constants: Constants, state: State, index: int) -> tuple[int, int]:
        """Block and number of the neuron in a row of the table of neurons."""
        rows = self._neurons(constants, state, self.tape_state(constants, state), self._at(state))
        return told.neuron_of(rows[index % len(rows)])

    def _next(self, constants: Constants, state: State, tape: State) -> list[dict[str, Any]]:
        """The likeliest next letters, with the trigram's share as a tick in the same bar."""
        at = self._at(state)
        now = chances(self.pass_over(constants, state, tape, ["logits"])[0][at], 1.0, 0)
        silent = bool(self.silenced(state))
        clean = chances(self.pass_over(constants, state, tape, ["logits"], clean=True)[0][at], 1.0, 0) if silent else None
        return told.next_rows(self.alphabet, now, clean, self.counted(state["prompt"][: at + 1]))

    def moved_by_silence(self, constants: Constants, state: State) -> float:
        """Percent of the next letter's chances that are elsewhere than with nothing silent."""
        at, tape = self._at(state), self.tape_state(constants, state)
        now, clean = (chances(self.pass_over(constants, state, tape, ["logits"], clean=clean)[0][at], 1.0, 0) for clean in (False, True))
        return float(50.0 * np.abs(now - clean).sum())

    def _lens(self, constants: Constants, state: State, tape: State, at: int) -> list[dict[str, Any]]:
        nodes = ["stream"] + [f"block{b + 1}.{half}" for b in range(self.blocks) for half in ("middle", "out")]
        values = self.pass_over(constants, state, tape, nodes)
        gain, bias = (constants.program.parameters(tape)[f"final.{part}"] for part in ("gain", "bias"))
        said = []
        for where, value in zip(told.parts(self.blocks), values, strict=True):
            x = value[at].astype(float)
            x = (x - x.mean()) / math.sqrt(x.var() + 1e-5) * gain + bias
            said.append((where, chances(self._read_out(constants, tape, x), 1.0, 0)))
        return told.lens_rows(self.alphabet, said)

    def _read_out(self, constants: Constants, tape: State, x: np.ndarray) -> np.ndarray:
        arrays = constants.program.parameters(tape)
        return x @ arrays["letters.weight"].T if self.tied else x @ arrays["logits.weight"] + arrays["logits.bias"]

    def _neurons(self, constants: Constants, state: State, tape: State, at: int) -> list[dict[str, Any]]:
        """Table of the neurons that answer most at the chosen place."""
        names = [f"block{b + 1}.neurons" for b in range(self.blocks)]
        now = np.stack([value[at] for value in self.pass_over(constants, state, tape, names)])
        pushes = np.stack(
            [self._read_out(constants, tape, constants.program.parameters(tape)[f"block{b + 1}.values.weight"]) for b in range(self.blocks)]
        )
        if not self.tied:
            pushes = pushes - constants.program.parameters(tape)["logits.bias"]
        strength = np.abs(now) * np.abs(pushes).max(-1)
        order = [np.unravel_index(k, now.shape) for k in np.argsort(-strength, axis=None)[: told.NEURONS]]
        chosen = tuple(int(k) for k in state["neuron"])
        if chosen not in [tuple(map(int, place)) for place in order]:
            order = [chosen, *order[:-1]]
        windows = constants.extra["held"]["x"][:SEARCHED]
        found = constants.program.forward(tape, names, x=windows)
        return [
            told.neuron_row(
                self.alphabet, b, n, not state["neurons on"][b, n], told.contexts_of(self.alphabet, windows, found[b][:, :, n]), pushes[b, n], float(now[b, n])
            )
            for b, n in order
        ]  # fmt: skip

    def _head(self, constants: Constants, state: State, tape: State, at: int) -> list[dict[str, Any]]:
        b, h = (int(k) for k in state["head"])
        nodes = [f"block{b + 1}.{part}" for part in ("q", "k", "v", "attention")]
        q, k, v, look = (value[h] for value in self.pass_over(constants, state, tape, nodes))
        texts = [self.alphabet[t] for t in state["prompt"][: at + 1]]
        return told.head_matrices(texts, q[at], k[: at + 1], v[: at + 1], look[at, : at + 1])

    def _map(self, constants: Constants, tape: State) -> dict[str, np.ndarray]:
        arrays = constants.program.parameters(tape)
        table = arrays["letters.weight"].astype(float)
        middle = table - table.mean(0)
        plane = np.linalg.svd(middle, full_matrices=False)[2][:2].T
        kinds = np.array(
            [1.0 if k.strip().isupper() else 0.0 if k.strip().islower() else 2.0 if k.strip().isdigit() else 3.0 for k in self.alphabet]
        )
        values = np.concatenate([arrays[f"block{b + 1}.values.weight"] for b in range(self.blocks)]).astype(float)
        block = np.repeat(np.arange(self.blocks), 4 * self.width).astype(float)
        return {"letters": np.column_stack([middle @ plane, kinds]), "neurons": np.column_stack([values @ plane, block])}


def _times(mask: np.ndarray) -> Any:
    return lambda value: value * mask.astype(value.dtype)


def induction(looks: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """(heads,) mean share of attention that goes from a letter to the one after its last occurrence: from t to t - period + 1.

    looks (windows, heads, T, T); counted where the letter had occurred before (Olsson et al. 2022).
    """
    T = looks.shape[-1]
    scores = np.zeros(looks.shape[1])
    for look, period in zip(looks, periods, strict=True):
        at = np.arange(period, T)
        scores += look[:, at, at - period + 1].mean(-1)
    return scores / len(looks)
