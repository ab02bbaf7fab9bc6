"""The GPT against NumPy written out by hand, counting, and what a person does to it."""

import math
from itertools import pairwise

import numpy as np
import pytest

from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.models.learning.gpt import GPT, help_pages, induction
from lab.tape import Tape
from lab.training.language import Counts, Repeats, Shape, chances, transformer, write_on


def gelu(x):
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


def norm(x, gain, bias):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * gain + bias


@pytest.mark.parametrize("tied", [True, False])
def test_a_transformer_is_what_its_equations_say(tied):
    shape = Shape(letters=7, context=6, width=8, blocks=2, heads=2, tied=tied)
    tape = Tape()
    logits, _ = transformer(tape, tape.labels("x", 7, (6,)), shape)
    program = tape.compile(4, "float64")
    state = program.start(3)
    rng = np.random.default_rng(0)
    state["parameters"][:] = 0.5 * rng.normal(size=len(state["parameters"]))
    w = program.parameters(state)
    x = rng.integers(0, 7, 6)
    h = w["letters.weight"][x] + w["positions.weight"]
    for b in ("block1", "block2"):
        three = norm(h, w[f"{b}.norm1.gain"], w[f"{b}.norm1.bias"]) @ w[f"{b}.qkv.weight"] + w[f"{b}.qkv.bias"]
        q, k, v = three.reshape(6, 3, 2, 4).transpose(1, 2, 0, 3)
        scores = np.where(np.tril(np.ones((6, 6))) > 0, q @ k.transpose(0, 2, 1) / 2.0, -np.inf)
        looks = np.exp(scores - scores.max(-1, keepdims=True))
        heads = (looks / looks.sum(-1, keepdims=True)) @ v
        h = h + heads.transpose(1, 0, 2).reshape(6, 8) @ w[f"{b}.mix.weight"] + w[f"{b}.mix.bias"]
        keys = norm(h, w[f"{b}.norm2.gain"], w[f"{b}.norm2.bias"]) @ w[f"{b}.keys.weight"] + w[f"{b}.keys.bias"]
        h = h + gelu(keys) @ w[f"{b}.values.weight"] + w[f"{b}.values.bias"]
    last = norm(h, w["final.gain"], w["final.bias"])
    expected = last @ w["letters.weight"].T if tied else last @ w["logits.weight"] + w["logits.bias"]
    np.testing.assert_allclose(program.forward(state, "logits", x=x[None])[0], expected, atol=1e-10)
    assert logits.shape == (6, 7)


def test_counting_agrees_with_counting_slowly():
    text, V = np.array([0, 1, 2, 0, 1, 1, 2, 0, 0, 1]), 3
    counts = Counts(text, V)
    pairs = np.zeros((V, V))
    triples = np.zeros((V, V, V))
    for a, b in pairwise(text):
        pairs[a, b] += 1
    for a, b, c in zip(text, text[1:], text[2:], strict=False):
        triples[a, b, c] += 1
    one = (np.bincount(text, minlength=V) + 1.0) / (len(text) + V)
    two = (pairs + 5.0 * one) / (pairs.sum(1, keepdims=True) + 5.0)
    three = (triples + 5.0 * two[None]) / (triples.sum(2, keepdims=True) + 5.0)
    np.testing.assert_allclose(counts.two, two)
    np.testing.assert_allclose(counts.three(np.array([0, 2]), np.array([1, 2])), [three[0, 1], three[2, 2]])
    test = np.array([1, 2, 0, 1, 0, 2, 2])
    expected = -np.log([three[a, b, c] for a, b, c in zip(test, test[1:], test[2:], strict=False)]).mean()
    assert counts.losses(test)[3] == pytest.approx(expected)


def test_temperature_and_top_k():
    z = np.array([2.0, 1.0, 0.0, -1.0])
    np.testing.assert_allclose(chances(z, 1.0, 0), np.exp(z) / np.exp(z).sum())
    np.testing.assert_allclose(chances(z, 0.0, 0), [1, 0, 0, 0])
    np.testing.assert_allclose(chances(z, 0.5, 2), [1 / (1 + math.exp(-2)), 1 / (1 + math.exp(2)), 0, 0])


def test_repeats_repeat_and_their_periods_are_known():
    maker = Repeats(50, 32)
    rows, periods = maker.held_out(4, 50), maker.periods_of(4, 50)
    for x, t, p in zip(rows["x"], rows["t"], periods, strict=True):
        np.testing.assert_array_equal(x[p:], x[:-p])
        np.testing.assert_array_equal(t[:-1], x[1:])
    assert set(periods) == set(range(5, 12))


def test_induction_score_of_a_perfect_head_is_one():
    looks = np.zeros((1, 2, 12, 12))
    for t in range(5, 12):
        looks[0, 0, t, t - 4] = 1.0
    np.testing.assert_allclose(induction(looks, np.array([5])), [1.0, 0.0])


@pytest.fixture(scope="module")
def small() -> Simulation:
    simulation = Simulation(GPT(blocks=1, width=16, heads=2, context=16, steps=40, evaluate=20.0, looking=10.0), 1)
    simulation.advance(40)
    return simulation


def test_it_learns_below_chance_at_once_and_says_all_four_lines(small):
    found = small.summary()
    assert found["held-out loss"] < found["chance (nats)"] - 0.5
    assert found["trigram (nats)"] < found["bigram (nats)"] < found["unigram (nats)"] < found["chance (nats)"]


def test_where_the_chosen_head_looks_most_is_said_in_words(small):
    small.act("choose", index=5)
    shown = small.observe("lines")
    shares = {j: weight for j, i, weight in shown["links"]}
    most = max(shares, key=shares.get)
    where = "itself" if most == 5 else f", {5 - most} back"
    assert where in shown["rows"][1]["name"] and f"({100 * shares[most]:.0f} %)" in shown["rows"][1]["name"]


def test_silencing_a_neuron_takes_exactly_its_value_from_the_stream(small):
    model, constants, state = small.model, small.constants, small.state
    tape = model.tape_state(constants, state)
    b, n = (int(k) for k in state["neuron"])
    nodes = [f"block{b + 1}.neurons", f"block{b + 1}.out"]
    answers, before = model.pass_over(constants, state, tape, nodes)
    small.act("silence_neuron")
    _, after = model.pass_over(constants, state, tape, nodes)
    value = constants.program.parameters(tape)[f"block{b + 1}.values.weight"][n]
    np.testing.assert_allclose(after - before, -answers[:, n : n + 1] * value, atol=2e-6)
    assert any("silent" in row["neuron"] for row in small.observe("key-value neurons"))
    small.act("let_all_speak")


def test_a_silent_head_and_block_change_what_comes_next_and_nothing_of_the_training(small):
    weights = small.state["parameters"].copy()
    clean = small.observe("next")
    small.act("silence_head")
    assert "nothing silent %" in small.observe("next")[0] and "nothing silent %" not in clean[0]
    small.act("silence_block")
    model, tape = small.model, small.model.tape_state(small.constants, small.state)
    stream, out = model.pass_over(small.constants, small.state, tape, ["stream", "block1.out"])
    np.testing.assert_array_equal(stream, out)
    logits = [model.pass_over(small.constants, small.state, tape, ["logits"], clean=c)[0][model._at(small.state)] for c in (False, True)]
    now, before = (np.exp(x - x.max()) / np.exp(x - x.max()).sum() for x in logits)
    moved = small.summary()["next letter moved by silence (%)"]
    assert moved > 0 and moved == pytest.approx(50 * np.abs(now - before).sum(), rel=1e-5)
    held = {name: rows[:48] for name, rows in small.constants.extra["held"].items()}
    program, silent = small.constants.program, model.silenced(small.state)
    losses = [program.forward(tape, "loss", replace=r, **held).mean(dtype=float) for r in (silent, None)]
    assert small.summary()["silence costs (nats)"] == pytest.approx(losses[0] - losses[1], abs=1e-6) != 0
    small.act("let_all_speak")
    assert not {"next letter moved by silence (%)", "silence costs (nats)"} & set(small.summary())
    np.testing.assert_array_equal(small.state["parameters"], weights)


def test_writing_is_drawn_by_the_seed_and_goes_on(small):
    small.act("write_letters", count=30)
    first = small.state["written"].copy()
    small.act("write_letters", count=10)
    assert len(first) == 30 and len(small.state["written"]) == 40
    np.testing.assert_array_equal(small.state["written"][:30], first)
    small.act("forget_written")
    small.act("write_letters", count=30)
    np.testing.assert_array_equal(small.state["written"], first)


def test_the_likeliest_letters_follow_at_temperature_zero(small):
    constants, tape = small.constants, small.model.tape_state(small.constants, small.state)
    tokens = small.state["prompt"]
    (letter,) = write_on(constants.program, tape, tokens, 1, 16, temperature=0.0, most=0, seed=(0,))
    row = np.zeros((1, 16), int)
    row[0, : len(tokens[-16:])] = tokens[-16:]
    assert letter == constants.program.forward(tape, "logits", x=row)[0, len(tokens[-16:]) - 1].argmax()


def test_reading_another_text_leaves_out_what_it_never_saw(small):
    small.act("read", text="Ünd so")
    assert "".join(small.model.alphabet[k] for k in small.state["prompt"]) == "nd so"
    with pytest.raises(LabError, match="None of these letters"):
        small.act("read", text="üöä")


def test_own_files_are_learned_from_and_bad_ones_refused(tmp_path):
    place = tmp_path / "own.txt"
    place.write_text("to be or not to be, that is the question. " * 30, "utf-8")
    model = GPT(text="file", file=str(place), context=16, width=8, heads=2, blocks=1, steps=2)
    simulation = Simulation(model, 1)
    simulation.advance(2)
    assert model.alphabet == "".join(sorted(set("to be or not to be, that is the question. ")))
    with pytest.raises(LabError, match=r"cannot be read"):
        Simulation(GPT(text="file", file=str(tmp_path / "missing.txt")))
    place.write_text("too short", "utf-8")
    with pytest.raises(LabError, match="take a longer text or a shorter context"):
        Simulation(GPT(text="file", file=str(place)))


def test_the_help_pages_are_ascii():
    text = help_pages()
    assert text.isascii() and len(text) > 300_000


def test_what_is_said_of_a_silence_beforehand_is_what_the_silence_does(small):
    model, constants, state = small.model, small.constants, small.state
    tape = model.tape_state(constants, state)
    now = model.chances_of(constants, state, tape)[model._at(state)]
    row = small.observe("key-value neurons")[1]
    small.act("choose_neuron", index=1)
    small.act("silence_neuron")
    after = model.chances_of(constants, state, tape)[model._at(state)]
    k = int(now.argmax())
    assert row["without it %"].startswith(f"{small.model.alphabet[k].replace(' ', '␣')} {100 * now[k]:.0f} → {100 * after[k]:.0f}")
    small.act("let_all_speak")
    head = small.observe("heads")[0]
    small.act("choose_head", index=0)
    small.act("silence_head")
    after = model.chances_of(constants, state, tape)[model._at(state)]
    assert f"→ {100 * after[k]:.0f}" in head["without it %"] and "(silent)" in small.observe("heads")[0]["head"]
    small.act("let_all_speak")


def test_the_chosen_neuron_is_said_in_words(small):
    small.act("choose_neuron", index=2)
    row = next(r for r in small.observe("key-value neurons") if r["neuron"].startswith(small.summary()["neuron"].partition(":")[0]))
    said = small.summary()["neuron"]
    assert f"{row['now']:.2f} here" in said and said.endswith(f"pushes up {' '.join(row['pushes up'].split(' ')[:3])}") and "»" in said


def test_a_context_shows_at_which_letter_the_neuron_answers(small):
    contexts = small.observe("key-value neurons")[0]["contexts that excite it"].split("   ")
    assert len(contexts) == 3 and all(c.endswith("»") and c[-3] == "«" for c in contexts)


def test_heads_made_to_follow_a_rule_are_named_by_it_and_an_even_one_by_none():
    from lab.training.rules import RULES, named

    letters = " abcdefg"
    tokens = np.random.default_rng(1).integers(0, len(letters), (20, 16))
    even = np.tril(np.ones((16, 16)))
    even = np.broadcast_to(even / even.sum(1, keepdims=True), (20, 1, 16, 16))
    looks = [even]
    for rule in RULES.values():
        look, target = even.copy(), rule(tokens, letters)
        w, t = np.nonzero(target >= 0)
        look[w, 0, t] = 0.0
        look[w, 0, t, target[w, t]] = 1.0
        assert (target <= np.arange(16)).all()
        looks.append(look)
    found = named(np.concatenate(looks, axis=1), tokens, letters)
    assert found[0][0] == "" and [name for name, _, _ in found[1:]] == list(RULES)
    assert all(share > 0.99 for _, share, _ in found[1:])


def test_the_small_triangles_bear_the_rules_of_the_table(small):
    captions, rows = [row["head"] for row in small.observe("rules")], small.observe("heads")
    for caption, row in zip(captions, rows, strict=True):
        assert caption.startswith(row["head"]) and (len(caption) > len(row["head"])) == (row["looks at"] != "here and there")


def test_rules_point_to_where_they_say():
    from lab.training.rules import RULES

    letters = " abx"
    tokens = np.array([[1, 2, 0, 1, 2, 3, 3, 2]])  # "ab abxxb"
    point = {name: rule(tokens, letters)[0].tolist() for name, rule in RULES.items()}
    assert point["the same one, last time"] == [-1, -1, -1, 0, 1, -1, -1, 4]
    assert point["what followed the same one"] == [-1, -1, -1, 1, 2, -1, -1, 5]
    assert point["the last space or sign"] == [-1, -1, -1, -1, 2, 2, 2, 2]
    assert point["the start of the word"] == [-1, -1, -1, -1, -1, 3, 3, 3]


def test_letters_places_keys_and_values_are_vectors_of_one_space(small):
    from lab.embedding.streams import assemble, has_vectors, is_map

    vectors = assemble(small.observe("vectors"), small.observe("names"))
    w = small.constants.program.parameters(small.state)
    assert has_vectors(small.model) and is_map(small.model, "map") and len(small.observe("map")) == len(vectors.words)
    place = {name: vectors.matrix[k] for k, name in enumerate(vectors.words)}
    np.testing.assert_array_equal(place["place 3"], w["positions.weight"][2])
    np.testing.assert_array_equal(place["b1 key 5"], w["block1.keys.weight"][:, 5])
    np.testing.assert_array_equal(place["b1 value 5"], w["block1.values.weight"][5])
    np.testing.assert_array_equal(place["e"], w["letters.weight"][small.model.alphabet.index("e")])
    assert len(vectors.words) == len(set(vectors.words)) == 94 + 16 + 2 * 64


def test_of_a_large_transformer_the_first_neurons_are_mapped():
    from lab.training.stream_vectors import MOST, kept, names

    assert kept(94, 32, 2, 256) == 256
    few = kept(512, 512, 12, 4096)
    assert 0 < few < 4096 and len(names(["a"] * 512, 512, 12, 4096)) <= MOST


def test_a_span_of_the_text_finds_places_at_which_the_same_neurons_answer(small):
    small.act("read", text="returns the value")
    small.act("brush", first=4, last=5, stream="answers of the block")
    found, rows = small.summary(), small.observe("like places")
    shown = small.observe("answers of the block")
    assert shown.shape == (64, len(small.state["prompt"])) and rows[0]["sequence"] == "the span" and "«" in rows[0]["what is read there"]
    on = (shown[:, 4:6] > small.model.threshold).all(1)
    assert found["units on throughout"] == on.sum() > 0
    model, constants, state = small.model, small.constants, small.state
    _, chosen, places = model.alike(constants, state, model.tape_state(constants, state))
    every = model.states_of(constants, state, model.tape_state(constants, state), "answers of the block")
    assert all((every[p.sequence, p.first : p.first + 2][:, chosen] > model.threshold).all() for p in places)
    assert np.isfinite(small.observe("brush of answers of the block")[:, 0]).all()
    small.act("forget_span")
    assert "like places" not in small.summary()
