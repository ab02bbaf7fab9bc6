"""What the campaigns share: a sound session, ways to damage it, and handing files to the program."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import lab
from lab.session import Session, schema

ROOT = Path(__file__).parents[2]
WRONG = (None, True, -1, 2**61, 1.5, 1e300, "", "x\0", "../x", [], [1], {}, {"a": 1}, ["x"], "9" * 400, [[[[[[[[]]]]]]]])
LAB = [sys.executable, "-P", "-c", "import sys; from lab.__main__ import main; sys.exit(main())"]


def sound(path: Path) -> Path:
    """A session with a cell, a training and a branch, notes and a document as a window writes it."""
    run = lab.run("leaky-integrate-and-fire", current=3.0, steps=3000, seed=2, record={"V": 5, "spikes": 1})
    run.save(path)
    with Session.open(path) as session:
        from lab.api import record_result
        from lab.engine.experiment import Experiment
        from lab.engine.simulation import run as simulate
        from lab.model import Happened

        log = (Happened(3, "change", "", {"rate": 0.02}),)
        made = simulate(lab.make("mlp", hidden="2", data="iris"), 12, seed=1, schedule=log)
        record_result(session, Experiment("mlp", {"hidden": "2", "data": "iris"}, 1, steps=12, schedule=log), made, "training")
        session.notes = "notes"
        session.set_document(
            {
                "model": "leaky-integrate-and-fire", "experiments": [{"model": "leaky-integrate-and-fire", "parameters": {"current": 3.0}}],
                "arrangement": {"leaky-integrate-and-fire": {"cards": [["voltage", 0.5], ["rates", 0.5]], "split": [0.6, 0.4], "open": "Rates"}},
                "front": "Neurons",
            }
        )  # fmt: skip
    return path


def fields(value, path=()):
    """Paths of all fields of a JSON value."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from fields(inner, (*path, key))


def replaced(value, path, wrong):
    """A copy of a JSON value with another thing at a path."""
    copy = json.loads(json.dumps(value))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = wrong
    return copy


def json_columns(path: Path) -> Iterator[tuple[str, str, str, tuple, str]]:
    """Table, column, condition for one row with its values, and text of everything in a session that is JSON."""
    connection = sqlite3.connect(path)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite%'")]
    for table in tables:
        columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
        keys = [c[1] for c in columns if c[5]] or ["rowid"]
        where = " AND ".join(f"{key}=?" for key in keys)
        for name in (c[1] for c in columns):
            rows = connection.execute(f"SELECT {name}, {', '.join(keys)} FROM {table} WHERE typeof({name})='text'").fetchall()
            yield from ((table, name, where, tuple(key), text) for text, *key in rows if text[:1] in "{[" and text)
    connection.close()


def json_mutants(original: Path, folder: Path, most: int, seed: int = 5) -> list[Path]:
    """Sessions in which one field of one JSON text is another thing; signed as ours are, as a stranger can."""
    chance = random.Random(seed)
    found, seen = [], set()
    for table, column, where, key, text in json_columns(original):
        value = json.loads(text)
        for path in [(), *fields(value)]:
            shape = (table, column, tuple(k if isinstance(k, str) else "#" for k in path))
            if shape in seen:  # of many alike one is enough
                continue
            seen.add(shape)
            found += [(table, column, where, key, path, value, wrong) for wrong in WRONG]
    if len(found) > most:
        found = chance.sample(found, most)
    made = []
    for number, (table, column, where, key, path, value, wrong) in enumerate(found):
        target = folder / f"json-{number}-{table}-{column}.lab"
        target.write_bytes(original.read_bytes())
        connection = sqlite3.connect(target)
        schema.allow_signing(connection)
        text = json.dumps(wrong if not path else replaced(value, path, wrong))
        with connection:
            connection.execute(f"UPDATE {table} SET {column}=? WHERE {where}", (text, *key))
            for signed in schema.SIGNED:
                connection.execute(schema.sign(signed))
        connection.close()
        made.append(target)
    return made


def byte_mutants(original: Path, folder: Path, count: int, seed: int = 7) -> list[Path]:
    """Files with bits turned, parts cut, doubled, exchanged and overwritten."""
    data, chance, made = original.read_bytes(), random.Random(seed), []
    for number in range(count):
        changed, way = bytearray(data), number % 6
        a, b = sorted(chance.randrange(len(data)) for _ in range(2))
        if way == 0:
            changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        elif way == 1:
            for _ in range(50):
                changed[chance.randrange(len(data))] = chance.randrange(256)
        elif way == 2:
            del changed[a:]
        elif way == 3:
            changed[a : a + 512] = changed[b : b + 512]
        elif way == 4:
            changed[a : a + chance.randrange(1, 4000)] = bytes(chance.randrange(1, 4000))
        else:
            page = chance.randrange(len(data) // 4096) * 4096
            for _ in range(3):
                changed[page + chance.randrange(40)] = chance.randrange(256)
        target = folder / f"bytes-{number}.lab"
        target.write_bytes(changed)
        made.append(target)
    return made


def visit(commands: Iterable[list[str]], folder: Path, *, seconds: float = 60.0, limit: float = 1700.0) -> list[dict]:
    """Hand each command line to the program, in one child; fails where it crashes, hangs, gives no sentence or takes more than 1 GB."""
    lines = "\n".join(json.dumps(c) for c in commands)
    environment = {k: v for k, v in os.environ.items() if k != "LAB_DEBUG"} | {"PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-P", "-m", "tests.campaign.visits", str(seconds)]
    done = subprocess.run(
        command, input=lines, cwd=folder, capture_output=True, text=True, timeout=limit, env=environment, errors="replace"
    )
    said = done.stdout.strip().splitlines()
    assert done.returncode == 0, f"{done.returncode}: {said[-1] if said else ''}\n{done.stderr[-3000:]}"
    found = [json.loads(line) for line in said if line.startswith("{")]
    bad = [one for one in found if one["code"] == "BAD"]
    assert not bad, f"{len(bad)} of {len(found)}:\n" + "\n".join(f"{one['arguments']}\n{one['words']}" for one in bad[:8])
    assert found[-1]["MB"] < 1000, max(found, key=lambda one: one["MB"])
    return found


def everything(path: Path, number: int) -> list[list[str]]:
    """What a person does with a session."""
    name, out = str(path), f"out-{number}"
    return [
        ["info", name], ["check", name], ["export", name, "V", "--run", "1", "-o", f"{out}.csv"], ["export", name, "--all", "-o", f"{out} all"],
        ["run", name, "--run", "1", "-o", f"{out}.lab", "--quiet"], ["analyse", name, "--run", "1"], ["resume", name, "--run", "1", "--for", "20steps", "--quiet"],
        ["resume", name, "--for", "3steps", "--quiet"],
    ]  # fmt: skip
