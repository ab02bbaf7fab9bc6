"""What a compiled kernel was made from: digests of source files and of functions, the keys of the cache on disk, and its folder.

Nothing here needs Numba or NumPy: whether something must be compiled at all is asked before they are loaded.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import sys
import threading
from functools import cache
from pathlib import Path
from types import CodeType

PACKAGE = Path(__file__).resolve().parent


def cache_folder() -> Path:
    """Folder of everything that can be made again; `LAB_CACHE` overrides the user's cache directory."""
    import platformdirs

    return Path(os.environ.get("LAB_CACHE") or platformdirs.user_cache_dir("neural-lab", appauthor=False))


def place_of(path: Path) -> str:
    """Name of a source file that is the same wherever this package lies; a person's own file goes by its whole path."""
    return path.relative_to(PACKAGE.parent).as_posix() if PACKAGE in path.parents else str(path)


# Only the import statements are parsed: a syntax tree of everything that a model rests on took 0.2 s at each start.
_IMPORT = re.compile(r"^[ \t]*((?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+(?:\((?:[^)#]|#[^\n]*)*\)|(?:\\\n|[^\n])+))", re.M)


def _imported_names(text: str, package: tuple[str, ...]) -> set[tuple[str, ...]]:
    """Dotted names that a source text imports, wherever in it; `package` is where its relative imports start."""
    names: set[tuple[str, ...]] = set()
    for statement in _IMPORT.findall(text):
        try:
            nodes = ast.parse(statement).body
        except SyntaxError:  # a sentence of a docstring
            continue
        for node in nodes:
            if isinstance(node, ast.Import):
                names.update(tuple(alias.name.split(".")) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                start = package[: len(package) + 1 - node.level] if node.level else ()
                base = (*start, *(node.module.split(".") if node.module else ()))
                names.update((*base, alias.name) for alias in node.names)
    return names


@cache
def _examine(path: Path, modified: int, size: int) -> tuple[bytes, tuple[Path, ...]]:
    """Digest of one file and the files it imports: from this package and, for a person's own file, from beside it.

    The time and size are part of the memory's key, so that an edit within one process is seen.
    """
    content = path.read_bytes()
    ours = PACKAGE in path.parents
    package = path.relative_to(PACKAGE.parent).parts[:-1] if ours else ()
    found: set[Path] = set()
    for name in _imported_names(content.decode("utf-8", "replace"), package):
        if name and name[0] == PACKAGE.name:
            root = PACKAGE.parent
        elif name and not ours:
            root = path.parent
        else:
            continue
        # What is named may be a module or something in one. The packages on the way to it are left out: the public
        # face of this package imports nearly everything, and each edit anywhere would recompile every kernel.
        for place in (root.joinpath(*name), root.joinpath(*name[:-1])):
            files = [file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()]
            if files:
                found.update(files)
                break
    return hashlib.sha256(content).digest(), tuple(found)


def source_digest(path: Path) -> str:
    """Digest of the file at `path` and, transitively, of the files that it imports from its own surroundings."""
    seen: dict[Path, bytes] = {}
    todo = [Path(path).resolve()]
    while todo:
        here = todo.pop()
        if here not in seen:
            facts = here.stat()
            seen[here], imported = _examine(here, facts.st_mtime_ns, facts.st_size)
            todo.extend(imported)
    total = hashlib.sha256()
    for name, digest in sorted((place_of(here), digest) for here, digest in seen.items()):
        total.update(name.encode() + b"\0" + digest)
    return total.hexdigest()


def child_command(code: str, *arguments: str) -> list[str]:
    """The command of a Python process of ours: `code` may import this package, and `arguments` are sys.argv[2:].

    Not `python -m lab`, which would take a folder named lab, or a file named numpy.py, in the current folder for the real one.
    """
    return [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, sys.argv[1]); {code}", str(PACKAGE.parent), *arguments]


def end_with_parent() -> None:
    """End this process with the one that started it, also if that is killed: its standard input, into which nothing is written, comes to an end."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, name="end with the parent", daemon=True).start()


def code_digest(code: CodeType) -> bytes:
    """Digest of a function's instructions, constants and names, inner functions included, but not of its line numbers."""
    total = hashlib.sha256(code.co_code)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            total.update(code_digest(constant))
        else:
            text = sorted(map(repr, constant)) if isinstance(constant, frozenset) else repr(constant)
            total.update(f"{type(constant).__name__} {text};".encode())
    total.update(repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)).encode())
    return total.digest()
