"""Learning: what every model shares that trains a program of the tape.

Learner             objectives, the run, evaluations, best weights, slow motion, gradient check, weight files (learner.py)
Stepwise            its length in steps (stepwise.py)
NextToken           says the next token of a text (next_token.py); a transformer that can be looked into (inside.py)
Memories, Clouds    what is seen of two networks with memory (memories.py), and of codes that are clouds (clouds.py)
Supervised          on examples of a data set, with a part held out (supervised.py); by hand: points and drawings (actions.py)
Perceptron          layered networks on top of it (perceptron.py); with others beside it on the same minibatches (beside.py)
GraphTraining       networks built on the canvas, on top of it                                        (graph.py)
objectives          what a learner says before anything is built: objectives, measures, phases, layers
makers              what is learned from: examples, sequences, points, text, episodes
material            the data set that the parameters of a supervised learner name, prepared
readings, pictures  what can be looked at, and how it is shown
diagnosis           what is wrong, in words
"""

from lab.params import redeclared
from lab.training.graph import GraphTraining
from lab.training.learner import Constants, Learner
from lab.training.objectives import Measure, Objective, Phase, Stage
from lab.training.perceptron import Perceptron
from lab.training.stepwise import Stepwise
from lab.training.supervised import Supervised

Training = Supervised  # its name in model files that people wrote before

__all__ = [
    "Constants",
    "GraphTraining",
    "Learner",
    "Measure",
    "Objective",
    "Perceptron",
    "Phase",
    "Stage",
    "Stepwise",
    "Supervised",
    "Training",
    "redeclared",
]
