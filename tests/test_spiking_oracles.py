"""The same network in independent simulators: the same spikes where it is deterministic, the same statistics where it is large."""

import numpy as np
import pytest
from spiking_peers import interpreter, run_peer

from lab.graph.kinds.populations import network, vogels_abbott
from lab.model import Events
from lab.spiking.cells import LIF, ConductanceLIF
from lab.spiking.network import Link, Network
from lab.spiking.projections import Projection

needs = {
    peer: pytest.mark.skipif(interpreter(peer) is None, reason=f"{peer} is not installed in .peers/{peer}") for peer in ("brian2", "nest")
}
CELL = LIF(tau=20, rest=-49, threshold=-50, reset=-60, refractory=5, start_low=-60, start_high=-50)


def small(cell, weights=(1.62, 9.0), delay=0.5):
    links = [
        Link(s, t, Projection(sign=sign, weight=w, probability=0.15, delay=delay))
        for s, sign, w in (("E", "excitatory", weights[0]), ("I", "inhibitory", weights[1]))
        for t in "EI"
    ]
    return Network((("E", cell.replace(size=160, record=160)), ("I", cell.replace(size=40, record=40))), tuple(links))


def ours(net, steps, seed=1, dt=0.1):
    """Spikes of all recorded neurons, with what they began from."""
    built = net.build(dt, seed)
    state = net.start(built, seed)
    begun = {key: value.copy() for key, value in state.items()}
    events = Events(1 << 20)
    assert net.advance(built, state, steps, events=events) == steps
    k = int(events.count[0])
    order = np.lexsort((built.recorded[events.index[:k]], events.steps[:k]))
    return events.steps[:k][order], built.recorded[events.index[:k]][order], built, begun


@needs["brian2"]
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["current", "conductance"])
def test_brian2_fires_the_same_spikes(kind, tmp_path):
    # A rest above threshold keeps the conductance cells firing without random input.
    net = small(CELL) if kind == "current" else small(ConductanceLIF(rest=-48.0), (6.0, 67.0))
    steps, neurons, built, begun = ours(net, 2000)
    other_steps, other_neurons, _ = run_peer("brian2", net, built, begun, 200.0, tmp_path)
    assert len(steps) > 300
    assert np.array_equal(steps, other_steps) and np.array_equal(neurons, other_neurons)


@needs["nest"]
@pytest.mark.timeout(300)
@pytest.mark.parametrize("synapses", ["exponential", "alpha", "delta"])
def test_nest_fires_the_same_spikes(synapses, tmp_path):
    net = small(CELL.replace(synapses=synapses), (0.3, 1.5) if synapses == "delta" else (1.62, 9.0))
    steps, neurons, built, begun = ours(net, 2000)
    other_steps, other_neurons, _ = run_peer("nest", net, built, begun, 200.0, tmp_path)
    assert len(steps) > 300
    assert np.array_equal(steps, other_steps) and np.array_equal(neurons, other_neurons)


def statistics(steps, neurons, size, seconds, dt=0.1):
    """Mean rate (Hz) and mean CV of intervals with their standard errors over neurons, after the first 200 ms."""
    after = steps >= round(200 / dt)
    steps, neurons = steps[after], neurons[after]
    counts = np.bincount(neurons, minlength=size) / (seconds - 0.2)
    order = np.lexsort((steps, neurons))
    steps, neurons = steps[order], neurons[order]
    gaps, owner = np.diff(steps)[np.diff(neurons) == 0], neurons[1:][np.diff(neurons) == 0]
    number = np.bincount(owner, minlength=size)
    mean = np.bincount(owner, gaps, size) / np.maximum(number, 1)
    square = np.bincount(owner, gaps.astype(float) ** 2, size) / np.maximum(number, 1)
    enough = number >= 5
    cv = np.sqrt(np.maximum(square - mean**2, 0))[enough] / mean[enough]
    return counts.mean(), counts.std() / np.sqrt(size), cv.mean(), cv.std() / np.sqrt(len(cv))


@needs["nest"]
@pytest.mark.long
@pytest.mark.timeout(600)
def test_nest_gives_equal_statistics_on_the_same_connectivity(tmp_path):
    net = network(vogels_abbott())
    net = Network(
        tuple((name, p.replace(record=p.size)) for name, p in net.populations),
        tuple(Link(k.source, k.target, k.projection.replace(delay=0.1)) for k in net.links),
    )
    steps, neurons, built, begun = ours(net, 22_000)
    other_steps, other_neurons, _ = run_peer("nest", net, built, begun, 2200.0, tmp_path)
    # The network is chaotic: the first spikes are the same, all later ones agree in distribution.
    assert np.array_equal(steps[:500], other_steps[:500]) and np.array_equal(neurons[:500], other_neurons[:500])
    rate, rate_error, cv, cv_error = statistics(steps, neurons, 4000, 2.2)
    other_rate, other_rate_error, other_cv, other_cv_error = statistics(other_steps, other_neurons, 4000, 2.2)
    assert 4 < rate < 7
    # Neurons of one network are correlated: the fluctuation of the whole adds to the error of the mean over neurons.
    assert abs(rate - other_rate) < 4 * np.hypot(rate_error, other_rate_error) + 0.15
    assert abs(cv - other_cv) < 4 * np.hypot(cv_error, other_cv_error) + 0.01
