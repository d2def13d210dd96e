"""The amber line that stands in the window as long as filters are muted."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame

from explorer.state.settings import MUTE_WITH
from explorer.state.view.muting import Muting
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.elided_label import ElidedLabel
from explorer.ui.widgets.labels_and_layouts import column, row
from explorer.ui.widgets.plain_text import PlainButton, tip
from explorer.ui.widgets.steady import Choice
from explorer.ui.widgets.theme import SPACE


class MutedLine(QFrame):
    """Says how many filters are muted and with what, and restores them; gone while none is, in the file either."""

    def __init__(self, muting: Muting) -> None:
        super().__init__()
        self._muting = muting
        self.setObjectName("muted")
        self.setAccessibleName("Muted filters")
        self._in_file, self._text = ElidedLabel("", "warning"), ElidedLabel("", "warning")
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
        here = row(self._text, self.fill, self._remark, self.restore, gap=SPACE // 2)
        here.setStretchFactor(self._text, 1)
        here.setStretchFactor(self._remark, 1)
        layout = column(self._in_file, here, gap=SPACE // 4)
        layout.setContentsMargins(SPACE, SPACE // 4, SPACE // 2, SPACE // 4)
        self.setLayout(layout)
        muting.changed.connect(self._show)
        self._show()

    @property
    def text(self) -> str:
        """What is said, "" while nothing is muted."""
        said = (label.text() for label in (self._in_file, self._text) if not label.isHidden())
        return "" if self.isHidden() else " ".join(said)

    def _show(self) -> None:
        sentences, sentence = self._muting.sentences, self._muting.sentence
        in_file = self._muting.in_file
        for label, texts in ((self._in_file, in_file), (self._text, sentences)):
            label.set_texts(*texts or ("",))
            label.setMinimumWidth(self.fontMetrics().horizontalAdvance(texts[-1]) + 2 if texts else 0)
            label.setVisible(bool(texts))
        tip(self._text, f"Muted: {self._muting.listed}. The maps are those of the real network." if sentence else "")
        for part in (self.fill, self.restore):  # what a file holds is not restored here
            part.setVisible(bool(sentence))
        self.fill.setCurrentIndex(self.fill.findData(self._muting.fill))
        self._remark.setText(self._muting.remark)
        self._remark.setVisible(bool(sentence and self._muting.remark))
        self.setVisible(bool(sentences or in_file))
