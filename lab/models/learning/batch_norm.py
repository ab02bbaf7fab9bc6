"""Batch normalisation: every unit's input brought to mean 0 and variance 1 over the minibatch."""

from __future__ import annotations

import numpy as np

from lab.model import Figure, Layer, Picture, Preset, Stream
from lab.tape.check import check_gradients
from lab.training import Perceptron, readings, redeclared
from lab.training.material import outline


class BatchNorm(Perceptron):
    """What a layer sends on, before and after it is normalised over the minibatch.

    In training each unit's input is brought to mean 0 and variance 1 over the minibatch, then scaled and shifted by two
    learned numbers; the gradient flows through mean and variance too. For testing running values take their place, so that the
    answer to a picture does not depend on which others it came with. Compare with *normalise = none* at the same learning rate: without
    it, this deep network of logistic units does not learn at all.
    """

    name = "batch-norm"
    title = "Batch normalisation"
    group = "Training monitor"
    icon = "mdi6.arrow-collapse-horizontal"
    order = 50
    also = "batch norm; BatchNorm; batch normalization; layer norm; LayerNorm; layer normalisation; internal covariate shift; normalisation"
    equations = (
        r"\hat z = \frac{z - \mu_B}{\sqrt{\sigma_B^2 + \epsilon}}, \quad y = \gamma \hat z + \beta",
        r"\mu \leftarrow 0.9\,\mu + 0.1\,\mu_B",
    )
    source = "Ioffe and Szegedy, ICML 37:448 (2015)"
    presets = {
        "With batch norm": Preset({}, shows="test accuracy > 0.9"),
        "Without": Preset({"normalise": "none"}, shows="test accuracy < 0.3"),
        "Layer norm instead": Preset({"normalise": "layer"}, shows="test accuracy > 0.5"),
        "A learning rate ten times as large": Preset({"rate": 0.03}, shows="test accuracy > 0.85"),
        "Minibatches of four": Preset({"batch": 4}, shows="test accuracy > 0.6 and test accuracy < 0.97", slow=True),
    }

    hidden: str = redeclared(Perceptron, "hidden", "64-64-64-64-64-64-64-64")
    activation: str = redeclared(Perceptron, "activation", "sigmoid")
    normalise: str = redeclared(Perceptron, "normalise", "batch", main=True)

    def own_streams(self, shape):
        """Distributions before and after, and the running values."""
        if self.normalise == "none":
            return (Stream("before", "curve", "", "Input of the units of each layer, as a violin."),)
        found: tuple[Stream, ...] = (
            Stream("before", "curve", "", "Input of the units of each layer before it is normalised, as a violin."),
            Stream("after", "curve", "", "The same after it is normalised, with gain and bias."),
        )
        if self.normalise == "batch":
            found += (
                Stream(
                    "running",
                    "cloud",
                    "",
                    "Running mean of each unit against its mean over all training examples.",
                    channels=("true", "running", "layer"),
                ),
            )
        return found

    def own_pictures(self, shape):
        """Before and after side by side."""
        found: tuple[Picture, ...] = (Picture("before", "Before normalisation", (Layer("before"),), x="layer", y="z", front=True),)
        if self.normalise != "none":
            found += (Picture("after", "After normalisation", (Layer("after"),), x="layer", y="y", front=True),)
        if self.normalise == "batch":
            found += (Picture("running", "Running means", (Layer("running"),), x="mean over the training part", y="running mean"),)
        return found

    def look(self, constants, state, tape, stream):
        """Read in training mode, on the first examples: statistics of the minibatch."""
        layers = [f"hidden{k + 1}" for k in range(len(self.widths))]
        x = constants.material.x
        if stream == "running":
            running = constants.program.statistics(tape)
            true = constants.program.forward(tape, layers, x=x)
            return np.concatenate(
                [
                    np.column_stack([z.mean(0), running[f"{name}.norm.running"][0], np.full(z.shape[1], k)])
                    for k, (name, z) in enumerate(zip(layers, true, strict=True))
                ]
            ).astype(float)
        names = layers if stream == "before" else [f"{name}.norm" for name in layers]
        return readings.violins(constants.program.forward(tape, names, train=self.normalise == "batch", x=x[: max(self.batch, 32)]))

    @classmethod
    def figures(cls):
        """Gradient through the statistics, independence of the batch at test time, and what it buys."""

        def gradient(run):
            model = cls(hidden="8-8", batch=16, activation="tanh")
            program, _, _ = model.compile(outline(model), "float64")
            rng = np.random.default_rng(0)
            rows = check_gradients(program, program.start(3), "loss", {"x": rng.random((16, 64)), "t": rng.integers(0, 10, 16)}, train=True)
            return max(row.error for row in rows)

        def alone(run):
            s = run(cls(), steps=90, seed=0, record={}).simulation
            x = s.constants.material.test_x
            together = s.model.predict(s.constants, s.state, x)
            single = np.concatenate([s.model.predict(s.constants, s.state, row[None]) for row in x[:100]])
            return float(np.abs(together[:100] - single).max())

        def spread(run):
            s = run(cls(), steps=0, seed=0, record={}).simulation
            program, tape = s.constants.program, s.model.tape_state(s.constants, s.state)
            after = program.forward(tape, "hidden3.norm", train=True, x=s.constants.material.x[:32])
            return float(np.abs(np.r_[after.mean(0), after.std(0) - 1]).max())

        def accuracy(**values):
            return lambda run: float(
                np.median(
                    [run(cls(epochs=20, evaluate=20.0, **values), seed=seed, record={}).summary["test accuracy"] for seed in (0, 1, 2)]
                )
            )

        yield Figure(
            "gradient through the statistics, relative error", 1e-6, gradient, bound="at_most", source="central differences in float64"
        )
        yield Figure("test values, alone against together", 1e-5, alone, bound="at_most", source="running values serve at test time")
        yield Figure("mean 0 and deviation 1 after it, worst unit", 0.01, spread, bound="at_most", source="definition")
        yield Figure("digits through eight logistic layers, with", 0.94, accuracy(), bound="at_least", slow=True)
        yield Figure("digits through eight logistic layers, without", 0.6, accuracy(normalise="none"), bound="at_most", slow=True)
