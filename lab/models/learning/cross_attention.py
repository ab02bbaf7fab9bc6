"""Cross-attention: a decoder writes one sequence while it looks into another, which an encoder has read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lab.model import Figure, Layer, Picture, Preset, Stage, Stream, index, param
from lab.tape import Tape
from lab.training import Measure, Objective, Stepwise, redeclared, told
from lab.training.encoder_decoder import TASKS, Pairs, Plan, decoded, translator
from lab.training.language import chances
from lab.training.silencing import Pointing

JUDGED = 100  # pairs held out
KINDS = ("cross", "encoder", "decoder")
READS = ("every place", "the last place", "nothing")


class CrossAttention(Pointing, Stepwise):
    r"""One sequence is read, another is written: at every letter the writer asks the source, and the answer is all it knows of it.

    An *encoder* reads a source of random letters, each place looking at all others. A *decoder* writes letter by letter what is
    asked for: the source backwards, as it is, or sorted. It sees what it wrote before, and has one way to the source: *cross-attention*. Its
    queries come from the writer, keys and values from what the encoder made of the source, its *memory*. Try:

    - press play and watch the cross heads: noise first, then a line from corner to corner. What is written backwards is read backwards;
    - click a letter in *Who reads what*: everything is then about that place. *Step by step* has its query, the keys of the source, their
      products, the shares and the weighted values;
    - click the head with the line and *Silence the head*; then *Let all speak*;
    - *Copy*: the line falls the other way. *Sorting*: there is no line, for what is read depends on the letters, not on their places;
    - *Everything through one place*: the decoder sees the memory of the last letter only, as in networks before attention. Twelve
      letters do not fit into one place as quickly as they can be looked up;
    - *Without the source*: random letters cannot be guessed, so its loss stays at ln of the number of letters.

    Heads of the encoder are squares without a mask, those of the decoder triangles: a place of what is written sees nothing that comes
    after it. Changing a written letter changes nothing before it, to the last bit; changing a letter of the source may change everything.
    Whole sequences are counted with the right letters before each place, which gives the same number as letting it write by itself.
    """

    name = "cross-attention"
    title = "Cross-attention"
    group = "Sequences and language"
    icon = "mdi6.swap-horizontal"
    order = 94
    also = "encoder and decoder; encoder-decoder; translation; sequence to sequence; seq2seq; copy task; reversal; attention between two sequences; alignment; Bahdanau; memory; sort"
    equations = (
        r"m = \mathrm{norm}(\mathrm{encoder}(s_1 \ldots s_S)),\qquad k_j = m_j W_k,\quad v_j = m_j W_v,\quad q_i = \mathrm{norm}(x_i)\, W_q",
        r"a_{ij} = \mathrm{softmax}_j\left(\frac{q_i \cdot k_j}{\sqrt{d_h}}\right),\ j = 1 \ldots S,\qquad x_i \leftarrow x_i + \left[\sum_j a_{ij}^1 v_j^1, \ldots, \sum_j a_{ij}^H v_j^H\right] W_o",
        r"L = -\frac{1}{T}\sum_i \ln p(t_i | t_1 \ldots t_{i-1}, s),\qquad \mathrm{chance} = \ln V",
    )
    symbols = r"s: sequence of the encoder; S: its length; m: what the encoder made of it; W: weights; x_i: place i of the decoder; v_j: value; a_{ij}: attention of place i to place j; p: probability; t_i: token i of the answer"
    source = "Vaswani et al., NIPS 30 (2017), section 3.2.3; Bahdanau, Cho and Bengio, ICLR (2015); Sutskever, Vinyals and Le, NIPS 27 (2014): reversed sources, one vector"
    presets = {
        "Backwards": Preset({}, shows="whole sequences > 0.99 and reads the right place > 0.5", after=600),
        "Copy": Preset({"task": "copy"}, shows="whole sequences > 0.99 and reads the right place > 0.5", after=600),
        "Sorting: by letter, not by place": Preset({"task": "sorting", "rate": 0.002, "steps": 1500}, shows="accuracy > 0.97", after=1500, slow=True),
        "Everything through one place": Preset({"reads": "the last place"}, shows="accuracy < 0.75 and whole sequences < 0.1", after=600),
        "Without the source: chance": Preset({"reads": "nothing"}, shows="accuracy < 0.15 and abs(held-out loss - chance (nats)) < 0.05", after=600),
    }  # fmt: skip

    task: str = param("reversal", choices=tuple(TASKS), live=False, main=True, group="Task", doc="What has to be written of the source.")
    span: int = param(
        12, "letters", lo=3, hi=24, live=False, main=True, group="Task", label="Length", symbol="T", doc="Letters of a source."
    )
    letters: int = param(10, lo=2, hi=26, live=False, group="Task", symbol="V", doc="Letters that there are.")
    reads: str = param("every place", choices=READS, live=False, main=True, group="Network",
                       doc="What the decoder may look at: the memory of every letter, of the last one only, or none.")  # fmt: skip
    width: int = param(32, lo=4, hi=256, log=True, live=False, group="Network", symbol="d", doc="Numbers of the stream.")
    blocks: int = param(1, lo=1, hi=4, live=False, group="Network", symbol="L", doc="Blocks of the encoder, and of the decoder.")
    heads: int = param(2, lo=1, hi=8, live=False, group="Network", symbol="H", doc="Heads of each attention; the width must be a multiple.")
    example: int = param(0, lo=0, hi=JUDGED - 1, soft=(0, 20), group="Look", doc="Which pair held out is looked at.")
    own: str = param(
        "", group="Look", label="Own source", doc="Letters to be read instead, as many as the length (empty: the pair chosen)."
    )
    rate: float = redeclared(Stepwise, "rate", 1e-3)
    clip: float = redeclared(Stepwise, "clip", 1.0)
    batch: int = redeclared(Stepwise, "batch", 32)
    steps: int = redeclared(Stepwise, "steps", 600, doc="How long it learns.")
    evaluate: float = redeclared(Stepwise, "evaluate", 10.0)
    looking: float = redeclared(Stepwise, "looking", 0.5)

    room = 64  # attention takes much memory
    loss_unit = "nats"
    measures = (
        Measure("accuracy", "Letters written right of pairs that are never learned from, given the right ones before."),
        Measure("whole sequences", "Share of sequences without a mistake, which is the same when it writes by itself."),
        Measure("held-out loss", "Nats per letter of those pairs.", "nats", better="lower"),
        Measure("reads the right place", "Best cross head: mean share of attention on the letter of the source that is to be written."),
    )

    def check(self) -> None:
        """Heads share the width out; an own source has the right letters."""
        if self.width % self.heads:
            raise self.refuse("heads", f"must divide the width ({self.width})")
        if self.own and len(self.maker.known(self.own)) != self.span:
            raise self.refuse(
                "own", f"must have {self.span} letters of '{self.maker.alphabet}', or none ({len(self.maker.known(self.own))} are given)"
            )

    # -- what it learns from, and the network --

    @property
    def maker(self) -> Pairs:
        """Sources drawn anew for each epoch."""
        return Pairs(100 * self.batch, self.task, self.span, self.letters)

    @property
    def plan(self) -> Plan:
        """What the network is made of."""
        return Plan(self.letters, self.span, self.width, self.blocks, self.heads, self.reads)

    @property
    def looking_layers(self) -> tuple[str, ...]:
        """Layers of attention, those between both sequences first."""
        return tuple(sorted(self.plan.attentions, key=lambda name: KINDS.index(name.rstrip("0123456789"))))

    @property
    def objectives(self):
        """Nats per letter."""
        return (Objective("loss", "loss", self.rule()),)

    def write(self, tape: Tape):
        """Source and what was written before in, the next letters out."""
        x, y = tape.labels("x", self.letters, (self.span,)), tape.labels("y", self.letters + 1, (self.span,))
        logits, stages = translator(tape, x, y, self.plan)
        each = tape.cross_entropy(logits, tape.labels("t", self.letters, (self.span,)), name="surprise")
        tape.mean(each, name="loss")
        return stages

    def build(self, seed: int):
        """The pairs by which it is judged, and where in the source each letter stands."""
        constants = super().build(seed)
        held = constants.maker.held_out(seed, JUDGED)
        constants.extra.update(held=held, data=constants.program.data(**held), places=constants.maker.places(held["x"]))
        return constants

    def state_bounds(self, constants, state, step):
        """What is pointed at."""
        return super().state_bounds(constants, state, step) | {
            "chosen": index(self.span), "head": index((len(self.looking_layers), self.heads)),
        }  # fmt: skip

    def start(self, constants, seed: int):
        """The first letter and the first cross head are looked at; nothing is silent."""
        return super().start(constants, seed) | {
            "chosen": np.zeros(1, np.int64), "head": np.zeros(2, np.int64), "heads on": np.ones((len(self.looking_layers), self.heads)),
        }  # fmt: skip

    # -- the run --

    def looked_at(self, constants) -> int:
        """Pairs of an evaluation."""
        return JUDGED

    def _cross(self) -> list[str]:
        return [f"{name}.attention" for name in self.looking_layers if name.startswith("cross")]

    def measure(self, constants, state, tape):
        """Letters and sequences right, loss, and where the cross heads look."""
        extra = constants.extra
        surprise, logits = constants.program.sweep(tape, extra["data"], ["surprise", "logits"])
        right = logits.argmax(-1) == extra["held"]["t"]
        return {
            "accuracy": float(right.mean()), "whole sequences": float(right.all(1).mean()), "held-out loss": float(surprise.mean(dtype=float)),
            "reads the right place": max(self.aligned(constants, tape), default=0.0),
        }  # fmt: skip

    def aligned(self, constants, tape) -> list[float]:
        """Of each cross head the mean share of attention on the letter that is to be written, where one place alone has it."""
        if self.reads != "every place":
            return []
        places = constants.extra["places"]
        row, at = np.nonzero(places >= 0)
        looks = constants.program.sweep(tape, constants.extra["data"], self._cross())
        return [float(share) for look in looks for share in look[row, :, at, places[row, at]].mean(0)]

    def _look(self, constants, state, tape, out, step, watch):
        """Where each cross head looks, too."""
        super()._look(constants, state, tape, out, step, watch)
        for channel, value in enumerate(self.aligned(constants, tape)):
            out.events["alignment"].append(step, channel, value)

    def advance(self, constants, state, n, out):
        """Chance stands still beside the loss."""
        done = super().advance(constants, state, n, out)
        if out.wanted("chance"):
            out["chance"][:done] = math.log(self.letters)
        return done

    def summary(self, constants, state) -> dict[str, Any]:
        """The loss beside chance, and how many letters are right."""
        return super().summary(constants, state) | {"chance (nats)": math.log(self.letters)}

    # -- what can be looked at --

    def layers_of(self, constants) -> tuple[int, int, int]:
        """Layers of attention and heads."""
        return len(self.looking_layers), self.heads, 0

    def looked_at_text(self, state) -> np.ndarray:
        """As many places as are written."""
        return np.zeros(self.span)

    def silenced(self, state) -> dict[str, Any]:
        """Heads that say nothing, as replacements of a pass."""
        rows = zip(self.looking_layers, state["heads on"], strict=True)
        return {f"{name}.heads": _times(on[:, None, None]) for name, on in rows if not on.all()}

    def shown_source(self, constants) -> np.ndarray:
        """(1, span) the source that is looked at."""
        if self.own:
            return constants.maker.known(self.own)[None]
        return np.array(constants.extra["held"]["x"][self.example : self.example + 1], np.int64)

    def pass_over(self, constants, state, tape, nodes: list[str], clean: bool = False) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        """(source, what it writes of it by itself, values of nodes while it writes); `clean`: nothing is silent."""
        x, replace = self.shown_source(constants), None if clean else self.silenced(state) or None
        written = decoded(constants.program, tape, x, constants.maker.start, replace)
        y = np.concatenate([[[constants.maker.start]], written[:, :-1]], axis=1)
        found = constants.program.forward(tape, nodes, replace=replace, x=x, y=y)
        return x[0], written[0], [value[0] for value in found]

    def own_streams(self, shape):
        """Both sequences, attention, the next letter."""
        heads = tuple(f"head {name[5:]}.{h + 1}" for name in self.looking_layers if name.startswith("cross") for h in range(self.heads))
        found = [
            Stream("chance", "trace", "nats", "What letters of which nothing is known cost.", every=1),
            Stream("both", "tokens", "", "The source, what is written of it, and where the chosen head looks from each letter."),
            Stream("attention", "image", "", "Where each head looks: from the letter of the row to that of the column."),
            Stream("next", "table", "", "What it would write at the chosen place, a tick at what is wanted; beside it what that is with nothing silent."),
            Stream("step by step", "matrices", "", "The chosen head at the chosen place: q.k, mask, softmax, weighted values."),
            Stream("by place", "bars", "", "Share of letters that are right at each place, given the right ones before.", channels=("right",)),
        ]  # fmt: skip
        if self.reads == "every place":
            found.append(
                Stream(
                    "alignment", "trace", "", "Share of attention on the letter that is to be written.", (len(heads),), heads, events=True
                )
            )
        return tuple(found)

    def own_pictures(self, shape):
        """Attention large, both sequences with its lines beside it."""
        tiles = tuple(
            f"{name.rstrip('0123456789')} {name[len(name.rstrip('0123456789')) :]}.{h + 1}"
            for name in self.looking_layers
            for h in range(self.heads)
        )
        return (
            Picture("attention", "Attention", (Layer("attention"),), levels=(0.0, 1.0), labels=tiles, pick="choose_head", front=True, weight=1.5,
                    doc="Kind of attention, block.head; cross: rows are written, columns read. Click one to unfold it."),
            Picture("both", "Who reads what", (Layer("both"),), pick="choose", front=True, weight=1.8, doc="Lines of the chosen head, thicker for more. Click a letter that is written."),
            Picture("next", "Written at the chosen place", (Layer("next"),), weight=1.0),
            Picture("step by step", "One head, step by step", (Layer("step by step"),), weight=1.6),
            Picture("by place", "Right, place by place", (Layer("by place"),), x="place", y="share right", y_range=(0.0, 1.0)),
            *((Picture("alignment", "Cross heads", (Layer("alignment"),), y="share on the right place", y_range=(0.0, 1.0), figures=("reads the right place",), front=True),) if self.reads == "every place" else ()),
        )  # fmt: skip

    def common_pictures(self):
        """The loss beside chance."""
        (_, *front), back = super().common_pictures()
        loss = Picture(
            "loss", "Loss", (Layer("loss", style="pale", label="minibatch"), Layer("smoothed", label="training"), Layer("measures", channel=2, label="held out"), Layer("chance", theory=True, label="chance")),
            y="nats per letter", figures=("held-out loss", "accuracy"), front=True,
        )  # fmt: skip
        return (loss, *front), back

    @property
    def stage(self):
        """Heads large, both sequences and the loss beside them; one head by hand below."""
        return Stage(
            "attention",
            companions=("both", ("loss", "alignment") if self.reads == "every place" else "loss"),
            below=("step by step", "next"),
            drawers=(("Place by place", ("by place",)), ("Training", ("gradient", "rate", "check gradients", "layers"))),
        )

    def look(self, constants, state, tape, stream):
        """What is shown of the chosen pair, place and head."""
        layer, h, at = self.looking_layers[int(state["head"][0])], int(state["head"][1]), int(state["chosen"][0])
        names = constants.maker.alphabet
        if stream == "both":
            x, written, (look,) = self.pass_over(constants, state, tape, [f"{layer}.attention"])
            return self._both([names[k] for k in x], [names[k] for k in written], layer, look[h], at)
        if stream == "attention":
            *_, looks = self.pass_over(constants, state, tape, [f"{name}.attention" for name in self.looking_layers])
            T = self.span
            return np.concatenate([np.pad(look, ((0, 0), (0, 0), (T - look.shape[2], 0))) for look in looks])
        if stream == "next":
            x, written, (logits,) = self.pass_over(constants, state, tape, ["logits"])
            clean = None
            if self.silenced(state):
                clean = chances(self.pass_over(constants, state, tape, ["logits"], clean=True)[2][0][at], 1.0, 0)
            wanted = names[int(constants.maker.wanted(x[None])[0, at])]
            rows = told.next_rows(names, chances(logits[at], 1.0, 0), clean)
            return [row | {"letter": f"{row['letter']} ✓"} if row["letter"] == wanted else row for row in rows]
        if stream == "step by step":
            return self._head(constants, state, tape, layer, h, at)
        if stream == "by place":
            (logits,) = constants.program.sweep(tape, constants.extra["data"], ["logits"])
            return (logits.argmax(-1) == constants.extra["held"]["t"]).mean(0)[None]
        return super().look(constants, state, tape, stream)

    def _both(self, x: list[str], written: list[str], layer: str, look: np.ndarray, at: int) -> dict[str, Any]:
        """Two rows and the lines of a head between them: what is looked at above, who looks below."""
        T, before = self.span, ["▸", *written[:-1]]
        first = T - look.shape[1]  # where the memory is one place, it is the last
        upper, lower, words = {
            "cross": (x, written, ("source", "written")),
            "encoder": (x, x, ("source", "source, looking")),
            "decoder": (before, before, ("read back", "read back, looking")),
        }[layer.rstrip("0123456789")]
        return {
            "rows": [{"texts": upper, "name": words[0]}, {"texts": lower, "name": words[1]}],
            "links": [(first + j, i, look[i, j]) for i in range(len(look)) for j in range(look.shape[1])],
            "lit": (len(upper) + at,),
        }

    def _head(self, constants, state, tape, layer: str, h: int, at: int) -> list[dict[str, Any]]:
        parts = ("q", "k", "v", "attention")
        x, written, values = self.pass_over(constants, state, tape, [f"{layer}.{part}" for part in parts])
        q, k, v, look = (value[h] for value in values)
        names = constants.maker.alphabet
        source, before = [names[n] for n in x], ["▸", *(names[n] for n in written[:-1])]
        if layer.startswith("decoder"):
            return told.head_matrices(before[: at + 1], q[at], k[: at + 1], v[: at + 1], look[at, : at + 1], most=self.span)
        asks = f"place {at + 1}, after '{before[at]}'" if layer.startswith("cross") else f"'{source[at]}', place {at + 1}"
        return told.head_matrices(source[self.span - len(k) :], q[at], k, v, look[at], asks=asks, most=self.span)

    # -- figures --

    @classmethod
    def figures(cls):
        """What is reached with the source and without it, and that the decoder sees nothing of what comes after."""

        def worst(measure, **values):
            def measured(run):
                return measure(run(cls(**values), seed=seed, record={}) for seed in (1, 2, 3))

            return measured

        def least(key):
            return lambda results: min(result.summary[key] for result in results)

        def made():
            model = cls()
            constants = model.build(1)
            return model, constants, model.tape_state(constants, model.start(constants, 1))

        def causal(run):
            model, constants, tape = made()
            held = {name: rows[:8].copy() for name, rows in constants.extra["held"].items()}
            before = constants.program.forward(tape, "logits", **held)
            held["y"][:, 5] = (held["y"][:, 5] + 1) % model.letters
            after = constants.program.forward(tape, "logits", **held)
            return float(np.array_equal(before[:, :5], after[:, :5]) and not np.array_equal(before[:, 5:], after[:, 5:]))

        def rows(run):
            model, constants, tape = made()
            names = [f"{name}.attention" for name in model.looking_layers]
            looks = constants.program.forward(tape, names, **{n: v[:8] for n, v in constants.extra["held"].items()})
            return max(float(np.abs(look.sum(-1) - 1.0).max()) for look in looks)

        def by_hand(run):
            result = run(cls(steps=100), seed=1, record={})
            model, constants = cls(steps=100), result.simulation.constants
            tape = model.tape_state(constants, result.state)
            *_, (q, k, v, found) = model.pass_over(constants, result.state, tape, [f"cross1.{part}" for part in ("q", "k", "v", "heads")])
            scores = q.astype(float) @ k.astype(float).transpose(0, 2, 1) / math.sqrt(q.shape[-1])
            shares = np.exp(scores - scores.max(-1, keepdims=True))
            return float(np.abs(shares / shares.sum(-1, keepdims=True) @ v - found).max())

        def silent(run):
            result = run(cls(), seed=1, record={})
            model, constants, state = cls(), result.simulation.constants, result.state
            state["heads on"][0] = 0
            logits = constants.program.forward(
                model.tape_state(constants, state), "logits", replace=model.silenced(state), **constants.extra["held"]
            )
            return float((logits.argmax(-1) == constants.extra["held"]["t"]).mean())

        source = "three seeds; the worst of them"
        yield Figure("written letters before a changed one keep every logit, to the bit", 1.0, causal, source="causal mask of the decoder")
        yield Figure("rows of all attentions less 1, worst", 1e-5, rows, bound="at_most", source="softmax")
        yield Figure("cross heads by hand, largest difference", 1e-5, by_hand, bound="at_most", source="single precision")
        yield Figure("backwards: letters right", 0.99, worst(least("accuracy")), bound="at_least", source=source)
        yield Figure("backwards: whole sequences right", 0.98, worst(least("whole sequences")), bound="at_least", source=source)
        yield Figure("copy: letters right", 0.99, worst(least("accuracy"), task="copy"), bound="at_least", source=source)
        yield Figure(
            "letters right with the cross heads silent", 0.15, silent, bound="at_most", source="1/V = 0.1: nothing else tells of the source"
        )
        yield Figure(
            "whole sequences right, all through one place",
            0.1,
            worst(lambda results: max(r.summary["whole sequences"] for r in results), reads="the last place"),
            bound="at_most",
            source="Bahdanau et al. 2015: one vector for all",
        )
        yield Figure("loss without the source less ln V", 0.0, worst(lambda results: max((r.summary["held-out loss"] - math.log(10) for r in results), key=abs), reads="nothing"), tolerance=0.03, unit="nats",
                     source="random letters")  # fmt: skip
        yield Figure(
            "sorting: letters right",
            0.97,
            worst(least("accuracy"), task="sorting", rate=0.002, steps=1500),
            bound="at_least",
            source=source,
            slow=True,
        )


def _times(mask: np.ndarray) -> Any:
    return lambda value: value * mask.astype(value.dtype)
