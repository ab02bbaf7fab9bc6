"""The script that makes pictures of all pages makes them, and nothing of the person's own is touched."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("PySide6")

from contact_sheet import main, sizes_of
from PySide6.QtGui import QImage

from lab.widgets import theme


def test_a_page_is_pictured_in_both_themes_and_all_sizes_and_collected_on_sheets(qapp, counter, tmp_path):
    own = os.environ["LAB_DATA"]
    made = main([counter, "-o", str(tmp_path / "out"), "--size", "900x600", "--seconds", "0.2"])
    assert [p.name for p in made] == [
        "leaking_counter 900x600 dark.png", "leaking_counter 900x600 light.png", "sheet 900x600 dark 1.png", "sheet 900x600 light 1.png",
    ]  # fmt: skip
    dark, light = QImage(str(made[0])), QImage(str(made[1]))
    assert (dark.width(), dark.height()) == (900, 600) and dark != light
    assert os.environ["LAB_DATA"] == own and not list((tmp_path / "out").glob("*.lab"))
    theme.apply(qapp, "dark")


def test_sizes_are_read():
    assert sizes_of(None) == [(1440, 900), (1024, 700)] and sizes_of(["800x600"]) == [(800, 600)]
