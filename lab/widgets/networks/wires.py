"""The wires of a scene: each is laid round the cards of the others, and its words where nothing else stands (`lab.graph.ways`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from lab.graph import ways
from lab.widgets.networks.items import PORT, EdgeItem

ROUTED = 250  # of more wires each takes a simple shape, whatever it runs behind: all of them cannot be told apart anyhow
SEARCHED = 16  # with more, a hand that drags waits for no search, and words stay on their wires until it lets go
UNDER = QRectF(-46, 0, 92, 34)  # the words under a unit, from the lower edge of its body

Box = tuple[float, float, float, float]


def box(area: QRectF) -> Box:
    """A rectangle as left, top, right, bottom."""
    return area.left(), area.top(), area.right(), area.bottom()


class Wires:
    """Lays them. What was laid last is kept, so that a drag lays only what it touches."""

    def __init__(self, scene: Any):
        self.scene = scene
        self._points: dict[str, np.ndarray] = {}  # of each wire's way
        self._words: dict[str, Box] = {}

    def cards(self) -> dict[str, Box]:
        """Everything that wires run round: nodes that can be seen, and the cards of folded groups."""
        found = {id: box(item.body.translated(item.pos())) for id, item in self.scene.nodes.items() if item.isVisible()}
        return found | {id: box(item.card) for id, item in self.scene.groups.items() if item.shown.folded}

    def points(self) -> np.ndarray:
        """Points on all wires (n, 2), some pixels apart."""
        return np.concatenate([p for id, p in self._points.items() if id in self.scene.edges] or [np.zeros((0, 2))])

    def touched(self, moved: Iterable[str]) -> set[str]:
        """Wires that run behind a card that was moved."""
        cards = self.cards()
        there = ways.boxes([cards[id] for id in moved if id in cards])
        if not len(there) or len(self.scene.edges) > ROUTED:
            return set()
        return {id for id, points in self._points.items() if id in self.scene.edges and ways.crossed(points, there, ways.CLEAR).any()}

    def lay(self, ids: Iterable[str], dragging: bool = False) -> None:
        """Lay these anew, and find places for their words."""
        scene = self.scene
        wanted = set(ids)
        order = [id for id in scene.edges if id in wanted]
        for gone in [id for id in self._points if id not in scene.edges]:
            self._points.pop(gone)
            self._words.pop(gone, None)
        few = len(scene.edges) <= ROUTED
        cards = self.cards()
        names, every = list(cards), ways.boxes(list(cards.values()))
        laid = {id: item.way for id, item in scene.edges.items() if item.way is not None and id not in order}
        ends = {}
        for id in order:
            item = scene.edges[id]
            start, one = scene.anchor(item.edge.source, item.edge.output, "output")
            end, other = scene.anchor(item.edge.target, item.edge.input, "input")
            ends[id] = start, end
            bodies = box(one), box(other)
            others = every[[cards[n] not in bodies for n in names]] if few and names else every[:0]
            item.way = laid[id] = self._way(
                item, start, end, bodies, others, list(laid.values()) if few else [], few and not (dragging and len(scene.edges) > SEARCHED)
            )  # fmt: skip
            self._points[id] = ways.sample(item.way)
            self._words.pop(id, None)
        standing = list(every) if few else []
        if scene.units:
            standing += [np.asarray(box(UNDER.translated(i.pos().x(), i.pos().y() + i.body.bottom()))) for i in scene.nodes.values()]
        blocked = [*standing, *(np.asarray(w) for id, w in self._words.items() if id in scene.edges)]
        quick = dragging and len(scene.edges) > SEARCHED
        nothing = np.zeros((0, 2))
        for id in order:
            item = scene.edges[id]
            words = None
            if item.label:
                wide = scene.paints.mono_size.horizontalAdvance(item.label) + 16
                beside = np.concatenate([p for k, p in self._points.items() if k != id] or [nothing]) if few and not quick else nothing
                words = self._words[id] = ways.word_place(self._points[id], wide, ways.boxes(blocked), beside, quick)
                blocked.append(np.asarray(words))
            item.put(*ends[id], words)

    def _way(
        self, item: EdgeItem, start: QPointF, end: QPointF, bodies: tuple[Box, Box], cards: np.ndarray, used: list[np.ndarray], search: bool
    ) -> np.ndarray:
        one, other = np.asarray(bodies[0]), np.asarray(bodies[1])
        if not self.scene.directed:
            return ways.straight(one, other, cards)
        return ways.route(
            (start.x() + PORT, start.y()), (end.x() - PORT - 1, end.y()), one, other, cards, item.lane, bodies[0] == bodies[1], used, search
        )
