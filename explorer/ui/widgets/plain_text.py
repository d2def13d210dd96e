"""Text that may come from a stranger's file, shown as it is: the one place that makes labels, tooltips and messages.

Qt takes a text for markup wherever it looks like one, and an "&" in a button or a menu for a key.
"""

import html
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton, QToolButton, QToolTip, QWidget

if TYPE_CHECKING:
    from PySide6.QtWidgets import QTextBrowser

Buttons = QMessageBox.StandardButton
KEYS, TOLD = "keys", "told"
"""Properties of a widget: the keys that its tooltip names, and the tooltip's text without them."""
PARAGRAPH = '<p style="white-space: pre-wrap">'
READING_MS = 60_000
"""How long a text that somebody asked for stays."""


class PlainLabel(QLabel):
    """A label that renders no markup."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


class PlainButton(QPushButton):
    """A button whose text is no mnemonic."""

    def __init__(self, text: str = "", *, checkable: bool = False) -> None:
        super().__init__(entry_text(text))
        self.setCheckable(checkable)

    def setText(self, text: str) -> None:
        super().setText(entry_text(text))


class PlainTool(QToolButton):
    """A small button whose text is no mnemonic."""

    def __init__(self, text: str = "", *, checkable: bool = False) -> None:
        super().__init__()
        self.setText(text)
        self.setCheckable(checkable)

    def setText(self, text: str) -> None:
        super().setText(entry_text(text))


def own_page() -> "QTextBrowser":
    """What shows pages of the program's own, which are no stranger's: with markup, pictures and links among them."""
    from PySide6.QtWidgets import QTextBrowser  # nobody reads the manual before the window is there

    page = QTextBrowser()
    page.setOpenExternalLinks(True)
    return page


def tip_text(text: str) -> str:
    """What to give Qt as a tooltip or a message so that it shows this text."""
    if not GuiQt.mightBeRichText(text):
        return text
    return f"{PARAGRAPH}{html.escape(text)}</p>"


def entry_text(text: str) -> str:
    """What to give Qt as the text of a button or of an entry of a menu so that it shows this text."""
    return text.replace("&", "&&")


def shown_text(entry: str) -> str:
    """The text that Qt shows for `entry_text`."""
    return entry.replace("&&", "&")


def title_text(text: str) -> str:
    """What to give Qt as a window's title so that it shows this text."""
    return text.replace("[*]", "[*][*]")


def tip(part: QWidget, text: str) -> None:
    """Give a widget its tooltip; the keys of the command that it stands for come behind the first line."""
    keys = part.property(KEYS)
    if keys is not None:
        part.setProperty(TOLD, text)
        first, line, rest = text.partition("\n")
        text = f"{first} ({keys}){line}{rest}".strip() if keys else text
    part.setToolTip(tip_text(text))


def told_by(part: QWidget) -> str:
    """The text of a widget's tooltip without the keys."""
    text = part.property(TOLD)
    return str(text) if text is not None else shown_tip(part.toolTip())


def shown_tip(tip: str) -> str:
    """The text that Qt shows for `tip_text`."""
    inside = tip.removeprefix(PARAGRAPH).removesuffix("</p>")
    return html.unescape(inside) if inside != tip else tip


def show_tip(part: QWidget, text: str) -> None:
    """Show a text below a widget until the mouse or the keyboard goes elsewhere."""
    QToolTip.showText(part.mapToGlobal(part.rect().bottomLeft()), tip_text(text), part, part.rect(), READING_MS)


def warned(parent: QWidget, title: str, text: str, buttons: Buttons, default: Buttons = Buttons.NoButton) -> Buttons:
    """Warn, and wait for one of the buttons."""
    return QMessageBox.warning(parent, title, tip_text(text), buttons, default)


def asked(parent: QWidget, title: str, text: str, buttons: Buttons, default: Buttons = Buttons.NoButton) -> Buttons:
    """Ask, and wait for one of the buttons."""
    return QMessageBox.question(parent, title, tip_text(text), buttons, default)


def offered(parent: QWidget, title: str, text: str, more: str, go: str, run: Callable[[], object]) -> None:
    """Ask without waiting, and run something when the button `go` is pressed; Cancel is the default."""
    box = QMessageBox(QMessageBox.Icon.Question, title, tip_text(text), parent=parent)
    box.setInformativeText(tip_text(more))
    button = box.addButton(entry_text(go), QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(box.addButton(Buttons.Cancel))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.buttonClicked.connect(lambda pressed: run() if pressed is button else None)
    box.open()


def told(parent: QWidget, title: str, text: str, more: str = "", details: str = "") -> None:
    """Say something, with more below it and details that are shown when they are asked for."""
    box = QMessageBox(QMessageBox.Icon.Information, title, tip_text(text), parent=parent)
    box.setInformativeText(tip_text(more))
    box.setDetailedText(details)
    box.exec()
