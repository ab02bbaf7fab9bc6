"""Like places: the units of a brushed span and where else they are on, against a slow search; the brush in the window."""

import numpy as np
import pytest

from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.models.learning.recurrent_network import RecurrentNetwork
from lab.training.alike import like_places, outline, throughout


def by_hand(states, chosen, long, threshold, switched, besides):
    """Every place, step by step and unit by unit."""
    found = []
    for s, rows in enumerate(states):
        for first in range(len(rows) - long + 1):
            on = [
                all(rows[first + k, u] > threshold for k in range(long)) and not (switched and first and rows[first - 1, u] > threshold)
                for u in range(rows.shape[1])
            ]
            if all(on[u] for u in chosen) and (s, first) != besides:
                found.append((sum(on) - len(chosen), s, first))
    kept = []
    for others, s, first in sorted(found):
        if all(o[1] != s or abs(o[2] - first) >= long for o in [*kept, (0, *besides)]):
            kept.append((others, s, first))
    return kept


@pytest.mark.parametrize("switched", [False, True])
def test_like_places_are_those_of_a_slow_search(switched):
    states = np.cumsum(np.random.default_rng(3).normal(0, 0.4, (6, 20, 5)), 1)
    seen = 0
    for first, long in ((first, steps) for steps in (1, 2, 3) for first in range(21 - steps)):
        through = throughout(states, long, 0.1, switched)
        chosen = through[0, first]
        expected = by_hand(states, np.flatnonzero(chosen), long, 0.1, switched, (0, first)) if chosen.any() else []
        assert [(p.others, p.sequence, p.first) for p in like_places(through, chosen, long, (0, first))] == expected
        seen += len(expected)
    assert seen > 10


def test_the_outline_frames_the_span_and_runs_through_the_units_that_are_on():
    states = np.zeros((6, 3))
    x, y = outline(states, np.array([False, True, False]), [], 2, 3)
    assert np.nanmin(x) == 1.5 and np.nanmax(x) == 3.5 and np.nanmin(y) == -0.5 and np.nanmax(y) == 2.5
    assert [tuple(p) for p in zip(x[-3:-1], y[-3:-1], strict=True)] == [(1.5, 1.0), (3.5, 1.0)] and np.isnan(x[-1])


SMALL = {"task": "Dyck", "span": 12, "units": 6, "batch": 8, "steps": 30, "evaluate": 30.0}


def test_a_brushed_span_finds_the_same_units_elsewhere_and_replays():
    s = Simulation(RecurrentNetwork(**SMALL), 1)
    s.advance(30)
    assert "Drag over" in s.observe("like places")[0]["what is read there"] and np.isnan(s.observe("brush of state of LSTM")).all()
    for stream, at in (("state of RNN", 0), ("state of LSTM", 1)):
        image = s.observe(stream)
        first = int(np.argmax((image[:, :-1] > 0).sum(0)))
        s.change(threshold=0.0)
        s.act("brush", first=first + 1, last=first, stream=stream)  # from right to left is the same span
        assert list(s.state["brushed"]) == [at, first, first + 1]
        chosen = (image[:, first : first + 2] > 0).all(1)
        assert s.summary()["units on throughout"] == chosen.sum() > 0
        rows = s.observe("like places")
        assert rows[0]["sequence"] == "the span" and rows[0]["steps"] == f"{first}-{first + 1}"
        for row in (r for r in rows[1:] if r["sequence"].isdigit()):  # look at the place itself: all of these units are on
            s.change(example=int(row["sequence"]))
            there = s.observe(stream)[:, int(row["steps"].split("-")[0]) :][:, :2]
            assert (there[chosen] > 0).all()
            read = "".join(s.observe("letters of it")["rows"][0]["texts"])
            before, _, rest = row["what is read there"].partition("«")
            assert before + rest.replace("»", "") in read
            s.change(example=0)
        shares = s.observe("letters of it")
        np.testing.assert_allclose(shares["rows"][0]["values"], (image[chosen] > 0).mean(0))
        assert shares["lit"] == (first, first + 1)
        assert np.isfinite(s.observe(f"brush of {stream}")[0]).any()
    point = s.checkpoint()
    s.act("forget_span")
    assert "like places" not in s.summary()
    s.restore(point)
    assert s.summary()["units on throughout"] > 0
    s.change(threshold=1.0)
    assert "No unit is above 1" in s.observe("like places")[1]["what is read there"]
    with pytest.raises(LabError, match="no states 'state of RNM' to brush: did you mean"):
        s.act("brush", first=0, last=1, stream="state of RNM")


def test_text_is_read_letter_by_letter(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("abcab " * 120)
    model = RecurrentNetwork(task="text", file=str(path), span=12, units=8, batch=8, steps=60, counts_from=2, evaluate=60.0)
    s = Simulation(model, 1)
    s.advance(60)
    held, alphabet = s.constants.extra["held"], s.constants.maker.alphabet
    assert alphabet == " abc"
    _, pairs, rnn, lstm = s.observe("said")
    tape = model.tape_state(s.constants, s.state)
    logits = s.constants.program.forward(tape, "lstm.output", x=held["x"][:1])[0].astype(float)
    share = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(lstm, share[np.arange(12), held["t"][0]], rtol=1e-4)
    assert ((0 < pairs) & (pairs < 1)).all() and ((0 < rnn) & (rnn < 1)).all()
    loss = -np.log(share[np.arange(12), held["t"][0]])[2:].mean()
    found = s.constants.program.forward(tape, "loss of LSTM", x=held["x"][:1], t=held["t"][:1])
    assert float(found.mean()) == pytest.approx(loss, rel=1e-4)
    assert s.summary()["LSTM error"] < np.log(4) and set(s.observe("written")[0]["it writes"]) <= set(alphabet)
    for stream in model.streams:
        if stream.form == "snapshots":
            s.observe(stream.name)


def test_a_drag_over_the_states_is_one_act(qtbot):
    from types import SimpleNamespace

    from PySide6.QtCore import QPointF

    from lab.widgets.pictures import make

    s = Simulation(RecurrentNetwork(**SMALL), 1)
    view = make(next(p for p in s.model.pictures if p.name == "state of LSTM"), s.model)
    qtbot.addWidget(view)
    view.resize(500, 300)
    view.show_drawing(view.draw(SimpleNamespace(snapshot=s.observe, labels=lambda stream: ()), ()))
    acts = []
    view.acted.connect(lambda name, given: acts.append((name, given)))
    view.dragged(QPointF(7.2, 3.0), True, False, False)
    assert view._band.isVisible() and view._band.getRegion() == (6.5, 7.5) and not acts
    view.dragged(QPointF(4.9, 9.0), False, False, False)
    assert view._band.getRegion() == (4.5, 7.5)
    view.dragged(QPointF(-3.0, 3.0), False, True, False)
    assert not view._band.isVisible() and acts == [("brush", {"first": 0, "last": 7, "stream": "state of LSTM"})]
    view.clicked(QPointF(3.1, 2.0))
    assert acts[-1] == ("brush", {"first": 3, "last": 3, "stream": "state of LSTM"})
