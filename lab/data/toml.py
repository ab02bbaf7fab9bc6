"""TOML of files from anywhere: the standard library's reader, behind a look at what would keep it busy for hours."""

from __future__ import annotations

import re
import tomllib
from typing import Any

MOST_PARTS = 100  # of a dotted key; the reader's time grows with their square, and 200 kB of them are a minute
_DOTTED = re.compile(r"""(?<![\w"'\-. \t])(?:[ \t]*+[\w"'\-]++[ \t]*+\.){100}""")


def parse(text: str) -> dict[str, Any]:
    """What a text says; ValueError or RecursionError where it is no TOML that can be read."""
    if found := _DOTTED.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise ValueError(f"A key has more than {MOST_PARTS} parts (at line {line}, column 1)")
    return tomllib.loads(text)
