"""A small GPT: a transformer that learns to write, letter by letter, and can be looked into."""

from __future__ import annotations

import math

import numpy as np

from lab.errors import ModelError
from lab.model import Figure, Preset, Stage, action, index, param
from lab.tape import Tape
from lab.training import Objective, Stepwise, redeclared
from lab.training.checkpoint import learned, write_checkpoint
from lab.training.inside import Inside
from lab.training.language import Shape, transformer
from lab.training.next_token import induction
from lab.training.texts import help_pages

__all__ = ["GPT", "help_pages", "induction"]

CHANCE, ONE, TWO, THREE = range(4)
REPEATED = "dgbacfhedgbacfhedgbacf"  # what is looked at first, where letters repeat


class GPT(Inside):
    """A transformer learns to write in front of you, and shows what each part of it looks at and says.

    It reads up to *context* letters and says, after each of them, which letter comes next. It knows nothing but the text: first that
    all letters are as likely (*chance*), then how often each occurs (*unigram*), what follows one letter (*bigram*), two letters
    (*trigram*), and when its loss falls below those lines, it has found what counting pairs and triples cannot say. Try:

    - press play and watch the loss fall through the four lines, and the samples become words;
    - click a letter of the text: everything is then about that place: the next letters it expects, where each head looks from there,
      what the model would say if it stopped after each block, and which neurons answer;
    - read below each triangle which rule its head follows, if a simple one says it: the one before, the same one last time, what followed it then;
    - click a triangle of attention: its lines appear; *Silence the head* and see which letters become likelier without it, and what it costs on text
      held out. *Without it* in the tables says beforehand what a silence does to the likeliest letter;
    - drag over places of *Neurons of the block, over the text*: where else do the same neurons answer?
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
    takes = ({"what": "writing", "words": "Learn to write from", "into": "file", "values": {"text": "file"}},)
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
            {"text": "repeats", "width": 32, "heads": 1, "steps": 3500, "beginning": REPEATED}, shows="accuracy where it is known > 0.75", after=3500, slow=True
        ),
        "The same with one block: it cannot": Preset(
            {"text": "repeats", "blocks": 1, "width": 32, "heads": 1, "steps": 3500, "beginning": REPEATED}, shows="accuracy where it is known < 0.55", after=3500, slow=True
        ),
        "Byte pairs in place of letters": Preset({"tokens": "byte pairs"}, shows="held-out loss < bigram", after=800, slow=True),
        "Four blocks, slow and better": Preset({"blocks": 4, "width": 96, "steps": 4000}, shows="held-out loss < trigram", after=1000, slow=True),
    }  # fmt: skip

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

    def check(self) -> None:
        if self.width % self.heads:
            raise self.refuse("heads", f"must divide the width ({self.width})")
        if self.text == "repeats" and self.context < 24:
            raise self.refuse("context", "must be at least 24 letters for repeats, whose period goes up to 11")

    # -- the network --

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
        self.compare(tape, logits, tape.labels("t", shape.letters, (self.context,)))
        return stages

    def state_bounds(self, constants, state, step):
        """Which head and which neuron are looked at, too."""
        return super().state_bounds(constants, state, step) | {
            "head": index((self.blocks, self.heads)),
            "neuron": index((self.blocks, 4 * self.width)),
        }

    def start(self, constants, seed: int):
        """Nothing is silent."""
        masks = {
            "heads on": np.ones((self.blocks, self.heads)),
            "neurons on": np.ones((self.blocks, 4 * self.width)),
            "blocks on": np.ones(self.blocks),
        }
        chosen = {"head": np.array([self.blocks - 1, 0]), "neuron": np.array([self.blocks - 1, 0])}
        return super().start(constants, seed) | masks | chosen

    # -- how it stands together --

    @property
    def stage(self):
        """Attention; the text, what is said of it and after each block, the loss; the rest under words."""
        repeats = self.text == "repeats"
        return Stage(
            "attention",
            companions=(("text", "next"), ("loss", "induction") if repeats else ("lens", "loss")),
            below=("lines", "key-value neurons"),
            drawers=(
                ("Writing", ("writing", "written")),
                ("Heads", (*(("lens",) if repeats else ()), "heads", "step by step")),
                ("Like places", ("answers of the block", "like places", "letters of it")),
                ("Maps", ("map", "letters", "neurons")),
                ("Training", ("gradient", "rate", "check gradients", "layers")),
            ),
        )

    # -- what a person may do --

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
