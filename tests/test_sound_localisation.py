"""Delay lines read the direction of a source."""

import wave

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.errors import FileError
from lab.models.neurons.sound_localisation import SoundLocalisation


def stereo(path, delay_ms: float) -> str:
    """Noise bursts that reach the right ear first."""
    rate = 96_000
    rng = np.random.default_rng(0)
    sound = np.convolve(rng.standard_normal(rate), np.hanning(40), "same")
    late = round(delay_ms / 1000 * rate)
    both = np.stack([np.roll(sound, late), sound], 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((both / np.abs(both).max() * 32000).astype("<i2").tobytes())
    return str(path)


def test_recording_with_a_delay_is_heard_from_the_side_that_hears_it_first(tmp_path):
    model = SoundLocalisation(sound="file", file=stereo(tmp_path / "a.wav", 0.3), angle=0.0, jitter=0.02)
    found = engine.run(model, steps=model.steps_for(900.0), record={}).summary["decoded (°)"]
    expected = np.degrees(np.arcsin(0.3 / model.largest_itd))
    assert abs(found - expected) < 5


def test_decoded_angles_are_within_a_few_degrees_whatever_the_seed():
    errors = []
    for seed in range(5):
        for angle in (-60.0, -30.0, 0.0, 30.0, 60.0):
            model = SoundLocalisation(angle=angle)
            errors.append(engine.run(model, steps=model.steps_for(2000.0), seed=seed, record={}).summary["decoded (°)"] - angle)
    assert np.sqrt(np.mean(np.square(errors))) < 2.5  # one degree and a half; the busiest detector alone is 3 degrees off
    assert np.abs(errors).max() < 8


def test_peak_of_a_bell_between_two_detectors_is_found_there():
    x = np.arange(30)
    for place in (2.0, 9.3, 25.65):
        assert SoundLocalisation().peak(np.exp(-0.5 * ((x - place) / 2.0) ** 2) ** 2) == pytest.approx(place, abs=0.06)


def test_mono_recording_is_refused_in_words(tmp_path):
    path = tmp_path / "mono.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.zeros(100, "<i2").tobytes())
    with pytest.raises(FileError, match=r"mono\.wav"):
        engine.Simulation(SoundLocalisation(sound="file", file=str(path)))


def test_pointing_in_the_picture_turns_the_source_and_replays():
    simulation = engine.Simulation(SoundLocalisation())
    simulation.act("point_at", x=-1.0, y=1.0)
    assert simulation.model.angle == pytest.approx(-45.0)
    again = engine.Simulation(SoundLocalisation())
    again.happen(simulation.log[0])
    assert again.model == simulation.model and len(simulation.log) == 1


def test_nothing_heard_is_not_an_angle():
    simulation = engine.Simulation(SoundLocalisation())
    assert "decoded (°)" not in simulation.summary()
