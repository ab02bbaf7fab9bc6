"""A graph drawn as a scheme: named boxes inside what is shown, the lit one in the accent, ways that lead back dashed."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from lab.widgets import theme
from lab.widgets.pictures import boxes as boxes_module
from lab.widgets.pictures.boxes import Boxes

PLACES = np.array([(0.0, 50.0), (300.0, 50.0)])
AREA = QRectF(0.0, 0.0, 300.0, 100.0)


def drawn(qapp, monkeypatch, lit, ways, look="dark"):
    theme.apply(qapp, look)
    monkeypatch.setattr(boxes_module, "zoom_of", lambda item, transform: 1.0)
    item = Boxes()
    item.set_boxes(PLACES, ("noise\n2 numbers", "G"), np.array(lit), np.array(ways).reshape(-1, 2), AREA)
    image = QImage(300, 100, QImage.Format.Format_RGB32)
    image.fill(QColor(theme.current().tokens.surface))
    painter = QPainter(image)
    item.paint(painter)
    painter.end()
    return np.array(image.constBits()).reshape(100, 300, 4)[:, :, 2::-1].astype(int)


def near(pixels, token):
    colour = QColor(getattr(theme.current().tokens, token))
    return np.abs(pixels - np.array([colour.red(), colour.green(), colour.blue()])).max(-1) < 12


@pytest.mark.parametrize("look", ["dark", "light"])
def test_boxes_stay_inside_and_the_lit_one_is_marked(qapp, monkeypatch, look):
    pixels = drawn(qapp, monkeypatch, [False, True], [[0, 1]], look)
    accent = near(pixels, "accent")
    assert accent[:, 200:].sum() > 100 and accent[:, :150].sum() == 0
    # Both stand whole inside, although their places are on the edge: a border all round.
    assert near(pixels, "surface")[:, :2].all() and near(pixels, "surface")[:, -1:].all()


def test_a_way_that_leads_back_is_dashed_in_the_accent(qapp, monkeypatch):
    forth, back = (drawn(qapp, monkeypatch, [False, False], ways) for ways in ([[0, 1]], [[1, 0]]))
    middle = slice(120, 240)
    assert near(forth, "accent")[:, middle].sum() == 0
    lit = near(back, "accent")[:, middle].any(0)
    assert 0.2 * lit.size < lit.sum() < 0.95 * lit.size and np.diff(lit.astype(int)).any()
