"""Speed of the embedding explorer beside gensim, openTSNE and umap-learn, in one run, one thread each, taking turns.

    python benchmarks/embedding.py [--rounds 3] [--only word2vec umap tsne draw neighbours all-neighbours window]

The peers run in their own interpreter, that of the peer `maps` (see peer.py), which has gensim, openTSNE and umap-learn. Wall time and processor time are printed; on a busy machine look at the latter. Each side is
warmed up first (compilation does not count), reading and counting of the text are left out, and the score of what was
learnt or drawn is printed too: speed that costs quality is none.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from peer import ONE_THREAD, peer, row, surroundings

ROOT = Path(__file__).resolve().parent.parent
PEER = str(peer("maps") or ".peers/maps/bin/python")
os.environ.update(ONE_THREAD)
sys.path.insert(0, str(ROOT))

PEER_PROGRAM = r"""
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
folder = sys.argv[1]
warm = set()
for line in sys.stdin:
    job = json.loads(line)
    kind = job["kind"]
    if kind in ("skip-gram", "CBOW"):
        from gensim.models import Word2Vec
        text = [l.split() for l in open(f"{folder}/{job['text']}.txt", encoding="utf-8")]
        model = Word2Vec(vector_size=job["size"], sg=int(kind == "skip-gram"), negative=5, window=5, min_count=1, workers=1, alpha=job["rate"],
                         min_alpha=1e-4, sample=1e-3, seed=job["seed"])
        model.build_vocab(text)
        a, b = time.perf_counter(), time.process_time()
        model.train(text, total_examples=len(text), epochs=job["epochs"])
        took = time.perf_counter() - a, time.process_time() - b
        np.save(f"{folder}/out.npy", model.wv[job["words"]] if job["words"] else model.wv.vectors[:1])
    else:
        x = np.load(f"{folder}/{job['data']}.npy")
        def fit():
            if kind == "umap":
                import umap
                return umap.UMAP(random_state=job["seed"], n_jobs=1).fit_transform(x)
            import openTSNE
            return np.asarray(openTSNE.TSNE(negative_gradient_method=kind, n_jobs=1, random_state=job["seed"]).fit(x))
        if kind == "umap" and kind not in warm:
            fit()
            warm.add(kind)
        a, b = time.perf_counter(), time.process_time()
        y = fit()
        took = time.perf_counter() - a, time.process_time() - b
        np.save(f"{folder}/out.npy", y)
    print(json.dumps(took), flush=True)
"""


class Peer:
    """The other programs' interpreter, asked for one job at a time."""

    def __init__(self, folder: str):
        self.folder = folder
        self.process = subprocess.Popen(
            [PEER, "-c", PEER_PROGRAM, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=surroundings(),
        )

    def ask(self, **job):
        """Wall and processor seconds of a job, and its result."""
        import numpy as np

        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{PEER} stopped at {job['kind']}: is gensim, openTSNE or umap-learn missing there?")
        return json.loads(answer), np.load(f"{self.folder}/out.npy")


def timed(work):
    """Wall and processor seconds of a call, and its result."""
    a, b = time.perf_counter(), time.process_time()
    out = work()
    return (time.perf_counter() - a, time.process_time() - b), out


def compare(title: str, ours, theirs, rounds: int, unit: float, name: str, score, wanted: float) -> None:
    """Take turns and print medians: `unit` work per second (or seconds where it is 0), the ratio, and both scores."""
    ours(0)
    rows = [(ours(s), theirs(s)) for s in range(rounds)]
    for which, clock in enumerate(("wall", "processor")):
        us, them = (median(r[side][0][which] for r in rows) for side in (0, 1))
        shown = (f"{unit / us:12,.0f} /s", f"{unit / them:12,.0f} /s") if unit else (f"{us:10.3f} s", f"{them:10.3f} s")
        print(f"{title:34s} {clock:9s}  lab {shown[0]}  {name} {shown[1]}  ratio {them / us:5.2f} (wanted {wanted})", flush=True)
        if which:
            row(title, "s", us, f"{wanted}", **{name: them})
    scores = [median(score(r[side][1]) for r in rows) for side in (0, 1)]
    print(f"{'':34s} score      lab {scores[0]:.4f}  {name} {scores[1]:.4f}", flush=True)


def word2vec(peer: Peer, rounds: int) -> None:
    """Words per second at 100 dimensions on the grammar's text, and on the documentation of Python."""
    import numpy as np

    from lab.embedding.corpus import grammar_corpus, library_sentences, make_corpus
    from lab.embedding.questions import answers, question_rows
    from lab.embedding.vectors import unit_rows
    from lab.embedding.word2vec import train

    grammar, library = grammar_corpus(), make_corpus(library_sentences(), minimum=5)
    rows = question_rows({w: i for i, w in enumerate(grammar.words)}, [q for qs in grammar.questions.values() for q in qs])
    for title, corpus, rate, epochs in (("grammar", grammar, 0.05, 20), ("library", library, 0.025, 3)):
        Path(peer.folder, f"{title}.txt").write_text("".join(" ".join(corpus.text(i)) + "\n" for i in range(corpus.sentences)), "utf-8")
        for kind, wanted in (("skip-gram", 1.3), ("CBOW", 1.1)):

            def ours(seed, corpus=corpus, kind=kind, rate=rate, epochs=epochs):
                return timed(lambda: train(corpus, skip_gram=kind == "skip-gram", size=100, epochs=epochs, seed=seed, rate=rate))

            def theirs(seed, corpus=corpus, kind=kind, rate=rate, epochs=epochs, title=title):
                words = list(corpus.words) if title == "grammar" else []
                return peer.ask(kind=kind, text=title, size=100, rate=rate, epochs=epochs, seed=seed + 1, words=words)

            def score(vectors, title=title):
                return (
                    float((answers(unit_rows(vectors), rows) == rows[:, 3]).mean())
                    if title == "grammar"
                    else float(np.isfinite(vectors).all())
                )

            compare(f"{kind}, d 100, {title}", ours, theirs, rounds, epochs * len(corpus.tokens), "gensim", score, wanted)


def lay_out_tsne(x, iterations: int = 750):
    """t-SNE as the model does it: 250 iterations exaggerated twelvefold, 500 plain."""
    import numpy as np

    from lab.embedding import tsne
    from lab.embedding.pca import principal_components

    p = tsne.affinities(x, 30.0)
    y = principal_components(x)[0]
    y = y * (1e-4 / y[:, 0].std())
    velocity, gains = np.zeros_like(y), np.ones_like(y)
    for k in range(iterations):
        factor = 12.0 if k < tsne.EARLY else 1.0
        tsne.iterate(p, y, velocity, gains, exaggeration=factor, rate=tsne.automatic_rate(len(y), factor), momentum=0.8)
    return y


def lay_out_umap(x, seed: int, epochs: int = 500):
    """UMAP as the model does it, with the published program's defaults."""
    from lab.embedding import umap
    from lab.kernels import seed_state

    graph = umap.fuzzy_graph(x, 15, epochs)
    y = umap.start_layout(umap.spectral_layout(graph, 2, x), seed)
    (a, b), s = umap.curve(1.0, 0.1), seed_state(seed, 5)
    for number in range(epochs):
        umap.epoch(graph.heads, graph.tails, graph.shares, y, s, number, 1 - number / epochs, a, b, 5, 1.0)
    return y


def maps(peer: Peer, rounds: int, only: set[str]) -> None:
    """Seconds for a whole map, and its trustworthiness."""
    import numpy as np
    from sklearn.datasets import load_digits

    from lab.embedding.neighbours import honesty, truth

    digits = load_digits().data.astype(np.float32)
    rng = np.random.default_rng(0)
    many = (2 * rng.normal(size=(20, 50))[rng.integers(20, size=10_000)] + rng.normal(size=(10_000, 50))).astype(np.float32)
    for name, x in (("digits", digits), ("many", many)):
        np.save(f"{peer.folder}/{name}.npy", x)

    def judge(x):
        known = truth(x)
        return lambda y: honesty(y.astype(np.float32), known).trustworthiness

    if "umap" in only:
        compare("UMAP of the digits", lambda s: timed(lambda: lay_out_umap(digits, s)), lambda s: peer.ask(kind="umap", data="digits", seed=s),
                rounds, 0, "umap-learn", judge(digits), 3.0)  # fmt: skip
    if "tsne" in only:
        compare("t-SNE of the digits", lambda s: timed(lambda: lay_out_tsne(digits)), lambda s: peer.ask(kind="bh", data="digits", seed=s),
                rounds, 0, "openTSNE (Barnes-Hut)", judge(digits), 1.0)  # fmt: skip
        compare("t-SNE of 10,000 points", lambda s: timed(lambda: lay_out_tsne(many)), lambda s: peer.ask(kind="fft", data="many", seed=s),
                min(rounds, 1 if rounds < 3 else 2), 0, "openTSNE (FFT)", judge(many), 1.0)  # fmt: skip


def draw(rounds: int) -> None:
    """Milliseconds to draw points into an image of 1200 x 800, in two and three dimensions."""
    import numpy as np

    from lab.embedding import raster

    rng = np.random.default_rng(0)
    for count, wanted in ((100_000, 40), (1_000_000, 400)):
        for dimensions in (2, 3):
            points = rng.normal(size=(count, dimensions)).astype(np.float32)
            colours = rng.integers(0, 255, (count, 3)).astype(np.uint8)
            view = raster.fit_view(points, 1200, 800)
            for density in (False, True):
                raster.rasterise(points[:10], view, colours[:10], density=density)
                took = [
                    timed(lambda d=density, p=points, c=colours, v=view: raster.rasterise(p, v, c, density=d))[0] for _ in range(3 * rounds)
                ]
                wall, cpu = (1e3 * median(t[i] for t in took) for i in (0, 1))
                print(
                    f"draw {count:9,} points in {dimensions}-D, {'density' if density else 'dots   '}  wall {wall:7.1f} ms  processor {cpu:7.1f} ms (wanted below {wanted})"
                )


class Moving:
    """A map as a run shows it, in another place at each look."""

    def __init__(self, count: int, dimensions: int):
        import numpy as np

        from lab import catalog

        rng = np.random.default_rng(0)
        self.model = catalog.load("embedding-map")(dimensions=dimensions)
        self.version = self.step = 1
        self.summary: dict = {}
        classes = rng.integers(0, 10, (count, 1))
        self.map = np.concatenate([rng.normal(size=(count, dimensions)), classes, np.ones((count, 1))], 1).astype(np.float32)
        self.vectors = rng.normal(size=(count, 16)).astype(np.float32)
        self.names = [{"name": f"word{k}", "class": str(int(c))} for k, c in enumerate(classes[:, 0])]

    def move(self) -> None:
        """The next frame."""
        self.map = self.map.copy()
        self.map[:, :2] *= 1.001
        self.version += 1

    def snapshot(self, stream: str):
        """What a stream shows now."""
        return {"map": self.map, "vectors": self.vectors, "names": self.names}.get(stream)

    last = snapshot


def window(rounds: int) -> None:
    """Milliseconds from a new frame of a run to the painted explorer, and of a drag: names, colours and everything else included."""
    import os

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from lab.widgets import theme
    from lab.widgets.application import offscreen_application as application
    from lab.widgets.pictures import make

    app = application()
    theme.apply(app, "dark")
    for count, wanted in ((100_000, 40), (1_000_000, 400)):
        for dimensions in (2, 3):
            source = Moving(count, dimensions)
            view = make(source.model.pictures[0], source.model)
            view.resize(1150, 640)
            view.show()
            view._judged_at = 1e18  # the look at how true it is happens in another thread
            view.refresh(source, force=True)
            app.processEvents()

            def frame(view=view, source=source):
                view.refresh(source)
                view.canvas.repaint()

            def drag(view=view):
                looked = view.canvas.view
                view.canvas.look(looked.turned(0.01, 0.01) if len(looked.centre) > 2 else looked.zoomed(1.01, 300, 300))
                view.canvas.repaint()

            took: dict[str, list] = {"frame": [], "drag": []}
            for _ in range(3 * rounds):
                source.move()
                took["frame"].append(timed(frame)[0])
                took["drag"].append(timed(drag)[0])
            for what, times in took.items():
                wall, cpu = (1e3 * median(t[i] for t in times) for i in (0, 1))
                print(
                    f"window {count:9,} points in {dimensions}-D, {what:5}  wall {wall:7.1f} ms  processor {cpu:7.1f} ms (wanted below {wanted})"
                )
            view.close()
            view.deleteLater()
            app.processEvents()


def neighbours(rounds: int) -> None:
    """Milliseconds for the neighbours of one word among 100,000 x 100."""
    import numpy as np

    from lab.embedding.questions import neighbours as ask
    from lab.embedding.vectors import Vectors

    space = Vectors(tuple(map(str, range(100_000))), np.random.default_rng(0).normal(size=(100_000, 100)).astype(np.float32))
    ask(space, "1")
    took = [timed(lambda i=i: ask(space, str(i)))[0] for i in range(10 * rounds)]
    print(
        f"neighbours among 100,000 x 100  wall {1e3 * median(t[0] for t in took):.2f} ms  processor {1e3 * median(t[1] for t in took):.2f} ms (wanted below 10)"
    )


def all_neighbours() -> None:
    """Seconds for the 14 nearest neighbours of each of 100,000 points in 50 dimensions, every pair compared."""
    import numpy as np

    from lab.embedding.neighbours import nearest_neighbours

    rng = np.random.default_rng(0)
    x = (2 * rng.normal(size=(20, 50))[rng.integers(20, size=100_000)] + rng.normal(size=(100_000, 50))).astype(np.float32)
    nearest_neighbours(x[:300], 14)
    (wall, cpu), _ = timed(lambda: nearest_neighbours(x, 14))
    print(f"all neighbours of 100,000 x 50  wall {wall:.1f} s  processor {cpu:.1f} s (wanted below 10)")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = ("neighbours", "all-neighbours", "draw", "window", "word2vec", "umap", "tsne")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=every, default=every)
    chosen = parser.parse_args()
    only = set(chosen.only)
    if "neighbours" in only:
        neighbours(chosen.rounds)
    if "all-neighbours" in only:
        all_neighbours()
    if "draw" in only:
        draw(chosen.rounds)
    if "window" in only:
        window(chosen.rounds)
    if not only & {"word2vec", "umap", "tsne"}:
        return
    if not Path(PEER).exists():
        raise SystemExit(f"There is no interpreter {PEER}: make one with gensim, openTSNE and umap-learn.")
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(folder)
        if "word2vec" in only:
            word2vec(peer, chosen.rounds)
        if only & {"umap", "tsne"}:
            maps(peer, chosen.rounds, only)
        assert peer.process.stdin
        peer.process.stdin.close()
        peer.process.wait(60)


if __name__ == "__main__":
    main()
