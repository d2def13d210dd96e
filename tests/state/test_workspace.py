"""Opening, walking and remembering, without a window."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from pytestqt.qtbot import QtBot

from explorer.core.images import read_image
from explorer.core.maps.activations import record
from explorer.core.network.opening import open_network
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import load_tags, save_tags
from explorer.state.opened.answers import changed_answers, forget_refused, remember_answers, with_answers
from explorer.state.opened.network_session import Request
from explorer.state.settings_file import Settings
from explorer.state.start import Start
from explorer.state.view.filter_navigation import beside, next_untagged
from explorer.state.workspace import Workspace
from tests.conftest import ROOT
from tests.networks import save_small
from trainer.networks.input_spec import InputSpec


def open_both(qtbot: QtBot, workspace: Workspace, model: Path, pictures: Path) -> None:
    workspace.opening.start(Start(model=model, images=pictures, device="cpu"))
    ready(qtbot, workspace)


def ready(qtbot: QtBot, workspace: Workspace) -> None:
    """Wait until the picture in view has its maps and the tags are there."""
    qtbot.waitUntil(lambda: workspace.pipeline.activations is not None and workspace.tagging.path is not None)


def test_the_last_layer_of_the_first_picture_comes_first(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    view = workspace.session.view
    assert (view.layer, view.filter) == (3, 0)
    assert view.picture == workspace.library.folder.pictures[0]
    expected = record(workspace.library.network.copy(), read_image(view.picture))
    np.testing.assert_array_equal(workspace.pipeline.maps(3), expected.maps[3])
    assert workspace.tagging.path == tmp_path / "n.tags.h5"


def test_fast_walking_ends_on_the_last_picture(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    for _ in range(3):
        for picture in workspace.library.folder.pictures:
            workspace.session.update(picture=picture)
    last = workspace.library.folder.pictures[-1]
    qtbot.waitUntil(lambda: workspace.pipeline.shown.picture == last and workspace.pipeline.activations is not None)
    expected = record(workspace.library.network.copy(), read_image(last))
    np.testing.assert_array_equal(workspace.pipeline.maps(0), expected.maps[0])


def test_no_overlay_ever_lies_over_another_picture(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    alone = workspace.library.network.copy()
    expected = {picture: record(alone, read_image(picture)).maps[3] for picture in workspace.library.folder.pictures}
    looked: list[Path] = []

    def look() -> None:
        maps = workspace.pipeline.maps(3)
        if maps is not None:
            np.testing.assert_array_equal(maps, expected[workspace.pipeline.shown.picture])
            looked.append(workspace.pipeline.shown.picture)

    workspace.pipeline.picture_changed.connect(look)
    workspace.pipeline.maps_changed.connect(look)
    for picture in workspace.library.folder.pictures[1:]:
        workspace.session.update(picture=picture)
        qtbot.wait(3)
    qtbot.waitUntil(lambda: workspace.pipeline.shown.picture == workspace.library.folder.pictures[-1])
    assert looked[-1] == workspace.library.folder.pictures[-1]


def test_a_slow_network_does_not_keep_the_picture_back(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    import explorer.core.maps.activations as activations

    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    quick = activations.record
    may_end = threading.Event()
    monkeypatch.setattr(activations, "record", lambda *a, **k: may_end.wait(60) and quick(*a, **k))
    workspace.session.update(picture=workspace.library.folder.pictures[5])
    qtbot.waitUntil(lambda: workspace.pipeline.shown.picture == workspace.library.folder.pictures[5])
    assert workspace.pipeline.overlay(3, 0, 64) is None
    may_end.set()
    qtbot.waitUntil(lambda: workspace.pipeline.overlay(3, 0, 64) is not None)


def test_raw_maps_are_recorded_anew(qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path) -> None:
    torch.save(torchvision.models.resnet18(num_classes=2).state_dict(), tmp_path / "r.pt")
    open_both(qtbot, workspace, tmp_path / "r.pt", pictures)
    assert len(workspace.library.network.layers) == 20
    normed = workspace.pipeline.maps(19).copy()
    workspace.session.update_style(raw=True)
    qtbot.waitUntil(lambda: workspace.pipeline.maps(19) is not None)
    assert not np.array_equal(workspace.pipeline.maps(19), normed)
    workspace.session.update_style(raw=False)
    qtbot.waitUntil(lambda: workspace.pipeline.maps(19) is not None)
    np.testing.assert_array_equal(workspace.pipeline.maps(19), normed)


def test_a_damaged_picture_stops_nothing(qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path) -> None:
    broken = pictures / "malignant" / "zbroken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n half")
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    with qtbot.waitSignal(workspace.pipeline.picture_failed) as caught:
        workspace.session.update(picture=broken)
    assert "zbroken.png" in str(caught.args[1])
    assert workspace.pipeline.shown is None
    workspace.session.update(picture=workspace.library.folder.pictures[1])
    qtbot.waitUntil(lambda: workspace.pipeline.activations is not None)


def test_thumbnails_predictions_and_other_pictures_come_when_asked_for(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    picture = workspace.library.folder.pictures[4]
    for store in (workspace.library.thumbnails, workspace.library.predictions, workspace.library.over):
        qtbot.waitUntil(lambda store=store: store.get(picture) is not None)
    expected = record(workspace.library.network.copy(), read_image(picture))
    np.testing.assert_allclose(workspace.library.predictions.get(picture), expected.probabilities, rtol=1e-5)
    np.testing.assert_allclose(workspace.library.over.get(picture).maps, expected.maps[3], rtol=2e-3, atol=1e-4)


def test_class_folders_are_classes(qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    labels = workspace.library.folder.labels
    assert {labels.of(picture) for picture in workspace.library.folder.pictures} == {"benign", "malignant"}


def test_the_last_session_comes_back(qtbot: QtBot, tmp_path: Path, pictures: Path) -> None:
    model = save_small(tmp_path / "n.safetensors")
    first = Workspace(Settings(tmp_path / "home" / "settings.ini"), ROOT / "resources")
    open_both(qtbot, first, model, pictures)
    chosen = first.library.folder.pictures[7]
    first.session.update(picture=chosen, layer=1, filter=2)
    first.session.update_style(outline=True, scale="layer", opacity=0.5)
    first.tagging.toggle(FilterKey(1, 2), "hair")
    first.close()
    second = Workspace(Settings(tmp_path / "home" / "settings.ini"), ROOT / "resources")
    second.opening.start(Start())
    ready(qtbot, second)
    view = second.session.view
    assert (view.picture, view.layer, view.filter) == (chosen, 1, 2)
    assert (view.style.outline, view.style.scale, view.style.opacity) == (True, "layer", 0.5)
    assert [tag.tag for tag in second.tagging.book.tags(FilterKey(1, 2))] == ["hair"]
    second.close()


def test_the_answers_to_the_last_network_come_back(qtbot: QtBot, tmp_path: Path, pictures: Path) -> None:
    model, classes = save_small(tmp_path / "n.safetensors"), ("nevus", "melanoma")
    spec = InputSpec((32, 32), "shortest", 48, mean=(0.5, 0.4, 0.3))
    first = Workspace(Settings(tmp_path / "home" / "settings.ini"), ROOT / "resources")
    first.opening.start(Start(model=model, images=pictures, device="cpu", classes=classes, input=spec))
    ready(qtbot, first)
    identity = first.library.network.identity
    first.close()
    for damage in (None, '{"input": {"size": 3}, "classes": "ab"}', "[[["):
        settings = Settings(tmp_path / "home" / "settings.ini")
        if damage is None:
            (name,) = (key for key in settings._store.allKeys() if key.startswith("answers/"))
        else:
            settings.set_text(name, damage)
        again = Workspace(settings, ROOT / "resources")
        again.opening.start(Start())
        ready(qtbot, again)
        network, request = again.library.network, again.library.request
        again.close()
        assert (network.identity == identity) == (damage is None)
        if damage is None:
            assert (network.classes, network.input, request.input) == (classes, spec, spec)


def test_what_was_said_of_a_network_is_not_asked_again_after_another_one(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    model, classes = save_small(tmp_path / "n.safetensors"), ("nevus", "melanoma")

    def reopened(request: Request) -> tuple[tuple[str, ...], bool]:
        open_both(qtbot, workspace, save_small(tmp_path / "other.safetensors", seed=1), pictures)
        with qtbot.waitSignal(workspace.library.network_opened):
            workspace.opening.open_model(request)
        assert workspace.opening.request is not None
        return workspace.library.network.classes, workspace.opening.request.recalled

    own, recalled = reopened(Request(model, device="cpu"))
    assert not recalled
    assert reopened(Request(model, device="cpu", classes=classes)) == (classes, False)
    assert reopened(Request(model, device="cpu")) == (classes, True)
    assert reopened(Request(model, device="cpu", outputs="independent-logits")) == (own, False)  # a word of now wins
    assert reopened(Request(model, device="cpu", classes=classes)) == (classes, False)
    save_small(model, seed=2)
    assert reopened(Request(model, device="cpu")) == (own, False)  # of another network under the same name


def test_what_an_earlier_version_kept_is_of_the_network_that_was_open_last(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "home" / "settings.ini")
    first, second = (save_small(tmp_path / f"{name}.safetensors", seed=seed) for seed, name in enumerate("ab"))
    settings.set_text("last/answers", '{"classes": ["nevus", "melanoma"]}')
    settings.set_text("last/model", str(first))
    assert with_answers(Request(second), settings).classes is None
    settings.set_text("last/model", str(second))  # as when the window closes
    assert with_answers(Request(second), settings).classes is None
    assert with_answers(Request(first), settings).classes == ["nevus", "melanoma"]


def test_answers_outlive_a_file_that_is_away_and_a_folder_with_other_weights_has_none(tmp_path: Path) -> None:
    settings, folder = Settings(tmp_path / "home" / "settings.ini"), tmp_path / "net"
    folder.mkdir()
    weights = save_small(folder / "model.safetensors")
    remember_answers(Request(folder, classes=("a", "b")), settings)
    request = with_answers(Request(folder), settings)
    assert (request.classes, request.recalled) == (["a", "b"], True)
    folder.rename(tmp_path / "away")
    forget_refused(request, settings)
    (tmp_path / "away").rename(folder)
    assert with_answers(Request(folder), settings).recalled
    save_small(weights, seed=3)
    assert not with_answers(Request(folder), settings).recalled


def test_what_a_person_left_as_it_was_proposed_is_nobody_s_word(tmp_path: Path) -> None:
    network = open_network(save_small(tmp_path / "n.safetensors"), device="cpu")
    request = Request(tmp_path / "n.safetensors")
    left = replace(request, classes=network.classes, input=network.input)
    assert changed_answers(request, left, network) == request
    said = replace(left, outputs="independent-logits", classes=("x", "y"))
    assert changed_answers(request, said, network) == replace(request, outputs="independent-logits", classes=("x", "y"))


def test_answers_that_do_not_fit_are_not_given_twice(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    model = save_small(tmp_path / "n.safetensors")
    remember_answers(Request(model, classes=("one", "too", "many")), workspace.settings)
    failed: list[object] = []
    workspace.library.problem.connect(failed.append)
    workspace.library.question.connect(lambda request, question: failed.append(question))
    workspace.opening.open_model(Request(model, device="cpu"))
    qtbot.waitUntil(lambda: bool(failed))
    with qtbot.waitSignal(workspace.library.network_opened):
        workspace.opening.open_model(Request(model, device="cpu"))


def test_tags_of_another_network_open_only_when_accepted(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    other = TagBook("another digest", "another network", "scratch_cnn", [("x", 9)] * 4)
    other.add(FilterKey(0, 8), "ruler-like", annotator="them")
    save_tags(tmp_path / "other.h5", other)
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    with qtbot.waitSignal(workspace.opening.foreign_tags) as caught:
        workspace.opening.open_tags(tmp_path / "other.h5")
    assert workspace.tagging.path == tmp_path / "n.tags.h5"
    path, book, network = caught.args
    assert (book.network_name, network.name) == ("another network", "n")
    workspace.opening.accept_tags(path, book)
    assert workspace.tagging.path == tmp_path / "other.h5"


def test_a_damaged_tags_file_is_a_sentence_and_stays(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    model = save_small(tmp_path / "n.safetensors")
    (tmp_path / "n.tags.h5").write_bytes(b"no HDF5 at all")
    with qtbot.waitSignal(workspace.opening.problem) as caught:
        workspace.opening.start(Start(model=model, images=pictures, device="cpu"))
    assert "n.tags.h5" in str(caught.args[0])
    assert (tmp_path / "n.tags.h5").read_bytes() == b"no HDF5 at all"
    assert workspace.tagging.read_only


def test_opening_another_network_forgets_the_first(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    workspace.tagging.toggle(FilterKey(3, 0), "hair")
    with qtbot.waitSignal(workspace.library.network_opened):
        workspace.opening.open_model(Request(save_small(tmp_path / "m.safetensors", seed=1), device="cpu"))
    qtbot.waitUntil(lambda: workspace.tagging.path == tmp_path / "m.tags.h5")
    assert len(workspace.tagging.book) == 0
    assert len(load_tags(tmp_path / "n.tags.h5")) == 1


@pytest.mark.parametrize("what", ["model", "images"])
def test_what_is_not_there_is_a_sentence(qtbot: QtBot, workspace: Workspace, tmp_path: Path, what: str) -> None:
    with qtbot.waitSignal(workspace.opening.problem) as caught:
        workspace.opening.start(Start(**{what: tmp_path / "nowhere"}))
    assert "nowhere" in str(caught.args[0])


def test_a_picture_of_a_folder_that_did_not_open_is_not_looked_for_in_the_next(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    wanted = sorted(pictures.rglob("*.png"))[3]
    with qtbot.waitSignal(workspace.opening.problem):
        workspace.opening.open_folder(tmp_path / "gone", picture=wanted)
    with qtbot.waitSignal(workspace.library.folder_opened):
        workspace.opening.open_folder(pictures)
    assert workspace.session.view.picture == workspace.library.folder.pictures[0] != wanted


def test_a_filter_of_a_network_that_did_not_open_is_not_gone_to_in_the_next(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    (tmp_path / "damaged.pt").write_bytes(b"no network")
    workspace.settings.set_text("last/model", str(tmp_path / "damaged.pt"))
    workspace.settings.set_text("last/filter", "1:2")
    with qtbot.waitSignal(workspace.library.problem):
        workspace.opening.start(Start())
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    assert (workspace.session.view.layer, workspace.session.view.filter) == (3, 0)


def test_walking(tmp_path: Path) -> None:
    from tests.networks import open_small

    layers = open_small(tmp_path).layers
    book = TagBook()
    for filter in (1, 2, 3):
        book.add(FilterKey(0, filter), "hair")
    assert next_untagged(layers, book, FilterKey(0, 0)) == FilterKey(1, 0)
    assert next_untagged(layers, book, FilterKey(1, 0), -1) == FilterKey(0, 0)
    assert next_untagged(layers, book, FilterKey(3, 5)) == FilterKey(0, 0)
    for layer in layers:
        for filter in range(layer.filters):
            book.add(FilterKey(layer.index, filter), "hair")
    assert next_untagged(layers, book, FilterKey(0, 0)) is None
    assert beside([5, 3, 9], 3, 1) == 9
    assert beside([5, 3, 9], 9, 1) == 9
    assert beside([5, 3, 9], 4, 1) == 5
    assert beside([], 4, 1) is None


def test_damaged_settings_count_as_none(tmp_path: Path) -> None:
    (tmp_path / "settings.ini").write_text("[look]\nopacity=much\noutline=True\n[window]\ngeometry=5\n")
    settings = Settings(tmp_path / "settings.ini")
    assert settings.style().opacity == 1.0
    assert settings.style().outline
    assert settings.blob("window/geometry").isEmpty()
    settings.remember("models", tmp_path / "gone.pt")
    assert settings.recent("models") == []


def test_a_damaged_vocabulary_is_said_and_the_bundled_one_used(qtbot: QtBot, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "tags.toml").write_text("[[tag]\nword=")
    workspace = Workspace(Settings(home / "settings.ini"), ROOT / "resources")
    assert "tags.toml" in workspace.troubles[0]
    assert "hair" in workspace.vocabulary.words
    workspace.close()


def test_the_bundled_network_has_the_same_tags_wherever_a_copy_of_it_lies(workspace: Workspace, tmp_path: Path) -> None:
    bundled = ROOT / "resources" / "demo" / "demo-scratch-cnn.safetensors"
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    copy = checkout / bundled.name
    copy.write_bytes(bundled.read_bytes())
    own = workspace.settings.folder / "tags" / "demo-scratch-cnn.tags.h5"
    (tmp_path / "link").symlink_to(bundled.parent)
    for place in (bundled, copy, tmp_path / "link" / bundled.name):
        assert workspace.opening.default_tags_path(place) == own
    beside = checkout / "demo-scratch-cnn.tags.h5"
    beside.write_bytes(b"tags of earlier")
    assert workspace.opening.default_tags_path(copy) == beside  # what was tagged there goes on there
    other = tmp_path / "net.safetensors"
    other.write_bytes(b"another")
    assert workspace.opening.default_tags_path(other) == tmp_path / "net.tags.h5"
