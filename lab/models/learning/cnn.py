"""A convolutional network on pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from lab.errors import ModelError
from lab.model import COUNT, Figure, Layer, Picture, Preset, Stream, action, param
from lab.training import Supervised, features, readings, redeclared, window
from lab.training.convolution import convolutions
from lab.training.drawing import COLUMNS, NEW, Column
from lab.training.material import outline
from lab.training.perceptron import ACTIVATIONS, ATTACKED
from lab.training.stage import CURVES, led_by

MOST = 32  # tiles
WINDOW = tuple(stream.name for stream in window.STREAMS)


class ConvolutionalNetwork(Supervised):
    """Small kernels slide over the picture; what they find is pooled, and kernels of the next layer slide over that.

    The same few weights look at every place, so that a kernel finds a stroke wherever it is, and its map moves along with it.
    The last layer, which reads the maps, knows places all the same: of digits moved by one pixel the network reads six in
    ten, by two pixels two, unless it was trained on moved ones. Draw a digit: the bars say what the network reads, the
    feature maps show what each kernel finds in your drawing. Move it by a pixel or two, and compare with the multi-layer perceptron.

    Drag the *window* over the picture: what lies under it, times the kernel, added up, is one cell of the map. A click on a map in the
    drawing of the network looks through its kernel, a click on a cell of the map puts the window where the cell is made. The page
    "Convolution as neurons" does that with kernels, strides and borders of your own.
    """

    name = "cnn"
    title = "Convolutional network"
    group = "Training monitor"
    icon = "mdi6.grid"
    order = 20
    also = "CNN; convnet; convolution; convolutional neural network; ConvNet; kernels; filters; feature maps; pooling; LeNet; image recognition; receptive field; picture recognition; image classifier; image classification; max pooling; maxpool; convolutional network"
    passes_on = ATTACKED
    equations = (
        r"y_{ijf} = \sigma\left(b_f + \sum_{u,v,c} w_{uvcf}\, x_{i+u,\,j+v,\,c}\right)",
        r"p_{ij} = \max_{u,v \in \{0,1\}} y_{2i+u,\,2j+v}",
    )
    symbols = r"u: row in the window; v: column in the window; b_f: bias of kernel f; \sigma: activation function; p: output of pooling"
    source = "LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86:2278 (1998)"
    drawing: ClassVar[bool] = True
    metric: ClassVar[str] = "euclidean"  # how near is measured between the vectors of a layer
    presets = {
        "Digits": Preset({}, shows="test accuracy > 0.95"),
        "Average pooling": Preset({"pooling": "average"}, shows="test accuracy > 0.93"),
        "Three layers, batch norm": Preset({"filters": "16-32-32", "normalise": "batch"}, shows="test accuracy > 0.96", slow=True),
        "Trained on moved digits": Preset({"shift": 1, "epochs": 60}, shows="test accuracy > 0.95", slow=True),
        "Kernels of five": Preset({"size": 5}, shows="test accuracy > 0.95"),
    }

    filters: str = param(
        "8-16", live=False, kind="layers", main=True, group="Network", doc="Kernels of each convolution, first to last: 8-16."
    )
    size: int = param(3, "pixels", lo=1, hi=9, live=False, group="Network", doc="Side of a kernel (odd).")
    pooling: str = param(
        "max",
        choices=("max", "average", "none"),
        live=False,
        main=True,
        group="Network",
        doc="How 2 x 2 places become one after each convolution.",
    )
    activation: str = param("ReLU", choices=tuple(ACTIVATIONS), live=False, group="Network", doc="Activation after each convolution.")
    normalise: str = param("none", choices=("none", "batch"), live=False, group="Network", doc="Normalisation before each activation.")
    epochs: int = redeclared(Supervised, "epochs", 30)
    layer: int = param(
        0,
        lo=0,
        hi=9,
        group="Network",
        label="Layer of the map",
        doc="Convolution (or output) whose values are mapped; 0: the last convolution.",
    )

    first_weights_are_pictures = False

    @property
    def counts(self) -> tuple[int, ...]:
        """Kernels of each convolution."""
        return tuple(int(w) for w in self.filters.replace(",", "-").split("-") if w.strip())

    def check(self) -> None:
        """Refuse what is no list of counts, and even kernels."""
        parts = [w.strip() for w in self.filters.replace(",", "-").split("-")]
        if not all(w.isdigit() and 1 <= int(w) <= 512 for w in parts) or len(parts) > 8:
            raise self.refuse("filters", "must be one to eight numbers of kernels from 1 to 512 joined by '-', such as 8-16")
        if self.size % 2 == 0:
            raise self.refuse("size", "must be odd, so that a kernel has a middle")

    def stage_names(self) -> tuple[str, ...]:
        """conv1, conv2, ..., output."""
        return (*(f"conv{k + 1}" for k in range(len(self.counts))), "output")

    def network(self, tape, x, outputs):
        """Convolutions with activation and pooling, then one affine layer."""
        shape = outline(self).picture
        if shape is None:
            raise ModelError(f"{self.name}.data: '{self.data}' holds no pictures; choose digits, an IDX file or a folder of pictures.")
        return convolutions(
            tape, x, shape, outputs, self.counts, self.size, self.activation, self.pooling, self.normalise == "batch", self.dropout
        )

    def drawn_layers(self, shape):
        """The picture, the maps of each convolution, and the classes; with a plus and minus for kernels and layers."""
        counts = self.counts
        if shape.picture is None or len(counts) + 2 > COLUMNS:
            return ()

        def said(*changed):
            return {"filters": "-".join(map(str, changed))}

        found = [Column("inputs", shape.inputs, form="picture", after=said(NEW, *counts))]
        for k, count in enumerate(counts):
            here, there = counts[:k], counts[k + 1 :]
            found.append(
                Column(
                    f"conv {k + 1}",
                    count,
                    f"conv{k + 1}.out",
                    f"conv{k + 1}.weight",
                    (k,),
                    "maps",
                    fewer=said(*here, count - 1, *there) if count > 1 else {},
                    more=said(*here, count + 1, *there),
                    without=said(*here, *there) if len(counts) > 1 else {},
                    after=said(*here, count, NEW, *there) if len(counts) < 8 else {},
                )
            )
        return (*found, Column("outputs", shape.outputs, "output", "output.weight", (len(counts),)))

    def own_streams(self, shape):
        """Kernels and feature maps."""
        found = [Stream("kernels", "image", "", "Kernels of the first convolution."), *window.STREAMS]
        if len(self.counts) > 1:
            found.append(Stream("later kernels", "image", "", "Kernels of the second convolution, each by its first input channel."))
        found.append(
            Stream("before 1", "image", "", "What the first convolution makes of the picture on the canvas, before the activation.")
        )
        if self._pools(shape):
            found.append(Stream("pooled 1", "image", "", "The same maps after pooling."))
        found += [features.map_stream(), *features.streams(shape)]
        return (
            *found,
            *(
                Stream(f"maps {k + 1}", "image", "", f"What convolution {k + 1} finds in the picture on the canvas.")
                for k in range(len(self.counts))
            ),
        )

    def own_pictures(self, shape):
        """Kernels beside the maps they make."""
        found = [
            *window.pictures(),
            Picture(
                "kernels",
                "Kernels",
                (Layer("kernels"),),
                colours="diverging",
                pick="choose_kernel",
                doc="Click a kernel to look through it.",
            ),
        ]
        found.append(
            Picture(
                "before 1",
                "Convolved, before the bend",
                (Layer("before 1"),),
                colours="diverging",
                pick="choose_kernel",
                doc="Window times kernel plus bias, at every place; the activation comes next.",
            )
        )
        if self._pools(shape):
            found.append(
                Picture(
                    "pooled 1",
                    f"Pooled: {'the largest' if self.pooling == 'max' else 'the mean'} of each 2 × 2",
                    (Layer("pooled 1"),),
                    pick="choose_kernel",
                )
            )
        found += [
            Picture(f"maps {k + 1}", f"Feature maps {k + 1}", (Layer(f"maps {k + 1}"),), pick="choose_kernel" if k == 0 else "")
            for k in range(len(self.counts))
        ]
        if len(self.counts) > 1:
            found.append(Picture("later kernels", "Kernels of the second layer", (Layer("later kernels"),), colours="diverging"))
        return (*found, features.map_picture())

    def _pools(self, shape) -> bool:
        """Whether the maps of the first convolution are pooled."""
        return self.pooling != "none" and shape.picture is not None and min(shape.picture) >= 2

    @property
    def pictures(self):
        """In the drawing, a click on a map of the first convolution looks through its kernel."""
        return tuple(replace(p, pick="choose_unit", weight=1.3) if p.name == "network" else p for p in super().pictures)

    @property
    def stage(self):
        """The way of a picture from left to right: a window on it, times a kernel, makes one cell of a map; below, the whole network."""
        names = {p.name for p in self.pictures}
        if self.slow or not {"canvas", "network", "prediction"} <= names:
            return super().stage
        kernels = (
            ("One layer: convolve, bend, pool", ("before 1", "maps 1", "pooled 1")),
            ("Kernels", ("kernels", "later kernels", "maps 2")),
        )
        return led_by(self, (("looked at", "canvas"), "network"), ("sum", "map now"), ("prediction", CURVES), drawers=kernels)

    def state_bounds(self, constants, state, step):
        """Where the window stands and which kernel it is seen through: taken modulo what there is."""
        return super().state_bounds(constants, state, step) | {"place": COUNT, "kernel": COUNT}

    def start(self, constants, seed):
        """The window in the middle of the picture, seen through the first kernel."""
        rows, columns = constants.outline.picture or (1, 1)
        return super().start(constants, seed) | {
            "place": np.array([rows // 2 * columns + columns // 2], np.int64),
            "kernel": np.zeros(1, np.int64),
        }

    def _window(self, constants, state, tape, stream):
        """The window on the picture at hand, through the chosen kernel."""
        rows, columns = constants.outline.picture
        arrays, k = constants.program.parameters(tape), int(state["kernel"][0]) % self.counts[0]
        seen = np.asarray(readings.seen(self, constants, state), float).reshape(rows, columns)
        found = constants.program.forward(tape, "conv1.out", x=seen.reshape(1, -1).astype(np.float32))[0][:, :, k].astype(float)
        follows = (", normalised" if self.normalise == "batch" else "") + (
            f", and {self.activation} makes a cell of it" if self.activation != "identity" else ""
        )
        bias = float(arrays["conv1.bias"][k])
        return window.shown(
            stream,
            seen,
            arrays["conv1.weight"][:, :, 0, k].astype(float),
            bias,
            found,
            divmod(int(state["place"][0]) % (rows * columns), columns),
            follows,
        )

    def summary(self, constants, state):
        """Which kernel the window is seen through, too."""
        return super().summary(constants, state) | {"kernel": f"kernel {int(state['kernel'][0]) % self.counts[0] + 1} of {self.counts[0]}"}

    @action("Move the window", hidden=True, x=(float, param(0.0, lo=-1e6, hi=1e6, doc="Column of the picture.")), y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Row of the picture.")))  # fmt: skip
    def move_window(self, constants, state, x, y):
        """Put the middle of the window where the mouse is."""
        rows, columns = constants.outline.picture
        row, column = (int(np.clip(round(v), 0, most - 1)) for v, most in ((y, rows), (x, columns)))
        state["place"][0] = row * columns + column

    @action(
        "Stand at a cell of the map",
        hidden=True,
        index=(int, param(0, lo=0, hi=10_000_000, doc="Cell, counted along the rows of the map.")),
    )
    def stand(self, constants, state, index):
        """Put the window where a cell of the map is made."""
        rows, columns = constants.outline.picture
        state["place"][0] = min(index, rows * columns - 1)

    @action("Look through a kernel", index=(int, param(0, lo=0, hi=511, doc="Number of the kernel of the first convolution, from 0.")))
    def choose_kernel(self, constants, state, index):
        """Look through another kernel of the first convolution."""
        if index >= self.counts[0]:
            raise ModelError(f"{self.name}.choose_kernel.index: must be below the number of kernels, {self.counts[0]} (got {index}).")
        state["kernel"][0] = index

    @action(
        "Look at a unit", hidden=True, index=(int, param(0, lo=0, hi=10_000_000, doc="Number of the unit in the drawing, inputs first."))
    )
    def choose_unit(self, constants, state, index):
        """A map of the first convolution is looked at through its kernel; other units are left as they are."""
        k = index - constants.outline.inputs
        if 0 <= k < self.counts[0]:
            state["kernel"][0] = k

    def look(self, constants, state, tape, stream):
        """Kernels as tiles; maps of the picture on the canvas."""
        if stream in ("kernels", "later kernels"):
            weight = constants.program.parameters(tape)["conv1.weight" if stream == "kernels" else "conv2.weight"]
            return weight[:, :, 0, :MOST].transpose(2, 0, 1).astype(float)
        if stream in WINDOW:
            return self._window(constants, state, tape, stream)
        if stream in ("before 1", "pooled 1"):
            node = "conv1.pool" if stream == "pooled 1" else "conv1.norm" if self.normalise == "batch" else "conv1"
            found = constants.program.forward(tape, node, x=readings.seen(self, constants, state))[0]
            return found[:, :, :MOST].transpose(2, 0, 1).astype(float) + 0.0
        if stream.startswith("maps "):
            node = f"conv{stream.removeprefix('maps ')}.out"
            found = constants.program.forward(tape, node, x=readings.seen(self, constants, state))[0]
            return found[:, :, :MOST].transpose(2, 0, 1).astype(float) + 0.0
        node = constants.stages[min(self.layer or len(self.counts), len(constants.stages)) - 1].value
        found = features.observe(self, constants, stream, lambda x: constants.program.forward(tape, node, x=x))
        return super().look(constants, state, tape, stream) if found is None else found

    @property
    def rectifies(self) -> bool:
        """ReLU kernels can die."""
        return self.activation == "ReLU"

    @classmethod
    def figures(cls):
        """Accuracy on test digits, and what moving them costs."""

        def accuracy(run):
            return float(np.median([run(cls(evaluate=30.0), seed=seed, record={}).summary["test accuracy"] for seed in (0, 1, 2)]))

        def kernel(run):
            # One kernel that passes its middle on gives back the picture.
            s = run(cls(filters="1", activation="identity", pooling="none"), steps=0, record={}).simulation
            weight = s.constants.program.parameters(s.state)["conv1.weight"]
            weight[...] = 0
            weight[1, 1, 0, 0] = 1
            return float(np.abs(s.observe("maps 1")[0] - readings.seen(s.model, s.constants, s.state).reshape(8, 8)).max())

        yield Figure(
            "digits, 3x3x8, pool, 3x3x16, pool, 10", 0.965, accuracy, bound="at_least", source="the lab's learning table", slow=True
        )

        def cell(run):
            """The listed products and the bias against the program, at every place and through every kernel."""
            s = run(cls(activation="identity"), steps=45, record={}).simulation
            worst = 0.0
            for k in range(8):
                s.act("choose_kernel", index=k)
                for index in range(64):
                    s.act("stand", index=index)
                    entries = {entry["name"]: entry["values"] for entry in s.observe("sum")}
                    bias = float(s.constants.program.parameters(s.state)["conv1.bias"][k])
                    worst = max(worst, abs(float(entries["products"].sum()) + bias - float(entries["cell"][0, 0])))
            return worst

        def layered(run):
            """Maps of a trained layer against the bend and the pooling of what was convolved, worked out in NumPy."""
            worst = 0.0
            for pooling, join in (("max", np.max), ("average", np.mean)):
                s = run(cls(pooling=pooling), steps=45, record={}).simulation
                before, after, pooled = (s.observe(name) for name in ("before 1", "maps 1", "pooled 1"))
                squares = after.reshape(len(after), 4, 2, 4, 2).transpose(0, 1, 3, 2, 4).reshape(len(after), 4, 4, 4)
                worst = max(
                    worst, float(np.abs(np.maximum(before, 0.0) - after).max()), float(np.abs(join(squares, axis=3) - pooled).max())
                )
            return worst

        yield Figure(
            "maps after the bend and after pooling against NumPy, worst",
            1e-6,
            layered,
            bound="at_most",
            source="ReLU, then the largest or the mean of 2 x 2",
        )
        yield Figure(
            "products of the window and bias against the program, every place and kernel",
            1e-5,
            cell,
            bound="at_most",
            source="definition of convolution",
        )
        yield Figure(
            "a kernel of one in its middle gives the picture back", 1e-6, kernel, bound="at_most", source="definition of convolution"
        )
