"""What was done to the tags last, in words, for as long as it can be said without being wrong."""

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.state.tags.tagging import Step, Tagging

SHOWN_MS = 10_000
"""After which nobody needs to be told any more."""


class LastStep(QObject):
    """Follows the tags; `changed` when `step` is another, None where there is nothing to say."""

    changed = Signal()

    def __init__(self, tagging: Tagging, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tagging = tagging
        self.step: Step | None = None
        self._away = QTimer(self, singleShot=True, interval=SHOWN_MS)
        self._away.timeout.connect(self.forget)
        tagging.stepped.connect(self._stepped)
        tagging.reset.connect(self.forget)  # the steps are forgotten too
        tagging.saved.connect(self._file_changed)

    @property
    def text(self) -> str:
        """What was done, "" where there is nothing to say."""
        step = self.step
        if step is None:
            return ""
        return f"Undone: {step.text}" if step.undone else step.past

    def take_back(self) -> None:
        """Undo the step, or do again what was undone."""
        if self.step is not None:
            (self._tagging.redo if self.step.undone else self._tagging.undo)()

    def forget(self) -> None:
        """Say nothing any more."""
        self._away.stop()
        if self.step is not None:
            self.step = None
            self.changed.emit()

    def _stepped(self, step: Step) -> None:
        self.step = step
        self._away.start()
        self.changed.emit()

    def _file_changed(self) -> None:
        if self._tagging.read_only:
            self.forget()
