"""Spiking networks: populations and projections as values, compiled to flat arrays and one loop over steps.

`cells` and `projections` describe, `network` builds and runs, `theory` predicts; nothing is imported here, so that a list
of kinds does not load the compiler.
"""
