"""What can be opened: the models of a panel, grouped, with a small picture of each, and the presets of the one in front."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFont, QFontMetrics, QHelpEvent, QIcon, QImage, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from lab import catalog
from lab.display.plots import Source
from lab.widgets import theme
from lab.widgets.labels import broken, tip
from lab.widgets.pictures import PictureView

KIND, NAME, ICON, CHOSEN = (Qt.ItemDataRole.UserRole + k for k in range(4))
HEADING, MODEL, PRESET = "heading", "model", "preset"
THUMB = QSize(36, 24)
COLOURED = 60  # of 255: from one channel to another, or from the ground
DRAWN, FULL = 0.015, 0.25  # share of a small picture that is in colour, or not ground
LINES = 3  # of a name
LEFT = 14  # px before the small picture
RATIO = 2


def cache_folder() -> Path:
    """Where the small pictures are kept."""
    import os

    given = os.environ.get("LAB_DATA")
    if given:
        return Path(given) / "thumbnails"
    from platformdirs import user_cache_path

    return user_cache_path("neural-lab", appauthor=False) / "thumbnails"


def small_picture(view: PictureView, source: Source) -> QImage:
    """What a picture shows, at the size of the gallery."""
    area = THUMB * RATIO
    image = QImage(area, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(RATIO)
    image.fill(theme.colour("background"))
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    view.thumbnail(painter, QRectF(0, 0, THUMB.width(), THUMB.height()), source)
    painter.end()
    return image


def worth_keeping(image: QImage) -> bool:
    """Whether a small picture shows something: lines in colour, or an image; axes and letters so small say nothing."""
    made = image.convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(made.constBits(), np.uint8).reshape(made.height(), made.bytesPerLine())[:, : 4 * made.width()]
    colours = rows.reshape(made.height(), made.width(), 4)[..., 2::-1].astype(np.int16)
    ground = theme.colour("background")
    away = np.abs(colours - np.array([ground.red(), ground.green(), ground.blue()], np.int16)).max(2)
    return bool((np.ptp(colours, axis=2) > COLOURED).mean() > DRAWN or (away > COLOURED).mean() > FULL)


class _Row(QStyledItemDelegate):
    """Draws a heading, a model with its small picture, or a preset."""

    def __init__(self, gallery: Gallery):
        super().__init__(gallery)
        self._gallery = gallery

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        size, kind = theme.current().text, index.data(KIND)
        height = {HEADING: size + 17, MODEL: max(36, size + 20), PRESET: size + 15}[kind]
        if kind != HEADING:
            lines = self._lines(index, QRect(0, 0, self._gallery.viewport().width(), height))
            height = max(height, len(lines) * QFontMetrics(self._font(index)).height() + 6)
        return QSize(0, height)

    def _lines(self, index: QModelIndex | QPersistentModelIndex, area: QRect) -> list[str]:
        return broken(index.data(), QFontMetrics(self._font(index)), self._words(index.data(KIND), area).width(), LINES)

    def _font(self, index: QModelIndex | QPersistentModelIndex) -> QFont:
        look = theme.current()
        weight = QFont.Weight.DemiBold if index.data(CHOSEN) else QFont.Weight.Normal
        return theme.sans_font(look.text if index.data(KIND) == MODEL else look.caption, weight)

    def _words(self, kind: str, area: QRect) -> QRect:
        """Where the name stands, beside the small picture or under it."""
        left = area.left() + LEFT + THUMB.width() + 9 if kind == MODEL else area.left() + LEFT + THUMB.width() // 2 + 13
        return QRect(left, area.top(), area.right() - 11 - left, area.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        look = theme.current()
        area = QRect(option.rect)
        kind, chosen = index.data(KIND), bool(index.data(CHOSEN))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if kind == HEADING:
            painter.setFont(theme.sans_font(look.caption, QFont.Weight.Medium))
            painter.setPen(theme.colour("muted"))
            painter.drawText(area.adjusted(12, 6, -8, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, index.data())
            painter.restore()
            return
        box = QRectF(area.adjusted(8, 1, -8, -1))
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if chosen or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("raised"))
            painter.drawRoundedRect(box, 6, 6)
        if chosen:
            # A bar and heavier type: the choice can be seen without colour.
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent"))
            painter.drawRoundedRect(QRectF(box.left(), box.top() + 4, 3, box.height() - 8), 1.5, 1.5)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme.colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        left = area.left() + LEFT
        if kind == MODEL:
            spot = QRect(left, area.center().y() - THUMB.height() // 2 + 1, THUMB.width(), THUMB.height())
            thumbnail = self._gallery.thumbnail(index.data(NAME))
            if thumbnail is not None:
                painter.drawPixmap(spot, thumbnail)
            else:
                icon: QIcon = index.data(ICON)
                edge = look.text + 6
                icon.paint(painter, QRect(spot.center().x() - edge // 2, spot.center().y() - edge // 2, edge, edge))
        else:
            painter.setPen(theme.colour("muted"))
            painter.drawText(QRect(left + THUMB.width() // 2 - 5, area.top(), 14, area.height()), Qt.AlignmentFlag.AlignCenter, "•")
        painter.setFont(self._font(index))
        painter.setPen(theme.colour("text" if kind == MODEL or chosen or hovered else "muted"))
        words = self._words(kind, area)
        text = "\n".join(self._lines(index, area))
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> bool:
        if event.type() == QEvent.Type.ToolTip and index.data(Qt.ItemDataRole.ToolTipRole):
            QToolTip.showText(event.globalPos(), index.data(Qt.ItemDataRole.ToolTipRole), view)
            return True
        return super().helpEvent(event, view, option, index)


class Gallery(QListWidget):
    """The models of one panel."""

    model_chosen = Signal(str)
    preset_chosen = Signal(str)
    lecture_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("gallery")
        self.setAccessibleName("Models")
        self.setItemDelegate(_Row(self))
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.itemClicked.connect(self._open)
        self.itemActivated.connect(self._open)
        self._panel, self._model, self._preset = "", "", ""
        self._thumbnails: dict[str, QPixmap | None] = {}
        theme.changes().changed.connect(self.set_theme)

    def show_panel(self, panel: str, model: str, preset: str = "") -> None:
        """List a panel with one model in front."""
        if (panel, model, preset) == (self._panel, self._model, self._preset):
            return
        other = (panel, model) != (self._panel, self._model)
        self._panel, self._model, self._preset = panel, model, preset
        self._fill()
        if other:
            self.bring_into_view()

    def bring_into_view(self) -> None:
        """Scroll to the model in front, with its presets as far as there is room."""
        chosen = [k for k in range(self.count()) if self.item(k).data(CHOSEN) or self.item(k).data(KIND) == PRESET]
        if chosen and chosen[0] and self.item(chosen[0] - 1).data(KIND) == HEADING:
            chosen.insert(0, chosen[0] - 1)  # what it belongs to is read above it
        for k in reversed(chosen):
            self.scrollToItem(self.item(k), QAbstractItemView.ScrollHint.EnsureVisible)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A list that has become lower still shows the model in front."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.scheduleDelayedItemsLayout()  # other names take two lines
        if event.size().height() < event.oldSize().height() or not event.oldSize().isValid():
            self.bring_into_view()

    def _fill(self) -> None:
        scrolled = self.verticalScrollBar().value()
        self.clear()
        group = None
        for entry in catalog.entries():
            if entry.panel != self._panel:
                continue
            if entry.group != group:
                group = entry.group
                self._add(HEADING, group or catalog.PANELS[self._panel], flags=Qt.ItemFlag.NoItemFlags)
            chosen = entry.name == self._model
            item = self._add(MODEL, entry.title, entry.name, theme.icon(entry.icon, "accent" if chosen else "muted"), chosen)
            item.setToolTip(tip(entry.about))
            for preset in entry.presets if chosen else ():
                self._add(PRESET, preset, preset, chosen=preset == self._preset)
        self.doItemsLayout()  # before it, there is nowhere to scroll to
        self.verticalScrollBar().setValue(scrolled)

    def _add(
        self, kind: str, text: str, name: str = "", icon: QIcon | None = None, chosen: bool = False, flags: Qt.ItemFlag | None = None
    ) -> QListWidgetItem:
        item = QListWidgetItem(text)
        item.setData(KIND, kind)
        item.setData(NAME, name)
        item.setData(ICON, icon)
        item.setData(CHOSEN, chosen)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable if flags is None else flags)
        if chosen:
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{text}, chosen")
        self.addItem(item)
        return item

    def _open(self, item: QListWidgetItem) -> None:
        if item.data(KIND) == MODEL:
            self.model_chosen.emit(item.data(NAME))
        elif item.data(KIND) == PRESET:
            self.preset_chosen.emit(item.data(NAME))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """A preset may be shown in a lecture."""
        item = self.itemAt(event.pos())
        if item is None or item.data(KIND) != PRESET:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        entry = menu.addAction(theme.icon("mdi6.presentation-play"), "Show in a lecture")
        entry.triggered.connect(partial(self.lecture_wanted.emit, item.data(NAME)))
        menu.popup(event.globalPos())

    # -- small pictures --

    @property
    def panel(self) -> str:
        """The panel that is listed."""
        return self._panel

    def file_of(self, model: str) -> Path:
        """Where the small picture of a model is kept."""
        return cache_folder() / f"{Path(model).stem}-{theme.current().tokens.name}.png"

    def thumbnail(self, model: str) -> QPixmap | None:
        """The small picture of a model, None while there is none."""
        if model not in self._thumbnails:
            found = QPixmap(str(self.file_of(model)))
            found.setDevicePixelRatio(RATIO)
            self._thumbnails[model] = None if found.isNull() else found
        return self._thumbnails[model]

    def forget_thumbnail(self, model: str) -> None:
        """Look for the small picture of a model again when it is drawn next."""
        self._thumbnails.pop(model, None)
        self.viewport().update()

    def keep_thumbnail(self, model: str, image: QImage) -> None:
        """Take an image as the small picture of a model from now on, also next time."""
        self._thumbnails[model] = QPixmap.fromImage(image)
        path = self.file_of(model)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            image.save(str(path))
        except OSError:
            pass  # a cache that cannot be written is only slower
        self.viewport().update()

    def set_theme(self) -> None:
        """Other icons and small pictures."""
        self._thumbnails = {}
        self._fill()
