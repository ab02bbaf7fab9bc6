"""A face of `lab.cells.neuron`, for a person's own model files."""

from lab.cells.neuron import *  # noqa: F403
