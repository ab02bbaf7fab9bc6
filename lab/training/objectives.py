"""What a learner says about itself before anything is built: layers, objectives, measures and the phases of slow motion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lab.tape import Node, Optimiser, Tape


@dataclass(frozen=True)
class Stage:
    """A layer with weights: its name, its weight parameter, and the node of its values after the activation."""

    name: str
    weight: str
    value: str


@dataclass(frozen=True)
class Objective:
    """What one player wants: a loss, the parameters that follow its gradient, and the rule by which they do.

    loss        node of one value per sample
    rule        optimiser with its present numbers; they are live
    parameters  names, or beginnings of names, of what it may move (none: all that the loss depends on)
    scores      nodes recorded beside the loss in each step ("accuracy")
    every       it has its turn in each so many-th step; live
    active      whether it learns: while it pauses its loss is still measured; live
    """

    name: str
    loss: str
    rule: Optimiser
    parameters: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    every: int = 1
    active: bool = True

    def moved(self, tape: Tape) -> list[Node] | None:
        """The parameters of the tape that it moves."""
        if not self.parameters:
            return None
        return [node for node in tape.nodes if node.kind == "parameter" and node.name.startswith(self.parameters)]


def minimise(tape: Tape, objectives: Sequence[Objective]) -> None:
    """Tell the tape what is minimised. One objective alone keeps the tape's own names, so that its records are "loss" and "gradient"."""
    for objective in objectives:
        for score in objective.scores:
            if not any(name == score for name, _ in tape.records):
                tape.record(score, tape.find(score))
        several = len(objectives) > 1
        tape.minimise(
            tape.find(objective.loss), objective.rule, objective.moved(tape), name=objective.name if several else "",
            turn=(objective.every, objective.active) if several else None,
        )  # fmt: skip


def columns(objectives: Sequence[Objective]) -> tuple[list[str], list[str], list[str]]:
    """Names under which the tape reports the losses, the gradient norms and the scores."""
    if len(objectives) == 1:
        return ["loss"], ["gradient"], list(objectives[0].scores)
    scores = list(dict.fromkeys(score for o in objectives for score in o.scores))
    return [f"{o.name}.loss" for o in objectives], [f"{o.name}.gradient" for o in objectives], scores


@dataclass(frozen=True)
class Measure:
    """A figure of each evaluation; weights are kept as the best by the first one that says which way is better."""

    name: str
    doc: str
    unit: str = ""
    better: Literal["", "lower", "higher"] = ""


@dataclass(frozen=True)
class Phase:
    """One phase of slow motion.

    name      in a few words ("D reads both")
    lit       parts of the scheme that are at work in it
    matrices  what is shown of it: (model, constants, state, tape) -> entries of a stream of matrices
    learns    objectives whose update is made when the phase is left
    about     a sentence said with it
    """

    name: str
    lit: tuple[str, ...] = ()
    matrices: Callable[..., list[dict[str, Any]]] | None = None
    learns: tuple[str, ...] = ()
    about: str = ""
