"""The name of `trainer.networks.architectures` for scripts."""

from trainer.networks.architectures import ARCHITECTURES, ScratchCNN, build

__all__ = ["ARCHITECTURES", "ScratchCNN", "build"]
