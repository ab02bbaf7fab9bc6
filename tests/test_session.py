"""A session keeps what was handed to it: documents, runs, streams, logs, checkpoints; and is one file when closed."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lab.errors import FileError, LabError, ModelError, ParameterError
from lab.session import LogEntry, Session, SessionReader, schema
from lab.session.codec import DTYPES, stored_dtype


@pytest.fixture
def path(tmp_path):
    return tmp_path / "first.lab"


@pytest.fixture
def session(path):
    with Session.create(path, title="First") as session:
        yield session


def add_samples(session, run, name="V", dtype="float64", shape=(), every=1):
    session.add_stream(run, name, form="samples", dtype=dtype, shape=shape, every=every, unit="mV", meta={})


def test_a_closed_session_is_one_file_and_comes_back_as_it_was(path):
    with Session.create(path, title="Erste Sitzung") as session:
        session.notes = "# Notes\nwith *Markdown*"
        session.set_document({"layout": [1, 2], "theme": "dark"})
        run = session.add_run("step", {"model": "neuron", "parameters": {"current": 10.0}}, colour="#aabbcc")
        session.update_run(run, state="finished", reason="done", summary={"rate": np.float32(2.5)}, pinned=True, visible=False, steps=500)
        before = session.runs()
    assert os.listdir(path.parent) == ["first.lab"]
    with Session.open(path) as session:
        assert (session.title, session.notes, session.recovered, session.writable) == (
            "Erste Sitzung",
            "# Notes\nwith *Markdown*",
            False,
            True,
        )
        assert session.document() == {"layout": [1, 2], "theme": "dark"}
        assert session.runs() == before
        (run,) = session.runs()
        assert (run.summary, run.pinned, run.visible, run.steps, run.state, run.colour) == (
            {"rate": 2.5},
            True,
            False,
            500,
            "finished",
            "#aabbcc",
        )
    assert session.closed and os.listdir(path.parent) == ["first.lab"]
    session.close()


def test_samples_come_back_by_steps_whatever_the_sizes_of_the_appended_blocks(session):
    run = session.add_run("r", {})
    add_samples(session, run, shape=(2,), every=3)
    rows = np.arange(200.0).reshape(100, 2)
    cuts = [0, 1, 4, 30, 31, 99, 100]
    for k, (low, high) in enumerate(itertools.pairwise(cuts)):
        session.append_samples(run, "V", 6 + 3 * low, rows[low:high])
        if k % 2:
            session.flush()
    session.flush()
    reader = session.reader()
    steps, values = reader.samples(run, "V")
    assert np.array_equal(steps, 6 + 3 * np.arange(100)) and np.array_equal(values, rows)
    for start, stop in [(None, 7), (7, 10), (9, 10), (10, 11), (96, 108), (303, None), (304, None), (0, 6), (5, 5), (-9, 10**15)]:
        low, high = (-np.inf if start is None else start), (np.inf if stop is None else stop)
        keep = (6 + 3 * np.arange(100) >= low) & (6 + 3 * np.arange(100) < high)
        steps, values = reader.samples(run, "V", start, stop)
        assert np.array_equal(steps, (6 + 3 * np.arange(100))[keep]) and np.array_equal(values, rows[keep]), (start, stop)
    assert reader.extent(run) == (6, 303)
    assert session.run(run).steps == 303 and session.run(run).bytes == rows.nbytes
    assert reader.runs()[0] == session.run(run)


def test_a_gap_in_the_samples_stays_a_gap_and_going_back_is_refused(session):
    run = session.add_run("r", {})
    add_samples(session, run)
    session.append_samples(run, "V", 0, np.zeros(5))
    session.append_samples(run, "V", 20, np.ones(2))
    for step in (21, 3):
        with pytest.raises(ModelError, match="only goes forward"):
            session.append_samples(run, "V", step, np.zeros(1))
    session.flush()
    steps, values = session.reader().samples(run, "V")
    assert steps.tolist() == [0, 1, 2, 3, 4, 20, 21] and values.tolist() == [0] * 5 + [1] * 2


def test_the_appended_array_may_be_overwritten_at_once(session):
    run = session.add_run("r", {})
    add_samples(session, run)
    block = np.arange(4.0)
    session.append_samples(run, "V", 0, block)
    block[:] = -1
    session.flush()
    assert session.reader().samples(run, "V")[1].tolist() == [0, 1, 2, 3]


def test_events_are_sorted_by_step_and_selected_by_step(session):
    run = session.add_run("r", {})
    session.add_stream(run, "spikes", form="events", dtype="float64", shape=(), every=1, unit="", meta={"cells": 9})
    session.append_events(run, "spikes", [5, 3, 5], [1, 2, 3], [0.5, 0.25, 0.125])
    session.append_events(run, "spikes", [5, 9], [4, 5], 1.0)
    session.append_events(run, "spikes", [], [], [])
    session.flush()
    reader = session.reader()
    steps, index, value = reader.events(run, "spikes")
    assert steps.tolist() == [3, 5, 5, 5, 9] and index.tolist() == [2, 1, 3, 4, 5] and value.tolist() == [0.25, 0.5, 0.125, 1, 1]
    assert (steps.dtype, index.dtype, value.dtype) == (np.int64, np.int32, np.float64)
    assert reader.events(run, "spikes", 4, 9)[1].tolist() == [1, 3, 4]
    assert reader.events(run, "spikes", 10)[0].size == 0
    assert reader.streams(run)[0].meta == {"cells": 9} and reader.streams(run)[0].rows == 5


def test_the_latest_snapshot_at_a_step_is_found_and_may_change_its_length(session):
    run = session.add_run("r", {})
    session.add_stream(run, "weights", form="snapshots", dtype="float32", shape=(-1, 2), every=1, unit="", meta={})
    session.add_stream(run, "graph", form="snapshots", dtype="json", shape=(), every=1, unit="", meta={})
    for step, length in ((0, 1), (10, 3), (20, 0)):
        session.append_snapshot(run, "weights", step, np.full((length, 2), step, np.float32))
        session.append_snapshot(run, "graph", step, {"edges": [[0, step]]})
    session.flush()
    reader = session.reader()
    assert reader.latest_snapshot(run, "weights", 19)[0] == 10
    assert reader.latest_snapshot(run, "weights", 19)[1].tolist() == [[10, 10]] * 3
    assert reader.latest_snapshot(run, "weights")[1].shape == (0, 2)
    assert reader.latest_snapshot(run, "weights", -1) is None
    assert reader.snapshots(run, "graph", 5) == [(10, {"edges": [[0, 10]]}), (20, {"edges": [[0, 20]]})]
    assert reader.snapshot_steps(run, "weights") == [0, 10, 20]
    with pytest.raises(ModelError, match=r"shape \(3, 3\)"):
        session.append_snapshot(run, "weights", 30, np.zeros((3, 3)))


def test_log_and_checkpoints_come_back_in_order(session):
    run = session.add_run("r", {})
    session.append_log(run, 7, "change", "current", {"value": 3.5})
    session.append_log(run, 7, "action", "pulse", {"amplitude": 1})
    state = {"v": np.arange(3.0), "seed": np.array([1, 2**64 - 1], np.uint64), "flag": np.array(True)}
    session.add_checkpoint(run, 100, state, {"parameters": {"a": 1}})
    session.add_checkpoint(run, 200, {"v": np.zeros((2, 0, 3))}, {})
    session.flush()
    reader = session.reader()
    assert reader.log(run) == [LogEntry(7, "change", "current", {"value": 3.5}), LogEntry(7, "action", "pulse", {"amplitude": 1})]
    assert reader.checkpoints(run) == [100, 200]
    step, arrays, meta = reader.checkpoint(run, 199)
    assert (step, meta, list(arrays)) == (100, {"parameters": {"a": 1}}, ["v", "seed", "flag"])
    assert all(np.array_equal(arrays[name], state[name]) and arrays[name].dtype == state[name].dtype for name in state)
    arrays["v"][0] = 5.0  # a restored state is written to
    assert reader.checkpoint(run, 10**9)[1]["v"].shape == (2, 0, 3)
    assert reader.checkpoint(run, 99) is None


def test_a_branch_names_its_parent_and_loses_it_only_when_the_parent_is_removed_for_good(session):
    parent = session.add_run("parent", {})
    branch = session.add_run("branch", {}, parent=parent, parent_step=50)
    assert (session.run(branch).parent, session.run(branch).parent_step) == (parent, 50)
    session.delete_run(parent)
    assert session.run(branch).parent == parent
    session.compact()
    assert session.run(branch).parent is None
    assert session.reader().runs() == session.runs()
    with pytest.raises(FileError, match="no run 77"):
        session.add_run("x", {}, parent=77)


def test_a_deleted_run_can_be_restored_until_compacting_gives_its_space_back(path, session):
    kept, gone = session.add_run("kept", {}), session.add_run("gone", {})
    for run in (kept, gone):
        add_samples(session, run)
        session.append_samples(run, "V", 0, np.random.default_rng(1).standard_normal(100_000))
        session.append_log(run, 1, "change", "x", {})
        session.add_checkpoint(run, 1, {"a": np.zeros(1000)}, {})
    session.delete_run(gone)
    assert [run.id for run in session.runs()] == [kept] and [run.id for run in session.runs(deleted=True)] == [kept, gone]
    session.restore_run(gone)
    assert [run.id for run in session.runs()] == [kept, gone]
    session.flush()
    assert session.reader().samples(gone, "V")[1].size == 100_000
    session.delete_run(gone)
    session.compact()
    assert session.runs(deleted=True) == [session.run(kept)]
    with pytest.raises(FileError):
        session.restore_run(gone)
    session.close()
    assert 800_000 < path.stat().st_size < 1_200_000
    assert Session.check(path) == []
    with Session.open(path) as again:
        assert again.add_run("later", {}) == gone + 1  # numbers are not used twice
        assert again.reader().samples(kept, "V")[1].size == 100_000


def test_a_copy_saved_while_recording_is_complete_up_to_then(path, session):
    run = session.add_run("r", {})
    add_samples(session, run)
    stop = threading.Event()
    appended = [0]

    def record():
        while not stop.is_set():
            session.append_samples(run, "V", appended[0], np.arange(appended[0], appended[0] + 1000.0))
            appended[0] += 1000
            stop.wait(0.001)

    thread = threading.Thread(target=record)
    thread.start()
    try:
        copies = []
        for k in range(3):
            known = appended[0]
            session.save_copy(path.with_name(f"copy{k}.lab"))
            copies.append(known)
        session.save_copy(path.with_name("copy0.lab"))  # replaces the earlier one
        copies[0] = copies[2]
    finally:
        stop.set()
        thread.join()
    assert sorted(os.listdir(path.parent)) == [
        "copy0.lab",
        "copy1.lab",
        "copy2.lab",
        *sorted(p for p in os.listdir(path.parent) if p.startswith("first")),
    ]
    for k, known in enumerate(copies):
        assert Session.check(path.with_name(f"copy{k}.lab")) == []
        with Session.open(path.with_name(f"copy{k}.lab")) as copy:
            steps, values = copy.reader().samples(run, "V")
            assert len(steps) >= known and np.array_equal(values, np.arange(len(steps)))
            assert (copy.recovered, copy.runs()[0].state) == (False, "stopped")
    with pytest.raises(FileError, match="over itself"):
        session.save_copy(path)
    with Session.open(path.with_name("copy1.lab")), pytest.raises(FileError, match="already open"):
        session.save_copy(path.with_name("copy1.lab"))


def test_a_second_window_on_the_same_file_is_refused_with_a_sentence(path, session):
    with pytest.raises(FileError, match="already open in another window") as refused:
        Session.open(path)
    assert str(os.getpid()) in str(refused.value)
    code = f"from lab.session import Session\ntry: Session.open({str(path)!r})\nexcept Exception as e: print(type(e).__name__, e)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert answer.startswith("FileError 'first.lab' is already open")
    run = session.add_run("still alive", {})
    session.flush()
    code = f"from lab.session import SessionReader\nprint(SessionReader({str(path)!r}).runs()[0].name)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "still alive\n"
    link = path.with_name("link.lab")
    link.symlink_to(path)
    with pytest.raises(FileError, match="already open"):
        Session.open(link)
    session.update_run(run, state="finished")
    session.close()
    with Session.open(path) as again:
        assert again.runs()[0].name == "still alive" and not again.recovered


def test_reading_only_changes_nothing_and_refuses_to_write(path, session):
    run = session.add_run("r", {})
    session.flush()
    with Session.open(path, writable=False) as other:
        assert other.runs()[0].name == "r" and not other.recovered and not other.writable
        with pytest.raises(FileError, match="reading only"):
            other.append_log(run, 0, "a", "b", {})
        other.close()
    session.close()
    before = path.read_bytes()
    with Session.open(path, writable=False) as other:
        assert other.runs()[0].id == run
    assert path.read_bytes() == before and os.listdir(path.parent) == ["first.lab"]


def test_creating_over_an_existing_file_is_refused(path):
    path.write_bytes(b"precious")
    with pytest.raises(FileError, match="already exists"):
        Session.create(path)
    assert path.read_bytes() == b"precious" and os.listdir(path.parent) == ["first.lab"]
    path.unlink()
    path.with_name("first.lab-wal").write_bytes(b"left over")
    with pytest.raises(FileError, match="of an earlier file"):
        Session.create(path)


def test_a_newer_version_is_refused_and_left_alone(path):
    Session.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={schema.current_version() + 1}")
    connection.close()
    before = path.read_bytes()
    for attempt in (Session.open, SessionReader, lambda path: Session.open(path, writable=False)):
        with pytest.raises(FileError, match="newer version of the lab"):
            attempt(path)
    assert path.read_bytes() == before and os.listdir(path.parent) == ["first.lab"]


def add_a_mark(connection):
    connection.execute("ALTER TABLE runs ADD COLUMN mark TEXT NOT NULL DEFAULT 'none'")
    connection.execute("UPDATE runs SET mark='old'")


def test_an_older_file_is_migrated_once_and_keeps_its_contents(path, monkeypatch):
    with Session.create(path) as session:
        run = session.add_run("old", {"a": 1})
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, add_a_mark))
    with SessionReader(path) as reader:
        assert reader.runs()[0].name == "old", "reading changes nothing and needs no migration"
    with Session.open(path) as session:
        assert session.run(run).name == "old"
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT mark FROM runs").fetchall() == [("old",)]
    assert connection.execute("PRAGMA user_version").fetchone()[0] == schema.current_version()
    connection.close()
    assert Session.check(path) == []
    Session.create(path.with_name("new.lab")).close()
    assert Session.check(path.with_name("new.lab")) == []


def test_a_migration_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    with Session.create(path) as session:
        session.add_run("old", {"a": 1})
    before = path.read_bytes()

    def fails(connection):
        if connection.execute("SELECT count(*) FROM runs").fetchone()[0]:
            connection.execute("UPDATE runs SET name='half done'")
            connection.execute("INSERT INTO nowhere VALUES(1)")

    original = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", (*original, fails))
    with pytest.raises(FileError):
        Session.open(path)
    assert path.read_bytes() == before
    monkeypatch.setattr(schema, "MIGRATIONS", original)
    with Session.open(path) as session:
        assert session.runs()[0].name == "old"


def test_mistakes_in_a_call_are_named(session):
    run = session.add_run("r", {})
    add_samples(session, run, shape=(3,))
    session.flush()
    cases = [
        (lambda: session.append_samples(run, "W", 0, np.zeros((1, 3))), "no stream 'W'"),
        (lambda: session.append_samples(run, "V", 0, np.zeros((1, 4))), r"shape \(1, 4\)"),
        (lambda: session.append_samples(run, "V", 0, np.zeros((1, 3), complex)), "complex128 cannot be recorded as float64"),
        (lambda: session.append_samples(run, "V", 0, np.array([[object()] * 3])), "cannot be recorded"),
        (lambda: session.append_events(run, "V", [1], [1], [1]), "holds samples, not events"),
        (lambda: add_samples(session, run), "already has a stream 'V'"),
        (lambda: add_samples(session, run, name="X", dtype="object"), "'object' cannot be recorded"),
        (lambda: add_samples(session, run, name="X", shape=(10**6, 10**6)), "is not possible"),
        (lambda: add_samples(session, run, name="X", every=0), "every must be"),
        (lambda: session.add_stream(run, "X", form="movie", dtype="int8", shape=(), every=1, unit="", meta={}), "no form 'movie'"),
        (lambda: session.append_log(99, 0, "a", "b", {}), "no run 99"),
        (lambda: session.append_log(run, 0, "a", "b", {"x": object()}), "cannot be stored as JSON"),
        (lambda: session.add_checkpoint(run, 0, {"a": np.array(["text"])}, {}), "cannot be kept"),
        (lambda: session.update_run(run, nmae="x"), "did you mean 'name'"),
        (lambda: session.update_run(run, state="flying"), "cannot be in the state 'flying'"),
        (lambda: session.reader().samples(run, "VV"), "did you mean 'V'"),
        (lambda: session.reader().events(run, "V"), "holds samples, not events"),
    ]
    for call, words in cases:
        with pytest.raises((ModelError, ParameterError, FileError), match=words):
            call()
    session.close()
    for call in (lambda: session.append_log(run, 0, "a", "b", {}), session.reader):
        with pytest.raises(FileError, match="is closed"):
            call()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_array_of_any_dtype_round_trips_bit_by_bit(session, data):
    dtype = data.draw(st.sampled_from(DTYPES))
    array = data.draw(hnp.arrays(np.dtype(dtype), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
    turned = data.draw(st.sampled_from([array, np.array(array, order="F"), array.astype(stored_dtype(dtype).newbyteorder(">"))]))
    run = session.add_run("r", {})
    session.add_stream(run, "s", form="snapshots", dtype=dtype, shape=(-1,) * array.ndim, every=1, unit="", meta={})
    session.append_snapshot(run, "s", 3, turned)
    session.add_checkpoint(run, 3, {"a": turned}, {})
    if array.ndim:
        session.add_stream(run, "t", form="samples", dtype=dtype, shape=array.shape[1:], every=1, unit="", meta={})
        session.append_samples(run, "t", 0, turned)
    session.flush()
    with session.reader() as reader:
        results = [reader.latest_snapshot(run, "s")[1], reader.checkpoint(run, 3)[1]["a"]]
        if array.ndim:
            results.append(reader.samples(run, "t")[1])
    for result in results:
        assert (result.dtype, result.shape, result.tobytes()) == (np.dtype(dtype), array.shape, array.tobytes())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=8,
    )
)
def test_any_json_document_comes_back_or_is_refused(session, value):
    try:
        session.set_document({"value": value})
    except LabError:
        assert any(0xD800 <= ord(c) < 0xE000 for c in repr(value)) or "\\ud" in repr(value)
        return
    session.flush()
    with session.reader() as reader:
        assert json.loads(reader.settings()["document"]) == {"value": value} == session.document()


def test_the_log_beside_the_file_stays_small_however_many_small_things_are_written(tmp_path, monkeypatch):
    """It was moved into the file by what was written only: browsing the models for some minutes left 120 MB of rewritten pages beside 2 MB."""
    from lab.session import writer

    monkeypatch.setattr(writer, "WAL_SECONDS", 0.0)
    monkeypatch.setattr(writer, "WAL_LARGE", 200_000)
    log = tmp_path / "small.lab-wal"
    with Session.create(tmp_path / "small.lab", "Small") as session:
        largest = 0
        for k in range(200):
            session.notes = f"note {k} " + "x" * 6000
            session.flush()
            largest = max(largest, log.stat().st_size)
        assert 200_000 < largest < 400_000
        assert session.notes.startswith("note 199")
    assert not log.exists()
