"""Byte-pair tokens: exact there and back, the definition done slowly, an independent program, files, and the GPT that reads them."""

import itertools
import json
import random
import unicodedata

import numpy as np
import pytest

from lab.__main__ import main
from lab.data import byte_pairs
from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.models.learning.gpt import GPT
from lab.training.makers import Text
from lab.training.pieces import Pieces

TEXT = "It isn't what we'll do, it's what they've done in 2024.  The function returns\n\n   the value of x; naïve Über 東京. " * 3


def odd_strings(count: int) -> list[str]:
    """Strings that tokenisers get wrong: endings, spaces of all kinds, digits of all scripts, joined signs, and anything that Unicode has."""
    draw = random.Random(1)
    pools = ["abc de'stmrvl  ' ", " \n\t\r\u00a0\u2003\u3000\x1c\x85\u200b", "0123٣½Ⅷ²", "äöüßçñéЖд東京あ한", "!?.,;:-_'\"()[]{}<|>", "😀👩‍👩‍👧‍👦🏳️‍🌈", "\u0301\u0308\u200d\ufeff", "\x00\x01\x7f", "the function returns "]  # fmt: skip
    found = []
    for k in range(count):
        text = "".join(draw.choice(draw.choice(pools)) for _ in range(draw.randrange(40)))
        if k % 3 == 0:
            text += "".join(
                c for c in (chr(draw.randrange(0x110000)) for _ in range(60)) if unicodedata.category(c) not in ("Cn", "Cs", "Co")
            )
        found.append(text)
    return found


def slowly(pairs: byte_pairs.BytePairs, word: str) -> list[int]:
    """The definition: join all occurrences of the pair that was learnt first, again and again."""
    single = {piece: k for k, piece in enumerate(pairs.pieces) if len(piece) == 1}
    parts = [single[bytes([b])] for b in word.encode()]
    order = {(a, b): (rank, c) for rank, (a, b, c) in enumerate(pairs.joins)}
    while True:
        known = [order[pair] for pair in itertools.pairwise(parts) if pair in order]
        if not known:
            return parts
        _, joined = min(known)
        a, b, _ = next(j for j in pairs.joins if j[2] == joined)
        out, at = [], 0
        while at < len(parts):
            hit = parts[at : at + 2] == [a, b]
            out.append(joined if hit else parts[at])
            at += 2 if hit else 1
        parts = out


@pytest.fixture(scope="module")
def pairs() -> byte_pairs.BytePairs:
    return byte_pairs.learn(TEXT, 330)


def test_every_text_comes_back_and_joins_are_those_of_the_definition(pairs):
    for text in [*odd_strings(200), TEXT]:
        tokens = pairs.encode(text)
        assert pairs.decode(tokens) == text
        assert tokens == [k for word in byte_pairs.words(text) for k in slowly(pairs, word)]


def test_what_is_learnt_first_is_the_most_frequent_pair():
    found = byte_pairs.learn("abab abab abc", 258)
    assert [found.pieces[c] for _, _, c in found.joins] == [b"ab", b" ab"], "as often as abab, of smaller numbers"
    assert len(byte_pairs.learn("xyz", 300)) == 256, "no pair occurs twice"


def test_a_word_of_a_hundred_thousand_letters_is_cut_at_once(pairs):
    assert pairs.decode(pairs.encode("the" * 40_000)) == "the" * 40_000


def test_files_come_back(pairs, tmp_path):
    pairs.write(tmp_path)
    again = byte_pairs.read(tmp_path / "vocab.json", tmp_path / "merges.txt")
    assert again.pieces == pairs.pieces and again.joins == pairs.joins


@pytest.mark.parametrize(
    "vocabulary, merges, why",
    [
        ("[1]", "", "no vocabulary"),
        ("{", "", "not JSON"),
        ('{"a": 0, "b": 0}', "", "gaps or twice"),
        ('{"a": 0}', "", "no token for the byte"),
        (None, "a b c\n", "does not join"),
        (None, "q z\n", "does not join"),
    ],
)
def test_bad_files_are_refused_with_a_sentence(tmp_path, vocabulary, merges, why):
    table = {letter: k for k, letter in enumerate(byte_pairs.BYTE_LETTERS.values())}
    (tmp_path / "vocab.json").write_text(vocabulary or json.dumps(table), "utf-8")
    (tmp_path / "merges.txt").write_text(merges, "utf-8")
    with pytest.raises(LabError, match=why):
        byte_pairs.read(tmp_path / "vocab.json", tmp_path / "merges.txt")


def test_an_independent_tokeniser_agrees_on_a_thousand_odd_strings(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    theirs = tokenizers.ByteLevelBPETokenizer()
    theirs.train_from_iterator([TEXT, *odd_strings(100)], vocab_size=600, min_frequency=2)
    theirs.save_model(str(tmp_path))
    ours = byte_pairs.read(tmp_path / "vocab.json", tmp_path / "merges.txt")
    for text in odd_strings(1000):
        assert ours.encode(text) == theirs.encode(text).ids


def test_windows_of_pieces_are_those_of_the_text_and_the_part_held_out_is_not_learnt_from():
    text = "the cat sat on the mat and the dog sat on the log. " * 40 + "zqzq " * 40
    made = Pieces(text, 8, vocabulary=300)
    assert made.alphabet[:256] == tuple(bytes([b]).decode("utf-8", "backslashreplace") for b in range(256))
    assert not any("zq" in piece for piece in made.alphabet[256:])
    rows = made.training(0, 0)
    assert made.written(rows["x"][5]) in text and rows["x"].shape == (made.rows, 8)
    np.testing.assert_array_equal(rows["x"][1:, 0], rows["x"][:-1, 1])
    assert made.lengths[made.tokens(text)].sum() == len(text)
    assert Text(text, 8).each == 1.0 < made.each
    with pytest.raises(LabError, match="longer text"):
        Pieces("ab" * 200, 30, vocabulary=300)


def test_losses_of_pieces_are_told_per_letter():
    simulation = Simulation(GPT(tokens="byte pairs", vocabulary=300, blocks=1, width=16, heads=2, context=16, steps=4, evaluate=2.0), 1)
    simulation.advance(4)
    found, constants = simulation.summary(), simulation.constants
    tokens, held = simulation.observe("writing"), constants.extra["held"]
    tape = simulation.model.tape_state(constants, simulation.state)
    surprise = constants.program.sweep(tape, constants.extra["data"], ["surprise"])[0]
    letters = sum(len(constants.maker.written(row)) for row in held["t"])  # ASCII: no letter is cut
    assert found["held-out loss"] == pytest.approx(surprise.sum(dtype=float) / letters, rel=1e-6)
    assert found["chance (nats)"] < np.log(300) and tokens
    assert simulation.observe("text")["rows"][0]["texts"] == [constants.maker.alphabet[k] for k in simulation.state["prompt"]]


def test_a_saved_run_writes_on(tmp_path, capsys):
    place = str(tmp_path / "pairs.lab")
    wanted = ["tokens=byte pairs", "vocabulary=280", "blocks=1", "width=8", "heads=2", "context=16"]
    assert main(["run", "gpt", *[word for each in wanted for word in ("--set", each)], "--for", "2steps", "-o", place]) == 0
    capsys.readouterr()
    assert main(["write", place, "--for", "20", "--from", "The value", "--temperature", "0.8"]) == 0
    first = capsys.readouterr().out
    assert first.startswith("The value") and len(first) > 20
    assert main(["write", place, "--for", "20", "--from", "The value", "--temperature", "0.8"]) == 0
    assert capsys.readouterr().out == first, "the same seed draws the same text"
    assert main(["write", place, "--for", "20", "--from", "The value", "--temperature", "0.8", "--seed", "1"]) == 0
    assert capsys.readouterr().out != first
    assert main(["write", place, "--temperature", "9"]) == 2 and "between 0 and 5" in capsys.readouterr().err
    other = str(tmp_path / "other.lab")
    assert main(["run", "hopfield", "--for", "1steps", "-o", other]) == 0
    assert main(["write", other]) == 2 and "writes no text" in capsys.readouterr().err
