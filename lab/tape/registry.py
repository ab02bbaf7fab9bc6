"""What an operation is to the tape: a pair of kernels, a builder method, and the cases that prove it.

An operation lives in one file of `lab/tape/operations/` and consists of

- an *opcode*: a forward and a backward kernel, both called as `kernel(a, r, f, n, train, random)` with the arena `a` (one flat
  float array), the instruction `r` (a row of integers, columns named below), the live hyper-parameters `f` (float64), the
  number of samples `n` (1 where nothing has a batch axis), the mode (1 train, 0 evaluate) and the generator `random`;
- one or more *builder methods* (decorator `operation`), which check shapes and emit instructions; they become methods of `Tape`;
- *cases*: small programs with an independent NumPy oracle, from which the tests and the gradient check are derived.

A backward kernel **adds** to the gradient of an input, and does so only where that gradient's offset is not negative. An opcode
registered with `fresh=True` promises more: where `r[FRESH]` has the bit of an input (1, 2, 4) it overwrites instead, which
spares a pass over the memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dis import get_instructions
from functools import cache
from itertools import count
from typing import Any

from lab.errors import ModelError, near

# Columns of an instruction. BATCHED tells the interpreter whether n is the batch or 1. Offsets count from the arena's start;
# the gradient offset of a value that needs none is -1.
OPCODE, BATCHED, OUT, DOUT, X, DX, Y, DY, Z, DZ, AUX, STATISTICS, FRESH, SIZE, FLOATS, INTS = range(16)
WIDTH = 32
# The last ones; the integers of no operation come so far. START and STOP: which rows of a weight's gradient to compute (-1: all of them);
# MACS: multiply-adds per sample, which say how long an instruction takes.
START, STOP, MACS = WIDTH - 3, WIDTH - 2, WIDTH - 1
# Opcodes below 0 steer the inner loop of a settling and call no kernel.
ENTER, HEAD, END = -1, -2, -3


@dataclass(frozen=True)
class Opcode:
    """One kind of instruction: its number in the rows and its two kernels."""

    name: str
    number: int
    forward: Callable
    backward: Callable | None
    fresh: bool
    shared: tuple[int, ...]
    either: tuple[int, ...]
    divides: int


@dataclass(frozen=True)
class Case:
    """A small program that exercises one operation, with an independent NumPy oracle.

    inputs: name -> shape per sample, or name -> array of samples; build(tape, **nodes) returns the node under test;
    oracle(**arrays) returns its expected value for the batch (parameters of the program are passed by name with dots
    replaced by underscores). `kinks` loosens the gradient check to 1e-4 (ReLU, maximum); `smooth=False` says that the
    operation has no gradient to check; `train` is the mode.
    """

    name: str
    inputs: dict[str, Any]
    build: Callable
    oracle: Callable | None = None
    kinks: bool = False
    smooth: bool = True
    train: bool = False


OPCODES: dict[str, Opcode] = {}
_numbers = count(1)
OPERATIONS: dict[str, Callable] = {}
CASES: list[Case] = []


def opcode(
    name: str,
    forward: Callable,
    backward: Callable | None = None,
    *,
    fresh: bool = False,
    shared: tuple[int, ...] = (),
    either: tuple[int, ...] = (),
    divides: int = -1,
) -> None:
    """Register the two kernels of a kind of instruction; numbers follow the order of registration, from 1.

    Inputs named in `shared` (0, 1, 2 for X, Y, Z) are one for all samples (weights), those in `either` may be; of all others
    the kernels read one per sample wherever the output has a batch axis, and the builder sees to it. divides: an input, a matrix, whose
    gradient the backward kernel computes in part where r[START] is not negative: its rows r[START] to r[STOP] alone.
    """
    if name in OPCODES:
        raise ModelError(f"tape: opcode '{name}' is registered twice; give one of them another name.")
    OPCODES[name] = Opcode(name, next(_numbers), forward, backward, fresh, shared, either, divides)


@cache
def reads_mode(known: Opcode) -> bool:
    """Whether the forward kernel reads the mode or draws random numbers: then two passes over the same inputs may differ."""
    return bool({"train", "random"} & loads(known.forward))


@cache
def loads(kernel: Callable) -> frozenset[str]:
    """Which of its arguments and variables a kernel reads."""
    found = (i.argval for i in get_instructions(getattr(kernel, "py_func", kernel)) if i.opname.startswith("LOAD_FAST"))
    return frozenset(name for names in found for name in (names if isinstance(names, tuple) else (names,)))


def operation(function: Callable) -> Callable:
    """Make `function(tape, ...)` a method of `Tape` under its own name."""
    if function.__name__ in OPERATIONS:
        raise ModelError(f"tape: operation '{function.__name__}' is registered twice; give one of them another name.")
    OPERATIONS[function.__name__] = function
    return function


def case(name: str, inputs: dict[str, Any], build: Callable, oracle: Callable | None = None, **marks: bool) -> None:
    """Register one case of the proof; see `Case`."""
    CASES.append(Case(name, inputs, build, oracle, **marks))


def find_operation(name: str) -> Callable:
    """The builder method called `name`, or an AttributeError that names its neighbours."""
    if name not in OPERATIONS:
        raise AttributeError(f"Tape has no operation '{name}'; {near(name, OPERATIONS)}")
    return OPERATIONS[name]
