"""The training monitor: data, evaluations, readings, actions, diagnosis and divergence."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from lab import catalog
from lab.data import sets
from lab.engine import simulation as engine
from lab.engine.simulation import Simulation
from lab.errors import DivergenceError, LabError, ModelError, ParameterError
from lab.training import canvas, checking, pace, readings, walk
from lab.training.material import outline, prepare
from lab.training.pace import works

MLP = catalog.load("mlp")
SMALL = {"hidden": "8", "epochs": 4}


def run(seed: int = 1, **values):
    return engine.run(MLP(**values), seed=seed, record={})


@pytest.mark.parametrize("name", [n for n in sets.NAMES if n != "file"])
def test_the_outline_agrees_with_the_data_once_loaded(name):
    pytest.importorskip("sklearn")
    model = MLP(data=name, test_fraction=0.23, n=150)
    known, found = outline(model), prepare(model, 3)
    assert (known.task, known.inputs, known.outputs) == (found.data.task, found.data.inputs, found.data.outputs)
    assert (known.classes, known.picture, known.rows) == (found.data.classes, found.data.picture, len(found.x))


def test_label_noise_spoils_the_training_labels_only():
    clean, spoilt = prepare(MLP(), 2), prepare(MLP(label_noise=0.5), 2)
    assert np.array_equal(clean.test_t, spoilt.test_t)
    # Half are drawn anew among ten classes, so nine tenths of them change.
    assert 0.4 < (clean.t != spoilt.t).mean() < 0.5


def test_tables_are_scaled_by_the_training_part_only():
    m = prepare(MLP(data="wine"), 0)
    assert np.allclose(m.x.mean(0), 0, atol=1e-5) and np.allclose(m.x.std(0), 1, atol=1e-4)
    assert np.abs(m.test_x.mean(0)).max() > 0.01


def test_an_epoch_is_as_many_steps_as_the_clock_says():
    model = MLP(**SMALL)
    simulation = Simulation(model, 0)
    simulation.advance(model.steps_for(3.0))
    assert simulation.state["counters"][1] == 3 and simulation.state["counters"][2] == 0


def test_scores_are_those_of_the_predictions():
    result = run(**SMALL)
    simulation = result.simulation
    m = simulation.constants.material
    found = simulation.model.predict(simulation.constants, simulation.state, m.test_x)
    assert found.shape == (len(m.test_x), 10) and np.allclose(found.sum(1), 1, atol=1e-5)
    accuracy = float((found.argmax(1) == m.test_t).mean())
    assert result.summary["test accuracy"] == pytest.approx(accuracy)
    confusion = result.observe("confusion")
    assert confusion.sum() == len(m.test_t) and np.trace(confusion) / confusion.sum() == pytest.approx(accuracy)


def test_worst_mistakes_are_mistakes_in_the_order_of_confidence():
    result = run(hidden="4", epochs=1)
    s = result.simulation
    rows, found, true = readings.worst(s.model, s.constants, s.model.tape_state(s.constants, s.state))
    p = s.model.predict(s.constants, s.state, s.constants.material.test_x)
    assert len(rows) == readings.SHOWN and (found != true).all()
    margin = p[rows].max(1) - p[rows, true]
    assert (np.diff(margin) <= 1e-6).all()
    captions = result.observe("mistake captions")
    assert captions[0]["caption"] == f"{found[0]} / {true[0]}" and len(result.observe("mistakes")) == len(rows)


def test_gradient_norms_are_those_of_the_next_minibatch():
    s = Simulation(MLP(hidden="8-8"), 0)
    table = s.observe("gradients now")
    m, c = s.constants.material, s.constants
    names = [stage.weight for stage in c.stages]
    tape = s.model.tape_state(c, s.state)
    expected = [np.linalg.norm(g) for g in c.program.gradients(tape, "loss", names, x=m.x[:32], t=m.t[:32], train=True)]
    assert table == pytest.approx(expected, rel=1e-4)


def test_watching_changes_no_byte():
    quiet, seen = (Simulation(MLP(dropout=0.2, shift=1, **SMALL), 3) for _ in range(2))
    for _ in range(6):
        quiet.advance(20)
        seen.advance(20, [x.name for x in seen.model.streams if x.form == "samples"])
        for stream in seen.model.streams:
            if stream.form == "snapshots":
                seen.observe(stream.name)
    assert all(quiet.state[k].tobytes() == seen.state[k].tobytes() for k in quiet.state)


def test_a_resumed_training_has_the_bytes_of_an_uninterrupted_one():
    model = MLP(dropout=0.2, shift=1, input_noise=0.05, schedule="cosine", **SMALL)
    whole, first = Simulation(model, 5), Simulation(model, 5)
    whole.advance(100)
    first.advance(37)
    resumed = Simulation(model, 5)
    resumed.restore(first.checkpoint())
    resumed.advance(63)
    assert all(whole.state[k].tobytes() == resumed.state[k].tobytes() for k in whole.state)


def test_live_changes_keep_the_weights():
    s = Simulation(MLP(**SMALL), 1)
    s.advance(50)
    weights = s.state["parameters"].copy()
    s.change(rate=1e-4, decay=0.01, dropout=0.3, label_noise=0.1, shift=1, input_noise=0.1)
    assert np.array_equal(weights, s.state["parameters"])
    s.advance(10)
    assert s.step == 60 and not np.array_equal(weights, s.state["parameters"])


def test_a_rate_lowered_live_moves_the_weights_less():
    def moved(rate):
        s = Simulation(MLP(optimiser="SGD", rate=0.1, **SMALL), 1)
        s.advance(20)
        s.change(rate=rate)
        before = s.state["parameters"].copy()
        s.advance(1)
        return np.abs(s.state["parameters"] - before).sum()

    assert moved(0.01) == pytest.approx(0.1 * moved(0.1), rel=1e-3)


def test_another_optimiser_keeps_the_weights_and_begins_with_an_empty_memory():
    s = Simulation(MLP(optimiser="momentum", rate=0.05, **SMALL), 1)
    s.advance(50)
    weights = s.state["parameters"].copy()
    assert s.state["moments"].any()
    s.change(optimiser="Adam", rate=1e-3)
    assert np.array_equal(weights, s.state["parameters"]) and not s.state["moments"].any()
    s.advance(1)
    moved = np.abs(s.state["parameters"] - weights)
    # The first step of an Adam that remembers nothing is as large as its rate wherever there is a gradient.
    assert moved.max() == pytest.approx(1e-3, rel=1e-3) and np.median(moved[moved > 0]) == pytest.approx(1e-3, rel=0.02)
    assert s.summary()["optimiser"].startswith("Adam since epoch 1.111")
    same = Simulation(MLP(optimiser="momentum", rate=0.05, **SMALL), 1)
    same.advance(50)
    same.change(rate=0.04)
    assert same.state["moments"].any()  # only another optimiser forgets


@pytest.mark.parametrize("now", [16, 10])
def test_another_minibatch_is_that_of_a_run_that_began_with_it(now):
    plain = {"hidden": "8", "optimiser": "SGD", "rate": 0.1, "evaluate": 0.0}
    changed, begun = Simulation(MLP(minibatch=now, **plain), 3), Simulation(MLP(batch=now, **plain), 3)
    changed.advance(2 * changed.model.steps_per_epoch)
    begun.advance(2 * begun.model.steps_per_epoch)
    assert np.array_equal(changed.state["parameters"], begun.state["parameters"])
    assert changed.state["counters"][:3].tolist() == [90, 2, 0] and changed.state["owed"][0] == 0


def test_a_minibatch_changed_live_keeps_weights_and_clock_and_does_not_depend_on_blocks():
    def trained(blocks):
        s = Simulation(MLP(dropout=0.1, **SMALL), 5)
        s.advance(20)
        weights = s.state["parameters"].copy()
        s.change(minibatch=300)
        assert np.array_equal(weights, s.state["parameters"])
        for n in blocks:
            s.advance(n, ["loss"])
        s.change(minibatch=0)
        s.advance(100 - s.step)
        return s

    one, other = trained([50]), trained([1, 2, 30, 17])
    assert all(one.state[k].tobytes() == other.state[k].tobytes() for k in one.state)
    assert one.state["counters"][1] == 2  # the epochs of the clock are those of the examples


def test_the_loss_of_a_waiting_step_is_that_of_the_last_minibatch():
    s = Simulation(MLP(**SMALL), 5)
    s.advance(9)
    s.change(minibatch=128)
    loss = s.advance(8, ["loss"]).samples["loss"]
    assert len(set(loss[:3])) == 1 and len(set(loss[3:7])) == 1 and len(set(loss)) == 3


def test_training_stops_at_the_accuracy_asked_for():
    result = run(hidden="32", epochs=50, stop_at=0.9)
    assert "0.9" in result.reason and result.summary["test accuracy"] >= 0.9 and result.summary["epochs done"] < 50


def test_training_stops_when_patience_is_at_an_end():
    result = run(hidden="64", samples=100, label_noise=0.5, epochs=200, patience=5, rate=0.01)
    assert "5 evaluations" in result.reason
    assert result.summary["epochs done"] == pytest.approx(result.summary["best after (epochs)"] + 5)


def test_best_weights_are_kept_and_come_back():
    result = run(hidden="64", samples=100, label_noise=0.5, epochs=60, rate=0.01)
    s = result.simulation
    assert result.summary["test loss"] > result.summary["best test loss"]
    s.act("restore_best")
    loss, _ = readings.measure(
        s.model, s.constants, s.model.tape_state(s.constants, s.state), s.constants.material.test_x, s.constants.material.test_t
    )
    assert loss == pytest.approx(result.summary["best test loss"], rel=1e-6)


def looks(model, steps=None):
    found = engine.run(model, steps, seed=1, record={"evaluated loss": 1}).recorded("evaluated loss")
    return np.unique(np.round(found.time / model.clock.dt)).astype(int)


def test_evaluations_are_spaced_out_to_their_share_of_the_work_and_end_with_the_last_step():
    model = MLP(epochs=31)
    seldom, often = looks(model), looks(model.replace(looking=10.0))
    assert list(often) == list(range(45, 31 * 45 + 1, 45))  # as often as asked for
    assert seldom[0] == 45 and seldom[-1] == 31 * 45
    between = np.diff(seldom[1:-1])
    simulation = Simulation(model, 1)
    step, look = works(simulation.constants.program, 32, simulation.model.probe(simulation.constants).data.count)
    assert len(set(between)) == 1 and between[0] % 45 == 0 and (between[0] - 45) * 0.06 < look / step <= between[0] * 0.06
    assert len(looks(model.replace(evaluate=0.0))) == 0


def test_a_run_that_stops_by_itself_is_looked_at_as_often_as_asked_for():
    assert list(looks(MLP(epochs=4, patience=50))) == [45, 90, 135, 180]


def test_the_work_of_looking_grows_with_the_examples_and_that_of_a_step_with_the_minibatch():
    program, _, _ = MLP(hidden="512-512").compile(outline(MLP()))
    (step, look), (larger, longer) = works(program, 32, 1000), works(program, 64, 2000)
    assert longer / look == pytest.approx(2.0, rel=0.05) and larger / step == pytest.approx(2.0, rel=0.05)


def test_a_short_run_is_looked_at_often_because_that_is_done_in_a_moment():
    step, look = 1e6, 8e6
    assert pace.spaced(5, (step, look), 0.06, 100) == 10  # ten looks make up what is free
    assert pace.spaced(5, (step, look), 0.06, 100_000) == 135  # 8 steps of looking in 133 are 6 %


def test_an_evaluation_is_what_the_predictions_are():
    for values in ({}, {"data": "diabetes", "hidden": "16"}, {"data": "moons", "hidden": "8", "n": 100}):
        s = engine.run(MLP(epochs=3, **values), seed=2, record={}).simulation
        m, figures = s.constants.material, s.state["figures"]
        tape = s.model.tape_state(s.constants, s.state)
        seen = min(len(m.x), len(m.test_x), 256)
        for (x, t), at in (((m.x[:seen], m.t[:seen]), 0), ((m.test_x, m.test_t), 1)):
            assert readings.measure(s.model, s.constants, tape, x, t) == pytest.approx((figures[at], figures[at + 2]), rel=1e-5)


@pytest.mark.parametrize("kind", ["safetensors", "npz"])
def test_saved_weights_come_back_into_another_run(kind, tmp_path):
    one, other = run(**SMALL).simulation, Simulation(MLP(**SMALL), 9)
    path = tmp_path / f"weights.{kind}"
    one.act("save", file=str(path))
    other.act("load", file=str(path))
    assert np.array_equal(one.state["parameters"], other.state["parameters"])
    with pytest.raises(LabError, match="shape"):
        Simulation(MLP(hidden="9"), 0).act("load", file=str(path))


def test_points_added_by_hand_are_learned():
    model = MLP(data="moons", hidden="16", n=200, epochs=200, evaluate=0.0, rate=0.02)
    s = Simulation(model, 0)
    s.act("class_of_points", kind=1)
    for dx in (0.0, 0.05, -0.05):
        s.act("add_point", x=-1.8 + dx, y=1.5)
    assert len(s.observe("points")) == 163 and len(s.state["order"]) == 163
    s.advance(800)
    assert s.model.predict(s.constants, s.state, np.array([[-1.8, 1.5]]))[0, 1] > 0.9
    s.act("clear_points")
    assert len(s.state["order"]) == 160
    s.advance(5)
    with pytest.raises(ModelError, match="number of classes, 2"):
        s.act("add_point", kind=2)


def test_points_cannot_be_added_to_pictures():
    with pytest.raises(ModelError, match="plane"):
        Simulation(MLP(), 0).act("add_point")


def test_a_test_picture_on_the_canvas_is_seen_as_it_is():
    s = Simulation(MLP(), 0)
    s.act("look_at", index=7)
    assert np.allclose(readings.seen(s.model, s.constants, s.state)[0], s.constants.material.test_x[7], atol=1e-6)


def test_a_drawing_fills_the_picture_as_scanned_digits_do():
    paper = canvas.blank((8, 8))
    for row in range(10, 20):
        canvas.stroke(paper, row, 6, 1.0)
    image = canvas.reduced(paper, (8, 8), drawn=True)
    assert image[0].max() > 0 and image[-1].max() > 0  # as tall as the picture
    assert image[:, :2].max() == 0 and image[:, 6:].max() == 0  # and in its middle


def _draw(s, strokes):
    s.act("clear_canvas")
    for (r0, c0), (r1, c1) in strokes:
        for part in np.linspace(0, 1, 25):
            s.act("paint", row=round(r0 + part * (r1 - r0)), column=round(c0 + part * (c1 - c0)), value=1.0)


def test_digits_drawn_by_hand_are_read():
    s = run(hidden="128", epochs=40, shift=1, input_noise=0.1, evaluate=0.0).simulation
    ring = [(16 + 11 * np.sin(a), 16 + 7 * np.cos(a)) for a in np.linspace(0, 2 * np.pi, 13)]
    _draw(s, list(pairwise(ring)))
    assert s.observe("prediction").argmax() == 0
    _draw(s, [((4, 8), (4, 22)), ((4, 22), (28, 12)), ((15, 12), (15, 22))])
    assert s.observe("prediction").argmax() == 7


def step_through(s, phases):
    for _ in range(phases):
        s.act("next_phase")


def test_slow_motion_goes_forward_then_backward_through_the_layers_and_changes_weights_at_the_end_only():
    s = Simulation(MLP(hidden="5-4"), 0)
    assert s.model.single_step == "" and s.model.replace(slow=True).single_step == "next_phase"
    before, seen = s.state["parameters"].copy(), [s.summary()["phase"]]
    for _ in range(9):
        s.act("next_phase")
        seen.append(s.summary()["phase"])
    assert [phase.split(": ")[1] for phase in seen] == [
        "forward, hidden1", "forward, hidden2", "forward, output", "loss", "backward, output", "backward, hidden2", "backward, hidden1",
        "update, hidden1", "update, hidden2", "update, output",
    ]  # fmt: skip
    assert np.array_equal(before, s.state["parameters"]) and s.state["counters"][2] == 0
    shown = np.array({e["name"]: e for e in s.observe("matrices")}["new b"]["values"])
    s.act("next_phase")
    assert s.summary()["phase"].startswith("1 of 10") and s.state["counters"][2] == 1 and s.step == 0
    assert np.allclose(shown[0], s.constants.program.parameters(s.state)["output.bias"]) and not np.array_equal(
        before, s.state["parameters"]
    )


def test_the_matrices_of_a_layer_are_those_of_the_arithmetic_by_hand():
    s = Simulation(MLP(data="moons", hidden="3", optimiser="SGD", rate=0.1), 2)
    x, t = walk.example(s.model, s.constants, s.state)
    p = s.constants.program.parameters(s.state)
    z = x @ p["hidden1.weight"] + p["hidden1.bias"]
    h = np.maximum(z, 0)
    y = h @ p["output.weight"] + p["output.bias"]
    soft = np.exp(y) / np.exp(y).sum()
    delta2 = soft - np.eye(2)[t]
    delta1 = (delta2 @ p["output.weight"].T) * (z > 0)

    def entries():
        return {e["name"]: np.array(e["values"]) for e in s.observe("matrices") if e["values"] is not None}

    assert {k: v.shape for k, v in entries().items()} == {"x": (2, 1), "W": (2, 3), "b": (1, 3), "z": (1, 3), "h": (1, 3)}
    assert np.allclose(entries()["z"], z, atol=1e-6) and np.allclose(entries()["h"], h, atol=1e-6)
    step_through(s, 2)
    assert np.allclose(entries()["softmax"], soft, atol=1e-6) and "dE/dW" not in entries()
    step_through(s, 1)
    assert np.allclose(entries()["delta"], delta2, atol=1e-6) and np.allclose(entries()["dE/dW"], h.T @ delta2, atol=1e-6)
    step_through(s, 1)
    assert np.allclose(entries()["delta"], delta1, atol=1e-6) and np.allclose(entries()["dE/dW"], x.T @ delta1, atol=1e-6)
    step_through(s, 1)
    assert np.allclose(entries()["new W"], p["hidden1.weight"] - 0.1 * (x.T @ delta1), atol=1e-6)


@pytest.mark.parametrize(
    "name, values",
    [("cnn", {}), ("autoencoder", {"tied": True, "hidden": "8"}), ("batch-norm", {"hidden": "8-8"}), ("mlp", {"data": "diabetes"})],
)
def test_slow_motion_walks_through_every_kind_of_network(name, values):
    s = Simulation(catalog.load(name)(**values), 0)
    for k in range(walk.count(s.constants.stages)):
        entries = s.observe("matrices")
        assert entries[0]["note"] and all(np.shape(e["values"]) <= (64, 64) for e in entries[1:] if e["values"] is not None)
        assert len({e["at"] for e in entries[1:]}) == len(entries) - 1, k
        s.act("next_phase")


def test_the_table_of_slow_motion_shows_what_is_known_in_each_phase():
    s = Simulation(MLP(hidden="5"), 0)
    assert "gradient" not in s.observe("walk")[0]
    step_through(s, 3)
    rows = {row["what"]: row for row in s.observe("walk")}
    assert any(name.startswith("loss") for name in rows) and rows["hidden1.weight"]["gradient"] and "change" not in rows["x"]
    before = s.state["parameters"].copy()
    step_through(s, 2)
    rows = {row["what"]: row for row in s.observe("walk")}
    change = rows["output.bias"]["change"].split()[0]
    step_through(s, 2)
    after = s.constants.program.parameters(s.state)["output.bias"] - s.constants.program.parameters({"parameters": before})["output.bias"]
    assert float(change) == pytest.approx(after[0], rel=0.01) and s.state["phase"][0] == 0 and s.step == 0


def test_divergence_names_the_rate_and_a_smaller_one():
    with pytest.raises(
        DivergenceError, match=r"learning rate 0\.3 is too large and nothing clips the gradient: lower the learning rate to 0\.03"
    ) as caught:
        run(**MLP.presets["Learning rate too large: it diverges"])
    assert caught.value.model == "mlp" and caught.value.step > 1


def test_a_rate_too_small_is_diagnosed():
    assert "too small" in run(**MLP.presets["Learning rate too small"] | {"epochs": 5}).summary["diagnosis"]


def test_over_fitting_is_diagnosed_with_both_scores():
    found = run(hidden="64", samples=100, label_noise=0.4, epochs=60, rate=0.01).summary
    assert found["diagnosis"].startswith("Over-fitting") and f"{found['test accuracy']:.3f}" in found["diagnosis"]


def test_dead_units_are_diagnosed():
    s = Simulation(MLP(hidden="64", epochs=2), 0)
    s.constants.program.parameters(s.state)["hidden1.bias"][:40] = -100.0
    s.advance(45)
    assert s.summary()["diagnosis"].startswith("Dead ReLUs: 6")


def test_a_divergence_names_the_layer_and_what_gets_training_going_again():
    model = MLP(**MLP.presets["Learning rate too large: it diverges"])
    s = Simulation(model, 0)
    with pytest.raises(DivergenceError) as caught:
        s.advance(model.length)
    assert "(layer output had grown to" in str(caught.value)
    ways = model.remedies(caught.value.stream)
    assert [way.changes for way in ways] == [{"rate": 0.03}, {"clip": 1.0}] and {way.action for way in ways} == {"restore_best"}
    for way in ways:
        again = Simulation(model, 0)
        again.advance(5)  # on its way to infinity
        again.change(**way.changes)
        again.act(way.action)
        again.advance(model.length - 5)
        assert again.summary()["test R2"] > 0.2


def test_advice_comes_with_the_change_that_mends_what_it_finds():
    model = MLP(**MLP.presets["Learning rate too small"] | {"epochs": 8})
    s = Simulation(model, 0)
    assert model.advice(s.constants, s.state) is None  # nothing is known yet
    s.advance(4 * 45)
    advice = model.advice(s.constants, s.state)
    assert advice.finding == "too small" and advice.sentence == s.summary()["diagnosis"]
    assert [way.changes for way in advice.remedies] == [{"rate": 1e-4}]
    healthy = run(**SMALL).simulation
    assert healthy.model.advice(healthy.constants, healthy.state) is None


def test_sizes_of_layers_must_be_numbers():
    with pytest.raises(ParameterError, match=r"mlp\.hidden: must be numbers of units"):
        MLP(hidden="64-none")


def test_a_missing_file_is_refused_when_it_is_built_and_outlined_before():
    model = MLP(data="file", file="/nowhere/table.csv")
    assert model.streams and model.pictures and model.length
    with pytest.raises(LabError, match="There is no file"):
        Simulation(model, 0)


def test_a_table_of_the_users_own_is_learned(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    rows = "\n".join(f"{a:.4f},{b:.4f},{c:.4f},{'high' if a + b > 0 else 'low'}" for a, b, c in x)
    (tmp_path / "table.csv").write_text(f"a,b,c,kind\n{rows}\n")
    result = run(data="file", file=str(tmp_path / "table.csv"), hidden="8", epochs=12, rate=0.01)
    assert result.summary["test accuracy"] > 0.9
    assert set(result.observe("mistake table")[0]) >= {"predicted", "true", "a"}


def test_the_columns_of_a_table_are_shown_with_what_they_are_taken_for(tmp_path):
    (tmp_path / "table.csv").write_text(
        "id,size,colour,kind\n" + "\n".join(f"{k},{k / 7:.2f},{'red' if k % 3 else ''},{'ab'[k % 2]}" for k in range(40)) + "\n"
    )
    s = Simulation(MLP(data="file", file=str(tmp_path / "table.csv"), types="id=ignore", hidden="4"), 0)
    rows = {row["column"]: (row["type"], row["role"], row["values"]) for row in s.observe("columns")}
    assert rows == {
        "id": ("as said", "left out", "40"), "size": ("number", "input", "40"), "colour": ("class", "input", "1, 14 missing"), "kind": ("class", "target", "2"),
    }  # fmt: skip
    assert "columns" in [p.name for p in s.model.pictures] and "columns" not in [p.name for p in MLP().pictures]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("mlp", {"hidden": "6", "dropout": 0.3}),
        ("cnn", {"filters": "2-3", "normalise": "batch", "shift": 1}),
        ("autoencoder", {"hidden": "6", "code": 2, "tied": True}),
        ("batch-norm", {"hidden": "8-8"}),
        ("canvas-training", {}),
    ],
)
def test_the_gradient_of_every_kind_of_network_is_checked_as_it_stands(name, values):
    run = engine.run(catalog.load(name)(**values), steps=5, seed=1, record={}).simulation
    assert "Press" in run.observe("gradient check")[0]["array"]
    before = {key: array.copy() for key, array in run.state.items() if key != "checked"}
    run.act("check_gradients")
    assert all(np.array_equal(run.state[key], array) for key, array in before.items())
    rows = run.observe("gradient check")
    assert len(rows) >= 4 and all(row[""] == "agrees" for row in rows), rows
    assert run.model.summary(run.constants, run.state)["gradient check"].startswith(f"all {len(rows)} arrays agree")


def test_a_wrong_gradient_is_said_to_differ():
    found = np.array([[1e-9, 1e-6, 12, 5], [0.3, 1e-6, 12, 5], [np.nan, 1e-6, 12, 5]])
    assert checking.sentence(found).startswith("2 of 3 arrays differ")


def test_a_clicked_weight_is_checked_by_a_central_difference():
    s = Simulation(MLP(data="moons", hidden="3"), 2)
    first = next(e for e in s.observe("matrices") if e["name"] == "W")["first"]
    s.act("check_parameter", index=first + 4)
    (row,) = s.observe("gradient check")
    assert row["derivative"] == "d loss / d hidden1.weight[1, 1]"
    assert float(row["back-propagation"]) == pytest.approx(float(row["central difference"]), rel=1e-5)
    assert row["derivative"] in s.observe("matrices")[0]["note"]


def test_a_weight_of_a_matrix_that_is_cut_is_found_by_the_columns_of_the_whole():
    s = Simulation(MLP(data="moons", hidden="70-3"), 0)
    W = next(e for e in s.observe("matrices") if e["name"] == "W")
    assert W["values"].shape == (2, 64) and W["columns"] == 70
    s.act("check_parameter", index=W["first"] + W["columns"] + 5)
    assert s.observe("gradient check")[0]["derivative"].endswith("hidden1.weight[1, 5]")
