"""The atlas: statements of the course, where each can be seen in the lab and which figure proves it; written to docs/atlas.md.

`assets/atlas.toml` is the table; `python -m lab.lessons.atlas` prints the page made from it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from lab import catalog
from lab.lessons.shelf import bundled

STATEMENTS = 354


@dataclass(frozen=True)
class Line:
    """One statement, under the numbers it has.

    lacks  what of it cannot be seen yet; with no model it is not to be seen at all
    figure the acceptance figure of the model that proves it ("": nothing does)
    """

    numbers: tuple[int, ...]
    says: str
    model: str = ""
    preset: str = ""
    picture: str = ""
    lesson: str = ""
    figure: str = ""
    lacks: str = ""

    @property
    def where(self) -> str:
        """How much of it can be seen: seen, partly, not yet."""
        return ("partly" if self.lacks else "seen") if self.model else "not yet"


@dataclass(frozen=True)
class Slip:
    """Something often written wrongly, and its right form."""

    topic: str
    wrong: str
    right: str


@dataclass(frozen=True)
class Atlas:
    """Chapters of lines, and the slips."""

    chapters: dict[str, tuple[Line, ...]]
    slips: tuple[Slip, ...]

    def lines(self) -> Iterator[Line]:
        """All lines, in the order of their chapters."""
        for lines in self.chapters.values():
            yield from lines

    def of_model(self, model: str) -> tuple[Line, ...]:
        """The lines that are seen in a model."""
        return tuple(line for line in self.lines() if line.model == model)

    def count(self, **wanted: Any) -> int:
        """Of the statements, those whose line has these values: `where="seen"`."""
        return sum(len(line.numbers) for line in self.lines() if all(getattr(line, k) == v for k, v in wanted.items()))

    @property
    def proven(self) -> int:
        """How many statements have a figure."""
        return STATEMENTS - self.count(figure="")


@cache
def read() -> Atlas:
    """The table of the lab."""
    table = tomllib.loads((bundled()[0].parents[1] / "atlas.toml").read_text("utf-8"))
    chapters = {
        chapter["title"]: tuple(Line(**{**line, "numbers": tuple(line["numbers"])}) for line in chapter["lines"])
        for chapter in table["chapter"]
    }
    return Atlas(chapters, tuple(Slip(**slip) for slip in table["slips"]))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _place(line: Line) -> str:
    if not line.model:
        return f"*not yet*: {line.lacks}"
    model = catalog.load(line.model)
    pictures = model(**model.presets.get(line.preset, {})).pictures
    title = next((p.title for p in pictures if p.name == line.picture), line.picture)
    parts = [f"`{line.model}`", *([line.preset] if line.preset else []), f"*{title}*"]
    text = " · ".join(parts) + (f"; lesson `{line.lesson}`" if line.lesson else "")
    return text + (f"; *partly*, without {line.lacks}" if line.lacks else "")


def page(atlas: Atlas) -> str:
    """The page docs/atlas.md."""
    seen, partly, missing = (atlas.count(where=where) for where in ("seen", "partly", "not yet"))
    text = [
        "# Atlas",
        "",
        f"The {STATEMENTS} statements that the course is about, from the membrane to the GPT: where each can be seen (model, preset, picture, "
        "lesson) and, in brackets, which figure of `lab verify` proves it. Numbers are kept; statements that say the same share a line. "
        "A figure proves the statement itself, or that what is drawn there is computed rightly. This page is made from `assets/atlas.toml` by `lab/lessons/atlas.py`.",
        "",
        f"**{seen} seen, {partly} in part, {missing} not yet; {atlas.proven} proven by a figure.**",
        "",
        "| Chapter | Statements | Seen | In part | Not yet | Proven |",
        "|---|---|---|---|---|---|",
    ]
    for title, lines in atlas.chapters.items():
        part = Atlas({title: lines}, ())
        counts = [part.count(), *(part.count(where=where) for where in ("seen", "partly", "not yet")), part.count() - part.count(figure="")]
        text.append(f"| {title} | " + " | ".join(map(str, counts)) + " |")
    for title, lines in atlas.chapters.items():
        text += ["", f"## {title}", "", "| No. | Statement | Where |", "|---|---|---|"]
        for line in lines:
            proof = f" [{line.figure}]" if line.figure else ""
            text.append(f"| {', '.join(map(str, line.numbers))} | {_cell(line.says)} | {_cell(_place(line) + proof)} |")
    text += ["", f"## {len(atlas.slips)} usual slips", "", "| Topic | Often written | Right |", "|---|---|---|"]
    text += [f"| {_cell(slip.topic)} | {_cell(slip.wrong)} | {_cell(slip.right)} |" for slip in atlas.slips]
    return "\n".join(text) + "\n"


if __name__ == "__main__":
    print(page(read()), end="")
