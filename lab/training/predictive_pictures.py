"""What predictive coding shows: its nodes, the energy, both ways of learning beside each other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lab.model import Layer, Picture, Stage, Stream
from lab.training import predictive as pc


class Shown(NamedTuple):
    """What decides which pictures there are: names of the layers; whether inputs are pictures, feedback is its own, the input is free."""

    names: tuple[str, ...]
    pictures: bool
    own: bool
    free: bool


def streams(of: Shown) -> tuple[Stream, ...]:
    """Energies of each sweep, what each minibatch taught, and readings of what settles."""
    tapes = tuple(f"to {n}" for n in of.names[1:])
    found = [
        Stream("energy", "trace", "", "Energy F of the minibatch after each sweep: its sum, and the part of each layer.", (len(of.names),), ("F", *of.names[1:]), every=1),
        Stream("difference", "trace", "", "Largest difference of a weight's step from back-propagation's, over the largest step.", (1,), ("difference",), events=True),
        Stream("cosine", "trace", "", "Cosine of both steps.", (1,), ("cosine",), events=True),
        Stream("weights apart", "trace", "", "Largest difference of the weights of both networks.", (1,), ("weights",), events=True),
        Stream("accuracy", "trace", "", "Accuracy on the test part after each epoch.", (2,), ("predictive coding", "back-propagation"), events=True),
        Stream("nodes", "matrices", "", "Value nodes, predictions and error nodes of one example."),
        Stream("likelihood", "table", "", "Of the example drawn: the chance of each layer given the one below, factor by factor, and its logarithm."),
        Stream("settling", "curve", "", "Energy over the sweeps of this minibatch.", channels=("F", *of.names[1:]), x_unit=""),
        Stream("agreement", "curve", "", "Difference from back-propagation's step after each sweep, layer by layer.", channels=tapes),
        Stream("against precision", "curve", "", "Cosine of both steps against the precision of the output, and against the target error.",
               channels=("precision of the output", "target error")),
        Stream("now", "curve", "", "The precision that is set."),
        Stream("synapses", "image", "", "Step of each synapse of a layer: predictive coding, back-propagation."),
        Stream("digits apart", "image", "", "Decimal logarithm of the difference of both steps, over the largest step, synapse by synapse."),
        Stream("steps", "cloud", "", "Step of each synapse by back-propagation (x) and by predictive coding (y).", channels=("x", "y", "layer")),
        Stream("diagonal", "curve", "", "Where both are equal."),
        Stream("output error", "bars", "", "Error nodes of the output at rest."),
        Stream("closed form", "bars", "", "The same in closed form: exact in a linear network, its tangent in a curved one."),
    ]  # fmt: skip
    if of.pictures:
        found += [
            Stream("inputs", "image", "", "Input nodes of the first examples."),
            Stream("readings", "table", "", "What each is held at and read as."),
        ]
    if of.own:
        found.append(
            Stream("alignment", "trace", "", "Cosine of W with the transposed M after each epoch.", (len(tapes),), tapes, events=True)
        )
    return tuple(found)


def pictures(of: Shown) -> tuple[Picture, ...]:
    """Nodes in front, the energy and both kinds of step beside them."""
    parts = of.names[1:5]  # a layer has one colour in all pictures; their sum takes the one after them
    energy = (
        Layer("settling", channel=0, label="F", series=(len(parts),)),
        *(Layer("settling", channel=k + 1, label=name, series=(k,)) for k, name in enumerate(parts)),
    )
    found = [
        Picture("nodes", "Value and error nodes", (Layer("nodes"),), front=True, weight=2.0, doc="Above what each node is, in the middle what is predicted of it, below the error."),
        Picture("likelihood", "The likelihood, layer by layer", (Layer("likelihood"),), figures=("energy of the example",),
                doc="Each layer is normal around what the one below predicts; the factors multiply, their logarithms add up to the energy and a constant."),
        Picture("settling", "Energy", energy, x="sweep", y="F", front=True, doc="Of the minibatch that settles now."),
        Picture("steps", "Every synapse", (Layer("steps"), Layer("diagonal", theory=True, label="equal")), x="back-propagation", y="predictive coding", front=True,
                labels=tuple(f"to {n}" for n in of.names[1:])),
        Picture("agreement", "Off back-propagation", (Layer("agreement"),), x="sweep", y="difference", y_log=True, y_range=(1e-17, 10.0), front=True,
                doc="Largest difference of a step over the largest step of its layer: 1e-16 is the last digit."),
        Picture("precision", "What the precision does", (Layer("against precision", channel=0, label="precision", series=(0,)),
                Layer("against precision", channel=1, label="target error", series=(1,), style="dashed"), Layer("now", style="rings", series=(0,), label="now")),
                x="factor on precision, or error", y="cosine of both steps", x_log=True, y_range=(0.0, 1.02), front=True),
        Picture("accuracy", "Test accuracy", (Layer("accuracy"),), y="accuracy", figures=("test accuracy", "back-propagation")),
        Picture("energy", "Energy of every sweep", (Layer("energy", channel=0, label="F", series=(len(parts),)),), y="F"),
        Picture("over time", "Both steps, minibatch by minibatch", (Layer("difference", label="difference"), Layer("weights apart", label="weights")), y="difference", y_log=True,
                figures=("difference", "weights apart")),
        Picture("cosine", "Cosine of both steps", (Layer("cosine"),), y="cosine"),
        Picture("synapses", "Steps of a layer", (Layer("synapses"),), colours="diverging", labels=("predictive coding", "back-propagation")),
        Picture("digits apart", "How many digits agree", (Layer("digits apart"),), levels=(-16.0, 0.0), x="unit that reads", y="unit that is read",
                doc="Decimal logarithm of the difference over the largest step: −16 is the last digit of a number."),
        Picture("output error", "Errors of the output at rest", (Layer("output error"), Layer("closed form", theory=True, label="closed form")), x="output", y="error",
                figures=("closed form",)),
    ]  # fmt: skip
    if of.pictures:
        found.insert(
            1, Picture("inputs", "Input nodes", (Layer("inputs"), Layer("readings")), colours="grey", pick="choose", front=of.free)
        )
    if of.own:
        found.append(Picture("alignment", "W becomes the transposed M", (Layer("alignment"),), y="cosine", front=True))
    return tuple(found)


def stage(of: Shown) -> Stage:
    """Nodes large; beside them the energy and what both ways of learning say; below, the curves over time."""
    beside = ("inputs", "settling") if of.free and of.pictures else ("settling", "agreement")
    below = ("alignment", "accuracy") if of.own else ("precision", "steps", "accuracy")
    rest = ("output error", *(() if "inputs" in beside or not of.pictures else ("inputs",)))
    return Stage(
        "nodes",
        companions=beside,
        below=below,
        drawers=(
            ("Likelihood", ("likelihood",)),
            ("Synapses", ("digits apart", "synapses")),
            ("Over time", ("over time", "cosine", "energy")),
            ("Nodes", rest),
        ),
    )


def nodes(
    of: Shown, net: pc.Layout, moving: pc.Nodes, batch: int, at: int, picture: tuple[int, int] | None, held: tuple[bool, bool]
) -> list[dict[str, Any]]:
    """Value nodes, predictions and error nodes of example `at`, layer beside layer; `held`: the input, the output."""
    # Copies: what is shown must not move on with the state.
    x, mu, eps = (pc.layers(net, flat.copy(), batch) for flat in (moving.x, moving.mu, moving.eps))
    found: list[dict[str, Any]] = []
    for k, name in enumerate(of.names):
        high = picture if k == 0 and picture else _block(x[k].shape[1])
        whole = {"square": k == 0 and picture is not None}  # a digit is seen as it was written
        fixed = (k == 0 and held[0]) or (k == len(x) - 1 and held[1])
        note = f"value nodes of the {name} layer" + (", held" if fixed else "")
        found.append({"name": f"x  {name}", "at": (0, k), "values": x[k][at].reshape(high), "lit": fixed, "note": note, **whole})
        if k:
            note = f"what the layer below predicts of the {name} layer"
            found.append({"name": "μ", "at": (1, k), "values": mu[k][at].reshape(high), "note": note})
        if k or of.free:
            found.append(
                {"name": "ε", "at": (2, k), "values": eps[k][at].reshape(high), "note": f"error nodes of the {name} layer", **whole}
            )
    return found


def likelihood(of: Shown, net: pc.Layout, moving: pc.Nodes, batch: int, at: int, nu: np.ndarray) -> list[dict[str, Any]]:
    """The chain of factors p(x_l given x_l-1) for example `at`: squares, terms, constants and densities, layer by layer and in all."""
    x, mu = (pc.layers(net, flat, batch) for flat in (moving.x, moving.mu))
    rows, sums = [], np.zeros(3)
    for k in range(len(x) - 1, 0, -1):
        square, n = float(((x[k][at] - mu[k][at]) ** 2).sum()), x[k].shape[1]
        term, constant = square / (2 * nu[k]), 0.5 * n * float(np.log(2 * np.pi * nu[k]))
        sums += term, constant, term + constant
        factor = f"p({of.names[k]} given {of.names[k - 1]})"
        rows.append({"factor": factor, "|x − μ|²": f"{square:.4g}", "ν": f"{nu[k]:.4g}", "|x − μ|²/2ν": f"{term:.5g}",
                     "constant": f"{constant:.5g}", "−ln p": f"{term + constant:.5g}", "p": density(term + constant)})  # fmt: skip
    rows.append({"factor": "product, sums", "|x − μ|²": "", "ν": "", "|x − μ|²/2ν": f"{sums[0]:.5g}",
                 "constant": f"{sums[1]:.5g}", "−ln p": f"{sums[2]:.5g}", "p": density(float(sums[2]))})  # fmt: skip
    return rows


def density(minus_log: float) -> str:
    """A density from minus its natural logarithm, as a power of ten: many layers are beyond what a number holds."""
    digits = -minus_log / np.log(10.0)
    whole = int(np.floor(digits))
    return f"{10 ** (digits - whole):.2f}·10^{whole}"


def _block(units: int) -> tuple[int, int]:
    """Rows and columns of a layer as a compact block of cells, at most ten high."""
    high = next((r for r in range(10, 2, -1) if units % r == 0), units)
    return high, units // high


def steps(net: pc.Layout, own: np.ndarray, back: np.ndarray, layer: int, stream: str) -> np.ndarray:
    """Steps by predictive coding and by back-propagation: of every synapse, or of those of a layer (from 0)."""
    a, b = (pc.matrices(net, flat)[layer] for flat in (own, back))
    if stream == "synapses":
        return np.stack([a, b])
    if stream == "digits apart":
        return np.clip(np.log10(np.maximum(np.abs(a - b) / max(float(np.abs(b).max()), 1e-300), 1e-17)), -17.0, 2.0)
    if stream == "diagonal":
        most = max(float(np.abs(back).max()), 1e-300)
        return np.array([[-most, most], [-most, most]])
    layers = np.repeat(np.arange(len(net.sizes) - 1), np.diff(net.weights))
    shown = np.linspace(0, len(own) - 1, min(len(own), 3000)).astype(int)
    return np.column_stack([back, own, layers])[shown]
