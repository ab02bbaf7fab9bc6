"""Which class draws which kind of picture; a file of a person's own adds one with `add`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from PySide6.QtWidgets import QWidget

from lab.display import plots as view
from lab.embedding.streams import is_map
from lab.errors import ModelError, near
from lab.model import Model, Picture
from lab.widgets.pictures.base import PictureView

Load = Callable[[], type[PictureView]]


def _later(module: str, name: str) -> Load:
    """A class of this folder that is imported when it is first drawn."""
    return lambda: getattr(import_module(f"lab.widgets.{module}"), name)


VIEWS: dict[str, Load] = {
    "trace": _later("pictures.lines", "LinesView"),
    "phase": _later("pictures.lines", "LinesView"),
    "curve": _later("pictures.lines", "LinesView"),
    "raster": _later("pictures.raster", "RasterView"),
    "bars": _later("pictures.bars", "BarsView"),
    "image": _later("pictures.image", "ImageView"),
    "tokens": _later("pictures.tokens", "TokensView"),
    "arrows": _later("pictures.cloud", "CloudView"),
    "cloud": _later("pictures.cloud", "CloudView"),
    "map": _later("embeddings.explorer", "ExplorerView"),
    "graph": _later("pictures.graph", "GraphView"),
    "matrices": _later("pictures.matrices", "MatricesView"),
    "table": _later("pictures.table", "TableView"),
}


def add(kind: str, made: type[PictureView]) -> None:
    """Draw pictures of a kind that `lab.engine.kinds` knows by this class."""
    VIEWS[kind] = lambda: made


def make(picture: Picture, model: Model, parent: QWidget | None = None) -> PictureView:
    """The widget that draws `picture` of `model`; raises ModelError for a picture without layers or an unknown stream."""
    kind = view.kind(picture, model)
    if kind == "cloud" and is_map(model, picture.layers[0].stream):
        kind = "map"
    if kind not in VIEWS:
        raise ModelError(f"{model._owner()}: nothing draws pictures of kind '{kind}': {near(kind, VIEWS)}")
    return VIEWS[kind]()(picture, model, parent)
