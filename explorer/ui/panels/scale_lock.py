"""Holds the ends of the scale where they are, for every filter and picture."""

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt

from explorer.core.drawing.styles import Scale
from explorer.state.session import DisplayStyle, Session
from explorer.ui.widgets.plain_text import PlainTool, tip


class ScaleLock(PlainTool):
    """Pressed while the scale has fixed values; let go, it is the one from before. `scale()` is that in force."""

    def __init__(self, session: Session, scale: Callable[[], Scale]) -> None:
        super().__init__("Lock", checkable=True)
        self._session, self._scale = session, scale
        self._before = "folder"
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip(self, "keep these ends of the scale for every filter and picture; again: the scale from before")
        self.toggled.connect(self._toggled)
        session.changed.connect(lambda before, after: self._show(before.style, after.style))
        self._show(session.view.style, session.view.style)

    def _toggled(self, on: bool) -> None:
        scale = self._scale()
        if not on:
            self._session.update_style(scale=self._before)
        elif scale.peak > scale.foot:
            self._session.update_style(scale="fixed", foot=scale.foot, peak=scale.peak)
        else:
            self._show(self._session.view.style, self._session.view.style)  # there is no scale to keep

    def _show(self, before: DisplayStyle, after: DisplayStyle) -> None:
        if before.scale != "fixed":
            self._before = before.scale
        with QSignalBlocker(self):
            self.setChecked(after.scale == "fixed")
