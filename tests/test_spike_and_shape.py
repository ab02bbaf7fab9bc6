"""Two cells under one current: each against what it stands for, and the count of what falls together."""

import numpy as np
import pytest

from lab.engine.simulation import run
from lab.models.neurons.spike_and_shape import CELLS, SpikeAndShape, operations


@pytest.mark.parametrize("figure", list(SpikeAndShape.figures()), ids=lambda f: f.name)
def test_figure_is_met(figure):
    measured = figure.measure(run)
    assert figure.accepts(measured), f"{measured} against {figure.expected} {figure.allowed}"


def test_operations_are_those_of_the_kernels_as_they_are_written():
    arithmetic, exponentials = operations(CELLS[0])
    assert exponentials == 2 and 40 < arithmetic < 140
    assert operations(CELLS[1]) == (5, 0)


def test_spikes_that_fall_together_are_paired_once():
    result = run(SpikeAndShape(), steps=20_000, seed=4, record={"spikes": 1})
    found = result.recorded("spikes")
    many, few = (found.time[found.index == k] for k in (0, 1))
    near = np.abs(many[:, None] - few[None, :]) <= 2.0 + 1e-6
    together = result.summary["together"]
    # No spike has two partners here, so pairs are what lies near.
    assert near.sum(0).max() <= 1 and near.sum(1).max() <= 1 and together == near.sum()
    assert (result.summary["spikes, Hodgkin-Huxley"], result.summary["spikes, leaky cell"]) == (len(many), len(few))
