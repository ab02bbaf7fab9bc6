"""Described parameters: declared once, they become form, flags, file, JSON schema and help.

    class Pendulum(Described):
        '''A mathematical pendulum.'''
        length: float = param(1.0, "m", lo=0.01, hi=100, log=True, doc="Distance from pivot to mass.")

Values are immutable and always valid: `replace` returns a new one, and an invalid value raises a `ParameterError` that
names owner, parameter, value and limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticUndefined

from lab.errors import ParameterError, near
from lab.params.kinds import KINDS
from lab.units import number, signed, typeset, unit_for


@dataclass(frozen=True)
class Spec:
    """What is known of one parameter.

    kind    one of `lab.params.kinds`: a number, a choice, a file, a curve drawn by hand, a network ...
    live    may change while a run goes on; otherwise the run is restarted to change it.
    builds  the model's constants are derived from it, so a live change derives them again.
    when    (other parameter, values): this one has a meaning only while the other has one of the values.
    main    one of the two or three parameters a lesson is about: shown first, kept in projector mode.
    soft    the lively range, which the slider covers; what lies beyond is typed. None: the bounds themselves.
    symbol  the letter that books print for it, in a small part of LaTeX: `g_{Na}`, `\\tau_m`, `\\eta`.
    marks   ((name, value or the name of a method that computes it), ...): at most three named ticks of the slider.
    said    ((choice, words), ...): how a person reads choices that are written in letters and underscores.
    before  the parameter that did this one's work before there was this one: files of that time stand for its value.
    """

    name: str
    kind: str
    default: Any
    unit: str = ""
    lo: float | None = None
    hi: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = True
    log: bool = False
    doc: str = ""
    group: str = ""
    label: str = ""
    when: tuple[str, tuple[Any, ...]] | None = None
    builds: bool = False
    main: bool = False
    soft: tuple[float, float] | None = None
    symbol: str = ""
    marks: tuple[tuple[str, float | str], ...] = ()
    before: str = ""
    said: tuple[tuple[str, str], ...] = ()

    def text(self, value: Any) -> str:
        """The value as a person reads it, with its unit."""
        if self.said and value in dict(self.said):
            return dict(self.said)[value]
        if self.kind == "bool" or isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"{value} {typeset(self.unit)}".strip()
        return f"{number(value, 6, nothing=0.0)} {unit_for(value, typeset(self.unit))}".strip()


class Frozen(dict):
    """A mapping that nobody changes any more: a part of a value, which is frozen to the bottom and hashes."""

    def _refuse(self, *arguments: Any, **named: Any) -> Any:
        raise TypeError("This mapping is part of a value and cannot be changed: make another value.")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse  # type: ignore[assignment]

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


def frozen(value: Any) -> Any:
    """The same with tuples for lists and frozen mappings for dicts, all the way down."""
    if isinstance(value, (list, tuple)):
        return tuple(frozen(v) for v in value)
    return Frozen((k, frozen(v)) for k, v in value.items()) if isinstance(value, Mapping) else value


def param(
    default: Any,
    unit: str = "",
    *,
    lo: float | None = None,
    hi: float | None = None,
    choices: tuple[str, ...] | None = None,
    live: bool = True,
    log: bool = False,
    doc: str,
    group: str = "",
    label: str = "",
    when: tuple[str, Any] | None = None,
    builds: bool = False,
    main: bool = False,
    kind: str | None = None,
    soft: tuple[float, float] | None = None,
    symbol: str = "",
    marks: Mapping[str, float | str] | None = None,
    before: str = "",
    said: Mapping[str, str] | None = None,
) -> Any:
    """Declare a parameter; see `Spec` for the meaning of each word. Numbers need both bounds."""
    if when is not None and not isinstance(when[1], tuple):
        when = (when[0], (when[1],))
    known = dict(unit=unit, choices=tuple(choices or ()), live=live, log=log, group=group, label=label, when=when)
    known |= dict(builds=builds, main=main, kind=kind, soft=soft, symbol=symbol, marks=tuple((marks or {}).items()), before=before)
    known["said"] = tuple((said or {}).items())
    bounds = {k: v for k, v in (("ge", lo), ("le", hi)) if v is not None}
    extra: Any = {"lab": known}
    limits: Any = bounds
    return Field(default, description=doc, json_schema_extra=extra, **limits)


def _kind(annotation: Any, given: str | None, choices: tuple[str, ...]) -> str:
    if given:
        if given not in KINDS:
            raise TypeError(f"kind={given!r}: there is no such kind of parameter; there are {', '.join(KINDS)}")
        return given
    if choices:
        return "choice"
    names: dict[Any, str] = {float: "float", int: "int", bool: "bool", str: "text"}
    if annotation in names:
        return names[annotation]
    raise TypeError(f"param of type {annotation} needs kind=")


MARKS = 3  # named ticks of a slider: more cannot be read


def _check_range(kind: type, spec: Spec) -> None:
    """Refuse a lively range that is none, and marks that nobody computes, while the model is being written."""
    if spec.soft is not None:
        lo, hi = spec.soft
        inside = spec.lo is not None and spec.hi is not None and spec.lo <= lo < hi <= spec.hi
        if not inside or (spec.log and lo <= 0 and lo != spec.lo):
            raise TypeError(f"{kind.__name__}.{spec.name}: soft must be a range within the bounds {spec.lo} to {spec.hi} (got {spec.soft})")
    missing = [given for _, given in spec.marks if isinstance(given, str) and not hasattr(kind, given)]
    if missing or len(spec.marks) > MARKS:
        raise TypeError(f"{kind.__name__}.{spec.name}: at most {MARKS} marks, each a number or the name of a method (got {spec.marks})")


class Described(BaseModel):
    """Base of everything made of described parameters: frozen, closed to unknown names, never NaN or infinite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ignored_types=(property,))

    owner: ClassVar[str] = ""

    def __init__(self, **values: Any):
        specs = type(self).specs()
        for name, value in values.items():
            if name not in specs:
                who = type(self)._owner()
                raise ParameterError(f"{who} has no parameter '{name}': {near(name, specs)}", owner=who, names=(name,))
            spec = specs[name]
            if spec.choices and value not in spec.choices:
                raise self._refuse(spec, value, f"must be one of {', '.join(spec.choices)}")
            # A bool is an int to Python, but "current=True" is a person's mistake.
            if isinstance(value, bool) and KINDS[spec.kind].number:
                raise self._refuse(spec, value, "must be a number")
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise self._explain(error) from None
        for name, value in self.__dict__.items():
            if isinstance(value, (list, dict)):
                self.__dict__[name] = frozen(value)
        self.check()

    def check(self) -> None:
        """Override to refuse combinations of values: raise what `self.refuse(name, limit)` returns."""

    def refuse(self, name: str, limit: str) -> ParameterError:
        """The error for parameter `name` of this value breaking `limit` ('must be above reset (-65 mV)')."""
        return self._refuse(type(self).specs()[name], getattr(self, name), limit)

    @classmethod
    def _owner(cls) -> str:
        return cls.owner or cls.__name__

    @classmethod
    def _refuse(cls, spec: Spec, value: Any, limit: str, printed: str = "") -> ParameterError:
        """The error in the words of files and programs; `printed`: the limit as a form says it, where it differs."""
        who = cls._owner()
        shown = repr(value) if isinstance(value, str) else str(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        given = shown if isinstance(value, (str, bool)) or not isinstance(value, (int, float)) else spec.text(value)
        said = f"{typeset(spec.label)} {printed or signed(typeset(limit))} (got {given})."
        return ParameterError(f"{who}.{spec.name}: {limit} (got {shown}).", owner=who, names=(spec.name,), said=said)

    @classmethod
    def _explain(cls, error: ValidationError) -> ParameterError:
        specs = cls.specs()
        first = error.errors(include_url=False)[0]
        spec = specs.get(str(first["loc"][0])) if first["loc"] else None
        if spec is None:
            return ParameterError(f"{cls._owner()}: {first['msg']}.", owner=cls._owner())
        unit = f" {spec.unit}" if spec.unit else ""
        context = first.get("ctx", {})
        limits = {
            "greater_than_equal": f"must be at least {context.get('ge')}{unit}",
            "less_than_equal": f"must be at most {context.get('le')}{unit}",
            "finite_number": "must be a finite number",
            "float_parsing": "must be a number",
            "float_type": "must be a number",
            "int_parsing": "must be a whole number",
            "int_type": "must be a whole number",
            "int_from_float": "must be a whole number",
            "bool_parsing": "must be true or false",
        }
        ends = {"greater_than_equal": ("least", spec.lo), "less_than_equal": ("most", spec.hi)}
        side, end = ends.get(first["type"], ("", None))
        printed = f"must be at {side} {spec.text(end)}" if side else ""
        return cls._refuse(spec, first["input"], limits.get(first["type"], first["msg"][0].lower() + first["msg"][1:]), printed)

    @classmethod
    @cache
    def specs(cls) -> dict[str, Spec]:
        """Description of every parameter, in the order of declaration."""
        out = {}
        for name, field in cls.model_fields.items():
            extra: Any = field.json_schema_extra
            known: dict[str, Any] = dict(extra["lab"]) if isinstance(extra, dict) and isinstance(extra.get("lab"), dict) else {}
            lo = next((m.ge for m in field.metadata if hasattr(m, "ge")), None)
            hi = next((m.le for m in field.metadata if hasattr(m, "le")), None)
            known["kind"] = _kind(field.annotation, known.get("kind"), known.get("choices", ()))
            known["label"] = known.get("label") or name.replace("_", " ").capitalize()
            default = None if field.default is PydanticUndefined else frozen(field.default)
            out[name] = Spec(name=name, default=default, lo=lo, hi=hi, doc=field.description or "", **known)
            _check_range(cls, out[name])
        return out

    @classmethod
    def of_before(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """All values of a file, and those of parameters that came after it where another did their work."""
        came = {name: values[spec.before] for name, spec in cls.specs().items() if name not in values and spec.before in values}
        return {**values, **came}

    def marks(self, name: str) -> dict[str, float]:
        """The named ticks of parameter `name` for this value: those that depend on other parameters are computed now.

        A threshold that this value does not have (None or NaN) is left out.
        """
        found = {}
        for label, given in type(self).specs()[name].marks:
            value = given
            if isinstance(given, str):
                member = getattr(self, given)
                value = member() if callable(member) else member
            if value is not None and math.isfinite(float(value)):
                found[label] = float(value)
        return found

    def replace(self, **changes: Any) -> Self:
        """A new value with these parameters changed; everything is validated again."""
        return type(self)(**{**self.values(), **changes})

    def values(self) -> dict[str, Any]:
        """All parameters by name, as they were given."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def changed(self) -> dict[str, Any]:
        """Only the parameters that differ from their defaults."""
        return {name: value for name, value in self.values().items() if value != type(self).specs()[name].default}

    @classmethod
    def from_text(cls, name: str, text: str) -> Any:
        """The value that a person typed for parameter `name` (`10`, `10 mV`, `true`, a choice, JSON for curves)."""
        specs = cls.specs()
        if name not in specs:
            raise ParameterError(f"{cls._owner()} has no parameter '{name}': {near(name, specs)}", owner=cls._owner(), names=(name,))
        spec = specs[name]
        try:
            return KINDS[spec.kind].read(text, spec.unit)
        except ValueError as limit:
            raise cls._refuse(spec, text, str(limit)) from None

    @classmethod
    def schema(cls) -> dict[str, Any]:  # type: ignore[override]  # pydantic keeps a deprecated method of this name
        """JSON Schema of the parameters, with units and the rest of each `Spec` under the key `lab`."""
        out = cls.model_json_schema()
        for name, spec in cls.specs().items():
            if spec.choices:
                out["properties"][name]["enum"] = list(spec.choices)
        out["title"] = cls._owner()
        return out


def redeclared(base: type[Described], name: str, default: Any, **changes: Any) -> Any:
    """A parameter of `base` with another default, and whatever else is changed of it."""
    s = base.specs()[name]
    known: dict[str, Any] = dict(
        unit=s.unit, lo=s.lo, hi=s.hi, choices=s.choices or None, live=s.live, log=s.log, doc=s.doc, group=s.group, label=s.label, when=s.when,
        builds=s.builds, main=s.main, kind=None if s.choices else s.kind, soft=s.soft, symbol=s.symbol, marks=dict(s.marks), said=dict(s.said),
    )  # fmt: skip
    return param(default, **known | changes)
