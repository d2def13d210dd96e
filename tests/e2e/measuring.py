"""What of a window's texts is cut: every label, button, box, tab and line against the room that its text needs."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QRegion
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QWidget,
)

from explorer.ui.widgets.elided_label import ElidedLabel
from explorer.ui.widgets.labels_and_layouts import Bars

SIZES = ((1024, 640), (1280, 800), (1600, 1000), (3840, 2160))
SCHEMES = ("dark", "light")


def cut(window: QWidget) -> list[str]:
    """A line for each visible part whose text does not fit, or that is not wholly in sight."""
    return [line for part in window.findChildren(QWidget) if part.isVisible() for line in _wrong(part)]


def _wrong(part: QWidget) -> Iterator[str]:
    metrics, width = part.fontMetrics(), part.width()
    name = f"{type(part).__name__} {_text(part)[:40]!r}"
    if isinstance(part, QLabel) and not isinstance(part, ElidedLabel) and part.text():
        if part.wordWrap():
            if part.heightForWidth(width) > part.height() + 1:
                yield f"{name}: {part.heightForWidth(width)} high in {part.height()}"
        elif part.sizeHint().width() > width + 1:
            yield f"{name}: {part.sizeHint().width()} in {width}"
    elif isinstance(part, QAbstractButton) and part.text() and part.sizeHint().width() > width + 1:
        yield f"{name}: {part.sizeHint().width()} in {width}"
    elif isinstance(part, QComboBox) and not part.isEditable():
        option = QStyleOptionComboBox()
        part.initStyleOption(option)
        kind, field = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        room = part.style().subControlRect(kind, option, field, part).width()
        if metrics.horizontalAdvance(part.currentText()) > room + 1:
            yield f"{name}: {metrics.horizontalAdvance(part.currentText())} in {room}"
    elif isinstance(part, QTabBar):
        for place in range(part.count()):
            tab = part.tabRect(place)
            if tab.right() > width or metrics.horizontalAdvance(part.tabText(place)) > tab.width():
                yield f"tab {part.tabText(place)!r}: to {tab.right()} in {width}"
    elif isinstance(part, QLineEdit) and not part.text():
        if metrics.horizontalAdvance(part.placeholderText()) > width - 16:
            yield f"{name}: {metrics.horizontalAdvance(part.placeholderText())} in {width - 16}"
    elif isinstance(part, Bars):
        for value, _ in part.values:
            if metrics.horizontalAdvance(value) > Bars.NAME:
                yield f"{name}: {value!r}"
        if metrics.horizontalAdvance("0.88") > Bars.NUMBER:
            yield f"{name}: numbers"
    else:
        return
    if part.height() < metrics.height():
        yield f"{name}: {part.height()} high, a line takes {metrics.height()}"
    area = _area_of(part)
    if area is None:
        if part.visibleRegion() != QRegion(part.rect()):
            yield f"{name}: only {part.visibleRegion().boundingRect()} of {part.rect()} is in sight"
    elif area.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
        right, room = part.mapTo(area, part.rect().topRight()).x(), area.viewport().geometry()  # some lie over it
        if right > room.right():
            yield f"{name}: to {right} in {room.right()}, and nobody can scroll there"


def _text(part: QWidget) -> str:
    for ask in ("text", "currentText", "placeholderText", "accessibleName"):
        found = getattr(part, ask, None)
        if callable(found) and found():
            return str(found())
    return ""


def _area_of(part: QWidget) -> QAbstractScrollArea | None:
    """The nearest area around a part that a person can scroll."""
    above = part.parentWidget()
    while above is not None and not above.isWindow():
        if isinstance(above, QAbstractScrollArea):
            return above
        above = above.parentWidget()
    return None


def measured(window: QWidget, tabs: object, size: tuple[int, int], factor: float = 1.0) -> list[str]:
    """What is cut in a window of this size in pixels of the screen, tab for tab."""
    window.resize(QSize(*size) / factor)
    lines = []
    for place in range(tabs.count()):
        tabs.setCurrentIndex(place)
        for _ in range(5):
            QApplication.processEvents()
        lines += [f"{size[0]} x {size[1]}, {tabs.tabText(place)}: {line}" for line in cut(window)]
    return lines


def main() -> None:
    """Open the demo without a screen, at whatever factor Qt was told, and print what is cut at 3840 x 2160."""
    from PySide6.QtTest import QTest

    from explorer.state.settings_file import Settings
    from explorer.state.start import Start
    from explorer.state.workspace import Workspace
    from explorer.ui.widgets.theme import apply_theme
    from explorer.ui.window.assembly import assemble
    from explorer.ui.window.main_window import MainWindow

    application, home, bundled = QApplication([]), Path(sys.argv[1]), Path(sys.argv[2])
    settings = Settings(home / "settings.ini")
    workspace = Workspace(settings, bundled)
    window = MainWindow(settings)
    parts = assemble(window, workspace).parts
    window.show()
    workspace.opening.start(Start(demo=True, device="cpu"))
    for _ in range(600):
        QTest.qWait(50)
        if workspace.pipeline.activations is not None and workspace.tagging.path is not None:
            break
    lines = []
    for scheme in SCHEMES:
        apply_theme(application, scheme, workspace.icons)
        lines += measured(window, parts.center.browser.tabs, SIZES[-1], window.devicePixelRatio())
    print(json.dumps({"factor": window.devicePixelRatio(), "cut": lines}))
    window.close()


if __name__ == "__main__":
    main()
