"""Story: the window says in plain words what is seen, and shows a newcomer around."""

import pytest
from PySide6.QtCore import QPoint, Qt

from explorer.ui.dialogs.tour import Tour
from explorer.ui.window.tour_steps import SEEN, offer_tour
from tests.e2e.conftest import Person


def tours(person: Person) -> list[Tour]:
    return [tour for tour in person.window.findChildren(Tour) if tour.isVisible()]


def test_a_layer_says_what_it_is_and_how_much_it_sees(demo: Person) -> None:
    about = demo.parts.top._about
    demo.until(lambda: "sees 68 × 68 px" in about.text())
    assert about.text() == "features.17 · 28 × 28 · 3 × 3 convolution, sees 68 × 68 px"
    assert "receptive field" in about.toolTip()
    demo.press("PageUp")
    assert "features.15" in about.text()
    assert "sees 52 × 52 px" in about.text()


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
