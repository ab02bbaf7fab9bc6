"""One moment for everything that a frame shows: figures, curves, per-block streams and the status line."""

from __future__ import annotations

import time

import numpy as np

from lab import catalog
from lab.display.moment import Moment
from lab.engine.experiment import Experiment
from lab.engine.ring import Ring
from lab.engine.runner import Runner
from lab.engine.simulation import Block
from lab.engine.status import Status
from lab.model import Clock, Layer, Model, Picture, Stream


class Counting(Model):
    """Counts its steps, and says the count in every way there is."""

    name = "counting-steps"
    title = "Counting steps"

    @property
    def clock(self):
        return Clock(0.1, "ms")

    @property
    def default_steps(self):
        return 10**9

    @property
    def streams(self):
        return Stream("n", "trace", "", "The count.", every=1), Stream("now", "bars", "", "The count.")

    @property
    def pictures(self):
        return (Picture("n", "The count", (Layer("n"),)),)

    def start(self, constants, seed):
        return {"n": np.zeros(1, np.int64)}

    def advance(self, constants, state, n, out):
        out["n"][:] = (state["n"][0] + 1 + np.arange(n))[: len(out["n"])]
        state["n"] += n
        return n

    def observe(self, constants, state, stream):
        return state["n"].astype(float)

    def summary(self, constants, state):
        return {"count": int(state["n"][0])}


def last(moment: Moment) -> float:
    return float(moment.samples("n", max(0, moment.step - 5), 10**9)[1][-1])


def test_what_the_worker_does_meanwhile_is_not_seen_until_the_next_moment():
    model = Counting()
    ring = Ring(model)
    statuses = [Status("running", model, step=0)]
    moment = Moment(ring, lambda: statuses[-1])

    def work(start: int, end: int) -> None:
        rows = np.arange(start + 1, end + 1, dtype=float)
        spikes = np.array([start, end - 1]), np.zeros(2, np.int32), np.zeros(2)
        ring.put(Block(start, end - start, {"n": rows}, {"spikes": spikes}, {}))
        ring.show(end, {"now": np.array([float(end)])})
        statuses.append(Status("running", model, step=end, summary={"count": end}, looked=(end, time.perf_counter())))

    work(0, 50)
    moment.take()
    time.sleep(0.005)
    work(50, 100)
    moment.take()
    version = moment.version
    work(100, 150)
    assert (moment.step, moment.summary["count"], moment.snapshot("now")[0], last(moment)) == (100, 100, 100.0, 100.0)
    assert list(moment.events("spikes", 0)[0]) == [0, 49, 50, 99] and moment.version == version and not moment.over
    moment.take()
    assert (moment.step, moment.summary["count"], moment.snapshot("now")[0], last(moment)) == (150, 150, 150.0, 150.0)
    assert moment.version != version and moment.status.step == 150
    # The curve went on since the figures were worked out: it ends where they belong, unless they are old.
    ring.put(Block(150, 10, {"n": np.arange(151.0, 161.0)}, {}, {}))
    statuses.append(Status("running", model, step=160, summary={"count": 150}, looked=(150, time.perf_counter())))
    moment.take()
    assert (moment.step, moment.status.step, last(moment)) == (150, 150, 150.0)
    statuses.append(Status("running", model, step=160, summary={"count": 150}, looked=(150, 0.0)))
    moment.take()
    assert (moment.step, last(moment)) == (160, 160.0)
    ring.reset(model, 0)
    assert moment.over


def test_every_moment_of_a_run_is_one_moment(monkeypatch):
    monkeypatch.setattr(catalog, "load", lambda name: Counting)
    runner = Runner(Experiment(model="counting-steps"), None, playing=True, watch=frozenset({"n", "now"}), pace=1000.0)
    moment = Moment(runner.ring, lambda: runner.status)
    runner.start()
    seen = set()
    try:
        until = time.monotonic() + 20.0
        while len(seen) < 8 and time.monotonic() < until:
            moment.take()
            if moment.summary.get("count") and moment.snapshot("now") is not None and runner.status.phase == "running":
                step, latest = moment.step, runner.status.looked
                if moment.status.looked[0] != step:
                    continue  # the figures were old
                assert moment.summary["count"] == step == moment.snapshot("now")[0] == last(moment), latest
                seen.add(step)
            time.sleep(0.002)
    finally:
        runner.stop(5.0)
    assert len(seen) >= 8


def test_a_change_by_hand_ends_the_moment():
    model = Counting()
    statuses = [Status("running", model, step=0)]
    moment = Moment(Ring(model), lambda: statuses[-1])
    statuses.append(Status("running", model, step=5))
    assert not moment.over
    statuses.append(Status("running", Counting(), step=5))
    assert moment.over
    moment.take()
    assert not moment.over
