"""The network canvas."""

from lab.widgets.networks.editor import NetworkEditor
from lab.widgets.networks.place import CanvasPlace

__all__ = ["CanvasPlace", "NetworkEditor"]
