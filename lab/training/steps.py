"""Steps of a run as minibatches of the tape, and the compiled loops around them.

One step of a run is one minibatch of the size it began with, so that epochs and recordings keep their clock. With another size
from some step on, a step is as many examples as before: it holds several minibatches, or waits until one is full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.kernels import kernel
from lab.tape import Data
from lab.tape.interpreter import POSITION, STEP, UPDATES

Columns = tuple[list[str], list[str], list[str]]  # names under which the tape reports losses, gradient norms and scores


@dataclass
class Stretch:
    """Some steps that were trained: values (steps, columns) with losses, gradient norms and scores."""

    values: np.ndarray
    seconds: float = 0.0
    fault: str = ""
    watch: dict[str, tuple[float, float, float]] | None = None


def train(model: Any, constants: Any, state: dict, tape: dict, data: Data, steps: int, watch: bool) -> Stretch:
    """Train so many steps in place; `watch` the last one."""
    size = model.minibatch or model.batch
    if size == model.batch and not state["owed"][0]:
        report = constants.program.train(tape, data, steps, batch=size, watch=watch)
        return Stretch(values_of(report, model.columns()), report.seconds, report.fault_node if report.fault else "", report.watch)
    made = Stretch(np.empty((steps, len(state["last"]))))
    for k in range(steps):
        _other_size(model, constants, state, tape, data, size, watch and k == steps - 1, made)
        made.values[k] = state["last"]
        if made.fault:
            made.values = made.values[:k]
            break
    return made


def values_of(report: Any, columns: Columns) -> np.ndarray:
    """(steps, columns) of a report; 0 where a column is not recorded."""
    names = [name for group in columns for name in group]
    return np.column_stack([report[name] if name in report.names else np.zeros(report.done) for name in names])


def held(values: np.ndarray, last: np.ndarray) -> np.ndarray:
    """What was not measured in a step (NaN: an objective without a turn) keeps its value of the step before, at first 0."""
    missing = np.isnan(values)
    if missing.any():
        full = np.vstack([last, values])
        at = np.where(np.vstack([np.zeros(len(last), bool), missing]), 0, np.arange(len(full))[:, None])
        values = np.take_along_axis(full, np.maximum.accumulate(at), 0)[1:]
    return values


def _other_size(model: Any, constants: Any, state: dict, tape: dict, data: Data, size: int, watch: bool, made: Stretch) -> None:
    """One step's worth of examples in minibatches of `size`; what does not fill one is owed to the next step."""
    counters, owed = state["counters"], state["owed"]
    step, update, per_epoch = int(counters[STEP]), int(counters[UPDATES]), model.steps_per_epoch
    last_of_epoch = step % per_epoch == per_epoch - 1
    owed[0] += constants.outline.rows - (per_epoch - 1) * model.batch if last_of_epoch else model.batch
    values = []
    while True:
        n = min(size, data.count - int(counters[POSITION]))
        if owed[0] < n:
            break
        report = constants.program.train(tape, data, 1, batch=size, watch=watch)
        made.seconds += report.seconds
        if report.fault:
            made.fault = report.fault_node
            return
        made.watch = report.watch or made.watch
        owed[0] -= n
        values.append(values_of(report, model.columns())[0])
    counters[STEP], counters[UPDATES] = step + 1, update + 1  # schedules and clocks count steps
    if values:
        state["last"][:] = np.mean(values, axis=0)


@kernel
def judge(losses, output, aim, first, last, labels, spread):
    """(mean loss, score) of the examples first to last: accuracy, or the share of the variance `spread` that is explained."""
    loss, good, wrong = 0.0, 0, 0.0
    for i in range(first, last):
        loss += float(losses[i])
        if labels:
            best = 0
            for j in range(1, output.shape[1]):
                if output[i, j] > output[i, best]:
                    best = j
            good += best == aim[i, 0]
        else:
            for j in range(output.shape[1]):
                wrong += (float(output[i, j]) - float(aim[i, j])) ** 2
    count = max(1, last - first)
    if labels:
        return loss / count, good / count
    return loss / count, 1.0 - wrong / (count * output.shape[1] * spread) if spread > 0.0 else 0.0


@kernel
def silent_share(values, rows):
    """Share of the columns that are zero in the first `rows` rows."""
    silent = 0
    for j in range(values.shape[1]):
        i = 0
        while i < rows and values[i, j] == 0:
            i += 1
        silent += i == rows
    return silent / values.shape[1]


@kernel
def smoothing(values, smooth, keep, out):
    """Exponential mean, free of the bias of its start: smooth = (weighted sum, sum of weights)."""
    for i in range(values.size):
        smooth[0] = keep * smooth[0] + (1.0 - keep) * values[i]
        smooth[1] = keep * smooth[1] + (1.0 - keep)
        out[i] = smooth[0] / smooth[1]
