"""`feature-explorer export`, as a script or a person calls it."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer import cli
from explorer.commands import export
from explorer.core.drawing.styles import FORMATS
from explorer.core.errors import UserError
from explorer.core.export import run
from explorer.core.export.manifest import read_manifest
from explorer.core.figures import size as export_size
from explorer.core.figures.encoding import read_description
from explorer.core.images import read_image
from explorer.core.index import build_index, open_index
from explorer.core.index.kept_indexes import place_of
from explorer.core.maps.activations import record
from explorer.core.network.opening import open_network
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import save_tags
from tests.conftest import ROOT
from tests.core.index.synthetic_index import write_index
from tests.networks import save_small
from trainer.networks.architectures import ScratchCNN
from trainer.networks.checkpoint import Checkpoint, InputSpec, load, save


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    module = ScratchCNN(2, filters=(4, 4), hidden=(5,), size=16)
    path = tmp_path / "small.safetensors"
    arguments = {"filters": [4, 4], "hidden": [5], "size": 16}
    save(
        path,
        Checkpoint("scratch_cnn", ("a", "b"), InputSpec((16, 16), "squash", 16), module.state_dict(), arguments),
    )
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(3):
        Image.fromarray(random.integers(0, 255, (20, 30, 3)).astype(np.uint8)).save(folder / f"p{number}.png")
    return folder


def call(*words: object) -> int:
    parser = argparse.ArgumentParser()
    export.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["export", "--device", "cpu", *map(str, words)])
    return int(arguments.run(arguments))


def test_one_command_exports_and_says_so(
    model: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--model", model, "--images", images, "--filters", "3,0:1", "--out", tmp_path / "out")
    assert call(*words) == 0
    streams = capsys.readouterr()
    assert streams.out.startswith("15 figures written to ")
    assert streams.err == ""  # no progress bar where nobody looks
    assert len(list((tmp_path / "out").glob("*.png"))) == 15
    assert call(*words, "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["written"], len(values["skipped"]), values["failed"]) == ([], 15, [])


def test_every_option_reaches_the_figure(model: Path, images: Path, tmp_path: Path) -> None:
    look = [
        "--foot",
        0.1,
        "--peak",
        2,
        "--color-map",
        "blue",
        "--outline",
        "--beside",
        "--raw",
        "--opacity",
        0.5,
    ]
    size = ["--width", 60, "--dpi", 150, "--format", "tiff", "--jobs", 1]
    out = tmp_path / "out"
    call(
        "--model",
        model,
        "--images",
        images,
        "--filters",
        "1:2",
        "--pictures",
        "p1,p2.png",
        "--out",
        out,
        *look,
        *size,
    )
    assert sorted(path.name for path in out.glob("*.tiff")) == [f"layer01_filter002_p{n}.tiff" for n in (1, 2)]
    with Image.open(out / "layer01_filter002_p1.tiff") as opened:
        assert opened.size[0] == round(60 / 25.4 * 150)
        style = json.loads(opened.getexif()[270])["style"]
    assert style == {
        "scale": "fixed",
        "fixed": {"foot": 0.1, "peak": 2.0},
        "color_map": "blue",
        "opacity": 0.5,
        "outline": True,
        "beside": True,
        "raw": True,
        "width_mm": 60.0,
        "dpi": 150,
    }


def test_sheets_of_the_first_pictures(model: Path, images: Path, tmp_path: Path) -> None:
    words = ("--images", images, "--filters", "2", "--first", 2, "--sheet", "--format", "pdf")
    assert call("--model", model, "--out", tmp_path / "out", *words) == 0
    assert [path.name for path in tmp_path.glob("out/*.pdf")] == ["sheet_layer02.pdf"]


def test_tags_choose_filters_and_must_be_of_this_network(model: Path, images: Path, tmp_path: Path) -> None:
    network = open_network(model, device="cpu")
    own, other = tmp_path / "own.h5", tmp_path / "other.h5"
    for path, digest in ((own, network.digest), (other, "0" * 64)):
        book = TagBook(digest, path.stem)
        book.add(FilterKey(2, 3), "hair")
        save_tags(path, book)
    words = (
        "--model",
        model,
        "--images",
        images,
        "--filters",
        "tag:hair",
        "--first",
        1,
        "--out",
        tmp_path / "out",
    )
    assert call(*words, "--tags", own) == 0
    assert [path.name for path in tmp_path.glob("out/*.png")] == ["layer02_filter003_p0.png"]
    assert ",hair," in (tmp_path / "out" / "manifest.csv").read_text()
    with pytest.raises(UserError, match=r"another network: other .*not small"):
        call(*words, "--tags", other)


def test_a_large_export_needs_a_word(
    model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_size, "MANY", 47)
    words = ("--model", model, "--images", images, "--filters", "all", "--out", tmp_path / "out")
    with pytest.raises(UserError, match=r"48 files of about .* free in .*--yes"):
        call(*words)
    assert not (tmp_path / "out").exists()
    assert call(*words, "--yes") == 0
    (tmp_path / "out" / "layer00_filter000_p0.png").unlink()
    assert call(*words) == 0  # what is still missing is little


@pytest.mark.parametrize("kind", ["cards", "both"])
def test_many_cards_and_figures_of_two_networks_need_a_word(
    kind: str, model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_size, "MANY", 3)
    out = tmp_path / "out"
    words: list[object] = ["--model", model, "--images", images, "--filters", "0", "--out", out, "--dpi", 30]
    if kind == "both":
        words += ["--compare", model]
    else:
        index = build_index(open_network(model, device="cpu"), images, tmp_path / "i.h5")
        words += ["--cards", "--index", index]
    files = {"cards": 4, "both": 12}[kind]
    with pytest.raises(UserError, match=rf"{files} files of about .* in less than a minute; .*--yes"):
        call(*words)
    assert not out.exists()
    assert call(*words, "--yes") == 0
    made = sorted(out.glob("*.png"))
    assert len(made) == files
    made[0].unlink()
    assert call(*words) == 0  # what is still missing is little


def test_an_export_that_would_fill_the_disk_needs_a_word(
    model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 10, 9000))  # type: ignore[attr-defined]
    words = ("--model", model, "--images", images, "--filters", "0:0", "--out", tmp_path / "out")
    for more in ((), ("--sheet",)):
        with pytest.raises(UserError, match="9 KB are free in"):
            call(*words, *more)


def test_a_bad_picture_is_said_and_the_rest_is_exported(
    model: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (images / "p1.png").write_bytes(b"GIF89a")
    words = ("--model", model, "--images", images, "--filters", "0:0", "--out", tmp_path / "out")
    assert call(*words) == 1
    streams = capsys.readouterr()
    assert "2 figures" in streams.out
    assert "1 of 3 pictures could not be read:\n  p1.png: " in streams.err
    for path in images.iterdir():
        path.write_bytes(b"")
    with pytest.raises(UserError, match=r"3 of 3 pictures could not be read: p0\.png: .*p2\.png"):
        call(*words[:-1], tmp_path / "out2")
    assert not list(tmp_path.glob("out2/*.png"))


def test_a_list_without_a_name_is_not_all_pictures(model: Path, images: Path, tmp_path: Path) -> None:
    words = ["--model", str(model), "--images", str(images), "--filters", "0:0", "--out", str(tmp_path / "out")]
    with pytest.raises(UserError, match="--pictures names no picture"):
        call(*words, "--pictures", ",")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--scale", "map", "--peak", "3"],
        ["--scale", "fixed"],
        ["--foot", "1"],
        ["--format", "gif"],
        ["--first", "0"],
        ["--first", "1", "--pictures", "a"],
        ["--jobs", "-1"],
        ["--width", "wide"],
    ],
)
def test_wrong_usage_is_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        call("--model", "m", "--images", "i", "--filters", "1", "--out", "o", *words)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_the_choices_are_those_of_the_core() -> None:
    start = ["export", "--model", "m", "--images", "i", "--filters", "1", "--out", "o", "--format"]
    assert [cli.parser().parse_args([*start, format]).format for format in FORMATS] == list(FORMATS)
    with pytest.raises(SystemExit):
        cli.parser().parse_args([*start, "gif"])


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import argparse, sys; from explorer.commands import common, export, layers;"
        "commands = argparse.ArgumentParser().add_subparsers();"
        "export.add_parser(commands); layers.add_parser(commands);"
        "print({'torch', 'numpy', 'PIL', 'matplotlib', 'PySide6', 'h5py'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "set()"


CHILD = """
import argparse, signal, sys
from explorer import cli
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
from explorer.commands import export
parser = argparse.ArgumentParser()
export.add_parser(parser.add_subparsers())
arguments = parser.parse_args()
sys.exit(arguments.run(arguments))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole consoles")
def test_ctrl_c_ends_with_130_and_leaves_whole_figures(model: Path, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = [
        "--model",
        model,
        "--images",
        images,
        "--filters",
        "all",
        "--out",
        out,
        "--device",
        "cpu",
        "--width",
        200,
    ]
    command = [sys.executable, "-c", CHILD, "export", *map(str, words), "--dpi", "600", "--jobs", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as child:
        try:
            while not list(out.glob("*.png")) and child.poll() is None:
                time.sleep(0.02)
            child.send_signal(signal.SIGINT)
            _, errors = child.communicate(timeout=120)
        finally:
            child.kill()
    assert child.returncode == 130
    assert "the same command goes on" in errors
    assert "Traceback" not in errors
    figures = sorted(path.name for path in out.iterdir() if path.suffix == ".png")
    assert 0 < len(figures) < 48
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
    listed = (out / "manifest.csv").read_text().splitlines()[1:]
    assert sorted(line.split(",")[0] for line in listed) == figures
    for name in figures:
        with Image.open(out / name) as opened:
            opened.load()


@pytest.fixture
def index(model: Path, tmp_path: Path) -> Path:
    network = open_network(model, device="cpu")
    filters = tuple(layer.filters for layer in network.layers)
    peaks = np.random.default_rng(0).random((sum(filters), 3)) * 0.1
    return write_index(tmp_path / "index.h5", peaks, filters=filters, identity=network.identity)


def test_the_scale_over_the_folder_comes_from_its_index(model: Path, images: Path, index: Path, tmp_path: Path) -> None:
    words = ("--model", model, "--images", images, "--filters", "all")
    assert call(*words, "--out", tmp_path / "all", "--scale", "folder", "--index", index) == 0
    assert call(*words, "--out", tmp_path / "one", "--index", index, "--first", 1) == 0
    with open_index(index) as opened:
        for row in read_manifest(tmp_path / "all"):
            scale = opened.scale(FilterKey(int(row.layer), int(row.filter)))
            assert (float(row.foot), float(row.peak)) == pytest.approx((scale.foot, scale.peak), rel=1e-6)
            assert row.scale == "folder"
    figures = sorted((tmp_path / "one").glob("*.png"))
    assert len(figures) > 8
    for figure in figures:  # whatever else is exported, the same map looks the same
        assert np.array_equal(np.asarray(Image.open(figure)), np.asarray(Image.open(tmp_path / "all" / figure.name)))


def test_the_windows_own_index_is_taken_and_said(
    model: Path,
    images: Path,
    index: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    place = place_of(open_network(model, device="cpu"), images)
    place.parent.mkdir(parents=True)
    shutil.copy(index, place)
    words = ("--model", model, "--images", images, "--filters", "0")
    assert call(*words, "--out", tmp_path / "kept") == 0
    assert "scales are those of the window's index" in capsys.readouterr().err
    with open_index(index) as opened:
        for row in read_manifest(tmp_path / "kept"):
            assert float(row.peak) == pytest.approx(opened.scale(FilterKey(0, int(row.filter))).peak, rel=1e-6)
    assert call(*words, "--out", tmp_path / "seen", "--scale", "seen") == 0
    assert call(*words, "--out", tmp_path / "folder", "--scale", "folder") == 0
    assert call(*words, "--out", tmp_path / "fixed", "--peak", 3) == 0
    said = capsys.readouterr().err
    assert said.count("window's index") == 1
    scales = {out: {row.scale for row in read_manifest(tmp_path / out)} for out in ("kept", "seen", "folder", "fixed")}
    assert scales == {"kept": {"folder"}, "seen": {"seen"}, "folder": {"folder"}, "fixed": {"fixed"}}
    place.write_bytes(b"damaged")
    assert call(*words, "--out", tmp_path / "damaged") == 0
    assert "the window's index is not used" in capsys.readouterr().err
    assert {row.scale for row in read_manifest(tmp_path / "damaged")} == {"seen"}


def test_an_index_of_another_network_gives_no_scale(model: Path, images: Path, tmp_path: Path) -> None:
    other = write_index(tmp_path / "other.h5", np.ones((8, 3)), filters=(4, 4))
    with pytest.raises(UserError, match="another network"):
        call("--model", model, "--images", images, "--filters", "all", "--out", tmp_path / "o", "--index", other)


@pytest.mark.parametrize("words", [("--scale", "folder"), ("--scale", "map", "--index", "x.h5")])
def test_an_index_and_its_scale_come_together(
    model: Path, images: Path, tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        call("--model", model, "--images", images, "--filters", "all", "--out", tmp_path / "o", *words)
    assert "--index" in capsys.readouterr().err


def test_two_networks_are_exported_beside_each_other(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = (save_small(tmp_path / f"n{seed}.safetensors", seed=seed) for seed in (0, 1))
    words = ["export", "--model", str(one), "--compare", str(other), "--images", str(pictures), "--device", "cpu"]
    words += ["--filters", "3:0-1", "--first", "2", "--dpi", "60", "--out", str(tmp_path / "out")]
    assert cli.main(words) == 0
    assert "4 figures of both networks" in capsys.readouterr().out
    figures = list((tmp_path / "out").rglob("*.png"))
    assert {read_description(path)["second_network_name"] for path in figures} == {"n1"}
    assert cli.main([*words, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["skipped"]) == 4
    with pytest.raises(SystemExit):
        cli.main([*words, "--sheet"])


def test_filters_of_two_networks_are_matched_by_their_answers(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = save_small(tmp_path / "n0.safetensors", seed=0)
    checkpoint = load(one)
    names = [name for name, value in checkpoint.weights.items() if value.ndim == 4]
    first = names[0]
    turned = {
        name: value.flip(0) if name.startswith(first.rpartition(".")[0]) else value
        for name, value in checkpoint.weights.items()
    }
    turned[names[1]] = turned[names[1]].flip(1)
    other = tmp_path / "turned.safetensors"
    save(other, replace(checkpoint, weights=turned))
    filters = checkpoint.weights[first].shape[0]
    words = ["export", "--model", str(one), "--compare", str(other), "--images", str(pictures), "--device", "cpu"]
    words += ["--filters", "0", "--first", "1", "--dpi", "60", "--out", str(tmp_path / "out"), "--match", "answers"]
    assert cli.main(words) == 0
    assert "matched by their answers to 6 pictures" in capsys.readouterr().out
    pairs = {
        tuple(about["filters"]): about["strength"]
        for about in (read_description(path) for path in (tmp_path / "out").rglob("*.png"))
    }
    network = open_network(one, device="cpu")
    peaks = np.max([record(network, read_image(path)).maps[0].max((1, 2)) for path in pictures.rglob("*.png")], axis=0)
    telling = {(f"0:{filter}", f"0:{filters - 1 - filter}") for filter in range(filters) if peaks[filter] > 0}
    assert len(pairs) == filters
    assert telling, "some filters answer at all"
    assert telling <= set(pairs)
    assert all(pairs[pair] == pytest.approx(1.0) for pair in telling)
    for path, name in ((one, "a.h5"), (other, "b.h5")):
        build_index(open_network(path, device="cpu"), pictures, tmp_path / name)
    indexes = ["--index", str(tmp_path / "a.h5"), "--compare-index", str(tmp_path / "b.h5")]
    words[words.index(str(tmp_path / "out"))] = str(tmp_path / "indexed")
    assert cli.main([*words, *indexes]) == 0
    indexed = {
        tuple(about["filters"]): about["strength"]
        for about in (read_description(path) for path in (tmp_path / "indexed").rglob("*.png"))
    }
    assert set(indexed) == set(pairs), "index and pictures say the same"
    with pytest.raises(SystemExit):
        cli.main([*words, "--compare-index", str(tmp_path / "b.h5")])


def test_networks_with_other_layers_are_exported_by_answers_only(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = ROOT / "resources" / "demo" / "demo-scratch-cnn.safetensors"
    other = save_small(tmp_path / "n.safetensors")
    words = ["export", "--model", str(demo), "--compare", str(other), "--images", str(pictures), "--device", "cpu"]
    words += ["--filters", "7:8", "--first", "1", "--dpi", "60", "--out", str(tmp_path / "out")]
    assert cli.main(words) == 1
    said = capsys.readouterr().err
    assert "--match answers" in said
    assert "lens ... --compare" in said
    assert cli.main([*words, "--match", "answers"]) == 0
    (figure,) = (tmp_path / "out").rglob("*.png")
    assert read_description(figure)["filters"][0] == "7:8"


def test_cards_and_contact_sheets_refuse_what_they_would_leave_undone(
    model: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = build_index(open_network(model, device="cpu"), images, tmp_path / "index.h5")
    words = ["export", "--device", "cpu", "--model", model, "--images", images, "--filters", "1:0", "--index", index]
    words = [*map(str, words), "--out", str(tmp_path / "out")]
    for kind in ("--cards", "--contact-sheets=strongest"):
        for option in ("--sheet", "--caption", "--beside", "--first=2", "--pictures=p0"):
            with pytest.raises(SystemExit, match="2"):
                cli.main([*words, kind, option])
            said = capsys.readouterr().err
            assert f"{option.partition('=')[0]} does not go with {kind.partition('=')[0]}" in said
    for wrong in (["--cards", "--contact-sheets=near"], ["--contact-sheets=,"], ["--labels=classes.csv"]):
        with pytest.raises(SystemExit, match="2"):
            cli.main([*words, *wrong])
    assert not (tmp_path / "out").exists()
    assert cli.main([*words, "--contact-sheets=strongest,contrast"]) == 0
    assert "1 contact sheet written to " in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["sheet_1_0_strongest_contrast.png"]
    assert cli.main([*words, "--contact-sheets=loudest"]) == 1
    assert 'no contact sheet of "loudest"' in capsys.readouterr().err


def test_captions_hold_the_given_class_too(
    model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a table, else from the index; on single figures and on sheets."""
    (tmp_path / "classes.csv").write_text("image,dx\np0,nv\np1,mel\np2,nv\n")
    network = open_network(model, device="cpu")
    index = build_index(network, images, tmp_path / "index.h5", labels=tmp_path / "classes.csv")
    lines: list[tuple[str, str]] = []
    sheets: list[dict[int, str] | None] = []
    single, sheet = run.captioned_page, run.draw_page
    monkeypatch.setattr(run, "captioned_page", lambda *of: (lines.append(of[3]), single(*of))[1])
    monkeypatch.setattr(run, "draw_page", lambda *of: (sheets.append(of[-1]), sheet(*of))[1])
    words = ("--model", model, "--images", images, "--filters", "1:0")
    for number, known in enumerate((["--labels", tmp_path / "classes.csv"], ["--index", index])):
        assert call(*words, *known, "--caption", "--out", tmp_path / f"single{number}") == 0
        assert [first.split(" · ")[2] for first, _ in sorted(lines)] == ["given nv", "given mel", "given nv"]
        assert call(*words, *known, "--sheet", "--out", tmp_path / f"sheet{number}") == 0
        assert sheets == [{0: "given nv", 1: "given mel", 2: "given nv"}]
        lines.clear()
        sheets.clear()
    assert call(*words, "--sheet", "--out", tmp_path / "sheet") == 0
    assert sheets == [None]
