"""A group of squid cells that goes through time together: what each step does to all of them, in double precision.

What moves lies in the rows of one array, at distances that the compiler knows: of arrays apart it would have to prove that they do not
overlap, and it gives up when a loop has many. Rows are a little longer than a group, since a processor keeps few places whose
addresses differ by the same power of two.
"""

from __future__ import annotations

from lab.cells.spikes import turning
from lab.cells.squid import gates_after
from lab.cells.squid_membrane import voltage_after
from lab.kernels import kernel

GROUP = 768  # cells at most
ROW = GROUP + 24
V, M, H, N, TOTAL, OWN, BEFORE, CLIMB = (k * ROW for k in range(8))
SIZE = 8 * ROW
LINE = 64  # bytes that a processor reads at once: vectors that lie across two of them cost twice


@kernel
def on_a_line(raw):
    """The part of an array that begins at the beginning of a line and holds a group."""
    begin = -raw.ctypes.data % LINE // raw.itemsize
    return raw[begin : begin + SIZE]


@kernel
def group_gates(w, count, drive, dt):
    """One step of all gates, and what flows into each cell."""
    for i in range(count):
        w[TOTAL + i] = drive + w[OWN + i]
        w[M + i], w[H + i], w[N + i] = gates_after(w[M + i], w[H + i], w[N + i], w[V + i], dt)


@kernel
def group_voltages(w, count, turned, membrane, dt, peak):
    """One step of all voltages, and whether each turns (`spikes.turning`)."""
    for i in range(count):
        before = w[V + i]
        after = voltage_after(before, w[M + i], w[H + i], w[N + i], w[TOTAL + i], membrane, dt)
        w[BEFORE + i], w[V + i] = before, after
        turned[i] = turning(before, after, peak, w[CLIMB + i])


DOUBLE = group_gates, group_voltages
