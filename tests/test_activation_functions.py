"""Activation functions and the softmax against closed forms."""

import numpy as np
import pytest

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
