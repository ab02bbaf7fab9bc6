"""Networks handed over from one run to another: the same answers, frozen where that is wanted, refusals in a sentence."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from lab import catalog
from lab.api import record_result
from lab.engine.experiment import Experiment
from lab.engine.simulation import Simulation, run
from lab.errors import LabError
from lab.session import Session
from lab.training.takeover import newest, suits, take_over

ATTACK, DEFENCE = catalog.load("adversarial-attack"), catalog.load("adversarial-training")
RUNS = (
    ("mlp", {"hidden": "8", "epochs": 2}),
    ("cnn", {"filters": "3", "epochs": 1, "normalise": "batch"}),
    ("mlp", {"data": "moons", "n": 200, "hidden": "6-5", "epochs": 3}),
    ("cnn", {"filters": "3", "size": 5, "epochs": 1}),
    ("mlp", {"data": "diabetes", "hidden": "4", "epochs": 1}),
    ("autoencoder", {"hidden": "8", "epochs": 1}),
    ("one-sign-per-neuron", {"hidden": "8", "epochs": 1}),
)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    with Session.create(tmp_path_factory.mktemp("taken") / "runs.lab", "Runs") as made:
        for model, values in RUNS:
            experiment = Experiment(model, parameters=values, seed=3)
            record_result(made, experiment, run(experiment.build(), seed=3, record={}))
        made.flush()
        yield made


@pytest.mark.parametrize("number", [1, 2, 3, 7])
def test_a_network_of_another_run_is_attacked_as_it_is(session, tmp_path, number):
    with session.reader() as reader:
        experiment, point = newest(reader, number)
    path, values = take_over(ATTACK, experiment, point, tmp_path)
    seed = experiment.seed
    assert take_over(ATTACK, experiment, point, tmp_path) == (path, values) and [p.name for p in tmp_path.iterdir()] == [path.name]
    model, parameters = RUNS[number - 1]
    source = Simulation(catalog.load(model)(**parameters), seed)
    source.advance(source.model.length)
    s = Simulation(ATTACK(**values, start_from=str(path)), seed)
    x = s.constants.material.test_x
    np.testing.assert_array_equal(x, source.constants.material.test_x)
    expected = source.model.predict(source.constants, source.state, x)
    np.testing.assert_allclose(s.model.said(s.constants, s.state, x), expected, atol=2e-6)
    before = s.state["parameters"].copy()
    s.advance(s.model.length)
    np.testing.assert_array_equal(s.state["parameters"], before)
    assert s.summary()["clean accuracy"] == pytest.approx((expected.argmax(1) == s.constants.material.test_t).mean())


def test_a_defence_goes_on_learning_with_what_it_takes_over(session, tmp_path):
    with session.reader() as reader:
        experiment, point = newest(reader, 1)
    path, values = take_over(DEFENCE, experiment, point, tmp_path)
    s = Simulation(DEFENCE(**values, start_from=str(path), epochs=1), experiment.seed)
    before = s.state["parameters"].copy()
    s.advance(1)
    assert not np.array_equal(s.state["parameters"], before)


@pytest.mark.parametrize(("number", "said"), [(4, "kernels are 5 x 5"), (5, "tells no classes apart"), (6, "tells no classes apart")])
def test_what_cannot_be_taken_over_is_one_sentence_and_is_not_listed(session, tmp_path, number, said):
    with session.reader() as reader:
        experiment, point = newest(reader, number)
        first, _ = newest(reader, 1)
    assert not suits(ATTACK, experiment)
    with pytest.raises(LabError, match=said):
        take_over(ATTACK, experiment, point, tmp_path)
    assert not list(tmp_path.iterdir())
    assert not suits(catalog.load("mlp"), first)  # which has no button for it


def wired(graph, **values):
    return ("canvas-training", {"graph": graph.to_json(), "epochs": 1, **values})


def test_any_network_of_the_canvas_is_attacked_as_it_is(tmp_path):
    from lab.graph.kinds.layers import residual

    model, values = wired(residual(), n=200)
    source = Simulation(catalog.load(model)(**values), 2)
    source.advance(source.model.length)
    path, taken = take_over(ATTACK, Experiment(model, parameters=values, seed=2), source.checkpoint(), tmp_path)
    s = Simulation(ATTACK(**taken, start_from=str(path)), 2)
    x = s.constants.material.test_x
    np.testing.assert_allclose(s.model.said(s.constants, s.state, x), source.model.predict(source.constants, source.state, x), atol=2e-6)
    assert s.model.layers == "from the canvas" and s.model.stage_names() == source.model.stage_names()
    assert Simulation(DEFENCE(**taken, start_from=str(path)), 2).model.layers == "from the canvas"


def test_networks_of_the_canvas_that_cannot_be_attacked_say_why():
    from lab.graph.kinds.layers import autoencoder, variational

    for graph, said in ((autoencoder(), "tells no classes apart"), (variational(), "tells no classes apart")):
        model, values = wired(graph, data="digits")
        with pytest.raises(LabError, match=said):
            ATTACK.taken_over(Experiment(model, parameters=values).build())
    with pytest.raises(LabError, match="must hold a network of the canvas"):
        ATTACK(layers="from the canvas")
    with pytest.raises(LabError, match=r"adversarial-attack\.wiring: "):
        ATTACK(layers="from the canvas", wiring='{"lab-graph":1,"family":"gates"}')


def test_a_chain_of_layers_taken_over_after_a_convolution_is_one_again():
    values = {"filters": "3"}
    taken = ATTACK.taken_over(Experiment("cnn", parameters=values).build()) | ATTACK.taken_over(Experiment("mlp").build())
    assert taken["layers"] == "perceptron"


def test_a_network_of_a_session_goes_on_without_a_window(session, tmp_path, monkeypatch, capsys):
    from lab.commands.running import run as command

    monkeypatch.chdir(tmp_path)
    file = str(session.path)
    assert command("adversarial-attack", take_over=file, run_id=3, output="attacked.lab", json_=True, quiet=True) == 0
    assert "clean accuracy" in capsys.readouterr().out
    assert [p.suffix for p in sorted(tmp_path.iterdir())] == [".lab", ".safetensors"]
    with pytest.raises(LabError, match="goes on with no other model's network"):
        command("bandit", take_over=file, run_id=3, output="no.lab", quiet=True)
