"""What a person may do to a graph on the canvas, without a canvas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.errors import LabError
from lab.graph.document import GRID, Graph, Problem
from lab.widgets.networks import edits, walking
from lab.widgets.networks.problems import MOST, rows


@pytest.fixture
def pair() -> Graph:
    graph = Graph("populations")
    graph, one = graph.add_node("lif", 0.0, 0.0, "One")
    graph, two = graph.add_node("lif", 300.0, 0.0, "Two")
    graph, _ = graph.connect(one, two, sign="inhibitory")
    return graph


def ids(graph: Graph) -> list[str]:
    return [n.id for n in graph.nodes]


def test_edits_need_no_window():
    assert "PySide6" not in Path(edits.__file__).read_text("utf-8")


def test_a_node_stands_on_the_grid_and_is_selected(pair):
    made = edits.add(pair, "lif", 33.0, 47.0)
    node = made.graph.node(made.chosen[0])
    assert (node.x % GRID, node.y % GRID) == (0, 0) and made.words.startswith("Add ")


def test_a_new_card_covers_no_other(pair):
    assert edits.free_place(pair, 1.0, 1.0) == (0.0, 7 * GRID) and edits.free_place(pair, 20.0, 300.0) == (20.0, 300.0)
    graph = pair
    for _ in range(6):
        at = edits.free_place(graph, 130.0, 20.0)
        assert all(abs(n.x - at[0]) >= 200 or abs(n.y - at[1]) >= 120 for n in graph.nodes)
        graph, _ = graph.add_node("lif", *at)


def test_what_inhibits_goes_on_to_inhibit(pair):
    one, two = ids(pair)
    made = edits.add(pair, "lif", 0.0, 200.0)
    third = made.chosen[0]
    wired = edits.connect(made.graph, one, "", third, "")
    assert wired.graph.edge(wired.chosen[0]).properties.sign == "inhibitory" and wired.words.startswith("Join One to ")
    back = edits.connect(made.graph, two, "", one, "")
    assert back.graph.edge(back.chosen[0]).properties.sign == "excitatory"


def test_removing_names_one_thing_and_counts_several(pair):
    one, two = ids(pair)
    assert edits.remove(pair, (one,)).words == "Remove One"
    both = edits.remove(pair, (one, two))
    assert both.words == "Remove 2 things" and not both.graph.nodes and not both.graph.edges
    assert edits.remove(pair, ()) is None


def test_a_copy_keeps_the_wires_between_what_was_copied(pair):
    made = edits.duplicate(pair, ids(pair))
    assert len(made.graph.nodes) == 4 and len(made.graph.edges) == 2 and len(made.chosen) == 2
    assert edits.duplicate(pair, ()) is None and edits.copy(pair, ()) == ""
    with pytest.raises(LabError):
        edits.paste(pair, "no graph", 20.0)


def test_groups_fold_with_all_that_is_in_them(pair):
    grouped = edits.group(pair, ids(pair))
    (group,) = grouped.chosen
    folded = edits.fold(grouped.graph, (ids(pair)[0],))
    assert folded.words == "Fold Group" and folded.graph.groups[0].folded and folded.chosen == (group,)
    assert set(edits.with_inside(folded.graph, (group,))) == {group, *ids(pair)}
    moved = edits.nudge(folded.graph, (group,), 10.0, 0.0)
    assert [n.x for n in moved.graph.nodes] == [10.0, 310.0] and moved.key == "move"
    assert edits.ungroup(folded.graph, (group,)).graph.groups == () and edits.fold(pair, ids(pair)) is None


def test_a_value_is_named_after_whose_it_is_and_a_drag_waits_where_it_would_be_another_network(pair):
    one, _ = ids(pair)
    wire = pair.edges[0].id
    assert edits.set_value(pair, wire, "weight", 0.5).words == "Weight of One to Two"
    assert edits.set_value(pair, one, "title", "First").words == "Rename to First"
    specs = type(pair.nodes[0].parameters).specs()
    held = next(n for n, s in specs.items() if not s.live and s.kind == "int")
    assert edits.set_value(pair, one, held, 7, final=False) is None
    assert edits.set_value(pair, one, held, 7).key == f"{one}.{held}"


def test_the_same_network_may_stand_elsewhere(pair):
    assert edits.same_network(pair, edits.tidy(pair).graph)
    assert not edits.same_network(pair, edits.set_value(pair, pair.edges[0].id, "weight", 0.3).graph)


def test_nodes_are_gone_through_column_by_column(pair):
    one, two = ids(pair)
    graph, above = pair.add_node("lif", 10.0, -100.0, "Above")
    order = walking.in_order(graph, {one, two, above})
    assert order == [above, one, two] and walking.in_order(graph, {two, one}) == [one, two]
    assert walking.after(order, (), 1) == above and walking.after(order, (one, above), 1) == two
    assert walking.after(order, (two,), 1) == above and walking.after(order, (above,), -1) == two
    assert walking.after([], (one,), 1) == ""


def test_wires_of_a_node_are_gone_through_in_turn(pair):
    one, two = ids(pair)
    graph, back = pair.connect(two, one)
    first = pair.edges[0].id
    assert walking.next_wire(graph, (one,), "") == (first, one)
    assert walking.next_wire(graph, (first,), one) == (back, one) and walking.next_wire(graph, (back,), one) == (first, one)
    alone, three = graph.add_node("lif", 0.0, 300.0)
    assert walking.next_wire(alone, (three,), one) == ("", three) and walking.next_wire(alone, (), "") == ("", "")


def test_why_a_model_refuses_comes_first_unless_it_is_said_already():
    hint, fatal = Problem("A hint.", fatal=False), Problem("It cannot run.", nodes=("n1",))
    assert rows((hint,), "Refused (got '{\"long\": 1}'): mend it.") == [("Refused", (), True), ("A hint.", (), False)]
    assert rows((hint, fatal), "Refused.") == [("A hint.", (), False), ("It cannot run.", ("n1",), True)]
    assert rows((), "") == [] and len(rows((hint,) * 50, "")) == MOST


def test_a_new_card_stands_in_view_and_on_no_wire_where_there_is_room(pair):
    view = (-300.0, -200.0, 600.0, 300.0)
    graph = pair
    for _ in range(5):
        x, y = edits.free_place(graph, 150.0, 0.0, view)
        assert view[0] <= x <= view[2] and view[1] <= y <= view[3]
        graph, _ = graph.add_node("lif", x, y)
    wire = np.stack([np.linspace(0, 300, 40), np.full(40, 140.0)], axis=1)
    assert edits.free_place(pair, 0.0, 140.0)[1] == 140.0 and abs(edits.free_place(pair, 0.0, 140.0, view, wire)[1] - 140.0) >= 70.0
    crowd = Graph("populations")
    for k in range(900):
        crowd, _ = crowd.add_node("lif", 40.0 * (k % 30), 40.0 * (k // 30))
    x, y = edits.free_place(crowd, 600.0, 600.0, (0.0, 0.0, 1200.0, 1200.0))
    assert all(abs(n.x - x) >= 180 or abs(n.y - y) >= 120 for n in crowd.nodes)
