"""`feature-explorer lens ... --compare`: a lens over two networks, from the command line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explorer.cli import main
from explorer.core.attribution import LENSES, attribute
from explorer.core.attribution.sheet_rows import sheet_row
from explorer.core.comparison.lens_of_both import sheet_row_of_both, sheet_titles
from explorer.core.figures.encoding import read_description
from explorer.core.images import read_image
from explorer.core.network import open_network
from tests.conftest import ROOT
from tests.networks import save_normed, save_small

DEMO = ROOT / "resources" / "demo"


@pytest.fixture
def networks(tmp_path: Path) -> tuple[Path, Path]:
    return save_small(tmp_path / "a.safetensors"), save_small(tmp_path / "b.safetensors", seed=1)


def words(lens: str, networks: tuple[Path, Path], out: Path, *more: str) -> list[str]:
    first, second = map(str, networks)
    asked = ["lens", lens, "--model", first, "--compare", second, "--device", "cpu", "--out", str(out)]
    return [*asked, "--figures", "png", "--dpi", "50", *more]


def test_both_maps_and_the_difference_lie_in_one_file(
    tmp_path: Path, networks: tuple[Path, Path], pictures: Path
) -> None:
    image, out = pictures / "benign" / "picture1.png", tmp_path / "x.npz"
    asked = words("saliency", networks, out, "--image", str(image), "--target", "class:malignant")
    assert main(asked) == 0
    opened = [open_network(path, device="cpu") for path in networks]
    first, second = (attribute(one, read_image(image), "saliency", target="class:malignant") for one in opened)
    with np.load(out) as found:
        largest = float(second.map.max())
        np.testing.assert_allclose(found["map"], first.map, atol=1e-5 * largest)
        np.testing.assert_allclose(found["second_map"], second.map, atol=1e-5 * largest)
        np.testing.assert_allclose(found["difference"], second.map - first.map, atol=1e-4 * largest)
        assert float(found["second_score"]) == pytest.approx(second.score, rel=1e-4)
        described = json.loads(str(found["settings"]))
    assert (described["network"], described["second_network"]) == (opened[0].identity, opened[1].identity)
    drawn = read_description(out.with_suffix(".png"))
    assert drawn is not None
    assert (drawn["lens"], drawn["second_target"]) == ("saliency", "class:malignant")


def test_a_folder_goes_on_where_it_stopped_and_tells_another_second_network(
    tmp_path: Path, networks: tuple[Path, Path], pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--images", str(pictures), "--target", "class:malignant", "--json"]
    out = tmp_path / "maps"
    assert main(words("grad-cam", networks, out, *where)) == 0
    assert len(json.loads(capsys.readouterr().out)["written"]) == 24
    assert main(words("grad-cam", networks, out, *where)) == 0
    assert json.loads(capsys.readouterr().out)["written"] == []
    other = networks[0], save_small(tmp_path / "c.safetensors", seed=2)
    assert main(words("grad-cam", other, out, *where)) == 1
    assert "other settings" in capsys.readouterr().err


def test_two_pictures_that_were_made_have_no_difference(tmp_path: Path, networks: tuple[Path, Path]) -> None:
    out = tmp_path / "x.npz"
    assert main(words("class-model", networks, out, "--target", "class:malignant", "--steps", "3")) == 0
    with np.load(out) as found:
        assert found["rgb"].shape == found["second_rgb"].shape
        assert "difference" not in found.files


def test_another_architecture_needs_its_own_filter_named(
    tmp_path: Path, networks: tuple[Path, Path], pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, code = save_normed(tmp_path)
    image, out = str(pictures / "benign" / "picture1.png"), tmp_path / "x.npz"
    asked = words("saliency", (path, path), out, "--architecture", code, "--classes", "a,b", "--image", image)
    assert main([*asked, "--target", "filter:0:1", "--second-target", "filter:1:2:mean"]) == 0
    with np.load(out) as found:
        described = json.loads(str(found["settings"]))
    assert (described["target"], described["second_target"]) == ("filter:0:1", "filter:1:2:mean")
    capsys.readouterr()
    asked = words(
        "saliency", (DEMO / "demo-scratch-cnn.safetensors", networks[1]), tmp_path / "y.npz", "--image", image
    )
    assert main([*asked, "--target", "filter:0:0"]) == 1
    said = capsys.readouterr().err
    assert "no common numbers" in said
    assert "--second-target filter:LAYER:FILTER" in said
    asked = words("saliency", networks, tmp_path / "y.npz", "--image", image, "--second-target", "class:nevus")
    assert main([*asked, "--target", "class:malignant"]) == 1
    assert "B has no class nevus" in capsys.readouterr().err
    for wrong in (["--randomised"], []):
        asked = words("saliency", networks, tmp_path / "y.npz", "--image", image, "--target", "class:malignant")
        if not wrong:
            asked = [word for word in asked if word not in ("--compare", str(networks[1]))] + ["--second-target", "x"]
        with pytest.raises(SystemExit):
            main([*asked, *wrong])


def test_a_sheet_has_both_networks_and_the_difference_beside_each_other(
    tmp_path: Path, networks: tuple[Path, Path], pictures: Path
) -> None:
    one, other = (open_network(path, device="cpu") for path in networks)
    made = LENSES["class-model"]
    quick = tuple(replace(setting, default=3) if setting.name == "steps" else setting for setting in made.settings)
    rgb, lenses = read_image(pictures / "benign" / "picture1.png"), [LENSES["saliency"], replace(made, settings=quick)]
    row = sheet_row_of_both((one, other), rgb, lenses, "class:malignant", ["a"])
    assert sheet_titles(lenses) == ["picture", "Saliency: A", "B", "B − A", "Class model: A", "B"]
    assert len(row.panels) == 6
    alone = sheet_row(one, rgb, lenses, "class:malignant", ["a"])
    np.testing.assert_array_equal(row.panels[1], alone.panels[1])
    np.testing.assert_array_equal(row.panels[4], alone.panels[2])
    first, second = (attribute(network, rgb, "saliency", target="class:malignant").map for network in (one, other))
    lower, higher = second < first - 0.3 * first.max(), second > first + 0.3 * first.max()
    shift = row.panels[3].astype(int) - row.panels[0]
    redder = shift[..., 0] - shift[..., 2]
    assert redder[higher].mean() > 0 > redder[lower].mean(), "orange where B is higher, blue where A is"
    same = sheet_row_of_both((one, one), rgb, lenses[:1], "class:malignant", ["a"])
    np.testing.assert_array_equal(same.panels[3], same.panels[0])
    np.testing.assert_allclose(same.panels[2], same.panels[1], atol=1)
    out = tmp_path / "sheet.png"
    first_path, second_path = map(str, networks)
    asked = ["lens", "sheet", "--model", first_path, "--compare", second_path, "--images", str(pictures)]
    asked += ["--device", "cpu", "--first", "2", "--dpi", "60", "--out", str(out)]
    assert main(asked) == 0
    drawn = read_description(out)
    assert drawn is not None
    assert drawn["second_network"] == other.identity
    assert main([*asked, "--force", "--target", "filter:0:1", "--lenses", "saliency"]) == 1
