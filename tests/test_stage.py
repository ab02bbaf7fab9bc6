"""The second half of the contract: lively ranges, marks, symbols, stages, arrows and tokens."""

from __future__ import annotations

import math

import numpy as np
import pytest
from picture_models import Gallery

from lab import catalog
from lab.display.stage import arrange, boxes, cards, complete
from lab.display.symbols import Run, markup, plain, runs
from lab.engine import tokens
from lab.errors import ModelError
from lab.model import Layer, Model, Picture, Stage, Stream, Strips, param
from lab.params import Described


class Rig(Model):
    """Pictures enough for a stage."""

    name = "rig"
    current: float = param(
        2.0, "nA", lo=-500, hi=500, soft=(0, 20), symbol="I", marks={"rheobase": "rheobase", "Hopf": 9.5, "none": "missing"}, doc="Current."
    )
    mode: str = param("current", choices=("current", "voltage"), doc="What is held.")

    def rheobase(self):
        return self.current + 1.0

    @property
    def missing(self):
        return None

    @property
    def streams(self):
        return (
            Stream("V", "trace", "mV", "V."),
            Stream("m", "trace", "", "m."),
            Stream("f", "curve", "", "f."),
            Stream("t", "table", "", "t."),
        )

    @property
    def pictures(self):
        return (
            Picture("v", "V", (Layer("V"),), window=100.0, front=True, weight=2.0),
            Picture("m", "m", (Layer("m"),), window=50.0),
            Picture("plane", "Plane", (Layer("m", x="V"),)),
            Picture("f", "f", (Layer("f"),)),
            Picture("g", "g", (Layer("f"),)),
            Picture("t", "t", (Layer("t"),)),
        )


def staged(stage: Stage) -> Model:
    return type("Staged", (Rig,), {"stage": property(lambda self: stage), "__doc__": "Staged."})()


def test_marks_are_computed_for_the_value_they_belong_to_and_a_missing_one_is_left_out():
    assert Rig(current=4.0).marks("current") == {"rheobase": 5.0, "Hopf": 9.5}


@pytest.mark.parametrize(
    "known",
    [
        dict(soft=(0, 600)),
        dict(soft=(5, 5)),
        dict(soft=(0, 9), log=True),
        dict(marks={"a": "nobody"}),
        dict(marks=dict(a=1, b=2, c=3, d=4)),
    ],
)
def test_a_range_that_is_none_and_a_mark_that_nobody_computes_are_refused_where_they_are_written(known):
    declared = param(1.0, lo=-500, hi=500, doc="x.", **known)
    kind = type("Wrong", (Described,), {"__annotations__": {"x": float}, "x": declared, "__module__": __name__})
    with pytest.raises(TypeError, match=r"Wrong\.x"):
        kind.specs()


def test_symbols_are_set_as_books_do():
    assert runs("g_{Na}") == (Run("g", True), Run("Na", False, -1))
    assert markup(r"\tau_m") == "<i>τ</i><sub><i>m</i></sub>"
    assert markup("n^4") == "<i>n</i><sup>4</sup>" and plain(r"m_\infty") == "m∞"
    assert runs(r"\dot V") == (Run("V\u0307", True),)
    assert markup(r"V_{\mathrm{rest}}") == "<i>V</i><sub>rest</sub>" and markup("a<b") == "<i>a</i>&lt;<i>b</i>"


def test_a_stage_that_nobody_declared_has_strips_companions_and_drawers_and_leaves_nothing_out():
    stage = complete(Rig())
    assert isinstance(stage.main, Strips) and stage.main.pictures == ("v", "m")
    assert stage.companions == ("plane", "f")
    assert dict(stage.drawers) == {"Curves": ("g",), "Numbers": ("t",)}


def test_a_declared_stage_keeps_its_words_and_what_it_does_not_name_lies_in_a_drawer():
    stage = complete(
        staged(Stage(Strips("rig", "Rig", ("v", "m"), switch="mode"), ("plane",), drawers=(("Rates", ("f",)),), opened="Rates"))
    )
    assert dict(stage.drawers) == {"Rates": ("f",), "Curves": ("g",), "Numbers": ("t",)}
    shown = arrange(staged(stage), 1200, 700)
    assert [c.name for c in cards(shown.top)] == ["rig", "plane"] and shown.opened == "Rates"


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (Stage("nothing"), "'nothing'"),
        (Stage("v", ("v",)), "twice"),
        (Stage(Strips("s", "S", ("v", "f"))), "no axis of time"),
        (Stage("v", opened="Health"), "'Health'"),
        (Stage(companions=("v",)), "no main picture"),
        (Stage(Strips("s", "S", ("v",), switch="current")), "choices"),
    ],
)
def test_a_stage_that_cannot_be_is_refused_in_words(stage, words):
    with pytest.raises(ModelError, match=words):
        complete(staged(stage))


def test_a_small_place_shows_the_main_thing_and_puts_the_rest_a_click_away():
    model = staged(Stage("v", ("plane", "f", "g"), below=("m",)))
    wide, narrow, low = (arrange(model, *size) for size in ((1200, 800), (560, 600), (900, 400)))
    assert [c.name for c in cards(wide.top)] == ["v", "plane", "f", "g"] and [c.name for c in cards(wide.below)] == ["m"]
    assert [c.name for c in cards(narrow.top)] == ["v", "plane", "f"] and dict(narrow.drawers)["Beside"] == ("g", "m")
    assert [c.name for c in cards(low.top)] == ["v", "plane"]


@pytest.mark.parametrize("size", [(1200, 800), (560, 600), (900, 400)])
def test_cards_fill_their_place_without_overlap(size):
    model = staged(Stage("v", ("plane", ("f", "g"))))
    found = boxes(arrange(model, *size).top, (0, 0, *size), 12)
    assert all(w > 50 and h > 50 for _, (_, _, w, h) in found)
    for k, (_, (x, y, w, h)) in enumerate(found):
        assert x >= 0 and y >= 0 and x + w <= size[0] + 1e-6 and y + h <= size[1] + 1e-6
        for _, (a, b, c, d) in found[k + 1 :]:
            assert x + w <= a + 1e-6 or a + c <= x + 1e-6 or y + h <= b + 1e-6 or b + d <= y + 1e-6


def test_what_a_person_watches_lasts_as_many_seconds_as_the_model_says():
    kind = type("Slow", (Rig,), {"length": property(lambda self: 1000), "seconds": property(lambda self: 25.0), "__doc__": "Slow."})
    assert kind().speed == 40.0 and Rig().speed is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"rows": []}, "one or two rows"),
        ({"rows": [{"texts": ["a"], "values": [1.0, 2.0]}]}, "as many values"),
        ({"rows": [{"texts": ["a"]}], "links": [(0, 0, 1)]}, "two rows"),
        ({"rows": [{"texts": ["a"]}, {"texts": ["b"]}], "links": [(0, 1, 1)]}, "no row has"),
        ([1, 2], "dict"),
    ],
)
def test_broken_tokens_are_named(value, words):
    with pytest.raises(ModelError, match=words):
        tokens.read(value, "text", "gpt")


def test_tokens_become_columns():
    made = tokens.read(Gallery().observe(None, {"weights": np.zeros((1, 1)), "map": np.zeros((1, 1))}, "glance"), "glance", "gallery")
    table = tokens.columns(made, ("surprise", "share"))
    assert list(table) == ["row", "place", "text", "surprise", "share"] and len(table["text"]) == 14
    assert table["surprise"][1] == pytest.approx(2 / 13) and math.isnan(table["surprise"][13])


@pytest.mark.parametrize("name", catalog.names())
def test_every_preset_of_every_model_has_a_stage_in_every_size(name):
    kind = catalog.load(name)
    for values in ({}, *kind.presets.values()):
        model = kind(**values)
        for size in ((600, 500), (760, 300), (896, 760), (1400, 900)):
            arrange(model, *size)


def test_a_plane_in_a_narrow_place_stands_beside_its_companions_and_is_nearly_square():
    from lab.display.stage import boxes

    model = catalog.load("generative-adversarial-network")()
    found = arrange(model, 540, 500)
    placed = {card.name: box for card, box in boxes(found.top, (0, 0, 540, 500), 8)}
    x, y, wide, tall = placed["field"]
    assert (x, y, tall) == (0, 0, 500) and min(wide, tall) > 330  # under its companions it would be 290 px high
    others = [box for name, box in placed.items() if name != "field"]
    assert len(others) == 3 and all(box[0] > wide for box in others) and len({box[0] for box in others}) == 1
