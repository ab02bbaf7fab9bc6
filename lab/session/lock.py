"""A lock beside the session file, so that two programs never write the same session."""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from pathlib import Path

from lab.errors import DiskError, FileError

FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
LOCK_AT = 1 << 30  # the locked byte lies far behind the text: on Windows a locked byte cannot be read


def lock_path(path: Path) -> Path:
    """The lock file of a session file."""
    return path.with_name(path.name + "-lock")


class SessionLock:
    """Exclusive use of a session file by one program.

    The operating system owns the lock and drops it when the process ends in any way, killed ones included; a lock file
    left behind by a killed process therefore locks nothing, and its process number need not be guessed at.
    """

    def __init__(self, path: Path):
        self._path = lock_path(path)
        self._descriptor: int | None = None
        for _ in range(100):
            try:
                descriptor = os.open(self._path, FLAGS | os.O_CREAT, 0o600)
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    os.close(descriptor)
                    raise FileError(f"'{self._path.name}' beside '{path.name}' is no regular file; remove it if you do not know it.")
            except OSError as problem:
                if self._path.is_symlink():  # writing into it would empty another file
                    raise FileError(f"'{self._path.name}' beside '{path.name}' is a link; remove it if you do not know it.") from problem
                if problem.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise DiskError(f"The disk with '{path}' is full; make room and try again.") from problem
                raise FileError(
                    f"The folder '{path.parent}' cannot be written to ({problem.strerror}); open '{path.name}' for reading only, "
                    "or copy it to a folder of your own."
                ) from problem
            if not _take(descriptor):
                owner = _owner(self._path)
                os.close(descriptor)
                raise FileError(f"'{path.name}' is already open in another window or program{owner}; close it there first.")
            if _same_file(descriptor, self._path):
                break
            os.close(descriptor)  # its owner removed it between our open and our lock: try with the new one
        else:
            raise FileError(f"'{path.name}' could not be locked because other programs keep opening and closing it; try again.")
        self._descriptor = descriptor
        try:  # who holds it is written for people only: a full disk need not hold it
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}"[:200].encode())
        except OSError:
            pass

    def release(self) -> None:
        """Give the file free and remove the lock file."""
        if self._descriptor is None:
            return
        if sys.platform != "win32":  # removed while still held, or another program could lock a file about to vanish
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None
        if sys.platform == "win32":  # an open file cannot be removed there; if the next program was faster it is its own now
            try:
                self._path.unlink(missing_ok=True)
            except OSError:
                pass


def is_locked(path: Path) -> bool:
    """Whether some program holds the session file at this moment."""
    try:
        descriptor = os.open(lock_path(path), FLAGS)
    except OSError:
        return False
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode) and not _take(descriptor)
    finally:
        os.close(descriptor)


def _owner(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(200).decode("utf-8", "replace")
    except OSError:
        return ""
    return f" ({text})" if text.startswith("process ") and text.isprintable() else ""


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> bool:
        os.lseek(descriptor, LOCK_AT, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as problem:
            raise FileError(f"The disk does not support file locks ({problem.strerror}); copy the session to a local disk.") from problem
        return True
