"""A layered network drawn on the canvas, its shapes checked while wiring, trained in place."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lab import data
from lab.errors import LabError, ModelError
from lab.graph import Graph
from lab.graph_kinds.layers import Dense, Input, Output, cnn, mlp, residual, shapes, tape
from lab.model import Clock, Figure, Layer, Model, Picture, Stream, param

MLP = mlp().to_json()
SETS = ("moons", "circles", "spirals", "XOR", "Gaussians", "digits", "wine", "iris")
DRAWN = 160  # units that are drawn one by one


@lru_cache(maxsize=8)
def _graph(text: str) -> Graph:
    graph = Graph.from_json(text)
    if graph.family != "layers":
        raise ModelError(f"The graph holds {graph.kinds.title.lower()}: this model takes layers.")
    for problem in graph.problems():
        if problem.fatal:
            raise ModelError(problem.sentence)
    return graph


@lru_cache(maxsize=8)
def _examples(name: str) -> data.Dataset:
    return data.load(name, n=600, noise=0.15, seed=0)


class LayeredNetwork(Model):
    """Layers wired on the canvas and trained while you watch: `h_l = sigma_l(W_l h_{l-1} + b_l)`.

    Shapes run along the wires; where two ends do not fit, the sentence names both and says what to put between. While the
    layers are few and small, every neuron and synapse is drawn with its activity for one example. A residual
    connection is a wire around a layer into an Add.
    """

    name = "layered-network"
    title = "Layered network"
    group = "Gates and layers"
    icon = "mdi6.layers-triple-outline"
    order = 30
    equations = (r"h_l = \sigma_l(W_l h_{l-1} + b_l)", r"[\,W \mid b\,]\,[x; 1] = W x + b")
    source = "Rumelhart, Hinton and Williams, Nature 323:533 (1986); He et al., CVPR (2016)"
    presets = {
        "Moons": {},
        "Residual block": {"graph": residual().to_json()},
        "Digits": {"graph": mlp(32, 64, 10).to_json(), "data": "digits"},
        "Digits, convolutional": {"graph": cnn().to_json(), "data": "digits"},
    }

    graph: str = param(MLP, kind="graph", live=False, doc="Layers and wires (JSON text of the canvas).", group="Network")
    data: str = param("moons", choices=SETS, live=False, main=True, doc="Examples to learn.")
    rate: float = param(0.01, lo=1e-5, hi=0.3, log=True, main=True, doc="Learning rate of Adam.")
    batch: int = param(32, lo=1, hi=256, live=False, doc="Examples in a minibatch.")
    example: int = param(0, lo=0, hi=100_000, doc="Example whose activity is drawn.")

    def check(self) -> None:
        try:
            graph = _graph(self.graph)
        except LabError as error:
            raise self.refuse("graph", str(error).rstrip(".")) from None
        found = _examples(self.data)
        given = next(n for n in graph.nodes if isinstance(n.parameters, Input))
        wanted = next(n for n in graph.nodes if isinstance(n.parameters, Output))
        size = int(np.prod(shapes(graph)[given.id]))
        if size != found.inputs:
            raise self.refuse("graph", f"{given.title} takes {size} values, but the examples of {self.data} have {found.inputs}: change {given.title} or the data")
        classes = wanted.parameters.classes  # type: ignore[attr-defined]
        if classes < found.outputs:
            raise self.refuse("graph", f"{wanted.title} has {classes} classes, but {self.data} has {found.outputs}: give it as many")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "minibatch", physical=True)

    @property
    def speed(self) -> float:
        return 100.0

    @property
    def default_steps(self) -> int:
        return 1000

    @property
    def streams(self):
        return (
            Stream("loss", "trace", "nats", "Cross-entropy of each minibatch.", every=1),
            Stream("accuracy", "trace", "", "Part of each minibatch that is told right.", every=1),
            Stream("units", "graph", "", "Neurons and synapses of the dense layers, while they are few, with the activity for one example."),
            Stream("points", "cloud", "", "The first two features by class.", channels=("x", "y", "class")),
        )

    @property
    def pictures(self):
        return (
            Picture("loss", "Loss", (Layer("loss"),), y="loss (nats)", front=True),
            Picture("accuracy", "Accuracy", (Layer("accuracy"),), y="accuracy", y_range=(0.0, 1.0), figures=("test accuracy",), front=True),
            Picture("units", "Every neuron and synapse", (Layer("units"),), colours="diverging", weight=1.4),
            Picture("points", "Examples", (Layer("points"),), x="x", y="y"),
        )

    def build(self, seed: int):
        found = _examples(self.data).split(0.25, seed)
        found = found.standardised()
        graph = _graph(self.graph)
        program = tape(graph).compile(batch=self.batch)
        shape = shapes(graph)[next(n.id for n in graph.nodes if isinstance(n.parameters, Input))]
        x, t = found.part("train")
        x = x.reshape(-1, *shape)
        held, answers = found.part("test")
        return program, program.data(x=x, t=t), x, t, held.reshape(-1, *shape), answers

    def start(self, constants, seed: int):
        return constants[0].start(seed, rows=len(constants[2]))

    def advance(self, constants, state, n: int, out) -> int:
        program, samples, *_ = constants
        program.set(state, "optimiser.rate", self.rate)
        report = program.train(state, samples, n, batch=self.batch).check()
        if out.wanted("loss"):
            out["loss"][:n] = report["loss"]
        if out.wanted("accuracy"):
            out["accuracy"][:n] = report["accuracy"]
        return n

    def remedy(self, stream: str) -> str:
        return "lower the learning rate"

    def _drawn(self):
        """Layers that are drawn unit by unit: (node, units, its source among them)."""
        graph = _graph(self.graph)
        known = shapes(graph)
        rows = [n for n in (graph.node(id) for id in graph.order()) if isinstance(n.parameters, (Input, Dense, Output)) and len(known[n.id]) == 1]
        return graph, [(n, known[n.id][0]) for n in rows] if sum(known[n.id][0] for n in rows) <= DRAWN else []

    def observe(self, constants, state, stream: str):
        program, _, x, t, *_ = constants
        if stream == "points":
            flat = x.reshape(len(x), -1)
            return np.column_stack([flat[:, 0], flat[:, min(1, flat.shape[1] - 1)], t]).astype(float)
        if stream != "units":
            return super().observe(constants, state, stream)
        graph, layers = self._drawn()
        one = x[[self.example % len(x)]]
        first: dict[str, int] = {}
        nodes, edges = [], []
        weights = program.parameters(state)
        for column, (n, units) in enumerate(layers):
            first[n.id] = len(nodes)
            if isinstance(n.parameters, Input):
                values = one[0]
            else:
                values = program.forward(state, n.id if isinstance(n.parameters, Dense) else f"{n.id}.sum", x=one)[0]
                source = graph.incoming(n.id)[0].source
                if source in first:
                    w = weights[f"{n.id}.sum.weight"]
                    edges += [(first[source] + a, first[n.id] + b, float(w[a, b])) for a in range(w.shape[0]) for b in range(w.shape[1])]
            nodes += [(float(column), 0.5 * (units - 1) - k, float(values[k])) for k in range(units)]
        return {"nodes": np.array(nodes, float).reshape(-1, 3), "edges": np.array(edges, float).reshape(-1, 3)}

    def summary(self, constants, state):
        program, _, _, _, held, answers = constants
        output = next(n.id for n in _graph(self.graph).nodes if isinstance(n.parameters, Output))
        told = program.forward(state, f"{output}.sum", x=held).argmax(1)
        return {"minibatches": int(state["counters"][0]), "test accuracy": float((told == answers).mean())}

    @classmethod
    def figures(cls):
        """What the drawn networks reach."""

        def reached(steps, **values):
            return lambda run: run(cls(**values), steps=steps, record={}).summary["test accuracy"]

        yield Figure("moons, two hidden layers", 0.95, reached(600), bound="at_least", source="the lab's learning table, noise 0.15")
        yield Figure("digits, convolutional", 0.95, reached(400, **cls.presets["Digits, convolutional"]), bound="at_least", source="the lab's learning table")
