"""The Hopfield network: a memory that completes what it is reminded of, classic and modern."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from lab.data import pictures
from lab.data.digits import digits
from lab.errors import FileError, ModelError
from lab.kernels import below, kernel, seed_state, uniform
from lab.model import COUNT, Bound, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, param

LETTERS = {  # 8 x 8 letters, one row of bits per line
    "A": (0x18, 0x3C, 0x66, 0x66, 0x7E, 0x66, 0x66, 0x66),
    "C": (0x3C, 0x66, 0xC0, 0xC0, 0xC0, 0xC0, 0x66, 0x3C),
    "H": (0xC3, 0xC3, 0xC3, 0xFF, 0xFF, 0xC3, 0xC3, 0xC3),
    "T": (0xFF, 0xFF, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18),
    "X": (0xC3, 0xE7, 0x7E, 0x3C, 0x3C, 0x7E, 0xE7, 0xC3),
    "L": (0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0, 0xFF, 0xFF),
}
RULES = ("Hebb", "pseudo-inverse", "gradient", "dense")
MOST = 100  # patterns that can be stored
RANKED = 12  # singular values that are drawn


def hebb(patterns: np.ndarray) -> np.ndarray:
    """W = (1/N) sum x x^T with zero diagonal; patterns (P, N) of -1 and 1."""
    W = patterns.T @ patterns / patterns.shape[1]
    np.fill_diagonal(W, 0.0)
    return W


def projection(patterns: np.ndarray) -> np.ndarray:
    """Pseudo-inverse rule W = X X^+ with zero diagonal: holds every set of linearly independent patterns."""
    W = patterns.T @ np.linalg.pinv(patterns.T)
    np.fill_diagonal(W, 0.0)
    return W


def parts(patterns: np.ndarray) -> np.ndarray:
    """Singular values of the sum of all x x^T / N, largest first: those of the small matrix of overlaps, which are the same."""
    return np.linalg.eigvalsh(patterns @ patterns.T / patterns.shape[1])[::-1]


def slope_by_weights(x: np.ndarray) -> np.ndarray:
    """dE/dw_ij = -x_i x_j of a weight that is the same both ways; nothing on the diagonal."""
    found = -np.outer(x, x)
    np.fill_diagonal(found, 0.0)
    return found


def energy(W: np.ndarray, b: np.ndarray, x: np.ndarray) -> float:
    """E = -1/2 x^T W x - b^T x."""
    return float(-0.5 * x @ W @ x - b @ x)


def dense(patterns: np.ndarray, x: np.ndarray, beta: float) -> np.ndarray:
    """One step of the modern network, X softmax(beta X^T x): attention with x as query, the patterns as keys and values."""
    score = beta * (patterns @ x)
    weight = np.exp(score - score.max())
    return patterns.T @ (weight / weight.sum())


def dense_energy(patterns: np.ndarray, x: np.ndarray, beta: float) -> float:
    """E = -lse(beta, X^T x) + 1/2 x^T x (Ramsauer et al., equation 2, without its constants)."""
    score = beta * (patterns @ x)
    return float(-(np.log(np.exp(score - score.max()).sum()) + score.max()) / beta + 0.5 * x @ x)


@kernel
def update_one(W, b, x, i):
    """Asynchronous update of neuron i; returns the change of energy (never above 0 with a symmetric W and no diagonal)."""
    field = b[i]
    for j in range(len(x)):
        field += W[i, j] * x[j]
    new = 1.0 if field > 0 else (-1.0 if field < 0 else x[i])
    change = -field * (new - x[i])
    x[i] = new
    return change


@kernel
def _recall(W, b, x, rng, E, n, synchronous, rows, target, overlap):
    size = len(x)
    before = np.empty(size)
    for k in range(n):
        if synchronous:
            before[:] = x
            total = 0.0
            for i in range(size):
                field = b[i]
                for j in range(size):
                    field += W[i, j] * before[j]
                x[i] = 1.0 if field > 0 else (-1.0 if field < 0 else before[i])
            for i in range(size):
                field = 0.0
                for j in range(size):
                    field += W[i, j] * x[j]
                total += x[i] * (-0.5 * field - b[i])
            E[0] = total
        else:
            E[0] += update_one(W, b, x, below(rng, size))
        rows[k] = E[0]
        dot = 0.0
        for i in range(size):
            dot += x[i] * target[i]
        overlap[k] = dot / size


class Hopfield(Model):
    """A memory made of neurons that excite and inhibit each other: show it a spoilt pattern and it finds the nearest one it knows.

    Patterns are stored in the connections. From any start the energy can only fall, and it comes to rest in a valley,
    which is a stored pattern when there are few of them, and a mixture when there are too many. Paint on the state,
    spoil it, and watch the recall; add patterns until it breaks. Pictures of digits resemble each other too much for
    Hebb's rule, while the pseudo-inverse rule keeps them apart: each digit is at rest, though its valley is narrow (of ten
    digits with a fifth of the pixels turned over two in three come back, with a twentieth all). The dense network stores
    far more: its update is the attention of a transformer. There `beta` says how sharply it chooses between overlaps; at 8
    and below it settles on a mixture of digits even if nothing was spoilt.

    What Hebb's rule adds up is one matrix `x x^T` for each pattern, which has rank one: every row of it is the pattern or its negative. It is
    also what makes the energy fall fastest: the slope of E by a weight is `-x_i x_j`, by a bias `-x_j`, and a network that follows both (the
    gradient rule with *Learn biases, too*) grows by `k x_i x_j` and `k x_j`.
    """

    name = "hopfield"
    title = "Hopfield network"
    group = "Memory"
    icon = "mdi6.brain"
    order = 10
    also = "associative memory; content-addressable memory; attractor network; pattern completion; recall; autoassociative memory; energy landscape; dense associative memory; modern Hopfield network; memory; spin glass"
    equations = (
        r"W = \frac{1}{N}\sum_s x^s (x^s)^T, \quad W_{ii} = 0",
        r"E = -\frac{1}{2}\, x^T W x - b^T x",
        r"\frac{\partial E}{\partial w_{ij}} = -x_i x_j \ (i \neq j,\ w_{ij} = w_{ji}), \quad \frac{\partial E}{\partial b_j} = -x_j; \qquad \dot{w}_{ij} = k x_i x_j, \quad \dot{b}_j = k x_j",
        r"x \leftarrow X\,\mathrm{softmax}\left(\tfrac{\beta}{N} X^T x\right) \quad \mathrm{(dense)}",
    )
    symbols = r"W: weights; w_{ij}: weight between units i and j; X: patterns as columns; \beta: inverse temperature"
    source = "Hopfield, PNAS 79:2554 (1982); Personnaz et al., J. Physique Lett. 46:L359 (1985); Ramsauer et al., arXiv 2008.02217 (2020)"
    presets = {
        "Letters": Preset({}, shows="last(overlap) = 1 and best match = 1", after=600.0),
        "Digits with Hebb's rule: it fails": Preset({"patterns": "digits", "count": 10}, shows="last(overlap) < 0.95", after=600.0),
        "Digits with the pseudo-inverse rule": Preset(
            {"patterns": "digits", "count": 10, "rule": "pseudo-inverse", "flips": 0.05}, shows="last(overlap) = 1", after=600.0
        ),
        "Dense network, digits in grey": Preset(
            {"patterns": "digits", "count": 30, "rule": "dense", "flips": 0.1}, shows="last(overlap) > 0.99", after=40.0
        ),
        "Random patterns, too many": Preset({"patterns": "random", "count": 30, "size": 100}, shows="last(overlap) < 0.9", after=1000.0),
        "Learn by showing (gradient rule)": Preset(
            {"rule": "gradient", "teaching": True}, shows="energy < -100 and best match = 1", after=600.0
        ),
        "Learn by showing, biases too": Preset(
            {"rule": "gradient", "teaching": True, "biases": True},
            shows="energy < -100 and best match = 1 and largest learnt bias > 0.1",
            after=600.0,
        ),
    }

    patterns: str = param("letters", choices=("letters", "digits", "random", "pictures"), live=False, main=True, doc="What is stored.")
    count: int = param(4, lo=1, hi=MOST, live=False, main=True, doc="How many patterns are stored (as far as there are so many).")
    size: int = param(
        100,
        lo=4,
        hi=1024,
        live=False,
        when=("patterns", "random"),
        doc="Neurons of random patterns (a square number gives a square picture).",
    )
    file: str = param(
        "", kind="file", live=False, when=("patterns", "pictures"), doc="A folder of pictures, made black and white on 16 x 16 pixels."
    )
    rule: str = param(
        "Hebb", choices=RULES, live=False, main=True, doc="How patterns are stored; dense is the modern network with continuous states."
    )
    flips: float = param(0.2, lo=0.0, hi=1.0, main=True, doc="Part of the state that spoiling turns over.")
    synchronous: bool = param(
        False, when=("rule", RULES[:3]), doc="Update all neurons at once (the energy may then rise and cycles appear)."
    )
    bias: float = param(0.0, lo=-2.0, hi=2.0, when=("rule", RULES[:3]), doc="Bias b of every neuron.")
    beta: float = param(
        30.0,
        lo=0.01,
        hi=200.0,
        log=True,
        when=("rule", "dense"),
        symbol=r"\beta",
        label="Inverse temperature",
        doc="Inverse temperature of the dense network: small values mix the patterns.",
    )
    teaching: bool = param(
        False,
        when=("rule", "gradient"),
        doc="Show the patterns in turn and let the weights grow by k x_i x_j at each step, instead of recalling.",
    )
    biases: bool = param(
        False,
        when=("rule", "gradient"),
        label="Learn biases, too",
        doc="While patterns are shown the bias of each neuron grows by k x_j; what it learnt is added to the bias above.",
    )
    k: float = param(
        0.001, lo=0.00001, hi=0.1, log=True, when=("rule", "gradient"), symbol="k", label="Learning rate", doc="Rate of the gradient rule."
    )

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "update", physical=True)

    @property
    def speed(self) -> float:
        return 4.0 if self.rule == "dense" or self.synchronous else 120.0

    @property
    def default_steps(self) -> int:
        return 1000

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream("energy", "trace", "", "Energy of the network.", every=1),
            Stream("overlap", "trace", "", "Overlap with the pattern that was last shown.", every=1),
            Stream("state", "image", "", "Present state of all neurons."),
            Stream("stored", "image", "", "The stored patterns."),
            Stream("weights", "image", "", "Connections."),
            Stream("overlaps", "bars", "", "Overlap with every stored pattern."),
            *(() if self.rule == "dense" else (
                Stream("outer", "image", "", "x x^T / N of the pattern that was last shown."),
                Stream("ranks", "bars", "", "Singular values: of x x^T / N of the pattern last shown, and of the sum over all patterns.", channels=("one pattern", "all patterns")),
                Stream("slope by weights", "image", "", "Slope of the energy by each weight, at the present state."),
                Stream("slope by biases", "image", "", "Slope of the energy by each bias, at the present state."),
                Stream("learnt biases", "image", "", "What the biases have learnt."),
            )),
        )  # fmt: skip

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return (
            Picture("state", "State: paint on it", (Layer("state"),), levels=(-1, 1), colours="grey", paint="paint", figures=("best match",), weight=1.9, front=True),
            Picture("energy", "Energy", (Layer("energy"),), y="E", window=1000.0, figures=("energy",), front=True),
            Picture("stored", "Stored patterns", (Layer("stored"),), levels=(-1, 1), colours="grey", pick="show"),
            Picture("overlaps", "Overlap with the patterns", (Layer("overlaps", style="bars"),), x="pattern", y="overlap", y_range=(-1, 1)),
            Picture("weights", "Weights", (Layer("weights"),), colours="diverging"),
            Picture("overlap", "Overlap with the pattern shown", (Layer("overlap"),), y="overlap", window=1000.0, y_range=(-1, 1)),
            *(() if self.rule == "dense" else (
                Picture("outer", "One pattern's part: x xᵀ", (Layer("outer"),), colours="diverging", doc="Every row is the pattern or its negative: rank one. The weights are the sum of these."),
                Picture("ranks", "Ranks", (Layer("ranks", style="bars"),), x="number", y="singular value", figures=("rank of the sum",),
                        doc="One pattern's matrix has a single one that is not zero; the sum has as many as there are independent patterns."),
                Picture("slope by weights", "Slope of the energy by a weight", (Layer("slope by weights"),), colours="diverging", levels=(-1.0, 1.0), doc="−x_i x_j: what the gradient rule goes against."),
                Picture("slope by biases", "Slope by a bias", (Layer("slope by biases"),), colours="diverging", levels=(-1.0, 1.0), doc="−x_j."),
                Picture("learnt biases", "Biases learnt", (Layer("learnt biases"),), colours="diverging", figures=("largest learnt bias",), doc="Grows by k x_j with every pattern shown."),
            )),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The state large, the energy and what is stored beside it; what the weights are made of in drawers."""
        inside = () if self.rule == "dense" else ("outer", "ranks")
        slopes = () if self.rule == "dense" else (("Learning", ("slope by weights", "slope by biases", "learnt biases")),)
        drawers = (("Weights", ("weights", *inside)), *slopes, ("Over time", ("overlap",)))
        return Stage("state", companions=("energy", "stored", "overlaps"), drawers=drawers)

    def build(self, seed):
        """(P, N) patterns and the picture's shape."""
        if self.patterns == "letters":
            rows = np.array([[[(byte >> (7 - c)) & 1 for c in range(8)] for byte in bits] for bits in LETTERS.values()], float)
            found, shape = 2 * rows.reshape(len(rows), -1) - 1, (8, 8)
        elif self.patterns == "digits":
            pixels, labels = digits()
            each = [np.flatnonzero(labels == d) for d in range(10)]
            order = [int(each[i % 10][i // 10]) for i in range(MOST)]
            grey = pixels[order] / 16.0
            found, shape = (2 * grey - 1 if self.rule == "dense" else np.where(grey > 0.4, 1.0, -1.0)), (8, 8)
        elif self.patterns == "random":
            found = np.random.default_rng(seed).choice([-1.0, 1.0], (self.count, self.size))
            side = math.isqrt(self.size)
            shape = (side, side) if side * side == self.size else (1, self.size)
        else:
            found, shape = self._from_pictures()
        found = found[: self.count]
        if self.rule == "dense":
            # Grey pictures share their mean; without it, and at equal length, they stand apart.
            found = found - found.mean(0) if len(found) > 1 else found
            found = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12) * math.sqrt(found.shape[1])
        return np.ascontiguousarray(found), shape

    def _from_pictures(self):
        if not self.file:
            raise ModelError("Choose a folder of pictures to store.")
        folder = Path(self.file)
        try:
            inside = sorted((folder if folder.is_dir() else folder.parent).iterdir())
        except OSError as error:
            raise FileError(f"{folder} cannot be read ({error.strerror}): choose a folder of pictures.") from None
        files = [p for p in inside if p.suffix.lower() in pictures.SUFFIXES][: self.count]
        if not files:
            raise FileError(f"{folder} holds no pictures ({', '.join(pictures.SUFFIXES)}).")
        rows = []
        for path in files:
            grey = pictures.small(path, 16)
            rows.append(np.where(grey.ravel() > np.median(grey), 1.0, -1.0))
        return np.array(rows), (16, 16)

    def start(self, constants, seed):
        found, _ = constants
        n = found.shape[1]
        stored = np.zeros((MOST, n))
        stored[: len(found)] = found
        state = {
            "stored": stored,
            "known": np.array([len(found)]),
            "W": np.zeros((n, n)),
            "own": np.zeros(n),  # biases that were learnt
            "x": found[0].copy(),
            "target": found[0].copy(),
            "E": np.zeros(1),
            "shown": np.zeros(1, np.int64),
            "rng": seed_state(seed),
        }
        self._store(state)
        self._spoil(state, self.flips)
        return state

    def _patterns(self, state):
        return state["stored"][: int(state["known"][0])]

    def _store(self, state):
        """Weights from the patterns (the gradient rule learns them while it runs, the dense network needs none)."""
        if self.rule == "Hebb":
            state["W"][:] = hebb(self._patterns(state))
        elif self.rule == "pseudo-inverse":
            state["W"][:] = projection(self._patterns(state))

    def _spoil(self, state, part):
        x = state["x"]
        for i in range(len(x)):
            if uniform(state["rng"]) < part:
                x[i] = -x[i]
        self._measure(state)

    def _b(self, state):
        return self.bias + state["own"]

    def _measure(self, state):
        state["E"][0] = (
            dense_energy(self._patterns(state), state["x"], self._scaled_beta(state))
            if self.rule == "dense"
            else energy(state["W"], self._b(state), state["x"])
        )

    def _scaled_beta(self, state):
        return self.beta / len(state["x"])  # so that beta compares overlaps, whatever the number of neurons

    def changed_live(self, before, constants, state):
        self._measure(state)

    def state_bounds(self, constants, state, step):
        return {"known": Bound(1, MOST), "shown": COUNT, "stored": Bound(-1e6, 1e6)}

    def advance(self, constants, state, n, out):
        E = out["energy"] if out.wanted("energy") else np.empty(n)
        m = out["overlap"] if out.wanted("overlap") else np.empty(n)
        x, norm = state["x"], len(state["x"])
        if self.rule == "dense":
            X, beta = self._patterns(state), self._scaled_beta(state)
            for k in range(n):
                x[:] = dense(X, x, beta)
                E[k] = state["E"][0] = dense_energy(X, x, beta)
                m[k] = x @ state["target"] / norm
            return n
        if self.rule == "gradient" and self.teaching:
            for k in range(n):
                shown = self._patterns(state)[int(state["shown"][0]) % int(state["known"][0])]
                state["shown"][0] += 1
                x[:] = shown
                state["target"][:] = shown
                state["W"] += self.k * np.outer(x, x)
                np.fill_diagonal(state["W"], 0.0)
                if self.biases:
                    state["own"] += self.k * x
                self._measure(state)
                E[k], m[k] = state["E"][0], 1.0
            return n
        _recall(state["W"], self._b(state), x, state["rng"], state["E"], n, self.synchronous, E, state["target"], m)
        return n

    def overlaps(self, state) -> np.ndarray:
        """(P,) overlap x . pattern / N, of states of any length normalised to 1."""
        x = state["x"] / max(1e-12, np.linalg.norm(state["x"])) * math.sqrt(len(state["x"]))
        return self._patterns(state) @ x / len(x)

    def observe(self, constants, state, stream):
        shape = constants[1]
        if stream == "state":
            return np.clip(state["x"].reshape(shape), -1, 1)
        if stream == "stored":
            return np.clip(self._patterns(state).reshape(-1, *shape), -1, 1)
        if stream == "weights":
            return state["W"].copy() if self.rule != "dense" else self._patterns(state).T @ self._patterns(state) / len(state["x"])
        if stream == "overlaps":
            return self.overlaps(state)
        if stream == "outer":
            return np.outer(state["target"], state["target"]) / len(state["x"])
        if stream == "ranks":
            found = np.zeros((2, RANKED))
            for row, patterns in zip(found, (state["target"][None], self._patterns(state)), strict=True):
                values = parts(patterns)[:RANKED]
                row[: len(values)] = np.where(values > 1e-9, values, 0.0)
            return found
        if stream == "slope by weights":
            return slope_by_weights(state["x"])
        if stream == "slope by biases":
            return -state["x"].reshape(shape)
        if stream == "learnt biases":
            return state["own"].reshape(shape).copy()
        return super().observe(constants, state, stream)

    def summary(self, constants, state):
        m = self.overlaps(state)
        return {
            "patterns": int(state["known"][0]),
            "neurons": len(state["x"]),
            "load": int(state["known"][0]) / len(state["x"]),
            "energy": float(state["E"][0]),
            "best match": float(m.max()),
            "pattern": int(m.argmax()),
        } | (
            {}
            if self.rule == "dense"
            else {
                "rank of the sum": int((parts(self._patterns(state)) > 1e-9).sum()),
                "largest learnt bias": float(np.abs(state["own"]).max()),
            }
        )

    @action("Paint", hidden=True, row=(int, param(0, lo=0, hi=1023, doc="Row.")), column=(int, param(0, lo=0, hi=1023, doc="Column.")), value=(float, param(1.0, lo=-1.0, hi=1.0, doc="Brightness.")))  # fmt: skip
    def paint(self, constants, state, row, column, value):
        """Set one neuron by hand."""
        rows, columns = constants[1]
        if row < rows and column < columns:
            state["x"][row * columns + column] = value if self.rule == "dense" else (1.0 if value > 0 else -1.0)
            self._measure(state)

    @action("Spoil", shortcut="S")
    def spoil(self, constants, state):
        """Turn over a random part of the state (parameter flips)."""
        self._spoil(state, self.flips)

    @action("Show a pattern", index=(int, param(0, lo=0, hi=MOST - 1, doc="Which stored pattern.")))
    def show(self, constants, state, index):
        """Set the state to a stored pattern and measure the overlap with it."""
        index = min(index, int(state["known"][0]) - 1)
        state["x"][:] = self._patterns(state)[index]
        state["target"][:] = state["x"]
        self._measure(state)

    @action("Store this state")
    def store(self, constants, state):
        """Add the present state to the memory."""
        known = int(state["known"][0])
        if known == MOST:
            raise ModelError(f"hopfield: {MOST} patterns are stored, which is the limit: start anew.")
        state["stored"][known] = state["x"]
        state["known"][0] = known + 1
        self._store(state)
        self._measure(state)

    @action("Noise")
    def noise(self, constants, state):
        """A state that resembles nothing."""
        for i in range(len(state["x"])):
            state["x"][i] = 1.0 if uniform(state["rng"]) < 0.5 else -1.0
        self._measure(state)

    @classmethod
    def figures(cls):
        def rises(run):
            model = cls(patterns="random", size=200, count=30, flips=0.5, bias=0.1)
            E = run(model, steps=4000, seed=1, record={"energy": 1})["energy"]
            return float(np.diff(E).max())

        def drift(run):
            model = cls(patterns="random", size=200, count=20)
            result = run(model, steps=3000, seed=2, record={})
            return abs(float(result.state["E"][0]) - energy(result.state["W"], np.zeros(200), result.state["x"]))

        def attention(run):
            rng = np.random.default_rng(0)
            X, x = rng.standard_normal((30, 50)), rng.standard_normal(50)
            scores = X @ x * 0.7
            p = np.exp(scores) / np.exp(scores).sum()
            return float(np.abs(dense(X, x, 0.7) - p @ X).max())

        def digits(rule):
            def held(run):
                model = cls(patterns="digits", count=10, rule=rule, flips=0.0)
                X, _ = model.build(0)
                state = model.start(model.build(0), 0)
                return float(sum(bool((np.sign(state["W"] @ x) == x).all()) for x in X))

            return held

        def ranks(run):
            """Largest rank of the x x^T of a letter, by NumPy."""
            return float(max(np.linalg.matrix_rank(np.outer(x, x)) for x in cls().build(0)[0]))

        def slopes(run):
            """Both slopes against central differences of the energy, a weight being the same both ways."""
            rng, n, h, worst = np.random.default_rng(0), 6, 1e-4, 0.0
            W, b, x = hebb(rng.choice([-1.0, 1.0], (3, n))), rng.standard_normal(n), rng.choice([-1.0, 1.0], n)
            for i in range(n):
                step = h * np.eye(n)[i]
                worst = max(worst, abs((energy(W, b + step, x) - energy(W, b - step, x)) / (2 * h) + x[i]))
                for j in range(i):
                    pair = np.zeros((n, n))
                    pair[i, j] = pair[j, i] = h
                    worst = max(worst, abs((energy(W + pair, b, x) - energy(W - pair, b, x)) / (2 * h) - slope_by_weights(x)[i, j]))
            return worst

        def learnt(run):
            """Biases after each of four letters was shown 100 times, against 100 k times their sum."""
            model = cls(rule="gradient", teaching=True, biases=True)
            result = run(model, steps=400, record={})
            return float(np.abs(result.state["own"] - 100 * model.k * model.build(0)[0].sum(0)).max())

        yield Figure("rank of the x x^T of a letter", 1.0, ranks, source="outer product")
        yield Figure(
            "slopes of the energy by weights and biases against central differences",
            1e-9,
            slopes,
            bound="at_most",
            source="E is linear in both",
        )
        yield Figure(
            "biases learnt by showing against k times the sum of what was shown", 1e-12, learnt, bound="at_most", source="db/dt = k x"
        )
        yield Figure("largest rise of the energy in asynchronous recall", 1e-12, rises, bound="at_most", source="Hopfield (1982)")
        yield Figure("energy kept up to date against its definition", 1e-9, drift, bound="at_most", source="E = -1/2 x W x - b x")
        yield Figure(
            "dense update against softmax attention, worst", 1e-12, attention, bound="at_most", source="Ramsauer et al. (2020), equation 3"
        )
        yield Figure("digit prototypes held by Hebb's rule", 0.0, digits("Hebb"), source="correlated patterns")
        yield Figure("digit prototypes held by the pseudo-inverse rule", 10.0, digits("pseudo-inverse"), source="Personnaz et al. (1985)")
