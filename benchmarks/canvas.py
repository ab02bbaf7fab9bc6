"""The network canvas: CPU milliseconds of a whole repaint, of a drag step and of new activity in its nodes, by size of the network.

Run: python benchmarks/canvas.py [rounds]. Offscreen, one thread; medians. Wanted: at most 16 ms for 300 nodes and 600 wires, 40 ms for 1000 nodes.
"""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import sys
from collections.abc import Callable
from statistics import median
from time import process_time

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from lab.graph.document import Graph
from lab.widgets import theme
from lab.widgets.networks import NetworkEditor


def network(nodes: int, wires: int) -> Graph:
    """Populations on a grid, each wired to others at random."""
    random, graph, ids = np.random.default_rng(0), Graph("populations"), []
    across = round(nodes**0.5)
    for k in range(nodes):
        graph, id = graph.add_node("lif", 260.0 * (k % across), 160.0 * (k // across), size=10)
        ids.append(id)
    for a, b in random.integers(0, nodes, (wires, 2)):
        graph, _ = graph.connect(ids[a], ids[b])
    return graph


def timed(work: Callable[[], object], rounds: int) -> float:
    """Median CPU milliseconds."""
    found = []
    for _ in range(rounds):
        began = process_time()
        work()
        found.append(1000 * (process_time() - began))
    return median(found)


def measure(nodes: int, wires: int, rounds: int) -> tuple[float, float, float]:
    """(repaint, drag step, new activity) of a network that fits the view."""
    app = QApplication.instance() or QApplication([])
    editor = NetworkEditor()
    editor.resize(1100, 640)
    editor.show()
    editor.show_text(network(nodes, wires).to_json())
    editor.view.fit()
    app.processEvents()
    view = editor.view.viewport()
    first = editor.graph.nodes[nodes // 2]
    start = editor.view.mapFromScene(QPointF(first.x, first.y))
    count = [0]

    def repaint() -> None:
        view.update()
        app.processEvents()

    def mouse(kind: QEvent.Type, at: QPoint) -> None:
        button = Qt.MouseButton.LeftButton
        held = button if kind != QEvent.Type.MouseButtonRelease else Qt.MouseButton.NoButton
        app.sendEvent(view, QMouseEvent(kind, QPointF(at), QPointF(view.mapToGlobal(at)), button, held, Qt.KeyboardModifier.NoModifier))

    def drag() -> None:
        count[0] += 1
        mouse(QEvent.Type.MouseMove, start + QPoint(count[0] % 40, count[0] % 23))
        app.processEvents()

    def activity() -> None:
        count[0] += 1
        rates = np.abs(np.sin(np.arange(nodes) + count[0]))
        editor.show_run({n.id: float(rate) for n, rate in zip(editor.graph.nodes, rates, strict=True)}, {}, "Hz")
        app.processEvents()

    repaint()  # the first of each is not counted: fonts, pens and pictures are made then
    painted = timed(repaint, rounds)
    mouse(QEvent.Type.MouseButtonPress, start)
    drag()
    moved = timed(drag, rounds)
    mouse(QEvent.Type.MouseButtonRelease, start)
    app.processEvents()
    activity()
    lit = timed(activity, rounds)
    editor.close()
    editor.deleteLater()
    app.processEvents()
    return painted, moved, lit


if __name__ == "__main__":
    theme.apply(QApplication.instance() or QApplication([]), "dark")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print(f"{'nodes':>6} {'wires':>6} {'repaint':>9} {'drag':>9} {'activity':>9}   CPU ms")
    for nodes, wires in ((30, 60), (300, 600), (1000, 2000)):
        print(f"{nodes:>6} {wires:>6} " + " ".join(f"{value:9.1f}" for value in measure(nodes, wires, rounds)))
