"""Cards of filters: drawn from the index, kept, and honest about pictures that are gone."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.core.errors import UserError
from explorer.core.export import cards
from explorer.core.export.cards import export_cards
from explorer.core.export.folder_tiles import tiles_of
from explorer.core.figures.encoding import KEY
from explorer.core.figures.single import FigureStyle, canvas, draw
from explorer.core.images import read_image
from explorer.core.index import FolderIndex, build_index, open_index
from explorer.core.index.gallery import Gallery, GalleryPicture, gallery
from explorer.core.maps.activations import record
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey
from tests.networks import open_small
from trainer.synthetic.picture import write_folder

STYLE = FigureStyle(scale="folder", dpi=60)


Made = tuple[Network, FolderIndex, Path]


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, Path, Path]:
    folder = tmp_path_factory.mktemp("cards")
    write_folder(folder / "drawn", 12, size=48)
    network = open_small(folder)
    return network, build_index(network, folder / "drawn/images", folder / "index.h5"), folder / "drawn/images"


@pytest.fixture
def made(made_once: tuple[Network, Path, Path], tmp_path: Path) -> Iterator[Made]:
    """A network, its index, and pictures that a test may change."""
    network, file, pictures = made_once
    shutil.copytree(pictures, tmp_path / "images")
    with open_index(file) as index:
        yield network, index, tmp_path / "images"


def test_a_contact_sheet_shows_more_pictures_of_a_kind(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, index, folder = made
    monkeypatch.setattr(cards, "PICTURES", 2)
    every = (FilterKey(3, filter) for filter in range(network.layers[3].filters))
    key = next(key for key in every if len(gallery(index, key, "strongest", 24).pictures) > 2)
    kinds = ("strongest", "contrast")
    (path,) = export_cards(network, index, folder, [key], tmp_path / "sheets", STYLE, kinds=kinds).written
    assert path.name == f"sheet_3_{key.filter}_strongest_contrast.png"
    with Image.open(path) as image:
        assert json.loads(image.info[KEY])["kind"] == "sheet"
    chosen = {kind: gallery(index, key, kind, cards.ON_SHEET) for kind in kinds}
    drawn = cards._tiles(network, index, folder, {key: chosen}, STYLE)
    rows = cards._sheet_rows(key, chosen, drawn)
    assert sum(map(len, rows.values())) == sum(len(found.pictures) for found in chosen.values())
    assert max(map(len, rows.values())) == 2
    assert next(iter(rows)).startswith("Strongest, 1 to 2 of ")
    given = {name.rpartition("/")[2]: word for name, word in zip(index.pictures, index.given, strict=True)}
    first = chosen["strongest"].pictures[0]
    assert next(iter(rows.values()))[0].lines[1].endswith(given[first.picture.rpartition("/")[2]])
    assert next(iter(rows.values()))[0].lines[0] == Path(first.picture).stem
    with pytest.raises(UserError, match='no contact sheet of "loudest"'):
        export_cards(network, index, folder, [key], tmp_path, STYLE, kinds=("loudest",))


def test_a_card_is_drawn_once_and_says_what_it_is(made: Made, tmp_path: Path) -> None:
    network, index, folder = made
    keys = [FilterKey(1, 2), FilterKey(3, 0)]
    report = export_cards(network, index, folder, keys, tmp_path / "cards", STYLE)
    assert [path.name for path in report.written] == ["card_1_2.png", "card_3_0.png"]
    with Image.open(report.written[0]) as picture:
        assert picture.width == pytest.approx(170 / 25.4 * 60, abs=1)
        assert json.loads(picture.info[KEY])["filter"] == "1:2"
    before = report.written[0].read_bytes()
    again = export_cards(network, index, folder, keys, tmp_path / "cards", STYLE)
    assert not again.written
    assert again.skipped == report.written
    assert export_cards(network, index, folder, keys, tmp_path / "cards", STYLE, force=True).written == report.written
    assert report.written[0].read_bytes() == before


def test_a_link_under_the_name_of_a_card_gives_way_and_its_file_stays(made: Made, tmp_path: Path) -> None:
    network, index, folder = made
    (tmp_path / "own.png").write_bytes(b"somebody's")
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "card_1_2.png").symlink_to(tmp_path / "own.png")
    export_cards(network, index, folder, [FilterKey(1, 2)], tmp_path / "cards", STYLE, force=True)
    assert (tmp_path / "own.png").read_bytes() == b"somebody's"
    assert not (tmp_path / "cards" / "card_1_2.png").is_symlink()


@pytest.mark.parametrize("format", ["pdf", "svg"])
def test_a_page_has_the_filter_in_words(format: str, made: Made, tmp_path: Path) -> None:
    network, index, folder = made
    (path,) = export_cards(network, index, folder, [FilterKey(2, 1)], tmp_path, STYLE, format=format).written
    assert path.suffix == f".{format}"
    if format == "svg":
        text = path.read_text()
        for words in ("2:1", "Strongest", "Every tenth of the range", "silent inside on", "AUC"):
            assert words in text


def test_what_was_passed_over_is_said_above_its_row() -> None:
    entry = GalleryPicture("a.png", 0.1234, (0, 0), "melanoma", "nevus", 0.7, trained_on=False)
    chosen = {kind: Gallery(kind, (entry,), passed_over=3 * (kind == "strongest")) for kind in cards.ROWS}
    titles = list(cards._rows(FilterKey(0, 0), chosen, {"a.png": None}))
    assert titles[0] == "Strongest (3 alike pictures passed over)"
    assert "Every tenth of the range" in titles


def test_the_given_class_stands_below_a_picture_whatever_is_predicted() -> None:
    entry = GalleryPicture("a.png", 0.1234, (0, 0), "melanoma", "nevus", 0.7, trained_on=False)
    assert cards._drawn(FilterKey(0, 0), entry, None).lines == ("0.123 melanoma", "nevus 0.70")
    unpredicted = replace(entry, predicted="")
    assert cards._drawn(FilterKey(0, 0), unpredicted, None).lines == ("0.123 melanoma",)
    assert cards._drawn(FilterKey(0, 0), replace(unpredicted, given=""), None).lines == ("0.123",)


def test_cards_of_older_versions_are_left_alone(made: Made, tmp_path: Path) -> None:
    network, index, folder = made
    key = FilterKey(1, 2)
    (path,) = export_cards(network, index, folder, [key], tmp_path, STYLE, format="tiff").written
    assert path.name == "card_1_2.tiff", "as other figures are named"
    path.rename(tmp_path / "card_1_2.tif")
    again = export_cards(network, index, folder, [key], tmp_path, STYLE, format="tiff")
    assert (again.written, again.skipped) == ((), (tmp_path / "card_1_2.tif",))


def test_overlays_are_those_of_the_export(made: Made) -> None:
    network, index, folder = made
    key, name = FilterKey(2, 1), index.pictures[3]
    ((_, tile),) = tiles_of(network, index, folder, {name: [(key, index.scale(key))]}, STYLE)
    assert tile is not None
    rgb = read_image(folder / name)
    answers = record(network, rgb)
    np.testing.assert_array_equal(
        tile.drawn[key], draw(canvas(rgb, answers.frame, STYLE), answers.maps[2][1], index.scale(key), STYLE)
    )


def test_pictures_that_are_gone_or_other_ones_are_said(made: Made, tmp_path: Path) -> None:
    network, index, folder = made
    (folder / index.pictures[0]).unlink()
    Image.new("RGB", (48, 48)).save(folder / index.pictures[1])
    report = export_cards(network, index, folder, [FilterKey(1, 0), FilterKey(1, 1), FilterKey(1, 2)], tmp_path, STYLE)
    assert report.written
    assert {*report.unread} <= {*index.pictures[:2]}
    assert {*report.unread}, "neither was chosen"


def test_a_card_needs_the_networks_own_index(made: Made, tmp_path: Path) -> None:
    _, index, folder = made
    other = open_small(tmp_path, seed=5)
    with pytest.raises(UserError, match="another network"):
        export_cards(other, index, folder, [FilterKey(1, 0)], tmp_path, STYLE)


def test_more_filters_than_are_held_at_once(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, index, folder = made
    keys = [FilterKey(2, number) for number in range(3)]
    whole = export_cards(network, index, folder, keys, tmp_path / "whole", STYLE).written
    monkeypatch.setattr(cards, "AT_ONCE", 2)
    parts = export_cards(network, index, folder, keys, tmp_path / "parts", STYLE).written
    assert [path.read_bytes() for path in parts] == [path.read_bytes() for path in whole]
