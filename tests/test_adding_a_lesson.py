"""A lesson that stands in a file of one's own is on the shelf, played, checked and asked like those of the course."""

from __future__ import annotations

import pytest

from lab.__main__ import main
from lab.lessons.shelf import own_folder, shelf

LESSON = """
title = "Just enough"
chapter = "cells"
about = "When a leaky cell begins to fire."

[[step]]
do = "Raise the current until it fires."
model = "leaky-integrate-and-fire"
set = { current = 1.0 }
controls = ["current"]
after = 60
done = "spikes > 1"
solution = [{ set = { current = 3.0 } }]
"""


@pytest.fixture
def own():
    folder = own_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "just-enough.toml").write_text(LESSON, "utf-8")


def test_it_stands_on_the_shelf_beside_those_of_the_course(own, capsys):
    assert shelf().lesson("just-enough").title == "Just enough"
    assert main(["lesson", "list"]) == 0
    assert "just-enough" in capsys.readouterr().out
    assert main(["lesson", "show", "just-enough"]) == 0
    assert "Raise the current until it fires." in capsys.readouterr().out


def test_it_plays_as_it_says(own, capsys):
    assert main(["lesson", "check", "just-enough"]) == 0
    assert "ok" in capsys.readouterr().out


def test_one_that_does_not_is_told_where(tmp_path, capsys):
    path = tmp_path / "wrong.toml"
    path.write_text(LESSON.replace("current = 3.0", "current = 1.2"), "utf-8")
    assert main(["lesson", "check", str(path)]) == 1
    out = capsys.readouterr()
    assert "step 1" in out.out + out.err
