"""The strip above the picture while two networks are looked at: what both say, and which filter stands for which."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QWidget

from explorer.core.tags.book import FilterKey
from explorer.state.comparison.filter_match import ANSWERS, HAND, NUMBER
from explorer.state.comparison.side_by_side import SideBySide, spoken
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.labels_and_layouts import column, label
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.steady import Choice, Number
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.wrapping_row import WrappingRow

HOW = {ANSWERS: "B: by answers", NUMBER: "B: same number", HAND: "B: by hand"}


class SecondNetworkStrip(QWidget):
    """Forwards every choice to the state; gone while nobody looks at the second network."""

    def __init__(self, sides: SideBySide) -> None:
        super().__init__()
        self._sides, self._match = sides, sides.match
        self.how = Choice()
        for key, title in HOW.items():
            self.how.addItem(title, key)
        self.how.setAccessibleName("Which filter of network B")
        self.how.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.how.activated.connect(lambda index: self._match.choose(self.how.itemData(index)))
        self.layer, self.filter = Number(), Number()
        for box, name in ((self.layer, "Layer of network B"), (self.filter, "Filter of network B")):
            box.setAccessibleName(name)
            box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            box.setMaximum(1_000_000)
            box.valueChanged.connect(lambda value: self._taken())
            tip(box, name)
        self.own = PlainTool("Own scales", checkable=True)
        tip(self.own, "each network on a scale of its own, instead of both on that of A")
        self.own.toggled.connect(sides.use_own_scales)
        self.swap = PlainTool("Swap", checkable=True)
        tip(self.swap, "B in front and A beside, or back; tags stay those of A")
        stands_for(self.swap, "Swap networks A and B")
        self.swap.clicked.connect(lambda checked: sides.swap())
        for tool in (self.own, self.swap):
            tool.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip(self.how, "which filter of network B stands for the one in view")
        self.said, choices = label(), QWidget()
        choices.setLayout(WrappingRow(self.how, self.layer, self.filter, self.own, self.swap, self.said))
        self.matched = label("", "quiet", wrap=True)
        self._roomy = True
        self.setLayout(column(choices, self.matched, gap=SPACE // 2))
        sides.changed.connect(self._show)
        self._show()

    def give_room(self, roomy: bool) -> None:
        """Say in a line of its own which filter stands for which only where there is room; the caption says it too."""
        if roomy != self._roomy:
            self._roomy = roomy
            self._show()

    def _taken(self) -> None:
        self._match.take(FilterKey(self.layer.value(), self.filter.value()))

    def _show(self) -> None:
        sides, match = self._sides, self._match
        self.setVisible(sides.looking)
        if not sides.looking:
            return
        with QSignalBlocker(self.how), QSignalBlocker(self.own):
            self.how.setCurrentIndex(self.how.findData(match.how))
            self.own.setChecked(sides.both.own)
        self.own.setEnabled(match.alike)
        self.swap.setChecked(sides.swapped)
        by_hand = match.how == HAND and match.key is not None
        for box in (self.layer, self.filter):
            box.setVisible(by_hand)
        if by_hand and match.key is not None:
            with QSignalBlocker(self.layer), QSignalBlocker(self.filter):
                self.layer.setValue(match.key.layer)
                self.filter.setValue(match.key.filter)
        first, second = sides.predictions
        self.said.setText(f"A {spoken(first)}   ·   B {spoken(second)}")
        tip(
            self.said,
            "\n".join(f"{name}: {spoken(prediction, 25)}" for name, prediction in (("A", first), ("B", second))),
        )
        self.matched.setText(" ".join((match.sentence.rstrip(".") + ".", *sides.notes)))
        tip(self.matched, self.matched.text())
        self.matched.setVisible(self._roomy or bool(sides.notes))
