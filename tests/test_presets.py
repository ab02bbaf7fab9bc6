"""Every preset shows what it promises, for as long as it says a person waits."""

from __future__ import annotations

import os

import pytest

from lab import catalog
from lab.commands.verify import SEEDS, shown
from lab.engine import conditions
from lab.engine.conditions import Trial, try_preset
from lab.errors import LabError
from lab.model import Preset

NAMES = [n for n in os.environ.get("LAB_TEST_MODELS", "").split(",") if n] or catalog.names()
PATIENCE = 60.0  # seconds: longer than this nobody waits in front of a class


def promised(slow: bool):
    return [
        pytest.param(name, title, preset, id=f"{name}: {title}")
        for name in NAMES
        for title, preset in catalog.load(name).presets.items()
        if isinstance(preset, Preset) and preset.shows and (slow or not preset.slow)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_promises_something(name):
    assert not [title for title, preset in catalog.load(name).presets.items() if not getattr(preset, "shows", "")]


@pytest.mark.parametrize(("name", "title", "preset"), promised(slow=False))
def test_a_preset_shows_what_it_promises(name, title, preset):
    if preset.share < 1.0:
        pytest.skip("chance decides: tried on five seeds in the long tests")
    found = try_preset(catalog.load(name)(**preset), preset, 0)
    assert found.met, f"{title}: not {preset.shows}; {found.why}"


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_presets_show_what_they_promise_on_five_seeds(name):
    failed = [f"{one.preset}: {one.held} of {one.seeds}, not {one.shows}; {one.why}" for one in shown(name, SEEDS) if not one.passed]
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize(("name", "title", "preset"), promised(slow=True))
def test_nobody_waits_long_for_a_preset(name, title, preset):
    wait = preset.wait(catalog.load(name)(**preset))
    assert wait is None or wait <= PATIENCE


def test_conditions_name_figures_parameters_streams_channels_actions_and_time():
    kind = catalog.load("hodgkin-huxley")
    preset = Preset(
        {"current": 0.0},
        shows="spikes = 1 and current = 0 and max(V) > 20 and max(gates m) > 0.9 and max(stream current) > 15 and did pulse = 1 "
        "and time = 30 and mode = 'current clamp' and rate (Hz) < 40 and count(steady_gates m_inf) = 161",
        after=30.0,
        do=((5.0, "pulse", {"height": 20.0, "length": 1.0}),),
    )
    assert try_preset(kind(**preset), preset, 0) == Trial(True)
    assert preset == {"current": 0.0} and preset.wait(kind(**preset)) == pytest.approx(0.6)


def test_a_preset_that_fails_says_with_what_figures():
    preset = Preset({"current": 0.0}, shows="spikes > 0", after=10.0)
    assert try_preset(catalog.load("fitzhugh-nagumo")(**preset), preset, 0) == Trial(False, "spikes 0")
    wrong = Preset(shows="spiks > 0", after=10.0)
    assert "did you mean 'spikes'" in try_preset(catalog.load("fitzhugh-nagumo")(), wrong, 0).why


def test_a_condition_is_one_yes_or_no():
    with pytest.raises(LabError, match="one yes or no"):
        conditions.holds("V > 0", {"V": [1.0, -1.0]})
    assert conditions.holds("any(V > 0)", {"V": [1.0, -1.0]})


def test_short_names_only_where_they_are_unambiguous():
    found = conditions.figures({"E (mV)": 1.0, "E (V)": 2.0, "rate (Hz)": 3.0, "who": "me", "none": None})
    assert set(found) == {"E (mV)", "E (V)", "rate (Hz)", "rate", "who"}
