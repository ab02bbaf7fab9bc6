"""The training monitor in the window: remedies as buttons, slow motion by single steps, live changes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("PySide6")
pytest.importorskip("sklearn")

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QPushButton

from lab import catalog


def button(window, text: str) -> QPushButton:
    return next(b for b in window.banner.findChildren(QPushButton) if b.isVisible() and b.text() == text)


def prepared(window, qtbot, **values):
    experiment = window.document.experiment().replace(parameters=values)
    window.history.replace(window.document.with_experiment(experiment), "Other values")
    qtbot.waitUntil(
        lambda: (
            window.player.status is not None
            and window.player.status.phase == "paused"
            and window.player.status.model.values().items() >= values.items()
        ),
        timeout=60_000,
    )
    window.player.pace(None)  # as fast as it goes


def test_after_a_divergence_a_button_goes_on_from_the_best_weights_with_a_lower_rate(open_window, qtbot):
    window = open_window("mlp", size=(1200, 800))
    prepared(window, qtbot, **catalog.load("mlp").presets["Learning rate too large: it diverges"])
    window.driver.toggle()
    qtbot.waitUntil(lambda: window.player.status.phase == "diverged" and window.banner.isVisible(), timeout=20_000)
    assert "layer output" in window.banner.words.text() and window.banner.height() < 0.4 * window.height()
    assert window.banner.words.height() >= window.banner.words.heightForWidth(window.banner.words.width())
    qtbot.mouseClick(button(window, "Best weights, rate 0.03"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.player.status.phase == "finished", timeout=60_000)
    assert window.player.status.summary["test R2"] > 0.2
    assert window.document.experiment().parameters["rate"] == pytest.approx(0.03) and window.side.form.model.rate == pytest.approx(0.03)


def test_a_diagnosis_that_a_parameter_mends_is_offered_once_and_can_be_undone(open_window, qtbot):
    window = open_window("mlp", size=(1200, 800))
    prepared(window, qtbot, optimiser="SGD", rate=1e-5, epochs=8)
    window.driver.toggle()
    qtbot.waitUntil(lambda: window.banner.key == "advice", timeout=20_000)
    assert window.banner.words.text().startswith("Learning rate too small")
    qtbot.mouseClick(button(window, "Learning rate 0.0001"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.player.status.model.rate == pytest.approx(1e-4), timeout=10_000)
    assert window.history.stack.undoText() == "Learning rate 0.0001"
    qtbot.wait(400)
    assert window.banner.key != "advice"  # the same finding is not said twice in a run


def test_phase_by_phase_a_single_step_is_a_phase_and_the_matrices_are_in_front(open_window, qtbot):
    window = open_window("mlp", size=(1200, 800))
    prepared(window, qtbot, data="moons", hidden="3", n=100)
    window.tuning.change("slow", True)
    qtbot.waitUntil(lambda: window.player.status.model.slow, timeout=10_000)
    step = window.player.status.step
    for _ in range(3):
        window.driver.run_for(1)
    qtbot.waitUntil(lambda: str(window.player.status.summary.get("phase", "")).startswith("4 of 7"), timeout=10_000)
    assert window.player.status.step == step and next(iter(window.workspace.docks)) == "matrices"
    view = window.workspace.view("matrices")
    qtbot.waitUntil(lambda: view.headline.startswith("4 of 7"), timeout=10_000)
    lit = {plate.entry["name"] for plate in view.plates(view.rect().toRectF()) if plate.entry.get("lit")}
    assert lit == {"dE/dW", "delta"}


def test_another_optimiser_goes_on_in_the_same_run(open_window, qtbot):
    window = open_window("mlp", size=(1200, 800))
    window.driver.run_for(20)
    qtbot.waitUntil(lambda: window.player.status.step == 20 and window.player.status.phase == "paused", timeout=20_000)
    run, weights = window.player.run_id, window.player.runner.simulation.state["parameters"].copy()
    window.tuning.change("optimiser", "SGD")
    qtbot.waitUntil(lambda: window.player.status.model.optimiser == "SGD", timeout=10_000)
    assert window.player.run_id == run and window.player.status.step == 20
    assert np.array_equal(weights, window.player.runner.simulation.state["parameters"])


def test_checking_gradients_brings_its_table_to_the_front(open_window, qtbot):
    window = open_window("mlp", size=(1200, 800))
    qtbot.wait(300)  # the cards find their places
    window.driver.act("check_gradients", {})
    card = window.workspace.card("check gradients")
    qtbot.waitUntil(lambda: not card.visibleRegion().isEmpty() and len(card.view.rows.rows) > 3, timeout=30_000)
    assert {row[""] for row in card.view.rows.rows} == {"agrees"}


def test_a_picture_in_a_drawer_is_found_by_its_name_and_its_drawer_opens(open_window, qtbot):
    window = open_window("mlp", size=(1200, 800))
    qtbot.wait(300)
    entry = next(e for e in window.commands.entries("silent") if e.kind == "picture" and e.text == "Silent units")
    entry.run()
    qtbot.waitUntil(lambda: not window.workspace.card("dead").visibleRegion().isEmpty(), timeout=5_000)
    drawers = window.workspace.drawers.drawers
    assert "dead" in drawers.groups[drawers.opened]
    drawers.toggled.emit("")
    qtbot.waitUntil(lambda: window.workspace.card("dead").visibleRegion().isEmpty(), timeout=5_000)


def test_the_place_under_the_cursor_is_decoded_beside_it_and_the_run_is_left_as_it_is(open_window, qtbot):
    window = open_window("variational-autoencoder", size=(1200, 800))
    runner, view = window.player.runner, window.workspace.view("map")
    qtbot.waitUntil(lambda: window.player.status.phase == "paused" and view._source is not None, timeout=60_000)
    state = {name: array.tobytes() for name, array in runner.simulation.state.items()}
    qtbot.waitUntil(lambda: not view.words, timeout=10_000)
    view._hover(view.canvas.mapFromScene(view.field.mapViewToScene(QPointF(0.5, -1.0))))
    qtbot.waitUntil(lambda: view._foreseen is not None and view._foreseen.isVisible(), timeout=10_000)
    x, y = (runner.status.answer.question.arguments[name] for name in "xy")
    assert (x, y) == pytest.approx((0.5, -1.0), abs=0.05)
    np.testing.assert_array_equal(view._foreseen.values, runner.simulation.foresee("decoded", "decode_place", x=x, y=y))
    assert {name: array.tobytes() for name, array in runner.simulation.state.items()} == state and runner.simulation.log == []
    window.driver.run_for(3)  # under a cursor that rests the picture is that of the weights as they are now
    qtbot.waitUntil(lambda: window.player.status.step == 3 and window.player.status.phase == "paused", timeout=20_000)
    now = runner.simulation.foresee("decoded", "decode_place", x=x, y=y)
    qtbot.waitUntil(lambda: np.array_equal(view._foreseen.values, now), timeout=20_000)
    view._hover(view.canvas.mapFromScene(view.field.mapViewToScene(QPointF(0.6, -1.0))), pressed=True)
    assert view._foreseen.isHidden()  # a drag is an act, and shown where it belongs
    acts = []
    view.acted.connect(lambda name, arguments: acts.append(arguments))
    view.acted.disconnect(window.workspace.acted)
    view.dragged(QPointF(-2.0, 0.0), True, False, False)
    view.dragged(QPointF(2.0, 0.0), False, True, False)
    assert [a["goes_on"] for a in acts] == [False, True]  # however far a quick hand comes between two places of a drag, it is one way


def test_a_network_of_another_run_is_chosen_from_a_menu_and_attacked(open_window, qtbot):
    from lab.widgets.taking_over import FILE, NONE

    window = open_window("adversarial-attack", size=(1200, 800))
    assert [entry.text() for entry in window.taking.menu().actions() if entry.text()] == [NONE, FILE]
    window.choose_model("mlp")
    window.history.replace(
        window.document.with_experiment(window.document.experiment().replace(parameters={"hidden": "9", "epochs": 1})), "Small"
    )
    window.player.pace(None)
    window.player.play()

    def over(**values):
        status = window.player.status
        return status is not None and status.phase == "finished" and status.model.values().items() >= values.items()

    qtbot.waitUntil(lambda: over(hidden="9", epochs=1), timeout=60_000)
    weights = window.player.runner.simulation.state["parameters"].copy()
    window.choose_model("adversarial-attack")
    qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.model.name == "adversarial-attack", timeout=60_000)
    entry = next(e for e in window.taking.menu().actions() if e.text() not in ("", NONE, FILE))
    one = window.taking.trained()[0]
    assert entry.text() == one.words and one.experiment.parameters["hidden"] == "9"
    window.taking.take(one)
    window.player.pace(None)
    qtbot.waitUntil(lambda: over(hidden="9", learning=False), timeout=60_000)
    np.testing.assert_array_equal(window.player.runner.simulation.state["parameters"], weights)
    assert window.history.stack.undoText().startswith("Take over")


def test_a_button_attacks_the_network_in_front_and_undo_leads_back_to_it(open_window, qtbot):
    from lab.widgets.side import PASS_ON
    from lab.widgets.taking_over import UNTRAINED

    window = open_window("mlp", size=(1200, 800))
    window.history.replace(
        window.document.with_experiment(window.document.experiment().replace(parameters={"hidden": "9", "epochs": 2}, seed=5)), "Small"
    )

    def stands(model, step):
        status = window.player.status
        return status is not None and status.model.name == model and status.phase in ("paused", "finished") and status.step >= step

    window.player.pause()
    qtbot.waitUntil(lambda: stands("mlp", 0), timeout=60_000)
    if not window.player.status.step:
        window.side.actions_box.press(PASS_ON + "adversarial-attack")
        assert window.document.model == "mlp" and window.banner.words.text() == UNTRAINED
    window.player.pace(None)
    window.player.play()
    qtbot.waitUntil(lambda: stands("mlp", 2), timeout=60_000)
    weights = window.player.runner.simulation.state["parameters"].copy()
    window.side.actions_box.press(PASS_ON + "adversarial-attack")
    assert window.document.model == "adversarial-attack" and window.history.stack.undoText() == "Attack it"
    experiment = window.document.experiment()
    assert experiment.parameters["hidden"] == "9" and experiment.seed == 5
    window.player.pace(None)
    qtbot.waitUntil(lambda: stands("adversarial-attack", 1), timeout=60_000)
    np.testing.assert_array_equal(window.player.runner.simulation.state["parameters"], weights)
    window.history.stack.undo()
    qtbot.waitUntil(lambda: stands("mlp", 2), timeout=60_000)
    np.testing.assert_array_equal(window.player.runner.simulation.state["parameters"], weights)


def test_drawing_and_what_is_read_stand_side_by_side(open_window, qtbot):
    window = open_window("mlp", size=(1200, 800))
    qtbot.waitUntil(lambda: all(not window.workspace.card(n).visibleRegion().isEmpty() for n in ("canvas", "prediction")), timeout=5_000)


def test_the_past_is_seen_as_it_was_and_nothing_of_the_present_is_left_where_it_cannot(open_window, qtbot, monkeypatch):
    window = open_window("mlp", size=(1200, 800))
    prepared(window, qtbot, data="moons", hidden="8", n=200, epochs=20)
    window.driver.toggle()
    qtbot.waitUntil(lambda: window.player.status.phase == "finished", timeout=60_000)
    view = window.workspace.view("surface")

    def shown() -> bool:
        return view.words == "" and view.field.childGroup.isVisible()

    qtbot.waitUntil(shown, timeout=5_000)
    window.driver.seek(40)
    qtbot.waitUntil(lambda: window.player.runner.status.past[0] == 40 and shown(), timeout=20_000)
    qtbot.waitUntil(lambda: window.player.source.snapshot("surface") is not None, timeout=20_000)
    seen = window.player.source.snapshot("surface")
    monkeypatch.setattr("lab.engine.runner.LOOKING_BACK", 0.0)
    window.driver.seek(50)
    qtbot.waitUntil(lambda: "branch here" in view.words and not view.field.childGroup.isVisible(), timeout=5_000)
    window.driver.seek(40)
    window.driver.branch_here()
    qtbot.waitUntil(lambda: window.player.status.place is None and window.player.status.step == 40 and shown(), timeout=20_000)
    qtbot.waitUntil(lambda: window.player.source.snapshot("surface") is not None, timeout=5_000)
    qtbot.waitUntil(lambda: np.array_equal(window.player.source.snapshot("surface"), seen), timeout=5_000)


def test_a_network_under_dales_law_goes_over_to_the_spiking_canvas_by_a_button(open_window, qtbot):
    window = open_window("one-sign-per-neuron", size=(1200, 800))
    prepared(window, qtbot, hidden="12", compare=False)
    window.driver.run_for(45)
    qtbot.waitUntil(lambda: window.player.status.step == 45 and window.player.status.phase == "paused", timeout=30_000)
    window.side.actions_box.press("hand over")
    qtbot.waitUntil(lambda: window.document.model == "spiking-network", timeout=20_000)
    qtbot.waitUntil(lambda: window.player.status is not None and window.player.status.phase in ("paused", "running"), timeout=60_000)
    titles = [n.title for n in window.canvas.editor.graph.nodes]
    assert "Hidden1: inhibit" in titles and "Output" in titles and window.history.stack.undoText() == "Let it spike"
