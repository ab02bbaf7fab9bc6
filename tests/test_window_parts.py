"""Parts of the window whose logic needs no window."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("PySide6")

from hypothesis import given
from hypothesis import strategies as st

from lab import catalog
from lab.engine.experiment import Experiment
from lab.errors import FileError
from lab.model import Clock, Layer, Picture
from lab.params import Spec
from lab.session import Session
from lab.units import number
from lab.widgets import filing
from lab.widgets.document import Document, RunMark
from lab.widgets.history import History
from lab.widgets.labels import figures, size
from lab.widgets.notebook import Told, table
from lab.widgets.palette import Entry, find, score
from lab.widgets.pulse import SHARE, SHARE_FLAT_OUT, Pulse
from lab.widgets.settings import Settings
from lab.widgets.transport import SPEEDS, Speeds


def picture(name: str, weight: float = 1.0, front: bool = False) -> Picture:
    return Picture(name, name, (Layer("x"),), weight=weight, front=front)


# -- search --


@pytest.mark.parametrize("query", ["hodg", "hh", "hux", "hodgkin-huxley", "HODGKIN"])
def test_a_model_is_found_by_parts_and_initials_of_its_name(query):
    entries = [
        Entry("model", t, lambda: None) for t in ("Leaky integrate-and-fire", "Hodgkin-Huxley neuron", "Izhikevich", "Attention head")
    ]
    assert find(query, entries)[0].text == "Hodgkin-Huxley neuron"


def test_letters_in_another_order_are_not_found():
    assert score("xyh", "Hodgkin-Huxley") == 0.0


def test_the_start_of_a_word_counts_more_than_its_middle():
    assert score("cur", "Current") > score("cur", "Recurrent") > 0


def test_without_a_query_everything_is_listed_in_order():
    entries = [Entry("command", str(k), lambda: None) for k in range(5)]
    assert find("  ", entries) == entries


@given(st.text(max_size=12), st.text(max_size=40))
def test_a_score_is_never_negative_and_finds_what_contains_the_query(query, text):
    rated = score(query, text)
    assert rated >= 0
    if query.strip() and query.lower().strip() in text.lower():
        assert rated > 0


# -- document --


def test_undo_and_redo_exchange_documents_and_name_the_step(qapp):
    history = History(Document())
    seen = []
    history.changed.connect(lambda before, after: seen.append((before.notes, after.notes)))
    history.replace(Document(notes="one"), "Edit the notes")
    assert history.stack.undoText() == "Edit the notes"
    history.stack.undo()
    history.stack.redo()
    assert seen == [("", "one"), ("one", ""), ("", "one")]


def test_steps_of_one_drag_merge_and_a_drag_that_returns_leaves_no_step(qapp):
    history = History(Document())
    for text in ("a", "ab", "abc"):
        history.replace(Document(notes=text), f"Write {text}", "notes")
    assert (history.stack.count(), history.stack.undoText()) == (1, "Write abc")
    history.replace(Document(), "Write nothing", "notes")
    assert history.stack.count() == 0


def test_a_sealed_step_does_not_merge(qapp):
    history = History(Document())
    history.replace(Document(notes="a"), "a", "notes")
    history.seal()
    history.replace(Document(notes="b"), "b", "notes")
    assert history.stack.count() == 2


def test_a_document_survives_json(counter):
    import json

    document = Document(
        counter,
        {"neurons": catalog.names()[0]},
        {counter: Experiment(counter, {"rate": 2.0}, seed=3)},
        {4: RunMark("x", True, False, True)},
        "n",
    )
    again, problems = Document.from_dict(json.loads(json.dumps(document.to_dict())), "n")
    assert again == document and problems == []


@pytest.mark.parametrize(
    "data",
    [
        {"model": 3, "chosen": [], "experiments": {}, "runs": []},
        {"model": "no-such-model", "chosen": {"neurons": "no"}, "experiments": [{"model": "no"}, 7], "runs": {"x": {}, "1": 2}},
        {"experiments": [{"model": "hodgkin-huxley", "parameters": {"current": "nan"}}], "runs": {"2": {"name": 5, "pinned": "yes"}}},
    ],
)
def test_a_strangers_document_is_read_as_far_as_it_makes_sense(data):
    document, problems = Document.from_dict(data)
    assert document.model == "" and document.experiments == {} and document.chosen == {}
    assert all(isinstance(p, str) for p in problems)
    assert document.runs in ({}, {2: RunMark()})


# -- transport --


@pytest.mark.parametrize(("dt", "speed"), [(0.01, 50.0), (1.0, None), (1 / 45, None), (1e-4, 1e-2)])
def test_the_speed_slider_reaches_from_slow_motion_to_flat_out(dt, speed):
    speeds = Speeds(SimpleNamespace(clock=Clock(dt, "ms"), speed=speed))
    assert speeds.pace(SPEEDS) is None and speeds.text(None) == "flat out"
    paces = [speeds.pace(k) for k in range(SPEEDS)]
    assert paces == sorted(paces)
    assert paces[0] <= dt * 1.01, "one step a second or slower"
    assert all(abs(speeds.position(p) - k) <= 2 for k, p in enumerate(paces))


def test_figures_and_sizes_are_written_as_a_person_reads_them():
    assert figures({"spikes": 684, "rate (Hz)": 68.3, "CV": 0.0}) == "684 spikes · rate 68.3 Hz · CV 0"
    assert [size(n) for n in (12, 12_400, 12_400_000, 3_100_000_000)] == ["12 B", "12.4 kB", "12.4 MB", "3.1 GB"]


def test_compare_lists_only_what_differs_then_the_figures():
    specs = {n: Spec(n, "float", d) for n, d in (("current", 1.0), ("leak", 0.3), ("rate", 0.1))}
    runs = [("a", Told(1, course={"rate": (0.5,)}), {"spikes": 3}), ("b", Told(2, {"current": 2.0}), {"spikes": 5, "CV": 1.5})]
    assert table(runs, specs, number) == [
        ("current", ["1", "2"]), ("rate", ["0.1 → 0.5", "0.1"]), ("spikes", ["3", "5"]), ("CV", ["–", "1.5"]),
    ]  # fmt: skip
    dragged = Told(1, course={"rate": tuple(k / 10 for k in range(2, 9))})
    assert table([("a", dragged, {}), ("b", dragged, {})], specs, number) == [("rate", ["0.1 → … → 0.8"] * 2)]


# -- settings and files --


def test_settings_keep_their_types_between_programs():
    one = Settings()
    one.put("theme", "light")
    one.put_prepared("x", 3.25)
    two = Settings()
    assert two.get("theme", "dark") == "light" and two.prepared("x") == 3.25
    assert two.get("theme", 5) == 5, "a value of another type is not taken"


def test_recent_files_are_newest_first_and_exist(tmp_path):
    settings = Settings()
    for name in ("a", "b", "a"):
        (tmp_path / f"{name}.lab").touch()
        settings.add_recent(tmp_path / f"{name}.lab")
    assert [p[-5:] for p in settings.recent()] == ["a.lab", "b.lab"]
    (tmp_path / "a.lab").unlink()
    assert [p[-5:] for p in settings.recent()] == ["b.lab"]


def test_saving_an_unnamed_session_moves_it_and_a_named_one_stays(tmp_path):
    settings = Settings()
    session = filing.new_untitled()
    unnamed = session.path
    session = filing.move(session, tmp_path / "one", settings)
    assert session.path == (tmp_path / "one.lab").resolve() and not unnamed.exists()
    session = filing.move(session, tmp_path / "two.lab", settings)
    assert (tmp_path / "one.lab").exists() and session.path.name == "two.lab"
    session.close()
    with Session.open(tmp_path / "one.lab") as first:
        assert not first.recovered


def test_a_failed_save_leaves_the_session_as_it_was(tmp_path):
    session = filing.new_untitled()
    with pytest.raises(FileError):
        filing.move(session, tmp_path / "no such folder" / "x.lab", Settings())
    assert not session.closed and session.path.exists()
    session.close()


def test_a_file_that_cannot_be_opened_gives_an_unnamed_session_and_a_sentence(tmp_path):
    (tmp_path / "bad.lab").write_text("this is not a session")
    session, sentence = filing.first_session(str(tmp_path / "bad.lab"))
    assert filing.is_untitled(session.path) and "not a session" in sentence
    filing.close(session)


def test_where_nothing_can_be_written_the_first_session_lies_aside_and_says_so(tmp_path, monkeypatch):
    """The window did not begin at all with a home that is read-only."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LAB_DATA", str(tmp_path / "file" / "data"))
    assert filing.where_untitled() == ""
    session, problem = filing.first_session(None)
    try:
        assert problem == "" and filing.is_untitled(session.path) and session.path.stat().st_mode & 0o077 == 0
        told = filing.where_untitled()
        assert str(session.path.parent) in told and "set LAB_DATA" in told and "\n" not in told
    finally:
        filing.close(session)
    assert not session.path.parent.exists() and filing.where_untitled() == ""


def test_kernels_that_cannot_be_kept_are_said_and_nothing_else_happens(tmp_path):
    import os
    import subprocess
    import sys

    (tmp_path / "file").write_text("in the way")
    code = "from lab.__main__ import main; import lab.kernels; print(lab.kernels.unkept())"
    environment = {**os.environ, "LAB_CACHE": str(tmp_path / "file" / "cache")}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert found.stderr == "" and str(tmp_path / "file" / "cache") in found.stdout and "set LAB_CACHE" in found.stdout


def test_the_catalogue_reads_the_same_from_the_head_of_a_class_as_from_the_whole_file():
    import ast

    for entry in catalog.entries():
        path = catalog.FOLDER / entry.panel / f"{entry.name.replace('-', '_')}.py"
        assert catalog._declared(path, ast.parse(path.read_text("utf-8"))) == entry


def test_cheap_pictures_share_the_time_saved_up_between_beats_and_dear_ones_are_drawn_one_at_a_time(qapp, monkeypatch):
    now = [0.0, 0.0]
    monkeypatch.setattr("lab.widgets.pulse.time", SimpleNamespace(perf_counter=lambda: now[0], thread_time=lambda: now[1]))

    def drawn(cost: float, flat_out: bool = False, beats: int = 600) -> float:
        """Pictures drawn in a second that cost so many seconds each."""
        pulse, count = Pulse(), 0
        pulse._last, pulse._busy = now
        for _ in range(beats):
            now[0] += 1 / 60
            pulse._tick()
            pulse.flat_out = flat_out
            most = pulse.most
            pulse.drew(most)
            now[1] += most * cost
            count += most
        return count / (beats / 60)

    assert drawn(0.004) == pytest.approx(SHARE / 0.004, rel=0.03)
    assert drawn(0.003, flat_out=True) == pytest.approx(SHARE_FLAT_OUT / 0.003, rel=0.03)
    assert drawn(0.03) == pytest.approx(60.0, rel=0.03)  # one a beat, whatever it costs


def test_the_list_of_models_stays_where_it_is_when_a_value_changes(open_window):
    window = open_window("leaky-integrate-and-fire", size=(1100, 640))
    window.player.pause()
    bar = window.gallery.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    before = bar.value()
    assert before > 0
    window.gallery.show_panel("neurons", "leaky-integrate-and-fire", "something else")
    assert bar.value() == before
