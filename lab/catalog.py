"""The catalogue: every model by name, found as files in `lab/models/<panel>/`, imported only when asked for.

`entries()` reads the declarations with `ast`, so listing sixty models imports none of them (and neither NumPy nor Numba).
A path to a Python file of the user's own is a model name too, where a person gives it: `given` runs that file. What a
session or an experiment file names goes through `load`, which runs nothing.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import ModelError, OwnModelError, near
from lab.search import Subject, rank
from lab.units import formula, signed

if TYPE_CHECKING:
    from lab.model import Model

FOLDER = Path(__file__).parent / "models"
FIRST = "hodgkin-huxley"  # what the window shows before anybody has chosen
PANELS = {"neurons": "Neurons", "networks": "Networks", "learning": "Learning", "embeddings": "Embeddings"}


@dataclass(frozen=True)
class Entry:
    """What the gallery and `lab list` show of a model without importing it."""

    name: str
    panel: str
    title: str
    group: str
    icon: str
    order: int
    role: str
    about: str  # first sentence of the docstring
    presets: tuple[str, ...] = ()
    takes: tuple[Taking, ...] = ()
    also: tuple[str, ...] = ()  # what else people call it or come for


@dataclass(frozen=True)
class Taking:
    """Something that a model can be opened with.

    what    `graph` (a network on the canvas), `network` (a file of one), `vectors` (a file of them), `text` (a file to learn words from), `writing` (to go on with),
            `table` (to learn), `rows` (of a table, to map), `pictures`, `recording` and `sound` (to drive a cell)
    family  of graphs: the family that the model is the home of; empty: it takes a graph of any family
    words   what a person reads who may choose it
    into    the parameter that takes it; for a graph the one of that kind
    values  of other parameters, which make it take this; `large`: those that differ for a large file
    counts  of graphs: it only counts, so one too large to be run is welcome
    begins  of graphs: the kind of node that those of this model begin with; empty: all of the family that begin with none of another model
    """

    model: str
    what: str
    family: str = ""
    words: str = ""
    into: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    large: Mapping[str, Any] = field(default_factory=dict)
    counts: bool = False
    begins: str = ""

    def parameters(self, given: str, *, large: bool = False, **own: Any) -> dict[str, Any]:
        """Parameters with which the model takes this; `own` ones are a person's."""
        return {self.into: given, **self.values, **(self.large if large else {}), **own}


@cache
def entries() -> tuple[Entry, ...]:
    """All models of the catalogue, sorted by panel, group and order."""
    found = []
    for path in sorted(FOLDER.glob("*/*.py")):
        if path.stem.startswith("_"):
            continue
        entry = _read(path)
        if entry is not None:
            found.append(entry)
    panels = list(PANELS)
    first: dict[tuple[str, str], int] = {}
    for e in found:
        key = (e.panel, e.group)
        first[key] = min(first.get(key, e.order), e.order)
    return tuple(sorted(found, key=lambda e: (panels.index(e.panel), first[e.panel, e.group], e.group, e.order, e.title)))


_CLASS = re.compile(r"^class \w.*\n(?:(?:    (?!@|def |async ).*)?\n)*", re.M)


def _read(path: Path) -> Entry | None:
    text = path.read_text("utf-8")
    for head in _CLASS.findall(text):
        # Declarations stand before the first method: parsing no more than them makes listing all models five times faster.
        try:
            entry = _declared(path, ast.parse(head))
        except SyntaxError:
            entry = None
        if entry is not None:
            return entry
    return _declared(path, ast.parse(text))


def _declared(path: Path, tree: ast.Module) -> Entry | None:
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        known: dict = {}
        for item in node.body:
            if isinstance(item, (ast.Assign, ast.AnnAssign)) and item.value is not None:
                target = item.targets[0] if isinstance(item, ast.Assign) else item.target
                if isinstance(target, ast.Name) and target.id in ("name", "title", "group", "icon", "order", "role", "also"):
                    if isinstance(item.value, ast.Constant):
                        known[target.id] = item.value.value
                elif isinstance(target, ast.Name) and target.id == "presets" and isinstance(item.value, ast.Dict):
                    known["presets"] = tuple(k.value for k in item.value.keys if isinstance(k, ast.Constant))
                elif isinstance(target, ast.Name) and target.id == "takes":
                    known["takes"] = ast.literal_eval(item.value)
        if "name" in known:
            about = first_words(ast.get_docstring(node) or "")
            known = {"title": known["name"], "group": "", "icon": "mdi6.circle-outline", "order": 50, "role": ""} | known
            known["takes"] = tuple(Taking(known["name"], **each) for each in known.get("takes", ()))
            known["also"] = tuple(filter(None, map(str.strip, known.get("also", "").split(";"))))
            return Entry(panel=path.parent.name, about=about, **known)
    return None


def first_words(doc: str) -> str:
    """The first paragraph of a docstring as plain words, for where nothing sets it: without the marks around code."""
    words = " ".join(doc.strip().split("\n\n")[0].split()).split("`")
    return "".join(formula(part) if k % 2 else signed(part) for k, part in enumerate(words))


_PARAMETER = re.compile(r"^    (\w+): [^\n=]+ = (?:param)?\(?.*?(?=^    \w|\Z)", re.M | re.S)
_DOC = re.compile(r'\bdoc=\s*"((?:[^"\\]|\\.)*)"')
_ACTION = re.compile(r'^    @action\(\s*"([^"]*)"', re.M)


@cache
def subject(name: str) -> Subject:
    """A model as the search sees it: also its parameters, actions and help, read from its file without importing it."""
    e = entry(name)
    text = (FOLDER / e.panel / f"{name.replace('-', '_')}.py").read_text("utf-8")
    head = next((h for h in _CLASS.findall(text) if f'    name = "{name}"' in h), "")
    help_ = head.split('"""')[1] if head.count('"""') > 1 else ""
    declared = [f"{m.group(1).replace('_', ' ')} {' '.join(_DOC.findall(m.group()))}" for m in _PARAMETER.finditer(head)]
    details = "; ".join([*declared, *_ACTION.findall(text)])
    return Subject(e.title, (name, *e.also), details, f"{help_} {e.group} {PANELS[e.panel]} {' '.join(_DOC.findall(text))}")


def search(query: str) -> list[Entry]:
    """The models that a query means, best first."""
    known = entries()
    return [known[k] for k in rank(query, [subject(e.name) for e in known])]


def names(role: str = "") -> list[str]:
    """Names of all models, or of those with a role (`neuron`)."""
    return [e.name for e in entries() if not role or e.role == role]


def takers(what: str, family: str = "") -> list[Taking]:
    """What models take: all that take `what`, or the homes of a family of graphs."""
    return [t for e in entries() for t in e.takes if t.what == what and (not family or t.family == family)]


def home(family: str, kinds: Collection[str]) -> Taking:
    """The home of a graph of a family that has nodes of these kinds."""
    found = takers("graph", family)
    return next((t for t in found if t.begins in kinds), next(t for t in found if not t.begins))


def entry(name: str) -> Entry:
    """The catalogue's entry called `name`."""
    for e in entries():
        if e.name == name:
            return e
    shown = name if len(name) <= 80 else name[:77] + "..."
    raise ModelError(f"There is no model '{shown}': {near(shown, names())}")


def panel_of(name: str) -> str:
    """The panel of a model of the catalogue; nothing for one in a file of a person's own."""
    return next((e.panel for e in entries() if e.name == name), "")


def load(name: str) -> type[Model]:
    """The model class called `name`: one of the catalogue, or of a person's own file that was opened before in this process.

    Nothing is run here, so the name may come from anywhere: a session or an experiment file may say what it likes. Raises
    OwnModelError for a Python file that nobody has opened.
    """
    if name.endswith(".py"):
        found = _opened.get(_resolved(name)) or next((c for p, c in reversed(_opened.items()) if p.name == Path(name).name), None)
        if found is None:
            raise OwnModelError(name, _resolved(name), [place.name for place in _opened])
        return found
    e = entry(name)
    module = importlib.import_module(f"lab.models.{e.panel}.{name.replace('-', '_')}")
    return _the_model(module, name)


def given(name: str) -> type[Model]:
    """The model class that a person names: of the catalogue, or in the Python file at this path, which is run."""
    return open_file(name) if name.endswith(".py") else load(name)


def open_file(path: str | Path) -> type[Model]:
    """Run a Python file and give the model in it: only ever for a path that a person gave, never for one out of a file."""
    place = _resolved(path)
    if place not in _opened:
        _opened[place] = _run_file(place)
    return _opened[place]


_opened: dict[Path, type[Model]] = {}  # files of a person's own that were run in this process


def _resolved(path: str | Path) -> Path:
    try:
        return Path(path).resolve()
    except (OSError, ValueError, RuntimeError):  # a zero character, a circle of links
        return Path("unreadable.py")


def _run_file(path: Path) -> type[Model]:
    if not os.path.isfile(path):  # Path.is_file raises for a name that is too long
        raise ModelError(f"There is no model file {str(path)[:200]}: give the path of a Python file that holds one Model class.")
    name = f"lab_user_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"  # two files may be called alike
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ModelError(f"The model file {path} does not run: {type(error).__name__}: {error}") from error
    return _the_model(module, str(path))


def _the_model(module, name: str) -> type[Model]:
    from lab.model import Model

    here = [
        c for _, c in inspect.getmembers(module, inspect.isclass) if issubclass(c, Model) and c.__module__ == module.__name__ and c.name
    ]
    if len(here) != 1:
        raise ModelError(f"{name}: a model file holds exactly one Model class with a name (found {len(here)}).")
    return here[0]
