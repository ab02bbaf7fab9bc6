"""A minibatch in two halves has the bytes of one in one piece: by one thread, by two, and where a helper comes late or never."""

import threading

import numpy as np
import pytest

from lab.kernels import JIT, exchange, kernel, look, pause, put
from lab.kernels.threads import cores, one_thread, running, spare_core
from lab.tape import Tape, adam, halves, interpreter
from lab.tape.check import case_program
from lab.tape.elementary import largest
from lab.tape.products import LARGE, product, product_left, product_right
from lab.tape.registry import CASES, OPCODES

pytestmark = pytest.mark.skipif(not JIT, reason="interpreted kernels have no second thread")
SAMPLES = 32


@pytest.fixture
def eager(monkeypatch):
    """Every piece of work is worth an offer; returns a switch: "one", "closed" (halves by one thread) or "two"."""
    monkeypatch.setattr(halves, "LEAST", 0.0)

    def switch(how):
        class Chosen(halves.Helper):
            def __enter__(self):
                desk = super().__enter__() if how == "two" else self._desk
                if desk.size and how == "closed":
                    desk[interpreter.CLOSED] = 1
                return desk

            @staticmethod
            def may_come(nanoseconds):
                return how != "one"

        monkeypatch.setattr("lab.tape.program.Helper", Chosen)

    return switch


def digits(count=200):
    random = np.random.default_rng(3)
    return {"x": random.random((count, 12)), "t": random.integers(0, 4, count)}


def classifier(t, x, name="w"):
    return t.affine(t.relu(t.affine(x, 24, init="he", name=f"{name}1")), 4, name=f"{name}2")


def plain(t):
    t.minimise(t.cross_entropy(classifier(t, t.input("x", 12)), t.labels("t", 4)), adam(1e-2))
    return digits()


def shared_weights(t):
    """One weight used at several places and transposed, through a function of it, with layer norm, dropout and batch norm between."""
    x, w = t.input("x", 12), t.parameter("w", (12, 12), "xavier")
    bent = t.tanh(w)
    h = t.layer_norm(t.affine(x, weight=bent, bias=False))
    h = t.batch_norm(t.dropout(t.affine(h, weight=bent, transposed=True, bias=False), 0.3) + t.parameter("p", (12,), "small"))
    t.minimise(t.cross_entropy(classifier(t, t.relu(h)), t.labels("t", 4)), adam(1e-2))
    return digits()


def players(t):
    fake = t.affine(t.tanh(t.affine(t.gaussian((4,)), 16, name="g1")), 12, name="g2")
    real, made = (t.affine(t.relu(t.affine(v, weight=w, bias=False)), weight=u, bias=False)
                  for w, u in [(t.parameter("d1", (12, 16), "he"), t.parameter("d2", (16, 1), "he"))]
                  for v in (t.input("x", 12), t.stop_gradient(fake)))  # fmt: skip
    again = t.affine(t.relu(t.affine(fake, weight=t.find("d1"), bias=False)), weight=t.find("d2"), bias=False)
    t.minimise(t.mean(t.softplus(-real)) + t.mean(t.softplus(made)), adam(1e-3), ["d1", "d2"], name="D", turn=(2, True))
    t.minimise(
        t.mean(t.softplus(-again)), adam(1e-3), [n.name for n in t.nodes if n.name.startswith("g") and n.kind == "parameter"], name="G"
    )
    return {"x": digits()["x"]}


def attacked(t):
    x, labels = t.input("x", 12), t.labels("t", 4)
    w = [
        (t.parameter("w1", (12, 24), "he"), t.parameter("b1", 24, "zeros")),
        (t.parameter("w2", (24, 4), "he"), t.parameter("b2", 4, "zeros")),
    ]

    def through(v):
        return t.affine(t.relu(t.affine(v, weight=w[0][0], bias=w[0][1])), weight=w[1][0], bias=w[1][1])

    near = t.free("near", 12, start=x + t.uniform((12,), -0.1, 0.1))
    other, clean = through(near), through(x)
    apart = t.kl_categorical(clean, other)
    t.settle(apart, [near], steps=5, rate=0.05, rule="sign", ascend=True, ball=(x, 0.1), low=0.0, high=1.0, name="attack")
    t.minimise(t.cross_entropy(clean, labels) + t.scale(apart, 6.0), adam(1e-2))
    return digits()


def memory(t):
    h = t.lstm(t.input("x", (5, 3)), 12, name="m")[-1]
    t.minimise(t.mse(t.affine(h, 1), t.input("t", 1)), adam(5e-3, clip=1.0))
    random = np.random.default_rng(4)
    return {"x": random.normal(size=(200, 5, 3)), "t": random.normal(size=(200, 1))}


def memories(t):
    """Two of them beside each other, the one wide: what clears the halves of its weights is dealt out as well."""
    x = t.input("x", (5, 3))
    h, other = t.lstm(x, 32, name="m")[-1], t.lstm(x, 12, name="n")[-1]
    t.minimise(t.mse(t.affine(h, 1) + t.affine(other, 1), t.input("t", 1)), adam(5e-3, clip=1.0))
    random = np.random.default_rng(4)
    return {"x": random.normal(size=(200, 5, 3)), "t": random.normal(size=(200, 1))}


def language(t):
    h = t.embedding(t.labels("x", 11, 8), 16, name="table") + t.parameter("position", (8, 16), "small")
    q, k, v = (t.transpose(t.reshape(t.affine(t.layer_norm(h), 16, bias=False), (8, 2, 8)), (1, 0, 2)) for _ in range(3))
    h = h + t.affine(t.attention(q, k, v, causal=True), 16)
    h = h + t.affine(t.gelu(t.affine(t.layer_norm(h), 32)), 16)
    y = t.affine(h, weight=t.find("table.weight"), transposed=True, bias=False)
    t.minimise(t.mean(t.cross_entropy(y, t.labels("t", 11, 8))), adam(3e-3))
    random = np.random.default_rng(5)
    return {"x": random.integers(0, 11, (200, 8)), "t": random.integers(0, 11, (200, 8))}


NETWORKS = [plain, shared_weights, players, attacked, memory, memories, language]


@pytest.mark.parametrize("build", NETWORKS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("compiled", [SAMPLES, 3 * SAMPLES + 4])
def test_training_in_halves_has_the_same_bytes(build, compiled, eager):
    """Also with fewer samples than the program is compiled for, as models train that judge themselves in larger blocks."""
    t = Tape()
    inputs = build(t)
    program = t.compile(batch=compiled)  # 200 samples: the last minibatch of an epoch holds 8
    data, found = program.data(**inputs), {}
    for how in ("one", "closed", "two"):
        eager(how)
        state = program.start(1, 200)
        reports = [program.train(state, data, steps, batch=SAMPLES) for steps in (9, 1, 6)]
        found[how] = b"".join(v.tobytes() for v in state.values()) + b"".join(r.values.tobytes() for r in reports)
    shared = [h for h in program._halves.values() if h is not None]
    assert [h.whole for h in shared] == [SAMPLES]
    assert shared and any(phase[3] > phase[2] for phase in shared[0].phases)
    assert found["one"] == found["closed"] == found["two"]


@pytest.mark.parametrize("build", NETWORKS, ids=lambda f: f.__name__)
def test_the_two_shares_of_a_phase_may_be_done_in_either_order(build, eager, monkeypatch):
    """What one thread does must not wait for what the other does: a race would show once in a hundred runs, the other order at once."""
    t = Tape()
    inputs = build(t)
    program = t.compile(batch=SAMPLES)
    data, found = program.data(**inputs), {}

    def turned(*arguments):
        made = halves.halved(*arguments)
        two = made.phases[:, 3] > made.phases[:, 2]
        made.phases[two] = made.phases[two][:, [2, 3, 0, 1, 5, 4]]
        return made

    for how in ("one", "closed"):
        eager(how)
        monkeypatch.setattr("lab.tape.program.halved", turned)
        state = program.start(1, 200)
        program.train(state, data, 5, batch=SAMPLES)
        found[how] = b"".join(v.tobytes() for v in state.values())
    assert any(h is not None for h in program._halves.values())
    assert found["one"] == found["closed"]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_values_and_gradients_of_every_operation_have_the_same_bytes(case, eager):
    small, state, root, arrays = case_program(case, "float32")
    program = small.tape.compile(batch=SAMPLES)
    arrays = {name: np.resize(value, (2 * SAMPLES + 3, *value.shape[1:])) for name, value in arrays.items()}
    names = [n for n in arrays if n != "labels"] + list(program.parameters(state))
    found = {}
    for how in ("one", "closed"):
        eager(how)
        got = [program.forward(state, root, train=case.train, seed=2, **arrays)]
        got += program.gradients(state, root, names, train=case.train, seed=2, **arrays) if case.smooth else []
        found[how] = [value.tobytes() for value in got]
    assert found["one"] == found["closed"]


def test_what_draws_or_mixes_samples_is_done_alone(eager):
    t = Tape()
    shared_weights(t)
    program = t.compile(batch=SAMPLES)
    maker = halves._Maker(program.layout, "float32", program.start(1)["hyper"], SAMPLES)
    rows = {
        name: [r for r in program._rows if r[0] == 2 * OPCODES[name].number] for name in ("dropout", "batch_norm", "affine", "layer_norm")
    }
    assert not any(maker.apart(row) for name in ("dropout", "batch_norm") for row in rows[name])
    assert all(maker.apart(row) for row in rows["layer_norm"])


def test_a_half_that_nobody_takes_is_done_by_who_offered_it(eager):
    t = Tape()
    inputs = plain(t)
    program = t.compile(batch=SAMPLES)
    data, states = program.data(**inputs), {}
    for how in ("one", "two"):
        eager(how)
        helper = halves.Helper._stay
        halves.Helper._stay = lambda self: None  # it never comes
        try:
            states[how] = program.start(1, 200)
            program.train(states[how], data, 10)
        finally:
            halves.Helper._stay = helper
    assert all(states["one"][name].tobytes() == states["two"][name].tobytes() for name in states["one"])


@kernel
def handed(desk):
    put(desk, 1, 7)
    pause()
    return look(desk, 1) == 7, exchange(desk, 1, 7, 9), exchange(desk, 1, 7, 8), look(desk, 1)


def test_a_number_is_exchanged_once():
    desk = np.zeros(4, np.int64)
    assert handed(desk) == (True, True, False, 9) and desk[0] == 0


def test_no_helper_for_one_core_or_where_others_compute(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1}, raising=False)
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    monkeypatch.setattr(halves.Helper, "_away", 0.0)
    monkeypatch.setattr("lab.kernels.threads.running", lambda: 2)
    assert cores() == 2 and spare_core() and halves.Helper.may_come(1e9) and not halves.Helper.may_come(1e5)
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    assert cores() == 1 and not spare_core() and not halves.Helper.may_come(1e9)
    monkeypatch.delenv("NUMBA_NUM_THREADS")
    seen = []

    def inside():
        with one_thread:
            seen.append(spare_core())

    with one_thread:
        assert spare_core()
        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
    assert seen == [False]
    assert one_thread._threads == {}
    monkeypatch.setattr("lab.kernels.threads.running", lambda: 3)
    assert not spare_core()
    monkeypatch.setattr("lab.kernels.threads.running", lambda: 1)
    assert spare_core()
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0}, raising=False)
    assert not spare_core()


def test_at_least_this_thread_runs():
    assert running() >= 1


@pytest.mark.parametrize("shape", [(20, 12, 40), (64, 128, 10), (32, 1, 64), (1, 100, 24), (300, 8, 9)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_product_that_is_added_has_the_bytes_of_one_that_is_made_first(shape, dtype):
    n, k, m = shape
    for what, (sx, sw, sy) in (
        (product, (n * k, k * m, n * m)),
        (product_right, (n * k, m * k, n * m)),
        (product_left, (n * k, n * m, k * m)),
    ):
        a = np.random.default_rng(1).standard_normal(sx + sw + 2 * sy).astype(dtype)
        y, z = sx + sw, sx + sw + sy
        before = a[y:z].copy()
        what(a, 0, sx, z, n, k, m, 1)
        what(a, 0, sx, y, n, k, m, 0)
        assert n * k * m < LARGE or (a[y:z] == before + a[z:]).all()


def test_the_largest_value_is_found_wherever_it_stands():
    values = np.random.default_rng(2).standard_normal(27).astype(np.float32)
    for count in (1, 3, 7, 8, 9, 16, 17, 27):
        for at in range(count):
            x = values[:count].copy()
            x[at] = 9.0
            assert largest(x) == 9.0
        assert largest(values[:count]) == values[:count].max()
