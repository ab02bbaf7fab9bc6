"""Where the cards stand, as plain values: names, sizes and tabs. What a file says of it is checked piece by piece.

    arrangement = {"size": [w, h], "tree": node, "hidden": [names], "floating": {name: [x, y, w, h]}}
    node        = {"tabs": [names], "front": name}                       cards that share a place
                | {"split": "columns" | "rows", "parts": [nodes], "sizes": [pixels]}

Qt's own bytes are not kept: a file with other bytes in their place made it crash.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DEEPEST = 12  # splits within splits
LARGEST = 20_000  # pixels
Rect = tuple[int, int, int, int]  # x, y, width, height


@dataclass(frozen=True)
class Place:
    """Cards behind one another, the front one seen."""

    tabs: tuple[str, ...]
    front: str


@dataclass(frozen=True)
class Split:
    """Parts beside each other (columns) or one above the other (rows), with their extents in pixels."""

    columns: bool
    parts: tuple[Node, ...]
    sizes: tuple[int, ...]


Node = Place | Split


@dataclass(frozen=True)
class Arrangement:
    """Everything about where the cards of one model stand."""

    size: tuple[int, int]
    tree: Node | None
    hidden: tuple[str, ...] = ()
    floating: Mapping[str, Rect] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, inverse of `read`."""
        return {
            "size": list(self.size),
            "tree": None if self.tree is None else _written(self.tree),
            "hidden": list(self.hidden),
            "floating": {name: list(place) for name, place in (self.floating or {}).items()},
        }


def names_of(node: Node | None) -> tuple[str, ...]:
    """All cards of a part, in order."""
    if node is None:
        return ()
    return node.tabs if isinstance(node, Place) else tuple(name for part in node.parts for name in names_of(part))


def read(value: Any, known: Collection[str]) -> Arrangement | None:
    """The arrangement in plain data that may be a stranger's, with the cards that exist; None where it is none."""
    if not isinstance(value, Mapping):
        return None
    size = _numbers(value.get("size"), 2)
    left = dict.fromkeys(known)  # each card has one place
    floating: dict[str, Rect] = {}
    given = value.get("floating")
    for name, place in given.items() if isinstance(given, Mapping) else ():
        rect = _numbers(place, 4)
        if name in left and rect is not None and min(rect[2:]) > 0:
            floating[name] = (rect[0], rect[1], rect[2], rect[3])
            del left[name]
    tree = _node(value.get("tree"), left, DEEPEST)
    if size is None or min(size) <= 0 or (tree is None and not floating):
        return None
    hidden = value.get("hidden")
    names = tuple(dict.fromkeys(n for n in hidden if isinstance(n, str) and n in known)) if isinstance(hidden, list) else ()
    return Arrangement((size[0], size[1]), tree, names, floating)


def _node(value: Any, left: dict[str, None], depth: int) -> Node | None:
    if not isinstance(value, Mapping) or depth <= 0:
        return None
    tabs = value.get("tabs")
    if isinstance(tabs, list):
        names = []
        for name in tabs:
            if isinstance(name, str) and name in left:
                names.append(name)
                del left[name]
        front = value.get("front")
        return Place(tuple(names), front if isinstance(front, str) and front in names else names[0]) if names else None
    parts, sizes = value.get("parts"), value.get("sizes")
    if (
        not isinstance(parts, list)
        or not isinstance(sizes, list)
        or len(parts) != len(sizes)
        or value.get("split") not in ("columns", "rows")
    ):
        return None
    numbers = _numbers(sizes, len(parts))
    if numbers is None or len(parts) > 1000:
        return None
    made = [(node, max(1, n)) for part, n in zip(parts, numbers, strict=True) if (node := _node(part, left, depth - 1)) is not None]
    if len(made) < 2:
        return made[0][0] if made else None
    return Split(value["split"] == "columns", tuple(node for node, _ in made), tuple(n for _, n in made))


def _numbers(value: Any, count: int) -> tuple[int, ...] | None:
    """So many whole numbers of pixels; None where there are others."""
    if not isinstance(value, list) or len(value) != count:
        return None
    if not all(type(n) is int and -LARGEST <= n <= LARGEST for n in value):
        return None
    return tuple(value)


def _written(node: Node) -> dict[str, Any]:
    if isinstance(node, Place):
        return {"tabs": list(node.tabs), "front": node.front}
    return {"split": "columns" if node.columns else "rows", "parts": [_written(p) for p in node.parts], "sizes": list(node.sizes)}


def seen(places: Sequence[tuple[Place, Rect]]) -> Node | None:
    """The tree of places as they stand on the screen: cut through where no card is in the way, rows first."""
    if not places:
        return None
    if len(places) == 1:
        return places[0][0]
    for columns in (False, True):
        groups = _cut(places, columns)
        if len(groups) > 1:
            break
    else:  # cards that overlap, as in the middle of a drag: any order will do
        groups, columns = [[place] for place in places], True
    axis = 0 if columns else 1
    sizes = tuple(max(1, max(rect[axis] + rect[axis + 2] for _, rect in group) - min(rect[axis] for _, rect in group)) for group in groups)
    return Split(columns, tuple(node for group in groups if (node := seen(group)) is not None), sizes)


def _cut(places: Sequence[tuple[Place, Rect]], columns: bool) -> list[list[tuple[Place, Rect]]]:
    """Groups of places with a straight gap between them."""
    axis = 0 if columns else 1
    groups: list[list[tuple[Place, Rect]]] = []
    end = 0
    for place in sorted(places, key=lambda p: (p[1][axis], p[1][1 - axis])):
        begin = place[1][axis]
        if groups and begin < end:
            groups[-1].append(place)
        else:
            groups.append([place])
            end = begin
        end = max(end, begin + place[1][axis + 2])
    return groups
