"""Maps of a space of vectors, drawn while they are computed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lab.data.digits import digits
from lab.data.tables import Choices
from lab.embedding import questions as ask
from lab.embedding import tsne, umap
from lab.embedding.corpus import grammar_corpus
from lab.embedding.files import load_vectors
from lab.embedding.grammar import group_of
from lab.embedding.neighbours import Truth, fold_accuracy, honesty, map_neighbours, truth
from lab.embedding.pca import align, principal_components
from lab.embedding.streams import table_of
from lab.embedding.vectors import Vectors, unit_rows
from lab.embedding.word2vec import train
from lab.errors import LabError, ParameterError
from lab.kernels import seed_state
from lab.model import COUNT, Asked, Bound, Clock, Figure, Layer, Model, Picture, Preset, Stage, State, Stream, action, param
from lab.params import redeclared
from lab.training.examples import READING, Examples
from lab.units import number as printed

TSNE, UMAP, PCA, AXES = "t-SNE", "UMAP", "PCA", "own axes"
JUDGED = 10  # neighbours that trustworthiness and recall look at


@dataclass(frozen=True)
class Constants:
    """The space, its true neighbours, and what the method derives from it."""

    space: Vectors
    matrix: np.ndarray  # (n, d) float32, as the metric wants it
    whole: int  # points of the source, before `most`
    classes: np.ndarray  # (n,) number of the class of each point
    class_names: tuple[str, ...]
    truth: Truth
    start: np.ndarray  # (n, dimensions) float64
    affinities: tsne.Affinities | None = None
    graph: umap.FuzzyGraph | None = None
    curve: tuple[float, float] = (1.0, 1.0)
    covariance: np.ndarray | None = None
    named: list[dict[str, Any]] = field(default_factory=list)  # the stream `names`, made when it is first asked for


@dataclass(frozen=True)
class Space:
    """What of the constants does not depend on the method."""

    vectors: Vectors
    matrix: np.ndarray
    whole: int
    classes: np.ndarray
    class_names: tuple[str, ...]
    truth: Truth


class TooFew(LabError):
    """The space has too few points to make a map of."""


@lru_cache(2)
def _measured(source: str, choices: Choices, metric: str, most: int, standardise: bool, stamp: int) -> Space:
    """A space with its true neighbours; kept, because a change of perplexity does not change them. `stamp` is the file's time."""
    vectors, classes, names = _read(source, choices)
    whole = len(vectors)
    if most and most < whole:
        kept = {name: column[:most] for name, column in vectors.metadata.items()}
        vectors, classes = Vectors(vectors.words[:most], vectors.matrix[:most], None, kept, vectors.title, vectors.said), classes[:most]
    n = len(vectors)
    if n < 5:
        raise TooFew(f"must hold at least 5 points, not {n}")
    if standardise:
        deviation = vectors.matrix.std(0, dtype=float)
        scaled = (vectors.matrix - vectors.matrix.mean(0, dtype=float)) / np.where(deviation > 0, deviation, 1)
        vectors = replace(vectors, matrix=scaled.astype(np.float32))
    matrix = unit_rows(vectors.matrix) if metric == "cosine" else np.ascontiguousarray(vectors.matrix, np.float32)
    return Space(vectors, matrix, whole, classes, names, truth(matrix))


def _read(source: str, choices: Choices) -> tuple[Vectors, np.ndarray, tuple[str, ...]]:
    if source == "digits":
        pixels, labels = digits()
        words = tuple(f"{label} (#{i})" for i, label in enumerate(labels))
        classes = {"class": tuple(str(label) for label in labels)}
        return Vectors(words, pixels.astype(np.float32), None, classes, "digits"), labels.copy(), tuple("0123456789")
    if source == "grammar":
        corpus = grammar_corpus()
        categories = tuple(corpus.categories.get(w, "other") for w in corpus.words)
        groups = {"group": tuple(group_of(c) for c in categories), "category": categories}
        vectors = Vectors(corpus.words, train(corpus, seed=0), corpus.counts, groups, "grammar")
    else:
        vectors = load_vectors(source, choices=choices)
    texts = next(iter(vectors.metadata.values()), ("",) * len(vectors))
    known = sorted(set(texts))
    number = {c: i for i, c in enumerate(known)}
    return vectors, np.array([number[c] for c in texts], np.int64), tuple(known)


class EmbeddingMap(Model):
    """A map shows in a plane which of many vectors are near to each other, and every map lies somewhere.

    **PCA** looks from the direction in which the points spread most: distances are true or too small. **t-SNE** lets
    neighbours attract and all points repel until the neighbourhoods fit (by every pair, by a tree of Barnes and Hut, or by a grid). **UMAP** draws single edges of the neighbour graph
    and pushes random points away. **Own axes** project on directions of your choice (`she - he; paris - france`).

    Trustworthiness falls when the map shows neighbours that are none; recall when it tears true neighbours apart. *Colour: how
    false* shows where. Try:

    - pause, play on and pause again: distances between far clusters mean little, and change for as long as it runs;
    - move *perplexity* or *neighbours*: the map starts again from the same place and ends as another;
    - click a point and press E: its true neighbours are joined to it, wherever the map has put them;
    - pin a point, and see the rest arrange itself around it.
    """

    name = "embedding-map"
    title = "Map of a space"
    group = "Maps"
    icon = "mdi6.map-marker-multiple"
    order = 20
    also = "t-SNE; tSNE; UMAP; PCA; principal component analysis; dimensionality reduction; dimension reduction; map of vectors; trustworthiness; visualise embeddings; projection; scatter; manifold; clusters"
    takes = (
        {
            "what": "vectors",
            "words": "Map of",
            "into": "space",
            "values": {"metric": "cosine", "method": "UMAP"},
            "large": {"method": "PCA"},
        },
        {
            "what": "rows",
            "words": "Map of the rows of",
            "into": "space",
            "values": {"metric": "euclidean", "method": "UMAP", "standardise": True},
            "large": {"method": "PCA"},
        },
    )
    equations = (
        r"\frac{\partial C}{\partial y_i} = 4 \sum_j (p_{ij} - q_{ij}) \frac{y_i - y_j}{1 + |y_i - y_j|^2}",
        r"T(k) = 1 - \frac{2}{n k (2n - 3k - 1)} \sum_i \sum_{j \in U_k(i)} (r(i, j) - k)",
    )
    symbols = r"C: divergence of q from p; p_{ij}: nearness of two vectors; q_{ij}: nearness on the map; T: trustworthiness; k: number of neighbours; r: rank of j among the neighbours of i in the data"
    source = (
        "van der Maaten and Hinton 2008; van der Maaten 2014; Linderman et al. 2019; McInnes, Healy, Melville 2018; Venna and Kaski 2001"
    )
    presets = {
        "Digits by t-SNE": Preset(shows="trustworthiness > 0.97 and neighbour accuracy > 0.95", slow=True),
        "Digits by UMAP": Preset({"method": "UMAP"}, shows="trustworthiness > 0.97 and neighbour accuracy > 0.95", slow=True),
        "Digits by PCA": Preset({"method": "PCA"}, shows="trustworthiness < 0.9 and neighbour accuracy < 0.75", slow=True),
        "Digits in three dimensions": Preset(
            {"method": "UMAP", "dimensions": 3}, shows="trustworthiness > 0.98 and neighbour accuracy > 0.95", slow=True
        ),
        "Words of the grammar by UMAP": Preset(
            {"space": "grammar", "method": "UMAP", "metric": "cosine"},
            shows="trustworthiness > 0.95 and neighbour accuracy > 0.8",
            slow=True,
        ),
        "Words on two axes of meaning": Preset(
            {"space": "grammar", "method": "own axes", "metric": "cosine"}, shows="trustworthiness < 0.8 and recall < 0.3"
        ),
    }

    space: str = param(
        "digits",
        live=False,
        kind="file",
        label="Space",
        main=True,
        doc="digits, grammar (words learnt from the grammar's text), or the path of a file of vectors.",
    )
    separator: str = redeclared(Examples, "separator", "", when=None)
    decimal: str = redeclared(Examples, "decimal", "", when=None)
    thousands: str = redeclared(Examples, "thousands", "", when=None)
    missing: str = redeclared(Examples, "missing", "", when=None)
    types: str = redeclared(Examples, "types", "", when=None, group=READING)
    header: str = redeclared(Examples, "header", "", when=None)
    encoding: str = redeclared(Examples, "encoding", "", when=None)
    method: str = param(TSNE, choices=(TSNE, UMAP, PCA, AXES), builds=True, main=True, doc="How the map is made; a change starts it again.")
    dimensions: int = param(2, "", lo=2, hi=3, live=False, doc="Dimensions of the map.")
    metric: str = param(
        "euclidean", choices=("euclidean", "cosine"), live=False, doc="Distance in the space; cosine looks at directions only."
    )
    standardise: bool = param(
        False, live=False, label="One scale", doc="Give every number of a vector mean 0 and deviation 1 first, as columns of a table need."
    )
    most: int = param(
        0, "points", lo=0, hi=1_000_000, live=False, doc="Only the first so many points (words: the most frequent); 0 takes all."
    )
    iterations: int = param(750, "", lo=10, hi=100_000, log=True, main=True, doc="Iterations of t-SNE or PCA, epochs of UMAP.")
    perplexity: float = param(
        30.0, "neighbours", lo=2, hi=500, log=True, builds=True, when=("method", TSNE), doc="Effective number of neighbours."
    )
    exaggeration: float = param(
        12.0,
        "",
        lo=1,
        hi=100,
        log=True,
        when=("method", TSNE),
        doc="Factor on the attraction during the first third, at most 250 iterations.",
    )
    rate: float = param(0.0, "", lo=0, hi=100_000, when=("method", TSNE), doc="Learning rate; 0: points / exaggeration, at least 200.")
    momentum: float = param(0.8, "", lo=0, hi=0.99, when=("method", TSNE), doc="Part of the last step that is kept.")
    repel_by: str = param(
        tsne.AUTOMATIC,
        choices=tsne.REPULSIONS,
        label="Repulsion by",
        when=("method", TSNE),
        doc="How the repulsion of all points is summed: every pair, a tree of cells, a grid with Fourier transforms (flat maps), or what is fastest.",
    )
    theta: float = param(
        tsne.THETA,
        "",
        lo=0,
        hi=1,
        when=("repel_by", tsne.TREE),
        doc="Cells narrower than so many times their distance act as one point; 0 is exact.",
    )
    neighbours: int = param(
        15, "", lo=2, hi=200, log=True, builds=True, when=("method", UMAP), doc="Neighbours in the graph, the point itself counted."
    )
    least: float = param(
        0.1, "", lo=0, hi=0.99, builds=True, when=("method", UMAP), doc="Distance on the map below which neighbours are near enough."
    )
    negatives: int = param(5, "", lo=0, hi=50, when=("method", UMAP), doc="Random points pushed away for each edge drawn.")
    repulsion: float = param(1.0, "", lo=0, hi=100, when=("method", UMAP), doc="Weight of the repulsion.")
    axes: str = param(
        "she - he; paris - france",
        builds=True,
        when=("method", AXES),
        doc="Axes as formulas over the points' names, divided by semicolons.",
    )
    judge_every: int = param(10, "iterations", lo=0, hi=10000, doc="How often trustworthiness and cost are measured; 0: never.")

    # -- declarations --

    @property
    def longer(self) -> str:
        """More iterations."""
        return "iterations"

    @property
    def asks(self) -> Asked:
        """How near is measured here, on the axes of one's own where they lay the map out."""
        return Asked(metric="cosine" if self.metric == "cosine" else "euclidean", axes=self.axes if self.method == AXES else "")

    @property
    def clock(self) -> Clock:
        """One iteration or epoch."""
        return Clock(1.0, "iteration", physical=False)

    @property
    def length(self) -> int:
        """The iterations asked for."""
        return self.iterations

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The map, and how true it is."""
        axes = ("x", "y", "z")[: self.dimensions]
        return (
            Stream("movement", "trace", "", doc="Mean distance that a point moved in this iteration.", every=1),
            Stream(
                "honesty",
                "trace",
                "",
                doc="Trustworthiness and recall of 10 neighbours.",
                shape=(2,),
                channels=("trustworthiness", "recall"),
                events=True,
            ),
            Stream("cost", "trace", "nats", doc="Kullback-Leibler divergence that t-SNE lowers.", events=True),
            Stream(
                "map",
                "cloud",
                doc="The points, coloured by class; those that are held are larger.",
                channels=(*axes, "class", "size"),
                every=max(1, self.iterations // self._frames()),
            ),
            Stream("vectors", "image", doc="The vectors in the original space, one a row."),
            Stream("names", "table", doc="Name and class of each vector."),
            Stream("vector inputs", "image", doc="The picture that each vector was made from, where vectors are pictures."),
        )

    def _frames(self) -> int:
        """How many frames of a run are recorded: fewer of large spaces, so that they stay small beside them."""
        place = Path(self.space)
        return int(min(100, max(5, 1e9 // max(1, place.stat().st_size)))) if place.is_file() else 100

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The map first."""
        return (
            Picture("map", "Map", (Layer("map"),), equal=True, weight=5, front=True, figures=("points shown",)),
            Picture("honesty", "Is it true?", (Layer("honesty"),), y="of 10 neighbours", y_range=(0.0, 1.0), figures=("trustworthiness", "recall"), front=True),
            *((Picture("cost", "Cost", (Layer("cost"),), y="KL (nats)", figures=("cost (nats)",), front=True),) if self.method == TSNE else ()),
            Picture("movement", "Movement", (Layer("movement"),), y="per iteration", y_log=True, front=self.method != TSNE),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The map is the panel; how true it is and what it cost lie in drawers under their words."""
        cost = ("cost",) if self.method == TSNE else ()
        return Stage("map", drawers=(("Is it true?", ("honesty",)), ("Cost and movement", (*cost, "movement"))))

    # -- behaviour --

    def check(self) -> None:
        """Refuse a grid in space."""
        if self.repel_by == tsne.GRID and self.dimensions == 3:
            raise self.refuse("repel_by", "must be exact, Barnes-Hut or automatic in three dimensions, where a grid would be too large")

    def _space(self) -> Space:
        place = Path(self.space)
        stamp = place.stat().st_mtime_ns if place.is_file() else 0
        try:
            return _measured(self.space, Choices.of(self), self.metric, self.most, self.standardise, stamp)
        except TooFew as error:
            raise self.refuse("space", str(error)) from None

    def _perplexity(self, points: int) -> float:
        """The perplexity, or where there are fewer points than that a third of them."""
        return self.perplexity if self.perplexity <= points - 1 else (points - 1) / 3

    def account(self, constants: Constants) -> str:
        """The file of vectors, and how many of them are mapped."""
        part = "" if constants.whole == len(constants.space) else f" The first {printed(len(constants.space))} are mapped."
        if self.method == UMAP and self.neighbours > len(constants.space):
            part += f" To each point all {len(constants.space) - 1} others are neighbours."
        if self.method == TSNE and (used := self._perplexity(len(constants.space))) != self.perplexity:
            part += f" There are too few points for a perplexity of {printed(self.perplexity)}: it is {printed(used, 3)}."
        return constants.space.said and constants.space.said + part

    def build(self, seed: int) -> Constants:
        """The space, its true neighbours, and the affinities or graph of the method."""
        found = self._space()
        space, matrix = found.vectors, found.matrix
        known: dict[str, Any] = {}
        if self.method == AXES:
            formulas = [a for a in self.axes.split(";") if a.strip()]
            if len(formulas) < self.dimensions:
                raise self.refuse("axes", f"must be {self.dimensions} formulas divided by semicolons")
            start = ask.project(space, formulas[: self.dimensions])
        elif self.method == UMAP:
            known = {
                "graph": umap.fuzzy_graph(matrix, min(self.neighbours, len(matrix)), self.iterations),
                "curve": umap.curve(1.0, self.least),
            }
            start = umap.start_layout(umap.spectral_layout(known["graph"], self.dimensions, matrix), seed)
        elif self.method == TSNE:
            known = {"affinities": tsne.affinities(matrix, self._perplexity(len(matrix)))}
            scores = principal_components(matrix, self.dimensions)[0]
            start = scores * (1e-4 / max(scores[:, 0].std(), 1e-12))
        else:
            centred = matrix - matrix.mean(0)
            known = {"covariance": (centred.T @ centred).astype(np.float64) / len(space)}
            basis = np.linalg.qr(np.random.default_rng([seed, 4]).standard_normal((matrix.shape[1], self.dimensions)))[0]
            start = centred @ basis
        return Constants(
            space, matrix, found.whole, found.classes, found.class_names, found.truth, np.ascontiguousarray(start, np.float64), **known
        )

    def start(self, constants: Constants, seed: int) -> State:
        """The first map, at rest."""
        start = constants.start
        return {
            "points": start.copy(),
            "velocity": np.zeros_like(start),
            "gains": np.ones_like(start),
            "random": seed_state(seed, 5),
            "done": np.zeros(1, np.int64),
            "judged": np.full(4, -1.0),  # trustworthiness, recall, cost, accuracy as last measured; -1 before and where it has no meaning
            "pinned": np.zeros(len(start), np.bool_),
            "basis": self._basis(constants, seed),
        }

    def _basis(self, constants: Constants, seed: int) -> np.ndarray:
        return np.linalg.qr(np.random.default_rng([seed, 4]).standard_normal((constants.matrix.shape[1], self.dimensions)))[0]

    def changed_live(self, before: Model, constants: Constants, state: State) -> None:
        """What the map is derived from has changed: it starts again."""
        specs = type(self).specs()
        if any(specs[name].builds and getattr(before, name) != value for name, value in self.values().items()):
            state["points"][...], state["velocity"][...], state["gains"][...] = constants.start, 0, 1
            state["basis"][...] = self._basis(constants, 0)
            state["done"][0] = 0
            state["judged"][:] = -1

    def state_bounds(self, constants: Constants, state: State, step: int) -> dict[str, Bound]:
        """How many iterations were done."""
        return {"done": COUNT, "points": Bound(-1e12, 1e12)}

    def advance(self, constants: Constants, state: State, n: int, out: Any) -> int:
        """Do n iterations."""
        y, done = state["points"], state["done"]
        for k in range(n):
            if out.events["honesty"].count[0] > len(out.events["honesty"].steps) - 4:
                return k
            before = y.copy()
            self._iterate(constants, state)
            y[state["pinned"]] = before[state["pinned"]]
            done[0] += 1
            if out.wanted("movement"):
                out["movement"][k] = np.sqrt(((y - before).astype(float) ** 2).sum(1)).mean()
            if self.judge_every and done[0] % self.judge_every == 0:
                state["judged"][:] = self._judge(constants, state)
                out.events["honesty"].append(k, 0, state["judged"][0])
                out.events["honesty"].append(k, 1, state["judged"][1])
                if constants.affinities is not None:
                    out.events["cost"].append(k, 0, state["judged"][2])
        return n

    def _iterate(self, constants: Constants, state: State) -> None:
        y, number = state["points"], int(state["done"][0])
        if constants.affinities is not None:
            early = number < min(tsne.EARLY, self.iterations // 3)
            factor = self.exaggeration if early else 1.0
            rate = self.rate or tsne.automatic_rate(len(y), factor)
            tsne.iterate(
                constants.affinities, y, state["velocity"], state["gains"], exaggeration=factor, rate=rate, momentum=self.momentum, repulsion=self.repel_by,
                theta=self.theta,
            )  # fmt: skip
        elif constants.graph is not None:
            graph, (a, b) = constants.graph, constants.curve
            rate = max(0.0, 1 - number / self.iterations)
            umap.epoch(graph.heads, graph.tails, graph.shares, y, state["random"], number, rate, a, b, self.negatives, self.repulsion)
        elif constants.covariance is not None:
            basis = np.linalg.qr(constants.covariance @ state["basis"])[0]
            # Within the subspace found so far the axes are turned to the principal ones, then the frame to the last one.
            turn = np.linalg.eigh(basis.T @ constants.covariance @ basis)[1][:, ::-1]
            state["basis"][...] = basis @ turn
            scores = (constants.matrix @ state["basis"].astype(np.float32)).astype(np.float64)
            y[...] = align(scores - scores.mean(0), y - y.mean(0))

    @action("Pin or release a point", hidden=True, index=(int, param(0, lo=0, hi=10_000_000, doc="Number of the point.")))
    def pin(self, constants: Constants, state: State, index: int) -> None:
        """Hold a point where it is, or let it go again."""
        if index >= len(constants.space):
            raise ParameterError(
                f"embedding-map.pin.index: must be below the number of points, {len(constants.space)} (got {index}).", owner=self.name
            )
        state["pinned"][index] = not state["pinned"][index]

    @action("Release all pins")
    def release(self, constants: Constants, state: State) -> None:
        """Let all points go again."""
        state["pinned"][:] = False

    # -- readings --

    def labels(self, constants: Constants, stream: str) -> tuple[str, ...]:
        """Names of the points."""
        return constants.space.words if stream == "map" else ()

    def observe(self, constants: Constants, state: State, stream: str) -> Any:
        """The map, and what it is a map of."""
        if stream == "vectors":
            return constants.matrix
        if stream == "names":
            if not constants.named:
                constants.named.extend(table_of(constants.space))
            return constants.named
        if stream == "vector inputs":
            side = int(np.sqrt(constants.space.size))
            flat = constants.space.matrix
            return flat.reshape(-1, side, side) if self.space == "digits" else flat[:0, None, :]
        return np.column_stack([state["points"], constants.classes, 1 + state["pinned"]]).astype(np.float32)

    def summary(self, constants: Constants, state: State) -> dict[str, Any]:
        """How true the map is; accuracy is that of a vote of ten neighbours on the map, each point left out in turn."""
        y, judged = state["points"], state["judged"]
        # Measured when they are due, or at the end: a look at each summary of a large map would cost more than its iterations.
        found = self._judge(constants, state) if state["done"][0] >= self.iterations and (not self.judge_every or judged[0] < 0) else judged
        out: dict[str, Any] = {
            "points shown": f"{len(y)} of {constants.whole}",
            "points measured": f"{len(constants.truth.probes)} of {len(y)}",
        }
        names = ("trustworthiness", "recall", "cost (nats)", "neighbour accuracy")
        return out | {name: float(value) for name, value in zip(names, found, strict=True) if value >= 0}

    def _judge(self, constants: Constants, state: State) -> tuple[float, float, float, float]:
        """Trustworthiness, recall, cost and the accuracy of a vote of ten neighbours; -1 where a number has no meaning."""
        y = state["points"]
        judged = honesty(y, constants.truth, JUDGED)
        cost = tsne.divergence(constants.affinities, y) if constants.affinities is not None else -1.0
        accuracy = -1.0
        if 1 < len(constants.class_names) < len(y) / 2:
            votes = constants.classes[map_neighbours(y, constants.truth.probes, min(JUDGED, len(y) - 1))]
            won = np.array([np.bincount(row, minlength=len(constants.class_names)).argmax() for row in votes])
            accuracy = float((won == constants.classes[constants.truth.probes]).mean())
        return judged.trustworthiness, judged.recall, float(cost), accuracy

    def remedy(self, stream: str) -> str:
        """What to try when the map flies apart."""
        return "lower the learning rate, momentum or repulsion"

    def memory(self) -> int:
        """A map of a file is checked when the file is read; the digits are small."""
        return 0

    @classmethod
    def figures(cls) -> tuple[Figure, ...]:
        """Trustworthiness of the digits beside the reference libraries, medians of three seeds."""

        def judged(result: Any) -> tuple[float, float]:
            return result.summary["trustworthiness"], fold_accuracy(result.state["points"], result.simulation.constants.classes)

        def median(which: int, **values: Any):
            return lambda run: float(np.median([judged(run(cls(judge_every=0, **values), seed=seed))[which] for seed in (0, 1, 2)]))

        def once(which: int, **values: Any):
            return lambda run: judged(run(cls(judge_every=0, **values)))[which]

        return (
            Figure(
                "t-SNE of the digits, trustworthiness",
                0.9926,
                once(0),
                0.005,
                source="openTSNE and scikit-learn on the same data",
                slow=True,
            ),
            Figure("t-SNE of the digits, neighbour accuracy", 0.974, once(1), 0.01, source="reference libraries", slow=True),
            Figure(
                "UMAP of the digits, trustworthiness",
                0.989,
                median(0, method=UMAP, iterations=500),
                0.005,
                source="umap-learn on the same data",
                slow=True,
            ),
            Figure(
                "UMAP of the digits, neighbour accuracy",
                0.968,
                median(1, method=UMAP, iterations=500),
                source="umap-learn",
                bound="at_least",
                slow=True,
            ),
            Figure(
                "PCA of the digits, trustworthiness",
                0.830,
                once(0, method=PCA, iterations=200),
                0.005,
                source="scikit-learn on the same data",
            ),
        )
