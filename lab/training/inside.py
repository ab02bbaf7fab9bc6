"""What can be looked at inside a transformer: where it attends, what each part says, which neurons answer, and what becomes of it in silence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.data.byte_pairs import shown
from lab.model import Bound, Layer, Picture, State, Stream
from lab.training import stream_vectors, told
from lab.training.alike import Alike
from lab.training.language import chances, padded
from lab.training.learner import Constants
from lab.training.next_token import RULED, SEARCHED, Head, NextToken
from lab.training.silencing import Silencing

ANSWERS = "answers of the block"


class Inside(Silencing, Alike, NextToken):
    """A learner whose program is a transformer (`lab.training.language.transformer`), with one text that is looked at.

    Its state holds besides `head` and `neuron`, and what is silent: `heads on`, `neurons on`, `blocks on`. A span of the text can be
    brushed: neurons of the chosen head's block that answer throughout, and like places of the text held out.
    """

    brushable = (ANSWERS,)

    if TYPE_CHECKING:  # parameters of the model
        width: int
        blocks: int
        heads: int
        context: int
        tied: bool

    @property
    def places(self) -> int:
        """Its context."""
        return self.context

    @property
    def heads_of_all(self) -> tuple[Head, ...]:
        """The heads of every block."""
        return tuple(
            Head(f"block{b + 1}.attention", h, f"{b + 1}.{h + 1}", f"block {b + 1} head {h + 1}")
            for b in range(self.blocks)
            for h in range(self.heads)
        )

    def summary(self, constants: Constants, state: State) -> dict[str, Any]:
        """The head by its block."""
        block, head = state["head"]
        found = super().summary(constants, state) | {"head": f"head {head + 1} of block {block + 1}"}
        found["neuron"] = self.neuron_in_words(constants, state)
        return found | self.alike_summary(constants, state, self.tape_state(constants, state))

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

    def own_streams(self, shape: Any) -> tuple[Stream, ...]:
        """The stream, neurons, one head step by step, maps."""
        return (
            *super().own_streams(shape),
            *stream_vectors.streams(),
            Stream(ANSWERS, "image", "", "How every neuron of the chosen head's block answers at every place: neurons down, places across."),
            *self.alike_streams(),
            Stream("lens", "table", "", "What the model would say if it stopped after each part."),
            Stream("key-value neurons", "table", "", "Neurons that answer most at the chosen place: contexts that excite them, letters that they push."),
            Stream("step by step", "matrices", "", "The chosen head at the chosen place: q.k, mask, softmax, weighted values."),
            Stream("letters", "cloud", "", "Embeddings of the letters, in their principal plane.", channels=("x", "y", "class")),
            Stream("neurons", "cloud", "", "Values of all neurons as directions in the plane of the letters.", channels=("x", "y", "class")),
        )  # fmt: skip

    def own_pictures(self, shape: Any) -> tuple[Picture, ...]:
        """What is inside, behind the text."""
        return (
            *super().own_pictures(shape),
            stream_vectors.picture(),
            Picture(
                ANSWERS, "Neurons of the block, over the text", (Layer(ANSWERS), Layer(f"brush of {ANSWERS}", series=(2,))), levels=(-1.0, 1.0), colours="diverging",
                x="place", y="neuron", brush="brush", weight=1.4,
                doc="Of the block of the chosen head. Drag over places: neurons that answer throughout, and where else all of them do.",
            ),
            *self.alike_pictures(),
            Picture("lens", "If it stopped here", (Layer("lens"),), weight=1.32, doc="What the stream would say after the letter itself, then after the heads and the MLP of each block, by its number; the last part stands first."),
            Picture("key-value neurons", "Key-value neurons", (Layer("key-value neurons"),), pick="choose_neuron", weight=1.6, figures=("neuron",), doc="Click a row: the neuron stands in words above. Then 'Silence the neuron'."),
            Picture("step by step", "One head, step by step", (Layer("step by step"),), weight=1.2),
            Picture("letters", "Map of the letters", (Layer("letters"),), equal=True),
            Picture("neurons", "Map of the neurons", (Layer("neurons"),), equal=True, doc="Where a neuron lies, it pushes the letters of that side."),
        )  # fmt: skip

    def look(self, constants: Constants, state: State, tape: State, stream: str) -> Any:
        """What is shown of the chosen place."""
        at = self._at(state)
        if stream == "lens":
            return self._lens(constants, state, tape, at)
        if stream == "key-value neurons":
            return self._neurons(constants, state, tape, at)
        if stream == "step by step":
            return self._head(constants, state, tape, at)
        if stream in ("letters", "neurons"):
            return self._map(constants, tape)[stream]
        if stream == ANSWERS:
            return self.pass_over(constants, state, tape, [self._block(state)])[0][: len(state["prompt"])].T
        if stream.startswith("brush of ") or stream in ("like places", "letters of it"):
            return self.alike_look(constants, state, tape, stream)
        found = stream_vectors.observe(stream, constants.program.parameters(tape), self.alphabet, self.blocks)
        if found is not None:
            return found
        return super().look(constants, state, tape, stream)

    # -- like places --

    @property
    def spanned(self) -> int:
        """Places that it reads at once."""
        return self.context

    @staticmethod
    def _block(state: State) -> str:
        """The neurons of the chosen head's block."""
        return f"block{int(state['head'][0]) + 1}.neurons"

    def states_of(self, constants: Constants, state: State, tape: State, stream: str) -> np.ndarray:
        """Answers for the text that is looked at, and for windows held out; behind the end of the text nothing answers."""
        row, last = padded(state["prompt"], self.context)
        found = constants.program.forward(
            tape, self._block(state), replace=self.silenced(state) or None, x=np.concatenate([row, self._windows(constants)])
        )
        found[0, last + 1 :] = 0.0
        return found

    @staticmethod
    def _windows(constants: Constants) -> np.ndarray:
        return constants.extra["held"]["x"][:SEARCHED]

    def words_of(self, constants: Constants, state: State, sequence: int) -> list[str]:
        """The letters."""
        tokens = state["prompt"][-self.context :] if sequence == 0 else self._windows(constants)[sequence - 1]
        return [shown(self.alphabet[k]) for k in tokens]

    def sequence_name(self, constants: Constants, sequence: int) -> str:
        """The text that is looked at, or which window held out."""
        return "this text" if sequence == 0 else f"held out {sequence}"

    def state_bounds(self, constants: Constants, state: State, step: int) -> dict[str, Bound]:
        """Which places are brushed, too."""
        return super().state_bounds(constants, state, step) | self.alike_bounds()

    def start(self, constants: Constants, seed: int) -> State:
        """Nothing is brushed."""
        return super().start(constants, seed) | {"brushed": np.array([-1, 0, 0])}

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
        windows = self._windows(constants)
        found = constants.program.forward(tape, names, x=windows)
        likely, size = self.chances_of(constants, state, tape)[at], 4 * self.width
        less = self.without(constants, state, tape, [(names[b], (1, size), 1.0 - np.eye(size)[n][None]) for b, n in order])
        return [
            told.neuron_row(
                self.alphabet, b, n, not state["neurons on"][b, n], told.contexts_of(self.alphabet, windows, found[b][:, :, n]), pushes[b, n], float(now[b, n]),
                told.moves(self.alphabet, likely, p),
            )
            for (b, n), p in zip(order, less, strict=True)
        ]  # fmt: skip

    def neuron_in_words(self, constants: Constants, state: State) -> str:
        """The chosen neuron in a sentence: how it answers here, after what it answers most, and what it then pushes."""
        tape, (b, n) = self.tape_state(constants, state), (int(k) for k in state["neuron"])
        windows, node = self._windows(constants)[:RULED], f"block{b + 1}.neurons"
        answers = constants.program.forward(tape, node, x=windows)[..., n]
        now = float(self.pass_over(constants, state, tape, [node])[0][self._at(state), n])
        value = constants.program.parameters(tape)[f"block{b + 1}.values.weight"][n]
        push = self._read_out(constants, tape, value) - (0.0 if self.tied else constants.program.parameters(tape)["logits.bias"])
        most = told.contexts_of(self.alphabet, windows, answers)[0]
        up = " ".join(shown(self.alphabet[k]) for k in np.argsort(-push)[:3])
        return f"b{b + 1}·n{n}: {now:.2f} here, most after {most}, pushes up {up}"

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
