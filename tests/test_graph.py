"""The graph document: edits return another graph, text keeps it whole, and what is wrong is said in words."""

import itertools
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import ParameterError
from lab.graph.document import Family, Graph, GraphError, Kind, Plain, Port, family, register
from lab.graph.layout import layered
from lab.params import Described, param


class Amount(Described):
    """A number."""

    owner = "amount"
    value: float = param(1.0, lo=0, hi=10, doc="Its value.")
    rows: tuple[tuple[float, ...], ...] = param((), kind="matrix", doc="Some rows.")


SOURCE = Kind("source", "Source", Amount, (), (Port("out"),))
SUM = Kind("sum", "Sum", Amount, (Port("in", needed=True),), (Port("out"), Port("text", "text")))
ONE = Kind("one", "One", Amount, (Port("in", many=False, needed=True),), (Port("out", carries=Amount),))
SINK = Kind("sink", "Sink", Plain, (Port("in", needed=True), Port("words", "text")), ())
register(Family("flow", "Flow", (SOURCE, SUM, ONE, SINK), blocks=True))


def chain():
    g = Graph("flow")
    g, a = g.add_node("source", 0, 0, "a", value=2)
    g, b = g.add_node("one", 100, 0, "b")
    g, c = g.add_node("sink", 200, 0, "c")
    g, _ = g.connect(a, b)
    g, _ = g.connect(b, c, value=3)
    return g, (a, b, c)


def test_an_edit_leaves_the_graph_it_began_with():
    g, (a, b, _) = chain()
    before = g.to_json()
    g.set(a, value=5), g.move({b: (1, 2)}), g.remove([b]), g.comment("x"), g.group([a, b])
    assert g.to_json() == before


def test_text_keeps_everything_and_is_the_same_for_equal_graphs():
    g, (a, b, _) = chain()
    g, c = g.comment("why so", 5, 6)
    g, _ = g.group([a, b], "pair", repeat=1)
    g = g.set(a, rows=((1.0, 2.0), (3.0, 4.0))).set(c, width=300.0)
    again = Graph.from_json(g.to_json())
    assert again == g and again.to_json() == g.to_json()
    assert '"value":2.0' in g.to_json() and "hi" not in g.to_json()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "incomplete"),
        ('{"lab-graph":99}', "another version"),
        ('{"lab-graph":1,"family":"flaw","nodes":[],"edges":[]}', "no family of graphs 'flaw'"),
        ('{"lab-graph":1,"family":"flow","nodes":[{"id":"n1","kind":"sauce","title":"x","at":[0,0]}],"edges":[]}', "did you mean 'source'"),
        ('{"lab-graph":1,"family":"flow","nodes":[{"id":"n1","kind":"source","title":"x","at":[0]}],"edges":[]}', "incomplete"),
        (
            '{"lab-graph":1,"family":"flow","nodes":[{"id":"n1","kind":"source","title":"x","at":[0,0],"values":{"value":99}}],"edges":[]}',
            "at most 10",
        ),
        (
            '{"lab-graph":1,"family":"flow","nodes":[],"edges":[{"id":"e1","from":["n1","out"],"to":["n2","in"]}]}',
            "'n1', which is not in the graph",
        ),
    ],
)
def test_a_damaged_document_is_refused_with_a_sentence(text, words):
    with pytest.raises(GraphError, match=words):
        Graph.from_json(text)


def test_wires_that_cannot_be_are_refused_naming_both_ends_and_what_to_do():
    g, (a, b, c) = chain()
    g, s = g.add_node("sum", title="s")
    assert g.refusal(s, b) == "s to b: 'in' of b takes one wire and has one from a: remove that one first."
    assert "b to b: a One cannot lead back to itself" in g.refusal(b, b)
    assert "'text' gives text, but 'in' takes value" in g.refusal(s, c, "text", "in")
    assert g.refusal(s, c, "text", "words") == ""
    assert "A Sink has no output" in g.refusal(c, s)
    assert "has no input 'wards': did you mean 'words'" in g.refusal(a, c, "", "wards")
    g, _ = g.connect(b, s)
    assert "joined already" in g.refusal(b, s)
    g, s2 = g.add_node("sum", title="s2")
    g, _ = g.connect(s, s2)
    assert "would close a circle" in g.refusal(s2, s)
    with pytest.raises(GraphError, match="close a circle"):
        g.connect(s2, s)


def test_problems_say_what_is_missing_and_where():
    empty = Graph("flow").problems()
    assert len(empty) == 1 and "drag" in empty[0].sentence
    g, (a, b, _) = chain()
    assert g.problems() == ()
    found = g.remove([a]).problems()
    assert [p.nodes for p in found] == [(b,)] and "Nothing leads to 'in' of b" in found[0].sentence


def test_a_circle_in_a_document_is_found():
    g, _ = chain()
    text = (
        g.to_json()
        .replace('"kind":"source"', '"kind":"sum"')
        .replace('"edges":[', '"edges":[{"id":"e9","from":["n2","out"],"to":["n1","in"]},')
    )
    found = Graph.from_json(text).problems()
    assert any("closes a circle" in p.sentence for p in found)


def test_removing_a_node_takes_its_wires_and_its_place_in_groups():
    g, (a, b, c) = chain()
    g, group = g.group([a, b])
    g = g.remove([b])
    assert g.edges == () and g.groups[0].nodes == (a,)
    assert g.remove([a]).groups == ()
    with pytest.raises(GraphError, match="nothing called 'n9'"):
        g.remove(["n9"])
    assert group and c


def test_identities_are_never_used_twice_while_something_refers_to_them():
    g, (_, b, c) = chain()
    g = g.remove([b])
    g, d = g.add_node("sum")
    assert d not in {n.id for n in g.nodes if n.title != "Sum"} and d != c


def test_paste_makes_a_copy_with_new_names_and_inner_wires_only():
    g, (a, b, c) = chain()
    g, _ = g.group([a, b], "pair")
    pasted, new = g.paste(g.part([a, b]))
    assert [pasted.node(n).title for n in new] == ["a 2", "b 2"]
    assert len(pasted.edges) == len(g.edges) + 1 and len(pasted.groups) == 2
    assert pasted.node(new[0]).parameters == g.node(a).parameters and pasted.node(new[0]).x == g.node(a).x + 40
    with pytest.raises(GraphError, match="cannot be pasted"):
        Graph("populations").paste(g)
    assert c


def test_titles_are_unique_and_refused_otherwise():
    g, (a, _, _) = chain()
    g, d = g.add_node("source", title="a")
    assert g.node(d).title == "a 2"
    with pytest.raises(GraphError, match="called 'a' already"):
        g.set(d, title="a")
    with pytest.raises(ParameterError, match="at most 10"):
        g.set(a, value=11)


def test_a_block_of_three_is_written_out_as_a_chain_of_three():
    g, (a, b, c) = chain()
    g, s = g.add_node("sum", 150, 0, "s")
    g = g.remove([e.id for e in g.incoming(c)])
    g, _ = g.connect(b, s, value=7)
    g, _ = g.connect(s, c)
    g, _ = g.group([b, s], "block", repeat=3)
    assert g.problems() == ()
    flat = g.expand()
    titles = {n.id: n.title for n in flat.nodes}
    path = [titles[n] for n in flat.order()]
    assert path == ["a", "b", "s", "b 2", "s 2", "b 3", "s 3", "c"]
    assert len(flat.edges) == 7 and flat.groups == () and flat.problems() == ()
    assert all(e.properties.value == 7 for e in flat.edges if titles[e.source][0] == "b")
    with pytest.raises(GraphError, match="1 to 1000 times"):
        g.set(g.groups[0].id, repeat=0)
    assert a


def test_a_block_with_two_ways_out_is_a_problem_in_words():
    g, (_, b, c) = chain()
    g, s = g.add_node("sum", title="s")
    g, _ = g.connect(b, s)
    g, _ = g.connect(s, c)
    g, _ = g.group([b, s], "block", repeat=2)
    assert any("several outputs: let one output lead out of it" in p.sentence for p in g.problems())


def test_align_moves_only_one_coordinate():
    g, ids = chain()
    g = g.move({ids[0]: (3, 9)})
    assert [n.x for n in g.align(ids, "left").nodes] == [3, 3, 3]
    assert [n.y for n in g.align(ids, "row").nodes] == [3, 3, 3]
    assert [n.y for n in g.align(ids, "left").nodes] == [9, 0, 0]


def crossings(places, pairs):
    count = 0
    for (a, b), (c, d) in itertools.combinations(pairs, 2):
        if places[a][0] == places[c][0] and places[b][0] == places[d][0]:
            count += (places[a][1] - places[c][1]) * (places[b][1] - places[d][1]) < 0
    return count


def test_layout_leads_forward_and_untangles():
    pairs = [("a", "y"), ("b", "x"), ("c", "z"), ("x", "end"), ("y", "end"), ("z", "end")]
    places = layered(("a", "b", "c", "x", "y", "z", "end"), pairs)
    assert all(places[a][0] < places[b][0] for a, b in pairs)
    assert crossings(places, pairs) == 0
    assert len(set(places.values())) == len(places)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30))
def test_any_graph_with_circles_can_be_laid_out_and_ordered(size, wires):
    g = Graph("populations")
    for _ in range(size):
        g, _ = g.add_node("lif", size=5)
    for a, b in wires:
        if a < size and b < size:
            g, _ = g.connect(f"n{a + 1}", f"n{b + 1}")
    assert sorted(g.order()) == sorted(n.id for n in g.nodes)
    spread = g.layout()
    assert len({(n.x, n.y) for n in spread.nodes}) == size
    assert Graph.from_json(spread.to_json()) == spread


def test_populations_allow_circles_and_parallel_wires():
    g = Graph("populations")
    g, e = g.add_node("lif", title="E", size=10)
    g, _ = g.connect(e, e, weight=0.5)
    g, _ = g.connect(e, e, weight=0.25, delay=3.0)
    assert g.problems() == () and [x.properties.weight for x in g.edges] == [0.5, 0.25]
    g, d = g.add_node("drive", title="D")
    assert "'drive' gives drive, but 'synapses' takes spikes" in g.refusal(d, e, "", "synapses")
    assert g.refusal(d, e, "", "drive") == ""


def test_populations_name_what_cannot_run_and_warn_of_what_neurons_do_not_do():
    g = Graph("populations")
    g, e = g.add_node("lif", title="E", size=10)
    g, k = g.connect(e, e, rule="fixed in-degree", in_degree=50)
    assert "E to E: in_degree 50 is more than the 9 possible sources" in g.problems()[0].sentence
    g = g.set(k, in_degree=5)
    g, _ = g.connect(e, e, sign="inhibitory")
    (warning,) = g.problems()
    assert "Dale" in warning.sentence and not warning.fatal


@pytest.mark.parametrize("title", family("populations").templates)
def test_templates_are_complete_and_survive_text(title):
    g = family("populations").templates[title]()
    assert g.problems() == ()
    assert Graph.from_json(g.to_json()) == g


def test_a_palette_can_be_listed_without_the_compiler_or_qt():
    code = "import sys; from lab.graph.document import family; [family(n).kinds for n in ('populations', 'ensembles')]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numba", "PySide6", "scipy"} & set(loaded)
