"""Benchmarks are run by hand, so what they import must be looked up here: a name that has moved would be found out too late."""

from __future__ import annotations

import ast
import datetime
import importlib
import importlib.metadata
import importlib.util
import re
import subprocess
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
    text = report.page({"one_thing": (rows, ""), "other": ([], "no such peer")}, report.circumstances(("0.1", "0.2")))
    assert "| a case | s | 0.5 | quick 1.25<br>slow 4 | **2.50** | 2 |" in text
    assert "## One thing" in text and "It ended early: no such peer" in text
    assert "Not here: brian2, neuron, nest, nengo, torch, jax, maps." in text


def test_a_section_that_is_not_measured_stays_as_it_was(report, monkeypatch, tmp_path):
    page = tmp_path / "benchmarks.md"
    rows = [{"case": "first", "unit": "s", "ours": 0.5, "theirs": {"quick": 1.0}, "wanted": ""}]
    page.write_text(report.page(dict.fromkeys(report.RUNS, (rows, "")), "Measured long ago."), "utf-8")
    before = report.sections(page.read_text("utf-8"))
    assert list(before) == [report.heading(name) for name in report.RUNS]
    monkeypatch.setattr(report, "measured", lambda name: ([rows[0] | {"case": "second"}], ""))
    monkeypatch.setattr(sys, "argv", ["report.py", "--only", "tape", "--out", str(page)])
    report.main()
    after = report.sections(page.read_text("utf-8"))
    assert list(after) == list(before) and {title for title in before if after[title] != before[title]} == {"Tape"}
    assert "| second |" in after["Tape"] and "first" not in after["Tape"] and "long ago" not in after["Tape"]
    assert f"Measured on {datetime.date.today():%Y-%m-%d}" in after["Tape"]


def test_each_section_of_the_page_says_when_and_at_which_commit_it_was_measured(report):
    sections = report.sections((ROOT / "docs" / "benchmarks.md").read_text("utf-8"))
    assert sections and set(sections) <= {report.heading(name) for name in report.RUNS}
    for title, text in sections.items():
        assert re.match(r"Measured on \d{4}-\d\d-\d\d, commit [0-9a-f]{7,}", text), title


def test_every_comparison_with_a_peer_is_in_the_report(report):
    with_peers = {file.stem for file in FILES if "row(" in file.read_text("utf-8")} - {"peer", "report"}
    assert with_peers == set(report.RUNS)


def test_the_report_and_every_asked_peer_are_pinned_to_one_thread(report, monkeypatch):
    seen = []

    def run(command, env=None, **more):
        seen.append(env)
        return subprocess.CompletedProcess(command, 0, stdout="{}", stderr="")

    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.setattr(subprocess, "run", run)
    assert report.measured("tape") == ([], "")
    sys.modules["peer"].ask(Path("python"), "nengo_ensembles.py")
    for environment in seen:
        assert {environment[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")} == {"1"}
        assert "intra_op_parallelism_threads=1" in environment["XLA_FLAGS"]
    assert len(seen) == 2


@pytest.mark.parametrize(
    "file", [f for f in FILES if "row(" in f.read_text("utf-8") or "lend(" in f.read_text("utf-8")], ids=lambda p: p.name
)
def test_each_comparison_pins_its_libraries_and_its_peers_have_versions_in_the_report(file, report):
    if file.stem in ("peer", "report"):
        return
    text = file.read_text("utf-8")
    named = set(re.findall(r"\b(?:peer|lend)\(\"(\w+)\"\)", text)) | ({"brian2", "nest"} if "spiking_peers" in text else set())
    assert named and named <= set(report.VERSIONS)
    # A library in this process takes its number of threads when it is loaded, or when it is told.
    if "import torch" in text:
        assert "torch.set_num_threads(1)" in text or "networks." in text
        assert 'OMP_NUM_THREADS="1"' in text
    if "import jax" in text:
        assert "intra_op_parallelism_threads=1" in text[: text.index("import jax")]


def test_a_report_says_the_version_of_each_peer_that_is_here(report, monkeypatch):
    monkeypatch.setattr(report, "peer", lambda name: Path(sys.executable) if name == "nest" else None)
    monkeypatch.setattr(report, "VERSIONS", {"nest": ("numpy", "numba"), "jax": ("jax",)})
    here, missing = report.peers()
    assert here == [f"numpy {importlib.metadata.version('numpy')}, numba {importlib.metadata.version('numba')}"] and missing == ["jax"]
    assert f"scipy {importlib.metadata.version('scipy')}" in report.circumstances(("0", "0"))


def test_a_peer_is_started_with_its_own_packages_and_one_thread(report, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "somebody/elses/site-packages")
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    found = sys.modules["peer"].surroundings()
    assert "PYTHONPATH" not in found and found["OMP_NUM_THREADS"] == "1" and found["PATH"]
