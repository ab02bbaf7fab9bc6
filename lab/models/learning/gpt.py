"""A small GPT: a transformer that learns to write, letter by letter, and can be looked into."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from lab.data import door
from lab.errors import FileError, ModelError
from lab.model import Figure, Layer, Picture, Preset, Stage, Stream, action, param
from lab.tape import Tape
from lab.training import Learner, Measure, Objective, redeclared
from lab.training.language import Counts, Repeats, Shape, chances, padded, transformer, write_on
from lab.training.makers import Text

JUDGED = 200  # windows of an evaluation
SEARCHED = 48  # windows in which a neuron's contexts are looked for
LINES, LONG = 9, 44  # samples kept while it learns, and letters of each
NEXT = 12  # letters of the bars
NEURONS = 12  # rows of the table of neurons
CONTEXT = 7  # letters of a context that is shown
LONGEST = 4_000_000  # characters of an own text
CHANCE, ONE, TWO, THREE = range(4)


@lru_cache(1)
def help_pages() -> str:
    """The language topics of Python's own help, ASCII only: half a million letters that every Python has."""
    from pydoc_data.topics import topics

    return "".join(letter for letter in "\n".join(topics[name] for name in sorted(topics)) if ord(letter) < 128)


@lru_cache(2)
def _file_text(path: str, modified: float, size: int) -> str:
    text = door.read_text(path, limit=4 * LONGEST)
    if len(text) > LONGEST:
        raise FileError(f"{path} has {len(text)} characters; at most {LONGEST} are learned from: take a part of it.")
    return text


@lru_cache(4)
def _text(source: str, context: int) -> Text:
    """The text of a source ("" for the help pages), in windows."""
    if not source:
        return Text(help_pages(), context)
    place = Path(source)
    try:
        facts = place.stat()
    except OSError as error:
        raise FileError(f"{source} cannot be read: {error.strerror}. Give the path of a text file.") from None
    return Text(_file_text(source, facts.st_mtime, facts.st_size), context)


@lru_cache(4)
def _counts(source: str, context: int) -> tuple[Counts, tuple[float, float, float, float]]:
    """What counting says of a text, and its losses on the part held out."""
    text = _text(source, context)
    tokens = text.tokens(text.text)
    counts = Counts(tokens[: text.cut], len(text.alphabet))
    return counts, counts.losses(tokens[text.cut :])


class GPT(Learner):
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
    also = "transformer; attention; self-attention; large language model; LLM; language model; ChatGPT; tokens; multi-head attention; induction head; next word; text generation; nanoGPT; write text; heads"
    synonyms: ClassVar[tuple[str, ...]] = (
        "transformer",
        "attention",
        "language model",
        "large language model",
        "LLM",
        "ChatGPT",
        "next token",
        "self-attention",
        "induction head",
    )
    equations = (
        r"a_{ij} = \mathrm{softmax}_j\left(\frac{q_i \cdot k_j}{\sqrt{d_h}}\right),\ j \leq i,\qquad y_i = \sum_j a_{ij} v_j",
        r"x \leftarrow x + W_o\,[y^1, \ldots, y^H],\qquad x \leftarrow x + \sum_n \mathrm{gelu}(k_n \cdot \mathrm{norm}(x) + b_n)\, v_n",
        r"p(\mathrm{next}) = \mathrm{softmax}(E\,\mathrm{norm}(x)),\qquad L = -\frac{1}{T}\sum_t \ln p(t_{t+1} | t_1 \ldots t_t)",
    )
    source = (
        "Vaswani et al., NIPS 30 (2017), equation 1; Radford et al. (GPT-2), OpenAI (2019); Geva et al. (key-value memories), EMNLP (2021); "
        "Olsson et al. (induction heads), Transformer Circuits (2022); nostalgebraist (logit lens), LessWrong (2020)"
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
        "Four blocks, slow and better": {"blocks": 4, "width": 96, "steps": 4000},
    }  # fmt: skip

    text: str = param("help pages", choices=("help pages", "repeats", "file"), live=False, main=True, group="Text",
                      doc="What is learned: Python's help pages, random letters that repeat, or a text file of your own.")  # fmt: skip
    file: str = param("", kind="file", live=False, group="Text", when=("text", "file"), doc="A plain text file.")
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
    rate: float = redeclared(Learner, "rate", 3e-3)
    batch: int = redeclared(Learner, "batch", 16)
    steps: int = param(1500, "steps", lo=1, hi=1_000_000, log=True, live=False, group="Training", doc="How long it learns.")

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
        return Repeats(200 * self.batch, self.context) if self.text == "repeats" else _text(self.source_file, self.context)

    @property
    def alphabet(self) -> str:
        """Its letters."""
        return self.maker.alphabet

    @property
    def shape(self) -> Shape:
        """What the transformer is made of."""
        return Shape(len(self.alphabet), self.context, self.width, self.blocks, self.heads, self.tied)

    @property
    def objectives(self):
        """Nats per letter."""
        return (Objective("loss", "loss", self.rule()),)

    @property
    def length(self):
        """All steps."""
        return self.steps

    @property
    def seconds(self):
        """It is watched for half a minute."""
        return 30.0

    def write(self, tape: Tape):
        """Letters in, letters out."""
        shape = self.shape
        x = tape.labels("x", shape.letters, (self.context,))
        logits, stages = transformer(tape, x, shape)
        each = tape.cross_entropy(logits, tape.labels("t", shape.letters, (self.context,)), name="surprise")
        tape.mean(each, name="loss")
        return stages

    @property
    def baselines(self) -> tuple[float, float, float, float]:
        """Nats per letter: by chance, by single letters, after one letter, after two; of repeats all are chance."""
        if self.text == "repeats":
            return (math.log(len(self.alphabet)),) * 4
        return _counts(self.source_file, self.context)[1]

    def build(self, seed: int):
        """The windows by which it is judged."""
        constants = super().build(seed)
        held = constants.maker.held_out(seed, JUDGED)
        constants.extra.update(held=held, data=constants.program.data(**held), lines=np.array(self.baselines))
        if self.text == "repeats":
            constants.extra["periods"] = constants.maker.periods_of(seed, JUDGED)
        return constants

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
        known = [k for letter in self.beginning for k in [self.alphabet.find(letter)] if k >= 0]
        return np.array(known[-self.context :] or constants.extra["held"]["x"][0], np.int64)

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
            "held-out loss": float(surprise.mean(dtype=float)), "accuracy where it is known": float(right[:, first:].mean()),
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
        samples, sampled = [*state["samples"], line], [*state["sampled"], (state["counters"][0], state["measured"][0])]
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
        return found | {f"{name} (nats)": float(lines[k]) for k, name in enumerate(names)}

    # -- what can be looked at --

    def silenced(self, state) -> dict[str, Any]:
        """What is replaced in a pass: nodes of heads, neurons and blocks that are silent."""
        found: dict[str, Any] = {}
        for b in range(self.blocks):
            heads, neurons, on = state["heads on"][b], state["neurons on"][b], state["blocks on"][b]
            if not heads.all() or not on:
                found[f"block{b + 1}.heads"] = _times((heads * on)[:, None, None])
            if not neurons.all() or not on:
                found[f"block{b + 1}.neurons"] = _times(neurons * on)
            if not on:  # biases of both halves, too
                found[f"block{b + 1}.mix"] = _times(np.zeros(1))
                found[f"block{b + 1}.values"] = _times(np.zeros(1))
        return found

    def pass_over(self, constants, state, tape, nodes: list[str], clean: bool = False) -> list[np.ndarray]:
        """Values of nodes for the text that is looked at, without the batch axis; `clean`: nothing is silent."""
        row, _ = padded(state["prompt"], self.context)
        found = constants.program.forward(tape, nodes, replace=None if clean else self.silenced(state) or None, x=row)
        return [value[0] for value in found]

    def _at(self, state) -> int:
        return int(min(state["chosen"][0], len(state["prompt"]) - 1, self.context - 1))

    def own_streams(self, shape):
        """Text, next letters, attention, stream, neurons."""
        heads = tuple(f"block {b + 1} head {h + 1}" for b in range(self.blocks) for h in range(self.heads))
        found = [
            Stream("counting", "trace", "nats", "What counting letters of the same text says.", (4,), ("chance", "unigram", "bigram", "trigram"), every=1),
            Stream("text", "tokens", "nats", "The text that is looked at; darker where the letter was a surprise. Click one.", channels=("surprise",)),
            Stream("next", "table", "", "Likeliest next letters at the chosen place, the tick where the last two letters alone would put them; beside them what they are with nothing silent."),
            Stream("attention", "image", "", "Where each head looks: from the letter of the row to that of the column."),
            Stream("lines", "tokens", "", "Where the chosen head looks from each letter; lines of the chosen one."),
            Stream("lens", "table", "", "What the model would say if it stopped after each part."),
            Stream("key-value neurons", "table", "", "Neurons that answer most at the chosen place: contexts that excite them, letters that they push."),
            Stream("writing", "table", "", "What it wrote while it learned."),
            Stream("written", "tokens", "", "What it wrote on request."),
            Stream("step by step", "matrices", "", "The chosen head at the chosen place: q.k, mask, softmax, weighted values."),
            Stream("letters", "cloud", "", "Embeddings of the letters, in their principal plane.", channels=("x", "y", "class")),
            Stream("neurons", "cloud", "", "Values of all neurons as directions in the plane of the letters.", channels=("x", "y", "class")),
            Stream("induction", "trace", "", "Induction score of each head.", (len(heads),), heads, events=True),
        ]  # fmt: skip
        return tuple(found)

    def own_pictures(self, shape):
        """The text in front."""
        tiles = tuple(f"{b + 1}.{h + 1}" for b in range(self.blocks) for h in range(self.heads))
        repeats = self.text == "repeats"
        return (
            Picture("text", "Text", (Layer("text"),), pick="choose", front=True, weight=0.8, doc="Click a letter: everything is then about that place."),
            Picture("next", "Next letter", (Layer("next"),), front=True, weight=1.2, doc="The tick in a bar is what the last two letters alone would say (trigram)."),
            Picture("attention", "Attention", (Layer("attention"),), levels=(0.0, 1.0), labels=tiles, pick="choose_head", front=True, weight=1.4, doc="block.head; click one to unfold it."),
            Picture("lines", "The chosen head", (Layer("lines"),), pick="choose", weight=1.0),
            Picture("lens", "If it stopped here", (Layer("lens"),), weight=1.0),
            Picture("key-value neurons", "Key-value neurons", (Layer("key-value neurons"),), pick="choose_neuron", weight=1.6, doc="Click a row, then 'Silence the neuron'."),
            Picture("writing", "What it writes, as it learns", (Layer("writing"),), weight=1.2),
            Picture("written", "Written on", (Layer("written"),), weight=1.0),
            Picture("step by step", "One head, step by step", (Layer("step by step"),), weight=1.2),
            Picture("letters", "Map of the letters", (Layer("letters"),), equal=True),
            Picture("neurons", "Map of the neurons", (Layer("neurons"),), equal=True, doc="Where a neuron lies, it pushes the letters of that side."),
            *((Picture("induction", "Induction heads", (Layer("induction"),), y="share of attention", y_range=(0.0, 1.0), front=True),) if repeats else ()),
        )  # fmt: skip

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

    def look(self, constants, state, tape, stream):
        """What is shown of the chosen place."""
        at, prompt = self._at(state), state["prompt"]
        letters = [self.alphabet[k] for k in prompt]
        if stream == "text":
            logits = self.pass_over(constants, state, tape, ["logits"])[0]
            p = chances(logits, 1.0, 0)
            surprise = np.concatenate([[0.0], -np.log(np.maximum(p[np.arange(len(prompt) - 1), prompt[1:]], 1e-12))])
            return {"rows": [{"texts": letters, "values": surprise}], "lit": (at,)}
        if stream == "next":
            return self._next(constants, state, tape)
        if stream == "attention":
            names = [f"block{b + 1}.attention" for b in range(self.blocks)]
            looks = np.concatenate(self.pass_over(constants, state, tape, names))
            n = max(2, len(prompt))
            return looks[:, :n, :n]
        if stream == "lines":
            b, h = state["head"]
            look = self.pass_over(constants, state, tape, [f"block{b + 1}.attention"])[0][h]
            links = [(j, at, look[at, j]) for j in range(at + 1)]
            return {
                "rows": [{"texts": letters, "name": "looks at"}, {"texts": letters, "name": f"block {b + 1} head {h + 1} asks"}],
                "links": links,
                "lit": (len(letters) + at,),
            }
        if stream == "lens":
            return self._lens(constants, state, tape, at)
        if stream == "key-value neurons":
            return self._neurons(constants, state, tape, at)
        if stream == "writing":
            return [
                {"step": int(step), "loss": round(float(loss), 2), "it writes": "".join(self.alphabet[k] for k in line).replace("\n", "⏎")}
                for line, (step, loss) in zip(state["samples"], state["sampled"], strict=True)
            ] or [{"step": 0, "loss": math.nan, "it writes": "nothing yet"}]
        if stream == "written":
            shown = [*letters, *(self.alphabet[k] for k in state["written"])]
            return {"rows": [{"texts": shown}], "lit": tuple(range(len(letters)))}
        if stream == "step by step":
            return self._head(constants, state, tape, at)
        if stream in ("letters", "neurons"):
            return self._map(constants, tape)[stream]
        return super().look(constants, state, tape, stream)

    def labels(self, constants, stream):
        """Letters by name, neurons by block and number."""
        if stream == "letters":
            return tuple(_shown(letter) for letter in self.alphabet)
        if stream == "neurons":
            return tuple(f"{b + 1}·{n}" for b in range(self.blocks) for n in range(4 * self.width))
        return super().labels(constants, stream)

    def _next(self, constants, state, tape) -> list[dict[str, Any]]:
        """The likeliest next letters, with the trigram's share as a tick in the same bar."""
        at, prompt = self._at(state), state["prompt"]
        now = chances(self.pass_over(constants, state, tape, ["logits"])[0][at], 1.0, 0)
        silent = bool(self.silenced(state))
        clean = chances(self.pass_over(constants, state, tape, ["logits"], clean=True)[0][at], 1.0, 0) if silent else now
        if self.text == "repeats":
            three = np.full(len(now), 1.0 / len(now))
        elif at < 1:
            three = _counts(self.source_file, self.context)[0].two[prompt[at]]
        else:
            three = _counts(self.source_file, self.context)[0].three(prompt[at - 1 : at], prompt[at : at + 1])[0]
        rows = []
        for k in np.argsort(-np.maximum(now, clean), kind="stable")[:NEXT]:
            row = {
                "letter": _shown(self.alphabet[k]),
                "": _bar(float(now[k]), float(three[k])),
                "%": round(100 * float(now[k]), 1),
                "trigram %": round(100 * float(three[k]), 1),
            }
            rows.append(row | ({"nothing silent %": round(100 * float(clean[k]), 1)} if silent else {}))
        return rows

    def _lens(self, constants, state, tape, at):
        parts = ["stream"] + [f"block{b + 1}.{half}" for b in range(self.blocks) for half in ("middle", "out")]
        values = self.pass_over(constants, state, tape, parts)
        gain, bias = (constants.program.parameters(tape)[f"final.{part}"] for part in ("gain", "bias"))
        rows = []
        for part, value in zip(parts, values, strict=True):
            x = value[at].astype(float)
            x = (x - x.mean()) / math.sqrt(x.var() + 1e-5) * gain + bias
            p = chances(self._read_out(constants, tape, x), 1.0, 0)
            order = np.argsort(-p)[:3]
            words = {"stream": "letter and place", "middle": "heads", "out": "MLP"}[part.split(".")[-1]]
            where = words if part == "stream" else f"block {part[5:].split('.')[0]} {words}"
            rows.append({"after": where, "it would say": _shown(self.alphabet[order[0]]), "%": round(100 * float(p[order[0]]), 1),
                         "then": " ".join(_shown(self.alphabet[k]) for k in order[1:])})  # fmt: skip
        return rows[::-1]

    def _read_out(self, constants, tape, x: np.ndarray) -> np.ndarray:
        arrays = constants.program.parameters(tape)
        return x @ arrays["letters.weight"].T if self.tied else x @ arrays["logits.weight"] + arrays["logits.bias"]

    def _neurons(self, constants, state, tape, at):
        """Table of the neurons that answer most at the chosen place."""
        names = [f"block{b + 1}.neurons" for b in range(self.blocks)]
        now = np.stack([value[at] for value in self.pass_over(constants, state, tape, names)])
        pushes = np.stack(
            [self._read_out(constants, tape, constants.program.parameters(tape)[f"block{b + 1}.values.weight"]) for b in range(self.blocks)]
        )
        if not self.tied:
            pushes = pushes - constants.program.parameters(tape)["logits.bias"]
        strength = np.abs(now) * np.abs(pushes).max(-1)
        order = [np.unravel_index(k, now.shape) for k in np.argsort(-strength, axis=None)[:NEURONS]]
        chosen = tuple(int(k) for k in state["neuron"])
        if chosen not in [tuple(map(int, place)) for place in order]:
            order = [chosen, *order[:-1]]
        windows = constants.extra["held"]["x"][:SEARCHED]
        found = constants.program.forward(tape, names, x=windows)
        rows = []
        for b, n in order:
            answers = found[b][:, :, n]
            tops = np.argsort(-answers, axis=None)[:60]
            contexts: list[str] = []
            for place in tops:  # of windows of their own
                w, t = divmod(int(place), self.context)
                text = "".join(_shown(self.alphabet[k]) for k in windows[w, max(0, t - CONTEXT + 1) : t + 1])
                if text not in contexts:
                    contexts.append(text)
                if len(contexts) == 3:
                    break
            up, down = np.argsort(-pushes[b, n])[:4], np.argsort(pushes[b, n])[:3]
            mark = "" if state["neurons on"][b, n] else " (silent)"
            rows.append({
                "neuron": f"b{b + 1} · n {n}{mark}", "contexts that excite it": "   ".join(contexts), "pushes up": " ".join(_shown(self.alphabet[k]) for k in up),
                "down": " ".join(_shown(self.alphabet[k]) for k in down), "now": round(float(now[b, n]), 2),
            })  # fmt: skip
        return rows

    def _head(self, constants, state, tape, at):
        b, h = (int(k) for k in state["head"])
        name = f"block{b + 1}"
        q, k, v, look = (
            value[h] for value in self.pass_over(constants, state, tape, [f"{name}.q", f"{name}.k", f"{name}.v", f"{name}.attention"])
        )
        n = at + 1
        first = max(0, n - 12)
        scores = (k[first:n] @ q[at] / math.sqrt(self.width // self.heads))[None]
        names = "".join(_shown(self.alphabet[t]) for t in state["prompt"][first:n])
        return [
            {"name": f"q of '{names[-1:]}'", "values": q[at : at + 1, :12], "at": (0, 0), "note": "the first 12 numbers"},
            {"name": f"k of {names}", "values": k[first:n, :12], "at": (1, 0), "note": "one row for each letter; the first 12 numbers"},
            {"name": "q.k / root of d", "values": scores, "at": (0, 1), "lit": True},
            {"name": "softmax, later letters masked", "values": look[at, first:n][None], "at": (1, 1), "lit": True, "note": "over all letters so far; the last 12 are shown"},
            {"name": "v", "values": v[first:n, :12], "at": (0, 2), "note": "one row for each letter"},
            {"name": "sum of v, weighted", "values": (look[at, :n] @ v[:n])[None, :12], "at": (1, 2), "lit": True},
        ]  # fmt: skip

    def _map(self, constants, tape) -> dict[str, np.ndarray]:
        arrays = constants.program.parameters(tape)
        table = arrays["letters.weight"].astype(float)
        middle = table - table.mean(0)
        plane = np.linalg.svd(middle, full_matrices=False)[2][:2].T
        kinds = np.array([1.0 if k.isupper() else 0.0 if k.islower() else 2.0 if k.isdigit() else 3.0 for k in self.alphabet])
        values = np.concatenate([arrays[f"block{b + 1}.values.weight"] for b in range(self.blocks)]).astype(float)
        block = np.repeat(np.arange(self.blocks), 4 * self.width).astype(float)
        return {"letters": np.column_stack([middle @ plane, kinds]), "neurons": np.column_stack([values @ plane, block])}

    # -- what a person may do --

    @action("Choose a letter", hidden=True, index=(int, param(0, lo=0, hi=10_000, doc="Its place in the text.")))
    def choose(self, constants, state, index: int) -> None:
        """Look at this place of the text."""
        state["chosen"][0] = index % len(state["prompt"])

    @action("Choose a head", hidden=True, index=(int, param(0, lo=0, hi=10_000, doc="Its number, block by block.")))
    def choose_head(self, constants, state, index: int) -> None:
        """Unfold this head."""
        state["head"][:] = divmod(index % (self.blocks * self.heads), self.heads)

    @action("Choose a neuron", hidden=True, index=(int, param(0, lo=0, hi=10_000, doc="Its row in the table.")))
    def choose_neuron(self, constants, state, index: int) -> None:
        """Take the neuron of this row of the table."""
        rows = self._neurons(constants, state, self.tape_state(constants, state), self._at(state))
        block, number = rows[index % len(rows)]["neuron"].removesuffix(" (silent)").split(" · n ")
        state["neuron"][:] = int(block[1:]) - 1, int(number)

    @action("Silence the head")
    def silence_head(self, constants, state) -> None:
        """The chosen head says nothing any more, or again; only what is looked at and written changes, not the training."""
        b, h = state["head"]
        state["heads on"][b, h] = 1.0 - state["heads on"][b, h]

    @action("Silence the neuron")
    def silence_neuron(self, constants, state) -> None:
        """The chosen neuron says nothing any more, or again."""
        b, n = state["neuron"]
        state["neurons on"][b, n] = 1.0 - state["neurons on"][b, n]

    @action("Silence the block")
    def silence_block(self, constants, state) -> None:
        """The block of the chosen head adds nothing any more, or again."""
        b = state["head"][0]
        state["blocks on"][b] = 1.0 - state["blocks on"][b]

    @action("Let all speak")
    def let_all_speak(self, constants, state) -> None:
        """Nothing is silent."""
        for name in ("heads on", "neurons on", "blocks on"):
            state[name][:] = 1.0

    @action("Write on", count=(int, param(120, "letters", lo=1, hi=5000, doc="How many letters.")))
    def write_letters(self, constants, state, count: int) -> None:
        """Write letters after the text that is looked at, and after what was written before."""
        tokens = np.concatenate([state["prompt"], state["written"]])
        tape = self.tape_state(constants, state)
        more = write_on(constants.program, tape, tokens, count, self.context, temperature=self.temperature, most=self.most,
                        seed=(constants.seed, 2, len(tokens)), replace=self.silenced(state) or None)  # fmt: skip
        state["written"] = np.concatenate([state["written"], more])[-10_000:]

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
        known = [k for letter in text for k in [self.alphabet.find(letter)] if k >= 0]
        if not known:
            raise ModelError(f"None of these letters occurs in the text that is learned: use {self.alphabet.strip()[:30]}.")
        state["prompt"] = np.array(known[-self.context :], np.int64)
        state["chosen"][0] = len(state["prompt"]) - 1
        state["written"] = np.zeros(0, np.int64)

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
        yield Figure("repeats of unknown period, two blocks", 0.8, repeats(2), bound="at_least", source="an induction head", slow=True)
        yield Figure(
            "repeats of unknown period, one block", 0.55, repeats(1), bound="at_most", source="no induction head in one block", slow=True
        )


def _times(mask: np.ndarray) -> Any:
    return lambda value: value * mask.astype(value.dtype)


def _shown(letter: str) -> str:
    """A letter as it is written in tables."""
    return {" ": "␣", "\n": "⏎", "\t": "⇥"}.get(letter, letter)


def _bar(share: float, tick: float, long: int = 24) -> str:
    """A bar of up to `long` blocks for a share, with a tick in it."""
    blocks = list("█" * round(long * share) + " " * (long - round(long * share)))
    blocks[min(long - 1, round(long * tick))] = "│"
    return "".join(blocks)


def induction(looks: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """(heads,) mean share of attention that goes from a letter to the one after its last occurrence: from t to t - period + 1.

    looks (windows, heads, T, T); counted where the letter had occurred before (Olsson et al. 2022).
    """
    T = looks.shape[-1]
    scores = np.zeros(looks.shape[1])
    for look, period in zip(looks, periods, strict=True):
        at = np.arange(period, T)
        scores += look[:, at, at - period + 1].mean(-1)
    return scores / len(looks)
