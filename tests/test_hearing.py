"""Spikes as sound: where the clicks are, and what is said where there is nothing to hear."""

from __future__ import annotations

import wave

import numpy as np
import pytest

import lab
from lab.__main__ import main
from lab.analysis import trains as analysis
from lab.analysis.sound import LOUD, RATE, click, places, save_sound, sound
from lab.errors import FileError, ModelError


def read(path) -> np.ndarray:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 2, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32767.0


def onsets(samples: np.ndarray) -> np.ndarray:
    """Samples at which something begins after silence."""
    loud = np.flatnonzero(np.abs(samples).max(axis=1) > 1e-3)
    return loud[np.diff(loud, prepend=-1000) > len(click())]


def trains(times, index=None, cells=1, length=1000.0, unit="ms", second=1000.0):
    return analysis.group(
        np.asarray(times, float), None if index is None else np.asarray(index), cells=cells, span=(0.0, length), second=second, unit=unit
    )


@pytest.mark.parametrize("slower", [1.0, 7.5, 0.5])
def test_every_click_begins_at_the_sample_nearest_to_its_spike(slower):
    times = np.array([0.0, 13.7, 200.0123, 999.9])
    found = sound(trains(times), slower)
    assert np.abs(found).max() == pytest.approx(LOUD, rel=1e-5)
    starts = np.flatnonzero(found[:, 0] >= 0.9 * LOUD)
    assert starts.tolist() == np.rint(times / 1000.0 * slower * RATE).astype(int).tolist()
    assert len(found) >= slower * RATE, "the silence at the end is part of it"


def test_a_click_is_loudest_at_its_first_sample_and_short():
    assert click()[0] == 1.0 == np.abs(click()).max()
    assert len(click()) == RATE / 1000 and abs(click()[-1]) < 0.01


def test_cells_are_spread_from_left_to_right():
    found = sound(trains([100.0, 200.0, 300.0], [0, 1, 2], cells=3))
    left, middle, right = (found[round(t / 1000 * RATE)] for t in (100.0, 200.0, 300.0))
    assert abs(left[1]) < 1e-6 < left[0]
    assert middle[0] == pytest.approx(middle[1])
    assert abs(right[0]) < 1e-6 < right[1]
    assert np.square(left).sum() == pytest.approx(np.square(middle).sum()), "equally loud"


def test_clicks_that_add_up_stay_within_full_scale():
    found = sound(trains(np.full(500, 10.0), np.arange(500), cells=500))
    assert np.abs(found).max() == pytest.approx(1.0)


def test_a_chosen_stretch_begins_at_the_first_sample():
    cut = trains([100.0, 600.0]).select(between=(500.0, 1000.0))
    assert places(cut).tolist() == [round(0.1 * RATE)]


def test_silence_steps_and_endless_sounds_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(ModelError, match="no spikes from 0 to 1000 ms"):
        sound(trains([]))
    with pytest.raises(ModelError, match="counts in epoch"):
        sound(trains([1.0], unit="epoch", second=1.0))
    with pytest.raises(ModelError, match="more than 600 s"):
        sound(trains([1.0]), 1000.0)
    with pytest.raises(ModelError, match="slower"):
        sound(trains([1.0]), 0.0)
    with pytest.raises(FileError, match=r"\.wav"):
        save_sound(trains([1.0]), tmp_path / "a.mp3")
    with pytest.raises(FileError, match="cannot be written"):
        save_sound(trains([1.0]), tmp_path / "nowhere" / "a.wav")


def test_a_recorded_run_is_heard_where_it_spiked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = lab.run("leaky-integrate-and-fire", duration=300.0, seed=2, record=["spikes"])
    run.save("cell.lab")
    assert main(["hear", "cell.lab", "--slower", "4"]) == 0
    assert "cell.wav" in capsys.readouterr().out
    np.testing.assert_array_equal(onsets(read("cell.wav")), np.rint(run["spikes"] * 4 * RATE / 1000).astype(int))
    assert main(["hear", "cell.lab", "--from", "95ms", "--to", "100ms"]) == 2
    said = capsys.readouterr().err
    assert "no spikes" in said and "Traceback" not in said
    assert run.analysis.save_sound("again.wav", slower=4) == pytest.approx(1.251, abs=0.01)
    assert np.array_equal(read("again.wav"), read("cell.wav"))
