"""Networks that other programs write: titles, weights, signs and directions, the same for the canvas and for connectivity."""

from __future__ import annotations

import numpy as np
import pytest

from lab.data import graphs
from lab.errors import FileError, LabError
from lab.graph import files
from lab.models.networks.connectivity import read_network

NAMES = ("Thalamus", "Cortex", "Reticular")
LINKS = (("Thalamus", "Cortex", 0.8), ("Cortex", "Reticular", 0.5), ("Reticular", "Thalamus", -0.9))
SPACE = "http://graphml.graphdrawing.org/xmlns"


def put(tmp_path, content: str | bytes, name: str):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def graphml(keys: str, node, edge, default: str = "directed") -> str:
    nodes = "".join(node(k, name) for k, name in enumerate(NAMES))
    edges = "".join(edge(NAMES.index(a), NAMES.index(b), w) for a, b, w in LINKS)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="{SPACE}" xmlns:y="http://www.yworks.com/xml/graphml">{keys}<graph edgedefault="{default}">{nodes}{edges}</graph></graphml>'


YED = graphml(
    '<key attr.name="description" attr.type="string" for="node" id="d5"/><key for="node" id="d6" yfiles.type="nodegraphics"/><key for="edge" id="d10" yfiles.type="edgegraphics"/>',
    lambda k, n: (
        f'<node id="n{k}"><data key="d5"/><data key="d6"><y:ShapeNode><y:Geometry height="30" width="30" x="{100 * k}.0" y="50.0"/><y:NodeLabel>{n}<y:LabelModel/></y:NodeLabel></y:ShapeNode></data></node>'
    ),
    lambda a, b, w: (
        f'<edge id="e{a}" source="n{a}" target="n{b}"><data key="d10"><y:PolyLineEdge><y:EdgeLabel>{str(w).replace(".", ",")}</y:EdgeLabel></y:PolyLineEdge></data></edge>'
    ),
)
CYTOSCAPE = graphml(
    '<key attr.name="SUID" for="node" id="SUID"/><key attr.name="name" for="node" id="name"/><key attr.name="shared name" for="node" id="shared name"/>'
    '<key attr.name="interaction" for="node" id="interaction"/><key attr.name="weight" for="node" id="weight"/>',
    lambda k, n: (
        f'<node id="{62 + k}"><data key="SUID">{62 + k}</data><data key="shared name">{n}</data><data key="name">{n}</data></node>'
    ),
    lambda a, b, w: (
        f'<edge source="{62 + a}" target="{62 + b}"><data key="interaction">excites</data><data key="name">{a} (excites) {b}</data><data key="weight">{w}</data></edge>'
    ),
)
GEPHI = graphml(
    '<key attr.name="label" for="node" id="label"/><key attr.name="Edge Label" for="edge" id="edgelabel"/><key attr.name="Edge Weight" attr.type="double" for="edge" id="weight"/>'
    '<key attr.name="r" for="node" id="r"/><key attr.name="x" for="node" id="x"/><key attr.name="y" for="node" id="y"/>',
    lambda k, n: (
        f'<node id="{k}"><data key="label">{n}</data><data key="r">153</data><data key="x">{300 * k}</data><data key="y">-4.5</data></node>'
    ),
    lambda a, b, w: f'<edge source="{a}" target="{b}"><data key="weight">{w}</data></edge>',
)
GML = "# made by a program\nCreator \"x\"\ngraph [\n  directed 1\n" + "".join(f'  node [\n    id {k}\n    label "{n}"\n    graphics [ x {k}.5 y 2 ]\n  ]\n' for k, n in enumerate(NAMES)) + "".join(
    f"  edge [ source {NAMES.index(a)} target {NAMES.index(b)} weight {w} ]\n" for a, b, w in LINKS) + "]\n"  # fmt: skip
ROWS = [(a, b, str(w)) for a, b, w in LINKS]
WAYS = {
    "yEd": ("a.graphml", YED),
    "Cytoscape": ("a.graphml", CYTOSCAPE),
    "Gephi": ("a.graphml", GEPHI),
    "Gephi's GEXF": ("a.gexf", '<gexf xmlns="http://gexf.net/1.3"><graph defaultedgetype="directed"><nodes>' + "".join(f'<node id="{k}" label="{n}"/>' for k, n in enumerate(NAMES)) + "</nodes><edges>" + "".join(f'<edge source="{NAMES.index(a)}" target="{NAMES.index(b)}" weight="{w}"/>' for a, b, w in LINKS) + "</edges></graph></gexf>"),
    "GML": ("a.gml", GML),
    "GML under another name": ("a.txt", GML),
    "source, target": ("a.csv", "source,target,weight\n" + "".join(",".join(r) + "\n" for r in ROWS)),
    "from, to": ("a.csv", "from,to,weight\n" + "".join(",".join(r) + "\n" for r in ROWS)),
    "pre, post behind": ("a.csv", "synapses,pre,post\n" + "".join(f"{w},{a},{b}\n" for a, b, w in ROWS)),
    "Gephi's table": ("a.csv", "Source,Target,Type,Id,Label,timeset,Weight\n" + "".join(f"{a},{b},Directed,{k},,,{w}\n" for k, (a, b, w) in enumerate(ROWS))),
    "semicolons and decimal commas": ("a.csv", "Source;Target;Type;Weight\n" + "".join(f"{a};{b};Directed;{w.replace('.', ',')}\n" for a, b, w in ROWS)),
    "tabs": ("a.tsv", "source\ttarget\tweight\n" + "".join("\t".join(r) + "\n" for r in ROWS)),
    "UTF-16": ("a.txt", ("source\ttarget\tweight\n" + "".join("\t".join(r) + "\n" for r in ROWS)).encode("utf-16")),
    "no heading": ("a.csv", "".join(",".join(r) + "\n" for r in ROWS)),
    "networkx's lines": ("a.edgelist", "".join(f"{a} {b} {{'weight': {w}}}\n" for a, b, w in ROWS)),
    "spaces and a comment": ("a.txt", "# neurons of a loop\n" + "".join(" ".join(r) + "\n" for r in ROWS)),
    "a table of connections": ("a.csv", ",Thalamus,Cortex,Reticular\nThalamus,0,0.8,0\nCortex,0,0,0.5\nReticular,-0.9,0,0\n"),
    "node-link JSON": ("a.json", '{"directed": true, "nodes": [{"id": "Thalamus"}, {"id": "Cortex"}, {"id": "Reticular"}], "links": [' + ",".join(f'{{"source": "{a}", "target": "{b}", "weight": {w}}}' for a, b, w in LINKS) + "]}"),
    "d3": ("a.json", '{"directed": true, "nodes": [{"name": "Thalamus"}, {"name": "Cortex"}, {"name": "Reticular"}], "links": [' + ",".join(f'{{"source": {NAMES.index(a)}, "target": {NAMES.index(b)}, "value": {w}}}' for a, b, w in LINKS) + "]}"),
    "Cytoscape's JSON": ("a.json", '{"elements": {"nodes": [' + ",".join(f'{{"data": {{"id": "{k}", "name": "{n}"}}}}' for k, n in enumerate(NAMES)) + '], "edges": [' + ",".join(f'{{"data": {{"source": "{NAMES.index(a)}", "target": "{NAMES.index(b)}", "weight": {w}}}}}' for a, b, w in LINKS) + "]}}"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_the_same_network_is_read_in_whatever_way_it_is_written(tmp_path, way):
    name, content = WAYS[way]
    path = put(tmp_path, content, name)
    graph = files.read(path, "populations")
    title = {n.id: n.title for n in graph.nodes}
    assert sorted(title.values()) == sorted(NAMES)
    found = sorted((title[e.source], title[e.target], e.properties.weight, e.properties.sign) for e in graph.edges)
    assert found == sorted((a, b, abs(w), "inhibitory" if w < 0 else "excitatory") for a, b, w in LINKS)
    net = read_network(str(path))
    assert set(net.nodes()) == set(NAMES) and {frozenset(e) for e in net.edges()} == {frozenset((a, b)) for a, b, _ in LINKS}
    assert "3 nodes and 3 directed edges" in net.graph["said"] and "from −0.9 to 0.8" in net.graph["said"]


def test_an_undirected_edge_is_two_projections_and_one_edge_of_a_network(tmp_path):
    import networkx as nx

    ring = nx.circulant_graph(12, [1, 2])
    nx.write_graphml(ring, tmp_path / "a.graphml")
    nx.write_gml(ring, tmp_path / "a.gml")
    nx.write_gexf(ring, tmp_path / "a.gexf")
    for suffix in ("graphml", "gml", "gexf"):
        path = tmp_path / f"a.{suffix}"
        assert len(files.read(path, "populations").edges) == 48
        assert nx.average_clustering(read_network(str(path))) == 0.5
        assert "24 undirected edges" in graphs.read(path).said
    mixed = graphml(
        "", lambda k, n: f'<node id="{k}"/>', lambda a, b, w: f'<edge source="{a}" target="{b}" directed="{str(a != 0).lower()}"/>'
    )
    assert "3 edges, 1 of them undirected" in graphs.read(put(tmp_path, mixed, "b.graphml")).said


@pytest.mark.parametrize("foreign", ["values", "kind", "output", "input", "title x"])
def test_attributes_of_other_programs_are_passed_over_and_defaults_count(tmp_path, foreign):
    text = (
        f'<graphml xmlns="{SPACE}"><key id="d2" for="node" attr.name="{foreign}" attr.type="string"/><key id="d3" for="edge" attr.name="{foreign}"/>'
        '<key id="d1" for="edge" attr.name="weight" attr.type="double"><default>0.25</default></key><graph edgedefault="directed">'
        '<node id="a"/><node id="b"><data key="d2">3 cells</data></node><node id="c"/><edge source="a" target="b"><data key="d3">[1]</data></edge>'
        '<edge source="b" target="c"><data key="d1">0.75</data></edge></graph></graphml>'
    )
    path = put(tmp_path, text, "a.graphml")
    assert [e.properties.weight for e in files.read(path, "populations").edges] == [0.25, 0.75]
    assert foreign in graphs.read(path).said


def test_places_of_a_drawing_are_kept_and_spread_so_that_nodes_do_not_cover_one_another(tmp_path):
    graph = files.read(put(tmp_path, YED, "a.graphml"), "populations")
    x = [n.x for n in graph.nodes]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1]) and x[1] - x[0] >= 219


def test_a_ring_of_words_without_a_heading_keeps_its_first_edge(tmp_path):
    net = graphs.read(put(tmp_path, "A,B\nB,C\nC,A\n", "a.csv"))
    assert [(link.source, link.target) for link in net.links] == [("A", "B"), ("B", "C"), ("C", "A")]
    net = graphs.read(put(tmp_path, "1 2\n2 3\n3 1\n", "a.txt"))
    assert len(net.links) == 3 and net.links[0].weight is None


def test_columns_that_an_edge_knows_are_taken_over(tmp_path):
    graph = files.read(put(tmp_path, "source;target;weight;delay;colour\nA;B;0,5;2,5;red\n", "a.csv"), "populations")
    assert graph.edges[0].properties.delay == 2.5


def test_groups_of_yed_are_frames_and_no_nodes(tmp_path):
    text = f'<graphml xmlns="{SPACE}"><graph edgedefault="directed"><node id="g"><graph id="g:"><node id="a"/><node id="b"/></graph></node><edge source="a" target="b"/></graph></graphml>'
    net = graphs.read(put(tmp_path, text, "a.graphml"))
    assert [dot.id for dot in net.dots] == ["a", "b"] and "1 group around nodes passed over" in net.said


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.graphml", "<!DOCTYPE x><graphml/>", "document type"), ("a.graphml", ('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><graphml/>').encode("utf-16"), "document type"),
        ("a.graphml", "<graphml>", "damaged"), ("a.graphml", "<a>" * 200 + "</a>" * 200, "within one another"), ("a.graphml", "<svg/>", "svg"),
        ("a.graphml", "<graphml><graph><hyperedge/></graph></graphml>", "hyperedges"), ("a.graphml", '<graphml><graph><node id="a"/><edge source="a" target="b"/></graph></graphml>', "which is not in the file"),
        ("a.gml", "graph [ node [ id 1 ] ] ]", "closed that was not opened"), ("a.gml", "graph [" * 200, "within one another"), ("a.gml", "node [ id 1 ]", "holds no graph"),
        ("a.json", "{", "no whole JSON"), ("a.json", '{"nodes": 3}', "no nodes and links"), ("a.json", '{"nodes": [[1]], "links": [[[]]]}', "not in the file|no table|holds no"), ("a.json", "[" * 100_000, "JSON|column|table"),
        ("a.csv", "A\nB\n", "holds one column"), ("a.csv", "from,to\nA,\n", "needs two names"), ("a.csv", "", "is empty"),
    ],
)  # fmt: skip
def test_wrong_files_are_one_sentence(tmp_path, name, content, said):
    path = put(tmp_path, content, name)
    with pytest.raises(FileError, match=said):
        graphs.read(path)
    with pytest.raises(LabError):
        read_network(str(path))


def test_damaged_files_give_a_network_or_a_sentence(tmp_path):
    rng = np.random.default_rng(0)
    sources = [content if isinstance(content, bytes) else content.encode() for _, content in WAYS.values()]
    for k in range(300):
        damaged = bytearray(sources[k % len(sources)])
        for _ in range(int(rng.integers(1, 6))):
            damaged[rng.integers(0, len(damaged))] = rng.integers(0, 256)
        try:
            files.read(put(tmp_path, bytes(damaged), "a.txt"), "populations")
        except FileError:
            pass


def test_a_network_too_large_for_a_canvas_is_offered_for_analysis(tmp_path):
    path = put(tmp_path, "".join(f"a{k} a{k + 1}\n" for k in range(files.MOST_NODES + 1)), "a.txt")
    with pytest.raises(FileError, match="analyse its connectivity instead"):
        files.read(path, "populations")
    assert len(read_network(str(path))) == files.MOST_NODES + 2


def test_edges_are_counted_while_they_are_read(tmp_path, monkeypatch):
    from lab.data import graphs

    monkeypatch.setattr(graphs, "MAX_LINKS", 300)
    (tmp_path / "edges.csv").write_text("from,to\n" + "1,2\n" * 400)
    with pytest.raises(FileError, match="more than 300 rows, the most that can be read"):
        graphs.read(tmp_path / "edges.csv")
