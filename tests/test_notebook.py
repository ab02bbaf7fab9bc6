"""Runs as a notebook: named by what differs, few, and gone on with when one comes back."""

from __future__ import annotations

from functools import partial

import pytest

pytest.importorskip("PySide6")

from lab import catalog
from lab.session import Session, keep_in_brief
from lab.widgets import keeper
from lab.widgets.keeper import PASSED
from lab.widgets.marks import IN_BRIEF
from lab.widgets.notebook import Told, course_of, differing, names, preset_title, same_data

CELL = "leaky-integrate-and-fire"


def called(*runs: Told, model: str = CELL) -> list[str]:
    return list(names(runs, catalog.load(model)).values())


def test_runs_are_named_by_what_differs_and_by_nothing_else():
    kind = catalog.load(CELL)
    drive = next(n for n, s in kind.specs().items() if s.main and s.kind == "float")
    base = kind.specs()[drive].default
    one, two = called(Told(1, {drive: base + 1}), Told(2, {drive: base + 2}))
    assert one != two and f"{base + 1:g}" in one and f"{base + 2:g}" in two
    assert called(Told(1)) == ["Defaults"] and called(Told(1), Told(2)) == ["Defaults", "Defaults · 2"]
    assert called(Told(1), Told(2, seed=5)) == ["Defaults, seed 0", "Defaults, seed 5"]


def test_a_change_while_it_ran_counts_and_is_shown_with_what_was_before(counter):
    one, two = called(Told(1, course={"rate": (2.0, 4.0)}), Told(2), model=counter)
    assert (one, two) == ("Rate 1 → 4 mV", "Rate 1 mV")
    assert course_of([("change", {"rate": 2.0}), ("act", {"rate": 9.0}), ("change", {"rate": 3.0})]) == {"rate": (2.0, 3.0)}


def test_a_preset_is_called_by_its_title_alone_and_where_more_than_two_things_differ():
    kind = catalog.load(CELL)
    title, values = next((t, v) for t, v in kind.presets.items() if kind(**v).changed())
    assert preset_title(kind(**values).changed(), kind) == title and called(Told(1, kind(**values).changed())) == [title]
    many = {n: s.lo for n, s in kind.specs().items() if s.kind == "float" and s.lo not in (None, s.default)}
    assert len(differing([Told(1), Told(2, many)], kind.specs())) > 2
    assert called(Told(1), Told(2, many))[0] == "Defaults"


def test_data_are_what_stands_under_that_heading():
    specs = catalog.load("mlp").specs()
    name = next(n for n, s in specs.items() if s.group == "Data" and s.kind == "choice")
    other = next(c for c in specs[name].choices if c != specs[name].default)
    assert same_data({}, {"rate": 0.5}, specs) and not same_data({}, {name: other}, specs)


# -- in the window --


def runs(window) -> list[int]:
    return [r.id for r in window.session.runs(deleted=True)]


def play(window, qtbot, step: int = 20) -> int:
    window.player.play()
    qtbot.waitUntil(lambda: window.player.status.step >= step, timeout=20_000)
    return window.player.run_id


def test_an_untouched_run_leaves_the_session_and_goes_on_where_it_was_when_its_model_is_back(open_window, qtbot, counter):
    window = open_window()
    run = play(window, qtbot)
    window.choose_model("membrane-pump")
    qtbot.waitUntil(lambda: run not in runs(window) and counter in window.keeper.waiting, timeout=10_000)
    step = window.keeper.waiting[counter].point.step
    window.choose_model(counter)
    qtbot.waitUntil(lambda: window.player.status.phase == "running" and window.player.status.step > step, timeout=20_000)
    assert counter not in window.keeper.waiting and len(window.marks.rows()) == 1


def touched(window, qtbot) -> int:
    """A run whose rate was changed while it played, and that is paused now."""
    run = play(window, qtbot)
    window.tuning.change("rate", 3.0)
    qtbot.waitUntil(lambda: window.player.status.model.rate == 3.0, timeout=5000)
    window.player.pause()
    qtbot.waitUntil(lambda: window.player.status.phase == "paused", timeout=5000)
    return run


def test_a_touched_run_stays_and_is_gone_on_with(open_window, qtbot, counter):
    window = open_window()
    run = touched(window, qtbot)
    step = window.player.status.step
    window.choose_model("membrane-pump")
    window.choose_model(counter)
    assert run in runs(window) and window.player.run_id == run
    assert window.player.status.step == step and window.player.status.model.rate == 3.0
    assert window.marks.rows()[0].name == "Rate 1 → 3 mV"


def test_a_run_that_was_browsed_is_kept_in_brief_and_comes_back_but_a_starred_one_stays_whole(open_window, qtbot, counter, monkeypatch):
    monkeypatch.setattr(keeper, "keep_in_brief", partial(keep_in_brief, budget=0))
    window = open_window()
    run = touched(window, qtbot)
    window.keeper.let_go()
    assert "brief" not in window.session.run(run).made, "it is in front"
    window.marks.toggle_star(run)
    window.choose_model("membrane-pump")
    window.player.settle()
    window.keeper.let_go()
    assert "brief" not in window.session.run(run).made
    window.marks.toggle_star(run)
    window.keeper.let_go()
    assert "brief" in window.session.run(run).made
    window.choose_model(counter)
    assert window.player.run_id == run and IN_BRIEF in window.marks.rows()[0].hint
    step = window.player.status.step
    window.player.play()
    qtbot.waitUntil(lambda: window.player.status.step > step and window.player.run_id == run, timeout=20_000)


def test_a_run_that_a_parameter_replaced_stays_unless_it_was_passed_over(open_window, qtbot, monkeypatch):
    window = open_window()
    first = play(window, qtbot)
    monkeypatch.setattr(window.player, "_since", window.player._since - 2 * PASSED)
    window.tuning.change("cells", 7)
    qtbot.waitUntil(lambda: window.player.run_id not in (None, first), timeout=10_000)
    second = window.player.run_id
    window.tuning.change("cells", 8)
    qtbot.waitUntil(lambda: window.player.run_id not in (None, second) and second not in runs(window), timeout=10_000)
    assert first in runs(window)


def test_starting_again_keeps_no_run_that_nobody_touched_but_a_pinned_one(open_window, qtbot):
    window = open_window()
    first = play(window, qtbot)
    window.driver.reset(playing=False)
    qtbot.waitUntil(lambda: first not in runs(window) and window.player.run_id is not None, timeout=10_000)
    second = play(window, qtbot)
    window.marks.toggle_pin(second)
    window.driver.reset(playing=False)
    qtbot.waitUntil(lambda: window.player.run_id not in (None, second), timeout=10_000)
    qtbot.wait(50)
    assert second in runs(window)


def test_an_overlay_is_bound_to_its_data(open_window, qtbot):
    window = open_window("mlp")
    first = play(window, qtbot, 5)
    window.marks.toggle_pin(first)
    data = next(n for n, s in catalog.load("mlp").specs().items() if s.group == "Data" and s.kind == "choice")
    specs = catalog.load("mlp").specs()
    window.marks.toggle_overlay(first)
    window.tuning.change("epochs", 50)
    window.driver.reset(playing=False)
    qtbot.waitUntil(lambda: window.player.run_id not in (None, first), timeout=20_000)
    assert [n for n, _ in window.marks.overlaid()] == [first]
    window.tuning.change(data, next(c for c in specs[data].choices if c != specs[data].default))
    assert window.marks.overlaid() == []
    row = next(r for r in window.marks.rows() if r.id == first)
    assert not row.overlaid and "other data" in row.hint


def test_stars_and_other_models_are_listed_and_kept(open_window, qtbot, counter, tmp_path):
    window = open_window()
    run = play(window, qtbot)
    window.marks.toggle_star(run)
    window.choose_model("membrane-pump")
    qtbot.waitUntil(lambda: [(o.model, o.count) for o in window.marks.others()] == [], timeout=5000)  # own files are not in the catalogue
    window.session.set_document({**window.document.to_dict()})
    window.commands.copy_to(str(tmp_path / "kept.lab"))
    with Session.open(tmp_path / "kept.lab") as kept:
        assert kept.document()["runs"][str(run)]["starred"] is True


def test_runs_are_compared_as_a_table_and_as_pictures_on_the_same_axes(open_window, qtbot):
    window = open_window()
    first = play(window, qtbot, 60)
    window.tuning.change("rate", 3.0)
    window.driver.reset(playing=False)
    qtbot.waitUntil(lambda: window.player.run_id not in (None, first), timeout=10_000)
    play(window, qtbot, 30)
    window.player.pause()
    window.marks.toggle_overlay(first)
    window.commands.compare()
    compare = window.commands._compare
    headings = [compare.table.horizontalHeaderItem(k).text() for k in range(compare.table.columnCount())]
    assert len(headings) == 2 and not compare.table.horizontalHeaderItem(0).icon().isNull()
    assert ["Rate (mV)", "3", "1 → 3"] in compare._texts or ["Rate (mV)", "1 → 3", "3"] in compare._texts
    compare.multiples.choice.setCurrentIndex(0)
    compare.multiples._show()
    assert len(compare.multiples.views) == 2
    one, two = (v.field.viewRange() for v in compare.multiples.views)
    assert one == two
    compare.close()


def test_a_run_removed_for_good_leaves_its_branches_and_a_sound_file(tmp_path, counter):
    import lab

    lab.run(counter, steps=40, seed=1).save(tmp_path / "a.lab")
    with Session.open(tmp_path / "a.lab") as session:
        (run,) = session.runs()
        branch = session.add_run("branch", run.experiment, parent=run.id, parent_step=10)
        session.remove_run(run.id)
        session.flush()
        assert [(r.id, r.parent) for r in session.runs()] == [(branch, None)]
    assert Session.check(tmp_path / "a.lab") == []
