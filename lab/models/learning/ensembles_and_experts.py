"""Many neurons of few synapses, or few neurons of many: two ways to spend the same number of synapses, on two kinds of task."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, param

TASKS = ("many simple facts", "one that needs all")
SHAPES = ("ensemble", "experts")
BATCH, TESTED = 64, 1000
NAMES = tuple(f"{shape}: {task}" for task in TASKS for shape in SHAPES)
FIRST, SECOND, SMALL = 0.9, 0.999, 1e-8  # Adam


def facts(x: np.ndarray, seed: int) -> np.ndarray:
    """Many simple facts: each input says something by itself, a wave of its own; variance one."""
    rng = np.random.default_rng([seed, 1])
    phase, quick = rng.uniform(0, 2 * np.pi, x.shape[1]), rng.uniform(2.0, 4.0, x.shape[1])
    return np.sin(quick * x + phase).sum(1) / np.sqrt(0.5 * x.shape[1])


def whole(x: np.ndarray, seed: int) -> np.ndarray:
    """One that needs all: a wave along one direction through all inputs; none by itself says anything. Variance about one."""
    rng = np.random.default_rng([seed, 2])
    direction = rng.choice([-1.0, 1.0], x.shape[1])
    return np.sqrt(2.0) * np.sin(4.0 * (x @ direction) / np.sqrt(x.shape[1] / 3.0) / 1.5)


class EnsemblesAndExperts(Model):
    """The same number of synapses, spent on many neurons of few or on few neurons of many: which is better depends on what there is to know.

    A matrix of 4d neurons with d synapses each and one of d neurons with 4d cost the same. One conjecture reads the first as an ensemble,
    many that each know something simple, and the second as experts, few that each take everything into account. Here is an experiment.
    Two networks of one hidden layer have equally many synapses on their inputs; in the ensemble each hidden neuron sees few inputs,
    chosen at random, in the other all. Both learn two tasks: one is a sum of many simple facts, a wave of each input by itself; the other a wave
    along one direction through all inputs, of which no few of them tell anything.

    Each shape wins at home: the ensemble on the simple facts, the experts on what needs all. Move *Inputs of a neuron* from few to all and
    watch the errors cross. That is what the experiment shows, of these networks and tasks; what a brain or a language model does
    with its neurons stays a conjecture.
    """

    name = "ensembles-and-experts"
    title = "Ensembles and experts"
    group = "Training monitor"
    icon = "mdi6.account-group-outline"
    order = 27
    also = "mixture of experts; sparse connections; ensemble of the simple; wide or densely connected; synapse budget"
    equations = (
        r"y = \sum_{j=1}^{H} a_j \tanh\Big(\sum_{i \in S_j} w_{ji} x_i + b_j\Big) + c, \qquad H \cdot |S_j| = \mathrm{const}",
        r"t_{simple} \propto \sum_i \sin(\omega_i x_i + \varphi_i), \qquad t_{all} \propto \sin\Big(\kappa \sum_i \pm x_i\Big)",
    )
    symbols = r"y: output; H: number of hidden neurons; S_j: inputs that neuron j sees; x_i: input i; w_{ji}: weight; a_j: output weight; b_j: bias; c: bias of the output; t: target; \omega_i: frequency of a wave; \varphi_i: its phase; \kappa: frequency of the wave of the sum"
    source = "the lab's experiment; Jacobs, Jordan, Nowlan and Hinton, Neural Comput. 3:79 (1991) for experts; Litwin-Kumar et al., Neuron 93:1153 (2017) for few inputs a neuron"
    presets = {
        "Two inputs each against all": Preset({}, shows="simple facts, ensemble < simple facts, experts - 0.3 and needs all, experts < needs all, ensemble - 0.5", slow=True),
        "Eight inputs each": Preset({"few": 8}, shows="needs all, experts < needs all, ensemble - 0.2", slow=True),
        "Both alike": Preset({"few": 32}, shows="abs(simple facts, ensemble - simple facts, experts) < 0.25", slow=True),
    }  # fmt: skip

    inputs: int = param(32, lo=4, hi=64, live=False, main=True, symbol="d", doc="Inputs of both networks, and synapses of an expert.")
    budget: int = param(
        256, lo=16, hi=4096, log=True, live=False, main=True, label="Synapses", doc="Synapses on the inputs that each network may spend."
    )
    few: int = param(
        2,
        lo=1,
        hi=64,
        live=False,
        main=True,
        label="Inputs of a neuron",
        doc="Synapses of each neuron of the ensemble; it has as many neurons as the rest affords.",
    )
    rate: float = param(0.005, lo=0.00001, hi=0.5, log=True, symbol=r"\eta", label="Learning rate", doc="Learning rate of Adam.")

    def check(self) -> None:
        if self.few > self.inputs:
            raise self.refuse("few", f"must be at most the number of inputs ({self.inputs})")
        if self.budget < self.inputs:
            raise self.refuse("budget", f"must be at least the number of inputs ({self.inputs}), so that there is one expert")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "minibatch", physical=True)

    @property
    def speed(self) -> float:
        return 150.0

    @property
    def default_steps(self) -> int:
        return 4000

    @property
    def sizes(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """(neurons, synapses of each) of the ensemble and of the experts."""
        return (max(1, self.budget // self.few), self.few), (max(1, self.budget // self.inputs), self.inputs)

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream(
                "errors",
                "trace",
                "",
                "Mean squared error of each on each task, over the variance: a running mean of the minibatches.",
                (4,),
                NAMES,
                every=1,
            ),
            Stream("test", "bars", "", "The same on examples that were not learned from.", channels=("simple facts", "needs all")),
            Stream(
                "wires",
                "image",
                "",
                "Which inputs each hidden neuron hears, and how strongly: ensemble, then experts (task of simple facts).",
            ),
            Stream("counted", "table", "", "Neurons and synapses of both."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        layers = tuple(
            Layer(
                "errors",
                channel=k,
                style="dashed" if k >= 2 else "line",
                label=SHAPES[k % 2],
                meaning=("simple facts", "needs all")[k // 2],
                series=(k % 2,),
            )
            for k in range(4)
        )
        return (
            Picture("errors", "Error while learning", layers, y="error / variance", y_range=(0.0, 1.4), front=True, weight=1.6, doc="Full lines: many simple facts; dashed: one that needs all."),
            Picture("test", "Error on new examples", (Layer("test", style="bars"),), y="error / variance", labels=SHAPES, figures=("simple facts, gain", "needs all, gain"), front=True),
            Picture("wires", "Who hears what", (Layer("wires"),), x="input", y="neuron", labels=SHAPES, colours="diverging", front=True, doc="A row for each of the first hidden neurons, a column for each input; white where there is no synapse."),
            Picture("counted", "The same budget", (Layer("counted"),)),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The race large; how it ends and who hears what beside it."""
        return Stage("errors", companions=("test", "wires"), drawers=(("Budget", ("counted",)),))

    def build(self, seed):
        """(inputs of each neuron of both shapes, test inputs, test targets (2, n))."""
        rng = np.random.default_rng(seed)
        heard = tuple(np.sort(np.stack([rng.permutation(self.inputs)[:each] for _ in range(neurons)]), 1) for neurons, each in self.sizes)
        # Every input is heard: the first neurons of the ensemble take the inputs in turn.
        turn = rng.permutation(self.inputs)
        chosen = heard[0].copy()
        for k in range(min(len(chosen), -(-self.inputs // self.few))):
            chosen[k] = np.sort(np.resize(np.roll(turn, -k * self.few), self.few) if self.few <= self.inputs else turn)
        x = rng.uniform(-1.0, 1.0, (TESTED, self.inputs))
        own = abs(int(seed))
        return (chosen, heard[1]), x, np.stack([facts(x, own), whole(x, own)]), own

    def start(self, constants, seed):
        rng = np.random.default_rng([abs(int(seed)), 56])
        state: dict[str, np.ndarray] = {
            "done": np.zeros(1, np.int64),
            "running": np.ones(4),
            "draws": np.array([abs(int(seed)) % 2**31], np.int64),
        }
        for s, (neurons, each) in enumerate(self.sizes):
            for task in range(2):
                # w, b, a and c of a network in one row, and Adam's two means of it.
                w = rng.standard_normal((neurons, each)) * (1.5 if each <= 3 else 2.0 / np.sqrt(each))
                numbers = np.concatenate(
                    [w.ravel(), rng.uniform(-1, 1, neurons), 0.5 * rng.standard_normal(neurons) / np.sqrt(neurons), [0.0]]
                )
                state[f"{SHAPES[s]} {task}"] = numbers
                state[f"{SHAPES[s]} {task} means"] = np.zeros((2, len(numbers)))
        return state

    def state_bounds(self, constants, state, step):
        return {"done": COUNT, "draws": COUNT}

    def _parts(self, numbers: np.ndarray, s: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(w (neurons, each), b, a, c) as views of the numbers of a network."""
        neurons, each = self.sizes[s]
        cut = neurons * each
        return numbers[:cut].reshape(neurons, each), numbers[cut : cut + neurons], numbers[cut + neurons : cut + 2 * neurons], numbers[-1:]

    def answer(self, numbers: np.ndarray, s: int, heard: np.ndarray, x: np.ndarray) -> np.ndarray:
        """What a network says to examples x."""
        w, b, a, c = self._parts(numbers, s)
        return np.tanh(np.einsum("nhk,hk->nh", x[:, heard], w) + b) @ a + c

    def slope(self, numbers: np.ndarray, s: int, heard: np.ndarray, x: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
        """Mean squared error and its slope by every number, by the chain rule."""
        w, b, a, c = self._parts(numbers, s)
        near = x[:, heard]
        h = np.tanh(np.einsum("nhk,hk->nh", near, w) + b)
        wrong = h @ a + c - t
        back = (2.0 / len(t)) * wrong[:, None] * a * (1.0 - h * h)
        return float((wrong**2).mean()), np.concatenate(
            [np.einsum("nh,nhk->hk", back, near).ravel(), back.sum(0), (2.0 / len(t)) * (wrong @ h), [2.0 * float(wrong.mean())]]
        )

    def advance(self, constants, state, n, out):
        heard, _, _, own = constants
        rows = out["errors"]
        for k in range(n):
            done = int(state["done"][0])
            rng = np.random.default_rng([int(state["draws"][0]), done])
            x = rng.uniform(-1.0, 1.0, (BATCH, self.inputs))
            targets = facts(x, own), whole(x, own)
            at = done + 1
            for task in range(2):
                for s in range(2):
                    numbers, means = state[f"{SHAPES[s]} {task}"], state[f"{SHAPES[s]} {task} means"]
                    error, slope = self.slope(numbers, s, heard[s], x, targets[task])
                    means[0] = FIRST * means[0] + (1 - FIRST) * slope
                    means[1] = SECOND * means[1] + (1 - SECOND) * slope * slope
                    numbers -= self.rate * (means[0] / (1 - FIRST**at)) / (np.sqrt(means[1] / (1 - SECOND**at)) + SMALL)
                    running = state["running"]
                    running[2 * task + s] += 0.02 * (error - running[2 * task + s])
            state["done"][0] += 1
            if len(rows):
                rows[k] = state["running"]
        return n

    def errors(self, constants, state) -> np.ndarray:
        """(shape, task): mean squared error on new examples over the variance of the targets."""
        heard, x, targets, _ = constants
        return np.array(
            [
                [
                    ((self.answer(state[f"{SHAPES[s]} {task}"], s, heard[s], x) - targets[task]) ** 2).mean() / targets[task].var()
                    for task in range(2)
                ]
                for s in range(2)
            ]
        )

    def observe(self, constants, state, stream):
        if stream == "test":
            return self.errors(constants, state)
        if stream == "wires":
            tiles = []
            for s in range(2):
                w = self._parts(state[f"{SHAPES[s]} 0"], s)[0]
                shown = np.zeros((min(16, max(n for n, _ in self.sizes)), self.inputs))
                rows = min(len(shown), len(w))
                shown[np.arange(rows)[:, None], constants[0][s][:rows]] = w[:rows]
                tiles.append(shown)
            return np.stack(tiles)
        if stream == "counted":
            return [
                {"network": name, "neurons": neurons, "synapses of each": each, "synapses": neurons * each}
                for name, (neurons, each) in zip(SHAPES, self.sizes, strict=True)
            ]
        raise ModelError(f"{self.name} has no stream '{stream}'.")

    def summary(self, constants, state) -> dict[str, Any]:
        (ensemble_simple, ensemble_all), (experts_simple, experts_all) = self.errors(constants, state).tolist()
        return {
            "simple facts, ensemble": ensemble_simple, "simple facts, experts": experts_simple,
            "needs all, ensemble": ensemble_all, "needs all, experts": experts_all,
            "simple facts, gain": experts_simple - ensemble_simple, "needs all, gain": ensemble_all - experts_all,
            "minibatches": int(state["done"][0]),
        }  # fmt: skip

    def remedy(self, stream):
        return "lower the learning rate"

    @action("Begin again")
    def again(self, constants, state):
        """Forget what was learned, and learn from other examples."""
        fresh = self.start(constants, int(state["draws"][0]) + 1)
        for name, array in fresh.items():
            state[name][:] = array

    @classmethod
    def figures(cls):
        def ended(what):
            return lambda run: float(np.median([run(cls(), steps=4000, seed=s, record={}).summary[what] for s in (1, 2)]))

        def checked(run):
            """Slopes of both shapes against central differences, relative."""
            model, worst, h = cls(inputs=6, budget=24), 0.0, 1e-6
            constants = model.build(3)
            state, rng = model.start(constants, 3), np.random.default_rng(0)
            x = rng.uniform(-1, 1, (10, 6))
            for s, shape in enumerate(SHAPES):
                numbers, heard = state[f"{shape} 0"], constants[0][s]
                _, slope = model.slope(numbers, s, heard, x, facts(x, 3))
                for k in range(len(numbers)):
                    ends = [
                        model.slope(numbers + sign * h * (np.arange(len(numbers)) == k), s, heard, x, facts(x, 3))[0] for sign in (1, -1)
                    ]
                    worst = max(worst, abs((ends[0] - ends[1]) / (2 * h) - slope[k]) / max(1.0, abs(slope[k])))
            return worst

        yield Figure("slopes against central differences, worst", 1e-6, checked, bound="at_most", source="chain rule")
        yield Figure("synapses of both", 0, lambda run: float(np.diff([n * each for n, each in cls().sizes])[0]), source="the same budget")
        yield Figure(
            "simple facts: error of experts less that of the ensemble",
            0.3,
            ended("simple facts, gain"),
            bound="at_least",
            source="each shape at home",
            slow=True,
        )
        yield Figure(
            "one that needs all: error of the ensemble less that of experts",
            0.3,
            ended("needs all, gain"),
            bound="at_least",
            source="each shape at home",
            slow=True,
        )
