"""How maps are drawn: scale, colors, opacity, outline, the untouched picture beside, the raw convolution."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QSlider, QToolButton, QWidget

from explorer.core.overlay import COLOR_MAPS
from explorer.core.scale import SCALES
from explorer.state.session import Look, Session
from explorer.ui.parts import label, row
from explorer.ui.theme import SPACE

SWITCHES = (
    ("outline", "Outline", "a line around everything above half of the scale (O)"),
    ("beside", "Beside", "the untouched picture beside the overlay (V)"),
    ("raw", "Raw", "the convolution's own output, before the batch norm that follows it (R)"),
)


class DisplayBar(QWidget):
    """Forwards every choice to the session's look; `scale_asked` when fixed values are to be set."""

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
        self._scale.setToolTip("from which value to which a map is drawn; 1 to 4 choose")
        self._scale.activated.connect(self._scale_chosen)
        self._colors.activated.connect(lambda index: session.update_look(color_map=self._colors.itemData(index)))
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setFixedWidth(90)
        self._opacity.setAccessibleName("Opacity of the overlay")
        self._opacity.setToolTip("opacity of the overlay; hold Space to take it away")
        self._opacity.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._opacity.valueChanged.connect(lambda value: session.update_look(opacity=value / 100))
        self._switches: dict[str, QToolButton] = {}
        for name, title, tip in SWITCHES:
            button = QToolButton(text=title, toolTip=tip, checkable=True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.toggled.connect(lambda on, name=name: session.update_look(**{name: on}))
            self._switches[name] = button
        self.setLayout(
            row(
                label("Scale", "quiet"),
                self._scale,
                self._colors,
                label("Opacity", "quiet"),
                self._opacity,
                1,
                *self._switches.values(),
                gap=SPACE,
            )
        )
        session.changed.connect(lambda before, after: self._show(after.look) if after.look != before.look else None)
        self._show(session.view.look)

    def _scale_chosen(self, index: int) -> None:
        kind = self._scale.itemData(index)
        if kind == "fixed":
            self.scale_asked.emit()
        self._session.update_look(scale=kind)

    def _show(self, look: Look) -> None:
        with QSignalBlocker(self._scale), QSignalBlocker(self._colors), QSignalBlocker(self._opacity):
            self._scale.setCurrentIndex(self._scale.findData(look.scale))
            self._colors.setCurrentIndex(self._colors.findData(look.color_map))
            self._opacity.setValue(round(100 * look.opacity))
        for name, button in self._switches.items():
            with QSignalBlocker(button):
                button.setChecked(getattr(look, name))
