"""Where everything lies in the arena, and which rows of integers compute it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import numpy as np

from lab.tape.listing import Instruction, Listing, Node, Settling
from lab.tape.operations.settling import STEPS
from lab.tape.registry import (
    AUX,
    BATCHED,
    DOUT,
    DX,
    DY,
    DZ,
    END,
    ENTER,
    FLOATS,
    FRESH,
    HEAD,
    INTS,
    MACS,
    OPCODE,
    OPCODES,
    OUT,
    SIZE,
    STATISTICS,
    WIDTH,
    X,
    Y,
    Z,
    reads_mode,
)  # fmt: skip

LINE = 16  # values start at multiples of a cache line of float32
PLACES = ((X, DX), (Y, DY), (Z, DZ))


class Layout:
    """Offsets of all values and gradients: parameters, statistics, constants and values first, gradients after them.

    Parameters lie by the group of objectives that moves them, weights before biases, so that an optimiser walks over few
    long segments.
    """

    def __init__(self, tape: Listing, batch: int):
        self.tape, self.batch = tape, batch
        nodes = tape.nodes
        groups = {index: k for k, objective in reversed(list(enumerate(tape.objectives))) for index in objective.parameters}
        trained = sorted(
            (node for node in nodes if node.kind == "parameter"),
            key=lambda node: (groups.get(node.index, len(groups)), not node.decay, node.constraint, node.index),
        )
        self.offsets, self.gradients = [-1] * len(nodes), [-1] * len(nodes)
        end = 0
        for node in trained:
            self.offsets[node.index] = end
            end += node.size
        self.parameters = end
        for node in nodes:
            if node.kind == "statistic":
                self.offsets[node.index] = end
                end += node.size
        self.statistics = end - self.parameters
        own = [node for node in nodes if node.base == node.index and node.kind in ("constant", "input", "value", "scratch")]
        for node in own:
            end = -(-end // LINE) * LINE
            self.offsets[node.index] = end
            end += self.room(node)
        end = -(-end // LINE) * LINE
        for node in trained:
            self.gradients[node.index] = end + self.offsets[node.index]
        end += self.parameters
        for node in own:
            if node.kind in ("input", "value", "constant"):
                end = -(-end // LINE) * LINE
                self.gradients[node.index] = end
                end += self.room(node)
        self.length = end
        self._active: dict[frozenset, set[int]] = {}

    def room(self, node: Node) -> int:
        """Values that a node takes for a full batch."""
        return node.size * (self.batch if node.batched else 1)

    def offset(self, node: Node) -> int:
        """Where the value of a node starts."""
        return self.offsets[node.base]

    def gradient(self, node: Node) -> int:
        """Where the gradient of a node starts."""
        return self.gradients[node.base]

    # Rows --------------------------------------------------------------------------------------------------------------

    def _row(self, instruction: Instruction, number: int) -> np.ndarray:
        nodes, row = self.tape.nodes, np.full(WIDTH, -1, np.int64)
        out = nodes[instruction.out]
        row[OPCODE], row[BATCHED], row[OUT], row[SIZE] = number, instruction.batched, self.offset(out), out.size
        for (place, _), index in zip(PLACES, instruction.inputs, strict=False):
            if index >= 0:
                row[place] = self.offset(nodes[index])
        row[AUX] = self.offsets[instruction.aux] if instruction.aux >= 0 else -1
        row[STATISTICS] = self.offsets[instruction.statistics] if instruction.statistics >= 0 else -1
        row[FLOATS], row[FRESH] = instruction.floats, 0
        row[INTS : INTS + len(instruction.ints)] = instruction.ints
        row[MACS] = instruction.macs
        return row

    def forward_rows(self, targets: Iterable[Node], without: Container[int] = (), cut: Container[int] = ()) -> list[np.ndarray]:
        """Instructions that compute the targets, in order, but not those that write `without`, nor what only `cut` needs.

        What depends on a free node waits for its settling, which stands where `settle` was called.
        """
        needed = self.tape.ancestors(list(targets), cut)
        settlings = [s for s in self.tape.settlings if s.trace.index in needed and any(node.index not in without for node in s.free)]
        waits = [self._follows(node.index for node in s.free if node.index not in without) for s in settlings]
        rows: list[np.ndarray] = []
        for place, instruction in enumerate([*self.tape.instructions, None]):
            for k, settling in enumerate(settlings):
                if settling.at == place:
                    later = [i for i in self.tape.instructions[:place] if i.out in needed and i.out not in without and i.out in waits[k]]
                    rows += self._settle(settling, later, without)
            if instruction is not None and instruction.out in needed and instruction.out not in without:
                if not any(instruction.out in wait and place < s.at for s, wait in zip(settlings, waits, strict=True)):
                    rows.append(self._forward(instruction))
        return rows

    def _forward(self, instruction: Instruction) -> np.ndarray:
        return self._row(instruction, 2 * OPCODES[instruction.opcode].number)

    def _follows(self, first: Iterable[int]) -> set[int]:
        """Nodes that are computed from the given ones."""
        start = set(first)
        found = set(start)
        for instruction in self.tape.instructions:
            if any(i >= 0 and self.tape.nodes[i].base in found for i in instruction.inputs):
                found.add(instruction.out)
        return found - start

    def _settle(self, settling: Settling, later: list[Instruction], without: Container[int]) -> list[np.ndarray]:
        """The inner loop: start, then as often as the live number of steps says: gradient, move, and all that the loss needs anew.

        enter, confine, forward, trace, head, seed, backward, move, forward, end, rest
                                   ^                                          |
                                   '------------------------------------------'
        """
        free = [node for node in settling.free if node.index not in without]
        behind = self.tape.ancestors([settling.loss])
        inner = [i for i in later if i.out in behind]
        forward = [self._forward(i) for i in inner]
        centre = -1 if settling.centre is None else self.offset(settling.centre)

        def own(kind: str, node: Node, **columns: int) -> np.ndarray:
            row = np.full(WIDTH, -1, np.int64)
            row[OPCODE], row[BATCHED], row[OUT], row[SIZE] = 2 * OPCODES[kind].number, node.batched, self.offset(node), node.size
            row[DOUT], row[FLOATS], row[AUX], row[FRESH] = self.gradient(node), settling.floats, self.offsets[settling.counter.index], 0
            row[INTS : INTS + len(settling.ints)] = settling.ints
            row[X] = columns.get("x", -1)
            return row

        def control(code: int, *ints: int) -> np.ndarray:
            row = own("settle_trace", settling.trace)
            row[OPCODE], row[FLOATS] = code, settling.floats + STEPS
            row[INTS : INTS + len(ints)] = ints
            return row

        trace = own("settle_trace", settling.trace, x=self.offset(settling.loss))
        confine = [own("settle_confine", node, x=centre) for node in free]
        moves = [own("settle_move", node, x=centre) for node in free]
        backward = self.backward_rows(settling.loss, {node.index for node in free})
        turn = [own("settle_seed", settling.loss), *backward, *moves, *forward]
        # Only where something depends on the mode or draws does the last state need another pass in the mode of the whole.
        moody = any(reads_mode(OPCODES[i.opcode]) for i in inner)
        again = forward if moody else []
        head = control(HEAD, len(turn) + 2, len(turn) + 2 + len(again))
        rest = [self._forward(i) for i in later if i.out not in behind]
        return [control(ENTER, int(moody)), *confine, *forward, trace, head, *turn, control(END, len(turn) + 2), *again, *rest]

    def _depends(self, wrt: Iterable[int]) -> set[int]:
        """Base nodes through which a gradient with respect to `wrt` flows."""
        nodes = self.tape.nodes
        active = {nodes[index].base for index in wrt}
        for instruction in self.tape.instructions:
            if OPCODES[instruction.opcode].backward is not None:
                if any(i >= 0 and nodes[i].base in active and not nodes[i].stopped for i in instruction.inputs):
                    active.add(instruction.out)
        return active

    def _clear(self, node: Node) -> np.ndarray:
        row = np.full(WIDTH, -1, np.int64)
        row[OPCODE], row[BATCHED], row[OUT], row[SIZE] = 0, node.batched, self.gradient(node), node.size
        return row

    def backward_rows(self, root: Node, wrt: set[int]) -> list[np.ndarray]:
        """Instructions that give the gradient of `root` with respect to the nodes `wrt`, after the root's own is set.

        The first contribution to a gradient overwrites it where the opcode can, else it is cleared just before.
        """
        nodes = self.tape.nodes
        active, needed = set() if root.stopped else self._depends(wrt), self.tape.ancestors([root])
        written, rows = {root.base} if active else set(), []
        for instruction in reversed(self.tape.instructions):
            out = nodes[instruction.out]
            if out.index not in needed or out.index not in active or out.index not in written:
                continue
            known = OPCODES[instruction.opcode]
            if known.backward is None:
                continue
            row = self._row(instruction, 2 * known.number + 1)
            row[DOUT] = self.gradient(out)
            bases = [nodes[i].base if i >= 0 else -1 for i in instruction.inputs]
            wanted = [k for k, index in enumerate(instruction.inputs) if index >= 0 and bases[k] in active and not nodes[index].stopped]
            if not wanted:  # one of several that write the same node: what this one copied wants no gradient
                continue
            for k in wanted:
                row[PLACES[k][1]] = self.gradients[bases[k]]
                if bases[k] not in written:
                    written.add(bases[k])
                    if known.fresh and bases.count(bases[k]) == 1:
                        row[FRESH] |= 1 << k
                    else:
                        rows.append(self._clear(nodes[bases[k]]))
            rows.append(row)
        rows += [self._clear(nodes[index]) for index in sorted({nodes[i].base for i in wrt} - written)]
        return rows

    @staticmethod
    def table(rows: list[np.ndarray]) -> np.ndarray:
        """Rows as one table."""
        return np.array(rows, np.int64).reshape(-1, WIDTH)

    def segments(self, chosen: Iterable[int]) -> list[tuple[int, ...]]:
        """(offset, gradient offset, length, decays, nonnegative, offset of the signs, their number, weights of each) of the parameters.

        Neighbours of one kind are joined; signs are -1, 0, 0 where there are none.
        """
        found: list[list[int]] = []
        for index in sorted(chosen, key=lambda index: self.offsets[index]):
            node = self.tape.nodes[index]
            signs = [self.offsets[node.signs], *node.shape[-2:]] if node.signs >= 0 else [-1, 0, 0]
            here = [self.offsets[index], self.gradients[index], node.size, int(node.decay), int(node.constraint == "nonnegative"), *signs]
            if found and found[-1][0] + found[-1][2] == here[0] and found[-1][3:] == here[3:]:
                found[-1][2] += node.size
            else:
                found.append(here)
        return [tuple(segment) for segment in found]

    # Summary -----------------------------------------------------------------------------------------------------------

    def summary(self, itemsize: int) -> list[dict[str, Any]]:
        """One row per layer (nodes that share the name before the first dot), and a last row "total".

        Keys: name, kind, shape_in, shape_out, parameters, multiply_adds (per sample), bytes (values and gradients for a full
        batch, parameters with gradient and moments), neurons (values of the output, of layers with weights) and synapses
        (connections: one per multiply-add with a weight).
        """
        nodes, counted = self.tape.nodes, set()
        rows: list[dict[str, Any]] = []
        for instruction in self.tape.instructions:
            out = nodes[instruction.out]
            if rows and rows[-1]["name"] == out.name:
                rows[-1]["multiply_adds"] += instruction.macs
                continue
            trained = [nodes[i] for i in instruction.inputs if i >= 0 and nodes[i].kind == "parameter"]
            new = [node for node in trained if node.index not in counted]
            counted |= {node.index for node in trained}
            count = sum(node.size for node in new)
            weights = [node for node in trained if node.decay]
            rows.append(
                {
                    "name": out.name,
                    # ReLU is a leaky one whose slope is nobody's live number.
                    "kind": "relu" if instruction.opcode == "leaky" and instruction.floats < 0 else instruction.opcode,
                    "shape_in": next((nodes[i].shape for i in instruction.inputs if i >= 0), ()),
                    "shape_out": out.shape,
                    "parameters": count,
                    "multiply_adds": instruction.macs,
                    "bytes": itemsize * (2 * self.room(out) + 4 * count),
                    "neurons": out.size if weights else 0,
                    "synapses": instruction.macs if weights else 0,
                }
            )
        sums = {key: sum(row[key] for row in rows) for key in ("parameters", "multiply_adds", "bytes", "neurons", "synapses")}
        inputs = [node.shape for node in nodes if node.kind == "input"]
        last = rows[-1]["shape_out"] if rows else ()
        return [*rows, {"name": "total", "kind": "", "shape_in": inputs[0] if inputs else (), "shape_out": last, **sums}]
