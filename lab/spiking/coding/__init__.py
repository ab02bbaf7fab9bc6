"""Populations of neurons that hold values: tuning curves, decoders, and spiking populations that compute and remember."""

SOLVERS = ("regularised", "least squares", "normal equations", "gradient descent")  # here: a canvas lists them, and loads no linear algebra
