"""The dialog that asks where something is saved; all that is saved asks here, so that all propose the same place."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.state.saving_place import remember_place, saving_place
from explorer.state.workspace import Workspace


def ask_where(
    parent: QWidget,
    workspace: Workspace,
    title: str,
    name: str,
    kinds: str,
    *,
    beside: Path | None = None,
    adds: bool = False,
) -> Path | None:
    """Where a person wants a file, proposed as `name` in the folder `beside` or where they look for it; None on cancel.

    `kinds` are Qt's filters. What only `adds` to a file that is there asks nothing before it does.
    """
    folder = workspace.library.folder
    proposed = saving_place(workspace.settings, beside, folder.path if folder is not None else None) / name
    options = QFileDialog.Option.DontConfirmOverwrite if adds else QFileDialog.Option(0)
    chosen, _ = QFileDialog.getSaveFileName(parent, title, str(proposed), kinds, options=options)
    if not chosen:
        return None
    remember_place(workspace.settings, Path(chosen))
    return Path(chosen)
