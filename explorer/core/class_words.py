"""From the words of a table or of folders to the classes of a network: proposed with reasons, edited, kept as JSON."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from explorer.core.errors import UserError
from trainer.pictures.class_words import same_classes
from trainer.pictures.diagnosis_names import DiagnosisNames, read_diagnosis_names
from trainer.pictures.diagnosis_words import (
    BENIGN,
    INDETERMINATE,
    MALIGNANT,
    class_key,
    read_diagnoses,
    spelling,
    the_rest,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Float = TypeVar("Float", bound="np.floating[Any]")

CHOSEN = "chosen by a person"
"""The reason of a pair that nobody proposed."""

_GENERAL = {
    MALIGNANT: frozenset({"malignant", "cancer", "not benign", "non benign"}),
    BENIGN: frozenset({"benign", "not malignant", "non malignant", "nonmalignant", "not cancer", "non cancer"}),
}
_REST = frozenset({"other", "others", "rest"})
_DENIES = frozenset({"not", "non", "no"})


@dataclass(frozen=True)
class Pair:
    """A word, the class of the network that it means ("" where it means none), and why."""

    word: str
    name: str
    reason: str


@dataclass(frozen=True)
class ClassWords:
    """Which class of a network each word of a table means; words in any case, each once."""

    classes: tuple[str, ...]
    pairs: tuple[Pair, ...] = ()

    @property
    def not_mapped(self) -> tuple[str, ...]:
        """The words that mean none of the classes."""
        return tuple(pair.word for pair in self.pairs if not pair.name)

    def of(self, word: str) -> str:
        """The class that a word means; "" where it means none, or is not known."""
        wanted = class_key(word)
        return next((pair.name for pair in self.pairs if class_key(pair.word) == wanted), "")

    def put(self, word: str, name: str) -> "ClassWords":
        """The same with another class for a word, "" for none; UserError where there is no such class or word."""
        if name and name not in self.classes:
            raise UserError(f'The network has no class "{name}"; its classes are {", ".join(self.classes[:12])}.')
        if all(class_key(pair.word) != class_key(word) for pair in self.pairs):
            raise UserError(f'There is no word "{word}" to give a class to.')
        same = [
            Pair(pair.word, name, CHOSEN) if class_key(pair.word) == class_key(word) and pair.name != name else pair
            for pair in self.pairs
        ]
        return replace(self, pairs=tuple(same))

    def as_json(self) -> str:
        """The text that `from_json` reads."""
        words = {pair.word: {"class": pair.name, "reason": pair.reason} for pair in self.pairs}
        return json.dumps({"classes": list(self.classes), "words": words}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "ClassWords":
        """What `as_json` wrote; UserError for anything else."""
        try:
            content: Any = json.loads(text)
            classes = tuple(map(_text, content["classes"]))
            pairs = tuple(
                Pair(word, _text(entry["class"]), _text(entry["reason"])) for word, entry in content["words"].items()
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise UserError("These are no words of classes; propose them anew.") from error
        if any(pair.name and pair.name not in classes for pair in pairs):
            raise UserError("A word is given a class that the network does not have; propose them anew.")
        return cls(classes, pairs)


def words_key(identity: str, words: Iterable[str]) -> str:
    """Under which name the map of a network (its identity) and a set of words is kept."""
    text = json.dumps([identity, sorted({class_key(word) for word in words})])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def told_apart(classes: Sequence[str]) -> tuple[str, ...]:
    """The classes that a network tells apart: one alone is told from everything that it is not."""
    return (f"not {classes[0]}", classes[0]) if len(classes) == 1 else tuple(classes)


def probabilities_told_apart(probabilities: "npt.NDArray[Float]") -> "npt.NDArray[Float]":
    """Those of `told_apart` (..., K), from those of a network's classes: of one alone "not it" and "it" (..., 2)."""
    import numpy as np

    alone = probabilities.shape[-1] == 1
    return np.concatenate([1 - probabilities, probabilities], axis=-1) if alone else probabilities


def named_class(classes: Sequence[str], probabilities: "npt.NDArray[Float]") -> tuple[str, float]:
    """The class that a network's probabilities (K,) name, of those that it tells apart, and its probability.

    "" and NaN for a network without classes.
    """
    told = probabilities_told_apart(probabilities)
    if not classes or not len(told):
        return "", float("nan")
    best = int(told.argmax())
    return told_apart(classes)[best], float(told[best])


def trained_words(training: Mapping[str, Any]) -> dict[str, str]:
    """Which words a network was trained with, and as which class, as far as its checkpoint's `training` says."""
    section: Any = training
    for name in ("cohort", "settings", "table"):
        section = section.get(name) if isinstance(section, Mapping) else None
    pairs = section.items() if isinstance(section, Mapping) else ()
    return {word: name for word, name in pairs if isinstance(word, str) and isinstance(name, str)}


def rest_of(classes: Sequence[str]) -> str:
    """The class that only says what it is not, "" where there is none."""
    return the_rest(classes) or next((name for name in classes if spelling(name) in _REST), "")


def propose(words: Iterable[str], classes: Sequence[str], trained: Mapping[str, str] | None = None) -> ClassWords:
    """A class for each word as far as word, diagnosis and the bundled tables say, each with its reason.

    `trained` says which words the network was trained with, and as which class. A word is mapped to none where nothing
    says what it is, or where it may be one class as well as another.
    """
    proposer = _Proposer(tuple(classes), read_diagnosis_names(), read_diagnoses())
    trained_name_of = {class_key(word): name for word, name in (trained or {}).items() if name in classes}
    word_of = {class_key(word): word for word in reversed(list(words)) if word.strip()}
    pairs = []
    for key, word in sorted(word_of.items()):
        if key in trained_name_of:
            pairs.append(Pair(word, trained_name_of[key], "the network was trained so"))
        else:
            pairs.append(Pair(word, *proposer.of(word)))
    return ClassWords(tuple(classes), tuple(pairs))


@dataclass(frozen=True)
class _Proposer:
    classes: tuple[str, ...]
    names: DiagnosisNames
    meanings: Mapping[str, str]

    def of(self, word: str) -> tuple[str, str]:
        """The class and the reason for one word."""
        steps = (self._same, self._kind, self._contained, self._malignancy)
        for step in steps:
            proposal = step(word)
            if proposal is not None:
                return proposal
        return self._remaining(word)

    def _same(self, word: str) -> tuple[str, str] | None:
        return _only(*same_classes(word, self.classes, self.names))

    def _kind(self, word: str) -> tuple[str, str] | None:
        matches = [name for name in self.classes if self.names.falls_under(word, name)]
        return _only(matches, f"a kind of {self.names.of(matches[0])}" if matches else "")

    def _contained(self, word: str) -> tuple[str, str] | None:
        """A class whose words stand in the word: "spitz nevus" is a nevus; but "not melanoma" is no melanoma."""
        if spelling(word).split(" ")[0] in _DENIES or self.meanings.get(spelling(word)) == INDETERMINATE:
            return None
        named = [name for name in self.classes if not self._general(name) and spelling(name) not in _REST]
        matches = [name for name in named if f" {self.names.of(name)} " in f" {spelling(word)} "]
        return _only(matches, f"a kind of {self.names.of(matches[0])}" if matches else "")

    def _malignancy(self, word: str) -> tuple[str, str] | None:
        meaning = self.meanings.get(spelling(word), "")
        matches = [name for name in self.classes if meaning and self._general(name) == meaning]
        return _only(matches, f"{meaning} in the table of diagnoses")

    def _remaining(self, word: str) -> tuple[str, str]:
        rest, meaning = rest_of(self.classes), self.meanings.get(spelling(word), "")
        named = [name for name in self.classes if name != rest]
        if not meaning and not self.names.known(word):
            return "", "not a known diagnosis"
        if not rest:
            return "", self._why_none(word, meaning)
        if spelling(word) in _REST:
            return rest, "another word for the rest"
        if meaning == INDETERMINATE and not self.names.known(word):
            return "", "does not say what it is"
        of_named = {self.meanings.get(spelling(name), "") for name in named}
        if self._general(word) and of_named & {meaning, "", INDETERMINATE}:
            return "", f"may be {' or '.join(named[:3])}, or not"
        wider = [name for name in named if self.names.falls_under(name, word)]
        if wider:
            return "", f"may be {wider[0]}, or not"
        return rest, f"a diagnosis that is not {' or '.join(named[:3])}"

    def _why_none(self, word: str, meaning: str) -> str:
        if self._general(word):
            return f"says only that it is {meaning}"
        if meaning == INDETERMINATE and any(self._general(name) for name in self.classes):
            return "neither benign nor malignant in the table of diagnoses"
        return "none of the network's classes"

    def _general(self, name: str) -> str:
        """Whether a word says no more than benign or malignant: which of the two, else ""."""
        return next((meaning for meaning, words in _GENERAL.items() if spelling(name) in words), "")


def _only(matches: Sequence[str], reason: str) -> tuple[str, str] | None:
    """The one class that was found; of several, that it may be each of them."""
    if len(matches) > 1:
        return "", f"may be {' or '.join(matches[:3])}"
    return (matches[0], reason) if matches else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
