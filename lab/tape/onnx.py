"""A network as an ONNX file: what turns an example into an output, in evaluation, with its weights.

Pictures of the tape are (rows, columns, channels), those of ONNX (channels, rows, columns): they are turned before and after each
operation on pictures. Noise, dropout and augmentation are nothing in evaluation and vanish.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import protobuf as pb
from lab.errors import FileError, ModelError
from lab.tape.listing import Instruction
from lab.tape.program import Program, State

OPSET, IR = 20, 9  # the first set of operators with Gelu, and the format that goes with it
FLOAT, INT64 = 1, 7  # kinds of tensors
INWARDS, OUTWARDS = (0, 3, 1, 2), (0, 2, 3, 1)  # axes of a picture for ONNX, and back
MOST_BYTES = 1 << 31  # a protocol-buffer file may not be larger

PLAIN = {
    "logistic": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus", "exp": "Exp", "log": "Log", "dropout": "Identity", "noise": "Identity",
    "augment": "Identity",
}  # fmt: skip
Scaling = tuple[np.ndarray, np.ndarray]  # what is taken away and divided by, or multiplied with and added


def save_onnx(
    path: Path,
    program: Program,
    state: State,
    output: str,
    *,
    before: Scaling | None = None,
    after: Scaling | None = None,
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Write the part of a program between the input x and a node as an ONNX file, weights included.

    before (mean, deviation) standardises what is given, after (factor, offset) brings the output to its unit; `notes` become
    metadata of the file, as JSON.
    """
    content = _Graph(program, state).model(output, before, after, notes or {})
    if len(content) >= MOST_BYTES:
        raise FileError(
            f"The network takes {len(content) / 1e9:.1f} GB, and an ONNX file holds at most 2 GB: save its weights as safetensors."
        )
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FileError(f"The network could not be written to '{path}': {error.strerror or error}; choose another place.") from None


class _Graph:
    """Nodes and arrays of an ONNX graph while it is written."""

    def __init__(self, program: Program, state: State):
        self.tape, self.hyper = program.tape, state["hyper"]
        self.arrays = program.parameters(state) | program.statistics(state)
        self.names: dict[int, str] = {}  # what a value of the tape is called
        self.nodes: list[bytes] = []
        self.held: dict[str, bytes] = {}

    def model(self, output: str, before: Scaling | None, after: Scaling | None, notes: Mapping[str, Any]) -> bytes:
        """The whole file."""
        tape, target = self.tape, self.tape.find(output)
        needed = tape.ancestors([target])
        given = [tape.nodes[k] for k in sorted(needed) if tape.nodes[k].kind == "input"]
        if [node.name for node in given] != ["x"] or given[0].classes:
            names = ", ".join(node.name for node in given) or "nothing"
            raise ModelError(f"ONNX is written of networks that answer one example x made of numbers; this one reads {names}.")
        x = given[0]
        self.names[x.index] = "x"
        if before is not None:
            centred = self.add("Sub", ["x", self.array("x.mean", before[0])], "x.centred")
            self.names[x.index] = self.add("Div", [centred, self.array("x.deviation", before[1])], "x.standardised")
        for instruction in tape.instructions:
            if instruction.out in needed:
                self.names[instruction.out] = self.write(instruction)
        answer = self.value(target.index)
        if after is not None:
            scaled = self.add("Mul", [answer, self.array(f"{output}.spread", after[0])], f"{output}.spread.out")
            answer = self.add("Add", [scaled, self.array(f"{output}.centre", after[1])], f"{output}.in units")
        graph = b"".join(pb.text(1, node) for node in self.nodes) + pb.text(2, "network")
        graph += b"".join(pb.text(5, tensor) for tensor in self.held.values())
        graph += pb.text(11, _described("x", x.shape)) + pb.text(12, _described(answer, target.shape))
        told = b"".join(pb.text(14, pb.text(1, key) + pb.text(2, json.dumps(value, ensure_ascii=False))) for key, value in notes.items())
        return pb.whole(1, IR) + pb.text(2, "neural-lab") + pb.text(7, graph) + pb.text(8, pb.text(1, "") + pb.whole(2, OPSET)) + told

    def write(self, i: Instruction) -> str:
        """One instruction of the tape; returns the name of what it makes."""
        out = self.tape.nodes[i.out]
        plain = PLAIN.get(i.opcode)
        if plain:
            return self.add(plain, [self.value(i.inputs[0])], out.name)
        write = getattr(self, f"_{i.opcode}", None)
        if write is None or out.kind != "value":
            raise ModelError(f"ONNX has no words here for '{i.opcode}' ('{out.name}'): dense and convolutional networks can be written.")
        return write(i, out.name)

    # Values --------------------------------------------------------------------------------------------------------------

    def value(self, index: int) -> str:
        """The name of a value, written down where it is an array of the network's, or another shape of a value."""
        if index in self.names:
            return self.names[index]
        node = self.tape.nodes[index]
        if node.kind in ("parameter", "statistic", "constant"):
            name = self.array(node.name, self._known(index))
        else:  # another shape of the same memory
            name = self.shaped(self.value(node.base), node.shape, node.name)
        self.names[index] = name
        return name

    def _known(self, index: int) -> np.ndarray:
        node = self.tape.nodes[index]
        return self.tape.constants[index] if node.kind == "constant" else self.arrays[node.name]

    def turned(self, index: int, axes: Sequence[int]) -> str:
        """An array of the network's with its axes in another order."""
        if self.tape.nodes[index].kind in ("parameter", "constant"):
            return self.array(f"{self.tape.nodes[index].name}.turned", self._known(index).transpose(axes))
        return self.add("Transpose", [self.value(index)], f"{self.tape.nodes[index].name}.turned", perm=axes)

    def array(self, name: str, value: Any, kind: int = FLOAT) -> str:
        """Hold an array under a name."""
        value = np.ascontiguousarray(value, "<f4" if kind == FLOAT else "<i8")
        self.held[name] = pb.packed(1, np.shape(value)) + pb.whole(2, kind) + pb.text(8, name) + pb.text(9, value.tobytes())
        return name

    def add(self, operator: str, inputs: Sequence[str], out: str, **attributes: Any) -> str:
        """Write a node; returns the name of what it makes."""
        node = b"".join(pb.text(1, name) for name in inputs) + pb.text(2, out) + pb.text(3, out) + pb.text(4, operator)
        self.nodes.append(node + b"".join(pb.text(5, _attribute(key, value)) for key, value in attributes.items()))
        return out

    def shaped(self, value: str, shape: Sequence[int], out: str) -> str:
        """Examples of another shape each."""
        return self.add("Reshape", [value, self.array(f"{out}.shape", np.array([-1, *shape]), INT64)], out)

    # Operations of the tape ----------------------------------------------------------------------------------------------

    def _affine(self, i: Instruction, out: str) -> str:
        weight = self.turned(i.inputs[1], (1, 0)) if i.ints[2] else self.value(i.inputs[1])
        if i.inputs[2] < 0:
            return self.add("MatMul", [self.value(i.inputs[0]), weight], out)
        product = self.add("MatMul", [self.value(i.inputs[0]), weight], f"{out}.product")
        return self.add("Add", [product, self.value(i.inputs[2])], out)

    def _conv2d(self, i: Instruction, out: str) -> str:
        weights = [self.turned(i.inputs[1], (3, 2, 0, 1))] + ([self.value(i.inputs[2])] if i.inputs[2] >= 0 else [])
        return self._over_pictures("Conv", i, out, weights)

    def _max_pool(self, i: Instruction, out: str) -> str:
        return self._over_pictures("MaxPool", i, out)

    def _average_pool(self, i: Instruction, out: str) -> str:
        return self._over_pictures("AveragePool", i, out, count_include_pad=1)

    def _over_pictures(self, operator: str, i: Instruction, out: str, weights: Sequence[str] = (), **more: int) -> str:
        rows, columns, stride, pad = i.ints[6:10]
        given = self.add("Transpose", [self.value(i.inputs[0])], f"{out}.channels first", perm=INWARDS)
        made = self.add(
            operator, [given, *weights], f"{out}.made", kernel_shape=(rows, columns), strides=(stride, stride), pads=(pad,) * 4, **more
        )
        return self.add("Transpose", [made], out, perm=OUTWARDS)

    def _leaky(self, i: Instruction, out: str) -> str:
        if i.floats < 0:
            return self.add("Relu", [self.value(i.inputs[0])], out)
        return self.add("LeakyRelu", [self.value(i.inputs[0])], out, alpha=float(self.hyper[i.floats]))

    def _gelu(self, i: Instruction, out: str) -> str:
        return self.add("Gelu", [self.value(i.inputs[0])], out, approximate="tanh")

    def _step(self, i: Instruction, out: str) -> str:
        above = self.add("Greater", [self.value(i.inputs[0]), self.array("zero", 0.0)], f"{out}.above")
        return self.add("Cast", [above], out, to=FLOAT)

    def _square(self, i: Instruction, out: str) -> str:
        return self.add("Mul", [self.value(i.inputs[0])] * 2, out)

    def _softmax(self, i: Instruction, out: str) -> str:
        if i.ints[1]:
            raise ModelError(f"ONNX has no words here for the causal softmax '{out}': dense and convolutional networks can be written.")
        return self.add("Softmax", [self.value(i.inputs[0])], out, axis=-1)

    def _log_softmax(self, i: Instruction, out: str) -> str:
        return self.add("LogSoftmax", [self.value(i.inputs[0])], out, axis=-1)

    def _add(self, i: Instruction, out: str) -> str:
        return self.add("Sub" if i.ints[4] < 0 else "Add", self._pair(i, out), out)

    def _multiply(self, i: Instruction, out: str) -> str:
        return self.add("Mul", self._pair(i, out), out)

    def _pair(self, i: Instruction, out: str) -> list[str]:
        """Both values; the smaller one with as many axes per sample as the larger."""
        x, y = self.tape.nodes[i.inputs[0]], self.tape.nodes[i.inputs[1]]
        second = self.value(y.index)
        if y.batched and len(y.shape) < len(x.shape):
            second = self.shaped(second, (*(1,) * (len(x.shape) - len(y.shape)), *y.shape), f"{out}.second")
        return [self.value(x.index), second]

    def _scale(self, i: Instruction, out: str) -> str:
        factor, offset = (self.array(f"{out}.{name}", self.hyper[i.floats + k]) for k, name in enumerate(("factor", "offset")))
        return self.add("Add", [self.add("Mul", [self.value(i.inputs[0]), factor], f"{out}.scaled"), offset], out)

    def _batch_norm(self, i: Instruction, out: str) -> str:
        (mean, variance), gain, bias = self._known(i.statistics).astype(float), self._known(i.inputs[1]), self._known(i.inputs[2])
        factor = gain / np.sqrt(variance + self.hyper[i.floats + 1])
        scaled = self.add("Mul", [self.value(i.inputs[0]), self.array(f"{out}.factor", factor)], f"{out}.scaled")
        return self.add("Add", [scaled, self.array(f"{out}.offset", bias - mean * factor)], out)

    def _layer_norm(self, i: Instruction, out: str) -> str:
        return self.add("LayerNormalization", [self.value(k) for k in i.inputs], out, axis=-1, epsilon=float(self.hyper[i.floats]))


def _described(name: str, shape: Sequence[int]) -> bytes:
    """A value of the graph: float32, any number of examples of this shape."""
    axes = pb.text(1, pb.text(2, "N")) + b"".join(pb.text(1, pb.whole(1, n)) for n in shape)
    return pb.text(1, name) + pb.text(2, pb.text(1, pb.whole(1, FLOAT) + pb.text(2, axes)))


def _attribute(name: str, value: float | int | str | Sequence[int]) -> bytes:
    if isinstance(value, float):
        return pb.text(1, name) + pb.single(2, value) + pb.whole(20, 1)
    if isinstance(value, int):
        return pb.text(1, name) + pb.whole(3, value) + pb.whole(20, 2)
    if isinstance(value, str):
        return pb.text(1, name) + pb.text(4, value) + pb.whole(20, 3)
    return pb.text(1, name) + pb.packed(8, value) + pb.whole(20, 7)
