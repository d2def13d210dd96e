"""`make pictures`: the pictures of the window in docs/, made anew from the demo, always in the same state of it."""

import sys
import tempfile
from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.app import RESOURCES, share_the_interpreter
from explorer.core.tags.book import FilterKey
from explorer.state.settings import ANNOTATOR
from explorer.state.settings_file import Settings
from explorer.state.start import Start
from explorer.state.workspace import Workspace
from explorer.ui.widgets.theme import apply_theme
from explorer.ui.window.assembly import assemble
from explorer.ui.window.main_window import MainWindow

DOCS = Path(__file__).parents[1] / "docs"
SIZE = (1440, 900)
PATIENCE_MS = 180_000
TAGGED = {"7:24": "color", "7:5": "border", "7:57": "border", "7:14": "border"}
"""What is tagged in the picture, and the first of it in view."""


def wait(workspace: Workspace) -> None:
    """Until the picture has its maps, the tags are there and the folder has its index."""
    for _ in range(PATIENCE_MS // 50):
        QTest.qWait(50)
        maps, index = workspace.pipeline.activations, workspace.evidence.index
        if maps is not None and index is not None and workspace.tagging.path is not None:
            break
    else:
        sys.exit("The demo was not ready in time; nothing was written.")
    QTest.qWait(1500)


def main() -> None:
    """Write docs/window.jpg."""
    share_the_interpreter()
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(Path(home) / "settings.ini")
        settings.set_value(ANNOTATOR, "Ada")
        workspace = Workspace(settings, RESOURCES, index_command=(sys.executable, "-m", "explorer"))
        apply_theme(application, "dark", workspace.icons)
        window = MainWindow(settings)
        assemble(window, workspace)
        window.resize(*SIZE)
        window.show()
        workspace.opening.start(Start(demo=True, device="cpu"))
        wait(workspace)
        for key, word in TAGGED.items():
            workspace.tagging.toggle(FilterKey.parse(key), word)
        first = FilterKey.parse(next(iter(TAGGED)))
        workspace.session.update(layer=first.layer, filter=first.filter)
        QTest.qWait(2500)  # saved, and painted
        window.grab().toImage().save(str(DOCS / "window.jpg"), "JPEG", 88)  # type: ignore[call-overload]
        print(DOCS / "window.jpg")
        window.close()


if __name__ == "__main__":
    main()
