"""Adversarial attacks: the smallest change that makes a trained classifier read something else."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from lab.model import Advice, Figure, Layer, Picture, Preset, Remedy, Stage, Stream, action, param
from lab.training import readings, redeclared
from lab.training.attacks import FGSM, NORMS, Ball, Climb, Found, flags, fooled, jostled, withstood
from lab.training.classifier import InSight
from lab.training.geometry import contours
from lab.training.material import outline

METHODS = ("FGSM", "PGD", "finite differences", "NES")
BLIND = METHODS[2:]  # those that only ask
JUDGED, DRAWN = 360, 100  # test examples by which attacks are judged, and those of the curve
ACROSS = 33  # places of the slice along each axis
REACH = 1.6  # how far the slice goes, in units of eps
AGAINST = 7  # places of the curve against eps
WAY = 12  # places of the way that an attack takes through a plane
ARROWS = 80
SEEN = ("clean", "attacked", "random", "by hand")
NUMBERS = (0, 1, 2, 3)  # their colours


class AdversarialAttack(InSight):
    """A change too small to be noticed makes a trained network read another digit; a random change of the same size does nothing.

    Inside the ball B(x, eps) around an input x an attack looks for the place where the loss is largest. The slope of the loss
    with respect to the *input* tells the way (white box), or is guessed from answers to many nearby inputs (black box). FGSM
    takes one step, PGD many small ones, each put back into the ball. Press play: the network is trained in a few seconds. Then

    - compare the four pictures and their bars: *attacked* and *random* differ from *clean* by exactly the same size;
    - drag in the slice: to the right lies the attack (with FGSM: the way of the slope) and another class, upwards (a random direction) nothing happens;
    - press *Next example*, or draw a digit of your own with the mouse and see it attacked;
    - move eps: the curves say how many test examples survive random noise, FGSM and PGD of each size;
    - choose a class to aim at, the round ball (2-norm), or an attack that only asks, and see how often it had to ask;
    - *Take over a trained network* of another run of this session, a perceptron or a convolutional one, and attack it as it is;
    - choose moons as data: the ball stands in the plane, and each arrow carries an example over the boundary.

    What is read wrongly to begin with needs no attack: asking then stops at once. Health says when an attack itself is at fault: no
    slope, a start outside, or PGD weaker than FGSM. How fast a *linear* classifier gives way is known: its margin falls by eps times
    the 1-norm of its weights.
    """

    name = "adversarial-attack"
    title = "Adversarial attack"
    group = "Attack and defence"
    icon = "mdi6.target"
    order = 85
    also = "adversarial example; FGSM; fast gradient sign method; PGD; projected gradient descent; white box; black box attack; NES; fool a network; evasion attack; perturbation; attack a digit; random noise"
    equations = (
        r"B(x, \varepsilon) = \{x' : \|x' - x\| \leq \varepsilon\}, \quad \mathrm{is\ there\ an}\ x' \in B\ \mathrm{with}\ \mathrm{argmax}\, f(x') \neq t\ ?",
        r"x' = x + \varepsilon\, \mathrm{sign}(\nabla_x E(f(x), t)) \quad \mathrm{(FGSM)}",
        r"x \leftarrow \Pi_B\left(x + \kappa\, \mathrm{sign}\, \nabla_x E(f(x), t)\right), \qquad x \leftarrow \Pi_B\left(x - \kappa\, \mathrm{sign}\, \nabla_x E(f(x), l)\right)",
        r"\nabla_x E \approx \frac{1}{2 \sigma k} \sum_{i=1}^k \left(E(x + \sigma u_i) - E(x - \sigma u_i)\right) u_i",
    )
    symbols = r"f: the network; E: loss; t: the class that is right; l: the class that is aimed at; \Pi_B: nearest point of the ball B; \kappa: step; \sigma: size of the trials; u_i: random direction; k: number of trials"
    source = (
        "Szegedy et al., Intriguing properties of neural networks, arXiv:1312.6199 (2013); Goodfellow, Shlens and Szegedy (FGSM), arXiv:1412.6572 (2014); "
        "Madry et al. (PGD), ICLR (2018); Chen et al. (finite differences), AISec (2017); Ilyas et al. (NES), ICML (2018)"
    )
    presets = {
        "A whisper": Preset({}, shows="clean accuracy > 0.94 and noise accuracy > 0.85 and PGD accuracy < 0.35", slow=True),
        "One step (FGSM)": Preset({"attack": "FGSM"}, shows="FGSM accuracy < 0.45 and noise accuracy > FGSM accuracy + 0.4", slow=True),
        "Read it as a three": Preset({"aimed": 3, "eps": 0.25}, shows="read as the class aimed at > 0.7", slow=True),
        "Round ball (2-norm)": Preset({"norm": "2", "eps": 0.8}, shows="noise accuracy > 0.9 and PGD accuracy < 0.4", slow=True),
        "Only asking: finite differences": Preset({"attack": "finite differences"}, shows="queries > 100", share=0.6, slow=True),
        "Only asking: NES": Preset({"attack": "NES"}, shows="queries > 50", share=0.6, slow=True),
        "PGD weaker than FGSM": Preset({"steps": 4, "stride": 0.1, "chance": False}, shows="PGD accuracy > FGSM accuracy", slow=True),
        "Convolutional network": Preset({"layers": "convolutional", "epochs": 30}, shows="clean accuracy > 0.94 and PGD accuracy < noise accuracy - 0.3", slow=True),
        "Points in the plane": Preset({"data": "moons", "n": 400, "hidden": "32-32", "epochs": 100, "eps": 0.3, "farthest": 0.6},
                                      shows="clean accuracy > 0.9 and PGD accuracy < noise accuracy - 0.05", slow=True),
        "A linear classifier": Preset({"data": "breast cancer", "hidden": "", "epochs": 60, "eps": 0.2, "farthest": 0.5},
                                      shows="FGSM accuracy = PGD accuracy and PGD accuracy < noise accuracy", slow=True),
    }  # fmt: skip

    attack: str = param("PGD", choices=METHODS, main=True, group="Attack", label="How",
                        doc="One step along the slope, many, or by asking only: in pairs along every axis, or in directions of chance.")  # fmt: skip
    eps: float = param(0.15, lo=0.0, hi=10.0, main=True, group="Attack", label="Ball size", soft=(0.0, 0.4), symbol=r"\epsilon",
                       doc="Largest change that is allowed.")  # fmt: skip
    norm: str = param("infinity", choices=NORMS, main=True, group="Attack",
                      doc="What is small: the largest change of any value (infinity), or the length of the change (2).")  # fmt: skip
    aimed: int = param(
        -1,
        lo=-1,
        hi=999,
        main=True,
        group="Attack",
        label="Aimed at",
        soft=(-1, 9),
        marks={"any other": -1},
        doc="Which class shall be read instead; -1: any other.",
    )
    steps: int = param(
        40, "steps", lo=1, hi=200, group="Attack", label="Steps of PGD", soft=(1, 60), doc="Steps of PGD, and of attacks that only ask."
    )
    stride: float = param(
        0.1, "eps", lo=0.001, hi=2.0, log=True, group="Attack", label="Length of a step", doc="Length of a step, as a part of eps."
    )
    chance: bool = param(
        True, group="Attack", label="Random start", doc="PGD begins at a random place of the ball instead of the clean input."
    )
    pairs: int = param(
        50,
        "pairs",
        lo=1,
        hi=1000,
        group="Attack",
        when=("attack", "NES"),
        label="Pairs of questions",
        doc="Pairs of questions for each step.",
    )
    width: float = param(
        0.01,
        lo=1e-4,
        hi=1.0,
        log=True,
        group="Attack",
        when=("attack", BLIND),
        label="Distance of a pair",
        doc="How far the two inputs of a pair lie from the middle.",
    )
    along: float = param(0.0, "eps", lo=-2.0, hi=2.0, soft=(-1.0, 1.0), main=True, group="By hand", label="Along attack",
                         doc="Where the input is dragged to on the way to what the attack found (FGSM: along the slope; in a plane: to the right), in units of eps.")  # fmt: skip
    across: float = param(0.0, "eps", lo=-2.0, hi=2.0, soft=(-1.0, 1.0), main=True, group="By hand", label="At random",
                          doc="Where the input is dragged to along a random direction (in a plane: upwards), in units of eps.")  # fmt: skip
    farthest: float = param(
        0.3, lo=0.01, hi=10.0, log=True, group="Attack", label="Curve up to", doc="Largest eps of the curve of accuracies."
    )
    rate: float = redeclared(InSight, "rate", 2e-3, main=False)
    epochs: int = redeclared(InSight, "epochs", 40)
    evaluate: float = redeclared(InSight, "evaluate", 4.0)

    @property
    def seconds(self):
        """The network is soon trained: what is worth looking at comes then."""
        return 3.0

    @classmethod
    def taken_over(cls, other):
        """It is attacked as it is: nothing is learned here."""
        return super().taken_over(other) | {"learning": False, "epochs": 1}

    # -- the attack --

    def ball(self, constants) -> Ball:
        """Where attacks may go."""
        return constants.extra["attack"].ball(self.eps, self.norm)

    def climb(self, state) -> Climb:
        """How the chosen attack moves; those that only ask are judged by their white-box sister."""
        towards = self.aimed >= 0
        if self.attack == "FGSM":
            return replace(FGSM, towards=towards)
        return Climb(self.steps, self.stride, self.chance and self.attack == "PGD", towards, self.draws_of(state))

    def aim(self, constants, t: int) -> int:
        """The class whose loss rises or falls."""
        return min(self.aimed, constants.outline.outputs - 1) if self.aimed >= 0 else t

    def attacked(self, constants, state) -> Found:
        """What the chosen attack makes of the example in sight."""
        x, t = self.example(constants, state)
        climb, ball, aim = self.climb(state), self.ball(constants), self.aim(constants, t)
        attack, weights = constants.extra["attack"], self.weights(constants, state)

        def compute():
            if self.attack in BLIND:
                return attack.question(weights, x, aim, ball, climb, self.attack, self.pairs, self.width)
            return attack.climb(weights, x, np.array([aim]), ball, climb)

        key = "attacked", x.tobytes(), aim, ball, climb, self.attack, self.pairs, self.width
        return self.kept(constants, state, key, compute)

    def directions(self, constants, state):
        """(towards the attack, a random one), each (1, n), in units of eps; in a plane its axes."""
        x, _ = self.example(constants, state)
        if constants.outline.plane:
            return np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
        # Towards what the attack found: with FGSM that is the slope, with PGD its point lies in the plane of the slice, too.
        first = (self.attacked(constants, state).x.astype(float) - x) / max(self.eps, 1e-9)
        other = self.ball(constants).noise(np.random.default_rng([self.draws_of(state), 0x6E6F69]), x.shape)
        square = float((first**2).sum())
        if self.norm == "2" and square > 0:  # across means straight across
            other = other - (other * first).sum() / square * first
            other /= max(float(np.sqrt((other**2).sum())), 1e-12)
        return first, other

    def hand(self, constants, a=None, b=None) -> tuple[float, float]:
        """Where the hand is (or would be at a, b), put back into the ball."""
        a, b = (self.along, self.across) if a is None else (float(np.clip(a, -2, 2)), float(np.clip(b, -2, 2)))
        plane = constants.outline.plane
        if plane and self.norm == "infinity":
            return float(np.clip(a, -1, 1)), float(np.clip(b, -1, 1))
        size = abs(a) + abs(b) if self.norm == "infinity" else math.hypot(a, b)
        return (a / size, b / size) if size > 1 else (a, b)

    def moved(self, constants, state, a, b) -> np.ndarray:
        """The example in sight moved by a eps towards the attack and b eps along the random direction, within the range."""
        x, _ = self.example(constants, state)
        first, other = self.directions(constants, state)
        found = x + self.eps * (np.multiply.outer(a, first[0]) + np.multiply.outer(b, other[0])).reshape(-1, x.shape[1])
        attack = constants.extra["attack"]
        return np.clip(found, attack.low, attack.high)

    def four(self, constants, state) -> np.ndarray:
        """(4, n): clean, attacked, random noise of the same size, and where the hand has dragged it."""
        x, _ = self.example(constants, state)
        noise = self.ball(constants).noise(np.random.default_rng([self.draws_of(state), 0x6E6F69]), x.shape)
        a, b = self.hand(constants)
        clip = constants.extra["attack"]
        rows = x, self.attacked(constants, state).x, np.clip(x + self.eps * noise, clip.low, clip.high), self.moved(constants, state, a, b)
        return np.concatenate(rows).astype(np.float32)

    def accuracies(self, constants, state, eps=None, most=JUDGED) -> tuple[float, float, float, float]:
        """Share of the test examples that are read rightly: clean, under noise, after one step and after many."""
        attack, ball = constants.extra["attack"], replace(self.ball(constants), eps=self.eps if eps is None else eps)
        x, t = self.judged_examples(constants, most)
        many = (
            replace(self.climb(state), towards=False)
            if self.attack != "FGSM"
            else Climb(self.steps, self.stride, self.chance, seed=self.draws_of(state))
        )

        def compute():
            weights = self.weights(constants, state)
            clean = float((~fooled(attack.logits(weights, x), t)).mean())
            return (
                clean, jostled(attack, weights, x, t, ball, self.draws_of(state)), withstood(attack, weights, x, t, ball, FGSM),
                withstood(attack, weights, x, t, ball, many),
            )  # fmt: skip

        return self.kept(constants, state, ("accuracies", ball, many, self.draws_of(state), most), compute)

    def led(self, constants, state) -> float:
        """Share of the test examples of other classes that are read as the class aimed at."""
        x, t = self.judged_examples(constants, JUDGED)
        aim, ball, climb = self.aim(constants, 0), self.ball(constants), self.climb(state)
        there = t != aim

        def compute():
            found = constants.extra["attack"].climb(self.weights(constants, state), x[there], np.full(there.sum(), aim), ball, climb)
            return float((found.logits.argmax(1) == aim).mean()) if there.any() else 0.0

        return self.kept(constants, state, ("led", ball, climb, aim), compute)

    def health(self, constants, state) -> list[dict[str, str]]:
        """What is wrong with the attack, in words."""
        x, t = self.judged_examples(constants, DRAWN)
        ball, climb = self.ball(constants), Climb(self.steps, self.stride, self.chance, seed=self.draws_of(state))
        return self.kept(
            constants, state, ("flags", ball, climb),
            lambda: flags(constants.extra["attack"], self.weights(constants, state), x, t, ball, climb),
        )  # fmt: skip

    def summary(self, constants, state) -> dict[str, Any]:
        """What is read, how large the change is, how many survive, and whether the attack is sound."""
        found = super().summary(constants, state)
        own, accuracies = self._readings(constants, state), {}
        if state["figures"][8]:
            names = ("clean accuracy", "noise accuracy", "FGSM accuracy", "PGD accuracy")
            accuracies = dict(zip(names, self.accuracies(constants, state), strict=True))
            if self.aimed >= 0:
                own["read as the class aimed at"] = self.led(constants, state)
            wrong = [row["finding"] for row in self.health(constants, state) if row[""] == "✗"]
            own["health of the attack"] = "; ".join(wrong) or "sound"
        return accuracies | own | found

    def _readings(self, constants, state) -> dict[str, Any]:
        if not np.isfinite(state["parameters"]).all():
            return {}
        four, classes = self.four(constants, state), constants.outline.classes
        p = self.said(constants, state, four)
        said = {name: f"{classes[int(row.argmax())]}, {row.max():.1%}" for name, row in zip(SEEN, p, strict=True)}
        found: dict[str, Any] = {f"{name} is read as": words for name, words in said.items()}
        change = (four[1] - four[0]).astype(float)
        found |= {"largest change": float(np.abs(change).max()), "length of the change": float(np.sqrt((change**2).sum()))}
        if self.attack in BLIND:
            found["queries"] = self.attacked(constants, state).asked
        return found

    def advice(self, constants, state):
        """An attack that is weaker than one step can be mended by a button."""
        if not state["figures"][8]:
            return super().advice(constants, state)
        _, _, once, many = self.accuracies(constants, state)
        if self.attack != "PGD" or many <= once + 0.01:
            return super().advice(constants, state)
        return Advice(
            "weak attack", f"PGD leaves {many:.1%} of the test examples right, one step of FGSM only {once:.1%}: an attack as weak as this proves nothing.",
            (Remedy("40 steps of 0.1 eps", {"steps": 40, "stride": 0.1}),),
        )  # fmt: skip

    # -- by hand --

    @action("Drag the input", hidden=True, x=(float, param(0.0, lo=-1e6, hi=1e6, doc="Across the picture.")), y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Up the picture.")))  # fmt: skip
    def drag_input(self, constants, state, x, y):
        """Drag the input within its ball: towards the attack and along a random direction, or through the plane."""
        shape = constants.outline
        if shape.plane:
            place = constants.material.scaled(np.array([[x, y]]))[0]
            example, _ = self.example(constants, state)
            x, y = (place - example[0]) / max(self.eps, 1e-9)
        a, b = self.hand(constants, x, y)
        return {"along": a, "across": b}

    @action("Choose the nearest example", hidden=True, x=(float, param(0.0, lo=-1e6, hi=1e6, doc="First feature.")), y=(float, param(0.0, lo=-1e6, hi=1e6, doc="Second feature.")))  # fmt: skip
    def choose_nearest(self, constants, state, x, y):
        """The test example nearest to a click in the plane is attacked."""
        m = constants.material
        if not constants.outline.plane:
            raise self.refuse("data", "must have two features where a click shall choose an example")
        state["chosen"][0] = int(((m.natural(m.test_x) - np.array([x, y])) ** 2).sum(1).argmin())
        return {"along": 0.0, "across": 0.0}

    # -- what can be looked at --

    def own_streams(self, shape):
        """The four inputs and what is read, the slice, the curve against eps, health."""
        every = tuple(shape.classes) or tuple(str(k) for k in range(shape.outputs))
        found = [
            Stream("reads", "bars", "", "Probability of each class for the clean, the attacked, the noisy and the dragged input.", channels=every),
            Stream("against eps", "curve", "", f"Accuracy on {DRAWN} test examples against the size of the ball.", channels=("random", "FGSM", "PGD")),
            Stream("eps now", "curve", "", "The present size of the ball.", channels=("eps",)),
            Stream("climbing", "curve", "", "Loss of the example before the first and after each step of the attack.", channels=("loss",)),
            Stream("health of the attack", "table", "", "What could make an attack worthless, and whether it does."),
        ]  # fmt: skip
        if shape.picture:
            found += [
                Stream("inputs", "image", "", "The clean, the attacked, the noisy and the dragged picture."),
                Stream("input captions", "table", "", "What the network reads in each, and how sure it is."),
                Stream("changes", "image", "", "What was added to the clean picture, scaled so that eps is full colour."),
                Stream("change captions", "table", "", "How much the change is enlarged, and how large it is."),
            ]
        elif not shape.plane:
            found.append(
                Stream("feature changes", "bars", "", "What was added to each feature, in deviations.", channels=tuple(shape.features))
            )
        if shape.plane:
            found += [
                Stream("ball", "curve", "", "Edge of the ball around the example."),
                Stream("way", "curve", "", "Way of the attack through the plane."),
                Stream("random place", "curve", "", "Where the noisy input lies."),
                Stream("hand place", "curve", "", "Where the dragged input lies."),
                Stream("pushes", "arrows", "", "Where the attack pushes test examples."),
                Stream("line", "curve", "", "Where two classes are equally likely."),
            ]
        else:
            found += [
                Stream(
                    "slice",
                    "image",
                    "",
                    "How much likelier the true class is than any other, towards the attack (FGSM: along the slope) and in a random direction.",
                ),
                Stream("slice places", "cloud", "", "Clean, attacked, noisy, and dragged input.", channels=("x", "y", "class")),
                Stream("slice ball", "curve", "", "Edge of the ball within the slice."),
                Stream("slice line", "curve", "", "Where the class changes."),
            ]
        return tuple(found)

    def own_pictures(self, shape):
        """The four inputs, what is read, the slice."""
        found = []
        if shape.picture:
            found += [
                Picture("inputs", "Four inputs", (Layer("inputs"), Layer("input captions")), colours="grey", levels=(0.0, 1.0), front=True, weight=1.5,
                        figures=("largest change",), doc="Attacked and random differ from clean by the same size, in other directions."),
                Picture("changes", "What was added", (Layer("changes"), Layer("change captions")), colours="diverging", levels=(-1.0, 1.0), front=True,
                        doc="Enlarged: full colour is eps."),
            ]  # fmt: skip
        elif not shape.plane:
            found.append(Picture("changes", "What was added", (Layer("feature changes"),), x="feature", y="change (deviations)", labels=SEEN[1:3], front=True, weight=1.5, figures=("largest change",)))  # fmt: skip
        found.append(Picture("reads", "Read as", (Layer("reads"),), x="class", y="probability", y_range=(0.0, 1.0), labels=SEEN, front=True, weight=1.6,
                             figures=("attacked is read as", "queries")))  # fmt: skip
        if not shape.plane:
            span = (-REACH, REACH)
            sliced = (
                Layer("slice"), Layer("slice places"), Layer("slice ball", label="ball", series=(5,)), Layer("slice line", theory=True, label="another class", series=(3,)),
            )  # fmt: skip
            found.append(Picture("slice", "Drag the input", sliced, x="towards the attack (ε)", y="random direction (ε)", x_range=span, y_range=span, equal=True, colours="diverging",
                                 levels=(-1.0, 1.0), drag="drag_input", click="drag_input", labels=SEEN, front=True, weight=1.2,
                                 doc="Orange: the true class is likelier, blue: another one. Drag within the ball."))  # fmt: skip
        layers = tuple(
            Layer("against eps", channel=k, label=name, series=(n,)) for k, (name, n) in enumerate((("random", 2), ("FGSM", 3), ("PGD", 1)))
        )
        found += [
            Picture("against eps", "Accuracy against ε", (*layers, Layer("eps now", style="dashed", label="now", series=(5,))), x="ε", y="accuracy", y_range=(0.0, 1.0), front=True,
                    figures=("PGD accuracy", "noise accuracy")),
            Picture("climbing", "Loss along the attack", (Layer("climbing"),), x="step", y="loss", figures=("queries",)),
            Picture("health of the attack", "Health of the attack", (Layer("health of the attack"),)),
        ]  # fmt: skip
        return tuple(found)

    def on_plane(self, surface):
        """The ball, the way of the attack, and the other inputs within it."""
        surface = super().on_plane(surface)
        layers = (
            *surface.layers, Layer("ball", label="ball", series=(5,)), Layer("way", label="attack", series=(1,)), Layer("random place", label="random", series=(2,)),
            Layer("hand place", label="by hand", series=(3,)),
        )  # fmt: skip
        return replace(surface, title="The plane", layers=layers, click="choose_nearest", drag="drag_input", weight=2.0,
                       doc="Click: the nearest example is attacked. Drag: the input within its ball. Arrows: where the attack pushes test examples.")  # fmt: skip

    @property
    def stage(self):
        """The inputs large, what is read and the slice beside them, the curves below."""
        shape = outline(self)
        if shape.picture:
            return Stage(("inputs", "changes"), companions=("slice",), below=("reads", "against eps", "canvas"), drawers=self._drawers())
        if shape.plane:
            return Stage("surface", companions=("reads", "against eps"), below=("climbing", "score"), drawers=self._drawers())
        return Stage("reads", companions=("slice", "against eps"), below=("changes", "climbing"), drawers=self._drawers())

    def _drawers(self):
        return (("Health of the attack", ("health of the attack",)), ("Training", ("loss",) if outline(self).plane else ("loss", "score")))

    def look(self, constants, state, tape, stream):
        """Inputs, bars, slice, curves."""
        if not np.isfinite(state["parameters"]).all():  # on its way to a divergence
            return _nothing(stream, constants.outline)
        if stream == "reads":
            return self.said(constants, state, self.four(constants, state))
        if stream == "inputs":
            return self.four(constants, state).reshape(4, *constants.outline.picture).astype(float)
        if stream == "input captions":
            classes, p = constants.outline.classes, self.said(constants, state, self.four(constants, state))
            return [{"caption": f"{name}: {classes[int(row.argmax())]}, {row.max():.0%}"} for name, row in zip(SEEN, p, strict=True)]
        if stream in ("changes", "change captions", "feature changes"):
            four = self.four(constants, state).astype(float)
            change = four[1:] - four[0]
            if stream == "feature changes":
                return change[:2]
            if stream == "changes":
                return (change / max(self.eps, 1e-9)).reshape(3, *constants.outline.picture)
            size = self.ball(constants).size(change)
            return [{"caption": f"{name} ×{1 / max(self.eps, 1e-9):.3g}, size {s:.2g}"} for name, s in zip(SEEN[1:], size, strict=True)]
        if stream == "climbing":
            trace = self.attacked(constants, state).trace[0]
            return np.stack([np.arange(len(trace)), trace])
        if stream == "against eps":
            at = np.linspace(0.0, self.farthest, AGAINST)
            return np.vstack([at, np.array([self.accuracies(constants, state, float(e), DRAWN)[1:] for e in at]).T])
        if stream == "eps now":
            return np.array([[self.eps, self.eps], [0.0, 1.0]])
        if stream == "health of the attack":
            return self.health(constants, state)
        if stream.startswith("slice"):
            return self._slice(constants, state, stream)
        if stream in ("ball", "way", "random place", "hand place", "pushes", "line"):
            return self._in_plane(constants, state, stream)
        return super().look(constants, state, tape, stream)

    def _slice(self, constants, state, stream):
        at = np.linspace(-REACH, REACH, ACROSS)
        if stream == "slice ball":
            return np.array([[-1, 0, 1, 0, -1], [0, 1, 0, -1, 0]], float) if self.norm == "infinity" else Ball(1.0, "2").outline()
        if stream == "slice places":
            return np.array([[0.0, 0.0, 0], [1.0, 0.0, 1], [0.0, 1.0, 2], [*self.hand(constants), 3]])
        x, t = self.example(constants, state)
        a, b = np.meshgrid(at, at)

        def compute():
            p = self.said(constants, state, self.moved(constants, state, a.ravel(), b.ravel()))
            true = p[:, t].copy()
            p[:, t] = -1.0
            return (true - p.max(1)).reshape(ACROSS, ACROSS)

        key = (
            "slice",
            x.tobytes(),
            t,
            self.ball(constants),
            self.climb(state),
            self.aimed,
            self.attack,
            self.pairs,
            self.width,
            self.draws_of(state),
        )
        found = self.kept(constants, state, key, compute)
        return found if stream == "slice" else contours(found, at, at, np.zeros(1))

    def _in_plane(self, constants, state, stream):
        m, ball = constants.material, self.ball(constants)
        x, t = self.example(constants, state)
        if stream == "ball":
            return m.natural(x + ball.outline().T).T.astype(float)
        if stream.endswith(" place"):
            shape, row = outline(self), 2 if stream == "random place" else 3
            middle = m.natural(self.four(constants, state)[row : row + 1])[0]
            return middle[:, None] + np.array([[-1, 0, 1, 0, -1], [0, 1, 0, -1, 0]]) * 0.02 * (np.array(shape.high) - shape.low)[:, None]
        attack, weights, climb = constants.extra["attack"], self.weights(constants, state), self.climb(state)
        if stream == "way":

            def compute():
                if self.attack in BLIND:
                    return np.concatenate([x, self.attacked(constants, state).x])
                counts = np.unique(np.linspace(0, climb.steps, WAY).round().astype(int))
                aim = np.array([self.aim(constants, t)])
                return np.concatenate([x, *(attack.climb(weights, x, aim, ball, replace(climb, steps=int(k))).x for k in counts)])

            key = "way", x.tobytes(), t, ball, climb, self.attack, self.aimed, self.pairs, self.width
            return m.natural(self.kept(constants, state, key, compute)).T.astype(float)
        if stream == "line":
            shape = outline(self)
            value = readings.surface(self, constants, self.tape_state(constants, state))
            xs, ys = (np.linspace(shape.low[k], shape.high[k], len(value) + 1) for k in (0, 1))
            levels = np.zeros(1) if shape.outputs == 2 else np.arange(shape.outputs - 1) + 0.5
            return contours(value, (xs[1:] + xs[:-1]) / 2, (ys[1:] + ys[:-1]) / 2, levels)
        some, labels = m.test_x[:ARROWS], m.test_t[:ARROWS]
        aims = np.full(len(some), self.aim(constants, 0)) if self.aimed >= 0 else labels
        found = self.kept(constants, state, ("pushes", ball, climb, self.aimed), lambda: attack.climb(weights, some, aims, ball, climb).x)
        return np.column_stack([m.natural(some), m.natural(found) - m.natural(some), labels]).astype(float)

    @classmethod
    def figures(cls):
        """What one step and many leave of digits, beside noise; the ball and the range; a linear classifier exactly."""
        found: dict[int, Any] = {}

        def trained(run):
            for seed in (0, 1, 2, 3, 4):
                found.setdefault(seed, run(cls(eps=0.1, rate=1e-3, epochs=60, evaluate=60.0), seed=seed, record={}).simulation)
            return found.values()

        def median(k):
            return lambda run: float(np.median([s.model.accuracies(s.constants, s.state)[k] for s in trained(run)]))

        def stronger(run):
            """Largest accuracy under PGD minus that under FGSM."""
            return max(a[3] - a[2] for a in (s.model.accuracies(s.constants, s.state) for s in trained(run)))

        def outside(run):
            """How far attacked digits, or their starts, lie outside of the ball or of the range."""
            worst = 0.0
            for s in trained(run):
                attack, (x, t) = s.constants.extra["attack"], s.model.judged_examples(s.constants, JUDGED)
                for norm in NORMS:
                    for climb in (Climb(0), Climb(1, 1.0), Climb(40, 0.1), FGSM):
                        ball = attack.ball(0.1, norm)
                        near = attack.climb(s.model.weights(s.constants, s.state), x, t, ball, climb).x
                        over = ball.size(near.astype(float) - x).max() - 0.1
                        worst = max(worst, float(over), float(-near.min()), float(near.max()) - 1.0)
            return worst

        def linear(run):
            """Largest deviation of the fall of the margin from eps |w|_1, over the features of tumours (eps 0.2)."""
            s = run(cls(data="breast cancer", hidden="", epochs=20, eps=0.2), seed=1, record={}).simulation
            attack, weights, m = s.constants.extra["attack"], s.model.weights(s.constants, s.state), s.constants.material
            x, t = m.test_x, m.test_t

            def margin(logits):
                rows = np.arange(len(t))
                return (logits[rows, t] - logits[rows, 1 - t]).astype(float)

            w = weights["output.weight"].astype(float)
            near = attack.climb(weights, x, t, attack.ball(0.2, "infinity"), FGSM).logits
            return float(np.abs(margin(attack.logits(weights, x)) - margin(near) - 0.2 * np.abs(w[:, 1] - w[:, 0]).sum()).max())

        table = "digits MLP 64-128-128-10, X in [0, 1], eps 0.1, medians of five seeds"
        yield Figure("clean accuracy", 0.979, median(0), 0.015, source=table, slow=True)
        yield Figure("accuracy under random signs", 0.975, median(1), 0.02, source=table, slow=True)
        yield Figure("accuracy under FGSM", 0.46, median(2), 0.12, source=table, slow=True)
        yield Figure(
            "accuracy under PGD-40 minus that under FGSM, at most",
            0.0,
            stronger,
            bound="at_most",
            source="many steps find at least what one finds",
            slow=True,
        )
        yield Figure(
            "outside of ball or range, at most",
            1e-6,
            outside,
            bound="at_most",
            source="projection onto the ball around the clean input",
            slow=True,
        )
        yield Figure(
            "linear classifier: fall of the margin against eps times the 1-norm",
            0.0,
            linear,
            2e-4,
            source="Goodfellow, Shlens and Szegedy (2014), section 3",
        )


def _nothing(stream: str, shape: Any) -> Any:
    """What is shown of weights that are no numbers any more."""
    if stream in ("input captions", "change captions", "health of the attack"):
        return []
    if stream in ("inputs", "changes"):
        return np.zeros((4, *shape.picture))
    if stream == "reads":
        return np.zeros((4, shape.outputs))
    if stream == "feature changes":
        return np.zeros((2, shape.inputs))
    if stream == "slice":
        return np.zeros((ACROSS, ACROSS))
    if stream == "slice places":
        return np.zeros((0, 3))
    return np.zeros((0, 5)) if stream == "pushes" else np.zeros((4 if stream == "against eps" else 2, 1))
