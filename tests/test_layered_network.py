"""Layers on the canvas: shapes along the wires, and learning."""

import numpy as np
import pytest

from lab import engine
from lab.errors import ParameterError
from lab.graph import GraphError
from lab.graph_kinds.layers import chain, cnn, mlp, residual, shapes, tape, totals
from lab.models.networks.layered_network import LayeredNetwork


def test_shapes_run_along_the_wires():
    assert list(shapes(cnn()).values()) == [(8, 8, 1), (8, 8, 8), (4, 4, 8), (128,), (32,), (10,)]


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ((("input", "In", {"height": 8, "width": 8}), ("dense", "Dense", {}), ("output", "Out", {})), "In to Dense: .* put a Flatten between"),
        ((("input", "In", {}), ("convolution", "Conv", {}), ("output", "Out", {})), "In to Conv: .* takes pictures"),
        ((("input", "In", {"height": 3, "width": 3}), ("pool", "Pool", {"size": 4}), ("flatten", "F", {}), ("output", "Out", {})), "In to Pool: .* pool less"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused_with_both_ends(layers, words):
    graph = chain(*layers)
    with pytest.raises(GraphError, match=words):
        shapes(graph)
    with pytest.raises(GraphError, match=words):
        tape(graph)
    assert any(p.fatal for p in graph.problems())


def test_counts_equal_the_program_that_is_compiled():
    for graph in (mlp(), cnn(), residual()):
        program = tape(graph).compile(batch=4)
        assert f"{program.layout.parameters:,} parameters" in totals(graph)


def test_data_that_do_not_fit_the_input_are_refused():
    with pytest.raises(ParameterError, match="takes 2 values, but the examples of digits have 64"):
        LayeredNetwork(data="digits")


def test_drawn_units_have_the_activity_of_the_program():
    result = engine.run(LayeredNetwork(), steps=20, record={})
    shown = result.observe("units")
    assert len(shown["nodes"]) == 2 + 6 + 6 + 2 and len(shown["edges"]) == 12 + 36 + 12
    inputs, hidden = shown["nodes"][:2, 2], shown["nodes"][2:8, 2]
    program = result.simulation.constants[0]
    weights = program.parameters(result.state)
    id = mlp().named("Hidden 1").id
    assert hidden == pytest.approx(np.tanh(inputs @ weights[f"{id}.sum.weight"] + weights[f"{id}.sum.bias"]), abs=1e-5)


def test_a_residual_block_learns_moons():
    # The median: a single minibatch late in training can bend the line for a few steps.
    model = LayeredNetwork(graph=residual().to_json())
    assert np.median([engine.run(model, steps=600, seed=seed, record={}).summary["test accuracy"] for seed in range(3)]) > 0.95
