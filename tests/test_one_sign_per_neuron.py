"""Dale's law: signs kept by projection, the same with positive weights, balance, and the network as spiking populations."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("sklearn")

from lab import catalog
from lab.engine import simulation as engine
from lab.engine.simulation import Simulation
from lab.errors import ModelError
from lab.graph.document import Graph
from lab.training.dale import held, signs, wrong

ONE, MLP = catalog.load("one-sign-per-neuron"), catalog.load("mlp")
SMALL = {"hidden": "12", "epochs": 2}


@pytest.mark.parametrize("units, share, count", [(64, 0.2, 12), (10, 0.0, 0), (10, 1.0, 10), (7, 0.5, 3), (5, 0.2, 1)])
def test_the_share_inhibits_and_is_spread_evenly(units, share, count):
    own = signs(units, share)
    assert int((own < 0).sum()) == count and set(np.unique(own)) <= {-1.0, 1.0}
    if 0 < count < units:
        assert np.ptp(np.diff(np.flatnonzero(own < 0))) <= 1 if count > 1 else True


@pytest.mark.parametrize("form", ["signed columns", "positive weights"])
@pytest.mark.parametrize("optimiser", ["SGD", "Adam"])
def test_no_weight_has_the_wrong_sign_after_any_step(form, optimiser):
    s = Simulation(MLP(dale=form, optimiser=optimiser, rate=0.1 if optimiser == "SGD" else 0.03, hidden="12-8"), 1)
    known = held(s.constants.program, 0.2)
    assert set(known) == {"hidden1.weight", "hidden2.weight", "output.weight"}
    zeros = 0
    for _ in range(40):
        s.advance(1)
        for name, own in known.items():
            w = s.constants.program.parameters(s.state)[name]
            assert (w * (own[:, None] if form == "signed columns" else 1.0) >= 0).all()
            zeros += int((w == 0).sum())
    assert zeros > 0 and s.summary()["weights of the wrong sign"] == 0  # something was put back


def test_wrong_signs_are_counted_and_minus_zero_is_none():
    s = Simulation(MLP(dale="signed columns", **SMALL), 1)
    w = s.constants.program.parameters(s.state)["hidden1.weight"]
    w[0, 0], w[1, 0] = -0.0, 0.0
    assert wrong(s.constants.program, s.state, 0.2) == 0
    w[0, 0] = -1e-30
    assert wrong(s.constants.program, s.state, 0.2) == 1


@pytest.mark.parametrize(
    "values", [{}, {"dale": "positive weights"}, {"hidden": "12-8", "optimiser": "momentum", "rate": 0.05}, {"data": "diabetes"}]
)
def test_both_forms_learn_the_same_to_the_last_bit(values):
    s = Simulation(ONE(**SMALL | values), 3)
    s.advance(60)
    assert s.model.apart(s.constants, s.state) == 0.0 and s.summary()["both forms differ by"].startswith("0: the same")
    arrays = s.constants.program.parameters(s.state)
    assert arrays["other.hidden1.weight"].any() and not np.array_equal(arrays["free.hidden1.weight"], arrays["hidden1.weight"])
    free = arrays["free.hidden1.weight"]
    assert ((free > 0).any(1) & (free < 0).any(1)).all()  # every unit of the free network has both signs


def test_the_network_is_drawn_and_what_leaves_a_hidden_unit_has_one_colour():
    s = Simulation(ONE(hidden="16", epochs=2), 1)
    s.advance(20)
    shown = s.observe("drawing")
    assert shown["layers"][1]["words"] == "16 units, 3 inhibit" and "words" not in shown["layers"][2]
    leaving = np.asarray(shown["wires"][1]["weights"])
    own = signs(16, s.model.inhibitory)[: len(leaving), None]
    assert (leaving * own >= 0).all() and (leaving < 0).any() and (leaving > 0).any()
    assert s.model.stage.main == ("canvas", "network") and "excitation and inhibition" in s.model.stage.companions


def test_the_networks_beside_change_nothing_of_the_one_under_the_law():
    alone, beside = Simulation(ONE(compare=False, **SMALL), 3), Simulation(ONE(**SMALL), 3)
    for s in (alone, beside):
        s.constants.program.load(
            s.state, {n: np.full(a.shape, 0.0) for n, a in s.constants.program.parameters(s.state).items()}, partial=True
        )
        for name, own in (("hidden1.weight", signs(64, 0.2)), ("output.weight", signs(12, 0.2))):
            w = s.constants.program.parameters(s.state)[name]
            w[...] = own[:, None] * np.random.default_rng(1).random(w.shape)
        s.advance(30)
    one, other = (s.constants.program.parameters(s.state)["hidden1.weight"] for s in (alone, beside))
    assert np.array_equal(one, other)


def test_first_weights_are_balanced_and_as_large_as_the_initialiser_meant():
    plain, even = (Simulation(MLP(dale="signed columns", balanced=b, hidden="400"), 0) for b in (False, True))
    for s, ratio in ((plain, 4.0), (even, 1.0)):
        w = s.constants.program.parameters(s.state)["output.weight"]
        own = signs(400, 0.2)
        assert w[own > 0].sum() / -w[own < 0].sum() == pytest.approx(ratio, rel=0.1)
    free = Simulation(MLP(hidden="400"), 0).constants.program
    mean = [float((s.constants.program.parameters(s.state)["hidden1.weight"] ** 2).sum()) for s in (plain, even)]
    assert mean[0] == pytest.approx(mean[1], rel=0.1) and free.layout.parameters == even.constants.program.layout.parameters


@pytest.mark.parametrize(
    "name, values", [("canvas-training", {}), ("layered-network", {}), ("autoencoder", {"hidden": "8"}), ("overfitting", {"hidden": "8"})]
)
def test_any_network_of_layers_obeys_by_a_switch(name, values):
    s = Simulation(catalog.load(name)(dale="signed columns", **values), 1)
    s.advance(10)
    assert s.summary()["weights of the wrong sign"] == 0 and len(held(s.constants.program, 0.2)) >= 2


def test_weights_of_a_file_are_not_scaled(tmp_path):
    s = Simulation(MLP(dale="signed columns", **SMALL), 1)
    s.advance(10)
    s.act("save", file=str(tmp_path / "w.npz"))
    again = Simulation(MLP(dale="signed columns", start_from=str(tmp_path / "w.npz"), **SMALL), 9)
    assert np.array_equal(again.state["parameters"], s.state["parameters"])


def test_excitation_and_inhibition_are_what_a_unit_receives():
    for form in ("signed columns", "positive weights"):
        s = Simulation(ONE(dale=form, **SMALL), 3)
        s.advance(20)
        m, tape = s.constants.material, s.model.tape_state(s.constants, s.state)
        z, h = s.constants.program.forward(tape, ["hidden1", "output"], x=m.test_x)
        biases = s.constants.program.parameters(tape)
        cloud = s.observe("excitation and inhibition")
        first = cloud[cloud[:, 2] == 0]
        assert (cloud[:, :2] >= 0).all() and first[:, 0] - first[:, 1] == pytest.approx(z.mean(0) - biases["hidden1.bias"], abs=1e-4)
        last = cloud[cloud[:, 2] == 1]
        assert last[:, 0] - last[:, 1] == pytest.approx(h.mean(0) - biases["output.bias"], abs=1e-4)


def test_columns_have_one_sign_and_the_inhibitory_ones_stand_on_the_right():
    s = Simulation(ONE(dale="positive weights", **SMALL), 3)
    s.advance(20)
    columns = s.observe("signed columns")
    assert columns.shape == (12, 64) and (columns[:, :52] >= 0).all() and (columns[:, 52:] <= 0).all()
    assert (s.observe("free columns") < 0).any(0).all()


def test_a_trained_network_reads_digits_with_spikes():
    s = Simulation(ONE(compare=False, hidden="32", epochs=15, evaluate=0.0), 0)
    s.advance(s.model.length)
    spiking, agree = catalog.load("spiking-network"), 0
    for k in range(5):
        s.act("look_at", index=k)
        graph = Graph.from_json(s.observe("carried")[0]["graph"])
        assert not list(graph.problems())
        model = spiking(graph=graph.to_json())
        run = engine.run(model, model.steps_for(400.0), seed=1, record={"spikes": 1})
        names = run.model.labels(run.simulation.constants, "spikes")
        counts = np.bincount(run.recorded("spikes").index, minlength=len(names))[[n.startswith("Output") for n in names]]
        agree += int(counts.argmax() == s.model.predict(s.constants, s.state, s.constants.material.test_x[k : k + 1])[0].argmax())
    assert agree >= 4


def test_spiking_rates_are_those_of_the_units():
    s = Simulation(ONE(compare=False, hidden="16", epochs=10, evaluate=0.0), 0)
    s.advance(s.model.length)
    graph = s.model.spiking(s.constants, s.state)
    model = catalog.load("spiking-network")(graph=graph.to_json())
    run = engine.run(model, model.steps_for(4000.0), seed=1, record={"spikes": 1})
    names = run.model.labels(run.simulation.constants, "spikes")
    counts = np.bincount(run.recorded("spikes").index, minlength=len(names))
    own = signs(16, 0.2)
    tape = s.model.tape_state(s.constants, s.state)
    h = s.constants.program.forward(tape, "hidden1.out", x=s.constants.material.test_x[:1])[0]
    for sign, word in ((1.0, "excite"), (-1.0, "inhibit")):
        rates = counts[[n.startswith(f"Hidden1: {word}") for n in names]] / 4.0
        assert rates == pytest.approx(20 * h[own == sign], abs=4.0 + 0.15 * float(20 * h.max()))


def test_only_rectifying_units_become_spiking_neurons(tmp_path):
    s = Simulation(ONE(activation="tanh", **SMALL), 0)
    assert "only units of the activation ReLU" in s.observe("carried")[0]["refusal"]
    with pytest.raises(ModelError, match="only units of the activation ReLU"):
        s.act("save_spiking", file=str(tmp_path / "net.json"))
    s = Simulation(ONE(**SMALL), 0)
    s.act("save_spiking", file=str(tmp_path / "net.json"))
    assert Graph.from_json((tmp_path / "net.json").read_text()).family == "populations"
    assert math.isfinite(s.summary()["parameters"])
