"""What a person may do to a running model, and what of it is replayed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.params import Described, frozen


@dataclass(frozen=True)
class Action:
    """What a person may do to a running model: a named method with described arguments."""

    name: str
    label: str
    doc: str
    arguments: type[Described]
    call: Callable[..., dict[str, Any] | None]
    shortcut: str = ""
    hidden: bool = False  # reached only from a picture (click, paint), not as a button
    outside: bool = False  # writes a file and leaves the run as it is: never done by a replay or because a file asks for it


def action(
    label: str, *, shortcut: str = "", hidden: bool = False, outside: bool = False, **arguments: Any
) -> Callable[[Callable], Callable]:
    """Make a method `(self, constants, state, **arguments)` an action; each argument is a `(type, param(...))` pair.

    The method changes the state in place; it may also return live parameters to change, by name (a source that a person
    drags in a picture is a parameter, too).

        @action("Inject a pulse", amplitude=(float, param(10.0, "uA/cm2", lo=-100, hi=100, doc="Height.")))
        def pulse(self, constants, state, amplitude): ...
    """

    def mark(method: Callable) -> Callable:
        method.__lab_action__ = dict(label=label, shortcut=shortcut, hidden=hidden, outside=outside, arguments=arguments)  # type: ignore[attr-defined]
        return method

    return mark


def actions_of(owner: type[Described]) -> dict[str, Action]:
    """Every action of a model by name, in the order of declaration, base classes first."""
    found: dict[str, Action] = {}
    for base in reversed(owner.__mro__):
        for name, method in vars(base).items():
            mark = getattr(method, "__lab_action__", None)
            if mark:
                found[name] = _action(owner, name, method, mark)
    return found


_arguments: dict[Any, type[Described]] = {}


def _action(owner: type[Described], name: str, method: Callable, mark: dict[str, Any]) -> Action:
    key = (owner, name)
    if key not in _arguments:
        body: dict[str, Any] = {"__annotations__": {k: kind for k, (kind, _) in mark["arguments"].items()}, "__module__": __name__}
        body |= {k: declared for k, (_, declared) in mark["arguments"].items()}
        made = type(f"{owner._owner()}.{name}", (Described,), body)
        _arguments[key] = made
    doc = (method.__doc__ or mark["label"]).strip()
    return Action(name, mark["label"], doc, _arguments[key], method, mark["shortcut"], mark["hidden"], mark.get("outside", False))


@dataclass(frozen=True)
class Happened:
    """A change or action of a run with the step before which it took effect: what is replayed."""

    step: int
    kind: Literal["change", "act"]
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values))
