"""A dialog that never gets too low for its sentences."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDialog


class TallEnough(QDialog):
    """Its least height follows its width, at which sentences take more or fewer lines; Qt asks for that only once."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        layout = self.layout()
        if layout is not None and layout.hasHeightForWidth():
            self.setMinimumHeight(layout.totalHeightForWidth(self.width()))
