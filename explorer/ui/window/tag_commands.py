"""The commands about tags: give one, take it away, say more about it, add a word, and say what the filter answers."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QInputDialog, QWidget

from explorer.core.tags.book import FilterKey
from explorer.core.tags.history import Change
from explorer.core.tags.vocabulary import Vocabulary, add_word
from explorer.state.session import View
from explorer.state.settings import ANNOTATOR
from explorer.state.view.filter_navigation import next_where
from explorer.state.view.map_facts import facts_of
from explorer.state.workspace import Workspace
from explorer.ui.widgets.message_banner import NO_INDEX_YET
from explorer.ui.widgets.plain_text import Buttons, warned
from explorer.ui.window.parts import WindowParts

if TYPE_CHECKING:
    from explorer.ui.dialogs.word_dialog import WordDialog


class TagCommands:
    """Tags the filters that are selected.

    `guard(run)` shows what goes wrong and says whether nothing did; `taken()` are the keys of the window's own
    commands; `show_words(vocabulary)` brings words into the menu.
    """

    def __init__(
        self,
        parent: QWidget,
        workspace: Workspace,
        parts: WindowParts,
        guard: Callable[[Callable[[], object]], bool],
        taken: Callable[[], frozenset[str]],
        show_words: Callable[[Vocabulary], object],
    ) -> None:
        self._parent, self._workspace, self._parts, self._guard = parent, workspace, parts, guard
        self._taken, self._show_words = taken, show_words

    def offer_words(self) -> None:
        """Bring the vocabulary into the menu, the panel and the grid."""
        taken = self._taken()
        # A key that stands for two things would do neither: the window's own commands win.
        vocabulary = Vocabulary(
            tuple(replace(word, key="") if word.key in taken else word for word in self._workspace.vocabulary.entries)
        )
        self._show_words(vocabulary.listed)
        self._parts.tags.set_vocabulary(vocabulary)
        self._parts.filters.vocabulary = vocabulary
        if self._parts.center.built:
            self._parts.center.browser.offer_words(vocabulary)
        self._parts.filters.repaint_all()

    def toggle(self, word: str) -> None:
        """Tag the selected filters with a word; where all of them have it, take it away."""
        tagging, keys = self._workspace.tagging, self._workspace.selection.keys

        def evidence(key: FilterKey) -> dict[str, object]:
            return self._workspace.pipeline.evidence(key.layer, key.filter)

        def run() -> None:
            if len(keys) == 1:
                tagging.toggle(keys[0], word, evidence(keys[0]))
            else:
                tagging.toggle_all(keys, word, evidence)

        if self._guard(run):
            self._parts.tags.describe(word)

    def accept_suggestion(self) -> None:
        """Give the filter in view the tag that is suggested; say where there is none."""
        self._answer(self._workspace.suggesting.accept)

    def reject_suggestion(self) -> None:
        """Take the suggestion away, or bring it back; say where there is none."""
        self._answer(self._workspace.suggesting.reject)

    def _answer(self, answer: Callable[[], bool]) -> None:
        answered: list[bool] = []
        if self._guard(lambda: answered.append(answer())) and not answered[0]:
            missing = self._workspace.suggesting.missing
            self._parts.problems.show_text(missing or "Nothing is suggested for this filter.", calm=True)

    def show_concept(self) -> None:
        """Lay what is suggested over the picture, or go back to the filter's map."""
        missing = self._workspace.suggested_concept.toggle()
        if missing:
            self._parts.problems.show_text(missing, calm=True)

    def go_suggested(self, step: int) -> None:
        """Look at the next filter with a suggestion that waits for an answer."""
        network, view = self._workspace.library.network, self._workspace.session.view
        if network is None:
            return
        key, waiting = FilterKey(view.layer, view.filter), self._workspace.suggesting.waiting
        next_key = next_where(network.layers, waiting, key, step)
        if next_key is None:
            missing = self._workspace.suggesting.missing
            self._parts.problems.show_text(missing or "No filter has a suggestion that waits for an answer.", calm=True)
        else:
            self._workspace.session.update(layer=next_key.layer, filter=next_key.filter)

    def undo(self) -> None:
        """Take the last change of tags back; say where there is none."""
        tagging = self._workspace.tagging
        self._go_through(tagging.undo, tagging.stack.canUndo(), "There is no change of tags to take back.")

    def redo(self) -> None:
        """Do again what was taken back; say where there is nothing."""
        tagging = self._workspace.tagging
        self._go_through(tagging.redo, tagging.stack.canRedo(), "Nothing was taken back that could be done again.")

    def _go_through(self, step: Callable[[], object], possible: bool, missing: str) -> None:
        if possible:
            self._guard(step)
        else:
            self._parts.problems.show_text(missing, calm=True)

    def suggest_tags(self) -> None:
        """Begin to make suggestions; say what is missing where they cannot be made."""
        suggesting = self._workspace.suggesting
        if suggesting.possible or suggesting.running:
            suggesting.begin()
        else:
            text = "Suggestions need the whole index of the folder; it is made while nobody walks."
            self._parts.problems.show_text(text, calm=True, until=NO_INDEX_YET)

    def describe_tag(self) -> None:
        """Put the keyboard into the detail of the filter's tag."""
        if not self._parts.tags.focus_detail():
            self._parts.problems.show_text("Tag the filter first: a detail says more about a tag.", calm=True)

    def describe(self, key: FilterKey, word: str, detail: str, note: str) -> None:
        """Write the detail and the note of a tag."""
        self._guard(lambda: self._workspace.tagging.describe(key, word, detail, note))

    def remove(self, key: FilterKey, word: str) -> None:
        """Take a tag away."""
        self._guard(lambda: self._workspace.tagging.remove(key, word))

    def review(self, key: FilterKey | None = None, word: str = "") -> None:
        """Mark the tags of the selected filters, or one tag, as needing review, or take that back."""
        keys = self._workspace.selection.keys if key is None else [key]
        self._guard(lambda: self._workspace.tagging.review(keys, word))

    def give(self, text: str) -> None:
        """Tag the filter in view with a typed word; where it has it already, its detail is asked for next."""

        def run() -> None:
            word = self._parts.filters.vocabulary.word_of(text)
            if any(self._workspace.tagging.mine(key, word) is None for key in self._workspace.selection.keys):
                self.toggle(word)
            self._parts.tags.describe(word)

        self._guard(run)

    def another_word(self) -> None:
        """Let a person type a word that the filter is tagged with."""
        if not self._parts.tags.ask_word():
            self._parts.problems.show_text(self._workspace.tagging.read_only, calm=True)

    def new_word(self) -> None:
        """Add a word to the person's own vocabulary."""
        from explorer.ui.dialogs.word_dialog import WordDialog

        dialog = WordDialog(self._parent)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self._guard(lambda: self._add_word(dialog))

    def _add_word(self, dialog: "WordDialog") -> None:
        self._workspace.vocabulary = add_word(self._workspace.vocabulary_path, dialog.entry(), reserved=self._taken())
        self.offer_words()

    def show_history(self, search: str = "") -> None:
        """Show every change of the tags, those in whose words all of `search` occurs to begin with."""
        from explorer.ui.dialogs.history_dialog import HistoryDialog

        workspace = self._workspace
        dialogs = [dialog for dialog in self._parent.findChildren(HistoryDialog) if dialog.isVisible()]
        if dialogs:
            dialog = dialogs[0]
        else:
            dialog = HistoryDialog(workspace.tag_history, lambda: workspace.tagging.read_only, self._parent)
            dialog.shown.connect(lambda key: workspace.session.update(layer=key.layer, filter=key.filter))
            dialog.restored.connect(self._restore)
            dialog.show()
        if search:
            dialog.search.setText(search)
        dialog.raise_()
        dialog.activateWindow()

    def _restore(self, change: Change) -> None:
        def run() -> None:
            if not self._workspace.tag_history.restore(change):
                text = f"Filter {change.key} is as it was before this change already."
                self._parts.problems.show_text(text, calm=True)

        self._guard(run)

    def ask_annotator(self) -> None:
        """Ask under which name tags are given."""
        name, given = QInputDialog.getText(
            self._parent,
            "Who tags",
            "Your name, as it shall stand beside your tags:",
            text=self._workspace.tagging.annotator,
        )
        if given and name.strip():
            self._workspace.settings.set_value(ANNOTATOR, name.strip())

    def take_over(self) -> None:
        """Ask, then write to a tags file that another computer seems to have open."""
        tagging = self._workspace.tagging
        if not tagging.read_only:
            self._parts.problems.show_text("Nothing keeps this window from writing its tags.", calm=True)
            return
        text = f"{tagging.read_only}\n\nWrite here still? What is in the file by now is read first and stays."
        if warned(self._parent, "Take the tags over", text, Buttons.Yes | Buttons.Cancel) == Buttons.Yes:
            self._guard(tagging.take_over)

    def filter_changed(self, before: View, after: View) -> None:
        """Say the facts anew where another filter is in view; another picture's come with its maps."""
        if (after.layer, after.filter) != (before.layer, before.filter):
            self.show_facts()

    def show_facts(self) -> None:
        """Say in numbers what the filter answers on this picture."""
        view = self._workspace.session.view
        self._parts.tags.set_facts(facts_of(self._workspace.pipeline.map(view.layer, view.filter)))
