"""Predictive coding: local rules against back-propagation, differences and closed forms; the energy falls; the page and its actions."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from hypothesis import given, settings
from hypothesis import strategies as st

from lab import catalog
from lab.engine.simulation import Simulation
from lab.errors import DivergenceError, LabError
from lab.training import predictive as pc

MODEL = catalog.load("predictive-coding")
SMALL = {"data": "moons", "hidden": "5-4", "batch": 8, "epochs": 2}
SLOPES = {
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "linear": np.ones_like,
    "ReLU": lambda x: (x > 0) * 1.0,
    "logistic": lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2,
}
VALUES = {"tanh": np.tanh, "linear": lambda x: x, "ReLU": lambda x: np.maximum(x, 0), "logistic": lambda x: 1 / (1 + np.exp(-x))}


def network(
    seed=0,
    sizes=(4, 5, 3, 2),
    activation="tanh",
    clamp=pc.TRAIN,
    form=pc.STRICT,
    tied=True,
    follow=False,
    rate=0.05,
    nu=None,
    prior=0.1,
    batch=6,
):
    random = np.random.default_rng(seed)
    net = pc.layout(sizes)
    weights = pc.first_weights(net, random, tied)
    weights.b[:] = random.normal(size=weights.b.size) * 0.3
    how = pc.How(
        batch,
        pc.ACTIVATIONS.index(activation),
        clamp,
        form,
        tied,
        follow,
        rate,
        np.ones(len(sizes)) if nu is None else np.array(nu, float),
        prior,
        np.zeros(sizes[0]),
    )
    x, y = random.normal(size=(batch, sizes[0])), random.normal(size=(batch, sizes[-1]))
    return net, weights, how, x, y


def settled(net, weights, how, x, y, sweeps, part=1.0, zero=False):
    nodes, energies = pc.empty(net, how.batch), np.zeros((sweeps + 1, len(net.sizes)))
    step = pc.Weights(np.zeros_like(weights.M), np.zeros_like(weights.b), weights.W)
    pc.begin(net, weights, nodes, how, x, y, part, zero, energies[0], step)
    pc.settle(net, weights, nodes, how, step, energies[1:], 0, sweeps)
    if how.form != pc.ZERO:
        pc.steps_of(net, nodes, how, step, 0)
    return nodes, step, energies


def back(net, weights, how, x, y):
    step = pc.Weights(np.empty_like(weights.M), np.empty_like(weights.b), weights.W)
    pc.back_propagate(net, weights.M, weights.b, how.activation, pc.empty(net, how.batch), x, y, step)
    return step


def energy(net, weights, how, layers, activation):
    """The definition, in plain arrays."""
    total = 0.0 if how.clamp != pc.GENERATE else 0.5 * how.prior * ((layers[0] - how.mean) ** 2).sum()
    for k, M in enumerate(pc.matrices(net, weights.M)):
        mu = VALUES[activation](layers[k]) @ M + weights.b[net.biases[k] : net.biases[k + 1]]
        total += 0.5 / how.nu[k + 1] * ((layers[k + 1] - mu) ** 2).sum()
    return total / how.batch


@pytest.mark.parametrize("activation", pc.ACTIVATIONS)
@pytest.mark.parametrize("clamp", [pc.TRAIN, pc.TEST, pc.GENERATE])
def test_states_and_weights_move_down_the_slope_of_the_energy(activation, clamp):
    net, weights, how, x, y = network(1, activation=activation, clamp=clamp, nu=(1, 0.5, 2, 1.5), rate=0.01)
    nodes, step, energies = settled(net, weights, how, x, y, 7)
    layers = pc.layers(net, nodes.x, how.batch)
    assert energies[-1, 0] == pytest.approx(energy(net, weights, how, layers, activation), rel=1e-12)
    assert clamp == pc.GENERATE or energies[:, 0] == pytest.approx(energies[:, 1:].sum(1), abs=1e-12)
    before, h = nodes.x.copy(), 1e-6
    pc.move(net, weights, nodes, how, np.empty(200))
    moved = (nodes.x - before) / how.rate
    nodes.x[:] = before
    free = {pc.TRAIN: (1, 3), pc.TEST: (1, 4), pc.GENERATE: (0, 3)}[clamp]
    first, last = (how.batch * int(net.units[k]) for k in free)
    assert (moved[:first] == 0).all() and (moved[last:] == 0).all()
    for i in range(first, last, 3):
        ends = []
        for sign in (h, -h):
            other = before.copy()
            other[i] += sign
            ends.append(energy(net, weights, how, pc.layers(net, other, how.batch), activation) * how.batch)
        assert moved[i] == pytest.approx(-(ends[0] - ends[1]) / (2 * h), rel=1e-5, abs=1e-7)
    for flat, own in ((weights.M, step.M), (weights.b, step.b)):
        for i in range(0, flat.size, 4):
            kept, ends = flat[i], []
            for sign in (h, -h):
                flat[i] = kept + sign
                ends.append(energy(net, weights, how, layers, activation))
            flat[i] = kept
            assert own[i] == pytest.approx(-how.nu[-1] * (ends[0] - ends[1]) / (2 * h), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("activation", pc.ACTIVATIONS)
def test_back_propagation_beside_is_the_slope_of_the_squared_error(activation):
    net, weights, how, x, y = network(2, activation=activation)
    step, h = back(net, weights, how, x, y), 1e-6

    def loss():
        layer = x
        for k, M in enumerate(pc.matrices(net, weights.M)):
            layer = VALUES[activation](layer) @ M + weights.b[net.biases[k] : net.biases[k + 1]]
        return 0.5 * ((y - layer) ** 2).sum() / how.batch

    for flat, own in ((weights.M, step.M), (weights.b, step.b)):
        for i in range(0, flat.size, 3):
            kept = flat[i]
            flat[i] = kept + h
            up = loss()
            flat[i] = kept - h
            down = loss()
            flat[i] = kept
            assert own[i] == pytest.approx(-(up - down) / (2 * h), rel=1e-5, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000), activation=st.sampled_from(pc.ACTIVATIONS), clamp=st.sampled_from([pc.TRAIN, pc.TEST, pc.GENERATE]),
    zero=st.booleans(), variances=st.lists(st.floats(0.3, 5.0), min_size=4, max_size=4), part=st.floats(0.01, 1.0),
)  # fmt: skip
def test_the_energy_never_rises_for_small_steps(seed, activation, clamp, zero, variances, part):
    net, weights, how, x, y = network(seed, activation=activation, clamp=clamp, nu=variances, rate=0.01)
    energies, nodes = np.zeros((61, len(net.sizes))), pc.empty(net, how.batch)
    step = pc.Weights(np.zeros_like(weights.M), np.zeros_like(weights.b), weights.W)
    pc.begin(net, weights, nodes, how, x, y, part, zero, energies[0], step)
    # A step over the kink of a ReLU sees the slope of one side only, and may rise; the energy is smooth on each side of it.
    one_side = np.ones(60, bool)
    for k in range(60):
        slopes = nodes.d.copy()
        pc.settle(net, weights, nodes, how, step, energies[k + 1 : k + 2], k, 1)
        one_side[k] = activation != "ReLU" or np.array_equal(slopes, nodes.d)
    total = energies[:, 0]
    assert (np.diff(total)[one_side] <= 1e-12 * max(1.0, total[0])).all() and total[-1] <= total[0] + 1e-12


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    activation=st.sampled_from(pc.ACTIVATIONS),
    form=st.sampled_from([pc.FIXED, pc.ZERO]),
    part=st.floats(0.01, 1.0),
    nu=st.floats(0.1, 10.0),
)
def test_under_their_conditions_both_forms_equal_back_propagation(seed, activation, form, part, nu):
    net, weights, how, x, y = network(seed, sizes=(4, 6, 5, 3, 2), activation=activation, form=form, rate=1.0, nu=(1, 1, 1, 1, nu))
    step = settled(net, weights, how, x, y, 3, part)[1]
    for one, other in zip(step[:2], back(net, weights, how, x, y)[:2], strict=True):
        np.testing.assert_allclose(one / part, other, rtol=1e-10, atol=1e-12 * np.abs(other).max())


@pytest.mark.parametrize("form, rate, sweeps", [(pc.FIXED, 1.0, 2), (pc.ZERO, 0.5, 3), (pc.STRICT, 0.1, 300)])
def test_without_the_conditions_they_do_not(form, rate, sweeps):
    net, weights, how, x, y = network(3, sizes=(4, 6, 5, 3, 2), form=form, rate=rate)
    step = settled(net, weights, how, x, y, sweeps)[1]
    assert pc.apart(step.M, back(net, weights, how, x, y).M)[0] > 0.01


def test_a_linear_network_comes_to_its_closed_form():
    net, weights, how, x, y = network(4, activation="linear", rate=0.1, nu=(1, 0.7, 1.3, 0.5))
    nodes = settled(net, weights, how, x, y, 3000)[0]
    plain = pc.empty(net, how.batch)
    plain.x[: x.size] = x.ravel()
    pc.forward(net, weights.M, weights.b, how.activation, plain, how.batch)
    said = pc.layers(net, plain.mu, how.batch)[-1]
    for i in range(how.batch):
        slopes = [layer[i] for layer in pc.layers(net, plain.d, how.batch)]
        known = pc.closed_form(net, weights.M, slopes, how.nu, y[i] - said[i])
        np.testing.assert_allclose(pc.layers(net, nodes.eps, how.batch)[-1][i], known, rtol=1e-10, atol=1e-12)


def test_error_nodes_that_follow_come_to_rest_where_those_at_once_are():
    net, weights, how, x, y = network(5, rate=0.1)
    at_once = settled(net, weights, how, x, y, 2000)[0]
    follow = settled(net, weights, how._replace(follow=True), x, y, 2000)[0]
    np.testing.assert_allclose(follow.eps, at_once.eps, atol=1e-8)


def test_a_held_input_settles_at_the_prediction_wherever_it_begins():
    net, weights, how, x, y = network(6, clamp=pc.TEST, rate=0.2)
    nodes, _, energies = settled(net, weights, how, x, y, 800, zero=True)
    plain = pc.empty(net, how.batch)
    plain.x[: x.size] = x.ravel()
    pc.forward(net, weights.M, weights.b, how.activation, plain, how.batch)
    assert energies[0, 0] > 0.1 and energies[-1, 0] < 1e-12
    np.testing.assert_allclose(nodes.x[x.size :], plain.x[x.size :], atol=1e-6)


def test_both_sets_of_weights_learn_by_the_same_product_and_become_transposes():
    net, weights, how, x, y = network(7, tied=False)
    step = settled(net, weights, how, x, y, 50)[1]
    before = [w.copy() for w in weights]
    pc.learn(net, weights, step, 0.1, 0.0, False)
    for M, W, old, oldW in zip(
        pc.matrices(net, weights.M),
        pc.matrices(net, weights.W, turned=True),
        pc.matrices(net, before[0]),
        pc.matrices(net, before[2], turned=True),
        strict=True,
    ):
        np.testing.assert_allclose(M - old, (W - oldW).T, atol=1e-15)
    apart = [np.abs(M - W.T).max() for M, W in zip(pc.matrices(net, weights.M), pc.matrices(net, weights.W, turned=True), strict=True)]
    for _ in range(200):
        pc.learn(net, weights, step._replace(M=np.zeros_like(step.M), b=np.zeros_like(step.b)), 0.1, 0.5, False)
    later = [np.abs(M - W.T).max() for M, W in zip(pc.matrices(net, weights.M), pc.matrices(net, weights.W, turned=True), strict=True)]
    assert max(a / b for a, b in zip(later, apart, strict=True)) < 1e-4


# The model -------------------------------------------------------------------------------------------------------------


def test_lockstep_stays_together_under_fixed_prediction_and_parts_when_strict():
    together = Simulation(MODEL(form="fixed prediction", rate=1.0, sweeps=2, **SMALL), 1)
    together.advance(2 * 60)
    assert together.summary()["difference"] < 1e-12 and together.summary()["weights apart"] < 1e-10
    apart = Simulation(MODEL(**SMALL), 1)
    apart.advance(30 * 60)
    assert apart.summary()["difference"] > 1e-3 and apart.summary()["weights apart"] > 1e-4


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"form": "Z-IL", "rate": 1.0},
        {"form": "fixed prediction"},
        {"feedback": "its own"},
        {"errors": "follow"},
        {"activation": "linear", "learning": 0.02},
    ],
)
@pytest.mark.parametrize("clamp", ["both ends: learn", "input: predict", "output: generate"])
def test_every_picture_can_be_looked_at(values, clamp):
    s = Simulation(MODEL(clamp=clamp, **SMALL | values), 2)
    s.advance(40)
    for stream in s.model.streams:
        if stream.form == "snapshots":
            shown = s.observe(stream.name)
            assert shown is not None, stream.name
    agreement = s.observe("agreement")
    assert agreement.shape[0] == 4 and (agreement[1:] > 0).all()
    assert s.summary()["energy"] >= 0


def test_the_reading_of_a_minibatch_is_what_the_run_measured():
    s = Simulation(MODEL(**SMALL), 3)
    s.advance(30 * 7 - 1)
    own, other = s.model.both_steps(s.constants, s.state)
    expected = pc.apart(own, other)
    s.advance(1)
    assert (s.summary()["difference"], s.summary()["cosine"]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
def test_the_share_that_is_right_is_counted_block_by_block(count):
    from lab.training.predictive_readings import accuracy

    net, random = pc.layout((5, 4, 3)), np.random.default_rng(count)
    weights, x, t = pc.first_weights(net, random, True), random.normal(size=(count, 5)), random.integers(0, 3, count)
    room = pc.empty(net, count)
    room.x[: x.size] = x.ravel()
    pc.forward(net, weights.M, weights.b, 0, room, count)
    assert accuracy(net, weights.M, weights.b, 0, x, t) == (pc.layers(net, room.mu, count)[-1].argmax(1) == t).mean()


def test_holding_one_end_teaches_nothing():
    for clamp in ("input: predict", "output: generate"):
        s = Simulation(MODEL(clamp=clamp, **SMALL), 3)
        before = s.state["M"].copy()
        s.advance(100)
        assert (s.state["M"] == before).all()


def test_what_runs_away_is_named_and_has_a_remedy():
    s = Simulation(MODEL(**SMALL | {"epochs": 50}, activation="linear", rate=2.0, precision_out=100.0), 1)
    with pytest.raises(DivergenceError, match="state rate 2") as caught:
        s.advance(5000)
    assert caught.value.remedy


@pytest.mark.parametrize("values, words", [({"hidden": "32-x"}, "joined by"), ({"hidden": ""}, "joined by"), ({"hidden": "4000"}, "1024")])
def test_wrong_layers_are_refused_in_words(values, words):
    with pytest.raises(LabError, match=words):
        MODEL(**values)


@pytest.mark.parametrize(
    "name, value", [("x", None), ("M", None), ("trace", None), ("step_b", None), ("counters", -1), ("counters", 10**18), ("swept", 501)]
)
def test_a_state_of_a_stranger_is_refused_before_a_kernel_reads_it(name, value):
    s = Simulation(MODEL(**SMALL), 1)
    s.advance(5)
    point = s.checkpoint()
    point.state[name] = point.state[name][:-1] if value is None else np.full_like(point.state[name], value)
    with pytest.raises(LabError, match=name):
        s.restore(point)


def test_counters_that_may_be_point_nowhere_else():
    s = Simulation(MODEL(**SMALL), 1)
    point = s.checkpoint()
    point.state["counters"], point.state["swept"] = np.array([0, 10**9, 500]), np.array([500])
    s.restore(point)
    s.advance(35)
    s.observe("settling"), s.observe("nodes"), s.observe("steps")


def test_the_factors_of_the_likelihood_add_up_to_the_energy_and_constants():
    s = Simulation(catalog.load("predictive-coding")(data="moons", precision_out=4.0), 1)
    s.advance(12)
    *rows, total = s.observe("likelihood")
    assert len(rows) == len(s.constants.net.sizes) - 1
    for column in ("|x − μ|²/2ν", "−ln p"):
        assert sum(float(row[column]) for row in rows) == pytest.approx(float(total[column]), rel=1e-3)
    assert s.summary()["energy of the example"] == pytest.approx(float(total["|x − μ|²/2ν"]), rel=1e-4)
