"""Imports Numba without the file `.numba_config.yaml` of the current folder, which could change what is computed.

A folder that somebody sent may hold one. Numba reads it whenever PyYAML is there, and warns about it when it is not; the
environment variables of a person's own (NUMBA_...) count as ever.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any


def _import() -> None:
    modules: dict[str, Any] = sys.modules  # type: ignore[assignment]
    there, reader = "yaml" in modules, modules.get("yaml")
    modules["yaml"] = None  # not to be had while Numba is imported
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from numba.core import config
    finally:
        if there:
            modules["yaml"] = reader
        else:
            del modules["yaml"]
    config._HAVE_YAML, config._config_fname = False, ""  # type: ignore[attr-defined]  # it is read again before each compilation


_import()
