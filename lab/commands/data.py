"""`lab data`: what a file of one's own is, what is read from it, and what can be done with it."""

from __future__ import annotations

import json
import shlex
from typing import Annotated, Any

from cyclopts import Parameter

from lab.commands.options import Json, app
from lab.errors import LabError, near

READING = ("sample_rate", "column", "time_unit")  # of recordings
KEPT = ("balance",)  # choices that change what is trained, not how a file is read


@app.command
def data(
    file: str,
    *,
    set_: Annotated[
        tuple[str, ...],
        Parameter(name="--set", help="target=, separator=, decimal=, missing= and the other choices, repeatable.", negative=""),
    ] = (),
    as_: Annotated[str, Parameter(name="--as", help="Read it as: table, recording, vectors, network, text ...")] = "",
    json_: Json = False,
) -> int:
    """Say what a file of one's own is: rows and columns, what is used as what, what is ignored, filled and dropped, and why."""
    from dataclasses import fields, replace

    from lab.data import recognise
    from lab.data.learned import warnings
    from lab.data.tables import Choices

    names = [f.name for f in fields(Choices)]
    said: dict[str, str] = {}
    for text in set_:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or name not in (*names, *READING, *KEPT):
            raise LabError(f"--set {text[:60]}: there is no choice '{name}': {near(name, [*names, *READING])}")
        said[name] = value if name == "separator" else value.strip()
    if as_ and as_ not in recognise.KINDS:
        raise LabError(f"--as {as_}: {near(as_, recognise.KINDS)}")
    choices = replace(Choices(), **{n: v for n, v in said.items() if n in names})
    found = recognise.look(file, choices, as_, **_reading(said))
    ways = _ways(found, said)
    if json_:
        out: dict[str, Any] = {
            "file": str(found.place),
            "kind": found.kind,
            "also": list(found.also),
            "said": found.said,
            "problem": found.problem,
            "ways": ways,
        }
        if found.plan is not None:
            from lab.data.learned import uses

            plan = found.plan
            out |= {
                "target": plan.table.columns[plan.target].name if plan.target is not None else None, "task": plan.task, "rows": len(plan.kept),
                "classes": dict(plan.classes), "columns": [vars(use) for use in uses(plan)],
            }  # fmt: skip
        print(json.dumps(out, ensure_ascii=False))
        return 1 if found.problem else 0
    print(found.said or f"{found.place.name} is {found.title}.")
    if found.problem and found.problem not in found.said and found.plan is None:
        raise LabError(found.problem)
    for warning in warnings(found.plan) if found.plan is not None else ():
        print(
            f"- {warning.sentence}"
            + (f" {warning.remedy}: --set {warning.changes[0][0]}={warning.changes[0][1]}" if warning.changes else "")
        )
    if ways and not found.problem:
        print("It can be used so:")
        for way in ways:
            print(f"  {way}")
    return 1 if found.problem else 0


def _reading(said: dict[str, str]) -> dict[str, Any]:
    """What a person says of a recording, as numbers."""
    out: dict[str, Any] = {}
    for name, kind in (("sample_rate", float), ("column", int), ("time_unit", str)):
        if name in said:
            try:
                out[name] = kind(said[name])
            except ValueError:
                raise LabError(f"--set {name}={said[name][:40]}: must be a {'whole number' if kind is int else 'number'}.") from None
    if out.get("time_unit") not in (None, "automatic", "ms", "s", "us"):
        raise LabError(f"--set time_unit={said['time_unit'][:20]}: must be automatic, ms, s or us.")
    return out


def _ways(found: Any, said: dict[str, str]) -> list[str]:
    """Commands that use the file, one for each model that takes what it is."""
    from lab import catalog

    out = []
    kinds = found.kinds
    if found.kind == "table" and "vectors" not in kinds and found.plan is not None and found.plan.table.form:
        kinds = (*kinds, "vectors")  # ARFF and JSON are tables by their form, and their rows can be mapped as others can
    if "text" in kinds and found.place.is_file():  # its words, or its letters one after the other
        kinds = (*kinds, "writing")
    for kind in kinds:
        if kind in ("session", "experiment"):
            out.append(shlex.join(["lab", "run", str(found.place)]))
        # The rows of a table are mapped otherwise than words are.
        what = "rows" if kind == "vectors" and found.kind == "table" else kind
        for taking in catalog.takers(what)[:1]:
            specs = catalog.load(taking.model).specs()
            own = {n: v for n, v in said.items() if n in specs}
            if kind == "recording" and found.plan is not None:  # a column of a table has no times: one row each millisecond
                numbers = [k for k, column in enumerate(found.plan.table.columns) if column.kind == "number"]
                own = {**({"column": str(numbers[0])} if numbers else {}), "sample_rate": "1000", **own}
            values = {**taking.parameters(str(found.place)), **own}
            out.append(shlex.join(["lab", "run", taking.model, *(part for n, v in values.items() if n for part in ("--set", f"{n}={v}"))]))
    return out
