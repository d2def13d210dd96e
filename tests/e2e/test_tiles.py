"""Story: a tile of the grid says which filter it is and what it was called, whatever else is drawn on it."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage

from explorer.ui.widgets.overlay_grid import readable_on
from tests.e2e.conftest import Person


def tile(person: Person, filter: int) -> QImage:
    grid = person.parts.center.browser.grid
    index = grid.model().index(person.parts.filters.rows.index(filter), 0)
    cell = QRect(0, 0, 88, 88)
    cell.moveCenter(grid.visualRect(index).center())
    return grid.viewport().grab(cell).toImage()


def colors_in(image: QImage, area: QRect) -> list[str]:
    return [
        image.pixelColor(x, y).name()
        for y in range(area.top(), area.bottom() + 1)
        for x in range(area.left(), area.right() + 1)
    ]


def test_the_frame_covers_nothing_of_the_number(demo: Person) -> None:
    demo.until(lambda: demo.workspace.pipeline.overlay(7, 3, 96) is not None)
    demo.press("Right", "Right", "Right")
    demo.qtbot.wait(200)
    framed = tile(demo, 3)
    demo.press("Right")
    demo.qtbot.wait(200)
    free = tile(demo, 3)
    corner = QRect(0, 0, 18, 18)
    pairs = zip(colors_in(framed, corner), colors_in(free, corner), strict=True)
    strokes = [pair for pair in pairs if QColor(pair[1]).lightness() > 200]
    assert strokes  # of the number, light on dark
    assert all(with_frame == without for with_frame, without in strokes)
    assert framed.pixelColor(1, 40) != free.pixelColor(1, 40)


def test_tags_have_the_colors_of_their_words(demo: Person) -> None:
    words = {entry.word: entry for entry in demo.workspace.vocabulary.entries}
    demo.press("H", "B")
    demo.qtbot.wait(200)
    corner = colors_in(tile(demo, 0), QRect(44, 68, 44, 20))
    for word in ("hair", "border"):
        assert words[word].color in corner
        strip = demo.parts.tags.words.buttons[word].grab().toImage()
        assert strip.pixelColor(3, strip.height() // 2).name() == words[word].color
    row = demo.parts.tags.rows.row_of(demo.workspace.tagging.annotator, "hair")
    assert row._sign.isVisible()
    assert words["hair"].color in colors_in(row._sign.grab().toImage(), row._sign.rect())


def test_signs_are_read_on_any_color() -> None:
    for color in ("#3b82c4", "#9a5fb4", "#c98a3a", "#4c9a6a", "#c4564b", "#7a8088", "#000000", "#ffffff"):
        ground, sign = (luminance(QColor(color)), luminance(readable_on(QColor(color))))
        assert (max(ground, sign) + 0.05) / (min(ground, sign) + 0.05) > 4.5


def luminance(color: QColor) -> float:
    """Of WCAG 2, written out."""
    parts = [color.redF(), color.greenF(), color.blueF()]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
