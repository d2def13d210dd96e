"""The settings of the program, one row each, drawn from what is declared of them."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialogButtonBox, QFormLayout, QLineEdit, QWidget

from explorer.state.settings import SETTINGS, Setting
from explorer.state.settings_file import Settings
from explorer.ui.widgets.labels_and_layouts import column, label
from explorer.ui.widgets.steady import Choice
from explorer.ui.widgets.tall_enough import TallEnough
from explorer.ui.widgets.theme import SPACE


class SettingsDialog(TallEnough):
    """Shows every setting; what was changed is remembered when it is accepted."""

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setMinimumWidth(460)
        self._settings = settings
        self._values: dict[str, Callable[[], Any]] = {}
        form = QFormLayout()
        form.setSpacing(SPACE)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        for setting in SETTINGS:
            form.addRow(setting.title, self._field(setting))
            form.addRow("", label(setting.what, "quiet", wrap=True))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.setLayout(column(form, buttons, margin=2 * SPACE, gap=SPACE))

    def accept(self) -> None:
        """Remember what was changed."""
        for setting in SETTINGS:
            self._settings.set_value(setting, self._values[setting.name]())
        super().accept()

    def _field(self, setting: Setting[Any]) -> QWidget:
        value = self._settings.value(setting)
        field: QWidget
        if setting.choices:
            field = combo = Choice()
            for choice, words in setting.choices.items():
                combo.addItem(words, choice)
            combo.setCurrentIndex(combo.findData(value))
            self._values[setting.name] = combo.currentData
        elif isinstance(setting.default, bool):
            field = check = QCheckBox()
            check.setChecked(value)
            self._values[setting.name] = check.isChecked
        else:
            field = line = QLineEdit(value)
            self._values[setting.name] = lambda: line.text().strip()
        field.setObjectName(setting.name)
        field.setAccessibleName(setting.title)
        return field
