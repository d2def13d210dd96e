"""Asks for a new word of a person's own vocabulary."""

from PySide6.QtWidgets import QDialogButtonBox, QFormLayout, QLineEdit, QWidget

from explorer.core.tags.vocabulary import Entry
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.tall_enough import TallEnough
from explorer.ui.widgets.theme import SPACE


class WordDialog(TallEnough):
    """Asks for a new word of the vocabulary."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Another word")
        self._word, self._key, self._details = QLineEdit(), QLineEdit(maxLength=1), QLineEdit()
        self._word.setPlaceholderText("pigment network")
        self._key.setFixedWidth(48)
        self._details.setPlaceholderText("coarse, fine, broken")
        for edit in (self._word, self._details):
            edit.setMinimumWidth(edit.sizeHint().width())  # else a narrow dialog cuts what they propose
        form = QFormLayout()
        form.setSpacing(SPACE)
        form.addRow("Word", self._word)
        form.addRow("Key (may be empty)", self._key)
        form.addRow("Details to offer", self._details)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        hint = label("The word is written into your own vocabulary file and offered from now on.", "quiet", wrap=True)
        self.setLayout(column(hint, form, row(1, buttons), margin=2 * SPACE))

    def entry(self) -> Entry:
        """What was entered; UserError where it is no word."""
        details = tuple(part.strip() for part in self._details.text().split(",") if part.strip())
        return Entry(self._word.text().strip(), key=self._key.text().strip(), details=details)
