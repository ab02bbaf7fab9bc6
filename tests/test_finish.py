"""Play on a finished run opens its card; nothing begins anew by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from lab import catalog


def finished(window, qtbot) -> int:
    """Let the small model come to its end."""
    window.tuning.change("steps", 50)
    window.transport.speed.setValue(window.transport.speed.maximum())
    qtbot.waitUntil(lambda: window.player.status.phase == "paused", timeout=10_000)
    window.player.play()
    qtbot.waitUntil(lambda: window.player.status.phase == "finished" and window.finish_card.isVisible(), timeout=10_000)
    return window.player.status.run_id


def test_a_finished_run_says_what_came_out_and_play_opens_the_card_again(open_window, qtbot):
    window = open_window()
    run = finished(window, qtbot)
    card = window.finish_card
    assert card.reason.text() == "Finished."
    assert "Start again" in [b.text() for b in card.buttons] and window.stage.rect().contains(card.geometry())
    QTest.keyClick(window.stage, Qt.Key.Key_Escape)
    assert not card.isVisible()
    window.stage.setFocus()
    QTest.keyClick(window.stage, Qt.Key.Key_Space)
    qtbot.waitUntil(card.isVisible, timeout=3000)
    assert window.player.run_id == run and window.player.status.phase == "finished"


def test_start_again_is_asked_for(open_window, qtbot):
    window = open_window()
    run = finished(window, qtbot)
    next(b for b in window.finish_card.buttons if b.text() == "Start again").click()
    assert not window.finish_card.isVisible()
    qtbot.waitUntil(lambda: window.player.run_id not in (None, run), timeout=10_000)


@pytest.mark.parametrize("name", ["mlp", "embedding-map", "word2vec"])
def test_a_model_that_can_go_on_says_with_which_parameter(name):
    model = catalog.load(name)()
    spec = type(model).specs()[model.longer]
    assert spec.live
    way = model.going_on
    assert way.changes == {model.longer: 2 * getattr(model, model.longer)} and way.label.startswith("Go on to ")
    longest = model.replace(**{model.longer: int(spec.hi)})
    assert longest.going_on is None


def test_most_models_cannot_go_on():
    assert catalog.load("counting")().going_on is None


def test_the_card_looks_for_its_place_only_once_the_last_moment_is_drawn(open_window, qtbot, monkeypatch):
    window = open_window()
    finished(window, qtbot)
    status = window.player.status
    monkeypatch.setattr(window.workspace, "at_rest", lambda: True)
    monkeypatch.setattr(window.player, "frame", lambda anew=True: (None, replace(status, phase="running")))
    assert not window._end_is_shown()  # pictures that are drawn from the moment before
    monkeypatch.setattr(window.player, "frame", lambda anew=True: (None, status))
    assert window._end_is_shown()


def test_a_picture_that_has_drawn_nothing_yet_is_not_at_rest(open_window, qtbot):
    window = open_window()
    finished(window, qtbot)
    window.player.pause()
    view = window.workspace.visible_cards()[0].view
    view._source = view._drawn = None  # as one that comes onto the stage with another arrangement
    assert not view.at_rest and not window.workspace.at_rest()
