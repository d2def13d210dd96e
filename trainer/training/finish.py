"""What a run leaves behind: the chosen network with its facts, and the report."""

from dataclasses import dataclass, replace
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from trainer.cohort.cohort import Cohort
from trainer.cohort.partition import kept_tree
from trainer.devices.arithmetic import facts
from trainer.devices.environment import device_name, versions
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.fitting import HeldOut
from trainer.networks.checkpoint import SECOND_CLASS, SEEN_DIGITS, Checkpoint
from trainer.networks.output_spec import answering
from trainer.report.model_card import model_card
from trainer.report.run_record import Run
from trainer.report.write import write_report
from trainer.training.initial_weights import arguments_of
from trainer.training.loss import output_of, width_of
from trainer.training.network_input import input_spec_of
from trainer.training.recipe import Recipe
from trainer.training.run_folder import CARD_FILE, KEPT_FILE, NETWORK_FILE, RunFolder, State


@dataclass(frozen=True)
class Outcome:
    """A finished run: the file of its network, the chosen epoch, and the AUC of that file's weights on the test part.

    `interval` is the AUC's 95 % interval, drawn over lesions.
    """

    network: Path
    chosen_epoch: int
    auc: float
    interval: tuple[float, float]


def show_progress(
    folder: RunFolder, state: State, cohort: Cohort, recipe: Recipe, device: torch.device, licence: str
) -> None:
    """Write the best network so far, and the learning curves."""
    checkpoint = _checkpoint(state, cohort, recipe, device, licence, {})
    folder.save_network(checkpoint)
    write_report(folder.path, None, Run.of_training(checkpoint.training), cohort)


def keep_epoch(
    folder: RunFolder,
    state: State,
    module: nn.Module,
    cohort: Cohort,
    recipe: Recipe,
    device: torch.device,
    licence: str,
) -> None:
    """Write the network after `state.epoch` epochs, 0 = untrained, beside the chosen one, where the recipe keeps it.

    `module` is what was validated. Called before the state to resume from is written, and once more where a run is
    taken up: an epoch that is lost is learnt and written again, with the same weights.
    """
    if not recipe.learning.keep_every or state.epoch % recipe.learning.keep_every:
        return
    weights = {name: tensor.detach().cpu() for name, tensor in module.state_dict().items()}
    auc = state.history[-1]["auc"] if state.history else None
    snapshot = replace(state, best_epoch=state.epoch, best_auc=nan if auc is None else auc, best_weights=weights)
    folder.save_network(_checkpoint(snapshot, cohort, recipe, device, licence, {}), KEPT_FILE.format(state.epoch))


def finish(
    folder: RunFolder,
    state: State,
    module: nn.Module,
    cohort: Cohort,
    recipe: Recipe,
    device: torch.device,
    licence: str,
    held_out: HeldOut | None = None,
) -> Outcome:
    """Measure the chosen weights on the test part, as they are written; write network and report.

    What was `held_out` of the train part chooses the threshold where there is no validation part.
    """
    weights = {name: _written(tensor, recipe) for name, tensor in state.best_weights.items()}
    module.load_state_dict(weights)
    module.eval()
    count = len(cohort.classes)
    output = output_of(recipe, count)
    evaluation = evaluate(
        answering(module, output, width_of(recipe, count)),
        cohort.classes,
        input_spec_of(recipe, cohort),
        cohort,
        "test",
        device,
        independent=output.independent,
        held_out=held_out,
        taxonomy=kept_tree(cohort.settings),
        seed=recipe.learning.seed,
    )
    measured: dict[str, Any] = {
        "auc_test": round(evaluation.auc.value, 4),
        "auc_test_interval": [round(evaluation.auc.low, 4), round(evaluation.auc.high, 4)],
    }
    threshold = evaluation.threshold
    if threshold and threshold.chosen_on:
        summary = {
            "value": round(threshold.value, 6),
            "criterion": threshold.criterion,
            "chosen_on": threshold.chosen_on.part,
        }
        measured["threshold"] = {**summary, "positive": threshold.positive}
    checkpoint = _checkpoint(state, cohort, recipe, device, licence, measured)
    folder.save_network(checkpoint)
    write_report(folder.path, evaluation, Run.of_training(checkpoint.training), cohort)
    folder.write(CARD_FILE, model_card(checkpoint, evaluation, NETWORK_FILE).encode("utf-8"))
    folder.log("finished", chosen_epoch=state.best_epoch, **measured)
    folder.finish()
    interval = (evaluation.auc.low, evaluation.auc.high)
    return Outcome(folder.path / NETWORK_FILE, state.best_epoch, evaluation.auc.value, interval)


def _checkpoint(
    state: State, cohort: Cohort, recipe: Recipe, device: torch.device, licence: str, measured: dict[str, Any]
) -> Checkpoint:
    parts = {part: int((cohort.splits == part).sum()) for part in ("train", "validation", "test")}
    output = output_of(recipe, len(cohort.classes))
    counts = np.bincount(cohort.labels, minlength=len(cohort.classes))
    used = np.flatnonzero(np.isin(cohort.splits, ("train", "validation")))
    return Checkpoint(
        architecture=recipe.network.architecture,
        architecture_arguments=arguments_of(recipe),
        classes=cohort.classes,
        input=input_spec_of(recipe, cohort),
        weights={name: _written(tensor, recipe) for name, tensor in state.best_weights.items()},
        training={
            "cohort": {
                "source": cohort.source,
                "digest": cohort.digest,
                "pictures": parts,
                "classes": {name: int(count) for name, count in zip(cohort.classes, counts, strict=True)},
                "settings": cohort.settings,
            },
            "recipe": recipe.flat(),
            "seed": recipe.learning.seed,
            "versions": versions(),
            "device": device_name(device),
            "arithmetic": facts(device),
            "seconds": round(state.seconds, 1),
            "epochs": state.history,
            "chosen_epoch": state.best_epoch,
            **(
                {"auc_validation": round(state.best_auc, 4)} if parts["validation"] and isfinite(state.best_auc) else {}
            ),
            **measured,
            "seen": sorted(cohort.digests[position][:SEEN_DIGITS] for position in used),
        },
        licence=licence,
        outputs=SECOND_CLASS if output.pair else output.meaning,
    )


def _written(tensor: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """A weight as it stands in the file."""
    return (tensor.half() if recipe.machine.half and tensor.is_floating_point() else tensor).cpu()
