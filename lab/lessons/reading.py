"""From the text of a lesson (TOML) to its value, or one sentence that names file, line, place, value and remedy."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lab import catalog
from lab.data import door, toml
from lab.errors import FileError, LabError, near
from lab.lessons.document import CHAPTERS, DEFAULTS, SEED, Ask, Choice, Doing, Lesson, Range, Step, Wrong
from lab.model import Model
from lab.params.arithmetic import OF_SERIES, FormulaError, parse

LARGEST = 256 << 10  # bytes of a lesson's file
MOST_STEPS = 20
MOST_CONTROLS = 3
LONGEST = 1000  # characters of a sentence
DRAWN = 1_000_000  # most values that a constant may be drawn from
KEYS = ("title", "chapter", "order", "minutes", "source", "about", "step")
STEP = (
    "do", "look", "why", "model", "preset", "set", "seed", "after", "pictures", "controls", "highlight", "done", "solution", "ask", "hints", "slow",
)  # fmt: skip
ASK = ("question", "answer", "unit", "tolerance", "relative", "choices", "wrong", "draw")
DOING = ("set", "do", "with", "at")
_ODD = re.compile(rf"\b({'|'.join(sorted(set(keyword.kwlist) - {'and', 'or', 'not', 'if', 'else', 'True', 'False'}))})\b")  # "fires from"
_COMMA = re.compile(r", (?![^(]*\))")  # "output, even": not one between the values of a function
_UNIT = re.compile(r" \([^()\d]{1,20}\)")  # of a figure's name, "mark (%)"


class LessonError(FileError):
    """A lesson cannot be read or does not play: `line` (from 1), `step` (from 1, 0: the whole) and `key` say where."""

    def __init__(self, place: str, sentence: str, *, line: int = 0, step: int = 0, key: str = ""):
        where = ", ".join(
            part for part in (f"line {line}" if line else "", f"step {step}" if step else "", f"'{key}'" if key else "") if part
        )
        super().__init__(f"{place}{f' ({where})' if where else ''}: {sentence}")
        self.sentence, self.line, self.step, self.key = sentence, line, step, key


def read(path: str | Path) -> Lesson:
    """The lesson in a TOML file; its name is that of the file."""
    text = door.read_text(path, limit=LARGEST, what="a lesson (TOML)")
    return parse_text(text, Path(path).stem, str(path))


def parse_text(text: str, name: str, place: str) -> Lesson:
    """The lesson that a text says."""
    if len(text.encode()) > LARGEST:
        raise LessonError(place, f"a lesson has at most {door.size_text(LARGEST)} of text: make two of it.")
    try:
        data = toml.parse(text)
    except (ValueError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        raise LessonError(place, f"this is not valid TOML: {str(error)[:200]}.", line=int(found.group(1)) if found else 0) from None
    return _Reader(text, place).lesson(data, name)


class _Reader:
    """Knows where in the text everything stands, to say it with what is wrong."""

    def __init__(self, text: str, place: str):
        self.text, self.place = text, place

    # -- where something stands --

    def line(self, step: int, key: str) -> int:
        """The line of a key of a step (0: of the lesson itself); of the step where it has no such key."""
        at, inside, header = 0, "", 0
        wanted = key.split(".")[-1]
        for number, line in enumerate(self.text.splitlines(), 1):
            bare = line.strip()
            if bare.startswith("["):
                inside = bare.strip("[] ")
                if inside == "step" or bare == "[[step]]":
                    at += 1
                if at == step and not header:
                    header = number
                if at == step and inside.split(".")[-1] == wanted:
                    return number
            elif at == step and re.match(rf"['\"]?{re.escape(wanted)}['\"]?\s*=", bare) and (key.startswith("ask.") == ("ask" in inside)):
                return number
        return header

    def wrong(self, sentence: str, step: int = 0, key: str = "") -> LessonError:
        return LessonError(self.place, sentence, line=self.line(step, key), step=step, key=key)

    # -- values of one kind --

    def known(self, data: Any, keys: tuple[str, ...], step: int, key: str, what: str) -> Mapping[str, Any]:
        if not isinstance(data, Mapping):
            raise self.wrong(f"{what} must be a table of keys (got {_shown(data)}).", step, key)
        for name in data:
            if name not in keys:
                raise self.wrong(f"{what} has no key '{name[:40]}': {near(name, keys)}", step, f"{key}.{name}" if key else name)
        return data

    def words(self, data: Mapping[str, Any], key: str, step: int, *, needed: bool = False, prefix: str = "") -> str:
        value = data.get(key, "")
        place = f"{prefix}{key}"
        if not isinstance(value, str) or len(value) > LONGEST:
            raise self.wrong(f"{key} must be text of at most {LONGEST} characters (got {_shown(value)}).", step, place)
        if needed and not value.strip():
            raise self.wrong(f"{key} is missing: write one short sentence.", step, place)
        return " ".join(value.split())

    def number(
        self, data: Mapping[str, Any], key: str, step: int, default: float, *, lo: float = 0.0, hi: float = 1e12, prefix: str = ""
    ) -> float:
        value = data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not lo <= value <= hi:
            raise self.wrong(f"{key} must be a number from {lo:g} to {hi:g} (got {_shown(value)}).", step, f"{prefix}{key}")
        return float(value)

    def several(self, data: Mapping[str, Any], key: str, step: int, most: int, prefix: str = "") -> tuple[Any, ...]:
        value = data.get(key, [])
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or len(value) > most:
            raise self.wrong(f"{key} must be a list of at most {most} (got {_shown(value)}).", step, f"{prefix}{key}")
        return tuple(value)

    def texts(self, data: Mapping[str, Any], key: str, step: int, most: int) -> tuple[str, ...]:
        found = self.several(data, key, step, most)
        if any(not isinstance(v, str) or len(v) > LONGEST for v in found):
            raise self.wrong(f"{key} must be a list of texts of at most {LONGEST} characters.", step, key)
        return found

    def condition(self, text: str, step: int, key: str) -> str:
        """A condition or formula that can be read; whether its names exist, only a run tells."""
        for tried in (text, _ODD.sub("name", _UNIT.sub("", _COMMA.sub("_", text)))) if text else ():
            try:
                parse(tried, (), OF_SERIES)
                break
            except FormulaError as error:
                # A name that is not known yet, or one with a comma in it, which seems to be one value more.
                if error.sentence.startswith("There is no name") or " takes " in error.sentence:
                    break
                problem = str(error)
        else:
            if text:
                raise self.wrong(problem, step, key)
        return text

    # -- the lesson --

    def lesson(self, data: Mapping[str, Any], name: str) -> Lesson:
        self.known(data, KEYS, 0, "", "A lesson")
        title = self.words(data, "title", 0, needed=True)
        chapter = self.words(data, "chapter", 0) or "own"
        if chapter not in CHAPTERS:
            raise self.wrong(f"chapter must be one of the course's (got '{chapter[:40]}'): {near(chapter, CHAPTERS)}", 0, "chapter")
        steps = data.get("step")
        if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_STEPS:
            raise self.wrong(f"a lesson has 1 to {MOST_STEPS} steps, each under a line [[step]].", 0, "step")
        made: list[Step] = []
        model = ""
        for number, each in enumerate(steps, 1):
            step = self.step(each, number, model)
            model = step.model or model
            made.append(step)
        found = Lesson(
            name, title, chapter, tuple(made), int(self.number(data, "order", 0, 500.0)),
            int(self.number(data, "minutes", 0, 10.0, lo=1, hi=600)), self.words(data, "source", 0), self.words(data, "about", 0), self.place,
        )  # fmt: skip
        for number, step in enumerate(made, 1):
            try:
                found.experiment(number - 1, {k: r.lo for k, r in step.ask.draw.items()} if step.ask else None)
            except LabError as error:
                raise self.wrong(f"what it puts in front is refused: {error}", number, "set" if step.changes else "model") from None
        return found

    def step(self, data: Any, number: int, before: str) -> Step:
        self.known(data, STEP, number, "", "A step")
        name = self.words(data, "model", number)
        if name.endswith(".py"):
            raise self.wrong("a lesson shows models of the catalogue only: what a file names is never run.", number, "model")
        try:
            kind = catalog.load(name or before) if name or before else None
        except LabError as error:
            raise self.wrong(str(error), number, "model") from None
        if kind is None:
            raise self.wrong('the first step names its model, for example model = "leaky-integrate-and-fire".', number, "model")
        preset = self.words(data, "preset", number)
        if preset and preset != DEFAULTS and preset not in kind.presets:
            raise self.wrong(f"{kind.name} has no preset '{preset[:60]}': {near(preset, [*kind.presets, DEFAULTS])}", number, "preset")
        changes = self.parameters(data.get("set", {}), kind, number, "set")
        seed = data.get("seed")
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 31):
            raise self.wrong(f"seed must be a whole number from 0 (got {_shown(seed)}).", number, "seed")
        controls = self.texts(data, "controls", number, MOST_CONTROLS)
        for control in controls:
            if control not in kind.specs():
                raise self.wrong(f"{kind.name} has no parameter '{control[:60]}': {near(control, kind.specs())}", number, "controls")
        pictures = self.texts(data, "pictures", number, 4)
        try:
            value = kind(**{**(kind.presets.get(preset, {}) if preset else {}), **changes})
        except LabError as error:
            raise self.wrong(str(error), number, "set") from None
        shown = [p.name for p in value.pictures]
        for picture in pictures:
            if picture not in shown:
                raise self.wrong(f"{kind.name} has no picture '{picture[:60]}': {near(picture, shown)}", number, "pictures")
        highlight = self.words(data, "highlight", number)
        if highlight and highlight not in kind.specs() and highlight not in shown and highlight not in kind.actions():
            raise self.wrong(
                f"highlight names a parameter, an action or a picture of {kind.name} (got '{highlight[:60]}'): "
                f"{near(highlight, [*kind.specs(), *kind.actions(), *shown])}", number, "highlight",
            )  # fmt: skip
        slow = data.get("slow", False)
        if not isinstance(slow, bool):
            raise self.wrong(f"slow must be true or false (got {_shown(slow)}).", number, "slow")
        solution = tuple(self.doing(each, kind, number) for each in self.several(data, "solution", number, 60))
        done = self.condition(self.words(data, "done", number), number, "done")
        return Step(
            self.words(data, "do", number, needed=True), self.words(data, "look", number), self.words(data, "why", number), name, preset, changes, seed,
            self.number(data, "after", number, 0.0), pictures, controls, highlight, done, solution,
            self.ask(data["ask"], kind, number) if "ask" in data else None, self.texts(data, "hints", number, 6), slow,
        )  # fmt: skip

    def parameters(self, data: Any, kind: type[Model], number: int, key: str) -> Mapping[str, Any]:
        if not isinstance(data, Mapping):
            raise self.wrong(f"{key} must be a table of parameters, such as {{ current = 5 }} (got {_shown(data)}).", number, key)
        specs = kind.specs()
        for name in data:
            if name not in specs:
                raise self.wrong(f"{kind.name} has no parameter '{name[:60]}': {near(name, specs)}", number, key)
            if specs[name].kind == "file" and data[name]:
                raise self.wrong(f"{name} is a file of a person's own: a lesson names none.", number, key)
        return dict(data)

    def doing(self, data: Any, kind: type[Model], number: int) -> Doing:
        self.known(data, DOING, number, "solution", "What is done")
        if ("set" in data) == ("do" in data):
            raise self.wrong('each thing that is done has either set = { parameter = value } or do = "action".', number, "solution")
        at = self.number(data, "at", number, 0.0, prefix="solution.")
        if "set" in data:
            return Doing(self.parameters(data["set"], kind, number, "solution"), at=at)
        action = kind.actions().get(data["do"]) if isinstance(data["do"], str) else None
        if action is None:
            raise self.wrong(f"{kind.name} has no action {_shown(data['do'])}: {near(str(data['do']), kind.actions())}", number, "solution")
        if action.outside:
            raise self.wrong(f"{action.name} writes a file, which no lesson does.", number, "solution")
        arguments = data.get("with", {})
        try:
            action.arguments(**arguments)
        except (LabError, TypeError) as error:
            raise self.wrong(f"{action.name}: {error}", number, "solution") from None
        return Doing(action=action.name, arguments=arguments, at=at)

    def ask(self, data: Any, kind: type[Model], number: int) -> Ask:
        self.known(data, ASK, number, "ask", "A question")
        question = self.words(data, "question", number, needed=True, prefix="ask.")
        answer = self.condition(self.words(data, "answer", number, prefix="ask."), number, "ask.answer")
        choices = tuple(
            self.pair(each, number, "choices", ("text", "when", "says"), Choice)
            for each in self.several(data, "choices", number, 8, "ask.")
        )
        if bool(answer) == (len(choices) > 1):
            raise self.wrong("a question has either an answer (a number that the lab computes) or two or more choices.", number, "ask")
        wrong = tuple(self.pair(each, number, "wrong", ("when", "says"), Wrong) for each in self.several(data, "wrong", number, 12, "ask."))
        tolerance = self.number(data, "tolerance", number, 0.0, prefix="ask.")
        relative = self.number(data, "relative", number, 0.0, hi=1.0, prefix="ask.")
        if answer and not (tolerance or relative):
            raise self.wrong("say how far a right answer may be off: tolerance (in its unit) or relative (0.05 is 5 %).", number, "ask")
        draw = data.get("draw", {})
        if not isinstance(draw, Mapping):
            raise self.wrong("draw must be a table such as { current = [5, 12, 0.5] }.", number, "ask.draw")
        ranges = {name: self.range(name, value, kind, number) for name, value in draw.items()}
        for field in re.findall(r"\{(.*?)\}", question):
            if field not in ranges:
                raise self.wrong(f"the question names {{{field[:40]}}}, which is not drawn: {near(field, ranges)}", number, "ask.question")
        return Ask(question, answer, self.words(data, "unit", number, prefix="ask."), tolerance, relative, choices, wrong, ranges)

    def pair(self, data: Any, number: int, key: str, keys: tuple[str, ...], made: Callable[..., Any]) -> Any:
        self.known(data, keys, number, f"ask.{key}", f"Each of {key}")
        found = {k: self.words(data, k, number, needed=k != "says" or made is Wrong, prefix=f"ask.{key}.") for k in keys}
        self.condition(found["when"], number, f"ask.{key}")
        return made(**found)

    def range(self, name: str, value: Any, kind: type[Model], number: int) -> Range:
        spec = kind.specs().get(name)
        if name != SEED and (spec is None or spec.kind not in ("float", "int")):
            raise self.wrong(f"draw: {kind.name} has no number '{name[:60]}': {near(name, [*kind.specs(), SEED])}", number, "ask.draw")
        good = (
            isinstance(value, list) and len(value) == 3 and not any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in value)
        )
        if not good or not value[0] < value[1] or not value[2] > 0 or (value[1] - value[0]) / value[2] > DRAWN:
            raise self.wrong(f"draw: {name} needs [lowest, highest, step], such as [5, 12, 0.5] (got {_shown(value)}).", number, "ask.draw")
        if spec is not None and ((spec.lo is not None and value[0] < spec.lo) or (spec.hi is not None and value[1] > spec.hi)):
            raise self.wrong(f"draw: {name} must stay within {spec.lo:g} to {spec.hi:g} (got {_shown(value)}).", number, "ask.draw")
        return Range(*(float(v) for v in value))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
