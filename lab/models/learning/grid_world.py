"""A grid world: an agent that is told only what its moves earn, beside one that is told the moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.kernels import seed_state
from lab.model import Clock, Figure, Layer, Model, Picture, Preset, Seeds, Stage, Stream, action, arrays, param
from lab.params.bounds import COUNT, MOST_STEPS, Bound, index
from lab.training import reinforcement as rl

MAP = "S...../.##.#./...P../.#.##./.P.#../.....G"
KEPT = 2048  # rows of the history; when it is full every second one is dropped
BRUSHES = {"wall": rl.WALL, "pit": rl.PIT, "goal": rl.GOAL, "bonus": rl.BONUS, "start": rl.START, "floor": rl.FLOOR}
MARKED = {rl.GOAL: 1, rl.PIT: 2, rl.BONUS: 3, rl.START: 4}  # classes of the marks; 0 is the agent
SHOWN = 0.04  # chance below which an arrow is not drawn


@dataclass(frozen=True)
class Constants:
    """The map and where each move leads."""

    kinds: np.ndarray
    to: np.ndarray
    flat: np.ndarray
    start: int


class GridWorld(Model):
    r"""An agent walks over a grid and is told only what its moves earn: late, seldom, and not which move it was for.

    Each cell has a table of four numbers, the policy is their softmax, and learning raises what led to more reward than expected. The colour of a
    cell is what the present policy earns from there, exactly; arrows are the chances of its moves. Beside it, the very same table learns
    in the very same cells, but is **told** which move would have been right. Nothing here is an estimate: what a policy earns is
    computed from the map, so the noisy returns stand beside the true one, and that beside the best there is.

    **Try:**

    - take a brush and click into the map: a wall across the way, a pit beside it, another goal. Values and arrows bend while it learns;
    - *REINFORCE* without a baseline praises every move of a lucky walk. A **mean baseline** can lock into a detour, or give up, if steps are bold: once all
      walks earn the same there is nothing to praise. A **value baseline** asks each cell for itself; the **actor-critic** does not even wait for the end;
    - look at how many episodes the told one needed. That is the price of being told only *how good*, not *what*;
    - let a move cost nothing, or pay something: the goal is no longer worth hurrying for. Put a *bonus* on the floor that pays at every visit, and
      the agent walks in circles. It does what is paid, not what was meant;
    - slow it down to see the agent walk, and slip.

    A move slips with a small chance: then its direction is drawn anew from all four. An episode that is cut off by the horizon has not ended: what would
    have come is taken from the values, not as zero. Rewards count with the discount \(\gamma\).
    """

    name = "grid-world"
    title = "Grid world"
    group = "Learning from reward"
    icon = "mdi6.map-marker-path"
    order = 85
    also = "reinforcement learning; reward; policy gradient; REINFORCE; actor critic; value function; maze; agent; Markov decision process; RL; temporal difference; TD learning; Q-learning"
    equations = (
        r"\pi(a|s) = \mathrm{softmax}(\theta_s)_a, \qquad G_t = \sum_k \gamma^k r_{t+k}",
        r"\Delta\theta = \eta \sum_t (G_t - b_t)\, \nabla \ln \pi(a_t|s_t), \qquad b_t = 0,\ \bar{G},\ V(s_t)",
        r"\delta_t = r_t + \gamma V(s_{t+1}) - V(s_t) \quad \mathrm{in\ place\ of}\ G_t - b_t \quad \mathrm{(actor-critic)}",
        r"V^\pi = r^\pi + \gamma P^\pi V^\pi, \qquad V^* = \max_a (r^a + \gamma P^a V^*)",
    )
    symbols = r"s: state; a: action; r: reward; k: steps ahead; \theta: preferences of the actions in a state; \Delta: change after an episode; b_t: baseline; V: value of a state; \delta_t: surprise of the critic"
    source = (
        "Williams, Machine Learning 8:229 (1992); Sutton and Barto, Reinforcement Learning: An Introduction, 2nd edition (2018), chapters 3, 4 and 13; "
        "Pardo et al. (time limits), ICML (2018)"
    )
    presets = {
        "Value baseline": Preset({}, shows="gained > 0.95", after=60_000.0),
        "Actor-critic": Preset({"method": "actor-critic", "episodes": 800}, shows="gained > 0.95", after=30_000.0),
        "No baseline: slower": Preset({"method": "REINFORCE", "episodes": 800}, shows="gained < 0.9 and gained when told > 0.95", after=30_000.0),
        "Bold steps, mean baseline: some runs give up": Preset(
            {"method": "mean baseline", "rate": 0.2, "batch": 4}, shows="gained < 0.3 and gained when told > 0.95", after=79_000.0, share=0.2),
        "Bold steps, value baseline": Preset({"rate": 0.2, "batch": 4}, shows="gained > 0.9", after=60_000.0, share=0.8),
        "A bonus at every visit: it walks in circles": Preset(
            {"map": "S...../.##.#./...P../.#.##./.P.#.*/....*G", "bonus": 0.1, "method": "actor-critic"}, shows="return > 2 and gained > 0.9", after=70_000.0),
        "A narrow way between pits": Preset(
            {"map": "......./.PPPPP./S.....G/.PPPPP./.......", "slip": 0.3, "episodes": 3000, "method": "actor-critic"}, shows="gained > 0.8", after=40_000.0),
        "See it walk": Preset({"watch": True}, shows="episodes >= 1 and count(trail) > 4", after=180.0),
    }  # fmt: skip

    map: str = param(MAP, builds=True, group="World",
                     doc="Rows divided by '/': . floor, # wall, P pit, G goal, * bonus, S start; up to 12 x 12.")  # fmt: skip
    brush: str = param("wall", choices=tuple(BRUSHES), main=True, group="World", doc="What a click or a drag in the map puts there.")
    goal: float = param(
        1.0,
        lo=-10.0,
        hi=10.0,
        main=True,
        group="World",
        label="Goal pays",
        doc="Reward of reaching a goal, which ends the episode.",
        soft=(-1.0, 2.0),
    )
    pit: float = param(
        -1.0,
        lo=-10.0,
        hi=10.0,
        group="World",
        label="Pit pays",
        doc="Reward of falling into a pit, which ends the episode.",
        soft=(-2.0, 1.0),
    )
    move: float = param(
        -0.02, lo=-1.0, hi=1.0, main=True, group="World", label="A move pays", doc="Reward of every move.", soft=(-0.1, 0.1)
    )
    bonus: float = param(
        0.05, lo=-1.0, hi=1.0, group="World", label="Bonus pays", doc="Reward of entering a bonus cell, at every visit.", soft=(-0.2, 0.2)
    )
    slip: float = param(0.1, lo=0.0, hi=1.0, group="World", doc="Chance that the direction of a move is drawn anew.", soft=(0.0, 0.5))
    horizon: int = param(100, "moves", lo=1, hi=rl.LONGEST, group="World", doc="An episode is cut off after so many moves.", soft=(10, 200))
    gamma: float = param(
        1.0,
        lo=0.0,
        hi=1.0,
        group="World",
        label="Discount",
        doc="What a reward is worth one move later.",
        soft=(0.8, 1.0),
        symbol=r"\gamma",
    )
    method: str = param(
        "value baseline", choices=rl.METHODS, main=True, group="Learning", doc="What a move is praised for: see the equations."
    )
    rate: float = param(0.05, lo=1e-4, hi=2.0, log=True, main=True, group="Learning", label="Learning rate", doc="Rate of the policy (Adam), also of the one that is told.", symbol=r"\eta", soft=(1e-3, 0.5))  # fmt: skip
    value_rate: float = param(0.03, lo=1e-4, hi=1.0, log=True, group="Learning", label="Rate of the values", soft=(0.01, 1.0),
                              doc="Part of the way that a value moves towards what was earned.")  # fmt: skip
    entropy: float = param(
        0.0, lo=0.0, hi=1.0, group="Learning", doc="Reward for chance itself: keeps moves apart from being certain.", soft=(0.0, 0.1)
    )
    batch: int = param(16, "episodes", lo=1, hi=256, log=True, group="Learning", doc="Episodes of an update.")
    episodes: int = param(2000, "episodes", lo=1, hi=10_000_000, log=True, group="Learning", doc="How long it learns.")
    watch: bool = param(False, group="Shown", label="Slowly", doc="Begin at six moves a second.")

    def check(self) -> None:
        """Refuse what is no map."""
        rows = self.map.split("/")
        if not 1 <= len(rows) <= rl.STRIDE or not 1 <= len(rows[0]) <= rl.STRIDE or len({len(r) for r in rows}) != 1:
            raise self.refuse("map", f"must have 1 to {rl.STRIDE} rows of equal length up to {rl.STRIDE}, divided by '/'")
        wrong = next((letter for letter in self.map if letter not in rl.LETTERS + "/"), None)
        if wrong is not None:
            raise self.refuse("map", f"knows . floor, # wall, P pit, G goal, * bonus, S start, and no {wrong!r}")
        if self.map.count("S") != 1:
            raise self.refuse("map", "must have exactly one start S")

    @property
    def clock(self) -> Clock:
        """One step is one move."""
        return Clock(1.0, "move", physical=False, name="move")

    @property
    def speed(self) -> float:
        """A whole run in about half a minute, or slowly enough to follow the agent."""
        return 6.0 if self.watch else max(1000.0, 20.0 * self.episodes / 30.0)

    @property
    def default_steps(self) -> int:
        """Enough for all episodes: the run ends by itself."""
        return min(self.episodes * self.horizon, 2**40)

    def build(self, seed: int) -> Constants:
        """Where each move leads."""
        kinds = rl.grid(self.map)
        return Constants(kinds, *rl.ways(kinds))

    def world(self, constants: Constants) -> rl.World:
        """The world with its rewards as they are now."""
        by_kind = np.array([0.0, 0.0, self.pit, self.goal, self.bonus, 0.0])
        ends = np.isin(constants.flat, (rl.WALL, rl.PIT, rl.GOAL))
        return rl.World(
            constants.to, self.move + by_kind[constants.flat], ends, constants.start, float(self.slip), int(self.horizon), float(self.gamma)
        )

    def start(self, constants: Constants, seed: int):
        """All moves alike everywhere; the agent at the start."""
        table = (rl.CELLS, rl.MOVES)
        counters = np.zeros(6, np.int64)
        counters[rl.CELL] = constants.start
        return {
            "logits": np.zeros(table), "value": np.zeros(rl.CELLS), "told": np.zeros(table), "first": np.zeros((2, *table)), "second": np.zeros((2, *table)),
            "weighed": np.zeros(table), "plain": np.zeros(table), "visits": np.zeros(rl.CELLS),
            "cells": np.full(rl.LONGEST + 1, constants.start, np.int64), "moves": np.zeros(rl.LONGEST + 1, np.int64), "paid": np.zeros(rl.LONGEST + 1),
            "before": np.zeros(rl.LONGEST + 2, np.int64), "earned": np.zeros(2), "counters": counters, "rng": seed_state(seed),
            "history": np.zeros((KEPT, 6)), "rows": np.array([0, 1], np.int64),  # rows used, updates between two
            "reached": np.zeros(2, np.int64),  # episodes after which the agent, and the told one, gained 95 % (0: not yet)
        }  # fmt: skip

    def state_bounds(self, constants: Constants, state, step: int):
        """Cells, moves and counts: kernels use them as places."""
        counters = np.full(6, float(MOST_STEPS))
        counters[[rl.TIME, rl.CELL]] = rl.LONGEST - 1, rl.CELLS - 1
        before = np.append(np.full(rl.LONGEST + 1, rl.CELLS - 1), rl.LONGEST + 1)
        return {"counters": Bound(0, counters), "cells": index(rl.CELLS), "moves": index(rl.MOVES), "before": Bound(0, before), "rows": Bound((0, 1), (KEPT, MOST_STEPS)), "reached": COUNT}  # fmt: skip

    def advance(self, constants: Constants, state, n: int, out) -> int:
        """Walk, and learn after each batch of episodes."""
        world, agent = self.world(constants), arrays(rl.Agent, state)
        rule = rl.Rule(rl.METHODS.index(self.method), float(self.rate), float(self.value_rate), float(self.entropy), int(self.batch))
        answers, best = rl.answers_of(world)
        lines = float(best[constants.start]), self.exact(world, np.full((rl.CELLS, rl.MOVES), 0.25))
        done = 0
        while done < n and not self.finished(constants, state):
            if any(len(e.steps) - e.count[0] <= 5 for e in out.events.values()):
                break
            made, learned = rl.walk(world, agent, rule, answers, n - done, self.episodes)
            done += made
            if learned:
                self._keep(world, state, lines, out, done - 1)
        return done

    def _keep(self, world, state, lines, out, at) -> None:
        """An update was made: what both policies earn now, exactly."""
        own, told = (self.exact(world, rl.chances_of(state[name])) for name in ("logits", "told"))
        count, episode = int(state["counters"][rl.UPDATE]), int(state["counters"][rl.EPISODE])
        for channel, value in enumerate((own, told, *lines)):
            out.events["returns"].append(at, channel, value)
        for k, value in enumerate((own, told)):
            if not state["reached"][k] and value >= lines[1] + 0.95 * (lines[0] - lines[1]):
                state["reached"][k] = episode
        used, every = (int(v) for v in state["rows"])
        if count % every:
            return
        if used == KEPT:
            state["history"][: KEPT // 2] = state["history"][1::2].copy()
            used, every = KEPT // 2, 2 * every
        state["history"][used] = episode, state["earned"][1], own, told, *lines
        state["rows"][:] = used + 1, every

    def exact(self, world, chances) -> float:
        """What a policy earns from the start, computed and not tried."""
        V, Q = np.zeros(rl.CELLS), np.zeros((rl.CELLS, rl.MOVES))
        rl.worth(world, chances, False, V, Q)
        return float(V[world.start])

    def earnings(self, constants, state, name="logits"):
        """What the present policy earns from every cell, exactly."""
        V, Q = np.zeros(rl.CELLS), np.zeros((rl.CELLS, rl.MOVES))
        rl.worth(self.world(constants), rl.chances_of(state[name]), False, V, Q)
        return V

    def finished(self, constants, state) -> str | None:
        """All episodes are over."""
        return "all episodes are over" if state["counters"][rl.EPISODE] >= self.episodes else None

    def changed_live(self, before, constants, state) -> None:
        """Another world: the walk begins again, what was learned stays."""
        if self.map != before.map or self.horizon != before.horizon:
            state["counters"][[rl.TIME, rl.CELL]] = 0, constants.start
        if any(getattr(self, n) != getattr(before, n) for n in ("map", "goal", "pit", "move", "bonus", "slip", "horizon", "gamma")):
            state["reached"][:] = 0

    # -- what a person may do --

    @action("Put a cell", hidden=True, x=(float, param(0.0, lo=-1e6, hi=1e6, doc="Column.")), y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Height, from below.")))  # fmt: skip
    def put(self, constants, state, x, y):
        """Put what the brush says into the cell that was clicked; the start moves, and stays if it would be covered."""
        kinds = constants.kinds.copy()
        row, column = len(kinds) - 1 - round(y), round(x)
        if not (0 <= row < len(kinds) and 0 <= column < kinds.shape[1]) or kinds[row, column] == rl.START:
            return None
        if self.brush == "start":
            kinds[kinds == rl.START] = rl.FLOOR
        kinds[row, column] = BRUSHES[self.brush]
        return {"map": rl.text_of(kinds)}

    @action("Forget everything")
    def forget(self, constants, state):
        """All moves alike again, in the same world; episodes go on counting."""
        for name in ("logits", "value", "told", "first", "second", "weighed", "plain", "visits"):
            state[name][:] = 0.0
        state["reached"][:] = 0

    @action("Clear the map")
    def clear(self, constants, state):
        """A map of the same size with nothing but start and goal."""
        kinds = np.zeros_like(constants.kinds)
        kinds[-1, -1], kinds[0, 0] = rl.GOAL, rl.START
        return {"map": rl.text_of(kinds)}

    # -- what can be looked at --

    @property
    def streams(self):
        """The map with what the policy earns, how it walks, and what both have earned."""
        names = ("agent", "told", "best", "random")
        return (
            Stream("returns", "trace", "", "What each policy earns, exactly, at each update.", (4,), names, events=True),
            Stream("values", "image", "", "What the present policy earns from each cell; a goal or pit shows its reward."),
            Stream("marks", "cloud", "", "The agent and what lies on the map.", channels=("x", "y", "class", "size")),
            Stream("policy", "arrows", "", "Chances of the moves in each cell."),
            Stream("told policy", "arrows", "", "The same of the one that is told."),
            Stream("told values", "image", "", "What the told one earns from each cell."),
            Stream("best policy", "arrows", "", "The best moves."),
            Stream("best values", "image", "", "What the best policy earns from each cell."),
            Stream("walls", "curve", "", "Walls."),
            Stream("trail", "curve", "", "The way of the episode before."),
            Stream("way", "curve", "", "The way of this episode."),
            Stream("learning", "curve", "", "Over the episodes: return of the last one, what both policies earn exactly, the best and the random one.",
                   channels=("each episode", "agent", "told", "best", "random"), x_unit="episodes"),
            Stream("estimates", "cloud", "", "Values as the agent has them (y) against what its policy earns (x).", channels=("x", "y")),
            Stream("equal", "curve", "", "Where both are equal."),
        )  # fmt: skip

    @property
    def pictures(self):
        """The map large, the returns beside it, both other policies below."""
        rows = self.map.split("/")
        ranges: dict[str, Any] = {
            "x_range": (-0.5, len(rows[0]) - 0.5),
            "y_range": (-0.5, len(rows) - 0.5),
            "equal": True,
            "colours": "diverging",
        }
        top = 1.5 * max(abs(self.goal), abs(self.pit), 0.1)  # the ends of the map are dark
        marks = ("agent", "goal", "pit", "bonus", "start")
        same = ("",) * len(marks)  # the small maps have the marks of the large one, which says what they are
        lines = (
            Layer("learning", channel=0, style="pale", label="each episode", series=(0,)), Layer("learning", channel=1, label="agent", series=(0,)),
            Layer("learning", channel=2, label="told", series=(1,)), Layer("learning", channel=3, theory=True, label="best"),
            Layer("learning", channel=4, theory=True, label="random"),
        )  # fmt: skip
        return (
            Picture("world", "What the policy earns", (Layer("values"), Layer("marks"), Layer("walls", style="pale"), Layer("trail", style="pale"), Layer("way", series=(0,)), Layer("policy")),
                    levels=(-top, top), labels=marks, click="put", drag="put", front=True, weight=2.2, figures=("return", "best"),
                    doc="Orange is gain, blue is loss. Choose a brush and click or drag to change the map.", **ranges),
            Picture("learning", "Return over episodes", lines, x="episode", y="return", front=True, figures=("gained", "gained when told"), doc="Thick lines are computed, not tried."),
            Picture("told", "The one that is told", (Layer("told values"), Layer("marks"), Layer("walls", style="pale"), Layer("told policy")), levels=(-top, top), labels=same, **ranges),
            Picture("best", "The best there is", (Layer("best values"), Layer("marks"), Layer("walls", style="pale"), Layer("best policy")), levels=(-top, top), labels=same, **ranges),
            Picture("estimates", "Values, learned and exact", (Layer("estimates"), Layer("equal", theory=True, label="equal")), x="exact", y="learned"),
            Picture("returns", "Exact returns over the moves", (Layer("returns"),), y="return"),
        )  # fmt: skip

    @property
    def stage(self):
        """The map large, the returns beside it; below both other policies, and how true the values are."""
        return Stage("world", companions=("learning",), below=(("told", "best"), "estimates"), drawers=(("Over time", ("returns",)),))

    def observe(self, constants, state, stream):
        """The map, the policies, the returns."""
        kinds, world = constants.kinds, self.world(constants)
        rows, columns = kinds.shape

        def shaped(flat):
            return flat.reshape(rl.STRIDE, rl.STRIDE)[:rows, :columns]

        if stream in ("values", "told values", "best values"):
            V = (
                rl.answers_of(world)[1]
                if stream == "best values"
                else self.earnings(constants, state, "told" if stream == "told values" else "logits")
            )
            shown = shaped(np.where(world.ends & (constants.flat != rl.WALL), world.pay, V))
            return shown[::-1].copy()  # height grows upwards
        if stream in ("policy", "told policy", "best policy"):
            chances = (
                rl.answers_of(world)[0]
                if stream == "best policy"
                else rl.chances_of(state["told" if stream == "told policy" else "logits"])
            )
            found = [
                (c, rows - 1 - r, 0.42 * right * p, -0.42 * down * p)
                for r, c in np.argwhere(~np.isin(kinds, (rl.WALL, rl.PIT, rl.GOAL))).tolist()
                for (down, right), p in zip(rl.STEP, chances[r * rl.STRIDE + c].tolist(), strict=True)
                if p > SHOWN
            ]
            return np.array(found, float).reshape(-1, 4)
        if stream == "marks":
            r, c = divmod(int(state["counters"][rl.CELL]), rl.STRIDE)
            found = [(j, rows - 1 - i, MARKED[int(kinds[i, j])], 1.0) for i, j in np.argwhere(np.isin(kinds, tuple(MARKED))).tolist()]
            found.append((c, rows - 1 - r, 0, 1.6))
            return np.array(
                found + found[-1:] * (len(found) == 5), float
            )  # as many marks as there are kinds would take their names for theirs
        if stream == "walls":
            return self._walls(kinds)
        if stream in ("trail", "way"):
            length = int(state["counters"][rl.TIME]) + 1 if stream == "way" else int(state["before"][-1])
            path = state["cells" if stream == "way" else "before"][:length]
            if not len(path):
                return np.full((2, 1), np.nan)
            return np.stack([path % rl.STRIDE, rows - 1 - path // rl.STRIDE]).astype(float)
        if stream == "learning":
            used = int(state["rows"][0])
            return state["history"][: max(1, used)].T.copy()
        if stream in ("estimates", "equal"):
            open_ = ~world.ends
            exact, own = self.earnings(constants, state)[open_], state["value"][open_]
            if stream == "estimates":
                return np.column_stack([exact, own])
            ends = [min(exact.min(), own.min()), max(exact.max(), own.max())]
            return np.array([ends, ends])
        return super().observe(constants, state, stream)

    @staticmethod
    def _walls(kinds):
        """A hatched square for each wall."""
        square = (
            np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1), (1, 1), (np.nan, np.nan), (-1, 1), (1, -1), (np.nan, np.nan)]) * 0.46
        )
        places = [square + np.array([c, len(kinds) - 1 - r]) for r, c in np.argwhere(kinds == rl.WALL).tolist()]
        return np.concatenate(places).T if places else np.full((2, 1), np.nan)

    def summary(self, constants, state) -> dict[str, Any]:
        """What is earned now, exactly, between the random and the best policy."""
        world = self.world(constants)
        best = float(rl.answers_of(world)[1][constants.start])
        random, own, told = (
            self.exact(world, rl.chances_of(logits)) for logits in (np.zeros((rl.CELLS, rl.MOVES)), state["logits"], state["told"])
        )
        span = max(best - random, 1e-12)
        found = {"episodes": int(state["counters"][rl.EPISODE]), "return": own, "gained": (own - random) / span, "return when told": told, "gained when told": (told - random) / span,
                 "best": best, "random": random}  # fmt: skip
        for name, at in zip(("episodes to 95 %", "told: episodes to 95 %"), state["reached"].tolist(), strict=True):
            if at:
                found[name] = at
        return found

    @classmethod
    def figures(cls):
        """The world against closed forms, and how soon each way of learning gains 95 %, on five seeds."""
        runs = Seeds(cls, 5)

        def start(name):
            return lambda run: run(cls(), steps=0, seed=0, record={}).summary[name]

        def system(run):
            """Backward recursion over a long horizon against the linear system, for a policy of chance."""
            s = run(cls(horizon=rl.LONGEST, gamma=0.97), steps=0, seed=0, record={}).simulation
            chances = rl.chances_of(np.random.default_rng(0).normal(size=(rl.CELLS, rl.MOVES)))
            V, Q = np.zeros(rl.CELLS), np.zeros((rl.CELLS, rl.MOVES))
            world = s.model.world(s.constants)
            rl.worth(world, chances, False, V, Q)
            return float(np.abs(V - rl.solved(world, chances)).max())

        def tried(run):
            """Mean of 4000 walks of the random policy, off its exact return, in standard errors."""
            s = run(cls(batch=256, episodes=10_000_000, rate=1e-4), steps=0, seed=3, record={}).simulation
            world, agent = s.model.world(s.constants), arrays(rl.Agent, s.state)
            total: list[float] = []
            rule = rl.Rule(rl.PLAIN, 0.0, 0.0, 0.0, 10**9)
            while len(total) < 4000:
                rl.walk(world, agent, rule, agent.logits, 10**9, int(agent.counters[rl.EPISODE]) + 1)
                total.append(float(agent.earned[1]))
            return abs(np.mean(total) - s.model.exact(world, rl.chances_of(agent.logits))) / (np.std(total) / np.sqrt(len(total)))

        lab = "the lab's set-up: 6 x 6, 16 episodes an update, Adam 0.05, all from 0"
        yield Figure("return of the best policy", 0.7733, start("best"), 5e-5, source="backward recursion over 100 moves")
        yield Figure("return of the random policy", -1.6571, start("random"), 5e-5, source="backward recursion over 100 moves")
        yield Figure(
            "recursion over a long horizon against the linear system",
            1e-10,
            system,
            bound="at_most",
            source="Sutton and Barto, equation 4.4",
        )
        yield Figure(
            "mean of 4000 walks of the random policy off its exact return, in standard errors",
            4.0,
            tried,
            bound="at_most",
            source="the law of large numbers",
        )
        yield Figure(
            "value baseline, least gain of five seeds after 2000 episodes",
            0.95,
            lambda run: min(s["gained"] for s in runs(run)),
            bound="at_least",
            source=lab,
        )
        yield Figure(
            "actor-critic, least gain of five seeds after 800 episodes",
            0.95,
            lambda run: min(s["gained"] for s in runs(run, method="actor-critic", episodes=800)),
            bound="at_least",
            source=lab,
        )
        yield Figure(
            "told the moves, updates to 95 %, most of five seeds",
            100,
            lambda run: max(s["told: episodes to 95 %"] / 16 for s in runs(run)),
            bound="at_most",
            source=lab,
        )
