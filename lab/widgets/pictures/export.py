"""Writing a drawing to a file: PNG as pixels, SVG and PDF as vectors. Nothing here needs a display or OpenGL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPageSize, QPaintDevice, QPainter, QPdfWriter

from lab.errors import FileError
from lab.widgets import theme

Drawing = Callable[[QPainter, QRectF], None]
SUFFIXES = (".png", ".svg", ".pdf")


def draw_file(path: Path, size: QSize, draw: Drawing, title: str, *, scale: float = 2.0, ground: str = "surface") -> Path:
    """Call `draw(painter, area)` on a device for `path` by its ending; raises FileError with a sentence."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FileError(f"'{path.name}': pictures are written as {', '.join(SUFFIXES)} and data as .csv (got '{path.suffix}').")
    if not path.parent.is_dir():
        raise FileError(f"'{path}' cannot be written: there is no folder '{path.parent}'; choose another one.")
    area = QRectF(0, 0, size.width(), size.height())
    if suffix == ".png":
        image = QImage(round(size.width() * scale), round(size.height() * scale), QImage.Format.Format_ARGB32_Premultiplied)
        device: QPaintDevice = image
        factor = scale
    elif suffix == ".svg":
        from PySide6.QtSvg import QSvgGenerator

        # The Tiny 1.2 default cannot clip, and a zoomed curve would run out of its axes.
        drawing = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
        drawing.setFileName(str(path))
        drawing.setSize(size)
        drawing.setViewBox(area)
        drawing.setTitle(title)
        drawing.setResolution(_logical_dpi())
        device = drawing
        factor = 1.0
    else:
        page = QPdfWriter(str(path))
        # Fonts are measured in the device's resolution: any other value than the screen's scales text and lines apart.
        page.setResolution(_logical_dpi())
        page.setPageMargins(QMarginsF(0, 0, 0, 0))
        page.setPageSize(QPageSize(QSizeF(size.width() * 72 / _logical_dpi(), size.height() * 72 / _logical_dpi()), QPageSize.Unit.Point))
        page.setTitle(title)
        page.setCreator("Neural Lab")
        device = page
        factor = 1.0
    painter = QPainter()
    if not painter.begin(device):
        raise FileError(f"'{path}' cannot be written: the folder refuses it; choose another one.")
    try:
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        painter.scale(factor, factor)
        painter.fillRect(area, QColor(getattr(theme.current().tokens, ground)))
        draw(painter, area)
    finally:
        painter.end()
    if suffix == ".png":
        # How large it is on paper; said after painting, because fonts and axes are laid out by what the device says.
        image.setDotsPerMeterX(round(96 * scale / 0.0254))
        image.setDotsPerMeterY(round(96 * scale / 0.0254))
    if suffix == ".png" and not image.save(str(path)):
        raise FileError(f"'{path}' cannot be written: the folder refuses it; choose another one.")
    if not path.is_file():
        raise FileError(f"'{path}' cannot be written: the folder refuses it; choose another one.")
    return path


def _logical_dpi() -> int:
    screen = QGuiApplication.primaryScreen()
    return round(screen.logicalDotsPerInch()) if screen else 96
