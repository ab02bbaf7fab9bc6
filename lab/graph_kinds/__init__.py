"""Families of nodes for the canvas, one module each; `lab.graph.family` imports the one that is asked for."""
