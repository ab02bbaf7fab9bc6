"""A model with a stream, a picture and an action of every kind, for the tests of what is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.model import Clock, Handle, Layer, Model, Out, Picture, State, Stream, action, param

CELLS = 60
SIDE = 12


class Gallery(Model):
    """Waves, spikes and everything else that can be drawn."""

    name = "gallery"

    rate: float = param(5.0, "Hz", lo=0.1, hi=100.0, log=True, main=True, doc="Frequency of the wave.")
    threshold: float = param(0.5, "mV", lo=-2.0, hi=2.0, group="Wave", doc="Where a spike is made.")
    reset: float = param(-0.5, "mV", lo=-2.0, hi=2.0, group="Wave", doc="Where the wave goes after a spike.")
    cells: int = param(CELLS, lo=1, hi=100_000, log=True, live=False, group="Wave", doc="Number of cells.")
    shape: str = param("sine", choices=("sine", "square"), main=True, doc="Form of the wave.")
    duty: float = param(0.5, lo=0.0, hi=1.0, when=("shape", "square"), group="Wave", doc="Part of a period that is high.")
    noisy: bool = param(False, group="Noise", doc="Whether noise is added.")
    law: str = param("white", choices=("white", "pink", "Ornstein-Uhlenbeck", "shot", "none at all"), group="Noise", doc="Kind of noise.")
    note: str = param("", group="Files", doc="A remark.")
    recording: str = param("", kind="file", group="Files", doc="A recorded wave.")
    drawn: list[list[float]] = param([[0.0, 0.0], [1.0, 1.0]], kind="drawn", group="Drawn", doc="A wave drawn by hand.")
    samples: list[list[float]] = param([[0.2, 0.5, 0.0]], kind="points", group="Drawn", doc="Points of two classes.")
    weights: list[list[float]] = param([[1.0, 0.0], [0.0, 1.0]], kind="matrix", group="Drawn", doc="Weights.")
    network: str = param("{}", kind="graph", group="Drawn", doc="A network.")

    def check(self) -> None:
        if self.reset >= self.threshold:
            error = self.refuse("reset", f"must be below threshold ({self.threshold:g} mV)")
            error.names = ("reset", "threshold")
            raise error

    @property
    def clock(self) -> Clock:
        return Clock(0.1, "ms")

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("V", "trace", "mV", every=1),
            Stream("waves", "trace", "mV", shape=(3,), channels=("one", "two", "three"), every=1),
            Stream("many", "trace", "mV", shape=(20,)),
            Stream("score", "trace", "", events=True, channels=("train", "test")),
            Stream("spikes", "raster", shape=(self.cells,)),
            Stream("rates", "curve", "Hz", channels=("I", "measured"), x_unit="nA"),
            Stream("theory", "curve", "Hz", channels=("I", "expected"), x_unit="nA"),
            Stream("counts", "bars", channels=("a", "b", "c", "d", "e")),
            Stream("expected", "bars"),
            Stream("weights", "image"),
            Stream("digits", "image"),
            Stream("photo", "image"),
            Stream("map", "cloud", channels=("x", "y", "class")),
            Stream("solid", "cloud", channels=("x", "y", "z", "class")),
            Stream("border", "curve"),
            Stream("net", "graph"),
            Stream("words", "table"),
            Stream("field", "arrows"),
            Stream("glance", "tokens", channels=("surprise", "share")),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("V", "Membrane", (Layer("V"),), y="V (mV)", window=40.0, handles=(Handle("threshold"),), figures=("spikes",)),
            Picture("waves", "Waves", (Layer("waves"),), y="V (uA/cm2)", window=40.0),
            Picture("many", "Many", (Layer("many"),), window=40.0),
            Picture("score", "Score", (Layer("score"),), y="accuracy"),
            Picture("spikes", "Spikes", (Layer("spikes"),), y="cell", window=40.0, pick="point"),
            Picture(
                "plane",
                "Plane",
                (Layer("theory", style="dotted"), Layer("waves", x="V", channel=1), Layer("waves", x="V", channel=1, style="marker")),
                x="V (mV)",
                y="w",
            ),
            Picture(
                "rates", "Rates", (Layer("rates", style="points"), Layer("theory", theory=True)), x="I (nA)", y="rate (Hz)", click="poke"
            ),
            Picture("counts", "Counts", (Layer("counts"), Layer("expected", theory=True)), y="count", pick="point"),
            Picture("weights", "Weights", (Layer("weights"),), colours="diverging", paint="brush", x="to", y="from"),
            Picture(
                "digits", "Digits", (Layer("digits"),), colours="grey", pick="point", labels=tuple(f"{k} / {9 - k}" for k in range(10))
            ),
            Picture("map", "Map", (Layer("map"), Layer("border", style="dashed")), pick="point"),
            Picture("solid", "Solid", (Layer("solid"),)),
            Picture("net", "Network", (Layer("net"),), pick="point"),
            Picture("words", "Words", (Layer("words"),), pick="point"),
            Picture("field", "Field", (Layer("field"),), x="x", y="y"),
            Picture("policy", "Policy", (Layer("weights"), Layer("field")), colours="diverging", x="to", y="from"),
            Picture("glance", "Glance", (Layer("glance"),), pick="point"),
        )

    @action("Poke", x=(float, param(0.0, lo=-1e9, hi=1e9, doc="Where.")), y=(float, param(0.0, lo=-1e9, hi=1e9, doc="How high.")))
    def poke(self, constants: Any, state: State, x: float, y: float) -> None:
        state["poked"][:] = x, y

    @action("Pick", hidden=True, index=(int, param(0, lo=0, hi=1_000_000, doc="Which.")))
    def point(self, constants: Any, state: State, index: int) -> None:
        state["poked"][0] = index

    @action(
        "Paint", hidden=True, row=(int, param(0, lo=0, hi=1000, doc="Row.")), column=(int, param(0, lo=0, hi=1000, doc="Column.")),
        value=(float, param(1.0, lo=-1.0, hi=1.0, doc="Value.")),
    )  # fmt: skip
    def brush(self, constants: Any, state: State, row: int, column: int, value: float) -> None:
        state["weights"][row, column] = value

    def start(self, constants: Any, seed: int) -> State:
        rng = np.random.default_rng(seed)
        return {
            "step": np.zeros(1, np.int64), "poked": np.zeros(2), "weights": rng.normal(0, 0.4, (SIDE, SIDE)),
            "map": np.column_stack([rng.normal(0, 1, (120, 2)) + 3 * rng.integers(0, 2, (120, 2)), rng.integers(0, 3, 120)]),
        }  # fmt: skip

    def advance(self, constants: Any, state: State, n: int, out: Out) -> int:
        spikes = out.events["spikes"]
        for k in range(n):
            step = int(state["step"][0])
            if int(spikes.count[0]) + 4 > len(spikes.steps):
                return k
            t = step * 0.1
            V = np.sin(2 * np.pi * self.rate * t / 100.0)
            if out.wanted("V"):
                out["V"][k] = V
            if out.wanted("waves"):
                out["waves"][k] = V, 0.5 * np.cos(2 * np.pi * self.rate * t / 100.0), 0.3 * V * V
            if out.wanted("many"):
                out["many"][k] = V * 0.5 + np.arange(20)
            for j in range(3):
                spikes.append(k, (step * 7 + j * 13) % self.cells, 0.25)
            if step % 20 == 0:
                out.events["score"].append(k, 0, 1 - 1 / (1 + step / 100))
                out.events["score"].append(k, 1, 0.9 - 0.9 / (1 + step / 100))
            state["step"] += 1
        return n

    def observe(self, constants: Any, state: State, stream: str) -> Any:
        x = np.linspace(0.0, 10.0, 21)
        ring = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        if stream == "solid":
            k = np.linspace(0, 1, 300)
            return np.column_stack([np.cos(20 * k), np.sin(20 * k), 2 * k, (k * 4).astype(int)])
        if stream == "net":
            edges = np.array([(j, (j + s) % 12, w) for j in range(12) for s, w in ((1, 1.0), (3, -0.5), (0, 0.3 if j == 0 else 0.0))])
            return {"nodes": np.column_stack([np.cos(ring), np.sin(ring), np.arange(12) / 11]), "edges": edges}
        return {
            "rates": np.vstack([x, 0.98 * x**2]),
            "theory": np.vstack([x, x**2]),
            "counts": np.array([[3.0, 5.0, 2.0, 7.0, 4.0], [2.0, 6.0, 2.5, 5.0, 1.0]]),
            "expected": np.array([3.0, 5.5, 2.0, 6.0, 3.0]),
            "weights": state["weights"].copy(),
            "digits": np.random.default_rng(0).random((10, 8, 8)),
            "photo": np.random.default_rng(0).random((20, 30, 3)),
            "map": state["map"].copy(),
            "field": np.array([[i, j, 0.6 * np.cos(i), 0.6 * np.sin(j), (i + j) % 3] for i in range(4) for j in range(3)]),
            "glance": {
                "rows": [
                    {"texts": list("what sh"), "values": np.linspace(0, 1, 14).reshape(7, 2), "name": "looks at"},
                    {"texts": list("what sh"), "name": "asks"},
                ],
                "links": [(0, 6, 0.7), (2, 6, 0.3)],
                "lit": [13],
            },
            "border": np.vstack([np.linspace(-3, 6, 30), 3 - np.linspace(-3, 6, 30)]),
            "words": [{"word": w, "cosine": c, "rank": k} for k, (w, c) in enumerate((("queen", 0.94), ("duchess", 0.71), ("nun", -0.41)))],
        }[stream]

    def labels(self, constants: Any, stream: str) -> tuple[str, ...]:
        if stream == "map":
            return tuple(f"word {k}" for k in range(120))
        return tuple(f"n{k}" for k in range(12)) if stream == "net" else ()

    def summary(self, constants: Any, state: State) -> dict[str, Any]:
        return {"spikes": 3 * int(state["step"][0])}
