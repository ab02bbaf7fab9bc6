"""What models of populations that hold values have in common: seconds, the function that a person types, and two parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lab.errors import ModelError
from lab.model import Clock, Model, param
from lab.params.arithmetic import FormulaError, parse


class Populations(Model):
    """Base of models of populations that hold values: steps in ms, time in seconds, watched at half its pace."""

    if TYPE_CHECKING:  # declared by each model, where its form shows it
        dt: float

    @property
    def clock(self) -> Clock:
        """Steps in ms, time in seconds."""
        return Clock(self.dt * 1e-3, "s")

    @property
    def speed(self) -> float:
        """Half as fast as time."""
        return 0.5


class Decoded(Populations):
    """Base of those that decode a function of the values, which a person types."""

    variables: ClassVar[tuple[str, ...]] = ("x",)  # of the function, each from -1 to 1
    if TYPE_CHECKING:
        function: str

    def check(self) -> None:
        """Refuse what is no function."""
        try:
            parse(self.function, list(self.variables))
        except FormulaError as error:
            raise self.refuse("function", str(error)) from None


def wanted(owner: str, function: str, variables: tuple[str, ...], points: np.ndarray) -> np.ndarray:
    """(P, 1) values of a typed function at points (P, variables), all finite."""
    formula = parse(function, list(variables))
    values = formula(**{name: points[:, k] for k, name in enumerate(variables)})
    found = np.broadcast_to(np.asarray(values, float), (len(points),))
    if not np.isfinite(found).all():
        at = points[~np.isfinite(found)][0]
        where = ", ".join(f"{name} = {value:.3g}" for name, value in zip(variables, at, strict=True))
        runs = "both run" if len(variables) > 1 else f"{variables[0]} runs"
        raise ModelError(f"{owner}.function: {function} has no finite value at {where}; {runs} from -1 to 1.")
    return found[:, None]


def noise_share() -> Any:
    """The parameter of robust decoders."""
    return param(
        0.1, lo=0, hi=1, soft=(0.0, 0.4), group="Decoding", builds=True, doc="Noise, as a share of the highest rate, for which the decoders are made."
    )  # fmt: skip


def synapse(time: float) -> Any:
    """The parameter of the synapse that spikes are heard through: its time constant (ms)."""
    return param(
        time, "ms", lo=0.5, hi=500, log=True, group="Decoding", symbol=r"\tau_s", label="Synapse", doc="Time constant with which spikes are smoothed."
    )  # fmt: skip
