"""Lines drawn by the compiled kernel, against the distance of every pixel worked out the slow way."""

from __future__ import annotations

import numpy as np
import pytest

from lab.display.labels import level, spread
from lab.display.strokes import AREA, EVERYWHERE, LINE, NOWHERE, TICKS, Batch, Canvas, changed, premultiplied

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


SCALE = (8.0, 10.0, -15.0, 40.0)


def frame(end: int, gone: int, dashes=()) -> Batch:
    """A line that has grown to `end`, one that is taken away up to `gone`, an area and ticks, in data coordinates."""
    x = np.linspace(0.0, 10.0, 201)
    y = 1.5 * np.sin(x)
    y[17] = np.nan
    half = premultiplied(255, 0, 0, 0.5)
    return Batch.of(
        [
            (x[:30], y[:30] ** 2, AREA, half, 1.0, 0.0, ()),
            (x[gone:], 0.3 * y[gone:], LINE, half, 1.0, 0.0, ()),
            (x[:end], y[:end], LINE, WHITE, 2.0, 0.0, dashes),
            (x[:end:20], y[:end:20], TICKS, half, 3.0, 0.4, ()),
        ]
    )


def whole(batch: Batch, ratio: float = 1.0) -> np.ndarray:
    canvas = Canvas(100, 60)
    canvas.draw(batch, SCALE, ratio)
    return canvas.pixels


def test_a_batch_is_drawn_as_its_strokes_are_one_after_another():
    canvas, x = Canvas(100, 60), 8.0 * np.linspace(0.0, 10.0, 201) + 10.0
    canvas.area(x[:30], 40.0 - 15.0 * np.sin(np.linspace(0.0, 10.0, 201)[:30]), 40.0, WHITE)
    canvas.line(x, 40.0 - 15.0 * np.sin(np.linspace(0.0, 10.0, 201)), 0x80800000, 4.0, (6.0, 8.0))
    canvas.ticks(x[::20], np.full(11, 40.0), 6.0, WHITE, 2.0)
    own, y = np.linspace(0.0, 10.0, 201), np.sin(np.linspace(0.0, 10.0, 201))
    drawn = Canvas(100, 60)
    drawn.pixels[:] = WHITE  # of the frame before
    drawn.draw(
        Batch.of(
            [
                (own[:30], y[:30], AREA, WHITE, 1.0, 0.0, ()),
                (own, y, LINE, 0x80800000, 2.0, 0.0, (3.0, 4.0)),
                (own[::20], np.zeros(11), TICKS, WHITE, 1.0, 0.4, ()),
            ]
        ),
        SCALE,
        2.0,
    )
    apart = np.abs(drawn.pixels.view(np.uint8).astype(int) - canvas.pixels.view(np.uint8).astype(int))
    assert apart.max() <= 1


@pytest.mark.parametrize("dashes", [(), (3.0, 2.0)])
@pytest.mark.parametrize("before, now", [((100, 110), (104, 115)), ((104, 115), (100, 110)), ((0, 200), (201, 0)), ((60, 60), (60, 60))])
def test_columns_drawn_again_leave_the_same_picture_as_one_drawn_whole(before, now, dashes):
    canvas, one, other = Canvas(100, 60), frame(*before, dashes), frame(*now, dashes)
    canvas.draw(one, SCALE)
    low, high = changed(one, other)
    if low <= high:
        canvas.draw(other, SCALE, 1.0, (SCALE[0] * low + SCALE[1] - other.reach, SCALE[0] * high + SCALE[1] + other.reach))
    assert (canvas.pixels == whole(other)).all()


def test_a_line_that_grows_differs_at_its_end_only_and_other_looks_everywhere():
    assert changed(frame(100, 110), frame(100, 110)) == NOWHERE
    low, high = changed(frame(100, 110), frame(104, 110))
    assert 3.9 < low < high < 5.3
    assert changed(frame(100, 110), frame(104, 110, (3.0, 2.0))) == EVERYWHERE
    assert changed(Batch.of(()), Batch.of(())) == NOWHERE and changed(Batch.of(()), frame(9, 9)) == EVERYWHERE
    canvas = Canvas(10, 10)
    canvas.draw(Batch.of(()), SCALE)
    assert not canvas.pixels.any()
