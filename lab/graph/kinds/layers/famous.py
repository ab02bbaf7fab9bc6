"""Well-known networks to be opened, looked at and counted; they are too large to be trained here.

Sizes are those of the published weights of each: Krizhevsky, One weird trick, arXiv 1404.5997 (2014), table 1; Simonyan and Zisserman,
ICLR (2015), column D; Radford et al., GPT-2 (2019), the smallest; He, Zhang, Ren and Sun, CVPR (2016), table 1, with the stride in the 3 x 3 convolution.
"""

from __future__ import annotations

from typing import Any

from lab.graph.document import Graph, Template
from lab.graph.kinds.layers.templates import chain

PHOTO = ("input", "Photograph", dict(height=224, width=224, channels=3))
ACROSS, DOWN = 260.0, 220.0


def _folded(graph: Graph) -> Graph:
    """Rows of eight, like lines of a text."""
    return graph.move({n.id: (ACROSS * (k % 8), DOWN * (k // 8)) for k, n in enumerate(graph.nodes)})


def alexnet() -> Graph:
    """Five convolutions, three dense layers."""

    def conv(number: int, filters: int, size: int, padding: int, stride: int = 1) -> tuple[str, str, dict[str, Any]]:
        return ("convolution", f"Convolution {number}", dict(filters=filters, size=size, same=False, padding=padding, stride=stride))

    pool = dict(size=3, stride=2)
    return _folded(
        chain(
            PHOTO, conv(1, 64, 11, 2, 4), ("pool", "Pool 1", pool), conv(2, 192, 5, 2), ("pool", "Pool 2", pool), conv(3, 384, 3, 1), conv(4, 256, 3, 1),
            conv(5, 256, 3, 1), ("pool", "Pool 3", pool), ("flatten", "Flatten", {}), ("dropout", "Dropout 1", dict(rate=0.5)),
            ("dense", "Dense 1", dict(units=4096, activation="relu")), ("dropout", "Dropout 2", dict(rate=0.5)),
            ("dense", "Dense 2", dict(units=4096, activation="relu")), ("output", "Classes", dict(classes=1000)),
        )
    )  # fmt: skip


def vgg16() -> Graph:
    """Thirteen convolutions of 3 x 3, three dense layers."""
    layers: list[tuple[str, str, dict]] = [PHOTO]
    for stage, (filters, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), 1):
        layers += [("convolution", f"Convolution {stage}.{k + 1}", dict(filters=filters)) for k in range(count)]
        layers.append(("pool", f"Pool {stage}", {}))
    layers.append(("flatten", "Flatten", {}))
    for k in (1, 2):
        layers += [("dense", f"Dense {k}", dict(units=4096, activation="relu")), ("dropout", f"Dropout {k}", dict(rate=0.5))]
    return _folded(chain(*layers, ("output", "Classes", dict(classes=1000))))


def resnet50() -> Graph:
    """Sixteen bottlenecks, each added to what it was given; those that are alike are a block that is repeated."""
    plain: dict[str, Any] = dict(same=False, bias=False, activation="identity")
    graph = chain(
        PHOTO, ("convolution", "First", dict(plain, filters=64, size=7, stride=2, padding=3)), ("batch-norm", "First norm", {}),
        ("activation", "First ReLU", {}), ("pool", "First pool", dict(size=3, stride=2, padding=1)),
    )  # fmt: skip
    last, y = graph.nodes[-1].id, 0.0

    def added(kind: str, x: int, title: str, source: str, row: float = 0.0, **values: Any) -> str:
        nonlocal graph
        graph, id = graph.add_node(kind, ACROSS * x, y + row, title, **values)
        graph, _ = graph.connect(source, id)
        return id

    for stage, (middle, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 1):
        for name, repeat in ((f"{stage}.1", 1), (f"{stage}.2", count - 1)):
            y += 1.6 * DOWN
            stride, begin, made = (2 if stage > 1 and name.endswith(".1") else 1), last, len(graph.nodes)
            inner = last
            for k, (size, filters, step) in enumerate(((1, middle, 1), (3, middle, stride), (1, 4 * middle, 1))):
                sized: dict[str, Any] = dict(plain, filters=filters, size=size, stride=step, padding=size // 2)
                inner = added("convolution", 3 * k, f"Convolution {name} {'abc'[k]}", inner, **sized)
                inner = added("batch-norm", 3 * k + 1, f"Norm {name} {'abc'[k]}", inner)
                if k < 2:
                    inner = added("activation", 3 * k + 2, f"ReLU {name} {'abc'[k]}", inner)
            if name.endswith(".1"):
                begin = added(
                    "convolution", 3, f"Shortcut {name}", begin, 0.7 * DOWN, **dict(plain, filters=4 * middle, size=1, stride=stride)
                )
                begin = added("batch-norm", 4, f"Shortcut norm {name}", begin, 0.7 * DOWN)
            total = added("add", 8, f"Add {name}", inner)
            graph, _ = graph.connect(begin, total)
            last = added("activation", 9, f"ReLU {name}", total)
            graph, _ = graph.group([n.id for n in graph.nodes[made:]], f"Bottleneck {name}", repeat)
    y += 1.6 * DOWN
    ends: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("pool", "Mean over places", dict(size=7, of="mean")), ("flatten", "Flatten", {}), ("output", "Classes", dict(classes=1000)),
    )  # fmt: skip
    for x, (kind, title, values) in enumerate(ends):
        last = added(kind, x, title, last, **values)
    return graph


def gpt2() -> Graph:
    """The smallest GPT-2: one block of attention and two dense layers per place, twelve times."""
    d, vocabulary = 768, 50257
    graph = chain(
        ("tokens", "Tokens", dict(places=1024)), ("embedding", "Embedding", dict(vocabulary=vocabulary, features=d)), ("positions", "Positions", {}),
        ("layer-norm", "Norm 1", {}), ("attention", "Attention", dict(heads=12)), ("add", "Add 1", {}), ("layer-norm", "Norm 2", {}),
        ("dense-per-place", "Keys", dict(units=4 * d, activation="gelu")), ("dense-per-place", "Values", dict(units=d, activation="identity")),
        ("add", "Add 2", {}), ("layer-norm", "Last norm", {}), ("token-head", "Head", dict(vocabulary=vocabulary)),
    )  # fmt: skip
    for source, target in (("Positions", "Add 1"), ("Add 1", "Add 2")):
        graph, _ = graph.connect(graph.named(source).id, graph.named(target).id)
    inside = [graph.named(t).id for t in ("Norm 1", "Attention", "Add 1", "Norm 2", "Keys", "Values", "Add 2")]
    return _folded(graph).group(inside, "Block", 12)[0]


FAMOUS = {
    "AlexNet": Template(alexnet, "Five convolutions and three dense layers; 61,100,840 parameters, of which all but 2.5 million lie in the dense layers.", counted=True),
    "VGG-16": Template(vgg16, "Thirteen convolutions of 3 by 3 in five stages, each followed by pooling; 138,357,544 parameters, 103 million of them in the first "
                       "dense layer alone.", counted=True),
    "ResNet-50": Template(resnet50, "Bottlenecks: a 1 by 1 convolution makes channels fewer, a 3 by 3 one works on them, a 1 by 1 one makes them many again, and "
                          "what came in is added. 25,557,032 parameters in 53 convolutions and one dense layer.", counted=True),
    "GPT-2 (124M)": Template(gpt2, "Twelve blocks, each of attention with twelve heads and two dense layers at every place, both added to the stream; the head reads out "
                             "with the embedding. 124,439,808 parameters, of which 38.6 million are the embedding.", counted=True),
}  # fmt: skip
