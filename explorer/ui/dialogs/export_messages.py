"""What is said of an export before it begins, when it is done, and of one that was not finished."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from explorer.core.counting import counted
from explorer.core.errors import UserError
from explorer.state.export.exporting import AnyOrder, Order
from explorer.state.workspace import Workspace
from explorer.ui.widgets.message_banner import NETWORK, Problems
from explorer.ui.widgets.plain_text import offered

if TYPE_CHECKING:
    from explorer.core.export.run import ExportReport
    from explorer.core.figures.size import ExportSize
    from explorer.core.network.opening import Network


def ask(workspace: Workspace, problems: Problems, order: AnyOrder, size: "ExportSize", parent: QWidget) -> None:
    """Ask whether a large export is meant, and begin it then."""
    more = "It can be cancelled in the status bar, and goes on when you export into the folder again."
    run = partial(go_on, workspace, problems, order)
    offered(parent, "A large export", size.question(order.out), more, "Export all of it", run)


def go_on(workspace: Workspace, problems: Problems, order: AnyOrder) -> None:
    """Begin an export that is agreed on."""
    try:
        if isinstance(order, Order):
            workspace.exporting.begin(order, agreed=True)
        else:
            workspace.exporting.begin_figures(order, agreed=True)
    except UserError as error:
        problems.show_error(error)


def offer(workspace: Workspace, problems: Problems, network: "Network") -> None:
    """Say that an earlier session did not finish its export, with a button that goes on."""
    order = workspace.exporting.unfinished(network)
    if order is not None:
        text = f"The export into {order.out} was not finished."
        problems.show_text(text, "Go on", lambda: go_on(workspace, problems, order), calm=True, until=[NETWORK])


def tell(problems: Problems, report: "ExportReport", out: Path) -> None:
    """Say what an export wrote, and offer to show it."""
    written, skipped = len(report.written), len(report.skipped)
    text = f"{report.written[0] if written == 1 else counted(written, 'figure')} written to {out}"
    if skipped:
        text += f", {skipped:,} were there already"
    if report.failed:
        text += f". {counted(len(report.failed), 'picture')} could not be read: {report.failed[0][1]}"
    url = QUrl.fromLocalFile(str(out))
    problems.show_text(text, "Show the folder", lambda: QDesktopServices.openUrl(url), calm=True, until=[NETWORK])
