"""What a stranger puts beside or into a session file does no harm, and files of earlier programs stay usable."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lab.errors import DiskError, FileError
from lab.session import Session, SessionReader, codec, files, opening, schema
from lab.session.lock import lock_path

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="links, modes and pipes are other things there")


def small(path: Path) -> Path:
    with Session.create(path, title="Small") as session:
        session.notes = "notes"
        run = session.add_run("one", {"model": "x"}, made={"processor": "p"})
        session.add_stream(run, "V", form="samples", dtype="float64", shape=(), every=1, unit="mV", meta={})
        session.append_samples(run, "V", 0, np.arange(100.0))
        session.append_log(run, 3, "change", "current", {"value": 1})
        session.add_checkpoint(run, 50, {"v": np.arange(3.0)}, {"parameters": {}})
        session.update_run(run, state="finished")
    return path


@pytest.fixture
def path(tmp_path) -> Path:
    return small(tmp_path / "small.lab")


def as_first_version(path: Path) -> None:
    """Make the file what the first program wrote: without checksums in its small tables and without a word of the processor."""
    old = path.with_name("old.lab")
    connection = sqlite3.connect(old)
    connection.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
    schema._first_version(connection)
    connection.execute("PRAGMA user_version=1")
    connection.execute("ATTACH ? AS new", (str(path),))
    tables = ("session", "runs", "streams", "chunks", "log", "checkpoints", "arrays")
    for table in tables:
        columns = ",".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))
        connection.execute(f"INSERT INTO main.{table}({columns}) SELECT {columns} FROM new.{table}")
    connection.commit()
    connection.close()
    os.replace(old, path)


def test_a_file_of_the_first_version_is_read_as_it_is_and_brought_up_to_date_in_one_step(path, monkeypatch):
    as_first_version(path)
    before = path.read_bytes()
    assert Session.check(path) == []
    with SessionReader(path) as reader:
        assert (reader.version, reader.runs()[0].made, reader.damage) == (1, {}, ())
        assert reader.samples(1, "V")[1].tolist() == list(range(100)) and reader.checkpoint(1)[0] == 50
    assert path.read_bytes() == before, "reading changes nothing"

    def fails(connection):
        connection.execute("CREATE TABLE half(x)")
        raise sqlite3.OperationalError("no")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, fails))
    with pytest.raises(FileError):
        Session.open(path)
    assert path.read_bytes() == before, "all of the way or none of it"
    monkeypatch.undo()
    with Session.open(path) as session:
        assert session.notes == "notes" and session.runs()[0].made == {}
        session.add_run("two", {})
    assert Session.check(path) == []
    with SessionReader(path) as reader:
        assert reader.version == schema.current_version() == 2 and len(reader.runs()) == 2


@POSIX
def test_sessions_are_for_their_owner_only(path, tmp_path):
    with Session.open(path) as session:
        session.save_copy(tmp_path / "copy.lab")
        session.flush()
        beside = [p for p in tmp_path.iterdir() if p.name.startswith("small.lab")]
        assert len(beside) > 2
        assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in beside), beside
    assert stat.S_IMODE((tmp_path / "copy.lab").stat().st_mode) == 0o600


@POSIX
def test_a_link_in_place_of_the_lock_empties_no_other_file(path, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("important")
    lock_path(path).symlink_to(precious)
    with pytest.raises(FileError, match="is a link"):
        Session.open(path)
    assert precious.read_text() == "important" and not os.path.lexists(tmp_path / "-lock")


@POSIX
@pytest.mark.parametrize("ending", ["-lock", "-wal", "-journal", "-shm"])
def test_a_pipe_beside_a_session_neither_hangs_nor_crashes(path, ending):
    os.mkfifo(path.with_name(path.name + ending))
    with pytest.raises(FileError, match="no regular file"):
        Session.open(path)


@POSIX
@pytest.mark.timeout(20)
def test_pipes_devices_and_folders_are_no_sessions(tmp_path):
    os.mkfifo(tmp_path / "pipe.lab")
    (tmp_path / "folder.lab").mkdir()
    (tmp_path / "link.lab").symlink_to("/dev/zero")
    (tmp_path / "loop.lab").symlink_to(tmp_path / "loop.lab")
    for name in ("pipe.lab", "folder.lab", "link.lab", "loop.lab", "missing.lab", "x" * 300 + ".lab", "a\0b.lab"):
        for attempt in (Session.open, lambda p: Session.open(p, writable=False), SessionReader):
            with pytest.raises(FileError):
                attempt(tmp_path / name)
        assert Session.check(tmp_path / name)


def hot_journal(path: Path, super_journal: str = "") -> None:
    """Leave the file as a program leaves it that was killed in the middle of a change: half written, with its journal beside it."""
    code = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA journal_mode=DELETE'); c.execute('PRAGMA cache_size=1'); c.execute('PRAGMA cache_spill=1')\n"
        "c.execute('BEGIN IMMEDIATE')\n"
        "c.execute('UPDATE runs SET reason=zeroblob(400000)'); c.execute('UPDATE streams SET unit=zeroblob(400000)')\n"
        "c.execute(\"INSERT INTO log(run,step,kind,name,payload,crc) VALUES(1,1,'a','b',zeroblob(900000),0)\")\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    journal = path.with_name(path.name + "-journal")
    assert journal.stat().st_size > 512 and journal.read_bytes()[:8] == opening.JOURNAL_MAGIC, "hot: its header is written"
    if super_journal:
        name = super_journal.encode()
        page = int.from_bytes(path.read_bytes()[16:18], "big")
        locked = (2**30 // page + 1).to_bytes(4, "big")
        with journal.open("ab") as file:
            file.write(locked + name + len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big") + opening.JOURNAL_MAGIC)


def test_a_file_left_in_the_middle_of_a_change_is_restored_for_readers_too(path):
    hot_journal(path)
    assert Session.check(path) == []
    assert os.listdir(path.parent) == [path.name]
    hot_journal(path)
    with SessionReader(path) as reader:
        assert reader.samples(1, "V")[1].tolist() == list(range(100)) and reader.runs()[0].reason == ""
    hot_journal(path)
    with Session.open(path) as session:
        assert session.runs()[0].reason == ""


@POSIX
def test_where_it_cannot_be_restored_the_sentence_says_what_to_copy(path):
    hot_journal(path)
    code = (
        "import os, sys\nfrom lab.session import SessionReader\n"
        "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try: SessionReader(sys.argv[1])\nexcept Exception as e: print(type(e).__name__, e)\n"
    )
    for file in (path, path.with_name(path.name + "-journal")):
        os.chmod(file, 0o444)
    os.chmod(path.parent, 0o555)
    for folder in list(path.parents)[1:-2]:
        os.chmod(folder, 0o755)
    try:
        said = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True).stdout
    finally:
        os.chmod(path.parent, 0o755)
    assert said.startswith("FileError") and "small.lab-journal" in said and "copy both" in said


def test_a_journal_that_names_another_file_deletes_nothing(path, tmp_path):
    """SQLite deletes the file that a journal names as its chief when no other journal points back to it."""
    precious = tmp_path / "precious"
    precious.write_text("important")
    hot_journal(path, str(precious))
    for attempt in (Session.open, SessionReader):
        with pytest.raises(FileError, match="names another file"):
            attempt(path)
    assert precious.read_text() == "important"


CREATE = """
import os, sys
from lab.session import Session, files, schema
count = [0]
original = files.connect
class Killing:
    def __init__(self, connection): self.c = connection
    def __getattr__(self, name): return getattr(self.c, name)
    def execute(self, *a):
        count[0] += 1
        if count[0] == int(sys.argv[2]): os.kill(os.getpid(), 9)
        return self.c.execute(*a)
files.connect = lambda *a, **k: Killing(original(*a, **k))
if sys.argv[2] == "0":
    files._publish = lambda *a: os.kill(os.getpid(), 9)
Session.create(sys.argv[1]).close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9 there")
def test_killed_while_it_is_made_a_session_leaves_its_name_free(tmp_path):
    path = tmp_path / "new.lab"
    killed = 0
    for at in (0, 1, 3, 6, 12):
        done = subprocess.run([sys.executable, "-c", CREATE, str(path), str(at)], check=False)
        killed += done.returncode == -9
        assert not path.exists()
    assert killed == 5
    with Session.create(path) as session:
        session.add_run("r", {})
    assert os.listdir(tmp_path) == ["new.lab"] and Session.check(path) == []


def test_two_that_make_the_same_file_do_not_overwrite_each_other(path, monkeypatch):
    def meanwhile(part, target):
        target.write_bytes(b"another program's")
        original(part, target)

    original = files._publish
    monkeypatch.setattr(files, "_publish", meanwhile)
    with pytest.raises(FileError, match="already exists"):
        Session.create(path.with_name("new.lab"))
    assert path.with_name("new.lab").read_bytes() == b"another program's"

    def no_links(*names):
        raise OSError(95, "Operation not supported")

    monkeypatch.undo()
    monkeypatch.setattr(os, "link", no_links)  # as on a stick with FAT
    Session.create(path.with_name("other.lab")).close()
    assert Session.check(path.with_name("other.lab")) == []
    with pytest.raises(FileError, match="already exists"):
        Session.create(path.with_name("other.lab"))


@POSIX
def test_a_session_that_is_deleted_or_moved_while_it_records_is_written_again(tmp_path):
    path = tmp_path / "a.lab"
    for what in ("deleted", "moved", "replaced"):
        with Session.create(path) as session:
            run = session.add_run("r", {})
            session.add_stream(run, "V", form="samples", dtype="float64", shape=(), every=1, unit="", meta={})
            session.append_samples(run, "V", 0, np.arange(1000.0))
            session.flush()
            if what == "deleted":
                path.unlink()
            else:
                path.rename(tmp_path / "elsewhere.lab")
            if what == "replaced":
                path.write_bytes(b"another file")
            session.append_samples(run, "V", 1000, np.arange(1000.0))
            session._writer._looked = 0.0
            session.flush()
            session.append_log(run, 1, "a", "b", {})
            session.flush()
            assert session.stats.astray
        assert "was moved or deleted" in session.rescued
        found = path if what != "replaced" else tmp_path / "a (rescued).lab"
        assert str(found) in session.rescued
        assert Session.check(found) == []
        with SessionReader(found) as reader:
            assert reader.samples(1, "V")[1].size == 2000
        if what == "replaced":
            assert path.read_bytes() == b"another file"
        for left in tmp_path.iterdir():
            left.unlink()


def test_a_session_whose_folder_is_gone_says_so_and_can_be_saved_elsewhere(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    session = Session.create(folder / "a.lab")
    session.notes = "kept"
    session.flush()
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()
    with pytest.raises(FileError, match="cannot be written again"):
        session.close()
    session.save_copy(tmp_path / "saved.lab")
    try:
        session.close(discard=True)
    except FileError:
        pass
    with Session.open(tmp_path / "saved.lab") as again:
        assert again.notes == "kept"


def test_what_the_disk_refuses_is_told_apart_from_what_is_damaged(path):
    for code, kind in (
        ("SQLITE_FULL", DiskError),
        ("SQLITE_IOERR_WRITE", DiskError),
        ("SQLITE_READONLY", DiskError),
        ("SQLITE_CORRUPT", FileError),
    ):
        problem = sqlite3.OperationalError("x")
        problem.sqlite_errorname = code
        assert type(opening.explain(path, problem)) is kind


def test_a_full_disk_does_not_keep_a_session_from_being_locked(path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lab.session.lock.os.write", full)
    with Session.open(path) as session:
        assert session.runs()


def bomb(path: Path, *statements: tuple) -> Path:
    """The file with other rows, signed as ours are."""
    connection = sqlite3.connect(path)
    schema.allow_signing(connection)
    with connection:
        for sql, *values in statements:
            connection.execute(sql, values)
        for table in schema.SIGNED:
            connection.execute(schema.sign(table))
    connection.close()
    return path


MEASURE = """
import resource, sys
import numpy as np
from lab.errors import LabError
from lab.session import Session, SessionReader
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
for problem in Session.check(sys.argv[1]):
    print(problem)
try:
    with SessionReader(sys.argv[1]) as reader:
        for run in reader.runs():
            reader.log(run.id)
            for stream in reader.streams(run.id):
                try:
                    {"samples": reader.samples, "events": reader.events, "snapshots": reader.snapshots}[stream.form](run.id, stream.name)
                except LabError as error:
                    print(error)
            try:
                reader.checkpoint(run.id)
            except LabError as error:
                print(error)
except LabError as error:
    print(error)
print("peak", next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""

BOMBS = {
    "a blob of 900 MB": [("UPDATE chunks SET data=zeroblob(900000000)",)],
    "an array of 900 MB": [("UPDATE arrays SET data=zeroblob(900000000)",)],
    "a text of 200 MB": [("UPDATE session SET value=CAST(zeroblob(200000000) AS TEXT) WHERE key='notes'",)],
    "rows without values": [
        ("UPDATE streams SET shape='[0]', rows=4000000000",),
        ("UPDATE chunks SET rows=4000000000, last=3999999999, data=x'', crc=?", codec.checksum("1 0 3999999999 4000000000 None")),
    ],
    "lists in lists": [("UPDATE runs SET experiment=?", '{"a":[' + ",".join(["[]"] * 4_000_000) + "]}")],
    "a long log": [(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<700000) INSERT INTO log(run,step,kind,name,payload,crc)"
        " SELECT 1, 1, 'a', 'b', '{}', ? FROM n", codec.checksum("1 1 a b {}")
    )],
}  # fmt: skip


@POSIX
@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.timeout(170)
def test_no_session_file_takes_more_than_a_gigabyte(path, name):
    bomb(path, *BOMBS[name])
    done = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, timeout=160)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    *said, last = done.stdout.splitlines()
    assert said and "Traceback" not in done.stdout
    assert int(last.split()[1]) < 900, last


def test_a_checkpoint_takes_the_place_of_one_that_was_only_passing(path):
    with Session.open(path) as session:
        run = session.add_run("r", {})
        first = session.add_checkpoint(run, 10, {"v": np.zeros(10)}, {})
        second = session.add_checkpoint(run, 20, {"v": np.ones(10)}, {}, instead_of=first)
        session.flush()
        assert session.reader().checkpoints(run) == [20] and session.run(run).bytes == 82
        session.add_checkpoint(run, 30, {"v": np.ones(10)}, {})
        session.flush()
        assert session.reader().checkpoints(run) == [20, 30] and second != first
        assert session.reader().runs()[-1] == session.run(run)
    assert Session.check(path) == []


def test_a_part_of_a_stream_is_read_without_the_rest(path, monkeypatch):
    with Session.open(path) as session:
        run = session.add_run("long", {})
        session.add_stream(run, "V", form="samples", dtype="float64", shape=(100,), every=1, unit="", meta={})
        for block in range(40):
            session.append_samples(run, "V", 1000 * block, np.full((1000, 100), float(block)))
            session.flush()  # a chunk each
        read = []
        original = SessionReader._chunk
        monkeypatch.setattr(SessionReader, "_chunk", lambda self, info, row: read.append(row[0]) or original(self, info, row))
        steps, rows = session.reader().samples(run, "V", 20_500, 21_500)
        assert len(read) == 2 and steps[0] == 20_500 and steps[-1] == 21_499
        assert rows[0, 0] == 20.0 and rows[-1, 0] == 21.0
