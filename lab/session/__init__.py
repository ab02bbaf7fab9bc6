"""The session: one document, one SQLite file, that survives being killed and opens safely from a stranger.

A session knows nothing about models. It stores JSON and arrays: the document of the window, notes, and runs, each with
streams (samples, events, snapshots), a log of changes and actions, and checkpoints.

    with Session.create("first.lab", title="First") as session:
        run = session.add_run("step current", experiment)
        session.add_stream(run, "V", form="samples", dtype="float64", shape=(1,), every=1, unit="mV", meta={})
        session.append_samples(run, "V", 0, rows)
        session.flush()                                   # now it is on disk: acknowledged
        steps, V = session.reader().samples(run, "V")
"""

from lab.session.budget import keep_in_brief
from lab.session.document import Session, close_all
from lab.session.reader import SessionReader
from lab.session.values import RECOVERED, LogEntry, RunInfo, StreamInfo, WriterStatus

__all__ = ["RECOVERED", "LogEntry", "RunInfo", "Session", "SessionReader", "StreamInfo", "WriterStatus", "close_all", "keep_in_brief"]
