"""The state of an exploration, without a window: a source goes in, points, answers, colours and a table come out."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from test_explorer import Fixed, space

from lab.widgets.embeddings import state as states
from lab.widgets.embeddings.state import AXES, CLUSTER, FALSE, FLAT, SOLID, Exploration

POINTS = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [4, 0], [5, 0], [4, 1], [5, 1]], float)


@pytest.fixture
def state() -> Exploration:
    source = Fixed(space(), POINTS)
    made = Exploration(source.model, source.model.pictures[0].layers[0].stream)
    assert made.read(source)
    made.lay_out()
    return made


def test_the_state_loads_no_qt():
    code = "import sys, lab.widgets.embeddings.state; print(any(m.startswith('PySide6') for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_source_without_a_map_is_said_and_forgotten(state):
    empty = Fixed(space(), POINTS)
    empty.snapshot = lambda stream: None
    assert not state.read(empty) and state.forget() and not state.forget()
    assert state.vectors is None and not len(state.points) and state.facts() == []


def test_a_question_is_answered_or_its_complaint_said_only_if_a_person_asked(state):
    state.ask("king - man + woman")
    assert state.answer.kind == "formula" and state.complaint == ""
    state.ask("nobody")
    assert state.answer is None and "no word 'nobody'" in state.complaint
    state.own, state.answered = False, 0.0
    state.answer_again()
    assert state.complaint == ""
    assert state.pick(4) and state.asked == state.names.words[4] and not state.pick(99)


def test_layouts_place_the_same_points_and_a_wrong_axis_is_a_sentence(state):
    state.layout = SOLID
    assert state.lay_out() == "" and state.points.shape == (8, 3)
    state.layout = FLAT
    state.lay_out()
    assert state.points.shape == (8, 2)
    state.layout, state.axes = AXES, "king - nobody"
    assert "no word 'nobody'" in state.lay_out()
    np.testing.assert_array_equal(state.points, POINTS.astype(np.float32))
    state.axes = "woman - man; pear - apple"
    assert state.axes_shown == state.axes


def test_a_selection_is_isolated_and_what_is_saved_is_what_is_shown(state):
    inside = np.arange(8) >= 4
    state.choose(inside)
    assert state.isolate() and state.shown() == 4 and not state.isolate()
    assert state.shown_vectors().words == state.names.words[4:] and len(state.whole().words) == 8
    names, columns = state.table()
    assert names[0] == "name" and all(len(c) == 4 for c in columns)
    assert state.facts()[0] == "4 of 8 shown"
    mark = state.bookmark()
    state.visible = None
    state.go_to(mark)
    assert state.visible.tolist() == inside.tolist()


def test_the_thread_judges_once_for_each_change_and_clusters_only_when_asked(state):
    state.judge_now(1)
    assert state.judged is not None and state.judged.clusters is None
    state.judge_soon()
    state.judge(1)
    assert state.pending is None, "nothing is new"
    state.colour = CLUSTER
    assert state.colouring() is None
    state.judge_now(2)
    assert state.colouring().names[0] == "cluster 1"
    state.colour = FALSE
    assert state.colouring().values is not None
    assert states.CLUSTER in state.colourings()
