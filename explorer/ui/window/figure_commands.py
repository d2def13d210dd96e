"""The commands that take the figure in view along: onto the clipboard, or into a file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtWidgets import QApplication

from explorer.state.workspace import Workspace
from explorer.ui.widgets.fields import takes_text
from explorer.ui.widgets.message_banner import NETWORK
from explorer.ui.widgets.show_in_folder import show_in_folder
from explorer.ui.window.parts import WindowParts

SVG = "image/svg+xml"


class FigureCommands:
    """Copies and saves what lies over the picture, labelled; says where it went."""

    def __init__(self, workspace: Workspace, parts: WindowParts, guard: Callable[[Callable[[], object]], bool]) -> None:
        self._figure, self._say, self._guard = workspace.figure, parts.problems.show_text, guard
        self._figure.copied.connect(self._put_on_clipboard)
        self._figure.saved.connect(self._tell)
        self._figure.failed.connect(parts.problems.show_error)

    def copy(self) -> None:
        """Put the figure in view on the clipboard; where a field has the keyboard, the key is the field's."""
        if not takes_text(QApplication.focusWidget()):
            self._guard(self._figure.copy)

    def save(self) -> None:
        """Write the figure in view into the folder of the last ones."""
        self._guard(self._figure.save)

    def _put_on_clipboard(self, contents: Mapping[str, bytes]) -> None:
        from PySide6.QtCore import QByteArray, QMimeData  # here and below: not before somebody takes a figure along
        from PySide6.QtGui import QImage

        data = QMimeData()
        data.setImageData(QImage.fromData(contents["png"]))
        data.setData(SVG, QByteArray(contents["svg"]))
        QApplication.clipboard().setMimeData(data)
        self._say("The figure is on the clipboard, as a picture and as SVG.", calm=True)

    def _tell(self, path: Path) -> None:
        text = f"{path.name} lies in {path.parent}."
        self._say(text, "Show in folder", lambda: show_in_folder(path), calm=True, until=[NETWORK])
