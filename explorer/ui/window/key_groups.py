"""How the sheet of keys is arranged: by what a person is doing, and what is used most stands first."""

from collections.abc import Sequence

from PySide6.QtGui import QAction

from explorer.ui.widgets.plain_text import shown_text

TAG = "Tag"
KEY_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Walk",
        (
            "Next filter",
            "Previous filter",
            "Next picture",
            "Previous picture",
            "Next layer",
            "Previous layer",
            "Next filter of the work list",
            "Previous filter of the work list",
            "Next filter without a tag",
            "Previous filter without a tag",
            "Next filter with a suggestion",
            "Select the next filter too",
            "Select the previous filter too",
            "Find pictures",
            "Star the picture, or take its star away",
        ),
    ),
    (
        TAG,
        (
            "Another word …",
            "Detail of the tag",
            "Needs review",
            "Undo",
            "Redo",
            "Accept the suggestion",
            "Reject the suggestion, or take that back",
            "The suggestion's concept over the picture",
            "History …",
        ),
    ),
    (
        "Ask why",
        (
            "Lens …",
            "Occlusion",
            "Drag the patch",
            "Leave text, message, selection, patch, lens or what if",
            "Why: what the index says of the filter",
            "Stages and kernels of the filter …",
            "Mute the filter, or take it back",
            "Restore all muted filters",
        ),
    ),
    (
        "What the colors say",
        (
            "Outline at half of the scale",
            "Other color map",
            "Scale: this map",
            "Scale: the layer",
            "Scale: pictures seen",
            "Scale: fixed values …",
            "Scale: this filter over the folder",
            "Raw convolution",
        ),
    ),
    (
        "The window",
        (
            "Next tab",
            "The picture alone, or all panels",
            "Only filters with a tag",
            "Next order of the grid",
            "Fit the picture",
            "Enlarge",
            "Reduce",
            "Keys",
            "Settings …",
            "Quit",
        ),
    ),
    (
        "Beside",
        (
            "Untouched picture beside",
            "Pin the filter beside, or let it go",
            "Pin the picture beside, or let it go",
            "Swap networks A and B",
        ),
    ),
    (
        "Take along",
        (
            "Copy the figure in view",
            "Save the figure in view",
            "Export figures …",
        ),
    ),
    (
        "Open",
        (
            "Open a network …",
            "Open a folder of pictures …",
            "Open the pictures' classes (CSV) …",
            "Open tags …",
            "Save tags in another file …",
        ),
    ),
)
"""Each group with its commands, by their words in the table. The words of the vocabulary come first in `TAG`."""


def key_groups(actions: Sequence[QAction], words: Sequence[QAction]) -> list[tuple[str, list[QAction]]]:
    """The actions that have a key, group by group; what stands in no group, in one more at the end."""
    of_words = {id(action) for action in words}
    remaining = {
        shown_text(action.text()): action for action in actions if action.shortcuts() and id(action) not in of_words
    }
    groups = []
    for title, commands in KEY_GROUPS:
        listed = [remaining.pop(command) for command in commands if command in remaining]
        groups.append((title, [word for word in words if word.shortcuts()] + listed if title == TAG else listed))
    return [(title, listed) for title, listed in (*groups, ("More", list(remaining.values()))) if listed]
