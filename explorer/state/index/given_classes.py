"""Which class of the open network each word of the open folder's table means: proposed, edited, kept."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.state.index.evidence import Evidence
from explorer.state.opened.library import Library
from explorer.state.settings_file import Settings

if TYPE_CHECKING:
    from explorer.core.class_words import ClassWords


class GivenClasses(QObject):
    """The map from given words to the network's classes, one for each network and set of words.

    What a person edits is kept in a file of its own, which the commands read too; what was only proposed is proposed
    anew. `changed` when network, words, map or what is counted are others; `problem(error)` where a map cannot be kept.
    Pictures that the network was trained on are left out of what the window says about classes, unless a person asks
    for them: of findings, alarm, cards and orders; what is written into files leaves them out always.
    """

    changed = Signal()
    problem = Signal(object)

    def __init__(self, settings: Settings, library: Library, evidence: Evidence, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings, self._library, self._evidence = settings, library, evidence
        self._known: ClassWords | None = None
        self._asked = False
        self.with_trained_on = False
        """Whether pictures that the network was trained on are counted in numbers about classes."""
        for signal in (library.network_opened, library.folder_opened, evidence.changed):
            signal.connect(lambda *answer: self._forget())

    @property
    def map(self) -> "ClassWords | None":
        """The map of the open network and folder; None where there are no classes on one of the two sides."""
        if not self._asked:
            self._asked, self._known = True, self._found()
        return self._known

    @property
    def proposed(self) -> "ClassWords":
        """What the program proposes for them."""
        from explorer.core.class_words import propose, told_apart, trained_words

        network = self._library.network
        trained = trained_words(network.training) if network is not None else {}
        return propose(self._words(), told_apart(self._classes()), trained)

    def edit(self, edited: "ClassWords") -> None:
        """Use this map from now on, and keep it; what is proposed anyway need not be kept.

        What another window keeps for other words meanwhile stays.
        """
        from explorer.core.index.kept_words import change_words

        places = self._identity(), self._words(), self._settings.folder
        try:
            edited = change_words(*places, before=self.map or self.proposed, edited=edited, proposed=self.proposed)
        except UserError as error:
            self.problem.emit(error)
        self._settings.set_text(self._setting, "")
        self._asked, self._known = True, edited
        self.changed.emit()

    def count_trained_on(self, counted: bool) -> None:
        """Count the pictures that the network was trained on too, or leave them out."""
        if counted != self.with_trained_on:
            self.with_trained_on = counted
            self.changed.emit()

    @property
    def file(self) -> Path | None:
        """Where the map is kept that a person decided; None where none is."""
        from explorer.core.index.kept_words import place_of_words

        place = place_of_words(self._identity(), self._words(), self._settings.folder)
        return place if place.exists() else None

    def of(self, word: str) -> str:
        """The network's class that a given word means; "" where it means none or nothing is known."""
        class_words = self.map if word else None
        return class_words.of(word) if class_words is not None else ""

    def _forget(self) -> None:
        self._asked, self._known = False, None
        self.changed.emit()

    def _found(self) -> "ClassWords | None":
        words, classes = self._words(), self._classes()
        return (self._kept(words, classes) or self.proposed) if words and classes else None

    def _words(self) -> list[str]:
        folder, index = self._library.folder, self._evidence.index
        listed = set(folder.labels.counts) if folder is not None and folder.labels is not None else set()
        return sorted(listed | ({*index.given} - {""} if index is not None else set()))

    def _classes(self) -> tuple[str, ...]:
        network, index = self._library.network, self._evidence.index
        return index.classes if index is not None else network.classes if network is not None else ()

    def _identity(self) -> str:
        network, index = self._library.network, self._evidence.index
        if index is not None:
            return index.contents.network.identity
        return network.identity if network is not None else ""

    @property
    def _setting(self) -> str:
        """Where earlier versions kept it."""
        from explorer.core.class_words import words_key

        return f"class words/{words_key(self._identity(), self._words())}"

    def _kept(self, words: list[str], classes: tuple[str, ...]) -> "ClassWords | None":
        from explorer.core.class_words import ClassWords, told_apart
        from explorer.core.index.kept_words import keep_words, kept_words, read_words

        data, text = self._settings.folder, self._settings.text(self._setting)
        try:
            if text:
                earlier = ClassWords.from_json(text)
                if earlier.classes == told_apart(classes):
                    keep_words(self._identity(), words, earlier, data)
                self._settings.set_text(self._setting, "")
            file = kept_words(self._identity(), words, classes, data)
            return read_words(file, classes) if file is not None else None
        except UserError:
            return None  # damaged: as if it were not there
