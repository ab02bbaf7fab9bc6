"""What every model declares of its pictures: axes say the units of what is drawn on them, layers and channels exist, figures are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab import catalog
from lab.engine.simulation import Simulation
from lab.model import Model

# What stands in brackets at the end of an axis and is a unit, not a remark such as (threshold 1).
UNIT = re.compile(
    r"(m|u|n|p|k|M)?(V|A|S|F|s|Hz|Ohm|M|C)(/(c|u)?m2|/ms|/s|/V)?|1/[a-zA-Z]+|nats|bits|%|°|(c|m|u)?m(/s)?|um2|mV/ms|J|[munp]J|degrees"
)
NAMES = catalog.names()


def unit_of(label: str) -> str:
    found = re.search(r"\(([^()]*)\)$", label)
    return found.group(1).strip() if found and UNIT.fullmatch(found.group(1).strip()) else ""


def wrong_with(model: Model) -> list[str]:
    streams, wrong = {s.name: s for s in model.streams}, []
    for stream in streams.values():
        if stream.kind == "trace" and stream.channels and stream.shape and len(stream.channels) != stream.shape[-1]:
            wrong.append(f"{stream.name}: {len(stream.channels)} channels for the shape {stream.shape}")
        if stream.meanings and stream.channels and len(stream.meanings) > len(stream.channels):
            wrong.append(f"{stream.name}: more meanings than channels")
    for picture in model.pictures:
        for layer in picture.layers:
            if layer.stream not in streams:
                wrong.append(f"{picture.name}: there is no stream {layer.stream}")
                continue
            stream = streams[layer.stream]
            mark = layer.label == " "  # a line across the picture: it marks a place and has no value
            if (
                stream.kind in ("trace", "curve", "bars")
                and not mark
                and unit_of(picture.y) != (stream.unit if UNIT.fullmatch(stream.unit) else "")
            ):
                if unit_of(picture.y) or stream.unit not in re.split(
                    r"[^\w/%°]+", picture.y
                ):  # the name of the axis may be its unit: mM, nats
                    wrong.append(f"{picture.name}: '{picture.y}' over {stream.name} in '{stream.unit}'")
            across = streams[layer.x].unit if layer.x else stream.x_unit
            if (stream.kind == "curve" or layer.x) and unit_of(picture.x) != (across if UNIT.fullmatch(across) else ""):
                wrong.append(f"{picture.name}: '{picture.x}' across {layer.x or stream.name} in '{across}'")
            count = len(stream.channels) or (stream.shape[-1] if stream.shape else 1)
            if stream.kind == "trace" and layer.channel is not None and not 0 <= layer.channel < count:
                wrong.append(f"{picture.name}: {stream.name} has no channel {layer.channel}")
            if stream.kind == "trace" and not layer.x and len({streams[one.stream].kind for one in picture.layers}) == 1 and picture.x:
                wrong.append(f"{picture.name}: time is the axis, and '{picture.x}' stands there")
    return wrong


@pytest.mark.parametrize("name", NAMES)
def test_axes_layers_and_channels_agree_with_their_streams_in_every_preset(name):
    kind = catalog.load(name)
    wrong = {f"{title}: {words}" for title, preset in {"Defaults": {}, **kind.presets}.items() for words in wrong_with(kind(**preset))}
    assert not wrong, "\n".join(sorted(wrong))


def figures_of(model: Model) -> set[str]:
    return {figure for picture in model.pictures for figure in picture.figures}


SOURCE = "\n".join(path.read_text("utf-8") for path in (Path(__file__).parent.parent / "lab").rglob("*.py"))


def given_somewhere(figure: str) -> bool:
    """Whether anybody tells a summary this figure, many only later in a run: it is said at a second place, or put together there."""
    first, _, rest = figure.partition(" ")
    return SOURCE.count(f'"{figure}"') > 1 or f'f"{first} {{' in SOURCE or SOURCE.count(f'}} {rest}"') > 1


@pytest.mark.parametrize("name", [n for n in NAMES if figures_of(catalog.load(n)())])
def test_figures_of_pictures_are_figures_of_the_summary(name):
    model = catalog.load(name)()
    missing = {figure for figure in figures_of(model) if not given_somewhere(figure)}
    if missing:
        simulation = Simulation(model, 0)
        simulation.advance(1)
        missing -= set(simulation.summary())
    assert not missing
