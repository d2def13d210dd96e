"""How far the predictions agree with the given classes: curves, confusion, and the pictures behind each number."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QStackedLayout, QStackedWidget, QVBoxLayout, QWidget

from explorer.core.counting import counted
from explorer.state.findings.evaluating import Evaluating
from explorer.state.pictures.chosen import ChosenPictures
from explorer.ui.panels.curves_panel import CurvesPanel
from explorer.ui.widgets.columns_or_pages import ColumnsOrPages, Page
from explorer.ui.widgets.confusion_table import ConfusionTable
from explorer.ui.widgets.labels_and_layouts import column, label, row, scrolled
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.wrapping_row import WrappingRow
from trainer.measures.percent import percent
from trainer.measures.spoken import spoken

if TYPE_CHECKING:
    from explorer.core.evaluation import Evaluation

MOST_PAIRS, MOST_CLASSES = 12, 60
ROOM = 784
"""Pixels of width from which on all stands beside each other."""
ROOM_FOR_FIGURES = 560
"""Pixels of width from which on a curve and the table stand beside each other."""
BESIDE_SENTENCE = 640
"""Pixels of width from which on the button stands behind the sentence that it is about."""
WORTH_A_LOOK = Page("Worth a look", "artifacts that go with the score, and all figures in words", (2,))
CURVE = "the curve of every threshold, with what a threshold is worth"
TABLE = "given and predicted classes; a click on a cell lists its pictures"
PAGES = (
    (ROOM_FOR_FIGURES, (Page("Figures", f"{CURVE}; and the table of {TABLE}", (0, 1)), WORTH_A_LOOK)),
    (0, (Page("Curve", CURVE, (0,)), Page("Table", TABLE, (1,)), WORTH_A_LOOK)),
)


class FindingsPanel(QWidget):
    """`words_asked` when a person wants to see the words, `readers_asked` to put readers beside the network, and
    `taxonomy_asked` to add the classes up.

    `worth_a_look` stands above the figures, and is part of it; `lists` stands in the place of all while `show_lists`.
    """

    words_asked = Signal()
    readers_asked = Signal()
    lenses_asked = Signal(str, str, object)
    """A given class, the one that is predicted, and the names of the pictures, which a person wants to see through
    lenses."""
    taxonomy_asked = Signal()

    def __init__(self, evaluating: Evaluating, chosen: ChosenPictures, worth_a_look: QWidget, lists: QWidget) -> None:
        super().__init__()
        self._evaluating, self._chosen, self._worth_a_look = evaluating, chosen, worth_a_look
        self._nothing = label("", "quiet", wrap=True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._left_out = label("", "quiet", wrap=True)
        self._left_out.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._trained = PlainTool("with training pictures", checkable=True)
        tip(
            self._trained,
            "Count the pictures that the network was trained on as well, on cards and in the order by class too: it "
            "knows their answers.",
        )
        self._trained.clicked.connect(evaluating.count_trained_on)
        self._words, self._readers = PlainTool("Words …"), PlainTool("Readers …")
        self._taxonomy = PlainTool("Taxonomy …")
        tip(self._words, "Which class of the network each given word means.")
        tip(self._readers, "Put the readers of a CSV (name, sensitivity, specificity) beside the ROC curve.")
        tip(self._taxonomy, 'Add the classes up along a tree, a TOML file of lines such as malignant = ["mel", "bcc"].')
        self._taxonomy.clicked.connect(self.taxonomy_asked)
        self._words.clicked.connect(self.words_asked)
        self._readers.clicked.connect(self.readers_asked)
        for button in (self._trained, self._words, self._readers, self._taxonomy):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.curves = CurvesPanel()
        self.curves.moved.connect(lambda threshold: self._show_counts())
        self.confusion = ConfusionTable()
        self.confusion.picked.connect(self._open_cell)
        self._figures = QVBoxLayout()
        self._figures.setContentsMargins(0, 0, 0, 0)
        self._figures.setSpacing(2)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(self._parts())
        self._findings = QWidget()
        self._asks = QWidget()
        self._buttons = WrappingRow(self._words, self._readers, self._taxonomy, self._trained)
        self._asks.setLayout(self._buttons)
        self._top = top = row(self._switch, self._left_out, self._asks)
        top.setStretch(1, 1)
        self._findings.setLayout(column(top, self._stack, gap=SPACE))
        self._pages = QStackedLayout(self)
        for page in (self._findings, lists):
            self._pages.addWidget(page)
        evaluating.changed.connect(self._show)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._evaluating.look(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._evaluating.look(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_trained()

    def show_lists(self, shown: bool) -> None:
        """Show the lists of artifacts, or the findings."""
        self._pages.setCurrentIndex(int(shown))

    def _parts(self) -> QWidget:
        words = QWidget()
        self._lines = lines = column(self._worth_a_look, self._figures, 1)
        lines.setContentsMargins(0, 0, SPACE, 0)  # words do not run under the scroll bar
        words.setLayout(lines)
        self._heading = label("given (rows), predicted (columns)", "quiet", wrap=True)
        table, beside = QWidget(), scrolled(words)
        table.setLayout(column(self._heading, self.confusion, gap=SPACE // 2))
        beside.setMinimumWidth(276)
        table.setMinimumWidth(160)
        parts = ColumnsOrPages(((self.curves, 4), (table, 3), (beside, 3)), ROOM, PAGES)
        parts.narrowed.connect(lambda narrow: self._show_switch())
        self._columns, self._switch = parts, parts.switch
        return parts

    def _show_switch(self) -> None:
        """In the place of what can be asked, which stands with the other words then."""
        wanted = self._columns.narrow and self._evaluating.found is not None
        if wanted == self._switch.isHidden():
            for layout in (self._top, self._lines):
                layout.removeWidget(self._asks)
            self._lines.insertWidget(1, self._asks) if wanted else self._top.addWidget(self._asks)
        self._switch.setVisible(wanted)

    def _place_trained(self) -> None:
        """Behind the sentence that says how many are left out, where both have room; else with the other buttons."""
        wanted = self.width() >= BESIDE_SENTENCE
        if wanted == (self._buttons.indexOf(self._trained) < 0):
            return
        self._buttons.removeWidget(self._trained)
        self._top.removeWidget(self._trained)
        if wanted:
            self._top.insertWidget(2, self._trained)
        else:
            self._buttons.addWidget(self._trained)

    def _show(self) -> None:
        evaluation = self._evaluating.found
        self._trained.setChecked(self._evaluating.with_trained_on)
        self._nothing.setText(self._evaluating.sentence)
        self._stack.setCurrentIndex(0 if evaluation is None else 1)
        self._left_out.setText(evaluation.left_out.sentence if evaluation is not None else "")
        self._show_switch()
        for button in (self._readers, self._taxonomy):
            button.setEnabled(evaluation is not None)
        self._trained.setVisible(self._evaluating.of_training > 0)
        if evaluation is not None:
            self.curves.show_evaluation(evaluation)
            self._show_counts()
            self._show_figures(evaluation)

    def _show_counts(self) -> None:
        """The table follows the threshold where there are two classes; of more, the likeliest class is predicted."""
        evaluation = self._evaluating.found
        if evaluation is None:
            return
        counts = evaluation.confusion if evaluation.scored is None else evaluation.confusion_at(self.curves.threshold)
        self.confusion.show_counts(evaluation.classes, counts)
        of_threshold = f", {self.curves.called}" if evaluation.scored is not None else ""
        self._heading.setText(f"given (rows), predicted (columns){of_threshold}")

    def _open_cell(self, given: int, predicted: int) -> None:
        evaluation = self._evaluating.found
        if evaluation is not None:
            names = evaluation.cell(given, predicted, self.curves.threshold if evaluation.scored is not None else None)
            words = f"{evaluation.classes[given]} predicted as {evaluation.classes[predicted]}"
            self._chosen.show(words, names)

    def _show_figures(self, evaluation: "Evaluation") -> None:
        while (item := self._figures.takeAt(0)) is not None:
            if (part := item.widget()) is not None:
                part.deleteLater()
        lines = [counted(len(evaluation.pictures), "picture")]
        lines += [f"AUC {spoken(evaluation.auc, 2)}", f"accuracy {spoken(evaluation.accuracy, 2)}"]
        lines.append(f"balanced accuracy {spoken(evaluation.balanced_accuracy, 2)}")
        self._add_lines(f"All · 95 % intervals over {evaluation.drawn_over}", lines)
        of_class = [
            f"{name} {spoken(measure, 2)} of {measure.n:,}"
            for name, measure in zip(evaluation.classes, evaluation.class_accuracy, strict=True)
            if measure.n
        ]
        self._add_lines("Predicted rightly", of_class[:MOST_CLASSES])
        if evaluation.readers:
            self._add_lines(
                "Readers, and the network at their specificity",
                [
                    f"{reader.name} {reader.sensitivity:.2f}, network {spoken(at, 2)}"
                    for reader, at in evaluation.readers
                ],
            )
        for title, lines in _along_taxonomy(evaluation):
            self._add_lines(title, lines)
        if evaluation.confused:
            self._figures.addWidget(label("Most confused", "quiet"))
        for pair in evaluation.confused[:MOST_PAIRS]:
            words = f"{pair.given} predicted as {pair.predicted}"
            button = PlainTool(f"{len(pair.pictures):,} · {words} ({percent(pair.share)})")
            button.setObjectName("flat")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(partial(self._chosen.show, words, pair.pictures))
            why = PlainTool("Why …")
            why.setObjectName("flat")
            why.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            tip(why, "these pictures through Grad-CAM and guided backprop, beside each other")
            why.clicked.connect(partial(self.lenses_asked.emit, pair.given, pair.predicted, pair.pictures))
            entry = QWidget()
            entry.setLayout(column(row(button, 1), row(why, 1), gap=0))
            self._figures.addWidget(entry)

    def _add_lines(self, title: str, lines: list[str]) -> None:
        self._figures.addWidget(label(title, "quiet"))
        for line in lines:
            self._figures.addWidget(label(line, wrap=True))


def _along_taxonomy(evaluation: "Evaluation") -> Iterator[tuple[str, list[str]]]:
    """Each level with its nodes; a class that stood in the level above, too, is not told again."""
    shown: set[str] = set(evaluation.classes)
    for level in evaluation.levels:
        lines = []
        for name, sensitivity in zip(level.classes, level.sensitivity, strict=True):
            auc = level.auc_of(name)
            if name not in shown and auc is not None and sensitivity.n:
                right = f"predicted rightly {spoken(sensitivity, 2)} of {sensitivity.n:,}"
                lines.append(f"{name} AUC {spoken(auc, 2)}, {right}")
        shown |= set(level.classes)
        if lines:
            yield f"Added up along the taxonomy, level {level.level} · mean AUC {spoken(level.auc, 2)}", lines
