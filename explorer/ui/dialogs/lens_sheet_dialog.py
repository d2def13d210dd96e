"""A window with the pictures of a pair of classes that are mistaken for each other, through two lenses."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDialog, QGridLayout, QWidget

from explorer.core.errors import UserError
from explorer.state.lens.sheet import LensSheet
from explorer.ui.widgets.labels_and_layouts import column, label, row, scrolled
from explorer.ui.widgets.pixmaps import pixmap_of
from explorer.ui.widgets.plain_text import PlainButton, PlainLabel, PlainTool, tip
from explorer.ui.widgets.screen_room import resize_on_screen
from explorer.ui.widgets.theme import SPACE

if TYPE_CHECKING:
    from explorer.core.arrays import RGB

SIDE = 190
"""The longer side of a panel in pixels."""


class LensSheetDialog(QDialog):
    """Follows the sheet: a row for each picture, as it is found; `picked(path)` where a person wants to see one.

    `where(name, kinds)` asks for a file.
    """

    picked = Signal(object)

    def __init__(
        self, sheet: LensSheet, where: Callable[[str, str], Path | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._sheet, self._where, self._drawn = sheet, where, 0
        self.setWindowTitle("Why it is mistaken")
        self._title, self._said = label("", "title"), label("", "quiet", wrap=True)
        self.grid = QGridLayout()
        self.grid.setSpacing(SPACE)
        for across, title in enumerate(sheet.titles, 1):
            self.grid.addWidget(label(title, "quiet"), 0, across)
        body = QWidget()
        body.setLayout(column(self.grid, 1))
        area = scrolled(body)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.save = PlainButton("Save …")
        tip(self.save, "the sheet as a figure: PDF, PNG, SVG or TIFF")
        self.save.clicked.connect(self._save)
        self.setLayout(column(self._title, self._said, area, row(1, self.save), margin=2 * SPACE, gap=SPACE))
        self.layout().setStretch(2, 1)  # type: ignore[union-attr]
        resize_on_screen(self, 860, 760)
        sheet.changed.connect(self._show)
        sheet.saved.connect(self._tell)
        self._show()

    def done(self, result: int) -> None:
        """However it is closed, nothing more is computed for it."""
        self._sheet.leave()
        super().done(result)

    def _show(self) -> None:
        sheet = self._sheet
        if sheet.words:
            self._title.setText(sheet.words)
        for path, sheet_row in sheet.rows[self._drawn :]:
            self._drawn += 1
            name = PlainTool(sheet_row.lines[0])
            name.setObjectName("flat")
            tip(name, "look at this picture")
            name.clicked.connect(lambda checked=False, path=path: self.picked.emit(path))
            self.grid.addLayout(
                column(name, *(label(line, "quiet") for line in sheet_row.lines[1:]), 1), self._drawn, 0
            )
            for across, (panel, scale) in enumerate(zip(sheet_row.panels, sheet_row.scales, strict=True), 1):
                self.grid.addLayout(column(_panel(panel), label(scale, "quiet"), 1, gap=2), self._drawn, across)
        self._said.setText(
            sheet.trouble
            or (
                "The surest mistake first; each map for the class that was predicted, full at the value below."
                if sheet.complete
                else "Looking …"
            )
        )
        self.save.setEnabled(bool(sheet.rows))

    def _save(self) -> None:
        path = self._where(f"{self._sheet.words}.pdf", "Figures (*.pdf *.png *.svg *.tiff *.tif)")
        if path is not None:
            self.write_to(path)

    def write_to(self, path: Path) -> None:
        """Write the sheet, or say why it cannot be."""
        try:
            self._sheet.export(path)
        except UserError as error:
            self._said.setText(str(error))

    def _tell(self, path: Path) -> None:
        self._said.setText(f"Written: {path}")


def _panel(drawn: "RGB") -> PlainLabel:
    pixmap = pixmap_of(drawn)
    picture = PlainLabel()
    picture.setPixmap(
        pixmap.scaled(QSize(SIDE, SIDE), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    )
    return picture
