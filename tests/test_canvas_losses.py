"""Networks of the canvas whose loss has several terms: a sampled code, a second loss, a reconstruction pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from lab import catalog
from lab.engine import simulation as engine
from lab.engine.simulation import Simulation
from lab.errors import LabError, ParameterError
from lab.graph.document import GraphError
from lab.graph.kinds.layers import chain, mlp, shapes, variational

CANVAS = catalog.load("canvas-training")


def digits(graph, **values):
    return Simulation(CANVAS(graph=graph.to_json(), data="digits", **values), 1)


def forward(s, names, count=8, seed=2):
    m = s.constants.material
    given = s.model.given(m.test_x[:count], m.test_t[:count])
    return [a.astype(float) for a in s.constants.program.forward(s.model.tape_state(s.constants, s.state), names, seed=seed, **given)]


def test_a_sampled_code_makes_a_variational_autoencoder():
    graph = variational(3)
    code, end = graph.named("Code").id, graph.named("Picture again").id
    s = digits(graph.set(code, beta=0.7))
    loss, said, far, mean, spread, z, output, picture = forward(
        s, ["loss", f"{end}.loss", f"{code}.divergence", f"{code}.sum", f"{code}.spread", code, f"{end}.sum", end]
    )
    x = s.constants.material.test_x[:8]
    p = 1 / (1 + np.exp(-output))
    assert picture == pytest.approx(p, abs=1e-5) and said == pytest.approx(-(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(1), rel=1e-4)
    assert far == pytest.approx(0.5 * (np.exp(spread) + mean**2 - spread - 1).sum(1), rel=1e-4)
    assert loss == pytest.approx(said + 0.7 * far, rel=1e-5) and z.shape == (8, 3)
    block = s.advance(3, ["loss: Code", "loss: Picture again", "loss"])
    total = block.samples["loss: Picture again"] + 0.7 * block.samples["loss: Code"]
    assert block.samples["loss"] == pytest.approx(total, rel=1e-4) and "terms" in {p.name for p in s.model.pictures}


@pytest.mark.long
def test_it_learns_as_the_model_of_that_name_does():
    r = engine.run(CANVAS(**CANVAS.presets["Digits, variational autoencoder"]), seed=1, record={})
    assert r.summary["test loss"] < 26


def test_a_second_loss_is_asked_for_beside_the_first():
    graph = chain(
        ("input", "Input", dict(height=8, width=8, channels=1)), ("flatten", "Flatten", {}), ("dense", "Encoder", dict(units=16, activation="relu")),
        ("dense", "Code", dict(units=4)), ("reconstruction", "Again", {}),
    )  # fmt: skip
    graph, second = graph.add_node("second-loss", 900, 200, "Which digit", classes=10, weight=0.5)
    graph, _ = graph.connect(graph.named("Code").id, second)
    s = digits(graph)
    end = graph.named("Again").id
    loss, again, asked, logits = forward(s, ["loss", f"{end}.loss", f"{second}.loss", f"{second}.sum"])
    t = s.constants.material.test_t[:8]
    expected = np.log(np.exp(logits).sum(1)) - logits[np.arange(8), t]
    assert asked == pytest.approx(expected, rel=1e-4) and loss == pytest.approx(again + 0.5 * asked, rel=1e-4)
    before = s.constants.program.parameters(s.state)[f"{second}.sum.weight"].copy()
    s.advance(5)
    assert not np.array_equal(before, s.constants.program.parameters(s.state)[f"{second}.sum.weight"])
    with pytest.raises(ParameterError, match="Which digit asks for 9 classes, but digits has 10"):
        CANVAS(graph=graph.set(second, classes=9).to_json(), data="digits")


def test_a_second_loss_beside_classes_uses_the_same_classes():
    graph = mlp(8)
    graph, second = graph.add_node("second-loss", 500, 300, "Early", classes=2)
    graph, _ = graph.connect(graph.named("Hidden 1").id, second)
    r = engine.run(CANVAS(graph=graph.to_json(), epochs=30), seed=1, record={})
    assert r.summary["test accuracy"] > 0.9


def test_shapes_are_checked_while_wiring():
    graph = chain(
        ("input", "Input", dict(height=8, width=8, channels=1)), ("sample", "Code", dict(numbers=2)), ("reconstruction", "Again", {})
    )
    with pytest.raises(GraphError, match="Input gives pictures of 8 × 8 × 1, but Code takes a row of numbers: put a Flatten between"):
        shapes(graph)
    with pytest.raises(LabError):
        CANVAS(graph=graph.to_json(), data="digits")


def test_networks_without_terms_are_what_they_were():
    s = Simulation(CANVAS(), 1)
    assert s.model.columns() == (["loss"], ["gradient"], ["accuracy"]) and s.state["last"].shape == (3,) and s.state["smooth"].shape == (4,)
