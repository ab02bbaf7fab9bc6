"""What a lecture shows at a time, and the slides that a model gives by itself: its pictures, and its presets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lab.display import stage
from lab.display.plots import typeset
from lab.errors import LabError
from lab.model import Model, Picture, Strips
from lab.params import Spec
from lab.params.kinds import KINDS

STRIPS = 2  # of a rig, that have room
ABOUT = 200  # letters of a sentence that is read from the back of a room, at most


@dataclass(frozen=True)
class Slide:
    """One picture, one sentence, and what to move or press.

    title       the sentence that is said
    sentence    a question, or what to look for, under it
    picture     name of a picture or of strips of the stage ("": the main one)
    parameters  numbers and choices that it is about: the first is moved with the up and down keys, Tab goes to the next
    at, of      which slide of how many (of 0: one alone)
    preset      title of the preset whose values it shows ("": those there are)
    actions     what is done to the run and its arguments, as buttons: Enter presses the first
    """

    title: str
    sentence: str = ""
    picture: str = ""
    parameters: tuple[str, ...] = ()
    at: int = 0
    of: int = 0
    preset: str = ""
    actions: tuple[tuple[str, Mapping[str, Any]], ...] = ()


def main_of(model: Model) -> str:
    """The picture, or the strips, that the stage of a model is about."""
    return stage.leading(model).name


def found(model: Model, name: str) -> stage.Card | None:
    """The card of a picture or of strips by its name; the main one for no name, None where there is none of it."""
    shown = stage.arrange(model, 1440, 900)
    there = {card.name: card for card in (*stage.cards(shown.top), *stage.cards(shown.below))}
    name = name or main_of(model)
    if name in there:
        return _few(there[name])
    return stage.Card(name, (name,)) if any(p.name == name for p in model.pictures) else None


def _few(card: stage.Card) -> stage.Card:
    """Of many strips only the first: each has to be read from the back of a room."""
    if card.strips is None or len(card.pictures) <= STRIPS:
        return card
    return replace(card, pictures=card.pictures[:STRIPS], strips=replace(card.strips, pictures=card.pictures[:STRIPS]))


def of_pictures(model: Model) -> tuple[Slide, ...]:
    """A slide for each card of the stage, then for each picture in a drawer."""
    shown = stage.arrange(model, 1440, 900)
    names = [card.name for card in (*stage.cards(shown.top), *stage.cards(shown.below))]
    names += [n for card in stage.cards(shown.top) if card.strips for n in card.pictures[STRIPS:]]
    names += [name for _, drawer in shown.drawers for name in drawer]
    main = main_of(model)
    names = [main, *(name for name in names if name != main)]
    slides = []
    for k, name in enumerate(names):
        what = _what(model, name)
        told = first_sentence(what.doc) or (first_sentence(type(model).__doc__ or "") if name == main else "")
        slides.append(Slide(what.title, told, name, parameters_of(model, what), k, len(names)))
    return tuple(slides)


def of_presets(kind: type[Model]) -> tuple[Slide, ...]:
    """A slide for each preset of a model: its main picture, and what the preset sets."""
    titles = list(kind.presets)
    slides = []
    for k, title in enumerate(titles):
        try:
            model = kind(**kind.presets[title])
        except LabError:
            continue
        what = _what(model, main_of(model))
        told = first_sentence(what.doc) or first_sentence(kind.__doc__ or "")
        slides.append(Slide(title, told, what.name, parameters_of(model, what, kind.presets[title]), k, len(titles), title))
    return tuple(slides)


def parameters_of(model: Model, what: Picture | Strips, preset: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """What a picture is about: what is taken hold of in it, what the preset sets, what the model says is main, of these the lively first."""
    specs = type(model).specs()
    pictures = {p.name: p for p in model.pictures}
    shown = [pictures[name] for name in what.pictures] if isinstance(what, Strips) else [what]
    held = [handle.param for each in shown for handle in each.handles if handle.axis == "y"]
    main = [n for n, s in specs.items() if s.main]
    kind, *bases = type(model).__mro__
    # What this model alone has is what it is about; the rate of learning all trainings have.
    own = [n for n in main if n in _declared(kind) and not any(n in _declared(base) for base in bases)]
    about = [*held, *(preset or ()), *own, *main]
    # Lively or not: the lesson is hardly about one of the many numbers that nobody called main (the period of an input).
    able = [n for n in dict.fromkeys([*about, *specs]) if _slides(specs[n]) and applies(model, specs[n])]
    return tuple(sorted(able, key=lambda n: (n not in about, not specs[n].live)))[:1]


def _declared(kind: type) -> Collection[str]:
    """Parameters that a class itself declares."""
    return vars(kind).get("__annotations__", ())


def applies(model: Model, spec: Spec) -> bool:
    """Whether a parameter means anything beside the values of the others."""
    return spec.when is None or getattr(model, spec.when[0]) in spec.when[1]


def _slides(spec: Spec) -> bool:
    return KINDS[spec.kind].number and spec.lo is not None and spec.hi is not None


def _what(model: Model, name: str) -> Picture | Strips:
    card = found(model, name)
    assert card is not None
    return card.strips or next(p for p in model.pictures if p.name == name)


def first_sentence(text: str) -> str:
    """The first sentence of a text, without marks of formatting."""
    words = " ".join(text.replace("`", "").replace("*", "").split())
    for end in (". ", ": "):
        head, found, _ = words.partition(end)
        if found and len(head) <= ABOUT:
            return typeset(head + ".")
    return typeset(words if len(words) <= ABOUT else words[:ABOUT].rpartition(" ")[0] + " …")
