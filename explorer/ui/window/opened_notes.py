"""What is said and asked once a network or a folder is open: what their files did not say, and what was wrong."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from explorer.core.counting import counted
from explorer.state.opened.answers import taken_instead
from explorer.state.opened.class_offer import offered_classes
from explorer.state.opened.network_session import Request
from explorer.state.workspace import Workspace
from explorer.ui.widgets.message_banner import FOLDER, NETWORK
from explorer.ui.window.parts import WindowParts

if TYPE_CHECKING:
    from explorer.core.network.opening import Network
    from explorer.state.opened.library import Folder


class OpenedNotes:
    """Each with a button that changes what was taken; `open_answered` opens the network again with an answer."""

    def __init__(
        self, parent: QWidget, workspace: Workspace, parts: WindowParts, open_answered: Callable[[Request], object]
    ) -> None:
        self._parent, self._workspace, self._problems = parent, workspace, parts.problems
        self._open_answered = open_answered

    def network_opened(self, network: "Network") -> None:
        """Say what the file did not say and what was taken instead, with a way to change it."""
        if self._offer_classes():
            return
        request = self._workspace.opening.request
        said = taken_instead(request, network) if request is not None else ()
        if not said:
            return
        first, *more = said
        text = f"{first} And {len(more)} more: rest the mouse here." if more else first
        tip = "\n".join(said)
        self._problems.show_text(text, "Change …", self._change_assumed, calm=True, tip=tip, until=[NETWORK])

    def folder_opened(self, folder: "Folder") -> None:
        """Say which subfolders could not be read, and what is wrong with a CSV of classes."""
        if self._offer_classes(*folder.problems):
            return
        if folder.problems:
            more = f" … and {len(folder.problems) - 3} more." if len(folder.problems) > 3 else ""
            text, action = " ".join(folder.problems[:3]) + more, "Columns …" if folder.asked else ""
            self._problems.show_text(
                text, action, lambda: self._choose_columns(folder), calm=not folder.unread, until=[FOLDER]
            )

    def _offer_classes(self, *notes: str) -> bool:
        """Offer the classes of the pictures' table where the network names none and has as many; `notes` go along."""
        names, network = offered_classes(self._workspace.library), self._workspace.library.network
        if not names or network is None:
            return False
        listed = f"{', '.join(names[:7])}{' …' if len(names) > 7 else ''}"
        text = f"The network does not name its {len(names)} classes, and the pictures' table has as many: {listed}."
        if notes:
            text += f" And {counted(len(notes), 'note')} on the table: rest the mouse here."
        tip = "\n".join([*notes, *network.assumed])
        self._problems.show_text(text, "Name them …", self._name_classes, calm=True, tip=tip, until=[NETWORK, FOLDER])
        return True

    def _name_classes(self) -> None:
        names, network = offered_classes(self._workspace.library), self._workspace.library.network
        request = self._workspace.opening.request
        if not names or network is None or request is None:
            return
        from PySide6.QtWidgets import QDialog

        from explorer.ui.dialogs.class_order_dialog import ClassOrderDialog

        outputs = network.classes if network.output.pair else tuple(f"output {n}" for n in range(len(names)))
        dialog = ClassOrderDialog(names, outputs, self._parent)
        if dialog.exec() == QDialog.DialogCode.Accepted and network is self._workspace.library.network:
            self._open_answered(dialog.answer(request))

    def change_input(self) -> None:
        """Let a person correct how a picture becomes the network's input, and what its outputs mean."""
        if self._workspace.library.network is None:
            self._problems.show_text("Open a network first; then there is an input to correct.", calm=True)
        self._change_assumed()

    def _change_assumed(self) -> None:
        network, request = self._workspace.library.network, self._workspace.opening.request
        if network is not None and request is not None:
            from explorer.ui.dialogs.questions import change_assumed

            answered = change_assumed(request, network, self._parent)
            if answered is not None and network is self._workspace.library.network:
                self._open_answered(answered)

    def _choose_columns(self, folder: "Folder") -> None:
        from explorer.ui.dialogs.column_choice import ask_columns

        asked = folder.asked
        if asked is not None and (wanted := ask_columns(asked, self._parent)) is not None:
            self._workspace.opening.open_folder(folder.path, asked.path, columns=wanted)
