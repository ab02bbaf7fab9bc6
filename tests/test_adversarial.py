"""Adversarial networks: the game, its slow motion, what it is judged by."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab import catalog
from lab.engine.simulation import Simulation
from lab.errors import ParameterError
from lab.training import makers
from lab.training.distributions import Bins, jensen_shannon, kullback_leibler, normal_mass, pushed, real_masses, shares
from lab.training.geometry import contours

GAN = catalog.load("generative-adversarial-network")
SMALL = {"generator": "16", "discriminator": "16", "batch": 32}


def weights(s, who):
    return {name: array.copy() for name, array in s.constants.program.parameters(s.state).items() if name.startswith(who)}


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_losses_are_those_of_the_logits():
    s = Simulation(GAN(**SMALL), 1)
    s.advance(20)
    x = s.model.maker.held_out(0, 64)["x"]
    tape = s.model.tape_state(s.constants, s.state)
    d, g, real, fake = (a.astype(float) for a in s.constants.program.forward(tape, ["loss of D", "loss of G", "real", "fake"], x=x, seed=4))
    believed, caught = 1 / (1 + np.exp(-real[:, 0])), 1 / (1 + np.exp(-fake[:, 0]))
    assert d == pytest.approx(-np.log(believed) - np.log(1 - caught), rel=1e-4) and g == pytest.approx(-np.log(caught), rel=1e-4)
    s.change(objective="minimax")
    tape = s.model.tape_state(s.constants, s.state)
    assert s.constants.program.forward(tape, "loss of G", x=x, seed=4) == pytest.approx(np.log(1 - caught), rel=1e-4)
    assert s.model.believe(s.constants, s.state, x) == pytest.approx(believed, rel=1e-5)


def test_each_player_moves_its_own_weights_only():
    s = Simulation(GAN(**SMALL), 1)
    d, g = weights(s, "D."), weights(s, "G.")
    s.act("step_d")
    assert not same(d, weights(s, "D.")) and same(g, weights(s, "G."))
    d = weights(s, "D.")
    s.act("step_g")
    assert same(d, weights(s, "D.")) and not same(g, weights(s, "G.")) and s.step == 0
    s.change(d_learns=False)
    s.advance(3)
    assert same(d, weights(s, "D."))
    s.change(d_learns=True, g_learns=False)
    g = weights(s, "G.")
    losses = s.advance(3, ["loss"]).samples["loss"]
    assert same(g, weights(s, "G.")) and len(set(losses[:, 1])) == 3  # it goes on measuring


def test_six_phases_are_one_step_of_the_game_to_the_byte():
    slow, quick = (Simulation(GAN(**SMALL), 7) for _ in range(2))
    for s in (slow, quick):
        s.advance(5)
    quick.advance(1)
    names = []
    for _ in range(6):
        names.append(slow.summary()["phase"])
        slow.observe("matrices"), slow.observe("scheme")
        slow.act("next_phase")
    assert names == [
        f"{k + 1} of 6: {n}" for k, n in enumerate(("draw noise", "G forges", "D reads both", "score D", "D learns", "G learns"))
    ]
    for key in ("parameters", "moments", "random"):
        assert np.array_equal(slow.state[key], quick.state[key]), key
    assert slow.step == 5 and slow.state["counters"][2] == quick.state["counters"][2]


def test_slow_motion_lights_what_is_at_work_and_shows_what_the_update_does():
    s = Simulation(GAN(**SMALL), 7)
    lit, shown = [], []
    for _ in range(6):
        lit.append(
            [
                name.partition("\n")[0]
                for name, node in zip(s.model.labels(s.constants, "scheme"), s.observe("scheme")["nodes"], strict=True)
                if node[2]
            ]
        )
        shown.append({e["name"]: e for e in s.observe("matrices")[1:]})
        before = weights(s, "D.output.weight")["D.output.weight"]
        s.act("next_phase")
        if len(shown) == 5:
            after = weights(s, "D.output.weight")["D.output.weight"]
            assert np.array_equal(shown[4]["W (D)"]["values"], before) and np.allclose(shown[4]["new W (D)"]["values"], after)
    assert lit == [
        ["z"],
        ["z", "G", "forged"],
        ["forged", "real", "D"],
        ["D", "loss of D"],
        ["D", "loss of D"],
        ["G", "forged", "D", "loss of G"],
    ]
    assert list(shown[0]) == ["z"] and "D(real)" not in shown[1] and "−ln D" in shown[3] and "−slope" in shown[5]
    assert np.array_equal(shown[0]["z"]["values"], shown[4]["z"]["values"]) and not np.array_equal(
        shown[0]["z"]["values"], shown[5]["z"]["values"]
    )
    assert shown[3]["−ln D"]["values"] == pytest.approx(-np.log(shown[3]["D(real)"]["values"]), rel=1e-5)


def test_same_seed_same_game_and_other_seed_another():
    def after(seed, blocks):
        s = Simulation(GAN(**SMALL, k=2), seed)
        for n in blocks:
            s.advance(n)
        return s.state["parameters"].tobytes()

    assert after(3, (40,)) == after(3, (1, 7, 32)) != after(4, (40,))


def test_d_has_its_steps_for_each_of_g():
    s = Simulation(GAN(**SMALL, k=3), 1)
    g = weights(s, "G.")
    s.advance(2)
    assert same(g, weights(s, "G."))
    s.advance(1)
    assert not same(g, weights(s, "G.")) and s.state["counters"][3:5].tolist() == [3, 1]


def test_data_painted_while_the_game_goes_on_are_learned():
    s = Simulation(GAN(data="painted", **SMALL), 1)
    s.advance(10)
    before = s.constants
    s.act("paint_point", x=3.0, y=3.0)
    assert s.constants is before and len(s.model.painted) == 4
    x = s.model.samples_of(s.constants, s.state)["x"]
    assert np.hypot(*(x - 3).T).min() < 0.2 and s.observe("field").shape == (48, 48)
    s.advance(10)
    s.act("clear_points")
    assert len(s.model.modes()) == 1


@pytest.mark.parametrize("data", ["Gaussian", "density", "moons", "grid", "digits"])
def test_every_kind_of_data_is_played_and_shown(data):
    if data == "digits":
        pytest.importorskip("sklearn")
    s = Simulation(GAN(data=data, noise=1 if data in ("Gaussian", "density") else 4, evaluate=5.0, looking=10.0, **SMALL), 1)
    s.advance(6)
    for stream in s.model.streams:
        if stream.form == "snapshots":
            s.observe(stream.name)
    assert ("JS" in s.summary()) == (data != "digits") and ("modes found" in s.summary()) == (data in ("grid", "digits"))
    if data == "Gaussian":
        x, p, q = s.observe("densities")
        assert p == pytest.approx(np.exp(-((x - 1) ** 2) / (2 * 0.05**2)) / (0.05 * math.sqrt(2 * math.pi)), abs=0.02 * p.max())
        assert float(q.sum() * (x[1] - x[0])) == pytest.approx(1.0)
        z, made, best = s.observe("transport")
        assert best[40:-40] == pytest.approx(1 + 0.05 * z[40:-40], abs=2e-3) and len(made) == len(z)


def test_modes_found_are_counted_by_both_thresholds():
    modes = np.array([[0.0, 0.0], [1.0, 0.0]])
    points = np.array([[0.05, 0.0]] * 3 + [[1.0, 0.1]] * 1 + [[0.5, 0.0]] * 6)
    per, near = shares(points, modes, 0.15)
    assert per.tolist() == [0.3, 0.1] and near == pytest.approx(0.4)
    s = Simulation(GAN(**SMALL), 1)
    forged = s.model.forge(s.constants, s.state, s.constants.extra["z"])
    per = s.observe("mode shares")
    assert per == pytest.approx(shares(forged, s.model.modes(), 0.15)[0]) and (s.observe("threshold") == 0.01).all()
    s.change(near=5.0, found_at=0.0)
    assert s.model.measure(s.constants, s.state, {})["share near a mode"] > 0.99


def test_figures_beside_a_picture_are_those_of_the_points_in_it():
    s = Simulation(GAN(evaluate=5.0, looking=10.0, found_at=0.001, **SMALL), 1)
    s.advance(5)
    s.act("step_g")  # between two evaluations
    told, forged = s.summary(), s.model.forge(s.constants, s.state, s.constants.extra["z"])
    assert told["modes found"] == int((s.observe("mode shares") > 0.001).sum()) and told["mean"] == pytest.approx(
        float(forged[:, 0].mean())
    )
    assert told["mean"] != s.state["measured"][[m.name for m in s.model.measures].index("mean")]


def test_divergences_are_those_of_books():
    edges = np.linspace(-10, 10, 2001)
    p, q = normal_mass(edges, 0.0, 1.0), normal_mass(edges, 1.0, 1.0)
    assert p.sum() == pytest.approx(1) and kullback_leibler(p, q) == pytest.approx(0.5, abs=1e-4) and kullback_leibler(p, p) == 0
    far = normal_mass(edges, 9.0, 0.1)
    assert jensen_shannon(normal_mass(edges, -9.0, 0.1), far) == pytest.approx(math.log(2)) and jensen_shannon(p, q) == jensen_shannon(q, p)
    z = np.linspace(-6, 6, 4001)
    assert pushed(z, np.abs(z), edges)[1000:1200] == pytest.approx(2 * p[1000:1200], rel=1e-3)  # two ways to the same place add up
    ring = makers.Points(kind="ring", noise=0.1)
    bins = Bins.over((-2.0, -2.0), (2.0, 2.0), 24)
    exact, drawn = real_masses(ring, bins), bins.counted(ring.held_out(0, 200_000)["x"])
    assert exact.sum() == pytest.approx(1) and jensen_shannon(exact, drawn) < 1e-3


def test_the_edge_lies_where_d_is_one_half():
    s = Simulation(GAN(**SMALL), 2)
    s.advance(50)
    edge = s.observe("edge")
    places = edge[:, np.isfinite(edge[0])].T
    assert len(places) > 4 and s.model.believe(s.constants, s.state, places) == pytest.approx(0.5, abs=0.03)
    x = np.linspace(-1, 1, 21)
    circle = contours(x[None, :] ** 2 + x[:, None] ** 2, x, x, np.array([0.25]))
    assert np.nanmax(np.abs(np.hypot(*circle) - 0.5)) < 0.01


def test_a_game_that_lost_its_modes_says_so_with_a_way_back():
    s = Simulation(GAN(**SMALL), 1)
    assert s.model.advice(s.constants, s.state) is None
    s.advance(2)
    s.state["figures"][[5, 6, 8]], s.state["measured"][0] = (8, 1200, 9), 2
    advice = s.model.advice(s.constants, s.state)
    assert advice.sentence.startswith("Collapse: 2 modes are left of 8 at step 1200") and [
        (way.action, way.back_to) for way in advice.remedies
    ] == [("", 1200), ("restore_best", None)]


def test_a_game_that_never_left_a_mode_offers_a_branch_before_it_with_wider_clouds():
    s = Simulation(GAN(**SMALL, spread=0.02), 1)
    s.advance(2)
    s.state["figures"][[5, 6, 8]], s.state["measured"][0] = (1, 800, 9), 1
    advice = s.model.advice(s.constants, s.state)
    (way,) = advice.remedies
    assert "1 of 8 modes" in advice.sentence and (way.back_to, way.changes) == (400, {"spread": 0.2})
    s.state["figures"][8] = 3  # too early to say
    assert s.model.advice(s.constants, s.state) is None


def test_sizes_of_layers_are_numbers():
    with pytest.raises(ParameterError, match="generator: must be one to eight numbers"):
        GAN(generator="64-x")


@pytest.mark.parametrize("data", ["ring", "Gaussian"])
def test_the_parts_of_the_game_are_shown_whatever_is_forged(data):
    s = Simulation(GAN(data=data, noise=1, **SMALL), 1)
    assert s.observe("scheme")["nodes"].shape == (7, 3) and s.observe("weights").shape[0] == 2
