"""What lies over the picture and how it is drawn: lens, scale, colors, opacity, outline, picture beside, raw maps."""

from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QMenu, QSlider, QWidget

from explorer.core.attribution import LENSES
from explorer.core.drawing.styles import COLOR_MAPS, SCALES
from explorer.state.beside import Beside
from explorer.state.lens import ChosenLens
from explorer.state.session import DisplayStyle, Session
from explorer.ui.widgets.labels_and_layouts import label, row
from explorer.ui.widgets.plain_text import PlainTool, entry_text, tip
from explorer.ui.widgets.wrapping_row import WrappingRow

FILTERS_MAP = "this filter's map"
SHORT = {
    "folder": "scale: folder",
    "map": "scale: this map",
    "layer": "scale: layer",
    "seen": "scale: seen",
    "fixed": "scale: fixed",
}
"""The scales where there is little room; their titles stand in `SCALES`."""
SWITCHES = (
    ("outline", "Outline", "a line around everything above half of the scale (O)"),
    ("raw", "Raw", "the convolution's own output, before the batch norm that follows it (R)"),
)


class DisplayBar(QWidget):
    """Forwards every choice to the lens and the session's style; `scale_asked` when fixed values are to be set."""

    scale_asked = Signal()

    def __init__(self, session: Session, lens: ChosenLens, beside: Beside) -> None:
        super().__init__()
        self._session, self._lens, self._choice = session, lens, beside
        self._lenses = QComboBox()
        self._menu = QMenu(self)
        titles = {"": FILTERS_MAP} | {name: entry.title for name, entry in LENSES.items()}
        for place, (name, title) in enumerate(titles.items()):
            self._lenses.addItem(title, name)
            self._menu.addAction("&" + entry_text(f"{place}  {title}"), partial(lens.choose, name))
        self._lenses.setAccessibleName("Lens")
        self._lenses.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._lenses.activated.connect(lambda index: lens.choose(self._lenses.itemData(index)))
        tip(self._lenses, "what lies over the picture; L and a digit choose, Esc goes back to the filter's map")
        lens.changed.connect(self._show_lens)
        self._scale, self._colors = QComboBox(), QComboBox()
        for box, entries, name in (
            (self._scale, SHORT.items(), "Scale"),
            (self._colors, ((key, colors.title) for key, colors in COLOR_MAPS.items()), "Color map"),
        ):
            for key, title in entries:
                box.addItem(title, key)
            box.setAccessibleName(name)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        scales = "\n".join(f"{SHORT[key].removeprefix('scale: ')}: {title}" for key, title in SCALES.items())
        tip(self._scale, f"from which value to which a map is drawn; 1 to 5 choose\n\n{scales}")
        tip(self._colors, "green and blue: darker is higher; lime, for dark lesions: brighter is higher (M)")
        self._scale.activated.connect(self._scale_chosen)
        self._colors.activated.connect(lambda index: session.update_style(color_map=self._colors.itemData(index)))
        self.beside = QComboBox()
        self.beside.setAccessibleName("Beside")
        self.beside.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.beside.setMinimumContentsLength(16)
        self.beside.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.beside.activated.connect(lambda index: beside.choose(self.beside.itemData(index)))
        tip(self.beside, "what stands beside the picture (V: the untouched picture)")
        beside.changed.connect(self._show_beside)
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setFixedWidth(60)
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
        opacity = QWidget()
        opacity.setLayout(row(label("Opacity", "quiet"), self._opacity))
        chosen = self._lenses, self._scale, self._colors, self.beside, opacity
        self.setLayout(WrappingRow(*chosen, *self._switches.values()))
        session.changed.connect(lambda before, after: self._show(after.style) if after.style != before.style else None)
        self._show(session.view.style)
        self._show_beside()

    def offer_lenses(self) -> None:
        """Show the menu of lenses, in which a digit chooses."""
        self._menu.popup(self._lenses.mapToGlobal(self._lenses.rect().bottomLeft()))

    def _show_lens(self) -> None:
        """Name the lens; what concerns a filter's map only is of use while that lies over the picture."""
        self._lenses.setCurrentIndex(self._lenses.findData(self._lens.name))
        for part in (self._scale, self._colors, self._switches["outline"], self._switches["raw"]):
            part.setEnabled(self._lens.lens is None)

    def _show_beside(self) -> None:
        """Offer what may stand beside now, and mark what was chosen."""
        offered = tuple((key, f"beside: {title}") for key, title in self._choice.offered)
        box = self.beside
        there = tuple((box.itemData(place), box.itemText(place)) for place in range(box.count()))
        if there != offered:
            box.clear()
            for key, title in offered:
                box.addItem(title, key)
            # Whole names in the list, though the box has little room.
            box.view().setMinimumWidth(box.view().sizeHintForColumn(0) + box.view().frameWidth() * 2 + 16)
        box.setCurrentIndex(box.findData(self._choice.chosen))

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
