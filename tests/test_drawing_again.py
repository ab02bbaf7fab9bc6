"""What is drawn again in a frame is what is different; what is seen is as if all had been drawn."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import pairwise

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest

pytest.importorskip("PySide6")

from picture_models import Gallery
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from test_view import run

from lab.widgets import theme
from lab.widgets.pictures import make
from lab.widgets.pictures.ends import End
from lab.widgets.pictures.ink import Ink, Stroke


@pytest.fixture
def show(qtbot, qapp):
    theme.apply(qapp, "dark")

    def made(name: str):
        drawn = make(next(p for p in Gallery().pictures if p.name == name), Gallery())
        qtbot.addWidget(drawn)
        drawn.resize(420, 280)
        drawn.show()
        return drawn

    return made


def on_screen(drawn) -> np.ndarray:
    """The pixels that a person sees: those painted so far, nothing is drawn anew for them."""
    QApplication.processEvents()
    image = drawn.screen().grabWindow(drawn.window().winId()).toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width()).copy()


@pytest.mark.parametrize("name", ["V", "waves", "plane", "rates"])
def test_what_was_drawn_piece_by_piece_is_seen_as_what_is_drawn_at_once(show, name):
    drawn = show(name)
    for steps in (150, 160, 170, 180, 400, 401, 600):
        drawn.refresh(run(steps))
        pieces = on_screen(drawn)
        drawn.ink._scale = ()  # nothing is kept
        drawn.canvas.viewport().update()
        assert np.abs(on_screen(drawn).view(np.uint8).astype(int) - pieces.view(np.uint8).astype(int)).max() <= 1


def test_only_the_columns_that_differ_are_drawn(show, monkeypatch):
    drawn = show("V")
    columns = []
    for steps in (100, 101, 101):
        drawn.refresh(run(steps))
        on_screen(drawn)
        canvas = drawn.ink._canvas
        if not columns:
            monkeypatch.setattr(canvas, "draw", lambda *a, draw=canvas.draw: (columns.append(a[3]), draw(*a)))
            columns.append(None)
    _, (first, last) = columns  # the same once more: nothing
    assert 0 < last - first < 20


@pytest.mark.parametrize("other", ["text", "colour", "at"])
def test_a_name_that_changes_is_painted_again(show, other):
    drawn = show("V")
    drawn.refresh(run(300))
    ends = {"key": 1, "at": 0.0, "text": "one", "colour": "series1"}
    drawn.gutter.set_ends([End(**ends)], False)
    on_screen(drawn)
    before = on_screen(drawn)
    drawn.gutter.set_ends([End(**{**ends, other: {"text": "two", "colour": "series2", "at": 0.6}[other]})], False)
    assert (on_screen(drawn) != before).any()


def test_a_line_in_another_colour_and_one_that_goes_are_painted_again(show):
    drawn = show("V")
    drawn.refresh(run(300))
    x = np.linspace(5.0, 25.0, 50)
    seen = []
    for strokes in ([Stroke(x, np.sin(x), QColor("red"))], [Stroke(x, np.sin(x), QColor("lime"))], []):
        drawn.ink.set_strokes(strokes, drawn.field.viewRect())
        seen.append(on_screen(drawn))
    red, lime, nothing = (((each >> 16 & 255) > 200, (each >> 8 & 255) > 200) for each in seen)
    ground = nothing[0] & nothing[1]
    assert (red[0] & ~ground).sum() > 50 and (lime[1] & ~ground).sum() > 50
    assert (lime[0] & ~ground & ~lime[1]).sum() < (red[0] & ~ground).sum() / 4


def test_what_is_shown_in_another_range_or_size_or_look_is_drawn_whole(show):
    drawn = show("V")
    drawn.refresh(run(300))
    seen = [on_screen(drawn)]
    drawn.field.setRange(QRectF(5.0, -0.5, 10.0, 1.0), padding=0)
    drawn.zoomed = True
    seen.append(on_screen(drawn))
    theme.apply(QApplication.instance(), "light")
    seen.append(on_screen(drawn))
    theme.apply(QApplication.instance(), "dark")
    drawn.resize(400, 260)
    seen.append(on_screen(drawn))
    for one, other in pairwise(seen):
        assert one.shape != other.shape or (one != other).mean() > 0.01
    drawn.ink._scale = ()
    drawn.canvas.viewport().update()
    assert (on_screen(drawn) == seen[-1]).all()


def test_a_grid_without_numbers_is_drawn_again_only_where_it_stands_elsewhere(show):
    drawn = show("V")
    drawn.refresh(run(300))
    axis = drawn.across
    axis.quiet = True
    axis.setStyle(showValues=False)
    on_screen(drawn)
    axis.setRange(0.0, 100.0)
    on_screen(drawn)
    first = axis.picture
    assert first is not None and axis._spaced[1]
    axis.setRange(100.0, 200.0)  # the next page
    assert axis.picture is first and axis.range == [100.0, 200.0]
    for lo, hi in ((103.0, 203.0), (103.0, 303.0)):
        axis.setRange(lo, hi)
        assert axis.picture is None
        on_screen(drawn)
    axis.quiet = False
    axis.setRange(203.0, 403.0)
    assert axis.picture is None


class Counter:
    """How often something was heard."""

    heard = 0

    def hear(self) -> None:
        self.heard += 1


def test_another_range_is_painted_once(show):
    """A change of the transform that is left to the painting makes another painting necessary."""
    drawn, painted = show("V"), Counter()
    drawn.refresh(run(600))
    for _ in range(3):
        on_screen(drawn)
    drawn.canvas.scene().sigPrepareForPaint.connect(painted.hear)
    x, y = drawn._axes
    assert x.lo is not None and x.hi is not None
    drawn.show_axes(replace(x, lo=x.lo + 1.0, hi=x.hi + 1.0), y, (-1.0, 1.0), (-1.0, 1.0))
    for _ in range(3):
        on_screen(drawn)
    drawn.canvas.scene().sigPrepareForPaint.disconnect(painted.hear)
    assert painted.heard == 1


def test_ink_that_was_never_painted_takes_strokes():
    ink = Ink()
    ink.set_strokes([Stroke(np.arange(3.0), np.arange(3.0), QColor("red"))], QRectF(0, 0, 2, 2))
    ink.set_strokes([Stroke(np.arange(4.0), np.arange(4.0), QColor("red"))], QRectF(0, 0, 2, 2))
    ink.set_strokes([], QRectF(0, 0, 2, 2))
    assert ink.strokes == ()
