"""Values are frozen to the bottom and hash."""

from __future__ import annotations

import pytest

from lab import catalog
from lab.engine.experiment import Experiment
from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.model import Happened, Model
from lab.params import Described, Frozen, frozen, param


def leaves(value):
    """Everything that a value is made of."""
    if isinstance(value, tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value


@pytest.mark.parametrize("name", catalog.names())
def test_models_hash_and_nothing_in_them_can_be_changed(name):
    kind = catalog.load(name)
    for values in ({}, *kind.presets.values()):
        try:
            model = kind(**values)
        except LabError:  # a file that is not here
            continue
        assert hash(model) == hash(kind(**values)) and model == kind(**values)
        for value in leaves(tuple(model.values().values())):
            assert isinstance(value, (int, float, str)), value
        assert kind(**model.changed()) == model


class Sketch(Described):
    """Has a list, as a person's own file may."""

    corners: list[list[float]] = param([[0.0, 1.0]], kind="drawn", doc="Corners.")


def test_lists_of_a_persons_own_file_become_tuples():
    assert Sketch().corners == Sketch.specs()["corners"].default == ((0.0, 1.0),)
    assert Sketch(corners=[[0.0, 1.0]]).changed() == {}
    assert Sketch(corners=[[2, 3]]).corners == ((2.0, 3.0),)
    assert len({Sketch(), Sketch(corners=((0.0, 1.0),))}) == 1


def test_experiments_hash_and_read_lists():
    written = {"model": "perceptron", "parameters": {"points": [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]}, "record": {}}
    experiment = Experiment.from_dict(written)
    again = Experiment.from_dict(experiment.to_dict())
    assert again == experiment and hash(again) == hash(experiment)
    assert experiment.to_dict()["parameters"] == written["parameters"]
    with pytest.raises(TypeError, match="make another value"):
        experiment.parameters["points"] = ()
    assert hash(Happened(3, "change", "", {"drawn": [[0, 1]]})) == hash(Happened(3, "change", "", {"drawn": ((0, 1),)}))


@pytest.mark.parametrize("change", [lambda f: f.update(b=1), lambda f: f.pop("a"), lambda f: f.clear(), lambda f: f.setdefault("c", 1)])
def test_frozen_mappings_refuse_every_change(change):
    value = frozen({"a": [1, {"b": 2}]})
    with pytest.raises(TypeError):
        change(value)
    assert value == {"a": (1, {"b": 2})} and isinstance(value["a"][1], Frozen)


@pytest.mark.parametrize("name", catalog.names())
def test_a_step_of_a_drag_builds_few_models_whatever_the_model(name, monkeypatch):
    """The window makes one value of a changed parameter, the run another; what its figures are worked out on is two more at most."""
    kind = catalog.load(name)
    simulation = Simulation(kind(), 1)
    simulation.summary()
    spec = next((s for s in kind.specs().values() if s.live and s.kind in ("float", "int")), None)
    if spec is None:
        pytest.skip("nothing can be dragged")
    lo, hi = spec.soft or (spec.lo, spec.hi)
    built, make = [], Described.__init__

    def counted(self, **values):
        make(self, **values)
        if isinstance(self, Model):
            built.append(type(self).__name__)

    monkeypatch.setattr(Described, "__init__", counted)
    simulation.change(**{spec.name: type(spec.default)(lo + 0.37 * (hi - lo))})
    simulation.summary()
    assert 1 <= len(built) <= 3, built


def test_thresholds_of_a_cell_are_sought_with_one_population_each_and_with_the_dial_too(monkeypatch):
    cell = catalog.load("hodgkin-huxley")(shadow=True)
    built, make = [], Described.__init__
    monkeypatch.setattr(Described, "__init__", lambda self, **values: (make(self, **values), built.append(type(self).__name__))[0])
    marks = cell.marks("current")
    assert len(built) == 2 and marks["rheobase"] == pytest.approx(2.24, abs=0.01)
