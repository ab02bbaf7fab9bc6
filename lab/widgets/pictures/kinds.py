"""Which class draws which kind of picture."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from lab.display import plots as view
from lab.model import Model, Picture
from lab.widgets.pictures.base import PictureView


def make(picture: Picture, model: Model, parent: QWidget | None = None) -> PictureView:
    """The widget that draws `picture` of `model`; raises ModelError for a picture without layers or an unknown stream."""
    kind = view.kind(picture, model)
    made: type[PictureView]
    if kind in ("trace", "phase", "curve"):
        from lab.widgets.pictures.lines import LinesView

        made = LinesView
    elif kind == "raster":
        from lab.widgets.pictures.raster import RasterView

        made = RasterView
    elif kind == "bars":
        from lab.widgets.pictures.bars import BarsView

        made = BarsView
    elif kind == "image":
        from lab.widgets.pictures.image import ImageView

        made = ImageView
    elif kind == "tokens":
        from lab.widgets.pictures.tokens import TokensView

        made = TokensView
    elif kind == "arrows":
        from lab.widgets.pictures.cloud import CloudView

        made = CloudView
    elif kind == "cloud":
        from lab.embedding.streams import is_map

        if is_map(model, picture.layers[0].stream):
            from lab.widgets.embeddings.explorer import ExplorerView

            made = ExplorerView
        else:
            from lab.widgets.pictures.cloud import CloudView

            made = CloudView
    elif kind == "graph":
        from lab.widgets.pictures.graph import GraphView

        made = GraphView
    elif kind == "matrices":
        from lab.widgets.pictures.matrices import MatricesView

        made = MatricesView
    else:
        from lab.widgets.pictures.table import TableView

        made = TableView
    return made(picture, model, parent)
