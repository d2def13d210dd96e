"""What is typed into the search over the pictures: names, classes, and what the folder's index knows of them."""

import operator
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.core.counting import counted
from explorer.core.tags.book import FilterKey
from explorer.state.index.evidence import Evidence
from explorer.state.index.given_classes import GivenClasses
from explorer.state.opened.library import Folder, Library
from explorer.state.pictures.starred import Starred

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from explorer.core.index import FolderIndex

    Marks = npt.NDArray[np.bool_]

COMPARISONS: Mapping[str, Callable[[Any, float], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_COMPARED = re.compile(r"(.+?)(>=|<=|>|<)(-?[0-9]*\.?[0-9]+)")
_FILTER = re.compile(r"[0-9]+:[0-9]+")
WORDS = ("wrong", "right", "trained-on")
"""Words of the index; whatever else is no `name:value` and no comparison is a part of a picture's name."""
STARRED, MOST_WORDS = "starred", 12
EXAMPLES = "Search by name, class:melanoma, 7:57>0.1, melanoma>0.8, predicted:other, wrong, trained-on, starred, not:"


@dataclass(frozen=True)
class Found:
    """Which pictures of the folder match (in its order), and a sentence where a part could not be answered."""

    matching: "list[bool]"
    problem: str = ""


class PictureSearch(QObject):
    """Finds the pictures for which all parts of a text hold; parts are parted by spaces.

    `7:57>0.1` compares the filter's highest value inside, `melanoma>0.8` a class's probability; `class:NAME` is the
    given class, in the table's words or as the network's class that they mean, `predicted:NAME` the network's ("not
    NAME" where it has one class alone); `wrong` and `right` compare the two, without pictures of no known class;
    `trained-on` are the pictures that the network was trained or chosen on, `starred` those with a star; `not:` before
    a part turns it over.
    `changed` when the same text may find others.
    """

    changed = Signal()

    def __init__(
        self,
        library: Library,
        evidence: Evidence,
        given: GivenClasses,
        starred: Starred,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._library, self._evidence, self._given = library, evidence, given
        self._rows: tuple[object, object, npt.NDArray[np.intp]] | None = None
        self.starred = starred
        given.changed.connect(self._forget)
        starred.changed.connect(lambda picture: self.changed.emit())
        self._awaits_scores = False
        """Whether the last answer was found among the scores that were known then."""
        library.predictions.arrived.connect(self._scores_arrived)

    def find(self, text: str) -> Found:
        """Search the open folder."""
        folder = self._library.folder
        if folder is None:
            return Found([])
        parts, self._awaits_scores = parts_of(text), False
        matching, problem = [True] * len(folder.pictures), ""
        for part in parts:
            marks, trouble = self._part(part, folder)
            matching = [before and mark for before, mark in zip(matching, marks, strict=True)]
            problem = problem or trouble
        if not problem and not any(matching) and any("class:" in part for part in parts):
            words = ", ".join(sorted(folder.labels.counts)[:MOST_WORDS]) if folder.labels is not None else "none"
            problem = f"No picture matches. The given classes here: {words}."
        return Found(matching, problem)

    def trained_on(self, picture: Path) -> bool:
        """Whether the network was trained or chosen on a picture, as far as the index knows."""
        folder, index = self._library.folder, self._evidence.index
        if folder is None or index is None or picture not in folder.positions:
            return False
        row = index.rows.get(picture.relative_to(folder.path).as_posix())
        return row is not None and bool(index.trained_on[row])

    def _part(self, part: str, folder: Folder) -> "tuple[list[bool], str]":
        if part.startswith("not:") and part != "not:":
            inner = part.removeprefix("not:")
            if self._evidence.index is None and is_of_index(inner):
                return self._among_scores(inner, folder, wanted=False)
            marks, problem = self._part(inner, folder)
            return (marks if problem else [not mark for mark in marks]), problem
        if part.startswith("class:") and folder.labels is not None:
            wanted = part.removeprefix("class:").strip()
            words = {word.lower(): self._given.of(word).lower() for word in folder.labels.counts}
            asked = {
                word: word.startswith(wanted) or words.get(word, "").startswith(wanted) for word in {*folder.classes}
            }
            return [asked[word] for word in folder.classes], ""
        if part == STARRED:
            return [picture in self.starred for picture in folder.pictures], ""
        if not is_of_index(part):
            return [part in name for name in folder.names], ""
        index, nothing = self._evidence.index, [False] * len(folder.pictures)
        if index is None:
            return self._among_scores(part, folder)
        try:
            matches = self._in_index(part, index)
        except LookupError as error:
            return nothing, f'There is no filter or class "{error.args[0]}".'
        rows = self._rows_of(folder, index)
        return [bool(row >= 0 and matches[row]) for row in rows], ""

    def _among_scores(self, part: str, folder: Folder, *, wanted: bool = True) -> tuple[list[bool], str]:
        """Which pictures match as far as their scores are known without an index: those that were listed already."""
        from explorer.core.class_words import probabilities_told_apart, told_apart

        nothing = [False] * len(folder.pictures)
        network, compared = self._library.network, _COMPARED.fullmatch(part)
        predicted = part.startswith("predicted:")
        if network is None or not (predicted or compared) or (compared and _FILTER.fullmatch(compared[1])):
            return nothing, f'"{part}" asks for the index of the folder, which is not there yet.'
        name = part.removeprefix("predicted:") if compared is None else compared[1]
        try:
            class_index = class_named(name, told_apart(network.classes))
        except LookupError:
            return nothing, f'There is no filter or class "{name}".'
        marks, known = nothing, 0
        for row, picture in enumerate(folder.pictures):
            scores = self._library.predictions.peek(picture)
            if scores is None or not len(scores):
                continue
            known, scores = known + 1, probabilities_told_apart(scores)
            if compared is None:
                matches = int(scores.argmax()) == class_index
            else:
                matches = bool(COMPARISONS[compared[2]](scores[class_index], float(compared[3])))
            marks[row] = matches == wanted
        self._awaits_scores = known < len(marks)
        of = f"{known:,} of {counted(len(marks), 'picture')}"
        rest = f"So far the scores of {of} are known; the folder's index, which is not there yet, has them all."
        return marks, rest if self._awaits_scores else ""

    def _in_index(self, part: str, index: "FolderIndex") -> "Marks":
        """Which pictures of the index match (N); LookupError for a filter or class that is not there."""
        import numpy as np

        from explorer.core.class_words import probabilities_told_apart, told_apart
        from explorer.core.errors import UserError

        classes, probabilities = told_apart(index.classes), probabilities_told_apart(index.probabilities)
        if part == "trained-on":
            return index.trained_on
        compared = _COMPARED.fullmatch(part)
        if compared:
            name, sign, number = compared.groups()
            if _FILTER.fullmatch(name):
                try:
                    values: Any = index.answers(FilterKey.parse(name), "inside")
                except UserError as error:
                    raise LookupError(name) from error
            else:
                values = probabilities[:, class_named(name, classes)]
            marks: Marks = COMPARISONS[sign](values, float(number))
            return marks
        if not probabilities.shape[1]:
            raise LookupError(part)
        predicted = probabilities.argmax(axis=1)
        if part.startswith("predicted:"):
            named: Marks = predicted == class_named(part.removeprefix("predicted:"), classes)
            return named
        numbers = {name: class_index for class_index, name in enumerate(classes)}
        given = np.array([numbers.get(self._given.of(word) or word, -1) for word in index.given])
        same = (given == predicted) if part == "right" else (given != predicted)
        known: Marks = (given >= 0) & same
        return known

    def _rows_of(self, folder: Folder, index: "FolderIndex") -> "npt.NDArray[np.intp]":
        """The row of the index for each picture of the folder, -1 where it has none."""
        import numpy as np

        if self._rows is None or self._rows[0] is not folder or self._rows[1] is not index:
            rows = np.full(len(folder.pictures), -1, np.intp)
            for row, name in enumerate(index.pictures):
                position = folder.positions.get(folder.path / name)
                if position is not None:
                    rows[position] = row
            self._rows = folder, index, rows
        return self._rows[2]

    def _scores_arrived(self, pictures: list[object]) -> None:
        if self._awaits_scores:
            self.changed.emit()

    def _forget(self) -> None:
        self._rows = None
        self.changed.emit()


def parts_of(text: str) -> list[str]:
    """The parts of a search, in small letters; a name with spaces may stand in quotes, or after `class:` without."""
    try:
        words = shlex.split(text.lower().replace("'", "\\'").replace("\\", "\\\\"), posix=True)
    except ValueError:  # a quote that is not closed yet
        words = text.lower().replace('"', "").split()
    parts: list[str] = []
    for word in words:
        follows = bool(parts) and re.match(r"(not:)?(class|predicted):.", parts[-1]) is not None
        if follows and ":" not in word and not is_of_index(word):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts


def is_of_index(part: str) -> bool:
    """Whether only an index can answer this part of a search."""
    return part in WORDS or part.startswith("predicted:") or _COMPARED.fullmatch(part) is not None


def class_named(start: str, classes: tuple[str, ...]) -> int:
    """The place of the first class with this name, or whose name begins so; LookupError where there is none."""
    small = [name.lower() for name in classes]
    if start in small:
        return small.index(start)
    matches = [class_index for class_index, name in enumerate(small) if start and name.startswith(start)]
    if not matches:
        raise LookupError(start)
    return matches[0]
