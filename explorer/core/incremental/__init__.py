"""Computes only what a change of the input changes in a network's pass, exactly (docs/incremental.md)."""
