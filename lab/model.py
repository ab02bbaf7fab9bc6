"""The contract of a model: an immutable value that says what it is, and advances arrays.

A model file holds ONE subclass of `Model`. It declares parameters (`lab.params.param`), streams (what can be recorded
and seen), pictures (which streams on which axes), actions (what a person may do to it while it runs) and acceptance
figures (how anybody can tell that it is right), and implements

    build(seed)                        -> constants      data sets, connectivity, compiled programs: never change
    start(constants, seed)             -> state          dict of NumPy arrays: everything that moves, random state too
    advance(constants, state, n, out)  -> steps done     up to n steps in place, writing the streams asked for
    observe(constants, state, stream)  -> array          what a per-block stream shows now: a pure reading of the state

Everything else (form, command line, files, recording, window, replay) is derived. Four rules make that possible:
the state holds everything that moves; randomness comes from generators whose state lies in the state; `advance` does the
same whether called once for 1000 steps or 1000 times for one; parameters are read from `self` at each call, because a
live change replaces `self` by another value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from lab.errors import LabError, ModelError, near
from lab.params import Described, Spec, frozen, param
from lab.params.bounds import COUNT, COUNT_OR_NONE, INFINITE, MOST_STEPS, Bound, index, index_or_none
from lab.units import unit_for

__all__ = [
    "COUNT", "COUNT_OR_NONE", "INFINITE", "MOST_STEPS", "Action", "Advice", "Asked", "Bound", "Clock", "Events", "Figure", "Handle", "Layer", "Model", "Out", "Picture", "Preset", "Recorded", "Remedy", "Stage", "State",
    "Stream", "Strips", "action", "arrays", "index", "index_or_none", "param",
]  # fmt: skip

State = dict[str, np.ndarray]
Form = Literal["samples", "events", "snapshots"]


@dataclass(frozen=True)
class Clock:
    """What one step is: `dt` of `unit` (0.01 ms; 1/45 epoch; 1 sweep point). `physical` time is paced to the wall clock."""

    dt: float
    unit: str = "ms"
    physical: bool = True
    name: str = "step"

    def said(self, steps: float) -> str:
        """A number of steps as a length of time in words: '12.5 ms', '1 epoch', '2.5 epochs'."""
        amount = steps * self.dt
        return f"{amount:.6g} {unit_for(amount, self.unit)}"


@dataclass(frozen=True)
class Stream:
    """Something a run produces.

    kind      which picture it makes (`lab.engine.kinds` checks what is shown, and knows of further kinds that were added):
              `trace`  numbers over time, shape () or (channels,)
              `raster` events of many cells over time
              `curve`  (1 + k, n): row 0 is x, rows 1.. are y of k curves; NaN breaks a line
              `bars`   (n,) or (k, n): k series of n bars
              `image`  (rows, columns), or (tiles, rows, columns), or (rows, columns, 3) with values 0..1
              `cloud`  (n, 2..5): x, y, [z], then optional class label and size
              `graph`  dict(nodes=(n, 3+): x, y, activity; edges=(m, 3): from, to, weight)
              `network` dict(layers=[dict(name, units, values (drawn,), names, maps (drawn, rows, columns) or None, and the parameters
                       that a plus or minus changes: fewer, more, without, after)], wires=[dict(source, target: numbers of layers,
                       weights (drawn units there, drawn units here), fixed: not to be dragged)])
              `table`  list of rows, each a dict column -> text or number
              `matrices` list of dict(name, values (rows, columns), at=(row, column) on a common grid) and, where wanted,
                       note (said under the cursor), lit=True (what is new), first (index of its first value, for `pick`);
                       values=None with shape=(rows, columns): not known yet; values=None without: note is the headline
              `arrows` (n, 4 or 5): x, y, dx, dy, then optional class label; over a cloud or an image, or alone
              `tokens` dict(rows=[dict(texts=(words or characters), values=(n,) or (n, k) where there are numbers, name)],
                       links=(m, 3): place in the upper row, place in the lower one, weight; lit=(places shown as chosen)).
                       One row is text that wraps, two are joined by their links; places count through all rows, for `pick`
    events    traces that are not sampled at each step (test accuracy each epoch) set events=True: they are stored as
              (step, channel, value); rasters are stored so always, `value` being the part of a step (0..1) after the
              start of step `step` at which the event happened, so its time is (step + value) dt.
    shape     shape of one sample of a trace
    channels  names of the channels of a trace, the rows of a curve, the bars, the columns of a cloud
    meanings  two or three words for each channel, said under its name at the end of its line; of a graph what its nodes and
              edges are, if not neurons and synapses
    every     record each `every`-th step by default; 0 = not recorded unless asked for. For per-block kinds: observe
              each `every` steps.
    canvas    what the network canvas shows of it in its nodes: `activity` (of a graph: one row for each node of the document,
              in its order), `rates` (of a trace: channels are named as the nodes), `values` (the same of either sign; a node of
              several dimensions has a channel for each, named as the node, " · " and the dimension); `carried` is never drawn: a table of one row
              (graph, refusal) with the document and the weights that it has now, for a model that goes on with it
    """

    name: str
    kind: str
    unit: str = ""
    doc: str = ""
    shape: tuple[int, ...] = ()
    channels: tuple[str, ...] = ()
    dtype: str = "f8"
    events: bool = False
    every: int = 0
    x_unit: str = ""
    meanings: tuple[str, ...] = ()
    canvas: Literal["", "activity", "rates", "values", "carried"] = ""

    @property
    def form(self) -> Form:
        """How it is stored: `samples` at each step, `events` when they happen, `snapshots` between blocks."""
        if self.kind == "raster" or self.events:
            return "events"
        return "samples" if self.kind == "trace" else "snapshots"


@dataclass(frozen=True)
class Layer:
    """One stream drawn in a picture.

    x         name of a trace to use as horizontal axis instead of time (phase plane).
    channel   draw only this channel of the stream (None: all).
    style     `line dashed dotted points rings steps fill bars`, `pale` (every single value, behind the rest) or `marker` (only
              the last value, as a dot).
    theory    this layer is the model's closed-form prediction: drawn dashed, named in the legend.
    meaning   two or three words under the name at the end of the line (default: the stream's own `meanings`).
    series    numbers of the colours of its lines, so that the same thing has the same colour in all pictures of a stage
              (sodium is 1, potassium 2); by default they are counted within the picture.
    """

    stream: str
    x: str | None = None
    channel: int | None = None
    style: str = "line"
    label: str = ""
    theory: bool = False
    meaning: str = ""
    series: tuple[int, ...] = ()


@dataclass(frozen=True)
class Handle:
    """What a person takes hold of in a picture to change parameter `param`.

    axis    `x` an upright line or the edge of a step, `y` a level; `draw` the curve is drawn freehand (a parameter of kind
            `drawn`); `file` a file may be dropped here (kind `file`). Drawing and dropping also choose the waveform that the
            parameter's `when` asks for.
    base    another parameter whose value is added: the end of a pulse lies its `width` after the `onset`.
    """

    param: str
    axis: Literal["x", "y", "draw", "file"] = "y"
    base: str = ""


@dataclass(frozen=True)
class Picture:
    """Streams on axes.

    layers    what is drawn, first at the back; all of one kind, except that traces and curves mix when no axis is time.
    x, y      axis names with unit ("V (mV)"); for time the clock's unit is added.
    window    how much time is shown by default, in the clock's unit (0: everything since the start).
    y_log     a logarithmic axis; "auto": once the values that are shown span more than two powers of ten.
    follows   of a curve: the trace that its x axis means, so that a cursor in time is a line across the curve as well.
    figures   keys of the model's `summary` shown in the card's title line (the difference to theory belongs there).
    click     action called with x=..., y=... where a person clicks; paint: action called with row=..., column=..., value=...
              while a person paints on an image; drag: action called with x=, y= while dragging (of a network: with wire=, source=, target=,
              value= of the weight); pick: action called
              with index=... of the clicked point, cell or tile.
    levels    lowest and highest value of an image; diverging maps put zero in the middle.
    numbers   of an image: its values are written into the cells where there is room, as in a confusion of classes.
    weight    relative area of the card; front: what the lesson is about, shown even where the window is small.
    """

    name: str
    title: str
    layers: tuple[Layer, ...]
    x: str = ""
    y: str = ""
    window: float = 0.0
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    x_log: bool = False
    y_log: bool | Literal["auto"] = False
    follows: str = ""
    figures: tuple[str, ...] = ()
    handles: tuple[Handle, ...] = ()
    click: str = ""
    drag: str = ""
    paint: str = ""
    pick: str = ""
    levels: tuple[float, float] | None = None
    colours: Literal["sequential", "diverging", "grey"] = "sequential"
    labels: tuple[str, ...] = ()
    equal: bool = False
    numbers: bool = False
    weight: float = 1.0
    front: bool = False
    doc: str = ""


@dataclass(frozen=True)
class Strips:
    """Pictures of traces or rasters above one another on one axis of time, with one cursor through all: a rig.

    pictures  names of pictures, from top to bottom; their weights are their heights
    window    how much time is shown (0: as the first of them says)
    switch    a parameter with few choices that stands in the header as a switch (current or voltage clamp)
    """

    name: str
    title: str
    pictures: tuple[str, ...]
    window: float = 0.0
    switch: str = ""
    doc: str = ""


Place = str | Strips | tuple  # the name of a picture, strips, or several of either in one place
Drawers = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Stage:
    """How the pictures of a model stand together. Nothing here is a size: weights of the pictures and the window decide.

        Stage(Strips("rig", "Rig", ("voltage", "stimulus", "gates")), companions=("plane", "steady_gates"))
        Stage("network", companions=("surface",), below=("loss",), drawers=(("Health", ("gradients", "dead")),), opened="Health")

    main        what the lesson is about: the one large thing
    companions  beside it, one below another; a tuple among them stands side by side
    above       a low strip over both (the phases of a step); below: beside the open drawer, or under both
    drawers     (word, pictures) for the rest, a click away; pictures that are named nowhere are put into drawers by kind
    opened      the drawer that is open at first ("": none)
    """

    main: Place = ""
    companions: tuple[Place, ...] = ()
    above: tuple[Place, ...] = ()
    below: tuple[Place, ...] = ()
    drawers: Drawers = ()
    opened: str = ""


@dataclass(frozen=True)
class Action:
    """What a person may do to a running model: a named method with described arguments."""

    name: str
    label: str
    doc: str
    arguments: type[Described]
    call: Callable[..., dict[str, Any] | None]
    shortcut: str = ""
    hidden: bool = False  # reached only from a picture (click, paint), not as a button
    outside: bool = False  # writes a file and leaves the run as it is: never done by a replay or because a file asks for it


def action(
    label: str, *, shortcut: str = "", hidden: bool = False, outside: bool = False, **arguments: Any
) -> Callable[[Callable], Callable]:
    """Make a method `(self, constants, state, **arguments)` an action; each argument is a `(type, param(...))` pair.

    The method changes the state in place; it may also return live parameters to change, by name (a source that a person
    drags in a picture is a parameter, too).

        @action("Inject a pulse", amplitude=(float, param(10.0, "uA/cm2", lo=-100, hi=100, doc="Height.")))
        def pulse(self, constants, state, amplitude): ...
    """

    def mark(method: Callable) -> Callable:
        method.__lab_action__ = dict(label=label, shortcut=shortcut, hidden=hidden, outside=outside, arguments=arguments)  # type: ignore[attr-defined]
        return method

    return mark


@dataclass(frozen=True)
class Remedy:
    """A way out that a person takes by a button: a step to branch from, parameters to change, then an action to do.

    back_to  step of this run that becomes the present of a new one, with the changes; None: the run itself goes on
    """

    label: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    action: str = ""
    back_to: int | None = None


@dataclass(frozen=True)
class Advice:
    """What a model finds wrong with its run, said once per run in the window with its remedies as buttons.

    finding names it, so that the same one is not offered again when its figures have moved on.
    """

    finding: str
    sentence: str
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What a model asks of the map of its vectors by itself: a question, how near is measured, axes of meaning it is laid out on."""

    question: str = ""
    metric: Literal["cosine", "euclidean"] = "cosine"
    axes: str = ""


def arrays(kind: Any, state: Mapping[str, np.ndarray]) -> Any:
    """A named tuple of the arrays of a state that are called as its fields: what moves, as one argument of a kernel."""
    return kind(*(state[name] for name in kind._fields))


class EventColumns(NamedTuple):
    """Room for events as a kernel takes it: step within the block, index and value of each, and how many there are (in used[0])."""

    step: np.ndarray
    cell: np.ndarray
    value: np.ndarray
    used: np.ndarray


class Events:
    """Room for the events of one block: three columns and a count, filled by a kernel.

    steps (capacity,) int64, counted from the start of the block; index (capacity,) int32; value (capacity,) float64;
    count (1,) int64. A kernel that finds no room returns the steps it completed: the engine empties and calls again.
    """

    __slots__ = ("count", "index", "steps", "value")

    def __init__(self, capacity: int):
        self.steps = np.zeros(capacity, np.int64)
        self.index = np.zeros(capacity, np.int32)
        self.value = np.zeros(capacity, np.float64)
        self.count = np.zeros(1, np.int64)

    @property
    def columns(self) -> EventColumns:
        """(steps, index, value, count) as a kernel takes them."""
        return EventColumns(self.steps, self.index, self.value, self.count)

    def append(self, step: int, index: int, value: float) -> None:
        """Add one event from Python (kernels write the columns)."""
        k = int(self.count[0])
        if k == len(self.steps):
            raise ModelError("The event buffer is full: advance must return early when count reaches the capacity.")
        self.steps[k], self.index[k], self.value[k] = step, index, value
        self.count[0] = k + 1


class Out:
    """Where `advance` writes: `out["V"]` an array (steps, *shape), or (0, *shape) when nobody wants it; `out.events["spikes"]`."""

    def __init__(self, samples: Mapping[str, np.ndarray], events: Mapping[str, Events]):
        self.samples = dict(samples)
        self.events = dict(events)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.samples[name]

    def wanted(self, name: str) -> bool:
        """Whether anybody looks at or records this sampled stream."""
        return len(self.samples[name]) > 0


@dataclass(frozen=True)
class Recorded:
    """What a stream holds after a run: `time` in the clock's unit, and `values`; events also have `index`."""

    time: np.ndarray
    values: Any
    index: np.ndarray | None = None


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

    def steps(self, model: Model) -> int:
        """Steps after which it holds."""
        return model.steps_for(self.after) if self.after else model.default_steps

    def wait(self, model: Model) -> float | None:
        """Seconds that a person waits at the model's own pace; None where it runs as fast as it can."""
        return self.steps(model) * model.clock.dt / model.speed if model.speed else None


class Model(Described):
    """Base of every model of the catalogue; see the module's docstring for the contract.

    Class attributes: `name` (as on the command line; the file is the same with underscores), `title`, `also` (synonyms), `group` (heading in
    the gallery), `icon` (a Material Design icon name), `order` (place within the group), `role` ("neuron" for cells that
    protocols such as the tuning curve can use), `equations` (LaTeX lines for the help page), `source` (papers).
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    also: ClassVar[str] = ""  # what else people call it or come for, separated by semicolons: the search finds it by them
    group: ClassVar[str] = ""
    icon: ClassVar[str] = "mdi6.circle-outline"
    order: ClassVar[int] = 50
    role: ClassVar[str] = ""
    equations: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = ""
    presets: ClassVar[dict[str, dict[str, Any]]] = {}  # title -> Preset, or just parameters; the first sentence of a lesson
    takes: ClassVar[tuple[dict[str, Any], ...]] = ()  # what it can be opened with; plain values, read by the catalogue (`Taking`)
    hands_over: ClassVar[dict[str, str]] = {}  # `to`: the model that goes on with the same graph; `words`, `about` of the button

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

    def account(self, constants: Any) -> str:
        """What was read from a person's file for this run, in one paragraph: nothing is ignored, filled or dropped without being said."""
        return ""

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
        found: dict[str, Action] = {}
        for base in reversed(cls.__mro__):
            for name, method in vars(base).items():
                mark = getattr(method, "__lab_action__", None)
                if mark:
                    found[name] = _action(cls, name, method, mark)
        return found

    def steps_for(self, duration: float) -> int:
        """Steps that make up `duration` of the clock's unit."""
        return max(0, round(duration / self.clock.dt))


_arguments: dict[Any, type[Described]] = {}


def _action(owner: type[Model], name: str, method: Callable, mark: dict[str, Any]) -> Action:
    key = (owner, name)
    if key not in _arguments:
        body: dict[str, Any] = {"__annotations__": {k: kind for k, (kind, _) in mark["arguments"].items()}, "__module__": __name__}
        body |= {k: declared for k, (_, declared) in mark["arguments"].items()}
        made = type(f"{owner._owner()}.{name}", (Described,), body)
        _arguments[key] = made
    doc = (method.__doc__ or mark["label"]).strip()
    return Action(name, mark["label"], doc, _arguments[key], method, mark["shortcut"], mark["hidden"], mark.get("outside", False))


def specs_of(model: type[Model] | Model) -> dict[str, Spec]:
    """Parameter descriptions of a model or model class."""
    return (model if isinstance(model, type) else type(model)).specs()


@dataclass(frozen=True)
class Happened:
    """A change or action of a run with the step before which it took effect: what is replayed."""

    step: int
    kind: Literal["change", "act"]
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values))
