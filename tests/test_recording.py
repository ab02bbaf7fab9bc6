"""The recorder: what the engine produced is in the session, row for row, and can be gone on from."""

from __future__ import annotations

import numpy as np
import pytest

from lab import catalog
from lab.engine import simulation as engine
from lab.engine.experiment import Experiment
from lab.engine.recording import Recorder, restore_point, storable
from lab.engine.simulation import Simulation, default_record, simulate
from lab.errors import FileError
from lab.model import Happened
from lab.session import Session


@pytest.fixture
def session(tmp_path):
    with Session.create(tmp_path / "recorded.lab") as made:
        yield made


def record(session, counter, steps, *, schedule=(), parent=None, block=7, state="finished", **parameters):
    """Record a run; (run id, simulation)."""
    experiment = Experiment(counter, parameters, seed=4)
    simulation = Simulation(experiment.build(), 4)
    keep = default_record(simulation.model)
    recorder = Recorder(session, "a run", experiment, simulation, keep, parent=parent)
    for produced in simulate(simulation, steps, record=keep, schedule=schedule, block=block):
        recorder.take(produced)
        recorder.take_log(simulation.log)
    recorder.finish(simulation, state, "asked to")
    session.flush()
    return recorder.run_id, simulation


def test_every_row_event_and_snapshot_is_stored(session, counter):
    run, _ = record(session, counter, 250, noise=1.0)
    expected = engine.run(catalog.load(counter)(noise=1.0), 250, seed=4)
    reader = session.reader()
    steps, rows = reader.samples(run, "x")
    assert steps.tolist() == list(range(1, 251))
    assert np.array_equal(rows, expected["x"])
    steps, index, value = reader.events(run, "tens")
    kept = expected.recorded("tens")
    assert np.array_equal((steps + value) * 0.5, kept.time) and np.array_equal(index, kept.index)
    snapshots = reader.snapshots(run, "profile")
    assert [s for s, _ in snapshots] == [100, 200, 250], "each hundredth step, and the last look"
    assert np.array_equal(snapshots[0][1], expected["profile"][0])


def test_intervals_keep_absolute_steps_whatever_the_blocks(session, counter):
    experiment = Experiment(counter)
    for block in (1, 7, 1000):
        simulation = Simulation(experiment.build(), 0)
        recorder = Recorder(session, f"blocks of {block}", experiment, simulation, {"x": 10})
        for produced in simulate(simulation, 95, record={"x": 10}, block=block):
            recorder.take(produced)
        recorder.finish(simulation, "finished", "")
        session.flush()
        assert session.reader().samples(recorder.run_id, "x")[0].tolist() == list(range(10, 95, 10))


def test_per_block_streams_nobody_recorded_are_there_as_the_last_look(session, counter):
    run, _simulation = record(session, counter, 30)
    assert session.reader().latest_snapshot(run, "figures") == (30, [{"x": 30.0, "kicks": 0}])


def test_the_run_says_how_it_ended(session, counter):
    run, _ = record(session, counter, 30, state="stopped")
    info = session.run(run)
    assert (info.state, info.reason, info.steps) == ("stopped", "asked to", 30)
    assert info.summary == {"x (mV)": 30.0, "kicks": 0}


def test_a_diverged_run_keeps_no_checkpoint_of_its_broken_state(session, counter):
    run, _ = record(session, counter, 30, state="diverged")
    assert session.reader().checkpoints(run) == [0]


def test_a_run_that_is_left_where_it_was_paused_keeps_that_state_once(session, counter):
    experiment = Experiment(counter, {}, seed=4)
    simulation = Simulation(experiment.build(), 4)
    recorder = Recorder(session, "a run", experiment, simulation, {"x": 1})
    simulation.advance(30)
    recorder.checkpoint(simulation)  # as at a pause, or at the end
    recorder.finish(simulation, "stopped", "left")
    session.flush()
    assert session.reader().checkpoints(recorder.run_id) == [0, 30]
    second = Recorder(session, "another", experiment, simulation, {"x": 1})
    simulation.act("kick")
    second.finish(simulation, "stopped", "left")  # the same step, and another state
    session.flush()
    point = restore_point(session.reader(), second.run_id, simulation.step)
    assert np.array_equal(point.state["x"], simulation.state["x"]) and point.done == len(simulation.log)


def test_a_checkpoint_restores_the_same_future(session, counter):
    run, simulation = record(session, counter, 100, noise=1.0)
    point = restore_point(session.reader(), run, 100)
    again = Simulation(catalog.load(counter)(), 4)
    again.restore(point)
    for one in (simulation, again):
        one.advance(50)
    assert np.array_equal(simulation.state["x"], again.state["x"])
    assert again.model.noise == 1.0


def test_a_checkpoint_knows_how_much_of_the_log_it_holds(session, counter):
    run, simulation = record(session, counter, 100, schedule=[Happened(10, "act", "kick"), Happened(100, "act", "kick")])
    assert restore_point(session.reader(), run, 100).done == 1 + (simulation.state["kicks"][0] == 2)
    assert restore_point(session.reader(), run, 5).done == 0


def test_a_branch_finds_the_checkpoints_of_the_runs_it_came_from(session, counter):
    first, _ = record(session, counter, 100)
    second, _simulation = record(session, counter, 1, parent=(first, 100))
    for name in list(session.reader().checkpoints(second)):
        assert name in (0, 1)
    empty = session.add_run("bare branch", Experiment(counter).to_dict(), parent=first, parent_step=60)
    session.flush()
    assert restore_point(session.reader(), empty, 99).step == 0, "not the parent's checkpoint at 100, which lies after the branching"
    empty = session.add_run("later branch", Experiment(counter).to_dict(), parent=first, parent_step=100)
    session.flush()
    assert restore_point(session.reader(), empty, 200).step == 100


def test_a_circle_of_parents_ends(session, counter, monkeypatch):
    one = session.add_run("one", Experiment(counter).to_dict())
    two = session.add_run("two", Experiment(counter).to_dict(), parent=one, parent_step=5)
    session.flush()
    reader = session.reader()
    runs = {r.id: r for r in reader.runs()}
    from dataclasses import replace

    monkeypatch.setattr(reader, "runs", lambda deleted=False: [replace(runs[one], parent=two, parent_step=9), runs[two]])
    assert restore_point(reader, two, 100) is None


def test_what_the_disk_refused_is_handed_over_again_in_order(session, counter, monkeypatch):
    experiment = Experiment(counter)
    simulation = Simulation(experiment.build(), 0)
    keep = default_record(simulation.model)
    recorder = Recorder(session, "refused", experiment, simulation, keep)
    append, calls = Session.append_events, [0]

    def sometimes(self, *arguments):
        calls[0] += 1
        if calls[0] % 2:
            raise FileError("full.")
        return append(self, *arguments)

    monkeypatch.setattr(Session, "append_events", sometimes)
    for produced in simulate(simulation, 200, record=keep, block=20):
        try:
            recorder.take(produced)
        except FileError:
            recorder.drain()
    session.flush()
    steps, _rows = session.reader().samples(recorder.run_id, "x")
    assert steps.tolist() == list(range(1, 201))
    expected = engine.run(experiment.build(), 200)
    assert np.array_equal(session.reader().events(recorder.run_id, "tens")[0], np.asarray(expected.recorded("tens").time / 0.5 - 1))


def test_going_on_with_an_existing_run_appends_to_it(session, counter):
    run, simulation = record(session, counter, 50, schedule=[Happened(20, "act", "kick")])
    recorder = Recorder(session, "ignored", Experiment(counter), simulation, {}, run_id=run)
    assert recorder.record == default_record(simulation.model)
    for produced in simulate(simulation, 80, record=recorder.record, block=9):
        recorder.take(produced)
        recorder.take_log(simulation.log)
    recorder.finish(simulation, "finished", "")
    session.flush()
    assert session.reader().samples(run, "x")[0].tolist() == list(range(1, 81))
    assert len(session.reader().log(run)) == 1, "the log is not written twice"
    assert len(session.runs()) == 1


def test_tables_are_stored_as_json_with_python_numbers():
    assert storable([{"a": np.float64(1.5), "b": np.int64(2), "c": np.arange(2)}]) == [{"a": 1.5, "b": 2, "c": [0, 1]}]
    with pytest.raises(TypeError, match="cannot be stored"):
        storable([{"a": object()}])
