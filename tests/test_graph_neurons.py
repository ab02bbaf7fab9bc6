"""Counting the neurons and synapses of network documents, and analysing who reaches whom in them."""

import networkx as nx
import numpy as np
import pytest

from lab import units
from lab.engine import simulation as engine
from lab.errors import LabError, ParameterError
from lab.graph.census import census, connections
from lab.graph.document import family
from lab.graph.kinds.gates import parity
from lab.graph.kinds.layers import cnn, deep, mlp
from lab.graph.kinds.populations import brunel, vogels_abbott
from lab.graph.kinds.units import hopfield
from lab.models.networks.connectivity import Connectivity, layered_twin
from lab.models.networks.counting import Counting


@pytest.mark.parametrize(
    ("graph", "neurons", "synapses"),
    [
        (mlp(6, 2, 2), 14, 2 * 6 + 6 * 6 + 6 * 2),
        (cnn(), 8 + 32 + 10, 8 * 9 + 128 * 32 + 32 * 10),
        (deep(4), 8 + 4 * 8 + 2, 2 * 8 + 4 * 64 + 16),
        (parity(4), 5, 4 * 4 + 4),
        (hopfield(), 16, 2 * len(hopfield().edges)),
        (brunel(), 12_500, 12_500 * 1250),
    ],
    ids=["layers", "convolution", "block", "gates", "units", "populations"],
)
def test_a_row_of_weights_is_a_neuron_and_its_columns_are_synapses(graph, neurons, synapses):
    found = census(graph)
    assert (found.neurons, found.synapses) == (neurons, synapses)
    assert units.number(neurons) in graph.kinds.totals(graph)


def test_layers_are_joined_neuron_by_neuron():
    names, pairs = connections(mlp(3, 2, 2), 100)
    assert names[:3] == ("Input 1", "Input 2", "Hidden 1 1")
    assert {tuple(p) for p in pairs.tolist()} == {
        (a, b) for one, other in (((0, 1), (2, 3, 4)), ((2, 3, 4), (5, 6, 7)), ((5, 6, 7), (8, 9))) for a in one for b in other
    }


def test_of_large_populations_a_part_is_taken_with_the_same_probability():
    names, pairs = connections(vogels_abbott(), 1000, seed=1)
    assert len(names) == 1000 and sum(n.startswith("I ") for n in names) == 200
    assert len(pairs) == pytest.approx(0.02 * 1000 * 999, rel=0.03)


def test_what_cannot_be_told_apart_is_refused_in_words():
    with pytest.raises(LabError, match="Convolution shares its weights over places"):
        connections(cnn(), 3000)
    with pytest.raises(LabError, match="up to 10 can be analysed"):
        connections(mlp(6), 10)
    with pytest.raises(ParameterError, match="graph"):
        Counting(graph="{")


def test_the_network_on_the_canvas_is_analysed_as_networkx_does():
    graph = family("populations").templates["Winner-take-all"].make()
    result = engine.run(Connectivity(network="canvas", graph=graph.to_json(), nodes=100, random_graphs=2), seed=3)
    names, pairs = connections(graph, 100, 3)
    truth = nx.Graph((a, b) for a, b in pairs.tolist() if a != b)
    assert result.summary["edges"] == truth.number_of_edges()
    assert result.summary["clustering"] == pytest.approx(nx.average_clustering(truth), abs=1e-12)
    assert len(names) == 100


@pytest.mark.parametrize(("nodes", "edges"), [(200, 1000), (50, 600), (7, 9)])
def test_the_layered_network_beside_it_has_as_many_nodes_and_edges_and_no_triangle(nodes, edges):
    found, layers = layered_twin(nodes, edges, np.random.default_rng(0))
    graph = nx.Graph(found.tolist())
    assert len(found) == graph.number_of_edges() == edges and 2 <= layers <= 6
    assert found.max() < nodes and sum(nx.triangles(graph).values()) == 0 and nx.is_bipartite(graph)


def test_counting_takes_the_canvas_unless_layers_are_typed():
    drawn = engine.run(Counting(graph=brunel().to_json())).summary
    typed = engine.run(Counting(graph=brunel().to_json(), layers="784-256-10")).summary
    assert drawn["synapses per neuron"] == 1250 and typed["synapses"] == 784 * 256 + 256 * 10
