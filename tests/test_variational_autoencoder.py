"""The variational autoencoder: its bound, its terms, what is decoded, slow motion with the noise of the update."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("sklearn")

from lab import catalog
from lab.engine.simulation import Simulation
from lab.errors import LabError, ParameterError

VAE = catalog.load("variational-autoencoder")
SMALL = {"hidden": "16", "epochs": 20}


def trained(steps=30, **values):
    s = Simulation(VAE(**SMALL | values), 1)
    s.advance(steps)
    return s


def held(s, count=8):
    m = s.constants.material
    return m.test_x[:count], m.test_t[:count]


def forward(s, names, seed=3, count=8):
    x, t = held(s, count)
    return s.constants.program.forward(s.model.tape_state(s.constants, s.state), names, seed=seed, **s.model.given(x, t))


def test_the_loss_is_both_terms_with_their_weights():
    s = trained(code=3, beta=2.5)
    said, far, loss, bound, mean, spread, output = (
        a.astype(float) for a in forward(s, ["reconstruction", "KL", "loss", "bound", "mean", "log_variance", "output"])
    )
    x = held(s)[0].astype(float)
    p = 1 / (1 + np.exp(-output))
    assert said == pytest.approx(-(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(1), rel=1e-4)
    assert far == pytest.approx(0.5 * (np.exp(spread) + mean**2 - spread - 1).sum(1), rel=1e-4)
    assert loss == pytest.approx(said + 2.5 * far, rel=1e-5) and bound == pytest.approx(said + far, rel=1e-5)
    s.change(beta=0.0, pixels="mean")
    assert forward(s, "loss") == pytest.approx(said / 64, rel=1e-5)


def test_gaussian_pixels_cost_what_their_density_says():
    s = trained(likelihood="Gaussian", deviation=0.5)
    said, picture = (a.astype(float) for a in forward(s, ["reconstruction", "picture"]))
    x = held(s)[0]
    density = np.exp(-((x - picture) ** 2) / (2 * 0.5**2)) / math.sqrt(2 * math.pi * 0.5**2)
    assert said == pytest.approx(-np.log(density).sum(1), rel=1e-5)
    assert s.summary()["floor (nats)"] == pytest.approx(32 * math.log(2 * math.pi * 0.25))


@pytest.mark.parametrize("values", [{}, {"code": 5, "hidden": "16-8"}, {"conditional": True}, {"likelihood": "Gaussian"}])
def test_what_is_decoded_is_what_the_whole_network_makes_of_a_code(values):
    s = trained(**values)
    z, picture = forward(s, ["z", "picture"])
    told = held(s)[1]
    again = np.stack([s.model.decode(s.constants, s.state, code, int(t))[0] for code, t in zip(z, told, strict=True)])
    assert again == pytest.approx(picture, abs=1e-6)


def test_the_grid_and_the_way_are_decoded_places():
    s = trained()
    for k in range(6):
        s.act("decode_place", x=0.3 * k, y=-0.1)
    assert len(s.state["path"]) == 6 and s.observe("place").shape[0] == 2
    way = s.observe("decoded path")
    assert way[0] == pytest.approx(s.model.decode(s.constants, s.state, [[0.0, -0.1]])[0].reshape(8, 8))
    assert way[-1] == pytest.approx(s.observe("decoded")) and s.observe("decoded") == pytest.approx(
        s.model.decode(s.constants, s.state, [[1.5, -0.1]])[0].reshape(8, 8)
    )
    s.act("decode_place", x=-2.0, y=2.0)  # far away: another way begins
    assert len(s.state["path"]) == 1
    s.act("decode_place", x=1.0, y=0.5, goes_on=True)  # the same drag by a quick hand
    assert len(s.state["path"]) == 2 and s.observe("decoded path")[0] == pytest.approx(
        s.model.decode(s.constants, s.state, [[-2.0, 2.0]])[0].reshape(8, 8)
    )
    grid = s.observe("walk over the map")
    assert grid[:8, :8] == pytest.approx(s.model.decode(s.constants, s.state, [[-2.2, 2.2]])[0].reshape(8, 8))
    s.act("decode_path", path=((0.0, 0.0), (1.0, 0.0)))
    assert len(s.state["path"]) == 2


def test_the_place_under_the_cursor_is_foreseen_as_a_click_would_decode_it_and_the_run_stays_as_it_is():
    s = trained()
    before, log = {name: array.tobytes() for name, array in s.state.items()}, list(s.log)
    shown = s.foresee("decoded", "decode_place", x=0.7, y=-1.2)
    assert {name: array.tobytes() for name, array in s.state.items()} == before and s.log == log
    picture = next(p for p in s.model.pictures if p.name == "map")
    assert (picture.hover, picture.click) == ("decoded", "decode_place")
    s.act(picture.click, x=0.7, y=-1.2)
    np.testing.assert_array_equal(s.observe(picture.hover), shown)
    with pytest.raises(LabError, match="can be foreseen"):
        s.foresee("decoded", "save", file="x")


def test_a_drawn_picture_lands_with_its_cloud():
    s = trained()
    s.act("look_at", index=5)
    mean, sigma = s.model.codes(s.constants, s.model.tape_state(s.constants, s.state), *(a[5:6] for a in held(s, 10)))
    codes, ring = s.observe("landed codes"), s.observe("landed")
    assert np.abs(codes.mean(0) - mean[0]).max() < 4 * sigma.max() / math.sqrt(len(codes))
    assert np.nanmean(ring[:, :-1], 1) == pytest.approx(mean[0], abs=0.1) and s.observe("said again").shape == (2, 8, 8)


def test_the_class_is_told_to_both_halves():
    s = trained(conditional=True)
    z = np.zeros((1, 2))
    assert np.abs(s.model.decode(s.constants, s.state, z, 0) - s.model.decode(s.constants, s.state, z, 1)).max() > 1e-4
    shape = {n.name: n.shape for n in s.constants.program.tape.nodes}
    assert shape["encoder1.weight"] == (74, 16) and shape["decoder1.weight"] == (12, 16)
    with pytest.raises(ParameterError, match="needs data with classes"):
        VAE(conditional=True, data="diabetes", likelihood="Gaussian")


def test_a_rate_of_almost_zero_leaves_a_conditional_network_as_it_is():
    s = Simulation(VAE(**SMALL, conditional=True, optimiser="SGD", rate=1e-7), 1)
    before = s.state["parameters"].copy()
    s.advance(5)
    assert np.abs(s.state["parameters"] - before).max() < 1e-4


def test_slow_motion_shows_the_very_code_that_the_update_draws():
    s = trained()
    names = [phase.name for phase in s.model.phases(s.constants)]
    assert names[3:5] == ["draw a code from the cloud", "forward, decoder1"] and "both terms" in names and len(names) == 3 * 5 + 2
    for _ in range(3):
        s.act("next_phase")
    shown = {e["name"]: e["values"] for e in s.observe("matrices") if e["values"] is not None}
    assert shown["z"] == pytest.approx(shown["mean"] + shown["sigma"] * shown["epsilon"], abs=1e-6)
    s.act("next_phase")
    assert np.ravel({e["name"]: e["values"] for e in s.observe("matrices")}["x"]) == pytest.approx(np.ravel(shown["z"]))
    while s.model.phases(s.constants)[int(s.state["phase"][0])].name != "update, output":
        s.act("next_phase")
    new = {e["name"]: e["values"] for e in s.observe("matrices")}["new b"]
    s.act("next_phase")
    after = s.constants.program.parameters(s.state)["output.bias"]
    assert np.ravel(new) == pytest.approx(after) and s.state["phase"][0] == 0


def test_the_weighted_bound_of_one_code_is_the_bound():
    s = trained(200)
    one = s.model.weighted_bound(s.constants, s.state, 1)
    # One sample: -ln p(x|z) + ln q(z|x) - ln p(z), whose mean over codes is the bound.
    assert one == pytest.approx(float(forward(s, "bound", seed=0, count=200).mean()), abs=0.3)
    assert s.model.weighted_bound(s.constants, s.state, 20) < one
    s.act("weigh")
    assert s.summary()["-ln p(x) by weights (nats)"] < one


def test_data_that_are_no_pictures_need_gaussian_pixels():
    with pytest.raises(ParameterError, match="must be Gaussian for moons"):
        VAE(data="moons")
    s = Simulation(VAE(data="wine", likelihood="Gaussian", **SMALL), 1)
    s.advance(3)
    assert "walk over the map" not in {p.name for p in s.model.pictures}
    with pytest.raises(LabError, match="no pictures"):
        s.act("decode_place", x=0.0, y=0.0)


def test_both_terms_of_the_test_part_are_events():
    s = trained(46)
    block = s.advance(23, ["reconstruction", "KL", "floor"])
    assert block.samples["floor"] == pytest.approx(s.summary()["floor (nats)"])
    assert (block.samples["reconstruction"] > block.samples["floor"]).all()


def test_pictures_of_ones_own_are_drawn_and_a_table_needs_gaussian_values(tmp_path):
    from PIL import Image

    random = np.random.default_rng(0)
    for kind in "ab":
        (tmp_path / "pictures" / kind).mkdir(parents=True)
        for k in range(12):
            Image.fromarray(random.integers(0, 255, (8, 8), np.uint8)).save(tmp_path / "pictures" / kind / f"{k}.png")
    s = Simulation(VAE(data="file", file=str(tmp_path / "pictures"), batch=8, **SMALL), 1)
    s.advance(4)
    assert s.observe("decoded").ndim == 2
    rows = "\n".join(f"{a:.3f},{b:.3f},{c:.3f},{'x' if c > 0 else 'y'}" for a, b, c in random.normal(size=(40, 3)))
    (tmp_path / "table.csv").write_text(f"a,b,c,kind\n{rows}\n")
    with pytest.raises(LabError, match="Bernoulli needs values from 0 to 1"):
        Simulation(VAE(data="file", file=str(tmp_path / "table.csv"), **SMALL), 1)
    Simulation(VAE(data="file", file=str(tmp_path / "table.csv"), likelihood="Gaussian", **SMALL), 1).advance(2)


def test_codes_are_random_numbers_scaled_and_shifted_and_their_weights_add_up():
    s = Simulation(catalog.load("variational-autoencoder")(hidden="16", epochs=1), 0)
    s.advance(5)
    before, after = np.split(s.observe("drawn"), 2)
    arrows = s.observe("carried")
    np.testing.assert_allclose(arrows[:, :2] + arrows[:, 2:], after[: len(arrows), :2])
    assert abs(before[:, :2].mean()) < 0.3
    weights = s.observe("importance")
    assert weights.sum() == pytest.approx(1) and (np.diff(weights) <= 0).all()
    assert 1 <= s.summary()["codes that count"] <= len(weights)
