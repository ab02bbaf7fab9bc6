"""A damaged or hostile session file gives a clear sentence or correct data: never another error, never a hang."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from lab.errors import FileError, LabError
from lab.session import Session, SessionReader, opening, schema
from lab.session.codec import checksum
from lab.session.writer import chunk_head


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """A session with everything in it, large enough for index pages and overflow chains."""
    path = tmp_path_factory.mktemp("original") / "original.lab"
    with Session.create(path, title="Original") as session:
        session.notes = "notes " * 3000
        session.set_document({"layout": list(range(3000))})
        for k in range(3):
            run = session.add_run(f"run {k}", {"model": "neuron", "parameters": {"current": k}})
            session.add_stream(run, "V", form="samples", dtype="float64", shape=(3,), every=2, unit="mV", meta={})
            session.add_stream(run, "spikes", form="events", dtype="float64", shape=(), every=1, unit="", meta={})
            session.add_stream(run, "w", form="snapshots", dtype="float32", shape=(-1,), every=1, unit="", meta={})
            session.add_stream(run, "g", form="snapshots", dtype="json", shape=(), every=1, unit="", meta={})
            for block in range(8):
                session.append_samples(run, "V", 400 * block, np.arange(600.0).reshape(200, 3) + block)
                session.append_events(run, "spikes", np.arange(400 * block, 400 * block + 100), np.arange(100), 0.5)
                session.append_snapshot(run, "w", 400 * block, np.arange(block * 10.0, dtype=np.float32))
                session.append_snapshot(run, "g", 400 * block, {"nodes": list(range(block))})
                session.append_log(run, 400 * block, "change", "current", {"value": block})
                session.add_checkpoint(
                    run, 400 * block, {"v": np.arange(500.0) + block, "seed": np.arange(4, dtype=np.uint64)}, {"b": block}
                )
                session.flush()
            session.update_run(run, state="finished", summary={"rate": 1.5})
    return path


def contents(path: Path) -> dict:
    """Everything that can be read of a file; a part that is refused with a LabError is left out."""
    found: dict = {}

    def attempt(key, function, *arguments):
        try:
            found[key] = function(*arguments)
        except LabError as problem:
            assert_is_a_sentence(str(problem))

    with SessionReader(path) as reader:
        attempt("settings", reader.settings)
        attempt("runs", reader.runs)
        for run in (1, 2, 3):
            attempt(("streams", run), reader.streams, run)
            attempt(("extent", run), reader.extent, run)
            attempt(("V", run), lambda run=run: [a.tolist() for a in reader.samples(run, "V")])
            attempt(("V part", run), lambda run=run: [a.tolist() for a in reader.samples(run, "V", 700, 900)])
            attempt(("spikes", run), lambda run=run: [a.tolist() for a in reader.events(run, "spikes")])
            attempt(("w", run), lambda run=run: [(step, w.tolist()) for step, w in reader.snapshots(run, "w")])
            attempt(("g", run), reader.snapshots, run, "g")
            attempt(("w latest", run), lambda run=run: [(s[0], s[1].tolist()) for s in [reader.latest_snapshot(run, "w", 1000)] if s])
            attempt(("log", run), reader.log, run)
            attempt(("steps", run), reader.checkpoints, run)
            attempt(("checkpoints", run), lambda run=run: [plain(reader.checkpoint(run, step)) for step in range(0, 3200, 400)])
    return found


def plain(checkpoint):
    return checkpoint and (checkpoint[0], {name: array.tolist() for name, array in checkpoint[1].items()}, checkpoint[2])


def assert_is_a_sentence(text: str) -> None:
    assert 20 < len(text) < 500 and text.endswith((".", "?")) and "\n" not in text and "Traceback" not in text, text


def assert_refused_or_right(path: Path, truth: dict, *, write: bool = True) -> str:
    """Open, read, check, write to and copy a mutant; arrays and logs that are read must be those that were recorded."""
    for problem in Session.check(path):
        assert isinstance(problem, str)
    try:
        found = contents(path)
    except LabError as problem:
        assert_is_a_sentence(str(problem))
        found = {}
    for key, value in found.items():
        if key[0] in ("V", "spikes"):  # a whole stream is complete or refused
            assert value == truth[key], key
        elif key[0] == "V part":
            known = set(map(repr, zip(*truth[key], strict=True)))
            assert all(repr(row) in known for row in zip(*value, strict=True)), key
        elif key[0] in ("w", "g", "log", "checkpoints", "w latest"):  # a damaged index may hide some, but none is ever wrong
            known = truth["w", key[1]] if key[0] == "w latest" else truth[key]
            assert all(item in known for item in value if item is not None), key
    if not write:
        return "read" if found else "refused"
    try:
        with Session.open(path) as session:
            session.document()
            run = session.add_run("on top", {})
            session.add_stream(run, "V", form="samples", dtype="float64", shape=(), every=1, unit="", meta={})
            session.append_samples(run, "V", 0, np.arange(10.0))
            session.flush()
            session.save_copy(path.with_name("copy.lab"))
    except LabError as problem:
        assert_is_a_sentence(str(problem))
        try:
            session.close(discard=True)
        except (LabError, UnboundLocalError):
            pass
        return "refused"
    return "read" if found else "refused"


def mutants(data: bytes, chance: random.Random):
    """300 ways to damage the bytes of a file."""
    page = int.from_bytes(data[16:18], "big")
    pages = len(data) // page

    def flip(count, low, high):
        changed = bytearray(data)
        for _ in range(count):
            changed[chance.randrange(low, high)] ^= 1 << chance.randrange(8)
        return changed

    for _ in range(80):
        yield flip(1, 0, len(data))
    for _ in range(30):
        yield flip(100, 0, len(data))
    for _ in range(40):
        yield flip(1, 0, 100)  # the header
    for _ in range(50):
        start = chance.randrange(pages) * page
        yield flip(3, start, start + 32)  # the header of a page
    for _ in range(40):
        yield data[: chance.randrange(len(data))]
    for _ in range(30):
        a, b = (chance.randrange(pages) * page for _ in range(2))
        changed = bytearray(data)
        changed[a : a + page], changed[b : b + page] = data[b : b + page], data[a : a + page]
        yield changed
    for _ in range(15):
        a = chance.randrange(len(data) - 5000)
        yield data[:a] + bytes(chance.randrange(1, 5000)) + data[a + 5000 :]
    for _ in range(15):
        yield data[:100] + chance.randbytes(len(data) - 100)


def run_mutants(original: Path, folder: Path) -> dict[str, int]:
    truth = contents(original)
    assert len(truth) == 2 + 3 * 11
    outcomes = {"read": 0, "refused": 0}
    path = folder / "mutant.lab"
    for number, changed in enumerate(mutants(original.read_bytes(), random.Random(7))):
        for left_over in folder.iterdir():
            left_over.unlink()
        path.write_bytes(changed)
        outcomes[assert_refused_or_right(path, truth, write=number % 5 == 0)] += 1  # writing waits for the disk
    return outcomes


def test_three_hundred_damaged_files_give_sentences_or_the_right_data(original, tmp_path):
    outcomes = run_mutants(original, tmp_path)
    assert sum(outcomes.values()) == 300 and outcomes["refused"] > 100 and outcomes["read"] > 20, outcomes


def test_the_same_files_without_the_check_of_every_page_as_large_files_are_opened(original, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "QUICK_CHECK_BYTES", 0)
    outcomes = run_mutants(original, tmp_path)
    assert sum(outcomes.values()) == 300 and outcomes["read"] > 100, outcomes


SCHEMA_EDITS = {
    "a trigger": "CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM chunks; END",
    "a view": "CREATE VIEW v AS SELECT * FROM runs",
    "another table": "CREATE TABLE extra(x)",
    "an index": "CREATE INDEX extra ON runs(name)",
    "an index on an expression": "CREATE INDEX extra ON runs(abs(id))",
    "a generated column": "ALTER TABLE runs ADD COLUMN g AS (id + 1)",
    "another column": "ALTER TABLE runs ADD COLUMN g TEXT",
    "a missing table": "DROP TABLE arrays",
    "a missing index": "DROP INDEX chunks_by_stream",
    "a renamed column": "ALTER TABLE runs RENAME COLUMN colour TO color",
    "a virtual table": "CREATE VIRTUAL TABLE extra USING fts3(x)",
    "a table in place of another": "DROP TABLE log; CREATE VIEW log AS SELECT 1 AS id",
    "statistics": "ANALYZE",
}


@pytest.mark.parametrize("edit", SCHEMA_EDITS)
def test_a_file_with_other_tables_is_not_opened(original, tmp_path, edit):
    path = tmp_path / "edited.lab"
    path.write_bytes(original.read_bytes())
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA_EDITS[edit])
    connection.close()
    for attempt in (Session.open, SessionReader):
        with pytest.raises(FileError, match="has other tables than a session has"):
            attempt(path)


def edit(path: Path, original: Path, *statements: tuple, signed: bool = False) -> Path:
    """A copy with other rows; signed as a hostile program could sign them, too."""
    path.write_bytes(original.read_bytes())
    connection = sqlite3.connect(path)
    connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    schema.allow_signing(connection)
    with connection:
        for sql, *values in statements:
            connection.execute(sql, values)
        for table in schema.SIGNED if signed else ():
            try:
                connection.execute(schema.sign(table))
            except sqlite3.Error:  # a row that cannot be signed stays as it is
                pass
    connection.close()
    return path


ROW_EDITS = {
    "a wrong checksum": ("UPDATE chunks SET crc=crc+1",),
    "changed data": ("UPDATE chunks SET data=zeroblob(length(data))",),
    "a huge shape": ("UPDATE streams SET shape='[1000000000,1000000000]'",),
    "a shape that is no list": ("UPDATE streams SET shape='7'",),
    "a negative shape": ("UPDATE streams SET shape='[-5]'",),
    "a shape of many dimensions": ("UPDATE streams SET shape=?", json.dumps([1] * 5000)),
    "a dtype of objects": ("UPDATE streams SET dtype='object'",),
    "an unknown dtype": ("UPDATE streams SET dtype='V1000000000'",),
    "an unknown form": ("UPDATE streams SET form='pickle'",),
    "every of zero": ("UPDATE streams SET every=0",),
    "every of text": ("UPDATE streams SET every='many'",),
    "a huge count of rows": ("UPDATE chunks SET rows=4000000000000000000",),
    "a blob as name": ("UPDATE runs SET name=x'ff00'",),
    "a text that is no UTF-8": ("UPDATE runs SET name=CAST(x'ff80fe' AS TEXT)",),
    "JSON nested without end": ("UPDATE runs SET experiment=?", "[" * 200_000),
    "JSON of another kind": ("UPDATE runs SET experiment='[]'",),
    "an endless number": ("UPDATE runs SET experiment=?", '{"a":' + "9" * 10_000 + "}"),
    "an unknown state": ("UPDATE runs SET state='flying'",),
    "steps of text": ("UPDATE runs SET steps='x'",),
    "a changed log": ("UPDATE log SET payload='{\"value\":99}'",),
    "a log for another step": ("UPDATE log SET step=step+1",),
    "another run's chunks": ("UPDATE chunks SET stream=13-stream",),
    "a checkpoint of another dtype": ("UPDATE arrays SET dtype='complex128'",),
    "a checkpoint with a huge shape": ("UPDATE arrays SET shape='[99999999999]'",),
    "a checkpoint with changed meta": ("UPDATE checkpoints SET meta='{}'",),
    "a long name": ("UPDATE streams SET name=name||?", "x" * 5000),
    "an endless setting": ("UPDATE session SET value=zeroblob(30000000) WHERE key='notes'",),
    "a strange number of the last run": ("INSERT OR REPLACE INTO session(key, value) VALUES('last_run', '99999999999999999999999')",),
}


@pytest.mark.parametrize("name", ROW_EDITS)
def test_an_edited_row_gives_a_sentence_or_the_right_data(original, tmp_path, name):
    path = edit(tmp_path / "edited.lab", original, ROW_EDITS[name])
    assert Session.check(path)
    assert assert_refused_or_right(path, contents(original)) in ("read", "refused")


@pytest.mark.parametrize("name", ROW_EDITS)
def test_the_same_row_signed_as_if_it_were_ours_does_no_harm_either(original, tmp_path, name):
    path = edit(tmp_path / "edited.lab", original, ROW_EDITS[name], signed=True)
    assert assert_refused_or_right(path, contents(original)) in ("read", "refused")
    if name != "a strange number of the last run":
        assert Session.check(path)


TEXTS = {"session": ("value",), "runs": ("name", "experiment", "created", "reason", "colour", "summary", "made"),
         "streams": ("name", "dtype", "shape", "unit", "meta")}  # fmt: skip
NUMBERS = {"runs": ("steps", "pinned", "visible", "bytes"), "streams": ("run", "every", "first", "last", "rows", "bytes")}


def test_one_changed_byte_in_any_value_of_the_small_tables_is_found(original, tmp_path):
    """A name, a summary, a parameter, a count: what was recorded is not silently another thing."""
    edits = [
        (
            table,
            f"UPDATE {table} SET {column}=substr({column},1,length({column})/2)||'{c}'||substr({column},length({column})/2+2) WHERE rowid=2",
        )
        for table, columns in TEXTS.items()
        for column in columns
        for c in "~"  # in none of them: a figure might stand there already
    ]
    edits = [(t, e.replace("WHERE rowid=2", "WHERE key='notes'" if t == "session" else "WHERE id=2")) for t, e in edits]
    edits += [(table, f"UPDATE {table} SET {column}={column}+7 WHERE id=2") for table, columns in NUMBERS.items() for column in columns]
    assert len(edits) == 23
    for table, sql in edits:
        path = edit(tmp_path / "edited.lab", original, (sql,))
        assert Session.check(path), sql
        with Session.open(path) as session:  # and on opening, where the rest is still there
            assert session.damage and all("damaged" in sentence for sentence in session.damage), sql
            assert len(session.runs()) == (2 if table == "runs" else 3)
            assert session.notes == ("" if table == "session" else "notes " * 3000)
            assert session.add_run("on top", {}) == 4


def test_a_damaged_row_is_left_out_named_and_never_signed_as_sound(original, tmp_path):
    path = edit(tmp_path / "edited.lab", original, ("UPDATE runs SET name='other', state='running' WHERE id=3",))
    with SessionReader(path) as reader:
        assert [run.id for run in reader.runs()] == [1, 2] and "Run 3 " in reader.damage[0]
        assert reader.samples(2, "V")[1].size and reader.samples(3, "V")[1].size, "what is not damaged is read"
    with Session.open(path) as session:
        session.save_copy(tmp_path / "copy.lab")
        session.delete_run(1)
        session.compact()
    for file in (path, tmp_path / "copy.lab"):
        assert any("Run 3 " in problem for problem in Session.check(file))


def test_rows_that_belong_to_nothing_are_found(original, tmp_path):
    for table, column in (("log", "run"), ("chunks", "stream"), ("checkpoints", "run"), ("arrays", "checkpoint")):
        path = edit(tmp_path / "edited.lab", original, (f"UPDATE {table} SET {column}=77 WHERE id=(SELECT max(id) FROM {table})",))
        assert Session.check(path), table


def test_a_chunk_with_a_right_checksum_but_impossible_numbers_is_refused(original, tmp_path):
    connection = sqlite3.connect(original)
    stream, data = connection.execute("SELECT stream, data FROM chunks WHERE stream=1 ORDER BY last LIMIT 1").fetchone()
    connection.close()
    for first, last, rows in ((0, 398, 10**12), (0, 10, 200), (0, 399, 200), (10**17, 10**17 + 398, -200)):
        crc = checksum(chunk_head(stream, first, last, rows, None), data)
        change = ("UPDATE chunks SET first=?, last=?, rows=?, crc=? WHERE stream=1", first, last, rows, crc)
        path = edit(tmp_path / "edited.lab", original, ("DELETE FROM chunks WHERE stream=1 AND data<>?", data), change)
        with SessionReader(path) as reader, pytest.raises(FileError, match="is damaged"):
            reader.samples(1, "V")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"hello", "is not a session file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(2000), "is not a session file"),
        (b"SQLite format 3\0", "is not a session file"),
        (None, "is a database of another program"),
    ],
)
def test_other_files_are_named_as_what_they_are(tmp_path, content, words):
    path = tmp_path / "other.lab"
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE runs(id)")
        connection.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    for attempt in (Session.open, SessionReader):
        with pytest.raises(FileError, match=words):
            attempt(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["other.lab"]
    with pytest.raises(FileError, match="is a folder"):
        Session.open(tmp_path)
    with pytest.raises(FileError):
        SessionReader(tmp_path)
    for attempt in (Session.open, SessionReader):
        with pytest.raises(FileError, match="nowhere"):
            attempt(tmp_path / "nowhere.lab")


def test_the_header_tells_a_session_from_other_databases(original):
    header = original.read_bytes()[:100]
    assert int.from_bytes(header[68:72], "big") == schema.APPLICATION_ID
    assert int.from_bytes(header[60:64], "big") == schema.current_version()
    assert header[18:20] == b"\1\1"  # no write-ahead log is needed to read a closed file


def test_what_is_no_text_in_names_and_checkpoints_is_a_sentence(original, tmp_path):
    """SQLite's own message then quotes bytes that are none, which Python cannot hand on; and a checksum over them is no reason to fail."""
    import shutil

    path = Path(shutil.copy(original, tmp_path / "names.lab"))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA writable_schema=ON")
    connection.execute("UPDATE sqlite_master SET name=CAST(x'b4b4' AS TEXT), sql='CREATE TABLE' WHERE name='arrays'")
    connection.commit()
    connection.close()
    with pytest.raises(FileError, match="is damaged"):
        SessionReader(path)
    assert len(Session.check(path)) == 1
    path = Path(shutil.copy(original, tmp_path / "checkpoint.lab"))
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE checkpoints SET meta=CAST(x'7b22b4223a317d' AS TEXT)")
        connection.execute("UPDATE log SET name=CAST(x'b4' AS TEXT)")
    connection.close()
    with SessionReader(path) as reader:
        run = reader.runs()[0].id
        with pytest.raises(FileError, match="is damaged"):
            reader.checkpoint(run)
        with pytest.raises(FileError, match="is damaged"):
            reader.log(run)
    assert Session.check(path)
