"""A batch: which files, what is skipped, replaced and refused, and what is left when it is interrupted."""

import csv
import errno
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.export import run as export
from explorer.core.export.manifest import read_manifest
from explorer.core.export.plan import _stems
from explorer.core.export.run import ExportPlan, plan_export, run_export
from explorer.core.figures.encoding import encode, read_description
from explorer.core.figures.single import FigureStyle, canvas, draw_single
from explorer.core.images import picture_digest, read_image
from explorer.core.maps.activation_cache import Recorder
from explorer.core.maps.activations import record
from explorer.core.network.hooked_layers import trace_layers
from explorer.core.network.opening import Network, weights_digest
from explorer.core.progress import Cancelled
from explorer.core.tags.book import FilterKey, TagBook
from trainer.networks.checkpoint import InputSpec


class OnPaper(torch.nn.Module):
    """Layer 0: how red, and how much redder than half; layer 1: twice the first, and its negative."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = torch.nn.Conv2d(3, 2, 1), torch.nn.Conv2d(2, 2, 1)
        self.runs = 0
        with torch.no_grad():
            self.first.weight.zero_()[:, 0] = 1
            self.first.bias.copy_(torch.tensor([0, -0.5]))
            self.second.weight.zero_()[:, 0, 0, 0] = torch.tensor([2.0, -1.0])
            self.second.bias.zero_()

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        self.runs += 1
        maps: torch.Tensor = self.second(torch.relu(self.first(batch)))
        return maps.mean((2, 3))


def a_network(weight: float = 1.0) -> Network:
    module = OnPaper().eval().requires_grad_(False)
    module.first.weight[0, 0] = weight
    spec = InputSpec(size=(8, 8), resize="shortest", resize_to=8)
    layers = trace_layers(module, torch.zeros(1, 3, 8, 8))
    module.runs = 0
    device = torch.device("cpu")
    return Network(module, spec, ("red", "pale"), layers, weights_digest(module), device, "on-paper", "own")


@pytest.fixture
def network() -> Network:
    return a_network()


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, ...]:
    """8 x 12 pictures, of which the network sees the middle pixel by pixel; in each a red square of 2 x 2."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(4):
        rgb = np.zeros((8, 12, 3), np.uint8)
        rgb[2 + number : 4 + number, 4:6, 0] = 255
        rgb[..., 1] = 60 * number
        Image.fromarray(rgb).save(folder / f"ISIC_{number}.png")
    return tuple(sorted(folder.iterdir()))


ALL = tuple(FilterKey(layer, filter) for layer in (0, 1) for filter in (0, 1))


def rows_of(out: Path) -> list[dict[str, str]]:
    with (out / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def files_of(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()} - {"manifest.csv"}


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in files_of(out)}


# What is written


def test_every_filter_on_every_picture_is_a_file(network: Network, pictures: tuple[Path, ...], tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    plan = plan_export(network, pictures, ALL, tmp_path / "deep" / "out")
    assert str(plan) == "4 filters x 4 pictures = 16 files"
    report = run_export(plan, on_step=lambda done, total: steps.append((done, total)))
    assert set(report.written) == files_of(plan.out) == {figure.name for figure in plan.figures}
    assert (report.skipped, report.failed) == ((), ())
    assert "layer01_filter000_ISIC_2.png" in report.written
    assert steps[0] == (0, 16)
    assert steps[-1] == (16, 16)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert sorted(figure.name for figure in plan.figures) == sorted(report.written)


def test_the_manifest_says_what_is_known_on_paper(network: Network, pictures: tuple[Path, ...], tmp_path: Path) -> None:
    book = TagBook()
    book.add(FilterKey(0, 1), "hair", annotator="a")
    book.add(FilterKey(0, 1), "color", annotator="b")
    book.add(FilterKey(0, 1), "hair", annotator="b")
    run_export(plan_export(network, pictures, ALL, tmp_path / "out", tags=book))
    rows = rows_of(tmp_path / "out")
    assert [row["file"] for row in rows] == sorted(files_of(tmp_path / "out"))
    row = next(row for row in rows if row["file"] == "layer00_filter001_ISIC_1.png")
    expected = {
        "page": "1",
        "layer": "0",
        "layer_name": "first",
        "filter": "1",
        "picture": "ISIC_1.png",
        "picture_digest": picture_digest(pictures[1]),
        "prediction": "red",
        "map_min": "-0.5",
        "map_max": "0.5",
        "map_mean": "-0.4375",  # 4 of 64 cells are 0.5, the others -0.5
        "positive_share": "0.0625",
        "peak_row": "3",
        "peak_column": "4",
        "scale": "map",
        "foot": "0",
        "peak": "0.5",
        "tags": "color;hair",
        "network_digest": network.digest,
    }
    assert {name: row[name] for name in expected} == expected
    logits = np.array([2, -1]) * 4 / 64
    assert float(row["probability"]) == pytest.approx(np.exp(logits[0]) / np.exp(logits).sum(), abs=1e-4)


def test_the_overlay_stays_in_the_frame(network: Network, pictures: tuple[Path, ...], tmp_path: Path) -> None:
    style = FigureStyle("fixed", Scale(0, 0.01))
    bright = replace(network, module=a_network().module)
    bright.module.first.bias[0] = 1.0
    run_export(plan_export(bright, pictures[:1], [FilterKey(0, 0)], tmp_path / "out", style))
    drawn = np.asarray(Image.open(tmp_path / "out" / "layer00_filter000_ISIC_0.png"))
    changed = (drawn != read_image(pictures[0])).any(axis=-1)
    assert changed[:, 2:10].all()
    assert not changed[:, :2].any()
    assert not changed[:, 10:].any()


@pytest.mark.parametrize("format", ["png", "tiff", "pdf", "svg"])
@pytest.mark.parametrize("scale", ["map", "layer", "seen"])
def test_a_figure_can_be_made_again_from_what_it_says(
    format: str, scale: str, network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    style = FigureStyle(scale, outline=True, beside=True, opacity=0.8, width_mm=20, dpi=200)
    out = tmp_path / "out"
    run_export(plan_export(network, pictures, [FilterKey(0, 0)], out, style, format=format))
    path = out / f"layer00_filter000_ISIC_3.{format}"
    about = read_description(path)
    assert about
    assert about["network_digest"] == network.digest
    source = next(one for one in pictures if picture_digest(one) == about["pictures"][0]["digest"])
    again, key = FigureStyle.from_dict(about["style"]), FilterKey.parse(about["filters"][0])
    rgb = read_image(source)
    recorded = record(network, rgb, raw=again.raw)
    _, _, foot, peak = about["scales"][0]
    drawn = draw_single(
        canvas(rgb, recorded.frame, again), recorded.maps[key.layer][key.filter], Scale(foot, peak), again
    )
    description = {name: value for name, value in about.items() if name not in ("program", "version")}
    from explorer.core.figures.encoding import describe

    assert encode(drawn, format, again.dpi, describe(description), again.width_mm) == path.read_bytes()


def test_threads_change_nothing(network: Network, pictures: tuple[Path, ...], tmp_path: Path) -> None:
    for jobs in (1, 4):
        run_export(plan_export(network, pictures, ALL, tmp_path / str(jobs), FigureStyle("seen")), jobs=jobs)
    assert contents(tmp_path / "1") == contents(tmp_path / "4")
    assert (tmp_path / "1" / "manifest.csv").read_bytes() == (tmp_path / "4" / "manifest.csv").read_bytes()


def test_the_scale_seen_is_that_of_all_pictures_of_the_export(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    run_export(plan_export(network, pictures, [FilterKey(0, 0)], tmp_path / "out", FigureStyle("seen")))
    rows = rows_of(tmp_path / "out")
    assert len({(row["foot"], row["peak"]) for row in rows}) == 1
    every = np.concatenate([record(network, read_image(path)).maps[0][0].ravel() for path in pictures])
    assert float(rows[0]["peak"]) == pytest.approx(np.quantile(every, 0.995), abs=1e-3)


def test_more_pictures_change_the_scale_seen_of_all(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    rgb = read_image(pictures[3]).copy()
    rgb[..., 0] //= 2
    Image.fromarray(rgb).save(pictures[3])
    out = tmp_path / "out"
    run_export(plan_export(network, pictures[3:], ALL[:1], out, FigureStyle("seen")))
    before = rows_of(out)[0]["peak"]
    report = run_export(plan_export(network, pictures, ALL[:1], out, FigureStyle("seen")))
    assert len(report.written) == 4
    assert before not in {row["peak"] for row in rows_of(out)}


def test_the_scale_seen_of_a_filter_does_not_depend_on_the_other_layers(network: Network, tmp_path: Path) -> None:
    wide = replace(network, input=InputSpec(size=(96, 96), resize_to=96))
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.png")
        rgb = np.random.default_rng(number).integers(0, 255, (96, 96, 3))
        Image.fromarray(rgb.astype(np.uint8)).save(paths[-1])
    scales = []
    for layers in ([1], [0, 1]):
        recorder = Recorder(wide, paths, layers, raw=False)
        for number in range(3):
            recorder.sample(number)
        scales.append(recorder.seen(1).scale(1, 0))
    assert scales[0] == scales[1]


def test_names_sort_by_layer_filter_and_picture(network: Network, tmp_path: Path) -> None:
    wide = replace(network, layers=tuple(replace(layer, filters=2048) for layer in network.layers))
    keys = [FilterKey(layer, number) for layer in (0, 1) for number in (9, 10, 100, 2047)]
    names = [figure.name for figure in plan_export(wide, [Path("a.jpg")], keys, tmp_path).figures]
    assert names[0] == "layer00_filter0009_a.png"
    assert names == sorted(names)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["x", "y", "x/y"]),
            st.text(min_size=1, max_size=4),
            st.sampled_from(["jpg", "png"]),
        ),
        min_size=1,
        max_size=8,
        unique=True,
    )
)
def test_every_picture_has_a_name_of_its_own_on_every_file_system(names: list[tuple[str, str, str]]) -> None:
    paths = [Path(folder) / f"{stem.replace('/', '-')}.{ending}" for folder, stem, ending in names]
    paths = list(dict.fromkeys(paths))
    stems = _stems(paths)
    assert len({stem.casefold() for stem in stems}) == len(paths)
    assert not any(re.search(r'[<>:"/\\|?*\x00-\x1f]', stem) for stem in stems)


def test_pictures_of_one_name_in_two_folders_do_not_collide(network: Network, tmp_path: Path) -> None:
    paths = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "same.png")
        Image.new("RGB", (16, 16), "red" if folder == "a" else "blue").save(paths[-1])
    report = run_export(plan_export(network, paths, ALL[:1], tmp_path / "out"))
    assert len(set(report.written)) == 2
    assert {row["picture"] for row in rows_of(tmp_path / "out")} == {"a/same.png", "b/same.png"}
    again = run_export(plan_export(network, paths, ALL[:1], tmp_path / "out"))
    assert len(again.skipped) == 2
    long = tmp_path / ("long" * 50 + ".png")
    long.write_bytes(paths[0].read_bytes())
    assert run_export(plan_export(network, [long], ALL[:1], tmp_path / "out2")).written


# Again


def test_what_is_there_and_right_is_skipped(network: Network, pictures: tuple[Path, ...], tmp_path: Path) -> None:
    plan = plan_export(network, pictures, ALL, tmp_path / "out", FigureStyle("seen"))
    run_export(plan)
    manifest = (plan.out / "manifest.csv").read_bytes()
    before = {path.name: path.stat().st_mtime_ns for path in plan.out.glob("*.png")}
    module: Any = network.module
    runs = module.runs
    report = run_export(plan)
    assert (len(report.written), len(report.skipped)) == (0, 16)
    assert module.runs == runs
    assert {path.name: path.stat().st_mtime_ns for path in plan.out.glob("*.png")} == before
    assert (plan.out / "manifest.csv").read_bytes() == manifest


def test_only_what_is_missing_is_drawn(network: Network, pictures: tuple[Path, ...], tmp_path: Path) -> None:
    plan = plan_export(network, pictures, ALL, tmp_path / "out", FigureStyle("seen"))
    run_export(plan)
    first, manifest = contents(plan.out), (plan.out / "manifest.csv").read_bytes()
    for name in list(first)[:5]:
        (plan.out / name).unlink()
    (plan.out / sorted(first)[10]).write_bytes(b"")  # as a power cut leaves it
    report = run_export(plan)
    assert len(report.skipped) in (10, 11)
    assert contents(plan.out) == first
    assert (plan.out / "manifest.csv").read_bytes() == manifest


def test_another_style_replaces_our_own_figures_and_others_stay_listed(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run_export(plan_export(network, pictures, ALL, out))
    report = run_export(plan_export(network, pictures[:2], ALL[:1], out, FigureStyle(color_map="blue")))
    assert len(report.written) == 2
    rows = rows_of(out)
    assert len(rows) == 16
    assert {row["file"] for row in rows} == files_of(out)
    changed = read_description(out / "layer00_filter000_ISIC_0.png")
    assert changed
    assert changed["style"]["color_map"] == "blue"


def refused(plan: ExportPlan, reason: str) -> None:
    before = contents(plan.out)
    with pytest.raises(UserError, match=reason):
        run_export(plan)
    assert contents(plan.out) == before
    assert run_export(replace(plan, force=True)).written


def test_files_of_others_are_never_overwritten(network: Network, pictures: tuple[Path, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    plan = plan_export(network, pictures, ALL[:1], out)
    Image.new("RGB", (3, 3)).save(out / "layer00_filter000_ISIC_2.png")
    refused(plan, r"1 file there does not show .*layer00_filter000_ISIC_2\.png.*--force")
    assert len(rows_of(out)) == 4


def test_a_figure_changed_by_hand_is_not_lost(network: Network, pictures: tuple[Path, ...], tmp_path: Path) -> None:
    plan = plan_export(network, pictures, ALL[:1], tmp_path / "out")
    run_export(plan)
    path = plan.out / "layer00_filter000_ISIC_0.png"
    with Image.open(path) as opened:  # an editor that keeps the description
        about = opened.info["feature-map explorer"]
        edited = np.asarray(opened).copy()
    edited[:2] = 7
    path.write_bytes(encode(edited, "png", 300, about))
    refused(plan, "changed after being exported")


def test_figures_of_another_network_or_picture_are_not_lost(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    plan = plan_export(network, pictures, ALL[:1], tmp_path / "out")
    run_export(plan)
    refused(plan_export(a_network(0.5), pictures, ALL[:1], plan.out), "4 files there do not show")
    (plan.out / "manifest.csv").unlink()
    refused(plan, "4 files there do not show")
    Image.new("RGB", (12, 8), "blue").save(pictures[0])
    refused(plan, "1 file there does not show")


def test_figures_of_the_same_weights_read_in_another_way_are_not_lost(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    plan = plan_export(network, pictures, [FilterKey(0, 0)], tmp_path / "out")
    written = run_export(plan).written
    before = {name: (tmp_path / "out" / name).read_bytes() for name in written}
    for other in (
        replace(network, input=replace(network.input, resize="squash")),
        replace(network, classes=("pale", "red")),
        replace(network, module=torch.nn.Sequential(network.module)),
    ):
        assert other.digest == network.digest
        for manifest in (True, False):
            if not manifest:
                (tmp_path / "out" / "manifest.csv").rename(tmp_path / "manifest.csv")
            with pytest.raises(UserError, match="of this network"):
                run_export(replace(plan, network=other))
        (tmp_path / "manifest.csv").rename(tmp_path / "out" / "manifest.csv")
    assert {name: (tmp_path / "out" / name).read_bytes() for name in written} == before
    assert run_export(plan).skipped == written


def test_a_picture_that_changes_meanwhile_is_not_written_under_its_old_digest(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    changed, steps = pictures[2], []

    def on_step(done: int, total: int) -> None:
        steps.append(done)
        if len(steps) == 2:  # the digests are known, and nothing is drawn yet
            Image.fromarray(np.full((8, 12, 3), 77, np.uint8)).save(changed)

    report = run_export(plan_export(network, pictures, [FilterKey(0, 0)], tmp_path / "out"), on_step=on_step, jobs=1)
    assert [name for name, _ in report.failed] == [changed.name]
    assert "changed" in report.failed[0][1]
    for row in read_manifest(tmp_path / "out"):
        assert row.picture_digest == picture_digest(tmp_path / "pictures" / row.picture)


def test_without_its_manifest_a_folder_is_drawn_again(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    plan = plan_export(network, pictures, ALL, tmp_path / "out")
    run_export(plan)
    manifest = (plan.out / "manifest.csv").read_bytes()
    (plan.out / "manifest.csv").unlink()
    assert len(run_export(plan).written) == 16
    assert (plan.out / "manifest.csv").read_bytes() == manifest


def test_a_manifest_of_someone_else_is_not_overwritten(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    plan = plan_export(network, pictures, ALL, tmp_path / "out")
    plan.out.mkdir()
    (plan.out / "manifest.csv").write_text("my,own\n1,2\n")
    with pytest.raises(UserError, match="not written by this program"):
        run_export(plan)
    assert (plan.out / "manifest.csv").read_text() == "my,own\n1,2\n"
    assert files_of(plan.out) == set()


def test_new_tags_reach_the_manifest_without_drawing(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    book = TagBook()
    run_export(plan_export(network, pictures, ALL[:1], tmp_path / "out", tags=book))
    book.add(ALL[0], "border")
    report = run_export(plan_export(network, pictures, ALL[:1], tmp_path / "out", tags=book))
    assert not report.written
    assert {row["tags"] for row in rows_of(tmp_path / "out")} == {"border"}
    run_export(plan_export(network, pictures, ALL[:1], tmp_path / "out"))
    assert {row["tags"] for row in rows_of(tmp_path / "out")} == {"border"}


# Trouble


def stop_after(maps: int) -> Callable[[int, int], None]:
    def on_step(done: int, total: int) -> None:
        if done >= maps:
            raise Cancelled

    return on_step


@pytest.mark.parametrize("sheet", [False, True])
@pytest.mark.parametrize("maps", [0, 1, 7])
def test_a_cancelled_run_leaves_only_whole_figures_and_goes_on(
    maps: int, sheet: bool, network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    whole = plan_export(network, pictures, ALL, tmp_path / "whole", sheet=sheet)
    run_export(whole)
    plan = replace(whole, out=tmp_path / "out")
    with pytest.raises(Cancelled):
        run_export(plan, on_step=stop_after(maps), jobs=2)
    if plan.out.exists():
        expected = contents(whole.out)
        assert all(expected[name] == content for name, content in contents(plan.out).items())
        if maps:
            assert {row["file"] for row in rows_of(plan.out)} == files_of(plan.out)
    run_export(plan)
    assert contents(plan.out) == contents(whole.out)
    assert (plan.out / "manifest.csv").read_bytes() == (whole.out / "manifest.csv").read_bytes()


@pytest.mark.parametrize("scale", ["map", "seen"])
def test_unreadable_pictures_are_reported_and_the_rest_is_exported(
    scale: str, network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    pictures[1].write_bytes(b"no picture")
    gone = tmp_path / "gone.png"
    report = run_export(plan_export(network, [*pictures, gone], ALL, tmp_path / "out", FigureStyle(scale)))
    assert len(report.written) == 12
    assert [name for name, _ in report.failed] in (["ISIC_1.png", "gone.png"], ["gone.png", "ISIC_1.png"])
    assert all(name in reason for name, reason in report.failed)


def test_a_full_disk_is_one_sentence_and_loses_nothing(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_export(network, pictures, ALL, tmp_path / "out")
    put, written = export.replace_file, []

    def full_after_five(path: Path, content: bytes, **how: bool) -> None:
        if len(written) == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path.name)
        put(path, content, **how)

    monkeypatch.setattr(export, "replace_file", full_after_five)
    with pytest.raises(UserError, match=r"disk is full.*export again to go on"):
        run_export(plan, jobs=1)
    assert files_of(plan.out) == {row["file"] for row in rows_of(plan.out)}
    assert len(files_of(plan.out)) == 5
    monkeypatch.undo()
    assert len(run_export(plan).written) == 11


def test_a_folder_that_cannot_be_made_is_one_sentence(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UserError, match="out could not be saved"):
        run_export(plan_export(network, pictures, ALL, tmp_path / "out"))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"filters": []}, "nothing to export"),
        ({"pictures": []}, "nothing to export"),
        ({"filters": [FilterKey(2, 0)]}, "no filter 2:0"),
        ({"filters": [FilterKey(1, 9)]}, "no filter 1:9"),
        ({"format": "gif"}, "no format"),
        ({"sheet": True, "pictures": [Path("nowhere.png")]}, "None of the pictures can be read"),
    ],
)
def test_impossible_plans_are_refused(values: dict[str, Any], reason: str, network: Network, tmp_path: Path) -> None:
    options: dict[str, Any] = {"pictures": [Path("a.png")], "filters": ALL[:1], "out": tmp_path, **values}
    with pytest.raises(UserError, match=reason):
        plan_export(network, **options)


def test_more_maps_than_a_plan_may_have_are_refused(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.core.export.plan.MOST", len(ALL) * len(pictures))
    assert plan_export(network, pictures, ALL, tmp_path).figures
    monkeypatch.setattr("explorer.core.export.plan.MOST", len(ALL) * len(pictures) - 1)
    with pytest.raises(UserError, match="choose fewer"):
        plan_export(network, pictures, ALL, tmp_path)


# Sheets


def test_a_sheet_is_one_pdf_of_exact_width(network: Network, pictures: tuple[Path, ...], tmp_path: Path) -> None:
    plan = plan_export(network, pictures, ALL, tmp_path / "out", FigureStyle(width_mm=90), format="pdf", sheet=True)
    report = run_export(plan)
    assert report.written == ("sheet_layers00-01.pdf",)
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ", (plan.out / report.written[0]).read_bytes())
    assert box
    assert float(box[1]) == pytest.approx(90 / 25.4 * 72, abs=1e-3)
    rows = rows_of(plan.out)
    assert len(rows) == 16
    about = read_description(plan.out / report.written[0])
    assert about
    assert len(about["scales"]) == 16
    assert run_export(plan).skipped == report.written


def test_a_sheet_of_pixels_has_a_file_for_each_page(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    style = FigureStyle(width_mm=50, dpi=50, beside=True)
    plan = plan_export(network, pictures, ALL, tmp_path / "out", style, sheet=True)
    names = [figure.name for figure in plan.figures]
    assert names == ["sheet_layers00-01_page01.png", "sheet_layers00-01_page02.png"]
    report = run_export(plan)
    assert list(report.written) == names
    for name in names:
        with Image.open(plan.out / name) as opened:
            assert opened.size[0] == round(50 / 25.4 * 50)
    assert {(row["file"], row["layer"], row["filter"], row["picture"]) for row in rows_of(plan.out)} == {
        (figure.name, str(key.layer), str(key.filter), plan.names[number])
        for figure in plan.figures
        for key in figure.filters
        for number in figure.pictures
    }


def test_a_sheet_leaves_out_what_cannot_be_opened_and_marks_what_breaks_later(
    network: Network, pictures: tuple[Path, ...], tmp_path: Path
) -> None:
    pictures[0].write_bytes(b"no picture")
    cut = tmp_path / "pictures" / "cut.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 120, 3)).astype(np.uint8)).save(cut)
    cut.write_bytes(cut.read_bytes()[:3000])  # the header is whole, the pixels are not
    plan = plan_export(network, [*pictures[:3], cut], ALL, tmp_path / "out", sheet=True)
    assert len(plan.pictures) == 3
    report = run_export(plan)
    assert [name for name, _ in report.failed] == ["ISIC_0.png", "cut.jpg"]
    assert len(rows_of(plan.out)) == 8
    assert len(report.written) == 1
