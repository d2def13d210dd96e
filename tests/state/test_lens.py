"""A lens over the picture on show: what it is pointed at, and which of its maps are kept."""

import threading
from pathlib import Path

import pytest
import torch
import torchvision
from pytestqt.qtbot import QtBot

import explorer.state.lens.chosen_lens as lens_module
from explorer.state.lens.shuffled_weights import SLOT
from explorer.state.lens.target_choice import CHOSEN_FILTER
from explorer.state.workspace import Workspace
from tests.networks import save_small
from tests.state.test_workspace import open_both


@pytest.fixture
def without_scores(qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path) -> Workspace:
    """A ResNet-18 whose last line was taken off."""
    weights = torchvision.models.resnet18().state_dict()
    torch.save({name: weight for name, weight in weights.items() if not name.startswith("fc.")}, tmp_path / "r.pt")
    open_both(qtbot, workspace, tmp_path / "r.pt", pictures)
    assert workspace.library.network.classes == ()
    return workspace


def test_a_network_without_class_scores_has_lenses_of_its_filters(qtbot: QtBot, without_scores: Workspace) -> None:
    lens, occluding = without_scores.lens, without_scores.occluding
    lens.choose("occlusion")
    assert lens.target == ""
    assert "no class scores" in lens.missing
    without_scores.session.update(layer=0, filter=0)
    lens.point(target=CHOSEN_FILTER)
    assert (lens.target, lens.missing) == ("filter:0:0:peak", "")
    lens.choose("")
    lens.choose("occlusion")
    occluding.cover(0, 0)
    qtbot.waitUntil(lambda: occluding.patch is not None, timeout=20_000)
    assert occluding.said == ""  # there is nothing that it could say


def test_what_is_not_taken_for_the_only_class_is_looked_at_through_that_class(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors", classes=("melanoma",)), pictures)
    picture, sheet = workspace.library.folder.pictures[0], workspace.lens_sheet
    qtbot.waitUntil(lambda: workspace.library.predictions.get(picture) is not None)
    probability = float(workspace.library.predictions.get(picture)[0])
    rows = []
    for predicted, said in (("not melanoma", 1 - probability), ("melanoma", probability)):
        sheet.ask("nevus", predicted, [picture])
        qtbot.waitUntil(lambda: sheet.complete or bool(sheet.trouble), timeout=20_000)
        assert sheet.trouble == ""
        rows.append(sheet.rows[0][1])
        assert rows[-1].lines[2] == f"said: {predicted} {said:.2f}"
    assert [(one == other).all() for one, other in zip(rows[0].panels, rows[1].panels, strict=True)] == [True] * 3
    assert rows[0].lines[3:] == ("maps: melanoma",)
    assert rows[1].lines[3:] == ()


def test_shuffled_weights_that_nobody_wants_any_more_are_not_measured(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    workspace.lens.choose("occlusion")
    qtbot.waitUntil(lambda: workspace.lens.found is not None and not workspace.lens.rough)
    for end in (lambda: workspace.shuffled.want(False), lambda: workspace.lens.choose("")):
        workspace.lens.choose("occlusion")
        qtbot.waitUntil(lambda: workspace.lens.found is not None and not workspace.lens.rough)
        workspace.shuffled.want(True)
        assert workspace.library.batch.busy(SLOT)
        end()
        assert not workspace.library.batch.busy(SLOT)
        assert workspace.shuffled.sentence == ""
    workspace.lens.choose("occlusion")
    qtbot.waitUntil(lambda: workspace.shuffled.found is not None)


def test_the_maps_that_were_looked_at_last_are_kept(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lens_module, "KEPT", 2)
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    lens, kept = workspace.lens, []
    lens.choose("occlusion")
    for filter in (0, 1, 0, 2):
        workspace.session.update(layer=0, filter=filter)
        lens.point(target=CHOSEN_FILTER)
        assert lens.target == f"filter:0:{filter}:peak"
        qtbot.waitUntil(lambda: lens.request in lens._kept)
        kept = [request.target for request in lens._kept]
    assert kept == ["filter:0:0:peak", "filter:0:2:peak"]


def test_a_map_that_is_soon_there_is_drawn_at_once_and_of_another_it_is_said_that_it_is_computed(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    lens, batch, told = workspace.lens, workspace.library.batch, []
    lens.changed.connect(lambda: told.append(lens.found is not None))
    lens._soon.setInterval(10_000)
    lens.choose("grad-cam")
    qtbot.waitUntil(lambda: lens.found is not None)
    assert told == [True]

    held = threading.Event()
    batch.submit("held", lambda on_step: held.wait(20), lambda answer: None)
    lens._soon.setInterval(1)
    lens.choose("saliency")
    qtbot.waitUntil(lambda: len(told) == 2)
    held.set()
    qtbot.waitUntil(lambda: lens.found is not None)
    assert told == [True, False, True]
