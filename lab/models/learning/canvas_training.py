"""A network from the canvas in the training monitor: any wiring of layers, with the weights it comes with."""

from __future__ import annotations

import numpy as np

from lab.graph.kinds.layers import attentive, autoencoder, cnn, in_time, residual, variational
from lab.model import Figure, Layer, Picture, Preset
from lab.training import GraphTraining
from lab.training.perceptron import ATTACKED


class CanvasTraining(GraphTraining):
    """The network of the canvas, trained with everything the monitor has: optimisers, schedules, evaluation, health of every layer.

    *Train in the monitor* on the canvas of a layered network comes here with the same layers, data and weights; *Back to the
    canvas* returns with what was learned. The network can be rebuilt here, too: layers that keep their shape keep their weights.
    """

    name = "canvas-training"
    title = "Network from the canvas"
    group = "Training monitor"
    icon = "mdi6.graph-outline"
    order = 15
    also = "train the canvas; train my network; own architecture; custom network; train network drawn"
    equations = (r"h_l = \sigma_l(W_l h_{l-1} + b_l)",)
    symbols = r"h_l: activations of layer l; W_l: weights; b_l: biases; \sigma_l: activation function"
    source = "Rumelhart, Hinton and Williams, Nature 323:533 (1986)"
    presets = {
        "Moons": Preset({}, shows="test accuracy > 0.95"),
        "Residual block": Preset({"graph": residual().to_json()}, shows="test accuracy > 0.95"),
        "Digits, convolutional": Preset(
            {"graph": cnn().to_json(), "data": "digits", "rate": 0.003, "epochs": 20}, shows="test accuracy > 0.94"
        ),
        "Digits row by row, LSTM": Preset(
            {"graph": in_time().to_json(), "data": "digits", "rate": 0.005, "epochs": 25}, shows="test accuracy > 0.88", slow=True
        ),
        "Digits row by row, attention": Preset(
            {"graph": attentive().to_json(), "data": "digits", "rate": 0.005, "epochs": 25}, shows="test accuracy > 0.9", slow=True
        ),
        "Digits, autoencoder": Preset({"graph": autoencoder().to_json(), "data": "digits", "rate": 0.003}, shows="test R2 > 0.4"),
        "Digits, variational autoencoder": Preset(
            {"graph": variational().to_json(), "data": "digits", "rate": 0.002, "batch": 64, "epochs": 60},
            shows="test loss < 26",
            slow=True,
        ),
    }

    passes_on = ATTACKED
    hands_over = {
        "to": "layered-network",
        "words": "Back to the canvas",
        "about": "Return to the layered network with the weights that were learned",
    }

    def own_pictures(self, shape):
        """What is said again, where that is the task; the terms of the loss."""
        own = super().own_pictures(shape)
        if self.task == "reconstruction" and shape.picture:
            return (
                Picture("reconstructions", "In, and out again", (Layer("reconstructions"),), colours="grey", levels=(0.0, 1.0), front=True),
                *own,
            )
        return own

    @classmethod
    def figures(cls):
        """What drawn networks reach, and that weights go over unchanged."""

        def score(**values):
            def measure(run):
                model = cls(**values)
                return float(
                    np.median(
                        [
                            run(model.replace(evaluate=float(model.epochs)), seed=seed, record={}).summary["test accuracy"]
                            for seed in (0, 1, 2)
                        ]
                    )
                )

            return measure

        def carried(run):
            learned = run(cls(), steps=50, seed=1, record={}).simulation
            text = learned.observe("carried weights")[0]["graph"]
            again = run(cls(graph=text), steps=0, seed=2, record={}).simulation
            return float(np.abs(again.state["parameters"] - learned.state["parameters"]).max())

        yield Figure(
            "moons, noise 0.2, two hidden layers of six", 0.95, score(epochs=40), bound="at_least", source="the lab's learning table"
        )
        yield Figure("weights carried to another run, largest difference", 0.0, carried, source="the same bytes")
