"""The catalogue's spiking network: theory beside measurement, changes while it runs, and the sentences of its refusals."""

import numpy as np
import pytest

from lab import catalog
from lab.engine import simulation as engine
from lab.engine.simulation import Simulation
from lab.errors import LabError, ModelError, ParameterError
from lab.graph.document import Graph
from lab.graph.kinds.populations import brunel, competition, network, ring_attractor, winner_take_all
from lab.spiking import theory
from lab.spiking.cells import LIF
from lab.spiking.network import Input, Link, Network, Scales
from lab.spiking.projections import Drive, Projection
from lab.spiking.statistics import population_statistics, spectrum

MODEL = catalog.load("spiking-network")


def small():
    """Brunel's network with a thousand cells and weights that make up for their number."""
    g = brunel(1000)
    for e in g.edges:
        if hasattr(e.properties, "weight"):
            g = g.set(e.id, weight=1.0)
    return g.set(g.named("Outside").id, weight=1.0).to_json()


SMALL = small()


def one_population(**cell):
    g = Graph("populations")
    g, e = g.add_node("lif", title="E", **cell)
    return g, e


def test_siegert_is_the_diffusion_limit_of_many_small_inputs():
    cell = LIF(size=2000, synapses="delta", rest=0, threshold=20, reset=10, refractory=2, start_low=0, start_high=18)
    net = Network(
        (("cells", cell),),
        (),
        (
            Input("cells", Drive(rate=8.5, sources=5000, weight=0.02)),
            Input("cells", Drive(rate=5, sources=2000, weight=0.2, sign="inhibitory")),
            Input("cells", Drive(rate=6, sources=2000, weight=0.2)),
        ),
    )
    built = net.build(0.02, 1)
    state = net.start(built, 1)
    net.advance(built, state, 10_000)
    state["spikes"][:] = 0
    state["since"][:] = state["clock"]
    net.advance(built, state, 50_000)
    measured = population_statistics(built, state)[0]["rate"]
    (expected,) = theory.predicted(net, Scales())
    assert measured > 5
    assert measured == pytest.approx(expected, rel=0.03)


def test_siegert_without_noise_is_the_deterministic_rate():
    expected = 1000 / (2 + 20 * np.log((25 - 10) / (25 - 20)))
    assert theory.siegert(25.0, 0.01, 20.0, 20.0, 10.0, 2.0) == pytest.approx(expected, rel=1e-4)
    assert theory.siegert(5.0, 0.5, 20.0, 20.0, 10.0, 2.0) < 1e-100


@pytest.mark.parametrize(("mu", "sigma"), [(15.0, 5.0), (19.0, 1.0), (25.0, 3.0), (-40.0, 20.0), (60.0, 0.5)])
def test_siegert_agrees_with_a_fine_sum_of_its_integral(mu, sigma):
    from scipy.integrate import quad
    from scipy.special import erfcx

    low, high = (10 - mu) / sigma, (20 - mu) / sigma
    integral = quad(lambda u: erfcx(-u), low, high, limit=500)[0]
    assert theory.siegert(mu, sigma, 20.0, 20.0, 10.0, 2.0) == pytest.approx(1000 / (2 + 20 * np.sqrt(np.pi) * integral), rel=1e-6)


def test_theory_is_silent_where_there_is_none():
    conductance = MODEL(graph=MODEL.presets["The same with conductances"]["graph"])
    assert "prediction" not in [s.name for s in conductance.streams]
    assert theory.predicted(network(ring_attractor()), Scales()) is None


def test_what_nothing_drives_has_no_theory_and_what_a_drive_reaches_has():
    cell = LIF(size=1000, synapses="delta", rest=0, threshold=20, reset=10, refractory=2)
    excites = Projection(rule="fixed in-degree", in_degree=200, weight=1.0)
    alone = Network((("a", cell),), (Link("a", "a", excites),), ())
    assert theory.predicted(alone, Scales()) is None  # it reproduces itself at 495 Hz, and nothing takes it there
    inhibited = Network(alone.populations, alone.links, (Input("a", Drive(sign="inhibitory")),))
    assert theory.predicted(inhibited, Scales()) is None
    two = (("a", cell), ("b", cell), ("c", cell))
    links = (Link("a", "b", excites), Link("c", "c", excites))
    given = (Input("a", Drive(rate=20, sources=1000, weight=0.1)),)
    a, b, c = theory.predicted(Network(two, links, given), Scales())
    assert a > 1 and b > 0 and c == 0.0
    assert theory.predicted(Network(two, links, given), Scales(drive=0.0)) is None


def test_contours_of_the_diagram_pass_through_the_predicted_states():
    net = network(brunel())
    cell = net.populations[0][1]
    (rate, _) = theory.predicted(net, Scales(inhibition=5, drive=2))
    outside = theory.outside_rate(rate, np.array([5.0]), cell, 0.1, 1.0, (1000, 250, 1000))
    assert outside[0] == pytest.approx(20, rel=1e-3)


def test_scaled_down_network_keeps_mean_and_variance_of_every_input():
    whole, scales = network(brunel()), Scales(inhibition=5, drive=2)
    part = whole.scaled(0.2)
    rates = np.array(theory.predicted(whole, scales))
    mean, sigma, _ = theory.moments(whole, rates, scales)
    less, same, _ = theory.moments(part, rates, scales)
    extra = np.array(theory.compensation(whole, part, scales))
    assert part.neurons == 2500 and part.links[0].projection.in_degree == 200
    assert same == pytest.approx(sigma, rel=1e-12) and less + extra == pytest.approx(mean, rel=1e-12)
    assert abs(extra).max() > 1


def test_keeping_the_weights_of_a_smaller_network_destroys_its_state():
    net = network(brunel(2500))
    built = net.build(0.1, 1)
    state = net.start(built, 1)
    net.advance(built, state, 5000, Scales(inhibition=5, drive=10))  # 200 inputs at five times the rate: the same outside drive
    found = population_statistics(built, state)[0]
    assert found["rate"] == pytest.approx(75, abs=8) and found["cv"] < 0.25


def test_rates_trace_counts_the_spikes_of_all_cells():
    result = engine.run(MODEL(graph=SMALL, inhibition=5.0, drive=2.0), 3000, record={"rates": 1, "spikes": 1})
    mean = result["rates"][1000:].mean(axis=0)
    counted = result.state["spikes"].reshape(-1)
    assert mean[0] == pytest.approx(counted[:800].mean() / 0.3, rel=0.1)
    raster = result.recorded("spikes")
    assert set(raster.index) <= set(range(200)) and np.all(raster.time > 0) and raster.time.max() <= 300 + 1e-9
    assert len(raster.time) == counted[result.simulation.constants.recorded].sum()


def test_a_weight_changed_on_the_canvas_acts_while_it_runs_and_keeps_the_state():
    graph = Graph.from_json(SMALL)
    simulation = Simulation(MODEL(graph=SMALL, inhibition=5.0, drive=2.0), 1)
    simulation.advance(500)
    before, targets = simulation.state["x"].copy(), simulation.constants.wiring.targets.copy()
    edge = next(e for e in graph.edges if graph.node(e.source).title == "E")
    simulation.change(graph=graph.set(edge.id, weight=1.2).to_json())
    assert np.array_equal(simulation.state["x"], before) and np.array_equal(simulation.constants.wiring.targets, targets)
    simulation.advance(100)


def test_another_structure_starts_from_rest_and_time_goes_on():
    graph = Graph.from_json(SMALL)
    simulation = Simulation(MODEL(graph=SMALL, drive=2.0), 1)
    simulation.advance(500)
    e = graph.named("E")
    simulation.change(graph=graph.set(e.id, size=700).to_json())
    assert simulation.state["x"].shape[1] == 900 and simulation.state["clock"][0] == 500 and simulation.state["spikes"].sum() == 0
    simulation.advance(100)


def test_silencing_the_network_that_keeps_itself_going_ends_it():
    simulation = Simulation(MODEL(), 1)
    simulation.advance(1000)
    assert simulation.state["smooth"].min() > 0.5
    simulation.act("silence", population="E")
    simulation.advance(1000)
    simulation.act("silence", population="E", silent=False)
    simulation.act("restart_statistics")
    simulation.advance(2000)
    # Cells rest at -49 mV, above threshold: they fire again by themselves.
    assert simulation.state["spikes"].sum() > 0
    with pytest.raises(ModelError, match="no population 'X': choose one of E, I"):
        simulation.act("silence", population="X")


def test_stimulating_a_group_makes_its_cells_fire_at_once():
    g, _ = one_population(size=400, record=40)
    simulation = Simulation(MODEL(graph=g.to_json()), 1)
    simulation.act("stimulate", y=20.0, rows=10, kick=40.0)
    block = simulation.advance(1)
    fired = np.flatnonzero(simulation.state["spikes"])
    assert len(fired) > 80 and fired.max() - fired.min() < 100
    assert sorted(block.events["spikes"][1]) == list(range(15, 25))


def test_one_of_two_competing_groups_wins():
    winners = set()
    for seed in range(4):
        result = engine.run(MODEL(graph=winner_take_all().to_json()), 10_000, seed=seed, record={"rates": 10})
        a, b, _ = result["rates"][500:].mean(axis=0)
        assert max(a, b) > 5 * min(a, b) + 5, (seed, a, b)
        winners.add("A" if a > b else "B")
    assert winners == {"A", "B"}


def test_a_bump_of_activity_stays_where_it_was_put():
    for row in (64, 192):
        simulation = Simulation(MODEL(graph=ring_attractor().to_json()), 2)
        simulation.advance(1000)
        simulation.act("stimulate", y=float(row), rows=50, kick=40.0)
        simulation.advance(3000)
        simulation.act("restart_statistics")
        simulation.advance(3000)
        spikes = simulation.state["spikes"][:512].astype(float)
        angle = np.angle((spikes * np.exp(2j * np.pi * np.arange(512) / 512)).sum()) / (2 * np.pi) * 512 % 512
        near = np.abs((np.arange(512) - 2 * row + 256) % 512 - 256) < 100
        assert spikes.sum() > 300 and spikes[near].sum() > 0.9 * spikes.sum(), (row, angle, spikes.sum())


def test_spectrum_is_one_for_poisson_cells_at_every_frequency():
    g = Graph("populations")
    g, _ = g.add_node("poisson", title="P", size=300, rate=30)
    result = engine.run(MODEL(graph=g.to_json()), 20_000, seed=3, record={})
    power = spectrum(result.simulation.constants, result.state)[1]
    assert power.mean() == pytest.approx(1, abs=0.12)


def test_refusals_are_sentences():
    g, e = one_population(size=20)
    g, _ = g.connect(e, e, rule="fixed in-degree", in_degree=50)
    with pytest.raises(ParameterError, match=r"spiking-network.graph: E to E: in_degree 50 is more than"):
        MODEL(graph=g.to_json())
    with pytest.raises(ParameterError, match="not JSON"):
        MODEL(graph="{")
    with pytest.raises(LabError, match="The graph is empty"):
        MODEL(graph=Graph("populations").to_json())


def test_a_network_that_does_not_fit_is_refused_before_memory_is_taken(monkeypatch):
    g, e = one_population(size=100_000)
    g, _ = g.connect(e, e, probability=0.9)
    model = MODEL(graph=g.to_json())
    assert model.memory() > 36e9
    monkeypatch.setattr(engine, "available_memory", lambda: 16 << 30)
    monkeypatch.setattr(Network, "build", lambda *_: pytest.fail("memory was taken"))
    with pytest.raises(ModelError, match=r"needs about 36\.\d GB and 17\.2 GB are free"):
        Simulation(model)


def test_a_hundred_million_synapses_fit_in_24_gigabytes():
    cell = LIF(size=100_000)
    net = Network((("E", cell),), (Link("E", "E", Projection(rule="fixed in-degree", in_degree=1000, weight_spread=0.1)),))
    assert net.expected_synapses() == 1e8 and net.memory() < 24e9 * 0.1


def test_a_live_change_of_a_weight_draws_no_connectivity_again(monkeypatch):
    graph = Graph.from_json(SMALL)
    simulation = Simulation(MODEL(graph=SMALL), 5)
    monkeypatch.setattr(Network, "_connect", lambda *_: pytest.fail("connectivity was drawn again"))
    simulation.change(graph=graph.set(graph.edges[0].id, weight=0.3).to_json())
    with pytest.raises(pytest.fail.Exception, match="drawn again"):
        simulation.change(graph=graph.set(graph.edges[0].id, in_degree=30).to_json())


def rate_of_rows(simulation, low, high):
    recorded = simulation.constants.recorded[low:high]
    return float(simulation.state["spikes"][recorded].mean())


def test_painting_on_the_raster_drives_a_group_for_a_moment_and_replays_in_any_blocks():
    def painted(block):
        simulation = Simulation(MODEL(), 4)
        simulation.advance(1000)
        simulation.act("restart_statistics")
        simulation.act("drive_group", y=100.0, rows=20, duration=50.0)
        for _ in range(600 // block):
            simulation.advance(block)
        return simulation

    simulation = painted(600)
    driven, others = rate_of_rows(simulation, 90, 110), rate_of_rows(simulation, 120, 180)
    assert driven > 2.5 and others < 0.25 * driven  # 50 ms: as fast as the refractory time allows
    assert not (simulation.state["driven until"] > simulation.state["clock"][0]).any()
    again = painted(7 if 600 % 7 == 0 else 3)
    assert (again.state["spikes"] == simulation.state["spikes"]).all() and again.state["x"].tobytes() == simulation.state["x"].tobytes()


def test_the_same_painting_runs_from_a_schedule_without_a_window():
    from lab.model import Happened

    plain = engine.run(MODEL(), 800, seed=4, record={}).state["spikes"]
    painted = Happened(200, "act", "drive_group", {"y": 100.0, "rows": 20})
    changed = engine.run(MODEL(), 800, seed=4, record={}, schedule=(painted,)).state["spikes"]
    cells = slice(*MODEL()._group(MODEL().build(4), 100.0, 20))
    assert changed[cells].mean() > plain[cells].mean() + 1


def test_inputs_compete_by_stdp_until_their_weights_part_into_strong_and_weak():
    model = MODEL(graph=competition().to_json())
    simulation = Simulation(model, 1)
    before = model.observe(simulation.constants, simulation.state, "weights")
    result = engine.run(model, steps=model.steps_for(30_000.0), record={})
    middles, after = result.observe("weights")
    assert before[1].sum() == after.sum() == 10_000
    middle, ends = (middles > 0.5) & (middles < 1.5), (middles < 0.25) | (middles > 1.75)
    assert before[1][middle].sum() > 8500 and before[1][ends].sum() < 400
    assert after[middle].sum() < 5000 and after[ends].sum() > 3000
