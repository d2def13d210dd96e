"""The amber line that stands in the window as long as filters are muted."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame

from explorer.state.muting import Muting
from explorer.state.settings import MUTE_WITH
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.elided_label import ElidedLabel
from explorer.ui.widgets.labels_and_layouts import row
from explorer.ui.widgets.plain_text import PlainButton, tip
from explorer.ui.widgets.steady import Choice
from explorer.ui.widgets.theme import SPACE


class MutedLine(QFrame):
    """Says how many filters are muted and with what, and restores them; gone while none is."""

    def __init__(self, muting: Muting) -> None:
        super().__init__()
        self._muting = muting
        self.setObjectName("muted")
        self.setAccessibleName("Muted filters")
        self._text = ElidedLabel("", "warning")
        self.fill, self._remark = Choice(), ElidedLabel("", "quiet")
        self.fill.setAccessibleName("What stands for the maps of muted filters")
        self.fill.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip(self.fill, "what stands for the maps of muted filters; the manual's page on muting says what each answers")
        for key, title in MUTE_WITH.choices.items():
            self.fill.addItem(title, key)
        self.fill.activated.connect(lambda index: muting.mute_with(self.fill.currentData()))
        self.restore = PlainButton("Restore")
        tip(self.restore, "all muted filters answer again")
        stands_for(self.restore, "Restore all muted filters")
        self.restore.clicked.connect(muting.restore)
        layout = row(self._text, self.fill, self._remark, self.restore, gap=SPACE // 2)
        layout.setContentsMargins(SPACE, SPACE // 4, SPACE // 2, SPACE // 4)
        self.setLayout(layout)
        layout.setStretchFactor(self._text, 1)
        layout.setStretchFactor(self._remark, 1)
        muting.changed.connect(self._show)
        self._show()

    @property
    def text(self) -> str:
        """What is said, "" while nothing is muted."""
        return "" if self.isHidden() else self._text.text()

    def _show(self) -> None:
        sentences, sentence = self._muting.sentences, self._muting.sentence
        self._text.set_texts(*sentences or ("",))
        self._text.setMinimumWidth(self.fontMetrics().horizontalAdvance(sentences[-1]) + 2 if sentences else 0)
        tip(self._text, f"Muted: {self._muting.listed}. The maps are those of the real network." if sentence else "")
        self.fill.setCurrentIndex(self.fill.findData(self._muting.fill))
        self._remark.setText(self._muting.remark)
        self._remark.setVisible(bool(self._muting.remark))
        self.setVisible(bool(sentence))
