"""A process of one of the program's own commands: it makes an index, suggestions or a preview."""

import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QProcess, Signal

PATIENCE_MS = 2000
"""How long the end of the window waits for the process to be gone."""


_NAMED = re.compile(r"^.*?feature-(explorer|trainer): ")
"""What stands before the sentence that a command says of itself."""


class CommandProcess(QObject):
    """One run of a command such as `feature-explorer index`, which tells its steps as one JSON object a line.

    `told(step)` for each line; `ended(problem)` once, with "" where it did what it was asked to do, else with what it
    said last. The process ends by itself when its standard input closes, so it never outlives this one. One that is
    `patient` computes only while nobody else wants the processor.
    """

    told = Signal(object)
    ended = Signal(str)

    def __init__(self, words: Sequence[str], parent: QObject | None = None, *, patient: bool = True) -> None:
        super().__init__(parent)
        self._rest, self._said = b"", b""
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._listen)
        if patient:
            self._process.started.connect(lambda: lower_priority(self._process.processId()))
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed)
        self._process.start(words[0], list(words[1:]))

    @property
    def running(self) -> bool:
        """Whether it is still there."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    def pause(self) -> None:
        """Let it stop computing at its next step."""
        self._process.write(b"pause\n")

    def resume(self) -> None:
        """Let it go on."""
        self._process.write(b"resume\n")

    def end(self, *, wait: bool = False) -> None:
        """End it, without a word of `ended`; what it wrote so far is whole. `wait` until it is gone."""
        self.blockSignals(True)
        self._process.closeWriteChannel()
        self._process.kill()
        if wait:
            self._process.waitForFinished(PATIENCE_MS)
        elif self.running:
            self._process.finished.connect(self.deleteLater)
        else:
            self.deleteLater()

    def _read(self) -> None:
        *lines, self._rest = (self._rest + self._process.readAllStandardOutput().data()).split(b"\n")
        for line in lines:
            step = step_of(line)
            if step is not None:
                self.told.emit(step)

    def _listen(self) -> None:
        self._said = (self._said + self._process.readAllStandardError().data())[-4000:]

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._listen()
        if code == 0 and status == QProcess.ExitStatus.NormalExit:
            self.ended.emit("")
            return
        lines = [line for line in self._said.decode(errors="replace").splitlines() if line.strip()]
        self.ended.emit(_NAMED.sub("", lines[-1]) if lines else f"It ended with {code}.")

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.ended.emit(self._process.errorString())


def step_of(line: bytes) -> dict[str, Any] | None:
    """What a line of the process says; None for one that says nothing."""
    try:
        step = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return step if isinstance(step, dict) and isinstance(step.get("stage"), str) else None


def number(step: dict[str, Any], name: str) -> int:
    """A whole number that the process told; 0 for anything else."""
    value = step.get(name)
    return value if isinstance(value, int) else 0


def lower_priority(process: int) -> None:
    """Let a process compute only while nobody else wants the processor."""
    if sys.platform == "win32":
        import ctypes

        set_information, idle = 0x0200, 0x40
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(set_information, False, process)
        kernel.SetPriorityClass(handle, idle)
        kernel.CloseHandle(handle)
    elif process:
        try:
            os.setpriority(os.PRIO_PROCESS, process, 19)
        except OSError:  # it is gone already
            return
