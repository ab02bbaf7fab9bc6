"""What a window shows when a session opens, worked out without a window."""

from __future__ import annotations

from dataclasses import replace

from lab import catalog
from lab.engine.experiment import Experiment
from lab.session import RunInfo
from lab.widgets.document import Document
from lab.widgets.opening import RECOVERED, asked, name_of, opening

MODEL = "membrane-pump"


def run(id: int, model: str = MODEL, steps: int = 10, **parameters) -> RunInfo:
    return RunInfo(
        id=id, name=f"run {id}", experiment={"model": model, "parameters": parameters}, created="2026-01-01T00:00:00", state="stopped", steps=steps
    )  # fmt: skip


def test_an_empty_session_begins_with_the_first_model():
    found = opening({}, "", [])
    assert (found.document.model, found.run, found.problems) == (catalog.FIRST, None, ())
    assert found.document.chosen == {"neurons": catalog.FIRST}


def test_the_last_run_of_the_newest_model_is_looked_at_with_its_parameters():
    found = opening({}, "notes", [run(1, catalog.FIRST), run(2, MODEL), run(3, MODEL, steps=0)])
    assert (found.document.model, found.run, found.document.notes) == (MODEL, 2, "notes")


def test_what_the_document_says_counts_more_than_the_newest_run():
    stored = Document(model=catalog.FIRST, experiments={catalog.FIRST: Experiment(catalog.FIRST, seed=7)}).to_dict()
    found = opening(stored, "", [run(1, catalog.FIRST), run(2, MODEL)])
    assert (found.document.model, found.run) == (catalog.FIRST, 1) and found.document.experiment().seed == 7


def test_a_deleted_run_is_not_looked_at():
    stored = Document(model=MODEL).with_mark(2, deleted=True).to_dict()
    assert opening(stored, "", [run(1), run(2)]).run == 1


def test_a_model_that_a_person_asks_for_begins_anew():
    found = opening({}, "", [run(1, MODEL)], model=MODEL)
    assert (found.document.model, found.run) == (MODEL, None)


def test_runs_of_models_that_are_gone_and_damaged_ones_are_said():
    found = opening({}, "", [run(1, catalog.FIRST), run(2, "gone")], recovered=True)
    assert found.document.model == catalog.FIRST and found.problems[0] == RECOVERED and "'gone', which is not there" in found.problems[1]
    damaged = opening({}, "", [replace(run(1), experiment={"model": MODEL, "parameters": {"no such": 1.0}})])
    assert damaged.run is None and "no such" in damaged.problems[0]


def test_a_model_file_is_asked_about_and_not_run(tmp_path):
    file = tmp_path / "own.py"
    file.write_text("raise SystemExit('run')")
    found = opening({}, "", [run(1, catalog.FIRST), run(2, str(file))])
    assert found.foreign == (file,) and found.document.model == catalog.FIRST


def test_a_model_file_that_is_gone_cannot_be_run(tmp_path):
    file = tmp_path / "own.py"
    sentence, there = asked(file)
    assert not there and str(file) in sentence and "lab export" in sentence
    file.write_text("")
    sentence, there = asked(file)
    assert there and "has not been run" in sentence


def test_a_model_file_keeps_the_name_that_the_session_has_for_it(tmp_path):
    file = tmp_path / "own.py"
    assert name_of(file, Document(), [run(1), run(2, "else/own.py"), run(3)]) == "else/own.py"
    assert name_of(file, Document(unread=({"model": "here/own.py"},)), [run(1)]) == "here/own.py"
    assert name_of(file, Document(), []) == str(file)
