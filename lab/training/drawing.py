"""A network of layers as it is drawn: what every unit answers, what every wire weighs, and how a layer may grow.

The stream is of kind `network` (`lab.engine.kinds`): a column for each layer with the first few of its units, and the weights
between columns. Over a plane, or along one input, a unit shows its answers to all inputs; for pictures the first layer shows
its weights as pictures, and the others what they answer to the picture at hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.training import readings
from lab.training.material import outline

STREAM = "drawing"
SHOWN = 10  # units of a layer that are drawn
TILE = 20  # cells of the answers of one unit
ALONG = 40  # places along a single input
COLUMNS = 12  # layers that are drawn


@dataclass(frozen=True)
class Column:
    """A layer of the drawing.

    value     the node whose values its units have ("": the inputs)
    weight    the array of the weights into it; sources: the columns these come from, all with as many units as the array has rows
    fewer, more, without, after   parameters that a plus or minus under it changes: a unit less or more, no such layer, a layer after it
    """

    name: str
    units: int
    value: str = ""
    weight: str = ""
    sources: tuple[int, ...] = ()
    fewer: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    without: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


def chain(inputs: int, widths: Sequence[int], outputs: int, written: str, kind: str = "unit") -> tuple[Column, ...]:
    """Columns of a plain chain of layers, whose widths are written as `8-6` in the parameter `written`."""
    widths = tuple(widths)

    def said(*changed: int) -> dict[str, Any]:
        return {written: "-".join(map(str, changed))}

    found = [Column("inputs", inputs, after=said(NEW, *widths))]
    for k, units in enumerate(widths):
        here, there = widths[:k], widths[k + 1 :]
        found.append(
            Column(
                f"hidden {k + 1}",
                units,
                f"hidden{k + 1}.out",
                f"hidden{k + 1}.weight",
                (k,),
                fewer=said(*here, units - 1, *there) if units > 1 else {},
                more=said(*here, units + 1, *there),
                without=said(*here, *there),
                after=said(*here, units, min(units, NEW), *there),
            )
        )
    return (*found, Column("outputs", outputs, "output", "output.weight", (len(widths),)))


NEW = 8  # units of a layer that a plus puts in


def wires(columns: Sequence[Column]) -> list[tuple[int, int]]:
    """(from, to) of every bundle of wires, in the order of the drawing."""
    return [(source, k) for k, column in enumerate(columns) for source in column.sources]


def shown(units: int, picture: bool = False) -> int:
    """How many units of a layer are drawn: a picture is one."""
    return 1 if picture else min(units, SHOWN)


def observe(model: Any, c: Any, state: dict, tape: dict) -> dict[str, Any]:
    """The drawing as it is now."""
    columns, shape = model.drawn_layers(c.outline), outline(model)
    arrays = c.program.parameters(tape)
    layers: list[dict[str, Any]] = []
    maps, values = _answers(model, c, state, tape, columns)
    for k, column in enumerate(columns):
        count = shown(column.units, bool(shape.picture) and not column.value)
        layers.append(
            {
                "name": column.name,
                "units": column.units,
                "names": _names(model, shape, column, count, k == len(columns) - 1),
                "values": values[k][:count],
                "maps": maps[k],
                "fewer": dict(column.fewer),
                "more": dict(column.more),
                "without": dict(column.without),
                "after": dict(column.after),
            }
            | ({"colours": "grey"} if shape.picture and not column.value else {})
        )
    found = []
    for source, k in wires(columns):
        weight = np.asarray(arrays[columns[k].weight], float) * model.sent_as(c, columns[k].weight)
        if shape.picture and not columns[source].value:  # the picture is one thing: how strongly it is read
            found.append(
                {"source": source, "target": k, "weights": np.linalg.norm(weight, axis=0)[None, : shown(columns[k].units)], "fixed": True}
            )
        else:
            found.append(
                {
                    "source": source,
                    "target": k,
                    "weights": weight[: shown(columns[source].units), : shown(columns[k].units)],
                    "fixed": False,
                }
            )
    return {"layers": layers, "wires": found}


def _names(model: Any, shape: Any, column: Column, count: int, last: bool) -> tuple[str, ...]:
    if not column.value and shape.picture:
        return ("picture",)
    if not column.value:
        return tuple(shape.features[:count]) if len(shape.features) >= count else tuple("xyz"[:count] if count <= 3 else ())
    if last and model.task == "classification":
        return tuple(shape.classes[:count])
    if last and model.task == "regression":
        return (shape.target or "y",)[:count]
    return ()


def _answers(model: Any, c: Any, state: dict, tape: dict, columns: Sequence[Column]) -> tuple[list[np.ndarray | None], list[np.ndarray]]:
    """(maps, values) of each column: answers over all inputs where these can be drawn, and to one input."""
    shape, m = outline(model), c.material
    nodes = [column.value for column in columns[1:]]
    one = readings.seen(model, c, state) if shape.picture else m.x[:1]
    pictured = [column.value for column in columns if column.value]
    answers = [a.reshape(len(a), -1) for a in c.program.forward(tape, pictured, x=np.asarray(one, np.float32).reshape(len(one), -1))]
    values = [np.asarray(one, float).reshape(-1), *(a[0].astype(float) for a in answers)]
    if model.task == "classification":
        values[-1] = readings.probabilities(values[-1])
    if shape.picture:
        maps: list[np.ndarray | None] = [None] * len(columns)
        maps[0] = np.asarray(one, float).reshape(1, *shape.picture)
        pixels = shape.picture[0] * shape.picture[1]
        for k, column in enumerate(columns):
            if column.sources == (0,):
                weight = np.asarray(c.program.parameters(tape)[column.weight], float)
                if len(weight) >= pixels:
                    maps[k] = weight[:pixels].T[: shown(column.units)].reshape(-1, *shape.picture)
        return maps, values
    if shape.plane and shape.low:
        grid = m.scaled(readings.plane(shape, TILE))
        over = [grid, *(a.reshape(len(a), -1) for a in c.program.forward(tape, nodes, x=grid))]
        if model.task == "classification":
            over[-1] = 2.0 * readings.probabilities(over[-1]) - 1.0
        return [a[:, : shown(a.shape[1])].T.reshape(-1, TILE, TILE)[:, ::-1].astype(float) for a in over], values
    if shape.inputs == 1:
        x = np.linspace(float(m.data.x.min()), float(m.data.x.max()), ALONG, dtype=np.float32)[:, None]
        over = [x, *(a.reshape(len(a), -1) for a in c.program.forward(tape, nodes, x=x))]
        return [_areas(a[:, : shown(a.shape[1])].astype(float)) for a in over], values
    return [None] * len(columns), values


def _areas(curves: np.ndarray) -> np.ndarray:
    """Curves (places, units) as tiles: between zero and the curve stands its value, else nothing."""
    top = float(np.abs(curves).max()) or 1.0
    height = np.linspace(1.0, -1.0, TILE)[None, :, None] * top
    value = curves.T[:, None, :]
    return np.where((height * value > 0) & (np.abs(height) <= np.abs(value)), value, 0.0)


def weight_of(model: Any, c: Any, wire: int, source: int, target: int) -> tuple[str, float]:
    """The array of a wire of the drawing, and the sign with which it is sent on; says which wire there is none of."""
    columns = model.drawn_layers(c.outline)
    known = wires(columns)
    if wire >= len(known):
        raise ModelError(f"{model._owner()}.set_weight.wire: must be below the number of bundles of wires, {len(known)} (got {wire}).")
    a, b = columns[known[wire][0]], columns[known[wire][1]]
    for name, value, column in (("source", source, a), ("target", target, b)):
        if value >= column.units:
            raise ModelError(f"{model._owner()}.set_weight.{name}: must be below the units of {column.name}, {column.units} (got {value}).")
    sent = np.broadcast_to(model.sent_as(c, b.weight), (a.units, b.units))
    return b.weight, float(sent[source, target])
