"""Sentences of docs/sessions.md that no other test holds; the page names what a session is, when it is written and who reads it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

import lab
from lab.__main__ import main
from lab.engine import recording
from lab.session import Session, SessionReader, writer

PAGE = " ".join((Path(__file__).parent.parent / "docs" / "sessions.md").read_text("utf-8").split())
EXPERIMENT = """model = "hodgkin-huxley"
seed = 3
duration = 60.0
[parameters]
current = 4.0
[[schedule]]
at = 20.0
set = { current = 12.0 }
[[schedule]]
at = 30.0
do = "pulse"
with = { height = 20.0, length = 1.0 }
"""


@pytest.fixture
def made(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("e.toml").write_text(EXPERIMENT)
    assert main(["run", "e.toml", "-o", "a.lab", "--quiet"]) == 0
    return Path("a.lab")


def test_a_run_has_parameters_seed_recording_log_origin_and_checkpoints(made):
    with Session.open(made) as session:
        session.notes = "what I saw"
        session.set_document({"model": "hodgkin-huxley", "workspace": {"docks": ["voltage"]}})
    with SessionReader(made) as reader:
        run = reader.pick()
        assert run.experiment["parameters"] == {"current": 4.0} and run.experiment["seed"] == 3
        assert [(e.kind, e.name, e.payload) for e in reader.log(run.id)] == [
            ("change", "", {"current": 12.0}), ("act", "pulse", {"height": 20.0, "length": 1.0})
        ]  # fmt: skip
        assert {"processor", "numpy", "scipy", "numba"} <= set(run.made)
        assert reader.checkpoints(run.id)[-1] == run.steps == 6000
    with Session.open(made) as session:
        assert session.notes == "what I saw" and session.document()["workspace"] == {"docks": ["voltage"]}


def test_another_program_reads_it_with_sqlite_alone(made):
    recorded = lab.load(made)["V"]
    connection = sqlite3.connect(f"file:{made}?mode=ro", uri=True)
    ((name, experiment),) = connection.execute("SELECT name, experiment FROM runs").fetchall()
    assert name and json.loads(experiment)["seed"] == 3
    chunks = connection.execute(
        "SELECT chunks.rows, data FROM chunks JOIN streams ON chunks.stream = streams.id WHERE streams.name = 'V' ORDER BY chunks.first"
    ).fetchall()
    connection.close()
    assert sum(rows for rows, _ in chunks) == len(recorded) == 600
    assert b"".join(data for _, data in chunks) == np.ascontiguousarray(recorded, "<f8").tobytes()


def test_it_is_written_as_often_as_the_page_says():
    assert "written four times a second" in PAGE and writer.COMMIT_SECONDS == 0.25
    assert "a checkpoint twice a second (less often where the state is large)" in PAGE and recording.CHECKPOINT_SECONDS == 0.5


def test_a_replay_elsewhere_says_so_and_here_nothing(made, capsys):
    assert main(["run", str(made), "-o", "b.lab", "--quiet"]) == 0
    said = capsys.readouterr()
    assert "processor" not in said.err
    assert lab.load("b.lab")["V"].tobytes() == lab.load(made)["V"].tobytes(), "with the change and the pulse of its log"
