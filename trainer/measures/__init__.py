"""Figures about predictions, with their intervals, and what they are held against; numpy only."""
