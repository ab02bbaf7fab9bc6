"""NWB files: valid to PyNWB, and what it reads is what was recorded."""

from __future__ import annotations

import numpy as np
import pytest

import lab
from lab.__main__ import main

pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    path = tmp_path_factory.mktemp("cell") / "cell.lab"
    assert main(["run", "leaky-integrate-and-fire", "--for", "100ms", "--set", "current=3", "--quiet", "-o", str(path)]) == 0
    return path


def test_a_recording_of_a_cell_is_valid_and_holds_what_was_recorded(cell, tmp_path):
    pynwb = pytest.importorskip("pynwb")
    path = tmp_path / "cell.nwb"
    assert main(["export", str(cell), "--to", "nwb", "-o", str(path)]) == 0
    run = lab.load(cell)
    with pynwb.NWBHDF5IO(str(path), "r", load_namespaces=False) as io:
        assert not [str(e) for e in pynwb.validate(io=io)]
        file = io.read()
        voltage = file.acquisition["V"]
        assert type(voltage).__name__ == "CurrentClampSeries" and voltage.unit == "volts" and voltage.conversion == pytest.approx(1e-3)
        np.testing.assert_array_equal(voltage.data[:], run["V"])
        np.testing.assert_allclose(
            voltage.starting_time + np.arange(len(run["V"])) / voltage.rate, run.recorded("V").time * 1e-3, atol=1e-9
        )
        assert file.subject.subject_id == "leaky-integrate-and-fire" and "no animal" in file.subject.description
        assert file.session_start_time.tzinfo is not None and "leaky-integrate-and-fire" in file.source_script
        units = file.units
        assert len(units) == 1 and len(run["spikes"]) > 1
        np.testing.assert_allclose(units["spike_times"][0], np.asarray(run["spikes"]) * 1e-3)
        np.testing.assert_allclose(units["obs_intervals"][0], [[0.0, 0.1]])


def test_what_has_no_time_of_its_own_is_refused(tmp_path, monkeypatch, capsys, cell):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept.nwb").write_text("kept")
    assert main(["export", str(cell), "--to", "nwb", "-o", "kept.nwb"]) == 2
    assert main(["export", str(cell), "--to", "nwb", "-o", "cell.h5"]) == 2
    assert main(["run", "hopfield", "--quiet", "--for", "1steps", "-o", "net.lab"]) == 0
    assert main(["export", "net.lab", "--to", "nwb"]) == 2
    said = capsys.readouterr().err
    assert "there already" in said and "ends in .nwb" in said and "counts in" in said and "Traceback" not in said
    assert (tmp_path / "kept.nwb").read_text() == "kept" and not list(tmp_path.glob("*.part"))
