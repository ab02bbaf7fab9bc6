"""The rules of the house, as assertions."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lab import catalog

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


@pytest.mark.parametrize("path", [p for p in SOURCES if "lab/widgets/" in p.as_posix()], ids=place)
def test_widgets_name_no_model(path):
    names = set(catalog.names())
    said = {n.value for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert not said & names


# Rooms are what lies in lab/: a folder, or a file. From the ground up: a room imports from the floors below it, and from itself.
FLOORS = (
    ("search", "units"),
    ("errors", "sources"),
    ("data", "kernels", "params", "session"),
    ("embedding", "model", "tape"),
    ("catalog", "spiking"),
    ("cells", "engine", "graph"),
    ("display", "training"),
    ("neuron", "planar"),  # faces of rooms that moved, for people's own files
    ("analysis", "models"),
    ("api",),
    ("lessons",),
    ("lab",),  # the front door itself
    ("widgets",),
    ("commands",),
    ("__main__",),
)
CIRCLES: tuple[set[str], ...] = ()  # still to be undone: none may be added


def module(path: Path) -> str:
    return place(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module(path): path for path in SOURCES}


MOST = 28  # rooms: what is no idea of its own stands in the room of the idea it belongs to


def uses(name: str) -> set[str]:
    """Modules of the lab that a module imports: at its top, in functions and for types only."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{name}: imports are written in full"
            # What is taken from a package is a part of it, or stands in its face.
            found |= {whole if (whole := f"{node.module}.{alias.name}") in MODULES else node.module for alias in node.names}
    missing = {other for other in found if re.match(r"lab\b", other) and other not in MODULES and other != "lab.assets"}
    assert not missing, f"{name} imports what is not there: {missing}"
    return {other for other in found if other in MODULES and other != name}


USES = {name: uses(name) for name in MODULES}


def room(name: str) -> str:
    return name.split(".")[1] if "." in name else "lab"


def test_every_room_imports_from_the_floors_below_it_only():
    floor = {name: number for number, rooms in enumerate(FLOORS) for name in rooms}
    unknown = {room(name) for name in MODULES} - set(floor)
    assert not unknown, f"say in FLOORS on which floor these stand: {unknown}"
    assert len(floor) <= MOST
    wrong = [
        f"{name} imports {other}"
        for name, others in USES.items()
        for other in others
        if room(name) != room(other) and floor[room(name)] <= floor[room(other)]
    ]
    assert not wrong


PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_the_page_shows_the_floors_as_they_are():
    drawn = "\n".join(", ".join(rooms) for rooms in reversed(FLOORS))
    assert f"```\n{drawn}\n```" in PAGE


def test_the_page_names_only_what_exists():
    named = set(re.findall(r"`(lab\.[a-z_.]+)`", PAGE)) | {
        f.replace("/", ".").removesuffix(".py").rstrip(".") for f in re.findall(r"`(lab/[\w/.]+)`", PAGE)
    }
    assert len(named) > 8
    assert not [name for name in named if name not in MODULES]
    assert not [path for path in re.findall(r"`(tests/[\w/.]+)`", PAGE) if not (ROOT / path).exists()]


def test_the_citation_says_the_version():
    (version,) = re.findall(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def test_the_hosted_checks_run_everywhere_and_begin_with_what_is_run_here():
    said = (ROOT / ".github" / "workflows" / "checks.yml").read_text("utf-8")
    assert "os: [ubuntu-latest, windows-latest, macos-latest]" in said and 'python: ["3.11", "3.13"]' in said and "run: .ci/run\n" in said
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    run = (ROOT / ".ci" / "run").read_text("utf-8")
    for tool in ("ruff check", "ruff format", "mypy"):
        assert tool in hooks and tool in run and tool in (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert len(list((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))) == 3
    assert not (ROOT / "setup.py").exists() and not (ROOT / "setup.cfg").exists()


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Groups of nodes that lead to each other, by removing in turn what nothing leads to and what leads to nothing."""
    found = []
    todo = [set(graph)]
    while todo:
        part = todo.pop()
        start = next(iter(part))
        ahead = reached(start, {n: graph[n] & part for n in part})
        back = reached(start, {n: {m for m in part if n in graph[m]} for n in part})
        ring = ahead & back
        if len(ring) > 1 or start in graph[start]:
            found.append(ring)
        todo += [rest for rest in (ahead - ring, back - ring, part - ahead - back) if rest]
    return found


def reached(start: str, graph: dict[str, set[str]]) -> set[str]:
    seen, todo = set(), [start]
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo += graph[here]
    return seen


def test_no_modules_import_each_other_in_a_circle():
    assert sorted(circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d", "a"}}), key=min) == [{"b", "c"}, {"d"}]
    found = circles(USES)
    assert not [ring for ring in found if not any(ring <= known for known in CIRCLES)]
    assert len(found) == len(CIRCLES), "a circle is gone: take it off the list"


def test_only_the_catalogue_reaches_for_models():
    assert not [name for name, others in USES.items() if room(name) != "models" and any(room(other) == "models" for other in others)]
    said = [name for name, path in MODULES.items() if "lab.models" in path.read_text("utf-8").replace("`lab.models", "")]
    assert [name for name in said if room(name) != "models"] == ["lab.catalog"]


def attributes_set(function: ast.AST) -> set[str]:
    """Names of the attributes of `self` that a function assigns."""
    found = set()
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        ):
            found.add(node.attr)
    return found


@pytest.mark.parametrize("path", [p for p in SOURCES if "lab/widgets/" not in p.as_posix()], ids=place)
def test_every_attribute_is_born_when_its_object_is(path):
    """What another thread reads must be there from the beginning, and a reader must find in one place what an object holds."""
    for kind in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(kind, ast.ClassDef):
            methods = [f for f in kind.body if isinstance(f, ast.FunctionDef)]
            born = {f.name for f in methods}  # properties with a setter
            born |= {
                n.id
                for item in kind.body
                if isinstance(item, (ast.Assign, ast.AnnAssign))
                for n in ast.walk(item)
                if isinstance(n, ast.Name)
            }
            for f in methods:
                born |= attributes_set(f) if f.name in ("__init__", "__post_init__") else set()
            late = {name for f in methods for name in attributes_set(f) - born}
            assert not late, f"{kind.name}: give {late} a value in __init__"


@pytest.mark.parametrize("path", [p for p in SOURCES if "lab/widgets/" in p.as_posix()], ids=place)
def test_the_window_reads_of_a_run_only_its_status_and_its_ring(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert "simulation" not in {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


SURE = ("engine", "display", "model", "cells", "graph", "spiking", "training")
MARK = {"__lab_action__"}  # put on methods by a decorator: what has none is no action


@pytest.mark.parametrize("path", [p for p in SOURCES if room(module(p)) in SURE], ids=place)
def test_nobody_guesses_what_an_object_has(path):
    """Neither `hasattr` nor a `getattr` with something in its place: what an object has is known by its kind."""
    guesses = []
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            asked = {n.value for n in call.args if isinstance(n, ast.Constant)}
            if call.func.id == "hasattr" or (call.func.id == "getattr" and len(call.args) == 3 and not asked & MARK):
                guesses.append(ast.unparse(call))
    assert not guesses


ARGUMENTS = 12  # of a kernel: more are named tuples of arrays, which are as fast
MANY: tuple[str, ...] = ()  # kernels that take more: none may be added


def kernels(name: str):
    """The compiled functions of a module."""
    for node in ast.walk(ast.parse(MODULES[name].read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            marks = {ast.unparse(mark).split("(")[0] for mark in node.decorator_list}
            if marks & {"kernel", "elementary", "strict"}:
                yield node


def taken(function: ast.FunctionDef) -> int:
    """Arguments of a function; it may not gather more than it names."""
    given = function.args
    assert not given.vararg and not given.kwarg, f"{function.name}: a kernel names its arguments"
    return len([*given.posonlyargs, *given.args, *given.kwonlyargs])


def test_kernels_take_at_most_a_dozen_arguments():
    assert sum(1 for name in MODULES for _ in kernels(name)) > 300
    assert {f"{name}.{k.name}" for name in MODULES for k in kernels(name) if taken(k) > ARGUMENTS} == set(MANY)


def test_kernels_ask_for_finite_numbers_by_comparing():
    """What Numba makes of isfinite is x - x, which the flags of our kernels let the compiler take for 0."""
    asked = [
        f"{name}.{k.name}"
        for name in MODULES
        for k in kernels(name)
        for n in ast.walk(k)
        if isinstance(n, (ast.Attribute, ast.Name)) and "isfinite" in ast.unparse(n)
    ]
    assert not asked


def test_there_is_no_other_way_to_compile_than_the_doors_that_are_counted():
    """Numba is imported in lab/kernels alone (above); there, one function calls it, and no other module makes a kernel by a call."""
    jit = {"njit", "jit", "vectorize", "guvectorize", "cfunc", "stencil", "generated_jit"}
    found = {}
    for name, path in MODULES.items():
        tree = ast.parse(path.read_text("utf-8"))
        if room(name) == "kernels":
            found[name] = [
                n
                for n in ast.walk(tree)
                if isinstance(n, (ast.Attribute, ast.Name)) and (getattr(n, "attr", "") or getattr(n, "id", "")) in jit
            ]
        else:
            made = [
                n.func.id
                for n in ast.walk(tree)
                if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in ("kernel", "strict", "elementary")
            ]
            marks = [n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in f.decorator_list if isinstance(n, ast.Call)]
            assert len(made) == len([m for m in marks if ast.unparse(m.func) in ("kernel", "strict", "elementary")]), name
    assert [name for name, there in found.items() if there] == ["lab.kernels.compiler"] and len(found["lab.kernels.compiler"]) == 1


TYPED = ("session", "engine", "display", "graph", "training", "embedding", "widgets")


@pytest.mark.parametrize("path", [p for p in SOURCES if room(module(p)) in TYPED], ids=place)
def test_functions_of_the_typed_rooms_say_their_types_unless_they_are_kernels(path):
    """mypy asks it of whole files: those with kernels are left out there, and what else stands in them would be, too."""
    compiled = {k.name for k in kernels(module(path))}
    bare = []
    for f in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(f, ast.FunctionDef) and f.name not in compiled:
            named = [*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs, *(a for a in (f.args.vararg, f.args.kwarg) if a)]
            untyped = [a.arg for a in named if a.annotation is None and a.arg not in ("self", "cls")]
            if untyped or (f.returns is None and not (f.name == "__init__" and len(named) > 1)):
                bare.append(f"{f.name}({', '.join(untyped)})")
    assert not bare


def test_no_folder_is_left_out_of_the_look_at_types():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]
    assert tool["check_untyped_defs"] and not tool.get("ignore_missing_imports")
    strict = next(o for o in tool["overrides"] if o.get("disallow_untyped_defs"))
    assert strict["module"] == [f"lab.{name}.*" for name in TYPED]
    for given in tool["overrides"]:
        assert not given.get("ignore_errors")
        if not given.get("disallow_untyped_defs", True):
            assert all(m in MODULES and any(kernels(m)) for m in given["module"])


def loaded_by(*arguments: str, cwd: Path) -> set[str]:
    code = "import sys; from lab.__main__ import main; main(sys.argv[1:]); print('|'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=cwd)
    return set(done.stdout.splitlines()[-1].split("|"))


@pytest.mark.parametrize("arguments", [("--help",), ("list",)])
def test_help_and_list_load_neither_numpy_nor_numba_nor_qt(arguments, tmp_path):
    assert not loaded_by(*arguments, cwd=tmp_path) & {"numpy", "numba", "PySide6", "pyqtgraph", "scipy"}


def test_run_without_a_picture_loads_no_qt(tmp_path):
    names = loaded_by("run", "hodgkin-huxley", "--for", "1ms", "-o", "a.lab", cwd=tmp_path)
    assert "numba" in names
    assert not names & {"PySide6", "pyqtgraph"}


def test_run_with_a_picture_loads_neither_the_letters_of_icons_nor_linear_algebra(tmp_path):
    for name in ("a", "b"):
        names = loaded_by("run", "hodgkin-huxley", "--for", "1ms", "-o", f"{name}.lab", "--picture", f"{name}.png", cwd=tmp_path)
        if "scipy.linalg" not in names:  # the compiler loads it: where the kernels were not kept yet, the second run tells
            break
    assert "pyqtgraph" in names
    assert not names & {"qtawesome", "scipy.linalg", "scipy.special", "sklearn", "matplotlib", "pandas", "h5py"}


def test_files_are_of_a_readable_length():
    long = {place(p): n for p in SOURCES if (n := len(p.read_text("utf-8").splitlines())) > 1000}
    assert not long


def test_every_module_says_what_it_is_for():
    assert not [place(p) for p in SOURCES if p.read_text("utf-8").strip() and not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
