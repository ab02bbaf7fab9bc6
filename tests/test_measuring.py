"""What a person reads off a picture: the nearest point, and two markers with what lies between them."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPointF, Qt

from lab.display import plots as view
from lab.engine.ring import Ring
from lab.engine.runner import Status
from lab.engine.simulation import Simulation
from lab.models.neurons.hodgkin_huxley import HodgkinHuxley
from lab.models.neurons.voltage_clamp import VoltageClamp
from lab.widgets.pictures import make
from lab.widgets.pictures.ruler import between, unit_of


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


@pytest.fixture
def trace(qtbot):
    """Draw the voltage of a Hodgkin-Huxley cell; gives the picture, a function that runs on and redraws, and the simulation."""

    def made():
        simulation = Simulation(HodgkinHuxley())
        model, ring = simulation.model, Ring(simulation.model)
        drawn = make(model.pictures[0], model)
        qtbot.addWidget(drawn)
        drawn.resize(600, 400)
        drawn.show()

        def on(ms: float) -> None:
            ring.put(simulation.advance(simulation.model.steps_for(ms), ["V"]))
            drawn.refresh(view.LiveSource(ring, lambda: Status("paused", model, step=simulation.step)))

        return drawn, on, simulation

    return made


def test_two_markers_on_peaks_measure_the_interval_between_spikes(trace):
    drawn, on, _ = trace()
    on(95.0)
    for peak in (31.97, 46.61):  # just after the crossings of 0 mV at 31.47 and 46.11 ms
        drawn.shift_clicked(QPointF(peak, 30.0))
    (a, _), (b, _) = drawn.ruler.points
    assert b - a == pytest.approx(14.64, abs=0.2)
    words = drawn.ruler.words.text()
    assert words.startswith("Δt 14.6") and "1/Δt 68." in words and "ΔV" in words and drawn.ruler.words.isVisible()


def test_markers_move_with_what_they_mark(trace):
    drawn, on, _ = trace()
    on(95.0)
    drawn.shift_clicked(QPointF(90.0, 0.0))
    before = drawn.ruler.points[0]
    assert drawn.ruler.lines[0].getPos()[0] == pytest.approx(90.0, abs=0.5)
    on(60.0)  # the window is 100 ms: now it shows time before now
    assert drawn.ruler.points[0] == before
    assert drawn.ruler.lines[0].getPos()[0] == pytest.approx(before[0] - 155.0)


def test_arrow_keys_move_the_last_marker_and_delete_removes_both(trace, qtbot):
    drawn, on, _ = trace()
    on(50.0)
    drawn.shift_clicked(QPointF(10.0, -60.0))
    drawn.shift_clicked(QPointF(20.0, -60.0))
    first, last = drawn.ruler.points
    qtbot.keyClick(drawn, Qt.Key.Key_Right)
    one = drawn.ruler.points[1][0] - last[0]
    qtbot.keyClick(drawn, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    ten = drawn.ruler.points[1][0] - last[0] - one
    assert drawn.ruler.points[0] == first and 0 < one < 0.5 and ten == pytest.approx(10 * one)
    qtbot.keyClick(drawn, Qt.Key.Key_Left)
    assert drawn.ruler.points[1][0] < last[0] + one + ten
    qtbot.keyClick(drawn, Qt.Key.Key_Delete)
    assert drawn.ruler.points == [] and not drawn.ruler.words.isVisible() and not any(line.isVisible() for line in drawn.ruler.lines)


def test_a_dragged_marker_stays_on_its_curve(trace):
    drawn, on, _ = trace()
    on(50.0)
    drawn.shift_clicked(QPointF(10.0, -60.0))
    line = drawn.ruler.lines[0]
    line.setPos(2.1)
    line.sigDragged.emit(line)
    assert drawn.ruler.points[0] == pytest.approx((2.1, 40.0), abs=3.0), "near the first peak"


def test_a_third_marker_takes_the_place_of_the_oldest(trace):
    drawn, on, _ = trace()
    on(50.0)
    for x in (10.0, 20.0, 30.0):
        drawn.shift_clicked(QPointF(x, -60.0))
    assert [round(p[0]) for p in drawn.ruler.points] == [20, 30]


def test_markers_snap_to_points_of_a_curve(curve):
    drawn, simulation = curve()
    I_V = simulation.observe("I_V")
    drawn.shift_clicked(QPointF(I_V[0, 3] + 1.0, I_V[1, 3]))
    drawn.shift_clicked(QPointF(I_V[0, 6] - 1.0, I_V[1, 6]))
    assert [p[0] for p in drawn.ruler.points] == [I_V[0, 3], I_V[0, 6]]
    assert drawn.ruler.words.text().startswith("Δx 30 mV")


def test_what_lies_between_is_said_with_units():
    assert between((1.0, -60.0), (21.0, -50.0), "ms", "mV", True) == "Δt 20 ms   ΔV 10 mV   1/Δt 50 Hz"
    assert between((0.0, 1.0), (2.0, 0.0), "", "", False) == "Δx 2   Δy −1   Δy/Δx −0.5"
    assert unit_of("time before now (ms)") == "ms" and unit_of("v") == ""


def test_the_menu_measures_and_clears(trace):
    drawn, on, _ = trace()
    on(50.0)
    drawn.measure()
    assert len(drawn.ruler.points) in (1, 2)
    menu = drawn.menu()
    names = [a.text() for a in menu.actions()]
    assert "Measure between two markers (M)" in names
    next(a for a in menu.actions() if a.text() == "Remove the markers").trigger()
    assert drawn.ruler.points == []
    menu.deleteLater()
