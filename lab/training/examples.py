"""Parameters of a data set: which examples, how a file is read, how they are prepared and varied."""

from __future__ import annotations

from lab.data import sets
from lab.data.tables import FILLS
from lab.model import Model, param

EXAMPLE_POINTS = tuple((float(x), float(y), float(int(x > 0) ^ int(y > 0))) for x in (-0.7, -0.5, 0.5, 0.7) for y in (-0.6, -0.4, 0.4, 0.6))
READING = "Reading the file"  # group of what is found in a file, where a person corrects it


class Examples(Model):
    """What a supervised learner learns from; `lab.training.material` prepares it."""

    data: str = param("digits", choices=sets.NAMES, live=False, main=True, group="Data", doc="What is learned.")
    n: int = param(1000, "examples", lo=4, hi=100_000, log=True, live=False, group="Data", symbol="N", label="Examples",
                   when=("data", (*sets.PLANES, *sets.FUNCTIONS, "drawn")), doc="How many examples are generated.")  # fmt: skip
    noise: float = param(0.2, lo=0.0, hi=2.0, builds=True, group="Data", when=("data", (*sets.PLANES, *sets.FUNCTIONS, "drawn")),
                         doc="Standard deviation of the noise in generated examples.")  # fmt: skip
    drawn: tuple[tuple[float, float], ...] = param(((0.0, 0.0), (0.5, 1.0), (1.0, 0.0)), kind="drawn", live=False, group="Data",
                                                   when=("data", "drawn"), doc="A function drawn by hand.")  # fmt: skip
    points: tuple[tuple[float, float, float], ...] = param(EXAMPLE_POINTS, kind="points", live=False, group="Data", when=("data", "painted"),
                                                           doc="Points painted by hand with their class.")  # fmt: skip
    file: str = param("", kind="file", live=False, group="Data", when=("data", "file"),
                      doc="A table as text (CSV), an IDX file of pictures, or a folder of pictures.")  # fmt: skip
    target: str = param("", live=False, group="Data", when=("data", "file"),
                        doc="Column of the table to predict (empty: one called label, class or target, else the last that says anything).")  # fmt: skip
    types: str = param(
        "", live=False, group="Data", when=("data", "file"), doc="Corrections of what columns hold: age=number, id=ignore, grade=class."
    )
    fill: str = param(
        "mean", choices=FILLS, live=False, group="Data", when=("data", "file"), doc="What takes the place of missing numbers."
    )
    balance: bool = param(False, live=False, group="Data", label="Rare classes more often",
                          doc="Show the training rows of rare classes so often that all classes are seen equally often.")  # fmt: skip
    standardise: bool = param(True, live=False, group="Data", doc="Give every column of a table mean 0 and deviation 1.")
    test_fraction: float = param(0.2, lo=0.01, hi=0.9, live=False, group="Data", doc="Part of the examples held out for testing.")
    samples: int = param(0, "examples", lo=0, hi=1_000_000, live=False, group="Data", doc="Train on only so many examples (0: all).")
    label_noise: float = param(
        0.0, lo=0.0, hi=1.0, builds=True, group="Data", doc="Part of the training labels that are replaced at random."
    )
    separator: str = param("", live=False, group=READING, when=("data", "file"),
                           doc="What divides the columns: comma, semicolon, tab, space, bar or the character itself (empty: found).")  # fmt: skip
    decimal: str = param("", live=False, group=READING, when=("data", "file"), doc="Decimal mark: point or comma (empty: found).")
    thousands: str = param("", live=False, group=READING, when=("data", "file"),
                           doc="Mark between groups of digits: comma, point, space, apostrophe or none (empty: any).")  # fmt: skip
    missing: str = param("", live=False, group=READING, when=("data", "file"), label="Missing words",
                         doc="Further words for no value, divided by commas: -999, n.d.; with 'only' first, no others count.")  # fmt: skip
    header: str = param("", live=False, group=READING, when=("data", "file"), label="First row",
                        doc="What the first row holds: names or values (empty: found).")  # fmt: skip
    encoding: str = param("", live=False, group=READING, when=("data", "file"),
                          doc="How the text is encoded: utf-8, latin-1, utf-16 (empty: found).")  # fmt: skip
    shift: int = param(
        0, "pixels", lo=0, hi=8, builds=True, group="Augmentation", doc="Move each training picture at random by up to so many pixels."
    )
    flip: bool = param(False, builds=True, group="Augmentation", doc="Mirror each training picture with probability 1/2.")
    input_noise: float = param(
        0.0, lo=0.0, hi=2.0, builds=True, group="Augmentation", doc="Deviation of Gaussian noise on training inputs, new at each step."
    )
