"""Story: a person drops files on the window, wherever there is room."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import save_tags
from tests.e2e.conftest import Open, Person
from tests.networks import save_small

COPY, LEFT, NONE = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def dragged(*paths: Path) -> QMimeData:
    """What a file manager drags: addresses, and their text for who knows no better."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    data.setText("\n".join(map(str, paths)))
    return data


def drop_on(widget: QWidget, at: QPoint, data: QMimeData) -> bool:
    """Drag into a widget, over it and let go, as Qt does it: through the window's own handle."""
    window = widget.window()
    place, handle = QPointF(widget.mapTo(window, at)), window.windowHandle()
    entered = QDragEnterEvent(place.toPoint(), COPY, data, LEFT, NONE)
    QApplication.sendEvent(handle, entered)
    moved = QDragMoveEvent(place.toPoint(), COPY, data, LEFT, NONE)
    QApplication.sendEvent(handle, moved)
    dropped = QDropEvent(place, COPY, data, LEFT, NONE)
    QApplication.sendEvent(handle, dropped)
    return entered.isAccepted() and moved.isAccepted() and dropped.isAccepted()


def sent_to(widget: QWidget, data: QMimeData) -> bool:
    """The same, given to one widget."""
    place = widget.rect().center()
    entered = QDragEnterEvent(place, COPY, data, LEFT, NONE)
    QApplication.sendEvent(widget, entered)
    dropped = QDropEvent(QPointF(place), COPY, data, LEFT, NONE)
    QApplication.sendEvent(widget, dropped)
    return entered.isAccepted() and dropped.isAccepted()


@pytest.mark.parametrize("filled", [False, True])
def test_every_place_of_the_window_takes_files(
    open_window: Open, demo: Person, monkeypatch: pytest.MonkeyPatch, filled: bool, tmp_path: Path
) -> None:
    person = demo if filled else open_window(home="another")
    opened: list[tuple[Path, ...]] = []
    monkeypatch.setattr(person.commands.files, "drop", lambda *paths: opened.append(paths))
    if filled:
        assert person.parts.center.browser.lens_strip is not None
        person.press("B")  # the fields of the tag are there now
    files = (tmp_path / "a.safetensors", tmp_path / "b")
    places = [part for part in person.window.findChildren(QWidget) if part.window() is person.window]
    assert len(places) > 60
    for count, part in enumerate([person.window, *places], 1):
        assert sent_to(part, dragged(*files)), (type(part), part.accessibleName())
        assert len(opened) == count, (type(part), part.accessibleName(), part.parent())
        if part.isVisible() and not part.visibleRegion().isEmpty():
            assert drop_on(part, part.visibleRegion().boundingRect().center(), dragged(*files)), type(part)
            assert len(opened) == count + 1, (type(part), part.accessibleName(), part.parent())
            assert opened.pop() == files
    assert person.parts.pictures._search.text() == ""


def test_what_is_no_file_is_refused(demo: Person) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/network.pt")])
    data.setText("https://example.org/network.pt")
    assert not drop_on(demo.parts.center.browser.viewer.image, QPoint(9, 9), data)
    assert not drop_on(demo.parts.pictures._search, QPoint(9, 9), data)


def test_a_network_with_its_tags_and_pictures_dropped_at_once_on_the_picture(
    demo: Person, tmp_path: Path, pictures: Path
) -> None:
    model = save_small(tmp_path / "small.safetensors")
    image = demo.parts.center.browser.viewer.image.viewport()
    drop_on(image, image.rect().center(), dragged(model))
    demo.until(lambda: demo.workspace.tagging.path is not None and demo.workspace.tagging.path.name == "small.tags.h5")
    network = demo.workspace.library.network
    book = TagBook(
        network.digest, network.name, network.architecture, [(one.name, one.filters) for one in network.layers]
    )
    book.add(FilterKey(0, 1), "hair", annotator="them")
    save_tags(tmp_path / "theirs.h5", book)
    (tmp_path / "classes.csv").write_text("image,label\npicture3,seven\n")
    drop_on(image, image.rect().center(), dragged(tmp_path / "theirs.h5", tmp_path / "classes.csv", pictures, model))
    demo.until(lambda: demo.workspace.tagging.path == tmp_path / "theirs.h5")
    demo.until(lambda: demo.workspace.library.folder.path == pictures)
    assert demo.workspace.tagging.words(FilterKey(0, 1)) == () != demo.workspace.tagging.book.tags(FilterKey(0, 1))
    assert demo.workspace.library.folder.labels.of(pictures / "benign" / "picture3.png") == "seven"
    demo.wait_for_maps()


def test_a_dropped_picture_is_the_one_in_view(demo: Person, pictures: Path) -> None:
    one, other = pictures / "benign" / "picture7.png", pictures / "benign" / "picture1.png"
    demo.commands.files.drop(one)
    demo.until(lambda: demo.view.picture == one)
    folder = demo.workspace.library.folder
    demo.commands.files.drop(other)
    assert demo.view.picture == other
    assert demo.workspace.library.folder is folder
    demo.commands.files.drop(pictures / "benign", pictures / "malignant")
    assert "Only one of a kind" in demo.message
    demo.until(lambda: demo.workspace.library.folder is not folder)
    demo.wait_for_maps()
