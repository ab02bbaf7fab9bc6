"""Wrong values in experiment files, checkpoints and weights get a sentence; a replay writes no files."""

from __future__ import annotations

import os
import zipfile

import numpy as np
import pytest

import lab
from lab.engine import experiment as experiments
from lab.engine.experiment import Experiment
from lab.engine.recording import restore_point
from lab.engine.simulation import Checkpoint, Simulation
from lab.errors import FileError, LabError, ModelError
from lab.model import Happened
from lab.session import Session
from lab.tape.files import read_npz, read_safetensors

WRONG = (None, True, -1, 2**61, 1.5, "", "x\0", [], [1], {}, {"a": 1}, ["x"], 3)
GOOD = {
    "model": "hodgkin-huxley",
    "title": "t",
    "seed": 1,
    "steps": 10,
    "parameters": {"current": 3.0},
    "record": {"V": 1},
    "schedule": [{"at_step": 1, "set": {"current": 1.0}}, {"at": 1.0, "do": "pulse", "with": {"amplitude": 3.0}}],
}


def fields(value, path=()):
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from fields(inner, (*path, key))


def test_every_field_of_an_experiment_replaced_by_every_wrong_thing_is_taken_or_gets_a_sentence():
    import copy

    tried = refused = 0
    for path in fields(GOOD):
        for wrong in WRONG:
            data = copy.deepcopy(GOOD)
            at = data
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = wrong
            tried += 1
            try:
                Experiment.from_dict(data, "it").build()
            except LabError as error:
                refused += 1
                assert "\n" not in str(error) and len(str(error)) < 2000
    assert tried == 18 * 13 and refused > 100


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
@pytest.mark.timeout(30)
def test_no_experiment_file_hangs_or_fills_the_memory(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    (tmp_path / "digits.toml").write_text(f"seed = {'9' * 6000}\n")
    (tmp_path / "bytes.toml").write_bytes(b"model = '\xff\xfe'")
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100_000)
    (tmp_path / "folder.toml").mkdir()
    for name in ("pipe", "zero", "digits", "bytes", "deep", "folder", "missing", "x" * 300):
        with pytest.raises(LabError):
            experiments.read(tmp_path / f"{name}.toml")


def test_a_checkpoint_of_another_shape_type_or_without_its_parameters_is_refused(tmp_path):
    simulation = Simulation(lab.make("hodgkin-huxley"), 0)
    point = simulation.checkpoint()
    name = next(k for k, v in point.state.items() if v.dtype.kind == "f")
    for wrong in (point.state[name].astype(np.int64), point.state[name][None], point.state[name] * np.nan):
        with pytest.raises(ModelError, match="is damaged"):
            simulation.restore(Checkpoint(0, point.parameters, {**point.state, name: wrong}))
    with Session.create(tmp_path / "a.lab") as session:
        for meta in ({}, {"parameters": 3}, {"parameters": {}, "done": "x"}, {"parameters": {}, "done": -4}):
            run = session.add_run("r", {"model": "hodgkin-huxley"})
            session.add_checkpoint(run, 5, point.state, meta)
            session.flush()
            with pytest.raises(LabError, match="is damaged"):
                restore_point(session.reader(), run, 10)


def test_a_replay_writes_no_file(tmp_path):
    target = tmp_path / "weights.npz"
    log = (Happened(1, "act", "save", {"file": str(target)}),)
    run = lab.run(Experiment("mlp", {"hidden": "2", "data": "iris"}, steps=3, schedule=log, record={}))
    assert [h.name for h in run.log] == ["save"] and not target.exists()


def test_weights_are_read_from_regular_files_that_unpack_to_little(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w", force_zip64=True) as file:
        for _ in range(300):
            file.write(bytes(1 << 20))
    for name in ("bomb.npz", "missing.npz", "."):
        with pytest.raises(LabError):
            read_npz(tmp_path / name)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.safetensors")
        with pytest.raises(LabError):
            read_safetensors(tmp_path / "pipe.safetensors")


@pytest.mark.parametrize("text", ["{}=1\n", "[{}]\n", "x={{{}=1}}\n"], ids=["key", "table", "inline"])
def test_a_key_of_a_hundred_thousand_parts_is_refused_at_once(tmp_path, text):
    from lab.data import toml
    from lab.lessons.reading import LessonError, parse_text

    hostile = "model = 'mlp'\n" + text.format(".".join(["a"] * 100_000))
    (tmp_path / "e.toml").write_text(hostile)
    with pytest.raises(FileError, match="more than 100 parts"):
        experiments.read(tmp_path / "e.toml")
    with pytest.raises(LessonError, match="more than 100 parts"):
        parse_text(hostile[:60_000] + "=1\n" if text.startswith("{}") else hostile[:60_000], "x", "x")
    assert (
        toml.parse("a.b.c = [0.1, 0.2, 0.3, 1.5, 2.5" + ", 0.5" * 100 + "]\nt = '" + "word. " * 50 + "." * 300 + "'\n")["a"]["b"]["c"][0]
        == 0.1
    )
