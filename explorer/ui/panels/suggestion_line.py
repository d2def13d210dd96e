"""One quiet line above the tags: what is suggested for the filter in view, why, and the way to more suggestions."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.core.tags.vocabulary import Vocabulary
from explorer.state.suggestions.suggesting import Suggesting
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import PlainTool, tip

ASK, STOP = "Suggest tags", "Stop"
NOTHING = "Suggested: nothing clear · E says why"
WHAT = (
    "Compare what every filter answers with what is to be seen in the folder's pictures, and suggest tags with reasons."
)
USUAL = 5
"""Lines of what is suggested with its reason and the keys."""


class SuggestionLine(QWidget):
    """Hidden where there is nothing to say; the reason stands in its tip and below it.

    Where it keeps its room (`keep_room`) it is as high for every filter, so that nothing below it moves.
    """

    def __init__(self, suggesting: Suggesting, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._suggesting, self._vocabulary = suggesting, vocabulary
        self._keeps_room, self._highest = False, 0
        self._text = label("", "", wrap=True)
        self._reason = label("", "quiet", wrap=True)
        self._keys = label("Enter accepts · Backspace rejects", "quiet")
        for part in (self._text, self._reason, self._keys):  # the panel keeps its width, whatever is suggested
            part.setSizePolicy(QSizePolicy.Policy.Ignored, part.sizePolicy().verticalPolicy())
        self._running = label("", "quiet", wrap=True)
        self._running.setSizePolicy(QSizePolicy.Policy.Ignored, self._running.sizePolicy().verticalPolicy())
        self._tool = PlainTool(ASK)
        self._tool.setObjectName("flat")
        self._tool.clicked.connect(self._clicked)
        self._free = QWidget()  # what is to be pressed stands at the left, or after what is said
        making = row(self._running, self._tool, self._free, gap=4)
        for position in (0, 2):
            making.setStretch(position, 1)
        self._lines = column(self._text, self._reason, self._keys, making, 1, gap=2)
        self.setLayout(self._lines)
        suggesting.changed.connect(self._show)
        self._show()

    @property
    def texts(self) -> str:
        """All that is said, a line each."""
        parts = (self._text, self._reason, self._keys, self._running, self._tool)
        return "\n".join(part.text() for part in parts if not part.isHidden())

    @property
    def says_something(self) -> bool:
        """Whether there is more than the way to suggestions."""
        return not (self._text.isHidden() and self._reason.isHidden())

    def keep_room(self, keeps: bool) -> None:
        """Be as high for every filter once suggestions are made, or only as high as the text in view."""
        self._keeps_room = keeps
        self._take_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._highest = 0
            self._take_room()

    def _take_room(self) -> None:
        if not (self._keeps_room and self._suggesting.made):
            self._highest = 0
        else:
            usual = USUAL * (self.fontMetrics().lineSpacing() + 2)
            self._highest = max(self._highest, usual, self._lines.totalHeightForWidth(self.width()))
        self.setMinimumHeight(self._highest)

    def _show(self) -> None:
        suggesting = self._suggesting
        nothing, offered = suggesting.nothing_clear, suggesting.offered
        self._text.setVisible(offered is not None)
        self._keys.setVisible(offered is not None)
        self._reason.setVisible(offered is not None or nothing is not None)
        if offered is not None:
            title = self._vocabulary.entry(offered.tag).title
            words = f"{title}, {offered.detail}" if offered.detail else title
            times = f" · {offered.times:.1f} x" if 1 < offered.times < 1000 else ""
            self._text.setText(f"Suggested: {words}{times}")
            others = f"\nAlso: {'; '.join(offered.runners_up)}" if offered.runners_up else ""
            self._reason.setText(offered.reason)
            for part in (self._text, self._reason):
                tip(part, f"{offered.reason}{others}")
        elif suggesting.rejected is not None:
            self._reason.setVisible(True)
            self._reason.setText(f"Rejected: {suggesting.rejected.words} · Backspace takes it back")
            tip(self._reason, suggesting.rejected.reason)
        elif nothing is not None:
            self._reason.setText(NOTHING)  # a line above what a person works with: the reason stands in Why
            tip(self._reason, f"{nothing.reason}. {suggesting.outcome}")
        self._tool.setVisible(suggesting.running or (suggesting.possible and not suggesting.made))
        self._running.setVisible(suggesting.running)
        self._free.setVisible(not suggesting.running)
        self._running.setText(f"suggesting: {suggesting.progress}" if suggesting.running else "")
        self._tool.setText(STOP if suggesting.running else ASK)
        self._tool.setAccessibleName("Stop suggesting tags" if suggesting.running else ASK)
        tip(self._tool, WHAT)
        said = any(not part.isHidden() for part in (self._text, self._reason, self._tool))
        self.setVisible(said or (self._keeps_room and suggesting.made))
        self._take_room()

    def _clicked(self) -> None:
        (self._suggesting.cancel if self._suggesting.running else self._suggesting.begin)()
