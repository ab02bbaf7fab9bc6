"""Everything that can be told to the window by a key, a button or the search field, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget
from shiboken6 import isValid

from lab import catalog, units
from lab.engine.experiment import Experiment
from lab.errors import LabError, ParameterError
from lab.model import Model
from lab.params.kinds import KINDS
from lab.widgets import filing, theme
from lab.widgets.palette import Entry, score
from lab.widgets.passports import Passports
from lab.widgets.pictures.base import PictureView
from lab.widgets.pictures.lines import LinesView
from lab.widgets.shell import Shell
from lab.widgets.side import DEFAULTS, preset_of

FILES = "Sessions (*.lab)"
SOUNDS = "Sound (*.wav)"
WHOLE = "HDF5 (*.h5);;Neurodata Without Borders (*.nwb);;NIR, a network of spiking cells (*.nir)"
COPIES = {"command": "a command", "toml": "an experiment file (TOML)", "python": "a Python program"}
ALSO = {  # what else commands are called
    "undo": ("take back",), "redo": ("do again", "repeat"), "new": ("start anew",), "open": ("load", "file"),
    "bring": ("own data", "my data", "import", "load data", "table", "CSV", "Excel", "upload", "file"), "recent": ("last files",),
    "save": ("keep",), "save-copy": ("backup",), "export-all": ("export data", "CSV", "NumPy", "spreadsheet", "download"),
    "export-run": ("HDF5", "h5", "MATLAB", "NWB", "Neurodata Without Borders", "neuromorphic"),
    "passport": ("NEURON", "Brian2", "NEST", "Nengo", "PyTorch", "other simulators"), "sound": ("audio", "listen", "WAV"), "play": ("run", "start", "stop", "pause", "go on"), "step": ("single step",),
    "reset": ("restart", "start again", "back to rest"), "defaults": ("standard values", "original values"), "branch": ("fork",),
    "faster": ("speed", "speed up"), "slower": ("slow down", "speed"), "flat-out": ("maximum speed", "full speed"),
    "projector": ("lecture", "presentation", "beamer", "large letters", "zoom"), "theme": ("dark mode", "light mode", "theme", "colours"),
    "help": ("documentation", "manual", "explanation"), "shortcuts": ("keys", "hotkeys"), "arrange": ("layout",),
    "pictures": ("plots", "hide", "show"), "measure": ("ruler", "cursor", "difference"), "compare": ("differences between runs",),
    "notes": ("comment", "text"), "close": ("quit", "exit"),
}  # fmt: skip


class Commands(QObject):
    """The actions of a window; `table` lists them for the shortcuts page."""

    def __init__(self, shell: Shell):
        super().__init__(shell.frame)
        self.window = shell
        self.actions: dict[str, QAction] = {}
        self.icons: dict[str, str] = {}
        self._calls: dict[str, Callable[..., object]] = {}
        self.passports = Passports(shell.banner, self)
        w = shell
        add = self._add
        add("undo", "Undo", w.steps.undo, "mdi6.undo", "Ctrl+Z")
        add("redo", "Redo", w.steps.redo, "mdi6.redo", "Ctrl+Shift+Z", "Ctrl+Y")
        w.history.stack.indexChanged.connect(self._name_steps)
        self._name_steps()
        add("new", "New session", self.new, "mdi6.file-plus-outline", "Ctrl+N")
        add("open", "Open…", self.open, "mdi6.folder-open-outline", "Ctrl+O")
        add("course", "The course: all lessons", self.course, "mdi6.book-open-variant", "Ctrl+L")
        add("next-step", "Next step of the lesson", self.next_step, "mdi6.chevron-right", "Alt+Right")
        add("last-step", "Step before in the lesson", self.last_step, "mdi6.chevron-left", "Alt+Left")
        add("write-lesson", "Write a lesson from here…", self.write_lesson, "mdi6.fountain-pen-tip")
        add("bring", "Bring your data…", self.bring, "mdi6.table-large", "Ctrl+D")
        add("recent", "Recent sessions", self.show_recent, "mdi6.history", "Ctrl+Shift+O")
        add("save", "Save", self.save, "mdi6.content-save-outline", "Ctrl+S")
        add("save-as", "Save as…", self.save_as, "mdi6.content-save-edit-outline", "Ctrl+Shift+S")
        add("save-copy", "Save a copy…", self.save_copy, "mdi6.content-copy")
        add("export-all", "Export everything…", self.export_all, "mdi6.export")
        add("export-run", "Export the run as one file: HDF5, NWB, NIR…", self.export_run, "mdi6.file-export-outline")
        add("sound", "Save the spikes as sound…", self.save_sound, "mdi6.volume-high")
        add("passport", "Write this run for other programs…", self.passport, "mdi6.passport")
        for form, words in COPIES.items():
            add(f"copy-as-{form}", f"Copy this run as {words}", partial(self.copy_run, None, form), "mdi6.content-copy")
        add("play", "Play or pause", w.driver.toggle, "mdi6.play", "Space")
        add("step", "Advance one step", partial(w.driver.run_for, 1), "mdi6.step-forward", ".")
        add("run-for", "Run for a number of steps…", self._run_for, "mdi6.skip-forward", "Shift+.")
        add("reset", "Reset the state, keep the parameters", w.driver.reset, "mdi6.restart", "Ctrl+R")
        add("defaults", "Reset all parameters to their defaults", self._defaults, "mdi6.backup-restore")
        add("branch", "Make a branch at the time looked at", w.driver.branch_here, "mdi6.source-branch", "B")
        add("present", "Look at the present again", self._present, "mdi6.skip-forward", "P")
        add("slower", "Slower", partial(self._nudge, -10), "mdi6.speedometer-slow", "[")
        add("faster", "Faster", partial(self._nudge, 10), "mdi6.speedometer", "]")
        add("flat-out", "As fast as it goes", partial(self._nudge, 1000), "mdi6.rocket-launch-outline", "Shift+]")
        add("search", "Search and command", self._search, "mdi6.magnify", "Ctrl+K", "/")
        add("projector", "Projector mode", self.projector, "mdi6.presentation", "F5")
        add("lecture", "Lecture mode: one picture, one sentence, one slider", self.lecture, "mdi6.presentation-play", "Shift+F5")
        add("theme", "Light or dark", self.theme, "mdi6.theme-light-dark", "Ctrl+T")
        add("help", "Help on this model", self.help, "mdi6.help-circle-outline", "F1")
        add("shortcuts", "Keyboard shortcuts", self.shortcuts, "mdi6.keyboard-outline", "?")
        add("arrange", "Arrange the pictures as at first", self._arrange, "mdi6.view-dashboard-outline", "Ctrl+0")
        add("pictures", "Choose which pictures are shown", self._pictures, "mdi6.eye-outline", "Ctrl+P")
        add("fill", "Fill the place with one picture, or back", self._fill, "mdi6.fullscreen", "F")
        add("results", "Open or close the results of the canvas", self._results, "mdi6.dock-window", "J")
        add("turn-results", "Results of the canvas below it or at its right", self._turn_results, "mdi6.dock-right", "Shift+J")
        add(
            "float-panel",
            "The panel at the right over the canvas, or beside it",
            w.float_panel,
            "mdi6.picture-in-picture-top-right",
            "Ctrl+J",
        )
        add("measure", "Put a marker on a line; two measure what lies between", self._measure, "mdi6.ruler", "M")
        add("compare", "Compare the runs", self.compare, "mdi6.table", "Ctrl+M")
        add("vary", "Vary a parameter: run it at many values…", self.vary, "mdi6.chart-bell-curve", "Ctrl+Shift+M")
        add("notes", "Write notes", self._notes, "mdi6.note-edit-outline", "N")
        add("full-screen", "Full screen", self._full_screen, "mdi6.fullscreen", "F11")
        add("part", "Go to the next part of the window: list, stage, parameters, time, bar", partial(self._part, 1), "mdi6.tab", "F6")
        add("last-part", "Go to the part of the window before", partial(self._part, -1), "mdi6.tab", "Shift+F6")
        add("leave", "Leave what you are in", self.leave, "mdi6.keyboard-esc", "Esc")
        add("close", "Close the window", w.frame.close, "mdi6.close", "Ctrl+Q")
        for number, panel in enumerate(dict.fromkeys(e.panel for e in catalog.entries())):
            add(f"panel-{panel}", f"Go to {catalog.PANELS[panel]}", partial(self._panel, panel), "mdi6.tab", f"Ctrl+{number + 1}")
        self._help: Any = None
        self._compare: Any = None
        self._vary: Any = None

    def _add(self, name: str, text: str, call: Callable[..., object], icon: str, *keys: str) -> None:
        action = QAction(text, self)
        # Bound methods and partials of them; Qt passes `checked`, which they do not want.
        self._calls[name] = call
        action.setProperty("name", name)
        action.triggered.connect(self._run)
        self._take(name, action, icon, *keys)

    def _run(self) -> None:
        self._calls[self.sender().property("name")]()

    def _take(self, name: str, action: QAction, icon: str, *keys: Any) -> None:
        action.setShortcuts([QKeySequence(k) for k in keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        if keys:
            action.setToolTip(f"{action.text()} ({QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText)})")
        self.actions[name] = action
        self.icons[name] = icon
        self.window.frame.addAction(action)

    def attach(self, *parts: QWidget) -> None:
        """Let keys of one letter act only while the keyboard is in one of these parts: elsewhere a letter never surprises."""
        for action in self.actions.values():
            if any(_letter(k) for k in action.shortcuts()):
                self.window.frame.removeAction(action)
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                for part in parts:
                    part.addAction(action)

    def bar(self) -> list[tuple[QAction, str]]:
        """The actions of the top bar with their icons."""
        return [(self.actions[n], self.icons[n]) for n in ("undo", "redo", "save", "lecture", "theme", "help")]

    @property
    def table(self) -> list[tuple[str, str]]:
        """(keys, what they do) of every command that has keys."""
        rows = [
            (", ".join(s.toString(QKeySequence.SequenceFormat.NativeText) for s in a.shortcuts()), a.text())
            for a in self.actions.values()
            if a.shortcuts()
        ]
        fixed = [("Undo", "Undo"), ("Redo", "Redo")]
        rows = [(k, next((t for start, t in fixed if text.startswith(start)), text)) for k, text in rows]
        return [
            *rows,
            ("Left, Right, Home, End", "Move on the bar of recorded time, when it has the keyboard"),
            ("Left, Right, Up, Down, Home, End", "Move the cursor of the picture that has the keyboard (Shift: ten times as far)"),
            ("Enter, Esc", "At the cursor of a picture: what a click there does; let the cursor go"),
            ("Shift+click, M, Left, Right, Delete", "Put markers at the mouse or at the cursor, move the last, remove them"),
            ("F2, Delete, Enter, O", "Rename, delete, look at, overlay the run with the keyboard"),
            ("Right, Page Down; Left, Page Up", "In a lecture: the next slide, the one before"),
            ("Up, Down, Tab", "In a lecture: move the slider (Shift: finely), go to the next one"),
            ("F, B, D, R", "In a lecture: keep the picture behind what comes, black page, light or dark, start again"),
        ]

    def _name_steps(self, *_: object) -> None:
        """Undo and redo say what they would take back or do again."""
        stack = self.window.history.stack
        if not isValid(stack):  # it empties itself while a window is deleted that nobody closed
            return
        for name, text, usable in (("undo", stack.undoText(), stack.canUndo()), ("redo", stack.redoText(), stack.canRedo())):
            action = self.actions[name]
            action.setText(f"{name.capitalize()} {text}".strip())
            action.setToolTip(f"{action.text()} ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})")
            action.setEnabled(usable)

    # -- the search field --

    def entries(self, query: str) -> Sequence[Entry]:
        """All that can be found now; a parameter with a number after it can be set right here."""
        w = self.window
        found: list[Entry] = list(self._setting(query))
        status = w.player.status
        if w.side.form is not None:
            for spec in type(w.side.form.model).specs().values():
                value = getattr(w.side.form.model, spec.name)
                note = spec.text(value) if KINDS[spec.kind].brief else spec.doc
                found.append(
                    Entry(
                        "parameter",
                        spec.label,
                        partial(w.side.form.focus_parameter, spec.name),
                        "mdi6.tune-variant",
                        note,
                        (spec.name, spec.group),
                        spec.doc,
                    )
                )
        if status is not None:
            for action in type(status.model).actions().values():
                if not action.hidden and action.name in w.side.actions_box.buttons:
                    found.append(
                        Entry(
                            "action",
                            action.label,
                            partial(w.side.actions_box.press, action.name),
                            "mdi6.gesture-tap-button",
                            action.doc.split("\n")[0],
                        )
                    )
            for name, title, doc in w.workspace.titles():
                found.append(Entry("picture", title, partial(w.workspace.bring, name), "mdi6.chart-box-outline", doc))
            kind = type(status.model)
            for title in kind.presets:
                found.append(Entry("preset", title, partial(w.choose_preset, title), "mdi6.bookmark-outline", kind.title))
        for model in catalog.entries():
            found.append(
                Entry("model", model.title, partial(w.choose_model, model.name), model.icon, model.about, known=catalog.subject(model.name))
            )
            if status is None or model.name != type(status.model).name:
                found += [
                    Entry("preset", p, partial(self._open_preset, model.name, p), "mdi6.bookmark-outline", model.title)
                    for p in model.presets
                ]
        for name, command in self.actions.items():
            if command.isEnabled() and name not in ("search", "leave"):
                keys = command.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                found.append(Entry("command", command.text(), command.trigger, self.icons[name], keys, ALSO.get(name, ())))
        for path in w.settings.recent():
            found.append(Entry("session", Path(path).stem, partial(self.open_path, path), "mdi6.file-outline", str(Path(path).parent)))
        return found

    def _setting(self, query: str) -> list[Entry]:
        words, _, value = query.strip().replace("=", " ").rpartition(" ")
        form = self.window.side.form
        if not words or form is None or not any(c.isdigit() for c in value):
            return []
        kind = type(form.model)
        rated = sorted(((score(words, s.label), s) for s in kind.specs().values() if KINDS[s.kind].number), key=lambda r: -r[0])
        if not rated or rated[0][0] < 4:
            return []
        spec = rated[0][1]
        try:
            number = kind.from_text(spec.name, value)
        except ParameterError:
            return []
        return [
            Entry(
                "set",
                f"{spec.label} = {spec.text(number)}",
                partial(self.window.tuning.change, spec.name, number),
                "mdi6.pencil-outline",
                spec.doc,
                (query,),
            )
        ]

    def _open_preset(self, model: str, preset: str) -> None:
        self.window.choose_model(model)
        self.window.choose_preset(preset)

    # -- small commands --

    def _search(self) -> None:
        self.window.bar.palette_field.ask()

    def _panel(self, panel: str) -> None:
        self.window.show_panel(panel)
        self.window.focus.hand_back()  # else a list of choices may have it now, in which an arrow chooses something else

    def _part(self, by: int) -> None:
        self.window.focus.go_to_part(by)

    def _run_for(self) -> None:
        self.window.transport.ask_run_for()

    def _defaults(self) -> None:
        self.window.choose_preset("Defaults")

    def _present(self) -> None:
        status = self.window.player.status
        if status is not None:
            self.window.driver.seek(status.step)

    def _nudge(self, by: int) -> None:
        self.window.transport.nudge_speed(by)

    def _arrange(self) -> None:
        self.window.workspace.arrange()

    def _pictures(self) -> None:
        menu = self.window.workspace.menu(self.window.frame)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(
            self.window.workspace.mapToGlobal(self.window.workspace.rect().center())
            - QPoint(menu.sizeHint().width() // 2, menu.sizeHint().height() // 2)
        )

    def _fill(self) -> None:
        view = self._picture(lambda view: True)
        if view is not None:
            self.window.workspace.fill(view.picture.name)

    def _picture(self, fits: Callable[[PictureView], bool], pointed: bool = False) -> PictureView | None:
        """The picture meant by a key: the one with the keyboard or under the cursor, else the first that fits."""
        views = [v for card in self.window.workspace.visible_cards() for v in (card.view, *card.view.parts()) if fits(v)]
        under = next((v for v in reversed(views) if v.underMouse()), None)
        focused = next((v for v in views if v.isAncestorOf(self.window.frame.focusWidget() or self.window.frame)), None)
        return (under or focused if pointed else focused or under) or next(iter(views), None)

    def _measure(self) -> None:
        view = self._picture(lambda view: isinstance(view, LinesView) and view.pointing.held) or self._picture(
            lambda view: isinstance(view, LinesView), pointed=True
        )
        if isinstance(view, LinesView):
            view.setFocus()
            view.measure()

    def _notes(self) -> None:
        self.window.side.tabs.setCurrentWidget(self.window.side.notes)
        self.window.side.notes.editor.setFocus()

    def _results(self) -> None:
        self.window.show_results()

    def _turn_results(self) -> None:
        self.window.show_results(elsewhere=True)

    def _full_screen(self) -> None:
        self.window.frame.setWindowState(self.window.frame.windowState() ^ Qt.WindowState.WindowFullScreen)

    def leave(self) -> None:
        """Escape: results, the help page, a filling card, the past, a sentence, projector mode; the innermost first."""
        w = self.window
        if w.lecture.leave():
            return
        if w.bar.palette_field.results.isVisible():
            w.bar.palette_field.leave()
        elif w.data.leave() or w.course.hide_start():
            return
        elif w.leave_canvas() or w.workspace.leave_cursor():
            return
        elif w.workspace.filled:
            w.workspace.fill("")
        elif w.finish_card.isVisible():
            w.finish_card.hide()
        elif w.toast.key is not None:
            w.toast.dismiss()
        elif w.banner.key not in (None, "run"):
            w.banner.dismiss()
        elif w.player.status is not None and w.player.status.place is not None:
            self._present()
        elif theme.current().projector:
            self.projector()
        else:
            w.focus.hand_back()

    def lecture(self) -> None:
        """The preset in front for a whole room, or else the picture under the cursor; again: back."""
        w = self.window
        if w.lecture.leave():
            return
        if w.course.leading:
            w.course.lecture()
            return
        form = w.side.form
        title = preset_of(form.model) if form is not None and isinstance(form.model, Model) else DEFAULTS
        view = self._picture(lambda view: True, pointed=True)
        if title and title != DEFAULTS:
            w.lecture.presets(title)
        else:
            w.lecture.pictures(view.picture.name if view is not None and view.underMouse() else "")

    def projector(self) -> None:
        """Larger type, thicker lines, only what the lesson is about; or back."""
        self.window.set_look(projector=not theme.current().projector)

    def theme(self) -> None:
        """The other theme."""
        self.window.set_look("light" if theme.current().tokens.dark else "dark")

    # -- files --

    def _dialog(self, title: str, save: bool, done: Callable[[str], None], files: str = FILES, suffix: str = "lab") -> None:
        dialog = QFileDialog(self.window.frame, title, str(self._folder()), files)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setDefaultSuffix(suffix)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave if save else QFileDialog.AcceptMode.AcceptOpen)
        if save:
            path = self.window.session.path
            dialog.selectFile(f"{self.window.document.model if filing.is_untitled(path) else path.stem}.{suffix}")
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.filterSelected.connect(self._end_as)
        dialog.fileSelected.connect(done)
        dialog.open()

    def _end_as(self, chosen: str) -> None:
        """Another format was chosen: the proposed name ends as its files do."""
        dialog = self.sender()  # a closure over it would keep it
        assert isinstance(dialog, QFileDialog)
        ending = chosen.partition("(*.")[2].partition(")")[0].split()[0]
        dialog.setDefaultSuffix(ending)
        for name in dialog.selectedFiles():
            dialog.selectFile(Path(name).with_suffix(f".{ending}").name)

    def _folder(self) -> Path:
        path = self.window.session.path
        recent = self.window.settings.recent()
        return path.parent if not filing.is_untitled(path) else Path(recent[0]).parent if recent else Path.home()

    def new(self) -> None:
        """Begin a new session; the present one is closed, it is on disk."""
        try:
            self._go_to(filing.new_untitled())
        except LabError as error:
            self.window.failed(str(error))

    def open(self) -> None:
        """Ask for a file of any kind and open it."""
        self.window.data.browse()

    def bring(self) -> None:
        """The sheet for a file of one's own."""
        self.window.data.bring()

    def open_path(self, path: str) -> None:
        """Open a session in place of the present one, and anything else on the sheet."""
        self.window.data.open_path(path)

    def open_session(self, path: str) -> None:
        """Open a session file in place of the present one, or say in one sentence why not."""
        from lab.session import Session

        if Path(path).resolve() == self.window.session.path:
            self.window.toast.say("accent", f"'{Path(path).name}' is the session in front.", key="file")
            return
        try:
            session = Session.open(path)
        except LabError as error:
            self.window.banner.say("bad", str(error), [("Open another…", self.open)], key="file")
            return
        self.window.settings.add_recent(path)
        self._go_to(session)

    def _go_to(self, session: Any) -> None:
        w = self.window
        w.layouts.keep(w.session, w.document)
        w.player.finish(10.0)
        w.keeper.let_go()
        filing.close(w.session)
        w.workspace.clear()
        w.set_session(session)

    def save(self) -> None:
        """Everything is on disk already; a session without a name is given one."""
        w = self.window
        if filing.is_untitled(w.session.path):
            self.save_as()
            return
        try:
            w.session.flush()
        except LabError as error:
            w.failed(str(error))
            return
        w.history.stack.setClean()
        w.settings.add_recent(w.session.path)
        w.toast.say("good", f"Saved as {w.session.path}.", key="file")
        w.show_title()

    def save_as(self) -> None:
        """Ask for a name and go on under it."""
        self._dialog("Save the session as", True, self.save_to)

    def save_to(self, path: str) -> None:
        """Go on under another name; a run that plays goes on playing."""
        w = self.window
        w.driver.settle()
        status = w.player.status
        run, playing = (status.run_id, status.phase == "running") if status else (None, False)
        moving = w.player.runner is not None
        pace = status.pace if status else None
        if not filing.room_for(w.session, Path(path)):
            w.banner.say(
                "bad",
                f"There is not enough room for the session in {Path(path).parent}: choose another disk.",
                [("Save as…", self.save_as)],
                key="file",
            )
            return
        w.layouts.keep(w.session, w.document)
        w.player.finish(10.0)
        try:
            w.session = filing.move(w.session, Path(path), w.settings)
        except LabError as error:
            w.banner.say("bad", str(error), [("Save as…", self.save_as)], key="file")
        else:
            w.history.stack.setClean()
            w.toast.say("good", f"Saved as {w.session.path}.", key="file")
        w.player.use(w.session)
        if run is not None:
            if moving:
                w.player.go_on(run, playing=playing, pace=pace)
            else:
                w.player.look(run)
        w.show_title()

    def save_copy(self) -> None:
        """Ask for a name and write a copy there; this session goes on."""
        self._dialog("Save a copy", True, self.copy_to)

    def copy_to(self, path: str) -> None:
        """Write a copy."""
        try:
            self.window.session.save_copy(path)
        except LabError as error:
            self.window.failed(str(error))
            return
        self.window.settings.add_recent(path)
        self.window.toast.say("good", f"A copy was saved as {path}.", key="file")

    def export_all(self) -> None:
        """Ask for a folder and write all that was recorded of the run in front into a new one in it."""
        if self._is_recorded():
            self._ask_folder("Export everything into a new folder in", self.export_all_to)

    def export_run(self) -> None:
        """Ask for a name and write all of the run in front into one file; the ending decides the format."""
        if self._is_recorded():
            self._dialog("Export the run; the ending decides the format", True, self.export_run_to, WHOLE, "h5")

    def _is_recorded(self) -> bool:
        if self.window.player.run_id is None:
            self.window.banner.say("accent", "Nothing is recorded yet: let the model run first.", key="file")
        return self.window.player.run_id is not None

    def export_run_to(self, path: str) -> None:
        """Write the run in front as far as it is; the dialog has asked whether a file that is there is replaced."""
        from lab import api
        from lab.display.export import format_of_run

        w, target = self.window, Path(path)
        beside = target.with_name(f".{target.stem}-new{target.suffix}")
        try:
            w.session.flush()
            format_of_run(target)  # a refusal names the file that was asked for
            api.load(w.session.path, w.player.run_id).export(beside).replace(target)
        except (LabError, OSError) as error:
            w.banner.say("bad", str(error), [("Another name…", self.export_run)], key="file")
            return
        finally:
            beside.unlink(missing_ok=True)
        w.banner.say("good", f"The run was written to {target}.", key="file")

    def export_all_to(self, folder: str) -> None:
        """Write everything recorded of the run in front into a new folder."""
        from lab import api
        from lab.display.export import export_all

        w = self.window
        number = w.player.run_id
        place, count = Path(folder) / f"{w.document.model}-run-{number}", 2
        while place.exists():
            place, count = place.with_name(f"{w.document.model}-run-{number}-{count}"), count + 1
        try:
            w.session.flush()
            written = export_all(api.load(w.session.path, number), place)
        except LabError as error:
            w.banner.say("bad", str(error), [("Another folder…", self.export_all)], key="file")
            return
        w.banner.say("good", f"{len(written)} files were written to {place}.", key="file")

    def save_sound(self, run: int | None = None) -> None:
        """Ask for a name and write the spikes of a run, by default of the one in front, as clicks."""
        number = self.window.player.run_id if run is None else run
        if number is not None:
            self._dialog("Save the spikes as sound", True, partial(self.sound_to, number), SOUNDS, "wav")

    def sound_to(self, run: int, path: str) -> None:
        """Write the spikes recorded so far as a WAV file, in real time."""
        from lab import api

        w = self.window
        try:
            w.session.flush()
            seconds = api.load(w.session.path, run).analysis.save_sound(path)
        except LabError as error:
            w.banner.say("bad", str(error), key="file")
            return
        w.toast.say("good", f"{units.number(seconds, 3)} s of sound were saved as {path}.", key="file")

    def copy_run(self, run: int | None, form: str) -> None:
        """Put what makes a run again, by default the one in front, on the clipboard: as a command, an experiment file or Python."""
        from lab.engine.telling import told

        try:
            experiment = self._experiment_of(run)
            if experiment is None:
                return
            QGuiApplication.clipboard().setText(told(experiment, form))
        except LabError as error:
            self.window.banner.say("bad", str(error), key="file")
            return
        self.window.toast.say("good", f"The run is on the clipboard as {COPIES[form]}.", key="file")

    def _experiment_of(self, run: int | None) -> Experiment | None:
        """What makes a run again, by default the one in front; None, and said, where nothing is recorded yet."""
        from lab.engine.recording import as_it_went

        w = self.window
        number = w.player.run_id if run is None else run
        if number is None:
            w.banner.say("accent", "Nothing is recorded yet: let the model run first.", key="file")
            return None
        w.session.flush()
        experiment = as_it_went(w.player.reader(), w.session.run(number))
        status = w.player.status
        if status is not None and status.run_id == number and status.phase != "past":  # it may be under way
            experiment = experiment.replace(steps=status.step, schedule=status.log)
        return experiment

    def passport(self, run: int | None = None) -> None:
        """Ask for a folder and write a run, by default the one in front, for other programs into a new one in it."""
        self._ask_folder("Write the run for other programs into a new folder in", partial(self.passport_to, run))

    def passport_to(self, run: int | None, folder: str) -> None:
        """Write a run for NEURON, Brian2, NEST, Nengo and PyTorch into a new folder, and run those that are installed."""
        try:
            experiment = self._experiment_of(run)
        except LabError as error:
            self.window.banner.say("bad", str(error), key="file")
            return
        if experiment is not None:
            place, count = Path(folder) / f"{experiment.model}-passport", 2
            while place.exists():
                place, count = place.with_name(f"{experiment.model}-passport-{count}"), count + 1
            self.passports.write(experiment, place)

    def _ask_folder(self, title: str, done: Callable[[str], None]) -> None:
        dialog = QFileDialog(self.window.frame, title, str(self._folder()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(done)
        dialog.open()

    def show_recent(self) -> None:
        """A menu of the sessions used last."""
        menu = QMenu(self.window.frame)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for path in self.window.settings.recent():
            entry = menu.addAction(path)
            entry.triggered.connect(partial(self.open_path, path))
        if menu.isEmpty():
            menu.addAction("No sessions were opened or saved yet").setEnabled(False)
        menu.popup(self.window.bar.mapToGlobal(self.window.bar.rect().bottomRight()) - QPoint(menu.sizeHint().width(), 0))

    # -- the course --

    def course(self) -> None:
        """The start page with the path, or back."""
        self.window.course.show_start()

    def next_step(self) -> None:
        """On in the lesson."""
        self.window.course.next()

    def last_step(self) -> None:
        """Back in the lesson."""
        self.window.course.back()

    def write_lesson(self) -> None:
        """A lesson of one's own, from what is in front."""
        self.window.course.write()

    # -- pages --

    def help(self) -> None:
        """The page about the model in front."""
        self._page().show_model(self.window.document.model)

    def shortcuts(self) -> None:
        """The list of keys."""
        self._page().show_shortcuts(self.table)

    def begin_lesson(self, name: str) -> None:
        """A lesson that a page names."""
        self.window.course.begin_named(name)

    def _page(self) -> Any:
        from lab.widgets.help import Help

        if self._help is None:
            self._help = Help(self.window.frame)
            self._help.lesson_chosen.connect(self.begin_lesson)
        return self._help

    def compare(self) -> None:
        """A table of the runs side by side."""
        from lab.widgets.compare import Compare

        if self._compare is None:
            self._compare = Compare(self.window.frame)
        self._compare.show_runs(self.window)
        self.window.keeper.compared.update(self._compare.shown)

    def vary(self, name: str = "") -> None:
        """Ask for values of a parameter and run them all."""
        from lab.widgets.vary import Vary

        if self._vary is None:
            self._vary = Vary(self.window.frame)
        self._vary.show_for(self.window, name or "")

    def stop_sweep(self, timeout: float) -> None:
        """End a sweep that is under way; what it has done is kept."""
        if self._vary is not None:
            self._vary.let_go(timeout)
            self._vary = None


def _letter(key: QKeySequence) -> bool:
    """Whether a key is one letter or sign that is typed in texts; those that ask something (`/`, `?`) may be pressed anywhere."""
    text = key.toString().removeprefix("Shift+")
    return len(text) == 1 and text not in "/?"
