"""Attacks on a classifier: the worst input within a ball, found by the slope or by questions alone, and noise of the same size."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.tape import Node, Program, Tape

NORMS = ("infinity", "2")
MOST = 200  # inner steps of an attack
SLIGHT = 1e-6  # how far single precision may lead out of a ball


@dataclass(frozen=True)
class Ball:
    """All inputs within `eps` of a centre in one norm, and within the range that inputs have.

    Rows are samples. `norm` is "infinity" (no value moves by more than eps) or "2" (the distance is at most eps).
    """

    eps: float
    norm: str = "infinity"
    low: float = -math.inf
    high: float = math.inf

    def size(self, change: np.ndarray) -> np.ndarray:
        """How large each change is."""
        return np.abs(change).max(1) if self.norm == "infinity" else np.sqrt((change.astype(float) ** 2).sum(1))

    def into(self, x: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """The nearest inputs that lie in the ball around the centres, then in the range."""
        d = x - centre
        if self.norm == "infinity":
            d = np.clip(d, -self.eps, self.eps)
        else:
            d = d * np.minimum(1.0, self.eps / np.maximum(self.size(d), 1e-300))[:, None]
        return np.clip(centre + d, self.low, self.high)

    def steepest(self, slope: np.ndarray) -> np.ndarray:
        """The change of size 1 that goes furthest along a slope: its signs, or its direction; 0 where there is none."""
        if self.norm == "infinity":
            return np.sign(slope)
        size = np.sqrt((slope**2).sum(1, keepdims=True))
        return np.where(size > 0, slope / np.where(size > 0, size, 1.0), 0.0)

    def noise(self, random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        """Changes of size 1 in directions of chance: random signs, or a random direction."""
        return self.steepest(random.standard_normal(shape))

    def outline(self, points: int = 65) -> np.ndarray:
        """(2, points): the edge of the ball of size eps around the origin of a plane."""
        if self.norm == "infinity":
            return self.eps * np.array([[-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1]], float)
        angle = np.linspace(0, 2 * math.pi, points)
        return self.eps * np.stack([np.cos(angle), np.sin(angle)])


@dataclass(frozen=True)
class Climb:
    """How an attack moves: so many steps of `stride` times eps, from the clean input or from a place of chance in the ball.

    towards: the class that is aimed at (the loss of it falls), instead of the true one (the loss of it rises)
    """

    steps: int = 40
    stride: float = 0.1
    chance: bool = True
    towards: bool = False
    seed: int = 0


FGSM = Climb(1, 1.0, False)  # one step as long as eps, from the clean input


@dataclass(frozen=True)
class Found:
    """What an attack came to: the inputs, their loss before the first and after each step, their logits, and how often it asked."""

    x: np.ndarray
    trace: np.ndarray
    logits: np.ndarray
    asked: int = 0


class Attack:
    """A classifier written down once more, with its input free to move within a ball.

    write(tape, x, outputs) writes the layers and returns the logits; the weights are those of the classifier under the same names.
    """

    def __init__(
        self,
        write: Callable[[Tape, Node, int], Node],
        inputs: int,
        outputs: int,
        low: float = -math.inf,
        high: float = math.inf,
        *,
        batch: int = 64,
        dtype: str = "float32",
    ):
        self.inputs, self.outputs, self.low, self.high = inputs, outputs, low, high
        self.programs = {norm: self._program(write, norm, batch, dtype) for norm in NORMS}
        self._blank = {norm: program.start(0) for norm, program in self.programs.items()}

    def _program(self, write: Callable[[Tape, Node, int], Node], norm: str, batch: int, dtype: str) -> Program:
        t = Tape()
        x, aim = t.input("x", (self.inputs,)), t.labels("aim", self.outputs)
        start = x + t.scale(t.uniform((self.inputs,), -1.0, 1.0), 0.0, name="start")
        near = t.free("near", self.inputs, start=start)
        logits = t.scale(write(t, near, self.outputs), 1.0, name="logits")
        loss = t.scale(t.cross_entropy(logits, aim, name="surprise"), 1.0, name="direction")
        t.settle(
            loss, [near], steps=MOST, rate=0.0, rule="sign" if norm == "infinity" else "normalised", ascend=True, ball=(x, 0.0),
            norm=math.inf if norm == "infinity" else 2, low=self.low, high=self.high, name="attack",
        )  # fmt: skip
        return t.compile(batch, dtype)

    def ball(self, eps: float, norm: str) -> Ball:
        """The ball of this size, within the range of this classifier's inputs."""
        return Ball(eps, norm, self.low, self.high)

    def _state(self, weights: dict[str, np.ndarray], ball: Ball, climb: Climb) -> tuple[Program, dict[str, np.ndarray]]:
        program = self.programs[ball.norm]
        state = {name: array.copy() for name, array in self._blank[ball.norm].items()}
        program.load(state, {name: weights[name] for name in (*program.parameters(state), *program.statistics(state))})
        eps = ball.eps
        for name, value in {
            "attack.eps": eps, "attack.rate": climb.stride * eps, "attack.steps": float(climb.steps), "start.factor": eps if climb.chance else 0.0,
            "direction.factor": -1.0 if climb.towards else 1.0,
        }.items():  # fmt: skip
            program.set(state, name, value)
        return program, state

    def climb(self, weights: dict[str, np.ndarray], x: np.ndarray, aim: np.ndarray, ball: Ball, climb: Climb) -> Found:
        """The worst inputs that so many steps along the slope find (white box)."""
        program, state = self._state(weights, ball, climb)
        near, trace, logits = program.forward(state, ["near", "attack", "logits"], x=x, aim=aim, seed=climb.seed)
        found = trace[:, : climb.steps + 1].astype(float)
        return Found(near, -found if climb.towards else found, logits)

    def slope(self, weights: dict[str, np.ndarray], x: np.ndarray, aim: np.ndarray) -> np.ndarray:
        """Slope of the loss of class `aim` at inputs."""
        program, state = self._state(weights, self.ball(0.0, "infinity"), Climb(0, 0.0, False))
        return program.gradients(state, "surprise", ["near"], mean=False, x=x, aim=aim)[0].astype(float)

    def logits(self, weights: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
        """What the classifier says of inputs, wherever they lie."""
        program, state = self._state(weights, self.ball(0.0, "infinity"), Climb(0, 0.0, False))
        return program.forward(state, "logits", replace={"near": np.asarray(x, program.dtype)})

    def question(
        self, weights: dict[str, np.ndarray], x: np.ndarray, aim: int, ball: Ball, climb: Climb, way: str, pairs: int, width: float
    ) -> Found:
        """The worst input (1, n) that is found by asking only: a slope is guessed from answers to pairs of nearby inputs.

        way     "finite differences": a pair along every axis; "NES": `pairs` pairs in directions of chance
        width   how far a pair lies from the middle
        It stops as soon as the class has changed (towards: as soon as the class aimed at is said), and counts its questions.
        """
        sign, asked = (-1.0 if climb.towards else 1.0), 0
        random = np.random.default_rng([climb.seed, 0x6E6573])

        def losses(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            logits = self.logits(weights, points).astype(float)
            top = logits.max(1, keepdims=True)
            return (top + np.log(np.exp(logits - top).sum(1, keepdims=True)))[:, 0] - logits[:, aim], logits

        at = np.asarray(x, float)
        loss, logits = losses(at)
        trace, asked = [float(loss[0])], 1
        for _ in range(climb.steps):
            if (int(logits[0].argmax()) == aim) == climb.towards:
                break
            ways = np.eye(self.inputs) if way == "finite differences" else random.standard_normal((pairs, self.inputs))
            both, _ = losses(np.concatenate([at + width * ways, at - width * ways]))
            asked += len(both)
            slope = ((both[: len(ways)] - both[len(ways) :]) / (2 * width)) @ ways
            at = ball.into(at + sign * climb.stride * ball.eps * ball.steepest(slope[None]), np.asarray(x, float))
            loss, logits = losses(at)
            asked += 1
            trace.append(float(loss[0]))
        return Found(at.astype(np.float32), np.array([trace]), logits, asked)


def fooled(logits: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Whether each sample is read wrongly."""
    return logits.argmax(1) != t


def withstood(
    attack: Attack, weights: dict[str, np.ndarray], x: np.ndarray, t: np.ndarray, ball: Ball, climb: Climb, restarts: int = 1
) -> float:
    """Share of the samples that are read rightly whatever the attack finds, the worst of several starts of chance."""
    held = np.ones(len(x), bool)
    for k in range(restarts):
        if held.any():
            start = Climb(climb.steps, climb.stride, climb.chance, climb.towards, climb.seed + k)
            held[held] = ~fooled(attack.climb(weights, x[held], t[held], ball, start).logits, t[held])
    return float(held.mean())


def jostled(attack: Attack, weights: dict[str, np.ndarray], x: np.ndarray, t: np.ndarray, ball: Ball, seed: int = 0) -> float:
    """Share of the samples that are read rightly under noise of size eps."""
    random = np.random.default_rng([seed, 0x6E6F69])
    moved = ball.into(x + ball.eps * ball.noise(random, x.shape), x)
    return float((~fooled(attack.logits(weights, moved), t)).mean())


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis, in double precision."""
    e = np.exp(logits.astype(float) - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def flags(attack: Attack, weights: dict[str, Any], x: np.ndarray, t: np.ndarray, ball: Ball, climb: Climb) -> list[dict[str, str]]:
    """What is wrong with an attack, in words: no slope, a start that lies outside, many steps that do less than one."""
    found = []
    flat = ~attack.slope(weights, x, t).any(1)
    said = "every example has a slope" if not flat.any() else (
        f"{flat.sum()} of {len(x)} examples have none: the network is so sure that the loss is 0 in single precision; an attack by slope cannot begin there"
    )  # fmt: skip
    found.append({"check": "slope of the loss", "": "✗" if flat.any() else "✓", "finding": said})
    beyond = ((x < attack.low) | (x > attack.high)).any(1)
    start = attack.climb(weights, x, t, ball, Climb(0, 0.0, climb.chance, seed=climb.seed)).x
    over = ball.size(start.astype(float) - x) > ball.eps + SLIGHT
    said = (
        f"{beyond.sum()} clean examples lie outside of the range {attack.low:g} to {attack.high:g}: the attack begins by moving them in"
        if beyond.any() else f"{over.sum()} starts lie outside of the ball" if over.any() else "every start lies in the ball and in the range"
    )  # fmt: skip
    found.append({"check": "start", "": "✗" if beyond.any() or over.any() else "✓", "finding": said})
    far = attack.climb(weights, x, t, ball, climb)
    over = (ball.size(far.x.astype(float) - x) > ball.eps + SLIGHT) | (far.x < attack.low).any(1) | (far.x > attack.high).any(1)
    said = f"{over.sum()} attacked examples lie outside" if over.any() else "every attacked example lies in the ball and in the range"
    found.append({"check": "result", "": "✗" if over.any() else "✓", "finding": said})
    once, many = (withstood(attack, weights, x, t, ball, c) for c in (FGSM, climb))
    said = f"PGD leaves {many:.1%} right, FGSM {once:.1%}"
    if many > once + 1e-9:
        said += (
            f": PGD is weaker than FGSM. Its {climb.steps} steps of {climb.stride:.3g} eps "
            + ("cannot even reach the edge: more steps, or longer ones" if climb.steps * climb.stride < 1 else "are too coarse or too few: more steps, shorter ones")
        )  # fmt: skip
    found.append({"check": "PGD beside FGSM", "": "✗" if many > once + 1e-9 else "✓", "finding": said})
    return found
