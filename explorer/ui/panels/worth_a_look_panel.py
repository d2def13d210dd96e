"""The list of what is worth a look: artifacts that go with a class and that the score follows, with their filters."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from explorer.core.counting import counted
from explorer.state.findings.worth_a_look import WorthALook
from explorer.state.pictures.chosen import ChosenPictures
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.theme import SPACE
from trainer.concepts.words import ARTIFACTS

if TYPE_CHECKING:
    from explorer.core.alarm import Finding
    from explorer.core.tags.book import FilterKey

MOST, A_LINE = 12, 3
"""Filters of a finding that are shown, and how many of them stand in a line."""


class WorthALookPanel(QWidget):
    """`picked(key)` when a person chooses a filter, `lists_asked(artifact)` when they correct a list, "" for any."""

    picked = Signal(object)
    lists_asked = Signal(str)

    def __init__(self, worth_a_look: WorthALook, chosen: ChosenPictures) -> None:
        super().__init__()
        self._found, self._chosen = worth_a_look, chosen
        self._said = label("", "quiet", wrap=True)
        self._lists = PlainTool("Lists …")
        self._lists.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip(self._lists, "Say which pictures have hair, a ruler ...: what you say wins over what is found.")
        self._lists.clicked.connect(lambda: self.lists_asked.emit(""))
        self._lines = QVBoxLayout()
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(2)
        self._all = PlainTool("All that was asked", checkable=True)
        self._all.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip(self._all, "The figures of every artifact and value, also of those that are not worth a look.")
        self._figures = label("", "quiet", wrap=True)
        self._all.toggled.connect(self._figures.setVisible)
        for part in (self._all, self._figures):
            part.hide()
        top = row(label("Worth a look", "title"), 1, self._lists)
        asked = row(self._all, 1)
        self.setLayout(column(top, self._lines, self._said, asked, self._figures, gap=SPACE // 2))
        self._shown: object = None
        worth_a_look.changed.connect(self._show)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._found.look(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._found.look(False)

    def _show(self) -> None:
        alarm, running = self._found.found, self._found.sentence
        sentences = [running] if running else []
        if alarm is not None and (alarm.findings or not running):  # that nothing stands out is not said too early
            # What was left out is told above, with the figures.
            head = alarm.sentence.replace(f" {alarm.left_out.sentence}", "")
            sentences.insert(0, " ".join([head, *alarm.notes]))
        self._said.setText("\n".join(sentences))
        if alarm is self._shown:
            return
        self._shown = alarm
        self._all.setVisible(alarm is not None)
        asked = sorted(alarm.asked, key=lambda one: one.q) if alarm is not None else []
        self._figures.setText("\n".join(one.line for one in asked))
        self._figures.setVisible(alarm is not None and self._all.isChecked())
        while (item := self._lines.takeAt(0)) is not None:
            if (part := item.widget()) is not None:
                part.deleteLater()
        for finding in alarm.findings if alarm is not None else ():
            self._lines.addWidget(self._entry(finding))

    def _entry(self, finding: "Finding") -> QWidget:
        opens = PlainTool(finding.title)
        opens.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # a narrow list stays narrow
        opens.setObjectName("flat")
        opens.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip(opens, f"{finding.words}\n\nA click lists its pictures, those of {finding.of_class} first.")
        opens.clicked.connect(partial(self._chosen.show, finding.phrase, finding.rests.all_with))
        numbers = label("\n".join([counted(len(finding.rests.all_with), "picture"), *finding.figures]), wrap=True)
        tip(numbers, finding.words)
        keys = [
            self._link(follower.key, f"follows with Spearman {follower.rho.value:+.2f}")
            for follower in finding.top[:MOST]
        ]
        lines = [row(*keys[start : start + A_LINE], 1, gap=4) for start in range(0, len(keys), A_LINE)]
        entry = QWidget()
        correct = [row(self._correction(finding.artifact), 1)] if finding.artifact in ARTIFACTS else []
        entry.setLayout(column(opens, numbers, *lines, *correct, gap=2))
        return entry

    def _correction(self, artifact: str) -> PlainTool:
        tool = PlainTool(f"Correct which have {artifact} …")
        tool.setObjectName("flat")
        tool.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tool.clicked.connect(lambda: self.lists_asked.emit(artifact))
        return tool

    def _link(self, key: "FilterKey", about: str) -> PlainTool:
        tool = PlainTool(str(key))
        tool.setObjectName("flat")
        tool.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip(tool, f"filter {key} {about}; a click looks at it")
        tool.clicked.connect(lambda: self.picked.emit(key))
        return tool
