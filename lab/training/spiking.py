"""A trained network under Dale's law as populations of spiking neurons: what was a rate becomes spikes.

Every unit becomes a leaky integrate-and-fire neuron whose membrane hardly leaks: what comes in is summed, and each time the sum has reached
the threshold a spike goes out, so that its rate grows with its input and is zero below, as that of a rectifying unit. Units of one sign
make a population, because a neuron excites or inhibits all that it reaches. The pixels of one example are trains of random spikes,
their grey values being the sizes of what they send on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.graph.document import Graph
from lab.training import walk
from lab.training.dale import signs
from lab.training.learner import Constants

INPUT, UNIT = 200.0, 20.0  # Hz: of a pixel, and of a unit whose value is 1
THRESHOLD = 20.0  # mV from reset to threshold
CELL = {
    "tau": 1000.0, "rest": 0.0, "threshold": THRESHOLD, "reset": 0.0, "refractory": 0.0, "bias": THRESHOLD / 2, "synapses": "delta",
    "start_low": 0.0, "start_high": THRESHOLD,
}  # fmt: skip
DELAY = 1.0  # ms
APART, ROW = 320.0, 200.0  # of populations on the canvas


def populations(model: Any, constants: Constants, state: dict[str, np.ndarray], x: np.ndarray) -> Graph:
    """The network as a graph of spiking populations that are shown the example x; refused with a sentence where it cannot become one."""
    program = constants.program
    wires = walk.wiring(program, constants.stages)
    arrays = program.parameters(state)
    for wire in wires:
        if len(arrays[wire.weight].shape) != 2:
            raise ModelError(
                f"{model._owner()}: '{wire.weight}' is no weight of a dense layer, which alone can become spiking populations."
            )
    if model.activation != "ReLU" or model.normalise != "none":
        raise ModelError(f"{model._owner()}: only units of the activation ReLU without normalisation can become spiking neurons, because a rate is never negative.")  # fmt: skip
    graph = Graph("populations")
    before: list[tuple[str, np.ndarray, float]] = []  # (population, which units, sign) of the layer before
    sent, rate = np.maximum(np.asarray(x, float).ravel(), 0.0), INPUT
    own = signs(sent.size, model.inhibitory)
    for sign, word in ((1.0, "excite"), (-1.0, "inhibit")):
        which = np.flatnonzero(own == sign)
        if len(which):
            graph, node = graph.add_node(
                "poisson", 0, -sign * ROW / 2, f"Inputs that {word}", size=len(which), rate=INPUT, record=len(which)
            )
            before.append((node, which, sign))
    graph, steady = graph.add_node("poisson", 0, 1.6 * ROW, "Always on, excites", size=1, rate=INPUT, record=1)
    graph, checked = graph.add_node("poisson", 0, 2.3 * ROW, "Always on, inhibits", size=1, rate=INPUT, record=1)
    for k, (wire, stage) in enumerate(zip(wires, constants.stages, strict=True)):
        weight, bias = np.abs(arrays[wire.weight].astype(float)), arrays[wire.bias].astype(float) if wire.bias else np.zeros(1)
        weight, across, last = weight * sent[:, None], APART * (k + 1), k == len(wires) - 1
        units = weight.shape[1]
        own = np.ones(units) if last else signs(units, model.inhibitory)
        now = []
        for sign, word in ((1.0, "excite"), (-1.0, "inhibit")):
            which = np.flatnonzero(own == sign)
            if not len(which):
                continue
            title = stage.name.capitalize() if last else f"{stage.name.capitalize()}: {word}"
            graph, node = graph.add_node(
                "lif", across, -sign * ROW / 2 if not last else 0.0, title, size=len(which), record=len(which), **CELL
            )
            now.append((node, which, sign))
            for source, rows, side in before:
                graph = _joined(graph, source, node, weight[np.ix_(rows, which)], side, THRESHOLD * UNIT / rate)
            for source, part, side in ((steady, bias, 1.0), (checked, -bias, -1.0)):
                graph = _joined(graph, source, node, np.maximum(part[which], 0.0)[None], side, THRESHOLD * UNIT / INPUT)
        before, sent, rate = now, np.ones(units), UNIT
    return graph


def _joined(graph: Graph, source: str, target: str, sizes: np.ndarray, sign: float, scale: float) -> Graph:
    """Synapses of these sizes, if there are any."""
    if not sizes.any():
        return graph
    matrix = tuple(tuple(round(float(w), 5) for w in row) for row in sizes)
    side = "excitatory" if sign > 0 else "inhibitory"
    return graph.connect(source, target, input="synapses", rule="matrix", matrix=matrix, weight=scale, sign=side, delay=DELAY)[0]
