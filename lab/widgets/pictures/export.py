"""Writing a drawing to a file: PNG as pixels, SVG and PDF as vectors. Nothing here needs a display or OpenGL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QMarginsF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QImage, QPageSize, QPaintDevice, QPainter, QPdfWriter

from lab.errors import FileError
from lab.units import typeset
from lab.widgets import theme

Drawing = Callable[[QPainter, QRectF], None]
SUFFIXES = (".png", ".svg", ".pdf")
SLIDE, SHARP, MARGIN = QSize(1280, 720), 1.5, 40  # a slide in its own pixels, how many of the file each is, the edge left free
HEADING = 34
PAGE = 640  # px at 96 to the inch: as wide as the text of a page, with letters of nine points


class Shown(Protocol):
    """A picture as it stands in a window; `lab.widgets.pictures.PictureView` is one."""

    @property
    def picture(self) -> Any:
        """What it is declared as."""

    @property
    def caption(self) -> str:
        """What the title line says beside the title."""

    def dress(self, size: QSize) -> None:
        """Take this size and the look in force, and draw, at once."""

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """Draw."""

    def size(self) -> QSize:
        """Its size."""

    def window(self) -> Any:
        """The window that it stands in."""


@contextmanager
def dressed(view: Shown, size: QSize, projector: bool = False) -> Iterator[None]:
    """A picture in light colours at another size, as it is where it stands with zoom and choices; nobody sees it change its clothes."""
    frame, before = view.window(), view.size()
    shown = frame.updatesEnabled()
    frame.setUpdatesEnabled(False)

    try:
        try:
            with theme.worn("light", projector):
                view.dress(size)
                yield
        finally:
            view.dress(before)
    finally:
        frame.setUpdatesEnabled(shown)


def slide(view: Shown, figures: str = "") -> QImage:
    """A picture for a projected slide: light, sixteen to nine, with its title and figures and letters for the back of a room."""
    top = MARGIN + HEADING * 1.4 + (28 if figures or view.caption else 8)
    size = QSize(SLIDE.width() - 2 * MARGIN, round(SLIDE.height() - top - MARGIN / 2))
    image = QImage(round(SLIDE.width() * SHARP), round(SLIDE.height() * SHARP), QImage.Format.Format_RGB32)
    with dressed(view, size, projector=True):
        look = theme.current()
        image.fill(QColor(look.tokens.surface))
        painter = QPainter(image)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        painter.scale(SHARP, SHARP)
        wide = SLIDE.width() - 2 * MARGIN
        for text, font, ink, line in (
            (
                typeset(view.picture.title),
                theme.sans_font(HEADING, QFont.Weight.DemiBold),
                look.tokens.text,
                QRectF(MARGIN, MARGIN / 2, wide, HEADING * 1.4),
            ),
            (
                " · ".join(t for t in (view.caption, figures) if t),
                theme.sans_font(look.caption),
                look.tokens.muted,
                QRectF(MARGIN, MARGIN / 2 + HEADING * 1.4, wide, 28),
            ),
        ):
            painter.setFont(font)
            painter.setPen(QColor(ink))
            shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, wide)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.save()
        view.paint_on(painter, QRectF(MARGIN, top - MARGIN / 4, size.width(), size.height()))
        painter.restore()
        painter.end()
    return image


def write_slide(view: Shown, path: Path, figures: str = "") -> Path:
    """Write a slide as .png."""
    path = path if path.suffix else path.with_suffix(".png")
    if path.suffix.lower() != ".png":
        raise FileError(f"'{path.name}': a slide is written as .png (got '{path.suffix}'); for vectors export it for a page.")
    if not slide(view, figures).save(str(path)):
        raise FileError(f"'{path}' cannot be written: the folder refuses it; choose another one.")
    return path


def write_page(view: Shown, path: Path) -> Path:
    """Write a picture for a printed page as .svg or .pdf: light, as wide as a column of text, without a title, which stands below it there."""
    path = path if path.suffix else path.with_suffix(".svg")
    if path.suffix.lower() not in (".svg", ".pdf"):
        raise FileError(f"'{path.name}': a picture for a page is written as .svg or .pdf (got '{path.suffix}').")
    size = QSize(PAGE, round(PAGE * min(0.85, max(0.4, view.size().height() / max(1, view.size().width())))))
    with dressed(view, size):
        return draw_file(path, size, view.paint_on, view.picture.title)


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
