"""An analysis that stands in a file of one's own is asked for by the command, by Python and in the window's card."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import lab
from lab.__main__ import main
from lab.analysis import registry
from lab.errors import ModelError

PAGE = (Path(__file__).parent.parent / "docs" / "adding-a-model.md").read_text("utf-8")
(FILE,) = (code for code in re.findall(r"```py\n(.*?)```", PAGE, re.S) if "(Analysis)" in code)


@pytest.fixture
def bursts(monkeypatch, tmp_path):
    registry.analyses()
    monkeypatch.setattr(registry, "_known", dict(registry._known))
    exec(compile(FILE, "bursts.py", "exec"), {"__name__": "bursts"})
    monkeypatch.chdir(tmp_path)
    run = lab.run("synapse", duration=2000.0, seed=3, rate=40.0, n=1, record={"spikes": 1})
    run.save("train.lab")
    return run


def sizes(times: np.ndarray, gap: float) -> list[int]:
    found, last = [0], -np.inf
    for t in times:
        if t - last > gap:
            found.append(0)
        found[-1] += 1
        last = t
    return found[1:]


def test_it_is_an_option_of_the_command_and_a_method_of_a_run(bursts, capsys):
    assert main(["analyse", "train.lab", "--bursts", "0.01s", "--isi", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["figures", "isi", "burst-sizes"]
    expected = sizes(bursts["spikes"].time if hasattr(bursts["spikes"], "time") else bursts["spikes"], 10.0)
    assert found["burst-sizes"]["columns"]["bursts"] == np.bincount(expected)[1:].tolist()
    assert bursts.analysis.burst_sizes(10.0).y.tolist() == np.bincount(expected)[1:].tolist()
    assert "burst_sizes" in dir(bursts.analysis)
    assert main(["analyse", "--help"]) == 0
    printed = capsys.readouterr().out
    assert "--bursts" in printed and printed.index("--isi") < printed.index("--bursts") < printed.index("--rate")


def test_it_is_drawn_in_the_card(bursts, qtbot):
    pytest.importorskip("PySide6")
    from lab.display.plots import RecordedSource
    from lab.session import SessionReader
    from lab.widgets.analysis_card import AnalysisCard

    with SessionReader(Path("train.lab")) as reader:
        source = RecordedSource(reader, 1)
        card = AnalysisCard(source.model)
        qtbot.addWidget(card)
        card.view.choose("burst-sizes")
        assert card.view.kinds.currentText() == "Bursts"
        assert card.view.refresh(source, force=True)
        np.testing.assert_array_equal(card.view.curve.y, bursts.analysis.burst_sizes().y)
        assert card.view._view.picture.y == "bursts (ms gap)"


def test_a_name_that_nobody_registered_is_refused_with_those_there_are(bursts):
    with pytest.raises(AttributeError, match=r"no analysis 'burst_size': .*burst_sizes"):
        bursts.analysis.burst_size()
    with pytest.raises(ModelError, match="no analysis 'rates'"):
        registry.analysis("rates")
