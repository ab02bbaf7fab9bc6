"""NIR: read by the package `nir` as it was meant, read back here as the same network, and nothing of a stranger's file trusted."""

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
