"""Pictures are changed as cameras, light and distance would, and nothing changes where nothing is asked for."""

import csv
import io
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
import skimage.exposure
import torch
from hypothesis import given

from explorer.core.errors import UserError
from explorer.core.images import read_image
from explorer.core.network.opening import Network
from explorer.core.what_if import Change, what_if
from explorer.core.what_if.folder import scores_of_both, table_of
from tests.networks import open_small
from trainer.measures.prediction import Prediction
from trainer.pictures.color_constancy import light_of
from trainer.pictures.fitted_light import evened, fitted_light

RGB = np.random.default_rng(0).integers(0, 255, (31, 44, 3), np.uint8)


def skin(height: int = 90, width: int = 120) -> np.ndarray:
    """Skin of one color with a dark lesion in the middle."""
    down, across = np.mgrid[:height, :width]
    inside = ((down - height / 2) / (height / 4)) ** 2 + ((across - width / 2) / (width / 5)) ** 2 < 1
    rgb = np.full((height, width, 3), (200, 150, 130), np.uint8)
    rgb[inside] = (90, 50, 40)
    return rgb


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return open_small(tmp_path_factory.mktemp("small"))


def test_nothing_changes_nothing(small: Network, pictures: Path) -> None:
    assert Change().applied(RGB) is RGB
    assert Change().nothing
    assert Change().sentence == "nothing"
    found = what_if(small, pictures, Change())
    assert not found.flipped
    for one in found.pictures:
        np.testing.assert_array_equal(one.before, one.after)


@given(st.floats(0.1, 10), st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 1))
def test_whatever_is_asked_for_a_picture_stays_a_picture(
    gamma: float, illumination: float, constancy: float, crop: float
) -> None:
    change = Change(gamma, illumination, constancy, crop)
    found = change.applied(RGB)
    assert found.dtype == np.uint8
    assert found.ndim == 3
    assert found.shape[0] == max(1, round(31 * crop))
    assert found.shape[1] == max(1, round(44 * crop))
    assert (change.sentence == "nothing") == change.nothing


def test_gamma_is_scikit_images_to_a_rounding() -> None:
    for gamma in (0.5, 1.3, 2.2):
        expected = skimage.exposure.adjust_gamma(RGB.astype(float) / 255, gamma)
        np.testing.assert_allclose(Change(gamma=gamma).applied(RGB), 255 * expected, atol=0.51)
    assert Change(gamma=1.3).applied(RGB).mean() < RGB.mean() < Change(gamma=0.7).applied(RGB).mean()


def test_a_crop_is_the_middle() -> None:
    np.testing.assert_array_equal(Change(crop=0.5).applied(RGB), RGB[7:23, 11:33])
    assert Change(crop=0.1).applied(RGB[:3, :3]).shape == (1, 1, 3)


def test_constancy_takes_a_cast_away() -> None:
    cast = np.rint(skin() * np.array([1.0, 0.8, 0.7])).astype(np.uint8)
    once = Change(constancy=1.0).applied(cast)
    np.testing.assert_allclose(light_of(once), np.full(3, 3**-0.5), atol=0.01)
    half = light_of(Change(constancy=0.5).applied(cast))
    grey = np.full(3, 3**-0.5)
    assert 0 < np.linalg.norm(half - grey) < np.linalg.norm(light_of(cast) - grey)


def test_a_light_that_was_laid_over_a_picture_is_found_and_taken_away() -> None:
    down, across = np.meshgrid(np.linspace(-1, 1, 90), np.linspace(-1, 1, 120), indexing="ij")
    light = np.exp(0.25 * across - 0.15 * down - 0.2 * across**2 + 0.1 * across * down)
    light /= np.exp(np.log(light).mean())
    lit = np.rint(np.clip(0.8 * skin() * light[:, :, None], 0, 255)).astype(np.uint8)
    np.testing.assert_allclose(fitted_light(lit), light, rtol=0.03)
    even = evened(lit)
    outside = skin()[..., 0] == 200
    assert even[outside].std(0).max() < 3 < lit[outside].std(0).min()
    half = evened(lit, 0.5)
    assert even[outside].std() < half[outside].std() < lit[outside].std()


def test_an_even_light_is_left_alone_whatever_lies_in_it() -> None:
    assert np.abs(evened(skin()).astype(int) - skin()).max() <= 2
    for flat in (np.zeros((5, 7, 3), np.uint8), np.full((1, 1, 3), 90, np.uint8)):
        np.testing.assert_array_equal(evened(flat), flat)


def test_scores_are_the_networks_of_both_pictures(small: Network, pictures: Path) -> None:
    change = Change(gamma=2.0, crop=0.8)
    found = what_if(small, pictures, change)
    assert len(found.pictures) == 12
    one = found.pictures[3]
    rgb = read_image(pictures / one.picture)
    for picture, scores in ((rgb, one.before), (change.applied(rgb), one.after)):
        with torch.no_grad():
            logits = small.logits(small.input.prepare(picture)[None]).numpy()
        np.testing.assert_allclose(Prediction(logits).probabilities[0], scores, atol=1e-5)
    assert np.abs(one.after - one.before).max() > 0
    np.testing.assert_allclose(found.mean_change(), np.mean([one.after - one.before for one in found.pictures], 0))


def test_the_table_has_both_scores_of_every_class(small: Network, pictures: Path) -> None:
    (pictures / "benign" / "broken.png").write_bytes(b"nothing")
    found = what_if(small, pictures, Change(gamma=1.5))
    assert len(found.unreadable) == 1
    rows = list(csv.DictReader(io.StringIO(table_of(found).decode())))
    assert [row["picture"] for row in rows] == [one.picture for one in found.pictures]
    assert rows[0]["picture"] == "benign/picture1.png"
    for row, one in zip(rows, found.pictures, strict=True):
        for place, name in enumerate(("benign", "malignant")):
            assert float(row[f"before:{name}"]) == pytest.approx(one.before[place], abs=1e-5)
            assert float(row[f"after:{name}"]) == pytest.approx(one.after[place], abs=1e-5)
        assert (row["named_before"] != row["named_after"]) == one.flips


@pytest.mark.parametrize(
    "values", [{"gamma": 0.0}, {"gamma": float("nan")}, {"illumination": 1.1}, {"constancy": -0.1}, {"crop": 0.0}]
)
def test_what_leaves_nothing_to_see_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(values))} is"):
        Change(**values)


def test_one_picture_is_a_folder_of_one(small: Network, pictures: Path) -> None:
    path = pictures / "benign" / "picture1.png"
    rgb = read_image(path)
    (one,) = what_if(small, path, Change(gamma=0.5)).pictures
    assert one.picture == "picture1.png"
    np.testing.assert_array_equal(one.after, scores_of_both(small, rgb, Change(gamma=0.5).applied(rgb))[1])
