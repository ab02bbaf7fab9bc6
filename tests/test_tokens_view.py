"""Tokens in two rows: which part of a long text is seen."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from picture_models import Gallery
from PySide6.QtCore import QRectF

from lab.engine import tokens
from lab.widgets.pictures import make

TEXT = "the function returns the "
AREA = QRectF(0, 0, 300, 200)


@pytest.fixture
def view(qtbot):
    model = Gallery()
    made = make(next(p for p in model.pictures if p.name == "glance"), model)
    qtbot.addWidget(made)
    return made


def seen(view, lit, upper=TEXT, lower=TEXT):
    """The places in sight, counted in each row, and how many are hidden."""
    view._tokens = tokens.read({"rows": [{"texts": upper}, {"texts": lower}], "lit": lit}, "glance", "gallery")
    chips = view.chips(AREA)
    assert all(AREA.left() <= chip.frame.left() and chip.frame.right() <= AREA.right() for chip in chips)
    first = view._tokens.first(1)
    rows = [c.place for c in chips if c.row == 0], [c.place - first for c in chips if c.row == 1]
    return *rows, view._left_out, view._left_behind


def test_what_stands_before_the_chosen_token_is_in_sight(view):
    upper, lower, before, after = seen(view, [len(TEXT) + 19])
    assert upper == lower and upper[-1] == 21 and upper[0] == before > 0 and after == len(TEXT) - 22


def test_an_early_choice_is_in_sight_with_all_that_fits(view):
    upper, lower, before, after = seen(view, [len(TEXT) + 1])
    assert upper == lower and upper[0] == before == 0 and len(upper) > 4 and after == len(TEXT) - len(upper)


def test_without_a_choice_the_end_is_in_sight_and_a_row_of_another_length_keeps_its_own(view):
    upper, lower, before, after = seen(view, [])
    assert upper == lower and upper[-1] == len(TEXT) - 1 and before > 0 and after == 0
    upper, lower, _, _ = seen(view, [len(TEXT) + 3], lower="quickly spoken words")
    assert upper[-1] == len(TEXT) - 1 and lower[0] == 0 and 3 in lower
    assert seen(view, [len(TEXT) + 24])[0][-1] == len(TEXT) - 1
