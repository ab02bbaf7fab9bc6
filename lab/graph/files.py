"""Graphs to and from files: JSON (whole), GraphML, edge lists as CSV, and NIR of spiking populations; those of other programs as `lab.data.graphs` reads them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lab.data import door, graphs
from lab.errors import FileError, LabError
from lab.graph.document import FAMILIES, Graph, GraphError
from lab.units import number as printed

SUFFIXES = (".json", ".graphml", ".csv", ".nir")
MOST_NODES, MOST_EDGES = 2000, 5000  # of a graph that is put on a canvas
ROOM = (220.0, 110.0)  # pixels that a node on the canvas needs
SPACE = "{http://graphml.graphdrawing.org/xmlns}"
NODE_KEYS = ("kind", "title", "x", "y", "values")
EDGE_KEYS = ("output", "input", "values")


def write(graph: Graph, path: str | Path) -> Path:
    """Write a graph; the ending .json, .graphml, .csv or .nir decides how. Raises FileError with a sentence."""
    path = Path(path)
    if path.suffix.lower() == ".nir":
        from lab.graph import nir

        return nir.write(graph, path)
    writers = {".json": Graph.to_json, ".graphml": to_graphml, ".csv": to_csv}
    if path.suffix.lower() not in writers:
        raise FileError(f"'{path.name}': graphs are written as {', '.join(SUFFIXES)} (got '{path.suffix}').")
    try:
        path.write_text(writers[path.suffix.lower()](graph), encoding="utf-8", newline="")
    except OSError as error:
        raise FileError(f"'{path}' cannot be written: {error.strerror or error}; choose another folder.") from None
    return path


def read(path: str | Path, family: str) -> Graph:
    """Read a graph of a family, "" for any; one without kinds (from another program) becomes nodes of the family's first kind."""
    path = Path(path)
    if path.suffix.lower() == ".nir":
        from lab.graph import nir

        graph = nir.read(path)
    elif path.suffix.lower() == ".json" and _is_document(path):
        try:
            graph = Graph.from_json(door.read_text(path, limit=graphs.MAX_BYTES, what="a graph"))
        except GraphError as error:
            raise FileError(f"'{path.name}': {error}") from None
    else:
        graph = from_net(graphs.read(path), family)
    if family and graph.family != family:
        raise FileError(f"'{path.name}' holds a graph of {graph.kinds.title.lower()}: open it in a model that takes one.")
    return graph


def _is_document(path: Path) -> bool:
    """Whether a JSON file is a document of this lab rather than another program's."""
    try:
        data = json.loads(door.read_text(path, limit=graphs.MAX_BYTES, what="a graph"))
    except (ValueError, RecursionError):
        return True  # which says what is wrong with it
    return not isinstance(data, dict) or data.get("family") in FAMILIES or not ({"links", "elements", "directed"} & set(data))


def from_net(net: graphs.Net, family: str) -> Graph:
    """A graph of this family from what a file holds: nodes of its first kind, weights with their sign, an undirected edge as two."""
    if len(net.dots) > MOST_NODES or len(net.links) > MOST_EDGES:
        raise FileError(
            f"'{net.title}' holds {printed(len(net.dots))} nodes and {printed(len(net.links))} edges; a canvas has room for {printed(MOST_NODES)} and {printed(MOST_EDGES)}: "
            "analyse its connectivity instead."
        )
    ours = net.family in FAMILIES
    graph = Graph(net.family if ours else family)
    first = graph.kinds.kinds[0]
    ids: dict[str, str] = {}
    places = _places(net, ours)
    try:
        for k, dot in enumerate(net.dots):
            own = dot.more if ours else {}
            graph, ids[dot.id] = graph.add_node(own.get("kind") or first.name, *places[k], dot.title, **_own(own))
        for link in net.links:
            for one, other in (
                ((link.source, link.target),)
                if link.directed or link.source == link.target
                else ((link.source, link.target), (link.target, link.source))
            ):
                graph = _wired(graph, ids[one], ids[other], link, ours)
    except FileError:
        raise
    except LabError as error:
        raise FileError(f"'{net.title}': {error}") from None
    return graph if any(at != (0.0, 0.0) for at in places) else graph.layout(320.0, 150.0)


def _wired(graph: Graph, source: str, target: str, link: graphs.Link, ours: bool) -> Graph:
    own = link.more if ours or {"output", "input"} <= set(link.more) else {}  # an edge list of this lab names the ports
    begin = graph.kind_of(source).port(own.get("output", ""), "output")
    specs = begin.carries.specs()
    known = _own(own)
    for name, text in link.more.items():
        if name in specs and name not in EDGE_KEYS and name != "weight" and not ours:
            try:
                known[name] = begin.carries.from_text(name, text.replace(",", ".") if specs[name].kind == "float" else text)
            except LabError:
                continue  # another program's attribute of the same name
    if link.weight is not None and "weight" in specs and "weight" not in known:
        negative = link.weight < 0 and "sign" in specs
        known |= {"weight": abs(link.weight) if negative else link.weight, **({"sign": "inhibitory"} if negative else {})}
    graph, _ = graph.connect(source, target, own.get("output", ""), own.get("input", ""), **known)
    return graph


def _own(data: Mapping[str, str]) -> dict[str, Any]:
    """The values that this lab wrote beside a node or an edge."""
    try:
        values = json.loads(data["values"]) if data.get("values") else {}
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise GraphError("The values of a node or an edge are damaged: write the file again.")
    return _tuples(values)


def _places(net: graphs.Net, ours: bool) -> list[tuple[float, float]]:
    """Where the nodes lie on the canvas: as in the file, spread so far that nodes as large as ours do not cover one another."""
    if not net.dots or any(dot.place is None for dot in net.dots):
        return [(0.0, 0.0)] * len(net.dots)
    places = [dot.place for dot in net.dots if dot.place is not None]
    if ours or len(places) < 2:
        return places
    nearest = min(
        (max(abs(a[0] - b[0]) / ROOM[0], abs(a[1] - b[1]) / ROOM[1]) for k, a in enumerate(places[:300]) for b in places[:k]), default=1.0
    )
    if nearest <= 0 or nearest < 1e-3:
        return [(0.0, 0.0)] * len(places)
    grow = max(1.0, 1.0 / nearest)
    return [(x * grow, y * grow) for x, y in places]


def to_graphml(graph: Graph) -> str:
    """GraphML text: kinds, titles, places and changed values as data of nodes and edges."""
    ElementTree.register_namespace("", SPACE[1:-1])
    root = ElementTree.Element(f"{SPACE}graphml")
    for owner, names in (("node", NODE_KEYS), ("edge", EDGE_KEYS)):
        for name in names:
            kind = "double" if name in "xy" else "string"
            ElementTree.SubElement(root, f"{SPACE}key", {"id": f"{owner}-{name}", "for": owner, "attr.name": name, "attr.type": kind})
    body = ElementTree.SubElement(root, f"{SPACE}graph", {"id": graph.family, "edgedefault": "directed"})
    for n in graph.nodes:
        item = ElementTree.SubElement(body, f"{SPACE}node", {"id": n.id})
        _put(item, "node", {"kind": n.kind, "title": n.title, "x": f"{n.x:g}", "y": f"{n.y:g}", "values": _values(n.parameters.changed())})
    for e in graph.edges:
        item = ElementTree.SubElement(body, f"{SPACE}edge", {"id": e.id, "source": e.source, "target": e.target})
        _put(item, "edge", {"output": e.output, "input": e.input, "values": _values(e.properties.changed())})
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def to_csv(graph: Graph) -> str:
    """One line for each wire: titles of its ends, ports, and the values that differ from their defaults."""
    columns = list(dict.fromkeys(name for e in graph.edges for name in e.properties.changed()))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["source", "target", "output", "input", *columns])
    title = {n.id: n.title for n in graph.nodes}
    for e in graph.edges:
        values = e.properties.changed()
        writer.writerow([title[e.source], title[e.target], e.output, e.input, *(_cell(values[c]) if c in values else "" for c in columns)])
    return out.getvalue()


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(tuple(x) if isinstance(x, list) else x for x in v) if isinstance(v, list) else v for k, v in values.items()}


def _values(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) if values else ""


def _cell(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (tuple, list)) else str(value)


def _put(item: Any, owner: str, data: dict[str, str]) -> None:
    for name, value in data.items():
        if value:
            ElementTree.SubElement(item, f"{SPACE}data", {"key": f"{owner}-{name}"}).text = value
