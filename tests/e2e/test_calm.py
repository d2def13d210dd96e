"""Story: what the window says goes when it is over, lists begin at their top, and nothing jumps."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, QTimer
from PySide6.QtGui import QCursor, QEnterEvent
from PySide6.QtWidgets import QApplication

from explorer.core.attribution.color_range import OWN, points_text
from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.index import open_index
from explorer.core.tags import shared_file
from explorer.state.start import Start
from explorer.ui.dialogs.class_order_dialog import ClassOrderDialog
from explorer.ui.widgets import message_banner
from explorer.ui.widgets.message_banner import NETWORK
from explorer.ui.window import own_windows
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import Open, Person
from tests.networks import save_small


def folder_of(path: Path, count: int) -> Path:
    path.mkdir()
    for number in range(count):
        rgb = np.random.default_rng(number).integers(0, 255, (40, 40, 3))
        Image.fromarray(rgb.astype(np.uint8)).save(path / f"picture{number:03}.png")
    return path


def test_a_message_goes_with_what_it_was_about(open_window: Open, tmp_path: Path) -> None:
    person = open_window(Start(images=folder_of(tmp_path / "pictures", 2)))
    (tmp_path / "no_network.pt").write_bytes(b"nothing")
    person.commands.files.open_model(tmp_path / "no_network.pt")
    person.until(lambda: "no_network.pt" in person.message)
    person.press("Down")
    assert "no_network.pt" in person.message  # the attempt is still what failed last
    person.commands.files.open_model(save_small(tmp_path / "small.safetensors"))
    person.wait_for_maps()
    assert not person.message
    person.press("D")
    assert "Tag the filter first" in person.message
    person.press("Right")
    assert not person.message
    person.press("U", "H")
    assert "muted" in person.message
    person.press("U")
    assert not person.message


def test_a_search_lists_from_its_first_hit(open_window: Open, tmp_path: Path) -> None:
    person = open_window(Start(images=folder_of(tmp_path / "pictures", 80)))
    person.until(lambda: person.parts.pictures.model.rows)
    pictures = person.workspace.library.folder.pictures
    person.workspace.session.update(picture=pictures[60])
    person.control("F")
    person.qtbot.keyClicks(QApplication.focusWidget(), "picture")
    scroll = person.parts.pictures.list.verticalScrollBar()
    person.qtbot.wait(50)
    assert scroll.value() == 0
    assert person.parts.pictures._nothing.text() == "80 of 80 pictures"
    person.press("Escape")
    person.until(lambda: scroll.value() > 0)  # what is looked at is in sight again
    person.workspace.session.update(picture=pictures[0])
    assert scroll.value() == 0


def test_one_is_not_several(open_window: Open, tmp_path: Path) -> None:
    person = open_window(Start(images=folder_of(tmp_path / "pictures", 1)))
    person.until(lambda: person.workspace.library.folder is not None)
    assert person.parts.status._pictures.text() == "·  1 picture"
    assert person.parts.top._folder.toolTip().endswith("1 picture")


def test_the_text_the_bar_and_the_mouse_tell_occlusion_alike(demo: Person) -> None:
    demo.press("X")
    demo.until(lambda: demo.workspace.lens.found is not None and not demo.workspace.lens.rough)
    found, browser = demo.workspace.lens.found, demo.parts.center.browser
    demo.workspace.session.update_style(points=OWN)
    largest = max(abs(float(found.map.min())), float(found.map.max()))
    assert points_text(largest) in browser.lens_strip._said.text()
    limit, *_, told = browser.viewer.bar._attribution
    assert (limit, told) == (largest, points_text(largest))
    demo.workspace.lens.point(score="logit")
    demo.until(lambda: demo.workspace.lens.found is not None and not demo.workspace.lens.rough)
    found = demo.workspace.lens.found
    largest = max(abs(float(found.map.min())), float(found.map.max()))
    assert f"{largest:.3g}" in browser.lens_strip._said.text()
    assert browser.viewer.bar._attribution[-1] == f"{largest:.3g}"


def test_no_number_beside_the_color_bar_is_cut(demo: Person) -> None:
    bar = demo.parts.center.browser.viewer.bar
    for scale in (Scale(0.0, 1.234e-05), Scale(0.0, 0.0288), Scale(1.2e-07, 123.4)):
        bar.show_scale(scale, "green", True)
        half = f"{(scale.foot + scale.peak) / 2:.2g}"
        assert bar.half_at() + bar.fontMetrics().horizontalAdvance(half) <= bar.width()
        for number in (scale.foot, scale.peak):
            assert 6 + bar.fontMetrics().horizontalAdvance(f"{number:.3g}") <= bar.width()


def test_what_was_just_done_is_said_for_a_while_and_what_went_wrong_stays(
    demo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    banner = demo.parts.problems
    QCursor.setPos(demo.window.mapToGlobal(QPoint(2, 2)))
    monkeypatch.setattr(message_banner, "READING_MS", 50)
    monkeypatch.setattr(message_banner, "A_LETTER_MS", 0)
    monkeypatch.setattr(message_banner, "WITH_BUTTON_MS", 50)
    banner.show_text("It is written.", "Open", calm=True)
    demo.until(lambda: not demo.message)
    for lasting in (
        lambda: banner.show_text("It has no names.", "Name them", calm=True, until=[NETWORK]),
        lambda: banner.show_error(UserError("It is not there.")),
    ):
        lasting()
        demo.qtbot.wait(200)
        assert demo.message
    banner.show_text("It is written.", calm=True)
    QApplication.sendEvent(banner, QEnterEvent(QPointF(), QPointF(), QPointF()))  # who reads it has the mouse there
    demo.qtbot.wait(200)
    assert demo.message
    QApplication.sendEvent(banner, QEvent(QEvent.Type.Leave))
    demo.until(lambda: not demo.message)


def test_what_is_said_of_a_folder_leaves_the_panels_free_and_can_be_read_again(
    open_window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_banner, "READING_MS", 300)
    monkeypatch.setattr(message_banner, "A_LETTER_MS", 0)
    pictures = folder_of(tmp_path / "pictures", 2)
    (tmp_path / "classes.csv").write_text("image,dx\npicture000,nevus\npicture001,melanoma\nelsewhere,nevus\n")
    person = open_window(Start(images=pictures, labels=tmp_path / "classes.csv"))
    QCursor.setPos(person.window.mapToGlobal(QPoint(2, 2)))
    person.until(lambda: "1 more in the table" in person.message)
    person.until(lambda: not person.message)
    assert "1 more in the table" in person.parts.top._folder.toolTip()
    told = []
    monkeypatch.setattr(own_windows, "told", lambda parent, *texts: told.extend(texts))
    person.commands.windows.show_messages()
    assert any("1 more in the table" in text for text in told)


def test_a_message_stays_under_a_resting_mouse_and_behind_another_window(
    demo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    banner = demo.parts.problems
    monkeypatch.setattr(message_banner, "READING_MS", 50)
    monkeypatch.setattr(message_banner, "A_LETTER_MS", 0)
    places = [QPoint(2, 2)]
    monkeypatch.setattr(message_banner.QCursor, "pos", lambda: demo.window.mapToGlobal(places[-1]))
    banner.show_text("The tags are kept.", calm=True, until=[NETWORK])
    demo.qtbot.wait(10)
    places.append(banner.mapTo(demo.window, banner.rect().center()))  # it was there before, and nothing told of it
    demo.qtbot.wait(200)
    assert demo.message
    places.append(QPoint(2, 2))
    monkeypatch.setattr(type(banner), "isActiveWindow", lambda banner: False)
    demo.qtbot.wait(200)
    assert demo.message
    monkeypatch.undo()
    demo.until(lambda: not demo.message)


def test_a_message_stays_as_long_as_its_words_take_to_read(demo: Person) -> None:
    banner = demo.parts.problems
    banner.show_text("It is written.", calm=True)
    short = banner._read.interval()
    banner.show_text("It is written, and more is to be said of it than of what was said before. " * 3, calm=True)
    assert short >= 5_000
    assert banner._read.interval() > 3 * short


def test_escape_puts_a_message_away_before_the_lens(demo: Person) -> None:
    demo.press("X")
    demo.until(lambda: demo.workspace.lens.found is not None)
    demo.parts.problems.show_error(UserError("It is not there."))
    demo.press("Escape")
    assert not demo.message
    assert demo.workspace.lens.lens is not None
    demo.press("Escape")
    assert demo.workspace.lens.lens is None


def test_the_right_panel_stands_still_while_filters_are_walked(demo: Person) -> None:
    places = set()
    for _ in range(8):
        demo.press("Right")
        demo.qtbot.wait(20)
        places.add(demo.parts.tags.words.y())
    assert len(places) == 1


def test_the_classes_of_the_table_are_offered_to_a_network_without_names(open_window: Open, tmp_path: Path) -> None:
    pictures = folder_of(tmp_path / "pictures", 3)
    (tmp_path / "classes.csv").write_text(
        "image,dx\npicture000,nevus\npicture001,melanoma\npicture002,dermatofibroma\n"
    )
    model = save_small(tmp_path / "small.safetensors", classes=("class 0", "class 1", "class 2"))
    person = open_window(Start(model=model, images=pictures, labels=tmp_path / "classes.csv"))
    person.wait_for_maps()
    person.until(lambda: "does not name its 3 classes" in person.message)
    assert "dermatofibroma, melanoma, nevus" in person.message
    person.qtbot.waitUntil(lambda: person.parts.problems._action.isVisible())

    def swap() -> None:
        dialog = next(one for one in person.window.findChildren(ClassOrderDialog) if one.isVisible())
        dialog._boxes[0].setCurrentText("nevus")
        dialog._boxes[0].activated.emit(dialog._boxes[0].currentIndex())
        assert [box.currentText() for box in dialog._boxes] == ["nevus", "melanoma", "dermatofibroma"]
        dialog.go.click()

    QTimer.singleShot(100, swap)
    person.click(person.parts.problems._action)
    person.until(lambda: person.workspace.library.network.classes == ("nevus", "melanoma", "dermatofibroma"))
    assert "does not name" not in person.message


def test_a_table_of_a_whole_dataset_offers_all_of_its_classes_whichever_is_opened_first(
    open_window: Open, tmp_path: Path
) -> None:
    pictures = folder_of(tmp_path / "pictures", 3)
    words = ["nevus", "melanoma", "dermatofibroma", "vascular lesion"]
    rows = [f"picture{number:03},{word}" for number, word in enumerate(words * 3)]
    (tmp_path / "classes.csv").write_text("image,dx\n" + "\n".join(rows))
    model = save_small(tmp_path / "small.safetensors", classes=tuple(f"class {number}" for number in range(4)))
    person = open_window(Start(model=model))
    person.until(lambda: person.workspace.library.network is not None)
    person.workspace.opening.open_folder(pictures, tmp_path / "classes.csv")
    person.until(lambda: "does not name its 4 classes" in person.message)
    assert "dermatofibroma, melanoma, nevus, vascular lesion" in person.message
    assert "more in the table" in person.parts.problems._text.toolTip()


def test_that_tags_could_not_be_saved_is_said_until_they_are(
    open_window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = save_small(tmp_path / "small.safetensors")
    person = open_window(Start(images=folder_of(tmp_path / "pictures", 2), model=model))
    person.wait_for_maps()
    person.until(lambda: person.workspace.tagging.path is not None)

    def full(*words: object) -> None:
        raise UserError("small.tags.h5 could not be saved: the disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(shared_file.tag_store, "save_tags", full)
        person.press("H")
        person.until(lambda: "the disk is full" in person.message)
        person.press("Right")
        assert "the disk is full" in person.message
    person.press("B")
    person.until(lambda: not person.workspace.tagging.unsaved)
    assert not person.message


def test_what_went_wrong_with_a_folder_is_not_said_of_the_next(open_window: Open, tmp_path: Path) -> None:
    person = open_window(
        Start(images=folder_of(tmp_path / "pictures", 2), model=save_small(tmp_path / "s.safetensors"))
    )
    person.wait_for_maps()
    workspace = person.workspace
    askers = (
        workspace.indexing,
        workspace.suggesting,
        workspace.evaluating,
        workspace.worth_a_look,
        workspace.candidates,
    )
    for number, asker in enumerate(askers):
        asker.problem.emit(UserError("It cannot be measured."))
        assert person.message == "It cannot be measured."
        workspace.opening.open_folder(folder_of(tmp_path / f"folder{number}", 2))
        person.until(lambda number=number: workspace.library.folder.path.name == f"folder{number}")
        assert not person.message


def test_a_network_of_one_output_shows_two_names_that_add_up_to_one(open_window: Open, tmp_path: Path) -> None:
    torch.save(torchvision.models.squeezenet1_1(num_classes=1).state_dict(), tmp_path / "one.pt")
    person = open_window(Start(images=folder_of(tmp_path / "pictures", 1), model=tmp_path / "one.pt"))
    person.wait_for_maps()
    shown = dict(person.parts.top._bars.values)
    assert set(shown) == {"negative", "positive"}
    assert abs(sum(shown.values()) - 1) < 1e-6


def test_what_is_said_of_a_missing_index_goes_when_the_index_is_there(demo: Person, tmp_path: Path) -> None:
    network, folder = demo.workspace.library.network, demo.workspace.library.folder
    filters = tuple(layer.filters for layer in network.layers)
    path = write_index(
        tmp_path / "index.h5",
        np.random.default_rng(0).random((sum(filters), len(folder.pictures))),
        filters=filters,
        names=tuple(picture.name for picture in folder.pictures),
        identity=network.identity,
        classes=network.classes,
    )
    for ask, words in (
        (demo.commands.report.ask, "no complete index"),
        (lambda: demo.commands.go_on_working(1), "no work list yet"),
        (demo.commands.tags.suggest_tags, "need the whole index"),
    ):
        ask()
        assert words in demo.message
        demo.workspace.evidence.take(open_index(path))
        assert not demo.message
        demo.workspace.evidence.take(None)
