"""NIR: read by the package `nir` as it was meant, read back here as the same network, and nothing of a stranger's file trusted."""

from itertools import pairwise

import numpy as np
import pytest

from lab.__main__ import main
from lab.errors import FileError, ModelError
from lab.graph import files
from lab.graph.document import Graph
from lab.graph.kinds.populations import brunel, network

h5py = pytest.importorskip("h5py")


def small(synapses="exponential", delay=1.5, **more):
    graph = Graph("populations")
    graph, inputs = graph.add_node("poisson", title="In", size=6, rate=400.0)
    cell = {"synapses": synapses, "refractory": 0.0, "tau_excitatory": 4.0, "tau_inhibitory": 4.0, "rest": -49.0, "threshold": -50.0, "reset": -60.0,
            "start_low": -60.0, "start_high": -60.0} | more  # fmt: skip
    graph, e = graph.add_node("lif", title="E [1]", size=5, record=5, **cell)
    graph, i = graph.add_node("lif", title="I", size=3, record=3, **cell)
    graph, _ = graph.connect(inputs, e, weight=0.7, probability=0.6, delay=delay)
    graph, _ = graph.connect(e, i, weight=1.5, weight_spread=0.3, probability=0.7, delay=delay)
    graph, _ = graph.connect(i, e, weight=2.5, probability=0.7, sign="inhibitory", delay=0.5)
    return graph


def matrices(graph, seed=0):
    """Signed weights from each named population to each, whatever projections make them up."""
    net = network(graph)
    built = net.build(0.1, seed)
    found = {}
    for q, link in enumerate(net.links):
        w = found.setdefault((link.source, link.target), np.zeros((net.population(link.source).size, net.population(link.target).size)))
        for k in range(len(w)):
            targets, relative, _ = built.row(q, k)
            sign = -1.0 if link.projection.sign == "inhibitory" else 1.0
            np.add.at(w[k], targets.astype(int), sign * link.projection.weight * (1.0 if relative is None else relative.astype(float)))
    return found


@pytest.mark.parametrize("synapses", ["exponential", "delta"])
def test_what_is_written_is_read_back_as_the_same_network(synapses, tmp_path):
    graph = small(synapses)
    again = files.read(files.write(graph, tmp_path / "net.nir"), "populations")
    ours, theirs = matrices(graph), matrices(again)
    assert [n.title for n in again.nodes] == ["In", "E__1_", "I"]
    names = dict(zip([n.title for n in graph.nodes], [n.title for n in again.nodes], strict=True))
    for (source, target), w in ours.items():
        np.testing.assert_allclose(theirs[names[source], names[target]], w, rtol=1e-6)
    (old, new) = (dict(network(g).populations) for g in (graph, again))
    for title, p in old.items():
        if p.ports:
            q = new[names[title]]
            shared = ("size", "tau", "rest", "threshold", "reset", "synapses") + (("tau_excitatory",) if synapses == "exponential" else ())
            assert [getattr(q, x) for x in shared] == pytest.approx([getattr(p, x) for x in shared]), title
    assert sorted({k.projection.delay for k in network(again).links}) == pytest.approx([0.5, 1.5])


def test_the_package_nir_reads_it(tmp_path):
    nir = pytest.importorskip("nir")
    graph = small()
    made = nir.read(files.write(graph, tmp_path / "net.nir"))
    kinds = {name: type(node).__name__ for name, node in made.nodes.items()}
    assert sorted(kinds.values()) == ["CubaLIF", "CubaLIF", "Delay", "Delay", "Delay", "Input", "Linear", "Linear", "Linear", "Output"] or (
        sorted(kinds.values())
        == ["CubaLIF", "CubaLIF", "Delay", "Delay", "Delay", "Input", "Linear", "Linear", "Linear", "Output", "Output"]
    )
    ours = matrices(graph)
    np.testing.assert_allclose(made.nodes["w0"].weight.T, ours["In", "E [1]"])
    np.testing.assert_allclose(made.nodes["w2"].weight.T, ours["I", "E [1]"])
    cell = made.nodes["p2_I"]
    # A pulse of area 1 through a weight of 1 moves the current of the cell by r w_in / tau_syn: here by the weight itself.
    np.testing.assert_allclose(cell.r * cell.w_in / cell.tau_syn, 1.0)
    assert cell.tau_mem[0] == pytest.approx(0.02) and cell.v_threshold[0] == -50 and cell.v_reset[0] == -60 and cell.v_leak[0] == -49
    assert ("p0_In", "d0") in made.edges and ("d0", "w0") in made.edges and ("w0", "p1_E__1_") in made.edges


def test_a_file_of_the_package_nir_is_read(tmp_path):
    nir = pytest.importorskip("nir")
    size = np.ones(2)
    made = nir.NIRGraph(
        nodes={
            "input": nir.Input({"input": np.array([3])}),
            "fc": nir.Affine(np.array([[1.0, -2.0, 0.0], [0.5, 0.0, 3.0]]), np.zeros(2)),
            "lif": nir.LIF(tau=0.01 * size, r=0.01 * size, v_leak=0 * size, v_threshold=size, v_reset=0 * size),
            "output": nir.Output({"output": np.array([2])}),
        },
        edges=[("input", "fc"), ("fc", "lif"), ("lif", "output")],
    )
    nir.write(tmp_path / "made.nir", made)
    graph = files.read(tmp_path / "made.nir", "populations")
    np.testing.assert_allclose(matrices(graph)["input", "lif"], [[1.0, 0.5], [-2.0, 0.0], [0.0, 3.0]])
    cell = dict(network(graph).populations)["lif"]
    assert (cell.tau, cell.threshold, cell.reset, cell.rest, cell.synapses) == (pytest.approx(10.0), 1.0, 0.0, 0.0, "delta")
    nir.write(tmp_path / "relu.nir", nir.NIRGraph(nodes={"a": nir.Threshold(size)}, edges=[]))
    with pytest.raises(FileError, match="of the kind Threshold"):
        files.read(tmp_path / "relu.nir", "populations")


def convolved(x, kernel, stride, padding, dilation, groups):
    """What a convolution makes of one input, number by number."""
    (top, bottom), (left, right) = padding
    x = np.pad(x, ((0, 0), (top, bottom), (left, right)))
    outputs, each, rows, columns = kernel.shape
    size = [(n - d * (k - 1) - 1) // s + 1 for n, d, k, s in zip(x.shape[1:], dilation, (rows, columns), stride, strict=True)]
    y = np.zeros((outputs, *size))
    for o, i, j in np.ndindex(*y.shape):
        for c, a, b in np.ndindex(each, rows, columns):
            channel = o // (outputs // groups) * each + c
            y[o, i, j] += kernel[o, c, a, b] * x[channel, i * stride[0] + a * dilation[0], j * stride[1] + b * dilation[1]]
    return y


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation", "groups"),
    [
        ((3, 2, 3, 3), (1, 1), (1, 1), (1, 1), 1),
        ((4, 1, 2, 3), (2, 1), (0, 2), (1, 2), 2),
        ((2, 2, 2, 3), (1, 1), "same", (2, 1), 1),
        ((1, 2, 3, 2), (2, 3), "valid", (1, 1), 1),
    ],
)
def test_a_convolution_of_the_package_nir_is_read_as_its_matrix(kernel, stride, padding, dilation, groups, tmp_path):
    nir = pytest.importorskip("nir")
    random = np.random.default_rng(3)
    weight, x = random.normal(size=kernel), random.normal(size=(2, 5, 6))
    reach = [d * (k - 1) for d, k in zip(dilation, kernel[2:], strict=True)]
    pads = {"same": [(r // 2, r - r // 2) for r in reach], "valid": [(0, 0)] * 2}.get(padding) or [(p, p) for p in padding]
    wanted = convolved(x, weight, stride, pads, dilation, groups)
    ones = np.ones(wanted.shape)
    nodes = {
        "input": nir.Input({"input": np.array([2, 5, 6])}),
        "conv": nir.Conv2d((5, 6), weight, stride, padding, dilation, groups, np.zeros(kernel[0])),
        "lif": nir.LIF(tau=0.01 * ones, r=0.01 * ones, v_leak=0 * ones, v_threshold=ones, v_reset=0 * ones),
        "flatten": nir.Flatten({"input": np.array(wanted.shape)}, start_dim=0, end_dim=-1),
        "fc": nir.Linear(random.normal(size=(2, wanted.size))),
        "last": nir.LIF(tau=np.full(2, 0.01), r=np.full(2, 0.01), v_leak=np.zeros(2), v_threshold=np.ones(2), v_reset=np.zeros(2)),
        "output": nir.Output({"output": np.array([2])}),
    }
    order = list(nodes)
    nir.write(tmp_path / "made.nir", nir.NIRGraph(nodes=nodes, edges=list(pairwise(order)), type_check=False))
    found = matrices(files.read(tmp_path / "made.nir", "populations"))
    np.testing.assert_allclose(x.ravel() @ found["input", "lif"], wanted.ravel(), atol=1e-5)  # synapses are float32
    np.testing.assert_allclose(found["lif", "last"].T, nodes["fc"].weight, rtol=1e-6)
    # Written again it is a matrix, and says the same of every input.
    graph = files.read(tmp_path / "made.nir", "populations")
    again = nir.read(files.write(graph, tmp_path / "again.nir"))
    said = sum(node.weight @ x.ravel() for name, node in again.nodes.items() if ("p0_input", name) in again.edges)
    np.testing.assert_allclose(said, wanted.ravel(), atol=1e-5)


def convolution(path, **changes):
    """A written network whose projection from E to I is a convolution over (1, 1, 5)."""
    word = h5py.string_dtype()
    fields = {
        "weight": np.ones((1, 1, 1, 3)),
        "bias": np.zeros(1),
        "input_shape": [1, 5],
        "stride": 1,
        "padding": 0,
        "dilation": 1,
        "groups": 1,
    }
    with h5py.File(files.write(small(), path), "r+") as file:
        group = file["node/nodes/w1"]
        for key in list(group):
            del group[key]
        for key, value in ({"type": "Conv2d"} | fields | changes).items():
            if value is not None:
                group.create_dataset(key, data=value, dtype=word if isinstance(value, str) else None)
    return path


def test_a_strangers_convolution_is_read_or_refused_with_a_sentence(tmp_path):
    graph = files.read(convolution(tmp_path / "net.nir"), "populations")
    assert matrices(graph)["E__1_", "I"].tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1], [0, 1, 1], [0, 0, 1]]
    for changes, words in (
        ({"input_shape": None}, "does not say its input_shape"),
        ({"input_shape": [0, 5]}, "whole numbers from 1"),
        ({"input_shape": [10**5, 10**5]}, "and 1 to 250,000 are read"),
        ({"stride": 0}, "stride of 'w1'"),
        ({"padding": 10**9}, "padding of 'w1'"),
        ({"padding": "round"}, "padding 'round'"),
        ({"dilation": 100}, "a convolution of 0 weights"),
        ({"groups": 3}, "groups of 'w1'"),
        ({"bias": np.ones(1)}, "a bias that is not 0"),
        ({"weight": np.ones((1, 1, 1, 200))}, "at most 128 x 128"),
    ):
        (tmp_path / "net.nir").unlink()
        with pytest.raises(FileError, match=words):
            files.read(convolution(tmp_path / "net.nir", **changes), "populations")


def test_edges_that_lead_round_in_a_circle_end(tmp_path):
    path = files.write(small(), tmp_path / "net.nir")
    with h5py.File(path, "r+") as file:
        made = file["node/nodes"].create_group("round")
        made.create_dataset("type", data="Flatten", dtype=h5py.string_dtype())
        edges = [tuple(pair) for pair in file["node/edges"].asstr()[()]]
        del file["node/edges"]
        edges += [("round", "round"), ("round", "w1")]
        file["node"].create_dataset("edges", data=np.array(edges, dtype=object), dtype=h5py.string_dtype())
    with pytest.raises(FileError, match="does not lead from spikes"):
        files.read(path, "populations")


def test_what_has_no_words_is_refused_and_nothing_is_left(tmp_path):
    for graph, words in (
        (small(refractory=2.0), "no refractory time"),
        (small(tau_inhibitory=9.0), "one time constant of synapses"),
        (small("alpha"), "one time constant of synapses"),
        (brunel(), "no random drive"),
        (Graph("gates"), "networks of spiking cells"),
    ):
        with pytest.raises(ModelError, match=words):
            files.write(graph, tmp_path / "net.nir")
    assert not list(tmp_path.iterdir())


def edit(path, change):
    with h5py.File(path, "r+") as file:
        change(file)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f["node"].pop("edges"), "'edges' is missing"),
        (lambda f: f.pop("node"), "'node' is missing"),
        (lambda f: f["node/nodes"].pop("p2_I") and f["node/nodes"].__setitem__("p2_I", h5py.ExternalLink("/etc/passwd", "/")), "leads elsewhere"),
        (lambda f: f["node/nodes/w0"].__setitem__("bias", 1) or f["node/nodes/w0"].pop("weight"), "'weight' is missing"),
        (lambda f: f["node/nodes/p2_I/tau_mem"].__setitem__(0, 9.0), "differ in tau_mem"),
        (lambda f: f["node/nodes/p2_I/tau_mem"].__setitem__(slice(None), np.nan), "not finite"),
        (lambda f: f["node/nodes/w0"].pop("weight") and f["node/nodes/w0"].create_dataset("weight", (10**6, 10**6), chunks=(100, 100), dtype="f8"),
         "at most 250,000 are read"),
        (lambda f: f["node/nodes/p2_I/tau_mem"].__setitem__(slice(None), 0.0), "tau|must be"),
    ],
)  # fmt: skip
def test_a_strangers_file_is_refused_with_a_sentence(change, words, tmp_path):
    path = files.write(small(), tmp_path / "net.nir")
    edit(path, change)
    with pytest.raises(FileError, match=words):
        files.read(path, "populations")


def test_no_hdf5_at_all(tmp_path):
    (tmp_path / "net.nir").write_bytes(b"hello")
    with pytest.raises(FileError, match="no HDF5 file"):
        files.read(tmp_path / "net.nir", "populations")


def test_a_run_is_exported_and_the_file_is_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.json").write_text(small().to_json())
    assert main(["run", "spiking-network", "--set", "graph=net.json", "--for", "5ms", "--quiet", "-o", "net.lab"]) == 0
    assert main(["export", "net.lab", "--to", "nir", "-o", "net.nir"]) == 0
    assert main(["run", "spiking-network", "--set", "graph=net.nir", "--for", "5ms", "--quiet", "-o", "again.lab"]) == 0
    assert main(["run", "leaky-integrate-and-fire", "--for", "5ms", "--quiet", "-o", "cell.lab"]) == 0
    assert main(["export", "cell.lab", "--to", "nir"]) == 2 and "has no network" in capsys.readouterr().err
