"""Value nodes and error nodes: a network that predicts itself, wired node by node.

An error node stands beside a value node and says how far that value is from what other values predict of it. A wire of prediction leads from
a value to an error node and acts both ways: forwards goes weight times sigma(x), backwards goes weight times the error (or an own weight).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from lab.graph.document import Census, Edge, Family, Graph, Kind, Node, Port, Problem, Template, register
from lab.params import Described, param

ACTIVATIONS = ("identity", "tanh", "logistic", "ReLU")
FREE, HELD, TAUGHT = "free", "held", "held to learn"
FEW = 12  # with more wires of prediction no numbers are written on them
ACROSS, DOWN = 320.0, 200.0


class Prediction(Described):
    """A prediction: the weight by which a value speaks for another, and by which the error comes back."""

    owner: ClassVar[str] = "prediction"
    weight: float = param(1.0, lo=-100, hi=100, doc="Factor M of what is predicted, and of the error that comes back.", main=True)
    own: bool = param(False, label="Feedback of its own", doc="The error comes back with a weight of its own.", main=True)
    back: float = param(1.0, lo=-100, hi=100, label="Weight back", when=("own", True), doc="Factor W of the error that comes back.", main=True)  # fmt: skip


class ValueNode(Described):
    """A value node: held from outside, or moved by the errors on both of its sides until they balance."""

    owner: ClassVar[str] = "value node"
    held: str = param(FREE, choices=(FREE, HELD, TAUGHT), doc="Free to settle; held; or held while it learns and free while it predicts.", main=True)  # fmt: skip
    value: float = param(0.0, lo=-100, hi=100, doc="Where it is held, or begins if it does not begin at the prediction.", main=True)
    activation: str = param("identity", choices=ACTIVATIONS, doc="What bends the value before it predicts others.")


class ErrorNode(Described):
    """An error node: precision times the distance of its value from what is predicted."""

    owner: ClassVar[str] = "error node"
    precision: float = param(1.0, lo=1e-3, hi=1e3, log=True, doc="One over the variance: how much a distance counts.", main=True)
    bias: float = param(0.0, lo=-100, hi=100, doc="What is predicted where no wire predicts anything: a prior.", main=True)


KINDS = (
    Kind(
        "value", "Value node", ValueNode, (),
        (Port("predicts", "prediction", carries=Prediction), Port("itself", "value")),
        "Holds a number, and predicts others", "mdi6.circle-outline", "Nodes", "V", place=10,
        caption=lambda value: "" if value.held == FREE else f"{value.held}" if value.held == HELD else "held to learn",
    ),
    Kind(
        "error", "Error node", ErrorNode, (Port("prediction", "prediction"), Port("of", "value", many=False, needed=True)), (),
        "How far a value is from what is predicted of it", "mdi6.alert-circle-outline", "Errors", "E", place=20,
        caption=lambda value: " ".join(([f"bias {value.bias:g}"] if value.bias else []) + ([f"1/ν {value.precision:g}"] if value.precision != 1 else [])),
    ),
)  # fmt: skip


def bent(activation: str, x: float) -> tuple[float, float]:
    """sigma(x) and its slope, of a number."""
    if activation == "tanh":
        f = math.tanh(x)
        return f, 1.0 - f * f
    if activation == "logistic":
        f = 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))
        return f, f * (1.0 - f)
    if activation == "ReLU":
        return max(0.0, x), float(x > 0)
    return x, 1.0


def predicting(graph: Graph) -> tuple[Edge, ...]:
    """The wires of prediction, in the order of the graph."""
    return tuple(e for e in graph.edges if isinstance(e.properties, Prediction))


def judged(graph: Graph, error: str) -> str:
    """The value node whose error this is; nothing where none is wired."""
    return next((e.source for e in graph.incoming(error, "of")), "")


def check(graph: Graph) -> Iterable[Problem]:
    """A value that predicts itself; nodes that nothing moves."""
    for e in predicting(graph):
        if judged(graph, e.target) == e.source:
            yield Problem(
                f"{graph.node(e.source).title} would predict itself: lead the wire to the error node of another value.", (), (e.id,)
            )
    for n in graph.nodes:
        if n.kind == "value" and graph.edges and not graph.outgoing(n.id):
            yield Problem(f"No error node listens to {n.title}: wire it to one, as its own value or as a prediction.", (n.id,), fatal=False)


# -- how the canvas writes it --


def size(graph: Graph, edge: Edge) -> float:
    """The weight of the prediction; a value reaches its own error node with 1."""
    return edge.properties.weight if isinstance(edge.properties, Prediction) else 1.0


def label(graph: Graph, edge: Edge) -> str:
    """The weight, with room for what flows both ways; nothing while there are many."""
    if not isinstance(edge.properties, Prediction) or len(predicting(graph)) > FEW:
        return ""
    return flowing(graph, edge, {})


def flowing(graph: Graph, edge: Edge, values: Mapping[str, float]) -> str:
    """What flows on a wire of prediction: its weight, what it predicts, and the error that comes back; always as wide."""
    p = edge.properties
    assert isinstance(p, Prediction)
    activation = graph.node(edge.source).parameters.activation  # type: ignore[attr-defined]
    x, error = values.get(edge.source, math.nan), values.get(edge.target, math.nan)
    M, W = weights_of(edge, values)
    return f"{_wide(M)} → {_wide(M * bent(activation, x)[0] if x == x else x)} ← {_wide(W * error)}"


def _wide(value: float) -> str:
    """A number in five letters, a dot where there is none."""
    if math.isnan(value):
        return "  ·  "
    digits = 2 if abs(value) < 9.995 else 1
    return f"{value if abs(value) >= 0.5 * 10**-digits else 0.0:5.{digits}f}".replace("-", "−")


def weights_of(edge: Edge, values: Mapping[str, float]) -> tuple[float, float]:
    """(M, W) of a wire: those that a run has learned, where it says so."""
    p = edge.properties
    assert isinstance(p, Prediction)
    M = values.get(edge.id, p.weight)
    return M, values.get(f"{edge.id} back", p.back) if p.own else M


def words(graph: Graph, edge: Edge) -> str:
    """What a wire carries."""
    one, other = graph.node(edge.source).title, graph.node(edge.target).title
    if not isinstance(edge.properties, Prediction):
        return f"{other} hears the value of {one} with weight 1, and pushes it back with −1: towards what is predicted."
    return (
        f"Forwards goes M σ({one}), a part of what is predicted; backwards goes W times {other}. W is M unless it is given its own weight."
    )


def caption(graph: Graph, node: Node) -> str:
    """Whether it is held; precision and bias."""
    kind = graph.kind_of(node)
    return kind.caption(node.parameters) if kind.caption else ""


def arithmetic(graph: Graph, id: str, values: Mapping[str, float]) -> str:
    """How a node comes to its number, and where it is pulled."""
    node, own = graph.node(id), values.get(id, math.nan)
    if isinstance(node.parameters, ErrorNode):
        whose = judged(graph, id)
        x, terms, total = values.get(whose, math.nan), [], values.get(f"{id} bias", node.parameters.bias)
        bias = f" {total:+.3g}" if total else ""
        for e in graph.incoming(id, "prediction"):
            M, _ = weights_of(e, values)
            f, _ = bent(graph.node(e.source).parameters.activation, values.get(e.source, math.nan))  # type: ignore[attr-defined]
            terms.append(f"{M:.3g}·{f:.3g}")
            total += M * f
        mu = (_listed(terms) or "0") + bias
        title = graph.node(whose).title if whose else "nothing"
        return (
            f"predicted of {title}: {mu} = {total:.4g}\n{node.title} = {node.parameters.precision:g}·({x:.4g} − {total:.4g})\nnow {own:.4g}"
        )
    f, slope = bent(node.parameters.activation, own)  # type: ignore[attr-defined]
    down = [-values.get(e.target, math.nan) for e in graph.outgoing(id, "itself")]
    up = [(weights_of(e, values)[1], values.get(e.target, math.nan)) for e in graph.outgoing(id, "predicts")]
    pull = sum(down) + slope * sum(w * v for w, v in up)
    said = _listed([f"{w:.3g}·{v:.3g}" for w, v in up]) or "0"
    state = "held" if node.parameters.held != FREE else "moves along"  # type: ignore[attr-defined]
    return f"{node.title} = {own:.4g}, σ = {f:.4g}, σ' = {slope:.3g}\n{state}: {_listed([f'{v:.3g}' for v in down]) or '0'} + {slope:.3g}·({said})\n= {pull:.4g}"


def _listed(terms: Sequence[str]) -> str:
    return " + ".join(terms[:8]) + (f" + {len(terms) - 8} more" if len(terms) > 8 else "")


def census(graph: Graph) -> Census:
    """Every node is a neuron; a wire acts both ways."""
    return Census(len(graph.nodes), 2 * len(graph.edges), "value and error nodes; each wire acts both ways")


def totals(graph: Graph) -> str:
    """Nodes of both kinds, and predictions."""
    values = sum(n.kind == "value" for n in graph.nodes)
    return f"{values} value nodes · {len(graph.nodes) - values} error nodes · {len(predicting(graph))} predictions"


# -- templates --


class _Drawing:
    """A graph that is drawn by the titles of its nodes."""

    def __init__(self) -> None:
        self.graph = Graph("predictions")

    def value(self, title: str, x: float, y: float, **values: object) -> None:
        self.graph, _ = self.graph.add_node("value", x, y, title, **values)

    def error(self, of: str, x: float, y: float, **values: object) -> None:
        self.graph, id = self.graph.add_node("error", x, y, f"ε {of}", **values)
        self.graph, _ = self.graph.connect(self.graph.named(of).id, id, "itself", "of")

    def predict(self, one: str, other: str, weight: float, **values: object) -> None:
        self.graph, _ = self.graph.connect(self.graph.named(one).id, self.graph.named(f"ε {other}").id, "predicts", "prediction", weight=weight, **values)  # fmt: skip


def cues() -> Graph:
    """A size that is seen and felt: two held cues, one cause that explains both."""
    d = _Drawing()
    d.value("size", 0, 110)
    for k, (title, value, precision) in enumerate((("seen", 3.0, 4.0), ("felt", 1.0, 1.0))):
        d.value(title, 160, 240 * k - 10, held=HELD, value=value)
        d.error(title, 320, 240 * k - 10, precision=precision)
        d.predict("size", title, 1.0)
    return d.graph


def lawn() -> Graph:
    """Rain and a sprinkler, each with a prior, predict that the lawn is wet; that it is wet is held."""
    d = _Drawing()
    for k, (title, precision) in enumerate((("rain", 1.0), ("sprinkler", 2.0))):
        d.value(title, 0, 220 * k)
        d.error(title, 160, 220 * k + 80 * (1 if k else -1), precision=precision)
    d.value("lawn", 220, 110, held=HELD, value=1.0)
    d.error("lawn", 380, 110, precision=4.0)
    d.predict("rain", "lawn", 1.0)
    d.predict("sprinkler", "lawn", 1.0)
    return d.graph


def layered(sizes: Sequence[int], weights: Sequence[float], activation: str = "tanh", held: Sequence[float] = ()) -> Graph:
    """Layers of value nodes, each with its error node; every layer predicts the next. The first is held, the last while it learns.

    weights go from one layer to the next, source by source; too few are begun again. `held` are the values of both ends.
    """
    d, at = _Drawing(), 0
    names = [[f"x{k}.{j + 1}" for j in range(n)] for k, n in enumerate(sizes)]
    ends = [*names[0], *names[-1]]
    given = dict(zip(ends, (*held, *[0.0] * len(ends)), strict=False))
    for k, row in enumerate(names):
        for j, title in enumerate(row):
            y = DOWN * (j - (len(row) - 1) / 2)
            kind = HELD if k == 0 else TAUGHT if k == len(sizes) - 1 else FREE
            d.value(
                title, ACROSS * k, y, held=kind, value=given.get(title, 0.0), activation=activation if k < len(sizes) - 1 else "identity"
            )
            if k:
                d.error(title, ACROSS * k, y + 100)
    for below, above in itertools.pairwise(names):
        for one in below:
            for other in above:
                d.predict(one, other, weights[at % len(weights)])
                at += 1
    return d.graph


def chain() -> Graph:
    """One value predicts the next, three times; both ends are held where they do not agree."""
    d = _Drawing()
    for k in range(4):
        d.value(f"x{k}", 220 * k, 0, held=(HELD, FREE, FREE, TAUGHT)[k], value=(1.0, 0.0, 0.0, 2.0)[k])
        if k:
            d.error(f"x{k}", 220 * k, 150)
            d.predict(f"x{k - 1}", f"x{k}", 1.0)
    return d.graph


TABLE = "x0.1, x0.2, x2.1; -1, -1, -1; -1, 1, 1; 1, -1, 1; 1, 1, -1"
LEARNING: dict[str, Any] = {"patterns": TABLE, "learning": 0.3, "begin": "the prediction", "sweeps": 20, "pace": 400.0}


def exclusive() -> Graph:
    """Two inputs, three hidden values, one output: weights that have learned nothing."""
    return layered((2, 3, 1), (1.2, -0.9, 0.5, -1.1, 0.7, 1.4, 0.9, -1.2, 0.7))


TEMPLATES = {
    "Two cues, one cause": Template(cues, "A size is seen (3) and felt (1); both cues are held, and the eye is four times as precise. The free node settles where both errors "
                                    "balance, at (4·3 + 1·1) / 5 = 2.6. Change a precision and see it move."),
    "Explaining away": Template(lawn, "The lawn is wet, and rain or the sprinkler may be why. Hold the sprinkler at 1: the error of the lawn falls, and rain is believed less. "
                                "No wire joins the two: they meet in the error node."),
    "A chain held at both ends": Template(chain, "Each value predicts that the next is the same; the first is held at 1, the last at 2. The error begins at the output and wanders "
                                          "down until it is the same everywhere: each link bears a third."),
    "Exclusive or, learned": Template(exclusive, "Two values, three hidden ones and an output, each with its error node. Patterns are held at both ends, everything settles, and "
                                      "each weight grows by the activity before it times the error after it.",
                                      LEARNING),
}  # fmt: skip
register(
    Family(
        "predictions", "Value and error nodes", KINDS, cycles=True, check=check, templates=TEMPLATES, caption=caption, label=label, size=size,
        words=words, totals=totals, census=census, arithmetic=arithmetic, flowing=flowing,
    )
)  # fmt: skip
