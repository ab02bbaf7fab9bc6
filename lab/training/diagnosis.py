"""What is wrong with a training, in words, each with the figure it rests on; silent where nothing is.

A finding needs a reason to be looked for: a gradient that fades is no fault of a network that learns well, a rate is not too
small where there is nothing to learn. Two measures say so, both without any learning (`lab.training.baseline`): the loss of a
guess, and the score of the nearest neighbours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from lab.model import Remedy
from lab.units import number

SEEN = 20  # examples without which nothing is said of a unit that answers none of them
SANE = {"SGD": 0.1, "momentum": 0.02, "Nesterov": 0.02, "Adam": 3e-3, "AdamW": 3e-3}  # rates at which most networks learn


@dataclass(frozen=True)
class Signs:
    """The figures that a diagnosis rests on, as of the last evaluation.

    ratio      of what comes back (delta) to the first hidden layer to what comes back to the last hidden one (0: unknown)
    layers     with weights; one has no hidden units, and its loss is convex
    gradient   norm of the whole gradient
    dead, seen share of hidden units that answer no example, and how many examples were looked at
    update     size of an update over the size of the weights, median over the layers
    first, smooth, before   loss of the first minibatch; smoothed loss now; and when two thirds of these epochs were done (0: unknown)
    chance, guess, near     loss and score of a guess; score of the nearest neighbours (NaN: unknown)
    test, best              loss on the test part now, and the lowest so far
    scores, at_best         (train, test) accuracy or explained share; the test score when its loss was lowest
    tested                  examples of the test part
    missed, share           name of a class that is never found, and its share; "" where there is none
    equal                   name of a layer whose weights are all the same; "" where there is none
    epochs                  done
    """

    ratio: float = 1.0
    layers: int = 2
    gradient: float = 1.0
    dead: float = 0.0
    seen: int = 256
    update: float = 1e-3
    first: float = 2.3
    smooth: float = 0.1
    before: float = 0.0
    chance: float = 2.3
    guess: float = 0.1
    near: float = math.nan
    test: float = 0.1
    best: float = 0.1
    scores: tuple[float, float] = (0.98, 0.97)
    at_best: float = 0.97
    tested: int = 300
    missed: str = ""
    share: float = 0.0
    equal: str = ""
    classification: bool = True
    epochs: float = 10.0
    relu: bool = True
    clipped: bool = False

    @property
    def start(self) -> float:
        """The loss that anything learned must fall below: that of a guess, where it is known."""
        return self.chance if math.isfinite(self.chance) and self.chance > 0 else self.first

    @property
    def learns(self) -> bool:
        """Whether the loss has fallen clearly below that of a guess."""
        return self.smooth < 0.8 * self.start

    @property
    def settled(self) -> bool:
        """Whether the loss has hardly fallen in the last third of the epochs, beside what it fell until then."""
        return self.before > 0 and self.before - self.smooth < max(0.03 * (self.start - self.before), 0.005 * self.start)

    @property
    def doubt(self) -> float:
        """By how much two scores of this many examples differ by chance: two and a half standard errors."""
        total = 0.0
        for score, count in zip(self.scores, (self.seen, self.tested), strict=True):
            # As if one more example had been right and one wrong: few examples prove little, even if all agree.
            s = (min(max(score, 0.0), 1.0) * count + 1.0) / (count + 2.0)
            total += (s * (1.0 - s) if self.classification else 4.0 * s * (1.0 - s) ** 2) / max(1, count)
        return 2.5 * math.sqrt(total)

    @property
    def blind(self) -> bool:
        """Whether even the nearest neighbours say no more than a guess: the inputs do not tell."""
        return self.near <= self.guess + 2.5 * math.sqrt(max(0.02, self.guess * (1.0 - self.guess)) / max(1, self.tested))

    @property
    def what(self) -> str:
        """What a score is."""
        return "accuracy" if self.classification else "explained share"


FINE = "Nothing wrong found."


def diagnose(s: Signs) -> str:
    """The most serious finding as one sentence with its figure and a remedy."""
    return examine(s)[1]


def examine(s: Signs) -> tuple[str, str]:
    """(name, sentence) of the most serious finding; ("", ...) if there is none."""
    for look in (_beyond, _flow, _rate, _generalisation, _capacity):
        found = look(s)
        if found:
            return found
    return "", FINE


def _beyond(s: Signs) -> tuple[str, str] | None:
    """Whether learning has made it worse than a guess, which comes before all that follows from it."""
    if s.epochs >= 1 and s.smooth > 1.05 * max(s.first, s.start):
        return (
            "too large",
            f"Learning rate too large: the loss is {number(s.smooth, 3)}, above the {number(max(s.first, s.start), 3)} it began with; lower the rate.",
        )
    return None


def _flow(s: Signs) -> tuple[str, str] | None:
    """What keeps the gradient from doing its work."""
    last = f"layer {s.layers - 1}"
    if s.equal and not s.learns:
        return "symmetric", (
            f"All weights of {s.equal} are the same: its units get the same gradient and stay alike for ever; begin with random weights."
        )
    if s.relu and s.seen >= SEEN and (s.dead > 0.5 or (s.dead > 0.3 and (not s.learns or s.scores[0] < 0.9))):
        return (
            "dead",
            f"Dead ReLUs: {s.dead:.0%} of the hidden units answer none of {s.seen} examples; lower the learning rate, or use leaky ReLU or He initialisation.",
        )
    if s.learns:
        return None
    if s.layers > 2 and 0 < s.ratio < 1e-3:
        return (
            "vanishing",
            f"Vanishing gradient: {number(s.ratio, 2)} of what comes back to {last} arrives at layer 1; try ReLU, He initialisation or batch norm.",
        )
    if s.layers > 2 and s.ratio > 1e3:
        return (
            "exploding",
            f"Exploding gradient: {number(s.ratio, 2)} times what comes back to {last} arrives at layer 1; use smaller initial weights or clip.",
        )
    # By the root of the loss, which grows with the scale of the targets as the gradient does.
    if s.gradient > 1e3 * max(1.0, math.sqrt(max(0.0, s.start))):
        return "exploding", f"Exploding gradient: its norm is {number(s.gradient, 3)}; clip it at 1 or lower the learning rate."
    return None


def _rate(s: Signs) -> tuple[str, str] | None:
    """Whether the learning rate is too large or too small."""
    if s.epochs < 1:
        return None
    if s.update > 0.2 and s.smooth > 0.5 * s.start:
        return ("too large", f"Learning rate too large: an update changes the weights by {s.update:.0%} of their size; lower the rate.")
    begun = min(s.first, s.start)
    if 0 < s.update < 2e-4 and s.smooth > 0.9 * begun and not s.blind:
        return "too small", (
            f"Learning rate too small: an update changes the weights by {number(s.update, 2)} of their size and the loss fell from "
            f"{number(s.first, 3)} to {number(s.smooth, 3)} only; multiply the rate by 10."
        )
    return None


def _generalisation(s: Signs) -> tuple[str, str] | None:
    """What the test part says that the training part does not."""
    train, test = s.scores
    gap, lost = train - test, s.at_best - test
    enough = max(0.02, 8.0 / max(1, s.tested))
    # A test score that fell while the training loss went on falling is no chance; while that stood still it may be.
    falls = 0 < s.smooth < 0.95 * s.before
    rises = s.test > 1.3 * s.best and gap > 0.03 and (lost > 0.0 or not s.classification)
    drifts = falls and lost > enough and (s.test > 1.05 * s.best or lost > 1.5 * enough) and train > s.guess + s.doubt
    if gap > max(0.08, s.doubt) or (s.tested >= SEEN and s.best > 0 and ((s.learns and rises) or drifts)):
        risen = f", and the test loss has risen from {number(s.best, 3)} to {number(s.test, 3)}" if s.test > 1.02 * s.best else ""
        best = f" (at its best {s.at_best:.3f})" if lost > enough else ""
        return "over-fitting", (
            f"Over-fitting: {s.what} {train:.3f} on the training part, {test:.3f} on the test part{best}{risen}; try decay, dropout or more data."
        )
    if s.missed and s.share < 0.5 * s.guess and s.epochs >= 3 and test < s.guess + 0.05:
        return "imbalance", (
            f"The class {s.missed} ({s.share:.0%} of the examples) is never found: {s.what} {test:.3f} is hardly more than the "
            f"{s.guess:.3f} of always giving the commonest answer; let the rare classes count as much as the others."
        )
    if s.classification and s.epochs >= 3 and -gap > max(0.08, s.doubt) and test > s.guess + s.doubt:
        return "labels", (
            f"Wrong labels: {s.what} {train:.3f} on the training part, but {test:.3f} on the test part: "
            "some labels of the training part must be wrong; look for them among its mistakes, and stop before they are learned by heart."
        )
    return None


def _capacity(s: Signs) -> tuple[str, str] | None:
    """Whether there is more to learn than is learned."""
    train, test = s.scores
    if s.epochs < 5:
        return None
    reach = f"its nearest neighbours give {s.near:.3f} on the test part, the network {train:.3f} even on its training examples"
    short = math.isfinite(s.near) and s.near > train + max(0.05, s.doubt) and s.near > test + 0.03
    if not s.learns and s.smooth > 0.9 * s.start:
        if s.blind:
            return "nothing to learn", (
                f"Hardly anything to learn: the loss stays at {number(s.smooth, 3)}, and the nearest neighbours of an example say no more than a guess "
                f"({s.near:.3f} and {s.guess:.3f}): the labels may be random, or the inputs do not tell."
            )
        if s.update < 3e-3 and not s.settled and s.layers > 1 and short:
            return "slow", (
                f"Hardly learning: the loss fell from {number(s.first, 3)} to {number(s.smooth, 3)} only, by updates of {number(s.update, 2)} of the weights; "
                f"{reach}: try a larger rate."
            )
    if short and s.settled and s.epochs >= 10:
        if s.layers == 1:
            return "under-fitting", f"Under-fitting: {reach}; a single layer draws straight borders only: add a hidden layer."
        return "under-fitting", f"Under-fitting: {reach}, and its loss no longer falls; take more units, or begin from another seed."
    return None


def _sane(model: Any) -> float:
    """A tenth of the rate, or the rate at which most networks learn, if that is less."""
    return min(model.rate / 10.0, SANE.get(model.optimiser, model.rate))


def remedies(finding: str, model: Any) -> tuple[Remedy, ...]:
    """What one button can do about a finding: changes of parameters that the model has, most promising first."""
    rate, specs, found = model.rate, type(model).specs(), []

    def offer(label: str, action: str = "", **changes: Any) -> None:
        fits = all(
            name in specs and getattr(model, name) != value and (not specs[name].choices or value in specs[name].choices)
            for name, value in changes.items()
        )
        if fits:
            found.append(Remedy(label + ("" if all(specs[n].live for n in changes) else " (a new run)"), changes, action))

    if finding == "diverged":
        offer(f"Best weights, rate {number(_sane(model))}", "restore_best", rate=_sane(model))
        if not model.clip and rate <= 10 * SANE.get(model.optimiser, rate):  # clipping alone does not tame a rate of 100
            offer("Best weights, clip at 1", "restore_best", clip=1.0)
    elif finding == "symmetric":
        offer("Draw the first weights", initialiser="automatic")
    elif finding == "dead":
        offer("Use leaky ReLU", activation="leaky ReLU")
        if rate > 2 * SANE.get(model.optimiser, rate):  # units that are dead stay so: the best weights had fewer
            offer(f"Best weights, rate {number(_sane(model))}", "restore_best", rate=_sane(model))
    elif finding == "vanishing":
        offer("Normalise each layer", normalise="batch")
        offer("Use ReLU", activation="ReLU")
    elif finding == "exploding":
        if not model.clip:
            offer("Clip the gradient at 1", clip=1.0)
        offer(f"Learning rate {number(_sane(model))}", rate=_sane(model))
    elif finding == "too large":
        offer(f"Best weights, rate {number(_sane(model))}", "restore_best", rate=_sane(model))
    elif finding in ("too small", "slow"):
        offer(f"Learning rate {number(rate * 10)}", rate=rate * 10)
    elif finding == "over-fitting":
        offer("Back to the best weights", "restore_best")
        if not model.decay:
            offer("Weight decay 0.003", decay=3e-3)
    elif finding == "imbalance":
        offer("Balance the classes", balance=True)
    elif finding == "under-fitting":
        if "hidden" in specs and not model.hidden.strip():
            offer("A hidden layer of 16 units", hidden="16")
    return tuple(found)
