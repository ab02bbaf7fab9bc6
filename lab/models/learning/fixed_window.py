"""A window or a memory: a dense network that sees the last few steps beside a recurrent one, on the same sequences in lockstep."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.model import Figure, Layer, Picture, Preset, Stage, Stream, param
from lab.tape import Tape
from lab.training import Measure, Objective, Stepwise, redeclared
from lab.training import Stage as Part
from lab.training.beside import numbers
from lab.training.makers import Sequences
from lab.units import number as printed

JUDGED = 100  # sequences held out
PROBED = 32  # of them, for what one bit changes
WHO = ("window", "recurrent")
BASELINE = 0.25  # squared error of one half for a bit that nothing tells about
UNSEEN = 1.0 / 12.0  # variance of a number between 0 and 1 that was not seen


class FixedWindow(Stepwise):
    r"""Two networks with about as many numbers to learn: one sees the last few steps, the other remembers.

    Bits come one after the other, and the bit of some steps ago has to be said again. The dense network reads a *window*: its inputs are the
    last few bits, and each has synapses of its own. The recurrent network reads one bit at a time and feeds its state back. Try:

    - lag 6 and window 8: the bit stands in the window. Both learn it;
    - window 6 at the same lag: it reaches five steps back, one too few. Its error stays on the dashed line, which is that of always saying one
      half, however long it learns and however many units it has: what does not come in cannot be said;
    - *what one bit changes*: turn one bit round and see by how much the last output moves. Beyond the window that is exactly zero. In the
      recurrent network there is a peak at the lag, and nothing in it says how far it may look;
    - *Exclusive or*: two bits have to be combined, the present one and the one of some steps ago. In its window the dense network can do that, too;
    - *Adding*: two numbers of the sequence are marked, one in either half, and their sum is wanted at the end. A window of half the sequence sees
      the second one at most, and its error cannot fall below the variance of the first, 1/12;
    - a far lag: the window only has to be made wider, and the recurrent network's gradient has to come back through every step between. See
      *Recurrent network and LSTM* for where that ends.

    The dense network has as many units as bring its count nearest to that of the recurrent one: a wider window, fewer units. Both are judged
    where the window lies wholly in the sequence and the wanted bit has been.
    """

    name = "fixed-window"
    title = "A window or a memory"
    group = "Sequences and language"
    icon = "mdi6.arrow-expand-horizontal"
    order = 92
    also = "fixed window; sliding window; time delay network; TDNN; dense against recurrent; MLP versus RNN; memory of a network; lag; inductive bias of sequences; context length"
    equations = (
        r"\mathrm{window:}\; y_t = V \tanh(U\,[x_t, x_{t-1}, \ldots, x_{t-W+1}] + b) + c",
        r"\mathrm{memory:}\; h_t = \tanh(x_t U + h_{t-1} W + b),\qquad y_t = h_t V + c",
        r"\mathrm{lag} \geq W:\; \min_y \mathrm{E}\,(y - x_{t-\mathrm{lag}})^2 = \frac{1}{4}",
        r"\mathrm{adding:}\; \min_y \mathrm{E}\,(y - x_a - x_b)^2 = \frac{P(a\ \mathrm{unseen}) + P(b\ \mathrm{unseen})}{12}",
    )
    symbols = r"U: weights of the input; V: weights of the output; b: bias; c: bias of the output; y_t: output; h_t: memory; P: probability; a: first marked step"
    source = (
        "Elman 1990, Cogn Sci 14:179; Waibel et al. 1989, IEEE Trans Acoust Speech Signal Process 37:328 (time-delay network); "
        "Hochreiter and Schmidhuber 1997, Neural Comput 9:1735 (adding)"
    )
    presets = {
        "Beyond its window": Preset({}, shows="window error > 0.24 and recurrent error < 0.02", after=800),
        "Within its window: both can": Preset({"window": 8}, shows="window error < 0.01 and recurrent error < 0.02", after=800),
        "One step more is enough": Preset({"window": 7}, shows="window error < 0.01 and recurrent error < 0.02", after=800),
        "Exclusive or, within": Preset({"task": "XOR", "lag": 2, "window": 4, "steps": 1500}, shows="window error < 0.02 and recurrent error < 0.05", after=1500),
        "Adding, beyond its window": Preset({"task": "adding", "span": 12, "window": 6, "units": 24, "steps": 2000}, shows="window error > 0.075 and recurrent error < 0.03", after=2000, slow=True),
        "Adding, within": Preset({"task": "adding", "span": 12, "window": 12, "units": 24, "steps": 2000}, shows="window error < 0.03 and recurrent error < 0.03", after=2000, slow=True),
        "Exclusive or, beyond": Preset({"task": "XOR", "lag": 2, "window": 2, "steps": 1500}, shows="window error > 0.24 and recurrent error < 0.05", after=1500),
    }  # fmt: skip

    task: str = param("echo", choices=("echo", "XOR", "adding"), live=False, main=True, group="Task",
                      doc="Say the bit of some steps ago, its exclusive or with the present one, or at the end the sum of two marked numbers.")  # fmt: skip
    lag: int = param(
        6,
        "steps",
        lo=1,
        hi=40,
        live=False,
        main=True,
        group="Task",
        symbol="k",
        when=("task", ("echo", "XOR")),
        doc="How long ago the bit was that matters.",
    )
    span: int = param(30, "steps", lo=4, hi=100, live=False, group="Task", label="Sequence", symbol="T", doc="Steps of a sequence.")
    window: int = param(
        6,
        "steps",
        lo=1,
        hi=60,
        live=False,
        main=True,
        group="Network",
        symbol="W",
        doc="Steps that the dense network sees, the present one included.",
    )
    units: int = param(16, lo=1, hi=128, log=True, live=False, group="Network", symbol="H", doc="Units of the recurrent network.")
    example: int = param(0, lo=0, hi=JUDGED - 1, soft=(0, 20), group="Look", doc="Which sequence held out is looked at.")
    rate: float = redeclared(Stepwise, "rate", 5e-3)
    clip: float = redeclared(Stepwise, "clip", 1.0)
    batch: int = redeclared(Stepwise, "batch", 32)
    steps: int = redeclared(Stepwise, "steps", 800, doc="How long they learn.")
    evaluate: float = redeclared(Stepwise, "evaluate", 25.0)
    room = 64  # an unrolled program takes much memory
    measures = (
        Measure("window error", "Mean squared error of the dense network on sequences that are never learned from."),
        Measure("recurrent error", "The same of the recurrent network.", better="lower"),
        Measure(
            "baseline",
            "Error of saying one half always, the best that can be said of a bit that was not seen; in adding, the least error of whoever sees the window only (the whole in it: of saying one).",
        ),
    )

    def check(self) -> None:
        """Some steps must be left to be judged."""
        if self.task == "adding":
            if self.window > self.span:
                raise self.refuse("window", f"must lie in the sequence ({self.span} steps): make it smaller or the sequence longer")
            return
        for name, needs in (("lag", self.lag + 1), ("window", self.window)):
            if needs > self.span - 1:
                raise self.refuse(
                    name,
                    f"must leave at least two steps of the sequence to be judged ({self.span} steps): make it smaller or the sequence longer",
                )

    @property
    def first(self) -> int:
        """The first step that is judged: the window lies in the sequence and the wanted bit has been."""
        return self.span - 1 if self.task == "adding" else max(self.window - 1, self.lag)

    @property
    def per_step(self) -> int:
        """Numbers of a step: a bit, or a number and its mark."""
        return 2 if self.task == "adding" else 1

    @property
    def least(self) -> float:
        """Least mean squared error of whoever sees the window only."""
        if self.task != "adding":
            return BASELINE if self.lag >= self.window else 0.0
        half, hidden = self.span // 2, self.span - self.window
        return UNSEEN * (min(hidden, half) / half + max(hidden - half, 0) / (self.span - half))

    @property
    def baseline(self) -> float:
        """The line that an error is held against."""
        return BASELINE if self.task != "adding" else self.least or 2.0 * UNSEEN

    @property
    def dense_units(self) -> int:
        """Units that bring the dense network's count nearest to the recurrent one's: of n numbers a step N (n W + 2) + 1 against H (H + n + 2) + 1."""
        n = self.per_step
        return max(1, round(self.units * (self.units + n + 2) / (n * self.window + 2)))

    @property
    def objectives(self):
        """Each learns from its own error."""
        rule = self.rule()
        return tuple(Objective(who, f"loss of {who}", rule, (f"{who}.",)) for who in WHO)

    @property
    def maker(self):
        """Sequences, made anew for each epoch."""
        return Sequences(100 * self.batch, self.task, self.span, self.lag)

    def write(self, tape: Tape):
        """The window slid over the sequence, and the recurrent network unrolled."""
        T, first = self.span, self.first
        x = tape.input("x", (T, self.per_step))
        if self.task == "adding":
            wanted = tape.reshape(tape.input("t", (1,)), (1, 1), name="wanted")
        else:
            wanted = tape.slice(tape.input("t", (T, 1)), first, T, axis=0, name="wanted")
        bits = [tape.slice(x, first - back, T - back, axis=0, name=f"window.{back}") for back in range(self.window)]
        seen = bits[0] if len(bits) == 1 else tape.concatenate(bits, axis=-1, name="window.seen")
        hidden = tape.tanh(tape.affine(seen, self.dense_units, name="window.hidden"), name="window.values")
        tape.mse(tape.affine(hidden, 1, name="window.output"), wanted, name="loss of window")

        drive = tape.affine(x, self.units, name="recurrent.drive")
        w = tape.parameter("recurrent.weight", (self.units, self.units), init="xavier")
        states = [tape.tanh(tape.select(drive, 0), name="recurrent.0")]
        for k in range(1, T):
            total = tape.add(tape.select(drive, k), tape.affine(states[-1], weight=w, bias=False))
            states.append(tape.tanh(total, name=f"recurrent.{k}"))
        output = tape.affine(tape.stack(states[first:], name="recurrent.all"), 1, name="recurrent.output")
        tape.mse(output, wanted, name="loss of recurrent")
        return Part("window.hidden", "window.hidden.weight", "window.values"), Part(
            "recurrent.weight", "recurrent.weight", f"recurrent.{T - 1}"
        )

    def build(self, seed: int):
        """The sequences by which they are judged."""
        constants = super().build(seed)
        constants.extra["held"] = constants.maker.held_out(seed, self.judged)
        return constants

    def looked_at(self, constants) -> int:
        """Sequences of an evaluation."""
        return self.judged

    @property
    def judged(self) -> int:
        """Sequences held out: more where each is judged at its end alone."""
        return 10 * JUDGED if self.task == "adding" else JUDGED

    def measure(self, constants, state, tape):
        """Both errors and that of saying one half."""
        found = constants.program.forward(tape, [f"loss of {who}" for who in WHO], **constants.extra["held"])
        dense, recurrent = (float(value.mean(dtype=float)) for value in found)
        return {"window error": dense, "recurrent error": recurrent, "baseline": self.baseline}

    def parameters_of(self, constants) -> tuple[int, int]:
        """Numbers that each network learns."""
        dense, recurrent = (numbers(constants.program, f"{who}.") for who in WHO)
        return dense, recurrent

    def summary(self, constants, state) -> dict[str, Any]:
        """Both errors and both counts."""
        dense, recurrent = self.parameters_of(constants)
        return super().summary(constants, state) | {"parameters, window": dense, "parameters, recurrent": recurrent}

    # -- what can be looked at --

    def own_streams(self, shape):
        """What they say of a sequence, what one bit changes, and the counts."""
        return (
            Stream("said", "curve", "", "What was wanted of the chosen sequence, and what both say.", channels=("wanted", *WHO), x_unit="step"),
            Stream("reach", "curve", "", "By how much the last output moves when the bit of so many steps ago is turned round (in adding: the number x there becomes 1 - x and is marked).", channels=WHO, x_unit="step"),
            Stream("edge", "curve", "", "The last step that the window reaches.", channels=("end of the window",), x_unit="step"),
            Stream("state", "image", "", "Units of the recurrent network (down) over the steps of the chosen sequence."),
            Stream("counted", "table", "", "Numbers to be learned."),
        )  # fmt: skip

    def own_pictures(self, shape):
        """Errors large with the baseline, then how far each reaches."""
        return (
            Picture("errors", "Error on new sequences",
                    (Layer("measures"),), y="mean squared error", figures=("window error", "recurrent error"), front=True, weight=1.6),
            Picture("reach", "What one bit changes", (Layer("reach"), Layer("edge", theory=True, label="end of the window")), x="steps ago", y="change of the output",
                    front=True, weight=1.3),
            Picture("said", "What they say", (*(Layer("said", channel=k, label=name, series=(k - 1,)) for k, name in enumerate(WHO, 1)), Layer("said", channel=0, label="wanted", style="points" if self.task == "adding" else "dashed", series=(2,))),
                    x="step", y="output", x_range=(0.0, float(self.span)), front=True),
            Picture("state", "State of the recurrent network", (Layer("state"),), levels=(-1.0, 1.0), colours="diverging", x="step", y="unit"),
            Picture("counted", "Counted", (Layer("counted"),), figures=("parameters, window", "parameters, recurrent")),
        )  # fmt: skip

    @property
    def stage(self):
        """Errors large, how far each reaches beside them."""
        return Stage(
            "errors",
            companions=("reach", "said"),
            below=("state", "counted"),
            drawers=(("Training", ("loss", "gradient", "rate", "check gradients", "layers")),),
        )

    def reach(self, constants, tape) -> np.ndarray:
        """(2, T) mean size of the change of both last outputs by the bit of 0, 1, ... steps ago."""
        x, t = (constants.extra["held"][name][:PROBED] for name in "xt")
        turned = np.repeat(x[None], self.span + 1, axis=0)
        for back in range(self.span):
            turned[back + 1, :, self.span - 1 - back, 0] = 1.0 - x[:, self.span - 1 - back, 0]
            if self.task == "adding":  # it counts, too
                turned[back + 1, :, self.span - 1 - back, 1] = 1.0
        found = constants.program.forward(
            tape,
            [f"{who}.output" for who in WHO],
            x=turned.reshape(-1, self.span, self.per_step),
            t=np.tile(t, (self.span + 1, *(1 for _ in t.shape[1:]))),
        )
        last = [value[:, -1, 0].astype(float).reshape(self.span + 1, -1) for value in found]
        return np.stack([np.abs(value[1:] - value[0]).mean(1) for value in last])

    def look(self, constants, state, tape, stream):
        """The chosen sequence, and how far each network reaches."""
        program, T, first = constants.program, self.span, self.first
        one = {name: rows[self.example : self.example + 1] for name, rows in constants.extra["held"].items()}
        if stream == "said":
            found = program.forward(tape, [f"{who}.output" for who in WHO], **one)
            wanted = one["t"][0] if self.task == "adding" else one["t"][0, first:, 0]
            return np.vstack([np.arange(first, T, dtype=float), wanted, *(value[0, :, 0] for value in found)])
        if stream == "reach":
            return np.vstack([np.arange(T, dtype=float), self.reach(constants, tape)])
        if stream == "edge":
            return np.array([[self.window - 0.5] * 2, [0.0, 1.0]])
        if stream == "state":
            return np.stack([value[0] for value in program.forward(tape, [f"recurrent.{k}" for k in range(T)], **one)], axis=1)
        if stream == "counted":
            counts = zip((f"dense, {self.dense_units} units on a window of {self.window}", f"recurrent, {self.units} units"),
                         self.parameters_of(constants), strict=True)  # fmt: skip
            return [{"network": name, "numbers": f"{printed(count)}"} for name, count in counts]
        return super().look(constants, state, tape, stream)

    @classmethod
    def figures(cls):
        """Both sides of the edge of the window, and the counts."""

        def errors(run, what, **values):
            return [run(cls(**values), seed=seed, record={}).summary[f"{what} error"] for seed in (1, 2, 3)]

        def counts(which):
            return lambda run: float(run(cls(), steps=0, record={}).summary[f"parameters, {which}"])

        def beyond(run):
            model = cls()
            result = run(model, steps=100, seed=1, record={})
            constants = model.build(1)
            return float(model.reach(constants, model.tape_state(constants, result.state))[0, model.window :].max())

        source = "three seeds; the worst of them"
        yield Figure("parameters of the recurrent network", 305, counts("recurrent"), source="16 x 16 + 3 x 16 + 1")
        yield Figure("parameters of the dense network", 305, counts("window"), source="38 (6 + 2) + 1")
        yield Figure("what a bit beyond the window changes", 0.0, beyond, source="it does not come in")
        yield Figure("dense error, lag one step beyond the window", BASELINE - 0.01, lambda run: min(errors(run, "window")), bound="at_least",
                     source=f"variance of a fair bit, 1/4; {source}")  # fmt: skip
        yield Figure("recurrent error at the same lag", 0.02, lambda run: max(errors(run, "recurrent")), bound="at_most", source=source)
        adding: dict[str, Any] = {"task": "adding", "span": 12, "units": 24, "steps": 2000}
        least = cls(**adding, window=6).least
        yield Figure("dense error, adding with half the sequence in its window, over the least there is", 1.0,
                     lambda run: min(errors(run, "window", **adding, window=6)) / least, tolerance=0.08, source=f"variance of the number outside, 1/12; {source}", slow=True)  # fmt: skip
        yield Figure("recurrent error, adding over 12 steps", 0.02, lambda run: max(errors(run, "recurrent", **adding, window=6)), bound="at_most", source=source, slow=True)  # fmt: skip
        yield Figure(
            "dense error, lag within the window", 0.01, lambda run: max(errors(run, "window", window=7)), bound="at_most", source=source
        )
