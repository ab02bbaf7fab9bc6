"""Beside the map: the question and its answers, the chosen point with its picture, and bookmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPen
from PySide6.QtWidgets import (
    QCompleter,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.embedding.exploration import Bookmark
from lab.units import number
from lab.widgets import theme
from lab.widgets.embeddings.drawing import paint_symbol, ramp_table
from lab.widgets.embeddings.thumbs import Neighbours
from lab.widgets.labels import ElidedLabel

SUGGESTED = 200_000  # words that are suggested while one types
PICTURE = 96
ROOMY = 420  # px: a panel less high shows smaller pictures


class Answers(QWidget):
    """Rows of a name, a bar and a number; a click (or Enter on the chosen row) goes to the point."""

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._rows: list[tuple[int, str, float]] = []
        self._at = -1
        self.last_is_odd = False
        self._farthest = 0.0
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Answers")

    @property
    def line(self) -> int:
        """Height of a row."""
        return theme.current().text + 11

    def set_rows(self, rows: Sequence[tuple[int, str, float]], last_is_odd: bool = False, distances: bool = False) -> None:
        """(row, name, cosine), nearest first; a bar is the longer the nearer, also for distances."""
        rows = list(rows)
        self._farthest = 1.25 * max((value for _, _, value in rows), default=1.0) if distances else 0.0
        if (rows, last_is_odd) != (self._rows, self.last_is_odd):
            changed = len(rows) != len(self._rows)
            self._rows, self.last_is_odd = rows, last_is_odd
            self.setAccessibleDescription(", ".join(f"{name} {value:.2f}" for _, name, value in rows))
            if changed:
                self.updateGeometry()
            self.update()

    def rows(self) -> list[tuple[int, str, float]]:
        """What is shown."""
        return list(self._rows)

    def sizeHint(self) -> QSize:
        """All rows."""
        return QSize(160, self.line * len(self._rows))

    def minimumSizeHint(self) -> QSize:
        """A few of them."""
        return QSize(80, self.line * min(3, len(self._rows)))

    def paintEvent(self, event: Any) -> None:
        """Name, bar, number."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look, line = theme.current(), self.line
        sans, mono = theme.sans_font(look.text), theme.mono_font(look.caption)
        number = QFontMetricsF(mono).horizontalAdvance("−0.00") + 4
        bar = max(24.0, 0.34 * self.width()) if self.width() > 150 else 0.0
        named = self.width() - number - bar - 12
        for k, (_, name, value) in enumerate(self._rows[: max(1, self.height() // line)]):
            top = k * line
            if k == self._at:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("raised"))
                painter.drawRoundedRect(QRectF(0, top, self.width(), line), 5, 5)
            odd = self.last_is_odd and k == len(self._rows) - 1
            painter.setFont(sans)
            painter.setPen(theme.colour("warn" if odd else "text"))
            text = QFontMetricsF(sans).elidedText(f"{name} (odd)" if odd else name, Qt.TextElideMode.ElideRight, named - 8)
            painter.drawText(QRectF(4, top, named - 4, line), Qt.AlignmentFlag.AlignVCenter, text)
            if bar:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("line"))
                painter.drawRoundedRect(QRectF(named + 4, top + line / 2 - 3, bar, 6), 3, 3)
                painter.setBrush(theme.colour("warn" if odd else "accent"))
                painter.drawRoundedRect(
                    QRectF(
                        named + 4,
                        top + line / 2 - 3,
                        bar * min(1.0, max(0.0, 1 - value / self._farthest if self._farthest else value if value > 0 else 0.0)),
                        6,
                    ),
                    3,
                    3,
                )
            painter.setFont(mono)
            painter.setPen(theme.colour("muted"))
            painter.drawText(
                QRectF(self.width() - number, top, number - 2, line),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                _number(value),
            )
        painter.end()

    def _row_at(self, y: float) -> int:
        """The row at a height that has a point to go to, -1 for none."""
        k = int(y // self.line)
        return k if 0 <= k < len(self._rows) and self._rows[k][0] >= 0 else -1

    def mouseMoveEvent(self, event: Any) -> None:
        """Mark the row under the mouse."""
        self._mark(self._row_at(event.position().y()))

    def _mark(self, k: int) -> None:
        if k != self._at:
            self._at = k
            self.setCursor(Qt.CursorShape.PointingHandCursor if k >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: Any) -> None:
        """No row."""
        self._mark(-1)

    def mouseReleaseEvent(self, event: Any) -> None:
        """Go to the point."""
        k = self._row_at(event.position().y())
        if k >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(self._rows[k][0])

    def keyPressEvent(self, event: Any) -> None:
        """Up and down choose, Enter goes there."""
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._rows:
            step = 1 if key == Qt.Key.Key_Down else -1
            self._mark(max(0, min(len(self._rows) - 1, self._at + step)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and 0 <= self._at < len(self._rows) and self._rows[self._at][0] >= 0:
            self.picked.emit(self._rows[self._at][0])
        else:
            super().keyPressEvent(event)


def _number(value: float) -> str:
    if value != value:
        return "–"
    return (f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}").replace("-", "−")


class PointPicture(QWidget):
    """The picture that a vector was made from."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._values: np.ndarray | None = None
        self._side = PICTURE
        self.setFixedHeight(PICTURE)
        self.setAccessibleName("Picture of the point")

    def set_values(self, values: np.ndarray | None) -> None:
        """(h, w) numbers, drawn from least (dark) to greatest; None hides it."""
        self._values = values
        self.setVisible(values is not None)
        self.update()

    def paintEvent(self, event: Any) -> None:
        """As large as there is room, without smoothing."""
        if self._values is None or self._values.ndim != 2:
            return
        values = np.nan_to_num(np.asarray(self._values, float))
        low, high = float(values.min()), float(values.max())
        grey = np.ascontiguousarray(255 * (values - low) / (high - low) if high > low else np.zeros_like(values), np.uint8)
        image = QImage(grey.data, grey.shape[1], grey.shape[0], grey.shape[1], QImage.Format.Format_Grayscale8).copy()
        painter = QPainter(self)
        side = min(self.height() - 2, self.width() - 2)
        scale = side / max(grey.shape)
        area = QRectF(1, 1, grey.shape[1] * scale, grey.shape[0] * scale)
        painter.drawImage(area, image)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.drawRect(area)
        painter.end()


class Tiles(QWidget):
    """Pictures in a row, such as the places along a path."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._image: QImage | None = None
        self._count = 0
        self.setFixedHeight(58)
        self.setAccessibleName("Decoded places along the path, from its dot on")
        self.setToolTip("Decoded places along the path, from its dot on")
        self.hide()

    def set_values(self, tiles: np.ndarray | None) -> None:
        """(m, h, w) numbers from 0 (dark) to 1; None hides them."""
        self.setVisible(tiles is not None and tiles.ndim == 3)
        if tiles is None or tiles.ndim != 3:
            return
        grey = np.clip(np.nan_to_num(255 * tiles.transpose(1, 0, 2).reshape(tiles.shape[1], -1)), 0, 255).astype(np.uint8)
        grey = np.ascontiguousarray(grey)
        self._count = len(tiles)
        self._image = QImage(grey.data, grey.shape[1], grey.shape[0], grey.shape[1], QImage.Format.Format_Grayscale8).copy()
        self.update()

    def paintEvent(self, event: Any) -> None:
        """Side by side with small gaps."""
        if self._image is None or not self._count:
            return
        painter = QPainter(self)
        wide = self._image.width() // self._count
        side = min(self.height() - 4, (self.width() - 4) / self._count - 3)
        for k in range(self._count):
            painter.drawImage(QRectF(2 + k * (side + 3), 2, side, side), self._image, QRectF(k * wide, 0, wide, self._image.height()))
        painter.end()


class Legend(QWidget):
    """What colours and shapes mean; a click on a class chooses its points."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.classes: tuple[tuple[str, int, str], ...] = ()  # name, shape, colour
        self.scale: tuple[str, float, float] | None = None
        self.named = False  # the classes have their names in the map
        self._places: list[QRectF] = []
        self._tall = 0
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setToolTip("Click a class to select its points")
        self.setAccessibleName("Legend")

    def show_classes(self, classes: tuple[tuple[str, int, str], ...]) -> None:
        """Names with their shapes and colours."""
        if (classes, None) != (self.classes, self.scale):
            self.classes, self.scale = classes, None
            self._resize()

    def show_scale(self, name: str, low: float, high: float) -> None:
        """A ramp with its ends."""
        scale = (name, low, high)
        if scale != self.scale:
            self.classes, self.scale = (), scale
            self._resize()

    def show_named(self, named: bool) -> None:
        """Whether the classes have their names in the map, and the room is needed."""
        if named != self.named:
            self.named = named
            self._resize()

    def _lay_out(self) -> list[QRectF]:
        measure = QFontMetricsF(theme.sans_font(theme.current().caption))
        tall = measure.height() + 4
        places, x, y = [], 2.0, 0.0
        for name, _, _ in self.classes:
            wide = measure.horizontalAdvance(name) + 26
            if x + wide > self.width() and x > 2:
                x, y = 2.0, y + tall
            places.append(QRectF(x, y, wide, tall))
            x += wide
        return places

    def _resize(self) -> None:
        self._places = self._lay_out()
        line = theme.current().caption + 8
        tall = int(self._places[-1].bottom()) if self._places else line if self.scale else 0
        self._tall = min(tall, 4 * line)
        self.setVisible(tall > 0 and not self.named)
        self.updateGeometry()  # a height fixed here would resize the legend from within its own resizing, and cut it
        self.update()

    def sizeHint(self) -> QSize:
        """As high as its lines."""
        return QSize(0, self._tall)

    def minimumSizeHint(self) -> QSize:
        """No line is given up."""
        return self.sizeHint()

    def resizeEvent(self, event: Any) -> None:
        """Break lines anew."""
        self._resize()

    def paintEvent(self, event: Any) -> None:
        """Symbols and names, or the ramp."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look = theme.current()
        painter.setFont(theme.sans_font(look.caption))
        for (name, shape, colour), place in zip(self.classes, self._places, strict=False):
            paint_symbol(painter, QPointF(place.left() + 7, place.center().y()), shape, theme.colour(colour))
            painter.setPen(theme.colour("muted"))
            painter.drawText(place.adjusted(16, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)
        if self.scale:
            self._paint_scale(painter, *self.scale)
        painter.end()

    def _paint_scale(self, painter: QPainter, name: str, low: float, high: float) -> None:
        table = ramp_table()
        ramp = QImage(table.data, len(table), 1, 3 * len(table), QImage.Format.Format_RGB888).copy()
        mono = theme.mono_font(theme.current().caption - 1)
        measure = QFontMetricsF(painter.font())
        painter.setPen(theme.colour("muted"))
        middle = self.height() / 2
        painter.drawText(QRectF(2, 0, self.width(), self.height()), Qt.AlignmentFlag.AlignVCenter, name)
        x = 2 + measure.horizontalAdvance(name) + 12
        painter.setFont(mono)
        words = [number(v, 3) for v in (low, high)]
        wide = QFontMetricsF(mono).horizontalAdvance(words[0]) + 6
        painter.drawText(QRectF(x, 0, wide, self.height()), Qt.AlignmentFlag.AlignVCenter, words[0])
        painter.drawImage(QRectF(x + wide, middle - 4, 90, 8), ramp)
        painter.drawText(QRectF(x + wide + 96, 0, 90, self.height()), Qt.AlignmentFlag.AlignVCenter, words[1])

    def mouseReleaseEvent(self, event: Any) -> None:
        """Choose the class."""
        k = next((k for k, place in enumerate(self._places) if place.contains(event.position())), -1)
        if k >= 0:
            self.chosen.emit(k)


class Panel(QWidget):
    """The column at the right of the map.

    asked       a question was typed;  picked: a row of the answers was clicked;  file_wanted: a file of questions shall be asked
    went        a bookmark was chosen;  kept: the present view shall be one;  renamed, removed: one of them
    """

    asked = Signal(str)
    file_wanted = Signal()
    picked = Signal(int)
    went = Signal(int)
    kept = Signal()
    renamed = Signal(int, str)
    removed = Signal(int)
    pin_toggled = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 4, 0)
        column.setSpacing(4)
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("word, or king - man + woman")
        self.field.setToolTip(
            "A word (its neighbours), a formula (king - man + woman), an analogy (man : king :: woman),\nor words with commas (apple, pear, chair): the odd one out. Ctrl+F"
        )
        self.field.setAccessibleName("Question")
        self.field.setClearButtonEnabled(True)
        self.field.returnPressed.connect(self._enter)
        self.field.textChanged.connect(self._changed)
        self.file = QToolButton(self)
        self.file.setToolTip(
            "Ask a file: analogies (four words a line, sections as ': name') or judged pairs (two words and a number a line)"
        )
        self.file.setAccessibleName("Ask a file of questions")
        self.file.clicked.connect(self.file_wanted)
        asking = QHBoxLayout()
        asking.setContentsMargins(0, 0, 0, 0)
        asking.setSpacing(2)
        asking.addWidget(self.field, 1)
        asking.addWidget(self.file)
        self.error = QLabel(self)
        self.error.setProperty("role", "error")
        self.error.setWordWrap(True)
        self.error.hide()
        self.title = ElidedLabel("", self, role="title")
        self.answers = Answers(self)
        self.answers.picked.connect(self.picked)
        self.neighbours = Neighbours(self)
        self.neighbours.picked.connect(self.picked)
        self.note = QLabel(self)
        self.note.setProperty("role", "caption")
        self.note.setWordWrap(True)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.picture = PointPicture(self)
        self.picture.hide()
        self.facts = QLabel(self)
        self.facts.setProperty("role", "caption")
        self.facts.setWordWrap(True)
        self.facts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.pin = QToolButton(self)
        self.pin.setText("Pin or release")
        self.pin.setToolTip("Hold this point where it is while the map goes on, or let it go")
        self.pin.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.pin.clicked.connect(self.pin_toggled)
        self.pin.hide()
        heading = QHBoxLayout()
        heading.setContentsMargins(0, 6, 0, 0)
        named = QLabel("Bookmarks", self)
        named.setProperty("role", "heading")
        self.keep = QToolButton(self)
        self.keep.setToolTip("Keep this view as a bookmark (Ctrl+D)")
        self.keep.setAccessibleName("Keep this view as a bookmark")
        self.keep.clicked.connect(self.kept)
        heading.addWidget(named, 1)
        heading.addWidget(self.keep)
        self.empty = QLabel("Keep a view to come back to it.", self)
        self.empty.setProperty("role", "caption")
        self.empty.setWordWrap(True)
        self.empty.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.marks = QListWidget(self)
        self.marks.setFrameShape(QFrame.Shape.NoFrame)
        self.marks.setAccessibleName("Bookmarks")
        self.marks.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.marks.setEditTriggers(QListWidget.EditTrigger.EditKeyPressed)
        self.marks.itemClicked.connect(self._go)
        self.marks.itemActivated.connect(self._go)
        self.marks.itemChanged.connect(self._renamed)
        self.marks.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.marks.customContextMenuRequested.connect(self._menu)
        self.marks.hide()
        column.addLayout(asking)
        for widget in (self.error, self.title, self.answers, self.note, self.picture, self.facts, self.neighbours, self.pin):
            column.addWidget(widget)
        column.addLayout(heading)
        column.addWidget(self.empty)
        column.addWidget(self.marks, 1)
        column.addStretch(0)
        self._words: tuple[str, ...] = ()
        self._filling = False
        self.set_theme()

    def set_theme(self) -> None:
        """Icons are pictures of their own: made anew."""
        self.keep.setIcon(theme.icon("mdi6.bookmark-plus-outline"))
        self.pin.setIcon(theme.icon("mdi6.pin-outline"))
        self.file.setIcon(theme.icon("mdi6.file-question-outline"))
        for k in range(self.marks.count()):
            self.marks.item(k).setIcon(theme.icon("mdi6.bookmark-outline"))

    # -- the question --

    def set_words(self, words: Sequence[str]) -> None:
        """Words that are suggested while one types."""
        if words is self._words or tuple(words) == self._words:
            return
        self._words = tuple(words)
        completer = QCompleter(list(self._words[:SUGGESTED]), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setMaxVisibleItems(8)
        completer.activated.connect(self.asked)
        self.field.setCompleter(completer)

    def _enter(self) -> None:
        self.asked.emit(self.field.text())

    def _changed(self, text: str) -> None:
        if not text and not self._filling:
            self.asked.emit("")

    def set_question(self, text: str) -> None:
        """Show a question that was asked otherwise."""
        if self.field.text() != text:
            self._filling = True
            self.field.setText(text)
            self.field.setCursorPosition(0)  # a long question is read from its beginning
            self._filling = False

    def say(self, sentence: str) -> None:
        """Why there is no answer."""
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))

    # -- bookmarks --

    def set_bookmarks(self, marks: Sequence[Bookmark]) -> None:
        """List them."""
        names = [m.name for m in marks]
        if names == [self.marks.item(k).text() for k in range(self.marks.count())]:
            return
        self._filling = True
        self.marks.clear()
        for name in names:
            item = QListWidgetItem(theme.icon("mdi6.bookmark-outline"), name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setToolTip(f"{name}: go there. F2 renames, Delete removes.")
            self.marks.addItem(item)
        self._filling = False
        self.marks.setVisible(bool(names))
        self.empty.setVisible(not names)

    def _go(self, item: QListWidgetItem) -> None:
        self.went.emit(self.marks.row(item))

    def _renamed(self, item: QListWidgetItem) -> None:
        if not self._filling:
            self.renamed.emit(self.marks.row(item), item.text())

    def _menu(self, at: QPoint) -> None:
        item = self.marks.itemAt(at)
        if item is None:
            return
        self._for = item
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Go there", self._go_there)
        menu.addAction("Rename", self._rename)
        menu.addAction("Remove", self._remove)
        menu.popup(self.marks.mapToGlobal(at))

    def _go_there(self) -> None:
        self._go(self._for)

    def _rename(self) -> None:
        self.marks.editItem(self._for)

    def _remove(self) -> None:
        self.removed.emit(self.marks.row(self._for))

    def resizeEvent(self, event: Any) -> None:
        """In a low panel the chosen picture gives way to its neighbours."""
        super().resizeEvent(event)
        self.picture.setFixedHeight(PICTURE if self.height() >= ROOMY else PICTURE // 2)

    def keyPressEvent(self, event: Any) -> None:
        """Delete removes the bookmark with the keyboard."""
        if event.key() == Qt.Key.Key_Delete and self.marks.hasFocus() and self.marks.currentRow() >= 0:
            self.removed.emit(self.marks.currentRow())
            return
        super().keyPressEvent(event)
