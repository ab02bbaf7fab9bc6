"""A layered network drawn on the canvas, its shapes checked while wiring, trained in place, its forward pass shown neuron by neuron."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lab.graph.document import Node
from lab.graph.kinds.layers import autoencoder, cnn, deep, kind_of, mlp, perceptron, residual
from lab.model import COUNT, Clock, Figure, Layer, Picture, Preset, Stream, action, index, param
from lab.training import GraphTraining, redeclared
from lab.training.drawn_graph import columns_of
from lab.training.graph import depths, network_of
from lab.training.learner import GRADIENT_NORM
from lab.training.pictures import network_picture

HOLD = 50  # steps that the activity rests in a layer
TERMS = 16  # products that are listed one by one
DIGITS = {"data": "digits", "rate": 0.003}


class LayeredNetwork(GraphTraining):
    """Layers wired on the canvas and trained while you watch: each weighs the outputs of the one before, adds up and bends.

    Shapes run along the wires; where two ends do not fit, the sentence names both and says what to put between. Beside the
    canvas the neurons are drawn, each with what it answers to every input: width is the size of a weight, dashes take away.
    Drag a weight and watch the line bend; minus and plus under a layer change its units, a plus between two puts a layer in.
    Click a neuron to read how its value comes about.

    Choose *forward pass* to stop learning and let the activity travel layer by layer, here and on the canvas; pause it, step
    it, or press *Next layer*. *Train in the monitor* opens the training monitor with the same network, data and weights;
    *Back to the canvas* returns with what it has learned. A residual connection is a wire around a layer into an Add; a
    group of layers can be repeated.
    """

    name = "layered-network"
    title = "Layered network"
    group = "Gates and layers"
    icon = "mdi6.layers-triple-outline"
    order = 30
    also = "feedforward network; feed-forward network; multi-layer perceptron; multilayer perceptron; draw a network; build a network; residual block; ResNet; skip connection; layers; deep network; canvas"
    takes = ({"what": "graph", "family": "layers"},)
    equations = (r"h_l = \sigma_l(W_l h_{l-1} + b_l)", r"[\,W \mid b\,]\,[x; 1] = W x + b")
    symbols = r"h_l: activations of layer l; W_l: weights; b_l: biases; \sigma_l: activation function"
    source = "Rumelhart, Hinton and Williams, Nature 323:533 (1986); He et al., CVPR (2016)"
    presets = {
        "Moons": Preset({}, shows="test accuracy > 0.95"),
        "Forward pass, layer by layer": Preset({"mode": "forward pass"}, shows="phase != '' and mode = 'forward pass'", after=20.0),
        "Perceptron: one line is not enough": Preset(
            {"graph": perceptron().to_json()}, shows="test accuracy < 0.95 and test accuracy > 0.8"
        ),
        "Residual block": Preset({"graph": residual().to_json()}, shows="test accuracy > 0.95"),
        "Residual block, four in a row": Preset({"graph": deep().to_json()}, shows="test accuracy > 0.95"),
        "Digits": Preset({"graph": mlp(32, 64, 10).to_json(), **DIGITS}, shows="test accuracy > 0.94"),
        "Digits, convolutional": Preset({"graph": cnn().to_json(), **DIGITS}, shows="test accuracy > 0.94"),
        "Digits, autoencoder": Preset({"graph": autoencoder().to_json(), **DIGITS}, shows="test R2 > 0.2"),
    }

    hands_over = {
        "to": "canvas-training",
        "words": "Train in the monitor",
        "about": "Open the training monitor with the same layers, data and weights",
    }

    mode: str = param("train", choices=("train", "forward pass"), main=True, group="Network",
                      doc="Learn, or stand still and watch one example pass through the layers.")  # fmt: skip
    example: int = param(0, lo=0, hi=100_000, main=True, group="Network", doc="Training example whose activity is drawn.")
    noise: float = redeclared(GraphTraining, "noise", 0.15)

    @property
    def clock(self) -> Clock:
        """One step is one minibatch, shown at a pace that can be followed."""
        return Clock(1.0, "minibatch", physical=True)

    @property
    def speed(self) -> float:
        """Minibatches in a second."""
        return 100.0

    @property
    def length(self) -> int | None:  # type: ignore[override]
        """It goes on until it is stopped."""
        return None

    @property
    def default_steps(self) -> int:
        """A thousand minibatches."""
        return 1000

    # -- what it shows --

    def own_streams(self, shape):
        """The arithmetic of one neuron."""
        return (
            *super().own_streams(shape),
            Stream("arithmetic", "table", "", "How the clicked neuron comes to its value, with the present numbers."),
        )

    @property
    def stage(self):
        """The canvas takes the upper half: what tells about health waits in its drawer."""
        return replace(super().stage, opened="")

    def own_pictures(self, shape):
        """The drawing in front; the terms of the loss."""
        found = [
            network_picture(pick="look_at_unit", weight=1.8, doc="Each neuron shows what it answers. Drag a weight; click a neuron to read its arithmetic."),
            Picture("arithmetic", "Arithmetic of a neuron", (Layer("arithmetic"),), front=True, weight=1.3),
        ]  # fmt: skip
        if self.task == "reconstruction" and shape.picture:
            found.append(
                Picture("reconstructions", "In, and out again", (Layer("reconstructions"),), colours="grey", levels=(0.0, 1.0), front=True)
            )
        return (*found, *super().own_pictures(shape))

    @property
    def pictures(self):
        """The drawing and its arithmetic before the curves of the training."""
        found = super().pictures
        first = [p for p in found if p.name in ("network", "arithmetic", "reconstructions", "surface")]
        return (*first, *(p for p in found if p not in first))

    def start(self, constants, seed: int):
        """The activity at the input, and the first hidden neuron looked at."""
        columns = columns_of(self.graph)
        return super().start(constants, seed) | {
            "passed": np.zeros(1, np.int64),
            "unit": np.array([columns[0].units if len(columns) > 1 else 0], np.int64),
        }

    def state_bounds(self, constants, state, step):
        """Where the activity is, and which neuron is looked at, too."""
        units = max(1, sum(column.units for column in columns_of(self.graph)))
        return super().state_bounds(constants, state, step) | {"passed": COUNT, "unit": index(units)}

    def advance(self, constants, state, n: int, out) -> int:
        """Learn, or let the activity travel on while the traces stand still."""
        if self.mode == "train":
            return super().advance(constants, state, n, out)
        state["passed"] += n
        loss, *right = (float(a / b) if b else 0.0 for a, b in state["smooth"].reshape(-1, 2))
        still = {
            "loss": loss,
            "smoothed": loss,
            "smoothed accuracy": right[0] if right else 0.0,
            "rate": self.rate,
            "gradient": float(state["figures"][GRADIENT_NORM]),
        }
        for name, value in still.items():
            if name in out.samples and out.wanted(name):
                out[name][:n] = value
        return n

    def finished(self, constants, state) -> str | None:
        """Never while the activity is watched."""
        return None if self.mode == "forward pass" else super().finished(constants, state)

    def shown_example(self, constants):
        """The chosen training example."""
        x = constants.material.x
        return x[[self.example % len(x)]]

    def drawn_example(self, constants, state):
        """The same in the drawing."""
        return self.shown_example(constants)

    def depth_shown(self, state) -> float:
        """As deep as the activity has come; after the last layer it rests, then begins again."""
        if self.mode == "train":
            return float("inf")
        last = max(depths(self.graph).values())
        return float(state["passed"][0] // HOLD % (last + 3))

    def look(self, constants, state, tape, stream: str):
        """Arithmetic of the neuron that was clicked."""
        if stream == "arithmetic":
            return self._arithmetic(constants, state, tape)
        return super().look(constants, state, tape, stream)

    def _unit(self, state) -> tuple[Node, int] | None:
        """The layer, and the neuron in it."""
        at, graph = int(state["unit"][0]), network_of(self.graph)[0]
        for column in columns_of(self.graph):
            if at < column.units:
                id = column.value.removesuffix(".sum")
                return (graph.node(id) if id else network_of(self.graph)[1]), at
            at -= column.units
        return None

    def _input_of(self, id: str, values) -> tuple[np.ndarray | None, list[str]]:
        """What a layer reads, as one row, and the names of its values; nothing where it comes from a convolution."""
        graph = network_of(self.graph)[0]
        total: np.ndarray | None = None
        names: list[str] = []
        for e in graph.incoming(id):
            source = graph.node(e.source)
            if source.id in values:
                part, own = values[source.id].ravel(), [f"{source.title} · {k + 1}" for k in range(values[source.id].size)]
            elif source.kind in ("add", "flatten", "dropout"):
                part, own = self._input_of(source.id, values)
            else:
                return None, []
            if part is None:
                return None, []
            total = part if total is None else total + part
            names = own if not names else [f"{a} + {b}" for a, b in zip(names, own, strict=True)]
        return total, names

    def _arithmetic(self, constants, state, tape) -> list[dict]:
        found = self._unit(state)
        if found is None:
            return [{"from": "The layers are too many to be drawn.", "x": "", "w": "", "w x": ""}]
        node, k = found
        title = f"{node.title} · {k + 1}"
        if kind_of(network_of(self.graph)[0], node).cells == "shared":
            return [{"from": f"{title}: one kernel at every place; what it finds is drawn in the neuron", "x": "", "w": "", "w x": ""}]
        if depths(self.graph)[node.id] > self.depth_shown(state):
            return [{"from": f"{title}: the activity has not come here yet", "x": "", "w": "", "w x": ""}]
        values = self.answers(constants, tape, self.shown_example(constants))
        own = float(values[node.id].ravel()[k])
        if node.kind == "input":
            return [{"from": f"{title}, given", "x": own, "w": "", "w x": ""}]
        weights = constants.program.parameters(state)
        w, bias = weights[f"{node.id}.sum.weight"][:, k].astype(float), float(weights[f"{node.id}.sum.bias"][k])
        h, names = self._input_of(node.id, values)
        rows: list[dict] = []
        if h is not None:
            products = w * h
            order = np.argsort(-np.abs(products), kind="stable")
            listed = np.sort(order[:TERMS]) if len(order) > TERMS else np.arange(len(order))
            rows += [{"from": names[j], "x": float(h[j]), "w": float(w[j]), "w x": float(products[j])} for j in listed]
            if len(order) > TERMS:
                rest = float(products[order[TERMS:]].sum())
                rows.append({"from": f"{len(order) - TERMS} smaller ones", "x": "", "w": "", "w x": rest})
            z = float(products.sum()) + bias
        else:
            z = own
        rows.append({"from": "bias", "x": 1.0, "w": bias, "w x": bias})
        rows.append({"from": f"{title}: the sum z", "x": "", "w": "", "w x": z})
        if node.kind == "dense":
            rows.append({"from": f"{title} = {node.parameters.activation}(z)", "x": "", "w": "", "w x": own})  # type: ignore[attr-defined]
        elif node.kind == "sample":
            rows.append({"from": f"{title}: drawn from the cloud around z", "x": "", "w": "", "w x": own})
        elif node.kind == "second-loss" or (node.kind == "output" and self.task == "classification"):
            p = np.exp(values[node.id] - values[node.id].max())
            rows.append({"from": f"{title}: probability (softmax of all z)", "x": "", "w": "", "w x": float(p[k] / p.sum())})
        return rows

    def summary(self, constants, state):
        """How far the activity has come, too, where it passes layer by layer."""
        found = super().summary(constants, state)
        return found | ({"layers passed": int(state["passed"][0]) // HOLD} if self.mode == "forward pass" else {})

    # -- actions --

    @classmethod
    def actions(cls):
        """Its own action first."""
        found = super().actions()
        return {"next_layer": found["next_layer"], **found}

    @action("Next layer", shortcut="L")
    def next_layer(self, constants, state):
        """Let the activity pass one layer more; learning stops for it."""
        begun = self.mode == "forward pass"
        state["passed"][0] = (state["passed"][0] // HOLD + 1) * HOLD if begun else 0
        return None if begun else {"mode": "forward pass"}

    @action(
        "Look at a neuron",
        hidden=True,
        index=(int, param(0, lo=0, hi=100_000, doc="Number of the neuron in the drawing, first layer first.")),
    )
    def look_at_unit(self, constants, state, index: int):
        """Show how a neuron comes to its value."""
        state["unit"][0] = index

    @classmethod
    def figures(cls):
        """What the drawn networks reach."""

        def reached(steps, **values):
            return lambda run: run(cls(evaluate=float(steps), **values), steps=steps, record={}).simulation

        def accuracy(steps, **values):
            def measure(run):
                s = reached(steps, **values)(run)
                m = s.constants.material
                return float((s.model.predict(s.constants, s.state, m.test_x).argmax(1) == m.test_t).mean())

            return measure

        def sums(run):
            """The listed arithmetic against the tape, over all neurons of the drawing."""
            s = reached(50, mode="train")(run)
            worst = 0.0
            answers = s.model.answers(s.constants, s.model.tape_state(s.constants, s.state), s.model.shown_example(s.constants))
            values = np.concatenate([answers[column.value.removesuffix(".sum")].ravel() for column in columns_of(s.model.graph)[1:]])
            for unit, value in enumerate(values, start=2):
                s.act("look_at_unit", index=unit)
                rows = s.observe("arithmetic")
                terms = sum(row["w x"] for row in rows[:-2])
                worst = max(
                    worst, abs(terms - rows[-2]["w x"]), abs(np.tanh(terms) - value) if "tanh" in rows[-1]["from"] else abs(terms - value)
                )
            return worst

        yield Figure("moons, two hidden layers", 0.95, accuracy(600), bound="at_least", source="the lab's learning table, noise 0.15")
        yield Figure(
            "digits, convolutional",
            0.95,
            accuracy(800, **cls.presets["Digits, convolutional"]),
            bound="at_least",
            source="the lab's learning table",
        )
        yield Figure("arithmetic of every drawn neuron against the program", 1e-5, sums, bound="at_most", source="h = sigma(W h + b)")
