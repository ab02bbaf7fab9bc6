"""Bars in tables: as long as their column lets them, with their tick."""


def test_a_bar_is_as_long_as_its_column_and_leaves_room_for_the_numbers(qtbot):
    from types import SimpleNamespace

    from lab import catalog
    from lab.training.told import bar
    from lab.widgets.pictures import make
    from lab.widgets.pictures.table import bar_of

    assert bar_of(bar(0.5)) == (0.5, None) and bar_of("letter") is None and bar_of("│") is None and bar_of(0.5) is None
    assert bar_of(bar(0.25, tick=0.75)) == (0.25, 18 / 23)
    model = catalog.load("gpt")()
    view = make(next(p for p in model.pictures if p.name == "next"), model)
    qtbot.addWidget(view)
    rows = [{"letter": k, "": bar(0.3, tick=0.5), "%": 30.0, "trigram %": 50.0} for k in "abc"]
    view.resize(260, 300)
    view.show()
    view.draw(SimpleNamespace(snapshot=lambda name: rows), ())
    widths = [view.grid.columnWidth(k) for k in range(4)]
    assert sum(widths) <= view.grid.viewport().width() and min(widths) >= 20
    image = view.grid.grab().toImage()
    left, y = (
        view.grid.columnViewportPosition(1),
        view.grid.rowViewportPosition(0) + view.grid.horizontalHeader().height() + view.grid.rowHeight(0) // 2,
    )
    ratio = image.devicePixelRatio()
    inks = {image.pixelColor(round((left + x) * ratio), round(y * ratio)).name() for x in range(widths[1])}
    from lab.widgets import theme

    assert theme.colour("series0").name() in inks and theme.colour("text").name() in inks


def test_rows_with_bars_in_a_narrow_column_are_no_higher_than_others(qtbot):
    from types import SimpleNamespace

    import numpy as np

    from lab import catalog
    from lab.training.told import next_rows
    from lab.widgets import theme
    from lab.widgets.pictures import make
    from lab.widgets.pictures.table import bar_of

    model = catalog.load("gpt")()
    view = make(next(p for p in model.pictures if p.name == "next"), model)
    qtbot.addWidget(view)
    view.resize(230, 400)
    view.show()
    names, p = [chr(97 + k) for k in range(12)], np.linspace(0.14, 0.01, 12)
    rows = next_rows(names, p, None, p[::-1].copy())
    view.draw(SimpleNamespace(snapshot=lambda name: rows), ())
    heights = {view.grid.rowHeight(k) for k in range(12)}
    assert len(heights) == 1 and heights.pop() < 2 * theme.current().text + 13
    shares = [bar_of(row[""])[0] for row in rows]
    assert shares[0] > 0.95 and shares == sorted(shares, reverse=True)  # the longest bar fills its column
