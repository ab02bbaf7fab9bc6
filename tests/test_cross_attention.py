"""Cross-attention: the network against PyTorch, what the decoder may see, tasks, silencing, and what is shown."""

import math

import numpy as np
import pytest

from lab.engine.simulation import Simulation, run
from lab.errors import ModelError, ParameterError
from lab.models.learning.cross_attention import CrossAttention
from lab.tape import Tape
from lab.training.encoder_decoder import Pairs, Plan, decoded, translator

SMALL = {"span": 5, "letters": 4, "width": 8, "steps": 60, "evaluate": 30.0, "rate": 5e-3}


def network(reads="every place", blocks=2):
    plan = Plan(letters=5, span=6, width=8, blocks=blocks, heads=2, reads=reads)
    tape = Tape()
    x, y = tape.labels("x", 5, (6,)), tape.labels("y", 6, (6,))
    logits, stages = translator(tape, x, y, plan)
    tape.mean(tape.cross_entropy(logits, tape.labels("t", 5, (6,))), name="loss")
    program = tape.compile(8, "float64")
    state = program.start(3)
    rng = np.random.default_rng(0)
    state["parameters"][:] = 0.4 * rng.normal(size=len(state["parameters"]))
    inputs = Pairs(8, "reversal", 6, 5).draw(rng, 4)
    return program, state, inputs, stages


@pytest.mark.parametrize("reads", ["every place", "the last place", "nothing"])
def test_logits_loss_and_gradients_are_those_of_torch(reads):
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    program, state, inputs, _ = network(reads)
    p = {name: torch.tensor(value.astype(float), requires_grad=True) for name, value in program.parameters(state).items()}
    x, y, t = (torch.tensor(inputs[name]) for name in "xyt")

    def norm(h, name):
        return F.layer_norm(h, (8,), p[f"{name}.gain"], p[f"{name}.bias"], 1e-5)

    def split(h, name):
        return (h @ p[f"{name}.weight"] + p[f"{name}.bias"]).unflatten(-1, (2, 4)).transpose(1, 2)

    def look(h, memory, name, causal=False):
        normed = norm(h, f"{name}.norm")
        asked = normed if memory is None else memory
        found = F.scaled_dot_product_attention(
            split(normed, f"{name}.qs"), split(asked, f"{name}.ks"), split(asked, f"{name}.vs"), is_causal=causal
        )
        return h + found.transpose(1, 2).flatten(2) @ p[f"{name}.mix.weight"] + p[f"{name}.mix.bias"]

    def think(h, name):
        keys = norm(h, f"{name}.norm2") @ p[f"{name}.keys.weight"] + p[f"{name}.keys.bias"]
        return h + F.gelu(keys, approximate="tanh") @ p[f"{name}.values.weight"] + p[f"{name}.values.bias"]

    h = F.embedding(x, p["source.weight"]) + p["source.places"]
    for b in "12":
        h = think(look(h, None, f"encoder{b}"), f"reading{b}")
    memory = norm(h, "memory")
    memory = memory[:, -1:] if reads == "the last place" else memory
    h = F.embedding(y, p["written.weight"]) + p["written.places"]
    for b in "12":
        h = look(h, None, f"decoder{b}", causal=True)
        h = h if reads == "nothing" else look(h, memory, f"cross{b}")
        h = think(h, f"writing{b}")
    logits = norm(h, "final") @ p["logits.weight"] + p["logits.bias"]
    loss = F.cross_entropy(logits.flatten(0, 1), t.flatten())
    loss.backward()
    found = program.forward(state, ["logits", "loss"], **inputs)
    np.testing.assert_allclose(found[0], logits.detach().numpy(), atol=1e-10)
    np.testing.assert_allclose(found[1].mean(), loss.item(), atol=1e-12)
    for name, ours in zip(p, program.gradients(state, "loss", list(p), **inputs), strict=True):
        theirs = p[name].grad
        np.testing.assert_allclose(ours, 0.0 if theirs is None else theirs.numpy(), atol=1e-10, err_msg=name)


def test_the_decoder_sees_nothing_that_comes_after_and_all_of_the_source():
    program, state, inputs, _ = network()
    before = program.forward(state, "logits", **inputs)
    for place in range(6):
        changed = inputs["y"].copy()
        changed[:, place] = (changed[:, place] + 1) % 5
        after = program.forward(state, "logits", **inputs | {"y": changed})
        assert np.array_equal(before[:, :place], after[:, :place]) and not np.array_equal(before[:, place], after[:, place])
        source = inputs["x"].copy()
        source[:, place] = (source[:, place] + 1) % 5
        assert not np.array_equal(before[:, 0], program.forward(state, "logits", **inputs | {"x": source})[:, 0])


def test_pairs_are_what_their_tasks_say():
    rng = np.random.default_rng(1)
    for kind, by_hand in (("reversal", lambda row: row[::-1]), ("copy", list), ("sorting", sorted)):
        maker = Pairs(6, kind, 7, 4)
        made = maker.draw(rng, 6)
        for x, y, t, places in zip(made["x"], made["y"], made["t"], maker.places(made["x"]), strict=True):
            assert t.tolist() == by_hand(x.tolist()) and y.tolist() == [4, *t[:-1]]
            assert all(x[at] == letter for at, letter in zip(places, t, strict=True) if at >= 0)
            assert kind != "sorting" or [at >= 0 for at in places] == [t.tolist().count(letter) == 1 for letter in t]
    with pytest.raises(ModelError, match="no such task"):
        Pairs(1, "backwards").draw(rng, 1)


@pytest.fixture(scope="module")
def small() -> Simulation:
    simulation = Simulation(CrossAttention(**SMALL), 1)
    simulation.advance(60)
    return simulation


def test_whole_sequences_are_those_that_it_writes_by_itself(small):
    held = small.constants.extra["held"]
    written = decoded(small.constants.program, small.model.tape_state(small.constants, small.state), held["x"], 4)
    assert small.summary()["whole sequences"] == pytest.approx((written == held["t"]).all(1).mean())


def test_it_learns_to_read_backwards_and_without_the_source_it_cannot():
    found = run(CrossAttention(**SMALL | {"steps": 250}), seed=1, record={}).summary
    assert found["accuracy"] > 0.95 and found["reads the right place"] > 0.5
    found = run(CrossAttention(**SMALL, reads="nothing"), seed=1, record={}).summary
    assert abs(found["held-out loss"] - math.log(4)) < 0.05 and found["reads the right place"] == 0.0


def test_lines_shares_and_the_head_by_hand_are_one_attention(small):
    small.act("choose", index=7)  # the upper row counts, too: the third letter of the lower one
    small.act("choose_head", index=1)
    both, image, steps = (small.observe(name) for name in ("both", "attention", "step by step"))
    assert both["lit"] == (5 + 2,) and len(both["links"]) == 25
    shares = np.array([weight for j, i, weight in both["links"] if i == 2])
    np.testing.assert_allclose(shares, image[1, 2], atol=1e-7)
    by_name = {entry["name"]: entry["values"] for entry in steps}
    np.testing.assert_allclose(by_name["softmax"][0], shares, atol=1e-7)
    scores = by_name["q.k / root of d"][0]
    np.testing.assert_allclose(np.exp(scores) / np.exp(scores).sum(), shares, atol=1e-6)
    np.testing.assert_allclose(by_name["sum of v, weighted"][0], shares @ by_name["v"], atol=1e-6)
    decoder = image[4:]
    assert (np.triu(decoder[0], 1) == 0).all() and (image[2] > 0).all()  # a triangle; the encoder's is whole
    for head in range(6):  # each kind of head has its rows and matrices
        small.act("choose_head", index=head)
        assert len(small.observe("both")["rows"]) == 2 and small.observe("step by step")
    small.act("choose_head", index=0)


def test_a_silent_head_is_told_beside_what_all_would_say_and_changes_no_weight(small):
    weights = small.state["parameters"].copy()
    assert "nothing silent %" not in small.observe("next")[0]
    small.act("silence_head")
    rows = small.observe("next")
    assert "nothing silent %" in rows[0] and sum(row["letter"].endswith("✓") for row in rows) == 1
    small.act("let_all_speak")
    assert "nothing silent %" not in small.observe("next")[0]
    np.testing.assert_array_equal(small.state["parameters"], weights)


def test_an_own_source_is_read_and_a_wrong_one_is_refused_in_a_sentence(small):
    small.change(own="abcda")
    assert small.observe("both")["rows"][0]["texts"] == list("abcda")
    small.change(own="")
    with pytest.raises(ParameterError, match="5 letters of 'abcd'"):
        CrossAttention(**SMALL, own="abc")
    with pytest.raises(ParameterError, match="divide the width"):
        CrossAttention(heads=3)
