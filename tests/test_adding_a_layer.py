"""A kind of layer that stands in a file of one's own is wired, written on the tape, counted and trained like any other."""

from __future__ import annotations

from typing import ClassVar

import pytest

from lab.engine import simulation as engine
from lab.graph import parts
from lab.graph.census import census, connections
from lab.graph.document import Graph, GraphError, extend, family
from lab.graph.kinds.layers import Count, Layer, chain, shapes
from lab.graph.kinds.layers.layer import IN, LAYERS, OUT
from lab.models.networks.layered_network import LayeredNetwork
from lab.params import Described, param


class Maxout(Described):
    """Each unit is the larger of two weighted sums."""

    owner: ClassVar[str] = "maxout"
    units: int = param(4, lo=1, hi=1000, live=False, doc="Units.", main=True)


def write(tape, node, sources, shape):
    """The larger of two weighted sums of what comes in."""
    value = node.parameters
    one = tape.affine(sources[0], value.units, init="he", name=f"{node.id}.sum")
    other = tape.affine(sources[0], value.units, init="he", name=f"{node.id}.other")
    return tape.add(one, tape.activation(other - one, "relu"), name=node.id)


MAXOUT = Layer(
    "maxout", "Maxout", Maxout, IN, OUT, "The larger of two sums", "mdi6.chart-timeline-variant", LAYERS, "M",
    takes="numbers", shape=lambda value, given: (value.units,), write=write, weights="maxout layer", cells="each",
    count=lambda value, before, after: Count(2 * after[0], 2 * before[0] * after[0], 2 * (before[0] + 1) * after[0]),
    caption=lambda value: f"{value.units} maxout units",
)  # fmt: skip


@pytest.fixture
def maxout(monkeypatch):
    known = family("layers")
    monkeypatch.setitem(parts._families, "layers", known)
    extend("layers", MAXOUT)
    return chain(("input", "In", {"channels": 2}), ("maxout", "Maxout", {"units": 16}), ("output", "Out", {"classes": 2}))


def test_it_is_found_drawn_counted_and_survives_its_document(maxout):
    assert Graph.from_json(maxout.to_json()) == maxout
    assert list(shapes(maxout).values()) == [(2,), (16,), (2,)]
    assert maxout.kinds.caption(maxout, maxout.named("Maxout")) == "16 maxout units"
    assert (census(maxout).neurons, census(maxout).synapses) == (2 * 16 + 2, 2 * 2 * 16 + 16 * 2)
    assert census(maxout).how == "1 dense layer, 1 maxout layer"
    assert "130 parameters" in maxout.kinds.totals(maxout)
    assert len(connections(maxout, 100)[1]) == 2 * 16 + 16 * 2
    assert not maxout.problems()


def test_it_learns(maxout):
    result = engine.run(LayeredNetwork(graph=maxout.to_json(), data="moons", rate=0.03), steps=600, seed=1, record={})
    assert result.summary["test accuracy"] > 0.97  # a line reaches 0.88
    assert {"Maxout", "Out"} <= set(result.model.stage_names())


def test_a_name_that_is_taken_is_refused(maxout):
    with pytest.raises(GraphError, match="have a kind 'maxout' already"):
        extend("layers", MAXOUT)
