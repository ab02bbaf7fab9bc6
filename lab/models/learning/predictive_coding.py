"""Predictive coding: learning with local rules alone, in lockstep with back-propagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.data import sets
from lab.errors import DivergenceError
from lab.kernels.threads import one_thread
from lab.model import MOST_STEPS, Bound, Clock, Figure, Layer, Model, Picture, Preset, Remedy, Stage, State, Stream, action, arrays, param
from lab.training import predictive as pc

CLAMPS = ("both ends: learn", "input: predict", "output: generate")
FORMS = ("strict", "fixed prediction", "Z-IL")
DATA = ("digits", "moons", "circles")
MOST = 500  # sweeps of a minibatch
RUNAWAY = 1e30  # an energy that no settling reaches
TILES = 10  # examples that are drawn
LOOKED_AT = 8  # examples on which the curve over precisions is measured
PRECISIONS = np.logspace(-3, 0, 7)
REST = (60, 0.15)  # sweeps and rate by which states come to rest for that curve


@dataclass(frozen=True)
class Constants:
    """The layout, the data as rows and wanted outputs, and the order of each epoch once it was drawn."""

    net: pc.Layout
    x: np.ndarray
    y: np.ndarray
    t: np.ndarray
    test_x: np.ndarray
    test_t: np.ndarray
    mean: np.ndarray
    picture: tuple[int, int] | None
    seed: int
    orders: dict[int, np.ndarray]


def folded(values: np.ndarray) -> np.ndarray:
    """A layer as a compact block of cells, at most ten high."""
    high = next((r for r in range(10, 2, -1) if len(values) % r == 0), len(values))
    return values.reshape(high, -1)


class PredictiveCoding(Model):
    r"""Every node predicts the next layer, an error node says how far off that is, and both settle. Then each weight learns from its own two ends.

    Back-propagation sends errors backwards through copies of the forward weights, in a phase of its own. Here is a network that
    does nothing of the kind: value nodes x and error nodes \(\varepsilon\) exchange only what their neighbours know, and a weight moves by the product of
    the activity before it and the error after it. With input and output held, the states settle, the energy F falls, and what is
    left in the error nodes is what the weights learn from. Beside it the same network learns by back-propagation from the same minibatches.

    **Try:**

    - slow it down and watch errors enter at the output and wander down, layer by layer, while the energy falls;
    - *fixed prediction* with a state rate of 1: after as many sweeps as there are hidden layers every weight's step equals that of
      back-propagation to the last digit. *Z-IL* reaches the same with predictions that do move, if each layer learns at the moment its
      error arrives. Move the rate off 1, and the equality is gone;
    - *strict*: all settle together, and the steps differ (their cosine is near 0.9). Lower the **precision of the output**: the states are pulled
      less far from the prediction, and the steps approach those of back-propagation. A smaller *target error* does not do that: in a
      linear network it scales every error alike, and the cosine stays where it is;
    - activation *linear*: the errors at rest are known in closed form, \((y - \hat y) S^{-1}\), drawn as ticks in the bars;
    - hold the **input** alone: the prediction already is the equilibrium, so begin at zero to see it settle. Hold the **output** alone: the input
      becomes free and turns into what the network expects of that class. It has learned to tell, not to draw, so expect a ghost;
    - *feedback of its own*: the weights W that carry errors back are drawn apart from M and learn by the same product. With a little decay they
      turn into the transposed ones without anybody copying them.

    The notes' error nodes follow their own equation; *at once* puts them where it is at rest. One rate for states and weights would not be stable: weights
    wait until the states have settled. Steps are given in units of the output's own error: otherwise its variance would be one more learning rate.
    """

    name = "predictive-coding"
    title = "Predictive coding"
    group = "Closer to the brain"
    icon = "mdi6.swap-vertical-bold"
    order = 90
    also = "local learning; error nodes; free energy; Z-IL; inference learning; biologically plausible back-propagation; Rao Ballard; weight transport"
    equations = (
        r"\mu_i = \sigma(x_{i-1}) M_{i-1} + \beta_i, \qquad \tau \dot{\varepsilon}_i = x_i - \mu_i - \nu_i \varepsilon_i",
        r"\tau \dot{x}_i = \sigma'(x_i) \odot (\varepsilon_{i+1} W_i) - \varepsilon_i",
        r"\gamma \dot{M}_i = \sigma(x_i)^T \varepsilon_{i+1}, \qquad \gamma \dot{W}_i = \varepsilon_{i+1}^T \sigma(x_i)",
        r"F = \frac{1}{2} \sum_i \nu_i |\varepsilon_i|^2, \qquad \nabla_{x_i} F = \varepsilon_i - \sigma'(x_i) \odot (\varepsilon_{i+1} M_i^T)",
        r"\varepsilon_n = (y - \hat{y})\, S^{-1}, \quad S = \nu_n I + \sum_l \nu_l J_l^T J_l \quad \mathrm{(linear)}",
    )
    source = (
        "Rao and Ballard, Nature Neuroscience 2:79 (1999); Whittington and Bogacz, Neural Computation 29:1229 (2017); "
        "Song, Lukasiewicz, Xu and Bogacz (Z-IL), NeurIPS 33 (2020); Millidge, Tschantz and Buckley (fixed prediction), Neural Computation 34:1329 (2022); "
        "Kolen and Pollack (two sets of weights become transposes), IEEE ICNN 3:1375 (1994)"
    )
    presets = {
        "Strict: everything settles": Preset({}, shows="test accuracy > 0.85 and back-propagation > test accuracy and cosine < 0.98 and largest rise of the energy < 0.000001", slow=True),
        "Fixed prediction: the same as back-propagation": Preset(
            {"form": "fixed prediction", "rate": 1.0, "sweeps": 3}, shows="difference < 0.000000000001 and weights apart < 0.0000001", after=900.0
        ),
        "Z-IL: the same, and predictions move": Preset({"form": "Z-IL", "rate": 1.0}, shows="difference < 0.000000000001", after=300.0),
        "Z-IL at half the rate: no longer the same": Preset({"form": "Z-IL", "rate": 0.5}, shows="difference > 0.1", after=300.0),
        "A quiet output: strict comes close": Preset({"precision_out": 0.01, "sweeps": 60}, shows="cosine > 0.98", after=600.0),
        "A small target error: strict stays apart": Preset({"part": 0.01, "sweeps": 60}, shows="cosine < 0.98", after=600.0),
        "Linear: the errors in closed form": Preset({"activation": "linear", "sweeps": 200, "learning": 0.02}, shows="closed form < 0.01", after=1000.0),
        "Hold the input: it predicts": Preset({"clamp": CLAMPS[1], "begin": "zero", "sweeps": 200, "watch": True}, shows="energy < 0.001", after=199.0),
        "Feedback of its own": Preset({"feedback": "its own", "decay": 0.02}, shows="alignment > 0.95 and test accuracy > 0.8", slow=True),
        "Error nodes that follow": Preset({"errors": "follow"}, shows="test accuracy > 0.85", slow=True),
        "Watch it settle": Preset({"watch": True}, shows="energy < 0.5 max(energy F) and largest rise of the energy < 0.000001", after=29.0),
    }  # fmt: skip

    data: str = param("digits", choices=DATA, live=False, group="Data", doc="What is learned: 8 x 8 digits, or two classes in the plane.")
    hidden: str = param("32-32-32", live=False, group="Network", doc="Units of the hidden layers, first to last, joined by '-'.")
    activation: str = param("tanh", choices=pc.ACTIVATIONS, live=False, main=True, group="Network", doc="Activation sigma of every layer but the output.")  # fmt: skip
    clamp: str = param(CLAMPS[0], choices=CLAMPS, main=True, group="Settling", label="What is held", doc="Both ends held: weights learn. One end held: nothing is learned.")  # fmt: skip
    form: str = param("strict", choices=FORMS, main=True, group="Settling", label="Predictions",
                      doc="Strict: they follow the states. Fixed: they stay where they were. Z-IL: a layer learns when its error arrives.")  # fmt: skip
    errors: str = param("at once", choices=("at once", "follow"), group="Settling", label="Error nodes",
                        doc="At once: where their equation is at rest. Follow: they move as slowly as the values.")  # fmt: skip
    begin: str = param("the prediction", choices=("the prediction", "zero"), group="Settling", label="States begin at", doc="Where free states start.")  # fmt: skip
    rate: float = param(0.2, lo=0.0, hi=2.0, main=True, group="Settling", label="State rate", doc="Step over time constant of states and error nodes.",
                        soft=(0.0, 1.0), symbol=r"dt/\tau", marks={"exact": 1.0})  # fmt: skip
    sweeps: int = param(30, lo=1, hi=MOST, group="Settling", doc="Steps of the states for each minibatch (Z-IL: one less than there are layers of weights).", soft=(1, 100))  # fmt: skip
    precision_out: float = param(1.0, lo=1e-4, hi=1e2, log=True, main=True, group="Settling", label="Precision of the output",
                                 doc="One over the variance of the output's error node.", symbol=r"1/\nu_n", soft=(1e-4, 10.0))  # fmt: skip
    precision: float = param(1.0, lo=1e-2, hi=1e2, log=True, group="Settling", label="Precision inside", doc="One over the variance of all other error nodes.",
                             symbol=r"1/\nu_i", soft=(0.1, 10.0))  # fmt: skip
    part: float = param(1.0, lo=1e-4, hi=1.0, log=True, group="Settling", label="Target error", doc="The output is held at this part of the way from prediction to target.")  # fmt: skip
    prior: float = param(0.05, lo=0.0, hi=1.0, group="Settling", label="Prior of the input", when=("clamp", CLAMPS[2]),
                         doc="Precision with which a free input is held to the mean of the data.", soft=(0.0, 0.5))  # fmt: skip
    feedback: str = param("transposed", choices=("transposed", "its own"), live=False, group="Learning",
        doc="Weights that carry errors back: those of the predictions, or W with a rule of its own.")  # fmt: skip
    learning: float = param(0.1, lo=0.0, hi=2.0, main=True, group="Learning", label="Learning rate", doc="Rate of the weights, of both networks.", soft=(0.0, 0.5),
        symbol=r"\eta")  # fmt: skip
    decay: float = param(0.0, lo=0.0, hi=1.0, group="Learning", label="Weight decay", doc="Decay of M and W (and of the network beside).", soft=(0.0, 0.1))  # fmt: skip
    batch: int = param(16, "examples", lo=1, hi=512, log=True, live=False, group="Learning", doc="Examples that settle together.")
    epochs: int = param(20, "epochs", lo=1, hi=10_000, log=True, group="Learning", doc="How long learning lasts.")
    beside: bool = param(True, group="Learning", label="Back-propagation beside", doc="The same network learns from the same minibatches by back-propagation.")  # fmt: skip
    example: int = param(0, lo=0, hi=511, group="Shown", doc="Which example of the minibatch is drawn.", soft=(0, 31))
    layer: int = param(1, lo=1, hi=17, group="Shown", label="Layer of the synapses", doc="Layer of weights whose synapses are drawn, from 1.", soft=(1, 4))  # fmt: skip
    watch: bool = param(False, group="Shown", label="Slowly", doc="Begin at four sweeps a second.")

    def check(self) -> None:
        """Refuse what is no list of layer sizes."""
        parts = [w.strip() for w in self.hidden.replace(",", "-").split("-")]
        if not all(w.isdigit() and 1 <= int(w) <= 1024 for w in parts) or len(parts) > 16:
            raise self.refuse("hidden", "must be one to sixteen numbers of units from 1 to 1024 joined by '-', such as 32-32")

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of the hidden layers."""
        return tuple(int(w) for w in self.hidden.replace(",", "-").split("-"))

    @property
    def turns(self) -> int:
        """Sweeps of a minibatch."""
        return len(self.widths) if self.form == "Z-IL" and self.clamp == CLAMPS[0] else self.sweeps

    @property
    def clock(self) -> Clock:
        """One step moves all states once."""
        return Clock(1.0, "sweep", physical=False, name="sweep")

    @property
    def speed(self) -> float | None:
        """The whole run in about half a minute, or slowly enough to see each sweep."""
        return 4.0 if self.watch else self.default_steps / 30.0

    @property
    def default_steps(self) -> int:
        """All epochs."""
        return self.epochs * max(1, self.rows // self.batch) * self.turns

    @property
    def rows(self) -> int:
        """Training examples."""
        return 1437 if self.data == "digits" else 800

    # -- set up --

    def build(self, seed: int) -> Constants:
        """The data, split, and the places of the nodes."""
        found = sets.load(self.data, n=1000, noise=0.1, seed=0).split(0.2, 0)
        (x, t), (test_x, test_t) = found.part("train"), found.part("test")
        if self.batch > len(x):
            raise self.refuse("batch", f"must be at most the {len(x)} training examples")
        y = np.eye(len(found.classes))[t]
        net = pc.layout((x.shape[1], *self.widths, y.shape[1]))
        x, y, test_x = (np.ascontiguousarray(a, float) for a in (x, y, test_x))
        return Constants(net, x, y, t, test_x, test_t, x.mean(0), found.picture, seed, {})

    def start(self, constants: Constants, seed: int):
        """First weights of both networks; nothing has settled."""
        weights = pc.first_weights(constants.net, np.random.default_rng([abs(int(seed)), 0x7063]), self.feedback == "transposed")
        nodes = pc.empty(constants.net, self.batch)
        layers = len(constants.net.sizes)
        return {
            **weights._asdict(), **nodes._asdict(),
            "twin_M": weights.M.copy(), "twin_b": weights.b.copy(),
            "step_M": np.zeros_like(weights.M), "step_b": np.zeros_like(weights.b),
            "counters": np.zeros(3, np.int64),  # epoch, minibatch, sweep (0: the next minibatch is to be begun)
            "trace": np.zeros((MOST + 1, layers)),  # energies of the minibatch that settles, or has settled last
            "swept": np.zeros(1, np.int64),
            "figures": np.zeros(6),  # difference, cosine, accuracy, that of the twin, largest rise of the energy, whether any of it is known
        }  # fmt: skip

    def state_bounds(self, constants: Constants, state: State, step: int) -> dict[str, Bound]:
        """Where in the examples it is (where one end is held they go round), and how far the minibatch has settled."""
        return {"counters": Bound(0, (MOST_STEPS, MOST_STEPS, MOST)), "swept": Bound(0, MOST)}

    def how(self, constants: Constants, **other: Any) -> pc.How:
        """The numbers of the settling as they are now; `other` ones in their place."""
        nu = np.full(len(constants.net.sizes), 1.0 / other.get("precision", self.precision))
        nu[-1] = 1.0 / other.get("precision_out", self.precision_out)
        return pc.How(
            other.get("batch", self.batch), pc.ACTIVATIONS.index(self.activation), CLAMPS.index(other.get("clamp", self.clamp)), FORMS.index(self.form),
            self.feedback == "transposed", self.errors == "follow", float(other.get("rate", self.rate)), nu, float(self.prior), constants.mean,
        )  # fmt: skip

    def minibatch(self, constants: Constants, state, clamp: str) -> tuple[np.ndarray, np.ndarray]:
        """(what the input is held at or starts from, what the output is held at) of the present minibatch."""
        epoch, place = (max(0, int(v)) for v in state["counters"][:2])
        if clamp == CLAMPS[2]:
            classes = np.eye(constants.y.shape[1])
            return np.tile(constants.mean, (self.batch, 1)), classes[np.arange(self.batch) % len(classes)]
        if clamp == CLAMPS[1]:
            at = (np.arange(self.batch) + place * self.batch) % len(constants.test_x)
            return constants.test_x[at], np.eye(constants.y.shape[1])[constants.test_t[at]]
        if epoch not in constants.orders:
            constants.orders.clear()
            constants.orders[epoch] = np.random.default_rng([abs(int(constants.seed)), epoch, 0x7063]).permutation(len(constants.x))
        place %= len(constants.x) // self.batch
        at = constants.orders[epoch][place * self.batch : (place + 1) * self.batch]
        return constants.x[at], constants.y[at]

    # -- settle and learn --

    def advance(self, constants: Constants, state, n: int, out) -> int:
        """Settle, and learn where a minibatch has settled."""
        with one_thread, np.errstate(over="ignore", invalid="ignore"):
            return self._advance(constants, state, n, out)

    def _advance(self, constants: Constants, state, n: int, out) -> int:
        net, how, counters = constants.net, self.how(constants), state["counters"]
        weights, nodes = arrays(pc.Weights, state), arrays(pc.Nodes, state)
        step = pc.Weights(state["step_M"], state["step_b"], state["W"])
        done = 0
        while done < n and not self.finished(constants, state):
            if any(len(e.steps) - e.count[0] <= len(net.sizes) + 4 for e in out.events.values()):
                break
            sweep = min(max(0, int(counters[2])), self.turns - 1)
            if sweep == 0:
                given, wanted = self.minibatch(constants, state, self.clamp)
                pc.begin(net, weights, nodes, how, given, wanted, self.part, self.begin == "zero", state["trace"][0], step)
            k = min(n - done, self.turns - sweep)
            rows = state["trace"][sweep + 1 : sweep + 1 + k]
            pc.settle(net, weights, nodes, how, step, rows, sweep, k)
            low = rows[:, 0] < RUNAWAY  # also false for what is not a number
            if not low.all() or not np.isfinite(nodes.x).all():
                bad = int(np.argmin(low))
                raise DivergenceError(
                    f"{self._owner()}: the energy ran away (above {RUNAWAY:g}) at sweep {sweep + bad + 1} of a minibatch, most likely because the state rate "
                    f"{self.rate:g} is too large for these precisions or the learning rate {self.learning:g} too large: {self.remedy('energy')}.",
                    model=self._owner(), stream="energy", step=done + bad, remedy=self.remedy("energy"),
                )  # fmt: skip
            if out.wanted("energy"):
                out["energy"][done : done + k] = rows
            rise = float(np.diff(state["trace"][sweep : sweep + 1 + k, 0]).max(initial=0.0))
            state["figures"][4] = max(state["figures"][4], rise)
            state["swept"][0] = sweep + k
            counters[2] = sweep + k
            done += k
            if sweep + k >= self.turns:
                self._end(constants, state, weights, nodes, step, how, out, done - 1)
        return done

    def _end(self, constants, state, weights, nodes, step, how, out, at) -> None:
        """A minibatch has settled: both networks learn from it, and it is measured how far their steps are apart."""
        net, counters, figures = constants.net, state["counters"], state["figures"]
        counters[1:] = counters[1] + 1, 0
        if how.clamp != pc.TRAIN:
            return
        if how.form != pc.ZERO:
            pc.steps_of(net, nodes, how, step, 0)
        if self.beside:
            counters[1] -= 1
            given, wanted = self.minibatch(constants, state, self.clamp)
            counters[1] += 1
            room, back = pc.empty(net, self.batch), pc.Weights(np.empty_like(weights.M), np.empty_like(weights.b), weights.W)
            pc.back_propagate(net, weights.M, weights.b, how.activation, room, given, wanted, back)
            figures[:2] = pc.apart(step.M / self.part, back.M)
            twin = pc.Weights(state["twin_M"], state["twin_b"], weights.W)
            pc.back_propagate(net, twin.M, twin.b, how.activation, room, given, wanted, back)
            pc.learn(net, twin, back, self.learning, self.decay, True)
            for name, value in (("difference", figures[0]), ("cosine", figures[1]), ("weights apart", np.abs(weights.M - twin.M).max())):
                out.events[name].append(at, 0, float(max(value, 1e-18) if name != "cosine" else value))
        pc.learn(net, weights, step, self.learning / self.part, self.decay, how.tied)
        if not np.isfinite(weights.M).all() or not np.isfinite(state["twin_M"]).all():
            raise DivergenceError(
                f"{self._owner()}: the weights became infinite or not a number in epoch {int(counters[0]) + 1}, because the learning rate {self.learning:g} is too "
                f"large: {self.remedy('weights')}.", model=self._owner(), stream="weights", step=at, remedy=self.remedy("weights"),
            )  # fmt: skip
        if counters[1] >= len(constants.x) // self.batch:
            counters[:2] = counters[0] + 1, 0
            figures[2] = self.accuracy(constants, weights.M, weights.b)
            figures[3] = self.accuracy(constants, state["twin_M"], state["twin_b"]) if self.beside else 0.0
            figures[5] = 1.0
            for channel in range(2 if self.beside else 1):
                out.events["accuracy"].append(at, channel, float(figures[2 + channel]))
            if not how.tied:
                for k, value in enumerate(self.alignment(constants, state)):
                    out.events["alignment"].append(at, k, float(value))

    def accuracy(self, constants: Constants, M: np.ndarray, b: np.ndarray) -> float:
        """Part of the test examples whose largest output is the right one, at the prediction, which is the equilibrium of a held input."""
        room = pc.empty(constants.net, len(constants.test_x))
        room.x[: constants.test_x.size] = constants.test_x.ravel()
        pc.forward(constants.net, M, b, pc.ACTIVATIONS.index(self.activation), room, len(constants.test_x))
        return float((pc.layers(constants.net, room.mu, len(constants.test_x))[-1].argmax(1) == constants.test_t).mean())

    def alignment(self, constants: Constants, state) -> list[float]:
        """Cosine of W with the transposed M, layer by layer (of those that errors pass)."""
        pairs = zip(pc.matrices(constants.net, state["M"]), pc.matrices(constants.net, state["W"], turned=True), strict=True)
        return [float((M.T * W).sum() / max(np.sqrt((M**2).sum() * (W**2).sum()), 1e-300)) for M, W in pairs]

    def finished(self, constants, state) -> str | None:
        """All epochs are over."""
        return "all epochs are over" if self.clamp == CLAMPS[0] and state["counters"][0] >= self.epochs else None

    def changed_live(self, before, constants, state) -> None:
        """What is held or how it settles has changed: the minibatch begins again."""
        if any(getattr(self, n) != getattr(before, n) for n in ("clamp", "form", "errors", "begin", "part", "sweeps")):
            state["counters"][2] = 0
            state["figures"][4] = 0.0
            if self.clamp != before.clamp:
                state["counters"][1] %= max(1, len(constants.x) // self.batch)

    def remedy(self, stream: str) -> str:
        """What to try when states or weights ran away."""
        return f"lower the state rate to {self.rate / 4:g} or the learning rate to {self.learning / 4:g}"

    def remedies(self, stream: str) -> tuple[Remedy, ...]:
        """Smaller steps."""
        return (Remedy("A quarter of both rates", {"rate": self.rate / 4, "learning": self.learning / 4}),)

    @action("Settle again", shortcut="S")
    def again(self, constants, state) -> None:
        """The present minibatch begins again; weights stay."""
        state["counters"][2] = 0

    @action("Other examples")
    def other(self, constants, state) -> None:
        """The next minibatch, without learning from this one."""
        state["counters"][1] = (state["counters"][1] + 1) % max(1, len(constants.x) // self.batch)
        state["counters"][2] = 0

    # -- readings: settled again on copies --

    def settled(self, constants: Constants, state, rows: int, **other: Any):
        """(nodes, step, energies (sweeps + 1, layers + 1)) of the first rows of the present training minibatch, settled from the beginning."""
        given, wanted = (a[:rows] for a in self.minibatch(constants, state, CLAMPS[0]))
        how = self.how(constants, batch=rows, clamp=CLAMPS[0], **other)
        turns = len(self.widths) if self.form == "Z-IL" else other.get("sweeps", self.sweeps)
        nodes, energies = pc.empty(constants.net, rows), np.zeros((turns + 1, len(constants.net.sizes)))
        weights = pc.Weights(state["M"], state["b"], state["W"])
        step = pc.Weights(np.zeros_like(weights.M), np.zeros_like(weights.b), weights.W)
        pc.begin(constants.net, weights, nodes, how, given, wanted, other.get("part", self.part), self.begin == "zero", energies[0], step)
        pc.settle(constants.net, weights, nodes, how, step, energies[1:], 0, turns)
        if self.form != "Z-IL":
            pc.steps_of(constants.net, nodes, how, step, 0)
        return nodes, step, energies

    def both_steps(self, constants: Constants, state) -> tuple[np.ndarray, np.ndarray]:
        """Steps of all weights (predictive coding, back-propagation) on the present training minibatch, at the same weights."""
        _, step, _ = self.settled(constants, state, self.batch)
        return step.M / self.part, self.back(constants, state, self.batch)

    def back(self, constants: Constants, state, rows: int) -> np.ndarray:
        """Back-propagation's step on the first rows of the present training minibatch."""
        given, wanted = (a[:rows] for a in self.minibatch(constants, state, CLAMPS[0]))
        step = pc.Weights(np.zeros_like(state["M"]), np.zeros_like(state["b"]), state["W"])
        pc.back_propagate(
            constants.net, state["M"], state["b"], pc.ACTIVATIONS.index(self.activation), pc.empty(constants.net, rows), given, wanted, step
        )
        return step.M

    def agreement(self, constants: Constants, state) -> np.ndarray:
        """(1 + layers of weights, sweeps + 1): after each sweep the largest difference of a layer's steps over the largest step."""
        net = constants.net
        given, wanted = self.minibatch(constants, state, CLAMPS[0])
        how, turns = self.how(constants, clamp=CLAMPS[0]), len(self.widths) if self.form == "Z-IL" else min(self.sweeps, 100)
        nodes, energy = pc.empty(net, self.batch), np.zeros((1, len(net.sizes)))
        weights = pc.Weights(state["M"], state["b"], state["W"])
        step = pc.Weights(np.zeros_like(weights.M), np.zeros_like(weights.b), weights.W)
        back = self.back(constants, state, self.batch)
        found = np.zeros((len(net.sizes), turns + 1))
        found[0] = np.arange(turns + 1)
        for k in range(turns + 1):
            if k == 0:
                pc.begin(net, weights, nodes, how, given, wanted, self.part, self.begin == "zero", energy[0], step)
            else:
                pc.settle(net, weights, nodes, how, step, energy, k - 1, 1)
            if self.form != "Z-IL":
                pc.steps_of(net, nodes, how, step, 0)
            for l, (a, b) in enumerate(zip(pc.matrices(net, step.M), pc.matrices(net, back), strict=True)):
                found[1 + l, k] = max(1e-17, pc.apart((a / self.part).ravel(), b.ravel())[0])
        return found

    def against_precision(self, constants: Constants, state) -> np.ndarray:
        """(3, n): precision of the output; cosine of both steps at rest with it; and with a target error of that part instead."""
        back = self.back(constants, state, min(LOOKED_AT, self.batch))
        return np.array(
            [PRECISIONS, *([self.cosine(constants, state, back, **{name: p}) for p in PRECISIONS] for name in ("precision_out", "part"))]
        )

    def cosine(self, constants: Constants, state, back: np.ndarray, **other: float) -> float:
        """Cosine of both steps on the first examples, once the states have come to rest."""
        sweeps, rate = (REST[0], min(REST[1], self.rate)) if self.form == "strict" else (self.sweeps, self.rate)
        return float(pc.apart(self.settled(constants, state, min(LOOKED_AT, self.batch), sweeps=sweeps, rate=rate, **other)[1].M, back)[1])

    def rest(self, constants: Constants, state, example: int, **other: Any) -> tuple[np.ndarray, np.ndarray]:
        """Error nodes of the output for an example of the training minibatch: (settled, in closed form)."""
        net, rows = constants.net, self.batch
        nodes, _, _ = self.settled(constants, state, rows, **other)
        given, wanted = self.minibatch(constants, state, CLAMPS[0])
        plain = pc.empty(net, rows)
        plain.x[: given.size] = given.ravel()
        pc.forward(net, state["M"], state["b"], pc.ACTIVATIONS.index(self.activation), plain, rows)
        slopes = [layer[example] for layer in pc.layers(net, plain.d, rows)]
        error = self.part * (wanted[example] - pc.layers(net, plain.mu, rows)[-1][example])
        return pc.layers(net, nodes.eps, rows)[-1][example].copy(), pc.closed_form(net, state["M"], slopes, self.how(constants).nu, error)

    def _shown(self) -> int:
        return min(self.example, self.batch - 1)

    def _names(self) -> tuple[str, ...]:
        return ("input", *(f"hidden {k + 1}" for k in range(len(self.widths))), "output")

    # -- what can be looked at --

    @property
    def streams(self):
        """Energies of each sweep, what each minibatch taught, and readings of what settles."""
        names = self._names()
        tapes = tuple(f"to {n}" for n in names[1:])
        found = [
            Stream("energy", "trace", "", "Energy F of the minibatch after each sweep: its sum, and the part of each layer.", (len(names),), ("F", *names[1:]), every=1),
            Stream("difference", "trace", "", "Largest difference of a weight's step from back-propagation's, over the largest step.", (1,), ("difference",), events=True),
            Stream("cosine", "trace", "", "Cosine of both steps.", (1,), ("cosine",), events=True),
            Stream("weights apart", "trace", "", "Largest difference of the weights of both networks.", (1,), ("weights",), events=True),
            Stream("accuracy", "trace", "", "Accuracy on the test part after each epoch.", (2,), ("predictive coding", "back-propagation"), events=True),
            Stream("nodes", "matrices", "", "Value nodes, predictions and error nodes of one example."),
            Stream("settling", "curve", "", "Energy over the sweeps of this minibatch.", channels=("F", *names[1:]), x_unit=""),
            Stream("agreement", "curve", "", "Difference from back-propagation's step after each sweep, layer by layer.", channels=tapes),
            Stream("against precision", "curve", "", "Cosine of both steps against the precision of the output, and against the target error.",
                   channels=("precision of the output", "target error")),
            Stream("now", "curve", "", "The precision that is set."),
            Stream("synapses", "image", "", "Step of each synapse of a layer: predictive coding, back-propagation."),
            Stream("digits apart", "image", "", "Decimal logarithm of the difference of both steps, over the largest step, synapse by synapse."),
            Stream("steps", "cloud", "", "Step of each synapse by back-propagation (x) and by predictive coding (y).", channels=("x", "y", "layer")),
            Stream("diagonal", "curve", "", "Where both are equal."),
            Stream("output error", "bars", "", "Error nodes of the output at rest."),
            Stream("closed form", "bars", "", "The same in closed form: exact in a linear network, its tangent in a curved one."),
        ]  # fmt: skip
        if self.data == "digits":
            found += [
                Stream("inputs", "image", "", "Input nodes of the first examples."),
                Stream("readings", "table", "", "What each is held at and read as."),
            ]
        if self.feedback == "its own":
            found.append(
                Stream("alignment", "trace", "", "Cosine of W with the transposed M after each epoch.", (len(tapes),), tapes, events=True)
            )
        return tuple(found)

    @property
    def pictures(self):
        """Nodes in front, the energy and both kinds of step beside them."""
        names = self._names()
        energy = tuple(Layer("settling", channel=k, label=n, series=(k,)) for k, n in enumerate(("F", *names[1:5])))
        found = [
            Picture("nodes", "Value and error nodes", (Layer("nodes"),), front=True, weight=2.0, doc="Above what each node is, in the middle what is predicted of it, below the error."),
            Picture("settling", "Energy", energy, x="sweep", y="F", front=True, doc="Of the minibatch that settles now."),
            Picture("steps", "Every synapse", (Layer("steps"), Layer("diagonal", theory=True, label="equal")), x="back-propagation", y="predictive coding", front=True,
                    labels=tuple(f"to {n}" for n in names[1:])),
            Picture("agreement", "Off back-propagation", (Layer("agreement"),), x="sweep", y="difference", y_log=True, y_range=(1e-17, 10.0), front=True,
                    doc="Largest difference of a step over the largest step of its layer: 1e-16 is the last digit."),
            Picture("precision", "What the precision does", (Layer("against precision", channel=0, label="precision", series=(0,)),
                    Layer("against precision", channel=1, label="target error", series=(1,), style="dashed"), Layer("now", style="rings", series=(0,), label="now")),
                    x="precision, or part of the error", y="cosine of both steps", x_log=True, y_range=(0.0, 1.02), front=True),
            Picture("accuracy", "Test accuracy", (Layer("accuracy"),), y="accuracy", figures=("test accuracy", "back-propagation")),
            Picture("energy", "Energy of every sweep", (Layer("energy", channel=0, label="F"),), y="F"),
            Picture("over time", "Both steps, minibatch by minibatch", (Layer("difference", label="difference"), Layer("weights apart", label="weights")), y="difference", y_log=True,
                    figures=("difference", "weights apart")),
            Picture("cosine", "Cosine of both steps", (Layer("cosine"),), y="cosine"),
            Picture("synapses", "Steps of a layer", (Layer("synapses"),), colours="diverging", labels=("predictive coding", "back-propagation")),
            Picture("digits apart", "How many digits agree", (Layer("digits apart"),), levels=(-16.0, 0.0), x="unit that reads", y="unit that is read",
                    doc="Decimal logarithm of the difference over the largest step: −16 is the last digit of a number."),
            Picture("output error", "Errors of the output at rest", (Layer("output error"), Layer("closed form", theory=True, label="closed form")), x="output", y="error",
                    figures=("closed form",)),
        ]  # fmt: skip
        if self.data == "digits":
            found.insert(
                1,
                Picture(
                    "inputs",
                    "Input nodes",
                    (Layer("inputs"), Layer("readings")),
                    colours="grey",
                    pick="choose",
                    front=self.clamp == CLAMPS[2],
                ),
            )
        if self.feedback == "its own":
            found.append(Picture("alignment", "W becomes the transposed M", (Layer("alignment"),), y="cosine", front=True))
        return tuple(found)

    @property
    def stage(self):
        """Nodes large; beside them the energy and what both ways of learning say; below, the curves over time."""
        beside = ("inputs", "settling") if self.clamp == CLAMPS[2] and self.data == "digits" else ("settling", "agreement")
        below = ("alignment", "accuracy") if self.feedback == "its own" else ("precision", "steps", "accuracy")
        nodes = ("output error", *(() if "inputs" in beside or self.data != "digits" else ("inputs",)))
        return Stage(
            "nodes",
            companions=beside,
            below=below,
            drawers=(("Synapses", ("digits apart", "synapses")), ("Over time", ("over time", "cosine", "energy")), ("Nodes", nodes)),
        )

    def observe(self, constants, state, stream):
        """Nodes as they stand; everything else settled again on copies."""
        with one_thread, np.errstate(over="ignore", invalid="ignore"):
            return self._look(constants, state, stream)

    def _look(self, constants, state, stream):
        net, at = constants.net, self._shown()
        if stream == "nodes":
            return self._nodes(constants, state, at)
        if stream == "settling":
            swept = min(max(0, int(state["swept"][0])), MOST)
            return np.vstack([np.arange(swept + 1), state["trace"][: swept + 1].T])
        if stream == "agreement":
            return self.agreement(constants, state)
        if stream == "against precision":
            return self.against_precision(constants, state)
        if stream == "now":
            return np.array(
                [[self.precision_out], [self.cosine(constants, state, self.back(constants, state, min(LOOKED_AT, self.batch)))]]
            )
        if stream in ("synapses", "digits apart", "steps", "diagonal"):
            return self._steps(constants, state, stream)
        if stream in ("output error", "closed form"):
            return self.rest(constants, state, at)[stream == "closed form"]
        if stream == "inputs":
            return pc.layers(net, state["x"], self.batch)[0][:TILES].reshape(-1, *constants.picture).copy()
        if stream == "readings":
            return self._readings(constants, state)
        return super().observe(constants, state, stream)

    def _readings(self, constants, state):
        x, f = (pc.layers(constants.net, state[n], self.batch) for n in ("x", "mu"))
        rows = zip(x[-1][:TILES].argmax(1), f[-1][:TILES].argmax(1), strict=True)
        return [{"digit": f"{held}, read as {read}" if self.clamp != CLAMPS[1] else f"read as {held}"} for held, read in rows]

    def _nodes(self, constants, state, at):
        # Copies: what is shown must not move on with the state.
        x, mu, eps = (pc.layers(constants.net, state[n].copy(), self.batch) for n in ("x", "mu", "eps"))
        found: list[dict[str, Any]] = [{"name": "", "values": None, "note": self.phase(state)}]
        for k, name in enumerate(self._names()):

            def shaped(v, k=k):
                return v.reshape(constants.picture) if k == 0 and constants.picture else folded(v)

            held = (k == 0 and self.clamp != CLAMPS[2]) or (k == len(x) - 1 and self.clamp != CLAMPS[1])
            found.append(
                {
                    "name": f"x  {name}",
                    "at": (0, k),
                    "values": shaped(x[k][at]),
                    "lit": held,
                    "note": f"value nodes of the {name} layer" + (", held" if held else ""),
                }
            )
            if k:
                found.append(
                    {"name": "μ", "at": (1, k), "values": shaped(mu[k][at]), "note": f"what the layer below predicts of the {name} layer"}
                )
            if k or self.clamp == CLAMPS[2]:
                found.append({"name": "ε", "at": (2, k), "values": shaped(eps[k][at]), "note": f"error nodes of the {name} layer"})
        return found  # fmt: skip

    def phase(self, state) -> str:
        """Where the settling stands, in words."""
        swept = int(state["swept"][0])
        doing = {CLAMPS[0]: "Both ends are held", CLAMPS[1]: "The input is held", CLAMPS[2]: "The output is held"}[self.clamp]
        return f"{doing}.  Sweep {swept} of {self.turns}, energy {state['trace'][min(max(0, swept), MOST), 0]:.3g}"

    def _steps(self, constants, state, stream):
        own, back = self.both_steps(constants, state)
        layer = min(self.layer, len(constants.net.sizes) - 1) - 1
        a, b = (pc.matrices(constants.net, flat)[layer] for flat in (own, back))
        most = max(float(np.abs(back).max()), 1e-300)
        if stream == "synapses":
            return np.stack([a, b])
        if stream == "digits apart":
            return np.clip(np.log10(np.maximum(np.abs(a - b) / max(float(np.abs(b).max()), 1e-300), 1e-17)), -17.0, 2.0)
        if stream == "diagonal":
            return np.array([[-most, most], [-most, most]])
        layers = np.repeat(np.arange(len(constants.net.sizes) - 1), np.diff(constants.net.weights))
        shown = np.linspace(0, len(own) - 1, min(len(own), 3000)).astype(int)
        return np.column_stack([back, own, layers])[shown]

    def summary(self, constants, state):
        """Energy, how far both steps are apart, accuracies."""
        figures = state["figures"]
        found: dict[str, float] = {}
        swept = min(max(0, int(state["swept"][0])), MOST)
        found["epoch"] = int(state["counters"][0])
        found["energy"] = float(state["trace"][swept, 0])
        found["largest rise of the energy"] = float(figures[4])
        if self.beside:
            found |= {
                "difference": float(figures[0]),
                "cosine": float(figures[1]),
                "weights apart": float(np.abs(state["M"] - state["twin_M"]).max()),
            }
        if figures[5]:
            found["test accuracy"] = float(figures[2])
            if self.beside:
                found["back-propagation"] = float(figures[3])
        if self.feedback == "its own":
            found["alignment"] = float(np.mean(self.alignment(constants, state)[1:]))
        if self.activation == "linear" and self.clamp == CLAMPS[0]:
            own, known = self.rest(constants, state, self._shown())
            found["closed form"] = float(np.abs(own - known).max() / max(float(np.abs(known).max()), 1e-300))
        return found

    @classmethod
    def figures(cls):
        """Against back-propagation, closed forms and the definition of the energy, on three seeds; and digits."""
        small = {"data": "moons", "batch": 16}

        def worst(read, steps, seeds=3, **values):
            """The largest of a figure of the summary."""
            return lambda run: max(float(run(cls(**values), steps=steps, seed=seed, record={}).summary[read]) for seed in range(seeds))

        def middle(read, steps, **values):
            return lambda run: float(
                np.median(
                    [
                        run(cls(**values), steps=steps or cls(**values).default_steps, seed=seed, record={}).summary[read]
                        for seed in range(3)
                    ]
                )
            )

        def settled(run):
            """Largest difference of a settled output from the forward pass, states having begun at zero."""
            s = run(cls(clamp=CLAMPS[1], begin="zero", rate=0.1), steps=1, seed=1, record={}).simulation
            net, how, batch = s.constants.net, s.model.how(s.constants), s.model.batch
            weights, nodes = arrays(pc.Weights, s.state), arrays(pc.Nodes, s.state)
            pc.settle(net, weights, nodes, how, weights, np.zeros((5000, len(net.sizes))), 0, 5000)
            plain = pc.empty(net, batch)
            plain.x[: batch * net.sizes[0]] = nodes.x[: batch * net.sizes[0]]
            pc.forward(net, weights.M, weights.b, how.activation, plain, batch)
            return float(np.abs(pc.layers(net, nodes.x, batch)[-1] - pc.layers(net, plain.mu, batch)[-1]).max())

        def closed(run):
            found = []
            for seed in range(3):
                s = run(cls(activation="linear"), steps=0, seed=seed, record={}).simulation
                own, known = s.model.rest(s.constants, s.state, 0, sweeps=5000)
                found.append(float(np.abs(own - known).max() / np.abs(known).max()))
            return max(found)

        def drawn(run):
            """Classes that the network reads out of what it makes of them, of ten."""
            found = []
            for seed in range(3):
                s = run(cls(form="fixed prediction", rate=1.0, sweeps=3, epochs=10), steps=10 * 89 * 3, seed=seed, record={}).simulation
                s.change(clamp=CLAMPS[2], rate=0.1, sweeps=300)
                s.advance(300)
                said, wanted = (pc.layers(s.constants.net, s.state[n], s.model.batch)[-1][:10] for n in ("mu", "x"))
                found.append(int((said.argmax(1) == wanted.argmax(1)).sum()))
            return float(np.median(found))

        rest = {"rate": 0.1, "sweeps": 200, "batch": 32}
        song, millidge, whittington = "Song et al. (2020), theorem 1", "Millidge et al. (2022)", "Whittington and Bogacz (2017)"
        yield Figure("fixed prediction, largest difference of a weight's step from back-propagation's", 1e-12, worst("difference", 300, form="fixed prediction", rate=1.0,
            sweeps=3), bound="at_most", source=millidge)  # fmt: skip
        yield Figure("Z-IL, the same", 1e-12, worst("difference", 300, form="Z-IL", rate=1.0), bound="at_most", source=song)
        yield Figure("both networks after an epoch of fixed prediction, largest difference of a weight", 1e-10, worst("weights apart", 267, form="fixed prediction", rate=1.0,
            sweeps=3), bound="at_most", source=millidge)  # fmt: skip
        yield Figure("strict with unit precisions, cosine of both steps", 0.87, middle("cosine", 200, **rest), 0.05,
            source="first minibatch, the lab's set-up: 64-32-32-32-10 tanh")  # fmt: skip
        yield Figure("the same with a thousandth of the target error", 0.96, middle("cosine", 200, part=0.001, **rest), bound="at_most", source="it does not help")  # fmt: skip
        yield Figure("the same with a thousandth of the output's precision", 0.998, middle("cosine", 200, precision_out=0.001, **rest), bound="at_least", source=whittington)  # fmt: skip
        yield Figure("largest rise of the energy in small steps", 1e-12, worst("largest rise of the energy", 300, rate=0.05, sweeps=100, **small), bound="at_most",
            source="gradient descent on F")  # fmt: skip
        yield Figure("linear network, errors at rest against their closed form", 1e-10, closed, bound="at_most", source="(y - y^) S^-1")
        yield Figure("a held input, settled from zero, against the forward pass", 1e-6, settled, bound="at_most", source="the prediction is the equilibrium")  # fmt: skip
        yield Figure("digits, fixed prediction", 0.94, middle("test accuracy", 0, form="fixed prediction", rate=1.0, sweeps=3), bound="at_least", source="the lab's set-up",
            slow=True)  # fmt: skip
        yield Figure("digits, strict with a quiet output", 0.94, middle("test accuracy", 0, precision_out=0.01, sweeps=60), bound="at_least", source="the lab's set-up",
            slow=True)  # fmt: skip
        yield Figure("feedback of its own, cosine of W with the transposed M", 0.95, middle("alignment", 0, feedback="its own", decay=0.02), bound="at_least",
            source="Kolen and Pollack (1994)", slow=True)  # fmt: skip
        yield Figure("classes read rightly out of what a held output makes, of ten", 9, drawn, bound="at_least", source="the lab's set-up", slow=True)  # fmt: skip

    @action("Choose an example", hidden=True, index=(int, param(0, lo=0, hi=511, doc="Its place in the minibatch.")))
    def choose(self, constants, state, index):
        """Draw the nodes of this example."""
        return {"example": min(index, self.batch - 1)}
