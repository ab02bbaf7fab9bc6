"""The window over a picture: sizes, arithmetic, the matrix, painting, own files, and outlines over cells."""

import itertools

import numpy as np
import pytest
from scipy.signal import correlate2d

from lab import catalog
from lab.data.windows import matrix, places, pooled
from lab.engine.simulation import Simulation, run
from lab.errors import LabError, ParameterError
from lab.models.networks.convolution_as_neurons import convolve

Model = catalog.load("convolution-as-neurons")


@pytest.mark.parametrize(("n", "k", "s", "p", "d"), list(itertools.product((5, 8), (1, 2, 3), (1, 2, 3), (0, 1, 2), (1, 2))))
def test_the_map_the_matrix_and_scipy_agree(n, k, s, p, d):
    random = np.random.default_rng(n * k + s)
    X, K = random.standard_normal((n, n, 2)), random.standard_normal((k, k, 2))
    wide = np.zeros((d * (k - 1) + 1, d * (k - 1) + 1, 2))
    wide[::d, ::d] = K
    expected = sum(correlate2d(np.pad(X[:, :, c], p), wide[:, :, c], "valid")[::s, ::s] for c in range(2))
    found = convolve(X, K, 0.25, s, p, d)
    assert found.shape == (places(n, k, s, p, d),) * 2 == expected.shape
    assert np.abs(found - 0.25 - expected).max() < 1e-12
    assert np.abs(matrix(X.shape, K, s, p, d) @ X.ravel() - expected.ravel()).max() < 1e-12


def test_the_slow_obvious_sum_of_the_definition():
    random = np.random.default_rng(0)
    X, K = random.standard_normal((7, 7)), random.standard_normal((3, 3))
    slow = np.zeros((4, 4))
    for i, j, m, n in itertools.product(range(4), range(4), range(3), range(3)):
        a, b = 2 * i + m - 1, 2 * j + n - 1
        slow[i, j] += X[a, b] * K[m, n] if 0 <= a < 7 and 0 <= b < 7 else 0.0
    assert np.abs(convolve(X[:, :, None], K[:, :, None], 0.0, 2, 1) - slow).max() < 1e-12


def test_the_matrix_has_the_few_numbers_of_the_kernel():
    M = matrix((28, 28, 1), np.arange(1.0, 10).reshape(3, 3, 1), 1, 1, 1)
    assert M.shape == (784, 784) and np.count_nonzero(M) == 6724 and set(np.unique(M)) == {0.0, *np.arange(1.0, 10)}
    part = matrix((28, 28, 1), np.arange(1.0, 10).reshape(3, 3, 1), 1, 1, 1, slice(28, 56))
    assert (part == M[28:56]).all()


def test_sizes_of_the_books():
    assert [places(32, 5), places(28, 3, 1, 1), places(27, 5, 3), places(28, 5, 1, 1), places(224, 7, 2, 3), places(3, 5)] == [
        28,
        28,
        8,
        26,
        112,
        0,
    ]


def test_pooling_leaves_an_odd_row_out():
    values = np.arange(25.0).reshape(5, 5)
    assert pooled(values, "max").tolist() == [[6, 8], [16, 18]] and pooled(values, "average").tolist() == [[3, 5], [13, 15]]
    assert pooled(values, "none") is values and pooled(np.ones((1, 1)), "max").shape == (1, 1)


def test_a_stride_that_does_not_fit_leaves_pixels_unread():
    s = Simulation(Model(side=27, size=5, stride=3, kernel="blur"), 0)
    readings = s.observe("readings")
    assert (readings[26] == 0).all() and (readings[:26, :26] > 0).all() and s.summary()["pixels never read"] == 53
    assert np.isfinite(s.observe("never read")).any() and np.isnan(Simulation(Model(), 0).observe("never read")).all()


def test_the_window_walks_is_dragged_and_stays_in_the_map():
    s = Simulation(Model(), 0)
    s.advance(30)
    assert s.model.place(s.state) == (1, 4)
    s.act("move", x=14.0, y=3.0)
    assert s.model.place(s.state) == (2, 13)
    box = s.observe("window")
    assert box[0].min() == 12.5 and box[1].min() == 1.5 and np.ptp(box[0]) == 3
    s.act("move", x=1e6, y=-1e6)
    assert s.model.place(s.state) == (0, 25)
    s.change(stride=4)
    assert s.model.place(s.state) == (0, 6)
    s.act("stand", index=10**6)
    assert s.model.place(s.state) == (6, 6)


def test_what_is_recorded_is_what_the_map_says():
    result = run(Model(bias=0.5, rectify=True), steps=40, record={"number": 1})
    whole = result.simulation.observe("map").ravel()
    assert result.recorded("number").values.ravel() == pytest.approx(whole[1:41])


def test_the_arithmetic_shown_adds_up_to_the_point_of_the_map():
    s = Simulation(Model(channels=3, kernel="sharpen", bias=-0.2, padding=1, dilation=2), 3)
    s.act("move", x=10.0, y=12.0)
    entries = {e["name"]: e["values"] for e in s.observe("work")}
    total = sum(v.sum() for n, v in entries.items() if n.startswith("products")) - 0.2
    assert entries["sum"][0, 0] == pytest.approx(total) == pytest.approx(s.observe("map")[s.model.place(s.state)])


def test_a_painted_synapse_makes_the_kernel_ones_own_and_a_flipped_one_is_painted_where_it_lies():
    s = Simulation(Model(kernel="blur", convention=Model.specs()["convention"].choices[1]), 0)
    s.act("paint_kernel", row=0, column=2)
    assert s.model.kernel == "own" and s.observe("kernel")[0, 2] == 1.0 and s.model.own[2][0] == 1.0
    for expected in (-1.0, 0.0, 1.0):
        s.act("paint_kernel", row=0, column=2)
        assert s.observe("kernel")[0, 2] == expected
    with pytest.raises(LabError, match="3 rows and columns"):
        s.act("paint_kernel", row=5, column=0)


def test_a_painted_picture_and_its_border():
    s = Simulation(Model(padding=2), 0)
    s.act("clear")
    s.act("paint_picture", row=2, column=2, value=1.0)
    s.act("paint_picture", row=0, column=0, value=1.0)  # the border stays zero
    assert s.state["picture"].sum() == 1.0 and s.observe("picture")[2, 2] == 1.0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"size": 9, "side": 5}, "larger than the picture of 5"),
        ({"kernel": "own", "own": [[1.0, 2.0]]}, "rows of as many"),
        ({"scene": "file"}, "names no file"),
    ],
)
def test_what_does_not_fit_is_refused(values, words):
    with pytest.raises(ParameterError, match=words):
        Model(**values)


def test_own_pictures_and_sounds(tmp_path):
    from PIL import Image
    from scipy.io import wavfile

    Image.fromarray((np.eye(40) * 255).astype(np.uint8)).save(tmp_path / "line.png")
    seen = Simulation(Model(scene="file", file=str(tmp_path / "line.png")), 0).state["picture"][:, :, 0]
    assert seen.shape == (28, 28) and np.diag(seen).min() > 0.5 > seen[0, 20]
    rate = 8000
    t = np.arange(rate) / rate
    wavfile.write(tmp_path / "low.wav", rate, (0.5 * np.sin(2 * np.pi * 500 * t)).astype(np.float32))
    loud = Simulation(Model(scene="file", file=str(tmp_path / "low.wav")), 0).state["picture"][:, :, 0]
    # 28 rows reach from 0 to half the rate, the highest above: 500 Hz is an eighth of the way up.
    assert abs(int(loud.mean(1).argmax()) - 24) <= 1 and loud.max() == 1.0
    wavfile.write(tmp_path / "short.wav", rate, np.zeros(10, np.float32))
    with pytest.raises(LabError, match="holds 10 samples"):
        Simulation(Model(scene="file", file=str(tmp_path / "short.wav")), 0)
    with pytest.raises(LabError, match="gone"):
        Simulation(Model(scene="file", file=str(tmp_path / "gone.png")), 0)


def test_outlines_lie_over_the_cells_of_an_image(qtbot):
    from types import SimpleNamespace

    from lab.widgets.pictures import make

    for channels in (1, 3):
        s = Simulation(Model(channels=channels), 0)
        s.act("move", x=14.0, y=3.0)
        picture = next(p for p in s.model.pictures if p.name == "picture")
        view = make(picture, s.model)
        qtbot.addWidget(view)
        view.resize(300, 300)
        view.draw(SimpleNamespace(snapshot=s.observe, labels=lambda stream: ()), ())
        x, y = view._outlines[1].getData()
        assert (x.min(), x.max(), y.min(), y.max()) == (12.5, 15.5, 1.5, 4.5)


def test_the_matrix_is_one_array_until_something_of_it_changes():
    """While the window walks only the row moves, and what draws the matrix need not colour it again."""
    s = Simulation(Model(), 1)
    first = s.observe("matrix")
    s.advance(3)
    assert s.observe("matrix") is first and not first.flags.writeable
    s.change(kernel="Laplace")
    assert s.observe("matrix") is not first
    np.testing.assert_array_equal(s.observe("matrix"), matrix(s.state["picture"].shape, s.model.weights(), 1, 0, 1))
