"""The line above everything: what is open, which layer is in view, and what the network says."""

import math
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from explorer.core.counting import clipped, counted
from explorer.state.comparison.side_by_side import SideBySide
from explorer.state.index.given_classes import GivenClasses
from explorer.state.lens.occluding import Occluding
from explorer.state.opened.layer_facts import LayerFacts
from explorer.state.opened.library import Library
from explorer.state.opened.network_facts import lines_of, proposed_words
from explorer.state.session import Session
from explorer.state.settings_file import Settings
from explorer.state.view.muting import Muting
from explorer.state.view.pipeline import Pipeline
from explorer.state.what_if.picture import PictureWhatIf
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.elided_label import ElidedLabel
from explorer.ui.widgets.info_mark import InfoMark
from explorer.ui.widgets.labels_and_layouts import Bars, column, label, row
from explorer.ui.widgets.plain_text import tip
from explorer.ui.widgets.recent_menu import RecentButton
from explorer.ui.widgets.theme import SPACE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LONGEST = 26
"""Characters of a name in a button."""
LINES = 3
OF_A_NAME = 8
"""One part of so many of the line's width is what a class's name may take."""


class TopBar(QWidget):
    """Two buttons with recent files, the layer in view, and the prediction, which is always in sight.

    `model_asked(path)` and `folder_asked(path)`: a recent file, or None for a file dialog.
    """

    model_asked = Signal(object)
    folder_asked = Signal(object)

    def __init__(
        self,
        session: Session,
        pipeline: Pipeline,
        library: Library,
        settings: Settings,
        given: GivenClasses,
        muting: Muting,
        occluding: Occluding,
        facts: LayerFacts,
        what_if: PictureWhatIf,
        sides: SideBySide,
    ) -> None:
        super().__init__()
        self._session, self._pipeline, self._library, self._words = session, pipeline, library, given
        self._muting, self._occluding, self._facts, self._what_if = muting, occluding, facts, what_if
        self._sides = sides
        self._model = self._button("Open a network …", "models", settings, self.model_asked)
        self._folder = self._button("Open a folder …", "folders", settings, self.folder_asked)
        tip(self._model, "a trained network")
        tip(self._folder, "a folder of pictures")
        stands_for(self._model, "Open a network …")
        stands_for(self._folder, "Open a folder of pictures …")
        self._layer = label("", "title")
        self._about = ElidedLabel("", "quiet")
        self._given = ElidedLabel("", "quiet", width=124)
        self._bars = Bars(LINES)
        self._bars.setAccessibleName("Prediction")
        self._bars.show_values([])
        self.proposed = InfoMark("proposed")
        self.proposed.hide()
        line: QHBoxLayout = row(row(self._model, self.proposed, gap=SPACE // 2), self._folder, gap=SPACE)
        line.addSpacing(SPACE)
        self._explanation = InfoMark("layer")
        self._explanation.hide()
        named = row(self._layer, self._explanation, 1, gap=SPACE // 2)
        line.addLayout(column(1, named, self._about, 1, gap=0), 1)
        line.addWidget(self._given)
        line.addWidget(self._bars)
        line.setContentsMargins(SPACE, SPACE // 2, SPACE, 0)
        self.setLayout(line)
        self._given.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setFixedHeight(58)
        session.changed.connect(lambda before, after: self._show_layer())
        library.network_opened.connect(lambda network: self._network_opened())
        library.folder_opened.connect(lambda folder: self._folder_opened())
        pipeline.maps_changed.connect(self._show_prediction)
        muting.changed.connect(self._show_prediction)
        occluding.changed.connect(self._show_prediction)
        what_if.changed.connect(self._show_prediction)
        facts.changed.connect(self._show_layer)
        pipeline.picture_changed.connect(self._show_given)
        given.changed.connect(self._show_given)
        sides.changed.connect(self._show_given)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Let the names of the classes take what they need, as far as there is room."""
        network = self._library.network
        self._bars.make_room(network.classes if network is not None else (), self.width() // OF_A_NAME)

    def _button(self, text: str, kind: str, settings: Settings, asked: SignalInstance) -> RecentButton:
        button = RecentButton(text, settings, kind, asked.emit)
        button.setMaximumWidth(240)
        return button

    def _network_opened(self) -> None:
        network = self._library.network
        assert network is not None
        self._model.setText(clipped(self._library.network_session.title, LONGEST))
        self._model.offer()
        tip(self._model, "\n".join(lines_of(network)))
        proposed = proposed_words(network)
        self.proposed.setVisible(bool(proposed))
        self.proposed.explain("proposed", proposed)
        self._make_room()
        self._show_layer()

    def _folder_opened(self) -> None:
        folder = self._library.folder
        assert folder is not None
        self._folder.setText(f"{clipped(folder.path.name or str(folder.path), LONGEST)} · {len(folder.pictures):,}")
        self._folder.offer()
        tip(self._folder, "\n".join((str(folder.path), counted(len(folder.pictures), "picture"), *folder.problems)))

    def _show_layer(self) -> None:
        network, view = self._library.network, self._session.view
        if network is None or view.layer >= len(network.layers):
            return
        layer = network.layers[view.layer]
        self._layer.setText(f"layer {view.layer}")
        self._explanation.show()
        norm = f" · after {layer.norm}" if layer.norm and not view.style.raw else ""
        description = f"{layer.name} · {layer.height} × {layer.width}"
        facts = self._facts.of(view.layer)
        self._about.setText(" · ".join(filter(None, (facts.short, description))))
        tip(self._about, "\n".join(filter(None, (facts.long, f"{description}{norm}"))))

    def _show_prediction(self) -> None:
        network, activations = self._library.network, self._pipeline.activations
        if network is None or activations is None:
            self._bars.show_values([])  # never the prediction of another picture
            return
        values, changed, how = activations.probabilities, *self._changed()
        order = [
            output for output in sorted(range(len(values)), key=lambda k: -values[k]) if output < len(network.classes)
        ]
        named = [(network.classes[output], float(values[output])) for output in order]
        after = [float(changed[output]) for output in order] if changed is not None else [math.nan] * len(named)
        self._bars.show_values(named[:LINES], after[:LINES] if how else None)
        lines = [f"{name}  {value:.4f}" for name, value in named]
        if how:
            lines = [f"{line}, {how} {value:.4f}" for line, value in zip(lines, after, strict=True)]
        tip(self._bars, "\n".join(lines[:25]))

    def _changed(self) -> "tuple[npt.NDArray[np.floating[Any]] | None, str]":
        """What the probabilities become (None: not known yet), and by what; "" where the network says what it says."""
        if self._muting.keys:
            return self._muting.probabilities, "without the muted filters"
        patch = self._occluding.patch
        if patch is not None:
            return patch.covered.probabilities, "under the patch"
        what_if = self._what_if
        if what_if.showing and (what_if.after is not None or not what_if.said):  # else nothing comes of the wish
            return what_if.after, "in the changed picture"
        return None, ""

    def _show_given(self) -> None:
        folder, shown = self._library.folder, self._pipeline.shown
        if shown is None:
            self._bars.show_values([])
        given = folder.labels.of(shown.picture) if folder and folder.labels and shown else ""
        self._bars.setVisible(folder is not None)  # what says nothing leaves its room to the layer
        compared = self._sides.looking  # the line says what A says; the strip, what both do
        self._given.setVisible(folder is not None and (folder.labels is not None or compared))
        self._given.setText(" · ".join(filter(None, ("A" * compared, f"given: {given}" if given else ""))))
        name = self._words.of(given)
        if name and name != given:
            tip(self._given, f"{self._given.text()}, which counts as {name}")
