"""Story: the window says in plain words what is seen, and shows a newcomer around."""

import re
from pathlib import Path

import pytest
import torch
import torchvision
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QToolTip

from explorer.state.opened.network_session import Request
from explorer.state.start import Start
from explorer.ui.dialogs.questions import readings, without_options
from explorer.ui.dialogs.tour import Tour
from explorer.ui.widgets.info_mark import EXPLANATIONS, WIDTH, InfoMark
from explorer.ui.window.tour_steps import SEEN, offer_tour
from tests.conftest import ROOT
from tests.e2e.conftest import Open, Person
from tests.e2e.measuring import SIZES
from tests.networks import SMALL
from trainer.networks.architectures import ScratchCNN
from trainer.networks.checkpoint import Checkpoint, InputSpec, save
from trainer.networks.output_spec import MEANINGS, OutputSpec


def tours(person: Person) -> list[Tour]:
    return [tour for tour in person.window.findChildren(Tour) if tour.isVisible()]


def test_a_layer_says_what_it_is_and_how_much_it_sees(demo: Person) -> None:
    about = demo.parts.top._about
    demo.until(lambda: "sees 68 × 68 px" in about.text())
    assert about.text() == "3 × 3 convolution, sees 68 × 68 px · features.17 · 28 × 28"
    assert "receptive field" in about.toolTip()
    demo.press("PageUp")
    assert "features.15" in about.text()
    assert "sees 52 × 52 px" in about.text()


def marks(person: Person) -> dict[str, InfoMark]:
    """The visible marks by what they explain."""
    return {mark.topic: mark for mark in person.window.findChildren(InfoMark) if mark.isVisible()}


def test_marks_explain_on_a_click_and_with_the_keyboard(demo: Person) -> None:
    demo.until(lambda: demo.parts.center.browser.viewer.bar._scale is not None)
    assert set(marks(demo)) == {"layer", "filter", "scale", "signs", "pictures"}
    for topic, mark in marks(demo).items():
        assert EXPLANATIONS[topic].split()[:6] == mark.toolTip().split()[:6]
        assert max(map(len, mark.toolTip().splitlines())) <= WIDTH
        demo.click(mark)
        demo.until(lambda mark=mark: QToolTip.isVisible() and QToolTip.text() == mark.toolTip())
        QToolTip.hideText()
        demo.until(lambda: not QToolTip.isVisible())
        mark.setFocus(Qt.FocusReason.TabFocusReason)
        demo.until(lambda mark=mark: QToolTip.isVisible() and QToolTip.text() == mark.toolTip())
        QToolTip.hideText()
        demo.until(lambda: not QToolTip.isVisible())
        demo.press("Space")
        demo.until(lambda mark=mark: QToolTip.isVisible() and QToolTip.text() == mark.toolTip())
    demo.press("X")
    demo.until(lambda: "lens" in marks(demo))
    demo.press("Escape")
    assert "scale" in marks(demo)


def test_the_picture_has_all_room_beside_its_color_bar(demo: Person) -> None:
    viewer = demo.parts.center.browser.viewer
    free = viewer.width() - viewer.image.width() - viewer.bar.width()
    assert 0 <= free < 24
    demo.press("U")  # the frame around the picture touches none of the words beside it
    demo.until(lambda: viewer.image.property("muted"))
    right = viewer.image.mapTo(viewer, viewer.image.rect().topRight()).x()
    assert right + 4 < viewer.measured.mapTo(viewer, QPoint(0, 0)).x()


def test_the_frame_says_what_it_is_wherever_the_picture_lies(open_window: Open, tmp_path: Path) -> None:
    seen = InputSpec((32, 32), "shortest", 32)
    save(
        tmp_path / "n.safetensors",
        Checkpoint("scratch_cnn", ("a", "b"), seen, ScratchCNN(2, **SMALL).state_dict(), SMALL),
    )
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.new("RGB", (300, 200), (200, 150, 140)).save(pictures / "wide.png")
    Image.new("RGB", (200, 200), (200, 150, 140)).save(pictures / "square.png")
    person = open_window(Start(model=tmp_path / "n.safetensors", images=pictures, device="cpu"))
    person.wait_for_maps()
    assert "frame" not in marks(person)
    person.press("Down")
    person.until(lambda: "frame" in marks(person))
    image = person.parts.center.browser.viewer.image
    for step in ("Plus", "Plus", "F"):
        person.press(step)
        person.qtbot.wait(30)
        words = image._sees.mapToScene(image._sees.boundingRect().topLeft())
        place = image.mapFromScene(words)
        assert image.rect().contains(image.about_frame.geometry())
        if image.rect().contains(place):
            assert abs(image.about_frame.y() - place.y()) < 20


def test_every_explanation_stands_somewhere() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "explorer" / "ui").rglob("*.py"))
    used = set(re.findall(r'InfoMark\("(.+?)"\)', code)) | {"lens"}
    assert used == set(EXPLANATIONS)


def test_the_share_on_which_a_filter_fires(demo: Person) -> None:
    map = demo.workspace.pipeline.map(7, 0)
    assert f"fires on {round(100 * float((map > 0).mean()))} % of the picture" in demo.parts.tags._facts.text()


def test_the_probabilities_at_the_top_follow_the_patch(demo: Person) -> None:
    demo.press("X")
    bars = demo.parts.top._bars
    assert bars.after is None
    image = demo.parts.center.browser.viewer.image
    demo.until(lambda: demo.workspace.occluding.possible)
    demo.workspace.occluding.cover(100, 100)
    demo.until(lambda: demo.workspace.occluding.patch is not None)
    patch = demo.workspace.occluding.patch
    after = dict(zip(demo.workspace.library.network.classes, patch.covered.probabilities, strict=True))
    assert bars.after == pytest.approx([after[name] for name, _ in bars.values])
    assert "under the patch" in bars.toolTip()
    demo.workspace.occluding.uncover()
    assert bars.after is None
    assert image.isVisible()


def test_a_tour_of_six_steps_comes_once_and_leaves_with_escape(demo: Person) -> None:
    offer_tour(demo.window, demo.workspace, demo.parts)
    assert not tours(demo)
    demo.press("Down")
    demo.until(lambda: tours(demo))
    (tour,) = tours(demo)
    demo.window.resize(1024, 640)
    demo.qtbot.wait(50)
    seen = []
    for _ in range(6):
        seen.append(tour._title.text())
        assert demo.window.rect().contains(tour.geometry())
        assert tour._text.heightForWidth(tour._text.width()) <= tour._text.height() + 1
        demo.press("H")  # tags nothing meanwhile
        demo.press("Return")
    assert len(set(seen)) == 6
    demo.until(lambda: not tours(demo))
    assert len(demo.workspace.tagging.book) == 0
    assert demo.workspace.settings.text(SEEN)
    demo.press("H")
    assert len(demo.workspace.tagging.book) == 1  # the keyboard is where it was
    demo.press("Down")
    demo.qtbot.wait(100)
    assert not tours(demo)
    help_menu = next(actions for title, actions in demo.commands.actions.groups if title == "Help")
    next(action for action in help_menu if action.text() == "Tour").trigger()
    demo.until(lambda: tours(demo))
    demo.press("Escape")
    demo.until(lambda: not tours(demo))


def test_the_tour_keeps_the_tab_key_and_escape_leaves_it_from_everywhere(demo: Person) -> None:
    demo.commands.show_tour()
    (tour,) = tours(demo)
    demo.press("Tab", "Tab", "H")
    assert QApplication.focusWidget() is tour
    assert len(demo.workspace.tagging.book) == 0
    demo.click(demo.parts.center.browser.viewer.image.viewport())  # everything can be used meanwhile
    assert QApplication.focusWidget() is not tour
    demo.press("Escape")
    assert not tours(demo)


def test_next_is_clicked_again_in_the_same_place_though_the_card_moves(demo: Person) -> None:
    demo.commands.show_tour()
    (tour,) = tours(demo)
    before, titles = demo.view, []
    place = tour.go_on.mapTo(demo.window, tour.go_on.rect().center())
    for _ in range(6):
        titles.append(tour._title.text())
        under = demo.window.childAt(place)
        demo.qtbot.mouseClick(under, Qt.MouseButton.LeftButton, pos=under.mapFrom(demo.window, place))
    assert len(set(titles)) == 6
    assert not tours(demo)
    assert demo.view == before


def test_the_ends_of_the_scale_are_dragged_and_locked_under_the_color_bar(demo: Person) -> None:
    viewer = demo.parts.center.browser.viewer
    histogram, before = viewer.histogram, demo.workspace.pipeline.scale(7, 0)
    assert histogram._counts
    end = histogram.at(before.peak)
    demo.qtbot.mousePress(histogram, Qt.MouseButton.LeftButton, pos=QPoint(end, 20))
    demo.qtbot.mouseMove(histogram, QPoint(end // 2, 20))
    demo.qtbot.mouseRelease(histogram, Qt.MouseButton.LeftButton, pos=QPoint(end // 2, 20))
    style = demo.view.style
    assert style.scale == "fixed"
    assert before.foot < style.peak < 0.8 * before.peak
    assert viewer.lock.isChecked()
    demo.press("Right")
    assert demo.workspace.pipeline.scale(7, 1) == demo.workspace.pipeline.scale(7, 0)
    demo.click(viewer.lock)
    assert demo.view.style.scale == "folder"
    demo.press("Left")
    kept = demo.workspace.pipeline.scale(7, 0)
    assert kept == before
    demo.click(viewer.lock)
    assert (demo.view.style.scale, demo.view.style.peak) == ("fixed", kept.peak)


def test_the_end_under_the_mouse_follows_it_both_ways_also_where_the_map_is_weak(demo: Person) -> None:
    histogram, session = demo.parts.center.browser.viewer.histogram, demo.workspace.session
    highest = float(demo.workspace.pipeline.map(7, 0).max())
    session.update_style(scale="fixed", foot=0.0, peak=6 * highest)  # the map ends far below its scale

    def at_end() -> int:
        return histogram.at(demo.view.style.peak)

    begun = at_end()
    assert begun < histogram.width() - 6  # there is room to drag it up
    demo.qtbot.mousePress(histogram, Qt.MouseButton.LeftButton, pos=QPoint(begun, 20))
    for x in (begun - 6, begun - 12, begun, histogram.width() - 3, begun - 12):
        demo.qtbot.mouseMove(histogram, QPoint(x, 20))
        assert at_end() == pytest.approx(x, abs=1)
    demo.qtbot.mouseRelease(histogram, Qt.MouseButton.LeftButton, pos=QPoint(begun - 12, 20))
    lowered = demo.view.style.peak
    assert lowered == pytest.approx(6 * highest * (begun - 12) / begun, rel=0.05)
    begun = at_end()
    demo.qtbot.mousePress(histogram, Qt.MouseButton.LeftButton, pos=QPoint(begun, 20))
    demo.qtbot.mouseMove(histogram, QPoint(histogram.width() - 3, 20))
    demo.qtbot.mouseRelease(histogram, Qt.MouseButton.LeftButton, pos=QPoint(histogram.width() - 3, 20))
    assert demo.view.style.peak > 1.15 * lowered


@pytest.mark.parametrize("size", SIZES[:3])
def test_the_tour_hides_neither_what_it_is_about_nor_what_is_to_be_read(demo: Person, size: tuple[int, int]) -> None:
    viewer = demo.parts.center.browser.viewer
    demo.until(lambda: viewer.bar._scale is not None)
    demo.window.resize(*size)
    demo.qtbot.wait(100)
    demo.commands.show_tour()
    (tour,) = tours(demo)
    for place in range(6):
        card, ring = tour.geometry(), tour._ring.geometry()
        for part in (viewer.bar, viewer.histogram, viewer.lock, viewer.measured):
            seen = part.visibleRegion().boundingRect().translated(part.mapTo(demo.window, QPoint(0, 0)))
            assert not card.intersects(seen), (place, part)
            line = ring.adjusted(4, 4, -4, -4)  # inside of it lies nothing of the line
            assert not ring.intersects(seen) or line.contains(seen), (place, part)
        about = tour._seen(tour._steps[place].part())
        assert not card.intersects(about), place
        demo.press("Return")


def test_what_was_proposed_for_a_network_is_said_for_as_long_as_it_is_open(demo: Person, tmp_path: Path) -> None:
    assert not demo.parts.top.proposed.isVisible()
    assert "input: 224 × 224 RGB" in demo.parts.top._model.toolTip()
    path = tmp_path / "bare.pth"
    torch.save(torchvision.models.resnet18(num_classes=2).state_dict(), path)
    demo.workspace.opening.open_model(Request(path))
    demo.until(lambda: demo.workspace.library.network.name == "bare" and demo.parts.top.proposed.isVisible())
    network, mark = demo.workspace.library.network, demo.parts.top.proposed
    assert network.assumed
    demo.parts.problems.hide()
    for sentence in network.assumed:
        for word in sentence.split():
            assert word in mark.toolTip()
            assert word in demo.parts.top._model.toolTip()
    assert "mean 0.485, 0.456, 0.406" in demo.parts.top._model.toolTip()


def test_another_meaning_of_the_outputs_keeps_which_of_them_were_chosen() -> None:
    for asked, start in ((None, ""), ("logits", ""), ("head_dx", "head_dx:"), ("head_dx:logits", "head_dx:")):
        found = readings(Request(Path("net.pt"), outputs=asked), OutputSpec())
        assert list(found) == [f"{start}{meaning}" for meaning in MEANINGS]
    assert next(iter(readings(Request(Path("net.pt")), OutputSpec("1", "probabilities")))) == "1:probabilities"


def test_questions_of_the_window_name_no_options_of_the_command_line() -> None:
    asked = (
        "net.pt: the weights fit none; nearest: a, b; say which it is (--architecture NAME or file.py:f; timm/NAME)."
    )
    assert without_options(asked) == "net.pt: the weights fit none; nearest: a, b; say which it is."
    assert (
        without_options("Two of them (a, b); say which to open (--key NAME).")
        == "Two of them (a, b); say which to open."
    )
