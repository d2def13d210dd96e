"""Shows which class of the network each given word means, with the reason, and lets a person correct it."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QGridLayout, QWidget

from explorer.core.class_words import ClassWords
from explorer.state.index.given_classes import GivenClasses
from explorer.ui.widgets.labels_and_layouts import column, label, row, scrolled
from explorer.ui.widgets.plain_text import PlainButton, PlainLabel
from explorer.ui.widgets.steady import Choice
from explorer.ui.widgets.tall_enough import TallEnough
from explorer.ui.widgets.theme import SPACE

NONE = "none of them"


class ClassWordsDialog(TallEnough):
    """One row a word; what was chosen counts, and is kept for this network and these words, when it is accepted."""

    def __init__(self, given: GivenClasses, counts: Mapping[str, int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Given words and the network's classes")
        self.setMinimumWidth(560)
        self._given = given
        self._edited = given.map or ClassWords(())
        self._boxes: dict[str, QComboBox] = {}
        self._reasons: dict[str, PlainLabel] = {}
        rows = QWidget()
        self._rows = QGridLayout()
        self._rows.setSpacing(SPACE)
        self._rows.setColumnStretch(2, 1)
        rows.setLayout(self._rows)
        for line, pair in enumerate(self._edited.pairs):
            self._add(line, pair.word, counts.get(pair.word, 0))
        area = scrolled(rows)
        area.setMinimumHeight(min(420, 40 * len(self._edited.pairs) + 2 * SPACE))
        anew = PlainButton("Propose anew")
        anew.clicked.connect(lambda: self._show(self._given.proposed))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        text = (
            "The table or the folders call the pictures by words of their own; the network has its classes. Pictures "
            f'whose word means "{NONE}" are left out wherever the two are compared.'
        )
        self.setLayout(column(label(text, wrap=True), area, row(anew, 1, buttons), margin=2 * SPACE, gap=2 * SPACE))
        self._show(self._edited)

    def accept(self) -> None:
        """Use what was chosen, and keep it."""
        self._given.edit(self._edited)
        super().accept()

    def _add(self, line: int, word: str, pictures: int) -> None:
        box, reason = Choice(), label("", "quiet")
        box.setAccessibleName(f"Class of {word}")
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box.addItem(NONE, "")
        for name in self._edited.classes:
            box.addItem(name, name)
        box.activated.connect(lambda index: self._show(self._edited.put(word, box.currentData())))
        self._boxes[word], self._reasons[word] = box, reason
        self._rows.addWidget(label(f"{word} · {pictures:,}" if pictures else word), line, 0)
        self._rows.addWidget(box, line, 1)
        self._rows.addWidget(reason, line, 2)

    def _show(self, words: ClassWords) -> None:
        self._edited = words
        for pair in words.pairs:
            if pair.word in self._boxes:
                self._boxes[pair.word].setCurrentIndex(self._boxes[pair.word].findData(pair.name))
                self._reasons[pair.word].setText(pair.reason)
