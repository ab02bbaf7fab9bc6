"""Models that write: what `lab write` asks of them."""

from __future__ import annotations

from typing import Any

from lab.errors import ModelError
from lab.model import Model, State


class Writer(Model):
    """A model whose state can go on with a text."""

    def write_text(
        self,
        constants: Any,
        state: State,
        text: str,
        count: int,
        *,
        temperature: float | None = None,
        most: int | None = None,
        seed: int = 0,
    ) -> tuple[str, str]:
        """(the text as it was read, `count` tokens after it); an empty text is the model's own beginning, None its own number."""
        raise ModelError(f"{self._owner()} does not implement write_text().")
