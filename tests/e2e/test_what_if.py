"""Story: a person asks what the network would say, had the picture been taken otherwise."""

import numpy as np

from explorer.core.what_if import Change
from explorer.core.what_if.folder import scores_of
from tests.e2e.conftest import Person
from tests.e2e.test_look import pixels


def open_tab(person: Person) -> object:
    tabs = person.parts.center.browser.tabs
    place = next(place for place in range(tabs.count()) if tabs.tabText(place) == "What if")
    tabs.setCurrentIndex(place)
    return tabs.widget(place).content


def test_sliders_change_the_picture_beside_and_never_the_real_one(demo: Person) -> None:
    workspace, image = demo.workspace, demo.parts.center.browser.viewer.image
    what_if, pipeline = workspace.what_if, workspace.pipeline
    panel = open_tab(demo)
    assert not image.property("muted")
    assert not image._beside.isVisible()
    real = pixels(image._picture.pixmap().toImage())
    said = pipeline.activations.probabilities.copy()
    panel.sliders["gamma"].setValue(25)
    demo.until(lambda: what_if.picture is not None)
    change = Change(gamma=2.0)
    np.testing.assert_array_equal(what_if.picture, change.applied(pipeline.shown.rgb))
    np.testing.assert_array_equal(pixels(image._beside.pixmap().toImage()), what_if.picture)
    before, after = scores_of(workspace.library.network, pipeline.shown.rgb, change)
    np.testing.assert_allclose(what_if.after, after, atol=1e-5)
    np.testing.assert_allclose(what_if.before, before, atol=1e-5)
    assert [value for _, value in panel.bars.values] == sorted(before.tolist(), reverse=True)
    assert np.abs(np.array(panel.bars.after) - after[np.argsort(-before)]).max() < 1e-5
    assert image.property("muted")  # the amber frame
    assert "not the real picture" in image.caption.text()
    assert panel.said.text() == "Not the real picture: gamma 2."
    np.testing.assert_array_equal(pixels(image._picture.pixmap().toImage()), real)
    np.testing.assert_array_equal(pipeline.activations.probabilities, said)


def test_a_nearer_picture_is_as_high_as_the_real_one_and_the_last_wish_counts(demo: Person) -> None:
    workspace, image = demo.workspace, demo.parts.center.browser.viewer.image
    panel = open_tab(demo)
    panel.sliders["crop"].setValue(95)
    demo.until(lambda: workspace.what_if.picture is not None)
    for place in (90, 80, 70, 50):  # while the first of them is found
        panel.sliders["crop"].setValue(place)
    tall = workspace.pipeline.shown.rgb.shape[0]
    demo.until(lambda: workspace.what_if.picture is not None and workspace.what_if.picture.shape[0] == round(tall / 2))
    drawn = image._beside.mapRectToScene(image._beside.boundingRect())
    assert abs(drawn.height() - tall) <= 2
    assert drawn.right() < 0


def test_another_picture_is_changed_alike_and_another_tab_ends_it(demo: Person) -> None:
    workspace, browser = demo.workspace, demo.parts.center.browser
    image, what_if = browser.viewer.image, workspace.what_if
    panel = open_tab(demo)
    panel.sliders["constancy"].setValue(100)
    demo.until(lambda: what_if.picture is not None)
    first = what_if.picture
    demo.press("Down")
    demo.until(lambda: what_if.picture is not None and what_if.picture is not first)
    demo.until(lambda: workspace.pipeline.shown.picture == demo.view.picture)
    expected = Change(constancy=1.0).applied(workspace.pipeline.shown.rgb)
    demo.until(lambda: what_if.picture is not None and what_if.picture.shape == expected.shape)
    np.testing.assert_array_equal(what_if.picture, expected)
    browser.tabs.setCurrentIndex(0)
    assert not what_if.showing
    assert not image.property("muted")
    assert not image._beside.isVisible()
    assert image.caption.isHidden()
    open_tab(demo)
    demo.until(lambda: what_if.picture is not None)  # the wish was kept
    demo.click(panel.restore)
    assert not what_if.showing
    assert panel.said.text() == ""
    np.testing.assert_array_equal(pixels(image._beside.pixmap().toImage()), pixels(image._picture.pixmap().toImage()))
