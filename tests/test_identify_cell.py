"""The hidden cell: what is recorded, what is marked, and that nothing tells the truth before the answer."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import lab
from lab import catalog
from lab.engine.simulation import Simulation, simulate
from lab.errors import LabError
from lab.model import Happened
from lab.session import SessionReader

KIND = catalog.load("identify-cell")


def recorded(model, currents, seed=4):
    """The simulation after sweeps of these currents, one after the other."""
    simulation = Simulation(model, seed)
    for current in currents:
        simulation.change(current=current)
        simulation.act("sweep")
        simulation.advance(model.steps_for(model.sweep_time))
    return simulation


def test_a_sweep_is_the_hidden_cell_s_answer_to_the_chosen_step():
    simulation = recorded(KIND(), [-2.0])
    hidden = simulation.constants.cell
    time, V = simulation.observe("sweeps")[:2]
    expected = np.where(time <= 0.0, -70.0, -70.0 - 2.0 * hidden.R * -np.expm1(-np.maximum(time, 0.0) / hidden.tau_m))
    during = time <= 200.0 + 1e-9
    np.testing.assert_allclose(V[during], expected[during], atol=1e-9)
    row = simulation.observe("log")[0]
    assert row["spikes"] == 0 and float(row["V (mV)"]) == pytest.approx(-70.0 - 2.0 * hidden.R, abs=0.5)


def test_spikes_of_a_sweep_are_counted_with_latency_interval_and_rate():
    simulation = recorded(KIND(), [16.0])
    hidden = simulation.constants.cell
    row = simulation.observe("log")[0]
    interval = hidden.interval_theory(16.0)
    latency = hidden.tau_m * math.log(16.0 * hidden.R / (16.0 * hidden.R - 70.0 - hidden.V_th))
    assert float(row["first (ms)"]) == pytest.approx(latency, abs=1e-3)
    assert float(row["interval (ms)"]) == pytest.approx(interval, abs=1e-3)
    assert simulation.observe("rates")[1, 0] == pytest.approx(1000.0 / interval, rel=1e-9)
    assert simulation.observe("sweeps")[1].max() == 20.0, "spikes are drawn"


def test_every_sweep_begins_at_rest_and_the_budget_ends():
    model = KIND(budget=2)
    simulation = recorded(model, [16.0, -1.0])
    time, *sweeps = simulation.observe("sweeps")
    assert all(abs(V[time < 0.0] + 70.0).max() < 1e-9 for V in sweeps)
    with pytest.raises(LabError, match="all 2 sweeps"):
        simulation.act("sweep")
    assert simulation.summary()["sweeps left"] == 0


def test_a_sweep_cannot_be_recorded_while_another_is():
    simulation = Simulation(KIND(), 4)
    simulation.act("sweep")
    simulation.advance(100)
    with pytest.raises(LabError, match="wait"):
        simulation.act("sweep")
    assert np.isnan(simulation.observe("sweeps")[1]).any(), "the rest of it is not there yet"


@pytest.mark.parametrize("level", KIND.specs()["level"].choices)
def test_the_report_marks_every_number_once_and_for_all(level):
    model = KIND(level=level)
    simulation = Simulation(model, 9)
    truth = simulation.constants.truth
    assert all(row["truth"] == row["mark"] == "—" for row in simulation.observe("report"))
    right = {a.answer: t for a, t in zip(model.asked, truth, strict=True)}
    simulation.change(**right)
    simulation.act("hand_in")
    simulation.change(**{model.asked[0].answer: model.specs()[model.asked[0].answer].hi})
    report = simulation.observe("report")
    assert [row["mark"] for row in report] == ["10.0 / 10"] * len(truth), "a change after handing in is too late"
    assert [float(row["truth"]) for row in report] == [float(f"{t:.4g}") for t in truth]
    assert simulation.summary()["mark (%)"] == 100.0
    for act in ("hand_in", "sweep"):
        with pytest.raises(LabError, match="handed in"):
            simulation.act(act)


def test_seeds_hide_different_cells_within_reach():
    for level in KIND.specs()["level"].choices:
        model = KIND(level=level)
        truths = [model.build(seed).truth for seed in range(12)]
        assert len(set(truths)) == 12
        for truth in truths:
            for asked, value in zip(model.asked, truth, strict=True):
                spec = model.specs()[asked.answer]
                assert spec.lo <= value <= spec.hi and getattr(model, asked.answer) != pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("level", KIND.specs()["level"].choices)
def test_neither_the_file_nor_the_state_holds_the_truth_before_the_answer(level, tmp_path):
    model = KIND(level=level)
    run = lab.run(model, steps=model.steps_for(model.sweep_time), seed=9, schedule=[Happened(0, "act", "sweep", {})])
    path = run.save(tmp_path / "hidden.lab")
    truth = [t for t in model.build(9).truth if t]
    with SessionReader(path) as reader:
        info = reader.runs()[0]
        arrays = reader.checkpoint(info.id, info.steps)[1]
        texts = json.dumps(
            [
                info.experiment,
                info.summary,
                [reader.snapshots(info.id, s.name)[-1][1] for s in reader.streams(info.id) if s.dtype == "json"],
            ],
            default=str,
        )
    for value in truth:
        assert f"{value:.4g}" not in texts
        assert not [
            name for name, array in {**run.state, **arrays}.items() if np.isclose(np.asarray(array, float), value, rtol=1e-9, atol=0).any()
        ]


def test_the_report_is_saved_with_the_run(tmp_path):
    model = KIND()
    answer = {a.answer: t for a, t in zip(model.asked, model.build(3).truth, strict=True)}
    schedule = [Happened(0, "act", "sweep", {}), Happened(5000, "change", "", answer), Happened(5000, "act", "hand_in", {})]
    path = lab.run(model, steps=5001, seed=3, schedule=schedule).save(tmp_path / "marked.lab")
    loaded = lab.load(path)
    assert loaded.summary["mark (%)"] == 100.0 and "R true (MOhm)" in loaded.summary
    assert loaded["report"][-1][0]["mark"] == "10.0 / 10"


def test_the_bench_replays_however_it_is_cut():
    schedule = [Happened(7, "act", "sweep", {}), Happened(5100, "change", "", {"current": 12.0}), Happened(5100, "act", "sweep", {})]
    states = []
    for block in (9000, 83):
        simulation = Simulation(KIND(), 2)
        for _ in simulate(simulation, 9000, record={}, schedule=schedule, block=block):
            pass
        states.append(simulation.state)
    for key, array in states[0].items():
        assert array.tobytes() == states[1][key].tobytes(), key
