"""Sound localisation: an array of coincidence detectors with delay lines (Jeffress) reads the angle of a source."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lab.cells import stimulus
from lab.errors import FileError
from lab.kernels import exponential, kernel, normal, seed_state
from lab.model import COUNT, MOST_STEPS, Bound, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, arrays, param

DETECTORS = 30
LINE = 1.1  # length of the delay lines in largest interaural delays
SOUNDS = ("clicks", "tone", "file")
LATENCY = 6.0  # ms from the source to the nerve: longer than any delay or jitter that could place a spike in the past
WAITING = 64  # spikes of one ear that may be under way at a time
PLACES = np.linspace(0.0, DETECTORS - 1.0, 581)  # of a peak, between detectors
FAR, NEAR = 0.95, 0.72  # from the head to the source and to where it is heard, in the picture
WIDTHS = (1.0, 1.5, 2.0, 3.0, 4.0)  # of a peak, in detectors


@lru_cache(1)
def _bells() -> tuple[np.ndarray, np.ndarray]:
    """Bells around every place, of every width, without their mean (bells, detectors), and their squared sizes."""
    x = np.arange(DETECTORS)
    bells = np.concatenate([np.exp(-0.5 * ((x - PLACES[:, None]) / width) ** 2) for width in WIDTHS])
    bells -= bells.mean(axis=1, keepdims=True)
    return bells, (bells * bells).sum(axis=1)


def _outline() -> np.ndarray:
    """The head from above, with its nose in front (x, y)."""
    turn = np.radians(np.linspace(90.0 - 12.0, -270.0 + 12.0, 60))
    return np.concatenate([[[0.0], [0.37]], 0.3 * np.stack([np.cos(turn), np.sin(turn)]), [[0.0], [0.37]]], axis=1)


class Hearing(NamedTuple):
    """What moves: sources, spikes on the delay lines, detectors and counts."""

    now: np.ndarray
    phase: np.ndarray
    rng: np.ndarray
    left: np.ndarray
    right: np.ndarray
    heads: np.ndarray
    traces: np.ndarray
    refractory: np.ndarray
    counts: np.ndarray
    ears: np.ndarray


class Sound(NamedTuple):
    """What is heard: delay between the ears, kind, rate, jitter, and the crossings of a recording."""

    itd: float
    sound: int
    rate: float
    jitter: float
    crossings: np.ndarray
    places: np.ndarray


@kernel
def _advance(hearing, source, tau, threshold, forget, dt, events, n):
    """Both ears, the delay lines and the detectors through n steps of dt (ms); returns the steps done.

    left, right: arrival times at the ears still on the lines (rings, heads = next place to write). A detector adds up two
    decaying traces, one per ear, and fires when their sum passes the threshold, which a single spike cannot reach.
    """
    now, phase, rng, left, right, heads, traces, refractory, counts, ears = hearing
    itd, sound, rate, jitter, crossings, places = source
    steps, index, value, count = events
    detectors = len(counts)
    decay = np.exp(-dt / tau)
    fade = np.exp(-dt / forget)
    for k in range(n):
        if count[0] + detectors + 2 * len(left) > len(steps):
            return k
        t, end = now[0], now[0] + dt
        for ear in range(2):
            while True:
                if sound == 2:
                    # Zero crossings of the recording's channel, which begins again at its end.
                    m = places[ear + 1] - places[ear]
                    if m == 0:
                        break
                    loop, at = divmod(heads[2 + ear], m)
                    when = crossings[places[ear] + at] + loop * crossings[-1]
                    if when >= end:
                        break
                    heads[2 + ear] += 1
                else:
                    if phase[ear] >= end:
                        break
                    when = phase[ear]
                    # Both ears hear the same events: their generators start alike, and only jitter and delay differ.
                    phase[ear] += exponential(rng[ear]) * 1000.0 / rate if sound == 0 else 1000.0 / rate
                when += LATENCY + (0.5 - ear) * itd + jitter * normal(rng[2 + ear])
                line = left if ear == 0 else right
                line[heads[ear] % len(line)] = when
                heads[ear] += 1
                ears[ear] += 1
            line = left if ear == 0 else right
            for p in range(min(heads[ear], len(line))):
                if t <= line[p] < end:
                    steps[count[0]], index[count[0]], value[count[0]] = k, ear, (line[p] - t) / dt
                    count[0] += 1
        span = places[3] * 1e-6
        for j in range(detectors):
            counts[j] *= fade
            traces[0, j] *= decay
            traces[1, j] *= decay
            # Detector j sits j / (detectors - 1) along the right ear's line, counted from that ear; the left ear's runs against it.
            share = j / (detectors - 1)
            for ear in range(2):
                line = left if ear == 0 else right
                delay = span * ((1.0 - share) if ear == 0 else share)
                for p in range(min(heads[ear], len(line))):
                    arrival = line[p] + delay
                    if t <= arrival < end:
                        traces[ear, j] += np.exp(-(end - arrival) / tau)
            if refractory[j] > 0:
                refractory[j] -= dt
            elif min(traces[0, j], traces[1, j]) > 0 and traces[0, j] + traces[1, j] >= threshold:
                counts[j] += 1.0
                refractory[j] = 0.5
                steps[count[0]], index[count[0]], value[count[0]] = k, 2 + j, 0.0
                count[0] += 1
        now[0] = end
    return n


def crossings(path: str, sample_rate: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Times (ms) at which each channel of a stereo recording rises through zero, and where the channels begin in them.

    The last entry of the times is the length of the recording.
    """
    parts = []
    length = 0.0
    for channel in (1, 2):
        sound = stimulus.read(path, sample_rate, channel)
        values = sound.values - sound.values.mean()
        # Only crossings that lead above a tenth of the loudest: silence has noise, not a direction.
        rises = np.flatnonzero((values[:-1] < 0) & (values[1:] >= 0))
        loud = np.abs(values).max() * 0.1
        rises = rises[[values[r : r + 50].max() > loud for r in rises]] if len(rises) else rises
        part = (rises + values[rises] / (values[rises] - values[rises + 1])) * sound.interval
        parts.append(part)
        length = max(length, sound.length)
    if not all(len(p) for p in parts):
        raise FileError(f"{path} holds no sound in one of its two channels: a stereo recording with both ears is wanted.")
    return np.concatenate([*parts, [length]]), np.array([0, len(parts[0]), len(parts[0]) + len(parts[1]), 0])


class SoundLocalisation(Model):
    """How direction is heard: delay lines turn time into place, as they do in the barn owl.

    A source at angle theta reaches one ear earlier by `ITD = d sin(theta) / c`. Each ear sends its spikes along a delay
    line, and an array of N = 30 neurons between the lines fires where the spikes of both ears meet; the lines are 1.1 times as
    long as the largest delay d / c. Drag the source around the head and see the active neuron move along the array. Up to 60° the
    reading is right within 5°; further out the peak meets the end of the lines, and the reading strays by up to 20°. Jitter
    of the ears blurs the peak and pulls the reading with it, one way or the other. A tone makes a phantom peak as soon as one
    more of its periods fits on the lines, from `c / (d (1.1 + sin(theta)))` up, which is 1070 Hz here at 30°. Owls use the timing of
    tones of several kHz; people hardly any above 1.4 kHz. The head is a person's; a preset has an owl's.
    A stereo recording can be the source as well.
    """

    name = "sound-localisation"
    title = "Sound localisation"
    group = "Rates and codes"
    icon = "mdi6.ear-hearing"
    order = 40
    also = "Jeffress model; interaural time difference; ITD; barn owl; owl; hearing; auditory; delay line; binaural; ears; direction of sound; coincidence detector neurons"
    equations = (r"ITD = \frac{d \sin\theta}{c}", r"j^* = \frac{N-1}{2}\left(1 + \frac{\sin\theta}{1.1}\right)")
    symbols = r"ITD: difference of the times at the two ears; \theta: direction of the sound, from straight ahead"
    source = "Jeffress, J. Comp. Physiol. Psychol. 41:35 (1948); Konishi, Annu. Rev. Neurosci. 26:31 (2003)"
    presets = {
        "Clicks from the right": Preset({}, shows="abs(decoded - 30) < 5"),
        "Tone of 500 Hz": Preset({"sound": "tone", "rate": 500.0}, shows="abs(decoded - 30) < 5 and max(stream activity) > 50"),
        "Phantom sources: tone of 2500 Hz": Preset(
            {"sound": "tone", "rate": 2500.0, "jitter": 0.02},
            shows="count(activity) = 30 and sum(stream activity > 0.5 max(stream activity)) > 8 and min(stream activity) < 0.1 max(stream activity)",
        ),
        "A barn owl: small head, precise ears": Preset({"distance": 5.0, "jitter": 0.02, "tau": 0.04}, shows="abs(decoded - 30) < 5"),
        "Unreliable ears: the peak is blurred": Preset({"jitter": 0.3}, shows="sum(activity > 0.5 max(activity)) > 12"),
    }

    angle: float = param(30.0, "°", lo=-90.0, hi=90.0, main=True, doc="Direction of the source: 0 ahead, positive to the right.")
    sound: str = param(
        "clicks",
        choices=SOUNDS,
        builds=True,
        live=False,
        main=True,
        doc="What the source emits: random clicks, a tone, or a stereo recording.",
    )
    rate: float = param(
        200.0, "Hz", lo=10.0, hi=5000.0, log=True, when=("sound", ("clicks", "tone")), doc="Clicks per second, or frequency of the tone."
    )
    file: str = param(
        "",
        kind="file",
        builds=True,
        live=False,
        when=("sound", "file"),
        doc="Stereo recording (WAV; left ear first): its own delay is heard, the angle adds to it.",
    )
    jitter: float = param(0.1, "ms", lo=0.0, hi=1.0, main=True, doc="Standard deviation of the spike times of each ear.")
    distance: float = param(20.0, "cm", lo=2.0, hi=50.0, group="Head", doc="Distance d between the ears.")
    speed_of_sound: float = param(343.0, "m/s", lo=300.0, hi=1500.0, group="Head", doc="Speed of sound c in air (1480 in water).")
    tau: float = param(
        0.08,
        "ms",
        lo=0.02,
        hi=1.0,
        log=True,
        group="Detectors",
        symbol=r"\tau",
        label="Time constant",
        doc="Time constant of a detector's two inputs.",
    )
    threshold: float = param(
        1.4, lo=1.05, hi=1.95, group="Detectors", doc="Threshold in inputs: above 1, so that one ear alone never fires a detector."
    )
    forget: float = param(
        1000.0,
        "ms",
        lo=20.0,
        hi=10000.0,
        log=True,
        group="Detectors",
        doc="Time over which counts are forgotten, so that the peak can follow the source.",
    )
    dt: float = param(
        0.02, "ms", lo=0.005, hi=0.05, live=False, log=True, group="Numerics", symbol=r"\Delta t", label="Time step", doc="Step of time."
    )

    @property
    def clock(self) -> Clock:
        return Clock(self.dt, "ms")

    @property
    def speed(self) -> float:
        return 500.0

    @property
    def default_steps(self) -> int:
        return self.steps_for(2000.0)

    @property
    def itd_ms(self) -> float:
        """Delay between the ears in ms; positive: the right ear hears first."""
        return self.largest_itd * math.sin(math.radians(self.angle))

    @property
    def largest_itd(self) -> float:
        """d / c in ms."""
        return 1000.0 * (self.distance / 100.0) / self.speed_of_sound

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream(
                "spikes",
                "raster",
                "",
                "Spikes of the ears and of the detectors.",
                channels=("left ear", "right ear", *(f"detector {j}" for j in range(DETECTORS))),
            ),
            Stream("activity", "bars", "spikes", "Recent spikes of each detector."),
            Stream("head", "cloud", "", "The head from above with its ears, the source, and the angle that the array reads."),
            Stream("outline", "curve", "", "The outline of the head.", channels=("head",)),
            Stream("way", "curve", "", "From the head to the source.", channels=("way of the sound",)),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("head", "Head and source", (Layer("head"), Layer("outline"), Layer("way", style="dashed")), x="left – right", y="front", x_range=(-1.05, 1.05), y_range=(-0.4, 1.1), equal=True, drag="point_at", click="point_at", figures=("angle (°)", "decoded (°)"), labels=("left ear", "right ear", "source: drag it", "decoded"), front=True),
            Picture("activity", "Detectors", (Layer("activity", style="bars"),), x="detector", y="recent spikes", figures=("winner", "theory"), front=True),
            Picture("spikes", "Spikes", (Layer("spikes"),), window=60.0),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The head over its whole width: the detectors stand below it as they lie from ear to ear."""
        return Stage("head", below=("activity", "spikes"))

    def build(self, seed):
        if self.sound == "file":
            return crossings(self.file)
        return np.zeros(1), np.zeros(4, np.int64)

    def start(self, constants, seed):
        same = seed_state(seed, 0)
        return {
            "now": np.zeros(1),
            "phase": np.full(2, 1.0),
            "rng": np.array([same, same, seed_state(seed, 1), seed_state(seed, 2)]),
            "left": np.full(WAITING, -1e9),
            "right": np.full(WAITING, -1e9),
            "heads": np.zeros(4, np.int64),
            "traces": np.zeros((2, DETECTORS)),
            "refractory": np.zeros(DETECTORS),
            "counts": np.zeros(DETECTORS),
            "ears": np.zeros(2, np.int64),
        }

    def state_bounds(self, constants, state, step):
        (times, places), now = constants, step * self.dt
        # A source must not lag behind: it would have to catch up event by event.
        near, loops = 1.0 + 1e-6 * now, max(0.0, (now - 1.0) * (1 - 1e-6)) // max(times[-1], 1e-3)
        least = [0, 0, loops * (places[1] - places[0]), loops * (places[2] - places[1])] if self.sound == SOUNDS[2] else 0
        return {"now": Bound(now - near, now + near), "phase": Bound(now - near), "heads": Bound(least, MOST_STEPS), "ears": COUNT}

    def advance(self, constants, state, n, out):
        times, places = constants
        places = places.copy()
        places[3] = round(LINE * self.largest_itd * 1e6)  # nanoseconds, so that it travels in the same array
        return _advance(
            arrays(Hearing, state),
            Sound(self.itd_ms, SOUNDS.index(self.sound), self.rate, self.jitter, times, places),
            self.tau,
            self.threshold,
            self.forget,
            self.dt,
            out.events["spikes"].columns,
            n,
        )

    def peak(self, counts: np.ndarray) -> float:
        """Place of the peak of activity, between detectors: where a bell of the best of several widths fits the activity best.

        The activity is taken by its square root, which makes the noise of counts equal everywhere, so that the whole bell
        says where it is: the busiest detector alone is several places off once the ears jitter.
        """
        if not counts.any():
            return float("nan")
        bells, sizes = _bells()
        activity = np.sqrt(counts)
        overlap = bells @ (activity - activity.mean())
        best = int(np.where(overlap > 0, overlap * overlap / sizes, 0.0).argmax())
        return float(PLACES[best % len(PLACES)])

    def decoded(self, counts: np.ndarray) -> float:
        """The angle in degrees that the array reads."""
        place = self.peak(counts)
        sine = LINE * (2 * place / (DETECTORS - 1) - 1)
        return float("nan") if math.isnan(place) else math.degrees(math.asin(min(1.0, max(-1.0, sine))))

    def observe(self, constants, state, stream):
        if stream == "activity":
            return state["counts"].copy()
        if stream == "head":
            found = self.decoded(state["counts"])
            rows = [
                (-0.3, 0.0, 0.0),
                (0.3, 0.0, 0.0),
                (FAR * math.sin(math.radians(self.angle)), FAR * math.cos(math.radians(self.angle)), 1.0),
            ]
            turn = math.radians(0.0 if math.isnan(found) else found)
            rows.append((NEAR * math.sin(turn), NEAR * math.cos(turn), 2.0))
            return np.array(rows)
        if stream == "outline":
            return _outline()
        if stream == "way":
            direction = math.sin(math.radians(self.angle)), math.cos(math.radians(self.angle))
            return np.array([[0.42 * d, (FAR - 0.05) * d] for d in direction])
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        counts, place = state["counts"], self.peak(state["counts"])
        out = {
            "angle (°)": self.angle,
            "ITD (ms)": self.itd_ms,
            "theory": (DETECTORS - 1) / 2 * (1 + math.sin(math.radians(self.angle)) / LINE),
        }
        if not math.isnan(place):
            out |= {"decoded (°)": self.decoded(counts), "winner": place}
        return out | {"spikes of the ears": int(state["ears"].sum())}

    @action(
        "Point the source",
        hidden=True,
        x=(float, param(0.0, lo=-10.0, hi=10.0, doc="To the right of the head.")),
        y=(float, param(1.0, lo=-10.0, hi=10.0, doc="In front of the head.")),
    )
    def point_at(self, constants, state, x, y):
        """Turn the source into the direction of this place."""
        return {"angle": max(-90.0, min(90.0, math.degrees(math.atan2(x, max(y, 0.0))))) if x or y > 0 else 0.0}

    @classmethod
    def figures(cls):
        def worst_angle(run):
            worst = 0.0
            for angle in range(-60, 61, 15):
                summary = run(cls(angle=float(angle)), steps=cls().steps_for(1500.0), seed=1, record={}).summary
                worst = max(worst, abs(summary["decoded (°)"] - angle))
            return worst

        def worst_place(run):
            worst = 0.0
            for angle in (-60.0, -20.0, 0.0, 45.0):
                summary = run(cls(angle=angle, jitter=0.0), steps=cls().steps_for(1000.0), seed=2, record={}).summary
                worst = max(worst, abs(summary["winner"] - summary["theory"]))
            return worst

        def one_ear(run):
            # With the ears 10 ms apart no detector sees both; jitter off, clicks rare.
            result = run(
                cls(angle=90.0, distance=50.0, tau=0.02, jitter=0.0, rate=10.0, speed_of_sound=300.0, threshold=1.9),
                steps=2000,
                record={"spikes": 1},
            )
            return float((result.recorded("spikes").index >= 2).sum() > 2 * DETECTORS)

        yield Figure(
            "decoded angle from -60 to 60 degrees with jitter 0.1 ms, worst error",
            5.0,
            worst_angle,
            bound="at_most",
            unit="°",
            source="geometry",
        )
        yield Figure(
            "place of the winner against 14.5 (1 + sin(theta)/1.1), worst", 1.0, worst_place, bound="at_most", source="Jeffress model"
        )
        yield Figure("detectors far from the peak fire", 0.0, one_ear, source="a single ear stays below threshold")
