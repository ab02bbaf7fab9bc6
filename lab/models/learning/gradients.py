"""Gradients by hand: one sample walked forward and backward through a network, each number checked by a difference."""

from __future__ import annotations

from functools import cache

import numpy as np

from lab.model import COUNT, Bound, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, index_or_none, param
from lab.tape import Tape, descent
from lab.tape.check import KINKED, SMOOTH, check_case, check_operations
from lab.tape.registry import CASES

ACTIVATIONS = ("logistic", "tanh", "ReLU")
PHASES = ("forward", "loss", "backward", "update")
H = 1e-5


@cache
def program(widths: tuple[int, ...], activation: str):
    """Tape program in float64: dense layers, mean squared error, plain gradient descent."""
    t = Tape()
    h = t.input("x", (widths[0],))
    for k, width in enumerate(widths[1:], start=1):
        z = t.affine(h, width, init="xavier", name=f"layer{k}")
        h = {"logistic": t.logistic, "tanh": t.tanh, "ReLU": t.relu}[activation](z, name=f"h{k}") if k < len(widths) - 1 else z
    t.minimise(t.mse(h, t.input("t", (widths[-1],)), name="loss"), descent(0.1), name="optimiser")
    return t.compile(batch=4, dtype="float64")


class Gradients(Model):
    """Where do the gradients come from? Walk one sample forward through the layers, and its error back.

    Each step is one phase: forward (every layer's sums and outputs), loss, backward (`delta` of every layer, from the last
    to the first), update. All numbers are shown. Beside the gradient by back-propagation stands the numerical one, made
    by moving each weight a little both ways; they agree to six digits and more, and the picture shows by how much. Click
    a row of the table to see the check of that layer's first weight in the summary, or choose a weight by its number. In the
    phase *update* everything is still said of the weights that the gradient belongs to, and beside it stand the new ones.
    A rate of 0.5 is too much for the deeper network: it flies off, as the loss says.
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
        r"\frac{\partial E}{\partial w} \approx \frac{E(w + h) - E(w - h)}{2h}",
    )
    source = "Rumelhart, Hinton, Williams, Nature 323:533 (1986); Baydin et al., JMLR 18:153 (2018)"
    presets = {
        "2-3-1, logistic": Preset({}, shows="largest difference < 0.000001 and max(loss) < 5", after=10.0),
        "Deeper, tanh": Preset(
            {"hidden": 4, "layers": 3, "activation": "tanh"}, shows="largest difference < 0.00001 and max(loss) < 5", after=10.0
        ),
        "ReLU, with kinks": Preset({"activation": "ReLU"}, shows="largest difference < 0.00001 and max(loss) < 5", after=10.0),
    }

    inputs: int = param(2, lo=1, hi=8, live=False, doc="Inputs.")
    hidden: int = param(3, lo=1, hi=8, live=False, main=True, doc="Neurons of a hidden layer.")
    layers: int = param(1, lo=1, hi=5, live=False, main=True, doc="Hidden layers.")
    activation: str = param("logistic", choices=ACTIVATIONS, live=False, main=True, doc="Activation of the hidden layers.")
    rate: float = param(0.1, lo=0.0001, hi=10.0, log=True, doc="Learning rate of the update phase.")

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths of all layers, inputs first."""
        return (self.inputs, *([self.hidden] * self.layers), 1)

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
            Stream("operations", "table", "", "Every operation that networks are made of, back-propagated against differences."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("network", "Network", (Layer("network"),), figures=("phase",), front=True, equal=False),
            Picture("numbers", "Numbers of this phase", (Layer("numbers"),), figures=("phase",), front=True, weight=1.4, pick="choose_row"),
            Picture("gradients", "Both gradients", (Layer("gradients", style="bars"),), x="weight", y="dE/dw", figures=("largest difference",), front=True),
            Picture("loss", "Loss", (Layer("loss"),), y="E"),
            Picture("check operations", "Every operation", (Layer("operations"),), figures=("operations",), doc="'Check operations' tries all that networks of this lab are made of, on random numbers."),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The network large, its numbers below."""
        return Stage("network", companions=("gradients", "loss"), below=("numbers",), drawers=(("Operations", ("check operations",)),))

    def build(self, seed):
        """(program, samples x, targets t): a task that needs its hidden layer, the product of signs (XOR in two dimensions)."""
        rng = np.random.default_rng(seed)
        x = rng.choice([-1.0, 1.0], (16, self.inputs)) + 0.1 * rng.standard_normal((16, self.inputs))
        return program(self.widths, self.activation), x, (np.sign(np.prod(x, 1, keepdims=True)) + 1) / 2

    def start(self, constants, seed):
        state = constants[0].start(seed, rows=len(constants[1]))
        # Biases off zero: behind a silent ReLU layer the next sum would be exactly 0, a kink where no derivative exists.
        rng = np.random.default_rng([seed, 1])
        for name, array in constants[0].parameters(state).items():
            if name.endswith("bias"):
                array[:] = 0.1 * rng.standard_normal(array.shape)
        return state | {
            "phase": np.array([-1]), "sample": np.zeros(1, np.int64), "chosen": np.zeros(1, np.int64), "checked": np.zeros(0),
            "before": state["parameters"].copy(),  # weights before the last update: those that its gradient belongs to
        }  # fmt: skip

    def _shown(self, state):
        """The state that numbers are said of: in the phase of the update still the one before it."""
        return state | {"parameters": state["before"]} if state["phase"][0] == PHASES.index("update") else state

    def _sample(self, constants, state):
        i = int(state["sample"][0]) % len(constants[1])
        return constants[1][i : i + 1], constants[2][i : i + 1]

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
                up = float(np.asarray(made.forward(copy, "loss", x=x, t=t)).sum())
                flat[i] = w - H
                down = float(np.asarray(made.forward(copy, "loss", x=x, t=t)).sum())
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
        for k in range(n):
            state["phase"][0] = (state["phase"][0] + 1) % 4
            if state["phase"][0] == 0:
                state["sample"][0] += 1
            x, t = self._sample(constants, state)
            if state["phase"][0] == PHASES.index("update"):
                state["before"][:] = state["parameters"]
                made.step(state, x=x, t=t)
            if out.wanted("loss"):
                out["loss"][k] = float(np.asarray(made.forward(state, "loss", x=x, t=t)).sum())
            if out.wanted("difference"):
                out["difference"][k] = self.difference(constants, self._shown(state))
        return n

    def remedy(self, stream):
        return "lower the learning rate"

    def _activities(self, constants, state):
        x, _ = self._sample(constants, state)
        last = len(self.widths) - 1
        names = [*(f"h{k}" for k in range(1, last)), f"layer{last}"]
        return [x, *constants[0].forward(state, names, x=x)]

    def observe(self, constants, state, stream):
        phase, new = PHASES[max(0, int(state["phase"][0]))], constants[0].parameters(state)
        state = self._shown(state)
        if stream == "gradients":
            return np.array([self.gradient(constants, state), self.numerical(constants, state)])
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
        rows = []
        said = lambda a: "  ".join(f"{v:+.4f}" for v in np.asarray(a).ravel()[:16])  # noqa: E731
        if phase == "forward":
            rows.append({"what": "x", "arithmetic": "input", "value": said(x)})
            for k in range(1, last + 1):
                z = activities[k - 1] @ values[f"layer{k}.weight"] + values[f"layer{k}.bias"]
                rows.append({"what": f"z{k}", "arithmetic": f"{'x' if k == 1 else f'h{k - 1}'} W{k} + b{k}", "value": said(z)})
                if k < last:
                    rows.append({"what": f"h{k}", "arithmetic": f"{self.activation}(z{k})", "value": said(activities[k])})
        elif phase == "loss":
            y = activities[-1]
            rows = [{"what": "y", "arithmetic": f"z{last}", "value": said(y)}, {"what": "t", "arithmetic": "target", "value": said(t)}]
            loss = float(np.asarray(constants[0].forward(state, "loss", x=x, t=t)).sum())
            rows.append({"what": "E", "arithmetic": "mean (y - t)^2", "value": f"{loss:.6f}"})
        else:
            wanted = [f"layer{k}" for k in range(last, 0, -1)]
            deltas = constants[0].gradients(state, "loss", wanted, x=x, t=t)
            for k, delta in zip(range(last, 0, -1), deltas):
                how = "dE/dy" if k == last else f"sigma'(z{k}) (delta{k + 1} W{k + 1}^T)"
                rows.append({"what": f"delta{k}", "arithmetic": how, "value": said(delta)})
                gradient = activities[k - 1].T @ np.asarray(delta).reshape(1, -1)
                rows.append({"what": f"dE/dW{k}", "arithmetic": f"{'x' if k == 1 else f'h{k - 1}'}^T delta{k}", "value": said(gradient)})
                if phase == "update":
                    rows.append({"what": f"W{k}", "arithmetic": "before", "value": said(values[f"layer{k}.weight"])})
                    rows.append(
                        {"what": f"new W{k}", "arithmetic": f"W{k} - {self.rate:g} dE/dW{k}", "value": said(new[f"layer{k}.weight"])}
                    )
        return rows

    def summary(self, constants, state):
        state = self._shown(state)
        a, b = self.gradient(constants, state), self.numerical(constants, state)
        chosen = int(state["chosen"][0]) % len(a)
        return {
            "phase": PHASES[int(state["phase"][0])] if state["phase"][0] >= 0 else "ready",
            "largest difference": self.difference(constants, state),
            "weights": len(a),
            "chosen weight": chosen,
            "its gradient": float(a[chosen]),
            "its difference quotient": float(b[chosen]),
        } | (
            {"operations": f"{len(state['checked'])} checked, worst relative error {state['checked'].max():.1e}"}
            if len(state["checked"])
            else {}
        )

    @action("Check a weight", index=(int, param(0, lo=0, hi=500, doc="Number of the weight, in the order of the bars.")))
    def choose(self, constants, state, index):
        """Show this weight's gradient and difference quotient in the summary."""
        state["chosen"][0] = index

    @action("Check a weight of a row", hidden=True, index=(int, param(0, lo=0, hi=100, doc="Row of the table of numbers.")))
    def choose_row(self, constants, state, index):
        """Show the check of the first weight of the layer that a row of the table is about."""
        rows = self.observe(constants, state, "numbers")
        layer = "".join(c for c in rows[min(index, len(rows) - 1)]["what"] if c.isdigit())
        if layer:
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
        yield Figure("back-propagation against the formulas by hand", 1e-12, by_hand, bound="at_most", source="delta rule written out")
        yield Figure(
            "every operation of the tape: error over its limit, worst",
            1.0,
            operations,
            bound="at_most",
            source="central difference, float64",
            slow=True,
        )
