"""Figures of two networks: each panel is what that network answers, and the file says which networks they are."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.core.comparison.figures_of_both import by_number, draw_both
from explorer.core.drawing.overlay import compose, in_picture, overlay
from explorer.core.errors import UserError
from explorer.core.export.manifest import read_manifest
from explorer.core.export.run import plan_export, run_export
from explorer.core.figures.encoding import read_description
from explorer.core.figures.sheet_layout import MARGIN
from explorer.core.figures.side_by_side import BAR, GAP, NUMBERS, TITLE
from explorer.core.figures.single import FigureStyle, fit
from explorer.core.images import read_image
from explorer.core.maps.activations import record
from explorer.core.network.opening import open_network
from explorer.core.tags.book import FilterKey
from tests.networks import open_small, save_normed

KEY = FilterKey(0, 1)


def panel(path: Path, place: int, count: int) -> np.ndarray:
    """The pixels of one of the panels of a square picture."""
    with Image.open(path) as picture:
        drawn = np.asarray(picture.convert("RGB")).astype(float)
    scale = 300 / 25.4
    each = (170 - 2 * MARGIN + GAP) / count
    side, left = round((each - 2 * GAP - BAR - NUMBERS) * scale), round((MARGIN + place * each) * scale)
    top = round((MARGIN + TITLE) * scale)
    return drawn[top + 2 : top + side - 2, left + 2 : left + side - 2]


def test_each_panel_is_of_its_network_on_the_scale_of_the_first(tmp_path: Path, pictures: Path) -> None:
    first, second = open_small(tmp_path, 0), open_small(tmp_path, 1)
    path, out = sorted(pictures.rglob("*.png"))[0], tmp_path / "out"
    rgb = read_image(path)
    report = draw_both(first, second, by_number(first, second, [KEY]), [path], out, FigureStyle(scale="map"))
    (name,) = report.written
    peak = float(record(first, rgb).maps[0][1].max())
    for place, network in enumerate((first, second)):
        answers = record(network, rgb)
        found = panel(out / name, place, 3)
        size = found.shape[0] + 4, found.shape[1] + 4
        canvas = fit(rgb, answers.frame, size)
        drawn = in_picture(overlay(answers.maps[0][1], size, foot=0, peak=peak), canvas.frame, size)
        wanted = compose(canvas.rgb, drawn)[2:-2, 2:-2]
        assert np.abs(found - wanted).mean() < 6, network.name
    about = read_description(out / name)
    assert (about["network"], about["second_network"]) == (first.identity, second.identity)
    assert about["filters"] == ["0:1", "0:1"]
    assert about["scales"] == [[0.0, peak], [0.0, peak]]


def test_an_export_goes_on_and_other_files_stay(tmp_path: Path, pictures: Path) -> None:
    first, second = open_small(tmp_path, 0), open_small(tmp_path, 1)
    paths, out, style = sorted(pictures.rglob("*.png"))[:3], tmp_path / "out", FigureStyle(scale="seen", dpi=60)
    pairs = by_number(first, second, [KEY, FilterKey(3, 2)])
    whole = draw_both(first, second, pairs, paths, out, style)
    assert len(whole.written) == 6
    (out / whole.written[0]).unlink()
    again = draw_both(first, second, pairs, paths, out, style)
    assert (again.written, len(again.skipped)) == (whole.written[:1], 5)
    assert len(draw_both(first, second, pairs, paths, out, replace(style, opacity=0.5)).written) == 6
    (out / whole.written[0]).write_bytes(b"somebody's")
    (out / whole.written[1]).unlink()
    kept = draw_both(first, second, pairs, paths, out, style)
    assert [name for name, _ in kept.failed] == [paths[0].name]
    assert "no figure of two networks" in kept.failed[0][1]
    assert set(kept.written) | set(kept.skipped) == set(whole.written[1:]), "the other filters of that picture too"
    assert whole.written[1] in kept.written
    assert (out / whole.written[0]).read_bytes() == b"somebody's"


def test_figures_of_older_versions_are_known_again(tmp_path: Path, pictures: Path) -> None:
    first, second = open_small(tmp_path, 0), open_small(tmp_path, 1)
    path, out, style = sorted(pictures.rglob("*.png"))[0], tmp_path / "out", FigureStyle(scale="map", dpi=60)
    pairs = by_number(first, second, [KEY])
    (name,) = draw_both(first, second, pairs, [path], out, style, format="tiff").written
    assert name.endswith(".A_B.tiff"), "as other figures are named"
    old = out / name.removesuffix("f")
    (out / name).rename(old)
    again = draw_both(first, second, pairs, [path], out, style, format="tiff")
    assert (again.written, again.skipped, again.failed) == ((), (old.name,), ())
    assert [row.file for row in read_manifest(out)] == [old.name] * 2
    old.write_bytes(b"somebody's")
    assert draw_both(first, second, pairs, [path], out, style, format="tiff").written == (name,)
    assert old.read_bytes() == b"somebody's"


def test_a_picture_that_cannot_be_read_stops_nothing(tmp_path: Path, pictures: Path) -> None:
    first, second = open_small(tmp_path, 0), open_small(tmp_path, 1)
    paths = sorted(pictures.rglob("*.png"))[:2]
    paths[0].write_bytes(b"no picture")
    report = draw_both(
        first, second, {KEY: KEY}, paths, tmp_path / "out", FigureStyle(scale="seen", dpi=60), format="pdf"
    )
    assert (len(report.written), [name for name, _ in report.failed]) == (1, [paths[0].name])


def test_other_layers_have_scales_of_their_own_and_no_common_numbers(tmp_path: Path, pictures: Path) -> None:
    path, code = save_normed(tmp_path)
    first, second = open_small(tmp_path), open_network(path, architecture=code, device="cpu", classes=("benign", "x"))
    with pytest.raises(UserError, match="other layers"):
        by_number(first, second, [KEY])
    picture = sorted(pictures.rglob("*.png"))[0]
    report = draw_both(first, second, {KEY: FilterKey(1, 2)}, [picture], tmp_path / "out", FigureStyle(dpi=60))
    about = read_description(tmp_path / "out" / report.written[0])
    scales = [
        float(record(one, read_image(picture)).maps[key[0]][key[1]].max())
        for one, key in ((first, (0, 1)), (second, (1, 2)))
    ]
    assert [one[1] for one in about["scales"]] == pytest.approx(scales)


def test_the_manifest_lists_both_maps_of_every_figure_and_keeps_the_lines_of_others(
    tmp_path: Path, pictures: Path
) -> None:
    first, second = open_small(tmp_path, 0), open_small(tmp_path, 1)
    paths, out, style = sorted(pictures.rglob("*.png"))[5:7], tmp_path / "out", FigureStyle(scale="map", dpi=60)
    assert len({path.parent for path in paths}) == 2, "pictures of two folders"
    plan = plan_export(first, paths, [KEY], out, style)
    run_export(plan)
    alone = read_manifest(out)
    report = draw_both(first, second, {KEY: FilterKey(0, 2)}, paths, out, style)
    rows = [row for row in read_manifest(out) if row.file in report.written]
    assert [row for row in read_manifest(out) if row not in rows] == list(alone)
    assert [(row.layer, row.filter, row.network_digest) for row in rows] == [
        ("0", "1", first.digest),
        ("0", "2", second.digest),
    ] * 2
    for row in rows:
        assert row.file_digest == hashlib.sha256((out / row.file).read_bytes()).hexdigest()
        network = first if row.network_digest == first.digest else second
        (picture,) = (path for path in paths if path.as_posix().endswith(row.picture))
        map = record(network, read_image(picture)).maps[0][int(row.filter)]
        assert float(row.map_max) == pytest.approx(float(map.max()), rel=1e-5)
    (out / "manifest.csv").unlink()
    assert draw_both(first, second, {KEY: FilterKey(0, 2)}, paths, out, style).written == ()
    assert list(read_manifest(out)) == rows, "of what was there already, too"
    run_export(replace(plan, force=True))
    assert [row for row in read_manifest(out) if row.file in report.written] == rows, "another export keeps them"
    (out / "manifest.csv").write_text("somebody's")
    with pytest.raises(UserError, match="not written by this program"):
        draw_both(first, second, {KEY: FilterKey(0, 2)}, paths, out, style)
