"""Which of a network's classes the given words mean, for every command that counts classes."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.files.printing import printable, say

if TYPE_CHECKING:
    from explorer.core.class_words import ClassWords


@dataclass(frozen=True)
class GivenWords:
    """The map, and the file in which a person decided it; None where it was proposed."""

    map: "ClassWords"
    file: Path | None = None


def add_words_argument(parser: "argparse.ArgumentParser | argparse._ArgumentGroup") -> None:
    """Add --words."""
    parser.add_argument(
        "--words",
        type=Path,
        metavar="FILE",
        help="which class each given word means (.json); else as decided in the window, else as proposed",
    )


def given_words(
    arguments: argparse.Namespace,
    identity: str,
    words: Iterable[str],
    classes: Sequence[str],
    training: Mapping[str, Any] | None,
) -> GivenWords:
    """The map of --words, else the one that a person decided in the window, which is said, else what is proposed.

    `identity`, `classes` and `training` are the network's, the last None where it is not known. UserError for a file
    that holds no such map.
    """
    from explorer.core.class_words import propose, told_apart, trained_words
    from explorer.core.index.kept_words import kept_words, read_words
    from trainer.pictures.diagnosis_words import class_key

    given = sorted(set(words) - {""})
    file = arguments.words or kept_words(identity, given, classes)
    if file is None:
        return GivenWords(propose(given, told_apart(classes), trained_words(training) if training else None))
    decided = read_words(file, classes)
    if arguments.words is None:
        say(
            f"feature-explorer: given words mean what was decided in the window ({printable(str(file), 400)}); "
            "--words takes another map.",
            error=True,
        )
    known = {class_key(pair.word) for pair in decided.pairs}
    unknown = [word for word in given if class_key(word) not in known]
    if unknown:
        names = printable(", ".join(unknown[:6]), 200)
        say(f"feature-explorer: {file.name} does not say what these words mean, so they mean none: {names}", error=True)
    return GivenWords(decided, file)
