"""The start page: the course as one path, where one was, own data, recent sessions, and straight to the panels."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab import catalog
from lab.data.door import size_text
from lab.lessons.document import CHAPTERS, Lesson
from lab.lessons.progress import LessonRecord
from lab.widgets import theme
from lab.widgets.bar import ICONS
from lab.widgets.course import pictures
from lab.widgets.course.leading import Leading
from lab.widgets.labels import ElidedLabel, shortened

PICTURE = QSize(148, 74)
BETWEEN = 14  # px between cards
LABEL = 150  # px of the name of a chapter
UNDER = 58  # px of the words under a picture
ROW = 22  # px between rows
ASIDE = 340
NARROW = 1100
RECENT = 4


class LessonCard(QAbstractButton):
    """One lesson of the path: its picture, its title, and how far one is."""

    def __init__(self, lesson: Lesson, number: int, record: LessonRecord, begun: bool, parent: QWidget):
        super().__init__(parent)
        self.lesson, self.number, self.record = lesson, number, record
        self.complete = record.complete(lesson)
        self.begun = begun and not self.complete
        self.chosen = False
        self.picture: QPixmap | None = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedSize(PICTURE.width(), PICTURE.height() + UNDER)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        state = "done" if self.complete else f"step {record.at + 1} of {len(lesson.steps)}" if self.begun else f"{lesson.minutes} min"
        self.state = state
        self.setAccessibleName(f"Lesson {number}: {lesson.title}, {state}")
        self.setToolTip(f"{lesson.title} · {len(lesson.steps)} steps, {lesson.minutes} min\n{lesson.about}".strip())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Picture above, words below."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(0.5, 0.5, PICTURE.width() - 1, PICTURE.height() - 1)
        edge = "accent" if self.chosen or self.hasFocus() or self.underMouse() else "line"
        painter.setPen(QPen(theme.colour(edge), 2 if self.chosen or self.hasFocus() else 1))
        painter.setBrush(theme.colour("surface"))
        painter.drawRoundedRect(box, 6, 6)
        inner = QRect(5, 5, PICTURE.width() - 10, PICTURE.height() - 10)
        if self.picture is not None:
            painter.drawPixmap(inner, self.picture)
        else:
            model = self.lesson.models[0] if self.lesson.models else ""
            found = next((e.icon for e in catalog.entries() if e.name == model), "mdi6.book-open-variant")
            theme.icon(found, "muted").paint(painter, QRect(inner.center().x() - 13, inner.center().y() - 13, 28, 28))
        at, left = PICTURE.height() + 6, 0
        painter.setFont(theme.sans_font(look.text, QFont.Weight.DemiBold if self.chosen else QFont.Weight.Medium))
        height = painter.fontMetrics().height()
        if self.complete or self.chosen:
            theme.icon("mdi6.check" if self.complete else "mdi6.chevron-right", "good" if self.complete else "accent").paint(
                painter, QRect(0, at + 1, 14, 14)
            )
        else:
            painter.save()
            painter.setFont(theme.mono_font(look.caption))
            painter.setPen(theme.colour("muted"))
            painter.drawText(QRect(0, at, 20, height), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, str(self.number))
            painter.restore()
        left = 20
        room = self.width() - left
        painter.setPen(theme.colour("text"))
        wrap = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        used = painter.boundingRect(QRect(left, at, room, 2 * height), wrap, self.lesson.title)
        painter.drawText(QRect(left, at, room, 2 * height), wrap, self.lesson.title)
        painter.setFont(theme.sans_font(look.caption))
        painter.setPen(theme.colour("muted"))
        words = self.state if not self.complete else f"{self.lesson.minutes} min"
        below = at + min(used.height(), 2 * height)
        painter.drawText(QRect(left, below, room, height), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.end()


class PathView(QWidget):
    """The lessons in their order, a line through all of them, a chapter after the other."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.cards: list[LessonCard] = []
        self._chapters: list[tuple[str, list[LessonCard]]] = []
        self._labels: list[tuple[int, str, str, int, int]] = []  # y, title, panels, number, colour
        self._line: list[tuple[QPointF, bool]] = []
        theme.changes().changed.connect(self.update)

    def show_lessons(self, place: Leading) -> None:
        """Make the cards anew."""
        for card in self.cards:
            card.hide()
            card.deleteLater()
        self.cards, self._chapters = [], []
        last = place.person.last
        for chapter, lessons in place.shelf.chapters().items():
            made = []
            for lesson in lessons:
                card = LessonCard(lesson, len(self.cards) + 1, place.record(lesson.name), lesson.name in place.person.lessons, self)
                card.chosen = lesson.name == last and not card.complete
                card.picture = pictures.pixmap(lesson.name)
                card.clicked.connect(partial(place.begin, lesson))
                card.show()
                made.append(card)
                self.cards.append(card)
            self._chapters.append((chapter, made))
        self._stand()

    def picture_drawn(self, name: str) -> None:
        """A picture that was lacking is there."""
        for card in self.cards:
            if card.lesson.name == name:
                card.picture = pictures.pixmap(name)
                card.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many in a row as there is room for."""
        super().resizeEvent(event)
        self._stand()

    def _stand(self) -> None:
        self._labels, self._line = [], []
        step = PICTURE.width() + BETWEEN
        across = max(1, (self.width() - LABEL - 12) // step)
        y = 4
        for number, (chapter, cards) in enumerate(self._chapters):
            panels = list(dict.fromkeys(catalog.PANELS[p] for c in cards for m in c.lesson.models if (p := catalog.panel_of(m))))
            self._labels.append((y, CHAPTERS[chapter], ", ".join(panels), number + 1, number))
            for k, card in enumerate(cards):
                row, column = divmod(k, across)
                x = LABEL + column * step
                card.move(x, y + row * (PICTURE.height() + UNDER + ROW - 8))
                self._line.append((QPointF(x, card.y() + PICTURE.height() / 2), card.complete))
            rows = (len(cards) + across - 1) // across
            y += rows * (PICTURE.height() + UNDER + ROW - 8) + 8
        self.setMinimumHeight(y + 8)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names of the chapters, and the line."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        right = LABEL + max(1, (self.width() - LABEL - 12) // (PICTURE.width() + BETWEEN)) * (PICTURE.width() + BETWEEN) - BETWEEN + 10
        for (here, done), (there, _) in zip(self._line, self._line[1:], strict=False):
            way = QPainterPath(QPointF(here.x() + PICTURE.width(), here.y()))
            if there.y() == here.y():
                way.lineTo(there)
            else:
                low, turn, radius = there.y() - PICTURE.height() / 2 - 9, LABEL - 12.0, 6.0
                way.lineTo(right - radius, here.y())
                way.quadTo(right, here.y(), right, here.y() + radius)
                way.lineTo(right, low - radius)
                way.quadTo(right, low, right - radius, low)
                way.lineTo(turn + radius, low)
                way.quadTo(turn, low, turn, low + radius)
                way.lineTo(turn, there.y() - radius)
                way.quadTo(turn, there.y(), turn + radius, there.y())
                way.lineTo(there)
            painter.setPen(QPen(theme.colour("good" if done else "line"), 2.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(way)
        for y, title, panels, number, tone in self._labels:
            colour = theme.colour(f"series{tone % 6}")
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawEllipse(QRectF(0, y + 4, 22, 22))
            painter.setFont(theme.sans_font(look.caption, QFont.Weight.Bold))
            painter.setPen(_over(colour))
            painter.drawText(QRectF(0, y + 4, 22, 22), Qt.AlignmentFlag.AlignCenter, str(number))
            painter.setFont(theme.sans_font(look.text, QFont.Weight.DemiBold))
            painter.setPen(theme.colour("text"))
            wrap = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            used = painter.boundingRect(QRect(30, y + 6, LABEL - 52, 60), wrap, title)
            painter.drawText(used, wrap, title)
            painter.setFont(theme.sans_font(look.caption))
            painter.setPen(theme.colour("muted"))
            painter.drawText(QRect(30, used.bottom() + 3, LABEL - 52, 60), wrap, panels)
        painter.end()


def _over(ground: QColor) -> QColor:
    """Text that can be read on a colour."""
    return QColor("#0f1318" if theme.contrast("#0f1318", ground.name()) > theme.contrast("#ffffff", ground.name()) else "#ffffff")


class Progress(QWidget):
    """How much of the course is done."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.share = 0.0
        self.setFixedHeight(6)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A bar, filled from the left."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("line"))
        painter.drawRoundedRect(QRectF(self.rect()), 3, 3)
        if self.share:
            painter.setBrush(theme.colour("good"))
            painter.drawRoundedRect(QRectF(0, 0, max(6.0, self.width() * self.share), self.height()), 3, 3)
        painter.end()


class Picture(QLabel):
    """The picture of the lesson in front last, as wide as its place."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.shown: QPixmap | None = None
        self.setFixedHeight(150)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Fit it in."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        if self.shown is not None:
            wide = min(self.width(), round(self.height() * pictures.SIZE.width() / pictures.SIZE.height()))
            painter.drawPixmap(
                QRect((self.width() - wide) // 2, 0, wide, round(wide * pictures.SIZE.height() / pictures.SIZE.width())), self.shown
            )
        painter.end()


class StartPage(QWidget):
    """Lies over everything below the top bar until it is left."""

    def __init__(self, place: Leading, ground: QWidget):
        super().__init__(ground)
        self.place = place
        self.setObjectName("start")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Start page")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._left(), 1)
        self.aside = self._aside()
        row.addWidget(self.aside)
        self._drawing = pictures.Drawing(self)
        self._drawing.drawn.connect(self.path.picture_drawn)
        ground.installEventFilter(self)
        theme.changes().changed.connect(self._theme_changed)
        self._colour()
        self.hide()

    # -- putting together --

    def _left(self) -> QWidget:
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(32, 20, 8, 0)
        column.setSpacing(6)
        self.heading = QLabel("From an ion channel to a GPT", left)
        self.about = QLabel(left)
        self.about.setProperty("role", "caption")
        self.about.setWordWrap(True)
        bar = QHBoxLayout()
        bar.setContentsMargins(0, 4, 12, 8)
        bar.setSpacing(12)
        self.progress = Progress(left)
        self.count = QLabel(left)
        self.count.setProperty("role", "figure")
        bar.addWidget(self.progress, 1)
        bar.addWidget(self.count)
        scroll = QScrollArea(left)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.path = PathView(scroll)
        scroll.setWidget(self.path)
        self.scrolled = scroll
        for part in (self.heading, self.about):
            column.addWidget(part)
        column.addLayout(bar)
        column.addWidget(scroll, 1)
        return left

    def _aside(self) -> QWidget:
        scroll = QScrollArea(self)
        scroll.setObjectName("start-aside")
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget(scroll)
        inside.setObjectName("side")
        inside.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        scroll.setWidget(inside)
        self._inside = inside
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(18, 18, 18, 18)
        self._column.setSpacing(8)
        self._going_on()
        self._own_data()
        self._recent_box = QVBoxLayout()
        self._recent_box.setSpacing(0)
        self._heading("Recent sessions", ("Open…", self._browse))
        self._column.addLayout(self._recent_box)
        self._column.addSpacing(12)
        self._heading("Or go straight to")
        self._panels()
        self._column.addSpacing(12)
        self._heading("For a class")
        self._class()
        self._column.addStretch(1)
        for button in inside.findChildren(QPushButton):  # narrow, the words give way and not the edge
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        return scroll

    def _heading(self, words: str, way: tuple[str, Any] | None = None) -> None:
        row = QHBoxLayout()
        label = QLabel(words, self._inside)
        label.setProperty("role", "heading")
        row.addWidget(label, 1)
        if way is not None:
            button = QToolButton(self._inside)
            button.setText(way[0])
            button.clicked.connect(way[1])
            row.addWidget(button)
        self._column.addLayout(row)

    def _going_on(self) -> None:
        self._go_heading = QLabel("Continue where you were", self._inside)
        self._go_heading.setProperty("role", "heading")
        self._column.addWidget(self._go_heading)
        card = QFrame(self._inside)
        card.setObjectName("card")
        column = QVBoxLayout(card)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(6)
        self.go_picture = Picture(card)
        self.go_title = ElidedLabel("", card, role="title")
        self.go_words = QLabel(card)
        self.go_words.setProperty("role", "caption")
        self.go_words.setWordWrap(True)
        self.go_words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        buttons = QHBoxLayout()
        self.go = QPushButton("Go on", card)
        self.go.setProperty("role", "primary")
        self.go.clicked.connect(self._go_on)
        self.anew = QPushButton("Start anew", card)
        self.anew.clicked.connect(self._anew)
        buttons.addWidget(self.go, 1)
        buttons.addWidget(self.anew, 1)
        for part in (self.go_picture, self.go_title, self.go_words):
            column.addWidget(part)
        column.addLayout(buttons)
        self._column.addWidget(card)
        self._column.addSpacing(12)

    def _own_data(self) -> None:
        self._heading("Your own data")
        drop = QFrame(self._inside)
        drop.setObjectName("drop")
        self.drop = drop
        column = QVBoxLayout(drop)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(4)
        words = QLabel("Drop anything here, or anywhere", drop)
        words.setStyleSheet("font-weight: 600;")
        words.setWordWrap(True)
        kinds = QLabel("table, pictures, text, vectors, a sound, a recording", drop)
        kinds.setProperty("role", "caption")
        kinds.setWordWrap(True)
        choose = QPushButton("Choose a file", drop)
        choose.clicked.connect(self._choose)
        for part in (words, kinds, choose):
            column.addWidget(part)
        self._column.addWidget(drop)
        self._column.addSpacing(12)

    def _panels(self) -> None:
        counts = {p: sum(e.panel == p for e in catalog.entries()) for p in catalog.PANELS}
        row: QHBoxLayout | None = None
        self._panel_buttons: list[tuple[QPushButton, str]] = []
        for k, (panel, title) in enumerate((p, t) for p, t in catalog.PANELS.items() if counts[p]):
            if k % 2 == 0:
                row = QHBoxLayout()
                self._column.addLayout(row)
            button = QPushButton(title, self._inside)
            button.setToolTip(f"{counts[panel]} models")
            button.clicked.connect(partial(self._to_panel, panel))
            assert row is not None
            row.addWidget(button, 1)
            self._panel_buttons.append((button, ICONS.get(panel, "mdi6.circle-outline")))

    def _class(self) -> None:
        words = QLabel("A word of your own (any will do, such as your number) draws the constants of your questions.", self._inside)
        words.setProperty("role", "caption")
        words.setWordWrap(True)
        words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.word = QLineEdit(self._inside)
        self.word.setPlaceholderText("your word")
        self.word.setAccessibleName("Your word")
        self.word.setMaxLength(80)
        self.word.editingFinished.connect(self._word_given)
        self._column.addWidget(words)
        self._column.addWidget(self.word)
        write = QPushButton("Write a lesson from here…", self._inside)
        write.setToolTip("Take the model, its values and its pictures as they are in front now into a lesson of your own")
        write.clicked.connect(self._write)
        self._column.addWidget(write)

    # -- what it shows --

    def open(self) -> None:
        """Come to the front."""
        self._fit()
        self.show_course()
        self.show()
        self.raise_()
        self.path.setFocus()
        self._drawing.ask([card.lesson.name for card in self.path.cards if card.picture is None])

    def leave(self) -> None:
        """Go; drawing goes on when it comes back."""
        self._drawing.stop()
        self.hide()

    def stop(self) -> None:
        """The window closes."""
        self._drawing.stop()

    def show_course(self) -> None:
        """The path, where one was, and the sessions, as they are now."""
        place = self.place
        self.path.show_lessons(place)
        cards = self.path.cards
        done = sum(card.complete for card in cards)
        minutes = sum(card.lesson.minutes for card in cards)
        left = sum(card.lesson.minutes for card in cards if not card.complete)
        self.about.setText(f"{len(cards)} lessons, about {_hours(minutes)}. Each one is a real simulation that you set, break and measure.")
        self.progress.share = done / max(1, len(cards))
        self.count.setText(f"{done} of {len(cards)} · {_hours(left)} left" if done < len(cards) else f"all {len(cards)} done")
        self.progress.update()
        self._show_going_on()
        self._show_recent()
        self.word.setText(place.student)
        problems = place.shelf.problems
        if problems:
            place.shell.banner.say("warn", str(problems[0]), key="lessons")

    @property
    def next_lesson(self) -> Lesson | None:
        """The lesson that was in front last, or the first that is not done."""
        cards = self.path.cards
        return next((c.lesson for c in cards if c.chosen), None) or next((c.lesson for c in cards if not c.complete), None)

    def _show_going_on(self) -> None:
        lesson = self.next_lesson
        for part in (self.go, self.anew, self.go_picture, self.go_title, self.go_words):
            part.setVisible(lesson is not None)
        if lesson is None:
            self._go_heading.setText("Everything is done")
            return
        record = self.place.record(lesson.name)
        begun = lesson.name in self.place.person.lessons
        self._go_heading.setText(
            "Continue where you were" if begun else "Begin here" if not self.place.person.lessons else "Next on the path"
        )
        self.go_picture.shown = pictures.pixmap(lesson.name)
        self.go_picture.setVisible(self.go_picture.shown is not None)
        self.go_picture.update()
        self.go_title.setText(lesson.title)
        at = min(record.at, len(lesson.steps) - 1)
        self.go_words.setText(f"Step {at + 1} of {len(lesson.steps)}: {lesson.steps[at].do}" if begun else lesson.about)
        self.go.setText("Go on" if begun else "Begin")
        self.anew.setVisible(begun)

    def _show_recent(self) -> None:
        while (item := self._recent_box.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        recent = self.place.shell.settings.recent()[:RECENT]
        for path in recent:
            button = RecentRow(path, self._inside)
            button.clicked.connect(partial(self._open, path))
            self._recent_box.addWidget(button)
        if not recent:
            none = QLabel("Sessions that you save are listed here.", self._inside)
            none.setProperty("role", "caption")
            self._recent_box.addWidget(none)

    # -- what a person does --

    def _go_on(self) -> None:
        if (lesson := self.next_lesson) is not None:
            self.place.begin(lesson)

    def _anew(self) -> None:
        if (lesson := self.next_lesson) is not None:
            self.place.begin(lesson, 0, anew=True)

    def _choose(self) -> None:
        self.leave()
        self.place.shell.data.bring()

    def _browse(self) -> None:
        self.place.shell.data.browse()

    def _open(self, path: str) -> None:
        self.leave()
        self.place.shell.data.open_path(path)

    def _to_panel(self, panel: str) -> None:
        self.leave()
        self.place.shell.show_panel(panel)

    def _word_given(self) -> None:
        if self.word.text() != self.place.student:
            self.place.set_student(self.word.text())

    def _write(self) -> None:
        self.leave()
        self.place.write()

    # -- how it stands --

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As large as its ground."""
        if event.type() == QEvent.Type.Resize and watched is self.parentWidget() and self.isVisible():
            self._fit()
        return False

    def _fit(self) -> None:
        ground = self.parentWidget()
        assert ground is not None
        top = self.place.shell.bar.height() + 1
        self.setGeometry(0, top, ground.width(), ground.height() - top)
        self.aside.setFixedWidth(ASIDE if ground.width() >= NARROW else 276)

    def _theme_changed(self) -> None:
        self._colour()
        if self.isVisible():
            self.show_course()
            self._drawing.ask([card.lesson.name for card in self.path.cards if card.picture is None])

    def _colour(self) -> None:
        tokens = theme.current().tokens
        self.setStyleSheet(
            f"QWidget#start {{ background: {tokens.background}; }}"
            f"QScrollArea#start-aside {{ background: {tokens.surface}; border-left: 1px solid {tokens.line}; }}"
            f"QFrame#drop {{ background: {tokens.raised}; border: 1px dashed {theme.mix(tokens.line, tokens.muted, 0.5)}; border-radius: 8px; }}"
        )
        self.heading.setStyleSheet("font-size: 26px; font-weight: 700;")
        for button, icon in self._panel_buttons:
            button.setIcon(theme.icon(icon, "accent"))


class RecentRow(QAbstractButton):
    """A session used before: its name, when it was changed, how large it is."""

    def __init__(self, path: str, parent: QWidget):
        super().__init__(parent)
        self._name = Path(path).name
        try:
            found = Path(path).stat()
            self._note = f"{_day(found.st_mtime)}   {size_text(found.st_size)}"
        except OSError:
            self._note = ""
        self.setToolTip(path)
        self.setAccessibleName(f"{self._name}, {self._note}")
        self.setFixedHeight(34)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def paintEvent(self, event: QPaintEvent) -> None:
        """One line with a hairline under it."""
        look = theme.current()
        painter = QPainter(self)
        if self.underMouse() or self.hasFocus():
            painter.fillRect(self.rect(), theme.colour("raised"))
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.colour("line"))
        painter.setFont(theme.sans_font(look.caption))
        painter.setPen(theme.colour("muted"))
        note = painter.fontMetrics().horizontalAdvance(self._note)
        painter.drawText(self.rect().adjusted(0, 0, -4, 0), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._note)
        painter.setFont(theme.sans_font(look.text))
        painter.setPen(theme.colour("text"))
        room = self.width() - note - 20
        painter.drawText(
            self.rect().adjusted(4, 0, 0, 0),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            shortened(self._name, painter.fontMetrics(), room),
        )
        painter.end()


def _hours(minutes: int) -> str:
    """150 -> '2 h 30 min'."""
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours and rest else f"{hours} h" if hours else f"{rest} min"


def _day(when: float) -> str:
    """'today', 'yesterday', a weekday within the week, else the date."""
    days = int(time.time() // 86400) - int(when // 86400)
    if days < 7:
        return ("today", "yesterday")[days] if 0 <= days < 2 else time.strftime("%A", time.localtime(when))
    return time.strftime("%d %b", time.localtime(when)).lstrip("0")
