"""What is seen of an autoencoder whose codes are clouds: the map, what its places mean, and how codes are drawn and weighed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab.model import Layer, Picture, State, Stream
from lab.training import features, readings
from lab.training.geometry import ellipse, lattice, plane, tiled
from lab.training.learner import Constants
from lab.training.perceptron import Perceptron

SHOWN, ALONG, SIDE = 8, 12, 9  # reconstructions, places along a path, places along each side of the grid
CLOUDS = 40  # test examples whose ellipse is drawn
ACTIVE = 0.01  # variance of a unit's mean over the test part, above which it is used
CARRIED = 16  # of the codes that are drawn have an arrow from their random numbers
DRAWN = 40  # codes drawn from the cloud of the picture on the canvas


class Clouds(Perceptron):
    """A learner whose program has the nodes `mean`, `sigma`, `z`, `picture` and `reconstruction`: an encoder to clouds, and a decoder.

    Its state holds the `place` that is decoded and the `path` to it, on the map, and how often samples were drawn (`drawn_samples`).
    """

    if TYPE_CHECKING:  # parameters of the model
        code: int
        told: int
        conditional: bool

    def own_streams(self, shape: Any) -> tuple[Stream, ...]:
        """The map and all that is decoded from it."""
        every = self.steps_per_epoch
        units = tuple(f"z{k + 1}" for k in range(self.code))
        found = [
            Stream("reconstruction", "trace", "nats", "First term of each minibatch.", every=1),
            Stream("KL", "trace", "nats", "Second term of each minibatch.", every=1),
            Stream("smoothed reconstruction", "trace", "nats", "First term, averaged over about half an epoch.", every=1),
            Stream("smoothed KL", "trace", "nats", "Second term, averaged over about half an epoch.", every=1),
            Stream("test terms", "trace", "nats", "Both terms on the test part, a code drawn for each example.", (2,), ("reconstruction", "KL"), events=True),
            Stream("active units", "trace", "", f"Units whose mean varies over the test part by more than {ACTIVE}.", (1,), ("units",), events=True),
            Stream("floor", "trace", "nats", "What the first term costs when every pixel is said exactly.", every=1),
            Stream("means", "cloud", "", "Means of the test examples (in their principal plane if there are more than two).", channels=("x", "y", "class")),
            Stream("clouds", "curve", "", f"One standard deviation around the means of {CLOUDS} test examples."),
            Stream("prior", "curve", "", "One and two standard deviations of the standard normal distribution."),
            Stream("landed", "curve", "", "Where the picture on the canvas lands: its cloud."),
            Stream("landed codes", "cloud", "", "Codes drawn from the cloud of the picture on the canvas.", channels=("x", "y")),
            Stream("carried", "arrows", "", f"{CARRIED} random numbers, each carried to its code.", channels=("x", "y", "dx", "dy")),
            Stream("drawn", "cloud", "", "Random numbers from the standard normal distribution, and the codes made of them.", channels=("x", "y", "kind")),
            Stream("importance", "bars", "", f"Share of each of {DRAWN} codes in the mean of p(x given z) p(z) / q(z), largest first."),
            Stream("alike", "bars", "", "What each share would be if all codes weighed the same."),
            Stream("place", "curve", "", "The place that is decoded, and the way to it."),
            Stream("used units", "bars", "nats", "What each unit says about a picture: its share of the second term.", channels=units),
            Stream("latent", "cloud", "", "Means of the test examples, for the explorer.", channels=("x", "y", "class"), every=every),
            *features.streams(shape, every),
        ]  # fmt: skip
        if shape.picture:
            found += [
                Stream("reconstructions", "image", "", "Test pictures, and under each what comes out."),
                Stream("decoded", "image", "", "The picture of the place under the mouse."),
                Stream("decoded path", "image", "", "Decoded places at equal distances along the way."),
                Stream("walk over the map", "image", "", "Decoded places on a grid over the map."),
                Stream("dreamt", "image", "", "Codes drawn from the standard normal distribution, decoded."),
                Stream("said again", "image", "", "The picture on the canvas, and what comes out."),
            ]
        return tuple(found)

    def own_pictures(self, shape: Any) -> tuple[Picture, ...]:
        """The map in front."""
        grey: dict[str, Any] = {"colours": "grey", "levels": (0.0, 1.0)}
        place = "decode_place" if shape.picture else ""
        span = (-3.4, 3.4)  # the prior has 99.9 % of its mass there; nothing jumps while clouds move
        found = [
            Picture("map", "Map of the codes", (Layer("means"), Layer("clouds", style="pale"), Layer("prior", theory=True, label="prior"), Layer("landed", label="drawn", series=(3,)), Layer("place", label="place", series=(5,))),
                    x="z₁", y="z₂", x_range=span, y_range=span, click=place, drag=place, hover="decoded" if place else "", front=True, weight=3, equal=True, figures=("negative ELBO (nats)", "active units"),
                    doc="The place under the mouse is decoded beside it; drag, and it is kept, with the way to it. Small ellipses: the clouds of single examples."),
            Picture("terms", "Both terms of the loss", (Layer("test terms", channel=0, label="reconstruction", series=(0,)), Layer("test terms", channel=1, label="KL", series=(1,)),
                    Layer("smoothed reconstruction", style="pale", label="training", series=(0,)), Layer("smoothed KL", style="pale", label="training", series=(1,)),
                    Layer("floor", theory=True, label="floor", series=(0,))),
                    y="nats", figures=("reconstruction (nats)", "KL (nats)", "floor (nats)"), front=True),
        ]  # fmt: skip
        if shape.picture:
            found += [
                Picture("decoded", "This place", (Layer("decoded"),), front=True, **grey),
                Picture("walk over the map", "Every place, drawn", (Layer("walk over the map"),), pick="", front=True, weight=3.0, **grey),
                Picture("decoded path", "Along the way", (Layer("decoded path"),), **grey),
                Picture("said again", "Drawn, and said again", (Layer("said again"),), **grey),
                Picture("reconstructions", "In, and out again", (Layer("reconstructions"),), **grey),
                Picture("dreamt", "Never seen before", (Layer("dreamt"),), doc="'Draw samples' draws others.", **grey),
            ]
        return (
            *found,
            Picture("used units", "What each unit says", (Layer("used units"),), x="unit", y="nats", figures=("active units",)),
            Picture(
                "drawn",
                "Random numbers, and codes",
                (Layer("carried"), Layer("drawn")),
                x="z₁",
                y="z₂",
                x_range=span,
                y_range=span,
                labels=("ε", "μ + σ ε"),
                equal=True,
                doc="ε is drawn from the standard normal distribution; scaled by σ and shifted by μ it is a code of the cloud. μ and σ have slopes, ε needs none.",
            ),
            Picture(
                "importance",
                "Importance weights",
                (Layer("importance"), Layer("alike", theory=True, label="all alike")),
                x="code, heaviest first",
                y="share of p(x)",
                figures=("codes that count", "-ln p(x) of this picture (nats)"),
                doc="p(x) is the mean over codes from the cloud of p(x given z) p(z) / q(z).",
            ),
            Picture("active units", "Active units", (Layer("active units"),), y="units"),
            Picture(
                "latent",
                "Explorer of the codes",
                (Layer("latent"),),
                x="z₁",
                y="z₂",
                click=place,
                hover="decoded" if place else "",
                equal=True,
            ),
        )

    def codes(self, constants: Constants, tape: State, x: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(means, deviations) of the clouds (n, code) of examples."""
        given: dict[str, Any] = self.given(x, t)
        mean, sigma = constants.program.forward(tape, ["mean", "sigma"], **given)
        return mean.astype(float), sigma.astype(float)

    def decode(self, constants: Constants, state: State, z: np.ndarray, told: Any = None) -> np.ndarray:
        """Pictures (n, inputs) of codes (n, code)."""
        z = np.asarray(z, np.float32).reshape(-1, self.code)
        told = min(self.told, constants.outline.outputs - 1) if told is None else told
        more: dict[str, Any] = {"t": np.broadcast_to(told, len(z))} if self.conditional else {}
        return constants.program.forward(self.tape_state(constants, state), "picture", replace={"z": z}, **more).astype(float)

    def predict(self, constants: Constants, state: State, x: np.ndarray) -> np.ndarray:
        """Pictures said again through the mean of each cloud; the class that is told is the chosen one."""
        told = np.full(len(x), min(self.told, constants.outline.outputs - 1))
        return self.decode(constants, state, self.codes(constants, self.tape_state(constants, state), x, told)[0])

    def _tests(self, constants: Constants) -> tuple[np.ndarray, np.ndarray]:
        m = constants.material
        return m.test_x[: readings.POINTS], m.test_t[: readings.POINTS]

    def _plane(self, constants: Constants, tape: State) -> np.ndarray:
        return plane(self.codes(constants, tape, *self._tests(constants))[0])

    def _at(self, constants: Constants, tape: State, places: np.ndarray) -> np.ndarray:
        """Codes of places on the map."""
        return np.asarray(places, float) @ self._plane(constants, tape)

    def _seen(self, constants: Constants, state: State, tape: State) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of the picture on the canvas."""
        told = np.full(1, min(self.told, constants.outline.outputs - 1))
        return self.codes(constants, tape, readings.seen(self, constants, state), told)

    def _sight(self, constants: Constants, state: State) -> tuple[np.ndarray, np.ndarray]:
        """(inputs (1, n), class (1,)) of the picture in sight: the one on the canvas, or the first test example where there are no pictures."""
        if constants.outline.picture is None:
            x, t = self._tests(constants)
            return x[:1], t[:1]
        return readings.seen(self, constants, state), np.full(1, min(self.told, constants.outline.outputs - 1))

    def importance(self, constants: Constants, state: State, count: int = DRAWN) -> np.ndarray:
        """(count,) logarithms of p(x given z) p(z) / q(z) for codes z drawn from the cloud of the picture in sight."""
        tape, (x, t) = self.tape_state(constants, state), self._sight(constants, state)
        (mean,), (sigma,) = self.codes(constants, tape, x, t)
        noise = np.random.default_rng(0).standard_normal((count, self.code))
        return self._weigh(constants, tape, x, t, mean + sigma * noise) + 0.5 * (noise**2).sum(1) + np.log(sigma).sum()

    def _weigh(self, constants: Constants, tape: State, x: np.ndarray, t: np.ndarray, z: np.ndarray) -> np.ndarray:
        """(codes,) ln p(x given z) p(z) without the constant of the normal density."""
        given: dict[str, Any] = self.given(np.repeat(x, len(z), 0), np.repeat(t, len(z), 0))
        said = constants.program.forward(tape, "reconstruction", replace={"z": z.astype(np.float32)}, **given).astype(float)
        return -said - 0.5 * (z**2).sum(1)

    def look(self, constants: Constants, state: State, tape: State, stream: str) -> Any:
        """Map, clouds, decoded places."""
        shape = constants.outline.picture
        x, t = self._tests(constants)
        if stream in ("vectors", "names", "vector inputs"):
            return features.observe(self, constants, stream, lambda x: self.codes(constants, tape, x, t)[0])
        if stream in ("means", "latent"):
            mean = self.codes(constants, tape, x, t)[0]
            return np.column_stack([mean @ plane(mean).T, t if t.ndim == 1 else np.zeros(len(t))])
        if stream == "clouds":
            mean, sigma = self.codes(constants, tape, x, t)
            directions = plane(mean)
            chosen = np.linspace(0, len(x) - 1, min(CLOUDS, len(x))).astype(int)
            return np.concatenate([ellipse(directions @ mean[k], directions @ np.diag(sigma[k] ** 2) @ directions.T) for k in chosen], 1)
        if stream == "prior":
            return np.concatenate([ellipse(np.zeros(2), np.eye(2), k) for k in (1, 2)], 1)
        if stream == "landed":
            if shape is None:
                return np.full((2, 1), np.nan)
            (mean,), (sigma,) = self._seen(constants, state, tape)
            directions = self._plane(constants, tape)
            return ellipse(directions @ mean, directions @ np.diag(sigma**2) @ directions.T, 2)
        if stream == "landed codes":
            if shape is None:
                return np.zeros((0, 2))
            (mean,), (sigma,) = self._seen(constants, state, tape)
            drawn = mean + sigma * np.random.default_rng(0).standard_normal((DRAWN, self.code))
            return drawn @ self._plane(constants, tape).T
        if stream in ("carried", "drawn"):
            (mean,), (sigma,) = self.codes(constants, tape, *self._sight(constants, state))
            noise, directions = np.random.default_rng(0).standard_normal((DRAWN, self.code)), self._plane(constants, tape)
            before, after = noise @ directions.T, (mean + sigma * noise) @ directions.T
            if stream == "carried":
                return np.column_stack([before, after - before])[:CARRIED]
            return np.concatenate([np.column_stack([part, np.full(DRAWN, float(k))]) for k, part in enumerate((before, after))])
        if stream == "alike":
            return np.full(DRAWN, 1.0 / DRAWN)
        if stream == "importance":
            logs = self.importance(constants, state)
            weights = np.exp(logs - logs.max())
            return np.sort(weights / weights.sum())[::-1]
        if stream == "place":
            way = state["path"] if len(state["path"]) else state["place"][None]
            return np.column_stack([way.T, ellipse(state["place"], 0.0025 * np.eye(2))])
        if stream == "used units":
            mean, sigma = self.codes(constants, tape, x, t)
            return 0.5 * (sigma**2 + mean**2 - 2 * np.log(sigma) - 1).mean(0)
        if stream == "decoded":
            return self.decode(constants, state, self._at(constants, tape, state["place"][None])).reshape(shape)
        if stream == "decoded path":
            way = state["path"] if len(state["path"]) > 1 else np.array([[-2.0, 0.0], [2.0, 0.0]])
            return self.decode(constants, state, self._at(constants, tape, features.along(way, ALONG))).reshape(ALONG, *shape)
        if stream == "walk over the map":
            places = lattice((-2.2, -2.2), (2.2, 2.2), SIDE)
            return tiled(self.decode(constants, state, self._at(constants, tape, places)).reshape(-1, *shape), SIDE, SIDE)
        if stream == "dreamt":
            random = np.random.default_rng([int(state["drawn_samples"][0]), 7])
            told = random.integers(0, constants.outline.outputs, 36)
            return tiled(self.decode(constants, state, random.standard_normal((36, self.code)), told).reshape(-1, *shape), 4, 9)
        if stream == "said again":
            seen = readings.seen(self, constants, state)
            return np.stack([seen.reshape(shape), self.decode(constants, state, self._seen(constants, state, tape)[0]).reshape(shape)])
        if stream == "reconstructions":
            again = self.decode(
                constants, state, self.codes(constants, tape, x[:SHOWN], t[:SHOWN])[0], t[:SHOWN] if self.conditional else None
            )
            gap = np.full((len(x[:SHOWN]), 1, shape[1]), np.nan)
            return np.concatenate([x[:SHOWN].reshape(-1, *shape), gap, again.reshape(-1, *shape)], axis=1).astype(float)
        return super().look(constants, state, tape, stream)
