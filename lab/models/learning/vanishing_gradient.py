"""The gradient on its way back through many layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lab.model import Figure, param
from lab.training import Perceptron, redeclared


class VanishingGradient(Perceptron):
    """Ten hidden layers: how much of the gradient reaches the first one?

    On its way back the gradient is multiplied by `W^T` and `sigma'` at each layer. The logistic function has a slope of at
    most 1/4, so that each layer takes most of it away: the first layers do not learn, and the accuracy stays at chance. With
    tanh and Xavier, or ReLU and He initialisation, each factor is about one; batch norm mends even the logistic function.
    Look at the gradient norm by layer (logarithmic), then compare the presets.
    """

    name = "vanishing-gradient"
    title = "Vanishing gradient"
    group = "Training monitor"
    icon = "mdi6.stairs-down"
    order = 40
    equations = (
        r"\delta_l = (\delta_{l+1} W_{l+1}^T) \odot \sigma'(z_l)",
        r"\|\delta_1\| \approx \prod_l \|W_l\|\, |\sigma'| \, \|\delta_L\|",
    )
    source = (
        "Hochreiter (1991); Bengio, Simard and Frasconi, IEEE Trans. Neural Netw. 5:157 (1994); Glorot and Bengio, AISTATS 9:249 (2010)"
    )
    presets = {
        "Sigmoid: it vanishes": {},
        "Sigmoid with batch norm": {"normalise": "batch"},
        "tanh, Xavier": {"activation": "tanh"},
        "ReLU, He": {"activation": "ReLU"},
        "ReLU, first weights too large: it explodes": {"activation": "ReLU", "initialiser": "normal"},
        "tanh, first weights too small": {"activation": "tanh", "initialiser": "small"},
    }

    depth: int = param(10, "layers", lo=1, hi=60, live=False, main=True, group="Network", doc="Hidden layers.")
    width: int = param(64, "units", lo=1, hi=1024, log=True, live=False, group="Network", doc="Units in each hidden layer.")
    hidden: str = redeclared(Perceptron, "hidden", "", main=False)
    activation: str = redeclared(Perceptron, "activation", "sigmoid")
    normalise: str = redeclared(Perceptron, "normalise", "none", main=True)
    initialiser: str = redeclared(Perceptron, "initialiser", "automatic", main=True)
    epochs: int = redeclared(Perceptron, "epochs", 20)

    @property
    def widths(self) -> tuple[int, ...]:
        """Depth times width, unless layers are listed one by one."""
        return super().widths or (self.width,) * self.depth

    @property
    def pictures(self):
        """The gradient by layer comes first."""
        first = {"gradients": 0, "gradient norms": 1, "activations": 2}
        ordered = sorted(super().pictures, key=lambda p: first.get(p.name, 9))
        return tuple(replace(p, front=p.name in ("gradients", "gradient norms", "loss")) for p in ordered)

    def summary(self, constants, state):
        """The ratio that the lesson is about, too."""
        health = state["health"]
        out = super().summary(constants, state)
        first, last = health[0, 0], health[len(self.widths) - 1, 0]
        if first > 0 and last > 0:
            out["log10 gradient, first / last"] = float(np.log10(first / last))
        return out

    @classmethod
    def figures(cls):
        """log10 of the gradient norm of the first hidden layer over the last, before the first step; medians of three seeds."""

        def ratio(**values):
            def measure(run):
                found = []
                for seed in (0, 1, 2):
                    norms = run(cls(**values), steps=0, seed=seed, record={}).observe("gradients now")
                    found.append(np.log10(norms[0] / norms[-2]))
                return float(np.median(found))

            return measure

        table = "the lab's learning table"
        yield Figure("sigmoid", -4.5, ratio(), bound="at_most", source=table)
        yield Figure("tanh", 0.0, ratio(activation="tanh"), 0.5, source=table)
        yield Figure("ReLU", 0.0, ratio(activation="ReLU"), 0.5, source=table)
        yield Figure("sigmoid with batch norm", 0.0, ratio(normalise="batch"), 0.5, source=table)
