"""What a kind of population is on the canvas: its card, its ports, and the parameters and kernel that `lab.spiking.cells` asks for."""

from __future__ import annotations

from lab import units
from lab.graph.document import Kind, Port
from lab.spiking.cells import Population
from lab.spiking.projections import Projection

IN = (Port("synapses", "spikes"), Port("drive", "drive"))
OUT = (Port("spikes", "spikes", carries=Projection),)
CELLS, SOURCES = "Populations", "Drive and noise"  # headings of the palette


def population(
    name: str,
    title: str,
    cells: type[Population],
    about: str,
    icon: str = "mdi6.circle-outline",
    key: str = "",
    *,
    short: str = "",
    place: int = 50,
) -> Kind:
    """A kind of node that stands for neurons of one kind; without ports for spikes (`cells.ports`) nothing leads into it."""
    receives = bool(cells.ports)
    return Kind(
        name, title, cells, IN if receives else (), OUT, about, icon, CELLS, key, loops=receives, place=place, tall=True,
        caption=lambda value: f"{short or title} · {units.number(value.size)}",
    )  # fmt: skip
