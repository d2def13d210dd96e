"""What a recipe shows a network of the picture in view while it trains, beside the picture as it is tested."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QDialog, QWidget

from explorer.core.errors import UserError
from explorer.state.what_if.recipe_preview import RECIPES, RecipePreview
from explorer.ui.widgets.labels_and_layouts import column, label, row, scrolled
from explorer.ui.widgets.plain_text import PlainButton, PlainLabel, tip
from explorer.ui.widgets.screen_room import resize_on_screen
from explorer.ui.widgets.steady import Choice, Number
from explorer.ui.widgets.theme import SPACE

LARGEST_SEED = 999_999
DRAWN = "Framed: the picture as the network is tested on it. Beside it: nine draws, as it sees them in training."
WIDTH = 980
"""The widest sheet, in pixels."""


class PreviewDialog(QDialog):
    """A window of its own that follows the picture in view; `where(name, kinds)` asks for a file."""

    def __init__(
        self, preview: RecipePreview, where: Callable[[str, str], Path | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("What a recipe shows of the picture")
        self._preview, self._where = preview, where
        self.recipes, self.seed = Choice(), Number(minimum=0, maximum=LARGEST_SEED)
        self.recipes.addItems(RECIPES)
        self.recipes.setAccessibleName("Recipe")
        self.seed.setAccessibleName("Seed")
        self.seed.setKeyboardTracking(False)
        tip(self.seed, "which changes are drawn by chance; the same seed draws the same")
        self._title, self._said = label("", "title"), label("", "quiet", wrap=True)
        self.sheet = PlainLabel()
        body = QWidget()
        body.setLayout(column(self.sheet, 1))
        area = scrolled(body)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.save = PlainButton("Save …")
        tip(self.save, "the sheet as a picture (PNG)")
        self.save.clicked.connect(self._save)
        choices = row(label("Recipe"), self.recipes, label("Seed"), self.seed, 1, gap=SPACE)
        self.setLayout(column(self._title, choices, self._said, area, row(1, self.save), margin=2 * SPACE, gap=SPACE))
        self.layout().setStretch(3, 1)  # type: ignore[union-attr]
        resize_on_screen(self, WIDTH + 60, 600)
        self.recipes.activated.connect(lambda index: self._ask())
        self.seed.valueChanged.connect(lambda seed: self._ask())
        preview.changed.connect(self._show)
        self._ask()

    def done(self, result: int) -> None:
        """However it is closed, nothing more is drawn for it."""
        self._preview.leave()
        super().done(result)

    def _ask(self) -> None:
        self._preview.ask(self.recipes.currentText(), self.seed.value())

    def _show(self) -> None:
        preview = self._preview
        self._title.setText(preview.picture.name if preview.picture is not None else "")
        self.save.setEnabled(bool(preview.content))
        self.sheet.setPixmap(QPixmap())
        if preview.content:
            pixmap = QPixmap()
            pixmap.loadFromData(preview.content)
            smooth = Qt.TransformationMode.SmoothTransformation
            self.sheet.setPixmap(pixmap.scaledToWidth(WIDTH, smooth) if pixmap.width() > WIDTH else pixmap)
        self._said.setText(preview.trouble or (DRAWN if preview.content else "Drawing …"))

    def _save(self) -> None:
        path = self._where(self._preview.proposed_name, "Pictures (*.png)")
        if path is None:
            return
        try:
            self._preview.export(path)
            self._said.setText(f"Written: {path}")
        except UserError as error:
            self._said.setText(str(error))
