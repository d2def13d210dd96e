"""How well lesion and artifacts are found: by the network, by the rules, and by the larger of both."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from trainer.concepts.amounts import amount
from trainer.concepts.drawn_layers import DrawnLayers
from trainer.concepts.finding import by_network, larger
from trainer.concepts.network import ConceptNetwork
from trainer.concepts.pictures import Pictures
from trainer.concepts.rules import by_rule
from trainer.concepts.words import ARTIFACTS
from trainer.files.progress import OnStep, no_step

Floats = npt.NDArray[np.float32]
Maps = Mapping[str, Floats]

WAYS = ("network", "rule", "larger")


@dataclass(frozen=True)
class Row:
    """One measured figure: of which concept, found how, and over how many."""

    concept: str
    way: str
    figure: str
    value: float
    over: str


def ways_of(rgb: npt.NDArray[np.uint8], network: ConceptNetwork) -> dict[str, Maps]:
    """The maps of a picture at the working size, for each of `WAYS`."""
    first, second = by_network(rgb, network), by_rule(rgb)
    return {
        "network": first,
        "rule": second,
        "larger": {name: larger(name, first[name], second[name]) for name in first},
    }


def lesion_rows(
    pictures: Pictures, network: ConceptNetwork, on_step: OnStep = no_step, called: str = "pictures"
) -> Iterator[Row]:
    """Dice of the lesion on pictures that taught nothing: median, mean and tenth percentile."""
    scores: dict[str, list[float]] = {"network": [], "rule": []}
    for index in range(len(pictures)):
        rgb, truth = _rgb(pictures, index), pictures.lesion[index].numpy() > 0
        for way, maps in (("network", by_network(rgb, network)), ("rule", by_rule(rgb, ("lesion",)))):
            scores[way].append(dice(maps["lesion"] >= 0.5, truth))
        on_step(index + 1, len(pictures))
    for way, values in scores.items():
        figures = {"median": np.median(values), "mean": np.mean(values), "p10": np.quantile(values, 0.1)}
        for figure, value in figures.items():
            yield Row("lesion", way, f"Dice, {figure}", float(value), f"{len(values)} {called}")


def drawn_rows(
    pictures: Pictures, layers: Mapping[str, DrawnLayers], network: ConceptNetwork, seed: int, on_step: OnStep = no_step
) -> Iterator[Row]:
    """Drawn artifacts in real pictures, one kind of artifact in each.

    The area under the ROC over the pixels that drawing changed against the same pixels without it, the mean over
    pictures, and Dice of the map at 0.5 with the drawing's mask: a real hair that is found beside it counts as wrong.
    """
    rng = np.random.default_rng(seed)
    areas: dict[tuple[str, str], list[float]] = {(name, way): [] for name in ARTIFACTS for way in WAYS}
    overlaps: dict[tuple[str, str], list[float]] = {key: [] for key in areas}
    for index in range(len(pictures)):
        plain = ways_of(_rgb(pictures, index), network)
        for name in ARTIFACTS:
            laid, covered = layers[name].lay(pictures.rgb[index].float() / 255, rng)
            if covered.sum() < 5:
                continue
            mask = covered.numpy()
            drawn = ways_of((laid * 255).round().byte().permute(1, 2, 0).numpy(), network)
            for way in WAYS:
                with_it, without = drawn[way][name], plain[way][name]
                areas[name, way].append(auc(with_it[mask], without[mask]))
                overlaps[name, way].append(dice(with_it >= 0.5, mask))
        on_step(index + 1, len(pictures))
    for (name, way), values in areas.items():
        if not values:  # it could be drawn into none of them
            continue
        over = f"{len(values)} pictures"
        yield Row(name, way, "drawn, AUC", float(np.mean(values)), over)
        yield Row(name, way, "drawn, Dice", float(np.mean(overlaps[name, way])), over)


def real_rows(pictures: Pictures, network: ConceptNetwork, on_step: OnStep = no_step) -> Iterator[Row]:
    """ "Is there any", against what was seen in real pictures: the area under the ROC of the amount.

    An artifact that all of them have, or none, has no such area and no row.
    """
    amounts: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for index in range(len(pictures)):
        for way, maps in ways_of(_rgb(pictures, index), network).items():
            amounts[way].append({name: amount(name, maps[name]) for name in ARTIFACTS})
        on_step(index + 1, len(pictures))
    for number, name in enumerate(ARTIFACTS):
        seen = pictures.said[:, number].numpy()
        for way in WAYS:
            values = np.array([row[name] for row in amounts[way]])
            present, absent = values[seen == 1], values[seen == 0]
            if len(present) and len(absent):
                yield Row(
                    name, way, "is there any, AUC", auc(present, absent), f"{len(present)} with, {len(absent)} without"
                )


def dice(predicted: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    """Twice what both have, against what each has; 1 where both are empty."""
    total = int(predicted.sum()) + int(truth.sum())
    return 2 * int((predicted & truth).sum()) / total if total else 1.0


def auc(positive: npt.NDArray[np.floating], negative: npt.NDArray[np.floating]) -> float:
    """The area under the ROC of values that should be larger against values that should be smaller."""
    truth = np.arange(len(positive) + len(negative)) < len(positive)
    return float(roc_auc_score(truth, np.concatenate([positive, negative])))


def in_table(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The rows as those of a CSV, with their header."""
    return [
        ("concept", "way", "figure", "value", "over"),
        *((row.concept, row.way, row.figure, f"{row.value:.4f}", row.over) for row in rows),
    ]


def _rgb(pictures: Pictures, index: int) -> npt.NDArray[np.uint8]:
    rgb: npt.NDArray[np.uint8] = pictures.rgb[index].permute(1, 2, 0).contiguous().numpy()
    return rgb
