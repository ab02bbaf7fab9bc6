"""Spaces of vectors: texts to learn from, learning, maps, questions, files and drawing. No window is needed for any of it."""
