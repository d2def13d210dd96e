"""How maps are drawn: scale, colors, opacity, outline, the untouched picture beside, the raw convolution."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy, QSlider, QWidget

from explorer.core.drawing.styles import COLOR_MAPS, SCALES
from explorer.state.session import DisplayStyle, Session
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.widgets import label, row

SWITCHES = (
    ("outline", "Outline", "a line around everything above half of the scale (O)"),
    ("beside", "Beside", "the untouched picture beside the overlay (V)"),
    ("raw", "Raw", "the convolution's own output, before the batch norm that follows it (R)"),
)


class DisplayBar(QWidget):
    """Forwards every choice to the session's style; `scale_asked` when fixed values are to be set."""

    scale_asked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._scale, self._colors = QComboBox(), QComboBox()
        for box, entries, name in (
            (self._scale, SCALES.items(), "Scale"),
            (self._colors, ((key, colors.title) for key, colors in COLOR_MAPS.items()), "Color map"),
        ):
            for key, title in entries:
                box.addItem(title, key)
            box.setAccessibleName(name)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        # The longest title is as wide as a panel: where there is no room it may be cut, and the list shows it whole.
        self._scale.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._scale.setMinimumContentsLength(14)
        self._scale.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._scale.setMaximumWidth(self._scale.fontMetrics().horizontalAdvance(max(SCALES.values(), key=len)) + 56)
        tip(self._scale, "from which value to which a map is drawn; 1 to 4 choose")
        self._scale.activated.connect(self._scale_chosen)
        self._colors.activated.connect(lambda index: session.update_style(color_map=self._colors.itemData(index)))
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setFixedWidth(90)
        self._opacity.setAccessibleName("Opacity of the overlay")
        tip(self._opacity, "opacity of the overlay; hold Space to take it away")
        self._opacity.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._opacity.valueChanged.connect(lambda value: session.update_style(opacity=value / 100))
        self._switches: dict[str, PlainTool] = {}
        for name, title, about in SWITCHES:
            button = PlainTool(title, checkable=True)
            tip(button, about)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.toggled.connect(lambda on, name=name: session.update_style(**{name: on}))
            self._switches[name] = button
        line = row(
            label("Scale", "quiet"), self._scale, self._colors, label("Opacity", "quiet"), self._opacity, gap=SPACE
        )
        line.addStretch(1)
        for button in self._switches.values():
            line.addWidget(button)
        line.setStretch(1, 100)  # what is left goes to the scale first
        self.setLayout(line)
        session.changed.connect(lambda before, after: self._show(after.style) if after.style != before.style else None)
        self._show(session.view.style)

    def show_only_picture(self, only: bool) -> None:
        """Leave only what concerns the picture, while no filter's map is drawn over it."""
        for part in (self._scale, self._colors, self._switches["outline"], self._switches["raw"]):
            part.setEnabled(not only)

    def _scale_chosen(self, index: int) -> None:
        kind = self._scale.itemData(index)
        if kind == "fixed":
            self.scale_asked.emit()
        self._session.update_style(scale=kind)

    def _show(self, style: DisplayStyle) -> None:
        with QSignalBlocker(self._scale), QSignalBlocker(self._colors), QSignalBlocker(self._opacity):
            self._scale.setCurrentIndex(self._scale.findData(style.scale))
            self._colors.setCurrentIndex(self._colors.findData(style.color_map))
            self._opacity.setValue(round(100 * style.opacity))
        for name, button in self._switches.items():
            with QSignalBlocker(button):
                button.setChecked(getattr(style, name))
