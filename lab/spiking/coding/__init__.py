"""Populations of neurons that hold values: tuning curves, decoders, and spiking populations that compute and remember."""
