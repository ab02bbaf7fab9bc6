"""What every picture can do, whatever it draws: signals, menu, copy, export, the words for an empty place."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFocusEvent, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QFrame, QLabel, QMenu, QVBoxLayout, QWidget

from lab.display import plots as view
from lab.display.plots import Overlay, RecordedSource, Source, typeset
from lab.engine.status import Answer, Ask
from lab.errors import FileError, LabError
from lab.model import Model, Picture
from lab.units import figure, number
from lab.widgets import spoken, theme
from lab.widgets.pictures.foreseen import Foreseen

EXPORTS = {".png": "Picture (*.png)", ".svg": "Vector picture (*.svg)", ".pdf": "PDF page (*.pdf)", ".csv": "Data (*.csv)"}
Table = tuple[list[str], list[Any]]


V = TypeVar("V", bound="PictureView")
VIEWS: dict[str, type[PictureView]] = {}  # kind of picture -> the class that draws it, of those that were loaded


def draws(*kinds: str) -> Callable[[type[V]], type[V]]:
    """Register a view for kinds of pictures; the last one registered for a kind counts."""

    def register(view: type[V]) -> type[V]:
        VIEWS.update(dict.fromkeys(kinds, view))
        return view

    return register


class PictureView(QWidget):
    """One picture of one model.

    asked         (`Ask`) what an image would show were the action done at the place under the cursor
    acted         (action name, arguments) when a person clicks, drags, paints or picks
    handle_moved  (parameter, value, final) while a parameter line is dragged; final on release
    values_wanted ({parameter: value}, again) several parameters at once; `again`: the run shall begin anew with them
    pointed_at    a step of time is pointed at (None: no longer), for the pictures beside this one
    bookmarked    (all bookmarks as text, what was done) of a view that keeps some in the document
    mapped        (file of vectors, method): what is shown shall be laid out by another model
    done          (action, arguments that take it back, arguments that do it again, words) something `acted` has done is a step of undo
    lecture_wanted (name of the picture) it shall be shown alone, with a sentence and a slider
    """

    breadth: ClassVar[int] = 0  # px that it needs beside others in a drawer, where that is more than any picture gets

    asked = Signal(object)
    acted = Signal(str, dict)
    handle_moved = Signal(str, object, bool)
    values_wanted = Signal(dict, bool)
    pointed_at = Signal(object)
    bookmarked = Signal(str, str)
    mapped = Signal(str, str)
    done = Signal(str, dict, dict, str)
    lecture_wanted = Signal(str)
    measures = False  # whether markers can be put on its lines

    def __init__(self, picture: Picture, model: Model, parent: QWidget | None = None):
        super().__init__(parent)
        self.picture = picture
        self.model = model
        self.setObjectName(f"picture-{picture.name}")
        self.setAccessibleName(picture.title)
        self.setAccessibleDescription(picture.doc or picture.title)
        self.setMinimumSize(120, 96)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._ring: QFrame | None = None  # around a picture that the keyboard came to
        self._drawn: Any = None
        self._source: Source | None = None
        self._overlays: tuple[Overlay, ...] = ()
        self.difference = float("nan")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        self._words = QLabel(self)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setWordWrap(True)
        self._words.setProperty("role", "caption")
        self._words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._words.hide()
        self._readout = QLabel(self)
        self._readout.setProperty("role", "figure")
        self._readout.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._readout.hide()
        self._foreseen: Foreseen | None = None  # made when something is asked first
        self._question: Ask | None = None  # of the place under the cursor
        theme.changes().changed.connect(self.set_theme)

    # -- the keyboard --

    def focusInEvent(self, event: QFocusEvent) -> None:
        """A ring shows where the keyboard went; a click needs none."""
        super().focusInEvent(event)
        spoken.describe(self, lambda: ". ".join(words for words in (self.told(), self.picture.doc) if words))
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self._ring = self._ring or QFrame(self)
            self._ring.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            self._ring.setStyleSheet(f"border: 2px solid {theme.current().tokens.accent}; border-radius: 6px; background: transparent;")
            self._ring.setGeometry(self.rect())
            self._ring.show()
            self._ring.raise_()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The ring goes with the keyboard."""
        super().focusOutEvent(event)
        if self._ring is not None:
            self._ring.hide()

    # -- for the shell --

    @property
    def wanted(self) -> frozenset[str]:
        """Streams this picture reads."""
        return view.wanted(self.picture)

    @property
    def caption(self) -> str:
        """What the title line says beside the title."""
        return ""

    def lettering(self) -> list[QRect]:
        """Where the names and numbers of axes stand: nothing should be laid over them."""
        return [rect.translated(part.mapTo(self, QPoint(0, 0))) for part in self.parts() for rect in part.lettering()]

    def parts(self) -> tuple[PictureView, ...]:
        """The pictures that this one is put together of."""
        return ()

    def tools(self) -> tuple[tuple[QWidget, ...], tuple[QWidget, ...]]:
        """Controls for the title line, beside the title and at its right end."""
        return (), ()

    def told(self) -> str:
        """What the picture shows now, in words: what is read at its cursor, or the newest."""
        if self._readout.isVisible():
            return self._readout.text()
        return self.words or self._figures() or self.caption

    def leave_cursor(self) -> bool:
        """Let go of a cursor that is held in the picture; whether there was one."""
        return False

    def show_cursor(self, step: int | None) -> None:
        """Mark what belongs to a step of time that is pointed at in another picture."""

    def refresh(self, source: Source, overlays: Sequence[Overlay] = (), *, force: bool = False) -> bool:
        """Draw if the source has something new; whether it drew. Hidden pictures of a shown window do not."""
        if not force and self.window().isVisible() and not self.isVisible():
            return False
        key = (id(source), source.version, self.width(), self.height(), *((id(o.source), o.source.version, o.colour) for o in overlays))
        if key == self._drawn and not force:
            return False
        self._drawn, self._source, self._overlays = key, source, tuple(overlays)
        if source.model is not self.model:
            self.set_model(source.model)
        try:
            shown = self.draw(source, self._overlays)
            self.show_drawing(shown)
            self.say("" if shown else self.empty_text())
        except LabError as error:
            self.say(str(error))
        if self._question is not None:  # under a cursor that rests, too, what is shown is of now
            self.asked.emit(self._question)
        return True

    @property
    def at_rest(self) -> bool:
        """Whether it shows all that its source has, at the size that it has now; not one that has come just now and is still empty."""
        source = self._source
        return source is not None and (self._drawn or ())[:4] == (id(source), source.version, self.width(), self.height())

    def set_model(self, model: Model) -> None:
        """Take over changed parameters (handles move, names may change)."""
        self.model = model
        self.picture = next((p for p in model.pictures if p.name == self.picture.name), self.picture)

    def set_theme(self) -> None:
        """Colour everything again; the next refresh draws."""
        self._drawn = None
        self._style_words()
        if self._source is not None:
            self.refresh(self._source, self._overlays, force=True)

    def dress(self, size: QSize) -> None:
        """Take this size and the look in force, and draw, at once: for a picture that goes elsewhere."""
        self.resize(size)
        for each in (*self.findChildren(PictureView), self):
            each.set_theme()
        for _ in range(2):  # an axis learns how wide its numbers are when it is painted, and makes room for them in the next layout
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
            if self._source is not None:
                self.refresh(self._source, self._overlays, force=True)
            self.image(0.25)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)

    def fit(self) -> None:
        """Show everything again after zooming."""

    # -- for the kinds --

    def draw(self, source: Source, overlays: tuple[Overlay, ...]) -> bool:
        """Draw what the source holds now; False if there is nothing to show."""
        raise NotImplementedError

    def table(self) -> Table:
        """Column names and columns of what is shown, for the clipboard and CSV."""
        raise NotImplementedError

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """Draw the picture onto any paint device (vector where it can be)."""
        raise NotImplementedError

    def empty_text(self) -> str:
        """The words of an empty picture: what would be here, where the picture says it."""
        if self._source is None or self._source.step == 0:
            return "Nothing to show yet: it comes with the first steps."  # also true of a run that is just starting
        if isinstance(self._source, RecordedSource) and self._source.place is not None:
            return "Not recorded at this time.\nMake a branch here (B) to see it as it was."
        return f"{typeset(self.picture.doc)}\nNothing at present." if self.picture.doc else "Nothing to show here yet."

    def thumbnail(self, painter: QPainter, area: QRectF, source: Source) -> None:
        """What the gallery shows of it: the picture itself, smaller."""
        large = self.image(1.0, QSize(round(4 * area.width()), round(4 * area.height())))
        painter.drawImage(area, large)

    def go_on_from(self, before: PictureView) -> None:
        """Take over what a person chose in the view that stood here, where the same model got other pictures."""

    def set_bookmarks(self, text: str) -> None:
        """Bookmarks that the document holds."""

    def show_drawing(self, shown: bool) -> None:
        """Hide what was drawn before where there is nothing to show now: it would be of another time."""

    def say(self, words: str) -> None:
        """Show words instead of a picture, or none."""
        if words != self._words.text():
            self._words.setText(words)
        self._words.setVisible(bool(words))
        if words:
            self._words.raise_()

    @property
    def words(self) -> str:
        """The words shown instead of a picture."""
        return self._words.text()

    def read_out(self, words: str, at: QPoint | None = None) -> None:
        """Show what lies under the cursor, beside it."""
        if not words or at is None:
            self._readout.hide()
            return
        self._readout.setText(words)
        self._readout.adjustSize()
        x = at.x() + 12 if at.x() + 12 + self._readout.width() < self.width() else at.x() - 12 - self._readout.width()
        y = min(max(0, at.y() - self._readout.height() - 8), self.height() - self._readout.height())
        self._readout.move(max(0, x), y)
        self._readout.show()
        self._readout.raise_()

    def foresee(self, place: tuple[float, float] | None, at: QPoint | None = None) -> None:
        """Ask what the picture's `hover` would be after a click at `place`, to show it beside the cursor `at`; None: no longer."""
        picture = self.picture
        if place is None or at is None or not (picture.hover and picture.click):
            self._question = None
            if self._foreseen is not None:
                self._foreseen.leave()
            return
        if self._foreseen is None:
            self._foreseen = Foreseen(self)
        self._foreseen.follow(at)
        self._question = Ask(picture.hover, picture.click, {"x": float(place[0]), "y": float(place[1])})
        self.asked.emit(self._question)

    def show_answer(self, answer: Answer) -> None:
        """Show what was asked, if it was asked here and the cursor still is."""
        asked = answer.question
        if self._foreseen is not None and (asked.stream, asked.action) == (self.picture.hover, self.picture.click):
            self._foreseen.show_answer(answer, self.model)

    def _style_words(self) -> None:
        tokens = theme.current().tokens
        self._readout.setStyleSheet(
            f"QLabel {{ background: {tokens.raised}; border: 1px solid {tokens.line}; border-radius: 6px; padding: 3px 6px; color: {tokens.text}; }}"
        )

    def resizeEvent(self, event: Any) -> None:
        """Keep the words in the middle and draw again at the new width."""
        super().resizeEvent(event)
        self._words.setGeometry(self.rect().adjusted(16, 16, -16, -16))
        if self._source is not None:
            self.refresh(self._source, self._overlays)

    def showEvent(self, event: Any) -> None:
        """Catch up with what happened while hidden."""
        super().showEvent(event)
        self._style_words()
        if self._source is not None:
            self.refresh(self._source, self._overlays)

    def leaveEvent(self, event: Any) -> None:
        """The cursor left: so does its read-out."""
        self.read_out("")
        self.foresee(None)
        super().leaveEvent(event)

    # -- copy and export --

    def menu(self) -> QMenu:
        """The menu behind the right mouse button and the card's button."""
        menu = QMenu(self)
        for text, name, call in (
            ("Fit to the data", "mdi6.fit-to-page-outline", self.fit),
            ("Copy as picture", "mdi6.content-copy", self.copy_picture),
            ("Copy as a slide", "mdi6.presentation", self.copy_slide),
            ("Copy data", "mdi6.table", self.copy_data),
            ("Export…", "mdi6.export-variant", self.ask_export),
            ("Export for a slide…", "mdi6.presentation", self.ask_slide),
            ("Export for a page…", "mdi6.file-document-outline", self.ask_page),
        ):
            entry = QAction(theme.icon(name), text, menu)
            entry.triggered.connect(call)
            menu.addAction(entry)
            if text.startswith("Fit"):
                lecture = QAction(theme.icon("mdi6.presentation-play"), "Show in a lecture", menu)
                lecture.triggered.connect(self._lecture)
                menu.addAction(lecture)
                menu.addSeparator()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _lecture(self) -> None:
        self.lecture_wanted.emit(self.picture.name)

    def contextMenuEvent(self, event: Any) -> None:
        """Right click, or the menu key."""
        self.menu().popup(event.globalPos())

    def image(self, scale: float = 2.0, size: QSize | None = None) -> QImage:
        """The picture as pixels."""
        size = size or self.size()
        made = QImage(round(size.width() * scale), round(size.height() * scale), QImage.Format.Format_ARGB32_Premultiplied)
        made.fill(QColor(theme.current().tokens.surface))
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(scale, scale)
        self.paint_on(painter, QRectF(0, 0, size.width(), size.height()))
        painter.end()
        return made

    def copy_picture(self) -> None:
        """Put the picture on the clipboard."""
        QGuiApplication.clipboard().setImage(self.image())

    def copy_slide(self) -> None:
        """Put the picture on the clipboard as a slide: light, sixteen to nine, with its title."""
        from lab.widgets.pictures.export import slide

        QGuiApplication.clipboard().setImage(slide(self, self._figures()))

    def _figures(self) -> str:
        return figures_text(self, self._source.summary) if self._source is not None else ""

    def copy_data(self) -> None:
        """Put the data on the clipboard as tab-separated text, which spreadsheets take."""
        QGuiApplication.clipboard().setText(self.text("\t"))

    def text(self, separator: str = ",") -> str:
        """The shown data as a table in text; columns of different length are filled with nothing."""
        names, columns = self.table()
        out = io.StringIO()
        writer = csv.writer(out, delimiter=separator, lineterminator="\n")
        writer.writerow(names)
        for k in range(max((len(c) for c in columns), default=0)):
            writer.writerow([_cell(c[k]) if k < len(c) else "" for c in columns])
        return out.getvalue()

    def ask_export(self) -> None:
        """Ask where to and export; the ending decides what is written."""
        self._ask(f"Export {self.picture.title}", ".png", tuple(EXPORTS), self.export)

    def ask_slide(self) -> None:
        """Ask where to and export for a slide."""
        self._ask(f"Export {self.picture.title} for a slide", ".png", (".png",), self.export_slide)

    def ask_page(self) -> None:
        """Ask where to and export for a page; the ending decides what is written."""
        self._ask(f"Export {self.picture.title} for a page", ".svg", (".svg", ".pdf"), self.export_page)

    def _ask(self, title: str, suffix: str, endings: tuple[str, ...], export: Callable[[str], object]) -> None:
        dialog = QFileDialog(self, title, f"{self.picture.name}{suffix}", ";;".join(EXPORTS[e] for e in endings))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(partial(self._export_chosen, export))
        dialog.open()

    def _export_chosen(self, export: Callable[[str], object], path: str) -> None:
        try:
            export(path)
        except LabError as error:
            self.say(str(error))

    def export(self, path: str | Path) -> Path:
        """Write the picture as .png, .svg or .pdf, or its data as .csv; raises FileError with a sentence."""
        from lab.widgets.pictures.export import draw_file

        path = Path(path)
        path = path if path.suffix else path.with_suffix(".png")
        if path.suffix.lower() == ".csv":
            try:
                path.write_text(self.text(), encoding="utf-8", newline="")
            except OSError as error:
                raise FileError(f"'{path}' cannot be written: {error.strerror or error}; choose another folder.") from None
            return path
        return draw_file(path, self.size(), self.paint_on, self.picture.title)

    def export_slide(self, path: str | Path) -> Path:
        """Write the picture for a slide as .png; raises FileError with a sentence."""
        from lab.widgets.pictures.export import write_slide

        return write_slide(self, Path(path), self._figures())

    def export_page(self, path: str | Path) -> Path:
        """Write the picture for a page as .svg or .pdf; raises FileError with a sentence."""
        from lab.widgets.pictures.export import write_page

        return write_page(self, Path(path))


def figures_text(view: PictureView, summary: Mapping[str, Any]) -> str:
    """The picture's figures from a run's summary; without any, how far measurement and theory are apart."""
    words = [figure(key, summary[key]) for key in view.picture.figures if key in summary]
    if math.isfinite(view.difference) and not words:
        words.append(f"theory differs by {number(100 * view.difference, 2)} %")
    return " · ".join(words)


def _cell(value: Any) -> str:
    if isinstance(value, (float, np.generic, np.ndarray)):
        return f"{float(value):.12g}"
    return str(value)
