"""Files of vectors as other programs write them: every word kept, what is odd marked and told of."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

import lab
from lab.data import vectors, word_lines
from lab.data.tables import Choices
from lab.embedding.files import load_vectors, save_vectors
from lab.embedding.questions import asks_analogies, read_similarities
from lab.embedding.vectors import Vectors
from lab.engine.simulation import run
from lab.errors import FileError

WORDS = ("king", "queen", "man", "woman", "paris", "rome")
MATRIX = np.random.default_rng(3).normal(size=(6, 5)).round(4).astype(np.float32)


def put(tmp_path, content: str | bytes, name: str):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(separator: str = " ", end: str = "", words=WORDS, decimal: str = ".") -> str:
    rows = (separator.join([w, *(f"{v:.4f}".replace(".", decimal) for v in row)]) + end for w, row in zip(words, MATRIX, strict=False))
    return "\n".join(rows) + "\n"


HEADING = "," + ",".join(map(str, range(5)))
WAYS = {
    "word2vec text": ("v.txt", "6 5\n" + lines()),
    "fastText": ("v.vec", "6 5\n" + lines(end=" ")),
    "GloVe": ("v.txt", lines()),
    "a word and numbers by tabs": ("v.tsv", lines("\t")),
    "by tabs under any name": ("v.txt", lines("\t")),
    "with a first line and tabs": ("v.vec", "6 5\n" + lines("\t")),
    "aligned": ("v.txt", lines("   ")),
    "pandas": ("v.csv", HEADING + "\n" + lines(",")),
    "commas, no heading": ("v.csv", lines(",")),
    "names of columns": ("v.csv", "word,d0,d1,d2,d3,d4\n" + lines(",")),
    "semicolons and decimal commas": ("v.csv", lines(";", decimal=",")),
    "the word behind": ("v.csv", "a,b,c,d,e,word\n" + "".join(",".join([*(f"{v:.4f}" for v in row), w]) + "\n" for w, row in zip(WORDS, MATRIX, strict=True))),
    "numbered": ("v.csv", "id,word,a,b,c,d,e\n" + "".join(f"{k + 1},{line}\n" for k, line in enumerate(lines(",").splitlines()))),
    "lists in a cell": ("v.csv", "word,vector\n" + "".join(f'{w},"{json.dumps([round(float(v), 4) for v in row])}"\n' for w, row in zip(WORDS, MATRIX, strict=True))),
    "arrays in a cell": ("v.csv", "word,vector\n" + "".join(f'{w},"[{"  ".join(f"{v:.4f}" for v in row[:3])}\n {" ".join(f"{v:.4f}" for v in row[3:])}]"\n' for w, row in zip(WORDS, MATRIX, strict=True))),
    "UTF-16": ("v.csv", ("\ufeff" + HEADING + "\n" + lines(",")).encode("utf-16-le")),
    "text packed by gzip": ("v.vec.gz", gzip.compress(("6 5\n" + lines()).encode())),
    "a table packed by gzip": ("v.csv.gz", gzip.compress((HEADING + "\n" + lines(",")).encode())),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_the_same_vectors_are_read_in_whatever_way_they_are_written(tmp_path, way):
    name, content = WAYS[way]
    found = load_vectors(put(tmp_path, content, name))
    assert found.words == WORDS
    np.testing.assert_array_equal(found.matrix, MATRIX)
    assert "6 vectors of 5 numbers" in found.said


def test_binary_word2vec_packed_by_gzip(tmp_path):
    save_vectors(Vectors(WORDS, MATRIX), tmp_path / "v.bin")
    packed = put(tmp_path, gzip.compress((tmp_path / "v.bin").read_bytes()), "w.bin.gz")
    assert load_vectors(packed).matrix.tobytes() == MATRIX.tobytes()


def test_arrays_of_numpy_with_the_names_beside_them_or_without(tmp_path):
    np.save(tmp_path / "v.npy", MATRIX)
    assert load_vectors(tmp_path / "v.npy").words == ("0", "1", "2", "3", "4", "5")
    (tmp_path / "v.txt").write_text("\n".join(WORDS) + "\n")
    assert load_vectors(tmp_path / "v.npy").words == WORDS
    np.save(tmp_path / "flat.npy", MATRIX[0])
    with pytest.raises(FileError, match="vectors need a table"):
        load_vectors(tmp_path / "flat.npy")
    np.save(tmp_path / "o.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(FileError, match="pickled Python objects"):
        load_vectors(tmp_path / "o.npy")


ODD = (
    ". . .",
    "at name@domain.com",
    "1 2",
    "non\u00a0breaking",
    "",
    "thin\u2009space",
    "line\u2028sep",
    "next\u0085line",
    "tab\tword",
    "vt\x0bw",
)


@pytest.mark.parametrize("first", ["10 5\n", ""])
def test_words_may_hold_any_space_and_be_empty(tmp_path, first):
    rows = "".join(f"{w} {' '.join(f'{v:.4f}' for v in MATRIX[k % 6])} \n" for k, w in enumerate(ODD))
    found = load_vectors(put(tmp_path, first + rows, "v.txt" if first else "w.txt"))
    assert found.words == ODD and "1 name is empty." in found.said


def test_a_word_that_cannot_be_decoded_is_kept_and_marked(tmp_path):
    text = ("6 5\n" + lines()).encode().replace(b"rome", b"r\xf6me")
    for name, content in (("v.txt", text), ("g.txt", text.partition(b"\n")[2])):
        found = load_vectors(put(tmp_path, content, name))
        assert found.words[5] == "r\ufffdme" and "1 word is no UTF-8 text and is shown with the mark \ufffd; 5 of 6" in found.said
    body = b"".join(w.encode() + b" " + row.astype("<f4").tobytes() for w, row in zip(WORDS, MATRIX, strict=True))
    found = load_vectors(put(tmp_path, b"6 5\n" + body.replace(b"rome", b"r\xf6me"), "v.bin"))
    assert found.words[5] == "r\ufffdme" and found.matrix.tobytes() == MATRIX.tobytes() and "5 of 6" in found.said
    with pytest.raises(FileError, match="no UTF-8 text"):
        load_vectors(put(tmp_path, b"6 5\n" + b"".join(b"\xff\xfe " + row.astype("<f4").tobytes() for row in MATRIX), "w.bin"))


def test_rows_of_a_table_of_data_are_vectors_and_its_words_classes(tmp_path):
    text = "Id,length,width,species\n" + "".join(f"{k + 1},{k / 7:.2f},{k % 5},{'ab'[k % 2]}\n" for k in range(20))
    found = load_vectors(put(tmp_path, text, "flowers.csv"))
    assert found.matrix.shape == (20, 2) and found.metadata == {"species": tuple("ab" * 10)} and found.words[:2] == ("1", "2")
    assert "Left out: Id" in found.said


def test_lists_that_a_program_cut_short_are_refused(tmp_path):
    with pytest.raises(FileError, match="cut short by the program that wrote it"):
        load_vectors(put(tmp_path, 'word,v\nking,"[0.1 0.2 ... 0.3]"\nqueen,"[0.1 0.2 ... 0.4]"\n', "v.csv"))


def test_a_name_that_comes_again_is_told_of(tmp_path):
    found = load_vectors(put(tmp_path, lines(words=("a", "b", "a", "c", "d", "a")), "v.txt"))
    assert found.words == ("a", "b", "a#2", "c", "d", "a#3") and "2 names come again" in found.said


def test_what_a_packed_file_claims_is_bounded(tmp_path):
    with pytest.raises(FileError, match="too few"):
        load_vectors(put(tmp_path, gzip.compress(b"9000000 300\nthe 1 2"), "v.vec.gz"))
    np.savez_compressed(tmp_path / "v.npz", vectors=np.zeros((3000, 1000), np.float32))
    from lab.data import arrays

    with pytest.raises(FileError, match="unpacks to more than 1 MB"):
        arrays.read_npz(tmp_path / "v.npz", 1_000_000)


def test_lines_of_a_packed_file_are_counted_while_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(word_lines, "MOST_LINES", 500)
    monkeypatch.setattr(vectors, "MOST_ROWS", 500)
    for name, text in (
        ("v.txt.gz", "a 1 2\n" * 600),
        ("v.vec.gz", "600 2\n" + "a 1 2\n" * 600),
        ("v.csv.gz", "word,a,b\n" + "a,1,2\n" * 600),
    ):
        with pytest.raises(FileError, match=r"has more than 500 (lines|rows), the most that can be read") as refused:
            load_vectors(put(tmp_path, gzip.compress(text.encode()), name))
        assert "\n" not in str(refused.value)


def test_lines_are_counted_before_the_first_is_taken_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(word_lines, "MOST_LINES", 500)
    monkeypatch.setattr(vectors, "_split", None)
    for name, text in (("v.txt.gz", gzip.compress(b"a 1 2\n" * 600)), ("v.txt", b"a 1 2\n" * 600)):
        with pytest.raises(FileError, match="more than 500 lines"):
            load_vectors(put(tmp_path, text, name))


@pytest.mark.parametrize("headed", [False, True], ids=["glove", "word2vec"])
@pytest.mark.parametrize(
    "line, told", [("w{k} 1 2", "can be read of a file of its size"), ("{k}" + "\u0439" * 1500 + " 1 2", "more than a file of"), ("b" * 3000 + " 1 2", "a word of 3000 letters")],
    ids=["many lines", "long words", "a longer word"],
)  # fmt: skip
def test_words_of_a_packed_file_take_no_more_than_a_file_of_its_size_can_need(tmp_path, monkeypatch, headed, line, told):
    """Packed, some megabytes of text that repeats itself hold gigabytes of words."""
    monkeypatch.setattr(word_lines, "MEMORY", 100_000)
    count = 600 if "size" in told else 300
    text = (f"{count} 2\n" if headed else "") + "".join(line.replace("{k}", str(k)) + "\n" for k in range(count))
    with pytest.raises(FileError, match=told):
        load_vectors(put(tmp_path, gzip.compress(text.encode()), "v.vec.gz" if headed else "v.txt.gz"))


def test_vectors_put_together_in_blocks_keep_their_order(tmp_path, monkeypatch):
    whole = load_vectors(put(tmp_path, lines(), "v.txt"))
    for block in (1, 2, len(WORDS)):
        monkeypatch.setattr(vectors, "BLOCK", block)
        found = load_vectors(put(tmp_path, lines(), f"v{block}.txt"))
        assert found.words == whole.words and np.array_equal(found.matrix, whole.matrix)


@pytest.mark.parametrize("name", ["out.bin", "out.npz", "out.csv", "out.vec", "out.tsv", "out.npy", "out.safetensors", "out.txt"])
def test_the_ending_decides_the_format_and_is_read_back(tmp_path, name):
    save_vectors(Vectors(WORDS, MATRIX), tmp_path / name)
    assert load_vectors(tmp_path / name).words == WORDS
    assert vectors.detect(tmp_path / name) == {".txt": "word2vec", ".vec": "word2vec"}.get(name[3:], vectors.SUFFIXES.get(name[3:]))


def test_an_ending_that_is_read_as_another_format_is_refused(tmp_path):
    with pytest.raises(FileError, match=r"a word2vec file ends in .txt, and this ending is read as word2vec-binary"):
        save_vectors(Vectors(WORDS, MATRIX), tmp_path / "out.bin", kind="word2vec")
    with pytest.raises(FileError, match="vectors are written to files that end in"):
        save_vectors(Vectors(WORDS, MATRIX), tmp_path / "out.xyz")


@pytest.mark.parametrize(
    "text",
    [
        "Word 1,Word 2,Human (mean)\nTiger,Cat,7.35\nBook,Paper,7.46\n", "word1\tword2\tPOS\tSimLex999\ntiger\tcat\tN\t7.35\nbook\tpaper\tN\t7.46\n",
        "tiger;cat;7,35\nbook;paper;7,46\n", "# judged by people\ntiger cat 7.35\nbook paper 7.46\n", "\n\nword1 word2 POS score\ntiger cat N 7.35\nbook paper N 7.46\n",
    ],
)  # fmt: skip
def test_headings_of_judged_pairs_are_no_pairs(tmp_path, text):
    path = put(tmp_path, text, "pairs.txt")
    assert read_similarities(path) == [("tiger", "cat", 7.35), ("book", "paper", 7.46)] and not asks_analogies(path)


@pytest.mark.parametrize("method", ["PCA", "t-SNE", "UMAP"])
def test_zero_vectors_and_duplicates_make_maps_without_holes(tmp_path, method):
    from lab.models.embeddings.embedding_map import EmbeddingMap

    rows = [*MATRIX[:4]] * 12 + [np.zeros(5, np.float32)] * 2
    text = f"{len(rows)} 5\n" + "".join(f"w{k} {' '.join(f'{v:.4f}' for v in row)}\n" for k, row in enumerate(rows))
    space = str(put(tmp_path, text, "v.vec"))
    for metric in ("cosine", "euclidean"):
        model = EmbeddingMap(space=space, method=method, metric=metric, iterations=20, judge_every=10)
        found = run(model, 20, record={})
        assert np.isfinite(found.state["points"]).all() and "50 vectors of 5 numbers" in found.summary["data"]


def test_columns_of_a_table_can_be_brought_to_one_scale_before_they_are_mapped(tmp_path):
    from lab.models.embeddings.embedding_map import EmbeddingMap

    path = put(tmp_path, "a,b,kind\n" + "".join(f"{k * 1000},{k % 7 / 100},{'xy'[k % 2]}\n" for k in range(40)), "t.csv")
    matrix = EmbeddingMap(space=str(path), standardise=True, method="PCA").build(0).matrix
    np.testing.assert_allclose(matrix.std(0), 1, rtol=1e-5)


@pytest.mark.parametrize("text", ["one\n", "one two\n", "tiger cat near\n", "tiger,,7\n"])
def test_what_are_no_judged_pairs_is_one_sentence(tmp_path, text):
    with pytest.raises(FileError, match="a pair has two words and a number"):
        read_similarities(put(tmp_path, text, "pairs.txt"))


def test_a_file_of_nothing_but_tabs_is_a_sentence(tmp_path):
    path = tmp_path / "tabs.tsv"
    path.write_bytes(b"\t" * 100_000)
    with pytest.raises(FileError):
        vectors.load(path)


def test_a_number_that_is_missing_in_a_table_is_filled_and_said_and_its_column_stays_one_of_numbers(tmp_path):
    rows = [f"{k},{'' if k == 3 else 'NA' if k == 7 else 2 * k},{'ab'[k % 2]}" for k in range(20)]
    found = vectors.load(put(tmp_path, "\n".join(["dose,reading,kind", *rows]), "gaps.csv"))
    mean = sum(2 * k for k in range(20) if k not in (3, 7)) / 18
    assert found.matrix.shape == (20, 2) and found.matrix[3, 1] == found.matrix[7, 1] == np.float32(mean) and found.matrix[4, 1] == 8
    assert "Missing and filled by the column's mean: reading 2." in found.said and list(found.metadata) == ["kind"]
    rows[5] = "n.d.,10,a"
    with pytest.raises(FileError, match=r"row 7, column 'dose': 'n.d.' is not a number"):
        vectors.load(put(tmp_path, "\n".join(["dose,reading,kind", *rows]), "bad.csv"))
    words = [f"{k},{k},1,2" for k in range(30)] + ["the,3,4,5"]  # a word among numbers that are words, too
    assert vectors.load(put(tmp_path, "\n".join(["word,x,y,z", *words]), "words.csv")).words[-1] == "the"
    assert "2 vectors of 1 number (" in vectors.load(put(tmp_path, "a,1\nb,2\n", "one.csv")).said


def test_arrays_beside_the_vectors_of_an_npz_are_classes_or_named(tmp_path):
    x = np.arange(12.0).reshape(6, 2)
    np.savez(tmp_path / "xy.npz", X=x, y=np.arange(6) % 2, mean=np.zeros(2))
    found = vectors.load(tmp_path / "xy.npz")
    assert found.metadata == {"y": ("0", "1") * 3} and "Arrays that were passed over: mean." in found.said


def test_what_a_person_said_of_a_table_counts_for_its_map_too(tmp_path):
    path = tmp_path / "sites.csv"
    rows = [f"s{k};{k % 7},5;{'-999' if k in (3, 11) else 20 + k};{k * k}" for k in range(30)]
    path.write_text("site;depth;salinity;code\n" + "\n".join(rows) + "\n")
    plain = vectors.load(path)
    assert plain.matrix.shape == (30, 3) and plain.matrix[3, 1] == -999
    choices = Choices(missing="-999", types="code=ignore")
    said = vectors.load(path, choices=choices)
    assert said.matrix.shape == (30, 2) and said.matrix[3, 1] == pytest.approx(np.mean([20 + k for k in range(30) if k not in (3, 11)]))
    assert "Missing and filled by the column's mean: salinity 2." in said.said and "Left out: code (as you said)." in said.said
    mapped = lab.make("embedding-map", space=str(path), missing="-999", types="code=ignore", method="PCA", decimal="comma")
    assert "salinity 2" in mapped.account(mapped.build(0))


def test_each_part_of_a_stack_of_tables_is_a_vector(tmp_path):
    stack = np.random.default_rng(0).random((12, 4, 3)).astype(np.float32)
    np.save(tmp_path / "stack.npy", stack)
    found = vectors.load(tmp_path / "stack.npy")
    assert found.matrix.tobytes() == stack.tobytes() and found.matrix.shape == (12, 12)
    assert "Each of the 12 parts along the first axis of the array (12 x 4 x 3) is one vector." in found.said
    for array, words in (
        (stack[:3], "3 parts along its first axis, too few"),
        (np.float64(3.0), "holds one number"),
        (stack[:0], "0 parts"),
    ):
        np.save(tmp_path / "few.npy", array)
        with pytest.raises(FileError, match=words):
            vectors.load(tmp_path / "few.npy")
