"""Learning from reward: an agent on a grid, its policy gradients, and what any policy earns exactly.

A cell of the grid is row * STRIDE + column, so that tables keep their places when the map changes. Directions are up, right, down, left.

    REINFORCE      sum_t (G_t - b_t) grad ln pi(a_t | s_t)     G_t: what is earned from t on; b: nothing, the mean return, or V(s_t)
    actor-critic   sum_t delta_t grad ln pi(a_t | s_t)         delta_t = r_t + gamma V(s_{t+1}) - V(s_t)

An episode that is cut off by the horizon has not ended: what would have come is taken from V where there is one (Williams 1992; Sutton and Barto 2018,
chapter 13).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.kernels import exp, kernel, log, uniform

STRIDE = 12  # largest side of a grid
CELLS, MOVES = STRIDE * STRIDE, 4
LONGEST = 1000  # moves of an episode
STEP = ((-1, 0), (0, 1), (1, 0), (0, -1))
FLOOR, WALL, PIT, GOAL, BONUS, START = range(6)
LETTERS = ".#PG*S"
PLAIN, MEAN, VALUE, CRITIC = range(4)
METHODS = ("REINFORCE", "mean baseline", "value baseline", "actor-critic")
EPISODE, UPDATE, MOVE, IN_BATCH, TIME, CELL = range(6)  # of the counters
BETA1, BETA2 = 0.9, 0.999


class World(NamedTuple):
    """What a move does: the cell it leads to (cells, moves), what entering a cell pays, whether it ends the episode, chance of a slip, horizon, discount."""

    to: np.ndarray
    pay: np.ndarray
    ends: np.ndarray
    start: int
    slip: float
    horizon: int
    gamma: float


class Agent(NamedTuple):
    """Tables of the agent and of the one that is told, with Adam's means; sums over a batch of episodes; the present episode."""

    logits: np.ndarray  # (cells, moves)
    value: np.ndarray  # (cells,)
    told: np.ndarray  # (cells, moves)
    first: np.ndarray  # (2, cells, moves): of logits, told
    second: np.ndarray
    weighed: np.ndarray  # (cells, moves): sum of (G or delta) grad ln pi
    plain: np.ndarray  # sum of grad ln pi
    visits: np.ndarray
    cells: np.ndarray  # (LONGEST + 1,) of the present episode
    moves: np.ndarray
    paid: np.ndarray
    before: np.ndarray  # cells of the episode before, and how many in the last place
    earned: np.ndarray  # returns of the batch: their sum, and the last one
    counters: np.ndarray
    rng: np.ndarray


class Rule(NamedTuple):
    """How the agent learns."""

    method: int
    rate: float
    value_rate: float
    entropy: float
    batch: int


def grid(text: str) -> np.ndarray:
    """Kinds of cells (rows, columns) of a map whose rows are divided by '/'."""
    return np.array([[LETTERS.index(letter) for letter in row] for row in text.split("/")], np.int64)


def text_of(kinds: np.ndarray) -> str:
    """The map of some kinds."""
    return "/".join("".join(LETTERS[k] for k in row) for row in kinds)


def ways(kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """(to (cells, moves), kind of each place (cells,), start): off the grid and into a wall one stays where one is."""
    to = np.repeat(np.arange(CELLS)[:, None], MOVES, 1)
    flat, start = np.full(CELLS, WALL), 0
    rows, columns = kinds.shape
    for r in range(rows):
        for c in range(columns):
            here = r * STRIDE + c
            flat[here] = kinds[r, c]
            start = here if kinds[r, c] == START else start
            for a, (down, right) in enumerate(STEP):
                i, j = r + down, c + right
                if 0 <= i < rows and 0 <= j < columns and kinds[i, j] != WALL:
                    to[here, a] = i * STRIDE + j
    return to, flat, start


@kernel(fast=False)
def softmax(logits, s, into):
    """Chances of the moves in a cell."""
    top = logits[s, 0]
    for a in range(1, MOVES):
        top = max(top, logits[s, a])
    total = 0.0
    for a in range(MOVES):
        into[a] = exp(logits[s, a] - top)
        total += into[a]
    for a in range(MOVES):
        into[a] /= total


@kernel(fast=False)
def worth(world, chances, best, V, Q):
    """What is earned from every cell until the horizon, by backward recursion; by these chances, or by the best moves with so much time left.

    V (cells,) and Q (cells, moves) hold what is earned with the whole horizon ahead.
    """
    later = np.zeros(CELLS)
    plain = np.empty(MOVES)
    for _ in range(world.horizon):
        for s in range(CELLS):
            if world.ends[s]:
                V[s] = 0.0
                continue
            mean = 0.0
            for a in range(MOVES):
                t = world.to[s, a]
                plain[a] = world.pay[t] + world.gamma * later[t]
                mean += plain[a] / MOVES
            total, top = 0.0, -np.inf
            for a in range(MOVES):
                Q[s, a] = (1.0 - world.slip) * plain[a] + world.slip * mean
                total += chances[s, a] * Q[s, a]
                top = max(top, Q[s, a])
            V[s] = top if best else total
        later[:] = V


@kernel(fast=False)
def adam(table, gradient, first, second, update, rate, scale):
    """One step of Adam up the gradient."""
    a, b = 1.0 - BETA1**update, 1.0 - BETA2**update
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            g = gradient[i, j] * scale
            first[i, j] = BETA1 * first[i, j] + (1.0 - BETA1) * g
            second[i, j] = BETA2 * second[i, j] + (1.0 - BETA2) * g * g
            table[i, j] += rate * (first[i, j] / a) / (np.sqrt(second[i, j] / b) + 1e-8)


@kernel(fast=False)
def credit(world, agent, rule, length):
    """An episode is over: what each of its moves is to be praised or blamed for, added to the sums of the batch."""
    pi = np.empty(MOVES)
    last = agent.cells[length]
    cut = not world.ends[last]
    after = agent.value[last] if cut and rule.method >= VALUE else 0.0
    earned = after
    for t in range(length - 1, -1, -1):
        s, a = agent.cells[t], agent.moves[t]
        softmax(agent.logits, s, pi)
        earned = agent.paid[t] + world.gamma * earned
        if rule.method == CRITIC:
            n = agent.cells[t + 1]
            praise = agent.paid[t] + world.gamma * (0.0 if world.ends[n] else agent.value[n]) - agent.value[s]
            agent.value[s] += rule.value_rate * praise
        elif rule.method == VALUE:
            praise = earned - agent.value[s]
            agent.value[s] += rule.value_rate * praise
        else:
            praise = earned
        spread = 0.0
        for b in range(MOVES):
            spread -= pi[b] * log(pi[b] + 1e-300)
        for b in range(MOVES):
            slope = (1.0 if a == b else 0.0) - pi[b]
            agent.weighed[s, b] += praise * slope - rule.entropy * pi[b] * (log(pi[b] + 1e-300) + spread)
            agent.plain[s, b] += slope
        agent.visits[s] += 1.0
    total, factor = 0.0, 1.0
    for t in range(length):
        total += factor * agent.paid[t]
        factor *= world.gamma
    agent.earned[0] += total
    agent.earned[1] = total


@kernel(fast=False)
def update(agent, rule, answers):
    """Steps of all tables from the batch: the agent from its reward, the other from the answers (cells, moves) in the very same cells."""
    count = agent.counters[UPDATE] = agent.counters[UPDATE] + 1
    scale = 1.0 / rule.batch
    if rule.method == MEAN:
        mean = agent.earned[0] * scale
        for s in range(CELLS):
            for a in range(MOVES):
                agent.weighed[s, a] -= mean * agent.plain[s, a]
    adam(agent.logits, agent.weighed, agent.first[0], agent.second[0], count, rule.rate, scale)
    pi = np.empty(MOVES)
    for s in range(CELLS):
        if agent.visits[s] > 0.0:
            softmax(agent.told, s, pi)
        for a in range(MOVES):
            agent.weighed[s, a] = agent.visits[s] * (answers[s, a] - pi[a]) if agent.visits[s] > 0.0 else 0.0
    adam(agent.told, agent.weighed, agent.first[1], agent.second[1], count, rule.rate, scale)
    agent.weighed[:] = 0.0
    agent.plain[:] = 0.0
    agent.visits[:] = 0.0
    agent.earned[0] = 0.0
    agent.counters[IN_BATCH] = 0


@kernel(fast=False)
def walk(world, agent, rule, answers, n, episodes):
    """Up to n moves, and no further than the next update or the end of episode number `episodes`; returns (moves made, whether weights moved)."""
    pi, c = np.empty(MOVES), agent.counters
    for k in range(n):
        t, s = c[TIME], c[CELL]
        if t == 0:
            agent.cells[0] = s
        softmax(agent.logits, s, pi)
        u, a, total = uniform(agent.rng), 0, pi[0]
        while u >= total and a < MOVES - 1:
            a += 1
            total += pi[a]
        way = a
        if uniform(agent.rng) < world.slip:
            way = min(MOVES - 1, int(uniform(agent.rng) * MOVES))
        s = world.to[s, way]
        agent.moves[t], agent.paid[t], agent.cells[t + 1] = a, world.pay[s], s
        t += 1
        c[MOVE] += 1
        c[TIME], c[CELL] = t, s
        if world.ends[s] or t >= world.horizon:
            credit(world, agent, rule, t)
            agent.before[: t + 1] = agent.cells[: t + 1]
            agent.before[-1] = t + 1
            c[EPISODE] += 1
            c[IN_BATCH] += 1
            c[TIME], c[CELL] = 0, world.start
            if c[IN_BATCH] >= rule.batch:
                update(agent, rule, answers)
                return k + 1, True
            if c[EPISODE] >= episodes:
                return k + 1, False
    return n, False


def answers_of(world: World) -> tuple[np.ndarray, np.ndarray]:
    """(best moves of each cell as chances (cells, moves), what the best policy earns from each cell (cells,))."""
    V, Q = np.zeros(CELLS), np.zeros((CELLS, MOVES))
    worth(world, Q, True, V, Q)
    best = (Q >= Q.max(1, keepdims=True) - 1e-9).astype(float)
    return best / best.sum(1, keepdims=True), V


def chances_of(logits: np.ndarray) -> np.ndarray:
    """Softmax of every row."""
    found = np.exp(logits - logits.max(-1, keepdims=True))
    return found / found.sum(-1, keepdims=True)


def solved(world: World, chances: np.ndarray) -> np.ndarray:
    """What a policy earns from every cell without any horizon, from the linear system V = r + gamma P V."""
    mixed = (1 - world.slip) * chances + world.slip * chances.sum(-1, keepdims=True) / MOVES
    P = np.zeros((CELLS, CELLS))
    np.add.at(P, (np.repeat(np.arange(CELLS), MOVES), world.to.ravel()), mixed.ravel())
    P[world.ends] = 0.0
    reward = (mixed * world.pay[world.to]).sum(1)
    reward[world.ends] = 0.0
    return np.linalg.solve(np.eye(CELLS) - world.gamma * P, reward)
