"""Numbers to predict: standardised inside, spoken of in the person's units, and explained by a default network where least squares can."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from lab.__main__ import main
from lab.engine.simulation import run
from lab.models.learning.mlp import MultiLayerPerceptron as MLP


def put(path, x, t, names, target="price"):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([[*names, target], *np.column_stack([x, t]).tolist()])
    return str(path)


def prices(path, n=120):
    rng = np.random.default_rng(3)
    area = rng.integers(40, 185, n)
    rooms = np.round(area / 30 + rng.normal(0, 0.4, n))
    return put(path, np.column_stack([area, rooms]), 4200 * area + 9000 * rooms + rng.normal(0, 15000, n), ("area", "rooms"))


def test_prices_are_explained_by_default_settings_and_errors_are_in_their_units(tmp_path):
    result = run(MLP(data="file", file=prices(tmp_path / "a.csv")), seed=1, record={})
    summary = result.summary
    assert summary["test R2"] > 0.95 and summary["test loss"] < 0.1
    assert 10_000 < summary["test error"] < 40_000  # the noise has a deviation of 15,000
    outcomes = (
        result.simulation.observe("outcomes") if result.model.streams and "outcomes" in {s.name for s in result.model.streams} else None
    )
    assert outcomes is not None and outcomes[:, 0].min() > 100_000 and abs(outcomes[:, 1] - outcomes[:, 0]).mean() < 40_000
    worst = result.simulation.observe("mistake table")
    assert float(worst[0]["true"]) > 100_000 and worst[0]["error"][0] in "+-" and worst[0]["row"] >= 2
    surface = result.simulation.observe("surface")
    assert surface.min() > -500_000 and surface.max() > 500_000  # two features: the plane is in their units, too
    points = result.simulation.observe("points")
    assert points[:, 0].max() > 150 and not points[:, 2].any()


@pytest.mark.parametrize("shape", [(200, 10, 10.0, 1.0), (100, 5, 5.0, 1e5), (300, 3, 5.0, 1e-4)])
def test_where_ridge_explains_nine_tenths_a_default_network_does(tmp_path, shape):
    from sklearn.datasets import make_regression
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import train_test_split

    n, features, noise, unit = shape
    x, t = make_regression(n, features, n_informative=features, noise=noise, random_state=1)
    a, b, c, d = train_test_split(x, t, test_size=0.2, random_state=0)
    assert Ridge(1.0).fit(a, c).score(b, d) > 0.9
    path = put(tmp_path / "a.csv", x, unit * t, [f"a{k}" for k in range(features)])
    assert run(MLP(data="file", file=path), seed=1, record={}).summary["test R2"] > 0.9


def test_the_unit_of_the_heading_goes_with_the_error(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3))
    path = put(tmp_path / "a.csv", x, 100 + 20 * x[:, 0], "abc", "height (cm)")
    result = run(MLP(data="file", file=path, epochs=2), seed=0, record={})
    assert "test error (cm)" in result.summary
    picture = next(p for p in result.model.pictures if p.name == "outcomes")
    assert picture.x == "true height (cm)" and picture.figures == ("test error (cm)",)


def test_lab_predict_answers_in_units_and_fills_what_is_missing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prices(tmp_path / "a.csv")
    assert main(["run", "mlp", "--set", "data=file", "--set", "file=a.csv", "--seed", "1", "-o", "a.lab"]) == 0
    assert "To predict: price, a number from" in capsys.readouterr().out
    (tmp_path / "asked.csv").write_text("rooms;area\n3;100,5\n;100,5\n")
    assert main(["predict", "a.lab", "asked.csv"]) == 0
    head, first, second = capsys.readouterr().out.split()
    assert head == "predicted" and 400_000 < float(first) < 500_000 and 350_000 < float(second) < 600_000


def test_diabetes_speaks_in_its_own_units():
    result = run(MLP(data="diabetes", hidden="4", epochs=3), seed=0, record={})
    true = result.simulation.observe("outcomes")[:, 0]
    assert true.min() >= 25 and true.max() <= 346 and 30 < result.summary["test error"] < 120


def test_two_features_far_from_zero_are_brought_to_one_scale(tmp_path):
    rng = np.random.default_rng(0)
    rows = [(50_000 + 20_000 * (k % 2) + 3000 * rng.normal(), 30 + 20 * (k % 2) + 3 * rng.normal(), "ab"[k % 2]) for k in range(80)]
    path = tmp_path / "a.csv"
    path.write_text("income,age,kind\n" + "".join(f"{a:.0f},{b:.1f},{c}\n" for a, b, c in rows))
    result = run(MLP(data="file", file=str(path)), seed=1, record={})
    assert result.summary["test accuracy"] == 1.0
    assert result.simulation.observe("points")[:, 0].max() > 60_000


def test_rare_classes_are_shown_more_often_and_epochs_know_it(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b,c,kind\n" + "".join(f"{k % 7},{k % 5},{k % 3},{'rare' if k % 10 == 0 else 'usual'}\n" for k in range(100)))
    model = MLP(data="file", file=str(path), balance=True, batch=8, epochs=1)
    material = model.build(0).material
    assert np.bincount(material.t).tolist() == [72, 72] and model.steps_per_epoch == 18
    assert MLP(data="file", file=str(path), balance=True, batch=8, samples=20).steps_per_epoch == 3


def test_filled_cells_stay_marked_in_the_table_of_mistakes(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "a.csv"
    path.write_text("a,b,c,kind\n" + "".join(f"{'' if k % 2 else k % 7},{k % 5},{k % 3},{rng.choice(['x', 'y'])}\n" for k in range(60)))
    result = run(MLP(data="file", file=str(path), epochs=1, hidden="2"), seed=0, record={})
    rows = result.simulation.observe("mistake table")
    assert any("(filled)" in str(row["a"]) for row in rows) and all(row["row"] >= 2 for row in rows)
