"""Why: what speaks for the suggestion, and what the index of the folder says of the filter in view; it unfolds."""

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from explorer.core.counting import counted
from explorer.state.index.card_in_view import CardInView
from explorer.state.suggestions.suggesting import Suggesting
from explorer.ui.panels.suggestion_chart import SuggestionChart
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.info_mark import InfoMark
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import PlainTool, tip
from trainer.measures.percent import percent
from trainer.measures.spoken import spoken

if TYPE_CHECKING:
    from explorer.core.index.filter_card import FilterCard
    from explorer.core.index.likeness import Alike

HEIGHT = 56
NOTHING = "The index of the folder is not there yet: what this filter answers on every picture."


class Distribution(QWidget):
    """On how many pictures the filter answers how much, with the place of the picture in view."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(HEIGHT)
        self._card: FilterCard | None = None
        self._peak: float | None = None

    def show_card(self, card: "FilterCard", peak: float | None) -> None:
        """Show a card's distribution, and where `peak` lies in it."""
        self._card, self._peak = card, peak
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        card = self._card
        if card is None:
            return
        painter, line = QPainter(self), self.fontMetrics().height()
        counts = [math.sqrt(count) for count in card.counts.tolist()]  # else the silent ones would hide all others
        highest, room = max(counts, default=0) or 1, self.height() - line - 2
        low, high = float(card.edges[0]), float(card.edges[-1])
        for bin_index, count in enumerate(counts):
            left, right = (self.width() * edge // len(counts) for edge in (bin_index, bin_index + 1))
            tall = round(room * count / highest)
            painter.fillRect(QRect(left, room - tall, max(1, right - left - 1), tall), self.palette().mid())
        painter.setPen(self.palette().placeholderText().color())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignBottom, f"{low:.3g}")
        flags = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight
        painter.drawText(self.rect(), flags, f"{high:.3g}")
        if self._peak is not None and high > low:
            x = round((self.width() - 2) * (self._peak - low) / (high - low))
            painter.setPen(QPen(self.palette().accent().color(), 2))
            painter.drawLine(x, 0, x, room)


class FilterCardPanel(QWidget):
    """The card, folded away until `toggle` is pressed; `picked(key)` when a person wants to see another filter.

    `toggle` stands where whoever shows this panel puts it; `unfolded` and `folded` follow when the card
    is.
    """

    picked = Signal(object)
    unfolded = Signal()
    folded = Signal()
    unfolding = Signal(bool)
    """Whether it is unfolded from now on, before it takes its room."""

    def __init__(self, card: CardInView, suggesting: Suggesting) -> None:
        super().__init__()
        self._card, self._suggesting = card, suggesting
        self.toggle = PlainTool("▸ Why")
        self.toggle.setObjectName("flat")
        self.toggle.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.toggle.clicked.connect(self.unfold)
        tip(self.toggle, "what the index of the folder says of this filter")
        stands_for(self.toggle, "Why: what the index says of the filter")
        self._suggested = label("", "quiet", wrap=True)
        self._chart = SuggestionChart()
        self._distribution = Distribution()
        self._facts = label("", "", wrap=True)
        self._edge = label("", "warning", wrap=True)
        self._classes = label("", "quiet", wrap=True)
        self._others = QVBoxLayout()
        self._others.setSpacing(2)
        self._links: list[QWidget] = []
        self._fresh = False
        self._nothing = label(NOTHING, "quiet", wrap=True)
        self._about_edge = InfoMark("edge")
        edge = row(self._edge, self._about_edge, gap=4)
        edge.setStretch(0, 1)
        self._body = QWidget()
        self._body.setLayout(
            column(
                self._suggested,
                self._chart,
                self._nothing,
                self._distribution,
                self._facts,
                edge,
                self._classes,
                self._others,
                1,
                gap=6,
            )
        )
        self._body.hide()
        self.setLayout(column(self._body))
        self._take_room()
        card.changed.connect(self._show)
        suggesting.changed.connect(self._show_suggestion)
        self._show()
        self._show_suggestion()

    @property
    def texts(self) -> str:
        """All that the card says, a line each."""
        parts = (self._suggested, self._facts, self._edge, self._classes)
        return "\n".join([self._chart.texts, *(part.text() for part in parts if not part.isHidden())])

    def unfold(self) -> None:
        """Show the card, or fold it away."""
        unfolded = self._body.isHidden()
        self.unfolding.emit(unfolded)
        self._body.setVisible(unfolded)
        self._take_room()
        self.toggle.setText(f"{'▾' if unfolded else '▸'} Why")
        self._fresh = unfolded
        self._card.want(unfolded)
        (self.unfolded if unfolded else self.folded).emit()

    def _take_room(self) -> None:
        """Folded, it leaves all room to the layers below."""
        wanted = QSizePolicy.Policy.Maximum if self._body.isHidden() else QSizePolicy.Policy.Expanding
        self.setSizePolicy(QSizePolicy.Policy.Preferred, wanted)

    def _show(self) -> None:
        card = self._card.card
        self._nothing.setVisible(card is None)
        for part in (self._distribution, self._facts, self._classes):
            part.setVisible(card is not None)
        self._edge.setVisible(card is not None and card.at_edge)
        self._about_edge.setVisible(card is not None and card.at_edge)
        for link in self._links:
            link.deleteLater()
        self._links = []
        if card is None:
            return
        peak = self._card.peak
        self._distribution.show_card(card, peak)
        tip(self._distribution, "pictures by the filter's highest value inside of the map's outermost ring")
        self._facts.setText("\n".join(facts_of(card, peak)))
        self._edge.setText(f"mostly at the picture's edge (padding): {percent(card.ring)} of its answer")
        self._classes.setText("\n".join(classes_of(card)))
        self._link("twins", card.twins[:6])
        twins = {other.key for other in card.twins}
        self._link("most alike", [other for other in card.alike if other.key not in twins])
        self._link("most opposed", [other for other in card.opposed if other.key not in twins])
        if self._fresh:  # what was asked for has its size only now
            self._fresh = False
            self.unfolded.emit()

    def _show_suggestion(self) -> None:
        """The chart of what is suggested, accepted and rejected ones included: what was measured stays."""
        suggestion = self._suggesting.suggestion
        self._chart.show_chart(suggestion.chart if suggestion is not None else None)
        self._suggested.setVisible(bool(self._chart.texts) or (suggestion is not None and not suggestion.tag))
        if suggestion is not None:
            why = f"{suggestion.reason}. {self._suggesting.outcome}".strip()
            self._suggested.setText(f"what speaks for {suggestion.words}" if suggestion.tag else why)

    def _link(self, title: str, others: "list[Alike] | tuple[Alike, ...]") -> None:
        """One line for each few filters, which can be clicked."""
        if not others:
            return
        heading = label(title, "quiet")
        self._others.addWidget(heading)
        self._links.append(heading)
        for start in range(0, len(others), 2):
            buttons = []
            for other in others[start : start + 2]:
                button = PlainTool(f"{other.key}  {other.r:+.2f}".replace("-", "−"))
                button.setObjectName("flat")
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                button.clicked.connect(lambda checked=False, key=other.key: self.picked.emit(key))
                buttons.append(button)
            line = QWidget()
            line.setLayout(row(*buttons, 1, gap=4))
            self._others.addWidget(line)
            self._links.append(line)


def facts_of(card: "FilterCard", peak: float | None) -> list[str]:
    """Where the picture in view stands, on how much the filter is silent, and what the network makes of it.

    The header above counts the whole map; here the edge, where padding answers by itself, is left out, and it says so.
    """
    silent = f"silent on {round(card.silent_share * len(card.peaks)):,} of {counted(len(card.peaks), 'picture')}"
    lines = [f"without the picture's edge: {silent}"]
    if peak is not None and not card.silent:
        here = f"here {peak:.3g}" if peak > 0 else "no answer here"
        higher = f"more than on {percent(card.stronger_than(peak))} of the pictures"
        lines = [f"without the picture's edge: {here}, {higher}; {silent}"]
    if math.isfinite(card.relevance):
        lines.append(f"{percent(card.relevance, 1)} of the layer's |relevance|, place {card.rank} of {card.filters:,}")
    if card.muting:
        lines.append(card.muting)
    return lines


def classes_of(card: "FilterCard") -> list[str]:
    """What each class gets, the most surely told apart first, and what was left out."""
    if card.silent:
        return ["Silent on all pictures: there is no answer that could tell classes apart."]
    by_class = card.classes
    known = [entry for entry in by_class.surest_first if math.isfinite(entry.auc.value)]
    if not known:
        return ["No two classes of pictures are known: there is nothing to tell apart."]
    lines = ["class (pictures): mean peak, AUC of the peak"]
    for entry in known:
        lines.append(f"{entry.name} ({entry.pictures:,}): {entry.mean:.3g}, {spoken(entry.auc, 2)}")
    left = [(by_class.trained_on, "it was trained on"), (by_class.unknown, "without a class")]
    left_out = " and ".join(f"{counted(count, 'picture')} {why}" for count, why in left if count)
    if by_class.of_training:
        lines.append(f"counting {counted(by_class.of_training, 'picture')} that it was trained on")
    return [*lines, f"without {left_out}"] if left_out else lines
