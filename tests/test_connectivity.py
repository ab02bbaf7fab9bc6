"""Networks from files, and what is said of wrong ones."""

from pathlib import Path

import pytest

from lab.engine import simulation as engine
from lab.errors import LabError
from lab.models.networks.connectivity import Connectivity, read_network

CONNECTOME = Path(__file__).parent.parent.parent / "shared" / "data" / "celegans_synapses.csv"


def test_edge_list_with_a_heading_and_more_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("source,target,count\na,b,3\nb,c,1\nc,c,9\nb,a,2\n")
    found = read_network(str(path))
    assert set(found.nodes()) == {"a", "b", "c"} and found.number_of_edges() == 2


def test_graphml_round_trip(tmp_path):
    import networkx as nx

    nx.write_graphml(nx.karate_club_graph(), tmp_path / "karate.graphml")
    summary = engine.run(Connectivity(network="file", file=str(tmp_path / "karate.graphml"), random_graphs=3)).summary
    assert (summary["nodes"], summary["edges"]) == (34, 78)
    assert summary["clustering"] == pytest.approx(0.5706, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "only\n"),
        ("a.csv", ""),
        ("a.graphml", "<not"),
        ("a.json", "{"),
        ("a.json", '{"nodes": 3}'),
        ("bomb.graphml", '<!DOCTYPE x [<!ENTITY a "aaaa">]><graphml/>'),
    ],
)
def test_wrong_files_are_named(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(LabError, match=name.replace(".", r"\.")):
        read_network(str(tmp_path / name))


@pytest.mark.skipif(not CONNECTOME.exists(), reason="the connectome is not on this machine")
def test_connectome_is_a_small_world_with_a_rich_club():
    model = Connectivity(network="file", file=str(CONNECTOME), random_graphs=10)
    result = engine.run(model)
    assert result.summary["nodes"] == 279 and result.summary["small-world index"] > 1.5
    k, normalised = result.observe("normalised")
    assert normalised[(k > 20) & (k < 40)].mean() > 1.05
