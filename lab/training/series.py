"""A series of one's own, cut into windows: a column of a table, an array or a sound, to be foretold step by step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from lab.data import signals
from lab.errors import FileError
from lab.tape import Data, Program
from lab.training.makers import Arrays
from lab.units import number as printed

MOST = 20_000  # training windows; of a longer series they are spread over it


@dataclass(frozen=True, eq=False)
class Series:
    """Windows of `span` values: input x (span, 1) and t (span, 1), the same one step later, both in deviations from the mean.

    Mean and deviation are those of the part that is trained on; the last `held` part is never trained on.
    """

    values: np.ndarray
    span: int
    held: float = 0.2
    said: str = ""  # one paragraph about the file
    fresh: ClassVar[bool] = False

    def __post_init__(self) -> None:
        least = min(self.cut, len(self.values) - self.cut)
        if least <= self.span + 1:
            raise FileError(
                f"The series has {len(self.values)} values: windows of {self.span} need more than {self.span + 1} in the part that is trained on "
                f"and in the {self.held:.0%} held out; take a longer series or a smaller length."
            )
        if not self.deviation > 0:
            raise FileError(f"The first {self.cut} values of the series are all {self.mean:g}: there is nothing to foretell.")

    @property
    def cut(self) -> int:
        """Where the part held out begins."""
        return round(len(self.values) * (1 - self.held))

    @property
    def mean(self) -> float:
        """Of the part that is trained on."""
        return float(self.values[: self.cut].mean())

    @property
    def deviation(self) -> float:
        """Of the part that is trained on."""
        return float(self.values[: self.cut].std())

    def natural(self, values: np.ndarray) -> np.ndarray:
        """Values as the file has them."""
        return values * self.deviation + self.mean

    @property
    def rows(self) -> int:
        """Training windows."""
        return min(MOST, self.cut - self.span)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each input per sample."""
        return {"x": (self.span, 1), "t": (self.span, 1)}

    def _windows(self, starts: np.ndarray) -> Arrays:
        at = starts[:, None] + np.arange(self.span + 1)
        found = ((self.values[at] - self.mean) / self.deviation).astype(np.float32)[..., None]
        return {"x": found[:, :-1], "t": found[:, 1:]}

    def training(self, seed: int, epoch: int) -> Arrays:
        """Training windows, each at another place."""
        return self._windows(np.linspace(0, self.cut - self.span - 1, self.rows).round().astype(int))

    def starts(self, count: int) -> np.ndarray:
        """Where up to `count` windows of the part held out begin, spread over it."""
        places = np.arange(self.cut, len(self.values) - self.span)
        return places[np.linspace(0, len(places) - 1, min(count, len(places))).round().astype(int)]

    def held_out(self, seed: int, count: int) -> Arrays:
        """Windows of the part held out."""
        return self._windows(self.starts(count))

    def after(self, start: int, count: int) -> np.ndarray:
        """(count,) the values behind the window that begins at `start`, in deviations; NaN where the series has ended."""
        found = np.full(count, np.nan)
        rest = self.values[start + self.span : start + self.span + count]
        found[: len(rest)] = (rest - self.mean) / self.deviation
        return found

    def pack(self, program: Program, seed: int, epoch: int) -> Data:
        """The training windows as the tape takes them."""
        return program.data(**self.training(seed, epoch))


@lru_cache(2)
def _values(path: str, column: int, modified: float, size: int) -> np.ndarray:
    return signals.read(path, 1.0, column).values


def series_of(path: str, column: int, span: int) -> Series:
    """The series in a file: column `column` of a table or an array (counted from 0, where there are several), or a channel of a sound (from 1)."""
    try:
        facts = Path(path).stat()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}. Give the path of a table, an array (.npy) or a sound.") from None
    values = _values(path, column, facts.st_mtime, facts.st_size)
    said = f"{Path(path).name}: {printed(len(values))} values from {printed(values.min(), 4)} to {printed(values.max(), 4)}"
    return Series(values, span, said=said)
