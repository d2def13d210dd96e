"""Story: somebody wants to see what a recipe makes of this picture before they train with it."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog

from explorer.state.what_if.recipe_preview import RECIPES
from explorer.ui.dialogs.preview_dialog import PreviewDialog
from tests.e2e.conftest import Person
from trainer.cli import main
from trainer.training.presets import PRESETS


def test_the_recipes_are_the_trainers() -> None:
    assert tuple(PRESETS) == RECIPES


def test_the_picture_in_view_is_drawn_by_a_recipe(
    demo: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo.commands.windows.show_preview()
    (dialog,) = (one for one in QApplication.topLevelWidgets() if isinstance(one, PreviewDialog))
    preview = demo.workspace.recipe_preview
    assert not dialog.save.isEnabled()
    dialog.recipes.setCurrentText("lenet")
    dialog.recipes.activated.emit(RECIPES.index("lenet"))
    dialog.seed.setValue(3)
    demo.until(lambda: preview.content or preview.trouble)
    assert preview.trouble == ""
    assert not dialog.sheet.pixmap().isNull()

    saved, by_hand = tmp_path / "saved.png", tmp_path / "by-hand.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *asked, **options: (str(saved), ""))
    demo.click(dialog.save)
    words = ["preview", "--recipe", "lenet", "--seed", "3", f"--image={demo.view.picture}", f"--out={by_hand}"]
    assert main(words) == 0
    assert saved.read_bytes() == by_hand.read_bytes()

    first = preview.content
    demo.workspace.session.update(picture=demo.workspace.library.folder.pictures[5])
    demo.until(lambda: preview.picture == demo.view.picture and (preview.content or preview.trouble))
    assert preview.content not in (b"", first), "it follows the picture in view"

    preview._command = (*preview._command[:2], "trainer", "no-such-command")
    dialog.seed.setValue(4)
    demo.until(lambda: preview.trouble)
    assert "invalid choice" in preview.trouble
    assert not dialog.save.isEnabled()
    dialog.close()
    assert preview.content == b""
