"""Arms of a bandit: the smallest world in which one is told only how good, not what."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.kernels import exp, kernel, normal, seed_state, uniform
from lab.model import Clock, Figure, Layer, Model, Picture, Preset, Seeds, Stage, Stream, action, param
from lab.params.bounds import COUNT, index

WITH, WITHOUT, TOLD = range(3)
NAMES = ("baseline", "no baseline", "told")


@kernel(fast=False)
def _chances(preferences, into):
    top = preferences[0]
    for k in range(preferences.size):
        top = max(top, preferences[k])
    total = 0.0
    for k in range(preferences.size):
        into[k] = exp(preferences[k] - top)
        total += into[k]
    for k in range(preferences.size):
        into[k] /= total


@kernel(fast=False)
def pull(worth, preferences, mean, pulls, chosen, rng, rate, noise, rows):
    """All bandits pull at once, once for each row; rows (n, 2, 3): expected reward over the best, chance of the best arm, of each learner.

    worth (bandits, arms); preferences (3, bandits, arms); mean (bandits,) of the rewards of the learner with a baseline; chosen (3, bandits).
    The learners of a bandit share the number that picks the arm and the noise of the reward.
    """
    bandits, arms = worth.shape
    pi = np.empty(arms)
    for step in range(len(rows)):
        rows[step] = 0.0
        best_sum = 0.0
        for b in range(bandits):
            best = int(np.argmax(worth[b]))
            best_sum += worth[b, best]
            u, z = uniform(rng), noise * normal(rng)
            for who in range(3):
                h = preferences[who, b]
                _chances(h, pi)
                a, total, expected = 0, pi[0], 0.0
                while u >= total and a < arms - 1:
                    a += 1
                    total += pi[a]
                for k in range(arms):
                    expected += pi[k] * worth[b, k]
                rows[step, 0, who] += expected
                rows[step, 1, who] += pi[best] / bandits
                chosen[who, b] = a
                aim, praise = a, worth[b, a] + z
                if who == WITH:
                    earned = praise
                    praise -= mean[b] if pulls[0] > 0 else praise
                    mean[b] += (earned - mean[b]) / (pulls[0] + 1.0)
                elif who == TOLD:
                    aim, praise = best, 1.0
                for k in range(arms):
                    h[k] += rate * praise * ((1.0 if k == aim else 0.0) - pi[k])
        for who in range(3):
            rows[step, 0, who] = rows[step, 0, who] / best_sum if abs(best_sum) > 1e-9 else 1.0
        pulls[0] += 1


class Bandit(Model):
    r"""Ten arms, each pays something around a value that nobody tells: which one to pull?

    The policy is a softmax of ten preferences. After each pull the preference of the arm that was pulled rises with its reward, and those of
    the others fall. All rewards here are positive, so **without a baseline** every arm that is pulled is praised, and what was pulled
    first stays: luck. **With a baseline**, the mean of the rewards so far, an arm is praised only for paying *more than usual*. The third learner is
    told after each pull which arm is the best. Many bandits run at once, so that curves are those of the method and not of one lucky draw; what
    a policy earns is computed from the arms, not counted.

    **Try:** move *all arms pay* to zero: both reward learners come together, because the baseline has nothing to take away. Raise it to 20: without a
    baseline nothing but the first pulls counts. Raise the learning rate, and both make up their minds too early. Draw other arms in the middle of
    a run and see how hard it is to unlearn.
    """

    name = "bandit"
    title = "Ten arms"
    group = "Learning from reward"
    icon = "mdi6.slot-machine"
    order = 84
    also = "bandit; multi-armed bandit; reinforcement learning; reward; REINFORCE; baseline; exploration; policy gradient; slot machine; epsilon-greedy; exploration and exploitation; explore or exploit"
    equations = (
        r"\pi_a = \mathrm{softmax}(H)_a",
        r"H_k \leftarrow H_k + \eta\, (R - b)\, ([k = a] - \pi_k), \qquad b = 0 \ \mathrm{or}\ \bar{R}",
        r"H_k \leftarrow H_k + \eta\, ([k = a^*] - \pi_k) \quad \mathrm{(told)}",
    )
    symbols = r"H: preferences; a: the action taken; k: any action; R: reward; b: baseline"
    source = "Williams, Machine Learning 8:229 (1992); Sutton and Barto, Reinforcement Learning: An Introduction, 2nd edition (2018), section 2.8 and figure 2.5"
    presets = {
        "Arms that pay about 4": Preset(
            {}, shows="reward with baseline > 0.97 and reward without < reward with baseline and best arm when told > 0.95"
        ),
        "Arms that pay about nothing": Preset({"level": 0.0}, shows="abs(best arm with baseline - best arm without) < 0.1"),
        "Arms that pay about 20: luck decides": Preset({"level": 20.0}, shows="best arm without < 0.4 and best arm with baseline > 0.6"),
        "Bold steps": Preset({"rate": 0.4}, shows="best arm without < 0.5"),
    }

    level: float = param(
        4.0,
        lo=-20.0,
        hi=20.0,
        main=True,
        live=False,
        group="Arms",
        label="All arms pay",
        doc="Mean of the values of all arms.",
        soft=(-5.0, 20.0),
    )
    spread: float = param(1.0, lo=0.0, hi=10.0, live=False, group="Arms", doc="Deviation of the values of the arms.", soft=(0.0, 3.0))
    noise: float = param(
        1.0, lo=0.0, hi=10.0, main=True, group="Arms", doc="Deviation of a reward around the value of its arm.", soft=(0.0, 3.0)
    )
    arms: int = param(10, lo=2, hi=50, live=False, group="Arms", doc="Arms of a bandit.")
    bandits: int = param(200, lo=1, hi=2000, log=True, live=False, group="Arms", doc="Bandits that run at once; curves are their mean.")
    rate: float = param(
        0.1,
        lo=1e-4,
        hi=5.0,
        log=True,
        main=True,
        group="Learning",
        label="Learning rate",
        doc="How far preferences move.",
        symbol=r"\eta",
        soft=(0.01, 1.0),
    )
    pulls: int = param(1000, "pulls", lo=1, hi=1_000_000, log=True, live=False, group="Learning", doc="How long it goes on.")
    shown: int = param(0, lo=0, hi=1999, group="Shown", label="Bandit", doc="Which bandit's arms are drawn.", soft=(0, 199))

    @property
    def clock(self) -> Clock:
        """One step is one pull of every bandit."""
        return Clock(1.0, "pull", physical=False, name="pull")

    @property
    def length(self):
        """All pulls."""
        return self.pulls

    @property
    def seconds(self):
        """Watched for a third of a minute."""
        return 20.0

    def drawn(self, rng: np.ndarray) -> np.ndarray:
        """Values (bandits, arms) of new arms."""
        return np.array([self.level + self.spread * normal(rng) for _ in range(self.bandits * self.arms)]).reshape(self.bandits, self.arms)

    def start(self, constants, seed):
        """Arms are drawn; nobody prefers any."""
        rng = seed_state(seed)
        return {
            "worth": self.drawn(rng), "preferences": np.zeros((3, self.bandits, self.arms)), "mean": np.zeros(self.bandits), "pulls": np.zeros(1),
            "chosen": np.zeros((3, self.bandits), np.int64), "last": np.zeros((2, 3)), "rng": rng,
        }  # fmt: skip

    def state_bounds(self, constants, state, step):
        """Arms that were chosen, and pulls."""
        return {"chosen": index(self.arms), "pulls": COUNT}

    def advance(self, constants, state, n, out):
        """Pull and learn."""
        rows = np.empty((n, 2, 3))
        pull(
            state["worth"], state["preferences"], state["mean"], state["pulls"], state["chosen"], state["rng"], self.rate, self.noise, rows
        )
        if n:
            state["last"][:] = rows[-1]
        for k, name in enumerate(("reward", "best arm")):
            if out.wanted(name):
                out[name][:] = rows[:, k]
        return n

    @action("Draw other arms")
    def other(self, constants, state):
        """New values for all arms; what was learned stays."""
        state["worth"][:] = self.drawn(state["rng"])

    @property
    def streams(self):
        """Rewards and choices of all bandits, arms of one."""
        arms = tuple(str(k + 1) for k in range(self.arms))
        return (
            Stream("reward", "trace", "", "What each policy earns, over the best there is: mean of all bandits, exactly.", (3,), NAMES, every=1),
            Stream("best arm", "trace", "", "Chance of pulling the best arm.", (3,), NAMES, every=1),
            Stream("worth", "bars", "", "Value of each arm of one bandit.", channels=arms),
            Stream("with", "bars", "", "Chances of the learner with a baseline.", channels=arms),
            Stream("without", "bars", "", "Chances of the learner without.", channels=arms),
            Stream("told", "bars", "", "Chances of the one that is told.", channels=arms),
            Stream("settled", "bars", "", "Of all bandits the share whose likeliest arm is the best, second best and so on.", channels=arms),
            Stream("settled without", "bars", "", "The same without a baseline.", channels=arms),
        )  # fmt: skip

    @property
    def pictures(self):
        """Chances of the best arm in front, rewards, and one bandit."""
        chances: dict[str, Any] = {"x": "arm", "y": "chance", "y_range": (0.0, 1.0)}
        return (
            Picture("best arm", "Chance of the best arm", (Layer("best arm"),), y="chance", y_range=(0.0, 1.0), front=True, weight=2.0),
            Picture("reward", "Reward over the best reward", (Layer("reward"),), y="share", front=True),
            Picture("worth", "What the arms are worth", (Layer("worth"),), x="arm", y="value", front=True),
            Picture("chances", "Chances of the arms", (Layer("with", label="baseline", series=(0,)), Layer("without", label="no baseline", series=(1,))), front=True, **chances),
            Picture("settled", "Rank of the settled arm", (Layer("settled", label="baseline", series=(0,)), Layer("settled without", label="no baseline", series=(1,))),
                    x="rank", y="share of the bandits", y_range=(0.0, 1.0)),
            Picture("told", "Chances of the one that is told", (Layer("told", series=(2,)),), **chances),
        )  # fmt: skip

    @property
    def stage(self):
        """Curves of all bandits large, one bandit beside them."""
        return Stage("best arm", companions=("reward", "settled"), below=("worth", "chances"), drawers=(("Told", ("told",)),))

    def observe(self, constants, state, stream):
        """Arms, chances and ranks."""
        which = min(self.shown, self.bandits - 1)
        if stream == "worth":
            return state["worth"][which].copy()
        if stream in ("settled", "settled without"):
            choice = state["preferences"][int(stream != "settled")].argmax(1)
            rank = (state["worth"] > state["worth"][np.arange(self.bandits), choice][:, None]).sum(1)
            return np.bincount(rank, minlength=self.arms) / self.bandits
        if stream in ("with", "without", "told"):
            h = state["preferences"][("with", "without", "told").index(stream), which]
            p = np.exp(h - h.max())
            return p / p.sum()
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        """What each policy earns over the best, and how surely it pulls the best arm."""
        (a, b, c), (p, q, r) = state["last"].tolist()
        return {"pulls": int(state["pulls"][0]), "reward with baseline": a, "reward without": b, "reward when told": c,
                "best arm with baseline": p, "best arm without": q, "best arm when told": r}  # fmt: skip

    @classmethod
    def figures(cls):
        """Rewards and choices after 1000 pulls on five seeds; the slope against differences; no baseline where there is nothing to take away."""
        runs = Seeds(cls, 5)

        def slope(run):
            """Mean step over very many pulls against differences of the expected reward, worst preference."""
            worth, count, h = np.tile([1.0, 2.0, 4.0], (1, 1)), 40_000, 1e-5
            start = np.array([0.3, -0.2, 0.1])
            rng, total = seed_state(0), np.zeros(3)
            for _ in range(count // 2000):
                many = np.repeat(worth, 2000, 0)
                preferences = np.tile(start, (3, 2000, 1))
                pull(many, preferences, np.zeros(2000), np.ones(1), np.zeros((3, 2000), np.int64), rng, 1.0, 1.0, np.empty((1, 2, 3)))
                total += (preferences[WITHOUT] - start).sum(0)

            def earned(H):
                p = np.exp(H) / np.exp(H).sum()
                return p @ worth[0]

            exact = [(earned(start + h * e) - earned(start - h * e)) / (2 * h) for e in np.eye(3)]
            return float(np.abs(total / count - exact).max())

        source = "10 arms of values N(4, 1), rewards N(value, 1), 1000 pulls, the lab's set-up"
        yield Figure(
            "mean step of 40,000 pulls against the slope of the expected reward, worst",
            0.05,
            slope,
            bound="at_most",
            source="Williams (1992), theorem 1",
        )
        yield Figure(
            "reward over the best reward with a baseline, least of five seeds",
            0.98,
            lambda run: min(s["reward with baseline"] for s in runs(run)),
            bound="at_least",
            source=source,
        )
        yield Figure(
            "chance of the best arm without a baseline minus that with one, largest of five seeds",
            -0.1,
            lambda run: max(s["best arm without"] - s["best arm with baseline"] for s in runs(run)),
            bound="at_most",
            source=source,
        )
        yield Figure(
            "values around 0: the same difference in size, largest of five seeds",
            0.1,
            lambda run: max(abs(s["best arm without"] - s["best arm with baseline"]) for s in runs(run, level=0.0)),
            bound="at_most",
            source="there is little to take away",
        )
