"""Near-duplicates: what is found, what is not, on drawn and on real pictures."""

import csv
import io
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy.spatial.distance import cdist

from tests.conftest import SHARED
from trainer.cohort import near_duplicates as module
from trainer.cohort.near_duplicates import near_duplicates, read_signature, signature, written

REAL = SHARED / "isic10k"


def drawn(seed: int) -> Image.Image:
    """Blotches of all sizes, the larger the stronger, as in photographs."""
    random = np.random.default_rng(seed)
    total = np.zeros((300, 300, 3))
    for cells in (3, 6, 12, 24, 48):
        blotches = random.integers(0, 256, (cells, cells, 3)).astype(np.uint8)
        total += np.asarray(Image.fromarray(blotches).resize((300, 300), Image.Resampling.BICUBIC)) / cells
    return Image.fromarray((total * (220 / total.max())).astype(np.uint8))


def saved_again(picture: Image.Image) -> Image.Image:
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=40)
    return Image.open(content)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "saved again": saved_again,
    "half the size": lambda picture: picture.resize((150, 150)).resize((300, 300)),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.15),
    "grey": lambda picture: picture.convert("L").convert("RGB"),
    "moved by three pixels": lambda picture: picture.crop((3, 3, 300, 300)).resize((300, 300)),
    "a twentieth cut off all around": lambda picture: picture.crop((15, 15, 285, 285)).resize((300, 300)),
    "a twentieth cut off at the left": lambda picture: picture.crop((15, 0, 300, 300)).resize((300, 300)),
    "a twentieth cut off at a corner": lambda picture: picture.crop((0, 15, 285, 300)).resize((300, 300)),
    "a twentieth cut off above and below": lambda picture: picture.crop((0, 15, 300, 285)).resize((300, 300)),
    "a twentieth cut off left and right": lambda picture: picture.crop((15, 0, 285, 300)).resize((300, 300)),
    "a twentieth cut off at three sides": lambda picture: picture.crop((15, 15, 285, 300)).resize((300, 300)),
    "mirrored and cut off at the left": lambda picture: (
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).crop((15, 0, 300, 300)).resize((300, 300))
    ),
    "turned and cut off all around": lambda picture: (
        picture.transpose(Image.Transpose.ROTATE_90).crop((15, 15, 285, 285)).resize((300, 300))
    ),
    **{how.name.lower(): lambda picture, how=how: picture.transpose(how) for how in Image.Transpose},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(change: str) -> None:
    pictures = [drawn(seed) for seed in range(40)]
    pictures += [CHANGES[change](drawn(7)), CHANGES[change](drawn(31))]
    found = near_duplicates([signature(np.asarray(picture)) for picture in pictures])
    assert found.tolist() == [[7, 40], [31, 41]]


def test_blocks_give_what_comparing_all_at_once_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    base = np.stack([np.asarray(drawn(seed).convert("L").resize((48, 48))) for seed in range(40)])
    noise = random.normal(0, random.choice([0, 6, 15], (160, 1, 1)), (160, 48, 48))
    table = np.clip(base[random.integers(0, 40, 160)] + noise, 0, 255).astype(np.uint8)
    greys = table.astype(np.float32)
    views = [view for turned in module.VIEWS for view in turned]
    own, centres = views[0].signs(views[0].frequencies(greys)), views[0].centres(greys)
    expected = np.zeros((160, 160), bool)
    for place, view in enumerate(views):
        shown, least = view.signs(view.frequencies(greys)), 0.98 if place else 0.9
        whole, coarse = (
            cdist(
                own[:, :side, :side].reshape(160, -1)[:, 1:],
                shown[:, :side, :side].reshape(160, -1)[:, 1:],
                "cityblock",
            )
            for side in (16, 8)
        )
        alike = (whole <= 36) & (coarse <= 12) & (cdist(centres, view.centres(greys), "correlation") <= 1 - least)
        expected |= alike | alike.T
    monkeypatch.setattr(module, "_ROWS", 32)
    monkeypatch.setattr(module, "_COLUMNS", 64)
    monkeypatch.setattr(module, "_PAIRS", 7)
    found = near_duplicates([row.tobytes() for row in table])
    assert found.tolist() == np.argwhere(np.triu(expected, 1)).tolist()
    assert len(found) > 40


@pytest.mark.parametrize("view", module.SYMMETRIES)
def test_the_hash_of_a_symmetry_follows_from_the_picture(view: module.View) -> None:
    """What a view shows is what turning the pixels gives."""
    grey = np.asarray(drawn(3).convert("L").resize((48, 48)))
    turned = grey.T if view.transposed else grey
    turned = turned[:: -1 if view.upside_down else 1, :: -1 if view.mirrored else 1]
    one, other = grey[None].astype(np.float32), turned[None].astype(np.float32)
    plain = module.SYMMETRIES[0]
    assert (view.signs(view.frequencies(one)) == plain.signs(plain.frequencies(other))).mean() > 0.99
    assert np.allclose(view.centres(one), module.SYMMETRIES[0].centres(other), atol=1e-3)


def test_even_pictures_are_like_no_other() -> None:
    even = [signature(np.full((32, 32, 3), value, np.uint8)) for value in (0, 0, 90, 255)]
    assert near_duplicates(even).shape == (0, 2)
    assert near_duplicates([]).shape == (0, 2)


def test_a_signature_survives_being_written() -> None:
    kept = signature(np.asarray(drawn(0)))
    assert read_signature(written(kept)) == kept
    with pytest.raises(ValueError):
        read_signature(written(kept)[:100])


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real pictures beside the repository")
def test_on_real_pictures_most_that_is_joined_is_known_to_belong_together() -> None:
    with (REAL / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    members: dict[str, int] = {}
    for row in rows:
        members[row["group"]] = members.get(row["group"], 0) + 1
    chosen = [row for at, row in enumerate(rows) if members[row["group"]] > 1 or at % 15 == 0]
    found = near_duplicates([signature(np.asarray(Image.open(REAL / row["image"]).convert("RGB"))) for row in chosen])
    known = [chosen[one]["group"] == chosen[other]["group"] for one, other in found.tolist()]
    assert sum(known) >= 50
    assert np.mean(known) > 0.9


def test_a_folder_full_of_one_picture_does_not_fill_the_memory() -> None:
    """Placeholders ("image not available") come in thousands; every two of them are a pair."""
    same = signature(np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8))
    tracemalloc.start()
    try:
        pairs = near_duplicates([same] * 800)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(pairs) == 800 * 799 // 2
    assert peak < 100 << 20
