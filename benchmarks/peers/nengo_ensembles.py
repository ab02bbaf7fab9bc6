"""Ensembles in Nengo's reference simulator, for benchmarks/ensembles.py and the tests: one line of JSON.

python nengo_ensembles.py --decoders [--neurons 60] [--seed 1] [--function product|square|value]
python nengo_ensembles.py --network product|oscillator [--seconds 5] [--neurons 200] [--rounds 1] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import time

import nengo
import numpy as np

FUNCTIONS = {"product": lambda x: x[0] * x[1], "square": lambda x: x**2, "value": lambda x: x}
TURN = 2.0 * np.pi


def decoders(neurons: int, seed: int, function: str) -> dict:
    """What Nengo drew for an ensemble of two dimensions, and what it derived from that."""
    with nengo.Network(seed=seed) as net:
        ensemble = nengo.Ensemble(neurons, 2, radius=1.5, n_eval_points=400)
        wire = nengo.Connection(ensemble, nengo.Node(size_in=1 if function == "product" else 2), function=FUNCTIONS[function])
    built = nengo.Simulator(net, progress_bar=False)
    of = built.data[ensemble]
    x = np.array([[0.1, -0.4], [1.0, 0.5], [-1.2, 0.3]])
    return {
        "encoders": of.encoders.tolist(), "rates": of.max_rates.tolist(), "intercepts": of.intercepts.tolist(), "points": of.eval_points.tolist(), "radius": 1.5,
        "gain": of.gain.tolist(), "bias": of.bias.tolist(), "at": x.tolist(),
        "fired": ensemble.neuron_type.rates(x @ of.encoders.T / 1.5, of.gain, of.bias).tolist(), "decoders": built.data[wire].weights.T.tolist(),
    }  # fmt: skip


def network(name: str, neurons: int, seed: int) -> tuple[nengo.Network, nengo.Probe]:
    """The product of two waves, or an oscillator of one turn a second, as ours are wired."""
    # Decoders are found over the square of the values, which lies within the ensemble's radius.
    square = {"eval_points": np.random.default_rng(seed).uniform(-1.0, 1.0, (1000, 2)), "scale_eval_points": False}
    with nengo.Network(seed=seed) as net:
        if name == "product":
            x = nengo.Node(lambda t: np.sin(TURN * 0.4 * t))
            y = nengo.Node(lambda t: np.sin(TURN * (0.25 * t + 0.25)))
            both = nengo.Ensemble(neurons, 2, radius=np.sqrt(2.0))
            nengo.Connection(x, both[0])
            nengo.Connection(y, both[1])
            out = nengo.Node(size_in=1)
            nengo.Connection(both, out, function=lambda v: v[0] * v[1], synapse=0.02, **square)
        else:
            push = nengo.Node(lambda t: 1.0 if t <= 0.2 else 0.0)
            both = nengo.Ensemble(neurons, 2, radius=np.sqrt(2.0))
            nengo.Connection(push, both[0])

            def turn(v):
                pull = 2.0 * (0.64 - v[0] ** 2 - v[1] ** 2)
                return v[0] + 0.1 * (v[0] * pull - 6.283 * v[1]), v[1] + 0.1 * (v[1] * pull + 6.283 * v[0])

            nengo.Connection(both, both, function=turn, synapse=0.1, **square)
            out = nengo.Node(size_in=2)
            nengo.Connection(both, out, synapse=0.02, **square)
        probe = nengo.Probe(out)
    return net, probe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decoders", action="store_true")
    parser.add_argument("--function", choices=FUNCTIONS, default="product")
    parser.add_argument("--network", choices=("product", "oscillator"), default="product")
    parser.add_argument("--neurons", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.decoders:
        print(json.dumps(decoders(given.neurons, given.seed, given.function)))
        return
    net, probe = network(given.network, given.neurons, given.seed)
    seconds = []
    for _ in range(given.rounds):
        simulator = nengo.Simulator(net, progress_bar=False)
        simulator.run_steps(10, progress_bar=False)
        began = time.process_time()
        simulator.run(given.seconds - 0.01, progress_bar=False)
        seconds.append(time.process_time() - began)
    print(json.dumps({"seconds": seconds, "version": nengo.__version__, "out": np.asarray(simulator.data[probe])[::5].tolist()}))


if __name__ == "__main__":
    main()
