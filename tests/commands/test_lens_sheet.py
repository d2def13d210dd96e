"""`feature-explorer lens sheet`: several lenses in one figure, for a folder or for what is confused most."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.cli import main
from explorer.commands import lens_sheet
from explorer.core.attribution import LENSES, attribute
from explorer.core.attribution.sheet_rows import sheet_row
from explorer.core.drawing.signed_overlay import attribution_overlay, limit_of
from explorer.core.errors import UserError
from explorer.core.evaluation.confused_pairs import ConfusedRows, confused_pairs
from explorer.core.figures.encoding import read_description
from explorer.core.images import picture_digest, read_image
from explorer.core.maps.activations import predict
from explorer.core.network.opening import open_network
from tests.networks import open_small, save_small
from trainer.networks.checkpoint import SEEN_DIGITS


def words(tmp_path: Path, pictures: Path, out: str, *more: str) -> list[str]:
    model = save_small(tmp_path / "n.safetensors")
    given = ["--model", str(model), "--device", "cpu", "--images", str(pictures), "--out", str(tmp_path / out)]
    return ["lens", "sheet", *given, "--dpi", "60", *more]


def test_pictures_down_and_lenses_across(tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = words(tmp_path, pictures, "s.png", "--first", "3", "--lenses", "saliency,grad-cam", "--json")
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["lenses"] == ["saliency", "grad-cam"]
    assert len(told["pictures"]) == 3
    described = read_description(tmp_path / "s.png")
    assert described is not None
    assert (described["kind"], described["target"]) == ("lens sheet", "predicted")
    with Image.open(tmp_path / "s.png") as drawn:
        assert drawn.width == round(170 / 25.4 * 60)
    assert main(asked) == 1
    assert "--force" in capsys.readouterr().err
    assert main(words(tmp_path, pictures, "s.pdf", "--first", "1")) == 0
    assert (tmp_path / "s.pdf").read_bytes().startswith(b"%PDF")
    assert main(words(tmp_path, pictures, "s.tif", "--first", "1")) == 0
    with Image.open(tmp_path / "s.tif") as drawn:
        assert drawn.format == "TIFF"


def test_a_row_is_the_picture_and_each_lens_over_it(tmp_path: Path) -> None:
    network, rgb = open_small(tmp_path), np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    names = ("saliency", "class-model")
    row = sheet_row(network, rgb, [LENSES[name] for name in names], "class:malignant", ["a"])
    seen = network.input.crop(rgb)
    np.testing.assert_array_equal(row.panels[0], seen)
    found = attribute(network, rgb, "saliency", target="class:malignant")
    drawn = attribution_overlay(found.map, found.map.shape, limit=limit_of(found.map, LENSES["saliency"].quantile))
    alpha = drawn[..., 3:] / 255
    expected = seen * (1 - alpha) + drawn[..., :3] * alpha
    np.testing.assert_allclose(row.panels[1], expected, atol=1)
    made = attribute(network, rgb, "class-model", target="class:malignant").rgb
    np.testing.assert_array_equal(row.panels[2], made)
    limit = limit_of(found.map, LENSES["saliency"].quantile)
    assert row.scales == ("", f"full at {limit:.3g}", ""), "what was made has no scale"
    both_ways = attribute(network, rgb, "integrated-gradients", target="class:malignant").map
    end = limit_of(both_ways, LENSES["integrated-gradients"].quantile)
    row = sheet_row(network, rgb, [LENSES["integrated-gradients"]], "class:malignant", ["a"])
    assert row.scales[1] == f"full at ±{end:.3g}"


def test_a_sheet_says_where_its_colors_end_and_may_look_at_another_layer(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(tmp_path, pictures, "a.svg", "--first", "1", "--lenses", "grad-cam", "--layer", "1")) == 0
    assert "1 picture through Grad-CAM" in capsys.readouterr().out
    network, rgb = (
        open_network(tmp_path / "n.safetensors", device="cpu"),
        read_image(sorted(pictures.rglob("*.png"))[0]),
    )
    predicted = network.classes[int(predict(network, rgb).argmax())]
    found = attribute(network, rgb, "grad-cam", target=f"class:{predicted}", layer=1)
    assert f"full at {limit_of(found.map):.3g}" in (tmp_path / "a.svg").read_text("utf-8")
    described = read_description(tmp_path / "a.svg")
    assert described is not None
    assert described["layer"] == 1
    assert main(words(tmp_path, pictures, "b.png", "--first", "2", "--lenses", "saliency,grad-cam")) == 0
    assert "2 pictures through 2 lenses" in capsys.readouterr().out


def test_the_most_frequent_pairs_come_first_and_the_surest_mistake_of_each() -> None:
    classes = ("a", "b", "c")
    probabilities = np.eye(3)[[1, 1, 0, 2, 1, 0]] * np.array([0.5, 0.9, 0.8, 0.7, 0.6, 1.0])[:, None]
    given = ["a", "a", "a", "b", "", "c"]
    found = confused_pairs(given, probabilities, classes, 2)
    assert found == [ConfusedRows("a", "b", (1, 0)), ConfusedRows("b", "c", (3,))]
    assert confused_pairs(["b"], np.array([[0.0, 1.0, 0.0]]), classes, 5) == []


def test_confused_pairs_are_those_of_the_table(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = open_small(tmp_path)
    said = {path: network.classes[int(predict(network, read_image(path)).argmax())] for path in pictures.rglob("*.png")}
    other = {"benign": "malignant", "malignant": "benign"}
    wrong = sorted(said)[:2]
    lines = [f"{path.name},{other[name] if path in wrong else name}" for path, name in said.items()]
    table = tmp_path / "t.csv"
    table.write_text("image,label\n" + "\n".join(lines) + "\n", "utf-8")
    asked = words(tmp_path, pictures, "c.png", "--confused", "2", "--labels", str(table), "--json")
    model = tmp_path / "small0.safetensors"
    asked[asked.index("--model") + 1] = str(model)
    assert main(asked) == 0
    assert set(json.loads(capsys.readouterr().out)["pictures"]) == {path.name for path in wrong}
    table.write_text("image,label\n" + "\n".join(f"{path.name},{name}" for path, name in said.items()) + "\n", "utf-8")
    assert main([*asked, "--force"]) == 1
    assert "no pair to show" in capsys.readouterr().err


def test_what_the_network_was_trained_on_is_no_mistake_like_others(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, first = open_small(tmp_path), sorted(pictures.rglob("*.png"))[0]
    learned = dataclasses.replace(network, training={"seen": [picture_digest(first)[:SEEN_DIGITS]]})
    monkeypatch.setattr(lens_sheet, "network_of", lambda *asked: learned)
    rows: list[tuple[str, ...]] = []

    def drawn(network: object, rgb: object, lenses: object, target: str, lines: tuple[str, ...], *how: object) -> None:
        rows.append(lines)
        raise UserError("That is all that is asked.")

    monkeypatch.setattr("explorer.core.attribution.sheet_rows.sheet_row", drawn)
    assert main(words(tmp_path, pictures, "s.png", "--first", "1")) == 1
    assert (rows[0][0], rows[0][-1]) == (first.name, "the network was trained on it")


@pytest.mark.parametrize(
    ("out", "more", "said"),
    [
        ("s.doc", [], "no ending of a figure"),
        ("s.png", ["--lenses", "x-ray"], 'no lens "x-ray"'),
        ("s.png", ["--lenses", ","], "at least one lens"),
        ("s.png", ["--lenses", "grad-cam,deconvnet"], "Deconvnet takes no class; give a filter as --target"),
        ("s.png", ["--lenses", "grad-cam", "--target", "filter:0:1"], 'does not take the target "filter:0:1"'),
        ("s.png", ["--lenses", "saliency", "--layer", "2"], "leave --layer out"),
        ("s.png", ["--layer", "9"], "has no layer 9"),
        ("s.png", ["--width", "30"], "no room"),
        ("s.png", ["--columns", "image=photo"], "give the table as --labels"),
    ],
)
def test_a_mistake_is_said(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str], out: str, more: list[str], said: str
) -> None:
    assert main(words(tmp_path, pictures, out, "--first", "1", *more)) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / out).exists()
