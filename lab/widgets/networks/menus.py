"""The menus of the canvas, made from a graph and its family; what was chosen lies in the data of the entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

from lab.graph.document import FAMILIES, Graph, family
from lab.widgets import theme
from lab.widgets.networks.inspector import SIDES


def _menu(parent: QWidget) -> QMenu:
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    return menu


def templates(parent: QWidget, graph: Graph) -> QMenu:
    """Templates of the family: their titles, "" for an empty canvas; of other families (family, title)."""
    menu = _menu(parent)
    for title, template in graph.kinds.templates.items():
        if not template.counted:
            entry = menu.addAction(title)
            entry.setData(title)
            entry.setToolTip(template.about)
    famous = {title: template for title, template in graph.kinds.templates.items() if template.counted}
    if famous:
        sub = menu.addMenu("Well-known networks, to be counted")
        sub.setToolTipsVisible(True)
        for title, template in famous.items():
            entry = sub.addAction(title)
            entry.setData((graph.family, title))
            entry.setToolTip(template.about)
    menu.addSeparator()
    menu.addAction("Empty canvas").setData("")
    menu.addSection("Other kinds of network")
    for other in FAMILIES:
        if other != graph.family:
            found = family(other)
            sub = menu.addMenu(found.title)
            sub.setToolTipsVisible(True)
            for title, template in found.templates.items():
                entry = sub.addAction(title)
                entry.setData((other, title))
                entry.setToolTip(template.about)
    return menu


def ends_of_a_wire(parent: QWidget, graph: Graph, source: str, output: str) -> QMenu:
    """Kinds that a wire from an output can lead to: (kind, input)."""
    signal = graph.kind_of(source).port(output, "output").signal
    menu = _menu(parent)
    for kind in graph.kinds.kinds:
        port = next((p.name for p in kind.inputs if p.signal == signal), None)
        if port is not None:
            menu.addAction(theme.icon(kind.icon), kind.title).setData((kind.name, port))
    return menu


def sides(parent: QWidget, usable: bool) -> QMenu:
    """Lines on which nodes can be put."""
    menu = _menu(parent)
    for side, text in SIDES:
        entry = menu.addAction(text)
        entry.setData(side)
        entry.setEnabled(usable)
    return menu


def calls(parent: QWidget, rows: Sequence[tuple[str, Callable[[], Any], bool]], others: Mapping[str, str] | None = None) -> QMenu:
    """Words, what they do, whether they can be done now; below, models that take this network, with their names as data."""
    menu = _menu(parent)
    for text, call, enabled in rows:
        entry = menu.addAction(text)
        entry.triggered.connect(call)
        entry.setEnabled(enabled)
    if others:
        menu.addSeparator()
    for model, words in (others or {}).items():
        menu.addAction(words).setData(model)
    return menu


def keys(parent: QWidget, graph: Graph, table: Mapping[str, tuple[str, Any]]) -> QMenu:
    """What each key does, each thing with the first of its keys."""
    menu = _menu(parent)
    said: dict[str, str] = {}
    for key, (text, _) in table.items():
        said.setdefault(text, key)
    rows = [(k, t) for t, k in said.items()] + [(k.key, f"Add {k.title}") for k in graph.kinds.kinds if k.key]
    for key, text in [*rows, ("Space + drag", "Pan"), ("Scroll", "Zoom"), ("Esc", "Leave the wire, the selection, the canvas")]:
        menu.addAction(f"{text}\t{key}")
    return menu
