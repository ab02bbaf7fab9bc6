"""What the parts of the bench ask of a cell, part by part; `lab.cells.neuron.Neuron` answers all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from lab.model import Bound, Out, State, Stream
from lab.params import Spec


class Flow(Protocol):
    """A cell's equations, for its phase plane."""

    plane_range: ClassVar[tuple[tuple[float, float], tuple[float, float]]]

    def drift(self, y: np.ndarray, current: np.ndarray) -> np.ndarray:
        """Time derivative of the variables y (variables, points)."""

    def steady(self, V: np.ndarray) -> np.ndarray:
        """All variables at which everything but V stands still."""

    def steady_under(self, V: np.ndarray, current: np.ndarray) -> np.ndarray | None:
        """The same where it depends on the current; None where it does not."""


class Firing(Protocol):
    """A cell's equations and what it calls a spike, for its shadow."""

    @property
    def crossing(self) -> float:
        """Value of V whose upward crossing is a spike."""

    @property
    def held(self) -> float:
        """Time after a spike during which the cell is held (ms)."""

    @property
    def small_spike(self) -> tuple[float, float] | None:
        """Lowest peak, and least rise to it, of spikes that stay below `crossing`; None where there are none."""

    def motion(self) -> Callable[[np.ndarray, float], Sequence[float] | np.ndarray]:
        """Time derivative as a function of the variables y (variables,) and the current."""

    def after_spike(self, y: np.ndarray) -> np.ndarray | None:
        """Where a spike puts the cell; None for a cell that comes back by itself."""

    def rest(self) -> np.ndarray:
        """Where a run starts."""


class Running(Protocol):
    """A cell that is run by itself, outside the engine: for sweeps and for the accuracy dial."""

    dt: float

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Everything it can record."""

    def replace(self, **changes: Any) -> Self:
        """The cell with these parameters changed."""

    def build(self, seed: int) -> Any:
        """Constants of a run."""

    def start(self, constants: Any, seed: int) -> State:
        """State before the first step."""

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        """How far each array of the state may go."""

    def advance(self, constants: Any, state: State, n: int, out: Out) -> int:
        """Advance up to n steps in place; returns the steps done."""

    def steps_for(self, duration: float) -> int:
        """Steps that make up `duration` ms."""


class Swept(Running, Protocol):
    """A cell of which a sweep makes a population."""

    cells: int

    def silent(self, **more: Any) -> Self:
        """This cell without any stimulus, and with other values besides."""


class Steady(Swept, Protocol):
    """A cell whose runs under constant currents can be advanced as one population."""

    stimulus: str
    onset: float
    width: float
    spread: float
    shadow: bool

    @property
    def clamped(self) -> bool:
        """Whether the voltage is commanded."""

    @property
    def amplitude(self) -> float:
        """What the stimulus waveform is multiplied by."""

    @property
    def base(self) -> float:
        """What is added to the waveform."""


class Followed(Running, Firing, Protocol):
    """A cell that a shadow follows."""

    stimulus: str

    @classmethod
    def specs(cls) -> dict[str, Spec]:
        """Description of every parameter."""

    def values(self) -> dict[str, Any]:
        """All parameters by name."""

    def drive_of_one(self, constants: Any, state: State, n: int) -> np.ndarray:
        """Stimulus (n,) of a cell that is alone, of the next n steps."""
