"""The promises of the contract, checked for every model of the catalogue.

`LAB_TEST_MODELS=hopfield,synapse` restricts it to those, which is quicker while one is being written.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from lab import catalog
from lab.display.stage import complete
from lab.engine import simulation as engine
from lab.engine.simulation import Collector, Simulation, simulate
from lab.errors import DivergenceError, LabError
from lab.model import Happened, Model

NAMES = [n for n in os.environ.get("LAB_TEST_MODELS", "").split(",") if n] or catalog.names()
STEPS = 60


def observed(simulation: Simulation) -> dict:
    return {s.name: simulation.observe(s.name) for s in simulation.model.streams if s.form == "snapshots"}


def sampled(model: Model) -> list[str]:
    return [s.name for s in model.streams if s.form == "samples"]


def short(model: Model) -> int:
    """Steps of the short runs: not past the model's own end."""
    return min(STEPS, model.length or STEPS)


def in_blocks(name: str, size: int, seed: int = 3):
    """State and recorded bytes of a short run cut into blocks of `size` steps."""
    model = catalog.load(name)()
    simulation = Simulation(model, seed)
    record = {s.name: 1 for s in model.streams if s.form != "snapshots"}
    collector = Collector(model, record)
    for block in simulate(simulation, short(model), record=record, block=size):
        collector.take(block)
    return simulation, {stream: collector.recorded(stream) for stream in record}


def assert_same_bytes(one: dict, other: dict) -> None:
    assert set(one) == set(other)
    for key in one:
        assert one[key].dtype == other[key].dtype and one[key].shape == other[key].shape, key
        assert one[key].tobytes() == other[key].tobytes(), key


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_documented_and_bounded(name):
    kind = catalog.load(name)
    assert kind.__doc__ and kind.title and kind.group, "a model says what it is"
    for spec in kind.specs().values():
        assert spec.doc, f"{spec.name} has no doc"
        if spec.kind in ("float", "int"):
            assert spec.lo is not None and spec.hi is not None, f"{spec.name} has no bounds"
            assert not spec.log or spec.lo > 0, f"{spec.name} is logarithmic and may be zero"
        for tick in spec.marks:
            assert tick[0] and spec.kind in ("float", "int"), f"{spec.name}.marks"
        if spec.when:
            other = kind.specs()[spec.when[0]]
            assert all(v in other.choices for v in spec.when[1]) or other.kind == "bool", f"{spec.name}.when"


@pytest.mark.parametrize("name", [e.name for e in catalog.entries() if e.takes and e.name in NAMES])
def test_what_a_model_takes_fits_its_parameters(name):
    kind, entry = catalog.load(name), catalog.entry(name)
    specs = kind.specs()
    for given, taking in zip(kind.takes, entry.takes, strict=True):
        assert given["what"] == taking.what and taking.model == name, "the catalogue reads what the class says"
        if taking.what == "graph":
            assert [n for n, s in specs.items() if s.kind == "graph"] and (taking.family or taking.words)
            assert kind(**taking.values)
        else:
            assert specs[taking.into].kind in ("text", "file") and taking.words
            assert {*taking.values, *taking.large} < set(specs)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_model_hands_over_goes_to_one_that_has_the_same_graph(name):
    kind = catalog.load(name)
    if kind.hands_over:
        other = catalog.load(kind.hands_over["to"])
        assert kind.hands_over["words"] and kind.hands_over["about"]
        assert {n for n, s in kind.specs().items() if s.kind == "graph"} <= set(other.specs())
        assert "carried" in {s.canvas for s in kind().streams}


@pytest.mark.parametrize("name", NAMES)
def test_streams_pictures_and_actions_are_consistent(name):
    kind = catalog.load(name)
    for values in [{}, *kind.presets.values()]:
        model = kind(**values)
        names = [s.name for s in model.streams]
        assert len(set(names)) == len(names)
        assert all(s.doc for s in model.streams)
        complete(model)
        for picture in model.pictures:
            for layer in picture.layers:
                model.stream(layer.stream)
                assert layer.x is None or model.stream(layer.x).kind == "trace"
            assert not picture.follows or model.stream(picture.follows).kind == "trace"
            for handle in picture.handles:
                wanted = {"draw": ("drawn",), "file": ("file",)}.get(handle.axis, ("float", "int"))
                assert kind.specs()[handle.param].kind in wanted and (not handle.base or handle.base in kind.specs())
            for asked in (picture.click, picture.drag, picture.paint, picture.pick, picture.brush):
                assert not asked or asked in kind.actions()
            assert not picture.hover or (model.stream(picture.hover).kind == "image" and picture.click)
        for action in kind.actions().values():
            action.arguments()
            assert action.doc


@pytest.mark.parametrize("name", NAMES)
def test_entry_of_the_catalogue_agrees_with_the_class(name):
    kind, entry = catalog.load(name), catalog.entry(name)
    assert (kind.name, kind.title, kind.group, kind.order) == (entry.name, entry.title, entry.group, entry.order)
    assert tuple(kind.presets) == entry.presets


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_bytes_whatever_the_blocks(name):
    whole, streams = in_blocks(name, STEPS)
    for size in (1, 7):
        parts, again = in_blocks(name, size)
        assert_same_bytes(whole.state, parts.state)
        for stream in streams:
            assert np.asarray(streams[stream].values).tobytes() == np.asarray(again[stream].values).tobytes(), stream
            assert streams[stream].time.tobytes() == again[stream].time.tobytes(), stream


@pytest.mark.parametrize("name", NAMES)
def test_observing_changes_nothing(name):
    watched, unwatched = (Simulation(catalog.load(name)(), 5) for _ in range(2))
    steps = min(10, short(watched.model))
    for _ in range(steps):
        watched.advance(1, sampled(watched.model))
        observed(watched)
        watched.summary()
    unwatched.advance(steps)
    assert_same_bytes(watched.state, unwatched.state)


@pytest.mark.parametrize("name", NAMES)
def test_checkpoint_has_the_same_future(name):
    simulation = Simulation(catalog.load(name)(), 4)
    half = max(1, short(simulation.model) // 2)
    simulation.advance(half)
    point = simulation.checkpoint()
    simulation.advance(half)
    other = Simulation(catalog.load(name)(), 4)
    other.restore(point)
    other.advance(half)
    assert_same_bytes(simulation.state, other.state)


@pytest.mark.parametrize("name", NAMES)
def test_state_is_plain_arrays(name):
    simulation = Simulation(catalog.load(name)(), 1)
    for key, array in simulation.state.items():
        assert isinstance(array, np.ndarray) and array.dtype.kind in "fiub", key


@pytest.mark.parametrize("name", NAMES)
def test_presets_run_and_say_how_far_the_whole_numbers_of_their_state_go(name):
    for title, values in catalog.load(name).presets.items():
        simulation = Simulation(catalog.load(name)(**values), 1)
        simulation.advance(min(5, short(simulation.model)), sampled(simulation.model))
        observed(simulation)
        json.dumps(simulation.summary(), default=float), title
        assert_bounded(simulation)


def assert_bounded(simulation: Simulation) -> None:
    """A stranger's checkpoint may hold anything: each index and count is declared, and what a run reaches is within what is declared."""
    state = simulation.state
    bounds = simulation.model.state_bounds(simulation.constants, state, simulation.step)
    whole = {key for key, array in state.items() if array.dtype.kind in "iu" and array.dtype != np.uint64}  # uint64: generators
    assert whole <= set(bounds), f"state_bounds says nothing of {whole - set(bounds)}"
    assert set(bounds) <= set(state), f"state_bounds names what is no part of the state: {set(bounds) - set(state)}"
    simulation.restore(simulation.checkpoint())


def corners(kind: type[Model]):
    """Each live number at each of its bounds, and both extremes of all live numbers at once."""
    specs = [s for s in kind.specs().values() if s.live and s.kind in ("float", "int")]
    for spec, bound in itertools.product(specs, ("lo", "hi")):
        yield {spec.name: getattr(spec, bound)}
    yield {s.name: s.lo for s in specs}
    yield {s.name: s.hi for s in specs}


@pytest.mark.parametrize("name", NAMES)
def test_every_corner_of_the_bounds_stays_finite_or_names_the_divergence(name):
    kind = catalog.load(name)
    base = Simulation(kind(), 2)
    start = base.checkpoint()
    for corner in corners(kind):
        try:
            base.restore(start)
            base.change(**corner)
            base.advance(min(20, short(base.model)), sampled(base.model))
            observed(base)
        except DivergenceError as error:
            assert error.model == name and error.remedy
        except LabError:
            pass  # a combination that the model refuses in words


@pytest.mark.parametrize("name", NAMES)
def test_live_change_and_actions_replay_to_the_same_bytes(name):
    kind = catalog.load(name)
    simulation = Simulation(kind(), 6)
    half = max(1, short(simulation.model) // 2)
    simulation.advance(half)
    for spec in kind.specs().values():
        if spec.live and spec.kind == "float" and spec.default != spec.hi:
            try:
                simulation.change(**{spec.name: (spec.default + spec.hi) / 2 if not spec.log else min(spec.hi, spec.default * 1.5)})
                break
            except LabError:
                continue
    for action in kind.actions().values():
        try:
            simulation.act(action.name)
        except LabError:
            continue
    simulation.advance(half)
    assert_bounded(simulation)
    log = [Happened(h.step, h.kind, h.name, dict(h.values)) for h in simulation.log]
    replay = Simulation(kind(), 6)
    for _ in simulate(replay, 2 * half, record={}, schedule=log, block=5):
        pass
    assert_same_bytes(simulation.state, replay.state)


@pytest.mark.parametrize("name", NAMES)
def test_has_acceptance_figures(name):
    figures = list(catalog.load(name).figures())
    assert figures, "lab verify has no entry"
    assert len({f.name for f in figures}) == len(figures)
    for figure in figures:
        assert figure.source or figure.bound, f"{figure.name} names no source"
        assert not figure.accepts(float("nan"))


def cases(slow: bool):
    return [
        pytest.param(name, figure, id=f"{name}: {figure.name}")
        for name in NAMES
        for figure in catalog.load(name).figures()
        if figure.slow == slow
    ]


@pytest.mark.parametrize("name, figure", cases(slow=False))
def test_figure(name, figure):
    measured = figure.measure(engine.run)
    assert figure.accepts(measured), f"measured {measured}, expected {figure.expected} {figure.allowed}"


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name, figure", cases(slow=True))
def test_slow_figure(name, figure):
    measured = figure.measure(engine.run)
    assert figure.accepts(measured), f"measured {measured}, expected {figure.expected} {figure.allowed}"


INTERPRET = """
import sys, json, numpy as np
from lab import catalog
from lab.engine.simulation import Simulation
for name, values in json.loads(sys.argv[1]).items():
    s = Simulation(catalog.load(name)(**values), 3)
    s.advance(min(4, s.model.length or 4))
    np.savez(sys.argv[2] + "/" + name, **s.state)
"""


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_compiled_equals_interpreted(name, tmp_path):
    # The first steps of Adam are as long for a gradient that is nothing but rounding as for any other, and in the direction of its sign:
    # weights then differ by the rate itself. Plain descent shows gradients as they are; what else an optimiser does with the same
    # gradients is compared by itself (`test_every_update_compiled_equals_interpreted`).
    # So are steps along the signs of a slope (attacks within a cube): a ball's go along its direction. The signs themselves are compared
    # in double precision (`test_the_interpreted_loop_equals_the_compiled_one`).
    specs = catalog.load(name).specs()
    learns = "optimiser" in specs
    values = {"optimiser": "SGD"} if learns else {}
    if "norm" in specs and "2" in specs["norm"].choices:
        values["norm"] = "2"
    environment = dict(os.environ, NUMBA_DISABLE_JIT="1")
    subprocess.run([sys.executable, "-c", INTERPRET, json.dumps({name: values}), str(tmp_path)], check=True, env=environment, timeout=600)
    simulation = Simulation(catalog.load(name)(**values), 3)
    simulation.advance(min(4, simulation.model.length or 4))
    # Fused multiply-add and reordered sums differ in the last bits only; where single precision is at work, so do figures made of it.
    single = any(array.dtype == np.float32 for array in simulation.state.values())
    with np.load(tmp_path / f"{name}.npz") as plain:
        assert set(plain.files) == set(simulation.state)
        for key in plain.files:
            loose = single and simulation.state[key].dtype.kind == "f"  # counters and orders are whole numbers
            close = 2e-5 if learns else 2e-4
            np.testing.assert_allclose(simulation.state[key], plain[key], rtol=close if loose else 1e-9, atol=1e-6, err_msg=key)
