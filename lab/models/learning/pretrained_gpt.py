"""A GPT that was trained elsewhere: open a checkpoint of the GPT-2 family, let it write, and look into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lab.data.assets import assets_folder
from lab.model import Bound, Clock, Figure, Layer, Picture, Preset, Stage, Stream, action, index, param
from lab.training import rules, told
from lab.training.checkpoint import Checkpoint, drawn, open_checkpoint
from lab.training.decoder import Masks, Pass, logits_of, pushes
from lab.training.language import chances
from lab.training.silencing import Silencing
from lab.training.writer import Writer
from lab.units import number as printed

SHOWN = 48  # tokens of the text that are drawn: the last ones
TILES = 24  # thumbnails of heads up to which those of all blocks are shown at once
SEARCHED = 500  # tokens of the text in which a neuron's contexts are looked for
FEW = 12  # tokens of the picture of one head's lines


class Opened:
    """A checkpoint, and the text as it went through it: with what is silent now, and with nothing silent."""

    def __init__(self, model: Checkpoint, seed: int):
        self.model, self.seed = model, seed
        self.clean = self.passes = Pass(model)
        self.said: dict[Any, Any] = {}  # what was computed of the chosen place

    def of(self, state: dict[str, np.ndarray]) -> Pass:
        """The text of a state gone through with what is silent in it."""
        masks = Masks(state["heads on"], state["neurons on"], state["blocks on"])
        if masks.key != self.passes.masks.key:
            self.passes = self.clean if masks.key == self.clean.masks.key else Pass(self.model, masks)
        return self.passes.read(state["text"])

    def once(self, state: dict[str, np.ndarray], what: str, compute: Any) -> Any:
        """What `compute` gives, once for a text, a place and what is silent."""
        key = (what, *(state[name].tobytes() for name in ("text", "chosen", "head", "neuron", "heads on", "neurons on", "blocks on")))
        if key not in self.said:
            if len(self.said) > 20:
                self.said.clear()
            self.said[key] = compute()
        return self.said[key]


class PretrainedGPT(Silencing, Writer):
    """Open a GPT-2 that somebody trained, let it write token by token, and see what each part of it does.

    *Checkpoint* is a folder with `model.safetensors`, `vocab.json` and `merges.txt` (and `config.json`) as they are published; nothing is
    downloaded. Without one it is a small model that comes with the lab: three blocks, trained on the language pages of Python's own
    help by the lab's `gpt`. Press play: each step draws one token. Try:

    - *Read* a text of your own, and click a token: what it expects next, where each head looks from there, what it would say if it stopped
      after each block (the *logit lens*), and which neurons answer;
    - silence a head, a neuron or a block, and see which tokens become likelier without it. In a large model few heads matter for
      any one token, and it is not the early ones that can be spared;
    - watch the *surprise* fall where it has begun a phrase, and rise where a new one begins; the *entropy* is the surprise it expects;
    - the temperature: 0 soon repeats itself, 1.5 falls apart.

    **A neuron** is a key (what excites it) and a value (which tokens it pushes). The table ranks neurons by their answer times the length of
    their value; what it pushes is exact up to the last layer norm, which divides by the length of the whole stream.

    A token is a piece of a word with the space before it (␣). Attention is drawn for the last 48 tokens; what came before is read all the same.
    The weights stay on disk and are read as they are needed (F32), or are turned into single precision when opened (F16, BF16).
    """

    name = "pretrained-gpt"
    title = "Pretrained GPT"
    group = "Sequences and language"
    icon = "mdi6.folder-open-outline"
    order = 96
    also = "GPT-2; checkpoint; safetensors; pretrained weights; open a GPT; logit lens; interpretability; activation patching"
    equations = (
        r"x \leftarrow x + W_o\,[y^1, \ldots, y^H],\qquad y^h = \sum_j \mathrm{softmax}_j\left(\frac{q \cdot k_j}{\sqrt{d_h}}\right) v_j",
        r"x \leftarrow x + \sum_n \mathrm{gelu}(k_n \cdot \mathrm{norm}(x) + b_n)\, v_n",
        r"p(\mathrm{next}) = \mathrm{softmax}(E\,\mathrm{norm}(x))",
    )
    symbols = r"x: residual stream; W_o: weights of what the heads say; y^h: output of head h; H: number of heads; d_h: size of a head; v: value; b_n: bias of neuron n; p: probability; E: embedding of the tokens"
    source = (
        "Radford et al. (GPT-2), OpenAI (2019); Sennrich, Haddow and Birch (byte pairs), ACL (2016); Geva et al. (key-value memories), EMNLP (2021); "
        "nostalgebraist (logit lens), LessWrong (2020)"
    )
    presets = {
        "The small model of the lab": Preset({}, shows="perplexity < 60", after=40),
        "Cold: it repeats itself": Preset({"temperature": 0.0}, shows="mean surprise (nats) < 1.5", after=60),
        "Hot: it falls apart": Preset({"temperature": 2.0}, shows="mean surprise (nats) > 3", after=60),
    }  # fmt: skip

    checkpoint: str = param("", kind="file", live=False, main=True, group="Weights",
                            doc="A folder with model.safetensors, vocab.json and merges.txt, or that file (empty: the small model of the lab).")  # fmt: skip
    beginning: str = param("The function returns the ", live=False, group="Writing", doc="Where the text begins.")
    temperature: float = param(0.8, lo=0.0, hi=5.0, soft=(0.0, 1.5), main=True, group="Writing", symbol=r"\tau", marks={"likeliest": 0.0, "as learnt": 1.0},
                               doc="Sharpness of what is drawn from the next tokens: 0 takes the likeliest, 1 what was learnt.")  # fmt: skip
    most: int = param(
        40, "tokens", lo=0, hi=1000, soft=(0, 100), group="Writing", label="Top k", symbol="k", doc="Draw from the likeliest only (0: from all)."
    )  # fmt: skip
    steps: int = param(80, "tokens", lo=1, hi=100_000, live=False, group="Writing", doc="How many tokens it writes.")
    block: int = param(0, lo=0, hi=1000, soft=(0, 12), group="Look", doc="Whose heads are drawn (0: of all blocks while they are few, else of the chosen head's).")  # fmt: skip

    # -- declarations --

    @property
    def clock(self):
        """One step is one token."""
        return Clock(1.0, "token", physical=False)

    @property
    def length(self):
        """All tokens."""
        return self.steps

    @property
    def seconds(self):
        """It is read as it is written."""
        return 30.0

    @property
    def streams(self):
        """What it writes and how sure it was; and what can be looked at of the chosen token."""
        return (
            Stream("certainty", "trace", "nats", "How surprising the drawn token was to it, and the surprise that it expected.", (2,), ("surprise", "entropy"), every=1),
            Stream("text", "tokens", "nats", "The text; darker where the token was a surprise. Click one.", channels=("surprise",)),
            Stream("next", "table", "", "Likeliest next tokens at the chosen place; beside them what they are with nothing silent."),
            Stream("attention", "image", "", "Where each head looks: from the token of the row to that of the column."),
            Stream("lines", "tokens", "", "Where the chosen head looks from the chosen token."),
            Stream("rules", "table", "", "Every head that is drawn with the rule that says best where it looks, in two words."),
            Stream("heads", "table", "", "What each head looks at in this text, by the rule that says it best."),
            Stream("lens", "table", "", "What the model would say if it stopped after each part."),
            Stream("key-value neurons", "table", "", "Neurons that answer most at the chosen place: places of the text that excite them, tokens that they push."),
            Stream("step by step", "matrices", "", "The chosen head at the chosen place: q.k, mask, softmax, weighted values."),
            Stream("model", "table", "", "What the checkpoint is made of."),
        )  # fmt: skip

    @property
    def pictures(self):
        """The text in front."""
        return (
            Picture("text", "Text", (Layer("text"),), pick="choose", front=True, weight=0.8, doc="Click a token: everything is then about that place."),
            Picture("next", "Next token", (Layer("next"),), front=True, weight=1.2),
            Picture("attention", "Attention", (Layer("attention"), Layer("rules")), levels=(0.0, 1.0), pick="choose_head", front=True, weight=1.4, doc="Under each head the rule that it follows in this text, if a simple one says it (drawer Heads). Click a head to unfold it."),
            Picture("lens", "If it stopped here", (Layer("lens"),), front=True, weight=1.2),
            Picture("lines", "The chosen head", (Layer("lines"),), pick="choose_near", weight=1.0),
            Picture("key-value neurons", "Key-value neurons", (Layer("key-value neurons"),), pick="choose_neuron", weight=1.4, doc="Click a row, then 'Silence the neuron'."),
            Picture("certainty", "Surprise and entropy", (Layer("certainty"),), y="nats", figures=("perplexity",), front=True, weight=1.0),
            Picture("heads", "What each head looks at", (Layer("heads"),), pick="choose_head", weight=1.2, doc="Share of its attention that goes where the rule points, in the part of the text that is shown. Click a row to unfold the head."),
            Picture("step by step", "One head, step by step", (Layer("step by step"),), weight=1.2),
            Picture("model", "The checkpoint", (Layer("model"),)),
        )  # fmt: skip

    @property
    def stage(self):
        """Attention large, text and next token beside it."""
        return Stage(
            "attention",
            companions=("next", "lens"),
            above=("text",),
            below=("lines", "key-value neurons"),
            drawers=(("How sure it was", ("certainty",)), ("Heads", ("heads", "step by step")), ("The checkpoint", ("model",))),
        )

    # -- the run --

    def build(self, seed: int):
        """Open the checkpoint."""
        return Opened(open_checkpoint(self.checkpoint or bundled()), seed)

    def account(self, constants) -> str:
        """What was opened, of a file of one's own."""
        return constants.model.said if self.checkpoint else ""

    def _prompt(self, constants, text: str) -> np.ndarray:
        model = constants.model
        tokens = model.tokens.encode(text) or [model.tokens.end if model.tokens.end is not None else 0]
        return np.array(tokens[-(model.context - 1) :], np.int64)

    def start(self, constants, seed: int):
        """The beginning, nothing written, nothing silent."""
        model, text = constants.model, self._prompt(constants, self.beginning)
        layers = len(model.blocks)
        return {
            "text": text, "given": np.array([len(text)]), "chosen": np.array([len(text) - 1]),
            "head": np.array([layers - 1, 0]), "neuron": np.array([layers - 1, 0]), "heads on": np.ones((layers, model.heads), np.uint8),
            "neurons on": np.ones((layers, model.neurons), np.uint8), "blocks on": np.ones(layers, np.uint8), "sums": np.zeros(3, np.float32),
        }  # fmt: skip

    def state_bounds(self, constants, state, step):
        """Tokens of its vocabulary, places of the text, and what is silent."""
        model, (layers, heads, neurons) = constants.model, self.layers_of(constants)
        return {
            "text": Bound(0, len(model.tokens) - 1, ((1, model.context),)), "given": Bound(0, model.context), "chosen": index(len(state["text"])),
            "head": index((layers, heads)), "neuron": index((layers, neurons)), "heads on": Bound(0, 1), "neurons on": Bound(0, 1), "blocks on": Bound(0, 1),
        }  # fmt: skip

    def advance(self, constants, state, n, out):
        """Draw tokens, each after reading all before it; less than n where the context is full."""
        model = constants.model
        for done in range(n):
            if len(state["text"]) >= model.context:
                return done
            logits = constants.of(state).logits()[: len(model.tokens)]
            token, surprise, entropy = self._draw(logits, (constants.seed, 5, len(state["text"])))
            follow = state["chosen"][0] == len(state["text"]) - 1
            state["text"] = np.append(state["text"], token)
            if follow:
                state["chosen"][0] = len(state["text"]) - 1
            state["sums"] += 1.0, surprise, entropy
            if out.wanted("certainty"):
                out["certainty"][done] = surprise, entropy
        return n

    def _draw(
        self, logits: np.ndarray, seed: tuple[int, ...], temperature: float | None = None, most: int | None = None
    ) -> tuple[int, float, float]:
        """(token, its surprise, the surprise expected), of logits; both in nats at temperature 1 with no top k."""
        plain = chances(logits, 1.0, 0)
        temperature, most = self.temperature if temperature is None else temperature, self.most if most is None else most
        p = chances(logits, temperature, most)
        random = np.random.default_rng([abs(s) for s in seed])
        token = int(np.searchsorted(np.cumsum(p), random.random() * p.sum(), side="right").clip(0, len(p) - 1))
        logs = np.log(np.maximum(plain, 1e-30))
        return token, float(-logs[token]), float(-(plain * logs).sum())

    def finished(self, constants, state):
        """The context is full."""
        return f"the context of {constants.model.context} tokens is full"

    def summary(self, constants, state):
        """How sure it was, and how large it is."""
        model, (count, surprise, entropy) = constants.model, state["sums"].astype(float)
        found: dict[str, Any] = {"tokens": len(state["text"]), "weights (M)": round(model.parameters / 1e6, 3)}
        if count:
            found |= {"mean surprise (nats)": surprise / count, "mean entropy (nats)": entropy / count, "perplexity": float(np.exp(min(surprise / count, 50.0)))}  # fmt: skip
        return found | {"it wrote": model.tokens.decode(map(int, state["text"][int(np.clip(state["given"][0], 0, len(state["text"]))) :]))[-400:]}  # fmt: skip

    def write_text(self, constants, state, text, count, *, temperature=None, most=None, seed=0):
        """Go on with a text; where the context is full the older half of it is forgotten."""
        model = constants.model
        tokens = [int(k) for k in (self._prompt(constants, text) if text else state["text"])]
        first, more = model.tokens.decode(tokens), []
        passes = Pass(model, Masks(state["heads on"], state["neurons on"], state["blocks on"]))
        for k in range(count):
            if len(tokens) >= model.context:
                tokens = tokens[len(tokens) // 2 :]
            logits = passes.read(tokens).logits()[: len(model.tokens)]
            token, _, _ = self._draw(logits, (constants.seed, 6, seed, k), temperature, most)
            tokens.append(token)
            more.append(token)
        return first, model.tokens.decode(more)

    # -- what can be looked at --

    def layers_of(self, constants):
        """(blocks, heads of each, neurons of each)."""
        return len(constants.model.blocks), constants.model.heads, constants.model.neurons

    def looked_at_text(self, state):
        """The tokens that are drawn."""
        return state["text"]

    def _first(self, state) -> int:
        """The first token that is drawn: the last ones are, and the chosen one among them."""
        n = len(state["text"])
        return int(max(0, min(n - SHOWN, state["chosen"][0] - FEW)))

    def observe(self, constants, state, stream):
        """What a stream shows of the chosen token."""
        found = {"text": self._text, "next": self._next, "attention": self._attention, "lines": self._lines, "heads": self._heads, "rules": self._rules, "lens": self._lens,
                 "key-value neurons": self._neurons, "step by step": self._head, "model": self._model}.get(stream)  # fmt: skip
        if found is None:
            return super().observe(constants, state, stream)
        return constants.once(state, f"{stream} {self.block}", lambda: found(constants, state))

    def _text(self, constants, state):
        model, passes, n = constants.model, constants.of(state), len(state["text"])
        texts = [model.tokens.shown[k] for k in state["text"]]
        return {"rows": [{"texts": texts, "values": passes.surprise[:n].copy()}], "lit": (int(state["chosen"][0]),)}

    def _probabilities(self, constants, logits):
        return chances(logits[..., : len(constants.model.tokens)], 1.0, 0)

    def _next(self, constants, state):
        at, passes = int(state["chosen"][0]), constants.of(state)
        now, clean = self._probabilities(constants, passes.logits(at)), None
        if passes is not constants.clean:
            clean = self._probabilities(constants, constants.clean.read(state["text"]).logits(at))
        return told.next_rows(constants.model.tokens.shown, now, clean, word="token")

    def _attention(self, constants, state):
        model, passes, first = constants.model, constants.of(state), self._first(state)
        last = min(len(state["text"]), first + SHOWN)
        blocks = list(range(len(model.blocks)))
        if self.block or len(blocks) * model.heads > TILES:
            blocks = [min(self.block or int(state["head"][0]) + 1, len(blocks)) - 1]
        looks = np.concatenate([passes.attention(b, first, last)[:, :, first:] for b in blocks])
        return np.pad(looks, ((0, 0), (0, 1), (0, 1))) if last - first < 2 else looks

    def _ruled(self, constants, state) -> list[tuple[str, float, float]]:
        """Rule, share and even share of every head that is drawn; none where there is one token."""
        first, looks = self._first(state), self._attention(constants, state)
        tokens = state["text"][first : first + looks.shape[1]]
        found = rules.named(looks[None, :, : len(tokens), : len(tokens)], tokens[None], constants.model.tokens.shown)
        return found if len(tokens) > 1 else [("", 0.0, 0.0)] * len(looks)

    def _rules(self, constants, state):
        begin, heads = self._tiles(constants, state), constants.model.heads
        names = ("{}.{}".format(*(n + 1 for n in divmod(begin + k, heads))) for k in range(TILES + heads))
        return [{"head": rules.caption(name, rule)} for name, (rule, _, _) in zip(names, self._ruled(constants, state), strict=False)]

    def _heads(self, constants, state):
        """The heads of the tiles, named by rule."""
        model, first, begin = constants.model, self._first(state), self._tiles(constants, state)
        looks = self._attention(constants, state)
        tokens = state["text"][first : first + looks.shape[1]]
        at = min(int(state["chosen"][0]) - first, len(tokens) - 1)
        if len(tokens) < 2:
            return [{"head": "", "looks at": "one token has nothing to look back to"}]
        texts, rows = [model.tokens.shown[k] for k in tokens], []
        for k, (rule, share, even) in enumerate(self._ruled(constants, state)):
            b, h = divmod(begin + k, model.heads)
            silent = " (silent)" * (not state["heads on"][b, h])
            rows.append({
                "head": f"{b + 1}.{h + 1}{silent}", "looks at": rule or "here and there", "%": round(100 * share) if rule else "",
                "even look %": round(100 * even) if rule else "", "now": told.looked_at(texts, looks[k, at, : at + 1]) if at >= 0 else "",
            })  # fmt: skip
        return rows

    def _tiles(self, constants, state) -> int:
        """Number of the first tile among all heads."""
        model = constants.model
        if self.block or len(model.blocks) * model.heads > TILES:
            return (min(self.block or int(state["head"][0]) + 1, len(model.blocks)) - 1) * model.heads
        return 0

    @action("Choose a head", hidden=True, index=(int, param(0, lo=0, hi=10_000, doc="Its tile.")))
    def choose_head(self, constants, state, index: int) -> None:
        """Unfold this head."""
        blocks, heads, _ = self.layers_of(constants)
        state["head"][:] = divmod((self._tiles(constants, state) + index) % (blocks * heads), heads)

    @action("Choose a token of the lines", hidden=True, index=(int, param(0, lo=0, hi=10_000, doc="Its place in the two rows.")))
    def choose_near(self, constants, state, index: int) -> None:
        """Look at this token."""
        first, last = self._near(state)
        state["chosen"][0] = min(first + index % (last - first), len(state["text"]) - 1)

    def _near(self, state) -> tuple[int, int]:
        at = int(state["chosen"][0])
        return max(0, at + 1 - FEW), at + 1

    def _lines(self, constants, state):
        (b, h), (first, last) = state["head"], self._near(state)
        look = constants.of(state).attention(b, last - 1, last)[h, 0]
        texts = [constants.model.tokens.shown[k] for k in state["text"][first:last]]
        at = last - 1 - first
        where = told.looked_at([constants.model.tokens.shown[k] for k in state["text"][:last]], look)
        return {
            "rows": [{"texts": texts, "name": "looks at"}, {"texts": texts, "name": f"block {b + 1} head {h + 1} looks {where}"}],
            "links": [(j, at, float(look[first + j])) for j in range(last - first)],
            "lit": (len(texts) + at,),
        }

    def _lens(self, constants, state):
        at, passes, model = int(state["chosen"][0]), constants.of(state), constants.model
        p = self._probabilities(constants, logits_of(model, passes.stream[:, at]))
        return told.lens_rows(model.tokens.shown, zip(told.parts(len(model.blocks), "token"), p, strict=True))

    def _ranked(self, constants, state) -> tuple[list[tuple[int, int]], np.ndarray]:
        """The neurons of the table, and how all of them answer at the chosen place."""
        at = int(state["chosen"][0])
        now = constants.of(state).answers([at])[:, 0]
        strength = np.abs(now) * constants.model.value_sizes
        best = np.argpartition(-strength, min(told.NEURONS, strength.size - 1), axis=None)[: told.NEURONS]
        best = best[np.argsort(-strength.flat[best], kind="stable")]
        order = [(int(k) // strength.shape[1], int(k) % strength.shape[1]) for k in best]
        chosen = (int(state["neuron"][0]), int(state["neuron"][1]))
        return (order if chosen in order else [chosen, *order[:-1]]), now

    def _neurons(self, constants, state):
        model, passes = constants.model, constants.of(state)
        order, now = self._ranked(constants, state)
        push = pushes(model, np.stack([model.blocks[b].values[n] for b, n in order]))[:, : len(model.tokens)]
        places = slice(max(0, len(state["text"]) - SEARCHED), len(state["text"]))
        window, answers = state["text"][None, places], passes.answers_of(order, places)
        return [
            told.neuron_row(
                model.tokens.shown, b, n, not state["neurons on"][b, n], told.contexts_of(model.tokens.shown, window, answers[k][None]), push[k], float(now[b, n])
            )
            for k, (b, n) in enumerate(order)
        ]  # fmt: skip

    def neuron_of_row(self, constants, state, index: int):
        """Block and number of the neuron in a row of the table."""
        order, _ = self._ranked(constants, state)
        return order[index % len(order)]

    def _head(self, constants, state):
        (b, h), at, model, passes = state["head"], int(state["chosen"][0]), constants.model, constants.of(state)
        size = model.width // model.heads
        q, k, v = (array[b, : at + 1, h * size : (h + 1) * size] for array in (passes.queries, passes.keys, passes.values))
        texts = [model.tokens.shown[t] for t in state["text"][: at + 1]]
        return told.head_matrices(texts, q[at], k, v, passes.attention(b, at, at + 1)[h, 0], "token")

    def _model(self, constants, state):
        model = constants.model
        d, layers = model.width, len(model.blocks)
        rows = [
            ("tokens: embedding", f"{printed(len(model.embedding))} x {d}", model.embedding.size),
            ("positions", f"{printed(model.context)} x {d}", model.positions.size),
        ]
        for name, part in (
            ("queries, keys, values", "qkv"),
            ("mix of the heads", "mix"),
            ("keys of the neurons", "keys"),
            ("values of the neurons", "values"),
        ):
            array = getattr(model.blocks[0], part)
            rows.append((f"{name}, each block", " x ".join(map(str, array.shape)), layers * array.size))
        rows.append(
            (
                "head",
                "the embedding again" if model.head is model.embedding else f"{printed(len(model.head))} x {d}",
                0 if model.head is model.embedding else model.head.size,
            )
        )
        return [
            {"part": part, "numbers": shape, "weights": count, "%": round(100 * count / model.parameters, 1)} for part, shape, count in rows
        ]

    # -- what a person may do --

    @action("Read", text=(str, param("The", doc="A text that it shall read and go on with.")))
    def read(self, constants, state, text: str) -> None:
        """Look at this text, of which at most the context is kept; what was written is gone."""
        state["text"] = self._prompt(constants, text)
        state["given"][0] = len(state["text"])
        state["chosen"][0] = len(state["text"]) - 1

    @action("Back to the beginning")
    def forget_written(self, constants, state) -> None:
        """Forget what was written."""
        n = int(np.clip(state["given"][0], 1, len(state["text"])))
        state["text"], state["chosen"][0] = state["text"][:n].copy(), n - 1

    # -- figures --

    @classmethod
    def figures(cls):
        def opened():
            constants = cls().build(1)
            return constants.model, constants.model.tokens.encode("The function returns the value of the argument, if it is not None.")

        def kept(run):
            model, tokens = opened()
            at_once, by_one = Pass(model).read(tokens), Pass(model)
            for k in range(1, len(tokens) + 1):
                by_one.read(tokens[:k])
            return float(all(np.array_equal(getattr(at_once, name)[:, : len(tokens)], getattr(by_one, name)[:, : len(tokens)]) for name in ("keys", "values", "stream")))  # fmt: skip

        def causal(run):
            model, tokens = opened()
            before = Pass(model).read(tokens).stream.copy()
            after = Pass(model).read([*tokens[:8], (tokens[8] + 1) % len(model.tokens), *tokens[9:]]).stream
            return float(np.array_equal(before[:, :8], after[:, :8]) and not np.array_equal(before[:, 8:], after[:, 8:]))

        def leaves(run):
            model, tokens = opened()
            masks = Masks.none(model)
            clean, last = Pass(model).read(tokens), len(model.blocks) - 1
            n = int(np.abs(clean.answers([len(tokens) - 1])[last, 0]).argmax())
            answers = clean.answers(slice(0, len(tokens)))[last, :, n].astype(float)
            masks.neurons[last, n] = 0.0
            silent = Pass(model, masks).read(tokens)
            moved = (silent.stream[-1] - clean.stream[-1])[: len(tokens)].astype(float)
            return float(np.abs(moved + answers[:, None] * model.blocks[last].values[n]).max())

        def untrained(run):
            model = drawn(1, opened()[0].tokens)
            return float(Pass(model).read(opened()[1]).surprise[1 : len(opened()[1])].mean() - np.log(len(model.tokens)))

        yield Figure("kept keys and values give the bits of a whole pass", 1.0, kept, source="one order of sums")
        yield Figure("tokens before a changed one keep the stream, to the bit", 1.0, causal, source="causal mask")
        yield Figure(
            "silencing a neuron of the last block takes m v from the stream, worst",
            1e-5,
            leaves,
            bound="at_most",
            source="single precision",
        )
        yield Figure("surprise of an untrained model less ln V", 0.0, untrained, tolerance=0.05, unit="nats", source="all tokens as likely")
        yield Figure("mean surprise of the small model at its own text", 3.0, lambda run: float(run(cls(temperature=1.0, most=0, steps=60), steps=60, seed=1, record={}).summary["mean surprise (nats)"]), bound="at_most", unit="nats", source="far below ln 512 = 6.24")  # fmt: skip


def bundled() -> Path:
    """The folder of the small model that comes with the lab."""
    return assets_folder() / "gpt"
