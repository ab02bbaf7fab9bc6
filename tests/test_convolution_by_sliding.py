"""One function slid over another: its area at every place, sequences, and what a person drags."""

from __future__ import annotations

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.engine.simulation import Simulation
from lab.errors import ParameterError
from lab.models.networks.convolution_by_sliding import PLACES, REACH, SHAPES, STEP, ConvolutionBySliding


def test_the_value_of_a_place_is_the_point_of_the_result_there():
    for first in SHAPES:
        for turned in (True, False):
            model = ConvolutionBySliding(first=first, second="ramp", turned=turned)
            simulation = Simulation(model, 0)
            simulation.act("put", x=0.5, y=0.0)
            places, result = simulation.observe("result")
            here = result[np.abs(places - 0.5).argmin()]
            assert simulation.summary()["f * g here"] == pytest.approx(here, abs=1e-12)
            product = simulation.observe("product")[1]
            assert product.sum() * STEP == pytest.approx(here, abs=2e-3), "the filled area"


def test_a_correlation_differs_only_where_the_second_is_not_the_same_both_ways():
    x = np.linspace(-2, 2, 9)
    for second, same in (("box", True), ("Gaussian", True), ("ramp", False)):
        one, other = (ConvolutionBySliding(first="ramp", second=second, turned=turned).at(x) for turned in (True, False))
        assert np.allclose(one, other) == same


def test_places_go_round_and_the_trace_says_the_result():
    result = engine.run(ConvolutionBySliding(), steps=PLACES + 20, record={"place": 1, "value": 1})
    assert result["place"].min() == pytest.approx(-REACH) and result["place"][0] == pytest.approx(-REACH + STEP)
    assert result["place"][PLACES] == pytest.approx(result["place"][0])
    assert result["value"].max() == pytest.approx(1.5)


def test_a_sequence_is_a_sum_of_products_written_out():
    simulation = Simulation(ConvolutionBySliding(kind="sequences", f=((1.0, 2.0, 3.0),), g=((0.0, 1.0, 0.5),)), 0)
    simulation.act("put", x=3.0, y=0.0)
    *rows, total = simulation.observe("terms")
    assert [row["product"] for row in rows] == ["0", "1", "3"] and total["product"] == "4"
    assert simulation.summary()["area of f * g"] == 9.0 == simulation.summary()["area of f times area of g"]
    heights = simulation.observe("result")[1]
    assert heights[np.isfinite(heights)].reshape(-1, 2)[:, 1].tolist() == [0.0, 1.0, 2.5, 4.0, 1.5]


def test_what_is_no_sequence_is_refused():
    for wrong in ((), ((1.0,), (2.0,)), ((),), ((float("nan"),),), ((1e9,),)):
        with pytest.raises(ParameterError):
            ConvolutionBySliding(kind="sequences", f=wrong)
