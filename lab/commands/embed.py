"""`lab embed`: questions to a file of vectors or a recorded run, maps of it, and other formats for it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from lab.commands.options import Json, RunId, app, say
from lab.commands.restored import restored
from lab.errors import FileError, LabError, ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from lab.embedding.vectors import Vectors
    from lab.engine.simulation import Result

Format = Literal["word2vec", "word2vec-binary", "glove", "fasttext", "tsv", "csv", "npy", "npz", "safetensors"]
ENDINGS = {
    "word2vec": ".txt", "word2vec-binary": ".bin", "glove": ".txt", "fasttext": ".vec",
    "tsv": ".tsv", "csv": ".csv", "npy": ".npy", "npz": ".npz", "safetensors": ".safetensors",
}  # fmt: skip
VECTORS = "vectors"  # the stream of `lab.embedding.streams`; named here so that help loads no NumPy
METHODS = {"umap": "UMAP", "tsne": "t-SNE", "pca": "PCA"}
PICTURES = (".png", ".svg", ".pdf")
Count = Annotated[int, Parameter(name=["--n", "-n"], help="How many answers.")]
Kind = Annotated[str, Parameter(name="--format", help="Format of FILE where its name and content do not say it.")]
Metadata = Annotated[str | None, Parameter(help="Second file of a projector's, with the names.")]
Word = Annotated[str, Parameter(allow_leading_hyphen=True)]

embed = App(name="embed", help="Ask, map and convert vectors: FILE is a file of vectors, or a session with a run that has vectors.")
app.command(embed)


def open_vectors(file: str, kind: str = "", metadata: str | None = None, run_id: int | None = None) -> Vectors:
    """Vectors of a file in any of the formats, or of a run of a session as its newest checkpoint left it."""
    path = Path(file)
    if path.is_file() and path.suffix == ".lab":
        return session_vectors(file, run_id)
    from lab.embedding.files import load_vectors

    found = load_vectors(path, kind="projector" if kind == "tsv" else kind, metadata=metadata)
    say(found.said)
    return found


def session_vectors(file: str, run_id: int | None = None) -> Vectors:
    """The vectors that a recorded run has reached."""
    from lab.embedding.streams import NAMES, assemble, has_vectors

    simulation = restored(file, run_id, has_vectors, "which has no vectors: name a run of a model that has, such as word2vec")
    return assemble(simulation.observe(VECTORS), simulation.observe(NAMES), Path(file).name)


def write_vectors(vectors: Vectors, to: str, output: str) -> None:
    """Save vectors in a format and say which files were written."""
    from lab.embedding.files import save_vectors

    written = save_vectors(vectors, output, kind="projector" if to == "tsv" else to)
    say(f"wrote {' and '.join(map(str, written))}: {len(vectors)} vectors of {vectors.size} numbers")


def export_vectors(file: str, stream: str, to: str, output: str | None, run_id: int | None) -> None:
    """`lab export FILE vectors --to FORMAT`."""
    if not to and output and stream == VECTORS:  # the ending decides
        write_vectors(session_vectors(file, run_id), "", output)
        return
    if to not in ENDINGS:
        raise ModelError(
            f"--to {to}: a stream is exported as csv or npz; the stream vectors also as {', '.join(k for k in ENDINGS if k not in ('csv', 'npz'))}."
        )
    if stream != VECTORS:
        raise ModelError(f"--to {to}: {stream} is exported as csv or npz; only the stream {VECTORS} is written as {to}.")
    write_vectors(session_vectors(file, run_id), to, output or f"{Path(file).stem}-vectors{ENDINGS[to]}")


def _limit(count: int) -> int:
    if not 1 <= count <= 10_000_000:
        raise LabError(f"--n {count}: must be from 1 to 10000000.")
    return count


def _answers(vectors: Vectors, asked: str, found: Sequence[tuple[str, float]], as_json: bool) -> None:
    if as_json:
        listed = [{"word": w, "cosine": round(c, 6)} for w, c in found]
        print(json.dumps({"question": asked, "answers": listed, "shown": len(found), "words": len(vectors)}, ensure_ascii=False))
        return
    width = max((len(w) for w, _ in found), default=0)
    for word, cosine in found:
        print(f"{word:<{width}}  {cosine:.4f}")
    say(f"{len(found)} of {len(vectors)} words, by cosine; words of the question are left out")


@embed.command
def neighbours(
    file: str, word: str, *, n: Count = 10, json_: Json = False, format_: Kind = "", metadata: Metadata = None, run_id: RunId = None
) -> None:
    """The words most similar to a word."""
    from lab.embedding import questions as ask

    vectors = open_vectors(file, format_, metadata, run_id)
    _answers(vectors, word, ask.neighbours(vectors, word, _limit(n)), json_)


@embed.command
def analogy(
    file: str, *formula: Word, n: Count = 10, json_: Json = False, format_: Kind = "", metadata: Metadata = None, run_id: RunId = None
) -> None:
    """The words nearest to a formula such as king - man + woman; options stand before or behind it."""
    from lab.embedding import questions as ask

    text = " ".join(formula)
    vectors = open_vectors(file, format_, metadata, run_id)
    _answers(vectors, text, ask.solve(vectors, text, _limit(n)), json_)


@embed.command
def questions(
    file: str, questions: str, *, json_: Json = False, format_: Kind = "", metadata: Metadata = None, run_id: RunId = None
) -> None:
    """Answer a file of analogy questions (questions-words format) and print how many were right, by section."""
    from lab.embedding import questions as ask

    asked = ask.read_questions(questions)
    vectors = open_vectors(file, format_, metadata, run_id)
    scores = ask.ask(vectors, asked)
    whole = ask.total(scores)

    def share(score: ask.Score) -> float | None:
        return None if math.isnan(score.share) else round(100 * score.share, 2)

    if json_:
        rows = [
            {"section": s.section, "right": s.right, "asked": s.asked, "skipped": s.skipped, "right (%)": share(s)}
            for s in (*scores, whole)
        ]
        print(json.dumps({"sections": rows[:-1], "all": rows[-1]}, ensure_ascii=False))
        return
    width = max(len(s.section) for s in (*scores, whole))
    for score in (*scores, whole):
        percent = "none asked" if share(score) is None else f"{share(score):6.2f} %"
        skipped = f", {score.skipped} skipped for unknown words" if score.skipped else ""
        print(f"{score.section:<{width}}  {percent}  {score.right} of {score.asked}{skipped}")


@embed.command
def odd(file: str, *words: Word, json_: Json = False, format_: Kind = "", metadata: Metadata = None, run_id: RunId = None) -> None:
    """The word that fits the others least, of three or more."""
    from lab.embedding import exploration as explore

    vectors = open_vectors(file, format_, metadata, run_id)
    found = explore.odd_one_out(vectors, list(words))
    listed = [(vectors.words[row], cosine) for row, cosine in found.found]
    if json_:
        print(
            json.dumps(
                {"odd": listed[-1][0], "words": [{"word": w, "cosine with the mean": round(c, 6)} for w, c in listed]}, ensure_ascii=False
            )
        )
        return
    width = max(len(w) for w, _ in listed)
    for k, (word, cosine) in enumerate(listed):
        print(f"{word:<{width}}  {cosine:.4f}{'  odd one out' if k == len(listed) - 1 else ''}")
    say("cosine with the mean of the words")


@embed.command
def axes(
    file: str,
    axis: Word,
    second: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    *,
    words: Annotated[str, Parameter(help="Words to project, divided by spaces; none: those at both ends.")] = "",
    n: Count = 10,
    json_: Json = False,
    format_: Kind = "",
    metadata: Metadata = None,
    run_id: RunId = None,
) -> None:
    """Project words on one concept axis, such as she - he, or on two; without words, the n at each end of the first."""
    import numpy as np

    from lab.embedding import questions as ask

    vectors = open_vectors(file, format_, metadata, run_id)
    formulas = [axis, *([second] if second else [])]
    chosen = words.replace(",", " ").split()
    places = ask.project(vectors, formulas, chosen or None)
    names = chosen or list(vectors.words)
    order = np.argsort(-places[:, 0], kind="stable").tolist()
    listed = order if chosen or len(order) <= 2 * _limit(n) else [*order[:n], *order[-n:]]
    if json_:
        rows = [{"word": names[k], **{f: round(float(v), 6) for f, v in zip(formulas, places[k], strict=True)}} for k in listed]
        print(json.dumps({"axes": formulas, "projections": rows, "shown": len(rows), "words": len(vectors)}, ensure_ascii=False))
        return
    width = max(len(names[k]) for k in listed)
    for place, k in enumerate(listed):
        if not chosen and len(listed) < len(order) and place == n:
            print("...")
        print(f"{names[k]:<{width}}  {'  '.join(f'{v:+.4f}' for v in places[k])}")
    say(f"{len(listed)} of {len(vectors)} words, cosine with {' and '.join(formulas)}")


@embed.command
def similarity(
    file: str, pairs: str, *, n: Count = 10, json_: Json = False, format_: Kind = "", metadata: Metadata = None, run_id: RunId = None
) -> None:
    """Spearman's correlation of cosines with the judgements of a file of pairs (two words and a number a line)."""
    from lab.embedding import questions as ask

    judged = ask.read_similarities(pairs)
    vectors = open_vectors(file, format_, metadata, run_id)
    found = ask.similarities(vectors, judged)
    worst = found.pairs[: _limit(n)]
    if json_:
        rows = [{"words": [a, b], "judged": j, "cosine": round(c, 6), "ranks apart": round(d, 4)} for a, b, j, c, d in worst]
        whole = None if math.isnan(found.spearman) else round(found.spearman, 6)
        print(
            json.dumps({"spearman": whole, "pairs": len(found.pairs), "skipped": found.skipped, "farthest apart": rows}, ensure_ascii=False)
        )
        return
    width = max((len(f"{a} {b}") for a, b, *_ in worst), default=0)
    for a, b, j, c, d in worst:
        print(f"{f'{a} {b}':<{width}}  judged {j:<6g} cosine {c:+.4f}  ranks apart {d:+.2f}")
    skipped = f", {found.skipped} skipped for unknown words" if found.skipped else ""
    said = "no Spearman correlation below two known pairs" if math.isnan(found.spearman) else f"Spearman {found.spearman:.4f}"
    print(f"{said}; {len(found.pairs)} pairs{skipped}")


@embed.command
def convert(
    file: str,
    *,
    to: Annotated[Format | None, Parameter(help="Format (default: the ending of the output).")] = None,
    output: Annotated[str, Parameter(name=["--output", "-o"], help="File to write.")],
    format_: Kind = "",
    metadata: Metadata = None,
    run_id: RunId = None,
) -> None:
    """Write vectors in another format; tsv is the projector's, with a second file of names and metadata."""
    vectors = open_vectors(file, format_, metadata, run_id)
    by_ending = {ending: name for name, ending in ENDINGS.items() if name not in ("glove",)}
    write_vectors(vectors, to or by_ending.get(Path(output).suffix.lower(), "word2vec"), output)


@embed.command(name="map")
def map_(
    file: str,
    *,
    method: Annotated[Literal["umap", "tsne", "pca"], Parameter(help="How the map is made.")] = "umap",
    picture: Annotated[str | None, Parameter(help="Picture to write (.png, .svg, .pdf).")] = None,
    output: Annotated[str | None, Parameter(name=["--output", "-o"], help="Table of the map to write (.csv).")] = None,
    labels: Annotated[bool, Parameter(negative="", help="Write names beside the points, as many as there is room for.")] = False,
    most: Annotated[int, Parameter(help="Only the first so many vectors; 0: all.")] = 0,
    iterations: Annotated[int | None, Parameter(help="Iterations or epochs (default: 750 for tsne, 500 for umap).")] = None,
    dimensions: Annotated[Literal[2, 3], Parameter(help="Dimensions of the map.")] = 2,
    metric: Annotated[Literal["cosine", "euclidean"], Parameter(help="Distance in the space.")] = "cosine",
    seed: Annotated[int, Parameter(help="Seed of everything random.")] = 0,
    json_: Json = False,
    format_: Kind = "",
    metadata: Metadata = None,
    run_id: RunId = None,
) -> None:
    """Lay vectors out on a map and print how true it is; with a picture or a table of it."""
    if picture is None and output is None:
        raise LabError("embed map: name what to write, --picture map.png or -o map.csv.")
    if picture is not None and Path(picture).suffix.lower() not in PICTURES:
        raise FileError(f"--picture {picture}: pictures are written as .png, .svg or .pdf.")
    if output is not None and Path(output).suffix.lower() != ".csv":
        raise FileError(f"-o {output}: a map is written as .csv.")
    if most < 0:
        raise LabError(f"--most {most}: must be 0 (all) or a number of vectors.")
    vectors = open_vectors(file, format_, metadata, run_id)
    whole = len(vectors)
    found = _lay_out(vectors, method, dimensions, iterations, most, metric, seed)
    vectors, points = found.simulation.constants.space, found.state["points"]
    facts: dict[str, Any] = {"method": method, "points": len(vectors), "of": whole}
    facts |= {key: round(found.summary[key], 4) for key in ("trustworthiness", "recall")}
    if output is not None:
        _write_table(vectors, points, output)
        say(f"wrote {output}")
    if picture is not None:
        from lab.widgets.embeddings.drawing import draw_map

        draw_map(vectors, points, Path(picture), labels=labels, title=f"{METHODS[method]} of {len(vectors)} of {whole} vectors")
        say(f"wrote {picture}")
    if json_:
        print(json.dumps(facts))
    else:
        from lab.embedding.neighbours import in_words

        print(
            f"{len(vectors)} of {whole} vectors; trustworthiness {facts['trustworthiness']:.4f}, recall of 10 neighbours {facts['recall']:.4f}. "
            + in_words(facts["trustworthiness"], facts["recall"])
        )


def _lay_out(vectors: Vectors, method: str, dimensions: int, iterations: int | None, most: int, metric: str, seed: int) -> Result:
    """A finished run of the model that draws maps in the window, so that both draw the same map."""
    import tempfile

    from lab import catalog
    from lab.embedding.files import save_vectors
    from lab.engine import simulation as engine

    n = min(len(vectors), most or len(vectors))
    values = {"method": METHODS[method], "dimensions": dimensions, "most": most, "metric": metric, "judge_every": 0}
    values |= {"iterations": iterations or (750 if method == "tsne" else 500 if method == "umap" else 200)}
    if n < 100:
        values |= {"perplexity": max(2.0, min(30.0, (n - 1) / 3)), "neighbours": max(2, min(15, n))}
    with tempfile.TemporaryDirectory() as folder:
        # The model reads a file; whatever the vectors came from, this one holds them exactly.
        (place,) = save_vectors(vectors, f"{folder}/vectors.npz")
        values["space"] = str(place)
        model = catalog.load("embedding-map")(**values)
        return engine.run(model, model.default_steps, seed=seed, record={})


def _write_table(vectors: Vectors, points: np.ndarray, output: str) -> None:
    import csv

    try:
        with open(output, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["name", *"xyz"[: points.shape[1]], *vectors.metadata])
            writer.writerows(zip(vectors.words, *points.T.tolist(), *vectors.metadata.values(), strict=True))
    except OSError as error:
        raise FileError(f"{output} cannot be written: {error.strerror}.") from None
