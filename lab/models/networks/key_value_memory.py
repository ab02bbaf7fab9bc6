"""An MLP block as a key-value memory: the same numbers read neuron by neuron and vector by vector, and one neuron read three ways."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from lab import catalog
from lab.cells.as_cell import as_synapses
from lab.errors import FileError, ModelError
from lab.model import Bound, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, index, param

SIZES = {"3-8-2 by hand": (3, 8, 2), "3-8-2 at random": (3, 8, 2), "64-256-64 at random": (64, 256, 64)}
# One key for each corner of the cube of three binary inputs; the values send corners with an odd number of ones one way.
CORNERS = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
CELL, BENCH = "leaky-integrate-and-fire", "wired-neurons"
MOST = 10  # cells of the bench
SETTLE, MEASURE = 1000.0, 2000.0  # ms before and while the bench is measured
KEPT = 60  # measured rates that are drawn
EPSILON = 1e-5
DRAWN = 8  # units of a layer that are drawn, where there are many


def gelu(x: np.ndarray) -> np.ndarray:
    """The activation of a GPT, by tanh."""
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


ACTIVATIONS = {
    "step": lambda x: (x > 0).astype(float),
    "ReLU": lambda x: np.maximum(x, 0.0),
    "logistic": lambda x: 1.0 / (1.0 + np.exp(-np.clip(x, -500, 500))),
    "gelu": gelu,
}


def by_neurons(x: np.ndarray, keys: np.ndarray, b: np.ndarray, values: np.ndarray, c: np.ndarray, activation: str) -> np.ndarray:
    """Reading by neurons: each key neuron sums its synapses, then each output neuron sums its own; one number at a time."""
    act, m, y = ACTIVATIONS[activation], np.empty(len(keys)), np.empty(len(values))
    for i in range(len(keys)):
        m[i] = act(np.array([sum(float(keys[i, j] * x[j]) for j in range(len(x))) + float(b[i])]))[0]
    for k in range(len(values)):
        y[k] = sum(float(values[k, i] * m[i]) for i in range(len(m))) + float(c[k])
    return y


def by_vectors(x: np.ndarray, keys: np.ndarray, b: np.ndarray, values: np.ndarray, c: np.ndarray, activation: str) -> np.ndarray:
    """Reading by vectors: each key is compared with the input, and its value vector is added, as long as the match is good."""
    y = c.astype(float).copy()
    for key, bias, value in zip(keys, b, values.T, strict=True):
        y += ACTIVATIONS[activation](np.array([key @ x + bias]))[0] * value
    return y


def normed(y: np.ndarray) -> np.ndarray:
    """Layer norm, gain one."""
    return (y - y.mean()) / math.sqrt(float(y.var()) + EPSILON)


class KeyValueMemory(Model):
    r"""One block of a network, read in two ways that give the same numbers: as neurons, and as a memory of keys and values.

    *Neuron by neuron* each of the eight hidden neurons sums what its synapses bring it, and each output neuron sums what the eight
    bring it: a row of a matrix is a neuron. *Vector by vector* the row of the first matrix is a **key**, compared with the input by a
    product; the column of the second matrix is a **value**, a vector that is added to the output as far as the key matches:
    a look-up. Press play: the values are laid head to tail, one after another, until the output is reached. Try:

    - drag the three inputs: which keys answer? In *3-8-2 by hand* there is one key for each corner of a cube, and one answers alone;
    - drag a wire of the network up or down, or click any number of a matrix (or of a bias) and drag *Weight*: both readings move together;
    - silence the chosen neuron: the output moves by exactly minus its answer times its value. Switch the layer norm on: now every
      output is divided by the length of the whole, and what leaves is no longer that vector alone. So it is in a GPT's stream;
    - one neuron in three readings (below): as a threshold gate it is a row of a truth table; as a memory a key and a value; as a cell its
      weights are synapses, its pre-activation a current relative to the rheobase, and its activation the firing rate of panel 1's integrate-and-fire
      cell. The summary says which current gives that cell on its own page, with V_reset at V_rest, the same rate;
    - *Put it on the bench* opens *Neurons wired by hand* with a cell for each input, firing 100 times a second for a 1, and the weights of the key as
      synapses (an input below 0 fires too, and its synapse has the other sign: no rate is negative). *Measure it as a cell* lets those cells fire for two
      seconds and draws the rate that is counted beside the activation.
    """

    hands_over = {
        "to": BENCH,
        "words": "Put it on the bench",
        "about": "Open the chosen neuron as a cell among cells: its weights as synapses, its inputs as firing rates",
    }

    name = "key-value-memory"
    title = "Key-value memory"
    group = "Gates and layers"
    icon = "mdi6.key-variant"
    order = 60
    also = "MLP block; feed-forward layer; keys and values; key-value neurons; transformer MLP; what a neuron of a GPT knows"
    equations = (
        r"y_j = \sum_i W_{ji}\, \sigma\left(\sum_n K_{in} x_n + b_i\right) + c_j",
        r"y = \sum_i \sigma(k_i \cdot x + b_i)\, v_i + c",
        r"\Delta y = -m_i v_i \quad \mathrm{when}\ i\ \mathrm{is\ silent}",
    )
    symbols = r"K: keys as a matrix; k_i: key of neuron i; b_i: its bias; v_i: its value; m_i: its activation; W: values as a matrix; c: bias of the output; \Delta: change of the output"
    source = "Geva, Schuster, Berant and Levy, EMNLP (2021), equation 2 (feed-forward layers as key-value memories); McCulloch and Pitts 1943 (gate); Lapicque 1907 (integrate and fire)"
    presets = {
        "A key for each corner": Preset({}, shows="difference of the readings < 0.000000000001 and keys that answer = 1"),
        "Between the corners": Preset({"x1": 0.3, "x2": 0.2, "x3": -0.4, "activation": "gelu"}, shows="difference of the readings < 0.000000000001 and keys that answer > 1"),
        "Before a layer norm nothing is alone": Preset({"norm": True}, shows="off the plain change > 0.1", do=((0.0, "silence", {}),), after=4),
        "The size of a small GPT's block": Preset({"example": "64-256-64 at random", "activation": "gelu"}, shows="difference of the readings < 0.000000000001"),
    }  # fmt: skip

    example: str = param(
        "3-8-2 by hand", choices=tuple(SIZES), live=False, main=True, doc="Which block: inputs, key neurons, value neurons."
    )
    activation: str = param("ReLU", choices=tuple(ACTIVATIONS), main=True, symbol=r"\sigma", doc="Activation of the key neurons.")
    x1: float = param(1.0, lo=-3, hi=3, main=True, group="Input", label="First input", symbol="x_1", doc="First input.")
    x2: float = param(1.0, lo=-3, hi=3, main=True, group="Input", label="Second input", symbol="x_2", doc="Second input.")
    x3: float = param(
        -1.0,
        lo=-3,
        hi=3,
        main=True,
        group="Input",
        label="Third input",
        symbol="x_3",
        doc="Third input (of 64 the others are drawn at random).",
    )
    weight: float = param(1.0, lo=-5, hi=5, group="The chosen number", label="Weight", doc="The number that was clicked last: drag it.")
    norm: bool = param(
        False, group="Output", label="Layer norm", doc="Divide the output by the length of its deviations, as a GPT does behind its blocks."
    )

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Inputs, key neurons, value neurons."""
        return SIZES[self.example]

    @property
    def clock(self):
        """One step adds one value vector."""
        return Clock(1.0, "neuron", physical=False)

    @property
    def length(self):
        """All of them."""
        return self.sizes[1]

    @property
    def seconds(self):
        """Slow enough to follow."""
        return 10.0

    @property
    def streams(self):
        """The two readings, the sum of vectors, and one neuron three ways."""
        return (
            Stream("vectors", "matrices", "", "Reading by vectors: keys, match, answer, values, and what each adds."),
            Stream("neurons", "matrices", "", "Reading by neurons: each output sums its own row."),
            Stream("walk", "arrows", "", "Values times answers, head to tail from the bias: the first two outputs; the chosen neuron's in another colour."),
            Stream("reached", "cloud", "", "The sum so far.", channels=("x", "y")),
            Stream("network", "network", "", "Inputs, key neurons, outputs, and the weight at every arrow; where there are many the first of them and the keys that answer most."),
            Stream("gate", "table", "", "The chosen neuron as a threshold gate over binary inputs."),
            Stream("memory", "table", "", "The chosen neuron as a key and a value: what it is most like, and what it does."),
            Stream("cell", "curve", "Hz", "The chosen neuron as a cell: firing rate over pre-activation, 0 being the rheobase.", channels=("integrate-and-fire cell",), x_unit=""),
            Stream("scaled", "curve", "Hz", "The activation, scaled to the same rate at 1.", channels=("activation, scaled",), x_unit=""),
            Stream("here", "curve", "Hz", "Where the cell is now.", channels=("now",), x_unit=""),
            Stream("measured", "curve", "Hz", "Rates that were counted on the bench, with these weights as synapses.", channels=("counted on the bench",), x_unit=""),
            Stream("carried", "table", "", "The chosen neuron as a cell on the bench, as one text.", canvas="carried"),
            Stream("answer", "trace", "", "Length of the sum so far.", every=1),
        )  # fmt: skip

    @property
    def pictures(self):
        """Both readings side by side."""
        return (
            Picture("network", "Neuron by neuron: a network", (Layer("network"),), pick="choose_node", drag="set_weight", front=True, weight=2.1, doc="Drag a wire up or down to change its weight; click a key neuron to choose it."),
            Picture("vectors", "Vector by vector: a memory", (Layer("vectors"),), pick="choose", front=True, weight=2.1, doc="Click a number, then drag Weight. A row is one neuron: key, match, answer, value, and what it adds."),
            Picture("neurons", "Neuron by neuron: rows and sums", (Layer("neurons"),), pick="choose", front=True, weight=1.5, doc="A row of W is an output neuron, its numbers are its synapses."),
            Picture("walk", "Adding the values", (Layer("walk"), Layer("reached", style="points")), x="y₁", y="y₂", equal=True, front=True, weight=1.1),
            Picture("gate", "As a gate", (Layer("gate"),)),
            Picture("memory", "As a memory", (Layer("memory"),)),
            Picture("cell", "As a cell", (Layer("cell", label="cell"), Layer("scaled", style="dashed", label="activation"), Layer("here", style="points"), Layer("measured", style="points", label="counted")), x="pre-activation", y="rate (Hz)", figures=("rate as a cell (Hz)", "counted on the bench (Hz)"),
                    doc="'Measure it as a cell' lets it fire with its weights as synapses; 'Put it on the bench' opens it there."),
            Picture("answer", "Length of the sum", (Layer("answer"),), y="length"),
        )  # fmt: skip

    @property
    def stage(self):
        """Both readings side by side, what they add up to beside them, one neuron in three readings below."""
        return Stage(
            "network",
            companions=("vectors",),
            below=("walk", "gate", "memory", "cell"),
            drawers=(("Rows and sums", ("neurons", "answer")),),
        )

    # -- the block --

    def build(self, seed: int):
        """Inputs beyond the third, which nobody drags."""
        return np.random.default_rng([abs(seed), 2]).standard_normal(self.sizes[0])

    def start(self, constants, seed: int):
        """Weights by hand, or drawn."""
        n, m, k = self.sizes
        if self.example == "3-8-2 by hand":
            keys, b = CORNERS.copy(), np.full(m, -2.0)  # only at its own corner a key matches by more than 2
            odd = (CORNERS > 0).sum(1) % 2
            values = np.stack([np.where(odd, 1.0, -1.0), (CORNERS > 0).sum(1) - 1.5])
            c = np.zeros(k)
        else:
            random = np.random.default_rng([abs(seed), 1])
            keys, b = random.standard_normal((m, n)) / math.sqrt(n), 0.1 * random.standard_normal(m)
            values, c = random.standard_normal((k, m)) / math.sqrt(m), 0.1 * random.standard_normal(k)
        match = int(np.argmax(keys @ self._input(constants)))
        return {
            "keys": keys, "b": b, "values": values, "c": c, "on": np.ones(m), "chosen": np.array([match * n]), "walked": np.zeros(1, np.int64), "measured": np.zeros((0, 2)),
        }  # fmt: skip

    def state_bounds(self, constants, state, step):
        """Which number is in hand, and how many values are laid."""
        n, m, k = self.sizes
        return {"chosen": index(n * m + m + m * k + k), "walked": Bound(0, m), "on": Bound(0, 1), "measured": Bound(shape=((0, KEPT), 2))}

    def _input(self, constants) -> np.ndarray:
        x = np.array(constants)
        x[:3] = self.x1, self.x2, self.x3
        return x

    def _flat(self, state, place: int) -> tuple[np.ndarray, int]:
        """The array and place in it of a number: keys, biases, values (by neuron), output biases count through."""
        n, m, k = self.sizes
        for name, size in (("keys", n * m), ("b", m), ("values", m * k), ("c", k)):
            if place < size:
                if name == "values":  # shown as one row for each neuron
                    i, j = divmod(place, k)
                    return state[name].reshape(-1), j * m + i
                return state[name].reshape(-1), place
            place -= size
        return state["keys"].reshape(-1), 0

    def _neuron(self, state) -> int:
        """The key neuron of the chosen number (of an output's bias: the first)."""
        n, m, k = self.sizes
        place = int(np.clip(state["chosen"][0], 0, n * m + m + m * k + k - 1))
        if place < n * m:
            return place // n
        place -= n * m
        if place < m:
            return place
        return min((place - m) // k, m - 1) if place - m < m * k else 0

    def changed_live(self, before, constants, state):
        """A dragged weight."""
        if self.weight != getattr(before, "weight", self.weight):
            array, at = self._flat(state, int(np.clip(state["chosen"][0], 0, None)))
            array[at] = self.weight

    def advance(self, constants, state, n, out):
        """One value vector after another."""
        m = self.sizes[1]
        answers = self._answers(constants, state)[1]
        for done in range(n):
            if state["walked"][0] >= m:
                return done
            state["walked"][0] += 1
            if out.wanted("answer"):
                k = int(state["walked"][0])
                out["answer"][done] = float(np.linalg.norm(state["values"][:, :k] @ answers[:k] + state["c"]))
        return n

    def finished(self, constants, state):
        """All values are added."""
        return "all values are added"

    def _answers(self, constants, state) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(match k.x, answers m with what is silent, answers with nothing silent)."""
        match = state["keys"] @ self._input(constants)
        free = ACTIVATIONS[self.activation](match + state["b"])
        return match, free * state["on"], free

    def outputs(self, constants, state, without: int | None = None) -> np.ndarray:
        """The output; `without` this neuron."""
        m = self._answers(constants, state)[1].copy()
        if without is not None:
            m[without] = 0.0
        y = state["values"] @ m + state["c"]
        return normed(y) if self.norm else y

    def summary(self, constants, state):
        """How far the two readings are apart, and what leaves with the chosen neuron."""
        x, i = self._input(constants), self._neuron(state)
        parts = (state["keys"], state["b"], state["values"] * state["on"], state["c"], self.activation)
        one, other = by_neurons(x, *parts), by_vectors(x, *parts)
        match, _, free = self._answers(constants, state)
        everything = state["on"].copy()
        everything[i] = 1.0
        y = state["values"] @ (free * everything) + state["c"]
        less = y - free[i] * state["values"][:, i]
        change = normed(less) - normed(y) if self.norm else less - y
        current, rate = self._as_cell(float(match[i] + state["b"][i]))
        return {
            "difference of the readings": float(np.abs(one - other).max() / max(1.0, np.abs(one).max())),
            "keys that answer": int((np.abs(free) > 0.01).sum()), "chosen neuron": i + 1, "its answer m": float(free[i]),
            "change when silent": float(np.linalg.norm(change)), "off the plain change": float(np.linalg.norm(change + free[i] * state["values"][:, i])),
            "rate as a cell (Hz)": rate, "current on the bench (nA)": current,
        } | ({"counted on the bench (Hz)": float(state["measured"][-1, 1])} if len(state["measured"]) else {})  # fmt: skip

    @staticmethod
    def _cell() -> Any:
        cell: Any = catalog.load(CELL)()
        return cell.replace(V_reset=cell.V_rest)

    def on_the_bench(self, constants, state) -> dict[str, Any]:
        """Parameters of the bench: a cell for each input, and the chosen neuron with its weights as synapses."""
        i, cell = self._neuron(state), self._cell()
        return as_synapses(state["keys"][i], float(state["b"][i]), self._input(constants), tau_m=cell.tau, t_ref=cell.t_ref, most=MOST)

    @staticmethod
    def _as_cell(pre: float) -> tuple[float, float]:
        """(current, rate) of the bench's integrate-and-fire cell, its reset at rest: pre-activation 0 is its rheobase, 1 twice that."""
        cell = KeyValueMemory._cell()
        current = (cell.V_th - cell.V_rest) / cell.R * (1.0 + pre)
        return float(current), float(cell.rate_theory(np.array([current]))[0])

    # -- what can be looked at --

    def observe(self, constants, state, stream):
        """Both readings of the present numbers."""
        n, m, k = self.sizes
        x, i = self._input(constants), self._neuron(state)
        match, answers, _ = self._answers(constants, state)
        keys, b, values, c = (state[name] for name in ("keys", "b", "values", "c"))
        walked = int(np.clip(state["walked"][0], 0, m)) or m
        if stream == "vectors":
            whole = values @ answers + c
            found = [
                {"name": "keys k", "values": keys, "at": (0, 0), "first": 0, "note": "a row is a key; click a number"},
                {"name": "k.x", "values": match[:, None], "at": (0, 1), "note": "how well the key matches"},
                {"name": "b", "values": b[:, None], "at": (0, 2), "first": n * m},
                {"name": "m", "values": answers[:, None], "at": (0, 3), "lit": True, "note": "the answer: the activation of k.x + b"},
                {"name": "values v", "values": values.T, "at": (0, 4), "first": n * m + m, "note": "a row is a value vector"},
                {"name": "m v", "values": answers[:, None] * values.T + 0.0, "at": (0, 5), "lit": True, "note": "what it adds"},
                {"name": "input x", "values": x[None], "at": (1, 0)},
                {"name": "bias c", "values": c[None], "at": (1, 4), "first": n * m + m + m * k},
                {"name": "y: their sum + c", "values": whole[None], "at": (1, 5), "lit": True},
            ]
            return [*found, {"name": "y, normed", "values": normed(whole)[None], "at": (2, 5)}] if self.norm else found
        if stream == "neurons":
            return [
                {"name": "m: answers of the key neurons", "values": answers[None], "at": (0, 0)},
                {"name": "W: a row is an output neuron", "values": values, "at": (1, 0), "note": "its numbers are its synapses"},
                {"name": "synapse times answer", "values": values * answers + 0.0, "at": (2, 0), "lit": True},
                {"name": "y: the sum of a row + c", "values": (values @ answers + c)[None], "at": (3, 0), "lit": True},
            ]
        if stream in ("walk", "reached"):
            steps = (answers * values)[:2].T
            ends = c[:2] + np.cumsum(steps, axis=0)
            if stream == "walk":
                starts = np.vstack([c[:2], ends[:-1]])
                kinds = np.zeros((m, 1))
                kinds[i] = 1.0
                return np.hstack([starts, steps, kinds])[:walked]
            return ends[walked - 1 : walked]
        if stream == "network":
            return self._network(x, answers, state, i)
        if stream == "gate":
            return self._gate(keys[i], float(b[i]))
        if stream == "memory":
            return self._memory(keys[i], values[:, i], float(match[i]), float(b[i]), float(answers[i]), x)
        if stream == "measured":
            return state["measured"].T if len(state["measured"]) else np.full((2, 1), np.nan)
        if stream == "carried":
            return [{"graph": "", "values": json.dumps(self.on_the_bench(constants, state)), "refusal": ""}]
        if stream in ("cell", "scaled", "here"):
            pre = float(match[i] + b[i])
            if stream == "here":
                return np.array([[pre], [self._as_cell(pre)[1]]])
            line = np.linspace(-2.0, 3.0, 201)
            if stream == "cell":
                cell = self._cell()
                return np.vstack([line, cell.rate_theory((cell.V_th - cell.V_rest) / cell.R * (1.0 + line))])
            act = ACTIVATIONS[self.activation]
            return np.vstack([line, act(line) / act(np.ones(1))[0] * self._as_cell(1.0)[1]])
        return super().observe(constants, state, stream)

    def _drawn(self, state, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Numbers of the inputs, key neurons and outputs that are drawn: all, or the first, those that answer most, and the chosen one."""
        n, m, k = self.sizes
        if m <= DRAWN:
            return np.arange(n), np.arange(m), np.arange(k)
        most = np.argsort(-np.abs(answers), kind="stable")[:DRAWN]
        i = self._neuron(state)
        return np.arange(DRAWN), np.sort(most if i in most else np.append(most[:-1], i)), np.arange(DRAWN)

    def _network(self, x, answers, state, i):
        inputs, keys, outputs = self._drawn(state, answers)
        y, few = state["values"] @ answers + state["c"], self.sizes[1] <= DRAWN

        def layer(name, units, values, kept, words=""):
            return dict(
                name=name, units=units, values=values[kept], names=[f"{name[0]}{place + 1}" for place in kept], numbers=True, words=words
            )

        chosen = f"chosen: {i + 1}, m = {answers[i]:.3g}"
        return dict(
            layers=[
                layer("x: inputs", self.sizes[0], x, inputs),
                layer("m: key neurons", self.sizes[1], answers, keys, chosen),
                layer("y: outputs", self.sizes[2], y, outputs),
            ],
            wires=[
                dict(source=0, target=1, weights=state["keys"][np.ix_(keys, inputs)].T, numbers=few),
                dict(source=1, target=2, weights=state["values"][np.ix_(outputs, keys)].T, numbers=few),
            ],
        )

    @staticmethod
    def _gate(key, bias):
        """Truth table over the first three inputs, the others 0."""
        rows = []
        for bits in itertools.product((0, 1), repeat=3):
            pre = float(np.dot(key[:3], bits)) + bias
            rows.append({"x1": bits[0], "x2": bits[1], "x3": bits[2], "k.x + b": round(pre, 3), "fires": "1" if pre > 0 else "0"})
        return rows

    @staticmethod
    def _memory(key, value, match, bias, answer, x):
        size = float(np.linalg.norm(key))
        likeness = match / max(size * float(np.linalg.norm(x)), 1e-12)
        first = ", ".join(f"{v:.3g}" for v in value[:4]) + (" ..." if len(value) > 4 else "")
        return [
            {"what": "length of the key", "number": f"{size:.4g}"},
            {"what": "cosine of key and input", "number": f"{likeness:.4g}"},
            {"what": "k.x + b", "number": f"{match + bias:.4g}"},
            {"what": "answer m", "number": f"{answer:.4g}"},
            {"what": "value v", "number": first},
            {"what": "length of m v", "number": f"{abs(answer) * float(np.linalg.norm(value)):.4g}"},
        ]

    # -- what a person does --

    @action(
        "Choose a number", hidden=True, index=(int, param(0, lo=0, hi=10_000_000, doc="Its place: keys, biases, values, output biases."))
    )
    def choose(self, constants, state, index: int):
        """Take this number in hand: Weight is it from now on."""
        n, m, k = self.sizes
        state["chosen"][0] = index % (n * m + m + m * k + k)
        array, at = self._flat(state, int(state["chosen"][0]))
        return {"weight": float(np.clip(array[at], -5, 5))}

    @action("Choose a neuron", hidden=True, index=(int, param(0, lo=0, hi=10_000_000, doc="Its place in the drawing.")))
    def choose_node(self, constants, state, index: int):
        """Take the first weight of this key neuron in hand."""
        inputs, keys, _ = self._drawn(state, self._answers(constants, state)[1])
        if len(inputs) <= index < len(inputs) + len(keys):
            return self.choose(constants, state, int(keys[index - len(inputs)]) * self.sizes[0])
        return None

    @action(
        "Set a weight",
        hidden=True,
        wire=(int, param(0, lo=0, hi=1, doc="Which wires: those to the keys, or those from them.")),
        source=(int, param(0, lo=0, hi=10_000, doc="The unit where it begins, as drawn.")),
        target=(int, param(0, lo=0, hi=10_000, doc="The unit where it ends, as drawn.")),
        value=(float, param(0.0, lo=-5.0, hi=5.0, doc="Its weight from now on.")),
    )
    def set_weight(self, constants, state, wire: int, source: int, target: int, value: float):
        """Drag a wire: its weight is the number in hand."""
        n, m, k = self.sizes
        columns = self._drawn(state, self._answers(constants, state)[1])[wire : wire + 2]
        if source >= len(columns[0]) or target >= len(columns[1]):
            raise ModelError(
                f"{self._owner()}: there is no wire from {source} to {target}; {len(columns[0])} and {len(columns[1])} units are drawn."
            )
        there, here = int(columns[0][source]), int(columns[1][target])
        state["chosen"][0] = here * n + there if wire == 0 else n * m + m + there * k + here
        array, at = self._flat(state, int(state["chosen"][0]))
        array[at] = value
        return {"weight": value}

    @action("Measure it as a cell")
    def measure_cell(self, constants, state) -> None:
        """Let the chosen neuron fire on the bench, its weights as synapses and its inputs as cells, and count its spikes over two seconds."""
        bench: Any = catalog.load(BENCH)(**self.on_the_bench(constants, state))
        pre = float(self._answers(constants, state)[0][self._neuron(state)] + state["b"][self._neuron(state)])
        rate = float(bench.measured(SETTLE, MEASURE)[-1])
        state["measured"] = np.vstack([state["measured"], [[pre, rate]]])[-KEPT:]

    @action(
        "Save it for the bench",
        outside=True,
        file=(str, param("", kind="file", doc="File to write, .toml: an experiment that `lab run` and the window open.")),
    )
    def save_bench(self, constants, state, file: str) -> None:
        """Write the chosen neuron as an experiment of the bench."""
        rows = [f"{name} = {json.dumps(value)}" for name, value in self.on_the_bench(constants, state).items()]
        try:
            Path(file).write_text("\n".join([f'model = "{BENCH}"', "", "[parameters]", *rows]) + "\n", "utf-8")
        except OSError as error:
            raise FileError(f"{file} cannot be written: {error.strerror}. Choose another place.") from None

    @action("Silence the neuron")
    def silence(self, constants, state) -> None:
        """The chosen key neuron adds nothing any more, or again."""
        i = self._neuron(state)
        state["on"][i] = 1.0 - state["on"][i]

    @action("Let all speak")
    def let_all_speak(self, constants, state) -> None:
        """Nothing is silent."""
        state["on"][:] = 1.0

    @action("Lay the values anew")
    def again(self, constants, state) -> None:
        """Begin the sum again."""
        state["walked"][0] = 0

    # -- figures --

    @classmethod
    def figures(cls):
        def apart(example):
            def measure(run):
                found = [
                    run(cls(example=example, activation=a), steps=1, seed=s, record={}).summary["difference of the readings"]
                    for a in ACTIVATIONS
                    for s in (1, 2, 3)
                ]
                return max(found)

            return measure

        def leaves(norm):
            return lambda run: run(cls(example="3-8-2 at random", activation="gelu", norm=norm), steps=1, seed=1, record={}).summary[
                "off the plain change"
            ]

        def corners(run):
            return float(np.mean([run(cls(x1=a, x2=b, x3=c), steps=1, record={}).summary["keys that answer"] for a, b, c in CORNERS]))

        yield Figure(
            "3-8-2: readings by neurons and by vectors apart",
            1e-12,
            apart("3-8-2 at random"),
            bound="at_most",
            source="one sum in two orders",
        )
        yield Figure("64-256-64: the same", 1e-12, apart("64-256-64 at random"), bound="at_most", source="one sum in two orders")
        yield Figure(
            "a silent neuron takes m v with it, off by", 1e-12, leaves(False), bound="at_most", source="the sum is linear in its terms"
        )

        def bench(run):
            worst = 0.0
            for x in ((1.0, 1.0, -1.0), (1.5, -0.2, -1.0), (2.0, 2.0, -2.0), (1.0, 1.0, -0.2), (0.3, 0.2, -0.4)):
                simulation = run(cls(x1=x[0], x2=x[1], x3=x[2]), steps=1, record={}).simulation
                simulation.act("measure_cell")
                found = simulation.summary()
                worst = max(worst, abs(found["counted on the bench (Hz)"] - found["rate as a cell (Hz)"]))
            return worst

        yield Figure("as a cell: spikes counted on the bench against the rate of the mean input, worst of five inputs", 3.0, bench, bound="at_most", unit="Hz", source="1 / (t_ref + tau ln(I / (I - 1)))")  # fmt: skip
        yield Figure(
            "before a layer norm it does not, off by", 0.01, leaves(True), bound="at_least", source="the norm divides by all of them"
        )
        yield Figure(
            "keys that answer at a corner of the cube",
            1.0,
            corners,
            tolerance=0.0,
            source="k.x is 3 at its own corner, at most 1 at others",
        )
