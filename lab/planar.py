"""A face of `lab.cells.planar`, for a person's own model files."""

from lab.cells.planar import *  # noqa: F403
