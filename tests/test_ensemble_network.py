"""Networks of ensembles: functions and dimensions of wires, the kernel against a slow walk, changes while it runs, files."""

import json
import math

import numpy as np
import pytest

from lab.__main__ import main
from lab.engine.simulation import Simulation, run
from lab.errors import LabError
from lab.graph import files
from lab.graph.census import census, connections
from lab.graph.document import Graph, family
from lab.graph.kinds.ensembles import channel, integrator, network, product
from lab.graph.kinds.gates import half_adder
from lab.model import Events
from lab.models.networks.ensemble_network import EnsembleNetwork as Model
from lab.params.arithmetic import FormulaError, parse_each
from lab.spiking.coding import network as nets
from lab.spiking.coding.parts import Decoded, Value
from lab.spiking.coding.populations import REFRACTORY, TAU, scattered


def two_values(dimensions: int = 2, function: str = "x y") -> Graph:
    graph = Graph("ensembles")
    ids = {}
    for kind, title, values in (
        ("value", "a", dict(value=0.8)),
        ("value", "b", dict(value=-0.5)),
        ("ensemble", "E", dict(dimensions=dimensions)),
        ("output", "Out", {}),
    ):
        graph, ids[title] = graph.add_node(kind, title=title, **values)
    for source, target, values in (("a", "E", {}), ("b", "E", {}), ("E", "Out", dict(function=function, synapse=20.0))):
        graph, _ = graph.connect(ids[source], ids[target], **values)
    return graph


def sentences(graph: Graph) -> list[str]:
    return [p.sentence for p in graph.problems() if p.fatal]


# -- functions and dimensions --


def test_several_formulas_are_parted_at_commas_and_errors_keep_their_place_in_the_whole_text():
    one, two = parse_each("max(x, y), -x", ["x", "y"])
    assert one(x=1.0, y=2.0) == 2.0 and two(x=1.0, y=2.0) == -1.0
    with pytest.raises(FormulaError) as found:
        parse_each("x, y + q", ["x", "y"])
    assert (found.value.first, found.value.last) == (7, 8) and "»q«" in str(found.value)
    with pytest.raises(FormulaError, match="missing beside the comma"):
        parse_each("x,", ["x"])


@pytest.mark.parametrize(("text", "words"), [("x +", "cannot be read"), ("'a'", "must give numbers"), ("__import__('os')", "no function")])
def test_a_wire_refuses_what_is_no_function(text, words):
    with pytest.raises(LabError, match=words):
        Decoded(function=text)


def test_values_fill_the_dimensions_of_an_ensemble_one_after_another():
    led = {w.link.id: w.into for w in network(two_values()).led}
    assert list(led.values())[:2] == [0, 1]
    labels = [family("ensembles").label(two_values(), e) for e in two_values().edges]
    assert labels == ["x → x · 5 ms", "x → y · 5 ms", "x y · 20 ms"]
    # In one dimension both are added.
    assert [w.into for w in network(two_values(1, "x")).led][:2] == [0, 0]


def test_a_name_that_the_source_does_not_hold_is_marked_with_what_to_do():
    (sentence,) = sentences(two_values(dimensions=1))
    assert (
        sentence
        == "E to Out: E holds one value, x, and there is no 'y' in x »y«: give it 2 dimensions, or write the function with what it holds."
    )


def test_too_many_numbers_for_the_target_are_refused_with_what_to_do():
    graph, b = two_values().add_node("ensemble", title="B")
    graph, wire = graph.connect(graph.named("E").id, b)
    (sentence,) = sentences(graph)
    assert "E to B: the wire brings 2 values from dimension 1 on, and B holds 1: type a function with 1 value" in sentence
    assert graph.problems()[0].edges == (wire,)
    with pytest.raises(LabError, match="the wire brings 2 values"):
        Model(graph=graph.to_json())
    assert not sentences(graph.set(wire, function="x y"))


def test_a_dimension_that_nothing_reaches_and_a_file_that_is_not_chosen_are_said():
    graph = two_values(3, "x y")
    assert any("No wire reaches z of E" in p.sentence and not p.fatal for p in graph.problems())
    graph = graph.set(graph.named("a").id, signal="file")
    assert sentences(graph) == ["a is to be read from a file: choose one, or another signal."]


def test_a_function_without_a_value_somewhere_is_refused_when_decoders_are_sought():
    with pytest.raises(LabError, match=r"E to Out: ln\(x\) has no finite value at .*: the ensemble holds values from -1 to 1"):
        Simulation(Model(graph=two_values(function="ln(x)").to_json()))


@pytest.mark.parametrize("title", family("ensembles").templates)
def test_templates_run_and_survive_text(title):
    graph = family("ensembles").templates[title].explained()
    assert graph.problems() == () and Graph.from_json(graph.to_json()) == graph
    assert run(Model(graph=graph.to_json()), steps=50, record={}).summary["neurons"] >= 100


def test_other_networks_are_refused():
    with pytest.raises(LabError, match="takes ensembles"):
        Model(graph=half_adder().to_json())


# -- the kernel --


def slow(built, given, dt, moving):
    """The same steps, neuron by neuron as the equations say."""
    net, rows = built.net, []
    smoothed, v, rest = moving.smoothed.copy(), moving.v.copy(), moving.rest.copy()
    C, sent = len(built.columns), given.shape[1]
    for step in given:
        raw = np.zeros(C)
        raw[C - sent :] = step
        at = slice(C - sent, C)
        smoothed[at] = built.keep[at] * smoothed[at] + (1 - built.keep[at]) * raw[at]
        for row, part, of in zip(built.table, net.ensembles, built.populations, strict=True):
            where = built.places[part.id]
            value = np.array([sum((smoothed[c] for c in range(C) if built.columns[c] == k), 0.0) for k in range(where.start, where.stop)])
            J = of.encoders @ value * of.gain + of.bias
            D = built.decoders[row[8] : row[8] + row[1] * row[7]].reshape(row[1], row[7])
            for i in range(row[1]):
                n = row[0] + i
                if part.kind.neurons_are == "LIF":
                    free = min(max(dt - rest[n], 0.0), dt)
                    u = v[n] + (J[i] - v[n]) * (1 - math.exp(-free / TAU))
                    rest[n] -= dt
                    if u > 1.0:
                        rest[n] = REFRACTORY + TAU * math.log(1 - (u - 1) / (J[i] - 1))
                        u = 0.0
                        raw[row[6] : row[6] + row[7]] += D[i] / dt
                    v[n] = max(u, 0.0)
                else:
                    raw[row[6] : row[6] + row[7]] += of.rates(value[None])[0, i] * D[i]
        on = slice(0, C - sent)
        smoothed[on] = built.keep[on] * smoothed[on] + (1 - built.keep[on]) * raw[on]
        rows.append(smoothed.copy())
    return np.array(rows)


def test_the_kernel_does_what_the_equations_say_for_all_kinds_of_neurons():
    graph = two_values()
    graph, r = graph.add_node("ensemble", title="R", neurons=30, neurons_are="LIF, as rates")
    graph, s = graph.add_node("ensemble", title="S", neurons=30, neurons_are="sigmoid", dimensions=3)
    e = graph.named("E").id
    for source, target, values in (
        (e, r, dict(function="x^2")),
        (r, s, dict(into=2)),
        (s, e, dict(function="x + z", into=1, synapse=0.0)),
        (r, r, dict(synapse=50.0)),
    ):
        graph, _ = graph.connect(source, target, **values)
    built = nets.build(network(graph), 3, 1e-3, 10)
    neurons, columns = built.laid.sizes
    state = lambda: nets.Moving(np.linspace(0, 0.9, neurons), np.zeros(neurons), np.ones(neurons), np.zeros(columns))  # noqa: E731
    given, _ = nets.sent(built, np.arange(1, 61) * 1e-3)
    rows = np.empty((60, columns))
    assert nets.advance(state(), nets.kernel_part(built), given, 1e-3, TAU, REFRACTORY, rows, Events(10_000).columns) == 60
    assert rows == pytest.approx(slow(built, given, 1e-3, state()), abs=1e-9)


def test_a_step_that_finds_no_room_for_spikes_is_left_to_the_next_call():
    built = nets.build(network(channel()), 0, 1e-3, 40)
    moving = nets.Moving(np.full(100, 0.99), np.zeros(100), np.ones(100), np.zeros(len(built.columns)))
    given, _ = nets.sent(built, np.arange(1, 101) * 1e-3)
    assert (
        nets.advance(moving, nets.kernel_part(built), given, 1e-3, TAU, REFRACTORY, np.empty((100, len(built.columns))), Events(39).columns)
        == 0
    )


def test_five_thousand_neurons_are_one_network():
    graph = Graph("ensembles")
    before = None
    for k in range(10):
        graph, id = graph.add_node("ensemble", title=f"E{k}", neurons=500, radius=1.0)
        if before:
            graph, _ = graph.connect(before, id)
        before = id
    simulation = Simulation(Model(graph=graph.to_json()))
    simulation.advance(20)
    assert len(simulation.state["v"]) == 5000 and simulation.state["smoothed"].any()


# -- what comes of it --


def test_the_product_of_two_values_is_decoded_and_compared_with_the_exact_one():
    result = run(Model(graph=two_values().to_json()), steps=1000, record={"outputs": 1})
    said, exact = result["outputs"].T
    assert exact[-1] == pytest.approx(-0.4, abs=1e-9) and said[500:].mean() == pytest.approx(-0.4, abs=0.05)
    assert result.summary["error of Out"] < 0.1


def test_an_integrator_has_no_exact_line_and_holds_without_its_input():
    model = Model(graph=integrator().to_json())
    assert model.stream("outputs").channels == ("Held",)
    x = run(model, steps=2000, record={"outputs": 1})["outputs"][:, 0]
    assert x[1000] > 0.3 and abs(x[-1] - x[1000]) < 0.15


def test_a_value_that_is_moved_keeps_the_run_and_a_new_wire_keeps_the_voltages():
    graph = two_values()
    simulation = Simulation(Model(graph=graph.to_json()))
    simulation.advance(300)
    before = simulation.state["v"].copy(), simulation.state["smoothed"].copy()
    simulation.change(graph=graph.set(graph.named("a").id, value=-0.8).to_json())
    assert (simulation.state["v"] == before[0]).all() and (simulation.state["smoothed"] == before[1]).all()
    more, id = graph.add_node("ensemble", title="F", neurons=100)
    more, _ = more.connect(graph.named("E").id, id, function="x")
    simulation.change(graph=more.to_json())
    assert (simulation.state["v"][:200] == before[0]).all() and len(simulation.state["v"]) == 300
    simulation.advance(100)
    point = simulation.checkpoint()
    simulation.advance(50)
    after = simulation.state["smoothed"].copy()
    simulation.restore(point)
    simulation.advance(50)
    assert (simulation.state["smoothed"] == after).all()


def test_silenced_neurons_are_missed_until_they_are_revived():
    simulation = Simulation(Model())
    simulation.act("silence", share=60.0)
    simulation.advance(3000)
    assert simulation.summary()["alive"] == 40
    hurt = simulation.summary()["error of Output"]
    simulation.act("revive")
    simulation.advance(500)
    simulation.act("measure_anew")
    simulation.advance(2000)
    assert simulation.summary()["error of Output"] < 0.3 * hurt


def test_signals_are_drawn_and_read_from_files_and_repeat(tmp_path):
    t = np.array([0.0, 0.5, 1.25])
    drawn = Value(signal="drawn", drawn=((2.0, 0.0), (3.0, 1.0)))
    assert drawn.given(t, drawn.recorded()) == pytest.approx([0.0, 0.5, 0.25])
    path = tmp_path / "wave.csv"
    path.write_text("t (s),value\n0,0\n0.5,1\n1,0\n")
    read = Value(signal="file", file=str(path), scale=2.0)
    assert read.given(t, read.recorded()) == pytest.approx([0.0, 2.0, 1.0])
    pulse = Value(signal="pulse", begin=0.2, end=0.7)
    assert pulse.given(t, None).tolist() == [0.0, 1.0, 0.0]
    graph = channel()
    graph = graph.set(graph.named("Value").id, signal="file", file=str(tmp_path / "gone.csv"))
    with pytest.raises(LabError, match=r"gone\.csv"):
        Simulation(Model(graph=graph.to_json()))


def test_values_alone_reach_an_output_without_neurons():
    graph = Graph("ensembles")
    graph, a = graph.add_node("value", title="a", value=0.5)
    graph, y = graph.add_node("output", title="y")
    graph, _ = graph.connect(a, y, function="x^2, 1 / (x - x)", synapse=0.0)
    assert run(Model(graph=graph.to_json()), steps=5, record={"outputs": 1})["outputs"][-1].tolist() == [0.25, 1e6]


# -- counted, written, run without a window --


def test_neurons_and_synapses_are_counted_and_can_be_analysed():
    graph = family("ensembles").templates["A function on the way"].make()
    assert (census(graph).neurons, census(graph).synapses) == (200, 10_000)
    names, pairs = connections(graph, 500)
    assert len(names) == 200 and len(pairs) == 10_000 and names[100] == "B 1" and pairs[:, 0].max() == 99
    assert len(connections(graph, 50)[0]) <= 50
    names, pairs = connections(graph, 1)  # fewer than there are ensembles
    assert len(names) == 1 and (pairs < 1).all()
    assert family("ensembles").totals(graph) == "2 ensembles · 200 neurons · 10\u202f000 synapses, computed with 200 factors"


@pytest.mark.parametrize("ending", [".json", ".graphml"])
def test_a_saved_network_is_the_same_and_runs_by_the_command(tmp_path, monkeypatch, capsys, ending):
    monkeypatch.chdir(tmp_path)
    path = files.write(product(), tmp_path / f"net{ending}")
    again = files.read(path, "ensembles")
    assert [n.parameters for n in again.nodes] == [n.parameters for n in product().nodes]
    assert [e.properties for e in again.edges] == [e.properties for e in product().edges]
    assert main(["run", "ensemble-network", "--set", f"graph={path.name}", "--for", "300steps", "--json", "--quiet", "-o", "net.lab"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["neurons"] == 200
    assert main(["run", "ensemble-network", "--set", "graph=none.json", "--for", "3steps"]) == 2
    assert "none.json" in capsys.readouterr().err


@pytest.mark.parametrize("dimensions", [1, 2, 3, 8])
def test_directions_are_spread_evenly(dimensions):
    drawn = scattered(np.random.default_rng(1), 400, dimensions)
    assert np.linalg.norm(drawn, axis=1) == pytest.approx(np.ones(400))
    assert np.abs(drawn.mean(axis=0)).max() < 0.02 and np.abs(drawn.T @ drawn / 400 - np.eye(dimensions) / dimensions).max() < 0.02
