"""Kinds of files that other programs write: ARFF, JSON records, Pajek, tables of connections, codes with zeros in front, lists in cells."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lab.data import graphs, learned, signals, tables, vectors
from lab.data.foreign import form_of
from lab.data.recognise import look
from lab.errors import FileError


def written(tmp_path, name: str, text: str):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


ARFF = """% a comment
@RELATION weather
@attribute outlook {sunny, overcast, rainy}
@attribute 'air temperature' numeric
@attribute humidity real
@attribute play {yes, no}
@data
""" + "".join(
    f"{('sunny', 'overcast', 'rainy')[k % 3]},{15 + k % 9},{'?' if k == 4 else 50 + k % 7},{'yes' if k % 4 else 'no'}\n" for k in range(40)
)


def test_arff_is_a_table_whose_attributes_say_what_they_hold(tmp_path):
    found = look(written(tmp_path, "weather.arff", ARFF))
    assert found.kind == "table" and not found.problem
    assert (
        "40 rows and 4 columns (ARFF, UTF-8)" in found.said and "To predict: play, 2 classes: no 10 (25 %) and yes 30 (75 %)" in found.said
    )
    assert "air temperature and humidity as numbers and outlook (3) as a class" in found.said and "humidity 1" in found.said


def test_a_sparse_arff_row_leaves_out_zeros_and_first_classes(tmp_path):
    path = written(
        tmp_path,
        "sparse.arff",
        "@relation s\n@attribute a numeric\n@attribute b numeric\n@attribute c {x, y}\n@data\n{0 3, 2 y}\n{1 4}\n{0 1, 1 2, 2 y}\n",
    )
    table = tables.read(path)
    assert [c.texts() for c in table.columns] == [["3", "0", "1"], ["0", "4", "2"], ["y", "x", "y"]]
    path.write_text("@relation s\n@attribute a numeric\n@data\n{7 1}\n")
    with pytest.raises(FileError, match="names no column"):
        tables.read(path)
    path.write_text("@relation s\nwhat is this\n@data\n1\n")
    with pytest.raises(FileError, match="no line of an ARFF file"):
        tables.read(path)


@pytest.mark.parametrize("lines", [False, True])
def test_json_records_are_a_table(tmp_path, lines):
    records = [{"length": k / 2, **({} if k == 3 else {"width": k}), "kind": "ab"[k % 2]} for k in range(20)]
    text = "\n".join(map(json.dumps, records)) if lines else json.dumps(records)
    found = look(written(tmp_path, "records.jsonl" if lines else "records.json", text))
    assert found.kind == "table" and "20 rows and 3 columns (JSON, UTF-8)" in found.said and "width 1" in found.said
    assert "To predict: kind, 2 classes" in found.said
    damaged = look(written(tmp_path, "damaged.json", '[{"a": 1}, 5]'))
    assert "is made of records" in damaged.problem
    assert form_of('{"nodes": [], "links": []}') == "", "a network is no table"


def test_codes_with_zeros_in_front_are_no_numbers(tmp_path):
    rows = "".join(f"{k % 4 * 1067:05d},{k},{'A' if k % 2 else 'B'}\n" for k in range(40))
    table = tables.read(written(tmp_path, "codes.csv", "zip,income,city\n" + rows))
    zips = table.columns[0]
    assert zips.kind == "class" and zips.words == ("00000", "01067", "02134", "03201")
    assert tables.read(table.place, tables.Choices(types="zip=number")).columns[0].numbers[1] == 1067
    assert table.columns[1].kind == "number"
    assert "zip (4) as a class" in learned.paragraph(learned.plan(table, tables.Choices()))


def test_lists_in_a_cell_are_vectors(tmp_path):
    numbers = np.random.default_rng(1).normal(size=(12, 5)).round(3)
    text = "word,vector\n" + "".join(f'w{k},"[{", ".join(map(str, row))}]"\n' for k, row in enumerate(numbers.tolist()))
    found = look(written(tmp_path, "cells.csv", text))
    assert found.kind == "vectors" and np.allclose(found.content.matrix, numbers)


def test_time_and_unit_in_a_name_with_an_underscore(tmp_path):
    text = "time_s,I_nA\n" + "".join(f"{k / 1000},{2.5 * (10 <= k < 60)}\n" for k in range(100))
    found = look(written(tmp_path, "recording.csv", text))
    assert found.kind == "recording" and "from 0 to 99 ms by 'time_s' in s" in found.said and "to 2.5 nA" in found.said
    assert signals.read(found.place).times[1] == pytest.approx(1.0)


def test_pairs_of_numbers_are_an_edge_list_and_no_vectors(tmp_path):
    path = written(tmp_path, "club.edgelist", "0 1\n0 2\n1 2\n2 3\n")
    found = look(path)
    assert found.kind == "network" and "4 nodes and 4 directed edges" in found.said
    assert look(written(tmp_path, "club.txt", "0 1\n0 2\n1 2\n2 3\n")).kind != "vectors"


def test_pajek_is_a_network(tmp_path):
    net = graphs.read(
        written(tmp_path, "club.net", '*Vertices 3\n1 "Thalamus" 0.1 0.2\n2 Cortex\n3 "Nucleus reticularis"\n*Arcs\n1 2 0.8\n*Edges\n2 3\n')
    )
    assert [d.title for d in net.dots] == ["Thalamus", "Cortex", "Nucleus reticularis"] and net.dots[0].place == (0.1, 0.2)
    assert [(k.source, k.target, k.weight, k.directed) for k in net.links] == [("1", "2", 0.8, True), ("2", "3", None, False)]
    with pytest.raises(FileError, match="ends at '9'"):
        graphs.read(written(tmp_path, "wrong.net", "*Vertices 1\n1 A\n*Arcs\n1 9\n"))


def test_a_table_of_connections_named_along_both_sides_is_a_network(tmp_path):
    found = look(written(tmp_path, "areas.csv", ",A,B,C\nA,0,0.5,0\nB,0,0,1\nC,0.2,0,0\n"))
    assert found.kinds[:2] == ("network", "table") and "3 nodes and 3 directed edges" in found.said


def test_a_sound_that_is_not_read_is_called_one(tmp_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(b"ID3\x04" + bytes(200))
    assert "is an MP3 sound" in look(path).problem


@pytest.mark.parametrize("by_rows", [False, True])
def test_json_by_columns_is_a_table(tmp_path, by_rows):
    columns = {"length": [k / 2 for k in range(20)], "width": list(range(20)), "kind": ["ab"[k % 2] for k in range(20)]}
    text = json.dumps({n: {str(k): v for k, v in enumerate(values)} for n, values in columns.items()} if by_rows else columns)
    found = look(written(tmp_path, "columns.json", text))
    assert found.kind == "table" and "20 rows and 3 columns (JSON, UTF-8)" in found.said and "To predict: kind, 2 classes" in found.said
    uneven = look(written(tmp_path, "uneven.json", '{"a": [1, 2], "b": [1]}'))
    assert "not lists of one length (a: 2, b: 1)" in uneven.problem
    assert form_of('{"nodes": ["a", "b"], "links": [[0, 1]]}') == form_of('{"layers": [{"units": 3}]}') == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.arff", ARFF), ("a.json", json.dumps([{"x": k, "y": k * k % 7, "kind": "pq"[k % 2]} for k in range(30)])), ("a.json", json.dumps({"x": list(range(30)), "y": [k % 7 for k in range(30)]}))],
)  # fmt: skip
def test_the_rows_of_such_a_table_can_be_mapped(tmp_path, name, text):
    made = vectors.load(written(tmp_path, name, text))
    assert made.matrix.shape[1] == 2 and len(made.matrix) in (30, 40)


@pytest.mark.parametrize("heading", ["", "# made by hand\n", "# x y kind\n", "x y kind\n"])
def test_a_table_that_only_spaces_divide_is_mapped_by_its_rows_and_not_by_names(tmp_path, heading):
    rows = "".join(f" {k * 0.37:6.2f}  {k % 5:3d}  {k % 2}\n" for k in range(30))
    assert vectors.load(written(tmp_path, "a.dat", heading + rows)).matrix.shape == (30, 3)
    named = "".join(f"{k * 0.37:.2f} {k % 5} {'pq'[k % 2]}\n" for k in range(30))
    made = vectors.load(written(tmp_path, "b.dat", heading + named))
    assert made.matrix.shape == (30, 2) and next(iter(made.metadata.values()))[:2] == ("p", "q")


def test_words_that_are_numbers_keep_their_vectors(tmp_path):
    made = vectors.load(written(tmp_path, "digits.txt", "".join(f"{k} 0.{k} 0.5\n" for k in range(10))))
    assert made.words == tuple("0123456789") and made.matrix.shape == (10, 2)


def test_json_split_into_columns_and_data_is_a_table(tmp_path):
    split = {"columns": ["a", "kind"], "index": list(range(20)), "data": [[k, "pq"[k % 2]] for k in range(20)]}
    assert "20 rows and 2 columns (JSON, UTF-8)" in look(written(tmp_path, "split.json", json.dumps(split))).said
    split["data"][3] = [1]
    assert "must be a list of 2 values" in look(written(tmp_path, "bad.json", json.dumps(split))).problem
