"""Where names at the ends of lines stand: beside their line, never on one another, and still while the line moves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

APART = 14.0  # px from one label to the next
CALM = 0.06  # share of its way that a label of a moving trace goes in a frame
HEIGHTS = (0.92, 0.8, 0.68, 0.56, 0.44, 0.32, 0.2)  # shares of a picture's height at which words of an upright line may stand
NEAR = 1.0  # px: a label so near to its place is there


def spread(wanted: Sequence[float], heights: Sequence[float], lo: float, hi: float) -> list[float]:
    """Middles of labels as near to the wanted ones as they can be without touching, in the order wanted, within lo..hi.

    Labels that would touch form a block, which stands where its members want to be on average; where there is no room
    for all, they overlap evenly.
    """
    order = sorted(range(len(wanted)), key=lambda k: wanted[k])
    blocks: list[tuple[list[int], float, float]] = []  # members, middle of the block, its height

    def middle_of(members: list[int], height: float) -> float:
        # Where each member wants the block's middle to be, given its own place in the block.
        places, top = [], -height / 2
        for k in members:
            places.append(wanted[k] - (top + heights[k] / 2))
            top += heights[k]
        return min(max(float(np.mean(places)), lo + height / 2), max(hi - height / 2, lo + height / 2))

    for k in order:
        members, height = [k], heights[k]
        middle = middle_of(members, height)
        while blocks and blocks[-1][1] + blocks[-1][2] / 2 > middle - height / 2:
            before, _, tall = blocks.pop()
            members, height = [*before, *members], tall + height
            middle = middle_of(members, height)
        blocks.append((members, middle, height))
    out = [0.0] * len(wanted)
    for members, middle, height in blocks:
        squeeze = min(1.0, max(hi - lo, 1.0) / height) if height else 1.0
        top = middle - height / 2 if squeeze == 1.0 else lo
        for k in members:
            out[k] = top + squeeze * heights[k] / 2
            top += squeeze * heights[k]
    return out


def level(y: np.ndarray, moving: bool) -> float:
    """The height at which the name of a line stands: its last value, or for a trace that moves along, where it mostly is of late."""
    known = y[np.isfinite(y)]
    if not len(known):
        return float("nan")
    return float(np.median(known[-max(1, len(known) // 4) :])) if moving else float(known[-1])


def clearest_height(lines: np.ndarray, x: float, width: float, height: float, room: float) -> float:
    """The share of the height at which words beside an upright line at x cover least of the lines; of equals the highest.

    lines (n, 2) pixels from the lower left corner of a picture that is `room` high; the words hang from that height, to the right of x
    if width is positive, else to the left.
    """
    lo, hi = sorted((x, x + width))
    near = lines[(lines[:, 0] >= lo) & (lines[:, 0] <= hi), 1]
    return max(HEIGHTS, key=lambda share: (-int(((near <= share * room + 2) & (near >= share * room - height)).sum()), share))
