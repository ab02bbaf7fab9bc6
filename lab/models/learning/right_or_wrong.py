"""Right or wrong: digits learned from a yes or no alone, beside the same network that is told the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.data import sets
from lab.errors import DivergenceError
from lab.kernels import seed_state
from lab.kernels.threads import one_thread
from lab.model import Clock, Figure, Layer, Model, Picture, Preset, Seeds, Stage, Stream, action, param
from lab.params.bounds import COUNT, index
from lab.training import feedback
from lab.training import predictive as pc

NAMES = ("right or wrong", "told the answer")
GOAL = 0.9  # test accuracy up to which examples are counted
TILES = 12
WIDE = 1e6  # a weight beyond it has run away


@dataclass(frozen=True)
class Constants:
    """Layout and digits."""

    net: pc.Layout
    x: np.ndarray
    t: np.ndarray
    test_x: np.ndarray
    test_t: np.ndarray
    seed: int
    orders: dict[int, np.ndarray]


class RightOrWrong(Model):
    r"""Two networks look at the same digits. One is told what each digit is; the other says what it thinks and is told only right or wrong.

    A yes or no is little: of ten possible answers a wrong one is ruled out, and nothing is said of the other nine. So the network must
    try. It says a class with the chance that it gives it, and learns from the reward times the slope of the chance of what it said; the mean
    of that over all it might have said is the slope of the expected reward. Both networks begin with the same weights and end equally good; the one that
    is rewarded needs several times the examples, about ten times where nothing keeps it curious.

    **Try:**

    - *entropy* 0: nothing rewards doubt any more. In some runs one digit is never said again, and stays lost: look at *what it says of each digit*;
    - *baseline* off: a reward that is never negative praises everything that was said. Then let *wrong* pay −1 instead of 0: that alone is half a baseline;
    - raise the learning rate: the rewarded one makes up its mind too early;
    - watch the first minibatches slowly: at first nine of ten are wrong, and being wrong teaches next to nothing.
    """

    name = "right-or-wrong"
    title = "Told only right or wrong"
    group = "Learning from reward"
    icon = "mdi6.thumbs-up-down"
    order = 86
    also = (
        "reinforcement learning; reward; REINFORCE; bandit feedback; unspecific feedback; policy gradient; supervised against reinforcement"
    )
    equations = (
        r"\Delta z_k = [k = t] - p_k \quad \mathrm{(told)}",
        r"\Delta z_k = (R - b)\, ([k = a] - p_k), \quad a \sim p \quad \mathrm{(right\ or\ wrong)}",
        r"\mathbb{E}_{a \sim p}[R_a \nabla \ln p_a] = \nabla \sum_a p_a R_a",
    )
    symbols = r"z_k: sum of class k before softmax; \Delta: change by one example; k: any class; t: class that is right; p_k: probability of class k; a: class that was guessed; R: reward; b: baseline"
    source = "Williams, Machine Learning 8:229 (1992); Sutton and Barto, Reinforcement Learning: An Introduction, 2nd edition (2018), section 13.4"
    presets = {
        "With a baseline": Preset({}, shows="right or wrong > 0.93 and told the answer > 0.96 and times the examples > 1.5", slow=True),
        "Plain: about ten times, or a digit is lost": Preset(
            {"entropy": 0.0}, shows="right or wrong > 0.75 and told the answer > 0.96 and times the examples > 2", slow=True),
        "Bold steps: it makes up its mind too early": Preset({"rate": 0.05, "epochs": 30, "entropy": 0.0}, shows="right or wrong < 0.9 and told the answer > 0.9", slow=True),
        "The first minibatches": Preset({"watch": True}, shows="right or wrong < 0.6 and told the answer > right or wrong + 0.2", after=50.0),
    }  # fmt: skip

    hidden: str = param("64", live=False, kind="layers", group="Network", doc="Units of the hidden layers, first to last, joined by '-'.")
    activation: str = param(
        "ReLU",
        choices=pc.ACTIVATIONS,
        live=False,
        group="Network",
        doc="Activation of the hidden units (and of the inputs, which are not negative).",
    )
    baseline: bool = param(True, main=True, group="Feedback", doc="Take the mean of the last thousand rewards away from each.")
    right: float = param(
        1.0, lo=-10.0, hi=10.0, main=True, group="Feedback", label="Right pays", doc="Reward of a right answer.", soft=(-1.0, 2.0)
    )
    wrong: float = param(
        0.0, lo=-10.0, hi=10.0, main=True, group="Feedback", label="Wrong pays", doc="Reward of a wrong answer.", soft=(-2.0, 1.0)
    )
    entropy: float = param(
        0.03,
        lo=0.0,
        hi=1.0,
        group="Feedback",
        doc="Reward for not being sure: without it some digits may never be said again.",
        soft=(0.0, 0.1),
    )
    rate: float = param(
        0.003,
        lo=1e-5,
        hi=1.0,
        log=True,
        main=True,
        group="Training",
        label="Learning rate",
        doc="Rate of both networks (Adam).",
        soft=(1e-4, 0.1),
        symbol=r"\eta",
    )
    batch: int = param(32, "examples", lo=1, hi=512, log=True, live=False, group="Training", doc="Examples of an update.")
    epochs: int = param(150, "epochs", lo=1, hi=10_000, log=True, group="Training", doc="How long both learn.")
    watch: bool = param(False, group="Shown", label="Slowly", doc="Begin at one minibatch a second.")

    def check(self) -> None:
        """Refuse what is no list of layer sizes."""
        parts = [w.strip() for w in self.hidden.replace(",", "-").split("-")]
        if not all(w.isdigit() and 1 <= int(w) <= 1024 for w in parts) or len(parts) > 16:
            raise self.refuse("hidden", "must be one to sixteen numbers of units from 1 to 1024 joined by '-', such as 64-64")

    @property
    def clock(self) -> Clock:
        """One step is one minibatch for both."""
        return Clock(1.0, "minibatch", physical=False, name="minibatch")

    @property
    def default_steps(self) -> int:
        """All epochs."""
        return self.epochs * (1437 // self.batch)

    @property
    def speed(self) -> float:
        """A whole run in about half a minute."""
        return 1.0 if self.watch else self.default_steps / 30.0

    def build(self, seed: int) -> Constants:
        """The digits, split."""
        found = sets.load("digits").split(0.2, 0)
        (x, t), (test_x, test_t) = found.part("train"), found.part("test")
        widths = tuple(int(w) for w in self.hidden.replace(",", "-").split("-"))
        return Constants(
            pc.layout((64, *widths, 10)), np.asarray(x, float), t.astype(np.int64), np.asarray(test_x, float), test_t, seed, {}
        )

    def start(self, constants, seed):
        """Both begin with the same weights."""
        net = constants.net
        weights = pc.first_weights(net, np.random.default_rng([abs(int(seed)), 0x726F77]), True)
        out = pc.matrices(net, weights.M)[-1]
        out *= 0.1  # the first chances are nearly alike
        M, b = np.stack([weights.M, weights.M]), np.stack([weights.b, weights.b])
        return {
            "M": M, "b": b, "first_M": np.zeros_like(M), "second_M": np.zeros_like(M), "first_b": np.zeros_like(b), "second_b": np.zeros_like(b),
            "counters": np.zeros(3, np.int64),  # updates, epoch, minibatch
            "mean": np.zeros((2, 2)), "said": np.zeros((2, self.batch), np.int64), "share": np.zeros(2), "accuracy": np.zeros(2), "reached": np.zeros(2), "rng": seed_state(seed),
        }  # fmt: skip

    def state_bounds(self, constants, state, step):
        """Updates, and what was said."""
        return {"counters": COUNT, "said": index(10)}

    def examples(self, constants, state) -> np.ndarray:
        """Rows of the present minibatch."""
        epoch, place = (max(0, int(v)) for v in state["counters"][1:])
        if epoch not in constants.orders:
            constants.orders.clear()
            constants.orders[epoch] = np.random.default_rng([abs(int(constants.seed)), epoch, 0x726F77]).permutation(len(constants.x))
        place %= len(constants.x) // self.batch
        return constants.orders[epoch][place * self.batch : (place + 1) * self.batch]

    def weights(self, state, who: int) -> pc.Weights:
        """The weights of one of both networks."""
        return pc.Weights(state["M"][who], state["b"][who], state["M"][who])

    def advance(self, constants, state, n, out):
        """Both learn from the same minibatches."""
        with one_thread, np.errstate(over="ignore", invalid="ignore"):
            return self._advance(constants, state, n, out)

    def _advance(self, constants, state, n, out):
        net, counters, kind = constants.net, state["counters"], pc.ACTIVATIONS.index(self.activation)
        nodes, step = pc.empty(net, self.batch), pc.Weights(np.empty_like(state["M"][0]), np.empty_like(state["b"][0]), state["M"][0])
        paid = np.zeros(self.batch)
        for done in range(n):
            if self.finished(constants, state) or any(len(e.steps) - e.count[0] < 2 for e in out.events.values()):
                return done
            rows = self.examples(constants, state)
            counters[0] += 1
            for who in range(2):
                pay = np.array([self.right, self.wrong, float(self.baseline), float(who), self.entropy])
                told = feedback.Told(constants.t[rows], state["said"][who], paid, state["mean"][who])
                state["share"][who] = feedback.taught(
                    net, self.weights(state, who), kind, nodes, constants.x[rows], told, pay, state["rng"], step
                )
                for name in ("M", "b"):
                    feedback.adam(
                        state[name][who],
                        getattr(step, name),
                        state[f"first_{name}"][who],
                        state[f"second_{name}"][who],
                        int(counters[0]),
                        self.rate,
                    )
            if not np.abs(state["M"]).max() < WIDE:
                raise DivergenceError(
                    f"{self._owner()}: the weights grew beyond {WIDE:g} in update {int(counters[0])}, most likely because the learning rate {self.rate:g} is too large: {self.remedy('weights')}.",
                    model=self._owner(), stream="weights", step=done, remedy=self.remedy("weights"),
                )  # fmt: skip
            if out.wanted("share"):
                out["share"][done] = state["share"]
            counters[2] += 1
            if counters[2] >= len(constants.x) // self.batch:
                counters[1:] = counters[1] + 1, 0
                self._judge(constants, state, out, done)
        return n

    def _judge(self, constants, state, out, done) -> None:
        nodes, kind = pc.empty(constants.net, len(constants.test_x)), pc.ACTIVATIONS.index(self.activation)
        for who in range(2):
            found = state["accuracy"][who] = feedback.right(
                constants.net, self.weights(state, who), kind, nodes, constants.test_x, constants.test_t
            )
            out.events["accuracy"].append(done, who, found)
            if found >= GOAL and not state["reached"][who]:
                state["reached"][who] = float(state["counters"][0] * self.batch)

    def finished(self, constants, state) -> str | None:
        """All epochs are over."""
        return "all epochs are over" if state["counters"][1] >= self.epochs else None

    def remedy(self, stream: str) -> str:
        """What to try when weights ran away."""
        return f"lower the learning rate to {self.rate / 10:g}"

    @action("Forget everything")
    def forget(self, constants, state):
        """Both begin again with the first weights; the epochs go on."""
        fresh = self.start(constants, constants.seed)
        for name in ("M", "b", "first_M", "second_M", "first_b", "second_b", "mean", "reached"):
            state[name][:] = fresh[name]

    # -- what can be looked at --

    @property
    def streams(self):
        """Accuracies, what is said of this minibatch, and of each digit."""
        return (
            Stream("accuracy", "trace", "", "Accuracy on the test part after each epoch.", (2,), NAMES, events=True),
            Stream("share", "trace", "", "Part of each minibatch that was said rightly; what is said is drawn.", (2,), NAMES, every=1),
            Stream("digits", "image", "", "First digits of the next minibatch."),
            Stream("feedback", "table", "", "What each network would be told of them, by its likeliest answer."),
            Stream("says", "image", "", "Chance of each answer (column) to each digit (row) of the test part, of the rewarded network."),
            Stream("told says", "image", "", "The same of the network that is told."),
        )  # fmt: skip

    @property
    def pictures(self):
        """Accuracy large; what is said beside it."""
        digits = tuple("0123456789")
        table: dict[str, Any] = {"levels": (0.0, 1.0), "labels": digits, "x": "says", "y": "digit", "equal": True, "numbers": True}
        return (
            Picture("accuracy", "Test accuracy", (Layer("accuracy"),), y="accuracy", y_range=(0.0, 1.0), front=True, weight=1.6,
                    figures=("right or wrong", "told the answer", "times the examples")),
            Picture("digits", "What it is told", (Layer("digits"), Layer("feedback")), colours="grey", levels=(0.0, 1.0), front=True,
                    doc="Under each digit what the rewarded network says, and all that it hears of it."),
            Picture("says", "Rewarded: says", (Layer("says"),), front=True, **table),
            Picture("told says", "Told: says", (Layer("told says"),), **table),
            Picture("share", "Said rightly, minibatch by minibatch", (Layer("share"),), y="share", y_range=(0.0, 1.0)),
        )  # fmt: skip

    @property
    def stage(self):
        """Both curves large, the feedback and the answers beside them."""
        return Stage("accuracy", companions=("digits", ("says", "told says")), below=("share",))

    def chances(self, constants, state, who: int, x: np.ndarray) -> np.ndarray:
        """Chances of the answers of one network to some digits."""
        nodes = pc.empty(constants.net, len(x))
        nodes.x[: x.size] = x.ravel()
        weights = self.weights(state, who)
        pc.forward(constants.net, weights.M, weights.b, pc.ACTIVATIONS.index(self.activation), nodes, len(x))
        found = np.empty((len(x), 10))
        feedback.softmax_rows(pc.layers(constants.net, nodes.mu, len(x))[-1], found)
        return found

    def observe(self, constants, state, stream):
        """Digits with what is said of them, and tables of answers."""
        with one_thread, np.errstate(over="ignore", invalid="ignore"):
            rows = self.examples(constants, state)[:TILES]
            if stream == "digits":
                return constants.x[rows].reshape(-1, 8, 8)
            if stream == "feedback":
                said = self.chances(constants, state, 0, constants.x[rows]).argmax(1)
                return [{"said": f"{a}: {'right' if a == t else 'wrong'}"} for a, t in zip(said, constants.t[rows], strict=True)]
            if stream in ("says", "told says"):
                found = self.chances(constants, state, int(stream == "told says"), constants.test_x)
                return np.array([found[constants.test_t == digit].mean(0) for digit in range(10)])
        return super().observe(constants, state, stream)

    def summary(self, constants, state) -> dict[str, Any]:
        """Accuracies, and how many examples each needed."""
        found: dict[str, Any] = {"epoch": int(state["counters"][1])}
        if state["counters"][1]:
            found |= {name: float(v) for name, v in zip(NAMES, state["accuracy"], strict=True)}
        own, told = (int(v) for v in state["reached"])
        if told:
            found["examples to 90 %, told"] = told
        if own:
            found["examples to 90 %"] = own
        if told:  # so far, while the other one has not arrived
            found["times the examples"] = (own or int(state["counters"][0]) * self.batch) / told
        return found

    @classmethod
    def figures(cls):
        """The same end with about ten times the examples, on three seeds; the estimate against the slope it stands for."""
        runs = Seeds(cls, 5)

        def middle(name, **values):
            return lambda run: float(np.median([s[name] for s in runs(run, **values)]))

        def slope(run):
            """Mean of many estimates off the slope of the expected reward, over its size (output biases)."""
            s = run(cls(hidden="8", batch=16), steps=0, seed=1, record={}).simulation
            net, x, t = s.constants.net, s.constants.x[:16], s.constants.t[:16]
            weights = s.model.weights(s.state, 0)
            weights.M[:] *= 3.0
            nodes, step, rng, total, count = (
                pc.empty(net, 16),
                pc.Weights(np.empty_like(weights.M), np.empty_like(weights.b), weights.M),
                seed_state(2),
                np.zeros(10),
                20_000,
            )
            told = feedback.Told(t, np.zeros(16, np.int64), np.zeros(16), np.zeros(2))
            for _ in range(count):
                feedback.taught(net, weights, pc.RELU, nodes, x, told, np.array([1.0, 0.0, 0.0, 0.0, 0.0]), rng, step)
                total += step.b[-10:]

            def earned():
                return float(s.model.chances(s.constants, s.state, 0, x)[np.arange(16), t].mean())

            exact, h = np.zeros(10), 1e-5
            for k in range(10):
                ends = []
                for sign in (h, -h):
                    weights.b[-10 + k] += sign
                    ends.append(earned())
                    weights.b[-10 + k] -= sign
                exact[k] = (ends[0] - ends[1]) / (2 * h)
            return float(np.abs(total / count - exact).max() / np.abs(exact).max())

        lab = "the lab's set-up: 64-64-10 ReLU, Adam 1e-3, minibatches of 32, 150 epochs"
        yield Figure(
            "mean of 20,000 estimates off the slope of the expected reward, over its size",
            0.05,
            slope,
            bound="at_most",
            source="Williams (1992), theorem 1",
        )
        yield Figure("accuracy told only right or wrong", 0.95, middle("right or wrong"), bound="at_least", source=lab, slow=True)
        yield Figure(
            "accuracy told the answer minus that",
            0.02,
            lambda run: float(np.median([s["told the answer"] - s["right or wrong"] for s in runs(run)])),
            bound="at_most",
            source=lab,
            slow=True,
        )
        yield Figure(
            "examples to 90 %, over those of the told one", 2.0, middle("times the examples"), bound="at_least", source=lab, slow=True
        )
        yield Figure(
            "the same without any reward for doubt", 5.0, middle("times the examples", entropy=0.0), bound="at_least", source=lab, slow=True
        )
