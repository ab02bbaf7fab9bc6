"""The Analysis card: what it asks, computes, draws and exports."""

from __future__ import annotations

import csv
import time

import numpy as np
import pytest

pytest.importorskip("PySide6")

from picture_models import Gallery
from test_view import run

import lab
from lab import catalog
from lab.analysis import pictures as analysis_view
from lab.analysis import trains as analysis
from lab.analysis.of_run import rasters
from lab.analysis.registry import analyses
from lab.display.plots import RecordedSource
from lab.errors import ModelError
from lab.session import SessionReader
from lab.widgets.analysis_card import INTERVAL, AnalysisCard, can_analyse


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A recorded Poisson train of 40 Hz and 10 s with its filtered trace."""
    path = tmp_path_factory.mktemp("card") / "train.lab"
    found = lab.run("synapse", duration=10_000.0, seed=3, rate=40.0, n=1, record={"s": 1, "spikes": 1})
    found.save(path)
    with SessionReader(path) as reader:
        yield RecordedSource(reader, 1), found


@pytest.fixture
def make_card(qtbot, recorded):
    """Makes cards; the fixture itself holds none, because pytest keeps its value until after the look for widgets left behind."""

    def made(model=None) -> AnalysisCard:
        card = AnalysisCard(model or recorded[0].model)
        qtbot.addWidget(card)
        card.resize(480, 320)
        card.show()
        return card

    return made


def settle(qtbot, card, source):
    """Feed the card until it has drawn what was asked."""
    qtbot.waitUntil(lambda: card.view.refresh(source) or (card.view._drawn is not None and card.view._pending is None), timeout=60_000)


def test_a_view_needs_no_window_to_be_analysed(recorded):
    source, found = recorded
    curve = analysis_view.answer(analysis_view.ask(source, "isi"))
    np.testing.assert_array_equal(curve.y, found.analysis.isi().y)


@pytest.mark.parametrize("kind", [k for k in analyses() if k not in ("psth", "cross")])
def test_every_analysis_is_drawn_and_its_numbers_are_those_of_the_function(make_card, recorded, kind):
    card = make_card()
    source, found = recorded
    card.view.choose(kind)
    assert card.view.kind == kind
    assert card.view.refresh(source, force=True)
    assert card.view.words == "" and card.view.curve is not None
    trains = found.analysis.trains
    direct = {
        "isi": analysis.isi, "rate": analysis.rate, "smooth-rate": analysis.smooth_rate, "correlogram": analysis.correlogram, "fano": analysis.fano,
        "cv": analysis.cv, "spectrum": analysis.spectrum, "population": lambda t: analysis.spectrum(t, of="population"),
        "sta": lambda t: found.analysis.of().sta("s"),
    }[kind](trains)  # fmt: skip
    np.testing.assert_allclose(card.view.curve.y, direct.y, rtol=1e-9)
    line = next(ln for ln in card.view._view._plot.lines if not ln.theory)
    assert len(line.x) >= len(direct.x) and np.nanmax(line.y) == pytest.approx(np.nanmax(direct.y))


def test_it_wants_the_trace_only_while_that_is_averaged(make_card):
    card = make_card()
    assert card.view.wanted == {"spikes"}
    card.view.choose("sta")
    assert card.view.wanted == {"spikes", "s"}


def test_it_draws_in_the_background_and_not_more_than_five_times_a_second(qtbot, make_card):
    source = run(600)
    card = make_card(source.model)
    drew = 0
    began = time.monotonic()

    class Growing:
        """A source that has something new at every look."""

        model, step, summary = source.model, source.step, source.summary
        samples, events, snapshot, labels = source.samples, source.events, source.snapshot, source.labels

        @property
        def version(self):
            return time.monotonic_ns()

    growing = Growing()
    while time.monotonic() - began < 1.2:
        drew += card.view.refresh(growing)
        qtbot.wait(5)
    assert 1 <= drew <= 1.2 / INTERVAL + 2
    qtbot.waitUntil(lambda: card.view._pending is None or card.view._pending.done(), timeout=20_000)
    card.view._timer.stop()


def test_export_writes_every_column(make_card, recorded, tmp_path):
    card = make_card()
    card.view.refresh(recorded[0], force=True)
    with card.view.export(tmp_path / "isi.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["interval (ms)", "density (1/ms)", "intervals", "Poisson"]
    assert len(rows) == 101
    assert card.view.export(tmp_path / "isi.svg").stat().st_size > 1000


def test_the_title_line_shows_the_figures(make_card, recorded):
    card = make_card()
    card.view.choose("cv")
    card.view.refresh(recorded[0], force=True)
    assert "CV 0.9" in card.view.caption or "CV 1.0" in card.view.caption


def test_one_cell_and_a_stretch_of_time_can_be_chosen(make_card):
    source = run(600)
    made = make_card(source.model)
    made.view.choose("rate")
    made.view.refresh(source, force=True)
    assert made.view.curve.others["spikes"].sum() == 1800  # every cell of the gallery model together
    made.view.last.setValue(10.0)
    made.view.refresh(source, force=True)
    made.view.refresh(source, force=True)  # the first may have been asked before the choice
    assert made.view.curve.x[0] > 49.0
    made.view.last.setValue(0.0)
    made.view.cell.setValue(4)
    made.view.refresh(source, force=True)
    made.view.refresh(source, force=True)
    _, index, _ = source.events("spikes", 0)
    assert made.view.curve.others["spikes"].sum() == (index == 4).sum()


def test_spikes_are_aligned_to_the_pulses_that_the_run_itself_was_given(make_card, tmp_path):
    found = lab.run(
        "leaky-integrate-and-fire",
        duration=500.0,
        stimulus="pulses",
        current=30.0,
        width=2.0,
        period=50.0,
        onset=10.0,
        cells=3,
        record=["spikes"],
    )
    assert found.analysis.events.tolist() == [10.0 + 50.0 * k for k in range(10)]
    found.save(tmp_path / "pulses.lab")
    with SessionReader(tmp_path / "pulses.lab") as reader:
        source = RecordedSource(reader, 1)
        made = make_card(source.model)
        made.view.choose("psth")
        assert not made.view.every.isHidden() and made.view.other.isHidden()
        made.view.refresh(source, force=True)
        curve = made.view.curve
        np.testing.assert_array_equal(curve.y, found.analysis.psth().y)
        assert curve.figures["trials"] == 9, "the last pulse has not its whole stretch"
        first = np.sort(found["spikes"][found.recorded("spikes").index == 0])[0] - 10.0
        assert curve.figures["peak at (ms)"] == pytest.approx(first, abs=0.5), "all spikes come at their latency"
        made.view.every.setValue(25.0)
        made.view.refresh(source, force=True)
        made.view.refresh(source, force=True)
        assert made.view.curve.figures["trials"] == 20


def test_a_run_without_onsets_says_so_in_the_card(make_card, recorded):
    card = make_card()
    card.view.choose("psth")
    card.view.refresh(recorded[0], force=True)
    assert "No stimulus begins" in card.view.words


def test_two_cells_are_correlated_in_the_card(make_card):
    source = run(600)
    made = make_card(source.model)
    made.view.choose("cross")
    made.view.cell.setValue(3)
    made.view.other.setValue(5)
    made.view.refresh(source, force=True)
    made.view.refresh(source, force=True)
    steps, index, part = source.events("spikes", 0)
    dt = source.model.clock.dt
    trains = analysis.group((steps + part) * dt, index, cells=int(index.max()) + 1, span=(0.0, source.step * dt))
    expected = analysis.correlogram(trains.select([3]), other=trains.select([5]))
    np.testing.assert_allclose(made.view.curve.y, expected.y)
    assert not made.view.other.isHidden()


def test_a_single_cell_is_not_offered_a_cross_correlogram():
    cell = catalog.load("leaky-integrate-and-fire")
    assert "cross" not in [p.name for p in analysis_view.pictures_for(cell())]
    assert "cross" in [p.name for p in analysis_view.pictures_for(cell(cells=2))]


def test_too_few_spikes_are_said_in_words(make_card):
    source = run(1)
    made = make_card(source.model)
    made.view.cell.setValue(50)
    made.view.refresh(source, force=True)
    assert made.view.words == "Too few spikes yet."


def test_a_choice_is_drawn_without_anything_new_in_the_source(qtbot, make_card, recorded):
    card = make_card()
    settle(qtbot, card, recorded[0])
    card.view.choose("spectrum")
    qtbot.waitUntil(lambda: card.view.curve is not None and card.view.curve.name == "spectrum", timeout=60_000)


def test_models_without_spikes_have_no_card():
    model = catalog.load("losses")()
    assert not can_analyse(model) and analysis_view.pictures_for(model) == () and rasters(model) == ()

    class Silent:
        pass

    silent = Silent()
    silent.model = model
    with pytest.raises(ModelError, match="no spikes"):
        analysis_view.ask(silent, "isi")


def test_all_pictures_of_a_model_with_spikes_are_offered():
    assert [p.name for p in analysis_view.pictures_for(Gallery())] == list(analyses())
