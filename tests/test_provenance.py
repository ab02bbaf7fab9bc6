"""A run says what it was made on, and a replay on something else says so."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import lab
from lab.__main__ import main
from lab.engine import provenance
from lab.session import Session, SessionReader
from tests.conftest import SKETCHES

MODEL = str(SKETCHES / "leaking_counter.py")


@pytest.fixture
def made(tmp_path) -> str:
    lab.run(MODEL, steps=20).save(tmp_path / "made.lab")
    return str(tmp_path / "made.lab")


def test_a_run_names_processor_and_libraries(made, capsys):
    with SessionReader(made) as reader:
        assert reader.runs()[0].made == provenance.here()
    assert set(provenance.here()) >= {"processor", "machine", "system", "python", "numpy", "numba", "scipy", "lab"}
    assert main(["info", made]) == 0
    assert f"made on processor {provenance.here()['processor']}" in capsys.readouterr().out


@pytest.mark.parametrize(("change", "words"), [({"processor": "generic 00000000"}, "on another processor (generic 00000000; here:"),
                                              ({"numba": "0.1"}, "with numba 0.1 (here: numba"), ({}, "")])  # fmt: skip
def test_a_replay_elsewhere_says_so(made, change, words, tmp_path, capsys):
    with Session.open(made) as session:
        run = session.runs()[0]
        again = session.add_run("again", run.experiment, made={**run.made, **change})
        session.update_run(again, steps=20, state="stopped")
    assert main(["run", made, "--run", str(again), "-o", str(tmp_path / "again.lab"), "--quiet"]) == 0
    said = capsys.readouterr().err
    assert (words in said and "last digits may come out otherwise" in said) if words else said == ""


def test_of_an_old_run_nothing_is_said():
    assert provenance.difference({}) == "" and provenance.difference({"processor": 7}) == ""


@pytest.mark.long
def test_another_processor_is_told_apart_and_gives_other_digits(tmp_path):
    """The accident that taught it: 89 % of the samples of V differ with a generic processor."""
    code = (
        "import sys, lab\nrun = lab.run('hodgkin-huxley', duration=100.0, record=['V'])\nrun.save(sys.argv[1])\n"
        "from lab.engine import provenance\nprint(provenance.here()['processor'])"
    )
    found = {}
    for name in ("", "generic"):
        environment = {**os.environ, "LAB_CACHE": str(tmp_path / f"cache{name}")} | ({"NUMBA_CPU_NAME": name} if name else {})
        path = str(tmp_path / f"made{name}.lab")
        done = subprocess.run([sys.executable, "-c", code, path], env=environment, capture_output=True, text=True, check=True)
        found[name] = (done.stdout.strip(), lab.load(path)["V"])
    assert found[""][0] != found["generic"][0] and found["generic"][0].startswith("generic ")
    difference = abs(found[""][1] - found["generic"][1])
    assert 0 < difference.max() < 1e-6
