"""What a recipe of the trainer makes of the picture in view, drawn by the trainer's own command in another process."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTemporaryDir, Signal

from explorer.core.errors import UserError
from explorer.state.session import Session, View
from explorer.state.workers.command_process import CommandProcess

RECIPES = (
    *("paper", "demo", "lenet", "lenet-guide", "resnet18", "resnet50", "resnet152", "inception_v3"),
    *("resnet18-transfer", "resnet50-transfer", "inception_v3-transfer"),
)
"""The trainer's, whose own list comes with torch and training."""
COMMAND = (sys.executable, "-m", "trainer")


class RecipePreview(QObject):
    """The sheet that `feature-trainer preview` draws of the picture in view; `changed` when it is there, or is not.

    While somebody looks, it follows the picture in view. `command` begins the trainer's command line.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None, *, command: Sequence[str] = COMMAND) -> None:
        super().__init__(parent)
        self._session, self._command = session, command
        self._process: CommandProcess | None = None
        self._folder: QTemporaryDir | None = None
        self._asked: tuple[str, int] | None = None
        self.picture: Path | None = None
        """The picture that is drawn."""
        self.content = b""
        """The sheet (PNG); empty while there is none."""
        self.trouble = ""
        """Why there is none; "" where there is, or while it is drawn."""
        session.changed.connect(self._follow)

    @property
    def proposed_name(self) -> str:
        """What the sheet's file may be called."""
        recipe, seed = self._asked or ("", 0)
        return f"{self.picture.stem if self.picture is not None else 'picture'}-{recipe}-seed{seed}.png"

    def ask(self, recipe: str, seed: int) -> None:
        """Have the picture in view drawn as this recipe shows it; what was being drawn is left."""
        self.leave()
        self._asked, self.picture = (recipe, seed), self._session.view.picture
        if self.picture is None:
            self.trouble = "Open a folder of pictures first."
        else:
            self._folder = QTemporaryDir()
            out = Path(self._folder.filePath("sheet.png"))
            words = ["preview", "--recipe", recipe, "--seed", str(seed), f"--image={self.picture}", "--out", str(out)]
            self._process = CommandProcess([*self._command, *words], self, patient=False)
            self._process.ended.connect(partial(self._ended, out))
        self.changed.emit()

    def leave(self, *, wait: bool = False) -> None:
        """Draw nothing any more, and follow no picture; `wait` until the process is gone."""
        if self._process is not None:
            self._process.end(wait=wait)
        self._process = self._folder = self._asked = None
        self.content, self.trouble = b"", ""

    def export(self, path: Path) -> None:
        """Write the sheet; UserError for another ending than .png, and where the disk refuses."""
        from trainer.files.atomic_files import cannot_write, replace_file

        if path.suffix.lower() != ".png":
            raise UserError(f"{path.name} must end in .png.")
        try:
            replace_file(path, self.content)
        except OSError as error:
            raise cannot_write(path, error) from error

    def close(self) -> None:
        """Announce nothing any more, and end what runs."""
        self.blockSignals(True)
        self.leave(wait=True)

    def _follow(self, before: View, after: View) -> None:
        if self._asked is not None and before.picture != after.picture:
            self.ask(*self._asked)

    def _ended(self, out: Path, problem: str) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        self.trouble = problem
        try:
            self.content = b"" if problem else out.read_bytes()
        except OSError as error:
            self.trouble = f"The sheet cannot be read: {error.strerror}."
        self._folder = None  # with what lies in it
        self.changed.emit()
