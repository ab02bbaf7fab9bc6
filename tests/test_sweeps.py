"""Sweeps: axes and plans, one table whoever does the points, workers that die, kills and resumes, hostile plans."""

import csv
import io
import json
import math
import os
import signal
import subprocess
import time

import pytest

import lab
from lab import catalog
from lab.__main__ import main
from lab.analysis.sweeps import driving, pool, table
from lab.analysis.sweeps.plan import Axis, Plan, axis
from lab.engine.experiment import Experiment
from lab.errors import FileError, LabError, ModelError, ParameterError
from lab.session import Session, SessionReader
from lab.sources import child_command
from lab.units import number

CELL = catalog.load("leaky-integrate-and-fire")
QUICK = {"duration": 50.0}


def plan(seeds=(0, 1), drawn=0, **vary):
    experiment = Experiment("leaky-integrate-and-fire", steps=CELL().steps_for(20.0), record={})
    return Plan(experiment, driving.axes_of(experiment, vary), seeds, drawn)


def told(found):
    return [(row.point, row.state, row.summary, row.error) for row in found.rows]


def test_ranges_lists_and_ratios():
    assert axis(CELL, "current=0:2:5").values == (0.0, 0.5, 1.0, 1.5, 2.0)
    assert axis(CELL, "current=1, 2.5").values == (1.0, 2.5)
    assert axis(CELL, "dt=0.001:0.1:3:log").values == pytest.approx((0.001, 0.01, 0.1))
    assert axis(catalog.load("mlp"), "batch=16:64:4").values == (16, 32, 48, 64)
    assert axis(catalog.load("mlp"), "activation=tanh,ReLU").values == ("tanh", "ReLU")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("current", "parameter=low:high:count"),
        ("curent=0:1:3", "did you mean 'current'"),
        ("current=0:x:3", "low:high:count"),
        ("current=0:1:0", f"from 1 to {number(100_000)} values"),
        ("current=0:inf:3", "finite ends"),
        ("current=0:1:3:log", "ends above 0"),
        ("current=0:1:3:lin", "may only be 'log'"),
        ("current=1,1", "names a value twice"),
        ("current=0:1e9:3", "must be from"),
    ],
)
def test_what_is_wrong_with_an_axis_is_said(text, words):
    with pytest.raises(LabError, match=words):
        axis(CELL, text)


def test_whole_numbers_and_choices_are_checked():
    with pytest.raises(ModelError, match="takes whole numbers"):
        axis(catalog.load("mlp"), "batch=16:17:3")
    with pytest.raises((ModelError, ParameterError), match="one of"):
        axis(catalog.load("mlp"), "activation=tanh,nothing")


def test_the_last_axis_is_the_fastest_and_seeds_are_faster():
    found = [(dict(p.values), p.seed) for p in plan(current="0:1:2", dt="0.01,0.1").points()]
    assert [v["current"] for v, _ in found] == [0, 0, 0, 0, 1, 1, 1, 1] and [v["dt"] for v, _ in found][:4] == [0.01, 0.01, 0.1, 0.1]
    assert [s for _, s in found] == [0, 1] * 4 and len(plan(current="0:1:2", dt="0.01,0.1")) == 8


def test_points_that_a_model_advances_together_form_groups_whatever_is_done():
    made = plan(current="0:1:2", tau_m="10,20,30", offset="0,1")
    groups = [[p.number for p in group] for group in made.groups()]
    points = {p.number: p for p in made.points()}
    assert sorted(n for group in groups for n in group) == list(range(24)) and len(groups) == 3
    assert all(points[p.number] == p for group in made.groups() for p in group)
    assert all(len({points[n].values["tau_m"] for n in group}) == 1 and len(group) == 8 for group in groups)
    # Seeds make no difference to a constant current: they are run once.
    assert [[p.seed for p in group] for group in plan(tau_m="10,20,30", dt="0.01,0.1").groups()] == [[0, 1]] * 6
    assert all(len(group) == 1 for group in plan(drawn=5, current="0:1:2", tau_m="10:20:2").groups())
    assert [len(group) for group in plan(drawn=300, current="0:1:2").groups()] == [256, 256, 88]
    # A stimulus that does not stand still from the first step on is run by itself.
    noisy = Experiment("leaky-integrate-and-fire", parameters={"stimulus": "noise"}, steps=10, record={})
    assert all(len(g) == 1 for g in Plan(noisy, driving.axes_of(noisy, {"current": [1.0, 2.0]}), (0, 1)).groups())


@pytest.mark.parametrize("name", [n for n in catalog.names("neuron") if catalog.load(n)(stimulus="step").may_differ()])
def test_runs_advanced_together_are_the_runs_by_themselves(name):
    kind = catalog.load(name)
    cell = kind(stimulus="step")
    low, high = cell.sweep_range
    currents = [low, 0.5 * (low + high)]  # with two offsets as many cells as there are numbers kept of all intervals
    steps = cell.steps_for(200.0)
    found = lab.sweep(name, {"current": currents, "offset": [0.0, 0.25]}, steps=steps, seeds=2, workers=0, stimulus="step")
    for row in found.rows:
        alone = lab.run(name, steps=steps, seed=row.point.seed, record={}, stimulus="step", **row.point.values).summary
        own = {k: v for k, v in alone.items() if k != "data"}
        if name == "hodgkin-huxley":  # a population is advanced in another order of operations
            near = {k: v if isinstance(v, str) else pytest.approx(v, rel=1e-9, abs=1e-7) for k, v in own.items()}
            assert row.summary == near and row.summary["spikes"] == own["spikes"]
        else:
            assert json.dumps(row.summary) == json.dumps(own)
    assert max(row.summary["spikes"] for row in found.rows) > 0


def test_a_group_in_which_one_run_diverges_is_run_one_by_one(monkeypatch):
    from lab.cells import abreast

    seen = []
    monkeypatch.setattr(abreast, "finals", lambda cells, steps: seen.append(len(cells)))
    found = driving.run_plan(plan(current="0.5:3:4"), workers_=0)
    assert seen == [4] and [row.state for row in found.rows] == ["finished"] * 8 and found.rows[-1].summary["spikes"] > 0


def test_cells_of_a_group_that_are_not_advanced_are_told_like_each_by_itself():
    found = lab.sweep("leaky-integrate-and-fire", {"current": [1.0, 2.0]}, steps=0, workers=0)
    assert [(row.state, row.summary["spikes"]) for row in found.rows] == [("finished", 0)] * 2


@pytest.mark.parametrize(
    ("parameters", "vary", "seeds", "more"),
    [
        ({"tau_m": 12.5}, ["current=0:3:7", "form=physical,normalised"], (0, 1, 2), {}),
        ({"stimulus": "noise"}, ["C=0.01:10:4:log", "cells=1:9:3"], (0,), {}),
        ({}, ["current=1,2.5", "tau_m=5:20:3"], (0, 1), {"drawn": 6}),
        ({"current": 2.0}, ["tau_m=5,10"], (7, 8), {}),
    ],
)
def test_a_plan_as_a_command_is_the_same_plan(parameters, vary, seeds, more, tmp_path, monkeypatch):
    import shlex

    monkeypatch.chdir(tmp_path)
    kind = catalog.load("leaky-integrate-and-fire")
    experiment = Experiment("leaky-integrate-and-fire", parameters, seeds[0], steps=20, record={})
    made = Plan(experiment, tuple(axis(kind, text) for text in vary), seeds, **more)
    *before, line = made.as_command().strip().splitlines()
    if before:
        (tmp_path / "experiment.toml").write_text("\n".join(before[1:-1]) + "\n")
    assert bool(before) == (seeds[0] > 0)
    assert main([*shlex.split(line)[1:], "--workers", "0", "--quiet", "-o", "x.lab"]) == 0
    with SessionReader("x.lab") as reader:
        assert table.read(reader).plan.to_dict() == made.to_dict()
    with pytest.raises(ModelError, match="do not"):
        Plan(experiment, made.axes, (3, 9)).as_command()


def test_random_places_follow_from_the_seed_and_stay_within():
    one, other = (list(plan(drawn=50, current="0:2:3", dt="0.001:0.1:3:log").points()) for _ in range(2))
    assert one == other and len(one) == 100 and all(0 <= p.values["current"] <= 2 for p in one)
    middle = sorted(math.log10(p.values["dt"]) for p in one)[50]
    assert -2.5 < middle < -1.5  # equal ratios
    assert one[0].values == one[1].values and one[0].seed != one[1].seed


def test_a_plan_survives_text_and_too_large_ones_are_refused():
    made = plan(current="0:1:3", dt="0.01,0.1", drawn=7)
    again = Plan.from_dict(json.loads(json.dumps(made.to_dict())), "here")
    assert list(again.points()) == list(made.points())
    with pytest.raises(ModelError, match=f"from 1 to {number(1_000_000)}"):
        plan(current="0:1:2000", dt="0.001:0.1:2000")
    with pytest.raises(ModelError, match="varies each parameter once"):
        experiment = Experiment("leaky-integrate-and-fire")
        Plan(experiment, (Axis("current", (1.0,)), Axis("current", (2.0,))))
    with pytest.raises(ModelError, match="seeds that differ"):
        plan(seeds=(1, 1))


@pytest.mark.parametrize(
    "change",
    [
        {"axes": [{"name": "__class__", "values": [1]}]},
        {"axes": [{"name": "current"}]},
        {"axes": 3},
        {"seeds": []},
        {"seeds": ["x"]},
        {"drawn": -1},
        {"drawn": 10**12},
        {"experiment": {"model": "no-such-model"}},
        {"axes": [{"name": "current", "values": [1.0], "span": [0, math.inf, False]}], "drawn": 3},
    ],
)
def test_a_strangers_plan_is_refused_with_a_sentence(change):
    data = plan(current="0:1:3").to_dict() | change
    with pytest.raises(LabError, match="the sweep of a stranger"):
        Plan.from_dict(data, "the sweep of a stranger")


def test_this_process_and_processes_make_the_same_table(tmp_path):
    made = plan(current="0.5:3:4")
    here = driving.run_plan(made, workers_=0)
    apart = driving.run_plan(made, workers_=2, file=tmp_path / "s.lab")
    assert told(here) == told(apart) and len(here.rows) == 8
    alone = lab.run("leaky-integrate-and-fire", steps=made.experiment.steps, seed=1, current=3.0, record={})
    assert here.rows[-1].summary == {k: v for k, v in alone.summary.items() if k != "data"}
    assert Session.check(tmp_path / "s.lab") == []
    with SessionReader(tmp_path / "s.lab") as reader:
        assert told(table.read(reader)) == told(here)


ON_A_CLUSTER = """
from distributed import LocalCluster
from lab.analysis.sweeps import driving, Plan
if __name__ == "__main__":
    import json
    plan = Plan.from_dict(json.loads(sys.argv[2]), "here")
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as found:
        rows = driving.run_plan(plan, cluster=found.scheduler_address).rows
    print(json.dumps([[r.point.number, r.state, r.summary] for r in rows]))
"""


def test_a_cluster_makes_the_same_table(tmp_path):
    pytest.importorskip("distributed")
    made = plan(tau_m="10:25:12")  # more tasks than wait at two workers
    # In a process of its own: a scheduler leaves threads behind that end with it.
    child = subprocess.run(child_command(ON_A_CLUSTER, json.dumps(made.to_dict())), capture_output=True, text=True, timeout=120, check=True)
    here = driving.run_plan(made, workers_=0)
    assert json.loads(child.stdout) == json.loads(json.dumps([[r.point.number, r.state, r.summary] for r in here.rows]))


def test_without_dask_or_a_scheduler_one_sentence(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(LabError, match=r"neural-lab\[cluster\]"):
        driving.run_plan(plan(current="1,2"), cluster="local")


def test_a_point_that_goes_wrong_is_named_and_the_rest_goes_on(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = lab.sweep("convolution-as-neurons", {"side": [5, 20], "size": [3, 9]}, steps=2, workers=0)
    assert [row.state for row in found.rows] == ["finished", "failed", "finished", "finished"]
    assert "larger than the picture of 5" in found.rows[1].error
    assert (
        main(
            ["sweep", "convolution-as-neurons", "--vary", "side=5,20", "--vary", "size=3,9", "--for", "2steps", "--workers", "0", "--quiet"]
        )
        == 0
    )
    said = capsys.readouterr().err
    assert "point 1 (side=5, size=9, seed 0) failed" in said and "3 of 4 points finished, 1 went wrong" in said


MORTAL = (
    "import os, sys, json; from pathlib import Path; from lab.analysis.sweeps import work; real = work.measure\n"
    "def measure(task):\n"
    "    mark = Path(os.environ['MORTAL'])\n"
    "    if json.loads(task)['points'][0]['number'] == 4 and (mark.name == 'always' or not mark.exists()):\n"
    "        mark.touch(); os.kill(os.getpid(), 9)\n"
    "    return real(task)\n"
    "work.measure = measure; work.serve()"
)


@pytest.mark.parametrize("mark", ["once", "always"])
def test_a_worker_that_is_killed_is_replaced(monkeypatch, tmp_path, mark):
    monkeypatch.setenv("MORTAL", str(tmp_path / mark))
    monkeypatch.setattr(pool, "CODE", MORTAL)
    made = plan(tau_m="10:25:4")  # four tasks of two seeds
    found, here = driving.run_plan(made, workers_=2), driving.run_plan(made, workers_=0)
    if mark == "once":
        assert told(found) == told(here)
    else:
        assert all(found.rows[k].state == "failed" and "killed 3 times" in found.rows[k].error for k in (4, 5))
        assert [r for k, r in enumerate(told(found)) if k not in (4, 5)] == [r for k, r in enumerate(told(here)) if k not in (4, 5)]


def test_what_is_done_is_kept_and_the_rest_is_done_later(tmp_path):
    made, file = plan(current="0.5:3:4"), tmp_path / "s.lab"

    def stop(done, total, left):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        driving.run_plan(made, workers_=0, file=file, progress=stop)
    with SessionReader(file) as reader:
        assert len(table.read(reader).rows) == 3 and table.find(reader).state == "stopped"
    counted = []
    found = driving.resume(file, workers_=0, progress=lambda done, total, left: counted.append(done))
    assert counted == [4, 5, 6, 7, 8] and told(found) == told(driving.run_plan(made, workers_=0))
    assert told(driving.resume(file)) == told(found)
    with pytest.raises(FileError, match="another plan"):
        driving.run_plan(plan(current="0.5:3:5"), workers_=0, file=file)


@pytest.mark.long
def test_a_sweep_that_is_killed_is_resumed_to_the_same_table(tmp_path):
    whole, file = tmp_path / "whole.lab", tmp_path / "killed.lab"
    words = ["sweep", "hodgkin-huxley", "--vary", "current=0:20:41", "--vary", "g_Na=100,120", "--seeds", "5", "--for", "1000ms", "--quiet"]
    assert main([*words, "-o", str(whole)]) == 0
    child = subprocess.Popen(
        child_command("from lab.__main__ import main; sys.exit(main(sys.argv[2:]))", *words, "-o", str(file)), start_new_session=True
    )
    before = 0
    while before < 20 and child.poll() is None:
        time.sleep(0.2)
        try:
            with SessionReader(file) as reader:
                before = len(table.read(reader).rows)
        except FileError:  # not there yet
            continue
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    with SessionReader(file) as reader:
        assert 20 <= len(table.read(reader).rows) < 410
    assert main(["sweep", "--resume", str(file), "--quiet"]) == 0
    with SessionReader(file) as a, SessionReader(whole) as b:
        assert told(table.read(a)) == told(table.read(b))


EVERYWHERE = ["sweep", "hodgkin-huxley", "--vary", "g_Na=100,120", "--vary", "current=0:20:41", "--seeds", "5", "--set", "stimulus=noise",
              "--set", "dt=0.005", "--for", "500ms", "--quiet"]  # fmt: skip
AS_COMMAND = "from lab.__main__ import main\nif __name__ == '__main__': sys.exit(main(sys.argv[2:]))"


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", ["processes", "cluster"])
def test_410_points_make_one_table_here_on_processes_and_on_a_cluster_through_a_kill(way, tmp_path):
    """2 x 41 x 5 points of noise, which are all run one by one; the sweep is killed with all its workers and resumed the same way."""
    if way == "cluster":
        pytest.importorskip("distributed")
    who = ["--cluster", "local"] if way == "cluster" else ["--workers", "2"]
    here, file = tmp_path / "here.lab", tmp_path / "killed.lab"
    assert main([*EVERYWHERE, "--workers", "0", "-o", str(here)]) == 0
    child = subprocess.Popen(child_command(AS_COMMAND, *EVERYWHERE, *who, "-o", str(file)), start_new_session=True)
    before = 0
    while before < 20 and child.poll() is None:
        time.sleep(0.1)
        try:
            with SessionReader(file) as reader:
                before = len(table.read(reader).rows)
        except FileError:  # not there yet
            continue
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    with SessionReader(file) as reader:
        assert 20 <= len(table.read(reader).rows) < 410
    subprocess.run(child_command(AS_COMMAND, "sweep", "--resume", str(file), *who, "--quiet"), check=True, timeout=300)
    with SessionReader(file) as a, SessionReader(here) as b:
        found = table.read(b)
        assert len(found.rows) == 410 and {row.state for row in found.rows} == {"finished"}
        assert told(table.read(a)) == told(found)


def test_the_table_has_names_units_means_and_files(tmp_path, capsys):
    found = lab.sweep("leaky-integrate-and-fire", {"current": [1.0, 3.0]}, seeds=3, duration=50.0, workers=0)
    text = io.StringIO()
    found.write_csv(text)
    heading, *lines = csv.reader(io.StringIO(text.getvalue()))
    unit = CELL.specs()["current"].unit
    assert heading[:4] == ["point", f"current ({unit})", "seed", "state"] and len(lines) == 6 and lines[0][1] == "1.0"
    means = found.mean("rate")
    assert (
        [m[0]["current"] for m in means] == [1.0, 3.0]
        and means[1][3] == 3
        and means[1][1] == pytest.approx(sum(found.column("rate (Hz)")[3:]) / 3)
    )
    assert found.column("seed") == [0, 1, 2, 0, 1, 2]
    with pytest.raises(ModelError, match="no figure 'rat'"):
        found.column("rat")
    path = found.write(tmp_path / "t.csv")
    assert path.read_text() == text.getvalue()
    with pytest.raises(FileError, match="there already"):
        found.write(path)
    with pytest.raises(FileError, match=r"\.csv or \.parquet"):
        found.write(tmp_path / "t.xlsx")


def test_parquet_holds_the_same_columns(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    found = lab.sweep("leaky-integrate-and-fire", {"current": [1.0, 3.0]}, seeds=2, duration=50.0, workers=0)
    read = parquet.read_table(found.write(tmp_path / "t.parquet"))
    assert read.column_names == found.heading() and read.column("seed").to_pylist() == [0, 1, 0, 1]


def test_the_command_prints_means_and_writes_the_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["sweep", "leaky-integrate-and-fire", "--vary", "current=1:3:2", "--seeds", "2", "--for", "50ms", "--workers", "0", "--quiet"]
    assert main([*words, "--show", "rate", "--table", "rates.csv"]) == 0
    said = capsys.readouterr()
    assert "current 1: rate 0" in said.out and "(2 seeds)" in said.out and "4 of 4 points finished" in said.err
    assert len((tmp_path / "rates.csv").read_text().splitlines()) == 5
    assert main(["sweep", "--resume", "leaky-integrate-and-fire-sweep.lab", "--csv", "--quiet"]) == 0
    assert capsys.readouterr().out == (tmp_path / "rates.csv").read_text()
    assert main(["sweep", "--quiet"]) == 2
    assert main(["sweep", "--resume", "leaky-integrate-and-fire-sweep.lab", "--vary", "current=1,2"]) == 2


def test_a_table_is_read_in_parts_and_still_says_what_is_missing(tmp_path, monkeypatch):
    import contextlib
    import sqlite3

    monkeypatch.setattr(table, "PART", 3)
    file = tmp_path / "x.lab"
    found = lab.sweep("leaky-integrate-and-fire", {"current": "0:3:8"}, duration=5.0, workers=0, file=file)
    assert [row.point.number for row in found.rows] == list(range(8))
    with contextlib.closing(sqlite3.connect(file)) as change, change:
        change.execute("DELETE FROM chunks WHERE last=4")
    with SessionReader(file) as reader, pytest.raises(FileError, match="only 7 of its 8 rows are left"):
        table.read(reader)


def test_a_file_without_a_sweep_is_refused(tmp_path):
    lab.run("leaky-integrate-and-fire", **QUICK).save(tmp_path / "run.lab")
    with pytest.raises(FileError, match="holds no sweep"):
        driving.resume(tmp_path / "run.lab")
