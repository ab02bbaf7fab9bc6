"""Spiking networks against a slow obvious simulator, exact solutions and counts that must come out."""

import math

import numpy as np
import pytest
from spiking_reference import simulate

from lab.errors import ModelError, ParameterError
from lab.model import Events
from lab.spiking.cells import LIF, AdEx, ConductanceLIF, HodgkinHuxley, Izhikevich, PoissonPopulation
from lab.spiking.network import Input, Link, Network, Scales
from lab.spiking.projections import Drive, Noise, Projection

ACTIVE = dict(tau=20, rest=-49, threshold=-50, reset=-60, refractory=5, start_low=-60, start_high=-50)


def pair(cell, excite=1.62, inhibit=9.0, sizes=(16, 4), **projection):
    """Excitatory and inhibitory neurons of one kind, joined with probability 0.3."""
    p = dict(probability=0.3, delay=0.8, to_itself=True) | projection
    links = [
        Link(s, t, Projection(sign=sign, weight=w, **p))
        for s, sign, w in (("E", "excitatory", excite), ("I", "inhibitory", inhibit))
        for t in ("E", "I")
    ]
    return Network((("E", cell.replace(size=sizes[0], record=100)), ("I", cell.replace(size=sizes[1], record=100))), tuple(links))


def spikes_of(net, steps, seed=1, blocks=(1,), dt=0.1):
    """Spikes [(step, row)] and the final state, run in blocks of the given sizes in turn."""
    built = net.build(dt, seed)
    state = net.start(built, seed)
    found, done, turn = [], 0, 0
    while done < steps:
        events = Events(1 << 12)
        moved = net.advance(built, state, min(steps - done, blocks[turn % len(blocks)]), events=events)
        k = int(events.count[0])
        found += list(zip((events.steps[:k] + done).tolist(), events.index[:k].tolist(), strict=True))
        done, turn = done + moved, turn + 1
    return found, state, built


CELLS = {
    "delta": LIF(synapses="delta", **ACTIVE),
    "exponential": LIF(synapses="exponential", **ACTIVE),
    "alpha": LIF(synapses="alpha", **ACTIVE),
    "conductance": ConductanceLIF(bias=250.0),
    "Izhikevich": Izhikevich(bias=10.0),
    "AdEx": AdEx(bias=900.0),
    "Hodgkin-Huxley": HodgkinHuxley(bias=300.0),
    "Hodgkin-Huxley second order": HodgkinHuxley(bias=300.0, method="second order"),
}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_same_spikes_as_a_slow_simulator(name, spread):
    net = pair(CELLS[name], delay_spread=spread, weight_spread=spread)
    steps = 1200
    found, _, built = spikes_of(net, steps, blocks=(steps,))
    expected = simulate(net, built, net.start(built, 1), steps)
    assert len(expected) > 20
    assert found == expected


@pytest.mark.parametrize("name", CELLS)
def test_block_size_does_not_matter(name):
    net = pair(CELLS[name], delay_spread=0.3)
    net = Network(net.populations, net.links, (Input("E", Drive(rate=5, sources=20, weight=1.0)), Input("I", Noise(strength=0.2))))
    whole, one, _ = spikes_of(net, 600, blocks=(600,))
    cut, other, _ = spikes_of(net, 600, blocks=(1, 7, 50))
    assert whole == cut and len(whole) > 10
    for key in one:
        assert np.array_equal(one[key], other[key]), key


def test_another_seed_gives_another_network_and_the_same_seed_the_same():
    net = pair(CELLS["exponential"])
    a, b, c = net.build(0.1, 1), net.build(0.1, 1), net.build(0.1, 2)
    assert np.array_equal(a.wiring.targets, b.wiring.targets) and not np.array_equal(a.wiring.targets, c.wiring.targets)


def test_lif_rate_under_constant_input_is_the_closed_form():
    cell = LIF(size=3, tau=20, rest=0, threshold=20, reset=10, refractory=2, bias=25, start_low=10, start_high=10)
    net = Network((("cells", cell),))
    built = net.build(0.01, 0)
    state = net.start(built, 0)
    net.advance(built, state, 100_000)
    period = 2 + 20 * math.log((25 - 10) / (25 - 20))
    assert state["spikes"][0] == pytest.approx(1000 / period, abs=1)


def test_psc_shapes_are_exact_at_any_step():
    def peak(synapses, dt):
        quiet = LIF(
            size=1,
            tau=20,
            rest=0,
            threshold=200,
            reset=0,
            synapses=synapses,
            tau_excitatory=5,
            tau_inhibitory=10,
            start_low=0,
            start_high=0,
        )
        net = Network((("cell", quiet),))
        built = net.build(dt, 0)
        state = net.start(built, 0)
        row = int(built.wiring.pop[0, 5])
        state["x"][row, 0] = 2.0 * quiet.arrival_gain(0)
        net.advance(built, state, round(8 / dt))
        return state["x"][0, 0]

    t, tau, ts = 8.0, 20.0, 5.0
    exponential = 2 * ts / (tau - ts) * (math.exp(-t / tau) - math.exp(-t / ts))
    a = 1 / ts - 1 / tau
    alpha = 2 * math.e / ts / tau * math.exp(-t / tau) * (1 - math.exp(-a * t) * (1 + a * t)) / a**2
    for dt in (0.1, 1.0, 4.0):
        assert peak("exponential", dt) == pytest.approx(exponential, rel=1e-12)
        assert peak("alpha", dt) == pytest.approx(alpha, rel=1e-12)


def test_equal_time_constants_have_no_singularity():
    near, same = LIF(tau=5.0000001, tau_excitatory=5), LIF(tau=5, tau_excitatory=5)
    for synapses in ("exponential", "alpha"):
        assert same.replace(synapses=synapses).constants(0.1) == pytest.approx(near.replace(synapses=synapses).constants(0.1), rel=1e-6)


# -- connectivity --


def joined(projection, sources=200, size=150, same=False, seed=3):
    """Matrix of synapse counts of one projection."""
    cell = LIF()
    populations = (("A", cell.replace(size=sources)),) if same else (("A", cell.replace(size=sources)), ("B", cell.replace(size=size)))
    net = Network(populations, (Link("A", "A" if same else "B", projection),))
    built = net.build(0.1, seed)
    matrix = np.zeros((sources, sources if same else size), int)
    for i in range(sources):
        targets = built.row(0, i)[0]
        assert np.all(np.diff(targets.astype(int)) >= 0)
        np.add.at(matrix[i], targets, 1)
    return matrix, net, built


def test_fixed_probability_has_binomial_degrees_in_both_directions():
    matrix, net, _ = joined(Projection(probability=0.1), 600, 500)
    assert matrix.max() == 1
    pairs = 600 * 500
    assert abs(matrix.sum() - 0.1 * pairs) < 5 * math.sqrt(pairs * 0.09)
    assert matrix.sum(axis=1).var() == pytest.approx(500 * 0.09, rel=0.3)
    assert matrix.sum(axis=0).var() == pytest.approx(600 * 0.09, rel=0.3)
    assert net.expected_synapses() == pytest.approx(0.1 * pairs)


@pytest.mark.parametrize("p", [0.0, 1e-9, 0.5, 0.999, 1.0])
def test_fixed_probability_works_at_its_ends(p):
    matrix, _, built = joined(Projection(probability=p), 40, 30)
    assert built.synapses == matrix.sum()
    assert abs(matrix.sum() - 1200 * p) <= 5 * math.sqrt(1200 * p * (1 - p)) + 1e-5


def test_no_neuron_reaches_itself_unless_told_to():
    for rule in (
        dict(probability=0.9),
        dict(rule="fixed in-degree", in_degree=30),
        dict(rule="all to all"),
        dict(rule="distance", probability=1),
    ):
        matrix, _, _ = joined(Projection(**rule), 60, same=True)
        assert matrix.sum() > 100 and np.trace(matrix) == 0
        matrix, _, _ = joined(Projection(to_itself=True, **rule), 60, same=True)
        assert np.trace(matrix) > 0


def test_fixed_in_degree_gives_every_target_the_same_number():
    matrix, _, _ = joined(Projection(rule="fixed in-degree", in_degree=40))
    assert matrix.max() == 1 and set(matrix.sum(axis=0)) == {40}
    matrix, _, _ = joined(Projection(rule="fixed in-degree", in_degree=400, repeats=True))
    assert matrix.max() > 1 and set(matrix.sum(axis=0)) == {400}
    # With repeats the sources of one target are independent: out-degrees are Poisson-like.
    assert matrix.sum(axis=1).var() == pytest.approx(400 * 150 / 200, rel=0.4)


def test_one_to_one_and_all_to_all():
    matrix, _, _ = joined(Projection(rule="one to one"), 5, 8)
    assert np.array_equal(matrix, np.eye(5, 8, dtype=int))
    matrix, _, _ = joined(Projection(rule="all to all"), 5, 8)
    assert np.array_equal(matrix, np.ones((5, 8), int))


@pytest.mark.parametrize("ring", [True, False])
def test_distance_rule_has_its_profile_and_expected_number(ring):
    width = 0.08
    matrix, net, _ = joined(Projection(rule="distance", probability=0.8, width=width, ring=ring), 600, 600, same=False)
    at = (np.arange(600) + 0.5) / 600
    d = np.abs(at[:, None] - at)
    d = np.minimum(d, 1 - d) if ring else d
    wanted = 0.8 * np.exp(-0.5 * (d / width) ** 2)
    assert abs(matrix.sum() - wanted.sum()) < 5 * math.sqrt(wanted.sum())
    assert net.expected_synapses() == pytest.approx(wanted.sum(), rel=0.01)
    band = (d > width) & (d < 1.2 * width)
    assert matrix[band].mean() == pytest.approx(wanted[band].mean(), rel=0.05)


def test_a_matrix_is_taken_as_it_is():
    net = Network((("A", LIF(size=2)), ("B", LIF(size=3))), (Link("A", "B", Projection(rule="matrix", matrix=((0, 2, 0.5), (1, 0, 0)))),))
    built = net.build(0.1, 0)
    assert [r.tolist() for r in built.row(0, 0)[:2]] == [[1, 2], [2, 0.5]]
    assert [r.tolist() for r in built.row(0, 1)[:2]] == [[0], [1]]
    with pytest.raises(ModelError, match="the matrix is 2 x 3, but A has 2 and B 4 neurons"):
        Network((("A", LIF(size=2)), ("B", LIF(size=4))), net.links)


def test_spread_weights_keep_their_sign_and_mean_and_delays_their_range():
    projection = Projection(probability=0.5, weight_spread=0.3, delay=2, delay_spread=1)
    _, _, built = joined(projection)
    assert built.wiring.weights.min() >= 0
    assert built.wiring.weights.mean() == pytest.approx(1, abs=0.01) and built.wiring.weights.std() == pytest.approx(0.3, abs=0.01)
    assert (built.wiring.delays.min(), built.wiring.delays.max()) == (10, 30)
    assert np.bincount(built.wiring.delays)[10:].std() < 5 * math.sqrt(built.synapses / 21)


def test_memory_is_known_before_it_is_taken():
    net = pair(CELLS["exponential"], sizes=(3200, 800))
    built = net.build(0.1, 0)
    state = net.start(built, 0)
    arrays = [v for v in (*vars(built).values(), *built.wiring) if isinstance(v, np.ndarray)] + list(state.values())
    taken = sum(a.nbytes for a in arrays)
    assert taken < 1.1 * net.memory() and net.memory() < 1.2 * taken


# -- input --


@pytest.mark.parametrize("lam", [0.01, 0.5, 2.0, 30.0, 150.0])
def test_drive_is_poisson_and_independent_between_neurons(lam):
    n, steps = 400, 300
    cell = LIF(size=n, synapses="delta", rest=0, threshold=200, reset=0, tau=0.1, start_low=0, start_high=0)
    net = Network((("cells", cell),), (), (Input("cells", Drive(rate=lam * 10, sources=1000, weight=0.001)),))
    built = net.build(0.1, 5)
    state = net.start(built, 5)
    counts = np.empty((steps, n))
    before = np.zeros(n)
    for t in range(steps):
        net.advance(built, state, 1)
        counts[t] = (state["x"][0] - before * math.exp(-1)) / 0.001
        before = state["x"][0].copy()
    counts = np.round(counts)
    total = n * steps
    assert counts.mean() == pytest.approx(lam, abs=5 * math.sqrt(lam / total))
    assert counts.var() == pytest.approx(lam, abs=6 * math.sqrt((lam + 2 * lam**2) / total))
    for axis, m in ((0, steps), (1, n)):  # sums over neurons and over time are Poisson too: no shared input
        sums = counts.sum(axis=1 - axis)
        assert sums.var() == pytest.approx(sums.mean(), rel=6 * math.sqrt(2 / m))


def test_noise_gives_the_variance_of_the_ornstein_uhlenbeck_process():
    cell = LIF(size=2000, rest=0, threshold=200, reset=0, tau=5, start_low=0, start_high=0)
    net = Network((("cells", cell),), (), (Input("cells", Noise(strength=2.0)),))
    built = net.build(0.05, 5)
    state = net.start(built, 5)
    net.advance(built, state, 1000)
    assert state["x"][0].var() == pytest.approx(2.0**2 * 5 / 2, rel=0.12)
    assert state["x"][0].mean() == pytest.approx(0, abs=0.35)


def test_poisson_population_has_its_rate():
    net = Network((("source", PoissonPopulation(size=500, rate=40)),))
    built = net.build(0.1, 5)
    state = net.start(built, 5)
    net.advance(built, state, 20_000)
    mean = 500 * 2 * 1e4 * -math.expm1(-40 * 1e-4)
    assert state["spikes"].sum() == pytest.approx(mean, abs=5 * math.sqrt(mean))
    assert state["spikes"].var() == pytest.approx(80, rel=0.3)


# -- changes while it runs --


def test_silenced_population_does_not_fire_and_comes_back():
    net = pair(CELLS["exponential"])
    built = net.build(0.1, 1)
    state = net.start(built, 1)
    net.advance(built, state, 500)
    state["silent"][1] = 1
    before = state["spikes"].copy()
    net.advance(built, state, 1000)
    assert np.array_equal(state["spikes"][16:], before[16:]) and state["spikes"][:16].sum() > before[:16].sum()
    state["silent"][1] = 0
    net.advance(built, state, 1000)
    assert state["spikes"][16:].sum() > before[16:].sum()


def test_weight_scale_zero_disconnects():
    net = pair(CELLS["exponential"])
    apart = Network(net.populations)
    built, alone = net.build(0.1, 1), apart.build(0.1, 1)
    state, other = net.start(built, 1), apart.start(alone, 1)
    net.advance(built, state, 1000, Scales(excitation=0, inhibition=0))
    apart.advance(alone, other, 1000)
    assert np.array_equal(state["spikes"], other["spikes"]) and state["spikes"].sum() > 0


# -- plasticity --


def test_stdp_changes_weights_as_the_sum_over_all_pairs():
    pre, post = [5.0, 31.0, 40.0, 95.0], [12.0, 28.0, 60.0, 61.5]
    p = Projection(rule="one to one", plastic=True, delay=2.0, weight=0, potentiation=0.05, depression=0.04, tau_plus=15, tau_minus=25)
    net = Network(
        (("A", PoissonPopulation(size=1, rate=0)), ("B", LIF(size=1, synapses="delta", rest=0, start_low=0, start_high=0))),
        (Link("A", "B", p),),
    )
    # Spikes are forced: the target by its potential, the source through a clone that stands above threshold.
    net = Network((("A", LIF(size=1, synapses="delta", rest=0, start_low=0, start_high=0, refractory=0)), net.populations[1]), net.links)
    built = net.build(0.1, 0)
    state = net.start(built, 0)
    for step in range(1200):
        for cell, times in ((0, pre), (1, post)):
            if any(round(t / 0.1) == step for t in times):
                state["x"][0, cell] = 1000.0
        net.advance(built, state, 1)
    w = 1.0
    events = sorted([(t + 2.0, 0, t) for t in pre] + [(t, 1, t) for t in post])
    for now, which, _ in events:
        if which == 0:
            w -= sum(0.04 * math.exp(-(now - t) / 25) for t in post if t < now)
        else:
            w += sum(0.05 * math.exp(-(now - t - 2) / 15) for t in pre if t + 2 <= now)
        w = min(max(w, 0), 2)
    assert state["spikes"].tolist() == [4, 4]
    assert state["learned"][0] == pytest.approx(w, abs=1e-6) and w != 1


# -- what a person can do wrong --


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Network((("A", LIF()),), (Link("A", "B", Projection()),)), "there is no population 'B'"),
        (
            lambda: Network((("A", LIF(size=5)),), (Link("A", "A", Projection(rule="fixed in-degree", in_degree=5)),)),
            "more than the 4 possible sources in A",
        ),
        (lambda: Network((("A", PoissonPopulation()),), (Link("A", "A", Projection()),)), "receives nothing"),
        (lambda: LIF(reset=30.0), "must be below threshold"),
        (lambda: Projection(delay=1.0, delay_spread=2.0), "must be at most delay"),
        (lambda: Projection(rule="matrix"), "rows of equal length"),
        (lambda: Projection(weight=-1.0), "must be at least 0"),
    ],
)
def test_mistakes_are_named_with_what_to_do(make, words):
    with pytest.raises((ModelError, ParameterError), match=words):
        make()


@pytest.mark.parametrize(("sources", "size"), [(50, 400), (400, 50), (333, 334)])
@pytest.mark.parametrize("ring", [True, False])
@pytest.mark.parametrize("width", [0.02, 0.3, 5.0])
def test_distance_rule_gives_every_pair_its_probability(sources, size, ring, width):
    cell = LIF()
    p = Projection(rule="distance", probability=0.6, width=width, ring=ring)
    net = Network((("A", cell.replace(size=sources)), ("B", cell.replace(size=size))), (Link("A", "B", p),))
    d = np.abs((np.arange(sources) + 0.5)[:, None] / sources - (np.arange(size) + 0.5) / size)
    d = np.minimum(d, 1 - d) if ring else d
    wanted = 0.6 * np.exp(-0.5 * (d / width) ** 2)
    trials = 20
    found = np.zeros((sources, size))
    for seed in range(trials):
        built = net.build(0.1, seed)
        for i in range(sources):
            found[i, built.row(0, i)[0]] += 1
    # The sum of squared standard scores over all pairs has the mean of the number of pairs that can be joined.
    variance = trials * wanted * (1 - wanted)
    can = variance > 0.2
    score = ((found - trials * wanted)[can] ** 2 / variance[can]).mean()
    assert score == pytest.approx(1, abs=6 * np.sqrt(2 / can.sum()) + 0.02)
    assert abs(found.sum() - trials * wanted.sum()) < 5 * np.sqrt(variance.sum())
