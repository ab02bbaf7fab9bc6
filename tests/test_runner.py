"""The runner: one test for each arrow of the diagram in its docstring, then replay, disk and merging."""

from __future__ import annotations

import itertools
import threading
import time

import numpy as np
import pytest

from lab import catalog
from lab.engine import pacing
from lab.engine import simulation as engine
from lab.engine.experiment import Experiment
from lab.engine.runner import Act, Ask, Change, Pause, Play, RunFor, Runner, Seek, Speed, Stop, Watch
from lab.errors import DiskError
from lab.model import Happened
from lab.session import Session

DIVERGE = {"leak": -1e6}  # x grows by a factor of a million at each step


def until(condition, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.002)


@pytest.fixture
def begin(counter):
    """Start runners of the counter, flat out, and stop them at the end."""
    started: list[Runner] = []

    def start(
        session: Session | None = None, *, steps=None, schedule=(), record=None, seed=0, playing=False, pace=None, resume=None, **parameters
    ):
        experiment = Experiment(counter, parameters, seed=seed, steps=steps, schedule=tuple(schedule), record=record)
        r = Runner(experiment, session, playing=playing, pace=pace, resume=resume).start()
        started.append(r)
        until(lambda: r.status.phase != "preparing")
        return r

    yield start
    for r in started:
        assert r.stop()


@pytest.fixture
def session(tmp_path):
    with Session.create(tmp_path / "runs.lab", "Runs") as made:
        yield made


def idle(r: Runner) -> None:
    """Wait until everything sent has been done."""
    r.send(Speed(r.status.pace))
    until(lambda: r._commands.empty() and r.status.phase not in ("running", "preparing"))
    time.sleep(0.02)


def run_to(r: Runner, step: int) -> None:
    r.send(RunFor(step - r.status.step))
    until(lambda: r.status.step == step and r.status.phase == "paused")


# -- the arrows --


def test_preparing_becomes_paused(begin):
    r = begin()
    assert (r.status.phase, r.status.step) == ("paused", 0)
    assert r.status.prepared_in > 0


def test_whoever_sees_that_a_run_is_prepared_can_ask_its_constants(monkeypatch):
    # A window looked between the two, and asked the names of cells of nothing.
    seen, plain = [], Runner._set

    def noted(self, **changes):
        plain(self, **changes)
        seen.append(self.status)

    monkeypatch.setattr(Runner, "_set", noted)
    r = Runner(Experiment("computation-graph"), None).start()
    until(lambda: r.status.phase != "preparing")
    assert r.stop()
    assert any(status.prepared for status in seen)
    assert all(status.constants is r.simulation.constants for status in seen if status.prepared)


def test_preparing_becomes_running_when_asked_to_play_at_once(begin):
    r = begin(playing=True)
    until(lambda: r.status.step > 0)
    assert r.status.phase == "running"


def test_preparing_becomes_failed_with_the_sentence_when_the_model_refuses(begin, counter, monkeypatch):
    kind = catalog.load(counter)
    monkeypatch.setattr(kind, "memory", lambda self: 1 << 60)
    r = begin()
    assert r.status.phase == "failed"
    assert "needs about" in r.status.error


def test_preparing_becomes_failed_when_a_model_has_a_defect(begin, counter, monkeypatch):
    kind = catalog.load(counter)
    monkeypatch.setattr(kind, "start", lambda self, constants, seed: 1 / 0)
    r = begin()
    assert r.status.phase == "failed"
    assert "ZeroDivisionError" in r.status.error


def test_play_runs_and_pause_holds(begin):
    r = begin()
    r.send(Play())
    until(lambda: r.status.step > 10)
    r.send(Pause())
    until(lambda: r.status.phase == "paused")
    held = r.status.step
    time.sleep(0.05)
    assert r.status.step == held == r.simulation.step


def test_pausing_a_paused_run_is_nothing(begin):
    r = begin()
    r.send(Pause())
    idle(r)
    assert (r.status.phase, r.status.error) == ("paused", "")


def test_playing_a_running_run_goes_on(begin):
    r = begin(playing=True)
    r.send(Play())
    seen = r.status.step
    until(lambda: r.status.step > seen + 100)
    assert r.status.phase == "running"


def test_run_for_stops_at_the_exact_step(begin):
    r = begin()
    run_to(r, 1)
    run_to(r, 1234)
    assert r.status.summary["x (mV)"] == 1234


def test_running_becomes_finished_at_its_length(begin):
    r = begin(steps=500, playing=True)
    until(lambda: r.status.phase == "finished")
    assert (r.status.step, r.status.reason) == (500, "finished")


def test_whoever_sees_the_end_sees_the_figures_of_the_end(begin, counter, monkeypatch):
    """A card of results that opens when a run is over would otherwise show those of a moment before, as long as a summary takes."""
    calls = itertools.count()

    def summary(self, constants, state):
        time.sleep(0.05)
        return {"said": next(calls)}

    monkeypatch.setattr(catalog.load(counter), "summary", summary)
    r = begin(steps=500, playing=True)
    seen = []
    until(lambda: seen.append(r.status) or r.status.phase == "finished")
    first = next(status for status in seen if status.phase == "finished")
    time.sleep(0.15)
    assert first.step == 500 and first.summary == r.status.summary != {"said": 0}


def test_running_becomes_finished_at_the_length_of_the_model(begin, counter):
    kind = catalog.load(counter)
    r = begin(playing=True, **kind(steps=321).changed())
    until(lambda: r.status.phase == "finished")
    assert r.status.step == 321


def test_running_becomes_finished_when_the_model_says_so(begin, counter, monkeypatch):
    monkeypatch.setattr(catalog.load(counter), "finished", lambda self, constants, state: "high enough")
    r = begin(stop_at=40.0, playing=True)
    until(lambda: r.status.phase == "finished")
    assert (r.status.step, r.status.reason) == (40, "high enough")


def test_a_finished_run_does_not_play_on(begin):
    r = begin(steps=50, playing=True)
    until(lambda: r.status.phase == "finished")
    r.send(Play())
    r.send(RunFor(5))
    idle(r)
    assert (r.status.phase, r.status.step) == ("finished", 50)


def test_an_action_wakes_a_run_that_was_over_by_itself(begin, counter, monkeypatch):
    monkeypatch.setattr(catalog.load(counter), "finished", lambda self, constants, state: "high enough")
    r = begin(stop_at=40.0, playing=True)
    until(lambda: r.status.phase == "finished")
    r.send(Act("kick", {"amplitude": -20.0}))
    until(lambda: r.status.phase == "paused")
    r.send(Play())
    until(lambda: r.status.phase == "finished")
    assert r.status.step == 60


def test_running_becomes_diverged_with_stream_step_and_remedy(begin):
    r = begin(playing=True)
    r.send(Change(DIVERGE))
    until(lambda: r.status.phase == "diverged")
    assert "x became infinite or not a number at step" in r.status.error
    assert r.status.remedy and r.status.reason == "diverged"


def test_playing_after_a_divergence_goes_on_from_the_last_good_state(begin):
    r = begin()
    run_to(r, 100)
    r.send(Change(DIVERGE))
    r.send(Play())
    until(lambda: r.status.phase == "diverged")
    r.send(RunFor(1))
    until(lambda: r.status.phase == "paused")
    assert r.status.step == 101
    assert r.status.summary["x (mV)"] == 101, "the change that made it diverge is left out"
    assert (r.status.error, r.status.model.leak) == ("", 0.0)


def test_a_change_after_a_divergence_is_made_to_the_last_good_state(begin, session):
    r = begin(session)
    run_to(r, 100)
    first = r.run_id
    r.send(Change(DIVERGE))
    r.send(Play())
    until(lambda: r.status.phase == "diverged")
    r.send(Change({"leak": 0.5}))
    until(lambda: r.status.phase == "paused" and r.status.model.leak == 0.5)
    assert r.status.step == 100 and r.simulation.state["x"][0] == 100
    assert session.run(first).state == "diverged"
    assert session.run(r.run_id).parent == first


def test_a_full_disk_pauses_and_playing_tries_again_without_losing_a_row(begin, session, monkeypatch):
    r = begin(session)
    run_to(r, 50)
    full = [True]
    append = Session.append_samples

    def refuse(self, *arguments):
        if full[0]:
            raise DiskError("The disk with 'runs.lab' is full; make room and try again.")
        return append(self, *arguments)

    monkeypatch.setattr(Session, "append_samples", refuse)
    r.send(Play())
    until(lambda: r.status.phase == "paused" and r.status.waiting_for_disk)
    assert "full" in r.status.error and "nothing recorded is lost" in r.status.error
    r.send(Play())
    idle(r)
    assert r.status.waiting_for_disk and r.status.phase == "paused"
    full[0] = False
    r.send(RunFor(100))
    until(lambda: r.status.phase == "paused" and not r.status.waiting_for_disk)
    assert r.status.error == ""
    session.flush()
    steps, rows = session.reader().samples(r.run_id, "x")
    assert steps.tolist() == list(range(1, r.status.step + 1))
    assert rows[:, 0].tolist() == [float(s) for s in steps]


def test_a_disk_that_fills_in_the_last_block_still_lets_the_run_finish(begin, session, monkeypatch):
    full = [True]
    append = Session.append_samples

    def refuse(self, *arguments):
        if full[0]:
            raise DiskError("full.")
        return append(self, *arguments)

    monkeypatch.setattr(Session, "append_samples", refuse)
    r = begin(session, steps=1, playing=True)
    until(lambda: r.status.waiting_for_disk)
    full[0] = False
    r.send(Play())
    until(lambda: r.status.phase == "finished")
    session.flush()
    assert session.reader().samples(r.run_id, "x")[0].tolist() == [1]


@pytest.mark.parametrize("phase", ["paused", "running", "finished", "diverged"])
def test_stop_ends_every_phase_and_says_how_it_stood(begin, session, phase):
    r = begin(session, steps=20 if phase == "finished" else None, playing=phase != "paused")
    if phase == "diverged":
        r.send(Change(DIVERGE))
    until(lambda: r.status.phase == phase)
    assert r.stop()
    assert r.status.phase == "stopped" and not r.alive
    assert session.run(r.run_id).state == {"finished": "finished", "diverged": "diverged"}.get(phase, "stopped")


def test_a_defect_while_acting_fails_the_run_and_not_the_program(begin, session):
    r = begin(session, playing=True)
    r.send(Act("break_down"))
    until(lambda: not r.alive)
    assert r.status.phase == "failed" and "ZeroDivisionError: a defect" in r.status.error
    assert session.run(r.run_id).state == "stopped"


# -- seek and branch --


def test_seeking_back_pauses_and_only_moves_the_place(begin):
    r = begin(playing=True)
    until(lambda: r.status.step > 100)
    r.send(Seek(40))
    until(lambda: r.status.place == 40)
    assert r.status.phase == "paused" and r.status.step > 100


def test_looking_back_sees_what_was_not_recorded_and_leaves_the_run_as_it_is(begin, session):
    r = begin(session)
    r.send(Watch(frozenset({"figures"})))
    run_to(r, 30)
    r.send(Act("kick", {"amplitude": 7.0}))
    run_to(r, 100)
    before, log = {k: v.copy() for k, v in r.simulation.state.items()}, list(r.simulation.log)
    for step, x, kicks in ((40, 47.0, 1), (29, 29.0, 0)):
        r.send(Seek(step))
        until(lambda step=step: r.status.past[0] == step)
        assert r.status.past[1]["figures"] == [{"x": x, "kicks": kicks}]
    idle(r)
    assert r.status.step == r.simulation.step == 100 and r.simulation.log == log
    assert all((r.simulation.state[k] == v).all() for k, v in before.items())
    r.send(Seek(100))
    until(lambda: r.status.place is None)
    run_to(r, 150)
    assert r.simulation.state["x"][0] == before["x"][0] + 50


def test_of_many_places_dragged_over_only_the_last_is_looked_back_at(begin, session, monkeypatch):
    r = begin(session)
    r.send(Watch(frozenset({"figures"})))
    run_to(r, 100)
    looked, look = [], r._look_back
    busy, go_on = threading.Event(), threading.Event()

    def slow(place: int) -> None:
        looked.append(place)
        busy.set()
        assert go_on.wait(60)
        look(place)

    monkeypatch.setattr(r, "_look_back", slow)
    r.send(Seek(90))
    assert busy.wait(60)
    for place in range(89, 39, -1):
        r.send(Seek(place))
    go_on.set()
    until(lambda: r.status.past[0] == 40)
    assert looked == [90, 40]


def test_a_question_is_answered_without_anything_being_done_and_of_many_only_the_last(begin, session, monkeypatch):
    r = begin(session)
    run_to(r, 10)
    asked, foresee = [], r.simulation.foresee
    busy, go_on = threading.Event(), threading.Event()

    def slow(stream: str, action: str, **arguments: float):
        asked.append(arguments["amplitude"])
        busy.set()
        assert go_on.wait(60)
        return foresee(stream, action, **arguments)

    monkeypatch.setattr(r.simulation, "foresee", slow)
    r.send(Ask("figures", "kick", {"amplitude": 1.0}))
    assert busy.wait(60)
    for k in range(2, 30):
        r.send(Ask("figures", "kick", {"amplitude": float(k)}))
    go_on.set()
    until(lambda: r.status.answer is not None and r.status.answer.question.arguments["amplitude"] == 29.0)
    assert r.status.answer.shown == [{"x": 39.0, "kicks": 1}] and asked == [1.0, 29.0]
    assert r.status.step == 10 and r.simulation.summary() == {"x (mV)": 10.0, "kicks": 0} and r.simulation.log == []
    r.send(Ask("figures", "kick", {"amplitude": 1e9}))  # refused, without a message
    until(lambda: r.status.answer.question.arguments["amplitude"] == 1e9)
    assert r.status.answer.shown is None and not r.status.error
    r.send(Seek(5))
    r.send(Ask("figures", "kick", {"amplitude": 3.0}))  # of the past nothing is foreseen, and it becomes no branch
    until(lambda: r.status.answer.question.arguments["amplitude"] == 3.0)
    assert r.status.answer.shown is None and r.status.place == 5


def test_without_a_recording_nothing_is_built_anew_to_look_back(begin, monkeypatch):
    r = begin()
    r.send(Watch(frozenset({"figures"})))
    run_to(r, 100)
    monkeypatch.setattr("lab.engine.runner.Simulation", None)
    r.send(Seek(40))
    until(lambda: r.status.place == 40)
    idle(r)
    assert r.status.past == (-1, {}) and r.status.phase == "paused"


def test_what_lies_too_far_behind_a_checkpoint_is_not_done_again(begin, session, monkeypatch):
    monkeypatch.setattr("lab.engine.runner.LOOKING_BACK", 0.0)
    r = begin(session)
    r.send(Watch(frozenset({"figures"})))
    run_to(r, 100)
    r.send(Seek(40))
    until(lambda: r.status.place == 40)
    idle(r)
    assert r.status.past == (-1, {}) and r.simulation.step == 100


def test_seeking_to_the_end_clears_the_place(begin):
    r = begin(steps=100, playing=True)
    until(lambda: r.status.phase == "finished")
    r.send(Seek(10))
    until(lambda: r.status.place == 10)
    r.send(Seek(100))
    until(lambda: r.status.place is None)
    assert r.status.phase == "finished"


@pytest.mark.parametrize("command", [RunFor(60), Change({"rate": 2.0}), Act("kick", {"amplitude": 7.0})])
def test_doing_something_in_the_past_branches(begin, session, command):
    r = begin(session)
    run_to(r, 100)
    first = r.run_id
    r.send(Seek(40))
    r.send(command)
    until(lambda: r.run_id != first and r.status.phase == "paused" and r.status.place is None)
    idle(r)
    assert (session.run(r.run_id).parent, session.run(r.run_id).parent_step) == (first, 40)
    expected = {RunFor: (100, 100.0), Change: (40, 40.0), Act: (40, 47.0)}[type(command)]
    assert (r.status.step, r.simulation.state["x"][0]) == expected
    session.flush()
    assert session.reader().samples(first, "x")[0][-1] == 100, "the recording of the parent is not touched"


def test_branching_works_without_a_recording(begin):
    r = begin()
    run_to(r, 100)
    r.send(Act("kick", {"amplitude": 1000.0}))
    run_to(r, 200)
    r.send(Seek(150))
    r.send(RunFor(10))
    until(lambda: r.status.step == 160)
    assert r.simulation.state["x"][0] == 1160


def test_a_branch_of_a_branch_reaches_back_into_its_grandparent(begin, session):
    r = begin(session, noise=1.0, seed=3)
    run_to(r, 300)
    for place, end in ((200, 250), (100, 140)):
        r.send(Seek(place))
        r.send(RunFor(end - place))
        until(lambda end=end: r.status.step == end and r.status.phase == "paused")
    straight = engine.run(r.experiment.build(), 140, seed=3)
    assert np.array_equal(straight.state["x"], r.simulation.state["x"])


def test_of_two_things_done_at_one_step_each_is_replayed_once(begin, session):
    r = begin(session)
    run_to(r, 50)  # a checkpoint lies at 50
    r.send(Act("kick", {"amplitude": 100.0}))
    r.send(RunFor(1))
    until(lambda: r.status.step == 51 and r.status.phase == "paused")
    r.send(Act("kick", {"amplitude": 1000.0}))
    r.send(RunFor(49))
    until(lambda: r.status.step == 100)
    for place, value in ((60, 1160.0), (51, 1151.0), (50, 150.0), (49, 49.0)):
        r.send(Seek(place))
        r.send(Change({"noise": 0.0}))
        until(lambda place=place: r.status.step == place and r.status.place is None and r.status.phase == "paused")
        idle(r)
        assert r.simulation.state["x"][0] == value
        if place > 50:
            run_to(r, 100)


# -- what is done, is logged, and replays --


def test_a_run_steered_by_hand_replays_headless_to_the_same_bytes(begin, session):
    r = begin(session, noise=2.0, seed=11, playing=True)
    for k, command in enumerate(
        (Change({"rate": 3.0}), Act("kick", {}), Change({"leak": 0.01, "scale": 3.0}), Act("kick", {"amplitude": -5.0}))
    ):
        until(lambda k=k: r.status.step > 200 * (k + 1))
        r.send(command)
    until(lambda: r.status.changes == 4)
    r.send(Pause())
    until(lambda: r.status.phase == "paused")
    run_id, end = r.run_id, r.status.step
    assert r.stop()
    session.flush()
    reader = session.reader()
    log = tuple(Happened(e.step, e.kind, e.name, e.payload) for e in reader.log(run_id))
    assert [h.kind for h in log] == ["change", "act", "change", "act"]
    experiment = Experiment.from_dict(session.run(run_id).experiment)
    again = engine.run(experiment.build(), end, seed=experiment.seed, schedule=log)
    assert np.array_equal(reader.samples(run_id, "x")[1], again["x"])
    steps, index, value = reader.events(run_id, "tens")
    kept = again.recorded("tens")
    assert np.array_equal(index, kept.index) and np.array_equal((steps + value) * 0.5, kept.time)
    recorded = reader.snapshots(run_id, "profile")
    assert [s for s, _ in recorded if s % 100 == 0] == [round(t / 0.5) for t in again.recorded("profile").time]
    for (step, left), right in zip(recorded, again["profile"], strict=False):
        if step % 100 == 0:
            assert np.array_equal(left, right)


def test_a_branch_replays_headless_to_the_same_bytes(begin, session):
    r = begin(session, noise=2.0, seed=5)
    run_to(r, 100)
    r.send(Change({"rate": 4.0}))
    run_to(r, 200)
    r.send(Seek(150))
    r.send(Act("kick", {"amplitude": 9.0}))
    until(lambda: r.status.step == 150 and r.status.place is None and r.status.phase == "paused")
    run_to(r, 260)
    log = tuple(r.simulation.log)
    again = engine.run(r.experiment.build(), 260, seed=5, schedule=log)
    assert r.stop()
    session.flush()
    steps, rows = session.reader().samples(r.run_id, "x")
    assert steps[0] == 151
    assert np.array_equal(rows, again["x"][150:])


def test_a_planned_schedule_happens_once_even_when_branching(begin, session):
    plan = (Happened(30, "act", "kick"), Happened(60, "change", "", {"rate": 2.0}), Happened(30, "act", "kick"))
    r = begin(session, schedule=plan)
    run_to(r, 100)
    assert r.simulation.state["x"][0] == 200 + 100 + 40
    for place in (30, 29):
        r.send(Seek(place))
        before = r.run_id
        r.send(RunFor(100 - place))
        until(lambda before=before: r.run_id != before and r.status.step == 100 and r.status.phase == "paused")
        assert r.simulation.state["x"][0] == 200 + 100 + 40


def test_going_on_from_a_checkpoint_gives_the_future_of_an_uninterrupted_run(begin):
    r = begin(noise=1.0, seed=2)
    run_to(r, 100)
    r.send(Act("kick", {}))
    run_to(r, 150)
    point, log = r.simulation.checkpoint(), tuple(r.simulation.log)
    run_to(r, 400)
    again = begin(noise=1.0, seed=2, resume=(point, log))
    assert again.status.step == 150
    run_to(again, 400)
    assert np.array_equal(again.simulation.state["x"], r.simulation.state["x"])
    assert again.simulation.log == r.simulation.log


# -- commands --


def test_consecutive_changes_merge_and_none_is_lost(begin, monkeypatch):
    r = begin(slow=20.0)
    r.send(RunFor(3))
    until(lambda: r.status.phase == "running")
    for value in range(50):
        r.send(Change({"rate": float(value)}))
    r.send(Change({"leak": 0.25}))
    r.send(Change({"slow": 0.0}))
    until(lambda: r.status.model.leak == 0.25)
    idle(r)
    assert (r.status.model.rate, r.status.model.slow) == (49.0, 0.0)
    assert r.status.changes < 10


def test_a_refused_change_says_why_and_does_not_take_others_with_it(begin):
    r = begin(slow=20.0)
    r.send(RunFor(2))
    until(lambda: r.status.phase == "running")
    r.send(Change({"rate": 4.0}))
    r.send(Change({"cells": 5}))
    r.send(Change({"noise": 0.5}))
    until(lambda: r.status.model.noise == 0.5)
    idle(r)
    assert r.status.model.rate == 4.0 and r.status.model.cells == 3
    assert "cells cannot change while it runs" in r.status.error


def test_an_unknown_action_leaves_the_run_as_it_was(begin):
    r = begin()
    r.send(Act("kik"))
    until(lambda: r.status.error)
    assert "did you mean 'kick'" in r.status.error
    assert r.status.phase == "paused" and r.status.changes == 0


def test_pace_holds_model_time_to_the_clock(begin):
    r = begin(pace=100.0)  # ms per second: 200 steps per second
    began = time.perf_counter()
    r.send(Play())
    time.sleep(0.5)
    r.send(Pause())
    until(lambda: r.status.phase == "paused")
    assert r.status.step <= 200 * (time.perf_counter() - began) + 1
    assert r.status.step > 20


def test_a_pace_that_cannot_be_kept_is_not_run_after_for_ever(begin):
    r = begin(pace=1e9, slow=1.0)
    r.send(Play())
    until(lambda: r.status.step > 700)
    r.send(Speed(10.0))
    r.send(Change({"slow": 0.0}))
    until(lambda: r.status.pace == 10.0)
    seen = r.status.step
    time.sleep(0.3)
    assert r.status.step - seen < 100


def test_a_watched_stream_fills_the_ring_and_an_unwatched_one_does_not(begin):
    r = begin()
    run_to(r, 20)
    assert len(r.ring.samples("double", 100)[1]) == 0
    r.send(Watch(frozenset({"double", "figures"})))
    run_to(r, 50)
    first, rows = r.ring.samples("double", 100)
    assert (first, rows[-1]) == (21, 100.0)
    assert r.ring.latest("figures")[1][0]["x"] == 50.0


def test_watching_does_not_change_what_is_computed(begin):
    straight, watched = begin(noise=1.0), begin(noise=1.0)
    watched.send(Watch(frozenset({"double", "figures", "profile"})))
    run_to(straight, 500)
    run_to(watched, 500)
    assert np.array_equal(straight.simulation.state["x"], watched.simulation.state["x"])


def test_blocks_adapt_to_the_time_they_take(begin, monkeypatch):
    r = begin(slow=2.0, playing=True)
    until(lambda: r.status.step > 30)
    assert r._pacing._size * 0.002 < 4 * pacing.BLOCK_SECONDS


def test_stop_is_final(begin):
    r = begin()
    assert r.stop()
    r.send(Play())
    time.sleep(0.05)
    assert r.status.phase == "stopped" and r.status.step == 0


def test_the_status_is_a_frozen_value(begin):
    r = begin()
    with pytest.raises(AttributeError):
        r.status.phase = "running"  # type: ignore[misc]
    assert Stop() == Stop()
