"""A picture whose file is another by now: nothing that was found of the old one is shown any more."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from explorer.core.index import open_index
from explorer.core.suggestions import Suggestion, Suggestions, write_suggestions
from explorer.core.tags.book import FilterKey
from explorer.state.index.gallery import FilterGallery
from explorer.state.opened.file_state import state_of
from explorer.state.suggestions.suggesting import place_of
from explorer.state.workspace import Workspace
from explorer.ui.panels.artifact_list_panel import CandidateModel
from explorer.ui.widgets.lists import BASE
from tests.core.index.synthetic_index import write_index
from tests.networks import save_small
from tests.state.test_workspace import open_both


@pytest.fixture
def indexed(qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path) -> Workspace:
    """A small network over twelve pictures with an index, and a suggestion for filter 0:0."""
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    network, folder = workspace.library.network, workspace.library.folder
    filters = tuple(layer.filters for layer in network.layers)
    peaks = np.random.default_rng(0).random((sum(filters), len(folder.pictures)))
    peaks[:, 3] = 2.0  # every filter has its peak on the fourth
    path = write_index(
        tmp_path / "index.h5",
        peaks,
        filters=filters,
        names=tuple(picture.relative_to(folder.path).as_posix() for picture in folder.pictures),
        classes=network.classes,
        identity=network.identity,
    )
    edge = Suggestion(FilterKey(0, 0), "edge", "", 3.2, "answers more at the edge", "edge", 4.1)
    write_suggestions(place_of(path), Suggestions((edge,)))
    workspace.session.update(layer=0, filter=0)
    workspace.evidence.take(open_index(path))
    return workspace


def replace_picture(picture: Path, size: tuple[int, int] = (40, 40)) -> None:
    Image.new("RGB", size, (200, 40, 40)).save(picture.with_suffix(".new.png"))
    picture.with_suffix(".new.png").replace(picture)


def test_the_part_around_a_peak_is_of_the_new_file_for_every_filter(qtbot: QtBot, indexed: Workspace) -> None:
    gallery = FilterGallery(
        indexed.session, indexed.library, indexed.evidence, indexed.given, indexed.surrounds, indexed
    )
    picture = indexed.library.folder.pictures[3]
    gallery.watch(True)

    def crop(layer: int) -> np.ndarray:
        indexed.session.update(layer=layer, filter=0)
        qtbot.waitUntil(lambda: gallery.answer is not None and gallery.answer.key == FilterKey(layer, 0))
        qtbot.waitUntil(lambda: gallery.crop(picture) is not None)
        return gallery.crop(picture).rgb

    before = crop(1)
    crop(0)
    indexed.library.note_readable(picture, state_of(picture))
    replace_picture(picture)
    indexed.library.note_readable(picture, state_of(picture))
    for layer in (0, 1):
        assert (crop(layer) == (200, 40, 40)).all()
    assert not (before == (200, 40, 40)).all()


def test_a_suggested_concept_is_found_anew(qtbot: QtBot, indexed: Workspace) -> None:
    concept, pipeline, picture = indexed.suggested_concept, indexed.pipeline, indexed.session.view.picture
    qtbot.waitUntil(lambda: indexed.suggesting.made)
    assert concept.toggle() == ""
    qtbot.waitUntil(lambda: concept.map is not None)
    assert concept.map.shape == (40, 40)
    replace_picture(picture, (60, 48))
    indexed.opening.open_folder(indexed.library.folder.path, picture=picture)
    qtbot.waitUntil(lambda: pipeline.shown is not None and pipeline.shown.rgb.shape[:2] == (48, 60))
    assert concept.map is None or concept.map.shape == (48, 60)
    qtbot.waitUntil(lambda: concept.map is not None)
    assert concept.map.shape == (48, 60)


def test_a_candidate_is_shown_as_its_file_is_when_the_folder_is_opened_again(qtbot: QtBot, indexed: Workspace) -> None:
    model, picture = CandidateModel(indexed.library, indexed.candidates), indexed.library.folder.pictures[0]

    def color() -> tuple[int, ...]:
        qtbot.waitUntil(lambda: model.data_of(picture, BASE) is not None)
        return model.data_of(picture, BASE).toImage().pixelColor(20, 20).getRgb()[:3]

    assert color() != (200, 40, 40)
    replace_picture(picture)
    with qtbot.waitSignal(indexed.library.folder_opened):
        indexed.opening.open_folder(indexed.library.folder.path)
    assert color() == (200, 40, 40)
