"""The command that writes a report: where it goes, and what is said of it."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from explorer.state.findings.reporting import NO_INDEX
from explorer.state.workspace import Workspace
from explorer.ui.widgets.message_banner import NO_INDEX_YET
from explorer.ui.window.parts import WindowParts


class ReportCommand:
    """Asks for a place and lets the report be written there."""

    def __init__(
        self, parent: QWidget, workspace: Workspace, parts: WindowParts, guard: Callable[[Callable[[], object]], bool]
    ) -> None:
        self._parent, self._workspace, self._problems, self._guard = parent, workspace, parts.problems, guard
        self._reporting = workspace.reporting
        self._reporting.done.connect(self._tell)
        self._reporting.failed.connect(parts.problems.show_error)

    def ask(self) -> None:
        """Ask where the report goes, and write it in the background."""
        self._guard(self._ask)
        if self._problems.text == NO_INDEX:
            self._problems.lasts_until(*NO_INDEX_YET)

    def write(self, path: Path) -> None:
        """Write the report in the background."""
        self._guard(lambda: self._reporting.write(path))

    def _ask(self) -> None:
        from explorer.ui.dialogs.save_dialog import ask_where

        name, title = self._reporting.proposed(), "Report on the tagged filters"
        path = ask_where(self._parent, self._workspace, title, name, "Page (*.html)")
        if path is not None:
            self.write(path)

    def _tell(self, path: Path) -> None:
        def show() -> None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

        message = f"{path.name} is written to {path.parent}. It says how anybody can check it."
        self._problems.show_text(message, "Open", show, calm=True)
