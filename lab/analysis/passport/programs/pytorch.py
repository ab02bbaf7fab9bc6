"""PyTorch: a network of layers as it is at the end of a run, on the test examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lab.analysis.passport.program import Program, register
from lab.analysis.passport.writing import Expected, Script, Untold, script
from lab.model import LayerTerms

ACTIVATIONS = {
    "identity": "Identity()", "sigmoid": "Sigmoid()", "tanh": "Tanh()", "ReLU": "ReLU()", "softplus": "Softplus()",
    "leaky ReLU": "LeakyReLU(0.01)", "GELU": "GELU(approximate='tanh')",
}  # fmt: skip
LOSSES = {"cross-entropy": "cross_entropy", "mean squared error": "mse_loss"}

BODY = """
torch.set_num_threads(1)
with numpy.load(Path(__file__).with_suffix(".npz"), allow_pickle=False) as file:
    arrays = {name: torch.from_numpy(file[name]).double() for name in file.files}
parts = []
for k, layer in enumerate(GIVEN["layers"]):
    affine = torch.nn.Linear(layer["inputs"], layer["units"], dtype=torch.float64)
    with torch.no_grad():
        affine.weight.copy_(arrays[f"weights{k}"].T)
        affine.bias.copy_(arrays[f"bias{k}"])
    parts += [affine, ACTIVATIONS[layer["activation"]]]
network = torch.nn.Sequential(*parts)
targets = arrays["targets"].long() if GIVEN["loss"] == "cross-entropy" else arrays["targets"].reshape(len(arrays["inputs"]), -1)
outputs = network(arrays["inputs"])
loss = LOSSES[GIVEN["loss"]](outputs, targets)
loss.backward()
gradient = torch.sqrt(sum((p.grad**2).sum() for p in network.parameters()))
found = {
    "loss of the test part": loss.item(),
    "length of its gradient": gradient.item(),
    "largest difference of an output": (outputs - arrays["outputs"]).abs().max().item(),
}
if GIVEN["loss"] == "cross-entropy":
    found["accuracy of the test part"] = (outputs.argmax(1) == targets).double().mean().item()
"""


@register
class PyTorch(Program):
    """PyTorch is given the weights and works out outputs, loss and gradient in float64."""

    name, title, module, order = "pytorch", "PyTorch", "torch", 50.0

    @property
    def tells(self) -> Mapping[type, Callable[[Any], Script]]:
        return {LayerTerms: self._layers}

    def _layers(self, terms: LayerTerms) -> Script:
        unknown = [layer.activation for layer in terms.layers if layer.activation not in ACTIVATIONS]
        if unknown or terms.loss not in LOSSES:
            raise Untold(f"its activations and losses have none called '{(unknown or [terms.loss])[0]}'.")
        given = {
            "loss": terms.loss,
            "layers": [
                {"inputs": layer.weights.shape[0], "units": layer.weights.shape[1], "activation": layer.activation}
                for layer in terms.layers
            ],
        }
        arrays = {"inputs": terms.inputs, "targets": terms.targets, "outputs": terms.outputs}
        for k, layer in enumerate(terms.layers):
            arrays |= {f"weights{k}": layer.weights, f"bias{k}": layer.bias}
        # The lab works in float32: seven digits, of sums over many units.
        scale = max(1.0, float(abs(terms.outputs).max()))
        one = 1.0 / len(terms.inputs)  # an example whose two best answers are equally good
        expected = [
            Expected(name, value, one if name.startswith("accuracy") else 1e-4 * abs(value) + 1e-6) for name, value in terms.figures.items()
        ]
        expected.append(Expected("largest difference of an output", 0.0, 1e-5 * scale))
        used = sorted({layer.activation for layer in terms.layers})
        words = "".join(f"    {name!r}: torch.nn.{ACTIVATIONS[name]},\n" for name in used)
        tables = f'ACTIVATIONS = {{\n{words}}}\nLOSSES = {{"{terms.loss}": torch.nn.functional.{LOSSES[terms.loss]}}}\n'
        about = (
            "A trained network in PyTorch: python pytorch_run.py, with PyTorch installed. Written by Neural Lab, of which it needs nothing."
        )
        text = script(about, "from pathlib import Path\n\nimport numpy\nimport torch", given, expected, tables + BODY)
        return Script(text, tuple(expected), arrays)
