"""The registry of views: which class draws which kind of picture.

A view is one file in this folder with `@draws("kind")` before its class. The file of a kind that was not drawn yet is
found by the name of the kind, so a window loads only the views that it shows; a kind from elsewhere registers itself.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from PySide6.QtWidgets import QWidget

from lab.display import plots
from lab.embedding.streams import is_map
from lab.errors import ModelError
from lab.model import Model, Picture
from lab.widgets.pictures.base import VIEWS, PictureView

FILES = {  # where the view of a kind stands, unless in the file of its name here
    "trace": "lab.widgets.pictures.lines",
    "phase": "lab.widgets.pictures.lines",
    "curve": "lab.widgets.pictures.lines",
    "arrows": "lab.widgets.pictures.cloud",
    "map": "lab.widgets.embeddings.explorer",
}


def view_of(picture: Picture, model: Model) -> type[PictureView]:
    """The class that draws a picture of a model; raises ModelError for a picture without layers or of an unknown kind."""
    kind = plots.kind(picture, model)
    if kind == "cloud" and is_map(model, picture.layers[0].stream):
        kind = "map"
    if kind not in VIEWS:
        file = FILES.get(kind, f"lab.widgets.pictures.{kind}")
        if not kind.isidentifier() or find_spec(file) is None:
            raise ModelError(f"{model._owner()}: nothing draws the picture '{picture.name}' of kind '{kind}': register a view for it.")
        import_module(file)
    return VIEWS[kind]


def make(picture: Picture, model: Model, parent: QWidget | None = None) -> PictureView:
    """The widget that draws `picture` of `model`."""
    return view_of(picture, model)(picture, model, parent)
