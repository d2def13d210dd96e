"""What muting filters does to a network's predictions over a labelled folder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.class_words import ClassWords, told_apart
from explorer.core.errors import UserError
from explorer.core.evaluation.left_out import LeftOut, chosen_pictures
from explorer.core.index import FolderIndex
from explorer.core.muting.against_random import AgainstRandom, against_random
from explorer.core.muting.artifact import ArtifactEffect, artifact_effect
from explorer.core.muting.folder_pass import log_odds, probabilities
from explorer.core.muting.judged_pictures import JudgedPictures, second_half, threshold_of_half
from explorer.core.muting.keys import by_layer
from explorer.core.muting.shared_passes import SharedPasses
from explorer.core.muting.with_and_without import Presence, WithAndWithout, with_and_without
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey
from trainer.measures.bootstrap import BootstrapResamples, Numbers
from trainer.measures.calibration import BINS, bin_of, losses_of
from trainer.measures.metrics import Labels
from trainer.measures.paired import Compared, Pair, Quantity, auc_pair, compared, mean_pair, share_pair
from trainer.measures.scored_class import scored_class

RANDOM_DRAWS, RANDOM_PICTURES, ARTIFACT_PICTURES = 200, 300, 200


@dataclass(frozen=True)
class MutingEffect:
    """Before and after muting on N `pictures` that the network was not trained on; intervals over `drawn_over`.

    `auc` is that of each scored class by name. `sensitivity` and `specificity` of the class `scored`, which is called
    from the probability `threshold` on; `threshold_from` says where that comes from, and on how many pictures the two
    are measured. `ece` is the expected calibration error, `log_loss` in nats.
    """

    keys: tuple[FilterKey, ...]
    fill: str
    classes: tuple[str, ...]
    scored: str
    pictures: tuple[str, ...]
    auc: Mapping[str, Compared]
    mean_auc: Compared
    threshold: float
    threshold_from: str
    threshold_pictures: int
    sensitivity: Compared
    specificity: Compared
    ece: Compared
    log_loss: Compared
    left_out: LeftOut
    drawn_over: str
    chosen_by_effect: bool
    random: AgainstRandom | None = None
    artifact: ArtifactEffect | None = None
    real: WithAndWithout | None = None


@dataclass(frozen=True)
class EffectOptions:
    """How an effect is measured.

    `threshold` (probability) from which the scored class is called, None to set it on half of the pictures and apply
    it to the other. `chosen_by_effect` says that the filters were chosen by their effect on this folder: all is
    measured on the half on which they were not. `random_draws` sets of random filters, 0 for none, on up to
    `random_pictures`. `scored` names the class that sensitivity, specificity and artifacts are measured of, "" for that
    of `scored_class`. `artifact` is drawn into up to `artifact_pictures`, "" for none.
    """

    fill: str = "zero"
    threshold: float | None = None
    chosen_by_effect: bool = False
    random_draws: int = RANDOM_DRAWS
    random_pictures: int = RANDOM_PICTURES
    scored: str = ""
    artifact: str = ""
    artifact_pictures: int = ARTIFACT_PICTURES
    with_trained_on: bool = False
    draws: int = 2000
    seed: int = 0


def muting_effect(
    network: Network,
    index: FolderIndex,
    words: ClassWords,
    keys: Iterable[FilterKey],
    *,
    lesions: Mapping[str, str] | None = None,
    presence: Presence | None = None,
    options: EffectOptions | None = None,
    passes: SharedPasses | None = None,
    on_step: OnStep = no_step,
) -> MutingEffect:
    """Measure what a network says of a labelled folder with and without some filters.

    `words` maps given words to classes, `lesions` names of pictures to lesions, over which is drawn where any is
    known. With `presence`, pictures that have an artifact are compared with those that have not. Pictures that the
    network was trained or chosen on are left out. The `passes` over the folder may be shared by several effects.
    UserError where classes and words do not fit, a filter or the class is not there, or fewer than two classes are left
    to measure.
    """
    options = options or EffectOptions()
    keys = tuple(dict.fromkeys(keys))
    if not by_layer(network, keys):
        raise UserError("No filter is to be muted.")
    classes = told_apart(index.classes)
    scored = _scored(classes, words, options)
    known_lesions = {name: lesion for name, lesion in (lesions or {}).items() if lesion}
    rows, labels, left_out = chosen_pictures(index, words, known_lesions, with_trained_on=options.with_trained_on)
    lesion_of = np.array([known_lesions.get(index.pictures[row], index.pictures[row]) for row in rows], dtype=object)
    every = JudgedPictures(index, rows, labels, lesion_of)
    judged = every.some(second_half(lesion_of)) if options.chosen_by_effect else every
    _check(judged.labels, classes, left_out)
    if options.random_draws and len(np.unique(judged.spread(options.random_pictures).labels)) < 2:
        raise UserError(
            f"Random filters are compared by their AUC, which takes pictures of two classes: {options.random_pictures} "
            "are too few."
        )
    passes = passes or SharedPasses(network, index)
    logits = passes.logits("own", judged.rows.tolist(), keys, lambda own: [own], options.fill, on_step)
    judged = judged.some(np.isin(judged.rows, logits.rows))
    _check(judged.labels, classes, left_out)
    sides = probabilities(network, logits.before), probabilities(network, logits.after[0])
    # Of two classes that share one probability the other AUC is the same; of two that are decided apart it is not.
    mirrored = len(classes) == 2 and not (network.output.independent and logits.before.shape[1] > 1)
    columns = [scored] if mirrored else np.unique(judged.labels).tolist()
    resamples = judged.resamples(options.draws, options.seed)
    auc, overall = _overall(network, sides, judged.labels, classes, columns, scored, resamples)
    at_threshold = _at_threshold(sides, every, judged, scored, options)
    real = None
    if presence is not None:
        odds = log_odds(network, logits.before, scored), log_odds(network, logits.after[0], scored)
        called, measured = at_threshold.called, at_threshold.measured
        real = with_and_without(judged, classes, scored, presence, odds, called, measured, resamples)
    pictures = tuple(index.pictures[row] for row in judged.rows)
    return MutingEffect(
        keys=keys,
        fill=options.fill,
        classes=classes,
        scored=classes[scored],
        pictures=pictures,
        auc=auc,
        mean_auc=overall["auc"],
        threshold=at_threshold.threshold,
        threshold_from=at_threshold.threshold_from,
        threshold_pictures=int(at_threshold.measured.sum()),
        sensitivity=at_threshold.rates["sensitivity"],
        specificity=at_threshold.rates["specificity"],
        ece=overall["ece"],
        log_loss=overall["log loss"],
        left_out=left_out,
        drawn_over="lesions" if any(name in known_lesions for name in pictures) else "pictures",
        chosen_by_effect=options.chosen_by_effect,
        random=_against_random(network, judged.spread(options.random_pictures), keys, columns, options, passes, on_step)
        if options.random_draws
        else None,
        artifact=_artifact(network, judged, keys, (scored, classes[scored]), options, on_step),
        real=real,
    )


def _scored(classes: Sequence[str], words: ClassWords, options: EffectOptions) -> int:
    """The column of the class that sensitivity, specificity and artifacts are measured of."""
    if not classes or words.classes != classes:
        raise UserError("The words are given to the classes of another network; propose them anew.")
    if options.scored and options.scored not in classes:
        raise UserError(f'The network has no class "{options.scored}"; its classes are {", ".join(classes[:12])}.')
    return classes.index(options.scored) if options.scored else scored_class(classes)


def _overall(
    network: Network,
    sides: tuple[Numbers, Numbers],
    labels: Labels,
    classes: Sequence[str],
    columns: Sequence[int],
    scored: int,
    resamples: BootstrapResamples,
) -> tuple[dict[str, Compared], dict[str, Compared]]:
    """The AUC of each class in `columns` by its name, and their mean ("auc"), "ece" and "log loss"."""
    before, after = sides
    areas = [auc_pair(before[:, k], after[:, k], labels == k) for k in columns]
    fewer = [min(map(resamples.lesions_among, (labels == k, labels != k))) for k in columns]
    losses = [losses_of(side, labels, independent=network.output.independent) for side in sides]
    of_classes = {classes[k]: Quantity(area, few) for k, area, few in zip(columns, areas, fewer, strict=True)}
    overall = {
        "auc": Quantity(_mean(areas), min(fewer)),
        "ece": Quantity(_ece_pair(before, after, labels, scored if len(classes) == 2 else None)),
        "log loss": Quantity(mean_pair(losses[0], losses[1], np.ones(len(labels)))),
    }
    named = {f"auc {name}": area for name, area in of_classes.items()}
    measures = compared(named | overall, resamples)  # all of them on the same draws
    return {name: measures[f"auc {name}"] for name in of_classes}, {name: measures[name] for name in overall}


@dataclass(frozen=True)
class _AtThreshold:
    """Which of N pictures are called before and after, and the rates on those that are `measured` (N,)."""

    threshold: float
    threshold_from: str
    called: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]
    measured: npt.NDArray[np.bool_]
    rates: Mapping[str, Compared]


def _at_threshold(
    sides: tuple[Numbers, Numbers], every: JudgedPictures, judged: JudgedPictures, scored: int, options: EffectOptions
) -> _AtThreshold:
    threshold, measured, threshold_from = options.threshold, np.ones(len(judged.labels), bool), "chosen"
    if threshold is None:
        threshold, measured, threshold_from = threshold_of_half(every, judged, scored)
    called = sides[0][:, scored] >= threshold, sides[1][:, scored] >= threshold
    before, after = (side[measured] for side in called)
    positive = judged.labels[measured] == scored
    resamples = judged.some(measured).resamples(options.draws, options.seed)
    with_class, without = (resamples.lesions_among(side) for side in (positive, ~positive))
    rates = {
        "sensitivity": Quantity(share_pair(before, after, positive), with_class, is_share=True),
        "specificity": Quantity(share_pair(~before, ~after, ~positive), without, is_share=True),
    }
    return _AtThreshold(threshold, threshold_from, called, measured, compared(rates, resamples))


def _against_random(
    network: Network,
    judged: JudgedPictures,
    keys: tuple[FilterKey, ...],
    columns: Sequence[int],
    options: EffectOptions,
    passes: SharedPasses,
    on_step: OnStep,
) -> AgainstRandom:
    columns = [class_index for class_index in columns if (judged.labels == class_index).any()]
    draws, seed = options.random_draws, options.seed
    return against_random(
        network, judged, keys, columns, fill=options.fill, draws=draws, seed=seed, passes=passes, on_step=on_step
    )


def _artifact(
    network: Network,
    judged: JudgedPictures,
    keys: tuple[FilterKey, ...],
    scored: tuple[int, str],
    options: EffectOptions,
    on_step: OnStep,
) -> ArtifactEffect | None:
    if not options.artifact:
        return None
    return artifact_effect(
        network,
        judged.spread(options.artifact_pictures),
        keys,
        options.artifact,
        scored,
        fill=options.fill,
        draws=options.draws,
        seed=options.seed,
        on_step=on_step,
    )


def _check(labels: Labels, classes: Sequence[str], left_out: LeftOut) -> None:
    if not len(labels):
        raise UserError(f"No picture is left to measure on. {left_out.refusal}")
    if len(np.unique(labels)) < 2:
        beginning = f"All {len(labels):,} pictures that are left are {classes[int(labels[0])]}"
        raise UserError(f"{beginning}; it takes two classes. {left_out.refusal}")


def _mean(pairs: Sequence[Pair]) -> Pair:
    def means(weights: Numbers) -> tuple[Numbers, Numbers]:
        before, after = np.mean([pair(weights) for pair in pairs], axis=0)
        return before, after

    return means


def _ece_pair(before: Numbers, after: Numbers, labels: Labels, scored: int | None) -> Pair:
    """The expected calibration errors: of the scored class of two, of the predicted class of more."""
    tables = []
    for side in (before, after):
        confidence = side.max(axis=1) if scored is None else side[:, scored]
        true = (side.argmax(axis=1) == labels) if scored is None else labels == scored
        tables.append((bin_of(confidence)[:, None] == np.arange(BINS)) * (confidence - true)[:, None])

    def errors(weights: Numbers) -> tuple[Numbers, Numbers]:
        ece = [np.abs(weights @ table).sum(axis=1) / weights.sum(axis=1) for table in tables]
        return ece[0], ece[1]

    return errors
