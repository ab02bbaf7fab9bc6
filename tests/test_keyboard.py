"""The keyboard alone reaches every control of the window, and each says its name and what it is to a screen reader."""

from __future__ import annotations

import gc

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QGraphicsView,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTabBar,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

CONTROLS = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QGraphicsView, QLineEdit, QPlainTextEdit, QTabBar, QTextEdit,
)  # fmt: skip


def controls(root) -> list[QWidget]:
    """Controls that can be seen and used, without the parts that another control is made of."""

    def part(widget: QWidget) -> bool:
        above = widget.parentWidget()
        while above is not None and above is not root:
            if isinstance(above, (QComboBox, QAbstractSpinBox, QAbstractItemView)):
                return True
            above = above.parentWidget()
        return isinstance(widget, QScrollBar)

    return [w for w in root.findChildren(QWidget) if isinstance(w, CONTROLS) and w.isVisible() and w.isEnabled() and not part(w)]


def named(widget: QWidget) -> str:
    face = QAccessible.queryAccessibleInterface(widget)
    return face.text(QAccessible.Text.Name) if face is not None and face.role() != QAccessible.Role.NoRole else ""


def walked(start: QWidget, most: int = 400) -> set[int]:
    """The widgets that Tab comes to, until it comes to one again."""
    seen: set[int] = set()
    start.setFocus()
    for _ in range(most):
        here = QApplication.focusWidget()
        QTest.keyClick(here, Qt.Key.Key_Tab)
        there = QApplication.focusWidget()
        if there is not here and id(there) in seen:
            return seen
        seen.add(id(there))
    raise AssertionError(f"Tab stays at {type(QApplication.focusWidget()).__name__}")


@pytest.mark.parametrize("model", [None, "spiking-network"])
def test_tab_reaches_every_control_and_each_has_a_name(open_window, model):
    window = open_window(model)
    window.player.pause()
    found = controls(window)
    assert [type(w).__name__ + " " + w.toolTip() for w in found if not named(w)] == []
    kept = list(found)  # a wrapper that is let go may come back with another identity
    reached = walked(window.stage)
    left = [
        named(w)
        for w in kept
        if w.focusPolicy() & Qt.FocusPolicy.TabFocus
        and id(w) not in reached
        and not (isinstance(w, QAbstractButton) and w.isCheckable() and not w.isChecked() and (w.autoExclusive() or w.group()))
    ]
    assert left == []


@pytest.mark.long
def test_every_control_of_five_pages_and_of_their_drawers_has_a_name(open_window, counter, qtbot):
    window = open_window(size=(1100, 720))
    nameless = []
    for model in (counter, "leaky-integrate-and-fire", "spiking-network", "mlp", "word2vec"):
        window.choose_model(model)
        qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.phase != "preparing", timeout=120_000)
        window.player.pause()
        drawers = window.workspace.drawers
        for word in ("", *(drawers.drawers.groups if drawers is not None else ())):
            window.workspace.open_drawer(word)
            QApplication.processEvents()
            nameless += [(model, word, type(w).__name__, w.objectName(), w.toolTip()) for w in controls(window) if not named(w)]
    assert nameless == []
    gc.collect()  # the plots of four models that were in front before


def test_a_slider_a_box_and_the_bar_of_time_say_their_value_with_its_unit(open_window, monkeypatch):
    from lab.widgets import spoken

    window = open_window()
    window.player.pause()
    said = []
    monkeypatch.setattr(spoken, "listening", lambda: True)
    monkeypatch.setattr(QAccessible, "updateAccessibility", lambda event: said.append((event.object(), event.message())))
    field = window.side.form.rows["rate"].field
    assert field.slider.accessibleDescription() == field.box.text() == "1 mV"
    QTest.keyClick(field.slider, Qt.Key.Key_Right)
    assert said[-1][1] == field.box.text() == field.slider.accessibleDescription() != "1 mV" and field.box.text().endswith(" mV")
    field.box.setFocus()
    QTest.keyClick(field.box, Qt.Key.Key_Up)
    assert said[-1] == (field.box, field.box.text())
    window.transport.bar.show_place(20, 100, ())
    window.transport.bar.setFocus()
    assert window.transport.bar.accessibleDescription().endswith(" of " + window.transport.bar._text(100))


def test_the_keyboard_goes_through_the_nodes_and_leaves_the_canvas(open_window):
    window = open_window("spiking-network")
    window.player.pause()
    view, scene = window.canvas.editor.view, window.canvas.editor.scene
    view.setFocus()
    chosen = []
    for _ in range(len(scene.nodes)):
        QTest.keyClick(view, Qt.Key.Key_Tab)
        chosen += scene.chosen()
    assert sorted(chosen) == sorted(scene.nodes) and view.hasFocus()
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert not view.hasFocus() and QApplication.focusWidget() is not None and not scene.chosen()


def test_all_layers_and_their_buttons_are_stops_of_their_own(qtbot):
    from lab import catalog
    from lab.widgets.fields.layers import LayersField

    spec = next(s for s in catalog.load("mlp").specs().values() if s.kind == "layers")
    holder = QWidget()
    qtbot.addWidget(holder)
    column = QVBoxLayout(holder)
    before, field, after = QLineEdit(holder), LayersField(spec, holder), QLineEdit(holder)
    for widget in (before, field, after):
        column.addWidget(widget)
    field.set_value("8-4")
    holder.show()
    holder.activateWindow()
    qtbot.waitUntil(holder.isActiveWindow)
    reached = walked(before)
    assert {id(w) for w in (*field.boxes, field.fewer, field.more, after)} <= reached
    field.setFocus()
    assert field.boxes[0].hasFocus()


def test_a_picture_that_the_keyboard_comes_to_has_a_ring(open_window):
    window = open_window()
    window.player.pause()
    view = window.workspace.visible_cards()[0].view
    view.setFocus(Qt.FocusReason.MouseFocusReason)
    assert view._ring is None
    window.stage.setFocus()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    assert view._ring.isVisible() and view._ring.size() == view.size()
    window.stage.setFocus()
    assert not view._ring.isVisible()


def test_asking_for_a_file_twice_shows_one_dialog(open_window):
    from PySide6.QtWidgets import QFileDialog

    window = open_window()
    window.player.pause()
    window.commands.open()
    window.commands.open()
    asking = [d for d in window.findChildren(QFileDialog) if d.isVisible()]
    assert len(asking) == 1
    asking[0].reject()
