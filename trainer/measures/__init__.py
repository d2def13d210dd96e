"""Figures about predictions, with their intervals; numpy only."""
