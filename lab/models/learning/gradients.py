"""Gradients by hand: one sample walked forward and backward through a network, each number checked by a difference."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from lab.model import COUNT, Bound, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, index_or_none, param
from lab.tape import Tape, descent
from lab.tape.check import KINKED, SMOOTH, check_case, check_operations
from lab.tape.registry import CASES
from lab.training import chain

ACTIVATIONS = ("logistic", "tanh", "ReLU")
OUTPUTS = ("linear", "logistic")
PHASES = ("forward", "loss", "backward", "update")
SAMPLES = 16
MOST = 8  # examples of a minibatch
H = 1e-5


@cache
def program(widths: tuple[int, ...], activation: str, output: str = "linear"):
    """Tape program in float64: dense layers, mean squared error, plain gradient descent with weight decay."""
    t = Tape()
    h = t.input("x", (widths[0],))
    for k, width in enumerate(widths[1:], start=1):
        z = t.affine(h, width, init="xavier", name=f"layer{k}")
        h = {"logistic": t.logistic, "tanh": t.tanh, "ReLU": t.relu}[activation](z, name=f"h{k}") if k < len(widths) - 1 else z
    h = t.logistic(h, name="y") if output == "logistic" else h
    t.minimise(t.mse(h, t.input("t", (widths[-1],)), name="loss"), descent(0.1), name="optimiser")
    return t.compile(batch=MOST, dtype="float64")


class Gradients(Model):
    """Where do the gradients come from? Walk one sample forward through the layers, and its error back.

    Each step is one phase: forward (every layer's sums and outputs), loss, backward (`delta` of every layer, from the last
    to the first), update. All numbers are shown. Beside the gradient by back-propagation stands the numerical one, made
    by moving each weight a little both ways; they agree to six digits and more, and the picture shows by how much. Click
    a row of the table to see the check of that layer's first weight in the summary, or choose a weight by its number. In the
    phase *update* everything is still said of the weights that the gradient belongs to, and beside it stand the new ones.
    A rate of 0.5 is too much for the deeper network: it flies off, as the loss says.

    Below lies the chain rule of the chosen weight **factor by factor**: the slope of the loss at what its unit says, the slope sigma' of the
    unit, and what the weight reads. With several outputs the same number is a product of two lists: how much each output moves with
    the weight while the input is held, times how much the loss moves with each output. With several examples at once (*Batch*) it is a
    sum over their rows, `H^T delta`. And **weight decay** adds its own pull, lambda times each weight, to that gradient.
    """

    name = "gradients"
    title = "Gradients: numerical and back-propagated"
    group = "Learning itself"
    icon = "mdi6.function-variant"
    order = 30
    also = "backprop; backpropagation; back-propagation; gradient check; numerical gradient; finite differences; chain rule by hand; delta; derivative"
    equations = (
        r"\delta_l = \sigma'(z_l) \odot (\delta_{l+1} W^T)",
        r"\frac{\partial E}{\partial W_l} = h_{l-1}^T \delta_l",
        r"\frac{\partial E}{\partial w_{ij}} = \frac{\partial E}{\partial h_j}\,\sigma'(z_j)\,h_i = \left\langle \nabla_y E, \frac{\partial y}{\partial w_{ij}} \right\rangle",
        r"\nabla\left(E + \frac{\lambda}{2}\|\theta\|^2\right) = \nabla E + \lambda\,\theta",
        r"\frac{\partial E}{\partial w} \approx \frac{E(w + h) - E(w - h)}{2h}",
    )
    symbols = r"E: loss; \delta_l: gradient of the loss by the sums of layer l; z_l: those sums; h_l: activations of layer l; W_l: weights; y: output; \theta: all parameters; \sigma: activation function"
    source = "Rumelhart, Hinton, Williams, Nature 323:533 (1986); Baydin et al., JMLR 18:153 (2018)"
    presets = {
        "2-3-1, logistic": Preset({}, shows="largest difference < 0.000001 and max(loss) < 5", after=10.0),
        "Deeper, tanh": Preset(
            {"hidden": 4, "layers": 3, "activation": "tanh"}, shows="largest difference < 0.00001 and max(loss) < 5", after=10.0
        ),
        "Two outputs with a sigma of their own": Preset(
            {"outputs": 2, "output": "logistic"},
            shows="largest difference < 0.000001 and product off the gradient < 0.000000000001",
            after=10.0,
        ),
        "Four examples at once": Preset(
            {"batch": 4, "rate": 0.3}, shows="largest difference < 0.000001 and product off the gradient < 0.000000000001", after=10.0
        ),
        "With weight decay": Preset({"decay": 0.3}, shows="largest difference < 0.000001 and max(decay term) > 0.01", after=10.0),
        "ReLU, with kinks": Preset({"activation": "ReLU"}, shows="largest difference < 0.00001 and max(loss) < 5", after=10.0),
    }

    inputs: int = param(2, lo=1, hi=8, live=False, doc="Inputs.")
    hidden: int = param(3, lo=1, hi=8, live=False, main=True, doc="Neurons of a hidden layer.")
    layers: int = param(1, lo=1, hi=5, live=False, main=True, doc="Hidden layers.")
    activation: str = param("logistic", choices=ACTIVATIONS, live=False, main=True, doc="Activation of the hidden layers.")
    outputs: int = param(1, lo=1, hi=3, live=False, doc="Outputs. The first learns the product of the signs, the others lesser products.")
    output: str = param("linear", choices=OUTPUTS, live=False, label="Last sigma", doc="Activation of the outputs.")
    batch: int = param(1, "examples", lo=1, hi=MOST, doc="Examples that are walked through at once; the loss is their mean.")
    rate: float = param(0.1, lo=0.0001, hi=10.0, log=True, doc="Learning rate of the update phase.")
    decay: float = param(
        0.0, lo=0.0, hi=10.0, soft=(0.0, 1.0), symbol=r"\lambda", doc="Weight decay lambda of the update phase; biases do not decay."
    )

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths of all layers, inputs first."""
        return (self.inputs, *([self.hidden] * self.layers), self.outputs)

    @property
    def clock(self) -> Clock:
        return Clock(0.25, "sample", physical=True, name="phase")

    @property
    def speed(self) -> float:
        return 0.25

    @property
    def default_steps(self) -> int:
        return 80

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("loss", "trace", "", "Loss of the present sample, after each phase.", every=1),
            Stream("difference", "trace", "", "Largest relative difference between both gradients.", every=1),
            Stream("network", "graph", "", "The network; brightness is activity, width is weight."),
            Stream("numbers", "table", "", "Every number of the present phase."),
            Stream("gradients", "bars", "", "Gradient of every weight.", channels=("back-propagated", "numerical")),
            Stream("factors", "table", "", "The chain rule of the chosen weight, factor by factor."),
            Stream(
                "slopes",
                "bars",
                "",
                "Of each output: its slope by the chosen weight, the slope of the loss by it, and the product.",
                channels=("dy/dw", "dE/dy", "product"),
            ),
            Stream("rows", "matrices", "", "Gradient of the chosen weight's layer as a sum over the examples."),
            Stream(
                "decay term",
                "bars",
                "",
                "Of every weight: its gradient, what decay adds, and both together.",
                channels=("dE/dw", "lambda w", "both"),
            ),
            Stream(
                "estimate",
                "bars",
                "",
                "Gradient of every weight: of the present minibatch, and of all examples.",
                channels=("minibatch", "all examples"),
            ),
            Stream("operations", "table", "", "Every operation that networks are made of, back-propagated against differences."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("network", "Network", (Layer("network"),), figures=("phase",), front=True, equal=False),
            Picture("numbers", "Numbers of this phase", (Layer("numbers"),), figures=("phase",), front=True, weight=1.4, pick="choose_row", formulas=True),
            Picture("gradients", "Both gradients", (Layer("gradients", style="bars"),), x="weight", y="dE/dw", figures=("largest difference",), front=True),
            Picture("loss", "Loss", (Layer("loss"),), y="E"),
            Picture("factors", "The chain rule, factor by factor", (Layer("factors"),), figures=("weight",), formulas=True, doc="Of the chosen weight; click a row of the numbers, or choose it by its number."),
            Picture("slopes", "Slopes of the outputs by this weight", (Layer("slopes", style="bars"),), x="output", y="slope", labels=self._output_names, figures=("weight", "product off the gradient"),
                    doc="The input is held. The products add up to the gradient."),
            Picture("rows", "A sum over the rows", (Layer("rows"),), figures=("weight",), doc="Each example has a gradient of its own; H^T delta adds them up."),
            Picture("decay term", "What decay adds", (Layer("decay term", style="bars"),), x="weight", y="dE/dw", doc="Biases are left alone."),
            Picture("estimate", "A minibatch estimates it", (Layer("estimate", style="bars"),), x="weight", y="dE/dw", figures=("cosine with all examples",),
                    doc="The gradient of these few examples beside that of all: nearer, the larger the batch."),
            Picture("check operations", "Every operation", (Layer("operations"),), figures=("operations",), doc="'Check operations' tries all that networks of this lab are made of, on random numbers."),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The network large, its numbers below."""
        return Stage("network", companions=("gradients", "loss"), below=("numbers",), drawers=(
            ("Chain rule", ("factors",)), ("Outputs", ("slopes",)), ("Minibatch", ("rows",)), ("Estimate", ("estimate",)), ("Weight decay", ("decay term",)), ("Operations", ("check operations",)),
        ))  # fmt: skip

    @property
    def _output_names(self) -> tuple[str, ...]:
        """y1, y2 ...; of several examples with their number."""
        names = [f"y[{k}]" for k in range(self.outputs)]
        return tuple(names if self.batch == 1 else [f"{n + 1}: {name}" for n in range(self.batch) for name in names])

    def build(self, seed):
        """(program, samples x, targets t): a task that needs its hidden layer, the product of signs (XOR in two dimensions)."""
        rng = np.random.default_rng(seed)
        x = rng.choice([-1.0, 1.0], (SAMPLES, self.inputs)) + 0.1 * rng.standard_normal((SAMPLES, self.inputs))
        # Further outputs learn the product without the first input, and without the last.
        parts = (x, x[:, 1:], x[:, :-1])[: self.outputs]
        t = np.column_stack([(np.sign(np.prod(part, 1)) + 1) / 2 for part in parts])
        return program(self.widths, self.activation, self.output), x, t

    def start(self, constants, seed):
        state = constants[0].start(seed, rows=len(constants[1]))
        # Biases off zero: behind a silent ReLU layer the next sum would be exactly 0, a kink where no derivative exists.
        rng = np.random.default_rng([seed, 1])
        for name, array in constants[0].parameters(state).items():
            if name.endswith("bias"):
                array[:] = 0.1 * rng.standard_normal(array.shape)
        return state | {
            "phase": np.array([-1]), "sample": np.zeros(1, np.int64), "chosen": np.array([self._weights - (self.widths[-2] + 1) * self.outputs]), "checked": np.zeros(0),
            "before": state["parameters"].copy(),  # weights before the last update: those that its gradient belongs to
        }  # fmt: skip

    def _shown(self, state):
        """The state that numbers are said of: in the phase of the update still the one before it."""
        return state | {"parameters": state["before"]} if state["phase"][0] == PHASES.index("update") else state

    def _sample(self, constants, state):
        i = (int(state["sample"][0]) + np.arange(self.batch)) % len(constants[1])
        return constants[1][i], constants[2][i]

    def _names(self):
        return [f"layer{k}.{part}" for k in range(1, len(self.widths)) for part in ("weight", "bias")]

    def gradient(self, constants, state) -> np.ndarray:
        """Gradient of the present sample's loss by all parameters, back-propagated, in the order of `_names`."""
        x, t = self._sample(constants, state)
        found = constants[0].gradients(state, "loss", self._names(), x=x, t=t)
        return np.concatenate([np.asarray(g).ravel() for g in found])

    def numerical(self, constants, state) -> np.ndarray:
        """The same by central differences, on a copy of the parameters."""
        x, t = self._sample(constants, state)
        made = constants[0]
        copy = {k: v.copy() for k, v in state.items()}
        values = made.parameters(copy)
        out = []
        for name in self._names():
            flat = values[name].reshape(-1)
            for i in range(len(flat)):
                w = flat[i]
                flat[i] = w + H
                up = float(np.asarray(made.forward(copy, "loss", x=x, t=t)).mean())
                flat[i] = w - H
                down = float(np.asarray(made.forward(copy, "loss", x=x, t=t)).mean())
                flat[i] = w
                out.append((up - down) / (2 * H))
        return np.array(out)

    def difference(self, constants, state) -> float:
        """Largest difference of both gradients, relative to the larger of their norms."""
        a, b = self.gradient(constants, state), self.numerical(constants, state)
        scale = max(np.abs(a).max(), np.abs(b).max(), 1e-8)
        return float(np.abs(a - b).max() / scale)

    def state_bounds(self, constants, state, step):
        own = {"phase": index_or_none(len(PHASES)), "sample": COUNT, "chosen": COUNT, "checked": Bound(shape=((0, len(CASES)),))}
        return constants[0].state_bounds(state) | own

    def advance(self, constants, state, n, out):
        made = constants[0]
        made.set(state, "optimiser.rate", self.rate)
        made.set(state, "optimiser.decay", self.decay)
        for k in range(n):
            state["phase"][0] = (state["phase"][0] + 1) % 4
            if state["phase"][0] == 0:
                state["sample"][0] += self.batch
            x, t = self._sample(constants, state)
            if state["phase"][0] == PHASES.index("update"):
                state["before"][:] = state["parameters"]
                made.step(state, x=x, t=t)
            if out.wanted("loss"):
                out["loss"][k] = float(np.asarray(made.forward(state, "loss", x=x, t=t)).mean())
            if out.wanted("difference"):
                out["difference"][k] = self.difference(constants, self._shown(state))
        return n

    def remedy(self, stream):
        return "lower the learning rate"

    def _activities(self, constants, state):
        x, _ = self._sample(constants, state)
        last = len(self.widths) - 1
        names = [*(f"h{k}" for k in range(1, last)), self._last]
        return [x, *constants[0].forward(state, names, x=x)]

    @property
    def _last(self) -> str:
        """The node of the outputs."""
        return "y" if self.output == "logistic" else f"layer{len(self.widths) - 1}"

    def _pass(self, constants, state) -> chain.Pass:
        """What the present examples leave behind, forward and back."""
        x, t = self._sample(constants, state)
        made, last = constants[0], len(self.widths) - 1
        activities = self._activities(constants, state)
        outs, sums = [*(f"h{k}" for k in range(1, last)), self._last], [f"layer{k}" for k in range(1, last + 1)]
        found = [np.asarray(g) for g in made.gradients(state, "loss", [*outs, *sums], x=x, t=t)]
        kinds = [self.activation] * (last - 1) + [self.output]
        slopes = tuple(chain.slope(kind, h) for kind, h in zip(kinds, activities[1:], strict=True))
        return chain.Pass(tuple(activities[:-1]), slopes, tuple(found[:last]), tuple(found[last:]))

    @property
    def _weights(self) -> int:
        """Weights and biases."""
        return sum((a + 1) * b for a, b in pairwise(self.widths))

    def weight(self, state) -> chain.Weight:
        """The chosen weight; at first one of an output."""
        return chain.found(int(state["chosen"][0]) % self._weights, self.widths)

    def slopes(self, constants, state) -> np.ndarray:
        """(2, examples x outputs): of each output its slope by the chosen weight, the input held, and the slope of the loss by it."""
        made, of, seen = constants[0], self.weight(state), self._pass(constants, state)
        x, _ = self._sample(constants, state)
        name = f"layer{of.layer}." + ("bias" if of.source is None else "weight")
        place = of.target if of.source is None else (of.source, of.target)
        moves = np.zeros((len(x), self.outputs))
        for n in range(len(x)):
            for k in range(self.outputs):
                chosen = np.eye(self.outputs)[k][None]
                moves[n, k] = made.gradients(state, self._last, [name], weights=chosen, x=x[n : n + 1])[0][place]
        return np.array([moves.ravel(), seen.above[-1].ravel()])

    def whole(self, constants, state) -> np.ndarray:
        """Gradient of the mean loss of all examples, which a minibatch estimates."""
        found = constants[0].gradients(state, "loss", self._names(), x=constants[1], t=constants[2])
        return np.concatenate([np.asarray(g).ravel() for g in found])

    def decays(self, constants, state) -> np.ndarray:
        """(weights,) what decay adds to the gradient: lambda times every weight, nothing for biases."""
        values = constants[0].parameters(state)
        return np.concatenate(
            [0.0 * values[name].ravel() if name.endswith("bias") else self.decay * values[name].ravel() for name in self._names()]
        )

    def observe(self, constants, state, stream):
        phase, new = PHASES[max(0, int(state["phase"][0]))], constants[0].parameters(state)
        state = self._shown(state)
        if stream == "gradients":
            return np.array([self.gradient(constants, state), self.numerical(constants, state)])
        if stream == "factors":
            of = self.weight(state)
            whole = self.gradient(constants, state)[int(state["chosen"][0]) % self._weights]
            return chain.rows(of, self._pass(constants, state), len(self.widths) - 1, float(whole))
        if stream == "slopes":
            slopes = self.slopes(constants, state)
            return np.vstack([slopes, slopes.prod(0)])
        if stream == "rows":
            return chain.summed(self._pass(constants, state), self.weight(state).layer)
        if stream == "estimate":
            return np.array([self.gradient(constants, state), self.whole(constants, state)])
        if stream == "decay term":
            both = np.array([self.gradient(constants, state), self.decays(constants, state)])
            return np.vstack([both, both.sum(0)])
        activities = self._activities(constants, state)
        values = constants[0].parameters(state)
        if stream == "network":
            nodes, edges, first = [], [], 0
            for layer, row in enumerate(activities):
                width = self.widths[layer]
                for i in range(width):
                    nodes.append((layer, (width - 1) / 2 - i, float(row[0, i])))
                if layer:
                    W = values[f"layer{layer}.weight"]
                    before = first - self.widths[layer - 1]
                    edges += [(before + i, first + j, float(W[i, j])) for i in range(W.shape[0]) for j in range(W.shape[1])]
                first += width
            return {"nodes": np.array(nodes, float), "edges": np.array(edges, float)}
        if stream == "numbers":
            return self._table(constants, state, phase, activities, values, new)
        if stream == "operations":
            if not len(state["checked"]):
                return [{"operation": "Press 'Check operations'.", "largest relative error": "", "limit": "", "": ""}]
            names = [(case.name, KINKED if case.kinks else SMOOTH) for case in CASES if case.smooth]
            return [
                {
                    "operation": name,
                    "largest relative error": f"{error:.1e}",
                    "limit": f"{limit:.0e}",
                    "": "agrees" if error < limit else "DIFFERS",
                }
                for (name, limit), error in zip(names, state["checked"], strict=True)
            ]
        return super().observe(constants, state, stream)

    def _table(self, constants, state, phase, activities, values, new):
        x, t = self._sample(constants, state)
        last = len(self.widths) - 1
        rows: list[dict[str, str]] = []

        def said(what, arithmetic, a, every=False):
            """A line; the numbers of several examples are parted by strokes."""
            lines = np.asarray(a) if every else np.asarray(a).reshape(1, -1)
            value = "  /  ".join("  ".join(f"{v:+.4f}" for v in line.ravel()[:16]) for line in lines)
            rows.append({"what": what, "arithmetic": arithmetic, "value": value})

        if phase == "forward":
            said("x", "input", x, True)
            for k in range(1, last + 1):
                z = activities[k - 1] @ values[f"layer{k}.weight"] + values[f"layer{k}.bias"]
                said(f"z{k}", f"{'x' if k == 1 else f'h{k - 1}'} W{k} + b{k}", z, True)
                if k < last:
                    said(f"h{k}", f"{self.activation}(z{k})", activities[k], True)
            if self.output == "logistic":
                said("y", f"logistic(z{last})", activities[-1], True)
        elif phase == "loss":
            said("y", f"z{last}" if self.output == "linear" else f"logistic(z{last})", activities[-1], True)
            said("t", "target", t, True)
            loss = float(np.asarray(constants[0].forward(state, "loss", x=x, t=t)).mean())
            rows.append({"what": "E", "arithmetic": "mean (y - t)^2", "value": f"{loss:.6f}"})
        else:
            seen = self._pass(constants, state)
            for k in range(last, 0, -1):
                delta, slope, above = seen.deltas[k - 1], seen.slopes[k - 1], seen.above[k - 1]
                through = k < last or self.output == "logistic"
                if through:
                    at = "dE/dy" if k == last else f"dE/dh{k}"
                    said(at, "slope of the loss" if k == last else f"delta{k + 1} W{k + 1}^T", above, True)
                    said(f"sigma'(z{k})", f"slope of {self.activation if k < last else self.output}", slope, True)
                how = "dE/dy" if k == last else f"(delta{k + 1} W{k + 1}^T)"
                said(f"delta{k}", f"sigma'(z{k}) {how}" if through else how, delta, True)
                said(f"dE/dW{k}", f"{'x' if k == 1 else f'h{k - 1}'}^T delta{k}", activities[k - 1].T @ delta)
                if phase == "update":
                    weight = values[f"layer{k}.weight"]
                    said(f"W{k}", "before", weight)
                    if self.decay:
                        said(f"lambda W{k}", "what decay adds to the gradient", self.decay * weight)
                    more = f" - {self.rate:g} lambda W{k}" if self.decay else ""
                    said(f"new W{k}", f"W{k} - {self.rate:g} dE/dW{k}{more}", new[f"layer{k}.weight"])
            said("dE/dx", "delta1 W1^T: what the input would have to change", seen.deltas[0] @ values["layer1.weight"].T, True)
        return rows

    def summary(self, constants, state):
        state = self._shown(state)
        a, b = self.gradient(constants, state), self.numerical(constants, state)
        chosen, whole = int(state["chosen"][0]) % len(a), self.whole(constants, state)
        return {
            "phase": PHASES[int(state["phase"][0])] if state["phase"][0] >= 0 else "ready",
            "largest difference": self.difference(constants, state),
            "weights": len(a),
            "chosen weight": chosen,
            "its gradient": float(a[chosen]),
            "its difference quotient": float(b[chosen]),
            "weight": self.weight(state).name,
            "cosine with all examples": float(a @ whole / max(float(np.linalg.norm(a) * np.linalg.norm(whole)), 1e-300)),
            "product off the gradient": abs(float(self.slopes(constants, state).prod(0).sum()) - float(a[chosen])),
        } | (
            {
                "operations that differ": self._differing(state),
                "operations": f"{len(state['checked'])} checked, worst relative error {state['checked'].max():.1e}",
            }
            if len(state["checked"])
            else {}
        )

    def _differing(self, state) -> int:
        """Operations whose gradients are farther apart than rounding explains."""
        limits = [KINKED if case.kinks else SMOOTH for case in CASES if case.smooth]
        return sum(not error < limit for error, limit in zip(state["checked"], limits, strict=False))

    @action("Check a weight", index=(int, param(0, lo=0, hi=500, doc="Number of the weight, in the order of the bars.")))
    def choose(self, constants, state, index):
        """Show this weight's gradient and difference quotient in the summary."""
        state["chosen"][0] = index

    @action("Check a weight of a row", hidden=True, index=(int, param(0, lo=0, hi=100, doc="Row of the table of numbers.")))
    def choose_row(self, constants, state, index):
        """Show the check of the first weight of the layer that a row of the table is about."""
        rows = self.observe(constants, state, "numbers")
        layer = "".join(c for c in rows[min(index, len(rows) - 1)]["what"] if c.isdigit())
        if layer.isdecimal():
            sizes = [(name, constants[0].parameters(state)[name].size) for name in self._names()]
            before = [name for name, _ in sizes].index(f"layer{layer}.weight")
            state["chosen"][0] = sum(size for _, size in sizes[:before])

    @action("Check operations")
    def check_operations(self, constants, state):
        """Compare back-propagation with central differences for every operation that networks are made of, in double precision.

        The first time they are compiled for that, which can take a minute.
        """
        state["checked"] = np.array([max(row.error for row in check_case(case)) for case in CASES if case.smooth])

    @classmethod
    def figures(cls):
        def worst(activation):
            def measure(run):
                result = run(cls(activation=activation, layers=3, hidden=5), steps=40, seed=2, record={"difference": 1})
                return float(result["difference"].max())

            return measure

        def by_hand(run):
            # delta and dE/dW written out in NumPy for one hidden layer.
            model = cls()
            result = run(model, steps=8, seed=1, record={})
            made, state = model.build(1), result.state
            x, t = model._sample(made, state)
            v = made[0].parameters(state)
            h = 1 / (1 + np.exp(-(x @ v["layer1.weight"] + v["layer1.bias"])))
            d2 = 2 * (h @ v["layer2.weight"] + v["layer2.bias"] - t)
            d1 = h * (1 - h) * (d2 @ v["layer2.weight"].T)
            hand = np.concatenate([(x.T @ d1).ravel(), d1.ravel(), (h.T @ d2).ravel(), d2.ravel()])
            found = model.gradient(made, state)
            return float(np.abs(found - hand).max())

        def chained(run):
            """Every weight of a network with two logistic outputs and three examples at once, three ways: factors, outputs, sum of rows."""
            model = cls(outputs=2, output="logistic", batch=3, layers=2)
            s = run(model, steps=8, seed=1, record={}).simulation
            gradient, seen = model.gradient(s.constants, s.state), model._pass(s.constants, s.state)
            worst = 0.0
            for k, slope in enumerate(gradient):
                state = s.state | {"chosen": np.array([k])}
                ways = chain.factors(model.weight(state), seen).prod(1).sum(), model.slopes(s.constants, state).prod(0).sum()
                worst = max(worst, *(abs(float(way) - slope) for way in ways))
            return worst

        def averaged(run):
            """Mean of the gradients of the minibatches of an epoch, against the gradient of all examples."""
            model = cls(batch=4)
            s = run(model, steps=4, seed=1, record={}).simulation
            each = [model.gradient(s.constants, s.state | {"sample": np.array([4 * k])}) for k in range(SAMPLES // 4)]
            return float(np.abs(np.mean(each, 0) - model.whole(s.constants, s.state)).max())

        def at_input(run):
            """delta1 W1^T against a difference of the loss by each input."""
            model = cls(outputs=2, output="logistic", layers=2)
            s = run(model, steps=8, seed=1, record={}).simulation
            (x, t), made = model._sample(s.constants, s.state), s.constants[0]
            back = model._pass(s.constants, s.state).deltas[0] @ made.parameters(s.state)["layer1.weight"].T
            shake = [
                [float(np.mean(made.forward(s.state, "loss", x=x + way * H * unit, t=t))) for way in (1, -1)] for unit in np.eye(x.shape[1])
            ]
            return float(np.abs(back[0] - [(up - down) / (2 * H) for up, down in shake]).max())

        def decayed(run):
            """How far the weights move in an update, against rate times (gradient + lambda w)."""
            model = cls(decay=0.3, rate=0.2)
            s = run(model, steps=4, seed=1, record={}).simulation
            shown = model._shown(s.state)
            step = 0.2 * (model.gradient(s.constants, shown) + model.decays(s.constants, shown))
            before, after = (s.constants[0].parameters(v) for v in (shown, s.state))
            moved = np.concatenate([(before[name] - after[name]).ravel() for name in model._names()])
            return float(np.abs(moved - step).max())

        def operations(run):
            return float(max(row.error / row.limit for _, row in check_operations()))

        for activation in ACTIVATIONS:
            limit = 1e-4 if activation == "ReLU" else 1e-6
            yield Figure(
                f"back-propagation against differences, {activation}",
                limit,
                worst(activation),
                bound="at_most",
                source="central difference, float64",
            )
        yield Figure(
            "three factors, and slopes of outputs times those of the loss, against the gradient",
            1e-12,
            chained,
            bound="at_most",
            source="chain rule",
        )
        yield Figure("gradient at the input against differences", 1e-8, at_input, bound="at_most", source="central difference, float64")
        yield Figure(
            "mean gradient of the minibatches of an epoch against that of all examples",
            1e-14,
            averaged,
            bound="at_most",
            source="a mean of means",
        )
        yield Figure(
            "an update with decay against rate (gradient + lambda w)", 1e-14, decayed, bound="at_most", source="Krogh and Hertz (1991)"
        )
        yield Figure("back-propagation against the formulas by hand", 1e-12, by_hand, bound="at_most", source="delta rule written out")
        yield Figure(
            "every operation of the tape: error over its limit, worst",
            1.0,
            operations,
            bound="at_most",
            source="central difference, float64",
            slow=True,
        )
