"""A network written a second time on the same tape, with the weights of the first: what it says of other inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.errors import ModelError
from lab.tape import Node, Tape


class Again:
    """A tape on which layers find the weights that are there already; their values bear a prefix."""

    def __init__(self, tape: Tape, prefix: str):
        self.tape, self.prefix = tape, prefix

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.tape, name)
        if name in ("batch_norm", "layer_norm", "parameter"):
            raise ModelError(f"tape: '{name}' has weights or running values of its own, which a second writing would not share.")
        return self._prefixed(found) if callable(found) else found

    def _prefixed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **more: Any) -> Any:
            if isinstance(more.get("name"), str):
                more["name"] = self.prefix + more["name"]
            return function(*given, **more)

        return call

    def affine(self, x: Node, units: int | None = None, *, init: Any = None, name: str) -> Node:
        """The affine layer of this name, of another input."""
        weight, bias = self.tape.find(f"{name}.weight"), self.tape.find(f"{name}.bias")
        return self.tape.affine(x, weight=weight, bias=bias, name=self.prefix + name)

    def conv2d(self, x: Node, filters: int | None = None, *, size: int = 3, init: Any = None, name: str) -> Node:
        """The convolution of this name, of another input."""
        weight, bias = self.tape.find(f"{name}.weight"), self.tape.find(f"{name}.bias")
        return self.tape.conv2d(x, weight=weight, bias=bias, name=self.prefix + name)
