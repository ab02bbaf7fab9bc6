"""A classifier that can be attacked: a perceptron, a convolutional network or one of the canvas; and one with an example in sight."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from lab.data import sets
from lab.errors import ModelError, ParameterError
from lab.graph.document import Graph
from lab.graph.kinds.layers import weighted, write
from lab.model import Action, Bound, Layer, Model, Picture, State, action, index, param
from lab.params import redeclared
from lab.tape import Node, Optimiser
from lab.training import canvas, readings
from lab.training.attacks import Attack, probabilities
from lab.training.convolution import convolutions
from lab.training.graph import GraphTraining, network_of
from lab.training.learner import Constants
from lab.training.material import outline
from lab.training.objectives import Stage
from lab.training.perceptron import Perceptron
from lab.training.steps import Stretch
from lab.training.supervised import Supervised

NUMBERS = ("diabetes", *sets.FUNCTIONS, "drawn")  # data sets without classes
KINDS = ("perceptron", "convolutional", "from the canvas")
CANVAS = KINDS[2]
CARRIED = ("Data", "Reading the file", "Dale's law", "Network")  # groups of parameters that say which network on which data
KEPT = 48  # readings that are remembered


class Classifier(Perceptron):
    """A network that tells classes apart, written a second time with its input free to move.

    Trained here from the seed, or taken over: a button lists trained runs of the session, `start_from` names a file of weights (`lab weights`).
    """

    layers: str = param(
        "perceptron",
        choices=KINDS,
        live=False,
        group="Network",
        label="Kind of network",
        doc="Affine layers, convolutions, or a network of the canvas.",
    )
    wiring: str = param("", live=False, group="Network", when=("layers", CANVAS), doc="The layers of the canvas (JSON text of its graph).")
    hidden: str = redeclared(Perceptron, "hidden", "128-128", main=False, when=("layers", "perceptron"))
    filters: str = param(
        "8-16",
        live=False,
        kind="layers",
        group="Network",
        when=("layers", "convolutional"),
        doc="Kernels of each convolution, first to last: 8-16.",
    )
    activation: str = redeclared(Perceptron, "activation", "ReLU", main=False)
    optimiser: str = redeclared(Perceptron, "optimiser", "Adam", main=False)
    batch: int = redeclared(Perceptron, "batch", 64)

    learning: bool = param(True, group="Training", label="Learn here",
                           doc="Whether the network learns here; off: its weights stay as they are, for one that was taken over.")  # fmt: skip

    drawing: ClassVar[bool] = True
    takes_over = "Take over a trained network"

    @classmethod
    def taken_over(cls, other: Model) -> dict[str, Any]:
        """Data and layers of a classifier: a perceptron, or convolutions of 3 x 3 places with the largest of 2 x 2 kept."""
        specs, theirs = cls.specs(), type(other).specs()
        if not isinstance(other, Supervised) or other.task != "classification":
            raise cls._cannot(other, "it tells no classes apart")
        shared = {name for name, spec in specs.items() if spec.group in CARRIED and name in theirs}
        values = {name: getattr(other, name) for name in shared}
        if isinstance(other, GraphTraining):
            if other.draws or other.term_names:
                raise cls._cannot(other, "it draws its values or has a second loss")
            values |= {"layers": CANVAS, "wiring": replace(Graph.from_json(other.graph), weights=()).to_json()}
        elif isinstance(other, Perceptron):
            if not (type(other).network is Perceptron.network or isinstance(other, Classifier)):
                raise cls._cannot(other, "its layers are no chain of affine layers or convolutions")
            values.setdefault("layers", KINDS[0])  # whatever stood there before
        elif {"filters", "size", "pooling"} <= set(theirs):
            size, pooling = (getattr(other, name) for name in ("size", "pooling"))
            if (size, pooling) != (3, "max"):
                raise cls._cannot(other, f"its kernels are {size} x {size} with pooling {pooling}, and 3 x 3 with max is known here")
            values["layers"] = "convolutional"
        else:
            raise cls._cannot(other, "its layers are no chain of affine layers or convolutions")
        return values

    @classmethod
    def _cannot(cls, other: Model, why: str) -> ModelError:
        return ModelError(f"{cls._owner()} cannot take over '{other._owner()}': {why}; take a run of supervised learning.")

    def rule(self, rate: float | None = None, momentum: float | None = None) -> Optimiser:
        """At a rate of zero where it does not learn."""
        return super().rule(rate if self.learning else 0.0, momentum)

    def learn(self, constants: Constants, state: State, tape: State, steps: int, watch: bool) -> Stretch:
        """What does not learn keeps the running values of its normalisation, too."""
        before = tape["statistics"].copy()
        found = super().learn(constants, state, tape, steps, watch)
        if not self.learning:
            tape["statistics"][:] = before
        return found

    def on_plane(self, surface: Picture) -> Picture:
        """The plane of points, with where it decides and where it is pushed; a subclass adds its own."""
        return replace(
            surface, layers=(*surface.layers, Layer("line", label="boundary", theory=True, series=(5,)), Layer("pushes")), front=True
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Its own in front, and the plane where there is one."""
        own = {p.name for p in self.own_pictures(outline(self))}
        return tuple(self.on_plane(p) if p.name == "surface" else p if p.name in own else replace(p, front=False) for p in super().pictures)

    @property
    def counts(self) -> tuple[int, ...]:
        """Kernels of each convolution."""
        return tuple(int(w) for w in self.filters.replace(",", "-").split("-") if w.strip())

    def check(self) -> None:
        """Refuse what is no list of counts, and convolutions of what is no picture."""
        super().check()
        if self.layers == CANVAS:
            self._check_wiring()
        if self.data in NUMBERS:
            raise self.refuse(
                "data", f"must have classes, and {self.data} has a number to predict: choose digits, moons or another set of classes"
            )
        parts = [w.strip() for w in self.filters.replace(",", "-").split("-")]
        if not all(w.isdigit() and 1 <= int(w) <= 512 for w in parts) or len(parts) > 8:
            raise self.refuse("filters", "must be one to eight numbers of kernels from 1 to 512 joined by '-', such as 8-16")
        if self.layers == "convolutional":
            if self.data != "file" and outline(self).picture is None:
                raise self.refuse("layers", f"must be perceptron for {self.data}: only pictures can be convolved")
            if self.dale != "off":
                raise self.refuse("dale", "must be off for a convolutional network")

    def _check_wiring(self) -> None:
        """A network of the canvas must be one that the monitor could train with these data, to tell classes apart."""
        if not self.wiring.strip():
            raise self.refuse("wiring", "must hold a network of the canvas: build one, train it and take it over, or choose perceptron")
        if self.dale != "off":
            raise self.refuse("dale", "must be off for a network of the canvas")
        try:
            trained = GraphTraining(graph=self.wiring, data=self.data)
            if trained.draws or trained.term_names or (self.data != "file" and trained.task != "classification"):
                raise self.refuse("wiring", "must end in classes, and have one loss and no layer that draws its values")
        except ParameterError as error:
            raise self.refuse("wiring", str(error).partition(": ")[2].rstrip(".") or str(error)) from None

    def stage_names(self) -> tuple[str, ...]:
        """hidden1, hidden2, ..., output; conv1, conv2, ..., output; or titles of layers of the canvas."""
        if self.layers == CANVAS:
            return tuple(n.title for n in weighted(network_of(self.wiring)[0]))
        return super().stage_names() if self.layers == "perceptron" else (*(f"conv{k + 1}" for k in range(len(self.counts))), "output")

    @property
    def first_weights_are_pictures(self) -> bool:  # type: ignore[override]
        """Kernels are not as large as the picture."""
        return self.layers == "perceptron"

    def network(self, tape: Any, x: Node, outputs: int) -> tuple[Node, tuple[Stage, ...]]:
        """Affine layers, convolutions, or what was wired."""
        if self.layers == CANVAS:
            output, layers = write(tape, network_of(self.wiring)[0], x, self.dropout)
            return output, tuple(Stage(*layer) for layer in layers)
        if self.layers == "perceptron":
            return super().network(tape, x, outputs)
        picture = outline(self).picture
        if picture is None:
            raise ModelError(f"{self._owner()}.layers: '{self.data}' holds no pictures; choose perceptron.")
        return convolutions(
            tape, x, picture, outputs, self.counts, activation=self.activation, normalise=self.normalise == "batch", dropout=self.dropout
        )

    def build(self, seed: int) -> Constants:
        """The classifier written once more, with its input free to move."""
        constants = super().build(seed)
        shape = constants.outline
        if shape.task != "classification":
            raise ModelError(f"{self._owner()}.data: '{self.data}' holds numbers to predict and no classes; choose data with classes.")
        low, high = (0.0, 1.0) if shape.picture else (-np.inf, np.inf)
        constants.extra["attack"] = Attack(lambda t, x, o: self.network(self.paper(t), x, o)[0], shape.inputs, shape.outputs, low, high)
        constants.extra["kept"] = {}
        return constants

    # -- readings --

    def weights(self, constants: Constants, state: State) -> dict[str, np.ndarray]:
        """Weights and running values by name."""
        return constants.program.parameters(state) | constants.program.statistics(state)

    def kept(self, constants: Constants, state: State, key: Hashable, compute: Callable[[], Any]) -> Any:
        """What was computed for these weights and this key: looking twice costs once."""
        store = constants.extra["kept"]
        full = hash((state["parameters"].tobytes(), state["statistics"].tobytes())), key
        if full not in store:
            if len(store) >= KEPT:
                store.clear()
            store[full] = compute()
        return store[full]

    def said(self, constants: Constants, state: State, x: np.ndarray) -> np.ndarray:
        """Probability of each class for inputs."""
        return probabilities(constants.extra["attack"].logits(self.weights(constants, state), x))

    def judged_examples(self, constants: Constants, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Test examples by which attacks are judged."""
        m = constants.material
        return m.test_x[:most], m.test_t[:most]


class InSight(Classifier):
    """A classifier with one example in sight: of the test part, or drawn by hand."""

    def state_bounds(self, constants: Constants, state: State, step: int) -> dict[str, Bound]:
        """Which example is in sight, and which random numbers."""
        own = {"chosen": index(len(constants.material.test_x)), "redrawn": Bound(0, 2**31)}
        return super().state_bounds(constants, state, step) | own

    def start(self, constants: Constants, seed: int) -> State:
        """Which example is in sight, and which random numbers."""
        return super().start(constants, seed) | {"chosen": np.zeros(1, np.int64), "redrawn": np.zeros(1, np.int64)}

    def draws_of(self, state: State) -> int:
        """Which random numbers are drawn."""
        return abs(int(state["redrawn"][0])) % 2**31

    def example(self, constants: Constants, state: State) -> tuple[np.ndarray, int]:
        """(inputs (1, n), class) of the example in sight; what is drawn by hand has the class that the network reads."""
        m, index = constants.material, int(state["chosen"][0])
        known = 0 <= index < len(m.test_x)
        if constants.outline.picture is None:
            index = index if known else 0
            return m.test_x[index : index + 1], int(m.test_t[index])
        x = readings.seen(self, constants, state)
        if known and not state["drawn_on"][0]:
            return x, int(m.test_t[index])
        return x, int(self.said(constants, state, x)[0].argmax())

    # -- by hand --

    @classmethod
    def actions(cls) -> dict[str, Action]:
        """What is done to the example in sight comes first."""
        found = super().actions()
        first = [name for name in ("next_example", "redraw") if name in found]
        return {name: found[name] for name in (*first, *found)}

    @action("Look at a test example", index=(int, param(0, lo=0, hi=10_000_000, doc="Number of the test example.")))
    def look_at(self, constants: Constants, state: State, index: int) -> None:
        """Put a test example in sight."""
        m = constants.material
        if index >= len(m.test_x):
            raise ModelError(f"{self._owner()}.look_at.index: must be below the number of test examples, {len(m.test_x)} (got {index}).")
        if constants.outline.picture is not None:
            state["canvas"][:] = canvas.enlarged(m.test_x[index].reshape(constants.outline.picture), state["canvas"].shape)
            state["drawn_on"][0] = 0
        state["chosen"][0] = index

    @action("Next example", shortcut="E")
    def next_example(self, constants: Constants, state: State) -> None:
        """The test example that follows."""
        self.look_at(constants, state, (max(0, int(state["chosen"][0])) + 1) % len(constants.material.test_x))

    @action("Other random numbers", shortcut="R")
    def redraw(self, constants: Constants, state: State) -> None:
        """Another random direction, and another start of the attack."""
        state["redrawn"][0] = (self.draws_of(state) + 1) % 2**31
