"""Story: whatever a person saves, the dialog proposes a place where they find it again."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog

from explorer.core.index import open_index
from explorer.ui.window.evidence_tabs import _ask_lists_place
from tests.conftest import ROOT
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import Person


@pytest.fixture
def proposed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What dialogs that save propose; each is cancelled."""
    asked: list[Path] = []

    def ask(parent: object, title: str, place: str, *more: object, **options: object) -> tuple[str, str]:
        asked.append(Path(place))
        return "", ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    return asked


def test_no_dialog_proposes_a_hidden_folder_or_one_of_the_program(
    demo: Person, proposed: list[Path], tmp_path: Path
) -> None:
    demo.press("B")
    demo.until(lambda: demo.workspace.tagging.path.exists())
    network, folder = demo.workspace.library.network, demo.workspace.library.folder
    filters = tuple(layer.filters for layer in network.layers)
    index = write_index(
        tmp_path / "index.h5",
        np.ones((sum(filters), len(folder.pictures))),
        filters=filters,
        names=tuple(picture.name for picture in folder.pictures),
        identity=network.identity,
    )
    demo.workspace.evidence.take(open_index(index))
    demo.press("X")
    demo.until(lambda: demo.workspace.lens.found is not None)

    demo.commands.report.ask()
    demo.commands.files.save_tags_as()
    demo.commands.files.save_lens()
    _ask_lists_place(demo.workspace, demo.window)

    assert [place.suffix for place in proposed] == [".html", ".h5", ".png", ".csv"]
    data = demo.workspace.settings.folder
    for place in proposed:
        assert not any(part.startswith(".") for part in place.parts), place
        assert not place.is_relative_to(data), place
        assert not place.is_relative_to(ROOT / "resources"), place


def test_every_dialog_that_saves_asks_in_one_place() -> None:
    asking = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "explorer").rglob("*.py")
        if "getSaveFileName" in path.read_text("utf-8")
    ]
    assert asking == ["explorer/ui/dialogs/save_dialog.py"]
