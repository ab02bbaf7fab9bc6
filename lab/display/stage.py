"""How the pictures of a model stand together: the stage a model declares, or the one its pictures suggest, fitted to a place.

    model  ->  Stage (complete: every picture stands somewhere)  ->  Arrangement for a width and a height

An arrangement is a tree of splits whose leaves are cards; sizes are shares, so a window and a headless picture draw the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lab.display.plots import kind
from lab.embedding.streams import is_map
from lab.errors import ModelError, near
from lab.model import Drawers, Model, Picture, Place, Stage, Strips

__all__ = ["Arrangement", "Box", "Card", "Split", "arrange", "boxes", "cards", "complete", "leading"]

NARROW, LOW = 760, 490  # px: a place smaller than this shows main and what fits beside it
STRIPS = 4  # strips of a stage that nobody declared
FEW = 3  # strips of a place that is narrow or low: more would be too low to be read
LOWER = 380  # px: a place that is less high has one strip less
COMPANIONS = 3
MINOR = 0.75  # weight below which a part of the main place gives way where it is narrow
TALL = 620  # px: a place less high than this has only two companions above one another
MOST = 2.4  # the main thing takes at most so many times the width of its companions
UNDER = 0.55  # height of what stands below, as a share of what stands above it
RIG = 1.7  # strips take at least so many times the height of what stands under them
BROAD = 0.75  # of its height: a narrow place that is less wide has its parts above one another, whatever they are
SQUARE = 1.9  # times the width of its companions for a plane whose axes are alike, in a narrow place
BAND = 0.28  # height of the strip above everything
DRAWER = {
    "trace": "Over time", "raster": "Over time", "phase": "Curves", "curve": "Curves", "bars": "Curves", "table": "Numbers",
    "matrices": "Numbers",
}  # fmt: skip


Box = tuple[float, float, float, float]  # x, y, width, height


@dataclass(frozen=True)
class Card:
    """One card: a picture, or strips of several."""

    name: str
    pictures: tuple[str, ...]
    strips: Strips | None = None


@dataclass(frozen=True)
class Split:
    """Parts beside each other (`across`) or above one another, with the share of each."""

    across: bool
    parts: tuple[Split | Card, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Arrangement:
    """What stands where in a place of some size: the stage itself, what stands under it, and the drawers."""

    top: Split | Card
    below: Split | Card | None
    drawers: Drawers
    opened: str = ""


def cards(part: Split | Card | None) -> Iterator[Card]:
    """The cards of a tree, in reading order."""
    if isinstance(part, Card):
        yield part
    elif part is not None:
        for each in part.parts:
            yield from cards(each)


def complete(model: Model) -> Stage:
    """The stage of a model, checked, with the pictures that it does not name put into drawers by kind."""
    pictures = {p.name: p for p in model.pictures}
    if not pictures:
        raise ModelError(f"{model._owner()} has no pictures: export its streams instead.")
    declared = model.stage
    stage = declared if declared is not None else _suggested(model, tuple(pictures.values()))
    _check(model, stage, pictures)
    named = set(_names((stage.main, *stage.companions, *stage.above, *stage.below))) | {n for _, names in stage.drawers for n in names}
    drawers = {word: list(names) for word, names in stage.drawers}
    for name, picture in pictures.items():
        if name not in named:
            drawers.setdefault(DRAWER.get(kind(picture, model), "More"), []).append(name)
    return replace(stage, drawers=tuple((word, tuple(names)) for word, names in drawers.items()))


def arrange(model: Model, width: float, height: float) -> Arrangement:
    """The stage of a model in a place of this size; what has no room there goes into the first drawer."""
    stage = complete(model)
    weights = {p.name: p.weight for p in model.pictures}
    alike = {p.name for p in model.pictures if p.equal and not any(is_map(model, layer.stream) for layer in p.layers)}
    companions, above, below = list(stage.companions), list(stage.above), list(stage.below)
    waiting: list[str] = []
    narrow, low = width < NARROW, height <= LOW
    if narrow or low:
        waiting += [*_names(above), *(() if narrow and not low else _names(below))]
        companions += below if narrow and not low else []
        above, below = [], []
    if (narrow or low) and isinstance(stage.main, tuple):  # what is small beside it has no room
        small = [each for each in stage.main if not isinstance(each, Strips) and all(weights.get(n, 1.0) < MINOR for n in _names((each,)))]
        small = small if len(small) < len(stage.main) else []
        aside = list(_names(small))
        first = 1 if not low else 0  # one of it stands under the rest, where that is two in a row
        companions, waiting = [*aside[:first], *companions], [*aside[first:], *waiting]
        main_place: Place = tuple(each for each in stage.main if each not in small)
    else:
        main_place = stage.main
    most = 1 if low else 2 if narrow or height < TALL else len(companions)
    waiting = [*_names(companions[most:]), *waiting]
    companions = companions[:most]
    if narrow or low:
        main_place, left_out = _fewer(main_place, FEW if height > LOWER else FEW - 1)
        waiting = [*left_out, *waiting]
    main = _place(main_place, weights, across=not narrow)
    top = main
    if companions:
        # A plane whose axes are alike is as small as its shorter side: in a narrow place it stands beside several companions, not over them.
        several = list(_names(companions))
        square = narrow and not low and width > BROAD * height and isinstance(main, Card) and main.name in alike and len(several) > 1
        if square:  # in one column: two beside each other would be too narrow to be read
            waiting, companions = [*several[COMPANIONS:], *waiting], [*several[:COMPANIONS]]
        beside = _split([_place(each, weights, across=not narrow or square) for each in companions], weights, across=narrow and not square)
        share = max(1.0, min(MOST, _share(main, weights) / max(_share(beside, weights), 0.1)))
        share = SQUARE if square else share if not narrow else max(RIG if _stripped(main) else 1.4, share)
        top = Split(not narrow or low or square, (main, beside), (share, 1.0))
    if above:
        band = _split([_place(each, weights, across=True) for each in above], weights, across=True)
        top = Split(False, (band, top), (BAND, 1.0))
    under = _split([_place(each, weights, across=True) for each in below], weights, across=True) if below else None
    drawers = stage.drawers
    if waiting:
        drawers = (("Beside", tuple(waiting)), *drawers)
    return Arrangement(top, under, drawers, "" if narrow or low else stage.opened)


def leading(model: Model) -> Card:
    """The card that the stage of a model is about: the largest of its main place."""
    weights = {p.name: p.weight for p in model.pictures}
    return max(cards(_place(complete(model).main, weights, across=True)), key=lambda card: _share(card, weights))


def boxes(part: Split | Card, area: Box, gap: float) -> list[tuple[Card, Box]]:
    """Where each card of a tree lies in an area (x, y, width, height), `gap` between neighbours."""
    if isinstance(part, Card):
        return [(part, area)]
    x, y, wide, tall = area
    free = (wide if part.across else tall) - gap * (len(part.parts) - 1)
    found = []
    for each, share in zip(part.parts, part.shares, strict=True):
        size = free * share / sum(part.shares)
        found += boxes(each, (x, y, size, tall) if part.across else (x, y, wide, size), gap)
        x, y = (x + size + gap, y) if part.across else (x, y + size + gap)
    return found


# -- trees --


def _place(place: Place, weights: dict[str, float], *, across: bool) -> Split | Card:
    if isinstance(place, Strips):
        return Card(place.name, place.pictures, place)
    if isinstance(place, str):
        return Card(place, (place,))
    return _split([_place(each, weights, across=not across) for each in place], weights, across=across)


def _split(parts: Sequence[Split | Card], weights: dict[str, float], *, across: bool) -> Split | Card:
    if len(parts) == 1:
        return parts[0]
    return Split(across, tuple(parts), tuple(_share(part, weights) for part in parts))


def _share(part: Split | Card, weights: dict[str, float]) -> float:
    """How much room a part asks for: strips twice that of a picture, a row the sum of its parts, a column the widest of them."""
    if isinstance(part, Card):
        return 2.0 if part.strips else max(0.2, weights.get(part.name, 1.0))
    own = [_share(each, weights) for each in part.parts]
    return sum(own) if part.across else max(own)


def _fewer(place: Place, most: int) -> tuple[Place, tuple[str, ...]]:
    """A place with as many strips as can be read where there is little room, and the pictures that had to leave."""
    if isinstance(place, Strips):
        return replace(place, pictures=place.pictures[:most]), place.pictures[most:]
    if isinstance(place, tuple):
        parts = [_fewer(each, most) for each in place]
        return tuple(each for each, _ in parts), tuple(name for _, left in parts for name in left)
    return place, ()


def _stripped(part: Split | Card) -> bool:
    return any(card.strips is not None for card in cards(part))


def _names(places: Sequence[Place]) -> Iterator[str]:
    for place in places:
        if isinstance(place, Strips):
            yield from place.pictures
        elif isinstance(place, str):
            if place:
                yield place
        else:
            yield from _names(place)


# -- what a model says, and what its pictures suggest --


def _check(model: Model, stage: Stage, pictures: dict[str, Picture]) -> None:
    places = (stage.main, *stage.companions, *stage.above, *stage.below)
    seen: set[str] = set()
    for name in (*_names(places), *(n for _, names in stage.drawers for n in names)):
        if name not in pictures:
            raise ModelError(f"{model._owner()}: its stage names a picture '{name}' that it does not have: {near(name, list(pictures))}")
        if name in seen:
            raise ModelError(f"{model._owner()}: its stage shows the picture '{name}' twice; name it once.")
        seen.add(name)
    if stage.main == "" or stage.main == ():
        raise ModelError(f"{model._owner()}: its stage has no main picture; name the one that the lesson is about.")
    if stage.opened and stage.opened not in dict(stage.drawers):
        raise ModelError(f"{model._owner()}: its stage opens a drawer '{stage.opened}' that it does not have.")
    for strips in _strips(places):
        for name in strips.pictures:
            if not _timed(pictures[name], model):
                raise ModelError(f"{model._owner()}: the strip '{name}' of '{strips.name}' has no axis of time; show it as a companion.")
        if strips.switch and not type(model).specs()[strips.switch].choices:
            raise ModelError(f"{model._owner()}: the switch '{strips.switch}' of '{strips.name}' must be a parameter with choices.")


def _strips(places: Sequence[Place]) -> Iterator[Strips]:
    for place in places:
        if isinstance(place, Strips):
            yield place
        elif isinstance(place, tuple):
            yield from _strips(place)


def _timed(picture: Picture, model: Model) -> bool:
    """Whether its horizontal axis is time."""
    return kind(picture, model) in ("trace", "raster")


def _suggested(model: Model, pictures: tuple[Picture, ...]) -> Stage:
    """The heaviest front picture, with those over the same time as strips, and the next ones beside it."""
    order = sorted(range(len(pictures)), key=lambda k: (not pictures[k].front, -pictures[k].weight, k))
    first = pictures[order[0]]
    main: Place = first.name
    taken = {first.name}
    if _timed(first, model) and not first.x_range:
        alike = [p for p in pictures if _timed(p, model) and not p.x_range and (p.window > 0) == (first.window > 0)]
        chosen = sorted(alike, key=lambda p: (p.name != first.name, not p.front))[:STRIPS]
        if len(chosen) > 1:
            together = tuple(p.name for p in pictures if p in chosen)
            main = Strips("strips", first.title, together, first.window)
            taken = set(together)
    rest = [pictures[k] for k in order if pictures[k].name not in taken]
    # Numbers in rows and columns explain a picture; they are not one.
    shown = [p for p in rest if p.front or kind(p, model) != "table"]
    return Stage(main, tuple(p.name for p in shown[: COMPANIONS if isinstance(main, str) else 2]))
