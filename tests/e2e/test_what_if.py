"""Story: a person asks what the network would say, had the picture been taken otherwise."""

import numpy as np
from PySide6.QtGui import QPixmap

from explorer.core.attribution import attribute
from explorer.core.images import read_image
from explorer.core.maps.activations import record
from explorer.core.what_if import Change, Laid
from explorer.core.what_if.folder import scores_of_both
from explorer.state.view.map_drawing import draw
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
    before, after = scores_of_both(workspace.library.network, pipeline.shown.rgb, what_if.picture)
    np.testing.assert_allclose(what_if.after, after, atol=1e-5)
    np.testing.assert_allclose(what_if.before, before, atol=1e-5)
    assert [value for _, value in panel.bars.values] == sorted(before.tolist(), reverse=True)
    assert np.abs(np.array(panel.bars.after) - after[np.argsort(-before)]).max() < 1e-5
    header = demo.parts.top._bars  # follows, as it follows a patch and muted filters
    assert np.abs(np.array(header.after) - after[np.argsort(-before)]).max() < 1e-5
    assert "in the changed picture" in header.toolTip()
    assert image.property("muted")  # the amber frame
    assert "not the real picture" in image.caption.text()
    assert panel.said.text() == "Not the real picture: gamma 2."
    np.testing.assert_array_equal(pixels(image._picture.pixmap().toImage()), real)
    np.testing.assert_array_equal(pipeline.activations.probabilities, said)


def test_escape_takes_the_tool_and_the_changes_back(demo: Person) -> None:
    what_if = demo.workspace.what_if
    panel = open_tab(demo)
    panel.sliders["gamma"].setValue(25)
    demo.until(lambda: what_if.picture is not None)
    demo.parts.center.take_keyboard()
    demo.press("Escape")
    demo.until(lambda: not what_if.showing)
    assert panel.said.text() != "Not the real picture: gamma 2."


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


def test_a_picture_is_changed_by_keys_alone(demo: Person) -> None:
    what_if, image, before = demo.workspace.what_if, demo.parts.center.browser.viewer.image, demo.view
    panel = open_tab(demo)
    for name, slider in panel.sliders.items():
        slider.setFocus()
        value, down = slider.value(), name == "crop"  # it begins at its end
        demo.press("Left" if down else "Right", "Down" if down else "Up")
        assert slider.value() == value + (-2 if down else 2), name
        assert what_if.values[name] != {"gamma": 1, "crop": 1}.get(name, 0)
    assert demo.view == before  # no key was a command besides
    what_if.restore()
    panel.tools["hair"].setFocus()
    demo.press("Space")
    assert what_if.tool == "hair"
    demo.press("Right", "Right", "Up", "Return")
    assert image._aimed.isVisible()
    demo.press("Down", "Return")
    assert [(concept, round(row, 2), round(column, 2)) for concept, row, column, _ in what_if.laid] == [
        ("hair", 0.48, 0.54),
        ("hair", 0.5, 0.54),
    ]
    assert demo.view == before
    demo.press("Escape")
    assert not what_if.laid
    assert not image._aimed.isVisible()
    demo.press("Right")
    assert demo.view.filter == before.filter + 1


def test_who_comes_to_the_tab_walks_on_with_the_arrows(demo: Person) -> None:
    browser, first = demo.parts.center.browser, demo.view.filter
    for visit in (1, 2):  # the first time there is nothing yet that could take the keyboard
        browser.tabs.setCurrentIndex(0)
        demo.parts.center.take_keyboard()
        open_tab(demo)
        demo.qtbot.wait(50)
        demo.press("Right")
        assert demo.view.filter == first + visit
    assert not demo.workspace.what_if.showing


def beside(person: Person) -> QPixmap:
    """What lies over the changed picture."""
    return person.parts.center.browser.viewer.image._over_beside.pixmap()


def test_the_map_of_the_changed_picture_lies_over_it(demo: Person) -> None:
    workspace = demo.workspace
    panel, pipeline = open_tab(demo), workspace.pipeline
    assert beside(demo).isNull()
    panel.sliders["gamma"].setValue(20)
    demo.until(lambda: not beside(demo).isNull())
    changed = record(workspace.library.network, workspace.what_if.picture)
    view = demo.view
    scale = pipeline.scale(view.layer, view.filter)
    expected = draw(changed.maps[view.layer][view.filter], scale, view.style, (256, 256))
    np.testing.assert_array_equal(workspace.what_if_over.overlay(), expected)
    demo.press("Right")  # another filter, without another pass
    view = demo.view
    scale = pipeline.scale(view.layer, view.filter)
    expected = draw(changed.maps[view.layer][view.filter], scale, view.style, (256, 256))
    np.testing.assert_array_equal(workspace.what_if_over.overlay(), expected)


def test_the_lens_follows_the_changed_picture(demo: Person) -> None:
    workspace, over = demo.workspace, demo.workspace.what_if_over
    panel, lens = open_tab(demo), workspace.lens
    panel.sliders["gamma"].setValue(20)
    lens.choose("grad-cam")
    demo.until(lambda: over.found is not None)
    target = lens.request.target
    expected = attribute(workspace.library.network, workspace.what_if.picture, "grad-cam", target=target)
    np.testing.assert_allclose(over.found.map, expected.map, atol=1e-5)
    first = over.found
    panel.sliders["crop"].setValue(60)
    demo.until(lambda: over.found is not None and over.found is not first)
    expected = attribute(workspace.library.network, workspace.what_if.picture, "grad-cam", target=target)
    np.testing.assert_allclose(over.found.map, expected.map, atol=1e-5)
    assert not beside(demo).isNull()
    demo.press("Down")  # never over another's picture
    demo.until(lambda: workspace.pipeline.shown.picture == demo.view.picture)
    assert over.found is None or over.found is not first
    demo.until(lambda: over.found is not None)
    lens.choose("class-model")  # it is of no picture
    demo.until(lambda: lens.found is not None)
    assert beside(demo).isNull()


def test_hair_is_painted_over_and_a_ruler_lies_where_one_clicks(demo: Person) -> None:
    workspace, image = demo.workspace, demo.parts.center.browser.viewer.image
    what_if = workspace.what_if
    panel = open_tab(demo)
    demo.click(panel.without["hair"])
    demo.until(lambda: what_if.picture is not None)
    rgb = workspace.pipeline.shown.rgb
    np.testing.assert_array_equal(what_if.picture, Change(without=("hair",)).applied(rgb))
    assert "without hair" in panel.said.text()
    demo.click(panel.without["hair"])
    demo.until(lambda: not what_if.showing)
    demo.click(panel.tools["ruler"])
    place = image.mapFromScene(image._picture.boundingRect().center())
    demo.click(image.viewport(), place)
    demo.until(lambda: what_if.picture is not None)
    ((concept, row, column, number),) = what_if.laid
    assert concept == "ruler"
    assert abs(row - 0.5) < 0.02
    assert abs(column - 0.5) < 0.02
    expected = Change(laid=(Laid(concept, row, column, number),)).applied(rgb)
    np.testing.assert_array_equal(what_if.picture, expected)
    assert workspace.occluding.patch is None
    demo.click(panel.tools["ink"])
    assert not panel.tools["ruler"].isChecked()
    workspace.lens.choose("occlusion")  # whose patch would be put there otherwise
    demo.click(image.viewport(), image.mapFromScene(image._picture.boundingRect().center() * 0.8))
    demo.until(lambda: len(what_if.laid) == 2)
    assert abs(what_if.laid[1][1] - 0.4) < 0.02
    assert workspace.occluding.patch is None
    demo.click(panel.back)
    demo.until(lambda: len(what_if.laid) == 1 and np.array_equal(what_if.picture, expected))
    demo.click(panel.restore)
    assert not what_if.showing
    assert not what_if.tool
    demo.click(image.viewport(), place)  # a click lays nothing any more
    assert what_if.laid == ()
    demo.until(lambda: workspace.occluding.patch is not None)  # but covers again


def test_what_a_person_said_is_not_there_is_not_painted_over(demo: Person) -> None:
    what_if, pictures = demo.workspace.what_if, demo.workspace.library.folder.pictures
    panel = open_tab(demo)
    picture = next(path for path in pictures if Change(without=("hair",)).on_skin(read_image(path))[1])
    rgb = read_image(picture)
    demo.workspace.session.update(picture=picture)
    demo.until(lambda: demo.workspace.pipeline.shown.picture == picture)
    demo.until(lambda: demo.workspace.lists.ready)
    demo.click(panel.without["hair"])
    demo.until(lambda: what_if.picture is not None and not np.array_equal(what_if.picture, rgb))
    demo.workspace.lists.say(picture.name, "hair", False)
    demo.until(lambda: what_if.picture is not None and np.array_equal(what_if.picture, rgb))
    assert "no hair is painted over: it was said that there is none" in panel.said.text()
    demo.workspace.lists.say(picture.name, "hair", None)
    demo.until(lambda: what_if.picture is not None and not np.array_equal(what_if.picture, rgb))


def test_the_box_says_what_stands_beside_and_a_place_is_told_by_its_sides(demo: Person) -> None:
    panel, box, what_if = open_tab(demo), demo.parts.center.browser.viewer.display.beside, demo.workspace.what_if
    demo.press("V")
    assert box.currentText() == "beside: untouched picture"
    panel.tools["ruler"].click()
    height, width = demo.workspace.pipeline.shown.rgb.shape[:2]
    what_if.click(0.75 * width, 0.25 * height)
    demo.until(lambda: what_if.picture is not None)
    assert box.currentText() == "beside: what if"
    assert panel.said.text() == "Not the real picture: with ruler 75 % from the left and 25 % from the top."
    panel.restore.click()
    assert box.currentText() == "beside: untouched picture"
