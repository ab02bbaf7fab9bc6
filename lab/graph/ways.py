"""How wires run: round the cards of other nodes, and where their words stand. Pure geometry, no window.

A way is a chain of cubic curves (k, 4, 2). Simple shapes are tried first, a bow forward, a turn back above or below; where all of them
would run behind a card, the shortest way with few bends is looked for on the lines just beside the cards (Dijkstra 1959; lines and bends
as in Wybrow, Marriott and Stuckey 2009).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

Point = tuple[float, float]
BEND, LANE = 26.0, 16.0
CLEAR = 8.0  # a wire keeps at least so far from cards that are not its ends
BESIDE = 18.0  # lines that wires may follow lie so far beside a card, and twice as far
CORNER = 14.0
TURN = 70.0  # a bend is worth so much length
SHARED = 3.0  # length along a stretch that another wire has counts so many times more
STEP = 7.0  # pixels between the points at which a way is looked at
WIDE, LABEL = 6.0, 24.0  # room between words, and their height
ASIDE = (
    (0, 0),
    (0, -20),
    (0, 20),
    (1, 0),
    (-1, 0),
    (0, -36),
    (0, 36),
    (0, -62),
    (0, 62),
    (0, -84),
    (0, 84),
)  # of words: widths across, pixels down
SHARES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)


def boxes(rectangles: Sequence[tuple[float, float, float, float]]) -> np.ndarray:
    """Rectangles (left, top, right, bottom) as an array (n, 4)."""
    return np.asarray(rectangles, float).reshape(-1, 4)


def sample(way: np.ndarray) -> np.ndarray:
    """Points of a way (m, 2), at most `STEP` apart, ends included."""
    legs = np.sqrt((np.diff(way, axis=1) ** 2).sum(axis=2)).sum(axis=1)
    return np.concatenate([_weights(2 + int(long / STEP)) @ piece for long, piece in zip(legs.tolist(), way, strict=True)])


@lru_cache(maxsize=512)
def _weights(count: int) -> np.ndarray:
    """How much each of four points has to say at `count` places of a cubic curve (count, 4)."""
    t = np.linspace(0, 1, count)
    return np.stack([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3], axis=1)


def crossed(points: np.ndarray, cards: np.ndarray, room: float = 0.0) -> np.ndarray:
    """Which cards (n,) points lie in, or nearer than `room`."""
    if not len(cards):
        return np.zeros(0, bool)
    x, y = points[:, :1], points[:, 1:]
    inside = (x > cards[:, 0] - room) & (x < cards[:, 2] + room) & (y > cards[:, 1] - room) & (y < cards[:, 3] + room)
    return np.asarray(inside.any(axis=0))


def _curve(*points: Point) -> np.ndarray:
    return np.asarray(points, float).reshape(1, 4, 2)


def _line(a: Point, b: Point) -> np.ndarray:
    (x, y), (u, v) = a, b
    return _curve(a, (x + (u - x) / 3, y + (v - y) / 3), (u - (u - x) / 3, v - (v - y) / 3), b)


def forward(start: Point, end: Point, bow: float) -> np.ndarray:
    """A curve to the right that leaves and arrives level, bent down by `bow`."""
    pull = max(40.0, (end[0] - start[0]) * 0.5)
    return _curve(start, (start[0] + pull, start[1] + bow), (end[0] - pull, end[1] + bow), end)


def around(start: Point, end: Point, level: float) -> np.ndarray:
    """Out to the right, along `level`, and in from the left, with round corners."""
    right, left = start[0] + BEND + 6, end[0] - BEND - 6
    one, other = (start[0] - 2, level), (end[0] + 2, level)
    return np.concatenate(
        [_curve(start, (right, start[1]), (right, level), one), _line(one, other), _curve(other, (left, level), (left, end[1]), end)]
    )


def _simple(start: Point, end: Point, one: np.ndarray, other: np.ndarray, lane: int, own: bool) -> Iterator[np.ndarray]:
    """Shapes in the order of how well they look."""
    if own:
        for k in range(4):
            yield around(start, end, one[1] - 30 - LANE * (lane + k))
            yield around(start, end, one[3] + 30 + LANE * (lane + k))
        return
    if end[0] - start[0] > 12:
        for bow in (0.0, 40.0, -40.0, 80.0, -80.0, 130.0, -130.0):
            yield forward(start, end, LANE * lane + bow)
        return
    if abs(end[1] - start[1]) > (one[3] - one[1] + other[3] - other[1]) / 2 + 20:
        middle = (one[3] + other[1]) / 2 if other[1] > one[3] else (one[1] + other[3]) / 2
        for bow in (0.0, 24.0, -24.0):
            yield around(start, end, middle + LANE * lane + bow)
    low, high = max(one[3], other[3]) + 28, min(one[1], other[1]) - 28
    for k in range(4):
        yield around(start, end, low + LANE * (lane + 2 * k))
        yield around(start, end, high - LANE * (lane + 2 * k))


def straight(one: np.ndarray, other: np.ndarray, cards: np.ndarray) -> np.ndarray:
    """The way between two cards for a wire that acts both ways: straight, or bent as little as leads past the others, or between them."""
    start, end = _middle(one), _middle(other)
    way = _line(start, end)
    if not crossed(sample(way), cards, 2.0).any():
        return way
    (x, y), (u, v) = start, end
    long = math.hypot(u - x, v - y) or 1.0
    across = ((y - v) / long, (u - x) / long)
    for bow in (24, 36, 46, 58, 72, 90, 112, 140, 175, 220, 280):
        for share in (1 / 3, 0.12):  # round, or rising steeply and then flat: past a row of cards that stand close
            for side in (1, -1):
                a, b = side * bow * across[0] * 4 / 3, side * bow * across[1] * 4 / 3
                p, q = share * (u - x), share * (v - y)
                bent = _curve(start, (x + p + a, y + q + b), (u - p + a, v - q + b), end)
                if not crossed(sample(bent), cards, 2.0).any():
                    return bent
    one, other = (one, other) if one[0] <= other[0] else (other, one)
    found = searched((one[2], _middle(one)[1]), (other[0], _middle(other)[1]), np.concatenate([cards, [one], [other]]))
    return way if found is None else found


def _middle(card: np.ndarray) -> Point:
    return float(card[0] + card[2]) / 2, float(card[1] + card[3]) / 2


def route(
    start: Point, end: Point, one: np.ndarray, other: np.ndarray, cards: np.ndarray, lane: int = 0, own: bool = False,
    used: Sequence[np.ndarray] = (), search: bool = True,
) -> np.ndarray:  # fmt: skip
    """The way of a wire from an output at `start`, right of the card `one`, to an input at `end`, left of the card `other`.

    cards   (n, 4) all others, that it runs round
    lane    number of this wire among those between the same nodes; each runs a little aside
    own     it leads back to the card it begins at
    used    ways of other wires, beside which it stays where it can
    search  False: only simple shapes, the first of them where none is clear (a hand is dragging)
    """
    near = cards[~crossed(np.array([start, end]), cards)] if len(cards) else cards  # what lies on an end cannot be avoided
    ends = np.stack([one, other])
    first: np.ndarray | None = None
    for way in _simple(start, end, one, other, lane, own):
        points = sample(way)
        first = way if first is None else first
        if not crossed(points, near, CLEAR).any() and not crossed(points[2:-2], ends, 1.0).any():
            return way
    assert first is not None
    found = searched(start, end, np.concatenate([near, ends]), used) if search else None
    return first if found is None else found


def searched(start: Point, end: Point, cards: np.ndarray, used: Sequence[np.ndarray] = ()) -> np.ndarray | None:
    """The shortest way with few bends on the lines beside cards; None where there is none."""
    out, into = (start[0] + BESIDE, start[1]), (end[0] - BESIDE, end[1])
    box = np.array([min(start[0], end[0]), min(start[1], end[1]), max(start[0], end[0]), max(start[1], end[1])])
    for room in (160.0, 500.0, math.inf):
        around_it = cards[
            (cards[:, 2] > box[0] - room) & (cards[:, 0] < box[2] + room) & (cards[:, 3] > box[1] - room) & (cards[:, 1] < box[3] + room)
        ]
        xs = np.unique(np.concatenate([[out[0], into[0]], *(around_it[:, 0] - d for d in (BESIDE, 2 * BESIDE)), *(around_it[:, 2] + d for d in (BESIDE, 2 * BESIDE))]))  # fmt: skip
        ys = np.unique(np.concatenate([[out[1], into[1]], *(around_it[:, 1] - d for d in (BESIDE, 2 * BESIDE)), *(around_it[:, 3] + d for d in (BESIDE, 2 * BESIDE))]))  # fmt: skip
        found = _shortest(xs, ys, out, into, around_it, used)
        if found is not None:
            return rounded([start, *found, end])
        if len(around_it) == len(cards):
            break
    return None


def _blocked(xs: np.ndarray, ys: np.ndarray, cards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which stretches run through a card: level ones (len(xs) - 1, len(ys)), upright ones (len(xs), len(ys) - 1)."""
    left, top, right, bottom = (cards[:, k] for k in range(4))
    left, top, right, bottom = left - CLEAR, top - CLEAR, right + CLEAR, bottom + CLEAR
    in_x = (xs[:, None] > left) & (xs[:, None] < right)
    in_y = (ys[:, None] > top) & (ys[:, None] < bottom)
    over_x = (xs[1:, None] > left) & (xs[:-1, None] < right)
    over_y = (ys[1:, None] > top) & (ys[:-1, None] < bottom)
    level = (over_x[:, None, :] & in_y[None, :, :]).any(axis=2)
    upright = (in_x[:, None, :] & over_y[None, :, :]).any(axis=2)
    return np.asarray(level), np.asarray(upright)


def _taken(xs: np.ndarray, ys: np.ndarray, used: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Which stretches another wire has already."""
    level, upright = np.zeros((len(xs) - 1, len(ys)), bool), np.zeros((len(xs), len(ys) - 1), bool)
    for way in used:
        for piece in way:
            (x, y), (u, v) = piece[0], piece[3]
            if abs(y - v) < 1 and abs(u - x) > 20 and np.ptp(piece[:, 1]) < 1:
                rows = np.flatnonzero(abs(ys - y) < LANE / 2)
                level[np.ix_((xs[1:] > min(x, u)) & (xs[:-1] < max(x, u)), rows)] = True
            elif abs(x - u) < 1 and abs(v - y) > 20 and np.ptp(piece[:, 0]) < 1:
                columns = np.flatnonzero(abs(xs - x) < LANE / 2)
                upright[np.ix_(columns, (ys[1:] > min(y, v)) & (ys[:-1] < max(y, v)))] = True
    return level, upright


def _shortest(
    xs: np.ndarray, ys: np.ndarray, start: Point, end: Point, cards: np.ndarray, used: Sequence[np.ndarray]
) -> list[Point] | None:
    level, upright = (a.tolist() for a in _blocked(xs, ys, cards))
    level_taken, upright_taken = (a.tolist() for a in _taken(xs, ys, used))
    X, Y = xs.tolist(), ys.tolist()
    goal = X.index(end[0]), Y.index(end[1])
    begin = X.index(start[0]), Y.index(start[1])
    best = {(*begin, 0): 0.0}  # direction 0: level, 1: upright
    before: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    queue = [(0.0, 0.0, *begin, 0)]
    while queue:
        _, cost, i, j, way = heapq.heappop(queue)
        if cost > best[i, j, way]:
            continue
        if (i, j) == goal and way == 0:
            chain = [(i, j, way)]
            while chain[-1] in before:
                chain.append(before[chain[-1]])
            places = [(X[a], Y[b]) for a, b, _ in reversed(chain)]
            return places
        for di, dj in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            a, b = i + di, j + dj
            if not (0 <= a < len(X) and 0 <= b < len(Y)):
                continue
            turned = 0 if di else 1
            if level[min(i, a)][j] if di else upright[i][min(j, b)]:
                continue
            long = abs(X[a] - X[i]) + abs(Y[b] - Y[j])
            if level_taken[min(i, a)][j] if di else upright_taken[i][min(j, b)]:
                long *= SHARED
            spent = cost + long + TURN * (turned != way)
            if (i, j) == begin and di < 0:
                spent += 2 * TURN  # not back into the card it came from
            key = (a, b, turned)
            if spent < best.get(key, math.inf):
                best[key] = spent
                before[key] = (i, j, way)
                rest = abs(X[goal[0]] - X[a]) + abs(Y[goal[1]] - Y[b])
                heapq.heappush(queue, (spent + rest, spent, a, b, turned))
    return None


def rounded(places: Sequence[Point]) -> np.ndarray:
    """A chain of level and upright stretches with round corners."""
    corners = [places[0]]
    for k in range(1, len(places) - 1):
        (x, y), (u, v), (p, q) = corners[-1], places[k], places[k + 1]
        if abs((u - x) * (q - v) - (v - y) * (p - u)) > 1e-6:
            corners.append(places[k])
    corners.append(places[-1])
    pieces, at = [], corners[0]
    for k in range(1, len(corners) - 1):
        one, here, other = corners[k - 1], corners[k], corners[k + 1]
        round_by = min(CORNER, math.dist(one, here) / 2, math.dist(here, other) / 2)
        enter, leave = _toward(here, one, round_by), _toward(here, other, round_by)
        pieces += [_line(at, enter), _curve(enter, _toward(here, enter, round_by * 0.45), _toward(here, leave, round_by * 0.45), leave)]
        at = leave
    return np.concatenate([*pieces, _line(at, corners[-1])])


def _toward(a: Point, b: Point, by: float) -> Point:
    long = math.dist(a, b) or 1.0
    return a[0] + (b[0] - a[0]) * by / long, a[1] + (b[1] - a[1]) * by / long


def word_place(
    points: np.ndarray, wide: float, blocked: np.ndarray, others: np.ndarray, quick: bool = False
) -> tuple[float, float, float, float]:
    """Where the words of a wire stand, (left, top, right, bottom): on it or just beside it, off cards and other words, and off other wires where it can.

    points   of the way; blocked   (n, 4) cards and words that stand already; others   (m, 2) points of other wires
    quick    on the wire only, whatever else runs there: a hand is dragging
    """
    others = others[:0] if quick else others
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    steps = np.asarray(ASIDE[:1] if quick else ASIDE, float) * (wide / 2 + 8, 1.0)
    extra = 15.0 * np.arange(len(steps))
    half = np.array([wide / 2, LABEL / 2])
    best, least = points[0], math.inf
    for rank, share in enumerate(SHARES):
        at = points[min(len(points) - 1, int(np.searchsorted(lengths, share * lengths[-1])))] + steps  # (places, 2)
        low, high = at - half, at + half
        over = np.minimum((high + WIDE)[:, None], blocked[:, 2:]) - np.maximum((low - WIDE)[:, None], blocked[:, :2])
        covered = np.prod(np.clip(over, 0, None), axis=2).sum(axis=1)
        (left, top), (right, bottom) = low.min(0) - 2, high.max(0) + 2
        near = others[(others[:, 0] > left) & (others[:, 0] < right) & (others[:, 1] > top) & (others[:, 1] < bottom)]  # few of thousands
        wires = ((near > low[:, None] - 2) & (near < high[:, None] + 2)).all(axis=2).sum(axis=1)
        cost = 1000 * covered + 12 * np.minimum(wires, 12) + 6 * rank + extra
        k = int(cost.argmin())
        if cost[k] < least:
            best, least = at[k], float(cost[k])
        if least < 6 * rank + 6:  # nothing further along can be better
            break
    (x, y), (dx, dy) = best.tolist(), half.tolist()
    return x - dx, y - dy, x + dx, y + dy
