"""Names the keys of commands in the tooltips of the buttons and boxes that stand for them."""

from collections.abc import Mapping

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from explorer.ui.widgets.plain_text import KEYS, tip, told_by

COMMANDS = "commands"
"""The property that holds the words of a widget's commands."""


def stands_for(part: QWidget, *commands: str) -> None:
    """Say which commands a button or box does in other words: by the words of each in the table."""
    part.setProperty(COMMANDS, list(commands))


def name_keys(root: QWidget, keys: Mapping[str, str]) -> None:
    """Name in a part of the window the keys of all that stands for commands; `keys` by the commands' words."""
    for part in (root, *root.findChildren(QWidget)):
        commands = part.property(COMMANDS)
        if commands:
            part.setProperty(KEYS, ", ".join(filter(None, (keys.get(command, "") for command in commands))))
            tip(part, told_by(part))


def keys_of(action: QAction) -> str:
    """An action's keys as a person writes them."""
    return " or ".join(key.toString(QKeySequence.SequenceFormat.NativeText) for key in action.shortcuts())
