"""What the tape is for: small networks of each kind that learn, from the operations there are."""

import numpy as np
import pytest

from lab.errors import LabError
from lab.tape import Tape, adam, descent
from lab.tape.data import windows


def trained(program, steps, batch=None, seed=1, **inputs):
    """State after some training and the reports of it; twice, in other blocks, it must be the same."""
    count = len(next(iter(inputs.values()))) if inputs else program.batch
    state, again = program.start(seed, count), program.start(seed, count)
    data = program.data(**inputs)
    report = program.train(state, data, steps, batch=batch).check()
    for _ in range(3):
        program.train(again, data, steps // 3, batch=batch)
    program.train(again, data, steps - 3 * (steps // 3), batch=batch)
    assert all(state[name].tobytes() == again[name].tobytes() for name in state)
    return state, report


# Sequences -------------------------------------------------------------------------------------------------------------


def echo(n, steps, delay, seed=0):
    x = np.random.default_rng(seed).integers(0, 2, (n, steps))
    goal = np.concatenate([np.zeros((n, delay), int), x[:, :-delay]], 1)
    return x[:, :, None] * 2.0 - 1.0, goal


def recurrent(kind, steps=8, hidden=12):
    t = Tape()
    x, goal = t.input("x", (steps, 1)), t.labels("t", 2, steps)
    if kind == "lstm":
        states = t.lstm(x, hidden, name="memory")
    else:
        drive, w = t.affine(x, hidden, name="in"), t.parameter("recurrent", (hidden, hidden))
        states = [t.tanh(t.select(drive, 0))]
        for k in range(1, steps):
            states.append(t.tanh(t.select(drive, k) + t.affine(states[-1], weight=w, bias=False)))
    y = t.affine(t.stack(states), 2, name="y")
    t.record("accuracy", t.mean(t.accuracy(y, goal)))
    t.minimise(t.mean(t.cross_entropy(y, goal)), adam(1e-2, clip=1.0))
    return t.compile(32)


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_a_recurrent_network_learns_an_echo(kind):
    x, goal = echo(320, 8, 2)
    program = recurrent(kind)
    state, _ = trained(program, 150, x=x, t=goal)
    x, goal = echo(64, 8, 2, seed=1)
    right = program.forward(state, "y", x=x).argmax(-1) == goal
    assert right[:, 2:].mean() > 0.97


def test_the_gates_of_a_memory_can_be_read_and_clamped():
    program = recurrent("lstm")
    state, (x, _) = program.start(1), echo(5, 8, 2)
    names = ["memory.3.gates", "memory.3", "memory.2", "memory.3.h", "memory.drive"]
    gates, now, before, h, drive = program.forward(state, names, x=x)
    i, f, g, o = np.split(gates, 4, axis=-1)
    np.testing.assert_allclose(now[:, 1], f * before[:, 1] + i * g, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(h, o * np.tanh(now[:, 1]), rtol=1e-5, atol=1e-6)
    z = drive[:, 3] + before[:, 0] @ program.parameters(state)["memory.recurrent"]
    np.testing.assert_allclose(f, 1 / (1 + np.exp(-z[:, 12:24])), rtol=1e-4)
    assert f.mean() > 0.6  # a forget bias of 1

    def remember_only(gates):
        gates[:, :12], gates[:, 12:24] = 0.0, 1.0
        return gates

    held = program.forward(state, "memory.5", x=x, replace={f"memory.{k}.gates": remember_only for k in (3, 4, 5)})
    np.testing.assert_allclose(held[:, 1], before[:, 1], rtol=1e-6)


def test_gates_that_do_not_fit_their_cell_are_refused():
    t = Tape()
    z, state = t.input("z", 8), t.input("s", (2, 3))
    for wrong, words in [
        (lambda: t.lstm_cell(t.input("odd", 7)), "multiple of four"),
        (lambda: t.lstm_cell(z, state), r"\(2, 3\)"),
        (lambda: t.lstm_cell(z, t.input("s2", (2, 2)), t.parameter("w", (2, 4))), r"\(2, 4\)"),
        (lambda: t.lstm_cell(t.input("long", (3, 8)), step=3), "no such row"),
    ]:
        with pytest.raises(LabError, match=words):
            wrong()


# A language model ------------------------------------------------------------------------------------------------------


def language(vocabulary=7, length=12, width=16, heads=2, blocks=1, tied=True, batch=16, dtype="float32"):
    t = Tape()
    x = t.labels("x", vocabulary, length)
    h = t.embedding(x, width, name="embedding", init="small") + t.parameter("position", (length, width), "small")
    for b in range(blocks):
        u = t.layer_norm(h)
        q, k, v = (t.transpose(t.reshape(t.affine(u, width, bias=False), (length, heads, width // heads)), (1, 0, 2)) for _ in range(3))
        scores = t.scale(t.matmul(q, k, transposed=True), (width // heads) ** -0.5)
        w = t.softmax(scores, causal=True, name=f"attention{b}")
        h = h + t.affine(t.reshape(t.transpose(t.matmul(w, v), (1, 0, 2)), (length, width)), width)
        h = h + t.affine(t.gelu(t.affine(t.layer_norm(h), 2 * width), name=f"gelu{b}"), width)
    h = t.layer_norm(h)
    if tied:
        y = t.affine(h, weight=t.find("embedding.weight"), transposed=True, bias=False, name="logits")
    else:
        y = t.affine(h, vocabulary, bias=False, init="small", name="logits")
    t.minimise(t.mean(t.cross_entropy(y, t.labels("t", vocabulary, length))), adam(1e-2))
    return t.compile(batch, dtype)


def text(n=1500, seed=0):
    """A repeating song with slips: after each token mostly one other."""
    random = np.random.default_rng(seed)
    song = np.tile([0, 1, 2, 3, 4, 5, 6, 2, 5, 1], n // 10)
    return np.where(random.random(song.size) < 0.05, random.integers(0, 7, song.size), song)


@pytest.mark.parametrize("tied", [True, False])
def test_a_small_language_model_learns_what_follows(tied):
    program = language(tied=tied)
    data = windows(program.tape, "float32", text(), {"x": 0, "t": 1})
    state = program.start(1, len(data))
    report = program.train(state, data, 250).check()
    assert abs(report["loss"][0] - np.log(7)) < (0.3 if tied else 0.05)
    assert report["loss"][-20:].mean() < 0.7  # the last token alone leaves more: 1, 2 and 5 have two followers each
    gradient = program.gradients(state, program.tape.objectives[0].loss, ["embedding.weight"], x=np.zeros((2, 12)), t=np.ones((2, 12)))[0]
    assert gradient[0].any() and (gradient[3].any() == tied)  # what is never read moves only where the head is tied


def test_no_position_sees_what_comes_after_it_and_attention_sums_to_one():
    program = language(dtype="float64")
    state, tokens = program.start(3), text()[:24].reshape(2, 12)
    y, w = program.forward(state, ["logits", "attention0"], x=tokens)
    np.testing.assert_allclose(w.sum(-1), 1.0, rtol=1e-12)
    assert not np.triu(w, 1).any()
    for k in range(1, 12):
        other = tokens.copy()
        other[:, k:] = (other[:, k:] + 3) % 7
        assert program.forward(state, "logits", x=other)[:, :k].tobytes() == y[:, :k].tobytes()  # to the bit


def test_silencing_a_neuron_changes_the_output_by_what_it_wrote():
    program = language(dtype="float64")
    state, tokens = program.start(3), text()[:12].reshape(1, 12)
    value, clean, after = program.forward(state, ["gelu0", "add3", "affine5"], x=tokens)
    patched = program.forward(state, "add3", x=tokens, replace={"gelu0": lambda v: v * (np.arange(32) != 5)})
    np.testing.assert_allclose(clean - patched, value[..., 5:6] * program.parameters(state)["affine6.weight"][5], atol=1e-12)
    assert after.shape == (1, 12, 32)


# Makers of samples -----------------------------------------------------------------------------------------------------


def test_a_conditional_autoencoder_with_a_skip_learns_both_terms():
    random = np.random.default_rng(0)
    c = random.integers(0, 3, 300)
    pictures = (random.random((300, 9)) < np.kron(np.eye(3), np.ones(3))[c] * 0.8 + 0.1) * 1.0
    t = Tape()
    x, labels = t.input("x", 9), t.labels("c", 3)
    told = t.one_hot(labels, name="told")
    h = t.relu(t.affine(t.concatenate([x, told]), 16))
    m, v = t.affine(h, 2, name="mean"), t.affine(h, 2, init="small", name="logvar")
    z = t.add(m, t.exp(t.scale(v, 0.5)) * t.gaussian((2,)), name="z")
    y = t.affine(t.relu(t.affine(t.concatenate([z, told]), 16)), 9, name="y")
    kl = t.record("kl", t.kl_gaussian(m, v))
    t.minimise(t.add(t.bernoulli(y, x), t.scale(kl, 1.0, name="beta"), name="loss"), adam(1e-2))
    program = t.compile(50)
    state, report = trained(program, 240, x=pictures, c=c)
    assert report["loss"][-6:].mean() < 0.75 * report["loss"][:6].mean() and (report["kl"] >= 0).all()
    drawn = program.forward(state, "y", replace={"z": np.random.default_rng(1).normal(size=(90, 2))}, c=np.repeat([0, 1, 2], 30))
    lit = 1 / (1 + np.exp(-drawn.reshape(3, 30, 3, 3).mean((1, 3))))
    assert (lit.argmax(1) == np.arange(3)).all()  # the class that is told is the picture that is drawn


def test_two_players_learn_a_density_with_fresh_samples_each():
    t = Tape()
    x = t.input("x", 1)
    g = [t.parameter("g.w", (1, 1), 1.0), t.parameter("g.b", 1, 0.0)]
    d = [
        t.parameter("d.w1", (1, 16), "he"),
        t.parameter("d.b1", 16, "zeros"),
        t.parameter("d.w2", (16, 1), "he"),
        t.parameter("d.b2", 1, "zeros"),
    ]
    fake = t.affine(t.gaussian((1,), name="z"), weight=g[0], bias=g[1], name="fake")

    def judge(value):
        return t.affine(t.leaky(t.affine(value, weight=d[0], bias=d[1]), 0.2), weight=d[2], bias=d[3])

    both = t.add(t.mean(t.softplus(-judge(x))), t.mean(t.softplus(judge(t.stop_gradient(fake)))))
    t.minimise(both, adam(5e-3, 0.5), d, name="D")
    t.minimise(t.mean(t.softplus(-judge(fake))), adam(5e-3, 0.5), g, name="G")
    program = t.compile(64)
    samples = 2.0 + 0.5 * np.random.default_rng(0).normal(size=(640, 1))
    state, report = trained(program, 900, x=samples)
    drawn = program.forward(state, "fake", x=np.zeros((2000, 1)))
    assert abs(drawn.mean() - 2.0) < 0.35
    assert abs(report["D.loss"][-200:].mean() - 2 * np.log(2)) < 0.15
    z = program.forward(state, "z", x=np.zeros((640, 1)))
    assert abs(z.std() - 1) < 0.1


def test_two_programs_take_turns_on_parameters_of_one_name():
    """A pair of programs instead of one: each trains its own part, what they share goes over by name."""

    def player(moved, seed):
        t = Tape()
        a, b = t.parameter("a", 2, "zeros"), t.parameter("b", 2, "zeros")
        t.minimise(t.sum(t.square(a - b - t.constant("gap", [1.0, 2.0]))), descent(0.1), [moved])
        program = t.compile(1)
        return program, program.start(seed)

    (one, first), (two, second) = player("a", 1), player("b", 2)
    for _ in range(40):
        one.step(first)
        two.parameters(second)["a"][:] = one.parameters(first)["a"]
        two.step(second)
        one.parameters(first)["b"][:] = two.parameters(second)["b"]
    p = one.parameters(first)
    np.testing.assert_allclose(p["a"] - p["b"], [1.0, 2.0], atol=1e-5)
    assert abs(p["a"]).max() > 0.1 and abs(p["b"]).max() > 0.1
