"""What is asked before the window closes: nothing that a person said or began may be lost without a word."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from explorer.state.workspace import Workspace
from explorer.ui.widgets.plain_text import Buttons, asked, warned


def may_close(parent: QWidget, workspace: Workspace, save_tags_as: Callable[[], bool]) -> bool:
    """Whether a person wants to close, with work running, or with something that could not be saved.

    `save_tags_as` asks for another place for the tags and says whether they are there.
    """
    for title, text in workspace.running:
        answer = asked(parent, title, f"Close still? {text}", Buttons.Close | Buttons.Cancel, Buttons.Cancel)
        if answer != Buttons.Close:
            return False
    for keeping in workspace.keepings:
        keeping.settle()
        for file in keeping.unsaved:
            text = (
                f"{keeping.what} could not be written to {file}: {keeping.trouble(file)} "
                "It is tried again every few seconds; closing now loses it."
            )
            answer = warned(parent, "Not everything is saved", text, Buttons.Discard | Buttons.Cancel, Buttons.Cancel)
            if answer != Buttons.Discard:
                return False
    tagging = workspace.tagging
    tagging.settle()
    if not tagging.unsaved:
        return True
    text = f"The last tags could not be written to {tagging.path}. Save them in another place?"
    choices = Buttons.Save | Buttons.Discard | Buttons.Cancel
    answer = warned(parent, "Tags are not saved", text, choices, Buttons.Save)
    return answer == Buttons.Discard or (answer == Buttons.Save and save_tags_as())
