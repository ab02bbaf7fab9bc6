"""Families of nodes, each imported when it is first asked for; a family is a file or a folder here."""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

from lab.graph.parts import Kind


def listed(folder: str, path: Iterable[str]) -> tuple[Kind, ...]:
    """The kinds that the files of a family's folder hold as `KINDS`, in the order of the palette."""
    found: list[tuple[Kind, ...]] = [vars(import_module(f"{folder}.{module.name}")).get("KINDS", ()) for module in iter_modules(path)]
    return tuple(sorted((kind for kinds in found for kind in kinds), key=lambda kind: kind.place))
