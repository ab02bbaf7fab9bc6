"""Everything of a run in one folder, with names and units; the ending of a file decides its format, or is refused."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import lab
from lab.__main__ import main
from lab.display.export import export_all, format_of
from lab.engine.experiment import Experiment
from lab.errors import FileError, LabError
from lab.session import Session, SessionReader


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "run.lab"
    lab.run("mlp", data="moons", hidden="3", epochs=3, n=60).save(path)
    return path


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_everything_is_written_with_names_and_units(session, tmp_path, capsys):
    assert main(["export", str(session), "--all", "-o", str(tmp_path / "out")]) == 0
    folder = tmp_path / "out"
    heading, *body = rows(folder / "score.csv")
    assert heading[0] == "time (epoch)" and {row[heading.index("channel")] for row in body} == {"train", "test"}
    assert [row[0] for row in rows(folder / "summary.csv")][:2] == ["figure", "test accuracy"]
    listed = {row[1]: row[0] for row in rows(folder / "contents.csv")[1:]}
    assert listed["evaluated loss"] == "evaluated-loss.csv" and set(listed) == set(lab.load(session).streams)
    assert 'model = "mlp"' in (folder / "experiment.toml").read_text()
    assert main(["run", str(folder / "experiment.toml"), "-o", str(tmp_path / "again.lab")]) == 0
    with pytest.raises(FileError, match="already and not empty"):
        export_all(lab.load(session), folder)


def test_everything_as_arrays(session, tmp_path):
    export_all(lab.load(session), tmp_path / "out", "npz")
    with np.load(tmp_path / "out" / "score.npz") as found:
        assert found["channels"].tolist() == ["train", "test"] and len(found["values"]) == len(found["index"])


def test_a_run_that_has_recorded_nothing_yet_is_exported(tmp_path):
    lab.run("leaky-integrate-and-fire", steps=0).save(tmp_path / "none.lab")
    written = export_all(lab.load(tmp_path / "none.lab"), tmp_path / "out")
    assert (tmp_path / "out" / "V.csv") in written and len(rows(tmp_path / "out" / "V.csv")) == 1


@pytest.mark.parametrize(
    ("name", "to", "wanted"),
    [("a.csv", "", "csv"), ("a.npz", "", "npz"), ("a.npz", "npz", "npz"), ("a", "npz", "npz"), (None, "", "csv"), ("a", "", "csv")],
)
def test_the_ending_decides(tmp_path, name, to, wanted):
    assert format_of(tmp_path / name if name else None, to) == wanted


@pytest.mark.parametrize(
    ("name", "to", "said"),
    [
        ("a.npz", "csv", "a csv file ends in .csv"),
        ("a.txt", "", "end in .csv or .npz"),
        ("a.xlsx", "csv", "end in .csv or .npz"),
        (None, "xml", "csv or npz"),
    ],
)
def test_another_ending_is_refused(tmp_path, name, to, said):
    with pytest.raises(LabError, match=said):
        format_of(tmp_path / name if name else None, to)


def test_export_wants_a_stream_or_all(session, tmp_path, capsys):
    assert main(["export", str(session)]) == 2 and "--all" in capsys.readouterr().err
    assert main(["export", str(session), "loss", "--all"]) == 2
    assert main(["export", str(session), "loss", "-o", str(tmp_path / "loss.npz")]) == 0
    assert np.load(tmp_path / "loss.npz")["values"].size == len(lab.load(session)["loss"])


def test_a_part_that_is_exported_reads_the_chunks_it_lies_in_and_no_other(tmp_path, monkeypatch, capsys):
    path, model = tmp_path / "long.lab", lab.make("leaky-integrate-and-fire")
    with Session.create(path) as made:
        run = made.add_run("long", Experiment(model.name, steps=4000).to_dict())
        for name in ("V", "spikes"):
            stream = model.stream(name)
            made.add_stream(run, name, form=stream.form, dtype="float64", shape=stream.shape, unit=stream.unit)
        for first in range(0, 4000, 100):
            made.append_samples(run, "V", first, np.full((100, *model.stream("V").shape), float(first)))
            made.append_events(run, "spikes", [first + 50], [0], 0.0)
            made.flush()  # a chunk each
    read = []
    original = SessionReader._chunk
    monkeypatch.setattr(SessionReader, "_chunk", lambda self, info, row: read.append((info.name, row[3])) or original(self, info, row))
    dt = model.clock.dt
    for name, most in (("V", 3 * 100), ("spikes", 4)):
        read.clear()
        assert main(["export", str(path), name, "--from", str(2010 * dt), "--until", str(2190 * dt)]) == 0
        lines = capsys.readouterr().out.splitlines()[1:]
        assert len(lines) == {"V": 180, "spikes": 2}[name]
        assert {owner for owner, _ in read} == {name} and 0 < sum(count for _, count in read) <= most


def test_a_run_writes_itself_as_its_path_ends(session, tmp_path):
    h5py = pytest.importorskip("h5py")
    run = lab.run("leaky-integrate-and-fire", current=3.0, duration=20.0)
    with h5py.File(run.export(tmp_path / "cell.h5")) as file:
        np.testing.assert_array_equal(file["streams/V/values"], run["V"])
        assert file.attrs["created"].endswith("+00:00")
    assert (run.export(tmp_path / "cell") / "V.csv").exists() and (run.export(tmp_path / "cell2", to="npz") / "V.npz").exists()
    assert run.export(tmp_path / "cell.nwb").stat().st_size
    for path, to, words in (
        ("a.csv", "", "end in .h5, .hdf5, .nwb, .nir"),
        ("a.h5", "nwb", "ends in .nwb"),
        ("a.nwb", "tensorboard", "the ending says nwb"),
        ("a", "excel", "is exported as hdf5, nwb"),
        ("cell.h5", "", "there already"),
        ("net.nir", "", "no network"),
    ):
        with pytest.raises(LabError, match=words):
            run.export(tmp_path / path, to)
