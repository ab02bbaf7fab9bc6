"""A kind of stream that stands in a file of one's own is checked, recorded, exported and drawn like any other."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from lab import api
from lab.display.export import export_stream
from lab.display.plots import RecordedSource
from lab.engine import kinds
from lab.engine.experiment import Experiment
from lab.engine.runner import Play, Runner, Watch
from lab.engine.simulation import Simulation
from lab.errors import ModelError
from lab.model import Clock, Layer, Model, Picture, Stream, param
from lab.session import Session
from lab.widgets.offscreen import render
from lab.widgets.pictures.base import VIEWS, PictureView

ROSE = kinds.Kind(
    "rose",
    kinds.array("an array (directions,) of lengths", (1,)),
    lambda stream, shown: {"degrees": 360.0 * np.arange(len(shown)) / len(shown), stream.name: shown},
)


class RoseView(PictureView):
    """Rays of a wind rose."""

    rays: np.ndarray = np.empty(0)

    def draw(self, source, overlays):
        """Keep what there is to draw."""
        self.rays = source.snapshot(self.picture.layers[0].stream)
        return self.rays is not None

    def paintEvent(self, event):
        """On the screen."""
        painter = QPainter(self)
        self.paint_on(painter, QRectF(self.rect()))
        painter.end()

    def paint_on(self, painter: QPainter, area: QRectF):
        """A ray for each direction."""
        painter.setPen(QColor("#c00000"))
        for angle, length in zip(2 * np.pi * np.arange(len(self.rays)) / len(self.rays), self.rays, strict=True):
            tip = 0.1 * area.height() * length * np.array([np.cos(angle), np.sin(angle)])
            painter.drawLine(area.center(), area.center() + type(area.center())(*map(float, tip)))


class Weathercock(Model):
    """How often the wind blew from each of eight directions."""

    name = "weathercock"
    title = "Weathercock"
    broken: bool = param(False, doc="Show something that cannot be drawn.")

    @property
    def clock(self):
        return Clock(1.0, "day", physical=False)

    @property
    def streams(self):
        return (Stream("winds", "rose", "days", "Days of wind from each direction.", every=1),)

    @property
    def pictures(self):
        return (Picture("winds", "Winds", (Layer("winds"),)),)

    def start(self, constants, seed):
        return {"days": np.zeros(8), "step": np.zeros(1, np.int64)}

    def advance(self, constants, state, n, out):
        for _ in range(n):
            state["days"][int(state["step"][0]) * 3 % 8] += 1.0
            state["step"] += 1
        return n

    def observe(self, constants, state, stream):
        return {"winds": state["days"].copy()} if self.broken else state["days"].copy()


@pytest.fixture
def rose(monkeypatch):
    monkeypatch.setitem(kinds.KINDS, "rose", ROSE)
    monkeypatch.setitem(VIEWS, "rose", RoseView)


def test_it_is_recorded_exported_and_drawn(rose, tmp_path):
    run = api.run(Weathercock(), steps=11, seed=1)
    assert run["winds"][-1].tolist() == [2.0, 1.0, 1.0, 2.0, 1.0, 1.0, 2.0, 1.0]
    out = io.StringIO()
    export_stream(run, "winds", "csv", None, out)
    assert out.getvalue().splitlines()[:3] == ["degrees,winds", "0.0,2.0", "45.0,1.0"]
    path = run.save(tmp_path / "winds.lab")
    with Session.open(path) as session, session.reader() as reader:
        render(Weathercock(), RecordedSource(reader, 1, None, Weathercock()), tmp_path / "winds.svg")
    assert 'stroke="#c00000"' in (tmp_path / "winds.svg").read_text()


def test_a_payload_that_cannot_be_drawn_fails_where_it_is_shown(rose, monkeypatch):
    with pytest.raises(
        ModelError, match=r"weathercock.winds: a stream of kind rose holds an array \(directions,\) of lengths \(got a dict\)"
    ):
        Simulation(Weathercock(broken=True)).observe("winds")
    monkeypatch.setattr(Experiment, "build", lambda self: Weathercock(broken=True))
    runner = Runner(Experiment("weathercock", record={}), watch=frozenset({"winds"})).start()
    runner.send(Watch(frozenset({"winds"})))
    runner.send(Play())
    runner._thread.join(10.0)
    assert runner.status.phase == "failed" and "weathercock.winds" in runner.status.error


def test_a_kind_that_nobody_knows_is_refused_before_the_run():
    with pytest.raises(ModelError, match=r"weathercock.winds: there is no kind of streams 'rose'"):
        Simulation(Weathercock())


@pytest.mark.parametrize(
    ("kind", "shown", "words"),
    [
        ("curve", np.zeros(3), "got the shape \\(3,\\)"),
        ("cloud", np.zeros((4, 7)), "got the shape"),
        ("image", [[1.0]], "got a list"),
        ("bars", np.array(["a"]), "got an array of <U1"),
        ("graph", {"nodes": np.zeros((2, 3)), "edges": np.array([[0, 2, 1.0]])}, "an edge to a node that is none of 2"),
        ("table", [{"a": 1}, 3], "got a int"),
        ("matrices", [{"name": "W", "values": np.zeros((2, 2, 2))}], "'W' of the shape"),
        ("tokens", {"rows": [{"texts": "ab", "values": [1.0]}]}, "2 texts need as many values"),
        ("arrows", None, "got nothing"),
    ],
)
def test_broken_payloads_are_named(kind, shown, words):
    with pytest.raises(ModelError, match=words):
        kinds.checked("model", Stream("what", kind), shown)
