"""Counting neurons and synapses: from a worm to GPT-3, under a convention that is said."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from lab.data.made_digits import CLASSES, SIDE, made_digits
from lab.errors import LabError
from lab.graph.census import Census, census
from lab.graph.document import Graph, family
from lab.graph.kinds.layers import chain
from lab.graph.kinds.populations import brunel
from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stream, param
from lab.units import number

CONVENTIONS = ("rows of every matrix", "10 L d for transformers")


@dataclass(frozen=True)
class Count:
    """Neurons and synapses of one network; biases are no synapses (they have no neuron before them)."""

    neurons: float
    synapses: float
    how: str

    @property
    def per_neuron(self) -> float:
        """Mean synapses of a neuron."""
        return self.synapses / self.neurons if self.neurons else 0.0


def dense(inputs: int, outputs: int) -> tuple[int, int]:
    """(neurons, synapses) of a dense layer: a row of the weight matrix is a neuron, its columns are its synapses."""
    return outputs, inputs * outputs


def conv(channels: int, filters: int, k: int) -> tuple[int, int]:
    """(neurons, synapses) of a convolution (out, in, k, k): `out` neurons with in k k synapses each, shared over all places."""
    return filters, filters * channels * k * k


def total(layers: list[tuple[int, int]], how: str) -> Count:
    """Sum over layers."""
    return Count(sum(n for n, _ in layers), sum(s for _, s in layers), how)


def perceptron(widths: list[int]) -> Count:
    """A multi-layer perceptron of these widths, inputs first."""
    return total([dense(a, b) for a, b in itertools.pairwise(widths)], "dense layers")


def lenet() -> Count:
    """LeNet-5 with full connection tables: LeCun et al., Proc. IEEE 86:2278 (1998)."""
    return total([conv(1, 6, 5), conv(6, 16, 5), dense(400, 120), dense(120, 84), dense(84, 10)], "2 convolutions, 3 dense layers")


def resnet50() -> Count:
    """The 53 convolutions of ResNet-50: He et al., CVPR (2016), table 1."""
    layers, before = [conv(3, 64, 7)], 64
    for middle, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            if block == 0:
                layers.append(conv(before, 4 * middle, 1))  # the projection of the shortcut
            layers += [conv(before, middle, 1), conv(middle, middle, 3), conv(middle, 4 * middle, 1)]
            before = 4 * middle
    return total(layers, f"{len(layers)} convolutions")


def transformer(layers: int, width: int, convention: str) -> Count:
    """Blocks of a GPT: Q, K, V and output (4 d^2) and an MLP of 4 d (8 d^2), 12 L d^2 synapses.

    Rows of every matrix: Q, K, V, output d each, MLP 4 d and d: 9 L d neurons. The other convention counts 10 L d.
    """
    neurons = 10 * layers * width if convention == CONVENTIONS[1] else 9 * layers * width
    return Count(
        neurons,
        12 * layers * width * width,
        f"{layers} blocks of width {number(width)}, 12 L d² synapses, {'10' if convention == CONVENTIONS[1] else '9'} L d neurons",
    )


@dataclass(frozen=True)
class Matrix:
    """A weight matrix of a transformer's block: a row is a neuron, its columns are its synapses."""

    name: str
    part: str
    neurons: int
    synapses_each: int

    @property
    def synapses(self) -> int:
        """Weights of the matrix."""
        return self.neurons * self.synapses_each


def block(width: int) -> tuple[Matrix, ...]:
    """The six matrices of one block: query, key, value and output of the attention (d x d), key and value of the MLP (4d x d, d x 4d)."""
    attention = tuple(Matrix(name, "attention", width, width) for name in ("query", "key", "value", "output"))
    return (*attention, Matrix("key (first layer)", "MLP", 4 * width, width), Matrix("value (second layer)", "MLP", width, 4 * width))


BLOCKS = {"GPT-3 175B": (96, 12288), "GPT-2 (124M)": (12, 768), "of a width of your own": (1, 0)}  # blocks, width d


def naive_image() -> Count:
    """A picture of 512 x 512 x 3 into 1024 neurons and those into 1024 more, all connected."""
    return perceptron([512 * 512 * 3, 1024, 1024])


NETWORKS: dict[str, tuple[Callable[[str], Count], str]] = {
    "LeNet-5": (lambda c: lenet(), "LeCun et al. (1998)"),
    "ResNet-50 convolutions": (lambda c: resnet50(), "He et al. (2016)"),
    "naive image network": (lambda c: naive_image(), "512 x 512 x 3 - 1024 - 1024"),
    "GPT-2 (124M), blocks": (lambda c: transformer(12, 768, c), "Radford et al. (2019)"),
    "GPT-3 175B, blocks": (lambda c: transformer(96, 12288, c), "Brown et al., arXiv 2005.14165 (2020), table 2.1"),
    "C. elegans": (lambda c: Count(302, 7000, "about 7,000 chemical synapses"), "White et al., Phil. Trans. B 314:1 (1986); Varshney et al. (2011)"),
    "fruit fly": (lambda c: Count(139_255, 54.5e6, "54.5 million synapses of one brain"), "Dorkenwald et al., Nature 634:124 (2024)"),
    "mouse": (lambda c: Count(71e6, 14e6 * 8000, "about 8,000 for each of the 14 million neurons of its cortex; most others are granule cells with a few each"), "Herculano-Houzel et al., PNAS 103:12138 (2006); Schuez and Palm, J. Comp. Neurol. 286:442 (1989)"),
    "human neocortex": (lambda c: Count(20e9, 20e9 * 7000, "about 7,000 each"), "Drachman, Neurology 64:2004 (2005); Pakkenberg et al., Exp. Gerontol. 38:95 (2003)"),
    "human": (lambda c: Count(86e9, 1.5e14, "nearly all in the neocortex; the 69 billion granule cells of the cerebellum have a few each"), "Azevedo et al., J. Comp. Neurol. 513:532 (2009); Pakkenberg et al., Exp. Gerontol. 38:95 (2003)"),
}  # fmt: skip


def _whole(count: float) -> str:
    """Every digit up to a thousand billion; more would claim what nobody has counted."""
    return number(round(count)) if count < 1e12 else number(count, 3)


FIRST = chain(("input", "Input", {"channels": 64}), ("dense", "Hidden", {"units": 64}), ("output", "Output", {"classes": 10})).to_json()


@lru_cache(maxsize=8)
def _drawn(document: str) -> Census:
    return census(Graph.from_json(document))


class Counting(Model):
    """How many neurons has GPT? It depends on what you call a neuron, so the convention is on the screen.

    In an artificial network a row of a weight matrix is a neuron and its columns are its synapses; a filter of a
    convolution is one neuron with as many synapses as it has weights. Build a network on the canvas, or type the layers of
    one, and see it beside well-known ones and beside the nervous systems of animals. Switch the convention and watch the
    number of neurons change while the synapses stay. A person's 7,000 synapses a neuron are those of the 20 billion neurons of
    the neocortex, 1.4 times 10^14 in all; the other 66 billion neurons, nearly all in the cerebellum, add hardly any.
    """

    name = "counting"
    title = "Counting neurons and synapses"
    group = "Structure"
    icon = "mdi6.counter"
    order = 20
    also = "how many neurons; number of parameters; parameter count; count neurons; size of GPT; brain size; 86 billion; 86 billion neurons; how large"
    takes = ({"what": "graph", "words": "Count its neurons and synapses", "values": {"layers": ""}, "counts": True},)
    equations = (
        r"\mathrm{dense:}\; n_{out}\ \mathrm{neurons},\; n_{in} n_{out}\ \mathrm{synapses}",
        r"\mathrm{GPT:}\; 12\,L d^2\ \mathrm{synapses}",
    )
    symbols = r"n: number of neurons; L: number of blocks"
    source = "see the column 'source' of the table"
    presets = {
        "All of them": Preset({}, shows="count(sizes neurons) > 8 and synapses = 4736", after=11.0),
        "The other convention": Preset({"convention": CONVENTIONS[1]}, shows="convention = '10 L d for transformers'", after=11.0),
        "A digit classifier": Preset({"layers": "784-256-10"}, shows="neurons = 266 and synapses = 203264", after=11.0),
        "AlexNet": Preset({"graph": family("layers").templates["AlexNet"]().to_json()}, shows="parameters = 61100840", after=11.0),
        "VGG-16": Preset({"graph": family("layers").templates["VGG-16"]().to_json()}, shows="parameters = 138357544", after=11.0),
        "ResNet-50": Preset({"graph": family("layers").templates["ResNet-50"]().to_json()}, shows="parameters = 25557032", after=11.0),
        "GPT-2 (124M)": Preset(
            {"graph": family("layers").templates["GPT-2 (124M)"]().to_json()}, shows="parameters = 124439808", after=11.0
        ),
        "A block of GPT-3, matrix by matrix": Preset(
            {"block": "GPT-3 175B"}, shows="neurons of a block = 110592 and synapses of a block = 1811939328", after=11.0
        ),
        "Brunel's spiking network": Preset({"graph": brunel().to_json()}, shows="neurons = 12500 and synapses = 15625000", after=11.0),
    }

    graph: str = param(FIRST, kind="graph", doc="The network on the canvas, of any family.")
    layers: str = param(
        "", main=True, doc="Or widths of layers, inputs first, such as 784-256-10; empty: the network on the canvas counts."
    )
    convention: str = param(CONVENTIONS[0], choices=CONVENTIONS, main=True, doc="What counts as a neuron of a transformer.")
    block: str = param(
        "GPT-2 (124M)", choices=tuple(BLOCKS), group="One block of a transformer", doc="Whose block is taken apart, matrix by matrix."
    )
    d: int = param(
        256, lo=1, hi=100_000, log=True, symbol="d", when=("block", "of a width of your own"), group="One block of a transformer",
        label="Width", doc="Width d of that block: the length of the vector that stands for a token.",
    )  # fmt: skip

    def check(self) -> None:
        if self.layers.strip():
            if not re.fullmatch(r"\d{1,9}(-\d{1,9}){1,49}", self.layers.replace(" ", "")) or 0 in self.widths:
                raise self.refuse("layers", "must be 2 to 50 whole numbers above 0 joined by dashes, such as 784-256-10")
        try:
            _drawn(self.graph)
        except LabError as error:
            raise self.refuse("graph", str(error).rstrip(".")) from None

    @property
    def widths(self) -> list[int]:
        """The person's network."""
        return [int(w) for w in self.layers.replace(" ", "").split("-")]

    def mine(self) -> Count:
        """The person's network: typed layers, or what is on the canvas."""
        if self.layers.strip():
            return perceptron(self.widths)
        drawn = _drawn(self.graph)
        return Count(drawn.neurons, drawn.synapses, drawn.how)

    def parameters(self) -> int:
        """Parameters of the person's network, biases and scales included; 0 where it is none of layers."""
        if not self.layers.strip():
            return _drawn(self.graph).parameters
        return sum(a * b + b for a, b in itertools.pairwise(self.widths))

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "network", physical=True)

    @property
    def speed(self) -> float:
        return 4.0

    @property
    def length(self) -> int:
        return len(NETWORKS) + 1

    def counts(self) -> dict[str, tuple[Count, str]]:
        """Every network with its source, fewest synapses first."""
        found = {f"this network ({self.layers or 'canvas'})": (self.mine(), "counted here")}
        found |= {name: (make(self.convention), source) for name, (make, source) in NETWORKS.items()}
        return dict(sorted(found.items(), key=lambda item: item[1][0].synapses))

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("synapses", "trace", "", "Synapses of the network counted in this step.", every=1),
            Stream("sizes", "bars", "log10", "Neurons and synapses, as powers of ten.", channels=("neurons", "synapses")),
            Stream("table", "table", "", "All counts with their conventions and sources."),
            Stream(
                "block",
                "table",
                "",
                "The six weight matrices of one block of a transformer: neurons are rows, synapses of each its columns.",
            ),
            Stream("digits", "image", "", "Digits of 28 x 28 pixels, drawn by the lab from strokes."),
            Stream("shapes", "bars", "log10", "Neurons and synapses of each, as powers of ten.", channels=("neurons", "synapses each")),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("table", "Neurons and synapses", (Layer("table"),), figures=("convention",), weight=3, front=True),
            Picture("block", "One block, matrix by matrix", (Layer("block"),), figures=("neurons of a block", "synapses of a block"), weight=1.6, front=True),
            Picture("digits", "What goes in: 28 × 28 pixels, ten classes", (Layer("digits"),), colours="grey", levels=(0.0, 1.0), figures=("pixels", "classes"), doc="The size of MNIST's pictures: 784 numbers each, read row by row. These were drawn by the lab from strokes; MNIST's own are read from your IDX files."),
            Picture("shapes", "Many neurons, or many synapses each", (Layer("shapes", style="bars"),), y="log10", labels=tuple(m.name.split(" (")[0] if m.part == "attention" else f"MLP {m.name.split(' (')[0]}" for m in self.matrices)),
            Picture("sizes", "Powers of ten", (Layer("sizes", style="bars"),), y="log10", labels=tuple(self.counts())),
        )  # fmt: skip

    @property
    def matrices(self) -> tuple[Matrix, ...]:
        """The matrices of the block that is taken apart."""
        return block(BLOCKS[self.block][1] or self.d)

    def start(self, constants, seed):
        return {"shown": np.zeros(1, np.int64)}

    def state_bounds(self, constants, state, step):
        return {"shown": COUNT}

    def advance(self, constants, state, n, out):
        found = [c for c, _ in self.counts().values()]
        for k in range(n):
            if out.wanted("synapses"):
                out["synapses"][k] = found[int(state["shown"][0]) % len(found)].synapses
            state["shown"][0] += 1
        return n

    def observe(self, constants, state, stream):
        found = self.counts()
        if stream == "sizes":
            return np.log10(np.maximum(1.0, np.array([[c.neurons for c, _ in found.values()], [c.synapses for c, _ in found.values()]])))
        if stream == "table":
            return [
                {
                    "network": name,
                    "neurons": _whole(c.neurons),
                    "synapses": _whole(c.synapses),
                    "per neuron": number(c.per_neuron),
                    "counted as": c.how,
                    "source": source,
                }
                for name, (c, source) in found.items()
            ]
        if stream == "digits":
            return _digits()
        if stream == "shapes":
            return np.log10(np.array([[m.neurons for m in self.matrices], [m.synapses_each for m in self.matrices]], float))
        if stream == "block":
            rows = [
                {
                    "matrix": f"{m.part}: {m.name.split(' (')[0]}",
                    "neurons": number(m.neurons),
                    "synapses each": number(m.synapses_each),
                    "synapses": number(m.synapses),
                    "in units of d": f"{'4 d' if m.neurons > m.synapses_each else 'd'} neurons of {'4 d' if m.synapses_each > m.neurons else 'd'}",
                }
                for m in self.matrices
            ]
            blocks = BLOCKS[self.block][0]
            neurons, synapses = (sum(getattr(m, what) for m in self.matrices) for what in ("neurons", "synapses"))
            sums = [("attention", "4 d neurons of d"), ("MLP", "4 d neurons of d, d of 4 d")]
            for part, told in sums:
                of = [m for m in self.matrices if m.part == part]
                rows.append(
                    {
                        "matrix": f"{part}, together", "neurons": number(sum(m.neurons for m in of)), "synapses each": "",
                        "synapses": number(sum(m.synapses for m in of)), "in units of d": told,
                    }
                )  # fmt: skip
            return [
                *rows,
                {
                    "matrix": f"all {blocks} blocks" if blocks > 1 else "the block", "neurons": number(blocks * neurons),
                    "synapses each": "", "synapses": number(blocks * synapses), "in units of d": "9 d neurons, 12 d² synapses a block",
                },
            ]  # fmt: skip
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        mine = self.mine()
        return {
            "neurons": int(mine.neurons),
            "synapses": int(mine.synapses),
            "synapses per neuron": mine.per_neuron,
            **({"parameters": parameters} if (parameters := self.parameters()) else {}),
            "convention": self.convention,
            "pixels": SIDE * SIDE,
            "classes": CLASSES,
            "neurons of a block": sum(m.neurons for m in self.matrices),
            "synapses of a block": sum(m.synapses for m in self.matrices),
        }

    @classmethod
    def figures(cls):
        strict, loose = CONVENTIONS
        gpt3 = lambda convention: transformer(96, 12288, convention)  # noqa: E731
        yield Figure("synapses of the blocks of GPT-3", 173_946_175_488, lambda run: gpt3(strict).synapses, source="12 L d^2")
        yield Figure("neurons of GPT-3 by rows", 10_616_832, lambda run: gpt3(strict).neurons, source="9 L d")
        yield Figure("synapses per neuron by rows", 16_384, lambda run: gpt3(strict).per_neuron, source="12 d / 9")
        yield Figure("neurons of GPT-3, 10 L d", 11_796_480, lambda run: gpt3(loose).neurons, source="10 L d")
        yield Figure("synapses per neuron, 10 L d", 14_745.6, lambda run: gpt3(loose).per_neuron, tolerance=1e-9, source="1.2 d")

        def told_apart(run):
            """Part of 300 made digits that lie nearest to the mean of their own class, of 1000 others."""
            x, t = made_digits(1000, 1)
            means = np.stack([x[t == c].mean(0) for c in range(CLASSES)])
            new, labels = made_digits(300, 2)
            return float((((new[:, None] - means[None]) ** 2).sum(2).argmin(1) == labels).mean())

        yield Figure(
            "pixels of a picture less inputs of a digit classifier",
            0,
            lambda run: _digits()[0].size - cls(layers="784-256-10").widths[0],
            source="28 x 28 = 784",
        )
        yield Figure("made digits nearest to the mean of their class", 0.85, told_apart, bound="at_least", source="they are ten classes")
        key, value = block(12288)[4:]
        yield Figure(
            "neurons of a key matrix of GPT-3", 49_152, lambda run: key.neurons, source="4 d, d = 12,288: Brown et al. (2020), table 2.1"
        )
        yield Figure("synapses of each of them", 12_288, lambda run: key.synapses_each, source="d")
        yield Figure("neurons of a value matrix of GPT-3", 12_288, lambda run: value.neurons, source="d")
        yield Figure(
            "neurons of the attention of a block, each of d synapses",
            4 * 12288,
            lambda run: sum(m.neurons for m in block(12288)[:4]),
            source="4 d",
        )
        yield Figure(
            "matrices of 96 blocks against the sum over the blocks of GPT-3",
            0,
            lambda run: 96 * sum(m.synapses for m in block(12288)) - gpt3(strict).synapses,
            source="12 L d^2",
        )
        yield Figure(
            "synapses of the naive image network",
            512 * 512 * 3 * 1024 + 1024 * 1024,
            lambda run: naive_image().synapses,
            source="dense layers",
        )
        yield Figure(
            "weights of the convolutions of ResNet-50",
            23_454_912,
            lambda run: resnet50().synapses,
            source="the published architecture, without batch norm and classifier",
        )
        for title, total, source in (
            ("AlexNet", 61_100_840, "Krizhevsky (2014)"),
            ("VGG-16", 138_357_544, "Simonyan and Zisserman (2015)"),
            ("ResNet-50", 25_557_032, "He et al. (2016)"),
            ("GPT-2 (124M)", 124_439_808, "Radford et al. (2019)"),
        ):
            yield Figure(f"parameters of {title} on the canvas", total, partial(_parameters_of, title), source=source)
        yield Figure("weights of LeNet-5 with full tables", 61_470, lambda run: lenet().synapses, source="150 + 2400 + 48000 + 10080 + 840")


def _parameters_of(title: str, run: Callable[..., Any]) -> float:
    """Parameters of a network of the canvas's list."""
    return census(family("layers").templates[title]()).parameters


@lru_cache(maxsize=1)
def _digits() -> np.ndarray:
    """Two of each class, as they are shown."""
    return made_digits(2 * CLASSES, 5)[0].reshape(-1, SIDE, SIDE).astype(float)
