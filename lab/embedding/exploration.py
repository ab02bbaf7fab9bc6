"""What a person asks of a space of vectors that is on a map: questions, trails, colours, axes and bookmarks, without a window."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lab.embedding import questions as ask
from lab.embedding.pca import principal_components
from lab.embedding.vectors import Vectors
from lab.errors import LabError
from lab.units import number as printed

MOST_CLASSES = 24  # further classes share the last place
CLUSTERS = 8
CLUSTERED = 20_000  # centres are found on so many vectors; all are then given to the nearest
LINEAR = 0.999  # share of the variance of a map that an affine map of the vectors explains
WIDEST = 128  # numbers of a vector up to which that is tried


@dataclass(frozen=True)
class Answer:
    """What a question of the explorer gives.

    kind     `word`, `formula`, `odd`, or of a file `analogies` or `similarities`
    rows     rows of the words asked about, and `weights` of each in the formula
    found    (row, cosine or distance), nearest first; for the odd one out all words asked about by falling cosine with their mean
    lines    (text, number) that a file is answered with: sections and the share answered rightly, or pairs and their cosine
    said     what else is to be said about a file
    """

    kind: str
    title: str
    rows: tuple[int, ...]
    weights: tuple[float, ...]
    found: tuple[tuple[int, float], ...]
    metric: str = "cosine"
    lines: tuple[tuple[str, float], ...] = ()
    said: str = ""

    @property
    def note(self) -> str:
        """What the numbers are."""
        if self.said:
            return self.said
        if self.metric == "euclidean":
            return "distance in the space itself"
        return {
            "word": "cosine in the space itself",
            "formula": "cosine, question's words left out",
            "odd": "cosine with the mean of the words",
        }[self.kind]


def answer(vectors: Vectors, text: str, count: int = 12, metric: str = "cosine") -> Answer:
    """Answer what was typed: a word, `king - man + woman`, `man : king :: woman`, or `apple, pear, plum, chair`.

    With metric `euclidean` the neighbours of a single point are those at the least distance. Raises LabError with a sentence where a word is not known or the text is not understood.
    """
    text = " ".join(text.split())
    if not text:
        raise LabError("Nothing is asked: type a word, or words joined by + and -.")
    if text not in vectors.index:
        if "," in text:
            return odd_one_out(vectors, [w.strip() for w in text.split(",") if w.strip()])
        if ":" in text:
            words = [w.strip(" ?") for w in text.split(":") if w.strip(" ?")]
            if len(words) == 3:
                text = f"{words[1]} - {words[0]} + {words[2]}"
    known = vectors.index.get(text, vectors.index.get(text.lower()))
    if known is None and len(ask.parse_formula(text)) > 1:
        terms = ask.parse_formula(text)
        direction, rows = ask.formula_vector(vectors, text)
        found = _near(vectors, direction, count, rows)
        return Answer("formula", text, tuple(rows), tuple(w for w, _ in terms), found)
    row = known if known is not None else vectors.row(ask.parse_formula(text)[0][1])
    if metric == "euclidean":
        return Answer("word", vectors.words[row], (row,), (1.0,), _close(vectors.matrix, row, count), metric)
    return Answer("word", vectors.words[row], (row,), (1.0,), _near(vectors, vectors.unit[row], count, (row,)))


MOST_LINES = 12  # of a file that are shown
_FILES = (".txt", ".csv", ".tsv")


def is_file(text: str) -> bool:
    """Whether what is asked is a file of questions or of judged pairs."""
    return text.lower().endswith(_FILES) and Path(text).is_file()


def answer_file(vectors: Vectors, path: str) -> Answer:
    """Answer a file of analogies (share answered rightly, by section) or of judged pairs (Spearman's correlation, worst pairs first)."""
    place = Path(path)
    analogies, content = _questions_of(path, place.stat().st_mtime_ns)
    if analogies:
        scores = ask.ask(vectors, content)
        whole = ask.total(scores)
        lines = tuple((s.section, s.share) for s in scores[:MOST_LINES])
        more = f"; {len(scores) - len(lines)} further sections" if len(scores) > len(lines) else ""
        skipped = f", {printed(whole.skipped)} skipped for unknown words" if whole.skipped else ""
        title = f"{100 * whole.share:.1f} % right" if whole.asked else "None could be asked"
        return Answer(
            "analogies",
            title,
            (),
            (),
            (),
            lines=lines,
            said=f"{place.name}: {printed(whole.right)} of {printed(whole.asked)} right{skipped}{more}",
        )
    found = ask.similarities(vectors, content)
    shown = tuple((f"{a} {b} ({judged:g})", cosine) for a, b, judged, cosine, _ in found.pairs[:MOST_LINES])
    skipped = f", {printed(found.skipped)} skipped for unknown words" if found.skipped else ""
    title = f"Spearman {found.spearman:.3f}" if np.isfinite(found.spearman) else "Too few pairs"
    said = f"{place.name}: {printed(len(found.pairs))} pairs{skipped}; cosines, those first that people (in brackets) rank most differently"
    return Answer("similarities", title.replace("-", "\u2212"), (), (), (), lines=shown, said=said)


@lru_cache(4)
def _questions_of(path: str, stamp: int) -> tuple[bool, Any]:
    """Content of a file of questions; kept, because a space that moves is asked again and again."""
    analogies = ask.asks_analogies(path)
    return analogies, ask.read_questions(path) if analogies else ask.read_similarities(path)


def near_rows(vectors: Vectors, rows: np.ndarray, among: int, count: int, metric: str = "cosine") -> np.ndarray:
    """The `count` nearest (m, count) of the first `among` vectors to each of some rows, as the metric says, in no order."""
    if metric == "cosine":
        far = -(vectors.unit[rows] @ vectors.unit[:among].T)
    else:
        x = np.asarray(vectors.matrix[:among], np.float32)
        far = np.einsum("ij,ij->i", x, x) - 2 * (np.asarray(vectors.matrix[rows], np.float32) @ x.T)
    far[np.arange(len(rows)), rows] = np.inf
    return np.argpartition(far, count - 1, axis=1)[:, :count]


def _near(vectors: Vectors, direction: np.ndarray, count: int, without: Sequence[int]) -> tuple[tuple[int, float], ...]:
    return tuple((vectors.index[w], c) for w, c in ask.nearest(vectors, direction, count, without=without))


def _close(matrix: np.ndarray, row: int, count: int) -> tuple[tuple[int, float], ...]:
    difference = np.asarray(matrix, np.float32) - np.asarray(matrix[row], np.float32)
    squares = np.einsum("ij,ij->i", difference, difference)
    squares[row] = np.inf
    count = min(count, len(squares) - 1)
    near = np.argpartition(squares, count)[:count]
    near = near[np.argsort(squares[near], kind="stable")]
    return tuple((int(k), float(np.sqrt(squares[k]))) for k in near)


def odd_one_out(vectors: Vectors, words: Sequence[str]) -> Answer:
    """The words by falling cosine with their mean: the last one is odd."""
    odd = ask.odd_one_out(vectors, words)
    rows = [vectors.row(w) for w in words]
    mean = vectors.unit[rows].mean(0)
    cosine = vectors.unit[rows] @ (mean / max(float(np.linalg.norm(mean)), 1e-12))
    found = sorted(((r, float(c)) for r, c in zip(rows, cosine, strict=True)), key=lambda f: -f[1])
    return Answer("odd", f"{odd} is the odd one out", tuple(rows), (1.0,) * len(rows), tuple(found))


def affine(unit: np.ndarray, points: np.ndarray) -> np.ndarray | None:
    """The matrix (d + 1, k) that maps vectors to their points, if the map is linear (principal components, axes); else None."""
    n, d = min(len(unit), len(points)), unit.shape[1]
    if d > WIDEST or n < 1.5 * (d + 1):
        return None
    rows = np.unique(np.linspace(0, n - 1, min(n, 4 * d + 400)).astype(int))
    given = np.column_stack([unit[rows], np.ones(len(rows))]).astype(float)
    aim = np.asarray(points[rows], float)
    found = np.linalg.lstsq(given, aim, rcond=None)[0]
    left = ((given @ found - aim) ** 2).sum()
    spread = ((aim - aim.mean(0)) ** 2).sum()
    return found if spread > 0 and left < (1 - LINEAR) * spread else None


def trail(vectors: Vectors, points: np.ndarray, asked: Answer) -> np.ndarray:
    """Places (m, 2 or 3) on the map that a formula walks through to its first answer.

    On a linear map these are the sums of the vectors themselves; a word taken away and a word added make one step (the
    parallelogram of `king - man + woman`). On any other map only the words have places, and the walk goes from one to the
    next. Words that are not on the map are left out.
    """
    if asked.kind != "formula" or not asked.found:
        return np.empty((0, points.shape[1]))
    rows = [r for r in asked.rows if r < len(points)]
    last = [points[asked.found[0][0]]] if asked.found[0][0] < len(points) else []
    turn = affine(vectors.unit[: len(points)], points)
    if turn is not None:
        steps = [w * vectors.unit[r].astype(float) for w, r in zip(asked.weights, asked.rows, strict=True)]
        whole = [steps[0]]
        for pair in _pairs(asked.weights):
            whole.append(whole[-1] + sum(steps[k] for k in pair))
        return np.array([*(np.column_stack([whole, np.ones(len(whole))]) @ turn), *last])
    return np.array([*points[rows], *last], float).reshape(-1, points.shape[1])


def _pairs(weights: Sequence[float]) -> list[tuple[int, ...]]:
    """Terms after the first in steps: a term and the next one of opposite weight together, others alone."""
    steps: list[tuple[int, ...]] = []
    left = list(range(1, len(weights)))
    while left:
        k = left.pop(0)
        other = next((j for j in left if weights[j] == -weights[k]), None)
        if other is not None:
            left.remove(other)
        steps.append((k,) if other is None else (k, other))
    return steps


def exchanged(asked: Answer) -> list[tuple[int, int]]:
    """Rows (taken away, added) that a formula exchanges: `man` and `woman` in `king - man + woman`."""
    pairs = [p for p in _pairs(asked.weights) if len(p) == 2] if asked.kind == "formula" else []
    ordered = [p if asked.weights[p[0]] < 0 else (p[1], p[0]) for p in pairs]
    return [(asked.rows[a], asked.rows[b]) for a, b in ordered]


# -- where the points lie --


def components(vectors: Vectors, count: int, dimensions: int) -> np.ndarray:
    """Principal components (count, dimensions) of the first vectors at length 1."""
    return principal_components(vectors.unit[:count], dimensions)[0]


def on_axes(vectors: Vectors, count: int, text: str) -> np.ndarray:
    """Cosines (count, 2) of the first vectors with two concept axes `she - he; paris - france`; one axis is spread by rank."""
    axes = [a for a in text.split(";") if a.strip()]
    if not axes:
        raise LabError("No axis is named: write two formulas divided by a semicolon, such as she - he; paris - france.")
    found = np.stack([vectors.unit[:count] @ ask.axis(vectors, a) for a in axes[:2]], 1)
    if found.shape[1] == 1:
        # With one axis the other direction means nothing: words are stacked by their rank so that each can be read.
        place = np.argsort(np.argsort(found[:, 0], kind="stable")) % 17
        found = np.column_stack([found[:, 0], (place - 8) * 0.02])
    return found


def axis_ends(text: str) -> tuple[tuple[str, str], ...]:
    """Names of both ends (least, greatest) of each axis: `he` and `she` for `she - he`."""
    ends = []
    for formula in (a for a in text.split(";") if a.strip()):
        try:
            terms = ask.parse_formula(formula)
        except LabError:
            continue
        named = [(w < 0, word if abs(w) == 1 else f"{abs(w):g} {word}") for w, word in terms]
        ends.append((" + ".join(n for taken, n in named if taken), " + ".join(n for taken, n in named if not taken)))
    return tuple(ends[:2])


# -- colours --


@dataclass(frozen=True)
class Colouring:
    """What points are coloured by: `classes` (n,) with `names`, or `values` (n,) from least to greatest."""

    name: str
    classes: np.ndarray | None = None
    names: tuple[str, ...] = ()
    values: np.ndarray | None = None


def by_column(name: str, texts: Sequence[str]) -> Colouring:
    """Colours by a column of metadata: numbers in many values become a ramp, others classes; of too many the commonest."""
    counted = Counter(texts)
    if len(counted) > MOST_CLASSES:
        try:
            return Colouring(name, values=np.array([float(t) for t in texts]))
        except ValueError:
            pass
    known = sorted(counted, key=lambda t: (-counted[t], t))
    if len(known) > MOST_CLASSES:
        known = [*known[: MOST_CLASSES - 1], "other"]
    else:
        known = sorted(known, key=lambda t: (t in ("", "other"), t))
    number = {text: k for k, text in enumerate(known)}
    return Colouring(name, np.array([number.get(t, len(known) - 1) for t in texts], np.int64), tuple(known))


def by_frequency(counts: np.ndarray) -> Colouring:
    """Colours by the logarithm of the counts."""
    return Colouring("frequency (log10)", values=np.log10(np.maximum(np.asarray(counts, float), 1)))


def clusters(unit: np.ndarray, count: int = CLUSTERS, seed: int = 0, rounds: int = 25) -> np.ndarray:
    """Number of the cluster of each vector (n,): spherical k-means (Dhillon and Modha 2001) from spread-out first centres."""
    rng = np.random.default_rng(seed)
    sample = unit if len(unit) <= CLUSTERED else unit[np.sort(rng.choice(len(unit), CLUSTERED, replace=False))]
    count = max(1, min(count, len(sample)))
    centres = sample[[int(rng.integers(len(sample)))]]
    while len(centres) < count:
        far = np.maximum(1 - (sample @ centres.T).max(1), 0).astype(float)
        total = far.sum()
        chosen = int(rng.choice(len(sample), p=far / total)) if total > 0 else int(rng.integers(len(sample)))
        centres = np.concatenate([centres, sample[[chosen]]])
    given = np.zeros(len(sample), np.int64)
    for _ in range(rounds):
        before, given = given, (sample @ centres.T).argmax(1)
        if (before == given).all():
            break
        sums = np.zeros_like(centres)
        np.add.at(sums, given, sample)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(length > 0, sums / np.maximum(length, 1e-12), centres)
    found = (unit @ centres.T).argmax(1)
    # The largest cluster is the first, so that a repeated look has the same colours.
    order = np.argsort(-np.bincount(found, minlength=count), kind="stable")
    return np.argsort(order, kind="stable")[found]


# -- bookmarks --


@dataclass(frozen=True)
class Bookmark:
    """A named view of a map: where one looks, what is shown, coloured and asked."""

    name: str
    layout: str = "map"
    centre: tuple[float, ...] = ()
    scale: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    colour: str = ""
    axes: str = ""
    asked: str = ""
    only: tuple[int, ...] = field(default=())  # rows that are isolated; none: all are shown


def bookmarks_to_text(marks: Sequence[Bookmark]) -> str:
    """JSON text of bookmarks, for a session."""
    return json.dumps([asdict(m) for m in marks]) if marks else ""


def bookmarks_from_text(text: str) -> tuple[Bookmark, ...]:
    """Bookmarks of a session that may be a stranger's; what is no bookmark is left out."""
    try:
        entries = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return ()
    found = []
    for entry in entries if isinstance(entries, list) else []:
        made = _bookmark(entry)
        if made is not None:
            found.append(made)
    return tuple(found[:200])


def _bookmark(entry: Any) -> Bookmark | None:
    known = {f.name for f in fields(Bookmark)}
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not set(entry) <= known:
        return None
    try:
        numbers = {key: float(entry.get(key, 0.0)) for key in ("scale", "yaw", "pitch")}
        centre = tuple(float(v) for v in entry.get("centre", ()))[:3]
        only = tuple(int(v) for v in entry.get("only", ()))
    except (TypeError, ValueError):
        return None
    if not all(np.isfinite([*numbers.values(), *centre])) or numbers["scale"] < 0 or min(only, default=0) < 0:
        return None
    texts = {key: str(entry.get(key, ""))[:1000] for key in ("layout", "colour", "axes", "asked")}
    return Bookmark(
        entry["name"][:80],
        texts["layout"],
        centre,
        numbers["scale"],
        numbers["yaw"],
        numbers["pitch"],
        texts["colour"],
        texts["axes"],
        texts["asked"],
        only,
    )
