"""The window's folder: what lies in it and its table say the same as to the trainer, and is remembered."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pytestqt.qtbot import QtBot

from explorer.state.settings_file import Settings
from explorer.state.start import Start
from explorer.state.workspace import Workspace
from tests.conftest import ROOT
from trainer.pictures.column_choice import column_words, parse_columns


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


def test_columns_come_back_whatever_their_titles_are(qtbot: QtBot, tmp_path: Path, pictures: Path) -> None:
    titles = ("photo, large", 'the "true" = form, or shade', "x")
    rows = [f"picture{number},{('flat', 'raised')[number // 6]},{('a', 'b')[number % 2]}" for number in range(12)]
    header = ",".join(f'"{title.replace(chr(34), chr(34) * 2)}"' for title in titles)
    (tmp_path / "odd.csv").write_text(header + "\n" + "\n".join(rows))
    columns = {"image": [titles[0]], "label": [titles[1]]}
    for start in (Start(images=pictures, labels=tmp_path / "odd.csv", columns=columns, device="cpu"), Start()):
        workspace = Workspace(Settings(tmp_path / "home" / "settings.ini"), ROOT / "resources")
        try:
            workspace.opening.start(start)
            qtbot.waitUntil(lambda workspace=workspace: workspace.library.folder is not None)
            folder = workspace.library.folder
            assert dict(folder.labels.counts) == {"flat": 6, "raised": 6}
            assert folder.asked.columns == columns
            assert parse_columns(folder.columns) == columns  # what the index's process is told
            workspace.opening.remember()
        finally:
            workspace.close()


@given(st.dictionaries(st.sampled_from(["image", "label", "lesion"]), st.lists(st.text(min_size=1), min_size=1)))
def test_what_is_written_of_columns_is_read_again(columns: dict[str, list[str]]) -> None:
    columns = {role: kept for role, titles in columns.items() if (kept := [t.strip() for t in titles if t.strip()])}
    assert parse_columns(column_words(columns)) == columns


def test_a_folder_that_did_not_open_leaves_the_last_one_its_table(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    rows = [f"picture{number},{('red', 'blue')[number % 2]},{('flat', 'raised')[number // 6]}" for number in range(12)]
    (tmp_path / "odd.csv").write_text("photo,shade,form\n" + "\n".join(rows))
    workspace.opening.open_folder(pictures, tmp_path / "odd.csv", columns={"label": ["form"]})
    qtbot.waitUntil(lambda: workspace.library.folder is not None)
    with qtbot.waitSignal(workspace.library.folder_failed):
        workspace.opening.open_folder(tmp_path / "gone", tmp_path / "other.csv", columns={"label": ["shade"]})
    workspace.opening.remember()
    remembered = {name: workspace.settings.text(f"last/{name}") for name in ("images", "labels", "columns")}
    assert remembered == {"images": str(pictures), "labels": str(tmp_path / "odd.csv"), "columns": "label=form"}


def test_masks_are_no_pictures_of_the_window(qtbot: QtBot, workspace: Workspace, pictures: Path) -> None:
    for picture in list(pictures.rglob("*.png")):
        Image.fromarray(np.eye(40, dtype=np.uint8) * 255).save(picture.with_name(f"{picture.stem}_lesion.png"))
    workspace.opening.start(Start(images=pictures))
    qtbot.waitUntil(lambda: workspace.library.folder is not None)
    assert len(workspace.library.folder.pictures) == 12
    assert "12 masks or superpixels among the pictures are left out" in workspace.library.folder.problems[0]
