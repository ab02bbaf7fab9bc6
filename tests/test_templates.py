"""Every template of the canvas opens, says what it shows, and runs in every model that has such a canvas."""

import pytest

from lab import catalog
from lab.engine import simulation as engine
from lab.graph.document import FAMILIES, Graph, family

MODELS = {
    "layers": ("layered-network", "canvas-training"),
    "populations": ("spiking-network",),
    "gates": ("boolean-network", "computation-graph"),
    "units": ("hopfield-units",),
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


@pytest.mark.parametrize(("name", "title"), [case for case in ALL if case[0] != "populations"])
def test_a_template_runs_in_its_models_with_the_values_it_brings(name, title):
    template = family(name).templates[title]
    for model in MODELS[name]:
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
