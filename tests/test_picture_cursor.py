"""The cursor of a picture under the keys: it goes from sample to sample, is read out, is one for all strips, acts and is let go."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest

pytest.importorskip("PySide6")

from picture_models import Gallery
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from test_view import run

from lab.model import Strips
from lab.widgets import spoken
from lab.widgets.pictures import make
from lab.widgets.pictures.pointing import along
from lab.widgets.pictures.strips import StripsView

K, SHIFT = Qt.Key, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture(scope="module")
def source():
    return run(600)


@pytest.fixture
def show(qtbot, source):
    def made(name):
        view = make(next(p for p in Gallery().pictures if p.name == name), source.model)
        return shown(view)

    def shown(view):
        qtbot.addWidget(view)
        view.resize(640, 420)
        view.show()
        view.refresh(source)
        QTest.qWait(1)  # the axes find their width
        view.refresh(source, force=True)
        return view

    made.shown = shown
    return made


def press(view, *keys, shift=False):
    for key in keys:
        QTest.keyClick(view, key, SHIFT if shift else NONE)


def test_arrows_go_along_a_trace_pixel_by_pixel_and_read_it(show):
    view = show("V")
    press(view, K.Key_Left)
    (line,) = [each for each in view._plot.lines if not each.key[0] and each.style == "line"]
    assert view.pointing.held and view.pointing.at.x() == pytest.approx(line.x[-1]) and view.hair.isVisible()  # first where it is newest
    pixel = view.field.viewPixelSize()[0]
    before = view.pointing.at.x()
    press(view, K.Key_Left)
    assert 0 < before - view.pointing.at.x() < 2 * max(pixel, view._plot.dt)
    one = before - view.pointing.at.x()
    press(view, K.Key_Left, shift=True)
    assert before - view.pointing.at.x() == pytest.approx(11 * one)
    assert "ms" in view._readout.text() and view._readout.isVisible()
    press(view, K.Key_Home)
    assert view.pointing.at.x() == pytest.approx(line.x[0])
    press(view, K.Key_Left)
    assert view.pointing.at.x() == pytest.approx(line.x[0])
    press(view, K.Key_End)
    assert view.pointing.at.x() == pytest.approx(line.x[-1])


def test_a_curve_is_read_from_point_to_point(show):
    view = show("rates")
    press(view, K.Key_Home)
    xs = np.unique(np.concatenate([line.x for line in view._plot.lines if not line.key[0]]))
    low, high = view.field.viewRange()[0]
    xs = xs[(xs >= low) & (xs <= high)]
    assert view.pointing.at.x() == pytest.approx(xs[0])
    press(view, K.Key_Right)
    assert xs[0] < view.pointing.at.x() <= xs[1] + view.field.viewPixelSize()[0]
    assert view._plot.x.label.split(" (")[0] in view._readout.text()


def test_places_that_lie_far_apart_are_visited_one_by_one():
    places = [0.0, 1.0, 4.0, 9.0]
    assert [along(places, 1.0, steps, 0.1) for steps in (-1, 1, 2, 10, -np.inf, np.inf)] == [0.0, 4.0, 9.0, 9.0, 0.0, 9.0]
    assert along(places, 0.9, 1, 0.1) == 1.0 and along(places, 1.1, -1, 0.1) == 1.0  # the next one is not passed over
    close = np.linspace(0.0, 1.0, 1001).tolist()
    assert along(close, 0.5, 1, 0.01) == pytest.approx(0.51) and along(close, 0.995, 1, 0.01) == 1.0


def test_the_mouse_takes_a_held_cursor_along_and_escape_lets_it_go(show):
    view = show("V")
    press(view, K.Key_Home)
    view.eventFilter(view.canvas.viewport(), _leave())
    assert view.hair.isVisible()  # the mouse that goes does not take it away
    assert view.leave_cursor() and not view.hair.isVisible() and not view._readout.isVisible()
    assert not view.leave_cursor()
    press(view, K.Key_Home)
    view._hover(view.canvas.viewport().rect().center())
    assert not view.pointing.held


def _leave():
    from PySide6.QtCore import QEvent

    return QEvent(QEvent.Type.Leave)


def test_bars_cells_and_points_are_gone_through_and_enter_does_what_a_click_does(show):
    bars = show("counts")
    press(bars, K.Key_Left, K.Key_Right, K.Key_Right)
    assert round(bars.pointing.at.x()) == 2 and bars._readout.text().startswith("c ")
    spikes, acted = show("spikes"), []
    spikes.acted.connect(lambda name, arguments: acted.append((name, arguments)))
    press(spikes, K.Key_Return)
    assert acted == []  # nothing is pointed at
    press(spikes, K.Key_Left, K.Key_Up, K.Key_Up, K.Key_Down, K.Key_Return)
    assert acted[0] == ("point", {"index": 1})
    image = show("weights")
    press(image, K.Key_Home)
    first = image._cell(image.pointing.at)
    press(image, K.Key_Right)
    second = image._cell(image.pointing.at)
    assert second is not None and first is not None and second[2] == first[2] + 1 and second[1] == first[1]
    press(image, K.Key_Down)
    third = image._cell(image.pointing.at)
    assert third is not None and third[1] == second[1] + (1 if image.field.yInverted() else -1)
    cloud = show("map")
    press(cloud, K.Key_Right)
    assert cloud.nearest(cloud.pointing.at) is not None and cloud._readout.text()
    before = cloud.pointing.at
    press(cloud, K.Key_Right)
    assert cloud.pointing.at.x() > before.x()


def test_one_cursor_goes_through_all_strips_and_tells_the_pictures_beside(show, source):
    view = show.shown(StripsView(Strips("rig", "Rig", ("V", "waves")), source.model))
    told = []
    view.pointed_at.connect(told.append)
    first, second = view.children_shown
    press(second, K.Key_Right)
    assert first.hair.isVisible() and second.hair.isVisible() and view._time.isVisible()
    press(second, K.Key_Left, shift=True)
    x = view._x
    assert first.hair.value() == second.hair.value() == x and told[-1] == view._step_of(x) < told[0]
    press(view, K.Key_Left)  # the frame around them has the same keys
    assert view._x < x
    first.eventFilter(first.canvas.viewport(), _leave())
    assert view._x is not None
    view.refresh(source, force=True)
    assert first.hair.isVisible()
    assert view.leave_cursor() and view._x is None and told[-1] is None and not first.hair.isVisible()


def test_markers_are_put_at_the_cursor_and_measure_with_keys_alone(show):
    view = show("V")
    press(view, K.Key_Home)
    view.measure()
    press(view, K.Key_Right, shift=True)
    view.measure()
    (a, _), (b, _) = view.ruler.points
    assert b > a and "Δt" in view.ruler.words.text()
    view.leave_cursor()
    press(view, K.Key_Left)  # without a cursor the arrows are those of the last marker
    assert view.ruler.points[1][0] < b and not view.pointing.held


def test_a_reader_hears_what_the_cursor_comes_to_and_nobody_else_is_talked_to(show, source, monkeypatch):
    view = show("V")
    before = view.accessibleDescription()
    press(view, K.Key_Left)
    assert view.accessibleDescription() == before
    said = []
    monkeypatch.setattr(spoken, "listening", lambda: True)
    monkeypatch.setattr(QAccessible, "updateAccessibility", lambda event: said.append(event.message()))
    press(view, K.Key_Left)
    assert said == [view._readout.text()] and view.accessibleDescription() == said[0]
    strips = show.shown(StripsView(Strips("rig", "Rig", ("V", "waves")), source.model))
    press(strips.children_shown[0], K.Key_Left)
    assert "ms, Membrane " in said[-1] and "Waves one " in said[-1]


def test_tokens_and_units_are_gone_through_and_picked(show):
    glance, acted = show("glance"), []
    press(glance, K.Key_Right, K.Key_Right)
    assert glance._readout.isVisible() and glance._keyed == sorted(chip.place for chip in glance._chips)[1]
    press(glance, K.Key_End)
    assert glance._keyed == max(chip.place for chip in glance._chips)
    assert glance.leave_cursor() and not glance._readout.isVisible()
    glance.acted.connect(lambda *what: acted.append(what))
    press(glance, K.Key_Return)
    assert acted == []


def test_a_cursor_that_moves_leaves_nothing_behind(show, source, qapp):
    """The label that moves along has a part of the view painted before the line: Qt would forget where the line was."""
    from PySide6.QtCore import QEvent, QObject, QPoint
    from PySide6.QtGui import QRegion

    view = show.shown(StripsView(Strips("rig", "Rig", ("V", "waves")), source.model))
    last = view.children_shown[-1]

    class Painted(QObject):
        region = QRegion()

        def eventFilter(self, watched, event):
            if event.type() == QEvent.Type.Paint:
                self.region = self.region.united(event.region())
            return False

    painted = Painted()
    last._hover(QPoint(300, 60))
    qapp.processEvents()
    last.canvas.viewport().installEventFilter(painted)
    for before, after in ((300, 330), (330, 340), (340, 360)):
        painted.region = QRegion()
        last._hover(QPoint(after, 60))
        for _ in range(5):
            qapp.processEvents()
        for place in (before, after):
            assert all(painted.region.contains(QPoint(place, y)) for y in range(10, int(last.field.height()), 10)), place
