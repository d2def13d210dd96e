"""The tabs behind those of filters, each built when somebody first looks at it."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from explorer.state.workspace import Workspace
from explorer.ui.widgets.labels_and_layouts import column

LISTS = "Lists of artifacts: image, hair, ruler ..."
LEAST = 110
"""Pixels of height without which a tab would be cut."""
Tab = tuple[str, Callable[[], QWidget]]
"""Its title, and what builds what stands in it."""


class LateTab(QWidget):
    """The place of a panel that is built when it is first shown; then `built(panel)`."""

    built = Signal(object)

    def __init__(self, build: Callable[[], QWidget]) -> None:
        super().__init__()
        self._build = build
        self.content: QWidget | None = None

    def minimumSizeHint(self) -> QSize:
        return QSize(0, LEAST)  # before and after it is built: the picture above keeps its room

    def showEvent(self, event: QShowEvent) -> None:
        if self.content is None:
            self.content = self._build()
            self.setLayout(column(self.content))
            self.built.emit(self.content)
        super().showEvent(event)


def evidence_tabs(workspace: Workspace) -> list[Tab]:
    """The tabs in their order."""
    return [
        ("Pictures", lambda: _pictures(workspace)),
        ("Map", lambda: _map(workspace)),
        ("Findings", lambda: _findings(workspace)),
        ("What if", lambda: _what_if(workspace)),
    ]


def _pictures(workspace: Workspace) -> QWidget:
    from explorer.state.index.gallery import FilterGallery
    from explorer.ui.panels.gallery_panel import GalleryPanel

    gallery = FilterGallery(
        workspace.session, workspace.library, workspace.evidence, workspace.given, workspace.surrounds
    )
    panel = GalleryPanel(workspace.session, workspace.library, gallery)
    gallery.setParent(panel)
    panel.picture_picked.connect(lambda picture: workspace.session.update(picture=picture))
    return panel


def _map(workspace: Workspace) -> QWidget:
    from explorer.ui.panels.map_panel import MapPanel

    return MapPanel(workspace.point_maps, workspace.chosen)


def _findings(workspace: Workspace) -> QWidget:
    from explorer.ui.panels.artifact_list_panel import ArtifactListPanel
    from explorer.ui.panels.findings_panel import FindingsPanel
    from explorer.ui.panels.folder_muting_panel import FolderMutingPanel
    from explorer.ui.panels.worth_a_look_panel import WorthALookPanel

    look = WorthALookPanel(workspace.worth_a_look, workspace.chosen)
    look.picked.connect(lambda key: workspace.session.update(layer=key.layer, filter=key.filter))
    lists = ArtifactListPanel(workspace.session, workspace.library, workspace.candidates)
    lists.picture_picked.connect(lambda picture: workspace.session.update(picture=picture))
    asked = QWidget()
    asked.setLayout(column(look, FolderMutingPanel(workspace.folder_muting)))
    panel = FindingsPanel(workspace.evaluating, workspace.chosen, asked, lists)
    panel.words_asked.connect(lambda: _ask_words(workspace, panel))
    panel.readers_asked.connect(lambda: _ask_readers(workspace, panel))
    panel.lenses_asked.connect(lambda *pair: _show_lenses(workspace, panel, *pair))

    def correct(artifact: str) -> None:
        workspace.candidates.choose(artifact or None)
        panel.show_lists(True)

    look.lists_asked.connect(correct)
    lists.back.connect(lambda: panel.show_lists(False))
    lists.open_asked.connect(lambda: _ask_lists(workspace, panel))
    lists.save_asked.connect(lambda: _ask_lists_place(workspace, panel))
    panel.taxonomy_asked.connect(lambda: _ask_taxonomy(workspace, panel))
    return panel


def _what_if(workspace: Workspace) -> QWidget:
    from explorer.ui.panels.what_if_panel import WhatIfPanel

    return WhatIfPanel(workspace.library, workspace.what_if)


def _show_lenses(workspace: Workspace, parent: QWidget, given: str, predicted: str, names: object) -> None:
    from explorer.ui.dialogs.lens_sheet_dialog import LensSheetDialog
    from explorer.ui.dialogs.save_dialog import ask_where

    for older in parent.window().findChildren(LensSheetDialog):
        older.close()
    workspace.lens_sheet.ask(given, predicted, workspace.chosen.paths(names))  # type: ignore[arg-type]

    def where(name: str, kinds: str) -> Path | None:
        return ask_where(sheet, workspace, "Save the sheet", name, kinds)

    sheet = LensSheetDialog(workspace.lens_sheet, where, parent.window())
    sheet.picked.connect(lambda picture: workspace.session.update(picture=picture))
    sheet.show()


def _ask_words(workspace: Workspace, parent: QWidget) -> None:
    from explorer.ui.dialogs.class_words_dialog import ClassWordsDialog

    folder = workspace.library.folder
    counts = folder.labels.counts if folder is not None and folder.labels is not None else {}
    ClassWordsDialog(workspace.given, counts, parent.window()).open()


def _ask_readers(workspace: Workspace, parent: QWidget) -> None:
    from PySide6.QtWidgets import QFileDialog

    name, _ = QFileDialog.getOpenFileName(parent.window(), "Readers: name, sensitivity, specificity", "", "CSV (*.csv)")
    if name:
        workspace.evaluating.use_file(Path(name))


def _ask_taxonomy(workspace: Workspace, parent: QWidget) -> None:
    from PySide6.QtWidgets import QFileDialog

    name, _ = QFileDialog.getOpenFileName(
        parent.window(), 'Taxonomy: lines such as malignant = ["mel", "bcc"]', "", "TOML (*.toml)"
    )
    if name:
        workspace.evaluating.use_taxonomy(Path(name))


def _ask_lists(workspace: Workspace, parent: QWidget) -> None:
    from PySide6.QtWidgets import QFileDialog

    name, _ = QFileDialog.getOpenFileName(parent.window(), LISTS, "", "CSV (*.csv)")
    if name:
        workspace.lists.use_file(Path(name))


def _ask_lists_place(workspace: Workspace, parent: QWidget) -> None:
    from explorer.ui.dialogs.save_dialog import ask_where

    path = ask_where(parent.window(), workspace, LISTS, "artifacts.csv", "CSV (*.csv)")
    if path is not None:
        workspace.lists.save_as(path)
