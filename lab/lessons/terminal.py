"""A lesson in a terminal: the steps played with their solutions, the questions asked, and all of it kept as a session."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from lab.api import record_result
from lab.engine.simulation import Result
from lab.errors import LabError
from lab.lessons.answers import drawn, judge, question
from lab.lessons.playing import play, said
from lab.lessons.progress import IN_SESSION, Course, LessonRecord
from lab.lessons.shelf import given
from lab.session import Session


def go_through(name: str, student: str, answers: list[str], output: Path | None, ask: Callable[[str], str] | None) -> int:
    """Print a lesson step by step; answers come from the list, then from `ask`; 1 if one is not right."""
    lesson = given(name)
    record = LessonRecord(at=len(lesson.steps) - 1)
    wrong = 0
    session = Session.create(output, title=lesson.title) if output else None
    try:
        for number, step in enumerate(lesson.steps):
            began = time.monotonic()
            constants = drawn(lesson, number, student)
            print(f"{number + 1}. {step.do}")
            for text in (step.look, step.why):
                if text:
                    print(f"   {text}")
            found = play(step, lesson.experiment(number, constants))
            if step.done:
                print(f"   {'done' if found.after else 'not done'}: {said(step.done, found.bench.known(step.done))}")
            if session is not None:
                bench = found.bench
                begun = bench.experiment.replace(steps=bench.simulation.step)
                record_result(session, begun, Result(bench.simulation, bench.collector, "finished"), f"{lesson.title}, step {number + 1}")
            done = found.after
            if step.ask is not None:
                print(f"   {question(lesson, number, student)}")
                for k, choice in enumerate(step.ask.choices):
                    print(f"      {chr(ord('a') + k)}) {choice.text}")
                given_answer = answers.pop(0) if answers else ask("   your answer: ") if ask else ""
                if given_answer:
                    verdict = judge(lesson, number, constants, given_answer)
                    print(f"   {given_answer}: {'right' if verdict.right else 'not right'}. {verdict.says}".rstrip())
                    wrong += not verdict.right
                    done = done and verdict.right
                    record = record.with_step(number, answers=(given_answer,), right=verdict.right)
                else:
                    done = False
            record = record.with_step(number, done=done, seconds=time.monotonic() - began)
        if session is not None:
            course = Course(student).with_lesson(lesson.name, record)
            session.set_document({"model": lesson.experiment(0).model, IN_SESSION: course.to_dict()})
    finally:
        if session is not None:
            session.close()
    if answers:
        raise LabError(
            f"This lesson asks {sum(s.ask is not None for s in lesson.steps)} questions, and {len(answers)} answers are left over."
        )
    return 1 if wrong else 0
