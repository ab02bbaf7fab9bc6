"""Passports: safe scripts, one sentence for what cannot be said, children that fail or hang; and other simulators that agree."""

import ast
import io
import json
import math
import time
from dataclasses import replace

import numpy as np
import pytest

import lab
from lab import catalog
from lab.__main__ import main
from lab.analysis.passport import program, told
from lab.analysis.passport.agreement import Agreement, Line, markdown, plain_table
from lab.analysis.passport.cell import CellRun
from lab.analysis.passport.program import Program, interpreter, programs
from lab.analysis.passport.programs.neuron import mechanism
from lab.analysis.passport.writing import Expected, Script, Untold, expression, literal, name, script
from lab.engine.experiment import Experiment
from lab.errors import LabError, ModelError
from lab.graph.kinds.populations import vogels_abbott
from lab.model import Happened
from lab.session import Session

CELLS = ("hodgkin-huxley", "leaky-integrate-and-fire", "adaptive-exponential", "izhikevich", "fitzhugh-nagumo", "morris-lecar")
HOSTILE = '"""\nimport os; os.system("touch pwned")\n\'\'\' \\N{BELL} {0} %s \x00'
NAN = math.nan


def experiment(model, ms=40.0, schedule=(), **parameters):
    return Experiment(model, parameters, steps=catalog.load(model)(**parameters).steps_for(ms), schedule=schedule)


def tables(text):
    """The values of a script, read without running it."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("GIVEN", "EXPECTED"):
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found["GIVEN"], found["EXPECTED"]


@pytest.mark.parametrize("cell", CELLS)
def test_terms_are_the_equations_of_the_cell(cell):
    """The words of `terms` are worked out at random points and give what `drift` gives."""
    model = catalog.load(cell)()
    terms = model.terms()
    rng = np.random.default_rng(1)
    known = {"exp": np.exp, "tanh": np.tanh, "cosh": np.cosh, "clip": np.clip, "exprel": lambda x: np.expm1(x) / x}
    for _ in range(20):
        (low, high), _ = model.plane_range
        y = np.array([rng.uniform(low, min(high, model.crossing)), *rng.uniform(0.1, 0.9, len(model.variables) - 1)])
        names = dict(terms.numbers) | dict(zip(model.variables, y, strict=True)) | {"I": rng.uniform(0, 10)}
        for x, text in terms.defined:
            names[x] = eval(expression(text).replace("^", "**"), known, names)
        ours = model.drift(y[:, None], np.array([names["I"]]))[:, 0]
        theirs = [eval(expression(text).replace("^", "**"), known, names) for _, text in terms.changes]
        np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-12)


def test_the_current_and_the_potential_that_are_told_are_those_of_the_run():
    found = told.tell(experiment("leaky-integrate-and-fire", stimulus="pulses", current=1.0, onset=5.0, width=2.0, period=10.0))
    assert found.pieces == [[100, 0.0], *([[40, 1.0], [160, 0.0]] * 3), [40, 1.0], [60, 0.0]] and found.duration == pytest.approx(40.0)
    V = -70.0 + 10.0 * (1 - math.exp(-2.0 / 8.0))
    assert found.potential[139] == pytest.approx(V, abs=1e-12)  # after 140 steps, when the first pulse ends
    pulse = (Happened(200, "act", "pulse", {"height": 40.0, "length": 1.0}), Happened(400, "change", "", {"current": 3.0}))
    found = told.tell(experiment("leaky-integrate-and-fire", schedule=pulse, current=1.0))
    np.testing.assert_allclose(found.current, np.repeat([1.0, 41.0, 1.0, 3.0], [200, 20, 180, 400]))
    assert told.tell(experiment("leaky-integrate-and-fire", ms=5000.0)).duration == told.LONGEST


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_written_is_a_program_whose_values_are_a_table(cell):
    run = told.tell(experiment(cell, stimulus="noise"))
    for each in programs().values():
        try:
            made = each.tell(run)
        except Untold as problem:
            assert str(problem).endswith(".") and "\n" not in str(problem)
            continue
        given, expected = tables(made.text)
        assert expected["spikes"][0] == len(run.spikes) and set(expected) == {e.name for e in made.expected}
        if "numbers" in given:
            assert given["numbers"] == pytest.approx(dict(run.terms.numbers), rel=0)
        pieces = made.arrays["pieces"]
        assert pieces[:, 0].sum() == len(run.current) and given["current"] == "pieces of current.npz"
        assert made.text == each.tell(run).text


def test_nothing_that_a_session_says_can_become_code(tmp_path):
    value = {HOSTILE: [1, 0.1, -2.5e-300, True, None, HOSTILE], "wide": ["x" * 90, HOSTILE]}
    text = script("About.", "import os", value, (Expected(HOSTILE, 1.0, 0.5, HOSTILE),), "found = {}")
    assert tables(text) == (value, {HOSTILE: [1.0, 0.5, HOSTILE]})
    kinds = {type(node).__name__ for node in ast.walk(ast.parse(text.partition("GIVEN = ")[2].partition("\n\n")[0]))}
    assert kinds <= {"Module", "Expr", "Dict", "List", "Constant", "Load", "UnaryOp", "USub"}
    for wrong in (object(), {1: {2}}, [print], b"x"):
        with pytest.raises(Untold, match="numbers and words"):
            literal(wrong)
    for number in (math.nan, math.inf, np.float64("-inf")):
        with pytest.raises(Untold, match="finite"):
            literal([number])
    for wrong in ("V; import os", "V\nreset", "f'{x}'", "V[0]", '"'):
        with pytest.raises(Untold, match="plain arithmetic"):
            expression(wrong)
    for wrong in ("V w", "__import__('os')", "", "1x", "V\n"):
        with pytest.raises(Untold, match="no name"):
            name(wrong)
    # Title, notes and names of a session that comes from anybody.
    file = tmp_path / "odd.lab"
    run = lab.run(experiment("leaky-integrate-and-fire").replace(title=HOSTILE.replace("\x00", "")))
    run.save(file)
    with Session.open(file) as session:
        session.notes = HOSTILE.replace("\x00", "")
    assert main(["passport", str(file), "--folder", str(tmp_path / "out"), "--write-only"]) == 0
    written = sorted((tmp_path / "out").iterdir())
    assert {p.name for p in written} >= {"neuron_run.py", "neuron_cell.mod", "brian2_run.py", "nest_run.py", "agreement.md"}
    assert not [p for p in written if "pwned" in p.read_text("utf-8", "replace")]


def test_a_mechanism_holds_no_value_of_the_run():
    terms = told.tell(experiment("izhikevich")).terms
    other = replace(terms, numbers=dict.fromkeys(terms.numbers, 17.0), start=dict.fromkeys(terms.start, 3.0), level=5.0, held=0.0)
    assert mechanism(terms) == mechanism(other)
    with pytest.raises(Untold):
        mechanism(replace(terms, changes=(("V", "1) }\nVERBATIM system(0) ENDVERBATIM {("),)))


def test_what_cannot_be_said_is_said_in_one_sentence(tmp_path, capsys):
    for wanted, words in (
        (experiment("hodgkin-huxley", mode="voltage clamp"), "voltage clamp"),
        (experiment("hodgkin-huxley", schedule=(Happened(100, "change", "", {"g_Na": 100.0}),)), "g_Na was changed at 1 ms"),
        (experiment("hodgkin-huxley", schedule=(Happened(100, "act", "to_rest", {}),)), "'to_rest' was done at 1 ms"),
        (Experiment("hopfield"), "no other program has the parts"),
        (experiment("hodgkin-huxley", ms=0.0), "no steps"),
    ):
        with pytest.raises(ModelError, match=words):
            told.tell(wanted)
    run = told.tell(experiment("leaky-integrate-and-fire"))
    for other, words in (("nengo", "put to rest by a spike"), ("pytorch", "not told a cell")):
        with pytest.raises(Untold, match=words):
            programs()[other].tell(run)
    with pytest.raises(ModelError, match="did you mean 'neuron'"):
        program.program("neurom")
    assert main(["passport", "leaky-integrate-and-fire", "--only", "brian2", "--limit", "0", "--folder", str(tmp_path / "x")]) == 2
    assert "limit must be above 0" in capsys.readouterr().err and not (tmp_path / "x").exists()


class Fake(Program):
    """A program that this very Python has."""

    name, title, module, order = "fake", "Fake", "json", 1.0
    body = "found = {'spikes': 3.0, 'first spike': 1.5}"
    expected = (Expected("spikes", 3.0, 0.0), Expected("first spike", 1.0, 0.1, "ms"))

    @property
    def tells(self):
        return {CellRun: lambda run: Script(script("A test.", "import os", {"cell": run.title}, self.expected, self.body), self.expected)}


@pytest.fixture
def fake(monkeypatch):
    made = Fake()
    monkeypatch.setattr(program, "programs", lambda: {"fake": made})
    monkeypatch.delenv("LAB_PEERS", raising=False)
    return made


def one(fake, folder, **more):
    return told.passport(experiment("leaky-integrate-and-fire"), folder, only=("fake",), **more)["fake"]


def test_figures_stand_beside_ours_with_what_is_allowed(fake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = one(fake, tmp_path / "out")
    assert found.state == "ran" and [line.agrees for line in found.lines] == [True, False] and not found.agrees
    text = plain_table({"fake": found})
    assert "first spike (ms)" in text and "+0.5" in text and "differs" in text and "agrees" in text
    assert json.loads((tmp_path / "out" / "agreement.json").read_text())[0]["figures"][1]["difference"] == 0.5
    assert "| first spike (ms) | 1 | 1.5 | +0.5 | ± 0.1 | differs |" in (tmp_path / "out" / "agreement.md").read_text("utf-8")
    with pytest.raises(LabError, match="not empty"):
        one(fake, tmp_path / "out")
    assert not Agreement("x", "X", "ran", lines=(Line(Expected("V", 1.0, 9.0), NAN),)).agrees


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise SystemExit('no licence')", "its script failed (no licence)"),
        ("import nothing_like_this", "No module named"),
        ("found = {'spikes': float('nan'), 'first spike': 1.0}", "printed no figures"),
        ("print('spikes'); raise SystemExit(0)", "printed no figures"),
        ("import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); time.sleep(60)", "to an end in 0.4 s"),
    ],
)  # fmt: skip
def test_a_program_that_fails_or_hangs_is_one_sentence_and_is_ended(fake, tmp_path, body, words):
    fake.body = body
    began = time.monotonic()
    found = one(fake, tmp_path / "out", limit=0.4 if "sleep" in body else 60.0)
    assert found.state == "failed" and words in found.sentence and not found.agrees
    assert time.monotonic() - began < 50.0
    assert words in markdown({"fake": found})


def test_scripts_are_written_where_a_program_is_missing(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(Fake, "module", "no_such_module_at_all")
    found = one(fake, tmp_path / "out")
    assert (
        found.state == "not installed" and (tmp_path / "out" / "fake_run.py").exists() and "not installed" in plain_table({"fake": found})
    )
    assert one(fake, tmp_path / "other", start=False).state == "told"


def network(delay=0.5, **changes):
    """Vogels and Abbott's network, a tenth of it; its first population is called what no program should run."""
    graph = json.loads(vogels_abbott().to_json())
    for node in graph["nodes"]:
        node["values"] |= {"size": node["values"]["size"] // 10, **changes}
    graph["nodes"][0]["title"] = HOSTILE.replace("\x00", "")[:30]
    for edge in graph["edges"]:
        edge["values"] |= {"delay": delay, "probability": 0.2}
    return Experiment("spiking-network", {"graph": json.dumps(graph)}, steps=1000)


def test_a_network_is_told_with_every_synapse_and_where_each_cell_stands():
    run = told.tell(network())
    terms = run.terms
    assert [p["size"] for p in terms.populations] == [320, 80] and terms.arrays["v0"].min() >= -60 and terms.arrays["v0"].max() < -50
    sizes = (320, 80)
    for q, p in enumerate(terms.projections):
        i, j = terms.arrays[f"i{q}"], terms.arrays[f"j{q}"]
        assert len(i) == len(j) > 0.15 * sizes[p["source"]] * sizes[p["target"]]
        assert i.max() < sizes[p["source"]] and j.max() < sizes[p["target"]] and p["weight"] == (9.0 if p["sign"] == "inhibitory" else 1.62)
    for peer in ("brian2", "nest"):
        script = programs()[peer].tell(run)
        given, expected = tables(script.text)
        assert given["populations"][0]["name"].startswith('"""') and len(expected) == 3
    with pytest.raises(Untold, match="without a delay"):
        programs()["nest"].tell(told.tell(network(delay=0.0)))
    for wrong, words in ((network(bias=1.0), "no bias"), (network(synapses="delta"), "exponential synapses")):
        with pytest.raises(ModelError, match=words):
            told.tell(wrong)
    with pytest.raises(ModelError, match="at scale 1"):
        told.tell(network().with_parameters(scale=0.5))


def test_a_trained_network_is_told_as_its_run_leaves_it():
    terms = told.tell(Experiment("mlp", {"data": "iris", "hidden": "5-4", "activation": "tanh"}, steps=20))
    h = terms.inputs.astype(float)
    for layer in terms.layers:
        h = h @ layer.weights + layer.bias
        h = np.tanh(h) if layer.activation == "tanh" else h
    np.testing.assert_allclose(h, terms.outputs, atol=1e-5)
    given, expected = tables(programs()["pytorch"].tell(terms).text)
    assert [layer["units"] for layer in given["layers"]] == [5, 4, 3] and "accuracy of the test part" in expected
    with pytest.raises(ModelError, match="without normalisation"):
        told.tell(Experiment("mlp", {"data": "iris", "hidden": "5", "normalise": "batch"}, steps=1))


@pytest.mark.parametrize("activation", ["ReLU", "leaky ReLU", "sigmoid", "tanh", "softplus", "GELU", "identity"])
@pytest.mark.parametrize("data", ["iris", "diabetes"])
def test_pytorch_agrees(data, activation, tmp_path):
    installed("pytorch")
    run = Experiment("mlp", {"data": data, "hidden": "6-5", "activation": activation}, steps=20)
    found = told.passport(run, tmp_path / "out", only=("pytorch",))["pytorch"]
    assert found.agrees, plain_table({"pytorch": found})


@pytest.mark.long
@pytest.mark.parametrize("peer", ["brian2", "nest"])
def test_a_network_fires_the_same_spikes_elsewhere(peer, tmp_path):
    installed(peer)
    found = told.passport(network(), tmp_path / "out", only=(peer,))[peer]
    assert found.agrees, plain_table({peer: found})
    assert found.lines[0].difference == 0


def test_a_program_is_found_by_its_own_name_and_by_that_of_its_package(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_PEERS", str(tmp_path))
    for folder in ("torch", "pytorch"):  # the name of the program before that of the package
        python = tmp_path / folder / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch()
        assert interpreter(programs()["pytorch"]) == python


def installed(name):
    if interpreter(programs()[name]) is None:
        pytest.skip(f"{name} is not installed in the folder that LAB_PEERS names, nor in .peers")


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("peer", ["neuron", "brian2", "nest", "nengo"])
@pytest.mark.parametrize(
    ("cell", "ms", "parameters"),
    [
        ("hodgkin-huxley", 30.0, {}),
        ("hodgkin-huxley", 30.0, {"temperature": 16.0, "stimulus": "sine", "current": 15.0}),
        ("leaky-integrate-and-fire", 60.0, {}),
        ("leaky-integrate-and-fire", 60.0, {"form": "normalised", "stimulus": "pulses", "width": 3.0, "v_in": 4.0}),
        ("leaky-integrate-and-fire", 60.0, {"stimulus": "noise", "sigma": 2.0}),
        ("adaptive-exponential", 100.0, {}),
        ("izhikevich", 100.0, {}),
        ("fitzhugh-nagumo", 100.0, {}),
        ("morris-lecar", 120.0, {}),
    ],
)
def test_other_simulators_agree(peer, cell, ms, parameters, tmp_path):
    installed(peer)
    found = told.passport(experiment(cell, ms, **parameters), tmp_path / "out", only=(peer,))[peer]
    if found.state == "not told":
        pytest.skip(found.sentence)
    assert found.agrees, plain_table({peer: found})
    assert found.version


def test_what_the_window_asks_for_is_answered_as_a_line(fake, tmp_path, monkeypatch, capsys):
    run = experiment("leaky-integrate-and-fire")
    for asked, words in ((run, "Fake: differ."), (Experiment("hopfield"), "no other program has the parts")):
        text = json.dumps({"experiment": asked.to_dict(), "folder": str(tmp_path / asked.model)})
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        monkeypatch.setattr(told, "programs", lambda: {"fake": fake})
        code = told.serve()
        answer = json.loads(capsys.readouterr().out)
        assert code == ("error" in answer) and words in answer.get("said", answer.get("error"))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("print(json.dumps({'said': 'Brian2: agree.', 'agrees': True}))", "Brian2: agree. All of it is in"),
        ("print(json.dumps({'error': 'A voltage clamp.'})); sys.exit(1)", "A voltage clamp."),
        ("sys.exit(3)", "the process that writes it ended"),
    ],
)
def test_a_run_of_the_window_is_written_for_other_programs(open_window, qtbot, tmp_path, monkeypatch, command, words):
    from lab.widgets import passports

    monkeypatch.setattr(passports, "COMMAND", f"import json; asked = json.loads(sys.stdin.read()); assert asked['experiment']; {command}")
    window = open_window("leaky-integrate-and-fire")
    window.driver.run_for(10)
    qtbot.waitUntil(lambda: window.player.status.step >= 10 and window.player.status.phase == "paused")
    row = window.marks.rows()[0]
    offered = {entry.text(): entry.isEnabled() for entry in window.runs.menu(row).actions()}
    assert offered["Write for other programs…"]
    window.commands.passport_to(row.id, str(tmp_path))
    made = window.commands.passports
    qtbot.waitUntil(lambda: not made.going, timeout=60_000)
    assert words in window.banner.words.text()


def test_a_window_that_closes_gives_its_passport_up(open_window, monkeypatch, tmp_path):
    from lab.widgets import passports

    monkeypatch.setattr(passports, "COMMAND", "import time; time.sleep(60)")
    window = open_window("leaky-integrate-and-fire")
    made = window.commands.passports
    made.write(experiment("leaky-integrate-and-fire"), tmp_path / "out")
    assert made.going
    made.write(experiment("leaky-integrate-and-fire"), tmp_path / "other")
    assert "already" in window.banner.words.text()
    made.stop()
    assert not made.going
