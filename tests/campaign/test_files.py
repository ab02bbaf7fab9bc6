"""Damaged sessions through every command: nothing crashes, hangs or is told in a traceback."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.campaign import strangers


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    return strangers.sound(tmp_path_factory.mktemp("sound") / "sound.lab")


def hand_over(files: list[Path], folder: Path) -> Counter:
    commands = [command for number, path in enumerate(files) for command in strangers.everything(path, number)]
    found = strangers.visit(commands, folder)
    return Counter(f"{one['arguments'][0]} {one['code']}" for one in found)


def test_a_sound_session_goes_through_every_command(original, tmp_path):
    path = Path(shutil.copy(original, tmp_path / "sound.lab"))
    found = strangers.visit([*strangers.everything(path, 0), ["picture", str(path), "-o", "a.png"]], tmp_path, seconds=100, limit=150)
    assert [one["code"] for one in found] == ["0"] * 9, [one for one in found if one["code"] != "0"]


def test_some_damaged_files_and_some_wrong_fields_end_in_a_sentence(original, tmp_path):
    files = strangers.byte_mutants(original, tmp_path, 4, seed=3) + strangers.json_mutants(original, tmp_path, 8, seed=3)
    found = hand_over(files, tmp_path)
    assert sum(found.values()) == 12 * 8


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_three_hundred_damaged_files(original, tmp_path):
    print("300 damaged files:", dict(hand_over(strangers.byte_mutants(original, tmp_path, 300), tmp_path)))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_field_of_json_replaced_by_every_wrong_thing(original, tmp_path):
    files = strangers.json_mutants(original, tmp_path, 100_000)
    print(len(files), "wrong fields:", dict(hand_over(files, tmp_path)))
