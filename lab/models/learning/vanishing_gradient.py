"""The gradient on its way back through many layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lab.model import Figure, Layer, Picture, Preset, Stream, param
from lab.training import Perceptron, redeclared
from lab.training.baseline import deltas
from lab.training.stage import CURVES, led_by
from lab.training.supervised import DELTAS, RATIO


class VanishingGradient(Perceptron):
    """Ten hidden layers: how much of the gradient reaches the first one?

    On its way back the gradient is multiplied by `W^T` and `sigma'` at each layer; what comes back to the values of a layer
    is called delta. The logistic function has a slope of at most 1/4, so that each layer takes most of it away: the first
    layers do not learn, and the accuracy stays at chance. With tanh and Xavier, or ReLU and He initialisation, each factor is
    about one; batch norm mends even the logistic function. Weights too large make delta grow from layer to layer, weights
    too small make it fade. Look at *what comes back to each layer* (logarithmic), then compare the presets. The gradient of
    the weights, beside it, is delta times the values that the layer reads: where these fade forward as delta does backward,
    it is the same in every layer and hides both. The product of the spectral norms in the equation is a bound, not an estimate.
    """

    name = "vanishing-gradient"
    title = "Vanishing gradient"
    group = "Training monitor"
    icon = "mdi6.stairs-down"
    order = 40
    also = "exploding gradient; vanishing gradients; gradient flow; Xavier; Glorot; He initialisation; initialisation; initialization; weight initialization; deep network does not learn"
    equations = (
        r"\delta_l = (\delta_{l+1} W_{l+1}^T) \odot \sigma'(z_l)",
        r"\|\delta_1\| \le \prod_l \|W_l\|_2\, \max|\sigma'| \; \|\delta_L\|",
    )
    symbols = r"\delta_l: gradient of the loss by the sums of layer l; z_l: those sums; \sigma: activation function"
    source = (
        "Hochreiter (1991); Bengio, Simard and Frasconi, IEEE Trans. Neural Netw. 5:157 (1994); Glorot and Bengio, AISTATS 9:249 (2010)"
    )
    presets = {
        "Sigmoid: it vanishes": Preset({}, shows="test accuracy < 0.2 and deltas hidden1 < 0.0001 deltas hidden10"),
        "Sigmoid with batch norm": Preset({"normalise": "batch"}, shows="test accuracy > 0.9"),
        "tanh, Xavier": Preset({"activation": "tanh"}, shows="test accuracy > 0.85 and log10 delta, first / last > -1"),
        "ReLU, He": Preset({"activation": "ReLU"}, shows="test accuracy > 0.9 and log10 delta, first / last > -1"),
        "ReLU, first weights too large: it explodes": Preset(
            {"activation": "ReLU", "initialiser": "normal"}, shows="deltas hidden1 > 10000 deltas hidden10", after=0.03
        ),
        "tanh, first weights too small": Preset(
            {"activation": "tanh", "initialiser": "small"}, shows="deltas hidden1 < 0.0001 deltas hidden10", after=0.03
        ),
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
        first = {"deltas": 0, "gradients": 1, "activations": 2}
        ordered = sorted(super().pictures, key=lambda p: first.get(p.name, 9))
        return tuple(replace(p, front=p.name in ("deltas", "gradients", "loss")) for p in ordered)

    @property
    def stage(self):
        """What comes back to each layer large; what goes forward, and whether anything is learned, beside it."""
        return (
            super().stage
            if self.slow
            else led_by(self, "deltas", ("gradients", "activations", CURVES), drawers=(("Network", ("network",)),))
        )

    def own_streams(self, shape):
        """What comes back to each layer."""
        return (
            Stream(
                "deltas", "bars", "", "Norm of the gradient by the values of each layer (delta), per example.", channels=self.stage_names()
            ),
        )

    def own_pictures(self, shape):
        """What comes back to each layer."""
        return (
            Picture(
                "deltas",
                "What comes back to each layer",
                (Layer("deltas"),),
                x="layer",
                y="norm of δ",
                y_log=True,
                figures=("log10 delta, first / last",),
                front=True,
            ),
        )

    def look(self, constants, state, tape, stream):
        """Norms of delta on the first training examples."""
        m = constants.material
        return deltas(constants.program, tape, [s.value for s in constants.stages], self.judged, self.given(m.x[:DELTAS], m.t[:DELTAS]))

    def summary(self, constants, state):
        """The ratio that the lesson is about, too."""
        health = state["health"]
        out = super().summary(constants, state)
        first, last = health[0, 0], health[len(self.widths) - 1, 0]
        ratio = float(state["signs"][RATIO])
        if ratio > 0:
            out["log10 delta, first / last"] = float(np.log10(ratio))
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

        def back(**values):
            def measure(run):
                norms = run(cls(**values), steps=0, record={}).observe("deltas")
                return float(np.log10(norms[0] / norms[-2]))

            return measure

        def bound(run):
            """Largest norm of delta over the bound by spectral norms, layer by layer, for tanh."""
            simulation = run(cls(activation="tanh", depth=6), steps=200, record={}).simulation
            norms = simulation.observe("deltas")
            arrays = simulation.constants.program.parameters(simulation.state)
            sizes = [np.linalg.norm(arrays[f"hidden{k}.weight"], 2) for k in range(2, 7)]
            return max(norms[k] / (size * norms[k + 1]) for k, size in enumerate(sizes))

        table = "measured for this lab: 10 layers of 64, digits"
        yield Figure(
            "sigmoid: log10 of delta, first over last",
            -4.5,
            back(),
            bound="at_most",
            source="a slope of at most 1/4 in each of nine layers",
        )
        yield Figure(
            "weights of variance 1: log10 of delta",
            4.0,
            back(activation="ReLU", initialiser="normal"),
            bound="at_least",
            source="each layer multiplies by the root of 32: 10^6.8 in nine",
        )
        yield Figure("delta over its bound, worst layer", 1.0, bound, bound="at_most", source="spectral norms")
        yield Figure("sigmoid", -4.5, ratio(), bound="at_most", source=table)
        yield Figure("tanh", 0.0, ratio(activation="tanh"), 0.5, source=table)
        yield Figure("ReLU", 0.0, ratio(activation="ReLU"), 0.5, source=table)
        yield Figure("sigmoid with batch norm", 0.0, ratio(normalise="batch"), 0.5, source=table)
