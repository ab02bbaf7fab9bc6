"""What a network learns of a table: which column is predicted, which are inputs, what is left out, filled or dropped, and why.

plan(table, choices) -> Plan -> dataset(plan)    features and targets
                             -> paragraph(plan)  all of it in words; nothing happens to a column that is not said there
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from lab.data.columns import FEW, Column
from lab.data.dataset import Dataset, Task, Use, fill_gaps
from lab.data.numerals import number
from lab.data.tables import FILLS, Choices, Table
from lab.data.words import brief, count, found_as, listed
from lab.errors import FileError, near
from lab.units import number as printed

TARGETS = ("target", "targets", "label", "labels", "class", "classes", "species", "outcome", "outcomes")
MAX_FEATURES = 100_000_000  # rows x features
PIXELS = 5  # a picture has at least so many rows
_PIXEL = re.compile(r"^(?:pixels?|pix|px|p|image|img|x|v|f|attr|attribute|column|col|feature)?[ _.\-]?\d+$|^\d+x\d+$", re.I)
_PIXEL_NAME = re.compile(r"^(?:pixels?|pix|px|image|img)[ _.\-]?\d+$|^\d+x\d+$", re.I)


@dataclass(frozen=True)
class Warning:
    """What may be wrong, in a sentence, and the choices that would mend it."""

    sentence: str
    remedy: str = ""
    changes: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class Plan:
    """What is made of a table.

    target    its column; None where there is none to predict, and then `problem` says why
    inputs    columns that are used
    out       (column, why) of those that are not
    kept      rows of the table that are used
    unknown   rows without a target; gappy  further rows that were left out for missing inputs
    filled    (name, cells) of columns with filled gaps
    classes   (name, rows) where classes are predicted
    picture   (rows, columns) where the inputs are pixels
    """

    table: Table
    choices: Choices
    target: int | None
    task: Task
    inputs: tuple[int, ...]
    out: tuple[tuple[int, str], ...]
    kept: np.ndarray
    unknown: int = 0
    gappy: int = 0
    filled: tuple[tuple[str, int], ...] = ()
    classes: tuple[tuple[str, int], ...] = ()
    picture: tuple[int, int] | None = None
    problem: str = ""

    @property
    def features(self) -> int:
        """Numbers that a network gets of a row."""
        columns = self.table.columns
        return sum(1 if columns[k].kind == "number" else len(levels(columns[k], self.kept)) for k in self.inputs)


def plan(table: Table, choices: Choices) -> Plan:
    """Decide what is predicted from what; what cannot be learned from is said in `problem`."""
    place, columns = table.place, table.columns
    out = [(k, column.why) for k, column in enumerate(columns) if column.kind == "ignore"]
    picture, pixels = _picture(table, choices)
    if picture:
        out = [(k, why) for k, why in out if k not in pixels]
    try:
        goal = _target(table, choices, pixels)
    except FileError as error:
        fit = tuple(k for k, column in enumerate(columns) if column.kind != "ignore")
        return Plan(table, choices, None, "classification", fit, tuple(out), np.arange(table.rows), problem=str(error))
    column = columns[goal]
    task: Task = "classification" if _is_class(column, table, choices) else "regression"
    known = ~column.missing
    inputs = [k for k in (sorted(pixels) if picture else range(len(columns))) if k != goal and (picture or columns[k].kind != "ignore")]
    gappy = np.zeros(table.rows, bool)
    if choices.fill == FILLS[2]:
        for k in inputs:
            gappy |= columns[k].missing
    kept = np.flatnonzero(known & ~gappy)
    problem = _slips(table, (*inputs, goal))
    if not picture:  # rows that were left out may leave a column without a difference
        for k in tuple(inputs):
            why = _now_constant(columns[k], kept) if len(kept) < table.rows and len(kept) else ""
            if why:
                inputs.remove(k)
                out.append((k, why))
    gaps = {k: int(columns[k].missing[kept].sum()) - columns[k].slipped for k in inputs}
    filled = tuple((columns[k].name, n) for k, n in gaps.items() if n > 0)
    classes: tuple[tuple[str, int], ...] = ()
    if task == "classification" and len(kept):
        names, t = _labels(column, kept)
        classes = tuple(zip(names, np.bincount(t, minlength=len(names)).tolist(), strict=True))
    made = Plan(
        table, choices, goal, task, tuple(inputs), tuple(sorted(out)), kept, int((~known).sum()), int((gappy & known).sum()), filled, classes, picture, problem,
    )  # fmt: skip
    return made if problem else replace(made, problem=_too_little(made, place) or _too_large(made))


def _too_large(made: Plan) -> str:
    """Numbers that single precision, in which networks learn, does not hold."""
    for k in (*made.inputs, *(() if made.target is None else (made.target,))):
        numbers = made.table.columns[k].numbers
        if numbers is not None and len(numbers) and np.nanmax(np.abs(numbers)) > 1e30:
            row = int(np.nanargmax(np.abs(numbers)))
            return f"{made.table.place}, row {made.table.records[row]}, column '{made.table.columns[k].name}': {printed(numbers[row], 3)} is too large to be learned: correct it, or leave the column out."
    return ""


def _too_little(made: Plan, place) -> str:
    assert made.target is not None
    name = made.table.columns[made.target].name
    if not made.inputs:
        out = [c.name for k, c in enumerate(made.table.columns) if k != made.target]
        again = f"; what was left out can be used with types, such as {out[0]}=class" if out else ""
        return f"{place} needs at least one column of numbers or classes besides the one to predict ('{name}'){again}."
    if len(made.kept) < 2:
        return f"{place} has {len(made.kept)} row{'s' if len(made.kept) != 1 else ''} that can be learned from; at least 2 are needed."
    if made.task == "classification" and len(made.classes) < 2:
        only = made.classes[0][0] if made.classes else ""
        return f"{place}: the column to predict, '{name}', is always '{only}' in the rows that are left, so there is nothing to learn: choose another target."
    if made.task == "regression":
        values = made.table.columns[made.target].numbers
        if values is None:
            return f"{place}: the column to predict, '{name}', holds texts, too many to be classes: choose another target, or say {name}=class."
        if np.ptp(values[made.kept]) == 0:
            return f"{place}: the column to predict, '{name}', is always {values[made.kept][0]:g} in the rows that are left, so there is nothing to learn: choose another target."
    if len(made.kept) * made.features > MAX_FEATURES:
        return f"{place} makes {printed(len(made.kept))} rows of {printed(made.features)} inputs; at most {printed(MAX_FEATURES)} numbers can be learned from: leave columns out with types."
    return ""


def _target(table: Table, choices: Choices, pixels: frozenset[int]) -> int:
    """The column to predict: the one that is said, one called label or the like, else the last that says anything."""
    columns, place = table.columns, table.place
    if choices.target.strip():
        try:
            goal = table.find(choices.target)
        except FileError:
            raise FileError(
                f"{place} has no column '{choices.target}' to predict: {near(choices.target, [c.name for c in columns])}"
            ) from None
        column = columns[goal]
        if column.values < 1 or column.missing.all():
            raise FileError(f"{place}: the column to predict, '{column.name}', is empty: choose another target.")
        if column.values == 1 and not column.slips:
            raise FileError(
                f"{place}: the column to predict, '{column.name}', is {column.why or 'always the same'}, so there is nothing to learn: choose another target."
            )
        if column.why == "dates":
            raise FileError(
                f"{place}: the column to predict, '{column.name}', holds dates, which cannot be predicted: choose another target."
            )
        return goal
    usable = [k for k, column in enumerate(columns) if column.kind != "ignore" and k not in pixels]
    for word in TARGETS:
        for k in usable:
            if columns[k].name.strip().lower() == word and columns[k].values > 1:
                return k
    usable = usable or [k for k, column in enumerate(columns) if column.kind != "ignore"]
    if not usable:
        raise FileError(f"{place} needs at least one column of numbers or classes besides the one to predict: all were left out.")
    return usable[-1]


def _is_class(column: Column, table: Table, choices: Choices) -> bool:
    """Whether a target is a class: words, or few whole numbers that come again, unless the person says number."""
    if column.numbers is None:
        return column.kind == "class" or column.values <= max(FEW, table.rows // 20)
    explicit = re.search(rf"(?:^|,)\s*{re.escape(column.name)}\s*=\s*number\s*(?:,|$)", choices.types)
    return column.kind == "class" or (
        not explicit and column.values <= FEW and column.whole() and 2 * column.values <= (~column.missing).sum()
    )


def _slips(table: Table, used: tuple[int, ...]) -> str:
    """The first cell of a used column of numbers that is none, in one sentence."""
    worst = [table.columns[k] for k in used if table.columns[k].slipped]
    if not worst:
        return ""
    column = worst[0]
    row, text = column.slips[0]
    same = sum(t == text for _, t in column.slips)
    more = f" (and {printed(column.slipped - 1)} more such cells)" if column.slipped > 1 else ""
    often = f" (so {same} times)" if same > 1 else ""
    return (
        f"{table.place}, row {table.records[row]}, column '{column.name}': '{text[:40]}' is not a number{often or more}; correct it, "
        f"count it as missing (missing={text[:40]}), or give the column another type, such as {column.name}=ignore."
    )


def _now_constant(column: Column, kept: np.ndarray) -> str:
    if column.missing[kept].all():
        return "empty in the rows that are left"
    if column.numbers is not None:
        present = column.numbers[kept][~column.missing[kept]]
        return f"constant, always {printed(present[0], 6)} in the rows that are left" if np.ptp(present) == 0 else ""
    assert column.codes is not None
    return (
        f"constant, always {column.words[column.codes[kept][0]]} in the rows that are left"
        if len(set(column.codes[kept].tolist())) == 1
        else ""
    )


def _picture(table: Table, choices: Choices) -> tuple[tuple[int, int] | None, frozenset[int]]:
    """(shape, columns) where most columns are the pixels of a square picture: whole numbers from 0 to 255, called pixel or numbered."""
    columns = table.columns
    if len(columns) < PIXELS**2 or "=" in choices.types:
        return None, frozenset()
    pattern = _PIXEL_NAME if table.layout.named and not all(c.name.isdigit() for c in columns[1:-1]) else _PIXEL
    fits = [
        k for k, c in enumerate(columns)
        if c.numbers is not None and pattern.match(c.name) and not c.slipped and not c.missing.any() and c.numbers.min() >= 0 and c.numbers.max() <= 255 and c.whole()
    ]  # fmt: skip
    for extra in (0, 1):
        for drop in ((), (0,), (len(columns) - 1,))[: 1 + 2 * extra]:
            chosen = [k for k in fits if k not in drop]
            side = round(len(chosen) ** 0.5)
            if (
                side >= PIXELS
                and side * side == len(chosen)
                and chosen[-1] - chosen[0] == len(chosen) - 1
                and _brightest(columns, chosen) > 1
            ):  # type: ignore[union-attr]
                if len(chosen) < len(columns):  # something is left to predict
                    return (side, side), frozenset(chosen)
    return None, frozenset()


def _brightest(columns: tuple[Column, ...], chosen: list[int]) -> float:
    return max(float(numbers.max()) for k in chosen if (numbers := columns[k].numbers) is not None)


def levels(column: Column, kept: np.ndarray) -> list[str]:
    """The values of a column of classes that the kept rows hold, "" (missing) first where there is a gap."""
    if column.codes is None:
        assert column.numbers is not None
        found = sorted({f"{v:.12g}" for v in column.numbers[kept][~column.missing[kept]].tolist()}, key=float)
    else:
        found = sorted({column.words[c] for c in np.unique(column.codes[kept]).tolist() if c >= 0})
    return ([""] if column.missing[kept].any() else []) + found


def _texts(column: Column, kept: np.ndarray) -> list[str]:
    texts = column.texts()
    return [texts[k] for k in kept.tolist()]


def _labels(column: Column, kept: np.ndarray) -> tuple[list[str], np.ndarray]:
    """(names of the classes in order, class of each kept row)."""
    texts = _texts(column, kept)

    def order(text: str) -> tuple[int, float, str]:
        try:
            return (0, float(text), text)
        except ValueError:
            return (1, 0.0, text)

    names = sorted(set(texts), key=order)
    number = {name: i for i, name in enumerate(names)}
    return names, np.array([number[text] for text in texts], np.int64)


def dataset(made: Plan) -> Dataset:
    """Features and targets; raises what the plan says cannot be."""
    if made.problem:
        raise FileError(made.problem)
    table, kept = made.table, made.kept
    assert made.target is not None
    blocks, gaps, names = [], [], []
    for k in made.inputs:
        column = table.columns[k]
        if column.kind == "number" or made.picture:
            assert column.numbers is not None
            blocks.append(column.numbers[kept].astype(np.float32)[:, None])
            gaps.append(column.missing[kept][:, None])
            names.append(column.name)
        else:
            texts = np.array(_texts(column, kept), dtype=object)
            found = levels(column, kept)
            blocks.append((texts[:, None] == np.array(found, dtype=object)).astype(np.float32))
            gaps.append(np.zeros((len(kept), len(found)), bool))
            names += [f"{column.name}={value or 'missing'}" for value in found]
    x, gap = np.concatenate(blocks, axis=1), np.concatenate(gaps, axis=1)
    if gap.any():
        x = fill_gaps(x, gap, made.choices.fill, None)
    full = 1.0
    if made.picture:
        full = 16.0 if x.max() <= 16 else 255.0
        x /= full
    target = table.columns[made.target]
    classes: tuple[str, ...] = ()
    if made.task == "classification":
        found, t = _labels(target, kept)
        classes = tuple(found)
    else:
        assert target.numbers is not None
        t = target.numbers[kept].astype(np.float32)[:, None]
    return Dataset(
        table.place.stem, x, t, made.task, classes, tuple(names), made.picture, about=f"{len(x)} rows of {table.place.name}", target=target.name,
        unit=target.unit, scale=None, gaps=gap, fill=made.choices.fill, full=full, records=table.records[kept], columns=uses(made), said=paragraph(made),
    )  # fmt: skip


def uses(made: Plan) -> tuple[Use, ...]:
    """What became of each column, in their order."""
    reasons = dict(made.out)
    out = []
    for k, column in enumerate(made.table.columns):
        role = "target" if k == made.target else "left out" if k in reasons else "input"
        holds = (
            ("class" if made.task == "classification" else "number")
            if role == "target"
            else "pixel"
            if made.picture and k in made.inputs
            else column.kind
        )
        out.append(
            Use(column.name, role, holds if role != "left out" else "ignore", reasons.get(k, ""), column.values, int(column.missing.sum()))
        )
    return tuple(out)


# -- in words --


def paragraph(made: Plan) -> str:
    """Rows, columns used as what, ignored and why, filled, dropped, target, classes and balance: all that is made of a table."""
    table, columns = made.table, made.table.columns
    said = [f"{table.place.name}: {count(table.rows, 'row')} and {count(len(columns), 'column')} ({found_as(table)})."]
    if table.text.guessed:
        said.append(f"Its bytes are no UTF-8 and were read as {table.text.name}: if letters look wrong, say another encoding.")
    if table.dialect.mixed:
        said.append(
            f"{_open(table)}, since other numbers here have a decimal {_mark(table)}: if thousands are meant, write them without a mark."
        )
    elif table.dialect.open:
        said.append(f"{_open(table)}; if that is wrong, say decimal={_other(table)}.")
    if made.target is not None:
        said.append(_predicted(made))
    if made.inputs:
        said.append(_inputs(made))
    if made.out:
        said.append(f"Left out: {listed([f'{columns[k].name} ({why})' for k, why in _grouped(made)], 12)}.")
    if table.uneven:
        said.append(
            f"{count(len(table.uneven), 'row')} with another number of values {'was' if len(table.uneven) == 1 else 'were'} left out ({_rows(table.uneven)})."
        )
    if made.unknown and made.target is not None:
        lost = np.flatnonzero(columns[made.target].missing)
        said.append(
            f"Dropped: {count(made.unknown, 'row')} without {columns[made.target].name} ({_rows(tuple(table.records[lost].tolist()))})."
        )
    if made.gappy:
        said.append(f"Dropped: {count(made.gappy, 'row')} with a missing input.")
    if made.filled:
        how = {"mean": "the column's mean", "median": "the column's median"}.get(made.choices.fill, made.choices.fill)
        numbers = [f"{name} {n}" for name, n in made.filled if columns[table.find(name)].kind == "number"]
        words = [f"{name} {n}" for name, n in made.filled if columns[table.find(name)].kind != "number"]
        if numbers:
            said.append(f"Missing and filled by {how}: {listed(numbers)}.")
        if words:
            said.append(f"Missing and kept as a class of its own: {listed(words)}.")
    else:
        said.append("Nothing is missing." if not made.gappy and not made.unknown else "No other value is missing.")
    if made.problem:
        said.append(
            f"Nothing can be learned yet: {made.problem.removeprefix(f'{table.place}, ').removeprefix(f'{table.place}: ').removeprefix(f'{table.place} ')}"
        )
    return " ".join(said)


def _grouped(made: Plan) -> list[tuple[int, str]]:
    return list(made.out)


def _other(table: Table) -> str:
    return "comma" if table.dialect.decimal == "." else "point"


def _mark(table: Table) -> str:
    return "point" if table.dialect.decimal == "." else "comma"


def _open(table: Table) -> str:
    text = table.dialect.open
    value = number(text, table.dialect.decimal)
    return f"“{text}” was read as {value:.9g}" + (" (thousands)" if value and value >= 1000 else "")


def _rows(numbers: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, numbers[:5]))
    return f"row{'s' if len(numbers) > 1 else ''} {shown}" + (", …" if len(numbers) > 5 else "")


def _predicted(made: Plan) -> str:
    assert made.target is not None
    column = made.table.columns[made.target]
    if made.task == "regression":
        if column.numbers is None or not len(made.kept):
            return f"To predict: {column.name}."
        values = column.numbers[made.kept]
        unit = f" {column.unit}" if column.unit and column.unit not in column.name else ""
        return f"To predict: {column.name}, a number from {printed(values.min(), 6)} to {printed(values.max(), 6)}{unit} (mean {printed(values.mean(), 6)})."
    total = max(1, sum(n for _, n in made.classes))
    shares = [f"{brief(name)} {printed(n)} ({printed(100 * n / total, 3)} %)" for name, n in made.classes]
    return f"To predict: {column.name}, {count(len(made.classes), 'class', 'classes')}: {listed(shares, 12)}."


def _inputs(made: Plan) -> str:
    columns = made.table.columns
    if made.picture:
        names = [columns[k].name for k in made.inputs]
        return f"Inputs: {printed(len(names))} columns, {names[0]} to {names[-1]}, as pictures of {made.picture[0]} x {made.picture[1]} pixels."
    numbers = [columns[k].name for k in made.inputs if columns[k].kind == "number"]
    words = [f"{columns[k].name} ({len(levels(columns[k], made.kept))})" for k in made.inputs if columns[k].kind != "number"]
    parts = [f"{listed(numbers)} as {'a number' if len(numbers) == 1 else 'numbers'}"] if numbers else []
    parts += [f"{listed(words)} as {'a class' if len(words) == 1 else 'classes'}"] if words else []
    made_of = f"{count(len(made.inputs), 'column makes', 'columns make')} {count(made.features, 'input')}"
    return f"Inputs: {' and '.join(parts)}; {made_of}."


def warnings(made: Plan, balance: bool = False) -> list[Warning]:
    """What a person should look at before training, each with its remedy."""
    out = []
    table, columns = made.table, made.table.columns
    for k in (*made.inputs, *([made.target] if made.target is not None else [])):
        column = columns[k]
        if column.slipped:
            row, text = column.slips[0]
            out.append(
                Warning(
                    f"Row {table.records[row]}, column {column.name}: “{text[:40]}” is not a number.",
                    f"Count “{text[:40]}” as missing",
                    (("missing", text),),
                )
            )
    if table.dialect.open and not table.dialect.mixed and table.dialect.separator != ",":
        out.append(Warning(f"{_open(table)}.", f"Read it with a decimal {_other(table)}", (("decimal", _other(table)),)))
    total = sum(n for _, n in made.classes)
    if made.classes and total and len(made.classes) > 1:
        name, n = min(made.classes, key=lambda c: c[1])
        if n * len(made.classes) < 0.5 * total:
            out.append(Warning(
                f"“{brief(name)}” has {count(n, 'row')}. A network that never says it is right in {printed(100 * (1 - n / total), 3)} % of cases.",
                "Show rows of rare classes more often", (("balance", True),)))  # fmt: skip
        single = [name for name, n in made.classes if n == 1]
        if single:
            out.append(
                Warning(
                    f"{listed([f'“{brief(s)}”' for s in single])} {'comes' if len(single) == 1 else 'come'} once only, and cannot be both learned and tested."
                )
            )
    return out
