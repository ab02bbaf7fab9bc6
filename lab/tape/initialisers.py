"""First values of parameters: zeros, uniform, Xavier, He, LeCun; drawn by the lab's own generator."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lab.errors import ParameterError, near
from lab.kernels import kernel, normal, uniform

# name -> (distribution, variance as a function of fan-in and fan-out)
INITIALISERS = {
    "zeros": ("constant", lambda i, o: 0.0),
    "ones": ("constant", lambda i, o: 1.0),
    "uniform": ("uniform", lambda i, o: 1.0 / (3.0 * i)),  # U(-1/sqrt(i), 1/sqrt(i))
    "xavier": ("uniform", lambda i, o: 2.0 / (i + o)),  # Glorot and Bengio 2010, equation 16
    "xavier normal": ("normal", lambda i, o: 2.0 / (i + o)),
    "he": ("normal", lambda i, o: 2.0 / i),  # He et al. 2015, equation 10
    "he uniform": ("uniform", lambda i, o: 2.0 / i),
    "lecun": ("normal", lambda i, o: 1.0 / i),  # LeCun et al. 1998, equation 16
    "lecun uniform": ("uniform", lambda i, o: 1.0 / i),
    "small": ("normal", lambda i, o: 4e-4),  # standard deviation 0.02, usual for embeddings
    "tied": ("normal", lambda i, o: 1e-2),  # standard deviation 0.1: embeddings that are read out with, too
    "normal": ("normal", lambda i, o: 1.0),
}


def check_initialiser(name: str, shape: tuple[int, ...], init: Any) -> None:
    """Refuse an unknown initialiser or an array of another shape."""
    if isinstance(init, str):
        if init not in INITIALISERS:
            raise ParameterError(
                f"tape: parameter '{name}' has the unknown initialiser '{init}'; {near(init, INITIALISERS)}", names=(name,)
            )
    elif np.shape(init) not in ((), shape):
        raise ParameterError(
            f"tape: parameter '{name}' of shape {shape} cannot start from an array of shape {np.shape(init)}.", names=(name,)
        )


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Fan-in and fan-out of a weight (..., in, out); leading axes are the receptive field of a convolution."""
    if len(shape) < 2:
        return max(1, shape[0] if shape else 1), max(1, shape[0] if shape else 1)
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


@kernel
def _draw(out, gaussian, random):
    for i in range(out.size):
        out[i] = normal(random) if gaussian else 2.0 * uniform(random) - 1.0


def initial(shape: tuple[int, ...], init: Any, random: np.ndarray) -> np.ndarray:
    """First values (float64) of a parameter; `random` is advanced."""
    if not isinstance(init, str):
        return np.broadcast_to(np.asarray(init, float), shape).copy()
    kind, variance = INITIALISERS[init]
    value = variance(*fans(shape))
    if kind == "constant":
        return np.full(shape, value)
    out = np.empty(math.prod(shape))
    _draw(out, kind == "normal", random)
    return (out * math.sqrt(value if kind == "normal" else 3.0 * value)).reshape(shape)
