"""A step as a run: set up as it says, looked at before anything is done, then done as its solution says, and looked at again.

The run is that of a person who looks first: it goes on for `after`, then the solution is done while it runs, then it goes on
for `after` once more. What cannot change in a running or a finished run begins a new one, as in the window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.engine.conditions import holds, named_streams, of_result, words
from lab.engine.experiment import Experiment
from lab.engine.simulation import Collector, Result, Simulation, simulate
from lab.lessons.document import Doing, Step
from lab.model import Model
from lab.params.arithmetic import OF_SERIES, FormulaError, parse


class Bench:
    """One run that goes on in parts, recording what some texts (conditions and formulas) speak of."""

    def __init__(self, experiment: Experiment, texts: Sequence[str]):
        self.text = " ".join(texts)
        self.experiment, self.simulation, self.record, self.collector = self._begun(experiment)

    def _begun(self, experiment: Experiment) -> tuple[Experiment, Simulation, dict[str, int], Collector]:
        model = experiment.build()
        record = {s.name: s.every or 1 for s in named_streams(self.text, model) if s.form != "snapshots"}
        return experiment, Simulation(model, experiment.seed), record, Collector(model, record)

    @property
    def model(self) -> Model:
        """The model with the parameters it has now."""
        return self.simulation.model

    def go(self, steps: int) -> None:
        """Advance by some steps, or to the run's own end."""
        for block in simulate(self.simulation, self.simulation.step + steps, record=self.record):
            self.collector.take(block)

    def do(self, doing: Doing) -> None:
        """Do what a person does."""
        if doing.action:
            self.simulation.act(doing.action, **doing.arguments)
            return
        model, specs = self.model, type(self.model).specs()
        changed = model.replace(**doing.changes)
        ended = model.length is not None and self.simulation.step >= model.length
        if (ended and changed.length == model.length) or any(
            not specs[n].live for n in doing.changes if getattr(model, n) != getattr(changed, n)
        ):
            begun = self.experiment.replace(parameters=changed.changed())
            self.experiment, self.simulation, self.record, self.collector = self._begun(begun)
        else:
            self.simulation.change(**doing.changes)
            self.collector.model = self.simulation.model

    def known(self, text: str) -> dict[str, Any]:
        """All that a text may name, as it stands now."""
        return of_result(text, Result(self.simulation, self.collector, ""))

    def met(self, text: str) -> bool:
        """Whether a condition holds now; FormulaError where it cannot be read."""
        return holds(text, self.known(text))


@dataclass(frozen=True)
class Played:
    """What became of a step: whether its condition held before and after its solution, and what it spoke of then."""

    before: bool
    after: bool
    why: str
    bench: Bench


def texts_of(step: Step) -> list[str]:
    """All conditions and formulas of a step."""
    ask = step.ask
    asked = [ask.answer, *(c.when for c in ask.choices), *(w.when for w in ask.wrong)] if ask else []
    return [t for t in (step.done, *asked) if t]


def steps(step: Step, model: Model) -> int:
    """Steps after which the condition of a step is decided."""
    return model.steps_for(step.after) if step.after else model.default_steps


def play(step: Step, experiment: Experiment) -> Played:
    """Play a step from what it puts in front; whatever a model refuses is raised as a LabError."""
    bench = Bench(experiment, texts_of(step))
    before = False
    if step.solution:
        bench.go(steps(step, bench.model))
    if step.done:
        try:
            before = bench.met(step.done)
        except FormulaError:  # a figure that is not there yet
            before = False
    for doing in step.solution:
        bench.go(bench.model.steps_for(doing.at))
        bench.do(doing)
    bench.go(steps(step, bench.model))
    if not step.done:
        return Played(False, True, "", bench)
    met = bench.met(step.done)
    return Played(before, met, said(step.done, bench.known(step.done)), bench)


def said(text: str, known: Mapping[str, Any]) -> str:
    """The values that a condition speaks of, in words."""
    return ", ".join(words(name, known[name]) for name in parse(text, list(known), OF_SERIES).names)
