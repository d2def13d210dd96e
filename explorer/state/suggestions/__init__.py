"""Suggested tags: made, shown over the picture, accepted and rejected."""
