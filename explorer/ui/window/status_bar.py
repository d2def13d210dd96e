"""The line below everything: device, pictures, tags, saved or not, and what is running, with a way to stop it."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QProgressBar, QStatusBar, QWidget

from explorer.core.counting import counted
from explorer.state.index.work_list import WorkingThrough
from explorer.state.opened.library import Library
from explorer.state.tags.tagging import Tagging
from explorer.state.workers.jobs import Jobs
from explorer.ui.widgets.command_tips import stands_for
from explorer.ui.widgets.elided_label import ElidedLabel
from explorer.ui.widgets.info_mark import InfoMark
from explorer.ui.widgets.labels_and_layouts import label
from explorer.ui.widgets.plain_text import PlainTool, tip
from explorer.ui.widgets.theme import SPACE

QUIET = {
    "picture",
    "thumbnails",
    "predictions",
    "muting",
    "what if",
    "stages",
    "kernel",
    "over pictures",
    "tags",
    "open index",
    "open index of B",
    "compare filters",
    "filter's card",
    "layer facts",
}
"""Slots whose work is too short, or too much in the background, to be announced."""


class Status(QStatusBar):
    """Tells the state of the program in words; `more` stand behind those of files and tags."""

    def __init__(self, library: Library, tagging: Tagging, working: WorkingThrough, *more: QWidget) -> None:
        super().__init__()
        self._library, self._tagging = library, tagging
        self._running: dict[str, Jobs] = {}
        self._device, self._pictures, self._tags, self._saved = (label("", "quiet") for _ in range(4))
        self.setContentsMargins(SPACE // 2, 0, 0, 0)
        self.bad = PlainTool("")
        self.bad.setObjectName("flat")
        self.bad.hide()
        for part in (self._device, self._pictures, self.bad, self._tags, self._saved, *more):
            self.addWidget(part)
        self._about_list = InfoMark("work list")
        self._list = ElidedLabel("", "quiet")
        for part, stretch in ((self._about_list, 0), (self._list, 1)):
            self.addWidget(part, stretch)
        self._about_list.hide()
        self._working = working
        working.changed.connect(self._show_list)
        working.moved.connect(self._show_list)
        self._what = label("", "quiet")
        self._bar = QProgressBar(textVisible=False)
        self._bar.setFixedWidth(140)
        self._stop = PlainTool("Cancel")
        self._stop.setObjectName("flat")
        self._stop.setAccessibleName("Cancel what is running")
        self._stop.clicked.connect(self._cancel)
        self.help = PlainTool("?  keys")
        self.help.setObjectName("flat")
        self.help.setAccessibleName("Show all keys")
        tip(self.help, "all keys on one page")
        stands_for(self.help, "Keys")
        for lasting in (self._what, self._bar, self._stop, self.help):
            self.addPermanentWidget(lasting)
        self._slot = ""
        self._newest = "", 0, 0
        self._soon = QTimer(self, singleShot=True, interval=50)
        self._soon.timeout.connect(lambda: self._show_progress(*self._newest))
        self._show_progress("", 0, 0)
        for jobs in library.workers:
            jobs.progressed.connect(lambda slot, done, total, jobs=jobs: self._progressed(jobs, slot, done, total))
            jobs.ended.connect(self._ended)
        library.network_opened.connect(lambda network: self.refresh())
        library.folder_opened.connect(lambda folder: self.refresh())
        library.unreadable.connect(lambda picture, reason: self.refresh())
        for signal in (tagging.saved, tagging.reset):
            signal.connect(self.refresh)

    def refresh(self) -> None:
        """Say everything anew."""
        network, folder, bad = self._library.network, self._library.folder, len(self._library.bad)
        self._device.setText(str(network.device) if network else "no network")
        self._pictures.setText(f"·  {counted(len(folder.pictures), 'picture')}" if folder else "·  no pictures")
        self.bad.setText(f"{bad} unreadable")
        self.bad.setVisible(bad > 0)
        if network is not None and self._tagging.path is not None:
            total = sum(layer.filters for layer in network.layers)
            self._tags.setText(f"·  {len(self._tagging.book)} of {counted(total, 'filter')} tagged")
            self._saved.setText(f"·  {self.saved_text()}")
            tip(self._saved, str(self._tagging.path))
        else:
            self._tags.clear()
            self._saved.clear()

    def _show_list(self) -> None:
        """Say how far the work list is done; the rest of it where there is room, else under the mouse."""
        said = self._working.said
        self._list.set_texts(said, *self._working.shorter)
        self._about_list.setVisible(bool(said))

    def saved_text(self) -> str:
        """Whether the tags are in their file."""
        if self._tagging.path is None:
            return ""
        if self._tagging.read_only:
            resting = "tags are off" if self._tagging.paused else "read-only"
            return f"{resting}, NOT SAVED" if self._tagging.unsaved else resting
        if not len(self._tagging.book) and not self._tagging.unsaved and not self._tagging.path.exists():
            return "nothing to save yet"
        if self._tagging.saving:
            return "saving …"
        return "NOT SAVED" if self._tagging.unsaved else f"saved in {self._tagging.path.name}"

    def _progressed(self, jobs: Jobs, slot: str, done: int, total: int) -> None:
        if slot not in QUIET:
            self._running[slot] = jobs
            self._newest = slot, done, total
            if not self._soon.isActive():  # a bar paints at once whatever it is given, a hundred times a second
                self._soon.start()

    def _ended(self, slot: str) -> None:
        self._running.pop(slot, None)
        if slot == self._newest[0]:
            self._soon.stop()
        if slot == self._slot:
            self._show_progress(next(iter(self._running), ""), 0, 0)

    def _show_progress(self, slot: str, done: int, total: int) -> None:
        self._slot = slot
        for part in (self._what, self._bar, self._stop):
            part.setVisible(bool(slot))
        self._what.setText(f"{slot}  {done:,} of {total:,}" if total else f"{slot} …")
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    def _cancel(self) -> None:
        jobs = self._running.get(self._slot)
        if jobs is not None:
            jobs.cancel(self._slot)
