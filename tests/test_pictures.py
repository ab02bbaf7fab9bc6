"""Pictures of every kind: what they draw, what a person does in them, what they write to files."""

from __future__ import annotations

import math
import os
import re

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest

pytest.importorskip("PySide6")

from picture_models import SIDE, Gallery
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage
from test_view import run

from lab.display import plots as view
from lab.engine.ring import Ring
from lab.engine.runner import Status
from lab.errors import FileError, ModelError
from lab.model import Picture
from lab.widgets import offscreen, theme
from lab.widgets.pictures import Overlay, PictureCard, PictureView, make
from lab.widgets.pictures.axis import TickAxis
from lab.widgets.pictures.cloud import columns_of, middle_of, turned
from lab.widgets.pictures.colours import levels_of, lookup, paint
from lab.widgets.pictures.image import mosaic_columns
from lab.widgets.pictures.texts import place_labels

NAMES = [p.name for p in Gallery().pictures]


def picture(name: str, model: Gallery | None = None) -> Picture:
    return next(p for p in (model or Gallery()).pictures if p.name == name)


@pytest.fixture
def source():
    return run(600)


@pytest.fixture
def show(qtbot, source):
    """Make a picture, show it and feed it."""

    def made(name: str, size: tuple[int, int] = (420, 280)) -> PictureView:
        drawn = make(picture(name), source.model)
        qtbot.addWidget(drawn)
        drawn.resize(*size)
        drawn.show()
        drawn.refresh(source)
        return drawn

    return made


def ink(image: QImage) -> int:
    """How many pixels differ from the ground."""
    ground = theme.colour("surface").rgb()
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    return int((pixels != ground).sum())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("look", ["dark", "light"])
def test_every_kind_draws_something_in_both_themes(qapp, show, name, look):
    theme.apply(qapp, look, sheet=False)
    try:
        drawn = show(name)
        assert drawn.words == ""
        frame = make(Picture("empty", "Empty", drawn.picture.layers), drawn.model)
        assert ink(drawn.image(1.0)) > 1500
        frame.deleteLater()
    finally:
        theme.apply(qapp, "dark", sheet=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_theme_change_colours_pictures_that_are_open(qapp, show, name):
    theme.apply(qapp, "dark", sheet=False)  # whatever ran before
    drawn = show(name)
    before = drawn.image(1.0)
    try:
        theme.apply(qapp, "light", sheet=False)
        assert drawn.image(1.0) != before
        assert drawn.image(1.0).pixelColor(1, drawn.height() - 1) == theme.colour("surface")
    finally:
        theme.apply(qapp, "dark", sheet=False)
    drawn.refresh(drawn._source)
    assert drawn.image(1.0) == before


@pytest.mark.parametrize("name", NAMES)
def test_before_the_first_step_a_picture_says_so_in_words(qtbot, name):
    model = Gallery()
    empty = view.LiveSource(Ring(model), lambda: Status("preparing", model))
    drawn = make(picture(name), model)
    qtbot.addWidget(drawn)
    drawn.refresh(empty, force=True)
    assert drawn.words == "Nothing to show yet: it comes with the first steps."


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".csv"])
def test_every_kind_exports_to_every_format(show, tmp_path, name, suffix):
    path = show(name).export(tmp_path / f"picture{suffix}")
    data = path.read_bytes()
    assert data.startswith({".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".csv": b""}[suffix])
    assert len(data) > (50 if suffix == ".csv" else 1200)


def test_an_svg_of_a_trace_is_made_of_vectors_and_clipped(show, tmp_path):
    text = show("waves").export(tmp_path / "waves.svg").read_text()
    assert "<image" not in text
    assert "<path" in text or "<polyline" in text
    assert "clip" in text


def test_exported_data_are_the_numbers_that_were_drawn(show, tmp_path):
    drawn = show("waves")
    rows = drawn.export(tmp_path / "waves.csv").read_text().splitlines()
    assert rows[0] == "time (ms),one,two,three"
    table = np.array([[float(v) for v in row.split(",")] for row in rows[1:]])
    assert table[-1, 0] == pytest.approx(60.0)
    assert np.allclose(table[:, 1], np.sin(2 * np.pi * 5 * (table[:, 0] - 0.1) / 100), atol=1e-9)


def test_data_are_copied_with_tabs_and_pictures_as_pictures(show):
    drawn = show("counts")
    drawn.copy_data()
    assert QGuiApplication.clipboard().text().startswith("place\tcounts 1\tcounts 2\texpected\na\t3\t2\t3\n")
    drawn.copy_picture()
    assert QGuiApplication.clipboard().image().width() == 2 * drawn.width()


def test_an_export_that_cannot_be_written_is_a_sentence(show, tmp_path):
    drawn = show("V")
    with pytest.raises(FileError, match=r"pictures are written as \.png, \.svg, \.pdf and data as \.csv \(got '\.gif'\)"):
        drawn.export(tmp_path / "picture.gif")
    for suffix in (".png", ".svg", ".pdf", ".csv"):
        with pytest.raises(FileError, match="cannot be written"):
            drawn.export(tmp_path / "nowhere" / f"picture{suffix}")


def test_a_refresh_without_anything_new_draws_nothing(show, source):
    drawn = show("V")
    drawn.refresh(source)
    assert drawn.refresh(source) is False
    source._ring._version += 1
    assert drawn.refresh(source) is True


def test_before_the_first_sample_there_are_no_axes_of_nothing(qtbot, source):
    drawn = make(picture("V"), source.model)
    qtbot.addWidget(drawn)
    assert drawn.across.opacity() == drawn.up.opacity() == 0
    drawn.refresh(source)
    assert drawn.across.opacity() == drawn.up.opacity() == 1


def test_items_are_made_once_and_fed(show, source):
    drawn = show("waves")
    count = len(drawn.canvas.items())
    for _ in range(5):
        source._ring._version += 1
        drawn.refresh(source)
    assert len(drawn.canvas.items()) == count


def test_an_array_that_nobody_can_write_to_is_coloured_once(show, source, monkeypatch):
    drawn = show("weights")
    coloured = []
    monkeypatch.setattr(drawn._image, "setImage", lambda values, **_: coloured.append(values))
    fixed = np.arange(12.0).reshape(3, 4)
    fixed.flags.writeable = False
    free = fixed.copy()
    for shown, times in ((fixed, 1), (fixed, 0), (free, 1), (free, 1), (fixed, 1), (fixed, 0)):
        source._ring._latest["weights"] = (600, shown)
        drawn.refresh(source, force=True)
        assert len(coloured) == times
        coloured.clear()


def test_overlays_come_and_go(show, source):
    drawn = show("V")
    assert len(drawn.ink.strokes) == 1 and drawn.gutter.ends == ()
    drawn.refresh(source, [Overlay("before", "series2", run(400))])
    assert len(drawn.ink.strokes) == 2
    assert [end.text for end in drawn.gutter.ends] == ["V", "before"] and drawn.strip.entries == ()
    drawn.refresh(source)
    assert len(drawn.ink.strokes) == 1 and drawn.gutter.ends == ()


def test_lines_are_named_at_their_ends_and_only_a_small_picture_has_a_legend(show):
    drawn = show("waves")
    assert [end.text for end in drawn.gutter.ends] == ["one", "two", "three"] and drawn.strip.entries == ()
    middles = sorted(middle for _, middle, _ in drawn.gutter.placed())
    assert min(np.diff(middles)) >= 14
    (both,) = show("rates").gutter.ends  # the theory runs into what was measured
    assert (both.text, both.meaning) == ("measured", "dashed: theory")


def test_a_theory_that_lies_apart_from_what_was_measured_has_a_name_of_its_own(show, source, monkeypatch):
    drawn = show("V")
    x = np.arange(20.0)
    for apart, names in ((8.0, ["peak Na", "Na, closed form"]), (0.1, ["peak Na"])):
        lines = (view.Line((0, 0, 0), x, x, "peak Na", 0), view.Line((0, 1, 0), x, x + apart, "Na, closed form", 0, theory=True))
        plot = view.Plot(lines, view.Axis("V (mV)"), view.Axis("I", 0.0, 30.0))
        monkeypatch.setattr("lab.widgets.pictures.lines.view.lines", lambda *_, plot=plot, **__: plot)
        drawn.refresh(source, force=True)
        assert [end.text for end in drawn.gutter.ends] == names
        assert [end.meaning for end in drawn.gutter.ends if end.meaning] == (["dashed: closed form"] if apart < 1 else [])


def test_in_a_narrow_picture_the_name_stays_at_its_line_and_less_is_said_below_it(show, source, monkeypatch):
    drawn = show("V")
    x = np.arange(20.0)
    lines = tuple(
        view.Line((0, 2 * k + how, 0), x, (k + 1) * x + 0.1 * how, name, k, theory=bool(how))
        for k, ion in enumerate(("Na", "K"))
        for how, name in enumerate((f"peak {ion}", f"{ion}, closed form"))
    )
    plot = view.Plot(lines, view.Axis("V (mV)"), view.Axis("I", 0.0, 60.0))
    monkeypatch.setattr("lab.widgets.pictures.lines.view.lines", lambda *_, **__: plot)
    said = "dashed: closed form"
    for told in (said, "closed form"):
        if told != said:  # as narrow as lets only this stand there
            room = max(drawn.gutter.needed([end]) for end in drawn.gutter.ends)
            monkeypatch.setattr(drawn.gutter, "fits", lambda ends, *_, room=room: drawn.gutter.needed(ends) < room)
        drawn.refresh(source, force=True)
        assert [(end.text, end.meaning) for end in drawn.gutter.ends] == [("peak Na", told), ("peak K", told)]
        assert drawn.strip.entries == ()


def test_a_narrow_strip_keeps_its_curve_rather_than_what_is_said_below_a_name(show, source, monkeypatch):
    drawn = show("V", (275, 120))
    drawn.led = True
    x = np.arange(20.0)
    lines = (view.Line((0, 0, 0), x, x, "Output", 0), view.Line((0, 1, 0), x, x + 0.1, "Output exactly", 0, theory=True))
    plot = view.Plot(lines, view.Axis("time (s)"), view.Axis("x", 0.0, 30.0))
    monkeypatch.setattr("lab.widgets.pictures.lines.view.lines", lambda *_, **__: plot)
    drawn.refresh(source, force=True)
    assert [(end.text, end.meaning) for end in drawn.gutter.ends] == [("Output", "")] and drawn.strip.entries == ()
    drawn.resize(700, 120)
    drawn.refresh(source, force=True)
    assert [(end.text, end.meaning) for end in drawn.gutter.ends] in (
        [("Output", "Output exactly")],
        [("Output", "dashed: Output exactly")],
    )


def test_a_theory_keeps_its_colour_when_the_page_before_it_is_drawn_too(show, source, monkeypatch):
    drawn = show("V")
    x = np.arange(20.0)
    lines = [view.Line((0, 0, 0), x, x, "Output", 0), view.Line((0, 1, 0), x, x + 12, "Output exactly", 0, theory=True)]
    before = view.Line((view.GHOST, 1, 0), x + 10, x, "", 0, style="ghost", theory=True)
    inks = []
    for shown in (lines, [*lines, before]):
        plot = view.Plot(tuple(shown), view.Axis("time (ms)"), view.Axis("V"))
        monkeypatch.setattr("lab.widgets.pictures.lines.view.lines", lambda *_, plot=plot, **__: plot)
        drawn.refresh(source, force=True)
        inks.append([end.colour for end in drawn.gutter.ends])
    assert inks == [["series0", "text"]] * 2


def test_a_colour_map_stands_clear_of_the_name_of_the_axis(qtbot, show):
    drawn = show("weights")
    strip = drawn.strip
    strip.set_most(2)
    strip.set_name("true class")
    strip.set_scale(("diverging", 0.0, 100.0))
    strip.resize(400, strip.maximumHeight())
    beside = strip.maximumHeight()
    strip.resize(150, beside)
    assert strip.maximumHeight() == 2 * beside
    strip.set_most(1)
    assert strip.maximumHeight() == beside


def test_the_legend_tells_lines_apart_without_colour(show):
    small = show("waves", (130, 160))
    marks = [(entry.marker, entry.dashes, entry.dot) for entry in small.strip.entries]
    assert len(set(marks)) == 3 and small.gutter.ends == ()


def test_a_parameter_line_stands_at_its_value_and_speaks_when_dragged(show, source, qtbot):
    drawn = show("V")
    line = drawn.handles["threshold"]
    assert line.value() == 0.5
    heard = []
    drawn.handle_moved.connect(lambda *what: heard.append(what))
    line.setValue(0.8)
    line.sigDragged.emit(line)
    line.sigPositionChangeFinished.emit(line)
    assert heard == [("threshold", 0.8, False), ("threshold", 0.8, True)]
    line.setValue(99.0)
    assert line.value() == 2.0
    drawn.set_model(source.model.replace(threshold=1.25))
    assert line.value() == 1.25


def to_pixel(drawn, x: float, y: float) -> QPoint:
    scene = drawn.field.mapViewToScene(QPointF(x, y))
    return drawn.canvas.mapFromScene(scene)


def test_a_click_between_the_axes_acts_at_its_place(show, qtbot):
    drawn = show("rates")
    with qtbot.waitSignal(drawn.acted) as caught:
        qtbot.mouseClick(drawn.canvas.viewport(), Qt.MouseButton.LeftButton, pos=to_pixel(drawn, 4.0, 50.0))
    name, where = caught.args
    assert name == "poke"
    assert where["x"] == pytest.approx(4.0, abs=0.1) and where["y"] == pytest.approx(50.0, abs=1.0)


@pytest.mark.parametrize(("name", "place", "index"), [("counts", (2.0, 1.0), 2), ("spikes", (-20.0, 17.0), 17), ("net", (1.0, 0.0), 0)])
def test_a_click_picks_bar_cell_or_neuron(show, qtbot, name, place, index):
    drawn = show(name)
    with qtbot.waitSignal(drawn.acted) as caught:
        qtbot.mouseClick(drawn.canvas.viewport(), Qt.MouseButton.LeftButton, pos=to_pixel(drawn, *place))
    assert caught.args == ["point", {"index": index}]


def test_a_click_picks_the_nearest_point_and_nothing_far_from_all(show, qtbot):
    drawn = show("map", (700, 500))
    x, y = drawn._data[7, :2]
    heard = []
    drawn.acted.connect(lambda *what: heard.append(what))
    drawn.clicked(QPointF(x, y))
    assert heard == [("point", {"index": 7})]
    drawn.clicked(QPointF(1e3, 1e3))
    assert len(heard) == 1


def test_a_click_picks_a_tile_of_a_grid(show, qtbot):
    drawn = show("digits")
    heard = []
    drawn.acted.connect(lambda *what: heard.append(what))
    across = drawn._across
    drawn.clicked(QPointF(0.5 * drawn._pitch[0], 1.2 * drawn._pitch[1]))
    assert heard == [("point", {"index": across})]


def test_painting_gives_each_cell_once_with_the_value_for_paint_or_erase(show, qtbot):
    drawn = show("weights")
    drawn._values[:] = -1.0
    heard = []
    drawn.acted.connect(lambda name, cell: heard.append((name, cell["row"], cell["column"], cell["value"])))
    for column in (2, 2, 6):
        drawn.dragged(QPointF(column, 3), start=not heard, finish=False, shift=False)
    drawn.dragged(QPointF(6, 3), start=False, finish=True, shift=False)
    assert heard == [("brush", 3, column, 1.0) for column in (2, 3, 4, 5, 6)]
    heard.clear()
    drawn.dragged(QPointF(0, SIDE - 1), start=True, finish=True, shift=True)
    assert heard == [("brush", SIDE - 1, 0, -1.0)]


def test_a_stroke_that_begins_on_a_painted_cell_erases(show):
    drawn = show("weights")
    drawn._values[:] = 1.0
    heard = []
    drawn.acted.connect(lambda name, cell: heard.append(cell["value"]))
    drawn.clicked(QPointF(5, 5))
    assert heard == [-1.0]


def test_a_painted_stroke_does_what_the_action_says():
    model = Gallery()
    from lab.engine.simulation import Simulation

    simulation = Simulation(model, 1)
    simulation.act("brush", row=2, column=3, value=1.0)
    assert simulation.observe("weights")[2, 3] == 1.0


def test_the_wheel_zooms_and_a_double_click_fits(show, qtbot):
    drawn = show("V")
    whole = drawn.field.viewRange()
    drawn.field.scaleBy((0.5, 0.5))
    drawn.field.sigRangeChangedManually.emit([True, True])
    drawn.refresh(drawn._source, force=True)
    assert drawn.field.viewRange()[0][1] - drawn.field.viewRange()[0][0] == pytest.approx(20.0)
    qtbot.mouseDClick(drawn.canvas.viewport(), Qt.MouseButton.LeftButton, pos=to_pixel(drawn, -20, 0))
    drawn.fit()
    assert drawn.field.viewRange()[0] == pytest.approx(whole[0])


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("V", (-20.0, 0.0), r"^40 ms  V "), ("counts", (1.0, 1.0), r"^b  counts 1 5  counts 2 6"), ("weights", (3.0, 2.0), r"^row 2  column 3  "),
        ("spikes", (-20.0, 5.0), r"^40 ms  cell 5$"), ("net", (1.0, 0.0), r"^n0  0  in 3  out 3$"), ("rates", (4.0, 50.0), r"^I 4  rate 50$"),
    ],
)  # fmt: skip
def test_the_cursor_reads_out_what_lies_under_it(show, name, place, words):
    assert re.search(words, show(name).under_cursor(QPointF(*place)))


def test_many_spikes_become_an_image_and_few_stay_ticks(qtbot):
    model = Gallery(cells=4)
    few = run(100, model)
    drawn = make(picture("spikes", model), model)
    qtbot.addWidget(drawn)
    drawn.resize(420, 280)
    drawn.show()
    drawn.refresh(few, force=True)
    assert not drawn._dots.isVisible() and drawn.ink.strokes[0].kind == "ticks"
    many = run(5000, Gallery(cells=4), chunk=5000)
    drawn.refresh(many, force=True)
    assert drawn.picture.window == 40.0
    model = Gallery(cells=5000)
    crowd = make(picture("spikes", model), model)
    qtbot.addWidget(crowd)
    crowd.resize(420, 280)
    crowd.show()
    crowd.refresh(run(600, model), force=True)
    assert crowd._dots.isVisible()


def test_thinning_keeps_the_shape(show):
    drawn = show("V")
    (x0, x1), (y0, y1) = drawn.field.viewRange()
    x = np.linspace(x0, x1, 20_000)
    y = np.sin(np.linspace(0, 12, 20_000)) * 0.8
    thin_x, thin_y = drawn._thin(x, y)
    assert len(thin_x) < 2500
    pixel = (y1 - y0) / drawn.field.height()
    assert np.abs(np.interp(x, thin_x, thin_y) - y).max() < 1.5 * pixel


def test_points_that_are_not_known_are_left_out_without_a_warning(show, source):
    drawn = show("rates")
    source._ring._latest["rates"] = (600, np.array([[1.0, 2.0], [np.nan, np.nan]]))
    drawn.refresh(source, force=True)
    source._ring._latest["rates"] = (600, np.array([[1.0, 2.0, 3.0], [np.nan, 5.0, np.nan]]))
    drawn.refresh(source, force=True)
    assert drawn._spots[0, 0, 0].getData()[1].tolist() == [5.0]


def test_a_log_axis_draws_logarithms_and_leaves_out_what_has_none(qtbot, source):
    logged = Picture("r", "R", picture("rates").layers, x="I (nA)", y="rate (Hz)", y_log=True)
    drawn = make(logged, source.model)
    qtbot.addWidget(drawn)
    drawn.refresh(source, force=True)
    lo, hi = drawn.field.viewRange()[1]
    assert -1.1 < lo < math.log10(0.25) and 2.0 <= hi < 2.3
    assert drawn.unplace(QPointF(1.0, 2.0)) == (1.0, pytest.approx(100.0))


def test_a_diverging_map_is_white_in_the_middle_and_nan_is_transparent():
    assert levels_of(np.array([-1.0, 4.0]), "diverging", None) == (-4.0, 4.0)
    assert levels_of(np.array([2.0, 2.0]), "sequential", None) == (2.0, 3.0)
    assert levels_of(np.array([np.nan]), "grey", None) == (0.0, 1.0)
    colours = paint(np.array([[-4.0, 0.0, 4.0, np.nan]]), -4.0, 4.0, "diverging")[0]
    assert colours[1][:3].min() > 235
    assert colours[0][2] > colours[0][0] and colours[2][0] > colours[2][2]
    assert colours[3][3] == 0
    assert all(lookup(name).shape == (256, 4) for name in ("sequential", "diverging", "grey"))


def test_tiles_fill_their_place():
    assert mosaic_columns(10, (8, 8), 1000, 100, 0) == 10
    assert mosaic_columns(10, (8, 8), 100, 1000, 0) == 1
    assert mosaic_columns(9, (8, 8), 300, 300, 0) == 3


def test_captions_keep_tiles_as_far_apart_as_they_are_wide():
    assert mosaic_columns(10, (8, 8), 1000, 100, 15, least=300) == 3


def test_in_a_tiny_place_tiles_go_without_captions_and_stay_small(show):
    drawn = show("digits", (120, 96))
    assert drawn._captions.words == []
    assert drawn._rect.height() < 200
    assert drawn.under_cursor(QPointF(2, 2)).startswith("0 / 9  row 2")


def test_captions_too_long_for_one_line_stand_in_two():
    from lab.widgets.pictures.image import halved

    assert halved("attacked ×6.67, size 0.15") == "attacked ×6.67,\nsize 0.15"
    assert halved("zero") == "zero"


def test_captions_in_two_lines_stand_under_their_tiles(show):
    drawn = show("digits")
    said = ("attacked ×6.67, size 0.15", "random ×6.67, size 0.15", "found ×6.67, size 0.15")
    drawn._tiles(drawn._values[:3], 0.0, 1.0, said, lines=2)
    words = drawn._captions.words
    assert [text for _, _, _, text in words] == [text.replace(", ", ",\n") for text in said]
    assert all(top + 2 < drawn._rect.bottom() for _, top, _, _ in words)


@pytest.mark.parametrize(
    ("ends", "size", "ticks"),
    [((-3.0, 3.0), 200, [-3, -2, -1, 0, 1, 2, 3]), ((-0.4, 0.1), 200, [math.log10(0.5), 0.0]), ((0, 30), 100, [0, 7, 14, 21, 28])],
)
def test_a_log_axis_has_powers_of_ten_that_do_not_touch(qapp, ends, size, ticks):
    axis = TickAxis("left")
    axis.logMode = True
    assert axis.tickValues(*ends, size)[0][1] == pytest.approx(ticks)
    assert axis.tickStrings([0.0, 2.0, -6.0], 1.0, 1.0) == ["10⁰", "10²", "10⁻⁶"]


@pytest.mark.parametrize("size, places", [(300.0, list(range(10))), (40.0, [0, 5]), (70.0, [0, 2, 4, 6, 8])])
def test_names_of_places_that_would_overlap_are_thinned(qapp, size, places):
    axis = TickAxis("bottom")
    axis.names = tuple("0123456789")
    axis.set_colours()
    assert axis.tickValues(-0.5, 9.5, size)[0][1] == places


def test_columns_of_a_cloud_are_known_by_name_or_number():
    assert columns_of((), 2) == {"x": 0, "y": 1}
    assert columns_of((), 3) == {"x": 0, "y": 1, "label": 2}
    assert columns_of(("x", "y", "z"), 3) == {"x": 0, "y": 1, "z": 2}
    assert columns_of(("x", "y", "size"), 3) == {"x": 0, "y": 1, "size": 2}
    assert columns_of((), 5) == {"x": 0, "y": 1, "z": 2, "label": 3, "size": 4}


def test_turning_a_cloud_keeps_distances():
    points = np.random.default_rng(0).normal(size=(20, 3))
    assert np.allclose(np.linalg.norm(turned(points, 0.7, -0.4), axis=1), np.linalg.norm(points, axis=1))


def test_labels_do_not_collide_and_the_first_ones_win():
    points = np.repeat([[100.0, 100.0]], 30, axis=0) + np.arange(30)[:, None]
    placed = place_labels(points, np.full((30, 2), (60.0, 14.0)), (0, 0, 400, 300))
    boxes = [(left, top, left + 60, top + 14) for _, left, top in placed]
    assert placed[0][0] == 0 and 3 < len(placed) < 30
    for k, a in enumerate(boxes):
        assert a[0] >= 0 and a[2] <= 400
        for b in boxes[:k]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_a_wrong_shape_is_a_sentence_in_the_picture(show, source):
    for name, stream, value in (
        ("map", "map", np.zeros((3, 9))),
        ("net", "net", {"nodes": 3}),
        ("weights", "weights", np.zeros(4)),
        ("words", "words", [1]),
    ):
        drawn = show(name)
        source._ring._latest[stream] = (600, value)
        drawn.refresh(source, force=True)
        assert re.match(rf"gallery: the \w+ .{stream}. must (be|have shape) ", drawn.words)


def test_a_card_shows_title_caption_and_figures_and_asks_for_the_place(qtbot, source):
    card = PictureCard(make(picture("V"), source.model))
    qtbot.addWidget(card)
    card.resize(700, 300)
    card.show()
    card.refresh(source)
    qtbot.waitUntil(lambda: card.figures.text() != "")
    assert (card.title.text(), card.caption.text(), card.figures.text()) == ("Membrane", "last 40 ms", "1800 spikes")
    with qtbot.waitSignal(card.fill_wanted):
        qtbot.mouseDClick(card, Qt.MouseButton.LeftButton, pos=QPoint(60, 14))
    menu = card.view.menu()
    assert [a.text() for a in menu.actions() if a.text()] == [
        "Measure between two markers (M)", "Remove the markers", "Fit to the data", "Show in a lecture", "Copy as picture", "Copy as a slide", "Copy data", "Export…",
        "Export for a slide…", "Export for a page…",
    ]  # fmt: skip
    menu.close()


def test_a_card_without_figures_says_how_far_the_theory_is(qtbot, source):
    card = PictureCard(make(picture("rates"), source.model))
    qtbot.addWidget(card)
    card.resize(700, 300)
    card.refresh(source)
    card.set_figures(source.summary)
    assert card.figures._full == "theory differs by 0.93 %"


def test_long_text_never_widens_a_card(qtbot, source):
    long = Picture("V", "A title that is much longer than any card is wide " * 4, picture("V").layers)
    card = PictureCard(make(long, source.model))
    qtbot.addWidget(card)
    assert card.minimumSizeHint().width() < 320


def test_a_hidden_picture_of_a_shown_window_does_not_draw(qtbot, source):
    card = PictureCard(make(picture("V"), source.model))
    qtbot.addWidget(card)
    card.show()
    card.view.hide()
    assert card.view.refresh(source) is False


def test_closed_pictures_are_gone(qtbot, source):
    import shiboken6

    drawn = [make(p, source.model) for p in source.model.pictures]
    for each in drawn:
        each.refresh(source, force=True)
        each.close()
        each.deleteLater()
    qtbot.waitUntil(lambda: not any(shiboken6.isValid(each) for each in drawn))
    theme.changes().changed.emit()


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_all_pictures_of_a_model_are_drawn_without_a_display(qapp, source, tmp_path, suffix):
    before = theme.current()
    path = offscreen.render(source.model, source, tmp_path / f"all{suffix}", "light", (1200, 900))
    assert path.stat().st_size > 20_000
    assert theme.current() == before
    if suffix == ".png":
        image = QImage(str(path))
        assert (image.width(), image.height()) == (1200, 900)
        assert image.pixelColor(2, 2).name() == theme.LIGHT.background


def test_one_picture_by_name_and_a_wrong_name_is_named(source, tmp_path):
    offscreen.render(source.model, source, tmp_path / "one.png", name="counts", size=(600, 400))
    with pytest.raises(ModelError, match="gallery has no picture 'count': did you mean 'counts'"):
        offscreen.render(source.model, source, tmp_path / "one.png", name="count")
    with pytest.raises(FileError, match="written as"):
        offscreen.render(source.model, source, tmp_path / "one.bmp")


def test_a_sheet_of_pictures_has_no_overlaps_and_stays_on_the_page():
    for count in range(1, 15):
        places = offscreen.layout([1.0 + (k == 0) for k in range(count)], 1600, 1000)
        assert len(places) == count
        for k, (x, y, w, h) in enumerate(places):
            assert x >= 0 and y >= 0 and x + w <= 1600.1 and y + h <= 1000.1 and w > 80 and h > 80
            for a, b, c, d in places[:k]:
                assert x >= a + c or a >= x + w or y >= b + d or b >= y + h


def test_a_high_narrow_picture_breaks_its_legend_into_lines_and_a_low_one_counts_what_is_left_out(show):
    high, low = show("waves", (130, 420)), show("waves", (130, 140))
    lines = high.strip._lines()
    assert len(lines) > 1 and not any(rest for _, rest in lines)
    assert [entry.text for entries, _ in lines for entry, _ in entries] == ["one", "two", "three"]
    (beside, _), (entries, rest) = low.strip._lines()  # beside the name there is no room for any: one line more, or nothing would be told
    assert not beside and rest == 3 - len(entries) and 0 < rest < 3
    assert high.strip.minimumHeight() > low.strip.minimumHeight()


def test_the_name_of_an_axis_is_shortened_to_the_room_it_has_and_comes_back(show):
    drawn = show("V", (420, 280))
    assert drawn.across.labelText == "time before now (ms)"
    drawn.resize(150, 280)
    QGuiApplication.processEvents()
    assert drawn.across.labelText == "ms ago"
    drawn.resize(420, 280)
    QGuiApplication.processEvents()
    assert drawn.across.labelText == "time before now (ms)"
    label, width = drawn.across.label, drawn.across.size().width()
    assert label.pos().x() + label.boundingRect().width() / 2 == pytest.approx(width / 2, abs=2)


def test_many_classes_have_their_names_in_the_plane_and_few_a_legend(show):
    drawn = show("map")
    points = np.column_stack([np.repeat(np.arange(6.0), 5), np.tile(np.arange(5.0), 6), np.repeat(np.arange(6.0), 5)])
    drawn._names, drawn._data, drawn._what, drawn._points = (), points, {"x": 0, "y": 1, "label": 2}, points[:, :2]
    drawn.plot.setRange(xRange=(-1, 6), yRange=(-1, 6), padding=0)
    drawn._paint()
    assert sorted(drawn._texts._texts) == [str(k) for k in range(6)] and np.allclose(sorted(drawn._texts._at[:, 0]), range(6))
    assert not any(entry.dot for entry in drawn.strip.entries)
    points = points[points[:, 2] < 3]
    drawn._data, drawn._points = points, points[:, :2]
    drawn._paint()
    assert not len(drawn._texts._texts) and sum(entry.dot for entry in drawn.strip.entries) == 3


def test_nothing_has_no_minus_in_a_matrix():
    from lab.widgets.pictures.matrices import number_text

    assert number_text(-0.0) == number_text(0.0) == "0.00" and number_text(-0.5) == "−0.50"


def test_the_name_of_a_few_marks_stands_at_one_of_them_and_that_of_a_cloud_at_its_middle():
    goals = np.array([[0.0, 0.0], [5.0, 0.0]])
    assert middle_of(goals).tolist() in goals.tolist()
    cloud = np.column_stack([np.arange(10.0), np.zeros(10)])
    assert middle_of(cloud).tolist() == [4.5, 0.0]


def test_the_name_of_an_axis_may_be_wider_than_a_narrow_plot_as_long_as_the_card_has_room(show):
    from PySide6.QtGui import QFontMetricsF

    drawn = show("waves", (300, 220))
    axis = drawn.across
    axis.before = False
    measure = QFontMetricsF(theme.sans_font(theme.current().caption))
    width, over = axis.size().width(), axis._overhang()
    assert over > 0  # numbers to the left, names to the right
    longest = max(k for k in range(1, 200) if measure.horizontalAdvance("i" * k) <= width + 2 * over)
    axis.show_label("i" * longest)
    assert axis.labelText == "i" * longest and measure.horizontalAdvance(axis.labelText) > width
    card = drawn.canvas.sceneRect()
    place = axis.label.mapRectToScene(axis.label.boundingRect()).adjusted(4, 0, -4, 0)  # its document has a margin
    assert card.left() <= place.left() and place.right() <= card.right()
    axis.show_label("i" * (longest + 1))
    assert axis.labelText.endswith("…")
