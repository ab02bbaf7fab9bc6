"""Families of nodes for the canvas, one module each; `lab.graph.document.family` imports the one that is asked for."""
