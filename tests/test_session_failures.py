"""A session loses nothing when the program is killed, the disk is full or slow, or the folder is read-only."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from lab.errors import FileError
from lab.session import Session
from lab.session.lock import lock_path

RECORDER = """
import sys
import numpy as np
from lab.session import Session
with Session.open(sys.argv[1]) as session:
    run = session.add_run("killed", {"model": "neuron"})
    session.add_stream(run, "V", form="samples", dtype="float64", shape=(50,), every=1, unit="mV", meta={})
    session.add_stream(run, "spikes", form="events", dtype="float64", shape=(), every=1, unit="", meta={})
    session.flush()
    step = 0
    while True:
        for _ in range(1 + step % 7):
            session.append_samples(run, "V", step, np.arange(step, step + 100.0)[:, None] + np.zeros(50))
            session.append_events(run, "spikes", np.arange(step, step + 100, 10), np.arange(10), 1.0)
            session.append_log(run, step, "change", "current", {"value": step})
            step += 100
        session.add_checkpoint(run, step, {"state": np.full(1000, float(step))}, {"step": step})
        if step % 2100 == 0 and len(sys.argv) > 2:
            session.delete_run(session.add_run("gone", {}))
            session.compact()
        session.flush()
        print(run, step, flush=True)
"""


def kill_while_recording(path: Path, seconds: float, *extra: str) -> tuple[int, int]:
    """Record in a child process, kill it -9 some time after its first acknowledgement, and return the last run and step it acknowledged."""
    child = subprocess.Popen([sys.executable, "-c", RECORDER, str(path), *extra], stdout=subprocess.PIPE)
    first = child.stdout.readline()
    time.sleep(seconds)
    child.kill()
    rest = child.stdout.read()
    child.wait()
    child.stdout.close()
    lines = [line for line in (first + rest).split(b"\n")[:-1] if line]  # a line cut off by the kill does not count
    return tuple(map(int, lines[-1].split()))


def assert_nothing_acknowledged_is_lost(path: Path, run: int, acknowledged: int) -> None:
    with Session.open(path) as session:
        assert session.recovered
        info = session.run(run)
        assert info.state == "stopped" and "was being recorded" in info.reason and info.steps >= acknowledged - 1
        reader = session.reader()
        steps, values = reader.samples(run, "V")
        assert len(steps) >= acknowledged and np.array_equal(steps, np.arange(len(steps)))
        assert np.array_equal(values, steps[:, None] + np.zeros(50))
        when, index, _ = reader.events(run, "spikes", 0, acknowledged)
        assert np.array_equal(when, np.arange(0, acknowledged, 10)) and np.array_equal(index, np.arange(len(when)) % 10)
        assert [entry.payload["value"] for entry in reader.log(run)][: acknowledged // 100] == list(range(0, acknowledged, 100))
        step, arrays, meta = reader.checkpoint(run, acknowledged)
        assert step == acknowledged == meta["step"] and np.all(arrays["state"] == acknowledged)
    assert Session.check(path) == []
    assert os.listdir(path.parent) == [path.name]
    with Session.open(path) as session:
        assert not session.recovered


def test_killed_while_recording_it_reopens_with_everything_acknowledged(tmp_path):
    path = tmp_path / "killed.lab"
    Session.create(path).close()
    chance = random.Random(1)
    for _ in range(12):  # the same file again and again: each round also records on top of a recovered one
        run, acknowledged = kill_while_recording(path, chance.uniform(0.0, 0.12))
        assert_nothing_acknowledged_is_lost(path, run, acknowledged)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_killed_at_sixty_random_moments_also_while_compacting(tmp_path):
    path = tmp_path / "killed.lab"
    chance = random.Random(2)
    for round_ in range(60):
        if round_ % 10 == 0:
            path.unlink(missing_ok=True)
            Session.create(path).close()
        run, acknowledged = kill_while_recording(path, chance.uniform(0.0, 1.0), "compact")
        assert_nothing_acknowledged_is_lost(path, run, acknowledged)


def test_a_lock_file_left_by_a_killed_program_locks_nothing(tmp_path):
    path = tmp_path / "a.lab"
    Session.create(path).close()
    lock_path(path).write_text("process 1 on elsewhere")
    with Session.open(path) as session:
        assert not session.recovered
    assert os.listdir(tmp_path) == ["a.lab"]


@pytest.fixture
def recording(tmp_path):
    session = Session.create(tmp_path / "full.lab")
    run = session.add_run("r", {})
    session.add_stream(run, "V", form="samples", dtype="float64", shape=(100,), every=1, unit="mV", meta={})
    session.flush()
    yield session, run
    session.close()


def rows(step: int) -> np.ndarray:
    return np.arange(step, step + 100.0)[:, None] + np.zeros(100)


def append_until_refused(session: Session, run: int, step: int) -> tuple[int, str]:
    for _ in range(2000):
        try:
            session.append_samples(run, "V", step, rows(step))
        except FileError as problem:
            return step, str(problem)
        step += 100
        time.sleep(0.001)
    raise AssertionError("the full disk was never reported")


def test_a_full_disk_is_reported_and_after_making_room_everything_is_there(recording):
    session, run = recording
    session.append_samples(run, "V", 0, rows(0))
    session.flush()
    connection = session._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 30}")
    refused_at, sentence = append_until_refused(session, run, 100)
    assert "'full.lab' is full; make room" in sentence and "nothing already recorded is lost" in sentence
    assert session.stats.error == sentence and session.stats.queued_bytes > 0
    with pytest.raises(FileError, match="is full"):
        session.flush()
    with pytest.raises(FileError, match="is full"):
        session.close()
    assert not session.closed
    session.append_log(run, refused_at, "change", "current", {"value": 1})  # small things are queued all the same
    session.notes = "the disk is full"
    session.retry()  # too early: it is reported again, and nothing is lost by trying
    deadline = time.monotonic() + 20
    while session.stats.error is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert session.stats.error == sentence
    connection.execute("PRAGMA max_page_count=1000000")
    session.retry()
    session.append_samples(run, "V", refused_at, rows(refused_at))  # the one that was refused is handed over again
    session.flush()
    assert session.stats.error is None and session.stats.queued_bytes == 0
    steps, values = session.reader().samples(run, "V")
    assert np.array_equal(steps, np.arange(refused_at + 100)) and np.array_equal(values, steps[:, None] + np.zeros(100))
    assert len(session.reader().log(run)) == 1
    session.close()
    with Session.open(session.path) as again:
        assert again.notes == "the disk is full" and not again.recovered
    assert Session.check(session.path) == []


def test_a_session_given_up_on_a_full_disk_still_holds_what_was_acknowledged(recording):
    session, run = recording
    session.append_samples(run, "V", 0, rows(0))
    session.flush()
    pages = session._connection.execute("PRAGMA page_count").fetchone()[0]
    session._connection.execute(f"PRAGMA max_page_count={pages}")
    append_until_refused(session, run, 100)
    session.close(discard=True)
    with Session.open(session.path) as again:
        assert again.recovered and len(again.reader().samples(run, "V")[0]) >= 100
    assert Session.check(session.path) == []


class Failing:
    """A connection whose statements with a word in them fail as often as told, as a dying disk does."""

    def __init__(self, connection, word: str, times: int):
        self._connection, self.word, self.times = connection, word, times

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def execute(self, sql, *values):
        if self.word in sql and self.times > 0:
            self.times -= 1
            problem = sqlite3.OperationalError("disk I/O error")
            problem.sqlite_errorname = "SQLITE_IOERR_WRITE"
            raise problem
        return self._connection.execute(sql, *values)


@pytest.mark.parametrize("word", ["BEGIN", "INSERT INTO chunks", "UPDATE streams", "COMMIT"])
def test_a_write_that_fails_anywhere_is_done_again_exactly_once(recording, word):
    session, run = recording
    session._writer._connection = Failing(session._connection, word, 3)
    for step in (0, 100, 200):
        session.append_samples(run, "V", step, rows(step))
    for _ in range(3):
        with pytest.raises(FileError, match=r"reports an error \(SQLITE_IOERR_WRITE\).*nothing already recorded is lost"):
            session.flush()
        session.retry()
    session.flush()
    steps, values = session.reader().samples(run, "V")
    assert np.array_equal(steps, np.arange(300)) and np.array_equal(values[:, 0], np.arange(300.0))
    assert session.reader().streams(run)[0].rows == 300


def test_a_slow_disk_holds_the_appends_back_and_says_so(tmp_path):
    session = Session.create(tmp_path / "slow.lab")
    run = session.add_run("r", {})
    session.add_stream(run, "V", form="samples", dtype="float64", shape=(100,), every=1, unit="mV", meta={})
    session.flush()
    session._writer._limit = 500_000
    gate = threading.Event()

    class Slow(Failing):
        def execute(self, sql, *values):
            if sql == "BEGIN IMMEDIATE":
                gate.wait(20)
            return self._connection.execute(sql, *values)

    session._writer._connection = Slow(session._connection, "", 0)
    done = []

    def record():
        for step in range(0, 2000, 100):  # 20 blocks of 80,000 bytes: six fit
            session.append_samples(run, "V", step, rows(step))
            done.append(step)

    thread = threading.Thread(target=record)
    thread.start()
    deadline = time.monotonic() + 20
    while not session.stats.waiting and time.monotonic() < deadline:
        time.sleep(0.005)
    status = session.stats
    assert status.waiting and status.queued_bytes <= 500_000 and len(done) == 6 and status.error is None
    begin = time.monotonic()
    session.notes = "the window is not held back"
    session.update_run(run, name="renamed")
    assert time.monotonic() - begin < 5 and thread.is_alive()
    gate.set()
    thread.join()
    session.flush()
    assert not session.stats.waiting and session.stats.waited > 0
    assert len(session.reader().samples(run, "V")[0]) == 2000
    session.close()


READ_ONLY = """
import os, sys
from lab.session import Session
if os.geteuid() == 0:  # root may write everywhere
    os.setgid(65534)
    os.setuid(65534)
def attempt(call):
    try:
        print(call())
    except Exception as problem:
        print(type(problem).__name__, problem)
path = sys.argv[1]
attempt(lambda: Session.open(path))
attempt(lambda: Session.create(path + "2"))
attempt(lambda: Session.open(path, writable=False).title)
attempt(lambda: Session.open(path, writable=False).save_copy(path + "3"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such permissions there")
def test_in_a_read_only_folder_one_sentence_says_so_and_reading_works():
    folder = Path(tempfile.mkdtemp())
    try:
        with Session.create(folder / "a.lab", title="For reading"):
            pass
        os.chmod(folder / "a.lab", 0o444)
        os.chmod(folder, 0o555)
        answer = subprocess.run([sys.executable, "-c", READ_ONLY, str(folder / "a.lab")], capture_output=True, text=True)
        lines = answer.stdout.splitlines()
        assert len(lines) == 4, answer.stderr
        assert lines[0].startswith("FileError The folder") and "open 'a.lab' for reading only" in lines[0]
        assert lines[1].startswith("FileError The folder") and lines[3].startswith("FileError The folder")
        assert lines[2] == "For reading"
    finally:
        os.chmod(folder, 0o755)
        shutil.rmtree(folder)
