"""What is asked before the window closes: nothing that a person did may be lost without a word."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from explorer.state.workspace import Workspace
from explorer.ui.widgets.plain_text import Buttons, asked, warned


def may_close(parent: QWidget, workspace: Workspace, save_tags_as: Callable[[], bool]) -> bool:
    """Whether a person wants to close, with an export running or with tags that could not be saved.

    `save_tags_as` asks for another place for the tags and says whether they are there.
    """
    if workspace.exporting.running:
        text = "Close still? The figures written so far are whole; the export goes on next time."
        answer = asked(parent, "An export is running", text, Buttons.Close | Buttons.Cancel, Buttons.Cancel)
        if answer != Buttons.Close:
            return False
    tagging = workspace.tagging
    tagging.settle()
    if not tagging.unsaved:
        return True
    text = f"The last tags could not be written to {tagging.path}. Save them in another place?"
    choices = Buttons.Save | Buttons.Discard | Buttons.Cancel
    answer = warned(parent, "Tags are not saved", text, choices, Buttons.Save)
    return answer == Buttons.Discard or (answer == Buttons.Save and save_tags_as())
