"""Lecture mode: what it shows, how one goes on, and the way back to exactly the state before.

the window --show(slide)--> the page fills it --forward, back--> another slide
     ^                                                              |
     +------------- leave: look, values, run, drawer, keyboard -----+
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget

from lab import catalog
from lab.display.frozen import Frozen
from lab.display.plots import Overlay, Source
from lab.errors import LabError
from lab.widgets import theme
from lab.widgets.document import Document
from lab.widgets.fields.number import NumberField
from lab.widgets.lecture.page import Page
from lab.widgets.lecture.slides import Slide, found, main_of, of_pictures, of_presets
from lab.widgets.pictures.strips import view_of_card
from lab.widgets.shell import Shell
from lab.widgets.tokens import Look

Call = Callable[[], object]


@dataclass(frozen=True)
class Before:
    """All that is put back when the lecture is over."""

    document: Document
    look: Look
    run: int | None
    playing: bool
    pace: float | None
    drawer: str
    keyboard: QWidget | None


class Lecture(QObject):
    """Lecture mode of one window. `show` is the whole interface: a lesson walks its steps through it.

        lecture.show(Slide(...), forward=next_step, back=step_before, left=lesson_left)

    Without callbacks the arrows do nothing; `pictures` and `presets` walk through a model by themselves.
    """

    def __init__(self, shell: Shell, stack: QStackedWidget):
        super().__init__(shell.frame)
        self._shell, self._stack = shell, stack
        self.page = Page(stack)
        stack.addWidget(self.page)
        self._before: Before | None = None
        self._forward: Call | None = None
        self._back: Call | None = None
        self._left: Call | None = None
        self._ghost: Overlay | None = None
        self._walk: tuple[Slide, ...] = ()
        self.page.stepped.connect(self._step)
        self.page.played.connect(self._play)
        self.page.frozen.connect(self.freeze)
        self.page.restarted.connect(self._again)
        self.page.darkened.connect(self.turn)
        self.page.changed.connect(self._changed)
        self.page.acted.connect(self._acted)
        self.page.resized.connect(self._fit)

    @property
    def on(self) -> bool:
        """Whether a lecture is being given."""
        return self._before is not None

    @property
    def wanted(self) -> frozenset[str]:
        """Streams that its picture reads."""
        return self.page.view.wanted if self.on and self.page.view is not None else frozenset()

    # -- what is shown --

    def show(self, slide: Slide, *, forward: Call | None = None, back: Call | None = None, left: Call | None = None) -> bool:
        """Show a slide of the model in front; False where there is no such picture, with a sentence about it."""
        model = self._shell.document.experiment().build()
        card = found(model, slide.picture)
        if card is None:
            self._shell.failed(f"{type(model).title} has no picture '{slide.picture}'.")
            return False
        self._forward, self._back, self._left = forward, back, left
        self._ghost = None
        self._begin()
        self.page.show_slide(slide, self._shell.workspace.connected(view_of_card(card, model)), model)
        self._stack.setCurrentWidget(self.page)
        self.page.setFocus(Qt.FocusReason.OtherFocusReason)
        self._shell.workspace.check_watched()  # what lies behind the page is not computed
        self._shell.watch_again()
        return True

    def tell(self, sentence: str) -> None:
        """Say something else under the title: the reason, once it was seen."""
        self.page.question.setText(sentence)

    def pictures(self, name: str = "") -> None:
        """Show a picture of the model in front; the arrows go to its other pictures."""
        self._walk = of_pictures(self._shell.document.experiment().build())
        names = [slide.picture for slide in self._walk]
        name = name or main_of(self._shell.document.experiment().build())
        self._walked(names.index(name) if name in names else 0)

    def presets(self, title: str = "") -> None:
        """Show a preset of the model in front; the arrows go to its other presets."""
        self._walk = of_presets(catalog.load(self._shell.document.model))
        titles = [slide.preset for slide in self._walk]
        if self._walk:
            self._walked(titles.index(title) if title in titles else 0)
        else:
            self.pictures()

    def _walked(self, at: int) -> None:
        slide = self._walk[at]
        if slide.preset:
            self._begin()
            self._shell.choose_preset(slide.preset, playing=True)
        to = range(len(self._walk))
        forward = (lambda: self._walked(at + 1)) if at + 1 in to else None
        back = (lambda: self._walked(at - 1)) if at - 1 in to else None
        self.show(slide, forward=forward, back=back)

    def refresh(self, source: Source) -> bool:
        """Feed the picture; whether it drew."""
        page = self.page
        if not self.on or page.view is None or type(source.model) is not type(page.view.model):
            return False
        banner = self._shell.banner
        page.say(banner.words.text() if banner.key is not None else "")
        return page.refresh(source, (self._ghost,) if self._ghost else (), self._marks)

    def _marks(self, name: str) -> dict[str, float]:
        """The thresholds that the form has worked out."""
        form = self._shell.side.form
        field = form.rows[name].field if form is not None and name in form.rows else None
        return dict(field.strip.marks) if isinstance(field, NumberField) and field.strip is not None else {}

    # -- coming and going --

    def _begin(self) -> None:
        if self.on:
            return
        shell, status = self._shell, self._shell.player.status
        drawers = shell.workspace.drawers
        self._before = Before(
            shell.document, theme.current(), shell.player.run_id, status is not None and status.phase == "running",
            status.pace if status is not None else None, drawers.drawers.opened if drawers is not None else "", shell.frame.focusWidget(),
        )  # fmt: skip
        shell.finish_card.hide()
        self.page.resize(self._stack.size())
        self._look(self._before.look.tokens.name)

    def leave(self) -> bool:
        """Back to exactly the state before; whether there was a lecture to leave."""
        before, self._before = self._before, None
        if before is None:
            return False
        shell, left = self._shell, self._left
        self.page.black.hide()
        self.page.clear()
        self._forward = self._back = self._left = self._ghost = None
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply(application, before.look.tokens.name, before.look.projector, sheet=False)
        self._stack.setCurrentIndex(0)
        if left is not None:
            left()
        self._put_back(before)
        if before.keyboard is not None and before.keyboard.isVisible():
            before.keyboard.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            shell.focus.hand_back()
        shell.watch_again()
        return True

    def _put_back(self, before: Before) -> None:
        """Values and run as they were: what the lecture tried can be had again by undo."""
        shell = self._shell
        if shell.document != before.document:
            shell.history.replace(before.document.replace(notes=shell.document.notes), "Leave the lecture")
            shell.steps.did("Values as before the lecture.")
        if before.run is not None and before.run != shell.player.run_id and shell.document.model == before.document.model:
            try:
                steps = shell.session.run(before.run).steps
            except LabError:
                steps = 0  # nobody had touched it: it went, and the same values begin anew
            if steps:
                shell.player.go_on(before.run, playing=before.playing, pace=before.pace)
        elif not before.playing and shell.player.status is not None and shell.player.status.phase == "running":
            shell.player.pause()
        drawers = shell.workspace.drawers
        if drawers is not None and drawers.drawers.opened != before.drawer and before.drawer in ("", *drawers.drawers.groups):
            shell.workspace.open_drawer(before.drawer)

    # -- keys --

    def _step(self, by: int) -> None:
        call = self._forward if by > 0 else self._back
        if call is not None:
            call()

    def _play(self) -> None:
        """Run or pause; a finished run goes on where its model can, and otherwise says how it begins again."""
        status = self._shell.player.status
        if status is None:
            return
        if status.phase != "finished" or status.place is not None:
            self._shell.driver.toggle()
        elif status.model.going_on is not None:
            self._shell.driver.remedy(status.model.going_on)
        else:
            self._shell.banner.say("accent", "The run is finished: R starts it again.", key="noted")

    def _again(self) -> None:
        self._shell.banner.take_back("noted")
        self._shell.driver.reset(playing=True)

    def freeze(self) -> None:
        """Keep what is drawn now as a pale line behind what comes, or let it go."""
        source, view = self._shell.player.source, self.page.view
        if self._ghost is not None or source is None or view is None:
            self._ghost = None
        else:
            self._ghost = Overlay("before", "muted", Frozen(source))
            view.refresh(source, (self._ghost,), force=True)  # the frozen source keeps what is asked for now

    def turn(self) -> None:
        """The other theme, while the lecture lasts."""
        self._look("light" if theme.current().tokens.dark else "dark")

    def _fit(self) -> None:
        if self.on and abs(self.page.text - theme.current().lecture) >= 0.5:
            self._look(theme.current().tokens.name)

    def _look(self, name: str) -> None:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply(application, name, True, lecture=self.page.text, sheet=False)

    def _acted(self, name: str, arguments: Mapping[str, Any]) -> None:
        self._shell.driver.act(name, dict(arguments))

    def _changed(self, name: str, value: object, final: bool) -> None:
        self._shell.tuning.change(name, value, final=final)
