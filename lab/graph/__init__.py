"""The graph document: nodes, wires, files, layout, weights, what it counts to. The names here are for a person's own files."""

from lab.graph.document import *  # noqa: F403
