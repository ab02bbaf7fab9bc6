"""Pictures of the pages of the window, to be looked at one by one: every model, in both themes and two sizes.

    python tests/contact_sheet.py                                  all models into contact-sheet/
    python tests/contact_sheet.py hodgkin-huxley mlp -o out        two of them
    python tests/contact_sheet.py mlp --preset "Spirals"           a page as a preset shows it
    python tests/contact_sheet.py --size 2560x1440 --scale 1.5 --theme light --seconds 8

Each model runs for a moment in a real window, so that the pictures have content. Besides `MODEL WIDTHxHEIGHT THEME.png` a sheet of
all pages of a size and theme is written, `sheet WIDTHxHEIGHT THEME 1.png` and so on. Nothing of the person's own data is touched.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from pathlib import Path

ACROSS, DOWN = 3, 4  # pages on a sheet
THUMB = 620  # pixels across of a page on a sheet


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="contact_sheet.py", description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="models to show; all of the catalogue unless told")
    parser.add_argument("-o", "--out", default="contact-sheet", help="folder for the pictures")
    parser.add_argument("--size", action="append", metavar="WxH", help="size of the window (1440x900 and 1024x700 unless told)")
    parser.add_argument("--theme", nargs="+", choices=("dark", "light"), default=["dark", "light"], help="themes")
    parser.add_argument("--scale", default="1", help="pixels of the screen for each of the window, as on a dense screen")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each model runs")
    parser.add_argument("--preset", help="show this preset instead of the defaults")
    parser.add_argument("--projector", action="store_true", help="in projector mode")
    return parser.parse_args(arguments)


def sizes_of(texts: list[str] | None) -> list[tuple[int, int]]:
    """Sizes out of texts such as 1440x900."""
    return [(int(w), int(h)) for w, _, h in (text.partition("x") for text in texts or ["1440x900", "1024x700"])]


def wait(app, seconds: float, until=lambda: False) -> None:
    """Let the window live for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        app.processEvents()
        time.sleep(0.004)


def show(app, window, model: str, preset: str | None, seconds: float) -> None:
    """Bring a model to the front and let it run for a moment; paced models run faster than they would be watched."""
    window.choose_model(model)
    if preset:
        window.choose_preset(preset, playing=True)
    wait(app, 300.0, lambda: window.player.status is not None and window.player.status.phase != "preparing")
    status = window.player.status
    if status is not None and status.pace is not None:
        window.player.pace(20 * status.pace)
    if status is not None and status.phase == "paused":
        window.player.play()
    wait(app, seconds, lambda: window.player.status.phase in ("finished", "diverged", "failed"))
    window.player.pause()
    wait(app, 0.3)


def settle(app, window) -> None:
    """Wait until the window has taken its size and each card that is seen has drawn at its own: they take turns."""

    def drawn() -> bool:
        return all(c.view._drawn and c.view._drawn[2:4] == (c.view.width(), c.view.height()) for c in window.workspace.visible_cards())

    wait(app, 0.4)
    wait(app, 15.0, drawn)
    wait(app, 0.3)


def sheets(folder: Path, pages: list[tuple[str, Path]], name: str) -> list[Path]:
    """Pages side by side with their names, as many sheets as needed."""
    from PySide6.QtCore import QRectF, Qt
    from PySide6.QtGui import QColor, QImage, QPainter

    from lab.widgets import theme

    made = []
    for number in range(math.ceil(len(pages) / (ACROSS * DOWN))):
        part = pages[number * ACROSS * DOWN : (number + 1) * ACROSS * DOWN]
        images = [QImage(str(path)) for _, path in part]
        tall = round(THUMB * images[0].height() / images[0].width())
        rows = math.ceil(len(part) / ACROSS)
        sheet = QImage(ACROSS * (THUMB + 12) + 12, rows * (tall + 36) + 12, QImage.Format.Format_RGB32)
        sheet.fill(QColor("#808890"))
        painter = QPainter(sheet)
        painter.setFont(theme.sans_font(16))
        for k, ((title, _), image) in enumerate(zip(part, images, strict=True)):
            x, y = 12 + k % ACROSS * (THUMB + 12), 12 + k // ACROSS * (tall + 36)
            painter.setPen(QColor("white"))
            painter.drawText(QRectF(x, y, THUMB, 22), Qt.AlignmentFlag.AlignVCenter, title)
            painter.drawImage(x, y + 22, image.scaled(THUMB, tall, mode=Qt.TransformationMode.SmoothTransformation))
        painter.end()
        path = folder / f"{name} {number + 1}.png"
        sheet.save(str(path))
        made.append(path)
    return made


def main(arguments: list[str] | None = None) -> list[Path]:
    """Make the pictures; their paths, the sheets last."""
    given = parse(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_SCALE_FACTOR"] = given.scale
    sys.setswitchinterval(0.0003)
    from lab import catalog
    from lab.widgets import filing, theme
    from lab.widgets.application import application
    from lab.widgets.settings import Settings
    from lab.widgets.window import Window

    app = application()
    theme.apply(app, given.theme[0])
    folder = Path(given.out)
    folder.mkdir(parents=True, exist_ok=True)
    models = given.models or catalog.names()
    sizes = sizes_of(given.size)
    found: dict[str, list[tuple[str, Path]]] = {}
    before = os.environ.get("LAB_DATA")
    with tempfile.TemporaryDirectory() as own:
        os.environ["LAB_DATA"] = own
        window = Window(filing.new_untitled(), Settings(), model=models[0], playing=True)
        try:
            window.resize(*sizes[0])
            window.show()
            if given.projector:
                window.set_look(projector=True)
            for model in models:
                show(app, window, model, given.preset, given.seconds)
                for look in given.theme:
                    window.set_look(look)
                    for width, height in sizes:
                        window.resize(width, height)
                        settle(app, window)
                        path = folder / f"{Path(model).stem} {width}x{height} {look}.png"
                        window.grab().save(str(path))
                        found.setdefault(f"sheet {width}x{height} {look}", []).append((model, path))
                window.resize(*sizes[0])
        finally:
            window.close()
            window.finish()
            window.deleteLater()
            app.processEvents()
            if before is None:
                del os.environ["LAB_DATA"]
            else:
                os.environ["LAB_DATA"] = before
    made = [path for pages in found.values() for _, path in pages]
    return made + [path for name, pages in found.items() for path in sheets(folder, pages, name)]


if __name__ == "__main__":
    for written in main():
        print(written)
    sys.stdout.flush()
    os._exit(0)  # a worker that still compiles would keep the process
