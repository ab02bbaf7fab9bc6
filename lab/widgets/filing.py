"""Session files of the window: the unnamed one that exists from the first second, open, save as, recovery."""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from lab.errors import FileError, LabError
from lab.session import Session
from lab.widgets.settings import Settings, data_folder


def untitled_folder() -> Path:
    """Where sessions live that have no name yet."""
    return data_folder() / "untitled"


_aside: list[Path] = []  # where they live instead while this program runs, because nothing can be written there


def is_untitled(path: Path) -> bool:
    """Whether a session has no name yet."""
    return path.parent in [folder.resolve() for folder in (untitled_folder(), *_aside)]


def new_untitled() -> Session:
    """A new session without a name, on disk from now on; in a temporary folder where the person's own cannot be written."""
    try:
        return _untitled_in(untitled_folder())
    except (OSError, FileError) as problem:
        try:
            if not _aside:
                _aside.append(Path(tempfile.mkdtemp(prefix="neural-lab-")))
            return _untitled_in(_aside[0])
        except (OSError, FileError):
            because = problem.strerror if isinstance(problem, OSError) else problem
            raise FileError(
                f"The folder {untitled_folder()} for sessions without a name cannot be made ({because}); set LAB_DATA to another folder."
            ) from None


def where_untitled() -> str:
    """What a person should know of where sessions without a name lie; nothing where they lie where they always do."""
    if not _aside:
        return ""
    return (
        f"Nothing can be written into {untitled_folder()}: this session lies in {_aside[0]}, which the system may empty; "
        "save it under a name, or set LAB_DATA to another folder."
    )


def _untitled_in(folder: Path) -> Session:
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now().strftime("%Y-%m-%d %H.%M.%S")
    for number in range(1, 1000):
        path = folder / (f"{stamp}.lab" if number == 1 else f"{stamp} ({number}).lab")
        if not path.exists():
            return Session.create(path, "Untitled")
    raise FileError(f"The folder {folder} holds too many sessions; delete some of them.")


def find_interrupted() -> Path | None:
    """The newest unnamed session that was not closed properly and that no other window holds."""
    try:
        files = sorted(untitled_folder().glob("*.lab"), key=lambda p: p.stat().st_mtime, reverse=True)
    except OSError:
        return None
    for path in files[:20]:
        try:
            with Session.open(path, writable=False) as session:
                if session.recovered and (session.runs() or session.notes):
                    return path
        except LabError:
            continue
    return None


def first_session(path: str | None) -> tuple[Session, str]:
    """The session to begin with, and a sentence if something has to be said about it."""
    if path is not None:
        try:
            return Session.open(path), ""
        except LabError as error:
            return new_untitled(), str(error)
    interrupted = find_interrupted()
    if interrupted is not None:
        try:
            return Session.open(interrupted), ""
        except LabError:
            pass
    return new_untitled(), ""


def close(session: Session) -> None:
    """Close a session; an unnamed one in which nothing happened leaves no file."""
    empty = not any(run.steps for run in session.runs(deleted=True)) and not session.notes
    path = session.path
    try:
        session.close()
    except FileError as error:  # the window has gone: what the disk takes is kept, the rest cannot wait for it
        print(f"lab: {error}", file=sys.stderr)
        try:
            session.close(discard=True)
        except FileError as again:
            print(f"lab: {again}", file=sys.stderr)
        return
    if session.rescued:
        print(f"lab: {session.rescued}", file=sys.stderr)
    if empty and is_untitled(path):
        path.unlink(missing_ok=True)
        if path.parent in [folder.resolve() for folder in _aside] and not any(path.parent.iterdir()):
            path.parent.rmdir()
            _aside.clear()


def move(session: Session, target: Path, settings: Settings) -> Session:
    """Save as: the session goes on under another name. An unnamed one is moved, another one stays as it is and is copied."""
    target = target if target.suffix else target.with_suffix(".lab")
    if target.resolve() == session.path:
        session.flush()
        return session
    if is_untitled(session.path):
        source = session.path
        # A copy first: should anything go wrong, the session is still where it was.
        session.save_copy(target)
        opened = Session.open(target)
        session.close()
        source.unlink(missing_ok=True)
    else:
        session.save_copy(target)
        opened = Session.open(target)
        session.close()
    settings.add_recent(target)
    return opened


def room_for(session: Session, target: Path) -> bool:
    """Whether the disk of `target` has room for a copy."""
    try:
        return shutil.disk_usage(target.parent).free > session.path.stat().st_size * 1.05
    except OSError:
        return True
