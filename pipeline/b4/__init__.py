"""Faces of the pipeline in b4: what its review commands call, and what they read."""
