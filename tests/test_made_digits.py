"""Digits drawn from strokes: their size, that they stay the same, and that they are ten classes."""

import numpy as np

from lab.data.made_digits import SIDE, made_digits


def test_they_are_the_same_for_the_same_seed_and_lie_within_the_picture():
    x, t = made_digits(20, 3)
    again, _ = made_digits(20, 3)
    assert x.shape == (20, 784) and t.tolist() == [*range(10)] * 2
    np.testing.assert_array_equal(x, again)
    pictures = x.reshape(-1, SIDE, SIDE)
    assert x.min() == 0.0 and x.max() == 1.0 and (pictures.sum((1, 2)) > 20).all()
    assert pictures[:, [0, -1]].max() == 0.0 and pictures[:, :, [0, -1]].max() == 0.0


def test_two_of_one_class_are_not_alike_pixel_by_pixel():
    x, _ = made_digits(20, 3)
    assert all(np.abs(x[k] - x[k + 10]).max() > 0.5 for k in range(10))
