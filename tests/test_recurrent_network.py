"""Networks with memory against NumPy and differences, and what a person sees of them."""

import numpy as np
import pytest

from lab.engine.simulation import Simulation, run
from lab.errors import LabError, ParameterError
from lab.models.learning.recurrent_network import RecurrentNetwork
from lab.training.makers import Sequences, open_for

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


def test_brackets_close_in_order_and_the_target_is_the_top_of_a_stack():
    maker = Sequences(1, "Dyck", 12)
    made = maker.draw(np.random.default_rng(0), 50)
    ago = open_for(made["x"])
    assert set(np.unique(made["x"])) == {-1.0, 1.0} and {tuple(x[0]) for x in made["x"]} == {(-1.0, 1.0), (1.0, 1.0)}
    for x, t, since in zip(made["x"], made["t"][:, :, 0], ago, strict=True):
        stack = []
        for k, (kind, opens) in enumerate(x):
            if opens > 0:
                stack.append((kind, k))
            else:
                assert stack.pop()[0] == kind
            assert t[k] == (stack[-1][0] if stack else 0.0) and since[k] == (k - stack[-1][1] if stack else -1)
        assert not stack  # the word is whole
    assert len(Sequences(1, "Dyck", 7).draw(np.random.default_rng(0), 2)["x"][0]) == 7


def test_brackets_are_judged_by_how_long_they_have_been_open():
    s = Simulation(RecurrentNetwork(task="Dyck", span=8, units=4, batch=8, steps=10), 1)
    s.advance(10)
    held, ages = s.constants.extra["held"], open_for(s.constants.extra["held"]["x"])
    tape = s.model.tape_state(s.constants, s.state)
    said = s.constants.program.forward(tape, "lstm.output", **held)
    by_hand = [np.mean(((said > 0) == (held["t"] > 0))[..., 0][ages == k]) for k in (0, 2, 4, 6)]
    drawn = s.observe("by age")
    assert drawn[0].tolist() == [0, 2, 4, 6]  # no gaps between: a line, not points that nobody sees
    np.testing.assert_allclose(drawn[2], by_hand)
    assert 0.0 <= s.summary()["RNN right long open"] <= 1.0


def test_a_series_of_ones_own_is_foretold_in_its_own_units(tmp_path):
    path = tmp_path / "own.csv"
    values = 100.0 + 5.0 * np.sin(np.arange(400) / 3.0)
    path.write_text("time,level\n" + "".join(f"{k},{v:.4f}\n" for k, v in enumerate(values)))
    model = RecurrentNetwork(task="file", file=str(path), span=12, units=8, steps=150, example=3)
    result = run(model, seed=1, record={})
    assert result.summary["LSTM error"] < result.summary["baseline"] and "400 values" in model.account(result.simulation.constants)
    maker = result.simulation.constants.maker
    start = int(maker.starts(500)[3])
    assert start >= maker.cut == 320
    _, wanted, _, lstm = result.simulation.observe("said")
    np.testing.assert_allclose(wanted, values[start + 1 : start + 13], atol=1e-3)
    assert np.abs(lstm - wanted).mean() < 5.0
    np.testing.assert_allclose(result.simulation.observe("inputs")[1], values[start : start + 12], atol=1e-3)
    true = result.simulation.observe("fed back")[1]
    np.testing.assert_allclose(true, values[start + 12 : start + 24], atol=1e-3)
    training = maker.training(1, 0)
    assert len(training["x"]) == 320 - 12 and training["x"].mean() == pytest.approx(0.0, abs=0.05)
    last = maker.natural(training["t"][-1, -1, 0])
    assert last == pytest.approx(values[319], abs=1e-3)  # nothing that is held out was learned from


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1\n2\n3\n", "take a longer series"),
        ("5\n" * 200, "nothing to foretell"),
        ("1\n2\nx\n" * 40, "not a finite number"),
        ("\n", "bad.csv"),
    ],
)
def test_series_that_cannot_be_learned_from_are_refused_in_a_sentence(tmp_path, text, sentence):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(LabError, match=sentence):
        RecurrentNetwork(task="file", file=str(path), span=12).build(1)
    with pytest.raises(ParameterError, match="path of a table"):
        RecurrentNetwork(task="file", span=12).build(1)
    with pytest.raises(LabError, match="Give the path"):
        RecurrentNetwork(task="file", file=str(tmp_path / "none.csv"), span=12).build(1)


def test_a_sound_is_a_series_too(tmp_path):
    import wave

    with wave.open(str(tmp_path / "tone.wav"), "wb") as sound:
        sound.setnchannels(1), sound.setsampwidth(2), sound.setframerate(8000)
        sound.writeframes((20000 * np.sin(np.arange(2000) / 5.0)).astype("<i2").tobytes())
    maker = RecurrentNetwork(task="file", file=str(tmp_path / "tone.wav"), span=16).maker
    assert len(maker.values) == 2000 and maker.natural(maker.held_out(1, 1)["x"])[0, 0, 0] == pytest.approx(
        0.61 * np.sin(1600 / 5.0), abs=0.01
    )


def test_naming_a_file_chooses_what_it_is_for(tmp_path):
    from lab.commands.running import implied
    from lab.models.learning.gpt import GPT

    assert implied(RecurrentNetwork, {"file": "own.csv"}) == {"task": "file", "file": "own.csv"}
    assert implied(GPT, {"file": "own.txt"}) == {"text": "file", "file": "own.txt"}
    assert implied(GPT, {"file": "own.txt", "text": "repeats"})["text"] == "repeats" and implied(GPT, {"file": ""}) == {"file": ""}
