"""Matrix products in one thread by every door, so that a figure does not depend on the number of cores; the caller gets his back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("threadpoolctl")

from lab.kernels.threads import VARIABLES, _OneThread
from tests.conftest import SKETCHES

SEEN = """
import json, sys
import numpy, scipy.linalg.cython_blas
from threadpoolctl import ThreadpoolController
seen = lambda: sorted({c.num_threads for c in ThreadpoolController().select(user_api="blas").lib_controllers})
"""
NESTED = """
from lab.kernels.threads import one_thread
before = seen()
with one_thread:
    with one_thread:
        assert seen() == [1], seen()
    assert seen() == [1], seen()
print(json.dumps([before, seen()]))
"""
# A model that counts the threads wherever the engine calls it.
MODEL = """
import lab
from lab import catalog
from lab.engine.simulation import Simulation

told = []
def counting(name):
    def method(self, *given, **named):
        told.append((name, seen()))
        return getattr(super(Counting, self), name)(*given, **named)
    return method

Counter = catalog.given(SKETCH)
Counting = type("Counting", (Counter,), {"__module__": Counter.__module__, "__doc__": Counter.__doc__} | {
    name: counting(name) for name in ("build", "start", "advance", "observe", "summary", "changed_live", "state_bounds")
})
before = seen()
s = Simulation(Counting())
s.advance(3); s.change(scale=3.0); s.act("kick"); s.summary(); s.observe("profile"); s.restore(s.checkpoint())
lab.run(Counting(), steps=3).summary
print(json.dumps([before, seen(), told]))
""".replace("SKETCH", repr(str(SKETCHES / "leaking_counter.py")))


def told(code: str, **environment: str) -> list:
    clean = {name: value for name, value in os.environ.items() if name not in VARIABLES} | environment
    found = subprocess.run([sys.executable, "-c", SEEN + code], env=clean, capture_output=True, text=True, timeout=100)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout.splitlines()[-1])


@pytest.mark.parametrize("environment", [{}, {"OPENBLAS_NUM_THREADS": "2"}], ids=["of itself", "told to use two"])
def test_a_program_multiplies_in_one_thread_and_gives_the_threads_back(environment):
    before, after = told(NESTED, **environment)
    assert before == after


def test_whatever_a_model_computes_from_python_is_computed_in_one_thread():
    before, after, seen = told(MODEL)
    assert before == after
    assert {where for where, _ in seen} == {"build", "start", "advance", "observe", "summary", "changed_live", "state_bounds"}
    assert all(threads == [1] for _, threads in seen), seen


COMMAND = """
from lab.__main__ import main
main(["list"])
import os
print(json.dumps([os.environ[name] for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")]))
"""


def test_the_command_and_its_window_say_so_before_anything_is_loaded():
    assert told(COMMAND, OPENBLAS_NUM_THREADS="2") == ["1", "1", "1"]


class Library:
    filepath = "/lib/of/products"

    def __init__(self):
        self.num_threads = 4
        self.told: list[int] = []

    def set_num_threads(self, count: int) -> None:
        self.num_threads = count
        self.told.append(count)


def test_threads_come_back_when_the_last_run_of_several_leaves(monkeypatch):
    library, limit = Library(), _OneThread()
    limit._libraries = [(library, 4)]
    monkeypatch.setattr(limit, "_looked", "scipy.linalg" in sys.modules)

    def work(_: int) -> int:
        with limit:
            return library.num_threads

    with limit, ThreadPoolExecutor(3) as pool:
        assert set(pool.map(work, range(50))) == {1}
    assert library.told == [1, 4]


def test_a_library_that_comes_later_is_held_too_and_gets_its_threads_back(monkeypatch):
    library, limit = Library(), _OneThread()

    class Controller:
        lib_controllers = [library]

        def select(self, user_api):
            return self

    monkeypatch.setattr("threadpoolctl.ThreadpoolController", Controller)
    monkeypatch.setattr(limit, "_looked", "scipy.linalg" not in sys.modules)  # as if it had come since
    with limit:
        assert library.num_threads == 1
    assert library.told == [1, 4]


def test_a_blas_that_comes_while_something_computes_begins_with_one_thread():
    """SciPy brings one of its own, and a model may import it in the middle of a step."""
    program = (
        "import os, numpy; from lab.kernels.threads import one_thread, VARIABLES\n"
        "from threadpoolctl import threadpool_info\n"
        "with one_thread:\n"
        "    import scipy.linalg\n"
        "    print([lib['num_threads'] for lib in threadpool_info() if lib['user_api'] == 'blas'])\n"
        "print([os.environ.get(name) for name in VARIABLES])\n"
    )
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES} | {"OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    inside, after = done.stdout.splitlines()
    assert set(inside.strip("[]").split(", ")) == {"1"}
    assert after == "[None, None, '2']", "and the environment is as it was"
