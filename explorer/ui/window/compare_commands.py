"""The commands about a second network: open it, answer what its file does not say, bring it to the front, close it."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.core.errors import UserError
from explorer.state.comparison.second_network import NEEDS_FIRST
from explorer.state.opened.answers import taken_instead
from explorer.state.opened.network_session import Request
from explorer.state.workspace import Workspace
from explorer.ui.widgets.message_banner import NETWORK, SECOND
from explorer.ui.window.file_commands import NETWORKS, FileCommands
from explorer.ui.window.parts import WindowParts

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

NONE_OPEN = "No second network is open: File > Compare with another network …"


class CompareCommands:
    """Each forwards to the second network's session; a file is asked about, and refused, as the first one is."""

    def __init__(self, parent: QWidget, workspace: Workspace, parts: WindowParts, files: FileCommands) -> None:
        self._parent, self._second, self._sides = parent, workspace.second, workspace.sides
        self._library, self._parts, self._files = workspace.library, parts, files
        problems = parts.problems
        self._second.opening.connect(lambda path: problems.over(SECOND))
        self._second.changed.connect(self._opened)
        self._second.question.connect(lambda request, error: files.answer(request, error, self.open_answered))
        self._second.problem.connect(self._failed)
        for jobs in self._second.session.workers:
            jobs.failed.connect(self._failed)

    def ask(self) -> None:
        """Choose a second network's file."""
        if self._library.network is None:
            self._parts.problems.show_text(NEEDS_FIRST, calm=True)
            return
        name, _ = QFileDialog.getOpenFileName(
            self._parent, "Compare with another network", str(self._folder()), NETWORKS
        )
        if name:
            self.open_model(Path(name))

    def open_model(self, path: Path) -> None:
        """Open a network's file beside the first network."""
        self._parts.problems.show_text(f"Opening {path.name} beside …", calm=True)
        self._parts.problems.lasts_until(SECOND, NETWORK)
        self._files.guard(lambda: self._second.open_network(Request(path)))

    def open_answered(self, answered: Request) -> None:
        """Open it with the answers to what its file does not say."""
        if self._files.may_open(answered):
            self._files.guard(lambda: self._second.open_network(answered))

    def close(self) -> None:
        """Close the second network."""
        if self._second.network is None:
            self._parts.problems.show_text(NONE_OPEN, calm=True)
        self._second.close_network()

    def swap(self) -> None:
        """Bring the other network to the front."""
        if self._second.network is None:
            self._parts.problems.show_text(NONE_OPEN, calm=True)
        elif not self._sides.looking:
            self._sides.show()
        else:
            self._sides.swap()

    def _folder(self) -> Path:
        request = self._library.request
        return request.path.parent if request is not None else Path()

    def _failed(self, error: BaseException) -> None:
        """Say which network it was: the first one is as it was."""
        problems = self._parts.problems
        if isinstance(error, UserError):
            problems.show_text(f"Network B: {error}", until=[SECOND])
        else:
            problems.show_error(error)

    def _opened(self) -> None:
        self._parts.problems.over(SECOND)
        network, request = self._second.network, self._second.request
        if network is not None and request is not None and (said := taken_instead(request, network)):
            self._say_taken(said, network, request)

    def _say_taken(self, said: list[str], network: "Network", request: Request) -> None:
        first, *more = said
        text = f"Network B: {first}" + (f" And {len(more)} more: rest the mouse here." if more else "")

        def change() -> None:
            from explorer.ui.dialogs.questions import change_assumed

            answered = change_assumed(replace(request), network, self._parent)
            if answered is not None and network is self._second.network:
                self.open_answered(answered)

        tip = "\n".join(said)
        self._parts.problems.show_text(text, "Change …", change, calm=True, tip=tip, until=[SECOND, NETWORK])
