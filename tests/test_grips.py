"""A stimulus drawn by hand: what was drawn becomes the stimulus, whatever the page or the onset."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPointF

from lab import catalog
from lab.display.stage import arrange, cards
from lab.widgets import theme
from lab.widgets.pictures.strips import StripsView, view_of_card


@pytest.fixture
def drawn(qtbot):
    kept = []

    def make(**values):
        model = catalog.load("leaky-integrate-and-fire")(**values)
        rig = next(card for card in cards(arrange(model, 1200, 800).top) if card.strips is not None)
        view = view_of_card(rig, model)
        qtbot.addWidget(view)
        view.resize(900, 600)
        grips = next(g for g in view.grips if g.draws)
        heard = []
        grips.wanted.connect(lambda values, again: heard.append((values, again)))
        kept.append(view)  # the bot holds it weakly
        return grips, heard

    yield make
    kept.clear()


def stroke(grips, pages, points):
    """Draw through points (ms since the left edge, value), the left edge at `pages` ms for each."""
    for k, (page, (x, y)) in enumerate(zip(pages, points, strict=True)):
        grips.view.field.setXRange(page, page + 100, padding=0)
        grips._pen(QPointF(page + x, y), k == 0, k == len(points) - 1, False)


POINTS = [(10.0, 0.0), (30.0, 2.0), (50.0, 1.0), (70.0, 3.0)]


@pytest.mark.parametrize("pages", [(0, 0, 0, 0), (1200, 1200, 1200, 1200), (1200, 1200, 1300, 1300)])
def test_a_page_that_is_turned_while_one_draws_takes_nothing_away(drawn, pages):
    grips, heard = drawn()
    stroke(grips, pages, POINTS)
    (values, again), *rest = heard
    assert not rest and again and values["stimulus"] == "drawn" and "onset" not in values
    assert [tuple(p) for p in values["drawn"]] == POINTS


def test_a_curve_that_begins_before_the_onset_moves_the_onset_to_the_beginning(drawn):
    grips, heard = drawn(onset=40.0)
    stroke(grips, (0, 0, 0, 0), POINTS)
    assert heard[0][0]["onset"] == 0.0 and [tuple(p) for p in heard[0][0]["drawn"]] == POINTS


def test_a_curve_after_the_onset_counts_from_it(drawn):
    grips, heard = drawn(onset=5.0)
    stroke(grips, (0, 0, 0, 0), POINTS)
    assert "onset" not in heard[0][0] and [tuple(p) for p in heard[0][0]["drawn"]] == [(x - 5.0, y) for x, y in POINTS]


def test_the_pencil_has_its_icon_in_a_title_line_only_and_changes_it_with_the_theme(drawn):
    strips = drawn()[0].view.parentWidget()
    while not isinstance(strips, StripsView):
        strips = strips.parentWidget()
    strips.set_theme()
    assert strips.pencil.icon().isNull()
    with theme.worn("dark"):
        assert strips.pencil in strips.tools()[1]
    before = strips.pencil.icon()
    with theme.worn("light"):
        strips.set_theme()
    assert not before.isNull() and not strips.pencil.icon().isNull()
    assert strips.pencil.icon().cacheKey() != before.cacheKey()
