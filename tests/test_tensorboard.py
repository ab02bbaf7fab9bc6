"""Event files of TensorBoard: checksums, and what TensorBoard's own reader finds in them."""

from __future__ import annotations

import numpy as np
import pytest

import lab
from lab.__main__ import main
from lab.display.tensorboard import crc32c, record


def test_checksums_are_those_of_the_standard():
    # RFC 3720, appendix B.4
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"123456789") == 0xE3069283


def test_a_record_is_as_long_as_it_says():
    data = record(b"abc")
    assert len(data) == 8 + 4 + 3 + 4 and data[:8] == b"\x03" + bytes(7) and data[12:15] == b"abc"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("trained") / "run.lab"
    run = ["run", "mlp", "--set", "hidden=4", "--set", "data=wine", "--for", "3 epochs", "--quiet", "-o", str(path)]
    assert main(run) == 0
    return path


def test_tensorboard_reads_the_curves_of_a_training(trained, tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    folder = tmp_path / "curves"
    assert main(["export", str(trained), "--to", "tensorboard", "-o", str(folder)]) == 0
    found = reader.EventAccumulator(str(folder), size_guidance={"scalars": 0})
    found.Reload()
    tags = found.Tags()["scalars"]
    run = lab.load(trained)
    scores = run.recorded("score")
    names = run.model.stream("score").channels
    for k, name in enumerate(names):
        seen = found.Scalars(f"score/{name}")
        own = scores.index == k
        assert [e.step for e in seen] == np.rint(scores.time[own] / run.model.clock.dt).astype(int).tolist()
        np.testing.assert_allclose([e.value for e in seen], scores.values[own], rtol=1e-6)
    loss = found.Scalars(next(tag for tag in tags if tag == "loss" or tag.startswith("loss/")))
    np.testing.assert_allclose([e.value for e in loss], np.asarray(run["loss"]).reshape(len(loss), -1)[:, 0], rtol=1e-6)
    assert len(tags) > 5


def test_what_cannot_be_written_is_refused(trained, tmp_path, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").write_text("kept")
    assert main(["export", str(trained), "--to", "tensorboard", "-o", str(tmp_path / "full")]) == 2
    assert main(["export", str(trained), "loss", "--to", "tensorboard"]) == 2
    said = capsys.readouterr().err
    assert "not empty" in said and "name no stream" in said and "Traceback" not in said
