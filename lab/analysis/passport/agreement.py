"""What came of a passport: for each program a script or why not, and each figure beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.analysis.passport.writing import Expected

State = Literal["told", "ran", "not told", "not installed", "failed"]


@dataclass(frozen=True)
class Line:
    """One figure, ours and theirs."""

    expected: Expected
    theirs: float

    @property
    def difference(self) -> float:
        """Theirs less ours."""
        return self.theirs - self.expected.ours

    @property
    def agrees(self) -> bool:
        """Whether the difference is allowed (NaN never is)."""
        return abs(self.difference) <= self.expected.allowed


@dataclass(frozen=True)
class Agreement:
    """One program: what became of it, the sentence that says why, the version that ran, and its figures."""

    program: str
    title: str
    state: State
    sentence: str = ""
    version: str = ""
    seconds: float = 0.0
    lines: tuple[Line, ...] = ()
    files: tuple[str, ...] = field(default=())

    @property
    def agrees(self) -> bool:
        """Whether it ran and every figure is within what is allowed."""
        return self.state == "ran" and all(line.agrees for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for programs."""
        rows = [
            {"figure": x.expected.name, "unit": x.expected.unit, "ours": x.expected.ours, "theirs": x.theirs, "difference": x.difference,
             "allowed": x.expected.allowed, "agrees": x.agrees}
            for x in self.lines
        ]  # fmt: skip
        return {
            "program": self.program, "state": self.state, "sentence": self.sentence, "version": self.version, "seconds": self.seconds,
            "agrees": self.agrees, "files": list(self.files), "figures": rows,
        }  # fmt: skip


HEADING = ("program", "figure", "ours", "theirs", "difference", "allowed", "")


def rows(found: Mapping[str, Agreement]) -> list[tuple[str, ...]]:
    """The table as text, a row for each figure of each program that ran."""
    out: list[tuple[str, ...]] = []
    for each in found.values():
        for line in each.lines:
            e = line.expected
            unit = f" ({e.unit})" if e.unit else ""
            said = "agrees" if line.agrees else "differs"
            numbers = (f"{e.ours:.8g}", f"{line.theirs:.8g}", f"{line.difference:+.2g}", f"± {e.allowed:.2g}")
            out.append((f"{each.title} {each.version}".strip(), f"{e.name}{unit}", *numbers, said))
    return out


def plain_table(found: Mapping[str, Agreement]) -> str:
    """The table for a terminal, and a sentence for every program that is not in it."""
    lines = [HEADING, *rows(found)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEADING))]
    table = ["  ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)).rstrip() for line in lines] if len(lines) > 1 else []
    return "\n".join([*table, *sentences(found)])


def sentences(found: Mapping[str, Agreement]) -> list[str]:
    """Why a program is not in the table."""
    return [f"{each.title}: {each.sentence}" for each in found.values() if each.state != "ran"]


def markdown(found: Mapping[str, Agreement]) -> str:
    """The table as Markdown."""
    made = rows(found)
    table = [HEADING, ("---",) * len(HEADING), *made] if made else []
    lines = ["| " + " | ".join(line) + " |" for line in table]
    return "\n".join([*lines, *([""] if lines else []), *(f"- {text}" for text in sentences(found))]) + "\n"
