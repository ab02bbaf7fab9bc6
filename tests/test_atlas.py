"""The atlas: what it names exists, no statement is missing, and the page is the one the table makes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from lab import catalog
from lab.lessons import atlas, models
from lab.lessons.shelf import bundled

ATLAS = atlas.read()
LINES = list(ATLAS.lines())


@cache
def pictures(model: str, preset: str) -> set[str]:
    kind = catalog.load(model)
    return {picture.name for picture in kind(**(kind.presets[preset] if preset else {})).pictures}


@cache
def figures(model: str) -> set[str]:
    return {figure.name for figure in catalog.load(model).figures()}


def test_every_statement_has_one_line():
    numbers = sorted(n for line in LINES for n in line.numbers)
    assert numbers == list(range(1, atlas.STATEMENTS + 1))
    assert len(ATLAS.slips) == 46


@pytest.mark.parametrize("model", sorted({line.model for line in LINES if line.model}))
def test_what_a_line_names_exists(model):
    for line in LINES:
        if line.model == model:
            assert line.picture in pictures(model, line.preset), line
            assert not line.figure or line.figure in figures(model), line


def test_lessons_that_are_named_exist():
    assert {line.lesson for line in LINES} - {""} <= {path.stem for path in bundled()}


def test_a_line_without_a_place_says_what_lacks_and_names_nothing():
    for line in LINES:
        if not line.model:
            assert line.lacks and not (line.preset or line.picture or line.lesson or line.figure), line


def test_the_page_is_the_one_that_the_table_makes():
    written = (Path(__file__).parents[1] / "docs" / "atlas.md").read_text("utf-8")
    assert written == atlas.page(ATLAS), "python -m lab.lessons.atlas > docs/atlas.md"


def test_the_list_of_models_names_models_that_exist_under_their_titles():
    written = (Path(__file__).parents[1] / "docs" / "models.md").read_text("utf-8")
    rows = [line.split(" | ") for line in written.splitlines() if " | `" in line]
    assert len(rows) > 60
    for title, name, about in rows:
        entry = catalog.entry(name.strip("`"))
        assert title == f"| {entry.title}" and about.strip()


@pytest.mark.long  # models are added faster than this page is read: only a whole run insists that it is new
def test_the_list_of_models_is_the_one_that_the_catalogue_makes():
    written = (Path(__file__).parents[1] / "docs" / "models.md").read_text("utf-8")
    assert written == models.page(), "python -m lab.lessons.models > docs/models.md"
