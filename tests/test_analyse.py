"""Analyses of a recorded run, from Python and from the command line."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import lab
from lab.__main__ import main
from lab.analysis import trains as analysis
from lab.errors import LabError


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A session with 20 s of a Poisson train of 40 Hz through a synapse, and the run itself."""
    folder = tmp_path_factory.mktemp("analyse")
    run = lab.run("synapse", duration=20_000.0, seed=3, rate=40.0, n=1, record={"s": 2, "spikes": 1})
    return run.save(folder / "train.lab"), run


def said(capsys, *arguments) -> str:
    assert main([str(a) for a in arguments]) == 0
    return capsys.readouterr().out


def refused(capsys, *arguments) -> str:
    assert main([str(a) for a in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "Traceback" not in printed.err
    return printed.err


def test_a_run_analyses_its_spikes_in_its_own_units(recorded):
    _, run = recorded
    direct = analysis.group(run["spikes"], span=(0.0, 20_000.0))
    assert run.analysis.isi().figures == analysis.isi(direct).figures
    assert run.analysis.figures["rate (Hz)"] == pytest.approx(len(run["spikes"]) / 20.0)
    assert run.analysis.cv().figures["CV"] == pytest.approx(1.0, abs=0.1)


def test_stimulus_events_follow_what_was_done_to_the_run():
    from lab.model import Happened

    done = [
        Happened(1000, "change", "", {"stimulus": "pulses", "width": 1.0, "period": 20.0}),
        Happened(2100, "act", "pulse", {"height": 5.0, "length": 1.0}),
        Happened(3000, "change", "", {"period": 50.0}),
    ]
    run = lab.run("leaky-integrate-and-fire", duration=250.0, onset=5.0, schedule=done, record=["spikes"])
    # dt 0.05 ms: a step at 5, pulses each 20 ms from 65 on, one by hand at 105, from 150 on each 50 ms.
    assert run.analysis.events.tolist() == [5.0, 65.0, 85.0, 105.0, 125.0, 145.0, 155.0, 205.0]


def test_a_run_without_stimulus_has_no_events_to_align_to(recorded):
    _, run = recorded
    assert len(run.analysis.events) == 0
    with pytest.raises(LabError, match="no stimulus begins"):
        run.analysis.psth()


def test_spikes_after_the_stimulus_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = lab.run("leaky-integrate-and-fire", duration=300.0, stimulus="pulses", current=30.0, width=2.0, period=50.0, record=["spikes"])
    run.save("pulses.lab")
    found = json.loads(said(capsys, "analyse", "pulses.lab", "--psth", "stimulus", "--json"))["psth"]
    assert found["figures"]["trials"] == 6
    assert found["figures"]["peak (Hz)"] == pytest.approx(run.analysis.psth().figures["peak (Hz)"])


def test_a_loaded_run_gives_the_same_numbers(recorded):
    path, run = recorded
    for name in ("rate", "smooth_rate", "isi", "cv", "fano", "correlogram", "spectrum"):
        ours, theirs = getattr(run.analysis, name)(), getattr(lab.load(path).analysis, name)()
        np.testing.assert_array_equal(ours.y, theirs.y)


def test_a_clock_in_seconds_gives_the_rates_of_one_in_milliseconds():
    run = lab.run("plasticity", duration=20.0, seed=1, rate=15.0, record=["spikes"])
    inputs = run.analysis.of(cells=range(20))
    assert inputs.trains.unit == "s"
    assert inputs.figures["rate (Hz)"] == pytest.approx(15.0, rel=0.1)


def test_spike_triggered_average_of_the_filtered_train_jumps_at_the_spike(recorded):
    _, run = recorded
    curve = run.analysis.sta("s", 20.0, 20.0)
    assert curve.x[curve.y.argmax()] == pytest.approx(5.0, abs=1.0)  # n = 1: the current of a spike peaks tau after it
    assert curve.figures["spikes"] > 700


def test_without_an_option_the_command_prints_the_most_important_figures(recorded, capsys):
    text = said(capsys, "analyse", recorded[0])
    assert "rate (Hz): " in text and "CV: " in text and "CV2: " in text and "Fano factor at " in text


def test_json_holds_the_numbers_of_the_functions(recorded, capsys):
    path, run = recorded
    options = (
        "--isi",
        "--rate",
        "100ms",
        "--cv",
        "--fano",
        "--psth",
        "0.5s",
        "--correlogram",
        "50",
        "--spectrum",
        "--population",
        "--sta",
        "s",
        "--smooth",
        "50",
    )
    found = json.loads(said(capsys, "analyse", path, *options, "--json"))
    assert set(found) == {"figures", "isi", "rate", "smooth-rate", "cv", "fano", "psth", "correlogram", "spectrum", "population", "sta"}
    powers = [run.analysis.spectrum().y.tolist(), run.analysis.population().y.tolist()]
    assert [found[name]["columns"]["power (Hz)"] for name in ("spectrum", "population")] == powers
    assert found["rate"]["columns"]["rate (Hz)"] == run.analysis.rate(100.0).y.tolist()
    assert found["psth"]["columns"]["rate (Hz)"] == run.analysis.psth(500.0).y.tolist()
    assert found["psth"]["figures"]["trials"] == 40
    assert found["sta"]["columns"]["s (1/s)"] == run.analysis.sta("s").y.tolist()


def test_csv_reads_back_to_the_same_numbers(recorded, capsys):
    path, run = recorded
    rows = list(csv.reader(said(capsys, "analyse", path, "--isi", "--bin", "2", "--csv").splitlines()))
    assert rows[0] == ["interval (ms)", "density (1/ms)", "intervals", "Poisson"]
    assert [float(r[1]) for r in rows[1:]] == run.analysis.isi(2.0).y.tolist()


def test_output_is_written_by_its_ending(recorded, tmp_path, capsys):
    assert main(["analyse", str(recorded[0]), "--isi", "-o", str(tmp_path / "a.csv")]) == 0
    assert (tmp_path / "a.csv").read_text().startswith("interval (ms),")
    assert main(["analyse", str(recorded[0]), "--isi", "-o", str(tmp_path / "a.json")]) == 0
    assert json.loads((tmp_path / "a.json").read_text())["isi"]["title"] == "Interspike intervals"


def test_part_of_the_run_and_of_the_cells_can_be_chosen(recorded, capsys):
    path, run = recorded
    found = json.loads(said(capsys, "analyse", path, "--from", "2s", "--to", "4000", "--cells", "0", "--json"))
    times = run["spikes"]
    assert found["figures"]["spikes"] == ((times >= 2000) & (times < 4000)).sum()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--rate", "fast"), "write a length such as 5ms"),
        (("--rate", "3 apples"), "counts in ms"),
        (("--rate", "0"), "must be above 0 ms"),
        (("--cells", "7"), "from 0 to 0"),
        (("--cells", "3-1"), "no range"),
        (("--cells", "all"), "0,3-5"),
        (("--stream", "spike"), "did you mean 'spikes'"),
        (("--sta", "nothing"), "has no stream 'nothing'"),
        (("--sta", "h"), "no sampled trace"),
        (("--sta", "s[4]"), "channels 0 to 0"),
        (("--with", "0"), "needs --correlogram"),
        (("--json", "--csv"), "choose one"),
        (("-o", "a.txt"), "written as .csv"),
        (("--from", "5s", "--to", "5s"), "end after it begins"),
        (("--run", "9"), "has no run 9"),
    ],
)
def test_mistakes_are_refused_in_one_sentence(recorded, options, words, capsys):
    assert words in refused(capsys, "analyse", recorded[0], *options)


def test_a_run_without_spikes_says_so():
    run = lab.run("synapse", steps=10, record=["s"])
    with pytest.raises(LabError, match="recorded no spikes"):
        _ = run.analysis
