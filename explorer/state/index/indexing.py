"""The index of the open folder, made in a process of its own while nobody walks."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.state.index.evidence import Evidence
from explorer.state.index.target import Target, open_kept, open_made, target_of
from explorer.state.opened.library import Library
from explorer.state.opened.network_session import NetworkSession
from explorer.state.session import Session, View
from explorer.state.settings import INDEX
from explorer.state.settings_file import Settings
from explorer.state.workers.command_process import CommandProcess, number

if TYPE_CHECKING:
    from explorer.core.index import FolderIndex

REST_MS = 1500
"""So long nobody may walk before the process begins or goes on."""
SLOT = "open index"


class Indexing(QObject):
    """Begins, pauses and ends the process that makes the index, and lets `evidence` look into what it has made.

    It is that of the first network, or of the one in `networks`, called `name` where there are two: that of the second
    is made `after` that of the first, and waits whenever that one goes on. `command` begins the program's command line,
    such as (python, -m, explorer); without one nothing is made.
    `changed` when what is said of it changes, `problem(error)` where the process or its file fails, `noted(sentence)`
    what a person should know.
    """

    changed = Signal()
    noted = Signal(str)
    problem = Signal(object)

    def __init__(
        self,
        session: Session,
        library: Library,
        evidence: Evidence,
        settings: Settings,
        command: Sequence[str] | None = None,
        parent: QObject | None = None,
        *,
        networks: NetworkSession | None = None,
        name: str = "",
        after: "Indexing | None" = None,
    ) -> None:
        super().__init__(parent)
        self._library, self._evidence, self._settings, self._command = library, evidence, settings, command
        self._networks, self.name, self._after = networks or library.network_session, name, after
        self._slot = f"{SLOT} of {name}" if name else SLOT
        self._yields = False
        self._target: Target | None = None
        self._process: CommandProcess | None = None
        self._closed = self._again = self._anew = False
        self.held = False
        """Whether a person paused it."""
        self.done, self.total, self.bytes = 0, 0, 0
        """Pictures that are in it, pictures of the folder, and its size when all are; 0 while that is not known."""
        self.sampled = 1.0
        """How much of the sample is measured from which scales come, 0 to 1."""
        self.read = 0.0
        """How much of the folder is looked through before anything is measured, 0 to 1."""
        self.stage = ""
        """What is being done: "reading" the folder, the "sample", the "pictures" or "joining"; "" while it begins."""
        self.computing = False
        """Whether the process is known to measure anything; before that it compares what is kept with the folder."""
        self.reason = ""
        """Why there is no complete index; "" where nothing went wrong."""
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._rested)
        session.changed.connect(self._walked)
        settings.setting_changed.connect(lambda setting: self._switched() if setting is INDEX else None)
        self._networks.opened.connect(lambda network: self._opened())
        self._networks.closed.connect(self._opened)
        if after is not None:
            after.changed.connect(self._first_changed)
        library.folder_opened.connect(lambda folder: self._opened())
        library.replaced.connect(lambda picture: self._measure_again())

    @property
    def running(self) -> bool:
        """Whether the process is there, computing or paused."""
        return self._process is not None

    @property
    def checking(self) -> bool:
        """Whether an index of earlier is there, and nothing is known yet that it lacks."""
        return self.running and not self.computing and self._evidence.index is not None

    @property
    def share(self) -> float:
        """How much of the index is there, 0 to 1."""
        return self.done / self.total if self.total else 0.0

    @property
    def busy(self) -> bool:
        """Whether it is being made, or begins when nobody has walked for a while."""
        return self.running or self._rest.isActive()

    def call(self, name: str) -> None:
        """Say of which network it is; "" where there is only one."""
        self.name = name
        self.changed.emit()

    def hold(self, held: bool) -> None:
        """Pause it until it is let go on; what failed begins anew."""
        self.held = held
        if self._process is not None:
            (self._process.pause if held or self._yields else self._process.resume)()
        elif self.reason:
            self.reason = ""
            self._rested()
        self.changed.emit()

    def measure_anew(self) -> None:
        """Measure the scales anew, and everything with them; until that is done the index shows what it showed.

        UserError where no index is made.
        """
        if self._target is None or self._command is None:
            raise UserError("Open a network and a folder of pictures first; their scales are measured then.")
        if not self._settings.value(INDEX):
            raise UserError("The settings say that no folder is measured in the background (File > Settings …).")
        self._end()
        self._anew, self.held = True, False
        self._rested()

    def close(self) -> None:
        """End the process and wait until it is gone."""
        self._closed = True
        self.blockSignals(True)
        self._end()
        for process in self.findChildren(CommandProcess):
            process.end(wait=True)

    def _opened(self) -> None:
        """Another network, folder or table is open, or the same one anew: what was found of another is not shown."""
        target = target_of(self._networks, self._library.folder)
        self._end()
        if target != self._target or target is None:
            self.held = self._anew = False
            self._library.reading.cancel(self._slot)
            self._evidence.take(None)
        self._target = target
        if target is None:
            return
        if self._evidence.index is None:
            self._show_kept(target)
        self._rest.start()

    def _measure_again(self) -> None:
        """A picture is another than was measured: it alone is measured again, when nobody walks."""
        self._again = self._process is not None  # which may have seen the one before
        if not self._again and self._target is not None:
            self._rest.start()

    def _first_changed(self) -> None:
        """Leave the processor to the index of the first network, which most of the window is about."""
        assert self._after is not None
        if self._after.running == self._yields:
            return
        self._yields = self._after.running
        if not self._yields and self._target is not None:
            self._rest.start()
        elif self._process is not None:
            self._process.pause()

    def _rested(self) -> None:
        if self._after is not None and self._after.busy:
            self._yields = self._after.running  # until it says that it is done
            if not self._yields:
                self._rest.start()
            return
        if self._process is not None:
            if not self.held:
                self._process.resume()
            return
        if self._target is None or self._command is None or self._closed or self.held or self.reason:
            return
        if not self._settings.value(INDEX):
            return
        self.done = self.total = self.bytes = 0
        self.stage, self.read, self.computing = "", 0.0, False
        self._process = CommandProcess(
            [*self._command, *self._target.command(self._networks, self._settings.folder, anew=self._anew)], self
        )
        self._process.told.connect(self._told)
        self._process.ended.connect(self._ended)
        self.changed.emit()

    def _walked(self, before: View, after: View) -> None:
        """Leave the processor to a person who walks; what they look at comes first."""
        if (before.picture, before.layer, before.filter) == (after.picture, after.layer, after.filter):
            return
        if self._process is not None and not self.held and not self._rest.isActive():
            self._process.pause()
        if self._process is not None or self._rest.isActive():
            self._rest.start()

    def _switched(self) -> None:
        if self._settings.value(INDEX):
            self.reason = ""
            self._rested()
        else:
            self._end()
        self.changed.emit()

    def _told(self, step: dict[str, Any]) -> None:
        stage, target = step["stage"], self._target
        if stage == "note":
            self.noted.emit(str(step.get("note", "")))
            return
        self._anew &= stage in ("reading", "sample")
        self.computing |= stage in ("sample", "pictures")
        self.sampled = 1.0
        self.stage = "pictures" if stage == "ready" else stage
        if stage == "ready" and target is not None:
            self.done, self.total = number(step, "pictures"), number(step, "asked")
            self._open(partial(open_made, Path(str(step.get("path", "")))), target, aloud=True)
        elif stage == "sample":
            self.sampled = number(step, "done") / max(1, number(step, "total"))
        elif stage == "reading":
            self.total = number(step, "total")
            self.read = number(step, "done") / max(1, self.total)
        elif stage == "pictures":  # of those that an earlier run did not come to
            missing = number(step, "total")
            self.total = max(self.total, missing)
            self.done = self.total - missing + number(step, "done")
        self.bytes = max(self.bytes, number(step, "bytes"))  # while it samples, that of the sample alone
        self.changed.emit()

    def _ended(self, problem: str) -> None:
        self._end()
        self.reason = problem
        if self._again and not problem:
            self._again = False
            self._rest.start()
        if problem:
            of = f" by network {self.name}" if self.name else ""
            self.problem.emit(UserError(f"The index of the folder{of} is not made: {problem}"))
        self.changed.emit()

    def _show_kept(self, target: Target) -> None:
        """Look into the index that was made of the same earlier, at once; it may lack new pictures."""
        network, folder = self._networks.network, self._library.folder
        assert network is not None
        assert folder is not None
        self._open(partial(open_kept, network, folder, self._settings.folder), target, aloud=False)

    def _open(self, opened: "Callable[[], FolderIndex]", target: Target, *, aloud: bool) -> None:
        """Open an index on the worker that reads: all of its file is hashed."""

        def work(on_step: OnStep) -> "FolderIndex":
            return opened()

        def done(index: "FolderIndex") -> None:
            if target != self._target or index.contents.network.identity != target.network:
                index.close()
                return
            self._evidence.take(index)
            self.changed.emit()

        def failed(error: BaseException) -> None:
            if aloud and target == self._target:
                self.problem.emit(error)

        self._library.reading.submit(self._slot, work, done, failed)

    def _end(self) -> None:
        self._rest.stop()
        self.reason = ""
        process, self._process = self._process, None
        if process is not None:
            process.end()
            self.changed.emit()
