"""Kinds of streams that are looked at between blocks: what a model may show, checked where it shows it, and as columns.

A kind is one entry here and one view (`lab.widgets.pictures.kinds`). A file of a person's own may add one with `add`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lab.engine import tokens
from lab.errors import ModelError, near
from lab.model import Stream

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Kind:
    """A kind of stream.

    check     (whose, stream, payload) -> nothing; raises ModelError, naming both, for what cannot be drawn
    columns   (stream, payload) -> columns of equal length for a table, units in their names
    """

    name: str
    check: Callable[[str, Stream, Any], object]
    columns: Callable[[Stream, Any], Columns]


KINDS: dict[str, Kind] = {}


def add(kind: Kind) -> Kind:
    """Make a kind of stream known."""
    if kind.name in KINDS:
        raise ModelError(f"There are two kinds of streams called '{kind.name}': give one of them another name.")
    KINDS[kind.name] = kind
    return kind


def of(owner: str, stream: Stream) -> Kind:
    """The kind of a stream."""
    found = KINDS.get(stream.kind)
    if found is None:
        raise ModelError(f"{owner}.{stream.name}: there is no kind of streams '{stream.kind}': {near(stream.kind, KINDS)}")
    return found


def checked(owner: str, stream: Stream, shown: Any) -> Any:
    """What a model shows of a stream, if it can be drawn; otherwise a ModelError that names model and stream."""
    of(owner, stream).check(owner, stream, shown)
    return shown


# -- checks: of the outer form only, because a stream may be looked at thirty times a second --

Check = Callable[[str, Stream, Any], None]


def must(holds: str, wrong: Callable[[Any], str]) -> Check:
    """The check that a payload is what it `holds`; `wrong` says what it is instead, or nothing."""

    def check(owner: str, stream: Stream, shown: Any) -> None:
        found = wrong(shown)
        if found:
            raise ModelError(f"{owner}.{stream.name}: a stream of kind {stream.kind} holds {holds} (got {found}).")

    return check


def array(holds: str, dimensions: tuple[int, ...], widths: tuple[int, ...] = ()) -> Check:
    """The check for an array of numbers with one of these numbers of axes, its last axis of one of these lengths."""

    def wrong(shown: Any) -> str:
        if not isinstance(shown, np.ndarray) or shown.dtype.kind not in "fiub":
            return _named(shown)
        return "" if shown.ndim in dimensions and (not widths or shown.shape[-1] in widths) else f"the shape {shown.shape}"

    return must(holds, wrong)


def _named(shown: Any) -> str:
    if isinstance(shown, np.ndarray):
        return f"an array of {shown.dtype}"
    return "nothing" if shown is None else f"a {type(shown).__name__}"


def _rows(shown: Any) -> str:
    if not isinstance(shown, list):
        return _named(shown)
    return next((_named(row) for row in shown if not isinstance(row, dict)), "")


def _graph(shown: Any) -> str:
    if not isinstance(shown, dict):
        return _named(shown)
    if not {"nodes", "edges"} <= set(shown):
        return f"only {', '.join(shown)}"
    nodes, edges = np.asarray(shown["nodes"]), np.asarray(shown["edges"])
    if nodes.ndim != 2 or nodes.shape[1] < 3:
        return f"nodes of the shape {nodes.shape}"
    if edges.ndim != 2 or edges.shape[1] != 3:
        return f"edges of the shape {edges.shape}"
    if len(edges) and not (edges[:, :2].min() >= 0 and edges[:, :2].max() < len(nodes)):
        return f"an edge to a node that is none of {len(nodes)}"
    return ""


def _network(shown: Any) -> str:
    if not isinstance(shown, dict):
        return _named(shown)
    if not {"layers", "wires"} <= set(shown):
        return f"only {', '.join(shown)}"
    wrong = _rows(shown["layers"]) or _rows(shown["wires"])
    if wrong:
        return wrong
    counts = [len(layer["values"]) if isinstance(layer.get("values"), np.ndarray) else -1 for layer in shown["layers"]]
    for layer, count in zip(shown["layers"], counts, strict=True):
        maps = layer.get("maps")
        if count < 0 or (maps is not None and (np.ndim(maps) != 3 or len(maps) != count)):
            return f"the layer '{layer.get('name', '')}' without values and maps of as many units"
    for wire in shown["wires"]:
        ends = wire.get("source"), wire.get("target")
        if not all(isinstance(end, int) and 0 <= end < len(counts) for end in ends):
            return f"wires between layers {ends[0]} and {ends[1]} of {len(counts)}"
        if np.shape(wire.get("weights")) != (counts[ends[0]], counts[ends[1]]):
            return f"weights of the shape {np.shape(wire.get('weights'))} between {counts[ends[0]]} and {counts[ends[1]]} units"
    return ""


def _matrices(shown: Any) -> str:
    found = _rows(shown)
    for entry in shown if not found else ():
        values = entry.get("values")
        if values is not None and (np.asarray(values).dtype.kind not in "fiub" or np.ndim(values) > 2):
            return f"'{entry.get('name', '')}' of the shape {np.shape(values)}"
    return found


# -- columns --


def _names(stream: Stream, count: int) -> list[str]:
    """Names of `count` columns, with the unit: the stream's channels where they fit."""
    unit = f" ({stream.unit})" if stream.unit else ""
    if len(stream.channels) == count:
        return [f"{n}{unit}" for n in stream.channels]
    return [f"{stream.name}{unit}"] if count == 1 else [f"{stream.name}[{k}]{unit}" for k in range(count)]


def of_channels(stream: Stream, rows: np.ndarray) -> Columns:
    """Rows (n, *shape) as one column for each channel."""
    flat = rows.reshape(len(rows), int(np.prod(rows.shape[1:], dtype=int)))  # also where there are no rows yet
    return {name: flat[:, k] for k, name in enumerate(_names(stream, flat.shape[1]))}


def _of_array(stream: Stream, shown: Any) -> Columns:
    found = np.asarray(shown, float)
    rows = found.reshape(len(found), math.prod(found.shape[1:])) if found.ndim > 1 else found[:, None]
    return {"row": np.arange(len(rows)), **of_channels(stream, rows)}


def _of_arrows(stream: Stream, shown: Any) -> Columns:
    named = stream.channels or ("x", "y", "dx", "dy", "class")[: np.shape(shown)[1]]
    return _of_array(replace(stream, channels=named), shown)


def _of_curve(stream: Stream, shown: Any) -> Columns:
    found = np.asarray(shown, float)
    x = f"x ({stream.x_unit})" if stream.x_unit else "x"
    return {x: found[0], **dict(zip(_names(stream, len(found) - 1), found[1:], strict=True))}


def _of_rows(stream: Stream, shown: Any) -> Columns:
    keys = list(dict.fromkeys(k for row in shown for k in row))
    return {k: np.array([row.get(k, "") for row in shown]) for k in keys}


def _of_matrices(stream: Stream, shown: Any) -> Columns:
    cells = [
        (entry["name"], i, j, value)
        for entry in shown
        if entry.get("values") is not None
        for (i, j), value in np.ndenumerate(np.atleast_2d(np.asarray(entry["values"], float)))
    ]
    return {name: np.array([cell[k] for cell in cells]) for k, name in enumerate(("matrix", "row", "column", "value"))}


def _of_graph(stream: Stream, shown: Any) -> Columns:
    raise ModelError(f"{stream.name} is a graph: export it from the canvas as GraphML, JSON or an edge list.")


def _of_network(stream: Stream, shown: Any) -> Columns:
    """One row for each weight that is drawn."""
    rows = [
        (shown["layers"][wire["source"]]["name"], i, shown["layers"][wire["target"]]["name"], j, value)
        for wire in shown["wires"]
        for (i, j), value in np.ndenumerate(wire["weights"])
    ]
    return {name: np.array([row[k] for row in rows]) for k, name in enumerate(("from layer", "from", "to layer", "to", "weight"))}


def _of_tokens(stream: Stream, shown: Any) -> Columns:
    return tokens.columns(tokens.read(shown, stream.name, stream.kind), stream.channels)


def _nothing(owner: str, stream: Stream, shown: Any) -> None:
    """Traces and rasters are never looked at: they are written as they happen."""


POINTS = array("an array (points, 2 to 5): x, y, z, class, size", (2,), (2, 3, 4, 5))
PICTURES = array("an array (rows, columns), (tiles, rows, columns) or (rows, columns, 3)", (2, 3))
add(Kind("trace", _nothing, _of_array))
add(Kind("raster", _nothing, _of_array))
add(Kind("curve", array("an array (1 + curves, points), x first", (2,)), _of_curve))
add(Kind("bars", array("an array (bars,) or (series, bars)", (1, 2)), _of_array))
add(Kind("image", PICTURES, _of_array))
add(Kind("cloud", POINTS, _of_array))
add(Kind("arrows", array("an array (arrows, 4 or 5): x, y, dx, dy, class", (2,), (4, 5)), _of_arrows))
add(Kind("graph", must("a dict of nodes (n, 3 or more) and edges (m, 3)", _graph), _of_graph))
add(Kind("network", must("a dict of layers and wires", _network), _of_network))
add(Kind("table", must("a list of rows, each a dict of column and value", _rows), _of_rows))
add(Kind("matrices", must("a list of dicts with name, place and values (rows, columns)", _matrices), _of_matrices))
add(Kind("tokens", lambda owner, stream, shown: tokens.read(shown, stream.name, owner), _of_tokens))
