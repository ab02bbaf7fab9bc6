"""The training monitor: what every model shares that trains a tape program on a data set.

Training            parameters of data, optimiser and stops; the run; evaluations; summary (model.py); actions (actions.py)
Perceptron          layered networks on top of it                                                     (perceptron.py)
GraphTraining       networks built on the canvas, on top of it                                        (graph.py)
material            the data set that the parameters name, prepared
readings, pictures  what can be looked at, and how it is shown
diagnosis           what is wrong, in words
"""

from lab.training.actions import Training
from lab.training.graph import GraphTraining
from lab.training.model import Constants, Stage
from lab.training.perceptron import Perceptron, redeclared

__all__ = ["Constants", "GraphTraining", "Perceptron", "Stage", "Training", "redeclared"]
