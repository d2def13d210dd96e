"""Which pictures belong together, so that no split may tear them apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.cohort.cases import Case
from trainer.cohort.classes import group_of
from trainer.cohort.near_duplicates import joined, near_duplicates, read_signature
from trainer.cohort.parallel_decoding import Decoded
from trainer.files.progress import OnStep


@dataclass(frozen=True)
class Grouping:
    """Pairs (n, 2) of near-duplicates; each picture's group `before` they were joined, its group, and its lesion."""

    pairs: npt.NDArray[np.intp]
    before: tuple[str, ...]
    groups: tuple[str, ...]
    lesions: tuple[str, ...]


def grouped(cases: Sequence[Case], decoded: Sequence[Decoded], on_step: OnStep) -> Grouping:
    """The groups of pictures (N) of one lesion, patient or group, or that are nearly the same."""
    digests = [picture.digest for picture in decoded]
    _, firsts = np.unique(np.array(digests), return_index=True)  # copies are pairs without being compared
    firsts.sort()
    pairs = near_duplicates([read_signature(decoded[first].signature) for first in firsts], on_step)
    pairs = np.unique(np.concatenate([firsts[pairs], _sharing(digests)]), axis=0)
    before = joined(
        [group_of(case) for case in cases],
        np.concatenate([_sharing([case.lesion for case in cases]), _sharing([case.group for case in cases])]),
    )
    groups = joined(before, pairs)
    lesions = tuple(f"lesion {case.lesion}" if case.lesion else own for case, own in zip(cases, groups, strict=True))
    return Grouping(pairs, before, groups, lesions)


def _sharing(words: Sequence[str]) -> npt.NDArray[np.intp]:
    """Pairs (n, 2) of positions that link all pictures with one and the same word; "" links nothing."""
    first: dict[str, int] = {}
    links = [(first.setdefault(word, position), position) for position, word in enumerate(words) if word]
    return np.array([pair for pair in links if pair[0] != pair[1]], np.intp).reshape(-1, 2)
