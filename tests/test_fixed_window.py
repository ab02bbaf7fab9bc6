"""A dense network on a window beside a recurrent one: what each reads, counts, and both sides of the edge of the window."""

import numpy as np
import pytest

from lab.engine.simulation import Simulation, run
from lab.errors import ParameterError
from lab.models.learning.fixed_window import FixedWindow

SMALL = {"span": 9, "lag": 2, "window": 3, "units": 4, "steps": 20, "batch": 8, "evaluate": 10.0}


@pytest.fixture(scope="module")
def small() -> Simulation:
    simulation = Simulation(FixedWindow(**SMALL), 1)
    simulation.advance(20)
    return simulation


def arrays(s):
    return s.constants.program.parameters(s.model.tape_state(s.constants, s.state))


def test_both_networks_are_what_their_equations_say(small):
    w, x = arrays(small), small.constants.extra["held"]["x"][0, :, 0].astype(float)
    states, h = [], np.zeros(4)
    for value in x:
        h = np.tanh(value * w["recurrent.drive.weight"][0] + w["recurrent.drive.bias"] + h @ w["recurrent.weight"])
        states.append(h)
    recurrent = np.array(states)[2:] @ w["recurrent.output.weight"][:, 0] + w["recurrent.output.bias"][0]
    seen = np.stack([x[2:], x[1:-1], x[:-2]], axis=1)  # the present bit first
    hidden = np.tanh(seen @ w["window.hidden.weight"] + w["window.hidden.bias"])
    dense = hidden @ w["window.output.weight"][:, 0] + w["window.output.bias"][0]
    step, wanted, ours, theirs = small.observe("said")
    np.testing.assert_allclose(ours, dense, atol=1e-5)
    np.testing.assert_allclose(theirs, recurrent, atol=1e-5)
    assert step.tolist() == list(range(2, 9)) and wanted.tolist() == x[:7].tolist()


def test_each_learns_from_its_own_error_only():
    s = Simulation(FixedWindow(**SMALL), 1)
    before = {name: array.copy() for name, array in arrays(s).items()}
    s.model.learn_once(s.constants, s.state, ("window",))
    moved = {name for name, array in arrays(s).items() if not np.array_equal(array, before[name])}
    assert moved and all(name.startswith("window.") for name in moved)


@pytest.mark.parametrize(("window", "lag"), [(1, 3), (4, 3), (12, 6)])
def test_the_counts_are_those_of_the_arrays_and_alike(window, lag):
    s = Simulation(FixedWindow(window=window, lag=lag), 0)
    dense, recurrent = s.model.parameters_of(s.constants)
    n = s.model.dense_units
    assert (dense, recurrent) == (n * (window + 2) + 1, 16 * 19 + 1) and abs(dense - recurrent) <= window // 2 + 1
    assert dense + recurrent == sum(array.size for array in arrays(s).values())


def test_a_bit_beyond_the_window_changes_nothing_and_one_within_does(small):
    _, ours, theirs = small.observe("reach")
    assert (ours[:3] > 0).all() and (ours[3:] == 0).all() and (theirs > 0).all()


@pytest.mark.parametrize(("task", "lag"), [("echo", 3), ("XOR", 1)])
def test_one_step_of_window_decides(task, lag):
    values = {"task": task, "lag": lag, "span": 12, "steps": 600, "evaluate": 600.0}
    beyond, within = (run(FixedWindow(window=w, **values), seed=0, record={}).summary for w in (lag, lag + 1))
    assert beyond["window error"] > 0.24 and within["window error"] < 0.02
    assert max(beyond["recurrent error"], within["recurrent error"]) < 0.05


@pytest.mark.parametrize("values", [{"lag": 29}, {"window": 30}, {"window": 60}])
def test_something_must_be_left_to_be_judged(values):
    with pytest.raises(ParameterError, match="two steps of the sequence"):
        FixedWindow(**values)


@pytest.mark.parametrize(("span", "window"), [(9, 9), (9, 4), (9, 5), (8, 3), (8, 4), (8, 1)])
def test_the_least_error_of_adding_is_the_variance_of_what_lies_outside_of_the_window(span, window):
    model = FixedWindow(task="adding", span=span, window=window, units=4)
    drawn = model.maker.draw(np.random.default_rng(1), 40_000)
    numbers, marks = np.moveaxis(drawn["x"].astype(float), 2, 0)
    unseen = (numbers * marks)[:, : span - window].sum(1) - 0.5 * marks[:, : span - window].sum(1)  # less what can be said of it
    assert model.least == pytest.approx((unseen**2).mean(), abs=2e-3)
    assert model.baseline == (model.least or pytest.approx(1 / 6))


def test_adding_is_judged_at_the_end_and_a_number_beyond_the_window_changes_nothing():
    s = Simulation(FixedWindow(task="adding", **SMALL | {"window": 4}), 1)
    s.advance(20)
    w, held = arrays(s), s.constants.extra["held"]
    x = held["x"][0].astype(float)
    hidden = np.tanh(x[:4:-1].reshape(-1)[: 2 * 4] @ w["window.hidden.weight"] + w["window.hidden.bias"])
    dense = hidden @ w["window.output.weight"][:, 0] + w["window.output.bias"][0]
    step, wanted, ours, theirs = s.observe("said")
    assert step.tolist() == [8] and wanted[0] == pytest.approx((x[:, 0] * x[:, 1]).sum()) and ours[0] == pytest.approx(dense, abs=1e-5)
    _, ours, theirs = s.observe("reach")
    assert (ours[:4] > 0).all() and (ours[4:] == 0).all() and (theirs > 0).all()
    dense, recurrent = s.model.parameters_of(s.constants)
    assert (dense, recurrent) == (s.model.dense_units * 10 + 1, 4 * 8 + 1)
    with pytest.raises(ParameterError, match="must lie in the sequence"):
        FixedWindow(task="adding", span=8, window=9)
