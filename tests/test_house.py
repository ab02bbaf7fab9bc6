"""The rules of the house, as assertions."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "lab").rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Absolute names of all modules a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", SOURCES, ids=place)
def test_only_widgets_import_qt(path):
    if "lab/widgets/" not in path.as_posix():
        assert not roots(path) & {"PySide6", "pyqtgraph", "qtawesome", "shiboken6"}


@pytest.mark.parametrize("path", SOURCES, ids=place)
def test_only_kernels_import_numba(path):
    if not place(path).startswith("lab/kernels/"):
        assert "numba" not in roots(path)


@pytest.mark.parametrize("path", SOURCES, ids=place)
def test_nothing_is_pickled(path):
    assert not roots(path) & {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}
    assert "allow_pickle=True" not in path.read_text("utf-8")


@pytest.mark.parametrize("path", [p for p in SOURCES if "lab/models/" in p.as_posix()], ids=place)
def test_models_import_neither_each_other_nor_the_engine(path):
    forbidden = ("lab.models", "lab.engine", "lab.session", "lab.api", "lab.widgets", "lab.commands")
    assert not [name for name in imports(path) if name.startswith(forbidden)]


@pytest.mark.parametrize("path", [p for p in SOURCES if "lab/widgets/" in p.as_posix()], ids=place)
def test_widgets_never_import_a_model_module(path):
    assert not [name for name in imports(path) if name.startswith("lab.models")]


def test_imports_have_no_circle():
    graph: dict[str, set[str]] = {}
    modules = {place(p).removesuffix(".py").removesuffix("/__init__").replace("/", "."): p for p in SOURCES}
    for name, path in modules.items():
        top = {n for n in ast.parse(path.read_text("utf-8")).body if isinstance(n, (ast.Import, ast.ImportFrom))}
        used = set()
        for node in top:
            if isinstance(node, ast.ImportFrom) and node.module:
                parts = {node.module} | {f"{node.module}.{a.name}" for a in node.names}
            else:
                parts = {a.name for a in node.names}
            used |= {m for m in parts if m in modules and m != name}
        # A package's face imports its parts; a part that imports a sibling names the sibling, not the face.
        graph[name] = {m for m in used if not name.startswith(m + ".")}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name in done:
            return
        for other in graph[name]:
            visit(other, (*trail, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def loaded_by(*arguments: str, cwd: Path) -> set[str]:
    code = "import sys; from lab.__main__ import main; main(sys.argv[1:]); print('|'.join(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=cwd)
    return set(done.stdout.splitlines()[-1].split("|"))


@pytest.mark.parametrize("arguments", [("--help",), ("list",)])
def test_help_and_list_load_neither_numpy_nor_numba_nor_qt(arguments, tmp_path):
    assert not loaded_by(*arguments, cwd=tmp_path) & {"numpy", "numba", "PySide6", "pyqtgraph", "scipy"}


def test_run_without_a_picture_loads_no_qt(tmp_path):
    names = loaded_by("run", "hodgkin-huxley", "--for", "1ms", "-o", "a.lab", cwd=tmp_path)
    assert "numba" in names
    assert not names & {"PySide6", "pyqtgraph"}


def test_files_are_of_a_readable_length():
    long = {place(p): n for p in SOURCES if (n := len(p.read_text("utf-8").splitlines())) > 1000}
    assert not long


def test_every_module_says_what_it_is_for():
    assert not [place(p) for p in SOURCES if p.read_text("utf-8").strip() and not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
