"""The amber line that stands in the window as long as filters are muted."""

from PySide6.QtWidgets import QFrame

from explorer.state.muting import Muting
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.labels_and_layouts import label, row
from explorer.ui.widgets.plain_text import PlainButton, tip
from explorer.ui.widgets.theme import SPACE


class MutedLine(QFrame):
    """Says how many filters are muted, and restores them; gone while none is."""

    def __init__(self, muting: Muting) -> None:
        super().__init__()
        self._muting = muting
        self.setObjectName("muted")
        self.setAccessibleName("Muted filters")
        self._text = label("", "warning")
        self.restore = PlainButton("Restore")
        tip(self.restore, "all muted filters answer again")
        stands_for(self.restore, "Restore all muted filters")
        self.restore.clicked.connect(muting.restore)
        layout = row(self._text, 1, self.restore, gap=SPACE)
        layout.setContentsMargins(SPACE, SPACE // 4, SPACE // 2, SPACE // 4)
        self.setLayout(layout)
        muting.changed.connect(self._show)
        self._show()

    @property
    def text(self) -> str:
        """What is said, "" while nothing is muted."""
        return "" if self.isHidden() else self._text.text()

    def _show(self) -> None:
        sentence = self._muting.sentence
        self._text.setText(sentence)
        tip(self._text, f"Muted: {self._muting.listed}. The maps are those of the real network." if sentence else "")
        self.setVisible(bool(sentence))
