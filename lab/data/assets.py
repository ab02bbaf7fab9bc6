"""Where the files lie that come with the lab: fonts, icon, marks, lessons, the small GPT."""

from __future__ import annotations

from pathlib import Path


def assets_folder() -> Path:
    """The folder of what comes with the lab: `lab/assets` when installed, `assets` at the root of a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "assets"
    return installed if installed.is_dir() else package.parent / "assets"
