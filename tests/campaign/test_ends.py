"""Kills, signals, full disks and crowds: a file is sound afterwards, and goes on from less than a second before."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import lab
from lab.__main__ import main
from lab.session import Session, SessionReader
from tests.campaign.strangers import LAB, ROOT
from tests.conftest import SKETCHES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are other things there")
MODEL = str(SKETCHES / "leaking_counter.py")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def child(*arguments: str, **options) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("environment", {})}
    return subprocess.Popen([*LAB, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **options)


def begun(path: str, process: subprocess.Popen) -> bool:
    """Wait until something is recorded; False if the process ended before."""
    while process.poll() is None:
        try:
            with SessionReader(path) as reader:
                if reader.runs() and reader.runs()[0].steps > 0:
                    return True
        except lab.errors.LabError:
            pass
        time.sleep(0.02)
    return False


def is_sound(path: str) -> str:
    """What became of a file that a killed program left: it is sound, says whether it was recovered, and goes on."""
    if not Path(path).exists():  # killed before it was there: its name is free
        Session.create(path).close()
        os.unlink(path)
        return "not there yet"
    with Session.open(path) as session:
        recovered, runs = session.recovered, session.runs()
    assert Session.check(path) == []
    if not runs:
        return "no run yet"
    steps = runs[-1].steps
    assert main(["resume", path, "--for", "10steps", "--model", MODEL, "--quiet"]) == 0
    whole = lab.run(MODEL, steps=steps + 10, record={"x": 50})
    with SessionReader(path) as reader:
        run = reader.pick()
        _, x = reader.samples(run.id, "x")
    expected = whole["x"][-len(x) :] if len(x) else whole["x"][:0]
    assert x.tobytes() == expected.tobytes()
    assert Session.check(path) == []
    return "recovered" if recovered else "whole"


def kills(count: int, closing: bool, seed: int) -> Counter:
    """Kill `lab run` while it records, or after it was asked to end, and look at what it left."""
    chance, found = random.Random(seed), Counter()
    for number in range(count):
        path = f"{number}.lab"
        process = child("run", MODEL, "--for", "1000000000steps", "--record", "x=50", "-o", path, "--quiet")
        if closing:
            assert begun(path, process), process.communicate()[1]
            process.send_signal(signal.SIGTERM)
            time.sleep(chance.uniform(0.0, 0.25))
        else:
            time.sleep(chance.uniform(0.3, 3.0))
        process.kill()
        process.communicate()
        found[is_sound(path)] += 1
        for left in Path(".").iterdir():
            assert left.suffix in (".lab", ".png") or ".lab" in left.name, left
            left.unlink()
    return found


def test_two_kills_while_closing_leave_a_sound_file():
    kills(2, True, 3)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("closing", [False, True], ids=["recording", "closing"])
def test_forty_kills(closing):
    print("40 kills:", dict(kills(40, closing, 11 + closing)))


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_signals_at_twenty_moments():
    """From the first import to the last commit: one sentence, a sound file or none, never a traceback."""
    chance, found = random.Random(5), Counter()
    for number in range(20):
        path, name = f"{number}.lab", ("SIGTERM", "SIGHUP", "SIGINT")[number % 3]
        process = child("run", MODEL, "--for", "1000000000steps", "--record", "x=50", "-o", path)
        time.sleep(0.35 + 0.15 * number + chance.uniform(0, 0.1))
        process.send_signal(getattr(signal, name))
        _, said = process.communicate(timeout=60)
        early = process.returncode in (-signal.SIGTERM, -signal.SIGHUP) or ("KeyboardInterrupt" in said and not Path(path).exists())
        if early:  # Python itself was still starting
            found["before the program began"] += 1
        else:
            assert process.returncode == 1 and "Traceback" not in said, (number, name, process.returncode, said)
            found["resume" if "lab resume" in said else "stopped"] += 1
        found[is_sound(path)] += 1
    print("20 signals:", dict(found))


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 16 MB, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def on_a_full_disk(folder: Path) -> None:
    """A run waits on a disk that is full, goes on when there is room, and is whole in the end."""
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(15_500_000))
    process = child("run", MODEL, "--for", "100000steps", "--record", "x=1", "-o", str(folder / "a.lab"))
    said = ""
    while "waits" not in said and process.poll() is None:
        said += process.stderr.readline()
    assert "Traceback" not in said and "waits" in said, said
    time.sleep(1.0)
    assert process.poll() is None
    ballast.unlink()
    try:
        _, rest = process.communicate(timeout=100)
    finally:
        process.kill()
    assert process.returncode == 0 and "Traceback" not in rest, rest
    assert Session.check(folder / "a.lab") == []
    assert lab.load(folder / "a.lab")["x"].tobytes() == lab.run(MODEL, steps=100_000, record={"x": 1})["x"].tobytes()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_run_on_a_small_file_system_waits_for_room(small_disk):
    on_a_full_disk(small_disk)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_disk_that_is_full_from_the_start_is_one_sentence(small_disk):
    """At every amount of room, from none: nothing but sentences, and what is left is sound or refused in words."""
    found: Counter = Counter()
    for room in (0, 1, 4, 16, 40, 64, 128, 512):
        for left in small_disk.iterdir():
            left.unlink()
        with (small_disk / "ballast").open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
        try:
            os.truncate(small_disk / "ballast", max(0, (small_disk / "ballast").stat().st_size - 1024 * room))
        except OSError:
            pass
        process = child("run", MODEL, "--for", "400000steps", "--record", "x=1", "-o", str(small_disk / "a.lab"))
        time.sleep(4.0)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            _, said = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=30)
        assert process.returncode in (0, 1, 2) and "Traceback" not in said and "fault of the program" not in said, (room, said)
        found["waits" if "waits" in said else "refused"] += 1
    print("full disks:", dict(found))


def test_a_write_beyond_the_limit_of_a_file_is_waited_for_too(here):
    """A file system by another route: no file may be larger than 300 kB."""
    import resource

    limit = lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)))  # noqa: E731
    process = child("run", MODEL, "--for", "400000steps", "--record", "x=1", "-o", "a.lab", preexec_fn=limit)
    said = ""
    while "waits" not in said and process.poll() is None:
        said += process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=60)
    assert "waits" in said and "Traceback" not in said + rest, said + rest
    assert Session.check("a.lab") == []


@pytest.mark.long
@pytest.mark.timeout(900)
def test_four_programs_at_once_on_an_empty_kernel_cache(here):
    cache = here / "cache"
    processes = [
        child("run", "izhikevich", "--for", "50ms", "-o", f"{k}.lab", "--seed", "1", environment={"LAB_CACHE": str(cache)})
        for k in range(4)
    ]
    for process in processes:
        _, said = process.communicate(timeout=800)
        assert process.returncode == 0 and "Traceback" not in said and "Warning" not in said, said
    first = lab.load("0.lab")["V"].tobytes()
    assert all(lab.load(f"{k}.lab")["V"].tobytes() == first for k in range(1, 4))


def exports(count: int, rate: int) -> int:
    """Export and check a session over and over while a runner writes into it; returns the rows of the last export."""
    from lab.engine.experiment import Experiment
    from lab.engine.runner import Runner

    lab.make(MODEL)
    with Session.create("live.lab") as session:
        runner = Runner(Experiment(MODEL, record={"x": rate}), session, playing=True, pace=None).start()
        while runner.run_id is None and runner.alive:
            time.sleep(0.02)
        seen = 0
        try:
            for k in range(count):
                time.sleep(0.1)
                session.flush()
                assert main(["export", "live.lab", "x", "-o", f"{k}.csv"]) == 0
                assert main(["check", "live.lab"]) == 0
                rows = len(Path(f"{k}.csv").read_text("utf-8").splitlines()) - 1
                assert rows >= seen, "what was written stays"
                seen = rows
                os.unlink(f"{k}.csv")
        finally:
            assert runner.stop(30), "the runner ended"
        assert runner.status.error == ""
    return seen


def test_a_session_is_exported_while_a_window_writes_into_it(capsys):
    assert exports(3, 2000) > 0


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_session_is_exported_thirty_times_while_a_window_writes(capsys):
    exports(30, 5000)
