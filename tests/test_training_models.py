"""What the single demonstrations of learning promise: over-fitting, depth, normalisation, codes, convolutions."""

from __future__ import annotations

import numpy as np
import pytest

from lab import catalog
from lab.data import sets
from lab.engine import simulation as engine
from lab.engine.simulation import Simulation
from lab.errors import ModelError, ParameterError
from lab.tape.check import check_gradients
from lab.training import readings
from lab.training.material import outline


def simulated(name, steps=0, seed=0, **values):
    return engine.run(catalog.load(name)(**values), steps=steps, seed=seed, record={}).simulation


def test_moved_accuracy_is_that_of_moved_pictures():
    s = simulated("overfitting", 200, label_noise=0.0)
    m, bars = s.constants.material, s.observe("moved")
    up = sets.shifted(m.test_x, (8, 8), -2, 0)
    accuracy = (s.model.predict(s.constants, s.state, up).argmax(1) == m.test_t).mean()
    assert bars[0] == pytest.approx((s.model.predict(s.constants, s.state, m.test_x).argmax(1) == m.test_t).mean())
    assert bars[2] < bars[0] and abs(bars[2] - accuracy) < 0.2


def test_a_deep_logistic_network_is_diagnosed_as_vanishing():
    s = simulated("vanishing-gradient", 45)
    found = s.summary()
    assert found["diagnosis"].startswith("Vanishing gradient") and found["log10 gradient, first / last"] < -4


def test_depth_and_width_make_the_layers_unless_they_are_listed():
    kind = catalog.load("vanishing-gradient")
    assert kind(depth=3, width=5).widths == (5, 5, 5) and kind(hidden="7-6").widths == (7, 6)
    assert len(kind(depth=3).stage_names()) == 4


def test_running_means_approach_those_of_the_training_part():
    s = simulated("batch-norm", 200, hidden="16-16", rate=1e-5)
    points = s.observe("running")
    assert points.shape == (32, 3)
    assert np.corrcoef(points[:, 0], points[:, 1])[0, 1] > 0.99


def test_batch_norm_brings_every_unit_to_mean_zero_and_deviation_one():
    s = simulated("batch-norm", 0, hidden="16-16")
    tape = s.model.tape_state(s.constants, s.state)
    found = s.constants.program.forward(tape, "hidden2.norm", train=True, x=s.constants.material.x[:64])
    assert np.allclose(found.mean(0), 0, atol=1e-4) and np.allclose(found.std(0), 1, atol=1e-2)


def test_a_window_of_a_convolution_is_one_cell_of_the_map():
    s = simulated("cnn", 20, filters="3", size=3, normalise="batch")
    s.act("choose_unit", index=64 + 2)  # the drawing counts the inputs first
    for x, y in ((0.2, 0.4), (7.4, 3.0), (-9.0, 40.0)):
        s.act("move_window", x=x, y=y)
        row, column = (int(np.clip(round(v), 0, 7)) for v in (y, x))
        entries = {entry["name"]: entry["values"] for entry in s.observe("sum")}
        weight = s.constants.program.parameters(s.state)["conv1.weight"][:, :, 0, 2]
        np.testing.assert_allclose(entries["products"], entries["window"] * weight, rtol=1e-6)
        picture = np.pad(s.observe("looked at"), 1)
        np.testing.assert_array_equal(entries["window"], picture[row : row + 3, column : column + 3])
        assert entries["cell"][0, 0] == s.observe("map now")[row, column] == s.observe("maps 1")[2, row, column]
        assert s.observe("here").min(1).tolist() == [column - 0.5, row - 0.5]
    s.act("choose_unit", index=3)  # an input is no kernel
    assert s.summary()["kernel"] == "kernel 3 of 3"
    with pytest.raises(ModelError, match="must be below the number of kernels, 3"):
        s.act("choose_kernel", index=3)


def test_the_network_beside_is_the_same_without_normalisation():
    s = simulated("batch-norm", 0, hidden="16-8", activation="tanh")
    arrays, x = s.constants.program.parameters(s.state), s.constants.material.x[:40].astype(float)
    np.testing.assert_array_equal(arrays["plain.hidden2.weight"], arrays["hidden2.weight"])
    z = (
        np.tanh(x @ arrays["plain.hidden1.weight"] + arrays["plain.hidden1.bias"]) @ arrays["plain.hidden2.weight"]
        + arrays["plain.hidden2.bias"]
    )
    found = s.constants.program.forward(s.model.tape_state(s.constants, s.state), "plain.hidden2", x=x.astype(np.float32))
    np.testing.assert_allclose(found, z, atol=1e-5)


def test_what_is_left_is_the_deviation_over_the_examples():
    s = simulated("batch-norm", 30, hidden="16-8")
    tape, x = s.model.tape_state(s.constants, s.state), s.constants.material.x[:256]
    layers, with_it, without = s.observe("left")
    z = s.constants.program.forward(tape, "plain.hidden2", x=x)
    assert layers.tolist() == [1, 2] and without[1] == pytest.approx(z.std(0, dtype=float).mean(), rel=1e-5)
    assert with_it[0] == pytest.approx(1, abs=0.1)


def test_a_step_downhill_begins_at_the_loss_and_along_the_gradient():
    s = simulated("batch-norm", 30, hidden="16-8", activation="tanh")
    m, batch, tape = s.constants.material, s.model.batch, s.model.tape_state(s.constants, s.state)
    lengths, with_it, without = s.observe("downhill")
    samples = s.model.given(m.x[:batch], m.t[:batch])
    for losses, prefix in ((with_it, ""), (without, "plain.")):
        now = s.constants.program.forward(tape, f"{prefix}loss", train=True, **samples).mean()
        own = [n for n in s.constants.program.parameters(tape) if n.startswith("plain.") == bool(prefix)]
        slopes = s.constants.program.gradients(tape, f"{prefix}loss", own, train=True, **samples)
        norm = np.sqrt(sum(float((g.astype(float) ** 2).sum()) for g in slopes))
        assert losses[0] == pytest.approx(now - lengths[0] * norm, abs=2e-4 + 0.02 * lengths[0] * norm)


def test_rates_are_tried_one_after_another_with_both_from_the_same_weights():
    s = simulated("batch-norm", 9 * 45, hidden="8-8", epochs=9, evaluate=1.0)
    rates, with_it, without = s.observe("tried")
    assert rates.tolist() == pytest.approx([1e-4, 3e-4, 1e-3][: len(rates)]) and len(rates) == 3
    assert ((0 <= with_it) & (with_it <= 1) & (0 <= without) & (without <= 1)).all()
    again = s.model._try(s.constants, s.state, 1e-3)
    assert again == pytest.approx([with_it[2], without[2]])  # whatever was learned meanwhile


@pytest.mark.parametrize("tied", [False, True])
def test_the_decoder_alone_gives_what_the_whole_autoencoder_gives(tied):
    s = simulated("autoencoder", 100, hidden="16-12", code=3, tied=tied)
    x = s.constants.material.test_x[:20]
    z = s.model.codes(s.constants, s.model.tape_state(s.constants, s.state), x)
    assert np.allclose(s.model.decode(s.constants, s.state, z), s.model.predict(s.constants, s.state, x), atol=1e-5)


def test_a_clicked_code_is_decoded_into_its_reconstruction():
    s = simulated("autoencoder", 100, hidden="16", code=2)
    place = s.observe("latent")[4]
    s.act("decode_place", x=float(place[0]), y=float(place[1]))
    shown = s.observe("reconstructions")[4]
    assert np.allclose(s.observe("decoded"), shown[9:], atol=1e-4)
    assert np.allclose(shown[:8].ravel(), s.constants.material.test_x[4]) and np.isnan(shown[8]).all()


def test_tied_weights_are_one_array():
    s = simulated("autoencoder", 0, hidden="16", code=2, tied=True)
    names = set(s.constants.program.parameters(s.state))
    assert {n for n in names if n.endswith(".weight")} == {"encoder1.weight", "code.weight"}


@pytest.mark.parametrize("tied", [False, True])
def test_gradients_of_the_autoencoder_are_right(tied):
    model = catalog.load("autoencoder")(hidden="6", code=2, tied=tied, activation="tanh")
    program, _, _ = model.compile(outline(model), "float64")
    rows = check_gradients(
        program, program.start(2), "loss", {"x": np.random.default_rng(1).random((5, 64))}, wrt=list(program.parameters(program.start(2)))
    )
    assert all(row.passed for row in rows), rows


def test_gradients_of_the_convolutional_network_are_right():
    model = catalog.load("cnn")(filters="2-3", activation="tanh", pooling="average")
    program, _, _ = model.compile(outline(model), "float64")
    rng = np.random.default_rng(1)
    state = program.start(2)
    rows = check_gradients(
        program, state, "loss", {"x": rng.random((4, 64)), "t": rng.integers(0, 10, 4)}, wrt=list(program.parameters(state))
    )
    assert all(row.passed for row in rows), rows


def test_feature_maps_are_those_of_the_picture_on_the_canvas():
    s = simulated("cnn", 0)
    before = s.observe("maps 2")
    s.act("look_at", index=9)
    after = s.observe("maps 2")
    assert before.shape == (16, 4, 4) and not np.array_equal(before, after)
    tape = s.model.tape_state(s.constants, s.state)
    assert np.allclose(after[5], s.constants.program.forward(tape, "conv2.out", x=s.constants.material.test_x[9:10])[0, :, :, 5], atol=1e-6)
    assert s.observe("kernels").shape == (8, 3, 3) and readings.seen(s.model, s.constants, s.state).shape == (1, 64)


def test_convolutions_want_pictures_and_odd_kernels():
    with pytest.raises(ModelError, match="holds no pictures"):
        Simulation(catalog.load("cnn")(data="wine"), 0)
    with pytest.raises(ParameterError, match="must be odd"):
        catalog.load("cnn")(size=4)
    with pytest.raises(ParameterError, match="one to eight numbers"):
        catalog.load("cnn")(filters="")


def test_dropout_passes_the_slope_through_the_same_mask_as_the_value():
    s = simulated("overfitting", 10, dropout=0.5, hidden="16", batch=8)
    entries = {entry["name"]: entry["values"] for entry in s.observe("dropped")}
    known = np.isfinite(entries["mask"])
    assert set(np.round(entries["mask"][known], 5)) <= {0.0, 2.0}
    np.testing.assert_allclose(entries["passed on"][known], (entries["mask"] * entries["h"])[known], atol=1e-6)
    np.testing.assert_allclose(entries["slope at h"][known], (entries["mask"] * entries["slope that comes back"])[known], atol=1e-6)


def test_the_norm_of_all_layers_is_that_of_their_norms():
    s = simulated("overfitting", 5, hidden="16")
    *each, all_ = s.model.norms(s.constants, s.model.tape_state(s.constants, s.state))
    assert np.hypot(*each) == pytest.approx(all_) == pytest.approx(s.summary()["norm of all weights"])


def test_a_large_epsilon_leaves_small_deviations_small():
    s = simulated("batch-norm", 5, hidden="16-16", compare=False, epsilon=1.0)
    before, after, _ = s.observe("deviations").T
    np.testing.assert_allclose(after, before / np.sqrt(before**2 + 1), atol=1e-5)
    s.change(epsilon=1e-5)
    assert s.observe("deviations")[:, 1].mean() > after.mean() + 0.05


def test_an_epoch_uses_up_its_examples():
    s = simulated("mlp", 3, samples=100, batch=32, hidden="8", evaluate=0.0)
    used = s.observe("epoch").ravel()[:100]
    assert (used == 1).sum() == 64 and (used == 0.5).sum() == 32 and s.summary()["left in this epoch"] == 4
    s.advance(1)
    used = s.observe("epoch").ravel()[:100]
    assert (used == 0.5).sum() == 4 and s.summary()["left in this epoch"] == 0, "the last minibatch is what was left"
