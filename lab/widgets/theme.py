"""One table of tokens for everything that is drawn: Qt's palette and style sheet, pyqtgraph, icons and fonts.

`apply(app, "dark")` themes the application and emits `changes().changed`; whoever made items with colours of its own
(pyqtgraph does not look at the palette) connects a bound method to it and colours them again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication

log = logging.getLogger(__name__)

ThemeName = Literal["dark", "light"]
SANS, MONO = "Inter", "JetBrains Mono"


@dataclass(frozen=True)
class Tokens:
    """Colours by what they are for. `series` is safe for colour-blind people in its order."""

    name: str
    background: str
    surface: str
    raised: str
    line: str
    grid: str
    text: str
    muted: str
    accent: str
    good: str
    warn: str
    bad: str
    series: tuple[str, ...]

    @property
    def dark(self) -> bool:
        """Whether text is light on a dark ground."""
        return luminance(self.text) > luminance(self.background)

    @property
    def on_accent(self) -> str:
        """Text on an accent-coloured ground."""
        return max((self.background, "#ffffff"), key=lambda c: contrast(c, self.accent))

    def readable(self, token: str, ground: str = "raised", least: float = 4.5) -> str:
        """The colour of `token` moved towards the text colour until it can be read as text on `ground`."""
        colour, behind = getattr(self, token), getattr(self, ground)
        for share in range(0, 101, 5):
            moved = mix(colour, self.text, share / 100)
            if contrast(moved, behind) >= least:
                return moved
        return self.text


DARK = Tokens(
    "dark", "#0f1318", "#171c23", "#1f2630", "#2b3440", "#26303b", "#e8edf3", "#94a1b2", "#4cc2ff", "#3ddc97", "#ffb454", "#ff6b6b",
    ("#4cc2ff", "#ffb454", "#3ddc97", "#ff7eb6", "#b69cff", "#f2e266"),
)  # fmt: skip
LIGHT = Tokens(
    "light", "#f4f6f9", "#ffffff", "#eef2f6", "#d7dee7", "#e3e8ee", "#17202b", "#5b6878", "#0072b2", "#0a8f5b", "#b35c00", "#c62f3a",
    ("#0072b2", "#d55e00", "#009e73", "#cc5a9a", "#6a51a3", "#8a7a00"),
)  # fmt: skip
THEMES: dict[str, Tokens] = {"dark": DARK, "light": LIGHT}


@dataclass(frozen=True)
class Look:
    """What is in force: tokens, and the sizes that the projector mode enlarges (pixels)."""

    tokens: Tokens
    projector: bool = False

    @property
    def text(self) -> int:
        """Size of ordinary text."""
        return 18 if self.projector else 13

    @property
    def title(self) -> int:
        """Size of titles."""
        return 22 if self.projector else 15

    @property
    def caption(self) -> int:
        """Size of captions and tick labels."""
        return 16 if self.projector else 12

    @property
    def stroke(self) -> float:
        """Width of drawn lines."""
        return 3.0 if self.projector else 1.5

    @property
    def field(self) -> int:
        """Height of a field one types into."""
        return 38 if self.projector else 28


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


def space(steps: int) -> int:
    """Distances come in steps of 4 pixels."""
    return 4 * steps


def luminance(colour: str) -> float:
    """Relative luminance of '#rrggbb' (WCAG 2.1)."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.1)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """`one` with `share` (0..1) of `other` in it."""
    pairs = [(int(one[k : k + 2], 16), int(other[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def colour(token: str, alpha: float = 1.0) -> QColor:
    """The colour of a token by name (`accent`, `series2`), or of '#rrggbb' itself."""
    tokens = _look.tokens
    if token.startswith("#"):
        text = token
    elif token.startswith("series"):
        text = tokens.series[int(token[6:]) % len(tokens.series)]
    else:
        text = getattr(tokens, token)
    made = QColor(text)
    made.setAlphaF(alpha)
    return made


def assets_folder() -> Path:
    """The folder with fonts, icon and marks: `lab/assets` when installed, `assets` at the root of a checkout."""
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "assets", here.parents[2] / "assets"):
        if (folder / "icon.svg").is_file():
            return folder
    return here.parents[1] / "assets"


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


def apply(app: QApplication | QGuiApplication | None, name: str, projector: bool = False, *, sheet: bool = True) -> Look:
    """Theme the whole application with `dark` or `light`; existing pictures hear of it through `changes()`.

    sheet=False leaves the style sheet away: half a second saved where only pictures are drawn and no widget is seen.
    """
    from lab.widgets.sheet import style_sheet

    global _look
    if name not in THEMES:
        raise ValueError(f"theme: must be one of {', '.join(THEMES)} (got {name!r}).")
    _look = replace(_look, tokens=THEMES[name], projector=bool(projector))
    if isinstance(app, QApplication):
        import pyqtgraph

        load_fonts()
        if app.style().objectName().lower() != "fusion" and not app.styleSheet():
            app.setStyle("Fusion")
        app.setPalette(palette(_look.tokens))
        app.setFont(sans_font())
        if sheet:
            app.setStyleSheet(style_sheet(_look, assets_folder() / "marks"))
        app.setEffectEnabled(Qt.UIEffect.UI_AnimateCombo, False)
        pyqtgraph.setConfigOptions(
            background=_look.tokens.surface, foreground=_look.tokens.text, antialias=True, imageAxisOrder="row-major", useOpenGL=False
        )
    changes().changed.emit()
    return _look


def colour_tokens() -> tuple[str, ...]:
    """Names of the tokens that are one colour."""
    return tuple(f.name for f in fields(Tokens) if f.name not in ("name", "series"))
