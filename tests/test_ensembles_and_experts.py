"""Two ways to spend the same synapses."""

import numpy as np
import pytest

from lab.engine.simulation import Simulation, run
from lab.errors import ParameterError
from lab.models.learning.ensembles_and_experts import EnsemblesAndExperts, facts, whole


@pytest.mark.parametrize("figure", [f for f in EnsemblesAndExperts.figures() if not f.slow], ids=lambda f: f.name)
def test_figure_is_met(figure):
    measured = figure.measure(run)
    assert figure.accepts(measured), f"{measured} against {figure.expected} {figure.allowed}"


def test_every_input_is_heard_and_no_neuron_hears_one_twice():
    (ensemble, experts), *_ = EnsemblesAndExperts(inputs=10, few=3, budget=60).build(5)
    assert set(ensemble.ravel()) == set(range(10)) and experts.shape == (6, 10)
    assert all(len(set(row)) == 3 for row in ensemble)


def test_facts_add_up_input_by_input_and_the_whole_does_not():
    x = np.random.default_rng(0).uniform(-1, 1, (4000, 8))
    alone = sum(facts(np.eye(8)[k] * x, 3) - facts(0 * x, 3) for k in range(8)) + facts(0 * x, 3)
    np.testing.assert_allclose(alone, facts(x, 3), atol=1e-12)
    t = whole(x, 3)
    assert abs(t.var() - 1) < 0.2 and max(abs(np.corrcoef(x[:, k], t)[0, 1]) for k in range(8)) < 0.4


def test_the_run_is_the_same_however_it_is_cut_and_a_budget_must_pay_for_one_expert():
    whole_run, pieces = (Simulation(EnsemblesAndExperts(inputs=6, budget=24), 1) for _ in range(2))
    row = whole_run.advance(12, ["errors"]).samples["errors"].copy()
    np.testing.assert_array_equal(row, np.concatenate([pieces.advance(n, ["errors"]).samples["errors"].copy() for n in (1, 7, 4)]))
    with pytest.raises(ParameterError, match="one expert"):
        EnsemblesAndExperts(budget=20)
