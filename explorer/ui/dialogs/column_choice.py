"""Asks which column of a table of classes holds what."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QWidget

from explorer.ui.dialogs.questions import QuestionDialog
from explorer.ui.widgets.steady import Choice

if TYPE_CHECKING:
    from explorer.state.opened.library import AskedTable
    from trainer.pictures.column_choice import Wanted

ROLES = {
    "image": "Names of pictures",
    "label": "Classes",
    "lesion": "Lesions",
    "patient": "Patients",
    "split": "Parts (train, test)",
}
"""What a column may hold, as `--columns` calls it, and as the dialog does."""
FOUND_OUT = "found out from what is in it"


class ColumnChoice(QuestionDialog):
    """Which column holds the pictures' names, classes, lesions, patients and parts; `boxes` by what they hold."""

    def __init__(self, asked: "AskedTable", parent: QWidget | None = None) -> None:
        super().__init__(f"Columns of {asked.path.name}", asked.text, parent)
        self._asked = asked
        self.boxes: dict[str, QComboBox] = {}
        for role, name in ROLES.items():
            box = self.boxes[role] = Choice()
            box.addItem("choose a column" if role == asked.about else FOUND_OUT, "")
            for title in asked.titles:
                box.addItem(title, title)
            titles = (asked.columns or {}).get(role, [""])
            box.setCurrentIndex(max(0, box.findData(titles[0])))
            box.currentIndexChanged.connect(self._check)
            self.form.addRow(name, box)
        if asked.about in self.boxes:
            self.boxes[asked.about].setFocus()
        self._check()

    def wanted(self) -> "Wanted":
        """What is said of the columns now; what was said before of several columns stays where nobody touched it."""
        before = self._asked.columns or {}
        chosen = {role: str(box.currentData()) for role, box in self.boxes.items()}
        columns = {role: titles for role, titles in before.items() if role not in chosen}
        for role, title in chosen.items():
            if title:
                columns[role] = before[role] if title == next(iter(before.get(role, ())), "") else [title]
        return columns

    def _check(self) -> None:
        """Without the column that is asked for there is nothing to open."""
        box = self.boxes.get(self._asked.about)
        buttons = self.findChild(QDialogButtonBox)
        if buttons is not None:
            buttons.button(QDialogButtonBox.StandardButton.Open).setEnabled(box is None or box.currentIndex() > 0)


def ask_columns(asked: "AskedTable", parent: QWidget) -> "Wanted | None":
    """Ask what the columns of a table hold; None on cancel."""
    dialog = ColumnChoice(asked, parent)
    return dialog.wanted() if dialog.exec() == QDialog.DialogCode.Accepted else None
