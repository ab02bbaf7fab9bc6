"""The explorer of vectors: its questions and colours without a window, then what a person does with the mouse and keys."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from lab.embedding import exploration as explore
from lab.embedding.exploration import Bookmark
from lab.embedding.pca import principal_components
from lab.embedding.raster import project
from lab.embedding.vectors import Vectors
from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.model import Clock, Layer, Model, Picture, Stream

WORDS = ("king", "queen", "man", "woman", "apple", "pear", "plum", "chair")


def space() -> Vectors:
    """Gender and royalty as two numbers, fruit as a third."""
    rows = [[1, 1, 0, 0], [-1, 1, 0, 0], [1, 0.1, 0, 0.1], [-1, 0.1, 0, 0.1], [0, 0, 1, 0.1], [0, 0, 1, 0.2], [0.1, 0, 1, 0], [0, 0, 0, 1]]
    return Vectors(WORDS, np.array(rows, np.float32), np.array([8, 7, 6, 5, 4, 3, 2, 1]))


# -- questions --


def test_a_word_gives_its_neighbours_by_cosine_or_by_distance():
    vectors = space()
    found = explore.answer(vectors, "apple", 2)
    assert found.kind == "word" and [vectors.words[r] for r, _ in found.found] == ["pear", "plum"]
    cosine = vectors.unit[5] @ vectors.unit[4]
    assert found.found[0][1] == pytest.approx(float(cosine))
    near = explore.answer(vectors, "apple", 7, "euclidean")
    distance = np.linalg.norm(vectors.matrix - vectors.matrix[4], axis=1)
    np.testing.assert_allclose([d for _, d in near.found], np.sort(distance)[1:], rtol=1e-6)
    np.testing.assert_allclose([distance[r] for r, _ in near.found], np.sort(distance)[1:], rtol=1e-6)
    assert "distance" in near.note and "cosine" in found.note


@pytest.mark.parametrize("text", ["king - man + woman", "man : king :: woman", "man: king :: woman : ?"])
def test_a_formula_and_an_analogy_are_the_same_question(text):
    found = explore.answer(space(), text)
    assert found.kind == "formula" and WORDS[found.found[0][0]] == "queen"
    assert {WORDS[r] for r, _ in found.found} & {"king", "man", "woman"} == set()


def test_words_with_commas_ask_for_the_odd_one_out():
    found = explore.answer(space(), "apple, pear, chair, plum")
    assert found.kind == "odd" and found.title == "chair is the odd one out" and WORDS[found.found[-1][0]] == "chair"


@pytest.mark.parametrize(
    ("text", "said"),
    [("kingg", "no word 'kingg'"), ("", "Nothing is asked"), ("king + + queen", "not understood"), ("apple, pear", "at least 3")],
)
def test_what_cannot_be_answered_is_one_sentence(text, said):
    with pytest.raises(LabError, match=said):
        explore.answer(space(), text)


def test_a_name_that_looks_like_a_formula_is_a_name_first():
    vectors = Vectors(("a-b", "3 (#17)", "c"), np.eye(3, dtype=np.float32))
    assert explore.answer(vectors, "a-b").rows == (0,) and explore.answer(vectors, "3 (#17)").rows == (1,)


# -- trails --


def test_on_a_linear_map_the_trail_is_the_sum_of_the_vectors():
    rng = np.random.default_rng(0)
    vectors = Vectors(tuple(f"w{k}" for k in range(60)), rng.normal(size=(60, 6)).astype(np.float32))
    points = principal_components(vectors.unit)[0]
    asked = explore.answer(vectors, "w1 - w2 + w3")
    walk = explore.trail(vectors, points, asked)
    middle = vectors.unit.mean(0)
    directions = principal_components(vectors.unit)[1]
    end = (vectors.unit[1] - vectors.unit[2] + vectors.unit[3] - middle) @ directions.T
    np.testing.assert_allclose(walk[0], points[1], atol=1e-4)
    np.testing.assert_allclose(walk[1], end, atol=1e-4)
    np.testing.assert_allclose(walk[-1], points[asked.found[0][0]])
    assert explore.exchanged(asked) == [(2, 3)]


def test_on_a_map_that_is_not_linear_the_trail_goes_from_word_to_word():
    rng = np.random.default_rng(0)
    vectors = Vectors(tuple(f"w{k}" for k in range(60)), rng.normal(size=(60, 6)).astype(np.float32))
    points = rng.normal(size=(60, 2))
    assert explore.affine(vectors.unit, points) is None
    asked = explore.answer(vectors, "w1 - w2 + w3")
    np.testing.assert_array_equal(explore.trail(vectors, points, asked), points[[1, 2, 3, asked.found[0][0]]])


# -- colours, axes, clusters --


def test_a_column_of_few_texts_becomes_classes_and_one_of_many_numbers_a_ramp():
    few = explore.by_column("kind", ["b", "a", "other", "b"])
    assert few.names == ("a", "b", "other") and few.classes is not None and few.classes.tolist() == [1, 0, 2, 1]
    many = explore.by_column("x", [str(k / 7) for k in range(50)])
    assert many.values is not None and many.values[7] == pytest.approx(1.0)
    words = explore.by_column("w", [f"t{k}" for k in range(50)] + ["t3"])
    assert words.classes is not None and len(words.names) == explore.MOST_CLASSES and words.names[-1] == "other" and words.names[0] == "t3"


def test_clusters_find_bundles_of_directions():
    rng = np.random.default_rng(1)
    bundle = np.repeat(np.arange(4), 50)
    x = 5 * np.eye(4, 8)[bundle] + 0.3 * rng.normal(size=(200, 8))
    unit = Vectors(tuple(map(str, range(200))), x).unit
    found = explore.clusters(unit, 4)
    assert all(len(set(found[bundle == k])) == 1 for k in range(4)) and len(set(found)) == 4


def test_axes_place_words_by_their_cosine_with_each():
    vectors = space()
    placed = explore.on_axes(vectors, 8, "king - queen; apple")
    axis = vectors.unit[0] - vectors.unit[1]
    np.testing.assert_allclose(placed[:, 0], vectors.unit @ (axis / np.linalg.norm(axis)), atol=1e-6)
    np.testing.assert_allclose(placed[:, 1], vectors.unit @ vectors.unit[4], atol=1e-6)
    with pytest.raises(LabError, match="No axis"):
        explore.on_axes(vectors, 8, " ; ")


def test_bookmarks_come_back_and_a_strangers_text_does_no_harm():
    marks = (Bookmark("here", "pca3", (1.0, 2.0, 3.0), 4.0, 0.1, 0.2, "group", "", "king", (1, 5)), Bookmark("there"))
    assert explore.bookmarks_from_text(explore.bookmarks_to_text(marks)) == marks
    assert explore.bookmarks_to_text(()) == "" and explore.bookmarks_from_text("") == ()
    for text in (
        "{",
        "7",
        '["a", {"name": 3}, {"name": "x", "scale": "much"}, {"name": "x", "scale": -1}, {"name": "x", "centre": 5}, {"name": "x", "other": 1}]',
    ):
        assert explore.bookmarks_from_text(text) == ()
    assert explore.bookmarks_from_text('[{"name": "x", "scale": NaN}]') == ()


# -- the network's own vectors --


def test_the_decoded_places_are_what_the_whole_autoencoder_says_of_the_same_examples():
    from lab.models.learning.autoencoder import Autoencoder

    simulation = Simulation(Autoencoder(hidden="16", code=2, epochs=1), 0)
    simulation.advance(20)
    model, constants, state = simulation.model, simulation.constants, simulation.state
    x = constants.material.test_x[:9]
    codes = model.codes(constants, model.tape_state(constants, state), x)
    np.testing.assert_array_equal(model.decode(constants, state, codes), model.predict(constants, state, x))
    np.testing.assert_allclose(simulation.observe("vectors")[:9], codes, atol=1e-6)
    simulation.act("decode_path", path=[codes[0].tolist(), codes[1].tolist()])
    walk = simulation.observe("decoded path")
    np.testing.assert_allclose(walk[[0, -1]].reshape(2, -1), model.predict(constants, state, x[:2]), atol=1e-5)
    half = model.decode(constants, state, ((codes[0] + codes[1]) / 2)[None])
    places = np.linspace(codes[0], codes[1], len(walk))
    np.testing.assert_allclose(walk.reshape(len(walk), -1), model.decode(constants, state, places), atol=1e-5)
    assert np.abs(half).max() > 0


@pytest.mark.parametrize("which", ["mlp", "cnn"])
def test_the_vectors_of_a_layer_are_its_values_for_the_test_examples(which):
    from lab import catalog

    simulation = Simulation(catalog.load(which)(epochs=1), 0)
    c, tape = simulation.constants, simulation.model.tape_state(simulation.constants, simulation.state)
    node = c.stages[-2].value
    x = c.material.test_x
    np.testing.assert_array_equal(simulation.observe("vectors"), c.program.forward(tape, node, x=x).reshape(len(x), -1))
    assert len(simulation.observe("names")) == len(x) == len(simulation.observe("features")) == len(simulation.observe("vector inputs"))
    simulation.change(layer=len(c.stages))
    assert simulation.observe("vectors").shape == (len(x), 10)


# -- in the window --


class Places(Model):
    """A model with a map of the eight words."""

    name = "places"

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "step", physical=False)

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (Stream("map", "cloud", channels=("x", "y")), Stream("vectors", "image"), Stream("names", "table"))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (Picture("map", "Map", (Layer("map"),)),)


class Fixed:
    """A source whose map and vectors a test sets."""

    def __init__(self, vectors: Vectors, points: np.ndarray):
        self.model, self.version, self.step, self.summary = Places(), 1, 1, {}
        names = [
            {"name": w, "count": int(c), "kind": "fruit" if 4 <= k < 7 else "other"}
            for k, (w, c) in enumerate(zip(vectors.words, vectors.counts, strict=True))
        ]
        self.shown = {"map": points, "vectors": vectors.matrix, "names": names}

    def snapshot(self, stream: str):
        return self.shown.get(stream)

    last = snapshot

    def labels(self, stream: str) -> tuple[str, ...]:
        return ()


@pytest.fixture
def explorer(qtbot):
    from lab.widgets import theme
    from lab.widgets.application import offscreen_application as application
    from lab.widgets.embeddings.explorer import ExplorerView
    from lab.widgets.pictures import make

    theme.apply(application(), "dark")
    points = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [4, 0], [5, 0], [4, 1], [5, 1]], float)
    source = Fixed(space(), points)
    view = make(source.model.pictures[0], source.model)
    assert isinstance(view, ExplorerView)
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.show()
    view.refresh(source, force=True)
    return view, source


def pixel(view, row):
    from PySide6.QtCore import QPoint

    x, y = project(view.canvas.scene.points[[row]], view.canvas.view)[0][:2]
    return QPoint(round(float(x)), round(float(y)))


def test_a_click_on_a_point_lists_its_neighbours_and_one_beside_them_clears(explorer, qtbot):
    from PySide6.QtCore import QPoint, Qt

    view, _ = explorer
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=pixel(view, 4))
    assert view.state.asked == "apple" and [name for _, name, _ in view.panel.answers.rows()][:2] == ["pear", "plum"]
    assert view.canvas.scene.focus == (4,) and view.canvas.scene.marked[:2] == (5, 6)
    assert "count 4" in view.panel.facts.text()
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    assert view.state.asked == "" and view.canvas.scene.focus == ()


def test_a_searched_word_comes_into_the_middle_and_an_unknown_one_is_explained(explorer, qtbot):
    from PySide6.QtCore import Qt

    view, _ = explorer
    view.panel.field.setText("plum")
    qtbot.keyClick(view.panel.field, Qt.Key.Key_Return)
    at = pixel(view, 6)
    assert abs(at.x() - view.canvas.width() / 2) < 2 and abs(at.y() - view.canvas.height() / 2) < 2
    view.ask("plumm")
    assert not view.panel.error.isHidden() and "no word 'plumm'" in view.panel.error.text()


def test_neighbours_change_with_the_vectors(explorer):
    view, source = explorer
    view.ask("apple")
    moved = space().matrix.copy()
    moved[7] = moved[4]
    source.shown["vectors"], source.version = moved, 2
    view.state.answered = 0.0
    view.refresh(source)
    assert view.panel.answers.rows()[0][1] == "chair"


def test_a_lasso_selects_isolates_and_clears_and_says_how_many(explorer, qtbot):
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    view, _ = explorer
    view._tool("lasso")
    a, b = pixel(view, 4), pixel(view, 7)
    left, right, top, bottom = min(a.x(), b.x()) - 20, max(a.x(), b.x()) + 20, min(a.y(), b.y()) - 20, max(a.y(), b.y()) + 20
    corners = [QPoint(left, top), QPoint(right, top), QPoint(right, bottom), QPoint(left, bottom)]
    QTest.mousePress(view.canvas, Qt.MouseButton.LeftButton, pos=corners[0])
    for corner in corners[1:]:
        QTest.mouseMove(view.canvas, corner)
    QTest.mouseRelease(view.canvas, Qt.MouseButton.LeftButton, pos=corners[-1])
    assert view.state.chosen is not None and np.flatnonzero(view.state.chosen).tolist() == [4, 5, 6, 7]
    assert view.line.text().startswith("4 selected: apple, pear")
    qtbot.keyClick(view.canvas, Qt.Key.Key_I)
    assert view.caption.startswith("4 of 8 shown")
    names, columns = view.table()
    assert names[0] == "name" and list(columns[0]) == ["apple", "pear", "plum", "chair"]
    view.clear()
    assert view.caption.startswith("all 8 shown") and view.state.chosen is None


def test_edges_join_the_point_to_its_true_neighbours(explorer):
    view, _ = explorer
    view.pick(4)
    assert not len(view.canvas.scene.edges)
    view.buttons["edges"].click()
    edges = view.canvas.scene.edges
    assert (edges[:, 0] == 4).all() and set(edges[:, 1]) == {0, 1, 2, 3, 5, 6, 7}


def test_axes_and_components_lay_the_same_vectors_out_otherwise(explorer):
    view, _ = explorer
    view.axes.setText("king - queen; apple")
    view.set_layout("axes")
    np.testing.assert_allclose(view.state.points, explore.on_axes(space(), 8, "king - queen; apple"), atol=1e-6)
    view.axes.setText("king - nobody")
    view._lay_out_again()
    assert "no word 'nobody'" in view.line.text()
    view.set_layout("pca3")
    assert view.state.points.shape == (8, 3)
    before = view.canvas.view.yaw
    view.canvas.look(view.canvas.view.turned(0.5, 0.1))
    assert view.canvas.view.yaw == pytest.approx(before + 0.5)


def test_a_map_is_judged_against_its_vectors(explorer):
    from lab.embedding.neighbours import honesty, truth

    view, source = explorer
    view.finish_judging()
    known = truth(space().unit)
    assert view.state.judged is not None and view.state.judged.trustworthiness == pytest.approx(
        honesty(source.shown["map"], known, 10).trustworthiness
    )
    assert "trustworthiness" in view.caption and f"{100 * view.state.judged.recall:.0f} % of neighbours true" in view.caption
    view.set_colour("how false")
    assert view.legend.scale is not None
    view.set_colour("cluster")
    view.finish_judging()
    assert len(view.legend.classes) >= 2


def test_bookmarks_keep_the_view_and_undo_takes_them_back(explorer, qtbot):
    from lab.widgets.document import Document
    from lab.widgets.history import History

    view, _ = explorer
    history = History(Document())
    view.bookmarked.connect(lambda text, done: history.replace(history.document.replace(bookmarks={"places": text}), done))
    history.changed.connect(lambda before, after: view.set_bookmarks(after.bookmarks.get("places", "")))
    view.ask("apple")
    view.choose(np.arange(8) >= 4)
    view.isolate()
    view.canvas.look(view.canvas.view.zoomed(2.0, 100, 100))
    kept = view.canvas.view
    view.keep()
    assert view.panel.marks.item(0).text() == "apple" and history.stack.undoText() == "Bookmark apple"
    view.clear()
    view.places.go(0)
    assert view.state.asked == "apple" and view.state.visible is not None and view.state.visible.sum() == 4
    assert view.canvas.view.centre == pytest.approx(kept.centre) and view.canvas.view.scale == pytest.approx(kept.scale)
    view.panel.marks.item(0).setText("fruit")
    assert view.places.marks[0].name == "fruit"
    history.stack.undo()
    assert view.places.marks[0].name == "apple"
    history.stack.undo()
    assert view.places.marks == () and view.panel.marks.count() == 0
    data = Document(bookmarks={"word2vec": "[]"}).to_dict()
    assert Document.from_dict(data)[0].bookmarks == {"word2vec": "[]"}


def test_the_map_is_exported_with_its_legend_and_redrawn_in_another_theme(explorer, tmp_path):
    from lab.widgets import theme
    from lab.widgets.application import offscreen_application as application

    view, _ = explorer
    for name in ("map.png", "map.svg", "map.csv"):
        assert view.export(tmp_path / name).stat().st_size > 100
    before = view.canvas.scene.colours.copy()
    theme.apply(application(), "light")
    assert (view.canvas.scene.colours != before).any()


def test_names_of_another_run_are_never_shown(explorer):
    view, source = explorer
    other = Fixed(space(), source.shown["map"])
    del other.shown["names"]
    view.ask("apple")
    view.refresh(other)
    assert view.canvas.scene.names == () and view.state.answer is None and "names" in view.wanted
    other.shown["names"], other.version = [{"name": f"x{k}"} for k in range(8)], 2
    view.refresh(other)
    assert view.canvas.scene.names[0] == "x0" and "no word 'apple'" in view.panel.error.text()
    del other.shown["map"]
    other.version = 3
    view.refresh(other)
    assert not len(view.canvas.scene.points) and view.caption == ""


def test_a_hidden_explorer_computes_nothing(explorer):
    view, source = explorer
    holder = view.window()
    assert holder is view
    from PySide6.QtWidgets import QWidget

    window = QWidget()
    view.setParent(window)
    window.show()
    view.hide()
    source.shown["map"], source.version = source.shown["map"] * 2, 5
    assert not view.refresh(source) and view.state.points.max() == 5
    view.show()
    view.refresh(source)
    assert view.state.points.max() == 10
    view.setParent(None)
    window.deleteLater()


def test_a_past_place_of_a_run_is_asked_with_the_vectors_it_had_then(tmp_path):
    from lab.display.sources import RecordedSource
    from lab.engine.experiment import Experiment
    from lab.engine.recording import Recorder
    from lab.session import Session

    experiment = Experiment("word2vec", parameters={"tokens": 4000, "epochs": 2, "size": 8, "score_every": 0})
    model = experiment.build()
    simulation = Simulation(model, 0)
    with Session.create(tmp_path / "run.lab") as session:
        recorder = Recorder(session, "run", experiment, simulation, {"map": 1, "frames": 1})
        for _ in range(4):
            block = simulation.advance(1)
            block.snapshots |= {name: simulation.observe(name) for name in ("map", "frames")}
            recorder.take(block)
            if simulation.step == 2:
                then = simulation.observe("frames").copy()
        recorder.finish(simulation, "stopped", "")
        session.flush()
        source = RecordedSource(session.reader(), recorder.run_id, 2)
        assert source.snapshot("names") is None and source.last("names")[0]["name"] == simulation.constants.corpus.words[0]
        np.testing.assert_array_equal(source.snapshot("frames"), then)
        assert source.snapshot("vectors") is None and len(source.last("vectors")) == len(simulation.constants.corpus.words)


def test_a_file_of_questions_or_of_judged_pairs_is_answered_and_answered_again_when_the_vectors_move(explorer, tmp_path, qtbot):
    view, source = explorer
    file = tmp_path / "questions.txt"
    file.write_text(": fruit\napple pear apple pear\n: unknown\nman woman wizard witch\n")
    view.ask(str(file))
    qtbot.waitUntil(lambda: view.refresh(source) and view.state.answer is not None, timeout=5000)
    assert view.state.answer.kind == "analogies" and view.panel.answers.rows()[0][:2] == (-1, "fruit")
    assert "1 skipped" in view.panel.note.text() and "questions.txt" in view.panel.note.text()
    before = view.state.answer
    source.shown["vectors"] = source.shown["vectors"][::-1].copy()
    source.version += 1
    view.state.answered = 0.0
    qtbot.waitUntil(lambda: view.refresh(source) and view.state.answer is not before, timeout=5000)
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("apple pear 9\napple man 1\npear woman 2\n")
    view.ask(str(pairs))
    qtbot.waitUntil(
        lambda: view.refresh(source) and view.state.answer is not None and view.state.answer.kind == "similarities", timeout=5000
    )
    cosines = [
        float(view.state.vectors.unit[view.state.vectors.row(a)] @ view.state.vectors.unit[view.state.vectors.row(b)])
        for a, b in (("apple", "pear"), ("apple", "man"), ("pear", "woman"))
    ]
    assert sorted(r[2] for r in view.panel.answers.rows()) == pytest.approx(sorted(cosines))
    (tmp_path / "bad.txt").write_text("one\n")
    view.ask(str(tmp_path / "bad.txt"))
    qtbot.waitUntil(lambda: view.refresh(source) and view.state.answer is None and view.panel.error.text() != "", timeout=5000)
    assert view.panel.error.text().endswith(".")


@pytest.mark.parametrize("kind", ["word2vec", "word2vec-binary", "glove", "fasttext", "projector", "csv", "npz", "safetensors"])
def test_vectors_are_saved_from_the_window_in_every_format_and_of_a_selection_only_those(explorer, tmp_path, kind):
    from lab.embedding.files import load_vectors

    view, _ = explorer
    view.save(str(tmp_path / "all"), kind)
    (written,) = tmp_path.glob("all.*")
    np.testing.assert_array_equal(load_vectors(written, kind=kind).matrix, view.state.vectors.matrix.astype(np.float32))
    assert "8 of 8 vectors saved" in view.line.text()
    view.choose(np.arange(8) < 3)
    view.isolate()
    view.save(str(tmp_path / "some"), kind)
    (written,) = tmp_path.glob("some.*")
    assert load_vectors(written, kind=kind).words == view.state.vectors.words[:3] and "3 of 8 vectors saved" in view.line.text()
    view.save(str(tmp_path / "none" / "v.txt"), kind)
    assert view.panel.error.text()


def test_edges_follow_the_nearness_that_the_run_declares():
    x = np.array([[1, 0], [10, 0.1], [0.9, 0.5], [-3, 0]], np.float32)
    vectors = Vectors(tuple("abcd"), x)
    assert explore.near_rows(vectors, np.array([0]), 4, 1).tolist() == [[1]]
    assert explore.near_rows(vectors, np.array([0]), 4, 1, "euclidean").tolist() == [[2]]


def test_the_ends_of_axes_are_named_and_shown_through_zero(explorer):
    assert explore.axis_ends("she - he; 2*paris - france + wine; +; x") == (("he", "she"), ("france", "2 paris + wine"))
    view, _ = explorer
    assert view.canvas.scene.axes == ()
    view.axes.setText("woman - man; pear - apple")
    view.set_layout("axes")
    assert view.canvas.scene.axes == (("man", "woman"), ("apple", "pear"))


def test_the_map_comes_near_to_a_formula_whose_words_lie_close_together(explorer):
    view, source = explorer
    view.canvas.frame(view.state.points[3:5])
    assert not view.canvas.zoomed  # far enough apart as it is
    source.shown["map"] = source.shown["map"] + np.where(np.arange(8) == 7, 500.0, 0.0)[:, None]
    source.version += 1
    view.refresh(source)
    scale = view.canvas.view.scale
    view.ask("king - man + woman")
    assert view.canvas.zoomed and 2 * scale < view.canvas.view.scale <= 8.01 * scale


class Framed(Places):
    """One that records its vectors now and then, and asks a question of its own."""

    question: ClassVar[str] = "emperor - man + woman"

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (*super().streams, Stream("frames", "image", every=10))


class Past(Fixed):
    """A recording: looked at before its first frame."""

    def __init__(self, vectors: Vectors, points: np.ndarray):
        super().__init__(vectors, points)
        self.model = Framed()

    def snapshot(self, stream: str):
        return None if stream in ("vectors", "frames", "names") else self.shown.get(stream)

    def last(self, stream: str):
        return self.shown.get("vectors" if stream == "frames" else stream)


def test_before_the_first_frame_of_a_run_no_later_vectors_answer_and_an_own_question_of_the_model_may_be_unknown(qtbot):
    from lab.widgets import theme
    from lab.widgets.application import offscreen_application as application
    from lab.widgets.embeddings.state import EARLY
    from lab.widgets.pictures import make

    theme.apply(application(), "dark")
    source = Past(space(), np.random.default_rng(0).normal(size=(8, 2)))
    view = make(source.model.pictures[0], source.model)
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.show()
    view.refresh(source, force=True)
    assert view.state.vectors is None and view.line.text() == EARLY
    source.snapshot = source.last
    source.version += 1
    view.refresh(source)
    assert view.state.vectors is not None and view.line.text() == ""
    assert view.panel.error.text() == "" and view.panel.field.text() == ""  # nobody asked for an emperor
    assert view.state.colour == "kind"
    view.ask("emperor")
    assert "no word 'emperor'" in view.panel.error.text()


def test_an_explorer_goes_on_where_a_change_of_the_model_gave_it_other_cards_beside(explorer, qtbot):
    from lab.widgets.pictures import make

    view, source = explorer
    view.ask("apple")
    view.set_colour("cluster")
    view.axes.setText("pear - apple")
    view.set_layout("axes")
    view.buttons["edges"].click()
    after = make(source.model.pictures[0], source.model)
    qtbot.addWidget(after)
    after.go_on_from(view)
    after.resize(900, 500)
    after.show()
    after.refresh(source, force=True)
    assert (after.state.asked, after.state.colour, after.state.layout, after.axes.text()) == ("apple", "cluster", "axes", "pear - apple")
    assert (
        after.state.answer is not None
        and after.state.answer.title == "apple"
        and after.layouts.currentData() == "axes"
        and after.colours.currentData() == "cluster"
    )
    assert len(after.canvas.scene.edges)


def test_of_a_large_map_unmeasured_points_take_the_falseness_of_the_nearest_measured_one(monkeypatch):
    from lab.embedding import neighbours
    from lab.widgets.embeddings.judging import judge

    monkeypatch.setattr(neighbours, "MOST_RANKS", 60 * 200)
    rng = np.random.default_rng(0)
    vectors = Vectors(tuple(map(str, range(200))), rng.normal(size=(200, 4)).astype(np.float32))
    points = rng.normal(size=(200, 2))
    apart, spread = (judge(vectors, points, "cosine", None, False, flag) for flag in (False, True))
    known = np.isfinite(apart.falseness)
    assert apart.measured == spread.measured == known.sum() == 60
    np.testing.assert_array_equal(spread.falseness[known], apart.falseness[known])
    distance = np.linalg.norm(points[:, None] - points[None, known], axis=2)
    np.testing.assert_array_equal(spread.falseness, apart.falseness[known][distance.argmin(1)])


def test_a_narrow_card_says_below_the_map_how_many_of_how_many_are_shown(explorer):
    view, source = explorer
    assert view.line.text() == ""
    view.resize(500, 500)
    view.refresh(source, force=True)
    assert view.caption == "all 8 shown" and view.line.text().startswith("trustworthiness") and view.line.isVisible()
    assert view.line.wordWrap()  # it is never cut
    view.choose(np.arange(8) < 3)
    assert view.line.text().startswith("3 selected")
    view.isolate()
    assert view.caption == "3 of 8 shown"
    view.resize(900, 500)
    view.refresh(source, force=True)
    assert view.line.text() == ""


def test_tools_and_panel_have_their_widths_before_the_next_frame(explorer):
    view, _ = explorer
    for wide in (500, 1000, 500, 1000):  # the panel comes and goes; for one frame with the old widths icons would be empty
        view.resize(wide, 500)
        assert view.bar.width() + (0 if view.panel.isHidden() else view.panel.width()) == wide


def test_the_legend_is_as_high_as_its_lines_and_no_resizing_fixes_it(explorer):
    view, _ = explorer
    legend = view.legend
    legend.show_classes(tuple((name, 0, "series0") for name in ("adjectives", "animals", "countries", "people", "verbs", "other")))
    for width in (900, 500, 901, 420):
        legend.resize(width, legend.height())
        assert legend.sizeHint().height() == legend.minimumSizeHint().height() == int(legend._places[-1].bottom())
        assert legend.minimumHeight() == 0 and legend.maximumHeight() > 1000


def test_a_long_question_is_read_from_its_beginning(explorer):
    view, _ = explorer
    view.panel.set_question("king - man + woman")
    assert view.panel.field.cursorPosition() == 0


def test_on_a_flat_map_of_the_run_itself_the_place_under_the_mouse_is_asked_for(qtbot):
    from dataclasses import replace

    from PySide6.QtCore import QPointF

    from lab import catalog
    from lab.engine.status import Answer
    from lab.widgets.pictures import make

    model = catalog.load("autoencoder")()
    picture = next(p for p in model.pictures if p.name == "latent")
    view = make(picture, model)
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.show()
    view.canvas.scene = replace(view.canvas.scene, points=np.array([[0.0, 0.0], [1.0, 1.0]], np.float32))
    with qtbot.waitSignal(view.asked) as caught:
        view.canvas.over.emit(QPointF(40.0, 50.0))
    (question,) = caught.args
    place = view.canvas.place(QPointF(40.0, 50.0))
    assert (question.stream, question.action, question.arguments) == ("decoded", "decode_place", {"x": place[0], "y": place[1]})
    view.show_answer(Answer(question, np.eye(8)))
    assert view._foreseen.isVisible() and view._foreseen.pixmap().width() == view._foreseen.pixmap().height()
    view.canvas.over.emit(None)
    assert view._foreseen.isHidden()


def test_keys_go_from_point_to_point_of_the_map_and_pick_one(explorer):
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    view, _ = explorer
    picked, shift = [], Qt.KeyboardModifier.ShiftModifier
    view.canvas.picked.connect(picked.append)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert picked == []
    view.canvas.under = 0
    QTest.keyClick(view, Qt.Key.Key_Right, shift)
    assert view.canvas.under == 1
    QTest.keyClick(view, Qt.Key.Key_Up, shift)
    assert view.canvas.under == 3
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert picked == [3]
    before = view.canvas.view.centre
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.canvas.view.centre != before  # without Shift they move the map
