"""Digits of 28 x 28 pixels, ten classes, as handwriting data sets have them; drawn here from strokes, each a little otherwise.

Nobody's handwriting is in them. The pictures of MNIST are read from a person's own IDX files (`lab.data.pictures`).
"""

from __future__ import annotations

import math

import numpy as np

SIDE, CLASSES = 28, 10


def _arc(x: float, y: float, wide: float, high: float, start: float, end: float, points: int = 14) -> np.ndarray:
    """Points of an ellipse's arc around (x, y), angles in degrees, 0 to the right and 90 down."""
    angle = np.radians(np.linspace(start, end, points))
    return np.column_stack([x + wide * np.cos(angle), y + high * np.sin(angle)])


# Strokes of each digit, x to the right and y down, in a box from -1 to 1.
STROKES: tuple[tuple[np.ndarray, ...], ...] = (
    (_arc(0, 0, 0.55, 0.9, -90, 270, 28),),
    (np.array([[-0.3, -0.6], [0.1, -0.9], [0.1, 0.9]]),),
    (np.concatenate([_arc(0, -0.42, 0.52, 0.48, -170, 35), [[-0.55, 0.9], [0.6, 0.9]]]),),
    (np.concatenate([_arc(-0.05, -0.45, 0.5, 0.45, -150, 90), _arc(-0.05, 0.43, 0.55, 0.47, -90, 150)]),),
    (np.array([[0.25, 0.9], [0.25, -0.9], [-0.6, 0.3], [0.6, 0.3]]),),
    (np.concatenate([[[0.5, -0.9], [-0.35, -0.9], [-0.42, -0.1]], _arc(-0.02, 0.33, 0.55, 0.55, -135, 150)]),),
    (np.concatenate([_arc(0.5, 0.2, 0.95, 1.1, -100, -180, 10), _arc(0.02, 0.4, 0.48, 0.5, -180, 180, 24)]),),
    (np.array([[-0.55, -0.9], [0.55, -0.9], [-0.1, 0.9]]),),
    (np.concatenate([_arc(0, -0.45, 0.42, 0.43, 90, -270, 24), _arc(0, 0.43, 0.52, 0.45, -90, 270, 24)]),),
    (np.concatenate([_arc(-0.02, -0.4, 0.48, 0.5, 0, 360, 24), [[0.46, -0.35], [0.3, 0.9]]]),),
)


def _ink(points: np.ndarray, thickness: float) -> np.ndarray:
    """(SIDE, SIDE) ink of a line through points (n, 2) given in pixels, with soft edges."""
    at = np.arange(SIDE) + 0.5
    pixels = np.stack(np.meshgrid(at, at), -1).reshape(-1, 1, 2)
    a, b = points[None, :-1], points[None, 1:]
    way = b - a
    along = np.clip(((pixels - a) * way).sum(-1) / np.maximum((way**2).sum(-1), 1e-12), 0.0, 1.0)
    apart = np.sqrt((((a + along[..., None] * way) - pixels) ** 2).sum(-1).min(1))
    return np.clip(thickness + 0.5 - apart, 0.0, 1.0).reshape(SIDE, SIDE)


def made_digits(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`count` digits in turn: pictures (count, 784) with values 0..1, and their classes.

    Each has its own slant, turn, size, place and thickness, and the points of its strokes are shaken a little.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    out = np.empty((count, SIDE * SIDE), np.float32)
    for k, label in enumerate(labels):
        slant, turn = rng.normal(0.0, 0.15), math.radians(rng.normal(0.0, 5.0))
        size = np.array([rng.normal(8.0, 0.7), rng.normal(9.5, 0.6)])
        middle = SIDE / 2 + rng.normal(0.0, 0.8, 2)
        thickness = rng.uniform(0.8, 1.6)
        matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]) @ np.array([[1.0, -slant], [0.0, 1.0]])
        picture = np.zeros((SIDE, SIDE))
        for stroke in STROKES[label]:
            shaken = stroke + rng.normal(0.0, 0.025, stroke.shape)
            picture = np.maximum(picture, _ink((shaken * size) @ matrix.T + middle, thickness))
        out[k] = picture.ravel()
    return out, labels
