"""The table of tokens: colours by what they are for, and the sizes of type; plain values, without Qt."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Literal

ThemeName = Literal["dark", "light"]


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
    """What is in force: tokens, and the sizes that the projector mode enlarges (pixels).

    lecture  pixels of all text in lecture mode, which grows with the window (0: not in it)
    """

    tokens: Tokens
    projector: bool = False
    lecture: float = 0.0

    @property
    def text(self) -> int:
        """Size of ordinary text."""
        return round(self.lecture) or (18 if self.projector else 13)

    @property
    def title(self) -> int:
        """Size of titles."""
        return round(1.2 * self.lecture) or (22 if self.projector else 15)

    @property
    def caption(self) -> int:
        """Size of captions and tick labels."""
        return round(self.lecture) or (16 if self.projector else 12)

    @property
    def stroke(self) -> float:
        """Width of drawn lines."""
        return max(2.0, self.lecture / 7) if self.lecture else 3.5 if self.projector else 2.0

    @property
    def field(self) -> int:
        """Height of a field one types into."""
        return round(1.6 * self.lecture) or (38 if self.projector else 28)


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


@lru_cache(maxsize=1024)
def mix(one: str, other: str, share: float) -> str:
    """`one` with `share` (0..1) of `other` in it."""
    pairs = [(int(one[k : k + 2], 16), int(other[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def colour_tokens() -> tuple[str, ...]:
    """Names of the tokens that are one colour."""
    return tuple(f.name for f in fields(Tokens) if f.name not in ("name", "series"))
