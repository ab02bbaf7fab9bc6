"""What a model declares: what one step is, what can be recorded and seen, and how pictures of it stand together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab.units import unit_for

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
              `network` dict(layers=[dict(name, units, values (drawn,), names, maps (drawn, rows, columns) or None, numbers=True (values are
                       written into the units), words (said under it), scale (the size that is drawn full), and
                       the parameters that a plus or minus changes: fewer, more, without, after)], wires=[dict(source, target: numbers of layers,
                       weights (drawn units there, drawn units here), fixed: not to be dragged, numbers: written beside them)])
              `table`  list of rows, each a dict column -> text or number
              `matrices` list of dict(name, values (rows, columns), at=(row, column) on a common grid) and, where wanted,
                       note (said under the cursor), lit=True (what is new), square=True (a picture: cells as wide as high), first (index of its first value, for `pick`), columns (of the whole, if cut);
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
              in its order), `rates` (of a trace: channels are named as the nodes), `spikes` (of a raster: names of its cells begin with those of the
              nodes), `values` (the same of either sign; a node of
              several dimensions has a channel for each, named as the node, " · " and the dimension), `maps` (of a network: what the units of a layer
              answer, in the node that the layer names); `carried` is never drawn: a table of one row
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
    canvas: Literal["", "activity", "rates", "spikes", "values", "maps", "carried"] = ""

    @property
    def form(self) -> Form:
        """How it is stored: `samples` at each step, `events` when they happen, `snapshots` between blocks."""
        if self.kind == "raster" or self.events:
            return "events"
        return "samples" if self.kind == "trace" else "snapshots"


@dataclass(frozen=True)
class Layer:
    """One stream drawn in a picture.

    x         name of a trace to use as horizontal axis instead of time (phase plane); of several channels the one numbered `x_channel`.
    channel   draw only this channel of the stream (None: all).
    style     `line dashed dotted points rings steps fill bars`, `boxes` (a graph as a scheme of its named parts), `pale` (every
              single value, behind the rest) or `marker` (only the last value, as a dot).
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
    x_channel: int = 0


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
              while a person paints on an image; drag: action called with x=, y= while dragging (and goes_on=, false at
              its first place, if the action has it; of a network: with wire=, source=, target=, value= of the weight); pick: action called
              with index=... of the clicked point, cell or tile; brush: action called with first=, last= and stream= of the columns of an
              image that were dragged over.
    hover     an image that stands small beside the cursor as a click there would make it (of a picture whose `click` takes a place);
              only looked at: nothing is done to the run and nothing is logged.
    levels    lowest and highest value of an image; diverging maps put zero in the middle. Its rows go down, but up over a plane
              (`equal`, with a `y_range`).
    key       of an image that holds few values: what each means, told by squares of its colours instead of a colour map.
    numbers   of an image: its values are written into the cells where there is room, as in a confusion of classes.
    formulas  of a table: its words are formulas of plain letters (`dE/dW2`, `h1^T delta2`), printed as books do.
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
    brush: str = ""
    hover: str = ""
    levels: tuple[float, float] | None = None
    colours: Literal["sequential", "diverging", "grey"] = "sequential"
    labels: tuple[str, ...] = ()
    key: tuple[tuple[float, str], ...] = ()
    equal: bool = False
    numbers: bool = False
    formulas: bool = False
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
class Asked:
    """What a model asks of the map of its vectors by itself: a question, how near is measured, axes of meaning it is laid out on."""

    question: str = ""
    metric: Literal["cosine", "euclidean"] = "cosine"
    axes: str = ""
