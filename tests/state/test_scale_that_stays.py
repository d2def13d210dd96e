"""One scale that stays: a map looks the same whatever was looked at before, in the window and in a figure."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from explorer.core.drawing.overlay import compose
from explorer.core.index import FolderIndex, open_index
from explorer.core.tags.book import FilterKey
from explorer.state.export.exporting import Order, figure_style
from explorer.state.opened.network_session import Request
from explorer.state.settings_file import Settings
from explorer.state.workspace import Workspace
from tests.core.index.synthetic_index import write_index
from tests.networks import save_small

Indexed = Callable[..., FolderIndex]


@pytest.fixture
def indexed(workspace: Workspace, qtbot: QtBot, pictures: Path, tmp_path: Path) -> Indexed:
    """Makes an index of the open network."""
    workspace.opening.open_folder(pictures)
    workspace.opening.open_model(Request(save_small(tmp_path / "small.safetensors"), device="cpu"))
    qtbot.waitUntil(lambda: workspace.pipeline.activations is not None)

    def made(identity: str = "") -> FolderIndex:
        network = workspace.library.network
        filters = tuple(layer.filters for layer in network.layers)
        peaks = np.random.default_rng(1).random((sum(filters), 12)) * 0.05
        path = write_index(
            tmp_path / "index.h5", peaks, filters=filters, identity=identity or network.identity, asked=2831
        )
        return open_index(path)

    return made


def look_at(workspace: Workspace, qtbot: QtBot, place: int) -> None:
    picture = workspace.library.folder.pictures[place]
    workspace.session.update(picture=picture)
    qtbot.waitUntil(lambda: workspace.pipeline.activations is not None and workspace.pipeline.shown.picture == picture)


def test_a_map_looks_the_same_whatever_was_looked_at(workspace: Workspace, qtbot: QtBot, indexed: Indexed) -> None:
    workspace.evidence.take(indexed())
    assert workspace.session.view.style.scale == "folder"
    first, scale = workspace.pipeline.overlay(3, 0, 64), workspace.pipeline.scale(3, 0)
    for place in (1, 2, 3, 0):
        look_at(workspace, qtbot, place)
        assert workspace.pipeline.scale(3, 0) == scale == workspace.evidence.index.scale(FilterKey(3, 0))
    assert np.array_equal(workspace.pipeline.overlay(3, 0, 64), first)
    assert workspace.pipeline.measured == "measured on 12 of 2,831 pictures"


@pytest.mark.parametrize("outline", [False, True])
def test_the_window_and_a_figure_show_the_same_pixels(
    workspace: Workspace, qtbot: QtBot, indexed: Indexed, tmp_path: Path, outline: bool
) -> None:
    workspace.evidence.take(indexed())
    workspace.session.update_style(outline=outline)
    look_at(workspace, qtbot, 2)
    key = FilterKey(3, int(workspace.pipeline.maps(3).max((1, 2)).argmax()))
    style = figure_style(workspace.session.view.style, None, 300, sheet=False)
    shown = workspace.pipeline.shown
    order = Order(tmp_path / "out", (shown.picture,), (key,), style, "png", False)
    with qtbot.waitSignal(workspace.exporting.done):
        workspace.exporting.begin(order)
    (figure,) = (tmp_path / "out").glob("*.png")
    drawn = workspace.pipeline.overlay(key.layer, key.filter, 40)
    assert drawn[..., 3].any()
    wanted, found = compose(shown.rgb, drawn), np.asarray(Image.open(figure).convert("RGB"))
    if outline:  # the line is laid over what is blended, not into it
        line = drawn[..., 3] == 200
        assert np.array_equal(found[~line], wanted[~line])
    else:
        assert np.array_equal(found, wanted)


def test_a_figure_has_the_scale_over_the_pictures_seen_that_the_window_has(
    workspace: Workspace, qtbot: QtBot, indexed: Indexed, tmp_path: Path
) -> None:
    for place in (0, 1, 2):
        look_at(workspace, qtbot, place)
    shown = workspace.pipeline.shown
    layer = workspace.session.view.layer
    key = FilterKey(layer, int(workspace.pipeline.maps(layer).max((1, 2)).argmax()))
    kind = workspace.exporting.kind_of_scale((key,))
    style = figure_style(workspace.session.view.style, None, 300, sheet=False, scale=kind)
    with qtbot.waitSignal(workspace.exporting.done):
        workspace.exporting.begin(Order(tmp_path / "out", (shown.picture,), (key,), style, "png", False))
    (figure,) = (tmp_path / "out").glob("*.png")
    drawn = workspace.pipeline.overlay(key.layer, key.filter, 40)
    assert kind == "seen"
    assert drawn[..., 3].any()
    assert np.array_equal(np.asarray(Image.open(figure).convert("RGB")), compose(shown.rgb, drawn))


def test_until_there_is_an_index_the_pictures_seen_stand_for_the_folder(workspace: Workspace, indexed: Indexed) -> None:
    assert workspace.pipeline.kind_of_scale(3) == "seen"
    assert "seen" in workspace.pipeline.measured
    told: list[str] = []
    workspace.pipeline.scale_changed.connect(lambda: told.append(workspace.pipeline.kind_of_scale(3)))
    workspace.evidence.take(indexed())
    assert told == ["folder"]
    workspace.evidence.take(indexed("of another network"))
    assert told == ["folder", "seen"]


def test_raw_maps_have_no_scale_in_an_index_of_what_the_norms_answer(workspace: Workspace, indexed: Indexed) -> None:
    workspace.evidence.take(indexed())
    network = workspace.library.network
    assert workspace.evidence.covers(network, 3, raw=True) == (not network.layers[3].norm)
    assert not workspace.evidence.covers(network, 99, raw=False)
    assert not workspace.evidence.covers(None, 3, raw=False)


def test_a_scale_that_nobody_chose_is_not_remembered_as_chosen(tmp_path: Path) -> None:
    (tmp_path / "settings.ini").write_text("[look]\nscale=seen\nopacity=0.5\n")
    settings = Settings(tmp_path / "settings.ini")
    style = settings.style()
    assert (style.scale, style.opacity) == ("folder", 0.5)
    settings.set_style(type(style)(scale="seen"))
    assert settings.style().scale == "seen"


def test_an_export_that_is_gone_on_with_keeps_its_scales(tmp_path: Path) -> None:
    from explorer.core.drawing.styles import Scale
    from explorer.core.figures.single import FigureStyle

    order = Order(
        tmp_path, (tmp_path / "a.png",), (FilterKey(0, 1),), FigureStyle("folder"), "png", False, (Scale(0.25, 2.5),)
    )
    assert Order.from_json(order.as_json("x"), "x") == order


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scales", [[1]]),
        ("scales", [[10**400, 1]]),
        ("scales", [1]),
        ("filters", [[0]]),
        ("pictures", 3),
        ("style", []),
    ],
)
def test_an_export_that_was_kept_damaged_counts_as_none(tmp_path: Path, name: str, value: object) -> None:
    from explorer.core.figures.single import FigureStyle

    order = Order(tmp_path, (tmp_path / "a.png",), (FilterKey(0, 1),), FigureStyle("folder"), "png", False)
    damaged = json.dumps(json.loads(order.as_json("x")) | {name: value})
    assert Order.from_json(damaged.encode(), "x") is None
