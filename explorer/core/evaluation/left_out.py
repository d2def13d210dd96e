"""Which pictures of an index count where predictions meet given classes, and why the others do not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from explorer.core.class_words import ClassWords
from explorer.core.index import FolderIndex
from trainer.files.wording import listed
from trainer.pictures.file_names import one_line


@dataclass(frozen=True)
class LeftOut:
    """How many of `pictures` are left out, each counted once under the first reason that holds.

    `trained_on` were used for training or for choosing the network, `same_lesion` show a lesion of one of those,
    `no_answer` have logits that are no numbers, `no_word` have no given class, `not_mapped` one that means none of the
    network's `classes`: these are its `words`. With `asked_for`, what was trained on is counted here and measured all
    the same.
    """

    pictures: int
    trained_on: int = 0
    same_lesion: int = 0
    no_answer: int = 0
    no_word: int = 0
    not_mapped: int = 0
    asked_for: bool = False
    words: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What was left out, in one calm line."""
        words = ", ".join(f'"{one_line(word)[:40]}"' for word in self.words[:3]) + (
            ", .." if len(self.words) > 3 else ""
        )
        used = f"{self.trained_on:,} of {self.pictures:,} pictures were used for training and are "
        parts = []
        if self.trained_on:
            parts.append(used + ("counted all the same, as was asked" if self.asked_for else "left out"))
        for count, reason in (
            (self.same_lesion, "more of the same lesions"),
            (self.no_answer, "without an answer"),
            (self.no_word, "without a given class"),
            (self.not_mapped, f"whose word ({words}) is none of the network's classes ({listed(self.classes, 8)})"),
        ):
            if count:
                parts.append(f"{count:,} {reason}" if parts else f"{count:,} of {self.pictures:,} pictures {reason}")
        left = self.same_lesion + self.no_answer + self.no_word + self.not_mapped
        end = " are left out" if left and (not self.trained_on or self.asked_for) else ""
        if not parts:
            return f"All {self.pictures:,} pictures count; none is known to have been used for training."
        training_note = "" if self.trained_on else "; none is known to have been used for training"
        return f"{', '.join(parts)}{end}{training_note}."

    @property
    def refusal(self) -> str:
        """The sentence where too few pictures are left, with what would leave more."""
        said = self.sentence
        if self.not_mapped:
            said += " Where the network's classes are others, make the index again with their names at --classes."
        if not self.trained_on or self.asked_for:
            return said
        return f"{said} --with-trained-on counts those as well."


def chosen_pictures(
    index: FolderIndex, words: ClassWords, lesions: Mapping[str, str], *, with_trained_on: bool = False
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64], LeftOut]:
    """The rows (N) of the index that count, the numbers (N) of their given classes, and what is left out.

    `lesions` maps names of pictures to their lesions, as far as they are known.
    """
    number_of = {word: _place(words, word) for word in set(index.given)}
    labels = np.array([number_of[word] for word in index.given], np.int64)
    lesion_of = np.array([lesions.get(name, "") for name in index.pictures], dtype=object)
    trained = index.trained_on & (not with_trained_on)
    seen = {name for name in lesion_of[trained] if name}
    reasons = (
        trained,
        np.array([name in seen for name in lesion_of], bool),
        ~np.isfinite(index.logits).all(axis=1),
        np.array([not word for word in index.given], bool),
        labels < 0,
    )
    out, counts = np.zeros(len(labels), bool), []
    for reason in reasons:
        counts.append(int((reason & ~out).sum()))
        out |= reason
    trained_on = int(index.trained_on.sum())
    _, same_lesion, no_answer, no_word, not_mapped = counts
    asked_for = with_trained_on and trained_on > 0
    left_out = LeftOut(len(labels), trained_on, same_lesion, no_answer, no_word, not_mapped, asked_for)
    unlike = tuple(sorted(word for word, place in number_of.items() if word and place < 0))
    left_out = replace(left_out, words=unlike, classes=words.classes)
    rows = np.flatnonzero(~out)
    return rows, labels[rows], left_out


def _place(words: ClassWords, word: str) -> int:
    name = words.of(word)
    return words.classes.index(name) if name else -1
