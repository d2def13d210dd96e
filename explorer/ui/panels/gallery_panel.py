"""The tab that shows what the filter in view answers to: which pictures are chosen, and a sentence above them."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from explorer.state.index.gallery import KINDS, ORDERS, FilterGallery
from explorer.state.opened.library import Library
from explorer.state.session import Session, View
from explorer.ui.panels.gallery_tiles import GalleryModel, TileDelegate
from explorer.ui.widgets.elided_label import ElidedLabel
from explorer.ui.widgets.labels_and_layouts import column, row
from explorer.ui.widgets.overlay_grid import GAP, OverlayGrid
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.steady import Choice
from explorer.ui.widgets.theme import SPACE
from trainer.measures.percent import percent

TILE, LEAST_TILE, LEAST_SENTENCE = 112, 40, 120
"""Pixels of a picture's side, and in a low window; of the sentence above the pictures beside its notes."""


class GalleryPanel(QWidget):
    """What the pictures are chosen by above them, and a sentence: `picture_picked(picture)`."""

    picture_picked = Signal(object)

    def __init__(self, session: Session, library: Library, gallery: FilterGallery) -> None:
        super().__init__()
        self._session, self._library, self._gallery = session, library, gallery
        self.model = GalleryModel(session, library, gallery)
        self.model.setParent(self)
        self.grid = OverlayGrid(
            session,
            self.model,
            lambda: self.model.row_of(session.view.picture),
            "Pictures that show what the filter answers to",
            cell=TILE,
            delegate=TileDelegate(TILE, across=TILE),
        )
        self.grid.picked.connect(lambda index: self.picture_picked.emit(self.model.rows[index]))
        self.kind = _choice("Which pictures are shown", KINDS)
        self.kind.activated.connect(lambda index: gallery.choose(kind=self.kind.currentData()))
        self.by = _choice("What counts as strong", ORDERS)
        self.by.activated.connect(lambda index: gallery.choose(by=self.by.currentData()))
        tip(self.by, "the highest value, or how much is above the 0.995 quantile; both without the map's edge")
        self.crops = _switch("Close up", "the part of the original picture that the peak depends on", False)
        self.overlay = _switch("Overlay", "the filter's map on its one scale, and the cell of its peak", True)
        for switch in (self.crops, self.overlay):
            switch.toggled.connect(self._show_as)
        self.sentence, self.note = ElidedLabel(), ElidedLabel(kind="quiet")
        self.kind.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.sentence.setMinimumWidth(LEAST_SENTENCE)
        said = row(self.sentence, self.note)
        said.setStretch(1, 1)
        choices = row(self.kind, self.by, self.crops, self.overlay, 1)
        whole = column(said, choices, self.grid, gap=SPACE // 2)
        whole.setContentsMargins(0, SPACE, 0, 0)
        self.setLayout(whole)
        gallery.changed.connect(self._say)
        session.changed.connect(self._view_changed)
        self.grid.set_opacity(session.view.style.opacity)
        self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what stands below the pictures in sight."""
        super().resizeEvent(event)
        lines = 2 * self.grid.fontMetrics().height()
        self.grid.set_cell(max(LEAST_TILE, min(TILE, self.grid.height() - lines - 2 * GAP)))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._gallery.watch(True)
        self._say()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._gallery.watch(False)

    def _show_as(self) -> None:
        self.model.show_as(crops=self.crops.isChecked(), overlay=self.overlay.isChecked())

    def _view_changed(self, before: View, after: View) -> None:
        if after.style.opacity != before.style.opacity:
            self.grid.set_opacity(after.style.opacity)

    def _say(self) -> None:
        """The sentence above the pictures, and why there are none where there are none."""
        answer = self._gallery.answer
        self.grid.hint = self._why_empty()
        self.grid.viewport().update()
        if answer is None:
            self.sentence.setText("")
            self.note.setText("")
            return
        self.sentence.setText(f"{answer.key}  {answer.sentence}")
        field = self._gallery.field
        trained_on = any(tile.trained_on for tile in answer.tiles.values())
        notes = [f"{percent(answer.ring)} of it at the edge", *(["* trained on"] if trained_on else [])]
        if field is not None:
            notes.append(f"sees {field.size[0]} × {field.size[1]} px{'' if field.exact else ' at most'}")
        if answer.measured < answer.asked:
            notes.append(f"measured on {answer.measured:,} of {answer.asked:,}")
        self.note.setText(" · ".join(notes))
        about = (
            f"The map's outermost ring, where padding answers by itself, counts neither for order nor for scale; "
            f"{percent(answer.ring)} of the filter's answer lies there."
        )
        passed = f"\n{answer.gallery.passed_over} alike ones were passed over." if answer.gallery.passed_over else ""
        trained = "\n* the network was trained or chosen on this picture" if trained_on else ""
        tip(self.sentence, f"{answer.sentence}\n{about}{passed}{trained}")

    def _why_empty(self) -> str:
        answer = self._gallery.answer
        if self._library.network is None:
            return "Open a network (Ctrl+O), or drop one here."
        if self._library.folder is None:
            return "Open a folder of pictures (Ctrl+Shift+O), or drop one here."
        if self._gallery.index is None:
            return "The pictures stand here as soon as the filters are measured over the folder."
        if answer is None:
            return self._gallery.trouble or "Looking through the folder …"
        if answer.gallery.silent:
            return (
                f"Filter {answer.key} is silent: but for the map's edge it answers to no picture, or to all alike; "
                "none shows what it is for."
            )
        return "No picture is of this kind."


def _choice(name: str, entries: Mapping[str, str]) -> QComboBox:
    box = Choice()
    box.setAccessibleName(name)
    box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    for key, title in entries.items():
        box.addItem(title, key)
    return box


def _switch(text: str, about: str, on: bool) -> PlainTool:
    switch = PlainTool(text, checkable=True)
    switch.setChecked(on)
    switch.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    tip(switch, about)
    return switch
