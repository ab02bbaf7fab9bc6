"""Where the keyboard is: Space plays, Enter hands back, letters belong to the stage; sentences lie over the stage."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QTabBar

from lab.widgets.banner import PASSING


def phase(window) -> str:
    return window.player.status.phase


def front(window):
    """Give the keyboard to a picture, as a click does."""
    view = next(iter(window.workspace.docks.values())).card.view
    view.setFocus()
    return view


def space(window, qtbot, became: str) -> None:
    QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: phase(window) == became, timeout=10_000)


def test_space_plays_wherever_the_keyboard_is_but_in_text(open_window, qtbot):
    window = open_window()
    row = window.side.form.rows["rate"]
    places = [front(window), row.field.target, row.field.below, window.side.preset, window.transport.again, window.gallery, window.runs]
    for place in places:
        place.setFocus()
        space(window, qtbot, "running")
        space(window, qtbot, "paused")
    window.side.tabs.setCurrentWidget(window.side.notes)
    for text in (window.side.notes.editor, window.bar.palette_field):
        text.setFocus()
        QTest.keyClick(text, Qt.Key.Key_Space)
        assert phase(window) == "paused"
    assert window.side.notes.editor.toPlainText() == " "


def test_space_takes_a_typed_number_over_first(open_window, qtbot):
    window = open_window()
    box = window.side.form.rows["rate"].field.target
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(box, "2.5")
    space(window, qtbot, "running")
    qtbot.waitUntil(lambda: window.player.status.model.rate == 2.5, timeout=5000)
    assert " " not in box.text().removesuffix(box.unit).strip()


def test_enter_hands_the_keyboard_back_unless_the_value_is_refused(open_window, qtbot):
    window = open_window()
    view = front(window)
    box = window.side.form.rows["rate"].field.target
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "many")
    QTest.keyClick(box, Qt.Key.Key_Return)
    qtbot.wait(20)
    assert window.focusWidget() is box and window.side.form.rows["rate"].words.text()
    box.selectAll()
    QTest.keyClicks(box, "3")
    QTest.keyClick(box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.focusWidget() is view, timeout=3000)
    assert window.document.experiment().parameters["rate"] == 3.0


def test_enter_presses_a_button_and_opens_a_list_of_choices(open_window, qtbot):
    window = open_window()
    window.transport.play.setFocus()
    QTest.keyClick(window.transport.play, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: phase(window) == "running", timeout=5000)
    window.side.preset.setFocus()
    QTest.keyClick(window.side.preset, Qt.Key.Key_Return)
    assert window.side.preset.view().isVisible()
    window.side.preset.hidePopup()


def test_a_letter_does_something_on_the_stage_only(open_window, qtbot):
    window = open_window()
    window.gallery.setFocus()
    QTest.keyClick(window.gallery, Qt.Key.Key_F)
    assert not window.workspace.filled
    QTest.keyClick(front(window), Qt.Key.Key_F)
    assert window.workspace.filled
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert not window.workspace.filled


def test_escape_at_last_goes_to_the_stage(open_window, qtbot):
    window = open_window()
    view = front(window)
    window.gallery.setFocus()
    QTest.keyClick(window.gallery, Qt.Key.Key_Escape)
    assert window.focusWidget() is view


def test_a_sentence_lies_over_the_stage_and_moves_nothing(open_window, qtbot):
    window = open_window()
    before = [(d.mapTo(window, QPoint(0, 0)), d.size()) for d in window.workspace.docks.values()]
    window.banner.say(
        "bad", "A sentence that goes on and on. " * 8, [("A way out", window.driver.reset), ("Another one", window.driver.reset)], key="x"
    )
    window.toast.say("good", "Something was done.", [("Undo", window.steps.undo)], key="act")
    qtbot.wait(20)
    assert [(d.mapTo(window, QPoint(0, 0)), d.size()) for d in window.workspace.docks.values()] == before
    assert window.banner.geometry().bottom() < window.toast.geometry().top()
    assert window.stage.rect().contains(window.banner.geometry()) and window.stage.rect().contains(window.toast.geometry())
    assert window.banner.words.height() >= window.banner.words.heightForWidth(window.banner.words.width())
    window.resize(1000, 700)
    qtbot.wait(20)
    assert abs(window.toast.geometry().center().x() - window.stage.rect().center().x()) <= 1
    below = window.toast.geometry().top()
    window.banner.dismiss()
    assert window.toast.geometry().top() < min(below, 100)


def test_a_sentence_passes_by_itself_but_not_under_the_mouse(open_window, qtbot, monkeypatch):
    window = open_window()
    assert PASSING == 6.0
    window.toast.say("good", "Done.", key="act")
    monkeypatch.setattr(window.toast, "underMouse", lambda: True)
    window.toast._time.timeout.emit()
    assert window.toast.isVisible()
    monkeypatch.setattr(window.toast, "underMouse", lambda: False)
    window.toast._time.timeout.emit()
    assert not window.toast.isVisible()


def test_an_act_offers_undo_until_something_else_was_done(open_window, qtbot):
    window = open_window()
    window.tuning.change("cells", 12)  # not while it runs
    assert "Cells 12: a new run has begun" in window.toast.words.text()
    (undo,) = [b for b in window.toast.findChildren(QPushButton) if b.text() == "Undo" and not b.isHidden()]
    undo.click()
    assert "cells" not in window.document.experiment().parameters and not window.toast.isVisible()
    window.tuning.change("cells", 12)
    window.tuning.change("rate", 3.0)
    assert not window.toast.isVisible()


def test_undo_stays_in_the_model_in_front_and_says_where_the_step_was_made(open_window, qtbot, counter):
    window = open_window()
    window.tuning.change("rate", 3.0)
    window.choose_model("membrane-pump")
    assert window.history.stack.count() == 1
    window.commands.actions["undo"].trigger()
    assert window.document.model == "membrane-pump" and window.document.experiment(counter).parameters == {"rate": 3.0}
    assert "'Rate 1 → 3 mV' was done in " in window.toast.words.text()
    (way,) = [b for b in window.toast.findChildren(QPushButton) if b.text() == "Go there and undo" and not b.isHidden()]
    way.click()
    assert window.document.model == counter and window.document.experiment().parameters == {}


def test_a_closed_window_hears_nothing_of_the_focus_of_others_nor_of_undo(open_window, qtbot, capfd):
    first, second = open_window(), open_window()
    front(first), front(second)
    first.tuning.change("rate", 3.0)
    focus, stack = first.focus, first.history.stack
    first.close()
    assert focus._watched is None and stack.signalsBlocked()
    second.gallery.setFocus()
    front(second)
    assert focus._watched is None and second.focus._watched is not None
    stack.clear()  # as it does while it is deleted
    second.focus._before = gone = QPushButton()
    gone.deleteLater()
    qtbot.wait(1)
    second.focus.hand_back()
    assert "Slot" not in capfd.readouterr().err


def test_f6_goes_from_part_to_part_and_tab_from_the_stage_to_its_main_picture(open_window):
    window = open_window()
    window.player.pause()
    parts = (window.left, window.stage, window.side, window.transport, window.bar)
    window.gallery.setFocus()
    seen = []
    for _ in range(6 if window.workspace.drawers else 5):
        window.commands.actions["part"].trigger()
        seen.append(next(k for k, part in enumerate(parts) if part.isAncestorOf(window.focusWidget())))
    words = window.workspace.drawers.drawers.findChild(QTabBar, "drawer-words") if window.workspace.drawers else None
    assert seen == [1, *([1] if words is not None else []), 2, 3, 4, 0][: len(seen)]
    window.commands.actions["last-part"].trigger()
    assert window.bar.isAncestorOf(window.focusWidget())
    window.stage.setFocus()
    QTest.keyClick(window.stage, Qt.Key.Key_Tab)
    largest = max((card.view for card in window.workspace.visible_cards()), key=lambda v: v.width() * v.height())
    assert window.focusWidget() is largest and largest._ring.isVisible()
    window.stage.setFocus()
    window.commands.actions["part"].trigger()
    assert window.focusWidget() is largest
