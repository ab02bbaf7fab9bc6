"""Matrix products of a training run in one thread, whoever imports the lab, and the caller gets his threads back."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("threadpoolctl")

from lab.tape.threads import VARIABLES, _OneThread

CODE = """
import numpy, scipy.linalg.cython_blas
from threadpoolctl import ThreadpoolController
seen = lambda: {c.num_threads for c in ThreadpoolController().select(user_api="blas").lib_controllers}
before = seen()
from lab.tape.threads import one_thread
with one_thread:
    with one_thread:
        assert seen() == {1}, seen()
    assert seen() == {1}, seen()
print(before == seen())
"""


def test_a_program_multiplies_in_one_thread_and_gives_the_threads_back():
    clean = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    found = subprocess.run([sys.executable, "-c", CODE], env=clean, capture_output=True, text=True, timeout=60)
    assert found.stdout.strip() == "True", found.stderr


class Library:
    def __init__(self):
        self.num_threads = 4
        self.told: list[int] = []

    def set_num_threads(self, count: int) -> None:
        self.num_threads = count
        self.told.append(count)


def test_threads_come_back_when_the_last_run_of_several_leaves():
    library, limit = Library(), _OneThread()
    limit._libraries = [(library, 4)]

    def work(_: int) -> int:
        with limit:
            return library.num_threads

    with limit, ThreadPoolExecutor(3) as pool:
        assert set(pool.map(work, range(50))) == {1}
    assert library.told == [1, 4]


def test_what_an_environment_variable_says_is_left_alone(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    limit = _OneThread()
    with limit:
        assert limit._libraries == []
