"""Learners that say the next token of a text: what they learn from, how they are judged, and what is seen of one text that is looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.model import Action, Bound, Layer, Out, Picture, State, Stream, action, index, param
from lab.tape.interpreter import STEP
from lab.training import rules, told
from lab.training.language import Repeats, chances, padded, write_on
from lab.training.learner import Constants
from lab.training.objectives import Measure
from lab.training.silencing import Pointing
from lab.training.stepwise import Stepwise
from lab.training.texts import counts_of, text_of
from lab.training.writer import Writer

JUDGED = 200  # windows of an evaluation
SEARCHED, RULED = 48, 8  # windows in which contexts of neurons are looked for, and rules of heads
LINES, LONG = 9, 44  # samples kept while it learns, and letters of each


@dataclass(frozen=True)
class Head:
    """A head of attention: the node of its layer's shares, its place among the heads of it, and how it is called, short and long."""

    node: str
    place: int
    short: str
    name: str


class NextToken(Pointing, Writer, Stepwise):
    """A learner whose program reads `places` tokens x and says at each place which is next, compared with t.

    Its nodes are `surprise` (nats of each place), the logits (`said`), and for every layer of attention `heads` (shares of every
    head). Its state holds `prompt` (what is looked at), `chosen` (a place in it), `head`, what was `written`, and `samples` of what it
    wrote while it learned.
    """

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

    room = 32  # attention takes much memory
    measures = (
        Measure("held-out loss", "Nats per letter on the part of the text that is never learned from.", "nats", better="lower"),
        Measure("accuracy where it is known", "Share of letters said right; of repeats, from the second time on."),
        Measure("induction", "Strongest head: share of attention that goes to what followed the letter's last occurrence."),
    )

    @property
    def places(self) -> int:
        """Tokens that it reads at once."""
        raise ModelError(f"{self._owner()} does not say how many tokens it reads.")

    @property
    def said(self) -> str:
        """The node of the logits."""
        return "logits"

    @property
    def heads_of_all(self) -> tuple[Head, ...]:
        """Every head of attention, as they are drawn and counted."""
        return ()

    def head_at(self, state: State) -> int:
        """The chosen head, by its number among all."""
        row, column = (int(k) for k in state["head"])
        return row * state["heads on"].shape[1] + column

    # -- what it learns from --

    @property
    def source_file(self) -> str:
        """The file that is learned from ("": the help pages)."""
        if self.text == "file" and not self.file:
            raise self.refuse("file", "must be the path of a text file")
        return self.file if self.text == "file" else ""

    @property
    def maker(self) -> Any:
        """Windows of the text, or repeats."""
        return Repeats(200 * self.batch, self.places) if self.text == "repeats" else text_of(self.source_file, self.places, self.pairs)

    @property
    def pairs(self) -> int:
        """Size of the vocabulary of byte pairs; 0 where characters are read."""
        return self.vocabulary if self.tokens == "byte pairs" and self.text != "repeats" else 0

    @property
    def alphabet(self) -> str | tuple[str, ...]:
        """Its letters, or its tokens as text."""
        return self.maker.alphabet

    def compare(self, tape: Any, logits: Any, t: Any) -> None:
        """Write the surprise at each place and the loss, which is told per letter so that byte pairs compare with letters."""
        each = tape.cross_entropy(logits, t, name="surprise")
        if self.pairs:
            tape.scale(tape.mean(each, name="loss of a token"), 1.0 / self.maker.each, name="loss")
        else:
            tape.mean(each, name="loss")

    @property
    def baselines(self) -> tuple[float, float, float, float]:
        """Nats per letter: by chance, by single letters, after one letter, after two; of repeats all are chance."""
        if self.text == "repeats":
            return (math.log(len(self.alphabet)),) * 4
        return counts_of(self.source_file, self.places, self.pairs)[1]

    def counted(self, before: np.ndarray) -> np.ndarray:
        """(V,) what counting says of the letter after these: by the last two, or the only one; of repeats nothing."""
        if self.text == "repeats":
            return np.full(len(self.alphabet), 1.0 / len(self.alphabet))
        counts = counts_of(self.source_file, self.places, self.pairs)[0]
        return counts.three(before[-2:-1], before[-1:])[0] if len(before) > 1 else counts.two[before[0]]

    def build(self, seed: int) -> Constants:
        """The windows by which it is judged."""
        constants = super().build(seed)
        held = constants.maker.held_out(seed, JUDGED)
        constants.extra.update(held=held, data=constants.program.data(**held), lines=np.array(self.baselines))
        constants.extra["each"] = float(constants.maker.lengths[held["t"]].mean())  # characters of a token
        if self.text == "repeats":
            constants.extra["periods"] = constants.maker.periods_of(seed, JUDGED)
        return constants

    def state_bounds(self, constants: Constants, state: State, step: int) -> dict[str, Bound]:
        """The text that is looked at, and what it wrote."""
        letters = index(len(self.alphabet))
        return super().state_bounds(constants, state, step) | {
            "prompt": replace(letters, shape=((1, self.places),)), "chosen": index(self.places), "written": replace(letters, shape=((0, 10_000),)),
            "samples": replace(letters, shape=((0, LINES), LONG)), "sampled": Bound(shape=((0, LINES), 2)),
        }  # fmt: skip

    def start(self, constants: Constants, seed: int) -> State:
        """The beginning as the text that is looked at."""
        prompt = self._prompt(constants)
        return super().start(constants, seed) | {
            "prompt": prompt, "chosen": np.array([len(prompt) - 1]), "written": np.zeros(0, np.int64),
            "samples": np.zeros((0, LONG), np.int64), "sampled": np.zeros((0, 2)),
        }  # fmt: skip

    def _prompt(self, constants: Constants) -> np.ndarray:
        """(n,) letters of the beginning that occur in the text; the first window held out where there are none."""
        known = constants.maker.known(self.beginning)[-self.places :]
        return known if len(known) else np.array(constants.extra["held"]["x"][0], np.int64)

    def changed_live(self, before: Any, constants: Constants, state: State) -> None:
        """Another beginning is looked at."""
        super().changed_live(before, constants, state)
        if isinstance(before, NextToken) and self.beginning != before.beginning:
            state["prompt"] = self._prompt(constants)
            state["chosen"][0] = len(state["prompt"]) - 1

    # -- the run --

    def looked_at(self, constants: Constants) -> int:
        """Windows of an evaluation."""
        return JUDGED

    def inductions(self, constants: Constants, looks: list[np.ndarray]) -> np.ndarray:
        """Every head's induction score on repeats: the shares of every layer of attention in order."""
        return np.concatenate([induction(look, constants.extra["periods"]) for look in looks])

    @property
    def looking_nodes(self) -> list[str]:
        """Nodes of the layers of attention, in the order of the heads."""
        return list(dict.fromkeys(head.node for head in self.heads_of_all))

    def measure(self, constants: Constants, state: State, tape: State) -> dict[str, float]:
        """Loss and accuracy on what is held out, and the strongest induction head."""
        program, extra = constants.program, constants.extra
        surprise, logits, *looks = program.sweep(tape, extra["data"], ["surprise", self.said, *self.looking_nodes])
        right = logits.argmax(-1) == extra["held"]["t"]
        first = constants.maker.known_from if self.text == "repeats" else 0
        best = float(self.inductions(constants, looks).max()) if self.text == "repeats" and looks else 0.0
        return {
            "held-out loss": float(surprise.mean(dtype=float)) / extra["each"], "accuracy where it is known": float(right[:, first:].mean()),
            "induction": best if math.isfinite(best) else 0.0,
        }  # fmt: skip

    def _look(self, constants: Constants, state: State, tape: State, out: Out, step: int, watch: Any) -> None:
        """A sample of what it writes by now, too, and every head's induction score."""
        super()._look(constants, state, tape, out, step, watch)
        line = self._go_on(constants, tape, state["prompt"][:12], LONG, (constants.seed, 1), None)
        samples, sampled = [*state["samples"], line], [*state["sampled"], (state["counters"][STEP], state["measured"][0])]
        while len(samples) > LINES:  # every other one goes, the first and the last stay
            keep = [k for k in range(len(samples)) if k % 2 == 0 or k == len(samples) - 1]
            samples, sampled = [samples[k] for k in keep], [sampled[k] for k in keep]
        state["samples"], state["sampled"] = np.array(samples, np.int64), np.array(sampled, float)
        if self.text == "repeats" and self.heads_of_all:
            looks = constants.program.sweep(tape, constants.extra["data"], self.looking_nodes)
            for channel, value in enumerate(self.inductions(constants, looks)):
                out.events["induction"].append(step, channel, float(value))

    def advance(self, constants: Constants, state: State, n: int, out: Out) -> int:
        """What counting says stands still beside the loss."""
        done = super().advance(constants, state, n, out)
        if out.wanted("counting"):
            out["counting"][:done] = constants.extra["lines"]
        return done

    def summary(self, constants: Constants, state: State) -> dict[str, Any]:
        """The loss beside what counting says."""
        found = super().summary(constants, state)
        lines = constants.extra["lines"]
        names = ("chance",) if self.text == "repeats" else ("chance", "unigram", "bigram", "trigram")
        if self.text != "repeats" or not self.heads_of_all:
            found.pop("induction", None)
        if self.silenced(state):
            found["next letter moved by silence (%)"] = self.moved_by_silence(constants, state)
            found["silence costs (nats)"] = self.cost_of_silence(constants, state)
        if len(state["written"]):
            found["letters written"] = len(state["written"])
        found |= {f"{name} (nats)": float(lines[k]) for k, name in enumerate(names)}
        if self.heads_of_all:
            found["head"] = self.heads_of_all[self.head_at(state)].name
        return found | {"place": self._at(state) + 1, "letters": len(state["prompt"])}

    # -- what is looked at --

    def silenced(self, state: State) -> dict[str, Any]:
        """What is replaced in a pass: nodes of which a part is silent."""
        return {}

    def pass_over(self, constants: Constants, state: State, tape: State, nodes: list[str], clean: bool = False) -> list[np.ndarray]:
        """Values of nodes for the text that is looked at, without the batch axis; `clean`: nothing is silent."""
        row, _ = padded(state["prompt"], self.places)
        found = constants.program.forward(tape, nodes, replace=None if clean else self.silenced(state) or None, x=row)
        return [value[0] for value in found]

    def chances_of(self, constants: Constants, state: State, tape: State, clean: bool = False) -> np.ndarray:
        """(places, V) chances of the next letter after every letter that is looked at."""
        return chances(self.pass_over(constants, state, tape, [self.said], clean=clean)[0][:, : len(self.alphabet)], 1.0, 0)

    def _at(self, state: State) -> int:
        return int(min(state["chosen"][0], len(state["prompt"]) - 1, self.places - 1))

    def own_streams(self, shape: Any) -> tuple[Stream, ...]:
        """Text, next letters, attention, what was written."""
        names = tuple(head.name for head in self.heads_of_all)
        found = [
            Stream("counting", "trace", "nats", "What counting letters of the same text says.", (4,), ("chance", "unigram", "bigram", "trigram"), every=1),
            Stream("text", "tokens", "nats", "The text that is looked at; darker where the letter was a surprise. Click one.", channels=("surprise",)),
            Stream("next", "table", "", "Likeliest next letters at the chosen place, the tick where the last two letters alone would put them; beside them what they are with nothing silent."),
            Stream("writing", "table", "", "What it wrote while it learned."),
            Stream("written", "tokens", "", "What it wrote on request."),
        ]  # fmt: skip
        if names:
            found += [
                Stream("attention", "image", "", "Where each head looks: from the letter of the row to that of the column."),
                Stream("rules", "table", "", "Every head with the rule that says best where it looks, in two words."),
                Stream("lines", "tokens", "", "Where the chosen head looks from each letter; lines of the chosen one."),
                Stream(
                    "heads",
                    "table",
                    "",
                    "What each head looks at, by the rule that says it best, and what becomes of the next letter without it.",
                ),
                Stream("induction", "trace", "", "Induction score of each head.", (len(names),), names, events=True),
            ]
        return tuple(found)

    def own_pictures(self, shape: Any) -> tuple[Picture, ...]:
        """The text in front."""
        found = [
            Picture("text", "Text", (Layer("text"),), pick="choose", front=True, weight=0.5, doc="Click a letter: everything is then about that place."),
            Picture("next", "Next letter", (Layer("next"),), front=True, weight=1.2, doc="The tick in a bar is what the last two letters alone would say (trigram)."),
            Picture("writing", "What it writes, as it learns", (Layer("writing"),), weight=1.2),
            Picture("written", "Written on", (Layer("written"),), weight=1.0),
        ]  # fmt: skip
        if self.heads_of_all:
            found += [
                Picture("attention", "Attention", (Layer("attention"), Layer("rules")), levels=(0.0, 1.0), pick="choose_head", front=True, weight=1.4, doc="Under each head the rule that it follows, if a simple one says it (drawer Heads); click one to unfold it."),
                Picture("lines", "The chosen head", (Layer("lines"),), pick="choose", weight=1.0),
                Picture("heads", "What each head looks at", (Layer("heads"),), pick="choose_head", weight=1.3, doc="Share of its attention that goes where the rule points, on text held out. Click a row to unfold the head."),
            ]  # fmt: skip
            if self.text == "repeats":
                found.append(
                    Picture("induction", "Induction heads", (Layer("induction"),), y="share of attention", y_range=(0.0, 1.0), front=True)
                )
        return tuple(found)

    def common_pictures(self) -> tuple[tuple[Picture, ...], tuple[Picture, ...]]:
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

    def look(self, constants: Constants, state: State, tape: State, stream: str) -> Any:
        """What is shown of the chosen place."""
        at, prompt = self._at(state), state["prompt"]
        letters = [self.alphabet[k] for k in prompt]
        if stream == "text":
            p = self.chances_of(constants, state, tape)
            surprise = np.concatenate([[0.0], -np.log(np.maximum(p[np.arange(len(prompt) - 1), prompt[1:]], 1e-12))])
            return {"rows": [{"texts": letters, "values": surprise}], "lit": (at,)}
        if stream == "next":
            return self._next(constants, state, tape)
        if stream == "attention":
            looks = np.concatenate(self.pass_over(constants, state, tape, self.looking_nodes))
            n = max(2, len(prompt))
            return looks[:, :n, :n]
        if stream == "lines":
            head = self.heads_of_all[self.head_at(state)]
            look = self.pass_over(constants, state, tape, [head.node])[0][head.place]
            links = [(j, at, look[at, j]) for j in range(at + 1)]
            rule = self.rules_of(constants, tape, [head.node])[head.place][0]
            said = f"{head.name}{f' (rule: {rule})' * bool(rule)} looks {told.looked_at(letters, look[at, : at + 1])}"
            return {
                "rows": [{"texts": letters, "name": "looks at"}, {"texts": letters, "name": said}],
                "links": links,
                "lit": (len(letters) + at,),
            }
        if stream == "rules":
            named = zip(self.heads_of_all, self.rules_of(constants, tape), strict=True)
            return [{"head": rules.caption(head.short, rule)} for head, (rule, _, _) in named]
        if stream == "heads":
            return self._heads(constants, state, tape)
        if stream == "writing":
            return [
                {"step": int(step), "loss": round(float(loss), 2), "it writes": constants.maker.written(line).replace("\n", "⏎")}
                for line, (step, loss) in zip(state["samples"], state["sampled"], strict=True)
            ] or [{"step": 0, "loss": math.nan, "it writes": "nothing yet"}]
        if stream == "written":
            texts = [*letters, *(self.alphabet[k] for k in state["written"])]
            return {"rows": [{"texts": texts}], "lit": tuple(range(len(letters)))}
        return super().look(constants, state, tape, stream)

    def rules_of(self, constants: Constants, tape: State, nodes: list[str] | None = None) -> list[tuple[str, float, float]]:
        """For each head (of these layers) the rule that says best where it looks on text held out, its share, and what an even look would give."""
        x = constants.extra["held"]["x"][:RULED]
        looks = constants.program.forward(tape, nodes or self.looking_nodes, x=x)
        return [found for look in looks for found in rules.named(look, x, self.alphabet)]

    def without(
        self, constants: Constants, state: State, tape: State, nodes: Sequence[tuple[str, tuple[int, ...], np.ndarray]]
    ) -> list[np.ndarray]:
        """(V,) chances of the next letter with one thing more silent: for each (node, shape of a mask, the mask)."""
        row, at = padded(state["prompt"], self.places)[0], self._at(state)
        found: list[np.ndarray] = []
        for begin in range(0, len(nodes), self.room):
            part = nodes[begin : begin + self.room]
            silent = dict(self.silenced(state))
            for name in dict.fromkeys(node for node, _, _ in part):
                shape = next(shape for node, shape, _ in part if node == name)
                masks = np.stack([mask if node == name else np.ones_like(mask, shape=shape) for node, _, mask in part])
                silent[name] = _both(silent.get(name), masks.reshape(len(part), *shape))
            logits = constants.program.forward(tape, self.said, replace=silent, x=np.repeat(row, len(part), 0))
            found += list(chances(logits[:, at, : len(self.alphabet)], 1.0, 0))
        return found

    def _heads(self, constants: Constants, state: State, tape: State) -> list[dict[str, Any]]:
        """Every head: its rule, and what becomes of the next letter without it."""
        at, now = self._at(state), self.chances_of(constants, state, tape)[self._at(state)]
        nodes, rows = [], []
        counts = {node: sum(head.node == node for head in self.heads_of_all) for node in self.looking_nodes}
        for head in self.heads_of_all:
            mask = np.ones((counts[head.node], 1, 1))
            mask[head.place] = 0
            nodes.append((f"{head.node.removesuffix('.attention')}.heads", mask.shape, mask))
        on = state["heads on"].ravel()
        less = self.without(constants, state, tape, nodes)
        looks = self.pass_over(constants, state, tape, self.looking_nodes)
        places = [look[k, at, : at + 1] for look in looks for k in range(len(look))]
        letters = [self.alphabet[k] for k in state["prompt"]]
        for k, (head, (rule, share, even)) in enumerate(zip(self.heads_of_all, self.rules_of(constants, tape), strict=True)):
            rows.append({
                "head": f"{head.short}{' (silent)' * (not on[k])}", "looks at": rule or "here and there", "%": round(100 * share) if rule else "",
                "even look %": round(100 * even) if rule else "", "now": told.looked_at(letters, places[k]), "without it %": told.moves(self.alphabet, now, less[k]),
            })  # fmt: skip
        return rows

    def _next(self, constants: Constants, state: State, tape: State) -> list[dict[str, Any]]:
        """The likeliest next letters, with the trigram's share as a tick in the same bar."""
        at, silent = self._at(state), bool(self.silenced(state))
        now = self.chances_of(constants, state, tape)[at]
        clean = self.chances_of(constants, state, tape, clean=True)[at] if silent else None
        return told.next_rows(self.alphabet, now, clean, self.counted(state["prompt"][: at + 1]))

    def moved_by_silence(self, constants: Constants, state: State) -> float:
        """Percent of the next letter's chances that are elsewhere than with nothing silent."""
        at, tape = self._at(state), self.tape_state(constants, state)
        now, clean = (self.chances_of(constants, state, tape, clean=clean)[at] for clean in (False, True))
        return float(50.0 * np.abs(now - clean).sum())

    def cost_of_silence(self, constants: Constants, state: State) -> float:
        """Nats per letter by which the loss on some windows held out is higher than with nothing silent."""
        held, tape = constants.extra["held"], self.tape_state(constants, state)
        some = {name: rows[:SEARCHED] for name, rows in held.items()}
        now, clean = (constants.program.forward(tape, "surprise", replace=silent, **some) for silent in (self.silenced(state), None))
        return float((now.mean(dtype=float) - clean.mean(dtype=float)) / constants.extra["each"])

    # -- what a person may do --

    @classmethod
    def actions(cls) -> dict[str, Action]:
        """Writing and silence first, then what every learner does."""
        found = super().actions()
        first = ("write_letters", "one_letter", "silence_head", "silence_neuron", "silence_block", "let_all_speak", "read")
        return {name: found[name] for name in first if name in found} | found

    def _go_on(
        self, constants: Constants, tape: State, tokens: np.ndarray, count: int, seed: tuple[int, ...], silent: dict[str, Any] | None,
        temperature: float | None = None, most: int | None = None,
    ) -> np.ndarray:  # fmt: skip
        """`count` letters after these, drawn as the parameters say unless told otherwise."""
        return write_on(
            constants.program, tape, tokens, count, self.places, temperature=self.temperature if temperature is None else temperature,
            most=self.most if most is None else most, seed=seed, replace=silent or None, node=self.said, letters=len(self.alphabet),
        )  # fmt: skip

    @action("Write on", count=(int, param(120, "letters", lo=1, hi=5000, doc="How many letters.")))
    def write_letters(self, constants: Constants, state: State, count: int) -> None:
        """Write letters after the text that is looked at, and after what was written before."""
        tokens = np.concatenate([state["prompt"], state["written"]])
        more = self._go_on(
            constants, self.tape_state(constants, state), tokens, count, (constants.seed, 2, len(tokens)), self.silenced(state)
        )
        state["written"] = np.concatenate([state["written"], more])[-10_000:]

    def write_text(
        self, constants: Constants, state: State, text: str, count: int, *, temperature: float | None = None, most: int | None = None, seed: int = 0
    ) -> tuple[str, str]:  # fmt: skip
        """Go on with a text; what it has never seen is left out, and it reads at most its context."""
        tokens = constants.maker.known(text)[-self.places :]
        tokens = tokens if len(tokens) else self._prompt(constants)
        more = self._go_on(
            constants, self.tape_state(constants, state), tokens, count, (constants.seed, 4, seed), self.silenced(state), temperature, most
        )
        return constants.maker.written(tokens), constants.maker.written(more)

    @action("One letter")
    def one_letter(self, constants: Constants, state: State) -> None:
        """Draw one letter and put it at the end of the text; the oldest leaves where the context is full."""
        seed = (constants.seed, 3, *map(int, state["prompt"][-4:]))
        more = self._go_on(constants, self.tape_state(constants, state), state["prompt"], 1, seed, self.silenced(state))
        state["prompt"] = np.concatenate([state["prompt"], more])[-self.places :]
        state["chosen"][0] = len(state["prompt"]) - 1

    @action("Read", text=(str, param("", doc="Letters that it shall read; those that the text never had are left out.")))
    def read(self, constants: Constants, state: State, text: str) -> None:
        """Look at these letters."""
        known = constants.maker.known(text)
        if not len(known):
            raise ModelError(f"None of these letters occurs in the text that is learned: use {''.join(self.alphabet).strip()[:30]}.")
        state["prompt"] = known[-self.places :]
        state["chosen"][0] = len(state["prompt"]) - 1
        state["written"] = np.zeros(0, np.int64)

    @action("Forget what was written")
    def forget_written(self, constants: Constants, state: State) -> None:
        """Begin the writing anew."""
        state["written"] = np.zeros(0, np.int64)


def _both(before: Any, masks: np.ndarray) -> Any:
    """What was replaced before, and a mask for each sample after it."""
    return lambda value: (before(value) if before else value) * masks.astype(value.dtype)


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
