"""Opening, walking and remembering, without a window."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from pytestqt.qtbot import QtBot

from explorer.core.images import read_image
from explorer.core.maps.activations import record
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import load_tags, save_tags
from explorer.state.desk import Desk
from explorer.state.library import Request
from explorer.state.settings import Settings
from explorer.state.start import Start
from explorer.state.walking import beside, next_untagged
from tests.conftest import ROOT
from tests.networks import save_small
from trainer.networks.input_spec import InputSpec


def open_both(qtbot: QtBot, desk: Desk, model: Path, pictures: Path) -> None:
    desk.opening.start(Start(model=model, images=pictures, device="cpu"))
    ready(qtbot, desk)


def ready(qtbot: QtBot, desk: Desk) -> None:
    """Wait until the picture in view has its maps and the tags are there."""
    qtbot.waitUntil(lambda: desk.pipeline.activations is not None and desk.tagging.path is not None)


def test_the_last_layer_of_the_first_picture_comes_first(
    qtbot: QtBot, desk: Desk, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, desk, save_small(tmp_path / "n.safetensors"), pictures)
    view = desk.session.view
    assert (view.layer, view.filter) == (3, 0)
    assert view.picture == desk.library.folder.pictures[0]
    expected = record(desk.library.network.copy(), read_image(view.picture))
    np.testing.assert_array_equal(desk.pipeline.maps(3), expected.maps[3])
    assert desk.tagging.path == tmp_path / "n.tags.h5"


def test_fast_walking_ends_on_the_last_picture(qtbot: QtBot, desk: Desk, tmp_path: Path, pictures: Path) -> None:
    open_both(qtbot, desk, save_small(tmp_path / "n.safetensors"), pictures)
    for _ in range(3):
        for picture in desk.library.folder.pictures:
            desk.session.update(picture=picture)
    last = desk.library.folder.pictures[-1]
    qtbot.waitUntil(lambda: desk.pipeline.shown.picture == last and desk.pipeline.activations is not None)
    expected = record(desk.library.network.copy(), read_image(last))
    np.testing.assert_array_equal(desk.pipeline.maps(0), expected.maps[0])


def test_no_overlay_ever_lies_over_another_picture(qtbot: QtBot, desk: Desk, tmp_path: Path, pictures: Path) -> None:
    open_both(qtbot, desk, save_small(tmp_path / "n.safetensors"), pictures)
    alone = desk.library.network.copy()
    expected = {picture: record(alone, read_image(picture)).maps[3] for picture in desk.library.folder.pictures}
    looked: list[Path] = []

    def look() -> None:
        maps = desk.pipeline.maps(3)
        if maps is not None:
            np.testing.assert_array_equal(maps, expected[desk.pipeline.shown.picture])
            looked.append(desk.pipeline.shown.picture)

    desk.pipeline.picture_changed.connect(look)
    desk.pipeline.maps_changed.connect(look)
    for picture in desk.library.folder.pictures[1:]:
        desk.session.update(picture=picture)
        qtbot.wait(3)
    qtbot.waitUntil(lambda: desk.pipeline.shown.picture == desk.library.folder.pictures[-1])
    assert looked[-1] == desk.library.folder.pictures[-1]


def test_a_slow_network_does_not_keep_the_picture_back(
    qtbot: QtBot, desk: Desk, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    import explorer.core.maps.activations as activations

    open_both(qtbot, desk, save_small(tmp_path / "n.safetensors"), pictures)
    quick = activations.record
    may_end = threading.Event()
    monkeypatch.setattr(activations, "record", lambda *a, **k: may_end.wait(60) and quick(*a, **k))
    desk.session.update(picture=desk.library.folder.pictures[5])
    qtbot.waitUntil(lambda: desk.pipeline.shown.picture == desk.library.folder.pictures[5])
    assert desk.pipeline.overlay(3, 0, 64) is None
    may_end.set()
    qtbot.waitUntil(lambda: desk.pipeline.overlay(3, 0, 64) is not None)


def test_raw_maps_are_recorded_anew(qtbot: QtBot, desk: Desk, tmp_path: Path, pictures: Path) -> None:
    torch.save(torchvision.models.resnet18(num_classes=2).state_dict(), tmp_path / "r.pt")
    open_both(qtbot, desk, tmp_path / "r.pt", pictures)
    assert len(desk.library.network.layers) == 20
    normed = desk.pipeline.maps(19).copy()
    desk.session.update_look(raw=True)
    qtbot.waitUntil(lambda: desk.pipeline.maps(19) is not None)
    assert not np.array_equal(desk.pipeline.maps(19), normed)
    desk.session.update_look(raw=False)
    qtbot.waitUntil(lambda: desk.pipeline.maps(19) is not None)
    np.testing.assert_array_equal(desk.pipeline.maps(19), normed)


def test_a_damaged_picture_stops_nothing(qtbot: QtBot, desk: Desk, tmp_path: Path, pictures: Path) -> None:
    broken = pictures / "malignant" / "zbroken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n half")
    open_both(qtbot, desk, save_small(tmp_path / "n.safetensors"), pictures)
    with qtbot.waitSignal(desk.pipeline.picture_failed) as caught:
        desk.session.update(picture=broken)
    assert "zbroken.png" in str(caught.args[1])
    assert desk.pipeline.shown is None
    desk.session.update(picture=desk.library.folder.pictures[1])
    qtbot.waitUntil(lambda: desk.pipeline.activations is not None)


def test_thumbnails_predictions_and_other_pictures_come_when_asked_for(
    qtbot: QtBot, desk: Desk, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, desk, save_small(tmp_path / "n.safetensors"), pictures)
    picture = desk.library.folder.pictures[4]
    for store in (desk.library.thumbnails, desk.library.predictions, desk.library.over):
        qtbot.waitUntil(lambda store=store: store.get(picture) is not None)
    expected = record(desk.library.network.copy(), read_image(picture))
    np.testing.assert_allclose(desk.library.predictions.get(picture), expected.probabilities, rtol=1e-5)
    np.testing.assert_allclose(desk.library.over.get(picture).maps, expected.maps[3], rtol=2e-3, atol=1e-4)


def test_class_folders_are_classes(qtbot: QtBot, desk: Desk, tmp_path: Path, pictures: Path) -> None:
    open_both(qtbot, desk, save_small(tmp_path / "n.safetensors"), pictures)
    labels = desk.library.folder.labels
    assert {labels.of(picture) for picture in desk.library.folder.pictures} == {"benign", "malignant"}


def test_the_last_session_comes_back(qtbot: QtBot, tmp_path: Path, pictures: Path) -> None:
    model = save_small(tmp_path / "n.safetensors")
    first = Desk(Settings(tmp_path / "home" / "settings.ini"), ROOT / "resources")
    open_both(qtbot, first, model, pictures)
    chosen = first.library.folder.pictures[7]
    first.session.update(picture=chosen, layer=1, filter=2)
    first.session.update_look(outline=True, scale="layer", opacity=0.5)
    first.tagging.toggle(FilterKey(1, 2), "hair")
    first.close()
    second = Desk(Settings(tmp_path / "home" / "settings.ini"), ROOT / "resources")
    second.opening.start(Start())
    ready(qtbot, second)
    view = second.session.view
    assert (view.picture, view.layer, view.filter) == (chosen, 1, 2)
    assert (view.look.outline, view.look.scale, view.look.opacity) == (True, "layer", 0.5)
    assert [tag.tag for tag in second.tagging.book.tags(FilterKey(1, 2))] == ["hair"]
    second.close()


def test_the_answers_to_the_last_network_come_back(qtbot: QtBot, tmp_path: Path, pictures: Path) -> None:
    model, classes = save_small(tmp_path / "n.safetensors"), ("nevus", "melanoma")
    spec = InputSpec((32, 32), "shortest", 48, mean=(0.5, 0.4, 0.3))
    first = Desk(Settings(tmp_path / "home" / "settings.ini"), ROOT / "resources")
    first.opening.start(Start(model=model, images=pictures, device="cpu", classes=classes, input=spec))
    ready(qtbot, first)
    identity = first.library.network.identity
    first.close()
    for damage in (None, '{"input": {"size": 3}, "classes": "ab"}', "[[["):
        settings = Settings(tmp_path / "home" / "settings.ini")
        if damage is not None:
            settings.set_text("last/answers", damage)
        again = Desk(settings, ROOT / "resources")
        again.opening.start(Start())
        ready(qtbot, again)
        network, request = again.library.network, again.library.request
        again.close()
        assert (network.identity == identity) == (damage is None)
        if damage is None:
            assert (network.classes, network.input, request.input) == (classes, spec, spec)


def test_tags_of_another_network_open_only_when_accepted(
    qtbot: QtBot, desk: Desk, tmp_path: Path, pictures: Path
) -> None:
    other = TagBook("another digest", "another network", "scratch_cnn", [("x", 9)] * 4)
    other.add(FilterKey(0, 8), "ruler-like", annotator="them")
    save_tags(tmp_path / "other.h5", other)
    open_both(qtbot, desk, save_small(tmp_path / "n.safetensors"), pictures)
    with qtbot.waitSignal(desk.opening.foreign_tags) as caught:
        desk.opening.open_tags(tmp_path / "other.h5")
    assert desk.tagging.path == tmp_path / "n.tags.h5"
    path, book, network = caught.args
    assert (book.network_name, network.name) == ("another network", "n")
    desk.opening.accept_tags(path, book)
    assert desk.tagging.path == tmp_path / "other.h5"


def test_a_damaged_tags_file_is_a_sentence_and_stays(qtbot: QtBot, desk: Desk, tmp_path: Path, pictures: Path) -> None:
    model = save_small(tmp_path / "n.safetensors")
    (tmp_path / "n.tags.h5").write_bytes(b"no HDF5 at all")
    with qtbot.waitSignal(desk.opening.problem) as caught:
        desk.opening.start(Start(model=model, images=pictures, device="cpu"))
    assert "n.tags.h5" in str(caught.args[0])
    assert (tmp_path / "n.tags.h5").read_bytes() == b"no HDF5 at all"
    assert desk.tagging.read_only


def test_opening_another_network_forgets_the_first(qtbot: QtBot, desk: Desk, tmp_path: Path, pictures: Path) -> None:
    open_both(qtbot, desk, save_small(tmp_path / "n.safetensors"), pictures)
    desk.tagging.toggle(FilterKey(3, 0), "hair")
    with qtbot.waitSignal(desk.library.network_opened):
        desk.opening.open_model(Request(save_small(tmp_path / "m.safetensors", seed=1), device="cpu"))
    qtbot.waitUntil(lambda: desk.tagging.path == tmp_path / "m.tags.h5")
    assert len(desk.tagging.book) == 0
    assert len(load_tags(tmp_path / "n.tags.h5")) == 1


@pytest.mark.parametrize("what", ["model", "images"])
def test_what_is_not_there_is_a_sentence(qtbot: QtBot, desk: Desk, tmp_path: Path, what: str) -> None:
    with qtbot.waitSignal(desk.opening.problem) as caught:
        desk.opening.start(Start(**{what: tmp_path / "nowhere"}))
    assert "nowhere" in str(caught.args[0])


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
    assert settings.look().opacity == 1.0
    assert settings.look().outline
    assert settings.blob("window/geometry").isEmpty()
    settings.remember("models", tmp_path / "gone.pt")
    assert settings.recent("models") == []


def test_a_damaged_vocabulary_is_said_and_the_bundled_one_used(qtbot: QtBot, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "tags.toml").write_text("[[tag]\nword=")
    desk = Desk(Settings(home / "settings.ini"), ROOT / "resources")
    assert "tags.toml" in desk.troubles[0]
    assert "hair" in desk.vocabulary.words
    desk.close()
