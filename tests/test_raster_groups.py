"""How a raster tells populations apart, and how figures of a run are written in one line."""

import pytest

pytest.importorskip("PySide6")

from lab.widgets.labels import figures
from lab.widgets.pictures.raster import groups


def test_populations_begin_where_the_name_changes():
    names = (*(f"E {k}" for k in range(1, 31)), *(f"fast I {k}" for k in (1, 5)))
    assert groups(names) == ((0, "E"), (30, "fast I"))


@pytest.mark.parametrize(
    "names",
    [("E 1", "E 2"), ("a", "b"), ("E 1", "other"), tuple(f"P{k} 1" for k in range(9))],
    ids=["one", "no numbers", "mixed", "too many"],
)
def test_rows_without_two_to_six_populations_are_not_grouped(names):
    assert groups(names) == ()


def test_yes_and_no_follow_their_question():
    assert figures({"at rest": False, "spikes": 3, "rate (Hz)": 2.0}) == "at rest no · 3 spikes · rate 2 Hz"
