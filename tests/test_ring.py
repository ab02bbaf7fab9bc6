"""The ring: the latest stretch of every stream, however it arrives."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from lab import catalog
from lab.engine import ring
from lab.engine.ring import Ring
from lab.engine.simulation import Block, Simulation, simulate


@pytest.fixture
def model(counter):
    return catalog.load(counter)()


def block(start: int, steps: int, width: int = 3) -> Block:
    rows = np.repeat(np.arange(start + 1, start + steps + 1, dtype=float)[:, None], width, axis=1)
    events = (np.arange(start, start + steps), np.zeros(steps, np.int32), np.ones(steps))
    return Block(start, steps, {"x": rows}, {"tens": events}, {"profile": np.full((2, 3), float(start + steps))})


def test_samples_carry_the_absolute_step_of_their_first_row(model):
    r = Ring(model)
    r.put(block(0, 10))
    r.put(block(10, 5))
    first, rows = r.samples("x", 7)
    assert first == 9
    assert rows[:, 0].tolist() == [9, 10, 11, 12, 13, 14, 15]


def test_the_latest_samples_win_when_the_ring_is_full(model, monkeypatch):
    monkeypatch.setattr(ring, "RING_BYTES", 24 * 100)
    r = Ring(model)
    for start in range(0, 1000, 30):
        r.put(block(start, 30))
        first, rows = r.samples("x", 1 << 30)
        assert rows[-1, 0] == start + 30
        assert first == rows[0, 0]
        assert np.all(np.diff(rows[:, 0]) == 1)
    assert len(rows) == 100


def test_a_block_larger_than_the_ring_leaves_its_end(model, monkeypatch):
    monkeypatch.setattr(ring, "RING_BYTES", 24 * 100)
    r = Ring(model)
    r.put(block(0, 7))
    r.put(block(7, 350))
    first, rows = r.samples("x", 1000)
    assert (first, rows[-1, 0], len(rows)) == (258, 357, 100)


def test_a_stretch_is_what_is_kept_between_two_steps(model, monkeypatch):
    monkeypatch.setattr(ring, "RING_BYTES", 24 * 100)
    r = Ring(model)
    for start in range(5, 305, 30):
        r.put(block(start, 30))
    for first, last in [(206, 305), (0, 1000), (250, 260), (300, 400), (205, 205), (1, 10), (400, 500), (260, 250)]:
        begin, rows = r.stretch("x", first, last)
        wanted = [step for step in range(206, 306) if first <= step <= last]
        assert rows[:, 0].tolist() == wanted and (not wanted or begin == wanted[0])
        assert rows.base is None  # a copy: the worker writes on


def test_a_gap_starts_a_new_stretch(model):
    r = Ring(model)
    r.put(block(0, 10))
    unseen = block(10, 10)
    unseen.samples.clear()
    r.put(unseen)
    r.put(block(20, 4))
    first, rows = r.samples("x", 100)
    assert (first, len(rows)) == (21, 4)


def test_a_wide_stream_does_not_take_a_thousand_rows_of_memory(model):
    r = Ring(model)
    r.put(block(0, 2, width=1_000_000))
    assert r._samples["x"].columns[0].nbytes <= max(ring.RING_BYTES, ring.RING_ROWS * 8_000_000)


def test_events_are_found_from_a_step_on(model):
    r = Ring(model)
    r.put(block(0, 10))
    steps, index, value = r.events("tens", 7)
    assert steps.tolist() == [7, 8, 9]
    assert index.dtype == np.int32 and value.tolist() == [1, 1, 1]


def test_unknown_streams_are_empty_not_errors_until_something_is_produced(model):
    r = Ring(model)
    first, rows = r.samples("x", 10)
    assert (first, rows.shape) == (0, (0, 3))
    assert len(r.events("tens")[0]) == 0
    assert r.latest("profile") is None


def test_the_latest_snapshot_comes_from_blocks_and_from_looking(model):
    r = Ring(model)
    r.put(block(0, 10))
    assert r.latest("profile")[0] == 10
    r.show(25, {"profile": np.zeros((2, 3))})
    assert r.latest("profile")[0] == 25


def test_every_write_raises_the_version_and_reset_forgets(model):
    r = Ring(model)
    seen = r.version
    r.put(block(0, 10))
    assert r.version > seen
    seen = r.version
    r.reset(model, 5)
    assert r.version > seen
    assert len(r.samples("x", 10)[1]) == 0 and r.latest("profile") is None


def test_a_reader_on_another_thread_sees_unbroken_stretches(model, monkeypatch):
    monkeypatch.setattr(ring, "RING_BYTES", 24 * 64)
    r = Ring(model)
    wrong: list[str] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            first, rows = r.samples("x", 64)
            if len(rows) and not (first == rows[0, 0] and np.all(np.diff(rows[:, 0]) == 1)):
                wrong.append(f"{first}: {rows[:, 0]}")

    reader = threading.Thread(target=read)
    reader.start()
    for start in range(0, 20_000, 10):
        r.put(block(start, 10))
    over.set()
    reader.join()
    assert wrong == []


def test_the_ring_holds_what_the_engine_produced(model):
    r = Ring(model)
    for produced in simulate(Simulation(model, 1), 50, wanted=["x"], block=7):
        r.put(produced)
    first, rows = r.samples("x", 50)
    assert first == 1 and rows[:, 0].tolist() == list(range(1, 51))
