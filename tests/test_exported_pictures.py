"""Exported pictures say what the window says: ticks and lines are read out of the files themselves."""

from __future__ import annotations

import os
import re
from xml.etree import ElementTree

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest

pytest.importorskip("PySide6")

from picture_models import Gallery
from PySide6.QtGui import QImage
from test_view import run

from lab.errors import FileError
from lab.widgets import theme
from lab.widgets.pictures import PictureView, make
from lab.widgets.tokens import THEMES

NAMES = [p.name for p in Gallery().pictures]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def source():
    return run(600)


@pytest.fixture
def show(qtbot, source):
    def made(name: str) -> PictureView:
        drawn = make(next(p for p in Gallery().pictures if p.name == name), source.model)
        qtbot.addWidget(drawn)
        drawn.resize(420, 280)
        drawn.show()
        drawn.refresh(source)
        return drawn

    return made


@pytest.fixture(params=["dark", "light"])
def look(request, qapp):
    theme.apply(qapp, request.param, sheet=False)
    yield request.param
    theme.apply(qapp, "dark", sheet=False)


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3].astype(int)


@pytest.mark.parametrize("name", NAMES)
def test_a_png_shows_what_the_widget_draws(show, look, tmp_path, name):
    drawn = show(name)
    written, own = pixels(QImage(str(drawn.export(tmp_path / "picture.png")))), pixels(drawn.image(2.0))
    assert written.shape == own.shape
    # False axes moved every label and every tick: thousands of pixels.
    assert (np.abs(written - own).max(axis=2) > 60).mean() < 0.002


def placed(path) -> tuple[list[tuple[str, float, float]], list[np.ndarray]]:
    """Texts with the place of their start, and lines as points (n, 2), all in the coordinates of the page."""
    texts, lines = [], []

    def matrix(element) -> np.ndarray:
        found = re.match(r"matrix\(([^)]*)\)", element.get("transform", ""))
        if not found:
            return np.eye(3)
        a, b, c, d, e, f = (float(v) for v in re.split(r"[ ,]+", found.group(1).strip()))
        return np.array([[a, c, e], [b, d, f], [0, 0, 1]])

    def walk(element, m) -> None:
        m = m @ matrix(element)
        if element.tag == f"{SVG}text":
            x, y, _ = m @ (float(element.get("x", 0)), float(element.get("y", 0)), 1)
            texts.append(("".join(element.itertext()).strip(), x, y))
        if element.tag in (f"{SVG}polyline", f"{SVG}path"):
            data = element.get("points") or element.get("d", "")
            numbers = np.array([float(v) for v in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", data)])
            if len(numbers) >= 4 and len(numbers) % 2 == 0:
                points = numbers.reshape(-1, 2)
                lines.append((np.column_stack([points, np.ones(len(points))]) @ m.T)[:, :2])
        for child in element:
            walk(child, m)

    walk(ElementTree.parse(path).getroot(), np.eye(3))
    return texts, lines


def value(text: str) -> float | None:
    try:
        return float(text.replace("\N{MINUS SIGN}", "-").replace("\N{THIN SPACE}", "").replace("\N{NARROW NO-BREAK SPACE}", ""))
    except ValueError:
        return None


def axis(labels: list[tuple[float, float]]) -> tuple[float, float]:
    """Slope and offset of the places of labels over their values; the labels must lie on one straight line."""
    values, places = np.array(sorted(labels)).T
    slope, offset = np.polyfit(values, places, 1)
    assert np.abs(slope * values + offset - places).max() < 7.0, "labels stand where their values are"
    return slope, offset


@pytest.mark.parametrize("name", ["V", "waves", "rates", "plane"])
def test_ticks_and_lines_of_an_svg_agree_with_the_axes_and_the_data(show, look, tmp_path, name):
    drawn = show(name)
    texts, lines = placed(drawn.export(tmp_path / "picture.svg"))
    numbers = [(v, x, y) for text, x, y in texts if (v := value(text)) is not None]
    bottom = max(y for _, _, y in numbers)
    across = [(v, x) for v, x, y in numbers if y > bottom - 8]
    up = [(v, y) for v, x, y in numbers if y <= bottom - 8]
    assert len(across) >= 2 and len(up) >= 2, texts
    (a, _), (c, _) = axis(across), axis(up)
    (x0, x1), (y0, y1) = drawn.plot.getViewBox().viewRange()
    area = drawn.plot.getViewBox().sceneBoundingRect()
    # The axes of the file span what the axes of the widget span; time is told backwards from now.
    assert abs(a) == pytest.approx(area.width() / (x1 - x0), rel=0.03) and -c == pytest.approx(area.height() / (y1 - y0), rel=0.03)
    curves = [line for line in lines if len(line) > 40]  # not frames, grids and ticks
    if name in ("V", "waves"):
        table = np.array([[float(v or "nan") for v in row.split(",")] for row in drawn.text().splitlines()[1:]])
        heights = np.concatenate([line[:, 1] for line in curves])
        highest, lowest = (np.nanmax(table[:, 1:]), np.nanmin(table[:, 1:]))
        assert heights.min() == pytest.approx(area.top() + (y1 - highest) * area.height() / (y1 - y0), abs=4)
        assert heights.max() == pytest.approx(area.top() + (y1 - lowest) * area.height() / (y1 - y0), abs=4)


def test_a_slide_is_light_wide_and_titled_and_leaves_the_picture_as_it_was(show, look, tmp_path):
    drawn = show("V")
    drawn.export_slide(tmp_path / "slide.png")  # axes are as wide as their numbers from now on
    before = pixels(drawn.image(1.0))
    drawn.export_slide(tmp_path / "slide.png")
    slide = QImage(str(tmp_path / "slide.png"))
    assert (slide.width(), slide.height()) == (1920, 1080)
    shades = pixels(slide).mean(axis=2)
    assert np.median(shades) > 240, "a light ground whatever the window wears"
    assert (shades[: 1080 // 9] < 120).any(), "with its title"
    assert (drawn.width(), drawn.height()) == (420, 280) and theme.current().tokens.name == look
    assert (np.abs(pixels(drawn.image(1.0)) - before).max(axis=2) > 60).mean() < 0.002
    drawn.copy_slide()
    from PySide6.QtGui import QGuiApplication

    assert QGuiApplication.clipboard().image().width() == 1920
    with pytest.raises(FileError, match="a slide is written as"):
        drawn.export_slide(tmp_path / "slide.svg")


@pytest.mark.parametrize("name", ["V", "spikes", "counts", "plane"])
def test_a_page_has_vectors_and_numbers_and_no_dark_ground(show, look, tmp_path, name):
    drawn = show(name)
    texts, _ = placed(drawn.export_page(tmp_path / "page.svg"))
    assert len([t for t, _, _ in texts if value(t) is not None]) >= 2
    root = ElementTree.parse(tmp_path / "page.svg").getroot()
    assert root.get("viewBox", "").split()[2] == "640"
    grounds = {e.get("fill") for e in root.iter() if e.get("fill")}
    assert THEMES["light"].surface.lower() in {g.lower() for g in grounds} and THEMES["dark"].surface.lower() not in {
        g.lower() for g in grounds
    }
    assert drawn.export_page(tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(FileError, match="for a page is written as"):
        drawn.export_page(tmp_path / "page.png")


@pytest.mark.parametrize("name", NAMES)
def test_no_picture_kind_writes_numbers_of_programs(show, look, tmp_path, name):
    texts, _ = placed(show(name).export(tmp_path / "picture.svg"))
    assert not [t for t, _, _ in texts if re.search(r"\de[+-]?\d|(?<![\w-])-\d|nan", t)]
    # Names among points are outlines with a halo: in these pictures there is no other text.
    assert name in ("graph", "digits", "solid") or texts, "what a person reads is text, not a drawing of it"


def of_a_model(kind: str, qtbot) -> PictureView:
    """A picture of a kind that stands in no model made for tests."""
    from lab import catalog
    from lab.display.sources import LiveSource
    from lab.engine.experiment import Experiment
    from lab.engine.runner import Runner

    name, picture, values = {
        "network": ("mlp", "network", {"data": "moons", "n": 60, "hidden": "3-2", "epochs": 3}),
        "matrices": ("mlp", "matrices", {"data": "moons", "n": 60, "hidden": "3-2", "epochs": 3}),
        "map": ("embedding-map", "map", {"space": "grammar", "method": "PCA"}),
    }[kind]
    model = catalog.load(name)(**values)
    runner = Runner(Experiment(name, model.changed()), watch=frozenset(s.name for s in model.streams))
    runner._prepare()
    drawn = make(next(p for p in model.pictures if p.name == picture), model)
    qtbot.addWidget(drawn)
    drawn.resize(640, 420)
    drawn.show()
    drawn.refresh(LiveSource.of(runner))
    return drawn


def kinds_drawn() -> set[str]:
    """Every kind that some file of the window draws."""
    import re as regular
    from pathlib import Path

    import lab.widgets

    files = Path(lab.widgets.__file__).parent.rglob("*.py")
    found = {
        kind
        for file in files
        for line in regular.findall(r"^@draws\(([^)]*)\)", file.read_text("utf-8"), regular.M)
        for kind in regular.findall(r'"(\w+)"', line)
    }
    return found


ELSEWHERE = ("network", "matrices", "map")


def test_every_kind_of_picture_is_exported_here():
    from lab.display import plots

    shown = {plots.kind(p, Gallery()) for p in Gallery().pictures}
    assert kinds_drawn() <= shown | set(ELSEWHERE), kinds_drawn() - shown - set(ELSEWHERE)


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_pictures_of_models_export_what_the_widget_draws(kind, qtbot, look, tmp_path):
    drawn = of_a_model(kind, qtbot)
    written, own = pixels(QImage(str(drawn.export(tmp_path / "picture.png")))), pixels(drawn.image(2.0))
    assert written.shape == own.shape and (np.abs(written - own).max(axis=2) > 60).mean() < 0.002
    texts, _ = placed(drawn.export(tmp_path / "picture.svg"))
    assert len([text for text, _, _ in texts if text]) >= 3, texts
