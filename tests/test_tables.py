"""Tables as people's programs write them: every column used, filled or left out by name, and one paragraph that says so."""

from __future__ import annotations

import gzip
from dataclasses import replace

import numpy as np
import pytest

from lab.data import learned, numerals, tables
from lab.data.dialect import sniff
from lab.data.learned import paragraph, plan, warnings
from lab.data.sets import encode, from_file
from lab.data.tables import Choices
from lab.errors import FileError


def flowers(n: int = 60) -> tuple[list[str], list[tuple[float, float, int, str]]]:
    """A heading, and rows of two lengths, a count and a kind that follows from them."""
    rng = np.random.default_rng(1)
    rows = [
        (
            round(1.5 + 2 * (i % 2) + 0.2 * rng.normal(), 2),
            round(2 + 2 * (i % 2) + 0.2 * rng.normal(), 2),
            int(rng.integers(3, 60)),
            "ns"[i % 2],
        )
        for i in range(n)
    ]
    return ["length", "width", "count", "kind"], rows


def written(separator: str = ",", decimal: str = ".", end: str = "", eol: str = "\n") -> str:
    head, rows = flowers()
    lines = [separator.join(head) + end]
    lines += [separator.join(f"{v:.2f}".replace(".", decimal) if isinstance(v, float) else str(v) for v in row) + end for row in rows]
    return eol.join(lines) + eol


def planned(path, **said):
    choices = Choices(**said)
    return plan(tables.read(path, choices), choices)


def put(tmp_path, text: str | bytes, name: str = "a.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


PLAIN = written()
WAYS = {
    "semicolons and decimal commas": written(";", ","),
    "tabs": written("\t"),
    "tabs and decimal commas": written("\t", ","),
    "bars": written("|"),
    "spaces": written(" "),
    "aligned by spaces": written("   "),
    "trailing separators": written(",", end=","),
    "lines of Windows": written(eol="\r\n"),
    "lines of old Macs": written(eol="\r"),
    "a line sep=": "sep=;\n" + written(";", ","),
    "comments": "# made by x; y, z\n# units: mm\n" + PLAIN,
    "title rows": "Report of the year\nMade by: someone; somewhere\n\n" + PLAIN,
    "title rows filled up": "Report of the year,,,\n,,,\n" + PLAIN,
    "quotes": "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in PLAIN.splitlines()),
    "single quotes": "\n".join(";".join(f"'{cell}'" for cell in line.split(",")) for line in PLAIN.splitlines()),
    "a row of units": PLAIN.replace("kind\n", "kind\nmm,mm,,\n"),
    "UTF-8 with a mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": written("\t").encode("utf-16"),
    "UTF-16 without a mark": written("\t").encode("utf-16-le"),
    "UTF-16, the big end first, without a mark": written("\t").encode("utf-16-be"),
    "UTF-32": PLAIN.encode("utf-32"),
    "gzip": gzip.compress(PLAIN.encode()),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_table_is_read_in_whatever_way_it_is_written(tmp_path, way):
    wanted = from_file(put(tmp_path, PLAIN, "plain.csv"))
    found = from_file(put(tmp_path, WAYS[way], "a.csv"))
    np.testing.assert_array_equal(found.x, wanted.x)
    np.testing.assert_array_equal(found.t, wanted.t)
    assert (found.features, found.classes, found.target) == (("length", "width", "count"), ("n", "s"), "kind")
    assert wanted.x.tolist() == [[np.float32(v) for v in row[:3]] for row in flowers()[1]]


def test_letters_of_old_programs_are_read_with_a_word(tmp_path):
    path = put(tmp_path, "Länge;Sorte\n1,5;süß\n2,5;herb\n1,7;süß\n3,5;herb\n".encode("latin-1"))
    made = planned(path)
    assert made.table.columns[0].name == "Länge" and "Windows-1252" in paragraph(made)
    assert "Windows-1252" not in paragraph(planned(path, encoding="latin-1"))
    with pytest.raises(FileError, match="There is no encoding 'klingon'"):
        tables.read(path, Choices(encoding="klingon"))
    with pytest.raises(FileError, match="not UTF-8 text"):
        tables.read(path, Choices(encoding="utf-8"))


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("1,234.5", ".", 1234.5), ("1.234,5", ",", 1234.5), ("1 234,5", ",", 1234.5), ("1'234.5", ".", 1234.5), ("1\u202f234,5", ",", 1234.5), ("−3.5", ".", -3.5),
        ("12 %", ".", 12), ("€ 1.234,50", ",", 1234.5), ("$1,200", ".", 1200), ("5.5 kg", ".", 5.5), ("(120)", ".", -120), ("1,5E+03", ",", 1500), (".5", ".", 0.5), ("+7", ".", 7),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(cell, decimal, value):
    text = numerals.tidy(cell)
    found = numerals.number(text, decimal)
    assert (numerals.number(numerals.bare(text)[0], decimal) if found is None else found) == value


@pytest.mark.parametrize("cell", ["1,23.4", "1.2.3", "12,34,567", "", "-", ".", "1e", "0x10", "1_000", "nan", "inf", "1 2", "five", "3-4"])
def test_what_is_no_number(cell):
    assert not numerals.is_number(cell)


@pytest.mark.parametrize(
    ("cells", "separator", "wanted"),
    [
        (["1,87", "2"], ";", ","), (["1.87", "2"], ";", "."), (["1.234,5"], ";", ","), (["1,234.5"], ";", "."), (["576,225", "191,897"], ",", "."),
        (["1,234", "5,678"], ";", ","), (["0,123", "0,456"], ";", ","), (["1.234.567", "3"], ";", ","), (["12.03.2024", "1,5"], ";", ","), (["1,2345"], ";", ","),
    ],
)  # fmt: skip
def test_the_decimal_mark_follows_from_what_can_be_read_one_way_only(cells, separator, wanted):
    assert numerals.decimal_of(cells, separator)[0] == wanted


def test_numbers_that_can_be_read_two_ways_are_said_with_an_example(tmp_path):
    path = put(tmp_path, "a;b;kind\n" + "".join(f"{k + 1}.{k:03d};{k};{'xy'[k % 2]}\n" for k in range(40)))
    made = planned(path)
    assert "“1.000” was read as 1; if that is wrong, say decimal=comma." in paragraph(made)
    assert dict(warnings(made)[0].changes) == {"decimal": "comma"}
    assert planned(path, decimal="comma").table.columns[0].numbers[1] == 2001.0 and not warnings(planned(path, decimal="comma"))
    commas = put(tmp_path, path.read_text().replace(";", ","), "b.csv")
    assert "was read as" not in paragraph(planned(commas)) and not warnings(planned(commas))


def test_one_column_of_decimal_commas_is_not_two_of_whole_numbers():
    rng = np.random.default_rng(0)
    text = "\n".join(f"{v:.4f}".replace(".", ",") for v in rng.normal(size=60))
    assert (sniff(text).separator, sniff(text).decimal) == ("", ",")
    assert sniff("\n".join(f"{a},{b}" for a, b in rng.integers(1, 100, (60, 2)))).separator == ","


def test_thousands_in_quotes_are_the_target_and_said(tmp_path):
    rows = [(40 + i, 2 + i % 6, 100_000 + 3571 * i) for i in range(60)]
    path = put(tmp_path, "area,rooms,price\n" + "".join(f'{a},{r},"{p:,}"\n' for a, r, p in rows))
    found = from_file(path)
    assert found.target == "price" and found.task == "regression" and found.t[:, 0].tolist() == [p for *_, p in rows]
    assert "say decimal=comma" in found.said
    assert from_file(path, Choices(decimal="comma")).t[0, 0] == np.float32(100.0)


def test_an_empty_or_constant_column_is_named_and_never_the_target(tmp_path):
    rows = flowers()[1]
    path = put(tmp_path, "a,b,kind,empty,same\n" + "".join(f"{a},{b},{k},,7\n" for a, b, _, k in rows))
    made = planned(path)
    assert made.table.columns[made.target].name == "kind"
    assert "Left out: empty (empty) and same (constant, always 7)." in paragraph(made)
    for name in ("same", "empty"):
        with pytest.raises(FileError, match=f"'{name}', is .*choose another target"):
            learned.dataset(planned(path, target=name))


def test_columns_called_label_or_the_like_are_proposed_and_identifiers_left_out(tmp_path):
    text = "PassengerId,Label,a,b\n" + "".join(f"{i + 1},{'xy'[i % 2]},{i / 7:.3f},{i % 5}\n" for i in range(40))
    made = planned(put(tmp_path, text))
    assert made.table.columns[made.target].name == "Label" and made.out == ((0, "an identifier"),)
    assert [planned(put(tmp_path, text.replace("Label", name))).target for name in ("species", "OUTCOME", "class", "weight")] == [
        1,
        1,
        1,
        3,
    ]
    assert planned(put(tmp_path, text), target="a").task == "regression"
    text = "name,a,b\n" + "".join(f"person {i},{i % 7},{i * i}\n" for i in range(40))
    assert "name (another text in every row)" in paragraph(planned(put(tmp_path, text)))


def test_missing_targets_drop_their_row_and_missing_inputs_are_filled_and_stay_marked(tmp_path):
    path = put(
        tmp_path,
        "size,colour,cost\n"
        + "\n".join(["1,red,10.5", "NA,red,11.5", "3,,12.5", "5,blue,", "7,blue,N/A", "9,red,13.5", "-,red,14.5", "4,blue,15.5"]),
    )
    found = from_file(path)
    assert found.t[:, 0].tolist() == [10.5, 11.5, 12.5, 13.5, 14.5, 15.5]  # none of them invented
    assert found.records.tolist() == [2, 3, 4, 7, 8, 9]
    assert found.gaps[:, 0].tolist() == [False, True, False, False, True, False]
    assert found.x[:, 0].tolist() == [1, 4.25, 3, 9, 4.25, 4]
    assert found.features == ("size", "colour=missing", "colour=blue", "colour=red")
    for said in (
        "Dropped: 2 rows without cost (rows 5, 6).",
        "filled by the column's mean: size 2.",
        "kept as a class of its own: colour 1.",
    ):
        assert said in found.said
    assert from_file(path, Choices(fill="median")).x[1, 0] == 3.5
    without = from_file(path, Choices(fill="leave rows out"))
    assert len(without.x) == 3 and "Dropped: 3 rows with a missing input." in without.said


def test_gaps_are_filled_from_the_training_part_only(tmp_path):
    rng = np.random.default_rng(0)
    path = put(
        tmp_path, "a,b,c,t\n" + "".join(f"{'' if i % 5 == 0 else f'{rng.normal():.3f}'},{i % 7},{i % 3},{i % 2}\n" for i in range(50))
    )
    data = from_file(path).split(0.4, seed=1).filled()
    known = data.x[data.train][~data.gaps[data.train, 0], 0]
    assert data.x[data.gaps[:, 0], 0] == pytest.approx(known.mean(dtype=float), rel=1e-6)


@pytest.mark.parametrize("marker", ["", "NA", "n/a", "NULL", "None", "-", ".", "?", "NaN", "#N/A", "--", "n.a."])
def test_usual_words_for_no_value_keep_a_column_of_numbers(tmp_path, marker):
    rows = [f"{i / 3:.2f},{marker if i % 9 == 0 else i % 5},{'xy'[i % 2]}" for i in range(60)]
    made = planned(put(tmp_path, "\n".join(["dose,reading,kind", *rows])))
    column = made.table.columns[1]
    assert column.kind == "number" and column.missing.sum() == 7 and made.features == 2 and not made.problem


def test_words_for_no_value_are_the_persons_choice(tmp_path):
    rows = [
        f"{-999 if i % 9 == 0 else i / 3:.2f},{'-' if i % 2 else '+'},{'n.d.' if i % 10 == 3 else i},{'xy'[i % 3 // 2]}" for i in range(60)
    ]
    path = put(tmp_path, "\n".join(["dose,test,reading,kind", *rows]))
    made = planned(path, missing="-999, n.d.")
    assert [int(c.missing.sum()) for c in made.table.columns] == [7, 0, 6, 0]
    assert set(made.table.columns[1].words) == {"+", "-"}  # among words the minus is one
    assert planned(path, missing="only, n.d.").table.columns[1].missing.sum() == 0
    with pytest.raises(FileError, match=r"row 5, column 'reading': 'n.d.' is not a number \(so 6 times\).*missing=n.d."):
        learned.dataset(planned(path))
    assert dict(warnings(planned(path))[0].changes) == {"missing": "n.d."}


def test_dates_are_left_out_and_said(tmp_path):
    for day in ("{:02d}.01.2023", "2023-01-{:02d}", "01/{:02d}/2023", "{} Jan 2023", "2023-01-{:02d}T10:30:00", "Jan {}, 2023"):
        text = "day;temperature;sales\n" + "".join(f"{day.format(i + 1)};{i / 2};{200 + 5 * i}.5\n" for i in range(28))
        made = planned(put(tmp_path, text))
        assert made.table.columns[0].why == "dates" and "Left out: day (dates)." in paragraph(made), day


def test_percent_and_units_make_numbers_and_are_kept_as_units(tmp_path):
    text = "share;weight (kg);height [cm];price\n" + "".join(f"{i} %;{50 + i},5;{150 + i};{i},50 €\n" for i in range(40))
    made = planned(put(tmp_path, text))
    assert [c.unit for c in made.table.columns] == ["%", "kg", "cm", "€"] and not made.out
    assert made.table.find("weight") == 1
    assert learned.dataset(made).unit == "€"


def test_a_cell_that_is_no_number_is_named_by_record_and_column(tmp_path):
    head = 'length,width,remark,kind\n1.5,2,"first line\nsecond line, with comma",n\n'
    rows = [f"{i / 10:.1f},{i % 7},fine,{'ns'[i % 2]}\n" for i in range(60)]
    path = put(tmp_path, head + "".join(rows[:50]) + "oops,2,fine,n\n" + "".join(rows[50:]))
    with pytest.raises(
        FileError, match=r"row 53, column 'length': 'oops' is not a number; .*length=ignore"
    ):  # a quoted line end starts no record
        learned.dataset(planned(path))
    bare = [f"{i / 10},{i % 2}" for i in range(50)]
    path = put(tmp_path, "\n".join([*bare[:30], "oops,1", *bare[30:]]))  # no heading: rows count from the first
    with pytest.raises(FileError, match="row 31, column 'column 1'"):
        learned.dataset(planned(path))
    path = put(tmp_path, "a,b,c\n1,2,x\n3,oops,y\n")
    with pytest.raises(FileError, match="row 3, column 'b': 'oops' is not a number"):
        learned.dataset(planned(path, types="b=number"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n3\n", "row 3: 1 value where the heading has 2"),
        ("a,b\n", "has a heading and no rows|no rows of values"),
        ("a\n1\n2\n", "besides the one to predict"),
        ("a,b\n\0\0\n", "not a text file"),
        ("", "is empty"),
        ("a,b\n1,x\n2,x\n", "besides the one to predict"),
        (b"PK\x03\x04rest", "spreadsheet file"),
        ('a,b\n1,"2\n3,4\n', "no rows|not a table|needs at least"),
    ],
)
def test_wrong_tables_are_explained(tmp_path, text, said):
    with pytest.raises(FileError, match=said):
        from_file(put(tmp_path, text))


def test_a_few_rows_of_another_length_are_left_out_and_named(tmp_path):
    lines = PLAIN.splitlines()
    lines[20] += ",what,is,this"
    made = planned(put(tmp_path, "\n".join(lines)))
    assert made.table.rows == 59 and "1 row with another number of values was left out (row 21)." in paragraph(made)


def test_types_correct_what_was_found(tmp_path):
    path = put(
        tmp_path,
        "id,size,colour,kind\n" + "\n".join(f"row{i},{i / 10},{'red' if i % 2 else 'blue'},{'x' if i % 3 else 'y'}" for i in range(60)),
    )
    made = planned(path)
    assert [c.kind for c in made.table.columns] == ["ignore", "number", "class", "class"]
    assert learned.dataset(made).features == ("size", "colour=blue", "colour=red")
    assert learned.dataset(planned(path, types="colour=ignore")).features == ("size",)
    assert planned(path, target="size").task == "regression"
    with pytest.raises(FileError, match="must be number, class or ignore"):
        planned(path, types="size=integer")
    with pytest.raises(FileError, match="did you mean 'size'"):
        planned(path, types="siz=class")
    path = put(tmp_path, "grade,b,c\n" + "\n".join(f"{i % 4},{i % 7},{i * 0.5}" for i in range(40)))
    assert learned.dataset(planned(path, types="grade=class", target="c")).features == ("grade=0", "grade=1", "grade=2", "grade=3", "b")


@pytest.mark.parametrize(
    ("choice", "value", "said"),
    [("separator", "ab", "separator must be"), ("decimal", "dot", "decimal must be"), ("thousands", "x", "thousands must be"), ("header", "maybe", "header must be"), ("target", "knd", "did you mean 'kind'")],
)  # fmt: skip
def test_a_choice_that_is_none_is_refused_in_a_sentence(tmp_path, choice, value, said):
    path = put(tmp_path, PLAIN)
    with pytest.raises(FileError, match=said):
        learned.dataset(planned(path, **{choice: value}))


def test_choices_override_what_was_found(tmp_path):
    path = put(tmp_path, "1;2;3\n4;5;6\n7;8;1\n")
    assert planned(path).table.rows == 3 and planned(path, header="names").table.rows == 2
    assert len(planned(path, separator=",").table.columns) == 1 == len(planned(path, separator="none").table.columns)
    assert len(planned(path, separator=";").table.columns) == len(planned(path, separator="semicolon").table.columns) == 3


def test_pixels_of_a_square_are_a_picture_and_their_label_the_target(tmp_path):
    rng = np.random.default_rng(0)
    rows = [[k % 4, *rng.integers(0, 256, 36)] for k in range(40)]
    for row in rows:
        row[1] = row[-1] = 0  # a corner that is never lit
    body = "\n".join(",".join(map(str, row)) for row in rows)
    for text in (
        "label," + ",".join(f"pixel{k}" for k in range(36)) + "\n" + body,
        "label," + ",".join(f"{r}x{c}" for r in range(6) for c in range(6)) + "\n" + body,
        body,
    ):
        found = from_file(put(tmp_path, text))
        assert found.picture == (6, 6) and found.classes == ("0", "1", "2", "3") and found.x.max() <= 1
        assert found.t.tolist() == [row[0] for row in rows]
    assert "as pictures of 6 x 6 pixels" in found.said
    asked = tables.read(put(tmp_path, "\n".join(",".join(map(str, row[1:])) for row in rows), "b.csv"), kinds={"": "number"})
    np.testing.assert_allclose(encode(found, asked), found.x)
    with pytest.raises(FileError, match="nothing to learn"):
        from_file(put(tmp_path, body), Choices(target="column 37"))


def test_rare_classes_are_named_and_can_be_shown_more_often(tmp_path):
    path = put(tmp_path, "a,b,kind\n" + "".join(f"{i % 9},{i},{'rare' if i % 20 == 0 else 'usual'}\n" for i in range(100)))
    made = planned(path)
    assert "usual 95 (95 %)" in paragraph(made)
    (warning,) = warnings(made)
    assert "“rare” has 5 rows. A network that never says it is right in 95 % of cases." in warning.sentence and dict(warning.changes) == {
        "balance": True
    }
    data = learned.dataset(made).split(0.2, seed=3)
    counts = np.bincount(data.balanced(3).t[data.balanced(3).train])
    assert counts.tolist() == [76, 76] and set(data.balanced(3).train) == set(data.train)


def test_a_few_prices_are_numbers_and_not_classes(tmp_path):
    path = put(tmp_path, "a,price\n" + "".join(f"{i},{1000 + 37 * i}\n" for i in range(12)))
    assert planned(path).task == "regression"
    path = put(tmp_path, "a,b\n0,0\n0,1\n1,1\n1,0\n")
    assert planned(path).task == "classification"


def test_what_is_bounded_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_BYTES", 100)
    with pytest.raises(FileError, match="at most 100 bytes"):
        tables.read(put(tmp_path, PLAIN))
    monkeypatch.setattr(tables, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr("lab.data.rows.MAX_COLUMNS", 50)
    with pytest.raises(FileError, match="at most 50 can be read"):
        tables.read(put(tmp_path, "\n".join(",".join("1" * 60) for _ in range(3)), "b.csv"))
    monkeypatch.setattr(tables, "MAX_ROWS", 500)
    with pytest.raises(FileError, match="at most 500 rows"):
        tables.read(put(tmp_path, "a,b\n" + "1,2\n" * 20_001, "c.csv"))


def test_rows_are_counted_while_a_packed_table_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_ROWS", 1000)
    asked = []
    whole = tables.values
    monkeypatch.setattr(tables, "values", lambda *given: (asked.append(1) or row for row in whole(*given)))
    start = "a,b\n" + "1,2\n" * 2000
    for name, text in (("even", start + "1,2\n" * 60_000), ("uneven", start + "1\n" * 60_000)):
        asked.clear()
        with pytest.raises(FileError, match=r"at most 1,?000 rows|at least 50 more rows"):
            tables.read(put(tmp_path, gzip.compress(text.encode()), f"{name}.csv.gz"))
        assert len(asked) <= 2 * tables.CHUNK  # of more than 60,000


def test_a_column_of_thousands_of_texts_does_not_become_thousands_of_inputs(tmp_path):
    text = "code,a,kind\n" + "".join(f"c{i // 2},{i % 7},{i % 2}\n" for i in range(8000))
    made = planned(put(tmp_path, text))
    assert made.features == 1 and "code (4000 different texts)" in paragraph(made)


def test_the_file_is_read_again_when_it_has_changed(tmp_path):
    path = put(tmp_path, "a,b\n1,2\n2,3\n5,5\n")
    assert tables.read(path).rows == 3
    put(tmp_path, "a,b\n1,2\n2,3\n5,5\n7,7\n")
    assert tables.read(path).rows == 4
    assert tables.read(path, replace(Choices(), target="a")).rows == 4


def test_words_keep_their_own_letters(tmp_path):
    path = put(tmp_path, "a,b,kind\n" + "".join(f"{k},{k % 5},{'Don’t know' if k % 2 else 'a – b'}\n" for k in range(30)))
    assert from_file(path).classes == ("Don’t know", "a – b")


def test_what_other_programs_export_is_read_as_it_is(tmp_path):
    r = '"len" "wid" "species"\n' + "".join(
        f'"{k + 1}" {k / 7:.2f} {k % 5} "{"xy"[k % 2]}"\n' for k in range(30)
    )  # row names have no heading
    found = from_file(put(tmp_path, r))
    assert found.features == ("len", "wid") and found.target == "species" and "row names (an identifier)" in found.said
    bank = (
        "Kontoauszug;;;\nInhaber: X;;;\n\nDatum;Betrag (€);Zweck;Art\n"
        + "".join(f"{k % 28 + 1:02d}.03.2024;{'-' if k % 2 else ''}1.{k + 100},50;Text {k};{'ab'[k % 2]}\n" for k in range(40))
        + "Summe;9.345,00;;\n"
    )
    made = planned(put(tmp_path, bank.encode("cp1252")))
    assert made.table.layout.titles == 2 and made.unknown == 1 and learned.dataset(made).x[1, 0] == np.float32(-1101.5)


@pytest.mark.timeout(30)
def test_twenty_thousand_columns_of_one_name_are_told_apart_at_once(tmp_path):
    table = tables.read(put(tmp_path, ",".join(["x"] * 19_000) + "\n" + ",".join(["1"] * 19_000) + "\n", "wide.csv"))
    assert [c.name for c in table.columns[:3]] == ["x", "x (2)", "x (3)"] and len({c.name for c in table.columns}) == 19_000


def test_a_line_of_millions_of_cells_is_refused_before_it_is_taken_apart(tmp_path, monkeypatch):
    """120 MB in one line took 1.3 GB."""
    monkeypatch.setattr(tables, "LONGEST_LINE", 1000)
    with pytest.raises(FileError, match="has lines of more than 1 kB"):
        tables.read(put(tmp_path, "a,b\n" + "1," * 2000))
    assert len(tables.read(put(tmp_path, "a,b\n" + "1,2\n" * 2000)).columns) == 2


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["150.000 €", "95.000 €"], (",", "", False)),
        (["€ 150.000", "1.500 €", "2"], (",", "", False)),
        (["$150,000", "$95,000"], (".", "", False)),
        (["120.500 EUR", "33.000 EUR"], (",", "", False)),
        (["1.759 €", "1.809 €"], (".", "1.759", False)),  # fuel, or nearly two thousand
        (["1.500 €", "1.809 €"], (",", "", False)),
        (["50.5", "120.000 €"], (".", "120.000", True)),
        (["50.5", "120.50 €"], (".", "", False)),
        (["50,5", "120.000 €"], (",", "", False)),
    ],
)
def test_money_with_three_digits_behind_a_mark_has_thousands(cells, wanted):
    assert numerals.decimal_of(cells, ";") == wanted


def test_money_that_contradicts_the_other_numbers_is_told_of(tmp_path):
    path = tmp_path / "flats.csv"
    path.write_text("size;price\n" + "".join(f"{40 + k}.5;{100 + k}.000 €\n" for k in range(12)))
    said = learned.paragraph(learned.plan(tables.read(path), tables.AS_FOUND))
    assert "“100.000” was read as 100, since other numbers here have a decimal point: if thousands are meant" in said
    path.write_text("size;price\n" + "".join(f"{40 + k};{100 + k}.000 €\n" for k in range(12)))
    assert "price, a number from 100 000 to 111" in learned.paragraph(learned.plan(tables.read(path), tables.AS_FOUND)).replace(
        "\u2009", " "
    )


NUMBERS = "".join(f"{k};{20 + k % 7 * 0.5};{40 + k % 13}\n" for k in range(30))
WORDS = "".join(f"2024-0{1 + k // 28}-{1 + k % 28:02d};{('Rewe', 'Rent', 'Rail')[k % 3]};-{10 + k}.5\n" for k in range(40))


@pytest.mark.parametrize(
    ("titles", "heading", "body", "passed"),
    [
        ("Device;Logger 3;00123\nFirmware;2.1;Roof\n", "run;temperature;humidity", NUMBERS, 2),
        ("Account:;DE89;\nFrom:;2024-01-01;\n;;\n", "day;payee;amount", WORDS, 2),
        ("Account;123;A. Person\n", "day;payee;amount", WORDS, 1),
        ("ATF;1.0;\n2;3;\nSignals=;IN 0;IN 0\n", "time;one (pA);two (pA)", NUMBERS, 3),
        ("", "run;temperature;humidity", NUMBERS, 0),
        ("", "run;temperature;humidity", "1;on request;high\n" + NUMBERS, 0),  # a row that is wrong is told of, and names nothing
        ("", ";temperature;humidity", NUMBERS, 0),
    ],
)
def test_titles_as_wide_as_the_table_are_no_rows(tmp_path, titles, heading, body, passed):
    path = tmp_path / "t.csv"
    path.write_text(titles + heading + "\n" + body)
    table = tables.read(path)
    assert table.layout.names[1:] == tuple(heading.split(";"))[1:] and table.layout.titles == passed
    assert table.rows == body.count("\n") and table.records[0] == titles.count("\n") + 2, "rows are counted as a spreadsheet counts them"


def test_a_comment_of_as_many_words_as_columns_names_nothing(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("# sensor log\n# t[s]  x[m]  y[m]\n" + "".join(f"{k * 0.05:8.3f} {k % 7:9.4f} {k % 5:9.4f}\n" for k in range(40)))
    assert tables.read(path).layout.names == ("t[s]", "x[m]", "y[m]") and tables.read(path).rows == 40
    path.write_text("#,name,size\n" + "".join(f"{k},n{k},{k % 5}\n" for k in range(9)))
    assert tables.read(path).layout.names == ("#", "name", "size"), "a column may be called so"
