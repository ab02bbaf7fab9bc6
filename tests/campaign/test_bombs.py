"""Hostile files of every kind through every command that reads files: no crash, no hang, less than 1 GB, at most one sentence."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.campaign import bombs, strangers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices are other things there")


def uses(path: Path, number: int) -> list[list[str]]:
    """Every command that reads a file."""
    name, out = str(path), f"o{number}"
    asked = [
        ("hodgkin-huxley", "stimulus=file", f"file={name}"), ("mlp", "data=file", f"file={name}", "hidden=2"),
        ("mlp", "data=iris", f"start_from={name}"), ("layered-network", f"graph={name}"), ("sound-localisation", "sound=file", f"file={name}"),
        ("word2vec", f"corpus={name}"), ("embedding-map", f"space={name}"), ("hopfield", "patterns=pictures", f"file={name}"),
        ("connectivity", "network=file", f"file={name}"),
    ]  # fmt: skip
    runs = [
        ["run", model, "--for", "1steps", *(word for text in values for word in ("--set", text)), "-o", f"{out}-{k}.lab", "--quiet"]
        for k, (model, *values) in enumerate(asked)
    ]
    return [
        ["data", name], ["check", name], ["info", name], ["run", name, "--for", "3steps", "-o", f"{out}.lab", "--quiet"], ["export", name, "V"],
        ["export", name, "vectors", "-o", "vectors.txt"], ["embed", "info", name], ["analyse", name], ["picture", name, "-o", "o.png"], ["resume", name], *runs,
    ]  # fmt: skip


def hand_over(files: list[Path], folder: Path, seconds: float) -> Counter:
    found = strangers.visit([command for number, path in enumerate(files) for command in uses(path, number)], folder, seconds=seconds)
    slow = max(found, key=lambda one: one["seconds"])
    print(f"{len(files)} files, {len(found)} uses; most memory {found[-1]['MB']} MB, slowest {slow['seconds']} s: {slow['arguments']}")
    assert not (folder / "it-ran").exists()
    return Counter(one["code"] for one in found)


def test_a_few_hostile_files_are_told_in_a_sentence(tmp_path):
    chosen = {"entities.graphml", "deep.json", "code.npy", "size.wav", "bomb.png", "quote.csv", "length.safetensors"}
    files = []
    for name, data in bombs.contents():
        if name in chosen:
            (tmp_path / name).write_bytes(data)
            files.append(tmp_path / name)
    assert len(files) == len(chosen)
    hand_over(files, tmp_path, 100)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_hostile_file_in_every_command(tmp_path):
    print(hand_over(bombs.make(tmp_path), tmp_path, 60))
