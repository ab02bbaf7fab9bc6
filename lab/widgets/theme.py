"""The table of tokens (`lab.widgets.tokens`) put to use: Qt's palette and style sheet, pyqtgraph, icons and fonts.

`apply(app, "dark")` themes the application and emits `changes().changed`; whoever made items with colours of its own
(pyqtgraph does not look at the palette) connects a bound method to it and colours them again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, lru_cache

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetricsF, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from lab.data.assets import assets_folder
from lab.widgets.sheet import style_sheet
from lab.widgets.tokens import DARK, LIGHT, THEMES, Look, ThemeName, Tokens, colour_tokens, contrast, luminance, mix, space

__all__ = [
    "DARK", "LIGHT", "MONO", "SANS", "THEMES", "Look", "ThemeName", "Tokens", "app_icon", "apply", "assets_folder", "changes", "colour",
    "colour_tokens", "contrast", "current", "icon", "load_fonts", "luminance", "mix", "mono_font", "palette", "sans_font", "space", "text_width",
    "worn",
]  # fmt: skip

log = logging.getLogger(__name__)

SANS, MONO = "Inter", "JetBrains Mono"
# Four colours more than series have, so that ten classes have ten: on a light ground, on a dark one.
MORE = (("#2a93a8", "#8c510a", "#6b7785", "#3949ab"), ("#7fdcd2", "#e58a4e", "#9aa6b5", "#8c9bff"))


class Changes(QObject):
    """Tells that the theme changed."""

    changed = Signal()


_look = Look(DARK)
_changes: Changes | None = None


def changes() -> Changes:
    """The object whose signal `changed` is emitted after each `apply`."""
    global _changes
    if _changes is None:
        _changes = Changes()
    return _changes


def current() -> Look:
    """What is in force now."""
    return _look


def colour(token: str, alpha: float = 1.0) -> QColor:
    """The colour of a token by name (`accent`, `series2`, `class7`: of ten kinds of points), or of '#rrggbb' itself."""
    tokens = _look.tokens
    if token.startswith("#"):
        text = token
    elif token.startswith("series"):
        text = tokens.series[int(token[6:]) % len(tokens.series)]
    elif token.startswith("class"):
        kinds = (*tokens.series, *MORE[QColor(tokens.surface).lightness() < 128])
        text = kinds[int(token[5:]) % len(kinds)]
    else:
        text = getattr(tokens, token)
    made = QColor(text)
    made.setAlphaF(alpha)
    return made


@cache
def load_fonts() -> dict[str, str]:
    """Load the shipped fonts once; the family to use for each of SANS and MONO, Qt's own where a file is missing."""
    found: dict[str, str] = {}
    for file in sorted((assets_folder() / "fonts").glob("*.[ot]tf")):
        number = QFontDatabase.addApplicationFont(str(file))
        for family in QFontDatabase.applicationFontFamilies(number) if number >= 0 else []:
            found[family] = family
    general = {SANS: QFontDatabase.SystemFont.GeneralFont, MONO: QFontDatabase.SystemFont.FixedFont}
    for family, kind in general.items():
        if family not in found:
            found[family] = QFontDatabase.systemFont(kind).family()
            log.warning("The font %s is missing in %s: %s is used.", family, assets_folder(), found[family] or "Qt's default")
    return found


def _font(family: str, pixels: int, weight: QFont.Weight) -> QFont:
    font = QFont(load_fonts()[family])
    font.setPixelSize(pixels)
    font.setWeight(weight)
    return font


def sans_font(pixels: int | None = None, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The font of text, at the current text size unless told."""
    return _font(SANS, pixels or _look.text, weight)


def mono_font(pixels: int | None = None, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The font of numbers: all digits equally wide, so nothing jumps when they change."""
    return _font(MONO, pixels or _look.text, weight)


@lru_cache(maxsize=4096)
def text_width(text: str, pixels: int, weight: QFont.Weight = QFont.Weight.Normal, family: str = SANS) -> float:
    """How wide a text is written: asked for many times in a frame, and worked out once."""
    return QFontMetricsF(_font(family, pixels, weight)).horizontalAdvance(text)


def icon(name: str, colour_token: str = "muted") -> QIcon:
    """A Material Design icon (`mdi6.play`) in a token's colour; an empty icon if there is none of that name."""
    import qtawesome

    tint = colour(colour_token)
    active = colour("text") if colour_token == "muted" else tint
    try:
        return qtawesome.icon(name, color=tint, color_active=active, color_disabled=colour("muted", 0.5))
    except Exception as error:  # qtawesome raises bare Exceptions for names it does not know
        log.warning("There is no icon %s: %s", name, error)
        return QIcon()


def app_icon() -> QIcon:
    """The icon of the application."""
    return QIcon(str(assets_folder() / "icon.svg"))


def palette(tokens: Tokens) -> QPalette:
    """Qt's palette from the tokens, for what the style sheet does not reach."""
    role = QPalette.ColorRole
    table = {
        role.Window: tokens.background, role.WindowText: tokens.text, role.Base: tokens.surface, role.AlternateBase: tokens.raised,
        role.Text: tokens.text, role.Button: tokens.raised, role.ButtonText: tokens.text, role.BrightText: tokens.bad,
        role.ToolTipBase: tokens.raised, role.ToolTipText: tokens.text, role.PlaceholderText: tokens.muted,
        role.Highlight: tokens.accent, role.HighlightedText: tokens.on_accent, role.Link: tokens.accent,
        role.LinkVisited: tokens.muted, role.Light: tokens.raised, role.Mid: tokens.line, role.Dark: tokens.line,
        role.Midlight: tokens.raised, role.Shadow: tokens.background, role.Accent: tokens.accent,
    }  # fmt: skip
    made = QPalette()
    for key, value in table.items():
        made.setColor(key, QColor(value))
    for key in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, key, QColor(mix(tokens.muted, tokens.background, 0.4)))
    return made


@contextmanager
def worn(name: str, projector: bool = False) -> Iterator[Look]:
    """Another look for as long as something is drawn elsewhere; nobody hears of it, so who draws colours itself again, twice."""
    global _look
    before = _look
    _look = replace(_look, tokens=THEMES[name], projector=projector, lecture=0.0)
    try:
        yield _look
    finally:
        _look = before


def apply(
    app: QApplication | QGuiApplication | None, name: str, projector: bool = False, *, lecture: float = 0.0, sheet: bool = True
) -> Look:
    """Theme the whole application with `dark` or `light`; existing pictures hear of it through `changes()`.

    lecture is the size of all text in lecture mode (0: not in it).
    sheet=False leaves the style sheet away: half a second saved where only pictures are drawn and no widget is seen.
    """
    global _look
    if name not in THEMES:
        raise ValueError(f"theme: must be one of {', '.join(THEMES)} (got {name!r}).")
    _look = replace(_look, tokens=THEMES[name], projector=bool(projector), lecture=lecture)
    if isinstance(app, QApplication):
        import pyqtgraph

        load_fonts()
        if app.style().objectName().lower() != "fusion" and not app.styleSheet():
            app.setStyle("Fusion")
        app.setPalette(palette(_look.tokens))
        app.setFont(sans_font())
        if sheet:
            app.setStyleSheet(style_sheet(_look, assets_folder() / "marks", load_fonts()[MONO]))
        app.setEffectEnabled(Qt.UIEffect.UI_AnimateCombo, False)
        pyqtgraph.setConfigOptions(
            background=_look.tokens.surface, foreground=_look.tokens.text, antialias=True, imageAxisOrder="row-major", useOpenGL=False
        )
    changes().changed.emit()
    return _look
