"""Kernels are compiled by a process of its own, which the worker waits for and can do without."""

import subprocess
import sys
import threading

import pytest

from lab.engine import preparation
from lab.engine.experiment import Experiment
from lab.engine.runner import Runner
from tests.test_runner import until

MODEL = "membrane-pump"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache, for this process' marks and for its children."""
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    yield tmp_path / "cache"
    preparation.end()


def test_a_child_compiles_into_the_cache_and_says_so(cache):
    preparation.begin(MODEL)
    preparation.wait(MODEL, threading.Event())
    assert preparation.marked(MODEL)
    assert preparation._children[MODEL].wait(120) == 0
    assert list((cache / "kernels").glob("*/*.nbc"))


def test_a_child_that_has_ended_stands_in_the_way_of_no_other(monkeypatch):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    monkeypatch.setitem(preparation._children, MODEL, ended)
    preparation.begin(MODEL)
    assert preparation._children[MODEL] is not ended
    preparation.end()


def test_what_was_prepared_needs_no_child():
    preparation.mark(MODEL)
    preparation.begin(MODEL)
    assert not preparation._children


def test_an_edit_of_the_sources_takes_the_mark_away(monkeypatch):
    preparation.mark(MODEL)
    monkeypatch.setattr(preparation, "source_digest", lambda path: "another")
    assert not preparation.marked(MODEL)


def test_a_new_mark_replaces_those_of_earlier_sources_and_leaves_those_of_another_python(cache, monkeypatch):
    preparation.mark(MODEL)
    other = cache / "prepared" / f"{MODEL}.another-1-{'0' * 24}"
    other.touch()
    first = preparation._mark_of(MODEL)
    monkeypatch.setattr(preparation, "source_digest", lambda path: "1" * 64)
    preparation.mark(MODEL)
    assert preparation.marked(MODEL) and other.exists() and not first.exists()


def test_nobody_waits_for_a_run_that_was_given_up(monkeypatch):
    monkeypatch.setattr(preparation, "COMMAND", "import time; time.sleep(600)")
    preparation.begin(MODEL)
    given_up = threading.Event()
    given_up.set()
    preparation.wait(MODEL, given_up)
    child = preparation._children[MODEL]
    assert child.poll() is None
    preparation.end()
    assert child.poll() is not None


def test_a_run_that_is_stopped_while_it_waits_compiles_nothing(monkeypatch):
    monkeypatch.setattr(preparation, "COMMAND", "import time; time.sleep(600)")
    runner = Runner(Experiment(MODEL), apart=True).start()
    assert runner.stop(60)
    assert not preparation.marked(MODEL) and runner._simulation is None


@pytest.mark.parametrize("command", ["raise SystemExit(1)", "import os; os.abort()"])
def test_a_run_goes_on_without_a_child_that_failed(monkeypatch, command):
    monkeypatch.setattr(preparation, "COMMAND", command)
    runner = Runner(Experiment(MODEL), apart=True).start()
    try:
        until(lambda: runner.status.phase == "paused", 60)
    finally:
        runner.stop()
    assert preparation.marked(MODEL), "the worker has compiled the kernels itself"


def test_without_a_folder_or_a_second_process_nothing_is_begun(cache, monkeypatch):
    cache.write_text("a file where the folder should be")
    preparation.begin(MODEL)
    preparation.mark(MODEL)
    assert not preparation._children
    cache.unlink()

    def refused(*args, **options):
        raise OSError("no more processes")

    monkeypatch.setattr(preparation.subprocess, "Popen", refused)
    preparation.begin(MODEL)
    assert not preparation._children


def test_a_file_of_ones_own_is_prepared_in_place(tmp_path):
    preparation.begin(str(tmp_path / "own.py"))
    preparation.mark(str(tmp_path / "own.py"))
    assert not preparation._children


def test_what_draws_is_compiled_beside_the_model_and_waited_for(cache):
    """The window compiled it at its first picture, seconds in which nothing moved."""
    preparation.begin(preparation.DRAWING)
    assert preparation.busy()
    preparation.wait(MODEL, threading.Event())
    assert preparation.marked(preparation.DRAWING)
    assert preparation._children[preparation.DRAWING].wait(120) == 0 and not preparation.busy()
    assert len(list((cache / "kernels").glob("strokes-*/*.nbc"))) >= 2
