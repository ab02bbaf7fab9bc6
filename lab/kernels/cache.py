"""The folder of compiled kernels: what a compiled function is stored under, and when it is found again.

Numba's own cache stamps a function with the file it stands in and does not see edits in other files. Here the stamp is
a digest of that file *and of every file it imports from this package*, so an edit anywhere below recompiles exactly what
depends on it. A compiled function is one file, named by everything that it depends on and replaced in one piece:
Numba numbers its files through an index, and two processes that compile two signatures at once can then take each
other's code.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import numba
import numpy as np
from numba import types
from numba.core import caching, typing
from numba.core.runtime import rtsys
from numba.core.serialize import dumps

from lab import sources
from lab.sources import code_digest, source_digest


def cache_folder() -> Path:
    """Folder of compiled kernels."""
    return sources.cache_folder() / "kernels"


@cache
def cache_writable() -> bool:
    """Whether compiled kernels can be kept; without it everything works, but compiles at each start."""
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache_folder()):
            return True
    except OSError:
        return False


def unkept() -> str:
    """The sentence where compiled kernels cannot be kept; empty where they can."""
    if cache_writable():
        return ""
    return f"Compiled kernels cannot be kept in {cache_folder()}, so each start compiles them anew: set LAB_CACHE to a folder that can be written."


class _Locator(caching._CacheLocator):
    """Tells Numba where a kernel's cache lives and what it was compiled from."""

    def __init__(self, function, file):
        self._py_file = str(Path(file).resolve())  # this name and the next are read by Numba's warnings
        self._lineno = function.__code__.co_firstlineno
        text = f"{source_digest(Path(file))} numba {numba.__version__} numpy {np.__version__} python {sys.version}"
        self._stamp = hashlib.sha256(text.encode()).hexdigest()
        self._name = sources.place_of(Path(self._py_file))

    def get_cache_path(self):
        return str(cache_folder() / f"{Path(self._py_file).stem}-{self.get_disambiguator()}-{self._stamp[:16]}")

    def get_source_stamp(self):
        return self._stamp

    def get_disambiguator(self):
        return hashlib.sha256(self._name.encode()).hexdigest()[:12]

    @classmethod
    def from_function(cls, function, file):
        return cls(function, file)


class _Impl(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]


class _Files(caching.IndexDataCacheFile):
    """One file per compiled function, named by its key."""

    def _name(self, key):
        return f"{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}.nbc"

    def save(self, key, data):
        self._save_data(self._name(key), data)

    def load(self, key):
        return self._load_data(self._name(key))

    def flush(self):
        pass


class KernelCache(caching.FunctionCache):
    """Numba's cache of one function, made safe for closures, concurrent processes and folders that fail."""

    _impl_class = _Impl

    def __init__(self, dispatcher, options):
        super().__init__(dispatcher.py_func)
        self._dispatcher = dispatcher
        self.options = options
        self._cache_file = _Files(self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp())

    def _index_key(self, sig, codegen):
        return [_describe(t) for t in sig], codegen.magic_tuple(), _identity(self._dispatcher)

    def load_overload(self, sig, target_context):
        try:
            # Compiled code needs only Numba's memory functions. Numba would first make ready to compile, which takes longer than
            # all kernels of a model take to load.
            rtsys.initialize(target_context)
            found = self._load_overload(sig, target_context)
        except Exception:  # absent, or damaged in a way that only its reader finds: compile
            return None
        if found is None or not any(isinstance(t, types.Dispatcher) for t in sig):
            return found
        # A kernel among the arguments comes back from the file as a copy of itself, whose type no later call would have: each
        # call would read the file again. What was asked for takes its place.
        return found._replace(signature=typing.signature(found.signature.return_type, *sig))

    def save_overload(self, sig, data):
        try:
            new = not os.path.isdir(self._cache_path)
            super().save_overload(sig, data)
            if new:
                _forget_old(Path(self._cache_path))
        except OSError:  # a full disk or a read-only folder costs a compilation at the next start, nothing else
            pass


def _forget_old(folder: Path) -> None:
    """Remove what was compiled from earlier versions of a source file, unless it was written in the last week."""
    source = folder.name.rpartition("-")[0]
    for other in folder.parent.glob(f"{source}-*"):
        if other != folder and time.time() - other.stat().st_mtime > 7 * 86400:
            shutil.rmtree(other, ignore_errors=True)


class _Nameless(OSError):
    """Something a kernel depends on has no name that another process would find again."""


def _describe(numba_type) -> str:
    """Name of a Numba type that is the same in every process."""
    if isinstance(numba_type, types.Dispatcher):
        return _identity(numba_type.dispatcher)
    if isinstance(numba_type, (types.Tuple, types.UniTuple)):
        return f"({', '.join(_describe(t) for t in numba_type)})"
    name = str(numba_type)
    if " at 0x" in name:
        raise _Nameless(name)
    return name


def _identity(dispatcher, within=()) -> str:
    """Digest of a kernel, of the sources it was made from and of what it closes over.

    Numba digests a closure by serialising it, which gives a kernel in it a new name in each process: never found again.
    """
    function, compiled_from = dispatcher.py_func, getattr(dispatcher, "_cache", None)
    if not isinstance(compiled_from, KernelCache):
        raise _Nameless(function.__qualname__)
    if dispatcher in within:
        return function.__qualname__
    stamp = compiled_from._impl.locator.get_source_stamp()
    options = sorted((name, sorted(value) if isinstance(value, set) else value) for name, value in compiled_from.options.items())
    total = hashlib.sha256(f"{stamp} {function.__module__} {function.__qualname__} {function.__defaults__!r} {options}".encode())
    total.update(code_digest(function.__code__))
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        total.update(f" {name} ".encode())
        value = cell.cell_contents
        if hasattr(value, "py_func"):
            total.update(_identity(value, (*within, dispatcher)).encode())
        elif isinstance(value, np.ndarray):
            total.update(f"{value.dtype.descr} {value.shape} {value.strides} ".encode() + value.tobytes())
        elif isinstance(value, (int, float, complex, str, bytes, np.generic, type, type(None))):
            total.update(f"{type(value)} {value!r}".encode())
        else:
            total.update(dumps(value))
    return total.hexdigest()
