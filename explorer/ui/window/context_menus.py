"""What the right button offers on pictures, filters, layers, tags and the viewer: what the menus do, near at hand.

The right button has made the row under it the one in view before its menu comes up, so that all act on what is framed.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from explorer.core.tags.book import FilterKey
from explorer.state.workspace import Workspace
from explorer.ui.widgets.overlay_grid import OverlayGrid
from explorer.ui.widgets.plain_text import entry_text
from explorer.ui.widgets.show_in_folder import show_in_folder
from explorer.ui.window.commands import Commands
from explorer.ui.window.evidence_tabs import LateTab

if TYPE_CHECKING:
    from explorer.ui.panels.tag_row import TagRow
    from explorer.ui.panels.tag_rows import TagRows
    from explorer.ui.window.browser import Browser

Entry = tuple[str, Callable[[], object]]
TAG_AS = "Tag as"
STAR = "Star the picture, or take its star away"
ACCEPT, REJECT = "Accept the suggestion", "Reject the suggestion"
COMMAND_OF = {
    REJECT: "Reject the suggestion, or take that back",
    "Copy the figure": "Copy the figure in view",
    "Save the figure": "Save the figure in view",
    "Pin the filter beside": "Pin the filter beside, or let it go",
    "Pin the picture beside": "Pin the picture beside, or let it go",
    "Star": STAR,
    "Take the star away": STAR,
}
"""The commands that do what entries with other words do."""


class ContextMenus:
    """Puts its menus on the lists and grids of a window."""

    def __init__(self, workspace: Workspace, commands: Commands) -> None:
        self._workspace, self._commands = workspace, commands

    def attach_to_panels(self, pictures: QWidget, layers: QWidget, tags: "TagRows") -> None:
        """The lists at both sides."""
        self._attach(pictures, self._of_picture)
        self._attach(layers, self._of_layer)
        tags.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tags.customContextMenuRequested.connect(lambda place: self._show(tags, place, self._of_tag(tags.row_at(place))))

    def attach_to_browser(self, browser: "Browser") -> None:
        """The picture in view and the grids below it."""
        self._attach(browser.grid, self._of_filter)
        self._attach(browser.over, self._of_tile)
        for late in browser.tabs.findChildren(LateTab):
            late.built.connect(self._attach_to_tiles)
        self._attach(browser.viewer.image, lambda: [*self._of_filter(), *self._of_picture()[1:]])

    def _attach_to_tiles(self, tab: QWidget) -> None:
        """The grids of pictures in a tab that was built."""
        for grid in tab.findChildren(OverlayGrid):
            self._attach(grid, self._of_tile)

    def _attach(self, part: QWidget, entries: Callable[[], list[Entry]]) -> None:
        part.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        part.customContextMenuRequested.connect(lambda place: self._show(part, place, entries()))

    def _show(self, part: QWidget, place: QPoint, entries: list[Entry]) -> None:
        menu = QMenu(part)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, run in entries:
            if text == TAG_AS:
                self._offer_words(menu)
            else:
                self._add(menu, text, run)
        if entries:
            menu.popup(part.mapToGlobal(place))

    def _add(self, menu: QMenu, text: str, run: Callable[[], object]) -> None:
        """An entry, with the keys of the command that does the same."""
        action = menu.addAction(entry_text(text), run)
        keys = self._commands.actions.keys.get(COMMAND_OF.get(text, text), "")
        if keys:
            action.setShortcut(QKeySequence(keys.partition(" or ")[0]))  # shown; a menu's own actions hear no keys
            action.setShortcutVisibleInContextMenu(True)

    def _offer_words(self, menu: QMenu) -> None:
        words = menu.addMenu(entry_text(TAG_AS))
        for entry in self._workspace.vocabulary.entries:
            self._add(words, entry.title, partial(self._commands.tags.toggle, entry.word))
        self._add(words, "Another word …", self._commands.tags.another_word)

    def _of_filter(self) -> list[Entry]:
        view, commands = self._workspace.session.view, self._commands
        if self._workspace.library.network is None:
            return []
        key = f"{view.layer}:{view.filter}"
        return [
            (TAG_AS, commands.tags.new_word),
            *self._suggestion(),
            *self._figure(),
            ("Pin the filter beside", commands.pin_filter),
            (f"Export filter {key} …", commands.unmuted(lambda: commands.files.export(key))),
            (f"Copy {key}", lambda: QApplication.clipboard().setText(key)),
            *self._mute(FilterKey(view.layer, view.filter)),
        ]

    def _of_picture(self) -> list[Entry]:
        picture = self._workspace.session.view.picture
        if picture is None:
            return []
        export = self._commands.unmuted(lambda: self._commands.files.export(of_picture=True))
        return [
            *list(self._figure())[:1],
            ("Take the star away" if picture in self._workspace.starred else "Star", self._commands.star),
            ("Pin the picture beside", self._commands.pin_picture),
            ("Export this picture …", export),
            ("Show in folder", lambda: show_in_folder(picture)),
            ("Copy the picture's path", lambda: QApplication.clipboard().setText(str(picture))),
        ]

    def _of_tile(self) -> list[Entry]:
        """A picture that shows the filter in view."""
        view, entries = self._workspace.session.view, self._of_picture()
        if self._workspace.library.network is None or not entries:
            return entries
        key = f"{view.layer}:{view.filter}"
        copy_key = f"Copy {key}", lambda: QApplication.clipboard().setText(key)
        return [(TAG_AS, self._commands.tags.new_word), *entries, copy_key]

    def _of_tag(self, row: "TagRow | None") -> list[Entry]:
        if row is None:
            return []
        commands, key, tag = self._commands.tags, row.key, row.tag
        words = ", ".join(filter(None, (tag.tag, tag.detail, tag.note)))
        entries: list[Entry] = [
            ("Copy the tag", lambda: QApplication.clipboard().setText(f"{key} {words}")),
            ("Show in history …", lambda: commands.show_history(f"{key} {tag.tag}")),
        ]
        if not row.changeable:
            return entries
        review = "Needs no review any more" if tag.needs_review else "Needs review"
        return [
            *entries,
            (review, lambda: commands.review(key, tag.tag)),
            ("Another word …", commands.another_word),
            ("Remove", lambda: commands.remove(key, tag.tag)),
        ]

    def _of_layer(self) -> list[Entry]:
        layer, commands = self._workspace.session.view.layer, self._commands
        if self._workspace.library.network is None:
            return []
        return [
            (f"Export layer {layer} …", commands.unmuted(lambda: commands.files.export(str(layer)))),
            (f"Copy {layer}", lambda: QApplication.clipboard().setText(str(layer))),
        ]

    def _mute(self, key: FilterKey) -> Iterator[Entry]:
        muting = self._workspace.muting
        yield f"Restore {key}" if key in muting.keys else f"Mute {key}", self._commands.mute
        if len(muting.keys) > 1:
            yield "Restore all muted filters", muting.restore

    def _suggestion(self) -> Iterator[Entry]:
        """The answers to what is suggested for the filter, while it waits for one."""
        if self._workspace.suggesting.offered is not None:
            yield ACCEPT, self._commands.tags.accept_suggestion
            yield REJECT, self._commands.tags.reject_suggestion

    def _figure(self) -> Iterator[Entry]:
        commands = self._commands
        yield "Copy the figure", commands.unmuted(commands.figure.copy, of_both=True)
        yield "Save the figure", commands.unmuted(commands.figure.save, of_both=True)
