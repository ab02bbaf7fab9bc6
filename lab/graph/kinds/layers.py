"""Layers of a network that learns, with shapes inferred along the wires; compiled to the tape."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any, ClassVar

from lab.graph.census import census
from lab.graph.document import Edge, Family, Graph, GraphError, Kind, Node, Plain, Port, Problem, Template, register
from lab.params import Described, param

ENDS = ("output", "reconstruction")
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
    """Classes, each with a probability, trained by the cross-entropy; or numbers, trained by the squared error."""

    owner: ClassVar[str] = "output"
    classes: int = param(2, lo=1, hi=1000, live=False, doc="Classes, or how many numbers are predicted.", main=True)


class Reconstruction(Described):
    """The input said again, trained by the squared error."""

    owner: ClassVar[str] = "reconstruction"


_IN, _OUT = (Port("in", "values", many=False, needed=True),), (Port("out", "values"),)
_ENDS, _LAYERS, _REGULAR = "Ends", "Layers", "Between layers"
KINDS = (
    Kind("input", "Input", Input, (), _OUT, "What comes in", "mdi6.arrow-right-bold-circle-outline", _ENDS, "I"),
    Kind("output", "Output", Output, _IN, (), "Classes, trained by the cross-entropy", "mdi6.arrow-right-bold-circle", _ENDS, "Y"),
    Kind(
        "reconstruction",
        "Reconstruction",
        Reconstruction,
        _IN,
        (),
        "The input said again, trained by the squared error",
        "mdi6.arrow-u-left-top",
        _ENDS,
        "R",
    ),
    Kind("dense", "Dense", Dense, _IN, _OUT, "Every unit reads all values", "mdi6.vector-polyline", _LAYERS, "D"),
    Kind("convolution", "Convolution", Convolution, _IN, _OUT, "Kernels slide over a picture", "mdi6.grid", _LAYERS, "C"),
    Kind("pool", "Pool", Pool, _IN, _OUT, "The largest value of each window", "mdi6.arrow-collapse", _LAYERS, "P"),
    Kind("flatten", "Flatten", Plain, _IN, _OUT, "A picture as a row of numbers", "mdi6.view-sequential-outline", _LAYERS, "L"),
    Kind(
        "add",
        "Add",
        Plain,
        (Port("in", "values", needed=True),),
        _OUT,
        "The sum of what comes in: a residual connection",
        "mdi6.plus-circle-outline",
        _LAYERS,
        "S",
    ),
    Kind(
        "activation", "Activation", Activation, _IN, _OUT, "A non-linearity of its own", "mdi6.chart-bell-curve-cumulative", _REGULAR, "A"
    ),
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
        if node.kind == "reconstruction" and incoming:
            given = next((found[n.id] for n in graph.nodes if n.kind == "input" and n.id in found), ())
            found[id] = (prod(given),)
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
        raise GraphError(
            f"{ends}: {source.title} gives {text(shape)} numbers, but {node.title} takes pictures (height × width × channels): put it before the flattening."
        )
    if isinstance(value, (Dense, Output, Reconstruction)) and len(shape) != 1:
        raise GraphError(
            f"{ends}: {source.title} gives pictures of {text(shape)}, but {node.title} takes a row of numbers: put a Flatten between."
        )
    if isinstance(value, Pool):
        if value.size > min(shape[:2]):
            raise GraphError(
                f"{ends}: {source.title} gives pictures of {text(shape)}, which are smaller than the {value.size} × {value.size} windows of {node.title}: pool less."
            )
        return shape[0] // value.size, shape[1] // value.size, shape[2]
    for other, another in others:
        if another != shape:
            raise GraphError(
                f"{other.title} to {node.title}: {other.title} gives {text(another)}, but {source.title} gives {text(shape)} to the same sum: make both alike."
            )
    if isinstance(value, Dense):
        return (value.units,)
    if isinstance(value, Convolution):
        return (*shape[:2], value.filters)
    if isinstance(value, Output):
        return (value.classes,)
    return (prod(shape),) if node.kind == "flatten" else shape


def sized(graph: Graph) -> tuple[Node, Node]:
    """The input and the end of a network that can run; otherwise refused with a sentence."""
    if graph.family != "layers":
        raise GraphError(f"The graph holds {graph.kinds.title.lower()}: this model takes layers.")
    for problem in graph.problems():
        if problem.fatal:
            raise GraphError(problem.sentence)
    return next(n for n in graph.nodes if n.kind == "input"), next(n for n in graph.nodes if n.kind in ENDS)


def write(tape: Any, graph: Graph, x: Any, dropout: float = 0.0) -> tuple[Any, tuple[tuple[str, str, str], ...]]:
    """Write the layers on a `lab.tape.Tape` from the node `x` on, blocks written out.

    Each node's value is called by its identity, its weighted sum `identity.sum`. `dropout` silences a part of the units of every
    hidden layer. Returns the last node (logits, or numbers) and, for each layer with weights, its title and the names of its
    weights and of its value.
    """
    graph = graph.expand()
    known, values, layers = shapes(graph), {}, []
    for id in graph.order():
        node = graph.node(id)
        value = node.parameters
        sources = [values[e.source] for e in graph.incoming(id)]
        if isinstance(value, Input):
            values[id] = x if x.shape == known[id] else tape.reshape(x, known[id])
        elif isinstance(value, (Dense, Convolution)):
            kind = "he" if value.activation in ("relu", "leaky", "gelu", "softplus") else "xavier"
            if isinstance(value, Dense):
                linear = tape.affine(sources[0], value.units, init=kind, name=f"{id}.sum")
            else:
                linear = tape.conv2d(sources[0], value.filters, size=value.size, init=kind, name=f"{id}.sum")
            values[id] = tape.activation(linear, value.activation, name=id)
            layers.append((node.title, f"{id}.sum.weight", id))
            if dropout:
                values[id] = tape.dropout(values[id], dropout, name=f"{id}.dropout")
        elif isinstance(value, (Output, Reconstruction)):
            first = "small" if isinstance(value, Output) else "xavier"
            values[id] = last = tape.affine(sources[0], known[id][0], init=first, name=f"{id}.sum")
            layers.append((node.title, f"{id}.sum.weight", f"{id}.sum"))
        elif isinstance(value, Pool):
            values[id] = tape.max_pool(sources[0], value.size, name=id)
        elif isinstance(value, Activation):
            values[id] = tape.activation(sources[0], value.function, name=id)
        elif isinstance(value, Dropout):
            values[id] = tape.dropout(sources[0], value.rate, name=id)
        elif node.kind == "batch-norm":
            values[id] = tape.batch_norm(sources[0], name=id)
        elif node.kind == "flatten":
            values[id] = tape.flatten(sources[0], name=id)
        else:
            total = sources[0]
            for other in sources[1:]:
                total = total + other
            values[id] = total
    return last, tuple(layers)


def check(graph: Graph) -> Iterable[Problem]:
    """One input, one end, and shapes that fit."""
    for kinds, title in ((("input",), "an input"), (ENDS, "an output")):
        count = [n.id for n in graph.nodes if n.kind in kinds]
        if len(count) != 1:
            yield Problem(
                f"A layered network has {title}, and this one has {len(count) or 'none'}: {'add one' if not count else 'keep one'}.",
                tuple(count),
            )
    try:
        shapes(graph.expand())
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
        return f"{value.classes} classes" if value.classes > 1 else "1 number"
    return str(next(iter(value.values().values()), "")) or graph.kind_of(node).title.lower()


def label(graph: Graph, edge: Edge) -> str:
    """The shape that passes."""
    try:
        return text(shapes(graph)[edge.source])
    except (GraphError, KeyError):
        return "?"


def totals(graph: Graph) -> str:
    """Neurons, synapses and parameters, biases included and blocks written out."""
    try:
        graph = graph.expand()
        known, count = shapes(graph), census(graph)
    except GraphError:
        return f"{len(graph.nodes)} layers"
    biases = sum(
        (known[n.id][-1] if isinstance(n.parameters, (Dense, Convolution, Output, Reconstruction)) else 0)
        for n in graph.nodes
        if graph.incoming(n.id)
    )
    scales = sum(2 * known[n.id][-1] for n in graph.nodes if n.kind == "batch-norm" and known[n.id])
    carried = " · trained weights on board" if graph.weights else ""
    return (
        f"{count.neurons:,} neurons · {count.synapses:,} synapses · {count.per_neuron:,.4g} per neuron · "
        f"{count.synapses + biases + scales:,} parameters{carried}"
    )


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
    return chain(
        ("input", "Input", dict(channels=inputs)),
        ("dense", "Hidden 1", dict(units=hidden)),
        ("dense", "Hidden 2", dict(units=hidden)),
        ("output", "Output", dict(classes=classes)),
    )


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


def perceptron() -> Graph:
    """One layer: two inputs, two classes, a line between them."""
    return chain(("input", "Input", dict(channels=2)), ("output", "Output", dict(classes=2)))


def autoencoder(code: int = 2) -> Graph:
    """Pictures of 64 pixels squeezed into a few numbers and unfolded again."""
    return chain(
        ("input", "Input", dict(height=8, width=8, channels=1)), ("flatten", "Flatten", {}), ("dense", "Encoder", dict(units=32, activation="relu")),
        ("dense", "Code", dict(units=code, activation="identity")), ("dense", "Decoder", dict(units=32, activation="relu")), ("reconstruction", "Picture again", {}),
    )  # fmt: skip


def deep(repeat: int = 4) -> Graph:
    """A residual block repeated: each copy adds to what it was given."""
    graph = chain(
        ("input", "Input", dict(channels=2)),
        ("dense", "First", dict(units=8)),
        ("dense", "Change", dict(units=8)),
        ("output", "Output", {}),
    )
    first, change, out = (graph.named(t).id for t in ("First", "Change", "Output"))
    graph = graph.remove([e.id for e in graph.incoming(out)]).move({change: (560.0, -120.0), out: (1160.0, 0.0)})
    graph, total = graph.add_node("add", 840, 0, "Add")
    for a, b in ((change, total), (first, total), (total, out)):
        graph, _ = graph.connect(a, b)
    return graph.group((change, total), "Residual block", repeat)[0]


TEMPLATES = {
    "Perceptron": Template(perceptron, "One layer: each class is a weighted sum of the two inputs, so the border between the classes is a straight line. "
                           "Half-moons cannot be told apart by a line: add a Dense layer between and train again.", {"data": "moons"}),
    "MLP": Template(mlp, "Two hidden layers bend the plane until a line can separate the classes. Click a neuron of the drawing below to read how its value "
                    "comes about; choose 'forward pass' to see the activity travel.", {"data": "moons"}),
    "MLP for digits": Template(lambda: mlp(32, 64, 10), "Sixty-four pixels in, ten classes out: 3,466 parameters learn to read handwritten digits in a few "
                               "seconds.", {"data": "digits"}),
    "Autoencoder": Template(autoencoder, "The network must say its input again after passing it through two numbers, the Code. What it keeps is what "
                            "matters most in the pictures; more units in Code keep more.", {"data": "digits"}),
    "CNN": Template(cnn, "Eight kernels of 3 by 3 slide over the picture: the same weights at every place. Pooling keeps the largest answer of each window, "
                    "so that a shift by one pixel hardly matters.", {"data": "digits"}),
    "Residual block": Template(residual, "The wire around Hidden 2 adds what came in to what the layer makes of it: the layer need only learn the difference, "
                               "and the gradient has a way that no activation damps.", {"data": "moons"}),
    "Residual block, repeated": Template(deep, "The frame stands for four copies in a row, each with weights of its own. Select it to change how often it is "
                                         "repeated; fold it to a single card with J.", {"data": "moons"}),
}  # fmt: skip
register(Family("layers", "Layers", KINDS, blocks=True, check=check, templates=TEMPLATES, caption=caption, label=label, totals=totals))
