"""Every template of the canvas opens, says what it shows, and runs in every model that has such a canvas."""

import pytest

from lab import catalog
from lab.engine import simulation as engine
from lab.errors import LabError
from lab.graph.census import census
from lab.graph.document import FAMILIES, Graph, family
from lab.graph.kinds.layers import chain, shapes

MODELS = {
    "layers": ("layered-network", "canvas-training"),
    "populations": ("spiking-network",),
    "ensembles": ("ensemble-network",),
    "gates": ("boolean-network", "computation-graph"),
    "units": ("hopfield-units",),
    "predictions": ("predictive-nodes",),
}
ALL = [(name, title) for name in FAMILIES for title in family(name).templates]
UNLIKE = {("boolean-network", "Free units")}  # real values have no truth table: refused, see below


def title_of(case):
    return " ".join(case) if isinstance(case, tuple) else case


@pytest.mark.parametrize(("name", "title"), ALL)
def test_a_template_explains_itself_and_survives_text(name, title):
    template = family(name).templates[title]
    graph = template.explained()
    assert len(template.about) > 40 and graph.comments[0].text == template.about
    assert not [p for p in graph.problems() if p.fatal]
    assert Graph.from_json(graph.to_json()) == graph
    # The explanation stands below the network and covers nothing.
    assert graph.comments[0].y > max(n.y for n in graph.nodes)


@pytest.mark.parametrize(
    ("name", "title"), [case for case in ALL if case[0] != "populations" and not family(case[0]).templates[case[1]].counted]
)
def test_a_template_runs_in_its_models_with_the_values_it_brings(name, title):
    template = family(name).templates[title]
    reads = any(n.kind == "tokens" for n in template().nodes)
    for model in ("text-network",) if reads else MODELS[name]:
        if (model, title) in UNLIKE:
            continue
        kind = catalog.load(model)
        values = {k: v for k, v in template.values.items() if k in kind.specs()}
        assert engine.run(kind(graph=template.explained().to_json(), **values), steps=3, record={}).simulation.step == 3


@pytest.mark.parametrize("title", family("populations").templates)
def test_a_template_of_populations_fires(title):
    template = family("populations").templates[title]
    kind = catalog.load("spiking-network")
    values = {"scale": 0.1} if title == "Brunel" else {}
    model = kind(**{"graph": template.explained().to_json(), **template.values, **values})
    if title == "Ring attractor":  # silent until somebody puts a bump on it, as its explanation says
        simulation = engine.run(model, steps=0, record={}).simulation
        simulation.advance(model.steps_for(100.0))
        simulation.act("stimulate", y=100.0, rows=50, kick=40.0)
        simulation.advance(model.steps_for(200.0))
        assert simulation.state["spikes"].sum() > 100
        return
    assert engine.run(model, steps=model.steps_for(150.0), record={}).state["spikes"].sum() > 0


@pytest.mark.parametrize(
    ("title", "parameters"), [("AlexNet", 61_100_840), ("VGG-16", 138_357_544), ("ResNet-50", 25_557_032), ("GPT-2 (124M)", 124_439_808)]
)
def test_well_known_networks_are_counted_to_their_published_parameters(title, parameters):
    template = family("layers").templates[title]
    assert template.counted and f"{parameters:,}" in template.about
    assert census(template()).parameters == parameters
    summary = engine.run(catalog.load("counting")(graph=template.explained().to_json()), steps=1, record={}).summary
    assert summary["parameters"] == parameters


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (dict(size=4), "only an odd kernel that moves by 1"),
        (dict(stride=2), "only an odd kernel that moves by 1"),
        (dict(size=3, same=False, padding=3), "padding of 3 is as large as its 3 × 3"),
        (dict(size=9, same=False), "smaller than the 9 × 9 kernels"),
    ],
)
def test_a_window_that_does_not_fit_is_refused_while_wiring(values, words):
    graph = chain(
        ("input", "Input", dict(height=8, width=8, channels=1)),
        ("convolution", "Convolution", values),
        ("flatten", "Flatten", {}),
        ("output", "Output", {}),
    )
    assert any(words in p.sentence and "Convolution" in p.sentence for p in graph.problems())


@pytest.mark.parametrize(
    "values",
    [dict(stride=2, same=False, padding=1), dict(size=4, same=False), dict(bias=False), dict(size=5, stride=3, same=False, padding=2)],
)
def test_stride_padding_and_bias_are_trained_with_the_shapes_that_the_canvas_shows(values):
    graph = chain(
        ("input", "Input", dict(height=8, width=8, channels=1)), ("convolution", "Convolution", dict(values, filters=4)),
        ("pool", "Pool", dict(size=2, stride=1, padding=1, of="mean")), ("flatten", "Flatten", {}), ("output", "Output", dict(classes=10)),
    )  # fmt: skip
    simulation = engine.run(catalog.load("canvas-training")(graph=graph.to_json(), data="digits"), steps=3, record={}).simulation
    known, nodes = shapes(graph), simulation.constants.program.tape
    for node in graph.nodes[1:3]:
        assert nodes.find(node.id).shape == known[node.id]
    learned = sum(array.size for array in simulation.constants.program.parameters(simulation.state).values())
    assert learned == census(graph).parameters


@pytest.mark.parametrize(
    ("title", "values", "words"),
    [
        ("Attention", dict(heads=7), "768 features cannot be shared out among 7 heads"),
        ("Head", dict(vocabulary=100), "Head has 100 tokens, but Embedding, to which it is tied, has 50257"),
        ("Values", dict(units=700), "to the same sum: make both alike"),
    ],
)
def test_a_transformer_is_checked_while_wiring(title, values, words):
    graph = family("layers").templates["GPT-2 (124M)"]()
    graph = graph.set(graph.named(title).id, **values)
    assert any(words in p.sentence for p in graph.problems())


def test_a_sequence_is_wanted_where_a_layer_works_on_one_and_tokens_are_learned_in_their_own_model():
    row = chain(("input", "Input", dict(channels=64)), ("attention", "Attention", {}), ("token-head", "Head", dict(tied=False)))
    assert any("takes a sequence (time × features)" in p.sentence for p in row.problems())
    text = family("layers").templates["GPT-2 (124M)"]().to_json()
    for model in MODELS["layers"]:
        with pytest.raises(LabError, match="reads a text: such a network learns in the model 'text-network'"):
            catalog.load(model)(graph=text)
    with pytest.raises(LabError, match="124,439,808 weights, and at most 5,000,000 learn here"):
        catalog.load("text-network")(graph=text)
