"""A model made for tests: arithmetic simple enough to be done in the head, with everything a model can have."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from lab.model import Clock, Events, Handle, Layer, Model, Out, Picture, State, Stream, action, param

__all__ = ["LeakingCounter"]


class LeakingCounter(Model):
    """A number that grows by `rate` at each step and loses a part `leak` of itself.

    x[k+1] = (1 - leak) x[k] + rate + noise * u, with u from a generator whose state lies in the state.
    """

    name = "leaking-counter"
    title = "Leaking counter"
    group = "Tests"
    icon = "mdi6.counter"
    equations = (r"x_{k+1} = (1 - \lambda) x_k + r",)
    source = "Made for the tests."
    presets = {"Fast growth": {"rate": 5.0}, "Steady": {"leak": 0.1}}

    rate: float = param(1.0, "mV", lo=-1e6, hi=1e6, doc="What is added at each step.", main=True, group="Growth")
    leak: float = param(0.0, lo=-1e6, hi=1.0, doc="Part that is lost at each step.", group="Growth")
    noise: float = param(0.0, "mV", lo=0.0, hi=10.0, doc="Width of a random addition.", group="Growth")
    cells: int = param(3, lo=1, hi=1000, live=False, doc="Independent copies.", group="Size")
    scale: float = param(2.0, lo=0.1, hi=10.0, builds=True, doc="Factor of the picture, derived when built.", group="Size")
    steps: int = param(0, lo=0, hi=10_000_000, live=False, doc="Length of a run; 0: until stopped.", group="Size")
    stop_at: float = param(0.0, "mV", lo=0.0, hi=1e9, doc="Value at which the run is over by itself; 0: never.", group="Size")
    slow: float = param(0.0, "ms", lo=0.0, hi=1000.0, doc="Pause at each step.", group="Size")

    @property
    def clock(self) -> Clock:
        return Clock(0.5, "ms")

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("x", "trace", "mV", "The number.", shape=(self.cells,), every=1),
            Stream("double", "trace", "mV", "Twice the number, recorded only when asked for."),
            Stream("tens", "raster", "", "Each step at which a cell passes a multiple of ten."),
            Stream("profile", "curve", "mV", "The numbers of all cells, scaled.", every=100),
            Stream("figures", "table", "", "What it stands at."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("x", "Number", (Layer("x"),), y="x (mV)", window=50.0, front=True, weight=2.0, handles=(Handle("rate"),)),
            Picture("tens", "Tens", (Layer("tens"),), y="cell", window=50.0),
            Picture("profile", "Profile", (Layer("profile"),), x="cell", y="mV"),
        )

    @property
    def length(self) -> int | None:
        return self.steps or None

    def build(self, seed: int) -> Any:
        return self.scale * np.arange(1, self.cells + 1)

    def start(self, constants: Any, seed: int) -> State:
        return {"x": np.zeros(self.cells), "random": np.array([seed * 2 + 1], np.uint64), "kicks": np.zeros(1, np.int64)}

    def advance(self, constants: Any, state: State, n: int, out: Out) -> int:
        x, random = state["x"], state["random"]
        tens: Events = out.events["tens"]
        for k in range(n):
            if self.slow:
                time.sleep(self.slow / 1000)
            if self.stop_at and x[0] >= self.stop_at:
                return k
            random *= np.uint64(6364136223846793005)  # on arrays, as scalars warn of the overflow that is meant
            random += np.uint64(1442695040888963407)
            u = float(random[0] >> np.uint64(11)) / 2**53
            before = np.floor(x / 10)
            with np.errstate(over="ignore", invalid="ignore"):
                x += self.rate - self.leak * x + self.noise * u
            if out.wanted("x"):
                out["x"][k] = x
            if out.wanted("double"):
                out["double"][k] = 2 * x[0]
            for cell in np.flatnonzero((np.floor(x / 10) != before) & np.isfinite(x)):
                tens.append(k, int(cell), 1.0)
        return n

    def observe(self, constants: Any, state: State, stream: str) -> Any:
        if stream == "profile":
            return np.stack([np.arange(self.cells, dtype=float), constants * state["x"]])
        return [{"x": float(state["x"][0]), "kicks": int(state["kicks"][0])}]

    def summary(self, constants: Any, state: State) -> dict[str, Any]:
        return {"x (mV)": float(state["x"][0]), "kicks": int(state["kicks"][0])}

    @action("Kick", amplitude=(float, param(100.0, "mV", lo=-1e3, hi=1e3, doc="Height of the kick.")))
    def kick(self, constants: Any, state: State, amplitude: float) -> None:
        """Add `amplitude` to every cell at once."""
        state["x"] += amplitude
        state["kicks"] += 1

    @action("Break", hidden=True)
    def break_down(self, constants: Any, state: State) -> None:
        """Fail as a defective model does."""
        raise ZeroDivisionError("a defect")
