"""Adversarial networks: a forger and a detective who learn from each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lab.data import sets
from lab.model import COUNT, Advice, Bound, Figure, Layer, Picture, Preset, Remedy, Stage, Stream, action, param
from lab.training import Measure, makers, redeclared
from lab.training.adversarial import Adversarial
from lab.training.distributions import Bins, jensen_shannon, kullback_leibler, pushed, real_masses, shares
from lab.training.geometry import contours, ellipse, tiled

LATE = 6  # evaluations after which a game that found few modes is called collapsed
JUDGED = 2560  # forged samples of an evaluation
FEW = 500  # the same of digits, each of which is compared with all that were written
SEEN, ARROWS = 300, 60  # real and forged points that are drawn, and arrows at some of them
CELLS = 48  # of the field of D along each axis
BINS = (400, 24)  # along a line, and along each axis of the plane
LINES, ALONG = 13, 61  # of the bent grid, and places along each
REACH = 2.5  # deviations of the noise that the grid spans
CURVE = ((-2.0, 0.0), (-1.5, 1.0), (-0.5, 0.2), (1.0, 1.4), (2.0, 0.0))
PAINTED = ((-0.8, -0.6, 0.0), (0.0, 0.9, 0.0), (0.8, -0.6, 0.0))
KINDS = ("ring", "grid", "moons", "painted", "Gaussian", "density", "digits")
LINE, POINTS = ("Gaussian", "density"), ("ring", "grid", "moons", "painted")


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared distance of each row of x to each row of y."""
    return np.maximum((x**2).sum(1)[:, None] - 2 * x @ y.T + (y**2).sum(1), 0.0)


class GenerativeAdversarialNetwork(Adversarial):
    """A forger G makes points out of noise, a detective D tells them from real ones, and each learns from the other.

    G never sees the data. It learns only from the slope of D: which way a forged point must move to be taken for a real one. When
    both are good, D can only guess; its loss is then ln 4 and that of G ln 2, the dashed lines. Each step is one of D, then one
    of G with fresh noise (every *k*-th time where D has several). Try:

    - step the six phases once, then press play, and watch the square of noise being bent around the data;
    - *D learns* off: the orange points run to where D still says "real", all to the same place; then on again: the chase begins;
    - the preset *Collapse*: G finds one cloud that fools D, and D's answer chases it from cloud to cloud;
    - D three steps ahead (k), or a rate of D ten times that of G: with the minimax loss G then learns nothing, with the other it does;
    - one dimension with one number of noise: here both densities are known, and D can be compared with the best that any D could do.

    A mode counts as found when more than *found at* of the forged points lie *near* it; both numbers are yours. Same seed, same game.
    """

    name = "generative-adversarial-network"
    title = "Generative adversarial network"
    group = "Generative models"
    icon = "mdi6.incognito"
    order = 80
    also = "GAN; adversarial; generator; discriminator; mode collapse; minimax; Goodfellow; forger; WGAN; fake pictures; deepfake; generated pictures"
    equations = (
        r"L_D = -\mathbb{E}_x[\ln D(x)] - \mathbb{E}_z[\ln(1 - D(G(z)))]",
        r"L_G = -\mathbb{E}_z[\ln D(G(z))] \quad \mathrm{or} \quad \mathbb{E}_z[\ln(1 - D(G(z)))]",
        r"D^*(x) = \frac{p(x)}{p(x) + q(x)}, \quad \min_D L_D = \ln 4 - 2\,\mathrm{JS}(p, q)",
    )
    symbols = r"L: loss of a player; p: density of the data; q: density of what is generated"
    source = (
        "Goodfellow et al., NIPS 27 (2014), equations 1 and 4 and section 3; Metz, Poole, Pfau and Sohl-Dickstein (the ring of eight), ICLR (2017); "
        "Kahng et al. (GAN Lab), IEEE Trans. Vis. Comput. Graph. 25:310 (2019)"
    )
    presets = {
        "Ring of eight": Preset({}, shows="modes found > 6 and share near a mode > 0.6", slow=True),
        "Grid of 25: not all are found": Preset(
            {"data": "grid", "centres": 25, "noise": 8, "generator": "128-128", "discriminator": "128-128"}, shows="modes found > 5 and modes found < 25", slow=True),
        "Two moons": Preset({"data": "moons"}, shows="JS < 0.2", slow=True),
        "Points of your own": Preset({"data": "painted", "steps": 20_000}, shows="modes found = 3", after=4000.0, slow=True),
        "One dimension": Preset({"data": "Gaussian", "radius": 4.0, "spread": 0.5, "noise": 1, "generator": "32-32", "discriminator": "32-32", "activation": "tanh"},
                                shows="abs(mean - 4) < 0.2 and JS < 0.2", slow=True),
        "A density of your own": Preset({"data": "density", "noise": 1, "generator": "32-32", "activation": "tanh", "rate": 3e-3, "steps": 10_000}, shows="JS < 0.1", slow=True),
        "Digits": Preset({"data": "digits", "noise": 16, "generator": "128-128", "discriminator": "128-64", "activation": "leaky ReLU", "steps": 10_000},
                         shows="modes found > 6", slow=True),
        "Collapse": Preset({"radius": 2.0, "spread": 0.02, "noise": 16, "generator": "128-128", "discriminator": "128-128", "steps": 6000}, shows="modes found < 4", slow=True),
        "Minimax loss, D far ahead: G hardly learns": Preset({"objective": "minimax", "rate": 1e-2, "rate_g": 1e-3, "k": 5}, shows="JS > 0.4", slow=True),
        "The same with -ln D": Preset({"rate": 1e-2, "rate_g": 1e-3, "k": 5}, shows="JS < 0.45", share=0.6, slow=True),
        "Phase by phase": Preset({"slow": True}, shows="phase != '' and loss of D > 0", after=10.0),
    }  # fmt: skip

    data: str = param(
        "ring", choices=KINDS, live=False, main=True, group="Data", doc="What is forged: points in the plane, on a line, or digits."
    )
    centres: int = param(8, lo=1, hi=64, group="Data", when=("data", ("ring", "grid")), doc="Clouds of the ring or the grid.")
    radius: float = param(1.0, lo=0.0, hi=10.0, group="Data", when=("data", ("ring", "grid", "moons", "Gaussian")),
                          doc="Radius of the ring, half the side of the grid; on the line, the mean.")  # fmt: skip
    spread: float = param(0.05, lo=0.0, hi=2.0, group="Data", when=("data", ("ring", "grid", "moons", "painted", "Gaussian")),
                          doc="Standard deviation of a cloud.")  # fmt: skip
    painted: tuple[tuple[float, float, float], ...] = param(PAINTED, kind="points", group="Data", when=("data", "painted"),
                                                            doc="Points painted by hand; each is the middle of a cloud.")  # fmt: skip
    drawn: tuple[tuple[float, float], ...] = param(
        CURVE, kind="drawn", group="Data", when=("data", "density"), doc="A density drawn by hand."
    )
    steps: int = redeclared(Adversarial, "steps", 4000, doc="How long the game lasts.")
    near: float = param(
        0.15, lo=0.001, hi=5.0, log=True, group="Evaluation", label="Near a mode", doc="How far from its middle a point belongs to a mode."
    )
    found_at: float = param(
        0.01, lo=0.0, hi=0.5, group="Evaluation", label="Found at", doc="Share of the forged points above which a mode is found."
    )
    slopes: bool = param(True, group="Evaluation", label="Slope for G", doc="Draw at forged points which way G will move them.")
    measures = (
        Measure("modes found", "Modes with more than the asked share of the forged points.", better="higher"),
        Measure("share near a mode", "Forged points near any mode."),
        Measure("JS", "Jensen-Shannon divergence of both distributions.", "nats"),
        Measure("KL", "Divergence of the forged from the real distribution, KL(real || forged).", "nats"),
        Measure("mean", "Mean of the forged points (of their first number)."),
        Measure("deviation", "Standard deviation of the forged points (of their first number)."),
    )

    @property
    def dimensions(self) -> int:
        """Numbers of a sample."""
        return 64 if self.data == "digits" else 1 if self.data in LINE else 2

    @property
    def maker(self):
        """Points, made anew for each epoch; or the digits."""
        if self.data == "digits":
            data = sets.load("digits").split(0.2, 0)
            return makers.Examples((("x", data.part("train")[0], data.part("test")[0]),))
        return makers.Points(50 * self.batch, self.data, self.spread, self.radius, self.centres, self.painted, self.drawn)

    def maker_now(self, constants):
        """The points as they are asked for now."""
        return constants.maker if self.data == "digits" else self.maker

    def build(self, seed):
        """The noise by which the game is judged, and what is known of the data."""
        constants = super().build(seed)
        constants.extra["z"] = np.random.default_rng([abs(int(seed)), 0x67616E]).standard_normal((JUDGED, self.noise)).astype(np.float32)
        if self.data == "digits":
            constants.extra["z"] = constants.extra["z"][:FEW]
            data = sets.load("digits")
            rows, labels = data.x, data.t
            held = data.split(0.2, 0).part("test")[0]
            train = constants.maker.training(0, 0)["x"]
            apart = np.sqrt(distances(held, train).min(1))
            constants.extra.update(digits=rows, labels=labels, near=float(np.quantile(apart, 0.95)))
        return constants

    # -- what the game is judged by --

    def looked_at(self, constants):
        """Forged samples of an evaluation; to compare digits with all that exist costs as much again as to forge them."""
        return 3 * FEW if self.data == "digits" else (2 if self.dimensions == 2 else 6) * JUDGED

    def modes(self):
        """Middles of the clouds (m, 2); none where there are none."""
        found = self.maker.modes() if self.data in POINTS else None
        return np.zeros((0, 2)) if found is None else found

    def _shares(self, constants, forged):
        """(share of each mode, share near any); of digits by the nearest written one."""
        if self.data == "digits":
            rows = constants.extra["digits"]
            apart = distances(forged, rows)
            nearest = apart.argmin(1)
            close = np.sqrt(apart.min(1)) <= constants.extra["near"]
            return np.bincount(constants.extra["labels"][nearest[close]], minlength=10) / len(forged), float(close.mean())
        return shares(forged, self.modes(), self.near) if self.dimensions == 2 else (np.zeros(0), 0.0)

    def bins(self) -> Bins:
        """Where masses are compared."""
        low, high = self.extent()
        return Bins.over(low, high, BINS[len(low) - 1])

    def _top(self) -> float:
        """Twice the height of the density that is forged: beyond stand spikes of a G that has just begun."""
        if self.data == "density":
            x, y = np.array(sorted(self.drawn), float).T
            y = np.maximum(y, 0.0)
            return 2.0 * float(max(y.max(), 1e-9) / max(0.5 * np.sum((y[1:] + y[:-1]) * np.diff(x)), 1e-9))
        return 2.0 / (max(self.spread, 1e-3) * math.sqrt(2.0 * math.pi))

    def extent(self):
        """(lowest, highest) place of each axis that is shown."""
        if self.data == "density":
            across = [p[0] for p in self.drawn]
            pad = 0.3 * (max(across) - min(across)) + 0.1
            return (min(across) - pad,), (max(across) + pad,)
        if self.data == "Gaussian":
            reach = max(6 * self.spread, 0.5 * abs(self.radius) + 0.5)
            return (self.radius - reach,), (self.radius + reach,)
        points = self.modes() if self.data != "moons" else self.radius * np.array([[-1.5, -0.75], [1.5, 0.75]])
        pad = 0.35 * max(float(np.ptp(points, axis=0).max(initial=0)) if len(points) else 1.0, 0.5) + 3 * self.spread
        low, high = (points.min(0), points.max(0)) if len(points) else (np.zeros(2), np.zeros(2))
        return tuple(low - pad), tuple(high + pad)

    def masses(self, constants, state):
        """(real, forged) mass of each bin: in closed form where the noise is one number, else of the judged samples."""
        bins = self.bins()
        if self.dimensions == 1 and self.noise == 1:
            z = np.linspace(-6, 6, 4001)
            return real_masses(self.maker, bins), pushed(z, self.forge(constants, state, z[:, None])[:, 0], bins.edges[0])
        return real_masses(self.maker, bins), bins.counted(self.forge(constants, state, constants.extra["z"]))

    def chance(self, constants) -> float:
        """JS of as many real points, in place of forged ones: what the histogram alone makes of it."""
        bins = self.bins()
        if self.dimensions == 1 and self.noise == 1:
            return 0.0
        return jensen_shannon(real_masses(self.maker, bins), bins.counted(self.maker.held_out(0, JUDGED)["x"]))

    def measure(self, constants, state, tape):
        """Modes, divergences, moments."""
        forged = self.forge(constants, state, constants.extra["z"])
        per, near = self._shares(constants, forged)
        found = {"modes found": float((per > self.found_at).sum()), "share near a mode": near, "JS": 0.0, "KL": 0.0}
        if self.data != "digits":
            p, q = self.masses(constants, state)
            found |= {"JS": jensen_shannon(p, q), "KL": kullback_leibler(p, q)}
        return found | {"mean": float(forged[:, 0].mean()), "deviation": float(forged[:, 0].std())}

    def _look(self, constants, state, tape, out, step, watch):
        super()._look(constants, state, tape, out, step, watch)
        floor = 2 * math.log(2) - 2 * state["measured"][2]
        out.events["best D"].append(step, 0, float(floor))

    def summary(self, constants, state) -> dict[str, Any]:
        """What was found, and whether it was lost again."""
        found = super().summary(constants, state)
        if state["figures"][8] and self.data != "digits":  # of the points in sight: the last evaluation may lie hundreds of steps back
            found |= self.measure(constants, state, self.tape_state(constants, state))
        if state["figures"][8] and len(self._mode_names(constants)):
            found["modes found"] = int(found["modes found"])
            found |= {"most modes": int(state["figures"][5]), "most modes at step": int(state["figures"][6])}
        else:
            found = {name: value for name, value in found.items() if "mode" not in name}
        if self.data == "digits":
            found = {name: value for name, value in found.items() if name not in ("JS", "KL", "mean", "deviation")}
        elif state["figures"][8]:
            found["JS of real points"] = self.chance(constants)
        return found

    def advice(self, constants, state):
        """Modes that were found and are lost again, or of which G never found more than a few."""
        now, most, at = float(state["measured"][0]), state["figures"][5], int(state["figures"][6])
        every = len(self.modes()) if self.data in POINTS else 0
        if state["figures"][8] >= LATE and most < 3 and every >= 4 and now <= every / 4 and self.spread < 0.2:
            wide = min(0.4, max(0.2, 10 * self.spread))
            return Advice(
                "collapse", f"Collapse: all forged points lie at {now:.0f} of {every} modes, and no slope of D leads from one narrow cloud to the next. Branch before it, with wider clouds.",
                (Remedy(f"Branch at step {at // 2}, deviation {wide:g}", {"spread": wide}, back_to=at // 2),),
            )  # fmt: skip
        if not state["figures"][8] or most < 3 or now > most / 2:
            return None
        return Advice(
            "collapse", f"Collapse: {now:.0f} modes are left of {most:.0f} at step {at}. Branch there with a slower G, or put those weights back into this game.",
            (
                Remedy(f"Branch at step {at}, G half as fast", {"rate_g": self.rate_g / 2}, back_to=at),
                Remedy("Those weights here, G half as fast", {"rate_g": self.rate_g / 2}, "restore_best"),
            ),
        )  # fmt: skip

    def _mode_names(self, constants):
        return tuple("0123456789") if self.data == "digits" else tuple(str(k + 1) for k in range(len(self.modes())))

    @action("Paint a point", hidden=True, x=(float, param(0.0, lo=-1e6, hi=1e6, doc="First coordinate.")), y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Second coordinate.")))  # fmt: skip
    def paint_point(self, constants, state, x, y):
        """One more cloud of real points, where a person clicks."""
        return {"painted": (*self.painted[-199:], (float(x), float(y), 0.0))}

    @action("Clear painted points")
    def clear_points(self, constants, state):
        """Only the first painted point stays."""
        return {"painted": self.painted[:1]}

    @action("Draw other noise")
    def draw_noise(self, constants, state):
        """Other forged digits are shown."""
        state["drawn_noise"][0] += 1

    def state_bounds(self, constants, state, step):
        """Which noise is shown, too."""
        return super().state_bounds(constants, state, step) | {"drawn_noise": COUNT, "figures": Bound()}

    def start(self, constants, seed):
        """Which noise is shown, too."""
        return super().start(constants, seed) | {"drawn_noise": np.zeros(1, np.int64)}

    # -- what can be looked at --

    def own_streams(self, shape):
        """The field of D, the points, the bent grid, modes; on the line densities; digits as tiles."""
        found = [Stream("best D", "trace", "nats", "ln 4 - 2 JS: the least loss that any D could have now.", (1,), ("best",), events=True)]
        if self.data == "digits":
            return (
                *found,
                Stream("forged digits", "image", "", "What G makes of some noise, and under each how sure D is."),
                Stream("beliefs", "table", "", "How sure D is that each forged digit is real."),
                Stream("nearest", "image", "", "Forged digits, and under each the written digit that is nearest."),
                Stream("between", "image", "", "What G makes of noise on the way from one to another."),
                Stream("mode shares", "bars", "", "Share of the forged digits that are near a written one, by its class.", channels=self._mode_names(None)),
                Stream("threshold", "bars", "", "Share above which a digit counts as found."),
            )  # fmt: skip
        if self.dimensions == 1:
            return (
                *found,
                Stream("densities", "curve", "", "Density of the real and of the forged points.", channels=("real", "forged")),
                Stream(
                    "belief",
                    "curve",
                    "",
                    "How sure D is that a point is real, and the best that any D could say.",
                    channels=("D", "p / (p + q)"),
                ),
                Stream("transport", "curve", "", "G(z), and the rising function that would make the data of z.", channels=("G(z)", "best")),
                Stream("marks", "curve", "", "Some forged points."),
            )
        modes = self._mode_names(None)
        return (
            *found,
            Stream("field", "image", "", "How sure D is, everywhere in the plane, that a point is real."),
            Stream("points", "cloud", "", "Real (0) and forged (1) points.", channels=("x", "y", "class")),
            Stream("edge", "curve", "", "Where D cannot tell: D = 1/2."),
            Stream("slope", "arrows", "", "Which way forged points are told to move."),
            Stream("found", "curve", "", "Modes that are found."),
            Stream("missed", "curve", "", "Modes that are not."),
            Stream("bent", "curve", "", "Lines of equal noise as G bends them.", channels=("z1", "z2")),
            Stream("square", "curve", "", "The same lines before.", channels=("z1", "z2")),
            *(
                (
                    Stream("mode shares", "bars", "", "Share of the forged points near each mode, and of the real ones.", channels=modes),
                    Stream("threshold", "bars", "", "Share above which a mode counts as found."),
                )
                if modes
                else ()
            ),
        )

    def own_pictures(self, shape):
        """What D believes in front."""
        both = Picture("divergence", "How far apart", (Layer("measures", channel=2, label="JS"), Layer("measures", channel=3, label="KL(real, forged)")),
                       y="nats", figures=("JS", "JS of real points"), doc="By a histogram; as many real points have the JS named after them.")  # fmt: skip
        best = Picture(
            "best",
            "D, and the best D",
            (Layer("smoothed", channel=0, label="D", series=(0,)), Layer("best D", theory=True, label="ln 4 − 2 JS")),
            y="loss of D (nats)",
        )
        counted = Picture(
            "over time",
            "Modes over time",
            (Layer("measures", channel=0, label="modes found"),),
            y="modes",
            figures=("most modes", "most modes at step"),
        )
        modes = Picture("modes", "Modes found", (Layer("mode shares"), Layer("threshold", theory=True, label=f"found above {self.found_at:.3g}")), x="mode", y="share",
                        figures=("modes found", "share near a mode"), front=True)  # fmt: skip
        if self.data == "digits":
            grey: dict[str, Any] = {"colours": "grey", "levels": (0.0, 1.0)}
            return (
                Picture("forged digits", "What G makes", (Layer("forged digits"),), front=True, weight=2.0, **grey),
                Picture("between", "From one noise to another", (Layer("between"),), front=True, **grey),
                Picture("nearest", "The nearest written digit", (Layer("nearest"),), doc="Above forged, below the nearest of all written ones: copied or new?", **grey),
                modes, counted,
            )  # fmt: skip
        if self.dimensions == 1:
            return (
                Picture("densities", "Real and forged", (Layer("densities", channel=0, label="real", series=(0,)), Layer("densities", channel=1, label="forged", series=(1,))),
                        x="x", y="density", y_range=(0.0, self._top()), front=True, weight=2.0, figures=("mean", "deviation", "JS")),
                Picture("belief", "What D believes", (Layer("belief", channel=0, label="D", series=(0,)), Layer("belief", channel=1, theory=True, label="p / (p + q)")),
                        x="x", y="D", y_range=(0.0, 1.0), front=True),
                Picture("transport", "What G does with the noise", (Layer("transport", channel=0, label="G(z)", series=(1,)), Layer("transport", channel=1, theory=True, label="best")),
                        x="z", y="x", front=True),
                both, best,
            )  # fmt: skip
        (x0, y0), (x1, y1) = self.extent()
        ranges: dict[str, Any] = {"x": "x", "y": "y", "x_range": (x0, x1), "y_range": (y0, y1), "equal": True}
        circles = (
            (Layer("found", label="found", series=(2,)), Layer("missed", style="dashed", label="missed", series=(3,)))
            if len(self.modes())
            else ()
        )
        click = "paint_point" if self.data == "painted" else ""
        return (
            Picture("field", "What D believes", (Layer("field"), Layer("points"), Layer("edge", theory=True, label="D = 1/2"), Layer("slope", series=(1,)), *circles),
                    colours="diverging", levels=(1.0, 0.0), labels=("real", "forged"), click=click, front=True, weight=2.5,
                    doc="Blue: D says real; orange: forged. Arrows: which way G is told to move. Click to paint a cloud of your own (data = painted).", **ranges),
            Picture("bend", "What G bends", (Layer("bent"), *circles), front=True, weight=1.3, doc="Lines of equal noise after G.", **ranges),
            *((modes, counted) if len(self.modes()) else ()),
            Picture("square", "The square of noise", (Layer("square"),), x="z1", y="z2", equal=True),
            both, best,
        )  # fmt: skip

    @property
    def stage(self):
        """The scheme above, what D believes large, G and the modes beside it, the losses below them."""
        if self.data == "digits":
            return Stage("forged digits", companions=("between", "modes", "loss"), above=("scheme",))
        if self.dimensions == 1:
            return Stage("densities", companions=("belief", "transport", "loss"), above=("scheme",))
        beside = ("bend", "modes") if len(self.modes()) else "bend"
        return Stage("field", companions=(beside, "loss"), above=("scheme",))

    def look(self, constants, state, tape, stream):
        """Field, points, grid; densities; digits."""
        z = constants.extra["z"]
        if stream not in {s.name for s in self.own_streams(None)}:
            return super().look(constants, state, tape, stream)
        if stream in ("mode shares", "threshold"):
            per = self._shares(constants, self.forge(constants, state, z))[0]
            return per if stream == "mode shares" else np.full(len(per), self.found_at)
        if self.data == "digits":
            return self._digits(constants, state, stream)
        if self.dimensions == 1:
            return self._line(constants, state, stream)
        low, high = self.extent()
        if stream in ("field", "edge"):
            x, y = (np.linspace(a, b, CELLS) for a, b in zip(low, high, strict=True))
            places = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
            field = self.believe(constants, state, places).reshape(CELLS, CELLS)
            return field if stream == "field" else contours(field, x, y, np.array([0.5]))
        if stream == "points":
            real = self.maker.held_out(constants.seed, SEEN)["x"]
            forged = self.forge(constants, state, z[:SEEN])
            return np.concatenate([np.column_stack([p, np.full(len(p), k)]) for k, p in enumerate((real, forged))]).astype(float)
        if stream == "slope":
            if not self.slopes:
                return np.zeros((0, 5))
            forged = self.forge(constants, state, z[:ARROWS])
            way = self.slope(constants, state, forged)
            reach = 0.08 * (high[0] - low[0]) / max(1e-12, float(np.quantile(np.hypot(*way.T), 0.9)))
            long = np.hypot(*(way * reach).T)[:, None]
            most = 0.12 * (high[0] - low[0])  # a slope may be of any size, an arrow may not
            return np.column_stack([forged, way * reach * np.minimum(1.0, most / np.maximum(long, 1e-12)), np.ones(len(forged))])
        if stream in ("found", "missed"):
            per = self._shares(constants, self.forge(constants, state, z))[0]
            chosen = self.modes()[(per > self.found_at) == (stream == "found")]
            return np.concatenate([ellipse(m, self.near**2 * np.eye(2)) for m in chosen], 1) if len(chosen) else np.full((2, 1), np.nan)
        if stream in ("bent", "square"):
            return self._grid(constants, state, bent=stream == "bent")
        return super().look(constants, state, tape, stream)

    def _grid(self, constants, state, *, bent):
        """Lines of equal noise along both axes (3, points): x, then y of those along z1, then of those along z2."""
        along, across = np.linspace(-REACH, REACH, ALONG), np.linspace(-REACH, REACH, LINES)
        lines = np.stack(np.broadcast_arrays(along[None, :], across[:, None]), -1).reshape(-1, 2)
        both = np.concatenate([lines, lines[:, ::-1]])
        z = np.zeros((len(both), max(2, self.noise)))
        z[:, :2] = both
        places = self.forge(constants, state, z[:, : self.noise]) if bent else both
        gaps = np.concatenate([places.reshape(2 * LINES, ALONG, 2), np.full((2 * LINES, 1, 2), np.nan)], 1).reshape(-1, 2)
        half = len(gaps) // 2
        first, second = gaps[:, 1].copy(), gaps[:, 1].copy()
        first[half:], second[:half] = np.nan, np.nan
        return np.stack([gaps[:, 0], first, second])

    def _line(self, constants, state, stream):
        bins = self.bins()
        edges = bins.edges[0]
        middle, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
        p, q = self.masses(constants, state)
        if stream == "densities":
            return np.stack([middle, p / width, q / width])
        if stream == "belief":
            known = p + q > 1e-6
            best = np.where(known, p / np.maximum(p + q, 1e-12), np.nan)
            return np.stack([middle, self.believe(constants, state, middle[:, None]), best])
        if stream == "marks":
            return np.stack([self.forge(constants, state, constants.extra["z"][:50])[:, 0], np.zeros(50)])
        z = np.zeros((201, self.noise))
        z[:, 0] = np.linspace(-3, 3, 201)
        below = np.cumsum(p)
        share = np.array([0.5 * (1 + math.erf(v / math.sqrt(2))) for v in z[:, 0]])
        best = np.interp(share, np.concatenate([[0.0], below]), edges)
        return np.stack([z[:, 0], self.forge(constants, state, z)[:, 0], best])

    def _digits(self, constants, state, stream):
        random = np.random.default_rng([int(state["drawn_noise"][0]), 11])
        forged = self.forge(constants, state, random.standard_normal((36, self.noise)))
        if stream == "forged digits":
            return tiled(forged.reshape(-1, 8, 8), 6, 6)
        if stream == "beliefs":
            return [{"digit": k + 1, "D": round(float(b), 3)} for k, b in enumerate(self.believe(constants, state, forged))]
        if stream == "nearest":
            rows = constants.extra["digits"]
            near = rows[distances(forged[:9], rows).argmin(1)]
            return tiled(np.concatenate([forged[:9], near]).reshape(-1, 8, 8), 2, 9)
        a, b = random.standard_normal((2, self.noise))
        part = np.linspace(0, np.pi / 2, 12)[:, None]
        return self.forge(constants, state, np.cos(part) * a + np.sin(part) * b).reshape(-1, 8, 8)

    @classmethod
    def figures(cls):
        """Modes, shares and losses of whole games; divergences against closed forms; the slope against differences."""
        found: dict[tuple, Any] = {}

        def games(run, seeds, **values):
            key = (seeds, *sorted(values.items()))
            if key not in found:
                found[key] = [run(cls(**values), seed=seed, record={}).summary for seed in range(seeds)]
            return found[key]

        def middle(what, seeds, **values):
            return lambda run: float(np.median([s[what] for s in games(run, seeds, **values)]))

        def pushed_normal(run):
            bins, z = Bins.over((-8.0,), (8.0,), BINS[0]), np.linspace(-6, 6, 4001)
            return kullback_leibler(pushed(z, 0.5 * z + 1, bins.edges[0]), pushed(z, z, bins.edges[0]))

        def told(run):
            """Largest difference of the drawn slope and central differences of G's loss, over the largest slope."""
            s = run(cls(steps=300), seed=1, record={}).simulation
            x = s.model.forge(s.constants, s.state, s.constants.extra["z"][:20])
            way, h = s.model.slope(s.constants, s.state, x), 1e-2
            for k in range(2):
                up, down = (s.model.believe(s.constants, s.state, x + d * np.eye(2)[k]) for d in (h, -h))
                way[:, k] += (np.log(down) - np.log(up)) / (2 * h)
            return float(np.median(np.abs(way)) / np.abs(s.model.slope(s.constants, s.state, x)).max())

        line, lost = cls.presets["One dimension"], cls.presets["Collapse"]
        source = "the lab's set-up: 64-64 ReLU He, Adam 1e-3 with beta1 0.5, minibatches of 128, D then G"
        yield Figure(
            "KL of N(1, 1/4) from N(0, 1), by G's own densities",
            0.5 * (0.25 + 1 - math.log(0.25) - 1),
            pushed_normal,
            1e-3,
            source="closed form",
        )
        yield Figure("slope at forged points against differences of the loss", 0.02, told, bound="at_most", source="central differences")
        yield Figure("ring of eight, modes found at 4000 steps", 8, middle("modes found", 5), source=source, slow=True)
        yield Figure("ring of eight, share near a mode", 0.6, middle("share near a mode", 5), bound="at_least", source=source, slow=True)
        yield Figure(
            "one dimension, mean of the forged points", 4.0, middle("mean", 5, **line), 0.15, source="the data: N(4, 1/4)", slow=True
        )
        yield Figure(
            "one dimension, loss of D",
            2 * math.log(2),
            middle("loss of D", 5, **line),
            0.05,
            source="Goodfellow et al., section 4.1",
            slow=True,
        )
        yield Figure("collapse: most modes at 6000 steps, of three seeds", 3, lambda run: float(max(s["modes found"] for s in games(run, 3, **lost))),
                     bound="at_most", source="radius 2, deviation 0.02, noise of 16 numbers, 128-128", slow=True)  # fmt: skip
