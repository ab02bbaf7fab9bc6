"""Layers of a network that learns, with shapes inferred along the wires; compiled to the tape."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any, ClassVar

from lab.graph import Edge, Family, Graph, GraphError, Kind, Node, Plain, Port, Problem, register
from lab.params import Described, param

ACTIVATIONS = ("identity", "relu", "tanh", "logistic", "leaky", "softplus", "gelu")
Shape = tuple[int, ...]


class Input(Described):
    """What comes in: numbers, or pictures where height and width are above 1."""

    owner: ClassVar[str] = "input"
    height: int = param(1, lo=1, hi=512, live=False, doc="Rows of a picture; 1 for plain numbers.")
    width: int = param(1, lo=1, hi=512, live=False, doc="Columns of a picture; 1 for plain numbers.")
    channels: int = param(2, lo=1, hi=4096, live=False, doc="Values per pixel, or how many numbers.", main=True)


class Dense(Described):
    """Every unit reads all values."""

    owner: ClassVar[str] = "dense"
    units: int = param(8, lo=1, hi=4096, live=False, doc="Units.", main=True)
    activation: str = param("tanh", choices=ACTIVATIONS, live=False, doc="Activation of the units.", main=True)


class Convolution(Described):
    """Kernels slide over a picture."""

    owner: ClassVar[str] = "convolution"
    filters: int = param(8, lo=1, hi=512, live=False, doc="Kernels, each giving one channel.", main=True)
    size: int = param(3, lo=1, hi=15, live=False, doc="Rows and columns of a kernel.", main=True)
    activation: str = param("relu", choices=ACTIVATIONS, live=False, doc="Activation of the units.")


class Pool(Described):
    """The largest value of each window."""

    owner: ClassVar[str] = "pool"
    size: int = param(2, lo=2, hi=8, live=False, doc="Rows and columns of a window.", main=True)


class Activation(Described):
    """A non-linearity of its own."""

    owner: ClassVar[str] = "activation"
    function: str = param("relu", choices=ACTIVATIONS, live=False, doc="Which.", main=True)


class Dropout(Described):
    """Silences values at random while training."""

    owner: ClassVar[str] = "dropout"
    rate: float = param(0.2, lo=0.0, hi=0.9, live=False, doc="Part of the values that is silenced.", main=True)


class Output(Described):
    """Classes, each with a probability; trained by the cross-entropy."""

    owner: ClassVar[str] = "output"
    classes: int = param(2, lo=2, hi=1000, live=False, doc="Classes.", main=True)


_IN, _OUT = (Port("in", "values", many=False, needed=True),), (Port("out", "values"),)
_ENDS, _LAYERS, _REGULAR = "Ends", "Layers", "Between layers"
KINDS = (
    Kind("input", "Input", Input, (), _OUT, "What comes in", "mdi6.arrow-right-bold-circle-outline", _ENDS, "I"),
    Kind("output", "Output", Output, _IN, (), "Classes, trained by the cross-entropy", "mdi6.arrow-right-bold-circle", _ENDS, "Y"),
    Kind("dense", "Dense", Dense, _IN, _OUT, "Every unit reads all values", "mdi6.vector-polyline", _LAYERS, "D"),
    Kind("convolution", "Convolution", Convolution, _IN, _OUT, "Kernels slide over a picture", "mdi6.grid", _LAYERS, "C"),
    Kind("pool", "Pool", Pool, _IN, _OUT, "The largest value of each window", "mdi6.arrow-collapse", _LAYERS, "P"),
    Kind("flatten", "Flatten", Plain, _IN, _OUT, "A picture as a row of numbers", "mdi6.view-sequential-outline", _LAYERS, "L"),
    Kind("add", "Add", Plain, (Port("in", "values", needed=True),), _OUT, "The sum of what comes in: a residual connection", "mdi6.plus-circle-outline", _LAYERS, "S"),
    Kind("activation", "Activation", Activation, _IN, _OUT, "A non-linearity of its own", "mdi6.chart-bell-curve-cumulative", _REGULAR, "A"),
    Kind("dropout", "Dropout", Dropout, _IN, _OUT, "Silences values at random while training", "mdi6.dots-grid", _REGULAR, "O"),
    Kind("batch-norm", "Batch norm", Plain, _IN, _OUT, "Mean 0 and variance 1 over the minibatch", "mdi6.tune-vertical", _REGULAR, "B"),
)


def text(shape: Shape) -> str:
    """A shape as a person reads it."""
    return " × ".join(map(str, shape))


def shapes(graph: Graph) -> dict[str, Shape]:
    """Shape of what every node gives, per sample; an error names both ends of the wire that does not fit."""
    found: dict[str, Shape] = {}
    for id in graph.order():
        node = graph.node(id)
        incoming = [(graph.node(e.source), found[e.source]) for e in graph.incoming(id) if e.source in found]
        found[id] = _shape(node, incoming)
    return found


def _shape(node: Node, incoming: list[tuple[Node, Shape]]) -> Shape:
    value = node.parameters
    if isinstance(value, Input):
        return (value.channels,) if value.height == value.width == 1 else (value.height, value.width, value.channels)
    if not incoming:
        return ()
    (source, shape), *others = incoming
    ends = f"{source.title} to {node.title}"
    if isinstance(value, (Convolution, Pool)) and len(shape) != 3:
        raise GraphError(f"{ends}: {source.title} gives {text(shape)} numbers, but {node.title} takes pictures (height × width × channels): put it before the flattening.")
    if isinstance(value, (Dense, Output)) and len(shape) != 1:
        raise GraphError(f"{ends}: {source.title} gives pictures of {text(shape)}, but {node.title} takes a row of numbers: put a Flatten between.")
    if isinstance(value, Pool):
        if value.size > min(shape[:2]):
            raise GraphError(f"{ends}: {source.title} gives pictures of {text(shape)}, which are smaller than the {value.size} × {value.size} windows of {node.title}: pool less.")
        return shape[0] // value.size, shape[1] // value.size, shape[2]
    for other, another in others:
        if another != shape:
            raise GraphError(f"{other.title} to {node.title}: {other.title} gives {text(another)}, but {source.title} gives {text(shape)} to the same sum: make both alike.")
    if isinstance(value, Dense):
        return (value.units,)
    if isinstance(value, Convolution):
        return (*shape[:2], value.filters)
    if isinstance(value, Output):
        return (value.classes,)
    return (prod(shape),) if node.kind == "flatten" else shape


def tape(graph: Graph) -> Any:
    """The graph written on a `lab.tape.Tape`: input `x`, labels `t`, each node's value under its identity, loss and accuracy recorded."""
    from lab.tape import Tape, adam

    for problem in graph.problems():
        if problem.fatal:
            raise GraphError(problem.sentence)
    made, values, known = Tape(), {}, shapes(graph)
    for id in graph.order():
        node = graph.node(id)
        value = node.parameters
        sources = [values[e.source] for e in graph.incoming(id)]
        if isinstance(value, Input):
            values[id] = made.input("x", known[id])
        elif isinstance(value, (Dense, Convolution)):
            kind = "he" if value.activation in ("relu", "leaky", "gelu", "softplus") else "xavier"
            if isinstance(value, Dense):
                linear = made.affine(sources[0], value.units, init=kind, name=f"{id}.sum")
            else:
                linear = made.conv2d(sources[0], value.filters, size=value.size, init=kind, name=f"{id}.sum")
            values[id] = made.activation(linear, value.activation, name=id)
        elif isinstance(value, Pool):
            values[id] = made.max_pool(sources[0], value.size, name=id)
        elif isinstance(value, Activation):
            values[id] = made.activation(sources[0], value.function, name=id)
        elif isinstance(value, Dropout):
            values[id] = made.dropout(sources[0], value.rate, name=id)
        elif isinstance(value, Output):
            values[id] = made.affine(sources[0], value.classes, name=f"{id}.sum")
            labels = made.labels("t", value.classes)
            made.record("accuracy", made.accuracy(values[id], labels))
            made.minimise(made.cross_entropy(values[id], labels), adam(1e-2))
        elif node.kind == "batch-norm":
            values[id] = made.batch_norm(sources[0], name=id)
        elif node.kind == "flatten":
            values[id] = made.flatten(sources[0], name=id)
        else:
            total = sources[0]
            for other in sources[1:]:
                total = total + other
            values[id] = total
    return made


def check(graph: Graph) -> Iterable[Problem]:
    """One input, one output, and shapes that fit."""
    for kind, title in (("input", "an input"), ("output", "an output")):
        count = [n.id for n in graph.nodes if n.kind == kind]
        if len(count) != 1:
            yield Problem(f"A layered network has {title}, and this one has {len(count) or 'none'}: {'add one' if not count else 'keep one'}.", tuple(count))
    try:
        shapes(graph)
    except GraphError as error:
        yield Problem(str(error))


def caption(graph: Graph, node: Node) -> str:
    """What a layer does, in a few words."""
    value = node.parameters
    if isinstance(value, Input):
        return text(_shape(node, []))
    if isinstance(value, Dense):
        return f"{value.units} units · {value.activation}"
    if isinstance(value, Convolution):
        return f"{value.filters} of {value.size} × {value.size} · {value.activation}"
    if isinstance(value, Output):
        return f"{value.classes} classes"
    return str(next(iter(value.values().values()), "")) or graph.kind_of(node).title.lower()


def label(graph: Graph, edge: Edge) -> str:
    """The shape that passes."""
    try:
        return text(shapes(graph)[edge.source])
    except (GraphError, KeyError):
        return "?"


def totals(graph: Graph) -> str:
    """Neurons and parameters, biases included."""
    try:
        known = shapes(graph)
    except GraphError:
        return f"{len(graph.nodes)} layers"
    neurons = parameters = 0
    for n in graph.nodes:
        for e in graph.incoming(n.id):
            before = known[e.source]
            if isinstance(n.parameters, (Dense, Output)) and before:
                neurons += known[n.id][0]
                parameters += (before[0] + 1) * known[n.id][0]
            elif isinstance(n.parameters, Convolution) and before:
                neurons += prod(known[n.id])
                parameters += (n.parameters.size**2 * before[2] + 1) * n.parameters.filters
    return f"{neurons:,} neurons · {parameters:,} parameters"


def chain(*layers: tuple[str, str, dict]) -> Graph:
    """Layers in a row: (kind, title, values) each."""
    graph, last = Graph("layers"), ""
    for k, (kind, title, values) in enumerate(layers):
        graph, id = graph.add_node(kind, 260 * k, 0, title, **values)
        if last:
            graph, _ = graph.connect(last, id)
        last = id
    return graph


def mlp(hidden: int = 6, inputs: int = 2, classes: int = 2) -> Graph:
    """Two hidden layers."""
    return chain(("input", "Input", dict(channels=inputs)), ("dense", "Hidden 1", dict(units=hidden)), ("dense", "Hidden 2", dict(units=hidden)), ("output", "Output", dict(classes=classes)))


def cnn() -> Graph:
    """A small convolutional network for 8 x 8 digits."""
    return chain(
        ("input", "Input", dict(height=8, width=8, channels=1)), ("convolution", "Convolution", dict(filters=8)), ("pool", "Pool", {}),
        ("flatten", "Flatten", {}), ("dense", "Dense", dict(units=32, activation="relu")), ("output", "Output", dict(classes=10)),
    )  # fmt: skip


def residual() -> Graph:
    """A layer whose input is added to what it gives."""
    graph = mlp(8)
    first, second, out = (graph.named(t).id for t in ("Hidden 1", "Hidden 2", "Output"))
    graph = graph.remove([e.id for e in graph.incoming(out)]).move({second: (520.0, -120.0), out: (1040.0, 0.0)})
    graph, total = graph.add_node("add", 780, 0, "Add")
    for a, b in ((second, total), (first, total), (total, out)):
        graph, _ = graph.connect(a, b)
    return graph


TEMPLATES = {"MLP": mlp, "MLP for digits": lambda: mlp(32, 64, 10), "CNN": cnn, "Residual block": residual}
register(Family("layers", "Layers", KINDS, check=check, templates=TEMPLATES, caption=caption, label=label, totals=totals))
