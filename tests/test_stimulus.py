"""Stimuli: shapes, noise, drawn curves, recordings; the same bytes however time is cut."""

from __future__ import annotations

import math
import wave

import numpy as np
import pytest

from lab.cells import stimulus
from lab.data import signals
from lab.engine.simulation import Simulation, run
from lab.errors import FileError, ParameterError
from lab.model import Events, Out
from lab.models.neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire as Cell

DT = 0.1


def current(steps=2000, seed=0, **values):
    """Stimulus of each step of a cell, and the middle of each step."""
    cell = Cell(dt=DT, **values)
    result = run(cell, steps, seed=seed, record={"current": 1})
    return result["current"], (np.arange(steps) + 0.5) * DT


def test_a_step_has_its_height_between_its_edges():
    found, t = current(current=3.0, offset=1.0, onset=20.0, width=50.0)
    np.testing.assert_allclose(found, np.where((t > 20) & (t < 70), 4.0, 1.0), atol=1e-9)


def test_an_edge_inside_a_step_counts_by_the_part_it_covers():
    found, _ = current(20, current=1.0, onset=0.53, width=0.04)
    assert found[5] == pytest.approx(0.4) and np.count_nonzero(found) == 1
    found, _ = current(20, current=1.0, onset=0.53)
    assert found[5] == pytest.approx(0.7) and np.all(found[6:] == 1.0)


def test_pulses_repeat_with_their_period_and_carry_their_charge():
    found, t = current(stimulus="pulses", current=2.0, onset=10.0, width=3.33, period=20.0)
    expected = (t > 10) & ((t - 10) % 20 < 3.33)
    inside = np.abs(found - 2.0 * expected) > 1e-9
    assert inside.sum() <= 10, "only the steps that hold an edge differ from the value at their middle"
    assert found.sum() * DT == pytest.approx(2.0 * 3.33 * 10, rel=1e-9)


def test_a_ramp_rises_and_falls():
    found, t = current(stimulus="ramp", current=4.0, onset=10.0, rise=100.0, fall=50.0)
    np.testing.assert_allclose(found, np.interp(t, [10, 110, 160], [0, 4, 0]), atol=1e-9)
    assert current(stimulus="ramp", current=4.0, rise=100.0)[0][-1] == 4.0


def test_a_sine_has_its_frequency_and_keeps_its_phase_when_the_frequency_changes():
    found, t = current(stimulus="sine", current=1.5, frequency=40.0, onset=5.0)
    np.testing.assert_allclose(found, np.where(t > 5, 1.5 * np.sin(2 * math.pi * 0.04 * (t - 5)), 0), atol=1e-9)
    simulation = Simulation(Cell(dt=DT, stimulus="sine", current=1.0, frequency=40.0))
    one = simulation.advance(537, ["current"]).samples["current"]
    simulation.change(frequency=90.0)
    other = simulation.advance(300, ["current"]).samples["current"]
    assert np.abs(np.diff(np.concatenate([one, other]))).max() <= 2 * math.pi * 0.09 * DT


def test_a_chirp_sweeps_linearly_from_its_first_to_its_last_frequency():
    found, t = current(stimulus="chirp", current=1.0, frequency=10.0, last_frequency=110.0, sweep_time=200.0)
    phase = 0.010 * t + 0.5 * 0.100 / 200.0 * t**2
    np.testing.assert_allclose(found, np.sin(2 * math.pi * phase), atol=2e-3)


def test_noise_has_its_mean_deviation_and_correlation_time():
    found, _ = current(400_000, stimulus="noise", current=1.0, sigma=0.5, noise_time=2.0)
    assert found.mean() == pytest.approx(1.0, abs=0.02)
    assert found.std() == pytest.approx(0.5, rel=0.03)
    x = found - found.mean()
    assert np.mean(x[:-20] * x[20:]) / x.var() == pytest.approx(math.exp(-1.0), abs=0.03)


def test_noise_is_the_seed_s():
    values = dict(stimulus="noise", sigma=1.0)
    assert np.array_equal(current(seed=1, **values)[0], current(seed=1, **values)[0])
    assert not np.array_equal(current(seed=1, **values)[0], current(seed=2, **values)[0])


def test_cells_of_a_spread_population_differ_by_a_constant_current_of_their_own():
    simulation = Simulation(Cell(cells=4000, spread=0.3, dt=DT, current=0.0), seed=5)
    simulation.advance(2000)
    own = (simulation.state["V"] + 70.0) / 10.0
    assert own.std() == pytest.approx(0.3, rel=0.05) and abs(own.mean()) < 0.02


@pytest.mark.parametrize("values", [
    dict(stimulus="noise", cells=3, sigma=2.0), dict(stimulus="noise", cells=3, sigma=2.0, same_noise=True), dict(stimulus="noise", sigma=2.0),
    dict(stimulus="chirp", current=5.0), dict(stimulus="pulses", width=1.0, period=3.0), dict(stimulus="drawn", repeat=True),
])  # fmt: skip
def test_the_blocks_do_not_matter(values):
    def bytes_of(size):
        result = run(Cell(dt=DT, **values), 3000, seed=7, record={"V": 1, "current": 1, "spikes": 1}, block=size)
        return (
            result["V"].tobytes(),
            result["current"].tobytes(),
            result["spikes"].tobytes(),
            {k: v.tobytes() for k, v in result.state.items()},
        )

    whole = bytes_of(3000)
    assert whole == bytes_of(7) == bytes_of(1)


def test_a_full_event_buffer_takes_noise_and_phase_back_to_where_it_stopped():
    cell = Cell(dt=DT, stimulus="noise", current=4.0, sigma=1.0)
    plain, tight = Simulation(cell, 3), Simulation(cell, 3)
    plain.advance(5000)
    done, empty = 0, {s.name: np.empty((0, *s.shape)) for s in cell.streams if s.form == "samples"}
    returned = 0
    while done < 5000:
        moved = cell.advance(tight.constants, tight.state, 5000 - done, Out(empty, {"spikes": Events(12)}))
        returned += moved < 5000 - done
        done += moved
    assert returned > 3
    for name, value in plain.state.items():
        assert value.tobytes() == tight.state[name].tobytes(), name


def test_an_injected_pulse_carries_its_charge_once():
    simulation = Simulation(Cell(dt=DT, current=0.0))
    simulation.advance(10)
    simulation.act("pulse", height=2.0, length=0.35)
    found = simulation.advance(20, ["current"]).samples["current"]
    np.testing.assert_allclose(found[:5], [2.0, 2.0, 2.0, 1.0, 0.0], atol=1e-9)


def test_a_drawn_curve_is_followed_and_may_repeat():
    points = [[0.0, 0.0], [10.0, 2.0], [20.0, 1.0]]
    found, t = current(600, stimulus="drawn", drawn=points, onset=5.0)
    np.testing.assert_allclose(found, np.where(t < 5, 0.0, np.interp(t - 5, [0, 10, 20], [0, 2, 1])), atol=1e-12)
    found, t = current(600, stimulus="drawn", drawn=points, repeat=True)
    np.testing.assert_allclose(found, np.interp(t % 20, [0, 10, 20], [0, 2, 1]), atol=1e-9)


@pytest.mark.parametrize("drawn", [[[0.0, 1.0]], [[0.0, 1.0], [0.0, 2.0]], [[0.0], [1.0]]])
def test_a_curve_that_reaches_over_no_time_is_refused(drawn):
    with pytest.raises(ParameterError, match="drawn"):
        Cell(stimulus="drawn", drawn=drawn)


def test_every_stimulus_shows_only_its_own_parameters():
    specs = Cell.specs()
    for kind, owned in {
        "sine": "frequency",
        "ramp": "rise",
        "noise": "sigma",
        "file": "file",
        "drawn": "drawn",
        "pulses": "period",
    }.items():
        assert specs[owned].when and kind in specs[owned].when[1] and "step" not in specs[owned].when[1]


def sound(path, samples, width=2, rate=8000, channels=1):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        if width == 1:
            raw = (np.asarray(samples) * 127 + 128).round().astype(np.uint8).tobytes()
        elif width == 3:
            whole = (np.asarray(samples) * 8388607).round().astype("<i4")
            raw = b"".join(int(v).to_bytes(3, "little", signed=True) for v in whole)
        else:
            raw = (np.asarray(samples) * (2 ** (8 * width - 1) - 1)).round().astype(f"<i{width}").tobytes()
        file.writeframes(raw)
    return str(path)


@pytest.mark.parametrize(("width", "error"), [(1, 1e-2), (2, 1e-4), (3, 1e-6), (4, 1e-8)])
def test_a_sound_file_drives_the_cell(tmp_path, width, error):
    samples = np.sin(np.linspace(0, 20, 400))
    path = sound(tmp_path / "tone.wav", samples, width)
    found, t = current(500, stimulus="file", file=path, scale=3.0, offset=0.5)
    expected = 3.0 * np.interp(t, np.arange(400) * 0.125, samples) + 0.5
    np.testing.assert_allclose(found[:499], expected[:499], atol=4 * error)


def test_one_channel_of_a_sound_is_chosen(tmp_path):
    path = sound(tmp_path / "two.wav", np.repeat([[0.25, -0.5]], 50, axis=0).ravel(), channels=2)
    assert stimulus.read(path, column=2).values[0] == pytest.approx(-0.5, abs=1e-4)
    with pytest.raises(FileError, match=r"2 channel\(s\): column must be 1 to 2"):
        stimulus.read(path, column=3)


def test_arrays_and_tables_are_read_with_their_rate_or_their_times(tmp_path):
    values = np.array([0.0, 1.0, 0.5, 2.0])
    np.save(tmp_path / "a.npy", values)
    found = stimulus.read(str(tmp_path / "a.npy"), sample_rate=500.0)
    assert found.interval == 2.0 and np.array_equal(found.values, values) and found.length == 6.0
    (tmp_path / "b.csv").write_text("time;current\n0;0\n0.001;1\n0.004;0.5\n0.006;2\n")
    found = stimulus.read(str(tmp_path / "b.csv"), time_unit="s")
    np.testing.assert_allclose(found.times, [0, 1, 4, 6])
    assert np.array_equal(found.values, values)
    (tmp_path / "c.txt").write_text("# one column\n0\n1\n0.5\n2\n")
    assert np.array_equal(stimulus.read(str(tmp_path / "c.txt"), sample_rate=1000.0).values, values)
    found, t = current(70, stimulus="file", file=str(tmp_path / "b.csv"), time_unit="s", scale=1.0)
    np.testing.assert_allclose(found, np.interp(t, [0, 1, 4, 6], values), atol=1e-12)


@pytest.mark.parametrize(("name", "text", "reason"), [
    ("a.csv", "0,1\n1,x\n", "row 2, column 2: 'x' is not a number"),
    ("a.csv", "0,1\n1,2\n2,2\n3,2,3\n4,4\n", "row 4: 3 values where others have 2"),
    ("a.csv", "0,1\n1,nan\n", "not a finite number at sample 2"),
    ("a.csv", "0,1\n", "holds 1 samples: at least two"),
    ("a.csv", "1\n2\n", "say its samples per second \\(sample_rate\\)"),
    ("a.csv", "", "is empty"),
    ("a.csv", "0,1\n5,2\n3,3\n", "row 3 of the numbers: times in the first column must increase"),
    ("a.csv", "5,1\n5,2\n5,3\n", "all times in the first column are the same"),
    ("a.wav", "RIFF nothing", "cannot be read as WAV"),
    ("a.npy", "nothing", "cannot be read as an array"),
])  # fmt: skip
def test_a_bad_file_is_explained_with_its_place(tmp_path, name, text, reason):
    (tmp_path / name).write_text(text)
    with pytest.raises(FileError, match=reason):
        stimulus.read(str(tmp_path / name))


def test_a_file_that_is_absent_or_holds_objects_is_refused(tmp_path):
    with pytest.raises(FileError, match="There is no file"):
        Simulation(Cell(stimulus="file", file=str(tmp_path / "none.wav")))
    with pytest.raises(FileError, match="needs a file"):
        Simulation(Cell(stimulus="file"))
    np.save(tmp_path / "o.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(FileError, match="pickled Python objects"):
        stimulus.read(str(tmp_path / "o.npy"), sample_rate=1.0)


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(signals, "MAX_BYTES", 1 << 20)
    (tmp_path / "big.csv").write_bytes(b"0\n" * (1 << 20))
    with pytest.raises(FileError, match=r"at most 1\.05 MB can be read"):
        stimulus.read(str(tmp_path / "big.csv"))


def test_pulses_without_a_width_last_half_their_period_so_that_the_choice_alone_is_enough():
    found, t = current(stimulus="pulses", current=2.0, onset=10.0, period=20.0)
    expected = 2.0 * ((t > 10) & ((t - 10) % 20 < 10.0))
    assert (np.abs(found - expected) > 1e-9).sum() <= 20, "only the steps that hold an edge differ from the value at their middle"
    with pytest.raises(ParameterError, match="at most the period"):
        Cell(stimulus="pulses", width=21.0, period=20.0)
