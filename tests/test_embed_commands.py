"""`lab embed` and `lab export ... vectors`: asked, mapped, converted, and refused in one sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lab.__main__ import main
from lab.embedding.files import load_vectors, save_vectors
from lab.embedding.vectors import Vectors

WORDS = ("king", "queen", "man", "woman", "apple", "pear", "plum")


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    path = tmp_path_factory.mktemp("embed") / "words.lab"
    assert main(["run", "word2vec", "--for", "60slices", "--set", "score_every=0", "-o", str(path), "--quiet"]) == 0
    return path


@pytest.fixture
def small(tmp_path):
    """Vectors in which king - man + woman is queen exactly, and fruits lie apart."""
    matrix = np.array([[1, 1, 0], [1, -1, 0], [0, 1, 0.2], [0, -1, 0.2], [0, 0.1, 1], [0, 0, 1], [0.1, 0, 1]], np.float32)
    path = tmp_path / "small.txt"
    save_vectors(Vectors(WORDS, matrix), path)
    return path


def run(capsys, *arguments) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(a) for a in arguments])
    out = capsys.readouterr()
    return code, out.out, out.err


def brute_force(path, direction: np.ndarray, without: set[str]) -> list[str]:
    vectors = load_vectors(path)
    cosine = {
        w: float(row @ direction / np.linalg.norm(row)) for w, row in zip(vectors.words, vectors.matrix, strict=True) if w not in without
    }
    return sorted(cosine, key=lambda w: -cosine[w])


def test_neighbours_are_those_of_brute_force_and_say_how_many_of_how_many(small, capsys):
    code, out, err = run(capsys, "embed", "neighbours", small, "apple", "--n", 3)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == brute_force(small, load_vectors(small).matrix[4], {"apple"})[:3]
    assert "3 of 7 words" in err


def test_neighbours_as_json_are_nothing_but_json(small, capsys):
    code, out, _ = run(capsys, "embed", "neighbours", small, "king", "-n", 2, "--json")
    found = json.loads(out)
    assert code == 0
    assert len(found["answers"]) == 2 and found["words"] == 7


@pytest.mark.parametrize("formula", [["king", "-", "man", "+", "woman"], ["king - man + woman"], ["king", "- man", "+ woman"]])
def test_a_formula_is_taken_as_one_text_or_as_its_parts(small, capsys, formula):
    code, out, _ = run(capsys, "embed", "analogy", small, *formula, "--n", 1)
    assert (code, out.split()[0]) == (0, "queen")


def test_a_question_file_is_scored_by_section(small, tmp_path, capsys):
    asked = tmp_path / "asked.txt"
    asked.write_text(": royal\nman woman king queen\nman woman king pear\n: none\nfrance paris italy rome\n")
    code, out, _ = run(capsys, "embed", "questions", small, asked, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["sections"][0] == {"section": "royal", "right": 1, "asked": 2, "skipped": 0, "right (%)": 50.0}
    assert found["sections"][1]["skipped"] == 1 and found["sections"][1]["right (%)"] is None
    _, words, _ = run(capsys, "embed", "questions", small, asked)
    assert "none asked" in words and "1 of 2" in words


@pytest.mark.parametrize("to, name", [
    ("word2vec", "a.txt"), ("word2vec-binary", "a.bin"), ("glove", "a.txt"), ("fasttext", "a.vec"), ("tsv", "a.tsv"), ("csv", "a.csv"),
    ("npz", "a.npz"), ("safetensors", "a.safetensors"),
])  # fmt: skip
def test_every_format_gives_back_the_same_vectors(small, tmp_path, capsys, to, name):
    code, _, err = run(capsys, "embed", "convert", small, "--to", to, "-o", tmp_path / name)
    assert code == 0 and "7 vectors of 3 numbers" in err
    one, other = load_vectors(small), load_vectors(tmp_path / name)
    assert other.words == one.words
    np.testing.assert_array_equal(other.matrix, one.matrix)


def test_the_format_follows_from_the_ending(small, tmp_path, capsys):
    assert run(capsys, "embed", "convert", small, "-o", tmp_path / "a.bin")[0] == 0
    assert (tmp_path / "a.bin").read_bytes().startswith(b"7 3\nking ")


def test_a_session_is_asked_as_its_last_checkpoint_left_it(session, capsys):
    from lab import api

    code, out, _ = run(capsys, "embed", "neighbours", session, "king", "--n", 4, "--json")
    assert code == 0
    found = api.load(session)
    matrix, names = found["vectors"][-1], [row["name"] for row in found["names"][-1]]
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    order = np.argsort(-(unit @ unit[names.index("king")]))[1:5]
    assert [a["word"] for a in json.loads(out)["answers"]] == [names[k] for k in order]


def test_vectors_of_a_session_are_exported_to_word2vec_and_keep_counts_where_the_format_has_them(session, tmp_path, capsys):
    text, arrays = tmp_path / "v.txt", tmp_path / "v.npz"
    assert run(capsys, "export", session, "vectors", "--to", "word2vec", "-o", text)[0] == 0
    assert run(capsys, "export", session, "vectors", "--to", "npz", "-o", arrays)[0] == 0
    one, other = load_vectors(text), load_vectors(arrays)
    np.testing.assert_array_equal(one.matrix, other.matrix)
    assert one.words == other.words and other.counts is not None and other.counts[0] >= other.counts[-1]
    assert "category" in other.metadata


def test_a_map_is_written_as_picture_and_as_table(session, tmp_path, capsys):
    code, out, _ = run(
        capsys, "embed", "map", session, "--method", "pca", "--picture", tmp_path / "m.png", "-o", tmp_path / "m.csv", "--labels", "--json"
    )
    found = json.loads(out)
    assert code == 0
    assert found["points"] == found["of"] == 468 and 0.5 < found["trustworthiness"] < 1
    lines = (tmp_path / "m.csv").read_text().splitlines()
    assert lines[0].startswith("name,x,y") and len(lines) == 469
    assert (tmp_path / "m.png").read_bytes()[:4] == b"\x89PNG"


def test_a_map_of_a_part_says_so(small, tmp_path, capsys):
    code, out, _ = run(capsys, "embed", "map", small, "--method", "pca", "--most", 6, "-o", tmp_path / "m.csv")
    assert (code, out.split(" vectors")[0]) == (0, "6 of 7")


@pytest.mark.parametrize("arguments, said", [
    (["neighbours", "{small}", "kign"], "did you mean 'king'"),
    (["neighbours", "missing.txt", "king"], "There is no file missing.txt"),
    (["neighbours", "{small}", "king", "--n", "0"], "--n 0: must be from 1"),
    (["analogy", "{small}"], "formula is empty"),
    (["analogy", "{small}", "king", "man"], "not understood"),
    (["map", "{small}"], "name what to write"),
    (["map", "{small}", "--picture", "a.gif"], "written as .png, .svg or .pdf"),
    (["map", "{small}", "--method", "pca", "--most", "3", "-o", "a.csv"], "at least 5"),
    (["map", "{small}", "--iterations", "1", "-o", "a.csv"], "iterations"),
    (["convert", "{small}", "--to", "glove", "-o", "a.npz"], "ends in .txt"),
    (["convert", "{small}", "-o", "none/a.txt"], "cannot be written"),
    (["questions", "{small}", "missing.txt"], "There is no file missing.txt"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_sentence(small, tmp_path, capsys, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "embed", *[a.format(small=small) for a in arguments])
    assert code == 2 and out == ""
    assert said in err and sum(line.startswith("lab: ") for line in err.splitlines()) == 1


def test_a_run_without_vectors_and_a_stream_of_another_kind_are_refused(session, tmp_path, capsys):
    other = tmp_path / "cell.lab"
    assert main(["run", "hodgkin-huxley", "--for", "1ms", "-o", str(other), "--quiet"]) == 0
    code, _, err = run(capsys, "embed", "neighbours", other, "king")
    assert code == 2 and "'hodgkin-huxley', which has no vectors" in err
    code, _, err = run(capsys, "export", session, "loss", "--to", "word2vec")
    assert code == 2 and "only the stream vectors" in err


def test_a_pickle_is_refused_with_the_remedy(tmp_path, capsys):
    bad = tmp_path / "vectors.pkl"
    bad.write_bytes(b"\x80\x04K\x01.")
    code, _, err = run(capsys, "embed", "neighbours", bad, "king")
    assert code == 2 and "save_word2vec_format" in err


def test_the_odd_one_out_axes_and_judged_pairs_are_asked_without_a_window(small, tmp_path, capsys):
    code, out, _ = run(capsys, "embed", "odd", small, "apple", "king", "pear", "--json")
    assert code == 0 and json.loads(out)["odd"] == "king"
    code, out, _ = run(capsys, "embed", "odd", small, "apple", "pear", "king")
    assert code == 0 and out.splitlines()[-1].endswith("odd one out")
    code, out, _ = run(capsys, "embed", "axes", small, "man - woman", "--n", 1, "--json")
    said = json.loads(out)
    axis = load_vectors(small).matrix[2] - load_vectors(small).matrix[3]
    expected = brute_force(small, axis, set())
    assert code == 0 and [p["word"] for p in said["projections"]] == [expected[0], expected[-1]] and said["words"] == 7
    code, out, err = run(capsys, "embed", "axes", small, "man - woman", "king - apple", "--words", "pear king")
    assert code == 0 and [line.split()[0] for line in out.splitlines()] == ["king", "pear"] and len(out.split()) == 6
    assert "2 of 7 words" in err
    (tmp_path / "pairs.txt").write_text("king queen 5\napple pear 9\nqueen apple 1\nking wizard 2\n")
    code, out, _ = run(capsys, "embed", "similarity", small, tmp_path / "pairs.txt", "--json")
    said = json.loads(out)
    # Cosines: apple pear 0.995, king queen 0, queen apple below 0: as people rank them.
    assert code == 0 and (said["spearman"], said["pairs"], said["skipped"]) == (1.0, 3, 1)
    code, out, _ = run(capsys, "embed", "similarity", small, tmp_path / "pairs.txt")
    assert code == 0 and out.splitlines()[-1].startswith("Spearman 1.0000; 3 pairs, 1 skipped")


def test_vectors_exported_to_a_csv_file_have_their_words(session, tmp_path, capsys):
    code, _, err = run(capsys, "export", session, "vectors", "--to", "csv", "-o", tmp_path / "v.csv")
    assert code == 0 and "468 vectors" in err
    assert load_vectors(tmp_path / "v.csv").words[0] == "the"
