"""The grid world: exact returns, policy gradients against differences, what a person changes in the map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab import catalog
from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.model import arrays
from lab.training import reinforcement as rl

MODEL = catalog.load("grid-world")
SMALL = "S./#G"  # two ways to nowhere, one to the goal


def parts(seed=0, **values):
    s = Simulation(MODEL(**values), seed)
    return s, s.model.world(s.constants), arrays(rl.Agent, s.state)


def by_hand(world, chances, horizon):
    """Exact return by following every branch, for few moves."""

    def from_(s, left):
        if left == 0 or world.ends[s]:
            return 0.0
        total = 0.0
        for a in range(4):
            for b in range(4):
                p = chances[s, a] * ((1 - world.slip) * (a == b) + world.slip / 4)
                t = world.to[s, b]
                total += p * (world.pay[t] + world.gamma * from_(t, left - 1))
        return total

    return from_(world.start, horizon)


@given(seed=st.integers(0, 1000), slip=st.floats(0, 1), gamma=st.floats(0, 1))
@settings(max_examples=10, deadline=None)
def test_what_a_policy_earns_is_the_sum_over_all_ways(seed, slip, gamma):
    s, world, _ = parts(map=SMALL, horizon=3, slip=slip, gamma=gamma)
    chances = rl.chances_of(np.random.default_rng(seed).normal(size=(rl.CELLS, rl.MOVES)))
    assert s.model.exact(world, chances) == pytest.approx(by_hand(world, chances, 3), abs=1e-12)


@given(seed=st.integers(0, 1000), slip=st.floats(0, 1), move=st.floats(-0.5, 0.5))
@settings(max_examples=20, deadline=None)
def test_no_policy_earns_more_than_the_best_and_a_long_horizon_is_the_linear_system(seed, slip, move):
    _s, world, _ = parts(slip=slip, move=move, gamma=0.9, horizon=400)
    chances = rl.chances_of(3 * np.random.default_rng(seed).normal(size=(rl.CELLS, rl.MOVES)))
    _, best = rl.answers_of(world)
    V, Q = np.zeros(rl.CELLS), np.zeros((rl.CELLS, rl.MOVES))
    rl.worth(world, chances, False, V, Q)
    assert (V <= best + 1e-12).all()
    np.testing.assert_allclose(V, rl.solved(world, chances), atol=1e-10)


def test_the_linear_system_is_the_recursion_with_endless_patience():
    _s, world, _ = parts(horizon=1000)
    chances = rl.answers_of(world)[0]
    V, Q = np.zeros(rl.CELLS), np.zeros((rl.CELLS, rl.MOVES))
    rl.worth(world, chances, False, V, Q)
    assert V[world.start] == pytest.approx(rl.solved(world, chances)[world.start], abs=1e-9)


@pytest.mark.parametrize(
    "method, tolerance", [("REINFORCE", 0.03), ("mean baseline", 0.03), ("value baseline", 0.03), ("actor-critic", 0.03)]
)
def test_many_walks_point_where_the_return_rises(method, tolerance):
    """The mean of the praise over very many episodes is the slope of the exact return by central differences."""
    s, world, agent = parts(map=SMALL, horizon=100, slip=0.1, value_rate=1e-4, batch=1)
    agent.logits[:] = np.random.default_rng(0).normal(size=agent.logits.shape) * 0.3
    rl.worth(world, rl.chances_of(agent.logits), False, agent.value, np.zeros((rl.CELLS, rl.MOVES)))
    rule = rl.Rule(rl.METHODS.index(method), 0.0, 0.0, 0.0, 10**9)
    count = 30_000
    rl.walk(world, agent, rule, agent.logits, 10**9, count)
    found = agent.weighed.copy()
    if method == "mean baseline":
        found -= agent.earned[0] / count * agent.plain
    expected, h = np.zeros_like(found), 1e-5
    for at in np.argwhere(agent.plain != 0):
        ends = []
        for sign in (h, -h):
            other = agent.logits.copy()
            other[tuple(at)] += sign
            ends.append(s.model.exact(world, rl.chances_of(other)))
        expected[tuple(at)] = (ends[0] - ends[1]) / (2 * h)
    np.testing.assert_allclose(found / count, expected, atol=0.02)
    assert np.abs(expected).max() > 0.1


def test_the_one_that_is_told_follows_the_slope_of_its_log_likelihood():
    _s, world, agent = parts(map=SMALL, batch=1)
    answers, _ = rl.answers_of(world)
    agent.told[:] = np.random.default_rng(1).normal(size=agent.told.shape)
    agent.visits[world.start] = 3.0
    before, h = agent.told.copy(), 1e-6

    def likelihood(table):
        return 3.0 * (answers[world.start] * np.log(rl.chances_of(table)[world.start])).sum()

    slope = np.zeros(4)
    for a in range(4):
        up, down = before.copy(), before.copy()
        up[world.start, a] += h
        down[world.start, a] -= h
        slope[a] = (likelihood(up) - likelihood(down)) / (2 * h)
    rl.update(agent, rl.Rule(rl.PLAIN, 0.1, 0.1, 0.0, 1), answers)
    np.testing.assert_allclose(agent.first[1][world.start] / 0.1, slope, atol=1e-8)  # Adam's first mean after one step
    assert (agent.told[world.start] - before[world.start] == pytest.approx(0.1 * np.sign(slope), abs=1e-6)) and (agent.visits == 0).all()


def test_an_episode_that_is_cut_off_is_worth_what_its_last_cell_is_worth():
    _s, world, agent = parts(map="S.", horizon=1, slip=0.0, move=-1.0, gamma=0.5)
    agent.value[:] = 8.0
    for method, praise in ((rl.CRITIC, -1.0 + 0.5 * 8.0 - 8.0), (rl.VALUE, -1.0 + 0.5 * 8.0 - 8.0), (rl.PLAIN, -1.0)):
        agent.weighed[:], agent.value[:] = 0.0, 8.0
        agent.counters[rl.EPISODE] = 0
        rl.walk(world, agent, rl.Rule(method, 0.0, 0.0, 0.0, 10**9), agent.logits, 1, 1)
        made = int(agent.moves[0])
        assert agent.weighed[world.start, made] == pytest.approx(0.75 * praise)


def test_walls_and_edges_hold_and_a_slip_is_any_direction():
    kinds = rl.grid("S#/.G")
    to, flat, start = rl.ways(kinds)
    assert start == 0 and flat[1] == rl.WALL and rl.text_of(kinds) == "S#/.G"
    assert to[0].tolist() == [0, 0, rl.STRIDE, 0]  # up: edge, right: wall, down, left: edge
    _, world, agent = parts(map="..../.S../....", slip=1.0, horizon=1)
    agent.logits[:, 0] = 50.0
    ends = []
    for k in range(2000):
        rl.walk(world, agent, rl.Rule(rl.PLAIN, 0.0, 0.0, 0.0, 10**9), agent.logits, 1, k + 1)
        ends.append(int(agent.cells[1]))
    counts = np.unique(ends, return_counts=True)[1]
    assert len(counts) == 4 and counts.min() > 400


def test_a_click_changes_the_world_and_what_was_learned_stays():
    s = Simulation(MODEL(episodes=400), 1)
    s.advance(4000)
    learned = s.state["logits"].copy()
    best = s.summary()["best"]
    s.act("put", x=0, y=4)  # brush: wall, below the start
    assert s.model.map.split("/")[1][0] == "#" and s.state["counters"][rl.TIME] == 0
    assert (s.state["logits"] == learned).all() and s.summary()["best"] != best
    s.change(brush="start")
    s.act("put", x=2, y=5)
    assert s.model.map.startswith("..S") and s.model.map.count("S") == 1
    s.advance(100)
    before = s.model.map
    for x, y in ((2, 5), (-9, 0), (0, 77)):  # the start itself, and places beside the map
        s.act("put", x=x, y=y)
    assert s.model.map == before
    s.act("clear")
    assert sorted(set(s.model.map)) == [".", "/", "G", "S"]
    s.act("forget")
    assert (s.state["logits"] == 0).all()
    s.advance(50)


@pytest.mark.parametrize(
    "text, words",
    [
        ("S.#", None),
        ("...", "one start"),
        ("S./.", "equal length"),
        ("SX", "'X'"),
        ("S" * 2, "one start"),
        ("S" + "." * 12, "12"),
        ("", "rows"),
    ],
)
def test_maps_of_a_person_are_taken_or_refused_in_words(text, words):
    if words is None:
        s = Simulation(MODEL(map=text), 1)
        s.advance(300)
        for stream in s.model.streams:
            if stream.form == "snapshots":
                s.observe(stream.name)
    else:
        with pytest.raises(LabError, match=words):
            MODEL(map=text)


@pytest.mark.parametrize("method", rl.METHODS)
def test_pictures_hold_what_they_say(method):
    s = Simulation(MODEL(method=method, episodes=64), 2)
    s.advance(10_000)
    shown = {stream.name: s.observe(stream.name) for stream in s.model.streams if stream.form == "snapshots"}
    assert shown["values"].shape == (6, 6) and shown["values"][0, 5] == pytest.approx(1.0 - 0.02)  # the goal, below right
    assert len(shown["marks"]) != 5 and shown["learning"].shape[0] == 6
    right = shown["best policy"]
    assert (np.abs(right[:, 2:]).max(1) <= 0.42).all()
    u = s.summary()
    assert u["random"] < u["return"] <= u["best"] and s.observe("learning")[2, -1] == pytest.approx(u["return"], abs=1e-12)
    assert s.step < 10_000 and s.state["counters"][rl.EPISODE] == 64  # the run ends by itself


def test_the_history_is_thinned_and_never_overflows(monkeypatch):
    monkeypatch.setattr("lab.models.learning.grid_world.KEPT", 8)
    s = Simulation(MODEL(batch=1, episodes=100, map=SMALL), 1)
    s.advance(20_000)
    rows = s.observe("learning")[0]
    assert 4 <= len(rows) <= 8 and (np.diff(rows) > 0).all() and rows[-1] > 80


@pytest.mark.parametrize(
    "name, value",
    [("cells", 10**6), ("cells", -1), ("moves", 4), ("before", -3), ("counters", 10**6), ("rows", -1), ("logits", None), ("history", None)],
)
def test_a_state_of_a_stranger_is_refused_before_a_kernel_reads_it(name, value):
    s = Simulation(MODEL(), 1)
    s.advance(50)
    point = s.checkpoint()
    point.state[name] = point.state[name][:-1] if value is None else np.full_like(point.state[name], value)
    with pytest.raises(LabError, match=name):
        s.restore(point)
