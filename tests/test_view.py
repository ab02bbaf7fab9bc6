"""What is to be drawn, worked out without a window."""

from __future__ import annotations

import dataclasses
import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_models import Gallery

from lab.display import plots as view
from lab.engine.ring import Ring
from lab.engine.runner import Status
from lab.engine.simulation import Simulation
from lab.errors import ModelError
from lab.model import Layer, Picture


def run(steps: int, model: Gallery | None = None, chunk: int = 97) -> view.LiveSource:
    model = model or Gallery()
    simulation, ring = Simulation(model, 1), Ring(model)
    names = [s.name for s in model.streams if s.form == "samples"]
    while simulation.step < steps:
        ring.put(simulation.advance(min(chunk, steps - simulation.step), names))
    ring.show(simulation.step, {s.name: simulation.observe(s.name) for s in model.streams if s.form == "snapshots"})
    status = Status("paused", model, step=simulation.step, summary=simulation.summary())
    return view.LiveSource(ring, lambda: status, lambda name: model.labels(None, name))


def picture(name: str) -> Picture:
    return next(p for p in Gallery().pictures if p.name == name)


def test_view_needs_no_window():
    import subprocess

    code = "import sys, lab.display.plots; assert not any(m.startswith(('PySide6', 'pyqtgraph')) for m in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("value", "ceiling"), [(0.7, 1.0), (1.0, 1.0), (1.1, 2.0), (2.1, 5.0), (0.021, 0.05), (5001.0, 10000.0), (0.0, 1.0)]
)
def test_nice_ceilings_are_1_2_5(value, ceiling):
    assert view.nice_ceiling(value) == pytest.approx(ceiling)


def test_units_and_symbols_are_printed_as_the_field_prints_them():
    assert view.typeset("I (uA/cm2)") == "I (µA/cm²)"
    assert view.typeset("uF/cm2") == "µF/cm²"
    assert view.typeset("m_inf") == "m∞"
    assert view.typeset("tau (ms)") == "τ (ms)"
    assert view.typeset("output of the status quo") == "output of the status quo"


def test_a_window_fills_from_the_left_once_and_then_shows_what_lies_before_now():
    model = Gallery()
    stretch, axis = view.time_axis(picture("V"), model, 100)
    assert (stretch.first, stretch.last, stretch.origin) == (0, 100, 0)
    assert (axis.label, axis.lo, axis.hi) == ("time (ms)", 0.0, 40.0)
    stretch, axis = view.time_axis(picture("V"), model, 1000)
    assert (stretch.first, stretch.last, stretch.origin) == (600, 1000, 1000)
    assert (axis.label, axis.lo, axis.hi) == ("time before now (ms)", -40.0, 0.0)


def test_without_a_window_everything_is_shown_and_the_axis_grows_seldom():
    ends = {view.time_axis(picture("score"), Gallery(), step)[1].hi for step in range(0, 5000, 10)}
    assert ends == {2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0}


@given(
    first=st.integers(0, 10_000), n=st.integers(3, 400), every=st.integers(1, 5), power=st.integers(1, 6),
    seed=st.integers(0, 2**16),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_decimation_keeps_the_extremes_of_every_bucket(first, n, every, power, seed):
    y = np.random.default_rng(seed).normal(size=n)
    steps = first + every * np.arange(n)
    bucket = 1 << power
    x, found = view.decimate(steps, y, bucket)
    assert found.min() == y.min()
    assert found.max() == y.max()
    assert (np.diff(x) >= 0).all()
    assert steps[0] <= x[0] and x[-1] <= steps[-1]
    if len(x) < n:
        for at in np.unique(steps // bucket):
            inside = y[steps // bucket == at]
            drawn = found[(x // bucket).astype(int) == at]
            assert drawn.min() == inside.min() and drawn.max() == inside.max()


def test_a_moving_window_draws_complete_buckets_the_same_each_time():
    y = np.random.default_rng(3).normal(size=5000)
    steps = np.arange(5000)
    seen: dict[float, float] = {}
    for last in range(3000, 5000, 37):
        x, found = view.decimate(steps[last - 2000 : last], y[last - 2000 : last], 64)
        for at, value in zip(x[2:-2], found[2:-2], strict=True):
            assert seen.setdefault(at, value) == value


def test_a_ramp_stays_a_straight_line_when_decimated():
    x, y = view.decimate(np.arange(1000), np.arange(1000.0) * 2, 16)
    assert np.array_equal(y, 2 * x)


def test_decimation_works_on_each_channel_and_on_gaps():
    steps = np.concatenate([np.arange(0, 500), np.arange(800, 1300)])
    rows = np.random.default_rng(0).normal(size=(1000, 3))
    x, found = view.decimate(steps, rows, 32)
    assert found.shape == (len(x), 3) and len(x) < 100
    for k in range(3):
        assert (found[:, k].min(), found[:, k].max()) == (rows[:, k].min(), rows[:, k].max())
    assert not ((x > 499) & (x < 800)).any()


def test_a_trace_is_drawn_at_the_time_of_its_steps():
    plot = view.lines(picture("V"), Gallery(), run(200), 2000)
    (line,) = plot.lines
    assert np.allclose(line.x, np.arange(1, 201) * 0.1)
    assert np.allclose(line.y, np.sin(2 * np.pi * 5.0 * (line.x - 0.1) / 100.0))


def test_channels_become_named_lines_with_series_of_their_own():
    plot = view.lines(picture("waves"), Gallery(), run(300))
    assert [(line.label, line.series) for line in plot.lines] == [("one", 0), ("two", 1), ("three", 2)]
    assert plot.y.label == "V (µA/cm²)"


def test_many_channels_become_one_item_with_gaps():
    plot = view.lines(picture("many"), Gallery(), run(100))
    (line,) = plot.lines
    assert line.many
    assert np.isnan(line.y).sum() == 20


def test_events_of_a_trace_are_drawn_at_the_end_of_their_step():
    plot = view.lines(picture("score"), Gallery(), run(101))
    train, test = plot.lines
    assert np.allclose(train.x, [0.1, 2.1, 4.1, 6.1, 8.1, 10.1])
    assert train.label == "train" and test.label == "test"


def test_a_phase_plane_joins_traces_by_step_and_marks_the_last_point():
    plot = view.lines(picture("plane"), Gallery(), run(300))
    dotted, path, now = plot.lines
    assert dotted.style == "dotted" and len(dotted.x) == 21
    assert path.against and len(path.x) == 300
    assert (now.x[0], now.y[0]) == (path.x[-1], path.y[-1])
    assert plot.stretch is None and plot.x.label == "V (mV)"
    # A range of the horizontal axis is one of the trace there, not of time: the path still ends in the present.
    ranged = view.lines(dataclasses.replace(picture("plane"), x_range=(0.0, 1.0)), Gallery(), run(300)).lines
    assert (ranged[2].x[0], ranged[2].y[0]) == (now.x[0], now.y[0]) and len(ranged[1].x) == 300


def test_theory_shares_the_series_of_what_it_predicts_and_the_difference_is_a_number():
    plot = view.lines(picture("rates"), Gallery(), run(10))
    measured, theory = plot.lines
    assert measured.series == theory.series == 0 and theory.theory
    gap = 0.02 * np.linspace(0, 10, 21) ** 2
    assert plot.difference == pytest.approx(np.sqrt(np.mean(gap**2)) / 100.0)


def test_the_difference_is_unknown_where_measurement_and_theory_do_not_meet():
    one = view.Line((0, 0, 0), np.array([0.0, 1.0]), np.array([0.0, 1.0]), "", 0)
    far = view.Line((0, 1, 0), np.array([5.0, 6.0]), np.array([0.0, 1.0]), "", 0, theory=True)
    assert math.isnan(view.difference(one, far))


def test_a_level_is_compared_with_and_predicts_no_curve():
    loss = view.Line((0, 0, 0), np.array([0.0, 1.0, 2.0]), np.array([3.0, 2.0, 1.0]), "", 0)
    chance = view.Line((0, 1, 0), np.array([0.0, 2.0]), np.array([4.5, 4.5]), "chance", 0, theory=True)
    law = view.Line((0, 1, 0), np.array([0.0, 2.0]), np.array([3.0, 1.0]), "theory", 0, theory=True)
    assert math.isnan(view.difference(loss, chance)) and view.difference(loss, law) == 0


def test_overlays_are_drawn_at_the_same_model_time_in_their_own_colour():
    model = Gallery()
    other = view.Overlay("before", "#ff0000", run(400))
    plot = view.lines(picture("V"), model, run(300), 2000, [other])
    behind, present = plot.lines
    assert behind.key[0] == 1 and behind.colour == "#ff0000" and behind.label == "V · before"
    assert np.allclose(behind.y[: len(present.y)], present.y)


def test_a_raster_knows_time_within_the_step_and_the_number_of_cells():
    plot = view.raster(picture("spikes"), Gallery(), run(200))
    assert plot.cells == 60 and plot.shown == 600
    assert np.allclose(np.unique(plot.layers[0].time)[:3], [0.025, 0.125, 0.225])


def test_an_empty_source_gives_empty_lines_and_no_error():
    model = Gallery()
    source = view.LiveSource(Ring(model), lambda: Status("preparing", model))
    for each in model.pictures:
        kind = view.kind(each, model)
        if kind in ("trace", "phase", "curve"):
            assert all(len(line.x) == 0 for line in view.lines(each, model, source).lines)
        elif kind == "raster":
            assert view.raster(each, model, source).shown == 0


def test_a_picture_without_layers_is_an_error_with_its_name():
    with pytest.raises(ModelError, match="gallery: the picture 'nothing' has no layers"):
        view.kind(Picture("nothing", "Nothing", ()), Gallery())


def test_a_curve_of_a_wrong_shape_is_an_error_with_its_name():
    model = Gallery()
    source = run(5)
    source._ring._latest["rates"] = (5, np.zeros(7))
    with pytest.raises(ModelError, match=r"the curve 'rates' must have shape \(1 \+ k, n\)"):
        view.lines(Picture("c", "C", (Layer("rates"),)), model, source)


def test_a_range_grows_at_once_and_shrinks_with_patience():
    fit = view.Range(patience=3)
    assert fit.follow(0.0, 10.0) == pytest.approx((-0.6, 10.6))
    assert fit.follow(0.0, 10.5) == pytest.approx((-0.6, 10.6))
    assert fit.follow(0.0, 20.0) == pytest.approx((-0.6, 21.2))
    for _ in range(3):
        assert fit.follow(0.0, 1.0) == pytest.approx((-0.6, 21.2))
    assert fit.follow(0.0, 1.0) == pytest.approx((-0.06, 1.06))


def test_a_constant_still_has_a_range():
    lo, hi = view.Range().follow(10.0, 10.0)
    assert lo < 10.0 < hi
    assert view.Range().follow(math.nan, math.nan) == (0.0, 1.0)


def test_the_range_of_what_does_not_vary_yet_gives_way_at_once():
    fit = view.Range(pad=0.0)
    assert fit.follow(0.0, 0.0) == (-0.5, 0.5)  # bars before anything was counted
    assert fit.follow(0.0, 0.1) == (0.0, 0.1)
    assert fit.follow(0.05, 0.05) == (0.0, 0.1)  # a range once found stays


def test_extents_leave_out_what_cannot_be_drawn():
    assert view.extent([np.array([np.nan, 1.0, -2.0]), np.array([5.0])]) == (-2.0, 5.0)
    assert view.extent([np.array([0.0, 10.0, 0.1])], log=True) == (0.1, 10.0)
    assert math.isnan(view.extent([np.array([np.nan])])[0])


class Reader:
    """The reading half of a session, in memory."""

    path = type("P", (), {"name": "test.lab"})

    def __init__(self) -> None:
        self.reads = 0

    def runs(self, *, deleted=False):
        from lab.session.values import RunInfo

        return [RunInfo(1, "one", {"model": "gallery"}, "", 1000, summary={"spikes": 3})]

    def extent(self, run):
        return (1, 1000)

    def streams(self, run):
        from lab.session.values import StreamInfo

        return [
            StreamInfo(1, 1, "V", "samples", "f8", ()),
            StreamInfo(2, 1, "spikes", "events", "f8", ()),
            StreamInfo(3, 1, "rates", "snapshots", "f8", ()),
        ]

    def samples(self, run, stream, start, stop):
        self.reads += 1
        steps = np.arange(max(1, start), min(1001, stop))
        return steps, steps * 0.5

    def events(self, run, stream, start, stop):
        steps = np.arange(max(0, start), min(1000, stop))
        return steps, (steps % 60).astype(np.int32), np.zeros(len(steps))

    def latest_snapshot(self, run, stream, at_step):
        return at_step, np.array([[0.0, 1.0], [at_step, at_step]])


def test_a_recording_is_seen_as_it_stood_at_its_place():
    source = view.RecordedSource(Reader(), 1, 500, Gallery())
    plot = view.lines(picture("V"), source.model, source, 4000)
    assert plot.lines[0].y[-1] == 250.0 and plot.lines[0].x[-1] == 0.0
    assert source.snapshot("rates")[1, 0] == 500.0
    assert view.raster(picture("spikes"), source.model, source).layers[0].time.max() < 0.0


def test_a_recording_is_read_ahead_and_not_again_each_frame():
    reader = Reader()
    source = view.RecordedSource(reader, 1, None, Gallery())
    for last in range(400, 500):
        steps, _ = source.samples("V", last - 100, last)
        assert (steps[0], steps[-1]) == (last - 100, last)
    assert reader.reads == 1


def test_a_stream_that_was_not_recorded_is_empty():
    source = view.RecordedSource(Reader(), 1, None, Gallery())
    steps, rows = source.samples("waves", 0, 100)
    assert len(steps) == 0 and rows.shape == (0, 3)
    assert source.snapshot("counts") is None


def test_a_run_that_does_not_exist_is_named():
    with pytest.raises(ModelError, match="has no run 7"):
        view.RecordedSource(Reader(), 7, None, Gallery())


@pytest.mark.parametrize(
    ("channels", "expected"),
    [(("one", "two"), ["one", "two"]), (("x", "one", "two"), ["one", "two"]), ((), ["1", "2"])],
    ids=["row 0 unnamed", "row 0 named", "none named"],
)
def test_curves_have_their_own_names_together_and_alone(channels, expected):
    from lab.model import Stream

    class Curves(Gallery):
        @property
        def streams(self):
            return (*super().streams, Stream("pair", "curve", channels=channels, meanings=tuple(f"about {name}" for name in channels)))

        def observe(self, constants, state, stream):
            return np.array([[0.0, 1.0], [1.0, 2.0], [3.0, 4.0]]) if stream == "pair" else super().observe(constants, state, stream)

    source = run(1, Curves())
    together = view.lines(Picture("p", "P", (Layer("pair"),)), Curves(), source).lines
    alone = [view.lines(Picture("p", "P", (Layer("pair", channel=k),)), Curves(), source).lines[0] for k in range(2)]
    assert [line.label for line in together] == expected and [line.y[0] for line in together] == [1.0, 3.0]
    assert [line.label for line in alone] == (expected if channels else ["pair", "pair"]) and [line.y[0] for line in alone] == [1.0, 3.0]
    if channels:
        assert [line.meaning for line in together] == [line.meaning for line in alone] == [f"about {name}" for name in expected]


class Branches(Reader):
    """As many runs as a file likes, each a branch of the next; the last is of another model."""

    def __init__(self, count: int):
        super().__init__()
        self.count, self.asked = count, 0

    def runs(self, *, deleted=False):
        from lab.session.values import RunInfo

        names = ["leaky-integrate-and-fire"] * (self.count - 1) + ["bandit"]
        return [
            RunInfo(k, "one", {"model": name}, "", 1000, parent=k + 1 if k < self.count else None, parent_step=500)
            for k, name in enumerate(names, 1)
        ]

    def began_with(self, run):
        return None

    def streams(self, run):
        self.asked += 1
        return super().streams(run) if run < self.count else []


def test_a_line_of_branches_in_a_file_is_followed_only_so_far():
    reader = Branches(3000)
    source = view.RecordedSource(reader, 1)
    assert source.samples("V", 400, 600)[0][-1] == 600 and reader.asked < 200


def test_a_parent_of_another_model_gives_nothing_to_a_run():
    source = view.RecordedSource(Branches(2), 1)
    assert source.samples("V", 400, 600)[0].tolist() == list(range(400, 601)) and len(source.events("spikes", 400)[0])


def test_a_trace_of_several_channels_is_drawn_over_any_of_its_own():
    from lab import catalog

    model = catalog.load("population-dynamics")(system="Lorenz", neurons=100)
    planes = {p.name: p for p in model.pictures if p.name in ("phase", "y over x", "z over y")}
    assert [(planes[n].x, planes[n].y) for n in ("phase", "y over x", "z over y")] == [("x", "z"), ("x", "y"), ("y", "z")]
    simulation = Simulation(model, 1)
    ring = Ring(model)
    block = simulation.advance(200, {"value"})
    ring.put(block)
    source = view.LiveSource(ring, lambda: None)
    for picture in planes.values():
        layer = picture.layers[0]
        (x,), (y,), _ = view._against(layer, model, source, view.Stretch(0, 200, 0))
        keep = view.distinct(block.samples["value"][:, layer.x_channel], block.samples["value"][:, layer.channel])
        assert np.isin(np.round(x, 12), np.round(block.samples["value"][:, layer.x_channel], 12)).all() and len(x) <= len(keep) + 2
        assert np.isin(np.round(y, 12), np.round(block.samples["value"][:, layer.channel], 12)).all()
