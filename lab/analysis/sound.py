"""Spike trains as sound: a click for each spike, the cells spread from left to right, written as a WAV file.

save_sound(run.analysis.trains, "spikes.wav", slower=5)
"""

from __future__ import annotations

import math
import wave
from pathlib import Path

import numpy as np

from lab.analysis.trains import SECONDS, Trains
from lab.errors import FileError, ModelError

RATE = 48_000  # samples per second
LONGEST = 600.0  # seconds of sound
LOUD = 0.7  # of full scale, for the click of one cell in the middle
TAIL = 0.05  # seconds of silence after the last click
AT_ONCE = 20_000  # clicks laid down at a time


def click() -> np.ndarray:
    """One click, 1 ms long: it begins with its largest sample, so that a spike is heard, and can be found, to the sample."""
    k = np.arange(RATE // 1000)
    return np.exp(-k / 9.0) * np.cos(2.0 * np.pi * 2500.0 / RATE * k)


def places(trains: Trains, slower: float = 1.0) -> np.ndarray:
    """(spikes,) the sample at which each spike is heard, the stretch that was observed beginning with sample 0."""
    return np.rint((trains.time - trains.start) * (slower * RATE / trains.second)).astype(np.int64)


def sound(trains: Trains, slower: float = 1.0) -> np.ndarray:
    """Samples (frames, 2) in -1..1, left and right: cell 0 is on the left, the last on the right, one cell in the middle.

    slower   how many times slower than it happened. Where clicks add up beyond full scale, all are made softer.
    Raises ModelError for a silent train, a model that does not count in time, and a sound of more than ten minutes.
    """
    if trains.unit not in SECONDS:
        raise ModelError(f"sound: this run counts in {trains.unit}, not in time, so it cannot be heard.")
    if not (math.isfinite(slower) and 0.001 <= slower <= 10_000):
        raise ModelError(f"sound: slower must be from 0.001 to 10000 (got {slower:g}).")
    if not len(trains.time):
        raise ModelError(
            f"sound: there are no spikes from {trains.start:g} to {trains.stop:g} {trains.unit} in these cells, so there is nothing to hear."
        )
    length = trains.duration / trains.second * slower
    if length > LONGEST:
        raise ModelError(f"sound: it would last {length:.4g} s, more than {LONGEST:g} s: choose a shorter stretch, or play it less slowly.")
    frames = math.ceil((length + TAIL) * RATE) + RATE // 1000
    angle = np.full(len(trains.time), np.pi / 4) if trains.cells == 1 else np.pi / 2 * trains.index() / (trains.cells - 1)
    at = places(trains, slower)
    # Spikes of the same sample are one click, but a louder one.
    starts = np.stack([np.bincount(at, side, frames) for side in (np.cos(angle), np.sin(angle))], axis=1)
    shape, out = click(), np.zeros((frames, 2), np.float32)
    heard = np.flatnonzero(starts.any(axis=1))
    for k in range(0, len(heard), AT_ONCE):
        these = heard[k : k + AT_ONCE]
        np.add.at(out, these[:, None] + np.arange(len(shape)), (starts[these, None, :] * shape[None, :, None]).astype(np.float32))
    loudest = float(np.abs(out).max())
    return out * (min(LOUD * math.sqrt(2.0), 1.0 / loudest))


def save_sound(trains: Trains, path: str | Path, slower: float = 1.0) -> float:
    """Write the trains as a WAV file, stereo with 16 bits; returns its length in seconds.

    Raises FileError where it cannot be written, and what `sound` raises.
    """
    path = Path(path)
    if path.suffix.lower() != ".wav":
        raise FileError(f"{path}: sound is written as WAV, so the name must end in .wav.")
    samples = np.rint(sound(trains, slower) * 32767.0).astype("<i2")
    try:
        with path.open("wb") as place, wave.open(place, "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples.tobytes())
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}.") from None
    return len(samples) / RATE
