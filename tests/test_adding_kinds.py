"""A kind of picture and a kind of parameter come from outside: one file registers each, nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QLineEdit

from lab.display.sources import LiveSource
from lab.engine import kinds
from lab.engine.ring import Ring
from lab.engine.runner import Status
from lab.engine.simulation import Simulation
from lab.errors import ModelError, ParameterError
from lab.model import Layer, Model, Picture, Stream, param
from lab.params import Described
from lab.params import kinds as parameter_kinds
from lab.params.kinds import ParameterKind
from lab.widgets import fields
from lab.widgets.form import ParameterForm
from lab.widgets.gallery import THUMB, small_picture
from lab.widgets.pictures import base, make


@pytest.fixture(autouse=True)
def own_registries():
    """What a test registers goes away with it."""
    tables = (parameter_kinds.KINDS, fields.base.FIELDS, base.VIEWS, kinds.KINDS)
    before = [dict(table) for table in tables]
    yield
    for table, kept in zip(tables, before, strict=True):
        table.clear()
        table.update(kept)


class Compass(Model):
    """Shows one direction."""

    name = "compass"
    title = "Compass"

    @property
    def streams(self):
        return (Stream("heading", "dial", "deg", "Where it points."),)

    @property
    def pictures(self):
        return (Picture("dial", "Heading", (Layer("heading"),)),)

    def start(self, constants, seed):
        return {"angle": np.array([30.0])}

    def advance(self, constants, state, n, out):
        state["angle"] += n
        return n

    def observe(self, constants, state, stream):
        return float(state["angle"][0])


def test_a_kind_of_picture_from_outside_is_drawn_exported_and_in_the_gallery(qtbot, tmp_path):
    number = kinds.must("a number", lambda shown: "" if isinstance(shown, float) else "something else")
    kinds.add(kinds.Kind("dial", number, lambda stream, shown: {stream.name: np.array([shown])}))
    with pytest.raises(ModelError, match="nothing draws the picture 'dial' of kind 'dial'"):
        make(Compass().pictures[0], Compass())

    @base.draws("dial")
    class DialView(base.PictureView):
        """A number, written out."""

        def draw(self, source, overlays):
            self.value = source.snapshot("heading")
            return self.value is not None

        def table(self):
            return ["heading"], [[self.value]]

        def paint_on(self, painter: QPainter, area: QRectF) -> None:
            painter.fillRect(area, "#ff8800")

    model = Compass()
    simulation, ring = Simulation(model, 1), Ring(model)
    simulation.advance(5, [])
    ring.show(simulation.step, {"heading": simulation.observe("heading")})
    source = LiveSource(ring, lambda: Status("paused", model, step=simulation.step))
    view = make(model.pictures[0], model)
    qtbot.addWidget(view)
    view.resize(200, 120)
    assert view.refresh(source, force=True)
    assert view.text() == "heading\n35\n"
    assert view.export(tmp_path / "dial.svg").read_text().count("ff8800")
    image = small_picture(view, source)
    assert image.pixelColor(THUMB.width(), THUMB.height()).name() == "#ff8800"


def test_a_kind_of_parameter_from_outside_is_typed_until_it_has_a_field_of_its_own(qtbot):
    def read(text: str, unit: str) -> float:
        try:
            hours, minutes = text.split(":")
            return int(hours) + int(minutes) / 60
        except ValueError:
            raise ValueError("must be a time of day such as 6:30") from None

    parameter_kinds.register(ParameterKind("clock time", read, brief=True))

    class Sunrise(Described):
        """When the sun rises."""

        at: float = param(6.0, lo=0, hi=24, kind="clock time", doc="Time of day.")

    assert Sunrise.from_text("at", "6:30") == 6.5
    with pytest.raises(ParameterError, match=r"Sunrise.at: must be a time of day such as 6:30 \(got 'noon'\)"):
        Sunrise.from_text("at", "noon")
    form = ParameterForm(Sunrise)
    qtbot.addWidget(form)
    field = form.rows["at"].field
    assert isinstance(field.target, QLineEdit)
    field.line.setText("7:15")
    field.line.editingFinished.emit()
    assert form.model.at == 7.25

    @fields.edits("clock time")
    class ClockField(fields.Field):
        """Two digits and two digits."""

        def __init__(self, spec):
            super().__init__(spec)
            self.shown = ""

        def set_value(self, value):
            self.shown = f"{int(value)}:{round(value % 1 * 60):02d}"

    form = ParameterForm(Sunrise(at=7.25))
    qtbot.addWidget(form)
    assert isinstance(form.rows["at"].field, ClockField) and form.rows["at"].field.shown == "7:15"


def test_a_kind_of_parameter_that_nobody_registered_is_refused_where_it_is_declared():
    class Odd(Described):
        """Has a parameter of no kind."""

        at: float = param(6.0, kind="clock tyme", doc="Time of day.")

    with pytest.raises(TypeError, match="there is no such kind of parameter"):
        Odd.specs()
