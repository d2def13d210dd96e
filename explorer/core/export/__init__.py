"""Batches of figures: what to draw, what is there already, where each figure came from."""
