"""Like places: units that are on throughout a span of steps, and where else the same ones are (Strobelt et al. 2018, LSTMVis).

on_i(t)  = state_i(t) > threshold
chosen   = units that are on at every step of the span that was brushed (and, where asked for, off at the step before it)
a place  = as many steps in a row, of this sequence or another one, throughout which all chosen units are on;
           first those at which the fewest other units are on throughout as well
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lab.errors import ModelError, near
from lab.model import Bound, Layer, Model, Picture, State, Stream, action, param

PLACES = 14  # rows of the table
AROUND = 6  # steps written before and behind a place


@dataclass(frozen=True)
class Place:
    """Where the same units are on: a sequence, the first of its steps, and how many other units are on throughout."""

    sequence: int
    first: int
    others: int


def throughout(states: np.ndarray, long: int, threshold: float, switched: bool = False) -> np.ndarray:
    """(sequences, first steps, units) whether a unit is on at all of `long` steps from there; states (sequences, steps, units).

    switched: only where it is off at the step before (before the first step all are).
    """
    on = states > threshold
    held = np.concatenate([np.zeros((len(on), 1, on.shape[2]), np.int32), np.cumsum(on, 1, np.int32)], 1)
    found = held[:, long:] - held[:, :-long] == long
    if switched:
        found[:, 1:] &= ~on[:, : found.shape[1] - 1]
    return found


def like_places(through: np.ndarray, chosen: np.ndarray, long: int, besides: tuple[int, int] | None = None) -> list[Place]:
    """Places at which all chosen units are `throughout`, none overlapping another of its sequence; besides: sequence and first step that are known."""
    if not chosen.any():
        return []
    hits = np.argwhere(through[..., chosen].all(-1))
    others = through[..., ~chosen].sum(-1)[tuple(hits.T)]
    taken: dict[int, list[int]] = {} if besides is None else {besides[0]: [besides[1]]}
    found = []
    for k in np.lexsort((hits[:, 1], hits[:, 0], others)):
        sequence, first = (int(n) for n in hits[k])
        if all(abs(first - other) >= long for other in taken.setdefault(sequence, [])):
            taken[sequence].append(first)
            found.append(Place(sequence, first, int(others[k])))
    return found


class Alike(Model):
    """A model with states over the steps of a sequence, in which a person brushes a span; state: `brushed` (which, first, last).

    A subclass names the streams that may be brushed and gives `states_of` and `words_of`. The sequence that is shown is number 0.
    """

    brushable: ClassVar[tuple[str, ...]] = ()

    threshold: float = param(0.3, lo=-1.0, hi=1.0, group="Like places", label="On above", symbol=r"\theta",
                             doc="A unit counts as on where its state is above this.")  # fmt: skip
    switched: bool = param(False, group="Like places", label="Off just before",
                           doc="Only units that the span switches on: off at the step before it, here and at like places.")  # fmt: skip

    @property
    def spanned(self) -> int:
        """Steps of a sequence, at most."""
        raise ModelError(f"{self._owner()} does not say how many steps its sequences have.")

    def states_of(self, constants: Any, state: State, tape: State, stream: str) -> np.ndarray:
        """(sequences, steps, units) of the sequence that is shown and of those that are searched."""
        raise ModelError(f"{self._owner()} does not implement states_of().")

    def words_of(self, constants: Any, state: State, sequence: int) -> Sequence[str]:
        """What is read at each step of a sequence, in a few letters."""
        raise ModelError(f"{self._owner()} does not implement words_of().")

    def sequence_name(self, constants: Any, sequence: int) -> str:
        """How a sequence is called in the table."""
        return "this one" if sequence == 0 else str(sequence)

    def alike_bounds(self) -> dict[str, Bound]:
        """What `brushed` may hold."""
        most = self.spanned - 1
        return {"brushed": Bound(np.array([-1, 0, 0]), np.array([len(self.brushable) - 1, most, most]))}

    @action(
        "Find like places",
        first=(int, param(0, "step", lo=0, hi=10_000, doc="First step of the span.")),
        last=(int, param(0, "step", lo=0, hi=10_000, doc="Last step of the span.")),
        stream=(str, param("", doc="Which states (their name); empty: those that were brushed last.")),
    )
    def brush(self, constants: Any, state: State, first: int, last: int, stream: str) -> None:
        """Find the units that are on throughout these steps, and other places at which they are; drag over the states does the same."""
        if stream and stream not in self.brushable:
            raise ModelError(f"{self._owner()}: there are no states '{stream}' to brush: {near(stream, self.brushable)}")
        which = self.brushable.index(stream) if stream else max(0, int(state["brushed"][0]))
        ends = sorted(min(k, self.spanned - 1) for k in (first, last))
        state["brushed"][:] = (which, *ends)

    @action("Forget the span")
    def forget_span(self, constants: Any, state: State) -> None:
        """Nothing is brushed any more."""
        state["brushed"][:] = (-1, 0, 0)

    # -- what is found --

    def alike(self, constants: Any, state: State, tape: State) -> tuple[np.ndarray, np.ndarray, list[Place]] | None:
        """((steps, units) states that are shown, (units,) whether a unit is chosen, places); None where nothing is brushed."""
        which, first, last = (int(k) for k in state["brushed"])
        if which < 0:
            return None
        states = self.states_of(constants, state, tape, self.brushable[which])
        last = min(last, states.shape[1] - 1)
        first = min(first, last)
        long = last - first + 1
        through = throughout(states, long, self.threshold, self.switched)
        return states[0], through[0, first], like_places(through, through[0, first], long, (0, first))

    def alike_summary(self, constants: Any, state: State, tape: State) -> dict[str, Any]:
        """How many units are on throughout, and at how many other places."""
        found = self.alike(constants, state, tape)
        return {} if found is None else {"units on throughout": int(found[1].sum()), "like places": len(found[2])}

    def alike_streams(self) -> tuple[Stream, ...]:
        """The table, the letters, and what is drawn over the states."""
        return (
            Stream("like places", "table", "", "Other places at which the units are on that are on throughout the span."),
            Stream("letters of it", "tokens", "", "The sequence that is shown: the span, and at each step the share of its units that is on.", channels=("share on",)),
            *(Stream(f"brush of {name}", "curve", "", "The span that was brushed, and its units where they are on.", channels=("on",)) for name in self.brushable),
        )  # fmt: skip

    def alike_pictures(self) -> tuple[Picture, ...]:
        """The table and the letters."""
        return (
            Picture("like places", "Like places", (Layer("like places"),), figures=("units on throughout", "like places"), weight=1.4,
                    doc="Drag over steps of the states: units that are on throughout, and where else all of them are."),
            Picture("letters of it", "Its units, step by step", (Layer("letters of it"),), levels=(0.0, 1.0), doc="Darker where more units of the span are on."),
        )  # fmt: skip

    def alike_look(self, constants: Any, state: State, tape: State, stream: str) -> Any:
        """One of the streams of `alike_streams`."""
        which, first, last = (int(k) for k in state["brushed"])
        if stream.startswith("brush of "):
            if which < 0 or stream != f"brush of {self.brushable[which]}":
                return np.full((2, 1), np.nan)
            found = self.alike(constants, state, tape)
            assert found is not None
            return outline(*found, first, min(last, len(found[0]) - 1))
        found = self.alike(constants, state, tape)
        words = self.words_of(constants, state, 0)
        if stream == "letters of it":
            if found is None:
                return {"rows": [{"texts": words}]}
            shown, chosen, _ = found
            share = (shown[: len(words), chosen] > self.threshold).mean(1) if chosen.any() else np.zeros(len(words))
            return {"rows": [{"texts": words, "values": share}], "lit": tuple(range(first, min(last, len(words) - 1) + 1))}
        if found is None:
            return [_only("Drag over the states to choose a span of steps.")]
        shown, chosen, places = found
        long = min(last, len(shown) - 1) - first + 1
        rows = [self._row(constants, state, Place(0, first, 0), long, "the span")]
        if not chosen.any():
            words = f"No unit is above {self.threshold:g} throughout{', and below it just before' * self.switched}: lower it, or take another span."
            return [*rows, _only(words)]
        if not places:
            return [*rows, _only("Nowhere else are all of these units on.")]
        return rows + [self._row(constants, state, place, long) for place in places[:PLACES]]

    def _row(self, constants: Any, state: State, place: Place, long: int, name: str = "") -> dict[str, Any]:
        words, end = list(self.words_of(constants, state, place.sequence)), place.first + long
        gap = "" if all(len(word) <= 1 for word in words) else " "
        before, here, after = (
            gap.join("⏎" if w == "\n" else w for w in words[max(0, a) : b])
            for a, b in ((place.first - AROUND, place.first), (place.first, end), (end, end + AROUND))
        )
        steps = f"{place.first}" if long == 1 else f"{place.first}-{end - 1}"
        return {"sequence": name or self.sequence_name(constants, place.sequence), "steps": steps,
                "what is read there": f"{before}{gap}«{here}»{gap}{after}".strip(), "others on": place.others}  # fmt: skip


def _only(words: str) -> dict[str, Any]:
    return {"sequence": "", "steps": "", "what is read there": words, "others on": ""}


def outline(states: np.ndarray, chosen: np.ndarray, places: Sequence[Place], first: int, last: int) -> np.ndarray:
    """(2, n) lines over an image of states (units down, steps across): the span as a frame, its units there and at like places."""
    units, long, gap = states.shape[1], last - first + 1, [np.nan, np.nan]
    left, right = first - 0.5, last + 0.5
    frame = [[left, -0.5], [right, -0.5], [right, units - 0.5], [left, units - 0.5], [left, -0.5], gap]
    lines = [
        point
        for start in (first, *(p.first for p in places if p.sequence == 0))
        for unit in np.flatnonzero(chosen)
        for point in ([start - 0.5, unit], [start + long - 0.5, unit], gap)
    ]
    return np.array(frame + lines, float).T
