"""Layers of a network that learns; a new file in this folder that holds `KINDS` is found by itself.

A file of a person's own adds a kind with `lab.graph.document.extend("layers", kind)`.
"""

from lab.graph.document import Family, register
from lab.graph.kinds import listed
from lab.graph.kinds.layers.between import Activation, Dropout
from lab.graph.kinds.layers.convolution import Convolution, Pool
from lab.graph.kinds.layers.dense import Dense
from lab.graph.kinds.layers.ends import Input, Output, Reconstruction
from lab.graph.kinds.layers.famous import FAMOUS
from lab.graph.kinds.layers.layer import Count, Incoming, Layer, Shape, text
from lab.graph.kinds.layers.network import caption, census, check, kind_of, label, shapes, sized, terms, totals, weighted, wired, write
from lab.graph.kinds.layers.sampling import Sample, SecondLoss
from lab.graph.kinds.layers.templates import (
    TEMPLATES,
    attentive,
    autoencoder,
    chain,
    cnn,
    deep,
    in_time,
    letters_gpt,
    letters_lstm,
    mlp,
    perceptron,
    residual,
    variational,
)

__all__ = [
    "Activation", "Convolution", "Count", "Dense", "Dropout", "Incoming", "Input", "Layer", "Output", "Pool", "Reconstruction", "Sample", "SecondLoss", "Shape",
    "attentive", "autoencoder", "chain", "cnn", "deep", "in_time", "kind_of", "letters_gpt", "letters_lstm", "mlp", "perceptron", "residual", "shapes", "sized", "terms", "text", "totals", "variational", "weighted", "write",
]  # fmt: skip

register(
    Family(
        "layers", "Layers", listed(__name__, __path__), blocks=True, check=check,
        templates={**TEMPLATES, **FAMOUS}, caption=caption, label=label, totals=totals, census=census, wired=wired,
    )
)  # fmt: skip
