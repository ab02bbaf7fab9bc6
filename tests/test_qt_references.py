"""The Qt binding keeps its hands off None and True: a release that lost references to them ended the process by itself."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("PySide6")

import numpy as np
import pyqtgraph


def counts() -> tuple[int, int]:
    return sys.getrefcount(None), sys.getrefcount(True)


def test_plotting_does_not_lose_references_to_none_and_true(qtbot):
    plot = pyqtgraph.PlotWidget()
    qtbot.addWidget(plot)
    curve = plot.plot()
    plot.resize(200, 150)
    plot.show()
    y = np.zeros(50)
    for _ in range(20):
        curve.setData(y)
        plot.grab()
    before = counts()
    for k in range(300):
        y[k % 50] = k
        curve.setData(y)
        plot.grab()
    after = counts()
    # A broken binding loses several at each call; on Python 3.12 and later the counts cannot fall at all.
    assert after[0] > before[0] - 100 and after[1] > before[1] - 100
