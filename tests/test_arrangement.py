"""Where the cards stand is kept as plain values, comes back as it was, and nothing that a file says in their place does harm."""

from __future__ import annotations

import base64
import copy
import random

import pytest

pytest.importorskip("PySide6")

from picture_models import Gallery
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QApplication

from lab.model import Stage
from lab.widgets import theme
from lab.widgets.arrangement import Arrangement, Place, Split, names_of, read, seen
from lab.widgets.workspace import Workspace

NAMES = ("a", "b", "c", "d", "e")


def test_cards_on_the_screen_are_read_as_rows_and_columns():
    def place(name):
        return Place((name,), name)

    rects = {"a": (0, 0, 100, 50), "b": (104, 0, 100, 50), "c": (0, 54, 40, 80), "d": (44, 54, 160, 30), "e": (44, 88, 160, 46)}
    tree = seen([(place(n), r) for n, r in rects.items()])
    assert tree == Split(
        False,
        (
            Split(True, (place("a"), place("b")), (100, 100)),
            Split(True, (place("c"), Split(False, (place("d"), place("e")), (30, 46))), (40, 160)),
        ),
        (50, 80),
    )
    assert names_of(tree) == NAMES
    assert seen([]) is None
    assert set(names_of(seen([(place("a"), (0, 0, 10, 10)), (place("b"), (5, 5, 10, 10))]))) == {"a", "b"}, "cards that overlap"


ARRANGED = Arrangement(
    (800, 600),
    Split(False, (Place(("a", "b"), "b"), Split(True, (Place(("c",), "c"), Place(("d",), "d")), (300, 500))), (250, 350)),
    ("c",),
    {"e": (10, 20, 300, 200)},
)


def test_an_arrangement_is_plain_data_and_comes_back():
    assert read(ARRANGED.to_dict(), NAMES) == ARRANGED


def test_cards_that_do_not_exist_or_stand_twice_are_left_out():
    data = ARRANGED.to_dict()
    data["tree"]["parts"][1]["parts"][1]["tabs"] = ["a", "z", "d", "d"]
    found = read(data, ("a", "b", "d"))
    assert names_of(found.tree) == ("a", "b", "d") and found.hidden == () and not found.floating
    assert read(data, ()) is None


WRONG = (None, True, 0, -1, 2**61, 1.5, float("nan"), "", "x", "a\0", [], [1], {}, {"a": 1}, [[[]]], 10**400)


def mutants(value, path=()):
    """Every field of JSON data, replaced by every wrong thing."""
    for wrong in WRONG:
        yield path, wrong
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from mutants(inner, (*path, key))


def replaced(value, path, wrong):
    if not path:
        return wrong
    out = copy.deepcopy(value)
    at = out
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = wrong
    return out


def test_whatever_a_file_says_is_an_arrangement_of_these_cards_or_none():
    tried = 0
    for path, wrong in mutants(ARRANGED.to_dict()):
        found = read(replaced(ARRANGED.to_dict(), path, wrong), NAMES)
        tried += 1
        assert found is None or set(names_of(found.tree)) | set(found.floating) <= set(NAMES)
    deep = {"tabs": ["a"], "front": "a"}
    for _ in range(5000):
        deep = {"split": "rows", "parts": [deep, {"tabs": ["b"], "front": "b"}], "sizes": [1, 1]}
    assert read({"size": [100, 100], "tree": deep}, NAMES) is not None
    assert tried > 500


class Six(Gallery):
    """Six cards on the stage."""

    name = "six"

    @property
    def stage(self):
        return Stage("V", (("waves", "rates"), ("counts", "map"), "words"))


@pytest.fixture
def workspace(qtbot):
    theme.apply(QApplication.instance(), "dark")
    made = []

    def make(kept=None) -> Workspace:
        place = Workspace()
        qtbot.addWidget(place)
        made.append(place)
        place.resize(1200, 800)
        place.show()
        place.show_model(Six(), kept)
        qtbot.waitUntil(lambda: bool(place.visible_cards()), timeout=5000)
        return place

    yield make
    for place in made:
        place.clear()


def rects(place: Workspace) -> dict:
    return {c.view.picture.name: QRect(place.docks[c.view.picture.name].geometry()).getRect() for c in place.visible_cards()}


def alike(one: dict, other: dict, pixels: int) -> bool:
    return one.keys() == other.keys() and all(abs(a - b) <= pixels for k in one for a, b in zip(one[k], other[k], strict=True))


def test_what_a_person_made_comes_back_in_another_workspace(workspace, qtbot):
    first = workspace()
    names = list(first.docks)
    a, b, c, d = (first.docks[n] for n in names[:4])
    first.splitDockWidget(a, d, Qt.Orientation.Vertical)
    d.show()
    first.tabifyDockWidget(b, c)
    b.raise_()
    first.docks[names[-1]].hide()
    first.resizeDocks([a, d], [150, 400], Qt.Orientation.Vertical)
    floating = first.docks[names[4]]
    floating.setFloating(True)
    floating.setGeometry(40, 50, 300, 200)
    floating.show()
    first._moved()
    qtbot.wait(50)
    kept, shown = first.state(), rects(first)
    second = workspace(kept)
    qtbot.wait(50)
    assert alike(rects(second), shown, 12), (rects(second), shown)
    assert second._seen().size == first._seen().size
    again = second.state()
    assert again["tree"].keys() == kept["tree"].keys() and again["hidden"] == kept["hidden"] and again["floating"] == kept["floating"]
    assert read(again, second.docks) is not None


def test_filling_the_place_and_back_moves_nothing(workspace, qtbot):
    place = workspace()
    qtbot.wait(50)
    before = rects(place)
    for name in list(place.docks)[:3]:
        place.fill(name)
        qtbot.waitUntil(lambda name=name: list(rects(place)) == [name], timeout=3000)
        place.fill("")
        qtbot.waitUntil(lambda: alike(rects(place), before, 4), timeout=3000)
    assert place.state() == {}, "nothing of one's own was made"


def test_old_and_strange_arrangements_are_ignored_without_harm(workspace, qtbot):
    chance = random.Random(3)
    plain = workspace()
    expected = rects(plain)
    for kept in (
        base64.b64encode(chance.randbytes(300)).decode(),
        "AAAA/wAAAAH9AAAAAQAAAAIAAA==",
        chance.randbytes(500),
        {"size": [1, 1], "tree": {"tabs": ["nothing"], "front": "nothing"}},
        {"size": [100, 100], "tree": None, "floating": {}},
        17,
    ):
        plain.show_model(plain.model, kept)
        qtbot.waitUntil(lambda: alike(rects(plain), expected, 4), timeout=3000)


def test_every_wrong_field_of_an_arrangement_leaves_a_workspace_with_cards(workspace):
    place = workspace()
    place._moved()
    good = place.state()
    chance = random.Random(5)
    every = list(mutants(good))
    for path, wrong in chance.sample(every, 40):
        place.restore(replaced(good, path, wrong))
        assert any(not dock.isHidden() for dock in place.docks.values()), (path, wrong)
