"""What a program consists of: nodes, instructions, live numbers and objectives, as operations write them down."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lab.errors import ModelError, ParameterError, near
from lab.tape.initialisers import check_initialiser
from lab.tape.optimisers import Optimiser
from lab.tape.registry import OPCODES, find_operation


@dataclass(frozen=True, eq=False)
class Node:
    """A value in a program: a name, a shape per sample, and whether it has a batch axis.

    kind: input, parameter, constant, value, scratch (what an operation keeps for its gradient) or statistic (running values).
    base is the node whose memory this one shares (reshape); a stopped node shares the value but passes no gradient. signs is
    the constant that holds the signs of a parameter.
    """

    tape: Listing = field(repr=False)
    index: int
    name: str
    shape: tuple[int, ...]
    batched: bool
    kind: str
    base: int
    stopped: bool = False
    init: Any = None
    decay: bool = True
    constraint: str = ""
    classes: int = 0
    signs: int = -1

    @property
    def size(self) -> int:
        """Number of values per sample."""
        return int(math.prod(self.shape))

    def _do(self, operation: str, *others: Any) -> Node:
        return find_operation(operation)(self.tape, self, *others)

    def __add__(self, other: Node | float) -> Node:
        return self._do("add" if isinstance(other, Node) else "shift", other)

    def __sub__(self, other: Node | float) -> Node:
        return self._do("subtract", other) if isinstance(other, Node) else self._do("shift", -other)

    def __mul__(self, other: Node | float) -> Node:
        return self._do("multiply" if isinstance(other, Node) else "scale", other)

    def __rsub__(self, other: float) -> Node:
        return self._do("scale", -1.0)._do("shift", other)

    def __neg__(self) -> Node:
        return self._do("scale", -1.0)

    __radd__ = __add__
    __rmul__ = __mul__


@dataclass(frozen=True)
class Instruction:
    """One call of an opcode: what it reads, writes and keeps; offsets are filled in by the compiler."""

    opcode: str
    out: int
    inputs: tuple[int, ...]
    ints: tuple[int, ...]
    floats: int
    aux: int
    statistics: int
    batched: bool
    macs: int


@dataclass(frozen=True)
class Hyper:
    """A live number: its place in the array of hyper-parameters is its place in the tape's list."""

    name: str
    value: float
    lo: float
    hi: float


@dataclass(frozen=True)
class Objective:
    """A loss, the optimiser that descends it and the parameters it may move; `turn` is where its turn stands among the live numbers."""

    name: str
    loss: Node
    optimiser: Optimiser
    parameters: tuple[int, ...]
    floats: int
    record: str
    turn: int = -1


@dataclass(frozen=True)
class Settling:
    """An inner loop: the free nodes move along the gradient of a loss; it stands after the first `at` instructions.

    floats and ints are read by its kernels (`lab/tape/operations/settling.py`); the trace holds the loss of each step.
    """

    name: str
    loss: Node
    free: tuple[Node, ...]
    at: int
    floats: int
    ints: tuple[int, ...]
    centre: Node | None
    trace: Node
    counter: Node


class Listing:
    """A program as a list: every operation appends its instructions here, the compiler reads them."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.instructions: list[Instruction] = []
        self.hypers: list[Hyper] = []
        self.objectives: list[Objective] = []
        self.settlings: list[Settling] = []
        self.records: list[tuple[str, Node]] = []
        self.constants: dict[int, np.ndarray] = {}
        self._names: dict[str, int] = {}
        self._counts: dict[str, int] = {}

    def find(self, name: str) -> Node:
        """The node called `name`."""
        if name not in self._names:
            raise ModelError(f"tape: there is no node '{name}'; {near(name, self._names)}")
        return self.nodes[self._names[name]]

    def parameter(
        self,
        name: str,
        shape: int | Sequence[int],
        init: Any = "xavier",
        *,
        decay: bool = True,
        constraint: str = "",
        signs: Sequence[float] | np.ndarray | None = None,
    ) -> Node:
        """A trained array; `init` is a name of `lab.tape.initialisers`, a number, or an array.

        decay=False exempts it from weight decay; constraint="nonnegative" clamps it at 0 after every update. signs gives each
        presynaptic unit (entry of the last axis but one) a sign s of 1, -1 or 0 (free): its weights start as s |w|, and after
        every update those with w s < 0 are set to 0.
        """
        shape = shape_of(name, shape)
        check_initialiser(name, shape, init)
        held = -1
        if signs is not None:
            array = np.asarray(signs, float)
            if constraint or len(shape) < 2 or array.shape != shape[-2:-1] or not np.isin(array, (-1.0, 0.0, 1.0)).all():
                raise ParameterError(
                    f"tape: the signs of parameter '{name}' of shape {shape} must be 1, -1 or 0, one for each of the {shape[-2:-1] or (0,)} units that "
                    f"its weights come from, and without another constraint (got an array of shape {array.shape}).",
                    owner="tape",
                    names=("signs",),
                )
            held = self.constant(f"{name}.signs", array).index
        if constraint not in ("", "nonnegative"):
            raise ParameterError(
                f"tape: parameter '{name}' has the constraint '{constraint}', which is unknown; use 'nonnegative' or none."
            )
        return self.node(name, "parameter", shape, False, init=init, decay=decay, constraint=constraint, signs=held)

    def constant(self, name: str, value: Any) -> Node:
        """A fixed array without a batch axis."""
        array = np.asarray(value, float)
        node = self.node(name, "constant", array.shape, False)
        self.constants[node.index] = array
        return node

    def free_name(self, name: str | None, prefix: str) -> str:
        """The given name if it is free, or the next free one with that prefix."""
        if name is None:
            while True:
                self._counts[prefix] = self._counts.get(prefix, 0) + 1
                name = f"{prefix}{self._counts[prefix]}"
                if name not in self._names:
                    return name
        self._refuse_taken(name)
        return name

    def expect_axes(self, name: str, x: Node, least: int, most: int | None = None) -> None:
        """Refuse a node with too few or too many axes, or of another tape."""
        if x.tape is not self:
            raise ModelError(f"tape: '{name}' was given '{x.name}', which belongs to another tape; build it on this one.")
        if len(x.shape) < least or (most is not None and len(x.shape) > most):
            wanted = f"{least}" if most == least else f"at least {least}" if most is None else f"{least} to {most}"
            raise ModelError(f"tape: '{name}' needs {wanted} axes per sample, but '{x.name}' has the shape {x.shape}; reshape it.")

    def emit(
        self,
        opcode: str,
        inputs: Sequence[Node | None],
        shape: Sequence[int],
        *,
        name: str | None = None,
        ints: Sequence[int] = (),
        floats: dict[str, tuple[float, float, float]] | None = None,
        scratch: int | Node | None = None,
        scratch_batched: bool | None = None,
        statistics: Node | None = None,
        batched: bool | None = None,
        macs: int = 0,
        into: Node | None = None,
        classes: int = 0,
    ) -> Node:
        """Append one instruction and return its output node.

        ints and floats (name -> value, lowest, highest: live hyper-parameters `<name>.<key>`) are read by the kernels from
        r[INTS] on and f[r[FLOATS]] on; `scratch` reserves that many values per sample (or in all, if scratch_batched=False or
        nothing has a batch axis) at r[AUX], a node of kind scratch is used again (what is kept there is lost to the next user); `statistics` is a statistic node at r[STATISTICS]; `into` writes to an existing node.
        """
        if opcode not in OPCODES:
            raise ModelError(f"tape: there is no opcode '{opcode}'; {near(opcode, OPCODES)}")
        name = into.name if into is not None else self.free_name(name, opcode)
        for node in inputs:
            if node is not None and node.tape is not self:
                raise ModelError(f"tape: '{name}' was given '{node.name}', which belongs to another tape; build it on this one.")
        if batched is None:
            batched = any(node is not None and node.batched for node in inputs)
        self._expect_batch(opcode, name, inputs, into.batched if into is not None else batched)
        where = self.add_floats(name, floats) if floats else -1
        aux = -1
        if isinstance(scratch, Node):
            aux = scratch.index
        elif scratch is not None:
            shared = batched if scratch_batched is None else scratch_batched
            aux = self.node(self.free_name(None, f"{name}.scratch"), "scratch", (scratch,), shared).index
        out = into if into is not None else self.node(name, "value", tuple(int(n) for n in shape), batched, classes=classes)
        index = tuple(-1 if node is None else node.index for node in inputs)
        kept = -1 if statistics is None else statistics.index
        self.instructions.append(Instruction(opcode, out.index, index, tuple(int(i) for i in ints), where, aux, kept, batched, int(macs)))
        return out

    def _expect_batch(self, opcode: str, name: str, inputs: Sequence[Node | None], batched: bool) -> None:
        """Refuse what would be read past its end: one value for all samples where the kernel takes one per sample, or the reverse."""
        known = OPCODES[opcode]
        for k, node in enumerate(inputs):
            if node is None or k in known.either:
                continue
            if k in known.shared and node.batched:
                raise ModelError(
                    f"tape: {opcode} '{name}' uses one '{node.name}' for all samples, but it has one per sample; give a parameter or a constant."
                )
            if k not in known.shared and node.batched != batched:
                others = [n.name for j, n in enumerate(inputs) if n is not None and n.batched and j not in known.shared]
                raise ModelError(
                    f"tape: {opcode} '{name}' takes one '{node.name}' per sample{f', as of {others[0]!r}' if others else ''}, but it has no batch "
                    "axis; give it as an input, or add it to a value that has one."
                )

    def alias(self, x: Node, shape: Sequence[int], *, name: str | None = None, stopped: bool = False, prefix: str = "reshape") -> Node:
        """The same memory under another shape (reshape) or without a gradient (stopped)."""
        name = self.free_name(name, prefix)
        return self.node(name, "value", tuple(shape), x.batched, base=x.base, stopped=stopped or x.stopped, classes=x.classes)

    def statistic(self, name: str, shape: Sequence[int], init: Any = "zeros") -> Node:
        """Running values that training updates and evaluation reads; part of the state."""
        return self.node(name, "statistic", tuple(shape), False, init=init)

    def empty(self, name: str, shape: Sequence[int], batched: bool = True, classes: int = 0) -> Node:
        """A node to be written by several instructions (`emit(..., into=)`)."""
        return self.node(name, "value", tuple(shape), batched, classes=classes)

    def add_floats(self, owner: str, floats: dict[str, tuple[float, float, float]]) -> int:
        """Append live hyper-parameters `<owner>.<key>` (value, lowest, highest); returns the place of the first."""
        start = len(self.hypers)
        for key, (value, lo, hi) in floats.items():
            if not lo <= value <= hi:
                raise ParameterError(f"{owner}.{key}: must lie between {lo:g} and {hi:g} (got {value:g}).", owner=owner, names=(key,))
            self.hypers.append(Hyper(f"{owner}.{key}", float(value), lo, hi))
        return start

    def ancestors(self, targets: Sequence[Node], cut: Container[int] = ()) -> set[int]:
        """Indices of all nodes that the targets are computed from, themselves included; nothing is followed behind those of `cut`."""
        needed = {index for node in targets for index in (node.index, node.base)}
        while True:
            for instruction in reversed(self.instructions):
                if instruction.out in needed and instruction.out not in cut:
                    for index in instruction.inputs:
                        if index >= 0:
                            needed |= {index, self.nodes[index].base}
            # Where a free node came to rest depends on all that its inner loss does.
            more: set[int] = set()
            for settling in self.settlings:
                if settling.trace.index in needed or any(node.index in needed and node.index not in cut for node in settling.free):
                    for node in (settling.loss, settling.trace, *settling.free, *([settling.centre] if settling.centre else [])):
                        more |= {node.index, node.base}
            if more <= needed:
                return needed
            needed |= more

    def _refuse_taken(self, name: str) -> None:
        if name in self._names:
            raise ModelError(f"tape: the name '{name}' is taken by a {self.nodes[self._names[name]].kind}; give one of them another name.")

    def node(self, name, kind, shape, batched, *, base=None, stopped=False, **marks) -> Node:
        self._refuse_taken(name)
        index = len(self.nodes)
        node = Node(self, index, name, shape, batched, kind, index if base is None else base, stopped, **marks)
        self.nodes.append(node)
        self._names[name] = index
        return node


def shape_of(name: str, shape: int | Sequence[int]) -> tuple[int, ...]:
    axes = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if any(int(n) != n or n < 1 for n in axes):
        raise ParameterError(
            f"tape: '{name}' has the shape {axes}; every axis must be a whole number of at least 1.", owner="tape", names=(name,)
        )
    return tuple(int(n) for n in axes)
