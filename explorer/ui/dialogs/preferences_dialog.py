"""The settings of the program, one row each, drawn from what is declared of them."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QWidget

from explorer.state.preferences import PREFERENCES, Preference
from explorer.state.settings import Settings
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.widgets import column, label


class PreferencesDialog(QDialog):
    """Shows every preference; what was changed is remembered when it is accepted."""

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setMinimumWidth(460)
        self._settings = settings
        self._values: dict[str, Callable[[], Any]] = {}
        form = QFormLayout()
        form.setSpacing(SPACE)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        for preference in PREFERENCES:
            form.addRow(preference.title, self._field(preference))
            form.addRow("", label(preference.what, "quiet", wrap=True))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.setLayout(column(form, buttons, margin=2 * SPACE, gap=SPACE))

    def accept(self) -> None:
        """Remember what was changed."""
        for preference in PREFERENCES:
            self._settings.set_preference(preference, self._values[preference.name]())
        super().accept()

    def _field(self, preference: Preference[Any]) -> QWidget:
        value = self._settings.preference(preference)
        field: QWidget
        if preference.choices:
            field = combo = QComboBox()
            for choice, words in preference.choices.items():
                combo.addItem(words, choice)
            combo.setCurrentIndex(combo.findData(value))
            self._values[preference.name] = combo.currentData
        elif isinstance(preference.default, bool):
            field = check = QCheckBox()
            check.setChecked(value)
            self._values[preference.name] = check.isChecked
        else:
            field = line = QLineEdit(value)
            self._values[preference.name] = lambda: line.text().strip()
        field.setObjectName(preference.name)
        field.setAccessibleName(preference.title)
        return field
