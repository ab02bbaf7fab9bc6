"""Convolution as neurons: one small set of synapses, asked at every place of a picture."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import pictures, sets, sounds
from lab.data.windows import matrix, places, pooled, read_by
from lab.errors import ModelError
from lab.kernels.convolution import correlate
from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, param

SOURCES = ("digit", "disc", "bars", "ramp", "checks", "noise", "file")
KERNELS = ("one", "blur", "edge, upright", "edge, level", "Laplace", "sharpen", "Gabor", "learnt", "own")
CONVENTIONS = ("cross-correlation: not flipped", "convolution: flipped")
POOLS = ("none", "max", "average")
OWN = [[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]
MOST = 800_000  # entries of the matrix that is drawn; of a larger one only the rows of the window's own row
HUES = np.array([[1.0, 0.55, 0.1], [0.4, 1.0, 0.5], [0.1, 0.5, 1.0]])  # how bright a channel is on the left, in the middle, on the right


def spectrogram(path: Path, side: int) -> np.ndarray:
    """A sound as a picture (side, side) of 0..1: 60 dB of loudness, time to the right, high notes above."""
    sound = sounds.read(path)
    x = sound.samples.mean(1)
    frame = 2 * side
    if len(x) < frame:
        raise ModelError(
            f"convolution-as-neurons.file: {path.name} holds {len(x)} samples, and a picture of {side} columns needs {frame} or more."
        )
    starts = np.linspace(0, len(x) - frame, side).astype(int)
    power = np.abs(np.fft.rfft(np.stack([x[s : s + frame] for s in starts]) * np.hanning(frame), axis=1)[:, 1 : side + 1]) ** 2
    loud = 10 * np.log10(np.maximum(power, 1e-12 * max(power.max(), 1e-30)))
    return np.clip((loud - loud.max()) / 60 + 1, 0, 1).T[::-1]


@cache
def learnt() -> np.ndarray:
    """(3, 3, 8) kernels that a small convolutional network learned on the digits (300 minibatches); learned once."""
    from lab.tape import Tape, adam

    t = Tape()
    h = t.relu(t.conv2d(t.reshape(t.input("x", (64,)), (8, 8, 1)), 8, size=3, name="conv"))
    y = t.affine(t.flatten(t.max_pool(h, 2)), 10, name="output")
    t.minimise(t.cross_entropy(y, t.labels("t", 10), name="loss"), adam(3e-3), name="optimiser")
    program, data = t.compile(batch=32), sets.load("digits")
    state = program.start(0, rows=len(data.x))
    program.train(state, program.data(x=data.x.astype(np.float32), t=data.t), 300, batch=32).check()
    return program.parameters(state)["conv.weight"][:, :, 0].astype(float)


def convolve(
    picture: np.ndarray, weights: np.ndarray, bias: float = 0.0, stride: int = 1, padding: int = 0, dilation: int = 1
) -> np.ndarray:
    """The map (O, R) of one kernel: S(i, j) = b + sum_mnc X(s i + d m - p, s j + d n - p, c) K(m, n, c).

    picture  (rows, columns, channels); zero outside
    weights  (k, k, channels), as they are laid over the window: not flipped
    """
    X = np.zeros((picture.shape[2], picture.shape[0] + 2 * padding, picture.shape[1] + 2 * padding))
    X[:, padding : padding + picture.shape[0], padding : padding + picture.shape[1]] = picture.transpose(2, 0, 1)
    k = weights.shape[0]
    out = np.empty(tuple(places(n, k, stride, padding, dilation) for n in picture.shape[:2]))
    correlate(X, np.ascontiguousarray(weights.transpose(2, 0, 1), float), float(bias), stride, dilation, out)
    return out


@lru_cache(2)
def _matrix(shape: tuple[int, int, int], weights: bytes, stride: int, padding: int, dilation: int, first: int, last: int) -> np.ndarray:
    """The matrix as long as nothing of it changes: one array, so that what draws it knows that it did not."""
    k = math.isqrt(len(weights) // (8 * shape[2]))
    found = matrix(shape, np.frombuffer(weights).reshape(k, k, shape[2]), stride, padding, dilation, slice(first, last))
    found.flags.writeable = False
    return found


class ConvolutionAsNeurons(Model):
    """A neuron with few synapses looks through a window at one place of a picture; the same synapses are asked at every place.

    Number by number: what lies under the window, times the kernel, added up, is one point of the map. Press play and the window walks;
    drag it over the picture, and the numbers follow. Then change what it is made of:

    - paint the kernel, a click at a time (0, 1, -1), or choose one: an edge, a blur, a stripe detector, one that a network learned;
    - raise the *stride*: the map shrinks; where a stride does not fit, the last pixels are never read, and are crossed out;
    - raise the *padding* until the map is as large as the picture: (F - 1)/2, which is 1 only for a kernel of three;
    - open the *matrix*: the whole map is one linear step, a matrix of mostly zeros in which the same few numbers come back in each row;
    - the kernel of one pixel: the same linear neuron at each place, and nothing of its neighbours.

    What networks call a convolution does not flip the kernel; the convolution of mathematics does. Both are here, by name.
    """

    name = "convolution-as-neurons"
    title = "Convolution as neurons"
    group = "Gates and layers"
    icon = "mdi6.window-open-variant"
    order = 60
    also = "sliding window; stride; padding; filter; kernel; feature map; edge detector; Sobel; Gabor; cross-correlation; dilated convolution; receptive field; Toeplitz matrix; weight sharing"
    equations = (
        r"S(i, j) = b + \sum_{m,n,c} X(s\,i + d\,m - p,\; s\,j + d\,n - p,\; c)\, K(m, n, c)",
        r"O = \left\lfloor \frac{N + 2p - d(F - 1) - 1}{s} \right\rfloor + 1",
        r"(f * g)_{ij} = \sum_{m,n} f_{mn}\, g_{i-m,\,j-n} \quad \mathrm{(flipped)}",
        r"\mathrm{vec}(S) = M\, \mathrm{vec}(X) + b",
    )
    symbols = r"S: output; X: input; K: kernel; c: channel; m: row in the kernel; n: column in the kernel; O: side of the output; N: side of the input; F: side of the kernel; f: kernel of the definition; g: picture of the definition; M: the layer as one matrix"
    source = (
        "Fukushima, Biol. Cybern. 36:193 (1980); LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86:2278 (1998); "
        "Hubel and Wiesel, J. Physiol. 160:106 (1962); Dumoulin and Visin, A guide to convolution arithmetic, arXiv 1603.07285 (2016)"
    )
    presets = {
        "An edge": Preset({}, shows="places along a side = 26 and synapses of the neuron = 9 and weights that differ < 9"),
        "Padding keeps the size": Preset({"padding": 1, "kernel": "blur"}, shows="places along a side = 28"),
        "Padding 1 is not enough for five": Preset({"padding": 1, "size": 5, "kernel": "blur"}, shows="places along a side = 26"),
        "A stride that does not fit": Preset({"stride": 3, "side": 27, "size": 5, "kernel": "blur"}, shows="places along a side = 8 and pixels never read > 0"),
        "One pixel: a linear neuron at each place": Preset({"size": 1, "channels": 3, "kernel": "own", "own": [[1.0]]}, shows="synapses of the neuron = 3"),
        "32 x 32 x 3 with 5 x 5 x 3": Preset({"side": 32, "channels": 3, "size": 5, "scene": "disc", "kernel": "Laplace"},
                                             shows="places along a side = 28 and synapses of the neuron = 75"),
        "Stripes: a Gabor kernel": Preset({"scene": "bars", "kernel": "Gabor", "size": 7}, shows="largest of the map > 1"),
        "Learnt on digits": Preset({"kernel": "learnt", "side": 8, "rectify": True, "pool": "max"}, shows="synapses of the neuron = 9"),
        "Flipped": Preset({"scene": "ramp", "convention": CONVENTIONS[1]}, shows="smallest of the map > 0"),
    }  # fmt: skip

    scene: str = param(
        "digit",
        choices=SOURCES,
        live=False,
        main=True,
        group="Picture",
        label="Picture",
        doc="What is looked at; a file is a picture or a sound (its spectrogram).",
    )
    file: str = param(
        "", kind="file", live=False, group="Picture", when=("scene", "file"), doc="A picture (PNG, JPEG, ...) or a sound (WAV, FLAC, ...)."
    )
    side: int = param(28, "pixels", lo=1, hi=64, live=False, group="Picture", doc="Rows and columns of the picture.", soft=(5, 40))
    channels: int = param(1, lo=1, hi=3, live=False, group="Picture", doc="Numbers of each pixel: 1 grey, 3 colours.")
    kernel: str = param("edge, upright", choices=KERNELS, main=True, group="Kernel", doc="The synapses of the neuron.")
    own: list[list[float]] = param(
        OWN,
        kind="matrix",
        group="Kernel",
        when=("kernel", "own"),
        doc="A kernel of your own, the same for each channel; also painted in its picture.",
    )
    which: int = param(
        0,
        lo=0,
        hi=7,
        group="Kernel",
        when=("kernel", "learnt"),
        label="Which of them",
        doc="One of eight kernels that a small network learned on the digits.",
    )
    size: int = param(
        3,
        "pixels",
        lo=1,
        hi=9,
        main=True,
        group="Kernel",
        doc="Side F of the kernel; a kernel of your own has its own, and one that was learnt has three.",
    )
    stride: int = param(1, "pixels", lo=1, hi=8, main=True, group="Window", symbol="s", doc="How far the window moves.")
    padding: int = param(
        0, "pixels", lo=0, hi=8, main=True, group="Window", symbol="p", doc="Rows and columns of zeros around the picture."
    )
    dilation: int = param(1, "pixels", lo=1, hi=4, group="Window", symbol="d", doc="How far apart the pixels under the window lie.")
    convention: str = param(
        CONVENTIONS[0],
        choices=CONVENTIONS,
        group="Kernel",
        doc="Whether the kernel is turned by half a circle before it is laid over the window.",
    )
    bias: float = param(0.0, lo=-10.0, hi=10.0, group="Kernel", symbol="b", doc="Added at each place.", soft=(-2.0, 2.0))
    rectify: bool = param(False, group="After", label="ReLU", doc="Set what is below zero to zero.")
    pool: str = param("none", choices=POOLS, group="After", label="Pooling", doc="Make one place of 2 x 2.")

    def check(self) -> None:
        """Refuse kernels that are not square, and windows larger than the picture with its border."""
        k = len(self.own)
        if not 1 <= k <= 9 or any(len(row) != k for row in self.own) or not np.isfinite(self.own).all():
            raise self.refuse("own", "must be 1 to 9 rows of as many finite numbers")
        if not places(self.side, self.span, 1, self.padding, self.dilation):
            raise self.refuse(
                "size",
                f"makes a window of {self.dilation * (self.span - 1) + 1} pixels, larger than the picture of {self.side} with padding {self.padding}",
            )
        if self.scene == "file" and not self.file:
            raise self.refuse("file", "names no file: choose a picture or a sound")

    # -- what it is made of --

    @property
    def span(self) -> int:
        """Side of the kernel in use."""
        return len(self.own) if self.kernel == "own" else 3 if self.kernel == "learnt" else self.size

    @property
    def across(self) -> int:
        """Places along a side of the map."""
        return places(self.side, self.span, self.stride, self.padding, self.dilation)

    def chosen(self) -> np.ndarray:
        """(k, k) kernel as it is written down."""
        k, middle = self.span, (self.span - 1) / 2
        if self.kernel == "own":
            return np.array(self.own, float)
        if self.kernel == "learnt":
            return learnt()[:, :, self.which]
        y, x = np.mgrid[:k, :k] - middle
        smooth = np.exp(-(x**2 + y**2) / (2 * max(0.5, k / 4) ** 2))
        one = ((np.round(x) == 0) & (np.round(y) == 0)).astype(float) if k % 2 else (np.arange(k * k).reshape(k, k) == 0).astype(float)
        around = one * k * k - 1.0
        match self.kernel:
            case "one":
                return one
            case "blur":
                return np.full((k, k), 1.0 / (k * k))
            case "edge, upright":
                return np.sign(x) * (1.0 + (np.abs(y) < 0.6) * (k > 1))
            case "edge, level":
                return np.sign(y) * (1.0 + (np.abs(x) < 0.6) * (k > 1))
            case "Laplace":
                return around
            case "sharpen":
                return one + around / (k * k)
            case _:
                wave = smooth * np.cos(2 * math.pi * x / max(2.0, k / 1.75))
                return wave - wave.mean()

    def weights(self) -> np.ndarray:
        """(k, k, channels) kernel as it is laid over the window."""
        k = self.chosen()
        k = k[::-1, ::-1] if self.convention == CONVENTIONS[1] else k
        return np.repeat(k[:, :, None], self.channels, 2)

    def after(self, values: np.ndarray) -> np.ndarray:
        """What follows the sum: ReLU."""
        return np.maximum(values, 0.0) if self.rectify else values

    def mapped(self, state) -> np.ndarray:
        """The whole map (O, O), after ReLU and before pooling."""
        return self.after(convolve(state["picture"], self.weights(), self.bias, self.stride, self.padding, self.dilation))

    def place(self, state) -> tuple[int, int]:
        """Row and column of the map at which the window stands."""
        at = int(state["place"][0]) % max(1, self.across**2)
        return at // self.across, at % self.across

    # -- declarations --

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "place", physical=True)

    @property
    def speed(self) -> float:
        return 20.0

    @property
    def default_steps(self) -> int:
        return max(1, self.across**2)

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("number", "trace", "", "What the neuron says at the place where the window stands.", every=1),
            Stream("picture", "image", "", "The picture, with its border of zeros."),
            Stream("window", "curve", "", "The pixels that the neuron reads now."),
            Stream("never read", "curve", "", "Pixels that no window reaches."),
            Stream("kernel", "image", "", "The synapses, as they are laid over the window."),
            Stream("work", "matrices", "", "Window times kernel, added up."),
            Stream("map", "image", "", "What the neuron says at every place."),
            Stream("here", "curve", "", "The place of the map that the window makes."),
            Stream("pooled", "image", "", "The map after pooling."),
            Stream("matrix", "image", "", "The same step as one matrix: a row for each place, a column for each number of the picture."),
            Stream("row", "curve", "", "The row of the matrix that the window stands for."),
            Stream("readings", "image", "", "How often each pixel is read."),
            Stream("counted", "table", "", "Places, neurons, synapses."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        grey: dict[str, Any] = {"colours": "grey", "levels": (0.0, 1.0)}
        return (
            Picture("picture", "Picture and window", (Layer("picture"), Layer("window", series=(1,)), Layer("never read", theory=True)), drag="move", click="move", weight=2.0, front=True,
                    figures=("pixels never read",), doc="Drag the window.", **grey),
            Picture("kernel", "Kernel", (Layer("kernel"),), colours="diverging", paint="paint_kernel", front=True, doc="Click a synapse: 0, 1, -1."),
            Picture("work", "Window times kernel", (Layer("work"),), weight=1.5, front=True),
            Picture("map", "Map", (Layer("map"), Layer("here", series=(1,))), colours="diverging", pick="stand", weight=2.0, front=True, figures=("places along a side",)),
            Picture("matrix", "The same as a matrix", (Layer("matrix"), Layer("row", series=(1,))), colours="diverging", x="number of the picture", y="place",
                    figures=("entries that are not zero",), front=True),
            Picture("pooled", "After pooling", (Layer("pooled"),), colours="diverging"),
            Picture("readings", "How often a pixel is read", (Layer("readings"),), figures=("pixels never read",)),
            Picture("painted", "Paint the picture", (Layer("picture"),), paint="paint_picture", **grey),
            Picture("number", "Along the way", (Layer("number"),), y="S", window=200.0),
            Picture("counted", "Counted", (Layer("counted"),)),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """Window, kernel and map in one row; the arithmetic and the matrix below."""
        return Stage(
            "picture",
            companions=("map", "kernel"),
            below=("work", "matrix"),
            drawers=(("After", ("pooled", "number")), ("Counted", ("counted", "readings")), ("Paint", ("painted",))),
        )

    # -- the run --

    def build(self, seed):
        """The picture (side, side, channels) of 0..1."""
        n = self.side
        y, x = np.mgrid[:n, :n] / max(1, n - 1)
        random = np.random.default_rng([abs(int(seed)), 0x77])
        match self.scene:
            case "digit":
                digits = sets.load("digits")
                at = (np.arange(n) * 8) // n if n >= 8 else np.arange(n)
                plain = digits.x[int(seed) % len(digits.x)].reshape(8, 8)[at][:, at].astype(float)
            case "disc":
                plain = (np.hypot(x - 0.5, y - 0.5) < 0.3).astype(float)
            case "bars":
                plain = ((np.arange(n) // 2 % 2)[None, :] * (y < 0.5) + (np.arange(n) // 2 % 2)[:, None] * (y >= 0.5)).astype(float)
            case "ramp":
                plain = 1.0 - x
            case "checks":
                plain = ((np.arange(n)[:, None] // 3 + np.arange(n) // 3) % 2).astype(float)
            case "noise":
                plain = random.random((n, n))
            case _:
                path = Path(self.file).expanduser()
                plain = spectrogram(path, n) if path.is_file() and sounds.is_sound(_start(path)) else pictures.small(path, n).astype(float)
        if self.channels == 1:
            return plain[:, :, None]
        hue = np.stack([np.interp(x, (0.0, 0.5, 1.0), HUES[c]) for c in range(self.channels)], -1)
        return plain[:, :, None] * hue

    def start(self, constants, seed):
        return {"place": np.zeros(1, np.int64), "picture": constants.copy()}

    def state_bounds(self, constants, state, step):
        """The place is taken modulo the places that there are."""
        return {"place": COUNT}

    def advance(self, constants, state, n, out):
        """The window walks, row by row, and begins again at the end."""
        total = max(1, self.across**2)
        if out.wanted("number"):
            out["number"][:n] = self.mapped(state).ravel()[(int(state["place"][0]) % total + 1 + np.arange(n)) % total]
        state["place"][0] = (int(state["place"][0]) % total + n) % total
        return n

    def changed_live(self, before, constants, state):
        """The window stays where it is as far as the new map reaches."""
        row, column = before.place(state)
        state["place"][0] = min(row, self.across - 1) * self.across + min(column, self.across - 1)

    def observe(self, constants, state, stream):
        p, k, s, d, n = self.padding, self.span, self.stride, self.dilation, self.side
        i, j = self.place(state)
        match stream:
            case "picture":
                X = np.pad(state["picture"], ((p, p), (p, p), (0, 0)))
                return (
                    X[:, :, 0] if self.channels == 1 else X if self.channels == 3 else np.concatenate([X, np.zeros((*X.shape[:2], 1))], 2)
                )
            case "window":
                return (
                    _boxes([(i * s, j * s, d * (k - 1) + 1)])
                    if d == 1
                    else _boxes([(i * s + d * m, j * s + d * q, 1) for m in range(k) for q in range(k)])
                )
            case "never read":
                crosses = [(r + p, c + p) for r, c in zip(*np.nonzero(self.readings() == 0), strict=True)]
                return _crosses(crosses)
            case "kernel":
                return self.weights()[:, :, 0]
            case "work":
                return self._work(state)
            case "map":
                return self.mapped(state)
            case "here":
                return _boxes([(i, j, 1)])
            case "pooled":
                return pooled(self.mapped(state), self.pool)
            case "matrix":
                rows, weights = self._rows(i), np.ascontiguousarray(self.weights(), float)
                return _matrix(state["picture"].shape, weights.tobytes(), s, p, d, rows.start, rows.stop)
            case "row":
                at = i * self.across + j - (self._rows(i).start or 0)
                return np.array(
                    [
                        [-0.5, n * n * self.channels - 0.5, n * n * self.channels - 0.5, -0.5, -0.5],
                        [at - 0.5, at - 0.5, at + 0.5, at + 0.5, at - 0.5],
                    ]
                )
            case "readings":
                return self.readings().astype(float)
            case "counted":
                return [{"what": name, "number": value} for name, value in self._counts().items()]
        return super().observe(constants, state, stream)

    def _rows(self, i: int) -> slice:
        """Places whose rows of the matrix are drawn: all, or those of the window's row where all would be too many."""
        if self.across**2 * self.side**2 * self.channels <= MOST:
            return slice(0, self.across**2)
        return slice(i * self.across, (i + 1) * self.across)

    def readings(self) -> np.ndarray:
        """(side, side) how many windows read each pixel."""
        at = read_by(self.side, self.span, self.stride, self.padding, self.dilation)
        once = np.bincount(at[at >= 0], minlength=self.side)
        return once[:, None] * once[None, :]

    def _work(self, state) -> list[dict[str, Any]]:
        (i, j), weights = self.place(state), self.weights()
        X = np.pad(state["picture"], ((self.padding,) * 2, (self.padding,) * 2, (0, 0)))
        reach = np.arange(self.span) * self.dilation
        window = X[(i * self.stride + reach)[:, None], j * self.stride + reach]
        products = window * weights
        total = float(products.sum()) + self.bias
        said = float(self.after(np.array(total)))
        then = f", and ReLU makes it {said:.4g}" if self.rectify else ""
        entries: list[dict[str, Any]] = [
            {
                "name": "",
                "values": None,
                "note": f"Row {i}, column {j}: the {products.size} products add up to {float(products.sum()):.4g}; with the bias {self.bias:g} that is {total:.4g}{then}.",
            }
        ]
        for c in range(self.channels):
            of = f" of channel {c + 1}" if self.channels > 1 else ""
            entries += [
                {"name": f"window{of}", "at": (c, 0), "values": window[:, :, c], "note": "what lies under the window"},
                {"name": f"kernel{of}", "at": (c, 1), "values": weights[:, :, c], "note": "the synapses"},
                {
                    "name": f"products{of}",
                    "at": (c, 2),
                    "values": products[:, :, c],
                    "lit": True,
                    "note": "each number under the window times its synapse",
                },
            ]
        return [*entries, {"name": "sum", "at": (0, 3), "values": np.array([[said]]), "lit": True, "note": "one point of the map"}]

    def _counts(self) -> dict[str, Any]:
        n, o, k, c = self.side, self.across, self.span, self.channels
        return {
            "places along a side": o,
            "synapses of the neuron": k * k * c,
            "weights that differ": len(np.unique(self.chosen().round(12))) if c == 1 else len(np.unique(self.chosen().round(12))) * c,
            "pixels never read": int((self.readings() == 0).sum()),
            "neurons if each place had its own": o * o,
            "entries of the matrix": o * o * n * n * c,
            "entries that are not zero": self._filled(),
        }

    def _filled(self) -> int:
        """Entries of the matrix at which a synapse lies on a pixel (its weight may be zero)."""
        return int((read_by(self.side, self.span, self.stride, self.padding, self.dilation) >= 0).sum()) ** 2 * self.channels

    def summary(self, constants, state):
        """Sizes and counts, and the largest and smallest of the map."""
        values = self.mapped(state)
        i, j = self.place(state)
        return self._counts() | {
            "number here": float(values[i, j]),
            "largest of the map": float(values.max()),
            "smallest of the map": float(values.min()),
        }

    # -- what a person may do --

    @action("Move the window", hidden=True, x=(float, param(0.0, lo=-1e6, hi=1e6, doc="Column of the picture.")), y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Row of the picture.")))  # fmt: skip
    def move(self, constants, state, x, y):
        """Put the middle of the window where the mouse is."""
        half = self.dilation * (self.span - 1) / 2
        row, column = (int(np.clip(round((v - half) / self.stride), 0, self.across - 1)) for v in (y, x))
        state["place"][0] = row * self.across + column

    @action(
        "Stand at a place of the map",
        hidden=True,
        index=(int, param(0, lo=0, hi=1_000_000, doc="Place, counted along the rows of the map.")),
    )
    def stand(self, constants, state, index):
        """Put the window where a place of the map was made."""
        state["place"][0] = min(index, self.across**2 - 1)

    @action("Paint a synapse", hidden=True, row=(int, param(0, lo=0, hi=8, doc="Row of the kernel.")), column=(int, param(0, lo=0, hi=8, doc="Column of the kernel.")))  # fmt: skip
    def paint_kernel(self, constants, state, row, column):
        """Make a synapse 1, then -1, then 0; from then on the kernel is your own."""
        kernel = self.weights()[:, :, 0].round(6).tolist()
        if row >= len(kernel) or column >= len(kernel):
            raise ModelError(
                f"convolution-as-neurons.paint_kernel: the kernel has {len(kernel)} rows and columns, counted from 0 (got row {row}, column {column})."
            )
        now = kernel[row][column]
        kernel[row][column] = {1.0: -1.0, -1.0: 0.0}.get(now, 1.0)
        if self.convention == CONVENTIONS[1]:
            kernel = [r[::-1] for r in kernel[::-1]]
        return {"kernel": "own", "own": kernel}

    @action("Paint the picture", hidden=True, row=(int, param(0, lo=0, hi=100, doc="Row.")), column=(int, param(0, lo=0, hi=100, doc="Column.")), value=(float, param(1.0, lo=0.0, hi=1.0, doc="Brightness.")))  # fmt: skip
    def paint_picture(self, constants, state, row, column, value):
        """Set a pixel; the border stays zero."""
        r, c = row - self.padding, column - self.padding
        if 0 <= r < self.side and 0 <= c < self.side:
            state["picture"][r, c] = value

    @action("Clear the picture")
    def clear(self, constants, state):
        """Black everywhere."""
        state["picture"][:] = 0.0

    @classmethod
    def figures(cls):
        """Against SciPy, against its own matrix, sizes of the books."""

        def against(other):
            def measure(run):
                random, worst = np.random.default_rng(0), 0.0
                for _ in range(120):
                    n, k, s, p, d = (int(random.integers(a, b)) for a, b in ((5, 29), (1, 6), (1, 4), (0, 3), (1, 3)))
                    if not places(n, k, 1, p, d):
                        continue
                    X, K = random.standard_normal((n, n, 1)), random.standard_normal((k, k, 1))
                    worst = max(worst, float(np.abs(convolve(X, K, 0.0, s, p, d) - other(X, K, s, p, d)).max()))
                return worst

            return measure

        def scipy(X, K, s, p, d):
            from scipy.signal import correlate2d

            wide = np.zeros((d * (len(K) - 1) + 1,) * 2)
            wide[::d, ::d] = K[:, :, 0]
            return correlate2d(np.pad(X[:, :, 0], p), wide, "valid")[::s, ::s]

        def own(X, K, s, p, d):
            o = places(len(X), len(K), s, p, d)
            return (matrix(X.shape, K, s, p, d) @ X.ravel()).reshape(o, o)

        def filled(run):
            return run(cls(padding=1), steps=1, record={}).summary["entries that are not zero"]

        def linear(run):
            X, w = np.random.default_rng(1).random((9, 9, 3)), np.array([0.3, -0.7, 2.0])
            return float(np.abs(convolve(X, w.reshape(1, 1, 3), 0.5) - (X @ w + 0.5)).max())

        def unflipped(run):
            from scipy.signal import convolve2d

            model = cls(convention=CONVENTIONS[1], kernel="own", own=[[1.0, 2.0, 0.0], [0.0, -1.0, 3.0], [4.0, 0.0, 1.0]])
            s = run(model, steps=1, record={}).simulation
            return float(np.abs(s.observe("map") - convolve2d(s.state["picture"][:, :, 0], np.array(model.own), "valid")).max())

        yield Figure(
            "against scipy.signal.correlate2d, 120 sizes, strides, paddings, dilations",
            1e-12,
            against(scipy),
            bound="at_most",
            source="SciPy",
        )
        yield Figure("against its own matrix", 1e-12, against(own), bound="at_most", source="a convolution is linear")
        yield Figure(
            "28 x 28, 3 x 3, padding 1: entries at which a synapse lies on a pixel, of 614,656", 6724, filled, source="(3 x 28 - 2)^2"
        )
        yield Figure("a kernel of one pixel against w.x + b", 1e-12, linear, bound="at_most", source="a linear neuron at each place")
        yield Figure("flipped, against scipy.signal.convolve2d", 1e-12, unflipped, bound="at_most", source="SciPy")


def _start(path: Path) -> bytes:
    from lab.data import door

    return door.read_start(path, 12, what="a picture or a sound")


def _boxes(boxes: list[tuple[float, float, float]]) -> np.ndarray:
    """(2, n) outlines of squares (row, column, side) of cells."""
    parts = [
        np.array(
            [
                [c - 0.5, c + side - 0.5, c + side - 0.5, c - 0.5, c - 0.5, np.nan],
                [r - 0.5, r - 0.5, r + side - 0.5, r + side - 0.5, r - 0.5, np.nan],
            ]
        )
        for r, c, side in boxes
    ]
    return np.concatenate(parts, 1)[:, :-1]


def _crosses(cells: list[tuple[int, int]]) -> np.ndarray:
    """(2, n) crosses over cells (row, column)."""
    if not cells:
        return np.full((2, 1), np.nan)
    parts = [
        np.array([[c - 0.35, c + 0.35, np.nan, c - 0.35, c + 0.35, np.nan], [r - 0.35, r + 0.35, np.nan, r + 0.35, r - 0.35, np.nan]])
        for r, c in cells
    ]
    return np.concatenate(parts, 1)
