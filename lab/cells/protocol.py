"""Protocols: measurements on any neuron of the catalogue."""

from __future__ import annotations

from lab import catalog
from lab.cells.neuron import Neuron
from lab.errors import LabError
from lab.model import Model, param


class Protocol(Model):
    """Base of models that measure a neuron of the catalogue, with parameters of its own if wished."""

    neuron: str = param("hodgkin-huxley", choices=tuple(catalog.names("neuron")), live=False, main=True, doc="Which neuron is measured.")
    settings: str = param(
        "", live=False, label="Its parameters", doc="Parameters of the neuron that differ from its defaults: C=2, temperature=16."
    )

    def cell(self) -> Neuron:
        """The neuron that is measured."""
        kind = catalog.load(self.neuron)
        values = {}
        for part in self.settings.split(","):
            if part.strip():
                key, equals, value = part.partition("=")
                if not equals:
                    raise self.refuse("settings", f"'{part.strip()}' is not of the form name=value")
                values[key.strip()] = kind.from_text(key.strip(), value.strip())
        found = kind(**values)
        if not isinstance(found, Neuron):
            raise LabError(f"{self.neuron} is not a neuron of the bench: choose another.")
        return found
