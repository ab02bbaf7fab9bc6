"""Pictures of streams: `make(picture, model)` gives a widget for every kind, `PictureCard` frames it.

A picture is fed by one display timer: `view.refresh(source, overlays)` draws if there is something new. It never talks to
the worker; what a person does in it comes out as signals (`acted`, `handle_moved`).
"""

from lab.display.plots import Overlay
from lab.widgets.pictures.base import PictureView
from lab.widgets.pictures.card import PictureCard
from lab.widgets.pictures.kinds import make

__all__ = ["Overlay", "PictureCard", "PictureView", "make"]
