"""Lecture mode: one picture, one sentence, one slider; presenter keys; and the way back to exactly the state before."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from lab import catalog
from lab.display.frozen import Frozen
from lab.widgets import theme
from lab.widgets.lecture import slides
from lab.widgets.lecture.slides import Slide, first_sentence, of_pictures, of_presets


def lecturing(open_window, qtbot):
    """A window in which a lecture is given, and its page."""
    window = open_window(playing=True)
    qtbot.waitUntil(lambda: window.player.status.step > 10)
    window.lecture.pictures()
    qtbot.waitUntil(window.lecture.page.isVisible)
    return window, window.lecture.page


def test_text_has_24_points_and_grows_with_the_window(open_window, qtbot):
    window, page = lecturing(open_window, qtbot)
    assert theme.current().text >= 32  # pixels at 96 dots an inch
    window.resize(1024, 640)
    qtbot.waitUntil(lambda: theme.current().text == round(33 * page.height() / 900))


def test_the_picture_is_fed_and_only_its_streams_are_watched(open_window, qtbot):
    window, page = lecturing(open_window, qtbot)
    qtbot.waitUntil(lambda: page.view._source is not None)
    assert window.player._watched == page.view.wanted
    assert window.workspace.visible_cards() == []


def test_keys_of_a_presenter_step_blank_and_leave(open_window, qtbot):
    window = open_window()
    went = []
    slide = Slide("A sentence.", "A question?", at=1, of=3)
    assert window.lecture.show(slide, forward=lambda: went.append("on"), back=lambda: went.append("back"), left=lambda: went.append("left"))
    page = window.lecture.page
    for key in (Qt.Key.Key_PageDown, Qt.Key.Key_Right, Qt.Key.Key_PageUp):
        qtbot.keyClick(page, key)
    assert went == ["on", "on", "back"]
    qtbot.keyClick(page, Qt.Key.Key_B)
    assert page.black.isVisible() and page.black.geometry() == page.rect()
    qtbot.keyClick(page, Qt.Key.Key_PageDown)
    assert not page.black.isVisible() and went[-1] == "on"
    assert (page.title.text(), page.question.text()) == ("A sentence.", "A question?")
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert not window.lecture.on and went[-1] == "left"


def test_the_slider_moves_by_mouse_and_keys_and_leaving_puts_all_back(open_window, qtbot):
    window, page = lecturing(open_window, qtbot)
    name, knob = next(iter(page.knobs.items()))
    before, look = window.document, theme.current()
    value = getattr(window.player.status.model, name)
    qtbot.waitUntil(lambda: knob.value == value)
    qtbot.keyClick(page, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: getattr(window.player.status.model, name) != value)
    slider = knob.slider
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 4, slider.height() // 2))
    qtbot.mouseMove(slider, QPoint(slider.width() // 3, slider.height() // 2))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 3, slider.height() // 2))
    qtbot.waitUntil(lambda: getattr(window.player.status.model, name) == knob.value)
    qtbot.keyClick(page, Qt.Key.Key_D)
    assert theme.current().tokens.dark != look.tokens.dark
    assert window.document != before
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert window.document.experiment() == before.experiment()
    assert (theme.current().tokens.name, theme.current().lecture, theme.current().projector) == ("dark", 0.0, False)
    qtbot.waitUntil(lambda: getattr(window.player.status.model, name) == value)
    assert window.left.isVisible() and window.player.status.phase == "running"


def test_the_present_can_be_frozen_behind_what_comes(open_window, qtbot):
    _, page = lecturing(open_window, qtbot)
    qtbot.waitUntil(lambda: page.view._source is not None)
    qtbot.keyClick(page, Qt.Key.Key_F)
    assert [over.name for over in page.view._overlays] == ["before"]
    qtbot.keyClick(page, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: page.view._overlays == ())


def test_a_frozen_source_keeps_its_place_on_the_page():
    class Moving:
        model, step, summary = None, 100, {}

        def samples(self, stream, first, last):
            return np.arange(first, last + 1), np.arange(first, last + 1, dtype=float)

    frozen = Frozen(Moving())
    steps, rows = frozen.samples("V", 50, 100)
    later, same = frozen.samples("V", 250, 260)
    np.testing.assert_array_equal(later, steps + 200)
    np.testing.assert_array_equal(same, rows)


def test_it_begins_from_key_menu_and_preset(open_window, qtbot):
    window = open_window()
    qtbot.keyClick(window.stage, Qt.Key.Key_F5, Qt.KeyboardModifier.ShiftModifier)
    assert window.lecture.on
    qtbot.keyClick(window.lecture.page, Qt.Key.Key_Escape)
    card = window.workspace.cards()[0]
    menu = card.view.menu()
    next(a for a in menu.actions() if a.text() == "Show in a lecture").trigger()
    menu.close()
    assert window.lecture.on and window.lecture.page.slide.picture == card.view.picture.name
    window.lecture.leave()
    kind = type(window.player.status.model)
    title = next(iter(kind.presets))
    window.gallery.lecture_wanted.emit(title)
    assert window.lecture.page.slide.preset == title
    window.lecture.leave()


def test_a_picture_that_is_not_there_is_said(open_window):
    window = open_window()
    assert not window.lecture.show(Slide("A sentence.", picture="nothing"))
    assert not window.lecture.on and "no picture 'nothing'" in window.banner.words.text()


@pytest.mark.parametrize("name", catalog.names())
def test_every_model_has_slides(name):
    kind = catalog.load(name)
    slides = of_pictures(kind())
    assert slides and all(slide.title for slide in slides)
    assert len({slide.picture for slide in slides}) == len(slides)
    for slide in of_presets(kind):
        assert slide.picture and len(slide.sentence) <= 220


def test_a_sentence_is_short_enough_to_be_read():
    assert first_sentence("One. Two.") == "One."
    assert len(first_sentence("word " * 100)) <= 202


@pytest.mark.parametrize(
    ("name", "picture", "slider"),
    [
        ("variational-autoencoder", "map", "beta"),
        ("generative-adversarial-network", "field", "rate"),
        ("one-sign-per-neuron", "network", "rate"),
        ("population-coding", "time", "neurons"),
        ("strength-duration", "curve", "shortest"),
    ],
)
def test_a_lecture_begins_with_what_the_model_is_about(name, picture, slider):
    model = catalog.load(name)()
    first, *_ = of_pictures(model)
    assert slides.main_of(model) == first.picture == picture
    assert first.parameters == (slider,)
