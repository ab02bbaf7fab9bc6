"""Values, gradients and training of whole networks against PyTorch, in float64."""

import numpy as np
import pytest

from lab.tape import Tape, adam, adamw, momentum, nesterov

torch = pytest.importorskip("torch")
functional = torch.nn.functional


def tensors(program, state):
    return {name: torch.tensor(value.astype(float), requires_grad=True) for name, value in program.parameters(state).items()}


def compare(program, state, loss, theirs, inputs, *, train=True, wrt=()):
    """Loss and all gradients of the batch mean against those of `theirs(parameters, inputs)`."""
    p = tensors(program, state)
    x = {name: torch.tensor(np.asarray(value, float)) for name, value in inputs.items()}
    for name in wrt:
        x[name].requires_grad_()
    value = theirs(p, x)
    value.backward()
    ours = program.forward(state, loss, train=train, **inputs).mean()
    np.testing.assert_allclose(ours, value.item(), rtol=1e-10)
    names = [*p, *wrt]
    for name, found in zip(names, program.gradients(state, loss, names, train=train, **inputs), strict=True):
        expected = (p[name] if name in p else x[name]).grad.numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12, err_msg=name)


def test_a_dense_network_with_batch_norm_agrees():
    t = Tape()
    x = t.input("x", 6)
    h = t.relu(t.batch_norm(t.affine(x, 40, name="a"), name="n"))
    loss = t.cross_entropy(t.affine(h, 4, name="b"), t.labels("t", 4))
    program = t.compile(32, "float64")
    random = np.random.default_rng(0)

    def theirs(p, v):
        h = v["x"] @ p["a.weight"] + p["a.bias"]
        h = functional.relu(functional.batch_norm(h, None, None, p["n.gain"], p["n.bias"], True))
        return functional.cross_entropy(h @ p["b.weight"] + p["b.bias"], v["t"].long())

    inputs = {"x": random.normal(size=(32, 6)), "t": random.integers(0, 4, 32)}
    compare(program, program.start(1), loss, theirs, inputs, wrt=["x"])


def test_a_convolutional_network_agrees():
    t = Tape()
    x = t.input("x", (9, 8, 2))
    h = t.max_pool(t.leaky(t.conv2d(x, 5, name="a"), 0.1), 3, stride=2, padding=1)
    h = t.average_pool(t.gelu(t.conv2d(h, 4, stride=2, padding=1, name="b")), 2)
    loss = t.bernoulli(t.affine(t.flatten(h), 3, name="c"), t.input("t", 3))
    program = t.compile(4, "float64")

    def theirs(p, v):
        h = v["x"].permute(0, 3, 1, 2)
        h = functional.leaky_relu(functional.conv2d(h, p["a.weight"].permute(3, 2, 0, 1), p["a.bias"], padding=1), 0.1)
        h = functional.max_pool2d(h, 3, 2, 1)
        h = functional.gelu(functional.conv2d(h, p["b.weight"].permute(3, 2, 0, 1), p["b.bias"], 2, 1), approximate="tanh")
        h = functional.avg_pool2d(h, 2).permute(0, 2, 3, 1).flatten(1)
        return functional.binary_cross_entropy_with_logits(h @ p["c.weight"] + p["c.bias"], v["t"], reduction="none").sum(1).mean()

    random = np.random.default_rng(1)
    inputs = {"x": random.normal(size=(4, 9, 8, 2)), "t": random.random((4, 3))}
    compare(program, program.start(2), loss, theirs, inputs, wrt=["x", "t"])


def test_causal_attention_agrees():
    t = Tape()
    x = t.input("x", (5, 8))
    h = t.layer_norm(x, name="n")
    q, k, v = (t.transpose(t.reshape(t.affine(h, 8, bias=False, name=name), (5, 2, 4)), (1, 0, 2)) for name in "qkv")
    w = t.softmax(t.scale(t.matmul(q, k, transposed=True), 0.5), causal=True)
    loss = t.mean(t.square(t.reshape(t.transpose(t.matmul(w, v), (1, 0, 2)), (5, 8))))
    program = t.compile(3, "float64")

    def theirs(p, given):
        h = functional.layer_norm(given["x"], (8,), p["n.gain"], p["n.bias"])
        q, k, v = ((h @ p[f"{name}.weight"]).reshape(3, 5, 2, 4).transpose(1, 2) for name in "qkv")
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True).square().mean()

    compare(program, program.start(3), loss, theirs, {"x": np.random.default_rng(2).normal(size=(3, 5, 8))}, wrt=["x"])


def test_an_lstm_unrolled_in_time_agrees():
    t = Tape()
    x = t.input("x", (6, 2))
    gates, recurrent = t.parameter("U", (2, 12)), t.parameter("W", (3, 12))
    h = c = None
    for k in range(6):
        z = t.affine(t.select(x, k), weight=gates, bias=False)
        z = z if h is None else z + t.affine(h, weight=recurrent, bias=False)
        i, f, g, o = (t.slice(z, 3 * n, 3 * n + 3) for n in range(4))
        new = t.logistic(i) * t.tanh(g)
        c = new if c is None else t.logistic(f) * c + new
        h = t.logistic(o) * t.tanh(c)
    loss = t.mean(t.square(h))
    program = t.compile(4, "float64")

    def theirs(p, v):
        cell = torch.nn.LSTM(2, 3, bias=False, batch_first=True, dtype=torch.float64)
        names = [("weight_ih_l0", p["U"].T), ("weight_hh_l0", p["W"].T)]
        out = torch.func.functional_call(cell, dict(names), (v["x"],))[0]
        return out[:, -1].square().mean()

    compare(program, program.start(4), loss, theirs, {"x": np.random.default_rng(3).normal(size=(4, 6, 2))}, wrt=["x"])


def test_a_memory_of_one_instruction_pair_a_step_agrees():
    t = Tape()
    x = t.input("x", (6, 2))
    loss = t.mean(t.square(t.stack(t.lstm(x, 12, name="m"))))
    program = t.compile(8, "float64")

    def theirs(p, v):
        cell = torch.nn.LSTM(2, 12, batch_first=True, dtype=torch.float64)
        given = {
            "weight_ih_l0": p["m.input"].T,
            "weight_hh_l0": p["m.recurrent"].T,
            "bias_ih_l0": p["m.bias"],
            "bias_hh_l0": 0 * p["m.bias"],
        }
        return torch.func.functional_call(cell, given, (v["x"],))[0].square().mean()

    compare(program, program.start(4), loss, theirs, {"x": np.random.default_rng(3).normal(size=(8, 6, 2))}, wrt=["x"])


def test_a_gated_recurrent_unit_agrees():
    t = Tape()
    x = t.input("x", (6, 2))
    loss = t.mean(t.square(t.stack(t.gru(x, 5, name="m"))))
    program = t.compile(8, "float64")
    state = program.start(4)
    program.parameters(state)["m.recalled"][:] = np.random.default_rng(5).normal(size=5)

    def theirs(p, v):
        cell = torch.nn.GRU(2, 5, batch_first=True, dtype=torch.float64)
        none = torch.zeros(10, dtype=torch.float64)
        given = {
            "weight_ih_l0": p["m.drive.weight"].T,
            "weight_hh_l0": p["m.recurrent"].T,
            "bias_ih_l0": p["m.drive.bias"],
            "bias_hh_l0": torch.cat([none, p["m.recalled"]]),
        }
        return torch.func.functional_call(cell, given, (v["x"],))[0].square().mean()

    compare(program, state, loss, theirs, {"x": np.random.default_rng(3).normal(size=(8, 6, 2))}, wrt=["x"])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (momentum(0.05, 0.9), lambda p: torch.optim.SGD(p, 0.05, momentum=0.9)),
        (nesterov(0.05, 0.9, decay=0.1), lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True, weight_decay=0.1)),
        (adam(0.01, decay=0.1), lambda p: torch.optim.Adam(p, 0.01, weight_decay=0.1)),
        (adamw(0.01, decay=0.1), lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1)),
    ],
)
def test_twenty_training_steps_agree(ours, theirs):
    t = Tape()
    x = t.input("x", 3)
    h = t.tanh(t.affine(x, 5, bias=False, name="a"))
    t.minimise(t.mse(t.affine(h, 2, bias=False, name="b"), t.input("t", 2)), ours)
    program = t.compile(8, "float64")
    state = program.start(6, 8)
    p = tensors(program, state)
    random = np.random.default_rng(4)
    x, goal = random.normal(size=(8, 3)), random.normal(size=(8, 2))
    optimiser = theirs(list(p.values()))
    for _ in range(20):
        optimiser.zero_grad()
        out = torch.tanh(torch.tensor(x) @ p["a.weight"]) @ p["b.weight"]
        functional.mse_loss(out, torch.tensor(goal)).backward()
        optimiser.step()
    program.train(state, program.data(x=x, t=goal), 20, shuffle=False)
    for name, value in program.parameters(state).items():
        np.testing.assert_allclose(value, p[name].detach().numpy(), rtol=1e-8)
