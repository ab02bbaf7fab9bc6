"""Graphs as files: in, out, and as a picture; each asks where, or is told, and says in a sentence what could not be done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFileDialog, QWidget

from lab.errors import LabError
from lab.graph import files
from lab.graph.document import Graph
from lab.widgets.networks.scene import NetworkScene


class Exchange(QObject):
    """Reads and writes what is on a canvas. `graph` gives it, `load(graph, words)` puts another in its place, `say` tells of a problem;
    `title` is that of the picture."""

    def __init__(
        self,
        owner: QWidget,
        scene: NetworkScene,
        graph: Callable[[], Graph],
        load: Callable[[Graph, str], object],
        say: Callable[[str], object],
        title: Callable[[], str],
    ):
        super().__init__(owner)
        self._owner, self._scene, self._graph, self._load, self._say, self._title = owner, scene, graph, load, say, title

    def _dialog(self, title: str, names: str, save: bool, done: Callable[[str], Any]) -> None:
        dialog = QFileDialog(self._owner, title, "", names)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave if save else QFileDialog.AcceptMode.AcceptOpen)
        dialog.fileSelected.connect(done)
        dialog.open()

    def ask_import(self) -> None:
        """Ask for a graph and open it."""
        self._dialog("Import a graph", "Graphs (*.json *.graphml *.csv *.nir)", False, self.import_from)

    def ask_export(self) -> None:
        """Ask where to write the graph."""
        self._dialog(
            "Export the graph",
            "Graph as JSON (*.json);;GraphML (*.graphml);;Edge list (*.csv);;NIR of spiking cells (*.nir)",
            True,
            self.export_to,
        )

    def ask_picture(self) -> None:
        """Ask where to write the picture."""
        self._dialog("Export as picture", "Vector picture (*.svg);;Picture (*.png);;PDF page (*.pdf)", True, self.picture_to)

    def import_from(self, path: str) -> None:
        """Open a graph file, or say why not."""
        try:
            self._load(files.read(path, self._graph().family), f"Import {Path(path).name}")
        except LabError as error:
            self._say(str(error))

    def export_to(self, path: str) -> None:
        """Write the graph, or say why not."""
        try:
            files.write(self._graph(), path if Path(path).suffix else f"{path}.json")
        except LabError as error:
            self._say(str(error))

    def picture_to(self, path: str) -> None:
        """Write the picture without the marks of a selection, or say why not."""
        from lab.widgets.pictures.export import draw_file

        chosen = self._scene.chosen()
        self._scene.choose(())
        self._scene.keep_pictures(False)  # else a card would be a picture of the screen in the file
        area = self._scene.extent().adjusted(-20, -20, 20, 20)
        size = QSize(max(200, round(area.width())), max(120, round(area.height())))

        def draw(painter: QPainter, place: QRectF) -> None:
            self._scene.render(painter, place, area, Qt.AspectRatioMode.KeepAspectRatio)

        try:
            draw_file(Path(path if Path(path).suffix else f"{path}.svg"), size, draw, self._title(), ground="background")
        except LabError as error:
            self._say(str(error))
        finally:
            self._scene.keep_pictures(True)
            self._scene.choose(chosen)
