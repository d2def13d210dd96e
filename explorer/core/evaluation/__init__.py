"""How far the network's predictions on a folder agree with the given classes, over `trainer.measures`."""

from explorer.core.evaluation.evaluate import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]
