"""Runs that were only browsed are kept in brief: what is large goes, oldest first, and nothing that was asked for."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from lab.engine.experiment import Experiment
from lab.engine.recording import Recorder, as_it_went, experiment_of, restore_point
from lab.engine.simulation import Simulation, simulate
from lab.session import Session, SessionReader, brief, keep_in_brief
from lab.session.codec import row_checksum

ROWS, LAST = 20_000, 19_999


@pytest.fixture
def path(tmp_path):
    return tmp_path / "browsed.lab"


def browsed(session: Session, name: str = "run", state: int = 1000) -> int:
    """A run as browsing leaves it: 160 kB of a trace, 200 kB of events, 80 kB of pictures, a small curve, checkpoints."""
    run = session.add_run(name, {"model": name})
    session.add_stream(run, "V", form="samples", dtype="float64", every=2)
    session.add_stream(run, "spikes", form="events", dtype="float64")
    session.add_stream(run, "map", form="snapshots", dtype="float64", shape=(-1,))
    session.add_stream(run, "loss", form="samples", dtype="float64", every=1000)
    for at in range(0, ROWS, 5000):
        session.append_samples(run, "V", 2 * at, np.arange(at, at + 5000.0))
        session.append_events(run, "spikes", np.arange(at, at + 2500), np.arange(at, at + 2500), np.arange(at, at + 2500.0))
        session.flush()  # a chunk of its own
    for at in range(10):
        session.append_snapshot(run, "map", at * 1000, np.full(1000, float(at)))
    session.append_samples(run, "loss", 0, np.arange(20.0))
    session.append_log(run, 70, "change", "rate", {"rate": 2.0})
    for done, at in enumerate((0, 10, 20, 2 * LAST)):
        session.add_checkpoint(run, at, {"x": np.full(state, float(at))}, {"parameters": {"a": 1}, "done": done})
    session.update_run(run, state="stopped", summary={"rate": 3.0})
    return run


def test_what_is_large_is_let_go_and_the_newest_stretch_stays(path):
    with Session.create(path) as session:
        run = browsed(session)
        before = session.run(run)
        assert keep_in_brief(session, (), budget=before.bytes) == [] and session.run(run) == before
        assert keep_in_brief(session, (), budget=120_000) == [run]
        after = session.run(run)
        assert after.bytes < 120_000 and "brief" in after.made
        assert (after.summary, after.steps, after.experiment) == (before.summary, before.steps, before.experiment)
        reader = session.reader()
        steps, values = reader.samples(run, "V")
        assert steps[-1] == 2 * LAST and 1000 < len(steps) < 5000
        assert np.array_equal(values, steps / 2)
        when, index, value = reader.events(run, "spikes")
        assert when[-1] == 17_499 and len(when) > 500 and np.array_equal(when, index) and np.array_equal(when, value)
        assert len(reader.samples(run, "loss")[0]) == 20  # small: whole
        pictures = reader.snapshots(run, "map")
        assert pictures[-1][0] == 9000 and all((picture == at / 1000).all() for at, picture in pictures)
        assert len(set(np.diff([at for at, _ in pictures]))) <= 1
        assert [entry.payload for entry in reader.log(run)] == [{"rate": 2.0}]
        assert reader.checkpoints(run) == [2 * LAST] and reader.checkpoint(run)[1]["x"][0] == 2 * LAST
        assert reader.checkpoint(run, 100) is None
        assert reader.began_with(run)["parameters"] == {"a": 1}
        assert sum(stream.bytes for stream in reader.streams(run)) <= 96_000
        assert keep_in_brief(session, (), budget=120_000) == []
    assert Session.check(path) == []
    with SessionReader(path) as reader:
        assert reader.runs()[0].bytes == after.bytes and reader.runs()[0].made == after.made


def test_the_oldest_goes_first_and_what_was_asked_for_is_never_touched(path):
    with Session.create(path) as session:
        runs = [browsed(session, f"run {n}") for n in range(6)]
        starred, pinned, parent = runs[0], runs[1], runs[2]
        session.update_run(pinned, pinned=True)
        branch = session.add_run("branch", {}, parent=parent, parent_step=10)
        session.update_run(branch, state="stopped")
        whole = {run: session.run(run) for run in (starred, pinned, parent, runs[5])}
        budget = session.run(runs[5]).bytes + 2 * 140_000
        assert keep_in_brief(session, {starred}, budget) == runs[3:5]
        assert {run: session.run(run) for run in whole} == whole
        session.update_run(runs[5], state="running")
        keep_in_brief(session, {starred}, 0)
        assert session.run(runs[5]).bytes == whole[runs[5]].bytes, "a run that is recorded is left alone"
        session.update_run(runs[5], state="stopped")
    with Session.open(path) as session:
        assert keep_in_brief(session, (), 0) == [], "what was in the file when it was opened is asked for"
    assert Session.check(path) == []


def test_a_large_state_goes_when_the_budget_asks_for_it(path):
    with Session.create(path) as session:
        run = browsed(session, state=50_000)
        keep_in_brief(session, (), 100_000)
        reader = session.reader()
        assert session.run(run).bytes < 100_000 and reader.checkpoints(run) == [] and reader.checkpoint(run) is None
        assert reader.began_with(run)["parameters"] == {"a": 1}
    assert Session.check(path) == []


def test_a_last_picture_of_megabytes_goes_and_an_ordinary_one_stays(path):
    with Session.create(path) as session:
        run = browsed(session)
        session.add_stream(run, "matrix", form="snapshots", dtype="float64", shape=(-1,))
        session.append_snapshot(run, "matrix", 9000, np.zeros(400_000))
        keep_in_brief(session, (), 300_000)
        reader = session.reader()
        assert reader.snapshots(run, "matrix") == [] and reader.snapshots(run, "map")[-1][0] == 9000
        assert session.run(run).bytes < 300_000
        keep_in_brief(session, (), 0)
        assert reader.snapshots(run, "map")[-1][0] == 9000
    assert Session.check(path) == []


def test_letting_go_is_all_or_nothing(path, monkeypatch):
    with Session.create(path) as session:
        run = browsed(session)
        before = session.run(run)

        def fail(*_):
            raise sqlite3.OperationalError("interrupted")

        monkeypatch.setattr(brief, "_let_checkpoints_go", fail)
        with pytest.raises(Exception, match="interrupted"):
            keep_in_brief(session, (), 0)
        assert session.run(run) == before and len(session.reader().samples(run, "V")[0]) == ROWS
    assert Session.check(path) == []


def test_a_damaged_piece_is_not_signed_anew(path):
    with Session.create(path) as session:
        browsed(session)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE chunks SET data=zeroblob(length(data)) WHERE last=? AND rows=5000", (2 * LAST,))
    connection.close()
    with Session.open(path) as session:
        session.first_new_run = 1
        keep_in_brief(session, (), 0)
    assert any("V" in sentence for sentence in Session.check(path))


def test_a_run_in_brief_goes_on_to_the_same_bytes_and_is_made_again(path, counter):
    def recorded(session: Session) -> tuple[Simulation, Recorder]:
        experiment = Experiment(counter, {}, seed=3)
        simulation = Simulation(experiment.build(), experiment.seed)
        recorder = Recorder(session, "run", experiment, simulation, {s.name: 1 for s in simulation.model.streams})
        for block in simulate(simulation, 400, record=recorder.record):
            recorder.take(block)
        recorder.finish(simulation, "stopped", "")
        return simulation, recorder

    with Session.create(path) as session:
        simulation, recorder = recorded(session)
        session.shorten_run(recorder.run_id, 0, 400, 100_000)
        with session.reader() as reader:
            info = reader.pick()
            point = restore_point(reader, info.id, info.steps)
            assert point is not None and all(np.array_equal(point.state[k], simulation.state[k]) for k in simulation.state)
            again = as_it_went(reader, info)
            assert again.steps == info.steps == 400 and experiment_of(reader, info).build() == simulation.model
        other = Simulation(again.build(), again.seed)
        for _ in simulate(other, again.steps, record={}):
            pass
        assert all(np.array_equal(other.state[k], simulation.state[k]) for k in simulation.state)


def test_a_row_says_that_it_was_signed_anew(path):
    with Session.create(path) as session:
        browsed(session)
        keep_in_brief(session, (), 0)
    connection = sqlite3.connect(path)
    connection.create_function("row_checksum", -1, row_checksum)
    from lab.session.schema import SIGNED

    for table in ("runs", "streams"):
        assert all(a == b for a, b in connection.execute(f"SELECT crc, row_checksum({SIGNED[table]}) FROM {table}"))
    connection.close()
