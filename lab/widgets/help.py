"""The help page of a model, made from what it declares: text, equations, parameters, sources; and the list of keys."""

from __future__ import annotations

import html
import warnings
from collections.abc import Sequence

from PySide6.QtCore import QByteArray, Qt, QUrl
from PySide6.QtGui import QImage, QPainter, QTextDocument
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from lab import catalog
from lab.model import Model
from lab.units import number
from lab.widgets import theme


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


class Help(QDialog):
    """A page beside the window; it is not modal."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.setObjectName("help")
        self.resize(760, 720)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.page = QTextBrowser(self)
        self.page.setOpenExternalLinks(True)
        self.page.setFrameShape(QTextBrowser.Shape.NoFrame)
        column.addWidget(self.page)
        self._again: tuple = ()
        theme.changes().changed.connect(self.set_theme)

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
