"""`lab write`: text that a recorded language model goes on with."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import Parameter, validators

from lab.commands.options import ModelFile, RunId, app, say, trust
from lab.commands.restored import restored
from lab.errors import ModelError


@app.command
def write(
    file: str,
    *,
    length: Annotated[
        int, Parameter(name="--for", help="How many letters, or tokens of byte pairs.", validator=validators.Number(gte=1, lte=1_000_000))
    ] = 500,
    temperature: Annotated[float | None, Parameter(help="0 takes the likeliest, 1 what was learnt (default: the run's own).")] = None,
    top_k: Annotated[int | None, Parameter(help="Draw from so many likeliest only; 0: from all (default: the run's own).")] = None,
    begin: Annotated[str, Parameter(name="--from", help="Where the text begins (default: the run's own beginning).")] = "",
    seed: Annotated[int, Parameter(help="Another number, another text.")] = 0,
    run_id: RunId = None,
    model_file: ModelFile = None,
) -> None:
    """Write text with the language model that a recorded run has trained or opened."""
    from lab.training.writer import Writer

    for name, value, lowest, highest in (("--temperature", temperature, 0.0, 5.0), ("--top-k", top_k, 0, 1_000_000)):
        if value is not None and not lowest <= value <= highest:
            raise ModelError(f"{name} must lie between {lowest:g} and {highest:g} (got {value}).")
    trust(model_file)
    simulation = restored(
        file, run_id, lambda model: isinstance(model, Writer), "which writes no text: name a run of a language model, such as gpt"
    )
    model: Any = simulation.model
    first, more = model.write_text(simulation.constants, simulation.state, begin, length, temperature=temperature, most=top_k, seed=seed)
    if begin and first != begin:
        say(f"lab: it read {first!r}: the rest is unknown to it or beyond its context.")
    sys.stdout.write(_shown(first + more) + "\n")


def _shown(text: str) -> str:
    """What a terminal can take: no control characters, which would steer it, and nothing beyond its encoding."""
    plain = "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)
    coding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return plain.encode(coding, "replace").decode(coding)
