"""One quiet line below all that is said of the filter: what was done last, the way to that filter, and back."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.state.tags.last_step import LastStep
from explorer.ui.widgets.labels_and_layouts import label, row
from explorer.ui.widgets.plain_text import PlainTool, tip


class LastStepLine(QWidget):
    """Keeps its place where it says nothing, unless it is told otherwise.

    `shown(key)` asks for the filter, `taken_back` for undo or redo.
    """

    shown = Signal(object)
    taken_back = Signal()

    def __init__(self, last: LastStep) -> None:
        super().__init__()
        self._last = last
        self.setAccessibleName("What was done last")
        self._text = label("", "quiet", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        self._text.setFixedHeight(2 * self._text.fontMetrics().lineSpacing())  # what is longer: under the mouse
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.show_it, self.back = PlainTool("Show"), PlainTool("Undo")
        self.show_it.clicked.connect(lambda: self.shown.emit(last.step.key) if last.step is not None else None)
        self.back.clicked.connect(self.taken_back)
        for part in (self._text, self.show_it, self.back):
            keeps = part.sizePolicy()
            keeps.setRetainSizeWhenHidden(True)
            part.setSizePolicy(keeps)
        for tool in (self.show_it, self.back):
            tool.setObjectName("link")
            tool.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip(self.show_it, "Go to this filter")
        layout = row(self._text, self.show_it, self.back, gap=0)
        layout.setStretch(0, 1)
        for tool in (self.show_it, self.back):
            layout.setAlignment(tool, Qt.AlignmentFlag.AlignTop)
        self.setLayout(layout)
        self._keeps_room = True
        last.changed.connect(self._show)
        self._say()

    def keep_room(self, keeps: bool) -> None:
        """Keep its place where it says nothing, or leave it to what stands above."""
        self._keeps_room = keeps
        self.setVisible(keeps or self._last.step is not None)

    @property
    def text(self) -> str:
        """What is said, "" where nothing is."""
        return self._last.text

    def _show(self) -> None:
        self._say()
        self.keep_room(self._keeps_room)

    def _say(self) -> None:
        step = self._last.step
        self._text.setText(self._last.text)
        tip(self._text, self._last.text)
        self.back.setText("Redo" if step is not None and step.undone else "Undo")
        tip(self.back, "Ctrl+Shift+Z" if step is not None and step.undone else "Ctrl+Z")
        for part in (self._text, self.show_it, self.back):
            part.setVisible(step is not None)
