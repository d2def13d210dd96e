"""A network with a field of view sees the surround of the lesion, and what it answers lies there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.core.activations import record
from explorer.core.index.peak_crop import peak_crop
from explorer.core.index.receptive_field import ReceptiveField
from explorer.core.network import open_network
from tests.networks import save_small
from tests.trainer.runs import CPU, small, trained
from trainer.cohort.parallel_decoding import decode
from trainer.cohort.prepare import PrepareOptions, prepare
from trainer.concepts import finding
from trainer.concepts.surround import LEAST_SHARE, surround
from trainer.evaluation.inference import logits_of
from trainer.files.errors import UserError
from trainer.networks.checkpoint import load, save
from trainer.networks.input_spec import Box, InputSpec
from trainer.pictures.image_decoding import read_image
from trainer.synthetic.picture import draw

SEES = InputSpec((64, 64), "squash", 64, field_of_view=0.3)
SPOT = (150, 260, 220, 330)
"""First row, row after the last, first column, column after the last of the lesion of `spotted`."""


def spotted(height: int = 400, width: int = 500) -> np.ndarray:
    """Skin with one dark round spot."""
    rng = np.random.default_rng(0)
    rgb = np.full((height, width, 3), (220, 170, 150), float) + rng.normal(0, 3, (height, width, 3))
    y, x = np.indices((height, width))
    top, bottom, left, right = SPOT
    inside = ((y - (top + bottom) / 2) / (bottom - top) * 2) ** 2 + (
        (x - (left + right) / 2) / (right - left) * 2
    ) ** 2 < 1
    rgb[inside] = rng.normal((90, 50, 40), 5, (int(inside.sum()), 3))
    return rgb.clip(0, 255).astype(np.uint8)


def bare() -> np.ndarray:
    return np.full((120, 160, 3), (220, 170, 150), np.uint8)


def test_the_part_is_a_square_around_the_lesion_inside_the_picture() -> None:
    rgb = spotted()
    part = surround(rgb, 0.3)
    assert part is not None
    assert part.height == part.width == pytest.approx(110 * 1.6, rel=0.1)
    assert part.top + part.height / 2 == pytest.approx(205, abs=8)
    assert part.left + part.width / 2 == pytest.approx(275, abs=8)
    wide = surround(rgb, 3.0)
    assert wide is not None
    assert (wide.height, wide.width) == (400, 500)
    speck = surround(rgb, 0.05)
    assert speck is not None
    assert speck.height >= LEAST_SHARE * 400


@pytest.mark.parametrize(
    ("rows", "columns", "wanted"),
    [
        ((0, 50), (60, 100), (0, 40, 80, 80)),  # moved into the picture
        ((180, 224), (200, 224), (154, 154, 70, 70)),
        ((0, 224), (100, 140), (0, 0, 224, 224)),  # cut to the picture
    ],
)
def test_the_square_is_moved_into_the_picture(
    monkeypatch: pytest.MonkeyPatch, rows: tuple[int, int], columns: tuple[int, int], wanted: tuple[int, ...]
) -> None:
    monkeypatch.setattr("trainer.concepts.surround._extent", lambda *picture: (rows, columns))
    assert surround(np.zeros((224, 224, 3), np.uint8), 0.3) == wanted


def test_it_is_the_concepts_lesion() -> None:
    rgb = np.ascontiguousarray(spotted()[90:314, 160:384])  # of the working size
    part = surround(rgb, 0.05)
    inside = finding.find(rgb)["lesion"] >= 0.5
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    assert part is not None
    assert part.top <= rows[0]
    assert part.top + part.height > rows[-1]
    side = max(np.ptp(rows), np.ptp(columns)) + 1
    assert part.height == part.width == pytest.approx(max(1.1 * side, 56), abs=1)


def test_what_the_network_sees_lies_where_the_frame_says() -> None:
    rgb = spotted()
    part = surround(rgb, 0.3)
    assert part is not None
    plain = SEES.of_surround
    assert (SEES.crop(rgb) == plain.crop(np.ascontiguousarray(part.of(rgb)))).all()
    assert SEES.frame_of(rgb) == Box(part.top, part.left, part.height, part.width)
    centre = replace(SEES, resize_to=80)
    frame = centre.frame_of(rgb)
    assert frame.height == frame.width == pytest.approx(part.height * 0.8)
    assert frame.top == pytest.approx(part.top + part.height * 0.1)
    # A mask is cut as its picture, in which alone a lesion is found.
    mask = np.zeros_like(rgb)
    mask[part.top : part.top + part.height, part.left : part.left + part.width] = 255
    assert (SEES.crop(mask, of=rgb) == 255).all()
    assert (SEES.in_color.crop(rgb) == SEES.crop(rgb)).all()


def test_a_picture_without_a_lesion_is_seen_whole() -> None:
    assert SEES.surround(bare()) is None
    assert SEES.frame_of(bare()) == Box(0, 0, 120, 160)
    assert (SEES.crop(bare()) == SEES.of_surround.crop(bare())).all()


def test_a_lesion_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rgb, calls = spotted(300, 300), []
    known = finding.by_network
    monkeypatch.setattr(finding, "by_network", lambda *words: calls.append(1) or known(*words))
    for _ in range(3):
        SEES.crop(rgb)
        SEES.frame_of(rgb.copy())
    assert len(calls) == 1


@pytest.mark.parametrize("margin", [-0.1, 0.01, 3.5, float("nan")])
def test_a_margin_that_makes_no_sense_is_refused(margin: float, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"within 0\.05 to 3"):
        replace(SEES, field_of_view=margin)
    with pytest.raises(UserError, match=r"--field-of-view: a field of view of .* within 0\.05 to 3"):
        prepare(tmp_path, None, tmp_path / "c.h5", PrepareOptions(field_of_view=margin))


def test_files_say_it_and_older_ones_stay_what_they_were(tmp_path: Path) -> None:
    assert InputSpec.from_dict(SEES.to_dict()) == SEES
    assert "field_of_view" not in InputSpec().to_dict()
    path = save_small(tmp_path / "n.safetensors")
    before = path.read_bytes()
    save(path, load(path))
    assert path.read_bytes() == before
    save(path, replace(load(path), input=replace(load(path).input, field_of_view=0.3)))
    assert b'\\"version\\": 4' in path.read_bytes()


def test_maps_lie_on_the_surround(tmp_path: Path) -> None:
    path = save_small(tmp_path / "n.safetensors")
    save(path, replace(load(path), input=InputSpec((32, 32), "squash", 32, field_of_view=0.3)))
    network, rgb = open_network(path, device="cpu"), spotted()
    part = surround(rgb, 0.3)
    assert part is not None
    answers = record(network, rgb)
    assert answers.frame == Box(part.top, part.left, part.height, part.width)
    save(path, replace(load(path), input=InputSpec((32, 32), "squash", 32)))
    cut = record(open_network(path, device="cpu"), np.ascontiguousarray(part.of(rgb)))
    assert all((answers.maps[layer] == cut.maps[layer]).all() for layer in cut.maps)
    halves = np.array([[0, 16], [16, 32]])  # of the input
    found = peak_crop(rgb, ReceptiveField(halves, halves, replace(network.input, size=(64, 64), resize_to=64)), (0, 1))
    assert found is not None
    assert found.rgb.shape[:2] == pytest.approx((part.height / 2, part.width / 2), abs=2)
    begin = found.part.top * part.height + part.top, found.part.left * part.width + part.left
    assert begin == pytest.approx((part.top - part.height / 8, part.left + part.width / 8), abs=1)
    top, left = map(round, begin)
    assert (found.rgb == rgb[top : top + found.rgb.shape[0], left : left + found.rgb.shape[1]]).all()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for number in range(20):
        kind = ("benign", "malignant")[number % 2]
        (folder / kind).mkdir(exist_ok=True)
        Image.fromarray(draw(number, size=128, label=kind).rgb[16:112]).save(folder / kind / f"{number}.png")
    return folder


@pytest.mark.usefixtures("no_figures")
def test_prepared_trained_and_opened_again(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    found = prepare(images, None, tmp_path / "c.h5", PrepareOptions(side=48, field_of_view=0.3))
    cohort = found.cohort
    assert cohort.field_of_view == 0.3
    whole = [name for name in cohort.names if surround(read_image(images / name), 0.3) is None]
    assert any("no lesion was found; they are kept whole" in note for note in found.notes) == bool(whole)
    sees = InputSpec((48, 48), "squash", 48, field_of_view=0.3)
    for place in range(0, len(cohort), 7):
        name = cohort.names[place]
        stored = cohort.pictures([place])[0]
        assert (stored == decode(images, name, 48, 0.3)[1]).all()
        assert np.abs(stored.astype(int) - sees.crop(read_image(images / name))).max() <= 1
    outcome = trained(cohort, tmp_path / "run", small(epochs=1))
    network = open_network(outcome.network, device="cpu")
    assert network.input.field_of_view == 0.3
    # The explorer's answer to a picture is that of training to what was stored of it.
    answers = logits_of(network.module, (cohort, np.array([0, 7])), network.input, CPU)
    for place, answer in zip((0, 7), answers, strict=True):
        assert record(network, read_image(images / cohort.names[place])).logits == pytest.approx(answer, abs=0.02)
    card = (tmp_path / "run" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "| field of view | the lesion and 0.3 of it around |" in card
    other = replace(cohort, path=tmp_path / "whole.h5", settings={})
    with pytest.raises(UserError, match=r"cuts them with --field-of-view 0.3, and whole.h5 was prepared with none"):
        logits_of(network.module, (other, np.array([0])), network.input, CPU)
    with pytest.raises(UserError, match=r"with no --field-of-view, and c.h5 was prepared with 0.3"):
        logits_of(network.module, (cohort, np.array([0])), network.input.of_surround, CPU)
