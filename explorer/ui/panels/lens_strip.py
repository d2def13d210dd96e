"""The tab of the lens: what it is pointed at, its settings, and in a sentence what it found."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from explorer.core.attribution.lens import CLASS as CLASSES
from explorer.core.attribution.lens import FILTER as FILTERS
from explorer.core.attribution.lens import Lens, Setting
from explorer.state.lens import LAYER_IN_VIEW, ChosenLens
from explorer.state.library import Library
from explorer.state.occluding import Occluding
from explorer.state.session import Session
from explorer.state.shuffled_weights import ShuffledWeights
from explorer.state.target_choice import CHOSEN_FILTER, CLASS, PREDICTED
from explorer.ui.panels.patch_panel import PatchPanel
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.filter_model import FilterModel
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import PlainButton, PlainTool, tip
from explorer.ui.widgets.theme import SPACE

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

MEASURES = {
    "probability": "its probability",
    "logit": "its logit",
    "peak": "its highest value",
    "mean": "its mean",
}
WIDTH = 390


class LensPanel(QWidget):
    """Choices at the left, what moved under a patch at the right: `filter_picked(filter)`; `dragging(on)`."""

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
        self.drag.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.drag.toggled.connect(self.dragging)
        self._form = QGridLayout()
        self._form.setSpacing(SPACE // 2)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._titles: list[QWidget] = []
        self._boxes: dict[str, QComboBox] = {}
        self._drawn: Lens | None = None
        self._add_row("Effect on", self._target, self._measure, line=0)
        self._said = label("", wrap=True)
        self._again = PlainButton("Try again")
        self._again.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._again.clicked.connect(lens.try_again)
        self.shuffled = PlainTool("Shuffled weights beside", checkable=True)
        tip(self.shuffled, "the same on shuffled weights: what is still shown there was not learned (Adebayo 2018)")
        self.shuffled.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.shuffled.toggled.connect(shuffled.want)
        self._alike = label("", wrap=True)
        self._hint = label("", "quiet", wrap=True)
        choices = QWidget()
        choices.setLayout(
            column(self._form, self._said, row(self._again, self.shuffled, 1), self._alike, self._hint, 1, gap=SPACE)
        )
        choices.setFixedWidth(WIDTH)
        self.patch = PatchPanel(session, library, occluding, filters)
        self.patch.filter_picked.connect(self.filter_picked)
        line = row(choices, self.patch, 1, gap=3 * SPACE)
        line.setStretch(1, 100)
        self.setLayout(line)
        library.network_opened.connect(self._network_opened)
        lens.changed.connect(self._show)
        occluding.changed.connect(self._show_hint)
        shuffled.changed.connect(self._show_alike)
        self._offer_targets()
        self._show()
        self._show_alike()

    def _add_row(self, title: str, *parts: QWidget, line: int) -> QWidget:
        heading = label(title, "quiet")
        self._form.addWidget(heading, line, 0)
        for place, part in enumerate(parts, 1):
            self._form.addWidget(part, line, place)
        return heading

    def _draw_settings(self, lens: Lens) -> None:
        """Boxes for the settings that a lens declares; those without a title stand beside the one before."""
        self._drawn = lens
        for part in (*self._titles, *self._boxes.values()):
            self._form.removeWidget(part)
            part.deleteLater()
        self._titles, self._boxes = [], {}
        line = 0
        for setting in lens.settings:
            box = _choice(setting.about, lambda value, name=setting.name: self._lens.update(**{name: value}))
            self._boxes[setting.name] = box
            if setting.title:
                line += 1
                self._titles.append(self._add_row(setting.title, box, line=line))
            else:
                self._form.addWidget(box, line, 2)
        self._form.addWidget(self.drag, line, 2)
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
        taken = self._drawn.targets if self._drawn is not None else (CLASSES, FILTERS)
        network = self._library.network
        with QSignalBlocker(self._target):
            self._target.clear()
            if CLASSES in taken:
                self._target.addItem("the predicted class", PREDICTED)
            if FILTERS in taken:
                self._target.addItem("the chosen filter", CHOSEN_FILTER)
            for name in network.classes if network is not None and CLASSES in taken else ():
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
        self.patch.setVisible(self._occluding.possible)
        self.drag.setVisible(self._occluding.possible)
        self._show_hint()

    def _show_alike(self) -> None:
        self._alike.setText(self._shuffled.sentence)
        self._alike.setVisible(bool(self._shuffled.sentence))

    def _show_hint(self) -> None:
        lens = self._lens.lens
        if lens is None:
            return
        if not lens.of_picture:
            self._hint.setText("Made of nothing, not seen: grey is nothing. Hold Space for the picture in view.")
            return
        orange, blue = lens.positive.legend, f"; blue: {lens.negative.legend}" if lens.negative is not None else ""
        click = ", click it to cover" if self._occluding.possible else ""
        how = f"Orange: {orange}{blue}. Move over the picture for values{click}."
        back = "Click the picture again to take the patch away. Click a filter to look at it."
        self._hint.setText(back if self._occluding.patch is not None else self._occluding.trouble or how)

    def _sentence(self) -> str:
        found, trouble = self._lens.found, self._lens.trouble
        if self._lens.missing:
            return self._lens.missing
        name = spoken(self._lens.target)
        if found is None:
            return trouble or f"Measuring {name} …"
        more = f" {trouble or 'Refining …'}" if self._lens.rough else ""
        where = "the whole picture" if found.rgb is None else "the picture that was made"
        return f"{name[0].upper()}{name[1:]} is {found.score:.3g} on {where}. {found.summary}{more}"


def _choice(name: str, chosen: Any) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    tip(box, name)
    box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    box.setMinimumContentsLength(12)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.activated.connect(lambda index: chosen(box.itemData(index)))
    return box


def _mark(box: QComboBox, value: object) -> None:
    """Show a value among those that a box offers; none where it is not among them."""
    places = range(box.count())
    box.setCurrentIndex(next((place for place in places if box.itemData(place) == value), -1))


def spoken(target: str) -> str:
    """A target of `attribute` in words."""
    kind, _, rest = target.partition(":")
    if kind != "filter":
        return f"the {'logit' if kind == 'class' else kind} of {rest}"
    layer, filter, reading = rest.split(":")
    return f"the {'highest value' if reading == 'peak' else 'mean'} of filter {layer}:{filter}"
