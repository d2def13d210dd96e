"""Which of a network's classes a word of a table or cohort is, for both programs."""

from collections.abc import Sequence

from trainer.pictures.diagnosis_names import DiagnosisNames
from trainer.pictures.diagnosis_words import class_key


def same_classes(word: str, classes: Sequence[str], names: DiagnosisNames) -> tuple[list[str], str]:
    """The classes that are this word, else those of another spelling, else of the same diagnosis; and why."""
    key, meant = class_key(word), names.of(word)
    exact = [name for name in classes if name == word]
    same = exact or [name for name in classes if class_key(name) == key]
    if same:
        return same, "the same word"
    return [name for name in classes if names.of(name) == meant], f"means {meant}"
