"""Nodes of the canvas that stand in files of one's own: a unit, a population and a binary unit are wired, run, counted and drawn like any other."""

from __future__ import annotations

import importlib
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.graph import parts
from lab.graph.census import census
from lab.graph.document import Graph, GraphError, Kind, extend, family
from lab.graph.kinds import listed
from lab.graph.kinds.gates import arithmetic, compiled
from lab.graph.kinds.units import IN, OUT, Unit
from lab.models.networks.boolean_network import BooleanNetwork
from lab.models.networks.computation_graph import ComputationGraph, difference
from lab.models.networks.hopfield_units import HopfieldUnits
from lab.models.networks.spiking_network import SpikingNetwork
from lab.params import param
from lab.spiking.network import Input, Network
from lab.spiking.projections import Drive

PAGE = (Path(__file__).parent.parent / "docs" / "adding-a-model.md").read_text("utf-8")
PLAIN = {"inhibition": 1.0, "excitation": 1.0, "drive": 1.0, "scale": 1.0}
BLOCKS = re.findall(r"```py\n(.*?)```", PAGE, re.S)


FAMILIES = {name: family(name) for name in parts.FAMILIES}


@pytest.fixture(autouse=True)
def own_families(monkeypatch):
    """What a test registers goes away with it."""
    monkeypatch.setattr(parts, "_families", dict(FAMILIES))


def load(word: str, path: Path) -> dict:
    """Run the example of the page that holds a word, as the file that it says it is."""
    (code,) = (block for block in BLOCKS if word in block)
    path.write_text(code, "utf-8")
    found = {"__name__": path.stem}
    exec(compile(code, str(path), "exec"), found)
    return found


@pytest.fixture
def bumps(tmp_path):
    """Two inputs into a bump, into an output: it says whether exactly one of them is 1."""
    load("class Bump", tmp_path / "bump.py")
    graph = Graph("gates")
    graph, bump = graph.add_node("bump", 200, 0, "one of two", centre=1.0)
    for k in range(2):
        graph, x = graph.add_node("input", 0, 100 * k, f"x{k + 1}", value=0.3 + 0.9 * k)
        graph, _ = graph.connect(x, bump, weight=1.0 + 0.5 * k)
    graph, y = graph.add_node("output", 400, 0, "y")
    return graph.connect(bump, y)[0]


def test_a_unit_from_outside_has_its_values_its_slope_its_words_and_its_document(bumps):
    assert Graph.from_json(bumps.to_json()) == bumps and not bumps.problems()
    program = compiled(bumps)
    given = np.array([[0.3], [1.2]])
    total = 0.3 + 1.5 * 1.2
    assert program.evaluate(given)[program.outputs[0], 0] == pytest.approx(math.exp(-0.5 * (total - 1) ** 2))
    assert difference(program, given) < 1e-8
    assert bumps.kinds.caption(bumps, bumps.named("one of two")) == "near 1"
    assert [bumps.kinds.label(bumps, e) for e in bumps.edges] == ["1", "1.5", ""]
    assert (census(bumps).neurons, census(bumps).synapses) == (1, 2)
    ids = {n.title: n.id for n in bumps.nodes}
    said = arithmetic(bumps, ids["one of two"], {ids["x1"]: 0.3, ids["x2"]: 1.2, ids["one of two"]: 0.546})
    assert said == "one of two = bump(1·0.3 + 1.5·1.2 - 1) = 0.546"


def test_it_runs_in_the_models_that_take_circuits(bumps):
    result = engine.run(ComputationGraph(graph=bumps.to_json()), steps=4, record={})
    assert result.summary["y"] == pytest.approx(math.exp(-0.5 * 1.1**2))
    # With weights and centre 3 it is far from its centre where both or none are 1: one unit does XOR, which no threshold gate can.
    xor = bumps
    for id in (*(e.id for e in bumps.edges[:2]),):
        xor = xor.set(id, weight=3.0)
    xor = xor.set(xor.named("one of two").id, centre=3.0)
    rows = engine.run(BooleanNetwork(graph=xor.to_json()), steps=0, record={}).observe("table")
    assert [row["→ y"] for row in rows] == [0, 1, 1, 0]


@pytest.fixture
def quadratic(tmp_path):
    return load("class QuadraticIF", tmp_path / "quadratic.py")["QuadraticIF"]


def interval(cells, steps: int) -> float:
    """Mean time between two spikes (ms) of cells that nothing reaches."""
    net = Network((("Q", cells),), inputs=(Input("Q", Drive(rate=0.0)),))
    built = net.build(0.02, 1)
    state = net.start(built, 1)
    net.advance(built, state, steps)
    return float((state["interval"] / (state["spikes"] - 1)).mean()) * 0.02


def driven() -> Graph:
    """Quadratic cells at rest, driven from outside, that make others fire."""
    graph = Graph("populations")
    graph, q = graph.add_node("quadratic", 0, 0, "Q", size=10, bias=-1.0)
    graph, e = graph.add_node("lif", 300, 0, "E", size=5)
    graph, d = graph.add_node("drive", -300, 0, "Outside", rate=40.0, sources=100, weight=1.0)
    graph, _ = graph.connect(d, q, input="drive")
    return graph.connect(q, e, weight=9.0, rule="all to all")[0]


def rates(graph: Graph, steps: int) -> list[float]:
    summary = engine.run(SpikingNetwork(graph=graph.to_json(), **PLAIN), steps=steps, seed=1, record={}).summary
    return [summary["Q (Hz)"], summary["E (Hz)"]]


def judge(cells, steps: int) -> None:
    """Between two spikes lies tau (2 / sqrt(bias)) atan(peak / sqrt(bias)); synapses reach it, and its spikes reach others."""
    assert interval(cells(size=5, bias=4.0), steps) == pytest.approx(10.0 * math.atan(20.0 / 2.0), rel=0.02)
    graph = driven()
    assert min(rates(graph, steps)) > 1
    assert rates(graph.set(graph.named("Outside").id, rate=0.0), steps) == [0.0, 0.0]


def test_a_population_from_outside_is_a_node_like_any_other(quadratic):
    graph = driven()
    assert not graph.problems() and Graph.from_json(graph.to_json()) == graph
    assert graph.kinds.caption(graph, graph.named("Q")) == "quadratic · 10"
    assert census(graph).neurons == 15
    assert not graph.refusal(graph.named("E").id, graph.named("Q").id)


@pytest.mark.long
def test_it_fires_as_its_equation_says_compiled(quadratic):
    judge(quadratic, 10_000)


def test_it_fires_as_its_equation_says_interpreted(tmp_path):
    """The same loop without the compiler, whose time would be spent on a kernel that no other test shares."""
    code = f"""
import pathlib, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_adding_a_node as here
here.judge(here.load("class QuadraticIF", pathlib.Path("quadratic.py"))["QuadraticIF"], 2500)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_binary_unit_from_outside_takes_part_in_the_one_rule(tmp_path):
    class Pinned(Unit):
        """A unit that stays where it began."""

        owner = "pinned unit"
        bias: float = param(50.0, lo=-100, hi=100, doc="So large that the others cannot move it.", main=True)

    extend("units", Kind("pinned", "Pinned unit", Pinned, IN, OUT, "Stays as it is", caption=lambda value: "pinned"))
    graph = Graph("units")
    graph, up = graph.add_node("pinned", 0, 0, "up")
    graph, a = graph.add_node("unit", 100, 0, "a", first="-1")
    graph, b = graph.add_node("unit", 200, 0, "b")
    graph, _ = graph.connect(up, a, weight=1.0)
    graph, _ = graph.connect(a, b, weight=-2.0)
    assert Graph.from_json(graph.to_json()) == graph and graph.kinds.caption(graph, graph.node(up)) == "pinned"
    result = engine.run(HopfieldUnits(graph=graph.to_json()), steps=200, seed=1, record={})
    x = result.state["x"]
    assert x[0] == 1 and x[1] == -x[2]


def test_a_name_that_is_taken_is_refused(bumps):
    for name in ("gates", "populations", "units"):
        with pytest.raises(GraphError, match="already: give the new one another name"):
            extend(name, family(name).kinds[0])


def test_all_of_them_stand_on_the_canvas(bumps, quadratic, qtbot):
    pytest.importorskip("PySide6")
    from lab.widgets.networks import NetworkEditor

    editor = NetworkEditor()
    qtbot.addWidget(editor)
    editor.show_text(bumps.to_json())
    item = editor.scene.nodes[bumps.named("one of two").id]
    assert item.caption == "near 1" and item.unit
    assert "bump" in {kind.name for kind in editor.kinds.family.kinds}
    cells, _ = Graph("populations").add_node("quadratic", 0, 0, "Q", size=50)
    editor.show_text(cells.to_json())
    assert [(item.caption, item.unit) for item in editor.scene.nodes.values()] == [("quadratic · 50", False)]


@pytest.mark.parametrize("name", ["layers", "gates", "populations"])
def test_what_lies_in_the_folder_of_a_family_is_found_by_itself(name):
    """The lab's own nodes come by the way that a new file goes: its `KINDS`, listed."""
    package = importlib.import_module(f"lab.graph.kinds.{name}")
    assert family(name).kinds == listed(package.__name__, package.__path__)
    assert len({kind.name for kind in family(name).kinds}) == len(family(name).kinds)
