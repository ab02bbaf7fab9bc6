"""Checkpoints of the GPT-2 family against an independent program, a definition written out, and people's damaged files."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest

from lab.__main__ import main
from lab.data import byte_pairs, tensors
from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.models.learning.pretrained_gpt import PretrainedGPT, bundled
from lab.training.checkpoint import FILE, Block, Checkpoint, drawn, open_checkpoint, write_checkpoint
from lab.training.decoder import Masks, Pass, logits_of

WORDS = byte_pairs.learn("the quick brown fox jumps over the lazy dog and the function returns the value " * 3, 300)
TEXT = WORDS.encode("the function returns the lazy fox, and then the value of 42 naïve dogs")


def shaken(seed: int = 3, **shape: int) -> Checkpoint:
    """A random checkpoint whose norms and biases are random, too."""
    model, random = (
        drawn(seed, WORDS, **{"width": 24, "blocks": 3, "heads": 3, "context": 64, **shape}, size=0.3),
        np.random.default_rng(seed),
    )

    def moved(array: np.ndarray) -> np.ndarray:
        return (array + 0.2 * random.standard_normal(array.shape)).astype(np.float32)

    blocks = tuple(Block(*map(moved, block)) for block in model.blocks)
    return Checkpoint(model.embedding, model.positions, blocks, moved(model.gain), moved(model.bias), model.embedding, model.heads, WORDS)


def slowly(model: Checkpoint, tokens: list[int]) -> np.ndarray:
    """(T, V) logits by the equations, in double precision."""

    def norm(x, gain, bias):
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * gain + bias

    T, d, H = len(tokens), model.width, model.heads
    x = (model.embedding[tokens] + model.positions[:T]).astype(float)
    for b in model.blocks:
        q, k, v = (norm(x, b.norm1_gain, b.norm1_bias) @ b.qkv + b.qkv_bias).reshape(T, 3, H, d // H).transpose(1, 2, 0, 3)
        scores = np.where(np.tril(np.ones((T, T))) > 0, q @ k.transpose(0, 2, 1) / np.sqrt(d // H), -np.inf)
        looks = np.exp(scores - scores.max(-1, keepdims=True))
        looks /= looks.sum(-1, keepdims=True)
        x = x + (looks @ v).transpose(1, 0, 2).reshape(T, d) @ b.mix + b.mix_bias
        a = norm(x, b.norm2_gain, b.norm2_bias) @ b.keys + b.keys_bias
        x = x + 0.5 * a * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3))) @ b.values + b.values_bias
    return norm(x, model.gain, model.bias) @ model.head.T


@pytest.fixture(scope="module")
def model() -> Checkpoint:
    return shaken()


def test_logits_are_those_of_the_equations(model):
    found = logits_of(model, Pass(model).read(TEXT).stream[-1, : len(TEXT)])
    np.testing.assert_allclose(found, slowly(model, TEXT), atol=1e-4)


def test_what_is_kept_gives_the_bits_of_a_whole_pass(model):
    whole, parts = Pass(model).read(TEXT), Pass(model)
    for k in (1, 2, 5, 6, 20, 3, len(TEXT)):
        parts.read(TEXT[:k])
    n = len(TEXT)
    for name in ("queries", "keys", "values", "stream"):
        np.testing.assert_array_equal(getattr(whole, name)[:, :n], getattr(parts, name)[:, :n])
    np.testing.assert_array_equal(whole.surprise[:n], parts.surprise[:n])
    logits = slowly(model, TEXT)
    expected = np.log(np.exp(logits).sum(-1))[:-1] - logits[np.arange(n - 1), TEXT[1:]]
    np.testing.assert_allclose(whole.surprise[1:n], expected, atol=1e-4)


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16"])
def test_a_written_checkpoint_opens_in_every_type(model, tmp_path, kind):
    write_checkpoint(tmp_path, model, kind)
    again = open_checkpoint(tmp_path)
    assert again.heads == 3 and again.tokens.joins == WORDS.joins and again.head is again.embedding
    step = {"F32": 0.0, "F16": 2.0**-11, "BF16": 2.0**-8}[kind]
    for ours, theirs in zip(model.blocks[1], again.blocks[1], strict=True):
        assert theirs.dtype == np.float32
        assert np.abs(ours - theirs).max() <= step * np.abs(ours).max()
    assert open_checkpoint(tmp_path / FILE).context == 64


def test_names_without_a_lead_and_a_head_of_its_own_open_too(model, tmp_path):
    write_checkpoint(tmp_path, model)
    file = tensors.Tensors(tmp_path / FILE)
    arrays = {name.removeprefix("transformer."): np.array(file.weights(name)) for name in file}
    arrays |= {"h.0.attn.bias": np.ones((1, 1, 4, 4), np.float32), "lm_head.weight": 2 * model.embedding}
    tensors.write(tmp_path / FILE, arrays)
    again = open_checkpoint(tmp_path)
    np.testing.assert_array_equal(again.head, 2 * model.embedding)
    np.testing.assert_array_equal(again.blocks[2].values, model.blocks[2].values)


def test_without_a_description_a_head_has_64_numbers(tmp_path):
    write_checkpoint(tmp_path, shaken(width=128, heads=2, blocks=1))
    (tmp_path / "config.json").unlink()
    assert open_checkpoint(tmp_path).heads == 2
    write_checkpoint(tmp_path, shaken())
    (tmp_path / "config.json").unlink()
    with pytest.raises(LabError, match=r"config\.json, with its n_head"):
        open_checkpoint(tmp_path)


def test_an_independent_program_gives_the_same_logits_and_attention(model, tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("tqdm").tqdm.monitor_interval = 0  # else its thread stays
    write_checkpoint(tmp_path, model)
    with torch.no_grad():
        theirs = transformers.GPT2LMHeadModel.from_pretrained(tmp_path, attn_implementation="eager").eval()
        found = theirs(torch.tensor([TEXT]), output_attentions=True)
    ours = Pass(open_checkpoint(tmp_path)).read(TEXT)
    np.testing.assert_allclose(logits_of(ours.model, ours.stream[-1, : len(TEXT)]), found.logits[0].numpy(), atol=1e-4)
    for b in range(3):
        np.testing.assert_allclose(ours.attention(b), found.attentions[b][0].numpy(), atol=1e-5)


def test_torch_written_from_the_paper_gives_the_same_logits(model):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional

    def turned(array):
        return torch.tensor(np.asarray(array, float))

    T, d = len(TEXT), model.width
    with torch.no_grad():
        x = turned(model.embedding)[TEXT] + turned(model.positions)[:T]
        for b in (Block(*map(turned, block)) for block in model.blocks):
            normed = functional.layer_norm(x, (d,), b.norm1_gain, b.norm1_bias)
            q, k, v = (part.reshape(T, model.heads, -1).transpose(0, 1) for part in (normed @ b.qkv + b.qkv_bias).split(d, -1))
            heads = functional.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
            x = x + heads.transpose(0, 1).reshape(T, d) @ b.mix + b.mix_bias
            keys = functional.layer_norm(x, (d,), b.norm2_gain, b.norm2_bias) @ b.keys + b.keys_bias
            x = x + functional.gelu(keys, approximate="tanh") @ b.values + b.values_bias
        logits = functional.layer_norm(x, (d,), turned(model.gain), turned(model.bias)) @ turned(model.head).T
    np.testing.assert_allclose(logits_of(model, Pass(model).read(TEXT).stream[-1, :T]), logits.numpy(), atol=1e-4)


def test_silent_parts_say_nothing(model):
    clean, masks = Pass(model).read(TEXT), Masks.none(model)
    masks.neurons[2, 5] = 0
    silent = Pass(model, masks).read(TEXT)
    answers = clean.answers_of([(2, 5)], slice(0, len(TEXT)))[0]
    np.testing.assert_allclose(answers, clean.answers(slice(0, len(TEXT)))[2, :, 5], atol=1e-5)
    moved = (silent.stream[-1] - clean.stream[-1])[: len(TEXT)]
    np.testing.assert_allclose(moved, -answers[:, None] * model.blocks[2].values[5], atol=1e-5)
    masks = Masks.none(model)
    masks.blocks[1] = 0
    off = Pass(model, masks).read(TEXT)
    np.testing.assert_array_equal(off.stream[2, : len(TEXT)], off.stream[4, : len(TEXT)])
    masks = Masks.none(model)
    masks.heads[0] = 0
    np.testing.assert_allclose(
        Pass(model, masks).read(TEXT).stream[1, : len(TEXT)], clean.stream[0, : len(TEXT)] + model.blocks[0].mix_bias, atol=1e-6
    )


def damaged(folder, change):
    """Rewrite the header of the weights by `change(table)`; what it returns, if anything, becomes the whole file."""
    raw = (folder / FILE).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    table = json.loads(raw[8 : 8 + length])
    made = change(table)
    header = json.dumps(table).encode()
    (folder / FILE).write_bytes(made if made is not None else struct.pack("<Q", len(header)) + header + raw[8 + length :])


@pytest.mark.parametrize(
    "change, why",
    [
        (lambda t: b"", "shorter than its header"),
        (lambda t: struct.pack("<Q", 1 << 60) + b"{}", "header is said to have"),
        (lambda t: struct.pack("<Q", 5) + b"[1,2}", "not JSON"),
        (lambda t: t["transformer.wpe.weight"].update(data_offsets=[0, 1 << 50]), "does not fit"),
        (lambda t: t["transformer.wpe.weight"].update(data_offsets=[-4, 6140]), "whole numbers"),
        (lambda t: t["transformer.wpe.weight"].update(dtype="F128"), "type F128"),
        (lambda t: t["transformer.wpe.weight"].update(dtype=[1]), "holds no weights"),
        (lambda t: t["transformer.wpe.weight"].update(shape=[32, 48]), "n x 24 is wanted"),
        (
            lambda t: t["transformer.wpe.weight"].update(data_offsets=t["transformer.wte.weight"]["data_offsets"], shape=[300, 24]),
            "overlap",
        ),
        (lambda t: t.pop("transformer.h.1.mlp.c_fc.bias") and None, r"h\.1\.mlp\.c_fc\.bias' is missing"),
        (lambda t: t.pop("transformer.wte.weight") and None, "holds no GPT-2"),
        (lambda t: t.pop("transformer.h.1.ln_1.weight") and None, "has 1 blocks, and its config.json says 3"),
    ],
)
def test_damaged_weights_are_refused_with_a_sentence(model, tmp_path, change, why):
    write_checkpoint(tmp_path, model)
    damaged(tmp_path, change)
    with pytest.raises(LabError, match=why):
        open_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "name, value, why",
    [
        ("n_head", 5, "not 5 heads"),
        ("n_head", "3", "n_head must be a whole number"),
        ("n_layer", 2, "config.json says 2"),
        ("model_type", "llama", "model type 'llama'"),
        ("activation_function", "relu", "activation 'relu'"),
        ("layer_norm_epsilon", -1, "between 0 and 1"),
        ("scale_attn_by_inverse_layer_idx", True, "scale_attn_by_inverse_layer_idx"),
    ],
)
def test_descriptions_that_ask_for_something_else_are_refused(model, tmp_path, name, value, why):
    write_checkpoint(tmp_path, model)
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config | {name: value}), "utf-8")
    with pytest.raises(LabError, match=why):
        open_checkpoint(tmp_path)


def test_what_is_missing_is_named(model, tmp_path):
    with pytest.raises(LabError, match=r"There is no model\.safetensors"):
        open_checkpoint(tmp_path)
    write_checkpoint(tmp_path, model)
    (tmp_path / "merges.txt").unlink()
    with pytest.raises(LabError, match=r"merges\.txt is missing"):
        open_checkpoint(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\4")
    with pytest.raises(LabError, match="no safetensors file"):
        open_checkpoint(tmp_path / "pytorch_model.bin")


@pytest.fixture(scope="module")
def opened(tmp_path_factory, model) -> Simulation:
    folder = tmp_path_factory.mktemp("checkpoint")
    write_checkpoint(folder, model)
    simulation = Simulation(PretrainedGPT(checkpoint=str(folder), beginning="the value", steps=200), 1)
    simulation.advance(12)
    return simulation


def test_it_writes_and_every_part_can_be_looked_at(opened):
    n = len(opened.state["text"])
    assert n == len(WORDS.encode("the value")) + 12 and opened.summary()["perplexity"] > 1
    for stream in (s.name for s in opened.model.streams if s.form == "snapshots"):
        assert opened.observe(stream) is not None
    looks = opened.observe("attention")
    assert looks.shape == (9, n, n)
    np.testing.assert_allclose(looks.sum(-1), 1, atol=1e-6)
    said = opened.observe("lens")[0]
    assert said["says"] == opened.observe("next")[0]["token"]
    assert "nothing silent %" not in opened.observe("next")[0]
    opened.act("choose", index=3)
    assert opened.observe("text")["lit"] == (3,) and len(opened.observe("lines")["links"]) == 4
    opened.act("choose_neuron", index=4)
    opened.act("silence_neuron")
    assert "nothing silent %" in opened.observe("next")[0] and "(silent)" in "".join(
        r["neuron"] for r in opened.observe("key-value neurons")
    )
    opened.act("let_all_speak")
    opened.change(block=2)
    opened.act("choose_head", index=1)
    assert tuple(opened.state["head"]) == (1, 1) and opened.observe("attention").shape[0] == 3


def test_a_state_that_no_run_can_hold_is_refused(opened):
    point = opened.checkpoint()
    wrong = {
        "text": np.array([10_000]),
        "head": np.array([7, 0]),
        "heads on": np.ones((9, 9), np.uint8),
        "chosen": np.array([-1]),
        "neurons on": 3 * point.state["neurons on"],
    }
    for name, array in wrong.items():
        with pytest.raises(LabError, match="is damaged"):
            opened.restore(replace(point, state={**point.state, name: array}))
    opened.restore(point)


def test_it_ends_where_the_context_is_full(tmp_path, model):
    write_checkpoint(tmp_path, model)
    simulation = Simulation(PretrainedGPT(checkpoint=str(tmp_path), steps=500), 1)
    assert simulation.advance(500).steps < 64 and len(simulation.state["text"]) == 64


def test_the_small_model_of_the_lab_speaks_of_python(tmp_path, capsys):
    model = open_checkpoint(bundled())
    assert model.parameters < 300_000
    assert Pass(model).read(model.tokens.encode("The function returns the value of the argument")).surprise[3:].mean() < 3.5
    place = str(tmp_path / "small.lab")
    assert main(["run", "pretrained-gpt", "--for", "5tokens", "-o", place]) == 0
    capsys.readouterr()
    assert main(["write", place, "--for", "150", "--from", "The value of "]) == 0
    assert capsys.readouterr().out.startswith("The value of ")


def test_heads_of_the_opened_checkpoint_are_named_by_rules_of_its_text(opened):
    rows = opened.observe("heads")
    captions = [row["head"] for row in opened.observe("rules")]
    assert len(rows) == len(opened.observe("attention")) == len(captions) and all(row["looks at"] for row in rows)
    assert all(c.startswith(row["head"]) for c, row in zip(captions, rows, strict=True))
    opened.act("choose_head", index=len(rows) - 1)
    opened.act("silence_head")
    assert opened.observe("heads")[-1]["head"].endswith("(silent)")
    opened.act("let_all_speak")
