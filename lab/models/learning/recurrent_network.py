"""Networks with memory: a recurrent network and a long short-term memory on the same sequences, in lockstep."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.model import Figure, Preset, action, param
from lab.tape import Tape
from lab.training import Measure, Objective, Stepwise, redeclared
from lab.training import Stage as Part
from lab.training.makers import Sequences, open_for
from lab.training.memories import JUDGED, WHO, Memories
from lab.training.series import series_of
from lab.training.texts import counts_of, text_of
from lab.training.through_time import unrolled
from lab.units import number as printed

GATES = ("input", "forget", "candidate", "output")
CLAMPS = {"forget gate open": (1, 1.0), "forget gate shut": (1, 0.0), "input gate shut": (0, 0.0), "output gate open": (3, 1.0)}


class RecurrentNetwork(Memories):
    r"""What came before matters: a network that feeds its own state back to itself, and one that guards it by gates.

    Both read the same sequences step by step and learn from the same minibatches. The recurrent network mixes its state with each new
    input, and its gradient on the way back through time is multiplied by the same weights and slopes at every step: after fifty
    steps nothing is left, and what happened at the beginning cannot be learned. The LSTM keeps a cell beside its output, and the forget
    gate, near one, lets it pass unchanged; so does the gradient. Try:

    - *Adding*, fifty steps: two of fifty numbers are marked, and their sum is wanted at the end. Play, and see which of the two
      learns; look at the gradient over the time steps, on its logarithmic axis;
    - the same with ten steps: now both can do it;
    - *Echo*: say the bit of five steps ago. Look at the gates of one unit over time;
    - clamp the forget gate shut: the trained LSTM is asked again without its memory;
    - walk *back through time* (a drawer): every matrix of one step, what its own output says of the state, what comes from the step after,
      the slope, what is handed on and what is left in the weights. *Truncated after* cuts the way, and what is
      still learnt is what the state happens to echo by itself;
    - *A sine of unknown period*: the next value follows from the shape of the wave so far;
    - *Brackets*: two kinds, nested; which one has to be closed next? It may have been opened long ago, and others were opened and closed since;
    - *Text*: the next letter of Python's help pages, or of a text file of yours, beside what counting pairs of letters says;
    - **drag over the steps of a state** (*State of the RNN*, *Cells of the LSTM*): units that are on throughout are marked, and *Like places* lists
      where else all of them are on, in this sequence and in a hundred others. What do these places have in common? Brackets that are open?
    - *First network: GRU*: the recurrent network with two gates of its own in place of plain units;
    - a *file* of yours: a column of a table, or a sound, whose next value is to be said. The last fifth is never learned from.

    **The dashed line** under the gradient is the linear case: powers of the largest singular value of the recurrent weights, the most
    that could come through if no unit were saturated.
    """

    name = "recurrent-network"
    title = "Recurrent network and LSTM"
    group = "Sequences and language"
    icon = "mdi6.reload"
    order = 90
    also = "RNN; LSTM; recurrent neural network; long short-term memory; Elman; sequence; time series; backpropagation through time; BPTT; gates of an LSTM; forget gate; echo; adding problem"
    equations = (
        r"h_t = \tanh(x_t U + h_{t-1} W + b),\qquad y_t = h_t V + c",
        r"c_t = f_t\, c_{t-1} + i_t\, \tilde{c}_t,\qquad h_t = o_t \tanh(c_t)",
        r"\mathrm{GRU:}\; h_t = z_t\, h_{t-1} + (1 - z_t) \tanh(x_t U_n + r_t\, (h_{t-1} W_n + c))",
        r"\frac{\partial L}{\partial h_k} = \frac{\partial L}{\partial h_T} \prod_{t=k+1}^{T} \mathrm{diag}(1 - h_t^2)\, W^T",
    )
    symbols = r"x_t: input at step t; U: weights of the input; W: weights from step to step; b: bias; y_t: output; V: weights of the output; z_t: update gate; r_t: reset gate; L: loss"
    source = (
        "Elman 1990, Cogn Sci 14:179; Hochreiter and Schmidhuber 1997, Neural Comput 9:1735 (LSTM, adding task); Gers, Schmidhuber and Cummins 2000, "
        "Neural Comput 12:2451 (forget gate); Bengio, Simard and Frasconi 1994, IEEE Trans Neural Netw 5:157; Cho et al., EMNLP (2014) (GRU); "
        "Strobelt et al. 2018, IEEE Trans Vis Comput Graph 24:667 (like places)"
    )
    presets = {
        "Adding over 50 steps": Preset({}, shows="LSTM error < 0.03 and RNN error > 0.1", after=1000, slow=True),
        "Adding over 10 steps: both can": Preset({"span": 10, "steps": 1500}, shows="LSTM error < 0.02 and RNN error < 0.03", after=1500, slow=True),
        "Echo of five steps ago": Preset({"task": "echo", "span": 20, "steps": 400}, shows="RNN error < 0.02 and LSTM error < 0.05", after=400),
        "Echo, truncated after three steps: worse": Preset({"task": "echo", "span": 20, "truncate": 3, "counts_from": 5, "steps": 400}, shows="RNN error > 0.002 and LSTM error < 0.002", after=400),
        "A sine of unknown period": Preset({"task": "sine", "span": 40, "steps": 600}, shows="RNN error < 0.01", after=600, slow=True),
        "Brackets: which one must close?": Preset({"task": "Dyck", "span": 40}, shows="LSTM right long open > 0.92 and RNN right long open < 0.92", after=1000, slow=True),
        "Text: which letter comes?": Preset({"task": "text", "span": 40, "units": 64, "steps": 1500}, shows="LSTM error < baseline and RNN error < baseline", after=1500, slow=True),
        "GRU beside the LSTM, fifty steps": Preset({"cell": "GRU"}, shows="RNN error < 0.03 and LSTM error < 0.03", after=1000, slow=True),
        "Exclusive or with the past": Preset({"task": "XOR", "span": 16, "delay": 2, "steps": 1500}, shows="RNN error < 0.02 and LSTM error < 0.02", after=1500, slow=True),
    }  # fmt: skip

    task: str = param(
        "adding",
        choices=("adding", "echo", "sine", "XOR", "Dyck", "text", "file"),
        live=False,
        main=True,
        group="Task",
        doc="What is to be said of a sequence: a sum, a bit of before, the next value, which bracket must close, or the next letter; or of a series of your own.",
    )
    span: int = param(
        50, "steps", lo=4, hi=200, live=False, main=True, group="Task", label="Length", symbol="T", doc="Steps of a sequence."
    )
    delay: int = param(
        5, "steps", lo=1, hi=50, live=False, group="Task", when=("task", ("echo", "XOR")), doc="How long ago the bit was that matters."
    )
    period: float = param(
        20.0, "steps", lo=3, hi=100, live=False, group="Task", when=("task", "sine"), doc="Period of the sine, give or take 20 %."
    )
    file: str = param(
        "",
        kind="file",
        live=False,
        group="Task",
        when=("task", ("file", "text")),
        doc="A table, an array (.npy) or a sound: its next value is to be said; for text a text file (none: Python's help pages).",
    )
    column: int = param(
        1,
        lo=0,
        hi=1000,
        live=False,
        group="Task",
        when=("task", "file"),
        doc="Which column, counted from 0, where there are several; of a sound which channel, from 1.",
    )
    cell: str = param(
        "plain",
        choices=("plain", "GRU"),
        live=False,
        group="Network",
        label="First network",
        doc="Units of the first of the two: plain ones, or with the two gates of a GRU.",
    )
    units: int = param(32, lo=1, hi=256, log=True, live=False, main=True, group="Network", symbol="H", doc="Units of each of the two.")
    forget: float = param(
        1.0, lo=-5, hi=10, live=False, group="Network", label="Forget bias", doc="First bias of the forget gate: above 0 it begins open."
    )
    truncate: int = param(
        0,
        "steps",
        lo=0,
        hi=200,
        live=False,
        group="Network",
        label="Truncated after",
        when=("cell", "plain"),
        doc="The RNN's gradient goes no further back than the last multiple of so many steps (0: all the way).",
    )
    counts_from: int = param(
        0,
        "step",
        lo=0,
        hi=199,
        live=False,
        group="Task",
        label="Counts from",
        when=("task", ("echo", "sine", "XOR", "Dyck", "text", "file")),
        symbol=r"\alpha_i",
        doc="Weights of the outputs: those of earlier steps do not count in the error (alpha 0), the others alike.",
    )
    example: int = param(0, lo=0, hi=JUDGED - 1, soft=(0, 20), group="Look", doc="Which sequence held out is looked at.")
    unit: int = param(0, lo=0, hi=255, soft=(0, 31), group="Look", doc="Whose gates are drawn.")
    clamp: str = param(
        "none",
        choices=("none", *CLAMPS),
        group="Look",
        doc="Hold a gate of the LSTM when it is looked at and judged; it goes on learning with all gates free.",
    )
    place: int = param(
        199,
        "step",
        lo=0,
        hi=199,
        group="Look",
        label="Walk at step",
        symbol="k",
        doc="Time step of the walk back through time: drag it to the left.",
    )
    rate: float = redeclared(Stepwise, "rate", 5e-3)
    clip: float = redeclared(Stepwise, "clip", 1.0)
    batch: int = redeclared(Stepwise, "batch", 32)
    steps: int = redeclared(Stepwise, "steps", 1000, doc="How long they learn.")
    evaluate: float = redeclared(Stepwise, "evaluate", 25.0)
    room = 64  # an unrolled program takes much memory
    measures = (
        Measure("LSTM error", "Mean squared error on sequences that are never learned from; of text nats per letter.", better="lower"),
        Measure("RNN error", "The same of the recurrent network."),
        Measure(
            "baseline",
            "Error of the best constant; for the sine, of saying the present value again; of text, of counting pairs of letters.",
        ),
    )

    def check(self) -> None:
        if self.task in ("echo", "XOR") and self.delay >= self.span:
            raise self.refuse("delay", f"must be below the length ({self.span} steps)")
        if self.counts_from >= self.span:
            raise self.refuse("counts_from", f"must be below the length ({self.span} steps)")

    @property
    def objectives(self):
        """Each learns from its own error."""
        rule = self.rule()
        return tuple(Objective(who, f"loss of {who}", rule, (f"{who.lower()}.",)) for who in WHO)

    @property
    def maker(self):
        """Sequences, made anew for each epoch; or windows of a series of one's own."""
        if self.task == "file":
            if not self.file:
                raise self.refuse("file", "must be the path of a table, an array (.npy) or a sound")
            return series_of(self.file, self.column, self.span)
        if self.task == "text":
            return text_of(self.file, self.span)
        return Sequences(100 * self.batch, self.task, self.span, self.delay, self.period)

    @property
    def per_step(self) -> int:
        """Numbers of a step."""
        return 2 if self.task in ("adding", "Dyck") else 1

    def write(self, tape: Tape):
        """Both networks, unrolled in time."""
        last, V = self.task == "adding", self.letters
        x = tape.one_hot(tape.labels("x", V, (self.span,)), name="letters") if V else tape.input("x", (self.span, self.per_step))
        target = tape.labels("t", V, (self.span,)) if V else tape.input("t", (1,) if last else (self.span, 1))
        hidden = tape.gru(x, self.units, name="rnn") if self.cell == "GRU" else self._plain(tape, x)
        outputs = tape.lstm(x, self.units, forget=self.forget, name="lstm")
        for who, steps in zip(WHO, (hidden, outputs), strict=True):
            seen = steps[-1] if last else tape.stack(steps, name=f"{who.lower()}.all")
            output, wanted = tape.affine(seen, V or 1, name=f"{who.lower()}.output"), target
            if V:
                surprise = tape.cross_entropy(output, target, name=f"{who.lower()}.surprise")
                tape.mean(
                    tape.slice(surprise, self.counts_from, self.span, axis=0) if self.counts_from else surprise, name=f"loss of {who}"
                )
                continue
            if self.counts_from and not last:
                output, wanted = (tape.slice(node, self.counts_from, self.span, axis=0) for node in (output, target))
            tape.mse(output, wanted, name=f"loss of {who}")
        return Part("rnn.recurrent", "rnn.recurrent", f"rnn.{self.span - 1}"), Part(
            "lstm.recurrent", "lstm.recurrent", f"lstm.{self.span - 1}.h"
        )

    def _plain(self, tape: Tape, x: Any) -> list[Any]:
        """Units that read the input and their own last values, unrolled in time."""
        drive, w = tape.affine(x, self.units, name="rnn.drive"), tape.parameter("rnn.recurrent", (self.units, self.units), init="xavier")
        hidden = [tape.tanh(tape.select(drive, 0), name="rnn.0")]
        for k in range(1, self.span):
            before = tape.stop_gradient(hidden[-1]) if k in self.cut else hidden[-1]
            hidden.append(tape.tanh(tape.add(tape.select(drive, k), tape.affine(before, weight=w, bias=False)), name=f"rnn.{k}"))
        return hidden

    def build(self, seed: int):
        """The sequences by which they are judged."""
        constants = super().build(seed)
        held = constants.maker.held_out(seed, JUDGED)
        t = held["t"].astype(float)
        if self.letters:
            baseline = counts_of(self.file, self.span)[1][2]  # what pairs of letters say
        else:
            baseline = float(((t - held["x"]) ** 2).mean()) if self.foretells else float(t.var())
        constants.extra.update(held=held, baseline=baseline)
        if self.task == "Dyck":
            constants.extra["ago"] = open_for(held["x"])
        return constants

    def account(self, constants) -> str:
        """What was read of a person's file."""
        maker = constants.maker
        if self.task != "file":
            return ""
        return f"{maker.said}; learned on the first {printed(maker.cut)} in {printed(maker.rows)} windows of {self.span}, judged on the rest; errors are in squares of the deviation, {maker.deviation:.4g}."

    @property
    def cut(self) -> frozenset[int]:
        """Steps whose past gets no gradient."""
        return frozenset(range(self.truncate, self.span, self.truncate)) if self.truncate else frozenset()

    def clamped(self) -> dict[str, Any]:
        """What is replaced where a gate is held."""
        if self.clamp == "none":
            return {}
        gate, value = CLAMPS[self.clamp]

        def hold(gates: np.ndarray) -> np.ndarray:
            gates = gates.copy()
            gates[..., gate * self.units : (gate + 1) * self.units] = value
            return gates

        return {f"lstm.{k}.gates": hold for k in range(self.span)}

    def looked_at(self, constants) -> int:
        """Sequences of an evaluation."""
        return len(constants.extra["held"]["x"])

    def right(self, constants, tape) -> tuple[np.ndarray, np.ndarray]:
        """Of words of brackets: (2, count, span) whether the bracket to be closed is named rightly, (count, span) how long it has been open."""
        held = constants.extra["held"]
        said = constants.program.forward(tape, [f"{who.lower()}.output" for who in WHO], replace=self.clamped() or None, **held)
        return np.stack([(value > 0) == (held["t"] > 0) for value in said])[..., 0], constants.extra["ago"]

    def summary(self, constants, state) -> dict[str, Any]:
        """Of words of brackets how many are closed rightly that were opened long ago, too; what a span has in common with other places."""
        found = super().summary(constants, state) | self.alike_summary(constants, state, self.tape_state(constants, state))
        if "long open" in state:
            found |= {f"{who} right long open": float(value) for who, value in zip(WHO, state["long open"], strict=True)}
        return found

    def start(self, constants, seed):
        """First weights; of words of brackets also what the last evaluation found of those that were open long."""
        long = {"long open": np.zeros(len(WHO))} if self.task == "Dyck" else {}
        return super().start(constants, seed) | long | {"brushed": np.array([-1, 0, 0])}

    def state_bounds(self, constants, state, step):
        """Which steps are brushed, too."""
        return super().state_bounds(constants, state, step) | self.alike_bounds()

    def measure(self, constants, state, tape):
        """Both errors, with the gate held that is held."""
        ours, theirs = constants.program.forward(
            tape, [f"loss of {who}" for who in WHO], replace=self.clamped() or None, **constants.extra["held"]
        )
        if "long open" in state:
            hits, ago = self.right(constants, tape)
            long = ago >= self.span // 2
            state["long open"][:] = hits[:, long].mean(1) if long.any() else 0.0
        return {
            "LSTM error": float(theirs.mean(dtype=float)),
            "RNN error": float(ours.mean(dtype=float)),
            "baseline": constants.extra["baseline"],
        }

    # -- what can be looked at --

    @action("One step back")
    def step_back(self, constants, state):
        """Walk one time step back, from the first on to the last again."""
        at = min(self.place, self.span - 1)
        return {"place": at - 1 if at else self.span - 1}

    @classmethod
    def figures(cls):
        def by_hand(run):
            model = cls(task="echo", span=20)
            constants, state = model.build(1), run(model, steps=30, seed=1, record={}).state
            tape = model.tape_state(constants, state)
            one = {name: rows[:1] for name, rows in constants.extra["held"].items()}
            (expected,) = constants.program.gradients(tape, "loss of RNN", ["rnn.recurrent"], **one)
            found = unrolled(constants.program, tape, one, "rnn", "loss of RNN", model.span).since(0)
            return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))

        def error(who, steps, **values):
            def measure(run):
                return float(
                    np.median(
                        [run(cls(steps=steps, **values), steps=steps, seed=seed, record={}).summary[f"{who} error"] for seed in (1, 2, 3)]
                    )
                )

            return measure

        def fades(run):
            found = []
            for seed in (1, 2, 3):
                model = cls()
                constants, state = model.build(seed), run(model, steps=1000, seed=seed, record={}).state
                found.append(float(model._through_time(constants, model.tape_state(constants, state))[0][0]))
            return float(np.median(found))

        def better(run):
            found = run(cls(task="sine", span=40, steps=1500), steps=1500, seed=1, record={}).summary
            return found["baseline"] / found["RNN error"]

        yield Figure(
            "steps of the walk summed, against back-propagation, relative", 1e-5, by_hand, bound="at_most", source="single precision"
        )
        yield Figure(
            "gradient of the RNN through 50 steps",
            1e-5,
            fades,
            bound="at_most",
            source="product of slopes and weights; Bengio et al. 1994",
            slow=True,
        )
        yield Figure(
            "adding over 20 steps, RNN at 2000",
            0.02,
            error("RNN", 2000, span=20),
            bound="at_most",
            source="an independent program",
            slow=True,
        )
        yield Figure("adding over 50 steps, RNN at 1000", 0.1, error("RNN", 1000), bound="at_least", source="vanishing gradient", slow=True)
        yield Figure(
            "adding over 50 steps, LSTM at 1000",
            0.02,
            error("LSTM", 1000),
            bound="at_most",
            source="Hochreiter and Schmidhuber 1997",
            slow=True,
        )

        def brackets(who, worst):
            def measure(run):
                model = cls(task="Dyck", span=40, evaluate=1000.0)
                return worst(run(model, steps=1000, seed=seed, record={}).summary[f"{who} right long open"] for seed in (1, 2, 3))

            return measure

        source = "top of a stack; three seeds, the worst of them"
        yield Figure(
            "brackets open for 20 steps or more named rightly, LSTM",
            0.93,
            brackets("LSTM", min),
            bound="at_least",
            source=source,
            slow=True,
        )
        yield Figure(
            "the same, RNN",
            0.9,
            brackets("RNN", max),
            bound="at_most",
            source="vanishing gradient; three seeds, the best of them",
            slow=True,
        )
        letters: dict[str, Any] = {"task": "text", "span": 40, "units": 64, "steps": 600, "evaluate": 600.0}
        yield Figure("text at 600, worse of the two over counting pairs", 0.9,
                     lambda run: max(s[f"{who} error"] / s["baseline"] for s in [run(cls(**letters), steps=600, seed=seed, record={}).summary for seed in (1, 2, 3)] for who in WHO),
                     bound="at_most", source="bigrams counted on the same text; three seeds, the worst", slow=True)  # fmt: skip
        yield Figure(
            "adding over 50 steps, GRU at 1000",
            0.02,
            error("RNN", 1000, cell="GRU"),
            bound="at_most",
            source="gates; Cho et al. 2014",
            slow=True,
        )
        yield Figure(
            "sine: persistence over the RNN's error", 10.0, better, bound="at_least", source="saying the present value again", slow=True
        )
