"""Files of vectors: exact round trips, both habits of others, and clear sentences for what is damaged or dangerous."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.embedding.binary_files import save_word2vec_binary
from lab.embedding.files import FORMATS, detect_format, load_vectors, save_vectors
from lab.embedding.vectors import Vectors
from lab.errors import FileError

PEER = Path(__file__).parent.parent / ".peers/maps/bin/python"
NAMES = {
    "word2vec": "v.txt", "word2vec-binary": "v.bin", "glove": "v.glove.txt", "fasttext": "v.vec", "projector": "v.tsv", "csv": "v.csv", "npz": "v.npz",
    "safetensors": "v.safetensors", "npy": "v.npy",
}  # fmt: skip


def space(n: int = 40, d: int = 7, seed: int = 0) -> Vectors:
    rng = np.random.default_rng(seed)
    matrix = (rng.normal(size=(n, d)) * 10.0 ** rng.integers(-8, 8, (n, d))).astype(np.float32)
    words = ("the", "naïve", "日本", "don't", *(f"w{i}" for i in range(n - 4)))
    return Vectors(words, matrix, np.arange(n, 0, -1), {"kind": tuple("ab"[i % 2] for i in range(n))}, "test")


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_back_the_same_bytes(kind, tmp_path):
    vectors = space()
    save_vectors(vectors, tmp_path / NAMES[kind], kind=kind)
    again = load_vectors(tmp_path / NAMES[kind])
    assert again.words == vectors.words
    assert again.matrix.dtype == np.float32 and again.matrix.tobytes() == vectors.matrix.tobytes()


@pytest.mark.parametrize("kind", ["npz", "safetensors", "projector"])
def test_metadata_and_counts_come_back_where_the_format_has_room(kind, tmp_path):
    save_vectors(space(), tmp_path / NAMES[kind])
    again = load_vectors(tmp_path / NAMES[kind])
    assert again.metadata["kind"] == space().metadata["kind"]
    if kind != "projector":
        assert again.counts is not None and (again.counts == space().counts).all()


@pytest.mark.parametrize("kind", ["npz", "safetensors"])
def test_double_precision_survives_where_the_format_has_room(kind, tmp_path):
    vectors = Vectors(("a", "b"), np.array([[1 / 3, 2], [3, np.pi]]))
    save_vectors(vectors, tmp_path / NAMES[kind])
    assert load_vectors(tmp_path / NAMES[kind]).matrix.tobytes() == vectors.matrix.tobytes()


@pytest.mark.parametrize("newline", [True, False])
def test_binary_word2vec_is_read_with_and_without_trailing_newlines(newline, tmp_path):
    save_word2vec_binary(space(), tmp_path / "v.bin", newline=newline)
    again = load_vectors(tmp_path / "v.bin")
    assert again.words == space().words and again.matrix.tobytes() == space().matrix.tobytes()


def test_a_vector_that_begins_with_the_byte_of_a_newline_is_not_eaten(tmp_path):
    matrix = np.frombuffer(b"\n\n\n\n" * 4, "<f4").reshape(2, 2)
    for newline in (True, False):
        save_word2vec_binary(Vectors(("a", "b"), matrix), tmp_path / "v.bin", newline=newline)
        assert load_vectors(tmp_path / "v.bin").matrix.tobytes() == matrix.tobytes()


def test_a_binary_file_without_a_telling_name_is_recognised(tmp_path):
    save_word2vec_binary(space(), tmp_path / "vectors")
    assert detect_format(tmp_path / "vectors") == "word2vec-binary"
    save_vectors(space(), tmp_path / "text", kind="word2vec")
    assert detect_format(tmp_path / "text") == "word2vec"


def test_glove_words_may_hold_spaces_and_fasttext_lines_end_in_one(tmp_path):
    (tmp_path / "g.txt").write_text("the 1 2 3\n. . . 4 5 6\n")
    assert load_vectors(tmp_path / "g.txt").words == ("the", ". . .")
    (tmp_path / "f.vec").write_text("2 3\nthe 1 2 3 \nof 4 5 6 \n")
    assert load_vectors(tmp_path / "f.vec").matrix.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_projector_metadata_has_a_header_only_with_two_columns(tmp_path):
    (tmp_path / "p.tsv").write_text("1\t2\n3\t4\n")
    (tmp_path / "p_metadata.tsv").write_text("king\nqueen\n")
    assert load_vectors(tmp_path / "p.tsv").words == ("king", "queen")
    (tmp_path / "p_metadata.tsv").write_text("word\tsex\nking\tm\nqueen\tf\n")
    two = load_vectors(tmp_path / "p.tsv")
    assert two.words == ("king", "queen") and two.metadata == {"sex": ("m", "f")}
    (tmp_path / "p_metadata.tsv").write_text("word\nking\nqueen\n")
    with pytest.raises(FileError, match="a header belongs there only with two or more columns"):
        load_vectors(tmp_path / "p.tsv")
    save_vectors(Vectors(("king", "queen"), np.eye(2)), tmp_path / "q.tsv")
    assert (tmp_path / "q_metadata.tsv").read_text() == "king\nqueen\n"


def test_words_that_come_twice_stay_reachable(tmp_path):
    (tmp_path / "g.txt").write_text("a 1 2\nb 3 4\na 5 6\n")
    assert load_vectors(tmp_path / "g.txt").words == ("a", "b", "a#2")


@pytest.mark.parametrize(
    "name, content, sentence",
    [
        ("x.txt", b"", "is empty"),
        ("x.pkl", b"anything", "is a pickle"),
        ("x.txt", b"\x80\x04\x95rest", "is a pickle"),
        ("x.npy", b"\x93NUMPY\x01\x00", "cannot be read as an array"),
        ("x.txt", b"\x1f\x8b\x08rest", "packed by gzip and damaged"),
        ("x.vec", b"PK\x03\x04rest", "unpack it first"),
        ("x.bin", b"9000000 300\nthe ", "too few"),
        ("x.bin", b"99999999999999999999 300\nthe ", "does not begin with the number"),
        ("x.bin", b"1 2\nthe \0\0\0\0\0\0\0\0extra stuff", "goes on behind its last word"),
        ("x.bin", b"2 2\nthe \0\0\0\0\0\0\0\0abcdefghij", "ends within word 2 of 2"),
        ("x.bin", b"1 1\nthe \0\0\xc0\x7f", "not a number"),
        ("x.vec", b"3 2\na 1 2\nb 3 4", "ends after 2 of 3 words"),
        ("x.vec", b"3 2\na 1 2\nb 3 4\n         \n", "line 4"),
        ("x.vec", b"2 2\na 1 2\nbcdef 3 4\nc 5 6\n", "there are more"),
        ("x.vec", b"1 2\na 1 zwei\n", "'zwei' is not a number"),
        ("x.vec", b"1 2\na 1 nan\n", "infinite or not a number"),
        ("x.txt", b"just some words\n", "not a word followed by numbers"),
        ("x.csv", b"word,0,1\n", "holds no vectors"),
        ("x.csv", b"a,1,2\nb,3\n", "row 2: 2 values where others have 3"),
        ("x.tsv", b"1\t2\n3\n", "2 numbers are needed"),
        ("x.npz", b"PK\x03\x04 not a zip", "not a whole NPZ"),
        ("x.safetensors", b"\xff" * 16, "not a whole safetensors"),
        ("x.safetensors", struct.pack("<Q", 4) + b"[1]]", "damaged safetensors header"),
    ],
)
def test_damaged_and_dangerous_files_end_in_a_sentence(name, content, sentence, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=sentence):
        load_vectors(tmp_path / name)


def test_a_missing_file_an_unknown_format_and_a_folder_that_is_not_there_are_named(tmp_path):
    with pytest.raises(FileError, match="There is no file"):
        load_vectors(tmp_path / "none.txt")
    with pytest.raises(FileError, match="There is no format 'excel'"):
        save_vectors(space(), tmp_path / "x.txt", kind="excel")
    with pytest.raises(FileError, match="cannot be written"):
        save_vectors(space(), tmp_path / "none" / "x.txt")


def test_npz_with_objects_is_refused_without_opening_them(tmp_path):
    np.savez(tmp_path / "x.npz", vectors=np.eye(2), words=np.array(["a", None], object))
    with pytest.raises(FileError, match="pickled Python objects"):
        load_vectors(tmp_path / "x.npz")


def test_a_safetensors_table_outside_of_the_file_is_refused(tmp_path):
    header = json.dumps({"vectors": {"dtype": "F32", "shape": [1000000, 100], "data_offsets": [0, 400000000]}}).encode()
    (tmp_path / "x.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 16)
    with pytest.raises(FileError, match="outside of the file"):
        load_vectors(tmp_path / "x.safetensors")


@pytest.mark.parametrize("kind", ["word2vec", "word2vec-binary", "glove"])
def test_words_with_spaces_are_refused_where_the_format_cannot_hold_them(kind, tmp_path):
    with pytest.raises(FileError, match="save as csv"):
        save_vectors(Vectors(("a b", "c"), np.eye(2)), tmp_path / "x", kind=kind)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(FORMATS), place=st.integers(0, 400), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_byte_or_a_cut_gives_vectors_or_a_sentence_never_another_error(kind, place, byte, cut, tmp_path):
    path = tmp_path / NAMES[kind]
    save_vectors(space(12, 3), path, kind=kind)
    content = bytearray(path.read_bytes())
    place %= len(content)
    if cut:
        content = content[:place]
    else:
        content[place] = byte
    path.write_bytes(content)
    try:
        load_vectors(path)
    except FileError as error:
        assert str(error).endswith(".") or str(error).endswith(").")


def test_safetensors_are_read_by_the_formats_own_library(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    save_vectors(space(), tmp_path / "v.safetensors")
    assert library.load_file(tmp_path / "v.safetensors")["vectors"].tobytes() == space().matrix.tobytes()
    library.save_file({"embedding": space().matrix}, tmp_path / "other.safetensors")
    assert load_vectors(tmp_path / "other.safetensors").matrix.tobytes() == space().matrix.tobytes()


FOREIGN = """
import sys, numpy as np
from gensim.models import KeyedVectors
folder = sys.argv[1]
for name, binary in (("v.txt", False), ("v.bin", True), ("w.bin", True)):
    kv = KeyedVectors.load_word2vec_format(folder + "/" + name, binary=binary)
    np.save(folder + "/" + name + ".npy", kv.vectors)
    open(folder + "/" + name + ".words", "w", encoding="utf-8").write("\\n".join(kv.index_to_key))
kv.save_word2vec_format(folder + "/gensim.bin", binary=True)
kv.save_word2vec_format(folder + "/gensim.txt", binary=False)
"""


def test_gensim_reads_what_is_written_and_its_files_are_read(tmp_path):
    found = sys.executable if subprocess.run([sys.executable, "-c", "import gensim"], capture_output=True).returncode == 0 else str(PEER)
    if not Path(found).exists():
        pytest.skip("gensim is not installed, neither here nor in .peers/maps")
    vectors = space()
    save_vectors(vectors, tmp_path / "v.txt")
    save_word2vec_binary(vectors, tmp_path / "v.bin", newline=True)
    save_word2vec_binary(vectors, tmp_path / "w.bin", newline=False)
    subprocess.run([found, "-c", FOREIGN, str(tmp_path)], check=True, timeout=120, capture_output=True)
    for name in ("v.txt", "v.bin", "w.bin"):
        assert np.load(tmp_path / f"{name}.npy").tobytes() == vectors.matrix.tobytes(), name
        assert tuple((tmp_path / f"{name}.words").read_text("utf-8").split("\n")) == vectors.words
    assert load_vectors(tmp_path / "gensim.bin").matrix.tobytes() == vectors.matrix.tobytes()
    np.testing.assert_allclose(load_vectors(tmp_path / "gensim.txt").matrix, vectors.matrix, rtol=1e-6)
