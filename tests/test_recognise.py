"""What a file is decides where it goes: recognised by its content, and told by `lab data`."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from lab.__main__ import main
from lab.data import recognise
from lab.data.recognise import look


def put(tmp_path, content: str | bytes, name: str):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


PROSE = "It was a dark night, and the wind blew from the sea. Nobody, said the old man; nobody comes here.\nThen 3 boats came in.\n" * 5
TABLE = "a,b,kind\n" + "".join(f"{k / 7:.2f},{k % 5},{'xy'[k % 2]}\n" for k in range(40))
WORDS = "".join(f"word{k} " + " ".join(f"{v:.4f}" for v in np.random.default_rng(k).normal(size=8)) + "\n" for k in range(12))
TIMES = "".join(f"{k / 10},{k % 3}\n" for k in range(60))
KINDS = {
    "table": [("a.csv", TABLE), ("a.txt", TABLE.replace(",", "\t")), ("a.dat", TABLE.replace(",", ";")), ("a.csv", TABLE.encode("utf-16")), ("years.csv", "year,price\n" + "".join(f"{1990 + k},{k * k}\n" for k in range(30)))],
    "vectors": [("v.txt", WORDS), ("v.vec", "12 8\n" + WORDS), ("v.tsv", WORDS.replace(" ", "\t")), ("v.csv", WORDS.replace(" ", ",")), ("v.csv", "," + ",".join(map(str, range(8))) + "\n" + WORDS.replace(" ", ",")), ("v.csv", 'word,vector\nking,"[0.1, 0.2]"\nqueen,"[0.3, 0.4]"\nman,"[0.5, 0.2]"\n')],
    "recording": [("r.csv", TIMES), ("r.txt", "# time(ms) current(nA)\n" + TIMES.replace(",", " ")), ("r.csv", "Time,Current\nms,nA\n" + TIMES), ("r.csv", "Zeit;Strom\n" + TIMES.replace(",", ";").replace(".", ",")), ("r.csv", "0,0\n10,0\n10,2.5\n60,2.5\n60,0\n"), ("r.txt", "".join(f"{k % 7 / 3:.3f}\n" for k in range(50)))],
    "network": [("n.csv", "from,to,weight\nA,B,1\nB,C,2\n"), ("n.graphml", "<graphml><graph><node id='a'/></graph></graphml>"), ("n.xml", "<?xml version='1.0'?><gexf><graph/></gexf>"), ("n.gml", "graph [ node [ id 1 ] ]"), ("n.json", '{"nodes": [], "links": []}')],
    "text": [("t.txt", PROSE), ("t.md", "# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"), ("t.txt", "one\ntwo\nthree\n"), ("t", PROSE)],
    "questions": [("q.txt", ": capitals\nparis france rome italy\n")],
    "sound": [("s.wav", b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<I", 4) + b"\0\0\1\0")],
    "experiment": [("e.toml", 'model = "hodgkin-huxley"\n')],
    "model": [("m.py", "import lab\n")],
    "session": [("s.lab", b"SQLite format 3\0" + b"\0" * 100)],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "content"), [(kind, *case) for kind, cases in KINDS.items() for case in cases])
def test_a_file_is_what_it_holds(tmp_path, kind, name, content):
    found = look(put(tmp_path, content, name), sample_rate=1000.0 if isinstance(content, str) and content.count("\n") == 50 else 0.0)
    assert found.kind == kind
    if kind not in ("session", "network", "experiment"):
        assert found.said.startswith(name) and not found.problem


def test_a_table_can_be_mapped_and_drive_a_cell_too(tmp_path):
    assert look(put(tmp_path, TABLE, "a.csv")).also == ("vectors", "recording")
    assert look(put(tmp_path, TIMES, "r.csv")).also == ("table",)
    assert look(put(tmp_path, TIMES, "r.csv"), kind="table").plan.task == "classification"


def test_arrays_and_folders(tmp_path):
    from PIL import Image

    np.save(tmp_path / "v.npy", np.zeros((20, 8)))
    np.save(tmp_path / "r.npy", np.zeros((500, 2)))
    np.savez(tmp_path / "w.npz", **{"hidden1.weight": np.zeros((2, 3)), "hidden1.bias": np.zeros(3)}, **{"output.weight": np.zeros((3, 2))})
    assert [look(tmp_path / f"{n}").kind for n in ("v.npy", "r.npy", "w.npz")] == ["vectors", "recording", "weights"]
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        Image.new("L", (8, 8)).save(tmp_path / "pets" / name / "a.png")
    found = look(tmp_path / "pets")
    assert found.kind == "pictures" and "2 classes: cat 1 (50 %) and dog 1 (50 %)" in found.said
    assert look(tmp_path / "pets" / "cat" / "a.png").kind == "picture"
    (tmp_path / "texts").mkdir()
    put(tmp_path / "texts", PROSE, "a.txt")
    assert look(tmp_path / "texts").kind == "text"
    assert "holds neither" in look(tmp_path / "pets" / "cat").problem


def test_what_cannot_be_read_is_one_sentence(tmp_path):
    for name, content, said in (
        ("a.xlsx", b"PK\x03\x04rest", "spreadsheet"),
        ("a.csv", b"", "is empty"),
        ("a.bin", b"\0\1\2\3" * 50, "."),
        ("a.pkl", b"\x80\x04\x95", "."),
    ):
        found = look(put(tmp_path, content, name))
        assert said in found.problem and "\n" not in found.problem and found.kind in ("", "text", "table")


def test_any_bytes_are_looked_at_without_another_error(tmp_path):
    rng = np.random.default_rng(0)
    sources = [content if isinstance(content, bytes) else content.encode() for cases in KINDS.values() for _, content in cases]
    for k in range(200):
        damaged = bytearray(sources[k % len(sources)][: rng.integers(1, 3000)])
        for _ in range(int(rng.integers(0, 5))):
            damaged[rng.integers(0, len(damaged))] = rng.integers(0, 256)
        look(put(tmp_path, bytes(damaged), f"a.{('csv', 'txt', 'bin', 'wav', 'npz', 'graphml')[k % 6]}"))


def told(capsys, *arguments) -> tuple[int, str, str]:
    code = main(["data", *map(str, arguments)])
    found = capsys.readouterr()
    return code, found.out, found.err


def test_lab_data_prints_the_paragraph_and_how_to_use_the_file(tmp_path, capsys, monkeypatch):
    path = put(tmp_path, TABLE, "a.csv")
    code, out, _ = told(capsys, path)
    assert code == 0 and "a.csv: 40 rows and 3 columns" in out and "To predict: kind, 2 classes: x 20 (50 %) and y 20 (50 %)." in out
    code, out, _ = told(capsys, path, "--set", "target=a", "--set", "types=b=ignore")
    assert "To predict: a, a number from 0 to 5.57" in out and "Left out: b (as said)." in out
    monkeypatch.chdir(tmp_path)
    line = next(line for line in out.splitlines() if line.strip().startswith("lab run mlp"))
    assert main([*__import__("shlex").split(line)[1:], "--set", "epochs=1", "--set", "hidden=2", "-o", "x.lab"]) == 0
    said = capsys.readouterr().out
    assert "To predict: a, a number from 0 to 5.57" in said and "test error" in said  # the paragraph comes with the run, too
    assert main(["run", "x.lab", "-o", "again.lab"]) == 0 and "To predict: a" in capsys.readouterr().out


def test_lab_data_says_what_is_wrong_and_what_would_mend_it(tmp_path, capsys):
    path = put(tmp_path, TABLE.replace("0.57,", "n.d.,"), "a.csv")
    code, out, _ = told(capsys, path)
    assert code == 1 and "row 6, column 'a': 'n.d.' is not a number" in out and "--set missing=n.d." in out
    assert told(capsys, path, "--set", "missing=n.d.")[0] == 0
    assert told(capsys, tmp_path / "none.csv")[0] == 2
    code, _, err = told(capsys, path, "--set", "tarket=a")
    assert code == 2 and "did you mean 'target'" in err
    assert told(capsys, path, "--as", "tabel")[0] == 2


def test_lab_data_as_json(tmp_path, capsys):
    found = json.loads(told(capsys, put(tmp_path, TABLE, "a.csv"), "--json")[1])
    assert (found["kind"], found["target"], found["task"], found["rows"]) == ("table", "kind", "classification", 40)
    assert [c["role"] for c in found["columns"]] == ["input", "input", "target"]


def test_every_kind_has_a_title():
    assert set(recognise.KINDS) >= {*KINDS, "pictures", "picture", "weights"}


def test_pictures_to_store_go_through_the_door(tmp_path):
    import os

    from PIL import Image

    from lab.errors import FileError
    from lab.models.networks.hopfield import Hopfield

    for k in range(3):
        Image.fromarray(np.random.default_rng(k).integers(0, 256, (20, 20)).astype(np.uint8)).save(tmp_path / f"{k}.png")
    found, shape = Hopfield(patterns="pictures", file=str(tmp_path)).build(0)
    assert shape == (16, 16) and len(found) == 3
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(FileError, match="is a pipe"):
        Hopfield(patterns="pictures", file=str(tmp_path)).build(0)


def test_a_packed_text_is_looked_at_and_learned_from_as_what_was_packed(tmp_path):
    """It was read as it lay there: 'it holds zero bytes'."""
    import gzip

    from lab.embedding.corpus import read_sentences
    from lab.training.texts import text_of

    path = put(tmp_path, gzip.compress((PROSE * 4).encode()), "t.txt.gz")
    found = look(path)
    assert (
        found.kind == "text"
        and found.problem == ""
        and found.said == look(put(tmp_path, PROSE * 4, "t.txt")).said.replace("t.txt", "t.txt.gz")
    )
    assert found.content == PROSE * 4
    assert read_sentences(path) == read_sentences(tmp_path / "t.txt")
    assert text_of(str(path), 8).alphabet == text_of(str(tmp_path / "t.txt"), 8).alphabet
    bomb = put(tmp_path, gzip.compress(b"a " * 3_000_000), "bomb.txt.gz")
    with pytest.raises(recognise.LabError, match="unpacked more than 1 MB"):
        read_sentences(bomb, most_bytes=1_000_000)


def test_edges_without_a_heading_are_no_vectors_and_can_be_a_network(tmp_path):
    pairs = put(tmp_path, "15 18\n" + "".join(f"{k} {k * 7 % 20}\n" for k in range(20)), "edges.txt")
    assert look(pairs).kind == "table" and "network" in look(pairs).also
    assert "21 directed edges" in look(pairs, kind="network").said
    square = put(tmp_path, "0,1,0,0\n1,0,1,1\n0,1,0,1\n1,0,0,0\n", "square.csv")
    assert "network" in look(square).also and "every weight 1" in look(square, kind="network").said


def test_words_about_files_are_true(tmp_path):
    assert "a text of 1 word in 1 line" in look(put(tmp_path, "<html></html>", "a.html")).said
    np.savez(tmp_path / "sets.npz", x_train=np.zeros((5, 4, 4)), y_train=np.zeros(5))
    assert "arrays by name (x_train 5 x 4 x 4 and y_train 5)" in look(tmp_path / "sets.npz").said
    dates = put(tmp_path, "date,value\n" + "".join(f"2024-01-{k % 28 + 1:02d},{k * 0.37:.2f}\n" for k in range(60)), "dates.csv")
    assert "such as date=class" in look(dates).problem
    assert not look(dates, recognise.tables.Choices(types="date=class")).problem
    sizes = put(tmp_path, "size,rooms\n" + "".join(f"{50 + k} m²,{k % 4}\n" for k in range(30)), "sizes.csv")
    assert "Inputs: size as a number" in look(sizes).said


def test_each_way_that_is_printed_for_a_table_can_be_gone(tmp_path, capsys):
    rows = "".join(f"P{k:03d},{30 + k % 9},{k % 4 / 2},{'xy'[k % 2]}\n" for k in range(30))
    path = put(tmp_path, "patient,age,dose,kind\n" + rows, "a.csv")
    assert main(["data", str(path), "--json"]) == 0
    ways = json.loads(capsys.readouterr().out)["ways"]
    drive = dict(part.split("=", 1) for part in next(w for w in ways if "hodgkin-huxley" in w).split() if "=" in part)
    from lab.data import signals

    assert signals.read(drive["file"], float(drive["sample_rate"]), int(drive["column"])).values[:2].tolist() == [30.0, 31.0]
