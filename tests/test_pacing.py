"""Pacing of a run: how soon it is looked at again."""

import time

from lab.engine import pacing
from lab.engine.pacing import Pacing


def test_one_dear_look_does_not_keep_the_picture_still(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    pace = Pacing()

    def look(seconds):
        began = now[0]
        now[0] += seconds
        pace.watched(began)

    look(4.0)  # it had to compile
    now[0] += 2 * pacing.OBSERVE_SECONDS
    assert pace.watch_due()
    look(0.001)
    now[0] += 2 * pacing.OBSERVE_SECONDS
    assert pace.watch_due()
    # What is dear again and again is spaced out to its share.
    look(0.5)
    look(0.6)
    now[0] += 0.9 * 0.5 / pacing.OBSERVE_SHARE
    assert not pace.watch_due()
    now[0] += 0.2 * 0.5 / pacing.OBSERVE_SHARE
    assert pace.watch_due()


def test_a_run_that_leaves_time_is_looked_at_after_each_block(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def looks(rate: float | None) -> int:
        """In 125 blocks, one after another."""
        pace, step, count = Pacing(), 0, 0
        pace.begin(step)
        pace._size = 1000.0
        for _ in range(125):
            now[0] += 1.01 * pacing.PACED_SECONDS
            step += pace.block(step, rate, None)
            if pace.watch_due():
                count += 1
                pace.watched(now[0])
        return count

    assert looks(10_000.0) == 125
    assert 15 <= looks(None) <= 31  # as fast as it goes: the time is the run's


def test_what_figures_cost_spaces_looks_out_too(monkeypatch):
    from lab.engine.experiment import Experiment
    from lab.engine.runner import Runner

    runner, told = Runner(Experiment("leaky-integrate-and-fire")), []
    runner._prepare()
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(runner, "_figures", lambda **ending: (now.__setitem__(0, now[0] + 0.25), {})[1])
    monkeypatch.setattr(runner._pacing, "watched", lambda began: told.append(now[0] - began))
    runner._look()
    assert told == [0.25]


def test_blocks_are_longer_where_nobody_asks_anything(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(pacing, "thread_seconds", lambda: now[0])
    pace = Pacing()

    def block() -> float:
        """Milliseconds of the block that is found, of steps of a tenth of a millisecond."""
        for _ in range(8):
            n, began = pace.block(0, None, None), pace.clock()
            now[0] += n * 1e-4
            pace.did(began, n, n)
        return 0.1 * pace.block(0, None, None)

    assert abs(block() - 1000 * pacing.BLOCK_SECONDS) <= 0.1
    now[0] += 1.1 * pacing.ALONE_AFTER
    assert abs(block() - 1000 * pacing.ALONE_SECONDS) <= 0.1
    pace.asked()
    assert abs(block() - 1000 * pacing.BLOCK_SECONDS) <= 0.1
