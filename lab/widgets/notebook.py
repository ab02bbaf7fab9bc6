"""Runs as a notebook, without a window: what each was made with, how they are named by what differs, which may go.

A run is told apart from the others of its model by the values it had at its end, so changes made while it ran count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.display.plots import typeset
from lab.display.symbols import plain
from lab.model import Model
from lab.params import Spec
from lab.params.kinds import KINDS

SAID = 4  # values of a parameter that was changed; of one that was dragged the first and the last are said
NAMED = 2  # differences that a name says; more are in the comparison
DEFAULTS = "Defaults"


@dataclass(frozen=True)
class Told:
    """What is known of a run: values that were not the defaults at its start, its seed, and the values changed while it ran, in order."""

    id: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    course: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def changes(self) -> dict[str, Any]:
        """The last value of each parameter that was changed."""
        return {name: values[-1] for name, values in self.course.items()}

    def value(self, name: str, default: Any) -> Any:
        """A parameter as it was at the end."""
        return self.course[name][-1] if name in self.course else self.parameters.get(name, default)

    def started(self, name: str, default: Any) -> Any:
        """A parameter as it was at the start."""
        return self.parameters.get(name, default)

    def at_end(self) -> dict[str, Any]:
        """All values that were set, as they were at the end."""
        return {**self.parameters, **self.changes}


def course_of(log: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, tuple[Any, ...]]:
    """The values of each parameter that was changed, in order, out of a log's kinds and values."""
    found: dict[str, tuple[Any, ...]] = {}
    for kind, values in log:
        for name, value in values.items() if kind == "change" else ():
            if name not in found or found[name][-1] != value:
                found[name] = (*found.get(name, ()), value)
    return found


def differing(runs: Sequence[Told], specs: Mapping[str, Spec]) -> list[str]:
    """Parameters that have not the same value at the end of all runs, those that a lesson is about first."""
    found = [n for n, s in specs.items() if len({_key(r.value(n, s.default)) for r in runs}) > 1]
    return sorted(found, key=lambda n: not specs[n].main)


def _key(value: Any) -> str:
    return repr(list(value) if isinstance(value, tuple) else value)


def preset_title(values: Mapping[str, Any], kind: type[Model]) -> str:
    """The preset that has exactly these values, DEFAULTS for none that was set, or nothing."""
    set_ = {n: v for n, v in values.items() if n in kind.specs() and _key(v) != _key(kind.specs()[n].default)}
    if not set_:
        return DEFAULTS
    for title, own in kind.preset_changes().items():
        if own.keys() == set_.keys() and all(_key(own[n]) == _key(set_[n]) for n in own):
            return title
    return ""


def said(run: Told, name: str, spec: Spec) -> str:
    """One difference in a few letters: `I 6.4`, `TTX 0 → 40 %` where it was changed on the way, `Graph changed`."""
    word = plain(spec.symbol) if spec.symbol else typeset(spec.label)
    if spec.kind == "file":
        path = str(run.value(name, spec.default) or "")
        return path.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or path
    if not KINDS[spec.kind].brief:
        return f"{word} {'own' if _key(run.value(name, spec.default)) != _key(spec.default) else 'as at first'}"
    before, after = run.started(name, spec.default), run.value(name, spec.default)
    text = typeset(spec.text(after))
    if _key(before) != _key(after):
        text = f"{typeset(spec.text(before)).removesuffix(typeset(spec.unit)).strip()} → {text}"
    return f"{word} {text}".replace("-", "−") if KINDS[spec.kind].number else f"{word} {text.replace('_', ' ')}"


def names(runs: Sequence[Told], kind: type[Model]) -> dict[int, str]:
    """A name for each run of one model: what differs from the others; a preset by its title."""
    specs = kind.specs()
    differ = differing(runs, specs)

    def telling(run: Told, listed: Sequence[str]) -> list[str]:
        """Without what goes without saying beside a file of one's own: that there is one, and that others have none."""
        files = [n for n in listed if specs[n].kind == "file"]
        own = [n for n in files if run.value(n, specs[n].default)]
        switches = {specs[n].when[0] for n in own if specs[n].when}  # type: ignore[index]
        return [n for n in listed if n not in switches and (n not in files or n in own)]

    found: dict[int, str] = {}
    for run in runs:
        title = preset_title(run.at_end(), kind)
        if not differ:
            name = title or ", ".join(said(run, n, specs[n]) for n in telling(run, _set(run, specs))[:NAMED]) or "Own values"
        elif title and (title != DEFAULTS or len(differ) > NAMED or not all(KINDS[specs[n].kind].brief for n in differ)):
            name = title
        else:
            # With more than two differences those that this run itself set say the most.
            own = telling(run, [n for n in differ if n in _set(run, specs)] if len(differ) > NAMED else differ)
            more = ", …" if len(own) > NAMED else ""
            name = ", ".join(said(run, n, specs[n]) for n in own[:NAMED]) + more or title or DEFAULTS
        found[run.id] = name
    if len({r.seed for r in runs}) > 1:
        found = {r.id: f"{found[r.id]}, seed {r.seed}" for r in runs}
    return _apart(found)


def _set(run: Told, specs: Mapping[str, Spec]) -> list[str]:
    own = [n for n, v in run.at_end().items() if n in specs and _key(v) != _key(specs[n].default)]
    return sorted(own, key=lambda n: (not specs[n].main, list(specs).index(n)))


def _apart(found: dict[int, str]) -> dict[int, str]:
    """Runs of the same name are numbered in the order they were made."""
    seen: dict[str, int] = {}
    out = {}
    for id in sorted(found):
        name = found[id]
        seen[name] = seen.get(name, 0) + 1
        out[id] = name if seen[name] == 1 else f"{name} · {seen[name]}"
    return out


def table(runs: Sequence[tuple[str, Told, Mapping[str, Any]]], specs: Mapping[str, Spec], number: Any) -> list[tuple[str, list[str]]]:
    """(row name, a text per run): parameters in which the runs differ at their end, then their figures.

    runs    (name, what is known of it, summary) of each
    number  how a value is written
    """

    def cell(run: Told, name: str, default: Any) -> str:
        values = [run.started(name, default)]
        values += [v for v in run.course.get(name, ()) if _key(v) != _key(values[-1])]
        texts = [number(v) for v in values]
        return " → ".join(texts if len(texts) <= SAID else (texts[0], "…", texts[-1]))

    told = [r for _, r, _ in runs]
    shown = [n for n, s in specs.items() if len({_key(r.started(n, s.default)) for r in told}) > 1 or any(n in r.course for r in told)]
    rows = [(n, [cell(r, n, specs[n].default) for r in told]) for n in shown]
    if len({r.seed for r in told}) > 1:
        rows.append(("seed", [str(r.seed) for r in told]))
    keys = dict.fromkeys(k for _, _, summary in runs for k in summary)
    return rows + [(k, [number(s[k]) if k in s else "–" for _, _, s in runs]) for k in keys]


def same_data(one: Mapping[str, Any], other: Mapping[str, Any], specs: Mapping[str, Spec]) -> bool:
    """Whether two runs learn from, or are driven with, the same data: what stands under the heading Data is alike."""
    names = [n for n, s in specs.items() if s.group == "Data"]
    return all(_key(one.get(n, specs[n].default)) == _key(other.get(n, specs[n].default)) for n in names)
