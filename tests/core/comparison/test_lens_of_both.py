"""A lens over two networks on pictures that are not square, however each network cuts them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from explorer.cli import main
from explorer.core.arrays import RGB
from explorer.core.attribution import LENSES, attribute
from explorer.core.comparison.figures_of_both import by_number, draw_both
from explorer.core.comparison.lens_of_both import lens_panels, sheet_row_of_both, through_both
from explorer.core.drawing.overlay import compose
from explorer.core.drawing.signed_overlay import attribution_overlay, limit_of
from explorer.core.figures.side_by_side import side_by_side
from explorer.core.figures.single import FigureStyle
from explorer.core.network import open_network
from explorer.core.network.opening import Network
from explorer.core.progress import no_step
from explorer.core.tags import FilterKey
from trainer.networks.architectures import ScratchCNN
from trainer.networks.checkpoint import Checkpoint, InputSpec, save

TARGET = "class:malignant"


def saved(path: Path, input: InputSpec, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    options = {"filters": (4, 6), "hidden": (8,), "size": input.size[0]}
    weights = ScratchCNN(2, **options).state_dict()
    save(path, Checkpoint("scratch_cnn", ("benign", "malignant"), input, weights, options))
    return path


def opened(path: Path, input: InputSpec, seed: int = 0) -> Network:
    return open_network(saved(path, input, seed), device="cpu")


def picture(height: int, width: int) -> RGB:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


INPUTS = {
    "squash": (InputSpec((32, 32), "squash", 32), InputSpec((32, 32), "squash", 32)),
    "shortest": (InputSpec((32, 32), "shortest", 36), InputSpec((32, 32), "shortest", 36)),
    "mixed": (InputSpec((32, 32), "squash", 32), InputSpec((48, 48), "shortest", 56)),
    "finer": (InputSpec((32, 32), "shortest", 36), InputSpec((48, 48), "squash", 48)),
}


@pytest.mark.parametrize("size", [(45, 60), (60, 45), (40, 40), (20, 90)])
@pytest.mark.parametrize("inputs", INPUTS.values(), ids=INPUTS)
def test_any_picture_has_its_row_of_a_sheet_and_its_figure(
    tmp_path: Path, inputs: tuple[InputSpec, InputSpec], size: tuple[int, int]
) -> None:
    networks = opened(tmp_path / "a.safetensors", inputs[0]), opened(tmp_path / "b.safetensors", inputs[1], 1)
    lenses = [LENSES["saliency"], LENSES["grad-cam"]]
    row = sheet_row_of_both(networks, picture(*size), lenses, TARGET, ["a"])
    assert {panel.shape for panel in row.panels} == {(32, 32, 3)}, "all of what A sees"
    settings = lenses[0].complete({})
    both = through_both(lenses[0], networks, picture(*size), ((TARGET, settings), (TARGET, settings)), no_step)
    panels = lens_panels(lenses[0], both, ("a", "b"))
    assert side_by_side(picture(*size), panels, ("", ""), {}, "png", FigureStyle(dpi=50))


def test_b_is_drawn_in_as_colors_at_the_places_of_what_a_sees(tmp_path: Path) -> None:
    """Both squash the whole picture: B's finer map is read between its cells' centres, as torch does."""
    inputs = InputSpec((32, 32), "squash", 32), InputSpec((48, 48), "squash", 48)
    networks = opened(tmp_path / "a.safetensors", inputs[0]), opened(tmp_path / "b.safetensors", inputs[1], 1)
    rgb, lens = picture(45, 60), LENSES["saliency"]
    row = sheet_row_of_both(networks, rgb, [lens], TARGET, ["a"])
    first, second = (torch.tensor(attribute(network, rgb, "saliency", target=TARGET).map) for network in networks)
    on_first = F.interpolate(second[None, None], (32, 32), mode="bilinear", align_corners=False)[0, 0]
    limit, change = limit_of(first.numpy(), lens.quantile), (on_first - first).numpy()
    ends = (first.numpy(), limit), (on_first.numpy(), limit), (change, limit_of(change, lens.quantile))
    assert row.scales == ("", f"full at {limit:.3g}", f"full at {limit:.3g}", f"full at ±{ends[2][1]:.3g}")
    for panel, (map, end) in zip(row.panels[1:], ends, strict=True):
        wanted = compose(row.panels[0], attribution_overlay(map, (32, 32), limit=end), 1.0)
        np.testing.assert_allclose(panel.astype(int), wanted.astype(int), atol=2)


def test_commands_compare_two_networks_on_pictures_of_any_proportions(tmp_path: Path) -> None:
    inputs = InputSpec((32, 32), "squash", 32), InputSpec((48, 48), "shortest", 56)
    first, second = saved(tmp_path / "a.safetensors", inputs[0]), saved(tmp_path / "b.safetensors", inputs[1], 1)
    (tmp_path / "pictures").mkdir()
    for number, size in enumerate([(45, 60), (60, 45), (40, 40)]):
        Image.fromarray(picture(*size)).save(tmp_path / "pictures" / f"{number}.png")
    networks = ["--model", str(first), "--compare", str(second), "--images", str(tmp_path / "pictures")]
    more = ["--device", "cpu", "--dpi", "50"]
    assert main(["lens", "sheet", *networks, *more, "--target", TARGET, "--out", str(tmp_path / "sheet.png")]) == 0
    asked = ["lens", "saliency", *networks, *more, "--target", TARGET, "--figures", "png"]
    assert main([*asked, "--out", str(tmp_path / "maps")]) == 0
    assert len(list((tmp_path / "maps").glob("*.png"))) == 3
    pair = open_network(first, device="cpu"), open_network(second, device="cpu")
    pairs = by_number(*pair, [FilterKey(1, 2)])
    drawn = draw_both(*pair, pairs, sorted((tmp_path / "pictures").iterdir()), tmp_path / "out", FigureStyle(dpi=50))
    assert (len(drawn.written), drawn.failed) == (3, ())
