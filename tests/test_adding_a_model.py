"""The examples of docs/adding-a-model.md run as they stand there, and a cell that breaks the phase plane's assumption is refused."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lab import api
from lab.__main__ import main
from lab.cells.phase_plane import holding_current, hopf_points
from lab.errors import ModelError

PAGE = (Path(__file__).parent.parent / "docs" / "adding-a-model.md").read_text("utf-8")
EXAMPLES = dict(zip(re.findall(r"[Ss]ave this as `(\w+\.py)`", PAGE), re.findall(r"```python\n(.*?)```", PAGE, re.S), strict=True))
LINES = [line for shell in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in shell.strip().splitlines()]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, code in EXAMPLES.items():
        Path(name).write_text(code, "utf-8")
    return tmp_path


@pytest.mark.parametrize("name", EXAMPLES)
def test_commands_of_the_page_succeed(here, capsys, name):
    ours = [line for line in LINES if name in line or (name == "ion_channel.py" and "channel.lab" in line)]
    assert len(ours) >= 3
    for line in ours:
        program, *arguments = shlex.split(line)
        assert program == "lab"
        assert main(arguments) == 0, line
    printed = capsys.readouterr().out
    assert "ok " in printed
    if name == "ion_channel.py":
        assert "ok   fraction of time open" in printed
        assert "stream current: samples, 50000 rows" in printed


@pytest.fixture
def compartments(here):
    return type(api.make("two_compartments.py"))


@pytest.mark.parametrize("current", [0.0, 4.0, 20.0, 250.0])
def test_a_cell_in_which_more_than_V_feels_the_current_stands_still_at_its_equilibria(compartments, current):
    cell = compartments(tau=3.0)
    found = cell.equilibria(current)
    assert found
    for one in found:
        assert np.abs(cell.drift(one.point[:, None], np.array([current]))).max() < 1e-9
    # Where it is stable, an independent solver that starts beside it ends there; where it is not, it leaves.
    for one in found:
        path = solve_ivp(lambda t, y: cell.drift(y[:, None], np.array([current]))[:, 0], (0, 200), one.point + 1e-3, rtol=1e-9, atol=1e-9)
        assert (np.abs(path.y[:, -1] - one.point).max() < 1e-3) == one.stable


def test_its_holding_current_and_hopf_points_follow_the_same_hook(compartments):
    cell = compartments()
    V = np.array([-75.0, -60.0, -30.0])
    currents = holding_current(cell, V)
    for v, current in zip(V, currents, strict=True):
        assert np.abs(cell.drift(cell.steady_under(np.array([v]), np.array([current])), np.array([current]))).max() < 1e-9
    (hopf,) = hopf_points(cell)
    before, after = ([e.stable for e in cell.equilibria(hopf + d)][-1] for d in (-2.0, 2.0))
    assert before != after


def test_a_cell_that_breaks_the_assumption_is_refused_with_the_variable_that_moves(compartments):
    class Careless(compartments):
        """Says that the dendrite rests where it would without current."""

        name = "careless"

        def steady_under(self, V, current):
            return None

        def steady(self, V):
            return compartments.steady_under(self, np.asarray(V, float), np.zeros(len(V)))

    with pytest.raises(ModelError, match=r"Careless: no current reaches V itself.* implement steady_under\(\)"):
        Careless().equilibria(3.0)

    class Leaky(Careless):
        """A part of the current goes into the soma, too."""

        name = "leaky"

        def drift(self, y, current):
            into_both = super().drift(y, current)
            into_both[0] += 0.1 * current
            return into_both

    with pytest.raises(ModelError, match=r"Leaky does not stand still at V = .* variable 1 changes by 3 per ms"):
        Leaky().equilibria(3.0)
