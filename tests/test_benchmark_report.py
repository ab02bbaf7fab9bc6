"""Benchmarks are run by hand, so what they import must be looked up here: a name that has moved would be found out too late."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
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


@pytest.fixture
def report(monkeypatch):
    """The file that makes the page, with the folder of peers empty."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.setenv("LAB_PEERS", str(ROOT / "benchmarks" / "nowhere"))
    spec = importlib.util.spec_from_file_location("benchmark_report", ROOT / "benchmarks" / "report.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("peer", None)


def test_a_ratio_is_of_the_quickest_peer_and_what_is_missing_is_named(report):
    rows = [{"case": "a case", "unit": "s", "ours": 0.5, "theirs": {"slow": 4.0, "quick": 1.25}, "wanted": "2"}]
    text = report.page({"one_thing": (rows, ""), "other": ([], "no such peer")}, ("0.1", "0.2"))
    assert "| a case | s | 0.5 | quick 1.25<br>slow 4 | **2.50** | 2 |" in text
    assert "## One thing" in text and "It ended early: no such peer" in text
    assert "Not here: brian2, neuron, nest, nengo, torch, jax, maps." in text


def test_every_comparison_with_a_peer_is_in_the_report(report):
    with_peers = {file.stem for file in FILES if "row(" in file.read_text("utf-8")} - {"peer", "report"}
    assert with_peers == set(report.RUNS)
