"""Networks that other programs write: GraphML, GEXF, GML, JSON, edge lists and tables of connections, read into nodes and links.

One reader for the canvas and for the analysis of connectivity, so that they cannot disagree. GraphML is read as yEd (titles and
weights in labels), Gephi, Cytoscape and networkx write it; attributes of other programs are passed over by name. Document types
and entities are refused.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lab.data import door
from lab.data.columns import Rule
from lab.data.dialect import sniff
from lab.data.encoding import decode
from lab.data.numerals import tidy
from lab.data.rows import bounded, layout, values, without_comments
from lab.errors import FileError, near
from lab.units import number as printed

SUFFIXES = (".graphml", ".gexf", ".gml", ".json", ".net", ".csv", ".tsv", ".txt", ".edgelist", ".edges")
MAX_BYTES = 64 << 20
MAX_NODES = 100_000
MAX_LINKS = 2_000_000
DEPTH = 100  # of elements within one another
FROM = ("source", "from", "pre", "presynaptic", "pre_id", "node1", "node 1", "from_id", "source_id", "sender", "i", "tail")
TO = ("target", "to", "post", "postsynaptic", "post_id", "node2", "node 2", "to_id", "target_id", "receiver", "j", "head")
WEIGHT = ("weight", "weights", "edge weight", "w", "strength", "value", "count", "synapses")
TITLE = ("title", "label", "name", "shared name")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_GML = re.compile(r'\s+|#[^\n]*|"([^"]*)"|(\[)|(\])|([^\s\[\]"]+)')


@dataclass(frozen=True)
class Dot:
    """A node: its identity in the file, what people call it, where it lies (None: not said), and further attributes."""

    id: str
    title: str
    place: tuple[float, float] | None = None
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """An edge between two nodes by their identities; `weight` None where the file says none."""

    source: str
    target: str
    weight: float | None = None
    directed: bool = True
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Net:
    """A network as a file holds it. `ours`: written by this lab, whose own attributes then count."""

    dots: tuple[Dot, ...]
    links: tuple[Link, ...]
    title: str
    form: str
    family: str = ""
    notes: tuple[str, ...] = ()

    @property
    def directed(self) -> bool:
        """Whether no edge leads both ways."""
        return all(link.directed for link in self.links)

    @property
    def said(self) -> str:
        """One paragraph: nodes, edges, directions, weights, and what was passed over."""
        from lab.data.words import count

        both = sum(not link.directed for link in self.links)
        way = "directed" if not both else "undirected" if both == len(self.links) else f"{printed(both)} of them undirected"
        weights = [link.weight for link in self.links if link.weight is not None]
        known = (
            "no weights"
            if not weights
            else f"every weight {printed(weights[0], 6)}"
            if min(weights) == max(weights)
            else f"weights from {printed(min(weights), 6)} to {printed(max(weights), 6)}"
            + ("" if len(weights) == len(self.links) else f" on {printed(len(weights))} of them")
        )
        notes = "".join(f" {note}" for note in self.notes)
        edges = f"{way} {'edge' if len(self.links) == 1 else 'edges'}" if not both or both == len(self.links) else f"edges, {way}"
        return f"{self.title}: {count(len(self.dots), 'node')} and {printed(len(self.links))} {edges} ({self.form}), {known}.{notes}"


def read(path: str | Path) -> Net:
    """The network in a file; what it is follows from its content."""
    place = door.regular(path, limit=MAX_BYTES, what="a network (GraphML, GEXF, GML, JSON or an edge list)")
    raw = door.read_bytes(place, limit=MAX_BYTES, what="a network", packed=True)
    if not raw.strip():
        raise FileError(f"{place} is empty: give GraphML, GEXF, GML, JSON or an edge list.")
    text = decode(raw, place).text.removeprefix("\ufeff")
    start = text.lstrip()[:2000]
    if start.startswith("<"):
        net = _xml(text, place)
    elif start.startswith("{"):
        net = _json(text, place)
    elif place.suffix.lower() == ".gml" or re.match(
        r"(?s)(?:\s*#[^\n]*\n|\s*(?:Creator|Version|comment)\b[^\n]*\n)*\s*graph\s*\[", text[:20000]
    ):
        net = _gml(text, place)
    elif re.match(r"\*vertices\b", start, re.I):
        net = _pajek(text, place)
    else:
        net = _list(text, place)
    if len(net.dots) > MAX_NODES or len(net.links) > MAX_LINKS:
        raise FileError(
            f"{place} holds {printed(len(net.dots))} nodes and {printed(len(net.links))} edges; at most {printed(MAX_NODES)} and {printed(MAX_LINKS)} can be read."
        )
    known = {dot.id for dot in net.dots}
    for link in net.links:
        for end in (link.source, link.target):
            if end not in known:
                raise FileError(
                    f"{place}: an edge ends at '{end[:60]}', which is not in the file: {near(end, known) if len(known) < 5000 else 'mend it.'}"
                )
    return net


def number(text: str) -> float | None:
    """The number that a text is, with a decimal point or comma; None where it is none."""
    text = tidy(text)
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text.replace(",", "."))
    return value if math.isfinite(value) else None


def _weight(data: Mapping[str, str]) -> float | None:
    for name in WEIGHT:
        for key, text in data.items():
            if key.lower() == name and number(text) is not None:
                return number(text)
    return None


def _title(data: Mapping[str, str], otherwise: str) -> str:
    for name in TITLE:
        for key, text in data.items():
            if key.lower() == name and text.strip():
                return " ".join(text.split())[:200]
    return otherwise


def _place(data: Mapping[str, str]) -> tuple[float, float] | None:
    x, y = number(data.get("x", "")), number(data.get("y", ""))
    return (x, y) if x is not None and y is not None else None


# -- XML --


class _Shallow(ElementTree.TreeBuilder):
    """A tree that cannot be nested without end."""

    depth = 0

    def start(self, tag: Any, attrs: Any) -> Any:
        self.depth += 1
        if self.depth > DEPTH:
            raise ValueError(f"its elements lie more than {DEPTH} within one another")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Any:
        self.depth -= 1
        return super().end(tag)


def _xml(text: str, place: Path) -> Net:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise FileError(f"{place} defines a document type or entities, which a network does not need: save it without.")
    parser = ElementTree.XMLParser(target=_Shallow())
    try:
        # What is decoded already must not say another encoding.
        parser.feed(re.sub(r"^\s*<\?xml[^>]*\?>", "", text, count=1))
        root = parser.close()
    except (ElementTree.ParseError, ValueError) as error:
        raise FileError(f"{place} is damaged ({error}): write it again.") from None
    kind = _local(root)
    if kind == "gexf":
        return _gexf(root, place)
    if kind != "graphml":
        raise FileError(f"{place} holds {kind or 'no'} elements: networks are read as GraphML or GEXF.")
    return _graphml(root, place)


def _local(element: Any) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def _graphml(root: Any, place: Path) -> Net:
    names: dict[str, str] = {}
    defaults: dict[str, dict[str, str]] = {"node": {}, "edge": {}}
    for key in (k for k in root.iter() if _local(k) == "key"):
        # Gephi calls the attribute with the id "weight" by the name "Edge Weight".
        name = key.get("attr.name") or key.get("id", "")
        names[key.get("id", "")] = name
        default = next((d.text for d in key if _local(d) == "default" and d.text), None)
        for owner in ("node", "edge"):
            if default is not None and key.get("for", "all") in (owner, "all"):
                defaults[owner][name] = default
    graph = next((g for g in root if _local(g) == "graph"), None)
    undirected = graph is not None and graph.get("edgedefault") == "undirected"
    ours = graph is not None and "node-kind" in names and "edge-values" in names
    dots: list[Dot] = []
    links: list[Link] = []
    groups: set[str] = set()
    passed: dict[str, None] = {}
    yed = False
    for item in root.iter():
        kind = _local(item)
        if kind == "hyperedge":
            raise FileError(f"{place} holds hyperedges, which join more than two nodes: write them as edges.")
        if kind not in ("node", "edge"):
            continue
        data, drawn = _data(item, names)
        yed = yed or drawn is not None
        data = {**defaults[kind], **data}
        if kind == "node":
            id = item.get("id", "")
            label, at = _yed_node(drawn)
            dots.append(Dot(id, label or _title(data, id), at or _place(data), data))
            if any(_local(child) == "graph" for child in item):
                groups.add(id)
            passed |= {name: None for name in data if name.lower() not in (*TITLE, "x", "y")}
        else:
            weight = _weight(data)
            label = _yed_label(drawn, "EdgeLabel")
            weight = number(label) if weight is None and label else weight
            both = item.get("directed") == "false" or (undirected and item.get("directed") != "true")
            links.append(Link(item.get("source", ""), item.get("target", ""), weight, not both, data))
            passed |= {name: None for name in data if name.lower() not in (*WEIGHT, *TITLE)}
    ends = {end for link in links for end in (link.source, link.target)}
    empty = groups - ends  # a frame around others, no node of its own
    dots = [dot for dot in dots if dot.id not in empty]
    notes: tuple[str, ...] = (f"{len(empty)} group{'s' if len(empty) > 1 else ''} around nodes passed over.",) if empty else ()
    if passed and not ours:
        notes += (f"Attributes that mean nothing here were passed over: {', '.join(list(passed)[:12])}.",)
    form = "GraphML of this lab" if ours else "GraphML of yEd" if yed else "GraphML"
    return Net(tuple(dots), tuple(links), place.name, form, (graph.get("id", "") if ours and graph is not None else ""), notes)


def _data(item: Any, names: Mapping[str, str]) -> tuple[dict[str, str], Any]:
    """(attributes by name, what yEd draws) of a node or an edge."""
    data: dict[str, str] = {}
    drawn = None
    for d in item:
        if _local(d) != "data":
            continue
        key = d.get("key", "")
        if len(d):
            drawn = d
        elif d.text:
            data[names.get(key, key) or key] = d.text
    return data, drawn


def _yed_node(drawn: Any) -> tuple[str, tuple[float, float] | None]:
    if drawn is None:
        return "", None
    shape = next((g for g in drawn.iter() if _local(g) == "Geometry"), None)
    at = None
    if shape is not None:
        x, y = number(shape.get("x", "")), number(shape.get("y", ""))
        at = (x, y) if x is not None and y is not None else None
    return _yed_label(drawn, "NodeLabel"), at


def _yed_label(drawn: Any, kind: str) -> str:
    if drawn is None:
        return ""
    return next((" ".join(text.split())[:200] for e in drawn.iter() if _local(e) == kind and (text := e.text or "").strip()), "")


def _gexf(root: Any, place: Path) -> Net:
    graph = next((g for g in root.iter() if _local(g) == "graph"), None)
    undirected = graph is None or graph.get("defaultedgetype", "undirected") != "directed"
    dots, links = [], []
    for item in root.iter():
        if _local(item) == "node":
            id = item.get("id", "")
            spot = next((p for p in item if _local(p) == "position"), None)
            dots.append(Dot(id, " ".join((item.get("label") or id).split())[:200], _place(spot.attrib) if spot is not None else None))
        elif _local(item) == "edge":
            kind = item.get("type") or ("undirected" if undirected else "directed")
            links.append(Link(item.get("source", ""), item.get("target", ""), number(item.get("weight", "")), kind == "directed"))
    return Net(tuple(dots), tuple(links), place.name, "GEXF")


# -- GML --


def _gml(text: str, place: Path) -> Net:
    found = next((value for key, value in _gml_pairs(text, place) if key == "graph" and isinstance(value, list)), None)
    if found is None:
        raise FileError(f"{place} holds no graph: it is no whole GML file.")
    directed = any(key == "directed" and value == "1" for key, value in found)
    dots, links = [], []
    for key, value in found:
        if not isinstance(value, list):
            continue
        data = {k: v for k, v in value if isinstance(v, str)}
        if key == "node":
            drawn = next((dict(v) for k, v in value if k == "graphics" and isinstance(v, list)), {})
            spot = _place({k: v for k, v in drawn.items() if isinstance(v, str)})
            dots.append(Dot(data.get("id", ""), _title(data, data.get("id", "")), spot or _place(data)))
        elif key == "edge":
            weight = _weight(data)
            label = number(data.get("label", ""))
            links.append(Link(data.get("source", ""), data.get("target", ""), label if weight is None else weight, directed))
    return Net(tuple(dots), tuple(links), place.name, "GML")


def _gml_pairs(text: str, place: Path) -> list[tuple[str, Any]]:
    """Keys and values, which are texts or lists of pairs."""
    root: list[tuple[str, Any]] = []
    stack, key, at = [root], "", 0
    while at < len(text):
        found = _GML.match(text, at)
        if found is None:
            raise FileError(f"{place}, line {text.count(chr(10), 0, at) + 1} is no GML.")
        at = found.end()
        quoted, opens, closes, word = found.groups()
        if opens:
            inside: list[tuple[str, Any]] = []
            stack[-1].append((key.lower(), inside))
            stack.append(inside)
            key = ""
            if len(stack) > DEPTH:
                raise FileError(f"{place}: its lists lie more than {DEPTH} within one another.")
        elif closes:
            if len(stack) == 1:
                raise FileError(f"{place}, line {text.count(chr(10), 0, at) + 1}: a list is closed that was not opened.")
            stack.pop()
        elif word is not None or quoted is not None:
            value = word if word is not None else re.sub(r"&#(\d{1,7});", lambda m: chr(min(int(m.group(1)), 0x10FFFF)), quoted)
            if not key:
                key = value
            else:
                stack[-1].append((key.lower(), value))
                key = ""
    return root


# -- JSON --


def _json(text: str, place: Path) -> Net:
    """Node-link data as networkx and d3 write it, or Cytoscape's."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{place} is no whole JSON file ({str(error)[:80]}).") from None
    family = data.get("family", "")
    elements = data.get("elements") if isinstance(data.get("elements"), Mapping) else data
    nodes = elements.get("nodes")
    links = elements.get("links", elements.get("edges"))
    if not isinstance(nodes, list) or not isinstance(links, list):
        raise FileError(f"{place} holds no nodes and links: networks are read from JSON with 'nodes' and 'links' (or 'edges').")
    directed = bool(data.get("directed", elements is not data))
    dots, found = [], []
    for k, item in enumerate(nodes):
        one = _inner(item, place)
        id = _text(one.get("id", one.get("name", k)))
        spot: Mapping[str, Any] = item["position"] if isinstance(item, Mapping) and isinstance(item.get("position"), Mapping) else one
        flat = {key: _text(v) for key, v in one.items() if isinstance(v, (str, int, float))}
        dots.append(Dot(id, _title(flat, id), _place({key: _text(v) for key, v in spot.items() if isinstance(v, (str, int, float))})))
    named = {dot.id for dot in dots}
    for item in links:
        one = _inner(item, place)
        ends = [_text(e.get("id", "") if isinstance(e, Mapping) else e) for e in (one.get("source", ""), one.get("target", ""))]
        # d3 may number the nodes by their places.
        ends = [dots[int(e)].id if e not in named and e.isdigit() and len(e) < 9 and int(e) < len(dots) else e for e in ends]
        flat = {key: _text(v) for key, v in one.items() if isinstance(v, (str, int, float))}
        found.append(Link(ends[0], ends[1], _weight(flat), directed))
    form = "JSON of Cytoscape" if elements is not data else "JSON node-link data"
    return Net(tuple(dots), tuple(found), place.name, form, family if isinstance(family, str) else "")


def _inner(item: Any, place: Path) -> Mapping[str, Any]:
    one = item.get("data", item) if isinstance(item, Mapping) else {"id": item}
    if not isinstance(one, Mapping):
        raise FileError(f"{place}: a node or link is no table of names and values.")
    return one


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)[:200]


# -- lists and tables of connections --


def _pajek(text: str, place: Path) -> Net:
    """Pajek's *Vertices, *Arcs (directed) and *Edges (not): `1 "A" 0.1 0.2`, `1 2 0.5`."""
    dots: list[Dot] = []
    links: list[Link] = []
    part = ""
    for line_number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("%"):
            continue
        if line.startswith("*"):
            part = line[1:].split()[0].lower() if line[1:].split() else ""
            continue
        cells = [a or b or c for a, b, c in re.findall(r"\"([^\"]*)\"|'([^']*)'|(\S+)", line)]
        if part == "vertices":
            places = [v for v in map(number, cells[2:4]) if v is not None]
            dots.append(Dot(cells[0], cells[1] if len(cells) > 1 else cells[0], (places[0], places[1]) if len(places) == 2 else None))
        elif part in ("arcs", "edges"):
            if len(cells) < 2:
                raise FileError(f"{place}, row {line_number}: an edge needs two numbers of vertices (got '{line[:40]}').")
            links.append(Link(cells[0], cells[1], number(cells[2]) if len(cells) > 2 else None, part == "arcs"))
        elif part in ("arcslist", "edgeslist"):
            links += [Link(cells[0], other, None, part == "arcslist") for other in cells[1:]]
    return Net(tuple(dots), tuple(links), place.name, "Pajek")


def _list(text: str, place: Path) -> Net:
    """An edge list: columns headed from/to, source/target or pre/post, else the first two; or a square table of connections."""
    dialect = sniff(without_comments(text))
    found = layout(text, dialect, place)
    ends = ends_of(found.names) if found.named else None
    rows = list(bounded(values(text, dialect, found), place, MAX_LINKS))
    rule = Rule(dialect.decimal)
    square = _square(rows, found.names if found.named else (), rule) if ends is None else None
    if square is not None:
        return _from_table(*square, place)
    if found.named and ends is None and found.width >= 2:
        # The first pair of a list without a heading looks like names, but its names come again.
        seen = {tidy(cell) for _, row in rows for cell in row[:2]}
        if found.names[0] in seen or found.names[1] in seen:
            found = layout(text, dialect, place, "values")
            rows = list(bounded(values(text, dialect, found), place, MAX_LINKS))
    if found.width < 2:
        raise FileError(
            f"{place} holds one column: an edge list has a source and a target in each line, divided by commas, tabs, semicolons or spaces."
        )
    one, other = ends or (0, 1)
    names = [name.lower() for name in found.names]
    weight = next((names.index(name) for name in WEIGHT if name in names), None) if found.named else None
    if weight is None and found.width > 2 and (not found.named or ends is None):
        weight = 2 if all(rule.read(tidy(row[2]))[0] is not None for _, row in rows[:50] if len(row) > 2) else None
    kind = names.index("type") if found.named and "type" in names else None
    dots: dict[str, None] = {}
    links = []
    for record, row in rows:
        if len(row) <= max(one, other) or not row[one].strip() or not row[other].strip():
            raise FileError(f"{place}, row {record}: an edge needs two names, its source and its target (got '{' '.join(row)[:40]}').")
        source, target = tidy(row[one]), tidy(row[other])
        dots[source] = dots[target] = None
        heavy = rule.read(tidy(row[weight]))[0] if weight is not None and len(row) > weight else None
        inside = re.search(r"['\"]weight['\"]:\s*([-+0-9.eE]+)", " ".join(row[2:])) if weight is None and len(row) > 2 else None
        heavy = number(inside.group(1)) if inside else heavy
        both = kind is not None and row[kind].strip().lower() == "undirected"
        more = {
            names[k]: tidy(cell)
            for k, cell in enumerate(row)
            if found.named and k not in (one, other, weight, kind) and cell.strip() and k < len(names)
        }
        links.append(Link(source, target, heavy, not both, more))
    passed = [found.names[k] for k in range(found.width) if found.named and k not in (one, other, weight, kind)]
    notes = (f"Further columns, used only where an edge has such a value: {', '.join(passed[:12])}.",) if passed else ()
    form = f"an edge list, from '{found.names[one]}' to '{found.names[other]}'" if found.named else "an edge list without a heading"
    return Net(tuple(Dot(name, name) for name in dots), tuple(links), place.name, form, "", notes)


def ends_of(names: Iterable[str]) -> tuple[int, int] | None:
    """Columns of the two ends where the heading names them."""
    lower = [" ".join(name.lower().replace("_", " ").split()) for name in names]
    one = next((lower.index(name) for name in (n.replace("_", " ") for n in FROM) if name in lower), None)
    other = next((lower.index(name) for name in (n.replace("_", " ") for n in TO) if name in lower), None)
    return (one, other) if one is not None and other is not None else None


def _square(rows: list, names: tuple[str, ...], rule: Rule) -> tuple[list[str], list[list[float]]] | None:
    """(names, weights) of a table of connections, a row for each source: square, and its names the same along both sides."""
    if len(rows) < 3 or len(rows) > 5000:
        return None
    width = len(rows[0][1])
    if any(len(row) != width for _, row in rows):
        return None
    labels = [tidy(row[0]) for _, row in rows]
    named = len(names) == len(rows) + 1 and [n.lower() for n in names[1:]] == [label.lower() for label in labels]
    if not named and ((names and len(names) != len(rows)) or width != len(rows) or len(rows) < 4):
        return None
    table = [[rule.read(tidy(cell))[0] if cell.strip() else 0.0 for cell in row[1 if named else 0 :]] for _, row in rows]
    if any(v is None for row in table for v in row):
        return None
    return labels if named else [names[k] if names else str(k + 1) for k in range(len(rows))], table  # type: ignore[return-value]


def _from_table(names: list[str], table: list[list[float]], place: Path) -> Net:
    same = all(table[a][b] == table[b][a] for a in range(len(names)) for b in range(a))
    links = [
        Link(names[a], names[b], table[a][b], not same)
        for a in range(len(names))
        for b in range(len(names))
        if table[a][b] and (not same or a <= b)
    ]
    return Net(tuple(Dot(name, name) for name in names), tuple(links), place.name, "a table of connections, a row for each source")
