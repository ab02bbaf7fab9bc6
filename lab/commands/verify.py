"""`lab verify`: re-derive every acceptance figure on this machine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from lab import catalog
from lab.commands.options import Json, app, say


@dataclass(frozen=True)
class Verdict:
    """One acceptance figure as measured here."""

    model: str
    figure: str
    measured: float
    expected: float
    allowed: str
    unit: str
    passed: bool
    seconds: float
    source: str
    error: str = ""


def verdicts(name: str, slow: bool = True) -> Iterator[Verdict]:
    """Measure the figures of one model, one after the other."""
    from lab.engine import simulation as engine
    from lab.errors import LabError

    for figure in catalog.load(name).figures():
        if figure.slow and not slow:
            continue
        began = time.perf_counter()
        error = ""
        try:
            measured = float(figure.measure(engine.run))
        except LabError as problem:
            measured, error = float("nan"), str(problem)
        took = time.perf_counter() - began
        yield Verdict(
            name,
            figure.name,
            measured,
            float(figure.expected),
            figure.allowed,
            figure.unit,
            bool(figure.accepts(measured)),
            took,
            figure.source,
            error,
        )


@app.command
def verify(
    *names: str,
    json_: Json = False,
    quick: Annotated[bool, Parameter(negative="", help="Leave out the figures that take long (trainings, large networks).")] = False,
) -> int:
    """Re-derive acceptance figures and print figure, expected, tolerance, seconds; exit code 1 if one fails."""
    failed = 0
    collected = []
    for name in names or catalog.names():
        catalog.given(name)
    for name in names or catalog.names():
        if not json_:
            print(name)
        for verdict in verdicts(name, slow=not quick):
            failed += not verdict.passed
            if json_:
                collected.append(vars(verdict))
                continue
            mark = "ok  " if verdict.passed else "FAIL"
            measured = f"{verdict.measured:.8g} {verdict.unit}".strip()
            print(
                f"  {mark} {verdict.figure:<58} {measured:>20}  expected {verdict.expected:.8g} {verdict.allowed}  {verdict.seconds:.2f} s",
                flush=True,
            )
            if verdict.error:
                say(f"       {verdict.error}")
    if json_:
        print(json.dumps(collected, indent=1, ensure_ascii=False))
    elif failed:
        say(f"{failed} figures are outside their tolerance.")
    return 1 if failed else 0
