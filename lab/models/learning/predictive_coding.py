"""Predictive coding: learning with local rules alone, in lockstep with back-propagation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from lab.data import sets
from lab.errors import DivergenceError
from lab.kernels.threads import one_thread
from lab.model import MOST_STEPS, Bound, Clock, Figure, Model, Preset, Remedy, State, action, arrays, param
from lab.training import predictive as pc
from lab.training import predictive_pictures as shown
from lab.training.predictive_readings import Again, accuracy, alignment

CLAMPS = ("both ends: learn", "input: predict", "output: generate")
FORMS = ("strict", "fixed prediction", "Z-IL")
DATA = ("digits", "moons", "circles")
MOST = 500  # sweeps of a minibatch
RUNAWAY = 1e30  # an energy that no settling reaches
TILES = 10  # examples that are drawn
LOOKED_AT = 8  # examples on which the curve over precisions is measured
PRECISIONS = np.logspace(-3, 0, 7)
REST = (60, 0.15)  # sweeps and rate by which states come to rest for that curve
EPOCH, MINIBATCH, SWEEP = range(3)  # counters; sweep 0: the next minibatch is to be begun
# Of the last minibatch and epoch; KNOWN: whether there was an epoch.
DIFFERENCE, COSINE, ACCURACY, TWIN_ACCURACY, RISE, KNOWN = range(6)


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
    also = "local learning; error nodes; free energy; Z-IL; inference learning; biologically plausible back-propagation; Rao Ballard; weight transport; free energy principle"
    equations = (
        r"\mu_i = \sigma(x_{i-1}) M_{i-1} + \beta_i, \qquad \tau \dot{\varepsilon}_i = x_i - \mu_i - \nu_i \varepsilon_i",
        r"\tau \dot{x}_i = \sigma'(x_i) \odot (\varepsilon_{i+1} W_i) - \varepsilon_i",
        r"\gamma \dot{M}_i = \sigma(x_i)^T \varepsilon_{i+1}, \qquad \gamma \dot{W}_i = \varepsilon_{i+1}^T \sigma(x_i)",
        r"-\ln p(x_i | x_{i-1}) = \frac{|x_i - \mu_i|^2}{2\nu_i} + \frac{n_i}{2}\ln 2\pi\nu_i, \qquad p(x_1 \ldots x_n | x_0) = \prod_i p(x_i | x_{i-1})",
        r"F = \frac{1}{2} \sum_i \nu_i |\varepsilon_i|^2, \qquad \nabla_{x_i} F = \varepsilon_i - \sigma'(x_i) \odot (\varepsilon_{i+1} M_i^T)",
        r"\varepsilon_n = (y - \hat{y})\, S^{-1}, \quad S = \nu_n I + \sum_l \nu_l J_l^T J_l \quad \mathrm{(linear)}",
    )
    symbols = r"\mu_i: prediction of layer i; \sigma: activation function; M: weights of the predictions; W: weights that carry errors back; \beta_i: bias; \varepsilon_i: error of layer i; \gamma: time constant of learning; p: probability density; n_i: number of units of layer i; J_l: derivative of the output by the values of layer l; I: identity matrix"
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
    hidden: str = param(
        "32-32-32", live=False, kind="layers", group="Network", doc="Units of the hidden layers, first to last, joined by '-'."
    )
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
            "counters": np.zeros(3, np.int64),  # EPOCH, MINIBATCH, SWEEP
            "trace": np.zeros((MOST + 1, layers)),  # energies of the minibatch that settles, or has settled last
            "swept": np.zeros(1, np.int64),
            "figures": np.zeros(6),
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
        epoch, place = (max(0, int(state["counters"][k])) for k in (EPOCH, MINIBATCH))
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
            room = self._room(net, out)
            if not room:
                break
            sweep = min(max(0, int(counters[SWEEP])), self.turns - 1)
            whole = min((n - done) // self.turns, room)
            if sweep == 0 and whole and how.clamp == pc.TRAIN:
                done += self._take(constants, state, weights, nodes, step, how, out, done, whole)
                continue
            if sweep == 0:
                given, wanted = self.minibatch(constants, state, self.clamp)
                pc.begin(net, weights, nodes, how, given, wanted, self.part, self.begin == "zero", state["trace"][0], step)
            k = min(n - done, self.turns - sweep)
            rows = state["trace"][sweep + 1 : sweep + 1 + k]
            pc.settle(net, weights, nodes, how, step, rows, sweep, k)
            low = rows[:, 0] < RUNAWAY  # also false for what is not a number
            if not low.all() or not np.isfinite(nodes.x).all():
                raise self._ran_away(sweep, int(np.argmin(low)), done)
            if out.wanted("energy"):
                out["energy"][done : done + k] = rows
            rise = float(np.diff(state["trace"][sweep : sweep + 1 + k, 0]).max(initial=0.0))
            state["figures"][RISE] = max(state["figures"][RISE], rise)
            state["swept"][0] = sweep + k
            counters[SWEEP] = sweep + k
            done += k
            if sweep + k >= self.turns:
                self._end(constants, state, weights, nodes, step, how, out, done - 1)
        return done

    @staticmethod
    def _room(net: pc.Layout, out) -> int:
        """Minibatches whose events find a place."""
        least = min((len(e.steps) - int(e.count[0]) for e in out.events.values()), default=1 << 30)
        return max(0, least - len(net.sizes) - 4)

    def _take(self, constants, state, weights, nodes, step, how, out, done, whole) -> int:
        """Whole minibatches in one piece, up to the end of the epoch; returns the sweeps they took."""
        net, counters, figures = constants.net, state["counters"], state["figures"]
        self.minibatch(constants, state, self.clamp)  # draws the order of this epoch
        per_epoch = len(constants.x) // self.batch
        place = max(0, int(counters[MINIBATCH])) % per_epoch
        if place != counters[MINIBATCH]:
            whole = 1
        whole = min(whole, per_epoch - place)
        order = constants.orders[max(0, int(counters[EPOCH]))][place * self.batch : (place + whole) * self.batch].reshape(whole, self.batch)
        energies = out["energy"][done : done + whole * self.turns] if out.wanted("energy") else np.empty((0, len(net.sizes)))
        told, rise, twin = np.empty((whole, 3)), np.array([figures[RISE]]), pc.Weights(state["twin_M"], state["twin_b"], weights.W)
        room, back = nodes, step
        if self.beside:
            room, back = pc.empty(net, self.batch), pc.Weights(np.empty_like(weights.M), np.empty_like(weights.b), weights.W)
        lesson = pc.Lesson(
            constants.x, constants.y, self.turns, float(self.part), self.begin == "zero", float(self.learning), float(self.decay), RUNAWAY, self.beside
        )  # fmt: skip
        taken, went, bad = pc.take(net, weights, nodes, how, step, twin, room, back, lesson, order, (state["trace"], energies, told, rise))
        figures[RISE] = rise[0]
        if taken:
            state["swept"][0] = self.turns
            counters[SWEEP] = 0
        for k in range(taken):
            counters[MINIBATCH] += 1
            at = done + (k + 1) * self.turns - 1
            if self.beside:
                figures[DIFFERENCE], figures[COSINE] = told[k, 0], told[k, 1]
                self._tell(out, at, *told[k].tolist())
        if went == pc.RAN_AWAY:
            raise self._ran_away(0, bad, done + taken * self.turns)
        self._learned(constants, state, weights, how, out, done + taken * self.turns - 1, went == pc.FINE)
        return taken * self.turns

    def _ran_away(self, sweep: int, bad: int, done: int) -> DivergenceError:
        return DivergenceError(
            f"{self._owner()}: the energy ran away (above {RUNAWAY:g}) at sweep {sweep + bad + 1} of a minibatch, most likely because the state rate "
            f"{self.rate:g} is too large for these precisions or the learning rate {self.learning:g} too large: {self.remedy('energy')}.",
            model=self._owner(), stream="energy", step=done + bad, remedy=self.remedy("energy"),
        )  # fmt: skip

    @staticmethod
    def _tell(out, at: int, difference: float, cosine: float, apart: float) -> None:
        """Note how far both ways of learning are apart after a minibatch."""
        for name, value in (("difference", difference), ("cosine", cosine), ("weights apart", apart)):
            out.events[name].append(at, 0, float(max(value, 1e-18) if name != "cosine" else value))

    def _end(self, constants, state, weights, nodes, step, how, out, at) -> None:
        """A minibatch has settled: both networks learn from it, and it is measured how far their steps are apart."""
        net, counters, figures = constants.net, state["counters"], state["figures"]
        counters[MINIBATCH] += 1
        counters[SWEEP] = 0
        if how.clamp != pc.TRAIN:
            return
        if how.form != pc.ZERO:
            pc.steps_of(net, nodes, how, step, 0)
        if self.beside:
            counters[MINIBATCH] -= 1
            given, wanted = self.minibatch(constants, state, self.clamp)
            counters[MINIBATCH] += 1
            room, back = pc.empty(net, self.batch), pc.Weights(np.empty_like(weights.M), np.empty_like(weights.b), weights.W)
            pc.back_propagate(net, weights.M, weights.b, how.activation, room, given, wanted, back)
            figures[DIFFERENCE], figures[COSINE] = pc.apart(step.M / self.part, back.M)
            twin = pc.Weights(state["twin_M"], state["twin_b"], weights.W)
            pc.back_propagate(net, twin.M, twin.b, how.activation, room, given, wanted, back)
            pc.learn(net, twin, back, self.learning, self.decay, True)
            self._tell(out, at, figures[DIFFERENCE], figures[COSINE], float(np.abs(weights.M - twin.M).max()))
        pc.learn(net, weights, step, self.learning / self.part, self.decay, how.tied)
        fine = bool(np.isfinite(weights.M).all() and np.isfinite(state["twin_M"]).all())
        self._learned(constants, state, weights, how, out, at, fine)

    def _learned(self, constants, state, weights, how, out, at, fine: bool) -> None:
        """Refuse weights that are no numbers; at the end of an epoch, measure."""
        net, counters, figures = constants.net, state["counters"], state["figures"]
        if not fine:
            raise DivergenceError(
                f"{self._owner()}: the weights became infinite or not a number in epoch {int(counters[EPOCH]) + 1}, because the learning rate {self.learning:g} is too "
                f"large: {self.remedy('weights')}.", model=self._owner(), stream="weights", step=at, remedy=self.remedy("weights"),
            )  # fmt: skip
        if counters[MINIBATCH] >= len(constants.x) // self.batch:
            counters[EPOCH] += 1
            counters[MINIBATCH] = 0
            held_out = how.activation, constants.test_x, constants.test_t
            figures[ACCURACY] = accuracy(net, weights.M, weights.b, *held_out)
            figures[TWIN_ACCURACY] = accuracy(net, state["twin_M"], state["twin_b"], *held_out) if self.beside else 0.0
            figures[KNOWN] = 1.0
            for channel in range(2 if self.beside else 1):
                out.events["accuracy"].append(at, channel, float(figures[ACCURACY + channel]))
            if not how.tied:
                for k, value in enumerate(alignment(net, weights)):
                    out.events["alignment"].append(at, k, float(value))

    def finished(self, constants, state) -> str | None:
        """All epochs are over."""
        return "all epochs are over" if self.clamp == CLAMPS[0] and state["counters"][EPOCH] >= self.epochs else None

    def changed_live(self, before, constants, state) -> None:
        """What is held or how it settles has changed: the minibatch begins again."""
        if any(getattr(self, n) != getattr(before, n) for n in ("clamp", "form", "errors", "begin", "part", "sweeps")):
            state["counters"][SWEEP] = 0
            state["figures"][RISE] = 0.0
            if self.clamp != before.clamp:
                state["counters"][MINIBATCH] %= max(1, len(constants.x) // self.batch)

    def remedy(self, stream: str) -> str:
        """What to try when states or weights ran away."""
        return f"lower the state rate to {self.rate / 4:g} or the learning rate to {self.learning / 4:g}"

    def remedies(self, stream: str) -> tuple[Remedy, ...]:
        """Smaller steps."""
        return (Remedy("A quarter of both rates", {"rate": self.rate / 4, "learning": self.learning / 4}),)

    @action("Settle again", shortcut="S")
    def again(self, constants, state) -> None:
        """The present minibatch begins again; weights stay."""
        state["counters"][SWEEP] = 0

    @action("Other examples")
    def other(self, constants, state) -> None:
        """The next minibatch, without learning from this one."""
        state["counters"][MINIBATCH] = (state["counters"][MINIBATCH] + 1) % max(1, len(constants.x) // self.batch)
        state["counters"][SWEEP] = 0

    # -- readings: settled again on copies --

    def anew(self, constants: Constants, state, rows: int = 0, **other: Any) -> Again:
        """The first rows of the present training minibatch (0: all), to settle again on copies; `other` numbers in place of those that are set."""
        rows = rows or self.batch
        given, wanted = (a[:rows] for a in self.minibatch(constants, state, CLAMPS[0]))
        how = self.how(constants, batch=rows, clamp=CLAMPS[0], **other)
        return Again(constants.net, arrays(pc.Weights, state), how, given, wanted, other.get("part", self.part), self.begin == "zero")

    def both_steps(self, constants: Constants, state) -> tuple[np.ndarray, np.ndarray]:
        """Steps of all weights (predictive coding, back-propagation) on the present training minibatch, at the same weights."""
        again = self.anew(constants, state)
        return again.settled(self.sweeps)[1].M / self.part, again.back()

    def cosine(self, constants: Constants, state, back: np.ndarray, **other: float) -> float:
        """Cosine of both steps on the first examples, once the states have come to rest."""
        sweeps, rate = (REST[0], min(REST[1], self.rate)) if self.form == "strict" else (self.sweeps, self.rate)
        return self.anew(constants, state, min(LOOKED_AT, self.batch), rate=rate, **other).cosine(sweeps, back)

    def against_precision(self, constants: Constants, state) -> np.ndarray:
        """(3, n): precision of the output; cosine of both steps at rest with it; and with a target error of that part instead."""
        back = self.anew(constants, state, min(LOOKED_AT, self.batch)).back()
        return np.array(
            [PRECISIONS, *([self.cosine(constants, state, back, **{name: p}) for p in PRECISIONS] for name in ("precision_out", "part"))]
        )

    def _shown(self) -> int:
        return min(self.example, self.batch - 1)

    def _names(self) -> tuple[str, ...]:
        return ("input", *(f"hidden {k + 1}" for k in range(len(self.widths))), "output")

    # -- what can be looked at --

    @property
    def look_of(self) -> shown.Shown:
        """What decides which pictures there are."""
        return shown.Shown(self._names(), self.data == "digits", self.feedback == "its own", self.clamp == CLAMPS[2])

    @property
    def streams(self):
        """Energies of each sweep, what each minibatch taught, and readings of what settles."""
        return shown.streams(self.look_of)

    @property
    def pictures(self):
        """Nodes in front, the energy and both kinds of step beside them."""
        return shown.pictures(self.look_of)

    @property
    def stage(self):
        """Nodes large; beside them the energy and what both ways of learning say; below, the curves over time."""
        return shown.stage(self.look_of)

    def observe(self, constants, state, stream):
        """Nodes as they stand; everything else settled again on copies."""
        with one_thread, np.errstate(over="ignore", invalid="ignore"):
            return self._look(constants, state, stream)

    def _look(self, constants, state, stream):
        net, at = constants.net, self._shown()
        if stream == "nodes":
            held = self.clamp != CLAMPS[2], self.clamp != CLAMPS[1]
            drawn = shown.nodes(self.look_of, net, arrays(pc.Nodes, state), self.batch, at, constants.picture, held)
            return [{"name": "", "values": None, "note": self.phase(state)}, *drawn]
        if stream == "likelihood":
            return shown.likelihood(self.look_of, net, arrays(pc.Nodes, state), self.batch, at, self.how(constants).nu)
        if stream == "settling":
            swept = min(max(0, int(state["swept"][0])), MOST)
            return np.vstack([np.arange(swept + 1), state["trace"][: swept + 1].T])
        if stream == "agreement":
            return self.anew(constants, state).agreement(min(self.sweeps, 100))
        if stream == "against precision":
            return self.against_precision(constants, state)
        if stream == "now":
            back = self.anew(constants, state, min(LOOKED_AT, self.batch)).back()
            return np.array([[self.precision_out], [self.cosine(constants, state, back)]])
        if stream in ("synapses", "digits apart", "steps", "diagonal"):
            return shown.steps(net, *self.both_steps(constants, state), min(self.layer, len(net.sizes) - 1) - 1, stream)
        if stream in ("output error", "closed form"):
            return self.anew(constants, state).rest(at, self.sweeps)[stream == "closed form"]
        if stream == "inputs":
            return pc.layers(net, state["x"], self.batch)[0][:TILES].reshape(-1, *constants.picture).copy()
        if stream == "readings":
            return self._readings(constants, state)
        return super().observe(constants, state, stream)

    def _readings(self, constants, state):
        x, f = (pc.layers(constants.net, state[n], self.batch) for n in ("x", "mu"))
        rows = zip(x[-1][:TILES].argmax(1), f[-1][:TILES].argmax(1), strict=True)
        return [{"digit": f"{held}, read as {read}" if self.clamp != CLAMPS[1] else f"read as {held}"} for held, read in rows]

    def phase(self, state) -> str:
        """Where the settling stands, in words."""
        swept = int(state["swept"][0])
        doing = {CLAMPS[0]: "Both ends are held", CLAMPS[1]: "The input is held", CLAMPS[2]: "The output is held"}[self.clamp]
        return f"{doing}.  Sweep {swept} of {self.turns}, energy {state['trace'][min(max(0, swept), MOST), 0]:.3g}"

    def summary(self, constants, state):
        """Energy, how far both steps are apart, accuracies."""
        figures = state["figures"]
        found: dict[str, float] = {}
        swept = min(max(0, int(state["swept"][0])), MOST)
        found["epoch"] = int(state["counters"][EPOCH])
        found["energy"] = float(state["trace"][swept, 0])
        net, nodes = constants.net, arrays(pc.Nodes, state)
        errors = pc.layers(net, nodes.eps, self.batch)
        found["energy of the example"] = float(
            sum(nu * (e[self._shown()] ** 2).sum() / 2 for nu, e in zip(self.how(constants).nu[1:], errors[1:], strict=True))
        )
        found["largest rise of the energy"] = float(figures[RISE])
        if self.beside:
            found |= {
                "difference": float(figures[DIFFERENCE]),
                "cosine": float(figures[COSINE]),
                "weights apart": float(np.abs(state["M"] - state["twin_M"]).max()),
            }
        if figures[KNOWN]:
            found["test accuracy"] = float(figures[ACCURACY])
            if self.beside:
                found["back-propagation"] = float(figures[TWIN_ACCURACY])
        if self.feedback == "its own":
            found["alignment"] = float(np.mean(alignment(constants.net, arrays(pc.Weights, state))[1:]))
        if self.activation == "linear" and self.clamp == CLAMPS[0]:
            own, known = self.anew(constants, state).rest(self._shown(), self.sweeps)
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
                own, known = s.model.anew(s.constants, s.state).rest(0, 5000)
                found.append(float(np.abs(own - known).max() / np.abs(known).max()))
            return max(found)

        def multiplied(run):
            """Minus the logarithm of the product of all normal densities of an example, against its energy and the constants."""
            s = run(cls(data="moons", batch=16, precision_out=4.0), steps=17, seed=1, record={}).simulation
            net, nodes, nu = s.constants.net, arrays(pc.Nodes, s.state), s.model.how(s.constants).nu
            x, mu, eps = (pc.layers(net, flat, s.model.batch) for flat in (nodes.x, nodes.mu, nodes.eps))
            said = -sum(
                math.log(NormalDist(m, math.sqrt(nu[k])).pdf(v)) for k in range(1, len(x)) for v, m in zip(x[k][0], mu[k][0], strict=True)
            )
            constants = sum(0.5 * x[k].shape[1] * math.log(2 * math.pi * nu[k]) for k in range(1, len(x)))
            return abs(said - constants - sum(float(nu[k] * (eps[k][0] ** 2).sum()) / 2 for k in range(1, len(x))))

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
        yield Figure("normal densities of all nodes multiplied, against energy and constants (nats)", 1e-9, multiplied, bound="at_most", source="Whittington and Bogacz (2017)")  # fmt: skip
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
