"""Layered networks of affine maps and activations: the base of the multi-layer perceptron and its demonstrations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.model import DenseLayer, LayerTerms, State, param
from lab.tape import Node, Tape
from lab.tape.initialisers import INITIALISERS
from lab.training.dale import Beneath, SignedLayers, signs
from lab.training.drawing import COLUMNS, Column, chain
from lab.training.learner import Constants
from lab.training.objectives import Stage
from lab.training.supervised import Supervised

ACTIVATIONS = {
    "identity": "identity",
    "sigmoid": "logistic",
    "tanh": "tanh",
    "ReLU": "relu",
    "leaky ReLU": "leaky",
    "softplus": "softplus",
    "GELU": "gelu",
}
ATTACKED = (
    {
        "to": "adversarial-attack",
        "words": "Attack it",
        "about": "Look for the smallest change of an example that this network reads as something else",
    },
    {"to": "adversarial-training", "words": "Defend it", "about": "Go on training this network on examples that are attacked"},
)  # what can be done next with a network that tells classes apart
RECTIFIED = ("ReLU", "leaky ReLU", "softplus", "GELU")


def first_weights(initialiser: str, activation: str) -> str:
    """The tape's initialiser: automatic means He for rectifying activations and Xavier for the others."""
    return initialiser if initialiser != "automatic" else "he" if activation in RECTIFIED else "xavier"


class Perceptron(SignedLayers):
    """Affine layers with an activation between them; normalisation and dropout where asked for."""

    hidden: str = param(
        "64", live=False, kind="layers", main=True, group="Network", doc="Units of the hidden layers, first to last: 64-64 (empty: none)."
    )
    activation: str = param(
        "ReLU", choices=tuple(ACTIVATIONS), live=False, main=True, group="Network", doc="Activation of the hidden units."
    )
    initialiser: str = param("automatic", choices=("automatic", *INITIALISERS), live=False, group="Network",
                             doc="First weights of the hidden layers; automatic: He for ReLU and its kin, else Xavier.")  # fmt: skip
    normalise: str = param(
        "none", choices=("none", "batch", "layer"), live=False, group="Network", doc="Normalisation before each activation."
    )

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return tuple(int(w) for w in self.hidden.replace(",", "-").split("-") if w.strip())

    def check(self) -> None:
        """Refuse what is no list of layer sizes."""
        parts = [w.strip() for w in self.hidden.replace(",", "-").split("-")]
        if self.hidden.strip() and not all(w.isdigit() and 1 <= int(w) <= 8192 for w in parts):
            raise self.refuse("hidden", "must be numbers of units from 1 to 8192 joined by '-', such as 64-64")
        if len(parts) > 64:
            raise self.refuse("hidden", "may name at most 64 layers")

    def stage_names(self) -> tuple[str, ...]:
        """hidden1, hidden2, ..., output."""
        return (*(f"hidden{k + 1}" for k in range(len(self.widths))), "output")

    def drawn_layers(self, shape: Any) -> tuple[Column, ...]:
        """Inputs, hidden layers and outputs, each to be made wider or narrower where it is drawn."""
        if type(self).network is not Perceptron.network or len(self.widths) + 2 > COLUMNS:
            return ()
        found = chain(shape.inputs, self.widths, shape.outputs, "hidden", bool(shape.picture))
        if self.dale == "off":
            return found
        last = len(found) - 1
        return tuple(
            column
            if k == last
            else replace(
                column,
                words=f"{column.units} {'inputs' if k == 0 else 'units'}, {int((signs(column.units, self.inhibitory) < 0).sum())} inhibit",
            )
            for k, column in enumerate(found)
        )

    def network(self, tape: Tape | Beneath, x: Node, outputs: int) -> tuple[Node, tuple[Stage, ...]]:
        """Hidden layers and an output layer with small first weights, so that the first loss is that of a guess."""
        init, stages, h = first_weights(self.initialiser, self.activation), [], x
        for k, units in enumerate(self.widths):
            name = f"hidden{k + 1}"
            h = tape.affine(h, units, init=init, name=name)
            if self.normalise != "none":
                h = (tape.batch_norm if self.normalise == "batch" else tape.layer_norm)(h, name=f"{name}.norm")
            h = tape.activation(h, ACTIVATIONS[self.activation], name=f"{name}.out")
            stages.append(Stage(name, f"{name}.weight", h.name))
            if self.dropout:
                h = tape.dropout(h, self.dropout, name=f"{name}.dropout")
        output = tape.affine(h, outputs, init="small", name="output")
        return output, (*stages, Stage("output", "output.weight", "output"))

    def portable(self, constants: Constants, state: State) -> LayerTerms:
        """The layers as they are, the test examples, and what comes of them."""
        if (
            type(self).network is not Perceptron.network
            or type(self).goal is not Supervised.goal
            or self.normalise != "none"
            or self.dale != "off"
        ):
            raise ModelError(
                f"{self.title}: only plain layers with activations between them, without normalisation or Dale's law, are told."
            )
        program, tape, material = constants.program, self.tape_state(constants, state), constants.material
        arrays = program.parameters(tape)
        names = self.stage_names()
        layers = [
            DenseLayer(arrays[f"{name}.weight"], arrays[f"{name}.bias"], "identity" if name == names[-1] else self.activation)
            for name in names
        ]
        given: dict[str, Any] = self.given(material.test_x, material.test_t)
        outputs, losses = program.forward(tape, [constants.output, "loss"], **given)
        parameters = [f"{name}.{part}" for name in names for part in ("weight", "bias")]
        gradients = program.gradients(tape, "loss", parameters, **given)
        figures = {"loss of the test part": float(np.mean(losses, dtype=float))}
        if self.task == "classification":
            figures["accuracy of the test part"] = float((outputs.argmax(1) == material.test_t).mean())
        figures["length of its gradient"] = float(np.sqrt(sum(np.square(g, dtype=float).sum() for g in gradients)))
        loss = "cross-entropy" if self.task == "classification" else "mean squared error"
        aim = material.test_x if self.task == "reconstruction" else material.test_t
        return LayerTerms(tuple(layers), material.test_x, aim, loss, outputs, figures)

    @property
    def rectifies(self) -> bool:
        """ReLU units can die."""
        return self.activation == "ReLU"
