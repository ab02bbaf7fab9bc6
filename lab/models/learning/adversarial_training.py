"""Learning not to be fooled: adversarial training and TRADES, and what robustness costs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from lab.model import Figure, Layer, Picture, Preset, Stage, Stream, param
from lab.params.bounds import Bound
from lab.tape.interpreter import STEP
from lab.training import readings, redeclared
from lab.training.again import Again
from lab.training.attacks import NORMS, Ball, Climb, fooled, withstood
from lab.training.classifier import Classifier
from lab.training.geometry import contours
from lab.training.material import outline
from lab.training.pace import works

DEFENCES = ("none", "adversarial training", "TRADES", "TRADES, hinge")
INNER = 40  # most inner steps
STEPS, JUDGE, RESTARTS = 10, 20, 2  # inner steps, those of the judge and its starts, by default
JUDGED, DRAWN = 360, 100  # test examples by which robustness is judged, and those of the curve against eps
AGAINST = 7  # places of the curve
SHOWN = 8  # attacked pictures
POINTS, TRAIL = 64, 256  # settings that the frontier remembers, and evaluations on the way
ARROWS = 80
MOONS = {"data": "moons", "n": 600, "test_fraction": 0.4, "noise": 0.1, "hidden": "32-32", "eps": 0.3, "judged_at": 0.3, "farthest": 0.6, "epochs": 200, "rate": 3e-3,
         "evaluate": 5.0}  # fmt: skip
DEFENCE, BETA, EPS, MIX, CLEAN, ROBUST, FAR = range(7)  # columns of the frontier


class AdversarialTraining(Classifier):
    """A network learns from examples that were attacked a moment ago, and withstands; it pays for that with clean accuracy.

    In every step some steps of ascent look for the worst input x' in the ball around each example, then the weights descend.
    *Adversarial training* puts x' in the place of x (or, with a share, beside it). *TRADES* asks for two things, and beta weighs
    them: that clean examples are read rightly, and that nothing in the ball is read differently from its middle, so that no example lies
    close to the boundary. The robust error R_rob is the natural error R_nat and that part at the boundary. Try:

    - press play, and watch robust accuracy rise where plain training leaves none; then choose *none* while it runs, and watch it go;
    - move beta: each value leaves its point on the frontier of clean against robust accuracy. *Beta rises by itself* draws it in one run;
    - look at the attacked digits: an attack on a robust network must draw strokes of another digit, not specks;
    - choose moons: as beta grows the boundary moves away from the points, and the ball of each fits in;
    - the hinge form with f(x) T, for two classes -1 and 1: f is the difference of both logits.

    Judged by a stronger attack than it was trained with: at least twice the steps, and several starts of chance.
    """

    name = "adversarial-training"
    title = "Adversarial training and TRADES"
    group = "Attack and defence"
    icon = "mdi6.shield-half-full"
    order = 86
    also = "TRADES; robust training; defence; defense; adversarial robustness; Madry; robust accuracy; natural error; accuracy robustness trade-off; minimax training"
    equations = (
        r"\min_\theta \mathbb{E}\left[\max_{x' \in B(x, \varepsilon)} E(f(x'), t)\right] \quad \mathrm{(adversarial\ training)}",
        r"R_{rob} = \mathbb{E}\left[1\{\exists\, x' \in B(x, \varepsilon): f(x')\, T \leq 0\}\right] = R_{nat} + R_{bdy}",
        r"\min_f \mathbb{E}\left[\phi(f(x)\, T) + \max_{x' \in B(x, \varepsilon)} \phi(\beta f(x) f(x'))\right], \quad \phi(z) = \max(0, 1 - z)",
        r"\min_\theta \mathbb{E}\left[E(f(x), t) + \beta \max_{x' \in B(x, \varepsilon)} \mathrm{KL}(f(x) \,\|\, f(x'))\right] \quad \mathrm{(TRADES)}",
    )
    symbols = r"B: ball around an example; E: loss; t: class as a number; T: class as a sign; \phi: hinge loss; z: its argument"
    source = (
        "Goodfellow, Shlens and Szegedy, arXiv:1412.6572 (2014); Madry et al., Towards deep learning models resistant to adversarial attacks, ICLR (2018); "
        "Zhang et al., Theoretically principled trade-off between robustness and accuracy (TRADES), ICML (2019)"
    )
    presets = {
        "TRADES": Preset({}, shows="robust accuracy > 0.76 and clean accuracy > 0.94", slow=True),
        "Adversarial training (PGD-7)": Preset({"defence": "adversarial training", "inner": 7}, shows="robust accuracy > 0.76 and clean accuracy > 0.94", slow=True),
        "Nothing done about it": Preset({"defence": "none"}, shows="robust accuracy < 0.6 and clean accuracy > 0.95", slow=True),
        "Beta rises by itself: the frontier": Preset({"betas": "0-0.5-1-2-4-8", "epochs": 120, "evaluate": 10.0}, shows="min(frontier y) < 0.65 and max(frontier y) > 0.75 and robust accuracy at 2 eps > 0.2", slow=True),
        "Half of the examples attacked": Preset({"defence": "adversarial training", "share": 0.5}, shows="robust accuracy > 0.7 and clean accuracy > 0.94", slow=True),
        "Moons: the boundary keeps its distance": Preset(MOONS | {"beta": 3.0}, shows="robust accuracy > 0.7 and clean accuracy > 0.9", slow=True),
        "Moons, nothing done: the balls reach across": Preset(MOONS | {"defence": "none"}, shows="robust accuracy < 0.65 and clean accuracy > 0.97", slow=True),
        "Moons, hinge form": Preset(MOONS | {"defence": "TRADES, hinge", "beta": 1.0}, shows="robust accuracy > 0.7 and clean accuracy > 0.9", slow=True),
        "Convolutional network": Preset({"layers": "convolutional", "epochs": 40}, shows="robust accuracy > 0.64 and clean accuracy > 0.88", slow=True),
    }  # fmt: skip

    defence: str = param("TRADES", choices=DEFENCES, builds=True, main=True, group="Defence",
                         doc="What is minimised; another one goes on with the weights that are there.")  # fmt: skip
    beta: float = param(6.0, lo=0.0, hi=100.0, main=True, group="Defence", soft=(0.0, 12.0), symbol=r"\beta", when=("defence", DEFENCES[2:]),
                        doc="Weight of the part at the boundary.")  # fmt: skip
    eps: float = param(0.1, lo=0.0, hi=10.0, main=True, group="Defence", label="Ball size", soft=(0.0, 0.3), symbol=r"\epsilon",
                       doc="Size of the ball in which training looks for the worst input.")  # fmt: skip
    share: float = param(
        1.0,
        lo=0.0,
        hi=1.0,
        group="Defence",
        when=("defence", "adversarial training"),
        label="Attacked share",
        doc="Weight of attacked examples; the rest is the loss of clean ones.",
    )
    norm: str = param(
        "infinity",
        choices=NORMS,
        builds=True,
        group="Defence",
        doc="What is small: the largest change of any value (infinity), or the length of the change (2).",
    )
    inner: int = param(
        STEPS, "steps", lo=1, hi=INNER, group="Defence", label="Inner steps", soft=(1, 20), doc="Steps of ascent for each minibatch."
    )
    stride: float = param(
        0.25,
        "eps",
        lo=0.001,
        hi=2.0,
        log=True,
        group="Defence",
        label="Length of an inner step",
        doc="Length of an inner step, as a part of eps.",
    )
    betas: str = param("", live=False, group="Defence", when=("defence", DEFENCES[2:]), label="Beta by itself",
                       doc="Values of beta, one after the other in equal parts of the run, such as 0-1-3-6 (empty: beta is yours).")  # fmt: skip
    judged_at: float = param(
        0.1,
        lo=0.0,
        hi=10.0,
        group="Evaluation",
        label="Judged at eps",
        soft=(0.0, 0.3),
        doc="Size of the ball in which robustness is judged, and twice that.",
    )
    judge: int = param(
        JUDGE,
        "steps",
        lo=1,
        hi=100,
        group="Evaluation",
        label="Steps of the judge",
        doc="Steps of the attack that judges, at least; never fewer than twice the inner ones.",
    )
    restarts: int = param(2, "starts", lo=1, hi=20, group="Evaluation", doc="Starts of chance of the attack that judges; the worst counts.")
    farthest: float = param(
        0.3, lo=0.01, hi=10.0, log=True, group="Evaluation", label="Curve up to", doc="Largest eps of the curve of accuracies."
    )
    rate: float = redeclared(Classifier, "rate", 1e-3, main=False)
    epochs: int = redeclared(Classifier, "epochs", 60)
    evaluate: float = redeclared(Classifier, "evaluate", 2.0)
    looking: float = redeclared(Classifier, "looking", 0.3)

    judged = "natural"

    @property
    def seconds(self):
        """Half a minute for a person who watches."""
        return 30.0

    @property
    def rising(self) -> tuple[float, ...]:
        """Values of beta that follow one another by themselves."""
        return tuple(float(b) for b in self.betas.split("-") if b.strip())

    def check(self):
        """Refuse what cannot be shared by clean and attacked examples, and what is no list of betas."""
        super().check()
        parts = [b.strip() for b in self.betas.split("-")] if self.betas.strip() else []
        try:
            good = all(0.0 <= float(b) <= 100.0 for b in parts) and len(parts) <= 32
        except ValueError:
            good = False
        if not good:
            raise self.refuse("betas", "must be up to 32 numbers from 0 to 100 joined by '-', such as 0-1-3-6")
        if self.normalise != "none":
            raise self.refuse(
                "normalise", "must be none: clean and attacked examples share the layers, and a normalisation has running values of its own"
            )
        if self.dale == "positive weights":
            raise self.refuse("dale", "must be off or signed columns where clean and attacked examples share the layers")
        if self.shift or self.flip or self.input_noise:
            name = "shift" if self.shift else "flip" if self.flip else "input_noise"
            raise self.refuse(name, "must be off: the ball stands around the examples as they are")
        if self.defence == DEFENCES[3] and self.data != "file" and outline(self).outputs != 2:
            raise self.refuse(
                "defence", f"must be another one: the hinge form tells two classes apart, and {self.data} has {outline(self).outputs}"
            )

    # -- what is minimised --

    def goal(self, tape, x, output, outputs):
        """The natural loss, and what the worst neighbour adds to it."""
        t = tape.labels("t", outputs)
        tape.record("accuracy", tape.accuracy(output, t))
        natural = tape.cross_entropy(output, t, name="natural")
        if self.defence == "none":
            return tape.scale(natural, 1.0, name="loss")
        if self.defence == DEFENCES[3] and outputs != 2:
            raise self.refuse("defence", f"must be another one: the hinge form tells two classes apart, and these data have {outputs}")
        start = tape.uniform(x.shape, -1.0, 1.0) if self.defence == DEFENCES[1] else tape.gaussian(x.shape)
        near = tape.free("near", x.shape, start=x + tape.scale(start, 0.0, name="start"))
        other, _ = self.network(Again(tape, "near."), near, outputs)
        if self.defence == DEFENCES[1]:
            climbed = tape.cross_entropy(other, t, name="attacked")
            loss = tape.scale(natural, 0.0, name="clean share") + tape.scale(climbed, 1.0, name="attacked share")
        elif self.defence == DEFENCES[2]:
            climbed = tape.kl_categorical(output, other, name="boundary")
            loss = natural + tape.scale(climbed, 1.0, name="beta")
        else:
            sides = tape.constant("sides", [-1.0, 1.0])
            f, f_near, true = (
                tape.sum(tape.multiply(v, sides), name=n) for v, n in ((output, "f"), (other, "f near"), (tape.one_hot(t), "T"))
            )
            first = tape.relu(tape.scale(f * true, -1.0, 1.0), name="hinge")
            both = f * f_near
            # phi falls, so that its maximum lies where f(x) f(x') is least; phi itself is flat where the margin is large.
            climbed = tape.scale(both, -1.0, name="crossing")
            loss = first + tape.relu(tape.scale(both, -1.0, 1.0, name="beta"), name="boundary")
        low, high = (0.0, 1.0) if outline(self).picture else (-math.inf, math.inf)
        tape.settle(
            climbed, [near], steps=INNER, rate=0.0, rule="sign" if self.norm == "infinity" else "normalised", ascend=True, ball=(x, 0.0),
            norm=math.inf if self.norm == "infinity" else 2, low=low, high=high, name="attack",
        )  # fmt: skip
        return tape.scale(loss, 1.0, name="loss")

    def numbers(self):
        """Beta, the ball and the inner steps."""
        if self.defence == "none":
            return {}
        found = {
            "attack.eps": self.eps, "attack.rate": self.stride * self.eps, "attack.steps": float(self.inner),
            "start.factor": self.eps if self.defence == DEFENCES[1] else min(1e-3, self.eps),
        }  # fmt: skip
        if self.defence == DEFENCES[1]:
            return found | {"clean share.factor": 1.0 - self.share, "attacked share.factor": self.share}
        return found | {"beta.factor": self.beta if self.defence == DEFENCES[2] else -self.beta}

    def beta_at(self, step: int) -> float:
        """Beta in the minibatch that follows `step` others."""
        rising = self.rising
        return rising[min(len(rising) * step // max(1, self.length), len(rising) - 1)] if rising else self.beta

    def tape_state(self, constants, state, only=()):
        """Beta as it is by now."""
        tape = super().tape_state(constants, state, only)
        self._set_beta(constants, state, tape)
        return tape

    def _set_beta(self, constants, state, tape):
        if self.rising and self.defence in DEFENCES[2:]:
            beta = self.beta_at(int(state["counters"][STEP]))
            constants.program.set(tape, "beta.factor", beta if self.defence == DEFENCES[2] else -beta)

    def learn(self, constants, state, tape, steps, watch):
        """Not past the place where beta changes by itself."""
        self._set_beta(constants, state, tape)
        return super().learn(constants, state, tape, steps, watch)

    def next_look(self, constants, step):
        """Each beta is judged before the next one begins."""
        found, parts = super().next_look(constants, step), len(self.rising)
        if not parts:
            return found
        # The first step of part k + 1 is the least s with parts * s // length > k.
        k = parts * step // self.length
        return min(found, -(-(k + 1) * self.length // parts))

    # -- how it is judged --

    def ball(self, constants, eps=None) -> Ball:
        """The ball in which it is judged."""
        return constants.extra["attack"].ball(self.judged_at if eps is None else eps, self.norm)

    def judging(self) -> Climb:
        """The attack that judges: stronger than the one that was trained with."""
        steps = max(self.judge, 2 * self.inner)
        return Climb(steps, min(1.0, 2.5 / steps), True, seed=1)

    def interval(self, constants):
        """Inner steps and the judge's are counted as they are by default: when a run is looked at must not depend on live numbers."""
        known = constants.instruments
        if known.works is None:
            step, _ = works(constants.program, self.batch, 1)
            passes = 2 * RESTARTS * JUDGED * JUDGE + AGAINST * DRAWN * JUDGE
            look = works(constants.program, self.batch, self.looked_at(constants) + 2 * passes)[1]
            known.works = step * (1 if self.defence == "none" else 1 + STEPS), look
        return super().interval(constants)

    def state_bounds(self, constants, state, step):
        """Settings and evaluations that were noted: accuracies, and which defence."""
        rows = Bound((0, *[-math.inf] * 6), (len(DEFENCES) - 1, *[math.inf] * 6), ((0, POINTS), 7))
        return super().state_bounds(constants, state, step) | {"frontier": rows, "trail": Bound(0, 1, ((0, TRAIL), 2))}

    def start(self, constants, seed):
        """What was judged last, the curve against eps, and a row for each setting."""
        return super().start(constants, seed) | {
            "robust": np.zeros(3),
            "profile": np.zeros(AGAINST),
            "frontier": np.zeros((0, 7)),
            "trail": np.zeros((0, 2)),
        }

    def _look(self, constants, state, tape, out, step, watch):
        """Accuracies of clean and attacked test examples; the point of this setting on the frontier."""
        super()._look(constants, state, tape, out, step, watch)
        if not np.isfinite(state["parameters"]).all():
            return
        attack, weights, (x, t) = constants.extra["attack"], self.weights(constants, state), self.judged_examples(constants, JUDGED)
        climb, right = self.judging(), ~fooled(attack.logits(weights, x), t)
        found = [withstood(attack, weights, x, t, self.ball(constants, k * self.judged_at), climb, self.restarts) for k in (1, 2)]
        state["robust"][:] = right.mean(), *found
        quick = Climb(min(climb.steps, 20), 0.125, True, seed=1)
        some = np.linspace(0.0, self.farthest, AGAINST)
        state["profile"][:] = [withstood(attack, weights, x[:DRAWN], t[:DRAWN], self.ball(constants, e), quick) for e in some]
        for channel, value in enumerate(state["robust"]):
            out.events["robust"].append(step, channel, float(value))
        state["trail"] = np.concatenate([state["trail"][-TRAIL + 1 :], state["robust"][None, :2]])
        # The step that was done last had this beta.
        row = np.array(
            [DEFENCES.index(self.defence), self.beta_at(max(0, int(state["counters"][STEP]) - 1)), self.eps, self.share, *state["robust"]]
        )
        rows = state["frontier"]
        alike = len(rows) and (rows[-1, :CLEAN] == row[:CLEAN]).all()
        state["frontier"] = np.concatenate([rows[:-1] if alike else rows[-POINTS + 1 :], [row]])

    def summary(self, constants, state) -> dict[str, Any]:
        """Clean and robust accuracy."""
        found = super().summary(constants, state)
        if not state["figures"][8]:
            return found
        clean, robust, far = (float(v) for v in state["robust"])
        own = {
            "robust accuracy": robust,
            "clean accuracy": clean,
            "robust accuracy at 2 eps": far,
            "robust error": 1 - robust,
            "natural error": 1 - clean,
            "boundary error": clean - robust,
        }
        if self.defence in DEFENCES[2:]:
            own["beta now"] = self.beta_at(int(state["counters"][STEP]))
        climb = self.judging()
        return own | {"judged by": f"PGD-{climb.steps}, {self.restarts} starts, eps {self.judged_at:g}"} | found

    # -- what can be looked at --

    def own_streams(self, shape):
        """Robust accuracy, the frontier, the curve against eps, attacked examples."""
        found = [
            Stream("robust", "trace", "", f"Accuracy on {JUDGED} test examples: clean, attacked within eps, and within 2 eps.", (3,), ("clean", "at eps", "at 2 eps"), events=True),
            Stream("frontier", "cloud", "", "Clean and robust accuracy of each setting, by defence.", channels=("x", "y", "class")),
            Stream("frontier line", "curve", "", "The settings in their order.", channels=("settings",)),
            Stream("trail", "curve", "", "Every evaluation on the way.", channels=("evaluations",)),
            Stream("settings", "table", "", "Each setting with its accuracies."),
            Stream("against eps", "curve", "", f"Accuracy on {DRAWN} attacked test examples against the size of the ball.", channels=("attacked",)),
            Stream("eps trained", "curve", "", "Size of the ball of training.", channels=("eps",)),
        ]  # fmt: skip
        if shape.picture:
            found += [
                Stream("attacked", "image", "", "Test pictures after an attack of twice the judged eps."),
                Stream("attacked captions", "table", "", "What the network read before and reads now."),
                Stream("changes", "image", "", "What the attack added, full colour at its eps."),
            ]
        if shape.plane:
            found += [
                Stream("line", "curve", "", "Where two classes are equally likely."),
                Stream("balls", "curve", "", "Balls around some training examples."),
                Stream("pushes", "arrows", "", "Where the attack that judges pushes test examples."),
            ]
        return tuple(found)

    def own_pictures(self, shape):
        """The frontier first."""
        colours = (0, 1, 2)
        names = tuple(zip(("clean", "attacked", "attacked, 2 eps"), colours, strict=True))
        layers = tuple(Layer("robust", channel=k, label=name, series=(n,)) for k, (name, n) in enumerate(names))
        found = [
            Picture("frontier", "Clean against robust", (Layer("trail", label="on the way", series=(3,)), Layer("frontier line", label="settings", series=(5,)), Layer("frontier")), x="clean accuracy", y="robust accuracy", x_range=(0.75, 1.01), y_range=(0.0, 1.0),
                    labels=DEFENCES, front=True, weight=1.3, figures=("beta now",), doc="Each setting leaves a point: move beta, eps, or choose another defence."),
            Picture("robust", "Accuracy, clean and attacked", layers, y="accuracy", y_range=(0.0, 1.0), front=True, figures=("clean accuracy", "robust accuracy")),
            Picture("against eps", "Accuracy against ε", (Layer("against eps", label="attacked", series=(1,)), Layer("eps trained", style="dashed", label="trained", series=(5,))),
                    x="ε", y="accuracy", y_range=(0.0, 1.0), front=True, doc="Keep runs to see their curves beside this one."),
            Picture("runs", "Frontier, run by run", (Layer("frontier line", style="pale", label="in their order", series=(0,)), Layer("frontier line", style="points", label="this run", series=(0,))), x="clean accuracy", y="robust accuracy",
                    doc="Lay other runs of the session behind this one: each has its settings here."),
            Picture("settings", "Settings and accuracies", (Layer("settings"),), figures=("judged by",)),
        ]  # fmt: skip
        if shape.picture:
            found += [
                Picture("attacked", "Attacked digits", (Layer("attacked"), Layer("attacked captions")), colours="grey", levels=(0.0, 1.0), front=True,
                        doc="After an attack of twice the judged eps: what was read before and is read now."),
                Picture("changes", "What was added", (Layer("changes"),), colours="diverging", levels=(-1.0, 1.0), front=True,
                        doc="On a robust network an attack has to draw strokes of another class."),
            ]  # fmt: skip
        return tuple(found)

    def on_plane(self, surface):
        """The balls around the examples."""
        surface = super().on_plane(surface)
        return replace(
            surface,
            title="The boundary and the balls",
            layers=(*surface.layers, Layer("balls", style="pale", label="balls", series=(5,))),
            weight=1.8,
        )

    @property
    def stage(self):
        """The frontier, or the plane, large."""
        shape = outline(self)
        drawers = (("Settings", ("settings", "runs")), ("Training", ("loss", "score")))
        if shape.picture:
            return Stage(
                "frontier",
                companions=("robust", "attacked"),
                below=("runs", "against eps", "changes"),
                drawers=(("Settings", ("settings",)), drawers[1]),
            )
        if shape.plane:
            return Stage(
                "surface", companions=("frontier", "robust"), below=("against eps", "loss"), drawers=(drawers[0], ("Training", ("score",)))
            )
        return Stage("frontier", companions=("robust", "against eps"), drawers=drawers)

    def look(self, constants, state, tape, stream):
        """The frontier, curves, attacked examples."""
        rows = state["frontier"]
        if stream == "frontier":
            return rows[:, [CLEAN, ROBUST, DEFENCE]]
        if stream == "frontier line":
            return rows[:, [CLEAN, ROBUST]].T if len(rows) else np.full((2, 1), np.nan)
        if stream == "trail":
            return state["trail"].T if len(state["trail"]) else np.full((2, 1), np.nan)
        if stream == "settings":
            return [
                {
                    "defence": DEFENCES[int(r[DEFENCE])], "beta": f"{r[BETA]:g}", "eps": f"{r[EPS]:g}", "clean": f"{r[CLEAN]:.3f}",
                    "robust": f"{r[ROBUST]:.3f}", "at 2 eps": f"{r[FAR]:.3f}",
                }
                for r in rows
            ]  # fmt: skip
        if stream == "against eps":
            return np.stack([np.linspace(0.0, self.farthest, AGAINST), state["profile"]])
        if stream == "eps trained":
            return np.array([[self.eps, self.eps], [0.0, 1.0]])
        if stream in ("attacked", "attacked captions", "changes"):
            return self._attacked(constants, state, stream)
        if stream in ("line", "balls", "pushes"):
            return self._in_plane(constants, state, tape, stream)
        return super().look(constants, state, tape, stream)

    def _attacked(self, constants, state, stream):
        x, t = self.judged_examples(constants, SHOWN)
        picture, eps = constants.outline.picture, 2 * self.judged_at
        if not np.isfinite(state["parameters"]).all():
            return [] if stream == "attacked captions" else np.zeros((len(x), *picture))
        attack, weights, ball = constants.extra["attack"], self.weights(constants, state), self.ball(constants, eps)
        found = self.kept(constants, state, ("attacked", ball, self.judging()), lambda: attack.climb(weights, x, t, ball, self.judging()))
        if stream == "attacked":
            return found.x.reshape(-1, *picture).astype(float)
        if stream == "changes":
            return ((found.x - x) / max(eps, 1e-9)).reshape(-1, *picture).astype(float)
        names, before, after = constants.outline.classes, attack.logits(weights, x).argmax(1), found.logits.argmax(1)
        return [{"caption": f"{names[a]} → {names[b]}" if a != b else f"{names[a]} holds"} for a, b in zip(before, after, strict=True)]

    def _in_plane(self, constants, state, tape, stream):
        m, shape = constants.material, outline(self)
        if stream == "balls":
            edge = self.ball(constants, self.eps).outline(33)
            some = m.natural(m.x[:24])
            deviation = m.deviation if np.ndim(m.deviation) else np.full(2, m.deviation)
            return np.concatenate(
                [np.column_stack([p[:, None] + edge * deviation[:, None], [np.nan, np.nan]]) for p in some], axis=1
            ).astype(float)
        if not np.isfinite(state["parameters"]).all():
            return np.zeros((0, 5)) if stream == "pushes" else np.full((2, 1), np.nan)
        if stream == "line":
            value = readings.surface(self, constants, tape)
            xs, ys = (np.linspace(shape.low[k], shape.high[k], len(value) + 1) for k in (0, 1))
            levels = np.zeros(1) if shape.outputs == 2 else np.arange(shape.outputs - 1) + 0.5
            return contours(value, (xs[1:] + xs[:-1]) / 2, (ys[1:] + ys[:-1]) / 2, levels)
        some, labels = self.judged_examples(constants, ARROWS)
        found = constants.extra["attack"].climb(self.weights(constants, state), some, labels, self.ball(constants), self.judging()).x
        return np.column_stack([m.natural(some), m.natural(found) - m.natural(some), labels]).astype(float)

    @classmethod
    def figures(cls):
        """Robustness bought, and its price; judged by 40 steps from five starts."""
        found: dict[tuple, list] = {}

        def judged(run, **values):
            """Medians over three seeds: (clean, robust at 0.1, robust at 0.2)."""
            key = tuple(sorted(values.items()))
            if key not in found:
                rows = []
                for seed in (0, 1, 2):
                    s = run(cls(evaluate=60.0, **values), seed=seed, record={}).simulation
                    attack, weights, (x, t) = (
                        s.constants.extra["attack"],
                        s.model.weights(s.constants, s.state),
                        s.model.judged_examples(s.constants, 1000),
                    )
                    far = [
                        withstood(attack, weights, x, t, attack.ball(e, "infinity"), Climb(40, 0.1, seed=1), restarts=5) for e in (0.1, 0.2)
                    ]
                    rows.append([float((~fooled(attack.logits(weights, x), t)).mean()), *far])
                found[key] = list(np.median(rows, 0))
            return found[key]

        def of(column, **values):
            return lambda run: float(judged(run, **values)[column])

        def hinge(run):
            """Largest difference of the loss of the hinge form from its formula, of a network in its first steps."""
            s = run(cls(data="moons", n=100, hidden="8", defence=DEFENCES[3], beta=2.0, eps=0.2), steps=5, seed=1, record={}).simulation
            m, c = s.constants.material, s.constants
            tape = s.model.tape_state(c, s.state)
            loss, output, near = c.program.forward(tape, ["loss", c.output, "near"], x=m.test_x, t=m.test_t)
            f, side = (output[:, 1] - output[:, 0]).astype(float), 2.0 * m.test_t - 1
            z = c.extra["attack"].logits(s.model.weights(c, s.state), near).astype(float)
            phi = lambda v: np.maximum(0.0, 1 - v)  # noqa: E731
            return float(np.abs(phi(f * side) + phi(2.0 * f * (z[:, 1] - z[:, 0])) - loss).max())

        madry = {"defence": "adversarial training", "inner": 7}
        source = "digits MLP 64-128-128-10, Adam 1e-3, 60 epochs; judged by PGD-40 from five starts"
        yield Figure("TRADES, beta 6: accuracy under attack at 0.1", 0.78, of(1), bound="at_least", source=source, slow=True)
        yield Figure("TRADES, beta 6: clean accuracy", 0.95, of(0), bound="at_least", source=source, slow=True)
        yield Figure("PGD-7 training: accuracy under attack at 0.1", 0.78, of(1, **madry), bound="at_least", source=source, slow=True)
        yield Figure("PGD-7 training: clean accuracy", 0.95, of(0, **madry), bound="at_least", source=source, slow=True)
        yield Figure(
            "gain at 0.2 from beta 1 to beta 6",
            0.08,
            lambda run: judged(run)[2] - judged(run, beta=1.0)[2],
            bound="at_least",
            source="distance is bought",
            slow=True,
        )
        yield Figure(
            "clean accuracy gained from beta 1 to beta 6, at most",
            0.005,
            lambda run: judged(run)[0] - judged(run, beta=1.0)[0],
            bound="at_most",
            source="and paid for",
            slow=True,
        )
        yield Figure(
            "hinge form: difference from its formula", 0.0, hinge, 1e-5, source="Zhang et al. (2019), equation 3, with beta = 1 / lambda"
        )
