"""Pure readings of a training: figures, pictures and tables of what the network does now."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.training import canvas, checking, walk
from lab.training.material import outline
from lab.units import number as printed

GRID = 64  # cells of a decision surface along each axis
TILE = 24  # cells of the surface of one hidden unit
SHOWN = 18  # worst mistakes
POINTS = 1500
PROBE = 256


def measure(model: Any, c: Any, tape: dict, x: np.ndarray, t: np.ndarray) -> tuple[float, float]:
    """(loss, score) on some examples in evaluation mode; the score is accuracy, or the explained share of the variance."""
    losses, output = c.program.forward(tape, ["loss", c.output], **model.given(x, t))
    return scored(model.task, losses, output, x, t)


def scored(task: str, losses: np.ndarray, output: np.ndarray, x: np.ndarray, t: np.ndarray) -> tuple[float, float]:
    """(loss, score) from the losses and the output of each example."""
    loss = float(np.mean(losses, dtype=float))
    if task == "classification":
        return loss, float(np.count_nonzero(output.argmax(1) == t) / max(1, len(t)))
    aim = x if task == "reconstruction" else t
    spread = float(((aim - aim.mean(0)) ** 2).mean(dtype=float))
    return loss, 1.0 - float(((output - aim) ** 2).mean(dtype=float)) / spread if spread > 0 else 0.0


def predict(model: Any, c: Any, tape: dict, x: np.ndarray) -> np.ndarray:
    """Class probabilities, or predicted values in the units of the target."""
    output = c.program.forward(tape, c.output, x=np.asarray(x, np.float32))
    return probabilities(output) if model.task == "classification" else c.material.units(output) if model.task == "regression" else output


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax of the last axis."""
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def rehearsal(model: Any, c: Any, tape: dict) -> dict[str, tuple[float, float, float]]:
    """(gradient norm, weight norm, update norm) of every parameter, if the first examples were the next minibatch.

    The step is done on a copy: the training does not notice.
    """
    m = c.material
    x, t = m.x[: model.batch], m.t[: model.batch]
    report = c.program.step({name: array.copy() for name, array in tape.items()}, watch=True, **model.given(x, t))
    return report.watch or {}


def health(c: Any, watch: dict[str, tuple[float, float, float]]) -> np.ndarray:
    """(layers, 3): gradient norm, weight norm, update over weight, of a step that was watched."""
    out = np.zeros((len(c.stages), 3))
    for k, stage in enumerate(c.stages):
        gradient, weight, update = watch.get(stage.weight, (0.0, 0.0, 0.0))
        out[k] = gradient, weight, update / weight if weight > 0 else 0.0
    return np.where(np.isfinite(out), out, np.where(np.isnan(out), 0.0, 1e300))


def silent(values: list[np.ndarray]) -> np.ndarray:
    """Share of the units of each layer that are zero for every example."""
    found = [(value.reshape(-1, value.shape[-1]) != 0).any(0) for value in values]
    return np.array([1.0 - np.count_nonzero(answered) / len(answered) for answered in found])


def worst(model: Any, c: Any, tape: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(rows of the test part, predicted, true) of the mistakes made with most confidence, worst first."""
    p = predict(model, c, tape, c.material.test_x)
    t = c.material.test_t
    rows = np.flatnonzero(p.argmax(1) != t)
    order = np.argsort(p[rows, t[rows]] - p[rows].max(1), kind="stable")[:SHOWN]
    rows = rows[order]
    return rows, p[rows].argmax(1), t[rows]


def seen(model: Any, c: Any, state: dict) -> np.ndarray:
    """The picture on the canvas as the network sees it, (1, inputs)."""
    return canvas.reduced(state["canvas"], c.outline.picture, bool(state["drawn_on"][0])).reshape(1, -1)


def plane(shape: Any, cells: int) -> np.ndarray:
    """(cells^2, 2) places of a grid over the plane, row by row from below."""
    xs, ys = (np.linspace(shape.low[k], shape.high[k], cells + 1) for k in (0, 1))
    x, y = np.meshgrid((xs[1:] + xs[:-1]) / 2, (ys[1:] + ys[:-1]) / 2)
    return np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)


def violins(values: list[np.ndarray], bins: int = 40) -> np.ndarray:
    """(2, points): the distribution of each array as a closed outline around x = 1, 2, ..., with gaps between them."""
    xs, ys = [], []
    for k, array in enumerate(values, 1):
        flat = np.asarray(array, float).ravel()
        flat = flat[np.isfinite(flat)]
        low, high = (float(flat.min()), float(flat.max())) if len(flat) else (0.0, 0.0)
        if high <= low:
            xs += [k - 0.4, k + 0.4, np.nan]
            ys += [low, low, np.nan]
            continue
        count, edges = np.histogram(flat, bins, (low, high))
        half = 0.42 * count / count.max()
        middle = (edges[1:] + edges[:-1]) / 2
        xs += [*(k - half), *(k + half)[::-1], k - half[0], np.nan]
        ys += [*middle, *middle[::-1], middle[0], np.nan]
    return np.array([xs[:-1], ys[:-1]])


def surface(model: Any, c: Any, tape: dict) -> np.ndarray:
    """Over the plane: with two classes the difference of their probabilities, with more the likeliest class, else the value."""
    shape = outline(model)
    p = predict(model, c, tape, c.material.scaled(plane(shape, GRID)))
    if model.task == "classification":
        value = p[:, 1] - p[:, 0] if p.shape[1] == 2 else p.argmax(1).astype(float)
    else:
        value = p[:, 0]
    return value.reshape(GRID, GRID)


def pieces(model: Any, c: Any, tape: dict) -> list[int] | None:
    """Into how many pieces the hidden layers cut the plane, counting the first one, the first two, and so on; None where there is no plane.

    A piece is where every unit is on the same side of its threshold: there a network of ReLU is linear, and one of tanh nearly so.
    """
    shape, activation = outline(model), model.activation if "activation" in type(model).specs() else ""
    if not (shape.plane and shape.low and model.task == "classification" and activation):
        return None
    hidden = [s.value for s in c.stages[:-1]] if activation != "identity" else []
    if not hidden:
        return []
    middle = 0.5 if activation == "sigmoid" else 0.0
    found = c.program.forward(tape, hidden, x=c.material.scaled(plane(shape, GRID)))
    sides = [np.packbits(values.reshape(len(values), -1) > middle, axis=1) for values in found]
    return [len(np.unique(np.concatenate(sides[: k + 1], axis=1), axis=0)) for k in range(len(sides))]


def units(model: Any, c: Any, tape: dict) -> np.ndarray:
    """Answers of hidden units over the plane, as tiles: of the first and of the last hidden layer, up to eight of each."""
    hidden = c.stages[:-1] or c.stages
    values = c.program.forward(tape, [s.value for s in hidden], x=c.material.scaled(plane(outline(model), TILE)))
    chosen = values if len(values) == 1 else [values[0], values[-1]]
    most = 16 if len(chosen) == 1 else 8
    tiles = np.concatenate([v.reshape(len(v), -1)[:, :most] for v in chosen], axis=1)
    # Rows of a tile are drawn downwards, the plane's second feature grows upwards.
    return tiles.T.reshape(-1, TILE, TILE)[:, ::-1].astype(float)


def columns(model: Any, c: Any) -> list[dict[str, Any]]:
    """What became of each column of the file."""
    asked = {part.partition("=")[0].strip() for part in model.types.split(",")}
    return [
        {
            "column": use.name,
            "role": use.role,
            "type": (use.holds if use.role != "left out" else use.why)
            + (", as said" if use.name in asked and use.why != "as said" else ""),
            "values": f"{printed(use.values)}" + (f", {printed(use.missing)} missing" if use.missing else ""),
        }
        for use in c.material.data.columns
    ]


def common(model: Any, c: Any, state: dict, tape: dict, stream: str) -> Any:
    """The value of a stream that every learner has; None for another one."""
    if stream == "layers":
        return [
            {
                "layer": row["name"],
                "kind": row["kind"].replace("_", " "),
                "values": " x ".join(map(str, row["shape_out"])) or "1",
                "neurons": row["neurons"],
            }
            | {
                "synapses": row["synapses"],
                "parameters": row["parameters"],
                "multiply-adds": row["multiply_adds"],
                "kB": round(row["bytes"] / 1000, 1),
            }
            for row in c.program.summary()
        ]
    if stream == "gradient check":
        return checking.table(model, c, state["checked"])
    if stream == "matrices":
        return walk.shown(model, c, state, tape)
    if stream == "phases":
        return walk.phases(model, c, state)
    return None


def observe(model: Any, c: Any, state: dict, tape: dict, stream: str) -> Any:
    """The value of one per-block stream of a supervised learner."""
    found = common(model, c, state, tape, stream)
    if found is not None:
        return found
    m, shape = c.material, c.outline
    if stream == "columns":
        return columns(model, c)
    if stream == "weights":
        arrays = c.program.parameters(tape)
        return violins([arrays[s.weight] for s in c.stages])
    if stream == "activations":
        return violins(c.program.forward(tape, [s.value for s in c.stages], **model.given(m.x[:PROBE], m.t[:PROBE])))
    if stream in ("gradients now", "updates now"):
        table = health(c, rehearsal(model, c, tape))
        return table[:, 0] if stream == "gradients now" else table[:, 2]
    if stream == "walk":
        return walk.table(model, c, state, tape)
    if stream == "confusion":
        found = predict(model, c, tape, m.test_x).argmax(1)
        out = np.zeros((shape.outputs, shape.outputs))
        np.add.at(out, (m.test_t, found), 1)
        return out
    if stream in ("mistakes", "mistake captions", "mistake table"):
        return _mistakes(model, c, tape, stream)
    if stream == "canvas":
        return state["canvas"].copy()
    if stream == "prediction":
        return predict(model, c, tape, seen(model, c, state))[0].astype(float)
    if stream == "surface":
        return surface(model, c, tape)
    if stream == "units":
        return units(model, c, tape)
    if stream == "points":
        x, t = model.examples(c, state)
        kept = np.r_[np.arange(min(POINTS, len(m.x))), np.arange(len(m.x), len(x))]
        return np.column_stack([m.natural(x[kept]), t[kept] if t.ndim == 1 else np.zeros(len(kept))]).astype(
            float
        )  # numbers are no classes
    if stream == "test points":
        t = m.test_t[:POINTS]
        return np.column_stack([m.natural(m.test_x[:POINTS]), t if t.ndim == 1 else np.zeros(len(t))]).astype(float)
    if stream == "samples":
        return np.column_stack([m.natural(m.x[:POINTS])[:, 0], m.units(m.t[:POINTS, 0])]).astype(float)
    if stream == "fit":
        x = np.linspace(float(m.data.x.min()), float(m.data.x.max()), 300, dtype=np.float32)
        return np.stack([m.natural(x[:, None])[:, 0], predict(model, c, tape, x[:, None])[:, 0]]).astype(float)
    if stream == "first weights":
        weight = c.program.parameters(tape)[c.stages[0].weight]
        pixels = shape.picture[0] * shape.picture[1]  # a class may be told beside them
        return weight[:pixels].T[:36].reshape(-1, *shape.picture).astype(float)
    if stream == "outcomes":
        found = predict(model, c, tape, m.test_x)
        return np.column_stack([m.units(m.test_t[:POINTS, 0]), found[:POINTS, 0]]).astype(float)
    return model.look(c, state, tape, stream)


def _mistakes(model: Any, c: Any, tape: dict, stream: str) -> Any:
    if model.task == "regression":
        return _misses(model, c, tape)
    rows, found, true = worst(model, c, tape)
    names = c.outline.classes
    if stream == "mistakes":
        tiles = c.material.test_x[rows].reshape(-1, *c.outline.picture).astype(float)
        return tiles if len(tiles) else np.zeros((1, *c.outline.picture))
    if stream == "mistake captions":
        return [{"caption": f"{names[f]} / {names[t]}"} for f, t in zip(found, true, strict=True)] or [{"caption": "no mistakes"}]
    if not len(rows):
        return [{"": "Every test example is read rightly."}]
    return [{"predicted": names[f], "true": names[t]} | row for f, t, row in zip(found, true, described(c, rows), strict=True)]


def _misses(model: Any, c: Any, tape: dict) -> list[dict[str, Any]]:
    """Test examples whose prediction is farthest off, worst first, in the units of the target."""
    found = predict(model, c, tape, c.material.test_x)[:, 0]
    true = c.material.units(c.material.test_t[:, 0])
    rows = np.argsort(-np.abs(found - true), kind="stable")[:SHOWN]
    return [
        {"predicted": f"{found[k]:.5g}", "true": f"{true[k]:.5g}", "error": f"{found[k] - true[k]:+.3g}"} | row
        for k, row in zip(rows, described(c, rows), strict=True)
    ]


def described(c: Any, rows: np.ndarray) -> list[dict[str, Any]]:
    """Some test examples in words: the row of the file, and the first features in their own units; what was filled is marked."""
    data, m = c.material.data, c.material
    places = data.test[rows]
    raw = m.natural(m.test_x[rows])
    out = []
    for place, values in zip(places, raw, strict=True):
        gaps = data.gaps[place] if data.gaps is not None else np.zeros(len(values), bool)
        row = {"row": int(data.records[place])} if data.records is not None else {}
        out.append(
            row
            | {name: f"{v:.4g} (filled)" if g else round(float(v), 4) for name, v, g in zip(data.features[:6], values, gaps, strict=False)}
        )
    return out
