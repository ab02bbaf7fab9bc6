"""Training without a window: run, resume, weights out and in, predictions on a table."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from lab import catalog
from lab.__main__ import main
from lab.engine.simulation import Simulation
from lab.session import SessionReader

SMALL = ("--set", "hidden=8", "--quiet")


def checkpoint(path):
    with SessionReader(path) as reader:
        return reader.checkpoint(reader.runs()[-1].id)


@pytest.fixture
def trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = [(a, b, "red" if c > 0 else "blue", "high" if a + 2 * (c > 0) > 1 else "low") for a, b, c in rng.normal(size=(200, 3))]
    with open("table.csv", "w") as file:
        csv.writer(file).writerows([("a", "b", "colour", "kind"), *rows])
    assert (
        main(
            [
                "run",
                "mlp",
                *SMALL,
                "--set",
                "data=file",
                "--set",
                "file=table.csv",
                "--set",
                "rate=0.02",
                "--for",
                "30 epochs",
                "-o",
                "run.lab",
            ]
        )
        == 0
    )
    return tmp_path


@pytest.mark.parametrize("unit", ["3epochs", "3 epochs", "135steps", "3e0 epochs"])
def test_a_length_in_epochs_may_be_written_with_and_without_a_space(unit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "mlp", *SMALL, "--for", unit, "-o", "run.lab"]) == 0
    assert checkpoint("run.lab")[0] == 135


def test_a_length_beyond_the_end_says_what_ends_the_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "mlp", *SMALL, "--set", "epochs=2", "--for", "5 epochs", "-o", "run.lab"]) == 0
    assert "Ended at 2 epochs, before the 5 asked for" in (said := capsys.readouterr().err) and "--set epochs=5" in said


def test_a_resumed_training_ends_in_the_bytes_of_an_uninterrupted_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train = ["run", "mlp", *SMALL, "--set", "dropout=0.1", "--seed", "4"]
    assert main([*train, "--for", "180steps", "-o", "whole.lab"]) == 0
    assert main([*train, "--for", "67steps", "-o", "half.lab"]) == 0
    assert main(["resume", "half.lab", "--for", "113steps", "--quiet"]) == 0
    (step, one, _), (other_step, other, _) = checkpoint("whole.lab"), checkpoint("half.lab")
    assert step == other_step == 180 and set(one) == set(other)
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


@pytest.mark.parametrize("kind", ["safetensors", "npz"])
def test_weights_written_are_those_of_the_newest_checkpoint_and_can_be_loaded(kind, trained):
    assert main(["weights", "run.lab", "--to", kind, "-o", f"w.{kind}"]) == 0
    state = checkpoint("run.lab")[1]
    if kind == "npz":
        with np.load(f"w.{kind}", allow_pickle=False) as found:
            arrays = dict(found)
    else:
        arrays = pytest.importorskip("safetensors.numpy").load_file(f"w.{kind}")
    assert set(arrays) == {"hidden1.weight", "hidden1.bias", "output.weight", "output.bias"}
    assert sum(a.size for a in arrays.values()) == state["parameters"].size
    fresh = Simulation(catalog.load("mlp")(hidden="8", data="file", file="table.csv"), 9)
    fresh.act("load", file=f"w.{kind}")
    assert fresh.state["parameters"].tobytes() == state["parameters"].tobytes()


@pytest.mark.parametrize("kind", ["safetensors", "npz"])
def test_a_training_starts_from_the_weights_of_a_file(kind, trained, capsys):
    assert main(["weights", "run.lab", "-o", f"w.{kind}"]) == 0
    same = ["--set", "data=file", "--set", "file=table.csv", "--quiet", "--for", "1steps", "--set", "rate=1e-7", "--set", "optimiser=SGD"]
    assert main(["run", "mlp", *same, "--set", "hidden=8", "--set", f"start_from=w.{kind}", "-o", "again.lab"]) == 0
    np.testing.assert_allclose(checkpoint("again.lab")[1]["parameters"], checkpoint("run.lab")[1]["parameters"], atol=1e-5)
    assert main(["run", "mlp", *same, "--set", "hidden=9", "--set", f"start_from=w.{kind}", "-o", "other.lab"]) != 0
    assert "load weights of this network" in capsys.readouterr().err


def test_predictions_on_a_table_are_right_and_in_its_order(trained):
    with open("asked.csv", "w") as file:
        csv.writer(file).writerows([("b", "colour", "a"), (0, "red", 2.0), (0, "blue", -2.0), (0.5, "red", 1.5)])
    assert main(["predict", "run.lab", "asked.csv", "-o", "answers.csv"]) == 0
    with open("answers.csv") as file:
        rows = list(csv.DictReader(file))
    assert [r["predicted"] for r in rows] == ["high", "low", "high"]
    assert all(abs(float(r["high"]) + float(r["low"]) - 1) < 1e-4 for r in rows)


def test_predictions_go_to_standard_output_unless_a_file_is_named(trained, capsys):
    assert main(["predict", "run.lab", "table.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "predicted,high,low" and len(lines) == 201


def test_a_table_without_a_feature_is_refused_by_name(trained, capsys):
    with open("asked.csv", "w") as file:
        csv.writer(file).writerows([("a", "b"), (1, 2)])
    assert main(["predict", "run.lab", "asked.csv"]) == 2
    assert "no column 'colour'" in capsys.readouterr().err


def test_a_word_in_place_of_a_number_is_refused_with_row_and_column(trained, capsys):
    with open("asked.csv", "w") as file:
        csv.writer(file).writerows([("a", "b", "colour"), (1, 2, "red"), (1, "much", "red")])
    assert main(["predict", "run.lab", "asked.csv"]) == 2
    assert "row 3, column 'b': 'much' is not a number" in capsys.readouterr().err


def test_only_trainings_have_weights(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "hodgkin-huxley", "--for", "1ms", "-o", "cell.lab", "--quiet"]) == 0
    assert main(["weights", "cell.lab"]) == 2
    assert "trains no network" in capsys.readouterr().err
