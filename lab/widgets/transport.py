"""The bottom bar: play, step, reset, the recorded time, speed, what is recorded and what came out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QSlider, QSpinBox, QToolButton, QVBoxLayout, QWidget, QWidgetAction

from lab.engine.runner import Status
from lab.model import Model
from lab.session import WriterStatus
from lab.units import grouped, number, unit_for
from lab.widgets import spoken, theme
from lab.widgets.labels import ElidedLabel, figures, size

ROOM = 18  # letters of a time or a pace that there is room for
SPEEDS = 200  # positions of the speed slider; the last one is flat out


class SeekBar(QWidget):
    """Recorded time as a bar: click or drag to look at the past; ticks where something was done."""

    seek = Signal(int)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(80)
        self.setAccessibleName("Recorded time")
        self.setToolTip("Look at an earlier time; playing from there makes a branch (Left, Right, Home, End)")
        self.setMouseTracking(True)
        self._end = 0
        self._at = 0
        self._marks: tuple[int, ...] = ()
        self._hover: float | None = None
        self._text: Callable[[int], str] = str

    def sizeHint(self) -> QSize:
        """A line with room for the handle."""
        return QSize(240, 28)

    def describe(self, text: Callable[[int], str]) -> None:
        """How a step is written in the hint under the cursor."""
        self._text = text

    def show_place(self, at: int, end: int, marks: Sequence[int]) -> None:
        """Show where in the recording we are."""
        state = (at, end, tuple(marks))
        if state != (self._at, self._end, self._marks):
            self._at, self._end, self._marks = state
            self.update()

    def _x(self, step: int) -> float:
        return 8 + (self.width() - 16) * (step / self._end if self._end else 0.0)

    def _step(self, x: float) -> int:
        return round(min(max((x - 8) / max(1, self.width() - 16), 0.0), 1.0) * self._end)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Groove, what is before the place, marks, handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, left, right = self.height() / 2, 8.0, self.width() - 8.0
        x = self._x(self._at) if self._end else left
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("line"))
        painter.drawRoundedRect(QRectF(left, middle - 2, right - left, 4), 2, 2)
        painter.setBrush(theme.colour("accent"))
        painter.drawRoundedRect(QRectF(left, middle - 2, max(0.0, x - left), 4), 2, 2)
        painter.setPen(QPen(theme.colour("warn"), 2))
        for mark in self._marks[-400:]:
            at = self._x(min(mark, self._end))
            painter.drawLine(round(at), round(middle - 7), round(at), round(middle - 4))
        painter.setPen(QPen(theme.colour("accent"), 3) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("text") if self._end else theme.colour("line"))
        painter.drawEllipse(QRectF(x - 7, middle - 7, 14, 14))
        if self._hover is not None and self._end:
            text = self._text(self._step(self._hover))
            painter.setFont(theme.mono_font(theme.current().caption - 1))
            width = painter.fontMetrics().horizontalAdvance(text) + 10
            box = QRectF(min(max(0.0, self._hover - width / 2), self.width() - width), 0, width, 13)
            painter.setPen(Qt.PenStyle.NoPen)
            ground = QColor(theme.colour("raised"))
            painter.setBrush(ground)
            painter.drawRoundedRect(box, 3, 3)
            painter.setPen(theme.colour("text"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()

    def _go(self, step: int) -> None:
        if self._end:
            self.seek.emit(min(max(step, 0), self._end))
            spoken.announce(self, self._text(min(max(step, 0), self._end)))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Where in the recording it stands, for a reader."""
        super().focusInEvent(event)
        spoken.describe(self, lambda: f"{self._text(self._at)} of {self._text(self._end)}")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Jump there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(self._step(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, or show the time under the cursor."""
        self._hover = event.position().x()
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(self._step(event.position().x()))
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """The hint goes with the cursor."""
        self._hover = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys move by a hundredth, with Shift by a tenth."""
        part = max(1, self._end // (10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 100))
        moves: dict[int, int] = {
            Qt.Key.Key_Left: self._at - part, Qt.Key.Key_Right: self._at + part, Qt.Key.Key_Home: 0, Qt.Key.Key_End: self._end,
        }  # fmt: skip
        if event.key() in moves:
            self._go(moves[event.key()])
        else:
            super().keyPressEvent(event)


class Speeds:
    """Positions of the speed slider and the model time per second they stand for, on a logarithmic scale."""

    def __init__(self, model: Model):
        dt = model.clock.dt
        usual = model.speed or 100 * dt
        self.unit = model.clock.unit
        self.low = math.log10(min(dt, usual / 100))
        self.high = math.log10(usual * 100)

    def pace(self, position: int) -> float | None:
        """Model time per second at a position; None at the last: flat out."""
        if position >= SPEEDS:
            return None
        exact = 10 ** (self.low + (self.high - self.low) * position / (SPEEDS - 1))
        return float(f"{exact:.2g}")

    def position(self, pace: float | None) -> int:
        """The nearest position to a pace."""
        if pace is None:
            return SPEEDS
        return min(SPEEDS - 1, max(0, round((math.log10(max(pace, 1e-300)) - self.low) / (self.high - self.low) * (SPEEDS - 1))))

    def text(self, pace: float | None) -> str:
        """A pace in words; steps per second where that is what is seen."""
        if pace is None:
            return "flat out"
        if self.unit == "ms":
            return f"{number(pace / 1000, 3)} × real time" if pace >= 100 else f"{number(pace, 3)} ms/s"
        if self.unit == "s":
            return f"{number(pace, 3)} × real time"
        words = f"{number(pace, 3)} {unit_for(float(f'{pace:.3g}'), self.unit)}/s"
        return words if len(words) <= ROOM else f"{number(pace, 3)} /s"


class Transport(QWidget):
    """The bottom bar; says what a person asks for and shows the status of what is in front."""

    play_toggled = Signal()
    stepped = Signal(int)
    reset = Signal()
    branched = Signal()
    seek = Signal(int)
    paced = Signal(object)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 16, 6)
        row.setSpacing(8)
        self.play = self._button("Play", "Space", self.play_toggled)
        self.play.setObjectName("play")
        self.step = self._button("Advance one step; hold the button for more", ".", None)
        self.step.clicked.connect(self._one_step)
        self.step.setPopupMode(QToolButton.ToolButtonPopupMode.DelayedPopup)
        self.again = self._button("Reset the state to the start, keep the parameters", "Ctrl+R", self.reset)
        self.branch = self._button("Make a branch here: the time looked at becomes the present of a new run", "B", self.branched)
        self.bar = SeekBar(self)
        self.bar.seek.connect(self.seek)
        self.time = QLabel("", self)
        self.time.setProperty("role", "mono")
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.speed = QSlider(Qt.Orientation.Horizontal, self)
        self.speed.setRange(0, SPEEDS)
        self.speed.setFixedWidth(96)
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip("Model time per second; the right end is as fast as it goes ([ slower, ] faster)")
        self.speed.valueChanged.connect(self._speed_moved)
        self.speed_text = QLabel("", self)
        self.speed_text.setProperty("role", "figure")
        self.dot = Dot(self)
        self.recording = QLabel("", self)
        self.recording.setProperty("role", "figure")
        self.figures = ElidedLabel("", self, role="caption")
        self.figures.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.figures.setMinimumWidth(60)
        for widget in (self.play, self.step, self.again, self.branch):
            row.addWidget(widget)
        row.addSpacing(4)
        row.addWidget(self.bar, 3)
        row.addWidget(self.time)
        row.addSpacing(8)
        row.addWidget(self.speed)
        row.addWidget(self.speed_text)
        row.addSpacing(8)
        row.addWidget(self.dot)
        row.addWidget(self.recording)
        row.addWidget(self.figures, 2)
        self._speeds: Speeds | None = None
        self._model: Model | None = None
        self._model_class: tuple | None = None
        self._shown: tuple | None = None
        self._playing: bool | None = None
        self._make_run_for()
        theme.changes().changed.connect(self.set_theme)
        self.set_theme()

    def minimumSizeHint(self) -> QSize:
        """Narrow: texts give way before buttons do."""
        return QSize(560, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What is least needed goes first where there is little room."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        scale = theme.current().text / 13
        self.recording.setVisible(self.width() > 1100 * scale)  # the dot says it, too, and figures need the room
        self.dot.setVisible(self.width() > 760 * scale)
        self.figures.setVisible(self.width() > 940 * scale)
        self.speed_text.setVisible(self.width() > 700 * scale)

    def _button(self, words: str, key: str, signal: SignalInstance | None) -> QToolButton:
        button = QToolButton(self)
        button.setToolTip(f"{words} ({key})")
        button.setAccessibleName(words)
        if signal is not None:
            button.clicked.connect(signal)
        return button

    def _make_run_for(self) -> None:
        from PySide6.QtWidgets import QMenu, QPushButton

        menu = QMenu(self.step)
        holder = QFrame(menu)
        column = QVBoxLayout(holder)
        column.setContentsMargins(8, 8, 8, 8)
        self.run_for = QSpinBox(holder)
        self.run_for.setRange(1, 100_000_000)
        self.run_for.setValue(1000)
        self.run_for.setSuffix(" steps")
        self.run_for.setAccessibleName("Number of steps to run for")
        go = QPushButton("Run for", holder)
        go.clicked.connect(self._run_for)
        go.clicked.connect(menu.close)
        column.addWidget(self.run_for)
        column.addWidget(go)
        entry = QWidgetAction(menu)
        entry.setDefaultWidget(holder)
        menu.addAction(entry)
        self.step.setMenu(menu)
        self._run_for_menu = menu

    def ask_run_for(self) -> None:
        """Open the field that asks for how many steps."""
        self._run_for_menu.popup(self.step.mapToGlobal(self.step.rect().topLeft()) - QPoint(0, self._run_for_menu.sizeHint().height()))
        self.run_for.setFocus()
        self.run_for.selectAll()

    def _one_step(self) -> None:
        self.stepped.emit(1)

    def _run_for(self) -> None:
        self.stepped.emit(self.run_for.value())

    def set_theme(self) -> None:
        """Icons and widths of the look in force."""
        look = theme.current()
        big = 38 if look.projector else 32
        self.setFixedHeight(60 if look.projector else 52)
        self.play.setFixedSize(big, big)
        self.play.setIconSize(QSize(big - 12, big - 12))
        tokens = look.tokens
        self.play.setStyleSheet(
            f"QToolButton {{ background: {tokens.accent}; border-radius: {big // 2}px; padding: 0; border: 2px solid {tokens.accent}; }}"
            f"QToolButton:hover, QToolButton:focus {{ border-color: {tokens.text}; }}"
            f"QToolButton:disabled {{ background: {tokens.line}; border-color: {tokens.line}; }}"
        )
        for button, name in ((self.step, "mdi6.step-forward"), (self.again, "mdi6.restart"), (self.branch, "mdi6.source-branch")):
            button.setIcon(theme.icon(name, "text"))
            button.setIconSize(QSize(look.title + 5, look.title + 5))
        metrics = self.time.fontMetrics().__class__(theme.mono_font())
        self.time.setFont(theme.mono_font())
        self.time.setFixedWidth(metrics.horizontalAdvance(ROOM * "0"))
        small = metrics.__class__(theme.mono_font(look.caption))
        self.speed_text.setFixedWidth(small.horizontalAdvance(ROOM * "0"))
        self.recording.setFixedWidth(small.horizontalAdvance("not recorded"))
        self._playing = None
        self._shown = None
        self.bar.update()
        self.dot.update()
        self._fit()

    def _speed_moved(self, position: int) -> None:
        if self._speeds is not None:
            pace = self._speeds.pace(position)
            self.speed_text.setText(self._speeds.text(pace))
            spoken.announce(self.speed, self.speed_text.text())
            self.paced.emit(pace)

    def nudge_speed(self, by: int) -> None:
        """Faster or slower by some positions."""
        self.speed.setValue(self.speed.value() + by)

    def time_text(self, step: int) -> str:
        """A step as model time."""
        if self._model is None:
            return ""
        clock = self._model.clock
        decimals = max(0, min(4, -math.floor(math.log10(clock.dt) + 1e-9)))
        amount = grouped(f"{step * clock.dt:.{decimals}f}")  # as at the axis of time: 4018.66, but 16 042.7
        words = f"{amount} {unit_for(step * clock.dt, clock.unit)}"
        return words if len(words) <= ROOM else amount

    def show_status(self, status: Status | None, stats: WriterStatus | None, recorded: int, marks: Sequence[int], *, saving: bool) -> None:
        """Show what is in front; called at every beat, so it touches only what changed."""
        usable = status is not None and status.phase not in ("preparing", "failed", "stopped")
        for widget in (self.play, self.step, self.again, self.bar, self.speed):
            if widget.isEnabled() != usable:
                widget.setEnabled(usable)
        self.branch.setEnabled(bool(status and status.place is not None))
        if status is None:
            self._show_playing(False)
            return
        key = (status.model.clock, status.model.speed)
        if key != self._model_class:
            self._model_class = key
            self._speeds = Speeds(status.model)
            self.speed.blockSignals(True)
            self.speed.setValue(self._speeds.position(status.pace))
            self.speed.blockSignals(False)
        self._model = status.model
        self.bar.describe(self.time_text)
        at = status.step if status.place is None else status.place
        self.bar.show_place(at, status.step, marks)
        self._show_playing(status.phase == "running")
        assert self._speeds is not None
        if not self.speed.isSliderDown():
            position = self._speeds.position(status.pace)
            if position != self.speed.value() and self._speeds.pace(self.speed.value()) != status.pace:
                self.speed.blockSignals(True)
                self.speed.setValue(position)
                self.speed.blockSignals(False)
        achieved = (
            f"{self._speeds.text(status.achieved)}" if status.phase == "running" and status.achieved else self._speeds.text(status.pace)
        )
        shown = (
            at,
            achieved,
            recorded,
            tuple(status.summary.items()),
            status.waiting_for_disk,
            status.watching,
            bool(stats and stats.waiting),
            saving,
        )
        if shown == self._shown:
            return
        self._shown = shown
        self.time.setText(self.time_text(at))
        self.time.setToolTip(f"Time in the model ({status.model.clock.unit})")
        self.speed_text.setText(achieved)
        spoken.describe(self.speed, self.speed_text.text)
        watching = f"; watching costs {100 * status.watching:.0f} % of the speed" if status.watching else ""
        asked = self._speeds.text(status.pace)
        self.speed_text.setToolTip(f"Asked for: {asked}; reached: {self._speeds.text(status.achieved or 0.0)}{watching}")
        waiting = bool(stats and (stats.waiting or stats.error)) or status.waiting_for_disk
        self.dot.show_state("warn" if waiting else "good" if saving else "muted", hollow=not saving)
        self.recording.setText("disk waits" if waiting else size(recorded) if saving else "not recorded")
        self.recording.setToolTip(
            "The disk is slow: the simulation waits, nothing is lost." if waiting else f"Recorded in this run: {size(recorded)}"
        )
        cost = f" · watching {100 * status.watching:.0f} %" if status.watching >= 0.02 else ""
        self.figures.setText(figures(status.summary) + cost)

    def _show_playing(self, playing: bool) -> None:
        if playing == self._playing:
            return
        self._playing = playing
        tokens = theme.current().tokens
        import qtawesome

        self.play.setIcon(qtawesome.icon("mdi6.pause" if playing else "mdi6.play", color=tokens.on_accent, color_disabled=tokens.muted))
        self.play.setToolTip("Pause (Space)" if playing else "Play (Space)")
        self.play.setAccessibleName("Pause" if playing else "Play")


class Dot(QWidget):
    """A small light: filled while recording, a ring while not."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setFixedSize(12, 12)
        self._token, self._hollow = "muted", True

    def show_state(self, token: str, *, hollow: bool) -> None:
        """Colour by token; hollow for off, so that it can be read without colour."""
        if (token, hollow) != (self._token, self._hollow):
            self._token, self._hollow = token, hollow
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A disc or a ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour(self._token), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush if self._hollow else theme.colour(self._token))
        painter.drawEllipse(QRectF(2, 2, 8, 8))
        painter.end()
