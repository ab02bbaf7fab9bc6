"""What a person reads off a picture: the nearest point, and two markers with what lies between them."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPointF

from lab import view
from lab.engine import Simulation
from lab.models.neurons.voltage_clamp import VoltageClamp
from lab.ring import Ring
from lab.runner import Status
from lab.widgets.pictures import make


@pytest.fixture
def curve(qtbot):
    """Draw the I-V curve of a short family; gives the picture and the simulation."""

    def made():
        simulation = Simulation(VoltageClamp(before=0.0, after=0.0, width=1.0))
        simulation.advance(50)
        model, ring = simulation.model, Ring(simulation.model)
        ring.show(50, {name: simulation.observe(name) for name in view.wanted(model.pictures[0])})
        drawn = make(model.pictures[0], model)
        qtbot.addWidget(drawn)
        drawn.resize(500, 400)
        drawn.show()
        drawn.refresh(view.LiveSource(ring, lambda: Status("paused", model, step=50)))
        return drawn, simulation

    return made


def test_a_click_picks_the_nearest_point_of_a_curve_of_points(curve):
    drawn, simulation = curve()
    heard = []
    drawn.acted.connect(lambda *what: heard.append(what))
    V, Na = simulation.observe("I_V")[:2, 5]
    drawn.clicked(QPointF(V + 0.5, Na))
    assert heard == [("pick", {"index": 5})]
    drawn.clicked(QPointF(V, 1e5))
    assert len(heard) == 1
