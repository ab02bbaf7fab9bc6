"""Layers over sequences on the canvas: shapes while wiring, counts, values and gradients against PyTorch and the tape's own, training."""

import numpy as np
import pytest

from lab import catalog
from lab.engine.simulation import run
from lab.graph.kinds.layers import chain, shapes, write
from lab.graph.kinds.layers.network import census
from lab.graph.kinds.layers.templates import TEMPLATES
from lab.tape import Tape

PICTURE = ("input", "Input", dict(height=8, width=8, channels=1))
OUT = ("output", "Output", dict(classes=10))
LAYERS = {
    "recurrent": ("recurrent", "Memory", dict(units=5)),
    "lstm": ("lstm", "Memory", dict(units=5, forget=0.5)),
    "gru": ("gru", "Memory", dict(units=5)),
    "causal attention": ("attention", "Memory", dict(heads=2)),
    "attention": ("attention", "Memory", dict(heads=2, causal=False)),
    "layer norm": ("layer-norm", "Memory", {}),
    "positions": ("positions", "Memory", {}),
    "dense per place": ("dense-per-place", "Memory", dict(units=5)),
}


def network(layer, keep="mean"):
    return chain(PICTURE, ("sequence", "Rows", {}), layer, ("out-of-time", "End", dict(keep=keep)), OUT)


def compiled(graph):
    tape = Tape()
    logits, _ = write(tape, graph, tape.input("x", (64,)))
    tape.cross_entropy(logits, tape.labels("t", 10), name="loss")
    program = tape.compile(8, "float64")
    state, rng = program.start(1), np.random.default_rng(0)
    state["parameters"][:] = 0.5 * rng.normal(size=len(state["parameters"]))
    return program, state, {"x": rng.normal(size=(6, 64)), "t": rng.integers(0, 10, 6)}


@pytest.mark.parametrize("name", LAYERS)
def test_each_layer_gives_what_torch_gives_and_its_gradients(name):
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    graph = network(LAYERS[name])
    program, state, inputs = compiled(graph)
    id = graph.named("Memory").id
    p = {key: torch.tensor(value.copy(), requires_grad=True) for key, value in program.parameters(state).items()}
    x = torch.tensor(inputs["x"]).reshape(6, 8, 8)

    def affine(h, key):
        return h @ p[f"{key}.weight"] + p[f"{key}.bias"]

    if name in ("recurrent", "lstm"):
        weights = [p[f"{id}.sum.weight"], p[f"{id}.recurrent"], p[f"{id}.sum.bias"]]
        if name == "recurrent":
            parts = [weights[0].T, weights[1].T, weights[2], 0 * weights[2]]
            h = torch.rnn_tanh(x, torch.zeros(1, 6, 5).double(), parts, True, 1, 0.0, False, False, True)[0]
        else:
            zero = torch.zeros(1, 6, 5).double()
            parts = [weights[0].T, weights[1].T, weights[2], 0 * weights[2]]
            h = torch.lstm(x, (zero, zero), parts, True, 1, 0.0, False, False, True)[0]
    elif name == "gru":
        weights = [
            p[f"{id}.sum.weight"].T,
            p[f"{id}.recurrent"].T,
            p[f"{id}.sum.bias"],
            torch.cat([torch.zeros(10).double(), p[f"{id}.recalled"]]),
        ]
        h = torch.gru(x, torch.zeros(1, 6, 5).double(), weights, True, 1, 0.0, False, False, True)[0]
    elif "attention" in name:
        q, k, v = (u.unflatten(-1, (2, 4)).transpose(1, 2) for u in affine(x, f"{id}.sum").chunk(3, 2))
        h = affine(F.scaled_dot_product_attention(q, k, v, is_causal=name.startswith("causal")).transpose(1, 2).flatten(2), id)
    elif name == "layer norm":
        h = F.layer_norm(x, (8,), p[f"{id}.gain"], p[f"{id}.bias"], 1e-5)
    elif name == "positions":
        h = x + p[f"{id}.weight"]
    else:
        h = F.gelu(affine(x, f"{id}.sum"), approximate="tanh")
    logits = affine(h.mean(1), f"{graph.named('Output').id}.sum")
    loss = F.cross_entropy(logits, torch.tensor(inputs["t"]))
    loss.backward()
    np.testing.assert_allclose(program.forward(state, id, **inputs), h.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(program.forward(state, "loss", **inputs).mean(), loss.item(), atol=1e-12)
    for key, found in zip(p, program.gradients(state, "loss", list(p), **inputs), strict=True):
        np.testing.assert_allclose(found, p[key].grad.numpy(), atol=1e-12, err_msg=key)


def test_recurrent_and_lstm_are_those_of_the_lab_s_own_model():
    from lab.models.learning.recurrent_network import RecurrentNetwork

    model = RecurrentNetwork(task="echo", span=8, delay=2, units=5)
    tape = Tape()
    model.write(tape)
    theirs = tape.compile(8, "float64")
    their_state = theirs.start(3)
    x = np.random.default_rng(1).random((4, 8, 1))
    for kind, who, names in (
        ("recurrent", "rnn", {"sum.weight": "drive.weight", "sum.bias": "drive.bias", "recurrent": "recurrent"}),
        ("lstm", "lstm", {"sum.weight": "input", "sum.bias": "bias", "recurrent": "recurrent"}),
    ):
        graph = chain(
            ("input", "Input", dict(channels=8)), ("sequence", "In time", {}), (kind, "Memory", dict(units=5)), ("out-of-time", "Last", {}), OUT
        )  # fmt: skip
        ours = Tape()
        write(ours, graph, ours.input("x", (8,)))
        program, id = ours.compile(8, "float64"), graph.named("Memory").id
        state = program.start(1)
        known = program.parameters(state)
        for mine, other in names.items():
            known[f"{id}.{mine}"][...] = theirs.parameters(their_state)[f"{who}.{other}"]
        last = theirs.forward(their_state, f"{who}.7" if who == "rnn" else f"{who}.7.h", x=x, t=np.zeros((4, 8, 1)))
        np.testing.assert_array_equal(program.forward(state, graph.named("Last").id, x=x[:, :, 0]), last)


@pytest.mark.parametrize("name", LAYERS)
def test_shapes_and_counts_are_those_that_are_trained(name):
    graph = network(LAYERS[name], "last place")
    simulation = run(catalog.load("canvas-training")(graph=graph.to_json(), data="digits", epochs=1), steps=3, record={}).simulation
    tape, known = simulation.constants.program.tape, shapes(graph)
    for node in graph.nodes[1:4]:
        assert tape.find(node.id).shape == known[node.id]
    assert sum(a.size for a in simulation.constants.program.parameters(simulation.state).values()) == census(graph).parameters
    for stream in simulation.model.streams:  # health, activity, slow motion, carried weights
        if stream.form == "snapshots":
            simulation.observe(stream.name)
    simulation.act("check_gradients")
    assert "arrays agree" in simulation.summary()["gradient check"]


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ((PICTURE, LAYERS["recurrent"], OUT), "takes a sequence (time × features)"),
        ((PICTURE, ("sequence", "Rows", {}), LAYERS["lstm"], OUT), "gives a sequence of 8 × 5 (time × features), but Output takes a row of numbers"),
        ((PICTURE, ("sequence", "Rows", {}), ("sequence", "Again", {}), OUT), "gives a sequence already (8 × 8)"),
        ((("input", "Input", dict(channels=7)), ("sequence", "Pairs", dict(features=2)), OUT), "7 numbers cannot be cut into places of 2"),
        ((PICTURE, ("sequence", "Rows", {}), ("convolution", "Kernels", {}), OUT), "Kernels takes pictures"),
        ((PICTURE, ("sequence", "Rows", {}), ("attention", "Look", dict(heads=3)), OUT), "cannot be shared out among 3 heads"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_one_sentence_that_names_both_ends(layers, words):
    sentences = [problem.sentence for problem in chain(*layers).problems()]
    assert any(words in sentence for sentence in sentences), sentences


@pytest.mark.parametrize("title", ["Digits row by row, LSTM", "Digits row by row, attention"])
def test_the_templates_over_rows_learn_the_digits(title):
    graph = TEMPLATES[title]()
    model = catalog.load("canvas-training")(graph=graph.to_json(), data="digits", rate=0.005, epochs=12, evaluate=12.0)
    assert run(model, seed=1, record={}).summary["test accuracy"] > 0.85
    layered = run(catalog.load("layered-network")(graph=graph.to_json(), data="digits"), steps=2, record={}).simulation
    for stream in layered.model.streams:
        if stream.form == "snapshots":
            layered.observe(stream.name)
