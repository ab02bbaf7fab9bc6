"""The handwritten digits that scikit-learn brings, without what scikit-learn costs: its import takes more of the processor than training on them."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

SIDE = 8  # pixels of a picture's edge; each is 0 to 16


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Pixels (1797, 64) as float64 from 0 to 16, and labels (1797,) as int64; not to be written to.

    They are read from the file in scikit-learn's folder; where a version keeps it elsewhere, scikit-learn is asked itself.
    """
    spec = find_spec("sklearn")
    place = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz" if spec is not None and spec.origin else None
    if place is not None and place.is_file():
        table = np.loadtxt(place, delimiter=",")
        pixels, labels = np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(np.int64)
    else:
        from sklearn.datasets import load_digits

        bunch = load_digits()
        pixels, labels = bunch.data, bunch.target.astype(np.int64)
    pixels.flags.writeable = labels.flags.writeable = False
    return pixels, labels
