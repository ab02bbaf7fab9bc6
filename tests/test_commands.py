"""The command line as a person uses it from a shell, in an empty folder."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import lab
from lab import catalog
from lab.__main__ import main
from lab.session import SessionReader
from tests.conftest import SKETCHES

PAGE = (Path(__file__).parent.parent / "docs" / "adding-a-model.md").read_text("utf-8")
MODEL = "ion_channel.py"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder that holds one small model file, which the person has named: whether another test did must not matter."""
    monkeypatch.chdir(tmp_path)
    Path(MODEL).write_text(re.findall(r"```python\n(.*?)```", PAGE, re.S)[0], "utf-8")
    catalog.open_file(MODEL)
    return tmp_path


def complaint(capsys, *arguments: str) -> str:
    """The one sentence that a wrong command prints; it exits with 2 and shows no traceback."""
    assert main(list(arguments)) == 2
    said = capsys.readouterr()
    assert said.out == "" and "Traceback" not in said.err
    return said.err


def test_run_prints_a_summary_and_writes_a_session(capsys):
    assert main(["run", MODEL, "--for", "50ms", "--seed", "1", "-o", "a.lab", "--quiet"]) == 0
    printed = capsys.readouterr()
    assert "Single ion channel: 50 ms, seed 1" in printed.out and printed.err == ""
    assert len(lab.load("a.lab")["current"]) == 5000


def test_json_summary_is_json(capsys):
    assert main(["run", MODEL, "--for", "1000steps", "--json", "-o", "a.lab"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["steps"] == 1000 and 0 <= found["summary"]["open"] <= 1


def test_replaying_a_session_gives_the_same_bytes():
    main(["run", MODEL, "--for", "50ms", "--seed", "3", "--set", "opening=0.7", "-o", "a.lab"])
    assert main(["run", "a.lab", "-o", "b.lab"]) == 0
    assert lab.load("a.lab")["current"].tobytes() == lab.load("b.lab")["current"].tobytes()


def test_resumed_run_has_the_bytes_of_an_uninterrupted_one():
    main(["run", MODEL, "--for", "80ms", "--seed", "3", "-o", "whole.lab"])
    main(["run", MODEL, "--for", "50ms", "--seed", "3", "-o", "parts.lab"])
    assert main(["resume", "parts.lab", "--for", "30ms"]) == 0
    assert lab.load("whole.lab")["current"].tobytes() == lab.load("parts.lab")["current"].tobytes()
    assert len(lab.load("parts.lab").streams) >= 1


def test_resumed_run_has_the_snapshots_of_an_uninterrupted_one():
    """What is looked at where a run stops is no look of the run that goes on (a resumed run had one more of each)."""
    counter = [
        "run",
        str(SKETCHES / "leaking_counter.py"),
        "--model",
        str(SKETCHES / "leaking_counter.py"),
        "--record",
        "x=1",
        "--record",
        "profile=100",
        "--quiet",
    ]
    assert main([*counter, "--for", "450steps", "-o", "whole.lab"]) == 0
    assert main([*counter, "--for", "130steps", "-o", "parts.lab"]) == 0
    for more in ("170steps", "150steps"):  # one stop between two looks, one at a look
        assert main(["resume", "parts.lab", "--for", more, "--model", str(SKETCHES / "leaking_counter.py"), "--quiet"]) == 0
    with SessionReader("whole.lab") as whole, SessionReader("parts.lab") as parts:
        for name in ("profile", "figures"):
            one, other = whole.snapshots(1, name), parts.snapshots(1, name)
            assert [step for step, _ in one] == [step for step, _ in other] and len(one) == (5 if name == "profile" else 1)
            assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(one, other, strict=True))


def test_experiment_file_with_a_schedule():
    Path("e.toml").write_text(
        f'model = "{MODEL}"\nseed = 5\nduration = 40.0\n[parameters]\nopening = 0.5\n[record]\ncurrent = 2\n'
        '[[schedule]]\nat = 10.0\nset = { current = 4.0 }\n[[schedule]]\nat_step = 2000\ndo = "open_now"\n',
        "utf-8",
    )
    assert main(["run", "e.toml", "-o", "a.lab"]) == 0
    run = lab.load("a.lab")
    assert len(run["current"]) == 2000 and [h.step for h in run.log] == [1000, 2000]
    assert run["current"][:499].max() == 2.0 and run["current"][500:].max() == 4.0


def test_export_as_csv_reads_back_to_the_same_bits(capsys):
    main(["run", MODEL, "--for", "5ms", "-o", "a.lab", "--quiet"])
    capsys.readouterr()
    assert main(["export", "a.lab", "current"]) == 0
    heading, *rows = capsys.readouterr().out.strip().splitlines()
    assert heading == "time (ms),current (pA)"
    values = np.array([[float(x) for x in row.split(",")] for row in rows])
    assert values[:, 1].tobytes() == lab.load("a.lab")["current"].tobytes()


def test_export_as_npz():
    main(["run", MODEL, "--for", "5ms", "-o", "a.lab"])
    assert main(["export", "a.lab", "current", "--to", "npz", "-o", "c.npz"]) == 0
    with np.load("c.npz") as data:
        assert data["values"].shape == (500,) and str(data["unit"]) == "pA"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "hodgkin"], "There is no model 'hodgkin'"),
        (["run", MODEL, "--set", "openning=3"], "did you mean 'opening'"),
        (["run", MODEL, "--set", "opening=300"], "must be at most 10.0 1/ms (got 300.0)"),
        (["run", MODEL, "--set", "opening=nan"], "finite"),
        (["run", MODEL, "--set", "opening"], "parameter=value"),
        (["run", MODEL, "--for", "3 bananas"], "counts in ms"),
        (["run", MODEL, "--for=-3ms"], "write a length"),
        (["run", MODEL, "--record", "currant=1"], "did you mean 'current'"),
        (["run", MODEL, "--record", "current=-1"], "whole number"),
        (["run", MODEL, "--seed", "-4"], "--seed"),
        (["run", "missing.toml"], "There is no file missing.toml"),
        (["run", "missing.lab"], "missing.lab"),
        (["run", MODEL, "-o", "x.txt"], ".lab"),
        (["info", "missing.lab"], "missing.lab"),
        (["export", MODEL, "V"], MODEL),
        (["frobnicate"], "frobnicate"),
        (["run"], "requires"),
        (["show", "nothing"], "There is no model"),
    ],
)
def test_mistakes_end_in_one_sentence(arguments, said, capsys):
    assert said in complaint(capsys, *arguments)


def test_existing_session_is_not_overwritten(capsys):
    main(["run", MODEL, "--for", "1ms", "-o", "a.lab"])
    before = Path("a.lab").read_bytes()
    capsys.readouterr()
    assert "a.lab" in complaint(capsys, "run", MODEL, "--for", "1ms", "-o", "a.lab", "--quiet")
    assert Path("a.lab").read_bytes() == before


@pytest.mark.parametrize(
    "text",
    ["model = 3", "modle = 'x'", f"model = '{MODEL}'\n[parameters]\nopening = 'much'", "model = ", f"model = '{MODEL}'\nduration = -1"],
)
def test_wrong_experiment_files_name_the_file(text, capsys):
    Path("e.toml").write_text(text, "utf-8")
    assert "e.toml" in complaint(capsys, "run", "e.toml")


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to a child process there")
def test_ctrl_c_closes_the_file_and_says_how_to_resume():
    command = [sys.executable, "-m", "lab", "run", MODEL, "--for", "100h", "--record", "current=100000", "-o", "a.lab"]
    child = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not (Path("a.lab").exists() and os.path.getsize("a.lab") > 0) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(2)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 1 and "lab resume a.lab" in err, err
    run = lab.load("a.lab")
    assert run.steps > 0
    assert main(["resume", "a.lab", "--for", "1s"]) == 0
    assert lab.load("a.lab").steps == run.steps + 100_000


def test_python_face_matches_the_command_line():
    run = lab.run(MODEL, duration=50.0, seed=3, opening=0.7)
    main(["run", MODEL, "--for", "50ms", "--seed", "3", "--set", "opening=0.7", "-o", "a.lab"])
    assert run["current"].tobytes() == lab.load("a.lab")["current"].tobytes()
    assert run.time[0] == pytest.approx(0.01) and len(run.time) == 5000
    assert "<table>" in run._repr_html_() and "open" in repr(run)
    run.save("b.lab")
    again = lab.load("b.lab")
    assert again["current"].tobytes() == run["current"].tobytes() and again.summary == run.summary


def test_a_killed_run_goes_on_as_a_branch_with_the_same_bytes():
    """Killed after a change: the branch from the checkpoint repeats what the log says and then goes on."""
    text = f'model = "{MODEL}"\nseed = 5\nduration = 60.0\n[[schedule]]\nat = 20.0\nset = {{ current = 4.0 }}\n'
    Path("e.toml").write_text(text, "utf-8")
    main(["run", "e.toml", "-o", "whole.lab"])
    main(["run", "e.toml", "--for", "40ms", "-o", "parts.lab"])
    from lab.session import Session

    with Session.open("parts.lab") as session:
        # As after a kill: rows are recorded up to step 4500, the last checkpoint is at 4000.
        session.append_samples(1, "current", 4001, lab.load("whole.lab")["current"][4000:4500])
        session.update_run(1, steps=4500, state="running")
        experiment = session.runs()[0].experiment | {"steps": 6000}
        session.update_run(1, experiment=experiment)
    assert main(["resume", "parts.lab"]) == 0
    branch = lab.load("parts.lab")
    assert branch.steps == 6000
    assert branch["current"].tobytes() == lab.load("whole.lab")["current"][4000:].tobytes()
