"""Benchmarks are run by hand, so what they import must be looked up here: a name that has moved would be found out too late."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "benchmarks").glob("*.py"))


def programs(source: str) -> list[ast.AST]:
    """A file and each program that it holds as a text, for another process."""
    found: list[ast.AST] = [ast.parse(source)]
    for node in ast.walk(found[0]):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\nfrom lab" in node.value:
            found.append(ast.parse(node.value))
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.name)
def test_what_a_benchmark_takes_from_the_lab_is_there(file):
    for program in programs(file.read_text("utf-8")):
        for node in ast.walk(program):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "lab":
                module = importlib.import_module(node.module)
                for name in node.names:
                    if not hasattr(module, name.name):
                        importlib.import_module(f"{node.module}.{name.name}")


def test_each_benchmark_is_in_the_table_of_its_page():
    page = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    assert [file.name for file in FILES if f"`{file.name}`" not in page and file.name != "peer.py"] == []
