"""The list of pictures that have hair, a ruler ...: candidates, and a person who accepts or rejects them with a key."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import QComboBox, QWidget

from explorer.state.artifacts.candidates import SHOWN, ArtifactCandidates
from explorer.state.opened.library import Library
from explorer.state.session import Session
from explorer.ui.panels.gallery_tiles import CAPTION, TileDelegate
from explorer.ui.widgets.elided_label import ElidedLabel
from explorer.ui.widgets.labels_and_layouts import column, row
from explorer.ui.widgets.lists import BASE
from explorer.ui.widgets.overlay_grid import OverlayGrid
from explorer.ui.widgets.pixmaps import pixmap_of
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.steady import Choice
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.viewed_list import ListModel
from trainer.concepts.words import ARTIFACTS

TILE = 112
ALIKE = "alike: like the nearest picture with it (cosine), less like the nearest without it"
KEYS = "Enter: it is there · Backspace: it is not · Delete: take that back"
SAYS = {Qt.Key.Key_Return: True, Qt.Key.Key_Enter: True, Qt.Key.Key_Backspace: False, Qt.Key.Key_Delete: None}
WALKS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right)
HELD = 200
"""Thumbnails that are held as the screen keeps them."""


class CandidateModel(ListModel):
    """The candidates, each with what was said or found of it."""

    def __init__(self, library: Library, candidates: ArtifactCandidates) -> None:
        super().__init__()
        self._library, self._found = library, candidates
        self._pixmaps: dict[Path, QPixmap] = {}
        candidates.listed.connect(self.refresh)
        library.thumbnails.arrived.connect(self._arrived)
        library.folder_opened.connect(lambda folder: self._look_again())

    def refresh(self) -> None:
        """Take the rows as they are now."""
        folder = self._found.lists.folder
        paths = (folder.path / name for name in self._found.rows) if folder is not None else ()
        self.set_rows(tuple(path for path in paths if folder is not None and path in folder.positions))

    def name_of(self, row: Path) -> str:
        """How an index calls a picture."""
        folder = self._found.lists.folder
        return row.relative_to(folder.path).as_posix() if folder is not None else ""

    def about(self, row: Path) -> str:
        texts = [text for text in self._found.words(self.name_of(row)) if text]
        return "\n".join((row.name, *texts, *[ALIKE] * any(text.startswith("alike") for text in texts)))

    def data_of(self, row: Path, role: int) -> Any:
        if role == CAPTION:
            return self._found.words(self.name_of(row))
        return self._thumbnail(row) if role == BASE else None

    def _thumbnail(self, picture: Path) -> QPixmap | None:
        if picture not in self._pixmaps:
            thumbnail = self._library.thumbnails.get(picture)
            if thumbnail is None or isinstance(thumbnail, str):
                return None
            while len(self._pixmaps) >= HELD:
                del self._pixmaps[next(iter(self._pixmaps))]
            self._pixmaps[picture] = pixmap_of(thumbnail)
        return self._pixmaps[picture]

    def _arrived(self, pictures: list[Path]) -> None:
        for picture in pictures:
            self._pixmaps.pop(picture, None)
        self.repaint_rows(pictures)

    def _look_again(self) -> None:
        """The same folder may hold other pictures under the same names."""
        self._pixmaps.clear()
        self.repaint_all()


class JudgingGrid(OverlayGrid):
    """A grid whose keys say of the picture in view that it has the artifact, has it not, or neither: `judged`."""

    judged = Signal(object)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._is_own(event):
            event.accept()  # while the list has the keyboard, these are no commands of the window
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._is_own(event) and event.key() in SAYS:
            self.judged.emit(SAYS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def _is_own(self, event: QKeyEvent) -> bool:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return plain and (event.key() in SAYS or event.key() in WALKS)


class ArtifactListPanel(QWidget):
    """`back` when a person is done, `open_asked` and `save_asked` for the file of the lists."""

    back = Signal()
    open_asked = Signal()
    save_asked = Signal()
    picture_picked = Signal(object)

    def __init__(self, session: Session, library: Library, candidates: ArtifactCandidates) -> None:
        super().__init__()
        self._found = candidates
        self.model = CandidateModel(library, candidates)
        self.model.setParent(self)
        self.grid = JudgingGrid(
            session,
            self.model,
            lambda: self.model.row_of(session.view.picture),
            "Pictures that may have the artifact",
            cell=TILE,
            delegate=TileDelegate(TILE),
        )
        self.grid.picked.connect(lambda index: self.picture_picked.emit(self.model.rows[index]))
        self.grid.judged.connect(candidates.judge)
        self.artifact = _choice("Which artifact", {name: name for name in ARTIFACTS})
        self.artifact.activated.connect(lambda index: candidates.choose(artifact=self.artifact.currentData()))
        self.shown = _choice("Which pictures are listed", SHOWN)
        self.shown.activated.connect(lambda index: candidates.choose(shown=self.shown.currentData()))
        for box in (self.artifact, self.shown):
            box.activated.connect(lambda index: self.grid.setFocus())
        self._sentence, self._keys = ElidedLabel("", "quiet"), ElidedLabel(KEYS, "quiet")
        leave = self._tool("‹ Findings", "back to the findings", self.back)
        open_file = self._tool("Open …", "go on with a CSV: image,hair,ruler,... and 1 or 0", self.open_asked)
        save = self._tool("Save as …", "keep the lists in another CSV from now on", self.save_asked)
        top = row(leave, self.artifact, self.shown, self._sentence, open_file, save)
        top.setStretch(3, 1)
        self.setLayout(column(top, self._keys, self.grid, gap=SPACE // 2))
        candidates.listed.connect(self._show)
        candidates.lists.changed.connect(self._show)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._found.look(True)
        self.grid.setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._found.look(False)

    def _tool(self, text: str, about: str, asks: Any) -> PlainTool:
        tool = PlainTool(text)
        tool.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip(tool, about)
        tool.clicked.connect(asks)
        tool.clicked.connect(self.grid.setFocus)  # what stands behind the panel takes the keyboard with every click
        return tool

    def _show(self) -> None:
        for box, value in ((self.artifact, self._found.artifact), (self.shown, self._found.shown)):
            box.setCurrentIndex(box.findData(value))
        self._sentence.setText(self._found.sentence)
        if (file := self._found.lists.file) is not None:
            tip(self._sentence, f"Everything that is said is kept at once in {file}")
        self.grid.hint = self._found.why_empty
        self.grid.viewport().update()


def _choice(name: str, entries: dict[str, str]) -> QComboBox:
    box = Choice()
    box.setAccessibleName(name)
    box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    for key, title in entries.items():
        box.addItem(title, key)
    return box
