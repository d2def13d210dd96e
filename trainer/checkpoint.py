"""The name of `trainer.networks.checkpoint` for scripts."""

from trainer.networks.checkpoint import Box, Checkpoint, InputSpec, load, save

__all__ = ["Box", "Checkpoint", "InputSpec", "load", "save"]
