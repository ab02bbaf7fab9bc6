"""Graphs to and from files: JSON (whole), GraphML and edge lists as CSV (nodes, wires and their values)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lab.errors import FileError, LabError, near
from lab.graph.document import Graph, GraphError

SUFFIXES = (".json", ".graphml", ".csv")
LIMIT = 64 << 20  # bytes of a file that is opened
SPACE = "{http://graphml.graphdrawing.org/xmlns}"
NODE_KEYS = ("kind", "title", "x", "y", "values")
EDGE_KEYS = ("output", "input", "values")


def write(graph: Graph, path: str | Path) -> Path:
    """Write a graph; the ending .json, .graphml or .csv decides how. Raises FileError with a sentence."""
    path = Path(path)
    writers = {".json": Graph.to_json, ".graphml": to_graphml, ".csv": to_csv}
    if path.suffix.lower() not in writers:
        raise FileError(f"'{path.name}': graphs are written as {', '.join(SUFFIXES)} (got '{path.suffix}').")
    try:
        path.write_text(writers[path.suffix.lower()](graph), encoding="utf-8", newline="")
    except OSError as error:
        raise FileError(f"'{path}' cannot be written: {error.strerror or error}; choose another folder.") from None
    return path


def read(path: str | Path, family: str) -> Graph:
    """Read a graph; one without kinds (from another program) becomes nodes of the family's first kind."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise FileError(f"'{path.name}': graphs are read from {', '.join(SUFFIXES)} (got '{path.suffix}').")
    try:
        if path.stat().st_size > LIMIT:
            raise FileError(f"'{path.name}' is larger than {LIMIT >> 20} MB: open a part of it.")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(
            f"'{path}' cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}; choose another file."
        ) from None
    readers = {".json": lambda text, family: Graph.from_json(text), ".graphml": from_graphml, ".csv": from_csv}
    try:
        graph = readers[path.suffix.lower()](text, family)
    except GraphError as error:
        raise FileError(f"'{path.name}': {error}") from None
    if graph.family != family:
        raise FileError(f"'{path.name}' holds a graph of {graph.kinds.title.lower()}: open it in a model that takes one.")
    return graph


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


def from_graphml(text: str, family: str) -> Graph:
    """The graph of a GraphML document of this or another program; document types and entities are refused."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise GraphError("The GraphML document defines a document type or entities, which are not read: save it without.")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise GraphError(f"The GraphML document is damaged ({error}): open another.") from None
    names = {key.get("id", ""): key.get("attr.name", "") for key in root.iter() if _local(key) == "key"}
    nodes: list[tuple[str, dict[str, str]]] = []
    edges: list[tuple[str, str, dict[str, str]]] = []
    for item in root.iter():
        data = {names.get(d.get("key", ""), d.get("key", "")): d.text or "" for d in item if _local(d) == "data"}
        if _local(item) == "node":
            nodes.append((item.get("id", ""), data))
        elif _local(item) == "edge":
            edges.append((item.get("source", ""), item.get("target", ""), data))
    return _made(family, nodes, edges)


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


def from_csv(text: str, family: str) -> Graph:
    """The graph of an edge list; the first two columns are the ends unless a header names `source` and `target`."""
    rows = [row for row in csv.reader(io.StringIO(text)) if row and any(cell.strip() for cell in row)]
    if not rows:
        raise GraphError("The edge list is empty: give one line for each wire, with its source and target.")
    header = [cell.strip().lower() for cell in rows[0]]
    named = "source" in header and "target" in header
    columns = header if named else ["source", "target", "weight"]
    found: dict[str, None] = {}
    edges = []
    for number, row in enumerate(rows[1:] if named else rows, 2 if named else 1):
        if len(row) < 2:
            raise GraphError(f"Line {number} of the edge list has no target: give source and target.")
        data = {c: cell.strip() for c, cell in zip(columns, row, strict=False) if cell.strip()}
        source, target = data.pop("source", ""), data.pop("target", "")
        if not source or not target:
            raise GraphError(f"Line {number} of the edge list names no {'source' if not source else 'target'}: give both.")
        found[source] = found[target] = None
        edges.append((source, target, data))
    return _made(family, [(title, {"title": title}) for title in found], edges)


def _made(family: str, nodes: Iterable[tuple[str, dict[str, str]]], edges: Iterable[tuple[str, str, dict[str, str]]]) -> Graph:
    graph = Graph(family)
    first = graph.kinds.kinds[0]
    ids: dict[str, str] = {}
    placed = True
    for name, data in nodes:
        kind = data.get("kind") or first.name
        values = json.loads(data["values"]) if data.get("values") else {}
        placed = placed and "x" in data
        at = (_number(data.get("x", "0")), _number(data.get("y", "0")))
        graph, ids[name] = graph.add_node(kind, *at, data.get("title") or data.get("label") or name, **_tuples(values))
    for source, target, data in edges:
        for end in (source, target):
            if end not in ids:
                raise GraphError(f"A wire ends at '{end}', which is not in the document: {near(end, ids)}")
        begin = graph.kind_of(ids[source]).port(data.get("output", ""), "output")
        values = json.loads(data["values"]) if data.get("values") else {}
        for name, text in data.items():
            if name in begin.carries.specs() and name not in EDGE_KEYS:
                values[name] = begin.carries.from_text(name, text)
        if values.get("weight", 0) < 0 and "sign" in begin.carries.specs():
            values |= {"weight": -values["weight"], "sign": "inhibitory"}
        try:
            graph, _ = graph.connect(ids[source], ids[target], data.get("output", ""), data.get("input", ""), **_tuples(values))
        except LabError as error:
            raise GraphError(str(error)) from None
    return graph if placed and graph.nodes else graph.layout(320.0, 150.0)


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(tuple(x) if isinstance(x, list) else x for x in v) if isinstance(v, list) else v for k, v in values.items()}


def _values(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) if values else ""


def _cell(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (tuple, list)) else str(value)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _put(item: Any, owner: str, data: dict[str, str]) -> None:
    for name, value in data.items():
        if value:
            ElementTree.SubElement(item, f"{SPACE}data", {"key": f"{owner}-{name}"}).text = value


def _local(element: Any) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""
