"""Brain connectivity: hubs, clusters, small worlds and the rich club of a network, against networks rewired at random."""

from __future__ import annotations

import itertools
import math

import numpy as np

from lab.data import graphs
from lab.errors import LabError, ModelError
from lab.graph.census import connections
from lab.graph.document import Graph
from lab.graph.kinds.populations import vogels_abbott
from lab.kernels import below, kernel, seed_state
from lab.model import COUNT, Clock, Figure, Layer, Model, Picture, Preset, Stage, Stream, param
from lab.units import number as printed

NETWORKS = ("small world", "scale free", "blocks", "random", "layered", "file", "canvas", "two scales")
REGION, REACH = 0.13, 0.05  # of a made-up brain of radius 1: how wide a region is, and how far its local fibres reach
MOST_NODES = 3000
MOST_EDGES = 400_000
SWAPS = 10  # attempted swaps per edge for one rewired graph


@kernel
def rewire(adjacency, edges, rng, attempts):
    """Swap ends of random pairs of edges in place, keeping every degree, making neither loops nor double edges; returns the swaps done."""
    m = len(edges)
    done = 0
    for _ in range(attempts):
        i, j = below(rng, m), below(rng, m)
        a, b = edges[i, 0], edges[i, 1]
        c, d = edges[j, 0], edges[j, 1]
        if below(rng, 2) == 0:
            c, d = d, c
        # a-b, c-d become a-d, c-b
        if a == c or a == d or b == c or b == d or adjacency[a, d] or adjacency[c, b]:
            continue
        adjacency[a, b] = adjacency[b, a] = adjacency[c, d] = adjacency[d, c] = False
        adjacency[a, d] = adjacency[d, a] = adjacency[c, b] = adjacency[b, c] = True
        edges[i, 0], edges[i, 1] = a, d
        edges[j, 0], edges[j, 1] = c, b
        done += 1
    return done


@kernel
def rich_club(edges, degree, out):
    """phi(k) = edges among nodes of degree > k over the most there could be, into out[k] (NaN where fewer than two such nodes)."""
    top = len(out)
    nodes, links = np.zeros(top + 1), np.zeros(top + 1)
    for i in range(len(degree)):
        nodes[min(degree[i], top)] += 1
    for e in range(len(edges)):
        links[min(min(degree[edges[e, 0]], degree[edges[e, 1]]), top)] += 1
    n, m = 0.0, 0.0
    for k in range(top, 0, -1):
        n += nodes[k]
        m += links[k]
        out[k - 1] = 2.0 * m / (n * (n - 1.0)) if n > 1 else np.nan


@kernel
def clustering(adjacency, out):
    """Clustering coefficient of every node: triangles over pairs of neighbours."""
    n = len(adjacency)
    for i in range(n):
        k, links = 0, 0
        for a in range(n):
            if adjacency[i, a]:
                k += 1
                for b in range(a + 1, n):
                    if adjacency[i, b] and adjacency[a, b]:
                        links += 1
        out[i] = 2.0 * links / (k * (k - 1)) if k > 1 else 0.0


@kernel
def path_length(adjacency):
    """(mean shortest path over all ordered pairs that are connected, number of those pairs), breadth first from every node."""
    n = len(adjacency)
    distance, todo = np.empty(n, np.int64), np.empty(n, np.int64)
    total, pairs = 0.0, 0
    for s in range(n):
        distance[:] = -1
        distance[s] = 0
        todo[0], head, tail = s, 0, 1
        while head < tail:
            i = todo[head]
            head += 1
            for j in range(n):
                if adjacency[i, j] and distance[j] < 0:
                    distance[j] = distance[i] + 1
                    total += distance[j]
                    pairs += 1
                    todo[tail] = j
                    tail += 1
    return (total / pairs if pairs else 0.0), pairs


def read_network(path: str):
    """An undirected networkx graph from a file that `lab.data.graphs` reads; its attribute `said` is one paragraph about it."""
    import networkx as nx

    if not path:
        raise ModelError("Choose a file: GraphML, GEXF, GML, JSON or an edge list.")
    net = graphs.read(path)
    titles = [dot.title for dot in net.dots]
    # Titles are what people know a node by, where each has its own.
    apart = len(set(titles)) == len(titles)  # asked once: asked of each node, 100,000 nodes took minutes
    name = {dot.id: dot.title if apart else dot.id for dot in net.dots}
    simple = nx.Graph(said=net.said)
    simple.add_nodes_from(name.values())
    simple.add_edges_from((name[link.source], name[link.target]) for link in net.links if link.source != link.target)
    return simple


def layered_twin(nodes: int, edges: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """As many nodes and edges in as many layers, 2 to 6, as have room for them: (edges (m, 2), layers).

    Edges lead from each layer to the next and nowhere else, drawn at random among all that could be.
    """
    for layers in range(min(6, nodes), 1, -1):
        parts = np.array_split(np.arange(nodes), layers)
        if sum(len(a) * len(b) for a, b in itertools.pairwise(parts)) >= edges or layers == 2:
            break
    room = np.cumsum([0, *(len(a) * len(b) for a, b in itertools.pairwise(parts))])
    chosen = np.sort(rng.choice(room[-1], min(edges, int(room[-1])), replace=False))
    layer = np.searchsorted(room, chosen, side="right") - 1
    within = chosen - room[layer]
    firsts, sizes = np.array([p[0] for p in parts]), np.array([len(p) for p in parts])
    return np.column_stack([firsts[layer] + within // sizes[layer + 1], firsts[layer + 1] + within % sizes[layer + 1]]).astype(
        np.int64
    ), layers


def two_scales(nodes: int, degree: int, regions: int, inside: float, rng: np.random.Generator):
    """A made-up brain: regions scattered over a disc, neighbours joined within them, bundles of fibres between a few pairs of regions.

    The graph's attribute `place` holds where each node lies, its nodes' attribute `region` where they belong. A part `inside` of the edges is
    local, each neuron joining others of its region the more likely the nearer they are; the rest run in tracts from every region to its two
    nearest and to one far away, as many fibres in each.
    """
    import networkx as nx

    turn = np.arange(regions) * math.pi * (3 - math.sqrt(5))
    centres = np.sqrt((np.arange(regions) + 0.5) / regions)[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    region = np.sort(np.arange(nodes) % regions)
    place = centres[region] + REGION * rng.standard_normal((nodes, 2))
    found = nx.Graph(place=place)
    found.add_nodes_from((i, {"region": int(region[i])}) for i in range(nodes))
    wanted = nodes * degree // 2
    one, other = np.triu_indices(nodes, 1)
    same = region[one] == region[other]
    one, other = one[same], other[same]
    chance = np.exp(-np.hypot(*(place[one] - place[other]).T) / REACH) + 1e-12
    local = min(len(one), round(inside * wanted))
    for k in rng.choice(len(one), local, replace=False, p=chance / chance.sum()) if local else ():
        found.add_edge(int(one[k]), int(other[k]))
    apart = np.hypot(*(centres[:, None] - centres[None, :]).transpose(2, 0, 1))
    tracts = {
        (min(a, b), max(a, b)) for a in range(regions) for b in np.argsort(apart[a])[[1, 2, -1] if regions > 3 else slice(1, None)].tolist()
    }
    for k in range((wanted - local) * bool(tracts)):
        a, b = sorted(tracts)[k % len(tracts)]
        found.add_edge(int(rng.choice(np.flatnonzero(region == a))), int(rng.choice(np.flatnonzero(region == b))))
    return found


class Connectivity(Model):
    """What makes a network brain-like: dense neighbourhoods, short ways across, and hubs that know each other.

    The clustering coefficient, the mean path and the degrees of a network are measured and compared with networks that
    have the same degrees but are wired at random; each step makes one of those, and the band of the rich club grows
    sharper. Beside it stands a layered network, as machine learning builds them, of as many nodes and edges: it has no
    neighbourhoods at all. Open a connectome from a file (an edge list or GraphML), or analyse the network on the canvas.

    Wiring is read at two scales. Microscopes see who is joined to whom near by, imaging sees bundles of fibres that run through the white
    matter from region to region. *Two scales* takes a network apart so: what runs within regions (or communities, where none are known),
    and how many fibres join each pair. The network of that name is made up by the lab, with regions, local wiring and tracts; no
    brain was copied. A connectome of yours opens in the same way.

    In the equations, k_i is the degree of node i and e_i the number of edges among its neighbours; N_>k and E_>k are the
    nodes with more than k edges and the edges among them (the rich club of degree k); C is the mean clustering and L the mean path,
    of this network and of the rewired ones.
    """

    name = "connectivity"
    title = "Brain connectivity"
    group = "Structure"
    icon = "mdi6.graph-outline"
    order = 10
    also = "small world; Watts-Strogatz; Watts Strogatz; scale free; Barabasi-Albert; Barabási; hubs; rich club; modularity; clustering coefficient; graph theory; connectome; communities; path length; brain network"
    takes = (
        {"what": "graph", "words": "Analyse who reaches whom", "values": {"network": "canvas", "nodes": 400}},
        {"what": "network", "words": "Analyse who reaches whom in", "into": "file", "values": {"network": "file"}},
    )
    equations = (
        r"C_i = \frac{2 e_i}{k_i (k_i - 1)}",
        r"\phi(k) = \frac{2 E_{>k}}{N_{>k}(N_{>k} - 1)}, \quad \rho(k) = \frac{\phi(k)}{\langle\phi_{rewired}(k)\rangle}",
        r"\sigma = \frac{C / C_{rewired}}{L / L_{rewired}}",
    )
    symbols = (
        r"\phi: density of wires among nodes of a degree above k; \rho: the same over that of rewired networks; \sigma: small-world index"
    )
    source = "Watts and Strogatz, Nature 393:440 (1998); Colizza et al., Nat. Phys. 2:110 (2006); van den Heuvel and Sporns, J. Neurosci. 31:15775 (2011)"
    presets = {
        "Small world": Preset({}, shows="small-world index > 5 and mean path < 4 and clustering > 0.4", after=20.0),
        "Scale free, with hubs": Preset({"network": "scale free"}, shows="small-world index < 1.5 and mean path < 3", after=20.0),
        "Communities": Preset({"network": "blocks"}, shows="modularity > 0.5", after=20.0),
        "Layered, as in machine learning": Preset({"network": "layered"}, shows="clustering = 0 and mean path = 2", after=20.0),
        "Two scales: near by, and the white matter": Preset(
            {"network": "two scales", "nodes": 240, "blocks": 12, "inside": 0.85},
            shows="near by (%) > 80 and wire in the white matter (%) > 40 and small-world index > 3",
            after=20.0,
        ),
        "Random": Preset({"network": "random"}, shows="small-world index < 1.3", after=20.0),
        "Network on the canvas": Preset(
            {"network": "canvas", "nodes": 400}, shows="nodes = 400 and small-world index < 1.3", after=20.0, slow=True
        ),
    }

    network: str = param("small world", choices=NETWORKS, live=False, main=True, doc="Where the network comes from.")
    file: str = param(
        "",
        kind="file",
        live=False,
        when=("network", "file"),
        main=True,
        doc="GraphML, GEXF, GML, JSON, an edge list or a table of connections.",
    )
    graph: str = param(
        vogels_abbott().to_json(), kind="graph", live=False, when=("network", "canvas"), doc="The network on the canvas, of any family."
    )
    nodes: int = param(
        200, lo=4, hi=MOST_NODES, live=False, when=("network", (*NETWORKS[:5], "canvas", "two scales")), main=True,
        doc="Number of nodes; of populations on the canvas that have more, a part of each is taken.",
    )  # fmt: skip
    degree: int = param(10, lo=2, hi=200, live=False, when=("network", (*NETWORKS[:4], "two scales")), doc="Mean number of neighbours.")
    rewiring: float = param(
        0.1, lo=0.0, hi=1.0, live=False, when=("network", "small world"), main=True, doc="Part of a ring's edges that lead anywhere."
    )
    blocks: int = param(
        5, lo=2, hi=20, live=False, when=("network", ("blocks", "layered", "two scales")), doc="Communities, layers, or regions."
    )
    inside: float = param(
        0.8,
        lo=0.0,
        hi=1.0,
        live=False,
        when=("network", ("blocks", "two scales")),
        doc="Part of a node's edges that stay in its community, or region.",
    )
    random_graphs: int = param(100, lo=1, hi=10_000, live=False, doc="Rewired networks to compare with.")

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "network", physical=True)

    @property
    def speed(self) -> float:
        return 10.0

    @property
    def length(self) -> int:
        return self.random_graphs

    @property
    def streams(self) -> tuple[Stream, ...]:
        return (
            Stream(
                "compared",
                "trace",
                "",
                "Clustering and mean path of each rewired network.",
                shape=(2,),
                channels=("clustering", "mean path"),
                every=1,
            ),
            Stream("graph", "graph", "", "The network; nodes lie by community, brightness is degree."),
            Stream("layered", "graph", "", "A layered network with as many nodes and edges; brightness is degree."),
            Stream("near", "graph", "", "What is joined within regions or communities."),
            Stream("far", "graph", "", "Regions or communities, and how many fibres join each pair; brightness is how many reach one."),
            Stream("adjacency", "image", "", "Adjacency matrix, ordered by community and degree."),
            Stream("degrees", "bars", "nodes", "Number of nodes of each degree."),
            Stream("rich_club", "curve", "", "Rich club phi over degree k.", channels=("phi",), x_unit="k"),
            Stream(
                "band",
                "curve",
                "",
                "Mean and two standard deviations of the rewired networks.",
                channels=("rewired", "rewired − 2 sd", "rewired + 2 sd"),
                x_unit="k",
            ),
            Stream("normalised", "curve", "", "phi over the mean of the rewired networks.", channels=("phi / random",), x_unit="k"),
            Stream("figures", "table", "", "All figures beside those of the rewired networks."),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        club = (
            Layer("rich_club", label="phi", series=(0,)),
            Layer("band", channel=0, theory=True, label="rewired", series=(1,)),
            Layer("band", channel=1, style="dotted", label="− 2 sd", series=(1,)),
            Layer("band", channel=2, style="dotted", label="+ 2 sd", series=(1,)),
        )
        return (
            Picture("graph", "Network", (Layer("graph"),), front=True, weight=1.4, equal=True),
            Picture("rich_club", "Rich club", club, x="degree k", y="phi(k)", figures=("rewired",), front=True),
            Picture("figures", "Network, rewired, in layers", (Layer("figures"),), weight=1.3),
            Picture("layered", "The same in layers", (Layer("layered"),), equal=True),
            Picture("near", "Two scales: near by", (Layer("near"),), equal=True, figures=("near by (%)",), doc="Edges within regions or communities: the local wiring."),
            Picture("far", "Two scales: through the white matter", (Layer("far"),), equal=True, figures=("tracts", "wire in the white matter (%)"), doc="One node for each region, one line for each pair that fibres join: the thicker the more."),
            Picture("adjacency", "Adjacency by community", (Layer("adjacency"),), levels=(0, 1), colours="grey"),
            Picture("degrees", "Degrees", (Layer("degrees", style="bars"),), x="degree", y="nodes"),
            Picture("normalised", "Rich club, normalised", (Layer("normalised"),), x="degree k", y="phi / phi random"),
        )  # fmt: skip

    @property
    def stage(self) -> Stage:
        """The network large; beside it the rich club and its twin in layers, or both scales of a network that has them."""
        beside = ("near", "far") if self.network == "two scales" else ("layered",)
        return Stage("graph", companions=("rich_club", *beside))

    def memory(self) -> int:
        return 40 * self.nodes * self.nodes

    def generate(self, seed: int):
        """The undirected networkx graph."""
        import networkx as nx

        n, k = self.nodes, min(self.degree, self.nodes - 1)
        if self.network == "file":
            found = read_network(self.file)
        elif self.network == "canvas":
            found = self._from_canvas(seed)
        elif self.network == "small world":
            found = nx.watts_strogatz_graph(n, max(2, k - k % 2), self.rewiring, seed=seed)
        elif self.network == "scale free":
            found = nx.barabasi_albert_graph(n, max(1, k // 2), seed=seed)
        elif self.network == "random":
            found = nx.gnm_random_graph(n, n * k // 2, seed=seed)
        elif self.network == "blocks":
            sizes = [len(part) for part in np.array_split(np.arange(n), min(self.blocks, n))]
            size = n / len(sizes)
            p_in = min(1.0, self.inside * k / max(1.0, size - 1))
            p_out = min(1.0, (1 - self.inside) * k / max(1.0, n - size))
            p = [[p_in if a == b else p_out for b in range(len(sizes))] for a in range(len(sizes))]
            found = nx.Graph(nx.stochastic_block_model(sizes, p, seed=seed))
        elif self.network == "two scales":
            found = two_scales(n, k, min(self.blocks, n), self.inside, np.random.default_rng(seed))
        else:
            parts = np.array_split(np.arange(n), min(self.blocks, n))
            found = nx.empty_graph(n)
            found.add_edges_from((int(a), int(b)) for one, other in itertools.pairwise(parts) for a in one for b in other)
        if not 2 <= found.number_of_nodes() <= MOST_NODES:
            raise ModelError(f"The network has {found.number_of_nodes()} nodes; from 2 to {MOST_NODES} can be analysed here.")
        if not 1 <= found.number_of_edges() <= MOST_EDGES:
            raise ModelError(
                f"The network has {printed(found.number_of_edges())} edges; from 1 to {printed(MOST_EDGES)} can be analysed here."
            )
        return found

    def _from_canvas(self, seed: int):
        """Neurons and synapses of the document, as an undirected graph."""
        import networkx as nx

        try:
            document = Graph.from_json(self.graph)
            names, pairs = connections(document, self.nodes if document.family == "populations" else MOST_NODES, seed)
        except LabError as error:
            raise self.refuse("graph", str(error).rstrip(".")) from None
        found = nx.Graph()
        found.add_nodes_from(names)
        found.add_edges_from((names[a], names[b]) for a, b in pairs.tolist() if a != b)
        return found

    def account(self, constants):
        """The file of the network."""
        return constants["said"]

    def build(self, seed):
        """Everything that is known of the network itself."""
        import networkx as nx

        found = self.generate(seed)
        names = list(found.nodes())
        number = {name: i for i, name in enumerate(names)}
        edges = np.array([(number[a], number[b]) for a, b in found.edges()], np.int64)
        adjacency = np.zeros((len(names), len(names)), np.bool_)
        adjacency[edges[:, 0], edges[:, 1]] = adjacency[edges[:, 1], edges[:, 0]] = True
        degree = adjacency.sum(1)
        local = np.empty(len(names))
        clustering(adjacency, local)
        path, pairs = path_length(adjacency)
        communities = nx.community.louvain_communities(found, seed=seed)
        community = np.zeros(len(names), np.int64)
        for c, members in enumerate(sorted(communities, key=len, reverse=True)):
            for name in members:
                community[number[name]] = c
        known = found.graph.get("place")
        place = self._places(community, degree) if known is None else known
        region = community if known is None else np.array([found.nodes[name]["region"] for name in names])
        phi = np.empty(max(1, int(degree.max())))
        rich_club(edges, degree, phi)
        twin, layers = layered_twin(len(names), len(edges), np.random.default_rng(seed))
        return {
            "said": found.graph.get("said", ""),
            "names": tuple(str(n) for n in names), "edges": edges, "adjacency": adjacency, "degree": degree, "clustering": float(local.mean()),
            "path": path, "pairs": pairs, "community": community, "modularity": nx.community.modularity(found, communities), "phi": phi,
            "place": place, "scales": _scales(edges, region, place), "twin": twin, "layers": layers, "twin figures": self._twin_figures(twin, layers, len(names)),
        }  # fmt: skip

    @staticmethod
    def _twin_figures(twin: np.ndarray, layers: int, n: int) -> dict[str, float]:
        adjacency, local = np.zeros((n, n), np.bool_), np.empty(n)
        adjacency[twin[:, 0], twin[:, 1]] = adjacency[twin[:, 1], twin[:, 0]] = True
        clustering(adjacency, local)
        return {"clustering": float(local.mean()), "mean path": path_length(adjacency)[0], "degree": float(adjacency.sum(1).mean())}

    def _places(self, community: np.ndarray, degree: np.ndarray) -> np.ndarray:
        """(n, 2): communities around a circle, the nodes of each around its centre, hubs in the middle; layers side by side."""
        groups = int(community.max()) + 1
        out = np.empty((len(community), 2))
        if self.network == "layered":
            for layer, part in enumerate(np.array_split(np.arange(len(community)), min(self.blocks, len(community)))):
                out[part] = np.column_stack([np.full(len(part), layer), np.linspace(-1, 1, len(part)) if len(part) > 1 else [0.0]])
            return out
        for c in range(groups):
            members = np.flatnonzero(community == c)
            members = members[np.argsort(-degree[members], kind="stable")]
            size = math.sqrt(len(members) / len(community))
            turn = 2 * math.pi * c / groups
            radius = size * np.sqrt((np.arange(len(members)) + 0.5) / len(members))
            angle = np.arange(len(members)) * math.pi * (3 - math.sqrt(5))  # sunflower: even cover of a disc
            out[members, 0] = (1.2 if groups > 1 else 0) * math.cos(turn) + radius * np.cos(angle)
            out[members, 1] = (1.2 if groups > 1 else 0) * math.sin(turn) + radius * np.sin(angle)
        return out

    def labels(self, constants, stream):
        return constants["names"] if stream == "graph" else ()

    def start(self, constants, seed):
        top = len(constants["phi"])
        return {"sums": np.zeros((2, top)), "means": np.zeros(2), "done": np.zeros(1, np.int64), "rng": seed_state(seed)}

    def state_bounds(self, constants, state, step):
        return {"done": COUNT}

    def advance(self, constants, state, n, out):
        rows = out["compared"]
        adjacency, phi = np.empty_like(constants["adjacency"]), np.empty(len(constants["phi"]))
        local = np.empty(len(adjacency))
        for k in range(n):
            # Every rewired network starts from the original, so that a step does not depend on how many came before.
            adjacency[:], edges = constants["adjacency"], constants["edges"].copy()
            rewire(adjacency, edges, state["rng"], SWAPS * len(edges))
            rich_club(edges, constants["degree"], phi)
            known = np.nan_to_num(phi)
            state["sums"][0] += known
            state["sums"][1] += known**2
            clustering(adjacency, local)
            here = (local.mean(), path_length(adjacency)[0])
            state["means"] += here
            state["done"][0] += 1
            if len(rows):
                rows[k] = here
        return n

    def band(self, constants, state):
        """(mean, standard deviation) of phi over the rewired networks, NaN where phi is not defined."""
        done = max(1, int(state["done"][0]))
        mean = state["sums"][0] / done
        deviation = np.sqrt(np.maximum(0.0, state["sums"][1] / done - mean**2))
        hole = np.isnan(constants["phi"])
        return np.where(hole, np.nan, mean), np.where(hole, np.nan, deviation)

    def observe(self, constants, state, stream):
        phi, degree = constants["phi"], constants["degree"]
        k = np.arange(len(phi)).astype(float)
        if stream == "graph":
            edges = constants["edges"]
            shown = edges if len(edges) <= 4000 else edges[:: -(-len(edges) // 4000)]
            nodes = np.column_stack([constants["place"], degree / degree.max()])
            return {"nodes": nodes, "edges": np.column_stack([shown, np.ones(len(shown))]).astype(float)}
        if stream == "layered":
            twin, n = constants["twin"], len(degree)
            shown = twin if len(twin) <= 4000 else twin[:: -(-len(twin) // 4000)]
            count = np.bincount(twin.ravel(), minlength=n)
            parts = np.array_split(np.arange(n), constants["layers"])
            place = np.concatenate(
                [
                    np.column_stack([np.full(len(p), 2.0 * k / constants["layers"]), np.linspace(-1, 1, len(p)) if len(p) > 1 else [0.0]])
                    for k, p in enumerate(parts)
                ]
            )
            nodes = np.column_stack([place, count / max(1, count.max())])
            return {"nodes": nodes, "edges": np.column_stack([shown, np.ones(len(shown))]).astype(float)}
        if stream == "near":
            local = constants["scales"]["local"]
            shown = local if len(local) <= 4000 else local[:: -(-len(local) // 4000)]
            return {
                "nodes": np.column_stack([constants["place"], degree / degree.max()]),
                "edges": np.column_stack([shown, np.ones(len(shown))]),
            }
        if stream == "far":
            return {"nodes": constants["scales"]["regions"], "edges": constants["scales"]["tracts"]}
        if stream == "adjacency":
            order = np.lexsort((-degree, constants["community"]))
            return constants["adjacency"][np.ix_(order, order)].astype(float)
        if stream == "degrees":
            return np.bincount(degree).astype(float)
        if stream == "rich_club":
            return np.array([k, phi])
        mean, deviation = self.band(constants, state)
        if stream == "band":
            if not state["done"][0]:
                mean = np.full(len(k), np.nan)
            return np.array([k, mean, np.maximum(0.0, mean - 2 * deviation), mean + 2 * deviation])
        if stream == "normalised":
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.array([k, np.where((mean > 0) & (state["done"][0] > 0), phi / mean, np.nan)])
        if stream == "figures":
            return self._table(constants, state)
        return super().observe(constants, state, stream)

    def _table(self, constants, state):
        done = int(state["done"][0])
        means = state["means"] / max(1, done)
        n = len(constants["degree"])
        m, twin = len(constants["edges"]), constants["twin figures"]
        sigma = self._sigma(constants, state)
        beside = twin["clustering"] / means[0] / (twin["mean path"] / means[1]) if done and means.all() and twin["mean path"] else None
        rows = [
            ("nodes", n, n, n),
            ("edges", m, m, len(constants["twin"])),
            ("density", 2 * m / (n * (n - 1)), 2 * m / (n * (n - 1)), 2 * len(constants["twin"]) / (n * (n - 1))),
            ("mean degree", float(constants["degree"].mean()), float(constants["degree"].mean()), twin["degree"]),
            ("clustering", constants["clustering"], float(means[0]) if done else None, twin["clustering"]),
            ("mean path", constants["path"], float(means[1]) if done else None, twin["mean path"]),
            ("modularity", constants["modularity"], None, None),
            ("small world", sigma, 1.0 if done else None, beside),
        ]
        short = lambda value: float(f"{value:.3g}") if isinstance(value, float) else value  # noqa: E731
        return [{"figure": a, "network": short(b), "rewired": short(c), "layered": short(d)} for a, b, c, d in rows]

    def _sigma(self, constants, state):
        done = int(state["done"][0])
        if not done or not state["means"].all() or not constants["path"]:
            return None
        c, path = state["means"] / done
        return float((constants["clustering"] / c) / (constants["path"] / path))

    def summary(self, constants, state):
        out = {
            "clustering": constants["clustering"],
            "mean path": float(constants["path"]),
            "nodes": len(constants["degree"]),
            "edges": len(constants["edges"]),
            "modularity": float(constants["modularity"]),
            "rewired": int(state["done"][0]),
            "near by (%)": constants["scales"]["near"],
            "tracts": len(constants["scales"]["tracts"]),
            "wire in the white matter (%)": constants["scales"]["wire"],
        }
        sigma = self._sigma(constants, state)
        return out | ({"small-world index": sigma} if sigma is not None else {})

    @classmethod
    def figures(cls):
        import networkx as nx

        def made(**parameters):
            model = cls(**parameters)
            return model, model.generate(3), model.build(3)

        def against(which):
            def measure(run):
                worst = 0.0
                for network in ("small world", "scale free", "blocks", "random"):
                    _, graph, found = made(network=network, nodes=120)
                    if which == "clustering":
                        worst = max(worst, abs(found["clustering"] - nx.average_clustering(graph)))
                    elif which == "path":
                        lengths = [d for _, row in nx.all_pairs_shortest_path_length(graph) for d in row.values() if d]
                        worst = max(worst, abs(found["path"] - float(np.mean(lengths))))
                    else:
                        expected = nx.rich_club_coefficient(graph, normalized=False)
                        worst = max(worst, max(abs(found["phi"][k] - v) for k, v in expected.items() if k < len(found["phi"])))
                return float(worst)

            return measure

        def kept(run):
            _, _, found = made(network="scale free", nodes=150)
            adjacency, edges = found["adjacency"].copy(), found["edges"].copy()
            swaps = rewire(adjacency, edges, seed_state(1), SWAPS * len(edges))
            same = (adjacency.sum(1) == found["degree"]).all() and (adjacency == adjacency.T).all() and not adjacency.diagonal().any()
            return float(same and swaps > len(edges) and (adjacency != found["adjacency"]).any())

        def scales(run):
            """Edges of three networks that the two scales lose or count twice."""
            lost = 0
            for network in ("two scales", "blocks", "small world"):
                _, _, found = made(network=network, nodes=120)
                parts = found["scales"]
                lost += abs(len(parts["local"]) + int(parts["fibres"].sum()) - len(found["edges"]))
            return float(lost)

        yield Figure("edges near by and in tracts against all edges", 0.0, scales, source="each edge lies in one region or joins two")
        yield Figure(
            "small-world index of the made-up brain of two scales", 2.0,
            lambda run: run(cls(network="two scales", nodes=240, blocks=12, inside=0.85), steps=5, seed=1, record={}).summary["small-world index"],
            bound="at_least", source="dense near by, sparse far away",
        )  # fmt: skip
        yield Figure("clustering against networkx, worst", 1e-12, against("clustering"), bound="at_most", source="networkx")
        yield Figure("mean path against networkx, worst", 1e-12, against("path"), bound="at_most", source="networkx")
        yield Figure("rich club against networkx, worst", 1e-12, against("rich club"), bound="at_most", source="networkx")
        yield Figure("rewiring keeps every degree", 1.0, kept, source="double edge swap")
        yield Figure(
            "small-world index of a small world",
            2.0,
            lambda run: run(cls(), steps=5, seed=1, record={}).summary["small-world index"],
            bound="at_least",
            source="Watts and Strogatz (1998)",
        )
        yield Figure(
            "small-world index of a random network",
            1.0,
            lambda run: run(cls(network="random"), steps=10, seed=1, record={}).summary["small-world index"],
            tolerance=0.15,
            source="nothing to find",
        )


def _scales(edges: np.ndarray, region: np.ndarray, place: np.ndarray) -> dict:
    """The network at two scales: edges within regions, and fibres between each pair of them, of which `tracts` holds how strong they are drawn."""
    within = region[edges[:, 0]] == region[edges[:, 1]]
    length = np.hypot(*(place[edges[:, 0]] - place[edges[:, 1]]).T)
    count = int(region.max()) + 1
    far = np.sort(region[edges[~within]], axis=1)
    pairs, fibres = np.unique(far, axis=0, return_counts=True) if len(far) else (np.empty((0, 2), np.int64), np.empty(0, np.int64))
    reached = np.bincount(pairs.ravel(), np.repeat(fibres, 2), minlength=count) if len(pairs) else np.zeros(count)
    centre = (
        np.column_stack([np.bincount(region, place[:, k], minlength=count) for k in (0, 1)])
        / np.maximum(1, np.bincount(region, minlength=count))[:, None]
    )
    return {
        "local": edges[within],
        "regions": np.column_stack([centre, reached / max(1.0, reached.max())]),
        "tracts": np.column_stack([pairs, fibres / max(1, fibres.max(initial=0))]).astype(float),
        "fibres": fibres,
        "near": 100.0 * float(within.mean()),
        "wire": 100.0 * float(length[~within].sum() / max(length.sum(), 1e-12)),
    }
