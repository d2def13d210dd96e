"""A suggestion that a person turned down, or no longer turns down, as a step that can be undone like a tag."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtGui import QUndoCommand

from explorer.core.tags.book import FilterKey
from explorer.state.tags.tagging import Step, Tagging


class Answer(QUndoCommand):
    """Turns the suggestion `words` down, or (`rejected` False) takes that back.

    `answer(words)` keeps what is turned down, "" where nothing is; the step is told as one of the tags.
    """

    def __init__(
        self, tagging: Tagging, key: FilterKey, words: str, answer: Callable[[str], object], *, rejected: bool
    ) -> None:
        text, past = ("reject", "Rejected") if rejected else ("offer again", "Offered again:")
        super().__init__(f"{text} {words} on {key}")
        self._tagging, self._answer = tagging, answer
        self._after, self._before = (words, "") if rejected else ("", words)
        self._step = Step(f"{text} {words} on {key}", f"{past} {words} on {key}", key)

    def redo(self) -> None:
        """Turn it down, or no longer."""
        self._answer(self._after)
        self._tagging.stepped.emit(self._step)

    def undo(self) -> None:
        """Let it be as it was before."""
        self._answer(self._before)
        self._tagging.stepped.emit(replace(self._step, undone=True))
