"""Colour maps of 256 entries: sequential (viridis), diverging (blue, white, orange) and grey."""

from __future__ import annotations

from functools import cache

import numpy as np

from lab.widgets import theme

STRONGEST = 0.5  # opacity of the ends of a map behind points
STOPS = {"diverging": ("#053a68", "#0072b2", "#8fc4e8", "#f5f5f3", "#f7b97a", "#d55e00", "#6b2b00"), "grey": ("#000000", "#ffffff")}


@cache
def lookup(name: str) -> np.ndarray:
    """(256, 4) bytes of a map."""
    if name == "sequential":
        import pyqtgraph

        return np.ascontiguousarray(pyqtgraph.colormap.get("viridis").getLookupTable(nPts=256, alpha=True), np.uint8)
    stops = np.array([[int(s[k : k + 2], 16) for k in (1, 3, 5)] for s in STOPS[name]], float)
    place = np.linspace(0, len(stops) - 1, 256)
    rgb = np.stack([np.interp(place, np.arange(len(stops)), stops[:, k]) for k in range(3)], axis=1)
    return np.concatenate([rgb.round(), np.full((256, 1), 255.0)], axis=1).astype(np.uint8)


def tinted() -> np.ndarray:
    """(256, 4) bytes of a diverging map that lies behind points: the colours of the first two series, and nothing where it is zero.

    White in the middle would be a grey slab over a dark ground.
    """
    t = np.linspace(-1.0, 1.0, 256)
    ends = [theme.colour(f"series{k}") for k in (0, 1)]
    inks = np.array([(ink.red(), ink.green(), ink.blue()) for ink in ends], float)
    alpha = 255 * STRONGEST * np.abs(t) ** 0.7
    return np.column_stack([inks[(t > 0).astype(int)], alpha]).round().astype(np.uint8)


def levels_of(values: np.ndarray, colours: str, fixed: tuple[float, float] | None) -> tuple[float, float]:
    """Lowest and highest value of a map: as declared, or those of the data; zero is in the middle of a diverging one.

    A declared range of numbers that are never negative, such as a probability, has its own middle there; it may run downwards.
    """
    if fixed is not None:
        lo, hi = fixed
    else:
        finite = values[np.isfinite(values)]
        lo, hi = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if colours == "diverging" and not (fixed is not None and min(lo, hi) >= 0.0):
        top = max(abs(lo), abs(hi)) or 1.0
        return -top, top
    return (lo, hi) if hi > lo or (fixed is not None and hi < lo) else (lo, lo + 1.0)


def paint(values: np.ndarray, lo: float, hi: float, colours: str) -> np.ndarray:
    """RGBA bytes of numbers; NaN is transparent."""
    with np.errstate(invalid="ignore"):
        place = np.nan_to_num((values - lo) * (255.0 / (hi - lo))).clip(0, 255).astype(np.uint8)
    out = lookup(colours)[place]
    missing = np.isnan(values)
    if missing.any():
        out[missing] = 0
    return out
