"""What belongs to the person and not to a session: theme, where the window and its cards stand, recent files, how long preparing took.

QSettings forgets types between processes, so it keeps ONE text of JSON.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings

RECENT = 12


def data_folder() -> Path:
    """Where sessions without a name live; LAB_DATA overrides it."""
    given = os.environ.get("LAB_DATA")
    if given:
        return Path(given)
    from platformdirs import user_data_path

    return user_data_path("neural-lab", appauthor=False)


def _file() -> Path:
    given = os.environ.get("LAB_DATA")
    if given:
        return Path(given) / "settings.ini"
    from platformdirs import user_config_path

    return user_config_path("neural-lab", appauthor=False) / "settings.ini"


class Settings:
    """The person's settings, written through at once."""

    def __init__(self) -> None:
        self._store = QSettings(str(_file()), QSettings.Format.IniFormat)
        try:
            found = json.loads(str(self._store.value("settings", "{}")))
        except ValueError:
            found = {}
        self._values: dict[str, Any] = found if isinstance(found, dict) else {}

    def get(self, key: str, default: Any) -> Any:
        """The value of a key if it has the type of the default, the default otherwise."""
        value = self._values.get(key, default)
        return value if isinstance(value, type(default)) or default is None else default

    def put(self, key: str, value: Any) -> None:
        """Keep a JSON value."""
        if self._values.get(key) != value:
            self._values[key] = value
            self._store.setValue("settings", json.dumps(self._values))

    def recent(self) -> list[str]:
        """Files opened or saved last that still exist, newest first."""
        return [p for p in self.get("recent", []) if isinstance(p, str) and Path(p).is_file()][:RECENT]

    def add_recent(self, path: str | Path) -> None:
        """Remember a file as the newest."""
        text = str(Path(path).resolve())
        self.put("recent", [text, *(p for p in self.get("recent", []) if p != text)][:RECENT])

    def prepared(self, model: str) -> float:
        """How many seconds preparing a model took last time; 0: never prepared."""
        return float(self.get("prepared", {}).get(model, 0.0))

    def put_prepared(self, model: str, seconds: float) -> None:
        """Remember how long preparing took."""
        self.put("prepared", {**self.get("prepared", {}), model: round(seconds, 2)})
