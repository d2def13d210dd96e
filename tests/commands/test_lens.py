"""`feature-explorer lens`: every lens from the command line, with its settings as options."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.cli import main, parser
from explorer.core.attribution import LENSES, attribute
from explorer.core.attribution.randomised import rank_correlation, shuffled
from explorer.core.errors import UserError
from explorer.core.figures import size
from explorer.core.figures.encoding import read_description
from explorer.core.images import read_image
from tests.core.attribution.test_lenses import target_of
from tests.networks import open_small, save_small


def words(tmp_path: Path, lens: str, target: str, *more: str) -> list[str]:
    model = save_small(tmp_path / "n.safetensors")
    return ["lens", lens, "--model", str(model), "--device", "cpu", "--target", target, *more]


@pytest.mark.parametrize("name", LENSES)
def test_a_picture_through_a_lens(tmp_path: Path, pictures: Path, name: str) -> None:
    image, out, target = pictures / "benign" / "picture1.png", tmp_path / "x.npz", target_of(name)
    given = ["--image", str(image), "--out", str(out), "--figures", "png", "--dpi", "50"]
    assert main(words(tmp_path, name, target, *given)) == 0
    expected = attribute(open_small(tmp_path), read_image(image), name, target=target)
    with np.load(out) as found:
        np.testing.assert_allclose(found["map"], expected.map, atol=1e-5 * float(np.abs(expected.map).max()))
        np.testing.assert_allclose(found["score"], expected.score, rtol=1e-5)
        described = json.loads(str(found["settings"]))
    assert described["lens"] == name
    assert described["target"] == target
    drawn = read_description(out.with_suffix(".png"))
    assert drawn is not None
    assert (drawn["kind"], drawn["target"]) == (name, target)


def test_one_picture_goes_where_a_person_means(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, folder = pictures / "benign" / "picture1.png", tmp_path / "maps"
    given = ["--image", str(image), "--figures", "png", "--dpi", "50"]
    for out in ("one", "two.png"):
        assert main([*words(tmp_path, "saliency", "class:malignant", *given), "--out", str(tmp_path / out)]) == 0
        assert f"2 written to {tmp_path / out[:3]}.npz" in capsys.readouterr().out
        assert sorted(path.name for path in tmp_path.glob(f"{out[:3]}*")) == [f"{out[:3]}.npz", f"{out[:3]}.png"]
    folder.mkdir()
    assert main([*words(tmp_path, "saliency", "class:malignant", *given), "--out", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["picture1.png.npz", "picture1.png.png"]


def test_the_same_on_shuffled_weights_is_another_result(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, out = pictures / "benign" / "picture1.png", tmp_path / "x.npz"
    asked = words(tmp_path, "saliency", "class:malignant", "--image", str(image), "--out", str(out))
    assert main([*asked, "--randomised"]) == 0
    with np.load(out) as found:
        described, map = json.loads(str(found["settings"])), found["map"]
    learned = open_small(tmp_path)
    assert described["randomised"] == learned.digest != described["network_digest"]
    kept = attribute(learned, read_image(image), "saliency", target="class:malignant").map
    assert abs(rank_correlation(map, kept)) < 0.5
    assert main([*asked, "--force"]) == 0
    with np.load(out) as found:
        np.testing.assert_allclose(found["map"], kept, atol=1e-5 * float(kept.max()))


def test_many_pictures_need_a_word(tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count, out = len(list(pictures.rglob("*.png"))), tmp_path / "out"
    monkeypatch.setattr(size, "MANY", 2 * count - 1)
    given = words(tmp_path, "saliency", "class:malignant", "--images", str(pictures), "--out", str(out))
    given += ["--figures", "png", "--dpi", "50"]
    with pytest.raises(UserError, match=rf"{2 * count} files of about .*--yes"):
        run_words(given)
    assert not out.exists()
    assert main([*given, "--yes"]) == 0
    assert len([path for path in out.rglob("*") if path.is_file()]) == 2 * count
    next(out.rglob("*.npz")).unlink()
    assert main([*given, "--yes"]) == 0


def run_words(given: list[str]) -> int:
    arguments = parser().parse_args(given)
    return int(arguments.run(arguments))


def test_a_folder_goes_on_and_other_settings_are_told_apart(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--images", str(pictures), "--out", str(tmp_path / "out"), "--json"]
    assert main(words(tmp_path, "occlusion", "class:malignant", *where, "--size", "16")) == 0
    assert len(json.loads(capsys.readouterr().out)["written"]) == 12
    assert main(words(tmp_path, "occlusion", "class:malignant", *where, "--size", "16")) == 0
    assert json.loads(capsys.readouterr().out)["written"] == []
    assert main(words(tmp_path, "occlusion", "class:malignant", *where, "--size", "8")) == 1
    assert "other settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "more", "said"),
    [
        ("all", [], "does not take"),
        ("class:nevus", [], "no class"),
        ("class:malignant", ["--size", "large"], '"large" is no size'),
        ("class:malignant", ["--fill", "1,2,3"], '"1,2,3" is no fill'),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str], target: str, more: list[str], said: str
) -> None:
    image = ["--image", str(pictures / "benign" / "picture1.png"), "--out", str(tmp_path / "x.npz")]
    assert main(words(tmp_path, "occlusion", target, *image, *more)) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error


def test_what_is_wrong_for_every_picture_is_said_once_and_nothing_is_begun(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "maps"
    assert main(words(tmp_path, "saliency", "class:mel", "--images", str(pictures), "--out", str(out))) == 1
    assert capsys.readouterr().err.count('has no class "mel"') == 1
    assert not out.exists()


def test_a_lens_that_makes_its_picture_needs_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x.npz"
    asked = words(tmp_path, "class-model", "class:malignant", "--steps", "6", "--out", str(out), "--figures", "png")
    assert main(asked) == 0
    made = attribute(
        open_small(tmp_path), np.zeros((1, 1, 3), np.uint8), "class-model", target="class:malignant", steps=6
    )
    with np.load(out) as found:
        np.testing.assert_array_equal(found["rgb"], made.rgb)
        assert json.loads(str(found["settings"]))["picture"] == ""
    drawn = np.asarray(Image.open(out.with_suffix(".png")).convert("RGB")).reshape(-1, 3)
    assert made.rgb is not None
    assert set(map(tuple, made.rgb[8:24, 8:24].reshape(-1, 3))) & set(map(tuple, drawn))  # not resampled away
    assert main(asked) == 1
    assert "exists already" in capsys.readouterr().err


def test_a_folder_gets_what_was_made_once(tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    compute = LENSES["class-model"].compute
    monkeypatch.setattr(
        "explorer.commands.lens.LENSES",
        {"class-model": dataclasses.replace(LENSES["class-model"], compute=lambda *a: begun.append("") or compute(*a))},
    )
    where = ["--images", str(pictures), "--out", str(tmp_path / "out"), "--steps", "3"]
    assert main(words(tmp_path, "class-model", "class:malignant", *where)) == 0
    assert len(begun) == 1
    written = list((tmp_path / "out").rglob("*.npz"))
    assert len(written) == 12
    for path in written:
        with np.load(path) as found:
            assert json.loads(str(found["settings"]))["picture"] == ""


def test_shuffled_weights_say_how_much_they_change(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--images", str(pictures), "--out", str(tmp_path / "out"), "--randomised"]
    asked = words(tmp_path, "saliency", "class:malignant", *where)
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["like_learned"]
    learned = open_small(tmp_path)
    expected = []
    for path in sorted(pictures.rglob("*.png")):
        kept, other = (
            attribute(network, read_image(path), "saliency", target="class:malignant").map
            for network in (learned, shuffled(learned))
        )
        expected.append(rank_correlation(kept, other))
    assert told["pictures"] == 12
    assert told["median"] == pytest.approx(float(np.median(expected)), abs=1e-6)
    assert told["highest"] == pytest.approx(max(expected), abs=1e-6)
    assert main(asked) == 0  # nothing is computed again, and the same is said
    assert f"median {told['median']:.2f}" in capsys.readouterr().out
