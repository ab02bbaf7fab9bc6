"""A face of `lab.cells.neuron` and of what stands beside it, for a person's own model files."""

from lab.cells.driven import *  # noqa: F403
from lab.cells.neuron import *  # noqa: F403
from lab.cells.noise import *  # noqa: F403
from lab.cells.spikes import *  # noqa: F403
from lab.cells.sweeps import *  # noqa: F403
