"""Lines drawn by the compiled kernel, against the distance of every pixel worked out the slow way."""

from __future__ import annotations

import numpy as np
import pytest

from lab.display.labels import level, spread
from lab.display.strokes import Canvas, premultiplied

WHITE = premultiplied(255, 255, 255)


def alpha(canvas: Canvas) -> np.ndarray:
    return (canvas.pixels >> 24).astype(float) / 255.0


def reference(x, y, width: float, size: tuple[int, int]) -> np.ndarray:
    """Coverage of each pixel from its distance to the nearest piece of the line."""
    wide, tall = size
    px, py = np.meshgrid(np.arange(wide) + 0.5, np.arange(tall) + 0.5)
    nearest = np.full((tall, wide), np.inf)
    for k in range(len(x) - 1):
        x0, y0, x1, y1 = x[k], y[k], x[k + 1], y[k + 1]
        if not np.isfinite(x0 + y0 + x1 + y1):
            continue
        along = ((px - x0) * (x1 - x0) + (py - y0) * (y1 - y0)) / max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-12)
        along = np.clip(along, 0.0, 1.0)
        nearest = np.minimum(nearest, np.hypot(px - x0 - along * (x1 - x0), py - y0 - along * (y1 - y0)))
    return np.clip(width / 2 + 0.5 - nearest, 0.0, 1.0)


@pytest.mark.parametrize("width", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_line_covers_each_pixel_by_its_distance(width, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-30, 130, 12), rng.uniform(-30, 90, 12)
    x[5] = np.nan
    canvas = Canvas(100, 60)
    canvas.line(x, y, WHITE, width)
    assert np.abs(alpha(canvas) - reference(x, y, width, (100, 60))).max() < 0.02


def test_a_line_that_crosses_itself_is_no_darker_there_and_a_second_one_lies_on_top():
    canvas = Canvas(40, 40)
    half = premultiplied(255, 0, 0, 0.5)
    canvas.line(np.array([0.0, 40.0, 40.0, 0.0]), np.array([0.0, 40.0, 0.0, 40.0]), half, 4.0)
    assert alpha(canvas).max() == pytest.approx(0.5, abs=0.01)
    canvas.line(np.array([0.0, 40.0]), np.array([20.0, 20.0]), WHITE, 4.0)
    assert canvas.pixels[20, 20] == WHITE


def test_dashes_have_their_length_whatever_the_points():
    one, many = Canvas(100, 10), Canvas(100, 10)
    one.line(np.array([0.0, 100.0]), np.full(2, 5.0), WHITE, 2.0, (6, 4))
    many.line(np.linspace(0, 100, 301), np.full(301, 5.0), WHITE, 2.0, (6, 4))
    on = alpha(one)[5]
    assert np.abs(alpha(many) - alpha(one)).max() < 0.02
    assert on[3] == 1.0 and on[13] == 1.0 and 0.3 < (on > 0.5).mean() < 0.85 and on[8] < 1.0


def test_an_area_covers_what_lies_under_a_curve():
    canvas = Canvas(100, 50)
    x = np.linspace(0, 100, 37)
    canvas.area(x, 10 + 0.2 * x, 45.0, WHITE)
    column = alpha(canvas).sum(axis=0)
    assert np.abs(column - (45 - (10 + 0.2 * (np.arange(100) + 0.5)))).max() < 0.2
    assert (alpha(canvas)[45:] == 0).all()


def test_ticks_stand_upright_and_share_columns_by_their_place():
    canvas = Canvas(20, 20)
    canvas.ticks(np.array([5.5, 10.0, np.nan]), np.array([10.0, 10.0, 3.0]), 4.0, WHITE, 1.0)
    assert alpha(canvas)[10, 5] == 1.0 and alpha(canvas)[10, 9] == pytest.approx(0.5, abs=0.01) == alpha(canvas)[10, 10]
    assert alpha(canvas)[2].sum() == 0


def test_nothing_is_left_of_a_cleared_picture_and_what_lies_outside_costs_nothing():
    canvas = Canvas(30, 30)
    canvas.line(np.array([-1e9, 1e9]), np.array([15.0, 15.0]), WHITE, 2.0, (3, 3))
    canvas.line(np.array([np.inf, 3.0]), np.array([2.0, 3.0]), WHITE, 2.0)
    canvas.line(np.array([500.0, 900.0]), np.array([2.0, 3.0]), WHITE, 2.0)
    canvas.line(np.empty(0), np.empty(0), WHITE, 2.0)
    assert alpha(canvas)[15].min() == 1.0
    canvas.clear()
    assert not canvas.pixels.any()
    canvas.line(np.array([3.0, 3.0]), np.array([3.0, 3.0]), WHITE, 2.0)
    assert 0 < (canvas.pixels > 0).sum() < 12  # a line without length is a dot, and nothing of the last one comes back


def test_names_stand_where_their_lines_end_and_never_on_one_another():
    assert spread([10.0, 50.0], [14.0, 14.0], 0, 100) == [10.0, 50.0]
    close = spread([50.0, 52.0, 51.0], [14.0] * 3, 0, 100)
    assert sorted(close) == pytest.approx([37.0, 51.0, 65.0]) and close[0] < close[2] < close[1]
    edge = spread([-5.0, 2.0, 99.0], [14.0] * 3, 0, 100)
    assert edge == pytest.approx([7.0, 21.0, 93.0])
    rng = np.random.default_rng(1)
    for _ in range(50):
        wanted = rng.uniform(0, 200, 6)
        got = sorted(spread(wanted.tolist(), [14.0] * 6, 0, 200))
        assert got[0] >= 7 - 1e-9 and got[-1] <= 193 + 1e-9 and min(np.diff(got)) >= 14 - 1e-9


def test_the_name_of_a_spiking_trace_stands_still():
    y = np.full(400, -65.0)
    y[350:360] = 30.0
    assert level(y, moving=True) == -65.0 and level(np.array([1.0, 3.0, np.nan]), moving=False) == 3.0
