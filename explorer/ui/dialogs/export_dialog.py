"""Chooses what to export and how; the work runs in the background, with progress in the status bar."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from explorer.core.counting import counted
from explorer.core.drawing.styles import FORMATS
from explorer.core.errors import UserError
from explorer.core.tags.book import FilterKey
from explorer.state.exporting import Order, figure_style
from explorer.state.workspace import Workspace
from explorer.ui.widgets.fields import Suggestions
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.message_banner import NETWORK, Problems
from explorer.ui.widgets.plain_text import PlainButton, offered
from explorer.ui.widgets.theme import SPACE

if TYPE_CHECKING:
    from explorer.core.export.run import ExportReport
    from explorer.core.export.size import ExportSize
    from explorer.core.network.opening import Network


class ExportDialog(QDialog):
    """Figures of chosen filters on chosen pictures, in the style that is on show."""

    def __init__(self, workspace: Workspace, pictures_found: tuple[Path, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export figures")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self._workspace = workspace
        view, folder = workspace.session.view, workspace.library.folder
        self._filters = Suggestions([str(view.layer), f"{view.layer}:{view.filter}", "all"])
        words = dict.fromkeys(tag.tag for _, tag in workspace.tagging.book.entries())
        self._filters.addItems([f"tag:{word}" for word in words])
        self._filters.setAccessibleName("Filters to export")
        self._pictures = QComboBox()
        every = folder.pictures if folder else ()
        start = pictures_found.index(view.picture) if view.picture in pictures_found else 0
        for title, chosen in (
            ("this picture", (view.picture,) if view.picture else ()),
            ("ten pictures from this one on", pictures_found[start : start + 10]),
            (f"the {counted(len(pictures_found), 'picture')} in the list", pictures_found),
            (f"all of the folder: {counted(len(every), 'picture')}", every),
        ):
            self._pictures.addItem(title, chosen)
        self._kind, self._format = QComboBox(), QComboBox()
        self._kind.addItem("one figure for each filter and picture", False)
        self._kind.addItem("sheets: filters down, pictures across", True)
        self._format.addItems(list(FORMATS))
        self._own_size = QCheckBox("the picture's own pixels")
        self._own_size.setChecked(True)
        self._width = QSpinBox(minimum=5, maximum=2000, value=170, suffix=" mm")
        self._dpi = QSpinBox(minimum=10, maximum=2400, value=300, suffix=" dpi")
        self._out = QLineEdit(str(workspace.figure.folder))
        browse = PlainButton("Choose …")
        browse.clicked.connect(self._browse)
        self._says = label("", "quiet", wrap=True)
        form = QFormLayout()
        form.setSpacing(SPACE)
        form.addRow("Filters", self._filters)
        form.addRow("", label("7 a layer, 7:8 a filter, 7:0-15 some, 5-7 layers, tag:hair, all", "quiet"))
        form.addRow("Pictures", self._pictures)
        form.addRow("As", self._kind)
        form.addRow("Format", self._format)
        form.addRow("Width", row(self._width, self._dpi, self._own_size, 1))
        form.addRow("Into the folder", row(self._out, browse))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._go = buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self._export)
        buttons.rejected.connect(self.reject)
        hint = label("Scale, colors, opacity and outline are those of the window.", "quiet")
        self.setLayout(column(form, hint, self._says, row(1, buttons), margin=2 * SPACE, gap=SPACE))
        for box in (self._pictures, self._kind, self._format):
            box.currentIndexChanged.connect(lambda index: self._count())
        self._filters.editTextChanged.connect(lambda text: self._count())
        self._own_size.toggled.connect(lambda on: self._count())
        self._count()

    def _count(self) -> None:
        """Say how much it is before it is begun."""
        own = self._own_size.isChecked() and not self._kind.currentData()
        self._own_size.setVisible(not self._kind.currentData())
        self._width.setEnabled(not own)
        try:
            filters, pictures = len(self._chosen()), len(self._pictures.currentData())
        except UserError as error:
            self._says.setText(str(error))
            self._go.setEnabled(False)
            return
        maps = f"{counted(filters, 'filter')} × {counted(pictures, 'picture')}"
        self._says.setText(f"{maps} = {counted(filters * pictures, 'map' if self._kind.currentData() else 'file')}")
        self._go.setEnabled(filters * pictures > 0)

    def _chosen(self) -> tuple[FilterKey, ...]:
        return self._workspace.exporting.filters_named(self._filters.currentText())

    def _browse(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Into which folder?", self._out.text())
        if name:
            self._out.setText(name)

    def _export(self) -> None:
        sheet: bool = self._kind.currentData()
        own = self._own_size.isChecked() and not sheet
        width = None if own else float(self._width.value())
        try:
            chosen = self._chosen()
            scale = self._workspace.exporting.kind_of_scale(chosen)
            order = Order(
                out=Path(self._out.text()).expanduser().absolute(),
                pictures=self._pictures.currentData(),
                filters=chosen,
                style=figure_style(
                    self._workspace.session.view.style, width, self._dpi.value(), sheet=sheet, scale=scale
                ),
                format=self._format.currentText(),
                sheet=sheet,
            )
            self._workspace.exporting.begin(order)
        except UserError as error:
            self._says.setText(str(error))
            return
        self.accept()


def ask(workspace: Workspace, problems: Problems, order: Order, size: "ExportSize", parent: QWidget) -> None:
    """Ask whether a large export is meant, and begin it then."""
    more = "It can be cancelled in the status bar, and goes on when you export into the folder again."
    run = partial(go_on, workspace, problems, order)
    offered(parent, "A large export", size.question(order.out), more, "Export all of it", run)


def go_on(workspace: Workspace, problems: Problems, order: Order) -> None:
    """Begin an export that is agreed on."""
    try:
        workspace.exporting.begin(order, agreed=True)
    except UserError as error:
        problems.show_error(error)


def offer(workspace: Workspace, problems: Problems, network: "Network") -> None:
    """Say that an earlier session did not finish its export, with a button that goes on."""
    order = workspace.exporting.unfinished(network)
    if order is not None:
        text = f"The export into {order.out} was not finished."
        problems.show_text(text, "Go on", lambda: go_on(workspace, problems, order), calm=True, until=[NETWORK])


def tell(problems: Problems, report: "ExportReport", out: Path) -> None:
    """Say what an export wrote, and offer to show it."""
    written, skipped = len(report.written), len(report.skipped)
    text = f"{report.written[0] if written == 1 else counted(written, 'figure')} written to {out}"
    if skipped:
        text += f", {skipped:,} were there already"
    if report.failed:
        text += f". {counted(len(report.failed), 'picture')} could not be read: {report.failed[0][1]}"
    url = QUrl.fromLocalFile(str(out))
    problems.show_text(text, "Show the folder", lambda: QDesktopServices.openUrl(url), calm=True, until=[NETWORK])
