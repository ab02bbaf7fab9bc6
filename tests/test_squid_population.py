"""A population of squid membranes: the same bytes however its steps, cells and spikes are shared out, and single precision beside double."""

import numpy as np
import pytest

import lab
from lab.cells import squid_population
from lab.cells.squid_group import LINE, SIZE, H, M, N, V, group_gates, on_a_line
from lab.cells.squid_single import group_gates_single
from lab.engine.simulation import Simulation
from lab.kernels import exp_within32, first_mark, kernel, marks
from lab.model import Events, Out
from lab.models.neurons.hodgkin_huxley import HodgkinHuxley


def moved(cell, blocks, seed=3):
    """Everything that a run holds after blocks of so many steps, and all of its spikes."""
    simulation = Simulation(cell, seed=seed)
    events = [simulation.advance(n).events["spikes"] for n in blocks]
    return simulation.state, [np.concatenate(column) for column in zip(*events, strict=True)]


def same(one, other):
    (state, spikes), (again, others) = one, other
    for name, array in state.items():
        assert array.tobytes() == again[name].tobytes(), name
    for mine, theirs in zip(spikes, others, strict=True):
        assert mine.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("more", [{}, {"stimulus": "noise", "sigma": 5.0}, {"precision": "single"}])
def test_threads_and_blocks_change_nothing(more, monkeypatch):
    cell = HodgkinHuxley(cells=1100, dt=0.05, spread=3.0, **more)
    plain = moved(cell, (120,))
    assert len(plain[1][0]) > 1000
    same(plain, moved(cell, (1, 70, 49)))
    monkeypatch.setattr(squid_population, "CORES", 2)
    monkeypatch.setattr(squid_population, "WORTH", 1)
    monkeypatch.setattr(squid_population, "STEPS", 50)
    monkeypatch.setattr(squid_population, "TOGETHER", 1)
    same(plain, moved(cell, (120,)))


@pytest.mark.parametrize("noise", [{}, {"stimulus": "noise", "sigma": 5.0}])
def test_a_block_whose_spikes_do_not_fit_is_forgotten_and_begun_anew(noise):
    cell = HodgkinHuxley(cells=40, dt=0.05, **noise)
    state, spikes = moved(cell, (800,))
    bench = cell.build(3)
    again = cell.start(bench, 3)
    samples = {s.name: np.empty((0, *s.shape), s.dtype) for s in cell.streams if s.form == "samples"}
    steps, done = [], 0
    while done < 800:
        events = Events(45)
        moved_on = cell.advance(bench, again, 800 - done, Out(samples, {"spikes": events}))
        assert moved_on > 0
        steps.append(done + events.steps[: events.count[0]])
        done += moved_on
    np.testing.assert_array_equal(np.concatenate(steps), spikes[0])
    for name, array in state.items():
        assert array.tobytes() == again[name].tobytes(), name


def test_single_precision_says_what_it_costs():
    cell = HodgkinHuxley(cells=4, dt=0.04, precision="single")
    found = lab.run(cell, steps=100).summary["interval error of single precision (%)"]
    assert 0 < abs(found) < 1e-3 and abs(found) < 0.1 * abs(cell.interval_error())
    for other in (cell.replace(precision="double"), cell.replace(cells=1), cell.replace(mode="voltage clamp")):
        assert "interval error of single precision (%)" not in lab.run(other, steps=10).summary


def test_single_precision_follows_double_through_spikes_and_singular_voltages():
    runs = [moved(HodgkinHuxley(cells=33, dt=0.04, spread=20.0, precision=p), (400,)) for p in ("single", "double")]
    (state, spikes), (exact, expected) = runs
    assert all((array.astype(np.float32) == array).all() for name, array in state.items() if name in "Vmhn")
    assert sorted(spikes[1]) == sorted(expected[1])  # the same cells fire, each as often
    for name in "mhn":
        np.testing.assert_allclose(state[name], exact[name], atol=2e-3)
    for volts in (-40.0, -39.9999, -40.0004, -55.0, -55.39, -54.61, -39.61, -700.0, 700.0, 0.0):
        found = []
        for kind, step in ((np.float32, group_gates_single), (np.float64, group_gates)):
            w = on_a_line(np.zeros(SIZE + LINE, kind))
            w[V], w[[M, H, N]] = volts, kind(np.float32(0.3))
            step(w, 1, kind(0), kind(np.float32(0.04)))
            found.append(w[[M, H, N]])
        np.testing.assert_allclose(*found, rtol=2e-6, err_msg=str(volts))


def test_a_group_begins_at_the_beginning_of_a_line_of_memory():
    for kind in (np.float32, np.float64):
        for skip in range(5):
            w = on_a_line(np.zeros(SIZE + LINE + skip, kind)[skip:])
            assert w.ctypes.data % LINE == 0 and len(w) == SIZE


def test_bytes_that_are_set_are_found_64_at_a_time():
    rng = np.random.default_rng(0)
    for share in (0.0, 0.02, 1.0):
        bytes_ = (rng.random(256) < share).astype(np.uint8) * rng.integers(1, 256, 256).astype(np.uint8)
        assert listed(bytes_) == np.flatnonzero(bytes_).tolist()


@kernel
def _listed(a, found):
    k = 0
    for j in range(len(a) // 64):
        word = marks(a, j)
        while word != 0:
            found[k] = 64 * j + first_mark(word)
            word &= word - np.uint64(1)
            k += 1
    return k


def listed(a):
    found = np.empty(len(a), np.int64)
    return found[: _listed(a, found)].tolist()


def test_the_bounded_exponential_in_single_precision():
    x = np.linspace(-80, 80, 2001, dtype=np.float32)
    ours = np.array([exp_within32(v) for v in x], float)
    np.testing.assert_allclose(ours, np.exp(x.astype(float)), rtol=3e-7)
