"""How well concepts are found: floors on drawn pictures, whose masks are exact, and on a few real ones."""

import csv
import functools

import numpy as np
import numpy.typing as npt
import pytest

from explorer.core.concepts import artifact_scores, concept_maps, given_lesion, given_lesions
from explorer.core.images import read_image
from trainer.concepts.evaluation import auc, dice
from trainer.synthetic import draw

ARTIFACTS = ("hair", "ruler", "reflection", "bubble", "ink", "patch", "corner")


def test_the_lesion_of_drawn_pictures_is_found():
    values = []
    for seed in range(6):
        picture = draw(seed, size=224, concepts=frozenset())
        values.append(dice(concept_maps(picture.rgb)["lesion"] >= 0.5, picture.masks["lesion"]))
    assert np.median(values) > 0.88, values


@functools.cache
def maps_without_artifacts(seed: int) -> dict[str, npt.NDArray[np.float32]]:
    return concept_maps(draw(seed, size=224, skin=2, concepts=frozenset()).rgb)


@pytest.mark.parametrize("name", ARTIFACTS)
def test_a_drawn_artifact_raises_its_own_map_where_it_lies(name):
    rises = []
    for seed in range(3):
        drawn = draw(seed, size=224, skin=2, concepts=frozenset({name}))
        mask = drawn.masks[name]
        rises.append(auc(concept_maps(drawn.rgb)[name][mask], maps_without_artifacts(seed)[name][mask]))
    assert np.mean(rises) > 0.9, rises


def test_real_lesions_and_hairs_are_found(ham10000):
    rows = list(csv.DictReader((ham10000 / "artifacts.csv").read_text("utf-8").splitlines()))
    masks = given_lesions(ham10000 / "masks")
    overlaps, scores = [], {"1": [], "0": []}
    for said, found in scores.items():
        for row in [row for row in rows if row["hair_1"] == row["hair_2"] == said][:8]:
            path = ham10000 / "images" / f"{row['image_id']}.jpg"
            maps = concept_maps(read_image(path))
            overlaps.append(dice(maps["lesion"] >= 0.5, given_lesion(path, masks)))
            found.append(artifact_scores(maps)["hair"])
    assert np.median(overlaps) > 0.9, overlaps
    assert auc(np.array(scores["1"]), np.array(scores["0"])) > 0.8, scores
