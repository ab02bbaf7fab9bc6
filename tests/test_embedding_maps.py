"""Maps, their honesty, questions and drawing: against closed forms, brute force and the reference libraries."""

from __future__ import annotations

import numpy as np
import pytest

from lab.embedding import neighbours, raster, tsne, umap
from lab.embedding import questions as ask
from lab.embedding.barnes_hut import repel_tree
from lab.embedding.neighbours import honesty, in_words, nearest_neighbours, truth
from lab.embedding.pca import align, principal_components
from lab.embedding.vectors import Vectors
from lab.engine.simulation import Simulation
from lab.errors import FileError, LabError, ParameterError
from lab.kernels import seed_state
from lab.models.embeddings.embedding_map import AXES, PCA, UMAP, EmbeddingMap


def clusters(n: int = 300, d: int = 8, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (4 * rng.normal(size=(5, d))[rng.integers(5, size=n)] + rng.normal(size=(n, d))).astype(np.float32)


def squares(x: np.ndarray) -> np.ndarray:
    x = x.astype(float)
    return ((x[:, None] - x[None]) ** 2).sum(-1)


# -- neighbours and honesty --


def test_neighbours_equal_brute_force():
    x = clusters()
    d = squares(x)
    np.fill_diagonal(d, np.inf)
    for k in (12, 200):
        near, distance = nearest_neighbours(x, k)
        # By distance, not by number: rounding may exchange two that are equally far.
        np.testing.assert_allclose(np.take_along_axis(d, near.astype(int), 1), np.sort(d, 1)[:, :k], rtol=1e-5)
        np.testing.assert_allclose(distance**2, np.sort(d, 1)[:, :k], rtol=1e-5)
        assert all(len(set(row)) == k for row in near.tolist())
    with pytest.raises(LabError, match="must be from 1 to 299"):
        nearest_neighbours(x, 300)


def test_strips_and_threads_change_no_neighbour(monkeypatch):
    x = np.concatenate([clusters(), clusters()[:100]])  # some coincide: who is nearer then goes by number
    one = nearest_neighbours(x, 12)
    monkeypatch.setattr(neighbours, "HIGH", 32)
    monkeypatch.setattr(neighbours, "WIDE", 48)
    for cores in (1, 3):
        monkeypatch.setattr(neighbours, "CORES", cores)
        for mine, theirs in zip(one, nearest_neighbours(x, 12), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_distances_beyond_single_precision_still_have_neighbours():
    near, distance = nearest_neighbours(np.linspace(-1e25, 1e25, 40)[:, None] * np.ones(3), 4)
    assert near.min() >= 0 and near.max() < 40 and np.isfinite(distance).all()


def test_points_that_coincide_are_each_others_neighbours_and_never_their_own():
    near, distance = nearest_neighbours(np.zeros((6, 3)), 5)
    assert (near != np.arange(6)[:, None]).all() and not distance.any()


def test_trustworthiness_equals_scikit_learn():
    manifold = pytest.importorskip("sklearn.manifold")
    x = clusters()
    y = np.random.default_rng(1).normal(size=(300, 2)).astype(np.float32)
    for points in (y, principal_components(x)[0].astype(np.float32)):
        assert honesty(points, truth(x), 10).trustworthiness == pytest.approx(
            manifold.trustworthiness(x.astype(float), points.astype(float), n_neighbors=10), abs=1e-9
        )


def test_a_map_that_is_the_space_is_true_everywhere_and_a_probe_says_so_of_itself():
    x = clusters(d=2)
    whole = honesty(x, truth(x), 10)
    assert whole.trustworthiness == 1 and whole.recall == 1 and not whole.falseness.any()
    part = truth(x, most=50)
    assert not part.whole and len(honesty(x, part).falseness) == len(part.probes) == 50


def test_which_of_equal_points_a_map_shows_is_no_error():
    rng = np.random.default_rng(0)
    corners = np.repeat(rng.normal(size=(4, 20)) + 100.0, 50, axis=0)
    on_map = np.repeat(np.array([[0, 0], [0, 9], [9, 0], [9, 9]], np.float32), 50, axis=0)
    on_map += rng.normal(scale=0.01, size=on_map.shape).astype(np.float32)
    judged = honesty(on_map, truth(corners), 10)
    assert judged.recall == 1.0 and judged.trustworthiness == 1.0  # 0.2 by rank alone
    shuffled = honesty(on_map[rng.permutation(200)], truth(corners), 10)
    assert shuffled.recall < 0.5 and shuffled.trustworthiness < 0.8
    equal = truth(np.array([[0.0], [1.0], [1.0], [2.0]])).ranks
    assert equal.tolist() == [[0, 1, 1, 3], [2, 0, 1, 2], [2, 1, 0, 2], [3, 1, 1, 0]]


# -- principal components --


def test_principal_components_equal_the_singular_value_decomposition():
    for x in (clusters(60, 8), clusters(6, 20)):
        scores, directions, share = principal_components(x, 3)
        centred = x.astype(float) - x.mean(0, dtype=float)
        values = np.linalg.svd(centred, compute_uv=False)
        np.testing.assert_allclose(share, (values**2 / (values**2).sum())[:3], rtol=1e-6)
        np.testing.assert_allclose(np.linalg.norm(scores, axis=0), values[:3], rtol=1e-6)
        np.testing.assert_allclose(directions @ directions.T, np.eye(3), atol=1e-6)


def test_alignment_undoes_a_rotation_a_mirror_and_a_shift():
    y = np.random.default_rng(0).normal(size=(40, 2))
    turned = y @ np.array([[0.6, 0.8], [0.8, -0.6]]) + 7
    np.testing.assert_allclose(align(turned, y), y, atol=1e-12)
    np.testing.assert_allclose(align(3 * turned, y, scale=True), y, atol=1e-12)


# -- t-SNE --


def test_affinities_have_the_perplexity_asked_for():
    x = clusters()
    squared = nearest_neighbours(x, 60)[1] ** 2
    weights = tsne.conditional(squared, 20.0)
    np.testing.assert_allclose(np.exp(-(weights * np.log(weights)).sum(1)), 20.0, rtol=1e-6)
    p = tsne.affinities(x, 20.0)
    assert p.values.sum() == pytest.approx(1, abs=1e-5)
    with pytest.raises(LabError, match="perplexity: must be at most"):
        tsne.affinities(x[:8], 30.0)


def dense_cost(p: np.ndarray, y: np.ndarray) -> float:
    w = 1 / (1 + squares(y))
    np.fill_diagonal(w, 0)
    q = w / w.sum()
    on = p > 0
    return float((p[on] * np.log(p[on] / q[on])).sum())


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_gradient_of_tsne_equals_finite_differences_of_its_cost(dimensions):
    x = clusters(40, 5)
    p = tsne.affinities(x, 5.0)
    dense = np.zeros((40, 40))
    for i in range(40):
        for e in range(p.starts[i], p.starts[i + 1]):
            dense[i, p.columns[e]] = p.values[e]
    y = np.random.default_rng(0).normal(size=(40, dimensions))
    assert tsne.divergence(p, y) == pytest.approx(dense_cost(dense, y), abs=1e-5)
    pull, push = np.empty_like(y), np.empty_like(y)
    tsne._attract(p.starts, p.columns, p.values, y, pull)
    z = tsne._repel_exact(y, push)
    gradient = 4 * (pull - push / z)
    for i, c in ((0, 0), (17, 1), (39, dimensions - 1)):
        up, down = y.astype(float), y.astype(float)
        up[i, c] += 1e-4
        down[i, c] -= 1e-4
        assert gradient[i, c] == pytest.approx((dense_cost(dense, up) - dense_cost(dense, down)) / 2e-4, abs=2e-5)


# Where points are few and far apart, single pairs at short distance dominate and quadratic interpolation shows.
@pytest.mark.parametrize("spread, error", [(0.01, 0.01), (3.0, 0.01), (30.0, 0.03)])
def test_repulsion_on_the_grid_equals_the_exact_sums(spread, error):
    y = spread * np.random.default_rng(0).normal(size=(800, 2))
    exact, grid = np.empty_like(y), np.empty_like(y)
    z = tsne._repel_exact(y, exact)
    assert tsne._repel_grid(y, grid) == pytest.approx(z, rel=2e-3)
    size = np.sqrt((exact.astype(float) ** 2).sum(1)).mean()
    assert np.sqrt(((grid - exact).astype(float) ** 2).sum(1)).mean() < error * size


@pytest.mark.parametrize("dimensions", [2, 3])
def test_repulsion_over_the_tree_is_exact_at_theta_0_and_near_at_a_half(dimensions):
    y = 5 * np.random.default_rng(0).normal(size=(700, dimensions))
    y[:3] = y[3]  # points in one place
    exact, tree = np.empty_like(y), np.empty_like(y)
    z = tsne._repel_exact(y, exact)
    assert repel_tree(y, tree, 0.0) == pytest.approx(z, rel=1e-12)
    np.testing.assert_allclose(tree, exact, atol=1e-9 * np.abs(exact).max())
    assert repel_tree(y, tree, 0.5) == pytest.approx(z, rel=0.03)
    assert not np.array_equal(tree, exact)
    assert np.linalg.norm(tree - exact, axis=1).mean() < 0.04 * np.linalg.norm(exact, axis=1).mean()


def test_points_all_in_one_place_do_not_repel_over_the_tree():
    y, force = np.ones((30, 2)), np.empty((30, 2))
    assert repel_tree(y, force, 0.5) == pytest.approx(30 * 29) and not force.any()


def test_the_tree_makes_as_true_a_map_as_all_pairs():
    found = {}
    for way in (tsne.EXACT, tsne.TREE):
        simulation = Simulation(EmbeddingMap(most=400, iterations=500, judge_every=0, repel_by=way), 0)
        simulation.advance(500)
        found[way] = simulation.summary()["trustworthiness"]
    assert min(found.values()) > 0.98 and abs(found[tsne.TREE] - found[tsne.EXACT]) < 0.01, found
    with pytest.raises(ParameterError, match="three dimensions"):
        EmbeddingMap(dimensions=3, repel_by="grid")


# -- UMAP --


def test_memberships_sum_to_the_logarithm_of_the_neighbours():
    distance = nearest_neighbours(clusters(), 14)[1]
    out = umap.memberships(distance, np.log2(15))
    np.testing.assert_allclose(out.sum(1), np.log2(15), atol=1e-4)
    assert (out[:, 0] == 1).all()


def test_the_curve_has_the_published_numbers():
    a, b = umap.curve(1.0, 0.1)
    assert a == pytest.approx(1.577, abs=1e-3) and b == pytest.approx(0.895, abs=1e-3)


def test_one_edge_moves_both_ends_by_the_gradient_of_its_cross_entropy():
    y = np.array([[0, 0], [1.5, 0.5]])
    heads, tails, shares = np.array([0], np.int32), np.array([1], np.int32), np.ones(1, np.float32)
    a, b, before = 1.5, 0.9, y.copy()
    umap.epoch(heads, tails, shares, y, seed_state(0), 0, 0.1, a, b, 0, 1.0)

    def log_weight(at: np.ndarray) -> float:
        return float(-np.log1p(a * ((at - before[1]) ** 2).sum() ** b))

    for c in range(2):
        h = np.zeros(2)
        h[c] = 1e-6
        slope = (log_weight(before[0] + h) - log_weight(before[0] - h)) / 2e-6
        assert y[0, c] - before[0, c] == pytest.approx(0.1 * slope, rel=1e-4)
        assert y[1, c] - before[1, c] == pytest.approx(-0.1 * slope, rel=1e-4)


def test_an_edge_is_drawn_as_often_as_its_share_says():
    heads, tails = np.zeros(3, np.int32), np.array([1, 2, 3], np.int32)
    drawn = np.zeros(3, int)
    shares = np.array([1.0, 0.5, 0.1], np.float32)
    for number in range(100):
        y = np.array([[0, 0], [1, 0], [0, 1], [-1, -1]], float)
        before = y.copy()
        umap.epoch(heads, tails, shares, y, seed_state(0), number, 0.01, 1.5, 0.9, 0, 1.0)
        drawn += (y != before).any(1)[1:]
    assert drawn.tolist() == [100, 50, 10]


# -- the model --


@pytest.mark.parametrize("method", [UMAP, PCA, AXES])
def test_every_method_gives_the_same_bytes_whatever_the_blocks(method):
    model = EmbeddingMap(method=method, space="grammar", metric="cosine", iterations=30)
    one, other = Simulation(model, 1), Simulation(model, 1)
    one.advance(12)
    for _ in range(4):
        other.advance(3)
    assert all(one.state[k].tobytes() == other.state[k].tobytes() for k in one.state)


def test_pca_turns_to_the_true_components():
    simulation = Simulation(EmbeddingMap(method=PCA, iterations=200), 0)
    simulation.advance(200)
    scores = principal_components(simulation.constants.matrix)[0]
    np.testing.assert_allclose(align(simulation.state["points"], scores), scores, atol=0.05)


def test_own_axes_show_the_cosines_with_the_axes():
    simulation = Simulation(EmbeddingMap(method=AXES, space="grammar", axes="she - he; paris - france"), 0)
    simulation.advance(1)
    space = simulation.constants.space
    expected = ask.project(space, ["she - he", "paris - france"], ["queen"])[0]
    np.testing.assert_allclose(simulation.observe("map")[space.index["queen"], :2], expected, atol=1e-6)


def test_a_new_number_of_neighbours_starts_the_map_again_and_a_pinned_point_stays():
    simulation = Simulation(EmbeddingMap(method=UMAP, space="grammar", iterations=50), 0)
    simulation.advance(5)
    assert simulation.state["done"][0] == 5
    simulation.change(neighbours=10)
    assert simulation.state["done"][0] == 0
    simulation.act("pin", index=3)
    before = simulation.state["points"].copy()
    simulation.advance(5)
    moved = (simulation.state["points"] != before).any(1)
    assert not moved[3] and moved.mean() > 0.9


def test_the_map_says_how_many_of_how_many_it_shows():
    simulation = Simulation(EmbeddingMap(method=PCA, most=100), 0)
    assert simulation.summary()["points shown"] == "100 of 1797"


# -- questions --


@pytest.fixture
def space() -> Vectors:
    rng = np.random.default_rng(3)
    return Vectors(tuple(f"w{i}" for i in range(500)), rng.normal(size=(500, 20)).astype(np.float32), title="random")


def test_neighbours_and_analogies_equal_brute_force(space):
    unit = space.matrix / np.linalg.norm(space.matrix, axis=1, keepdims=True)
    cosine = unit @ unit[7]
    cosine[7] = -2
    assert [w for w, _ in ask.neighbours(space, "w7", 5)] == [f"w{i}" for i in np.argsort(-cosine)[:5]]
    towards = unit[2] - unit[1] + unit[3]
    cosine = unit @ towards / np.linalg.norm(towards)
    cosine[[1, 2, 3]] = -2
    found = ask.analogy(space, "w1", "w2", "w3", 4)
    assert [w for w, _ in found] == [f"w{i}" for i in np.argsort(-cosine)[:4]]
    assert found[0][1] == pytest.approx(cosine.max(), abs=1e-6)
    assert [w for w, _ in ask.solve(space, "w2 - w1 + w3", 4)] == [w for w, _ in found]


def test_formulas_are_read_with_weights_and_refused_with_the_place():
    assert ask.parse_formula("king - man + woman") == [(1.0, "king"), (-1.0, "man"), (1.0, "woman")]
    assert ask.parse_formula("2*paris -0.5 * france") == [(2.0, "paris"), (-0.5, "france")]
    assert ask.parse_formula("well-known - don't") == [(1.0, "well-known"), (-1.0, "don't")]
    for bad in ("", "king woman", "king +", "(king)"):
        with pytest.raises(LabError, match="formula"):
            ask.parse_formula(bad)


def test_unknown_words_are_named_with_what_is_near(space):
    with pytest.raises(LabError, match="has no word 'w9999'"):
        ask.neighbours(space, "w9999")


def test_the_trail_ends_at_the_formula(space):
    walk = ask.trail(space, "w1 - w2 + w3")
    assert walk.shape == (4, 20)
    np.testing.assert_allclose(walk[-1], ask.formula_vector(space, "w1 - w2 + w3")[0], atol=1e-6)


def test_the_odd_one_out_is_found_and_axes_that_cancel_are_refused():
    matrix = np.array([[1, 0.1], [1, -0.1], [0.9, 0], [0, 1]], np.float32)
    few = Vectors(("a", "b", "c", "x"), matrix)
    assert ask.odd_one_out(few, ["a", "b", "x", "c"]) == "x"
    with pytest.raises(LabError, match="no direction"):
        ask.axis(few, "a - a")
    assert ask.project(few, ["x - a"], ["x"])[0, 0] > 0.5


def test_question_files_count_what_was_skipped(tmp_path):
    (tmp_path / "q.txt").write_text(": pairs\nA b C d\na b c nosuch\n: other\na b a b\n")
    sections = ask.read_questions(tmp_path / "q.txt")
    space = Vectors(("a", "b", "c", "d"), np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 1, 1]], np.float32))
    scores = ask.ask(space, sections)
    assert (scores[0].right, scores[0].asked, scores[0].skipped) == (1, 1, 1)
    assert ask.total(scores).asked == 2
    (tmp_path / "bad.txt").write_text("a b c\n")
    with pytest.raises(FileError, match="line 1: a question has four words"):
        ask.read_questions(tmp_path / "bad.txt")


def test_spearman_equals_scipy_also_with_ties(tmp_path):
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    a, b = rng.integers(6, size=40), rng.normal(size=40)
    assert ask.spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)
    (tmp_path / "s.csv").write_text("word1,word2,score\na,b,3.5\na,c,1\nb,z,2\n")
    pairs = ask.read_similarities(tmp_path / "s.csv")
    space = Vectors(("a", "b", "c"), np.array([[1, 0], [1, 0.2], [0, 1]], np.float32))
    found = ask.similarities(space, pairs)
    assert (found.spearman, len(found.pairs), found.skipped) == (pytest.approx(1.0), 2, 1)
    assert found.pairs[0][:3] == ("a", "b", 3.5) and found.pairs[0][3] == pytest.approx(1 / np.sqrt(1.04), rel=1e-6)


def test_the_pair_that_people_and_vectors_rank_most_differently_comes_first_and_a_part_of_speech_is_passed_over(tmp_path):
    (tmp_path / "s.tsv").write_text("word1\tword2\tPOS\tscore\ta\nA\tb\tN\t9\t1\na\tc\tN\t8.5\t1\nb\tc\tN\t-1\t1\n")
    space = Vectors(("a", "b", "c"), np.array([[1, 0], [1, 0.2], [0, 1]], np.float32))
    found = ask.similarities(space, ask.read_similarities(tmp_path / "s.tsv"))
    # Cosines: a b 0.98, b c 0.20, a c 0; judged: a b, a c, b c.
    assert [p[:2] for p in found.pairs] == [("a", "c"), ("b", "c"), ("a", "b")]
    assert [round(p[4], 3) for p in found.pairs] == [-0.333, 0.333, 0.0] and found.spearman == pytest.approx(0.5)


def test_a_file_of_questions_is_told_from_one_of_judged_pairs_by_its_first_line(tmp_path):
    for text, analogies in (
        (": family\na b c d\n", True),
        ("# mine\nman woman king queen\n", True),
        ("a,b,3.5\n", False),
        ("word1 word2 score\na b 1\n", False),
        ("a b N 3.5\n", False),
    ):
        (tmp_path / "f.txt").write_text(text)
        assert ask.asks_analogies(tmp_path / "f.txt") is analogies, text
    (tmp_path / "f.txt").write_text("\n\n")
    with pytest.raises(FileError, match="is empty"):
        ask.asks_analogies(tmp_path / "f.txt")


# -- drawing --


def test_a_point_falls_on_the_pixel_where_the_view_puts_it():
    view = raster.View(100, 60, (10.0, 5.0), 2.0)
    image = raster.rasterise(np.array([[10.0, 5.0], [20.0, 15.0]]), view, np.array([[255, 0, 0], [0, 0, 255]]), size=1)
    assert image[30, 50].tolist() == [255, 0, 0, 255] and image[10, 70].tolist() == [0, 0, 255, 255]
    assert (image[..., :3] != 255).any(-1).sum() == 2
    np.testing.assert_allclose(raster.project(np.array([[20.0, 15.0]]), view)[0, :2], [70, 10])


def test_nearer_points_hide_farther_ones_and_are_less_faded():
    view = raster.View(40, 40, (0.0, 0.0, 0.0), 5.0)
    front, back = [0, 0, 2], [0, 0, -2]
    for order in ([front, back], [back, front]):
        colours = np.array([[200, 0, 0] if p is front else [0, 0, 200] for p in order])
        image = raster.rasterise(np.array(order, float), view, colours, size=1)
        assert image[20, 20].tolist() == [200, 0, 0, 255]
    image = raster.rasterise(np.array([[1, 0, 2], [-1, 0, -2]], float), view, np.array([[200, 0, 0]] * 2), size=1)
    assert image[20, 25, 1] == 0 and image[20, 15, 1] > 100


def test_density_shows_the_mean_colour_and_more_where_there_is_more():
    view = raster.View(20, 20, (0.0, 0.0), 1.0)
    points = np.array([[0.5, 0.5]] * 100 + [[5.5, 0.5]], float)
    image = raster.rasterise(points, view, np.array([[0, 0, 0]]), density=True)
    filled = image[..., :3].min(-1)
    assert filled.min() == 0 and sorted(np.unique(filled).tolist()) == [0, 170, 255]


def test_invisible_and_infinite_points_are_not_drawn():
    view = raster.View(20, 20)
    points = np.array([[0, 0], [np.nan, 0], [np.inf, 1], [1e30, 1e30], [3, 3]], float)
    image = raster.rasterise(points, view, np.array([[0, 0, 0]]), size=1, visible=np.array([True, True, True, True, False]))
    assert (image[..., 0] == 0).sum() == 1
    assert (raster.rasterise(np.empty((0, 2)), view, np.array([[0, 0, 0]])) == 255).all()


def test_the_fitted_view_holds_every_point_in_two_and_three_dimensions():
    rng = np.random.default_rng(0)
    for dimensions in (2, 3):
        points = 50 + 9 * rng.normal(size=(500, dimensions))
        for yaw in (0.0, 1.0, 2.5):
            pixels = raster.project(points, raster.fit_view(points, 300, 200).turned(yaw, 0.3))
            assert (pixels[:, 0] >= 0).all() and (pixels[:, 0] < 300).all() and (pixels[:, 1] >= 0).all() and (pixels[:, 1] < 200).all()


def test_a_pixel_zoomed_about_stays_where_it_is():
    view = raster.View(300, 200, (1.0, 2.0), 10.0)
    point = np.array([[3.0, 4.0]])
    x, y = raster.project(point, view)[0, :2]
    np.testing.assert_allclose(raster.project(point, view.zoomed(3.0, float(x), float(y)))[0, :2], [x, y], atol=1e-3)


def test_picking_finds_the_nearest_point_within_reach_and_the_one_in_front():
    points = np.array([[0, 0], [10, 0]], float)
    view = raster.View(100, 100)
    assert raster.pick(points, view, 58, 50) == 1 and raster.pick(points, view, 51, 51) == 0 and raster.pick(points, view, 90, 90) == -1
    assert raster.pick(points, view, 58, 50, visible=np.array([True, False])) == 0
    assert raster.pick(np.array([[0, 0, 5], [0, 0, -5]], float), raster.View(100, 100, (0.0, 0.0, 0.0)), 50, 50) == 0


def test_the_lasso_takes_what_is_inside_by_the_even_odd_rule():
    view = raster.View(100, 100, (50.0, 50.0), 1.0)
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (400, 2))
    pixels = raster.project(points, view)
    inside = raster.lasso(points, view, np.array([[20, 20], [80, 20], [80, 60], [20, 60]]))
    np.testing.assert_array_equal(inside, (pixels[:, 0] > 20) & (pixels[:, 0] < 80) & (pixels[:, 1] > 20) & (pixels[:, 1] < 60))
    assert not raster.lasso(points, view, np.array([[0, 0], [9, 9]])).any()


def test_labels_do_not_overlap_and_the_first_is_kept():
    rng = np.random.default_rng(0)
    pixels, widths = rng.uniform(0, 300, (200, 2)), rng.uniform(20, 60, 200)
    view = raster.View(300, 300)
    kept, corners = raster.place_labels(pixels, widths, 12, view)
    assert 10 < len(kept) < 200 and kept[0] == 0 and (np.diff(kept) > 0).all()
    for i in range(len(kept)):
        for j in range(i):
            (a, b), (c, d) = corners[i], corners[j]
            assert a >= c + widths[kept[j]] or c >= a + widths[kept[i]] or b >= d + 12 or d >= b + 12
    assert (corners >= 0).all() and (corners[:, 0] + widths[kept] <= 300).all()


@pytest.mark.parametrize("seed, told", [(None, "one in the space"), (0, "from far away")], ids=["the vectors themselves", "shuffled"])
def test_how_true_a_map_is_is_said_in_words(seed, told):
    points = np.random.default_rng(1).normal(size=(200, 2))
    shown = points if seed is None else np.random.default_rng(seed).permutation(points)
    judged = honesty(shown, truth(points), 10)
    assert told in in_words(judged.trustworthiness, judged.recall)


@pytest.mark.parametrize("method", ["UMAP", "t-SNE", "PCA"])
def test_a_dozen_vectors_are_mapped_with_whatever_stands_in_the_form(tmp_path, method):
    """A small file of a person's own: the fifteen neighbours of the default are more than there are points."""
    rng = np.random.default_rng(0)
    path = tmp_path / "words.txt"
    path.write_text("".join(f"word{k} " + " ".join(f"{v:.3f}" for v in rng.normal(k // 3, 0.3, 8)) + "\n" for k in range(12)))
    model = EmbeddingMap(space=str(path), method=method)
    simulation = Simulation(model, 0)
    simulation.advance(20)
    assert np.isfinite(model.observe(simulation.constants, simulation.state, "map")[:, :2]).all()
    said = {"UMAP": "To each point all 11 others are neighbours.", "t-SNE": "too few points for a perplexity of 30: it is 3.67."}
    assert said.get(method, "12 vectors of 8 numbers") in model.account(simulation.constants)
