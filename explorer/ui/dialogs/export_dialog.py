"""Chooses what to export and how; the work runs in the background, with progress in the status bar."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QWidget,
)

from explorer.core.counting import counted
from explorer.core.drawing.styles import FORMATS
from explorer.core.errors import UserError
from explorer.core.tags.book import FilterKey
from explorer.state.export.cards import card_order, offers_cards
from explorer.state.export.comparison import comparison_order
from explorer.state.export.exporting import Order, figure_style
from explorer.state.export.lens import colors_exported, exported_lens, lens_order
from explorer.state.export.lens_comparison import lens_comparison_order
from explorer.state.export_choices import (
    chosen_again,
    filter_choices,
    kept_words,
    last_choices,
    picture_choices,
    remember_choices,
)
from explorer.state.figures.in_view import FOLDER
from explorer.state.workspace import Workspace
from explorer.ui.widgets.fields import Suggestions
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import PlainButton, tip
from explorer.ui.widgets.steady import Choice, Number
from explorer.ui.widgets.tall_enough import TallEnough
from explorer.ui.widgets.theme import SPACE

WRITTEN = "those written below"
LENS, BOTH, LENS_OF_BOTH, CARDS, CONTACT = "lens", "both", "lens of both", "cards", "contact sheets"
"""Kinds of export: what the lens over the picture shows, two networks, and what the index chooses of each filter; the
others are whether sheets are made."""
KINDS = {"figures": False, "sheets": True} | {kind: kind for kind in (BOTH, LENS, LENS_OF_BOTH, CARDS, CONTACT)}
"""All of them by the names under which they are remembered: which are offered, and where, is not always the same."""

OF_WINDOW = "Scale, with its numbers, colors, opacity and outline are those of the window."
OF_CARDS = "Pictures and scale are those of the folder's index; colors, opacity and outline are those of the window."


class ExportDialog(TallEnough):
    """Figures of chosen filters on chosen pictures, in the style that is on show."""

    def __init__(
        self,
        workspace: Workspace,
        pictures_found: tuple[Path, ...],
        parent: QWidget,
        filters: str = "",
        *,
        of_picture: bool = False,
    ) -> None:
        """Begins with the selectors `filters`, or with the selected filters, else with what was chosen the last time;
        with the picture in view where it is asked for that (`of_picture`)."""
        super().__init__(parent)
        self.setWindowTitle("Export figures")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self._workspace = workspace
        choices = filter_choices(workspace)
        self._which = Choice()
        self._which.setAccessibleName("Which filters, in words")
        for words, keys in choices:
            self._which.addItem(words, keys)
        self._which.addItem(WRITTEN, "")
        self._filters = Suggestions([keys for _, keys in choices])
        self._filters.setEditText(filters or chosen_again(workspace))
        self._filters.setAccessibleName("Filters to export, by their keys")
        self._which.activated.connect(lambda index: self._which_chosen())
        self._pictures = Choice()
        for title, chosen in picture_choices(workspace, pictures_found):
            self._pictures.addItem(title, chosen)
        self._kind, self._format = Choice(), Choice()
        self._kind.addItem("one figure for each filter and picture", False)
        self._kind.addItem("sheets: filters down, pictures across", True)
        if offers_cards(workspace.evidence, workspace.library):
            self._kind.addItem("one card for each filter: what the index says, and its pictures", CARDS)
            self._kind.addItem("one contact sheet for each filter: its strongest and contrast pictures", CONTACT)
        if workspace.sides.second is not None:
            self._kind.addItem("one figure for each filter and picture: A, B and B − A", BOTH)
        through = exported_lens(workspace.lens)
        if through:
            self._kind.addItem(f"one figure for each picture: {through}", LENS)
            if (
                workspace.sides.second is not None
                and workspace.lens.lens is not None
                and workspace.lens.lens.of_picture
            ):
                self._kind.addItem(f"one figure for each picture: {through}: A, B and B − A", LENS_OF_BOTH)
        self._format.addItems(list(FORMATS))
        self._own_size = QCheckBox("the picture's own pixels")
        self._own_size.setChecked(True)
        self._width = Number(minimum=5, maximum=2000, value=170, suffix=" mm")
        self._dpi = Number(minimum=10, maximum=2400, value=300, suffix=" dpi")
        self._out = QLineEdit(str(workspace.figure.folder))
        browse = PlainButton("Choose …")
        browse.clicked.connect(self._browse)
        self._caption = QCheckBox("a color bar and a caption")
        tip(self._caption, "filter, picture, prediction, tags and scale below each figure, which is 100 mm wide then")
        self._says = label("", "quiet", wrap=True)
        form = QFormLayout()
        form.setSpacing(SPACE)
        form.addRow("Filters", self._which)
        form.addRow("by their keys", self._filters)
        form.addRow("", label("7 a layer, 7:8 a filter, 7:0-15 some, 5-7 layers, tag:hair, all", "quiet"))
        form.addRow("Pictures", self._pictures)
        form.addRow("As", self._kind)
        form.addRow("Format", self._format)
        form.addRow("Width", row(self._width, self._dpi, self._own_size, 1))
        form.addRow("With", self._caption)
        form.addRow("Into the folder", row(self._out, browse))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._go = buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self._export)
        buttons.rejected.connect(self.reject)
        self._hint = label("", "quiet")
        self._take_last()
        if of_picture:
            self._pictures.setCurrentIndex(0)
        if through:
            self._kind.setCurrentIndex(self._kind.findData(LENS))
        self.setLayout(column(form, self._hint, self._says, row(1, buttons), margin=2 * SPACE, gap=SPACE))
        for box in (self._pictures, self._kind, self._format):
            box.currentIndexChanged.connect(lambda index: self._count())
        self._filters.editTextChanged.connect(lambda text: self._count())
        for switch in (self._own_size, self._caption):
            switch.toggled.connect(lambda on: self._count())
        self._count()

    def _which_chosen(self) -> None:
        """Write the keys of what was chosen in words; or let a person write them."""
        keys = self._which.currentData()
        if keys:
            self._filters.setEditText(keys)
        else:
            self._filters.setFocus()
            self._filters.line.selectAll()

    def _take_last(self) -> None:
        """Choose what was chosen the last time, as far as it still can be."""
        last = last_choices(self._workspace.settings)
        position, kind = last.get("pictures"), last.get("kind")
        if isinstance(position, int) and 0 <= position < self._pictures.count():
            self._pictures.setCurrentIndex(position)
        if isinstance(kind, str) and kind in KINDS:
            self._kind.setCurrentIndex(max(0, self._kind.findData(KINDS[kind])))
        self._format.setCurrentIndex(max(0, self._format.findText(str(last.get("format", "")))))
        for switch, name in ((self._own_size, "own size"), (self._caption, "caption")):
            if isinstance(last.get(name), bool):
                switch.setChecked(last[name])
        for number, name in ((self._width, "width"), (self._dpi, "dpi")):
            if isinstance(last.get(name), int):
                number.setValue(last[name])

    @property
    def typed(self) -> str:
        """The selectors that a person typed, "" where the filters were chosen in words."""
        return "" if self._which.currentData() else self._filters.currentText().strip()

    def done(self, result: int) -> None:
        """Also who leaves finds the choices again."""
        chosen = {
            "filters": kept_words(self._filters.currentText().strip(), self._workspace.session.view.layer),
            "pictures": self._pictures.currentIndex(),
            "kind": next(name for name, kind in KINDS.items() if kind == self._kind.currentData()),
            "format": self._format.currentText(),
            "own size": self._own_size.isChecked(),
            "caption": self._caption.isChecked(),
            "width": self._width.value(),
            "dpi": self._dpi.value(),
        }
        remember_choices(self._workspace.settings, chosen)
        super().done(result)

    def _count(self) -> None:
        """Say how much it is before it is begun."""
        through, single = self._lens, self._kind.currentData() is False
        self._hint.setText(colors_exported(self._workspace.lens) if through else OF_WINDOW)
        self._own_size.setVisible(single and not self._caption.isChecked())
        self._caption.setEnabled(single)
        for box in (self._which, self._filters):
            box.setEnabled(not through)
        self._pictures.setEnabled(not self._cards)
        self._width.setEnabled(not self._own)
        if through:
            count = len(self._pictures.currentData())
            lens = self._workspace.lens.lens
            of_each = lens is None or lens.of_picture
            self._says.setText(
                f"{counted(count, 'picture')} = {counted(count, 'file')}" if of_each else "1 file: it is of no picture"
            )
            self._go.setEnabled(count > 0)
            return
        index = self._which.findData(self._filters.currentText().strip())
        self._which.setCurrentIndex(index if index >= 0 else self._which.count() - 1)
        try:
            filters, pictures = len(self._chosen()), len(self._pictures.currentData())
        except UserError as error:
            self._says.setText(str(error))
            self._go.setEnabled(False)
            return
        if self._cards:
            self._hint.setText(OF_CARDS)
            self._says.setText(f"{counted(filters, 'filter')} = {counted(filters, 'file')}")
            self._go.setEnabled(filters > 0)
            return
        maps = f"{counted(filters, 'filter')} × {counted(pictures, 'picture')}"
        self._says.setText(
            f"{maps} = {counted(filters * pictures, 'map' if self._kind.currentData() is True else 'file')}"
        )
        self._go.setEnabled(filters * pictures > 0)

    @property
    def _own(self) -> bool:
        """Whether figures keep the picture's own pixels."""
        return self._own_size.isChecked() and not self._kind.currentData() and not self._caption.isChecked()

    @property
    def _cards(self) -> bool:
        """Whether the index chooses the pictures of each filter."""
        return self._kind.currentData() in (CARDS, CONTACT)

    @property
    def _lens(self) -> bool:
        """Whether what the lens shows is exported."""
        return self._kind.currentData() in (LENS, LENS_OF_BOTH)

    def _chosen(self) -> tuple[FilterKey, ...]:
        return self._workspace.exporting.filters_named(self._filters.currentText())

    def _browse(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Into which folder?", self._out.text())
        if name:
            self._out.setText(name)

    def _export(self) -> None:
        sheet, both = self._kind.currentData() is True, self._kind.currentData() == BOTH
        width = None if self._own else float(self._width.value())
        try:
            if self._lens:
                self._export_lens()
                return
            chosen = self._chosen()
            scale = self._workspace.exporting.kind_of_scale(chosen)
            style = figure_style(
                self._workspace.session.view.style,
                width,
                self._dpi.value(),
                sheet=sheet or both or self._cards,
                scale=scale,
                caption=self._caption.isChecked(),
            )
            out, pictures = Path(self._out.text()).expanduser().absolute(), self._pictures.currentData()
            exporting, format = self._workspace.exporting, self._format.currentText()
            if self._cards:
                workspace, sheets = self._workspace, self._kind.currentData() == CONTACT
                of_folder, tags = (workspace.evidence, workspace.library), workspace.tagging.book.copy()
                style = replace(style, scale="folder", fixed=None)
                exporting.begin_figures(card_order(*of_folder, out, chosen, tags, style, format, sheets=sheets))
            elif both:
                scales, sides = exporting.scales_in_window(chosen, scale), self._workspace.sides
                values = {"out": out, "pictures": pictures, "style": style, "format": format}
                exporting.begin_figures(comparison_order(sides, chosen, scales, **values))
            else:
                exporting.begin(Order(out, pictures, chosen, style, format, sheet))
            self._workspace.settings.set_text(FOLDER, str(out))
        except UserError as error:
            self._says.setText(str(error))
            return
        self.accept()

    def _export_lens(self) -> None:
        workspace, out = self._workspace, Path(self._out.text()).expanduser().absolute()
        pictures, format = self._pictures.currentData(), self._format.currentText()
        width, dpi = float(self._width.value()), self._dpi.value()
        if self._kind.currentData() == LENS_OF_BOTH:
            style = figure_style(workspace.session.view.style, width, dpi, sheet=True)
            values = {"out": out, "pictures": pictures, "style": style, "format": format}
            workspace.exporting.begin_figures(lens_comparison_order(workspace.lens, workspace.sides, **values))
        else:
            order = lens_order(workspace.lens, out, pictures, format, width, dpi)
            workspace.exporting.begin_figures(order)
        self._workspace.settings.set_text(FOLDER, str(out))
        self.accept()
