"""`lab lesson list | show | run | check | mark`: the course without its window."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from lab.commands.options import Json, app, say
from lab.errors import LabError

lesson = App(name="lesson", help="The course: list, read, go through, check and mark lessons.")
app.command(lesson)

Student = Annotated[str, Parameter(help="The word from which your own constants of the questions follow (any word, such as your number).")]


@lesson.command(name="list")
def list_(*, json_: Json = False) -> None:
    """List the lessons by chapter, with their models and minutes."""
    from lab.lessons.document import CHAPTERS
    from lab.lessons.shelf import shelf

    found = shelf()
    if json_:
        data = [
            {
                "name": one.name,
                "title": one.title,
                "chapter": one.chapter,
                "minutes": one.minutes,
                "steps": len(one.steps),
                "models": one.models,
            }
            for one in found.lessons.values()
        ]
        print(json.dumps(data, indent=1, ensure_ascii=False))
        return
    width = max((len(name) for name in found.lessons), default=0)
    for number, (chapter, lessons) in enumerate(found.chapters().items()):
        print(("\n" if number else "") + CHAPTERS[chapter])
        for one in lessons:
            print(f"  {one.name:<{width}}  {one.title}, {one.minutes} min, {len(one.steps)} steps ({', '.join(one.models)})")
    for problem in found.problems:
        say(str(problem))


@lesson.command
def show(
    name: str, *, answers: Annotated[bool, Parameter(negative="", help="Also how each step is solved.")] = False, student: Student = ""
) -> None:
    """Print a lesson: what to do, where to look, why, and its questions."""
    from lab.lessons.answers import question
    from lab.lessons.document import CHAPTERS
    from lab.lessons.shelf import given

    one = given(name)
    print(f"{one.title} ({CHAPTERS[one.chapter]}, {one.minutes} min)")
    if one.about:
        print(one.about)
    for number, step in enumerate(one.steps):
        experiment = one.experiment(number)
        changed = ", ".join(f"{k} = {v}" for k, v in experiment.parameters.items() if len(str(v)) < 60)
        print(f"\n{number + 1}. {step.do}")
        print(f"   in front: {experiment.model}" + (f", {changed}" if changed else ""))
        for word, text in (("look", step.look), ("why", step.why)):
            if text:
                print(f"   {word}: {text}")
        if step.ask is not None:
            print(f"   question: {question(one, number, student)}")
            for k, choice in enumerate(step.ask.choices):
                print(f"      {chr(ord('a') + k)}) {choice.text}")
        if step.done:
            print(f"   done when: {step.done}")
        if answers:
            for doing in step.solution:
                print(f"   solution: {doing.action or ', '.join(f'{k} = {v}' for k, v in doing.changes.items())}")
    if one.source:
        print(f"\nSource: {one.source}")


@lesson.command
def run(
    name: str,
    *,
    student: Student = "",
    answer: Annotated[
        list[str] | None, Parameter(negative="", help="Answers, one for each question in their order; without them you are asked.")
    ] = None,
    output: Annotated[str | None, Parameter(name=["--output", "-o"], help="Session file (.lab) to write, to be handed in.")] = None,
) -> int:
    """Go through a lesson without the window: each step is played with its solution, and you answer the questions."""
    from lab.lessons.terminal import go_through

    return go_through(
        name, student, list(answer or ()), Path(output) if output else None, ask=_ask if sys.stdin and sys.stdin.isatty() else None
    )


def _ask(prompt: str) -> str:
    try:
        return input(prompt)
    except EOFError:
        raise LabError("No answer was given.") from None


@lesson.command
def check(
    *names: str, json_: Json = False, quick: Annotated[bool, Parameter(negative="", help="Leave out the steps that take long.")] = False
) -> int:
    """Play lessons (all, or those named; also .toml files): false before, true after, answers derived; exit code 1 if one fails."""
    from dataclasses import asdict

    from lab.lessons.checking import check as checked
    from lab.lessons.shelf import given, shelf

    found = [] if names else list(shelf().lessons.values())
    problems: list[LabError] = [] if names else list(shelf().problems)
    for name in names:
        try:
            found.append(given(name))
        except LabError as error:
            problems.append(error)
    collected, failed = [], len(problems)
    for problem in problems:
        say(str(problem))
    for one in found:
        if not json_:
            print(one.name)
        for step in checked(one, slow=not quick):
            collected.append(step)
            failed += not step.passed
            if json_:
                continue
            print(f"  {'ok  ' if step.passed else 'FAIL'} {step.step}. {step.what:<60} {step.answer}  {step.seconds:.2f} s", flush=True)
            if step.why:
                say(f"       {one.place}, step {step.step}: {step.why}")
    if json_:
        print(json.dumps([asdict(step) for step in collected], indent=1, ensure_ascii=False))
    elif failed:
        say(f"{failed} of {len(collected) + len(problems)} do not play as they say.")
    return 1 if failed else 0


@lesson.command
def mark(
    *files: str,
    only: Annotated[str, Parameter(help="Only this lesson.")] = "",
    lesson: Annotated[list[str] | None, Parameter(negative="", help="Lessons of your own (.toml) that the sessions are about.")] = None,
    csv: Annotated[bool, Parameter(negative="", help="As CSV, for a spreadsheet.")] = False,
    json_: Json = False,
) -> int:
    """Print a table of sessions handed in; a file that cannot be read is a row that says why, and makes the exit code 1."""
    from dataclasses import asdict

    from lab.lessons import reading
    from lab.lessons.marking import COLUMNS
    from lab.lessons.marking import mark as marked
    from lab.lessons.shelf import shelf

    if not files:
        raise LabError("Name the sessions to mark, for example lab lesson mark *.lab.")
    known = {**shelf().lessons, **{one.name: one for one in map(reading.read, lesson or ())}}
    rows = marked(files, known, only)
    if json_:
        print(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False))
    elif csv:
        import csv as format_

        writer = format_.writer(sys.stdout, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([_plain(cell) for cell in row.row] for row in rows)
    else:
        table = [COLUMNS, *(row.row for row in rows)]
        widths = [min(40, max(len(row[k]) for row in table)) for k in range(len(COLUMNS))]
        for row in table:
            print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0 if all(row.readable for row in rows) else 1


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: a student's word may begin with a sign."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
