"""The long short-term memory (Hochreiter and Schmidhuber 1997; with a forget gate, Gers, Schmidhuber and Cummins 2000), and the gated recurrent unit.

    i, f, g, o = logistic, logistic, tanh, logistic of the four quarters of z + h W
    c' = f c + i g
    h' = o tanh(c')

Two instructions for each step of time: the gates, with the product and its gradients, and the state (h, c). The gates are
values like all others, so that they can be drawn, and clamped for one pass (`forward(replace=)`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.kernels import Laid, kernel
from lab.tape.elementary import logistic_in, tanh_in
from lab.tape.listing import Listing, Node
from lab.tape.operations.activations import logistic, tanh
from lab.tape.operations.affine import affine
from lab.tape.operations.arithmetic import add, multiply, scale, subtract
from lab.tape.operations.shapes import select, slice
from lab.tape.products import product_apart
from lab.tape.registry import AUX, DOUT, DX, DY, DZ, FRESH, INTS, OUT, START, STOP, X, Y, Z, case, opcode, operation

# Integers of both: units; of the gates besides: values of the drive per sample, and where in them the step begins.


@kernel
def gates_forward(a, r, f, n, train, random):
    width = r[INTS]
    long = 4 * width
    for s in range(n):
        z, y = (
            a[r[X] + s * r[INTS + 1] + r[INTS + 2] : r[X] + s * r[INTS + 1] + r[INTS + 2] + long],
            a[r[OUT] + s * long : r[OUT] + (s + 1) * long],
        )
        for i in range(long):
            y[i] = z[i]
    if r[Y] >= 0 and r[Z] >= 0:
        product_apart(a, Laid(r[Y], 2 * width, 0), Laid(r[Z], long, 0), Laid(r[OUT], long, 0), n, width, long, 1)
    for s in range(n):
        y = r[OUT] + s * long
        logistic_in(a[y : y + 2 * width])
        tanh_in(a[y + 2 * width : y + 3 * width])
        logistic_in(a[y + 3 * width : y + long])


@kernel
def gates_backward(a, r, f, n, train, random):
    width, one = r[INTS], a.dtype.type(1)
    long = 4 * width
    aux = r[AUX] + long if r[START] > 0 else r[AUX]  # two threads, two places
    for s in range(n):
        y, dy = a[r[OUT] + s * long : r[OUT] + (s + 1) * long], a[r[DOUT] + s * long : r[DOUT] + (s + 1) * long]
        dz = a[aux + 2 * s * long : aux + (2 * s + 1) * long]
        for i in range(long):
            dz[i] = dy[i] * y[i] * (one - y[i])
        for i in range(2 * width, 3 * width):
            dz[i] = dy[i] * (one - y[i] * y[i])
        if r[DX] >= 0:
            at = r[DX] + s * r[INTS + 1] + r[INTS + 2]
            drive = a[at : at + long]
            for i in range(long):
                drive[i] += dz[i]
    if r[Y] >= 0 and r[Z] >= 0:
        if r[DY] >= 0:
            product_apart(a, Laid(aux, 2 * long, 0), Laid(r[Z], long, 1), Laid(r[DY], 2 * width, 0), n, long, width, 1)
        if r[DZ] >= 0:
            start, stop = (r[START], r[STOP]) if r[START] >= 0 else (0, width)
            product_apart(
                a, Laid(r[Y] + start, 2 * width, 1), Laid(aux, 2 * long, 0), Laid(r[DZ] + start * long, long, 0), stop - start, n, long, 1
            )


@kernel
def state_forward(a, r, f, n, train, random):
    width = r[INTS]
    for s in range(n):
        gates = a[r[X] + 4 * s * width : r[X] + 4 * (s + 1) * width]
        h, new = a[r[OUT] + 2 * s * width : r[OUT] + (2 * s + 1) * width], a[r[OUT] + (2 * s + 1) * width : r[OUT] + (2 * s + 2) * width]
        curved = a[r[AUX] + 2 * s * width : r[AUX] + (2 * s + 1) * width]
        if r[Y] >= 0:
            c = a[r[Y] + (2 * s + 1) * width : r[Y] + (2 * s + 2) * width]
            for i in range(width):
                new[i] = gates[width + i] * c[i] + gates[i] * gates[2 * width + i]
        else:
            for i in range(width):
                new[i] = gates[i] * gates[2 * width + i]
        for i in range(width):
            curved[i] = new[i]
        tanh_in(curved)
        for i in range(width):
            h[i] = gates[3 * width + i] * curved[i]


@kernel
def state_backward(a, r, f, n, train, random):
    width, one = r[INTS], a.dtype.type(1)
    for s in range(n):
        gates = a[r[X] + 4 * s * width : r[X] + 4 * (s + 1) * width]
        dh, dnew = (
            a[r[DOUT] + 2 * s * width : r[DOUT] + (2 * s + 1) * width],
            a[r[DOUT] + (2 * s + 1) * width : r[DOUT] + (2 * s + 2) * width],
        )
        curved = a[r[AUX] + 2 * s * width : r[AUX] + (2 * s + 1) * width]
        dc = a[r[AUX] + (2 * s + 1) * width : r[AUX] + (2 * s + 2) * width]  # of the new cell, what comes through h included
        for i in range(width):
            dc[i] = dnew[i] + dh[i] * gates[3 * width + i] * (one - curved[i] * curved[i])
        if r[DX] >= 0:
            dgates = a[r[DX] + 4 * s * width : r[DX] + 4 * (s + 1) * width]
            if r[FRESH] & 1:
                for i in range(width):
                    dgates[i] = dc[i] * gates[2 * width + i]
                for i in range(width):
                    dgates[2 * width + i] = dc[i] * gates[i]
                for i in range(width):
                    dgates[3 * width + i] = dh[i] * curved[i]
                if r[Y] >= 0:
                    c = a[r[Y] + (2 * s + 1) * width : r[Y] + (2 * s + 2) * width]
                    for i in range(width):
                        dgates[width + i] = dc[i] * c[i]
                else:
                    for i in range(width):
                        dgates[width + i] = 0
            else:
                for i in range(width):
                    dgates[i] += dc[i] * gates[2 * width + i]
                    dgates[2 * width + i] += dc[i] * gates[i]
                    dgates[3 * width + i] += dh[i] * curved[i]
                if r[Y] >= 0:
                    c = a[r[Y] + (2 * s + 1) * width : r[Y] + (2 * s + 2) * width]
                    for i in range(width):
                        dgates[width + i] += dc[i] * c[i]
        if r[DY] >= 0:
            before, kept = (
                a[r[DY] + 2 * s * width : r[DY] + (2 * s + 1) * width],
                a[r[DY] + (2 * s + 1) * width : r[DY] + (2 * s + 2) * width],
            )
            if r[FRESH] & 2:
                for i in range(width):
                    before[i] = 0
                for i in range(width):
                    kept[i] = dc[i] * gates[width + i]
            else:
                for i in range(width):
                    kept[i] += dc[i] * gates[width + i]


opcode("lstm_gates", gates_forward, gates_backward, shared=(2,), divides=2)
opcode("lstm_state", state_forward, state_backward, fresh=True)


@operation
def lstm_cell(
    tape: Listing,
    drive: Node,
    state: Node | None = None,
    recurrent: Node | None = None,
    *,
    step: int | None = None,
    scratch: Node | None = None,
    name: str | None = None,
) -> Node:
    """One step of a long short-term memory; the result (2, units) holds its output h and its cell c, as `state` does (none: both are 0).

    drive: what comes to the gates from outside, (4 units,), or (steps, 4 units) of which `step` says the row; its quarters are the
    input gate, the forget gate, the candidate and the output gate (i f g o). recurrent: weights (units, 4 units) from h to the
    gates. The gates are the node `<name>.gates`. scratch: the node `<name>.gates.scratch1` of another step, to save memory.
    """
    name = tape.free_name(name, "lstm_cell")
    tape.expect_axes(name, drive, 1 if step is None else 2, 1 if step is None else 2)
    units, rest = divmod(drive.shape[-1], 4)
    if step is not None and not 0 <= step < drive.shape[0]:
        raise ModelError(f"tape: lstm_cell '{name}' takes step {step} of '{drive.name}' of shape {drive.shape}; it has no such row.")
    if rest or (state is not None and state.shape != (2, units)) or (recurrent is not None and recurrent.shape != (units, 4 * units)):
        others = [f"'{node.name}' has the shape {node.shape}" for node in (state, recurrent) if node is not None]
        raise ModelError(
            f"tape: lstm_cell '{name}' joins '{drive.name}' of shape {drive.shape} (four gates for each unit) to a state (2, units) and weights "
            f"(units, 4 units), but {' and '.join(others) or 'that is no multiple of four'}."
        )
    if recurrent is not None and state is None:
        recurrent = None  # there is no output yet that it could carry
    gates = tape.emit(
        "lstm_gates", [drive, state if recurrent is not None else None, recurrent], (4 * units,), name=f"{name}.gates",
        ints=(units, drive.size, 0 if step is None else step * 4 * units), scratch=scratch or 8 * units,
        macs=0 if recurrent is None else 4 * units * units,
    )  # fmt: skip
    return tape.emit("lstm_state", [gates, state], (2, units), name=name, ints=(units,), scratch=2 * units)


@operation
def lstm(tape: Listing, x: Node, units: int, *, forget: float = 1.0, init: Any = "xavier", name: str | None = None) -> list[Node]:
    """A long short-term memory over a sequence (steps, values), unrolled in time: its output (units,) at every step.

    Parameters `<name>.input` (values, 4 units), `<name>.recurrent` (units, 4 units) and one `<name>.bias` (4 units), whose forget
    part starts at `forget`. Step k has the state `<name>.k` (2, units), the gates `<name>.k.gates` (i f g o) and the output `<name>.k.h`.
    """
    name = tape.free_name(name, "lstm")
    tape.expect_axes(name, x, 2, 2)
    bias = np.zeros(4 * units)
    bias[units : 2 * units] = forget
    drive = affine(
        tape,
        x,
        weight=tape.parameter(f"{name}.input", (x.shape[1], 4 * units), init),
        bias=tape.parameter(f"{name}.bias", (4 * units,), bias, decay=False),
        name=f"{name}.drive",
    )
    recurrent = tape.parameter(f"{name}.recurrent", (units, 4 * units), init)
    outputs: list[Node] = []
    state: Node | None = None
    scratch: Node | None = None
    for k in range(x.shape[0]):
        state = lstm_cell(tape, drive, state, recurrent, step=k, scratch=scratch, name=f"{name}.{k}")
        scratch = scratch or tape.find(f"{name}.0.gates.scratch1")
        outputs.append(select(tape, state, 0, name=f"{name}.{k}.h"))
    return outputs


@operation
def gru_cell(
    tape: Listing, drive: Node, state: Node | None = None, recurrent: Node | None = None, recalled: Node | None = None, *,
    step: int | None = None, name: str | None = None,
) -> Node:  # fmt: skip
    """One step of a gated recurrent unit (Cho et al. 2014); the result (units,) is its output and its state (none before: 0).

        r, z = logistic of the first two thirds of drive + h W;   n = tanh(third third of drive + r (h W + c));   h' = n + z (h - n)

    drive: what comes from outside, (3 units,), or (steps, 3 units) of which `step` says the row. recurrent: W (units, 3 units). recalled:
    c (units,). The reset gate multiplies what the past brings, after the product. The gates are the node `<name>.gates` (r z). Made of
    other operations: it has no kernel of its own.
    """
    name = tape.free_name(name, "gru_cell")
    tape.expect_axes(name, drive, 1 if step is None else 2, 1 if step is None else 2)
    units, rest = divmod(drive.shape[-1], 3)
    if rest or (state is not None and state.shape != (units,)) or (recurrent is not None and recurrent.shape != (units, 3 * units)):
        others = [f"'{node.name}' has the shape {node.shape}" for node in (state, recurrent) if node is not None]
        raise ModelError(
            f"tape: gru_cell '{name}' joins '{drive.name}' of shape {drive.shape} (two gates and a candidate for each unit) to a state (units,) and "
            f"weights (units, 3 units), but {' and '.join(others) or 'that is no multiple of three'}."
        )
    drive = drive if step is None else select(tape, drive, step)
    past = affine(tape, state, weight=recurrent, bias=False) if state is not None and recurrent is not None else None
    gates = slice(tape, drive, 0, 2 * units)
    gates = logistic(tape, gates if past is None else add(tape, gates, slice(tape, past, 0, 2 * units)), name=f"{name}.gates")
    reset, keep = slice(tape, gates, 0, units), slice(tape, gates, units, 2 * units)
    heard = None if past is None else slice(tape, past, 2 * units, 3 * units)
    heard = recalled if heard is None else heard if recalled is None else add(tape, heard, recalled)
    new = slice(tape, drive, 2 * units, 3 * units)
    new = tanh(tape, new if heard is None else add(tape, new, multiply(tape, reset, heard)), name=f"{name}.candidate")
    before = scale(tape, new, -1.0) if state is None else subtract(tape, state, new)
    return add(tape, new, multiply(tape, keep, before), name=name)


@operation
def gru(tape: Listing, x: Node, units: int, *, init: Any = "xavier", name: str | None = None) -> list[Node]:
    """A gated recurrent unit over a sequence (steps, values), unrolled in time: its output (units,) at every step.

    Parameters `<name>.drive.weight` (values, 3 units) and `.drive.bias`, `<name>.recurrent` (units, 3 units) and `<name>.recalled` (units,),
    see `gru_cell`. Step k has the output `<name>.k` and the gates `<name>.k.gates` (r z).
    """
    name = tape.free_name(name, "gru")
    tape.expect_axes(name, x, 2, 2)
    drive = affine(tape, x, 3 * units, init=init, name=f"{name}.drive")
    recurrent = tape.parameter(f"{name}.recurrent", (units, 3 * units), init)
    recalled = tape.parameter(f"{name}.recalled", (units,), "zeros", decay=False)
    outputs: list[Node] = []
    for k in range(x.shape[0]):
        outputs.append(gru_cell(tape, drive, outputs[-1] if outputs else None, recurrent, recalled, step=k, name=f"{name}.{k}"))
    return outputs


def _logistic(x):
    return 1 / (1 + np.exp(-x))


def _step(z, state=None):
    i, f, g, o = np.split(z, 4, -1)
    c = (0.0 if state is None else _logistic(f) * state[:, 1]) + _logistic(i) * np.tanh(g)
    return np.stack([_logistic(o) * np.tanh(c), c], 1)


def _sequence(x, m_input, m_bias, m_recurrent):
    state = np.zeros((len(x), 2, m_recurrent.shape[0]))
    for k in range(x.shape[1]):
        state = _step(x[:, k] @ m_input + m_bias + state[:, 0] @ m_recurrent, state)
    return state[:, 0]


case("lstm_cell", {"x": (8,), "y": (2, 2)}, lambda t, x, y: t.lstm_cell(x, y), lambda x, y: _step(x, y))
case("lstm_cell, first step", {"x": (8,)}, lambda t, x: t.lstm_cell(x), lambda x: _step(x))
case("lstm_cell, weights and a row", {"x": (3, 8), "y": (2, 2)}, lambda t, x, y: t.lstm_cell(x, y, t.parameter("w", (2, 8)), step=1),
     lambda x, y, w: _step(x[:, 1] + y[:, 0] @ w, y))  # fmt: skip
case("lstm", {"x": (4, 2)}, lambda t, x: t.lstm(x, 3, name="m")[-1], _sequence)
case("lstm, larger", {"x": (3, 4)}, lambda t, x: t.lstm(x, 12, name="m")[-1], _sequence)


def _gated(x, m_drive_weight, m_drive_bias, m_recurrent, m_recalled):
    h = np.zeros((len(x), len(m_recalled)))
    for k in range(x.shape[1]):
        r, z, n = np.split(x[:, k] @ m_drive_weight + m_drive_bias, 3, -1)
        past_r, past_z, past_n = np.split(h @ m_recurrent, 3, -1)
        n, z = np.tanh(n + _logistic(r + past_r) * (past_n + m_recalled)), _logistic(z + past_z)
        h = n + z * (h - n)
    return h


case("gru", {"x": (4, 2)}, lambda t, x: t.gru(x, 3, name="m")[-1], _gated)
