"""Sweeps from the window: what is proposed, a curve and a map that grow, a click that opens the run of a point, stopping, keeping."""

import pytest

pytest.importorskip("PySide6")

from lab import catalog
from lab.units import number
from lab.widgets.vary import Vary, proposed

CELL = "leaky-integrate-and-fire"


def vary(open_window, qtbot):
    """A window and its dialog; no fixture, which would hold on to them while what is left is counted."""
    window = open_window(CELL)
    qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.phase in ("running", "paused"), timeout=20_000)
    window.commands.vary("current")
    made = window.commands._vary
    made.length.setText("30")
    return window, made


def done(qtbot, made):
    qtbot.waitUntil(lambda: not made.running, timeout=60_000)


def test_what_is_proposed_is_the_lively_range_or_all_choices():
    specs = catalog.load("mlp").specs()
    assert proposed(specs["activation"], "ReLU").startswith("identity, sigmoid")
    assert proposed(catalog.load(CELL).specs()["current"], 2.0).endswith(":21")


def test_the_menu_of_a_parameter_asks_for_its_values(open_window, qtbot):
    window = open_window(CELL)
    form = window.side.form
    menu = form.menu(type(form.model).specs()["current"])
    next(a for a in menu.actions() if a.text() == "Vary this…").trigger()
    made = window.findChild(Vary, "vary")
    assert made is not None and made.first.currentData() == "current" and made.isVisible()
    menu.close()
    made.close()


def test_a_curve_a_click_and_the_way_back(open_window, qtbot):
    window, made = vary(open_window, qtbot)
    made.values.setText("1:3:5")
    made._pressed()
    done(qtbot, made)
    assert "5 points done" in made.words.text() and len(made.table.rows) == 5
    made.figure.setCurrentIndex(made.figure.findData("rate (Hz)"))
    made.draw()
    line = next(i for i in made.plot.getPlotItem().listDataItems())
    x, y = line.getData()
    assert x.tolist() == [1.0, 1.5, 2.0, 2.5, 3.0] and y.tolist() == made.table.column("rate (Hz)")
    assert made.plot.nearest(2.5, 0.0).point.values == {"current": 2.5}
    before = window.document.experiment()
    made.open_point(made.plot.nearest(2.5, 0.0))
    assert window.document.experiment().build().current == 2.5
    window.steps.undo()
    assert window.document.experiment() == before
    # Its table lies in the session, apart from the runs one made by hand.
    assert made.kept.count() == 2 and all(not r.name.startswith("Sweep") for r in window.marks.rows())
    made.kept.setCurrentIndex(1)
    made._kept_chosen(1)
    assert len(made.table.rows) == 5
    made.close()


def test_two_parameters_make_a_map(open_window, qtbot):
    _, made = vary(open_window, qtbot)
    made.values.setText("1:3:3")
    made.second.setCurrentIndex(made.second.findData("tau_m"))
    made.more.setText("10, 20")
    made._pressed()
    done(qtbot, made)
    assert len(made.table.rows) == 6 and made.plot.nearest(2.0, 1.0).point.values == {"current": 3.0, "tau_m": 20.0}
    assert made.plot.nearest(3.0, 0.0) is None
    made.close()


def shown(window, axes, answers, seeds=(0,), drawn=0):
    """The dialog with a table that was made elsewhere: each point's summary, or its error."""
    from lab.analysis.sweeps.plan import Plan, axis
    from lab.analysis.sweeps.table import Row, Table
    from lab.engine.experiment import Experiment

    window.commands.vary("current")
    made = window.commands._vary
    kind = catalog.load(CELL)
    plan = Plan(Experiment(CELL, steps=10), tuple(axis(kind, text) for text in axes), seeds, drawn)
    told = [(p, answers(p)) for p in plan.points()]
    made.show_table(
        Table(plan, tuple(Row(p, "failed", {}, a) if isinstance(a, str) else Row(p, "finished", a) for p, a in told if a is not None))
    )
    return made


def test_the_sweep_is_copied_as_a_command(open_window, qapp):
    window = open_window(CELL)
    window.commands.vary("current")
    made = window.commands._vary
    made.values.setText("1:3:5")
    made.length.setText("30")
    made.seeds.setValue(2)
    made.copy.click()
    assert qapp.clipboard().text().split()[:3] == ["lab", "sweep", CELL] and "--vary current=1.0:3.0:5 --seeds 2" in qapp.clipboard().text()
    made.values.setText("1:3")
    made.copy.click()
    assert "current" in made.words.text()
    made.close()


def test_every_figure_of_any_point_can_be_chosen_in_the_order_of_the_model(open_window):
    """A cell at rest has no intervals, and a signal that carries a dict would sort its names."""
    window = open_window(CELL)
    window.commands.vary("current")
    made = window.commands._vary
    made.values.setText("0:4:3")
    made.figure.clear()
    plan = made.plan()
    made._show_plan(plan)
    for point, summary in zip(plan.points(), ({"spikes": 0, "rate (Hz)": 0.0, "start": "rest"}, {"spikes": 2, "CV": 0.1}, {}), strict=True):
        made.answered.emit({"number": point.number, "state": "finished", "summary": summary, "error": ""})
    assert [made.figure.itemText(k) for k in range(made.figure.count())] == ["spikes", "rate (Hz)", "CV"]
    assert made.words.text().endswith("3 of 3 points, 0 s left")
    made.close()


def test_a_point_that_went_wrong_is_marked_and_says_why(open_window):
    import pyqtgraph as pg

    window = open_window(CELL)
    made = shown(window, ["current=1:3:3"], lambda p: "It diverged." if p.values["current"] == 2.0 else {"rate (Hz)": 10.0})
    (cross,) = [i for i in made.plot.getPlotItem().items if isinstance(i, pg.ScatterPlotItem) and i.opts["symbol"] == "x"]
    assert cross.getData()[0].tolist() == [2.0]
    assert made.plot.said(made.plot.nearest(2.0, 0.0)) == "current 2: It diverged."
    assert made.plot.said(made.plot.nearest(3.0, 10.0)) == "current 3: rate (Hz) 10"
    made.close()


def test_equal_ratios_stand_evenly_with_ticks_at_powers_of_ten(open_window):
    window = open_window(CELL)
    made = shown(window, ["tau_m=0.1:1000:5:log"], lambda p: {"rate (Hz)": 1.0}, seeds=(0, 1))
    x, _ = made.plot.getPlotItem().listDataItems()[0].getData()
    assert x == pytest.approx([-1, 0, 1, 2, 3])
    assert [word for _, word in made.plot.getAxis("bottom")._tickLevels[0]] == ["0.1", "1", "10", "100", "1000"]
    assert made.plot.said(made.plot.nearest(2.0, 1.0)) == "tau_m 100: rate (Hz) 1 ± 0 of 2 seeds"
    made.close()


@pytest.mark.parametrize("axes", [["current=1:3:2"], ["current=1:3:2", "tau_m=1:100:2:log"], ["current=1:3:2", "form=physical,normalised"]])
def test_places_drawn_at_random_are_drawn_where_they_lie(open_window, axes):
    window = open_window(CELL)
    made = shown(window, axes, lambda p: {"rate (Hz)": p.values["current"]}, drawn=20)
    assert made.plot._spots[:, 0].tolist() == made.table.column("current")
    row = made.table.rows[7]
    assert made.plot.nearest(*made.plot._spots[7], *([0.0] if len(axes) == 1 else [])) == row
    made.close()


def test_of_three_parameters_the_map_is_a_mean_and_says_so(open_window):
    window = open_window(CELL)
    made = shown(window, ["current=1:3:3", "tau_m=10,20", "V_th=-50,-45"], lambda p: {"rate (Hz)": p.values["V_th"]})
    assert made.plot.strip.name.endswith("mean over the other parameters") and made.plot.strip.scale[1] == -47.5
    assert made.plot.nearest(2.0, 1.0).point.values["current"] == 3.0
    made.close()


def test_what_is_wrong_is_said_and_a_sweep_can_be_stopped(open_window, qtbot):
    _, made = vary(open_window, qtbot)
    made.values.setText("1:3")
    made._pressed()
    assert not made.running and "current" in made.words.text()
    made.values.setText("1:3:99999")
    made._pressed()
    assert not made.running and f"up to {number(20_000)}" in made.words.text()
    made.first.setCurrentIndex(made.first.findData("tau_m"))  # currents would be done all at once
    made.values.setText("10:20:400")
    made.length.setText("2000")
    made._pressed()
    assert made.running and made.start.text() == "Stop"
    qtbot.waitUntil(lambda: len(made._rows) > 2, timeout=60_000)
    made._pressed()
    done(qtbot, made)
    assert made.words.text().startswith("Stopped") and 2 < len(made.table.rows) < 400 and made.start.text() == "Start"
    made.close()


def test_points_are_seen_as_small_multiples_on_one_axis_and_open_from_there(open_window, qtbot):
    window, made = vary(open_window, qtbot)
    made.values.setText("1:3:3")
    made._pressed()
    done(qtbot, made)
    folder = made.runs
    made.tabs.setCurrentWidget(made.multiples)
    qtbot.waitUntil(lambda: len(made.multiples.views) == 3, timeout=60_000)
    assert [card.shown.name for card in made.multiples.cards] == ["current 1", "current 2", "current 3"]
    ranges = [view.field.viewRange() for view in made.multiples.views]
    assert ranges[0] == ranges[1] == ranges[2]
    sources = [folder.source(k) for k in range(3)]
    assert [s.model.current for s in sources] == [1.0, 2.0, 3.0] and all(s.step == made._plan.experiment.steps for s in sources)
    before, runs = window.document.experiment(), len(window.session.runs())
    made.multiples.cards[1].open.click()
    assert window.document.experiment().build().current == 2.0 and len(window.session.runs()) <= runs + 1
    window.steps.undo()
    assert window.document.experiment() == before
    place = folder._folder
    assert place.is_dir()
    folder.let_go()
    assert not place.exists() and folder.source(0) is None
    made.close()


def test_of_many_points_the_ends_of_each_axis_and_some_between_are_pictured(open_window):
    window = open_window(CELL)
    made = shown(window, ["current=1:3:9", "tau_m=5:20:7"], lambda p: {"rate (Hz)": 1.0}, seeds=(0, 1))
    rows = made.pictured()
    assert len(rows) == 12 and {r.point.seed for r in rows} == {0}
    assert {r.point.values["current"] for r in rows} >= {1.0, 3.0} and {r.point.values["tau_m"] for r in rows} >= {5.0, 20.0}
    made.close()
