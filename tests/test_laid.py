"""What is laid over the stage keeps off words where it can."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget

from lab.widgets.banner import AWAY, LOWER
from lab.widgets.laid import Laid, clearest, covered


def test_of_several_places_the_one_that_covers_the_least():
    words = [QRect(0, 90, 100, 10), QRect(0, 0, 10, 100)]
    places = [QRect(5, 60, 50, 40), QRect(5, 50, 50, 40), QRect(10, 50, 50, 40), QRect(20, 40, 50, 40)]
    assert [covered(place, words) for place in places] == [700, 200, 0, 0]
    assert clearest(places, words) == places[2] and clearest(places, []) == places[0]


def test_it_is_put_into_its_place_again_when_the_stage_changes_its_size(qtbot):
    stage = QWidget()
    qtbot.addWidget(stage)

    class Corner(Laid):
        def place(self) -> None:
            self.move(self.parentWidget().rect().bottomRight() - self.rect().bottomRight())

    corner = Corner(stage)
    corner.resize(20, 10)
    stage.resize(300, 200)
    stage.show()
    assert corner.geometry() == QRect(280, 190, 20, 10)
    stage.resize(200, 100)
    assert corner.geometry() == QRect(180, 90, 20, 10)


def test_a_sentence_lies_below_the_titles_of_the_pictures(open_window):
    window = open_window()
    window.pulse.stop()
    words = window.workspace.lettering(window.stage)
    assert len(words) > 4 and all(window.stage.rect().contains(rect) for rect in words)
    window.banner.say("warn", "A sentence that is long enough to lie over the titles of two pictures beside each other, and more.", key="x")
    place = window.banner.geometry()
    edge = QRect(place.x(), AWAY, place.width(), place.height())
    assert window.stage.rect().contains(place) and AWAY < place.y() <= AWAY + LOWER and covered(place, words) < covered(edge, words)
