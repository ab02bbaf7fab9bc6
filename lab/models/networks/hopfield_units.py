"""A Hopfield network built unit by unit on the canvas: patterns are stored in its wires, and recalled."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lab.errors import LabError, ModelError
from lab.graph.document import Graph
from lab.graph.kinds.units import Symmetric, hopfield, matrix, stored, triangle, units
from lab.kernels import below, seed_state, uniform
from lab.model import Bound, Clock, Figure, Layer, Model, Picture, Preset, Stream, action, param

MOST = 64  # units: all of them joined make 2,016 wires


@lru_cache(maxsize=16)
def _network(text: str) -> tuple[Graph, Symmetric]:
    graph = Graph.from_json(text)
    if graph.family != "units":
        raise ModelError(f"The graph holds {graph.kinds.title.lower()}: this model takes binary units.")
    for problem in graph.problems():
        if problem.fatal:
            raise ModelError(problem.sentence)
    if len(graph.nodes) > MOST:
        raise ModelError(f"The graph holds {len(graph.nodes)} units and may hold {MOST}: use the model 'hopfield' for larger memories.")
    return graph, matrix(graph)


class HopfieldUnits(Model):
    """Units that are -1 or +1 update one after the other, each taking the side that its neighbours pull it to.

    The energy `E = -1/2 x W x - b x` can only fall, so the network comes to rest in a valley. Hebb's rule digs a valley for
    every pattern: click units to draw one, press *Store this pattern*, and the wires of the canvas take their weights from
    it. Then *Spoil* it and watch it come back. Store a third and a fourth, and the valleys run into each other.
    """

    name = "hopfield-units"
    title = "Hopfield network, unit by unit"
    group = "Memory"
    icon = "mdi6.circle-half-full"
    order = 12
    also = "asynchronous update; binary units; Ising; Ising model; energy descent; frustration; unit by unit"
    takes = ({"what": "graph", "family": "units"},)
    equations = (
        r"x_i \leftarrow \mathrm{sign}\left(\textstyle\sum_j w_{ij} x_j + b_i\right)",
        r"E = -\frac{1}{2}\, x^T W x - b^T x",
        r"\Delta w_{ij} = \frac{1}{N} x_i x_j",
    )
    symbols = r"w_{ij}: weight between units i and j; W: weights as a matrix; N: number of units; \Delta: change when a pattern is stored"
    source = "Hopfield, PNAS 79:2554 (1982)"
    presets = {
        "A spoilt cross mends itself": Preset({}, shows="energy = -7 and at rest"),
        "Three that want to differ": Preset({"graph": triangle().to_json()}, shows="energy = -1 and at rest"),
        "Nine empty units": Preset({"graph": units(9, 3).to_json()}, shows="energy = 0 and at rest"),
    }

    graph: str = param(
        hopfield().to_json(), kind="graph", builds=True, doc="Units and symmetric synapses (JSON text of the canvas).", group="Network"
    )
    flips: float = param(0.2, lo=0.0, hi=1.0, main=True, doc="Part of the units that spoiling turns over.")

    def check(self) -> None:
        """Refuse what is no network of units."""
        try:
            _network(self.graph)
        except LabError as error:
            raise self.refuse("graph", str(error).rstrip(".")) from None

    @property
    def clock(self) -> Clock:
        """One step is the update of one unit, chosen at random."""
        return Clock(1.0, "update", physical=True)

    @property
    def speed(self) -> float:
        """Updates in a second."""
        return 8.0

    @property
    def default_steps(self) -> int:
        """Ten updates of each unit."""
        return 10 * max(1, len(_network(self.graph)[0].nodes))

    @property
    def streams(self):
        return (
            Stream("energy", "trace", "", "Energy of the network.", every=1),
            Stream("activity", "graph", "", "Every unit with its state.", canvas="activity"),
            Stream("inputs", "table", "", "What every unit hears, and what it would become."),
        )

    @property
    def pictures(self):
        return (
            Picture(
                "activity",
                "Units: click one to turn it over",
                (Layer("activity"),),
                colours="grey",
                levels=(-1.0, 1.0),
                pick="turn",
                equal=True,
                front=True,
                weight=1.3,
            ),
            Picture("energy", "Energy", (Layer("energy"),), y="E", window=200.0, figures=("energy", "at rest"), front=True),
            Picture("inputs", "What each unit hears", (Layer("inputs"),)),
        )

    def build(self, seed: int) -> Symmetric:
        return _network(self.graph)[1]

    def start(self, constants: Symmetric, seed: int):
        return {"x": constants.first.copy(), "rng": seed_state(seed)}

    def energy(self, constants: Symmetric, x: np.ndarray) -> float:
        """E = -1/2 x W x - b x."""
        return float(-0.5 * x @ constants.W @ x - constants.bias @ x)

    def state_bounds(self, constants, state, step):
        return {"x": Bound(shape=(len(constants.first),))}

    def advance(self, constants: Symmetric, state, n: int, out) -> int:
        x, rng = state["x"], state["rng"]
        rows = out["energy"] if out.wanted("energy") else None
        for k in range(n):
            i = int(below(rng, len(x)))
            h = float(constants.W[i] @ x + constants.bias[i])
            if abs(h) > 1e-12:  # where nothing pulls, a unit stays as it is
                x[i] = 1.0 if h > 0 else -1.0
            if rows is not None:
                rows[k] = self.energy(constants, x)
        return n

    def changed_live(self, before, constants: Symmetric, state) -> None:
        """Units that were there keep their state."""
        assert isinstance(before, HopfieldUnits)
        if before.graph != self.graph:
            old = dict(zip([n.id for n in _network(before.graph)[0].nodes], state["x"], strict=True))
            fresh = matrix(_network(self.graph)[0]).first
            state["x"] = np.array([old.get(n.id, first) for n, first in zip(_network(self.graph)[0].nodes, fresh, strict=True)])

    def _heard(self, constants: Symmetric, state) -> np.ndarray:
        return constants.W @ state["x"] + constants.bias

    def observe(self, constants: Symmetric, state, stream: str):
        graph = _network(self.graph)[0]
        if stream == "activity":
            # Without the synapses: the canvas shows them, and here a pattern is to be seen.
            return {
                "nodes": np.array([(n.x, -n.y, v) for n, v in zip(graph.nodes, state["x"], strict=True)], float).reshape(-1, 3),
                "edges": np.empty((0, 3)),
            }
        if stream == "inputs":
            heard = self._heard(constants, state)
            return [
                {"unit": n.title, "state": int(x), "hears": float(h), "is": "content" if h * x >= -1e-12 else "pulled over"}
                for n, x, h in zip(graph.nodes, state["x"], heard, strict=True)
            ]
        return super().observe(constants, state, stream)

    def labels(self, constants: Symmetric, stream: str) -> tuple[str, ...]:
        return tuple(n.title for n in _network(self.graph)[0].nodes) if stream == "activity" else ()

    def summary(self, constants: Symmetric, state):
        rest = bool((self._heard(constants, state) * state["x"] >= -1e-12).all())
        return {"units": len(state["x"]), "energy": self.energy(constants, state["x"]), "at rest": rest}

    @action("Turn a unit over", hidden=True, index=(int, param(0, lo=0, hi=MOST - 1, doc="Number of the unit, in the order of the graph.")))
    def turn(self, constants: Symmetric, state, index: int):
        """Change one unit by hand."""
        if index >= len(state["x"]):
            raise ModelError(f"{self.name}.turn.index: must be below the number of units, {len(state['x'])} (got {index}).")
        state["x"][index] *= -1.0

    @action("Store this pattern")
    def store(self, constants: Symmetric, state):
        """Hebb's rule: every synapse grows by x_i x_j / N, on the canvas too."""
        return {"graph": stored(_network(self.graph)[0], state["x"]).to_json()}

    @action("Forget everything")
    def forget(self, constants: Symmetric, state):
        """Remove all synapses."""
        graph = _network(self.graph)[0]
        return {"graph": graph.remove([e.id for e in graph.edges]).to_json()}

    @action("Spoil", shortcut="S")
    def spoil(self, constants: Symmetric, state):
        """Turn over a random part of the units (parameter flips)."""
        for i in range(len(state["x"])):
            if uniform(state["rng"]) < self.flips:
                state["x"][i] *= -1.0

    @classmethod
    def figures(cls):
        """Hebb's weights, a falling energy, and recall."""

        def weights(run):
            model = cls()
            W = _network(model.graph)[1].W
            from lab.graph.kinds.units import BARS, CROSS

            X = np.array([CROSS, BARS], float)
            aim = X.T @ X / X.shape[1]
            np.fill_diagonal(aim, 0.0)
            return float(np.abs(W - aim).max())

        def recalled(run):
            from lab.graph.kinds.units import CROSS

            return float(np.mean([bool((run(cls(), steps=200, seed=seed, record={}).state["x"] == CROSS).all()) for seed in range(10)]))

        def rises(run):
            return float(max(np.diff(run(cls(), steps=300, seed=seed, record={"energy": 1})["energy"]).max() for seed in range(5)))

        yield Figure("weights of the wires against W = X^T X / N", 1e-12, weights, bound="at_most", source="Hopfield (1982)")
        yield Figure("spoilt crosses that are recalled", 1.0, recalled, source="two orthogonal patterns of 16 units")
        yield Figure("largest rise of the energy", 1e-12, rises, bound="at_most", source="Hopfield (1982)")
