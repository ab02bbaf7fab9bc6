"""Supervised learning with a multi-layer perceptron, on any data set."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from lab.embedding.nearby import folded
from lab.model import Figure, Layer, Picture, Preset, Stream, param
from lab.tape.interpreter import POSITION, STEP
from lab.training import Perceptron, features
from lab.training.perceptron import ATTACKED


class MultiLayerPerceptron(Perceptron):
    """A layered network learns a data set while one watches: pictures, tables, points in a plane, functions, or your own file.

    Layers of units `h = sigma(x W + b)` end in one output per class; the weights follow the gradient of the cross-entropy
    (or, for numbers, of the squared error) on one minibatch after the other. Try:

    - draw a digit on the canvas and watch the bars while the network is still learning;
    - choose moons or spirals, click points into the plane, and watch the decision surface give way;
    - raise the learning rate until the loss no longer falls, or until training diverges;
    - press *Next phase*, or turn on *Phase by phase* and step, and follow one example through every matrix, forward and back;
    - give XOR two hidden units: about a third of the seeds end in a local minimum.
    """

    name = "mlp"
    title = "Supervised learning (MLP)"
    group = "Training monitor"
    icon = "mdi6.layers-triple-outline"
    order = 10
    also = "MLP; multi-layer perceptron; multilayer perceptron; neural network; train a network; training; classification; classifier; regression; digits; MNIST; supervised learning; stochastic gradient descent; SGD; learning rate; XOR; spirals; two moons; deep learning; loss curve; handwriting recognition; handwritten digits; learning rate schedule"
    takes = (
        {"what": "table", "words": "Learn", "into": "file", "values": {"data": "file"}},
        {"what": "pictures", "words": "Learn", "into": "file", "values": {"data": "file"}},
    )
    passes_on = ATTACKED
    equations = (
        r"h_l = \sigma(h_{l-1} W_l + b_l)",
        r"E = -\frac{1}{N}\sum_n \ln \mathrm{softmax}(y_n)_{t_n}",
        r"\delta_l = \sigma'(z_l) \odot (\delta_{l+1} W_{l+1}^T), \quad \partial E / \partial W_l = h_{l-1}^T \delta_l",
    )
    symbols = r"\sigma: activation function; z_l: sums of layer l before it; E: loss; \delta_l: gradient of the loss by z"
    source = "Rumelhart, Hinton and Williams, Nature 323:533 (1986); Kingma and Ba, Adam (2015)"
    drawing: ClassVar[bool] = True
    metric: ClassVar[str] = "euclidean"  # how near is measured between the vectors of a layer
    presets = {
        "Digits": Preset({}, shows="test accuracy > 0.95"),
        "Moons": Preset({"data": "moons", "hidden": "32-32", "epochs": 100, "evaluate": 5.0}, shows="test accuracy > 0.94"),
        "Circles": Preset({"data": "circles", "noise": 0.1, "hidden": "16", "epochs": 100, "evaluate": 5.0}, shows="test accuracy > 0.96"),
        "Spirals": Preset({"data": "spirals", "hidden": "64-64", "epochs": 500, "evaluate": 10.0}, shows="test accuracy > 0.98", slow=True),
        "XOR with four units": Preset({
            "data": "XOR", "noise": 0.1, "n": 400, "hidden": "4", "activation": "tanh", "optimiser": "SGD", "rate": 0.5, "epochs": 300, "evaluate": 5.0,
        }, shows="test accuracy > 0.97", share=0.8),
        "XOR with two units: a third of the seeds ends in a local minimum": Preset({
            "data": "XOR", "noise": 0.1, "n": 400, "hidden": "2", "activation": "tanh", "optimiser": "SGD", "rate": 0.5, "epochs": 300, "evaluate": 5.0,
        }, shows="test accuracy < 0.9", share=0.2),
        "Three clouds": Preset({"data": "Gaussians", "noise": 0.4, "hidden": "8", "epochs": 50}, shows="test accuracy > 0.9"),
        "Wine": Preset({"data": "wine", "hidden": "16"}, shows="test accuracy > 0.9"),
        "Breast cancer": Preset({"data": "breast cancer", "hidden": "16"}, shows="test accuracy > 0.9"),
        "Diabetes (numbers, not classes)": Preset({"data": "diabetes", "hidden": "16", "epochs": 60}, shows="test R2 > 0.3 and test R2 < 0.7"),
        "A sine": Preset({"data": "sine", "n": 300, "noise": 0.1, "hidden": "32-32", "activation": "tanh", "epochs": 300, "evaluate": 10.0}, shows="test R2 > 0.95"),
        "A function of your own": Preset({"data": "drawn", "n": 300, "noise": 0.05, "hidden": "32-32", "activation": "tanh", "epochs": 300, "evaluate": 10.0}, shows="test R2 > 0.9"),
        "Points of your own": Preset({"data": "painted", "hidden": "16", "batch": 8, "epochs": 2000, "evaluate": 50.0, "test_fraction": 0.1}, shows="train accuracy > 0.95"),
        "Phase by phase, 2-3-2": Preset({"data": "moons", "hidden": "3", "optimiser": "SGD", "rate": 0.1, "slow": True, "epochs": 100}, shows="phase != ''", after=1.0),
        "Learning rate too large: it diverges": Preset({"data": "diabetes", "optimiser": "SGD", "rate": 0.3, "hidden": "16"}, shows="loss > 1.5", after=0.25),
        "Learning rate too small": Preset({"optimiser": "SGD", "rate": 1e-5}, shows="test accuracy < 0.4 and loss > 2.2"),
    }  # fmt: skip

    layer: int = param(
        0, lo=0, hi=17, group="Network", label="Layer of the map", doc="Layer whose values are mapped; 0: the last hidden one."
    )

    def own_streams(self, shape):
        """Test examples as a layer sees them."""
        epoch = Stream(
            "epoch", "image", "", "The training examples of this epoch: 0 not yet used, 0.5 in the last minibatch, 1 used before it."
        )
        return (*super().own_streams(shape), epoch, features.map_stream(), *features.streams(shape))

    def summary(self, constants, state):
        """How many examples of the epoch are left."""
        return super().summary(constants, state) | {"left in this epoch": int((self.used(constants, state) == 0).sum())}

    def own_pictures(self, shape):
        """Their map."""
        epoch = Picture("epoch", "This epoch", (Layer("epoch"),), levels=(0.0, 1.0), figures=("left in this epoch",),
                        doc="A cell for each training example: dark it still waits, bright it was used; between them the last minibatch.")  # fmt: skip
        return (*super().own_pictures(shape), epoch, features.map_picture())

    def used(self, constants, state) -> np.ndarray:
        """Of each training example: 0 not used in this epoch, 0.5 in the last minibatch, 1 before it."""
        order, now, size = state["order"], int(state["counters"][POSITION]), self.minibatch or self.batch
        found = np.zeros(len(order))
        if not now and state["counters"][STEP]:  # an epoch has just ended
            now = len(order)
        found[order[:now]] = 1.0
        found[order[(now - 1) // size * size : now]] = 0.5 if now else 0.0
        return found

    def look(self, constants, state, tape, stream):
        """Which examples were used, vectors and map of the layer."""
        if stream == "epoch":
            return folded(self.used(constants, state))
        hidden = max(1, len(constants.stages) - 1)
        node = constants.stages[min(self.layer or hidden, len(constants.stages)) - 1].value
        found = features.observe(self, constants, stream, lambda x: constants.program.forward(tape, node, x=x))
        return super().look(constants, state, tape, stream) if found is None else found

    @classmethod
    def figures(cls):
        """The learning table: medians of three seeds."""

        def score(**values):
            return lambda run: float(np.median([run(cls(**values), seed=seed, record={}).summary["test accuracy"] for seed in (0, 1, 2)]))

        def first_loss(run):
            return float(np.median([run(cls(), steps=1, seed=seed, record={"loss": 1})["loss"][0] for seed in (0, 1, 2)]))

        def twenty(run):
            model = cls(samples=20, batch=20, optimiser="Adam", rate=1e-2, epochs=200, evaluate=0.0)
            return float(np.median([run(model, steps=200, seed=seed, record={"loss": 1})["loss"][-1] for seed in (0, 1, 2)]))

        def solved(units):
            values = cls.presets["XOR with two units: a third of the seeds ends in a local minimum"] | {
                "hidden": str(units),
                "evaluate": 300.0,
            }
            return lambda run: float(
                np.mean([run(cls(**values), seed=seed, record={}).summary["test accuracy"] > 0.95 for seed in range(10)])
            )

        def drawn(run):
            """Examples that an epoch did not use exactly once, counted minibatch by minibatch."""
            s = run(cls(batch=100, evaluate=0.0), steps=0, seed=0, record={}).simulation
            times = np.zeros(len(s.state["order"]))
            for _ in range(s.model.steps_per_epoch):
                s.advance(1)
                times += s.model.used(s.constants, s.state) == 0.5
            return float((times != 1).sum())

        table = "the lab's learning table"
        yield Figure("examples that an epoch does not use exactly once", 0.0, drawn, source="a permutation, cut into minibatches")
        yield Figure("first loss of ten classes", math.log(10), first_loss, 0.02, unit="nats", source="ln 10: a guess")
        yield Figure("20 examples, loss after 200 Adam steps", 1e-2, twenty, unit="nats", bound="at_most")
        yield Figure("digits 64-64-10, 30 epochs", 0.965, score(evaluate=30.0), bound="at_least", source=table)
        yield Figure("moons, noise 0.2", 0.965, score(**cls.presets["Moons"] | {"evaluate": 100.0}), 0.02, source=table)
        yield Figure("circles", 0.99, score(**cls.presets["Circles"] | {"evaluate": 100.0}), 0.015, source=table)
        yield Figure(
            "spirals, 64-64, 500 epochs",
            0.99,
            score(**cls.presets["Spirals"] | {"evaluate": 500.0}),
            bound="at_least",
            source=table,
            slow=True,
        )
        yield Figure("XOR solved with four tanh units", 0.9, solved(4), bound="at_least", source=table)
        yield Figure("XOR solved with two tanh units", 0.5, solved(2), 0.3, source=table)
