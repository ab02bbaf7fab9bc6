"""Activation functions and the softmax against closed forms."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.models.neurons import activation_functions as af


@pytest.mark.parametrize("name", af.FUNCTIONS)
def test_finite_at_extreme_inputs(name):
    z = np.array([-1e4, -800.0, 0.0, 800.0, 1e4])
    assert np.isfinite(af.value(name, z)).all() and np.isfinite(af.derivative(name, z)).all()


def test_logistic_keeps_relative_precision_in_the_tail():
    assert af.value("logistic", np.array([-700.0]))[0] == pytest.approx(np.exp(-700.0), rel=1e-12)


def test_softmax_does_not_change_when_all_logits_move():
    z = np.array([1.0, -2.0, 0.3])
    np.testing.assert_allclose(af.softmax(z), af.softmax(z + 1e3), rtol=1e-12)


def test_temperature_sharpens_and_flattens():
    z = np.array([2.0, 1.0, 0.0])
    assert af.softmax(z, 0.01)[0] > 0.999999
    np.testing.assert_allclose(af.softmax(z, 1e6), 1 / 3, atol=1e-6)


def test_a_dragged_wire_is_the_parameter_and_the_drawn_neuron_holds_its_own_output():
    simulation = engine.Simulation(af.ActivationFunctions(function="tanh"))
    simulation.advance(37)
    for source, value in enumerate((0.5, -2.0, 1.0, 0.25)):
        simulation.act("set_weight", wire=0, source=source, target=0, value=value)
    simulation.advance(40)
    model = simulation.model
    assert (model.weight, model.w2, model.w3, model.bias) == (0.5, -2.0, 1.0, 0.25)
    shown = model.observe(None, simulation.state, "neuron")
    x, (z,), (y,) = (layer["values"] for layer in shown["layers"])
    assert z == pytest.approx(float(x @ shown["wires"][0]["weights"][:, 0])) and y == pytest.approx(np.tanh(z))
    rows = model.observe(None, simulation.state, "arithmetic")
    assert sum(row["w x"] for row in rows[:4]) == pytest.approx(rows[4]["w x"]) and rows[5]["w x"] == pytest.approx(y)


def test_a_drag_in_the_curve_moves_its_middle_there_by_the_bias():
    simulation = engine.Simulation(af.ActivationFunctions(weight=2.0, w2=3.0))
    simulation.act("shift", x=1.5, y=0.0)
    simulation.advance(1)
    curve = simulation.model.observe(None, simulation.state, "curve")
    assert np.interp(1.5, *curve) == pytest.approx(0.5, abs=1e-6) and simulation.model.bias == pytest.approx(-4.5)


def test_softmax_steps_end_in_its_probabilities():
    model = af.ActivationFunctions(temperature=0.5)
    rows = model.observe(None, model.start(None, 0), "softmax steps")
    np.testing.assert_allclose([row["probability"] for row in rows], af.softmax(np.array(model.logits[0]), 0.5))
