import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from explorer.cli import main, parser
from explorer.commands import attribution_job
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import occlude
from explorer.core.drawing.styles import FORMATS
from explorer.core.figures.encoding import read_description
from explorer.core.images import read_image
from tests.networks import open_small, save_small
from trainer.files.atomic_files import DiskFull


def words(tmp_path: Path, *more: str) -> list[str]:
    model = save_small(tmp_path / "n.safetensors")
    return ["occlude", "--model", str(model), "--device", "cpu", "--size", "8", "--stride", "4", *more]


def test_one_picture(tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, out = pictures / "benign" / "picture1.png", tmp_path / "x.npz"
    target = ["--target", "class:malignant", "--image", str(image), "--out", str(out)]
    assert main(words(tmp_path, *target, "--json")) == 0
    assert json.loads(capsys.readouterr().out)["method"] == "incremental"
    expected = occlude(open_small(tmp_path), read_image(image), "class:malignant", Occluder(8, 4))
    with np.load(out) as found:
        np.testing.assert_allclose(found["map"], expected.map, atol=1e-6)
        np.testing.assert_allclose(found["unoccluded"], expected.unoccluded)
        assert json.loads(str(found["settings"]))["fill"] == "mean"
    assert main(words(tmp_path, *target)) == 1
    assert "exists already" in capsys.readouterr().err


def test_a_folder_goes_on_where_it_stopped(tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pictures / "benign" / "broken.png").write_bytes(b"\x89PNG")
    target = ["--target", "all", "--images", str(pictures), "--out", str(tmp_path / "out"), "--json"]
    assert main(words(tmp_path, *target)) == 1
    first = json.loads(capsys.readouterr().out)
    assert len(first["written"]) == 12
    assert "broken.png" in first["failed"][0]
    (tmp_path / "out" / "benign" / "picture3.png.npz").unlink()
    (pictures / "benign" / "broken.png").unlink()
    assert main(words(tmp_path, *target)) == 0
    again = json.loads(capsys.readouterr().out)
    assert [Path(name).name for name in again["written"]] == ["picture3.png.npz"]


@pytest.mark.parametrize(
    "more",
    [
        ["--target", "class:nevus"],
        ["--target", "filter:99:0"],
        ["--target", "all", "--fill", "pink"],
        ["--target", "all", "--fill", "1,2,3"],
        ["--target", "all", "--fill", "nan"],
        ["--target", "all", "--stride", "99"],
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    image = str(pictures / "benign" / "picture1.png")
    assert main(words(tmp_path, *more, "--image", image, "--out", str(tmp_path / "x.npz"))) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "x.npz").exists()


def test_other_settings_are_not_mixed_into_a_folder(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--target", "class:malignant", "--images", str(pictures), "--out", str(tmp_path / "out")]
    assert main(words(tmp_path, *target)) == 0
    (tmp_path / "out" / "benign" / "picture3.png.npz").unlink()
    capsys.readouterr()
    assert main(words(tmp_path, *target, "--fill", "blur")) == 1
    assert "other settings" in capsys.readouterr().err
    assert len(list((tmp_path / "out").rglob("*.npz"))) == 11
    assert main(words(tmp_path, *target, "--fill", "blur", "--force")) == 0
    assert len(list((tmp_path / "out").rglob("*.npz"))) == 12


def test_a_folder_without_pictures_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    target = ["--target", "all", "--images", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]
    assert main(words(tmp_path, *target)) == 1
    assert "holds no pictures (jpg, png" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["aa.png", "zz.png"])
def test_a_folder_that_is_done_but_for_a_broken_picture_says_so_each_time(
    tmp_path: Path, pictures: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / name).write_bytes(b"no picture")
    target = ["--target", "class:malignant", "--images", str(pictures), "--out", str(tmp_path / "out")]
    for _ in range(2):
        assert main(words(tmp_path, *target)) == 1
        assert name in capsys.readouterr().err
    assert len(list((tmp_path / "out").rglob("*.npz"))) == 12


def test_a_full_disk_ends_the_run_in_words_and_the_next_one_goes_on(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = ["--target", "class:malignant", "--images", str(pictures), "--out", str(tmp_path / "out")]
    write, room = os.write, [4]

    def filling(handle: int, content: bytes) -> int:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, content)

    monkeypatch.setattr(os, "write", filling)
    assert main(words(tmp_path, *target)) == 1
    monkeypatch.undo()
    said = capsys.readouterr().err
    assert "the disk is full" in said
    assert "more pictures were not begun; the same command goes on" in said
    assert len([path for path in (tmp_path / "out").rglob("*") if path.is_file()]) < 5
    assert main(words(tmp_path, *target)) == 0
    assert len(list((tmp_path / "out").rglob("*.npz"))) == 12


def test_what_was_written_before_the_disk_was_full_is_counted(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = ["--target", "class:malignant", "--images", str(pictures), "--out", str(tmp_path / "out")]
    write = attribution_job.write_result

    def filling(path: Path, content: bytes, *, named: bool) -> None:
        if path.suffix == ".png":
            raise DiskFull(f"{path} could not be saved: the disk is full.")
        write(path, content, named=named)

    monkeypatch.setattr(attribution_job, "write_result", filling)
    assert main(words(tmp_path, *target, "--figures", "png", "--dpi", "50")) == 1
    assert len(list((tmp_path / "out").rglob("*.npz"))) == 1
    assert capsys.readouterr().out.startswith("1 written to ")


@pytest.mark.parametrize("place", ["map.npy", "settings.npy"])
def test_a_damaged_result_is_refused_in_words(
    place: str, tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, out = pictures / "benign" / "picture1.png", tmp_path / "out"
    target = ["--target", "class:malignant", "--images", str(image.parent), "--out", str(out), "--dpi", "50"]
    assert main(words(tmp_path, *target)) == 0
    damaged = out / "picture1.png.npz"
    content = bytearray(damaged.read_bytes())
    content[content.index(place.encode()) + 100] ^= 0x55
    damaged.write_bytes(content)
    assert main(words(tmp_path, *target, "--figures", "png")) == 1
    said = capsys.readouterr().err
    assert f"{damaged} " in said
    assert "--force" in said
    assert "in the program" not in said
    assert main(words(tmp_path, *target, "--figures", "png", "--force")) == 0


def test_one_file_is_no_folder(tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = str(pictures / "benign" / "picture1.png")
    assert main(words(tmp_path, "--target", "all", "--images", image, "--out", str(tmp_path / "out"))) == 1
    assert "with --image" in capsys.readouterr().err


@pytest.mark.parametrize("format", FORMATS)
def test_figures_say_how_they_are_made_again(tmp_path: Path, pictures: Path, format: str) -> None:
    out = tmp_path / "out"
    target = ["--target", "class:malignant", "--images", str(pictures / "benign"), "--out", str(out)]
    assert main(words(tmp_path, *target, "--figures", format, "--dpi", "100", "--limit", "0.5")) == 0
    figure = out / f"picture1.png.{format}"
    about = read_description(figure)
    assert about is not None
    assert (about["target"], about["size"], about["limit"], about["picture"]) == (
        "class:malignant",
        8,
        0.5,
        "picture1.png",
    )
    with np.load(out / "picture1.png.npz") as found:
        np.testing.assert_allclose(about["unoccluded"], found["unoccluded"])


def test_figures_are_drawn_from_what_is_there(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--target", "filter:3:1", "--images", str(pictures / "benign"), "--out", str(tmp_path / "out"), "--json"]
    assert main(words(tmp_path, *target)) == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.npz")}
    assert main(words(tmp_path, *target, "--figures", "png", "--dpi", "80")) == 0
    assert main(words(tmp_path, *target, "--figures", "png", "--dpi", "80")) == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.npz")} == before
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(line["written"]) for line in lines] == [len(before), len(before), 0]


def test_what_the_same_weights_gave_with_another_input_is_not_taken_for_this(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--target", "all", "--images", str(pictures / "benign"), "--out", str(tmp_path / "out")]
    assert main(words(tmp_path, *target)) == 0
    other = {"size": [32, 32], "resize": "shortest", "resize_to": 40, "mean": [0] * 3, "std": [1] * 3}
    assert main(words(tmp_path, *target, "--input", json.dumps(other))) == 1
    assert "other settings" in capsys.readouterr().err
    with np.load(next((tmp_path / "out").glob("*.npz"))) as found:
        about = json.loads(str(found["settings"]))
    assert about["input"] == {"size": [32, 32], "resize": "squash", "resize_to": 32, "mean": [0] * 3, "std": [1] * 3}
    assert about["network"] == open_small(tmp_path).identity


def test_a_figure_of_other_settings_is_not_taken_for_this(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--target", "filter:3:1", "--images", str(pictures / "benign"), "--out", str(tmp_path / "out")]
    drawn = words(tmp_path, *target, "--figures", "png", "--dpi", "60")
    assert main(drawn) == 0
    assert main(drawn) == 0
    for more in (["--limit", "0.5"], ["--dpi", "70"]):
        capsys.readouterr()
        assert main([*drawn, *more]) == 1
        assert "drawn with other settings" in capsys.readouterr().err
    assert main([*drawn, "--limit", "0.5", "--force"]) == 0
    assert main([*drawn, "--limit", "0.5"]) == 0


def test_what_was_made_otherwise_is_not_taken_for_this(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--target", "filter:3:1", "--images", str(pictures / "benign"), "--out", str(tmp_path / "out")]
    assert main(words(tmp_path, *target)) == 0
    assert main(words(tmp_path, *target, "--fill", "0")) == 1
    assert "other settings" in capsys.readouterr().err
    assert main(words(tmp_path, *target, "--fill", "0", "--force")) == 0


def test_formats_are_those_of_figures() -> None:
    start = ["occlude", "--model", "m", "--image", "i", "--target", "all", "--out", "o", "--figures"]
    assert [parser().parse_args([*start, format]).figures for format in FORMATS] == list(FORMATS)
    with pytest.raises(SystemExit):
        parser().parse_args([*start, "gif"])


@pytest.mark.parametrize("more", [["--figures", "png", "--target", "all"], ["--limit", "0", "--target", "all"]])
def test_wrong_usage(tmp_path: Path, pictures: Path, more: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words(tmp_path, *more, "--images", str(pictures), "--out", str(tmp_path / "out")))
    assert stopped.value.code == 2
