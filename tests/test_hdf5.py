"""HDF5 files of a run: h5py reads back what was recorded, asked, changed and found."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lab
from lab.__main__ import main
from lab.data import hdf5
from lab.display import hdf5 as of_run
from lab.engine.experiment import Experiment
from lab.errors import FileError, LabError
from lab.model import Happened, Recorded

h5py = pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    path = tmp_path_factory.mktemp("cell") / "cell.lab"
    experiment = Experiment(
        "leaky-integrate-and-fire", {"current": 3.0}, seed=7, steps=1000, schedule=(Happened(500, "change", "", {"current": 4.0}),)
    )
    return lab.run(experiment).save(path)


@pytest.mark.parametrize("asked", [["-o", "{}"], ["--to", "hdf5", "-o", "{}"], ["--all", "-o", "{}"]])
def test_the_ending_decides_and_all_of_the_run_is_in_the_file(asked, cell, tmp_path):
    path = tmp_path / "cell.h5"
    assert main(["export", str(cell), *(word.format(path) for word in asked)]) == 0
    run = lab.load(cell)
    with h5py.File(path) as file:
        top = file.attrs
        assert (top["model"], top["seed"], top["steps"], top["time_unit"]) == (run.model.name, 7, run.steps, "ms")
        assert top["dt"] == run.model.clock.dt and "leaky-integrate-and-fire" in file["experiment"].asstr()[()]
        assert set(file["streams"]) == set(run.streams)
        for name in run.streams:
            group, found, stream = file["streams"][name], run.recorded(name), run.model.stream(name)
            np.testing.assert_array_equal(group["time"], found.time)
            np.testing.assert_array_equal(group["values"], np.asarray(found.values))
            assert (group.attrs["kind"], group.attrs["unit"], group["values"].attrs["unit"]) == (stream.kind, stream.unit, stream.unit)
            if found.index is not None:
                np.testing.assert_array_equal(group["index"], found.index)
        assert len(file["streams/spikes/time"]) > 1
        begun, ended = dict(file["parameters"].attrs), run.model.values()
        assert set(begun) == set(ended) and begun["current"] == 3 and ended["current"] == 4  # the change is in the log
        assert begun["C"] == ended["C"] and begun["stimulus"] == ended["stimulus"]
        assert list(file["log/kind"].asstr()) == ["change"] and file["log/time"][0] == pytest.approx(500 * run.model.clock.dt)
        assert json.loads(file["log/values"].asstr()[0]) == {"current": 4}
        assert set(file["summary"].attrs) == set(run.summary)
        for name, value in run.summary.items():
            if isinstance(value, float):
                assert file["summary"].attrs[name] == value or np.isnan(value)


class Of:
    """A run whose snapshots have several shapes, and words."""

    model = lab.make("mlp")
    experiment = Experiment("mlp")
    summary = {"a/figure": 1.5, "none": None, "words": "ü", "row": [1, 2], "far": 10**30, "long": "x" * 100_000}

    def __init__(self, snapshots):
        self.snapshots = snapshots
        self.streams = tuple(snapshots)

    def recorded(self, name):
        return Recorded(np.arange(len(self.snapshots[name]), dtype=float), self.snapshots[name])


def test_snapshots_of_every_sort_and_values_of_every_length_are_kept(tmp_path):
    names = [stream.name for stream in Of.model.streams if stream.form == "snapshots"][:3]
    same, other, table = [np.ones((2, 3)), np.zeros((2, 3))], [np.ones(2), np.arange(3.0)], [[{"word": "a", "n": np.float64(2)}], []]
    run = Of(dict(zip(names, (same, other, table), strict=True)))
    path = of_run.export(run, tmp_path / "net.hdf5", "2026-01-01", 3, [Happened(1, "act", "perturb", {"size": np.float32(0.5)})])
    with h5py.File(path) as file:
        streams = [file["streams"][name.replace("/", " ")]["values"] for name in names]
        np.testing.assert_array_equal(streams[0], np.stack(same))
        np.testing.assert_array_equal(streams[1]["1"], other[1])
        assert json.loads(streams[2].asstr()[0]) == [{"word": "a", "n": 2.0}]
        figures = file["summary"].attrs
        assert (figures["a figure"], figures["none"], figures["words"], list(figures["row"])) == (1.5, "null", "ü", [1, 2])
        assert json.loads(figures["far"]) == 10**30 and file["summary/long"].asstr()[()] == "x" * 100_000
        assert json.loads(file["log/values"].asstr()[0]) == {"size": 0.5}


def test_what_cannot_be_written_is_one_sentence_and_leaves_nothing(cell, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept.h5").write_text("kept")
    for words in (
        ["-o", "kept.h5"],
        ["-o", "nowhere/cell.h5"],
        ["--to", "hdf5", "-o", "cell.csv"],
        ["V", "--to", "hdf5"],
        ["V", "-o", "V.h5"],
    ):
        assert main(["export", str(cell), *words]) == 2
    said = capsys.readouterr().err
    assert "there already" in said and "cannot be written" in said and "ends in .h5 or .hdf5" in said and "Traceback" not in said
    assert "name no stream" in said and "end in .csv or .npz" in said
    with pytest.raises(FileError, match="no place"), hdf5.new(tmp_path / "zero.h5", "HDF5") as file:
        file.attrs["text"] = "a\0b"
        file.create_dataset("text", data="a\0b", dtype=h5py.string_dtype())
    with pytest.raises(LabError, match="as it is"), hdf5.new(tmp_path / "own.h5", "HDF5"):
        raise LabError("said as it is")
    assert [p.name for p in tmp_path.iterdir()] == ["kept.h5"] and (tmp_path / "kept.h5").read_text() == "kept"
