"""Data sets: what they hold, that they repeat, and what is said of wrong files."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys

import numpy as np
import pytest

from lab.data import sets as data
from lab.data.digits import digits
from lab.errors import FileError, ModelError


@pytest.mark.parametrize("name", data.BUNDLED)
def test_bundled_sets_are_whole_and_finite(name):
    found = data.load(name)
    assert np.isfinite(found.x).all() and found.x.dtype == np.float32 and len(found.x) == len(found.t)
    assert found.inputs == len(found.features)


@pytest.mark.parametrize("name", [*data.PLANES, *data.FUNCTIONS])
def test_generated_sets_repeat_with_their_seed(name):
    one, same, other = (data.load(name, n=200, seed=s) for s in (1, 1, 2))
    assert one.x.tobytes() == same.x.tobytes() and one.t.tobytes() == same.t.tobytes()
    assert one.x.tobytes() != other.x.tobytes()


def test_xor_without_noise_is_the_truth_table():
    found = data.xor(4, 0.0, 0)
    assert {(*map(int, x), int(t)) for x, t in zip(found.x, found.t)} == {(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)}


def test_split_is_stratified_disjoint_and_complete():
    found = data.load("digits").split(0.2, seed=3)
    assert not set(found.train) & set(found.test) and len(found.train) + len(found.test) == 1797
    counts = np.bincount(found.t[found.test]) / np.bincount(found.t)
    assert abs(counts - 0.2).max() < 0.01


def test_standardising_looks_at_the_training_part_only():
    found = data.load("wine").split(seed=1).standardised()
    x, _ = found.part("train")
    assert abs(x.mean(0)).max() < 1e-4 and abs(x.std(0) - 1).max() < 1e-4
    assert abs(found.part("test")[0].mean(0)).max() > 1e-3


def test_label_noise_leaves_the_test_labels_alone():
    clean = data.load("digits").split(seed=1)
    noisy = clean.with_label_noise(0.3, seed=2)
    assert (noisy.t[noisy.test] == clean.t[clean.test]).all()
    # A tenth of the redrawn labels hits the right class again.
    assert (noisy.t[noisy.train] != clean.t[clean.train]).mean() == pytest.approx(0.27, abs=0.02)


def test_painted_and_drawn():
    assert data.load("painted", points=[(0, 0, 5), (1, 1, 7)]).classes == ("5", "7")
    y = data.load("drawn", drawn=[(0, 0), (1, 2)], noise=0, n=50)
    np.testing.assert_allclose(y.t[:, 0], 2 * y.x[:, 0], atol=1e-6)
    with pytest.raises(ModelError, match="two points"):
        data.load("painted", points=[])


def idx(array: np.ndarray) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_pictures_round_trip(tmp_path, pack):
    suffix = ".gz" if pack is gzip.compress else ""
    pictures = np.random.default_rng(0).integers(0, 256, (10, 4, 5))
    (tmp_path / f"train-images-idx3-ubyte{suffix}").write_bytes(pack(idx(pictures)))
    (tmp_path / f"train-labels-idx1-ubyte{suffix}").write_bytes(pack(idx(np.arange(10) % 3)))
    found = data.from_file(tmp_path / f"train-images-idx3-ubyte{suffix}")
    assert found.picture == (4, 5) and found.outputs == 3
    np.testing.assert_allclose(found.x * 255, pictures.reshape(10, -1), atol=1e-4)


def test_damaged_idx_files_are_refused_before_allocating(tmp_path):
    path = tmp_path / "train-images-idx3-ubyte"
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.arange(10)))
    for content, said in [
        (b"\0\0\x08\x03" + struct.pack(">3I", 4_000_000_000, 4_000_000_000, 2), "at most"),
        (idx(np.zeros((10, 4, 4)))[:-5], "damaged"),
        (b"hello", "not an IDX"),
    ]:
        path.write_bytes(content)
        with pytest.raises(FileError, match=said):
            data.from_file(path)


def test_folder_of_pictures(tmp_path):
    from PIL import Image

    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for k in range(3):
            Image.new("L", (10, 12), 255 if name == "dog" else 0).save(tmp_path / name / f"{k}.png")
    found = data.from_file(tmp_path)
    assert found.classes == ("cat", "dog") and found.picture == (28, 28) and found.x[3:].min() == 1.0
    (tmp_path / "dog" / "bad.png").write_bytes(b"not a picture")
    with pytest.raises(FileError, match=r"bad.png is not a readable picture"):
        data.from_file(tmp_path)


def test_shifting_moves_pixels_and_fills_with_nothing():
    x = np.arange(12, dtype=np.float32).reshape(1, 12)
    np.testing.assert_array_equal(data.shifted(x, (3, 4), 1, -1).reshape(3, 4), [[0, 0, 0, 0], [1, 2, 3, 0], [5, 6, 7, 0]])


def test_digits_are_those_of_scikit_learn_and_read_without_it():
    bunch = pytest.importorskip("sklearn.datasets").load_digits()
    found = digits()
    for mine, theirs in zip(found, (bunch.data, bunch.target), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    loaded = data.load("digits")
    assert loaded.features == tuple(bunch.feature_names) and loaded.classes == tuple(str(c) for c in bunch.target_names)
    code = "import sys; from lab.data.sets import load; load('digits'); print('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_digits_that_lie_elsewhere_are_asked_of_scikit_learn(monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setattr("lab.data.digits.find_spec", lambda name: None)
    for mine, theirs in zip(digits.__wrapped__(), digits(), strict=True):
        assert mine.tobytes() == theirs.tobytes() and mine.dtype == theirs.dtype
