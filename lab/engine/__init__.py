"""A model in motion: the engine and its experiments, the runner with its ring, what is recorded, and what is prepared before."""
