"""However a run of the command line ends (a signal, a kill, a full disk, a deleted file), nothing is lost and one sentence says what to do."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import lab
from lab.__main__ import main
from lab.commands import driving
from lab.errors import DiskError
from lab.session import Session, SessionReader
from tests.conftest import SKETCHES

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals are other things there")
MODEL = str(SKETCHES / "leaking_counter.py")
LAB = [sys.executable, "-P", "-c", "import sys; from lab.__main__ import main; sys.exit(main())"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def child(*arguments: str, **options) -> subprocess.Popen:
    return subprocess.Popen([*LAB, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def recording(path: str, steps: int) -> subprocess.Popen:
    """A run that records, and has done so many steps."""
    process = child("run", MODEL, "--for", "1000000000steps", "--record", "x=50", "-o", path)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with SessionReader(path) as reader:
                if reader.runs() and reader.runs()[0].steps > steps:
                    return process
        except lab.errors.LabError:
            pass
        time.sleep(0.05)
    process.kill()
    raise AssertionError(process.communicate()[1])


@POSIX
@pytest.mark.parametrize(
    "name", [pytest.param("SIGINT", marks=pytest.mark.long), "SIGTERM", pytest.param("SIGHUP", marks=pytest.mark.long)]
)
def test_each_signal_ends_at_a_whole_block_closes_the_file_and_says_how_to_resume(name):
    process = recording("a.lab", 100)
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1 and "Go on with: lab resume a.lab" in said and "Traceback" not in said, said
    assert os.listdir() == ["a.lab"] and Session.check("a.lab") == []
    with SessionReader("a.lab") as reader:
        (run,) = reader.runs()
        assert run.state == "stopped" and run.reason == "interrupted" and reader.checkpoints(1)[-1] == run.steps
    assert main(["resume", "a.lab", "--for", "100steps", "--model", MODEL, "--quiet"]) == 0
    with SessionReader("a.lab") as reader:
        assert [r.id for r in reader.runs()] == [1] and reader.runs()[0].steps == run.steps + 100


@POSIX
def test_a_run_that_is_not_to_hear_of_the_end_of_its_terminal_goes_on():
    process = child("run", MODEL, "--for", "20000steps", "-o", "a.lab", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    time.sleep(1.0)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 0
    process.communicate()


@POSIX
def test_a_signal_while_a_model_is_prepared_ends_at_once_and_leaves_a_sound_file():
    slow = (Path(MODEL).read_text("utf-8")).replace(
        "def start(self", "def build(self, seed):\n        import time\n        time.sleep(60)\n\n    def start(self", 1
    )
    Path("slow.py").write_text(slow)
    assert slow.count("time.sleep(60)") == 1
    process = child("run", "slow.py", "-o", "a.lab")
    while "preparing" not in process.stderr.readline():
        pass
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1 and said.endswith("lab: stopped.\n") and "Traceback" not in said, said
    assert Session.check("a.lab") == []


@POSIX
def test_a_killed_run_resumes_from_less_than_a_second_before(capsys):
    process = recording("a.lab", 100)
    time.sleep(1.5)
    process.kill()
    process.communicate()
    assert main(["info", "a.lab"]) == 0 and "has been recovered" in capsys.readouterr().err
    with SessionReader("a.lab") as reader:
        run = reader.runs()[0]
        last = reader.checkpoints(1)[-1]
        assert reader.recovered and last > 0
        kept = reader.checkpoints(1)
    assert len(kept) <= 3, "passing checkpoints take each other's place"
    # 0.5 s between checkpoints, 0.25 s until the next commit: with room for a busy machine, far from the beginning.
    assert run.steps - last < 0.6 * run.steps
    assert main(["resume", "a.lab", "--for", "100steps", "--model", MODEL, "--quiet"]) == 0
    assert "has been recovered" in capsys.readouterr().err
    assert main(["info", "a.lab"]) == 0 and "recovered" not in capsys.readouterr().err, "and then it was closed properly"
    whole = lab.run(MODEL, steps=run.steps + 100, record={"x": 50})
    branch = lab.load("a.lab")
    assert branch["x"].tobytes() == whole["x"][whole.time > last * 0.5 + 1e-9].tobytes()


class Full:
    """A disk that takes nothing from the `begin`-th commit on, until `room` is set."""

    def __init__(self, connection, begin: int):
        self._connection, self.commits, self.begin = connection, 0, begin
        self.room = threading.Event()

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def execute(self, sql, *values):
        if sql == "BEGIN IMMEDIATE":
            self.commits += 1
            if self.commits >= self.begin and not self.room.is_set():
                import sqlite3

                problem = sqlite3.OperationalError("database or disk is full")
                problem.sqlite_errorname = "SQLITE_FULL"
                raise problem
        return self._connection.execute(sql, *values)


@pytest.fixture
def full(monkeypatch):
    """Sessions that are created now lie on a disk that becomes full."""
    disks: list[Full] = []
    original = Session.create.__func__

    def create(cls, *arguments, **options):
        session = original(cls, *arguments, **options)
        disks.append(Full(session._connection, 2))
        session._writer._connection = disks[-1]
        return session

    monkeypatch.setattr(Session, "create", classmethod(create))
    monkeypatch.setattr(driving, "ROOM_SECONDS", 0.05)
    return disks


def test_a_run_on_a_full_disk_waits_and_goes_on_when_there_is_room(full, capsys):
    waited = []
    original = driving._patiently

    def watched(action, session, wishes, error=None):
        if error is not None or session.stats.error:
            waited.append(1)
            threading.Timer(0.4, full[0].room.set).start()
        return original(action, session, wishes, error)

    driving._patiently = watched
    try:
        assert main(["run", MODEL, "--for", "60000steps", "--record", "x=1", "-o", "a.lab"]) == 0
    finally:
        driving._patiently = original
    said = capsys.readouterr().err
    assert said.count("is full; make room") == 1 and "The run waits and goes on by itself" in said and waited
    assert Session.check("a.lab") == []
    assert lab.load("a.lab")["x"].tobytes() == lab.run(MODEL, steps=60000, record={"x": 1})["x"].tobytes()


def test_a_run_on_a_full_disk_can_be_ended_and_keeps_what_the_disk_took(full, capsys, monkeypatch):
    sleep = time.sleep

    def asked(seconds):
        wishes[0].asked = True
        sleep(seconds)

    wishes = []
    original = driving.Signals.__init__
    monkeypatch.setattr(driving.Signals, "__init__", lambda self: wishes.append(self) or original(self))
    monkeypatch.setattr(driving.time, "sleep", asked)
    assert main(["run", MODEL, "--for", "60000steps", "--record", "x=1", "-o", "a.lab"]) == 1
    said = capsys.readouterr().err
    assert "is full" in said and "Go on with: lab resume a.lab" in said and "Traceback" not in said
    monkeypatch.setattr(driving.time, "sleep", sleep)
    assert Session.check("a.lab") == []
    assert main(["resume", "a.lab", "--model", MODEL, "--quiet"]) == 0
    assert lab.load("a.lab").steps == 60000


@POSIX
def test_a_session_that_is_deleted_while_it_records_is_not_said_to_be_saved_elsewhere():
    process = recording("a.lab", 100)
    Path("a.lab").unlink()
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    out, said = process.communicate(timeout=60)
    assert "was moved or deleted while it was open; what it held was written again" in said
    assert f"session: {Path('a.lab').resolve()}" in out
    assert Session.check("a.lab") == [] and lab.load("a.lab").steps > 100


@POSIX
def test_output_that_nobody_can_take_gets_a_sentence():
    with open("/dev/full", "w") as nowhere:
        done = subprocess.run([*LAB, "list"], stdout=nowhere, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1 and done.stderr == "lab: the output cannot be written (No space left on device).\n"
        done = subprocess.run([*LAB, "list", "--nonsense"], stdout=subprocess.PIPE, stderr=nowhere, text=True)
        assert done.returncode == 2
    done = subprocess.run(["bash", "-c", 'set -o pipefail; "$@" | head -1', "x", *LAB, "list"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "" and len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("command", [["run", "{}", "--for", "0steps"], ["run", "{}", "--for", "0ms"]])
def test_a_run_of_no_steps_is_a_run(command, capsys):
    assert main([*(w.format(MODEL) for w in command), "-o", "a.lab"]) == 0
    assert lab.load("a.lab").steps == 0
    assert main(["export", "a.lab", "x"]) == 0
    assert re.fullmatch(r"time \(\w+\),x.*\n", capsys.readouterr().out.splitlines(keepends=True)[-1])
    assert main(["export", "a.lab", "tens"]) == 0
    assert main(["run", "a.lab", "-o", "b.lab"]) == 0


def test_an_error_of_the_system_is_a_sentence(monkeypatch, capsys):
    from lab import commands

    for problem, words in ((PermissionError(13, "Permission denied", "/x/y"), "'/x/y' cannot be used (Permission denied)"),
                           (OSError(24, "Too many open files"), "the system refuses (Too many open files)")):  # fmt: skip

        def fails(*arguments, problem=problem, **options):
            raise problem

        monkeypatch.setattr(commands, "app", fails)
        assert main(["list"]) == 1
        assert words in capsys.readouterr().err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="screens are other things there")
@pytest.mark.parametrize(
    "screen",
    [pytest.param({"DISPLAY": ":4711"}, id="X"), pytest.param({"WAYLAND_DISPLAY": "nothing-4711"}, id="Wayland", marks=pytest.mark.long)],
)
def test_a_screen_that_does_not_answer_gets_a_sentence(screen):
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")} | screen
    done = subprocess.run([*LAB], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(r"lab: (The screen \(.*4711\) cannot be reached|Qt (lacks|cannot)).*\n", done.stderr), done.stderr


def test_a_disk_that_refuses_is_waited_for_only_by_that_name():
    assert issubclass(DiskError, lab.errors.FileError)
