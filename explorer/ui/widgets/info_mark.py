"""The small round (i) beside words that a newcomer may not know, and all explanations that it can give."""

import textwrap
from collections.abc import Mapping
from types import MappingProxyType

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPen

from explorer.ui.widgets.plain_text import PlainTool, show_tip, tip

SIDE, WIDTH = 16, 60
"""Pixels of the mark; characters of a line of its text."""

EXPLANATIONS: Mapping[str, str] = MappingProxyType(
    {
        "layer": (
            "The network looks in layers, one after the other: the first answer to edges and colors, later ones to "
            "larger and more complicated things.\n\n"
            "A convolution looks at a small square (3 × 3) of what the layer before says. Layer upon layer that "
            "square reaches further: one value of this layer's maps depends on so many pixels of the picture, its "
            "receptive field. Behind it stand the layer's name in the network and the size of its maps."
        ),
        "proposed": (
            "What a network sees depends on it: pictures brought to another size, cut or scaled otherwise give other "
            "maps and other scores. Where you know better: File > The network's input and classes …"
        ),
        "filter": (
            "A filter looks for one thing everywhere in the picture; its map says how strongly it answers where.\n\n"
            "highest: its strongest answer on this picture. The number has no unit: compare it with what the same "
            "filter answers on other pictures, not with other filters.\n\n"
            "fires on: the share of the places of its map where it answers at all, more than 0."
        ),
        "scale": (
            "Which answer has which color. The number at the top has the full color, what lies at or below the one at "
            "the foot is not drawn.\n\n"
            "The bars below it: how many places of the map answer how much. Drag the two ends, or Lock them for all "
            "filters and pictures. O draws a line at half of the scale."
        ),
        "lens": (
            "Orange speaks for what is measured, blue against it, no color is no effect.\n\n"
            "Of a probability the numbers are percentage points: from 0.70 to 0.78 are 8 points. Their colors are "
            "full at the same number of points on every picture, so that a small effect looks small; a + says that "
            "this map goes beyond.\n\n"
            "relative: the strongest place of this map has the full color. It tells places of this picture apart, not "
            "pictures from each other."
        ),
        "frame": (
            "What the network sees: every picture is brought to the network's own size, and what lies outside of the "
            "dashed frame is cut away before. The network never saw it, and no filter answers there."
        ),
        "signs": (
            "In a tile's corners: its number; ? a tag is suggested and waits for your answer; = another filter of "
            "this layer answers alike over the whole folder (a twin; Why knows those of other layers too); ▢ it "
            "answers mostly at the picture's edge, which often comes from the zeros that are put around the picture "
            "(padding) and not from skin; below, the keys of its tags on their colors; ⚑ a tag needs review.\n\n"
            "The framed filter is the one in view; those in a dashed frame are selected too."
        ),
        "pictures": (
            "Below a picture's name: the class that is given for it (by a table or its folder), then what the network "
            "says, with its probability. ★ is a star of yours (Ctrl+D).\n\n"
            "The line above searches names, class:melanoma, or melanoma>0.8."
        ),
        "work list": (
            "How far the network's decision is explained. So many filters carry 90 % of it: measured on the folder's "
            "pictures by gradient times answer (relevance), an estimate of what each filter adds.\n\n"
            "named: those among them with a tag; then the share of each word, and of those without one. J walks them, "
            "the most important first."
        ),
        "edge": (
            "Zeros are put around the picture before each convolution (padding). Where picture and zeros meet there "
            "is an edge that is in no skin, and many filters answer to it. An answer mostly there says little about "
            "the lesion."
        ),
    }
)
"""By topic; each stands at one place of the window."""


class InfoMark(PlainTool):
    """Explains a topic of `EXPLANATIONS`: under the mouse, on a click, and when Tab brings the keyboard to it."""

    def __init__(self, topic: str) -> None:
        super().__init__()
        self.setFixedSize(SIDE, SIDE)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.WhatsThisCursor)
        self.clicked.connect(self._show)
        self.explain(topic)

    @property
    def topic(self) -> str:
        """What it explains now."""
        return self._topic

    def explain(self, topic: str, facts: str = "") -> None:
        """Explain another topic; `facts` are lines of what is so here, and come first."""
        self._topic = topic
        paragraphs = (*facts.split("\n"), "", EXPLANATIONS[topic]) if facts else (EXPLANATIONS[topic],)
        lines = [line for text in paragraphs for line in text.split("\n")]
        self._text = "\n".join(textwrap.fill(line, WIDTH) for line in lines)
        tip(self, self._text)
        self.setAccessibleName(f"What this means: {topic}")
        self.setAccessibleDescription("\n".join(paragraphs))

    def put_near(self, place: QPoint) -> None:
        """Go to a place of the parent, as near as it can be and be wholly in sight."""
        parent = self.parentWidget()
        if parent is not None:
            room = parent.rect().adjusted(0, 0, -SIDE, -SIDE)
            self.move(min(max(place.x(), 0), room.width()), min(max(place.y(), 0), room.height()))

    def sizeHint(self) -> QSize:
        return QSize(SIDE, SIDE)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            QTimer.singleShot(0, self._show)  # Qt takes tooltips away while the keyboard moves

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self.underMouse() or self.hasFocus()
        painter.setPen(QPen(self.palette().accent().color() if lit else self.palette().placeholderText().color(), 1))
        painter.drawEllipse(QRectF(1.5, 1.5, SIDE - 3, SIDE - 3))
        color = painter.pen().color()  # the letter is drawn: at this size fonts put it anywhere
        painter.fillRect(QRectF(SIDE / 2 - 1, 4, 2, 2), color)
        painter.fillRect(QRectF(SIDE / 2 - 1, 7, 2, 5), color)

    def _show(self) -> None:
        show_tip(self, self._text)
