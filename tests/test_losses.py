"""Losses against closed forms, and gradients walked by hand."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.engine.simulation import Simulation
from lab.models.learning.gradients import Gradients
from lab.models.learning.losses import Losses, bernoulli, categorical


def test_cross_entropy_of_two_classes_is_bernoulli_of_the_difference():
    z = np.linspace(-5, 5, 11)
    two, _ = categorical(np.stack([z, np.zeros_like(z)], -1), 0)
    np.testing.assert_allclose(two, bernoulli(z, 1.0)[0], rtol=1e-12)


def test_gradient_of_a_softmax_sums_to_zero():
    _, slope = categorical(np.random.default_rng(0).standard_normal((4, 7)) * 50, 3)
    np.testing.assert_allclose(slope.sum(-1), 0, atol=1e-12)


@pytest.mark.parametrize("name", ["mean squared error", "Bernoulli cross-entropy", "categorical cross-entropy"])
def test_the_sweep_shows_the_loss_of_its_own_place(name):
    model = Losses(loss=name)
    result = engine.run(model, steps=50)
    np.testing.assert_array_equal(result["value"], model.at(result["place"])[0])


def test_phases_go_round_and_only_the_update_changes_weights():
    simulation = engine.Simulation(Gradients(), 3)
    before = simulation.state["parameters"].copy()
    for expected in ("forward", "loss", "backward"):
        simulation.advance(1)
        assert simulation.summary()["phase"] == expected
        assert (simulation.state["parameters"] == before).all()
    simulation.advance(1)
    assert simulation.summary()["phase"] == "update" and (simulation.state["parameters"] != before).any()


@pytest.mark.long  # cold it compiles every kernel
def test_every_operation_is_checked_on_demand():
    run = engine.run(Gradients(), steps=4, seed=1, record={}).simulation
    assert "Press" in run.observe("operations")[0]["operation"]
    run.act("check_operations")
    rows = run.observe("operations")
    assert len(rows) > 50 and all(row[""] == "agrees" for row in rows)
    assert run.model.summary(run.constants, run.state)["operations"].startswith(f"{len(rows)} checked")


def test_in_the_phase_of_the_update_the_numbers_are_those_that_it_was_made_from():
    simulation = Simulation(Gradients(rate=0.3), 1)
    simulation.advance(3)
    before = simulation.constants[0].parameters(simulation.state)["layer1.weight"].copy()
    at_backward = {row["what"]: row["value"] for row in simulation.observe("numbers")}
    gradients = simulation.observe("gradients")
    simulation.advance(1)
    assert simulation.summary()["phase"] == "update"
    rows = {row["what"]: row["value"] for row in simulation.observe("numbers")}
    assert {k: rows[k] for k in at_backward} == at_backward, "the same deltas and gradients as before the step"
    np.testing.assert_array_equal(simulation.observe("gradients"), gradients)
    after = simulation.constants[0].parameters(simulation.state)["layer1.weight"]
    np.testing.assert_allclose(after, before - 0.3 * gradients[0, : before.size].reshape(before.shape), atol=1e-12)
    assert rows["new W1"].split()[0] == f"{after.ravel()[0]:+.4f}" and rows["W1"].split()[0] == f"{before.ravel()[0]:+.4f}"


def test_a_row_of_the_table_chooses_a_weight_of_its_layer_and_not_its_own_number():
    simulation = Simulation(Gradients(), 1)
    simulation.advance(3)
    rows = [row["what"] for row in simulation.observe("numbers")]
    simulation.act("choose_row", index=rows.index("dE/dW1"))
    assert simulation.summary()["chosen weight"] == 0
    simulation.act("choose_row", index=rows.index("dE/dW2"))
    assert simulation.summary()["chosen weight"] == 2 * 3 + 3
    assert simulation.summary()["its gradient"] == simulation.observe("gradients")[0, 9]


def test_every_weight_has_three_factors_whose_product_is_its_gradient():
    simulation = Simulation(Gradients(outputs=2, output="logistic", batch=2), 1)
    simulation.advance(3)
    gradient = simulation.observe("gradients")[0]
    rows = simulation.observe("factors")
    assert rows[0]["factor"] == "dE/dy[0]" and rows[2]["factor"] == "dz2[0]/dW2[0, 0]", "an output weight is the first that is shown"
    for index, slope in enumerate(gradient):
        simulation.act("choose", index=index)
        rows = simulation.observe("factors")
        each = [float(np.prod([float(row[column]) for row in rows[:3]])) for column in ("value", "example 2")]
        assert sum(each) == pytest.approx(slope, abs=1e-5) and float(rows[4]["value"]) == pytest.approx(slope, abs=1e-6)
        assert simulation.observe("slopes")[2].sum() == pytest.approx(slope, abs=1e-12)


def test_the_gradient_of_a_minibatch_is_the_sum_of_what_its_rows_give():
    simulation = Simulation(Gradients(batch=3), 1)
    simulation.advance(3)
    entries = {entry["name"]: entry["values"] for entry in simulation.observe("rows")}
    parts = [entries[f"example {n + 1}"] for n in range(3)]
    np.testing.assert_allclose(sum(parts), entries["dE/dW2"])
    np.testing.assert_allclose(entries["h1^T"] @ entries["delta2"], entries["dE/dW2"])
    np.testing.assert_allclose(entries["dE/dW2"].ravel(), simulation.observe("gradients")[0, 9:12])


def test_decay_pulls_at_weights_and_not_at_biases():
    simulation = Simulation(Gradients(decay=0.5), 1)
    simulation.advance(3)
    gradient, term, both = simulation.observe("decay term")
    weights = simulation.constants[0].parameters(simulation.state)
    np.testing.assert_array_equal(term[:6], 0.5 * weights["layer1.weight"].ravel())
    assert not term[6:9].any() and not term[12]
    np.testing.assert_allclose(both, gradient + term)


def test_a_cross_entropy_is_minus_the_logarithm_of_a_product():
    for values in ({"target": 0.3}, {"loss": "categorical cross-entropy", "second": 2.0}):
        simulation = Simulation(Losses(**values), 0)
        simulation.advance(70)
        rows = simulation.observe("terms")
        factors = [float(row["y^t"]) for row in rows]
        assert np.prod(factors[:-1]) == pytest.approx(factors[-1], abs=1e-5)
        assert -np.log(simulation.summary()["likelihood"]) == pytest.approx(simulation.summary()["loss"], abs=1e-12)
        assert sum(float(row["-t ln y"]) for row in rows[:-1]) == pytest.approx(float(rows[-1]["-t ln y"]), abs=1e-5)


def test_the_loss_surface_of_two_outputs_lies_under_its_axes():
    simulation = Simulation(Losses(loss="squared distance of two outputs", target=0.0, target_2=1.0), 0)
    simulation.advance(10)
    row, column = np.unravel_index(simulation.observe("surface").argmin(), (96, 96))
    places = np.linspace(-1.0, 2.0, 96)
    assert abs(places[column] - 0.0) < 0.03 and abs(places[row] - 1.0) < 0.03, "rows upwards, as an image on axes is drawn"
    assert simulation.summary()["2-norm"] ** 2 == pytest.approx(2 * simulation.summary()["loss"])
