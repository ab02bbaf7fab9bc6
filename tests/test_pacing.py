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
