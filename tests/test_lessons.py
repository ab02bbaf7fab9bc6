"""Lessons: read, refused with the place, played, asked, answered, kept and marked."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from lab.__main__ import main
from lab.errors import LabError
from lab.lessons import marking
from lab.lessons.answers import drawn, judge, question, truth
from lab.lessons.checking import check
from lab.lessons.playing import play
from lab.lessons.progress import Course, LessonRecord, StepRecord
from lab.lessons.reading import LessonError, parse_text, read
from lab.lessons.shelf import bundled, own_folder, shelf
from lab.lessons.writing import proposals, rounded, to_toml
from lab.session import Session

LESSON = """
title = "Fill it up"
chapter = "cells"

[[step]]
do = "Raise the current until it fires."
model = "leaky-integrate-and-fire"
set = { current = 1.0 }
controls = ["current"]
after = 60
done = "spikes > 1"
solution = [{ set = { current = 3.0 } }]

[[step]]
do = "Work it out."
after = 20
set = { current = 0.0 }
[step.ask]
question = "R is {R}: which current is just enough?"
answer = "(V_th - V_rest) / R"
unit = "nA"
relative = 0.02
draw = { R = [5, 20, 0.5] }
wrong = [{ when = "answer > 1.5 truth", says = "Much less is enough." }]
"""
BOTH = "do = 'x'\nmodel = 'leaky-integrate-and-fire'\n"


def lesson(text: str = LESSON):
    return parse_text(text, "fill", "fill.toml")


@pytest.mark.parametrize("path", bundled(), ids=lambda p: p.stem)
def test_every_lesson_of_the_course_plays_as_it_says(path):
    failed = [f"step {step.step}: {step.why}" for step in check(read(path), slow=False) if not step.passed]
    assert not failed


@pytest.mark.long
@pytest.mark.parametrize("path", bundled(), ids=lambda p: p.stem)
def test_every_slow_step_of_the_course_plays_as_it_says(path):
    failed = [f"step {step.step}: {step.why}" for step in check(read(path)) if not step.passed]
    assert not failed


@pytest.mark.parametrize("path", bundled(), ids=lambda p: p.stem)
def test_every_lesson_is_written_as_a_lesson_is(path):
    one = read(path)
    assert one.title and one.about and one.source and 3 <= len(one.steps) <= 6
    for step in one.steps:
        assert step.look and step.why and (step.done or step.ask), "each step shows something, says why, and the lab sees that it is done"
        assert len(step.do) <= 130 and len(step.look) <= 150 and len(step.why) <= 260, step.do
        assert step.pictures, f"'{step.do}' shows no picture large"


@pytest.mark.parametrize("path", bundled(), ids=lambda p: p.stem)
def test_a_drawn_constant_brings_its_unit_and_the_question_does_not_say_it_again(path):
    one = read(path)
    for number, step in enumerate(one.steps):
        said = question(one, number, "") if step.ask else ""
        assert not re.search(r"\b(\w+) \1\b", said), said


@pytest.mark.parametrize("path", bundled(), ids=lambda p: p.stem)
def test_a_lesson_that_is_written_is_read_again_as_the_same(path):
    one = read(path)
    assert parse_text(to_toml(one), one.name, one.place) == one


def test_conditions_are_proposed_from_what_has_moved():
    model = lesson().experiment(0).build()
    found = proposals(model, {"spikes": 0, "rate (Hz)": 0.0, "CV": 0.3}, {"spikes": 12, "rate (Hz)": 80.0, "CV": 0.29}, [])
    assert found == ["spikes > 6", "rate (Hz) > 40"]
    assert [rounded(v) for v in (0.3, 12.0, 50.0, 51.0, 0.0)] == [0.5, 20.0, 50.0, 100.0, 0.0]


def test_a_condition_that_is_true_before_anything_is_done_fails():
    found = list(check(lesson(LESSON.replace('"spikes > 1"', '"spikes >= 0"'))))
    assert not found[0].passed and "before anything is done" in found[0].why


def test_a_solution_that_does_not_do_it_fails_and_says_what_came_out():
    found = list(check(lesson(LESSON.replace("{ current = 3.0 }", "{ current = 1.5 }"))))
    assert not found[0].passed and "spikes 0" in found[0].why


def test_a_misspelt_name_fails_and_says_what_is_near():
    found = list(check(lesson(LESSON.replace('"spikes > 1"', '"spkes > 1"'))))
    assert not found[0].passed and "spikes" in found[0].why


def test_a_step_goes_on_from_what_the_steps_before_it_left():
    one = lesson()
    assert one.experiment(0).parameters == {"current": 1.0}
    assert one.experiment(1, {"R": 7.5}).parameters == {"current": 0.0, "R": 7.5}
    kept = lesson(LESSON.replace("set = { current = 0.0 }\n", ""))
    assert kept.experiment(1).parameters == {"current": 3.0}, "as its solution left it"


@pytest.mark.parametrize(
    "change, words",
    [
        (("title", "titel"), ["fill.toml (line 2, 'titel')", "did you mean 'title'"]),
        (('chapter = "cells"', 'chapter = "cellar"'), ["line 3", "cellar", "'cells'"]),
        (("leaky-integrate-and-fire", "leaky-integrate"), ["line 7, step 1, 'model'", "leaky-integrate-and-fire"]),
        (('"leaky-integrate-and-fire"', '"mine.py"'), ["step 1, 'model'", "never run"]),
        (("set = { current = 1.0 }", "set = { curent = 1.0 }"), ["line 8, step 1, 'set'", "did you mean 'current'"]),
        (("set = { current = 1.0 }", "set = { current = 1e9 }"), ["line 8, step 1, 'set'", "must be at most 1000"]),
        (("set = { current = 1.0 }", 'set = { file = "/etc/passwd" }'), ["step 1, 'set'", "file of a person's own"]),
        (('"spikes > 1"', '"spikes >"'), ["line 11, step 1, 'done'", "cannot be read"]),
        (('"spikes > 1"', "\"__import__('os')\""), ["step 1, 'done'", "no function '__import__'"]),
        (('"spikes > 1"', '"spikes.real > 1"'), ["step 1, 'done'", "Only numbers"]),
        (('controls = ["current"]', 'controls = ["a", "b", "c", "d"]'), ["line 9, step 1, 'controls'", "at most 3"]),
        (("[{ set = { current = 3.0 } }]", '[{ do = "puls" }]'), ["line 12, step 1, 'solution'", "did you mean 'pulse'"]),
        (("relative = 0.02", ""), ["step 2, 'ask'", "tolerance"]),
        (("draw = { R = [5, 20, 0.5] }", "draw = { R = [5, 20] }"), ["line 23, step 2, 'ask.draw'", "[lowest, highest, step]"]),
        (("draw = { R = [5, 20, 0.5] }", "draw = { Q = [5, 20, 1] }"), ["line 23, step 2", "no number 'Q'"]),
        (("question = \"R is {R}", 'question = "R is {S}'), ["line 19, step 2, 'ask.question'", "{S}"]),
        (('title = "Fill', "title = Fill"), ["line 2", "not valid TOML"]),
        (("[[step]]", "[[stepp]]"), ["'stepp'", "did you mean 'step'"]),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_line_place_value_and_remedy(change, words):
    with pytest.raises(LessonError) as caught:
        lesson(LESSON.replace(*change))
    for word in words:
        assert word in str(caught.value)


def test_a_student_has_constants_of_their_own_and_always_the_same():
    one = lesson()
    all_of_them = {drawn(one, 1, f"student {k}")["R"] for k in range(60)}
    assert len(all_of_them) > 15 and min(all_of_them) >= 5 and max(all_of_them) <= 20
    assert drawn(one, 1, "Ada  L") == drawn(one, 1, "ada l"), "a space or a capital letter more is the same person"
    assert drawn(one, 1, "ada") == {"R": 6.5}, "the same on every machine: marking derives them again"
    assert question(one, 1, "ada") == "R is 6.5 MΩ: which current is just enough?"


def test_an_answer_is_derived_for_its_constants_and_judged_with_unit_comma_and_remark():
    one, constants = lesson(), {"R": 8.0}
    assert truth(one, 1, constants).number == 2.5
    for text in ("2.5", "2,5", "2.52 nA", " 2.45nA "):
        assert judge(one, 1, constants, text).right
    assert judge(one, 1, constants, "2.7").says == "It is less."
    assert judge(one, 1, constants, "20").says == "Much less is enough."
    with pytest.raises(LabError, match="Write a number in nA"):
        judge(one, 1, constants, "much")
    with pytest.raises(LabError, match="in nA"):
        judge(one, 1, constants, "2.5 mA")


CHOICES = """
title = "c"
[[step]]
do = "Look."
model = "leaky-integrate-and-fire"
after = 50
[step.ask]
question = "Does it fire?"
choices = [{ text = "yes", when = "spikes > 0" }, { text = "no", when = "%s", says = "Look again." }]
"""


def test_exactly_one_choice_is_right_in_the_run():
    one = lesson(CHOICES % "spikes = 0")
    assert judge(one, 0, {}, "a").right and judge(one, 0, {}, "Yes").right
    assert judge(one, 0, {}, "b").says == "Look again."
    with pytest.raises(LabError, match="more than one"):
        truth(lesson(CHOICES % "spikes > 1"), 0, {})


def test_the_solution_is_done_in_a_run_that_goes_on_or_in_a_new_one_where_it_must():
    live = play(lesson().steps[0], lesson().experiment(0))
    assert live.after and not live.before and live.bench.simulation.step == 2 * 60 / 0.05
    new = lesson(LESSON.replace("{ current = 3.0 }", "{ current = 3.0, dt = 0.1 }"))
    assert play(new.steps[0], new.experiment(0)).bench.simulation.step == 60 / 0.1


def test_own_lessons_and_those_of_a_session_stand_beside_the_course():
    own_folder().mkdir(parents=True)
    (own_folder() / "mine.toml").write_text(LESSON.replace('chapter = "cells"\n', ""), "utf-8")
    (own_folder() / "battery.toml").write_text(LESSON, "utf-8")
    (own_folder() / "broken.toml").write_text("title = 3", "utf-8")
    found = shelf({"lessons": {"theirs": LESSON, "odd": 5}})
    assert found.lesson("mine").chapter == "own" and found.lesson("theirs").title == "Fill it up"
    assert found.lesson("battery").title == "The battery" and found.lesson("own-battery").title == "Fill it up"
    assert len(found.problems) == 1 and "broken.toml" in str(found.problems[0])
    with pytest.raises(LabError, match="did you mean 'mine'"):
        found.lesson("minee")


def test_progress_survives_json_and_strangers():
    course = Course("Ada").with_lesson("fill", LessonRecord(1).with_step(1, done=True, answers=("2", "2.5"), right=True, seconds=12.3))
    assert Course.from_dict(json.loads(json.dumps(course.to_dict()))) == course
    assert course.lesson("fill").step(1).tries == 2 and course.last == "fill"
    odd = {
        "student": 5,
        "lessons": {"a": {"at": -1, "steps": {"x": 1, "0": {"done": 1, "answers": [3, "z"], "seconds": float("nan")}}}, "b": 4},
    }
    assert Course.from_dict(odd).lessons == {"a": LessonRecord(0, {0: StepRecord(answers=("z",))})}
    assert Course.from_dict([1]) == Course()


def handed_in(path, student: str, answer: str, lied: bool = False) -> None:
    record = LessonRecord(1).with_step(0, done=True, seconds=60.0).with_step(1, done=True, answers=("1", answer), right=lied, seconds=30.0)
    with Session.create(path) as session:
        run = session.add_run("fill", {"model": "leaky-integrate-and-fire", "parameters": {"current": 3.0}, "seed": 0})
        session.append_log(run, 5, "change", "", {"V_th": -55.0})
        session.set_document({"course": Course(student).with_lesson("fill", record).to_dict()})


def test_marking_derives_every_answer_again_and_no_file_stops_it(tmp_path):
    one, files = lesson(), []
    for k in range(40):
        student = f"student {k}"
        right = truth(one, 1, drawn(one, 1, student)).number
        handed_in(tmp_path / f"{k:02}.lab", student, f"{right * (1.0 if k % 2 else 1.3):.4f}", lied=True)
        files.append(tmp_path / f"{k:02}.lab")
    (tmp_path / "damaged.lab").write_bytes((tmp_path / "00.lab").read_bytes()[:3000])
    (tmp_path / "foreign.lab").write_text("not a session at all", "utf-8")
    rows = marking.mark([*files, tmp_path / "damaged.lab", tmp_path / "foreign.lab", tmp_path / "gone.lab"], {"fill": one})
    assert [row.right for row in rows[:40]] == [k % 2 for k in range(40)], "what the file says of itself does not count"
    assert rows[0].row == ("00.lab", "student 0", "fill", "2 of 2", "0 of 1", "2", "2", "current, V_th", "")
    assert [row.readable for row in rows[40:]] == [False] * 3 and all(row.remark for row in rows[40:])
    assert marking.mark([files[0]], {})[0].remark.startswith("this lesson is not known here")


def test_marks_are_printed_as_a_table_and_as_csv_that_no_spreadsheet_runs(tmp_path, capsys):
    (tmp_path / "fill.toml").write_text(LESSON, "utf-8")
    handed_in(tmp_path / "a.lab", '=HYPERLINK("x")', "2")
    assert main(["lesson", "mark", str(tmp_path / "a.lab"), "--lesson", str(tmp_path / "fill.toml"), "--csv"]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == list(marking.COLUMNS) and rows[1][1] == '\'=HYPERLINK("x")'
    assert main(["lesson", "mark", str(tmp_path / "a.lab"), str(tmp_path / "no.lab"), "--lesson", str(tmp_path / "fill.toml")]) == 1
    assert "2 of 2" in capsys.readouterr().out


def test_a_lesson_is_gone_through_in_a_terminal_and_handed_in(tmp_path, capsys):
    (tmp_path / "fill.toml").write_text(LESSON, "utf-8")
    one = read(tmp_path / "fill.toml")
    right = f"{truth(one, 1, drawn(one, 1, 'ada')).number:.4f}"
    out = tmp_path / "ada.lab"
    assert main(["lesson", "run", str(tmp_path / "fill.toml"), "--student", "ada", "--answer", right, "-o", str(out)]) == 0
    assert "done: spikes" in capsys.readouterr().out
    row = marking.mark([out], {"fill": one})[0]
    assert (row.student, row.done, row.right, row.tries) == ("ada", 2, 1, 1)
    assert Session.check(out) == []
    assert main(["lesson", "run", str(tmp_path / "fill.toml"), "--answer", "9"]) == 1
    assert main(["lesson", "run", str(tmp_path / "fill.toml"), "--answer", "9", "--answer", "9"]) == 2


def test_commands_list_show_and_check(tmp_path, capsys):
    assert main(["lesson", "list"]) == 0
    assert "battery" in capsys.readouterr().out
    assert main(["lesson", "show", "leaky-cell", "--student", "ada", "--answers"]) == 0
    shown = capsys.readouterr().out
    assert "solution: current = 2.5" in shown and "{" not in shown.split("Source")[0].split("4.")[0].replace("in front: ", "").replace(
        "{current", ""
    )
    (tmp_path / "wrong.toml").write_text(LESSON.replace("{ current = 3.0 }", "{ current = 1.5 }"), "utf-8")
    assert main(["lesson", "check", str(tmp_path / "wrong.toml")]) == 1
    assert "step 1" in capsys.readouterr().err
    assert main(["lesson", "check", "leaky-cell", "--json"]) == 0
    assert all(step["passed"] for step in json.loads(capsys.readouterr().out))
