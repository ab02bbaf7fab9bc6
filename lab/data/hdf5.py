"""New HDF5 files: written beside their place and put there whole, so that no half-written file is ever found. h5py is the extra `hdf5`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.errors import FileError, LabError


def library(what: str) -> Any:
    """The package h5py; `what` says what needs it, where it is missing."""
    try:
        import h5py
    except ImportError as problem:
        raise LabError(f"{what} needs h5py ({problem}): install the extra with pip install 'neural-lab[hdf5]'.") from None
    return h5py


@contextmanager
def new(path: Path, what: str) -> Iterator[Any]:
    """An open HDF5 file that lies at `path` when all of it was written; raises FileError where it cannot."""
    h5py = library(what)
    temporary = path.with_name(path.name + ".part")
    try:
        with h5py.File(temporary, "w") as file:
            yield file
        os.replace(temporary, path)
    except OSError as error:
        raise FileError(f"{path} cannot be written ({error.strerror or error}): choose another place.") from None
    except (ValueError, TypeError) as error:  # such as a name or a text with a zero in it
        if isinstance(error, LabError):
            raise
        raise FileError(f"{path} cannot be written: HDF5 has no place for what is in it ({str(error)[:100]}).") from None
    finally:
        temporary.unlink(missing_ok=True)
