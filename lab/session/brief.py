"""A run kept in brief: what is large in it is let go (`lab.session.budget` says of which runs).

    kept whole   the experiment, every change, the figures, what was shown last unless it is huge, and with which values the run began
    shortened    traces and events to their newest stretch, in full; pictures to an even choice that ends with the last
    let go       checkpoints but the last, and that one where it is large itself: the run can be computed again from its log

Small streams are kept whole: those that are larger share what the others leave of a run's part.
"""

from __future__ import annotations

import json
import math
import sqlite3
from typing import Any

from lab.session import codec
from lab.session.schema import LET_GO, sign
from lab.session.values import RunInfo
from lab.session.writer import chunk_head

HUGE, LEAST = 12, 16_000  # times its share that a last snapshot may have; bytes of a share for that
EVENT_COLUMNS = (8, 4, 8)  # bytes: step, index, value


def shorten(connection: sqlite3.Connection, run: RunInfo, level: int, streams: int, state: int) -> tuple[int, dict[str, Any], list[int]]:
    """Shorten one run, all of it or nothing: its bytes then, what its `made` says, and the checkpoints that went."""
    execute = connection.execute
    execute("BEGIN IMMEDIATE")
    rest = streams
    infos = execute("SELECT id, form, shape, dtype, every, bytes FROM streams WHERE run=? ORDER BY bytes, id", (run.id,)).fetchall()
    for place, (number, form, shape, dtype, every, size) in enumerate(infos):
        share = max(0, rest) // (len(infos) - place)
        if size > share and form == "snapshots":
            size = _picked(connection, number, share)
        elif size > share:
            size = _newest(connection, number, form, shape, dtype, every, share)
        rest -= size
    gone = _let_checkpoints_go(connection, run.id, state)
    kept = execute("SELECT coalesce(sum(bytes),0) FROM streams WHERE run=?", (run.id,)).fetchone()[0]
    kept += execute("SELECT coalesce(sum(length(meta)),0) FROM checkpoints WHERE run=?", (run.id,)).fetchone()[0]
    arrays = "SELECT coalesce(sum(length(data)),0) FROM arrays WHERE checkpoint IN (SELECT id FROM checkpoints WHERE run=?)"
    kept += execute(arrays, (run.id,)).fetchone()[0]
    made = {**run.made, "brief": [level, kept]}
    execute("UPDATE runs SET bytes=?, made=? WHERE id=?", (kept, codec.write_json(made, f"What run {run.id} is made on"), run.id))
    execute(sign("runs", "WHERE id=?"), (run.id,))
    execute("COMMIT")
    return kept, made, gone


def _picked(connection: sqlite3.Connection, stream: int, share: int) -> int:
    """Keep an even choice of the snapshots of a stream, and its last unless that alone is many times the share: a matrix of megabytes."""
    found = connection.execute("SELECT id, length(data) FROM chunks WHERE stream=? ORDER BY last DESC, id DESC", (stream,)).fetchall()
    apart = 1
    while len(found[::apart]) > 1 and sum(size for _, size in found[::apart]) > share:
        apart += 1
    kept = {number for number, _ in found[::apart]} if sum(size for _, size in found[:1]) <= HUGE * max(share, LEAST) else set()
    connection.executemany("DELETE FROM chunks WHERE id=?", [(number,) for number, _ in found if number not in kept])
    return _count(connection, stream)


def _newest(connection: sqlite3.Connection, stream: int, form: str, shape: str, dtype: str, every: int, share: int) -> int:
    """Keep the newest rows of a stream of samples or events, at least the last."""
    columns = EVENT_COLUMNS if form == "events" else (codec.stored_dtype(dtype).itemsize * math.prod(json.loads(shape)),)
    width, left = sum(columns), share
    if width:
        found = connection.execute("SELECT id, length(data) FROM chunks WHERE stream=? ORDER BY last DESC, id DESC", (stream,)).fetchall()
        for place, (number, size) in enumerate(found):
            if size > left:
                rows = max(left // width, 1 if place == 0 else 0)
                cut = rows == 0 or _cut(connection, stream, number, columns, every, rows)
                older = found[place if rows == 0 else place + 1 :]
                if cut:
                    connection.executemany("DELETE FROM chunks WHERE id=?", [(each,) for each, _ in older])
                break
            left -= size
    return _count(connection, stream)


def _cut(connection: sqlite3.Connection, stream: int, chunk: int, columns: tuple[int, ...], every: int, keep: int) -> bool:
    """Keep the last rows of a chunk; one that is damaged stays as it is, to be told of."""
    first, last, rows, shape, crc, data = connection.execute(
        "SELECT first, last, rows, shape, crc, data FROM chunks WHERE id=?", (chunk,)
    ).fetchone()
    if crc != codec.checksum(chunk_head(stream, first, last, rows, shape), data) or len(data) != rows * sum(columns):
        return False
    if keep >= rows:
        return True
    parts, at = [], 0
    for width in columns:
        parts.append(data[at + (rows - keep) * width : at + rows * width])
        at += rows * width
    cut = b"".join(parts)
    first = int.from_bytes(cut[:8], "little", signed=True) if len(columns) > 1 else last - (keep - 1) * every
    crc = codec.checksum(chunk_head(stream, first, last, keep, shape), cut)
    connection.execute("UPDATE chunks SET first=?, rows=?, crc=?, data=? WHERE id=?", (first, keep, crc, cut, chunk))
    return True


def _count(connection: sqlite3.Connection, stream: int) -> int:
    """Say anew what a stream holds; its bytes."""
    of = "FROM chunks WHERE stream=?1"
    connection.execute(
        f"UPDATE streams SET first=(SELECT min(first) {of}), rows=(SELECT coalesce(sum(rows),0) {of}),"
        f" bytes=(SELECT coalesce(sum(length(data)),0) {of}) WHERE id=?1", (stream,)
    )  # fmt: skip
    connection.execute(sign("streams", "WHERE id=?"), (stream,))
    size: int = connection.execute("SELECT bytes FROM streams WHERE id=?", (stream,)).fetchone()[0]
    return size


def _let_checkpoints_go(connection: sqlite3.Connection, run: int, state: int) -> list[int]:
    """Let all checkpoints go but the last, and that one if it is larger than `state`; of the first stays what it says of the run's values."""
    found = connection.execute("SELECT id, step, meta FROM checkpoints WHERE run=? ORDER BY step, id", (run,)).fetchall()
    if not found:
        return []
    last = found[-1][0]
    size = connection.execute("SELECT coalesce(sum(length(data)),0) FROM arrays WHERE checkpoint=?", (last,)).fetchone()[0]
    gone = [number for number, *_ in found if number != last or size > state]
    connection.executemany("DELETE FROM arrays WHERE checkpoint=?", [(number,) for number in gone])
    connection.executemany("DELETE FROM checkpoints WHERE id=?", [(number,) for number in gone if number != found[0][0]])
    first, step, meta = found[0]
    if first in gone and not meta.endswith(LET_GO):
        meta = (meta[:-1] + LET_GO) if meta != "{}" else "{" + LET_GO[1:]
        connection.execute(
            "UPDATE checkpoints SET meta=?, crc=? WHERE id=?", (meta, codec.checksum(f"{run} {step} [] {meta}"), first)
        )  # fmt: skip
    return gone
