"""A small GPT: a transformer that learns to write, letter by letter, and can be looked into."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.model import Bound, Figure, Layer, Picture, Preset, Stage, action, index, param
from lab.tape import Tape
from lab.tape.interpreter import STEP
from lab.training import Measure, Objective, Stepwise, redeclared
from lab.training.checkpoint import learned, write_checkpoint
from lab.training.inside import Inside, induction
from lab.training.language import Repeats, Shape, transformer, write_on
from lab.training.texts import counts_of, help_pages, text_of
from lab.training.writer import Writer

__all__ = ["GPT", "help_pages", "induction"]

JUDGED = 200  # windows of an evaluation
LINES, LONG = 9, 44  # samples kept while it learns, and letters of each
CHANCE, ONE, TWO, THREE = range(4)


class GPT(Inside, Writer):
    """A transformer learns to write in front of you, and shows what each part of it looks at and says.

    It reads up to *context* letters and says, after each of them, which letter comes next. It knows nothing but the text: first that
    all letters are as likely (*chance*), then how often each occurs (*unigram*), what follows one letter (*bigram*), two letters
    (*trigram*), and when its loss falls below those lines, it has found what counting pairs and triples cannot say. Try:

    - press play and watch the loss fall through the four lines, and the samples become words;
    - click a letter of the text: everything is then about that place: the next letters it expects, where each head looks from there,
      what the model would say if it stopped after each block, and which neurons answer;
    - click a triangle of attention: its lines appear; *Silence the head* and see which letters become likelier without it;
    - the preset *A circuit grows*: random letters that repeat. One block cannot do it; with two, a head that finds the last
      occurrence of the present letter grows, suddenly, and the accuracy jumps;
    - the preset *Byte pairs*: the same network reads pieces of two or three letters, learnt on the text. Its losses are told per letter, too,
      and are lower: 32 tokens reach further back than 32 letters;
    - write your own beginning and let it write on, cold (temperature 0.3) or hot (1.5).

    **A neuron** of a block is a key and a value: where its key matches the stream (its *contexts*), its value is added to the
    stream, and pushes some letters up and others down. What it pushes is exact up to the last layer norm, which divides by the
    length of the whole stream: silencing a neuron takes exactly its value from the stream, but changes the letters a little besides.

    Changing a letter never changes what was said before it, to the last bit.
    """

    name = "gpt"
    title = "GPT"
    group = "Sequences and language"
    icon = "mdi6.script-text-outline"
    order = 95
    also = "transformer; attention; self-attention; large language model; LLM; language model; ChatGPT; tokens; multi-head attention; induction head; next word; text generation; nanoGPT; write text; heads; BPE; byte-pair encoding; tokeniser; tokenizer"
    equations = (
        r"a_{ij} = \mathrm{softmax}_j\left(\frac{q_i \cdot k_j}{\sqrt{d_h}}\right),\ j \leq i,\qquad y_i = \sum_j a_{ij} v_j",
        r"x \leftarrow x + W_o\,[y^1, \ldots, y^H],\qquad x \leftarrow x + \sum_n \mathrm{gelu}(k_n \cdot \mathrm{norm}(x) + b_n)\, v_n",
        r"p(\mathrm{next}) = \mathrm{softmax}(E\,\mathrm{norm}(x)),\qquad L = -\frac{1}{T}\sum_t \ln p(t_{t+1} | t_1 \ldots t_t)",
    )
    symbols = r"a_{ij}: attention of place i to place j; v: value; W_o: weights of what the heads say; b_n: bias of neuron n; p: probability; E: embedding of the tokens; t: place, or the token there; T: number of places"
    source = (
        "Vaswani et al., NIPS 30 (2017), equation 1; Radford et al. (GPT-2), OpenAI (2019); Geva et al. (key-value memories), EMNLP (2021); "
        "Olsson et al. (induction heads), Transformer Circuits (2022); Sennrich, Haddow and Birch (byte pairs), ACL (2016); nostalgebraist (logit lens), LessWrong (2020)"
    )
    presets = {
        "Help pages of Python": Preset({}, shows="held-out loss < bigram", after=500),
        "One block, two heads": Preset({"blocks": 1, "width": 32, "heads": 2, "tied": False}, shows="held-out loss < bigram", after=1000, slow=True),
        "A circuit grows: random letters that repeat": Preset(
            {"text": "repeats", "width": 32, "heads": 1, "steps": 3500}, shows="accuracy where it is known > 0.75", after=3500, slow=True
        ),
        "The same with one block: it cannot": Preset(
            {"text": "repeats", "blocks": 1, "width": 32, "heads": 1, "steps": 3500}, shows="accuracy where it is known < 0.55", after=3500, slow=True
        ),
        "Byte pairs in place of letters": Preset({"tokens": "byte pairs"}, shows="held-out loss < bigram", after=800, slow=True),
        "Four blocks, slow and better": Preset({"blocks": 4, "width": 96, "steps": 4000}, shows="held-out loss < trigram", after=1000, slow=True),
    }  # fmt: skip

    text: str = param("help pages", choices=("help pages", "repeats", "file"), live=False, main=True, group="Text",
                      doc="What is learned: Python's help pages, random letters that repeat, or a text file of your own.")  # fmt: skip
    file: str = param("", kind="file", live=False, group="Text", when=("text", "file"), doc="A plain text file.")
    tokens: str = param("characters", choices=("characters", "byte pairs"), live=False, group="Text", when=("text", ("help pages", "file")),
                        doc="What the text is cut into: its characters, or pieces that occur often, learnt on the text itself.")  # fmt: skip
    vocabulary: int = param(512, "tokens", lo=257, hi=2048, soft=(300, 2048), log=True, live=False, group="Text", when=("tokens", "byte pairs"), symbol="V",
                            doc="How many byte pairs: the 256 bytes, and so many more joined from them.")  # fmt: skip
    beginning: str = param("The function returns the ", group="Writing", doc="Where a text begins that it writes.")
    temperature: float = param(0.8, lo=0.0, hi=5.0, soft=(0.0, 1.5), main=True, group="Writing", symbol=r"\tau", marks={"likeliest": 0.0, "as learnt": 1.0},
                               doc="Sharpness of what is drawn from the next letters: 0 takes the likeliest, 1 what was learnt.")  # fmt: skip
    most: int = param(
        0,
        "letters",
        lo=0,
        hi=1000,
        soft=(0, 40),
        group="Writing",
        label="Top k",
        symbol="k",
        doc="Draw from the likeliest only (0: from all).",
    )
    width: int = param(
        64, lo=4, hi=1024, log=True, live=False, group="Network", symbol="d", doc="Numbers of the stream that runs through all blocks."
    )
    blocks: int = param(2, lo=1, hi=12, live=False, main=True, group="Network", symbol="L", doc="Blocks of attention and MLP.")
    heads: int = param(
        4, lo=1, hi=16, live=False, group="Network", symbol="H", doc="Heads of attention in each block; the width must be a multiple."
    )
    context: int = param(
        32, "letters", lo=4, hi=512, log=True, live=False, group="Network", symbol="n", doc="Letters that it sees at once."
    )
    tied: bool = param(
        True,
        live=False,
        group="Network",
        label="Head tied",
        doc="Read letters out with the embedding itself, not with weights of their own.",
    )
    rate: float = redeclared(Stepwise, "rate", 3e-3)
    batch: int = redeclared(Stepwise, "batch", 16)
    steps: int = redeclared(Stepwise, "steps", 1500)

    room = 32  # attention takes much memory
    measures = (
        Measure("held-out loss", "Nats per letter on the part of the text that is never learned from.", "nats", better="lower"),
        Measure("accuracy where it is known", "Share of letters said right; of repeats, from the second time on."),
        Measure("induction", "Strongest head: share of attention that goes to what followed the letter's last occurrence."),
    )

    def check(self) -> None:
        if self.width % self.heads:
            raise self.refuse("heads", f"must divide the width ({self.width})")
        if self.text == "repeats" and self.context < 24:
            raise self.refuse("context", "must be at least 24 letters for repeats, whose period goes up to 11")

    # -- what it learns from, and the network --

    @property
    def source_file(self) -> str:
        """The file that is learned from ("": the help pages)."""
        if self.text == "file" and not self.file:
            raise self.refuse("file", "must be the path of a text file")
        return self.file if self.text == "file" else ""

    @property
    def maker(self):
        """Windows of the text, or repeats."""
        return Repeats(200 * self.batch, self.context) if self.text == "repeats" else text_of(self.source_file, self.context, self.pairs)

    @property
    def pairs(self) -> int:
        """Size of the vocabulary of byte pairs; 0 where characters are read."""
        return self.vocabulary if self.tokens == "byte pairs" and self.text != "repeats" else 0

    @property
    def alphabet(self):
        """Its letters, or its tokens as text."""
        return self.maker.alphabet

    @property
    def shape(self) -> Shape:
        """What the transformer is made of."""
        return Shape(len(self.alphabet), self.context, self.width, self.blocks, self.heads, self.tied)

    @property
    def objectives(self):
        """Nats per letter."""
        return (Objective("loss", "loss", self.rule()),)

    def write(self, tape: Tape):
        """Letters in, letters out."""
        shape = self.shape
        x = tape.labels("x", shape.letters, (self.context,))
        logits, stages = transformer(tape, x, shape)
        each = tape.cross_entropy(logits, tape.labels("t", shape.letters, (self.context,)), name="surprise")
        if self.pairs:  # per letter, so that it compares with letters
            tape.scale(tape.mean(each, name="loss of a token"), 1.0 / self.maker.each, name="loss")
        else:
            tape.mean(each, name="loss")
        return stages

    @property
    def baselines(self) -> tuple[float, float, float, float]:
        """Nats per letter: by chance, by single letters, after one letter, after two; of repeats all are chance."""
        if self.text == "repeats":
            return (math.log(len(self.alphabet)),) * 4
        return counts_of(self.source_file, self.context, self.pairs)[1]

    def counted(self, before: np.ndarray) -> np.ndarray:
        """(V,) what counting says of the letter after these: by the last two, or the only one; of repeats nothing."""
        if self.text == "repeats":
            return super().counted(before)
        counts = counts_of(self.source_file, self.context, self.pairs)[0]
        return counts.three(before[-2:-1], before[-1:])[0] if len(before) > 1 else counts.two[before[0]]

    def build(self, seed: int):
        """The windows by which it is judged."""
        constants = super().build(seed)
        held = constants.maker.held_out(seed, JUDGED)
        constants.extra.update(held=held, data=constants.program.data(**held), lines=np.array(self.baselines))
        constants.extra["each"] = float(constants.maker.lengths[held["t"]].mean())  # characters of a token
        if self.text == "repeats":
            constants.extra["periods"] = constants.maker.periods_of(seed, JUDGED)
        return constants

    def state_bounds(self, constants, state, step):
        """The text that is looked at, what of the network is, and what it wrote."""
        letters = index(len(self.alphabet))
        return super().state_bounds(constants, state, step) | {
            "prompt": replace(letters, shape=((1, self.context),)), "chosen": index(self.context), "head": index((self.blocks, self.heads)),
            "neuron": index((self.blocks, 4 * self.width)), "written": replace(letters, shape=((0, 10_000),)),
            "samples": replace(letters, shape=((0, LINES), LONG)), "sampled": Bound(shape=((0, LINES), 2)),
        }  # fmt: skip

    def start(self, constants, seed: int):
        """The beginning as the text that is looked at."""
        prompt = self._prompt(constants)
        masks = {
            "heads on": np.ones((self.blocks, self.heads)),
            "neurons on": np.ones((self.blocks, 4 * self.width)),
            "blocks on": np.ones(self.blocks),
        }
        return super().start(constants, seed) | masks | {
            "prompt": prompt, "chosen": np.array([len(prompt) - 1]), "head": np.array([self.blocks - 1, 0]), "neuron": np.array([self.blocks - 1, 0]),
            "written": np.zeros(0, np.int64), "samples": np.zeros((0, LONG), np.int64), "sampled": np.zeros((0, 2)),
        }  # fmt: skip

    def _prompt(self, constants) -> np.ndarray:
        """(n,) letters of the beginning that occur in the text; the first window held out where there are none."""
        known = constants.maker.known(self.beginning)[-self.context :]
        return known if len(known) else np.array(constants.extra["held"]["x"][0], np.int64)

    def changed_live(self, before, constants, state) -> None:
        """Another beginning is looked at."""
        super().changed_live(before, constants, state)
        if self.beginning != getattr(before, "beginning", self.beginning):
            state["prompt"] = self._prompt(constants)
            state["chosen"][0] = len(state["prompt"]) - 1

    # -- the run --

    def looked_at(self, constants) -> int:
        """Windows of an evaluation."""
        return JUDGED

    def measure(self, constants, state, tape):
        """Loss and accuracy on what is held out, and the strongest induction head."""
        program, extra = constants.program, constants.extra
        names = [f"block{b + 1}.attention" for b in range(self.blocks)]
        surprise, logits, *looks = program.sweep(tape, extra["data"], ["surprise", "logits", *names])
        right = logits.argmax(-1) == extra["held"]["t"]
        first = constants.maker.known_from if self.text == "repeats" else 0
        best = max(float(induction(look, extra["periods"]).max()) for look in looks) if self.text == "repeats" else math.nan
        return {
            "held-out loss": float(surprise.mean(dtype=float)) / extra["each"], "accuracy where it is known": float(right[:, first:].mean()),
            "induction": best if math.isfinite(best) else 0.0,
        }  # fmt: skip

    def _look(self, constants, state, tape, out, step, watch):
        """A sample of what it writes by now, too, and every head's induction score."""
        super()._look(constants, state, tape, out, step, watch)
        line = write_on(
            constants.program,
            tape,
            state["prompt"][:12],
            LONG,
            self.context,
            temperature=self.temperature,
            most=self.most,
            seed=(constants.seed, 1),
        )
        samples, sampled = [*state["samples"], line], [*state["sampled"], (state["counters"][STEP], state["measured"][0])]
        while len(samples) > LINES:  # every other one goes, the first and the last stay
            keep = [k for k in range(len(samples)) if k % 2 == 0 or k == len(samples) - 1]
            samples, sampled = [samples[k] for k in keep], [sampled[k] for k in keep]
        state["samples"], state["sampled"] = np.array(samples, np.int64), np.array(sampled, float)
        if self.text == "repeats":
            names = [f"block{b + 1}.attention" for b in range(self.blocks)]
            looks = constants.program.sweep(tape, constants.extra["data"], names)
            scores = np.concatenate([induction(look, constants.extra["periods"]) for look in looks])
            for channel, value in enumerate(scores):
                out.events["induction"].append(step, channel, float(value))

    def advance(self, constants, state, n, out):
        """What counting says stands still beside the loss."""
        done = super().advance(constants, state, n, out)
        if out.wanted("counting"):
            out["counting"][:done] = constants.extra["lines"]
        return done

    def summary(self, constants, state) -> dict[str, Any]:
        """The loss beside what counting says."""
        found = super().summary(constants, state)
        lines = constants.extra["lines"]
        names = ("chance",) if self.text == "repeats" else ("chance", "unigram", "bigram", "trigram")
        if self.text != "repeats":
            found.pop("induction", None)
        if self.silenced(state):
            found["next letter moved by silence (%)"] = self.moved_by_silence(constants, state)
        if len(state["written"]):
            found["letters written"] = len(state["written"])
        found |= {f"{name} (nats)": float(lines[k]) for k, name in enumerate(names)}
        block, head = state["head"]
        return found | {"head": f"head {head + 1} of block {block + 1}", "place": self._at(state) + 1, "letters": len(state["prompt"])}

    # -- how it stands together --

    def common_pictures(self):
        """The loss beside what counting says."""
        (_, *front), back = super().common_pictures()
        lines = (
            (Layer("counting", channel=0, theory=True, label="chance"),) if self.text == "repeats" else (Layer("counting", theory=True),)
        )
        loss = Picture(
            "loss", "Loss", (Layer("loss", style="pale", label="minibatch"), Layer("smoothed", label="training"), Layer("measures", channel=0, label="held out"), *lines),
            y="nats per letter", figures=("held-out loss",), front=True, weight=1.2,
        )  # fmt: skip
        return (loss, *front), back

    @property
    def stage(self):
        """Text and next letter, attention, loss; the rest under words."""
        more = ("induction",) if self.text == "repeats" else ()
        return Stage(
            "attention",
            companions=(("text", "next"), "loss", *more),
            below=("lines", "key-value neurons"),
            drawers=(
                ("Writing", ("writing", "written")),
                ("Step by step", ("step by step", "lens")),
                ("Maps", ("letters", "neurons")),
                ("Training", ("gradient", "rate", "check gradients", "layers")),
            ),
        )

    # -- what a person may do --

    @action("Write on", count=(int, param(120, "letters", lo=1, hi=5000, doc="How many letters.")))
    def write_letters(self, constants, state, count: int) -> None:
        """Write letters after the text that is looked at, and after what was written before."""
        tokens = np.concatenate([state["prompt"], state["written"]])
        tape = self.tape_state(constants, state)
        more = write_on(constants.program, tape, tokens, count, self.context, temperature=self.temperature, most=self.most,
                        seed=(constants.seed, 2, len(tokens)), replace=self.silenced(state) or None)  # fmt: skip
        state["written"] = np.concatenate([state["written"], more])[-10_000:]

    def write_text(self, constants, state, text, count, *, temperature=None, most=None, seed=0):
        """Go on with a text; what it has never seen is left out, and it reads at most its context."""
        tokens = constants.maker.known(text)[-self.context :]
        tokens = tokens if len(tokens) else self._prompt(constants)
        more = write_on(
            constants.program, self.tape_state(constants, state), tokens, count, self.context, replace=self.silenced(state) or None,
            temperature=self.temperature if temperature is None else temperature, most=self.most if most is None else most, seed=(constants.seed, 4, seed),
        )  # fmt: skip
        return constants.maker.written(tokens), constants.maker.written(more)

    @action("One letter")
    def one_letter(self, constants, state) -> None:
        """Draw one letter and put it at the end of the text; the oldest leaves where the context is full."""
        tape = self.tape_state(constants, state)
        more = write_on(constants.program, tape, state["prompt"], 1, self.context, temperature=self.temperature, most=self.most,
                        seed=(constants.seed, 3, *map(int, state["prompt"][-4:])), replace=self.silenced(state) or None)  # fmt: skip
        state["prompt"] = np.concatenate([state["prompt"], more])[-self.context :]
        state["chosen"][0] = len(state["prompt"]) - 1

    @action("Read", text=(str, param("", doc="Letters that it shall read; those that the text never had are left out.")))
    def read(self, constants, state, text: str) -> None:
        """Look at these letters."""
        known = constants.maker.known(text)
        if not len(known):
            raise ModelError(f"None of these letters occurs in the text that is learned: use {''.join(self.alphabet).strip()[:30]}.")
        state["prompt"] = known[-self.context :]
        state["chosen"][0] = len(state["prompt"]) - 1
        state["written"] = np.zeros(0, np.int64)

    @action(
        "Save as a GPT-2 checkpoint",
        outside=True,
        folder=(str, param("", kind="file", doc="Folder to write: model.safetensors, config.json, vocab.json, merges.txt.")),
    )
    def save_checkpoint(self, constants, state, folder: str) -> None:
        """Write the weights and tokens as other programs of GPT-2 read them; of byte pairs with a tied head."""
        if not self.pairs or not self.tied:
            raise ModelError(
                "A GPT-2 checkpoint has byte pairs for tokens and a head tied to the embedding: set tokens to byte pairs and the head tied."
            )
        arrays = constants.program.parameters(self.tape_state(constants, state))
        write_checkpoint(folder, learned(arrays, self.blocks, self.heads, constants.maker.pairs))

    @action("Forget what was written")
    def forget_written(self, constants, state) -> None:
        """Begin the writing anew."""
        state["written"] = np.zeros(0, np.int64)

    # -- figures --

    @classmethod
    def figures(cls):
        def median(measure):
            return lambda run: float(np.median([measure(run, seed) for seed in (1, 2, 3)]))

        def held(steps, **values):
            return median(lambda run, seed: run(cls(steps=steps, **values), steps=steps, seed=seed, record={}).summary["held-out loss"])

        def first(run, seed):
            model = cls(tied=False, steps=1)
            return run(model, steps=1, seed=seed, record={"loss": 1})["loss"][0] - math.log(len(model.alphabet))

        def causal(run):
            constants, model = cls().build(1), cls()
            tape = model.tape_state(constants, model.start(constants, 1))
            x = constants.extra["held"]["x"][:4].copy()
            before = constants.program.forward(tape, "logits", x=x)
            x[:, 20] = (x[:, 20] + 1) % len(model.alphabet)
            after = constants.program.forward(tape, "logits", x=x)
            return float(np.array_equal(before[:, :20], after[:, :20]) and not np.array_equal(before[:, 20:], after[:, 20:]))

        def rows(run):
            constants, model = cls().build(1), cls()
            tape = model.tape_state(constants, model.start(constants, 1))
            looks = constants.program.forward(tape, "block2.attention", x=constants.extra["held"]["x"][:8])
            return float(np.abs(looks.sum(-1) - 1.0).max())

        def repeats(blocks):
            def measure(run, seed):
                model = cls(text="repeats", blocks=blocks, width=32, heads=1, steps=3500, evaluate=500.0)
                return run(model, steps=3500, seed=seed, record={}).summary["accuracy where it is known"]

            return median(measure)

        lines = cls().baselines
        small = {"blocks": 1, "width": 32, "heads": 2, "tied": False}
        yield Figure("unigram of the help pages", 3.23, lambda run: lines[ONE], tolerance=0.05, unit="nats", source="counting; Python 3.11")
        yield Figure("bigram", 2.31, lambda run: lines[TWO], tolerance=0.05, unit="nats", source="counting; Python 3.11")
        yield Figure("trigram", 1.74, lambda run: lines[THREE], tolerance=0.06, unit="nats", source="counting, smoothed; Python 3.11")
        yield Figure("first loss less ln V", 0.0, median(first), tolerance=0.05, unit="nats", source="all letters as likely")
        yield Figure("letters before a changed one keep every logit, to the bit", 1.0, causal, source="causal mask")
        yield Figure("rows of attention less 1, worst", 1e-5, rows, bound="at_most", source="softmax")
        yield Figure(
            "2 blocks of 64, loss at 500 steps (bigram 2.31)",
            lines[TWO],
            held(500),
            bound="at_most",
            unit="nats",
            source="below the bigram",
            slow=True,
        )
        yield Figure(
            "1 block of 32, loss at 1000 steps (bigram 2.31)",
            lines[TWO],
            held(1000, **small),
            bound="at_most",
            unit="nats",
            source="below the bigram",
            slow=True,
        )
        yield Figure(
            "1 block of 32, loss at 1500 steps",
            2.2,
            held(1500, **small),
            bound="at_most",
            unit="nats",
            source="an independent program",
            slow=True,
        )
        yield Figure(
            "byte pairs: 2 blocks of 64, loss per letter at 1500 steps (letters: 1.57)",
            1.45,
            held(1500, tokens="byte pairs"),
            bound="at_most",
            unit="nats",
            source="one token sees 2.3 letters: a longer context",
            slow=True,
        )
        yield Figure("repeats of unknown period, two blocks", 0.8, repeats(2), bound="at_least", source="an induction head", slow=True)
        yield Figure(
            "repeats of unknown period, one block", 0.55, repeats(1), bound="at_most", source="no induction head in one block", slow=True
        )
