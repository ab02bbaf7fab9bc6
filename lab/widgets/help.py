"""The help page of a model, made from what it declares: text, equations, parameters, sources; and the list of keys."""

from __future__ import annotations

import html
import warnings
from collections.abc import Sequence

from PySide6.QtCore import QByteArray, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QImage, QPainter, QTextDocument
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from lab import catalog
from lab.display.symbols import legend, markup
from lab.model import Model
from lab.units import number, typeset
from lab.widgets import theme

LESSON = "lesson"  # scheme of a link that begins one


def equation_image(latex: str, pixels: int, colour: str, ratio: float = 2.0) -> QImage:
    """A typeset equation; raises ValueError if it is not LaTeX that can be set."""
    from PySide6.QtSvg import QSvgRenderer

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the font loader, about the standard library
            import ziafont
            import ziamath

            ziafont.config.svg2 = False  # Qt draws SVG 1.1 only: with symbols of SVG 2 it shows scraps
            drawn = ziamath.Latex(latex, size=pixels, color=colour).svg()
    except Exception as error:  # the parser raises whatever it stumbles over
        raise ValueError(f"{latex}: {error}") from None
    renderer = QSvgRenderer(QByteArray(drawn.encode()))
    size = renderer.defaultSize()
    image = QImage(round(size.width() * ratio), round(size.height() * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


def parameters_table(kind: type[Model]) -> str:
    """The parameters of a model as an HTML table."""
    rows = []
    for spec in kind.specs().values():
        bounds = (
            ", ".join(spec.choices)
            if spec.choices
            else f"{number(spec.lo, 6)} … {number(spec.hi, 6)}"
            if spec.lo is not None and spec.hi is not None
            else ""
        )
        default = spec.text(spec.default) if isinstance(spec.default, (int, float, str, bool)) else "–"
        cells = (spec.label, default, bounds, spec.doc + ("" if spec.live else " A change begins a new run."))
        rows.append("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>")
    head = "".join(f"<th align='left'>{h}</th>" for h in ("Parameter", "Default", "Range", "What it is"))
    return f"<table cellpadding='5' cellspacing='0' width='100%'><tr>{head}</tr>{''.join(rows)}</table>"


def in_the_course(kind: type[Model]) -> str:
    """The lessons that show a model, as links, and the statements of the course that are seen in it, as HTML; nothing for a file of one's own."""
    from lab.lessons import atlas
    from lab.lessons.shelf import shelf

    parts = []
    lessons = shelf().of_model(kind.name)
    if lessons:
        links = "".join(
            f"<li><a href='{LESSON}:{lesson.name}'>{html.escape(lesson.title)}</a>: {html.escape(lesson.about)}</li>" for lesson in lessons
        )
        parts.append(f"<h2>Lessons</h2><ul>{links}</ul>")
    lines = atlas.read().of_model(kind.name)
    if lines:
        rows = []
        for line in lines:
            titles = {picture.name: picture.title for picture in kind(**kind.presets.get(line.preset, {})).pictures}
            where = html.escape(titles.get(line.picture, line.picture)) + (f"<br>{html.escape(line.preset)}" if line.preset else "")
            rows.append(f"<tr><td>{', '.join(map(str, line.numbers))}</td><td>{html.escape(typeset(line.says))}</td><td>{where}</td></tr>")
        head = "".join(f"<th align='left'>{h}</th>" for h in ("No.", "Statement", "Picture, preset"))
        table = f"<table cellpadding='5' cellspacing='0' width='100%'><tr>{head}</tr>{''.join(rows)}</table>"
        parts.append(f"<h2>Statements of the course that are seen here</h2>{table}")
    return "".join(parts)


class Help(QDialog):
    """A page beside the window; it is not modal."""

    lesson_chosen = Signal(str)

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setObjectName("help")
        self.resize(760, 720)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.page = QTextBrowser(self)
        self.page.setOpenLinks(False)
        self.page.anchorClicked.connect(self._follow)
        self.page.setFrameShape(QTextBrowser.Shape.NoFrame)
        column.addWidget(self.page)
        self._again: tuple = ()
        theme.changes().changed.connect(self.set_theme)

    def _follow(self, url: QUrl) -> None:
        """A lesson begins in the window; any other link opens outside."""
        if url.scheme() == LESSON:
            self.lesson_chosen.emit(url.path())
        else:
            QDesktopServices.openUrl(url)

    def set_theme(self) -> None:
        """Equations are pictures: set anew."""
        if self.isVisible() and self._again:
            self._again[0](*self._again[1:])

    def _document(self) -> QTextDocument:
        document = QTextDocument(self.page)
        look = theme.current()
        tokens = look.tokens
        document.setDefaultStyleSheet(
            f"body, p, li, td {{ color: {tokens.text}; font-size: {look.text}px; }} th {{ color: {tokens.muted}; font-size: {look.caption}px; }}"
            f"h1 {{ font-size: {look.title + 7}px; }} h2 {{ font-size: {look.title}px; margin-top: 18px; }} a {{ color: {tokens.readable('accent')}; }}"
        )
        document.setDocumentMargin(24)
        document.setDefaultFont(theme.sans_font())
        return document

    def show_model(self, name: str) -> None:
        """The page of a model."""
        kind = catalog.load(name)
        look = theme.current()
        document = self._document()
        text = QTextDocument()
        text.setMarkdown(kind.help())
        body = text.toHtml()
        body = (
            body[body.index("<body") :]
            .split(">", 1)[1]
            .rsplit("</body>", 1)[0]
            .replace("<!--StartFragment-->", "")
            .replace("<!--EndFragment-->", "")
        )
        body = body.replace("margin-top:0px; margin-bottom:0px;", "margin-top:0px; margin-bottom:8px;")
        parts = [f"<h1>{html.escape(kind.title or kind.name)}</h1>", body]
        if kind.equations:
            parts.append("<h2>Equations</h2>")
            for number, latex in enumerate(kind.equations):
                try:
                    image = equation_image(latex, look.text + 5, look.tokens.text)
                except ValueError:
                    parts.append(f"<p><code>{html.escape(latex)}</code></p>")
                    continue
                url = f"equation:{number}"
                document.addResource(QTextDocument.ResourceType.ImageResource.value, QUrl(url), image)
                shown = image.deviceIndependentSize()
                parts.append(f"<p><img src='{url}' width='{round(shown.width())}' height='{round(shown.height())}'></p>")
        if kind.symbols:
            said = "; ".join(f"{markup(symbol)}: {html.escape(words)}" for symbol, words in legend(kind.symbols))
            parts.append(f"<p>{said}.</p>")
        if kind.specs():
            parts += ["<h2>Parameters</h2>", parameters_table(kind)]
        actions = [a for a in kind.actions().values() if not a.hidden]
        if actions:
            parts.append(
                "<h2>What you can do to it</h2><ul>"
                + "".join(f"<li><b>{html.escape(a.label)}</b>: {html.escape(a.doc)}</li>" for a in actions)
                + "</ul>"
            )
        if kind.source:
            parts.append(f"<h2>Source</h2><p>{html.escape(kind.source)}</p>")
        parts.append(in_the_course(kind))
        document.setHtml("<body>" + "".join(parts) + "</body>")
        self._show(document, f"{kind.title or kind.name} – Help", (self.show_model, name))

    def show_shortcuts(self, table: Sequence[tuple[str, str]]) -> None:
        """The list of keys."""
        document = self._document()
        rows = "".join(f"<tr><td><b>{html.escape(keys)}</b></td><td>{html.escape(text)}</td></tr>" for keys, text in table)
        mouse = (
            ("Double click on a card's title", "Give it the whole place, or take it back"),
            ("Drag a card's title", "Move it; drag the gap between cards to resize"),
            ("Scroll, drag, double click in a picture", "Zoom, move, fit"),
            ("Right click in a picture", "Copy, export"),
        )
        more = "".join(f"<tr><td><b>{html.escape(k)}</b></td><td>{html.escape(t)}</td></tr>" for k, t in mouse)
        document.setHtml(f"<body><h1>Keyboard and mouse</h1><table cellpadding='5' cellspacing='0'>{rows}{more}</table></body>")
        self._show(document, "Keyboard shortcuts", (self.show_shortcuts, table))

    def _show(self, document: QTextDocument, title: str, again: tuple) -> None:
        self.page.setDocument(document)  # the browser deletes the one before, which is its child
        self.setWindowTitle(title)
        self._again = again
        self.show()
        self.raise_()
