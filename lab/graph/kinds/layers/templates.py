"""Layered networks to begin with."""

from __future__ import annotations

from lab.graph.document import Graph, Template


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


def variational(code: int = 2) -> Graph:
    """An autoencoder whose code is drawn from a cloud: both terms of its loss."""
    return chain(
        ("input", "Input", dict(height=8, width=8, channels=1)), ("flatten", "Flatten", {}), ("dense", "Encoder", dict(units=128, activation="relu")),
        ("sample", "Code", dict(numbers=code)), ("dense", "Decoder", dict(units=128, activation="relu")), ("reconstruction", "Picture again", dict(loss="Bernoulli")),
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


def in_time() -> Graph:
    """Digits read row by row by a memory, whose last output says which it was."""
    return chain(
        ("input", "Input", dict(height=8, width=8, channels=1)), ("sequence", "Row by row", {}), ("lstm", "LSTM", dict(units=24)),
        ("out-of-time", "Last row", {}), ("output", "Output", dict(classes=10)),
    )  # fmt: skip


def attentive() -> Graph:
    """Digits whose rows look at one another: a block of attention and a dense layer per place, each added to what came."""
    graph = chain(
        ("input", "Input", dict(height=8, width=8, channels=1)), ("sequence", "Row by row", {}), ("dense-per-place", "Widen", dict(units=24, activation="identity")),
        ("positions", "Positions", {}), ("layer-norm", "Norm", {}), ("attention", "Attention", dict(heads=4, causal=False)), ("add", "Add", {}),
        ("out-of-time", "Mean", dict(keep="mean")), ("dense", "Dense", dict(units=32, activation="relu")), ("output", "Output", dict(classes=10)),
    )  # fmt: skip
    return graph.connect(graph.named("Positions").id, graph.named("Add").id)[0]


ASCII = 96  # letters that can be printed, and the end of a line


def letters_gpt(vocabulary: int = ASCII, *, places: int = 32, width: int = 32, heads: int = 2, blocks: int = 1) -> Graph:
    """A small GPT: blocks of attention and of two dense layers per place, both added to the stream; the head is tied to the embedding."""
    small = {"first": "0.02"}
    graph = chain(
        ("tokens", "Tokens", dict(places=places)), ("embedding", "Embedding", dict(vocabulary=vocabulary, features=width)), ("positions", "Positions", {}),
        ("layer-norm", "Norm 1", {}), ("attention", "Attention", dict(heads=heads, **small)), ("add", "Add 1", {}), ("layer-norm", "Norm 2", {}),
        ("dense-per-place", "Keys", dict(units=4 * width, **small)), ("dense-per-place", "Values", dict(units=width, activation="identity", **small)),
        ("add", "Add 2", {}), ("layer-norm", "Last norm", {}), ("token-head", "Head", dict(vocabulary=vocabulary)),
    )  # fmt: skip
    for source, target in (("Positions", "Add 1"), ("Add 1", "Add 2")):
        graph, _ = graph.connect(graph.named(source).id, graph.named(target).id)
    inside = [graph.named(t).id for t in ("Norm 1", "Attention", "Add 1", "Norm 2", "Keys", "Values", "Add 2")]
    rows = ((0, 1, 2), (3, 4, 5), (6, 7, 8, 9, 10, 11))  # the block below what it reads, the head at its right
    graph = graph.move({graph.nodes[k].id: (260.0 * x, 200.0 * y) for y, row in enumerate(rows) for x, k in enumerate(row)})
    return graph.group(inside, "Block", blocks)[0]


def letters_lstm(vocabulary: int = ASCII, *, places: int = 32, cells: int = 64) -> Graph:
    """Letters read by a memory, whose output says the next one at every place."""
    return chain(
        ("tokens", "Tokens", dict(places=places)), ("embedding", "Embedding", dict(vocabulary=vocabulary, features=16)),
        ("lstm", "LSTM", dict(units=cells)), ("token-head", "Head", dict(vocabulary=vocabulary, tied=False)),
    )  # fmt: skip


TEMPLATES = {
    "Perceptron": Template(perceptron, "One layer: each class is a weighted sum of the two inputs, so the border between the classes is a straight line. "
                           "Half-moons cannot be told apart by a line: add a Dense layer between and train again.", {"data": "moons"}),
    "MLP": Template(mlp, "Two hidden layers bend the plane until a line can separate the classes. Click a neuron of the drawing below to read how its value "
                    "comes about; choose 'forward pass' to see the activity travel.", {"data": "moons"}),
    "MLP for digits": Template(lambda: mlp(32, 64, 10), "Sixty-four pixels in, ten classes out: 3,466 parameters learn to read handwritten digits in a few "
                               "seconds.", {"data": "digits"}),
    "Autoencoder": Template(autoencoder, "The network must say its input again after passing it through two numbers, the Code. What it keeps is what "
                            "matters most in the pictures; more units in Code keep more.", {"data": "digits"}),
    "Variational autoencoder": Template(variational, "The Code is drawn from a cloud around what the encoder says, and the loss keeps all clouds near the middle: "
                                        "places between them then mean pictures, too.", {"data": "digits"}),
    "CNN": Template(cnn, "Eight kernels of 3 by 3 slide over the picture: the same weights at every place. Pooling keeps the largest answer of each window, "
                    "so that a shift by one pixel hardly matters.", {"data": "digits"}),
    "Digits row by row, LSTM": Template(in_time, "The picture comes row by row. After the eighth the output of the memory must hold which digit it was; what the first row "
                                        "said is still in its cells.", {"data": "digits"}),
    "Digits row by row, attention": Template(attentive, "Every row looks at every other, once for each of four heads, and what it finds is added to it. Positions tell it which "
                                             "row it is: take them out, and the order of the rows is lost.", {"data": "digits"}),
    "Small GPT": Template(letters_gpt, "Letters come in, and the head says which is next. In the block every place looks back at those before it, then passes two dense "
                                       "layers; what both say is added to the stream. Click the frame to repeat the block; take Positions out, and the order of the letters is lost."),
    "Letters, LSTM": Template(letters_lstm, "The same task without attention: the cells of the memory must carry whatever is needed of the letters so far. Put a GRU or "
                                            "recurrent units in its place and compare."),
    "Residual block": Template(residual, "The wire around Hidden 2 adds what came in to what the layer makes of it: the layer need only learn the difference, "
                               "and the gradient has a way that no activation damps.", {"data": "moons"}),
    "Residual block, repeated": Template(deep, "The frame stands for four copies in a row, each with weights of its own. Select it to change how often it is "
                                         "repeated; fold it to a single card with J.", {"data": "moons"}),
}  # fmt: skip
