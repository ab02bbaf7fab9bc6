"""Diagnoses of trainings: each says what is wrong where it is, and is silent where it is not; each remedy mends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab import catalog
from lab.engine import simulation as engine
from lab.engine.simulation import Simulation
from lab.errors import DivergenceError
from lab.training import baseline, diagnosis, verdicts
from lab.training.diagnosis import Signs, diagnose, examine
from lab.units import number

MLP = catalog.load("mlp")
XOR = dict(data="XOR", noise=0.1, n=400, activation="tanh", optimiser="SGD", rate=0.5, epochs=300, evaluate=5.0)


def finding(name: str, seed: int = 0, **values) -> str:
    simulation = engine.run(catalog.load(name)(**values), seed=seed, record={}).simulation
    return examine(simulation.model.signs(simulation.constants, simulation.state))[0]


def rare(count: int, rng: np.random.Generator) -> tuple[tuple[float, float, int], ...]:
    """Two overlapping clouds, the second with a twentieth of the points."""
    many = rng.normal(0.0, 1.0, (count, 2))
    few = rng.normal(0.7, 0.7, (count // 19, 2))
    return tuple((float(x), float(y), 0) for x, y in many) + tuple((float(x), float(y), 1) for x, y in few)


RARE = rare(800, np.random.default_rng(1))
SICK = [
    ("symmetric", "mlp", dict(initialiser="zeros", epochs=3)),
    ("dead", "mlp", dict(rate=0.5, epochs=10)),
    ("vanishing", "vanishing-gradient", dict(epochs=4)),
    ("vanishing", "batch-norm", dict(normalise="none", epochs=4)),
    ("exploding", "vanishing-gradient", dict(activation="ReLU", initialiser="normal", epochs=4)),
    ("too large", "mlp", dict(rate=100.0, optimiser="SGD", epochs=3)),
    ("too large", "mlp", dict(rate=100.0, epochs=3)),
    ("too small", "mlp", dict(optimiser="SGD", rate=1e-5, epochs=4)),
    ("slow", "mlp", dict(optimiser="SGD", rate=1e-3, epochs=8)),
    ("over-fitting", "mlp", dict(hidden="64", samples=100, label_noise=0.4, epochs=60, rate=0.01)),
    ("over-fitting", "overfitting", {}),
    ("labels", "mlp", dict(label_noise=0.3, epochs=10)),
    ("labels", "mlp", dict(label_noise=0.9, rate=1e-4, epochs=30)),
    ("imbalance", "mlp", dict(data="painted", points=RARE, hidden="8", epochs=20)),
    ("under-fitting", "mlp", dict(data="circles", noise=0.1, hidden="", epochs=30)),
    ("under-fitting", "mlp", dict(data="moons", hidden="", epochs=200)),
    ("under-fitting", "mlp", dict(hidden="2", **XOR)),
    ("nothing to learn", "mlp", dict(label_noise=1.0, rate=1e-4, epochs=20)),
]
HEALTHY = [
    ("mlp", dict(epochs=15)),
    ("mlp", dict(hidden="", epochs=15)),  # convex: there is no local minimum to be stuck in
    ("mlp", dict(data="moons", hidden="16", epochs=40)),
    ("mlp", dict(data="circles", noise=0.1, hidden="16", epochs=40)),
    ("mlp", dict(data="spirals", hidden="32-32", epochs=150, evaluate=10.0)),
    ("mlp", dict(data="Gaussians", noise=0.4, hidden="8", epochs=20)),
    ("mlp", dict(data="Gaussians", noise=2.0, hidden="8", epochs=40)),  # what is wrong cannot be known by anybody
    ("mlp", dict(data="iris", hidden="16", epochs=40)),
    ("mlp", dict(data="wine", hidden="16")),
    ("mlp", dict(data="breast cancer", hidden="16")),
    ("mlp", dict(data="diabetes", hidden="16", epochs=60)),
    ("mlp", dict(data="diabetes", hidden="", epochs=60)),
    ("mlp", dict(data="sine", n=300, noise=0.1, hidden="32-32", activation="tanh", epochs=300, evaluate=10.0)),
    ("mlp", dict(hidden="4", **XOR)),
    ("mlp", dict(data="painted", hidden="16", batch=8, epochs=500, evaluate=50.0, test_fraction=0.1)),
    ("mlp", dict(data="moons", n=8, batch=2, hidden="16")),  # three or four examples prove nothing
    ("mlp", dict(dropout=0.5, epochs=15)),
    ("mlp", dict(decay=1e-3, epochs=15)),
    ("mlp", dict(optimiser="SGD", rate=0.1, epochs=15)),
    ("mlp", dict(normalise="batch", batch=4, epochs=6)),  # a last minibatch of two
    ("mlp", dict(activation="sigmoid", hidden="64", epochs=15)),
    ("vanishing-gradient", dict(normalise="batch", epochs=6)),
    ("vanishing-gradient", dict(activation="tanh", epochs=6)),
    ("vanishing-gradient", dict(activation="ReLU", epochs=6)),
    ("autoencoder", dict(hidden="64", code=8, epochs=15)),
    ("cnn", dict(epochs=6)),
]


@pytest.mark.parametrize(("expected", "name", "values"), SICK, ids=lambda v: str(v)[:60])
def test_what_is_wrong_is_found(expected, name, values):
    assert finding(name, **values) == expected


@pytest.mark.parametrize(("name", "values"), HEALTHY, ids=lambda v: str(v)[:60])
def test_healthy_trainings_are_left_alone(name, values):
    assert finding(name, **values) == ""


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_healthy_trainings_are_left_alone_on_other_seeds(seed):
    assert [(name, values) for name, values in HEALTHY if finding(name, seed, **values)] == []


@pytest.mark.long
@pytest.mark.timeout(300)
def test_what_is_wrong_is_found_on_other_seeds():
    missed = []
    for expected, name, values in SICK:
        seeds = [0, 3, 5] if values.get("data") == "XOR" else [1, 2, 3]  # two units solve XOR from some seeds
        missed += [(expected, found, values, seed) for seed in seeds if (found := finding(name, seed, **values)) != expected]
    assert len(missed) <= 2, missed  # a borderline case may be told in another word


@pytest.mark.long
def test_the_page_of_over_fitting_diagnoses_it_on_every_seed():
    assert [finding("overfitting", seed) for seed in range(8)] == ["over-fitting"] * 8


SIGNS = Signs(layers=4)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "Nothing wrong"),
        ({"ratio": 1e-5, "smooth": 2.3}, "Vanishing gradient: 1 × 10⁻⁵"),
        ({"ratio": 1e-5}, "Nothing wrong"),  # a network that learns well has no fault
        ({"ratio": 1e-5, "smooth": 2.3, "layers": 2}, "Nothing wrong"),
        ({"ratio": 1e5, "smooth": 2.3}, "Exploding gradient"),
        ({"gradient": 1e4, "smooth": 2.3}, f"Exploding gradient: its norm is {number(1e4)};"),
        ({"gradient": 1e6, "first": 9e10, "smooth": 7.3e10, "chance": 9e10, "classification": False, "scores": (0.2, 0.2), "at_best": 0.2, "test": 1.0, "best": 1.0}, "Nothing wrong"),
        ({"dead": 0.4}, "Nothing wrong"),
        ({"dead": 0.4, "smooth": 2.2, "scores": (0.3, 0.3), "at_best": 0.3}, "Dead ReLUs: 40%"),
        ({"dead": 0.6}, "Dead ReLUs: 60%"),
        ({"dead": 0.6, "seen": 3}, "Nothing wrong"),
        ({"dead": 0.6, "relu": False}, "Nothing wrong"),
        ({"smooth": 3.0}, "Learning rate too large: the loss is 3"),
        ({"smooth": 3.0, "epochs": 0.5}, "Nothing wrong"),
        ({"update": 0.5, "smooth": 2.0}, "Learning rate too large: an update changes the weights by 50%"),
        ({"update": 0.5}, "Nothing wrong"),
        ({"update": 1e-5, "smooth": 2.29, "near": 0.97}, "Learning rate too small"),
        ({"update": 1e-5, "smooth": 2.29, "near": 0.1}, "Hardly anything to learn"),
        ({"update": 0.0, "smooth": 2.29, "equal": "hidden1"}, "All weights of hidden1"),
        ({"equal": "hidden1"}, "Nothing wrong"),
        ({"scores": (0.99, 0.8), "at_best": 0.8}, "Over-fitting: accuracy 0.990"),
        ({"scores": (0.99, 0.8), "at_best": 0.8, "tested": 10}, "Nothing wrong"),
        ({"test": 0.2, "scores": (0.99, 0.94)}, "Over-fitting"),
        ({"test": 0.105}, "Nothing wrong"),
        ({"scores": (0.95, 0.95), "at_best": 0.95, "guess": 0.95, "missed": "ill", "share": 0.05}, "The class ill (5% of the examples) is never found"),
        ({"scores": (0.97, 0.97), "missed": "ill", "share": 0.01}, "Nothing wrong"),
        ({"scores": (0.7, 0.95), "at_best": 0.95}, "Wrong labels: accuracy 0.700"),
        ({"scores": (0.93, 0.97)}, "Nothing wrong"),
        ({"scores": (0.75, 0.74), "at_best": 0.74, "near": 0.99, "smooth": 0.4, "before": 0.4}, "Under-fitting: its nearest neighbours give 0.990"),
        ({"scores": (0.75, 0.74), "at_best": 0.74, "near": 0.99, "smooth": 0.4, "before": 0.8}, "Nothing wrong"),  # it still falls
        ({"scores": (0.75, 0.74), "at_best": 0.74, "near": 0.76, "smooth": 0.4, "before": 0.4}, "Nothing wrong"),  # it is as good as can be
        ({"scores": (0.75, 0.74), "at_best": 0.74, "smooth": 0.4, "before": 0.4}, "Nothing wrong"),  # nobody knows better
    ],
)  # fmt: skip
def test_each_rule_speaks_and_keeps_silent(change, word):
    assert diagnose(replace(SIGNS, **change)).startswith(word)


@pytest.mark.parametrize("optimiser", ["SGD", "momentum", "Adam"])
@pytest.mark.parametrize("data", ["digits", "diabetes"])
def test_the_remedy_for_a_rate_of_a_hundred_trains(optimiser, data):
    model = MLP(data=data, hidden="16", optimiser=optimiser, rate=100.0, epochs=60)
    simulation = Simulation(model, 0)
    before = simulation.checkpoint()
    try:
        simulation.advance(3 * model.steps_per_epoch)
        way = simulation.model.advice(simulation.constants, simulation.state).remedies[0]
    except DivergenceError as error:
        way = model.remedies(error.stream)[0]
        simulation.restore(before)  # the last good state
    simulation.change(**way.changes)
    if way.action:
        simulation.act(way.action)
    simulation.advance(20 * model.steps_per_epoch)
    assert simulation.summary()[f"test {model.score_name}"] > (0.85 if data == "digits" else 0.2), way


@pytest.mark.parametrize(
    ("found", "values", "labels"),
    [
        ("dead", {}, ["Use leaky ReLU (a new run)"]),
        ("dead", dict(rate=0.5), ["Use leaky ReLU (a new run)", "Best weights, rate 0.003"]),
        ("dead", dict(activation="leaky ReLU"), []),
        ("vanishing", dict(activation="sigmoid"), ["Normalise each layer (a new run)", "Use ReLU (a new run)"]),
        ("exploding", dict(clip=1.0), ["Learning rate 0.0003"]),
        ("too large", dict(rate=100.0, optimiser="SGD"), ["Best weights, rate 0.1"]),
        ("too small", dict(rate=1e-5), ["Learning rate 0.0001"]),
        ("over-fitting", {}, ["Back to the best weights", "Weight decay 0.003"]),
        ("imbalance", {}, ["Balance the classes (a new run)"]),
        ("under-fitting", {}, []),
        ("under-fitting", dict(hidden=""), ["A hidden layer of 16 units (a new run)"]),
        ("symmetric", dict(initialiser="zeros"), ["Draw the first weights (a new run)"]),
        ("labels", {}, []),
    ],
)
def test_remedies_are_offered_only_where_the_model_has_what_they_change(found, values, labels):
    assert [way.label for way in diagnosis.remedies(found, MLP(**values))] == labels


def test_what_is_reached_without_learning():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2)).astype(np.float32)
    t = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    found = baseline.baseline("classification", x[:300], t[:300], x[300:], t[300:], 2)
    assert found.near > 0.85 and abs(found.guess - 0.5) < 0.15 and found.chance == pytest.approx(np.log(2), rel=0.01)
    shuffled = baseline.baseline("classification", x[:300], rng.permutation(t[:300]), x[300:], t[300:], 2)
    assert shuffled.near < 0.7
    y = (x[:, :1] ** 2).astype(np.float32)
    assert baseline.baseline("regression", x[:300], y[:300], x[300:], y[300:], 1).near > 0.7


def test_what_comes_back_to_a_layer_is_the_gradient_by_its_values():
    model = MLP(hidden="8-8", activation="tanh")
    simulation = Simulation(model, 0)
    c, m = simulation.constants, simulation.constants.material
    tape = model.tape_state(c, simulation.state)
    first, last = baseline.deltas(c.program, tape, ["hidden1.out", "hidden2.out"], "loss", {"x": m.x[:32], "t": m.t[:32]})
    p = c.program.parameters(tape)
    h1 = np.tanh(m.x[:32] @ p["hidden1.weight"] + p["hidden1.bias"])
    h2 = np.tanh(h1 @ p["hidden2.weight"] + p["hidden2.bias"])
    z = h2 @ p["output.weight"] + p["output.bias"]
    e = np.exp(z - z.max(1, keepdims=True))
    d = (e / e.sum(1, keepdims=True) - np.eye(10)[m.t[:32]]) / 32
    back = d @ p["output.weight"].T
    assert last == pytest.approx(np.sqrt((back**2).sum() / 32), rel=1e-4)
    assert first == pytest.approx(np.sqrt((((back * (1 - h2**2)) @ p["hidden2.weight"].T) ** 2).sum() / 32), rel=1e-4)


def test_a_first_layer_that_gets_more_than_the_last_one_gets_a_multiple_and_no_part():
    said = [row["verdict"] for row in verdicts.rows(replace(SIGNS, ratio=5.2), True)]
    assert "Gradients: none vanishes: the first layer gets 5.2 times what the last one gets." in said
