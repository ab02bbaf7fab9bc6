"""A network of layers as it is drawn: what every unit answers, what every wire weighs, and how a layer may grow.

The stream is of kind `network` (`lab.engine.kinds`): a column for each layer with the first few of its units, and the weights
between columns. Over a plane, or along one input, a unit shows its answers to all inputs; for pictures a first layer shows
its weights as pictures, a convolution what each kernel finds, and the others what they answer to the picture at hand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

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
    form      `units` one by one, `maps` (a convolution: one unit for each kernel), or one `picture`
    words     what is said under it, where the number of its units does not say enough
    turned    whether the array is used transposed, as a decoder does that shares the weights of its encoder
    depth     how many layers lie before it: one that a shown pass has not reached yet is empty
    node      the node of the canvas that it is
    fewer, more, without, after   parameters that a plus or minus under it changes: a unit less or more, no such layer, a layer after it
    """

    name: str
    units: int
    value: str = ""
    weight: str = ""
    sources: tuple[int, ...] = ()
    form: Literal["units", "maps", "picture"] = "units"
    words: str = ""
    turned: bool = False
    depth: int = 0
    node: str = ""
    fewer: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    without: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


def chain(inputs: int, widths: Sequence[int], outputs: int, written: str, picture: bool = False) -> tuple[Column, ...]:
    """Columns of a plain chain of layers, whose widths are written as `8-6` in the parameter `written`; `picture`: the inputs are one."""
    widths = tuple(widths)

    def said(*changed: int) -> dict[str, Any]:
        return {written: "-".join(map(str, changed))}

    found = [Column("inputs", inputs, form="picture" if picture else "units", after=said(NEW, *widths))]
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


def hourglass(inputs: int, widths: Sequence[int], code: int, middle: str, picture: bool, tied: bool = False) -> tuple[Column, ...]:
    """Columns of an autoencoder: inputs, encoders, the code (a layer called `middle`), decoders, and what comes out of them.

    Both halves are written as `hidden`: a plus or minus changes a layer and its mirror image. `tied`: decoders use the weights of
    the encoders, transposed.
    """
    n = len(widths)

    def said(*changed: int) -> dict[str, Any]:
        return {"hidden": "-".join(map(str, changed))}

    found = [Column("inputs", inputs, form="picture" if picture else "units", after=said(NEW, *widths))]
    for k in (*range(n), *reversed(range(n))):
        turned = len(found) > n
        if len(found) == n + 1:
            found.append(_code(code, middle, n, {} if n == 0 else said(*widths, min(widths[-1], NEW))))
        name = f"{'decoder' if turned else 'encoder'}{n - k if turned else k + 1}"
        own: dict[str, Any] = {
            "more": said(*widths[:k], widths[k] + 1, *widths[k + 1 :]),
            "fewer": said(*widths[:k], widths[k] - 1, *widths[k + 1 :]) if widths[k] > 1 else {},
            "without": said(*widths[:k], *widths[k + 1 :]),
        }
        encoder = (f"encoder{k + 2}" if k + 1 < n else middle) if turned and tied else ""
        found.append(
            Column(
                f"{name[:7]} {name[7:]}",
                widths[k],
                f"{name}.out",
                f"{encoder or name}.weight",
                (len(found) - 1,),
                turned=bool(encoder),
                **own,
            )
        )
    if n == 0:
        found.append(_code(code, middle, 0, {}))
    last = ("encoder1" if n else middle) if tied else "output"
    return (
        *found,
        Column("outputs", inputs, "output", f"{last}.weight", (len(found) - 1,), "picture" if picture else "units", turned=tied),
    )


def _code(units: int, name: str, before: int, after: dict[str, Any]) -> Column:
    fewer = {"code": units - 1} if units > 1 else {}
    return Column("code", units, name, f"{name}.weight", (before,), fewer=fewer, more={"code": units + 1}, after=after)


NEW = 8  # units of a layer that a plus puts in


def wires(columns: Sequence[Column]) -> list[tuple[int, int]]:
    """(from, to) of every bundle of wires, in the order of the drawing."""
    return [(source, k) for k, column in enumerate(columns) for source in column.sources]


def shown(column: Column) -> int:
    """How many units of a layer are drawn: a picture is one."""
    return 1 if column.form == "picture" else min(column.units, SHOWN)


def observe(model: Any, c: Any, state: dict, tape: dict) -> dict[str, Any]:
    """The drawing as it is now."""
    columns, shape, deep = model.drawn_layers(c.outline), outline(model), model.depth_shown(state)
    arrays = c.program.parameters(tape)
    layers: list[dict[str, Any]] = []
    maps, values = _answers(model, c, state, tape, columns)
    for k, column in enumerate(columns):
        count, reached = shown(column), column.depth <= deep
        layers.append(
            {
                "name": column.name,
                "units": column.units,
                "names": _names(model, shape, column, count, k == len(columns) - 1),
                "values": values[k][:count] if reached else np.zeros(count),
                # While a pass travels, what counts is what each unit answers to the one example.
                "maps": maps[k] if deep == math.inf or (column.form != "units" and reached) else None,
                "fewer": column.fewer,
                "more": column.more,
                "without": column.without,
                "after": column.after,
            }
            | ({"words": column.words} if column.words else {})
            | ({"node": column.node} if column.node else {})
            | (
                {"colours": "grey"}
                if column.form == "picture"
                else {"colours": "sequential", "what": "kernels"}
                if column.form == "maps"
                else {}
            )
        )
    found = []
    for source, k in wires(columns):
        stored = arrays[columns[k].weight]
        weight = np.asarray(stored, float) * (1.0 if stored.ndim > 2 else model.sent_as(c, columns[k].weight))
        between, whole = bundle(weight, columns[source], columns[k])
        found.append({"source": source, "target": k, "weights": between, "fixed": not whole, "faint": columns[k].depth > deep})
    return {"layers": layers, "wires": found}


def bundle(weight: np.ndarray, source: Column, target: Column) -> tuple[np.ndarray, bool]:
    """(weights between the units that are drawn, whether each of them is one weight): else the size of all that run there, with the sign of their sum.

    A kernel is one wire from map to map, and so is all that a unit reads of a map; a picture is read or written as a whole.
    """
    whole = True
    if weight.ndim > 2:  # rows, columns, channels, kernels
        weight, whole = _size(weight.reshape(-1, *weight.shape[2:]), 0), False
    elif target.turned:
        weight = weight.T
    elif target.form == "maps" and weight.shape[1] > target.units and weight.shape[1] % target.units == 0:
        # gates of a memory, or queries, keys and values: several weights run between the same two units
        weight, whole = _size(weight.reshape(len(weight), -1, target.units), 1), False
    if source.form == "picture":
        weight, whole = _size(weight, 0)[None], False
    elif source.form == "maps" and len(weight) != source.units:
        weight, whole = _size(weight.reshape(-1, source.units, weight.shape[1]), 0), False  # places, maps, units
    if target.form == "picture":
        weight, whole = _size(weight, 1)[:, None], False
    return weight[: shown(source), : shown(target)], whole


def _size(weight: np.ndarray, axis: int) -> np.ndarray:
    return np.linalg.norm(weight, axis=axis) * np.where(weight.sum(axis) < 0, -1.0, 1.0)


def _names(model: Any, shape: Any, column: Column, count: int, last: bool) -> tuple[str, ...]:
    if column.form == "picture":
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
    nodes = [column.value for column in columns if column.value]
    one = np.asarray(model.drawn_example(c, state), np.float32).reshape(1, -1)
    answers = c.program.forward(tape, nodes, x=one)
    values = [one.ravel().astype(float)]
    maps: list[np.ndarray | None] = [None]
    for column, answer in zip(columns[1:], answers, strict=True):
        kept = np.moveaxis(answer[0], -1, 0)[: shown(column)].astype(float) if column.form == "maps" else None
        if kept is not None and kept.ndim == 2:
            kept = kept[:, None]  # of a sequence: one row of places for each feature
        maps.append(kept)
        values.append(answer[0].ravel().astype(float) if kept is None else kept.mean((1, 2)))
    if model.task == "classification":
        values[-1] = readings.probabilities(values[-1])
    if shape.picture:
        maps[0] = one.astype(float).reshape(1, *shape.picture)
        if columns[-1].form == "picture":
            maps[-1] = np.asarray(model.predict(c, state, one), float).reshape(1, *shape.picture)
        pixels = shape.picture[0] * shape.picture[1]
        for k, column in enumerate(columns):
            if column.sources == (0,) and column.form == "units":
                weight = np.asarray(c.program.parameters(tape)[column.weight], float)
                if len(weight) >= pixels:
                    maps[k] = weight[:pixels].T[: shown(column)].reshape(-1, *shape.picture)
        return maps, values
    if shape.plane and shape.low:
        grid = m.scaled(readings.plane(shape, TILE))
        over = [grid, *(a.reshape(len(a), -1) for a in c.program.forward(tape, nodes, x=grid))]
        if model.task == "classification":
            over[-1] = 2.0 * readings.probabilities(over[-1]) - 1.0
        return [a[:, : min(a.shape[1], SHOWN)].T.reshape(-1, TILE, TILE)[:, ::-1].astype(float) for a in over], values
    if shape.inputs == 1:
        x = np.linspace(float(m.data.x.min()), float(m.data.x.max()), ALONG, dtype=np.float32)[:, None]
        over = [x, *(a.reshape(len(a), -1) for a in c.program.forward(tape, nodes, x=x))]
        return [_areas(a[:, : min(a.shape[1], SHOWN)].astype(float)) for a in over], values
    return maps, values


def _areas(curves: np.ndarray) -> np.ndarray:
    """Curves (places, units) as tiles: between zero and the curve stands its value, else nothing."""
    top = float(np.abs(curves).max()) or 1.0
    height = np.linspace(1.0, -1.0, TILE)[None, :, None] * top
    value = curves.T[:, None, :]
    return np.where((height * value > 0) & (np.abs(height) <= np.abs(value)), value, 0.0)


def weight_of(model: Any, c: Any, wire: int, source: int, target: int) -> tuple[str, tuple[int, int], float]:
    """(array, place in it, sign with which it is sent on) of a wire of the drawing; says which wire there is none of."""
    columns = model.drawn_layers(c.outline)
    known = wires(columns)
    if wire >= len(known):
        raise ModelError(f"{model._owner()}.set_weight.wire: must be below the number of bundles of wires, {len(known)} (got {wire}).")
    a, b = columns[known[wire][0]], columns[known[wire][1]]
    for name, value, column in (("source", source, a), ("target", target, b)):
        if value >= column.units:
            raise ModelError(f"{model._owner()}.set_weight.{name}: must be below the units of {column.name}, {column.units} (got {value}).")
    if "maps" in (a.form, b.form):
        raise ModelError(
            f"{model._owner()}.set_weight.wire: between {a.name} and {b.name} runs a kernel, not one weight (got {wire}); take a wire between units."
        )
    if b.turned:
        return b.weight, (target, source), 1.0
    sent = np.broadcast_to(model.sent_as(c, b.weight), (a.units, b.units))
    return b.weight, (source, target), float(sent[source, target])
