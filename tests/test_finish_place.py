"""The card of a finished run lies where it covers least: found from what is drawn."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from lab.widgets import theme
from lab.widgets.finish import FinishCard
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


def finished(card, *ways: str) -> None:
    from types import SimpleNamespace

    status = SimpleNamespace(reason="finished", summary={"test accuracy": 0.9721, "loss": 0.1})
    card.show_run(status, [(word, lambda: None) for word in ways])


def test_words_are_not_covered_where_a_line_can_lie_on_the_foot(sheet):
    stage, drawn = sheet(QRect(0, 0, 1000, 300), QRect(0, 420, 1000, 175))
    axis = QRect(0, 300, 1000, 120)  # numbers of an axis are thin, and yet nothing is read of them when half of them is covered
    card = FinishCard(stage, drawn, lambda on: [axis])
    finished(card, "Start again", "Another seed")
    assert not card.geometry().intersects(axis) and card.y() >= 580


def test_a_line_is_no_longer_than_what_it_says(sheet):
    stage, drawn = sheet(QRect(0, 0, 1000, 595))
    card = FinishCard(stage, drawn)
    finished(card, "Start again")
    assert card._line.isVisibleTo(stage) and card.width() < 560


def test_a_line_without_room_for_a_figure_says_none_instead_of_a_part_of_it(sheet):
    stage, drawn = sheet(QRect(0, 0, 1000, 640))
    stage.resize(470, 600)
    card = FinishCard(stage, drawn)
    finished(card, "Go on to 60 epochs", "Start again", "Another seed")
    card._form("line", 470)
    assert not card._line.isVisibleTo(stage) and all(button.isVisibleTo(stage) for button in card.buttons)


def test_a_place_is_looked_for_again_until_the_pictures_have_drawn(sheet):
    stage, drawn = sheet()
    settled = [False]
    card = FinishCard(stage, drawn, settled=lambda: settled[0])
    finished(card, "Start again")
    full = QRect(500, 300, 500, 340)
    assert card._rest.isActive() and card.geometry().intersects(full)
    drawn.full = (full,)
    card._rested()
    assert card.geometry().intersects(full)  # not drawn yet: it does not move to and fro
    settled[0] = True
    card._rested()
    card._rest.stop()
    assert not card.geometry().intersects(full)
