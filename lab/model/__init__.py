"""The contract of a model: an immutable value that says what it is, and advances arrays.

A model file holds ONE subclass of `Model`. It declares parameters (`lab.params.param`), streams (what can be recorded
and seen), pictures (which streams on which axes), actions (what a person may do to it while it runs) and acceptance
figures (how anybody can tell that it is right), and implements

    build(seed)                        -> constants      data sets, connectivity, compiled programs: never change
    start(constants, seed)             -> state          dict of NumPy arrays: everything that moves, random state too
    advance(constants, state, n, out)  -> steps done     up to n steps in place, writing the streams asked for
    observe(constants, state, stream)  -> array          what a per-block stream shows now: a pure reading of the state

Everything else (form, command line, files, recording, window, replay) is derived. Four rules make that possible:
the state holds everything that moves; randomness comes from generators whose state lies in the state; `advance` does the
same whether called once for 1000 steps or 1000 times for one; parameters are read from `self` at each call, because a
live change replaces `self` by another value.
"""

from __future__ import annotations

from lab.model.actions import Action, Happened, action
from lab.model.advice import Advice, Remedy
from lab.model.contract import Model
from lab.model.declarations import Asked, Clock, Drawers, Form, Handle, Layer, Picture, Place, Stage, Stream, Strips
from lab.model.moving import EventColumns, Events, Out, Recorded, State, arrays
from lab.model.portable import CellTerms, DenseLayer, LayerTerms, PopulationTerms, Portable
from lab.model.promises import Figure, Preset, Seeds
from lab.params import param
from lab.params.bounds import COUNT, COUNT_OR_NONE, INFINITE, MOST_STEPS, Bound, index, index_or_none

__all__ = [
    "COUNT", "COUNT_OR_NONE", "INFINITE", "MOST_STEPS", "Action", "Advice", "Asked", "Bound", "CellTerms", "Clock", "DenseLayer", "Drawers", "EventColumns", "Events", "Figure", "Form",
    "Handle", "Happened", "Layer", "LayerTerms", "Model", "Out", "Picture", "Place", "PopulationTerms", "Portable", "Preset", "Recorded", "Remedy", "Seeds", "Stage", "State", "Stream", "Strips", "action",
    "arrays", "index", "index_or_none", "param",
]  # fmt: skip
