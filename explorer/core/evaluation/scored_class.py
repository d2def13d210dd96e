"""Which of two classes the score is of."""

from collections.abc import Sequence

from explorer.core.class_words import rest_of
from trainer.measures.metrics import positive_class


def scored_class(classes: Sequence[str]) -> int:
    """Of two classes the one whose probability is the score: not the one that only says what it is not."""
    rest = rest_of(classes)
    return 1 - list(classes).index(rest) if rest else positive_class(classes)
