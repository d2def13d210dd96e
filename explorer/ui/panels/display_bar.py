"""What lies over the picture and how it is drawn: lens, scale, colors, opacity, outline, picture beside, raw maps."""

import math
from contextlib import ExitStack
from functools import partial

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import QComboBox, QMenu, QWidget

from explorer.core.attribution import LENSES
from explorer.core.attribution.color_range import OFFERED, OWN, in_points, points_text
from explorer.core.drawing.styles import COLOR_MAPS, SCALES
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.session import DisplayStyle, Session
from explorer.state.view.beside import Beside
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.labels_and_layouts import label, row
from explorer.ui.widgets.plain_text import PlainTool, entry_text, tip
from explorer.ui.widgets.steady import Choice, Slider
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
RANGE = (
    "which change has the full color, in percentage points of the probability; the same for all pictures, so that a "
    "small change looks small"
)
SWITCHES = (
    ("outline", "Outline", "a line around everything above half of the scale", "Outline at half of the scale"),
    ("raw", "Raw", "the convolution's own output, before the batch norm that follows it", "Raw convolution"),
)
"""Fields of the style with their buttons, what these do, and the commands that do the same."""
SCALE_COMMANDS = (
    "Scale: this map",
    "Scale: the layer",
    "Scale: pictures seen",
    "Scale: fixed values …",
    "Scale: this filter over the folder",
)
USUAL = "beside: untouched picture"
"""The longest of what usually stands beside; names of pinned pictures end in "..."."""

TEN = 10
"""Lenses from here on have no key: there are no more digits."""


class DisplayBar(QWidget):
    """Forwards every choice to the lens and the session's style; `scale_asked` when fixed values are to be set."""

    scale_asked = Signal()

    def __init__(self, session: Session, lens: ChosenLens, beside: Beside) -> None:
        super().__init__()
        self._session, self._lens, self._choice = session, lens, beside
        self._lenses = Choice()
        self._menu = QMenu(self)
        titles = {"": FILTERS_MAP} | {name: entry.title for name, entry in LENSES.items()}
        for number, (name, title) in enumerate(titles.items()):
            self._lenses.addItem(title, name)
            digit = "&" if number < TEN else ""  # a second 1 would ask which of the two is meant
            self._menu.addAction(digit + entry_text(f"{number}  {title}"), partial(lens.choose, name))
        self._lenses.setAccessibleName("Lens")
        self._lenses.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._lenses.activated.connect(lambda index: lens.choose(self._lenses.itemData(index)))
        tip(self._lenses, "what lies over the picture; the key and a digit choose, Esc goes back to the filter's map")
        stands_for(self._lenses, "Lens …")
        lens.changed.connect(self._show_lens)
        self._scale, self._colors, self._points = Choice(), Choice(), Choice()
        for box, entries, name in (
            (self._scale, SHORT.items(), "Scale"),
            (self._points, ((points, range_title(points)) for points in (*OFFERED, OWN)), "Color range"),
            (self._colors, ((key, colors.title) for key, colors in COLOR_MAPS.items()), "Color map"),
        ):
            for key, title in entries:
                box.addItem(title, key)
            box.setAccessibleName(name)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        scales = "\n".join(f"{SHORT[key].removeprefix('scale: ')}: {title}" for key, title in SCALES.items())
        tip(self._scale, f"from which value to which a map is drawn\n\n{scales}")
        stands_for(self._scale, *SCALE_COMMANDS)
        tip(self._points, RANGE)
        tip(self._colors, "green and blue: darker is higher; lime, for dark lesions: brighter is higher")
        stands_for(self._colors, "Other color map")
        self._scale.activated.connect(self._scale_chosen)
        self._points.activated.connect(lambda index: session.update_style(points=self._points.itemData(index)))
        self._points.hide()
        self._colors.activated.connect(lambda index: session.update_style(color_map=self._colors.itemData(index)))
        self.beside = Choice()
        self.beside.setAccessibleName("Beside")
        self.beside.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.beside.setIconSize(QSize(0, 0))  # no entry has one
        metrics = self.fontMetrics()
        usual = metrics.horizontalAdvance(USUAL) / metrics.horizontalAdvance("X")  # in the letter that Qt counts in
        self.beside.setMinimumContentsLength(math.ceil(usual))
        self.beside.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.beside.activated.connect(self._beside_chosen)
        tip(self.beside, "what stands beside the picture; the key: the untouched picture")
        stands_for(self.beside, "Untouched picture beside")
        beside.changed.connect(self._show_beside)
        self._opacity = Slider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setFixedWidth(60)
        self._opacity.setAccessibleName("Opacity of the overlay")
        tip(self._opacity, "opacity of the overlay; hold Space to take it away")
        self._opacity.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._opacity.valueChanged.connect(lambda value: session.update_style(opacity=value / 100))
        self._switches: dict[str, PlainTool] = {}
        for name, title, about, command in SWITCHES:
            button = PlainTool(title, checkable=True)
            tip(button, about)
            stands_for(button, command)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.toggled.connect(lambda on, name=name: session.update_style(**{name: on}))
            self._switches[name] = button
        opacity = QWidget()
        opacity.setLayout(row(label("Opacity", "quiet"), self._opacity))
        chosen = self._lenses, self._scale, self._points, self._colors, self.beside, opacity
        self.setLayout(WrappingRow(*chosen, *self._switches.values()))
        session.changed.connect(lambda before, after: self._show(after.style) if after.style != before.style else None)
        self._show(session.view.style)
        self._show_beside()

    def offer_lenses(self) -> None:
        """Show the menu of lenses, in which a digit chooses."""
        self._menu.popup(self._lenses.mapToGlobal(self._lenses.rect().bottomLeft()))

    def _show_lens(self) -> None:
        """Name the lens; what concerns a filter's map only is there while that lies over the picture."""
        self._lenses.setCurrentIndex(self._lenses.findData(self._lens.name))
        alone = self._lens.lens is None
        of_change = self._lens.lens is not None and in_points(self._lens.lens, self._lens.target)
        for part in (self._scale, self._colors, *self._switches.values()):
            part.setVisible(alone)
        self._points.setVisible(of_change)

    def _show_beside(self) -> None:
        """Offer what may stand beside now, and mark what was chosen."""
        offered = tuple((key, f"beside: {title}") for key, title in self._choice.offered)
        shown = self._choice.shown
        standing = shown.key if shown is not None and shown.insists else self._choice.chosen
        if standing not in dict(offered):  # what comes by itself, and stands there instead of what was chosen
            offered = (*offered, (standing, f"beside: {standing}"))
        box = self.beside
        listed = tuple((box.itemData(index), box.itemText(index)) for index in range(box.count()))
        if listed != offered:
            box.clear()
            for key, title in offered:
                box.addItem(title, key)
            # Whole names in the list, though the box has little room.
            box.view().setMinimumWidth(box.view().sizeHintForColumn(0) + box.view().frameWidth() * 2 + 16)
        box.setCurrentIndex(box.findData(standing))

    def _beside_chosen(self, index: int) -> None:
        key = self.beside.itemData(index)
        if key in dict(self._choice.offered):
            self._choice.choose(key)
        self._show_beside()  # what insists stays in the box as it stays beside

    def _scale_chosen(self, index: int) -> None:
        kind = self._scale.itemData(index)
        if kind == "fixed":
            self.scale_asked.emit()
        self._session.update_style(scale=kind)

    def _show(self, style: DisplayStyle) -> None:
        boxes = self._scale, self._points, self._colors, self._opacity
        with ExitStack() as quiet:
            for box in boxes:
                quiet.enter_context(QSignalBlocker(box))
            self._scale.setCurrentIndex(self._scale.findData(style.scale))
            self._points.setCurrentIndex(self._points.findData(style.points))
            self._colors.setCurrentIndex(self._colors.findData(style.color_map))
            self._opacity.setValue(round(100 * style.opacity))
        for name, button in self._switches.items():
            with QSignalBlocker(button):
                button.setChecked(getattr(style, name))


def range_title(points: float) -> str:
    """What the box says of a color range."""
    return f"full color: {points_text(points / 100)}" if points != OWN else "full color: this map's most"
