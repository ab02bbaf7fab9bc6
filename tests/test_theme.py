"""The token table, what it becomes in Qt, and the fonts and marks it needs."""

from __future__ import annotations

import logging
import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest

pytest.importorskip("PySide6")

from PySide6.QtGui import QFontInfo
from PySide6.QtWidgets import QApplication

from lab.widgets import theme

GROUNDS = ("background", "surface", "raised")


@pytest.fixture
def themed(qapp):
    yield qapp
    theme.apply(qapp, "dark")


@pytest.mark.parametrize("tokens", theme.THEMES.values(), ids=lambda t: t.name)
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_and_muted_text_have_a_contrast_of_at_least_4_5_on_every_ground(tokens, ground):
    for name in ("text", "muted"):
        assert theme.contrast(getattr(tokens, name), getattr(tokens, ground)) >= 4.5


@pytest.mark.parametrize("tokens", theme.THEMES.values(), ids=lambda t: t.name)
@pytest.mark.parametrize("token", ["accent", "good", "warn", "bad"])
def test_a_status_colour_used_as_text_is_made_readable_and_keeps_its_hue(tokens, token):
    readable = tokens.readable(token)
    assert theme.contrast(readable, tokens.raised) >= 4.5
    changed = max(abs(int(readable[k : k + 2], 16) - int(getattr(tokens, token)[k : k + 2], 16)) for k in (1, 3, 5))
    assert changed < 60


@pytest.mark.parametrize("tokens", theme.THEMES.values(), ids=lambda t: t.name)
def test_series_colours_stand_out_from_every_ground_by_3_to_1(tokens):
    for ground in GROUNDS:
        assert min(theme.contrast(c, getattr(tokens, ground)) for c in tokens.series) >= 3.0
    assert theme.contrast(tokens.on_accent, tokens.accent) >= 4.5


def test_contrast_of_black_and_white_is_21():
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert theme.contrast("#777777", "#777777") == pytest.approx(1.0)


@pytest.mark.parametrize("tokens", theme.THEMES.values(), ids=lambda t: t.name)
def test_the_marks_exist_for_each_theme_in_its_colours(tokens):
    folder = theme.assets_folder() / "marks"
    inks = {
        "down": tokens.muted,
        "up": tokens.muted,
        "check": tokens.on_accent,
        "tick": tokens.text,
        "dash": tokens.accent,
        "radio": tokens.accent,
    }
    for mark, ink in inks.items():
        assert ink in (folder / f"{mark}-{tokens.name}.svg").read_text()


def test_applying_a_theme_reaches_palette_sheet_and_listeners(themed, qtbot):
    with qtbot.waitSignal(theme.changes().changed):
        theme.apply(themed, "light")
    assert theme.current().tokens is theme.LIGHT
    assert themed.palette().window().color().name() == theme.LIGHT.background
    assert theme.LIGHT.accent in themed.styleSheet()
    assert "{" + "accent" + "}" not in themed.styleSheet()
    theme.apply(themed, "dark")
    assert themed.palette().window().color().name() == theme.DARK.background


def test_projector_mode_has_18_pixel_type_and_wider_lines(themed):
    look = theme.apply(themed, "dark", projector=True)
    assert (look.text, look.stroke) == (18, 3.5)
    assert themed.font().pixelSize() == 18
    assert theme.apply(themed, "dark").text == 13


def test_an_unknown_theme_is_refused_by_name(themed):
    with pytest.raises(ValueError, match="theme: must be one of dark, light"):
        theme.apply(themed, "sepia")


def test_the_shipped_fonts_are_the_ones_drawn_with(themed):
    assert QFontInfo(theme.sans_font()).family() == "Inter"
    assert QFontInfo(theme.mono_font()).family() == "JetBrains Mono"
    assert (theme.assets_folder() / "fonts" / "Inter-OFL.txt").is_file()
    assert (theme.assets_folder() / "fonts" / "JetBrainsMono-OFL.txt").is_file()


def test_missing_fonts_fall_back_with_a_line_in_the_log(themed, monkeypatch, tmp_path, caplog):
    theme.load_fonts.cache_clear()
    monkeypatch.setattr(theme, "assets_folder", lambda: tmp_path)
    with caplog.at_level(logging.WARNING):
        theme.mono_font()
    theme.load_fonts.cache_clear()
    assert "JetBrains Mono is missing" in caplog.text


def test_icons_take_token_colours_and_an_unknown_name_gives_an_empty_icon(themed, caplog):
    assert not theme.icon("mdi6.play", "accent").isNull()
    with caplog.at_level(logging.WARNING):
        assert theme.icon("mdi6.no-such-thing").isNull()
    assert not theme.app_icon().isNull()
    assert isinstance(themed, QApplication)
