"""What of a model another simulator can be told, in words that every simulator has: equations, populations, layers.

A model says it once (`Model.portable`), in values that know no program; each program says in one file how it is told them
(`lab.analysis.passport`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class CellTerms:
    """One cell as differential equations in ms, under a current.

    kind      what the field calls the equations; a program that has them built in knows them by it
    changes   (variable, its time derivative per ms): plain arithmetic (^ is a power) of variables, `defined` names, `numbers`, the current I,
              and exp, tanh, cosh, exprel(x) = (exp(x) - 1)/x and clip(x, low, high); the first variable is the membrane potential
    defined   (name, expression) that the changes use, in the order in which they are worked out
    numbers   constants of the equations by name
    reset     (variable, where a spike puts it); empty for a cell that comes back by itself
    start     each variable at the beginning
    level     a spike is an upward crossing of this by the first variable
    held      ms after a spike during which the first variable stands still
    """

    kind: str
    changes: tuple[tuple[str, str], ...]
    numbers: Mapping[str, float]
    defined: tuple[tuple[str, str], ...] = ()
    reset: tuple[tuple[str, str], ...] = ()
    start: Mapping[str, float] = field(default_factory=dict)
    level: float = 0.0
    unit: str = "mV"
    current_unit: str = ""
    held: float = 0.0


@dataclass(frozen=True)
class PopulationTerms:
    """Populations of integrate-and-fire cells with exponential synapses that have begun, and every synapse between them.

    populations  name, size and the parameters of each, with `kind`: LIF or ConductanceLIF
    projections  source and target (places in `populations`), sign, weight (mV, or nS) and delay (ms) of each
    arrays       v<g>, e<g>, h<g> of each population: potential, excitatory and inhibitory input at the start;
                 i<q>, j<q> of each projection: source and target of each synapse, from 0 in their populations
    recorded     numbers of the cells whose spikes are recorded here, counted through all populations
    """

    dt: float
    populations: tuple[Mapping[str, Any], ...]
    projections: tuple[Mapping[str, Any], ...]
    arrays: Mapping[str, np.ndarray]
    recorded: np.ndarray


@dataclass(frozen=True)
class DenseLayer:
    """Weights (in, out), bias (out,) and activation of one layer."""

    weights: np.ndarray
    bias: np.ndarray
    activation: str


@dataclass(frozen=True)
class LayerTerms:
    """Layers of a network as they are at the end of a run, examples, and what the network makes of them.

    figures  what the network was measured to do with the examples here: loss, accuracy
    """

    layers: tuple[DenseLayer, ...]
    inputs: np.ndarray
    targets: np.ndarray
    loss: str
    outputs: np.ndarray
    figures: Mapping[str, float] = field(default_factory=dict)


Portable = CellTerms | PopulationTerms | LayerTerms
