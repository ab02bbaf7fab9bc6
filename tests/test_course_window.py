"""The course in a window: strip, start page, progress, answers, and the desk where lessons are written."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt

from lab.lessons.answers import drawn, truth
from lab.lessons.progress import Course
from lab.lessons.shelf import own_folder, shelf
from lab.session import Session
from lab.widgets import filing
from lab.widgets.settings import Settings

NAME = "leaky-cell"


def begin(window, qtbot, number: int = 0):
    lesson = window.course.shelf.lesson(NAME)
    window.course.begin(lesson, number)
    qtbot.waitUntil(lambda: window.player.status.phase == "running", timeout=20_000)
    return lesson


def test_a_step_ticks_itself_off_and_is_kept_with_the_person_and_in_the_session(open_window, qtbot):
    window = open_window("leaky-integrate-and-fire")
    begin(window, qtbot)
    strip = window.course.strip
    assert strip.isVisible() and strip.next.text() == "Skip" and window.document.experiment().parameters == {"current": 1.0}
    window.tuning.change("current", 3.0)
    qtbot.waitUntil(lambda: window.course.record(NAME).step(0).done, timeout=20_000)
    assert strip.next.text() == "Found, next"
    assert Course.from_dict(Settings().get("course", {})).lesson(NAME).step(0).done
    assert Course.from_dict(window.session.document()["course"]).lesson(NAME).step(0).done
    window.tuning.change("current", 3.5)  # any other change of the document keeps it
    assert "course" in window.session.document()


def test_what_was_done_before_the_step_does_not_count(open_window, qtbot):
    window = open_window("leaky-integrate-and-fire")
    window.choose_preset("Regular firing", playing=True)
    qtbot.waitUntil(lambda: window.player.status.summary.get("spikes", 0) > 2, timeout=20_000)
    begin(window, qtbot)
    qtbot.wait(300)
    assert not window.course.record(NAME).step(0).done


def test_closing_the_strip_leaves_the_model_as_it_is(open_window, qtbot):
    window = open_window("leaky-integrate-and-fire")
    begin(window, qtbot)
    window.tuning.change("current", 1.5)
    runner = window.player.runner
    qtbot.mouseClick(window.course.strip.close_button, Qt.MouseButton.LeftButton)
    assert not window.course.strip.isVisible() and window.course.lesson is None
    assert window.player.runner is runner and window.document.experiment().parameters == {"current": 1.5}


def test_an_answer_is_judged_for_the_constants_in_front_and_counted(open_window, qtbot):
    window = open_window("leaky-integrate-and-fire")
    window.course.set_student("ada")
    lesson = begin(window, qtbot, 1)
    constants = drawn(lesson, 1, "ada")
    assert {k: window.document.experiment().parameters[k] for k in constants} == constants
    strip = window.course.strip
    strip.field.setText("much")
    qtbot.mouseClick(strip.give, Qt.MouseButton.LeftButton)
    assert "Write a number" in strip.remark.text() and window.course.mine.lesson(NAME).step(1).tries == 0
    strip.field.setText("99")
    qtbot.mouseClick(strip.give, Qt.MouseButton.LeftButton)
    assert strip.remark.text().startswith("Not right")
    strip.field.setText(f"{truth(lesson, 1, constants).number:.4f} nA")
    qtbot.keyClick(strip.field, Qt.Key.Key_Return)
    record = window.course.mine.lesson(NAME).step(1)
    assert strip.remark.text() == "Right." and record.done and record.right and record.tries == 2


def test_the_way_through_a_lesson_and_on_to_the_next(open_window, qtbot):
    window = open_window("leaky-integrate-and-fire")
    lesson = begin(window, qtbot)
    for number in range(1, len(lesson.steps)):
        window.commands.actions["next-step"].trigger()
        assert window.course.number == number
    window.commands.actions["last-step"].trigger()
    assert window.course.number == len(lesson.steps) - 2
    window.course.next()
    window.course.next()
    assert window.course.lesson is None and "still open" in window.toast.words.text()


def test_the_start_page_shows_the_path_and_where_one_was(open_window, qtbot):
    window = open_window("leaky-integrate-and-fire")
    window.course.show_start()
    page = window.course._start
    assert page.isVisible() and [c.lesson.name for c in page.path.cards] == list(shelf().lessons)
    assert page.next_lesson.name == next(iter(shelf().lessons)) and page.go.text() == "Begin"
    page._drawing.stop()
    begin(window, qtbot)
    assert not page.isVisible()
    window.course.show_start()
    page._drawing.stop()
    assert page.next_lesson.name == NAME and page.go.text() == "Go on" and "Step 1 of" in page.go_words.text()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    window.commands.leave()
    assert not page.isVisible()


@pytest.mark.parametrize("cover", ["the start page", "the sheet of a file"])
def test_what_one_asks_for_is_not_left_behind_what_lies_over_the_stage(open_window, qtbot, cover):
    window = open_window("leaky-integrate-and-fire")

    def covered() -> bool:
        if cover == "the start page":
            window.course.show_start()
            window.course._start._drawing.stop()
            return window.course._start.isVisible()
        window.data.sheet.welcome_file()
        return window.data.sheet.isVisible()

    def still() -> bool:
        return window.course._start.isVisible() if cover == "the start page" else window.data.sheet.isVisible()

    assert covered()
    qtbot.mouseClick(window.bar.panels["neurons"], Qt.MouseButton.LeftButton)  # the panel in front already
    assert not still() and window.document.model == "leaky-integrate-and-fire"
    assert covered()
    window.gallery.preset_chosen.emit("Defaults")
    assert not still()
    assert covered()
    window.gallery.model_chosen.emit("izhikevich")
    assert not still() and window.document.model == "izhikevich"


def test_a_session_brings_its_own_record_and_its_lessons(open_window, qtbot, tmp_path):
    window = open_window("leaky-integrate-and-fire")
    window.course.set_student("ada")
    begin(window, qtbot)
    window.tuning.change("current", 3.0)
    qtbot.waitUntil(lambda: window.course.record(NAME).step(0).done, timeout=20_000)
    window.commands.save_to(str(tmp_path / "ada.lab"))
    window.commands._go_to(filing.new_untitled())
    assert not window.course.mine.lessons and window.course.record(NAME).step(0).done, "the person has it, the new session not"
    with Session.open(tmp_path / "ada.lab") as session:
        assert Course.from_dict(session.document()["course"]).student == "ada"


def test_models_offer_their_lessons(open_window, qtbot):
    window = open_window("leaky-integrate-and-fire")
    menu = window.side.lessons.menu()
    window.side.lessons._fill()
    assert [a.text().split("  (")[0] for a in menu.actions()] == [one.title for one in shelf().of_model("leaky-integrate-and-fire")]
    menu.actions()[0].trigger()
    assert window.course.lesson is not None


def test_a_lesson_of_ones_own_that_is_broken_is_said_and_the_others_are_there(open_window, qtbot):
    window = open_window("leaky-integrate-and-fire")
    own_folder().mkdir(parents=True, exist_ok=True)
    (own_folder() / "broken.toml").write_text("title = 3", "utf-8")
    window.course.read_again()
    window.course.show_start()
    window.course._start._drawing.stop()
    assert "broken.toml" in window.banner.words.text() and NAME in [c.lesson.name for c in window.course._start.path.cards]


def test_a_lesson_is_written_from_what_is_in_front_and_plays(open_window, qtbot):
    window = open_window("leaky-integrate-and-fire", playing=True)
    window.tuning.change("current", 1.0)
    qtbot.waitUntil(lambda: window.player.status.time > 40, timeout=20_000)
    window.course.write()
    desk = window.course._desk
    assert "title" in desk.problem.text() and desk.list.count() == 1, "what is missing is said at once"
    desk.title.setText("Fill the bucket")
    desk.title.textEdited.emit("Fill the bucket")
    assert "do is missing" in desk.problem.text() and desk.do.styleSheet(), "and marked where it is"
    desk.do.setText("Raise the current.")
    window.tuning.change("current", 3.0)
    qtbot.waitUntil(lambda: window.player.status.summary.get("spikes", 0) > 4, timeout=20_000)
    desk.take_solution()
    step = desk.lesson.steps[0]
    assert step.changes == {"current": 1.0} and step.solution[0].changes == {"current": 3.0} and step.done and step.controls == ("current",)
    desk.condition.setText("spikes > ")
    desk.condition.textEdited.emit("")
    assert "Step 1" in desk.problem.text() and desk.condition.styleSheet()
    desk._take_condition("spikes > 2")
    assert not desk.condition.styleSheet()
    desk.check()
    qtbot.waitUntil(lambda: desk.problem.text() == "Every step plays as it says.", timeout=30_000)
    desk._take_condition("spikes >= 0")
    desk.check()
    qtbot.waitUntil(lambda: "before anything is done" in desk.problem.text(), timeout=30_000)
    assert desk.list.item(0).text().endswith("✗")
    desk._take_condition("spikes > 2")
    desk.preview()
    assert window.course.strip.isVisible() and window.course.lesson.title == "Fill the bucket"
    assert not window.course.person.lessons, "a preview is not kept"
    own_folder().mkdir(parents=True, exist_ok=True)
    desk.save_to(str(own_folder() / "fill-the-bucket.toml"))
    assert window.course.shelf.lesson("fill-the-bucket").steps == desk.lesson.steps
    desk.into_session()
    assert "fill-the-bucket" in window.session.document()["lessons"]
    desk.close()


def test_a_lecture_has_a_button_or_a_choice_for_what_its_steps_ask(open_window, qtbot):
    window = open_window("hodgkin-huxley")
    page = window.lecture.page

    def step_of(name, number):
        window.lecture.leave()
        window.course.begin(window.course.shelf.lesson(name), number)
        window.commands.lecture()

    done = []
    step_of("action-potential", 0)
    page.acted.connect(lambda name, given: done.append((name, given)))
    assert list(page.buttons) == ["pulse"] and not page.knobs
    qtbot.keyClick(page, Qt.Key.Key_Return)
    qtbot.mouseClick(page.buttons["pulse"], Qt.MouseButton.LeftButton)
    assert done == [("pulse", {})] * 2
    step_of("compute-with-populations", 2)  # the arguments are those that the step asks for
    qtbot.keyClick(page, Qt.Key.Key_Enter)
    assert done[2:] == [("silence", {"share": 60.0})]
    step_of("the-sigmoid-neuron", 3)
    assert list(page.knobs) == ["function"] and not page.buttons
    page.knobs["function"].show_value("logistic")
    qtbot.keyClick(page, Qt.Key.Key_Down)
    assert page.knobs["function"].value == "tanh" and window.document.experiment().parameters["function"] == "tanh"


def test_a_lesson_is_given_as_a_lecture_with_the_keys_of_a_presenter(open_window, qtbot):
    window = open_window("leaky-integrate-and-fire")
    lesson = begin(window, qtbot)
    before = window.document
    window.commands.lecture()
    page = window.lecture.page
    assert window.lecture.on and page.title.text() == lesson.steps[0].do and list(page.knobs) == ["current"]
    window.tuning.change("current", 3.0)
    qtbot.waitUntil(lambda: page.question.text().startswith("The membrane tends"), timeout=20_000)
    for number in range(1, len(lesson.steps)):
        qtbot.keyClick(page, Qt.Key.Key_Right)
        assert page.title.text() == lesson.steps[number].do
    following = window.course.after(lesson)
    if following is not None:
        qtbot.keyClick(page, Qt.Key.Key_PageDown)
        assert page.title.text() == following.steps[0].do
        qtbot.keyClick(page, Qt.Key.Key_Left)
        assert page.title.text() == lesson.steps[-1].do
    window.lecture.leave()
    assert window.document.experiment() == before.experiment() and window.course.lesson is lesson and window.course.number == 0
