"""Pictures without a display: the same drawing code as the window's, onto PNG, SVG or PDF. OpenGL is never needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from lab.display import stage
from lab.display.plots import Overlay, Source, typeset
from lab.errors import FileError, ModelError, near
from lab.model import Model, Picture
from lab.widgets.application import offscreen_application

TITLE = 34  # px above each picture
GAP = 12


def layout(weights: Sequence[float], width: float, height: float) -> list[tuple[float, float, float, float]]:
    """Places (x, y, width, height) for pictures of these weights: rows of even height, widths by weight within a row.

    The number of rows is the one whose cells come nearest to the shape 3:2.
    """
    count = len(weights)
    if not count:
        return []

    def shape(rows: int) -> float:
        across = math.ceil(count / rows)
        return abs(math.log((width / across) / (height / rows) / 1.5))

    rows = min(range(1, count + 1), key=shape)
    across = math.ceil(count / rows)
    rows = math.ceil(count / across)
    tall = (height - GAP * (rows + 1)) / rows
    places = []
    for row in range(rows):
        own = weights[row * across : (row + 1) * across]
        total = sum(own)
        x = float(GAP)
        for weight in own:
            wide = (width - GAP * (len(own) + 1)) * weight / total
            places.append((x, GAP + row * (tall + GAP), wide, tall))
            x += wide + GAP
    return places


def chosen(model: Model, name: str | None) -> tuple[Picture, ...]:
    """All pictures of a model, or the one called `name`; raises ModelError with a sentence."""
    pictures = model.pictures
    if name is not None:
        pictures = tuple(p for p in pictures if p.name == name)
        if not pictures:
            raise ModelError(f"{model._owner()} has no picture '{name}': {near(name, [p.name for p in model.pictures])}")
    if not pictures:
        raise ModelError(f"{model._owner()} has no pictures: export its streams instead.")
    return pictures


def stage_of(model: Model, width: float, height: float) -> list[tuple[stage.Card, stage.Box]]:
    """The cards of a model's stage, as in a window of this size with the drawers closed, and where each lies."""
    shown = stage.arrange(model, width - 2 * GAP, height - 2 * GAP)
    tall = height - 2 * GAP
    under = (tall - GAP) * stage.UNDER / (1 + stage.UNDER) if shown.below is not None else 0.0
    top = tall - under - (GAP if under else 0.0)
    placed = stage.boxes(shown.top, (GAP, GAP, width - 2 * GAP, top), GAP)
    if shown.below is not None:
        placed += stage.boxes(shown.below, (GAP, GAP + top + GAP, width - 2 * GAP, under), GAP)
    return placed


def render(
    model: Model,
    source: Source,
    path: str | Path,
    theme: str = "light",
    size: tuple[int, int] = (1600, 1000),
    name: str | None = None,
    overlays: Sequence[Overlay] = (),
    projector: bool = False,
    every: bool = False,
    scale: float = 1.0,
) -> Path:
    """Draw the stage of a model to a file, every picture that it has, or the one called `name`.

    The ending .png, .svg or .pdf decides the kind of file. The theme of a window that is open is put back afterwards. Raises FileError or ModelError with a sentence.
    """
    path = Path(path)
    pictures = chosen(model, name)
    if name is None and not every:
        placed = stage_of(model, *size)
    else:
        cards = [stage.Card(p.name, (p.name,)) for p in pictures]
        placed = list(zip(cards, layout([1.0 if len(pictures) == 1 else p.weight for p in pictures], *size), strict=True))
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise FileError(f"'{path.name}': pictures are written as .png, .svg or .pdf (got '{path.suffix}').")
    app = offscreen_application()
    from PySide6.QtCore import QRectF, QSize, Qt
    from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

    from lab.widgets import theme as look
    from lab.widgets.pictures.base import figures_text
    from lab.widgets.pictures.export import draw_file
    from lab.widgets.pictures.strips import StripsView, view_of_card

    before = look.current()
    seen = bool(app.styleSheet())  # a window is open: it wears the theme too, and must get its own back
    same = seen and (before.tokens.name, before.projector) == (theme, projector)
    if not same:
        look.apply(app, theme, projector, sheet=False)
    views = []
    try:
        for card, (_, _, wide, tall) in placed:
            view = view_of_card(card, model)
            if isinstance(view, StripsView):
                view.follow()  # the end of the run, not what its last page holds
            view.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
            view.resize(max(120, round(wide) - 24), max(96, round(tall) - TITLE - 12))
            view.show()
            views.append(view)
        for _ in range(2):  # the first look settles the axes' widths, the second draws with them
            app.processEvents()
            for view in views:
                view.refresh(source, overlays, force=True)

        def draw(painter: QPainter, area: QRectF) -> None:
            tokens = look.current().tokens
            for view, (_, (x, y, wide, tall)) in zip(views, placed, strict=True):
                painter.setPen(QPen(QColor(tokens.line), 1))
                painter.setBrush(QColor(tokens.surface))
                painter.drawRoundedRect(QRectF(x, y, wide, tall), 8, 8)
                title = look.sans_font(look.current().title, QFont.Weight.DemiBold)
                small = look.sans_font(look.current().caption)
                painter.setFont(title)
                painter.setPen(QColor(tokens.text))
                line = QRectF(x + 14, y + 6, wide - 28, TITLE - 6)
                middle = Qt.AlignmentFlag.AlignVCenter
                painter.drawText(line, middle | Qt.AlignmentFlag.AlignLeft, typeset(view.picture.title))
                used = QFontMetricsF(title).horizontalAdvance(view.picture.title) + 10
                painter.setFont(small)
                painter.setPen(QColor(tokens.muted))
                figures = figures_text(view, source.summary)
                rest = QFontMetricsF(small).elidedText(
                    "   ".join(t for t in (view.caption, figures) if t), Qt.TextElideMode.ElideRight, line.width() - used
                )
                painter.drawText(line.adjusted(used, 1, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, rest)
                painter.save()
                view.paint_on(painter, QRectF(x + 12, y + TITLE, view.width(), view.height()))
                painter.restore()
                if view.words:
                    painter.setFont(small)
                    painter.setPen(QColor(tokens.muted))
                    painter.drawText(
                        QRectF(x + 16, y + TITLE, wide - 32, tall - TITLE),
                        Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                        view.words,
                    )

        return draw_file(path, QSize(*size), draw, model.title or model._owner(), scale=scale, ground="background")
    finally:
        for view in views:
            view.hide()
            view.deleteLater()
        app.processEvents()
        if not same:
            look.apply(app, before.tokens.name, before.projector, sheet=False)
