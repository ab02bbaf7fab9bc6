"""A minibatch of predictive coding settled again on copies, and what is read of it: both steps, how far apart, errors at rest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.training import predictive as pc

BLOCK = 64  # test examples that are read at once


class Again(NamedTuple):
    """A minibatch that settles from its beginning with both ends held; the network that it settles in is left as it is.

    part  of the way from prediction to target at which the output is held; zero: states begin at zero
    """

    net: pc.Layout
    weights: pc.Weights
    how: pc.How
    given: np.ndarray
    wanted: np.ndarray
    part: float
    zero: bool

    def turns(self, sweeps: int) -> int:
        """Sweeps that it settles for: Z-IL is done after as many as there are hidden layers."""
        return len(self.net.sizes) - 2 if self.how.form == pc.ZERO else sweeps

    def _empty_step(self) -> pc.Weights:
        return pc.Weights(np.zeros_like(self.weights.M), np.zeros_like(self.weights.b), self.weights.W)

    def _begin(self, energy: np.ndarray) -> tuple[pc.Nodes, pc.Weights]:
        nodes, step = pc.empty(self.net, len(self.given)), self._empty_step()
        pc.begin(self.net, self.weights, nodes, self.how, self.given, self.wanted, self.part, self.zero, energy, step)
        return nodes, step

    def settled(self, sweeps: int) -> tuple[pc.Nodes, pc.Weights, np.ndarray]:
        """(nodes, step, energies (sweeps + 1, layers + 1)) when it has settled."""
        turns = self.turns(sweeps)
        energies = np.zeros((turns + 1, len(self.net.sizes)))
        nodes, step = self._begin(energies[0])
        pc.settle(self.net, self.weights, nodes, self.how, step, energies[1:], 0, turns)
        if self.how.form != pc.ZERO:
            pc.steps_of(self.net, nodes, self.how, step, 0)
        return nodes, step, energies

    def back(self) -> np.ndarray:
        """Back-propagation's step of all weights."""
        step, room = self._empty_step(), pc.empty(self.net, len(self.given))
        pc.back_propagate(self.net, self.weights.M, self.weights.b, self.how.activation, room, self.given, self.wanted, step)
        return step.M

    def agreement(self, sweeps: int) -> np.ndarray:
        """(1 + layers of weights, sweeps + 1): after each sweep the largest difference of a layer's steps over the largest step."""
        net, turns, energy = self.net, self.turns(sweeps), np.zeros((1, len(self.net.sizes)))
        found, back = np.zeros((len(net.sizes), turns + 1)), self.back()
        found[0] = np.arange(turns + 1)
        nodes, step = self._begin(energy[0])
        for k in range(turns + 1):
            if k:
                pc.settle(net, self.weights, nodes, self.how, step, energy, k - 1, 1)
            if self.how.form != pc.ZERO:
                pc.steps_of(net, nodes, self.how, step, 0)
            for l, (a, b) in enumerate(zip(pc.matrices(net, step.M), pc.matrices(net, back), strict=True)):
                found[1 + l, k] = max(1e-17, pc.apart((a / self.part).ravel(), b.ravel())[0])
        return found

    def cosine(self, sweeps: int, back: np.ndarray) -> float:
        """Cosine of its step with back-propagation's."""
        return float(pc.apart(self.settled(sweeps)[1].M, back)[1])

    def rest(self, example: int, sweeps: int) -> tuple[np.ndarray, np.ndarray]:
        """Error nodes of the output for an example: (settled, in closed form)."""
        net, rows = self.net, len(self.given)
        nodes, _, _ = self.settled(sweeps)
        plain = pc.empty(net, rows)
        plain.x[: self.given.size] = self.given.ravel()
        pc.forward(net, self.weights.M, self.weights.b, self.how.activation, plain, rows)
        slopes = [layer[example] for layer in pc.layers(net, plain.d, rows)]
        error = self.part * (self.wanted[example] - pc.layers(net, plain.mu, rows)[-1][example])
        return pc.layers(net, nodes.eps, rows)[-1][example].copy(), pc.closed_form(net, self.weights.M, slopes, self.how.nu, error)


def alignment(net: pc.Layout, weights: pc.Weights) -> list[float]:
    """Cosine of W with the transposed M, layer by layer (of those that errors pass)."""
    pairs = zip(pc.matrices(net, weights.M), pc.matrices(net, weights.W, turned=True), strict=True)
    return [float((M.T * W).sum() / max(np.sqrt((M**2).sum() * (W**2).sum()), 1e-300)) for M, W in pairs]


def accuracy(net: pc.Layout, M: np.ndarray, b: np.ndarray, activation: int, x: np.ndarray, t: np.ndarray) -> float:
    """Part of the examples whose largest output is the right one, at the prediction, which is the equilibrium of a held input."""
    room, right = pc.empty(net, min(BLOCK, len(x))), 0  # fresh memory for all of them costs more than their arithmetic
    for first in range(0, len(x), BLOCK):
        part = x[first : first + BLOCK]
        room.x[: part.size] = part.ravel()
        pc.forward(net, M, b, activation, room, len(part))
        right += int((pc.layers(net, room.mu, len(part))[-1].argmax(1) == t[first : first + BLOCK]).sum())
    return right / len(x)
