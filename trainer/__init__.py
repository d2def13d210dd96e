"""Trains the scratch CNN of Van Molle et al. (2018) and writes checkpoints that describe themselves."""
