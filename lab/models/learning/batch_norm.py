"""Batch normalisation: every unit's input brought to mean 0 and variance 1 over the minibatch."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lab.model import Figure, Layer, Picture, Preset, Stream, Strips, param
from lab.tape.check import check_gradients
from lab.training import Perceptron, readings, redeclared
from lab.training.beside import Beside
from lab.training.dale import Beneath
from lab.training.learner import EVALUATIONS
from lab.training.material import outline
from lab.training.stage import led_by

PLAIN = "plain."  # the network beside, without normalisation
BOTH = ("with", "without")
SHARES = (15.0, 50.0, 85.0)  # percentiles of what a unit hears
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3)  # learning rates that are tried
TRIED_EPOCHS = 2  # how long each of them is tried
TRIED_EVERY = 4  # evaluations from one try to the next
EXAMPLES = 256  # examples on which distributions are read
FARTHEST = 100.0  # of the loss at the shortest step: what is drawn
STEPS = np.geomspace(0.01, 100.0, 25)  # lengths of a step against the gradient


class BatchNorm(Beside):
    """Why normalisation over the minibatch lets a deep network learn: the same network with it and without, on the same minibatches.

    In training each unit's input is brought to mean 0 and variance 1 over the minibatch, then scaled and shifted by two
    learned numbers; the gradient flows through mean and variance too. For testing running values take their place, so that the
    answer to a picture does not depend on which others it came with.

    - *What one unit hears* is the input of a unit in the last hidden layer: the middle line is its median over the examples, 15 and 85 of a
      hundred hear less than the outer ones. With normalisation it hears every picture differently from the first step on; without, all
      pictures are the same to it.
    - *What is left* follows the difference between pictures through the layers: each logistic layer passes a fraction on, and *what comes back* shows
      the same for the gradient.
    - *Rates tried* trains both anew, from the same first weights, at one learning rate after another: the range that works is wide with
      normalisation. *How far downhill* walks against the gradient of the present weights: the loss falls farther before it rises.

    A small *epsilon* under the root keeps the quotient finite where a unit says the same to every example. Make it large and see what it costs:
    a unit whose input deviates by less than the root of epsilon is no longer brought to deviation 1.

    Set *activation* to tanh or ReLU: then both learn, and what is left of the difference is the range of learning rates.
    """

    name = "batch-norm"
    title = "Batch normalisation"
    group = "Training monitor"
    icon = "mdi6.arrow-collapse-horizontal"
    order = 50
    also = "batch norm; BatchNorm; batch normalization; layer norm; LayerNorm; layer normalisation; internal covariate shift; normalisation; smoothing the loss"
    equations = (
        r"\hat z = \frac{z - \mu_B}{\sqrt{\sigma_B^2 + \epsilon}}, \quad y = \gamma \hat z + \beta",
        r"\mu \leftarrow 0.9\,\mu + 0.1\,\mu_B",
    )
    symbols = (
        r"z: sum before the activation; \mu: mean; \sigma_B: standard deviation in the minibatch; \gamma: learnt scale; \beta: learnt shift"
    )
    source = "Ioffe and Szegedy, ICML 37:448 (2015); Santurkar et al., How does batch normalization help optimization?, NeurIPS (2018)"
    presets = {
        "With batch norm": Preset({}, shows="test accuracy > 0.9"),
        "Without": Preset({"normalise": "none"}, shows="test accuracy < 0.3"),
        "tanh: both learn": Preset({"activation": "tanh"}, shows="test accuracy > 0.9 and accuracy without > 0.8"),
        "Layer norm instead": Preset({"normalise": "layer"}, shows="test accuracy > 0.5"),
        "A learning rate ten times as large": Preset({"rate": 0.03}, shows="test accuracy > 0.85"),
        "A large epsilon: deviations below 1": Preset({"epsilon": 1.0}, shows="mean deviation after < 0.8", after=0.5),
        "Minibatches of four": Preset({"batch": 4}, shows="test accuracy > 0.6 and test accuracy < 0.97", slow=True),
    }

    hidden: str = redeclared(Perceptron, "hidden", "64-64-64-64-64-64-64-64")
    activation: str = redeclared(Perceptron, "activation", "sigmoid")
    normalise: str = redeclared(Perceptron, "normalise", "batch", main=True)
    evaluate: float = redeclared(Perceptron, "evaluate", 0.5)
    looking: float = redeclared(Perceptron, "looking", 10.0)
    compare: bool = param(
        True,
        live=False,
        group="Network",
        label="Without, beside",
        doc="Train the same network without normalisation on the same minibatches.",
    )
    epsilon: float = param(
        1e-5, lo=1e-10, hi=100.0, log=True, group="Network", symbol=r"\epsilon", when=("normalise", ("batch", "layer")), soft=(1e-8, 10.0),
        doc="Added to the variance under the root, so that it stays finite where a unit always says the same.",
    )  # fmt: skip
    heard: int = param(
        1, lo=1, hi=8192, group="Network", label="Unit", doc="Unit of the last hidden layer whose input is followed, from 1."
    )

    own_name: ClassVar[str] = BOTH[0]
    rivals: ClassVar[tuple[tuple[str, str], ...]] = ((BOTH[1], PLAIN),)

    # -- two networks on one tape --

    @property
    def compared(self) -> bool:
        """Whether the network without normalisation learns beside this one."""
        return self.compare and self.normalise != "none" and len(self.widths) > 0

    def numbers(self):
        """Epsilon of every normalisation."""
        found = super().numbers()
        return found if self.normalise == "none" else found | {f"hidden{k + 1}.norm.epsilon": self.epsilon for k in range(len(self.widths))}

    def beside(self, tape, x, outputs):
        """The same network without normalisation."""
        if not self.compared:
            return
        t = tape.find("t")
        output, _ = self.replace(normalise="none").network(Beneath(tape, PLAIN), x, outputs)
        if self.task == "classification":
            tape.cross_entropy(output, t, name=f"{PLAIN}loss")
            tape.accuracy(output, t, name=f"{PLAIN}accuracy")
        else:
            tape.mse(output, t, name=f"{PLAIN}loss")

    def _alike(self, constants, state):
        """Both begin with the same weights."""
        arrays = constants.program.parameters(state)
        for name, array in arrays.items():
            if name.startswith(PLAIN):
                array[...] = arrays[name.removeprefix(PLAIN)]

    def start(self, constants, seed):
        """The same first weights for both; no rate tried."""
        state = super().start(constants, seed)
        if self.compared:
            self._alike(constants, state)
            state["best_parameters"][:] = state["parameters"]
        return state | {"plain_gradients": np.zeros(len(constants.stages)), "tried": np.full((2, len(RATES)), -1.0)}

    def _look(self, constants, state, tape, out, step, watch):
        super()._look(constants, state, tape, out, step, watch)
        if not self.widths:
            return
        for stream, low in zip(self._own_names("hears"), self._hears(constants, tape), strict=True):
            for channel, value in enumerate(low):
                out.events[stream].append(step, channel, float(value))
        if not self.compared:
            return
        if watch is not None:
            state["plain_gradients"][:] = [watch[f"{PLAIN}{stage.weight}"][0] for stage in constants.stages]
        waiting = np.flatnonzero(state["tried"][0] < 0)
        if self.task == "classification" and len(waiting) and int(state["figures"][EVALUATIONS]) % TRIED_EVERY == 1:
            state["tried"][:, waiting[0]] = self._try(constants, state, RATES[waiting[0]])

    def _try(self, constants, state, rate):
        """Test accuracies of both after a few epochs at this rate, from first weights of their own that are the same at every rate."""
        program, m = constants.program, constants.material
        fresh = program.start(1, len(m.x))
        self._alike(constants, fresh)
        tape = self.replace(rate=rate, schedule="constant", warmup=0.0).tape_state(constants, fresh)
        with np.errstate(over="ignore", invalid="ignore"):
            program.train(tape, self.training_data(constants, state), TRIED_EPOCHS * self.steps_per_epoch, batch=self.batch)
            said = program.forward(tape, ["output", f"{PLAIN}output"], **self.given(m.test_x, m.test_t))
        return [float((output.argmax(1) == m.test_t).mean()) if np.isfinite(output).all() else 0.0 for output in said]

    def summary(self, constants, state):
        """The network beside it, too."""
        found = super().summary(constants, state)
        if self.compared and state["figures"][EVALUATIONS]:
            found[f"{self.score_name} without"] = float(state["beside"][0])
        if self.normalise == "batch" and self.widths:
            found["mean deviation after"] = float(self._deviations(constants, self.tape_state(constants, state))[:, 1].mean())
        return found

    # -- what can be looked at --

    def _hears(self, constants, tape):
        """Percentiles of the input of the unit that is followed, of each network."""
        names = [self._last(), *((f"{PLAIN}hidden{len(self.widths)}",) if self.compared else ())]
        found = constants.program.forward(tape, names, train=self.normalise == "batch", x=constants.material.x[:EXAMPLES])
        return [np.percentile(z[:, (self.heard - 1) % z.shape[1]].astype(float), SHARES) for z in found]

    def _last(self) -> str:
        return f"hidden{len(self.widths)}" + (".norm" if self.normalise != "none" else "")

    def _own_names(self, what: str) -> tuple[str, ...]:
        return (what, f"plain {what}") if self.compared else (what,)

    def own_streams(self, shape):
        """What units hear, with and without; what is left of the picture and of the gradient; rates; distributions; running values."""
        names = tuple(f"{share:g} %" if share != 50 else "median" for share in SHARES)
        found: list[Stream] = []
        if self.widths:
            said = "Input of one unit of the last hidden layer: what 15, 50 and 85 of a hundred examples stay below."
            found += [Stream(name, "trace", "", said, (3,), names, events=True) for name in self._own_names("hears")]
            found.append(Stream("before", "curve", "", "Input of the units of each layer before it is normalised, as a violin."))
        if self.normalise != "none" and self.widths:
            found.append(Stream("after", "curve", "", "The same after it is normalised, with gain and bias."))
        if self.normalise == "batch" and self.widths:
            found += [
                Stream("deviations", "cloud", "", "Deviation of each unit's input over the minibatch before (x) and after (y), before gain and bias.", channels=("before", "after", "layer")),
                Stream("quotient", "curve", "", "s / sqrt(s^2 + epsilon) over s.", channels=("s/√(s² + ε)",)),
            ]  # fmt: skip
            found.append(
                Stream(
                    "running",
                    "cloud",
                    "",
                    "Running mean of each unit against its mean over all training examples.",
                    channels=("true", "running", "layer"),
                )
            )
        if self.compared:
            found += [
                Stream("accuracies", "trace", "", f"{self.score_name} on the test part.", (2,), BOTH, events=True),
                Stream("left", "curve", "", "How much the input of the units of each layer differs between examples: deviation over the examples, mean over the units.", channels=BOTH),
                Stream("returned", "curve", "", "Norm of the gradient of each layer's weights.", channels=BOTH),
                Stream("tried", "curve", "", f"Test accuracy after {TRIED_EPOCHS} epochs from new weights, by learning rate.", channels=BOTH),
                Stream("downhill", "curve", "", "Loss of a minibatch after one step of this length against its gradient.", channels=BOTH, every=self.steps_per_epoch),
            ]  # fmt: skip
        return tuple(found)

    def own_pictures(self, shape):
        """What a unit hears large; what is left, what comes back, rates, and how far downhill."""
        found: list[Picture] = []
        if self.widths:
            for name, word in zip(self._own_names("hears"), BOTH if self.normalise != "none" else ("one unit hears",), strict=False):
                layers = tuple(
                    Layer(name, channel=k, label=label, series=(0 if name == "hears" else 1,), style="line" if k == 1 else "dotted")
                    for k, label in ((2, "85 %"), (1, "median"), (0, "15 %"))
                )
                found.append(Picture(name, word.capitalize(), layers, y="z", front=True))
            found.append(
                Picture(
                    "before",
                    "Before normalisation" if self.normalise != "none" else "What the units hear",
                    (Layer("before"),),
                    x="layer",
                    y="z",
                    front=not self.compared,
                )
            )
        if self.normalise != "none" and self.widths:
            found.append(Picture("after", "After normalisation", (Layer("after"),), x="layer", y="y", front=not self.compared))
        if self.compared:

            def both(stream):
                return tuple(Layer(stream, channel=k, label=name, series=(k,)) for k, name in enumerate(BOTH))

            found += [
                Picture("left", "What is left", both("left"), x="layer", y="deviation of z", y_log=True, front=True,
                        doc="How much the input of a unit differs from picture to picture, layer by layer."),
                Picture("returned", "What comes back", both("returned"), x="layer", y="norm of the gradient", y_log=True, front=True,
                        doc="Gradient of the weights of each layer."),
                Picture("accuracies", self.score_name.capitalize(), both("accuracies"), y=self.score_name, figures=(f"{self.score_name} without",), front=True),
                Picture("tried", "Rates tried", both("tried"), x="learning rate", x_log=True, y="accuracy", y_range=(0.0, 1.0), front=True,
                        doc=f"Both trained anew for {TRIED_EPOCHS} epochs at each rate, one after another while the run goes on."),
                Picture("downhill", "How far downhill", both("downhill"), x="length of the step", x_log=True, y="loss", y_log="auto", front=True,
                        doc="The loss of a minibatch after one step against its gradient, from the present weights."),
            ]  # fmt: skip
        if self.normalise == "batch" and self.widths:
            found.append(
                Picture("deviations", "Deviation before and after", (Layer("deviations"), Layer("quotient", theory=True)), x="deviation before", y="deviation after",
                        y_range=(0.0, 1.05), figures=("mean deviation after",),
                        doc="A point for each unit, on the curve that epsilon draws.")
            )  # fmt: skip
            found.append(Picture("running", "Running means", (Layer("running"),), x="mean over the training part", y="running mean"))
        return tuple(found)

    @property
    def stage(self):
        """What one unit hears, with and without, large; why that matters beside it, what it buys below."""
        if self.slow or not self.compared:
            return super().stage
        main = Strips("hears", "What one unit hears", ("hears", "plain hears"))
        drawers = (("Network", ("network",)), ("Layers", ("before", "after", "running")), ("Epsilon", ("deviations",)))
        return led_by(self, main, ("left", "returned"), ("accuracies", "tried", "downhill"), drawers=drawers)

    def look(self, constants, state, tape, stream):
        """Read in training mode, on the first examples: statistics of the minibatch."""
        layers = [f"hidden{k + 1}" for k in range(len(self.widths))]
        x, batch = constants.material.x, self.normalise == "batch"
        if stream == "running":
            running = constants.program.statistics(tape)
            true = constants.program.forward(tape, layers, x=x)
            return np.concatenate(
                [
                    np.column_stack([z.mean(0), running[f"{name}.norm.running"][0], np.full(z.shape[1], k)])
                    for k, (name, z) in enumerate(zip(layers, true, strict=True))
                ]
            ).astype(float)
        if stream == "deviations":
            return self._deviations(constants, tape)
        if stream == "quotient":
            s = self._deviations(constants, tape)[:, 0]
            over = np.linspace(1e-9, 1.2 * max(s.max(), 1e-6), 200)
            return np.vstack([over, over / np.sqrt(over**2 + self.epsilon)])
        if stream == "left":
            names = [*(f"{name}.norm" for name in layers), *(f"{PLAIN}{name}" for name in layers)]
            found = constants.program.forward(tape, names, train=batch, x=x[:EXAMPLES])
            spread = np.array([z.std(0, dtype=float).mean() for z in found]).reshape(2, -1)
            return np.vstack([np.arange(1.0, len(layers) + 1), np.maximum(spread, 1e-12)])
        if stream == "returned":
            norms = np.stack([state["health"][:, 0], state["plain_gradients"]])
            return np.vstack([np.arange(1.0, norms.shape[1] + 1), np.maximum(norms, 1e-12)])
        if stream == "tried":
            known = state["tried"][0] >= 0
            return np.vstack([np.array(RATES)[known], state["tried"][:, known]])
        if stream == "downhill":
            return self._downhill(constants, tape)
        if stream in ("before", "after"):
            names = layers if stream == "before" else [f"{name}.norm" for name in layers]
            return readings.violins(constants.program.forward(tape, names, train=batch, x=x[: max(self.batch, 32)]))
        return super().look(constants, state, tape, stream)

    def _deviations(self, constants, tape):
        """(units, 3) deviation over the first examples before and after normalisation (gain and bias undone), and the layer."""
        layers, arrays = [f"hidden{k + 1}" for k in range(len(self.widths))], constants.program.parameters(tape)
        found = constants.program.forward(
            tape, [*layers, *(f"{n}.norm" for n in layers)], train=True, x=constants.material.x[: max(self.batch, 32)]
        )
        rows = []
        for k, (name, z, y) in enumerate(zip(layers, found[: len(layers)], found[len(layers) :], strict=True)):
            gain = arrays[f"{name}.norm.gain"].astype(float)
            after = (y.astype(float) - arrays[f"{name}.norm.bias"]) / np.where(gain == 0, 1.0, gain)
            rows.append(np.column_stack([np.maximum(z.std(0, dtype=float), 1e-12), after.std(0), np.full(z.shape[1], float(k))]))
        return np.concatenate(rows)

    def _downhill(self, constants, tape):
        """Loss after one step of each length in STEPS, of both networks: the direction is that of the gradient, its length is given."""
        m, program = constants.material, constants.program
        samples = self.given(m.x[: self.batch], m.t[: self.batch])
        moved, found = {name: array.copy() for name, array in tape.items()}, np.zeros((2, len(STEPS)))
        for k, prefix in enumerate(("", PLAIN)):
            own = {n: a.astype(float) for n, a in program.parameters(tape).items() if n.startswith(PLAIN) == bool(prefix)}
            slopes = dict(zip(own, program.gradients(tape, f"{prefix}loss", list(own), train=True, **samples), strict=True))
            size = np.sqrt(sum(float((slope.astype(float) ** 2).sum()) for slope in slopes.values())) or 1.0
            arrays = program.parameters(moved)
            for j, length in enumerate(STEPS):
                for name, value in own.items():
                    arrays[name][...] = value - length / size * slopes[name]
                found[k, j] = float(np.mean(program.forward(moved, f"{prefix}loss", train=True, **samples)))
        # Beyond a hundred times the loss that there is, the numbers would only stretch the axis.
        return np.vstack([STEPS, np.where(found <= FARTHEST * found[:, :1], found, np.nan)])

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

        def apart(run):
            """Tenfold steps between the learning rates at which each works: reached half of the test part after two epochs, tanh."""
            s = run(cls(activation="tanh"), steps=0, record={}).simulation
            known = np.array([s.model._try(s.constants, s.state, rate) for rate in RATES]).T > 0.5
            spans = [np.log10(np.array(RATES)[row][-1] / np.array(RATES)[row][0]) for row in known]
            return float(spans[0] - spans[1])

        def left(run):
            """Share of the difference between pictures that a logistic layer of the network beside passes on, before anything is learned."""
            spread = run(cls(), steps=0, record={}).observe("left")[2]
            return float((spread[-1] / spread[0]) ** (1 / (len(spread) - 1)))

        def under_the_root(run):
            """Deviation of every unit after normalisation, against s / sqrt(s^2 + epsilon) of that before, at three values of epsilon."""
            worst = 0.0
            for epsilon in (1e-5, 0.1, 10.0):
                s = run(cls(hidden="16-16", compare=False, epsilon=epsilon), steps=5, seed=0, record={}).simulation
                before, after = s.observe("deviations")[:, :2].T
                worst = max(worst, float(np.abs(after - before / np.sqrt(before**2 + epsilon)).max()))
            return worst

        yield Figure(
            "deviation after it against s / sqrt(s^2 + epsilon), worst unit", 1e-4, under_the_root, bound="at_most", source="definition"
        )
        yield Figure("mean 0 and deviation 1 after it, worst unit", 0.01, spread, bound="at_most", source="definition")
        yield Figure(
            "difference between pictures that a logistic layer passes on, without",
            0.25,
            left,
            bound="at_most",
            source="slope of the logistic function",
        )
        yield Figure("range of learning rates that work with tanh, tenfold steps more with", 1.0, apart, bound="at_least",
                     source="the lab's set-up: eight layers, two epochs of digits, half of the test part right", slow=True)  # fmt: skip
        yield Figure("digits through eight logistic layers, with", 0.94, accuracy(), bound="at_least", slow=True)
        yield Figure("digits through eight logistic layers, without", 0.6, accuracy(normalise="none"), bound="at_most", slow=True)
