"""The autoencoder: a network that must say its input again after passing it through a narrow place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from lab.errors import ModelError
from lab.model import Bound, Figure, Layer, Picture, Preset, Stream, action, param
from lab.training import Perceptron, Stage, features, readings, redeclared
from lab.training.drawing import COLUMNS, hourglass
from lab.training.geometry import lattice, principal, tiled
from lab.training.perceptron import ACTIVATIONS, first_weights
from lab.training.stage import CURVES, led_by

SHOWN = 8
ALONG = 12  # places of a path that are decoded


class Autoencoder(Perceptron):
    """Pictures are squeezed into a few numbers, the code, and unfolded again; nobody says what the numbers should mean.

    The encoder narrows down to `code` values, the decoder mirrors it, and the loss is the squared difference between what comes out and what
    went in. Without hidden layers and activation it can do no better than principal component analysis, whose error is shown
    beside it; with hidden layers it does as long as the code is narrow (at two and eight numbers, not at 32). The map shows where the test examples lie: click a point to see it with its
    neighbours, click beside them and the place is decoded, draw a path and it is decoded place by place. *Tied* weights use each encoder matrix again, transposed. With input noise it learns to clean up:
    the pictures then stand in three rows, clean, spoilt as in training, and what comes out of the spoilt ones.
    """

    name = "autoencoder"
    title = "Autoencoder"
    group = "Training monitor"
    icon = "mdi6.arrow-collapse-vertical"
    order = 60
    also = "AE; bottleneck; latent space; code; denoising; dimensionality reduction; compression; encoder decoder; representation learning"
    equations = (r"z = f(x), \quad \hat x = g(z), \quad E = \frac{1}{d}\|\hat x - x\|^2", r"\mathrm{tied:}\quad M = W^T")
    symbols = r"z: code; f: encoder; g: decoder; E: loss; W: weights of the encoder; M: weights of the decoder"
    source = "Rumelhart, Hinton and Williams (1986); Baldi and Hornik, Neural Networks 2:53 (1989); Hinton and Salakhutdinov, Science 313:504 (2006)"
    metric: ClassVar[str] = "euclidean"  # how near is measured between the vectors of a layer
    presets = {
        "Two numbers: a map": Preset({}, shows="test loss < 0.045 and test loss < PCA test loss"),
        "Linear: principal components": Preset(
            {"hidden": "", "activation": "identity", "code": 8, "rate": 0.01, "epochs": 60},
            shows="abs(test loss / PCA test loss - 1) < 0.05",
        ),
        "Linear, tied weights": Preset(
            {"hidden": "", "activation": "identity", "code": 8, "tied": True, "rate": 0.01, "epochs": 60},
            shows="abs(test loss / PCA test loss - 1) < 0.06",
        ),
        "Deep, eight numbers": Preset({"hidden": "64", "code": 8}, shows="test loss < 0.8 PCA test loss"),
        "Deep, tied weights": Preset({"hidden": "64", "code": 8, "tied": True}, shows="test loss < 0.8 PCA test loss"),
        "Denoising": Preset(
            {"hidden": "64", "code": 16, "input_noise": 0.3}, shows="error after cleaning < 0.5 error of the spoilt pictures"
        ),
    }

    code: int = param(
        2, "numbers", lo=1, hi=512, log=True, live=False, main=True, group="Network", doc="Numbers in the code, the narrow place."
    )
    tied: bool = param(False, live=False, main=True, group="Network", doc="Use the encoder's weights again in the decoder, transposed.")
    hidden: str = redeclared(Perceptron, "hidden", "64-32")
    epochs: int = redeclared(Perceptron, "epochs", 100)
    evaluate: float = redeclared(Perceptron, "evaluate", 5.0)
    activation: str = redeclared(Perceptron, "activation", "ReLU")

    @property
    def task(self) -> str:
        """The input is the target."""
        return "reconstruction"

    def stage_names(self) -> tuple[str, ...]:
        """encoder1 ... code, decoder1 ... output."""
        n = len(self.widths)
        return (*(f"encoder{k + 1}" for k in range(n)), "code", *(f"decoder{k + 1}" for k in range(n)), "output")

    def network(self, tape, x, outputs):
        """Encoder, code, decoder; the output has as many values as the input."""
        kind, init, stages, h = ACTIVATIONS[self.activation], first_weights(self.initialiser, self.activation), [], x
        for k, units in enumerate(self.widths):
            h = tape.activation(tape.affine(h, units, init=init, name=f"encoder{k + 1}"), kind, name=f"encoder{k + 1}.out")
            stages.append(Stage(f"encoder{k + 1}", f"encoder{k + 1}.weight", h.name))
            if self.dropout:
                h = tape.dropout(h, self.dropout, name=f"encoder{k + 1}.dropout")
        z = tape.affine(h, self.code, init="xavier", name="code")
        stages.append(Stage("code", "code.weight", "code"))
        output, rest = self._decoder(tape, z, x.shape[0])
        return output, (*stages, *rest)

    def _decoder(self, tape, z, inputs):
        """The way back; tied, it finds the encoder's weights on the tape."""
        kind, init, stages, h = ACTIVATIONS[self.activation], first_weights(self.initialiser, self.activation), [], z
        encoders = ["code", *(f"encoder{k + 1}" for k in reversed(range(len(self.widths))))]
        sizes = [*reversed(self.widths), inputs]
        for k, (units, encoder) in enumerate(zip(sizes, encoders, strict=True)):
            last = k == len(self.widths)
            name = "output" if last else f"decoder{k + 1}"
            if self.tied:
                bias = tape.parameter(f"{name}.bias", (units,), init="zeros", decay=False)
                h = tape.affine(h, weight=tape.find(f"{encoder}.weight"), transposed=True, bias=bias, name=name)
            else:
                h = tape.affine(h, units, init="xavier" if last else init, name=name)
            h = h if last else tape.activation(h, kind, name=f"{name}.out")
            stages.append(Stage(name, f"{encoder}.weight" if self.tied else f"{name}.weight", h.name))
        return h, stages

    def build(self, seed):
        """Principal components to compare with."""
        constants = super().build(seed)
        m = constants.material
        mean, directions = principal(m.x, min(self.code, constants.outline.inputs))
        missed = m.test_x - mean
        missed = missed - missed @ directions.T @ directions
        return replace(constants, extra={"pca": float((missed**2).mean())})

    def state_bounds(self, constants, state, step):
        """The way along which it is decoded, too."""
        return super().state_bounds(constants, state, step) | {"path": Bound(shape=((0, 10_000), 2))}

    def start(self, constants, seed):
        """The clicked place, too."""
        return super().start(constants, seed) | {"place": np.zeros(2), "path": np.zeros((0, 2))}

    # -- what can be looked at --

    def drawn_layers(self, shape):
        """The hourglass: in, narrow, out again."""
        if 2 * len(self.widths) + 3 > COLUMNS:
            return ()
        return hourglass(shape.inputs, self.widths, self.code, "code", bool(shape.picture), self.tied)

    @property
    def stage(self):
        """The map of the codes large, beside it the hourglass that makes them and what comes out of it."""
        if self.slow:
            return super().stage
        return led_by(self, "latent", ("network", "reconstructions"), (CURVES,), opened="Health")

    def codes(self, constants, tape, x):
        """Codes (n, code) of examples."""
        return constants.program.forward(tape, "code", x=x).astype(float)

    def decode(self, constants, state, z):
        """Pictures (n, inputs) of codes (n, code)."""
        tape = self.tape_state(constants, state)
        return constants.program.forward(tape, constants.output, replace={"code": np.asarray(z, np.float32)}).astype(float)

    def _plane(self, constants, tape):
        """Mean and two directions of the codes that are drawn: the codes themselves if there are two."""
        if self.code <= 2:
            return np.zeros(self.code), np.eye(2)[:, : self.code]
        mean, directions = principal(self.codes(constants, tape, constants.material.test_x), 2)
        return mean, directions * np.sign(directions.sum(1, keepdims=True) + 1e-12)

    def own_streams(self, shape):
        """The map, what comes out, and what the clicked place means."""
        found = [Stream("latent", "cloud", "", "Codes of the test examples (their principal components if there are more than two numbers).",
                        channels=("x", "y", "class"), every=self.steps_per_epoch), *features.streams(shape, self.steps_per_epoch)]  # fmt: skip
        if shape.picture:
            found.append(
                Stream(
                    "reconstructions",
                    "image",
                    "",
                    "Test pictures (spoilt as in training, where there is noise), and under each what comes out.",
                )
            )
            found.append(Stream("decoded", "image", "", "The picture of the place clicked on the map."))
            found.append(Stream("decoded path", "image", "", "Decoded places at equal distances along the path drawn on the map."))
            found.append(Stream("walk over the map", "image", "", "Decoded places on a grid over the map."))
        return tuple(found)

    def own_pictures(self, shape):
        """The map in front."""
        found = [Picture("latent", "Map of the codes", (Layer("latent"),), x="z1", y="z2", click="decode_place", hover="decoded" if shape.picture else "", front=True, weight=2, equal=True,
                         doc="Click a point for its neighbours, beside them to decode the place; the path tool decodes along a path.")]  # fmt: skip
        if shape.picture:
            grey: dict[str, Any] = {"colours": "grey", "levels": (0.0, 1.0)}
            found.append(Picture("reconstructions", "In, and out again", (Layer("reconstructions"),), front=True, weight=1.3, **grey))
            found.append(Picture("decoded path", "Along the path", (Layer("decoded path"),), **grey))
            found.append(Picture("decoded", "The clicked place", (Layer("decoded"),), **grey))
            found.append(Picture("walk over the map", "Walk over the map", (Layer("walk over the map"),), **grey))
        return tuple(found)

    def _spoilt(self, x):
        """Examples with the noise of the training, always the same; without noise the examples themselves."""
        if not self.input_noise:
            return x
        return (x + self.input_noise * np.random.default_rng(0).standard_normal(x.shape)).astype(np.float32)

    def look(self, constants, state, tape, stream):
        """Map, reconstructions, decoded places."""
        m, shape = constants.material, constants.outline.picture
        found = features.observe(self, constants, stream, lambda x: self.codes(constants, tape, x))
        if found is not None:
            return found
        if stream == "latent":
            mean, directions = self._plane(constants, tape)
            x = m.test_x[: readings.POINTS]
            points = (self.codes(constants, tape, x) - mean) @ directions.T
            labels = m.test_t[: len(points)] if m.test_t.ndim == 1 else np.zeros(len(points))
            return np.column_stack([points, labels])
        if stream == "reconstructions":
            x = m.test_x[:SHOWN]
            given = self._spoilt(x)
            gap = np.full((len(x), 1, shape[1]), np.nan)
            rows = [x] if given is x else [x, given]
            tiles = [part.reshape(-1, *shape) for part in (*rows, self.predict(constants, state, given))]
            return np.concatenate([part for tile in tiles for part in (tile, gap)][:-1], axis=1).astype(float)
        if stream == "decoded":
            return self.decode(constants, state, self._code_at(constants, tape, state["place"][None])).reshape(shape)
        if stream == "decoded path":
            places = features.along(self._path(constants, state, tape), ALONG)
            return self.decode(constants, state, self._code_at(constants, tape, places)).reshape(ALONG, *shape)
        if stream == "walk over the map":
            points = self.look(constants, state, tape, "latent")[:, :2]
            (x0, y0), (x1, y1) = np.quantile(points, (0.05, 0.95), axis=0)
            places = lattice((x0, y0), (x1, y1), 6)
            return tiled(self.decode(constants, state, self._code_at(constants, tape, places)).reshape(-1, *shape), 6, 6)
        return super().look(constants, state, tape, stream)

    def _path(self, constants, state, tape):
        """The path drawn, or one across the map from left to right."""
        if len(state["path"]) > 1:
            return state["path"]
        points = self.look(constants, state, tape, "latent")[:, :2]
        (x0, _), (_, middle), (x1, _) = np.quantile(points, (0.05, 0.5, 0.95), axis=0)
        return np.array([[x0, middle], [x1, middle]])

    def _code_at(self, constants, tape, places):
        mean, directions = self._plane(constants, tape)
        return places @ directions + mean

    def summary(self, constants, state) -> dict[str, Any]:
        """The error of principal components beside the network's; with noise, how much of it is left."""
        out = super().summary(constants, state) | {"PCA test loss": constants.extra["pca"]}
        if self.input_noise:
            x = constants.material.test_x[:100]
            left = float(((self.predict(constants, state, self._spoilt(x)) - x) ** 2).mean(dtype=float))
            out["error of the spoilt pictures"], out["error after cleaning"] = self.input_noise**2, left
        return out

    @action("Decode a place", hidden=True, x=(float, param(0.0, lo=-1e6, hi=1e6, doc="First coordinate on the map.")),
            y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Second coordinate on the map.")))  # fmt: skip
    def decode_place(self, constants, state, x, y):
        """Show the picture that a place on the map stands for."""
        if constants.outline.picture is None:
            raise ModelError(f"{self.name}: the examples of '{self.data}' are no pictures; choose digits or a file of pictures as data.")
        state["place"][:] = x, y

    @action("Decode along a path", hidden=True, path=(tuple[tuple[float, float], ...], param(
        ((0.0, 0.0), (1.0, 0.0)), kind="drawn", doc="Corners of the path on the map.")))  # fmt: skip
    def decode_path(self, constants, state, path):
        """Show the pictures that the places along a path on the map stand for."""
        if constants.outline.picture is None:
            raise ModelError(f"{self.name}: the examples of '{self.data}' are no pictures; choose digits or a file of pictures as data.")
        corners = np.array(path, float).reshape(-1, 2)
        if len(corners) < 2:
            raise ModelError(f"{self.name}.decode_path: a path has at least 2 corners (got {len(corners)}).")
        state["path"] = corners

    @classmethod
    def figures(cls):
        """Errors on test digits, medians of three seeds."""

        def error(**values):
            def measure(run):
                model = cls(evaluate=float(values["epochs"]), **values)
                return float(np.median([run(model, seed=seed, record={}).summary["test loss"] for seed in (0, 1, 2)]))

            return measure

        def against_pca(**values):
            def measure(run):
                model = cls(
                    hidden="", activation="identity", code=8, rate=0.01, epochs=100, schedule="cosine", final=0.01, evaluate=100.0, **values
                )
                found = [run(model, seed=seed, record={}).summary for seed in (0, 1, 2)]
                return float(np.median([s["test loss"] / s["PCA test loss"] for s in found]))

            return measure

        table = "the lab's learning table"
        yield Figure(
            "linear, eight numbers: loss over that of PCA",
            1.0,
            against_pca(),
            0.02,
            source="Baldi and Hornik (1989): both span the same plane",
        )
        yield Figure("linear and tied, the same", 1.0, against_pca(tied=True), 0.02, source="Baldi and Hornik (1989)")
        yield Figure("PCA with eight directions, test MSE", 0.02465, lambda run: float(np.median(
            [run(cls(code=8), steps=0, seed=s, record={}).summary["PCA test loss"] for s in (0, 1, 2)])), 0.0008, source=table)  # fmt: skip
        yield Figure(
            "deep, 64-64-8", 0.018, error(hidden="64", code=8, epochs=100, schedule="cosine"), bound="at_most", source=table, slow=True
        )
        yield Figure("deep, two numbers", 0.045, error(epochs=100), bound="at_most", source=table, slow=True)
