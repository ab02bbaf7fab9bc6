"""Examples to learn from: features, targets, and a seeded split into a part to train on and one to test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lab.errors import ModelError

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Use:
    """What became of a column of a file: its role (input, target, left out), what it holds, why, and how complete it is."""

    name: str
    role: str
    holds: str
    why: str = ""
    values: int = 0
    missing: int = 0


@dataclass(frozen=True)
class Dataset:
    """Examples to learn from.

    x         (n, features) float32
    t         classification: (n,) int64 class numbers; regression: (n, outputs) float32, in the units of the target
    classes   names of the classes, in the order of their numbers
    features  names of the columns of x
    picture   (rows, columns) where a row of x is a picture
    train, test  row numbers of the two parts; a row that is to be seen more often stands more than once in `train`
    scale     (centre, spread) of the target that training takes away from it; None: those of the training part
    gaps      (n, features) bool where x was missing and is filled by `fill` (mean or median of the column); None: no table
    usual     (features,) what a missing value is taken for, as measured on the training part; None: there is no such value
    full      the number that pixels of a table were divided by
    records   number of each row in its file
    columns   what became of each column of the file; said  one paragraph that tells all of it
    """

    name: str
    x: np.ndarray
    t: np.ndarray
    task: Task
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    picture: tuple[int, int] | None = None
    train: np.ndarray | None = None
    test: np.ndarray | None = None
    about: str = ""
    target: str = ""
    unit: str = ""
    scale: tuple[float, float] | None = (0.0, 1.0)
    gaps: np.ndarray | None = None
    fill: str = "mean"
    usual: np.ndarray | None = None
    full: float = 1.0
    records: np.ndarray | None = None
    columns: tuple[Use, ...] = ()
    said: str = ""

    @property
    def inputs(self) -> int:
        """Number of features."""
        return self.x.shape[1]

    @property
    def outputs(self) -> int:
        """Number of classes, or of regression targets."""
        return len(self.classes) if self.task == "classification" else self.t.shape[1]

    def part(self, which: Literal["train", "test"]) -> tuple[np.ndarray, np.ndarray]:
        """(x, t) of one part of the split."""
        rows = self.train if which == "train" else self.test
        assert rows is not None, "split() comes first"
        return self.x[rows], self.t[rows]

    def split(self, test: float = 0.2, seed: int = 0) -> Dataset:
        """Hold out a fraction for testing: stratified by class, shuffled by `seed`; at least one example on each side."""
        n = len(self.x)
        if n < 2:
            raise ModelError(f"{self.name}: a split into train and test needs at least 2 examples (got {n}).")
        order = np.random.default_rng(seed).permutation(n)
        if self.task == "classification":
            held = []
            for label in range(len(self.classes)):
                members = order[self.t[order] == label]
                held.append(members[: round(test * len(members))])
            rows = np.concatenate(held)
        else:
            rows = order[: round(test * n)]
        rows = order[:1] if len(rows) == 0 else rows[: n - 1]
        mask = np.zeros(n, bool)
        mask[rows] = True
        return replace(self, train=order[~mask[order]], test=order[mask[order]])

    def filled(self) -> Dataset:
        """What was missing filled again from the training part only (no peeking at the test part)."""
        if self.gaps is None:
            return self
        x = fill_gaps(self.x, self.gaps, self.fill, self.train) if self.gaps.any() else self.x
        rows = slice(None) if self.train is None else self.train
        usual = (np.median if self.fill == "median" else np.mean)(x[rows].astype(np.float64), axis=0)
        return replace(self, x=x, usual=usual)

    def balanced(self, seed: int = 0) -> Dataset:
        """Rows of rare classes as often in the training part as those of the commonest: each as often as the others, give or take one."""
        if self.task != "classification" or self.train is None:
            return self
        most = balanced_count(np.bincount(self.t[self.train], minlength=len(self.classes)))
        rng = np.random.default_rng([seed, 7])
        rows = []
        for label in range(len(self.classes)):
            members = self.train[self.t[self.train] == label]
            if len(members):
                again, rest = divmod(most, len(members))
                rows += [np.tile(members, again), rng.permutation(members)[:rest]]
        return replace(self, train=rng.permutation(np.concatenate(rows)))

    def standardised(self) -> Dataset:
        """Features with mean 0 and standard deviation 1, measured on the training part only (no peeking)."""
        rows = slice(None) if self.train is None else self.train
        mean, deviation = self.x[rows].mean(0), self.x[rows].std(0)
        return replace(self, x=((self.x - mean) / np.where(deviation > 0, deviation, 1)).astype(np.float32))

    def with_label_noise(self, fraction: float, seed: int = 0) -> Dataset:
        """Training labels replaced at random (any class, the right one included) for this fraction of the training part."""
        if self.task != "classification" or fraction == 0:
            return self
        rng = np.random.default_rng(seed)
        rows = np.arange(len(self.x)) if self.train is None else self.train
        chosen = rng.choice(rows, round(fraction * len(rows)), replace=False)
        t = self.t.copy()
        t[chosen] = rng.integers(0, len(self.classes), len(chosen))
        return replace(self, t=t)

    def limited(self, n: int) -> Dataset:
        """Only the first n training examples (the split is shuffled, so they are a sample)."""
        assert self.train is not None, "split() comes first"
        return replace(self, train=self.train[:n])


def balanced_count(counts: np.ndarray) -> int:
    """How often each class is seen where rare ones are seen more often."""
    return int(counts.max())


def fill_gaps(x: np.ndarray, gaps: np.ndarray, fill: str, rows: np.ndarray | None) -> np.ndarray:
    """x with its gaps filled by mean or median of what is known in the given rows (of all, where those know nothing)."""
    out = x.copy()
    measure = np.median if fill == "median" else np.mean
    for k in np.flatnonzero(gaps.any(0)):
        known = ~gaps[:, k]
        seen = np.zeros(len(x), bool)
        seen[slice(None) if rows is None else rows] = True
        use = x[known & seen, k] if (known & seen).any() else x[known, k]
        out[gaps[:, k], k] = measure(use.astype(np.float64))
    return out
