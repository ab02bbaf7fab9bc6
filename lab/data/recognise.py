"""What a file is, from its content more than from its name: that decides where it goes.

    found = look(path)      Found(kind, also, said, ...)
    found.kind              what it is: one of KINDS
    found.also              what it can be taken for besides; where there is something, a person is asked

Looking reads the file with the reader of its kind, so that one paragraph says what is in it, or one sentence what is wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import arrays, door, foreign, graphs, learned, pictures, signals, sounds, tables, vectors
from lab.data.dialect import sniff
from lab.data.encoding import decode
from lab.data.learned import Plan
from lab.data.numerals import is_number, tidy
from lab.data.rows import layout, without_comments
from lab.data.tables import Choices
from lab.data.words import count, listed
from lab.errors import FileError, LabError
from lab.units import number

KINDS = {
    "session": "a session", "experiment": "an experiment", "model": "a model of one's own", "table": "a table", "recording": "a recording", "sound": "a sound",
    "vectors": "a file of vectors", "network": "a network", "pictures": "pictures in classes", "picture": "a picture", "weights": "weights of a network",
    "questions": "questions to vectors", "text": "a text",
}  # fmt: skip
START = 1 << 18  # bytes that are looked at before a reader is chosen
_MAGIC = ((b"SQLite format 3\0", "session"), (b"\x89PNG", "picture"), (b"\xff\xd8\xff", "picture"), (b"GIF8", "picture"), (b"BM", "picture"), (b"P5", "picture"), (b"P6", "picture"))  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What a file is and holds.

    kind    one of KINDS, "" where nothing fits; also  further kinds that it can be taken for
    said    one paragraph; problem  one sentence about what is wrong with it
    plan    what a network would learn, of a table; content  what was read of anything else, for a picture of it
    """

    place: Path
    kind: str
    also: tuple[str, ...] = ()
    said: str = ""
    problem: str = ""
    size: int = 0
    plan: Plan | None = None
    content: Any = None

    @property
    def title(self) -> str:
        """What it is, in words."""
        return KINDS.get(self.kind, "nothing that is known here")

    @property
    def kinds(self) -> tuple[str, ...]:
        """All that it can be taken for, the likeliest first."""
        return (self.kind, *self.also) if self.kind else self.also


def look(path: str | Path, choices: Choices = tables.AS_FOUND, kind: str = "", **reading: Any) -> Found:
    """What a file is and holds, read as `kind` where a person says so; `reading` goes to the reader of recordings."""
    place = door.place_of(path, "a file")
    if place.is_dir():
        return _folder(place, kind)
    place = door.regular(place, limit=1 << 62, what="a file")
    size = place.stat().st_size
    try:
        found, also = recognise(place, choices)
    except LabError as error:
        return Found(place, kind, (), "", str(error), size)
    if kind and kind != found:
        also = tuple(k for k in (found, *also) if k != kind)
        found = kind
    made = Found(place, found, also, size=size)
    try:
        return _read(made, choices, reading)
    except LabError as error:
        return replace(made, problem=str(error))


def _read(found: Found, choices: Choices, reading: dict[str, Any]) -> Found:
    place = found.place
    if found.kind == "table":
        plan = learned.plan(tables.read(place, choices), choices)
        return replace(found, said=learned.paragraph(plan), problem=plan.problem, plan=plan)
    if found.kind in ("recording", "sound"):
        return _held(found, signals.read(place, **reading))
    if found.kind == "vectors":
        return _held(found, vectors.load(place))
    if found.kind == "network":
        return _held(found, graphs.read(place))
    if found.kind == "pictures":
        return _held(found, pictures.from_idx(place))
    if found.kind == "text":
        read = decode(door.read_bytes(place, limit=tables.MAX_BYTES, what="a text", packed=True), place)
        return replace(
            found,
            said=f"{place.name}: a text of {count(len(read.text.split()), 'word')} in {count(len(read.text.splitlines()), 'line')} ({read.name}).",
            content=read.text[:20_000],
        )
    if found.kind == "experiment":
        text = door.read_start(place, 20_000).decode("utf-8", "replace")
        return replace(found, said=f"{place.name}: an experiment file: a model, its parameters and what happens when.", content=text)
    if found.kind == "picture":
        grey = pictures.grey(place)
        said = f"{place.name}: a picture of {grey.shape[1]} x {grey.shape[0]} pixels. To learn from pictures, put them into one folder for each class and open the folder around them."
        return replace(found, said=said, content=grey)
    words = {
        "session": "a session of this lab, with its runs, notes and arrangement",
        "model": "a Python file with a model of one's own; it is run only when you say so", "questions": "questions or judged pairs, which are asked on a map of vectors",
        "weights": "weights of a network; a training of the same layers can begin with them (its parameter start_from)",
    }  # fmt: skip
    if found.kind == "weights" and place.suffix.lower() == ".npz":
        held = [f"{name} {' x '.join(map(str, a.shape)) or 'one number'}" for name, a in arrays.read_npz(place).items()]
        words["weights"] = (
            f"arrays by name ({listed(held)}); where they are the weights of a network, a training of the same layers can begin with them (its parameter start_from)"
        )
    return replace(found, said=f"{place.name}: {words.get(found.kind, 'nothing that can be read here')}.")


def _held(found: Found, content: Any) -> Found:
    return replace(found, said=content.said, content=content)


def _folder(place: Path, kind: str) -> Found:
    try:
        inside = [p for p in sorted(place.iterdir()) if not p.name.startswith(".")]
        shown = any(p.is_dir() and any(q.suffix.lower() in pictures.SUFFIXES for q in p.iterdir()) for p in inside)
    except OSError as error:
        return Found(place, "", problem=f"{place} cannot be read ({error.strerror}): give a folder that you may read.")
    if shown and kind in ("", "pictures"):
        try:
            return _held(Found(place, "pictures"), pictures.from_folder(place))
        except LabError as error:
            return Found(place, "pictures", problem=str(error))
    texts = [p for p in inside if p.suffix.lower() in (".txt", ".md", ".rst", ".tex")]
    if texts:
        return Found(
            place,
            "text",
            said=f"{place.name}: a folder with {number(len(texts))} text{'s' if len(texts) > 1 else ''}, which are read one after the other.",
        )
    return Found(
        place,
        "",
        problem=f"{place} holds neither texts nor folders of pictures: give one folder for each class of pictures, or a folder of texts.",
    )


def recognise(place: Path, choices: Choices = tables.AS_FOUND) -> tuple[str, tuple[str, ...]]:
    """(kind, further kinds) of a regular file, by a look at its beginning."""
    start = door.read_start(place, START)
    suffix = (place.with_suffix("") if place.suffix.lower() == ".gz" else place).suffix.lower()
    if not start.strip():
        raise FileError(f"{place} is empty.")
    for magic, kind in _MAGIC:
        if start.startswith(magic) and (kind != "picture" or suffix in pictures.SUFFIXES or magic[:1] == b"\x89" or magic[:1] == b"\xff"):
            return kind, ()
    if sounds.is_sound(start) or suffix in (".wav", ".wave"):
        return "sound", ()
    if pictures.is_idx(place):
        return "pictures", ()
    if start.startswith(arrays.MAGIC):
        return _array(place)
    if suffix in (".npz", ".safetensors"):
        return _packed(place)
    if suffix == ".py":
        return "model", ()
    if suffix == ".toml":
        return "experiment", ()
    if start.startswith(door.GZIP):
        start = vectors.unpacked_start(place)
    form = ""
    try:
        form = vectors.detect(place)
    except LabError:
        if b"\0" not in start[:4096] or start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            pass
        else:
            tables.refuse_binary(start, place)
    if suffix in (".edgelist", ".edges") and b"\0" not in start:
        return "network", ()
    if form == "word2vec" and re.match(rb"\d+ [01]\r?\n", start):
        form = ""  # pairs of numbers: vectors of one number are not written so
    if form == "word2vec" and re.match(rb"\d+ (?!1\r?\n)\d+\r?\n\d+ \d+\r?\n", start):
        form = ""  # pairs again: a list of edges
    if form == "word2vec" or (form == "word2vec-binary" and re.match(rb"\d{1,12} \d{1,12}\r?\n", start)):
        return "vectors", ()
    tables.refuse_binary(start, place)
    text = decode(start[: len(start) - len(start) % 4] if len(start) == START else start, place, choices.encoding).text
    return _of_text(text, place, suffix, form)


def _array(place: Path) -> tuple[str, tuple[str, ...]]:
    shape = arrays.read_npy(place).shape
    if len(shape) == 1 or (len(shape) == 2 and min(shape) <= 2):
        return "recording", ()
    return ("vectors", ("recording",) if len(shape) == 2 and shape[1] <= 32 and shape[0] > 500 else ())


def _packed(place: Path) -> tuple[str, tuple[str, ...]]:
    try:
        vectors.load(place)
        return "vectors", ("weights",)
    except LabError:
        pass
    found = arrays.read_npz(place) if place.suffix.lower() == ".npz" else {}
    return ("recording", ("weights",)) if signals.columns_of(found) else ("weights", ())


def _of_text(text: str, place: Path, suffix: str, form: str) -> tuple[str, tuple[str, ...]]:
    head = text.lstrip("\ufeff \t\r\n")[:2000]
    if head.startswith("<"):
        return ("network", ()) if re.search(r"<(\w+:)?(graphml|gexf)\b", head) else ("text", ())
    if foreign.form_of(text):
        return "table", ()
    if re.match(r"\*vertices\b", head, re.I):
        return "network", ()
    if head.startswith("{") and suffix in (".json", ".txt", ""):
        return "network", ()
    if suffix == ".gml" or re.match(r"(?s)(\s*#[^\n]*\n|\s*(Creator|Version|comment)\b[^\n]*\n)*\s*graph\s*\[", head):
        return "network", ()
    if suffix in (".md", ".rst", ".tex", ".html", ".htm"):
        return "text", ()
    lines = [line for line in text.split("\n")[:400] if line.strip() and not line.startswith("#")]
    if any(line.startswith(":") and len(line.split()) > 1 for line in lines[:3]):
        return "questions", ()
    dialect = sniff(without_comments(text))
    prose = _is_prose(lines, dialect.separator, suffix)
    if prose:
        return "text", ()
    try:
        found = layout(text, dialect, place)
    except LabError:
        return "text", ()
    cells = _cells(text, dialect, found)
    if not cells:
        return ("table", ()) if suffix in (".csv", ".tsv") else ("text", ())
    width = found.width
    numeric = [k for k in range(width) if sum(is_number(r[k], dialect.decimal) for r in cells) > 0.7 * len(cells)]
    words = [k for k in range(width) if k not in numeric]
    if found.named and graphs.ends_of(found.names) is not None:
        return "network", ("table",)
    if found.named and [tidy(r[0]).lower() for r in cells] == [n.lower() for n in found.names[1:]] and len(cells) > 2:
        return "network", ("table",)  # a table of connections, named along both sides
    if not words and width >= 2 and _is_time(cells, found.names[0] if found.named else "", dialect.decimal):
        return "recording", ("table",)
    if width == 1:
        return ("recording", ()) if numeric else ("text", ())
    if form == "projector":
        return "vectors", ("table",)
    unique = bool(words) and words[0] == 0 and len({r[0] for r in cells}) > 0.95 * len(cells)
    plain = not found.named or all(re.fullmatch(r"\d+|(d|dim|v|x|c|component|feature)[ _.]?\d+", name, re.I) for name in found.names[1:])
    if unique and len(words) == 1 and len(numeric) >= 3 and plain and (len(numeric) >= 5 or not found.named):
        return "vectors", ("table",)
    if len(words) == 1 and words[0] == width - 1 and len(numeric) == 0:
        return "text", ()
    listed = any(all(r[k].strip()[:1] == "[" and r[k].strip()[-1:] == "]" for r in cells[:20]) for k in words)
    if listed:
        return "vectors", ("table",)
    also = (("vectors",) if len(numeric) >= 2 else ()) + (("recording",) if numeric else ())
    whole = not words and not found.named and all(re.fullmatch(r"\d+", c.strip()) for r in cells for c in r[:2])
    if (whole and width == 2) or (not words and not found.named and width == len(cells) > 3):
        also = (*also, "network")  # pairs of numbered nodes, or a square table of connections
    pairs = len(words) == 2 and words == [0, 1] and len(numeric) <= 1 and width <= 3
    return "table", (*also, *(("network", "questions") if pairs else ()))


def _cells(text: str, dialect: Any, found: Any) -> list[list[str]]:
    from itertools import islice

    from lab.data.rows import values

    return [row for _, row in islice(values(text, dialect, found), 300) if len(row) == found.width]


def _is_prose(lines: list[str], separator: str, suffix: str) -> bool:
    """Whether a text is sentences rather than a table: its lines are long and few of its words are numbers."""
    if suffix in (".csv", ".tsv"):
        return False
    words = [w for line in lines[:200] for w in line.split()]
    if not words:
        return True
    numbers = sum(is_number(w.strip(",;\"'()")) for w in words)
    if separator in (",", ";", "\t", "|") and numbers < 0.02 * len(words):
        # Words only: a table of classes has short cells and as many in each line.
        counts = {line.count(separator) for line in lines[:50]}
        return len(counts) > 1 or sum(map(len, lines[:50])) / max(1, len(lines[:50]) * (1 + min(counts))) > 40
    return numbers < 0.2 * len(words) and separator in ("", " ", ",", ":")


def _is_time(cells: list[list[str]], name: str, decimal: str) -> bool:
    """Whether the first column is time: it is called so, or rises by equal steps that are no row numbers."""
    try:
        times = np.array([float(r[0].replace(",", ".") if decimal == "," else r[0]) for r in cells])
    except ValueError:
        return False
    if len(times) < 3 or (np.diff(times) < 0).any() or times[0] == times[-1]:
        return False
    if signals.is_time(name):
        return True
    steps = np.diff(times)
    even = bool(np.allclose(steps, steps[0], rtol=1e-3))
    return (
        len(cells[0]) == 2 and ((even and len(times) >= 20 and steps[0] != 1.0) or ((steps == 0).any() and len(times) < 200)) and not name
    )
