"""`lab verify`: re-derive every acceptance figure on this machine."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

from cyclopts import Parameter

from lab import catalog
from lab.commands.options import Json, app, say

SEEDS = range(5)  # on which presets are tried


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


def of_lessons(slow: bool = True) -> Iterator[Verdict]:
    """Play every lesson of the course: each step is a figure that is 1 where it plays as it says."""
    from lab.lessons.checking import check
    from lab.lessons.reading import read
    from lab.lessons.shelf import bundled

    for lesson in map(read, bundled()):
        for step in check(lesson, slow=slow):
            yield Verdict(
                f"lesson {lesson.name}", f"step {step.step}: {step.what}", float(step.passed), 1.0, "± 0", "", step.passed, step.seconds,
                lesson.source, step.why,
            )  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """Whether a preset shows what it promises, over several seeds."""

    model: str
    preset: str
    shows: str
    held: int
    seeds: int
    share: float
    passed: bool
    wait: float | None  # seconds that a person waits at the model's own pace
    seconds: float
    why: str = ""


def shown(name: str, seeds: range = SEEDS, slow: bool = True) -> Iterator[Shown]:
    """Try every preset of a model that promises something (without the slow ones, if they are not wanted)."""
    from lab.engine.conditions import try_preset
    from lab.model import Preset

    kind = catalog.given(name)
    for title, preset in kind.presets.items():
        if not isinstance(preset, Preset) or not preset.shows or (preset.slow and not slow):
            continue
        began = time.perf_counter()
        model = kind(**preset)
        trials = [try_preset(model, preset, seed) for seed in seeds]
        held = sum(t.met for t in trials)
        why = next((t.why for t in trials if not t.met), "")
        passed = held >= math.floor(preset.share * len(trials) + 1e-9)
        yield Shown(
            name, title, preset.shows, held, len(trials), preset.share, passed, preset.wait(model), time.perf_counter() - began, why
        )


@app.command
def verify(
    *names: str,
    json_: Json = False,
    quick: Annotated[bool, Parameter(negative="", help="Leave out the figures that take long (trainings, large networks).")] = False,
    presets: Annotated[
        bool,
        Parameter(
            negative="",
            help="Try instead whether every preset shows what it promises, on five seeds (with --quick on one, without the slow ones).",
        ),
    ] = False,
) -> int:
    """Re-derive acceptance figures (without names, also those of the lessons) and print figure, expected, tolerance, seconds; exit code 1 if one fails."""
    if presets:
        return _verify_presets(names or tuple(catalog.names()), json_, quick)
    failed = 0
    collected = []
    for name in names or catalog.names():
        catalog.given(name)
    parts = [(name, verdicts(name, slow=not quick)) for name in names or catalog.names()]
    if not names:
        parts.append(("lessons", of_lessons(slow=not quick)))
    for name, found in parts:
        if not json_:
            print(name)
        for verdict in found:
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


def _verify_presets(names: tuple[str, ...], as_json: bool, quick: bool) -> int:
    collected = []
    for name in names:
        catalog.given(name)
    for name in names:
        if not as_json:
            print(name)
        for one in shown(name, SEEDS[:1] if quick else SEEDS, slow=not quick):
            collected.append(one)
            if as_json:
                continue
            mark, wait = "ok  " if one.passed else "FAIL", f"{one.wait:.0f} s" if one.wait is not None else "flat out"
            print(f"  {mark} {one.preset:<58} {one.held} of {one.seeds}  wait {wait:<8}  {one.shows}  {one.seconds:.2f} s", flush=True)
            if not one.passed:
                say(f"       {one.why}")
    if as_json:
        print(json.dumps([asdict(one) for one in collected], indent=1, ensure_ascii=False))
    failed = sum(not one.passed for one in collected)
    if failed and not as_json:
        say(f"{failed} presets do not show what they promise.")
    return 1 if failed else 0
