"""One editor for each kind of parameter, one file each: `make_field(spec)` gives the one that is registered.

A new kind of parameter is typed as text until a file in this folder registers a field of its own for it with `@edits("kind")`.
"""

from importlib import import_module
from pkgutil import iter_modules

from lab.params import Spec
from lab.widgets.fields.base import FIELDS, Field, edits

__all__ = ["FIELDS", "Field", "edits", "make_field"]

for _found in iter_modules(__path__):
    import_module(f"{__name__}.{_found.name}")


def make_field(spec: Spec) -> Field:
    """The field for a parameter's kind."""
    return FIELDS.get(spec.kind, FIELDS["text"])(spec)
