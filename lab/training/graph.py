"""Training of a network that was built on the canvas: the graph is a parameter, and may carry the weights to begin with."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from lab.errors import LabError
from lab.graph.document import Graph, Node
from lab.graph.kinds.layers import Dense, Input, Output, Reconstruction, SecondLoss, kind_of, mlp, shapes, sized, terms, weighted, write
from lab.graph.weights import MOST, carried, carry
from lab.model import Layer, Picture, State, Stream, param
from lab.params import redeclared
from lab.tape import Tape
from lab.training.dale import SignedLayers
from lab.training.drawing import Column
from lab.training.drawn_graph import activity, columns_of, depths_of
from lab.training.learner import Constants
from lab.training.material import Outline, outline
from lab.training.objectives import Stage
from lab.training.supervised import Supervised
from lab.units import number as printed

MLP = mlp().to_json()
CARRIED = "carried weights"  # the stream by which the window takes the weights to another model


@lru_cache(maxsize=16)
def network_of(document: str) -> tuple[Graph, Node, Node]:
    """The graph of a document with its blocks written out, its input and its end; refused with a sentence where it cannot run."""
    graph = Graph.from_json(document)
    ends = sized(graph)
    carried(graph)
    return graph.expand(), *ends


class GraphTraining(SignedLayers):
    """Layers wired on the canvas, trained like any other network of the monitor.

    A run begins with the weights that the graph carries, as far as their shapes are still those of the layers.
    """

    graph: str = param(
        MLP,
        kind="graph",
        live=False,
        doc="Layers and wires, and their weights if they carry some (JSON text of the canvas).",
        group="Network",
    )
    data: str = redeclared(Supervised, "data", "moons")
    epochs: int = redeclared(Supervised, "epochs", 100)
    evaluate: float = redeclared(Supervised, "evaluate", 2.0)
    rate: float = redeclared(Supervised, "rate", 0.01)

    def check(self) -> None:
        """Refuse a graph that cannot run, or that does not fit the data."""
        try:
            _, given, end = network_of(self.graph)
        except LabError as error:
            raise self.refuse("graph", str(error).rstrip(".")) from None
        if self.data == "file":
            return  # a file is read when the run begins, and is refused there
        found = outline(self)
        size = self._input_size(given)
        if size != found.inputs:
            raise self.refuse(
                "graph",
                f"{given.title} takes {size} values, but the examples of {self.data} have {found.inputs}: change {given.title} or the data",
            )
        if isinstance(end.parameters, Output) and end.parameters.classes != found.outputs:
            what = "classes" if found.task == "classification" else "numbers to predict"
            raise self.refuse(
                "graph", f"{end.title} has {end.parameters.classes} outputs, but {self.data} has {found.outputs} {what}: give it as many"
            )

        for node in terms(network_of(self.graph)[0]):
            asked = node.parameters
            if isinstance(asked, SecondLoss) and (found.task != "classification" or asked.classes != found.outputs):
                what = f"{found.outputs} classes" if found.task == "classification" else "no classes"
                raise self.refuse("graph", f"{node.title} asks for {asked.classes} classes, but {self.data} has {what}: change one of them")

    @staticmethod
    def _input_size(given: Node) -> int:
        value = given.parameters
        assert isinstance(value, Input)
        return value.height * value.width * value.channels

    @property
    def task(self) -> str:
        """What the end of the graph asks for, or what the data are."""
        return "reconstruction" if network_of(self.graph)[2].kind == "reconstruction" else outline(self).task

    @property
    def draws(self) -> bool:  # type: ignore[override]
        """Whether a layer draws its values."""
        graph = network_of(self.graph)[0]
        return any(kind_of(graph, n).random for n in graph.nodes)

    @property
    def term_names(self) -> tuple[str, ...]:
        """What each term of the loss is called, where there are several."""
        graph, _, end = network_of(self.graph)
        found = terms(graph)
        return (f"loss: {end.title}", *(f"loss: {n.title}" for n in found)) if found else ()

    def columns(self) -> tuple[list[str], list[str], list[str]]:
        """The terms of the loss are known of each step, too."""
        losses, gradients, scores = super().columns()
        return losses, gradients, [*scores, *self.term_names]

    def given(self, x: np.ndarray, t: np.ndarray) -> dict[str, np.ndarray]:
        """The classes, too, where something asks for them beside."""
        asked = any(isinstance(n.parameters, SecondLoss) for n in network_of(self.graph)[0].nodes)
        return {"x": x, "t": t} if asked else super().given(x, t)

    def goal(self, tape: Any, x: Any, output: Any, outputs: int) -> Any:
        """The loss of the end, and the terms that other nodes add to it."""
        graph, _, end = network_of(self.graph)
        value, others = end.parameters, terms(graph)
        soft = isinstance(value, Reconstruction) and value.loss == "Bernoulli"
        if not others and not soft:
            return super().goal(tape, x, output, outputs)

        def labels(classes: int) -> Any:
            return tape.find("t") if any(n.name == "t" for n in tape.nodes) else tape.labels("t", classes)

        name = "loss" if not others else f"{end.id}.loss"
        if soft:
            total = tape.bernoulli(tape.find(f"{end.id}.sum"), x, name=name)
        elif self.task == "classification":
            tape.record("accuracy", tape.accuracy(output, labels(outputs)))
            total = tape.cross_entropy(output, labels(outputs), name=name)
        else:
            total = tape.mse(output, x if self.task == "reconstruction" else tape.input("t", (outputs,)), name=name)
        if not others:
            return total
        named = zip(self.term_names, [(total, 1.0), *(kind_of(graph, n).term(tape, n, labels) for n in others)], strict=True)  # type: ignore[misc]
        found = [(tape.record(title, term), weight) for title, (term, weight) in named]
        for term, weight in found[1:]:
            total = tape.add(total, tape.scale(term, weight))
        return tape.scale(total, 1.0, name="loss")

    def _weighted(self) -> list[Node]:
        return weighted(network_of(self.graph)[0])

    def stage_names(self) -> tuple[str, ...]:
        """Titles of the layers with weights."""
        return tuple(n.title for n in self._weighted())

    def network(self, tape: Tape, x: Any, outputs: int) -> tuple[Any, tuple[Stage, ...]]:
        """The layers of the graph."""
        output, layers = write(tape, network_of(self.graph)[0], x, self.dropout)
        return output, tuple(Stage(*layer) for layer in layers)

    @property
    def first_weights_are_pictures(self) -> bool:  # type: ignore[override]
        """Whether the first layer with weights reads the pixels themselves."""
        first = self._weighted()[0]
        found = outline(self)
        return kind_of(network_of(self.graph)[0], first).cells == "each" and self._reads_input(first.id) and found.picture is not None

    def _reads_input(self, id: str) -> bool:
        graph = network_of(self.graph)[0]
        source = graph.node(graph.incoming(id)[0].source)
        return source.kind == "input" or (source.kind == "flatten" and self._reads_input(source.id))

    @property
    def rectifies(self) -> bool:
        """Whether a layer of rectifying units can die."""
        return any(isinstance(n.parameters, Dense) and n.parameters.activation == "relu" for n in self._weighted())

    def start(self, constants: Constants, seed: int) -> State:
        """First weights: those that the graph carries, drawn anew where a layer has become another."""
        state = super().start(constants, seed)
        known = constants.program.parameters(state) | constants.program.statistics(state)
        for name, array in carried(network_of(self.graph)[0]).items():
            if name in known and known[name].shape == array.shape:
                known[name][...] = array
        state["best_parameters"][:], state["best_statistics"][:] = state["parameters"], state["statistics"]
        return state

    def carrying(self, constants: Constants, state: State) -> str:
        """The document of the graph with the present weights in it."""
        arrays = constants.program.parameters(state) | constants.program.statistics(state)
        return carry(Graph.from_json(self.graph), arrays).to_json()

    # -- what can be looked at --

    def own_streams(self, shape: Outline) -> tuple[Stream, ...]:
        """The layers on the canvas, the weights as the graph takes them, and pictures said again."""
        found = [
            Stream(
                "activity",
                "graph",
                "",
                "Every node of the canvas with the mean size of its values for one example (fourth column: whether it is known).",
                canvas="activity",
            ),
            Stream(
                CARRIED,
                "table",
                "",
                f"The graph with the present weights in it, as one text (up to {printed(MOST)} weights).",
                canvas="carried",
            ),
        ]
        if self.task == "reconstruction" and shape.picture:
            found.append(Stream("reconstructions", "image", "", "Test pictures, and under each what comes out."))
        found += [
            Stream(name, "trace", "", f"Term of the loss on each minibatch, before its weight: {name.partition(': ')[2]}.", every=1)
            for name in self.term_names
        ]
        return tuple(found)

    def own_pictures(self, shape: Outline) -> tuple[Picture, ...]:
        """The terms of the loss, where there are several."""
        layers = tuple(Layer(name, label=name.partition(": ")[2]) for name in self.term_names)
        return (Picture("terms", "Terms of the loss", layers, y="loss", front=True),) if layers else ()

    def look(self, constants: Constants, state: State, tape: State, stream: str) -> Any:
        """Layers, weights, pictures said again."""
        m, shape = constants.material, constants.outline
        if stream == CARRIED:
            if constants.program.layout.parameters > MOST:
                return [
                    {"graph": "", "refusal": f"A graph carries at most {printed(MOST)} weights: write them to a file with 'lab weights'."}
                ]
            return [{"graph": self.carrying(constants, state), "refusal": ""}]
        if stream == "reconstructions":
            assert shape.picture is not None
            x = m.test_x[:8]
            gap = np.full((len(x), 1, shape.picture[1]), np.nan)
            again = self.predict(constants, state, x).reshape(-1, *shape.picture)
            return np.concatenate([x.reshape(-1, *shape.picture), gap, again], axis=1).astype(float)
        if stream == "activity":
            return self._activity(constants, tape, self.shown_example(constants), self.depth_shown(state))
        return super().look(constants, state, tape, stream)

    def answers(self, constants: Constants, tape: State, x: np.ndarray) -> dict[str, np.ndarray]:
        """What every node with weights gives for one example, by the node's identity; the end as logits, or numbers."""
        graph, given, end = network_of(self.graph)
        nodes = self._weighted()
        names = [n.id if n is not end else f"{n.id}.sum" for n in nodes]
        found = constants.program.forward(tape, names, x=x)
        return {given.id: x[0].reshape(shapes(graph)[given.id])} | {n.id: array[0] for n, array in zip(nodes, found, strict=True)}

    def shown_example(self, constants: Constants) -> np.ndarray:
        """The example whose activity is drawn, (1, inputs)."""
        return constants.material.x[:1]

    def drawn_layers(self, shape: Outline) -> tuple[Column, ...]:
        """The layers of the graph, each with its plus and minus where the graph can take it."""
        return columns_of(self.graph, bool(shape.picture))

    def _activity(self, constants: Constants, tape: State, x: np.ndarray, deep: float) -> dict[str, np.ndarray]:
        """Nodes of the canvas (of a repeated block its first copy): x, y, mean size of the values, whether they are known."""
        values = self.answers(constants, tape, x)
        sizes = {id: float(np.abs(value).mean()) for id, value in values.items()}
        return activity(Graph.from_json(self.graph), network_of(self.graph)[0], sizes, depths(self.graph), deep)

    def labels(self, constants: Constants, stream: str) -> tuple[str, ...]:
        """Titles of the nodes of the canvas."""
        return tuple(n.title for n in Graph.from_json(self.graph).nodes) if stream == "activity" else super().labels(constants, stream)


@lru_cache(maxsize=16)
def depths(document: str) -> dict[str, int]:
    """How many wires lie between the input and each node, along the longest way."""
    return depths_of(network_of(document)[0])
