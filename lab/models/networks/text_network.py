"""A network of tokens drawn on the canvas, which learns to say the next letter of a text, as it stands there."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from lab.errors import LabError, ModelError
from lab.graph.census import census
from lab.graph.document import Graph, Node
from lab.graph.kinds.layers import letters_gpt, letters_lstm, sized, write
from lab.graph.kinds.layers.sequences import Attention
from lab.graph.weights import carried
from lab.model import Advice, Figure, Preset, Stage, Stream, index, param
from lab.tape import Tape
from lab.training import Objective, Stepwise, redeclared
from lab.training.drawn_graph import activity, depths_of
from lab.training.next_token import Head, NextToken
from lab.training.objectives import Stage as Weights

LARGEST = 5_000_000  # weights of a network that learns here
AHEAD = "It reads ahead: the letter that it has to say reaches the place where it says it, so its loss means nothing. Make attention causal, and let nothing mix the places."


@lru_cache(maxsize=16)
def network_of(document: str) -> tuple[Graph, Node, Node, Node]:
    """The graph with its blocks written out, its tokens, its embedding and its head; refused with a sentence where it cannot learn a text."""
    graph = Graph.from_json(document)
    tokens, head = sized(graph, "tokens")
    carried(graph)
    count = census(graph).parameters
    if count > LARGEST:
        raise ModelError(
            f"it has {count:,} weights, and at most {LARGEST:,} learn here: make it smaller, or count it in the model 'counting'"
        )
    graph = graph.expand()
    embedding = next((graph.node(e.target) for e in graph.outgoing(tokens.id) if graph.node(e.target).kind == "embedding"), None)
    if embedding is None:
        raise ModelError(f"{tokens.title} leads to no Embedding: put one behind it")
    return graph, tokens, embedding, head


class TextNetwork(NextToken):
    """A network that you draw on the canvas learns to write: tokens come in, and a head says after each of them which is next.

    Everything between is yours: attention, recurrent units, LSTM or GRU, layers at every place, norms, wires around them. The text may be
    Python's help pages, letters that repeat, or a file of yours; its loss falls beside what counting letters says. Try:

    - take *Positions* out: without them attention sees which letters came, but not in which order;
    - take the wires around a block out, and the gradient has to pass every layer;
    - put an LSTM in the place of the block, or repeat the block more often (click its frame);
    - take *causal* off an attention: the letter that has to be said is then read, and the loss says nothing any more. The lab sees it.

    A card that is brighter has larger values for the text that is looked at. The template *Small GPT* is what the model `gpt` is with one
    block, and learns the same weights to the last bit where it has as many tokens; that model shows more of what is inside.
    """

    name = "text-network"
    title = "Text network"
    group = "Gates and layers"
    icon = "mdi6.text-recognition"
    order = 35
    also = "draw a GPT; build a transformer; own transformer; draw a language model; character model; LSTM on text; transformer on the canvas; next letter"
    takes = ({"what": "graph", "family": "layers", "begins": "tokens", "words": "Learn a text with it"},)
    equations = (
        r"p(t_{i+1} | t_1 \ldots t_i) = \mathrm{softmax}(z_i),\qquad z = \mathrm{network}(t)",
        r"L = -\frac{1}{T}\sum_i \ln p(t_{i+1} | t_1 \ldots t_i)",
    )
    symbols = r"t: letters (tokens); z: logits at each place; p: probability; T: places; L: loss, in nats per letter"
    source = "Bengio et al., JMLR 3:1137 (2003); Vaswani et al., NIPS 30 (2017); Radford et al. (GPT-2), OpenAI (2019)"
    presets = {
        "Small GPT": Preset({}, shows="held-out loss < bigram", after=1000, slow=True),
        "LSTM": Preset({"graph": letters_lstm().to_json(), "rate": 0.005}, shows="held-out loss < bigram", after=1000, slow=True),
        "Two blocks on letters that repeat": Preset(
            {"graph": letters_gpt(8, blocks=2, heads=1).to_json(), "text": "repeats", "steps": 3500, "beginning": "dgbacfhedgbacfhedgbacf"},
            shows="accuracy where it is known > 0.7",
            after=3500,
            slow=True,
        ),
    }

    graph: str = param(
        letters_gpt().to_json(),
        kind="graph",
        live=False,
        doc="Layers and wires from Tokens to a Token head, and their weights if they carry some (JSON text of the canvas).",
        group="Network",
    )
    rate: float = redeclared(Stepwise, "rate", 3e-3)
    batch: int = redeclared(Stepwise, "batch", 16)
    steps: int = redeclared(Stepwise, "steps", 1500)

    def check(self) -> None:
        """Refuse a graph that cannot learn the text; a file is read when the run begins, and is refused there."""
        try:
            network_of(self.graph)
        except LabError as error:
            raise self.refuse("graph", str(error).rstrip(".")) from None
        if self.text == "repeats" and self.places < 24:
            raise self.refuse("graph", "must read at least 24 places for repeats, whose period goes up to 11: change its Tokens")
        if self.text != "file":
            self._fit()

    def _fit(self) -> None:
        """Refuse a vocabulary that is too small for the text."""
        _, _, embedding, head = network_of(self.graph)
        wanted = len(self.alphabet)
        for node in (embedding, head):
            has = node.parameters.values()["vocabulary"]
            if has < wanted:
                what = "byte pairs" if self.pairs else "different letters"
                raise self.refuse(
                    "graph", f"is too small: {node.title} has {has} tokens, but the text has {wanted} {what}: give it as many"
                )

    @property
    def places(self) -> int:
        """Places of its Tokens."""
        return int(network_of(self.graph)[1].parameters.values()["places"])

    @property
    def said(self) -> str:
        """The node of the logits."""
        return f"{network_of(self.graph)[3].id}.sum"

    @property
    def heads_of_all(self) -> tuple[Head, ...]:
        """The heads of every layer of attention."""
        graph = network_of(self.graph)[0]
        nodes = [n for n in map(graph.node, graph.order()) if isinstance(n.parameters, Attention)]
        return tuple(
            Head(f"{n.id}.looks.attention", h, f"{n.title}·{h + 1}", f"head {h + 1} of {n.title}")
            for n in nodes
            for h in range(n.parameters.values()["heads"])
        )

    @property
    def objectives(self):
        """Nats per letter."""
        return (Objective("loss", "loss", self.rule()),)

    def write(self, tape: Tape):
        """Letters in, the layers of the canvas, letters out."""
        self._fit()
        graph, _, embedding, head = network_of(self.graph)
        classes = [node.parameters.values()["vocabulary"] for node in (embedding, head)]
        logits, layers = write(tape, graph, tape.labels("x", classes[0], (self.places,)))
        self.compare(tape, logits, tape.labels("t", classes[1], (self.places,)))
        return tuple(Weights(*layer) for layer in layers)

    def build(self, seed: int):
        """Whether what is said before a letter depends on it is seen once, to the bit."""
        constants = super().build(seed)
        program, x = constants.program, constants.extra["held"]["x"][:2].copy()
        fresh = program.start(seed)
        before = program.forward(fresh, self.said, x=x)
        x[:, -1] = (x[:, -1] + 1) % len(self.alphabet)
        constants.extra["ahead"] = not np.array_equal(before[:, :-1], program.forward(fresh, self.said, x=x)[:, :-1])
        return constants

    def start(self, constants, seed: int):
        """First weights: those that the graph carries, drawn anew where a layer has become another; nothing is silent."""
        count = max(1, len(self.heads_of_all))
        state = super().start(constants, seed) | {"heads on": np.ones((1, count)), "head": np.array([0, count - 1])}
        known = constants.program.parameters(state) | constants.program.statistics(state)
        for name, array in carried(network_of(self.graph)[0]).items():
            if name in known and known[name].shape == array.shape:
                known[name][...] = array
        state["best_parameters"][:], state["best_statistics"][:] = state["parameters"], state["statistics"]
        return state

    def state_bounds(self, constants, state, step):
        """Which head is looked at, too."""
        return super().state_bounds(constants, state, step) | {"head": index((1, max(1, len(self.heads_of_all))))}

    def layers_of(self, constants) -> tuple[int, int, int]:
        """All heads as one layer: those of a drawing need not be equally many."""
        if not self.heads_of_all:
            raise ModelError("This network has no attention: there is no head to choose or to silence.")
        return 1, len(self.heads_of_all), 0

    def silenced(self, state) -> dict[str, Any]:
        """The heads that are silent."""
        on, found, at = state["heads on"][0], {}, 0
        for node in self.looking_nodes:
            count = sum(head.node == node for head in self.heads_of_all)
            mask, at = on[at : at + count], at + count
            if not mask.all():
                found[f"{node.removesuffix('.attention')}.heads"] = _times(mask[:, None, None])
        return found

    # -- what can be looked at --

    def own_streams(self, shape):
        """The layers on the canvas."""
        about = "Every node of the canvas with the mean size of its values for the text that is looked at (fourth column: it is known)."
        return (*super().own_streams(shape), Stream("activity", "graph", "", about, canvas="activity"))

    def own_pictures(self, shape):
        """Below the canvas all are low: the text is wider."""
        return tuple(replace(p, weight=0.75) if p.name == "text" else p for p in super().own_pictures(shape))

    def look(self, constants, state, tape, stream: str):
        """Layers of the canvas."""
        if stream != "activity":
            return super().look(constants, state, tape, stream)
        graph, tokens, _, head = network_of(self.graph)
        nodes = [n for n in map(graph.node, graph.order()) if n.id != tokens.id]
        n, names = len(state["prompt"]), [self.said if node.id == head.id else node.id for node in nodes]
        program = constants.program
        known = [node for node, name in zip(nodes, names, strict=True) if any(t.name == name for t in program.tape.nodes)]
        values = self.pass_over(constants, state, tape, [self.said if node.id == head.id else node.id for node in known])
        sizes = {node.id: float(np.abs(value[:n]).mean()) for node, value in zip(known, values, strict=True)}
        return activity(Graph.from_json(self.graph), graph, sizes, depths_of(graph))

    def labels(self, constants, stream: str):
        """Titles of the nodes of the canvas."""
        return tuple(n.title for n in Graph.from_json(self.graph).nodes) if stream == "activity" else super().labels(constants, stream)

    def advice(self, constants, state):
        """A network that reads the letter it has to say is told so."""
        return Advice("reads ahead", AHEAD) if constants.extra["ahead"] else super().advice(constants, state)

    def summary(self, constants, state):
        """Whether it reads ahead comes first."""
        found = super().summary(constants, state)
        return {"reads ahead": "yes: its loss means nothing"} | found if constants.extra["ahead"] else found

    @property
    def stage(self):
        """Loss and next letter below the canvas; the rest under words."""
        heads = bool(self.heads_of_all)
        looks = (("Attention", ("attention", "lines", "heads")),) if heads else ()
        more = ("induction",) if self.text == "repeats" and heads else ()
        return Stage(
            "loss",
            companions=(("text", "next"), *more),
            drawers=(*looks, ("Writing", ("writing", "written")), ("Training", ("gradient", "rate", "check gradients", "layers"))),
        )

    # -- figures --

    @classmethod
    def figures(cls):
        """What drawn networks reach, that they are the lab's own transformer, and what reading ahead does."""
        lines = cls().baselines

        def held(steps, **values):
            def measure(run):
                model = cls(steps=steps, evaluate=float(steps), **values)
                return float(np.median([run(model, steps=steps, seed=seed, record={}).summary["held-out loss"] for seed in (1, 2, 3)]))

            return measure

        def ahead(run):
            open_graph = letters_gpt(heads=2)
            for node in open_graph.nodes:
                if isinstance(node.parameters, Attention):
                    open_graph = open_graph.set(node.id, causal=False)
            return float(cls(graph=open_graph.to_json()).build(1).extra["ahead"]) - float(cls().build(1).extra["ahead"])

        yield Figure("reading ahead is seen, and causal attention does not", 1.0, ahead, source="one letter changed, to the bit")
        yield Figure("small GPT, one block of 32, loss at 1000 steps (bigram 2.31)", lines[2], held(1000), bound="at_most", unit="nats", source="below the bigram", slow=True)  # fmt: skip
        yield Figure("LSTM of 64 cells, loss at 1000 steps (bigram 2.31)", lines[2], held(1000, graph=letters_lstm().to_json(), rate=0.005), bound="at_most", unit="nats", source="below the bigram", slow=True)  # fmt: skip


def _times(mask: np.ndarray) -> Any:
    return lambda value: value * mask.astype(value.dtype)
