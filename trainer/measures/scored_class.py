"""Which class the score is of: the one whose probability a threshold is set on."""

import functools
from collections.abc import Sequence

from trainer.pictures.diagnosis_words import MALIGNANT, read_diagnoses, spelling, the_rest

_MELANOMA = ("melanoma", "mel")


def scored_class(classes: Sequence[str]) -> int:
    """The place of the class whose probability is the score.

    Of two classes never the one that only says what it is not. Then the one named malignant, else melanoma, else the
    only one that the bundled table of diagnoses has as malignant, else the last. Case and spelling do not matter.
    """
    words = [spelling(name) for name in classes]
    rest = the_rest(classes)
    if rest:
        return 1 - list(classes).index(rest)
    for word in (MALIGNANT, *_MELANOMA):
        if word in words:
            return words.index(word)
    malignant = [class_index for class_index, word in enumerate(words) if word in _malignant_words()]
    return malignant[0] if len(malignant) == 1 else len(words) - 1


@functools.cache
def _malignant_words() -> frozenset[str]:
    return frozenset(word for word, meaning in read_diagnoses().items() if meaning == MALIGNANT)
