"""The commands about tags: give one, take it away, say more about it, add a word, and say what the filter answers."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtWidgets import QDialog, QInputDialog, QWidget

from explorer.core.tags.book import FilterKey
from explorer.core.tags.vocabulary import Vocabulary, add_word
from explorer.state.map_facts import facts_of
from explorer.state.session import View
from explorer.state.settings import ANNOTATOR
from explorer.state.workspace import Workspace
from explorer.ui.panels.tag_panel import WordDialog
from explorer.ui.widgets.plain_text import Buttons, warned
from explorer.ui.window.parts import WindowParts


class TagCommands:
    """Tags the filter in view.

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
        self._show_words(vocabulary)
        self._parts.tags.set_vocabulary(vocabulary)
        self._parts.filters.vocabulary = vocabulary
        if self._parts.center.built:
            self._parts.center.browser.offer_words(vocabulary)
        self._parts.filters.repaint_all()

    def toggle(self, word: str) -> None:
        """Tag the filter in view with a word, or take the word away."""
        view = self._workspace.session.view
        key = FilterKey(view.layer, view.filter)
        tagging = self._workspace.tagging
        evidence = self._workspace.pipeline.evidence(key.layer, key.filter)
        before = tagging.words(key)
        if self._guard(lambda: tagging.toggle(key, word, evidence)):
            self._parts.tags.describe(word)
            gone = [other for other in before if other != word and other not in tagging.words(key)]
            if gone:
                text = f'"{word}" took {" and ".join(gone)} away from filter {key}. Ctrl+Z brings it back.'
                self._parts.problems.show_text(text, calm=True)

    def accept_suggestion(self) -> None:
        """Give the filter in view the tag that is suggested, where the grid or the viewer has the keyboard."""
        if self._parts.center.has_keyboard:
            self._guard(self._workspace.suggesting.accept)

    def reject_suggestion(self) -> None:
        """Take the suggestion away, where the grid or the viewer has the keyboard."""
        if self._parts.center.has_keyboard:
            self._workspace.suggesting.reject()

    def show_concept(self) -> None:
        """Lay what is suggested over the picture, or go back to the filter's map."""
        missing = self._workspace.suggested_concept.toggle()
        if missing:
            self._parts.problems.show_text(missing, calm=True)

    def suggest_tags(self) -> None:
        """Begin to make suggestions; say what is missing where they cannot be made."""
        suggesting = self._workspace.suggesting
        if suggesting.possible or suggesting.running:
            suggesting.begin()
        else:
            text = "Suggestions need the whole index of the folder; it is made while nobody walks."
            self._parts.problems.show_text(text, calm=True)

    def describe_tag(self) -> None:
        """Put the keyboard into the detail of the filter's tag."""
        if not self._parts.tags.focus_detail():
            self._parts.problems.show_text("Tag the filter first: a detail says more about a tag.", calm=True)

    def describe(self, key: FilterKey, word: str, detail: str, note: str) -> None:
        """Write the detail and the note of a tag."""
        self._guard(lambda: self._workspace.tagging.describe(key, word, detail, note))

    def new_word(self) -> None:
        """Add a word to the person's own vocabulary."""
        dialog = WordDialog(self._parent)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self._guard(lambda: self._add_word(dialog))

    def _add_word(self, dialog: WordDialog) -> None:
        self._workspace.vocabulary = add_word(self._workspace.vocabulary_path, dialog.entry(), reserved=self._taken())
        self.offer_words()

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
