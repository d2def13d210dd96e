"""The window's folder: what lies in it and its table say the same as to the trainer, and is remembered."""

from pathlib import Path

import numpy as np
from PIL import Image
from pytestqt.qtbot import QtBot

from explorer.state.settings_file import Settings
from explorer.state.start import Start
from explorer.state.workspace import Workspace
from tests.conftest import ROOT


def test_columns_that_were_said_come_back_with_their_table(qtbot: QtBot, tmp_path: Path, pictures: Path) -> None:
    rows = [f"picture{number},{('red', 'blue')[number % 2]},{('flat', 'raised')[number // 6]}" for number in range(12)]
    (tmp_path / "odd.csv").write_text("photo,shade,form\n" + "\n".join(rows))
    columns = {"label": ["form"], "image": ["photo"]}
    started = Start(images=pictures, labels=tmp_path / "odd.csv", columns=columns, device="cpu")
    for start in (started, Start()):
        workspace = Workspace(Settings(tmp_path / "home" / "settings.ini"), ROOT / "resources")
        try:
            workspace.opening.start(start)
            qtbot.waitUntil(lambda workspace=workspace: workspace.library.folder is not None)
            folder = workspace.library.folder
            assert dict(folder.labels.counts) == {"flat": 6, "raised": 6}
            assert 'pictures by column "photo", classes by "form"' in folder.problems[0]
            workspace.opening.remember()
        finally:
            workspace.close()


def test_masks_are_no_pictures_of_the_window(qtbot: QtBot, workspace: Workspace, pictures: Path) -> None:
    for picture in list(pictures.rglob("*.png")):
        Image.fromarray(np.eye(40, dtype=np.uint8) * 255).save(picture.with_name(f"{picture.stem}_lesion.png"))
    workspace.opening.start(Start(images=pictures))
    qtbot.waitUntil(lambda: workspace.library.folder is not None)
    assert len(workspace.library.folder.pictures) == 12
    assert "12 masks or superpixels among the pictures are left out" in workspace.library.folder.problems[0]
