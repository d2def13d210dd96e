"""Values that are computed when somebody looks at them: thumbnails, predictions, maps of other pictures."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.core.progress import OnStep
from explorer.state.workers.jobs import Jobs

Compute = Callable[[Sequence[Any], OnStep], dict[Any, Any]]


@dataclass(frozen=True)
class Looked:
    """A value with the state of what it came from; with an `error` where it failed in a way that nobody foresaw."""

    value: Any
    state: Hashable
    error: BaseException | None = None


class LazyStore(QObject):
    """Answers `get(key)` at once, with None until the worker has computed the value; then `arrived(keys)`.

    `compute(keys, on_step)` runs on the worker; it should leave out what it cannot compute, which is then not asked
    for again. Where it gives `Looked`, `looked(key, state)` comes before the value is held. The newest wishes are
    served first, those that were made together in their order (a list paints from its top), `chunk` at a time; at most
    `keep` values are held, the least recently asked for going first.
    """

    arrived = Signal(list)
    looked = Signal(object, object)

    def __init__(self, jobs: Jobs, slot: str, keep: int, chunk: int = 8, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._slot, self._keep, self._chunk = jobs, slot, keep, chunk
        self._held: OrderedDict[Hashable, Any] = OrderedDict()
        self._wanted: OrderedDict[Hashable, int] = OrderedDict()
        self._together = 0
        self._computed_now: frozenset[Hashable] = frozenset()
        self._outdated: set[Hashable] = set()
        """What was forgotten while it was computed."""
        self._turn = QTimer(self, singleShot=True, interval=0)
        self._turn.timeout.connect(self._end_turn)
        self._compute: Compute | None = None
        self._told = False
        # One request for all cells that are painted in the same pass.
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._submit)

    def reset(self, compute: Compute | None) -> None:
        """Forget everything and compute with this function from now on; None for nothing to compute."""
        self._jobs.cancel(self._slot)
        self._later.stop()
        self._held.clear()
        self._wanted.clear()
        self._computed_now = frozenset()
        self._compute = compute
        self._told = False

    @property
    def held(self) -> tuple[Any, ...]:
        """The keys of all values that are there."""
        return tuple(self._held)

    def forget(self, keys: Iterable[Hashable]) -> None:
        """Compute these again when they are next asked for: what they came from is another."""
        keys = set(keys)
        self._outdated |= keys & self._computed_now
        gone = [key for key in self._held if key in keys]
        for key in gone:
            del self._held[key]
        if gone:
            self.arrived.emit(gone)

    def get(self, key: Hashable) -> Any:
        """The value, or None while it is not there; asking is what makes it be computed."""
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        self._wanted[key] = self._together
        self._wanted.move_to_end(key)
        while len(self._wanted) > self._keep // 2:
            self._wanted.popitem(last=False)
        if not self._turn.isActive():
            self._turn.start()
        if not self._later.isActive() and not self._jobs.busy(self._slot):
            self._later.start()
        return None

    def _end_turn(self) -> None:
        """What is asked for from now on was not painted with what was asked for so far."""
        self._together += 1

    def peek(self, key: Hashable) -> Any:
        """The value if it is there, without asking for it."""
        return self._held.get(key)

    def _hold(self, values: dict[Any, Any]) -> None:
        for key, value in values.items():
            self._held[key] = value
            self._held.move_to_end(key)
            self._wanted.pop(key, None)
        while len(self._held) > self._keep:
            self._held.popitem(last=False)

    def _submit(self) -> None:
        compute = self._compute
        if compute is None or not self._wanted or self._jobs.busy(self._slot):
            return
        keys = sorted(self._wanted, key=lambda key: -self._wanted[key])[: self._chunk]

        self._computed_now, self._outdated = frozenset(keys), set()

        def done(values: dict[Any, Any]) -> None:
            self._hold({key: self._taken(key, values.get(key)) for key in keys if key not in self._outdated})
            self._computed_now = frozenset()
            self.arrived.emit(keys)
            if self._wanted:
                self._later.start()

        def failed(error: BaseException) -> None:
            # Held as nothing, so that a network that fails on every picture is not asked for ever.
            self._hold({key: None for key in keys if key not in self._outdated})
            self._computed_now = frozenset()
            self._tell(error)
            if self._wanted:
                self._later.start()

        self._jobs.submit(self._slot, lambda on_step: compute(keys, on_step), done, failed)

    def _taken(self, key: Hashable, value: Any) -> Any:
        if not isinstance(value, Looked):
            return value
        self.looked.emit(key, value.state)
        if value.error is not None:
            self._tell(value.error)
        return value.value

    def _tell(self, error: BaseException) -> None:
        """Say once what failed: a network that fails on every picture would say it thousands of times."""
        if not self._told:
            self._told = True
            self._jobs.failed.emit(error)
