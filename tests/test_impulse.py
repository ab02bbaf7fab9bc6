"""Pulses of area one against integrals worked out elsewhere."""

import numpy as np
import pytest
from scipy.integrate import quad

from lab.engine.simulation import run
from lab.models.neurons.impulse import SHAPES, Impulse, height


@pytest.mark.parametrize("figure", list(Impulse.figures()), ids=lambda f: f.name)
def test_figure_is_met(figure):
    measured = figure.measure(run)
    assert figure.accepts(measured), f"{measured} against {figure.expected} {figure.allowed}"


@pytest.mark.parametrize("shape", SHAPES)
def test_the_integral_is_that_of_the_curve_that_is_drawn(shape):
    model = Impulse(shape=shape, function="cubic", T=-0.2)
    width = 0.3

    def product(t):
        return float(model.f(t)) * float(height(shape, np.array((t - model.T) / width))) / width

    edges = [model.T + width * u for u in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    assert model.integral(width) == pytest.approx(quad(product, -8.0, 8.0, points=edges, limit=400)[0], abs=1e-7)


def test_what_runs_up_to_the_end_is_the_area_and_the_value_picked():
    result = run(Impulse(shape="Gaussian"))
    t, of_f, of_pulse = result.observe("running")
    assert of_pulse[-1] == pytest.approx(1.0, abs=2e-3) and of_f[-1] == pytest.approx(float(result.simulation.model.f(0.35)), abs=2e-3)
    assert (np.diff(t) >= 0).all()
