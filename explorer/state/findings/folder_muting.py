"""What muting filters does over the open folder, measured when a person asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject

from explorer.core.counting import counted
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.core.tags.tag import NONE
from explorer.state.index.evidence import Evidence
from explorer.state.index.given_classes import GivenClasses
from explorer.state.index.question import SLOT, FolderQuestion, lesions_in
from explorer.state.opened.library import Library
from explorer.state.tags.tagging import Tagging
from explorer.state.view.muting import NAMED, Muting

NOT_COMPLETE = "This can be asked once the index has every picture of the folder."
NO_FOLDER = "Open the folder of the pictures first."
NOTHING = "Mute filters (U), or give some a tag, to measure here what the network says of this folder without them."
MUTED = ""
"""The choice of the muted filters; every other is a tag's word."""


@dataclass(frozen=True)
class FolderMutingResult:
    """What was measured: a `sentence`, `rows` (as `telling.rows` gives them), and `notes` to read them by."""

    sentence: str
    rows: Sequence[tuple[str, str, str, str, str]]
    notes: Sequence[str]


class FolderMuting(FolderQuestion):
    """What was `found` for the filters of a choice; the `sentence` says why there is nothing, or how far it is.

    Nothing is measured before `begin`, and what was measured of another index or other words is forgotten. What stands
    for the muted maps is that of `Muting`, and which pictures count is that of `GivenClasses`.
    """

    found: FolderMutingResult | None

    def __init__(
        self,
        library: Library,
        evidence: Evidence,
        given: GivenClasses,
        muting: Muting,
        tagging: Tagging,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(library, evidence, given, parent)
        self._muting, self._tagging = muting, tagging
        self._asked: tuple[tuple[FilterKey, ...], str] | None = None
        for signal in (muting.changed, tagging.changed, tagging.reset):
            signal.connect(lambda *answer: self.changed.emit())

    @property
    def choices(self) -> dict[str, str]:
        """What may be measured, by word, with a title for each."""
        titles = {MUTED: counted(len(self._muting.keys), "muted filter")} if self._muting.keys else {}
        for word, keys in sorted(self._tagged().items()):
            titles[word] = f"{word} ({counted(len(keys), 'filter')})"
        return titles

    def begin(self, choice: str) -> None:
        """Measure the filters of one of the `choices`; what was measured before is dropped."""
        keys = self._muting.keys if choice == MUTED else tuple(sorted(self._tagged().get(choice, ())))
        names = self._muting.listed if choice == MUTED and len(keys) <= NAMED else ""
        missing = self._missing()
        if missing or not keys:
            self._give_up(missing or NOTHING)
            return
        self._asked = keys, f"tagged {choice}" if choice != MUTED else names
        self._ask()

    def cancel(self) -> None:
        """Measure no further."""
        self._jobs.cancel(SLOT)
        self._give_up("")

    def _again(self) -> None:
        """Forget what was measured of others, and end what is being measured."""
        self._stale = False
        self._jobs.cancel(SLOT)
        self._give_up(self._missing())

    def _missing(self) -> str:
        index, missing = self._evidence.index, super()._missing()
        if missing or index is None:
            return missing
        if self._library.folder is None or self._library.network is None:
            return NO_FOLDER
        return "" if index.complete else NOT_COMPLETE

    def _ask(self) -> None:
        index, folder, words = self._evidence.index, self._library.folder, self._given.map
        network = self._library.network
        assert index is not None
        assert folder is not None
        assert words is not None
        assert network is not None
        assert self._asked is not None
        keys, named = self._asked
        fill, with_trained_on = self._muting.fill, self._given.with_trained_on

        def work(on_step: OnStep) -> FolderMutingResult:
            from explorer.core.muting.effect import EffectOptions, muting_effect
            from explorer.core.muting.effect_words import artifact_of, as_dict, notes, rows, sentence
            from trainer.synthetic.artifacts import ARTIFACTS

            artifact = artifact_of(named.removeprefix("tagged "), ARTIFACTS)
            effect = muting_effect(
                network.for_another_thread(),
                index.seen_from(folder.path),
                words,
                keys,
                lesions=lesions_in(folder, index),
                options=EffectOptions(fill=fill, artifact=artifact, with_trained_on=with_trained_on),
                on_step=on_step,
            )
            told = sentence(effect, named)
            return FolderMutingResult(f"{told[:1].upper()}{told[1:]}.", rows(as_dict(effect)), notes(effect))

        self.found = None
        self._submit(work, self._done)
        self._say("Measuring …")

    def _progressed(self, done: int, total: int) -> None:
        if total:
            self._say(f"Measuring: {done:,} of {total:,} pictures")

    def _done(self, result: FolderMutingResult) -> None:
        self.found = result
        self._say("")

    def _say(self, sentence: str) -> None:
        self.sentence = sentence
        self.changed.emit()

    def _tagged(self) -> dict[str, set[FilterKey]]:
        book, keys_of = self._tagging.book, dict[str, set[FilterKey]]()
        for key in book:
            for tag in book.tags(key):
                if tag.tag != NONE:
                    keys_of.setdefault(tag.tag, set()).add(key)
        return keys_of
