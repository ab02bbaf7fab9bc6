"""Networks written as ONNX, run by onnxruntime: the same logits."""

from __future__ import annotations

import numpy as np
import pytest

from lab import catalog
from lab.__main__ import main
from lab.commands.learning import _trained
from lab.errors import ModelError
from lab.tape import Tape
from lab.tape.onnx import save_onnx


def ran(path, x):
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.asarray(x, np.float32)})[0]


def write(path, layers, shape=(6,), train=False):
    """A network of the given layers, its running values moved if wanted; returns what it says to random examples, and those."""
    tape = Tape()
    y = layers(tape, tape.input("x", shape))
    program = tape.compile(16)
    state = program.start(3)
    rng = np.random.default_rng(1)
    for arrays in (program.parameters(state), program.statistics(state)):
        for array in arrays.values():
            array += 0.3 * rng.random(array.shape).astype(np.float32)
    x = rng.normal(size=(9, *shape)).astype(np.float32)
    save_onnx(path, program, state, y.name)
    return program.forward(state, y.name, x=x), x


LAYERS = {
    "every activation": lambda t, x: t.affine(
        t.gelu(t.softplus(t.leaky(t.tanh(t.logistic(t.affine(t.relu(t.affine(x, 8)), 7))), 0.2))), 3, bias=False
    ),
    "both norms": lambda t, x: t.affine(t.relu(t.layer_norm(t.batch_norm(t.affine(x, 8)))), 3),
    "dropout and noise": lambda t, x: t.affine(t.dropout(t.noise(x, 0.5), 0.5), 3),
    "step and square": lambda t, x: t.affine(t.square(t.step(t.scale(x, 2.0, 0.1))), 3),
    "tied weights": lambda t, x: t.affine(
        t.tanh(t.affine(x, 4, name="a")), weight=t.find("a.weight"), transposed=True, bias=False, name="b"
    ),
    "sums": lambda t, x: t.softmax(t.subtract(t.multiply(x, t.constant("c", np.arange(6.0))), t.affine(x, 6))),
}  # fmt: skip


@pytest.mark.parametrize("kind", LAYERS)
def test_layers_say_the_same_in_onnxruntime(kind, tmp_path):
    ours, x = write(tmp_path / "net.onnx", LAYERS[kind])
    np.testing.assert_allclose(ran(tmp_path / "net.onnx", x), ours, atol=1e-5)


@pytest.mark.parametrize("pool", ["max_pool", "average_pool"])
def test_convolutions_with_strides_and_padding_say_the_same(pool, tmp_path):
    def layers(t, x):
        h = t.relu(t.batch_norm(t.conv2d(x, 3, size=3)))
        h = getattr(t, pool)(h, 3, stride=2, padding=1)
        h = t.conv2d(h, 4, size=2, padding="valid", stride=2, bias=False)
        return t.affine(t.flatten(h), 5)

    ours, x = write(tmp_path / "net.onnx", layers, (7, 6, 2))
    np.testing.assert_allclose(ran(tmp_path / "net.onnx", x), ours, atol=1e-5)


def test_what_has_no_words_is_refused_by_name(tmp_path):
    with pytest.raises(ModelError, match="'transpose'"):
        write(tmp_path / "net.onnx", lambda t, x: t.transpose(x), (2, 3))
    assert not list(tmp_path.iterdir())


TRAINED = {
    "pictures": ("cnn", ["data=digits", "filters=4"]),
    "a table": ("mlp", ["data=wine", "hidden=8", "normalise=batch"]),
    "numbers": ("mlp", ["data=diabetes", "hidden=8"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", TRAINED)
def test_a_trained_network_says_the_same_in_onnxruntime(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, chosen = TRAINED[kind]
    assert main(["run", model, *(w for c in chosen for w in ("--set", c)), "--for", "4steps", "--quiet", "-o", "run.lab"]) == 0
    assert main(["weights", "run.lab", "-o", "net.onnx"]) == 0
    simulation = _trained("run.lab", None, False)
    c, m = simulation.constants, simulation.constants.material
    state = simulation.model.tape_state(c, simulation.state)
    raw = m.natural(m.test_x[:20])
    logits = m.units(c.program.forward(state, c.output, x=m.test_x[:20]))
    found = ran("net.onnx", raw)
    np.testing.assert_allclose(found, logits, atol=1e-5 * max(1.0, np.abs(logits).max()))


def test_the_file_names_features_and_classes(tmp_path, monkeypatch):
    onnx = pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    assert main(["run", "mlp", "--set", "data=wine", "--set", "hidden=4", "--for", "1steps", "--quiet", "-o", "run.lab"]) == 0
    assert main(["weights", "run.lab", "--to", "onnx"]) == 0
    model = onnx.load("run.onnx")
    onnx.checker.check_model(model, full_check=True)
    notes = {p.key: p.value for p in model.metadata_props}
    assert "alcohol" in notes["features"] and notes["classes"].count(",") == 2


def test_a_network_that_reads_no_example_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert catalog.load("bandit")
    assert main(["run", "bandit", "--for", "2steps", "--quiet", "-o", "run.lab"]) == 0
    assert main(["weights", "run.lab", "--to", "onnx"]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said and not (tmp_path / "run.onnx").exists()
