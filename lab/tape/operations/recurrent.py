"""The long short-term memory (Hochreiter and Schmidhuber 1997; with a forget gate, Gers, Schmidhuber and Cummins 2000).

    i, f, g, o = logistic, logistic, tanh, logistic of the four quarters of z = x U + h W + b
    c' = f c + i g
    h' = o tanh(c')

Gates, cell and output are three instructions with values of their own, so that gates can be drawn, and clamped for one pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.kernels import kernel
from lab.tape.elementary import logistic_of, tanh_of
from lab.tape.listing import Listing, Node
from lab.tape.operations.affine import affine
from lab.tape.operations.arithmetic import add
from lab.tape.operations.shapes import select
from lab.tape.registry import AUX, DOUT, DX, DY, FRESH, INTS, OUT, X, Y, case, opcode, operation


@kernel
def gates_forward(a, r, f, n, train, random):
    width = r[INTS]
    for s in range(n):
        x, y = r[X] + 4 * s * width, r[OUT] + 4 * s * width
        logistic_of(a[x : x + 2 * width], a[y : y + 2 * width])
        tanh_of(a[x + 2 * width : x + 3 * width], a[y + 2 * width : y + 3 * width])
        logistic_of(a[x + 3 * width : x + 4 * width], a[y + 3 * width : y + 4 * width])


@kernel
def gates_backward(a, r, f, n, train, random):
    width = r[INTS]
    one = a.dtype.type(1)
    for s in range(n):
        at = 4 * s * width
        y, dy = a[r[OUT] + at : r[OUT] + at + 4 * width], a[r[DOUT] + at : r[DOUT] + at + 4 * width]
        dx = a[r[DX] + at : r[DX] + at + 4 * width]
        if r[FRESH] & 1:
            for i in range(4 * width):
                dx[i] = 0
        for i in range(2 * width):
            dx[i] += dy[i] * y[i] * (one - y[i])
        for i in range(2 * width, 3 * width):
            dx[i] += dy[i] * (one - y[i] * y[i])
        for i in range(3 * width, 4 * width):
            dx[i] += dy[i] * y[i] * (one - y[i])


@kernel
def cell_forward(a, r, f, n, train, random):
    width = r[INTS]
    for s in range(n):
        gates, out = a[r[X] + 4 * s * width : r[X] + 4 * (s + 1) * width], a[r[OUT] + s * width : r[OUT] + (s + 1) * width]
        if r[Y] >= 0:
            c = a[r[Y] + s * width : r[Y] + (s + 1) * width]
            for i in range(width):
                out[i] = gates[width + i] * c[i] + gates[i] * gates[2 * width + i]
        else:
            for i in range(width):
                out[i] = gates[i] * gates[2 * width + i]


@kernel
def cell_backward(a, r, f, n, train, random):
    width = r[INTS]
    for s in range(n):
        gates, dout = a[r[X] + 4 * s * width : r[X] + 4 * (s + 1) * width], a[r[DOUT] + s * width : r[DOUT] + (s + 1) * width]
        if r[DX] >= 0:
            dgates = a[r[DX] + 4 * s * width : r[DX] + 4 * (s + 1) * width]
            if r[FRESH] & 1:
                for i in range(4 * width):
                    dgates[i] = 0
            for i in range(width):
                dgates[i] += dout[i] * gates[2 * width + i]
                dgates[2 * width + i] += dout[i] * gates[i]
            if r[Y] >= 0:
                c = a[r[Y] + s * width : r[Y] + (s + 1) * width]
                for i in range(width):
                    dgates[width + i] += dout[i] * c[i]
        if r[DY] >= 0:
            dc = a[r[DY] + s * width : r[DY] + (s + 1) * width]
            if r[FRESH] & 2:
                for i in range(width):
                    dc[i] = dout[i] * gates[width + i]
            else:
                for i in range(width):
                    dc[i] += dout[i] * gates[width + i]


@kernel
def output_forward(a, r, f, n, train, random):
    width = r[INTS]
    curved = a[r[AUX] : r[AUX] + n * width]
    tanh_of(a[r[Y] : r[Y] + n * width], curved)
    for s in range(n):
        gate, out = a[r[X] + (4 * s + 3) * width : r[X] + 4 * (s + 1) * width], a[r[OUT] + s * width : r[OUT] + (s + 1) * width]
        for i in range(width):
            out[i] = gate[i] * curved[s * width + i]


@kernel
def output_backward(a, r, f, n, train, random):
    width, one = r[INTS], a.dtype.type(1)
    for s in range(n):
        curved, dout = a[r[AUX] + s * width : r[AUX] + (s + 1) * width], a[r[DOUT] + s * width : r[DOUT] + (s + 1) * width]
        if r[DX] >= 0:
            dgates = a[r[DX] + 4 * s * width : r[DX] + 4 * (s + 1) * width]
            if r[FRESH] & 1:
                for i in range(4 * width):
                    dgates[i] = 0
            for i in range(width):
                dgates[3 * width + i] += dout[i] * curved[i]
        if r[DY] >= 0:
            gate, dc = a[r[X] + (4 * s + 3) * width : r[X] + 4 * (s + 1) * width], a[r[DY] + s * width : r[DY] + (s + 1) * width]
            if r[FRESH] & 2:
                for i in range(width):
                    dc[i] = dout[i] * gate[i] * (one - curved[i] * curved[i])
            else:
                for i in range(width):
                    dc[i] += dout[i] * gate[i] * (one - curved[i] * curved[i])


opcode("lstm_gates", gates_forward, gates_backward, fresh=True)
opcode("lstm_cell", cell_forward, cell_backward, fresh=True)
opcode("lstm_output", output_forward, output_backward, fresh=True)


@operation
def lstm_cell(tape: Listing, z: Node, cell: Node | None = None, *, name: str | None = None) -> tuple[Node, Node]:
    """One step of a long short-term memory from what its four gates are given, z (4 units): its output and its new cell, (units,) each.

    The quarters of z are in the order input, forget, candidate, output (i f g o). Without a `cell` it starts from 0. The
    gates are the node `<name>.gates`, the cell is `<name>.cell`.
    """
    name = tape.free_name(name, "lstm_cell")
    tape.expect_axes(name, z, 1, 1)
    if z.shape[0] % 4 or (cell is not None and cell.shape != (z.shape[0] // 4,)):
        raise ModelError(
            f"tape: lstm_cell '{name}' takes four gates for each unit, but '{z.name}' has the shape {z.shape}"
            f"{f' and the cell {cell.name!r} the shape {cell.shape}' if cell is not None else ''}; make it four times as long as the cell."
        )
    units = z.shape[0] // 4
    gates = tape.emit("lstm_gates", [z], z.shape, name=f"{name}.gates", ints=(units,))
    kept = tape.emit("lstm_cell", [gates, cell], (units,), name=f"{name}.cell", ints=(units,))
    return tape.emit("lstm_output", [gates, kept], (units,), name=name, ints=(units,), scratch=units), kept


@operation
def lstm(tape: Listing, x: Node, units: int, *, forget: float = 1.0, init: Any = "xavier", name: str | None = None) -> list[Node]:
    """A long short-term memory over a sequence (steps, values): its outputs (units,) of every step, unrolled in time.

    Parameters `<name>.input` (values, 4 units), `<name>.recurrent` (units, 4 units) and one `<name>.bias` (4 units), whose forget
    part starts at `forget`. Step k is called `<name>.k`, with its gates `<name>.k.gates` (i f g o) and its cell `<name>.k.cell`.
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
    cell: Node | None = None
    for k in range(x.shape[0]):
        z = select(tape, drive, k, name=f"{name}.{k}.drive")
        if outputs:
            z = add(tape, z, affine(tape, outputs[-1], weight=recurrent, bias=False, name=f"{name}.{k}.recurrent"), name=f"{name}.{k}.z")
        h, cell = lstm_cell(tape, z, cell, name=f"{name}.{k}")
        outputs.append(h)
    return outputs


def _logistic(x):
    return 1 / (1 + np.exp(-x))


def _step(z, c=0.0):
    i, f, g, o = np.split(z, 4, -1)
    c = _logistic(f) * c + _logistic(i) * np.tanh(g)
    return _logistic(o) * np.tanh(c), c


def _sequence(x, m_input, m_bias, m_recurrent):
    h, c = 0.0, 0.0
    for k in range(x.shape[1]):
        h, c = _step(x[:, k] @ m_input + m_bias + (h @ m_recurrent if k else 0.0), c)
    return h


case(
    "lstm_cell",
    {"x": (8,), "y": (2,)},
    lambda t, x, y: t.concatenate(list(t.lstm_cell(x, y))),
    lambda x, y: np.concatenate(_step(x, y), -1),
)
case("lstm_cell, first step", {"x": (8,)}, lambda t, x: t.lstm_cell(x)[0], lambda x: _step(x)[0])
case("lstm", {"x": (4, 2)}, lambda t, x: t.lstm(x, 3, name="m")[-1], _sequence)
