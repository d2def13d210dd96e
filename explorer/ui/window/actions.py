"""Every command of the window: its words, its keys and its menu, in one table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from explorer.core.tags.vocabulary import Vocabulary
from explorer.ui.widgets.command_tips import keys_of
from explorer.ui.widgets.plain_text import entry_text, shown_text

Run = Callable[[], object]
FILE, VIEW, WALK, TAGS, HELP = "&File", "&View", "&Go", "&Tags", "&Help"
"""The menus."""


@dataclass(frozen=True)
class Command:
    """One line of the table; several keys are separated by " or "."""

    menu: str
    text: str
    keys: str
    run: Run
    checked: Callable[[], bool] | None = None
    """Whether a check mark stands before it; asked when the menu opens."""
    says: Callable[[], str] | None = None
    """What follows its words while the menu is open."""
    then: str = ""
    """What else there is to know once it runs; said on the sheet of keys."""
    yields: bool = False
    """Whether its single letter goes to a word of a person's own vocabulary that has it too."""
    under: str = ""
    """The menu within the menu in which it stands, if any."""
    hears: Callable[[], bool] | None = None
    """Whether its keys are for it now; whoever chooses it in a menu means it wherever the keyboard is."""
    section: bool = False
    """Whether a line stands above it in its menu, or above the menu within it."""


def window_keys(commands: Sequence[Command]) -> frozenset[str]:
    """The single letters and digits that commands use, so that no word of the vocabulary may take them."""
    every = {key for command in commands if not command.yields for key in command.keys.split(" or ")}
    return frozenset(key for key in every if len(key) == 1 and key.isalnum())


class KeyedAction(QAction):
    """An entry of a menu whose keys do nothing while `hears` says that they are not for it."""

    def __init__(self, text: str, parent: QMainWindow, hears: Callable[[], bool] | None) -> None:
        super().__init__(text, parent)
        self._hears = hears

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Shortcut and self._hears is not None and not self._hears():
            return True
        return super().event(event)


class Actions:
    """Makes QActions of the table, with their menus; `groups` lists them by menu, `words` those of the vocabulary."""

    def __init__(self, window: QMainWindow, commands: Sequence[Command]) -> None:
        self._window = window
        self.groups: list[tuple[str, list[QAction]]] = []
        self.menus: dict[str, QMenu] = {}
        self._within: dict[tuple[str, str], QMenu] = {}
        self.words: list[QAction] = []
        self._yielding: list[tuple[QAction, str]] = []
        for command in commands:
            if command.menu not in self.menus:
                self.menus[command.menu] = window.menuBar().addMenu(command.menu)
                self.groups.append((command.menu.replace("&", ""), []))
            if command.section:
                self.menus[command.menu].addSeparator()
            self._add(command)

    @property
    def keys(self) -> dict[str, str]:
        """The keys of each command that has any, by its words."""
        named = [(shown_text(action.text()), keys_of(action)) for _, actions in self.groups for action in actions]
        return {words: keys for words, keys in named if keys}

    def offer_words(self, menu: str, vocabulary: Vocabulary, toggle: Callable[[str], object]) -> None:
        """Put the words of the vocabulary at the top of a menu, each with its key."""
        group = next(actions for title, actions in self.groups if title == menu.replace("&", ""))
        first = next((action for action in self.menus[menu].actions() if action not in self.words), None)
        for action in self.words:
            self._window.removeAction(action)
            self.menus[menu].removeAction(action)
            if action in group:
                group.remove(action)
            action.deleteLater()
        self.words = []
        words = {entry.key for entry in vocabulary.entries}
        for action, keys in self._yielding:
            action.setShortcuts([QKeySequence(key) for key in keys.split(" or ") if key not in words])
        for position, entry in enumerate(vocabulary.entries):
            action = self._made(entry.title, entry.key, partial(toggle, entry.word))
            if first is None:
                self.menus[menu].addAction(action)
            else:
                self.menus[menu].insertAction(first, action)
            self.words.append(action)
            group.insert(position, action)

    def _add(self, command: Command) -> None:
        action, menu = self._made(command.text, command.keys, command.run, command.hears), self._menu_of(command)
        action.setData(command.then)
        if command.yields:
            self._yielding.append((action, command.keys))
        if command.checked is not None:
            checked = command.checked
            action.setCheckable(True)
            menu.aboutToShow.connect(lambda: action.setChecked(checked()))
        if command.says is not None:
            says = command.says
            menu.aboutToShow.connect(lambda: action.setText(entry_text(f"{command.text} {says()}".strip())))
            menu.aboutToHide.connect(lambda: action.setText(entry_text(command.text)))
        menu.addAction(action)
        next(actions for title, actions in self.groups if title == command.menu.replace("&", "")).append(action)

    def _menu_of(self, command: Command) -> QMenu:
        menu, path = self.menus[command.menu], (command.menu, command.under)
        if not command.under:
            return menu
        if path not in self._within:
            self._within[path] = menu.addMenu(command.under)
        return self._within[path]

    def _made(self, text: str, keys: str, run: Run, hears: Callable[[], bool] | None = None) -> QAction:
        # A handler in Python costs each of the many events of an action.
        title = entry_text(text)
        action = QAction(title, self._window) if hears is None else KeyedAction(title, self._window, hears)
        action.setShortcuts([QKeySequence(key) for key in keys.split(" or ") if key])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(lambda checked=False: run())
        self._window.addAction(action)
        return action
