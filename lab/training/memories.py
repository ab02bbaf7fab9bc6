"""What is seen of a recurrent network and an LSTM on the same sequences: states and gates over the steps, gradients through time, like places."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.errors import ModelError
from lab.model import Layer, Picture, Stage, State, Stream
from lab.training.alike import Alike
from lab.training.language import chances, write_on
from lab.training.learner import Constants
from lab.training.makers import Sequences
from lab.training.stepwise import Stepwise
from lab.training.texts import counts_of
from lab.training.through_time import fed_back, unrolled, walked

JUDGED = 500  # sequences held out
PROBED = 64  # of them, for gradients
WHO = ("RNN", "LSTM")
SEARCHED = 100  # sequences in which like places are looked for
BEGUN, LONG = 12, 60  # letters with which a text begins, and letters that are written on


class Memories(Alike, Stepwise):
    """A learner of two networks with memory in lockstep, `rnn` and `lstm`, unrolled over `span` steps.

    Their nodes of step k are `rnn.k`, `lstm.k` (output and cell), `lstm.k.gates`; their outputs `rnn.output` and `lstm.output`.
    """

    brushable = ("state of RNN", "state of LSTM")

    if TYPE_CHECKING:  # parameters of the model
        task: str
        span: int
        delay: int
        period: float
        file: str
        cell: str
        units: int
        example: int
        unit: int
        place: int

    @property
    def foretells(self) -> bool:
        """Whether the next value is wanted."""
        return self.task in ("sine", "file")

    @property
    def letters(self) -> int:
        """Letters of the alphabet, where a text is read; else 0."""
        return len(self.maker.alphabet) if self.task == "text" else 0  # type: ignore[attr-defined]

    @property
    def cut(self) -> frozenset[int]:
        """Steps whose past gets no gradient."""
        return frozenset()

    def clamped(self) -> dict[str, Any]:
        """What is replaced where a gate is held."""
        return {}

    def right(self, constants: Constants, tape: State) -> tuple[np.ndarray, np.ndarray]:
        """Of words of brackets whether each is named rightly, and how long it has been open."""
        raise ModelError(f"{self._owner()} does not implement right().")

    # -- like places --

    @property
    def spanned(self) -> int:
        """Steps of a sequence."""
        return self.span

    def _searched(self, constants: Constants) -> np.ndarray:
        """Numbers of the sequences held out: the one that is looked at, then those that are searched."""
        count = len(constants.extra["held"]["x"])
        at = self.example % count
        return np.concatenate([[at], [k for k in range(min(SEARCHED, count)) if k != at]])

    def states_of(self, constants: Constants, state: State, tape: State, stream: str) -> np.ndarray:
        """Units of the recurrent network, or tanh of the LSTM's cells: what the pictures show."""
        rows = {"x": constants.extra["held"]["x"][self._searched(constants)]}
        if stream == "state of RNN":
            return np.stack(constants.program.forward(tape, [f"rnn.{k}" for k in range(self.span)], **rows), axis=1)
        found = constants.program.forward(tape, [f"lstm.{k}" for k in range(self.span)], replace=self.clamped() or None, **rows)
        return np.tanh(np.stack([value[:, 1] for value in found], axis=1))

    def words_of(self, constants: Constants, state: State, sequence: int) -> list[str]:
        """Letters, brackets, bits, or numbers to two digits (a marked one with a star)."""
        x = constants.extra["held"]["x"][self._searched(constants)[sequence]]
        if self.letters:
            return [constants.maker.alphabet[k] for k in x]
        if self.task == "Dyck":
            return [{(1, 1): "(", (1, -1): ")", (-1, 1): "[", (-1, -1): "]"}[int(kind), int(opens)] for kind, opens in x]
        if self.task == "adding":
            return [f"{value:.1f}{'*' if mark > 0 else ''}" for value, mark in x]
        return [f"{value:.2g}" for value in (constants.maker.natural(x) if self.task == "file" else x)[:, 0]]

    def sequence_name(self, constants: Constants, sequence: int) -> str:
        """The number by which it can be looked at."""
        return "this one" if sequence == 0 else f"{self._searched(constants)[sequence]}"

    # -- what is looked at --

    def own_streams(self, shape: Any) -> tuple[Stream, ...]:
        """States, gates and gradients over the steps of a sequence."""
        return (
            Stream(
                "said",
                "curve",
                "",
                "What was wanted of the chosen sequence, and what both say; of text the share that counting pairs, and both, gave to the letter that came.",
                channels=("pairs counted" if self.task == "text" else "wanted", *WHO),
                x_unit="step",
            ),
            *self.alike_streams(),
            *(
                ()
                if self.task == "text"
                else (
                    Stream(
                        "inputs",
                        "curve",
                        "",
                        "The chosen sequence.",
                        channels={"adding": ("number", "mark"), "Dyck": ("round or square", "opens or closes")}.get(self.task, ("input",)),
                        x_unit="step",
                    ),
                )
            ),
            Stream("state of RNN", "image", "", "Units of the recurrent network (down) over the steps of the chosen sequence."),
            Stream("state of LSTM", "image", "", "Cells of the LSTM (down) over the steps of the chosen sequence."),
            Stream(
                "gates",
                "curve",
                "",
                "Gates of the chosen unit over the steps, and its cell.",
                channels=("input", "forget", "output", "cell"),
                x_unit="step",
            ),
            Stream("through time", "curve", "", "Size of the error's gradient by the state at each step.", channels=WHO, x_unit="step"),
            *(
                (
                    Stream(
                        "linear",
                        "curve",
                        "",
                        "Powers of the largest singular value of the recurrent weights.",
                        channels=("linear case",),
                        x_unit="step",
                    ),
                    Stream(
                        "walk", "matrices", "", "One step of back-propagation through time in the recurrent network, with every matrix."
                    ),
                )
                if self.cell == "plain"
                else ()
            ),
            *((Stream("written", "table", "", "What both write when they read their own letters."),) if self.task == "text" else ()),
            *(
                (
                    Stream(
                        "fed back",
                        "curve",
                        "",
                        "What both make of the wave when they read their own last output.",
                        channels=("wave", *WHO),
                        x_unit="step",
                    ),
                )
                if self.foretells
                else ()
            ),
            *(
                (
                    Stream(
                        "by age",
                        "curve",
                        "",
                        "Share of brackets named rightly by how many steps ago they were opened.",
                        channels=WHO,
                        x_unit="step",
                    ),
                )
                if self.task == "Dyck"
                else ()
            ),
            Stream("arithmetic", "table", "", "The chosen unit of the LSTM, step by step: c = f c + i candidate, h = o tanh(c)."),
        )

    def own_pictures(self, shape: Any) -> tuple[Picture, ...]:
        """Errors and gradients in front."""
        ends = (0.0, float(self.span))
        heat: dict[str, Any] = {"levels": (-1.0, 1.0), "colours": "diverging", "x": "step", "y": "unit", "brush": "brush",
                                "doc": "Drag over steps: units that are on throughout, and where else all of them are."}  # fmt: skip
        text, plain = self.task == "text", self.cell == "plain"
        linear = (Layer("linear", style="dashed", label="linear case", series=(1,)),) if plain else ()  # a bound on it, no theory of it
        # Colours as of the errors: the LSTM is 0, the RNN 1, what both are held against 2.
        wanted = Layer(
            "said",
            channel=0,
            label="pairs counted" if text else "wanted",
            style="points" if self.task == "adding" else "dashed",
            series=(2,),
        )
        return (
            Picture("errors", "Error on new sequences", (Layer("measures"),), y="nats per letter" if text else "mean squared error", y_log="auto", figures=("LSTM error", "RNN error"), front=True, weight=1.4),
            Picture("through time", "Gradient through time", (Layer("through time", series=(1, 0)), *linear), x="step", y="gradient", y_log=True,
                    x_range=ends, front=True, weight=1.3),
            Picture("said", "What they say", (wanted, Layer("said", channel=1, label="RNN", series=(1,)), Layer("said", channel=2, label="LSTM", series=(0,))),
                    x="step", y="share given to the letter" if text else "output", x_range=ends, y_range=(0.0, 1.0) if text else None, front=True),
            *(() if text else (Picture("inputs", "What they read", (Layer("inputs"),), x="step", y="input", x_range=ends),)),
            Picture("state of RNN", "State of the RNN", (Layer("state of RNN"), Layer("brush of state of RNN", series=(2,))), **heat),
            Picture("state of LSTM", "Cells of the LSTM", (Layer("state of LSTM"), Layer("brush of state of LSTM", series=(2,))), **heat),
            *self.alike_pictures(),
            *((Picture("written", "Written on", (Layer("written"),)),) if text else ()),
            Picture("gates", "Gates of one unit", (Layer("gates"),), x="step", y="gate", x_range=ends, front=True),
            Picture("arithmetic", "One unit, step by step", (Layer("arithmetic"),)),
            *((Picture("walk", "Back through time, step by step", (Layer("walk"),), weight=1.6, doc="Drag 'Walk at step' to the left, or press 'One step back'."),) if plain else ()),
            *(
                (Picture("fed back", "Fed back: it goes on by itself", (Layer("fed back", channel=0, label="wave", style="dashed", series=(2,)), Layer("fed back", channel=1, label="RNN", series=(1,)), Layer("fed back", channel=2, label="LSTM", series=(0,))), x="step", y="output", y_range=(-1.6, 1.6) if self.task == "sine" else None),)
                if self.foretells
                else ()
            ),
            *((Picture("by age", "Brackets closed rightly", (Layer("by age", series=(1, 0)),), x="open for so many steps", y="share right", y_range=(0.0, 1.0), front=True),) if self.task == "Dyck" else ()),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """Errors large, the gradient and what is said beside them, states below."""
        return Stage(
            "errors",
            companions=(("through time", "by age") if self.task == "Dyck" else "through time", "said"),
            below=("state of RNN", "state of LSTM", "gates"),
            drawers=(
                ("Like places", ("like places", "letters of it")),
                *((("Back through time", ("walk",)),) if self.cell == "plain" else ()),
                *((("Fed back", ("fed back",)),) if self.foretells else ()),
                *((("Writing", ("written",)),) if self.task == "text" else ()),
                ("Step by step", ("arithmetic",) if self.task == "text" else ("arithmetic", "inputs")),
                ("Training", ("loss", "gradient", "rate", "check gradients", "layers")),
            ),
        )

    def look(self, constants: Constants, state: State, tape: State, stream: str) -> Any:
        """The chosen sequence."""
        held, program, T = constants.extra["held"], constants.program, self.span
        at = self.example % len(held["x"])
        one = {name: rows[at : at + 1] for name, rows in held.items()}
        natural = constants.maker.natural if self.task == "file" else np.asarray
        step, unit, replace = np.arange(T, dtype=float), self.unit % self.units, self.clamped() or None
        if stream == "inputs":
            return np.vstack([step, natural(one["x"][0].T)])
        if stream == "said":
            found = program.forward(tape, [f"{who.lower()}.output" for who in WHO], replace=replace, **one)
            if self.letters:
                came, pairs = one["t"][0], counts_of(self.file, self.span)[0].two
                return np.vstack([step, pairs[one["x"][0], came], *(chances(value[0], 1.0, 0)[np.arange(T), came] for value in found)])
            if self.task == "adding":
                return np.array([[T - 1.0], [float(one["t"][0, 0])], [float(found[0][0, 0])], [float(found[1][0, 0])]])
            return np.vstack([step, natural(np.stack([one["t"][0, :, 0], *(value[0, :, 0] for value in found)]))])
        if stream == "state of RNN":
            return np.stack([value[0] for value in program.forward(tape, [f"rnn.{k}" for k in range(T)], **one)], axis=1)
        if stream in ("state of LSTM", "gates", "arithmetic"):
            states = program.forward(tape, [f"lstm.{k}" for k in range(T)], replace=replace, **one)
            if stream == "state of LSTM":
                return np.tanh(np.stack([value[0, 1] for value in states], axis=1))
            gates = np.stack(
                [
                    value[0].reshape(4, self.units)[:, unit]
                    for value in program.forward(tape, [f"lstm.{k}.gates" for k in range(T)], replace=replace, **one)
                ],
                axis=1,
            )
            cells, outs = (np.array([value[0, part, unit] for value in states]) for part in (1, 0))
            if stream == "gates":
                return np.vstack([step, gates[[0, 1, 3]], cells])
            before = np.concatenate([[0.0], cells[:-1]])
            return [
                {"step": k, "input i": round(float(gates[0, k]), 3), "forget f": round(float(gates[1, k]), 3), "candidate": round(float(gates[2, k]), 3),
                 "output o": round(float(gates[3, k]), 3), "c before": round(float(before[k]), 3), "c = f c + i candidate": round(float(cells[k]), 3),
                 "h = o tanh(c)": round(float(outs[k]), 3)}
                for k in range(T)
            ]  # fmt: skip
        if stream == "written":
            said = constants.maker.written
            begun = one["x"][0][:BEGUN]
            more = [
                write_on(
                    program,
                    tape,
                    begun,
                    LONG,
                    T,
                    temperature=0.8,
                    most=0,
                    seed=(constants.seed, 5),
                    replace=replace,
                    node=f"{who.lower()}.output",
                )
                for who in WHO
            ]
            return [
                {"network": who, "after": said(begun).replace("\n", "⏎"), "it writes": said(text).replace("\n", "⏎")}
                for who, text in zip(WHO, more, strict=True)
            ]
        if stream.startswith("brush of ") or stream in ("like places", "letters of it"):
            return self.alike_look(constants, state, tape, stream)
        if stream == "walk":
            return walked(unrolled(program, tape, one, "rnn", "loss of RNN", T, self.cut), min(self.place, T - 1))
        if stream == "fed back":
            if self.task == "file":
                true = constants.maker.after(int(constants.maker.starts(JUDGED)[at]), T)
            else:
                true = Sequences(1, self.task, 2 * T, self.delay, self.period).held_out(constants.seed, JUDGED)["x"][at, T:, 0]
            made = [fed_back(program, tape, one["x"][0], one["t"][0], f"{who.lower()}.output", T) for who in WHO]
            return np.vstack([T + np.arange(T), natural(np.stack([true, *made]))])
        if stream == "by age":
            hits, ago = self.right(constants, tape)
            ages = np.unique(ago[ago >= 0])  # even ones: whole words lie between a bracket and its turn
            return np.vstack([ages, np.stack([hits[:, ago == k].mean(1) for k in ages], axis=1)])
        if stream in ("through time", "linear"):
            found = self._through_time(constants, tape)
            if stream == "through time":
                return np.vstack([step, *found])
            largest = float(np.linalg.svd(program.parameters(tape)["rnn.recurrent"].astype(float), compute_uv=False)[0])
            case = found[0][-1] * largest ** (T - 1 - step)
            return np.stack([step, np.where(case < 1e3, case, np.nan)])  # beyond, the curves beside it could no longer be read
        return super().look(constants, state, tape, stream)

    def _through_time(self, constants: Constants, tape: State) -> list[np.ndarray]:
        """Root mean square over sequences of the size of dL/dh (RNN) and dL/d(h, c) (LSTM), step by step; never below 1e-30."""
        rows = {name: array[:PROBED] for name, array in constants.extra["held"].items()}
        found = []
        for who, nodes in zip(WHO, ([f"rnn.{k}" for k in range(self.span)], [f"lstm.{k}" for k in range(self.span)]), strict=True):
            slopes = constants.program.gradients(tape, f"loss of {who}", nodes, mean=False, **rows)
            found.append(
                np.maximum([math.sqrt(float((s.astype(float) ** 2).sum(axis=tuple(range(1, s.ndim))).mean())) for s in slopes], 1e-30)
            )
        return found
