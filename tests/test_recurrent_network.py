"""Networks with memory against NumPy and differences, and what a person sees of them."""

import numpy as np
import pytest

from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.models.learning.recurrent_network import RecurrentNetwork

SMALL = {"span": 6, "units": 4, "steps": 20, "batch": 8, "evaluate": 10.0}


@pytest.fixture(scope="module")
def small() -> Simulation:
    simulation = Simulation(RecurrentNetwork(**SMALL), 1)
    simulation.advance(20)
    return simulation


def arrays(s):
    return s.constants.program.parameters(s.model.tape_state(s.constants, s.state))


def test_both_networks_are_what_their_equations_say(small):
    w, x = arrays(small), small.constants.extra["held"]["x"][0].astype(float)
    h = np.zeros(4)
    for row in x:
        h = np.tanh(row @ w["rnn.drive.weight"] + w["rnn.drive.bias"] + h @ w["rnn.recurrent"])
    said = small.observe("said")
    assert said[2, 0] == pytest.approx(h @ w["rnn.output.weight"][:, 0] + w["rnn.output.bias"][0], abs=1e-5)
    h, c = np.zeros(4), np.zeros(4)

    def sigma(z):
        return 1 / (1 + np.exp(-z))

    for row in x:
        i, f, g, o = np.split(row @ w["lstm.input"] + w["lstm.bias"] + h @ w["lstm.recurrent"], 4)
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        h = sigma(o) * np.tanh(c)
    assert said[3, 0] == pytest.approx(h @ w["lstm.output.weight"][:, 0] + w["lstm.output.bias"][0], abs=1e-5)


def test_the_gradient_through_time_is_the_product_of_slopes_and_weights(small):
    w, T = arrays(small), 6
    held = {name: rows[:64] for name, rows in small.constants.extra["held"].items()}
    tape = small.model.tape_state(small.constants, small.state)
    states = small.constants.program.forward(tape, [f"rnn.{k}" for k in range(T)], **held)
    back = 2.0 * (states[-1] @ w["rnn.output.weight"] + w["rnn.output.bias"] - held["t"]) * w["rnn.output.weight"][:, 0]
    sizes = [np.sqrt((back**2).sum(1).mean())]
    for k in range(T - 1, 0, -1):
        back = (back * (1 - states[k] ** 2)) @ w["rnn.recurrent"].T
        sizes.append(np.sqrt((back**2).sum(1).mean()))
    np.testing.assert_allclose(small.observe("through time")[1], sizes[::-1], rtol=1e-3)


def test_each_learns_from_its_own_error_only(small):
    before = {name: array.copy() for name, array in arrays(small).items()}
    s = small
    s.model.learn_once(s.constants, s.state, ("RNN",))
    moved = {name for name, array in arrays(s).items() if not np.array_equal(array, before[name])}
    assert moved and all(name.startswith("rnn.") for name in moved)


def test_arithmetic_of_the_gates_adds_up(small):
    for row in small.observe("arithmetic"):
        c = row["forget f"] * row["c before"] + row["input i"] * row["candidate"]
        assert row["c = f c + i candidate"] == pytest.approx(c, abs=3e-3)
        assert row["h = o tanh(c)"] == pytest.approx(row["output o"] * np.tanh(c), abs=3e-3)


def test_a_gate_held_shut_changes_what_is_said_and_nothing_that_is_learned(small):
    weights, before = small.state["parameters"].copy(), small.observe("said")
    small.change(clamp="forget gate shut")
    after = small.observe("said")
    assert (small.observe("gates")[2] == 0).all()
    assert after[3, 0] != before[3, 0] and after[2, 0] == before[2, 0]
    small.change(clamp="none")
    np.testing.assert_array_equal(small.state["parameters"], weights)


@pytest.mark.parametrize("task", ["echo", "sine", "XOR"])
def test_every_task_is_shown(task):
    s = Simulation(RecurrentNetwork(**SMALL | {"task": task, "delay": 2, "period": 4.0}), 1)
    s.advance(2)
    for stream in s.model.streams:
        if stream.form == "snapshots":
            s.observe(stream.name)


def test_a_delay_beyond_the_sequence_is_refused():
    with pytest.raises(LabError, match="must be below the length"):
        RecurrentNetwork(task="echo", span=5, delay=5)


def test_the_walk_back_through_time_leaves_the_gradient_of_back_propagation():
    for truncate in (0, 3):
        simulation = Simulation(RecurrentNetwork(task="echo", span=8, delay=2, units=5, truncate=truncate, counts_from=2), 1)
        simulation.advance(3)
        model, constants = simulation.model, simulation.constants
        tape = model.tape_state(constants, simulation.state)
        one = {name: rows[:1] for name, rows in constants.extra["held"].items()}
        expected = constants.program.gradients(tape, "loss of RNN", ["rnn.recurrent"], **one)[0]
        simulation.change(place=0)
        plates = {entry["name"].split(",")[0]: entry["values"] for entry in simulation.observe("walk")}
        np.testing.assert_allclose(plates["dE/dW so far"], expected, rtol=1e-4, atol=1e-7)
        simulation.act("step_back")
        assert simulation.model.place == 7
        back = {entry["name"].split(",")[0]: entry["values"] for entry in simulation.observe("walk")}
        np.testing.assert_allclose(back["from the step after"], 0, atol=1e-8)  # nothing comes after the last step
        for at in range(7, 0, -1):
            simulation.change(place=at)
            here = {entry["name"].split(",")[0]: entry["values"] for entry in simulation.observe("walk")}
            simulation.change(place=at - 1)
            before = {entry["name"].split(",")[0]: entry["values"] for entry in simulation.observe("walk")}
            own = before["from its own output"]
            np.testing.assert_allclose(before["dE/dh"], own + here["to the step before: dE/ds W'"], atol=1e-7)
            assert (np.abs(own).max() > 1e-7) == (at - 1 >= 2), "outputs that do not count say nothing of their state"
            if truncate and at % truncate == 0:
                np.testing.assert_array_equal(here["to the step before: dE/ds W'"], 0)


def test_fed_back_reads_its_own_output():
    simulation = Simulation(RecurrentNetwork(task="sine", span=12, units=4, steps=10), 1)
    simulation.advance(2)
    model, constants = simulation.model, simulation.constants
    found = simulation.observe("fed back")
    assert found.shape == (4, 12) and np.isfinite(found).all()
    tape = model.tape_state(constants, simulation.state)
    held = constants.extra["held"]
    first = constants.program.forward(tape, "rnn.output", x=held["x"][:1], t=held["t"][:1])[0, -1, 0]
    assert found[2, 0] == pytest.approx(float(first))
    again = np.concatenate([held["x"][0, 1:], [[first]]])[None]
    assert found[2, 1] == pytest.approx(float(constants.program.forward(tape, "rnn.output", x=again, t=held["t"][:1])[0, -1, 0]), abs=1e-6)
    np.testing.assert_allclose(found[1, 0], held["t"][0, -1, 0], atol=1e-6)  # the wave goes on where the sequence ends
