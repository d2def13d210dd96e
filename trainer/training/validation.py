"""What the validation part says of a network after an epoch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trainer.measures.metrics import auc
from trainer.measures.prediction import Prediction
from trainer.training.loss import Loss, output_of
from trainer.training.recipe import Recipe


def validated(
    outputs: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.int64], recipe: Recipe, classes: Sequence[str]
) -> tuple[float, float, float]:
    """AUC, loss and accuracy of outputs (N, K), as the network gives them, for labels (N,).

    The loss is the recipe's without smoothing and without weights of classes.
    """
    count, table = len(classes), torch.from_numpy(outputs).double()
    spec = output_of(recipe, count)
    logits = spec.logits(table, outputs.shape[1]).numpy()
    measured = auc(labels, Prediction(logits, spec.independent).probabilities, classes)
    plain = recipe.with_settings({"smoothing": 0.0}, "the validation")
    summed = Loss(plain, count, None, torch.device("cpu")).summed(table, torch.from_numpy(labels))
    return measured, float(summed) / len(labels), float((logits.argmax(axis=1) == labels).mean())
