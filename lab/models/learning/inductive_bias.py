"""What a network assumes: one that connects everything beside one that looks through a window, on the same moved digits."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from lab.data import sets
from lab.errors import ModelError
from lab.model import Figure, Layer, Picture, Preset, Stage, Stream, param
from lab.training import redeclared
from lab.training.beside import Beside, numbers
from lab.training.learner import EVALUATIONS, TEST_SCORE
from lab.training.material import outline
from lab.units import number as printed

OTHER = "conv."
NAMES = ("dense", "convolutional")
SHOWN = 24  # test pictures drawn with both answers
LOOKED, PLACES = 1000, 1024  # pictures and pixels that are correlated, at most
FAR = 4  # pixels up to which the test part is moved for the curve
TESTED = 200  # test pictures of that curve
FILTERS = {"places kept": (8, 16), "largest over places": (8, 22)}  # so that both networks have about 1,900 parameters


class InductiveBias(Beside):
    """Two networks of about 1,900 numbers each learn the same digits, every one moved by up to two pixels.

    To the dense network a pixel is a pixel: what it learned about a stroke in one place it has to learn again in the next. The
    convolutional one asks the same few synapses at every place, and only its last layer knows places at all. Nothing but that
    assumption makes it better. Try:

    - train both on digits that are *not* moved, and test on moved ones: both fall, for the last layer of the convolutional network has never seen a
      stroke elsewhere. Weight sharing alone does not make a network blind to place;
    - *largest over places*: then nothing knows places any more, and moving costs least;
    - read the curve by pixels moved, from nought (as they were) to four (farther than any that were learned);
    - *How alike pixels are*: two pixels close together tell nearly the same, far ones hardly anything. That is what the window of a convolution
      counts on. In pictures whose pixels were shuffled (all in the same way) it is gone, and a convolution would have nothing to gain;
    - the table counts what a dense network on photographs would need: 512 x 512 x 3 inputs and two layers of 1024 are 806 million synapses.
    """

    name = "inductive-bias"
    title = "What a network assumes"
    group = "Training monitor"
    icon = "mdi6.scale-balance"
    order = 25
    also = "inductive bias; weight sharing; translation; equivariance; invariance; dense against convolutional; MLP versus CNN; number of parameters; moved pictures"
    equations = (
        r"\mathrm{dense:}\; n_{in} n_{out} + n_{out} \qquad \mathrm{convolution:}\; F^2 c_{in} c_{out} + c_{out}",
        r"512 \cdot 512 \cdot 3 \cdot 1024 + 1024 \cdot 1024 = 806\,354\,944",
    )
    symbols = r"F: side of the kernel; c: number of channels"
    source = "LeCun, Generalization and network design strategies, Toronto CRG-TR-89-4 (1989); Mitchell, The need for biases in learning generalizations (1980)"
    drawing: ClassVar[bool] = True
    own_name, rivals = NAMES[0], ((NAMES[1], OTHER),)
    presets = {
        "Moved by up to two pixels": Preset({}, shows="convolutional accuracy > 0.72 and test accuracy < 0.75", slow=True),
        "Trained unmoved, tested moved: both fall": Preset({"training": False}, shows="convolutional accuracy < 0.5 and test accuracy < 0.4", slow=True),
        "Largest over places": Preset({"reading": "largest over places"}, shows="convolutional accuracy > 0.85", slow=True),
        "Not moved at all": Preset({"moved": 0, "training": False}, shows="test accuracy > 0.93 and convolutional accuracy > 0.95", slow=True),
    }  # fmt: skip

    data: str = redeclared(Beside, "data", "digits", main=False)
    hidden: str = redeclared(Beside, "hidden", "25", main=False)
    epochs: int = redeclared(Beside, "epochs", 40)
    rate: float = redeclared(Beside, "rate", 3e-3)
    evaluate: float = redeclared(Beside, "evaluate", 1.0)
    moved: int = param(
        2,
        "pixels",
        lo=0,
        hi=4,
        live=False,
        main=True,
        group="Data",
        doc="How far each picture was moved, up and down and sideways, at most; once, before anything is learned.",
    )
    training: bool = param(
        True, live=False, main=True, group="Data", label="Train on moved", doc="Move the training pictures, too; else only the test part."
    )
    reading: str = param("places kept", choices=tuple(FILTERS), live=False, main=True, group="Network", label="Last layer reads",
                         doc="All places of the maps, or the largest value of each map wherever it is.")  # fmt: skip

    def check(self) -> None:
        """Refuse data without pictures and classes."""
        super().check()
        shape = outline(self)
        if self.data != "file" and (shape.picture is None or shape.task != "classification"):
            raise self.refuse("data", f"must be pictures with classes, and {self.data} are none: choose digits, or a file of pictures")

    @property
    def seconds(self):
        """A race is watched for half a minute."""
        return 25.0

    # -- two networks on one tape --

    def beside(self, tape, x, outputs):
        """The convolutional network on the same pictures."""
        shape = outline(self).picture
        if shape is None:
            raise ModelError(f"{self.name}.data: '{self.data}' holds no pictures; choose digits, an IDX file or a folder of pictures.")
        h, t = tape.reshape(x, (*shape, 1), name=f"{OTHER}picture"), tape.find("t")
        for k, count in enumerate(FILTERS[self.reading]):
            h = tape.relu(tape.conv2d(h, count, size=3, init="he", name=f"{OTHER}conv{k + 1}"))
            if self.reading == "places kept" and min(h.shape[:2]) >= 2:
                h = tape.max_pool(h, 2)
        h = tape.flatten(h if self.reading == "places kept" else tape.max_pool(h, min(h.shape[:2])))
        output = tape.affine(h, outputs, init="small", name=f"{OTHER}output")
        tape.cross_entropy(output, t, name=f"{OTHER}loss")
        tape.accuracy(output, t, name=f"{OTHER}accuracy")

    def build(self, seed):
        """Move each picture once, where and how far follows from the seed."""
        constants = super().build(seed)
        m, shape = constants.material, constants.outline.picture
        if shape is None or constants.outline.task != "classification":
            raise ModelError(
                f"{self.name}.data: '{self.data}' holds no pictures with classes; choose digits, an IDX file or a folder of pictures."
            )
        random = np.random.default_rng([abs(int(seed)), 0x2D])
        x = _scattered(m.x, shape, self.moved, random) if self.training else m.x
        return replace(constants, material=replace(m, x=x, test_x=_scattered(m.test_x, shape, self.moved, random)))

    def start(self, constants, seed):
        """What both score by how far the test part is moved."""
        return super().start(constants, seed) | {"by_move": np.zeros((2, FAR + 1))}

    def score_others(self, constants, tape):
        """The accuracy of the convolutional network."""
        m = constants.material
        return self._right(constants, tape, m.test_x, m.test_t)[1:]

    def _look(self, constants, state, tape, out, step, watch):
        super()._look(constants, state, tape, out, step, watch)
        m, shape = constants.material, constants.outline.picture
        x, t = (part[:TESTED] for part in m.data.part("test"))
        for far in range(FAR + 1):
            ways = {(far, 0), (0, far), (-far, 0), (0, -far)}
            moved = np.concatenate([sets.shifted(x, shape, *way) for way in sorted(ways)])
            state["by_move"][:, far] = self._right(constants, tape, moved, np.tile(t, len(ways)))

    def _right(self, constants, tape, x, t):
        """Share of pictures that each network reads rightly."""
        said = constants.program.forward(tape, ["output", f"{OTHER}output"], **self.given(x, t))
        return [float((output.argmax(1) == t).mean()) for output in said]

    def parameters_of(self, constants) -> tuple[int, int]:
        """Numbers that each network learns."""
        other = numbers(constants.program, OTHER)
        return numbers(constants.program) - other, other

    def summary(self, constants, state) -> dict[str, Any]:
        """Both accuracies and both counts."""
        found = super().summary(constants, state)
        dense, conv = self.parameters_of(constants)
        if state["figures"][EVALUATIONS]:
            found = {"convolutional accuracy": float(state["beside"][0]), "test accuracy": found["test accuracy"]} | found
            found["gap"] = float(state["beside"][0]) - float(state["figures"][TEST_SCORE])
        near = _alike(constants.material.x, constants.outline.picture)
        if near.shape[1]:
            found |= {"neighbours alike": float(near[1, 0]), "far pixels alike": float(near[1, -1])}
        return found | {"parameters, dense": dense, "parameters, convolutional": conv}

    # -- what can be looked at --

    def own_streams(self, shape):
        """Accuracies, the curve by pixels moved, pictures with both answers, counts."""
        return (
            Stream("accuracies", "trace", "", "Accuracy on the moved test part.", (2,), NAMES, events=True),
            Stream(
                "by move",
                "curve",
                "",
                "Accuracy on test pictures that are moved by so many pixels, mean of four directions.",
                channels=NAMES,
            ),
            Stream("seen", "image", "", "Test pictures as they were moved."),
            Stream("answers", "table", "", "What both networks read: dense, convolutional."),
            Stream(
                "alike",
                "curve",
                "",
                "Correlation of two pixels of the training pictures, mean over all pairs so far apart.",
                channels=("as they are", "pixels shuffled"),
                x_unit="pixels",
            ),
            Stream("counted", "table", "", "Numbers to be learned."),
            Stream("kernels", "image", "", "The eight kernels of the first convolution."),
        )

    def own_pictures(self, shape):
        """Accuracies large, then what moving costs."""
        return (
            Picture("accuracies", "Accuracy on moved digits", (Layer("accuracies"),), y="accuracy", y_range=(0.0, 1.0), front=True, weight=2.0, figures=("gap",)),
            Picture("by move", "What moving costs", (Layer("by move"),), x="moved by (pixels)", y="accuracy", y_range=(0.0, 1.0), front=True),
            Picture("seen", "Moved, and what each reads", (Layer("seen"), Layer("answers")), colours="grey", front=True,
                    doc="Under each picture: the dense network's answer, then that of the convolutional one."),
            Picture("alike", "How alike pixels are", (Layer("alike"),), x="distance up to (pixels)", y="correlation", figures=("neighbours alike", "far pixels alike"), front=True,
                    doc="The prior of a convolution: what lies close together belongs together."),
            Picture("counted", "Counted", (Layer("counted"),), figures=("parameters, dense", "parameters, convolutional")),
            Picture("kernels", "Kernels", (Layer("kernels"),), colours="diverging"),
        )  # fmt: skip

    @property
    def stage(self):
        """The race large, what moving costs beside it, the pictures below."""
        return Stage("accuracies", companions=("by move", "loss"), below=("seen", "alike"), drawers=(("Counted", ("counted", "kernels")),))

    def look(self, constants, state, tape, stream):
        """Curve, pictures, answers, counts, kernels."""
        m = constants.material
        if stream == "by move":
            return np.vstack([np.arange(FAR + 1.0), state["by_move"]])
        if stream == "seen":
            return m.test_x[:SHOWN].reshape(-1, *constants.outline.picture).astype(float)
        if stream == "answers":
            classes = constants.outline.classes
            said = constants.program.forward(tape, ["output", f"{OTHER}output"], **self.given(m.test_x[:SHOWN], m.test_t[:SHOWN]))
            return [{"reads": f"{classes[a]} {classes[b]}"} for a, b in zip(said[0].argmax(1), said[1].argmax(1), strict=True)]
        if stream == "alike":
            return _alike(m.x, constants.outline.picture)
        if stream == "counted":
            dense, conv = self.parameters_of(constants)
            naive = 512 * 512 * 3 * 1024 + 1024 * 1024
            return [{"network": name, "numbers": f"{printed(count)}"} for name, count in
                    (("dense, here", dense), ("convolutional, here", conv), ("dense on 512 x 512 x 3, 1024 and 1024 units, synapses", naive),
                     ("3 x 3 kernels on the same: 64 of them", 3 * 3 * 3 * 64 + 64))]  # fmt: skip
        if stream == "kernels":
            return constants.program.parameters(tape)[f"{OTHER}conv1.weight"][:, :, 0, :].transpose(2, 0, 1).astype(float)
        return super().look(constants, state, tape, stream)

    @classmethod
    def figures(cls):
        """Both on moved digits, the trap of unmoved training, and the counts."""

        def trained(run, what, **values):
            return float(np.median([run(cls(evaluate=40.0, **values), seed=seed, record={}).summary[what] for seed in (0, 1, 2)]))

        def counts(which):
            return lambda run: float(run(cls(), steps=0, record={}).summary[f"parameters, {which}"])

        source = "the lab's set-up: digits moved by up to 2 pixels, Adam 3e-3, 40 epochs"

        def alike(which, row=1):
            def measure(run):
                model = cls(moved=0)
                return float(_alike(model.build(0).material.x, (8, 8))[row, which])

            return measure

        def two_pixels(run):
            """Neighbours by NumPy's own coefficient, pair by pair."""
            x = cls(moved=0).build(0).material.x[:LOOKED]
            pictures = x.reshape(-1, 8, 8).astype(float)
            pairs = [(pictures[:, i, j], pictures[:, i, j + 1]) for i in range(8) for j in range(7)]
            pairs += [(pictures[:, i, j], pictures[:, i + 1, j]) for i in range(7) for j in range(8)]
            kept = [np.corrcoef(a, b)[0, 1] for a, b in pairs if a.std() > 0 and b.std() > 0]
            return abs(float(np.mean(kept)) - alike(0)(run))

        yield Figure(
            "correlation of neighbouring pixels of the digits", 0.3, alike(0), bound="at_least", source="near pixels belong together"
        )
        yield Figure("the same against NumPy, pair by pair", 1e-6, two_pixels, bound="at_most", source="numpy.corrcoef")
        yield Figure(
            "correlation of neighbouring places after shuffling", 0.1, alike(0, 2), bound="at_most", source="shuffling takes it away"
        )
        yield Figure("parameters of the dense network", 1885, counts("dense"), source="64 x 25 + 25 + 25 x 10 + 10")
        yield Figure("parameters of the convolutional network", 1898, counts("convolutional"), source="80 + 1168 + 650")
        yield Figure(
            "convolutional minus dense accuracy, moved digits",
            0.10,
            lambda run: trained(run, "gap"),
            bound="at_least",
            source=source,
            slow=True,
        )
        yield Figure("convolutional accuracy, largest over places", 0.86, lambda run: trained(run, "convolutional accuracy", reading="largest over places"),
                     bound="at_least", source=source, slow=True)  # fmt: skip
        yield Figure(
            "dense accuracy, trained unmoved",
            0.4,
            lambda run: trained(run, "test accuracy", training=False),
            bound="at_most",
            source="nothing was learned of other places",
            slow=True,
        )
        yield Figure("convolutional accuracy, trained unmoved", 0.5, lambda run: trained(run, "convolutional accuracy", training=False), bound="at_most",
                     source="its last layer knows places", slow=True)  # fmt: skip


def _scattered(x: np.ndarray, shape: tuple[int, int], most: int, random: np.random.Generator) -> np.ndarray:
    """Each picture moved by its own number of pixels, from -most to most both ways."""
    ways = random.integers(-most, most + 1, (len(x), 2)) if most else np.zeros((len(x), 2), int)
    out = np.empty_like(x)
    for way in np.unique(ways, axis=0):
        there = (ways == way).all(1)
        out[there] = sets.shifted(x[there], shape, int(way[0]), int(way[1]))
    return out


def _alike(x: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(3, distances): distance in pixels, mean correlation of two pixels so far apart, and the same after one shuffling of all pixels.

    Pixels that never change have no correlation and are left out. Distances are counted up: 1 are neighbours, 2 what lies up to two pixels apart.
    """
    return _alike_of(np.ascontiguousarray(x[:LOOKED], np.float32).tobytes(), len(x[:LOOKED]), shape)


@lru_cache(maxsize=4)
def _alike_of(pictures: bytes, count: int, shape: tuple[int, int]) -> np.ndarray:
    x = np.frombuffer(pictures, np.float32).reshape(count, -1).astype(float)
    place = np.stack(np.unravel_index(np.arange(x.shape[1]), shape), 1)
    live = np.flatnonzero(x.std(0) > 0)
    live = live[:: -(-len(live) // PLACES)] if len(live) else live
    if len(live) < 2:
        return np.empty((3, 0))
    alike = np.corrcoef(x[:, live].T)
    rows = []
    for where in (place, place[np.random.default_rng(0).permutation(len(place))]):
        apart = np.ceil(-1e-9 + np.hypot(*(where[live][:, None] - where[live][None, :]).transpose(2, 0, 1))).astype(int)
        upper = np.triu_indices(len(live), 1)
        pairs = np.bincount(apart[upper], minlength=int(max(shape)) + 1)
        rows.append(np.bincount(apart[upper], alike[upper], minlength=len(pairs)) / np.maximum(pairs, 1))
    far = max(shape)
    return np.array([np.arange(1.0, far), rows[0][1:far], rows[1][1:far]])
