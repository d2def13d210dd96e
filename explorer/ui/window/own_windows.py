"""The commands that show the filter or the picture in view in a window of its own."""

from functools import partial

from PySide6.QtWidgets import QDialog, QWidget

from explorer.state.workspace import Workspace
from explorer.ui.widgets.plain_text import told
from explorer.ui.window.parts import WindowParts

SHOWN = 8
"""Messages that are listed at once; all stand behind a button."""


class OwnWindows:
    """Opens each window once; it is brought to the front where it is there."""

    def __init__(self, parent: QWidget, workspace: Workspace, parts: WindowParts) -> None:
        self._parent, self._workspace, self._problems = parent, workspace, parts.problems
        self._say = parts.problems.show_text

    def show_stages(self) -> None:
        """Show what the filter in view reads and makes, step by step."""
        if self._workspace.library.network is None:
            self._say("Open a network and a folder first: there is no filter in view.", calm=True)
            return
        from explorer.ui.dialogs.stages_dialog import StagesDialog

        if not self._raised(StagesDialog):
            StagesDialog(self._workspace.session, self._workspace.stages, self._parent).show()

    def show_preview(self) -> None:
        """Show what a recipe of the trainer makes of the picture in view."""
        if self._workspace.session.view.picture is None:
            self._say("Open a folder of pictures first: there is no picture in view.", calm=True)
            return
        from explorer.ui.dialogs.preview_dialog import PreviewDialog
        from explorer.ui.dialogs.save_dialog import ask_where

        if not self._raised(PreviewDialog):
            where = partial(ask_where, self._parent, self._workspace, "Save what the recipe shows")
            PreviewDialog(self._workspace.recipe_preview, where, self._parent).show()

    def show_messages(self) -> None:
        """Let a person read again what the window said."""
        said = self._problems.said
        newest = "\n\n".join(list(said)[:SHOWN]) or "Nothing was said so far."
        told(self._parent, "Messages", "The newest first:", newest, "\n\n".join(said) if len(said) > SHOWN else "")

    def _raised(self, kind: type[QDialog]) -> bool:
        for dialog in self._parent.findChildren(kind):
            dialog.raise_()
            dialog.activateWindow()
            return True
        return False
