"""What is wrong with a training, in words, each with the figure it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.model import Remedy


@dataclass(frozen=True)
class Signs:
    """The figures that a diagnosis rests on, as of the last evaluation.

    ratio      gradient norm of the first layer over that of the last hidden one (0: unknown)
    gradient   norm of the whole gradient
    dead       share of hidden units that answer no sample of the probe
    update     size of an update over the size of the weights, median over the layers
    first, smooth   loss of the first minibatch, and smoothed loss now
    test, best      loss on the test part now, and the lowest so far
    scores     (train, test) accuracy or explained share
    epochs     epochs done
    """

    ratio: float
    layers: int
    gradient: float
    dead: float
    update: float
    first: float
    smooth: float
    test: float
    best: float
    scores: tuple[float, float]
    classification: bool
    epochs: float
    relu: bool


FINE = "Nothing wrong found."


def diagnose(s: Signs) -> str:
    """The most serious finding as one sentence with its figure and a remedy."""
    return examine(s)[1]


def examine(s: Signs) -> tuple[str, str]:
    """(name, sentence) of the most serious finding; ("", ...) if there is none."""
    last = f"layer {s.layers - 1}" if s.layers > 2 else "the last"
    if s.relu and s.dead > 0.3:
        return (
            "dead",
            f"Dead ReLUs: {s.dead:.0%} of the hidden units answer no sample; lower the learning rate, or use leaky ReLU or He initialisation.",
        )
    if s.layers > 2 and 0 < s.ratio < 1e-3:
        return (
            "vanishing",
            f"Vanishing gradient: layer 1 receives {s.ratio:.1e} of the gradient that {last} does; try ReLU, He initialisation or batch norm.",
        )
    if s.layers > 2 and s.ratio > 1e3:
        return (
            "exploding",
            f"Exploding gradient: layer 1 receives {s.ratio:.1e} times the gradient of {last}; use smaller initial weights or clip.",
        )
    if s.gradient > 1e3:
        return "exploding", f"Exploding gradient: its norm is {s.gradient:.3g}; clip it at 1 or lower the learning rate."
    if s.epochs >= 1 and s.smooth > 1.05 * s.first:
        return (
            "too large",
            f"Learning rate too large: the loss is {s.smooth:.3g}, above the {s.first:.3g} it began with; divide the rate by 10.",
        )
    if s.epochs >= 1 and s.update > 0.2 and s.smooth > 0.5 * s.first:
        return (
            "too large",
            f"Learning rate too large: an update changes the weights by {s.update:.0%} of their size; divide the rate by 10.",
        )
    if s.epochs >= 1 and s.update < 2e-4 and s.smooth > 0.9 * s.first:
        return "too small", (
            f"Learning rate too small: an update changes the weights by {s.update:.1e} of their size and the loss fell from "
            f"{s.first:.3g} to {s.smooth:.3g} only; multiply the rate by 10."
        )
    gap = s.scores[0] - s.scores[1]
    if gap > 0.08 or (s.test > 1.3 * s.best and s.best > 0 and gap > 0.01):
        what = "accuracy" if s.classification else "explained share"
        risen = f", and the test loss has risen from {s.best:.3g} to {s.test:.3g}" if s.test > 1.1 * s.best else ""
        return "over-fitting", (
            f"Over-fitting: {what} {s.scores[0]:.3f} on the training part, {s.scores[1]:.3f} on the test part{risen}; try decay, dropout or more data."
        )
    if s.epochs >= 5 and s.smooth > 0.9 * s.first:
        return (
            "stuck",
            f"Hardly learning: the loss fell from {s.first:.3g} to {s.smooth:.3g} only; a local minimum or a plateau: start from another seed.",
        )
    return "", FINE


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
        offer(f"Best weights, rate {rate / 10:g}", "restore_best", rate=rate / 10)
        if not model.clip:
            offer("Best weights, clip at 1", "restore_best", clip=1.0)
    elif finding == "dead":
        offer("Use leaky ReLU", activation="leaky ReLU")
    elif finding == "vanishing":
        offer("Normalise each layer", normalise="batch")
        offer("Use ReLU", activation="ReLU")
    elif finding == "exploding":
        if not model.clip:
            offer("Clip the gradient at 1", clip=1.0)
        offer(f"Learning rate {rate / 10:g}", rate=rate / 10)
    elif finding == "too large":
        offer(f"Learning rate {rate / 10:g}", rate=rate / 10)
    elif finding == "too small":
        offer(f"Learning rate {rate * 10:g}", rate=rate * 10)
    elif finding == "over-fitting":
        offer("Back to the best weights", "restore_best")
        if not model.decay:
            offer("Weight decay 0.003", decay=3e-3)
    return tuple(found)
