"""The base of every model: what its file may say and do, with what holds where it says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from typing import Any, ClassVar

from lab.errors import LabError, ModelError, near
from lab.model.actions import Action, actions_of
from lab.model.advice import Advice, Remedy
from lab.model.declarations import Asked, Clock, Picture, Stage, Stream
from lab.model.moving import Out, State
from lab.model.portable import Portable
from lab.model.promises import Figure
from lab.params import Described
from lab.params.bounds import Bound


class Model(Described):
    """Base of every model of the catalogue; `lab.model` says the contract.

    Class attributes: `name` (as on the command line; the file is the same with underscores), `title`, `also` (synonyms), `group` (heading in
    the gallery), `icon` (a Material Design icon name), `order` (place within the group), `role` ("neuron" for cells that
    protocols such as the tuning curve can use), `equations` (LaTeX lines for the help page), `symbols` (what their letters stand for), `source` (papers).
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    also: ClassVar[str] = ""  # what else people call it or come for, separated by semicolons: the search finds it by them
    group: ClassVar[str] = ""
    icon: ClassVar[str] = "mdi6.circle-outline"
    order: ClassVar[int] = 50
    role: ClassVar[str] = ""
    equations: ClassVar[tuple[str, ...]] = ()
    symbols: ClassVar[str] = (
        ""  # what letters of the equations stand for, "symbol: words; symbol: words", as far as no parameter and no text says it
    )
    source: ClassVar[str] = ""
    presets: ClassVar[dict[str, dict[str, Any]]] = {}  # title -> Preset, or just parameters; the first sentence of a lesson
    takes: ClassVar[tuple[dict[str, Any], ...]] = ()  # what it can be opened with; plain values, read by the catalogue (`Taking`)
    hands_over: ClassVar[dict[str, str]] = {}  # `to`: the model that goes on with the same graph; `words`, `about` of the button

    passes_on: ClassVar[
        tuple[dict[str, str], ...]
    ] = ()  # models that go on with the network trained here: `to`, `words`, `about` of each button
    takes_over: ClassVar[str] = ""  # words of the button that lists runs of other models with whose network this one goes on

    @classmethod
    def _owner(cls) -> str:
        return cls.name or cls.__name__

    # -- declarations (they may depend on the parameters) --

    @property
    def clock(self) -> Clock:
        """What one step is."""
        return Clock(1.0, "step", physical=False)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Everything this model can show or record."""
        return ()

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """How it is shown, most important first."""
        return ()

    @property
    def stage(self) -> Stage | None:
        """How the pictures stand together (None: as their kinds and weights suggest, see `lab.display.stage`)."""
        return None

    @property
    def asks(self) -> Asked:
        """What the map of its vectors shows before a person asks; of models that have one."""
        return Asked()

    @property
    def length(self) -> int | None:
        """Steps after which the run is finished (None: it goes on until stopped)."""
        return None

    @property
    def longer(self) -> str:
        """The live parameter of which more lets a finished run go on (`epochs`); nothing where a run cannot go on."""
        return ""

    @property
    def going_on(self) -> Remedy | None:
        """How a finished run goes on: twice as long, as far as the bounds go."""
        if not self.longer:
            return None
        spec, value = type(self).specs()[self.longer], getattr(self, self.longer)
        more = 2 * value if spec.hi is None else min(2 * value, type(value)(spec.hi))
        return Remedy(f"Go on to {spec.text(more)}", {self.longer: more}) if more > value else None

    @property
    def default_steps(self) -> int:
        """How long `lab run NAME` goes when nobody says."""
        return self.length or 1000

    @property
    def seconds(self) -> float | None:
        """Seconds that the whole default run lasts for a person who watches (20 to 40 are good), however fast it could go."""
        return None

    @property
    def speed(self) -> float | None:
        """Clock units per second at first in the window, by default from `seconds` (None: flat out). `lab run` never waits."""
        return self.length * self.clock.dt / self.seconds if self.length and self.seconds else None

    @classmethod
    @cache
    def preset_changes(cls) -> dict[str, dict[str, Any]]:
        """Title of each preset -> the parameters that differ from the defaults then, as a model with them says it."""
        found = {}
        for title, values in cls.presets.items():
            try:
                found[title] = cls(**values).changed()
            except LabError:  # a file that is not here
                continue
        return found

    @classmethod
    def figures(cls) -> Iterable[Figure]:
        """Acceptance figures."""
        return ()

    @classmethod
    def help(cls) -> str:
        """Markdown of the help page: what it is, what to try, where it comes from. By default the docstring."""
        import inspect

        return inspect.cleandoc(cls.__doc__ or "")

    @classmethod
    def taken_over(cls, other: Model) -> dict[str, Any]:
        """The parameters with which this model goes on with the network that another has trained; says why it cannot."""
        raise ModelError(f"{cls._owner()} goes on with no other model's network: choose a model with a button for it.")

    # -- behaviour --

    def build(self, seed: int) -> Any:
        """Constants: derived once from parameters marked `builds` or not `live`, and the seed."""
        return None

    def start(self, constants: Any, seed: int) -> State:
        """State before the first step."""
        raise ModelError(f"{self._owner()} does not implement start().")

    def state_bounds(self, constants: Any, state: State, step: int) -> dict[str, Bound]:
        """How far each array of the state may go that a kernel uses as an index, a count or a time, at step `step` of a run.

        A checkpoint may come from anybody's file: the engine checks what it restores before anything is done with it. Every array
        of whole numbers is named here; others must be finite and of the shape they had at the start, if nothing else is said. Of the
        state only the lengths of its arrays may be believed here.
        """
        return {}

    def advance(self, constants: Any, state: State, n: int, out: Out) -> int:
        """Advance up to n steps in place; returns the steps done (fewer when an event buffer is full or the run is over)."""
        raise ModelError(f"{self._owner()} does not implement advance().")

    def observe(self, constants: Any, state: State, stream: str) -> Any:
        """What the per-block stream `stream` shows now; never changes the state."""
        raise ModelError(f"{self._owner()} has no per-block stream '{stream}'.")

    def labels(self, constants: Any, stream: str) -> tuple[str, ...]:
        """Text of each point of a cloud, node of a graph or cell of a raster, where there is one (words, names)."""
        return ()

    def changed_live(self, before: Model, constants: Any, state: State) -> None:
        """Adjust the state after a live change of parameters (self is the new model); usually nothing."""

    def finished(self, constants: Any, state: State) -> str | None:
        """Why the run is over before its length, asked when `advance` did fewer steps than it was told to."""
        return None

    def summary(self, constants: Any, state: State) -> dict[str, Any]:
        """Figures of the run so far, by name with unit: {"spikes": 684, "rate (Hz)": 68.3}; read from the state."""
        return {}

    def may_differ(self) -> frozenset[str]:
        """Parameters in which runs may differ from this one and still be advanced together with it (`summaries`); usually none."""
        return frozenset()

    def summaries(self, others: Sequence[Model], steps: int) -> list[dict[str, Any]] | None:
        """The summary that each of these models has after a run of so many steps, all advanced at once; they differ in `may_differ` alone.

        None where they have to be run one by one. What comes of a model must not depend on the seed, nor on how many stand beside it.
        """
        return None

    def account(self, constants: Any) -> str:
        """What was read from a person's file for this run, in one paragraph: nothing is ignored, filled or dropped without being said."""
        return ""

    def portable(self, constants: Any, state: State) -> Portable:
        """What another simulator can be told of a run with these constants, from this state on; raises ModelError saying why nothing can."""
        raise ModelError(f"{self.title or self._owner()}: no other program has the parts that this model is made of.")

    @property
    def single_step(self) -> str:
        """The action that a single step of the window does instead of advancing ("": it advances by one step)."""
        return ""

    def remedy(self, stream: str) -> str:
        """What to try when `stream` diverged."""
        return "use a smaller step or values nearer to the defaults"

    def remedies(self, stream: str) -> tuple[Remedy, ...]:
        """Buttons offered when `stream` diverged; each goes on from the last good state."""
        return ()

    def advice(self, constants: Any, state: State) -> Advice | None:
        """What is wrong with the run and can be mended by a button; read from the state, asked a few times a second."""
        return None

    def memory(self) -> int:
        """Bytes that build() and start() will take, where that can be large: refused with a sentence when it does not fit."""
        return 0

    # -- derived --

    def stream(self, name: str) -> Stream:
        """The stream called `name`."""
        found = self._streams_by_name.get(name)
        if found is None:
            raise ModelError(f"{self._owner()} has no stream '{name}': {near(name, list(self._streams_by_name))}")
        return found

    @cached_property
    def _streams_by_name(self) -> dict[str, Stream]:
        # Asked for several times per block, and a model's value never changes.
        return {stream.name: stream for stream in self.streams}

    @classmethod
    def actions(cls) -> dict[str, Action]:
        """Every action by name, in the order of declaration, base classes first."""
        return actions_of(cls)

    def steps_for(self, duration: float) -> int:
        """Steps that make up `duration` of the clock's unit."""
        return max(0, round(duration / self.clock.dt))
