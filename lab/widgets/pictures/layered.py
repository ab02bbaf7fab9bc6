"""A network of layers as a drawing: where units and wires lie, what is under a place, what a wire is called. Pure: nothing of Qt here.

A snapshot of kind `network` says layers (units, values, names) and bundles of wires (source, target, weights).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lab.display.plots import typeset
from lab.units import number

POINTS = 15  # places along a wire
BANDS = 6  # widths of wires
REACH = 7.0  # px within which a wire is under a place
FAINT = 0.1  # of wires that nothing has passed yet
COVERED = 0.2  # of a number at most by others: what is covered more cannot be read, and is left to the cursor
FIXED = 0.4  # of wires that cannot be changed
Wire = tuple[int, int, int]  # bundle, unit there, unit here
Curve = tuple[np.ndarray, np.ndarray]  # x and y (wires, points) of a bundle


@dataclass(frozen=True)
class Place:
    """Where a column lies: the middles of its units, and the side of each."""

    x: float
    y: np.ndarray
    side: float


@dataclass(frozen=True)
class Stroke:
    """Wires of one size: whether they take away, the size from 0 to 1, and their places with NaN between wires."""

    away: bool
    size: float
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is drawn of a network of layers."""

    layers: Sequence[Mapping[str, Any]] = ()
    wires: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, snapshot: Mapping[str, Any]) -> Drawing:
        """The drawing that a run shows."""
        return cls(snapshot["layers"], snapshot["wires"])

    def weights(self, k: int) -> np.ndarray:
        """Weights of a bundle (units there, units here)."""
        return np.asarray(self.wires[k]["weights"], float)

    def weight(self, wire: Wire) -> float:
        """That of one wire."""
        return float(self.weights(wire[0])[wire[1:]])

    def has(self, wire: Wire) -> bool:
        """Whether there is such a wire."""
        k, i, j = wire
        return k < len(self.wires) and i < len(self.weights(k)) and j < self.weights(k).shape[1]

    def row(self, wire: Wire) -> int:
        """Which curve of its bundle is a wire's."""
        return wire[1] * self.weights(wire[0]).shape[1] + wire[2]

    def reach(self, k: int) -> float:
        """The largest weight that a wire of a bundle is dragged to, at least 1."""
        return max(1.0, 1.25 * float(np.nanmax(np.abs(self.weights(k)))))

    def with_weight(self, wire: Wire, value: float) -> Drawing:
        """The same with another weight of one wire."""
        wires = [dict(w) for w in self.wires]
        weights = np.array(wires[wire[0]]["weights"], float)
        weights[wire[1:]] = value
        wires[wire[0]]["weights"] = weights
        return replace(self, wires=wires)

    def after(self, wire: Wire | None, by: int) -> Wire | None:
        """The wire `by` places further among those that can be changed, or the first or last of them."""
        wires = [(k, i, j) for k, w in enumerate(self.wires) if not w.get("fixed") for i, j in np.ndindex(*np.shape(w["weights"]))]
        if not wires:
            return None
        at = wires.index(wire) + by if wire in wires else 0 if by > 0 else -1
        return wires[at % len(wires)]

    # -- where it lies --

    def places(self, left: float, top: float, right: float, foot: float, caption: float, names: tuple[float, float]) -> list[Place]:
        """Columns of units inside a box; `names` is the room of the names at the first and the last, `caption` the size of small letters."""
        tall = max(40.0, foot - top)
        most = max(len(layer["values"]) for layer in self.layers)
        side = max(9.0, min(3.6 * caption, 0.82 * tall / most, 0.42 * (right - left) / len(self.layers)))
        step = (right - left - 16 - sum(names) - side) / max(1, len(self.layers) - 1)
        own = [min(2.2 * side, 0.3 * tall, 0.8 * max(step, side)) if _whole(layer) else side for layer in self.layers]
        first, last = left + 8 + names[0] + own[0] / 2, right - 8 - names[1] - own[-1] / 2
        step = (last - first) / max(1, len(self.layers) - 1)
        found = []
        for k, layer in enumerate(self.layers):
            count = len(layer["values"])
            gap = min(tall / max(1, count), 1.75 * side)
            found.append(Place(first + k * step, top + tall / 2 + (np.arange(count) - (count - 1) / 2) * gap, own[k]))
        return found

    def curves(self, places: Sequence[Place]) -> list[Curve]:
        """x and y of each bundle of wires."""
        t = np.linspace(0.0, 1.0, POINTS)
        bend = t * t * (3 - 2 * t)
        found = []
        for wire in self.wires:
            a, b = places[wire["source"]], places[wire["target"]]
            x0, x1 = a.x + a.side / 2, b.x - b.side / 2
            y0 = np.repeat(a.y, len(b.y))[:, None]
            y1 = np.tile(b.y, len(a.y))[:, None]
            found.append((np.broadcast_to(x0 + (x1 - x0) * t, (len(y0), POINTS)), y0 + (y1 - y0) * bend))
        return found

    def strokes(self, places: Sequence[Place]) -> list[Stroke]:
        """All wires in a few sizes, thin ones first."""
        curves = self.curves(places)
        if not curves:
            return []
        gap = np.full((1, 1), np.nan)
        weight, xs, ys = [], [], []
        for k, (x, y) in enumerate(curves):
            own = self.weights(k).ravel()
            top = float(np.abs(own[np.isfinite(own)]).max()) if np.isfinite(own).any() else 0.0
            wire = self.wires[k]
            if wire.get("numbers"):
                own = np.where(own == 0, 1e-9, own)  # a weight of 0 is drawn as a hair: its number would stand on nothing
            weight.append(own / (top or 1.0) * (FAINT if wire.get("faint") else FIXED if wire.get("fixed") else 1.0))
            xs.append(np.hstack([x, np.broadcast_to(gap, (len(x), 1))]))
            ys.append(np.hstack([y, np.broadcast_to(gap, (len(y), 1))]))
        w, x, y = np.nan_to_num(np.concatenate(weight)), np.concatenate(xs), np.concatenate(ys)
        band = np.minimum((np.abs(w) * BANDS).astype(int), BANDS - 1)
        found = []
        for size in range(BANDS):
            for away in (True, False):
                chosen = (band == size) & ((w < 0) == away) & (w != 0)
                if chosen.any():
                    found.append(Stroke(away, (size + 0.5) / BANDS, x[chosen].ravel(), y[chosen].ravel()))
        return found

    def labels(self, curves: Sequence[Curve], sizes: Sequence[np.ndarray], tall: float) -> list[np.ndarray]:
        """(wires, 2) for each bundle: where on its wire each number stands, none over another; NaN where a number has no such place.

        sizes: the width of each number of a bundle (none: it has no numbers); tall: the height of all. Each takes the first
        free place of its wire, from that third on where the more units are: there wires lie apart.
        """
        taken = np.empty((0, 4))  # left, top, right, bottom
        found, fine = [], np.linspace(0.0, POINTS - 1.0, 4 * POINTS)
        for k, ((x, y), wide) in enumerate(zip(curves, sizes, strict=True)):
            places = np.empty((len(wide), 2))
            there, here = self.weights(k).shape
            order = np.argsort(np.abs(fine[4:-4] - (POINTS // 3 if there >= here else POINTS - 1 - POINTS // 3)), kind="stable")
            for row, w in enumerate(wide):
                way = np.stack([np.interp(fine[4:-4], np.arange(POINTS), values[row]) for values in (x, y)], axis=1)[order]
                half = np.array([w / 2, tall / 2])
                over = np.minimum(taken[:, 2:], (way + half)[:, None]) - np.maximum(taken[:, :2], (way - half)[:, None])
                covered = np.prod(np.maximum(over, 0.0), axis=2).sum(1)
                best = int(np.argmin(covered))
                if covered[best] > COVERED * w * tall:
                    places[row] = np.nan
                    continue
                places[row] = way[best]
                taken = np.vstack([taken, [*(places[row] - half), *(places[row] + half)]])
            found.append(places)
        return found

    def wire_at(self, curves: Sequence[Curve], at_x: float, at_y: float) -> Wire | None:
        """The wire under a place that can be changed, strong ones first."""
        best: tuple[float, Wire] | None = None
        for k, (x, y) in enumerate(curves):
            inside = (at_x >= x[:, 0]) & (at_x <= x[:, -1])
            if not inside.any() or self.wires[k].get("fixed"):
                continue
            height = np.array([np.interp(at_x, px, py) for px, py in zip(x, y, strict=True)])
            away = np.abs(height - at_y)
            weights = np.nan_to_num(np.abs(self.weights(k)))
            row = int(np.argmin(away - 0.5 * weights.ravel() / max(1e-12, weights.max())))
            if away[row] <= REACH and (best is None or away[row] < best[0]):
                best = (float(away[row]), (k, *divmod(row, weights.shape[1])))
        return best[1] if best is not None else None

    # -- words --

    def unit_name(self, k: int, i: int) -> str:
        """A unit in words: its own name, or layer and number."""
        layer = self.layers[k]
        names = layer.get("names") or ()
        if i < len(names):
            return typeset(str(names[i]))
        head = str(layer["name"])
        return f"{head} · {i + 1}" if not head.startswith("hidden ") else f"h{head.split()[1]}.{i + 1}"

    def wire_name(self, wire: Wire) -> str:
        """A wire in words."""
        bundle = self.wires[wire[0]]
        return f"{self.unit_name(bundle['source'], wire[1])} → {self.unit_name(bundle['target'], wire[2])}"

    def first_unit(self, k: int) -> int:
        """How many units stand in the layers before one."""
        return sum(int(layer["units"]) for layer in self.layers[:k])

    def rows(self) -> list[tuple[str, float]]:
        """Each wire with its weight."""
        return [
            (self.wire_name((k, i, j)), float(value)) for k in range(len(self.wires)) for (i, j), value in np.ndenumerate(self.weights(k))
        ]


def unit_at(places: Sequence[Place], x: float, y: float) -> tuple[int, int] | None:
    """The unit under a place: column and number."""
    for k, place in enumerate(places):
        if abs(x - place.x) <= place.side / 2:
            near = np.flatnonzero(np.abs(place.y - y) <= place.side / 2)
            if len(near):
                return k, int(near[0])
    return None


def _whole(layer: Mapping[str, Any]) -> bool:
    """Whether a layer is drawn as one picture of all its values."""
    return len(layer["values"]) == 1 and int(layer["units"]) > 1


def words_of(layer: Mapping[str, Any]) -> str:
    """How many units a layer has: `8 units`, `64 inputs`, `16 kernels`; or the words that the layer has for itself."""
    if layer.get("words"):
        return str(layer["words"])
    units, name = int(layer["units"]), str(layer["name"])
    what = name if name in ("inputs", "outputs") else str(layer.get("what") or "units")
    return f"{number(units)} {what if units != 1 else what.removesuffix('s')}"


def signed(value: float) -> str:
    """A weight with its sign."""
    return ("+" if value > 0 else "") + number(float(f"{value:.3g}"))
