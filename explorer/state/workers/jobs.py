"""Work that must not hold up the window: one worker thread, and only the newest job of each slot counts."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from explorer.core.progress import Cancelled, OnStep

Work = Callable[[OnStep], Any]
OnDone = Callable[[Any], None]
OnFailed = Callable[[BaseException], None]
PATIENT = 10
"""Niceness of threads that let the window's go first; what they start is as patient."""


@dataclass(frozen=True)
class Ticket:
    """The `number`-th job of a slot; a slot is the name of one kind of work."""

    slot: str
    number: int


@dataclass
class _Job:
    ticket: Ticket
    work: Work
    on_done: OnDone
    on_failed: OnFailed | None
    unwanted: threading.Event = field(default_factory=threading.Event)


class Jobs(QObject):
    """One worker thread, from the first job on. A job carries all that it needs and touches nothing of the window, so
    there are no locks. A `patient` worker lets every other thread go first, where the system knows threads' priorities.

    `progressed(slot, done, total)` and `ended(slot)` reach the window's thread; `cancelled(slot)` where a job was
    dropped by `cancel`, so that nothing more comes of it; `failed(error)` carries what a job without a handler of its
    own raised. Call `close` before the program ends: it waits for the worker.
    """

    progressed = Signal(str, int, int)
    ended = Signal(str)
    cancelled = Signal(str)
    failed = Signal(object)
    _answered = Signal(object, object, object)
    _stepped = Signal(object, int, int)

    def __init__(self, name: str, parent: QObject | None = None, *, patient: bool = False) -> None:
        super().__init__(parent)
        self._patient = patient
        self._waiting: dict[str, _Job] = {}
        self._newest: dict[str, _Job] = {}
        self._numbers: dict[str, int] = {}
        self._change = threading.Condition()
        self._closing = False
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._stepped.connect(self._report, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._run, name=f"jobs-{name}")

    def submit(self, slot: str, work: Work, on_done: OnDone, on_failed: OnFailed | None = None) -> Ticket:
        """Run `work(on_step)` on the worker, then `on_done(result)` in this thread; the slot's older job is dropped."""
        number = self._numbers.get(slot, 0) + 1
        self._numbers[slot] = number
        job = _Job(Ticket(slot, number), work, on_done, on_failed)
        with self._change:
            older = self._newest.get(slot)
            if older is not None:
                older.unwanted.set()
            self._newest[slot] = job
            # Taken out and put in again: the worker serves the slots in the order of their newest requests.
            self._waiting.pop(slot, None)
            self._waiting[slot] = job
            if self._thread.ident is None and not self._closing:  # with the first job: there may never be one
                self._thread.start()
            self._change.notify()
        return job.ticket

    def cancel(self, slot: str) -> None:
        """Drop the slot's job, waiting or running; its `on_done` will not be called."""
        with self._change:
            job = self._newest.pop(slot, None)
            self._waiting.pop(slot, None)
        if job is not None:
            job.unwanted.set()
            self.ended.emit(slot)
            self.cancelled.emit(slot)

    def cancel_all(self) -> None:
        """Drop the jobs of all slots."""
        for slot in list(self._newest):
            self.cancel(slot)

    def busy(self, slot: str | None = None) -> bool:
        """Whether a job of this slot, or any, is waiting or running."""
        return bool(self._newest) if slot is None else slot in self._newest

    def close(self) -> None:
        """Drop every job and wait for the worker; afterwards nothing more is delivered."""
        with self._change:
            self._closing = True
            self._waiting.clear()
            for job in self._newest.values():
                job.unwanted.set()
            self._newest.clear()
            self._change.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        if self._patient and sys.platform == "linux":  # elsewhere the number of a thread may be that of a process
            thread = threading.get_native_id()
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, thread, max(PATIENT, os.getpriority(os.PRIO_PROCESS, thread)))
        while True:
            with self._change:
                while not self._waiting and not self._closing:
                    self._change.wait()
                if self._closing:
                    return
                job = self._waiting.pop(next(iter(self._waiting)))
            self._perform(job)
            del job  # what the work holds must not live on while the worker waits

    def _perform(self, job: _Job) -> None:
        def on_step(done: int, total: int) -> None:
            if job.unwanted.is_set():
                raise Cancelled
            self._stepped.emit(job.ticket, done, total)

        result, error = None, None
        try:
            if not job.unwanted.is_set():
                result = job.work(on_step)
        except Cancelled:
            pass
        except BaseException as caught:  # an exception here would otherwise end the worker unseen
            error = caught
        if not self._closing:
            self._answered.emit(job.ticket, result, error)

    def _deliver(self, ticket: Ticket, result: Any, error: BaseException | None) -> None:
        job = self._newest.get(ticket.slot)
        if job is None or job.ticket != ticket or job.unwanted.is_set():
            return
        del self._newest[ticket.slot]
        self.ended.emit(ticket.slot)
        if error is None:
            job.on_done(result)
        elif job.on_failed is not None:
            job.on_failed(error)
        else:
            self.failed.emit(error)

    def _report(self, ticket: Ticket, done: int, total: int) -> None:
        job = self._newest.get(ticket.slot)
        if job is not None and job.ticket == ticket:
            self.progressed.emit(ticket.slot, done, total)
