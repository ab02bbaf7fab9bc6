"""The streams and pictures of a training, by what its data are."""

from __future__ import annotations

from typing import Any

from lab.data.sets import FUNCTIONS
from lab.model import Layer, Picture, Stream
from lab.training import drawing, verdicts


def streams(model: Any, shape: Any) -> tuple[Stream, ...]:
    """Traces of each step, events of each evaluation, and what can be looked at."""
    layers = model.stage_names()
    players = tuple(o.name for o in model.objectives) if len(model.objectives) > 1 else ()
    several = (len(players),) if players else ()
    short = tuple(_short(name) for name in layers)  # bars stand close
    found = [
        Stream("loss", "trace", "", "Loss of each minibatch, before the update.", several, players, every=1),
        Stream("smoothed", "trace", "", "Loss of the minibatches, averaged over about half an epoch.", several, players, every=1),
        Stream("evaluated loss", "trace", "", "Loss on the training and the test part.", (2,), ("train", "test"), events=True),
        Stream("score", "trace", "", f"{model.score_name} on as many training examples as there are test examples, and on the test part.",
               (2,), ("train", "test"), events=True),
        Stream("rate", "trace", "", "Learning rate.", several, players, every=1),
        Stream("gradient", "trace", "", "Norm of the gradient, before clipping.", several, players, every=1),
        Stream("gradient norms", "trace", "", "Norm of the gradient of each layer's weights.", (len(layers),), layers, events=True),
        Stream("update ratios", "trace", "", "Size of an update over the size of the weights, by layer.", (len(layers),), layers, events=True),
        Stream("dead units", "trace", "", "Share of units that answer none of the training examples that are evaluated, by layer.", (len(layers),), layers, events=True),
        Stream("gradients now", "bars", "", "Norm of the gradient of each layer's weights.", channels=short),
        Stream("updates now", "bars", "", "Size of an update over the size of the weights, by layer.", channels=short),
        Stream("weights", "curve", "", "Distribution of the weights of each layer, as a violin around the layer's number."),
        Stream("activations", "curve", "", "Distribution of the values of each layer on 256 examples, as a violin."),
        Stream("matrices", "matrices", "", "The matrices of one layer for one example, in slow motion."),
        Stream(verdicts.STREAM, "table", "", "What is in order and what is not, each with its figure."),
        Stream("walk", "table", "", "One example through every matrix, in slow motion."),
        Stream("layers", "table", "", "Shapes, neurons, synapses, parameters and work of each layer; memory for a full batch."),
        Stream("gradient check", "table", "", "Back-propagation against central differences, array by array."),
    ]  # fmt: skip
    if model.task == "classification":
        found.append(
            Stream(
                "smoothed accuracy",
                "trace",
                "",
                "Accuracy on the minibatches before their updates, averaged over about half an epoch.",
                every=1,
            )
        )
        found.append(
            Stream(
                "confusion", "image", "examples", "Test examples by true class (row) and predicted class (column).", channels=shape.classes
            )
        )
        if shape.picture:
            found.append(Stream("mistakes", "image", "", "Test pictures that are misread with most confidence."))
            found.append(Stream("mistake captions", "table", "", "Predicted / true class of each misread picture."))
            found.append(
                Stream("prediction", "bars", "", "Probability of each class for the picture on the canvas.", channels=shape.classes)
            )
        else:
            found.append(Stream("mistake table", "table", "", "Test examples that are misread with most confidence."))
    if model.data == "file" and not shape.picture:
        found.append(Stream("columns", "table", "", "Columns of the file and what became of each: 'types' corrects it."))
    if shape.picture:
        found.append(Stream("canvas", "image", "", "Draw here, or look at a test picture."))
    if shape.plane and shape.low:
        found.append(Stream("surface", "image", "", "Answer of the network over the plane."))
        found.append(Stream("units", "image", "", "Answers of single hidden units over the plane: first and last hidden layer."))
        found.append(Stream("points", "cloud", "", "Training examples.", channels=("x", "y", "class")))
        found.append(
            Stream("test points", "cloud", "", "Test examples, which the network never learns from.", channels=("x", "y", "class"))
        )
    if model.task == "regression":
        if shape.inputs == 1:
            found.append(Stream("samples", "cloud", "", "Training examples.", channels=("x", "y")))
            found.append(Stream("fit", "curve", "", "Answer of the network.", channels=("network",)))
        else:
            found.append(
                Stream("outcomes", "cloud", shape.unit, "Test examples: true and predicted value.", channels=("true", "predicted"))
            )
        found.append(Stream("mistake table", "table", shape.unit, "Test examples whose prediction is farthest off."))
    if model.drawn_layers(shape):
        found.append(
            Stream(
                drawing.STREAM,
                "network",
                "",
                "Every layer with the first of its units, what they answer, and the weights between them.",
                canvas="maps",
            )
        )
    if shape.picture and model.first_weights_are_pictures:
        found.append(Stream("first weights", "image", "", "Weights into single units of the first layer."))
    return (*found, *model.own_streams(shape))


def error_name(shape: Any) -> str:
    """The figure that says how far predictions of numbers are off, with their unit."""
    return f"test error ({shape.unit})" if shape.unit else "test error"


def _short(name: str) -> str:
    word = name.rstrip("0123456789")
    return {"hidden": "h", "encoder": "e", "decoder": "d", "conv": "c", "output": "out"}.get(word, word) + name[len(word) :]


def _tiles(model: Any) -> tuple[str, ...]:
    """Names of the units whose answers are tiles, as `readings.units` chooses them."""
    layers = list(zip(model.stage_names(), model.widths, strict=False))[: len(model.stage_names()) - 1]
    chosen, most = (layers, 16) if len(layers) == 1 else (layers[:: max(1, len(layers) - 1)], 8)
    return tuple(f"{_short(name)}.{k + 1}" for name, width in chosen for k in range(min(width, most)))


def network_picture(**changes: Any) -> Picture:
    """The drawing of the layers."""
    told: dict[str, Any] = dict(
        drag="set_weight", colours="diverging", front=True, weight=1.6,
        doc="Each unit shows what it answers; width is the size of a weight, dashes take away. Drag a wire up or down to change its weight.",
    )  # fmt: skip
    return Picture("network", "Network", (Layer(drawing.STREAM),), **told | changes)


def pictures(model: Any, shape: Any) -> tuple[Picture, ...]:
    """Loss and score first, then what the data allow, then the insides."""
    score = model.score_name
    smoothed = (Layer("smoothed accuracy", label="minibatch", style="pale", series=(0,)),) if model.task == "classification" else ()
    found = [
        Picture("loss", "Loss", (Layer("loss", label="minibatch", style="pale", series=(0,)), Layer("evaluated loss", channel=1, label="test", series=(1,)), Layer("smoothed", label="train", meaning="smoothed", series=(0,))),
                y="loss", y_log="auto", figures=("loss", "test loss", "diagnosis"), front=True, weight=1.2),
        Picture("score", score.capitalize(), (*smoothed, Layer("score", channel=0, label="train", series=(0,)), Layer("score", channel=1, label="test", series=(1,))), y=score, figures=(f"train {score}", f"test {score}"), front=True),
    ]  # fmt: skip
    aim = f"{shape.target} ({shape.unit})" if shape.unit and shape.unit not in shape.target else shape.target
    if shape.plane and shape.low:
        two = model.task == "classification" and shape.outputs == 2
        across, up = (shape.low[0], shape.high[0]), (shape.low[1], shape.high[1])
        names = (*shape.features, "x", "y")[:2] if len(shape.features) == 2 else ("x", "y")
        alike = 0.2 < (up[1] - up[0]) / (across[1] - across[0]) < 5  # else one of the axes would be a line
        found.append(Picture("surface", "Decision surface", (Layer("surface"), Layer("points"), Layer("test points", style="rings", label="test")), x=names[0], y=names[1], x_range=across, y_range=up, click="add_point" if model.task == "classification" else "", front=True, weight=1.5,
                             levels=(-1.0, 1.0) if two else None, colours="diverging" if two else "sequential", equal=alike,
                             labels=shape.classes if model.task == "classification" else (),
                             doc="Click to add a point of the class chosen with 'Class of new points'."))  # fmt: skip
        found.append(
            Picture(
                "data",
                "Data",
                (Layer("points"), Layer("test points", style="rings", label="test")),
                x=names[0],
                y=names[1],
                x_range=across,
                y_range=up,
                click="add_point" if model.task == "classification" else "",
                equal=alike,
                weight=0.55,
                labels=shape.classes if model.task == "classification" else (),
                doc="What is learned from; hollow points are kept back for the test. Click to add a point.",
            )
        )
        found.append(
            Picture(
                "units",
                "Hidden units",
                (Layer("units"),),
                colours="diverging",
                labels=_tiles(model),
                doc="What single units answer over the plane.",
            )
        )
    if model.task == "regression" and shape.inputs == 1:
        found.append(
            Picture(
                "fit",
                "Function and fit",
                (Layer("samples"), Layer("fit")),
                x=(shape.features or ("x",))[0],
                y=aim or "y",
                front=True,
                weight=1.5,
            )
        )
    elif model.task == "regression":
        found.append(Picture("outcomes", "Predicted against true", (Layer("outcomes"),), x=f"true {aim}".strip(), y=f"predicted {aim}".strip(),
                             figures=(error_name(shape),), front=model.data == "file"))  # fmt: skip
    if model.task == "regression" and model.data not in (*FUNCTIONS, "drawn"):
        found.append(Picture("mistakes", "Worst mistakes", (Layer("mistake table"),)))
    every, reads = model.own_pictures(shape), model.task == "classification"
    own, maps = [p for p in every if p.name != "features"], [p for p in every if p.name == "features"]
    if shape.picture:
        drawing = [
            Picture(
                "canvas",
                "Draw",
                (Layer("canvas"),),
                colours="grey",
                levels=(0.0, 1.0),
                paint="paint",
                front=reads and model.drawing,
                weight=0.6,
                doc="Draw with the mouse; Shift erases.",
            )
        ]
        if reads:  # side by side: what is drawn, and what it is taken for
            drawing.append(
                Picture(
                    "prediction",
                    "What the network reads",
                    (Layer("prediction"),),
                    x="class",
                    y="probability",
                    y_range=(0.0, 1.0),
                    front=model.drawing,
                )
            )
        found += [*drawing, *own] if reads and model.drawing else own
    else:
        found += own
    if model.task == "classification":
        if shape.picture:
            found.append(Picture("mistakes", "Worst mistakes", (Layer("mistakes"), Layer("mistake captions")), colours="grey", levels=(0.0, 1.0), weight=0.6,
                                 pick="look_at_mistake", doc="Predicted / true class; click one to put it on the canvas."))  # fmt: skip
        else:
            found.append(Picture("mistakes", "Worst mistakes", (Layer("mistake table"),)))
        found.append(
            Picture(
                "confusion",
                "Confusion",
                (Layer("confusion"),),
                x="predicted class",
                y="true class",
                equal=True,
                weight=0.6,
                labels=shape.classes,
                numbers=True,
            )
        )
    found += maps
    if shape.picture and not (reads and model.drawing):
        found += drawing
    if model.data == "file" and not shape.picture:
        found.append(
            Picture(
                "columns",
                "Columns of the file",
                (Layer("columns"),),
                front=True,
                weight=1.4,
                doc="Correct a type with 'types', for example: id=ignore, grade=class.",
            )
        )
    if shape.picture and model.first_weights_are_pictures:
        found.append(Picture("first weights", "Weights of the first layer", (Layer("first weights"),), colours="diverging", levels=None))
    if model.drawn_layers(shape) and not any(p.name == "network" for p in found):
        found.append(network_picture())
    names = model.stage_names()
    places, across = ("", *map(_short, names)), (0.4, len(names) + 0.6)  # violins stand at 1, 2, ...
    found += [
        Picture("verdicts", "Verdicts", (Layer(verdicts.STREAM),), weight=1.6, doc="What is in order and what is not."),
        Picture("gradients", "Gradients", (Layer("gradients now"),), x="layer", y="gradient norm", y_log=True),
        Picture("gradient norms", "Gradient norm over time", (Layer("gradient norms"),), y="gradient norm", y_log=True),
        Picture("activations", "Activations", (Layer("activations"),), x="layer", y="value", x_range=across, labels=places),
        Picture("weights", "Weights", (Layer("weights"),), x="layer", y="weight", x_range=across, labels=places),
        Picture("updates", "Update over weight", (Layer("update ratios"),), y="ratio", y_log=True),
        Picture("dead", "Silent units", (Layer("dead units"),), y="share"),
        Picture("rate", "Learning rate", (Layer("rate"),), y="rate", y_log=True),
        Picture("gradient", "Gradient norm", (Layer("gradient"),), y="norm", y_log=True),
        Picture(
            "matrices",
            "Slow motion",
            (Layer("matrices"),),
            weight=3.0 if model.slow else 1.0,
            front=model.slow,
            pick="check_parameter",
            doc="'Next phase' walks one example through forward, loss, backward and update, layer by layer; click a weight to check its gradient.",
        ),
        Picture("walk", "Slow motion, all layers", (Layer("walk"),), figures=("phase",)),
        Picture(
            "check gradients",
            "Gradient check",
            (Layer("gradient check"),),
            figures=("gradient check",),
            doc="'Check gradients' moves weights and inputs a little both ways and compares, in double precision.",
        ),
        Picture("layers", "Layers", (Layer("layers"),), figures=("steps per second", "evaluating (% of time)", "memory (MB)")),
    ]
    if model.slow:
        found.sort(key=lambda picture: picture.name != "matrices")  # what one steps through comes first
    return tuple(found)
