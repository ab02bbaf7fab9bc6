"""The card of a finished run lies where it covers least: found from what is drawn."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from lab.widgets import theme
from lab.widgets.finish import LOOKS, FinishCard
from lab.widgets.laid import Drawn


class Sheet(QWidget):
    """Curves in some rectangles on the ground of the look in force."""

    def __init__(self, parent, *full: QRect):
        super().__init__(parent)
        self.full = full

    def paintEvent(self, event):
        painter = QPainter(self)
        tokens = theme.current().tokens
        painter.fillRect(self.rect(), QColor(tokens.surface))
        painter.setPen(QColor(tokens.grid))
        for x in range(0, self.width(), 40):
            painter.drawLine(x, 0, x, self.height())  # a grid is nothing to read
        for rect in self.full:
            painter.fillRect(rect, QColor(tokens.series[0]))
        painter.end()


@pytest.fixture
def sheet(qtbot):
    def make(*full):
        theme.apply(theme_application(), "dark")
        stage = QWidget()
        qtbot.addWidget(stage)
        stage.resize(1000, 640)
        drawn = Sheet(stage, *full)
        drawn.setGeometry(0, 0, 1000, 640)
        return stage, drawn

    return make


def theme_application():
    from lab.widgets.application import offscreen_application

    return offscreen_application()


def test_of_empty_places_the_lower_right_one_is_taken(sheet):
    _, drawn = sheet()
    covers, place = Drawn(drawn).clearest(QSize(300, 200), QRect(10, 10, 980, 620))
    assert covers == 0 and abs(place.right() - 989) < 5 and abs(place.bottom() - 629) < 5


def test_what_is_drawn_is_not_covered_where_there_is_another_place(sheet):
    full = QRect(500, 300, 500, 340)
    _, drawn = sheet(full)
    covers, place = Drawn(drawn).clearest(QSize(300, 200), QRect(10, 10, 980, 620))
    assert covers == 0 and not place.intersects(full)


def test_a_drawer_is_covered_rather_than_the_pictures_of_the_stage(sheet):
    _, drawn = sheet(QRect(0, 0, 1000, 640))
    drawer = QRect(0, 360, 480, 280)
    assert not Drawn(drawn).clearest(QSize(400, 200), QRect(10, 10, 980, 620))[1].intersects(drawer)
    assert drawer.contains(Drawn(drawn, [drawer]).clearest(QSize(400, 200), QRect(10, 10, 980, 620))[1].adjusted(8, 8, -8, -8))


def test_a_place_in_the_middle_of_curves_is_the_least_bad_one(sheet):
    _, drawn = sheet(QRect(0, 0, 1000, 640))
    covers, place = Drawn(drawn).clearest(QSize(300, 200), QRect(10, 10, 980, 620))
    assert covers > 0 and QRect(10, 10, 980, 620).contains(place.adjusted(0, 0, -5, -5))


@pytest.mark.parametrize(("full", "strip"), [((QRect(0, 0, 640, 640),), False), ((QRect(0, 0, 1000, 280), QRect(0, 380, 1000, 260)), True)])
def test_the_card_becomes_a_strip_where_only_a_strip_has_room(sheet, full, strip):
    from types import SimpleNamespace

    stage, drawn = sheet(*full)
    card = FinishCard(stage, drawn)
    status = SimpleNamespace(reason="finished", summary={"accuracy": 0.9, "loss": 0.1})
    card.show_run(status, [("Go on", lambda: None), ("Start again", lambda: None)])
    assert card._line.isVisibleTo(stage) == strip
    assert stage.rect().contains(card.geometry()) and not any(rect.intersects(card.geometry()) for rect in full)
    stage.resize(700, 400)
    card.place()
    assert card._line.isVisibleTo(stage) and stage.rect().contains(card.geometry())


def test_a_card_that_is_shown_again_while_it_is_open_has_room_for_its_buttons(sheet):
    from types import SimpleNamespace

    stage, drawn = sheet(QRect(0, 0, 1000, 280), QRect(0, 380, 1000, 260))
    stage.show()
    card = FinishCard(stage, drawn)
    status = SimpleNamespace(reason="finished", summary={"accuracy": 0.9, "loss": 0.1})
    heights = []
    for _ in range(2):  # the second time as by Play on a finished run
        card.show_run(status, [("Go on", lambda: None), ("Start again", lambda: None)])
        heights.append(card.height())
    assert heights[1] == heights[0] > card.buttons[0].sizeHint().height() + card.title.sizeHint().height()


def test_where_titles_stand_everywhere_but_at_the_foot_the_card_is_one_line_there(sheet):
    from types import SimpleNamespace

    stage, drawn = sheet(QRect(0, 0, 1000, 595), QRect(20, 612, 60, 8))  # pictures, and below them the words of closed drawers
    stage.show()
    card = FinishCard(stage, drawn)
    status = SimpleNamespace(reason="finished", summary={"accuracy": 0.9, "loss": 0.1})
    card.show_run(status, [("Go on", lambda: None), ("Start again", lambda: None), ("Another seed", lambda: None)])
    assert card.y() >= 590 and stage.rect().contains(card.geometry()) and card.height() < 2 * card.buttons[0].sizeHint().height()
    assert all(button.isVisible() for button in card.buttons)
    drawn.full = (QRect(0, 0, 600, 640),)
    card.place()  # where there is room the figures stand below one another again, and the buttons under them
    assert card.height() > 3 * card.buttons[0].sizeHint().height() and card.buttons[0].y() > card.title.y() + card.title.height()


def test_a_card_that_would_cover_a_thin_curve_becomes_a_line_at_the_foot(sheet):
    from types import SimpleNamespace

    curves = [QRect(40, y, 920, 2) for y in range(40, 560, 60)]  # few pixels, and yet what the picture is about
    stage, drawn = sheet(*curves)
    stage.show()
    card = FinishCard(stage, drawn)
    card.show_run(SimpleNamespace(reason="finished", summary={"accuracy": 0.9}), [("Go on", lambda: None), ("Start again", lambda: None)])
    assert not any(curve.intersects(card.geometry()) for curve in curves)
    assert card.height() < 100


def test_a_place_is_found_again_when_the_pictures_beneath_are_drawn(sheet, qtbot):
    from types import SimpleNamespace

    stage, drawn = sheet()
    settled = False
    stage.show()
    card = FinishCard(stage, drawn, lambda: settled)
    card.show_run(SimpleNamespace(reason="finished", summary={"accuracy": 0.9}), [("Go on", lambda: None), ("Start again", lambda: None)])
    where = QRect(500, 200, 500, 440)
    assert where.contains(card.geometry())  # nothing is drawn yet
    drawn.full = (where,)
    card._rest.stop()
    card._rested()
    assert where.contains(card.geometry())  # it waits
    settled = True
    card._rest.stop()
    card._rested()
    assert not where.intersects(card.geometry())


def test_where_pictures_are_never_said_to_be_drawn_a_place_is_found_at_last(sheet):
    from types import SimpleNamespace

    stage, drawn = sheet()
    stage.show()
    card = FinishCard(stage, drawn, lambda: False)
    card.show_run(SimpleNamespace(reason="finished", summary={"accuracy": 0.9}), [("Go on", lambda: None), ("Start again", lambda: None)])
    drawn.full = (where := QRect(500, 200, 500, 440),)
    for look in range(LOOKS):
        assert where.contains(card.geometry()) and card._rest.isActive(), look
        card._rest.stop()
        card._rested()
    assert not where.intersects(card.geometry()) and not card._rest.isActive()
