"""The depth of a network is a row of boxes with plus and minus, not a text such as 8-8-8-8."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from lab import catalog
from lab.widgets.fields import make_field
from lab.widgets.fields.layers import LayersField
from lab.widgets.form import ParameterForm


@pytest.fixture
def form(qtbot):
    made = ParameterForm(catalog.load("mlp"))
    qtbot.addWidget(made)
    made.resize(320, 900)
    made.show()
    made.set_model(catalog.load("mlp")(hidden="8-8-4"))
    made.heard = []
    made.committed.connect(lambda name, value: made.heard.append((name, value)))
    return made


def test_each_layer_has_a_box_and_the_whole_is_said_in_words(form):
    field = form.rows["hidden"].field
    assert isinstance(field, LayersField) and [box.text() for box in field.boxes] == ["8", "8", "4"] and field.words.text() == "3 layers"
    form.set_model(catalog.load("mlp")(hidden="64, 64"))
    assert [box.text() for box in field.boxes] == ["64", "64"] and field.words.text() == "2 layers of 64 units"
    form.set_model(catalog.load("mlp")(hidden=""))
    assert not field.boxes and field.words.text() == "no layer" and not field.fewer.isEnabled()


def test_plus_and_minus_change_the_depth_and_a_box_the_width(form):
    field = form.rows["hidden"].field
    field.more.click()
    form.set_model(catalog.load("mlp")(hidden="8-8-4-4"))
    field.fewer.click()
    form.set_model(catalog.load("mlp")(hidden="8-8-4"))
    QTest.keyClick(field.boxes[1], Qt.Key.Key_Up)
    QTest.keyClick(field.boxes[1], Qt.Key.Key_Return)
    assert form.heard == [("hidden", "8-8-4-4"), ("hidden", "8-8-4"), ("hidden", "8-9-4")]


def test_an_empty_box_is_what_it_was(form):
    field = form.rows["hidden"].field
    field.boxes[0].clear()
    field.boxes[0].clearFocus()
    field.more.click()
    assert form.heard == [("hidden", "8-8-4-4")]


def test_what_the_model_refuses_is_explained_under_the_boxes(form):
    field = form.rows["hidden"].field
    form.set_model(catalog.load("mlp")(hidden="-".join(["2"] * 64)))
    field.more.click()
    assert form.heard == [] and "at most 64 layers" in form.rows["hidden"].words.text()


@pytest.mark.parametrize(
    ("model", "name", "said"),
    [("cnn", "filters", "Kernels of layer 1"), ("generative-adversarial-network", "generator", "Units of layer 1")],
)
def test_boxes_are_named_for_a_screen_reader(qtbot, model, name, said):
    kind = catalog.load(model)
    field = make_field(kind.specs()[name])
    qtbot.addWidget(field)
    field.set_value(kind.specs()[name].default)
    assert field.boxes[0].accessibleName() == said
