"""The manual: the program's own pages, with their contents at the left; nothing is fetched from anywhere."""

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QDialog, QSplitter, QTreeWidget, QTreeWidgetItem, QWidget

from explorer.state.manual import ManualPage
from explorer.ui.widgets.labels_and_layouts import column, label
from explorer.ui.widgets.plain_text import own_page
from explorer.ui.widgets.screen_room import resize_on_screen
from explorer.ui.widgets.theme import SPACE


class Manual(QDialog):
    """Stays beside the window, which goes on being used."""

    def __init__(self, pages: list[ManualPage], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Manual")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        resize_on_screen(self, 940, 640)
        self._pages = pages
        self.page = own_page()
        self.page.setAccessibleName("A page of the manual")
        self.contents = QTreeWidget()
        self.contents.setHeaderHidden(True)
        self.contents.setAccessibleName("Contents of the manual")
        for page in pages:
            entry = QTreeWidgetItem([page.title])
            entry.addChildren([QTreeWidgetItem([title]) for title in page.sections])
            self.contents.addTopLevelItem(entry)
        self.contents.currentItemChanged.connect(lambda now, before: self._go(now) if now is not None else None)
        splitter = QSplitter()
        splitter.addWidget(self.contents)
        splitter.addWidget(self.page)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([260, 680])
        missing = label("The pages of the manual did not come with this installation.", "quiet")
        missing.setVisible(not pages)
        self.setLayout(column(missing, splitter, margin=SPACE))
        first = self.contents.topLevelItem(0)
        if first is not None:
            self.contents.setCurrentItem(first)

    def _go(self, entry: QTreeWidgetItem) -> None:
        """Show a page, or the section of it."""
        top = entry.parent() or entry
        url = QUrl.fromLocalFile(str(self._pages[self.contents.indexOfTopLevelItem(top)].path))
        if self.page.source() != url:
            self.page.setSource(url)
        self.page.moveCursor(QTextCursor.MoveOperation.Start)
        if entry is not top:
            self._find(entry.text(0))
        top.setExpanded(True)

    def _find(self, title: str) -> None:
        block = self.page.document().begin()
        while block.isValid() and not (block.blockFormat().headingLevel() and block.text() == title):
            block = block.next()
        if block.isValid():
            layout = self.page.document().documentLayout()
            self.page.verticalScrollBar().setValue(round(layout.blockBoundingRect(block).top()))
