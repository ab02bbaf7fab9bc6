"""`lab list`, `lab show`, `lab schema`, `lab warm`: what there is."""

from __future__ import annotations

import contextlib
import json
import sys
import time

from lab import catalog
from lab.commands.options import Json, app, say
from lab.display.symbols import legend, plain
from lab.engine import preparation
from lab.units import number, typeset


@app.command(name="list")
def list_(*words: str, json_: Json = False) -> int:
    """List the models of the catalogue, or those that the words mean, best first: lab list king man woman."""
    found = catalog.search(" ".join(words)) if words else list(catalog.entries())
    if json_:
        from dataclasses import asdict

        print(json.dumps([asdict(e) for e in found], indent=1, ensure_ascii=False))
        return 0
    if not found:
        say(f"Nothing is called '{' '.join(words)}': try fewer words, or `lab list` for all models.")
        return 1
    width = max(len(e.name) for e in found)
    if words:
        for e in found:
            print(f"{e.name:<{width}}  {e.title} - {e.about}")
        return 0
    panel = ""
    for e in found:
        if e.panel != panel:
            print(("\n" if panel else "") + catalog.PANELS[e.panel])
            panel = e.panel
        print(f"  {e.name:<{width}}  {e.title} - {e.about}")
    return 0


@app.command
def show(name: str) -> None:
    """Describe a model: equations, parameters with units and bounds, streams, actions, presets."""
    kind = catalog.given(name)
    model = kind()
    print(f"{kind.title} ({name})\n\n{kind.help()}\n")
    if kind.equations:
        print("Equations (LaTeX)")
        for line in kind.equations:
            print(f"  {line}")
        for symbol, words in legend(kind.symbols):
            print(f"  {plain(symbol)}: {words}")
        print()
    clock = model.clock
    print(f"One {clock.name} is {clock.dt:g} {clock.unit}.\n\nParameters")
    for spec in kind.specs().values():
        if spec.choices:
            limits = " | ".join(spec.choices)
        elif spec.lo is not None or spec.hi is not None:
            limits = " .. ".join("" if end is None else number(end, 6, nothing=0.0) for end in (spec.lo, spec.hi))
            limits += f" {typeset(spec.unit)}" if spec.unit else ""
        else:
            limits = spec.kind
        shown = spec.text(spec.default)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        print(f"  {spec.name} = {shown}  [{limits}]{'' if spec.live else '  (restarts the run)'}\n      {spec.doc}")
    print("\nStreams")
    for stream in model.streams:
        recorded = f", recorded each {stream.every} {clock.name}s" if stream.every else ""
        print(f"  {stream.name}: {stream.kind} {list(stream.shape) or ''} {stream.unit}{recorded}\n      {stream.doc}")
    if kind.actions():
        print("\nActions")
        for action in kind.actions().values():
            arguments = ", ".join(f"{s.name} = {s.text(s.default)}" for s in action.arguments.specs().values())
            print(f"  {action.name}({arguments})\n      {action.doc.splitlines()[0]}")
    if kind.presets:
        print("\nPresets")
        for title, values in kind.presets.items():
            print(f"  {title}: {', '.join(f'{k} = {v}' for k, v in values.items() if len(str(v)) < 80) or 'defaults'}")
    if kind.source:
        print(f"\nSource: {kind.source}")


@app.command
def schema(name: str) -> None:
    """Print the JSON schema of a model's parameters."""
    print(json.dumps(catalog.given(name).schema(), indent=1, ensure_ascii=False))


@app.command
def warm(*names: str) -> int:
    """Compile the kernels of all models (or of those named) and of their analyses now, so that nothing needs preparing later."""
    from lab.engine.simulation import Simulation
    from lab.errors import LabError
    from lab.kernels import unkept

    failed, spiking = 0, False
    for name in names or catalog.names():
        began = time.perf_counter()
        try:
            model = catalog.given(name)()
            simulation = Simulation(model, 0)
            simulation.advance(1, [s.name for s in model.streams if s.form == "samples"])
            simulation.summary()
            preparation.mark(name)
            for parameter, spec in type(model).specs().items():
                if spec.marks:
                    with contextlib.suppress(LabError, ArithmeticError, ValueError):  # no threshold is no failure
                        model.marks(parameter)
            for stream in model.streams:
                spiking |= stream.kind == "raster"
                if stream.form == "snapshots":
                    simulation.observe(stream.name)
        except LabError as error:
            failed += 1
            say(f"{name}: {error}")
            continue
        print(f"{name:<28} {time.perf_counter() - began:7.2f} s")
        sys.stdout.flush()
    if spiking:
        from lab.analysis import trains as analysis

        began = time.perf_counter()
        analysis.prepare()
        print(f"{'analyses of spikes':<28} {time.perf_counter() - began:7.2f} s")
    if sentence := unkept():
        say(sentence)
    return 1 if failed else 0
