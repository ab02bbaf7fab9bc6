"""What is selected on the canvas: its name, its parameters in the ordinary form, and how a unit comes to its value."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from lab.graph.document import Comment, Edge, Graph, Group, Node
from lab.widgets.form import ParameterForm
from lab.widgets.labels import ElidedLabel

SIDES = (("left", "Left"), ("column", "Middle"), ("right", "Right"), ("top", "Top"), ("row", "Centre"), ("bottom", "Bottom"))


class Inspector(QWidget):
    """Shows the selection.

    edited(id, name, value, final)  a parameter, property or text was changed
    aligned(side)                   the selected nodes should stand on a line
    asked(command)                  another command of the editor: `duplicate`, `remove`, `group`, `ungroup`, `fold`
    """

    edited = Signal(str, str, object, bool)
    aligned = Signal(str)
    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 12, 4)
        column.setSpacing(6)
        self.title = ElidedLabel("", self, role="title")
        self.caption = QLabel("", self)
        self.caption.setProperty("role", "caption")
        self.caption.setWordWrap(True)
        self.caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.name = QLineEdit(self)
        self.name.setAccessibleName("Name")
        self.name.setToolTip("Name of the selected node")
        self.name.editingFinished.connect(self._renamed)
        self.repeat = QSpinBox(self)
        self.repeat.setRange(1, 1000)
        self.repeat.setPrefix("repeated ")
        self.repeat.setSuffix(" times")
        self.repeat.setKeyboardTracking(False)
        self.repeat.setAccessibleName("Repeats of the block")
        self.repeat.valueChanged.connect(self._repeated)
        self.folding = QWidget(self)
        row = QGridLayout(self.folding)
        row.setContentsMargins(0, 0, 12, 0)
        for k, (command, text) in enumerate((("fold", "Fold"), ("ungroup", "Dissolve"))):
            button = QPushButton(text, self.folding)
            button.setProperty("command", command)
            button.clicked.connect(self._command)
            row.addWidget(button, 0, k)
        self.text = QPlainTextEdit(self)
        self.text.setAccessibleName("Text of the comment")
        self.text.textChanged.connect(self._written)
        self.words = QLabel("", self)
        self.words.setProperty("role", "error")
        self.words.setWordWrap(True)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.numbers = QLabel("", self)
        self.numbers.setProperty("role", "mono")
        self.numbers.setWordWrap(True)
        self.numbers.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.numbers.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.numbers.setAccessibleName("Arithmetic of the selected unit")
        self.sides = QWidget(self)
        grid = QGridLayout(self.sides)
        grid.setContentsMargins(0, 0, 12, 0)
        grid.setSpacing(6)
        for k, (side, text) in enumerate(SIDES):
            button = QPushButton(text, self.sides)
            button.setProperty("side", side)
            button.setToolTip(f"Put the selected nodes on one line: {text.lower()}")
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            button.clicked.connect(self._align)
            grid.addWidget(button, k // 3, k % 3)
        for k, (command, text) in enumerate((("duplicate", "Duplicate"), ("group", "Group"), ("remove", "Remove"))):
            button = QPushButton(text, self.sides)
            button.setProperty("command", command)
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            button.clicked.connect(self._command)
            grid.addWidget(button, 2, k)
        for widget in (self.title, self.caption, self.name, self.repeat, self.folding, self.words, self.numbers, self.sides, self.text):
            column.addWidget(widget)
        self._column = column
        self._rest = QWidget(self)
        column.addWidget(self._rest, 1)
        self.form: ParameterForm | None = None
        self._shown: tuple[Any, ...] = ()
        self._id = ""
        self._quiet = False
        self.show_selection(Graph("populations"), ())

    def show_selection(self, graph: Graph, ids: tuple[str, ...]) -> None:
        """Show what is selected: one thing with its parameters, several with what can be done to them."""
        everything: tuple[Node | Edge | Comment | Group, ...] = (*graph.nodes, *graph.edges, *graph.comments, *graph.groups)
        things = [t for t in everything if t.id in set(ids)]
        thing = things[0] if len(things) == 1 else None
        self._quiet = True
        self._id = thing.id if thing is not None else ""
        described = thing.parameters if isinstance(thing, Node) else thing.properties if isinstance(thing, Edge) else None
        if described is not None and not type(described).specs():
            described = None
        self._show_form(described)
        self.name.setVisible(isinstance(thing, (Node, Group)))
        self.repeat.setVisible(isinstance(thing, Group) and graph.kinds.blocks)
        self.folding.setVisible(isinstance(thing, Group))
        self.text.setVisible(isinstance(thing, Comment))
        self.sides.setVisible(len(things) > 1)
        self._rest.setVisible(not isinstance(thing, Comment) and described is None)
        self.words.hide()
        self.numbers.hide()
        if isinstance(thing, Node):
            kind = graph.kind_of(thing)
            self.title.setText(thing.title)
            self.caption.setText(f"{kind.title}, selected. {kind.about}.")
        elif isinstance(thing, Edge):
            self.title.setText(f"{graph.node(thing.source).title} → {graph.node(thing.target).title}")
            self.caption.setText(
                f"Wire, selected. {graph.kinds.words(graph, thing)}"
                if described is not None
                else "Wire, selected. It has no values of its own."
            )
        elif isinstance(thing, Comment):
            self.title.setText("Comment")
            self.caption.setText("Text on the canvas.")
            if self.text.toPlainText() != thing.text:
                self.text.setPlainText(thing.text)
        elif isinstance(thing, Group):
            self.title.setText(thing.title)
            block = " Repeated more than once it is a block that stands for copies in a row." if graph.kinds.blocks else ""
            self.caption.setText(f"Group of {len(thing.nodes)} nodes.{block}")
            self.folding.findChildren(QPushButton)[0].setText("Unfold" if thing.folded else "Fold")
            self.repeat.setValue(thing.repeat)
        elif things:
            nodes = sum(isinstance(t, Node) for t in things)
            self.title.setText(f"{len(things)} selected")
            self.caption.setText(f"{nodes} nodes and {sum(isinstance(t, Edge) for t in things)} wires.")
        else:
            self.title.setText("Nothing selected")
            self.caption.setText(
                "Click a node or a wire to change it; drag over several to move, align or copy them; drag from a port to connect."
            )
        if isinstance(thing, (Node, Group)) and self.name.text() != thing.title:
            self.name.setText(thing.title)
        self._quiet = False

    def _show_form(self, described: Any) -> None:
        if described is None or self.form is None or type(described) is not self.form.kind:
            if self.form is not None:
                self._column.removeWidget(self.form)
                self.form.hide()
                self.form.deleteLater()
                self.form = None
            if described is None:
                return
            self.form = ParameterForm(described, self)
            self.form.edited.connect(self._edited)
            self.form.committed.connect(self._committed)
            self._column.addWidget(self.form, 1)
        elif self.form.model != described:
            self.form.set_model(described)

    def show_numbers(self, text: str) -> None:
        """How the selected unit comes to its value, or nothing."""
        if text != self.numbers.text():
            self.numbers.setText(text)
        self.numbers.setVisible(bool(text))

    def show_error(self, sentence: str) -> None:
        """Why a change was refused."""
        self.words.setText(sentence)
        self.words.setVisible(bool(sentence))

    def focus_name(self) -> None:
        """Type another name."""
        target = self.text if self.text.isVisibleTo(self) else self.name
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)
        target.selectAll()

    # -- what a person does --

    def _edited(self, name: str, value: Any) -> None:
        self.edited.emit(self._id, name, value, False)

    def _committed(self, name: str, value: Any) -> None:
        self.edited.emit(self._id, name, value, True)

    def _renamed(self) -> None:
        if not self._quiet and self._id and self.name.text() and self.name.text() != self.title.text():
            self.edited.emit(self._id, "title", self.name.text(), True)

    def _repeated(self, value: int) -> None:
        if not self._quiet and self._id:
            self.edited.emit(self._id, "repeat", value, True)

    def _written(self) -> None:
        if not self._quiet and self._id:
            self.edited.emit(self._id, "text", self.text.toPlainText(), False)

    def _align(self) -> None:
        self.aligned.emit(self.sender().property("side"))

    def _command(self) -> None:
        self.asked.emit(self.sender().property("command"))
