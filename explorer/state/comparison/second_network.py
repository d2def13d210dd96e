"""A second network, to be looked at beside the one that the window is about."""

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.state.opened.answers import forget_refused, remember_answers, with_answers
from explorer.state.opened.library import Library
from explorer.state.opened.network_session import NetworkSession, Request
from explorer.state.settings import DEVICE
from explorer.state.settings_file import Settings

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

NEEDS_FIRST = "Open a network first (Ctrl+O); then another can be compared with it."


class SecondNetwork(QObject):
    """Network B, in a session of its own; tags and findings are never about it, and its index serves comparison alone.

    After `open_network`, one of `changed`, `question(request, question)` and `problem` follows, as for the first one.
    `changed` also when it was closed.
    """

    changed = Signal()
    opening = Signal(object)
    question = Signal(object, object)
    problem = Signal(object)

    def __init__(self, library: Library, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library, self._settings = library, settings
        self._waiting: Request | None = None
        self.session = NetworkSession(self)
        self.session.opening.connect(self.opening)
        self.session.opened.connect(lambda network: self._opened())
        self.session.question.connect(self.question)
        self.session.problem.connect(self.problem)
        self.session.refused.connect(lambda request: forget_refused(request, settings))
        library.network_opened.connect(lambda network: self._open_waiting())

    @property
    def network(self) -> "Network | None":
        """Network B; None while there is none."""
        return self.session.network

    @property
    def titles(self) -> tuple[str, str]:
        """What the first network and this one are called, "" for one that is not there."""
        return self._library.network_session.title, self.session.title

    @property
    def request(self) -> Request | None:
        """What was asked to open it."""
        return self.session.request

    def open_network(self, request: Request) -> None:
        """Open a network beside the first; UserError where there is no first one."""
        if self._library.network is None:
            raise UserError(NEEDS_FIRST)
        if request.device == DEVICE.default:
            request = replace(request, device=self._settings.value(DEVICE))
        self.session.open_network(with_answers(request, self._settings))

    def open_later(self, request: Request) -> None:
        """Open it as soon as the first network is there: two that load at once would only wait for each other."""
        self._waiting = request

    def close_network(self) -> None:
        """Close it; its memory is free when what runs has ended its step."""
        if self.network is not None or self.session.interactive.busy():
            self.session.close_network()
            self.changed.emit()

    def close(self) -> None:
        """End its workers and wait for them."""
        self.blockSignals(True)
        self.session.close()

    def _opened(self) -> None:
        assert self.request is not None
        remember_answers(self.request, self._settings)
        self.changed.emit()

    def _open_waiting(self) -> None:
        request, self._waiting = self._waiting, None
        if request is not None:
            self.open_network(request)
