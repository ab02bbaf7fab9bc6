"""Convolution: one function, or one sequence, slid over another, the area of their product at every place."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lab.errors import ModelError
from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, action, param

SHAPES = ("box", "ramp", "decay", "Gaussian", "two pulses")
KINDS = ("functions", "sequences")
REACH = 4.0  # x goes from -REACH to REACH
STEP = 0.01  # between places, and between points of the integral: the middles of cells, so that boxes are exact
PLACES = round(2 * REACH / STEP)
INTO = 2.5 * REACH  # how far the integral goes
LINGER = 60  # steps of the clock that a sequence stands at each place
MOST = 64  # numbers of a sequence


def shape(name: str, width: float, s: np.ndarray) -> np.ndarray:
    """A function of height one: box, ramp, decay, Gaussian, two pulses."""
    s = np.asarray(s, float)
    match name:
        case "box":
            return (np.abs(s) < width / 2).astype(float)
        case "ramp":
            return np.where((s > 0) & (s < width), s / width, 0.0)
        case "decay":
            return np.where(s > 0, np.exp(-np.maximum(s, 0.0) / width), 0.0)
        case "Gaussian":
            return np.exp(-0.5 * (s / width) ** 2)
        case "two pulses":
            return ((np.abs(s - width) < width / 8) | (np.abs(s + width) < width / 8)).astype(float)
    raise ValueError(name)


def middles() -> np.ndarray:
    """Middles of the cells of the integral."""
    count = round(2 * INTO / STEP)
    return -INTO + STEP * (np.arange(count) + 0.5)


@lru_cache(maxsize=8)
def everywhere(first: str, width: float, second: str, second_width: float, turned: bool) -> tuple[np.ndarray, np.ndarray]:
    """(places, results) of two functions at all places, by the convolution of NumPy.

    Of middles of cells, at (k + 1/2) h, the sums meet at multiples of h, so the first place is -2 INTO + h.
    """
    s = middles()
    found = np.convolve(shape(first, width, s), shape(second, second_width, s if turned else -s)) * STEP
    places = -2 * INTO + STEP * (1 + np.arange(len(found)))
    places.flags.writeable = found.flags.writeable = False
    return places, found


def stems(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A curve of upright lines from zero to each number."""
    gap = np.full(len(x), np.nan)
    return np.array([np.column_stack([x, x, gap]).ravel(), np.column_stack([np.zeros(len(x)), y, gap]).ravel()])


class ConvolutionBySliding(Model):
    """Turn one function round, slide it over the other, and at each place take the area of their product: that is their convolution.

    What stands at s in g stands at x - s in the turned one, so x is the place where its zero lies on the other's axis. The filled area is the
    product of both, and its size is one point of the result. For sequences it is a sum of products. Try:

    - drag in the result: the place follows, and you see which parts overlap there;
    - box with box makes a triangle, Gaussian with Gaussian a wider Gaussian, and pulses through a decay the current of a synapse;
    - switch *turned round* off: that is the correlation, which networks compute and call a convolution. It differs where g is not the same
      both ways, such as the ramp;
    - widen either: the area of the result is always the product of the two areas.
    """

    name = "convolution-by-sliding"
    title = "Convolution by sliding"
    group = "Gates and layers"
    icon = "mdi6.chart-bell-curve"
    order = 52
    also = "convolution of functions; convolution integral; discrete convolution; cross-correlation; sliding window; filter; kernel; impulse response; moving average"
    equations = (
        r"(f * g)(x) = \int f(s)\, g(x - s)\, ds",
        r"(f * g)_m = \sum_n f_n\, g_{m - n}",
        r"\int (f * g)\,dx = \int f\,ds \cdot \int g\,ds",
    )
    source = "Bracewell, The Fourier Transform and Its Applications (2000), chapter 3"
    presets = {
        "Box with box: a triangle": Preset(
            {}, shows="abs(max(result f * g) - 1.5) < 0.02 and abs(area off the product) < 0.001", after=8.0
        ),
        "Pulses through a decay: a synapse": Preset(
            {"first": "two pulses", "width": 1.6, "second": "decay", "second_width": 0.6}, shows="max(result f * g) > 0.25", after=8.0
        ),
        "Gaussian with Gaussian: a wider one": Preset(
            {"first": "Gaussian", "width": 0.6, "second": "Gaussian", "second_width": 0.8},
            shows="abs(max(result f * g) - 1.2032) < 0.001",
            after=8.0,
        ),
        "Not turned round: a correlation": Preset(
            {"first": "ramp", "second": "ramp", "turned": False}, shows="abs(max(result f * g) - 0.5625) < 0.01", after=8.0
        ),
        "Sequences: a sum of products": Preset({"kind": "sequences"}, shows="largest = 4 and area off the product = 0", after=8.0),
        "A moving average": Preset(
            {"kind": "sequences", "f": ((0.0, 0.0, 3.0, 0.0, 6.0, 6.0, 6.0, 0.0),), "g": ((1 / 3, 1 / 3, 1 / 3),)},
            shows="abs(largest - 6) < 0.000001",
            after=8.0,
        ),
    }

    kind: str = param("functions", choices=KINDS, main=True, doc="Functions of a number, or sequences of numbers.")
    first: str = param(
        "box", choices=SHAPES, main=True, when=("kind", "functions"), label="f", doc="The function that stands still; its height is 1."
    )
    width: float = param(
        2.0,
        lo=0.1,
        hi=3.0,
        main=True,
        when=("kind", "functions"),
        label="Width of f",
        doc="Its width (a decay's time constant, a Gaussian's deviation).",
    )
    second: str = param(
        "box", choices=SHAPES, main=True, when=("kind", "functions"), label="g", doc="The function that is turned round and slid."
    )
    second_width: float = param(1.5, lo=0.1, hi=3.0, main=True, when=("kind", "functions"), label="Width of g", doc="Its width.")
    f: tuple[tuple[float, ...], ...] = param(
        ((1.0, 2.0, 3.0),), kind="matrix", when=("kind", "sequences"), main=True, doc="The sequence that stands still."
    )
    g: tuple[tuple[float, ...], ...] = param(
        ((0.0, 1.0, 0.5),), kind="matrix", when=("kind", "sequences"), main=True, doc="The sequence that is turned round and slid."
    )
    turned: bool = param(True, main=True, label="Turned round", doc="Convolution turns g round; without that it is a correlation.")

    def check(self) -> None:
        for name in ("f", "g"):
            rows = getattr(self, name)
            if len(rows) != 1 or not 1 <= len(rows[0]) <= MOST or not all(abs(v) <= 1e6 for v in rows[0]):
                raise self.refuse(name, f"must be one row of 1 to {MOST} numbers within a million of zero")

    @property
    def _sums(self) -> bool:
        return self.kind == "sequences"

    @property
    def clock(self) -> Clock:
        return Clock(0.01, "s")

    @property
    def speed(self) -> float:
        return 1.0

    @property
    def default_steps(self) -> int:
        return PLACES

    @property
    def streams(self) -> tuple[Stream, ...]:
        x = "place m" if self._sums else "place x"
        return (
            Stream("place", "trace", "", f"The {x}.", every=1),
            Stream("value", "trace", "", "The result at this place.", every=1),
            Stream("still", "curve", "", "What stands still: f.", channels=("f",)),
            Stream("slid", "curve", "", "What is slid: g, turned round and moved to the place.", channels=("g",)),
            Stream("product", "curve", "", "Their product; its area, or sum, is the result here.", channels=("product",)),
            Stream("result", "curve", "", "The result at all places.", channels=("f * g",)),
            Stream("terms", "table", "", "The products of this place, and their sum."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        turned = "x − s" if self.turned else "s − x"
        ends = (float(self.indices.min()) - 0.7, float(self.indices.max()) + 0.7) if self._sums else (-REACH, REACH)
        if self._sums:
            turned = "m − n" if self.turned else "n − m"
            layers = (
                Layer("still", label="f", series=(0,)),
                Layer("slid", label=f"g at {turned}", series=(1,), style="dashed"),
                Layer("product", label="product", series=(2,)),
            )
        else:
            layers = (
                Layer("product", label="product", series=(2,), style="fill"),
                Layer("still", label="f(s)", series=(0,)),
                Layer("slid", label=f"g({turned})", series=(1,)),
            )
        return (
            Picture("slide", "One over the other", layers, x="n" if self._sums else "s", y="f, g, product", x_range=ends, y_range=None if self._sums else (-0.05, 1.15), weight=1.5, front=True,
                    figures=("place", "f * g here"), doc="The product is what both have in common at this place."),
            Picture("result", "The result: drag to another place", (Layer("result"), Layer("value", x="place", style="marker")), x="m" if self._sums else "x", y="f * g", x_range=ends,
                    click="put", drag="put", front=True, figures=("area of f * g", "area of f times area of g")),
            Picture("terms", "The sum at this place" if self._sums else "The integral at this place", (Layer("terms"),), front=self._sums),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """Both functions large, the result under the same axis, the products of a sequence beside it."""
        return Stage(
            "slide", below=("result", "terms") if self._sums else ("result",), drawers=() if self._sums else (("Numbers", ("terms",)),)
        )

    # -- the two, and what comes of them --

    @property
    def sequences(self) -> tuple[np.ndarray, np.ndarray]:
        """Both sequences, from n = 0 on."""
        return np.array(self.f[0], float), np.array(self.g[0], float)

    @property
    def indices(self) -> np.ndarray:
        """Places at which sequences meet: of a correlation g may begin before f."""
        f, g = self.sequences
        first = 0 if self.turned else 1 - len(g)
        return np.arange(first, first + len(f) + len(g) - 1)

    def slid(self, place: float, s: np.ndarray) -> np.ndarray:
        """g at what it meets of s when its zero lies at the place: g(x - s), or of a correlation g(s - x)."""
        at = place - s if self.turned else s - place
        if not self._sums:
            return shape(self.second, self.second_width, at)
        g, at = self.sequences[1], np.rint(at).astype(int)
        return np.where((at >= 0) & (at < len(g)), g[np.clip(at, 0, len(g) - 1)], 0.0)

    def standing(self, s: np.ndarray) -> np.ndarray:
        """f at s."""
        if not self._sums:
            return shape(self.first, self.width, s)
        f, at = self.sequences[0], np.rint(s).astype(int)
        return np.where((at >= 0) & (at < len(f)), f[np.clip(at, 0, len(f) - 1)], 0.0)

    def over(self) -> np.ndarray:
        """What is summed over: middles of cells, or n."""
        return np.arange(len(self.f[0])).astype(float) if self._sums else middles()

    def at(self, places: np.ndarray) -> np.ndarray:
        """The result at places: the sum of the products times the width of a cell, which is 1 of a sequence."""
        s = self.over()
        f, cell = self.standing(s), 1.0 if self._sums else STEP
        return np.array([float(f @ self.slid(float(x), s)) * cell for x in np.atleast_1d(places)])

    def everywhere(self) -> tuple[np.ndarray, np.ndarray]:
        """(places, results): all at once, by the convolution of NumPy."""
        if self._sums:
            f, g = self.sequences
            return self.indices.astype(float), np.convolve(f, g if self.turned else g[::-1])
        return everywhere(self.first, self.width, self.second, self.second_width, self.turned)

    def areas(self) -> tuple[float, float]:
        """(area, or sum, of the result; product of those of f and g)."""
        _, found = self.everywhere()
        if self._sums:
            f, g = self.sequences
            return float(found.sum()), float(f.sum() * g.sum())
        s = middles()
        each = [float(shape(n, w, s).sum()) * STEP for n, w in ((self.first, self.width), (self.second, self.second_width))]
        return float(found.sum()) * STEP, each[0] * each[1]

    # -- the run --

    def start(self, constants, seed):
        return {"phase": np.zeros(1, np.int64)}

    def state_bounds(self, constants, state, step):
        return {"phase": COUNT}

    def places(self, phase):
        """Where the slid one lies after so many steps: from left to right, and again."""
        if self._sums:
            return self.indices[(np.asarray(phase) // LINGER) % len(self.indices)].astype(float)
        return -REACH + STEP * (np.asarray(phase) % PLACES)

    def advance(self, constants, state, n, out):
        places = self.places(state["phase"][0] + 1 + np.arange(n))
        if out.wanted("place"):
            out["place"][:n] = places
        if out.wanted("value"):
            known, back = np.unique(places, return_inverse=True)
            out["value"][:n] = self.at(known)[back]
        state["phase"][0] += n
        return n

    def observe(self, constants, state, stream):
        place, s = float(self.places(state["phase"])[0]), self.over()
        if stream == "result":
            places, found = self.everywhere()
            if self._sums:
                return stems(places, found)
            inside = np.abs(places) <= REACH + STEP / 2
            return np.array([places[inside], found[inside]])
        if stream == "terms":
            return self._terms(place)
        if self._sums and stream == "slid":  # all of it, also where it hangs over the ends
            s = np.arange(self.indices.min() - len(self.g[0]), self.indices.max() + len(self.g[0]) + 1).astype(float)
        if stream not in ("still", "slid", "product"):
            return super().observe(constants, state, stream)
        if not self._sums:
            s = s[np.abs(s) <= REACH]
        values = np.ones_like(s) if stream == "slid" else self.standing(s)
        if stream != "still":
            values = values * self.slid(place, s)
        if not self._sums:
            return np.array([s, values])
        aside = {"still": -0.12, "slid": 0.0, "product": 0.12}[stream]  # so that no line hides another
        there = slice(None) if stream == "still" else values != 0
        return stems(s[there] + aside, values[there])

    def _terms(self, place):
        """Products of the numbers that meet; of functions those of ten wide cells, for reading."""
        if self._sums:
            n = self.over()
            f, g = self.standing(n), self.slid(place, n)
            index = place - n if self.turned else n - place
            rows = [
                {"n": f"{k:.0f}", "f": f"{a:g}", "g of": f"{i:.0f}", "g": f"{b:g}", "product": f"{a * b:g}"}
                for k, a, i, b in zip(n, f, index, g, strict=True)
            ]
            return [*rows, {"n": f"sum at m = {place:.0f}", "f": "", "g of": "", "g": "", "product": f"{float(f @ g):g}"}]
        s, rows, total = middles(), [], 0.0
        product = self.standing(s) * self.slid(place, s) * STEP
        for a in np.arange(-REACH, REACH):
            part = float(product[(s > a) & (s < a + 1)].sum())
            total += part
            rows.append({"s": f"{a:+.0f} to {a + 1:+.0f}", "area of the product": f"{part:.5f}"})
        beyond = float(product.sum()) - total
        return [
            *rows,
            {"s": "beyond", "area of the product": f"{beyond:.5f}"},
            {"s": "all: the result here", "area of the product": f"{float(product.sum()):.5f}"},
        ]

    def summary(self, constants, state):
        place = float(self.places(state["phase"])[0])
        area, product = self.areas()
        return {
            "place": place,
            "f * g here": float(self.at(np.array([place]))[0]),
            "largest": float(self.everywhere()[1].max()),
            "area of f * g": area,
            "area of f times area of g": product,
            "area off the product": round(abs(area - product), 12),
        }

    @action("Slide to a place", hidden=True, x=(float, param(0.0, lo=-1e6, hi=1e6, doc="Where to.")), y=(float, param(0.0, lo=-1e9, hi=1e9, doc="Not used.")))  # fmt: skip
    def put(self, constants, state, x, y):
        """Slide g to this place; from there it goes on."""
        if not np.isfinite(x):
            raise ModelError(f"{self._owner()}.put.x: must be a number (got {x}).")
        if self._sums:
            state["phase"][0] = LINGER * int(np.abs(self.indices - x).argmin())
        else:
            state["phase"][0] = int(np.clip(round((x + REACH) / STEP), 0, PLACES - 1))

    @classmethod
    def figures(cls):
        x = np.round(np.arange(-REACH, REACH, 0.37) / STEP) * STEP

        def apart(found, known):
            return float(np.abs(found - known).max())

        def triangle(run):
            """Boxes of widths 2 and 1.5: the length of their overlap."""
            known = np.clip(np.minimum(1.0, x + 0.75) - np.maximum(-1.0, x - 0.75), 0.0, None)
            return apart(cls().at(x), known)

        def normal(run):
            """Gaussians of deviations 0.6 and 0.8: one of deviation 1, its area the product of both."""
            model = cls(first="Gaussian", width=0.6, second="Gaussian", second_width=0.8)
            return apart(model.at(x), 0.6 * 0.8 * np.sqrt(2 * np.pi) * np.exp(-0.5 * x**2))

        def synapse(run):
            """Two decays of the same time constant: x e^(-x / tau), as of a synapse that rises."""
            model = cls(first="decay", width=0.5, second="decay", second_width=0.5)
            return apart(model.at(x), np.where(x > 0, x * np.exp(-np.maximum(x, 0) / 0.5), 0.0))

        def commutes(run):
            one, other = cls(first="ramp", second="decay", second_width=0.7), cls(first="decay", width=0.7, second="ramp", second_width=2.0)
            return apart(one.at(x), other.at(x))

        def sums(run):
            """Sums written out place by place against NumPy's convolve and correlate."""
            rng, worst = np.random.default_rng(0), 0.0
            for turned in (True, False):
                f, g = rng.standard_normal(7), rng.standard_normal(4)
                model = cls(kind="sequences", f=(tuple(f),), g=(tuple(g),), turned=turned)
                known = np.convolve(f, g) if turned else np.correlate(f, g, "full")
                worst = max(worst, apart(model.at(model.indices), known))
            return worst

        yield Figure("box with box against the length of their overlap", 1e-9, triangle, bound="at_most", source="closed form")
        yield Figure("Gaussian with Gaussian against the wider Gaussian", 1e-9, normal, bound="at_most", source="variances add up")
        yield Figure("decay with decay against x e^(-x / tau)", 1e-4, synapse, bound="at_most", source="closed form")
        yield Figure("ramp with decay against decay with ramp", 1e-12, commutes, bound="at_most", source="f * g = g * f")
        yield Figure("sequences against NumPy's convolve and correlate", 1e-12, sums, bound="at_most", source="NumPy")
