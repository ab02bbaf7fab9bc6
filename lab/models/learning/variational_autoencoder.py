"""The variational autoencoder: codes are clouds, and every place of the map means a picture."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from lab.errors import ModelError
from lab.model import COUNT, Bound, Figure, Preset, Stage, action, param
from lab.training import Objective, Perceptron, redeclared, walk
from lab.training import Stage as Layered
from lab.training.clouds import ACTIVE, Clouds
from lab.training.drawing import COLUMNS, hourglass
from lab.training.material import outline
from lab.training.perceptron import ACTIVATIONS, first_weights

NEAR = 0.5  # a place farther from the last one begins another path, except within a drag
WEIGHED = 200  # samples of an importance-weighted bound
RECONSTRUCTION, KL, UNITS = range(3)  # of the test part, at the last evaluation


def floor(x: np.ndarray) -> float:
    """Least Bernoulli cross-entropy of soft pixels, in nats per picture: what is left when every pixel is said exactly."""
    p = np.clip(x.astype(float), 1e-12, 1 - 1e-12)
    return float(-(p * np.log(p) + (1 - p) * np.log(1 - p)).sum(1).mean())


class VariationalAutoencoder(Clouds):
    """Learns to draw: each picture becomes a small cloud of codes, and every place among the clouds a picture that nobody drew.

    The encoder gives a mean and a deviation for each code, a code is drawn from that cloud, and the decoder must say the picture again.
    The loss has two terms: how badly the picture is said, and how far the cloud is from the standard normal distribution, which
    keeps all clouds around the middle and lets them touch. Their sum is a bound: no picture is less likely than it says. Try:

    - move over the map: the place under the mouse is decoded beside it; drag, and the way is decoded, too;
    - drag *beta*: at 0 the clouds shrink to points and places between them mean nothing; at 4 they all become the same cloud, and every
      place the same blurred digit;
    - draw a digit and see where it lands, with its cloud;
    - take the mean over the pixels instead of their sum, the commonest mistake: the second term wins, and the code is not used (*collapse*);
    - choose *conditional*: the class is told to both halves, and the code is free to say how it is written.

    How likely a picture is follows from codes of its own cloud, each weighed by how much likelier it is under the prior than in that cloud:
    *Importance weights* shows the weights of forty codes, and *Random numbers, and codes* the same random numbers before and after they were
    scaled and shifted, which is why slopes pass through a code that was drawn.

    The dashed line is the floor: grey pixels are not certain, and even a perfect copy costs that much. Clouds and samples follow
    from the seed.
    """

    name = "variational-autoencoder"
    title = "Variational autoencoder"
    group = "Generative models"
    icon = "mdi6.blur"
    order = 70
    also = "VAE; variational; latent variable; reparametrisation trick; ELBO; KL divergence; beta-VAE; generative model; posterior collapse; draw digits; conditional VAE; latent space of a generative model"
    equations = (
        r"q(z|x) = \mathcal{N}(\mu(x), \sigma^2(x)), \quad z = \mu + \sigma \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, I)",
        r"-\ln p(x) \leq \mathbb{E}_q[-\ln p(x|z)] + \beta\,\mathrm{KL}(q\,\|\,\mathcal{N}(0, I)) \qquad (\beta = 1)",
        r"\mathrm{KL} = \frac{1}{2} \sum_i (\sigma_i^2 + \mu_i^2 - \ln \sigma_i^2 - 1)",
        r"p(x) = \mathbb{E}_{z \sim q}\left[\frac{p(x|z)\,p(z)}{q(z|x)}\right]",
    )
    symbols = r"\mu: mean of the code; \sigma: its standard deviation; \varepsilon: noise; I: identity matrix"
    source = (
        "Kingma and Welling, ICLR (2014), equation 10 and appendix B; Rezende, Mohamed and Wierstra, ICML 31:1278 (2014); Higgins et al. (beta), ICLR (2017); "
        "Burda, Grosse and Salakhutdinov (active units, weighted bound), ICLR (2016); Sohn, Lee and Yan (conditional), NIPS 28 (2015)"
    )
    metric: ClassVar[str] = "euclidean"
    draws: ClassVar[bool] = True
    judged: ClassVar[str] = "bound"
    presets = {
        "Two numbers: a map": Preset({}, shows="active units = 2 and negative ELBO < 25.6", slow=True),
        "Eight numbers": Preset({"code": 8}, shows="active units > 5 and KL > 3", slow=True),
        "Conditional: the class is told": Preset({"conditional": True}, shows="negative ELBO < 22 and KL > 0.5", slow=True),
        "beta = 0: an autoencoder with noise": Preset({"beta": 0.0}, shows="KL > 10", slow=True),
        "beta = 2: some numbers are not used": Preset({"code": 8, "beta": 2.0}, shows="active units < 8 and KL < 1.6", slow=True),
        "beta = 4: collapse": Preset({"code": 8, "beta": 4.0}, shows="active units = 0 and KL < 0.1", slow=True),
        "The mean over the pixels: collapse": Preset({"pixels": "mean", "code": 8}, shows="active units = 0 and KL < 0.1", slow=True),
        "Gaussian pixels": Preset({"likelihood": "Gaussian"}, shows="active units = 2 and KL > 4", slow=True),
    }

    code: int = param(2, "numbers", lo=1, hi=64, log=True, live=False, main=True, group="Network", doc="Numbers of the code.")
    beta: float = param(1.0, lo=0.0, hi=200.0, main=True, group="Loss", doc="Weight of the second term; 1 makes the loss a bound of -ln p(x).",
                        soft=(0.0, 6.0), symbol=r"\beta", marks={"bound": 1.0})  # fmt: skip
    likelihood: str = param("Bernoulli", choices=("Bernoulli", "Gaussian"), live=False, group="Loss",
                            doc="What a pixel is drawn from: black or white with a probability, or a grey value with noise.")  # fmt: skip
    deviation: float = param(
        0.2, lo=0.01, hi=10.0, log=True, group="Loss", when=("likelihood", "Gaussian"), doc="Deviation of the noise of a pixel."
    )
    pixels: str = param("sum", choices=("sum", "mean"), group="Loss", label="Over the pixels",
                        doc="What the first term takes over the pixels. The mean is a mistake: it makes the term as many times smaller as there are pixels.")  # fmt: skip
    conditional: bool = param(False, live=False, group="Network", doc="Tell the class to the encoder and to the decoder.")
    told: int = param(
        0, lo=0, hi=999, group="Network", when=("conditional", True), label="Class told", doc="Class for which places are decoded."
    )
    hidden: str = redeclared(Perceptron, "hidden", "128", main=False)
    activation: str = redeclared(Perceptron, "activation", "ReLU", main=False)
    rate: float = redeclared(Perceptron, "rate", 2e-3)
    batch: int = redeclared(Perceptron, "batch", 64)
    epochs: int = redeclared(Perceptron, "epochs", 100)
    evaluate: float = redeclared(Perceptron, "evaluate", 2.0)

    def check(self):
        """Refuse data without classes where the class shall be told, and pixels beyond 0 and 1 as probabilities."""
        super().check()
        shape = outline(self)
        if self.conditional and shape.task != "classification":
            raise self.refuse("conditional", f"needs data with classes, and {self.data} has none")
        if self.likelihood == "Bernoulli" and shape.picture is None and self.data != "file":
            raise self.refuse("likelihood", f"must be Gaussian for {self.data}: only pixels lie between 0 and 1")

    # -- the network --

    @property
    def task(self) -> str:
        """The input is the target."""
        return "reconstruction"

    @property
    def objectives(self):
        """One loss with two terms, each recorded."""
        return (Objective("loss", "loss", self.rule(), scores=("reconstruction", "KL")),)

    def columns(self):
        """Both terms are known of each step."""
        return ["loss"], ["gradient"], ["reconstruction", "KL"]

    def stage_names(self):
        """encoder1 ..., mean, log_variance, decoder1 ..., output."""
        n = len(self.widths)
        return (*(f"encoder{k + 1}" for k in range(n)), "mean", "log_variance", *(f"decoder{k + 1}" for k in range(n)), "output")

    def given(self, x, t):
        """The class, too, where it is told."""
        return {"x": x, "t": t} if self.conditional else {"x": x}

    def network(self, tape, x, outputs):
        """Encoder, the cloud, a code drawn from it, decoder."""
        kind, init, stages, h = ACTIVATIONS[self.activation], first_weights(self.initialiser, self.activation), [], x
        told = tape.one_hot(tape.labels("t", outline(self).outputs), name="told") if self.conditional else None
        h = h if told is None else tape.concatenate([h, told], name="seen")
        for k, units in enumerate(self.widths):
            h = tape.activation(tape.affine(h, units, init=init, name=f"encoder{k + 1}"), kind, name=f"encoder{k + 1}.out")
            stages.append(Layered(f"encoder{k + 1}", f"encoder{k + 1}.weight", h.name))
        mean = tape.affine(h, self.code, init="xavier", name="mean")
        spread = tape.affine(h, self.code, init="small", name="log_variance")
        stages += [Layered("mean", "mean.weight", "mean"), Layered("log_variance", "log_variance.weight", "log_variance")]
        sigma = tape.exp(tape.scale(spread, 0.5), name="sigma")
        z = tape.add(mean, tape.multiply(tape.gaussian((self.code,), name="epsilon"), sigma), name="z")
        output, rest = self._decoder(tape, z, x.shape[0], told)
        return output, (*stages, *rest)

    def _decoder(self, tape, z, inputs, told):
        kind, init, stages = ACTIVATIONS[self.activation], first_weights(self.initialiser, self.activation), []
        h = z if told is None else tape.concatenate([z, told], name="code")
        for k, units in enumerate(reversed(self.widths)):
            h = tape.activation(tape.affine(h, units, init=init, name=f"decoder{k + 1}"), kind, name=f"decoder{k + 1}.out")
            stages.append(Layered(f"decoder{k + 1}", f"decoder{k + 1}.weight", h.name))
        output = tape.affine(h, inputs, init="xavier", name="output")
        stages.append(Layered("output", "output.weight", "output"))
        return tape.activation(output, "logistic" if self.likelihood == "Bernoulli" else "identity", name="picture"), stages

    def goal(self, tape, x, output, outputs):
        """Both terms in nats; the bound is their plain sum."""
        if self.likelihood == "Bernoulli":
            said = tape.bernoulli(tape.find("output"), x, name="reconstruction")
        else:
            said = tape.scale(tape.squared_error(output, x), 1.0, 0.0, name="reconstruction")
        far = tape.kl_gaussian(tape.find("mean"), tape.find("log_variance"), name="KL")
        tape.add(said, far, name="bound")
        return tape.add(tape.scale(said, 1.0, name="weight"), tape.scale(far, 1.0, name="beta"), name="loss")

    def numbers(self):
        """beta, the weight of the first term, and the noise of a pixel."""
        inputs = outline(self).inputs
        found = {"beta.factor": self.beta, "weight.factor": 1.0 / inputs if self.pixels == "mean" else 1.0}
        if self.likelihood == "Gaussian":
            found |= {
                "reconstruction.factor": self.deviation**-2,
                "reconstruction.offset": 0.5 * inputs * math.log(2 * math.pi * self.deviation**2),
            }
        return found

    def build(self, seed):
        """The floor of the first term, too."""
        constants = super().build(seed)
        x = constants.material.x
        if self.likelihood == "Bernoulli" and (x.min() < 0 or x.max() > 1):  # known of a file only once it is read
            raise ModelError(
                f"{self.name}.likelihood: Bernoulli needs values from 0 to 1, and those of {self.data} lie between {x.min():.3g} and {x.max():.3g}: "
                "choose Gaussian."
            )
        return replace(constants, extra={"floor": floor(constants.material.test_x) if self.likelihood == "Bernoulli" else 0.0})

    def state_bounds(self, constants, state, step):
        """The path and the samples shown, too."""
        return super().state_bounds(constants, state, step) | {"path": Bound(shape=((0, 10_000), 2)), "drawn_samples": COUNT}

    def start(self, constants, seed):
        """The place under the mouse, the path and the samples shown, too."""
        return super().start(constants, seed) | {
            "place": np.zeros(2),
            "path": np.zeros((0, 2)),
            "drawn_samples": np.zeros(1, np.int64),
            "terms": np.zeros(3),
            "weighed": np.zeros(2),  # bound by importance weights, and how many epochs were done
        }

    # -- the run --

    def _look(self, constants, state, tape, out, step, watch):
        """Both terms of the test part, and how many units are used."""
        super()._look(constants, state, tape, out, step, watch)
        said, far, mean = constants.program.sweep(tape, self.probe(constants).data, ["reconstruction", "KL", "mean"])
        seen = self.probe(constants).seen
        state["terms"][:] = said[seen:].mean(dtype=float), far[seen:].mean(dtype=float), np.count_nonzero(mean[seen:].var(0) > ACTIVE)
        for channel, value in enumerate(state["terms"]):
            out.events["test terms" if channel < UNITS else "active units"].append(step, channel % UNITS, float(value))

    def advance(self, constants, state, n, out):
        """The floor stands still beside the losses."""
        done = super().advance(constants, state, n, out)
        if out.wanted("floor"):
            out["floor"][:done] = self._floor(constants)
        return done

    def _floor(self, constants) -> float:
        if self.likelihood == "Bernoulli":
            return constants.extra["floor"]
        return 0.5 * constants.outline.inputs * math.log(2 * math.pi * self.deviation**2)

    def summary(self, constants, state) -> dict[str, Any]:
        """Both terms, the bound, and what is used of the code."""
        found = super().summary(constants, state)
        if state["figures"][8]:
            said, far, used = state["terms"]
            found = {
                "negative ELBO (nats)": float(said + far),
                "reconstruction (nats)": float(said),
                "KL (nats)": float(far),
                "active units": int(used),
            } | found
        if state["weighed"][1]:
            found["-ln p(x) by weights (nats)"] = float(state["weighed"][0])
        logs = self.importance(constants, state)
        top = float(logs.max())
        weights = np.exp(logs - top)
        found["codes that count"] = float(weights.sum() ** 2 / (weights**2).sum())
        found["-ln p(x) of this picture (nats)"] = -(top + float(np.log(weights.mean())))
        return found | {"floor (nats)": self._floor(constants)}

    def phases(self, constants):
        """Encode, draw, decode, both terms, backward, update."""
        stages, n = constants.stages, len(self.widths)
        forward = [walk.part(stages, 0, k) for k in range(n + 2)]
        draw = walk.Part("draw a code from the cloud", ("z",), partial(_drawing, self), kind=0, layer=n + 1)
        decode = [walk.part(stages, 0, k) for k in range(n + 2, len(stages))]
        terms = walk.Part("both terms", ("loss",), partial(_terms, self), kind=1, layer=len(stages) - 1)
        back = [walk.part(stages, 2, k) for k in reversed(range(len(stages)))]
        update = [walk.part(stages, 3, k, learns=("loss",) if k == len(stages) - 1 else ()) for k in range(len(stages))]
        return (*forward, draw, *decode, terms, *back, *update)

    # -- what can be looked at --

    def drawn_layers(self, shape):
        """The hourglass, its middle the mean of each cloud; none where the class is told beside."""
        if self.conditional or 2 * len(self.widths) + 3 > COLUMNS:
            return ()
        return hourglass(shape.inputs, self.widths, self.code, "mean", bool(shape.picture))

    @property
    def seconds(self):
        """Half a minute for a person who watches."""
        return 30.0

    @property
    def stage(self):
        """The map large, what is decoded and both terms beside it; drawing below."""
        if outline(self).picture is None:
            return Stage("map", companions=("terms", "used units"), drawers=(("Drawing codes", ("drawn", "importance")),))
        return Stage(
            "map", companions=(("decoded", "said again"), "walk over the map"), below=("terms", "canvas", "decoded path", "dreamt"),
            drawers=(*((("Network", ("network",)),) if self.drawn_layers(outline(self)) else ()), ("Drawing codes", ("drawn", "importance")), ("In and out", ("reconstructions", "used units", "active units"))),
        )  # fmt: skip

    @property
    def pictures(self):
        """Map, terms and what is decoded before the curves of every training; what one draws beside where it lands."""
        first = (
            "map",
            "decoded",
            "walk over the map",
            "terms",
            "canvas",
            "said again",
            "decoded path",
            "samples",
            "reconstructions",
            "units",
        )
        found = {p.name: replace(p, front=p.name in first[:6] or (self.slow and p.name == "matrices")) for p in super().pictures}
        begin = ("matrices", *first) if self.slow else first
        return (*(found[name] for name in begin if name in found), *(p for name, p in found.items() if name not in begin))

    # -- what a person may do --

    @action("Decode a place", hidden=True, x=(float, param(0.0, lo=-1e6, hi=1e6, doc="First coordinate on the map.")),
            y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Second coordinate on the map.")),
            goes_on=(bool, param(False, doc="This place goes on with a drag: the way leads to it from the last one, however far.")))  # fmt: skip
    def decode_place(self, constants, state, x, y, goes_on):
        """Show the picture that a place on the map stands for; the places of a drag, or near one another, make a way that is decoded, too."""
        self._need_picture(constants)
        here = np.array([[x, y]])
        goes_on = goes_on or float(np.hypot(*(here[0] - state["place"]))) < NEAR
        state["path"] = np.concatenate([state["path"], here])[-400:] if goes_on and len(state["path"]) else here
        state["place"][:] = x, y

    @action("Decode along a path", hidden=True, path=(tuple[tuple[float, float], ...], param(
        ((0.0, 0.0), (1.0, 0.0)), kind="drawn", doc="Corners of the path on the map.")))  # fmt: skip
    def decode_path(self, constants, state, path):
        """Show the pictures that the places along a path on the map stand for."""
        self._need_picture(constants)
        corners = np.array(path, float).reshape(-1, 2)
        if len(corners) < 2:
            raise ModelError(f"{self.name}.decode_path: a path has at least 2 corners (got {len(corners)}).")
        state["path"] = corners

    @action("Draw samples", shortcut="S")
    def draw_samples(self, constants, state):
        """Draw other codes from the standard normal distribution."""
        state["drawn_samples"][0] += 1

    @action("Weigh the bound")
    def weigh(self, constants, state):
        """Estimate -ln p(x) of the test part by importance weights, a bound closer than the loss: 200 codes for each example."""
        state["weighed"][:] = self.weighted_bound(constants, state), 1.0

    def weighted_bound(self, constants, state, count: int = WEIGHED) -> float:
        """-ln mean of p(x|z) p(z) / q(z|x) over codes drawn from q, mean over up to 200 test examples, in nats."""
        x, t = (part[:200] for part in self._tests(constants))
        tape, logs = self.tape_state(constants, state), []
        for seed in range(count):
            said, z, mean, spread = constants.program.forward(
                tape, ["reconstruction", "z", "mean", "log_variance"], seed=seed, **self.given(x, t)
            )
            logs.append(0.5 * (((z - mean) ** 2 * np.exp(-spread) + spread) - z**2).sum(1, dtype=float) - said)
        top = np.max(logs, 0)
        return float(-(top + np.log(np.exp(logs - top).mean(0))).mean())

    @classmethod
    def figures(cls):
        """Bounds on the test digits, medians of three seeds; and what the bound is made of."""
        found: dict[tuple, Any] = {}

        def trained(run, seed, **values):
            key = (seed, *sorted(values.items()))
            if key not in found:
                found[key] = run(cls(evaluate=100.0, **values), seed=seed, record={}).simulation
            return found[key]

        def terms(run, what, **values):
            return float(np.median([trained(run, seed, **values).summary()[what] for seed in (0, 1, 2)]))

        def spread(run):
            s = trained(run, 0)
            tape, (x, t) = s.model.tape_state(s.constants, s.state), s.model._tests(s.constants)
            seeds = [float(s.constants.program.forward(tape, "bound", seed=k, **s.model.given(x, t)).mean()) for k in range(1, 6)]
            return abs(s.summary()["negative ELBO (nats)"] - float(np.mean(seeds)))

        def closed(run):
            """Largest difference of the closed form of KL and its mean over 20,000 drawn codes, in standard errors."""
            s = run(cls(code=8), steps=200, seed=0, record={}).simulation
            tape, (x, t) = s.model.tape_state(s.constants, s.state), s.model._tests(s.constants)
            mean, sigma = (a[:20] for a in s.model.codes(s.constants, tape, x, t))
            z = mean + sigma * np.random.default_rng(1).standard_normal((20_000, *mean.shape))
            logs = (0.5 * (z**2 - ((z - mean) / sigma) ** 2) - np.log(sigma)).sum(-1)
            exact = s.constants.program.forward(tape, "KL", **s.model.given(x, t))[:20]
            return float((np.abs(logs.mean(0) - exact) / (logs.std(0) / math.sqrt(len(z)))).max())

        def below(run):
            s = trained(run, 0)
            return s.summary()["negative ELBO (nats)"] - s.model.weighted_bound(s.constants, s.state)

        def summed(run):
            """-ln p(x) of a picture by importance weights of 4000 codes, against a sum over a fine grid of all codes."""
            s = run(cls(), steps=300, seed=0, record={}).simulation
            logs = s.model.importance(s.constants, s.state, 4000)
            weighed = float(np.log(np.mean(np.exp(logs - logs.max()))) + logs.max())
            places, step = np.linspace(-6.0, 6.0, 121, retstep=True)
            z = np.stack(np.meshgrid(places, places), -1).reshape(-1, 2)
            tape, (x, t) = s.model.tape_state(s.constants, s.state), s.model._sight(s.constants, s.state)
            heights = s.model._weigh(s.constants, tape, x, t, z)
            whole = float(np.log(np.exp(heights - heights.max()).sum() * step**2 / (2 * math.pi)) + heights.max())
            return abs(weighed - whole)

        source = "the lab's set-up: digits / 16, 64-128-z-128-64, Adam 2e-3, minibatches of 64, 100 epochs"
        yield Figure(
            "floor of soft pixels (nats)",
            13.67,
            lambda run: run(cls(), steps=0, record={}).summary["floor (nats)"],
            0.15,
            source="-sum p ln p",
        )
        yield Figure(
            "-ln p(x) by importance weights against a sum over all codes (nats)",
            0.05,
            summed,
            bound="at_most",
            source="p(x) = integral of p(x|z) p(z)",
        )
        yield Figure(
            "KL in closed form against drawn codes (standard errors)", 4.5, closed, bound="at_most", source="Kingma and Welling, appendix B"
        )
        yield Figure("-ELBO, z = 2 (nats)", 25.3, lambda run: terms(run, "negative ELBO (nats)"), bound="at_most", source=source, slow=True)
        yield Figure(
            "-ELBO, z = 8 (nats)", 25.3, lambda run: terms(run, "negative ELBO (nats)", code=8), bound="at_most", source=source, slow=True
        )
        yield Figure(
            "KL, z = 2: it does not collapse", 0.5, lambda run: terms(run, "KL (nats)"), bound="at_least", source=source, slow=True
        )
        yield Figure(
            "KL, z = 8: it does not collapse", 0.5, lambda run: terms(run, "KL (nats)", code=8), bound="at_least", source=source, slow=True
        )
        yield Figure(
            "evaluation against the mean of five seeds (nats)", 0.2, spread, bound="at_most", source="one code for each example", slow=True
        )
        yield Figure(
            "weighted bound below negative ELBO (nats)",
            0.0,
            below,
            bound="at_least",
            source="Burda, Grosse and Salakhutdinov (2016), theorem 1",
            slow=True,
        )
        yield Figure("KL with the mean over the pixels: it collapses", 0.05, lambda run: terms(run, "KL (nats)", pixels="mean", code=8),
                     bound="at_most", source="a sum over codes against a mean over pixels", slow=True)  # fmt: skip


def _drawing(model, _, c, state, tape):
    """The cloud and the code drawn from it, as the update will draw it."""
    copy = {name: array.copy() for name, array in tape.items()}
    samples: dict[str, Any] = model.slow_samples(c, state)
    c.program.step(copy, **samples)
    mean, sigma, noise, z = (c.program.last(name)[:1].astype(float) for name in ("mean", "sigma", "epsilon", "z"))
    return [
        {"name": "", "values": None, "note": f"{walk.label(model, c, state)}.  z = mean + sigma epsilon"},
        {"name": "mean", "at": (0, 0), "values": mean, "note": "middle of the cloud"},
        {"name": "sigma", "at": (1, 0), "values": sigma, "note": "its deviation, exp(log variance / 2)"},
        {"name": "epsilon", "at": (2, 0), "values": noise, "lit": True, "note": "drawn from the standard normal distribution"},
        {"name": "z", "at": (3, 0), "values": z, "lit": True, "note": "z = mean + sigma epsilon"},
    ]


def _terms(model, _, c, state, tape):
    """Both terms of the loss, pixel by pixel and number by number."""
    copy = {name: array.copy() for name, array in tape.items()}
    samples: dict[str, Any] = model.slow_samples(c, state)
    c.program.step(copy, **samples)
    said, far, mean, spread, output = (
        np.atleast_1d(c.program.last(name))[:1].astype(float) for name in ("reconstruction", "KL", "mean", "log_variance", "output")
    )
    x = samples["x"][0].astype(float)
    if model.likelihood == "Bernoulli":
        p = 1 / (1 + np.exp(-output[0]))
        cost = -(x * np.log(p) + (1 - x) * np.log(1 - p))
    else:
        p, cost = output[0], (x - output[0]) ** 2 / (2 * model.deviation**2)
    shape = c.outline.picture or (1, x.size)
    first = "-x ln p - (1 - x) ln(1 - p)" if model.likelihood == "Bernoulli" else "(x - p)^2 / (2 deviation^2)"
    return [
        {"name": "", "values": None, "note": f"{walk.label(model, c, state)}.  {said[0]:.4g} + {model.beta:g} x {far[0]:.4g} nats"},
        {"name": "x", "at": (0, 0), "values": x.reshape(shape), "note": "what went in"},
        {"name": "p", "at": (0, 1), "values": p.reshape(shape), "note": "what comes out"},
        {"name": "cost of a pixel", "at": (0, 2), "values": cost.reshape(shape), "lit": True, "note": first},
        {"name": "cost of a number", "at": (1, 0), "values": 0.5 * (np.exp(spread) + mean**2 - spread - 1), "lit": True, "note": "(sigma^2 + mean^2 - ln sigma^2 - 1) / 2"},
    ]  # fmt: skip
