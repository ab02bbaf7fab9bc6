"""The table of a map's points: what a line means, how columns are ordered, and that map and table choose the same."""

from __future__ import annotations

import numpy as np
import pytest
from test_explorer import Fixed, explorer, pixel, space  # noqa: F401

from lab.embedding.attributes import Attributes, column_of
from lab.errors import LabError


@pytest.fixture
def known() -> Attributes:
    return Attributes(
        {
            "name": ("king", "sing", "Rock and roll", "x = 1", "ring"),
            "count": np.array([500.0, 100.0, np.nan, 3.0, 101.0]),
            "petal length": np.array([1.5, -2.0, 0.0, 3.0, 3.0]),
            "kind": ("man", "", "music", "sum", "thing"),
        }
    )


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("count = 3", [3]),
        ("frequency > 100", [0, 4]),
        ("count >= 100 and name ~ ing", [0, 1, 4]),
        ("word = KING or kind = music", [0, 2]),
        ("petal length < −1.5", [1]),
        ("petal length ≥ 3 & kind != sum", [4]),
        ("not name ~ ing", [2, 3]),
        ("roll", [2]),
        ('"rock and roll"', [2]),
        ('name = "Rock and roll"', [2]),
        ('"x = 1"', [3]),
        ("count =", [2]),
        ("kind !=", [0, 2, 3, 4]),
        ("nobody", []),
        ("kind = man or kind = sum and count > 100", [0]),
    ],
)
def test_a_line_means_the_rows_that_a_person_would_pick(known, line, rows):
    assert np.flatnonzero(known.meant(line)).tolist() == rows


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("colour = 3", "no column 'colour': there are name, count"),
        ("count > many", "holds numbers, and 'many' is none"),
        ("kind > 3", "holds words"),
        ("count >", "not finished"),
        ("king and", "not finished"),
    ],
)
def test_what_a_line_cannot_mean_is_one_sentence(known, line, said):
    with pytest.raises(LabError, match=said):
        known.meant(line)


def test_columns_are_ordered_by_number_or_by_letters_with_nothing_at_the_end(known):
    assert known.order("count").tolist() == [3, 1, 4, 0, 2] and known.order("count", True).tolist() == [0, 4, 1, 3, 2]
    assert known.order("kind").tolist() == [0, 2, 3, 4, 1] and known.order("kind", True).tolist() == [4, 3, 2, 0, 1]
    assert known.order("petal length", True).tolist()[:2] == [3, 4]  # equal ones stay in their order
    numbers = column_of(["3", "", "10"])
    assert (
        isinstance(numbers, np.ndarray) and np.isnan(numbers[1]) and column_of(["3", "b"]) == ("3", "b") and column_of(["", ""]) == ("", "")
    )


def shown(view) -> list[str]:
    rows = view.points.rows
    return [rows.data(rows.index(k, 0)) for k in range(rows.rowCount())]


def test_the_table_lists_every_point_with_what_is_known_and_sorts(explorer):  # noqa: F811
    view, _ = explorer
    assert view.points.isHidden() and not view.points.rows.rowCount()  # a hidden table costs nothing
    view.buttons["points"].click()
    assert view.points.isVisible() and view.points.rows.attributes.names[:3] == ("name", "count", "kind")
    assert len(shown(view)) == 8 and view.points.count.text() == "all 8"
    view.points.sort_by(0)
    assert shown(view)[:2] == ["apple", "chair"]
    view.points.sort_by(1)
    view.points.sort_by(1)
    assert shown(view)[0] == "king"
    view.points.sort_by(1)
    assert shown(view) == list(space().words)


def test_a_line_narrows_the_table_and_chooses_on_the_map(explorer):  # noqa: F811
    view, _ = explorer
    view.buttons["points"].click()
    view.points.field.setText("kind = fruit")
    assert shown(view) == ["apple", "pear", "plum"] and np.flatnonzero(view.state.chosen).tolist() == [4, 5, 6]
    assert view.points.count.text() == "3 of 8"
    view.points.field.setText("kind = fruit and")
    assert shown(view) == ["apple", "pear", "plum"] and "not finished" in view.points.complaint.text()
    view.isolate()
    assert view.canvas.scene.visible is not None and int(view.canvas.scene.visible.sum()) == 3
    view.points.field.setText("")
    assert len(shown(view)) == 8 and view.state.chosen is None and view.points.complaint.isHidden()


def test_rows_chosen_in_the_table_are_chosen_on_the_map_and_the_other_way_round(explorer, qtbot):  # noqa: F811
    from PySide6.QtCore import QItemSelectionModel, Qt

    view, _ = explorer
    view.buttons["points"].click()
    view.points.sort_by(0)  # apple chair king man pear plum queen woman
    grid, rows = view.points.grid, view.points.rows
    grid.selectRow(2)
    assert view.state.asked == "king" and view.canvas.scene.focus == (0,) and view.state.chosen is None
    grid.selectionModel().select(rows.index(3, 0), QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows)
    assert np.flatnonzero(view.canvas.scene.chosen).tolist() == [0, 2]
    view.choose(np.isin(np.arange(8), [4, 5, 7]))
    assert sorted(index.row() for index in grid.selectionModel().selectedRows()) == [0, 1, 4]
    assert rows.data(rows.index(0, 0), Qt.ItemDataRole.BackgroundRole) is not None
    assert rows.data(rows.index(2, 0), Qt.ItemDataRole.BackgroundRole) is None
    view.clear()
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=pixel(view, 1))
    assert [index.row() for index in grid.selectionModel().selectedRows()] == [6] and grid.currentIndex().row() == 6


def test_new_values_do_not_move_rows_under_the_mouse(explorer):  # noqa: F811
    view, source = explorer
    view.buttons["points"].click()
    view.finish_judging()
    assert "how false" in view.points.rows.attributes.names
    view.points.sort_by(view.points.rows.attributes.names.index("how false"))
    before = shown(view)
    source.shown["map"] = source.shown["map"][::-1].copy()
    source.version += 1
    view.refresh(source, force=True)
    view.finish_judging()
    assert shown(view) == before


def test_a_run_of_other_points_empties_and_fills_the_table_again(explorer):  # noqa: F811
    view, source = explorer
    view.buttons["points"].click()
    view.points.field.setText("kind = fruit")
    nothing = Fixed(space(), source.shown["map"])
    nothing.shown = {}
    view.refresh(nothing, force=True)
    assert shown(view) == []
    view.refresh(source, force=True)
    assert shown(view) == ["apple", "pear", "plum"]


def test_a_hundred_thousand_points_are_not_copied(qapp):
    from lab.widgets.embeddings.points import RUNS, Points

    count = 100_000
    known = Attributes({"name": tuple(map(str, range(count))), "class": np.arange(count) % 10.0})
    table = Points(None)
    table.set_attributes(known)
    assert table.rows.rowCount() == count and table.rows.attributes is known
    table.field.setText("class = 3")
    assert table.rows.rowCount() == count // 10
    table.field.setText("")
    inside = np.arange(count) % 2 == 0
    table.show_chosen(inside)
    assert count // 2 > RUNS and not table.grid.selectionModel().hasSelection()  # so many are shown by their ground alone
    table.deleteLater()


def test_what_is_no_picture_is_no_neighbour(qtbot):
    from lab.widgets.embeddings.thumbs import Neighbours

    neighbours = Neighbours()
    qtbot.addWidget(neighbours)
    neighbours.show_neighbours([(0, 0.1), (1, 0.2)], np.zeros((5, 64)), set())
    assert neighbours.entries == [] and neighbours.isHidden()
