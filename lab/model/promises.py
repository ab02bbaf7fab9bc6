"""What a model promises: acceptance figures that anybody can derive again, and presets that show what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from lab.model.declarations import Clock


@dataclass(frozen=True)
class Figure:
    """An acceptance figure: re-derived by `lab verify` and by the tests.

    measure(run) returns the measured number (or bool); `run(model, steps=, seed=, record=)` runs a model and gives a
    finished `lab.engine.simulation.Result` (streams by name, `.state`, `.summary`). `tolerance` is absolute; `relative` a fraction of expected;
    `at_least`/`at_most` replace the tolerance by a bound on one side. A `slow` figure is left to the long tests.
    """

    name: str
    expected: float
    measure: Callable[[Callable], float]
    tolerance: float = 0.0
    relative: float = 0.0
    unit: str = ""
    source: str = ""
    bound: Literal["", "at_least", "at_most"] = ""
    slow: bool = False

    def accepts(self, measured: float) -> bool:
        """Whether the measured number is within tolerance (NaN never is)."""
        if self.bound == "at_least":
            return measured >= self.expected
        if self.bound == "at_most":
            return measured <= self.expected
        return abs(measured - self.expected) <= max(self.tolerance, self.relative * abs(self.expected))

    @property
    def allowed(self) -> str:
        """The tolerance in words."""
        if self.bound:
            return {"at_least": "or more", "at_most": "or less"}[self.bound]
        return f"± {self.relative:.3g} of it" if self.relative else f"± {self.tolerance:.3g}"


class Seeds:
    """Summaries of whole runs of a model with seeds 0, 1, ...: made once for each set of values, however many figures ask for them.

    runs = Seeds(cls, 5)
    Figure("...", 0.95, lambda run: min(s["gained"] for s in runs(run, episodes=800)))
    """

    def __init__(self, model: Callable[..., Timed], seeds: int):
        self._model, self._seeds = model, seeds
        self._found: dict[tuple[tuple[str, Any], ...], list[dict[str, Any]]] = {}

    def __call__(self, run: Callable[..., Any], **values: Any) -> list[dict[str, Any]]:
        key = tuple(sorted(values.items()))
        if key not in self._found:
            model = self._model(**values)
            self._found[key] = [run(model, steps=model.default_steps, seed=seed, record={}).summary for seed in range(self._seeds)]
        return self._found[key]


class Timed(Protocol):
    """Of a model, what says how long something takes."""

    @property
    def clock(self) -> Clock: ...
    @property
    def default_steps(self) -> int: ...
    @property
    def speed(self) -> float | None: ...
    def steps_for(self, duration: float) -> int: ...


class Preset(dict[str, Any]):
    """Parameters by name, and what a run with them shows: promised, and tried by the tests and by `lab verify --presets`.

        "Repetitive firing": Preset({"current": 10.0}, shows="rate > 60", after=500.0)

    shows  a condition over the run's figures, parameters and streams in the lab's own arithmetic (`lab.params.arithmetic`; the names are
           those of `lab.engine.conditions`): "spikes > 5 and CV < 0.1", "max(V) > 0", "did pulse = 1"
    after  model time at which it holds, in the clock's unit (0: at the model's default length); how long a person waits
           follows from the pace
    do     (time, action, arguments): what a person does meanwhile, where the effect needs it
    share  of the seeds on which it holds, for what chance decides: the title or the page says so
    slow   it is left to the long tests

    A plain dict is a preset that promises nothing.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any] | None = None,
        *,
        shows: str = "",
        after: float = 0.0,
        do: tuple[tuple[float, str, Mapping[str, Any]], ...] = (),
        share: float = 1.0,
        slow: bool = False,
    ):
        super().__init__(parameters or {})
        self.shows, self.after, self.do, self.share, self.slow = shows, after, do, share, slow

    def steps(self, model: Timed) -> int:
        """Steps after which it holds."""
        return model.steps_for(self.after) if self.after else model.default_steps

    def wait(self, model: Timed) -> float | None:
        """Seconds that a person waits at the model's own pace; None where it runs as fast as it can."""
        return self.steps(model) * model.clock.dt / model.speed if model.speed else None
