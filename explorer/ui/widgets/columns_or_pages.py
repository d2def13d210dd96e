"""Parts that stand beside each other where there is room for all, and else come on pages of one or some of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QWidget

from explorer.ui.widgets.labels_and_layouts import row
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.theme import SPACE


@dataclass(frozen=True)
class Page:
    """What is seen together: the numbers of its parts, with a title and a sentence about them."""

    title: str
    about: str
    parts: tuple[int, ...]


class ColumnsOrPages(QWidget):
    """Each part has its share of the width.

    `pages` says from which width in pixels on which pages there are, the smallest width (0) last; above all of them
    everything stands side by side. `switch` holds a button for each page, to be put where it belongs and shown while
    `narrow`; `narrowed(bool)` when that changes.
    """

    narrowed = Signal(bool)

    def __init__(
        self, parts: Sequence[tuple[QWidget, int]], room: int, pages: Sequence[tuple[int, Sequence[Page]]]
    ) -> None:
        super().__init__()
        self._parts, self._room, self._pages = [part for part, _ in parts], room, pages
        self._shown: Sequence[Page] = ()
        line = row(*self._parts, gap=SPACE)
        for position, (_, share) in enumerate(parts):
            line.setStretch(position, share)
        self.setLayout(line)
        self.switch, self._chosen = QWidget(), QButtonGroup(self)
        self._buttons: dict[Page, PlainTool] = {}
        for page in sorted({page for _, pages in pages for page in pages}, key=lambda page: page.parts):
            button = self._buttons[page] = PlainTool(page.title, checkable=True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            tip(button, page.about)
            self._chosen.addButton(button)
            button.hide()
        self._chosen.buttonClicked.connect(lambda button: self._arrange())
        self.switch.setLayout(row(*self._buttons.values(), gap=SPACE // 2))
        self.switch.hide()

    @property
    def narrow(self) -> bool:
        """Whether there are pages."""
        return bool(self._shown)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 0)  # what does not fit becomes pages, and holds no window open

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = event.size().width()
        wanted: Sequence[Page] = ()
        if width < self._room:
            wanted = next((pages for least, pages in self._pages if width >= least), ())
        if wanted is self._shown:
            return
        seen = self._seen
        self._shown = wanted
        for page, button in self._buttons.items():
            button.setVisible(page in wanted)
        if wanted and self._page not in wanted:  # what was looked at stays in sight
            self._buttons[next((page for page in wanted if seen in page.parts), wanted[0])].setChecked(True)
        self._arrange()
        self.narrowed.emit(self.narrow)

    @property
    def _page(self) -> Page | None:
        return next((page for page, button in self._buttons.items() if button.isChecked()), None)

    @property
    def _seen(self) -> int:
        """The first part of the page that is looked at."""
        return self._page.parts[0] if self._page is not None else 0

    def _arrange(self) -> None:
        page = self._page
        for position, part in enumerate(self._parts):
            part.setVisible(not self.narrow or page is None or position in page.parts)
