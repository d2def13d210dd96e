"""The strip below the picture while a lens lies over it: where it is pointed, its settings, and what it found."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QWidget

from explorer.core.attribution.color_range import in_points, points_text
from explorer.core.attribution.lens import CLASS as CLASSES
from explorer.core.attribution.lens import FILTER as FILTERS
from explorer.core.attribution.lens import Lens, Setting
from explorer.state.lens.chosen_lens import LAYER_IN_VIEW, ChosenLens
from explorer.state.lens.occluding import Occluding
from explorer.state.lens.shuffled_weights import ShuffledWeights
from explorer.state.lens.target_choice import CHOSEN_FILTER, CLASS, PREDICTED
from explorer.state.opened.library import Library
from explorer.state.session import Session
from explorer.ui.panels.patch_panel import PatchPanel
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.filter_model import FilterModel
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import PlainButton, PlainTool, tip
from explorer.ui.widgets.steady import Choice
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.wrapping_row import WrappingRow

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

MEASURES = {
    "probability": "its probability",
    "logit": "its logit",
    "peak": "its highest value",
    "mean": "its mean",
}

PALE = 0.25
"""Share of the full color up to which a map's strongest place is hardly seen."""
LINES, LISTS, SHORT, ROOMY, TALL = 3, 92, 40, 700, 800
"""Lines that what was found takes; pixels of the lists of what a patch moved, also while there is none, so that nothing
moves when one comes, and in a low window. In one that is less than `TALL` high they are as high as the lines; from
`ROOMY` on there is room for words that explain."""


class LensStrip(QWidget):
    """Choices, then what was found and what moved under a patch: `filter_picked(filter)`; `dragging(on)`."""

    filter_picked = Signal(int)
    dragging = Signal(bool)

    def __init__(
        self,
        session: Session,
        library: Library,
        lens: ChosenLens,
        occluding: Occluding,
        shuffled: ShuffledWeights,
        filters: FilterModel,
    ) -> None:
        super().__init__()
        self._library, self._lens, self._occluding, self._shuffled = library, lens, occluding, shuffled
        self._target = _choice("What is measured", lambda value: lens.point(target=value))
        self._measure = _choice("How it is measured", self._measure_chosen)
        self.drag = PlainTool("Drag the patch", checkable=True)
        tip(self.drag, "the patch follows the mouse over the picture")
        stands_for(self.drag, "Drag the patch")
        self.drag.toggled.connect(self.dragging)
        self.shuffled = PlainTool("Shuffled weights", checkable=True)
        tip(
            self.shuffled,
            "the same on shuffled weights, beside: what is still shown there was not learned (Adebayo 2018)",
        )
        self.shuffled.toggled.connect(shuffled.want)
        self._again = PlainButton("Try again")
        self._again.clicked.connect(lens.try_again)
        self._tools = self.drag, self.shuffled, self._again
        for tool in self._tools:
            tool.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._choices = WrappingRow(_group(label("Effect on", "quiet"), self._target, self._measure), *self._tools)
        self._groups: list[QWidget] = []
        self._boxes: dict[str, QComboBox] = {}
        self._drawn: Lens | None = None
        self._said, self._alike, self._hint = (label("", kind, wrap=True) for kind in ("", "", "quiet"))
        occluding.changed.connect(self._show_hint)  # before the lists take their room
        self.patch = PatchPanel(session, library, occluding, filters)
        self.patch.filter_picked.connect(self.filter_picked)
        words = self._words = column(self._said, self._alike, self._hint, 1, gap=SPACE // 2)
        self._result_row = row(words, self.patch, gap=2 * SPACE)
        self._result_row.setStretch(1, 3)
        choices, self._found = QWidget(), QWidget()
        choices.setLayout(self._choices)
        self._found.setLayout(self._result_row)
        self._layout = column(choices, self._found, gap=SPACE // 2)
        self.setLayout(self._layout)
        library.network_opened.connect(self._network_opened)
        lens.changed.connect(self._show)
        session.changed.connect(
            lambda before, after: self._show() if after.style.points != before.style.points else None
        )
        shuffled.changed.connect(self._show_alike)
        self._offer_targets()
        self._show()
        self._show_alike()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._take_room()

    def _take_room(self) -> None:
        """Be as high as all lines need: a splitter does not ask how high something is at its width."""
        window = self.window().height()
        self._hint.setVisible(window >= ROOMY or bool(self._occluding.trouble))
        tall = (
            LISTS if window >= TALL else SHORT if window < ROOMY else LINES * self.fontMetrics().lineSpacing() + SPACE
        )
        self.patch.setFixedHeight(tall)
        says = any(not part.isHidden() for part in (self._said, self._alike, self._hint))
        self._result_row.setStretch(0, int(says))  # without words the lists take the whole width
        self._found.setMinimumHeight(tall if self._occluding.possible else 0)
        self._words.invalidate()  # what was hidden just now would count still
        self.setMinimumHeight(self._layout.totalHeightForWidth(self.width()))

    def _draw_settings(self, lens: Lens) -> None:
        """Boxes for the settings that a lens declares; those without a title stand beside the one before."""
        self._drawn = lens
        for part in (*self._groups, *self._tools):
            self._choices.removeWidget(part)
        for group in self._groups:
            group.deleteLater()
        self._boxes = {}
        groups: list[list[QWidget]] = []
        for setting in lens.settings:
            box = _choice(setting.about, lambda value, name=setting.name: self._lens.update(**{name: value}))
            box.setMinimumContentsLength(0)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            self._boxes[setting.name] = box
            if setting.title or not groups:
                groups.append([label(setting.title, "quiet")])
            groups[-1].append(box)
        self._groups = [_group(*parts) for parts in groups]
        for part in (*self._groups, *self._tools):
            self._choices.addWidget(part)
        self._fill_boxes(lens)

    def _fill_boxes(self, lens: Lens) -> None:
        for setting in lens.settings:
            box = self._boxes[setting.name]
            with QSignalBlocker(box):
                box.clear()
                for value, title in self._offered(setting):
                    box.addItem(title, value)

    def _offered(self, setting: Setting) -> list[tuple[Any, str]]:
        layers = self._library.network.layers if setting.layer and self._library.network is not None else ()
        in_view = [(LAYER_IN_VIEW, "the layer in view")] if setting.layer else []
        return [*setting.offered, *in_view, *((layer.index, f"layer {layer.index}") for layer in layers)]

    def _measure_chosen(self, value: str) -> None:
        self._lens.point(**{"reading" if self._lens.pointed_at == CHOSEN_FILTER else "score": value})

    def _network_opened(self, network: "Network") -> None:
        self._offer_targets()
        if self._drawn is not None:
            self._fill_boxes(self._drawn)
        self._show()

    def _offer_targets(self) -> None:
        targets = self._drawn.targets if self._drawn is not None else (CLASSES, FILTERS)
        network = self._library.network
        with QSignalBlocker(self._target):
            self._target.clear()
            if CLASSES in targets:
                self._target.addItem("the predicted class", PREDICTED)
            if FILTERS in targets:
                self._target.addItem("the chosen filter", CHOSEN_FILTER)
            for name in network.classes if network is not None and CLASSES in targets else ():
                self._target.addItem(f"class {name}", CLASS + name)

    def _show(self) -> None:
        lens = self._lens.lens
        if lens is None:
            return
        if lens is not self._drawn:
            self._draw_settings(lens)
            self._offer_targets()
        of_filter = self._lens.pointed_at == CHOSEN_FILTER
        measures = ("peak", "mean") if of_filter else ("probability", "logit")
        if self._measure.itemData(0) != measures[0]:
            self._measure.clear()
            for key in measures:
                self._measure.addItem(MEASURES[key], key)
        choice, settings = self._lens.choice, self._lens.settings_of(lens.name)
        _mark(self._target, self._lens.pointed_at)
        _mark(self._measure, choice.reading if of_filter else choice.score)
        for name, box in self._boxes.items():
            _mark(box, settings[name])
        self._said.setText(self._sentence())
        self._again.setVisible(bool(self._lens.trouble))
        tip(self._said, self._lens.found.method if self._lens.found is not None else "")
        self.drag.setVisible(self._occluding.possible)
        self._show_hint()

    def _show_alike(self) -> None:
        self._alike.setText(self._shuffled.sentence)
        self._alike.setVisible(bool(self._shuffled.sentence))
        self._take_room()

    def _show_hint(self) -> None:
        lens = self._lens.lens
        if lens is None:
            return
        if not lens.of_picture:
            self._hint.setText("Made of nothing, not seen: grey is nothing. Hold Space for the picture in view.")
            return
        orange, blue = lens.positive.legend, f"; blue: {lens.negative.legend}" if lens.negative is not None else ""
        click = ", click it to cover" if self._occluding.possible else ""
        legend = f"Orange: {orange}{blue}. Move over the picture for values{click}."
        self._said.setHidden(self._occluding.patch is not None)  # it is of the map, which lies there no more
        more = " Click a filter to look at it." if self.window().height() >= TALL else ""
        back = f"Click the picture again to take the patch away.{more}"
        self._hint.setText(back if self._occluding.patch is not None else self._occluding.trouble or legend)
        self._take_room()

    def _sentence(self) -> str:
        attribution, trouble = self._lens.found, self._lens.trouble
        if self._lens.missing:
            return self._lens.missing
        name = spoken(self._lens.target)
        if attribution is None:
            return trouble or f"Measuring {name} …"
        more = f" {trouble or 'Refining …'}" if self._lens.rough else ""
        where = "the whole picture" if attribution.rgb is None else "the picture that was made"
        first = f"{name[0].upper()}{name[1:]} is {attribution.score:.3g} on {where}."
        return f"{first} {attribution.summary}{more}{self._pale()}"

    def _pale(self) -> str:
        """What to do where the colors of the range in force are too pale to be seen."""
        lens, attribution, points = self._lens.lens, self._lens.found, self._lens.points
        if lens is None or attribution is None or not points or not in_points(lens, attribution.target):
            return ""
        most = float(abs(attribution.map).max())
        if not 0 < most < PALE * points / 100:
            return ""
        pale = f"at most {points_text(most)} here, and full color is {points_text(points / 100)}"
        return f" Pale: {pale}; the box above the picture changes that."


def _group(*parts: QWidget) -> QWidget:
    """Parts that stay in one line."""
    group = QWidget()
    group.setLayout(row(*parts, gap=SPACE // 2))
    return group


def _choice(name: str, chosen: Any) -> QComboBox:
    box = Choice()
    box.setAccessibleName(name)
    tip(box, name)
    box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    box.setMinimumContentsLength(12)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.activated.connect(lambda index: chosen(box.itemData(index)))
    return box


def _mark(box: QComboBox, value: object) -> None:
    """Show a value among those that a box offers; none where it is not among them."""
    indices = range(box.count())
    box.setCurrentIndex(next((index for index in indices if box.itemData(index) == value), -1))


def spoken(target: str) -> str:
    """A target of `attribute` in words."""
    kind, _, rest = target.partition(":")
    if kind != "filter":
        return f"the {'logit' if kind == 'class' else kind} of {rest}"
    layer, filter, reading = rest.split(":")
    return f"the {'highest value' if reading == 'peak' else 'mean'} of filter {layer}:{filter}"
