"""What a person may do by hand to a training on examples while it runs: add points, draw, look at a picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.model import State, action, param
from lab.training import canvas, drawing, readings
from lab.training.examples import Examples
from lab.training.learner import POSITION, Learner
from lab.training.material import outline


class ByHand(Learner, Examples):
    """Examples added by a click, and pictures drawn on a canvas."""

    @property
    def task(self) -> str:
        """classification, regression or reconstruction."""
        return outline(self).task

    @action("Add a point", hidden=True, x=(float, param(0.0, lo=-1e6, hi=1e6, doc="First feature.")), y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Second feature.")),
            kind=(int, param(-1, lo=-1, hi=1000, doc="Class; -1: the one chosen with 'Class of new points'.")))  # fmt: skip
    def add_point(self, constants: Any, state: State, x: float, y: float, kind: int) -> None:
        """One more training example, where a person clicks."""
        shape = constants.outline
        if not shape.plane or self.task != "classification":
            raise ModelError(
                f"{self._owner()}: points can be added to classes in a plane only; choose moons, circles, spirals, XOR, Gaussians or painted as data."
            )
        label = int(state["point_class"][0]) if kind < 0 else kind
        if label >= shape.outputs:
            raise ModelError(f"{self._owner()}.add_point.kind: must be below the number of classes, {shape.outputs} (got {label}).")
        if len(state["added"]) >= 10_000:
            raise ModelError(f"{self._owner()}: 10,000 points were added by hand already; clear them first.")
        state["added"] = np.concatenate([state["added"], [[x, y, float(label)]]])
        self._reshuffle(constants, state)

    @action("Class of new points", kind=(int, param(0, lo=0, hi=1000, doc="Number of the class, from 0.")))
    def class_of_points(self, constants: Any, state: State, kind: int) -> None:
        """Which class the next clicked points belong to."""
        if kind >= constants.outline.outputs:
            raise ModelError(
                f"{self._owner()}.class_of_points.kind: must be below the number of classes, {constants.outline.outputs} (got {kind})."
            )
        state["point_class"][0] = kind

    @action("Clear added points")
    def clear_points(self, constants: Any, state: State) -> None:
        """Forget the points that were added by hand."""
        state["added"] = np.zeros((0, 3))
        self._reshuffle(constants, state)

    def _reshuffle(self, constants: Any, state: State) -> None:
        """The epoch begins anew, because the examples are others."""
        state["order"] = np.arange(len(constants.material.x) + len(state["added"]), dtype=np.int64)
        state["counters"][POSITION] = 0

    @action("Paint", hidden=True, row=(int, param(0, lo=0, hi=4095, doc="Row of the canvas.")), column=(int, param(0, lo=0, hi=4095, doc="Column of the canvas.")),
            value=(float, param(1.0, lo=0.0, hi=1.0, doc="1 draws, 0 erases.")))  # fmt: skip
    def paint(self, constants: Any, state: State, row: int, column: int, value: float) -> None:
        """Draw on the canvas; what is drawn is classified at once."""
        self._need_picture(constants)
        if not state["drawn_on"][0]:
            state["canvas"][:] = 0
            state["drawn_on"][0] = 1
        canvas.stroke(state["canvas"], row, column, value)

    @action("Clear the canvas", shortcut="C")
    def clear_canvas(self, constants: Any, state: State) -> None:
        """An empty canvas."""
        self._need_picture(constants)
        state["canvas"][:] = 0
        state["drawn_on"][0] = 1

    @action("Look at a test picture", index=(int, param(0, lo=0, hi=10_000_000, doc="Number of the test example.")))
    def look_at(self, constants: Any, state: State, index: int) -> None:
        """Put a test picture on the canvas."""
        self._need_picture(constants)
        if index >= len(constants.material.test_x):
            raise ModelError(
                f"{self._owner()}.look_at.index: must be below the number of test examples, {len(constants.material.test_x)} (got {index})."
            )
        state["canvas"][:] = canvas.enlarged(constants.material.test_x[index].reshape(constants.outline.picture), state["canvas"].shape)
        state["drawn_on"][0] = 0

    @action("Look at a mistake", hidden=True, index=(int, param(0, lo=0, hi=1000, doc="Number of the tile.")))
    def look_at_mistake(self, constants: Any, state: State, index: int) -> None:
        """Put one of the worst mistakes on the canvas."""
        self._need_picture(constants)
        rows = readings.worst(self, constants, self.tape_state(constants, state))[0]
        if index >= len(rows):
            raise ModelError(
                f"{self._owner()}.look_at_mistake.index: must be below the number of mistakes shown, {len(rows)} (got {index})."
            )
        self.look_at(constants, state, int(rows[index]))

    @action("Set a weight", hidden=True, wire=(int, param(0, lo=0, hi=10_000, doc="Number of the bundle of wires in the drawing.")),
            source=(int, param(0, lo=0, hi=10_000_000, doc="Unit that it leaves.")), target=(int, param(0, lo=0, hi=10_000_000, doc="Unit that it reaches.")),
            value=(float, param(0.0, lo=-1e6, hi=1e6, doc="The weight.")))  # fmt: skip
    def set_weight(self, constants: Any, state: State, wire: int, source: int, target: int, value: float) -> None:
        """Give one weight another value; learning goes on from there."""
        name, place, sent = drawing.weight_of(self, constants, wire, source, target)
        constants.program.parameters(state)[name][place] = self.allowed(constants, name, source, value * sent)

    def allowed(self, constants: Any, name: str, source: int, value: float) -> float:
        """The nearest value that a weight may have."""
        return value

    def _need_picture(self, constants: Any) -> None:
        if constants.outline.picture is None:
            raise ModelError(
                f"{self._owner()}: the examples of '{self.data}' are no pictures, so nothing can be drawn; choose digits or a file of pictures as data."
            )
