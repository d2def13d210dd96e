"""How large the pictures of grids are."""

from PySide6.QtCore import Qt

from explorer.state.settings_file import Settings
from explorer.ui.widgets.overlay_grid import OverlayGrid
from explorer.ui.widgets.plain_text import tip
from explorer.ui.widgets.steady import Slider

SMALLEST, USUAL, LARGEST = 56, 88, 224
NAME = "window/thumbnails"


class ThumbnailSize(Slider):
    """A slider that sets the side of the cells of grids, in pixels, and remembers it."""

    def __init__(self, settings: Settings, *grids: OverlayGrid) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._settings, self._grids = settings, grids
        self.setRange(SMALLEST, LARGEST)
        self.setFixedWidth(80)
        self.setAccessibleName("Size of the thumbnails")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip(self, "size of the thumbnails")
        text = settings.text(NAME)
        self.setValue(int(text) if text.isdecimal() and len(text) < 5 else USUAL)
        self._show(self.value())
        self.valueChanged.connect(self._show)

    def _show(self, side: int) -> None:
        for grid in self._grids:
            grid.set_cell(side)
        self._settings.set_text(NAME, str(side))
