"""Texts of the embedding explorer: the grammar's known relations, encodings, phrases, vocabulary."""

from __future__ import annotations

import numpy as np
import pytest

from lab.embedding.corpus import (
    decode,
    grammar_corpus,
    join_phrases,
    library_sentences,
    make_corpus,
    phrase_scores,
    read_sentences,
    tokenise,
)
from lab.embedding.grammar import GrammarText, generate
from lab.errors import FileError, LabError, ParameterError


def test_the_grammar_has_468_words_and_as_many_tokens_as_asked():
    corpus = grammar_corpus()
    assert len(corpus.words) == 468
    assert 41000 <= len(corpus.tokens) < 41020
    assert corpus.starts[-1] == len(corpus.tokens) and corpus.counts.sum() == len(corpus.tokens)


def test_every_word_of_every_question_occurs():
    corpus = grammar_corpus()
    assert all(w in corpus.words for qs in corpus.questions.values() for q in qs for w in q)
    assert ("man", "woman", "king", "queen") in corpus.questions["gender"]


def test_the_same_text_seed_gives_the_same_text_and_another_another():
    one, again, other = (generate(GrammarText(tokens=3000, text_seed=s)).sentences for s in (1, 1, 2))
    assert one == again and one != other


def partners(sample, word: str, other: str) -> int:
    return sum(word in s and other in s for s in sample.sentences)


def test_broken_items_no_longer_share_sentences_with_their_own_words():
    whole, broken = generate(), generate(GrammarText(broken=1.0))
    assert partners(whole, "paris", "sushi") == 0
    assert partners(broken, "paris", "sushi") > 0
    assert "paris" in broken.broken and not whole.broken


def test_bias_moves_occupations_between_the_pronouns():
    male = {"he", "his", "him", "himself", "beard", "suit"}

    def share(bias: float, word: str) -> float:
        found = [bool(male & set(s)) for s in generate(GrammarText(bias=bias)).sentences if word in s]
        return float(np.mean(found))

    assert share(1.0, "engineer") == 1.0 and share(1.0, "nurse") == 0.0 and share(-1.0, "engineer") == 0.0
    assert 0.3 < share(0.0, "engineer") < 0.7


def test_noise_replaces_about_its_share_of_the_words():
    plain, noisy = generate(), generate(GrammarText(noise=0.3))
    changed = np.mean([a != b for s, t in zip(plain.sentences, noisy.sentences, strict=True) for a, b in zip(s, t, strict=True)])
    assert abs(changed - 0.3) < 0.02


def test_the_limit_of_a_knob_is_named():
    with pytest.raises(ParameterError, match=r"grammar.noise: must be at most 1"):
        GrammarText(noise=1.5)


def test_sentences_end_at_stops_and_blank_lines():
    assert list(tokenise("The cat's mat. It sat\nthere!\n\nNew one: 42")) == [
        ["the", "cat's", "mat"],
        ["it", "sat", "there"],
        ["new", "one"],
    ]


def test_both_phrase_scores_equal_their_formulas():
    sentences = [["new", "york", "is", "big"]] * 8 + [["york", "is", "old"]] * 2
    total, vocabulary, pairs, new, york = 8 * 4 + 2 * 3, 5, 8, 8, 10
    assert phrase_scores(sentences, minimum=5)["new", "york"] == pytest.approx((pairs - 5) / (new * york) * total)
    assert phrase_scores(sentences, minimum=5, score="vocabulary")["new", "york"] == pytest.approx((pairs - 5) / (new * york) * vocabulary)
    with pytest.raises(LabError, match="reference or vocabulary"):
        phrase_scores(sentences, score="npmi")


def test_phrases_are_joined_from_the_left_without_overlap():
    assert join_phrases([["a", "a", "a", "b"]], {("a", "a"): 9.0, ("a", "b"): 9.0}, 5) == [["a_a", "a_b"]]
    assert join_phrases([["a", "b"]], {("a", "b"): 5.0}, 5) == [["a", "b"]]


def test_rare_words_are_left_out_and_counted():
    corpus = make_corpus([["a", "b", "a"], ["b", "c"]], minimum=2)
    assert corpus.words == ("a", "b") and corpus.left_out == 1
    assert corpus.text(1) == ["b"]
    with pytest.raises(LabError, match="lower the minimum count"):
        make_corpus([["a", "b"]], minimum=2)


def test_long_sentences_are_cut_at_a_thousand_tokens():
    corpus = make_corpus([["a", "b"] * 1250])
    assert np.diff(corpus.starts).tolist() == [1000, 1000, 500]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_detected(encoding):
    assert decode("Grüße, déjà vu".encode(encoding), "x").endswith("Grüße, déjà vu")


def test_binary_files_missing_files_and_large_ones_are_refused(tmp_path):
    (tmp_path / "x.txt").write_bytes(b"abc\0def")
    with pytest.raises(FileError, match="not a text"):
        read_sentences(tmp_path / "x.txt")
    with pytest.raises(FileError, match="There is no text file"):
        read_sentences(tmp_path / "none.txt")
    with pytest.raises(FileError, match="above the limit"):
        read_sentences(tmp_path / "x.txt", most_bytes=3)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match="holds no text files"):
        read_sentences(tmp_path / "empty")


def test_a_folder_is_read_in_the_order_of_names_and_can_be_cancelled(tmp_path):
    (tmp_path / "b.txt").write_text("second one")
    (tmp_path / "a.txt").write_text("first one")
    assert read_sentences(tmp_path) == [["first", "one"], ["second", "one"]]
    with pytest.raises(FileError, match="was cancelled after"):
        read_sentences(tmp_path, progress=lambda done, total: False)


def test_the_librarys_documentation_is_a_text():
    sentences = library_sentences()
    assert sum(map(len, sentences)) > 100_000
    assert any("iterator" in s for s in sentences)


def test_reading_says_how_far_it_is_and_stops_when_nobody_waits(tmp_path):
    from lab.data.progress import Cancelled, heard, report

    big = tmp_path / "big.txt"
    big.write_text("one two three. " * 100_000, "utf-8")
    said: list[tuple[str, float]] = []

    def listen(doing: str, share: float) -> bool:
        said.append((doing, share))
        return share < 0.5

    with heard(listen), pytest.raises(Cancelled, match=r"Reading big.txt, 1.5 MB was cancelled at \d+ %"):
        read_sentences(big)
    assert said[0] == ("Reading big.txt, 1.5 MB", 0.0) and len(said) > 2
    assert [s for _, s in said] == sorted(s for _, s in said) and 0.5 <= said[-1][1] < 0.8
    report("Nobody listens", 0.5)  # no error where nobody does
    assert len(read_sentences(big)) == 100_000


def test_a_run_that_is_given_up_while_it_reads_ends_soon_and_leaves_no_recording(tmp_path):
    import time

    from lab.engine.experiment import Experiment
    from lab.engine.runner import Runner, Stop
    from lab.session import Session

    big = tmp_path / "big.txt"
    big.write_text("one two three four. " * 400_000, "utf-8")
    with Session.create(tmp_path / "s.lab") as session:
        runner = Runner(Experiment("word2vec", parameters={"corpus": str(big)}), session).start()
        while not runner.status.doing and runner.alive:
            time.sleep(0.001)
        assert "Reading big.txt" in runner.status.doing
        runner.send(Stop())
        runner._thread.join(10)
        assert not runner.alive and runner.status.phase == "failed" and "was cancelled at" in runner.status.error
        assert session.runs() == []
