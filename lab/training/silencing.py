"""What a person points at in a transformer, and what they silence: the same for one that learns and for one that was opened."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lab.errors import ModelError
from lab.model import Model, State, action, param


class Pointing(Model):
    """State: `chosen` a place of the text, `head` (layer of attention, number); `heads on`: 0 where silent."""

    masks: ClassVar[tuple[str, ...]] = ("heads on",)

    def layers_of(self, constants: Any) -> tuple[int, int, int]:
        """(layers of attention, heads of each, neurons of each)."""
        raise ModelError(f"{self._owner()} does not implement layers_of().")

    def looked_at_text(self, state: State) -> np.ndarray:
        """The tokens that are looked at."""
        return state["prompt"]

    @action("Choose a letter", hidden=True, index=(int, param(0, lo=0, hi=10_000, doc="Its place in the text.")))
    def choose(self, constants: Any, state: State, index: int) -> None:
        """Look at this place of the text."""
        state["chosen"][0] = index % len(self.looked_at_text(state))

    @action("Choose a head", hidden=True, index=(int, param(0, lo=0, hi=10_000, doc="Its number, block by block.")))
    def choose_head(self, constants: Any, state: State, index: int) -> None:
        """Unfold this head."""
        blocks, heads, _ = self.layers_of(constants)
        state["head"][:] = divmod(index % (blocks * heads), heads)

    @action("Silence the head")
    def silence_head(self, constants: Any, state: State) -> None:
        """The chosen head says nothing any more, or again; only what is looked at and written changes, not what was learnt."""
        self.layers_of(constants)  # a network may have none
        b, h = state["head"]
        state["heads on"][b, h] = 1 - state["heads on"][b, h]

    @action("Let all speak")
    def let_all_speak(self, constants: Any, state: State) -> None:
        """Nothing is silent."""
        for name in self.masks:
            state[name][:] = 1


class Silencing(Pointing):
    """State besides: `neuron` (block, number); `neurons on`, `blocks on`: 0 where silent."""

    masks = ("heads on", "neurons on", "blocks on")

    def neuron_of_row(self, constants: Any, state: State, index: int) -> tuple[int, int]:
        """Block and number of the neuron in a row of the table of neurons."""
        raise ModelError(f"{self._owner()} does not implement neuron_of_row().")

    @action("Choose a neuron", hidden=True, index=(int, param(0, lo=0, hi=10_000, doc="Its row in the table.")))
    def choose_neuron(self, constants: Any, state: State, index: int) -> None:
        """Take the neuron of this row of the table."""
        state["neuron"][:] = self.neuron_of_row(constants, state, index)

    @action("Silence the neuron")
    def silence_neuron(self, constants: Any, state: State) -> None:
        """The chosen neuron says nothing any more, or again."""
        b, n = state["neuron"]
        state["neurons on"][b, n] = 1 - state["neurons on"][b, n]

    @action("Silence the block")
    def silence_block(self, constants: Any, state: State) -> None:
        """The block of the chosen head adds nothing any more, or again."""
        b = state["head"][0]
        state["blocks on"][b] = 1 - state["blocks on"][b]
