"""Up to a million points drawn into an image, in two dimensions and three; what is under the mouse; which labels have room.

One kernel projects and paints, so that the screen, pictures off screen and exports are the same pixels. In three dimensions
a z-buffer keeps what is nearer and depth fades the rest towards the background. Above `DENSE` points single dots would only
cover each other: then every pixel shows the mean colour of what falls on it, as strong as the logarithm of how much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from lab.errors import LabError
from lab.kernels import kernel

DENSE = 200_000  # points from which density is drawn
LARGEST_SIDE = 16_384
_FADE = 0.65  # part of a colour that the farthest point loses to the background


@dataclass(frozen=True)
class View:
    """Where one looks: image size in pixels, the point in the middle, pixels per unit, and in 3-D two angles in radians."""

    width: int
    height: int
    centre: tuple[float, ...] = (0.0, 0.0)
    scale: float = 1.0
    yaw: float = 0.0
    pitch: float = 0.0

    def __post_init__(self) -> None:
        if not (1 <= self.width <= LARGEST_SIDE and 1 <= self.height <= LARGEST_SIDE):
            raise LabError(f"view: width and height must be from 1 to {LARGEST_SIDE} pixels (got {self.width} x {self.height}).")
        if not self.scale > 0:
            raise LabError(f"view.scale: must be above 0 (got {self.scale}).")

    def matrix(self) -> np.ndarray:
        """Rotation (3, 3): rows are the directions to the right, up, and towards the one who looks."""
        cy, sy, cp, sp = np.cos(self.yaw), np.sin(self.yaw), np.cos(self.pitch), np.sin(self.pitch)
        return np.array([[cy, 0, sy], [sp * sy, cp, -sp * cy], [-cp * sy, sp, cp * cy]])

    def turned(self, yaw: float, pitch: float) -> View:
        """The view after a turn by these angles; looking from straight above or below is the end."""
        return replace(self, yaw=self.yaw + yaw, pitch=float(np.clip(self.pitch + pitch, -np.pi / 2, np.pi / 2)))

    def zoomed(self, factor: float, x: float, y: float) -> View:
        """The view magnified about the pixel (x, y), which stays where it is (3-D: about the middle)."""
        if len(self.centre) > 2:
            return replace(self, scale=self.scale * factor)
        dx, dy = (x - self.width / 2) / self.scale, (self.height / 2 - y) / self.scale
        keep = 1 - 1 / factor
        return replace(self, scale=self.scale * factor, centre=(self.centre[0] + dx * keep, self.centre[1] + dy * keep))


def fit_view(points: np.ndarray, width: int, height: int, margin: float = 0.06) -> View:
    """The view that shows all points (n, 2 or 3) with a margin on each side."""
    points = np.asarray(points, float)
    if not len(points):
        return View(width, height)
    low, high = points.min(0), points.max(0)
    room = 1 - 2 * margin
    if points.shape[1] > 2:
        size = float(np.linalg.norm(high - low)) or 1.0
        return View(width, height, tuple((low + high) / 2), room * min(width, height) / size, 0.6, 0.4)
    span = np.maximum(high - low, 1e-9 * max(1.0, float(np.abs(points).max())))
    return View(width, height, tuple((low + high) / 2), float(min(room * width / span[0], room * height / span[1])))


def _parts(points: np.ndarray, view: View) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points as contiguous float32 and the affine map to pixels: rows (3, 3) of x, y and depth, offsets (3,)."""
    points = np.ascontiguousarray(points, np.float32)
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise LabError(f"points: must have 2 or 3 columns (got shape {points.shape}).")
    rows = np.zeros((3, 3))
    dimensions = points.shape[1]
    if dimensions == 2:
        rows[0, 0] = rows[1, 1] = 1.0
    else:
        rows[:] = view.matrix()
    rows *= np.array([view.scale, -view.scale, 1.0])[:, None]
    centre = np.zeros(3)
    centre[: min(dimensions, len(view.centre))] = view.centre[:dimensions]
    offset = np.array([view.width / 2, view.height / 2, 0.0]) - rows @ centre
    return points, rows.astype(np.float32), offset.astype(np.float32)


@kernel
def _project(points, rows, offset, out):
    n, dimensions = points.shape
    for i in range(n):
        for c in range(3):
            total = offset[c]
            for d in range(dimensions):
                total += rows[c, d] * points[i, d]
            out[i, c] = total


def project(points: np.ndarray, view: View) -> np.ndarray:
    """Pixels x, y (down) and depth (greater is nearer) of each point, (n, 3) float32."""
    points, rows, offset = _parts(points, view)
    out = np.empty((len(points), 3), np.float32)
    _project(points, rows, offset, out)
    return out


class Spots(NamedTuple):
    """The pixels of each shape: shape of each point (empty: all alike), where its pixels begin, and their places."""

    shapes: np.ndarray
    begins: np.ndarray
    dx: np.ndarray
    dy: np.ndarray


class Fog(NamedTuple):
    """How points pale with their distance: nearest, span, ground and share."""

    near: np.float32
    far: np.float32
    background: np.ndarray
    fade: np.float32


@kernel
def _paint(points, rows, offset, colours, visible, spots, fog, depth, image):
    shapes, begins, dx, dy = spots
    near, far, background, fade = fog
    n, dimensions = points.shape
    height, width, _ = image.shape
    solid = dimensions > 2
    everything = len(visible) == 0
    alike = len(shapes) == 0
    one = np.float32(1)
    for i in range(n):
        if not (everything or visible[i]):
            continue
        x = rows[0, 0] * points[i, 0] + rows[0, 1] * points[i, 1] + offset[0]
        y = rows[1, 0] * points[i, 0] + rows[1, 1] * points[i, 1] + offset[1]
        z = np.float32(0)
        if solid:
            x += rows[0, 2] * points[i, 2]
            y += rows[1, 2] * points[i, 2]
            z = rows[2, 0] * points[i, 0] + rows[2, 1] * points[i, 1] + rows[2, 2] * points[i, 2] + offset[2]
        # Written so that NaN is left out too.
        if not (x > -64 and x < width + 64 and y > -64 and y < height + 64):
            continue
        column, row = np.int64(np.floor(x)), np.int64(np.floor(y))
        r, g, b = colours[i, 0], colours[i, 1], colours[i, 2]
        if solid:
            loss = fade * (near - z) / (far if far > 0 else one)
            r = np.uint8(r + (background[0] - np.float32(r)) * loss)
            g = np.uint8(g + (background[1] - np.float32(g)) * loss)
            b = np.uint8(b + (background[2] - np.float32(b)) * loss)
        shape = np.int64(0) if alike else np.int64(shapes[i])
        for k in range(begins[shape], begins[shape + 1]):
            v, h = row + dy[k], column + dx[k]
            if v >= 0 and v < height and h >= 0 and h < width:
                if solid:
                    if depth[v, h] > z:
                        continue
                    depth[v, h] = z
                image[v, h, 0] = r
                image[v, h, 1] = g
                image[v, h, 2] = b
                image[v, h, 3] = 255


@kernel
def _gather_density(points, rows, offset, colours, visible, sums):
    n, dimensions = points.shape
    height, width, _ = sums.shape
    everything = len(visible) == 0
    most = np.float32(0)
    for i in range(n):
        if not (everything or visible[i]):
            continue
        x = rows[0, 0] * points[i, 0] + rows[0, 1] * points[i, 1] + offset[0]
        y = rows[1, 0] * points[i, 0] + rows[1, 1] * points[i, 1] + offset[1]
        if dimensions > 2:
            x += rows[0, 2] * points[i, 2]
            y += rows[1, 2] * points[i, 2]
        if x >= 0 and x < width and y >= 0 and y < height:
            v, h = np.int64(y), np.int64(x)
            for c in range(3):
                sums[v, h, c] += colours[i, c]
            sums[v, h, 3] += np.float32(1)
            most = max(most, sums[v, h, 3])
    return most


@kernel
def _shade_density(sums, strength, background, image):
    height, width, _ = sums.shape
    for v in range(height):
        for h in range(width):
            count = sums[v, h, 3]
            if count > 0:
                # A single point keeps a third of its colour, so that outliers are seen.
                share = strength[min(np.int64(count), len(strength) - 1)]
                for c in range(3):
                    image[v, h, c] = np.uint8(background[c] + (sums[v, h, c] / count - background[c]) * share)
                image[v, h, 3] = 255


SHAPES = ("disc", "square", "triangle", "diamond", "cross", "turned triangle", "plus", "ring")


def spot(shape: str, diameter: float) -> tuple[np.ndarray, np.ndarray]:
    """Pixel offsets (dx, dy) of a dot of a shape and diameter in pixels; below 4 pixels every shape is a disc."""
    radius = max(0.5, diameter / 2)
    reach = int(np.ceil(1.2 * radius))
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    across, down, length = np.abs(dx), np.abs(dy), np.hypot(dx, dy)
    bar = max(0.6, 0.38 * radius)
    if radius <= 0.5:
        inside = (dx == 0) & (dy == 0)
    elif shape == "disc" or diameter < 4:
        inside = length <= radius - 0.25
    elif shape == "square":
        inside = np.maximum(across, down) <= 0.82 * radius
    elif shape in ("triangle", "turned triangle"):
        height = (dy if shape == "triangle" else -dy) + radius
        inside = (height >= 0) & (height <= 1.75 * radius) & (across <= 0.58 * height + 0.2)
    elif shape == "diamond":
        inside = across + down <= 1.15 * radius
    elif shape == "cross":
        inside = (np.minimum(np.abs(dx - dy), np.abs(dx + dy)) <= 1.4 * bar) & (np.maximum(across, down) <= 0.85 * radius)
    elif shape == "plus":
        inside = (np.minimum(across, down) <= bar) & (np.maximum(across, down) <= 1.05 * radius)
    else:
        inside = (length <= 1.05 * radius) & (length >= 0.5 * radius)
    return dx[inside].astype(np.int64), dy[inside].astype(np.int64)


def _spots(diameter: float, shapes: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offsets of all shapes one after the other, and where each begins."""
    made = [spot(name, diameter) for name in (SHAPES if shapes else SHAPES[:1])]
    begins = np.concatenate([[0], np.cumsum([len(dx) for dx, _ in made])]).astype(np.int64)
    return np.concatenate([dx for dx, _ in made]), np.concatenate([dy for _, dy in made]), begins


def rasterise(
    points: np.ndarray,
    view: View,
    colours: np.ndarray,
    *,
    size: float = 4.0,
    background: tuple[int, int, int, int] = (255, 255, 255, 255),
    visible: np.ndarray | None = None,
    density: bool | None = None,
    shapes: np.ndarray | None = None,
) -> np.ndarray:
    """Draw points (n, 2 or 3) into an image (height, width, 4) uint8 RGBA.

    colours (n, 3) or (1, 3) uint8; size is the diameter of a dot in pixels (1 to 64); visible (n,) leaves out what is false;
    density None draws density from `DENSE` visible points on; shapes (n,) are numbers of `SHAPES`. Later points lie above earlier ones (3-D: nearer above farther).
    """
    points, rows, offset = _parts(points, view)
    colours = np.ascontiguousarray(np.broadcast_to(np.asarray(colours, np.uint8)[:, :3], (len(points), 3)))
    shown = np.empty(0, np.bool_) if visible is None else np.ascontiguousarray(visible, np.bool_)
    if len(shown) not in (0, len(points)):
        raise LabError(f"visible: must say so of each of {len(points)} points (got {len(shown)}).")
    image = np.empty((view.height, view.width, 4), np.uint8)
    image[:] = background
    if not len(points):
        return image
    paper = np.array(background[:3], np.float32)
    if density is None:
        density = (len(points) if visible is None else int(shown.sum())) >= DENSE
    if density:
        sums = np.zeros((view.height, view.width, 4), np.float32)
        most = float(_gather_density(points, rows, offset, colours, shown, sums))
        levels = np.arange(min(int(most), 1 << 20) + 1)
        strength = (1 / 3 + 2 / 3 * np.log(np.maximum(levels, 1)) / max(np.log(max(most, 2)), 1e-9)).astype(np.float32)
        _shade_density(sums, np.minimum(strength, np.float32(1)), paper, image)
        return image
    near, far = 0.0, 0.0
    depth = np.empty((1, 1), np.float32)
    if points.shape[1] > 2:
        z = points @ rows[2]
        z = z[np.isfinite(z)] + offset[2]
        near, far = (float(z.max()), float(z.max() - z.min())) if len(z) else (0.0, 0.0)
        depth = np.full((view.height, view.width), -np.inf, np.float32)
    kinds = np.empty(0, np.uint8) if shapes is None else np.ascontiguousarray(shapes, np.uint8) % len(SHAPES)
    if len(kinds) not in (0, len(points)):
        raise LabError(f"shapes: must say so of each of {len(points)} points (got {len(kinds)}).")
    dx, dy, begins = _spots(float(np.clip(size, 1, 64)), shapes is not None)
    _paint(
        points,
        rows,
        offset,
        colours,
        shown,
        Spots(kinds, begins, dx, dy),
        Fog(np.float32(near), np.float32(far), paper, np.float32(_FADE)),
        depth,
        image,
    )
    return image


@kernel
def _pick(points, rows, offset, visible, x, y, reach):
    n, dimensions = points.shape
    everything = len(visible) == 0
    best, found, nearest = reach * reach, -1, -np.inf
    for i in range(n):
        if not (everything or visible[i]):
            continue
        a, b, z = offset[0], offset[1], offset[2]
        for d in range(dimensions):
            a += rows[0, d] * points[i, d]
            b += rows[1, d] * points[i, d]
            z += rows[2, d] * points[i, d]
        square = (a - x) * (a - x) + (b - y) * (b - y)
        # Of two under the same pixel, the one in front (in 2-D the later) is meant.
        if square < best - 1 or (square <= best and (found < 0 or z >= nearest)):
            best, found, nearest = min(best, square), i, z
    return found


def pick(points: np.ndarray, view: View, x: float, y: float, *, reach: float = 12.0, visible: np.ndarray | None = None) -> int:
    """Row of the point nearest to a pixel within `reach` pixels, -1 where there is none."""
    points, rows, offset = _parts(points, view)
    shown = np.empty(0, np.bool_) if visible is None else np.ascontiguousarray(visible, np.bool_)
    return int(_pick(points, rows, offset, shown, float(x), float(y), float(reach)))


@kernel
def _inside(points, rows, offset, polygon, out):
    n, dimensions = points.shape
    corners = len(polygon)
    for i in range(n):
        x, y = offset[0], offset[1]
        for d in range(dimensions):
            x += rows[0, d] * points[i, d]
            y += rows[1, d] * points[i, d]
        odd = False
        k = corners - 1
        for j in range(corners):
            a, b = polygon[j, 1], polygon[k, 1]
            if (a > y) != (b > y) and x < (polygon[k, 0] - polygon[j, 0]) * (y - a) / (b - a) + polygon[j, 0]:
                odd = not odd
            k = j
        out[i] = odd


def lasso(points: np.ndarray, view: View, polygon: np.ndarray) -> np.ndarray:
    """Which points (n,) bool lie inside a polygon (m, 2) of pixels, by the even-odd rule."""
    points, rows, offset = _parts(points, view)
    out = np.zeros(len(points), np.bool_)
    if len(polygon) > 2:
        _inside(points, rows, offset, np.ascontiguousarray(polygon, np.float64), out)
    return out


@kernel
def _place(pixels, widths, height, image_width, image_height, gap, most, kept, corners):
    placed = 0
    for i in range(len(pixels)):
        if placed == most:
            break
        x, y, w = pixels[i, 0], pixels[i, 1], widths[i]
        if not (x >= 0 and x < image_width and y >= 0 and y < image_height):
            continue
        # To the right of the dot, else to its left, above, below.
        for side in range(4):
            if side < 2:
                left = x + gap if side == 0 else x - gap - w
                top = y - height / 2
            else:
                left = x - w / 2
                top = y - gap - height if side == 2 else y + gap
            if left < 0 or top < 0 or left + w > image_width or top + height > image_height:
                continue
            free = True
            for j in range(placed):
                if (
                    left < corners[j, 0] + corners[j, 2]
                    and corners[j, 0] < left + w
                    and top < corners[j, 1] + height
                    and corners[j, 1] < top + height
                ):
                    free = False
                    break
            if free:
                kept[placed] = i
                corners[placed, 0], corners[placed, 1], corners[placed, 2] = left, top, w
                placed += 1
                break
    return placed


def place_labels(
    pixels: np.ndarray, widths: np.ndarray, height: float, view: View, *, gap: float = 5.0, most: int = 300
) -> tuple[np.ndarray, np.ndarray]:
    """Choose labels that do not overlap, the earlier before the later, each beside its point.

    pixels (n, 2+), most important first; widths (n,) of the texts in pixels. Returns the chosen rows (m,) and the upper left
    corners (m, 2) of their texts. The same input gives the same labels, so they do not flicker while nothing moves.
    """
    most = min(most, len(pixels))
    kept, corners = np.empty(most, np.int64), np.empty((most, 3))
    count = _place(
        np.ascontiguousarray(pixels[:, :2], np.float64),
        np.ascontiguousarray(widths, np.float64),
        float(height),
        view.width,
        view.height,
        gap,
        most,
        kept,
        corners,
    )
    return kept[:count], corners[:count, :2]
