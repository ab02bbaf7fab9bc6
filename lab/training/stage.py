"""How the pictures of a training stand together: data, network, what it says; the curves below, the insides in drawers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lab.model import Drawers, Place, Stage, Strips

LARGE = ("surface", "fit", "outcomes", "latent")  # what a network says, where it can be seen at once
DRAWERS = (
    ("Health", ("verdicts", "gradients", "activations", "dead", "updates", "gradient norms")),
    ("Weights", ("weights", "first weights", "units", "gradient", "rate")),
    ("Mistakes", ("confusion", "mistakes", "outcomes", "columns")),
    ("Step by step", ("matrices", "walk", "check gradients", "layers", "epoch")),
)


def stage_of(model: Any, names: Collection[str], own: Collection[str]) -> Stage:
    """The stage of a training with pictures of these names, of which `own` are those that only this model has."""
    drawers = {word: [n for n in listed if n in names] for word, listed in DRAWERS}
    curves: Place = Strips("curves", "Loss and score", tuple(n for n in ("loss", "score") if n in names))
    main: Place
    beside: list[Place]
    below: tuple[Place, ...] = ()
    opened = ""
    own = [n for n in own if n != "network"]  # the drawing has its place
    large = [n for n in dict.fromkeys((*LARGE, *own)) if n in names]
    if model.slow and "matrices" in names:
        main, beside = "matrices", [*[n for n in ("network", *large) if n in names][:1], curves]
    elif "network" in names:
        drawn = "canvas" in names and model.drawing
        data = tuple(
            n
            for n in (("canvas", "mistakes") if drawn else ("data", "confusion"))
            if n in names and not (n == "confusion" and "data" not in names)
        )
        says = ["prediction"] if drawn and "prediction" in names else large[:1] or [n for n in ("confusion", "outcomes") if n in names][:1]
        main, beside, below, opened = (data, "network"), list(says), (curves,), "Health"
        beside += [n for n in own if n in names and n not in says][:2]
        main = "network" if not data else main
    elif "canvas" in names and model.drawing:
        main, beside = ("canvas", *(n for n in ("prediction",) if n in names)), [curves, *large[:1]]
    elif large:
        main, beside = large[0], [curves, *[n for n in ("units", *large[1:]) if n in names][:2]]
    else:
        main, beside = curves, [n for n in ("gradients", "activations") if n in names]
    shown = {n for place in (main, *beside, *below) for n in _names(place)}
    found = ((word, tuple(n for n in listed if n not in shown)) for word, listed in drawers.items())
    kept = tuple((word, listed) for word, listed in found if listed)
    return Stage(main, tuple(beside), below=below, drawers=kept, opened=opened if opened in dict(kept) else "")


def led_by(
    model: Any, main: Place, beside: tuple[Place, ...], below: tuple[Place, ...] = (), opened: str = "", drawers: Drawers = ()
) -> Stage:
    """The stage of a training whose lesson is about something of its own: what it names is there, the rest waits in the usual drawers.

    `drawers` of its own come first; pictures that this model does not have now are passed over.
    """
    there = {picture.name for picture in model.pictures}
    taken = {n for place in (main, *beside, *below) for n in _names(place)}
    listed: list[tuple[str, tuple[str, ...]]] = []
    for word, names in (*drawers, *DRAWERS):
        own = tuple(n for n in names if n in there and n not in taken)
        taken |= set(own)
        listed += [(word, own)] if own else []

    def kept(places: tuple[Place, ...]) -> tuple[Place, ...]:
        return tuple(place for place in places if set(_names(place)) <= there)

    return Stage(main, kept(beside), below=kept(below), drawers=tuple(listed), opened=opened if opened in dict(listed) else "")


CURVES = Strips("curves", "Loss and score", ("loss", "score"))


def _names(place: Place) -> tuple[str, ...]:
    if isinstance(place, Strips):
        return place.pictures
    return (place,) if isinstance(place, str) else tuple(n for each in place for n in _names(each))
