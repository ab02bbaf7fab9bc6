"""The door for people's files: what is no regular file, too large or not text is refused in one sentence, and nothing waits."""

from __future__ import annotations

import gzip
import io
import os
import socket

import pytest

from lab.data import door
from lab.errors import FileError


def test_a_file_is_read_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\ntwo")
    assert door.read_bytes(path) == b"\xef\xbb\xbfone\ntwo"
    assert door.read_text(path) == "one\ntwo"
    assert door.read_start(path, 4) == b"\xef\xbb\xbfo"
    with door.open_text(path) as file:
        assert list(file) == ["one\n", "two"]


@pytest.mark.parametrize("read", [door.read_bytes, door.read_text, door.read_start, door.open_binary, door.open_text, door.regular])
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="is a pipe"):
        read(tmp_path / "pipe")
    with pytest.raises(FileError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(FileError, match="is a device"):
        read("/dev/zero")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(tmp_path / "socket"))
        with pytest.raises(FileError, match="is a socket"):
            read(tmp_path / "socket")


@pytest.mark.parametrize(("name", "said"), [("", "No file is named"), (".", "No file is named"), ("a\0b", "zero character"), ("none", "There is no file"),
                                            ("x" * 5000, "cannot be read")])  # fmt: skip
def test_a_name_that_is_none_is_one_sentence(tmp_path, monkeypatch, name, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match=said) as error:
        door.read_bytes(name)
    assert len(str(error.value)) < 400


def test_too_large_is_said_before_it_is_read(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(3_000_000_000)  # a hole: takes no disk
    with pytest.raises(FileError, match="has 3 GB; at most 537 MB"):
        door.read_bytes(path)
    with pytest.raises(FileError, match="at most 10 bytes"):
        door.read_bytes("/proc/self/status", limit=10)  # says that it has no size


def test_packed_files_are_unpacked_within_the_limit(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n") + b"\0" * 10)
    assert door.read_bytes(path, packed=True) == b"one\ntwo\n"
    assert door.read_bytes(path)[:2] == door.GZIP
    path.write_bytes(gzip.compress(bytes(30_000_000)))
    with pytest.raises(FileError, match="unpacked more than 1 MB"):
        door.read_bytes(path, limit=1_000_000, packed=True)
    path.write_bytes(gzip.compress(os.urandom(100))[:-20])
    with pytest.raises(FileError, match="cut short"):
        door.read_bytes(path, packed=True)
    path.write_bytes(door.GZIP + b"nonsense")
    with pytest.raises(FileError, match="damaged"):
        door.read_bytes(path, packed=True)


def test_text_of_another_encoding_is_refused_with_its_place(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\ntw\xf6\n")
    with pytest.raises(FileError, match=r"not UTF-8 text \(line 2, byte 7\)"):
        door.read_text(path)


def test_a_file_of_the_home_may_be_named_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.txt").write_text("x")
    assert door.read_text("~/a.txt") == "x"


def test_a_file_of_the_system_that_would_wait_is_one_sentence(tmp_path, monkeypatch):
    """Such as the log of the kernel: a regular file by its mode, whose reading gives nothing until there is something."""

    class Waiting(io.BytesIO):
        def read(self, size=-1):
            return None

    path = tmp_path / "log"
    path.write_bytes(b"a")
    monkeypatch.setattr(door, "open_binary", lambda *_, **__: Waiting())
    for read in (door.read_start, door.read_bytes):
        with pytest.raises(FileError, match="there is nothing in it now"):
            read(path)
