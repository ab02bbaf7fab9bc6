"""The tape: one machine for everything that learns. See docs/tape.md."""

from lab.tape.builder import Tape
from lab.tape.data import Data
from lab.tape.listing import Node
from lab.tape.optimisers import Optimiser, adam, adamw, descent, momentum, nesterov
from lab.tape.program import Program, Report

__all__ = ["Data", "Node", "Optimiser", "Program", "Report", "Tape", "adam", "adamw", "descent", "momentum", "nesterov"]
