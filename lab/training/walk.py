"""Slow motion: one example walked through every matrix of a network, phase by phase and layer by layer.

A model declares its phases. A network of L layers in a row has 3 L + 1: forward through each layer, the loss, backward through each
layer from the last to the first, and the update of each layer's weights. `state["phase"]` counts them; after the last one the
next example follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lab.tape import Program
from lab.tape.interpreter import POSITION
from lab.training import checking
from lab.training.objectives import Phase

KINDS = ("forward", "loss", "backward", "update")
LARGEST = 64  # rows and columns of a matrix that are shown
NUMBERS = 8  # in a row of the table


@dataclass(frozen=True)
class Part(Phase):
    """A phase of a network of layers: what kind (an index of KINDS) and which layer."""

    kind: int = 0
    layer: int = 0


@dataclass(frozen=True)
class Wiring:
    """The nodes of a layer: what enters, the sums z, the values h after the activation; weight, bias (or ""), and whether W is used transposed."""

    x: str
    z: str
    h: str
    weight: str
    bias: str
    transposed: bool


@dataclass(frozen=True)
class Numbers:
    """Arrays of one layer for one example; None: not known yet."""

    x: np.ndarray
    W: np.ndarray
    b: np.ndarray | None
    z: np.ndarray | None = None
    h: np.ndarray | None = None
    delta: np.ndarray | None = None
    gradient: np.ndarray | None = None
    new: np.ndarray | None = None
    new_b: np.ndarray | None = None


def wiring(program: Program, stages: Any) -> list[Wiring]:
    """How each layer hangs together, read from the tape."""
    nodes, found, used = program.tape.nodes, [], set()
    for stage in stages:
        weight = program.tape.find(stage.weight).index
        # A tied weight serves twice: each layer takes the use that comes first and is not taken.
        at = next(k for k, i in enumerate(program.tape.instructions) if weight in i.inputs and k not in used)
        used.add(at)
        instruction = program.tape.instructions[at]
        x = nodes[next(i for i in instruction.inputs if i >= 0 and nodes[i].kind != "parameter")]
        bias = next((nodes[i].name for i in instruction.inputs if i >= 0 and nodes[i].kind == "parameter" and i != weight), "")
        z = nodes[instruction.out]
        transposed = len(nodes[weight].shape) == 2 and nodes[weight].shape != (x.shape[-1], z.shape[-1])
        found.append(Wiring(x.name, z.name, stage.value, stage.weight, bias, transposed))
    return found


def count(stages: Any) -> int:
    """Number of phases of one example."""
    return 3 * len(stages) + 1


def place(phase: int, layers: int) -> tuple[int, int]:
    """(kind 0..3, layer) of a phase."""
    if phase < layers:
        return 0, phase
    if phase == layers:
        return 1, layers - 1
    if phase <= 2 * layers:
        return 2, 2 * layers - phase
    return 3, phase - 2 * layers - 1


def example(model: Any, c: Any, state: dict) -> tuple[np.ndarray, np.ndarray]:
    """The example that slow motion looks at: the next in the order of the epoch, (1, ...) and (1, ...)."""
    x, t = model.examples(c, state)
    row = int(state["order"][min(int(state["counters"][POSITION]), len(state["order"]) - 1)])
    return x[row : row + 1], t[row : row + 1]


def layered(stages: Any, learns: tuple[str, ...]) -> tuple[Phase, ...]:
    """The phases of a network of layers; the weights move when the last one is left."""
    found = []
    for phase in range(count(stages)):
        kind, layer = place(phase, len(stages))
        name = KINDS[kind] + ("" if kind == 1 else f", {stages[layer].name}")
        found.append(part(stages, kind, layer, name, learns if phase == count(stages) - 1 else ()))
    return tuple(found)


def part(stages: Any, kind: int, layer: int, name: str = "", learns: tuple[str, ...] = ()) -> Part:
    """The phase of one kind in one layer, with its matrices."""
    title = name or KINDS[kind] + f", {stages[layer].name}"
    return Part(title, (stages[layer].name,), partial(matrices, kind=kind, layer=layer), learns, kind=kind, layer=layer)


def label(model: Any, c: Any, state: dict) -> str:
    """The present phase in words."""
    known, phase = model.phases(c), int(state["phase"][0])
    return f"{phase + 1} of {len(known)}: {known[phase].name}"


def shown(model: Any, c: Any, state: dict, tape: dict) -> list[dict[str, Any]]:
    """The matrices of the present phase."""
    phase = model.phases(c)[int(state["phase"][0])]
    if phase.matrices is None:
        entries: list[dict[str, Any]] = [{"name": "", "values": None, "note": f"{label(model, c, state)}.  {phase.about}"}]
    else:
        entries = phase.matrices(model, c, state, tape)
    checked = checking.said(model, c, state["checked"])
    if checked:
        entries[0] = entries[0] | {"note": f"{entries[0]['note']}  ·  {checked}"}
    return entries


def phases(model: Any, c: Any, state: dict) -> list[dict[str, Any]]:
    """All phases as rows, the present one marked."""
    now = int(state["phase"][0])
    return [
        {"": "▶" if k == now else "", "phase": f"{k + 1}  {p.name}", "at work": ", ".join(p.lit), "learns": ", ".join(p.learns)}
        for k, p in enumerate(model.phases(c))
    ]


def numbers(model: Any, c: Any, state: dict, tape: dict, layer: int, kind: int) -> tuple[Numbers, np.ndarray, np.ndarray]:
    """(what is known of a layer, the network's output, loss (1,)) of the present example up to a kind of phase."""
    x, t = example(model, c, state)
    given, w, program = model.given(x, t), wiring(c.program, c.stages)[layer], c.program
    arrays = program.parameters(tape)
    if model.draws:
        return _rehearsed(c, tape, given, w, kind)
    before, z, h, output, loss = program.forward(tape, [w.x, w.z, w.h, c.output, "loss"], **given)
    flip = np.transpose if w.transposed else np.asarray
    found = {"x": before[0], "W": flip(arrays[w.weight]), "b": arrays.get(w.bias), "z": z[0], "h": h[0]}
    if kind >= 2:
        delta, gradient = program.gradients(tape, "loss", [w.z, w.weight], **given)
        found |= {"delta": delta[0], "gradient": flip(gradient)}
    if kind >= 3:
        copy = {name: array.copy() for name, array in tape.items()}
        program.step(copy, **given)
        after = program.parameters(copy)
        found |= {"new": flip(after[w.weight]), "new_b": after.get(w.bias)}
    return Numbers(**found), output[0], loss


def _rehearsed(c: Any, tape: dict, given: dict, w: Wiring, kind: int) -> tuple[Numbers, np.ndarray, np.ndarray]:
    """The same, read off a step on a copy: with the very random numbers that the update will draw."""
    program, copy = c.program, {name: array.copy() for name, array in tape.items()}
    program.step(copy, **given)
    flip, before, after = np.transpose if w.transposed else np.asarray, program.parameters(tape), program.parameters(copy)
    found = {
        "x": program.last(w.x)[0],
        "W": flip(before[w.weight]),
        "b": before.get(w.bias),
        "z": program.last(w.z)[0],
        "h": program.last(w.h)[0],
    }
    if kind >= 2:
        found |= {"delta": program.last_gradient(w.z)[0], "gradient": flip(program.last_gradient(w.weight))}
    if kind >= 3:
        found |= {"new": flip(after[w.weight]), "new_b": after.get(w.bias)}
    return Numbers(**found), found["z"], program.last("loss")


def matrices(model: Any, c: Any, state: dict, tape: dict, *, kind: int, layer: int) -> list[dict[str, Any]]:
    """The matrices of a layer on a grid: rows and columns of W line up with what enters and leaves."""
    layers = len(c.stages)
    n, output, loss = numbers(model, c, state, tape, layer, kind)
    last = layer == layers - 1
    x = example(model, c, state)[1]
    entries: list[dict[str, Any]] = [{"name": "", "values": None, "note": _headline(model, c, state, kind, layer, float(loss[0]), x)}]
    w = wiring(c.program, c.stages)[layer]
    first = c.program.layout.offsets[c.program.tape.find(w.weight).index]
    # A click on a weight checks its gradient; the weights of a tied layer lie the other way round.
    firsts = {} if w.transposed else {"W": first, "dE/dW": first, "new W": first}
    entries += plates(n, kind, activation=w.h != w.z, firsts=firsts)
    if last and model.task == "classification":
        down = 3 + (w.h != w.z)
        entries.append(
            {
                "name": "softmax",
                "values": _cut(_softmax(output)[None]),
                "at": (down, 1),
                "lit": kind == 1,
                "note": "probability of each class",
            }
        )
        target = np.zeros((1, output.size))
        target[0, int(x[0])] = 1
        entries.append({"name": "target", "values": _cut(target), "at": (down + 1, 1), "lit": kind == 1, "note": "1 at the true class"})
    elif last and kind >= 1:
        aim = example(model, c, state)[0 if model.task == "reconstruction" else 1]
        entries.append(
            {
                "name": "target",
                "values": _cut(np.atleast_2d(aim.reshape(1, -1))),
                "at": (3 + (w.h != w.z), 1),
                "lit": kind == 1,
                "note": "what should come out",
            }
        )
    return entries


def plates(
    n: Numbers, kind: int, *, activation: bool = True, row: int = 0, names: str = "", firsts: dict[str, int] | None = None
) -> list[dict[str, Any]]:
    """Entries of a stream of matrices for one layer, from grid row `row` on; `names` is put behind each letter, firsts[matrix] for picking."""
    W, x = _flat(n.W), np.asarray(n.x)
    lined_up = x.size == len(W)
    shape = tuple(min(LARGEST, s) for s in W.shape)
    long = (1, shape[1])
    cut = f", first {shape[0]} x {shape[1]} of {W.shape[0]} x {W.shape[1]}" if shape != W.shape else ""
    found: list[dict[str, Any]] = [
        {"name": f"x{names}", "at": (row, 0), "values": _cut(x.reshape(-1, 1) if lined_up else _flat(x)), "note": "what enters the layer"},
        {"name": f"W{names}", "at": (row, 1), "values": _cut(W), "note": f"weights{cut}"},
        {"name": f"b{names}", "at": (row + 1, 1), "values": None if n.b is None else _cut(_flat(n.b)), "note": "bias"}
        | ({"shape": long} if n.b is None else {}),
        {"name": f"z{names}", "at": (row + 2, 1), **_known(n.z, long), "lit": kind == 0, "note": "z = x W + b"},
    ]
    if activation:
        found.append({"name": f"h{names}", "at": (row + 3, 1), **_known(n.h, long), "lit": kind == 0, "note": "what leaves the layer"})
    found += [
        {"name": f"dE/dW{names}", "at": (row, 2), **_known(n.gradient, shape), "lit": kind == 2, "note": "dE/dW = x^T delta"},
        {"name": f"delta{names}", "at": (row + 1, 2), **_known(n.delta, long), "lit": kind == 2, "note": "dE/dz"},
        {"name": f"new W{names}", "at": (row, 3), **_known(n.new, shape), "lit": kind == 3, "note": "weights after the update"},
        {"name": f"new b{names}", "at": (row + 1, 3), **_known(n.new_b, long), "lit": kind == 3, "note": "bias after the update"},
    ]
    for entry in found:
        if firsts and entry["name"] in firsts:
            entry["first"] = firsts[entry["name"]]
            if shape[1] < W.shape[1]:
                entry["columns"] = int(W.shape[1])  # of the whole, of which the first are shown
    return found


def _known(array: np.ndarray | None, shape: tuple[int, int]) -> dict[str, Any]:
    return {"values": None, "shape": shape} if array is None else {"values": _cut(_flat(array))}


def _flat(array: np.ndarray) -> np.ndarray:
    """Two axes: the last one, and all before it (a kernel (k, k, in, out) becomes (k k in, out))."""
    array = np.asarray(array)
    return array.reshape(-1, array.shape[-1])


def _cut(array: np.ndarray) -> np.ndarray:
    return np.asarray(array[:LARGEST, :LARGEST], float)


def _softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max())
    return e / e.sum()


def _headline(model: Any, c: Any, state: dict, kind: int, layer: int, loss: float, t: np.ndarray) -> str:
    name, last = c.stages[layer].name, layer == len(c.stages) - 1
    said = [
        "z = x W + b" + ("" if last else ", then the activation: h"),
        f"E = {loss:.4g} for the target {_named(model, c, t)}",
        ("delta = softmax - target" if model.task == "classification" else "delta = dE/dz") if last else "delta = (next delta W^T) slope",
        f"new W = W - {model.rate:g} dE/dW"
        if model.optimiser == "SGD" and not (model.decay or model.clip)
        else f"new W by {model.optimiser} at the rate {model.rate:g}",
    ][kind]
    return (
        f"{int(state['phase'][0]) + 1} of {len(model.phases(c))}.  {KINDS[kind].capitalize()}"
        + ("" if kind == 1 else f", {name}")
        + f":  {said}"
        + (", dE/dW = x^T delta" if kind == 2 else "")
    )


def _named(model: Any, c: Any, t: np.ndarray) -> str:
    if model.task == "classification":
        return c.outline.classes[int(t[0])]
    return "x itself" if model.task == "reconstruction" else _said(t[0])


def table(model: Any, c: Any, state: dict, tape: dict) -> list[dict[str, Any]]:
    """The same as text, all layers at once: what is known in the present phase."""
    phase = model.phases(c)[int(state["phase"][0])]
    kind = phase.kind if isinstance(phase, Part) else 0
    x, t = example(model, c, state)
    given, program, wires = model.given(x, t), c.program, wiring(c.program, c.stages)
    values = program.forward(tape, [*(w.h for w in wires), "loss"], **given)
    arrays = program.parameters(tape)
    gradients, changes = {}, {}
    if kind >= 2:
        names = list(dict.fromkeys(name for w in wires for name in (w.weight, w.bias, w.h) if name))
        gradients = dict(zip(names, program.gradients(tape, "loss", names, **given), strict=True))
    if kind >= 3:
        copy = {name: array.copy() for name, array in tape.items()}
        program.step(copy, **given)
        after = program.parameters(copy)
        changes = {name: after[name] - arrays[name] for name in arrays}
    rows = [_row(KINDS[kind], "x", x[0], kind)]
    for w, value in zip(wires, values[:-1], strict=True):
        rows += [_row("", name, arrays[name], kind, gradients.get(name), changes.get(name)) for name in (w.weight, w.bias) if name]
        rows.append(_row("", w.h, value[0], kind, gradients.get(w.h)))
    if model.task == "classification":
        rows.append(_row("", "softmax", _softmax(values[-2][0]), kind))
    if kind >= 1:
        rows.append(_row("", f"loss, target {_named(model, c, t)}", values[-1], kind))
    return rows


def _said(array: np.ndarray) -> str:
    flat = np.asarray(array).ravel() + 0.0  # a minus before zero means nothing
    return "  ".join(f"{v:.3g}" for v in flat[:NUMBERS]) + (" ..." if flat.size > NUMBERS else "")


def _row(phase: str, name: str, value: np.ndarray, kind: int, gradient: Any = None, change: Any = None) -> dict[str, Any]:
    row = {"phase": phase, "what": name, "shape": " x ".join(map(str, np.shape(value))) or "1", "numbers": _said(value)}
    if kind >= 2:
        row["gradient"] = "" if gradient is None else _said(gradient)
    if kind >= 3:
        row["change"] = "" if change is None else _said(change)
    return row
