"""Shows where a file lies: in the system's own window of files, marked there where that can be asked for."""

import sys
from contextlib import suppress
from pathlib import Path

MANAGER, MANAGER_PATH = "org.freedesktop.FileManager1", "/org/freedesktop/FileManager1"
"""What window of files answers to on Linux (freedesktop.org, File Manager D-Bus Interface)."""


def show_in_folder(path: Path) -> None:
    """Show a file marked among those beside it; its folder, where the system cannot mark it or it is gone."""
    if path.exists() and marked(path):
        return
    from PySide6.QtCore import QUrl  # here and below: not before somebody asks
    from PySide6.QtGui import QDesktopServices

    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


def marked(path: Path) -> bool:
    """Whether the system's window of files was asked to mark it; nothing is waited for."""
    if sys.platform == "darwin":
        return _begun(["open", "-R", str(path)])
    if sys.platform == "win32":
        # A name on Windows holds no quote; the program takes nothing but this form.
        return _begun(f'explorer /select,"{path}"')
    return _marked_by_manager(path)


def _begun(command: list[str] | str) -> bool:
    import subprocess  # the start of the window does not wait for it

    with suppress(OSError):
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return True
    return False


def _marked_by_manager(path: Path) -> bool:
    try:
        from PySide6.QtCore import QUrl
        from PySide6.QtDBus import QDBusConnection, QDBusMessage
    except ImportError:  # some distributions leave it out
        return False
    bus = QDBusConnection.sessionBus()
    known = bus.interface() if bus.isConnected() else None
    if known is None or not (
        known.isServiceRegistered(MANAGER).value() or MANAGER in (known.activatableServiceNames().value() or ())
    ):
        return False
    message = QDBusMessage.createMethodCall(MANAGER, MANAGER_PATH, MANAGER, "ShowItems")
    message.setArguments([[QUrl.fromLocalFile(str(path)).toString(QUrl.ComponentFormattingOption.FullyEncoded)], ""])
    return bus.send(message)
