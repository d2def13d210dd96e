"""An effect in words and numbers: the sentence, the table, and the JSON of `feature-explorer mute`."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from explorer.core.index.muted_alone import OneByOne
from explorer.core.muting.against_random import AgainstRandom
from explorer.core.muting.effect import MutingEffect
from explorer.core.muting.one_by_one import Agreement
from explorer.core.muting.with_and_without import WithAndWithout
from trainer.measures.percent import percent
from trainer.measures.spoken import change, signed, spoken, within

_MEASURED = ("value", "low", "high")


def sentence(effect: MutingEffect, named: str = "") -> str:
    """What muting does, in one sentence; `named` says which filters they are, as in "tagged hair"."""
    count = len(effect.keys)
    action = " ".join(filter(None, [f"muting the {count:,} filters" if count > 1 else "muting the filter", named]))
    auc = effect.mean_auc
    parts = [f"changes the AUC by {change(auc.change)}"]
    if effect.random is not None and effect.random.clause:
        parts[0] += f" ({effect.random.clause})"
    if effect.artifact is not None:
        artifact_effect = effect.artifact.effect
        before, after = (signed(side.value, 2) for side in (artifact_effect.before, artifact_effect.after))
        parts.append(f"the effect of a drawn {effect.artifact.artifact} on the score from {before} to {after} logits")
    return f"{action} {' and '.join(parts)}"


def artifact_of(word: str, artifacts: Iterable[str]) -> str:
    """Which of some artifacts a word is, whatever its case; "" where it is none of them."""
    return next((artifact for artifact in artifacts if artifact == word.strip().casefold()), "")


def rows(values: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """The lines of the table of an effect (`as_dict`): what was measured, before, after, change, and its interval."""
    auc = values["auc"]
    pairs = [(f"AUC of {name}" if len(auc) > 1 else "AUC", pair) for name, pair in auc.items()]
    if len(auc) > 1:
        pairs.append(("mean AUC", values["mean_auc"]))
    operating_point = f"{values['scored']} from {values['threshold']['value']:.2f}"
    pairs += [
        (f"sensitivity, {operating_point}", values["sensitivity"]),
        (f"specificity, {operating_point}", values["specificity"]),
        ("calibration error", values["calibration_error"]),
        ("log loss", values["log_loss"]),
    ]
    if (drawn := values["artifact"]) is not None:
        pairs.append((f"drawn {drawn['artifact']}, logits", drawn))
    if (real := values["with_and_without"]) is not None:
        pairs.append((f"with {real['artifact']} less without, logits", real["score"]))
    return [(name, *_written(pair)) for name, pair in pairs]


def _written(pair: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Before, after, change and interval of a pair (`Compared.as_dict`)."""
    before, after = (pair[side]["value"] for side in ("before", "after"))
    value, low, high = (math.nan if pair["change"][name] is None else pair["change"][name] for name in _MEASURED)
    before, after = ("–" if side is None else f"{side:.3f}" for side in (before, after))
    return before, after, "–" if math.isnan(value) else signed(value), within(low, high)


def table(effect: MutingEffect) -> list[str]:
    """`rows` as lines of equal columns."""
    lines = [("", "before", "after", "change", "95 % interval of the change"), *rows(as_dict(effect))]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return [
        f"{line[0]:<{widths[0]}}  " + "  ".join(f"{line[column]:>{widths[column]}}" for column in range(1, 5))
        for line in lines
    ]


def notes(effect: MutingEffect) -> list[str]:
    """What must be known to read the numbers."""
    sentences = [
        f"Measured on {len(effect.pictures):,} pictures, intervals over {effect.drawn_over}. {effect.left_out.sentence}"
    ]
    if effect.chosen_by_effect:
        sentences.append("The filters were chosen by their effect on this folder: this is its other half.")
    others = "the other " if effect.threshold_pictures < len(effect.pictures) else ""
    sentences.append(
        f"The threshold {effect.threshold:.3f} is {effect.threshold_from}; sensitivity and specificity are of "
        f"{others}{effect.threshold_pictures:,} pictures."
    )
    if effect.random is not None:
        sentences.append(_of_random(effect.random))
    if effect.artifact is not None:
        sentences.append(
            f"The effect of a drawn {effect.artifact.artifact} is on the score of {effect.artifact.scored}, the mean "
            f"over classes, on {effect.artifact.pictures:,} pictures with and without it."
        )
    return sentences if effect.real is None else sentences + _of_real(effect.real)


def as_dict(effect: MutingEffect) -> dict[str, Any]:
    """The JSON form of an effect."""
    return {
        "filters": [str(key) for key in effect.keys],
        "fill": effect.fill,
        "classes": list(effect.classes),
        "scored": effect.scored,
        "pictures": len(effect.pictures),
        "drawn_over": effect.drawn_over,
        "left_out": effect.left_out.sentence,
        "chosen_by_effect": effect.chosen_by_effect,
        "auc": {name: pair.as_dict() for name, pair in effect.auc.items()},
        "mean_auc": effect.mean_auc.as_dict(),
        "threshold": {
            "value": effect.threshold,
            "from": effect.threshold_from,
            "pictures": effect.threshold_pictures,
        },
        "sensitivity": effect.sensitivity.as_dict(),
        "specificity": effect.specificity.as_dict(),
        "calibration_error": effect.ece.as_dict(),
        "log_loss": effect.log_loss.as_dict(),
        "random": effect.random.as_dict() if effect.random is not None else None,
        "artifact": effect.artifact.as_dict() if effect.artifact is not None else None,
        "with_and_without": effect.real.as_dict() if effect.real is not None else None,
    }


def each_filter(one_by_one: OneByOne) -> list[dict[str, Any]]:
    """What muting each filter by itself does to the margin, in logits, as plain JSON values."""
    changes = zip(one_by_one.keys, one_by_one.change.tolist(), one_by_one.absolute_change.tolist(), strict=True)
    return [
        {"filter": str(key), "margin_change": change, "margin_change_abs": absolute}
        for key, change, absolute in changes
    ]


def agreement_table(agreements: list[Agreement]) -> list[str]:
    """How well relevance foretells muting, a line for each layer."""
    lines = [("layer", "name", "filters", "a picture", "over pictures")]
    lines += [
        (
            str(agreement.layer),
            agreement.name,
            str(agreement.filters),
            f"{agreement.per_picture:.3f}",
            f"{agreement.over_folder:.3f}",
        )
        for agreement in agreements
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return ["  ".join(f"{text:>{width}}" for text, width in zip(line, widths, strict=True)) for line in lines]


def _of_random(random: AgainstRandom) -> str:
    if not random.draws:
        return f"Against {random.compared_with}."
    shares = ""
    if math.isfinite(random.share):
        shares = (
            f" They carry {percent(random.random_share, 1)} of the relevance, "
            f"the muted ones {percent(random.share, 1)}."
        )
    return (
        f"Against {random.compared_with}, on the same {random.pictures:,} pictures, where muting changes the AUC by "
        f"{signed(random.change)}; a low percentile says that few others cost as much.{shares}"
    )


def _of_real(real: WithAndWithout) -> list[str]:
    counts = ", ".join(
        f"{count:,} of {count + real.without_it[name]:,} of {name}" for name, count in real.with_it.items()
    )
    odds = [spoken(side, 2) for side in (real.odds_before, real.odds_after)]
    changed = (
        f", the second {spoken(real.odds_change, 2)} times the first" if math.isfinite(real.odds_change.low) else ""
    )
    lines = [
        f"Pictures with {real.artifact}: {counts}. Within class, the odds of being called {real.scored} with it over "
        f"those without it are {odds[0]} before and {odds[1]} after muting (Haldane's correction){changed}. Such "
        "pictures may differ in other things too."
    ]
    if real.errors:
        errors = "; ".join(
            f"of {error.of_class} it missed {error.missed} of {error.with_it} and saw it in {error.invented} of "
            f"{error.without_it} without it"
            for error in real.errors
        )
        lines.append(
            f"Where a person said it, the program's own finding of {real.artifact} is wrong so often: {errors}."
        )
    elif real.found:
        lines.append(
            f"In {real.found:,} of these pictures the program alone says whether there is {real.artifact}: how often "
            "it is wrong, and whether more in one class, was not checked; a person's list (--artifacts CSV) would tell."
        )
    return lines
